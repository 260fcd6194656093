//! Names that people type, and the companies and members of the team that they mean.

use anyhow::Result;

use crate::domain::company::CompanyKey;
use crate::domain::facts::TeamMember;
use crate::domain::similar_names::nearest;
use crate::domain::team;
use crate::error::not_allowed;
use crate::store::Store;

/// The company that the user means.
///
/// # Errors
/// No such company, or several of that name (exit 9).
pub fn find_company(store: &Store, text: &str) -> Result<CompanyKey> {
    if let Some(company) = store.company_by_text(text)? {
        return Ok(company);
    }
    let names =
        store.company_names()?.into_iter().flat_map(|entry| [entry.id, entry.name]).flatten();
    let failure = not_allowed(format!("there is no company '{text}'"));
    Err(match nearest(text, names.into_iter()) {
        Some(name) => {
            failure.hint(format!("did you mean '{name}'? `signals company list` shows all"))
        }
        None => failure.hint("`signals company list` shows all"),
    }
    .into())
}

/// How many of a team are named to somebody who asked for another.
const MOST_NAMED: usize = 20;

/// The member of the team that the user means.
///
/// # Errors
/// Nobody of that name (exit 9).
pub fn find_member(store: &Store, name: &str) -> Result<TeamMember> {
    let team = store.team()?;
    if let Some(member) = team::member(&team, name) {
        return Ok(member.clone());
    }
    let failure = not_allowed(format!("nobody of the team is called '{name}'"));
    let all: Vec<String> = team.into_iter().map(|member| member.name).collect();
    let is_known_team = (1..=MOST_NAMED).contains(&all.len());
    Err(match nearest(name, all.iter().cloned()) {
        Some(name) => failure.hint(format!("did you mean '{name}'?")),
        None if is_known_team => failure.hint(format!("the team: {}", all.join(", "))),
        None => {
            failure.hint("`signals import team.csv` says who is of the team: name, role, email")
        }
    }
    .into())
}

/// The CSM that the user means, as the companies call them.
///
/// # Errors
/// Nobody of that name looks after a company or is in the team (exit 9).
pub fn find_csm(store: &Store, text: &str) -> Result<String> {
    let names = store.csm_names()?;
    let wanted = text.trim().to_lowercase();
    if let Some(name) = names.iter().find(|name| name.to_lowercase() == wanted) {
        return Ok(name.clone());
    }
    let failure = not_allowed(format!("there is no CSM '{text}'"));
    Err(match nearest(text, names.into_iter()) {
        Some(name) => {
            failure.hint(format!("did you mean '{name}'? `signals report workload` shows all"))
        }
        None => failure.hint("`signals report workload` shows all"),
    }
    .into())
}
