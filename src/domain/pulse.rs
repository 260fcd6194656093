//! The pulse, a person's judgement of a company on six levels, and the SuccessScore that follows
//! from its history alone.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::Deserialize;

use super::company::CompanyKey;
use super::day::{Day, Instant};
use crate::shipped::PULSE_LEVELS;

/// The days in which the gap between the score and its target halves.
const HALF_LIFE: f64 = 14.0;

/// Distances from a target that differ by less than this are equal: rounding explains the
/// difference.
const AS_FAR: f64 = 1e-9;

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

/// The SuccessScore at the end of `day`, 0 to 100 and not rounded, from a sorted history; `None`
/// before the first pulse.
///
/// The first pulse sets the score to its target. Each later pulse moves it at once by half the
/// distance between the old target (that at the beginning of the day) and the new one, unless the
/// score would then be farther from the new target than before. Nothing else happens on that day,
/// and if it has several pulses, the last one counts. Every other day closes 1 - 0.5^(1/14) of the
/// gap to the target. Pulses after `day` change nothing.
pub(crate) fn success_score(history: &[PulseMark], day: Day) -> Option<f64> {
    let mut days = last_of_each_day(history.iter().take_while(|mark| mark.day <= day));
    let first = days.next()?;
    let mut course =
        Approach { score: target_of(first), target: target_of(first), closing_days: 0 };
    let mut reached = first.day;
    for mark in days {
        course.closing_days += mark.day - reached - 1;
        course.turn_to(target_of(mark));
        reached = mark.day;
    }
    course.closing_days += day - reached;
    Some(course.now().clamp(0.0, 100.0))
}

/// The score on its way to a target. It counts the days instead of applying them one by one: after
/// 14 days the gap is exactly half, without 14 rounding errors.
struct Approach {
    /// The score when the target was set.
    score: f64,
    target: f64,
    /// The number of days that have closed the gap since.
    closing_days: i32,
}

impl Approach {
    fn now(&self) -> f64 {
        self.target
            + (self.score - self.target) * 0.5_f64.powf(f64::from(self.closing_days) / HALF_LIFE)
    }

    fn turn_to(&mut self, target: f64) {
        if target == self.target {
            return;
        }
        let score = self.now();
        let moved = score + (target - self.target) / 2.0;
        let score =
            if (moved - target).abs() > (score - target).abs() + AS_FAR { score } else { moved };
        *self = Approach { score: score.clamp(0.0, 100.0), target, closing_days: 0 };
    }
}

fn target_of(mark: &PulseMark) -> f64 {
    f64::from(mark.level.target())
}

