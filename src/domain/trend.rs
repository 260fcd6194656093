//! The trend rule: has the number of events, or of active people, changed more than the threshold?

use rustc_hash::FxHashMap;

use super::chance;
use super::company::CompanyKey;
use super::customer::Customer;
use super::day::{Day, DayRange};
use super::finding::{Admission, Evaluation, Evidence, Finding, Skip};
use super::rule::{Direction, TrendRule};
use super::signal::{Comparison, SignalType};

/// The two windows of a trend rule on an as-of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// D-2X+1 .. D-X, the period compared against.
    pub observation: DayRange,
    /// D-X+1 .. D, the current period.
    pub decision: DayRange,
}

impl Windows {
    /// The windows of `days` days each, of which the later ends on `day`.
    pub fn ending(day: Day, days: i32) -> Self {
        Windows {
            observation: DayRange { from: day - 2 * days + 1, to: day - days },
            decision: DayRange { from: day - days + 1, to: day },
        }
    }

    /// Both windows as one range.
    pub fn both(&self) -> DayRange {
        DayRange { from: self.observation.from, to: self.decision.to }
    }
}

/// What was counted for one company in both windows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events, or active people, in the observation window.
    pub previous: u64,
    /// Events, or active people, in the decision window.
    pub current: u64,
    /// For people: how many were active in the observation window alone, and in the decision window
    /// alone. The people in both windows tell nothing about chance.
    pub only_in_one: Option<(u64, u64)>,
}

impl Counts {
    /// The probability of a change at least this large when nothing changed, between 0 and 1.
    pub fn chance(&self) -> f64 {
        let (before, now) = self.only_in_one.unwrap_or((self.previous, self.current));
        chance::of_split(before, now)
    }
}

/// The counts of all companies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CountsByCompany(Vec<Counts>);

impl CountsByCompany {
    /// The counts of a company; nothing for one that was never counted.
    pub fn of(&self, company: CompanyKey) -> Counts {
        self.0.get(company.0 as usize).copied().unwrap_or_default()
    }

    /// The counts of a company, to add to.
    pub fn entry(&mut self, company: CompanyKey) -> &mut Counts {
        let place = company.0 as usize;
        if self.0.len() <= place {
            self.0.resize(place + 1, Counts::default());
        }
        &mut self.0[place]
    }
}

/// Whether and why a trend rule passes over a company.
fn skip(
    windows: &Windows,
    customer: &Customer,
    counts: &Counts,
    is_admitted: bool,
) -> Option<Skip> {
    if customer.has_churned(windows.decision.to) {
        return Some(Skip::Churned);
    }
    if counts.previous + counts.current == 0 {
        return Some(Skip::NoEvents);
    }
    let established = customer.first_event.is_some_and(|day| day <= windows.observation.from);
    if !established {
        return Some(Skip::NotEstablished);
    }
    (!is_admitted).then_some(Skip::Where)
}

/// The latest signal of the same rule and company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latest {
    /// The day on which it was raised.
    pub raised_on: Day,
    /// Its type.
    pub signal_type: SignalType,
}

/// The latest signal of a rule for each company that has one.
pub type LatestByCompany = FxHashMap<CompanyKey, Latest>;

/// Whether `rule` fires for an eligible company with these counts; `None` when it does not. Repeat
/// control is a question of its own: [`repeats`].
pub fn judge(rule: &TrendRule, windows: &Windows, counts: &Counts) -> Option<Finding> {
    let change = i128::from(counts.current) - i128::from(counts.previous);
    if change.abs() * 100 <= i128::from(rule.threshold) * i128::from(counts.previous) || change == 0
    {
        return None;
    }
    let is_wanted = match rule.direction {
        Direction::Both => true,
        Direction::Down => change < 0,
        Direction::Up => change > 0,
    };
    let is_enough = rule.min_events.is_none_or(|least| counts.previous + counts.current >= least);
    if !is_wanted || !is_enough {
        return None;
    }
    let chance = counts.chance();
    if rule.max_chance.is_some_and(|most| chance > most) {
        return None;
    }
    let evidence = Evidence::Trend { comparison: compare(windows, counts), chance };
    Some(Finding { signal_type: type_of(change > 0, rule.inverse), evidence })
}

/// Whether a finding on `day` only repeats the latest signal of the same rule and company: same
/// type, less than the timeframe ago.
pub fn repeats(
    rule: &TrendRule,
    day: Day,
    signal_type: SignalType,
    latest: Option<Latest>,
) -> bool {
    latest.is_some_and(|latest| {
        latest.signal_type == signal_type && day - latest.raised_on < rule.days()
    })
}

fn type_of(is_increase: bool, inverse: bool) -> SignalType {
    if is_increase != inverse { SignalType::Good } else { SignalType::Bad }
}

