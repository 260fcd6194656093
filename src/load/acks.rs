//! Acknowledgements from a file: an exported list of signals with the reason filled in.

use anyhow::Result;

use super::cells::{optional_text, required};
use super::{Author, Loaded, RowResult, SheetRows, rejected};
use crate::domain::signal::{Action, HistoryEntry, Outcome, SignalId};
use crate::error::refused;
use crate::import::FactRow;
use crate::store::Store;

/// Acknowledges the signals of a file, all or none, inside the caller's transaction.
///
/// # Errors
/// A single row that cannot be applied refuses the file.
pub(super) fn load(store: &Store, rows: &mut SheetRows<'_, '_>, author: &Author) -> Result<Loaded> {
    let mut loaded = Loaded::default();
    loaded.read = rows.read(|row| {
        let is_new = take(store, row, author)?;
        loaded.rows.add(is_new);
        Ok(())
    })?;
    match rows.rejects.count() {
        0 => Ok(loaded),
        count => Err(refused(format!(
            "{count} rows cannot be done, and a file of acknowledgements is all or none"
        ))
        .into()),
    }
}

/// Acknowledges a signal. Returns whether the row said anything new.
fn take(store: &Store, row: &FactRow<'_>, author: &Author) -> RowResult<bool> {
    let text: String = required(row, "signal_id")?;
    let signal = text.parse().ok().map(|id| store.signal(SignalId(id))).transpose()?.flatten();
    let signal =
        signal.ok_or_else(|| rejected("signal_id", format!("there is no signal {text}")))?;
    let Some(reason) = optional_text(row, "reason") else { return Ok(false) };
    if let Some(closing) = &signal.acknowledgement {
        if closing.reason == reason {
            return Ok(false);
        }
        let (id, said) = (signal.id, &closing.reason);
        let reason = format!("signal {id} was acknowledged with another reason: {said}");
        return Err(rejected("reason", reason));
    }
    let outcome = optional_text(row, "outcome").map(|text| Outcome::by_name(&text)).transpose();
    let outcome = outcome.map_err(|reason| rejected("outcome", reason))?;
    let by = optional_text(row, "by").unwrap_or_else(|| author.by.clone());
    let entry = HistoryEntry {
        action: Action::Acknowledged,
        at: author.at,
        day: author.day,
        by,
        reason,
        outcome,
        until: None,
        assignee: None,
    };
    store.add_history(signal.id, &entry)?;
    if outcome.is_some_and(Outcome::drops_tasks) {
        store.drop_tasks_of_signal(signal.id, &entry.reason, &author.stamp())?;
    }
    Ok(true)
}
