//! The activity of companies by day, as trend rules count it.

use super::super::company::CompanyKey;
use super::super::day::{Day, DayRange};

/// The activity of all companies for one event, or for all events, on the days of a range. It
/// stores only active days, company by company, and answers for any window within the range. It
/// takes 12 to 16 bytes per company and day with an event (for people: per person and day).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Activity {
    /// By key of the company: where its entries begin, with one more position at the end.
    starts: Vec<usize>,
    /// The day of each entry, in order within a company.
    days: Vec<i32>,
    entries: Entries,
}

/// The data of each entry.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Entries {
    /// The number of events before the entry, and at the end the total. Sums wrap, so differences
    /// are right however many events other companies have.
    Counts(Vec<u64>),
    /// An active person: the previous day on which the person was active, or [`NEVER`].
    People(Vec<i32>),
}

impl Default for Entries {
    fn default() -> Self {
        Entries::Counts(vec![0])
    }
}

/// A day before all others.
const NEVER: i32 = i32::MIN;

/// The maximum number of weeks for the spread of a company.
pub(crate) const SPREAD_WEEKS: i32 = 26;

impl Activity {
    /// From counts, at most one for each company and day. The days of each company are in order.
    pub(crate) fn of_counts(counts: impl IntoIterator<Item = (Day, CompanyKey, u64)>) -> Self {
        let counts = counts.into_iter().filter(|(.., count)| *count > 0);
        let rows: Vec<(i32, u32, u64)> =
            counts.map(|(day, company, count)| (day.number(), company.0, count)).collect();
        let (starts, order) = by_company(&rows, |row| row.1);
        let mut totals = Vec::with_capacity(rows.len() + 1);
        let mut total = 0u64;
        totals.push(total);
        for place in &order {
            total = total.wrapping_add(rows[*place as usize].2);
            totals.push(total);
        }
        let days = order.iter().map(|place| rows[*place as usize].0).collect();
        Activity { starts, days, entries: Entries::Counts(totals) }
    }

    /// From active people, ordered by day, each at most once for a company and day.
    pub(crate) fn of_people(people: impl IntoIterator<Item = (Day, CompanyKey, u32)>) -> Self {
        let rows: Vec<(i32, u32, u32)> = people
            .into_iter()
            .map(|(day, company, person)| (day.number(), company.0, person))
            .collect();
        let (starts, order) = by_company(&rows, |row| row.1);
        let mut latest: rustc_hash::FxHashMap<(u32, u32), i32> = rustc_hash::FxHashMap::default();
        let mut days = Vec::with_capacity(rows.len());
        let mut before = Vec::with_capacity(rows.len());
        for place in &order {
            let (day, company, person) = rows[*place as usize];
            days.push(day);
            before.push(latest.insert((company, person), day).unwrap_or(NEVER));
        }
        Activity { starts, days, entries: Entries::People(before) }
    }

    /// The positions of the entries of a company.
    fn places(&self, company: CompanyKey) -> std::ops::Range<usize> {
        let key = company.0 as usize;
        match (self.starts.get(key), self.starts.get(key + 1)) {
            (Some(from), Some(to)) => *from..*to,
            _ => 0..0,
        }
    }

    /// The position of the first entry of a company after a day.
    pub(super) fn place_after(&self, company: CompanyKey, day: i32) -> usize {
        let places = self.places(company);
        places.start + self.days[places].partition_point(|entry| *entry <= day)
    }

    /// Moves a position from [`Activity::place_after`] to a later day.
    pub(super) fn move_place(&self, place: &mut usize, end: usize, day: i32) {
        while *place < end && self.days[*place] <= day {
            *place += 1;
        }
    }

    /// The position after the last entry of a company.
    pub(super) fn end(&self, company: CompanyKey) -> usize {
        self.places(company).end
    }

    /// The number of events between two positions.
    pub(super) fn events(&self, from: usize, to: usize) -> u64 {
        match &self.entries {
            Entries::Counts(totals) => totals[to].wrapping_sub(totals[from]),
            Entries::People(_) => 0,
        }
    }

