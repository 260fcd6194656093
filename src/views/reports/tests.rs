//! Every number of every report, computed by hand for a few customers.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::domain::day::Instant;
use crate::domain::health::{Assessment, Bands, MeasureChange, Scoring};
use crate::domain::portfolio::tests::{customer, pulse};
use crate::domain::signal::{Action, HistoryEntry, Outcome, SignalType, Traffic};
use crate::render::report::Letterhead;

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// The rows of a table as people read them, one line each.
fn lines(table: &Table) -> Vec<String> {
    let row = |row: &crate::render::report::TableRow| {
        let cells: Vec<String> = row.cells.iter().map(|cell| cell.text().into_owned()).collect();
        format!("{}: {}", row.item.name, cells.join(" | "))
    };
    table.rows.iter().map(row).collect()
}

#[track_caller]
fn expect(report: &Report, table: &str, expected: &[&str]) {
    let found = report.tables().find(|candidate| candidate.name == table);
    assert_eq!(lines(found.unwrap_or_else(|| panic!("no table {table}"))), expected, "{table}");
}

fn answers(report: &Report) -> Vec<&str> {
    report.sections.iter().map(|section| section.answer.as_str()).collect()
}

fn of(number: u32, csm: &str, stage: &str, plan: &str, mrr: f64, score: f64) -> Customer {
    let band = match score {
        score if score >= 70.0 => Band::Good,
        score if score >= 40.0 => Band::Average,
        _ => Band::Poor,
    };
    Customer {
        csm: Some(csm.to_owned()),
        stage: Some(stage.to_owned()),
        plan: Some(plan.to_owned()),
        mrr: Some(mrr),
        score: Some(score),
        band,
        ..customer(number)
    }
}

/// Six customers on 31 March 2026: two good, one average, two poor, one unknown.
fn portfolio() -> Portfolio {
    let codes = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect();
    let customers = vec![
        Customer {
            name: Some("Acme".to_owned()),
            pulse: pulse(day("2026-03-01"), 5),
            renewal_on: Some(day("2026-04-30")),
            ..of(1, "ana", "adoption", "gold", 1000.0, 90.0)
        },
        Customer {
            driver: Some("usage".to_owned()),
            pulse: pulse(day("2026-03-28"), 2),
            reason_codes: codes(&["support/response-time", "support/bugs"]),
            renewal_on: Some(day("2026-03-26")),
            bad_open_signals: 2,
            bad_signals_that_hold: 2,
            score_change: Some(-30.0),
            ..of(2, "ana", "adoption", "silver", 300.0, 20.0)
        },
        Customer { overdue_tasks: 1, ..of(3, "ana", "renewal", "silver", 200.5, 35.25) },
        Customer {
            pulse: pulse(day("2026-03-10"), 3),
            reason_codes: codes(&["value/missed-goals", "support/bugs"]),
            renewal_on: Some(day("2026-06-30")),
            ..of(4, "ben", "renewal", "gold", 500.0, 55.0)
        },
        of(5, "cleo", "renewal", "gold", 0.0, 70.0),
        customer(6),
    ];
    let poor_of_team = [("ana", 4), ("ben", 0), ("cleo", 0), ("dan", 1), ("eva", 1)];
    Portfolio {
        head: ReportHead {
            as_of: day("2026-03-31"),
            entries: day("2026-03-31"),
            filter: "all customers".to_owned(),
            letter: Letterhead::default(),
            link: None,
        },
        customers,
        poor_of_team: poor_of_team.map(|(name, poor)| (name.to_owned(), poor)).into(),
        is_filtered: false,
    }
}

/// Four weeks ago, customer 5 was not a customer yet, and 7 still was.
fn history() -> Vec<Snapshot> {
    let scores =
        [(1, Some(80.0)), (2, Some(50.0)), (3, Some(35.25)), (4, None), (6, None), (7, Some(10.0))];
    let scores = scores.map(|(key, score)| (CompanyKey(key), score)).to_vec();
    vec![
        Snapshot::new(day("2026-02-24"), vec![(CompanyKey(1), None)]),
        Snapshot::new(day("2026-03-03"), scores),
    ]
}

