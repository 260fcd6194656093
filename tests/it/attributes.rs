//! Every attribute, with values computed by hand from a few rows: at the edges of each window,
//! before the first fact of its kind, and again after later facts arrived.
//!
//! A table has a column for each day and a row for each attribute of a company; `-` stands for
//! unknown. Counts are powers of two, so that a sum shows which days it includes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::health::keep_own_default;
use crate::support::Sandbox;

/// The expected value of an attribute of a company on a day.
struct Case {
    attribute: &'static str,
    company: &'static str,
    day: &'static str,
    expected: Value,
}

fn cases_of(table: &'static str) -> Vec<Case> {
    let mut lines = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|line| !line.is_empty());
    let days = lines.next().unwrap();
    let mut cases = Vec::new();
    for line in lines {
        assert_eq!(line.len(), days.len() + 2, "{line:?}");
        for (day, text) in days.iter().zip(&line[2..]).filter(|(_, text)| **text != "-") {
            let expected = serde_json::from_str(text).unwrap_or_else(|_| Value::from(*text));
            cases.push(Case { attribute: line[0], company: line[1], day, expected });
        }
    }
    cases
}

/// Checks a table against the list of all companies and the page of each.
fn check(sandbox: &Sandbox, table: &'static str) {
    let cases = cases_of(table);
    for day in cases.iter().map(|case| case.day).collect::<BTreeSet<_>>() {
        let of_day: Vec<&Case> = cases.iter().filter(|case| case.day == day).collect();
        let names: BTreeSet<&str> =
            of_day.iter().map(|case| case.attribute).chain(["company_id"]).collect();
        let columns = names.into_iter().collect::<Vec<_>>().join(",");
        let list = sandbox.array(&format!("company list --as-of {day} --columns {columns}"));
        let mut pages: BTreeMap<&str, Value> = BTreeMap::new();
        for case in of_day {
            let (attribute, company) = (case.attribute, case.company);
            let found = list.iter().find(|row| row["company_id"] == company);
            let found = found.unwrap_or_else(|| panic!("{company} is not there on {day}"));
            let value = &found[attribute];
            assert!(
                is_same(value, &case.expected),
                "{attribute} of {company} on {day}: {value}, not {}",
                case.expected
            );
            let page = pages.entry(company).or_insert_with(|| page(sandbox, company, day));
            assert_eq!(&page[attribute], value, "{attribute} on the page of {company} on {day}");
        }
    }
}

fn page(sandbox: &Sandbox, company: &str, day: &str) -> Value {
    let page = sandbox.json(&format!("company show {company} --as-of {day}"));
    page.as_array().map_or(page.clone(), |pages| pages[0].clone())
}

fn is_same(found: &Value, expected: &Value) -> bool {
    match (found.as_f64(), expected.as_f64()) {
        (Some(found), Some(expected)) => (found - expected).abs() < 1e-9,
        _ => found == expected,
    }
}

/// All attributes of all companies on each of these days.
fn everything(sandbox: &Sandbox, days: &[&str]) -> Vec<String> {
    let names: Vec<String> = sandbox
        .array("attribute list")
        .iter()
        .map(|row| row["name"].as_str().unwrap().to_owned())
        .collect();
    let list = |day: &&str| {
        format!("company list --as-of {day} --columns {} --format json", names.join(","))
    };
    days.iter().map(list).map(|command| sandbox.ok(&command).stdout).collect()
}

const TABLES: [&str; 15] = [
    RECORDS, CONTRACTS, USAGE, SENTIMENT, SUPPORT, MONEY, ENGAGEMENT, GOALS, PULSES, HEALTH,
    HISTORY, REGULARITY, PERIODS, FILLING, EXPECTED,
];

#[test]
fn every_attribute_has_cases_that_differ() {
    let sandbox = Sandbox::new();
    let mut expected: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for case in TABLES.into_iter().flat_map(cases_of) {
        expected.entry(case.attribute).or_default().insert(case.expected.to_string());
    }
    // Health depends on the days run: its cases are in health.rs.
    for attribute in
        sandbox.array("attribute list").iter().filter(|attribute| attribute["group"] != "health")
    {
        let name = attribute["name"].as_str().unwrap();
        let values = expected
            .get(name)
            .unwrap_or_else(|| panic!("no table in attributes.rs has a case of {name}"));
        assert!(values.len() > 1, "all cases of {name} expect {values:?}");
    }
}

