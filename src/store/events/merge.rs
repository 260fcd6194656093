//! Merges one day of a file with what is stored of that day.

use std::borrow::Cow;
use std::rc::Rc;

use anyhow::Result;
use rusqlite::CachedStatement;
use rusqlite::types::Value;
use rustc_hash::{FxHashMap, FxHashSet};

use super::day_rows::{DayRows, gather};
use super::day_text::{EventKey, StoredEvent};
use super::first_days::FirstDays;
use super::keys;
use super::pieces::PieceWriter;
use super::waiting::WaitingEvent;
use super::writer::WrittenRows;
use crate::store::Store;

/// What was stored of a day before this file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DayBefore {
    /// Nothing: everything that is stored now is from this file.
    Nothing,
    /// Something. When such a day is written, the rows of this file are set aside, because the
    /// store does not tell how many copies this file had.
    Something,
    /// Exactly the events that this file has of the day.
    Same,
}

impl Store {
    /// A writer for the days of an import.
    pub(super) fn day_writer(&self, import: i64) -> Result<DayWriter<'_>> {
        let connection = &self.connection;
        Ok(DayWriter {
            days: connection.prepare_cached(
                "INSERT INTO event_days (id, events)
                 SELECT ?3 + (value >> 41) * 1000, CAST(substr(?2, (value >> 18 & 8388607) + 1, value & 262143) AS TEXT)
                 FROM rarray(?1) WHERE true
                 ON CONFLICT (id) DO UPDATE SET events = excluded.events",
            )?,
            day: connection.prepare_cached(
                "INSERT INTO event_days (id, events) VALUES (?1, CAST(?2 AS TEXT))
                 ON CONFLICT (id) DO UPDATE SET events = excluded.events",
            )?,
            counts: connection.prepare_cached(
                "INSERT INTO day_counts (id, count)
                 SELECT ?2 + (value >> 16), value & 65535 FROM rarray(?1) WHERE true
                 ON CONFLICT (id) DO UPDATE SET count = excluded.count",
            )?,
            count: connection.prepare_cached(
                "INSERT INTO day_counts (id, count) VALUES (?1, ?2)
                 ON CONFLICT (id) DO UPDATE SET count = excluded.count",
            )?,
            log: connection.prepare_cached(
                "INSERT INTO import_days (import, id, events)
                 SELECT ?1, d.value, (SELECT events FROM event_days WHERE id = d.value)
                 FROM rarray(?2) d WHERE true
                 ON CONFLICT DO NOTHING",
            )?,
            import,
            rows: DayRows::default(),
            is_new: true,
            first_days: FirstDays::default(),
        })
    }
}

/// Writes the events of companies on a day in place of those that are stored, the rows of a day
/// together: a statement for each row would take several times as long.
pub(super) struct DayWriter<'s> {
    days: CachedStatement<'s>,
    day: CachedStatement<'s>,
    counts: CachedStatement<'s>,
    count: CachedStatement<'s>,
    log: CachedStatement<'s>,
    import: i64,
    /// The rows that wait.
    rows: DayRows,
    /// Whether their day has no events of earlier imports.
    is_new: bool,
    /// The first days in the written events.
    pub(super) first_days: FirstDays,
}

impl DayWriter<'_> {
    /// Writes the events of a company on a day, which are in order and at most one piece, and their
    /// counts. What is stored has no other event names. `is_new` means that the day has no events
    /// of earlier imports.
    pub(super) fn put(
        &mut self,
        day: i32,
        company: u32,
        events: &[StoredEvent],
        is_new: bool,
    ) -> Result<()> {
        if day != self.rows.day || self.rows.is_full() {
            self.flush()?;
            (self.rows.day, self.is_new) = (day, is_new);
        }
        self.rows.add(company, events, &mut self.first_days);
        Ok(())
    }

    /// Writes the waiting rows.
    pub(super) fn flush(&mut self) -> Result<()> {
        let mut rows = std::mem::take(&mut self.rows);
        self.write(&mut rows, self.is_new)?;
        rows.clear();
        self.rows = rows;
        Ok(())
    }

    /// Writes rows. The arrays are emptied. Unless the day is new, what is stored is logged before,
    /// for undoing the import.
    pub(super) fn write(&mut self, rows: &mut DayRows, is_new: bool) -> Result<()> {
        let day = rows.day;
        if !is_new {
            let key = |company| Value::Integer(keys::of_piece(day, company, 0));
            let replaced: Vec<Value> = rows.companies().map(key).collect();
            self.log.execute((self.import, Rc::new(replaced)))?;
        }
        if !rows.days.is_empty() {
            let days = Rc::new(std::mem::take(&mut rows.days));
            self.days.execute((&days, &rows.texts, keys::of_piece(day, 0, 0)))?;
        }
        if let Some((company, place)) = rows.long_text {
            self.day.execute((keys::of_piece(day, company, 0), &rows.texts[place..]))?;
        }
        if !rows.counts.is_empty() {
            let counts = Rc::new(std::mem::take(&mut rows.counts));
            self.counts.execute((&counts, keys::of_count(day, 0, 0)))?;
        }
        for (company, event, copies) in &rows.large_counts {
            self.count.execute((keys::of_count(day, *company, *event), copies))?;
        }
        Ok(())
    }
}