#[test]
fn customers_by_health() {
    let report = health(&portfolio(), &history());
    // Of 6 customers, and of 2,000.50, the sum of the known amounts.
    expect(
        &report,
        "health",
        &[
            "good: 2 | 33.3 % | 1,000 | 50.0 %",
            "average: 1 | 16.7 % | 500 | 25.0 %",
            "poor: 2 | 33.3 % | 500.50 | 25.0 %",
            "unknown: 1 | 16.7 % | - | -",
        ],
    );
    assert_eq!(
        answers(&report)[0],
        "6 customers pay 2,000.50 a month; 2 of them (33.3 %) are in poor health, with 500.50 of the MRR (25.0 %)."
    );
}

#[test]
fn groups_with_a_problem() {
    let report = health(&portfolio(), &history());
    // Customers, bands, poor of those with a score, mean score: 215 / 3 and 55.25 / 2; MRR, MRR of
    // the poor.
    expect(
        &report,
        "plans",
        &[
            "gold: 3 | 2 | 1 | 0 | 0 | 0.0 % | 71.7 | 1,500 | 0",
            "silver: 2 | 0 | 0 | 2 | 0 | 100.0 % | 27.6 | 500.50 | 500.50",
            "(none): 1 | 0 | 0 | 0 | 1 | - | - | - | 0",
        ],
    );
    // 110 / 2 and 160.25 / 3.
    expect(
        &report,
        "stages",
        &[
            "adoption: 2 | 1 | 0 | 1 | 0 | 50.0 % | 55.0 | 1,300 | 300",
            "renewal: 3 | 1 | 1 | 1 | 0 | 33.3 % | 53.4 | 700.50 | 200.50",
            "(none): 1 | 0 | 0 | 0 | 1 | - | - | - | 0",
        ],
    );
    // Nobody has a product.
    assert!(report.tables().all(|table| table.name != "products"));
    assert_eq!(
        answers(&report)[1],
        "Plan silver has a health problem: 2 of 2 in poor health (100.0 %). Of all customers with a score, 40.0 % are in poor health."
    );
}

#[test]
fn the_trend_is_that_of_those_present_on_both_days() {
    let report = health(&portfolio(), &history());
    // 1, 2 and 3 have a score on both days: 165.25 / 3 then, 145.25 / 3 now. 5 joined with 70, 7
    // left with 10.
    expect(
        &report,
        "health_change",
        &["2026-03-03: 55.1 | 48.4 | -6.7 | 3 | 1 | 1 | 1 | 70.0 | 1 | 10.0"],
    );
    // All scores: 175.25 / 4, and 270.25 / 5.
    expect(
        &report,
        "health_weeks",
        &["2026-03-03: 55.1 | 3 | 43.8 | 6 | - | -", "2026-03-31: 48.4 | 3 | 54.1 | 6 | 1 | 1"],
    );
    assert_eq!(
        answers(&report)[2],
        "Health scores are about the same: 3 customers with a score on both days average 48.4 now, against 55.1 on 2026-03-03 \
         (-6.7); 1 customer joined and 1 left since."
    );
    expect(&report, "movers_down", &["C-2: C-2 | ana | 50.0 | 20.0 | -30.0 | poor | usage | 300"]);
    expect(&report, "movers_up", &["C-1: C-1 | ana | 80.0 | 90.0 | +10.0 | good | - | 1,000"]);
    assert_eq!(answers(&report)[3], "C-2 fell furthest in 28 days, from 50.0 to 20.0.");
}

fn month(text: &str, customers: u64) -> MonthStart {
    MonthStart { first: day(text), customers }
}

