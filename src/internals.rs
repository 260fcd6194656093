//! What the project's tests, benchmarks and fuzz targets call without the program in between. It may
//! change with any commit.
//!
//! Large parts are reached through functions over plain values: a type that is public here makes all
//! of its methods public, and the compiler no longer reports those that nothing uses.

use std::io::Cursor;
use std::path::Path;

use anyhow::Result;
use clap::CommandFactory;

use crate::cli::Cli;
use crate::configuration::Document;
use crate::domain::attributes::{self, Datum};
use crate::domain::{EVENTS, preset};
use crate::error::ErrorKind;
use crate::expression::Evaluator;
use crate::import::{Incoming, Options, Rejects, Verdict, read_events, read_facts};
use crate::store::{Permissions, Store};
use crate::views::presets;

pub use crate::domain::backtest::{Backtest, Raised, Settings, Subject, one_a_company};
pub use crate::domain::day::{Day, Instant};
pub use crate::domain::zone::Zone;
pub use crate::expression::EXPRESSION_FUNCTIONS;
pub use crate::import::catalogue::{Catalogue, CellType, FactKind};
pub use crate::import::cells;
pub use crate::import::json::{Flattener, names_in};
pub use crate::import::records::{Peeked, Records};
pub use crate::import::source::Source;
pub use crate::import::times::{Expected, Plausible, TimeReader, TimeSettings};
pub use crate::render::escape;

/// The command line, to walk through its commands and options.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Exit codes other than 0, with their meanings.
pub fn exit_codes() -> impl Iterator<Item = (u8, &'static str)> {
    ErrorKind::ALL.iter().map(|(_, code, meaning)| (*code, *meaning))
}

/// The attributes that every database has: group, name, type, unit and help.
pub fn attributes() -> impl Iterator<Item = [String; 5]> {
    attributes::catalogue().map(|attribute| {
        [
            attribute.group.to_string(),
            attribute.name.to_string(),
            attribute.kind.to_string(),
            attribute.unit.to_string(),
            attribute.help.to_string(),
        ]
    })
}

/// A preset, as the documentation lists it.
#[derive(Debug)]
pub struct PresetRow {
    pub name: &'static str,
    /// The options that it needs on the command line.
    pub options: Option<String>,
    pub is_usual: bool,
    pub source: &'static str,
    pub signal_type: String,
    pub purpose: &'static str,
    pub rule: String,
    pub playbook: &'static str,
}

/// The presets that ship with the program.
pub fn presets() -> impl Iterator<Item = PresetRow> {
    preset::shipped().iter().map(|preset| PresetRow {
        name: &preset.name,
        options: presets::options(preset),
        is_usual: preset.usual,
        source: &preset.source,
        signal_type: presets::type_of(preset).to_string(),
        purpose: &preset.purpose,
        rule: presets::rule(preset).to_string(),
        playbook: &preset.playbook,
    })
}

/// How many rows of a file were read, accepted and rejected.
#[derive(Debug)]
pub struct RowCounts {
    pub read: u64,
    pub accepted: u64,
    pub rejected: u64,
}

/// Reads a file as an import does, without a database; `None` when the file is refused.
pub fn read_file(bytes: &[u8], wide: bool, now: Instant) -> Option<RowCounts> {
    let options = Options { wide, ..Options::default() };
    let reader = Box::new(Cursor::new(bytes.to_vec()));
    let source = Source::from_reader("a.csv".to_owned(), reader, None, None).ok()?;
    let incoming = Incoming::from_source(source, &options).ok()?;
    let mut sheet = incoming.sheet(Zone::UTC, now, &[]).ok()?;
    let is_events = sheet.plan().mapping.kind.name == EVENTS;
    let mut rejects = Rejects::new("a.csv", None);
    let mut accepted = 0;
    let read = if is_events {
        read_events(&mut sheet, &mut rejects, |row| {
            accepted += u64::from(row.part == 0);
            Ok(Verdict::Accepted)
        })
    } else {
        read_facts(&mut sheet, &mut rejects, |_| {
            accepted += 1;
            Ok(Verdict::Accepted)
        })
    };
    Some(RowCounts { read: read.ok()?, accepted, rejected: rejects.count() })
}

/// Evaluates an expression for a company whose attributes are all unknown, if it can be read.
///
/// # Errors
/// An evaluation that takes too long or has too long a result.
pub fn evaluate_over_nothing(text: &str, names: &[&str]) -> Result<()> {
    let evaluator = Evaluator::new()?;
    let Ok(expression) = evaluator.read(text, names) else { return Ok(()) };
    let unknown = Datum::Null;
    let row = vec![&unknown; expression.names.len()];
    evaluator.evaluate(&expression, std::iter::once(row)).map(drop)
}

/// Reads a configuration with rules and segments. Returns the line of each rule and whether there
/// are no errors; `None` when the text is not TOML.
pub fn read_configuration(text: &str) -> Option<(Vec<usize>, bool)> {
    let document = Document::read("a.toml", text).ok()?;
    let root = document.root();
    root.allow(&["rule", "segment"]);
    let mut lines = Vec::new();
    for table in root.tables("[[rule]]") {
        let _ = (table.required("name"), table.whole("timeframe", &(1..=365), "days"));
        let _ = (table.number("threshold"), table.truth("enabled"), table.list("tags"));
        lines.push(table.line());
    }
    Some((lines, document.is_sound()))
}

/// Creates an empty database.
///
/// # Errors
/// A file that cannot be created.
pub fn create_database(path: &Path) -> Result<()> {
    Store::create_or_open(path, Permissions::Owner).map(drop)
}

/// Opens a database that may be damaged, checks it and reads some of it.
///
/// # Errors
/// A file that is refused or cannot be read.
pub fn examine_database(path: &Path) -> Result<()> {
    let store = Store::open_to_read(path)?;
    store.problems()?;
    store.event_summaries()?;
    store.rules()?;
    store.event_names().map(drop)
}
