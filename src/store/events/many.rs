//! Merges many events of a company on a day. The result is the same as that of `Merge::company`,
//! which merges few, but rows are merged one at a time, so that memory does not grow with their
//! number.

use anyhow::Result;
use rustc_hash::{FxHashMap, FxHashSet};

use super::day_text::{EventKey, StoredEvent};
use super::merge::{DayBefore, Merge, new_rows};
use super::pieces::{PieceWriter, Pieces};
use super::waiting::{Aside, Until, WaitingEvent};
use super::writer::WrittenRows;

/// Rows with repeated ids are looked up in groups of about this many.
const TOGETHER: usize = 200_000;
/// The number of shares into which these rows are divided.
const SHARES: u32 = 256;

impl Merge<'_, '_> {
    /// Like [`Merge::company`]; both kinds of rows are in order.
    pub(super) fn many(
        &mut self,
        company: u32,
        rows: impl Iterator<Item = Result<WaitingEvent>>,
        earlier: impl Iterator<Item = Result<WaitingEvent>>,
    ) -> Result<WrittenRows> {
        self.writer.flush()?;
        let out = PieceWriter::new(self.store, self.day, company).sized(self.piece);
        let mut many = Many {
            stored: self.store.pieces(self.day, company),
            out: if self.is_fresh() { out.fresh() } else { out },
            earlier: Earlier { rows: earlier, next: None },
            compares: !self.is_again || self.before == DayBefore::Something,
            current: None,
            written: WrittenRows::default(),
            parts: self.has_parts.then(Parts::default),
        };
        let mut again = Again::default();
        for row in rows {
            let row = row?;
            match row.is_first {
                true => {
                    if row.copies > 0 {
                        let people = &mut self.writer.first_days.people;
                        people.note(self.day, company, row.key().person);
                    }
                    many.add(&row)?;
                }
                false => again.add(self, row)?,
            }
        }
        let Many { mut out, mut written, parts, .. } = many.end()?;
        if let Some(parts) = parts {
            (written.new, written.known) = (parts.new.count, parts.all.count - parts.new.count);
        }
        if out.is_changed() {
            self.note_before(company)?;
        }
        again.recount(self, company, &mut out, &mut written)?;
        for event in out.finish()?.keys() {
            self.writer.first_days.uses.note(self.day, company, [*event]);
        }
        Ok(written)
    }
}

/// The state of a merge while rows are added.
struct Many<'s, E> {
    stored: Pieces<'s>,
    out: PieceWriter<'s>,
    earlier: Earlier<E>,
    /// Whether the copies that the file had before are counted in `earlier`. Otherwise they are all
    /// that is stored.
    compares: bool,
    current: Option<Current>,
    written: WrittenRows,
    /// Only if rows can have several events.
    parts: Option<Parts>,
}

/// The event whose rows are being added.
struct Current {
    key: EventKey,
    /// Its copies in the store.
    stored: u64,
    /// Its copies in the file so far.
    of_file: u64,
}

impl<E: Iterator<Item = Result<WaitingEvent>>> Many<'_, E> {
    fn add(&mut self, row: &WaitingEvent) -> Result<()> {
        let key = row.key();
        let mut rows = u64::from(row.rows());
        let mut current = match self.current.take() {
            Some(current) if current.key == key => current,
            before => {
                self.pass(before)?;
                rows -= 1;
                self.begin(key)?
            }
        };
        self.written.repeated += rows;
        let new = new_rows(row, current.of_file, current.stored);
        current.of_file += row.total();
        match &mut self.parts {
            Some(parts) => parts.add(row.row, new > 0),
            None => {
                self.written.new += new;
                self.written.known += u64::from(row.rows()) - new;
            }
        }
        self.current = Some(current);
        Ok(())
    }

    fn begin(&mut self, key: EventKey) -> Result<Current> {
        while let Some(event) = self.stored.next_if(|event| event.key < key)? {
            self.out.push(event, true)?;
        }
        let same = self.stored.next_if(|event| event.key == key)?;
        let stored = same.map_or(0, |event| event.copies);
        let of_file = if self.compares { self.earlier.copies(key)? } else { stored };
        Ok(Current { key, stored, of_file })
    }

    /// Passes on an event whose rows have all been added.
    fn pass(&mut self, event: Option<Current>) -> Result<()> {
        let Some(Current { key, stored, of_file }) = event else { return Ok(()) };
        let copies = of_file.max(stored);
        match copies {
            0 => Ok(()),
            copies => self.out.push(StoredEvent { key, copies }, copies == stored),
        }
    }

    fn end(mut self) -> Result<Self> {
        let last = self.current.take();
        self.pass(last)?;
        while let Some(event) = self.stored.next()? {
            self.out.push(event, true)?;
        }
        Ok(self)
    }
}

/// The rows of the same file that were written before, in order.
struct Earlier<E> {
    rows: E,
    next: Option<WaitingEvent>,
}

impl<E: Iterator<Item = Result<WaitingEvent>>> Earlier<E> {
    /// The copies of an event in these rows. Must be called in the order of the events.
    fn copies(&mut self, key: EventKey) -> Result<u64> {
        let mut copies = 0;
        loop {
            let row = match self.next.take() {
                Some(row) => row,
                None => match self.rows.next() {
                    Some(row) => row?,
                    None => return Ok(copies),
                },
            };
            if row.key() > key {
                self.next = Some(row);
                return Ok(copies);
            }
            copies += if row.key() == key { row.total() } else { 0 };
        }
    }
}