fn losses() -> Losses {
    let cancelled = |on: &str, mrr, codes: &[&str]| Cancellation {
        day: day(on),
        mrr,
        reason_codes: codes.iter().map(|code| (*code).to_owned()).collect(),
    };
    Losses {
        months: vec![
            month("2025-09-01", 0),
            month("2025-10-01", 10),
            month("2025-11-01", 9),
            month("2025-12-01", 11),
            month("2026-01-01", 12),
            month("2026-02-01", 10),
            month("2026-03-01", 8),
        ],
        cancellations: vec![
            cancelled("2025-10-31", Some(50.0), &["price/too-high"]),
            cancelled("2026-01-05", Some(100.0), &["switched/to-competitor", "price/too-high"]),
            cancelled("2026-01-31", None, &["switched/to-competitor"]),
            cancelled("2026-03-01", Some(25.5), &[]),
        ],
        downsells: vec![Downsell {
            day: day("2026-02-10"),
            lost_mrr: Some(40.0),
            reason_codes: vec!["seats/fewer-people".to_owned()],
        }],
    }
}

#[test]
fn cancellations_by_month() {
    let report = dashboard(&portfolio(), &[], &losses(), &TrafficByType::new(), None);
    expect(
        &report,
        "cancellations",
        &[
            "2025-10: 1 | 10 | 10.0 % | 50 | 0 | 0 | price/too-high",
            "2025-11: 0 | 9 | 0.0 % | 0 | 0 | 0 | -",
            "2025-12: 0 | 11 | 0.0 % | 0 | 0 | 0 | -",
            "2026-01: 2 | 12 | 16.7 % | 100 | 0 | 0 | switched/to-competitor",
            "2026-02: 0 | 10 | 0.0 % | 0 | 1 | 40 | -",
            "2026-03: 1 | 8 | 12.5 % | 25.50 | 0 | 0 | -",
        ],
    );
    // 1 of 30 and 3 of 30 customers and months.
    expect(&report, "cancellation_trend", &["before: 1 | 3.3 % | 50", "last: 3 | 10.0 % | 125.50"]);
    expect(
        &report,
        "cancellation_reasons",
        &[
            "price/too-high: 2 | 50.0 % | 150",
            "switched/to-competitor: 2 | 50.0 % | 100",
            "(none): 1 | 25.0 % | 25.50",
        ],
    );
    expect(&report, "downsell_reasons", &["seats/fewer-people: 1 | 100.0 % | 40"]);
    assert_eq!(
        answers(&report)[1],
        "3 cancellations in the last three months, 1 before. In 6 months there were 4 cancellations with 175.50 of MRR."
    );
}

/// Losses of twelve cancellations in the last three months and `before` in the three before.
fn many_losses(before: usize) -> Losses {
    let on = |day: &str, count| {
        let loss = Cancellation { day: day.parse().unwrap(), mrr: None, reason_codes: Vec::new() };
        vec![loss; count]
    };
    let cancellations = [on("2025-11-15", before), on("2026-02-15", 12)].concat();
    Losses { cancellations, ..losses() }
}

#[test]
fn cancellations_go_up_only_by_more_than_chance_makes() {
    let answer = |before| {
        let report =
            dashboard(&portfolio(), &[], &many_losses(before), &TrafficByType::new(), None);
        answers(&report)[1].to_owned()
    };
    // Twice the tail of 12 against 3: 2 x 576 / 2^15; against 4: 2 x 2517 / 2^16.
    assert!(answer(3).starts_with(
        "Cancellations are going up: 12 in the last three months (40.0 % a month), 3 in the three before (10.0 % a month)."
    ));
    assert!(answer(4).starts_with("Cancellations are about the same: 12 in"), "{}", answer(4));
    let one = Losses {
        cancellations: losses().cancellations.split_off(3),
        downsells: Vec::new(),
        ..losses()
    };
    let report = dashboard(&portfolio(), &[], &one, &TrafficByType::new(), None);
    assert_eq!(
        answers(&report)[1],
        "1 cancellation in the last three months, none before. In 6 months there was 1 cancellation with 25.50 of MRR."
    );
}

