//! The pulse, a person's judgement of a company on six levels.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::Deserialize;

use super::company::CompanyKey;
use super::day::{Day, Instant};
use crate::shipped::PULSE_LEVELS;

/// The maximum number of reason codes for one pulse.
pub(crate) const MOST_REASONS: usize = 3;

/// A level of the pulse, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Level {
    /// 1.
    SevereRisk = 1,
    /// 2.
    HighRisk,
    /// 3.
    SomeRisk,
    /// 4.
    Satisfied,
    /// 5.
    VerySatisfied,
    /// 6.
    ExtremelySatisfied,
}

impl Level {
    /// Every level, worst first.
    pub(crate) const ALL: [Level; 6] = [
        Level::SevereRisk,
        Level::HighRisk,
        Level::SomeRisk,
        Level::Satisfied,
        Level::VerySatisfied,
        Level::ExtremelySatisfied,
    ];

    /// The number, 1 to 6.
    pub(crate) fn number(self) -> u8 {
        self as u8
    }

    /// The level with this number, from 1 to 6.
    pub(crate) fn of_number(number: i64) -> Option<Level> {
        Level::ALL.into_iter().find(|level| i64::from(level.number()) == number)
    }

    /// The name, such as `some-risk`.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Level::SevereRisk => "severe-risk",
            Level::HighRisk => "high-risk",
            Level::SomeRisk => "some-risk",
            Level::Satisfied => "satisfied",
            Level::VerySatisfied => "very-satisfied",
            Level::ExtremelySatisfied => "extremely-satisfied",
        }
    }

    /// The target of the SuccessScore at this level: 0, 20, 40, 60, 80 or 100.
    pub(crate) fn target(self) -> u8 {
        (self.number() - 1) * 20
    }

    /// Whether the company is at risk, so that a reason is expected.
    pub(crate) fn is_at_risk(self) -> bool {
        self <= Level::SomeRisk
    }

    /// When the level applies, according to the shipped guideline.
    pub(crate) fn shipped_guideline(self) -> &'static str {
        shipped_guidelines().get(self.label()).map_or("", String::as_str)
    }

    /// The level as one character of a sparkline.
    fn block(self) -> char {
        ['▁', '▂', '▄', '▅', '▇', '█'][usize::from(self.number() - 1)]
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl FromStr for Level {
    type Err = String;

    /// Reads a number, or a label regardless of case and of the separator between its words.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let label = text.to_lowercase().replace([' ', '_'], "-");
        let is_meant = |level: &Level| level.label() == label || level.number().to_string() == text;
        Level::ALL.into_iter().find(is_meant).ok_or_else(|| {
            let known: Vec<String> =
                Level::ALL.map(|level| format!("{} {level}", level.number())).into();
            format!("'{text}' is not a level of the pulse; they are {}", known.join(", "))
        })
    }
}

/// The fields of a pulse setting that the score and the attributes use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PulseMark {
    /// The day from which it applies.
    pub day: Day,
    /// When it was set, which orders the pulses of one day.
    pub at: Instant,
    /// The judgement.
    pub level: Level,
}

/// A pulse setting with all details.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Pulse {
    pub company: CompanyKey,
    /// When, and which level.
    pub mark: PulseMark,
    /// The reasons: at most [`MOST_REASONS`] reason codes of kind pulse, in the order given.
    pub reason_codes: Vec<String>,
    pub note: Option<String>,
    /// Who set it; optional in files.
    pub by: Option<String>,
}

impl Pulse {
    /// The reason codes as one text, A to Z, separated by `;`: equal for equal reasons in any
    /// order.
    pub(crate) fn reasons_in_order(&self) -> String {
        let mut codes: Vec<&str> = self.reason_codes.iter().map(String::as_str).collect();
        codes.sort_unstable();
        codes.join(";")
    }
}

/// Sorts pulses in the order in which they apply: by day, within a day by the time they were set,
/// and otherwise as they were entered.
pub(crate) fn in_order(mut marks: Vec<PulseMark>) -> Vec<PulseMark> {
    marks.sort_by_key(|mark| (mark.day, mark.at));
    marks
}

