//! Attributes of the events of a company.

use std::ops::Range;

use super::rows::{day, number};
use super::{Attribute, AttributeGroup, Datum, MONTH, Of, change_pct};
use crate::domain::day::Day;
use crate::domain::rule::{ALL_EVENTS, Against, RuleMeasure, TrendRule};
use crate::domain::trend::Expectation;

/// The days that [`ActiveDays`] covers.
pub(crate) const YEAR: i32 = 365;

/// The days with an event among the last 365 days of a company. A day is identified by its age: the
/// as-of date is 0 days old.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ActiveDays([u64; 6]);

impl ActiveDays {
    /// Records an event on the day of this age; ignores days before the last 365.
    pub(crate) fn note(&mut self, age: i32) {
        if (0..YEAR).contains(&age) {
            self.0[age as usize / 64] |= 1 << (age % 64);
        }
    }

    /// How many of the days of these ages had an event.
    pub(crate) fn count(&self, ages: Range<i32>) -> u64 {
        self.count_below(ages.end) - self.count_below(ages.start)
    }

    /// How many of the days younger than this had an event.
    fn count_below(&self, age: i32) -> u64 {
        let (whole, rest) = (age as usize / 64, age % 64);
        let part = self.0.get(whole).map_or(0, |word| word & ((1 << rest) - 1));
        let words = self.0.iter().take(whole).chain([&part]);
        words.map(|word| u64::from(word.count_ones())).sum()
    }

    /// The ages of the days with an event, the youngest first.
    pub(crate) fn ages(&self) -> impl Iterator<Item = i32> {
        self.0.into_iter().zip((0..).step_by(64)).flat_map(|(word, youngest)| {
            let without_lowest = |word: &u64| Some(word & (word - 1)).filter(|rest| *rest != 0);
            let words = std::iter::successors(Some(word).filter(|word| *word != 0), without_lowest);
            words.map(move |word| youngest + word.trailing_zeros() as i32)
        })
    }

    /// The longest gap in days between active days, among the gaps that end on one of these days
    /// and begin at most `oldest` days ago. `before` is the age of the last active day before them.
    pub(crate) fn longest_gap(&self, before: Option<i32>, oldest: i32) -> Option<i32> {
        let mut ages = self.ages().chain(before).take_while(|age| *age <= oldest);
        let mut younger = ages.next()?;
        ages.map(|age| age - std::mem::replace(&mut younger, age)).max()
    }
}

/// The numbers of a company's recent events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct EventCounts {
    /// How many days the data covers up to the as-of date; 0 before the first event in the
    /// database.
    pub data_days: i32,
    /// Events in the last 7 days.
    pub last_7d: u64,
    /// Events in the last 28 days.
    pub last_28d: u64,
    /// Events in the 28 days before the last 28.
    pub previous_28d: u64,
    /// Events in the last 180 days.
    pub last_180d: u64,
    /// The days with an event.
    pub active: ActiveDays,
    /// Distinct event names in the last 28 days.
    pub features_28d: u64,
}

impl EventCounts {
    fn active_days(&self, days: i32) -> Datum {
        known(self.data_days, self.active.count(0..days))
    }

    fn previous(&self) -> Option<u64> {
        has_earlier_month(self.data_days).then_some(self.previous_28d)
    }
}

/// A company's active people in the last 56 days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PeopleCounts {
    /// How many days the data covers up to the as-of date.
    pub data_days: i32,
    /// The age in days of the latest day whose people are unknown, because it was imported as
    /// counts; `None` if the windows have no such day.
    pub gap: Option<i32>,
    /// Distinct people in the last 7 days.
    pub last_7d: u64,
    /// Distinct people in the last 28 days.
    pub last_28d: u64,
    /// Distinct people in the 28 days before the last 28.
    pub previous_28d: u64,
}

impl PeopleCounts {
    fn previous(&self) -> Option<u64> {
        let is_known = has_earlier_month(self.data_days) && self.keeps(2 * MONTH);
        is_known.then_some(self.previous_28d)
    }

    /// The people of the last `days` days.
    fn last(&self, days: i32, count: u64) -> Datum {
        if self.keeps(days) { known(self.data_days, count) } else { Datum::Null }
    }

    /// Whether the people of each of the last `days` days are known.
    fn keeps(&self, days: i32) -> bool {
        self.gap.is_none_or(|gap| gap >= days)
    }
}

/// Whether the data covers all of the 28 days before the last 28. Otherwise more data would look
/// like more usage.
fn has_earlier_month(data_days: i32) -> bool {
    data_days >= 2 * MONTH
}