#[test]
fn scores_go_down_only_by_more_than_twice_the_standard_error() {
    let customers: Vec<Customer> =
        (1..=4).map(|number| of(number, "ana", "a", "b", 1.0, 50.0)).collect();
    let same = Portfolio { customers, ..portfolio() };
    let answer = |then: [f64; 4]| {
        let scores = (1..=4).map(CompanyKey).zip(then.map(Some)).collect();
        let report = health(&same, &[Snapshot::new(day("2026-03-03"), scores)]);
        answers(&report)[2].to_owned()
    };
    // Changes of -1, -2, -3 and -2: mean -2, standard error 0.41. Of -1, -9, 5 and 1: -1 and 2.94.
    assert!(answer([51.0, 52.0, 53.0, 52.0]).starts_with("Health scores are going down"));
    assert!(answer([51.0, 59.0, 45.0, 49.0]).starts_with("Health scores are about the same"));
}

#[test]
fn a_team_of_two_is_not_compared() {
    let mut two = portfolio();
    two.poor_of_team.retain(|name, _| ["ana", "ben"].contains(&name.as_str()));
    let report = workload(&two);
    assert_eq!(answers(&report), ["Workload cannot be compared: there are fewer than three CSMs."]);
    assert!(lines(&report.sections[0].tables[0]).iter().all(|line| line.ends_with("| -")));
    two.poor_of_team.clear();
    assert!(answers(&workload(&two))[0].starts_with("Workload cannot be compared without CSMs"));
}

#[test]
fn retention_and_currency_stand_beside_the_revenue() {
    let mut book = portfolio();
    book.head.letter.currency = Some("EUR".to_owned());
    let kept = Retention { net: 104.0, gross: 91.25 };
    let report = dashboard(&book, &[], &losses(), &TrafficByType::new(), Some(kept));
    let summary = lines(report.summary.as_ref().unwrap());
    assert_eq!(summary[1], "mrr: 2,000.50 | in EUR");
    assert_eq!(summary[3], "nrr: 104.0 % | over 12 months");
    assert_eq!(summary[4], "grr: 91.3 % | over 12 months");
    assert!(answers(&report)[0].starts_with("6 customers pay 2,000.50\u{a0}EUR a month;"));
}

#[test]
fn a_month_that_is_not_over_is_compared_with_nothing() {
    let mut early = portfolio();
    early.head.entries = day("2026-03-30");
    early.head.as_of = early.head.entries;
    let report = dashboard(&early, &[], &losses(), &TrafficByType::new(), None);
    expect(&report, "cancellation_trend", &[]);
    assert!(
        answers(&report)[1].ends_with("to tell whether they are going up or down."),
        "{report:?}"
    );
}

#[test]
fn the_top_of_the_dashboard() {
    let report = dashboard(&portfolio(), &[], &losses(), &TrafficByType::new(), None);
    expect(
        &report,
        "summary",
        &[
            "customers: 6 | ",
            "mrr: 2,000.50 | ",
            "arr: 24,006 | 12 times MRR",
            "nrr: - | needs 12 months of subscriptions",
            "grr: - | needs 12 months of subscriptions",
            "poor_customers: 2 | 33.3 % of all",
            "poor_mrr: 500.50 | ",
            "cancellations_this_month: 1 | 2026-03",
            "signals_waiting: 0 | ",
        ],
    );
}

#[test]
fn overloaded_csms_are_marked() {
    let report = workload(&portfolio());
    // The team's median of 0, 0, 1, 1 and 4 is 1; ana has two poor customers outside the filter.
    expect(
        &report,
        "workload",
        &[
            "ana: 3 | 1,500.50 | 2 | 2 | 1 | yes",
            "ben: 1 | 500 | 0 | 0 | 0 | no",
            "cleo: 1 | 0 | 0 | 0 | 0 | no",
            "(none): 1 | - | 0 | 0 | 0 | -",
        ],
    );
    assert_eq!(
        answers(&report),
        ["ana is overloaded with 4 customers in poor health: the team's median is 1.0."]
    );
}

