//! Acknowledgements from a file: an exported list of signals with the reason filled in.

use anyhow::Result;

use super::cells::{optional_text, required_text};
use super::{Author, Loaded, Watcher};
use crate::domain::signal::{Action, HistoryEntry, Outcome, SignalId, SignalState};
use crate::error::refused;
use crate::import::{FactRow, Rejects, Sheet, Verdict, read_facts};
use crate::store::{SignalRecord, Store};

/// Acknowledges the signals of a file, all or none, inside the caller's transaction.
///
/// # Errors
/// A single row that cannot be applied refuses the file.
pub(super) fn load(
    store: &Store,
    sheet: &mut Sheet,
    rejects: &mut Rejects<'_>,
    watcher: &Watcher<'_>,
    author: &Author,
) -> Result<Loaded> {
    let mut loaded = Loaded::default();
    let progress = sheet.progress();
    loaded.read = read_facts(sheet, rejects, |row| {
        watcher.tell(&progress);
        take(store, &row, author, &mut loaded)
    })?;
    if rejects.count() > 0 {
        let message = format!(
            "{} rows cannot be done, and a file of acknowledgements is all or none",
            rejects.count()
        );
        return Err(refused(message).into());
    }
    Ok(loaded)
}

fn take(store: &Store, row: &FactRow<'_>, author: &Author, loaded: &mut Loaded) -> Result<Verdict> {
    let text = required_text(row, "signal_id")?;
    let signal = match text.parse().ok().map(|id| store.signal(SignalId(id))).transpose()?.flatten()
    {
        Some(signal) => signal,
        None => return Ok(rejected("signal_id", format!("there is no signal {text}"))),
    };
    let Some(reason) = optional_text(row, "reason") else {
        loaded.rows.add(false);
        return Ok(Verdict::Accepted);
    };
    if let Some(verdict) = known_or_rejected(&signal, &reason, loaded) {
        return Ok(verdict);
    }
    let outcome =
        match optional_text(row, "outcome").map(|text| Outcome::by_name(&text)).transpose() {
            Ok(outcome) => outcome,
            Err(reason) => return Ok(rejected("outcome", reason)),
        };
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
    loaded.rows.add(true);
    Ok(Verdict::Accepted)
}

/// The verdict on a signal that is already closed; `None` if it is open.
fn known_or_rejected(signal: &SignalRecord, reason: &str, loaded: &mut Loaded) -> Option<Verdict> {
    if signal.state() == SignalState::Open {
        return None;
    }
    let acknowledgement = signal.acknowledgement.as_ref()?;
    if acknowledgement.reason == reason {
        loaded.rows.add(false);
        return Some(Verdict::Accepted);
    }
    let said = &acknowledgement.reason;
    Some(rejected(
        "reason",
        format!("signal {} was acknowledged with another reason: {said}", signal.id),
    ))
}

fn rejected(column: &'static str, reason: String) -> Verdict {
    Verdict::Rejected { column, reason }
}
