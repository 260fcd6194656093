//! Prepares days for writing: sorts their events, and makes the rows of days on which nothing is
//! stored. The large days of a file are prepared on a thread of their own, while the writing thread
//! passes earlier ones to SQLite, which takes longer.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, anyhow};

use super::day_rows::{DayRows, gather};
use super::first_days::FirstDays;
use super::waiting::{WaitingEvent, sort};
use super::writer::WrittenRows;
use crate::error::no_thread;

/// A day of a file that is ready to be written.
pub(super) struct PreparedDay {
    pub(super) day: i32,
    /// Its events, in order.
    pub(super) events: Vec<WaitingEvent>,
    /// Its rows, if they do not depend on what is stored of other days and earlier rows.
    pub(super) alone: Option<Alone>,
}

/// A day as it is stored if it has no other events than these.
pub(super) struct Alone {
    /// Without counts unless the day is new.
    pub(super) rows: Vec<DayRows>,
    /// What writing it counts.
    pub(super) outcome: DayOutcome,
}

/// The result of writing a day.
#[derive(Debug, Default)]
pub(super) struct DayOutcome {
    pub(super) rows: WrittenRows,
    /// The companies that have new events.
    pub(super) companies: Vec<u32>,
}

impl DayOutcome {
    pub(super) fn add(&mut self, company: u32, written: WrittenRows) {
        self.rows.new += written.new;
        self.rows.known += written.known;
        self.rows.changed += written.changed;
        self.rows.repeated += written.repeated;
        if written.new > 0 {
            self.companies.push(company);
        }
    }
}

impl PreparedDay {
    /// Sorts the events of a day and makes its rows, noting the names and people of its events.
    /// `piece` is the maximum number of events of a row. A day with repeated ids or a company with
    /// more events has no rows of its own.
    pub(super) fn new(given: GivenDay, piece: usize, firsts: &mut FirstDays) -> Self {
        let GivenDay { day, mut events, is_new } = given;
        sort(&mut events);
        let alone = alone(day, &events, piece, is_new.then_some(firsts));
        PreparedDay { day, events, alone }
    }
}

/// A day of a file that is to be prepared.
pub(super) struct GivenDay {
    pub(super) day: i32,
    pub(super) events: Vec<WaitingEvent>,
    /// Whether nothing is stored of the day. Otherwise its rows are only compared.
    pub(super) is_new: bool,
}

fn alone(
    day: i32,
    events: &[WaitingEvent],
    piece: usize,
    mut firsts: Option<&mut FirstDays>,
) -> Option<Alone> {
    let companies = || events.chunk_by(|a, b| a.company() == b.company());
    if companies().any(|rows| rows.len() > piece) || !events.iter().all(|event| event.is_first) {
        return None;
    }
    let (mut rows, mut outcome) = (vec![DayRows::of(day)], DayOutcome::default());
    let mut of_company = Vec::new();
    for events in companies() {
        let company = events[0].company();
        let (written, _) = gather(events, &mut of_company, piece);
        outcome.add(company, written);
        if of_company.is_empty() {
            continue;
        }
        if rows.last().is_none_or(DayRows::is_full) {
            rows.push(DayRows::of(day));
        }
        match (rows.last_mut(), &mut firsts) {
            (Some(rows), Some(firsts)) => rows.add(company, &of_company, firsts),
            (Some(rows), None) => rows.add_text(company, &of_company),
            (None, _) => {}
        }
    }
    Some(Alone { rows, outcome })
}

/// Prepares days on a thread of its own, in the order in which they are given to it.
pub(super) struct Preparer {
    days: SyncSender<GivenDay>,
    prepared: Receiver<PreparedDay>,
    /// The first days in all its days.
    thread: JoinHandle<FirstDays>,
    in_progress: usize,
}

impl Preparer {
    /// The maximum number of days in progress.
    pub(super) const AHEAD: usize = 2;

    /// Starts the thread; `piece` as for [`PreparedDay::new`].
    pub(super) fn start(piece: usize) -> Result<Preparer> {
        let (days, given) = sync_channel::<GivenDay>(Preparer::AHEAD);
        let (done, prepared) = sync_channel(Preparer::AHEAD);
        let preparer = thread::Builder::new().name("preparer".to_owned());
        let thread = preparer
            .spawn(move || {
                let mut firsts = FirstDays::default();
                for day in given {
                    let prepared = PreparedDay::new(day, piece, &mut firsts);
                    if done.send(prepared).is_err() {
                        break;
                    }
                }
                firsts
            })
            .map_err(|error| no_thread(&error))?;
        Ok(Preparer { days, prepared, thread, in_progress: 0 })
    }

    pub(super) fn in_progress(&self) -> usize {
        self.in_progress
    }

    pub(super) fn give(&mut self, day: GivenDay) -> Result<()> {
        self.days.send(day).map_err(|_| anyhow!("the preparing thread has ended"))?;
        self.in_progress += 1;
        Ok(())
    }

    /// The first day in progress. Waits until it is prepared.
    pub(super) fn next(&mut self) -> Result<PreparedDay> {
        self.in_progress -= 1;
        self.prepared.recv().context("the preparing thread has ended")
    }

    /// Ends the thread, when nothing is in progress.
    pub(super) fn end(self) -> Result<FirstDays> {
        drop(self.days);
        self.thread.join().map_err(|_| anyhow!("the preparing thread has failed"))
    }
}
