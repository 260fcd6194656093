//! `[[pulse.level]]`: a team's guidelines for the levels of the pulse.

use anyhow::Result;

use super::section::{Definition, Section};
use crate::configuration::{Block, ConfigTable};
use crate::domain::pulse::Level;
use crate::store::Store;

pub(super) const SECTION: Section = Section {
    path: &["pulse", "level"],
    heading: "[[pulse.level]]",
    is_list: true,
    read,
    own: |store| {
        Ok(store
            .own_guidelines()?
            .iter()
            .map(|(level, guideline)| block(*level, guideline))
            .collect())
    },
};

struct LevelGuideline {
    level: Level,
    text: String,
}

fn read(table: &ConfigTable<'_>) -> Option<Box<dyn Definition>> {
    table.allow(&["name", "guideline"]);
    let level = level(table);
    let text =
        if table.has("guideline") { Some(table.required("guideline")?.to_owned()) } else { None };
    let level = level?;
    let text = text.unwrap_or_else(|| level.shipped_guideline().to_owned());
    Some(Box::new(LevelGuideline { level, text }))
}

/// The level, by its label or number.
fn level(table: &ConfigTable<'_>) -> Option<Level> {
    let name = table.label("name")?;
    name.parse().map_err(|error: String| table.error("name", error, None)).ok()
}

fn title(level: Level) -> String {
    format!("pulse level '{level}'")
}

fn block(level: Level, guideline: &str) -> Block {
    Block::new("pulse.level", title(level)).with("name", level.label()).with("guideline", guideline)
}

impl Definition for LevelGuideline {
    fn title(&self) -> String {
        title(self.level)
    }

    fn present(&self, store: &Store) -> Result<Option<Block>> {
        Ok(Some(block(self.level, &store.guideline(self.level)?)))
    }

    fn wanted(&self, _store: &Store) -> Result<Block> {
        Ok(block(self.level, &self.text))
    }

    fn save(&self, store: &Store, _table: &ConfigTable<'_>) -> Result<()> {
        store.set_guideline(self.level, &self.text)
    }
}
