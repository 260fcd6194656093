//! Entries in the history of signals: for several signals, all or none.

use anyhow::Result;

use super::work::{self, refuse};
use crate::context::Context;
use crate::domain::day::Day;
use crate::domain::signal::{Action, HistoryEntry, Outcome, SignalId, SignalState};
use crate::domain::task::Stamp;
use crate::error::{CommandError, not_allowed, usage};
use crate::render::counted;
use crate::store::{Finish, Store};
use crate::views::signals;

/// An entry for the history of signals.
#[derive(Debug, Clone)]
pub(crate) struct NewEntry {
    action: Action,
    reason: String,
    outcome: Option<Outcome>,
    until: Option<Day>,
    assignee: Option<String>,
    /// Whether it drops the open tasks of the signals.
    pub drops_tasks: bool,
}

impl NewEntry {
    fn new(action: Action, reason: String) -> Self {
        let (outcome, until, assignee) = (None, None, None);
        NewEntry { action, reason, outcome, until, assignee, drops_tasks: false }
    }

    /// Closes signals. Drops their open tasks if the outcome says that nothing remains to be done.
    pub(crate) fn acknowledge(reason: String, outcome: Option<Outcome>) -> Self {
        let drops_tasks = outcome.is_some_and(Outcome::drops_tasks);
        NewEntry { outcome, drops_tasks, ..NewEntry::new(Action::Acknowledged, reason) }
    }

    pub(crate) fn reopen(reason: String) -> Self {
        NewEntry::new(Action::Reopened, reason)
    }

    /// Hides signals from lists and the agenda until a day; today ends that.
    pub(crate) fn snooze(until: Day, reason: String) -> Self {
        NewEntry { until: Some(until), ..NewEntry::new(Action::Snoozed, reason) }
    }

    pub(crate) fn note(text: String) -> Self {
        NewEntry::new(Action::Noted, text)
    }

    pub(crate) fn assign(name: String) -> Self {
        NewEntry { assignee: Some(name), ..NewEntry::new(Action::Assigned, String::new()) }
    }
}

/// The given reason, or asks for it on a terminal.
///
/// # Errors
/// No reason and no terminal, or a blank reason (exit 2).
pub(crate) fn reason(context: &Context, given: Option<String>) -> Result<String> {
    let reason = match given {
        Some(reason) => reason,
        None if context.ui.can_ask() => context.ui.ask("Reason:", "--reason TEXT says why")?,
        None => return Err(usage("a reason is needed").hint("--reason TEXT says why").into()),
    };
    not_blank("reason", &reason, "--reason TEXT says why, for whoever reads it next year")
}

/// The trimmed text.
///
/// # Errors
/// A blank text (exit 2).
pub(crate) fn not_blank(what: &str, text: &str, hint: &str) -> Result<String> {
    match text.trim() {
        "" => Err(usage(format!("the {what} is blank")).hint(hint).into()),
        text => Ok(text.to_owned()),
    }
}

/// The error for a signal that does not exist.
pub(crate) fn unknown_signal(id: SignalId) -> CommandError {
    not_allowed(format!("there is no signal {id}"))
        .hint("`signals list` shows all signals with their numbers")
}

/// Makes the entry for all signals, or for none. Returns the number of dropped tasks.
///
/// # Errors
/// An unknown signal, or one in the wrong state (exit 9).
pub(crate) fn enter(
    context: &Context,
    store: &mut Store,
    ids: &[SignalId],
    entry: &NewEntry,
) -> Result<u64> {
    store.transaction(Finish::Commit, |store| {
        let stamp = work::stamp(context, store)?;
        enter_within(store, ids, entry, &stamp)
    })
}

/// The same, inside the caller's transaction.
pub(super) fn enter_within(
    store: &Store,
    ids: &[SignalId],
    entry: &NewEntry,
    stamp: &Stamp,
) -> Result<u64> {
    let mut problems = Vec::new();
    for id in ids {
        problems.extend(problem(store, *id, entry, stamp.day)?);
    }
    refuse(&problems, ids.len())?;
    let history = HistoryEntry {
        action: entry.action,
        at: stamp.at,
        day: stamp.day,
        by: stamp.by.clone(),
        reason: entry.reason.clone(),
        outcome: entry.outcome,
        until: entry.until,
        assignee: entry.assignee.clone(),
    };
    ids.iter().try_for_each(|id| store.add_history(*id, &history))?;
    let mut dropped = 0;
    for id in ids.iter().filter(|_| entry.drops_tasks) {
        dropped += store.drop_tasks_of_signal(*id, &entry.reason, stamp)?;
    }
    Ok(dropped)
}

/// The number of open tasks of the signals, without those that other open signals share.
pub(crate) fn open_tasks(store: &Store, ids: &[SignalId]) -> Result<u64> {
    ids.iter().map(|id| Ok(store.tasks_of_signal_alone(*id)?.len() as u64)).sum()
}

fn problem(
    store: &Store,
    id: SignalId,
    entry: &NewEntry,
    today: Day,
) -> Result<Option<CommandError>> {
    let state = store.signal_state(id)?;
    let ends_snooze = entry.until.is_some_and(|until| until <= today);
    let is_in_state = entry.action.needs().is_none_or(|needed| state == Some(needed));
    if state.is_some() && is_in_state && !ends_snooze {
        return Ok(None);
    }
    let Some(signal) = store.signal(id)? else { return Ok(Some(unknown_signal(id))) };
    if is_in_state {
        let is_snoozed = signal.snoozed_until.is_some_and(|until| until > today);
        let refusal = || {
            not_allowed(format!("signal {id} is not snoozed"))
                .hint("`signals list --snoozed` lists those that are")
        };
        return Ok((!is_snoozed).then(refusal));
    }
    Ok(Some(match &signal.acknowledgement {
        Some(closed) => {
            // A reason with line breaks could be mistaken for lines of the program.
            let (by, reason) = (&closed.by, &closed.reason);
            let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
            not_allowed(format!("signal {id} was acknowledged already, by {by}: {reason}"))
                .hint(format!("`signals reopen {id} --reason TEXT` opens it again"))
        }
        None => not_allowed(format!("signal {id} is {}", SignalState::Open))
            .hint(format!("`signals show {id}` shows its history")),
    }))
}

/// The signals in a message about them: a single one by its detail, several by their number.
pub(crate) fn named(store: &Store, ids: &[SignalId]) -> Result<String> {
    if let [id] = ids
        && let Some(signal) = store.signal(*id)?
    {
        return Ok(format!("signal {id}: {}: {}", signals::company(&signal), signal.detail));
    }
    Ok(counted(ids.len() as u64, "signal", "signals"))
}