#[test]
fn without_scores_nothing_is_said_of_health() {
    let mut unknown = portfolio();
    for customer in &mut unknown.customers {
        (customer.score, customer.band) = (None, Band::Unknown);
    }
    let report = dashboard(&unknown, &[], &losses(), &TrafficByType::new(), None);
    assert_eq!(
        answers(&report)[0],
        "6 customers pay 2,000.50 a month; none of them has a health score yet."
    );
    assert_eq!(answers(&report)[2], NO_SCORES);
    assert!(report.sections[2].tables.is_empty());
    assert_eq!(
        lines(report.summary.as_ref().unwrap())[5],
        "poor_customers: - | no health scores yet"
    );
    let nobody = Portfolio { customers: Vec::new(), poor_of_team: BTreeMap::new(), ..portfolio() };
    assert_eq!(answers(&health(&nobody, &[]))[0], NO_CUSTOMERS);
}

#[test]
fn a_filter_that_leaves_nobody_is_why_there_is_nothing() {
    let nobody = Portfolio {
        customers: Vec::new(),
        poor_of_team: BTreeMap::new(),
        is_filtered: true,
        ..portfolio()
    };
    let (no_losses, no_signals) = (Losses::default(), TrafficByType::new());
    let top = dashboard(&nobody, &[], &no_losses, &no_signals, None);
    let none = "No customers match the filter.";
    let nobody_to_talk_about = "No customer needs talking about.";
    assert_eq!(answers(&top), [none, none, none, none, none, none, nobody_to_talk_about]);
    let top = lines(top.summary.as_ref().unwrap());
    assert_eq!((top[3].as_str(), top[5].as_str()), ("nrr: - | ", "poor_customers: - | "));
    for report in [
        health(&nobody, &history()),
        super::pulse(&nobody),
        risk_factors(&nobody),
        stages(&nobody),
        renewals(&nobody),
        workload(&nobody),
        signals(&nobody, &[]),
    ] {
        assert!(answers(&report).iter().all(|answer| *answer == none), "{report:?}");
    }
}

#[test]
fn a_change_of_health_is_explained_by_a_measure_that_went_the_same_way() {
    let change = |days, before, measures: &[(&str, f64)]| HealthChange {
        days,
        before,
        measures: measures
            .iter()
            .map(|(name, change)| MeasureChange {
                measure: (*name).to_owned(),
                change: *change,
                before: None,
                now: None,
            })
            .collect(),
    };
    let bands = Bands { good: 70.0, average: 40.0 };
    let scoring = Scoring { name: "all".to_owned(), bands, measures: Vec::new() };
    let health = Assessment::of(&Arc::new(scoring), Vec::new());
    let review = |changes| Review {
        health: Some(health.clone()),
        history: Vec::new(),
        changes,
        signals: Vec::new(),
        people: Vec::new(),
        has_people: false,
        tasks: Vec::new(),
    };
    let answer = |changes| {
        let acme = of(1, "ana", "adoption", "gold", 1000.0, 50.0);
        answers(&company(&portfolio(), &acme, &review(changes)))[0].to_owned()
    };
    // The largest change first, as they are explained.
    let measures = [("satisfaction", 5.0), ("usage", -4.8), ("logins", -3.5)];
    assert_eq!(
        answer(vec![change(7, 53.3, &measures), change(28, 45.0, &measures[..1])]),
        "Health is 50.0 (average): -3.3 against 7 days ago, most of all usage (-4.8); \
         +5.0 against 28 days ago, most of all satisfaction (+5.0)."
    );
    // What is shown as 0.0 has no cause.
    assert_eq!(
        answer(vec![change(7, 49.96, &[("usage", 5.04), ("logins", -5.0)])]),
        "Health is 50.0 (average): 0.0 against 7 days ago."
    );
}

