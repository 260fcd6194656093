//! Events that wait to be written: in memory, and in a temporary file if there are too many.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::rc::Rc;

use anyhow::{Context, Result};

use super::day_text::EventKey;
use super::writer::IncomingEvent;
use crate::store::Store;

/// An event that waits until its day is written. Equal events may be folded into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WaitingEvent {
    /// Company, event name, time and person, in this order, in one number, so that sorting and
    /// finding equal events only compares numbers.
    rank: u128,
    /// The number of its row in the file, which all events of the row share. For folded events, the
    /// number of rows.
    pub(super) row: u32,
    /// How many events each row stands for.
    pub(super) copies: u32,
    /// Key of the event's own id; 0 for none, [`FOLDED`] for folded events, which have none.
    pub(super) identity: u32,
    /// Whether no earlier row, in this file or another, had that id.
    pub(super) is_first: bool,
}

/// Keys of ids, which count up from 1, do not reach this. The highest bit is [`AGAIN`].
const FOLDED: u32 = AGAIN - 1;

/// The lowest bits of the parts of a rank. A time has 40 bits.
const MICROS: u32 = 32;
const EVENT: u32 = 72;
const COMPANY: u32 = 96;
/// Added to a time, because it may be negative.
const MIDDLE: i64 = 1 << 39;

impl WaitingEvent {
    /// An event of one row.
    pub(super) fn new(event: &IncomingEvent, row: u32) -> Self {
        let micros = (event.micros + MIDDLE) as u64;
        let rank = (u128::from(event.company) << COMPANY)
            | (u128::from(event.event) << EVENT)
            | (u128::from(micros) << MICROS)
            | u128::from(event.person);
        WaitingEvent { rank, row, copies: event.copies, identity: 0, is_first: true }
    }

    pub(super) fn company(&self) -> u32 {
        (self.rank >> COMPANY) as u32
    }

    pub(super) fn key(&self) -> EventKey {
        EventKey {
            event: (self.rank >> EVENT) as u32 & ((1 << (COMPANY - EVENT)) - 1),
            micros: ((self.rank >> MICROS) as i64 & (2 * MIDDLE - 1)) - MIDDLE,
            person: self.rank as u32,
            identity: self.own_identity(),
        }
    }

    /// The order of events: by company and key.
    pub(super) fn order(&self) -> (u128, u32) {
        (self.rank, self.own_identity())
    }

    fn own_identity(&self) -> u32 {
        if self.identity == FOLDED { 0 } else { self.identity }
    }

    /// How many rows it stands for.
    pub(super) fn rows(&self) -> u32 {
        if self.identity == FOLDED { self.row } else { 1 }
    }

    /// How many events all its rows stand for.
    pub(super) fn total(&self) -> u64 {
        u64::from(self.rows()) * u64::from(self.copies)
    }

    /// Folds `other` into this event if the two are equal. Returns whether it did.
    pub(super) fn fold(&mut self, other: &WaitingEvent) -> bool {
        if self.order() != other.order() || self.copies != other.copies {
            return false;
        }
        let Some(rows) = self.rows().checked_add(other.rows()) else { return false };
        if self.own_identity() != 0 || self.copies == 0 {
            return false;
        }
        (self.row, self.identity) = (rows, FOLDED);
        true
    }
}

/// Sorts events and folds equal ones.
pub(super) fn fold(events: &mut Vec<WaitingEvent>) {
    sort(events);
    events.dedup_by(|next, event| event.fold(next));
}

/// More events than this are sorted without a second copy of them.
const COPIED: usize = 500_000;

/// Sorts events by company and key; equal ones keep the order of the file. They are distributed by
/// company first, because most companies have few events a day, and few events are sorted fast.
pub(super) fn sort(events: &mut Vec<WaitingEvent>) {
    // Events that were sorted in parts consist of a few runs, which the standard sort merges.
    let descents = events.windows(2).filter(|pair| pair[1].rank < pair[0].rank).count();
    let companies =
        events.iter().map(WaitingEvent::company).max().map_or(0, |most| most as usize + 1);
    let is_few_runs = descents < events.len() / 64;
    if is_few_runs || events.len() > COPIED || companies > 4 * events.len() + 1024 {
        events.sort_by_key(WaitingEvent::order);
        return;
    }
    let mut places = vec![0_u32; companies + 1];
    events.iter().for_each(|event| places[event.company() as usize + 1] += 1);
    for company in 1..places.len() {
        places[company] += places[company - 1];
    }
    let mut sorted = events.clone();
    for event in events.iter() {
        let place = &mut places[event.company() as usize];
        sorted[*place as usize] = *event;
        *place += 1;
    }
    for of_company in sorted.chunk_by_mut(|a, b| a.company() == b.company()) {
        of_company.sort_by_key(WaitingEvent::order);
    }
    *events = sorted;
}

