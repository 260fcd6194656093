//! Writing events: what a file adds to what is stored.
//!
//! Equal events without an id are counted: after any set of files, the store holds as many copies of each as the file that
//! has most of them. To know how many copies *this* file has, a day must be seen whole before it is written. Files come in
//! order of time as a rule, so a day is written when the file has moved on, and little has to be remembered; a file in any
//! other order is first sorted into days in a temporary file. Both ways memory stays bounded, whatever the number of rows.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use anyhow::{Context, Result};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, OptionalExtension};
use rustc_hash::{FxHashMap, FxHashSet};

use super::day_events::{self, EventKey, StoredEvent};
use super::{Store, keys};
use crate::domain::day::{Day, DayRange};

/// How much is held in memory.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// So many events before they are set aside.
    in_memory: usize,
    /// A day with more events than this is written in several passes, each over some of the companies.
    in_one_pass: usize,
}

/// 64 MiB of events, twice.
const LIMITS: Limits = Limits { in_memory: 2_000_000, in_one_pass: 2_000_000 };

/// A file whose events go back in time more often than one in so many is not in order.
const ORDERLY_SHARE: usize = 16;

/// One row of an events file, with keys in place of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IncomingEvent {
    /// The day in the database's time zone, as its number.
    pub day: i32,
    /// Key of the company.
    pub company: u32,
    /// Key of the event's name.
    pub event: u32,
    /// Key of the person; 0 for none.
    pub person: u32,
    /// How many events the row stands for; 0 adds nothing.
    pub copies: u32,
    /// Microseconds since 00:00 UTC of `day`.
    pub micros: i64,
    /// Whether this is one more event of the row before, of the same company and day.
    pub is_part: bool,
}

/// An event that waits to be written with its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct WaitingEvent {
    /// The number of its row in the file, which tells the events of one row from those of another.
    row: u32,
    company: u32,
    event: u32,
    person: u32,
    copies: u32,
    /// Key of the event's own id; 0 for none.
    identity: u32,
    micros: i64,
}

/// Names that a file has and the database does not, with the keys that stand for them from now on.
#[derive(Debug, Default)]
pub struct NewNames {
    /// Companies, by the text that named them.
    pub companies: Vec<(u32, String)>,
    /// Event names.
    pub events: Vec<(u32, String)>,
    /// People.
    pub people: Vec<(u32, String)>,
}

/// Some rows of an events file, in its order.
#[derive(Debug, Default)]
pub struct EventBatch {
    /// Names that these rows are the first to use.
    pub names: NewNames,
    /// The rows.
    pub events: Vec<IncomingEvent>,
    /// The ids of those rows that have one, by position in `events`, ascending.
    pub ids: Vec<(u32, String)>,
}

/// How many rows were written and how many were known already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WrittenRows {
    /// Rows that added at least one event.
    pub new: u64,
    /// Every other row.
    pub known: u64,
    /// Of both, the rows that are equal to one before them in the file.
    pub repeated: u64,
}

impl WrittenRows {
    /// Counts one more row.
    pub fn add(&mut self, is_new: bool) {
        *(if is_new { &mut self.new } else { &mut self.known }) += 1;
    }
}

/// Takes the events of one file and writes them, within a transaction that the caller has begun.
pub struct EventWriter<'s> {
    store: &'s Store,
    limits: Limits,
    inserter: DayInserter<'s>,
    waiting: BTreeMap<i32, Vec<WaitingEvent>>,
    waiting_count: usize,
    newest_day: i32,
    /// Events since the last clearing, and how many of them lay before the newest day by more than a day.
    seen: usize,
    late: usize,
    written: BTreeMap<i32, DayBefore>,
    aside: Aside,
    rows: WrittenRows,
    /// The number of the row that is being read.
    row: u32,
    /// Whether any row had several events.
    has_parts: bool,
    first_days: BTreeMap<u32, (i32, i32)>,
}

/// What a day held before this file came to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DayBefore {
    /// Nothing: all that is stored now came from this file.
    Nothing,
    /// Something: what this file has of the day was set aside when the day was first written.
    Something,
}

