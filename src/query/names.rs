//! Resolves the names of companies, people, rules and segments that users type.
//!
//! A name matches exactly, else ignoring case, else as the beginning of a single name.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::context::Context;
use crate::domain::company::CompanyKey;
use crate::domain::fact_kinds::TeamMember;
use crate::domain::similar_names::{nearest, nearest_of_all};
use crate::domain::team;
use crate::error::{CommandError, not_allowed};
use crate::store::{Store, StoredRule};

/// The name that a text refers to; `None` if there is none. `what` names the things in the plural.
///
/// # Errors
/// Several that fit (exit 9).
pub(crate) fn the_one_called<'n>(
    what: &str,
    names: &[&'n str],
    text: &str,
) -> Result<Option<&'n str>, CommandError> {
    let fitting = fitting(names, text);
    if fitting.len() < 2 {
        return Ok(fitting.first().copied());
    }
    let message = format!("'{text}' fits {} {what}", fitting.len());
    let named: Vec<&str> = fitting.into_iter().take(MOST_NAMED).collect();
    Err(not_allowed(message).hint(format!("their names: {}", named.join(", "))))
}

/// The names that a text fits: itself, else those that differ in case alone, else those that begin
/// with it.
fn fitting<'n>(names: &[&'n str], text: &str) -> BTreeSet<&'n str> {
    if let Some(same) = names.iter().find(|name| **name == text) {
        return BTreeSet::from([*same]);
    }
    let wanted = text.trim().to_lowercase();
    let those = |fits: &dyn Fn(&str) -> bool| -> BTreeSet<&'n str> {
        names.iter().copied().filter(|name| fits(&name.to_lowercase())).collect()
    };
    let same = those(&|name| name == wanted);
    if same.is_empty() && !wanted.is_empty() {
        return those(&|name| name.starts_with(&wanted));
    }
    same
}

/// The CSM or colleague that a text refers to; the text itself if there are none or several.
pub(crate) fn csm_called(store: &Store, text: &str) -> Result<String> {
    called(&store.known_colleagues()?, text)
}

/// The rule that a text refers to, even if removed; the text itself if there are none or several.
pub(crate) fn rule_called(store: &Store, text: &str) -> Result<String> {
    called(&store.rule_names()?, text)
}

fn called(names: &[String], text: &str) -> Result<String> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let fitting = fitting(&names, text);
    let one = fitting.first().filter(|_| fitting.len() == 1);
    Ok(one.copied().unwrap_or(text).to_owned())
}

/// The rule that the user refers to.
///
/// # Errors
/// No such rule, or several with that beginning (exit 9).
pub(crate) fn find_rule(store: &Store, text: &str) -> Result<StoredRule> {
    let rules = store.rules()?;
    let names: Vec<&str> = rules.iter().map(|stored| stored.rule.name.as_str()).collect();
    let called = the_one_called("rules", &names, text)?;
    if let Some(found) = rules.iter().find(|stored| Some(stored.rule.name.as_str()) == called) {
        return Ok(found.clone());
    }
    let known = names.iter().map(|name| (*name).to_owned());
    Err(unknown("rule", text, known, "rule list").into())
}

/// The person of `--csm`, else the user of the command, if they are the CSM of a company.
pub(crate) fn person_meant(
    context: &Context,
    store: &Store,
    csm: Option<&str>,
) -> Result<Option<String>> {
    if let Some(name) = csm {
        return csm_called(store, name).map(Some);
    }
    let user = context.user().to_lowercase();
    let mut csms = store.csms()?.into_iter().map(|(_, csm)| csm);
    Ok(csms.find(|csm| csm.to_lowercase() == user))
}