/// Merges the rows of a file with the stored events of one day.
pub(super) struct Merge<'s, 'w> {
    pub(super) store: &'s Store,
    pub(super) writer: &'w mut DayWriter<'s>,
    pub(super) day: i32,
    pub(super) before: DayBefore,
    /// Whether rows of this file on the day have been written already.
    pub(super) is_again: bool,
    pub(super) has_parts: bool,
    pub(super) last_old_identity: u32,
    pub(super) import: i64,
    /// The maximum number of events of a row of `event_days`.
    pub(super) piece: usize,
    /// The events of a company, a buffer that is reused.
    pub(super) events: Vec<StoredEvent>,
}

impl Merge<'_, '_> {
    /// Adds the copies that one company's rows have beyond what is stored. `earlier` has the rows
    /// of the same file that were written before, if the store alone does not tell how many copies
    /// those were. Both are in order.
    pub(super) fn company(
        &mut self,
        company: u32,
        rows: &[WaitingEvent],
        earlier: &[WaitingEvent],
    ) -> Result<WrittenRows> {
        let is_again = |row: &WaitingEvent| !row.is_first;
        let is_one_piece = rows.len() <= self.piece && earlier.len() <= self.piece;
        let is_plain = is_one_piece && !self.has_parts && !rows.iter().any(is_again);
        if is_plain && self.is_fresh() {
            return self.insert_fresh(company, rows);
        }
        let is_read = is_one_piece && !self.is_fresh();
        let stored = if is_read { self.stored(company)? } else { Vec::new() };
        if !is_one_piece || stored.len() >= self.piece {
            let (rows, earlier) = (rows.iter().copied().map(Ok), earlier.iter().copied().map(Ok));
            return self.many(company, rows, earlier);
        }
        let again: Vec<WaitingEvent> = rows.iter().copied().filter(is_again).collect();
        let rows = match again.is_empty() {
            true => Cow::Borrowed(rows),
            false => rows.iter().copied().filter(|row| row.is_first).collect(),
        };
        let (mut merged, mut written) = self.merged(&stored, &rows, earlier);
        let is_recounted = !again.is_empty() && self.recount(&mut merged, again, &mut written);
        if written.new > 0 || is_recounted {
            self.save(company, &merged)?;
        }
        Ok(written)
    }

    /// The events of a company after its `rows` were added to the `stored` ones, which are both in
    /// order.
    fn merged(
        &self,
        stored: &[StoredEvent],
        rows: &[WaitingEvent],
        earlier: &[WaitingEvent],
    ) -> (Vec<StoredEvent>, WrittenRows) {
        let mut new_rows = Vec::new();
        let of_file = |key, copies| self.earlier_copies(earlier, key, copies);
        let (merged, mut written) = add_rows_to(stored, rows, of_file, |row, new| {
            if self.has_parts && new > 0 {
                new_rows.push(row.row);
            }
        });
        if self.has_parts {
            written = WrittenRows { repeated: written.repeated, ..rows_of_parts(rows, &new_rows) };
        }
        (merged, written)
    }

    /// Adds rows of a day on which nothing is stored, which are nearly all rows of a first import.
    fn insert_fresh(&mut self, company: u32, rows: &[WaitingEvent]) -> Result<WrittenRows> {
        let (written, _) = gather(rows, &mut self.events, self.piece);
        if !self.events.is_empty() {
            self.writer.put(self.day, company, &self.events, true)?;
        }
        Ok(written)
    }

    /// Whether the company has no events on the day.
    pub(super) fn is_fresh(&self) -> bool {
        self.before == DayBefore::Nothing && !self.is_again
    }

    /// Logs the events of the company on the day before the import, for undoing it.
    pub(super) fn note_before(&self, company: u32) -> Result<()> {
        match self.before {
            DayBefore::Nothing => Ok(()),
            _ => self.store.note_pieces_before(self.import, self.day, company),
        }
    }

