//! The list of playbooks, and one playbook with its steps.

use serde_json::json;

use super::{Listing, or_dash, plain};
use crate::domain::playbook::PlaybookStep;
use crate::render::{Align, Screen, TextTable, Tone, Value};
use crate::store::StoredPlaybook;

/// The list of playbooks.
pub(crate) const PLAYBOOKS: Listing<StoredPlaybook> = Listing {
    fields: &["name", "purpose", "steps", "tags", "shipped"],
    values,
    columns: &[
        ("name", Align::Left),
        ("steps", Align::Right),
        ("tags", Align::Left),
        ("made by", Align::Left),
        ("for", Align::Left),
    ],
    cells,
    when_empty: "no playbooks",
};

fn values(stored: &StoredPlaybook) -> Vec<Value<'_>> {
    let playbook = &stored.playbook;
    vec![
        (&playbook.name).into(),
        (&playbook.purpose).into(),
        (playbook.steps.len() as u64).into(),
        tags(stored).into(),
        stored.is_shipped.into(),
    ]
}

fn cells(stored: &StoredPlaybook) -> Vec<(String, Tone)> {
    let playbook = &stored.playbook;
    vec![
        plain(&playbook.name),
        plain(playbook.steps.len()),
        plain(or_dash(tags(stored))),
        plain(if stored.is_shipped { "signals" } else { "your team" }),
        plain(&playbook.purpose),
    ]
}

fn tags(stored: &StoredPlaybook) -> Option<String> {
    let tags = stored.playbook.tags();
    (!tags.is_empty()).then(|| tags.join(";"))
}

/// The fields of one playbook.
pub(crate) const FIELDS: [&str; 5] = ["name", "purpose", "tag", "shipped", "steps"];

/// The values of [`FIELDS`].
pub(crate) fn one(stored: &StoredPlaybook) -> Vec<Value<'_>> {
    let playbook = &stored.playbook;
    vec![
        (&playbook.name).into(),
        (&playbook.purpose).into(),
        playbook.tag.as_ref().into(),
        stored.is_shipped.into(),
        Value::Nested(playbook.steps.iter().map(step_json).collect()),
    ]
}

fn step_json(step: &PlaybookStep) -> serde_json::Value {
    json!({"title": step.title, "due_in_days": step.due_in_days, "for": step.owner.as_str(), "tag": step.tag})
}

/// The screen of one playbook.
pub(crate) fn draw(stored: &StoredPlaybook, screen: &mut Screen) {
    let playbook = &stored.playbook;
    screen.heading(&playbook.name);
    if !playbook.purpose.is_empty() {
        screen.line(&playbook.purpose);
    }
    if let Some(tags) = tags(stored) {
        screen.line(&format!("The company is tagged {tags}"));
    }
    let mut table =
        TextTable::new([("due in", Align::Right), ("for", Align::Left), ("step", Align::Left)]);
    for step in &playbook.steps {
        let days =
            format!("{} {}", step.due_in_days, if step.due_in_days == 1 { "day" } else { "days" });
        table.row([days, step.owner.to_string(), step.title.clone()]);
    }
    screen.gap();
    screen.table(&table);
}
