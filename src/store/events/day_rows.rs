//! The rows of `event_days` and `day_counts` for the events of one day, as they are passed to SQLite:
//! as arrays of numbers, because one statement for each of millions of rows takes twice as long.

use rusqlite::types::Value;

use super::day_text::{self, StoredEvent};
use super::first_days::FirstDays;
use super::keys;
use super::waiting::WaitingEvent;
use super::writer::WrittenRows;

/// Rows of a day, in order of the companies.
#[derive(Debug, Default)]
pub(super) struct DayRows {
    pub(super) day: i32,
    /// The texts of companies, one after the other.
    pub(super) texts: Vec<u8>,
    /// Company, position in `texts` and length of each; see [`pack_day`].
    pub(super) days: Vec<Value>,
    /// A company whose text is too long for [`pack_day`], and where in `texts` it begins: the last
    /// one.
    pub(super) long_text: Option<(u32, usize)>,
    /// Company, event name and count of each; see [`pack_count`].
    pub(super) counts: Vec<Value>,
    /// The counts that are too large for that.
    pub(super) large_counts: Vec<(u32, u32, i64)>,
}

/// Rows with more bytes of text than this take no further ones.
const TEXTS: usize = 4 << 20;

/// Company, position and length in 22, 23 and 18 bits; `None` if they do not fit.
fn pack_day(company: u32, place: usize, length: usize) -> Option<i64> {
    let fits = company < 1 << 22 && place < 1 << 23 && length < 1 << 18;
    fits.then_some(i64::from(company) << 41 | (place as i64) << 18 | length as i64)
}

/// Company and event name as in a key, and the count in the lowest 16 bits; `None` if it does not
/// fit.
fn pack_count(company: u32, event: u32, count: i64) -> Option<i64> {
    (count < 1 << 16).then(|| keys::of_count(0, company, event) << 16 | count)
}

impl DayRows {
    pub(super) fn of(day: i32) -> Self {
        DayRows { day, ..DayRows::default() }
    }

    /// Whether the next company needs other rows.
    pub(super) fn is_full(&self) -> bool {
        self.texts.len() > TEXTS || self.long_text.is_some()
    }

    /// Adds the events of a company, which are in order and at most one piece, and notes their
    /// names and people.
    pub(super) fn add(&mut self, company: u32, events: &[StoredEvent], firsts: &mut FirstDays) {
        let place = self.texts.len();
        day_text::write(&mut self.texts, events);
        match pack_day(company, place, self.texts.len() - place) {
            Some(packed) => self.days.push(Value::Integer(packed)),
            None => self.long_text = Some((company, place)),
        }
        firsts.people.note_all(self.day, company, events);
        let uses = firsts.uses.of_company(company);
        for (event, copies) in counts(events) {
            uses.note(event, self.day);
            match pack_count(company, event, copies) {
                Some(packed) => self.counts.push(Value::Integer(packed)),
                None => self.large_counts.push((company, event, copies)),
            }
        }
    }

    /// The companies, in order.
    pub(super) fn companies(&self) -> impl Iterator<Item = u32> {
        let packed = self.days.iter().filter_map(|packed| match packed {
            Value::Integer(number) => Some((number >> 41) as u32),
            _ => None,
        });
        packed.chain(self.long_text.map(|(company, _)| company))
    }

    /// Empties the rows and keeps their memory.
    pub(super) fn clear(&mut self) {
        self.texts.clear();
        self.days.clear();
        self.long_text = None;
        self.counts.clear();
        self.large_counts.clear();
    }
}

/// Replaces `events` by the events of one company's rows, which are in order, but by `most` at
/// most. Returns the numbers of new and known rows, provided that nothing is stored, and the
/// remaining rows.
pub(super) fn gather<'r>(
    rows: &'r [WaitingEvent],
    events: &mut Vec<StoredEvent>,
    most: usize,
) -> (WrittenRows, &'r [WaitingEvent]) {
    let mut written = WrittenRows::default();
    let mut taken = 0;
    events.clear();
    for equal in rows.chunk_by(|a, b| a.order() == b.order()) {
        let (mut total, mut seen) = (0, 0);
        for row in equal {
            let rows = u64::from(row.rows());
            seen += rows;
            total += row.total();
            *(if row.copies > 0 { &mut written.new } else { &mut written.known }) += rows;
        }
        written.repeated += seen - 1;
        taken += equal.len();
        if total > 0 {
            events.push(StoredEvent { key: equal[0].key(), copies: total });
            if events.len() >= most {
                break;
            }
        }
    }
    (written, &rows[taken..])
}