impl Store {
    /// Writes days that have no events of a company yet.
    pub(super) fn day_inserter(&self) -> Result<DayInserter<'_>> {
        let connection = &self.connection;
        Ok(DayInserter {
            day: connection.prepare_cached("INSERT INTO event_days (id, events) VALUES (?1, ?2)")?,
            count: connection.prepare_cached("INSERT INTO day_counts (id, count) VALUES (?1, ?2)")?,
            text: Vec::new(),
        })
    }

    /// A writer for the events of one file.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn event_writer(&self) -> Result<EventWriter<'_>> {
        Ok(EventWriter {
            store: self,
            limits: LIMITS,
            inserter: self.day_inserter()?,
            waiting: BTreeMap::new(),
            waiting_count: 0,
            newest_day: i32::MIN,
            seen: 0,
            late: 0,
            written: BTreeMap::new(),
            aside: Aside::default(),
            rows: WrittenRows::default(),
            row: 0,
            has_parts: false,
            first_days: BTreeMap::new(),
        })
    }
}

/// Writes days that have no events of a company yet, with the statements at hand: millions of them are written in a row.
pub(super) struct DayInserter<'s> {
    day: CachedStatement<'s>,
    count: CachedStatement<'s>,
    text: Vec<u8>,
}

impl DayInserter<'_> {
    /// Writes the events of a company on a day, in order of their keys, and their counts.
    pub(super) fn insert(&mut self, day: i32, company: u32, events: &[StoredEvent]) -> Result<()> {
        self.text.clear();
        day_events::write(&mut self.text, events);
        self.day.execute((keys::of_day(day, company), as_text(&self.text)))?;
        for (event, copies) in counts(events) {
            self.count.execute((keys::of_count(day, company, event), copies))?;
        }
        Ok(())
    }
}

