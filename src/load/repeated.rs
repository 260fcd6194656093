//! Several rows with the same id in a file.
//!
//! Equal rows are one. Differing rows usually are an error of the export, such as a row for each
//! line of an invoice: the file is refused, unless a column orders the rows or the user says that
//! the last one counts. Rows are stored as they come, before the one that counts is known: a later
//! one replaces what an earlier one stored.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};

use compact_str::CompactString;
use rustc_hash::FxHashMap;

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

/// The row of an id that counts so far.
#[derive(Debug, Clone, Copy)]
struct Seen {
    line: u64,
    content: u64,
    as_of: Option<Instant>,
    record: Record,
}

/// What the file has made of the stored record of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Record {
    /// It is as it was before the file.
    Kept,
    /// It was not there before.
    New,
    /// It had this fingerprint before, and is different now.
    Changed(u64),
}

/// Rows that differ from the one that counts, with nothing to decide between them.
#[derive(Debug)]
struct Conflict {
    /// The lines of the one that counts and of the first of them.
    lines: (u64, u64),
    rows: u64,
}

/// The ids of a file, each with the row that counts.
#[derive(Debug)]
pub(super) struct RepeatedRows {
    last_wins: bool,
    seen: FxHashMap<CompactString, Seen>,
    conflicts: HashMap<String, Conflict>,
    superseded: u64,
    is_ordered: bool,
    /// Whether the time of a row could not be read that had to be compared.
    has_undated: bool,
}

impl RepeatedRows {
    /// Begins a file. `last_wins`: of differing rows the last one counts.
    pub(super) fn new(last_wins: bool) -> Self {
        RepeatedRows {
            last_wins,
            seen: FxHashMap::default(),
            conflicts: HashMap::new(),
            superseded: 0,
            is_ordered: false,
            has_undated: false,
        }
    }

    /// The role of a row among the accepted ones with its id.
    pub(super) fn turn(&self, id: &str, row: &FactRow<'_>) -> Repetition {
        let Some(seen) = self.seen.get(id) else { return Repetition::First };
        if seen.content == content(row) {
            return Repetition::Equal;
        }
        match as_of(row).cmp(&seen.as_of) {
            Ordering::Greater => Repetition::First,
            Ordering::Less => Repetition::Outdated,
            Ordering::Equal if self.last_wins => Repetition::First,
            Ordering::Equal => Repetition::Conflict,
        }
    }

    /// Records an accepted row.
    pub(super) fn accept(&mut self, id: &str, row: &FactRow<'_>, turn: Repetition) {
        let as_of = as_of(row);
        let Some(seen) = self.seen.get_mut(id) else {
            let (line, content) = (row.line, content(row));
            let seen = Seen { line, content, as_of, record: Record::Kept };
            self.seen.insert(id.into(), seen);
            return;
        };
        let is_later = as_of > seen.as_of;
        if matches!(turn, Repetition::First | Repetition::Outdated) {
            self.superseded += 1;
            self.is_ordered |= as_of != seen.as_of;
            self.has_undated |= as_of.is_some() != seen.as_of.is_some();
        }
        match turn {
            Repetition::First => {
                (seen.line, seen.content, seen.as_of) = (row.line, content(row), as_of);
            }
            Repetition::Equal => seen.as_of = seen.as_of.max(as_of),
            Repetition::Outdated => {}
            Repetition::Conflict => {
                let lines = (seen.line, row.line);
                let conflict = Conflict { lines, rows: 0 };
                self.conflicts.entry(id.to_owned()).or_insert(conflict).rows += 1;
            }
        }
        // Whichever of the rows before was meant, this one is later.
        if let Some(conflict) = is_later.then(|| self.conflicts.remove(id)).flatten() {
            self.superseded += conflict.rows;
        }
    }

    /// Records what an accepted row that counts makes of the stored record of its id. Returns
    /// whether the record is new in the file.
    pub(super) fn store<R: Debug + PartialEq>(
        &mut self,
        id: &str,
        old: Option<&R>,
        new: &R,
    ) -> bool {
        let Some(seen) = self.seen.get_mut(id) else { return false };
        seen.record = match (seen.record, old) {
            (Record::New, _) | (Record::Kept, None) => Record::New,
            (Record::Kept, Some(old)) if old == new => Record::Kept,
            (Record::Kept, Some(old)) => Record::Changed(fingerprint(old)),
            (Record::Changed(before), _) if before == fingerprint(new) => Record::Kept,
            (Record::Changed(before), _) => Record::Changed(before),
        };
        seen.record == Record::New
    }

    /// How many records from before the file are different now.
    pub(super) fn changed(&self) -> u64 {
        let records = self.seen.values().map(|seen| seen.record);
        records.filter(|record| matches!(record, Record::Changed(_))).count() as u64
    }

    /// Whether rows were stored that do not count.
    pub(super) fn has_superseded(&self) -> bool {
        self.superseded > 0
    }

    /// A remark for the user after all rows were read.
    ///
    /// # Errors
    /// Differing rows with the same id.
    pub(super) fn judge(&self, file: &str) -> Result<Option<String>, CommandError> {
        if !self.conflicts.is_empty() {
            return Err(self.refusal(file));
        }
        let which = if self.is_ordered { "latest" } else { "last" };
        let undated = match self.has_undated {
            true => "; one without a time that can be read counts as the oldest",
            false => "",
        };
        Ok((self.superseded > 0).then(|| {
            let rows = if self.superseded == 1 { "row" } else { "rows" };
            format!(
                "{} {rows} left out: of several rows of one id the {which} counts{undated}",
                self.superseded
            )
        }))
    }

    fn refusal(&self, file: &str) -> CommandError {
        let mut conflicts: Vec<_> = self.conflicts.iter().collect();
        conflicts.sort_unstable_by_key(|(_, conflict)| conflict.lines.1);
        let named = conflicts.iter().take(NAMED).map(|(id, conflict)| {
            let (first, other) = conflict.lines;
            format!("'{id}' (lines {first} and {other})")
        });
        let named: Vec<String> = named.collect();
        let more = conflicts.len() - named.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        refused(format!(
            "{file}: several rows have the same id but differ: {}{more}",
            named.join(", ")
        ))
        .hint("export one row for each id, or let the last one count: --last-wins")
    }
}

fn as_of(row: &FactRow<'_>) -> Option<Instant> {
    row.as_of.map(|moment| moment.at)
}

/// A hash of a record.
fn fingerprint(record: &impl Debug) -> u64 {
    let mut hasher = DefaultHasher::new();
    format!("{record:?}").hash(&mut hasher);
    hasher.finish()
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
