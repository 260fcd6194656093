//! Merges one day of a file with what is stored of that day.

use std::rc::Rc;

use anyhow::Result;
use rusqlite::CachedStatement;
use rusqlite::types::Value;
use rusqlite::vtab::array;
use rustc_hash::{FxHashMap, FxHashSet};

use super::day_text::{self, EventKey, StoredEvent};
use super::first_uses::FirstUses;
use super::keys;
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
    /// A writer for days on which a company has no events yet.
    pub(super) fn day_inserter(&self) -> Result<DayInserter<'_>> {
        let connection = &self.connection;
        array::load_module(connection)?;
        Ok(DayInserter {
            days: connection.prepare_cached(
                "INSERT INTO event_days (id, events)
                 SELECT ?3 + (value >> 41) * 1000, CAST(substr(?2, (value >> 18 & 8388607) + 1, value & 262143) AS TEXT)
                 FROM rarray(?1)",
            )?,
            day: connection
                .prepare_cached("INSERT INTO event_days (id, events) VALUES (?1, CAST(?2 AS TEXT))")?,
            counts: connection.prepare_cached(
                "INSERT INTO day_counts (id, count)
                 SELECT ?2 + (value >> 16), value & 65535 FROM rarray(?1)",
            )?,
            count: connection
                .prepare_cached("INSERT INTO day_counts (id, count) VALUES (?1, ?2)")?,
            day_of_waiting: 0,
            texts: Vec::new(),
            waiting_days: Vec::new(),
            waiting_counts: Vec::new(),
            first_uses: FirstUses::default(),
        })
    }
}

/// Writes days on which a company has no events yet. The rows of a day are passed to SQLite
/// together, as an array of numbers, because one statement for each of millions of rows takes twice
/// as long.
pub(super) struct DayInserter<'s> {
    days: CachedStatement<'s>,
    day: CachedStatement<'s>,
    counts: CachedStatement<'s>,
    count: CachedStatement<'s>,
    /// The day of the waiting rows.
    day_of_waiting: i32,
    /// The waiting texts of companies, one after the other.
    texts: Vec<u8>,
    /// Company, position in `texts` and length of each waiting text; see [`pack_day`].
    waiting_days: Vec<Value>,
    /// Company, event name and count of each waiting count; see [`pack_count`].
    waiting_counts: Vec<Value>,
    /// The first uses in the written events.
    pub(super) first_uses: FirstUses,
}

/// Waiting texts are written when they have more bytes than this.
const TEXTS: usize = 4 << 20;

/// Company, position and length in 22, 23 and 18 bits; `None` if they do not fit.
fn pack_day(company: u32, place: usize, length: usize) -> Option<Value> {
    let fits = company < 1 << 22 && place < 1 << 23 && length < 1 << 18;
    fits.then(|| Value::Integer(i64::from(company) << 41 | (place as i64) << 18 | length as i64))
}

/// Company and event name as in a key, and the count in the lowest 16 bits; `None` if it does not
/// fit.
fn pack_count(company: u32, event: u32, count: i64) -> Option<Value> {
    (count < 1 << 16).then(|| Value::Integer(keys::of_count(0, company, event) << 16 | count))
}

impl DayInserter<'_> {
    /// Writes the events of a company on a day, which are in order and at most one piece, and their
    /// counts.
    pub(super) fn insert(&mut self, day: i32, company: u32, events: &[StoredEvent]) -> Result<()> {
        if day != self.day_of_waiting || self.texts.len() > TEXTS {
            self.flush()?;
            self.day_of_waiting = day;
        }
        let place = self.texts.len();
        day_text::write(&mut self.texts, events);
        match pack_day(company, place, self.texts.len() - place) {
            Some(waiting) => self.waiting_days.push(waiting),
            None => {
                // The waiting rows go first, because a table is filled fastest in order.
                self.flush_days()?;
                self.day.execute((keys::of_piece(day, company, 0), &self.texts[place..]))?;
                self.texts.clear();
            }
        }
        let mut large = Vec::new();
        let uses = self.first_uses.of_company(company);
        for (event, copies) in counts(events) {
            uses.note(event, day);
            match pack_count(company, event, copies) {
                Some(waiting) => self.waiting_counts.push(waiting),
                None => large.push((event, copies)),
            }
        }
        for (event, copies) in large {
            self.flush_counts()?;
            self.count.execute((keys::of_count(day, company, event), copies))?;
        }
        Ok(())
    }

    /// Writes the waiting rows.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.flush_days()?;
        self.texts.clear();
        self.flush_counts()
    }

    fn flush_days(&mut self) -> Result<()> {
        if !self.waiting_days.is_empty() {
            let rows = Rc::new(std::mem::take(&mut self.waiting_days));
            self.days.execute((&rows, &self.texts, keys::of_piece(self.day_of_waiting, 0, 0)))?;
        }
        Ok(())
    }

    fn flush_counts(&mut self) -> Result<()> {
        if !self.waiting_counts.is_empty() {
            let rows = Rc::new(std::mem::take(&mut self.waiting_counts));
            self.counts.execute((&rows, keys::of_count(self.day_of_waiting, 0, 0)))?;
        }
        Ok(())
    }
}