/// The company that the user refers to.
///
/// # Errors
/// No such company, or several with that name (exit 9).
pub(crate) fn find_company(store: &Store, text: &str) -> Result<CompanyKey> {
    if let Some(company) = store.company_by_text(text)? {
        return Ok(company);
    }
    let entries = store.company_names()?;
    let wanted = text.trim().to_lowercase();
    let fitting = |fits: &dyn Fn(&str) -> bool| -> BTreeSet<CompanyKey> {
        let fits = |name: &Option<String>| name.as_ref().is_some_and(|it| fits(&it.to_lowercase()));
        let entries = entries.iter().filter(|entry| fits(&entry.id) || fits(&entry.name));
        entries.map(|entry| entry.company).collect()
    };
    let mut companies = fitting(&|text| text == wanted);
    if companies.is_empty() && !wanted.is_empty() {
        companies = fitting(&|text| text.starts_with(&wanted));
    }
    let companies: Vec<CompanyKey> = companies.into_iter().collect();
    if let [company] = companies[..] {
        return Ok(company);
    }
    if !companies.is_empty() {
        let ids = companies.iter().take(MOST_NAMED).map(|key| store.company(*key));
        let ids = ids.map(|company| Ok(company?.company_id)).collect::<Result<Vec<_>>>()?;
        let message = format!("'{text}' fits {} companies", companies.len());
        return Err(not_allowed(message).hint(format!("their ids: {}", ids.join(", "))).into());
    }
    let names = entries.into_iter().flat_map(|entry| [entry.id, entry.name]).flatten();
    Err(unknown("company", text, names, "company list").into())
}

/// The error for a name that nothing has, with the most similar of the known names; the command
/// `list` shows all.
pub(crate) fn unknown(
    what: &str,
    name: &str,
    known: impl IntoIterator<Item = String>,
    list: &str,
) -> CommandError {
    let mut hint = format!("`signals {list}` shows all");
    if let Some(like) = nearest(name, known.into_iter()) {
        hint = format!("did you mean '{like}'? {hint}");
    }
    not_allowed(format!("there is no {what} '{name}'")).hint(hint)
}

/// A remark on an event that was never imported, with the most similar known one; `None` if it was.
pub(crate) fn never_imported(store: &Store, event: &str) -> Result<Option<String>> {
    if store.has_event_name(event)? {
        return Ok(None);
    }
    let like = nearest_of_all(event, store.event_names()?.into_iter());
    let like = like.map(|name| format!("; the nearest is '{name}'")).unwrap_or_default();
    Ok(Some(format!("no event '{event}' was ever imported{like}")))
}

/// At most this many names are suggested.
const MOST_NAMED: usize = 20;

/// The member of the team that the user refers to.
///
/// # Errors
/// No such member, or several with that beginning (exit 9).
pub(crate) fn find_member(store: &Store, name: &str) -> Result<TeamMember> {
    let team = store.team()?;
    if let Some(member) = team::member(&team, name) {
        return Ok(member.clone());
    }
    let all: Vec<String> = team.iter().map(|member| member.name.clone()).collect();
    let names: Vec<&str> = all.iter().map(String::as_str).collect();
    let called = the_one_called("members of the team", &names, name)?;
    if let Some(found) = team.iter().find(|member| Some(member.name.as_str()) == called) {
        return Ok(found.clone());
    }
    let is_known_team = (1..=MOST_NAMED).contains(&all.len());
    let hint = match nearest(name, all.iter().cloned()) {
        Some(name) => format!("did you mean '{name}'?"),
        None if is_known_team => format!("the team: {}", all.join(", ")),
        None => "`signals import team.csv` says who is of the team: name, role, email".to_owned(),
    };
    Err(not_allowed(format!("nobody in the team is called '{name}'")).hint(hint).into())
}

/// The CSM that the user refers to, as companies name them.
///
/// # Errors
/// Nobody with that name is a CSM or in the team, or several with that beginning are (exit 9).
pub(crate) fn find_csm(store: &Store, text: &str) -> Result<String> {
    let names = store.csm_names()?;
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    match the_one_called("CSMs", &known, text)? {
        Some(name) => Ok(name.to_owned()),
        None => Err(unknown("CSM", text, names.iter().cloned(), "report workload").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_by_itself_then_without_case_then_by_its_beginning() {
        let names = ["ana", "Anabel", "Ben", "ben ", "Zoë"];
        let cases = [
            ("ana", Some("ana")),
            ("ANA", Some("ana")),
            ("anab", Some("Anabel")),
            ("an", None),
            ("Ben", Some("Ben")),
            ("zo", Some("Zoë")),
            ("ZOË", Some("Zoë")),
            ("", None),
            (" ", None),
            ("nobody", None),
        ];
        for (text, expected) in cases {
            let found = the_one_called("names", &names, text);
            assert_eq!(found.unwrap_or_default(), expected, "{text}");
        }
    }
}
