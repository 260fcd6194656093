//! The list of the team.

use super::{Column, Field, Listing, RecordFields, or_dash, plain};
use crate::domain::fact_kinds::TeamMember;
use crate::domain::notify::Preferences;

pub(crate) const TEAM: Listing<TeamMember> = Listing {
    fields: RecordFields::Each(&[
        Field::new("name", |member| (&member.name).into()),
        Field::new("role", |member| (&member.role).into()),
        Field::new("email", |member| member.email.as_ref().into()),
        Field::new("slack_id", |member| member.slack_id.as_ref().into()),
        Field::new("manager", |member| member.manager.as_ref().into()),
        Field::new("realtime", |member| Preferences::of(member).realtime_words().into()),
        Field::new("digest", |member| member.digest.into()),
        Field::new("left_on", |member| member.left_on.into()),
    ]),
    columns: &[
        Column::left("name", |member| plain(&member.name)),
        Column::left("role", |member| plain(&member.role)),
        Column::left("email", |member| plain(or_dash(member.email.as_ref()))),
        Column::left("manager", |member| plain(or_dash(member.manager.as_ref()))),
        Column::left("realtime", |member| plain(Preferences::of(member).realtime_words())),
        Column::left("digest", |member| plain(if member.digest { "yes" } else { "no" })),
        Column::left("left on", |member| plain(or_dash(member.left_on))),
    ],
    when_empty: "no team yet; `signals import team.csv` says who is of it: name, role, email",
};