/// Facts of every kind. Today is 1 April 2026.
fn facts() -> Sandbox {
    let sandbox = Sandbox::new();
    for (kind, text) in FACTS {
        sandbox.write("facts.csv", text.trim_start());
        sandbox.ok(&format!("import --kind {kind} facts.csv"));
    }
    for (level, day) in [("satisfied", "2026-03-01"), ("2", "2026-03-25")] {
        sandbox
            .ok(&format!("pulse set acme {level} --on {day} --reason-code support/response-time"));
    }
    sandbox
}

const FACTS: [(&str, &str); 9] = [
    (
        "companies",
        "
company_id,name,csm,manager,lifecycle_stage,segment,plan,product,mrr,created_on,crm_created_on,renewal_on,renewal_term_days,payment_expires_on,seats,seats_used,churned_on,industry
acme,Acme,ana,max,adoption,enterprise,pro,suite,99.5,2025-03-31,2024-12-24,2026-04-30,365,2026-03-30,40,30,,toys
buys,,ben,,,,own,core,5,,,,,,,9,,
gone,,,,,,,,,2025-01-01,,,,,0,3,2026-03-31,
quiet,,,,,,,,,,,,,,,,,
sparse,,,,,,,,,,,,,,,,,
",
    ),
    (
        "subscriptions",
        "
subscription_id,company_id,plan,product,amount,interval,mrr,seats,started_on,renews_on,ended_on,card_expires_on
s1,buys,basic,,1200,year,,5,2026-01-01,2026-12-01,,2026-06-30
s2,buys,gold,,,,200.2,7,2026-03-31,2027-01-01,,
s3,buys,old,,,,1000,,2026-01-01,,2026-03-31,
",
    ),
    (
        "events",
        "
company_id,event,timestamp,person_id,count
acme,a,2026-02-03T12:00:00Z,p1,128
acme,b,2026-02-04T00:00:00Z,p2,1
acme,c,2026-03-03T23:59:59Z,p3,2
acme,d,2026-03-04T00:00:00Z,p4,4
acme,a,2026-03-24T23:59:59Z,p1,8
acme,a,2026-03-25T00:00:00Z,p3,16
acme,e,2026-03-31T08:00:00Z,,31
acme,e,2026-03-31T23:59:59Z,p5,1
sparse,a,2026-02-03,,1
sparse,a,2026-03-31,,1
",
    ),
    (
        "nps",
        "
company_id,score,responded_on,person_id
acme,5,2025-12-31,p2
acme,9,2026-01-01,p3
acme,6,2026-03-24,p2
acme,7,2026-03-25,p4
acme,10,2026-03-31,p3
",
    ),
    (
        "tickets",
        "
ticket_id,company_id,opened_at,closed_at,priority,status,satisfaction
t1,acme,2025-12-31T00:00:00Z,2026-01-01T12:00:00Z,,,Good
t2,acme,2026-02-03T00:00:00Z,2026-03-03T00:00:00Z,,,3
t3,acme,2026-02-04T00:00:00Z,2026-03-04T00:00:00Z,,,meh
t4,acme,2026-03-03T10:00:00Z,,Critical,open,
t5,acme,2026-03-04T00:00:00Z,2026-03-31T00:00:00Z,P1,,BAD
t6,acme,2026-03-31T09:00:00Z,,normal,open,
t7,acme,2026-03-10T09:00:00Z,,urgent,Solved,
",
    ),
    (
        "invoices",
        "
invoice_id,company_id,due_on,paid_on,amount,status
i1,acme,2026-03-30,,100.10,open
i2,acme,2026-03-31,,7,
i3,acme,2026-03-01,2026-03-31,50.25,paid
i4,acme,2026-03-15,,20.20,
i5,acme,2026-03-02,,999,Void
i6,sparse,2026-03-15,,,
",
    ),
    (
        "people",
        "
person_id,company_id,name,role
j1,acme,\"Doe, Jane\",Chief EXECUTIVE officer
j2,acme,Max Power,engineer
",
    ),
    (
        "touchpoints",
        "
company_id,occurred_at,direction,kind,with
acme,2026-03-01T10:00:00Z,inbound,email,j2
acme,2026-03-05T10:00:00Z,outbound,Review,\"doe, jane\"
acme,2026-03-05T16:00:00Z,outbound,call,j2
acme,2026-03-09T10:00:00Z,outbound,email,Max Power
acme,2026-03-20T10:00:00Z,inbound,email,j2
acme,2026-03-25T10:00:00Z,outbound,email,j2; Somebody Else
sparse,2026-03-30T10:00:00Z,outbound,email,Executive
",
    ),
    (
        "goals",
        "
company_id,event,due_on
acme,a,2026-02-03
acme,c,2026-03-02
acme,y,2026-03-01
acme,z,2026-03-30
acme,e,2026-04-30
",
    ),
];