fn last_of_each_day<'m>(
    marks: impl Iterator<Item = &'m PulseMark>,
) -> impl Iterator<Item = &'m PulseMark> {
    let mut marks = marks.peekable();
    std::iter::from_fn(move || {
        let mut last = marks.next()?;
        while let Some(next) = marks.next_if(|next| next.day == last.day) {
            last = next;
        }
        Some(last)
    })
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
    use proptest::prelude::*;

    use super::*;

    fn history(marks: &[(i32, i64)]) -> Vec<PulseMark> {
        let mark = |(place, (day, level)): (usize, &(i32, i64))| PulseMark {
            day: Day::from_number(*day),
            at: Instant::from_micros(place as i64),
            level: Level::of_number(*level).unwrap(),
        };
        in_order(marks.iter().enumerate().map(mark).collect())
    }

    fn score(marks: &[(i32, i64)], day: i32) -> Option<f64> {
        success_score(&history(marks), Day::from_number(day)).map(to_one_decimal)
    }

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

    /// r = 0.5^(1/14) = 0.951695...; r^7 = 0.707107.
    #[test]
    fn the_score_matches_values_computed_by_hand() {
        type Case = (&'static [(i32, i64)], i32, Option<f64>);
        let cases: &[Case] = &[
            (&[], 0, None),
            (&[(1, 4)], 0, None),
            (&[(0, 1)], 0, Some(0.0)),
            (&[(0, 4)], 0, Some(60.0)),
            (&[(0, 4)], 500, Some(60.0)),
            // 60 + (20 - 60) / 2, and the next day 20 + 20 r = 39.03.
            (&[(0, 4), (5, 2)], 5, Some(40.0)),
            (&[(0, 4), (5, 2)], 6, Some(39.0)),
            // 20 + 20 r^7 = 34.14; half of the gap after 14 days, a quarter after 28, an eighth
            // after 42: 22.5.
            (&[(0, 4), (5, 2)], 12, Some(34.1)),
            (&[(0, 4), (5, 2)], 19, Some(30.0)),
            (&[(0, 4), (5, 2)], 33, Some(25.0)),
            (&[(0, 4), (5, 2)], 47, Some(22.5)),
            // 21.25, an exact half in the second decimal, and 20.625.
            (&[(0, 4), (5, 2)], 61, Some(21.3)),
            (&[(0, 4), (5, 2)], 75, Some(20.6)),
            // The last of several pulses on a day counts, also on the first day.
            (&[(0, 6), (0, 1), (0, 3)], 0, Some(40.0)),
            // The old target is the one at the beginning of the day: 60 + (80 - 60) / 2.
            (&[(0, 4), (3, 1), (3, 5)], 3, Some(70.0)),
            (&[(0, 4), (3, 5), (3, 4)], 3, Some(60.0)),
            // 100, then 50 on the way to 0. The next day, moving by half of 60 would give 80, which
            // is farther from 60 than 50.
            (&[(0, 6), (1, 1)], 1, Some(50.0)),
            (&[(0, 6), (1, 1), (2, 4)], 2, Some(50.0)),
            // 60 - 10 r = 50.48.
            (&[(0, 6), (1, 1), (2, 4)], 3, Some(50.5)),
            // 50 on the way to 0; moving by half of 40 would give 70, which is farther from 40.
            (&[(0, 6), (1, 1), (2, 3)], 2, Some(50.0)),
            // 60 on the way to 20; moving by half of 60 gives 90, beyond 80 but nearer to it.
            (&[(0, 6), (1, 2), (2, 5)], 2, Some(90.0)),
            // 70 on the way to 40; moving by half of 40 gives 90, which is as far from 80.
            (&[(0, 6), (1, 3), (2, 5)], 2, Some(90.0)),
            // 70 on the way to 40; moving up because of the new target 60 would lead away from it.
            (&[(0, 6), (1, 3), (2, 4)], 2, Some(70.0)),
            // 30 on the way to 60; moving down because of the new target 40 would lead away from
            // it.
            (&[(0, 1), (1, 4), (2, 3)], 2, Some(30.0)),
            // The same level again: no jump, and no closing step on its day. 20 + 20 r^6 = 34.86,
            // then r^7.
            (&[(0, 4), (5, 2), (12, 2)], 12, Some(34.9)),
            (&[(0, 4), (5, 2), (12, 2)], 13, Some(34.1)),
            // 6 + 8 closing days around the repeated pulse halve the gap exactly.
            (&[(0, 4), (5, 2), (12, 2)], 20, Some(30.0)),
        ];
        for (marks, day, expected) in cases {
            assert_eq!(score(marks, *day), *expected, "{marks:?} on {day}");
        }
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

    /// The specification applied day by day, without any shortcut.
    fn day_by_day(marks: &[PulseMark], day: i32) -> Option<f64> {
        let mut state: Option<(f64, f64)> = None;
        for today in 0..=day {
            let set = marks.iter().rfind(|mark| mark.day == Day::from_number(today));
            state = match (state, set) {
                (None, None) => None,
                (None, Some(mark)) => Some((target_of(mark), target_of(mark))),
                (Some((score, target)), None) => {
                    Some((score + (target - score) * (1.0 - 0.5_f64.powf(1.0 / 14.0)), target))
                }
                (Some((score, old)), Some(mark)) => {
                    let new = target_of(mark);
                    let moved = score + (new - old) / 2.0;
                    let is_away = (moved - new).abs() > (score - new).abs() + AS_FAR;
                    Some((if is_away { score } else { moved }.clamp(0.0, 100.0), new))
                }
            };
        }
        state.map(|(score, _)| score)
    }

    proptest! {
        #[test]
        fn the_score_equals_the_one_computed_day_by_day(marks in prop::collection::vec((0..60, 1_i64..=6), 0..12), day in 0..90) {
            let history = history(&marks);
            let score = success_score(&history, Day::from_number(day));
            let expected = day_by_day(&history, day);
            prop_assert_eq!(score.is_some(), expected.is_some());
            prop_assert!(score.zip(expected).is_none_or(|(a, b)| (a - b).abs() < 1e-6), "{:?} {:?}", score, expected);
            prop_assert!(score.is_none_or(|score| (0.0..=100.0).contains(&score)));
        }

        #[test]
        fn later_pulses_do_not_change_earlier_days(marks in prop::collection::vec((0..60, 1_i64..=6), 1..12), day in 0..60) {
            let all = history(&marks);
            let until: Vec<PulseMark> = all.iter().filter(|mark| mark.day <= Day::from_number(day)).copied().collect();
            let on = Day::from_number(day);
            prop_assert_eq!(success_score(&all, on), success_score(&until, on));
        }

        #[test]
        fn without_pulses_the_score_only_approaches_its_target(marks in prop::collection::vec((0..30, 1_i64..=6), 1..8)) {
            let history = history(&marks);
            let target = target_of(history.last().unwrap());
            let gaps: Vec<f64> = (30..120)
                .map(|day| success_score(&history, Day::from_number(day)).unwrap() - target)
                .collect();
            prop_assert!(gaps.windows(2).all(|gap| gap[1].abs() <= gap[0].abs() && gap[0] * gap[1] >= 0.0));
        }

        #[test]
        fn a_pulse_never_moves_the_score_away_from_its_target(
            marks in prop::collection::vec((0..30, 1_i64..=6), 1..8), level in 1_i64..=6
        ) {
            let before = history(&marks);
            let mut after = before.clone();
            let mark = PulseMark { day: Day::from_number(30), at: Instant::from_micros(99), level: Level::of_number(level).unwrap() };
            after.push(mark);
            let gap = |history: &[PulseMark], day| (success_score(history, Day::from_number(day)).unwrap() - target_of(&mark)).abs();
            prop_assert!(gap(&after, 30) <= gap(&before, 29) + 1e-9);
        }
    }
}