    /// Distinct people between two positions. The earlier position is that of the first entry on or
    /// after `first_day`; people who were active earlier in this window are not counted again.
    pub(super) fn people(&self, from: usize, to: usize, first_day: i32) -> u64 {
        match &self.entries {
            Entries::Counts(_) => 0,
            Entries::People(before) => {
                before[from..to].iter().filter(|day| **day < first_day).count() as u64
            }
        }
    }

    /// The number of events of a company in a range of days.
    pub(crate) fn events_in(&self, company: CompanyKey, range: DayRange) -> u64 {
        self.events(
            self.place_after(company, range.from.number() - 1),
            self.place_after(company, range.to.number()),
        )
    }

    /// The events of a company in each of the whole weeks that end with `last` and begin on or
    /// after `since`, latest first, at most [`SPREAD_WEEKS`].
    pub(super) fn weeks(&self, company: CompanyKey, since: Day, last: Day) -> Vec<u64> {
        let weeks = ((last - since + 1) / 7).clamp(0, SPREAD_WEEKS);
        let range = |week: i32| DayRange { from: last - 7 * week - 6, to: last - 7 * week };
        (0..weeks).map(|week| self.events_in(company, range(week))).collect()
    }
}

/// Where the rows of each company begin, and the order that groups the rows by company and keeps
/// their order within a company.
fn by_company<R>(rows: &[R], company: impl Fn(&R) -> u32) -> (Vec<usize>, Vec<u32>) {
    let last = rows.iter().map(&company).max().map_or(0, |key| key as usize + 1);
    let mut starts = vec![0usize; last + 1];
    for row in rows {
        starts[company(row) as usize + 1] += 1;
    }
    for place in 1..starts.len() {
        starts[place] += starts[place - 1];
    }
    let mut next = starts.clone();
    let mut order = vec![0u32; rows.len()];
    for (place, row) in rows.iter().enumerate() {
        let next = &mut next[company(row) as usize];
        order[*next] = place as u32;
        *next += 1;
    }
    (starts, order)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: i32, to: i32) -> DayRange {
        DayRange { from: Day::from_number(from), to: Day::from_number(to) }
    }

    #[test]
    fn events_are_counted_by_company_and_day() {
        let rows = [(1, 5, 3), (1, 2, 4), (3, 5, 7), (4, 2, 0), (9, 5, 1)];
        let activity = Activity::of_counts(
            rows.map(|(day, company, count)| (Day::from_number(day), CompanyKey(company), count)),
        );
        let events = |company, from, to| activity.events_in(CompanyKey(company), range(from, to));
        assert_eq!([events(5, 0, 9), events(5, 1, 3), events(5, 2, 8)], [11, 10, 7]);
        assert_eq!(
            [events(2, 0, 9), events(2, 2, 9), events(3, 0, 9), events(99, 0, 9)],
            [4, 0, 0, 0]
        );
        let weeks = |since, last| {
            activity.weeks(CompanyKey(5), Day::from_number(since), Day::from_number(last))
        };
        assert_eq!(weeks(-4, 9), [8, 3]);
        assert_eq!(weeks(-3, 9), [8]);
        assert_eq!(weeks(-1000, 9).len(), 26);
        assert_eq!(weeks(20, 9), [0; 0]);
        // A day without events is no active day.
        let place = |day| activity.place_after(CompanyKey(2), day);
        assert_eq!([place(9) - place(3), place(9) - place(0)], [0, 1]);
    }

    #[test]
    fn a_person_counts_once_in_a_window() {
        let rows = [(1, 7), (1, 8), (2, 7), (5, 9), (6, 7), (6, 8)];
        let activity = Activity::of_people(
            rows.map(|(day, person)| (Day::from_number(day), CompanyKey(3), person)),
        );
        let people = |from: i32, to: i32| {
            let place = |day| activity.place_after(CompanyKey(3), day);
            activity.people(place(from - 1), place(to), from)
        };
        assert_eq!([people(1, 6), people(2, 6), people(2, 4), people(3, 4)], [3, 3, 1, 0]);
    }
}
