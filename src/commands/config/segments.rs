//! `[[segment]]`: named conditions over attributes.

use anyhow::Result;

use super::section::{Definition, Section};
use crate::configuration::{Block, ConfigTable};
use crate::store::{Catalogue, Segment, Store};

pub(super) const SECTION: Section = Section {
    heading: "[[segment]]",
    read,
    own: |store| Ok(store.segments()?.iter().map(Segment::block).collect()),
};

fn read(table: &ConfigTable<'_>) -> Option<Box<dyn Definition>> {
    table.allow(&["name", "where"]);
    let (name, condition) = (table.name("name"), table.required("where"));
    Some(Box::new(Segment { name: name?.to_owned(), condition: condition?.to_owned() }))
}

impl Definition for Segment {
    fn block(&self) -> Block {
        Block::new("[[segment]]", format!("segment '{}'", self.name))
            .with("name", self.name.as_str())
            .with("where", self.condition.as_str())
    }

    fn present(&self, store: &Store) -> Result<Option<Block>> {
        Ok(store.segment(&self.name)?.as_ref().map(Segment::block))
    }

    fn save(&self, store: &Store, _table: &ConfigTable<'_>) -> Result<()> {
        store.save_segment(self)
    }

    fn check(&self, _store: &Store, catalogue: &Catalogue, table: &ConfigTable<'_>) -> Result<()> {
        if let Err(failure) = catalogue.read_new(&self.condition) {
            table.error_of("where", &failure);
        }
        Ok(())
    }
}
