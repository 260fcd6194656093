//! Inconsistencies between a file and those loaded before it.

use anyhow::Result;

use super::Loaded;
use crate::domain::company::CompanyKey;
use crate::import::Sheet;
use crate::store::Store;

/// Companies that are in one file but not in another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gap {
    /// Which companies: a phrase such as `known from other files, but not in this one`.
    pub which: &'static str,
    pub companies: Vec<String>,
}

/// The companies that are only in this file, loaded in the current transaction, and those that are
/// only in others.
pub(super) fn gaps(store: &Store, sheet: &Sheet, loaded: &Loaded) -> Result<Vec<Gap>> {
    if loaded.companies.is_empty() {
        return Ok(Vec::new());
    }
    let is_list = sheet.plan().mapping.kind.name == "companies";
    let [mut here, mut elsewhere] = if is_list {
        ["in this file, but without events yet", "with events, but not in this file"]
    } else {
        [
            "in this file, but in no file of companies yet",
            "known from other files, but not in this one",
        ]
    }
    .map(|which| Gap { which, companies: Vec::new() });
    for company in store.company_summaries()? {
        let is_here = loaded.companies.contains(&company.key);
        let lacks = if is_list { !company.has_events } else { company.is_unlisted };
        match is_here {
            true if lacks => here.companies.push(company.company_id),
            false if !is_list || company.has_events => elsewhere.companies.push(company.company_id),
            _ => {}
        }
    }
    Ok([here, elsewhere].into_iter().filter(|gap| !gap.companies.is_empty()).collect())
}

/// A set of company keys that is cheap to add to.
#[derive(Debug, Default)]
pub(super) struct SeenCompanies(Vec<bool>);

impl SeenCompanies {
    pub(super) fn add(&mut self, key: u32) {
        let place = key as usize;
        if self.0.len() <= place {
            self.0.resize(place + 1, false);
        }
        self.0[place] = true;
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = CompanyKey> {
        self.0.iter().enumerate().filter(|(_, seen)| **seen).map(|(key, _)| CompanyKey(key as u32))
    }
}
