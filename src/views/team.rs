//! The list of the team.

use super::{Listing, or_dash, plain};
use crate::domain::facts::TeamMember;
use crate::render::{Align, Tone, Value};

/// The list of the team.
pub(crate) const TEAM: Listing<TeamMember> = Listing {
    fields: &["name", "role", "email", "slack_id", "manager", "realtime", "digest", "left_on"],
    values,
    columns: &[
        ("name", Align::Left),
        ("role", Align::Left),
        ("email", Align::Left),
        ("manager", Align::Left),
        ("realtime", Align::Left),
        ("digest", Align::Left),
        ("left on", Align::Left),
    ],
    cells,
    when_empty: "no team yet; `signals import team.csv` says who is of it: name, role, email",
};

fn values(member: &TeamMember) -> Vec<Value<'_>> {
    vec![
        (&member.name).into(),
        (&member.role).into(),
        member.email.as_ref().into(),
        member.slack_id.as_ref().into(),
        member.manager.as_ref().into(),
        (&member.realtime).into(),
        member.digest.into(),
        member.left_on.into(),
    ]
}

fn cells(member: &TeamMember) -> Vec<(String, Tone)> {
    vec![
        plain(&member.name),
        plain(&member.role),
        plain(or_dash(member.email.as_ref())),
        plain(or_dash(member.manager.as_ref())),
        plain(&member.realtime),
        plain(if member.digest { "yes" } else { "no" }),
        plain(or_dash(member.left_on)),
    ]
}