const RECORDS: &str = "
                                  2026-03-31  2026-03-30
    company_id             acme   acme        acme
    company_id             quiet  quiet       quiet
    name                   acme   Acme        Acme
    name                   quiet  null        null
    csm                    acme   ana         ana
    csm                    quiet  null        null
    manager                acme   max         max
    manager                quiet  null        null
    lifecycle_stage        acme   adoption    adoption
    lifecycle_stage        quiet  null        null
    segment                acme   enterprise  enterprise
    segment                quiet  null        null
    plan                   acme   pro         pro
    plan                   quiet  null        null
    product                acme   suite       suite
    product                quiet  null        null
    mrr                    acme   99.5        99.5
    mrr                    quiet  null        null
    created_on             acme   2025-03-31  2025-03-31
    created_on             quiet  null        null
    crm_created_on         acme   2024-12-24  2024-12-24
    crm_created_on         quiet  null        null
    renewal_on             acme   2026-04-30  2026-04-30
    renewal_on             quiet  null        null
    renewal_term_days      acme   365         365
    renewal_term_days      quiet  null        null
    payment_expires_on     acme   2026-03-30  2026-03-30
    payment_expires_on     quiet  null        null
    seats                  acme   40          40
    seats                  quiet  null        null
    seats_used             acme   30          30
    seats_used             quiet  null        null
    churned_on             gone   2026-03-31  null
    churned_on             acme   null        null
    industry               acme   toys        toys
    industry               quiet  null        null
    days_since_created     acme   365         364
    days_since_created     quiet  null        null
    days_to_renewal        acme   30          31
    days_to_renewal        quiet  null        null
    days_to_payment_expiry acme   -1          0
    days_to_payment_expiry quiet  null        null
    seat_usage_pct         acme   75          75
    seat_usage_pct         gone   null        null
    seat_usage_pct         quiet  null        null
";

/// Subscription s3 ends on 31 March, and s2 begins.
const CONTRACTS: &str = "
                                  2026-03-31  2026-03-30  2026-01-01
    plan                   buys   gold        old         old
    product                buys   core        core        core
    mrr                    buys   300.2       1100        1100
    seats                  buys   12          5           5
    created_on             buys   2026-01-01  2026-01-01  2026-01-01
    renewal_on             buys   2026-12-01  2026-12-01  2026-12-01
    renewal_term_days      buys   365         365         365
    payment_expires_on     buys   2026-06-30  2026-06-30  2026-06-30
    days_since_created     buys   89          88          0
    days_to_renewal        buys   245         246         334
    days_to_payment_expiry buys   91          92          180
    seat_usage_pct         buys   75          180         180
";

/// The windows of 31 March begin on 25 March, 4 March and 4 February. -76.74… is -99 of 129.
const USAGE: &str = "
                                        2026-03-31  2026-03-30          2026-03-02  2026-02-17  2026-02-16  2026-02-03  2026-02-02
    events_7d                    acme   48          24                  0           0           0           128         null
    events_7d                    quiet  0           0                   0           0           0           0           null
    events_28d                   acme   60          30                  129         129         129         128         null
    events_28d                   quiet  0           0                   0           0           0           0           null
    events_previous_28d          acme   3           129                 null        null        null        null        null
    events_previous_28d          quiet  0           0                   null        null        null        null        null
    events_change_28d_pct        acme   1900        -76.74418604651163  null        null        null        null        null
    events_change_28d_pct        quiet  null        null                null        null        null        null        null
    active_people_7d             acme   2           2                   0           0           0           1           null
    active_people_7d             quiet  0           0                   0           0           0           0           null
    active_people_28d            acme   4           3                   2           2           2           1           null
    active_people_28d            sparse 0           0                   0           0           0           0           null
    active_people_previous_28d   acme   2           2                   null        null        null        null        null
    active_people_previous_28d   quiet  0           0                   null        null        null        null        null
    active_people_change_28d_pct acme   100         50                  null        null        null        null        null
    new_people_7d                acme   1           0                   0           0           null        null        null
    new_people_7d                quiet  0           0                   0           0           null        null        null
    new_people_28d               acme   2           null                null        null        null        null        null
    new_people_28d               quiet  0           null                null        null        null        null        null
    active_days_28d              acme   4           4                   2           2           2           1           null
    active_days_28d              quiet  0           0                   0           0           0           0           null
    features_used_28d            acme   3           3                   2           2           2           1           null
    features_used_28d            quiet  0           0                   0           0           0           0           null
    days_since_last_event        acme   0           5                   26          13          12          0           null
    days_since_last_event        sparse 0           55                  27          14          13          0           null
    days_since_last_event        quiet  null        null                null        null        null        null        null
    first_event_on               acme   2026-02-03  2026-02-03          2026-02-03  2026-02-03  2026-02-03  2026-02-03  null
    last_event_on                acme   2026-03-31  2026-03-25          2026-02-04  2026-02-04  2026-02-04  2026-02-03  null
    last_event_on                sparse 2026-03-31  2026-02-03          2026-02-03  2026-02-03  2026-02-03  2026-02-03  null
