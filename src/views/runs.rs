//! The list of runs.

use serde_json::json;

use super::{Listing, plain};
use crate::render::{self, Align, Tone, Value};
use crate::store::{RuleTally, RunRecord};

/// The list of runs.
pub(crate) const RUNS: Listing<RunRecord> = Listing {
    fields: &[
        "id",
        "day",
        "started_at",
        "finished_at",
        "backfill",
        "newest_event_on",
        "days_stale",
        "rules",
        "companies_evaluated",
        "companies_skipped",
        "raised_bad",
        "raised_good",
        "raised_info",
        "outages",
        "steps_ms",
        "per_rule",
    ],
    values,
    columns: &[
        ("day", Align::Left),
        ("started at", Align::Left),
        ("ms", Align::Right),
        ("rules", Align::Right),
        ("companies", Align::Right),
        ("bad", Align::Right),
        ("good", Align::Right),
        ("info", Align::Right),
        ("remarks", Align::Left),
    ],
    cells,
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

fn values(run: &RunRecord) -> Vec<Value<'_>> {
    let (bad, good, info) = raised(run);
    let sum = |count: fn(&RuleTally) -> u64| run.rules.iter().map(count).sum::<u64>();
    let skipped = json!({
        "no_events": sum(|rule| rule.skipped_no_events),
        "not_established": sum(|rule| rule.skipped_not_established),
        "churned": sum(|rule| rule.skipped_churned),
        "not_created": sum(|rule| rule.skipped_not_created),
        "where": sum(|rule| rule.skipped_where),
    });
    vec![
        run.id.into(),
        run.day.into(),
        run.started_at.into(),
        run.finished_at.into(),
        run.is_backfill.into(),
        run.newest_event_on.into(),
        days_stale(run).into(),
        (run.rules.len() as u64).into(),
        run.companies_evaluated.into(),
        Value::Nested(skipped),
        bad.into(),
        good.into(),
        info.into(),
        Value::Nested(outages(run).collect()),
        Value::Nested(
            run.steps.iter().map(|step| (step.name.clone(), milliseconds(step.took))).collect(),
        ),
        Value::Nested(run.rules.iter().map(rule_json).collect()),
    ]
}

fn milliseconds(took: std::time::Duration) -> serde_json::Value {
    json!((took.as_secs_f64() * 1e6).round() / 1e3)
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

fn cells(run: &RunRecord) -> Vec<(String, Tone)> {
    let (bad, good, info) = raised(run);
    let started = run.started_at.to_string();
    let took: f64 = run.steps.iter().map(|step| step.took.as_secs_f64() * 1000.0).sum();
    vec![
        plain(run.day),
        plain(started.get(..16).unwrap_or(&started).replace('T', " ")),
        plain(format!("{took:.0}")),
        plain(run.rules.len()),
        plain(render::thousands(run.companies_evaluated)),
        plain(render::thousands(bad)),
        plain(render::thousands(good)),
        plain(render::thousands(info)),
        plain(remarks(run)),
    ]
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