impl EventWriter<'_> {
    /// Takes the next rows of the file.
    ///
    /// # Errors
    /// A database or a temporary file that cannot be written.
    pub fn push(&mut self, batch: EventBatch) -> Result<()> {
        self.insert_names(&batch.names)?;
        let identities = self.identify(&batch)?;
        for (position, event) in batch.events.iter().enumerate() {
            match identities.get(&(position as u32)) {
                Some(None) => self.rows.known += 1,
                Some(Some(identity)) => self.wait(event, *identity),
                None => self.wait(event, 0),
            }
        }
        // Writing days as soon as the file has left them behind lets the reading thread go on meanwhile.
        if self.is_orderly() {
            self.write_finished_days()?;
        }
        if self.waiting_count >= self.limits.in_memory { self.set_all_aside() } else { Ok(()) }
    }

    fn is_orderly(&self) -> bool {
        self.late * ORDERLY_SHARE < self.seen
    }

    fn write_finished_days(&mut self) -> Result<()> {
        let finished: Vec<i32> = self.waiting.range(..self.newest_day - 1).map(|(day, _)| *day).collect();
        finished.into_iter().try_for_each(|day| self.write_day(day))
    }

    fn set_all_aside(&mut self) -> Result<()> {
        for (day, events) in std::mem::take(&mut self.waiting) {
            self.aside.put(self.store, day, &events, Until::DayIsWritten)?;
        }
        self.waiting_count = 0;
        Ok(())
    }

    /// Writes what is left and tells how many rows were new and known.
    ///
    /// # Errors
    /// As [`EventWriter::push`].
    pub fn finish(mut self) -> Result<WrittenRows> {
        let mut days: Vec<i32> = self.waiting.keys().chain(self.aside.waiting_days()).copied().collect();
        days.sort_unstable();
        days.dedup();
        for day in days {
            self.write_day(day)?;
        }
        self.store.note_event_days(&self.first_days)?;
        Ok(self.rows)
    }

    fn insert_names(&self, names: &NewNames) -> Result<()> {
        let connection = &self.store.connection;
        let mut company = connection
            .prepare_cached("INSERT INTO companies (id, company_id, is_unlisted, folded_id) VALUES (?1, ?2, 1, ?3)")?;
        for (key, text) in &names.companies {
            company.execute((key, text, text.to_lowercase()))?;
        }
        let mut event = connection.prepare_cached("INSERT INTO event_names (id, name) VALUES (?1, ?2)")?;
        for (key, text) in &names.events {
            event.execute((key, text))?;
        }
        let mut person = connection.prepare_cached("INSERT INTO people (id, person_id) VALUES (?1, ?2)")?;
        for (key, text) in &names.people {
            person.execute((key, text))?;
        }
        Ok(())
    }

    /// Gives each row that carries an id the key of that id, or nothing when the id is known: the first row stays.
    fn identify(&self, batch: &EventBatch) -> Result<FxHashMap<u32, Option<u32>>> {
        let mut insert = self.store.connection.prepare_cached(
            "INSERT INTO event_ids (company, event_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING RETURNING id",
        )?;
        let mut keys = FxHashMap::default();
        for (position, id) in &batch.ids {
            let company = batch.events[*position as usize].company;
            let key = insert.query_row((company, id), |row| row.get("id")).optional()?;
            keys.insert(*position, key);
        }
        Ok(keys)
    }

    fn wait(&mut self, event: &IncomingEvent, identity: u32) {
        self.seen += 1;
        self.late += usize::from(event.day < self.newest_day.saturating_sub(1));
        self.newest_day = self.newest_day.max(event.day);
        self.row = self.row.wrapping_add(u32::from(!event.is_part));
        self.has_parts |= event.is_part;
        let IncomingEvent { company, event: name, person, copies, micros, .. } = *event;
        let waiting = WaitingEvent { row: self.row, company, event: name, person, copies, identity, micros };
        self.waiting.entry(event.day).or_default().push(waiting);
        self.waiting_count += 1;
    }

    /// Writes what waits of a day, in memory and aside.
    fn write_day(&mut self, day: i32) -> Result<()> {
        let events = self.waiting.remove(&day).unwrap_or_default();
        self.waiting_count -= events.len();
        let before = self.day_before(day)?;
        if self.aside.waiting_count(day) == 0 && events.len() <= self.limits.in_one_pass {
            self.write_part(day, before, events, (0, 1))?;
        } else {
            self.aside.put(self.store, day, &events, Until::DayIsWritten)?;
            drop(events);
            let passes = self.aside.waiting_count(day).div_ceil(self.limits.in_one_pass) as u32;
            for pass in 0..passes {
                let part = self.aside.take_part(day, Until::DayIsWritten, (pass, passes))?;
                self.write_part(day, before, part, (pass, passes))?;
            }
            self.aside.written(day);
        }
        self.written.insert(day, before);
        Ok(())
    }

    fn day_before(&self, day: i32) -> Result<DayBefore> {
        if let Some(before) = self.written.get(&day) {
            return Ok(*before);
        }
        let mut statement = self
            .store
            .connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM event_days WHERE id BETWEEN ?1 AND ?2) AS found")?;
        let day = Day::from_number(day);
        let rows = keys::of_days(DayRange { from: day, to: day });
        let is_there: bool = statement.query_row((rows.start(), rows.end()), |row| row.get("found"))?;
        Ok(if is_there { DayBefore::Something } else { DayBefore::Nothing })
    }

    /// Writes the events of a day for those companies whose key leaves `part.0` when divided by `part.1`.
    fn write_part(
        &mut self,
        day: i32,
        before: DayBefore,
        mut events: Vec<WaitingEvent>,
        part: (u32, u32),
    ) -> Result<()> {
        sort(&mut events);
        let is_again = self.written.contains_key(&day);
        let mut earlier = match (is_again, before) {
            (true, DayBefore::Something) => self.aside.take_part(day, Until::FileEnds, part)?,
            _ => Vec::new(),
        };
        sort(&mut earlier);
        let has_parts = self.has_parts;
        let mut merge = Merge { store: self.store, inserter: &mut self.inserter, day, before, is_again, has_parts };
        for of_company in events.chunk_by(|a, b| a.company == b.company) {
            let company = of_company[0].company;
            let first = earlier.partition_point(|event| event.company < company);
            let last = earlier.partition_point(|event| event.company <= company);
            let written = merge.company(company, of_company, &earlier[first..last])?;
            self.rows.new += written.new;
            self.rows.known += written.known;
            self.rows.repeated += written.repeated;
            if written.new > 0 {
                let days = self.first_days.entry(company).or_insert((day, day));
                *days = (days.0.min(day), days.1.max(day));
            }
        }
        if before == DayBefore::Something {
            self.aside.put(self.store, day, &events, Until::FileEnds)?;
        }
        Ok(())
    }
}

