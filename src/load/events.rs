//! Loads events: threads read the file, look up people, and write, one behind the other.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};

use anyhow::{Result, anyhow};

use super::counts::PulledDays;
use super::diagnosis::SeenCompanies;
use super::names::{NameKeys, SharedName, shared_name};
use super::people::{AskedPeople, SharedPeople};
use super::{Loaded, Watcher};
use crate::error::no_thread;
use crate::import::{DaysSeen, EventRow, Rejects, Sheet, Verdict, read_events};
use crate::store::{EventBatch, IncomingEvent, Store, WrittenEvents};

/// The number of rows passed between the threads at once.
const BATCH: usize = 32_768;
/// The most batches that may wait for the next thread.
const WAITING: usize = 2;

/// A file up to this size in bytes is read first and written then: looking up the names of its few
/// rows is faster than reading all names.
const SMALL_FILE: u64 = 128 << 10;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Reads and writes all events of a file, inside the caller's transaction.
pub(super) fn load(
    store: &mut Store,
    sheet: &mut Sheet,
    rejects: &mut Rejects<'_>,
    watcher: &Watcher<'_>,
) -> Result<Loaded> {
    let is_packed = sheet.plan().packing.is_some();
    if !is_packed && sheet.progress().total.is_some_and(|size| size <= SMALL_FILE) {
        load_small(store, sheet, rejects, watcher)
    } else {
        load_beside(store, sheet, rejects, watcher)
    }
}

/// Whether a row may have several events.
fn is_wide(sheet: &Sheet) -> bool {
    !sheet.plan().mapping.wide.is_empty()
}

fn load_small(
    store: &Store,
    sheet: &mut Sheet,
    rejects: &mut Rejects<'_>,
    watcher: &Watcher<'_>,
) -> Result<Loaded> {
    let mut batches = Vec::new();
    let pulled = PulledDays::of(store, &sheet.plan().file)?;
    let names = NameKeys::as_needed(store)?;
    let people = names.people();
    let mut reader = EventReader::new(names, pulled, |batch| {
        batches.push(batch);
        Ok(())
    });
    let read = reader.read(sheet, rejects, watcher)?;
    let found = reader.found();
    let mut writer = store.event_writer(is_wide(sheet))?;
    batches.into_iter().try_for_each(|batch: ReadBatch| writer.push(batch.with_people(&people)))?;
    Ok(found.loaded(read, writer.finish()?))
}

/// Reads on one thread, looks up people on a second and writes on a third.
fn load_beside(
    store: &mut Store,
    sheet: &mut Sheet,
    rejects: &mut Rejects<'_>,
    watcher: &Watcher<'_>,
) -> Result<Loaded> {
    let (names, pulled) = (NameKeys::of(store)?, PulledDays::of(store, &sheet.plan().file)?);
    let is_given_up = AtomicBool::new(false);
    let people = names.people();
    let is_wide = is_wide(sheet);
    std::thread::scope(|scope| {
        let thread = |name: &str| std::thread::Builder::new().name(name.to_owned());
        let (read_rows, rows) = sync_channel::<ReadBatch>(WAITING);
        let (with_people, batches) = sync_channel(WAITING);
        let writing = thread("writer")
            .spawn_scoped(scope, || write(store, batches, &is_given_up, is_wide))
            .map_err(|error| no_thread(&error))?;
        thread("people")
            .spawn_scoped(scope, move || {
                // When nothing can be written any more, the writer tells why.
                let _ = rows
                    .into_iter()
                    .try_for_each(|read| with_people.send(read.with_people(&people)));
            })
            .map_err(|error| no_thread(&error))?;
        let mut reader = EventReader::new(names, pulled, |read| {
            read_rows.send(read).map_err(|_| anyhow!("nothing can be written any more"))
        });
        let read = reader.read(sheet, rejects, watcher);
        let found = reader.found();
        is_given_up.store(read.is_err(), Ordering::Relaxed);
        // The writer runs until the other end of the channel is closed.
        drop(read_rows);
        let written = match writing.join() {
            Ok(written) => written,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        // A reader that could not pass on its rows stopped because the writer failed.
        let written = written?;
        Ok(found.loaded(read?, written))
    })
}

fn write(
    store: &mut Store,
    batches: Receiver<EventBatch>,
    is_given_up: &AtomicBool,
    is_wide: bool,
) -> Result<WrittenEvents> {
    let mut writer = store.event_writer(is_wide)?;
    for batch in batches {
        writer.push(batch)?;
    }
    if is_given_up.load(Ordering::Relaxed) { Ok(WrittenEvents::default()) } else { writer.finish() }
}

/// Rows as the reading thread passes them on: their people are still to be looked up, which a thread
/// of its own does, because it takes a fifth of the time of reading.
#[derive(Default)]
struct ReadBatch {
    batch: EventBatch,
    asked: AskedPeople,
}

impl ReadBatch {
    fn with_people(mut self, people: &SharedPeople) -> EventBatch {
        people.answer(&self.asked, &mut self.batch);
        self.batch
    }
}

/// What is collected while rows are read.
#[derive(Default)]
struct EventsFound {
    days: DaysSeen,
    companies: SeenCompanies,
    companies_made: u64,
    known: u64,
}

impl EventsFound {
    fn loaded(self, read: u64, written: WrittenEvents) -> Loaded {
        let WrittenEvents { mut rows, changed_days } = written;
        rows.known += self.known;
        Loaded {
            read,
            rows,
            companies_made: self.companies_made,
            days: self.days,
            changed_days,
            companies: self.companies.keys().collect(),
            ..Loaded::default()
        }
    }
}

/// Turns rows into batches, and passes them on.
struct EventReader<'s, H> {
    names: NameKeys<'s>,
    pulled: PulledDays,
    read: ReadBatch,
    sink: H,
    found: EventsFound,
}

