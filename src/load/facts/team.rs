//! Those who look after customers.

use anyhow::Result;

use super::{Facts, Kind};
use crate::domain::facts::TeamMember;
use crate::domain::notify::is_address;
use crate::import::{FactRow, Verdict};
use crate::load::cells::{day, required_text, text};

impl Kind for TeamMember {
    type Identity = String;

    fn of_row(
        row: &FactRow<'_>,
        stored: Option<Self>,
        _: &mut Facts<'_>,
    ) -> Result<Result<Self, Verdict>> {
        let name = required_text(row, "name")?;
        let mut member = stored.unwrap_or_else(|| TeamMember::new(name));
        member.role = required_text(row, "role")?;
        text(row, "email", &mut member.email);
        if let Some(email) = member.email.as_deref().filter(|email| !is_address(email)) {
            let reason = format!("'{email}' is no e-mail address");
            return Ok(Err(Verdict::Rejected { column: "email", reason }));
        }
        text(row, "slack_id", &mut member.slack_id);
        text(row, "manager", &mut member.manager);
        day(row, "left_on", &mut member.left_on);
        let mut realtime = Some(member.realtime);
        text(row, "realtime", &mut realtime);
        member.realtime =
            realtime.map_or_else(|| TeamMember::USUAL_REALTIME.to_owned(), |types| words(&types));
        let mut digest = Some(if member.digest { "yes" } else { "no" }.to_owned());
        text(row, "digest", &mut digest);
        member.digest = digest.as_deref() == Some("yes");
        Ok(Ok(member))
    }

    fn identity(&self) -> String {
        self.name.clone()
    }
}

/// The words of a list with `;` or `,` between, in lower case and with `;`.
fn words(list: &str) -> String {
    let words: Vec<String> =
        list.split([';', ',']).map(|word| word.trim().to_lowercase()).collect();
    words.join(";")
}
