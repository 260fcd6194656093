//! The rows of one company and day in `event_days`.
//!
//! For nearly every company and day, one row has all events. Events beyond [`PIECE`] are in further
//! rows, which are read and written one at a time, so that memory does not grow with the number of
//! events. All pieces except the last are full, so the same events always give the same rows.

use std::collections::BTreeMap;

use anyhow::Result;

use super::day_text::{self, StoredEvent};
use super::keys;
use crate::domain::day::Day;
use crate::error::refused;
use crate::store::Store;

/// The maximum number of events of a piece.
pub(super) const PIECE: usize = 131_072;

/// A key that no company has. Rows of a day that are rewritten have it until the old rows have been
/// read.
const NOBODY: u32 = 0;

/// The events of a company on a day, in order, with one piece in memory at a time.
pub(in crate::store) struct Pieces<'s> {
    store: &'s Store,
    day: i32,
    company: u32,
    next_piece: Option<i64>,
    events: std::vec::IntoIter<StoredEvent>,
}

impl Store {
    /// The stored events of a company on a day.
    pub(in crate::store) fn pieces(&self, day: i32, company: u32) -> Pieces<'_> {
        let events = Vec::new().into_iter();
        Pieces { store: self, day, company, next_piece: Some(0), events }
    }

    /// Calls `visit` with each event of a company on a day, in order.
    pub(in crate::store) fn for_each_event_of(
        &self,
        day: i32,
        company: u32,
        mut visit: impl FnMut(StoredEvent),
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "SELECT events FROM event_days WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
        )?;
        let pieces = keys::of_company_day(day, company);
        let mut rows = statement.query((pieces.start(), pieces.end()))?;
        while let Some(row) = rows.next()? {
            day_text::for_each(row.get_ref(0)?.as_str()?, &mut visit)?;
        }
        Ok(())
    }

    /// The events of one row; `None` if there is no such row.
    pub(super) fn piece(&self, key: i64) -> Result<Option<Vec<StoredEvent>>> {
        let mut statement =
            self.connection.prepare_cached("SELECT events FROM event_days WHERE id = ?1")?;
        let mut rows = statement.query([key])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let (day, company, _) = keys::split_piece(key);
        read_piece(day, company, row.get_ref(0)?.as_str()?).map(Some)
    }

    /// Calls `visit` with company, piece and text of each row of a day, in order, until it returns
    /// an error.
    pub(super) fn for_each_piece(
        &self,
        day: i32,
        mut visit: impl FnMut(u32, i64, &str) -> Result<()>,
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, events FROM event_days WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
        )?;
        let keys = keys::of_whole_day(day);
        let mut rows = statement.query((keys.start(), keys.end()))?;
        while let Some(row) = rows.next()? {
            let (_, company, piece) = keys::split_piece(row.get(0)?);
            visit(company, piece, row.get_ref(1)?.as_str()?)?;
        }
        Ok(())
    }

    /// The rows of a day; `None` if their texts are longer than `most` bytes.
    pub(super) fn stored_day(&self, day: i32, most: usize) -> Result<Option<StoredDay>> {
        let mut stored = StoredDay::default();
        let mut is_too_long = false;
        self.for_each_piece(day, |company, piece, text| {
            is_too_long = is_too_long || stored.texts.len() + text.len() > most;
            if !is_too_long {
                stored.texts.push_str(text);
                stored.rows.push((company, piece, text.len()));
            }
            Ok(())
        })?;
        Ok((!is_too_long).then_some(stored))
    }

    /// Logs the events of a company on a day before an import changes them.
    pub(in crate::store) fn note_pieces_before(
        &self,
        import: i64,
        day: i32,
        company: u32,
    ) -> Result<()> {
        let mut note = self.connection.prepare_cached(
            "INSERT INTO import_days (import, id, events)
             SELECT ?1, id, events FROM event_days
             WHERE id BETWEEN ?2 AND ?3
               AND NOT EXISTS (SELECT 1 FROM import_days WHERE import = ?1 AND id = ?2)",
        )?;
        let pieces = keys::of_company_day(day, company);
        match note.execute((import, pieces.start(), pieces.end()))? {
            0 => self.note_empty_day(import, day, company),
            _ => Ok(()),
        }
    }

    /// Deletes the events of a company on a day, and their counts.
    pub(in crate::store) fn remove_day(&self, day: i32, company: u32) -> Result<()> {
        let rows = keys::of_company_day(day, company);
        self.connection
            .prepare_cached("DELETE FROM event_days WHERE id BETWEEN ?1 AND ?2")?
            .execute((rows.start(), rows.end()))?;
        let counts = keys::of_company_counts(day, company);
        self.connection
            .prepare_cached("DELETE FROM day_counts WHERE id BETWEEN ?1 AND ?2")?
            .execute((counts.start(), counts.end()))?;
        Ok(())
    }
}