fn compare(windows: &Windows, counts: &Counts) -> Comparison {
    Comparison {
        observation: windows.observation,
        previous: counts.previous,
        decision: windows.decision,
        current: counts.current,
    }
}

/// Applies a rule on `day` to all `customers`, in their order. `counts` tells what was counted for
/// each; `latest` is the latest signal that the rule raised for each company on or before the day,
/// of which those a timeframe back make no difference.
pub fn evaluate(
    rule: &TrendRule,
    day: Day,
    customers: &[(CompanyKey, Customer)],
    admission: &Admission,
    counts: &CountsByCompany,
    latest: &LatestByCompany,
) -> Evaluation {
    let windows = Windows::ending(day, rule.days());
    let mut evaluation = Evaluation::default();
    for (company, customer) in customers {
        let counts = counts.of(*company);
        if let Some(reason) = skip(&windows, customer, &counts, admission.admits(*company)) {
            evaluation.skip(reason);
            continue;
        }
        evaluation.evaluated.push(*company);
        let finding = judge(rule, &windows, &counts);
        let is_new =
            |found: &Finding| !repeats(rule, day, found.signal_type, latest.get(company).copied());
        evaluation.findings.extend(finding.filter(is_new).map(|finding| (*company, finding)));
    }
    evaluation
}

