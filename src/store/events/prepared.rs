//! Prepares days for writing: sorts their events, merges them with what is stored of the day, and
//! makes the rows. The large days of a file are prepared on a thread of their own, while the writing
//! thread passes earlier ones to SQLite, which takes longer.

use std::iter::Peekable;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, anyhow};

use super::day_rows::{DayRows, gather};
use super::day_text::{self, StoredEvent};
use super::first_days::FirstDays;
use super::merge::{DayBefore, add_rows_to};
use super::pieces::{StoredDay, read_piece};
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

/// A day as it is stored if the file has no other events of it.
pub(super) struct Alone {
    /// The rows to write: those that are new or have changed.
    pub(super) rows: Vec<DayRows>,
    /// What writing it counts.
    pub(super) outcome: DayOutcome,
    pub(super) before: DayBefore,
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
    /// Sorts the events of a day, and makes the rows that they and what is stored of the day
    /// amount to, noting the names and people of its events. `stored` calls its argument with each
    /// company, piece and text that is stored; it is `None` if the rows cannot be made from that.
    /// `piece` is the maximum number of events of a row: a day with a company that has more, or
    /// with repeated ids, has no rows of its own.
    pub(super) fn new(
        day: i32,
        mut events: Vec<WaitingEvent>,
        stored: Option<impl FnOnce(VisitStored<'_>) -> Result<()>>,
        piece: usize,
        firsts: &mut FirstDays,
    ) -> Result<Self> {
        sort(&mut events);
        let is_plain = companies(&events).all(|rows| rows.len() <= piece)
            && events.iter().all(|event| event.is_first);
        let alone = match stored {
            Some(stored) if is_plain => {
                let mut joined = Joined::new(day, companies(&events), piece, firsts);
                stored(&mut |company, piece, text| joined.stored(company, piece, text))?;
                joined.end()
            }
            _ => None,
        };
        Ok(PreparedDay { day, events, alone })
    }
}

/// Takes a company, the number of a piece, and its text.
pub(super) type VisitStored<'v> = &'v mut dyn FnMut(u32, i64, &str) -> Result<()>;

fn companies(events: &[WaitingEvent]) -> impl Iterator<Item = &[WaitingEvent]> {
    events.chunk_by(|a, b| a.company() == b.company())
}

/// A day in the making: the events of its companies and the stored texts, both in order.
struct Joined<'j, C: Iterator<Item = &'j [WaitingEvent]>> {
    companies: Peekable<C>,
    piece: usize,
    firsts: &'j mut FirstDays,
    rows: Vec<DayRows>,
    outcome: DayOutcome,
    /// Whether anything is stored, and whether it is all that the file has and nothing else.
    is_new: bool,
    is_same: bool,
    /// Whether some company has more events than a row can hold.
    is_long: bool,
    /// The events of a company and their text, buffers that are reused.
    events: Vec<StoredEvent>,
    text: Vec<u8>,
}

impl<'j, C: Iterator<Item = &'j [WaitingEvent]>> Joined<'j, C> {
    fn new(day: i32, companies: C, piece: usize, firsts: &'j mut FirstDays) -> Self {
        Joined {
            companies: companies.peekable(),
            piece,
            firsts,
            rows: vec![DayRows::of(day)],
            outcome: DayOutcome::default(),
            is_new: true,
            is_same: true,
            is_long: false,
            events: Vec::new(),
            text: Vec::new(),
        }
    }

    /// Adds the companies before a stored one, and those events of that one that are not stored.
    fn stored(&mut self, company: u32, piece: i64, text: &str) -> Result<()> {
        (self.is_new, self.is_long) = (false, self.is_long || piece > 0);
        while let Some(rows) = self.companies.next_if(|rows| rows[0].company() < company) {
            self.fresh(rows);
        }
        let Some(rows) = self.companies.next_if(|rows| rows[0].company() == company) else {
            self.is_same = false;
            return Ok(());
        };
        let (written, _) = gather(rows, &mut self.events, self.piece);
        self.text.clear();
        day_text::write(&mut self.text, &self.events);
        if self.text == text.as_bytes() {
            let WrittenRows { new, known, .. } = written;
            self.outcome.add(company, WrittenRows { new: 0, known: new + known, ..written });
            return Ok(());
        }
        self.is_same = false;
        let day = self.rows[0].day;
        let (merged, written) =
            add_rows_to(&read_piece(day, company, text)?, rows, |_, _| 0, |_, _| {});
        self.outcome.add(company, written);
        if written.new > 0 {
            self.add(company, &merged);
        }
        Ok(())
    }

