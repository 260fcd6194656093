//! The list of tasks.

use serde_json::json;

use super::{Listing, or_dash, plain};
use crate::domain::day::Day;
use crate::domain::task::TaskState;
use crate::render::{Align, Tone, Value};
use crate::store::TaskRecord;

/// A task, as seen on a day.
pub(crate) struct ListedTask {
    pub task: TaskRecord,
    /// Tasks due before this day are overdue.
    pub today: Day,
}

/// The list of tasks.
pub(crate) const TASKS: Listing<ListedTask> = Listing {
    fields: &[
        "id",
        "company_id",
        "company_name",
        "csm",
        "title",
        "due_on",
        "for",
        "assignee",
        "state",
        "overdue",
        "playbook",
        "signal_id",
        "added_on",
        "done_on",
        "done_at",
        "done_by",
        "note",
        "dropped_on",
        "dropped_by",
    ],
    values,
    columns: &[
        ("id", Align::Right),
        ("due", Align::Left),
        ("state", Align::Left),
        ("company", Align::Left),
        ("who", Align::Left),
        ("task", Align::Left),
    ],
    cells,
    when_empty: "no tasks",
};

fn values(listed: &ListedTask) -> Vec<Value<'_>> {
    let task = &listed.task;
    let done = task.done();
    vec![
        task.id.0.into(),
        (&task.company_id).into(),
        task.company_name.as_ref().into(),
        task.csm.as_ref().into(),
        (&task.title).into(),
        task.due_on.into(),
        task.owner.as_str().into(),
        task.assignee.as_ref().into(),
        task.state().as_str().into(),
        task.is_overdue(listed.today).into(),
        task.playbook.as_ref().into(),
        task.signal.map(|signal| signal.0).into(),
        task.added_on.into(),
        done.map(|done| done.stamp.day).into(),
        done.map(|done| done.stamp.at).into(),
        done.map(|done| &done.stamp.by).into(),
        task.closed.as_ref().and_then(|closed| closed.note.as_ref()).into(),
        task.dropped().map(|dropped| dropped.stamp.day).into(),
        task.dropped().map(|dropped| &dropped.stamp.by).into(),
    ]
}

fn cells(listed: &ListedTask) -> Vec<(String, Tone)> {
    let task = &listed.task;
    vec![
        plain(task.id),
        plain(task.due_on),
        state(task, listed.today),
        plain(company(task)),
        plain(or_dash(task.assignee.as_ref())),
        plain(&task.title),
    ]
}

/// `open`, `overdue`, `done` or `dropped`.
fn state(task: &TaskRecord, today: Day) -> (String, Tone) {
    match task.state() {
        TaskState::Open if task.is_overdue(today) => ("overdue".to_owned(), Tone::Bad),
        TaskState::Open => plain(TaskState::Open),
        closed => (closed.to_string(), Tone::Faint),
    }
}

/// The company's name, else its id.
fn company(task: &TaskRecord) -> &str {
    task.company_name.as_deref().unwrap_or(&task.company_id)
}

/// A task in one line, without its company: `task 7, due 2026-04-02, ana: Call the champion`.
pub(crate) fn line(task: &TaskRecord) -> String {
    let when = match &task.closed {
        Some(entry) => format!("{} {} by {}", entry.action, entry.stamp.day, entry.stamp.by),
        None => format!("due {}", task.due_on),
    };
    format!("task {}, {when}, {}: {}", task.id, or_dash(task.assignee.as_ref()), task.title)
}

/// A task, nested in other JSON.
pub(crate) fn json(task: &TaskRecord) -> serde_json::Value {
    json!({
        "id": task.id.0,
        "title": task.title,
        "due_on": task.due_on.to_string(),
        "for": task.owner.as_str(),
        "assignee": task.assignee,
        "state": task.state().as_str(),
        "playbook": task.playbook,
        "done_on": task.done().map(|done| done.stamp.day.to_string()),
        "done_by": task.done().map(|done| &done.stamp.by),
        "note": task.closed.as_ref().and_then(|closed| closed.note.as_ref()),
        "dropped_on": task.dropped().map(|dropped| dropped.stamp.day.to_string()),
        "dropped_by": task.dropped().map(|dropped| &dropped.stamp.by),
    })
}
