//! Trend rules on the days of a range.

use anyhow::Result;

use super::conditions::Conditions;
use crate::domain::attributes::Stage;
use crate::domain::company::CompanyKey;
use crate::domain::customer::Customer;
use crate::domain::day::{Day, DayRange};
use crate::domain::finding::Admission;
use crate::domain::rule::{Rule, TrendRule};
use crate::domain::signal::SignalType;
use crate::domain::trend::{Sweep, TrendFacts};

/// Takes a rule to `day`, by as many days before it as the change must hold.
pub(crate) fn sweep_to<'a>(
    facts: &'a TrendFacts,
    customers: &'a [(CompanyKey, Customer)],
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

/// For which companies the `--where` of a rule holds on each day.
pub(crate) fn admissions(
    conditions: &Conditions<'_>,
    rule: &Rule,
    days: DayRange,
) -> Result<Vec<Admission>> {
    days.days().map(|day| conditions.admission(rule, day, Stage::BeforeTrends)).collect()
}

/// For which companies each of these trend rules holds on `day`, whatever they raised before, and
/// the type of signal. An open signal still holds when its own type is among them. Rules of other
/// kinds hold for nobody.
pub(crate) fn holding(
    store: &crate::store::Store,
    customers: &[(CompanyKey, Customer)],
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