/// Puts events in order of company and key; those that are equal stay in the order of the file.
fn sort(events: &mut [WaitingEvent]) {
    let rank = |event: &WaitingEvent| (u64::from(event.company) << 32) | u64::from(event.event);
    events.sort_by(|a, b| {
        let order = rank(a).cmp(&rank(b)).then(a.micros.cmp(&b.micros));
        order.then_with(|| (a.person, a.identity).cmp(&(b.person, b.identity)))
    });
}

fn key_of(event: &WaitingEvent) -> EventKey {
    EventKey { event: event.event, micros: event.micros, person: event.person, identity: event.identity }
}

/// Brings together what a file and the store have of one day.
struct Merge<'s, 'w> {
    store: &'s Store,
    inserter: &'w mut DayInserter<'s>,
    day: i32,
    before: DayBefore,
    is_again: bool,
    has_parts: bool,
}

impl Merge<'_, '_> {
    /// Adds what one company's rows of the file exceed what is stored. `earlier` are the rows of the same file that were
    /// written before, where the store alone cannot tell how many those were; both are in order of their keys.
    fn company(&mut self, company: u32, rows: &[WaitingEvent], earlier: &[WaitingEvent]) -> Result<WrittenRows> {
        let is_fresh = self.before == DayBefore::Nothing && !self.is_again;
        let stored = if is_fresh { Vec::new() } else { self.stored(company)? };
        let mut merged = Vec::with_capacity(stored.len() + rows.len());
        let mut written = WrittenRows::default();
        let mut new_rows = Vec::new();
        let mut left = stored.iter().copied().peekable();
        for equal in rows.chunk_by(|a, b| key_of(a) == key_of(b)) {
            let key = key_of(&equal[0]);
            written.repeated += equal.len() as u64 - 1;
            while let Some(event) = left.next_if(|event| event.key < key) {
                merged.push(event);
            }
            let copies = left.next_if(|event| event.key == key).map_or(0, |event| event.copies);
            let of_file = self.earlier_copies(earlier, key, copies);
            let total = add_rows(equal, of_file, copies, |row, is_new| {
                written.add(is_new);
                if self.has_parts && is_new {
                    new_rows.push(row);
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
        if written.new > 0 {
            self.save(company, &merged, stored.is_empty())?;
        }
        Ok(written)
    }

    /// How many copies of a key this file brought when the day was written before.
    fn earlier_copies(&self, earlier: &[WaitingEvent], key: EventKey, stored: u64) -> u64 {
        if self.is_again && self.before == DayBefore::Nothing {
            return stored;
        }
        let first = earlier.partition_point(|event| key_of(event) < key);
        let equal = earlier[first..].iter().take_while(|event| key_of(event) == key);
        equal.map(|event| u64::from(event.copies)).sum()
    }

    fn stored(&self, company: u32) -> Result<Vec<StoredEvent>> {
        let mut statement = self.store.connection.prepare_cached("SELECT events FROM event_days WHERE id = ?1")?;
        let mut rows = statement.query([keys::of_day(self.day, company)])?;
        match rows.next()? {
            Some(row) => day_events::read(row.get_ref("events")?.as_str()?)
                .with_context(|| format!("day {} of company {company}", Day::from_number(self.day))),
            None => Ok(Vec::new()),
        }
    }

    fn save(&mut self, company: u32, events: &[StoredEvent], is_first: bool) -> Result<()> {
        if is_first {
            return self.inserter.insert(self.day, company, events);
        }
        let connection = &self.store.connection;
        let mut text = Vec::new();
        day_events::write(&mut text, events);
        let mut day = connection.prepare_cached("UPDATE event_days SET events = ?2 WHERE id = ?1")?;
        day.execute((keys::of_day(self.day, company), as_text(&text)))?;
        let mut count = connection.prepare_cached(
            "INSERT INTO day_counts (id, count) VALUES (?1, ?2)
             ON CONFLICT (id) DO UPDATE SET count = excluded.count",
        )?;
        for (event, copies) in counts(events) {
            count.execute((keys::of_count(self.day, company, event), copies))?;
        }
        Ok(())
    }
}

/// Bytes of a text, to be bound as they are.
fn as_text(bytes: &[u8]) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(ValueRef::Text(bytes))
}

/// How many events of each name there are.
fn counts(events: &[StoredEvent]) -> impl Iterator<Item = (u32, i64)> {
    events.chunk_by(|a, b| a.key.event == b.key.event).map(|of_name| {
        let copies: u64 = of_name.iter().map(|event| event.copies).sum();
        (of_name[0].key.event, copies as i64)
    })
}

/// Goes through equal rows in the order of the file, tells of each whether it adds an event, and returns the copies there are
/// then.
fn add_rows(equal: &[WaitingEvent], of_file: u64, stored: u64, mut tell: impl FnMut(u32, bool)) -> u64 {
    let mut total = of_file;
    for row in equal {
        total += u64::from(row.copies);
        tell(row.row, total > stored && row.copies > 0);
    }
    total.max(stored)
}

/// Where rows have several events each: a row is new when any of them is.
fn rows_of_parts(events: &[WaitingEvent], new_rows: &[u32]) -> WrittenRows {
    let new: FxHashSet<u32> = new_rows.iter().copied().collect();
    let all: FxHashSet<u32> = events.iter().map(|event| event.row).collect();
    WrittenRows { new: new.len() as u64, known: (all.len() - new.len()) as u64, repeated: 0 }
}

/// How long events that were set aside are of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Until {
    /// They are still to be written.
    DayIsWritten,
    /// They were written, and tell how many copies the file had, should more of that day come.
    FileEnds,
}

/// Events in a temporary file, by day.
#[derive(Default)]
struct Aside {
    file: Option<File>,
    length: u64,
    chunks: BTreeMap<(i32, Until), Vec<Chunk>>,
}

#[derive(Debug, Clone, Copy)]
struct Chunk {
    position: u64,
    count: usize,
}

/// Bytes of one event in the temporary file.
const EVENT_BYTES: usize = 32;

impl Aside {
    fn put(&mut self, store: &Store, day: i32, events: &[WaitingEvent], until: Until) -> Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        if self.file.is_none() {
            // Beside the database, where there must be room for these events anyway; `/tmp` may be memory.
            let folder = store.path().parent().unwrap_or(store.path());
            self.file =
                Some(tempfile::tempfile_in(folder).context("cannot make a temporary file beside the database")?);
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        let bytes: Vec<u8> = events.iter().flat_map(to_bytes).collect();
        file.seek(SeekFrom::Start(self.length))?;
        file.write_all(&bytes).context("cannot write to the temporary file beside the database")?;
        let chunk = Chunk { position: self.length, count: events.len() };
        self.chunks.entry((day, until)).or_default().push(chunk);
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn waiting_days(&self) -> impl Iterator<Item = &i32> {
        self.chunks.keys().filter(|(_, until)| *until == Until::DayIsWritten).map(|(day, _)| day)
    }

    fn waiting_count(&self, day: i32) -> usize {
        self.chunks.get(&(day, Until::DayIsWritten)).into_iter().flatten().map(|chunk| chunk.count).sum()
    }

    fn written(&mut self, day: i32) {
        self.chunks.remove(&(day, Until::DayIsWritten));
    }

    /// The events of a day for some of the companies, in the order in which they were set aside.
    fn take_part(&mut self, day: i32, until: Until, (part, parts): (u32, u32)) -> Result<Vec<WaitingEvent>> {
        let mut events = Vec::new();
        let Some(file) = &mut self.file else { return Ok(events) };
        for chunk in self.chunks.get(&(day, until)).into_iter().flatten() {
            file.seek(SeekFrom::Start(chunk.position))?;
            let mut left = chunk.count;
            let mut buffer = vec![0; EVENT_BYTES * left.min(8192)];
            while left > 0 {
                let now = left.min(8192);
                let bytes = &mut buffer[..now * EVENT_BYTES];
                file.read_exact(bytes)?;
                events.extend(bytes.chunks_exact(EVENT_BYTES).map(from_bytes).filter(|e| e.company % parts == part));
                left -= now;
            }
        }
        Ok(events)
    }
}

fn to_bytes(event: &WaitingEvent) -> [u8; EVENT_BYTES] {
    let mut bytes = [0; EVENT_BYTES];
    let keys = [event.row, event.company, event.event, event.person, event.copies, event.identity];
    for (place, key) in bytes[0..24].chunks_exact_mut(4).zip(keys) {
        place.copy_from_slice(&key.to_le_bytes());
    }
    bytes[24..32].copy_from_slice(&event.micros.to_le_bytes());
    bytes
}

fn from_bytes(bytes: &[u8]) -> WaitingEvent {
    let key = |place: usize| {
        let mut four = [0; 4];
        four.copy_from_slice(&bytes[place * 4..place * 4 + 4]);
        four
    };
    let mut micros = [0; 8];
    micros.copy_from_slice(&bytes[24..32]);
    WaitingEvent {
        row: u32::from_le_bytes(key(0)),
        company: u32::from_le_bytes(key(1)),
        event: u32::from_le_bytes(key(2)),
        person: u32::from_le_bytes(key(3)),
        copies: u32::from_le_bytes(key(4)),
        identity: u32::from_le_bytes(key(5)),
        micros: i64::from_le_bytes(micros),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::store::{Finish, Permissions};

    /// So little that a handful of events does not fit.
    const TIGHT: Limits = Limits { in_memory: 5, in_one_pass: 3 };

    fn event(day: i32, company: u32, micros: i64, copies: u32) -> IncomingEvent {
        IncomingEvent { day: 20_000 + day, company, event: 1, person: 0, copies, micros, is_part: false }
    }

    fn store(folder: &tempfile::TempDir) -> Store {
        let store = Store::create_or_open(&folder.path().join("test.db"), Permissions::Owner).unwrap();
        for company in 1..=4 {
            store.add_unlisted_company(&format!("company-{company}")).unwrap();
        }
        store.connection.execute("INSERT INTO event_names (name) VALUES ('login')", []).unwrap();
        store
    }

    fn write(store: &mut Store, limits: Limits, batches: &[Vec<IncomingEvent>]) -> (u64, u64) {
        let work = |store: &mut Store| {
            let mut writer = EventWriter { limits, ..store.event_writer()? };
            for events in batches {
                writer.push(EventBatch { events: events.clone(), ..EventBatch::default() })?;
            }
            writer.finish()
        };
        let rows = store.transaction(Finish::Commit, work).unwrap();
        (rows.new, rows.known)
    }

    fn counted(new: u64, known: u64) -> (u64, u64) {
        (new, known)
    }

    type Content = BTreeMap<(i32, u32, i64), u64>;

    fn content(store: &Store) -> Content {
        let mut statement = store.connection.prepare("SELECT day, company, events FROM event_days").unwrap();
        let mut rows = statement.query([]).unwrap();
        let mut content = Content::new();
        while let Some(row) = rows.next().unwrap() {
            let (day, company): (i32, u32) = (row.get("day").unwrap(), row.get("company").unwrap());
            for event in day_events::read(row.get_ref("events").unwrap().as_str().unwrap()).unwrap() {
                content.insert((day, company, event.key.micros), event.copies);
            }
        }
        assert_eq!(store.problems().unwrap(), Vec::<String>::new());
        content
    }

    /// For each key, the most copies that any one file holds; and of each file the rows that raised it.
    fn expected(files: &[Vec<Vec<IncomingEvent>>]) -> (Content, Vec<(u64, u64)>) {
        let mut content = Content::new();
        let mut all_rows = Vec::new();
        for file in files {
            let mut of_file: HashMap<_, u64> = HashMap::new();
            let mut rows = WrittenRows::default();
            for event in file.iter().flatten() {
                let key = (event.day, event.company, event.micros);
                let total = of_file.entry(key).or_default();
                *total += u64::from(event.copies);
                let stored = content.get(&key).copied().unwrap_or_default();
                rows.add(*total > stored && event.copies > 0);
            }
            for (key, total) in of_file.into_iter().filter(|(_, total)| *total > 0) {
                let stored = content.entry(key).or_default();
                *stored = total.max(*stored);
            }
            all_rows.push((rows.new, rows.known));
        }
        (content, all_rows)
    }

    #[test]
    fn a_late_row_of_a_day_that_was_written_is_one_more_copy() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(&folder);
        let file = [vec![event(0, 1, 5, 1)], (1..30).map(|day| event(day, 2, 0, 1)).collect(), vec![event(0, 1, 5, 1)]];
        assert_eq!(write(&mut store, TIGHT, &file), counted(31, 0));
        assert_eq!(content(&store)[&(20_000, 1, 5)], 2);
        assert_eq!(write(&mut store, TIGHT, &file), counted(0, 31));
    }

    #[test]
    fn a_row_of_several_events_is_one_row() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(&folder);
        store.connection.execute("INSERT INTO event_names (name) VALUES ('export')", []).unwrap();
        let part = |day, copies| IncomingEvent { event: 2, is_part: true, ..event(day, 1, 0, copies) };
        let first = [vec![event(0, 1, 0, 3), part(0, 1), event(1, 1, 0, 2)]];
        assert_eq!(write(&mut store, TIGHT, &first), counted(2, 0));
        // The first row has one more export now, the second is as it was.
        let second = [vec![event(0, 1, 0, 3), part(0, 2), event(1, 1, 0, 2)]];
        assert_eq!(write(&mut store, TIGHT, &second), counted(1, 1));
        assert_eq!(write(&mut store, TIGHT, &second), counted(0, 2));
    }

    #[test]
    fn a_late_row_counts_with_the_rows_of_its_file_and_not_with_those_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(&folder);
        let days = |late| [vec![event(0, 1, 5, 1)], (1..30).map(|day| event(day, 2, 0, 1)).collect(), late];
        assert_eq!(write(&mut store, TIGHT, &days(vec![])), counted(30, 0));
        // The first of the two rows is the one that is stored; the late one is a second copy.
        let late = vec![event(0, 1, 5, 1)];
        assert_eq!(write(&mut store, TIGHT, &days(late.clone())), counted(1, 30));
        assert_eq!(content(&store)[&(20_000, 1, 5)], 2);
        // Two late rows make three copies in one file, of which two are stored.
        let late = vec![late[0], event(3, 3, 1, 1), late[0]];
        assert_eq!(write(&mut store, TIGHT, &days(late)), counted(2, 31));
        assert_eq!(content(&store)[&(20_000, 1, 5)], 3);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// Files in any order of time, in batches of any size, within memory and far beyond it.
        #[test]
        fn the_store_holds_the_most_copies_that_any_file_has(
            files in prop::collection::vec(
                prop::collection::vec(
                    prop::collection::vec((0i32..6, 1u32..5, 0i64..3, 0u32..3), 0..12),
                    1..5,
                ),
                1..4,
            ),
            in_order in any::<bool>(),
            tight in any::<bool>(),
        ) {
            let event = |(day, company, micros, copies)| event(day, company, micros, copies);
            let mut files: Vec<Vec<Vec<IncomingEvent>>> = files
                .into_iter()
                .map(|file| file.into_iter().map(|batch| batch.into_iter().map(event).collect()).collect())
                .collect();
            if in_order {
                for file in &mut files {
                    let mut rows: Vec<IncomingEvent> = file.iter().flatten().copied().collect();
                    rows.sort_by_key(|event| event.day);
                    *file = rows.chunks(4).map(<[_]>::to_vec).collect();
                }
            }
            let folder = tempfile::tempdir().unwrap();
            let mut store = store(&folder);
            let limits = if tight { TIGHT } else { LIMITS };
            let (content_expected, rows_expected) = expected(&files);
            let rows: Vec<(u64, u64)> = files.iter().map(|file| write(&mut store, limits, file)).collect();


            prop_assert_eq!(content(&store), content_expected);
            prop_assert_eq!(rows, rows_expected);
        }
    }
}