    /// Adds a company of which nothing is stored.
    fn fresh(&mut self, rows: &[WaitingEvent]) {
        let company = rows[0].company();
        let mut events = std::mem::take(&mut self.events);
        let (written, _) = gather(rows, &mut events, self.piece);
        self.outcome.add(company, written);
        if !events.is_empty() {
            self.add(company, &events);
        }
        self.events = events;
    }

    fn add(&mut self, company: u32, events: &[StoredEvent]) {
        self.is_long |= events.len() > self.piece;
        if let Some(rows) = self.rows.last().filter(|rows| rows.is_full()) {
            self.rows.push(DayRows::of(rows.day));
        }
        if let Some(rows) = self.rows.last_mut() {
            rows.add(company, events, self.firsts);
        }
    }

    fn end(mut self) -> Option<Alone> {
        while let Some(rows) = self.companies.next() {
            self.is_same = false;
            self.fresh(rows);
        }
        let before = match (self.is_new, self.is_same) {
            (true, _) => DayBefore::Nothing,
            (false, true) => DayBefore::Same,
            (false, false) => DayBefore::Something,
        };
        let Joined { rows, outcome, is_long, .. } = self;
        (!is_long).then_some(Alone { rows, outcome, before })
    }
}

/// A day of a file that is to be prepared.
pub(super) struct GivenDay {
    pub(super) day: i32,
    pub(super) events: Vec<WaitingEvent>,
    /// What is stored of the day; `None` if it does not tell what earlier rows of the file had.
    pub(super) stored: Option<StoredDay>,
}