/// How long events that were set aside are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Until {
    /// They are still to be written.
    DayIsWritten,
    /// They have been written. If more rows of the day come, they tell how many copies the file had
    /// before.
    FileEnds,
}

/// Events in a temporary file, by day.
#[derive(Default)]
pub(super) struct Aside {
    file: Option<Rc<File>>,
    /// Bytes in the file.
    pub(super) length: u64,
    chunks: BTreeMap<(i32, Until), Vec<Chunk>>,
}

#[derive(Debug, Clone, Copy)]
struct Chunk {
    position: u64,
    count: usize,
    is_sorted: bool,
}

/// Bytes of one event in the temporary file.
const EVENT_BYTES: usize = 32;

/// The bit of an identity in the file that means that an earlier row had the id.
const AGAIN: u32 = 1 << 31;

/// The maximum number of events that are read or written at once.
const IN_ONE_GO: usize = 8192;

impl Aside {
    /// Sets events aside. Many must be in order; few are sorted when they are needed in order,
    /// because most days are sorted as a whole when they are taken back.
    pub(super) fn put(
        &mut self,
        store: &Store,
        day: i32,
        events: &[WaitingEvent],
        until: Until,
    ) -> Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        let file = self.file(store)?;
        let is_sorted = events.is_sorted_by_key(WaitingEvent::order);
        let chunk = Chunk { position: self.length, count: events.len(), is_sorted };
        write(&file, self.length, events)?;
        self.length += (events.len() * EVENT_BYTES) as u64;
        self.chunks.entry((day, until)).or_default().push(chunk);
        Ok(())
    }

    fn file(&mut self, store: &Store) -> Result<Rc<File>> {
        if let Some(file) = &self.file {
            return Ok(Rc::clone(file));
        }
        // In the folder of the database, which must have room for these events anyway; `/tmp` may
        // be in memory.
        let folder = store.path().parent().unwrap_or(store.path());
        let file = tempfile::tempfile_in(folder)
            .context("cannot make a temporary file beside the database")?;
        Ok(Rc::clone(self.file.insert(Rc::new(file))))
    }

    pub(super) fn waiting_days(&self) -> impl Iterator<Item = &i32> {
        self.chunks.keys().filter(|(_, until)| *until == Until::DayIsWritten).map(|(day, _)| day)
    }

    /// How many events of a day are aside.
    pub(super) fn count(&self, day: i32, until: Until) -> usize {
        self.chunks.get(&(day, until)).into_iter().flatten().map(|chunk| chunk.count).sum()
    }

    pub(super) fn forget(&mut self, day: i32, until: Until) {
        self.chunks.remove(&(day, until));
    }

    /// Keeps the events of a day that has been written until the file ends.
    pub(super) fn keep(&mut self, day: i32) {
        let written = self.chunks.remove(&(day, Until::DayIsWritten)).unwrap_or_default();
        self.chunks.entry((day, Until::FileEnds)).or_default().extend(written);
    }

    /// All events of a day, in the order in which they were set aside.
    pub(super) fn all(&self, day: i32, until: Until) -> Result<Vec<WaitingEvent>> {
        let mut events = Vec::with_capacity(self.count(day, until));
        let Some(file) = &self.file else { return Ok(events) };
        for chunk in self.chunks.get(&(day, until)).into_iter().flatten() {
            let mut chunk = *chunk;
            while chunk.count > 0 {
                let bytes = chunk.read(file, IN_ONE_GO)?;
                events.extend(bytes.chunks_exact(EVENT_BYTES).map(from_bytes));
            }
        }
        Ok(events)
    }

    /// The events of a day in order, with a limited number in memory at a time.
    pub(super) fn in_order(&mut self, day: i32, until: Until) -> Result<InOrder> {
        let Some(file) = &self.file else { return Ok(InOrder::default()) };
        let chunks = self.chunks.get_mut(&(day, until)).map_or(&mut [][..], Vec::as_mut_slice);
        chunks.iter_mut().try_for_each(|chunk| chunk.sort(file))?;
        let together = (MERGED / chunks.len().max(1)).clamp(16, IN_ONE_GO);
        let mut in_order = InOrder { file: Some(Rc::clone(file)), together, ..InOrder::default() };
        for (place, chunk) in chunks.iter().enumerate() {
            in_order.parts.push(Part { chunk: *chunk, events: VecDeque::new() });
            in_order.next_of(place)?;
        }
        Ok(in_order)
    }
}

