//! Days imported as counts, and when a count is too low to be plausible.
//!
//! If a node of a source's database cluster restarts without its data, the counts look as if
//! customers had stopped. So a known day never loses many events without confirmation, and a day
//! that usually has many events is not accepted without any.

use std::fmt;

use super::day::Day;

/// A source's counts for one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct DaySum {
    pub events: u64,
    /// Companies with at least one of them.
    pub companies: u64,
}

/// Percent of the events or companies of a known day that may be missing when it is counted again.
const MOST_LOST_PCT: u64 = 5;

/// A weekday that had at least this many events each time is not expected to have none.
const USUAL_EVENTS: u64 = 100;

/// Why the count of a day is doubtful.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// A known day has lost too many events or companies.
    Lost { day: Day, before: DaySum, now: DaySum },
    /// A new day has no events, though each of the four same weekdays before it had many.
    Missing { day: Day, least: u64 },
    /// A new day has less than half of the events of the day a week before.
    Halved { day: Day, before: u64, now: u64 },
}

impl Doubt {
    /// Whether the day is refused unless somebody accepts the loss.
    pub(crate) fn refuses(&self) -> bool {
        !matches!(self, Doubt::Halved { .. })
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Doubt::Lost { day, before, now } => write!(
                f,
                "{day} had {} events of {} companies, and now has {} of {}",
                before.events, before.companies, now.events, now.companies
            ),
            Doubt::Missing { day, least } => write!(
                f,
                "{day} has no event, though each of the four same weekdays before it had at least \
                 {least}"
            ),
            Doubt::Halved { day, before, now } => {
                write!(f, "{day} has {now} events, and {} had {before}", *day - 7)
            }
        }
    }
}

/// The doubt about replacing the known counts `before` of a day by `now`; `None` if there is none.
pub(crate) fn doubt_of_known(day: Day, before: DaySum, now: DaySum) -> Option<Doubt> {
    let lost = |before: u64, now: u64| {
        u128::from(before.saturating_sub(now)) * 100
            > u128::from(before) * u128::from(MOST_LOST_PCT)
    };
    let is_lost = lost(before.events, now.events) || lost(before.companies, now.companies);
    is_lost.then_some(Doubt::Lost { day, before, now })
}

/// The doubt about a new day with `now` events; `None` if there is none. `earlier` has the events
/// of the same weekday one to four weeks before.
pub(crate) fn doubt_of_new(day: Day, now: u64, earlier: [u64; 4]) -> Option<Doubt> {
    let least = earlier.into_iter().min().unwrap_or_default();
    if now == 0 && least >= USUAL_EVENTS {
        return Some(Doubt::Missing { day, least });
    }
    let before = earlier[0];
    (u128::from(now) * 2 < u128::from(before)).then_some(Doubt::Halved { day, before, now })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Day = Day::from_number(20_000);

    #[test]
    fn a_known_day_may_lose_five_percent_and_not_more() {
        let sum = |events, companies| DaySum { events, companies };
        for (before, now, is_refused) in [
            ((1000, 100), (950, 100), false),
            ((1000, 100), (949, 100), true),
            ((1000, 100), (1000, 95), false),
            ((1000, 100), (1000, 94), true),
            ((1000, 100), (2000, 200), false),
            ((10, 1), (9, 1), true),
            ((1, 1), (0, 0), true),
            ((0, 0), (0, 0), false),
        ] {
            let found = doubt_of_known(DAY, sum(before.0, before.1), sum(now.0, now.1)).is_some();
            assert_eq!(found, is_refused, "{before:?} {now:?}");
        }
    }

    #[test]
    fn a_new_day_without_events_is_refused_only_if_four_weekdays_before_had_many() {
        assert!(doubt_of_new(DAY, 0, [100; 4]).is_some_and(|doubt| doubt.refuses()));
        assert!(doubt_of_new(DAY, 0, [500, 500, 99, 500]).is_some_and(|doubt| !doubt.refuses()));
        assert_eq!(doubt_of_new(DAY, 0, [0, 500, 500, 500]), None);
        assert_eq!(doubt_of_new(DAY, 50, [100; 4]), None);
        assert!(doubt_of_new(DAY, 49, [100; 4]).is_some_and(|doubt| !doubt.refuses()));
    }
}