#[test]
fn customers_by_pulse() {
    let report = pulse_report();
    expect(
        &report,
        "levels",
        &[
            "severe-risk: 0 | 0.0 % | 0",
            "high-risk: 1 | 16.7 % | 300",
            "some-risk: 1 | 16.7 % | 500",
            "satisfied: 0 | 0.0 % | 0",
            "very-satisfied: 1 | 16.7 % | 1,000",
            "extremely-satisfied: 0 | 0.0 % | 0",
            "no-pulse: 3 | 50.0 % | 200.50",
        ],
    );
    expect(
        &report,
        "customers",
        &[
            "C-2: C-2 | high-risk | 2026-03-28 | support/response-time, support/bugs | ana | 300",
            "C-4: C-4 | some-risk | 2026-03-10 | value/missed-goals, support/bugs | ben | 500",
            "C-1: C-1 | very-satisfied | 2026-03-01 | - | ana | 1,000",
            "C-3: C-3 | no-pulse | - | - | ana | 200.50",
            "C-5: C-5 | no-pulse | - | - | cleo | 0",
            "C-6: C-6 | no-pulse | - | - | - | -",
        ],
    );
    assert_eq!(
        answers(&report),
        ["2 of 6 customers at risk (33.3 %), 3 without a pulse (50.0 %)."]
    );
}

fn pulse_report() -> Report {
    super::pulse(&portfolio())
}

#[test]
fn changes_of_the_pulse() {
    let then = day("2026-03-24");
    // Then: 2 was satisfied, 4 had no pulse yet, 5 and 6 were not customers, and 7, at severe risk,
    // still was.
    let earlier = [
        (1, pulse(day("2026-03-01"), 5)),
        (2, pulse(day("2026-02-01"), 4)),
        (3, None),
        (4, None),
        (7, pulse(day("2026-01-01"), 1)),
    ];
    let earlier: EarlierPulses = earlier.map(|(key, mark)| (CompanyKey(key), mark)).into();
    let report = pulse_changes(&portfolio(), then, &earlier);
    // Then, now, change, moved in, joined, left.
    expect(
        &report,
        "levels",
        &[
            "severe-risk: 0 | 0 | 0 | 0 | 0 | 1",
            "high-risk: 0 | 1 | +1 | 1 | 0 | 0",
            "some-risk: 0 | 1 | +1 | 1 | 0 | 0",
            "satisfied: 1 | 0 | -1 | 0 | 0 | 0",
            "very-satisfied: 1 | 1 | 0 | 0 | 0 | 0",
            "extremely-satisfied: 0 | 0 | 0 | 0 | 0 | 0",
            "no-pulse: 2 | 1 | -1 | 0 | 2 | 0",
        ],
    );
    expect(
        &report,
        "moved",
        &[
            "C-2: C-2 | high-risk | satisfied | 2026-03-28 | support/response-time, support/bugs | ana | 300",
            "C-4: C-4 | some-risk | no-pulse | 2026-03-10 | value/missed-goals, support/bugs | ben | 500",
        ],
    );
    assert_eq!(
        answers(&report),
        [
            "Since 2026-03-24 the pulse of 1 customer became worse, 0 became better, and 1 got a first one."
        ]
    );
}

#[test]
fn reasons_of_those_at_risk() {
    let report = risk_factors(&portfolio());
    // Two are at risk; one has two reasons of the category support and counts once in it.
    expect(&report, "categories", &["support: 2 | 100.0 % | 800", "value: 1 | 50.0 % | 500"]);
    expect(
        &report,
        "reasons",
        &[
            "support/bugs: 2 | 100.0 % | 800",
            "support/response-time: 1 | 50.0 % | 300",
            "value/missed-goals: 1 | 50.0 % | 500",
        ],
    );
    assert_eq!(
        answers(&report),
        [
            "2 customers at risk; the most common category of reasons is support, for 2 of them (100.0 %)."
        ]
    );
}