impl Chunk {
    fn sort(&mut self, file: &File) -> Result<()> {
        if !self.is_sorted {
            let bytes = Chunk::read(&mut self.clone(), file, self.count)?;
            let mut events: Vec<_> = bytes.chunks_exact(EVENT_BYTES).map(from_bytes).collect();
            sort(&mut events);
            write(file, self.position, &events)?;
            self.is_sorted = true;
        }
        Ok(())
    }

    /// Reads the bytes of the next events, of at most `most`, and removes them from the chunk.
    fn read(&mut self, file: &File, most: usize) -> Result<Vec<u8>> {
        let now = self.count.min(most);
        let mut bytes = vec![0; now * EVENT_BYTES];
        file.read_exact_at(&mut bytes, self.position)
            .context("cannot read the temporary file beside the database")?;
        self.position += bytes.len() as u64;
        self.count -= now;
        Ok(bytes)
    }
}

fn write(file: &File, mut position: u64, events: &[WaitingEvent]) -> Result<()> {
    for some in events.chunks(IN_ONE_GO) {
        let bytes: Vec<u8> = some.iter().flat_map(to_bytes).collect();
        file.write_all_at(&bytes, position)
            .context("cannot write to the temporary file beside the database")?;
        position += bytes.len() as u64;
    }
    Ok(())
}

/// The maximum number of events in memory while parts are merged.
const MERGED: usize = 500_000;

/// Merges parts that are each in order. Equal events are in the order of the parts.
#[derive(Default)]
pub(super) struct InOrder {
    file: Option<Rc<File>>,
    parts: Vec<Part>,
    together: usize,
    /// The order of the next event of each part, and the index of the part.
    next: BinaryHeap<Reverse<((u128, u32), usize)>>,
}

/// The unread rest of a chunk, and the events that have been read from it.
struct Part {
    chunk: Chunk,
    events: VecDeque<WaitingEvent>,
}

impl InOrder {
    /// Adds the next event of a part to `next`.
    fn next_of(&mut self, place: usize) -> Result<()> {
        let part = &mut self.parts[place];
        if part.events.is_empty()
            && let Some(file) = &self.file
        {
            let bytes = part.chunk.read(file, self.together)?;
            part.events.extend(bytes.chunks_exact(EVENT_BYTES).map(from_bytes));
        }
        if let Some(event) = part.events.front() {
            self.next.push(Reverse((event.order(), place)));
        }
        Ok(())
    }

    fn take(&mut self) -> Result<Option<WaitingEvent>> {
        let Some(Reverse((_, place))) = self.next.pop() else { return Ok(None) };
        let event = self.parts[place].events.pop_front();
        self.next_of(place)?;
        Ok(event)
    }
}

/// Events in order, company by company.
pub(super) struct ByCompany {
    rows: InOrder,
    next: Option<WaitingEvent>,
}

impl ByCompany {
    pub(super) fn new(rows: InOrder) -> Self {
        ByCompany { rows, next: None }
    }

    /// The company of the next event.
    pub(super) fn company(&mut self) -> Result<Option<u32>> {
        if self.next.is_none() {
            self.next = self.rows.take()?;
        }
        Ok(self.next.map(|event| event.company()))
    }

    /// Skips the events of companies before this one.
    pub(super) fn skip_to(&mut self, company: u32) -> Result<()> {
        while self.company()?.is_some_and(|next| next < company) {
            self.next = None;
        }
        Ok(())
    }

    /// At most `most` events of a company, which must be the next one.
    pub(super) fn take(&mut self, company: u32, most: usize) -> Result<Vec<WaitingEvent>> {
        self.of(company).take(most).collect()
    }

    /// The events of a company, which must be the next one.
    pub(super) fn of(&mut self, company: u32) -> impl Iterator<Item = Result<WaitingEvent>> {
        std::iter::from_fn(move || match self.company() {
            Ok(Some(next)) if next == company => self.next.take().map(Ok),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        })
    }
}

fn to_bytes(event: &WaitingEvent) -> [u8; EVENT_BYTES] {
    let mut bytes = [0; EVENT_BYTES];
    let identity = event.identity | if event.is_first { 0 } else { AGAIN };
    bytes[0..16].copy_from_slice(&event.rank.to_le_bytes());
    for (place, key) in bytes[16..28].chunks_exact_mut(4).zip([event.row, event.copies, identity]) {
        place.copy_from_slice(&key.to_le_bytes());
    }
    bytes
}