";

/// 90 days before 31 March begin on 1 January.
const SENTIMENT: &str = "
                              2026-03-31  2026-03-30  2025-12-31  2025-12-30
    nps_score          acme   10          7           5           null
    nps_score          quiet  null        null        null        null
    nps_previous_score acme   9           6           null        null
    nps_change         acme   1           1           null        null
    nps_change         quiet  null        null        null        null
    nps_category       acme   promoter    passive     detractor   null
    nps_responded_on   acme   2026-03-31  2026-03-25  2025-12-31  null
    days_since_nps     acme   0           5           0           null
    nps_mean_90d       acme   8           6.75        5           null
    nps_mean_90d       quiet  null        null        null        null
    nps_responses      acme   5           4           1           null
    nps_responses      quiet  0           0           0           null
    nps_promoters      acme   2           1           0           null
    nps_passives       acme   1           1           0           null
    nps_detractors     acme   2           2           1           null
    nps_promoters_7d   acme   1           0           0           null
    nps_passives_7d    acme   1           1           0           null
    nps_detractors_7d  acme   0           1           1           null
    nps_detractors_7d  quiet  0           0           0           null
";

/// Closed by 31 March within 90 days: after 36, 672, 672 and 648 hours.
const SUPPORT: &str = "
                                     2026-03-31  2026-03-30  2025-12-31  2025-12-30
    open_tickets              acme   2           2           1           null
    open_tickets              quiet  0           0           0           null
    open_urgent_tickets       acme   1           2           0           null
    tickets_28d               acme   3           3           1           null
    tickets_28d               quiet  0           0           0           null
    tickets_previous_28d      acme   2           2           0           null
    tickets_change_28d_pct    acme   50          50          null        null
    tickets_change_28d_pct    quiet  null        null        null        null
    closed_tickets_28d        acme   2           2           0           null
    mean_resolution_hours_90d acme   507         460         null        null
    satisfaction_90d          acme   3           4           null        null
    satisfaction_90d          quiet  null        null        null        null
";

/// i3 was paid on 31 March; an invoice is overdue from the day after its due date.
const MONEY: &str = "
                             2026-03-31  2026-03-30  2026-03-01  2026-02-28
    overdue_invoices  acme   2           2           0           null
    overdue_invoices  quiet  0           0           0           null
    overdue_amount    acme   120.3       70.45       0           null
    overdue_amount    quiet  0           0           0           null
    overdue_invoices  sparse 1           1           0           null
    overdue_amount    sparse null        null        0           null
";

const ENGAGEMENT: &str = "
                                       2026-03-31  2026-03-20  2026-03-19  2026-03-01  2026-02-28
    days_since_touch            acme   6           0           10          0           null
    days_since_touch            quiet  null        null        null        null        null
    days_since_reply            acme   11          0           18          0           null
    days_since_reply            sparse null        null        null        null        null
    unanswered_touches          acme   1           0           2           0           null
    unanswered_touches          sparse 1           0           0           0           null
    unanswered_touches          quiet  0           0           0           0           null
    days_unanswered             acme   6           null        14          null        null
    days_unanswered             sparse 1           null        null        null        null
    days_since_review           acme   26          15          14          null        null
    days_since_executive_touch  acme   26          15          14          null        null
    days_since_executive_touch  sparse 1           null        null        null        null
";

