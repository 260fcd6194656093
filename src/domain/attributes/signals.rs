//! A company's signals, counted from their history.

use super::rows::{day, number};
use super::{Attribute, AttributeGroup, Datum, Of};
use crate::domain::day::Day;
use crate::domain::signal::{SignalState, SignalType};

/// The signals of a company as of a day. Only the day can be unknown, because the program itself
/// records signals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SignalFacts {
    /// The number of signals by type and state; see [`SignalFacts::add`].
    counts: [[u64; 2]; 3],
    /// Bad signals that trend and adoption rules raised in the last 28 days.
    pub bad_activity: u64,
    /// Good signals that trend and adoption rules raised in the last 28 days.
    pub good_activity: u64,
    /// The day on which the latest signal was raised.
    pub last_on: Option<Day>,
}

impl SignalFacts {
    pub(crate) fn add(&mut self, signal_type: SignalType, state: SignalState, count: u64) {
        self.counts[place(signal_type)][usize::from(state == SignalState::Closed)] += count;
    }

    /// How many signals of a type are in a state.
    pub(crate) fn count(&self, signal_type: SignalType, state: SignalState) -> u64 {
        self.counts[place(signal_type)][usize::from(state == SignalState::Closed)]
    }
}

fn place(signal_type: SignalType) -> usize {
    match signal_type {
        SignalType::Bad => 0,
        SignalType::Good => 1,
        SignalType::Info => 2,
    }
}

const fn of(value: fn(&SignalFacts) -> Datum) -> Of {
    Of::Signals(value)
}

const fn of_days(value: fn(&SignalFacts) -> Datum) -> Of {
    Of::SignalDays(value)
}

use AttributeGroup::Signals as S;
use SignalState::{Closed, Open};
use SignalType::{Bad, Good, Info};

pub(super) const ATTRIBUTES: [Attribute; 9] = [
    number(
        "bad_open_signals",
        S,
        "signals",
        "bad signals that wait for somebody",
        of(|f| f.count(Bad, Open).into()),
    ),
    number(
        "bad_closed_signals",
        S,
        "signals",
        "bad signals that were acknowledged",
        of(|f| f.count(Bad, Closed).into()),
    ),
    number(
        "good_open_signals",
        S,
        "signals",
        "good signals that wait for somebody",
        of(|f| f.count(Good, Open).into()),
    ),
    number(
        "good_closed_signals",
        S,
        "signals",
        "good signals that were acknowledged",
        of(|f| f.count(Good, Closed).into()),
    ),
    number(
        "info_open_signals",
        S,
        "signals",
        "notes that wait for somebody",
        of(|f| f.count(Info, Open).into()),
    ),
    number(
        "info_closed_signals",
        S,
        "signals",
        "notes that were acknowledged",
        of(|f| f.count(Info, Closed).into()),
    ),
    number(
        "bad_activity_signals_28d",
        S,
        "signals",
        "bad signals of trend and adoption rules in the last 28 days, open or closed",
        of_days(|f| f.bad_activity.into()),
    ),
    number(
        "good_activity_signals_28d",
        S,
        "signals",
        "good signals of trend and adoption rules in the last 28 days, open or closed",
        of_days(|f| f.good_activity.into()),
    ),
    day("last_signal_on", S, "when the latest signal was raised", of_days(|f| f.last_on.into())),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_are_counted_by_type_and_state() {
        let mut facts = SignalFacts::default();
        facts.add(Bad, Open, 2);
        facts.add(Bad, Open, 3);
        facts.add(Good, Closed, 7);
        let counts = [Bad, Good, Info].map(|of| (facts.count(of, Open), facts.count(of, Closed)));
        assert_eq!(counts, [(5, 0), (0, 7), (0, 0)]);
    }
}