#[test]
fn health_and_pulse_by_stage() {
    let report = stages(&portfolio());
    expect(
        &report,
        "health_share",
        &[
            "adoption: 50.0 % | 0.0 % | 50.0 % | 0.0 %",
            "renewal: 33.3 % | 33.3 % | 33.3 % | 0.0 %",
            "(none): 0.0 % | 0.0 % | 0.0 % | 100.0 %",
        ],
    );
    expect(
        &report,
        "pulse",
        &[
            "adoption: 2 | 0 | 1 | 0 | 0 | 1 | 0 | 0",
            "renewal: 3 | 0 | 0 | 1 | 0 | 0 | 0 | 2",
            "(none): 1 | 0 | 0 | 0 | 0 | 0 | 0 | 1",
        ],
    );
    expect(
        &report,
        "pulse_share",
        &[
            "adoption: 0.0 % | 50.0 % | 0.0 % | 0.0 % | 50.0 % | 0.0 % | 0.0 %",
            "renewal: 0.0 % | 0.0 % | 33.3 % | 0.0 % | 0.0 % | 0.0 % | 66.7 %",
            "(none): 0.0 % | 0.0 % | 0.0 % | 0.0 % | 0.0 % | 0.0 % | 100.0 %",
        ],
    );
    assert_eq!(
        answers(&report),
        [
            "No lifecycle stage stands out.",
            "Stage adoption has the largest share at risk: 1 of 2 customers (50.0 %)."
        ]
    );
}

#[test]
fn renewals_and_revenue_at_risk() {
    let report = renewals(&portfolio());
    // 2 is overdue by 5 days, poor and at high risk; 1 renews in 30 days and is healthy; 4 renews
    // in 91 days, with some risk.
    expect(
        &report,
        "renewal_risk",
        &[
            "overdue: 1 | 300 | 1 | 300",
            "0-30: 1 | 1,000 | 0 | 0",
            "31-60: 0 | 0 | 0 | 0",
            "61-90: 0 | 0 | 0 | 0",
            "later: 1 | 500 | 1 | 500",
            "total: 3 | 1,800 | 2 | 800",
        ],
    );
    expect(
        &report,
        "renewals",
        &[
            "C-2: C-2 | 2026-03-26 | -5 | overdue | 300 | 20.0 | poor | high-risk | yes | ana",
            "C-1: C-1 | 2026-04-30 | 30 | due | 1,000 | 90.0 | good | very-satisfied | no | ana",
            "C-4: C-4 | 2026-06-30 | 91 | due | 500 | 55.0 | average | some-risk | yes | ben",
        ],
    );
    assert_eq!(
        answers(&report),
        ["800 of MRR at risk, of 1,800 that renews (44.4 %): 2 of 3 renewals; 1 overdue."]
    );
}

#[test]
fn customers_to_talk_about() {
    let report = dashboard(&portfolio(), &history(), &losses(), &TrafficByType::new(), None);
    // Points: C-2 has 4 + 3 + 3 + 2 + 2 and 1 for its MRR, C-1 3 and 2 for its MRR, C-3 3 + 1, C-4 2
    // and 1 for its MRR; a renewal in 91 days is not soon.
    let expected = [
        "C-2: renewal overdue by 5 days; pulse high-risk since 2026-03-28 (support/response-time, support/bugs); poor health, mainly usage; \
         health fell by 30.0 in 28 days; 2 signals that still hold | ana | 300 | 20.0 | high-risk | 2026-03-26 | C-2",
        "C-1: renewal in 30 days | ana | 1,000 | 90.0 | very-satisfied | 2026-04-30 | C-1",
        "C-3: poor health; 1 overdue task | ana | 200.50 | 35.3 | - | - | C-3",
        "C-4: pulse some-risk since 2026-03-10 (value/missed-goals, support/bugs) | ben | 500 | 55.0 | some-risk | 2026-06-30 | C-4",
    ];
    expect(&report, "talk_about", &expected);
    assert_eq!(
        answers(&report)[6],
        "4 customers to talk about, C-2 first; together they pay 2,000.50 a month."
    );
}

fn life(
    rule: &str,
    signal_type: SignalType,
    on: &str,
    entries: &[(&str, Option<Outcome>, &str)],
) -> SignalLife {
    let entry =
        |(place, (on, outcome, reason)): (usize, &(&str, Option<Outcome>, &str))| HistoryEntry {
            action: if place % 2 == 0 { Action::Acknowledged } else { Action::Reopened },
            at: Instant::from_micros(0),
            day: day(on),
            by: "ana".to_owned(),
            reason: (*reason).to_owned(),
            outcome: *outcome,
            until: None,
            assignee: None,
        };
    SignalLife {
        company: CompanyKey(1),
        rule: rule.to_owned(),
        signal_type,
        raised_on: day(on),
        history: entries.iter().enumerate().map(entry).collect(),
    }
}

