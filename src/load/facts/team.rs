//! Members of the team.

use anyhow::Result;

use super::{FactLoad, LoadableFact};
use crate::domain::facts::TeamMember;
use crate::domain::notify::is_address;
use crate::domain::team;
use crate::import::{FactRow, Verdict};
use crate::load::cells::{day, required_text, text};

impl LoadableFact for TeamMember {
    type Identity = String;

    fn of_row(
        row: &FactRow<'_>,
        stored: Option<Self>,
        facts: &mut FactLoad<'_>,
    ) -> Result<Result<Self, Verdict>> {
        let name = required_text(row, "name")?;
        facts.named.insert(name.clone());
        let mut member = stored.unwrap_or_else(|| TeamMember::new(name));
        let title = required_text(row, "role")?;
        let Some(role) = team::role(&title) else {
            let reason = format!("'{title}' is not one of csm, manager, executive");
            return Ok(Err(Verdict::Rejected { column: "role", reason }));
        };
        member.role = role.to_owned();
        text(row, "email", &mut member.email);
        if let Some(email) = member.email.as_deref().filter(|email| !is_address(email)) {
            let reason = format!("'{email}' is not an e-mail address");
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

    fn saved(&self, old: Option<&Self>, facts: &mut FactLoad<'_>) -> Result<()> {
        if self.left_on.is_some() && old.and_then(|old| old.left_on) != self.left_on {
            facts.loaded.remarks.push(facts.store.remaining_work_of(&self.name)?);
        }
        Ok(())
    }
}

/// The words of a list separated by `;` or `,`, in lower case and separated by `;`.
fn words(list: &str) -> String {
    let words: Vec<String> =
        list.split([';', ',']).map(|word| word.trim().to_lowercase()).collect();
    words.join(";")
}

/// Applies the consequences of a team file: renames the CSMs of companies, and remarks on missing
/// ones.
pub(super) fn finish(facts: &mut FactLoad<'_>) -> Result<()> {
    if facts.named.is_empty() {
        return Ok(());
    }
    let team = facts.store.team()?;
    facts.store.name_csms(&team)?;
    let today = facts.terms.today;
    let missing: Vec<&str> = team
        .iter()
        .filter(|member| !facts.named.contains(&member.name) && !member.has_left(today))
        .map(|member| member.name.as_str())
        .collect();
    if !missing.is_empty() {
        facts.loaded.remarks.push(format!(
            "in the team, but not in this file: {}; `signals team remove NAME` takes out who has left",
            super::super::some(&missing)
        ));
    }
    facts.loaded.remarks.extend(facts.store.csms_missing_in_team(today)?);
    Ok(())
}
