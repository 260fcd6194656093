//! `[[playbook]]`: playbooks.

use anyhow::Result;

use super::section::{Definition, Section};
use crate::configuration::{Block, ConfigTable};
use crate::domain::playbook::{MOST_DAYS, Playbook, PlaybookStep};
use crate::domain::task::Owner;
use crate::store::Store;

pub(super) const SECTION: Section = Section {
    heading: "[[playbook]]",
    read,
    own: |store| {
        let all = store.playbooks()?.into_iter().filter(|stored| !stored.is_shipped);
        Ok(all.map(|stored| stored.playbook.block()).collect())
    },
};

fn read(table: &ConfigTable<'_>) -> Option<Box<dyn Definition>> {
    table.allow(&["name", "purpose", "tag", "step"]);
    let tables = table.tables("[[playbook.step]]");
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

fn step_block(number: usize, step: &PlaybookStep) -> Block {
    Block::new("[[playbook.step]]", format!("step {number}"))
        .with("title", step.title.as_str())
        .with("due_in_days", u32::from(step.due_in_days))
        .with("for", step.owner.as_str())
        .with_some("tag", step.tag.as_deref())
}

impl Definition for Playbook {
    fn block(&self) -> Block {
        let steps = (1..).zip(&self.steps);
        let block = Block::new("[[playbook]]", format!("playbook '{}'", self.name))
            .with("name", self.name.as_str())
            .with_unusual("purpose", self.purpose.as_str(), "")
            .with_some("tag", self.tag.as_deref());
        Block { inner: steps.map(|(number, step)| step_block(number, step)).collect(), ..block }
    }

    fn present(&self, store: &Store) -> Result<Option<Block>> {
        Ok(store.playbook(&self.name)?.map(|stored| stored.playbook.block()))
    }

    fn save(&self, store: &Store, _table: &ConfigTable<'_>) -> Result<()> {
        store.save_playbook(self)
    }
}
