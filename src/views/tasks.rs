//! The list of tasks.

use serde_json::json;

use super::{Column, Field, Listing, RecordFields, or_dash, plain};
use crate::domain::day::Day;
use crate::domain::task::TaskState;
use crate::render::Tone;
use crate::store::TaskRecord;

/// A task, as seen on a day.
pub(crate) struct ListedTask {
    pub task: TaskRecord,
    /// Tasks due before this day are overdue.
    pub today: Day,
}

pub(crate) const TASKS: Listing<ListedTask> = Listing {
    fields: RecordFields::Each(&[
        Field::new("id", |listed| listed.task.id.0.into()),
        Field::new("company_id", |listed| (&listed.task.company_id).into()),
        Field::new("company_name", |listed| listed.task.company_name.as_ref().into()),
        Field::new("csm", |listed| listed.task.csm.as_ref().into()),
        Field::new("title", |listed| (&listed.task.title).into()),
        Field::new("due_on", |listed| listed.task.due_on.into()),
        Field::new("for", |listed| listed.task.owner.as_str().into()),
        Field::new("assignee", |listed| listed.task.assignee.as_ref().into()),
        Field::new("state", |listed| listed.task.state().as_str().into()),
        Field::new("overdue", |listed| listed.task.is_overdue(listed.today).into()),
        Field::new("playbook", |listed| listed.task.playbook.as_ref().into()),
        Field::new("signal_id", |listed| listed.task.signal.map(|signal| signal.0).into()),
        Field::new("added_on", |listed| listed.task.added_on.into()),
        Field::new("done_on", |listed| listed.task.done().map(|done| done.stamp.day).into()),
        Field::new("done_at", |listed| listed.task.done().map(|done| done.stamp.at).into()),
        Field::new("done_by", |listed| listed.task.done().map(|done| &done.stamp.by).into()),
        Field::new("note", |listed| {
            listed.task.closed.as_ref().and_then(|closed| closed.note.as_ref()).into()
        }),
        Field::new("dropped_on", |listed| {
            listed.task.dropped().map(|dropped| dropped.stamp.day).into()
        }),
        Field::new("dropped_by", |listed| {
            listed.task.dropped().map(|dropped| &dropped.stamp.by).into()
        }),
    ]),
    columns: &[
        Column::right("id", |listed| plain(listed.task.id)),
        Column::left("due", |listed| plain(listed.task.due_on)),
        Column::left("company", |listed| plain(company(&listed.task))),
        // A narrow terminal hides the last columns first.
        Column::left("task", |listed| plain(&listed.task.title)),
        Column::left("state", |listed| state(&listed.task, listed.today)),
        Column::left("who", |listed| plain(or_dash(listed.task.assignee.as_ref()))),
    ],
    when_empty: "no tasks",
};

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
