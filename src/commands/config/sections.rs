//! All sections of the configuration, and what a file or a database has of them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use anyhow::Result;

use super::section::{Definition, Section};
use super::{
    health, links, metrics, notify, playbooks, pulse, reasons, report, rules, segments, sources,
    words,
};
use crate::configuration::{Block, ConfigTable, Document};
use crate::store::Store;

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
        let read = |table| Some(DefinedTable { table, definition: (section.read)(&table)? });
        let mut of_section: Vec<_> =
            tables_of(&root, section).into_iter().filter_map(read).collect();
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
    let [outer, _] = section.path()[..] else { return root.tables(section.heading) };
    let outer_tables = root.tables(outer);
    outer_tables.iter().for_each(|table| table.allow(&names_below(&[outer])));
    outer_tables.iter().flat_map(|table| table.tables(section.heading)).collect()
}

/// The keys below a path that lead to sections.
fn names_below(path: &[&str]) -> Vec<&'static str> {
    let below = SECTIONS.iter().map(Section::path).filter(|keys| keys.starts_with(path));
    below.filter_map(|keys| keys.get(path.len()).copied()).collect()
}

fn refuse_twins(items: &[DefinedTable<'_>]) {
    let mut first: HashMap<String, &DefinedTable<'_>> = HashMap::new();
    for item in items {
        match first.entry(item.definition.block().title) {
            Entry::Vacant(place) => _ = place.insert(item),
            Entry::Occupied(first) => {
                let line = first.get().table.line();
                let message = format!("{} is already defined on line {line}", first.key());
                item.table.error("", message, Some("keep one of the two"));
            }
        }
    }
}
