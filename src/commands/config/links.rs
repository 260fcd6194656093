//! `[links]`: links to companies in another product.

use anyhow::Result;

use super::section::{Definition, Section};
use crate::configuration::{Block, ConfigTable};
use crate::domain::company_link::CompanyLink;
use crate::store::Store;

pub(super) const SECTION: Section = Section {
    path: &["links"],
    heading: "[links]",
    is_list: false,
    read,
    own: |store| {
        Ok(store.company_link()?.as_ref().map(|link| block(Some(link))).into_iter().collect())
    },
};

/// The template of links, if any.
struct Links(Option<CompanyLink>);

fn read(table: &ConfigTable<'_>) -> Option<Box<dyn Definition>> {
    table.allow(&["company"]);
    Some(Box::new(Links(table.word("company"))))
}

fn block(link: Option<&CompanyLink>) -> Block {
    let block = Block { is_list: false, ..Block::new("links", "links") };
    block.with_some("company", link.map(ToString::to_string).as_deref())
}

impl Definition for Links {
    fn title(&self) -> String {
        "links".to_owned()
    }

    fn present(&self, store: &Store) -> Result<Option<Block>> {
        Ok(Some(block(store.company_link()?.as_ref())))
    }

    fn wanted(&self, _store: &Store) -> Result<Block> {
        Ok(block(self.0.as_ref()))
    }

    fn save(&self, store: &Store, _table: &ConfigTable<'_>) -> Result<()> {
        store.save_company_link(self.0.as_ref())
    }
}
