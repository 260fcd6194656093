//! Tasks: adding, closing and assigning.

use anyhow::Result;

use crate::context::Context;
use crate::domain::company::CompanyKey;
use crate::domain::day::Day;
use crate::domain::playbook::validate_line;
use crate::domain::similar_names::nearest;
use crate::domain::task::{Owner, Stamp, TaskAction, TaskId, TaskState};
use crate::error::{CommandError, ErrorKind, not_allowed, usage};
use crate::query::csm_called;
use crate::store::{Finish, NewTask, Store, TaskRecord};

/// The user of the command, and the day on which the change counts.
pub(crate) fn stamp(context: &Context, store: &Store) -> Result<Stamp> {
    let at = context.clock.now();
    Ok(Stamp { at, day: at.day_in(store.zone()), by: context.user() })
}

/// Closes open tasks, all or none. Returns them as they were.
///
/// # Errors
/// A task that is unknown or closed (exit 9).
pub(crate) fn close(
    context: &Context,
    store: &mut Store,
    ids: &[TaskId],
    action: TaskAction,
    note: Option<&str>,
) -> Result<Vec<TaskRecord>> {
    store.transaction(Finish::Commit, |store| {
        let stamp = stamp(context, store)?;
        close_within(store, ids, action, note, &stamp)
    })
}

/// The same, inside the caller's transaction.
pub(super) fn close_within(
    store: &Store,
    ids: &[TaskId],
    action: TaskAction,
    note: Option<&str>,
    stamp: &Stamp,
) -> Result<Vec<TaskRecord>> {
    let tasks = open_tasks(store, ids)?;
    tasks.iter().try_for_each(|task| store.close_task(task, action, note, stamp))?;
    Ok(tasks)
}

/// Adds a task for a company.
///
/// # Errors
/// A title that is blank or has more than one line (exit 2).
pub(crate) fn add(
    context: &Context,
    store: &mut Store,
    company: CompanyKey,
    title: &str,
    due_on: Day,
    owner: &Owner,
) -> Result<TaskId> {
    validate_line(title).map_err(|error| usage(format!("the title {error}")))?;
    store.transaction(Finish::Commit, |store| {
        let stamp = stamp(context, store)?;
        let title = title.trim();
        let task = NewTask { company, title, due_on, owner, playbook: None, signal: None };
        store.add_task(&task, &stamp)
    })
}

/// The owner for `csm`, `manager`, or a person's name.
///
/// # Errors
/// A name that is blank or has more than one line (exit 2).
pub(crate) fn owner(store: &Store, text: &str) -> Result<Owner> {
    validate_line(text).map_err(|error| usage(format!("the name of a person {error}")))?;
    match Owner::from(text.to_owned()) {
        Owner::Person(name) => Ok(Owner::Person(csm_called(store, &name)?)),
        role => Ok(role),
    }
}

/// Assigns an open task to a role or a person.
///
/// # Errors
/// A task that is unknown or closed (exit 9).
pub(crate) fn assign(
    context: &Context,
    store: &mut Store,
    id: TaskId,
    owner: &Owner,
) -> Result<()> {
    store.transaction(Finish::Commit, |store| {
        let tasks = open_tasks(store, &[id])?;
        let stamp = stamp(context, store)?;
        let mut changed = tasks.iter().filter(|task| task.owner != *owner);
        changed.try_for_each(|task| store.assign_task(task.id, owner, &stamp))
    })
}

fn open_tasks(store: &Store, ids: &[TaskId]) -> Result<Vec<TaskRecord>> {
    let (mut tasks, mut problems) = (Vec::new(), Vec::new());
    for id in ids {
        match store.task(*id)? {
            Some(task) if task.state() == TaskState::Open => tasks.push(task),
            Some(task) => problems.push(closed_already(&task)),
            None => problems.push(
                not_allowed(format!("there is no task {id}"))
                    .hint("`signals task list --state all` shows all tasks"),
            ),
        }
    }
    refuse(&problems, ids.len())?;
    Ok(tasks)
}

fn closed_already(task: &TaskRecord) -> CommandError {
    let how = task.closed.as_ref().map(|entry| {
        format!("{} already on {} by {}", entry.action, entry.stamp.day, entry.stamp.by)
    });
    not_allowed(format!("task {} was {}", task.id, how.unwrap_or_default()))
        .hint(format!("`signals task add {} TITLE --due DAY` adds another", task.company_id))
}

/// A remark on a name that neither the team nor a company has: it may be a typo.
pub(crate) fn stranger(store: &Store, name: &str) -> Result<Option<String>> {
    let known = store.known_colleagues()?;
    if known.iter().any(|known| known == name) {
        return Ok(None);
    }
    let like = nearest(name, known.into_iter()).map(|like| format!("; did you mean '{like}'?"));
    Ok(Some(format!("nobody in the team is called '{name}'{}", like.unwrap_or_default())))
}

/// Refuses to change any of several things if there is a problem with one; `asked` is their number.
///
/// # Errors
/// The problems combined, with the hint of the first (exit 9).
pub(crate) fn refuse(problems: &[CommandError], asked: usize) -> Result<()> {
    let Some(first) = problems.first() else { return Ok(()) };
    let list: Vec<&str> = problems.iter().take(5).map(|problem| problem.message.as_str()).collect();
    let more = match problems.len().saturating_sub(5) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let none = if asked > 1 { "nothing was changed: " } else { "" };
    let message = format!("{none}{}{more}", list.join("; "));
    Err(CommandError { message, ..first.clone().of_kind(ErrorKind::NotAllowed) }.into())
}
