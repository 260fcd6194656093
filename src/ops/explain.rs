//! One signal in detail.

use anyhow::{Context as _, Result};

use super::acknowledge::unknown_signal;
use crate::domain::signal::SignalId;
use crate::domain::trend::Windows;
use crate::store::{CompanyActivity, SignalRecord, Store};
use crate::views::signal::SignalView;

/// A signal with its numbers, history and tasks.
///
/// # Errors
/// An unknown signal (exit 9).
pub(crate) fn signal(store: &Store, id: SignalId) -> Result<SignalView> {
    let signal = store.signal(id)?.ok_or_else(|| unknown_signal(id))?;
    let activity =
        activity(store, &signal).with_context(|| format!("cannot explain signal {id}"))?;
    let tasks = store.tasks_of_signal(id)?;
    let (zone, history) = (store.zone(), store.signal_history(id)?);
    Ok(SignalView { signal, zone, activity, history, tasks })
}

/// What the company did in the windows of a trend; `None` for other kinds of signals.
fn activity(store: &Store, signal: &SignalRecord) -> Result<Option<CompanyActivity>> {
    let (Some(trend), Some(comparison)) =
        (signal.definition.logic.trend(), signal.evidence.comparison())
    else {
        return Ok(None);
    };
    let windows = Windows { observation: comparison.observation, decision: comparison.decision };
    store.company_activity(signal.company, &trend.watch(), &windows).map(Some)
}
