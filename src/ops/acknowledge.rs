//! What acknowledging and reopening have in common: several signals, all or none.

use anyhow::Result;

use crate::context::Context;
use crate::domain::signal::{Action, HistoryEntry, Outcome, SignalId};
use crate::error::{CommandError, not_allowed, usage};
use crate::render::counted;
use crate::store::{Finish, Store};
use crate::views::signals;

/// What is to be entered into the history of signals.
pub struct Entry {
    /// What happens to them.
    pub action: Action,
    /// Why; not blank.
    pub reason: String,
    /// What came of them.
    pub outcome: Option<Outcome>,
}

/// The reason that was given, or asks for it at a terminal.
///
/// # Errors
/// No reason and nobody to ask, or a blank one (exit 2).
pub fn reason(context: &Context, given: Option<String>) -> Result<String> {
    let reason = match given {
        Some(reason) => reason,
        None if context.ui.can_ask() => context.ui.ask("Reason:", "--reason TEXT says why")?,
        None => return Err(usage("a reason is needed").hint("--reason TEXT says why").into()),
    };
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(usage("the reason is blank")
            .hint("--reason TEXT says why, for whoever reads it next year")
            .into());
    }
    Ok(reason.to_owned())
}

/// The failure of naming a signal that does not exist.
pub fn unknown_signal(id: SignalId) -> CommandError {
    not_allowed(format!("there is no signal {id}"))
        .hint("`signals list` shows all signals with their numbers")
}

/// Makes the entry for all signals, or for none.
///
/// # Errors
/// An unknown signal, or one that is not in the state for it (exit 9).
pub fn enter(context: &Context, store: &mut Store, ids: &[SignalId], entry: &Entry) -> Result<()> {
    store.transaction(Finish::Commit, |store| {
        let day = store.history_day(context.clock.now())?;
        let mut problems = Vec::new();
        for id in ids {
            problems.extend(problem(store, *id, entry.action)?);
        }
        refuse(&problems, ids.len())?;
        let history = HistoryEntry {
            action: entry.action,
            at: context.clock.now(),
            day,
            by: context.user(),
            reason: entry.reason.clone(),
            outcome: entry.outcome,
        };
        ids.iter().try_for_each(|id| store.add_history(*id, &history))
    })
}

fn problem(store: &Store, id: SignalId, action: Action) -> Result<Option<CommandError>> {
    if store.signal_state(id)? == Some(action.needs()) {
        return Ok(None);
    }
    let Some(signal) = store.signal(id)? else { return Ok(Some(unknown_signal(id))) };
    let failure = match &signal.acknowledgement {
        Some(acknowledgement) => {
            let by = &acknowledgement.by;
            not_allowed(format!(
                "signal {id} was {action} already, by {by}: {}",
                one_line(&acknowledgement.reason)
            ))
            .hint(format!("`signals reopen {id} --reason TEXT` opens it again"))
        }
        None => not_allowed(format!("signal {id} is open"))
            .hint(format!("`signals show {id}` shows its history")),
    };
    Ok(Some(failure))
}

/// Refuses to change any of several things when there is a problem with one; `asked` is how many
/// there are.
///
/// # Errors
/// The problems as one, with the advice on the first (exit 9).
pub fn refuse(problems: &[CommandError], asked: usize) -> Result<()> {
    match problems {
        [] => Ok(()),
        _ => {
            let list: Vec<String> = problems.iter().take(5).map(ToString::to_string).collect();
            let more = problems.len().saturating_sub(5);
            let more = if more > 0 { format!("; and {more} more") } else { String::new() };
            let none = if asked > 1 { "nothing was changed: " } else { "" };
            let failure = not_allowed(format!("{none}{}{more}", list.join("; ")));
            Err(problems[0]
                .hints()
                .iter()
                .fold(failure, |failure, hint| failure.hint(hint.clone()))
                .into())
        }
    }
}

/// What the signals are called when they are done: one by what it says, several by how many they
/// are.
pub fn named(store: &Store, ids: &[SignalId]) -> Result<String> {
    let only = match ids {
        [id] => store.signal(*id)?,
        _ => None,
    };
    Ok(match only {
        Some(signal) => {
            format!("signal {}: {}: {}", signal.id, signals::company(&signal), signal.detail)
        }
        None => counted(ids.len() as u64, "signal", "signals"),
    })
}

/// A reason with line breaks could pass for lines of ours.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The numbers without repetition, in the order given.
pub fn distinct(ids: &[i64]) -> Vec<SignalId> {
    let mut seen = std::collections::HashSet::new();
    ids.iter().copied().filter(|id| seen.insert(*id)).map(SignalId).collect()
}
