//! One day of a file brought together with what is stored of it.

use anyhow::{Context, Result};
use rusqlite::CachedStatement;
use rustc_hash::{FxHashMap, FxHashSet};

use super::day_text::{self, EventKey, StoredEvent};
use super::first_uses::FirstUses;
use super::keys;
use super::waiting::{WaitingEvent, key_of};
use super::writer::WrittenRows;
use crate::domain::day::Day;
use crate::store::Store;

/// What a day held before this file came to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DayBefore {
    /// Nothing: all that is stored now came from this file.
    Nothing,
    /// Something: what this file has of the day was set aside when the day was first written.
    Something,
}

impl Store {
    /// Writes days that have no events of a company yet.
    pub(in crate::store) fn day_inserter(&self) -> Result<DayInserter<'_>> {
        let connection = &self.connection;
        Ok(DayInserter {
            day: connection
                .prepare_cached("INSERT INTO event_days (id, events) VALUES (?1, ?2)")?,
            count: connection
                .prepare_cached("INSERT INTO day_counts (id, count) VALUES (?1, ?2)")?,
            text: String::new(),
            first_uses: FirstUses::default(),
        })
    }
}

/// Writes days that have no events of a company yet, with the statements at hand: millions of them
/// are written in a row.
pub(in crate::store) struct DayInserter<'s> {
    day: CachedStatement<'s>,
    count: CachedStatement<'s>,
    text: String,
    /// The first uses among what was written.
    pub(super) first_uses: FirstUses,
}

impl DayInserter<'_> {
    /// Writes the events of a company on a day, in order of their keys, and their counts.
    pub(in crate::store) fn insert(
        &mut self,
        day: i32,
        company: u32,
        events: &[StoredEvent],
    ) -> Result<()> {
        self.text.clear();
        day_text::write(&mut self.text, events);
        self.day.execute((keys::of_day(day, company), &self.text))?;
        for (event, copies) in counts(events) {
            self.count.execute((keys::of_count(day, company, event), copies))?;
            self.first_uses.note(day, company, event);
        }
        Ok(())
    }
}

/// Brings together what a file and the store have of one day.
pub(super) struct Merge<'s, 'w> {
    pub(super) store: &'s Store,
    pub(super) inserter: &'w mut DayInserter<'s>,
    pub(super) day: i32,
    pub(super) before: DayBefore,
    pub(super) is_again: bool,
    pub(super) has_parts: bool,
    pub(super) last_old_identity: u32,
    pub(super) import: i64,
}

impl Merge<'_, '_> {
    /// Adds what one company's rows of the file exceed what is stored. `earlier` are the rows of
    /// the same file that were written before, where the store alone cannot tell how many those
    /// were; both are in order of their keys.
    pub(super) fn company(
        &mut self,
        company: u32,
        rows: &[WaitingEvent],
        earlier: &[WaitingEvent],
    ) -> Result<WrittenRows> {
        let is_again = |row: &WaitingEvent| !row.is_first;
        let again: Vec<WaitingEvent> = rows.iter().copied().filter(is_again).collect();
        let first: Vec<WaitingEvent>;
        let rows = match again.is_empty() {
            true => rows,
            false => {
                first = rows.iter().copied().filter(|row| row.is_first).collect();
                first.as_slice()
            }
        };
        let is_fresh = self.before == DayBefore::Nothing && !self.is_again;
        let stored = if is_fresh { Vec::new() } else { self.stored(company)? };
        let mut merged = Vec::with_capacity(stored.len() + rows.len());
        let mut written = WrittenRows::default();
        let mut new_rows = Vec::new();
        let mut left = stored.iter().copied().peekable();
        for equal in rows.chunk_by(|a, b| key_of(a) == key_of(b)) {
            let key = key_of(&equal[0]);
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
            self.note_before(company, &stored)?;
            self.save(company, &merged, stored.is_empty())?;
        }
        Ok(written)
    }