pub(super) fn read_piece(day: i32, company: u32, text: &str) -> Result<Vec<StoredEvent>> {
    day_text::read(text).map_err(|error| {
        error.context(format!("day {} of company {company}", Day::from_number(day)))
    })
}

/// The rows of a day in `event_days`.
#[derive(Debug, Default)]
pub(super) struct StoredDay {
    /// One after the other.
    texts: String,
    /// Company, piece, and length of the text of each.
    rows: Vec<(u32, i64, usize)>,
}

impl StoredDay {
    /// Calls `visit` with company, piece and text of each row, in order, until it returns an error.
    pub(super) fn for_each(
        &self,
        mut visit: impl FnMut(u32, i64, &str) -> Result<()>,
    ) -> Result<()> {
        let mut from = 0;
        self.rows.iter().try_for_each(|(company, piece, length)| {
            let text = &self.texts[from..from + length];
            from += length;
            visit(*company, *piece, text)
        })
    }
}

impl Pieces<'_> {
    pub(in crate::store) fn next(&mut self) -> Result<Option<StoredEvent>> {
        Ok(match self.peek()? {
            Some(_) => self.events.next(),
            None => None,
        })
    }

    /// The next event, if it is wanted.
    pub(in crate::store) fn next_if(
        &mut self,
        is_wanted: impl FnOnce(&StoredEvent) -> bool,
    ) -> Result<Option<StoredEvent>> {
        match self.peek()? {
            Some(event) if is_wanted(&event) => Ok(self.events.next()),
            _ => Ok(None),
        }
    }

    fn peek(&mut self) -> Result<Option<StoredEvent>> {
        while self.events.as_slice().is_empty() {
            let Some(piece) = self.next_piece.take() else { return Ok(None) };
            let key = keys::of_piece(self.day, self.company, piece);
            let Some(events) = self.store.piece(key)? else { return Ok(None) };
            self.next_piece = Some(piece + 1);
            self.events = events.into_iter();
        }
        Ok(self.events.as_slice().first().copied())
    }
}

/// Rewrites the events of a company on a day. All of them must be added in order, including those
/// that are stored already.
pub(in crate::store) struct PieceWriter<'s> {
    store: &'s Store,
    day: i32,
    company: u32,
    /// The company whose key changed pieces have until [`PieceWriter::finish`]: [`NOBODY`], or the
    /// company itself if nothing is stored.
    aside: u32,
    size: usize,
    events: Vec<StoredEvent>,
    text: Vec<u8>,
    /// The number of complete pieces.
    full: i64,
    /// The first piece that differs from what is stored, if any does so far. It and all later
    /// pieces are written aside until [`PieceWriter::finish`].
    first_changed: Option<i64>,
    /// Whether [`PieceWriter::recount`] may have changed copies.
    is_recounted: bool,
    counts: BTreeMap<u32, u64>,
}

impl<'s> PieceWriter<'s> {
    pub(in crate::store) fn new(store: &'s Store, day: i32, company: u32) -> Self {
        PieceWriter {
            store,
            day,
            company,
            aside: NOBODY,
            size: PIECE,
            events: Vec::new(),
            text: Vec::new(),
            full: 0,
            first_changed: None,
            is_recounted: false,
            counts: BTreeMap::new(),
        }
    }