/// The pulse in effect at the end of `day`, from a sorted history; `None` before the first.
pub(crate) fn current(history: &[PulseMark], day: Day) -> Option<PulseMark> {
    history.iter().take_while(|mark| mark.day <= day).last().copied()
}

/// A score with one decimal, halves away from zero, as every output shows it.
///
/// Adding a billionth makes up for floating-point errors that would round an exact half down.
pub(crate) fn to_one_decimal(score: f64) -> f64 {
    // Adding 0 turns -0 into 0.
    (score * 10.0 + 1e-9_f64.copysign(score)).round() / 10.0 + 0.0
}

/// The levels of a history, oldest first, as a line of blocks.
pub(crate) fn sparkline(levels: impl Iterator<Item = Level>) -> String {
    levels.map(Level::block).collect()
}

/// The guidelines that ship with the program, by label.
fn shipped_guidelines() -> &'static BTreeMap<String, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        level: Vec<Guideline>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Guideline {
        name: String,
        guideline: String,
    }
    static GUIDELINES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
        let levels = PULSE_LEVELS.read::<File>().level.into_iter();
        levels.map(|level| (level.name, level.guideline)).collect()
    });
    &GUIDELINES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_read_by_label_and_by_number() {
        let mut guidelines = Vec::new();
        for (number, label, target) in [
            (1, "severe-risk", 0),
            (2, "high-risk", 20),
            (3, "some-risk", 40),
            (4, "satisfied", 60),
            (5, "very-satisfied", 80),
            (6, "extremely-satisfied", 100),
        ] {
            let level = Level::of_number(number).unwrap();
            assert_eq!(
                (level.label(), level.target(), level.is_at_risk()),
                (label, target, number <= 3)
            );
            assert_eq!([label.parse(), number.to_string().parse()], [Ok(level), Ok(level)]);
            guidelines.push(level.shipped_guideline());
        }
        assert_eq!(" Some Risk".parse(), Ok(Level::SomeRisk));
        for wrong in ["0", "7", "03", "", "risk", "-1", "4.0"] {
            assert!(wrong.parse::<Level>().is_err(), "{wrong}");
        }
        // Each level has a guideline of its own.
        guidelines.sort_unstable();
        guidelines.dedup();
        assert_eq!((guidelines.len(), shipped_guidelines().len()), (6, 6));
        assert!(!guidelines.contains(&""));
    }

    #[test]
    fn halves_are_rounded_away_from_zero() {
        let cases = [
            (21.25, 21.3),
            (21.249, 21.2),
            (0.05, 0.1),
            (-0.05, -0.1),
            (99.95, 100.0),
            (61.25 - 1e-13, 61.3),
            (-12.25, -12.3),
        ];
        for (value, expected) in cases {
            assert_eq!(to_one_decimal(value), expected, "{value}");
        }
        assert_eq!(to_one_decimal(-0.04).to_string(), "0");
    }

    #[test]
    fn the_current_pulse_is_the_last_set_of_the_latest_day() {
        let mark = |day, at, level| PulseMark {
            day: Day::from_number(day),
            at: Instant::from_micros(at),
            level,
        };
        let (early, late) = (mark(2, 5, Level::Satisfied), mark(2, 9, Level::HighRisk));
        let history = in_order(vec![
            late,
            early,
            mark(1, 50, Level::SevereRisk),
            mark(4, 1, Level::SomeRisk),
        ]);
        let on = |day| current(&history, Day::from_number(day)).map(|mark| mark.level.number());
        assert_eq!([on(0), on(1), on(2), on(3), on(4)], [None, Some(1), Some(2), Some(2), Some(3)]);
        // Two pulses of the same instant keep the order in which they were entered.
        let equal = in_order(vec![mark(1, 1, Level::SevereRisk), mark(1, 1, Level::Satisfied)]);
        assert_eq!(
            current(&equal, Day::from_number(1)).map(|mark| mark.level),
            Some(Level::Satisfied)
        );
    }

    #[test]
    fn the_sparkline_has_a_block_for_each_level() {
        assert_eq!(sparkline(Level::ALL.into_iter()), "▁▂▄▅▇█");
    }
}
