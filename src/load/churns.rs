//! Cancellations with their reasons, one per company and day.

use anyhow::Result;

use super::cells::{optional_text, required, update};
use super::facts::{FactLoad, LoadTerms};
use super::{Author, Loaded, RowResult, SheetRows, rejected};
use crate::domain::loss::Loss;
use crate::domain::reason::ReasonKind;
use crate::import::FactRow;
use crate::store::Store;

/// Reads and writes all cancellations of a file, inside the caller's transaction.
///
/// # Errors
/// A file that is refused.
pub(super) fn load(
    store: &Store,
    rows: &mut SheetRows<'_, '_>,
    terms: LoadTerms,
    author: &Author,
) -> Result<Loaded> {
    let mut facts = FactLoad::of(store, terms)?;
    let read = rows.read(|row| take(&mut facts, row, author))?;
    facts.finish(read)
}

fn take(facts: &mut FactLoad<'_>, row: &FactRow<'_>, author: &Author) -> RowResult<()> {
    let company = facts.known_company(row)?;
    let day = required(row, "churned_on")?;
    let cell = facts.learn(ReasonKind::Churn, row.text("reason_code").unwrap_or_default())?;
    let reason_codes = facts
        .reason_codes(ReasonKind::Churn, &cell)
        .map_err(|reason| rejected("reason_code", reason))?;
    let mut mrr_before = None;
    update(row, "mrr", &mut mrr_before);
    let stored = facts.store.churn_of(company, day)?;
    let loss = Loss {
        company,
        kind: ReasonKind::Churn,
        day,
        reason_codes,
        note: optional_text(row, "note"),
        mrr_before,
        mrr_after: Some(0.0),
        by: author.by.clone(),
        at: author.at,
    };
    let says_the_same = |stored: &Loss| {
        (&stored.reason_codes, &stored.note, stored.mrr_before)
            == (&loss.reason_codes, &loss.note, loss.mrr_before)
    };
    let retired = facts.retired(ReasonKind::Churn, &loss.reason_codes);
    match (&stored, retired) {
        (Some(stored), _) if says_the_same(stored) => {}
        (_, Some(reason)) => return Err(rejected("reason_code", reason)),
        (stored, None) => {
            facts.store.add_churn(company, day)?;
            facts.store.add_loss(&loss)?;
            facts.loaded.rows.changed += u64::from(stored.is_some());
        }
    }
    facts.loaded.rows.add(stored.is_none());
    facts.loaded.days.add(day);
    Ok(())
}