    /// The same writer for a company without stored events on the day.
    pub(super) fn fresh(self) -> Self {
        PieceWriter { aside: self.company, ..self }
    }

    /// The same writer with at most `size` events in a row.
    pub(super) fn sized(self, size: usize) -> Self {
        PieceWriter { size, ..self }
    }

    /// Adds the next event. `is_stored` means that it is stored with the same number of copies.
    pub(in crate::store) fn push(&mut self, event: StoredEvent, is_stored: bool) -> Result<()> {
        if self.events.len() >= self.size {
            self.put()?;
        }
        if !is_stored {
            self.first_changed.get_or_insert(self.full);
        }
        *self.counts.entry(event.key.event).or_default() += event.copies;
        self.events.push(event);
        Ok(())
    }

    /// Whether anything differs from what is stored.
    pub(in crate::store) fn is_changed(&self) -> bool {
        self.first_changed.is_some()
    }

    /// Calls `visit` with all events added so far, in order.
    pub(super) fn for_each(&mut self, mut visit: impl FnMut(&StoredEvent)) -> Result<()> {
        self.put()?;
        for piece in 0..self.full {
            let events = self.store.piece(self.place(piece))?;
            events.iter().flatten().for_each(&mut visit);
        }
        Ok(())
    }

    /// Changes the copies of the events for which `copies` returns a number.
    pub(super) fn recount(
        &mut self,
        mut copies: impl FnMut(&StoredEvent) -> Option<u64>,
    ) -> Result<()> {
        self.put()?;
        self.is_recounted = true;
        for piece in 0..self.full {
            let Some(mut events) = self.store.piece(self.place(piece))? else { continue };
            let mut is_changed = false;
            for event in &mut events {
                if let Some(copies) = copies(event) {
                    let count = self.counts.entry(event.key.event).or_default();
                    *count = (*count + copies).saturating_sub(event.copies);
                    event.copies = copies;
                    is_changed = true;
                }
            }
            if is_changed {
                self.write(piece, &events)?;
            }
        }
        Ok(())
    }

    /// Moves the written pieces to their place and updates the counts. Returns the number of events
    /// of each name.
    pub(in crate::store) fn finish(mut self) -> Result<BTreeMap<u32, u64>> {
        self.put()?;
        self.move_to_place()?;
        if self.is_changed() || self.is_recounted {
            let mut count = self.store.connection.prepare_cached(
                "INSERT INTO day_counts (id, count) VALUES (?1, ?2)
                 ON CONFLICT (id) DO UPDATE SET count = excluded.count",
            )?;
            for (event, copies) in &self.counts {
                let key = keys::of_count(self.day, self.company, *event);
                count.execute((key, *copies as i64))?;
            }
        }
        Ok(self.counts)
    }

    fn move_to_place(&self) -> Result<()> {
        let Some(first) = self.first_changed.filter(|_| self.aside == NOBODY) else {
            return Ok(());
        };
        let connection = &self.store.connection;
        let place = keys::of_company_day(self.day, self.company);
        connection
            .prepare_cached("DELETE FROM event_days WHERE id BETWEEN ?1 AND ?2")?
            .execute((place.start() + first, place.end()))?;
        let mut put = connection.prepare_cached("UPDATE event_days SET id = ?2 WHERE id = ?1")?;
        for piece in first..self.full {
            let from = keys::of_piece(self.day, NOBODY, piece);
            put.execute((from, place.start() + piece))?;
        }
        Ok(())
    }

    /// The current key of a piece.
    fn place(&self, piece: i64) -> i64 {
        match self.first_changed {
            Some(first) if piece >= first => keys::of_piece(self.day, self.aside, piece),
            _ => keys::of_piece(self.day, self.company, piece),
        }
    }