/// The number of events of each name. The events are in order.
pub(super) fn counts(events: &[StoredEvent]) -> impl Iterator<Item = (u32, i64)> {
    events.chunk_by(|a, b| a.key.event == b.key.event).map(|of_name| {
        let copies: u64 = of_name.iter().map(|event| event.copies).sum();
        (of_name[0].key.event, copies as i64)
    })
}

#[cfg(test)]
mod tests {
    use super::super::day_text::EventKey;
    use super::super::writer::IncomingEvent;
    use super::*;

    fn waiting(event: u32, micros: i64, copies: u32) -> WaitingEvent {
        let is_part = false;
        let row = IncomingEvent { day: 1, company: 1, event, person: 0, copies, micros, is_part };
        WaitingEvent::new(&row, 1)
    }

    fn stored(event: u32, micros: i64, copies: u64) -> StoredEvent {
        StoredEvent { key: EventKey { event, micros, person: 0, identity: 0 }, copies }
    }

    #[test]
    fn a_day_is_packed_if_its_numbers_fit() {
        assert_eq!(pack_day(1, 1, 1), Some((1 << 41) + (1 << 18) + 1));
        let (company, place, length) = (4_194_303, 8_388_607, 262_143);
        assert_eq!(pack_day(company, place, length), Some(i64::MAX));
        assert_eq!(pack_day(company + 1, place, length), None);
        assert_eq!(pack_day(company, place + 1, length), None);
        assert_eq!(pack_day(company, place, length + 1), None);
    }

    #[test]
    fn a_count_is_packed_if_it_fits() {
        assert_eq!(pack_count(17, 4, 65_535), Some(1_700_004 * 65_536 + 65_535));
        assert_eq!(pack_count(17, 4, 65_536), None);
    }

    #[test]
    fn rows_are_full_beyond_four_mebibytes_and_after_a_long_text() {
        let with_texts = |length| DayRows { texts: vec![b' '; length], ..DayRows::of(1) };
        assert!(!with_texts(4_194_304).is_full());
        assert!(with_texts(4_194_305).is_full());
        assert!(DayRows { long_text: Some((1, 0)), ..DayRows::of(1) }.is_full());
    }

    #[test]
    fn a_company_with_a_large_key_is_written_alone() {
        let mut rows = DayRows::of(9);
        rows.add(1, &[stored(1, 0, 1)], &mut FirstDays::default());
        rows.add(5_000_000, &[stored(2, 0, 3)], &mut FirstDays::default());
        assert_eq!(rows.companies().collect::<Vec<_>>(), [1, 5_000_000]);
        assert_eq!(rows.texts, b"[[1,0,null]][[2,0,null,3]]");
        assert_eq!(rows.days, [Value::Integer((1 << 41) + 12)]);
        assert_eq!(rows.long_text, Some((5_000_000, 12)));
    }

    #[test]
    fn cleared_rows_are_empty_and_of_the_same_day() {
        let mut rows = DayRows::of(9);
        let mut firsts = FirstDays::default();
        rows.add(1, &[stored(1, 0, 1), stored(2, 0, 65_536)], &mut firsts);
        rows.add(5_000_000, &[stored(1, 0, 1)], &mut firsts);
        assert_eq!((rows.counts.len(), &rows.large_counts[..]), (2, &[(1, 2, 65_536)][..]));
        rows.clear();
        assert_eq!((rows.day, rows.companies().count(), rows.texts.len()), (9, 0, 0));
        assert_eq!((rows.counts.len(), rows.large_counts.len()), (0, 0));
    }

    #[test]
    fn gathered_rows_are_counted_and_limited() {
        let rows = [
            waiting(1, 5, 2),
            waiting(1, 5, 1),
            waiting(1, 6, 0),
            waiting(2, 5, 1),
            waiting(2, 6, 1),
            waiting(2, 6, 1),
        ];
        let mut events = vec![stored(9, 9, 9)];
        let (written, rest) = gather(&rows, &mut events, 2);
        assert_eq!(events, [stored(1, 5, 3), stored(2, 5, 1)]);
        assert_eq!((written.new, written.known, written.repeated), (3, 1, 1));
        assert_eq!(rest, &rows[4..]);
        let (written, rest) = gather(rest, &mut events, 2);
        assert_eq!(events, [stored(2, 6, 2)]);
        assert_eq!((written.new, written.known, written.repeated, rest.len()), (2, 0, 1, 0));
    }
}
