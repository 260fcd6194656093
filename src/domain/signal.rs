//! Signals: what was raised, and what was done about it.

use std::collections::BTreeMap;
use std::fmt;

use super::company::CompanyKey;
use super::day::{Day, DayRange, Instant};
use super::named::named;

/// Whether a signal is good news, bad news, or merely worth knowing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum SignalType {
    /// Something to act on.
    Bad,
    /// Something to build on.
    Good,
    /// Something to know.
    Info,
}
named!(SignalType { Bad = "bad", Good = "good", Info = "info" });

/// Whether somebody has acknowledged a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum SignalState {
    /// Nobody has acknowledged it, or it was reopened.
    Open,
    /// Acknowledged.
    Closed,
}
named!(SignalState { Open = "open", Closed = "closed" });

/// The result of a signal, as chosen by the person who acknowledged it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Outcome {
    /// Somebody took care of it.
    Handled,
    Expected,
    FalseAlarm,
    /// The customer stayed because of it.
    Saved,
    /// The customer left anyway.
    Lost,
    /// It ended without anybody's action.
    Recovered,
    /// Late data showed that it should not have been raised; only the program sets this.
    Retracted,
}
named!(Outcome {
    Handled = "handled",
    Expected = "expected",
    FalseAlarm = "false-alarm",
    Saved = "saved",
    Lost = "lost",
    Recovered = "recovered",
    Retracted = "retracted",
});

impl Outcome {
    /// The outcome of this name, if a person can choose it.
    pub(crate) fn by_name(text: &str) -> Result<Outcome, String> {
        let known = Outcome::ALL.iter().filter(|outcome| **outcome != Outcome::Retracted);
        known.clone().find(|outcome| outcome.as_str() == text).copied().ok_or_else(|| {
            let known: Vec<&str> = known.map(|outcome| outcome.as_str()).collect();
            format!("'{text}' is not one of {}", known.join(", "))
        })
    }

    /// Whether nothing is left to do about the signal, so that its open tasks are dropped.
    pub(crate) fn drops_tasks(self) -> bool {
        match self {
            Outcome::Expected | Outcome::FalseAlarm | Outcome::Recovered | Outcome::Retracted => {
                true
            }
            Outcome::Handled | Outcome::Saved | Outcome::Lost => false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// It was closed.
    Acknowledged,
    /// It was opened again.
    Reopened,
    /// It was hidden until a day.
    Snoozed,
    /// Somebody added a note.
    Noted,
    /// It was assigned to somebody.
    Assigned,
    /// Its condition still held after the cool-down, and it was repeated.
    Renewed,
}
named!(Action {
    Acknowledged = "acknowledged",
    Reopened = "reopened",
    Snoozed = "snoozed",
    Noted = "noted",
    Assigned = "assigned",
    Renewed = "renewed",
});

impl Action {
    /// The state that the signal must be in for this action; `None` if any state is allowed.
    pub(crate) fn needs(self) -> Option<SignalState> {
        match self {
            Action::Acknowledged | Action::Snoozed | Action::Assigned | Action::Renewed => {
                Some(SignalState::Open)
            }
            Action::Reopened => Some(SignalState::Closed),
            Action::Noted => None,
        }
    }

    /// The state of the signal after this action; `None` if it does not change.
    pub(crate) fn leaves(self) -> Option<SignalState> {
        match self {
            Action::Acknowledged => Some(SignalState::Closed),
            Action::Reopened => Some(SignalState::Open),
            Action::Snoozed | Action::Noted | Action::Assigned | Action::Renewed => None,
        }
    }
}

/// One entry in the append-only history of a signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HistoryEntry {
    /// What happened.
    pub action: Action,
    pub at: Instant,
    /// The day of `at` in the zone of the database.
    pub day: Day,
    pub by: String,
    /// The reason, or the text of a note; blank only for an assignment.
    pub reason: String,
    /// The outcome, if the acknowledgement stated one.
    pub outcome: Option<Outcome>,
    /// The day on which a snoozed signal comes back.
    pub until: Option<Day>,
    /// The person to whom the signal was assigned.
    pub assignee: Option<String>,
}

/// A signal with its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignalLife {
    pub company: CompanyKey,
    /// The rule that raised it.
    pub rule: String,
    pub signal_type: SignalType,
    pub raised_on: Day,
    /// Its history, oldest first.
    pub history: Vec<HistoryEntry>,
}