/// Counts rows that can have several events: a row is new if any of its events is.
#[derive(Default)]
struct Parts {
    all: Numbers,
    new: Numbers,
}

impl Parts {
    fn add(&mut self, row: u32, is_new: bool) {
        self.all.add(row);
        if is_new {
            self.new.add(row);
        }
    }
}

/// A set of numbers, which is compact if many are close to each other.
#[derive(Default)]
struct Numbers {
    words: FxHashMap<u32, u64>,
    count: u64,
}

impl Numbers {
    fn add(&mut self, number: u32) {
        let word = self.words.entry(number / 64).or_default();
        let bit = 1 << (number % 64);
        self.count += u64::from(*word & bit == 0);
        *word |= bit;
    }
}

/// Rows with ids that occurred before. The last row of an id decides. The rows are divided by id,
/// so that all rows of an id are in the same share.
#[derive(Default)]
struct Again {
    aside: Aside,
    waiting: Vec<WaitingEvent>,
}

fn share(row: &WaitingEvent) -> i32 {
    (row.identity % SHARES) as i32
}

impl Again {
    fn add(&mut self, merge: &Merge<'_, '_>, row: WaitingEvent) -> Result<()> {
        self.waiting.push(row);
        if self.waiting.len() >= merge.piece { self.set_aside(merge) } else { Ok(()) }
    }

    fn set_aside(&mut self, merge: &Merge<'_, '_>) -> Result<()> {
        self.waiting.sort_by_key(share);
        for of_share in self.waiting.chunk_by(|a, b| share(a) == share(b)) {
            self.aside.put(merge.store, share(&of_share[0]), of_share, Until::DayIsWritten)?;
        }
        self.waiting.clear();
        Ok(())
    }

    /// Like [`Merge::recount`].
    fn recount(
        mut self,
        merge: &Merge<'_, '_>,
        company: u32,
        out: &mut PieceWriter<'_>,
        written: &mut WrittenRows,
    ) -> Result<()> {
        self.set_aside(merge)?;
        let mut rows = Vec::new();
        for share in 0..SHARES as i32 {
            let more = self.aside.all(share, Until::DayIsWritten)?;
            if rows.len() + more.len() > TOGETHER {
                recount(merge, company, &mut rows, out, written)?;
            }
            rows.extend(more);
        }
        recount(merge, company, &mut rows, out, written)
    }
}

/// An event with a repeated id, and its copies before and now.
struct Recounted {
    key: EventKey,
    before: u64,
    now: u64,
}

fn recount(
    merge: &Merge<'_, '_>,
    company: u32,
    rows: &mut Vec<WaitingEvent>,
    out: &mut PieceWriter<'_>,
    written: &mut WrittenRows,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    rows.sort_by_key(|row| row.row);
    let wanted: FxHashSet<u32> = rows.iter().map(|row| row.identity).collect();
    let mut found: FxHashMap<u32, Recounted> = FxHashMap::default();
    out.for_each(|event| {
        if wanted.contains(&event.key.identity) {
            let (key, copies) = (event.key, event.copies);
            found.insert(key.identity, Recounted { key, before: copies, now: copies });
        }
    })?;
    for row in rows.drain(..) {
        written.known += 1;
        let Some(event) = found.get_mut(&row.identity) else { continue };
        event.now = u64::from(row.copies);
    }
    found.retain(|_, event| event.now != event.before);
    let is_old = |identity: &&u32| **identity <= merge.last_old_identity;
    written.changed += found.keys().filter(is_old).count() as u64;
    if found.is_empty() {
        return Ok(());
    }
    merge.note_before(company)?;
    out.recount(|event| {
        found.get(&event.key.identity).filter(|new| new.key == event.key).map(|new| new.now)
    })
}

#[cfg(test)]
mod tests {
    use super::super::writer::IncomingEvent;
    use super::*;
    use crate::store::{Permissions, Store};

    #[test]
    fn a_number_is_counted_once() {
        let mut numbers = Numbers::default();
        for number in [0, 1, 63, 64, 65, 1, 65, 4096, u32::MAX, u32::MAX] {
            numbers.add(number);
        }
        assert_eq!((numbers.count, numbers.words.len()), (7, 4));
    }

    #[test]
    fn rows_with_repeated_ids_are_set_aside_by_shares() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let store = Store::create_or_open(&path, Permissions::Owner).unwrap();
        let mut writer = store.day_writer(1).unwrap();
        let merge = Merge {
            store: &store,
            writer: &mut writer,
            day: 9,
            before: DayBefore::Nothing,
            is_again: false,
            has_parts: false,
            last_old_identity: 0,
            import: 1,
            piece: 4,
            events: Vec::new(),
        };
        let (day, company, event, person, copies, micros, is_part) = (9, 1, 1, 0, 1, 0, false);
        let row = IncomingEvent { day, company, event, person, copies, micros, is_part };
        let mut row = WaitingEvent::new(&row, 1);
        let mut again = Again::default();
        let mut waiting = Vec::new();
        for identity in [257, 2, 65_537, 255, 1] {
            row.identity = identity;
            again.add(&merge, row).unwrap();
            waiting.push(again.waiting.len());
        }
        assert_eq!(waiting, [1, 2, 3, 0, 1]);
        let aside = |share| again.aside.count(share, Until::DayIsWritten);
        assert_eq!([0, 1, 2, 255, 256, 257].map(aside), [0, 2, 1, 1, 0, 0]);
    }
}
