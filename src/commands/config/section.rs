//! What the sections of a configuration have in common.

use anyhow::Result;

use crate::configuration::{Block, ConfigTable};
use crate::domain::rule::Rule;
use crate::store::{Catalogue, Store};

/// A section of the configuration.
pub(super) struct Section {
    /// The path of its tables: `["health", "profile"]`.
    pub path: &'static [&'static str],
    /// The heading in brackets: `[[health.profile]]`.
    pub heading: &'static str,
    /// Whether there may be several tables.
    pub is_list: bool,
    /// Parses a table, and records errors in it.
    pub read: fn(&ConfigTable<'_>) -> Option<Box<dyn Definition>>,
    /// Everything that a team has created or changed, in the order in which it is written.
    pub own: fn(&Store) -> Result<Vec<Block>>,
}

/// An object that a table defines.
pub(super) trait Definition {
    /// Its name for people, unique in a file: `rule 'login'`.
    fn title(&self) -> String;

    /// Whether it must be saved before the others of its section.
    fn comes_first(&self) -> bool {
        false
    }

    /// Its present state; `None` if it does not exist.
    fn present(&self, store: &Store) -> Result<Option<Block>>;

    /// Its state as the file says.
    fn wanted(&self, store: &Store) -> Result<Block>;

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

    /// Advice for the user.
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
