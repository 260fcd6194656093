//! `[links]`: links to companies in another product.

use anyhow::Result;

use super::section::{Definition, Section, own_settings};
use crate::configuration::{Block, ConfigTable};
use crate::domain::company_link::CompanyLink;
use crate::store::Store;

pub(super) const SECTION: Section = Section {
    heading: "[links]",
    read,
    own: |store| Ok(own_settings(&Links(store.company_link()?))),
};

/// The template of links, if any.
#[derive(Default, PartialEq)]
struct Links(Option<CompanyLink>);

fn read(table: &ConfigTable<'_>) -> Option<Box<dyn Definition>> {
    table.allow(&["company"]);
    Some(Box::new(Links(table.word("company"))))
}

impl Definition for Links {
    fn block(&self) -> Block {
        Block::new("[links]", "links")
            .with_some("company", self.0.as_ref().map(ToString::to_string))
    }

    fn present(&self, store: &Store) -> Result<Option<Block>> {
        Ok(Some(Links(store.company_link()?).block()))
    }

    fn save(&self, store: &Store, _table: &ConfigTable<'_>) -> Result<()> {
        store.save_company_link(self.0.as_ref())
    }
}