fn from_bytes(bytes: &[u8]) -> WaitingEvent {
    let key = |place: usize| {
        let mut four = [0; 4];
        four.copy_from_slice(&bytes[place..place + 4]);
        u32::from_le_bytes(four)
    };
    let mut rank = [0; 16];
    rank.copy_from_slice(&bytes[0..16]);
    let identity = key(24);
    WaitingEvent {
        rank: u128::from_le_bytes(rank),
        row: key(16),
        copies: key(20),
        identity: identity & !AGAIN,
        is_first: identity & AGAIN == 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::Permissions;

    fn incoming() -> impl Strategy<Value = (IncomingEvent, u32)> {
        let times = prop_oneof![-50_400_000_000i64..140_000_000_000, -2i64..3];
        let companies = prop_oneof![1u32..9, 1u32..1_000_000_000];
        let numbers = (prop_oneof![1u32..4, 1u32..100_000], prop_oneof![0u32..3, any::<u32>()]);
        (companies, numbers, times, 1u32..3, 0u32..3).prop_map(
            |(company, (event, person), micros, copies, identity)| {
                let is_part = false;
                (
                    IncomingEvent { day: 1, company, event, person, copies, micros, is_part },
                    identity,
                )
            },
        )
    }

    proptest! {
        #[test]
        fn events_are_sorted_by_company_name_time_person_and_id(
            incoming in prop::collection::vec(incoming(), 0..200)
        ) {
            let mut events: Vec<WaitingEvent> = Vec::new();
            for (row, (event, identity)) in incoming.iter().enumerate() {
                let waiting = WaitingEvent::new(event, row as u32);
                let key = EventKey {
                    event: event.event,
                    micros: event.micros,
                    person: event.person,
                    identity: 0,
                };
                prop_assert_eq!((waiting.company(), waiting.key()), (event.company, key));
                events.push(WaitingEvent { identity: *identity, ..waiting });
            }
            let mut expected = events.clone();
            expected.sort_by_key(|event| (event.company(), event.key(), event.row));
            for event in &events {
                prop_assert_eq!(from_bytes(&to_bytes(event)), *event);
            }
            sort(&mut events);
            prop_assert_eq!(events, expected);
        }
    }

    /// More than are read or written at once.
    #[test]
    fn events_that_were_set_aside_come_back_as_they_were_or_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let store = Store::create_or_open(&path, Permissions::Owner).unwrap();
        let waiting = |company| {
            let (event, person, copies, micros, is_part) = (1, 0, 1, 0, false);
            let row = IncomingEvent { day: 1, company, event, person, copies, micros, is_part };
            WaitingEvent::new(&row, company)
        };
        let events: Vec<WaitingEvent> = (0..20_000).map(waiting).collect();
        let (first, second): (Vec<_>, Vec<_>) = events.iter().partition(|event| event.row % 3 == 0);
        let mut shuffled = second.clone();
        shuffled.reverse();

        let mut aside = Aside::default();
        for part in [&first, &shuffled] {
            aside.put(&store, 1, part, Until::DayIsWritten).unwrap();
        }
        assert_eq!(aside.all(1, Until::DayIsWritten).unwrap(), [first.clone(), shuffled].concat());
        let mut in_order = aside.in_order(1, Until::DayIsWritten).unwrap();
        let taken: Vec<WaitingEvent> = std::iter::from_fn(|| in_order.take().unwrap()).collect();
        assert_eq!(taken, events);
        // Sorted parts stay so.
        assert_eq!(aside.all(1, Until::DayIsWritten).unwrap(), [first, second].concat());
        assert!(aside.all(1, Until::FileEnds).unwrap().is_empty());
        assert!(aside.all(2, Until::DayIsWritten).unwrap().is_empty());
    }

    #[test]
    fn only_equal_events_without_ids_are_folded() {
        let event = |copies| {
            let (company, event, person, micros, is_part) = (1, 1, 0, 0, false);
            let row = IncomingEvent { day: 1, company, event, person, copies, micros, is_part };
            WaitingEvent::new(&row, 1)
        };
        let with_id = |copies| WaitingEvent { identity: 5, ..event(copies) };
        let fold = |mut one: WaitingEvent, other| {
            one.fold(&other).then(|| (one.rows(), one.total(), one.own_identity()))
        };
        assert_eq!(fold(event(2), event(2)), Some((2, 4, 0)));
        for (one, other) in [
            (event(2), event(1)),
            (event(0), event(0)),
            (with_id(1), with_id(1)),
            (event(1), with_id(1)),
        ] {
            assert_eq!(fold(one, other), None);
        }
    }
}
