//! Events: one thread reads the file while another writes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use anyhow::{Result, anyhow};

use super::diagnosis::SeenCompanies;
use super::names::{Names, SharedName, shared_name};
use super::{Loaded, Watcher};
use crate::error::no_thread;
use crate::import::{DaysSeen, EventRow, Rejects, Sheet, Verdict, read_events};
use crate::store::{EventBatch, IncomingEvent, Store, WrittenEvents};

/// So many rows go from the one thread to the other at once.
const BATCH: usize = 32_768;
/// So many batches may wait to be written.
const WAITING: usize = 4;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Reads and writes all events of a file, within a transaction that the caller has begun.
///
/// # Errors
/// A file that is refused.
pub fn load(
    store: &mut Store,
    sheet: &mut Sheet,
    rejects: &mut Rejects<'_>,
    watcher: &Watcher<'_>,
) -> Result<Loaded> {
    let names = Names::of(store)?;
    let is_given_up = AtomicBool::new(false);
    let is_wide = !sheet.plan().mapping.wide.is_empty();
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(WAITING);
        let writer = std::thread::Builder::new().name("writer".to_owned());
        let writing = writer
            .spawn_scoped(scope, || write(store, receiver, &is_given_up, is_wide))
            .map_err(|error| no_thread(&error))?;
        let mut reader = Reader {
            names,
            batch: EventBatch::default(),
            sender,
            days: DaysSeen::default(),
            companies: SeenCompanies::default(),
            known: 0,
        };
        let read = reader.read(sheet, rejects, watcher);
        // The writer goes on until the other end of the channel is gone.
        let Reader { names, sender, days, companies, known, .. } = reader;
        is_given_up.store(read.is_err(), Ordering::Relaxed);
        drop(sender);
        let written = match writing.join() {
            Ok(written) => written,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        // A reader that could not hand on its rows has stopped because the writer did.
        let WrittenEvents { mut rows, changed_days } = written?;
        rows.known += known;
        let companies = companies.keys().collect();
        Ok(Loaded {
            read: read?,
            rows,
            companies_made: names.companies_made,
            days,
            changed_days,
            companies,
            ..Loaded::default()
        })
    })
}

fn write(
    store: &mut Store,
    batches: Receiver<EventBatch>,
    is_given_up: &AtomicBool,
    is_wide: bool,
) -> Result<WrittenEvents> {
    let mut writer = store.event_writer()?;
    if is_wide {
        writer = writer.of_several_events_a_row();
    }
    for batch in batches {
        writer.push(batch)?;
    }
    if is_given_up.load(Ordering::Relaxed) { Ok(WrittenEvents::default()) } else { writer.finish() }
}

/// Turns rows into batches.
struct Reader {
    names: Names,
    batch: EventBatch,
    sender: SyncSender<EventBatch>,
    days: DaysSeen,
    companies: SeenCompanies,
    /// Rows that stand for no event.
    known: u64,
}

impl Reader {
    fn read(
        &mut self,
        sheet: &mut Sheet,
        rejects: &mut Rejects<'_>,
        watcher: &Watcher<'_>,
    ) -> Result<u64> {
        let progress = sheet.progress();
        let read = read_events(sheet, rejects, |row| {
            // The events of one row stay together.
            if self.batch.events.len() >= BATCH && row.part == 0 {
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
            self.known += 1;
            return Ok(Verdict::Accepted);
        }
        let company = match self.company(row) {
            Ok(company) => company,
            Err(verdict) => return Ok(verdict),
        };
        let new = &mut self.batch.names;
        if let Some(id) = row.id {
            self.batch.ids.push((self.batch.events.len() as u32, id.to_owned()));
        }
        self.batch.events.push(IncomingEvent {
            day: row.day.number(),
            company,
            event: self.names.event(row.event, new)?,
            person: row.person.map_or(0, |person| self.names.person(person, new)),
            copies: row.count,
            micros: row.at.micros() - i64::from(row.day.number()) * MICROS_PER_DAY,
            is_part: row.part > 0,
        });
        self.days.add(row.day);
        self.companies.add(company);
        Ok(Verdict::Accepted)
    }

    /// The company that the row names, else that of the person.
    fn company(&mut self, row: &EventRow<'_>) -> Result<u32, Verdict> {
        match (row.company, row.person) {
            (Some(text), _) => self
                .names
                .company(text, &mut self.batch.names)
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
        let batch = std::mem::take(&mut self.batch);
        self.batch.events.reserve(BATCH);
        self.sender.send(batch).map_err(|_| anyhow!("nothing can be written any more"))
    }
}

fn unknown_person(person: &str) -> Verdict {
    let reason = format!(
        "the company of '{person}' is not known; import the people first: signals import --kind people"
    );
    Verdict::Rejected { column: "person_id", reason }
}
