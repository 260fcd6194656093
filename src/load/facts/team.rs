//! Members of the team.

use std::borrow::Cow;

use anyhow::Result;

use super::{FactLoad, LoadableFact, check_address};
use crate::domain::fact_kinds::TeamMember;
use crate::domain::lists::first_few;
use crate::domain::team;
use crate::import::FactRow;
use crate::load::cells::{required, update, update_fields};
use crate::load::{RowResult, rejected};

impl LoadableFact for TeamMember {
    type Identity = String;

    /// The name of a member, as it was first spelled: messages and tasks refer to it.
    fn id<'a>(row: &FactRow<'a>, facts: &mut FactLoad<'_>) -> Option<Cow<'a, str>> {
        row.text("name").map(|name| Cow::Owned(facts.members.name_of(name)))
    }

    fn of_row(
        row: &FactRow<'_>,
        stored: Option<Self>,
        facts: &mut FactLoad<'_>,
    ) -> RowResult<Self> {
        let name: String = required(row, "name")?;
        let name = facts.members.name_of(&name);
        facts.named.insert(name.clone());
        let mut member = stored.unwrap_or_else(|| TeamMember::new(name));
        let title: String = required(row, "role")?;
        let not_one = || format!("'{title}' is not one of csm, manager, executive");
        let role = team::role(&title).ok_or_else(|| rejected("role", not_one()))?;
        member.role = role.to_owned();
        update_fields!(row => member: email, slack_id, manager, left_on);
        check_address(member.email.as_deref())?;
        let mut realtime = Some(member.realtime);
        update(row, "realtime", &mut realtime);
        member.realtime =
            realtime.map_or_else(|| TeamMember::USUAL_REALTIME.to_owned(), |types| words(&types));
        let mut digest = Some(if member.digest { "yes" } else { "no" }.to_owned());
        update(row, "digest", &mut digest);
        member.digest = digest.as_deref() == Some("yes");
        Ok(member)
    }

    fn identity(&self) -> String {
        self.name.clone()
    }

    fn saved(&self, old: Option<&Self>, facts: &mut FactLoad<'_>) -> Result<()> {
        if self.left_on.is_none() {
            facts.left.remove(&self.name);
        } else if old.and_then(|old| old.left_on) != self.left_on {
            facts.left.insert(self.name.clone());
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
    for name in &facts.left {
        facts.loaded.remarks.push(facts.store.remaining_work_of(name)?);
    }
    let missing: Vec<&str> = team
        .iter()
        .filter(|member| !facts.named.contains(&member.name) && !member.has_left(today))
        .map(|member| member.name.as_str())
        .collect();
    if !missing.is_empty() {
        facts.loaded.remarks.push(format!(
            "in the team, but not in this file: {}; `signals team remove NAME` takes out who has left",
            first_few(missing)
        ));
    }
    facts.loaded.remarks.extend(facts.store.csms_missing_in_team(today)?);
    Ok(())
}
