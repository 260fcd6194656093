//! Events that wait to be written, in memory and, where there is no room for them, in a temporary
//! file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use anyhow::{Context, Result};

use super::day_text::EventKey;
use crate::store::Store;

/// An event that waits to be written with its day. Equal ones may be folded into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WaitingEvent {
    /// The number of its row in the file, which tells the events of one row from those of another.
    /// For folded events: how many rows they were.
    pub(super) row: u32,
    pub(super) company: u32,
    pub(super) event: u32,
    pub(super) person: u32,
    /// How many events each row stands for.
    pub(super) copies: u32,
    /// Key of the event's own id; 0 for none, [`FOLDED`] for folded events, which have none.
    pub(super) identity: u32,
    /// Whether no row before it, of this file or another, had that id.
    pub(super) is_first: bool,
    pub(super) micros: i64,
}

/// Keys of ids never get here: they count up from 1, and the highest bit is [`AGAIN`].
const FOLDED: u32 = AGAIN - 1;

impl WaitingEvent {
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
        let (key, copies) = (key_of(self), self.copies);
        let is_equal =
            key == key_of(other) && copies == other.copies && self.company == other.company;
        let Some(rows) = self.rows().checked_add(other.rows()) else { return false };
        if !is_equal || key.identity != 0 || copies == 0 {
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

/// Puts events in order of company and key; those that are equal stay in the order of the file.
pub(super) fn sort(events: &mut [WaitingEvent]) {
    let rank = |event: &WaitingEvent| (u64::from(event.company) << 32) | u64::from(event.event);
    events.sort_by(|a, b| {
        let order = rank(a).cmp(&rank(b)).then(a.micros.cmp(&b.micros));
        order.then_with(|| (a.person, identity(a)).cmp(&(b.person, identity(b))))
    });
}

fn identity(event: &WaitingEvent) -> u32 {
    if event.identity == FOLDED { 0 } else { event.identity }
}

pub(super) fn key_of(event: &WaitingEvent) -> EventKey {
    EventKey {
        event: event.event,
        micros: event.micros,
        person: event.person,
        identity: identity(event),
    }
}

/// How long events that were set aside are of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Until {
    /// They are still to be written.
    DayIsWritten,
    /// They were written, and tell how many copies the file had, should more of that day come.
    FileEnds,
}

/// Events in a temporary file, by day.
#[derive(Default)]
pub(super) struct Aside {
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

/// The bit of an identity that says that an earlier row had it.
const AGAIN: u32 = 1 << 31;

/// So many events are read and written at once.
const IN_ONE_GO: usize = 8192;

impl Aside {
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
        if self.file.is_none() {
            // Beside the database, where there must be room for these events anyway; `/tmp` may be
            // memory.
            let folder = store.path().parent().unwrap_or(store.path());
            self.file = Some(
                tempfile::tempfile_in(folder)
                    .context("cannot make a temporary file beside the database")?,
            );
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        file.seek(SeekFrom::Start(self.length))?;
        for some in events.chunks(IN_ONE_GO) {
            let bytes: Vec<u8> = some.iter().flat_map(to_bytes).collect();
            file.write_all(&bytes)
                .context("cannot write to the temporary file beside the database")?;
        }
        let chunk = Chunk { position: self.length, count: events.len() };
        self.chunks.entry((day, until)).or_default().push(chunk);
        self.length += (events.len() * EVENT_BYTES) as u64;
        Ok(())
    }

    pub(super) fn waiting_days(&self) -> impl Iterator<Item = &i32> {
        self.chunks.keys().filter(|(_, until)| *until == Until::DayIsWritten).map(|(day, _)| day)
    }

    pub(super) fn waiting_count(&self, day: i32) -> usize {
        self.chunks
            .get(&(day, Until::DayIsWritten))
            .into_iter()
            .flatten()
            .map(|chunk| chunk.count)
            .sum()
    }

    pub(super) fn written(&mut self, day: i32) {
        self.chunks.remove(&(day, Until::DayIsWritten));
    }

    /// The events of a day for some of the companies, in the order in which they were set aside.
    /// Beyond `most` events, equal ones are folded if `folds` allows it.
    pub(super) fn take_part(
        &mut self,
        day: i32,
        until: Until,
        (part, parts): (u32, u32),
        (folds, most): (bool, usize),
    ) -> Result<Vec<WaitingEvent>> {
        let mut events = Vec::new();
        let mut most = if folds { most } else { usize::MAX };
        let Some(file) = &mut self.file else { return Ok(events) };
        for chunk in self.chunks.get(&(day, until)).into_iter().flatten() {
            file.seek(SeekFrom::Start(chunk.position))?;
            let mut left = chunk.count;
            let mut buffer = vec![0; EVENT_BYTES * left.min(IN_ONE_GO)];
            while left > 0 {
                let now = left.min(IN_ONE_GO);
                let bytes = &mut buffer[..now * EVENT_BYTES];
                file.read_exact(bytes)?;
                events.extend(
                    bytes
                        .chunks_exact(EVENT_BYTES)
                        .map(from_bytes)
                        .filter(|e| e.company % parts == part),
                );
                left -= now;
                if events.len() > most {
                    fold(&mut events);
                    most = most.max(2 * events.len());
                }
            }
        }
        Ok(events)
    }
}

fn to_bytes(event: &WaitingEvent) -> [u8; EVENT_BYTES] {
    let mut bytes = [0; EVENT_BYTES];
    let identity = event.identity | if event.is_first { 0 } else { AGAIN };
    let keys = [event.row, event.company, event.event, event.person, event.copies, identity];
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
        identity: u32::from_le_bytes(key(5)) & !AGAIN,
        is_first: u32::from_le_bytes(key(5)) & AGAIN == 0,
        micros: i64::from_le_bytes(micros),
    }
}
