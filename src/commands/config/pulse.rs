//! `[[pulse.level]]`: a team's guidelines for the levels of the pulse.

use anyhow::Result;

use super::section::{Definition, Section};
use crate::configuration::{Block, ConfigTable};
use crate::domain::pulse::Level;
use crate::store::Store;

pub(super) const SECTION: Section = Section {
    heading: "[[pulse.level]]",
    read,
    own: |store| {
        let own = store.own_guidelines()?.into_iter();
        Ok(own.map(|(level, text)| LevelGuideline { level, text }.block()).collect())
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

impl Definition for LevelGuideline {
    fn block(&self) -> Block {
        Block::new("[[pulse.level]]", format!("pulse level '{}'", self.level))
            .with("name", self.level.label())
            .with("guideline", self.text.as_str())
    }

    fn present(&self, store: &Store) -> Result<Option<Block>> {
        let text = store.guideline(self.level)?;
        Ok(Some(LevelGuideline { level: self.level, text }.block()))
    }

    fn save(&self, store: &Store, _table: &ConfigTable<'_>) -> Result<()> {
        store.set_guideline(self.level, &self.text)
    }
}
