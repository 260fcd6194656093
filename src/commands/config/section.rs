//! What the sections of a configuration have in common.

use anyhow::Result;

use crate::configuration::{Block, ConfigTable};
use crate::domain::rule::Rule;
use crate::store::{Catalogue, Store};

pub(super) struct Section {
    /// The heading of its tables: `[[health.profile]]`.
    pub heading: &'static str,
    /// Parses a table, and records errors in it.
    pub read: fn(&ConfigTable<'_>) -> Option<Box<dyn Definition>>,
    /// Everything that a team has created or changed, in the order in which it is written.
    pub own: fn(&Store) -> Result<Vec<Block>>,
}

impl Section {
    /// The keys that lead to its tables.
    pub(super) fn path(&self) -> Vec<&'static str> {
        self.heading.trim_matches(['[', ']']).split('.').collect()
    }
}

/// The block of settings, unless they are the default ones.
pub(super) fn own_settings<S: Definition + Default + PartialEq>(settings: &S) -> Vec<Block> {
    if *settings == S::default() { Vec::new() } else { vec![settings.block()] }
}

/// An object that a table defines.
pub(super) trait Definition {
    /// Its state as the file says. The title is unique in a file.
    fn block(&self) -> Block;

    /// Whether it must be saved before the others of its section.
    fn comes_first(&self) -> bool {
        false
    }

    /// Its present state; `None` if it does not exist.
    fn present(&self, store: &Store) -> Result<Option<Block>>;

    /// Its state as the file says, with what the file leaves to the database.
    fn wanted(&self, _store: &Store) -> Result<Block> {
        Ok(self.block())
    }

    /// Saves it, or records in the table why that is impossible.
    fn save(&self, store: &Store, table: &ConfigTable<'_>) -> Result<()>;

    /// Records inconsistencies in the table, after everything in the file was saved.
    fn check(
        &self,
        _store: &Store,
        _catalogue: &Catalogue,
        _table: &ConfigTable<'_>,
    ) -> Result<()> {
        Ok(())
    }

    /// The rule it defines, if it defines one.
    fn rule(&self) -> Option<&Rule> {
        None
    }

    /// Records conflicts with other objects, after all of them are valid by themselves.
    fn check_together(
        &self,
        _store: &Store,
        _catalogue: &Catalogue,
        _table: &ConfigTable<'_>,
    ) -> Result<()> {
        Ok(())
    }

    fn advise(&self, _store: &Store) -> Result<Vec<Advice>> {
        Ok(Vec::new())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Advice {
    /// Something that may be a mistake.
    Warning(String),
    /// Something that could be better.
    Hint(String),
}
