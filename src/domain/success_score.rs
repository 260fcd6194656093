//! The SuccessScore of a company, which follows from the history of its pulse alone.

use super::day::Day;
use super::pulse::PulseMark;

/// The days in which the gap between the score and its target halves.
const HALF_LIFE: f64 = 14.0;

/// Distances from a target that differ by less than this are equal: rounding explains the
/// difference.
const AS_FAR: f64 = 1e-9;

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::day::Instant;
    use crate::domain::pulse::{Level, in_order, to_one_decimal};

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
