//! Rules: what to watch for.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The timeframes that a trend rule may have, in days.
pub const TIMEFRAMES: RangeInclusive<u8> = 7..=30;
/// The thresholds that a trend rule may have, in percent.
pub const THRESHOLDS: RangeInclusive<u8> = 1..=100;
/// The timeframe of a trend rule that names none, in days.
pub const DEFAULT_TIMEFRAME: u8 = 7;
/// The threshold of a trend rule that names none, in percent.
pub const DEFAULT_THRESHOLD: u8 = 15;

/// A rule under its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The name, by which a rule is one and the same over all its changes.
    pub name: String,
    /// Whether runs apply it.
    pub enabled: bool,
    /// What it watches for, as of now.
    pub trend: TrendRule,
}

/// What a trend rule counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Watch {
    /// Events of this name.
    Event(String),
    /// Distinct active people, over all events.
    People,
}

impl Watch {
    /// The event's name; `None` for people.
    pub fn event(&self) -> Option<&str> {
        match self {
            Watch::Event(name) => Some(name),
            Watch::People => None,
        }
    }
}

impl fmt::Display for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.event().unwrap_or("active people"))
    }
}

/// A rule that compares a window of days with the window before it.
#[derive(Debug, Clone, PartialEq)]
pub struct TrendRule {
    /// What is counted.
    pub watch: Watch,
    /// The length of each window, in days; one of [`TIMEFRAMES`].
    pub timeframe: u8,
    /// The change above which it fires, in percent; one of [`THRESHOLDS`].
    pub threshold: u8,
    /// Which changes count.
    pub direction: Direction,
    /// Whether an increase is bad, as for tickets.
    pub inverse: bool,
    /// Both windows together must hold at least so many events (or people).
    pub min_events: Option<u64>,
    /// The chance of such a change without a cause must be at most this; between 0 and 1, both excluded.
    pub max_chance: Option<f64>,
}

impl TrendRule {
    /// The rule that watches `watch` with the defaults and no guards.
    pub fn new(watch: Watch) -> Self {
        TrendRule {
            watch,
            timeframe: DEFAULT_TIMEFRAME,
            threshold: DEFAULT_THRESHOLD,
            direction: Direction::Both,
            inverse: false,
            min_events: None,
            max_chance: None,
        }
    }

    /// The timeframe as a number of days to calculate with.
    pub fn days(&self) -> i32 {
        i32::from(self.timeframe)
    }

    /// What a user should think about before relying on this rule; one sentence each.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if !self.timeframe.is_multiple_of(7) {
            remarks.push(format!(
                "{} days are no whole weeks: windows with unequal numbers of weekends look like a trend; \
                 consider 7, 14, 21 or 28",
                self.timeframe
            ));
        }
        if self.threshold == 100 && self.direction != Direction::Up {
            remarks.push("a drop is at most 100 %, so a threshold of 100 can never fire on a drop".to_owned());
        }
        remarks
    }
}

/// The texts by which a value is named on the command line, in files and in the database.
macro_rules! named {
    ($type:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        impl $type {
            /// Every value, in the order in which they are listed.
            pub const ALL: &'static [$type] = &[$($type::$variant),+];

            /// The name on the command line, in files and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $($type::$variant => $text),+ }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let found = $type::ALL.iter().find(|value| value.as_str() == text);
                found.copied().ok_or_else(|| {
                    let known: Vec<&str> = $type::ALL.iter().map(|value| value.as_str()).collect();
                    format!("'{text}' is none of {}", known.join(", "))
                })
            }
        }
    };
}
pub(crate) use named;

/// Which way a change must go for a trend rule to fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Both ways.
    Both,
    /// Decreases only.
    Down,
    /// Increases only.
    Up,
}
named!(Direction { Both = "both", Down = "down", Up = "up" });

/// The kinds of rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleKind {
    /// Compares a window with the one before it.
    Trend,
    /// Asks whether something was done in time.
    Adoption,
    /// Asks whether an expression holds.
    Condition,
}
named!(RuleKind { Trend = "trend", Adoption = "adoption", Condition = "condition" });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeframe_that_splits_weeks_gets_a_remark() {
        let remarks = |timeframe| TrendRule { timeframe, ..TrendRule::new(Watch::People) }.remarks().len();
        assert_eq!([7, 9, 14, 21, 28, 30].map(remarks), [0, 1, 0, 0, 0, 1]);
    }

    #[test]
    fn a_threshold_of_100_gets_a_remark_where_drops_count() {
        let remarks =
            |direction| TrendRule { threshold: 100, direction, ..TrendRule::new(Watch::People) }.remarks().len();
        assert_eq!([Direction::Both, Direction::Down, Direction::Up].map(remarks), [1, 1, 0]);
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        assert_eq!("down".parse(), Ok(Direction::Down));
        assert_eq!("sideways".parse::<Direction>(), Err("'sideways' is none of both, down, up".to_owned()));
    }
}
