//! Writes events: adds what a file has and the store does not.
//!
//! Equal events without an id are counted: after any set of files, the store has as many copies of
//! an event as the file with the most copies of it. To count the copies in *this* file, all rows of
//! a day must be known before the day is written. Most files are in order of time, so a day is
//! written when the file has moved on, and few events have to be kept; a file in any other order is
//! first sorted by day in a temporary file. In both cases memory does not grow with the number of
//! rows.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use rusqlite::{OptionalExtension, Row};
use rustc_hash::FxHashMap;

use super::keys;
use super::merge::{DayBefore, DayWriter, Merge};
use super::pieces::PIECE;
use super::prepared::{DayOutcome, GivenDay, PreparedDay, Preparer, VisitStored};
use super::waiting::{Aside, ByCompany, Until, WaitingEvent, fold, sort};
use crate::domain::company::folded_name;
use crate::domain::day::Day;
use crate::store::Store;

/// How many events are kept in memory.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Events are set aside when this many wait.
    in_memory: usize,
    /// A day with more events than this is sorted with the help of the temporary file.
    at_once: usize,
    /// Days with at least the first and at most the second number of events are prepared by another
    /// thread. Smaller ones are not worth it, and several larger ones at a time would take too much
    /// memory.
    prepared_beside: (usize, usize),
    /// No more events than this of a day are set aside without sorting them.
    aside_unsorted: usize,
    /// The most bytes of what is stored of such a day.
    stored_beside: usize,
    /// The maximum number of events of one row of the table.
    piece: usize,
}

/// At most 64 MiB of waiting events.
const LIMITS: Limits = Limits {
    in_memory: 2_000_000,
    at_once: 2_000_000,
    prepared_beside: (4096, 500_000),
    aside_unsorted: 65_536,
    stored_beside: 16 << 20,
    piece: PIECE,
};

/// The number of days of an unordered file that can be in memory, each with the same share.
const DAYS_IN_MEMORY: usize = 256;

/// New people are added in groups of at least this many.
const PEOPLE_TOGETHER: usize = 65_536;

/// A file is unordered if more than one in this many events goes back in time.
const ORDERLY_SHARE: usize = 16;

/// One row of an events file, with keys instead of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IncomingEvent {
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
    /// Whether this is another event of the previous row, with the same company and day.
    pub is_part: bool,
}

/// Names in a file that the database does not have, with their new keys.
#[derive(Debug, Default)]
pub(crate) struct NewNames {
    /// Companies, with the text that names them in the file.
    pub companies: Vec<(u32, String)>,
    /// Event names.
    pub events: Vec<(u32, String)>,
    pub people: Vec<(u32, String)>,
}

/// Some rows of an events file, in its order.
#[derive(Debug, Default)]
pub(crate) struct EventBatch {
    /// Names that occur first in these rows.
    pub names: NewNames,
    pub events: Vec<IncomingEvent>,
    /// The ids of those rows that have one, by position in `events`, ascending.
    pub ids: Vec<(u32, String)>,
}

/// How many rows were written and how many were known already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct WrittenRows {
    /// Rows that added at least one event.
    pub new: u64,
    /// Every other row.
    pub known: u64,
    /// The known rows that changed a stored value.
    pub changed: u64,
    /// The rows, new or known, that are equal to an earlier row of the file.
    pub repeated: u64,
}

impl WrittenRows {
    /// Counts one more row.
    pub(crate) fn add(&mut self, is_new: bool) {
        *(if is_new { &mut self.new } else { &mut self.known }) += 1;
    }
}

/// The result of writing an events file.
#[derive(Debug, Default)]
pub(crate) struct WrittenEvents {
    pub rows: WrittenRows,
    /// The days whose events have changed, in order.
    pub changed_days: Vec<Day>,
}

/// Writes the events of one file, inside the caller's transaction.
pub(crate) struct EventWriter<'s> {
    store: &'s Store,
    limits: Limits,
    day_writer: DayWriter<'s>,
    /// New people that are still to be added, in the order of their ids: added one by one, each
    /// would belong to another page of the index.
    people: Vec<(u32, String)>,
    /// By day. Not in order of days, because each row of an unordered file looks up its day.
    waiting: FxHashMap<i32, Vec<WaitingEvent>>,
    waiting_count: usize,
    newest_day: i32,
    /// All events so far, and those of them that were more than a day before the newest day.
    seen: usize,
    late: usize,
    written: BTreeMap<i32, DayBefore>,
    aside: Aside,
    rows: WrittenRows,
    /// The number of the current row.
    row: u32,
    /// Whether any row had several events.
    has_parts: bool,
    /// Whether equal rows are folded, which requires rows of one event each.
    folds: bool,
    first_days: FxHashMap<u32, (i32, i32)>,
    changed_days: BTreeSet<i32>,
    /// Whether the id of the previous row was known.
    is_repeating: bool,
    /// The largest key of an id that existed before this file.
    last_old_identity: u32,
    /// The number that the import will have.
    import: i64,
    /// Started when the first day is large enough for it.
    preparer: Option<Preparer>,
}

/// The id of an event.
#[derive(Debug, Clone, Copy)]
struct Identity {
    key: u32,
    /// The day of the first row that had it.
    day: i32,
    /// Whether no earlier row had it.
    is_first: bool,
}

impl Store {
    fn last_event_identity(&self) -> Result<u32> {
        let mut statement =
            self.connection.prepare_cached("SELECT coalesce(max(id), 0) AS last FROM event_ids")?;
        Ok(statement.query_row([], |row| row.get("last"))?)
    }

    /// Adds the names that occur first in a file.
    pub(crate) fn add_names(&self, names: &NewNames) -> Result<()> {
        let connection = &self.connection;
        let mut company = connection.prepare_cached(
            "INSERT INTO companies (id, company_id, is_unlisted, folded_id) VALUES (?1, ?2, 1, ?3)",
        )?;
        for (key, text) in &names.companies {
            company.execute((key, text, folded_name(text)))?;
        }
        let mut event =
            connection.prepare_cached("INSERT INTO event_names (id, name) VALUES (?1, ?2)")?;
        for (key, text) in &names.events {
            event.execute((key, text))?;
        }
        self.add_people(&names.people)
    }

    fn add_people(&self, people: &[(u32, String)]) -> Result<()> {
        let mut person =
            self.connection.prepare_cached("INSERT INTO people (id, person_id) VALUES (?1, ?2)")?;
        people.iter().try_for_each(|(key, text)| person.execute((key, text)).map(drop))?;
        Ok(())
    }

    /// A writer for the events of one file; `is_wide` means that a row may have several.
    pub(crate) fn event_writer(&self, is_wide: bool) -> Result<EventWriter<'_>> {
        let import = self.next_import()?;
        self.mark_names(import)?;
        Ok(EventWriter {
            store: self,
            limits: LIMITS,
            day_writer: self.day_writer(import)?,
            people: Vec::new(),
            waiting: FxHashMap::default(),
            waiting_count: 0,
            newest_day: i32::MIN,
            seen: 0,
            late: 0,
            written: BTreeMap::new(),
            aside: Aside::default(),
            rows: WrittenRows::default(),
            row: 0,
            has_parts: false,
            folds: !is_wide,
            first_days: FxHashMap::default(),
            changed_days: BTreeSet::new(),
            is_repeating: false,
            last_old_identity: self.last_event_identity()?,
            import,
            preparer: None,
        })
    }
}

