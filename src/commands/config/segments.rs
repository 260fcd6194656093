//! `[[segment]]`: named conditions over attributes.

use anyhow::Result;

use super::section::{Definition, Section};
use crate::configuration::{Block, ConfigTable};
use crate::store::{Catalogue, Segment, Store};

pub(super) const SECTION: Section = Section {
    path: &["segment"],
    heading: "[[segment]]",
    is_list: true,
    read,
    own: |store| Ok(store.segments()?.iter().map(block).collect()),
};

fn read(table: &ConfigTable<'_>) -> Option<Box<dyn Definition>> {
    table.allow(&["name", "where"]);
    let (name, condition) = (table.name("name"), table.required("where"));
    Some(Box::new(Segment { name: name?.to_owned(), condition: condition?.to_owned() }))
}

fn block(segment: &Segment) -> Block {
    Block::new("segment", segment.title())
        .with("name", &segment.name)
        .with("where", &segment.condition)
}

impl Definition for Segment {
    fn title(&self) -> String {
        format!("segment '{}'", self.name)
    }

    fn present(&self, store: &Store) -> Result<Option<Block>> {
        Ok(store.segment(&self.name)?.as_ref().map(block))
    }

    fn wanted(&self, _store: &Store) -> Result<Block> {
        Ok(block(self))
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