    /// Completes a piece with the waiting events, and writes it unless it is stored already.
    fn put(&mut self) -> Result<()> {
        if self.events.is_empty() {
            return Ok(());
        }
        if self.first_changed.is_some() {
            let events = std::mem::take(&mut self.events);
            self.write(self.full, &events)?;
            self.events = events;
        }
        self.events.clear();
        self.full += 1;
        if self.full >= keys::PIECES {
            return Err(self.too_many());
        }
        Ok(())
    }

    fn write(&mut self, piece: i64, events: &[StoredEvent]) -> Result<()> {
        self.text.clear();
        day_text::write(&mut self.text, events);
        self.store
            .connection
            .prepare_cached(
                "INSERT INTO event_days (id, events) VALUES (?1, CAST(?2 AS TEXT))
                 ON CONFLICT (id) DO UPDATE SET events = excluded.events",
            )?
            .execute((self.place(piece), &self.text))?;
        Ok(())
    }

    fn too_many(&self) -> anyhow::Error {
        let most = keys::PIECES as u64 * self.size as u64;
        let (day, company) = (Day::from_number(self.day), self.company);
        refused(format!(
            "company number {company} has more than {most} different events on {day}; \
             import them as counts: signals import --kind counts FILE"
        ))
        .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Permissions;

    #[test]
    fn a_stored_day_is_read_if_its_texts_are_not_too_long() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let store = Store::create_or_open(&path, Permissions::Owner).unwrap();
        let (first, second) = ("[[1,1,null]]", "[[1,10,null]]");
        for (day, company, piece, text) in [
            (8, 1, 0, first),
            (9, 1, 0, first),
            (9, 1, 1, second),
            (9, 2, 0, first),
            (10, 1, 0, first),
        ] {
            let insert = "INSERT INTO event_days (id, events) VALUES (?1, ?2)";
            store.connection.execute(insert, (keys::of_piece(day, company, piece), text)).unwrap();
        }
        let mut rows = Vec::new();
        let stored = store.stored_day(9, 37).unwrap().unwrap();
        let mut add = |company, piece, text: &str| {
            rows.push((company, piece, text.to_owned()));
            Ok(())
        };
        stored.for_each(&mut add).unwrap();
        let expected = [(1, 0, first), (1, 1, second), (2, 0, first)];
        assert_eq!(rows, expected.map(|(company, piece, text)| (company, piece, text.to_owned())));
        for most in [36, 24, 11] {
            assert!(store.stored_day(9, most).unwrap().is_none());
        }
    }

    #[test]
    fn a_company_with_too_many_events_on_a_day_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let store = Store::create_or_open(&path, Permissions::Owner).unwrap();
        let mut writer = PieceWriter::new(&store, 20_543, 17).sized(2);
        let mut push = |micros| {
            let key = day_text::EventKey { event: 1, micros, person: 0, identity: 0 };
            writer.push(StoredEvent { key, copies: 1 }, true)
        };
        (0..2000).for_each(|micros| push(micros).unwrap());
        assert_eq!(
            push(2000).unwrap_err().to_string(),
            "company number 17 has more than 2000 different events on 2026-03-31; \
             import them as counts: signals import --kind counts FILE"
        );
    }

    /// Pieces are written to their place at once if nothing is stored, and aside otherwise.
    #[test]
    fn pieces_replace_stored_ones_when_all_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let store = Store::create_or_open(&path, Permissions::Owner).unwrap();
        let companies = || -> Vec<u32> {
            let mut statement =
                store.connection.prepare("SELECT company FROM event_days ORDER BY id").unwrap();
            let companies = statement.query_map([], |row| row.get(0)).unwrap();
            companies.collect::<Result<_, _>>().unwrap()
        };
        let writer = || PieceWriter::new(&store, 9, 17).sized(1);
        for (mut writer, place) in [(writer().fresh(), 17), (writer(), 0)] {
            for micros in [1, 2] {
                let key = day_text::EventKey { event: 1, micros, person: 0, identity: 0 };
                writer.push(StoredEvent { key, copies: 1 }, false).unwrap();
            }
            assert_eq!(companies().first(), Some(&place));
            writer.finish().unwrap();
            assert_eq!(companies(), [17, 17]);
        }
    }
}