    /// Sets the copies of events with a repeated id to those of the last row with that id. Returns
    /// whether any copies changed.
    fn recount(
        &self,
        events: &mut [StoredEvent],
        mut again: Vec<WaitingEvent>,
        written: &mut WrittenRows,
    ) -> bool {
        written.known += again.len() as u64;
        again.sort_unstable_by_key(|row| (row.identity, row.row));
        let places: FxHashMap<u32, usize> =
            events.iter().enumerate().map(|(place, event)| (event.key.identity, place)).collect();
        let mut is_changed = false;
        for rows in again.chunk_by(|one, other| one.identity == other.identity) {
            let row = &rows[rows.len() - 1];
            let Some(place) = places.get(&row.identity) else { continue };
            let copies = &mut events[*place].copies;
            if *copies != u64::from(row.copies) {
                *copies = u64::from(row.copies);
                is_changed = true;
                written.changed += u64::from(row.identity <= self.last_old_identity);
            }
        }
        is_changed
    }

    /// The copies of a key in the rows of this file that were written before.
    fn earlier_copies(&self, earlier: &[WaitingEvent], key: EventKey, stored: u64) -> u64 {
        if self.is_again && self.before != DayBefore::Something {
            return stored;
        }
        let first = earlier.partition_point(|event| event.key() < key);
        let equal = earlier[first..].iter().take_while(|event| event.key() == key);
        equal.map(WaitingEvent::total).sum()
    }

    /// The stored events of a company, at most one piece.
    fn stored(&self, company: u32) -> Result<Vec<StoredEvent>> {
        let first = keys::of_piece(self.day, company, 0);
        Ok(self.store.piece(first)?.unwrap_or_default())
    }

    /// Saves the events of a company that has at most one piece so far.
    fn save(&mut self, company: u32, events: &[StoredEvent]) -> Result<()> {
        if events.len() <= self.piece {
            let is_new = self.before == DayBefore::Nothing;
            return self.writer.put(self.day, company, events, is_new);
        }
        self.writer.flush()?;
        self.note_before(company)?;
        let mut out = PieceWriter::new(self.store, self.day, company).sized(self.piece);
        events.iter().try_for_each(|event| out.push(*event, false))?;
        out.finish()?;
        self.writer.first_days.note(self.day, company, events);
        Ok(())
    }
}

/// The events of a company after `rows` were added to the `stored` ones, which are both in order.
/// `of_file` tells how many copies of a key, of which some are stored, earlier rows of the file had.
/// Calls `tell` with each row and how many of the rows that it stands for add copies.
pub(super) fn add_rows_to(
    stored: &[StoredEvent],
    rows: &[WaitingEvent],
    of_file: impl Fn(EventKey, u64) -> u64,
    mut tell: impl FnMut(&WaitingEvent, u64),
) -> (Vec<StoredEvent>, WrittenRows) {
    let mut merged = Vec::with_capacity(stored.len() + rows.len());
    let mut written = WrittenRows::default();
    let mut left = stored.iter().copied().peekable();
    for equal in rows.chunk_by(|a, b| a.order() == b.order()) {
        let key = equal[0].key();
        written.repeated += equal.iter().map(|row| u64::from(row.rows())).sum::<u64>() - 1;
        while let Some(event) = left.next_if(|event| event.key < key) {
            merged.push(event);
        }
        let copies = left.next_if(|event| event.key == key).map_or(0, |event| event.copies);
        let total = add_rows(equal, of_file(key, copies), copies, |row, new| {
            written.new += new;
            written.known += u64::from(row.rows()) - new;
            tell(row, new);
        });
        if total > 0 {
            merged.push(StoredEvent { key, copies: total });
        }
    }
    merged.extend(left);
    (merged, written)
}

/// Adds equal rows in the order of the file. Calls `tell` with each and how many of the rows that
/// it stands for add copies. Returns the number of copies afterwards.
fn add_rows(
    equal: &[WaitingEvent],
    of_file: u64,
    stored: u64,
    mut tell: impl FnMut(&WaitingEvent, u64),
) -> u64 {
    let mut total = of_file;
    for row in equal {
        tell(row, new_rows(row, total, stored));
        total += row.total();
    }
    total.max(stored)
}

/// How many of the rows that a waiting event stands for add copies to the `stored` ones, if the
/// file had `of_file` copies before.
pub(super) fn new_rows(row: &WaitingEvent, of_file: u64, stored: u64) -> u64 {
    let (rows, copies) = (u64::from(row.rows()), u64::from(row.copies));
    // Rows whose copies are stored already.
    let known = match copies {
        0 => rows,
        copies => (stored.saturating_sub(of_file) / copies).min(rows),
    };
    rows - known
}

/// Counts rows that can have several events: a row is new if any of its events is.
fn rows_of_parts(events: &[WaitingEvent], new_rows: &[u32]) -> WrittenRows {
    let new: FxHashSet<u32> = new_rows.iter().copied().collect();
    let all: FxHashSet<u32> = events.iter().map(|event| event.row).collect();
    WrittenRows {
        new: new.len() as u64,
        known: (all.len() - new.len()) as u64,
        ..WrittenRows::default()
    }
}