fn lives() -> Vec<SignalLife> {
    use SignalType::{Bad, Good};
    let handled = Some(Outcome::Handled);
    vec![
        life("login", Bad, "2026-01-10", &[]),
        life("login", Bad, "2026-03-04", &[("2026-03-06", handled, "Called")]),
        life("login", Bad, "2026-03-03", &[("2026-03-04", Some(Outcome::FalseAlarm), "Holiday")]),
        life(
            "login",
            Bad,
            "2026-03-05",
            &[("2026-03-12", handled, "Called"), ("2026-03-14", None, "Again")],
        ),
        life("login", Good, "2026-02-01", &[("2026-02-05", None, "Nice")]),
        life("seats", Good, "2026-03-31", &[]),
    ]
}

#[test]
fn signals_by_rule() {
    let report = signals(&portfolio(), &lives());
    // Days to the first acknowledgement: 2, 1, 7 and 4, so the median is 3. Of those closed now,
    // one was handled and one a false alarm.
    expect(
        &report,
        "rules",
        &[
            "login: 5 | 2 | 3 | 3.0 | 1 | Called (1); Holiday (1); Nice (1)",
            "seats: 1 | 1 | 0 | - | 0 | -",
        ],
    );
    expect(
        &report,
        "outcomes",
        &[
            "login: 1 | 0 | 1 | 0 | 0 | 0 | 0 | 1 | 50.0 %",
            "seats: 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | -",
        ],
    );
    assert_eq!(
        answers(&report),
        ["6 signals raised, 3 open; half of the others were acknowledged within 3.0 days."]
    );
}

#[test]
fn signals_that_come_go_and_wait() {
    let since = |text| Some(day(text));
    let traffic = TrafficByType::from([
        (
            SignalType::Bad,
            Traffic { opened: 2, closed: 2, open: 2, open_since: since("2026-01-10") },
        ),
        (
            SignalType::Good,
            Traffic { opened: 1, closed: 0, open: 1, open_since: since("2026-03-31") },
        ),
    ]);
    let report = dashboard(&portfolio(), &[], &losses(), &traffic, None);
    expect(
        &report,
        "signals",
        &["bad: 2 | 2 | 2 | 2026-01-10", "good: 1 | 0 | 1 | 2026-03-31", "info: 0 | 0 | 0 | -"],
    );
    assert_eq!(
        answers(&report)[5],
        "3 signals opened and 2 closed in the last 28 days; 3 waiting, 2 of them bad, the oldest since 2026-01-10."
    );
    assert_eq!(lines(report.summary.as_ref().unwrap())[8], "signals_waiting: 3 | ");
}

#[test]
fn names_within_a_report_are_unique_and_fit_a_sheet() {
    let (portfolio, history, losses, lives) = (portfolio(), history(), losses(), lives());
    let reports = [
        dashboard(&portfolio, &history, &losses, &TrafficByType::new(), None),
        health(&portfolio, &history),
        pulse_report(),
        pulse_changes(&portfolio, day("2026-03-24"), &EarlierPulses::new()),
        risk_factors(&portfolio),
        stages(&portfolio),
        renewals(&portfolio),
        workload(&portfolio),
        signals(&portfolio, &lives),
    ];
    for report in &reports {
        let mut seen = std::collections::BTreeSet::new();
        for table in report.tables() {
            assert!(
                seen.insert(table.name) && seen.insert(table.title),
                "{}: {}",
                report.title,
                table.name
            );
            assert!(
                table.title.len() <= 31
                    && !table.title.contains(['*', '?', ':', '[', ']', '\\', '/'])
            );
            let mut columns = std::collections::BTreeSet::from([table.label.name]);
            let named = table.columns.iter().filter(|column| !column.name.is_empty());
            assert!(named.into_iter().all(|column| columns.insert(column.name)), "{}", table.name);
            assert!(table.rows.iter().all(|row| row.cells.len() == table.columns.len()));
        }
    }
}