/// The first use of c was a day late, that of e was early.
const GOALS: &str = "
                         2026-03-31  2026-03-30  2026-03-03  2026-03-02  2026-03-01  2026-02-03  2026-02-02
    goals_met     acme   2           1           1           1           1           1           null
    goals_met     quiet  0           0           0           0           0           0           null
    goals_overdue acme   2           1           1           1           0           0           null
";

/// 60, then halfway from 60 to 20 on 25 March; from the next day on, 1 - 0.5^(1/14) of the
/// remaining difference per day.
const PULSES: &str = "
                            2026-03-31  2026-03-30  2026-03-25  2026-03-08  2026-03-07  2026-02-28
    pulse            acme   2           2           2           4           4           null
    pulse            quiet  null        null        null        null        null        null
    pulse_label      acme   high-risk   high-risk   high-risk   satisfied   satisfied   null
    pulse_set_on     acme   2026-03-25  2026-03-25  2026-03-25  2026-03-01  2026-03-01  null
    days_since_pulse acme   6           5           0           7           6           null
    pulse_change_7d  acme   -2          -2          -2          0           null        null
    success_score    acme   34.9        35.6        40          60          60          null
";

#[test]
fn attributes_follow_from_facts_up_to_their_day() {
    let sandbox = facts();
    for table in [RECORDS, CONTRACTS, USAGE, SENTIMENT, SUPPORT, MONEY, ENGAGEMENT, GOALS, PULSES] {
        check(&sandbox, table);
    }
}

/// With a default profile of usage (weight 4), recency (3) and no signals, which scores 100 (1). On
/// 3 March usage is 100 (200 events after 100) and recency 25: 575 / 8. On the 24th 71.43 (no
/// change) and 100, so 685.71 / 8. On the 30th and 31st 78.57 and 75. Days that were not run have
/// the health of the previous day run.
const HEALTH: &str = "
                            2026-03-31  2026-03-30  2026-03-25  2026-03-24  2026-03-03  2026-03-02
    health_score       acme 76.3        77.7        85.7        85.7        71.9        null
    health_score       idle null        null        null        null        null        null
    health_band        acme good        good        good        good        good        null
    health_band        idle unknown     unknown     unknown     unknown     unknown     null
    health_change_7d   acme -9.4        5.8         13.8        13.8        null        null
    health_change_7d   idle null        null        null        null        null        null
    health_change_28d  acme 4.5         null        null        null        null        null
    health_main_driver acme usage       usage       usage       usage       recency     null
";

#[test]
fn health_is_that_of_the_latest_day_run() {
    let sandbox = Sandbox::new();
    sandbox.write("companies.csv", "company_id,name\nacme,Acme\nidle,Idle\n");
    sandbox.ok("import --kind companies companies.csv");
    sandbox.import_events(&[
        ("acme", "login", "2025-12-01", 1),
        ("acme", "login", "2026-01-10", 100),
        ("acme", "login", "2026-02-10", 200),
        ("acme", "login", "2026-03-20", 100),
        ("acme", "login", "2026-03-24", 100),
    ]);
    keep_own_default(&sandbox);
    for day in ["2026-03-03", "2026-03-24", "2026-03-30", "2026-03-31"] {
        sandbox.ok(&format!("run --as-of {day} --max-lag 30"));
    }
    check(&sandbox, HEALTH);
}

const DAYS: [&str; 6] =
    ["2026-03-31", "2026-03-30", "2026-03-19", "2026-02-03", "2026-02-02", "2025-12-31"];

/// Companies with a long history. `back` churned on 1 July 2025 and returned on 1 January 2026.
fn long_past() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "companies.csv",
        "company_id,created_on,churned_on\nback,2025-06-10,2025-07-01\nquiet,,\ngap,,\nedge,,\n",
    );
    sandbox.ok("import --kind companies companies.csv");
    sandbox.ok("company return back --on 2026-01-01");
    let days = [
        ("gap", "2024-12-01", 1),
        ("gap", "2025-03-31", 1),
        ("gap", "2025-04-10", 1),
        ("gap", "2025-07-01", 1),
        ("gap", "2025-09-20", 1),
        ("gap", "2025-12-01", 1),
        ("gap", "2026-02-01", 1),
        ("gap", "2026-03-31", 1),
        ("back", "2025-06-01", 1),
        ("back", "2025-06-11", 1),
        ("back", "2025-12-31", 1),
        ("back", "2026-01-05", 1),
        ("back", "2026-01-15", 1),
        ("edge", "2025-03-31", 1),
        ("edge", "2025-10-02", 2),
        ("edge", "2025-10-03", 4),
        ("edge", "2026-01-06", 8),
        ("edge", "2026-01-07", 16),
        ("edge", "2026-03-31", 32),
    ];
    let rows = days.map(|(company, day, count)| format!("{company},login,{day},p1,{count}\n"));
    let header = "company_id,event,timestamp,person_id,count\n";
    sandbox.write("events.csv", &[header, &rows.concat()].concat());
    sandbox.ok("import events.csv");
    sandbox
}

