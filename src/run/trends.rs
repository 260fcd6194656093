//! Evaluating trend rules on the days of a range.

use anyhow::Result;

use super::conditions::Conditions;
use crate::domain::attributes::Stage;
use crate::domain::company::CompanyKey;
use crate::domain::customer::CustomerHistory;
use crate::domain::day::{Day, DayRange};
use crate::domain::finding::Admission;
use crate::domain::rule::{Rule, TrendRule};
use crate::domain::signal::SignalType;
use crate::domain::trend::{Sweep, TrendFacts};

/// Starts a sweep at `day`, including the preceding days on which the change must hold.
pub(crate) fn sweep_to<'a>(
    facts: &'a TrendFacts,
    customers: &'a [(CompanyKey, CustomerHistory)],
    conditions: &Conditions<'_>,
    rule: &Rule,
    trend: &'a TrendRule,
    day: Day,
) -> Result<Sweep<'a>> {
    let first = trend.first_day_of_run(day);
    let mut sweep = facts.sweep(trend, customers, first);
    for admission in admissions(conditions, rule, DayRange { from: first, to: day })? {
        sweep.next_day(&admission);
    }
    Ok(sweep)
}

/// The companies that a rule's `--where` admits on each day.
pub(crate) fn admissions(
    conditions: &Conditions<'_>,
    rule: &Rule,
    days: DayRange,
) -> Result<Vec<Admission>> {
    days.days().map(|day| conditions.admission(rule, day, Stage::BeforeTrends)).collect()
}

/// The companies for which each of these trend rules holds on `day`, regardless of earlier signals,
/// with the type of signal. An open signal still holds if its type is among them. Empty for rules
/// of other kinds.
pub(crate) fn holding(
    store: &crate::store::Store,
    customers: &[(CompanyKey, CustomerHistory)],
    conditions: &Conditions<'_>,
    rules: &[&Rule],
    day: Day,
) -> Result<Vec<Vec<(CompanyKey, SignalType)>>> {
    let trends: Vec<&TrendRule> = rules.iter().filter_map(|rule| rule.logic.trend()).collect();
    let facts = store.trend_facts(&trends, customers, DayRange { from: day, to: day })?;
    let held = |rule: &&Rule| match rule.logic.trend() {
        Some(trend) => Ok(sweep_to(&facts, customers, conditions, rule, trend, day)?.holding()),
        None => Ok(Vec::new()),
    };
    rules.iter().map(held).collect()
}
