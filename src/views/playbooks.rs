//! The list of playbooks, and one playbook with its steps.

use serde_json::json;

use super::{Column, Field, Listing, RecordFields, or_dash, plain, table};
use crate::domain::playbook::PlaybookStep;
use crate::render::Screen;
use crate::store::StoredPlaybook;

pub(crate) const PLAYBOOKS: Listing<StoredPlaybook> = Listing {
    fields: RecordFields::Each(&[
        Field::new("name", |stored| (&stored.playbook.name).into()),
        Field::new("purpose", |stored| (&stored.playbook.purpose).into()),
        Field::new("steps", |stored| (stored.playbook.steps.len() as u64).into()),
        Field::new("tags", |stored| tags(stored).into()),
        Field::new("shipped", |stored| stored.is_shipped.into()),
    ]),
    columns: &[
        Column::left("name", |stored| plain(&stored.playbook.name)),
        Column::right("steps", |stored| plain(stored.playbook.steps.len())),
        Column::left("tags", |stored| plain(or_dash(tags(stored)))),
        Column::left("made by", |stored| {
            plain(if stored.is_shipped { "signals" } else { "your team" })
        }),
        Column::left("for", |stored| plain(&stored.playbook.purpose)),
    ],
    when_empty: "no playbooks",
};

fn tags(stored: &StoredPlaybook) -> Option<String> {
    let tags = stored.playbook.tags();
    (!tags.is_empty()).then(|| tags.join(";"))
}

pub(crate) const FIELDS: RecordFields<StoredPlaybook> = RecordFields::Each(&[
    Field::new("name", |stored| (&stored.playbook.name).into()),
    Field::new("purpose", |stored| (&stored.playbook.purpose).into()),
    Field::new("tag", |stored| stored.playbook.tag.as_ref().into()),
    Field::new("shipped", |stored| stored.is_shipped.into()),
    Field::new("steps", |stored| steps_json(stored).into()),
]);

fn steps_json(stored: &StoredPlaybook) -> serde_json::Value {
    let json = |step: &PlaybookStep| json!({"title": step.title, "due_in_days": step.due_in_days, "for": step.owner.as_str(), "tag": step.tag});
    stored.playbook.steps.iter().map(json).collect()
}

const STEPS: [Column<PlaybookStep>; 3] = [
    Column::right("due in", |step| {
        plain(format!(
            "{} {}",
            step.due_in_days,
            if step.due_in_days == 1 { "day" } else { "days" }
        ))
    }),
    Column::left("for", |step| plain(&step.owner)),
    Column::left("step", |step| plain(&step.title)),
];

pub(crate) fn draw(stored: &StoredPlaybook, screen: &mut Screen) {
    let playbook = &stored.playbook;
    screen.heading(&playbook.name);
    if !playbook.purpose.is_empty() {
        screen.line(&playbook.purpose);
    }
    if let Some(tags) = tags(stored) {
        screen.line(&format!("The company is tagged {tags}"));
    }
    screen.gap();
    screen.table(&table(&STEPS, &playbook.steps));
}