/// Merges the rows of a file with the stored events of one day.
pub(super) struct Merge<'s, 'w> {
    pub(super) store: &'s Store,
    pub(super) inserter: &'w mut DayInserter<'s>,
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
        if rows.len() > self.piece || earlier.len() > self.piece {
            let (rows, earlier) = (rows.iter().copied().map(Ok), earlier.iter().copied().map(Ok));
            return self.many(company, rows, earlier);
        }
        let is_again = |row: &WaitingEvent| !row.is_first;
        if self.is_fresh() && !self.has_parts && !rows.iter().any(is_again) {
            return self.insert_fresh(company, rows);
        }
        let stored = if self.is_fresh() { Vec::new() } else { self.stored(company)? };
        if stored.len() >= self.piece {
            let (rows, earlier) = (rows.iter().copied().map(Ok), earlier.iter().copied().map(Ok));
            return self.many(company, rows, earlier);
        }
        let again: Vec<WaitingEvent> = rows.iter().copied().filter(is_again).collect();
        let first: Vec<WaitingEvent>;
        let rows = match again.is_empty() {
            true => rows,
            false => {
                first = rows.iter().copied().filter(|row| row.is_first).collect();
                first.as_slice()
            }
        };
        let mut merged = Vec::with_capacity(stored.len() + rows.len());
        let mut written = WrittenRows::default();
        let mut new_rows = Vec::new();
        let mut left = stored.iter().copied().peekable();
        for equal in rows.chunk_by(|a, b| a.order() == b.order()) {
            let key = equal[0].key();
            written.repeated += equal.iter().map(|row| u64::from(row.rows())).sum::<u64>() - 1;
            while let Some(event) = left.next_if(|event| event.key < key) {
                merged.push(event);
            }
            let copies = left.next_if(|event| event.key == key).map_or(0, |event| event.copies);
            let of_file = self.earlier_copies(earlier, key, copies);
            let total = add_rows(equal, of_file, copies, |row, new| {
                written.new += new;
                written.known += u64::from(row.rows()) - new;
                if self.has_parts && new > 0 {
                    new_rows.push(row.row);
                }
            });
            if total > 0 {
                merged.push(StoredEvent { key, copies: total });
            }
        }
        merged.extend(left);
        if self.has_parts {
            written = WrittenRows { repeated: written.repeated, ..rows_of_parts(rows, &new_rows) };
        }
        let is_recounted = !again.is_empty() && self.recount(&mut merged, again, &mut written);
        if written.new > 0 || is_recounted {
            self.note_before(company)?;
            self.save(company, &merged, stored.is_empty())?;
        }
        Ok(written)
    }

    /// Adds rows of a day on which nothing is stored, which are nearly all rows of a first import.
    fn insert_fresh(&mut self, company: u32, rows: &[WaitingEvent]) -> Result<WrittenRows> {
        let (written, _) = gather(rows, &mut self.events, self.piece);
        if !self.events.is_empty() {
            self.inserter.insert(self.day, company, &self.events)?;
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
    /// whether any copies changed. A row with the id on another day changes nothing.
    fn recount(
        &self,
        events: &mut [StoredEvent],
        mut again: Vec<WaitingEvent>,
        written: &mut WrittenRows,
    ) -> bool {
        again.sort_by_key(|row| row.row);
        let places: FxHashMap<u32, usize> =
            events.iter().enumerate().map(|(place, event)| (event.key.identity, place)).collect();
        let mut is_changed = false;
        for row in again {
            written.known += 1;
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

    fn save(&mut self, company: u32, events: &[StoredEvent], is_first: bool) -> Result<()> {
        if is_first && events.len() <= self.piece {
            return self.inserter.insert(self.day, company, events);
        }
        let connection = &self.store.connection;
        let mut day = connection.prepare_cached(
            "INSERT INTO event_days (id, events) VALUES (?1, ?2)
             ON CONFLICT (id) DO UPDATE SET events = excluded.events",
        )?;
        for (piece, place) in events.chunks(self.piece).zip(0..) {
            let key = keys::of_piece(self.day, company, place);
            day.execute((key, day_text::text(piece)))?;
        }
        let mut count = connection.prepare_cached(
            "INSERT INTO day_counts (id, count) VALUES (?1, ?2)
             ON CONFLICT (id) DO UPDATE SET count = excluded.count",
        )?;
        for (event, copies) in counts(events) {
            count.execute((keys::of_count(self.day, company, event), copies))?;
        }
        let names = counts(events).map(|(event, _)| event);
        self.inserter.first_uses.note(self.day, company, names);
        Ok(())
    }
}

/// Replaces `events` by the events of one company's rows, which are in order, but by `most` at
/// most. Returns the numbers of new and known rows, provided that nothing is stored, and the
/// remaining rows.
fn gather<'r>(
    rows: &'r [WaitingEvent],
    events: &mut Vec<StoredEvent>,
    most: usize,
) -> (WrittenRows, &'r [WaitingEvent]) {
    let mut written = WrittenRows::default();
    let mut taken = 0;
    events.clear();
    for equal in rows.chunk_by(|a, b| a.order() == b.order()) {
        let (mut total, mut seen) = (0, 0);
        for row in equal {
            let rows = u64::from(row.rows());
            seen += rows;
            total += row.total();
            *(if row.copies > 0 { &mut written.new } else { &mut written.known }) += rows;
        }
        written.repeated += seen - 1;
        taken += equal.len();
        if total > 0 {
            events.push(StoredEvent { key: equal[0].key(), copies: total });
            if events.len() >= most {
                break;
            }
        }
    }
    (written, &rows[taken..])
}

/// Compares a day of a file with the store, which is fast if the file was imported before. `events`
/// are in order and have no ids; `most` is the maximum number of events of a row of `event_days`.
/// Returns `None` if these are not exactly the events of the day.
pub(super) fn compare(
    store: &Store,
    day: i32,
    events: &[WaitingEvent],
    most: usize,
) -> Result<Option<WrittenRows>> {
    let mut statement = store.connection.prepare_cached(
        "SELECT id, events FROM event_days WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
    )?;
    let of_day = keys::of_whole_day(day);
    let mut stored = statement.query((of_day.start(), of_day.end()))?;
    let (mut all, mut of_company, mut text) = (WrittenRows::default(), Vec::new(), Vec::new());
    for mut rows in events.chunk_by(|a, b| a.company() == b.company()) {
        let company = rows[0].company();
        for piece in 0.. {
            let (written, left) = gather(rows, &mut of_company, most);
            rows = left;
            text.clear();
            day_text::write(&mut text, &of_company);
            let is_same = match stored.next()? {
                Some(row) => {
                    row.get::<_, i64>(0)? == keys::of_piece(day, company, piece)
                        && row.get_ref(1)?.as_bytes()? == text
                }
                None => false,
            };
            if !is_same {
                return Ok(None);
            }
            all.known += written.new + written.known;
            all.repeated += written.repeated;
            if rows.is_empty() {
                break;
            }
        }
    }
    Ok(stored.next()?.is_none().then_some(all))
}

/// The number of events of each name. The events are in order.
fn counts(events: &[StoredEvent]) -> impl Iterator<Item = (u32, i64)> {
    events.chunk_by(|a, b| a.key.event == b.key.event).map(|of_name| {
        let copies: u64 = of_name.iter().map(|event| event.copies).sum();
        (of_name[0].key.event, copies as i64)
    })
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
