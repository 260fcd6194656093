//! Several rows with the same id in a file.
//!
//! Equal rows are one. Differing rows usually are an error of the export, such as a row for each
//! line of an invoice: the file is refused, unless a column orders the rows or the user says that
//! the last one counts.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::domain::day::Instant;
use crate::error::{CommandError, refused};
use crate::import::{FactRow, Value};

/// At most this many ids are named.
const NAMED: usize = 3;

/// The role of a row among those with its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repetition {
    /// The first of them, or one that replaces earlier ones.
    First,
    /// Equal to the one that counts.
    Equal,
    /// Superseded by a later one that was read before.
    Outdated,
    /// One that differs, with nothing to decide between them.
    Conflict,
}

impl Repetition {
    /// Whether the row is to be stored.
    pub(super) fn counts(self) -> bool {
        self == Repetition::First
    }
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    line: u64,
    content: u64,
    as_of: Option<Instant>,
}

/// The ids of a file, each with the row that counts.
#[derive(Debug)]
pub(super) struct RepeatedRows {
    last_wins: bool,
    seen: HashMap<String, Seen>,
    conflicts: Vec<String>,
    conflict_count: usize,
    superseded: u64,
    is_ordered: bool,
}

impl RepeatedRows {
    /// Begins a file. `last_wins`: of differing rows the last one counts.
    pub(super) fn new(last_wins: bool) -> Self {
        RepeatedRows {
            last_wins,
            seen: HashMap::new(),
            conflicts: Vec::new(),
            conflict_count: 0,
            superseded: 0,
            is_ordered: false,
        }
    }

    /// The role of a row among the accepted ones with its id.
    pub(super) fn turn(&self, id: &str, row: &FactRow<'_>) -> Repetition {
        let Some(seen) = self.seen.get(id) else { return Repetition::First };
        let as_of = row.as_of.map(|moment| moment.at);
        if seen.content == content(row) {
            Repetition::Equal
        } else if seen.as_of.is_some() || as_of.is_some() {
            if as_of >= seen.as_of { Repetition::First } else { Repetition::Outdated }
        } else if self.last_wins {
            Repetition::First
        } else {
            Repetition::Conflict
        }
    }

    /// Records an accepted row.
    pub(super) fn accept(&mut self, id: &str, row: &FactRow<'_>, turn: Repetition) {
        let as_of = row.as_of.map(|moment| moment.at);
        let seen = Seen { line: row.line, content: content(row), as_of };
        match turn {
            Repetition::First => {
                let before = self.seen.insert(id.to_owned(), seen);
                self.superseded += u64::from(before.is_some());
                self.is_ordered |= before.is_some() && as_of.is_some();
            }
            Repetition::Equal => {}
            Repetition::Outdated => {
                self.superseded += 1;
                self.is_ordered = true;
            }
            Repetition::Conflict => {
                if self.conflicts.len() < NAMED {
                    let first = self.seen.get(id).map_or(row.line, |seen| seen.line);
                    self.conflicts.push(format!("'{id}' (lines {first} and {})", row.line));
                }
                self.conflict_count += 1;
            }
        }
    }

    /// A remark for the user after all rows were read.
    ///
    /// # Errors
    /// Differing rows with the same id.
    pub(super) fn judge(&self, file: &str) -> Result<Option<String>, CommandError> {
        if self.conflict_count > 0 {
            let more = self.conflict_count.saturating_sub(self.conflicts.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            return Err(refused(format!(
                "{file}: several rows have the same id but differ: {}{more}",
                self.conflicts.join(", ")
            ))
            .hint("export one row for each id, or let the last one count: --last-wins"));
        }
        let which = if self.is_ordered { "latest" } else { "last" };
        Ok((self.superseded > 0).then(|| {
            let rows = if self.superseded == 1 { "row" } else { "rows" };
            format!(
                "{} {rows} left out: of several rows of one id the {which} counts",
                self.superseded
            )
        }))
    }
}

/// A hash of the row's cells in the columns that are read.
fn content(row: &FactRow<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (column, value) in &row.cells {
        column.hash(&mut hasher);
        std::mem::discriminant(value).hash(&mut hasher);
        match value {
            Some(Value::Text(text)) => text.hash(&mut hasher),
            Some(Value::Whole(number)) => number.hash(&mut hasher),
            Some(Value::Money(amount)) => amount.to_bits().hash(&mut hasher),
            Some(Value::Day(day)) => day.hash(&mut hasher),
            Some(Value::Moment(moment)) => moment.at.hash(&mut hasher),
            None => {}
        }
    }
    row.custom.hash(&mut hasher);
    hasher.finish()
}