/// The rule that computes how many active days to expect in the last 28: the mean of up to six
/// earlier windows of the company, scaled by the change of all other customers.
pub(crate) fn usual_days() -> TrendRule {
    TrendRule {
        measure: RuleMeasure::Days,
        timeframe: MONTH as u8,
        baseline: 6,
        against: Against::Portfolio,
        ..TrendRule::of_event(ALL_EVENTS)
    }
}

/// The current period of a company as a customer, and its activity in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PeriodFacts {
    /// The as-of date.
    pub day: Day,
    /// The first day of the period; `None` if the company is not a customer.
    pub start: Option<Day>,
    /// The longest gap between active days of the period that ended in the last 365 days.
    pub longest_gap: Option<i32>,
    /// The expected and the actual active days of the last 28.
    pub expectation: Option<Expectation>,
}

/// The numbers of people whose first event at a company is recent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct NewPeople {
    /// In the last 7 days; unknown unless the data begins before the last 14 days.
    pub last_7d: Option<u64>,
    /// In the last 28 days; unknown unless the data begins before the last 56 days.
    pub last_28d: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventDays {
    /// The day of the company's first event.
    pub first: Option<Day>,
    /// The day of its last event on or before the as-of date.
    pub last: Option<Day>,
    /// The as-of date.
    pub day: Day,
}

fn percent_of_expected(found: Expectation) -> f64 {
    100.0 * (found.current + 1) as f64 / (found.expected + 1.0)
}

/// A count of events is unknown before the first event in the database.
fn known(data_days: i32, count: u64) -> Datum {
    if data_days > 0 { count.into() } else { Datum::Null }
}

/// The change in percent; unknown if the earlier count is.
fn change_from(previous: Option<u64>, current: u64) -> Datum {
    previous.map_or(Datum::Null, |previous| change_pct(previous, current))
}

/// Computed from the events of the last `days` days.
const fn counts(days: i32, value: fn(&EventCounts) -> Datum) -> Of {
    Of::Counts { days, value }
}

const fn people(value: fn(&PeopleCounts) -> Datum) -> Of {
    Of::People(value)
}

use AttributeGroup::Usage as U;

