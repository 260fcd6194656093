//! The list of runs.

use serde_json::json;

use super::{Column, Field, Listing, RecordFields, minute, plain};
use crate::render::{self, Value};
use crate::store::{RuleTally, RunRecord, RunStep};

pub(crate) const RUNS: Listing<RunRecord> = Listing {
    fields: RecordFields::Each(&[
        Field::new("id", |run| run.id.into()),
        Field::new("day", |run| run.day.into()),
        Field::new("started_at", |run| run.started_at.into()),
        Field::new("finished_at", |run| run.finished_at.into()),
        Field::new("backfill", |run| run.is_backfill.into()),
        Field::new("newest_event_on", |run| run.newest_event_on.into()),
        Field::new("days_stale", |run| days_stale(run).into()),
        Field::new("rules", |run| (run.rules.len() as u64).into()),
        Field::new("companies_evaluated", |run| run.companies_evaluated.into()),
        Field::new("companies_skipped", |run| Value::Nested(skipped(run))),
        Field::new("raised_bad", |run| raised(run).0.into()),
        Field::new("raised_good", |run| raised(run).1.into()),
        Field::new("raised_info", |run| raised(run).2.into()),
        Field::new("outages", |run| Value::Nested(outages(run).collect())),
        Field::new("steps_ms", |run| Value::Nested(run.steps.iter().map(milliseconds).collect())),
        Field::new("per_rule", |run| Value::Nested(run.rules.iter().map(rule_json).collect())),
    ]),
    columns: &[
        Column::left("day", |run| plain(run.day)),
        Column::left("started at", |run| plain(minute(run.started_at))),
        Column::right("ms", |run| plain(format!("{:.0}", took(run)))),
        Column::right("rules", |run| plain(run.rules.len())),
        Column::right("companies", |run| plain(render::thousands(run.companies_evaluated))),
        Column::right("bad", |run| plain(render::thousands(raised(run).0))),
        Column::right("good", |run| plain(render::thousands(raised(run).1))),
        Column::right("info", |run| plain(render::thousands(raised(run).2))),
        Column::left("remarks", |run| plain(remarks(run))),
    ],
    when_empty: "no day was run yet; `signals run` runs the days that are due",
};

/// The number of signals a run raised: bad, good, info.
pub(crate) fn raised(run: &RunRecord) -> (u64, u64, u64) {
    let sum = |count: fn(&RuleTally) -> u64| run.rules.iter().map(count).sum();
    (sum(|rule| rule.raised_bad), sum(|rule| rule.raised_good), sum(|rule| rule.raised_info))
}

fn days_stale(run: &RunRecord) -> i64 {
    run.newest_event_on.map_or(0, |newest| i64::from((run.day - newest).max(0)))
}

/// In milliseconds.
fn took(run: &RunRecord) -> f64 {
    run.steps.iter().map(|step| step.took.as_secs_f64() * 1000.0).sum()
}

/// The number of skipped companies, by reason: the most that a rule skipped. The sum over the rules
/// would count a company once for each of them.
fn skipped(run: &RunRecord) -> serde_json::Value {
    let most = |count: fn(&RuleTally) -> u64| run.rules.iter().map(count).max().unwrap_or_default();
    json!({
        "no_events": most(|rule| rule.skipped_no_events),
        "not_established": most(|rule| rule.skipped_not_established),
        "churned": most(|rule| rule.skipped_churned),
        "not_created": most(|rule| rule.skipped_not_created),
        "where": most(|rule| rule.skipped_where),
    })
}

fn milliseconds(step: &RunStep) -> (String, f64) {
    (step.name.clone(), (step.took.as_secs_f64() * 1e6).round() / 1e3)
}

fn outages(run: &RunRecord) -> impl Iterator<Item = String> {
    run.rules.iter().filter(|rule| rule.withheld > 0).map(|rule| rule.rule.clone())
}

fn rule_json(rule: &RuleTally) -> serde_json::Value {
    json!({
        "rule": rule.rule,
        "evaluated": rule.evaluated,
        "skipped_no_events": rule.skipped_no_events,
        "skipped_not_established": rule.skipped_not_established,
        "skipped_churned": rule.skipped_churned,
        "skipped_not_created": rule.skipped_not_created,
        "skipped_where": rule.skipped_where,
        "raised_bad": rule.raised_bad,
        "raised_good": rule.raised_good,
        "raised_info": rule.raised_info,
        "withheld": rule.withheld,
    })
}

fn remarks(run: &RunRecord) -> String {
    let mut remarks = Vec::new();
    if run.is_backfill {
        remarks.push("backfill".to_owned());
    }
    if days_stale(run) > 0 {
        remarks.push(format!("newest event {} days before", days_stale(run)));
    }
    remarks.extend(outages(run).map(|rule| format!("signals of {rule} withheld")));
    if remarks.is_empty() { "-".to_owned() } else { remarks.join(", ") }
}
