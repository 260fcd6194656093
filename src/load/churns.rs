//! Cancellations with their reasons, one per company and day.

use anyhow::Result;

use super::cells::{money, optional_text, required_day};
use super::facts::{FactLoad, LoadTerms};
use super::{Author, Loaded, Watcher};
use crate::domain::loss::Loss;
use crate::domain::reason::ReasonKind;
use crate::import::{FactRow, Rejects, Sheet, Verdict, read_facts};
use crate::store::Store;

/// Reads and writes all cancellations of a file, inside the caller's transaction.
///
/// # Errors
/// A file that is refused.
pub(super) fn load(
    store: &Store,
    sheet: &mut Sheet,
    rejects: &mut Rejects<'_>,
    watcher: &Watcher<'_>,
    terms: LoadTerms,
    author: &Author,
) -> Result<Loaded> {
    let mut facts = FactLoad::of(store, terms)?;
    let progress = sheet.progress();
    let read = read_facts(sheet, rejects, |row| {
        watcher.tell(&progress);
        take(&mut facts, &row, author)
    })?;
    facts.finish(read)
}

fn take(facts: &mut FactLoad<'_>, row: &FactRow<'_>, author: &Author) -> Result<Verdict> {
    let company = match facts.known_company(row) {
        Ok(company) => company,
        Err(verdict) => return Ok(verdict),
    };
    let day = required_day(row, "churned_on")?;
    let cell = facts.learn(ReasonKind::Churn, row.text("reason_code").unwrap_or_default())?;
    let reason_codes = match facts.reason_codes(ReasonKind::Churn, &cell) {
        Ok(codes) => codes,
        Err(reason) => return Ok(Verdict::Rejected { column: "reason_code", reason }),
    };
    let mut mrr_before = None;
    money(row, "mrr", &mut mrr_before);
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
        (_, Some(reason)) => return Ok(Verdict::Rejected { column: "reason_code", reason }),
        (stored, None) => {
            facts.store.add_churn(company, day)?;
            facts.store.add_loss(&loss)?;
            facts.loaded.rows.changed += u64::from(stored.is_some());
        }
    }
    facts.loaded.rows.add(stored.is_none());
    facts.loaded.days.add(day);
    Ok(Verdict::Accepted)
}
