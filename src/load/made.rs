//! The companies that a file was the first to name, and those that look like a mistake.

use anyhow::Result;
use rustc_hash::FxHashMap;

use crate::domain::company::{CompanyKey, rough_id};
use crate::store::Store;

/// At most this many are named.
const NAMED: usize = 10;

/// The companies created.
#[derive(Debug, Default)]
pub(crate) struct MadeCompanies {
    /// The ids of the first ones.
    pub named: Vec<String>,
    /// New ids that differ from those of other companies only in case, leading zeros, or a trailing
    /// `.0`, with the other id; the first ones.
    pub look_alikes: Vec<(String, String)>,
}

/// The companies with keys above `last`, in the current transaction.
pub(super) fn made_after(store: &Store, last: CompanyKey) -> Result<MadeCompanies> {
    if store.last_company()? == last {
        return Ok(MadeCompanies::default());
    }
    let mut ids: Vec<(CompanyKey, String)> = Vec::new();
    for known in store.company_names()? {
        ids.extend(known.id.map(|id| (known.company, id)));
    }
    ids.sort();
    let mut first: FxHashMap<String, &(CompanyKey, String)> = FxHashMap::default();
    for known in &ids {
        first.entry(rough_id(&known.1)).or_insert(known);
    }
    let mut made = MadeCompanies::default();
    for (company, id) in ids.iter().filter(|(company, _)| *company > last) {
        if made.named.len() < NAMED {
            made.named.push(id.clone());
        }
        let other = first.get(&rough_id(id)).filter(|(other, _)| other != company);
        if let Some((_, other)) = other.filter(|_| made.look_alikes.len() < NAMED) {
            made.look_alikes.push((id.clone(), other.clone()));
        }
    }
    Ok(made)
}