/// The windows of 31 March begin on 7 January and on 3 October. The gaps of `gap` are 120, 10, 82,
/// 81, 72, 62 and 58 days; the first ended on 31 March 2025, 364 days before 30 March.
const REGULARITY: &str = "
                            2026-03-31  2026-03-30  2026-01-15  2026-01-05  2025-06-30  2024-12-01  2024-11-30
    active_days_84d   edge  2           2           2           0           0           0           null
    active_days_84d   back  1           1           3           2           2           -           -
    active_days_84d   quiet 0           0           0           0           0           0           null
    active_days_180d  edge  4           4           4           2           1           0           null
    active_days_180d  quiet 0           0           0           0           0           0           null
    events_180d       edge  60          30          30          6           1           0           null
    events_180d       quiet 0           0           0           0           0           0           null
    longest_gap_365d  gap   82          120         120         120         120         null        null
    longest_gap_365d  back  10          10          10          null        10          -           -
    longest_gap_365d  quiet null        null        null        null        null        null        null
";

const PERIODS: &str = "
                             2026-03-31  2026-01-02  2026-01-01  2025-12-31  2025-07-01  2025-06-30  2025-06-01  2025-05-31
    days_as_customer   gap   486         398         397         396         213         212         183         182
    days_as_customer   back  90          2           1           null        null        30          1           -
    days_as_customer   quiet null        null        null        null        null        null        null        null
    days_since_created back  294         206         205         204         21          20          null        -
    churned_on         back  null        null        null        2025-07-01  2025-07-01  null        null        -
";

/// The data begins on 1 December; 56 full days are reached on 25 January.
const FILLING: &str = "
                                       2025-01-25  2025-01-24
    events_previous_28d          gap   1           null
    events_change_28d_pct        gap   -100        null
    active_people_previous_28d   gap   1           null
    active_people_change_28d_pct gap   -100        null
";

/// There are too few other companies to compare with. `gap` was active on 3 of the 168 days before
/// the last 28, which is half a day per 28; `back`, in its fourth window, on 1 of 56.
const EXPECTED: &str = "
                                   2026-03-31          2026-03-30         2025-12-31
    expected_active_days_28d gap   0.5                 0.5                -
    expected_active_days_28d back  0.5                 0.5                null
    expected_active_days_28d quiet null                null               null
    usage_vs_expected_pct    gap   133.33333333333333  66.66666666666667  -
    usage_vs_expected_pct    back  66.66666666666667   66.66666666666667  null
    usage_vs_expected_pct    quiet null                null               null
";

#[test]
fn a_long_past_is_looked_at_only_within_its_windows() {
    let sandbox = long_past();
    for table in [REGULARITY, PERIODS, FILLING, EXPECTED] {
        check(&sandbox, table);
    }
}

/// Facts of the day after the last requested one, including their effect on earlier ones.
const LATER: [(&str, &str); 7] = [
    (
        "events",
        "company_id,event,timestamp,person_id\nacme,f,2026-04-01,p9\nnew,a,2026-04-01,p1\nquiet,y,2026-04-01,\nacme,y,2026-04-01,\n",
    ),
    ("nps", "company_id,score,responded_on,person_id\nacme,0,2026-04-01,p3\nnewer,3,2026-04-01,\n"),
    (
        "tickets",
        "ticket_id,company_id,opened_at,closed_at,priority,status,satisfaction\n\
         t4,acme,2026-03-03T10:00:00Z,2026-04-01T01:00:00Z,Critical,closed,5\nt8,acme,2026-04-01T00:00:00Z,,P1,open,\n",
    ),
    (
        "invoices",
        "invoice_id,company_id,due_on,paid_on,amount,status\ni4,acme,2026-03-15,2026-04-01,20.20,paid\ni7,acme,2026-04-01,,3,\n",
    ),
    (
        "touchpoints",
        "company_id,occurred_at,direction,kind,with\nacme,2026-04-01T00:00:00Z,inbound,review,executive\n",
    ),
    ("pulses", "company_id,pulse,set_on\nacme,6,2026-04-01\nnewest,1,2026-04-01\n"),
    (
        "subscriptions",
        "subscription_id,company_id,plan,mrr,seats,started_on\ns4,buys,large,5000,99,2026-04-01\n",
    ),
];