    /// Notes what the company had on the day before the file came, so that it can be undone.
    fn note_before(&self, company: u32, stored: &[StoredEvent]) -> Result<()> {
        if self.before == DayBefore::Nothing {
            return Ok(());
        }
        let mut text = String::new();
        day_text::write(&mut text, stored);
        let text = Some(text.as_str()).filter(|_| !stored.is_empty());
        self.store.note_day_before(self.import, self.day, company, text)
    }

    /// Gives events with an id the counts of the rows in which their ids come again, the last one
    /// counting. Tells whether any count is another now. A row that places the event on another day
    /// changes nothing.
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

    /// How many copies of a key this file brought when the day was written before.
    fn earlier_copies(&self, earlier: &[WaitingEvent], key: EventKey, stored: u64) -> u64 {
        if self.is_again && self.before == DayBefore::Nothing {
            return stored;
        }
        let first = earlier.partition_point(|event| key_of(event) < key);
        let equal = earlier[first..].iter().take_while(|event| key_of(event) == key);
        equal.map(WaitingEvent::total).sum()
    }

    fn stored(&self, company: u32) -> Result<Vec<StoredEvent>> {
        let mut statement =
            self.store.connection.prepare_cached("SELECT events FROM event_days WHERE id = ?1")?;
        let mut rows = statement.query([keys::of_day(self.day, company)])?;
        match rows.next()? {
            Some(row) => day_text::read(row.get_ref("events")?.as_str()?).with_context(|| {
                format!("day {} of company {company}", Day::from_number(self.day))
            }),
            None => Ok(Vec::new()),
        }
    }

    fn save(&mut self, company: u32, events: &[StoredEvent], is_first: bool) -> Result<()> {
        if is_first {
            return self.inserter.insert(self.day, company, events);
        }
        let connection = &self.store.connection;
        let mut text = String::new();
        day_text::write(&mut text, events);
        let mut day =
            connection.prepare_cached("UPDATE event_days SET events = ?2 WHERE id = ?1")?;
        day.execute((keys::of_day(self.day, company), &text))?;
        let mut count = connection.prepare_cached(
            "INSERT INTO day_counts (id, count) VALUES (?1, ?2)
             ON CONFLICT (id) DO UPDATE SET count = excluded.count",
        )?;
        for (event, copies) in counts(events) {
            count.execute((keys::of_count(self.day, company, event), copies))?;
            self.inserter.first_uses.note(self.day, company, event);
        }
        Ok(())
    }
}

/// How many events of each name there are.
fn counts(events: &[StoredEvent]) -> impl Iterator<Item = (u32, i64)> {
    events.chunk_by(|a, b| a.key.event == b.key.event).map(|of_name| {
        let copies: u64 = of_name.iter().map(|event| event.copies).sum();
        (of_name[0].key.event, copies as i64)
    })
}

/// Goes through equal rows in the order of the file. Calls `tell` with each and how many of its rows
/// add an event; returns the number of copies afterwards.
fn add_rows(
    equal: &[WaitingEvent],
    of_file: u64,
    stored: u64,
    mut tell: impl FnMut(&WaitingEvent, u64),
) -> u64 {
    let mut total = of_file;
    for row in equal {
        let (rows, copies) = (u64::from(row.rows()), u64::from(row.copies));
        // Rows that bring no more than what is stored.
        let known = match copies {
            0 => rows,
            copies => (stored.saturating_sub(total) / copies).min(rows),
        };
        total += row.total();
        tell(row, rows - known);
    }
    total.max(stored)
}

/// Where rows have several events each: a row is new when any of them is.
fn rows_of_parts(events: &[WaitingEvent], new_rows: &[u32]) -> WrittenRows {
    let new: FxHashSet<u32> = new_rows.iter().copied().collect();
    let all: FxHashSet<u32> = events.iter().map(|event| event.row).collect();
    WrittenRows {
        new: new.len() as u64,
        known: (all.len() - new.len()) as u64,
        ..WrittenRows::default()
    }
}