impl<'s> EventWriter<'s> {
    /// Adds the next rows of the file.
    pub(crate) fn push(&mut self, mut batch: EventBatch) -> Result<()> {
        self.people.append(&mut batch.names.people);
        if self.people.len() >= PEOPLE_TOGETHER {
            self.add_people()?;
        }
        self.store.add_names(&batch.names)?;
        let identities = self.identify(&batch)?;
        for (position, identity) in &identities {
            batch.events[*position as usize].day = identity.day;
        }
        let mut from = 0;
        for of_day in batch.events.chunk_by(|a, b| a.day == b.day) {
            self.wait(of_day, from, &identities);
            from += of_day.len() as u32;
        }
        // Days are written as soon as the file has moved past them. The reading thread continues
        // meanwhile.
        if self.is_orderly() {
            self.write_finished_days()?;
        } else {
            self.set_large_days_aside()?;
        }
        if self.waiting_count >= self.limits.in_memory { self.set_all_aside() } else { Ok(()) }
    }

    fn add_people(&mut self) -> Result<()> {
        self.people.sort_unstable_by(|(_, one), (_, other)| one.cmp(other));
        self.store.add_people(&self.people)?;
        self.people.clear();
        Ok(())
    }

    fn is_orderly(&self) -> bool {
        self.late * ORDERLY_SHARE < self.seen
    }

    fn write_finished_days(&mut self) -> Result<()> {
        let mut finished: Vec<i32> =
            self.waiting.keys().copied().filter(|day| *day < self.newest_day - 1).collect();
        finished.sort_unstable();
        for day in finished {
            let events = self.waiting.remove(&day).unwrap_or_default();
            self.write_in_turn(day, events)?;
        }
        Ok(())
    }

    /// Writes a day after those that are being prepared, or has it prepared too.
    fn write_in_turn(&mut self, day: i32, events: Vec<WaitingEvent>) -> Result<()> {
        let (least, most) = self.limits.prepared_beside;
        let is_beside = (least..=most).contains(&events.len());
        let is_written = self.written.contains_key(&day);
        let stored = match is_beside && !is_written {
            true => self.store.stored_day(day, self.limits.stored_beside)?,
            false => None,
        };
        if !is_beside || (stored.is_none() && !is_written) {
            self.write_prepared_days(0)?;
            return self.write_events(day, events);
        }
        self.write_prepared_days(Preparer::AHEAD - 1)?;
        let given = GivenDay { day, events, stored };
        match &mut self.preparer {
            Some(preparer) => preparer.give(given),
            none => none.insert(Preparer::start(self.limits.piece)?).give(given),
        }
    }

    /// Writes prepared days until at most `left` are in progress.
    fn write_prepared_days(&mut self, left: usize) -> Result<()> {
        while let Some(preparer) = &mut self.preparer
            && preparer.in_progress() > left
        {
            let prepared = preparer.next()?;
            self.write_prepared(prepared)?;
        }
        Ok(())
    }

    fn write_prepared(&mut self, mut prepared: PreparedDay) -> Result<()> {
        if self.write_alone(&mut prepared)? {
            return Ok(());
        }
        self.merge_events(prepared.day, prepared.events)
    }

    /// Writes the rows of a prepared day, if it has any and they are all that the file has of the
    /// day so far. Returns whether it did.
    fn write_alone(&mut self, prepared: &mut PreparedDay) -> Result<bool> {
        let day = prepared.day;
        let is_whole = !self.has_parts
            && !self.written.contains_key(&day)
            && self.aside.count(day, Until::DayIsWritten) == 0;
        let Some(mut alone) = prepared.alone.take().filter(|_| is_whole) else { return Ok(false) };
        let is_new = alone.before == DayBefore::Nothing;
        if is_new {
            self.store.note_empty_day(self.import, day, 0)?;
        }
        alone.rows.iter_mut().try_for_each(|rows| self.day_writer.write(rows, is_new))?;
        if alone.before == DayBefore::Something {
            self.aside.put(self.store, day, &prepared.events, Until::FileEnds)?;
        }
        self.day_is_written(day, alone.outcome)?;
        self.written.insert(day, alone.before);
        self.waiting_count -= prepared.events.len();
        Ok(true)
    }

    fn set_all_aside(&mut self) -> Result<()> {
        self.fold_large_days();
        if self.waiting_count < self.limits.in_memory / 2 {
            return Ok(());
        }
        self.set_aside(1)
    }

    /// Sets the large days of an unordered file aside. The other thread continues to read
    /// meanwhile.
    fn set_large_days_aside(&mut self) -> Result<()> {
        self.set_aside((self.limits.in_memory / DAYS_IN_MEMORY).max(2))
    }

    /// Sets the days with at least `least` waiting events aside.
    fn set_aside(&mut self, least: usize) -> Result<()> {
        // Earlier rows of the same days: rows are counted in the order of the file.
        self.write_prepared_days(0)?;
        for (day, events) in &mut self.waiting {
            if events.len() >= least {
                if events.len() > self.limits.aside_unsorted {
                    sort(events);
                }
                self.aside.put(self.store, *day, events, Until::DayIsWritten)?;
                self.waiting_count -= events.len();
                events.clear();
            }
        }
        self.waiting.retain(|_, events| !events.is_empty());
        Ok(())
    }

    /// Folds equal events of the largest days, which may have many of them.
    fn fold_large_days(&mut self) {
        let large = self.limits.in_memory / 8;
        for events in self.waiting.values_mut().filter(|events| self.folds && events.len() > large)
        {
            let before = events.len();
            fold(events);
            self.waiting_count -= before - events.len();
        }
    }

    /// Writes the remaining events.
    pub(crate) fn finish(mut self) -> Result<WrittenEvents> {
        self.add_people()?;
        self.write_prepared_days(0)?;
        let mut days: Vec<i32> =
            self.waiting.keys().chain(self.aside.waiting_days()).copied().collect();
        days.sort_unstable();
        days.dedup();
        for day in days {
            let events = self.waiting.remove(&day).unwrap_or_default();
            let events = self.with_aside(day, events, self.limits.prepared_beside.1)?;
            self.write_in_turn(day, events)?;
        }
        self.write_prepared_days(0)?;
        self.store.note_event_days(&self.first_days)?;
        if let Some(preparer) = self.preparer.take() {
            self.store.note_first_days(&preparer.end()?)?;
        }
        self.store.note_first_days(&self.day_writer.first_days)?;
        let changed_days = self.changed_days.into_iter().map(Day::from_number).collect();
        Ok(WrittenEvents { rows: self.rows, changed_days })
    }