impl SignalLife {
    /// The acknowledgement that closed it; `None` while it is open.
    pub(crate) fn closing(&self) -> Option<&HistoryEntry> {
        let deciding = self.history.iter().rfind(|entry| entry.action.leaves().is_some());
        deciding.filter(|entry| entry.action == Action::Acknowledged)
    }

    /// The number of days until it was first acknowledged; `None` if it never was.
    pub(crate) fn days_to_acknowledge(&self) -> Option<i32> {
        let first = self.history.iter().find(|entry| entry.action == Action::Acknowledged)?;
        Some((first.day - self.raised_on).max(0))
    }

    /// Whether it was reopened at least once.
    pub(crate) fn was_reopened(&self) -> bool {
        self.history.iter().any(|entry| entry.action == Action::Reopened)
    }
}

/// How many signals of a type were raised and closed lately, and how many are open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    /// Raised in the last weeks.
    pub opened: u64,
    /// Closed in the last weeks, and not reopened since.
    pub closed: u64,
    pub open: u64,
    /// The day of the oldest open one.
    pub open_since: Option<Day>,
}

impl Traffic {
    /// The signals of both.
    pub(crate) fn and(self, other: Traffic) -> Traffic {
        let days = [self.open_since, other.open_since];
        Traffic {
            opened: self.opened + other.opened,
            closed: self.closed + other.closed,
            open: self.open + other.open,
            open_since: days.into_iter().flatten().min(),
        }
    }
}

pub(crate) type TrafficByType = BTreeMap<SignalType, Traffic>;

/// The two windows of a trend signal and their counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// The earlier window.
    pub observation: DayRange,
    /// The count in the earlier window.
    pub previous: u64,
    /// The current window, which ends on the as-of day.
    pub decision: DayRange,
    /// The count in the current window.
    pub current: u64,
}

impl Comparison {
    /// The change from the earlier window in tenths of a percent, rounded half away from zero;
    /// `None` if the earlier window is empty.
    pub(crate) fn change_tenths(&self) -> Option<i64> {
        if self.previous == 0 {
            return None;
        }
        let (previous, current) = (i128::from(self.previous), i128::from(self.current));
        let scaled = (current - previous) * 1000;
        let magnitude = (2 * scaled.abs() + previous) / (2 * previous);
        i64::try_from(magnitude * scaled.signum()).ok()
    }
}

/// Tenths of a percent in words: `-16.0 %`, `+3.5 %`.
pub(crate) fn percent_text(tenths: i64) -> String {
    let sign = if tenths < 0 { '-' } else { '+' };
    format!("{sign}{}.{} %", tenths.abs() / 10, tenths.abs() % 10)
}

/// A percentage with one decimal, as it is stored and printed.
pub(crate) fn tenths_to_percent(tenths: i64) -> f64 {
    tenths as f64 / 10.0
}

/// The number of a signal. Numbers are never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SignalId(pub i64);

impl fmt::Display for SignalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(previous: u64, current: u64) -> Option<i64> {
        let window = DayRange { from: Day::from_number(0), to: Day::from_number(6) };
        Comparison { observation: window, previous, decision: window, current }.change_tenths()
    }

    #[test]
    fn a_change_has_one_decimal_and_rounds_halves_away_from_zero() {
        assert_eq!(change(100, 84), Some(-160));
        assert_eq!(change(100, 116), Some(160));
        assert_eq!(change(7, 0), Some(-1000));
        assert_eq!(change(0, 1), None);
        assert_eq!(change(7, 7), Some(0));
        assert_eq!(change(3, 4), Some(333)); // 33.33…
        assert_eq!(change(3, 5), Some(667)); // 66.66…
        assert_eq!(change(2000, 2001), Some(1)); // 0.05 % → 0.1 %
        assert_eq!(change(2000, 1999), Some(-1));
        assert_eq!(change(2001, 2002), Some(0)); // 0.04998 %
        assert_eq!(change(1, u64::MAX / 2000), Some((u64::MAX / 2000 - 1) as i64 * 1000));
    }

    #[test]
    fn a_percentage_has_a_sign_and_one_decimal() {
        assert_eq!(
            [-160, 125, 0, -5].map(percent_text),
            ["-16.0 %", "+12.5 %", "+0.0 %", "-0.5 %"]
        );
    }
}
