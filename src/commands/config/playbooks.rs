//! `[[playbook]]`: playbooks.

use anyhow::Result;

use super::section::{Definition, Section};
use crate::configuration::{Block, ConfigTable};
use crate::domain::playbook::{MOST_DAYS, Playbook, PlaybookStep};
use crate::domain::task::Owner;
use crate::store::Store;

pub(super) const SECTION: Section = Section {
    path: &["playbook"],
    heading: "[[playbook]]",
    is_list: true,
    read,
    own: |store| {
        let all = store.playbooks()?.into_iter().filter(|stored| !stored.is_shipped);
        Ok(all.map(|stored| block(&stored.playbook)).collect())
    },
};

fn read(table: &ConfigTable<'_>) -> Option<Box<dyn Definition>> {
    table.allow(&["name", "purpose", "tag", "step"]);
    let tables = table.tables("step", "[[playbook.step]]", true);
    let steps: Vec<Option<PlaybookStep>> = tables.iter().map(read_step).collect();
    let playbook = Playbook {
        name: table.name("name")?.to_owned(),
        purpose: table.text("purpose").unwrap_or_default().to_owned(),
        tag: table.text("tag").map(str::to_owned),
        steps: steps.into_iter().collect::<Option<_>>()?,
    };
    if let Err(error) = playbook.validate() {
        table.error("", error, None);
    }
    Some(Box::new(playbook))
}

fn read_step(table: &ConfigTable<'_>) -> Option<PlaybookStep> {
    table.allow(&["title", "due_in_days", "for", "tag"]);
    let (title, due_in_days) =
        (table.required("title"), table.whole("due_in_days", &(0..=MOST_DAYS), " of days"));
    if !table.has("due_in_days") {
        table.error("due_in_days", "due_in_days is missing", None);
    }
    Some(PlaybookStep {
        title: title?.to_owned(),
        due_in_days: due_in_days?,
        owner: table.filled("for").map(|owner| Owner::from(owner.to_owned())).unwrap_or_default(),
        tag: table.text("tag").map(str::to_owned),
    })
}

fn block(playbook: &Playbook) -> Block {
    let Playbook { name, purpose, tag, steps } = playbook;
    let block = Block::new("playbook", playbook.title()).with("name", name);
    let block = block.with_unusual("purpose", purpose, "").with_some("tag", tag.as_ref());
    Block {
        inner: (1..).zip(steps).map(|(number, step)| step_block(number, step)).collect(),
        ..block
    }
}

fn step_block(number: usize, step: &PlaybookStep) -> Block {
    Block::new("playbook.step", format!("step {number}"))
        .with("title", &step.title)
        .with("due_in_days", step.due_in_days)
        .with("for", step.owner.as_str())
        .with_some("tag", step.tag.as_ref())
}

impl Definition for Playbook {
    fn title(&self) -> String {
        format!("playbook '{}'", self.name)
    }

    fn present(&self, store: &Store) -> Result<Option<Block>> {
        Ok(store.playbook(&self.name)?.map(|stored| block(&stored.playbook)))
    }

    fn wanted(&self, _store: &Store) -> Result<Block> {
        Ok(block(self))
    }

    fn save(&self, store: &Store, _table: &ConfigTable<'_>) -> Result<()> {
        store.save_playbook(self)
    }
}
