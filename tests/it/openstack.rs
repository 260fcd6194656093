//! Tests with real data that cannot be part of the repository: activity on OpenStack, from public
//! git history. `SIGNALS_OPENSTACK_CSV` is the path of the events: `cargo test -- --ignored
//! openstack`.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::naive::{self, History, Rule, Signal, UsageRule};
use crate::support::{Sandbox, setting};

/// The data ends in August 2026.
const NOW: &str = "2027-01-01T06:00:00Z";

#[test]
#[ignore = "needs SIGNALS_OPENSTACK_CSV"]
fn openstack_signals_are_those_of_the_naive_model() {
    let path =
        setting("SIGNALS_OPENSTACK_CSV").expect("SIGNALS_OPENSTACK_CSV names the event file");
    let rules = [
        Rule::event("commit.nova", 7, 15),
        Rule::event("merge.neutron", 14, 30),
        Rule { max_chance: Some(0.05), ..Rule::event("bugfix", 9, 25) },
    ];
    let expected = expected_signals(&path, &rules);
    assert!(!expected.is_empty());

    let sandbox = Sandbox::new_at(NOW);
    sandbox.ok(&format!("import '{path}'"));
    sandbox.ok(&format!("import '{path}'")).says(&["new 0,"]);
    for rule in &rules {
        sandbox.ok(&rule.command());
    }
    sandbox.ok("run --from 2015-01-01 --to 2015-12-31 --accept all");
    let listed = sandbox.ok("list --format ndjson").stdout;
    let mut raised: Vec<Signal> = listed
        .lines()
        .map(|line| Signal::from_json(&serde_json::from_str(line).unwrap()))
        .collect();
    Signal::sort(&mut raised);
    naive::assert_same(&raised, &expected, "OpenStack in 2015");
}

fn expected_signals(path: &str, rules: &[Rule]) -> Vec<Signal> {
    let csv = std::fs::read_to_string(path).expect("the event file");
    let stored = naive::stored(&[naive::read_rows(&csv)]);
    History::new(&stored, &BTreeMap::new()).run(rules, "2015-01-01", "2015-12-31")
}

/// The churns and returns of the same companies, in `churn.csv` beside the events.
fn breaks(events: &str) -> Vec<(String, i64, Option<i64>)> {
    let path = std::path::Path::new(events).with_file_name("churn.csv");
    let mut reader = csv::Reader::from_path(path).expect("churn.csv beside the events");
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        let returned = (!row[2].is_empty()).then(|| naive::day(&row[2]));
        (row[0].to_owned(), naive::day(&row[1]), returned)
    });
    rows.collect()
}

/// One subscription for each period as a customer.
fn subscriptions(history: &[naive::Row], breaks: &[(String, i64, Option<i64>)]) -> String {
    let mut starts: BTreeMap<&str, i64> = BTreeMap::new();
    for row in history {
        let day = row.at.div_euclid(86_400_000_000);
        starts.entry(&row.company).and_modify(|first| *first = day.min(*first)).or_insert(day);
    }
    let mut csv = "company_id,subscription_id,started_on,ended_on\n".to_owned();
    for (company, first) in starts {
        let mut started = Some(first);
        let mut own: Vec<_> = breaks.iter().filter(|(name, ..)| name == company).collect();
        own.sort();
        for (number, (_, churned, returned)) in own.into_iter().enumerate() {
            let from = naive::date(started.expect("a return before the next churn"));
            let to = naive::date(*churned);
            csv.push_str(&format!("{company},{company}-{number},{from},{to}\n"));
            started = *returned;
        }
        if let Some(started) = started {
            csv.push_str(&format!("{company},{company}-last,{},\n", naive::date(started)));
        }
    }
    csv
}

/// The first four presets of `--usual`, day by day over a year with churns and returns.
#[test]
#[ignore = "needs SIGNALS_OPENSTACK_CSV"]
fn the_measured_rules_raise_what_the_naive_model_raises() {
    const FROM: &str = "2015-01-01";
    const ACKNOWLEDGED: &str = "2015-06-30";
    const TO: &str = "2015-12-31";
    let path =
        setting("SIGNALS_OPENSTACK_CSV").expect("SIGNALS_OPENSTACK_CSV names the event file");
    let csv = std::fs::read_to_string(&path).expect("the event file");
    let breaks = breaks(&path);
    let stored = naive::stored(&[naive::read_rows(&csv)]);
    let history = History::new(&stored, &BTreeMap::new()).with_breaks(&breaks);

    let mut sandbox = Sandbox::new_at(NOW);
    sandbox.ok(&format!("import '{path}'"));
    sandbox.write("subscriptions.csv", &subscriptions(&stored, &breaks));
    sandbox.ok("import subscriptions.csv");
    sandbox.ok("rule preset add fading silent hardly-used unusually-silent --yes");
    sandbox.ok(&format!("run --from {FROM} --to {ACKNOWLEDGED} --accept all"));
    sandbox.at("2015-06-30T20:00:00Z");
    sandbox.ok("ack --all --until 2015-06-30 --reason seen --yes");
    sandbox.at(NOW);
    sandbox.ok(&format!("run --from 2015-07-01 --to {TO} --accept all"));
    let (trends, conditions): (Vec<Value>, Vec<Value>) =
        sandbox.array("list").into_iter().partition(|signal| signal["kind"] == "trend");
    let mut trends: Vec<Signal> = trends.iter().map(Signal::from_json).collect();
    Signal::sort(&mut trends);

    let fading = Rule { repeat: Some(28), direction: naive::Direction::Down, ..Rule::fading() };
    let mut expected = history.run(&[fading], FROM, TO);
    let is_early = |signal: &&mut Signal| signal.raised_on.as_str() <= ACKNOWLEDGED;
    expected.iter_mut().filter(is_early).for_each(|signal| signal.state = "closed".to_owned());
    naive::assert_same(&trends, &expected, "fading");

    let rules = [
        UsageRule { name: "silent", cooldown: 28, holds: |on| on.days_since_last_event >= 35 },
        UsageRule {
            name: "hardly-used",
            cooldown: 28,
            holds: |on| on.active_days_84d <= 2 && on.days_as_customer >= 56,
        },
        UsageRule {
            name: "unusually-silent",
            cooldown: 28,
            holds: |on| {
                on.days_since_last_event >= 14
                    && on.days_since_last_event > on.longest_gap_365d.unwrap_or(0) + 14
            },
        },
    ];
    let expected = history.usage_signals(&rules, (FROM, TO), &[ACKNOWLEDGED]);
    let mut found: Vec<(String, String, String)> = conditions
        .iter()
        .map(|signal| {
            ["company_id", "rule", "raised_on"]
                .map(|name| signal[name].as_str().unwrap().to_owned())
        })
        .map(|[company, rule, day]| (company, rule, day))
        .collect();
    found.sort();
    eprintln!("{} fading, {} others", trends.len(), found.len());
    assert!(rules.iter().all(|rule| found.iter().any(|(_, name, _)| name == rule.name)));
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected, "left is the program's, right the naive model's");
    }
    assert_eq!(found.len(), expected.len());
}
