//! What rules saw before a churn that none of them predicted, when they were closest to a signal.

use anyhow::Result;
use rustc_hash::FxHashMap;

use crate::domain::attributes::{AsOf, Stage};
use crate::domain::company::CompanyKey;
use crate::domain::day::{Day, DayRange};
use crate::domain::finding::Admission;
use crate::domain::rule::{ConditionRule, Rule, RuleLogic, TrendRule};
use crate::store::{Catalogue, Scope, Store};

/// A churn, and the days on which a signal would have predicted it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Missed {
    pub company: CompanyKey,
    pub days: DayRange,
}

/// For each missed churn, a sentence for each rule that has something to say: `fading: 38 % below,
/// threshold 50`, `silent: days_since_last_event 21`.
pub(super) fn nearest(
    store: &Store,
    catalogue: &Catalogue,
    rules: &[Rule],
    missed: &[Missed],
) -> Result<Vec<Vec<String>>> {
    let mut seen = vec![Vec::new(); missed.len()];
    for rule in rules {
        let sentences = match &rule.logic {
            RuleLogic::Trend(trend) => largest_falls(store, trend, missed)?,
            RuleLogic::Condition(condition) => missed
                .iter()
                .map(|missed| values(store, catalogue, condition, missed))
                .collect::<Result<_>>()?,
            RuleLogic::Adoption(_) => vec![None; missed.len()],
        };
        for (seen, sentence) in seen.iter_mut().zip(sentences) {
            seen.extend(sentence.map(|sentence| format!("{}: {sentence}", rule.name)));
        }
    }
    Ok(seen)
}

/// How far each company was below the expectation, on the day when it was farthest.
fn largest_falls(
    store: &Store,
    trend: &TrendRule,
    missed: &[Missed],
) -> Result<Vec<Option<String>>> {
    let first = missed.iter().map(|missed| missed.days.from).min();
    let last = missed.iter().map(|missed| missed.days.to).max();
    let Some((first, last)) = first.zip(last) else { return Ok(Vec::new()) };
    let customers = store.customers()?;
    let facts = store.trend_facts(&[trend], &customers, DayRange { from: first, to: last })?;
    let mut sweep = facts.sweep(trend, &customers, first);
    let mut lowest: Vec<Option<f64>> = vec![None; missed.len()];
    for day in (DayRange { from: first, to: last }).days() {
        sweep.next_day(&Admission::All);
        let asked: Vec<usize> =
            (0..missed.len()).filter(|place| missed[*place].days.contains(day)).collect();
        if asked.is_empty() {
            continue;
        }
        let expected: FxHashMap<CompanyKey, _> = sweep.expectations().collect();
        for place in asked {
            let Some(expectation) = expected.get(&missed[place].company) else { continue };
            let change = (expectation.current as f64 + 1.0) / (expectation.expected + 1.0) - 1.0;
            let so_far = lowest[place].get_or_insert(change);
            *so_far = so_far.min(change);
        }
    }
    let threshold = trend.threshold;
    let sentence = |change: f64| match change < 0.0 {
        true => format!("{:.0} % below, threshold {threshold}", -change * 100.0),
        false => format!("never below, threshold {threshold}"),
    };
    Ok(lowest.into_iter().map(|change| change.map(sentence)).collect())
}

/// What a condition read for the company on the last day on which a signal would have been in time;
/// `None` if all of it is unknown.
fn values(
    store: &Store,
    catalogue: &Catalogue,
    condition: &ConditionRule,
    missed: &Missed,
) -> Result<Option<String>> {
    let names = catalogue.read(&condition.when)?.names;
    let wanted: Vec<&str> = names.iter().map(String::as_str).collect();
    let as_of = AsOf { day: missed.days.to, stage: Stage::BeforeConditions };
    let table = store.attributes(catalogue, &wanted, as_of, Scope::One(missed.company))?;
    let mut words = Vec::new();
    let mut is_known = false;
    for name in &wanted {
        if let Some(value) = table.column(name)?.first() {
            let text = value.text();
            is_known |= text.is_some();
            words.push(format!("{name} {}", text.as_deref().unwrap_or("unknown")));
        }
    }
    Ok(is_known.then(|| words.join(", ")))
}

impl Missed {
    /// The days on which a signal for `churn` would have been right.
    pub(super) fn new(company: CompanyKey, churn: Day, horizon: i32, min_lead: i32) -> Self {
        Missed { company, days: DayRange { from: churn - horizon, to: churn - min_lead } }
    }
}
