//! Undoing the last change.
//!
//! Histories are append-only, so nothing is deleted: another entry reverts the change.

use anyhow::Result;

use super::acknowledge::{self, NewEntry};
use super::work;
use crate::context::Context;
use crate::domain::day::Day;
use crate::domain::signal::SignalId;
use crate::domain::task::{TaskAction, TaskId};
use crate::store::{Finish, NewTask, Store, TaskRecord};

/// The reason of entries that revert a change.
const REASON: &str = "Undone";

/// A change, with what is needed to undo it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum UndoableChange {
    /// A signal was closed, which dropped these tasks.
    Acknowledged {
        signal: SignalId,
        dropped: Vec<TaskRecord>,
    },
    /// A signal was snoozed; before, it was snoozed until `before`.
    Snoozed {
        signal: SignalId,
        before: Option<Day>,
    },
    /// A comment was added to a signal.
    Noted {
        signal: SignalId,
        text: String,
    },
    AddedTask(TaskId),
}

/// Undoes a change in one transaction. Tasks that it dropped are added again with new ids; a note
/// is withdrawn by another note.
///
/// # Errors
/// Somebody else has changed the signal or the task meanwhile (exit 9).
pub(crate) fn undo(context: &Context, store: &mut Store, change: &UndoableChange) -> Result<()> {
    store.transaction(Finish::Commit, |store| {
        let stamp = work::stamp(context, store)?;
        let enter = |signal: SignalId, entry: NewEntry| {
            acknowledge::enter_within(store, &[signal], &entry, &stamp).map(drop)
        };
        match change {
            UndoableChange::Acknowledged { signal, dropped } => {
                enter(*signal, NewEntry::reopen(REASON.to_owned()))?;
                dropped.iter().try_for_each(|task| {
                    let task = NewTask {
                        company: task.company,
                        title: &task.title,
                        due_on: task.due_on,
                        owner: &task.owner,
                        playbook: task.playbook.as_deref(),
                        signal: task.signal,
                    };
                    store.add_task(&task, &stamp).map(drop)
                })
            }
            UndoableChange::Snoozed { signal, before } => {
                let until = before.unwrap_or(stamp.day);
                enter(*signal, NewEntry::snooze(until, REASON.to_owned()))
            }
            UndoableChange::Noted { signal, text } => {
                enter(*signal, NewEntry::note(format!("Withdrawn: {text}")))
            }
            UndoableChange::AddedTask(task) => {
                let dropped = TaskAction::Dropped;
                work::close_within(store, &[*task], dropped, Some(REASON), &stamp).map(drop)
            }
        }
    })
}
