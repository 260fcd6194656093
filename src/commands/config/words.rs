//! `[words]`: the words in tickets and invoices that have a meaning.

use anyhow::Result;

use super::section::{Definition, Section};
use crate::configuration::{Block, ConfigTable, ConfigValue};
use crate::domain::words::Words;
use crate::store::Store;

pub(super) const SECTION: Section = Section {
    path: &["words"],
    heading: "[words]",
    is_list: false,
    read,
    own: |store| {
        let words = store.words()?;
        Ok(if words == Words::default() { Vec::new() } else { vec![block(&words)] })
    },
};

fn read(table: &ConfigTable<'_>) -> Option<Box<dyn Definition>> {
    table.allow(&["urgent", "settled"]);
    let usual = Words::default();
    Some(Box::new(Words {
        urgent: table.list("urgent").unwrap_or(usual.urgent),
        settled: table.list("settled").unwrap_or(usual.settled),
    }))
}

fn block(words: &Words) -> Block {
    let usual = Words::default();
    let block = Block { is_list: false, ..Block::new("words", words.title()) };
    let own = |words: &Vec<String>, usual: Vec<String>| {
        Some(ConfigValue::List(words.clone())).filter(|_| *words != usual)
    };
    block
        .with_some("urgent", own(&words.urgent, usual.urgent))
        .with_some("settled", own(&words.settled, usual.settled))
}

impl Definition for Words {
    fn title(&self) -> String {
        "words".to_owned()
    }

    fn present(&self, store: &Store) -> Result<Option<Block>> {
        Ok(Some(block(&store.words()?)))
    }

    fn wanted(&self, _store: &Store) -> Result<Block> {
        Ok(block(self))
    }

    fn save(&self, store: &Store, _table: &ConfigTable<'_>) -> Result<()> {
        store.save_words(self)
    }
}
