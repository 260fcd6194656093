//! The keys of `event_days` and `day_counts`, the two tables that grow with the events, and of
//! `first_people`.
//!
//! Rows are found by day, company and event name, which could be a key of three columns. A single
//! number made of the three is compared in one step and appended without a search; this saves a
//! third of the time of an import and a quarter of the space. Its digits are readable: `20543`
//! `000000017` `00004` is day 20543, company 17, event name 4. The tables show the three as
//! generated columns.

use std::ops::RangeInclusive;

use crate::domain::day::{Day, DayRange};

/// Company keys are below this.
const COMPANIES: i64 = 1_000_000_000;

/// Event name keys are below this.
pub(crate) const EVENT_NAMES: i64 = 100_000;

/// The keys of people are below this.
const PEOPLE: i64 = 1_000_000_000;

/// A company has fewer rows than this for a day in `event_days`.
pub(crate) const PIECES: i64 = 1000;

/// The key of a company and day.
pub(crate) fn of_day(day: i32, company: u32) -> i64 {
    i64::from(day) * COMPANIES + i64::from(company)
}

/// The key of a row of `event_days`. A company has several rows for a day with very many events.
pub(crate) fn of_piece(day: i32, company: u32, piece: i64) -> i64 {
    of_day(day, company) * PIECES + piece
}

/// The keys in `event_days` of a range of company and day keys.
pub(crate) fn pieces_of(days: &RangeInclusive<i64>) -> RangeInclusive<i64> {
    days.start() * PIECES..=days.end() * PIECES + PIECES - 1
}

/// The keys in `event_days` of a company on a day.
pub(crate) fn of_company_day(day: i32, company: u32) -> RangeInclusive<i64> {
    let key = of_day(day, company);
    pieces_of(&(key..=key))
}

/// The keys in `event_days` of all companies on a day.
pub(crate) fn of_whole_day(day: i32) -> RangeInclusive<i64> {
    let day = Day::from_number(day);
    pieces_of(&of_days(DayRange { from: day, to: day }))
}

/// Day, company and piece of a key in `event_days`.
pub(crate) fn split_piece(key: i64) -> (i32, u32, i64) {
    let (day, company) = split_day(key / PIECES);
    (day, company, key % PIECES)
}

/// The key in `day_counts`.
pub(crate) fn of_count(day: i32, company: u32, event: u32) -> i64 {
    of_day(day, company) * EVENT_NAMES + i64::from(event)
}

/// The keys from [`of_day`] of all companies on the days of a range.
pub(crate) fn of_days(range: DayRange) -> RangeInclusive<i64> {
    of_day(range.from.number(), 0)..=of_day(range.to.number() + 1, 0) - 1
}

/// The keys in `day_counts` of all companies and events on the days of a range.
pub(crate) fn of_counts(range: DayRange) -> RangeInclusive<i64> {
    of_count(range.from.number(), 0, 0)..=of_count(range.to.number() + 1, 0, 0) - 1
}

/// The keys in `day_counts` of all events of a company on a day.
pub(crate) fn of_company_counts(day: i32, company: u32) -> RangeInclusive<i64> {
    of_count(day, company, 0)..=of_count(day, company + 1, 0) - 1
}

/// The keys in `first_people` of the people of companies in a range of keys.
pub(crate) fn of_people(companies: (u32, u32)) -> RangeInclusive<i64> {
    i64::from(companies.0) * PEOPLE..=(i64::from(companies.1) + 1) * PEOPLE - 1
}

/// Company and person of a key in `first_people`.
pub(crate) fn split_person(key: i64) -> (u32, u32) {
    ((key / PEOPLE) as u32, (key % PEOPLE) as u32)
}

/// The day and company of a key from [`of_day`].
pub(crate) fn split_day(key: i64) -> (i32, u32) {
    ((key / COMPANIES) as i32, (key % COMPANIES) as u32)
}

/// Day, company and event of a key in `day_counts`.
pub(crate) fn split_count(key: i64) -> (i32, u32, u32) {
    let (day, company) = split_day(key / EVENT_NAMES);
    (day, company, (key % EVENT_NAMES) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_of_its_parts() {
        assert_eq!(of_count(20_543, 17, 4), 2_054_300_000_001_700_004);
        assert_eq!(split_count(2_054_300_000_001_700_004), (20_543, 17, 4));
        assert_eq!(split_day(of_day(20_543, 999_999_999)), (20_543, 999_999_999));
        assert_eq!(of_piece(20_543, 17, 4), 20_543_000_000_017_004);
        assert_eq!(split_piece(20_543_000_000_017_004), (20_543, 17, 4));
        let people = of_people((17, 17));
        assert_eq!((*people.start(), *people.end()), (17_000_000_000, 17_999_999_999));
        assert_eq!(split_person(17_000_000_004), (17, 4));
        // The latest date allowed is in the year 2200.
        assert_eq!(
            split_count(of_count(84_371, 999_999_999, 99_999)),
            (84_371, 999_999_999, 99_999)
        );
    }

    #[test]
    fn the_counts_of_a_company_and_day_are_between_two_keys() {
        let keys = of_company_counts(20_543, 17);
        assert_eq!(keys, 2_054_300_000_001_700_000..=2_054_300_000_001_799_999);
    }

    #[test]
    fn a_range_contains_its_days_and_no_others() {
        let days = DayRange { from: Day::from_number(10), to: Day::from_number(12) };
        let (rows, counts) = (of_days(days), of_counts(days));
        assert_eq!(rows, 10_000_000_000..=12_999_999_999);
        assert_eq!(counts, 1_000_000_000_000_000..=1_299_999_999_999_999);
        let pieces = pieces_of(&rows);
        for (day, expected) in [(9, false), (10, true), (12, true), (13, false)] {
            for company in [0, 1, 999_999_999] {
                assert_eq!(rows.contains(&of_day(day, company)), expected);
                assert_eq!(pieces.contains(&of_piece(day, company, 999)), expected);
                assert_eq!(
                    of_company_day(11, company).contains(&of_piece(day, company, 999)),
                    day == 11
                );
                assert_eq!(counts.contains(&of_count(day, company, 99_999)), expected);
            }
        }
    }
}