#[test]
fn later_facts_change_no_earlier_day() {
    let sandbox = facts();
    let before = everything(&sandbox, &DAYS);
    let today = everything(&sandbox, &["2026-04-01"]);
    for (kind, text) in LATER {
        sandbox.write("later.csv", text);
        sandbox.ok(&format!("import --kind {kind} later.csv"));
        assert_eq!(everything(&sandbox, &DAYS), before, "{kind}");
    }
    sandbox.ok("pulse set acme 5");
    sandbox.ok("task add acme 'Call them' --due 2026-03-01");
    sandbox.ok("company tag acme vip");
    assert_eq!(everything(&sandbox, &DAYS), before);
    assert_ne!(everything(&sandbox, &["2026-04-01"]), today);
}

/// Signals, tasks and tags that came and went: company a logged in on 1 March and never again. That
/// is good on that day and bad on 8 March; people are reminded of the condition after 30 days.
/// Entries count on their day by the clock, the morning after the latest day run.
fn history() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.import_events(&[
        ("a", "signed_up", "2026-01-10", 1),
        ("a", "login", "2026-03-01", 50),
        ("heart", "beat", "2026-03-31", 1),
    ]);
    sandbox.ok("rule set login");
    sandbox.ok("rule add first --kind adoption --event login");
    sandbox.ok(
        "rule add note --kind condition --when 'active_days_28d >= 0' --where 'first_event_on IS NOT NULL' --type info",
    );
    sandbox.ok("run --from 2026-03-01 --to 2026-03-10");
    sandbox.ok_next_day(&format!(
        "ack {} {} --reason seen",
        id(&sandbox, "login", "bad"),
        id(&sandbox, "note", "info")
    ));
    for due in ["2026-03-20", "2026-03-15", "2026-04-30"] {
        sandbox.ok_next_day(&format!("task add a 'Call them' --due {due}"));
    }
    sandbox.ok_next_day("company tag a vip");
    sandbox.ok("run --from 2026-03-11 --to 2026-03-20");
    sandbox.ok_next_day(&format!("reopen {} --reason again", id(&sandbox, "login", "bad")));
    sandbox.ok_next_day(&format!("ack {} --reason fine", id(&sandbox, "login", "good")));
    sandbox.ok_next_day("task done 1");
    sandbox.ok_next_day("company tag a zeta alpha --remove vip");
    sandbox.ok("run --from 2026-03-21 --to 2026-03-31");
    sandbox
}

fn id(sandbox: &Sandbox, rule: &str, signal_type: &str) -> i64 {
    let signals = sandbox.array(&format!("list a --rule {rule} --type {signal_type}"));
    signals.last().unwrap()["id"].as_i64().unwrap()
}

const HISTORY: &str = "
                                 2026-03-31  2026-03-30  2026-03-29  2026-03-28  2026-03-21  2026-03-20  2026-03-11  2026-03-10  2026-03-08  2026-03-07  2026-02-28
    bad_open_signals         a   1           1           1           1           1           0           0           1           1           0           0
    bad_open_signals         heart 0           -           -           -           -           -           -           -           -           -           -
    bad_closed_signals       a   0           0           0           0           0           1           1           0           0           0           0
    good_open_signals        a   1           1           1           1           1           2           2           2           2           2           0
    good_closed_signals      a   1           1           1           1           1           0           0           0           0           0           0
    info_open_signals        a   1           0           0           0           0           0           0           1           1           1           0
    info_closed_signals      a   1           1           1           1           1           1           1           0           0           0           0
    bad_activity_signals_28d a   1           1           1           1           1           1           1           1           1           0           0
    good_activity_signals_28d a  0           0           0           2           2           2           2           2           2           2           0
    last_signal_on           a   2026-03-31  2026-03-08  2026-03-08  2026-03-08  2026-03-08  2026-03-08  2026-03-08  2026-03-08  2026-03-08  2026-03-01  null
    open_tasks               a   2           2           2           2           2           3           3           0           0           0           0
    overdue_tasks            a   1           1           1           1           1           1           0           0           0           0           0
    tags                     a   alpha;zeta  alpha;zeta  alpha;zeta  alpha;zeta  alpha;zeta  vip         vip         null        null        null        null
