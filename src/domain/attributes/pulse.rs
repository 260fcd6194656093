//! The pulse of a company, and the SuccessScore computed from it.

use super::rows::{day, number, text};
use super::{Attribute, AttributeGroup, Datum, Of};
use crate::domain::day::Day;
use crate::domain::pulse::{self, PulseMark};
use crate::domain::success_score::success_score;

#[derive(Debug, Clone, Copy)]
pub(crate) struct PulseFacts<'a> {
    /// The pulses that count, in the order of [`pulse::in_order`].
    pub marks: &'a [PulseMark],
    /// The as-of date, or today for the current state.
    pub day: Day,
}

impl PulseFacts<'_> {
    fn current(&self) -> Option<PulseMark> {
        pulse::current(self.marks, self.day)
    }
}

/// The change of the pulse in 7 days, in levels.
fn change_7d(facts: &PulseFacts<'_>) -> Datum {
    let level = |day| pulse::current(facts.marks, day).map(|mark| i64::from(mark.level.number()));
    level(facts.day).zip(level(facts.day - 7)).map(|(now, before)| now - before).into()
}

const fn of(value: fn(&PulseFacts<'_>) -> Datum) -> Of {
    Of::Pulses(value)
}

use AttributeGroup::Pulse as P;

pub(super) const ATTRIBUTES: [Attribute; 6] = [
    number(
        "pulse",
        P,
        "1 to 6",
        "the present pulse, 1 severe risk to 6 extremely satisfied",
        of(|f| f.current().map(|mark| i64::from(mark.level.number())).into()),
    ),
    text(
        "pulse_label",
        P,
        "the present pulse in words",
        of(|f| f.current().map(|mark| mark.level.label()).into()),
    ),
    day(
        "pulse_set_on",
        P,
        "the day of the present pulse",
        of(|f| f.current().map(|mark| mark.day).into()),
    ),
    number(
        "days_since_pulse",
        P,
        "days",
        "since the present pulse was set",
        of(|f| f.current().map(|mark| f.day - mark.day).into()),
    ),
    number(
        "pulse_change_7d",
        P,
        "levels",
        "the present pulse less that of 7 days ago",
        of(change_7d),
    ),
    number(
        "success_score",
        P,
        "score",
        "0 to 100, moved by the pulse and by time",
        of(|f| success_score(f.marks, f.day).map_or(Datum::Null, Datum::Score)),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::day::Instant;
    use crate::domain::pulse::Level;

    #[test]
    fn the_change_of_a_pulse_is_from_seven_days_before() {
        let mark = |on, level| PulseMark {
            day: Day::from_number(on),
            at: Instant::from_micros(0),
            level: Level::of_number(level).unwrap(),
        };
        let marks = [mark(10, 5), mark(20, 2)];
        let change = |on| change_7d(&PulseFacts { marks: &marks, day: Day::from_number(on) });
        assert_eq!([change(9), change(16)], [Datum::Null, Datum::Null]);
        assert_eq!([17, 19, 20, 26, 27].map(change), [0, 0, -3, -3, 0].map(Datum::Whole));
    }
}