/// Prepares days on a thread of its own, in the order in which they are given to it.
pub(super) struct Preparer {
    days: SyncSender<GivenDay>,
    prepared: Receiver<Result<PreparedDay>>,
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
                for GivenDay { day, events, stored } in given {
                    let stored = stored
                        .as_ref()
                        .map(|stored| |visit: VisitStored<'_>| stored.for_each(visit));
                    let prepared = PreparedDay::new(day, events, stored, piece, &mut firsts);
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
        self.prepared.recv().context("the preparing thread has ended")?
    }

    /// Ends the thread, when nothing is in progress.
    pub(super) fn end(self) -> Result<FirstDays> {
        drop(self.days);
        self.thread.join().map_err(|_| anyhow!("the preparing thread has failed"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::writer::IncomingEvent;
    use super::*;

    #[test]
    fn the_rows_of_companies_are_added_up() {
        let mut outcome = DayOutcome::default();
        outcome.add(1, WrittenRows { new: 1, known: 2, changed: 3, repeated: 4 });
        outcome.add(2, WrittenRows { new: 0, known: 1, changed: 1, repeated: 1 });
        outcome.add(3, WrittenRows { new: 5, ..WrittenRows::default() });
        assert_eq!(outcome.rows, WrittenRows { new: 6, known: 3, changed: 4, repeated: 5 });
        assert_eq!(outcome.companies, [1, 3]);
    }

    /// An event, given by company and second.
    fn waiting((company, second): &(u32, i64)) -> WaitingEvent {
        let (event, person, copies, is_part) = (1, 0, 1, false);
        let (company, micros) = (*company, second * 1_000_000);
        let row = IncomingEvent { day: 9, company, event, person, copies, micros, is_part };
        WaitingEvent::new(&row, 1)
    }

    /// Prepares a day with at most two events in a row of the table.
    fn prepared(events: Vec<WaitingEvent>, stored: &[(u32, i64, &str)]) -> Result<Option<Alone>> {
        let stored = |visit: VisitStored<'_>| {
            stored.iter().try_for_each(|(company, piece, text)| visit(*company, *piece, text))
        };
        let day = PreparedDay::new(9, events, Some(stored), 2, &mut FirstDays::default())?;
        Ok(day.alone)
    }

    /// What was stored, and companies and texts of the rows to write.
    fn rows(
        events: &[(u32, i64)],
        stored: &[(u32, i64, &str)],
    ) -> Option<(DayBefore, Vec<u32>, String)> {
        let alone = prepared(events.iter().map(waiting).collect(), stored).unwrap()?;
        let companies = alone.rows.iter().flat_map(DayRows::companies).collect();
        let texts = alone.rows.iter().map(|rows| String::from_utf8_lossy(&rows.texts)).collect();
        Some((alone.before, companies, texts))
    }

    #[test]
    fn a_day_has_rows_of_its_own_if_each_company_fits_into_one() {
        let text = "[[1,1,null]][[1,1,null],[1,2,null]]".to_owned();
        let expected = Some((DayBefore::Nothing, vec![1, 2], text));
        assert_eq!(rows(&[(2, 1), (1, 1), (2, 2)], &[]), expected);
        assert_eq!(rows(&[(2, 1), (2, 2), (2, 3)], &[]), None);

        let text = "[[1,1,null],[1,2,null]]";
        let expected = Some((DayBefore::Something, vec![1], text.to_owned()));
        assert_eq!(rows(&[(1, 2)], &[(1, 0, "[[1,1,null]]")]), expected);
        assert_eq!(rows(&[(1, 3)], &[(1, 0, text)]), None);
        assert_eq!(rows(&[(1, 1)], &[(1, 0, text), (1, 1, "[[1,3,null]]")]), None);
        assert_eq!(rows(&[(2, 1)], &[(1, 0, text), (1, 1, "[[1,3,null]]")]), None);
    }

    #[test]
    fn a_day_with_a_repeated_id_has_no_rows_of_its_own() {
        let mut events = vec![waiting(&(1, 1)), waiting(&(2, 1))];
        events[1].is_first = false;
        assert!(prepared(events, &[]).unwrap().is_none());
    }

    #[test]
    fn only_companies_with_new_events_are_written() {
        let one = "[[1,1,null]]";
        let two = "[[1,1,null],[1,2,null]]";
        let stored = [(1, 0, one), (3, 0, one), (5, 0, one), (7, 0, two)];
        let events = [(1, 1), (2, 1), (3, 1), (3, 2), (7, 1), (8, 1)];
        let (before, companies, texts) = rows(&events, &stored).unwrap();
        assert_eq!((before, companies), (DayBefore::Something, vec![2, 3, 8]));
        assert_eq!(texts, [one, two, one].concat());
        let alone = prepared(events.iter().map(waiting).collect(), &stored).unwrap().unwrap();
        assert_eq!((alone.outcome.rows.new, alone.outcome.rows.known), (3, 3));
        assert_eq!(alone.outcome.companies, [2, 3, 8]);
    }

    #[test]
    fn a_day_that_is_stored_as_it_is_in_the_file_has_nothing_to_write() {
        let stored = [(1, 0, "[[1,1,null,2]]"), (2, 0, "[[1,1,null]]")];
        let events = [(1, 1), (1, 1), (2, 1)];
        assert_eq!(rows(&events, &stored), Some((DayBefore::Same, vec![], String::new())));
        let alone = prepared(events.iter().map(waiting).collect(), &stored).unwrap().unwrap();
        let expected = WrittenRows { new: 0, known: 3, changed: 0, repeated: 1 };
        assert_eq!((alone.outcome.rows, alone.outcome.companies), (expected, vec![]));
        for (events, stored) in [(&events[2..], &stored[..]), (&events[..], &stored[..1])] {
            assert_eq!(rows(events, stored).unwrap().0, DayBefore::Something);
        }
    }

    #[test]
    fn companies_after_a_long_text_are_in_further_rows() {
        let events = [(5_000_000, 1), (5_000_001, 1)].iter().map(waiting).collect();
        let alone = prepared(events, &[]).unwrap().unwrap();
        let days: Vec<i32> = alone.rows.iter().map(|rows| rows.day).collect();
        assert_eq!(days, [9, 9]);
    }

    #[test]
    fn a_stored_text_that_is_damaged_is_an_error() {
        assert!(prepared(vec![waiting(&(1, 1))], &[(1, 0, "[[1,1]]")]).is_err());
    }
}