    /// Finds or creates the key of the id of each row that has one. The first row with an id is
    /// stored; a later one can only change its count.
    fn identify(&mut self, batch: &EventBatch) -> Result<FxHashMap<u32, Identity>> {
        let connection = &self.store.connection;
        let mut insert = connection.prepare_cached(
            "INSERT INTO event_ids (company, event_id, day) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING RETURNING id",
        )?;
        let mut find = connection
            .prepare_cached("SELECT id, day FROM event_ids WHERE company = ?1 AND event_id = ?2")?;
        let known = |row: &Row<'_>| {
            Ok(Identity { key: row.get("id")?, day: row.get("day")?, is_first: false })
        };
        let mut keys = FxHashMap::default();
        for (position, id) in &batch.ids {
            let IncomingEvent { company, day, .. } = batch.events[*position as usize];
            // If the previous id was known, this one mostly is too.
            let mut identity = match self.is_repeating {
                true => find.query_row((company, id), known).optional()?,
                false => None,
            };
            if identity.is_none() {
                let new: Option<u32> =
                    insert.query_row((company, id, day), |row| row.get("id")).optional()?;
                identity = new.map(|key| Identity { key, day, is_first: true });
            }
            let identity = match identity {
                Some(identity) => identity,
                None => find.query_row((company, id), known)?,
            };
            self.is_repeating = !identity.is_first;
            keys.insert(*position, identity);
        }
        Ok(keys)
    }

    /// Adds events of one day to those that wait; the first of them is at `from` in its batch.
    fn wait(&mut self, events: &[IncomingEvent], from: u32, identities: &FxHashMap<u32, Identity>) {
        let Some(IncomingEvent { day, .. }) = events.first() else { return };
        self.seen += events.len();
        if *day < self.newest_day.saturating_sub(1) {
            self.late += events.len();
        }
        self.newest_day = self.newest_day.max(*day);
        let of_day = self.waiting.entry(*day).or_default();
        let before = of_day.len();
        for (event, position) in events.iter().zip(from..) {
            self.row = self.row.wrapping_add(u32::from(!event.is_part));
            self.has_parts |= event.is_part;
            let mut waiting = WaitingEvent::new(event, self.row);
            if let Some(Identity { key, is_first, .. }) = identities.get(&position) {
                (waiting.identity, waiting.is_first) = (*key, *is_first);
            }
            if !self.folds || !of_day.last_mut().is_some_and(|last| last.fold(&waiting)) {
                of_day.push(waiting);
            }
        }
        self.waiting_count += of_day.len() - before;
    }

    /// Writes the events of a day together with those that are aside.
    fn write_events(&mut self, day: i32, events: Vec<WaitingEvent>) -> Result<()> {
        let earlier = self.aside.count(day, Until::FileEnds);
        let events = self.with_aside(day, events, self.limits.at_once.saturating_sub(earlier))?;
        if events.len() > self.limits.at_once {
            return self.merge_events(day, events);
        }
        let store = self.store;
        let stored = (!self.written.contains_key(&day))
            .then_some(|visit: VisitStored<'_>| store.for_each_piece(day, visit));
        let firsts = &mut self.day_writer.first_days;
        let prepared = PreparedDay::new(day, events, stored, self.limits.piece, firsts)?;
        self.write_prepared(prepared)
    }

    /// Takes the events of a day that are aside back, provided that these and `events` are at most
    /// `most`.
    fn with_aside(
        &mut self,
        day: i32,
        events: Vec<WaitingEvent>,
        most: usize,
    ) -> Result<Vec<WaitingEvent>> {
        let aside = self.aside.count(day, Until::DayIsWritten);
        if aside == 0 || aside + events.len() > most {
            return Ok(events);
        }
        let mut all = self.aside.all(day, Until::DayIsWritten)?;
        self.aside.forget(day, Until::DayIsWritten);
        self.waiting_count += all.len();
        all.extend(events);
        Ok(all)
    }

    /// Merges the events of a day, and those that are aside, with what is stored of it.
    fn merge_events(&mut self, day: i32, events: Vec<WaitingEvent>) -> Result<()> {
        self.waiting_count -= events.len();
        let before = self.day_before(day)?;
        if before == DayBefore::Nothing && !self.written.contains_key(&day) {
            self.store.note_empty_day(self.import, day, 0)?;
        }
        let aside = self.aside.count(day, Until::DayIsWritten);
        let earlier = self.aside.count(day, Until::FileEnds);
        if aside + earlier + events.len() > self.limits.at_once {
            self.write_long(day, before, events)?;
        } else {
            let mut all = self.aside.all(day, Until::DayIsWritten)?;
            all.extend(events);
            self.write_at_once(day, before, all)?;
        }
        self.aside.forget(day, Until::DayIsWritten);
        self.written.insert(day, before);
        Ok(())
    }

    fn day_before(&self, day: i32) -> Result<DayBefore> {
        if let Some(before) = self.written.get(&day) {
            return Ok(*before);
        }
        let mut statement = self.store.connection.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM event_days WHERE id BETWEEN ?1 AND ?2) AS found",
        )?;
        let rows = keys::of_whole_day(day);
        let is_there: bool =
            statement.query_row((rows.start(), rows.end()), |row| row.get("found"))?;
        Ok(if is_there { DayBefore::Something } else { DayBefore::Nothing })
    }

    /// Writes all events of a day from memory.
    fn write_at_once(
        &mut self,
        day: i32,
        before: DayBefore,
        mut events: Vec<WaitingEvent>,
    ) -> Result<()> {
        sort(&mut events);
        let mut earlier = self.aside.all(day, Until::FileEnds)?;
        sort(&mut earlier);
        let mut merge = self.merge(day, before);
        let mut outcome = DayOutcome::default();
        for of_company in events.chunk_by(|a, b| a.company() == b.company()) {
            let company = of_company[0].company();
            let first = earlier.partition_point(|event| event.company() < company);
            let last = earlier.partition_point(|event| event.company() <= company);
            outcome.add(company, merge.company(company, of_company, &earlier[first..last])?);
        }
        if before == DayBefore::Something {
            self.aside.put(self.store, day, &events, Until::FileEnds)?;
        }
        self.day_is_written(day, outcome)
    }

    /// Writes a day with more events than memory has room for.
    fn write_long(
        &mut self,
        day: i32,
        before: DayBefore,
        mut events: Vec<WaitingEvent>,
    ) -> Result<()> {
        sort(&mut events);
        self.aside.put(self.store, day, &events, Until::DayIsWritten)?;
        drop(events);
        let mut rows = ByCompany::new(self.aside.in_order(day, Until::DayIsWritten)?);
        let mut earlier = ByCompany::new(self.aside.in_order(day, Until::FileEnds)?);
        let mut merge = self.merge(day, before);
        let mut outcome = DayOutcome::default();
        while let Some(company) = rows.company()? {
            earlier.skip_to(company)?;
            let most = merge.piece + 1;
            let (some, before) = (rows.take(company, most)?, earlier.take(company, most)?);
            let written = if some.len().max(before.len()) < most {
                merge.company(company, &some, &before)?
            } else {
                let rows = some.into_iter().map(Ok).chain(rows.of(company));
                let earlier = before.into_iter().map(Ok).chain(earlier.of(company));
                merge.many(company, rows, earlier)?
            };
            outcome.add(company, written);
        }
        drop(merge);
        if before == DayBefore::Something {
            self.aside.keep(day);
        }
        self.day_is_written(day, outcome)
    }

    fn merge(&mut self, day: i32, before: DayBefore) -> Merge<'s, '_> {
        Merge {
            store: self.store,
            day,
            before,
            is_again: self.written.contains_key(&day),
            has_parts: self.has_parts,
            last_old_identity: self.last_old_identity,
            import: self.import,
            piece: self.limits.piece,
            events: Vec::new(),
            writer: &mut self.day_writer,
        }
    }

    fn day_is_written(&mut self, day: i32, outcome: DayOutcome) -> Result<()> {
        self.day_writer.flush()?;
        let DayOutcome { rows, companies } = outcome;
        self.rows.new += rows.new;
        self.rows.known += rows.known;
        self.rows.changed += rows.changed;
        self.rows.repeated += rows.repeated;
        if rows.new + rows.changed > 0 {
            self.changed_days.insert(day);
        }
        for company in companies {
            let days = self.first_days.entry(company).or_insert((day, day));
            *days = (days.0.min(day), days.1.max(day));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::EVENTS;
    use crate::domain::day::Instant;
    use crate::store::events::day_text::{self, StoredEvent};
    use crate::store::{Finish, ImportRecord, Permissions};

    /// Limits so low that a handful of events does not fit.
    const TIGHT: Limits = Limits {
        in_memory: 5,
        at_once: 3,
        prepared_beside: (2, 4),
        aside_unsorted: 2,
        stored_beside: 40,
        piece: 2,
    };

    /// Limits that a test does not reach.
    const WIDE: Limits = Limits {
        in_memory: 64,
        at_once: 64,
        prepared_beside: (64, 64),
        aside_unsorted: 64,
        stored_beside: 64,
        piece: 64,
    };

    fn event(day: i32, company: u32, micros: i64, copies: u32) -> IncomingEvent {
        IncomingEvent {
            day: 20_000 + day,
            company,
            event: 1,
            person: 0,
            copies,
            micros,
            is_part: false,
        }
    }

    fn store(folder: &tempfile::TempDir) -> Store {
        let store =
            Store::create_or_open(&folder.path().join("test.db"), Permissions::Owner).unwrap();
        for company in 1..=4 {
            store.add_unlisted_company(&format!("company-{company}")).unwrap();
        }
        store.connection.execute("INSERT INTO event_names (name) VALUES ('login')", []).unwrap();
        store
    }

    /// The waiting events are counted and within the limits, as are the days in progress.
    fn push(writer: &mut EventWriter<'_>, batch: EventBatch) -> Result<()> {
        writer.push(batch)?;
        let days = writer.preparer.as_ref().map_or(0, Preparer::in_progress);
        assert!(days <= 2);
        let waiting: usize = writer.waiting.values().map(Vec::len).sum();
        let in_progress = days * writer.limits.prepared_beside.1;
        assert!((waiting..=waiting + in_progress).contains(&writer.waiting_count));
        assert!(writer.waiting_count < writer.limits.in_memory);
        Ok(())
    }

    fn push_events(writer: &mut EventWriter<'_>, events: &[IncomingEvent]) {
        push(writer, EventBatch { events: events.to_vec(), ..EventBatch::default() }).unwrap();
    }

    fn write(store: &mut Store, limits: Limits, batches: &[Vec<IncomingEvent>]) -> (u64, u64) {
        let work = |store: &mut Store| {
            let has_parts = batches.iter().flatten().any(|event| event.is_part);
            let mut writer = EventWriter { limits, ..store.event_writer(has_parts)? };
            for events in batches {
                push(&mut writer, EventBatch { events: events.clone(), ..EventBatch::default() })?;
            }
            Ok(writer.finish()?.rows)
        };
        let rows = store.transaction(Finish::Commit, work).unwrap();
        (rows.new, rows.known)
    }

    fn counted(new: u64, known: u64) -> (u64, u64) {
        (new, known)
    }

    type Content = BTreeMap<(i32, u32, i64), u64>;

    fn content(store: &Store) -> Content {
        let mut statement =
            store.connection.prepare("SELECT day, company, events FROM event_days").unwrap();
        let mut rows = statement.query([]).unwrap();
        let mut content = Content::new();
        while let Some(row) = rows.next().unwrap() {
            let (day, company): (i32, u32) = (row.get("day").unwrap(), row.get("company").unwrap());
            for event in day_text::read(row.get_ref("events").unwrap().as_str().unwrap()).unwrap() {
                content.insert((day, company, event.key.micros), event.copies);
            }
        }
        assert_eq!(store.problems().unwrap(), Vec::<String>::new());
        content
    }

    /// For each key, the most copies in any one file; and for each file, the numbers of new and
    /// known rows.
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
    fn a_late_row_of_a_written_day_is_another_copy() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(&folder);
        let file = [
            vec![event(0, 1, 5, 1)],
            (1..30).map(|day| event(day, 2, 0, 1)).collect(),
            vec![event(0, 1, 5, 1)],
        ];
        assert_eq!(write(&mut store, TIGHT, &file), counted(31, 0));
        assert_eq!(content(&store)[&(20_000, 1, 5)], 2);
        assert_eq!(write(&mut store, TIGHT, &file), counted(0, 31));
    }

    /// Equal rows do not take memory each, whether they are adjacent or alternate.
    #[test]
    fn equal_rows_are_folded_when_they_arrive() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(&folder);
        let work = |store: &mut Store| {
            let mut writer = EventWriter { limits: WIDE, ..store.event_writer(false)? };
            for _ in 0..1000 {
                let events = vec![event(0, 1, 5, 1), event(0, 1, 5, 1), event(0, 1, 6, 2)];
                writer.push(EventBatch { events, ..EventBatch::default() })?;
                assert!(writer.waiting_count <= 64);
            }
            assert_eq!(writer.aside.count(20_000, Until::DayIsWritten), 0);
            writer.finish()
        };
        let rows = store.transaction(Finish::Commit, work).unwrap().rows;
        assert_eq!((rows.new, rows.known, rows.repeated), (3000, 0, 2998));
        assert_eq!(content(&store)[&(20_000, 1, 5)], 2000);
        assert_eq!(content(&store)[&(20_000, 1, 6)], 2000);
        // One more row of each than in the first file.
        let one = [event(0, 1, 5, 1), event(0, 1, 6, 2)];
        let more = [one.repeat(1001), vec![event(0, 1, 5, 1); 1000]];
        assert_eq!(write(&mut store, WIDE, &more), counted(2, 3000));
    }

    #[test]
    fn a_row_with_several_events_counts_as_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(&folder);
        store.connection.execute("INSERT INTO event_names (name) VALUES ('export')", []).unwrap();
        let part =
            |day, copies| IncomingEvent { event: 2, is_part: true, ..event(day, 1, 0, copies) };
        let first = [vec![event(0, 1, 0, 3), part(0, 1), event(1, 1, 0, 2)]];
        assert_eq!(write(&mut store, TIGHT, &first), counted(2, 0));
        // The first row has one more export now, the second is as it was.
        let second = [vec![event(0, 1, 0, 3), part(0, 2), event(1, 1, 0, 2)]];
        assert_eq!(write(&mut store, TIGHT, &second), counted(1, 1));
        assert_eq!(write(&mut store, TIGHT, &second), counted(0, 2));
    }

    #[test]
    fn a_late_row_is_counted_only_with_the_rows_of_its_own_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(&folder);
        let days = |late| {
            [vec![event(0, 1, 5, 1)], (1..30).map(|day| event(day, 2, 0, 1)).collect(), late]
        };
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

    /// A row: day, company, time, copies, event name, id, and whether it belongs to the previous
    /// row.
    type Row = (i32, u32, i64, u32, u32, Option<u8>, bool);

    /// All stored events of each company and day, however many rows they have.
    fn texts(store: &Store) -> BTreeMap<(i32, u32), Vec<StoredEvent>> {
        let mut statement = store
            .connection
            .prepare("SELECT day, company, events FROM event_days ORDER BY id")
            .unwrap();
        let mut rows = statement.query([]).unwrap();
        let mut texts: BTreeMap<(i32, u32), Vec<StoredEvent>> = BTreeMap::new();
        while let Some(row) = rows.next().unwrap() {
            let events = day_text::read(row.get_ref("events").unwrap().as_str().unwrap()).unwrap();
            let key = (row.get("day").unwrap(), row.get("company").unwrap());
            texts.entry(key).or_default().extend(events);
        }
        assert_eq!(store.problems().unwrap(), Vec::<String>::new());
        texts
    }

    fn events_import() -> ImportRecord {
        let now = Instant::from_micros(0);
        ImportRecord {
            id: 0,
            file: "events.csv".to_owned(),
            kind: EVENTS.to_owned(),
            started_at: now,
            finished_at: now,
            rows_read: 0,
            rows_new: 0,
            rows_known: 0,
            rows_rejected: 0,
            companies_made: 0,
            first_day: None,
            last_day: None,
            undone_at: None,
        }
    }

    fn write_rows(
        store: &mut Store,
        limits: Limits,
        rows: &[Vec<Row>],
        is_wide: bool,
    ) -> (WrittenRows, Vec<Day>) {
        let work = |store: &mut Store| {
            let mut writer = EventWriter { limits, ..store.event_writer(is_wide)? };
            for batch in rows {
                let (mut events, mut ids): (Vec<IncomingEvent>, _) = (Vec::new(), Vec::new());
                for (day, company, micros, copies, name, id, is_part) in batch {
                    let mut row = event(*day, *company, *micros, *copies);
                    row.event = *name;
                    if let Some(before) = events.last()
                        && is_wide
                        && *is_part
                    {
                        (row.day, row.company, row.is_part) = (before.day, before.company, true);
                    }
                    if let Some(id) = id.filter(|_| !is_wide) {
                        ids.push((events.len() as u32, format!("e{id}")));
                    }
                    events.push(row);
                }
                push(&mut writer, EventBatch { events, ids, ..EventBatch::default() })?;
            }
            let written = writer.finish()?;
            store.add_import(&events_import())?;
            Ok(written)
        };
        let written = store.transaction(Finish::Commit, work).unwrap();
        // Repeated rows are found only among those that are written together.
        (WrittenRows { repeated: 0, ..written.rows }, written.changed_days)
    }

    /// The last row, of two events, comes when its day is being prepared. Of its three equal events
    /// of company 2 the database has two, those of the second row: the last row is new, and so are
    /// the third, a second copy, and the fourth, of another day.
    #[test]
    fn rows_are_counted_in_the_order_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(&folder);
        let name = "INSERT INTO event_names (name) VALUES ('export')";
        store.connection.execute(name, []).unwrap();
        let row = |day, company, micros, copies| (day, company, micros, copies, 1, None, false);
        let before = [row(0, 1, 0, 1), row(0, 2, 2, 2)];
        let first = [row(0, 1, 0, 1), row(0, 2, 2, 2), row(0, 1, 0, 1), row(2, 1, 0, 1)];
        let last = [row(0, 2, 2, 1), (0, 2, 0, 1, 1, None, true)];
        let limits = Limits { piece: 1, ..TIGHT };
        write_rows(&mut store, limits, &[before.to_vec()], true);
        let (rows, _) = write_rows(&mut store, limits, &[first.to_vec(), last.to_vec()], true);
        assert_eq!((rows.new, rows.known), (3, 2));
    }

    fn days_waiting(writer: &EventWriter<'_>) -> Vec<(i32, usize)> {
        let by_day: BTreeMap<&i32, &Vec<WaitingEvent>> = writer.waiting.iter().collect();
        by_day.into_iter().map(|(day, events)| (day - 20_000, events.len())).collect()
    }

    fn equal_events(day: i32, count: usize) -> Vec<WaitingEvent> {
        vec![WaitingEvent::new(&event(day, 1, 5, 1), 1); count]
    }

    #[test]
    fn a_day_is_written_when_the_file_is_two_days_ahead() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let limits = Limits { prepared_beside: (2, 4), ..WIDE };
        let mut writer = EventWriter { limits, ..store.event_writer(false).unwrap() };
        let mut in_progress = Vec::new();
        for day in 0..6 {
            push_events(&mut writer, &[1, 2, 3].map(|company| event(day, company, 0, 1)));
            in_progress.push(writer.preparer.as_ref().map_or(0, Preparer::in_progress));
        }
        assert_eq!(days_waiting(&writer), [(4, 3), (5, 3)]);
        // At most two days are prepared at a time.
        assert_eq!(in_progress, [0, 0, 1, 2, 2, 2]);
    }

    #[test]
    fn a_file_is_unordered_if_one_event_in_16_goes_back_by_more_than_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let mut writer = EventWriter { limits: WIDE, ..store.event_writer(false).unwrap() };
        let mut is_orderly = |day, count| {
            push_events(&mut writer, &vec![event(day, 1, 0, 1); count]);
            writer.is_orderly()
        };
        assert!(is_orderly(10, 14));
        assert!(is_orderly(9, 1));
        assert!(!is_orderly(8, 1));
        assert!(is_orderly(10, 1));
    }

    #[test]
    fn large_days_of_an_unordered_file_are_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let limits = Limits { in_memory: 1024, ..WIDE };
        let mut writer = EventWriter { limits, ..store.event_writer(false).unwrap() };
        for (day, count) in [(1, 3), (2, 4)] {
            writer.waiting.insert(20_000 + day, equal_events(day, count));
            writer.waiting_count += count;
        }
        writer.set_large_days_aside().unwrap();
        assert_eq!((days_waiting(&writer), writer.waiting_count), (vec![(1, 3)], 3));
        assert_eq!(writer.aside.count(20_002, Until::DayIsWritten), 4);
        assert_eq!(writer.aside.count(20_001, Until::DayIsWritten), 0);
    }

    #[test]
    fn equal_events_of_large_days_are_folded_if_rows_have_one_event() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        for (is_wide, left) in [(false, 1), (true, 3)] {
            let limits = Limits { in_memory: 16, ..WIDE };
            let mut writer = EventWriter { limits, ..store.event_writer(is_wide).unwrap() };
            writer.waiting.insert(20_001, equal_events(1, 2));
            writer.waiting.insert(20_002, equal_events(2, 3));
            writer.waiting_count = 5;
            writer.fold_large_days();
            assert_eq!(days_waiting(&writer), [(1, 2), (2, left)]);
            assert_eq!(writer.waiting_count, 2 + left);
        }
    }

    #[test]
    fn events_are_set_aside_if_folding_leaves_half_of_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let two = [event(0, 1, 5, 1), event(0, 1, 6, 1)];
        for (in_memory, waiting, aside) in [(4, 0, 2), (6, 2, 0)] {
            let limits = Limits { in_memory, ..WIDE };
            let mut writer = EventWriter { limits, ..store.event_writer(false).unwrap() };
            push_events(&mut writer, &two.repeat(in_memory / 2));
            assert_eq!(writer.waiting_count, waiting);
            assert_eq!(writer.aside.count(20_000, Until::DayIsWritten), aside);
        }
    }

    #[test]
    fn events_that_are_aside_are_taken_back_if_all_fit() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let mut writer = EventWriter { limits: WIDE, ..store.event_writer(false).unwrap() };
        let (aside, waiting) = (equal_events(0, 2), equal_events(0, 1));
        writer.aside.put(&store, 20_000, &aside, Until::DayIsWritten).unwrap();
        let events = writer.with_aside(20_000, waiting.clone(), 2).unwrap();
        let left = writer.aside.count(20_000, Until::DayIsWritten);
        assert_eq!((events.len(), left, writer.waiting_count), (1, 2, 0));
        let events = writer.with_aside(20_000, waiting, 3).unwrap();
        let left = writer.aside.count(20_000, Until::DayIsWritten);
        assert_eq!((events.len(), left, writer.waiting_count), (3, 0, 2));
    }

    #[test]
    fn a_day_that_is_stored_is_recognized_by_its_text() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(&folder);
        let events = [event(0, 1, 5, 1), event(0, 1, 5, 1), event(0, 2, 6, 0)];
        let mut write = || {
            let work = |store: &mut Store| {
                let mut writer = store.event_writer(false)?;
                push_events(&mut writer, &events);
                writer.finish()
            };
            store.transaction(Finish::Commit, work).unwrap()
        };
        let first = write();
        assert_eq!(first.rows, WrittenRows { new: 2, known: 1, changed: 0, repeated: 1 });
        assert_eq!(first.changed_days, [Day::from_number(20_000)]);
        let second = write();
        assert_eq!(second.rows, WrittenRows { new: 0, known: 3, changed: 0, repeated: 1 });
        assert_eq!(second.changed_days, []);
    }

    /// If it has other events too, the rows of the file are kept aside, for late rows of the day.
    #[test]
    fn a_stored_day_is_compared_as_a_whole_if_it_fits_into_memory() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(&folder);
        let events = [event(0, 1, 5, 1), event(0, 2, 6, 1)];
        write(&mut store, WIDE, &[events.to_vec()]);
        let (same, something) = (DayBefore::Same, DayBefore::Something);
        for (at_once, of_file, before) in [(2, 2, same), (2, 1, something), (1, 2, something)] {
            let limits = Limits { at_once, ..WIDE };
            let mut writer = EventWriter { limits, ..store.event_writer(false).unwrap() };
            writer.waiting_count = of_file;
            let events = events[..of_file].iter().map(|event| WaitingEvent::new(event, 1));
            writer.write_events(20_000, events.collect()).unwrap();
            assert_eq!(writer.written, BTreeMap::from([(20_000, before)]));
            assert_eq!((writer.rows.known, writer.waiting_count), (of_file as u64, 0));
            let aside = if before == same { 0 } else { of_file };
            assert_eq!(writer.aside.count(20_000, Until::FileEnds), aside);
        }
    }

    #[test]
    fn a_day_is_prepared_beside_writing_if_it_and_what_is_stored_fit() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(&folder);
        // Two texts of 12 bytes.
        write(&mut store, WIDE, &[vec![event(0, 1, 0, 1), event(0, 2, 0, 1)]]);
        for (stored_beside, is_written, count, in_progress) in [
            (24, false, 2, 1),
            (24, false, 4, 1),
            (24, false, 1, 0),
            (24, false, 5, 0),
            (23, false, 2, 0),
            (23, true, 2, 1),
        ] {
            let limits = Limits { prepared_beside: (2, 4), stored_beside, ..WIDE };
            let mut writer = EventWriter { limits, ..store.event_writer(false).unwrap() };
            if is_written {
                writer.written.insert(20_000, DayBefore::Something);
            }
            writer.waiting_count = count;
            writer.write_in_turn(20_000, equal_events(0, count)).unwrap();
            assert_eq!(writer.preparer.map_or(0, |preparer| preparer.in_progress()), in_progress);
        }
    }

    /// The rows that were written before are needed too.
    #[test]
    fn a_day_is_merged_in_the_temporary_file_if_its_rows_do_not_fit_into_memory() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        for (at_once, put_aside) in [(5, 0), (4, 3)] {
            let limits = Limits { at_once, ..WIDE };
            let mut writer = EventWriter { limits, ..store.event_writer(false).unwrap() };
            writer.aside.put(&store, 20_000, &equal_events(0, 1), Until::FileEnds).unwrap();
            writer.aside.put(&store, 20_000, &equal_events(0, 1), Until::DayIsWritten).unwrap();
            let before = writer.aside.length;
            writer.waiting_count = 3;
            writer.merge_events(20_000, equal_events(0, 3)).unwrap();
            assert_eq!(writer.aside.length, before + 32 * put_aside);
            assert_eq!(writer.aside.count(20_000, Until::DayIsWritten), 0);
            assert_eq!(writer.waiting_count, 0);
            store
                .connection
                .execute_batch("DELETE FROM event_days; DELETE FROM day_counts")
                .unwrap();
        }
    }

    #[test]
    fn a_day_without_stored_events_is_fresh_until_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let mut writer = store.event_writer(false).unwrap();
        assert!(writer.merge(20_000, DayBefore::Nothing).is_fresh());
        assert!(!writer.merge(20_000, DayBefore::Something).is_fresh());
        writer.written.insert(20_000, DayBefore::Nothing);
        assert!(!writer.merge(20_000, DayBefore::Nothing).is_fresh());
    }

    #[test]
    fn new_companies_and_event_names_are_added_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let mut writer = store.event_writer(false).unwrap();
        let names = NewNames {
            companies: vec![(9, "Acme".to_owned())],
            events: vec![(5, "export".to_owned())],
            people: Vec::new(),
        };
        writer.push(EventBatch { names, ..EventBatch::default() }).unwrap();
        let company = "companies WHERE id = 9 AND company_id = 'Acme' AND folded_id = 'acme'";
        assert_eq!(rows_of(&store, company), 1);
        assert_eq!(rows_of(&store, "event_names WHERE id = 5 AND name = 'export'"), 1);
    }

    #[test]
    fn new_people_are_added_many_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(&folder);
        let work = |store: &mut Store| {
            let mut writer = store.event_writer(false)?;
            let mut waiting = |keys: std::ops::Range<u32>| {
                let people = keys.map(|key| (key, format!("u{key}"))).collect();
                let names = NewNames { people, ..NewNames::default() };
                writer.push(EventBatch { names, ..EventBatch::default() }).unwrap();
                writer.people.len()
            };
            Ok((waiting(1..65_536), waiting(65_536..65_537)))
        };
        assert_eq!(store.transaction(Finish::Commit, work).unwrap(), (65_535, 0));
        assert_eq!(rows_of(&store, "people WHERE person_id = 'u' || id"), 65_536);
    }

    /// However many events fit into one row of the table.
    #[test]
    fn late_rows_of_a_new_day_are_further_copies() {
        for piece in [1, 64] {
            let folder = tempfile::tempdir().unwrap();
            let mut store = store(&folder);
            let limits = Limits { piece, ..WIDE };
            let (one, other) = (event(0, 1, 5, 1), event(0, 1, 6, 1));
            let later = (1..5).map(|day| event(day, 2, 0, 1)).collect();
            let file = [vec![one], later, vec![one, other]];
            assert_eq!(write(&mut store, limits, &file), counted(7, 0));
            assert_eq!(content(&store)[&(20_000, 1, 5)], 2);
        }
    }

    /// However many events fit into one row of the table. Of the first two events, three copies are
    /// stored, and the file has two and one of them before the late rows.
    #[test]
    fn late_rows_are_known_until_the_file_has_as_many_copies_as_the_store() {
        for piece in [1, 64] {
            let folder = tempfile::tempdir().unwrap();
            let mut store = store(&folder);
            let limits = Limits { piece, ..WIDE };
            let [first, second, third] = [5, 6, 7].map(|micros| event(0, 1, micros, 1));
            let before = [vec![first; 3], vec![second; 3]].concat();
            assert_eq!(write(&mut store, limits, &[before]), counted(6, 0));
            let later = (1..5).map(|day| event(day, 2, 0, 1)).collect();
            let late = [vec![first; 2], vec![second; 3], vec![third]].concat();
            let file = [vec![first, first, second], later, late];
            assert_eq!(write(&mut store, limits, &file), counted(7, 6));
            let copies = [5, 6, 7].map(|micros| content(&store)[&(20_000, 1, micros)]);
            assert_eq!(copies, [4, 4, 1]);
        }
    }

    /// Three copies are stored. The file has one of them before the late rows, after one event of
    /// another company, and too many in all for memory.
    #[test]
    fn late_rows_of_a_long_day_are_compared_with_those_of_their_company() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(&folder);
        let (other, row) = (event(0, 1, 5, 1), event(0, 2, 5, 1));
        assert_eq!(write(&mut store, WIDE, &[vec![other, row, row, row]]), counted(4, 0));
        let limits = Limits { at_once: 2, ..WIDE };
        let later = (1..5).map(|day| event(day, 2, 0, 1)).collect();
        let file = [vec![other, row], later, vec![row; 3]];
        assert_eq!(write(&mut store, limits, &file), counted(5, 4));
        assert_eq!(content(&store)[&(20_000, 2, 5)], 4);
    }

    #[test]
    fn ids_are_those_of_their_rows() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(&folder);
        let row = |day, id| (day, 1, 5, 1, 1, id, false);
        let rows = vec![row(0, Some(1)), row(1, None), row(2, Some(2)), row(2, None)];
        write_rows(&mut store, WIDE, &[rows], false);
        let ids = [0, 1, 2].map(|day| -> Vec<u32> {
            let events = &texts(&store)[&(20_000 + day, 1)];
            events.iter().map(|event| event.key.identity).collect()
        });
        assert_eq!(ids, [vec![1], vec![0], vec![0, 2]]);
    }

    #[test]
    fn few_events_of_a_company_wait_to_be_written_with_those_of_others() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let limits = Limits { piece: 1, ..WIDE };
        let mut writer = EventWriter { limits, ..store.event_writer(false).unwrap() };
        let two = [event(0, 1, 5, 1), event(0, 1, 6, 1)].map(|event| WaitingEvent::new(&event, 1));
        let mut merge = writer.merge(20_000, DayBefore::Nothing);
        merge.company(1, &two[..1], &[]).unwrap();
        assert_eq!(rows_of(&store, "event_days"), 0);
        merge.company(2, &two, &[]).unwrap();
        assert_eq!(rows_of(&store, "event_days"), 3);
        merge.company(3, &two[..1], &two).unwrap();
        assert_eq!(rows_of(&store, "event_days"), 4);
    }

    #[test]
    fn a_company_that_outgrows_a_row_of_the_table_gets_a_second_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(&folder);
        write(&mut store, WIDE, &[vec![event(0, 1, 5, 1)]]);
        let limits = Limits { piece: 2, ..WIDE };
        let mut writer = EventWriter { limits, ..store.event_writer(false).unwrap() };
        let person = "INSERT INTO people (id, person_id) VALUES (5, 'u5')";
        store.connection.execute(person, []).unwrap();
        let two = [6, 7].map(|micros| IncomingEvent { person: 5, ..event(0, 1, micros, 1) });
        let two = two.map(|event| WaitingEvent::new(&event, 1));
        writer.merge(20_000, DayBefore::Something).company(1, &two, &[]).unwrap();
        writer.day_writer.flush().unwrap();
        store.note_first_days(&writer.day_writer.first_days).unwrap();
        drop(writer);
        assert_eq!(rows_of(&store, "event_days"), 2);
        assert_eq!(content(&store).len(), 3);
        assert_eq!(rows_of(&store, "first_people"), 1);
    }

    #[test]
    fn repeated_rows_of_a_file_with_parts_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(&folder);
        let name = "INSERT INTO event_names (name) VALUES ('export')";
        store.connection.execute(name, []).unwrap();
        let part = IncomingEvent { event: 2, is_part: true, ..event(0, 1, 0, 1) };
        let events = vec![event(0, 1, 0, 1), part, event(0, 1, 5, 1), event(0, 1, 5, 1)];
        let work = |store: &mut Store| {
            let mut writer = store.event_writer(true)?;
            push(&mut writer, EventBatch { events, ..EventBatch::default() })?;
            writer.finish()
        };
        let rows = store.transaction(Finish::Commit, work).unwrap().rows;
        assert_eq!(rows, WrittenRows { new: 3, known: 0, changed: 0, repeated: 1 });
    }

    /// However many events fit into one row of the table.
    #[test]
    fn a_row_that_stands_for_no_event_is_not_the_first_of_its_person() {
        for piece in [1, 64] {
            let folder = tempfile::tempdir().unwrap();
            let mut store = store(&folder);
            let limits = Limits { piece, ..WIDE };
            let of_person = |person, copies| IncomingEvent { person, ..event(0, 1, 5, copies) };
            let file = [vec![of_person(1, 1), of_person(2, 0), of_person(3, 2)]];
            assert_eq!(write(&mut store, limits, &file), counted(2, 1));
            assert_eq!(rows_of(&store, "first_people WHERE person IN (1, 3)"), 2);
            assert_eq!(rows_of(&store, "first_people"), 2);
        }
    }

    /// However many events fit into one row of the table.
    #[test]
    fn the_last_row_with_an_id_sets_the_copies() {
        for piece in [1, 64] {
            let folder = tempfile::tempdir().unwrap();
            let mut store = store(&folder);
            let limits = Limits { piece, ..WIDE };
            let row = |copies| (0, 1, 5, copies, 1, Some(1), false);
            let mut write = |copies: &[u32]| {
                let batches: Vec<Vec<Row>> =
                    copies.iter().map(|copies| vec![row(*copies)]).collect();
                let (rows, days) = write_rows(&mut store, limits, &batches, false);
                let copies = texts(&store)[&(20_000, 1)][0].copies;
                (rows.new, rows.known, rows.changed, days.len(), copies)
            };
            assert_eq!(write(&[1, 3]), (1, 1, 0, 1, 3));
            assert_eq!(write(&[2]), (0, 1, 1, 1, 2));
            assert_eq!(write(&[2]), (0, 1, 0, 0, 2));
        }
    }

    /// However many events fit into one row of the table.
    #[test]
    fn rows_that_are_equal_to_earlier_ones_are_counted() {
        for piece in [1, 64] {
            let folder = tempfile::tempdir().unwrap();
            let mut store = store(&folder);
            let limits = Limits { piece, ..WIDE };
            let rows = [(5, 1), (5, 2), (5, 1), (6, 1), (7, 1), (7, 1), (7, 1)];
            let mut events = rows.map(|(micros, copies)| event(0, 1, micros, copies)).to_vec();
            let mut write = |events: &[IncomingEvent]| {
                let work = |store: &mut Store| {
                    let mut writer = EventWriter { limits, ..store.event_writer(false)? };
                    push_events(&mut writer, events);
                    writer.finish()
                };
                let rows = store.transaction(Finish::Commit, work).unwrap().rows;
                (rows.new, rows.known, rows.repeated)
            };
            assert_eq!(write(&events), (7, 0, 4));
            events.push(event(0, 1, 8, 1));
            assert_eq!(write(&events), (1, 7, 4));
            let expected = [(5, 4), (6, 1), (7, 3), (8, 1)];
            let expected = expected.map(|(micros, copies)| ((20_000, 1, micros), copies));
            assert_eq!(content(&store), expected.into());
            assert_eq!(rows_of(&store, "event_days"), 4_u32.div_ceil(piece as u32));
        }
    }

    fn rows_of(store: &Store, table: &str) -> u32 {
        let count = format!("SELECT count(*) FROM {table}");
        store.connection.query_row(&count, [], |row| row.get(0)).unwrap()
    }

    /// With one event in each row of the table: the first is stored before the new one, the second
    /// after it.
    #[test]
    fn a_row_with_a_known_id_changes_events_before_and_after_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(&folder);
        let limits = Limits { piece: 1, ..WIDE };
        let row = |micros, copies, id| (0, 1, micros, copies, 1, Some(id), false);
        write_rows(&mut store, limits, &[vec![row(5, 1, 1), row(7, 1, 2)]], false);
        let second = vec![row(6, 1, 3), row(5, 4, 1), row(7, 3, 2)];
        let (rows, _) = write_rows(&mut store, limits, &[second], false);
        assert_eq!((rows.new, rows.known, rows.changed), (1, 2, 2));
        let copies = |event: &StoredEvent| (event.key.micros, event.copies);
        let stored: Vec<(i64, u64)> = texts(&store)[&(20_000, 1)].iter().map(copies).collect();
        assert_eq!(stored, [(5, 4), (6, 1), (7, 3)]);
    }

    #[test]
    fn of_several_counts_of_an_id_only_the_last_can_change_the_stored_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(&folder);
        let row = |copies| (0, 1, 5, copies, 1, Some(1), false);
        write_rows(&mut store, WIDE, &[vec![row(3)]], false);
        let (rows, days) = write_rows(&mut store, WIDE, &[vec![row(5), row(3)]], false);
        assert_eq!((rows.new, rows.known, rows.changed), (0, 2, 0));
        assert_eq!(days, []);
        let (rows, days) = write_rows(&mut store, WIDE, &[vec![row(3), row(5)]], false);
        assert_eq!((rows.new, rows.known, rows.changed), (0, 2, 1));
        assert_eq!(days, [Day::from_number(20_000)]);
    }

    /// However many events fit into one row of the table.
    #[test]
    fn only_changed_companies_are_logged_for_undoing() {
        for piece in [1, 64] {
            let folder = tempfile::tempdir().unwrap();
            let mut store = store(&folder);
            let limits = Limits { piece, ..WIDE };
            let row = |company, micros| (0, company, micros, 1, 1, None, false);
            let first = vec![row(1, 5), row(1, 7), row(2, 5)];
            write_rows(&mut store, limits, std::slice::from_ref(&first), false);
            // One entry stands for the whole day.
            assert_eq!(rows_of(&store, "import_days"), 1);
            write_rows(&mut store, limits, std::slice::from_ref(&first), false);
            assert_eq!(rows_of(&store, "import_days"), 1);
            write_rows(&mut store, limits, &[[first, vec![row(1, 9)]].concat()], false);
            assert_eq!(rows_of(&store, "import_days"), 1 + 2_u32.div_ceil(piece as u32));
        }
    }

    /// However many events fit into one row of the table.
    #[test]
    fn undoing_an_import_restores_the_days_that_had_events() {
        for piece in [1, 64] {
            let folder = tempfile::tempdir().unwrap();
            let mut store = store(&folder);
            let limits = Limits { piece, ..WIDE };
            let row = |company, micros| (0, company, micros, 1, 1, None, false);
            let first = vec![row(1, 5), row(1, 7)];
            write_rows(&mut store, limits, std::slice::from_ref(&first), false);
            let before = texts(&store);
            let second = [first, vec![row(1, 4), row(1, 6), row(2, 5)]].concat();
            write_rows(&mut store, limits, &[second], false);
            assert_eq!(texts(&store)[&(20_000, 1)].len(), 4);
            let undo =
                |store: &mut Store| store.undo_import(None, Instant::from_micros(0)).map(drop);
            store.transaction(Finish::Commit, undo).unwrap();
            assert_eq!(texts(&store), before);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// The limits of memory and of rows affect neither what is written and returned, nor what
        /// is left after undoing it.
        #[test]
        fn limits_do_not_affect_what_is_written(
            files in prop::collection::vec(
                prop::collection::vec(
                    prop::collection::vec(
                        (0i32..3, 1u32..3, 0i64..6, 1u32..3, 1u32..3, prop::option::of(0u8..6), any::<bool>()),
                        0..12,
                    ),
                    1..5,
                ),
                1..4,
            ),
            is_wide in any::<bool>(),
            piece in 1usize..4,
        ) {
            let folder = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let (mut roomy, mut narrow) = (store(&folder.0), store(&folder.1));
            for store in [&roomy, &narrow] {
                store.connection.execute("INSERT INTO event_names (name) VALUES ('export')", []).unwrap();
            }
            let mut before = Vec::new();
            for file in &files {
                before.push(texts(&roomy));
                let expected = write_rows(&mut roomy, LIMITS, file, is_wide);
                let limits = Limits { piece, ..TIGHT };
                prop_assert_eq!(write_rows(&mut narrow, limits, file, is_wide), expected);
                prop_assert_eq!(texts(&narrow), texts(&roomy));
            }
            for before in before.into_iter().rev() {
                let undo = |store: &mut Store| store.undo_import(None, Instant::from_micros(0)).map(drop);
                narrow.transaction(Finish::Commit, undo).unwrap();
                prop_assert_eq!(texts(&narrow), before);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// Files in any order of time, in batches of any size, within memory and far beyond it.
        #[test]
        fn the_store_has_the_most_copies_that_any_file_has(
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