";

#[test]
fn signals_tasks_and_tags_are_as_they_stood_on_the_day() {
    let sandbox = history();
    check(&sandbox, HISTORY);
    let days = [
        "2026-03-31",
        "2026-03-30",
        "2026-03-21",
        "2026-03-20",
        "2026-03-11",
        "2026-03-08",
        "2026-02-28",
    ];
    let page = || days.map(|day| sandbox.ok(&format!("company show a --as-of {day}")).stdout);
    let (before, pages) = (everything(&sandbox, &days), page());
    sandbox.ok("ack --all --reason enough --yes");
    sandbox.ok(&format!("reopen {} --reason again", id(&sandbox, "note", "info")));
    sandbox.ok("task done 2 3");
    sandbox.ok("company tag a --remove zeta");
    assert_eq!(everything(&sandbox, &days), before);
    assert_eq!(page(), pages);
    let columns = "bad_open_signals,bad_closed_signals,good_closed_signals,info_open_signals,info_closed_signals,open_tasks,tags";
    let now = &sandbox.array(&format!("company list --columns {columns} --sort company_id"))[0];
    let expected = serde_json::json!({
        "bad_open_signals": 0, "bad_closed_signals": 1, "good_closed_signals": 2, "info_open_signals": 1,
        "info_closed_signals": 1, "open_tasks": 0, "tags": "alpha",
    });
    assert_eq!(now, &expected);
}

#[test]
fn columns_of_files_do_not_take_the_names_of_attributes() {
    let sandbox = Sandbox::new();
    let attributes = sandbox.array("attribute list");
    let counted = attributes.iter().filter(|attribute| attribute["group"] != "company");
    let names: Vec<&str> = counted.map(|attribute| attribute["name"].as_str().unwrap()).collect();
    sandbox.write(
        "companies.csv",
        &format!("company_id,{}\na{}\n", names.join(","), ",7".repeat(names.len())),
    );
    sandbox.ok("import --kind companies companies.csv");
    let own = sandbox.array("attribute list");
    for name in names {
        assert!(
            own.iter().any(|attribute| attribute["name"] == format!("custom_{name}")),
            "{name}"
        );
    }
}

/// The windows of 31 March begin on 25 and 4 March. Bo is new at acme on 10 March, Cy on the 28th,
/// and Ana, whom acme has known since January, at beta on the 30th.
#[test]
fn who_is_new_follows_late_files_merged_companies_and_counts() {
    let sandbox = Sandbox::new();
    let import = |rows: &str| {
        sandbox.write("people.csv", &format!("company_id,person_id,event,timestamp\n{rows}"));
        sandbox.ok("import people.csv");
    };
    let new = |company: &str, day: &str| {
        let shown = &sandbox.json(&format!("company show {company} --as-of {day}"))[0];
        sandbox.ok("check");
        (shown["new_people_7d"].clone(), shown["new_people_28d"].clone())
    };
    import(
        "acme,ana,login,2026-01-05\nacme,bo,login,2026-03-10\nacme,cy,login,2026-03-28\n\
         beta,ana,login,2026-03-30\nacme,,login,2026-03-31\n",
    );
    assert_eq!(new("acme", "2026-03-31"), (1.into(), 2.into()));
    assert_eq!(new("acme", "2026-03-27"), (0.into(), 1.into()));
    assert_eq!(new("beta", "2026-03-31"), (1.into(), 1.into()));

    import("acme,bo,login,2026-02-01\n");
    assert_eq!(new("acme", "2026-03-31"), (1.into(), 1.into()));
    sandbox.ok("import --undo");
    assert_eq!(new("acme", "2026-03-31"), (1.into(), 2.into()));

    sandbox.ok("company merge beta acme");
    assert_eq!(new("acme", "2026-03-31"), (1.into(), 2.into()));

    // Cy was there before, on a day that came as counts.
    sandbox.write("counts.csv", "company_id,event,day,count\nacme,login,2026-02-10,3\n");
    sandbox.ok("import --kind counts counts.csv");
    assert_eq!(new("acme", "2026-03-31"), (Value::Null, Value::Null));
    sandbox.write("who.csv", "company_id,person_id,day\nacme,cy,2026-02-10\n");
    sandbox.ok("import --kind counts who.csv");
    assert_eq!(new("acme", "2026-03-31"), (0.into(), 1.into()));
}
