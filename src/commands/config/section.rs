//! What the sections of a configuration have in common.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use anyhow::Result;

use super::{
    health, links, metrics, notify, playbooks, pulse, reasons, report, rules, segments, sources,
    words,
};
use crate::configuration::{Block, ConfigTable, Document};
use crate::domain::rule::Rule;
use crate::store::{Catalogue, Store};

/// The sections, in the order in which they are written and applied.
const SECTIONS: [Section; 12] = [
    rules::SECTION,
    metrics::SECTION,
    segments::SECTION,
    health::SECTION,
    pulse::SECTION,
    playbooks::SECTION,
    reasons::SECTION,
    words::SECTION,
    notify::SECTION,
    report::SECTION,
    links::SECTION,
    sources::SECTION,
];

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

/// A table of a file, and what it defines.
pub(super) struct DefinedTable<'d> {
    pub table: ConfigTable<'d>,
    pub definition: Box<dyn Definition>,
}

/// Everything that a file defines, in the order in which it is saved. Errors are recorded in the
/// document.
pub(super) fn items<'d>(document: &'d Document<'d>) -> Vec<DefinedTable<'d>> {
    let root = document.root();
    root.allow(&names_below(&[]));
    let mut items: Vec<DefinedTable<'d>> = Vec::new();
    for section in &SECTIONS {
        let tables = tables_of(&root, section);
        let read = tables
            .into_iter()
            .filter_map(|table| (section.read)(&table).map(|definition| (table, definition)));
        let mut of_section: Vec<DefinedTable<'d>> =
            read.map(|(table, definition)| DefinedTable { table, definition }).collect();
        refuse_twins(&of_section);
        of_section.sort_by_key(|item| !item.definition.comes_first());
        items.append(&mut of_section);
    }
    items
}

/// The blocks of everything that a team has created or changed.
pub(super) fn own(store: &Store) -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    for section in &SECTIONS {
        blocks.append(&mut (section.own)(store)?);
    }
    Ok(blocks)
}

fn tables_of<'d>(root: &ConfigTable<'d>, section: &Section) -> Vec<ConfigTable<'d>> {
    match section.path {
        [key] => root.tables(key, section.heading, section.is_list),
        [outer, key] => {
            let outer_tables = root.tables(outer, outer, false);
            outer_tables.iter().for_each(|table| table.allow(&names_below(&[outer])));
            outer_tables
                .iter()
                .flat_map(|table| table.tables(key, section.heading, section.is_list))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The keys below a path that lead to sections.
fn names_below(path: &[&str]) -> Vec<&'static str> {
    let below = SECTIONS.iter().filter(|section| section.path.starts_with(path));
    below.filter_map(|section| section.path.get(path.len()).copied()).collect()
}

fn refuse_twins(items: &[DefinedTable<'_>]) {
    let mut first: HashMap<String, &DefinedTable<'_>> = HashMap::new();
    for item in items {
        match first.entry(item.definition.title()) {
            Entry::Vacant(place) => _ = place.insert(item),
            Entry::Occupied(first) => {
                let line = first.get().table.line();
                let message = format!("{} is already defined on line {line}", first.key());
                item.table.error("", message, Some("keep one of the two"));
            }
        }
    }
}
