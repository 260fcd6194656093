//! Chooses the days of a pull.

use crate::domain::day::{Day, DayRange};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PullDays {
    pub from: Option<Day>,
    pub to: Option<Day>,
    /// Whether to fetch days that have not changed.
    pub full: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DaysToCheck {
    /// Everything up to this day.
    Everything(Day),
    /// All of these, changed or not.
    All(DayRange),
    /// Those of these that are new or changed.
    Changed(DayRange),
}

/// The days of a pull. `known` are the days that came from the source before; the last `late_days`
/// of them are checked again.
pub(crate) fn question(
    wanted: PullDays,
    known: Option<DayRange>,
    late_days: u16,
    yesterday: Day,
) -> DaysToCheck {
    let to = wanted.to.unwrap_or(yesterday);
    let is_whole = wanted.full || known.is_none();
    let again = known.map(|known| known.from.max(known.to - i32::from(late_days) + 1));
    match (wanted.from, again) {
        (Some(from), _) if is_whole => DaysToCheck::All(DayRange { from, to }),
        (Some(from), _) => DaysToCheck::Changed(DayRange { from, to }),
        (None, Some(again)) if !wanted.full => {
            DaysToCheck::Changed(DayRange { from: again.min(to), to })
        }
        (None, _) => DaysToCheck::Everything(to),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pull_looks_at_new_days_and_the_last_known_ones() {
        let day = Day::from_number;
        let range = |from, to| DayRange { from: day(from), to: day(to) };
        let none = PullDays::default();
        let known = Some(range(100, 200));
        for (wanted, known, expected) in [
            (none, None, DaysToCheck::Everything(day(201))),
            (none, known, DaysToCheck::Changed(range(194, 201))),
            (none, Some(range(198, 200)), DaysToCheck::Changed(range(198, 201))),
            (PullDays { full: true, ..none }, known, DaysToCheck::Everything(day(201))),
            (PullDays { from: Some(day(150)), ..none }, None, DaysToCheck::All(range(150, 201))),
            (
                PullDays { from: Some(day(150)), ..none },
                known,
                DaysToCheck::Changed(range(150, 201)),
            ),
            (
                PullDays { from: Some(day(150)), to: Some(day(160)), full: true },
                known,
                DaysToCheck::All(range(150, 160)),
            ),
        ] {
            assert_eq!(question(wanted, known, 7, day(201)), expected, "{wanted:?} {known:?}");
        }
        assert_eq!(question(none, known, 0, day(201)), DaysToCheck::Changed(range(201, 201)));
    }
}
