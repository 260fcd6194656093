//! The days that a file covers, and the gaps: an export that lost a day looks like a drop in usage.

use rustc_hash::FxHashSet;

use crate::domain::day::Day;

/// A set of days that is cheap to add to, because each row adds its day.
#[derive(Debug, Default)]
pub(crate) struct DaysSeen {
    days: FxHashSet<Day>,
    last_added: Option<Day>,
}

impl DaysSeen {
    pub(crate) fn add(&mut self, day: Day) {
        // Files are mostly in order of time: most rows have the day of the previous row.
        if self.last_added != Some(day) {
            self.last_added = Some(day);
            self.days.insert(day);
        }
    }

    pub(crate) fn first(&self) -> Option<Day> {
        self.days.iter().min().copied()
    }

    pub(crate) fn last(&self) -> Option<Day> {
        self.days.iter().max().copied()
    }

    /// All days, in order.
    pub(crate) fn all(&self) -> Vec<Day> {
        let mut all: Vec<Day> = self.days.iter().copied().collect();
        all.sort_unstable();
        all
    }

    /// The days between the first and the last that do not occur, in order.
    pub(crate) fn missing(&self) -> Vec<Day> {
        let gap = |pair: &[Day]| (pair[0].number() + 1..pair[1].number()).map(Day::from_number);
        self.all().windows(2).flat_map(gap).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_told() {
        let mut seen = DaysSeen::default();
        for number in [20_000, 20_000, 20_004, 20_001] {
            seen.add(Day::from_number(number));
        }
        assert_eq!(
            (seen.first(), seen.last()),
            (Some(Day::from_number(20_000)), Some(Day::from_number(20_004)))
        );
        assert_eq!(seen.missing(), [Day::from_number(20_002), Day::from_number(20_003)]);
        assert_eq!(DaysSeen::default().missing(), []);
    }
}
