//! The days that a file covers, and the gaps: an export that lost a day looks like a drop in usage.

use std::collections::BTreeSet;

use crate::domain::day::Day;

#[derive(Debug, Default)]
pub(crate) struct DaysSeen {
    days: BTreeSet<Day>,
    last: Option<Day>,
}

impl DaysSeen {
    pub(crate) fn add(&mut self, day: Day) {
        // Files are mostly in order of time: most rows have the day of the previous row.
        if self.last != Some(day) {
            self.last = Some(day);
            self.days.insert(day);
        }
    }

    pub(crate) fn first(&self) -> Option<Day> {
        self.days.first().copied()
    }

    pub(crate) fn last(&self) -> Option<Day> {
        self.days.last().copied()
    }

    /// All days, in order.
    pub(crate) fn all(&self) -> impl Iterator<Item = Day> {
        self.days.iter().copied()
    }

    /// The days between the first and the last that do not occur, in order.
    pub(crate) fn missing(&self) -> Vec<Day> {
        let gap =
            |(day, next): (&Day, &Day)| (day.number() + 1..next.number()).map(Day::from_number);
        self.days.iter().zip(self.days.iter().skip(1)).flat_map(gap).collect()
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