impl<'s, H: FnMut(ReadBatch) -> Result<()>> EventReader<'s, H> {
    fn new(names: NameKeys<'s>, pulled: PulledDays, sink: H) -> Self {
        EventReader {
            names,
            pulled,
            read: ReadBatch::default(),
            sink,
            found: EventsFound::default(),
        }
    }

    fn found(self) -> EventsFound {
        EventsFound { companies_made: self.names.companies_made, ..self.found }
    }

    fn read(
        &mut self,
        sheet: &mut Sheet,
        rejects: &mut Rejects<'_>,
        watcher: &Watcher<'_>,
    ) -> Result<u64> {
        let progress = sheet.progress();
        let read = read_events(sheet, rejects, |row| {
            // The events of one row stay in one batch.
            if self.read.batch.events.len() >= BATCH && row.part == 0 {
                watcher.tell(&progress);
                self.hand_on()?;
            }
            self.take(&row)
        })?;
        self.hand_on()?;
        Ok(read)
    }

    fn take(&mut self, row: &EventRow<'_>) -> Result<Verdict> {
        if row.count == 0 {
            self.found.known += 1;
            return Ok(Verdict::Accepted);
        }
        self.names.prepare(row.company, row.person)?;
        let company = match self.company(row) {
            Ok(company) => company,
            Err(verdict) => return Ok(verdict),
        };
        self.pulled.refuse(row.day)?;
        let place = self.read.batch.events.len() as u32;
        if let Some(id) = row.id {
            self.read.batch.ids.push((place, id.to_owned()));
        }
        self.read.batch.events.push(IncomingEvent {
            day: row.day.number(),
            company,
            event: self.names.event(row.event, &mut self.read.batch.names)?,
            person: 0,
            copies: row.count,
            micros: row.at.micros() - i64::from(row.day.number()) * MICROS_PER_DAY,
            is_part: row.part > 0,
        });
        if let Some(person) = row.person {
            self.read.asked.push(person, place);
        }
        self.found.days.add(row.day);
        self.found.companies.add(company);
        Ok(Verdict::Accepted)
    }

    /// The company that the row names, else that of the person.
    fn company(&mut self, row: &EventRow<'_>) -> Result<u32, Verdict> {
        match (row.company, row.person) {
            (Some(text), _) => self
                .names
                .company(text, &mut self.read.batch.names)
                .map_err(|SharedName| shared_name(text)),
            (None, Some(person)) => {
                self.names.company_of(person, row.day).ok_or_else(|| unknown_person(person))
            }
            (None, None) => {
                let reason = "neither a company nor a person".to_owned();
                Err(Verdict::Rejected { column: "person_id", reason })
            }
        }
    }

    fn hand_on(&mut self) -> Result<()> {
        let read = std::mem::take(&mut self.read);
        self.read.batch.events.reserve(BATCH);
        self.read.asked.reserve(BATCH);
        (self.sink)(read)
    }
}

fn unknown_person(person: &str) -> Verdict {
    let reason = format!(
        "the company of '{person}' is not known; import the people first: signals import --kind people"
    );
    Verdict::Rejected { column: "person_id", reason }
}