/// One line of text that says what happened: `login fell from 100 to 84 (-16.0 %)`.
pub fn describe(rule: &TrendRule, comparison: &Comparison) -> String {
    let Comparison { previous, current, .. } = comparison;
    match current.cmp(previous) {
        _ if *previous == 0 => {
            format!("{}: {current}, after none in the {} days before", rule.watch(), rule.timeframe)
        }
        std::cmp::Ordering::Less if *current == 0 => {
            format!("{} stopped: none after {previous}", rule.watch())
        }
        std::cmp::Ordering::Less => {
            format!(
                "{} fell from {previous} to {current} ({})",
                rule.watch(),
                comparison.change_text()
            )
        }
        _ => format!(
            "{} rose from {previous} to {current} ({})",
            rule.watch(),
            comparison.change_text()
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::customer::Break;
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn rule() -> TrendRule {
        TrendRule::of_event("login")
    }

    fn counts(previous: u64, current: u64) -> Counts {
        Counts { previous, current, only_in_one: None }
    }

    fn judged(rule: &TrendRule, previous: u64, current: u64) -> Option<SignalType> {
        let windows = Windows::ending(day("2026-03-31"), rule.days());
        judge(rule, &windows, &counts(previous, current)).map(|finding| finding.signal_type)
    }

    #[test]
    fn windows_end_on_the_day_and_touch() {
        let windows = Windows::ending(day("2026-03-31"), 7);
        assert_eq!(windows.decision.to_string(), "2026-03-25..2026-03-31");
        assert_eq!(windows.observation.to_string(), "2026-03-18..2026-03-24");
    }

    #[test]
    fn the_worked_examples_hold() {
        use SignalType::{Bad, Good};
        let cases = [
            (100, 85, None),
            (100, 84, Some(Bad)),
            (100, 115, None),
            (100, 116, Some(Good)),
            (0, 1, Some(Good)),
            (7, 0, Some(Bad)),
            (0, 0, None),
            (u64::MAX / 2, u64::MAX / 2, None),
        ];
        for (previous, current, expected) in cases {
            assert_eq!(judged(&rule(), previous, current), expected, "{previous} -> {current}");
        }
    }

    #[test]
    fn inverse_swaps_the_types_and_direction_drops_a_side() {
        use SignalType::{Bad, Good};
        let inverse = TrendRule { inverse: true, ..rule() };
        assert_eq!([judged(&inverse, 10, 20), judged(&inverse, 20, 10)], [Some(Bad), Some(Good)]);
        let down = TrendRule { direction: Direction::Down, ..rule() };
        assert_eq!([judged(&down, 10, 20), judged(&down, 20, 10)], [None, Some(Bad)]);
        let up = TrendRule { direction: Direction::Up, ..rule() };
        assert_eq!([judged(&up, 10, 20), judged(&up, 20, 10)], [Some(Good), None]);
    }

    #[test]
    fn a_threshold_of_100_never_fires_on_a_drop() {
        let rule = TrendRule { threshold: 100, ..rule() };
        assert_eq!(judged(&rule, 10, 0), None);
        assert_eq!(judged(&rule, 10, 20), None);
        assert_eq!(judged(&rule, 10, 21), Some(SignalType::Good));
    }

    #[test]
    fn guards_hold_back_small_counts() {
        let least = TrendRule { min_events: Some(10), ..rule() };
        assert_eq!([judged(&least, 6, 3), judged(&least, 7, 3)], [None, Some(SignalType::Bad)]);
        // 8 and 2: 56/1024 = 0.0547.
        let chance = |max_chance| TrendRule { max_chance: Some(max_chance), ..rule() };
        assert_eq!(judged(&chance(0.0546), 8, 2), None);
        assert_eq!(judged(&chance(56.0 / 1024.0), 8, 2), Some(SignalType::Bad));
    }

    #[test]
    fn people_in_both_windows_say_nothing_about_chance() {
        let counts = Counts { previous: 100, current: 93, only_in_one: Some((7, 0)) };
        assert_eq!(counts.chance(), 1.0 / 128.0);
    }

    #[test]
    fn only_established_customers_with_events_are_evaluated() {
        let windows = Windows::ending(day("2026-03-31"), 7);
        let skip = |first: &str, churned: Option<&str>, previous, current| {
            let breaks = churned
                .map(|text| Break { churned_on: day(text), returned_on: None })
                .into_iter()
                .collect();
            // A record made years ago in a CRM does not make a new customer old, nor one dated
            // ahead an old one new.
            let created_on = Some(day("2026-04-01"));
            let customer = Customer { created_on, first_event: Some(day(first)), breaks };
            skip(&windows, &customer, &counts(previous, current), true)
        };
        assert_eq!(skip("2026-03-18", None, 1, 0), None);
        assert_eq!(skip("2026-03-19", None, 1, 0), Some(Skip::NotEstablished));
        assert_eq!(skip("2026-03-18", None, 0, 0), Some(Skip::NoEvents));
        assert_eq!(skip("2026-03-18", Some("2026-03-31"), 1, 0), Some(Skip::Churned));
        assert_eq!(skip("2026-03-18", Some("2026-04-01"), 1, 0), None);
    }

    #[test]
    fn the_same_type_waits_a_timeframe_and_the_other_does_not() {
        let latest = |text| Some(Latest { raised_on: day(text), signal_type: SignalType::Bad });
        let again = |on, latest| repeats(&rule(), day(on), SignalType::Bad, latest);
        assert!(again("2026-03-07", latest("2026-03-01")));
        assert!(!again("2026-03-08", latest("2026-03-01")));
        assert!(!again("2026-03-08", None));
        assert!(!repeats(&rule(), day("2026-03-02"), SignalType::Good, latest("2026-03-01")));
    }

    #[test]
    fn a_rule_goes_through_the_customers_in_their_order() {
        let since = |text| Customer { first_event: Some(day(text)), ..Customer::default() };
        let customers = [5, 1, 2, 3, 9, 7].map(|key| {
            let first = if key == 2 { "2026-03-30" } else { "2020-01-01" };
            (CompanyKey(key), since(first))
        });
        let mut by_company = CountsByCompany::default();
        for (key, previous, current) in
            [(1, 100, 84), (2, 0, 5), (4, 1, 0), (5, 100, 99), (9, 10, 0), (7, 1, 2)]
        {
            *by_company.entry(CompanyKey(key)) = counts(previous, current);
        }
        let before = Latest { raised_on: day("2026-03-30"), signal_type: SignalType::Bad };
        let latest = LatestByCompany::from_iter([(CompanyKey(9), before)]);
        let found =
            evaluate(&rule(), day("2026-03-31"), &customers, &Admission::All, &by_company, &latest);
        assert_eq!(found.evaluated, [5, 1, 9, 7].map(CompanyKey));
        assert_eq!(found.skipped, HashMap::from([(Skip::NotEstablished, 1), (Skip::NoEvents, 1)]));
        let raised: Vec<_> =
            found.findings.iter().map(|(key, finding)| (key.0, finding.signal_type)).collect();
        assert_eq!(raised, [(1, SignalType::Bad), (7, SignalType::Good)]);
        let only = Admission::Only([2, 7].map(CompanyKey).into_iter().collect());
        let found = evaluate(&rule(), day("2026-03-31"), &customers, &only, &by_company, &latest);
        assert_eq!(found.evaluated, [CompanyKey(7)]);
        let skipped =
            HashMap::from([(Skip::NotEstablished, 1), (Skip::NoEvents, 1), (Skip::Where, 3)]);
        assert_eq!(found.skipped, skipped);
    }

    #[test]
    fn a_finding_says_what_happened() {
        let windows = Windows::ending(day("2026-03-31"), 7);
        let text =
            |previous, current| describe(&rule(), &compare(&windows, &counts(previous, current)));
        assert_eq!(text(100, 84), "login fell from 100 to 84 (-16.0 %)");
        assert_eq!(text(100, 116), "login rose from 100 to 116 (+16.0 %)");
        assert_eq!(text(7, 0), "login stopped: none after 7");
        assert_eq!(text(0, 3), "login: 3, after none in the 7 days before");
    }
}
