//! The trend rule: whether the activity of a company has changed by more than the threshold,
//! compared with its own past or with what was expected.
//!
//! [`Activity`] has the activity of companies. A [`Sweep`] evaluates a rule on days in order, for a
//! run, for a preview and for a replay of years alike.

mod activity;
mod facts;
mod sweep;

use rustc_hash::FxHashMap;

pub(crate) use self::activity::{Activity, SPREAD_WEEKS};
pub(crate) use self::facts::TrendFacts;
pub(crate) use self::sweep::{Expectation, LEAST_OTHERS, Sweep};
use super::company::CompanyKey;
use super::day::{Day, DayRange};
use super::named::named;
use super::rule::{RuleMeasure, TrendRule};
use super::signal::{Comparison, SignalType, percent_text};

/// The two windows of a trend rule on an as-of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Windows {
    /// The period compared against: D-2X+1 .. D-X for the as-of day D and the timeframe X.
    pub observation: DayRange,
    /// The current period: D-X+1 .. D.
    pub decision: DayRange,
}

impl Windows {
    /// Two consecutive windows of `days` days each; the later one ends on `day`.
    pub(crate) fn ending(day: Day, days: i32) -> Self {
        Windows {
            observation: DayRange { from: day - 2 * days + 1, to: day - days },
            decision: DayRange { from: day - days + 1, to: day },
        }
    }

    /// Both windows as one range.
    pub(crate) fn both(&self) -> DayRange {
        DayRange { from: self.observation.from, to: self.decision.to }
    }
}

/// The numbers of a trend rule when it raised a signal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TrendEvidence {
    /// The windows and counts. The observation window covers all windows of the company's past that
    /// counted.
    pub comparison: Comparison,
    /// The probability of a change at least this large if nothing changed, between 0 and 1; `None`
    /// if it is not defined.
    pub chance: Option<f64>,
    /// The spread that divided the counts to compute the chance; `None` for measures other than
    /// events.
    pub spread: Option<Spread>,
    /// The expectation; `None` for a plain rule.
    pub reference: Option<Reference>,
}

impl TrendEvidence {
    /// The change in tenths of a percent, from the window before or from the expected count. `None`
    /// if the window before is empty.
    pub(crate) fn change_tenths(&self) -> Option<i64> {
        match &self.reference {
            Some(reference) => Some(reference.change_tenths),
            None => self.comparison.change_tenths(),
        }
    }

    /// The change in words: `-16.0 %`, `+3.5 %`, or `new` when there was nothing before.
    pub(crate) fn change_text(&self) -> String {
        self.change_tenths().map_or_else(|| "new".to_owned(), percent_text)
    }

    /// How many windows of the company's past counted.
    pub(crate) fn windows(&self) -> usize {
        self.comparison.observation.len() / self.comparison.decision.len().max(1)
    }
}

/// How much more the weekly counts of a company vary than by chance alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    /// Variance over mean of the weekly counts, one added to each; at least 1.
    pub factor: f64,
    /// Whose weeks it is computed from.
    pub basis: SpreadBasis,
}

/// Whose weeks a spread is computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SpreadBasis {
    /// The company's own weeks.
    Own,
    /// The median of other companies, because the company has too few weeks.
    Others,
    /// Nobody's: neither the company nor enough other companies have enough weeks.
    Nothing,
}
named!(SpreadBasis { Own = "own", Others = "others", Nothing = "none" });

/// What a company was compared with, besides its own past.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reference {
    /// How many other customers the company was compared with; `None` for a rule that compares a
    /// company with itself.
    pub others: Option<u64>,
    /// The totals of those customers in the decision window and in the observation window; `None`
    /// if the company was compared only with its own past.
    pub sums: Option<(u64, u64)>,
    /// The expected count in the decision window.
    pub expected: f64,
    /// (current + 1) / (expected + 1) - 1, in tenths of a percent.
    pub change_tenths: i64,
}

/// The latest signal of the same rule and company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Latest {
    pub raised_on: Day,
    pub signal_type: SignalType,
}

/// The latest signal of a rule for each company that has one.
pub(crate) type LatestByCompany = FxHashMap<CompanyKey, Latest>;

/// Whether a finding on `day` only repeats the latest signal of the same rule and company: it has
/// the same type, and too few days have passed.
pub(crate) fn repeats(
    rule: &TrendRule,
    day: Day,
    signal_type: SignalType,
    latest: Option<Latest>,
) -> bool {
    latest.is_some_and(|latest| {
        latest.signal_type == signal_type && day - latest.raised_on < rule.repeat_days()
    })
}

fn type_of(is_increase: bool, inverse: bool) -> SignalType {
    if is_increase != inverse { SignalType::Good } else { SignalType::Bad }
}

/// max(1, (v + 1) / (w + 1)) of weekly counts with mean w and sample variance v (divided by n - 1).
fn spread_of(weeks: &[u64]) -> f64 {
    let count = weeks.len() as f64;
    let mean = weeks.iter().map(|week| *week as f64).sum::<f64>() / count;
    let squares = weeks.iter().map(|week| (*week as f64 - mean).powi(2)).sum::<f64>();
    let variance = squares / (count - 1.0);
    ((variance + 1.0) / (mean + 1.0)).max(1.0)
}

impl TrendRule {
    /// The maximum number of past windows that a company is compared with.
    pub(super) fn baseline_windows(&self) -> i32 {
        i32::from(self.baseline)
    }

    /// The first day that must be evaluated to know what holds on `day`.
    pub(crate) fn first_day_of_run(&self, day: Day) -> Day {
        day - (i32::from(self.for_days) - 1)
    }

    /// The first day whose activity matters to a sweep that begins on `first` and raises signals
    /// from `day` on.
    pub(crate) fn first_day_needed(&self, first: Day, day: Day) -> Day {
        let windows = (self.baseline_windows() + 1) * self.days();
        let of_windows = first - windows + 1;
        match self.measure {
            RuleMeasure::Events => of_windows.min(day - windows - 7 * SPREAD_WEEKS + 1),
            RuleMeasure::Days | RuleMeasure::People => of_windows,
        }
    }
}

/// One line that says what happened: `login fell from 100 to 84 (-16.0 %)`, or for a rule with a
/// baseline `login: 20 in 7 days, 80.0 expected (-74.1 %)`.
pub(crate) fn describe(rule: &TrendRule, evidence: &TrendEvidence) -> String {
    let (watch, change) = (rule.watch(), evidence.change_text());
    let Comparison { previous, current, .. } = evidence.comparison;
    if let Some(reference) = &evidence.reference {
        let expected = reference.expected;
        return format!(
            "{watch}: {current} in {} days, {expected:.1} expected ({change})",
            rule.timeframe
        );
    }
    match current.cmp(&previous) {
        _ if previous == 0 => {
            format!("{watch}: {current}, after none in the {} days before", rule.timeframe)
        }
        std::cmp::Ordering::Less if current == 0 => {
            format!("{watch} stopped: none after {previous}")
        }
        std::cmp::Ordering::Less => format!("{watch} fell from {previous} to {current} ({change})"),
        _ => format!("{watch} rose from {previous} to {current} ({change})"),
    }
}

#[cfg(test)]
mod tests;