pub(super) const ATTRIBUTES: [Attribute; 21] = [
    number(
        "events_7d",
        U,
        "events",
        "events in the last 7 days",
        counts(7, |f| known(f.data_days, f.last_7d)),
    ),
    number(
        "events_28d",
        U,
        "events",
        "events in the last 28 days",
        counts(28, |f| known(f.data_days, f.last_28d)),
    ),
    number(
        "events_previous_28d",
        U,
        "events",
        "events in the 28 days before",
        counts(56, |f| f.previous().into()),
    ),
    number(
        "events_change_28d_pct",
        U,
        "percent",
        "change of events, the last 28 days against the 28 before",
        counts(56, |f| change_from(f.previous(), f.last_28d)),
    ),
    number(
        "active_people_7d",
        U,
        "people",
        "people active in the last 7 days",
        Of::PeopleOfWeek(|f| f.last(7, f.last_7d)),
    ),
    number(
        "active_people_28d",
        U,
        "people",
        "people active in the last 28 days",
        people(|f| f.last(MONTH, f.last_28d)),
    ),
    number(
        "active_people_previous_28d",
        U,
        "people",
        "people active in the 28 days before",
        people(|f| f.previous().into()),
    ),
    number(
        "active_people_change_28d_pct",
        U,
        "percent",
        "change of active people, the last 28 days against the 28 before",
        people(|f| change_from(f.previous(), f.last_28d)),
    ),
    number(
        "new_people_7d",
        U,
        "people",
        "people whose first event was in the last 7 days",
        Of::NewPeople(|f| f.last_7d.into()),
    ),
    number(
        "new_people_28d",
        U,
        "people",
        "people whose first event was in the last 28 days",
        Of::NewPeople(|f| f.last_28d.into()),
    ),
    number(
        "active_days_28d",
        U,
        "days",
        "days of the last 28 with an event",
        counts(28, |f| f.active_days(28)),
    ),
    number(
        "active_days_84d",
        U,
        "days",
        "days of the last 84 with an event",
        counts(84, |f| f.active_days(84)),
    ),
    number(
        "active_days_180d",
        U,
        "days",
        "days of the last 180 with an event",
        counts(180, |f| f.active_days(180)),
    ),
    number(
        "events_180d",
        U,
        "events",
        "events in the last 180 days",
        counts(180, |f| known(f.data_days, f.last_180d)),
    ),
    number(
        "features_used_28d",
        U,
        "event names",
        "distinct event names in the last 28 days",
        Of::Features(|f| known(f.data_days, f.features_28d)),
    ),
    number(
        "days_since_last_event",
        U,
        "days",
        "since its last event",
        Of::EventDays(|f| f.last.map(|last| f.day - last).into()),
    ),
    number(
        "longest_gap_365d",
        U,
        "days",
        "the most days from one active day to the next, of gaps that ended in the last 365 days",
        Of::Gaps(|f| f.longest_gap.into()),
    ),
    number(
        "expected_active_days_28d",
        U,
        "days",
        "active days expected in the last 28, by its own past and by what the other customers did",
        Of::Expectation(|f| f.expectation.map(|found| found.expected).into()),
    ),
    number(
        "usage_vs_expected_pct",
        U,
        "percent",
        "active days in the last 28 of those expected, with one day added to both",
        Of::Expectation(|f| f.expectation.map(percent_of_expected).into()),
    ),
    day("first_event_on", U, "the day of its first event", Of::EventDays(|f| f.first.into())),
    day("last_event_on", U, "the day of its last event", Of::EventDays(|f| f.last.into())),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn active(ages: &[i32]) -> ActiveDays {
        let mut active = ActiveDays::default();
        ages.iter().for_each(|age| active.note(*age));
        active
    }

    #[test]
    fn active_days_are_counted_by_age() {
        let active = active(&[0, 0, 27, 28, 63, 64, 83, 84, 179, 180, 364, 365, 1000, -1]);
        let counts = [28, 84, 180, 365].map(|days| active.count(0..days));
        assert_eq!(counts, [2, 6, 8, 10]);
        assert_eq!([active.count(28..84), active.count(1..64), active.count(64..64)], [4, 3, 0]);
        assert_eq!(active.ages().collect::<Vec<_>>(), [0, 27, 28, 63, 64, 83, 84, 179, 180, 364]);
    }

    #[test]
    fn a_month_before_the_last_is_known_when_the_data_covers_it() {
        let previous = |data_days| {
            EventCounts { data_days, previous_28d: 9, ..EventCounts::default() }.previous()
        };
        assert_eq!([previous(55), previous(56)], [None, Some(9)]);
        let people = |data_days, gap| {
            PeopleCounts { data_days, gap, previous_28d: 9, ..PeopleCounts::default() }.previous()
        };
        assert_eq!([people(55, None), people(56, None)], [None, Some(9)]);
        // The people of a day 55 days ago are unknown, and then of one before both months.
        assert_eq!([people(99, Some(55)), people(99, Some(56))], [None, Some(9)]);
    }

    #[test]
    fn people_are_unknown_if_those_of_one_of_the_days_are() {
        let last =
            |data_days, gap| PeopleCounts { data_days, gap, ..PeopleCounts::default() }.last(7, 3);
        let (three, unknown) = (Datum::Whole(3), Datum::Null);
        assert_eq!([last(99, None), last(99, Some(7))], [three.clone(), three]);
        assert_eq!([last(99, Some(6)), last(0, None)], [unknown.clone(), unknown]);
    }

    #[test]
    fn a_count_is_unknown_before_the_first_event_and_a_change_without_an_earlier_count() {
        assert_eq!([known(0, 0), known(1, 0)], [Datum::Null, Datum::Whole(0)]);
        let changes = [None, Some(4)].map(|previous| change_from(previous, 5));
        assert_eq!(changes, [Datum::Null, Datum::Number(25.0)]);
    }

    #[test]
    fn usage_is_compared_with_six_months_and_the_other_customers() {
        let rule = usual_days();
        assert_eq!(
            (rule.event.as_str(), rule.measure, rule.timeframe, rule.baseline, rule.against),
            ("*", RuleMeasure::Days, 28, 6, Against::Portfolio)
        );
        // 100 · (current + 1) / (expected + 1).
        let percent = |current, expected| percent_of_expected(Expectation { current, expected });
        assert_eq!([percent(3, 9.0), percent(0, 0.0), percent(9, 4.0)], [40.0, 100.0, 200.0]);
    }

    #[test]
    fn a_gap_is_between_two_active_days_of_the_period() {
        type Case = (&'static [i32], Option<i32>, i32, Option<i32>);
        let cases: [Case; 9] = [
            (&[], None, 1000, None),
            (&[5], None, 1000, None),
            // The days since the last event are not a gap yet.
            (&[300, 301], None, 1000, Some(1)),
            (&[0, 3, 10], None, 1000, Some(7)),
            (&[0, 3, 10], None, 10, Some(7)),
            // It began before the period.
            (&[0, 3, 10], None, 9, Some(3)),
            // It began before the year and ended in it.
            (&[0, 3, 10], Some(400), 1000, Some(390)),
            (&[0, 3, 10], Some(400), 399, Some(7)),
            (&[], Some(400), 1000, None),
        ];
        for (ages, before, oldest, expected) in cases {
            assert_eq!(active(ages).longest_gap(before, oldest), expected, "{ages:?} {before:?}");
        }
    }
}
