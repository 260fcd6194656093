//! `[words]`: the words in tickets and invoices that have a meaning.

use anyhow::Result;

use super::section::{Definition, Section, own_settings};
use crate::configuration::{Block, ConfigTable};
use crate::domain::words::Words;
use crate::store::Store;

pub(super) const SECTION: Section =
    Section { heading: "[words]", read, own: |store| Ok(own_settings(&store.words()?)) };

fn read(table: &ConfigTable<'_>) -> Option<Box<dyn Definition>> {
    table.allow(&["urgent", "settled"]);
    let usual = Words::default();
    Some(Box::new(Words {
        urgent: table.list("urgent").unwrap_or(usual.urgent),
        settled: table.list("settled").unwrap_or(usual.settled),
    }))
}

impl Definition for Words {
    fn block(&self) -> Block {
        let usual = Words::default();
        let own = |words: &Vec<String>, usual| Some(words.clone()).filter(|words| *words != usual);
        Block::new("[words]", "words")
            .with_some("urgent", own(&self.urgent, usual.urgent))
            .with_some("settled", own(&self.settled, usual.settled))
    }

    fn present(&self, store: &Store) -> Result<Option<Block>> {
        Ok(Some(store.words()?.block()))
    }

    fn save(&self, store: &Store, _table: &ConfigTable<'_>) -> Result<()> {
        store.save_words(self)
    }
}
