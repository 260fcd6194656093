//! Previews of what a rule would raise, and the confirmation if it would flood a CSM.

use serde_json::json;

use crate::naive;
use crate::support::Sandbox;

/// This many customers of ana with their last event on 1 February, and thirty of ben who are active
/// every day. Today is 1 April.
fn book(silent: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    let mut companies = "company_id,csm\n".to_owned();
    let mut events = "company_id,event,timestamp,count\n".to_owned();
    for number in 0..silent {
        companies.push_str(&format!("s{number},ana\n"));
        events.push_str(&format!("s{number},login,2026-02-01,1\n"));
    }
    for number in 0..30 {
        companies.push_str(&format!("b{number},ben\n"));
        for day in 1..=31 {
            events.push_str(&format!("b{number},login,2026-03-{day:02},1\n"));
        }
    }
    sandbox.write("companies.csv", &companies);
    sandbox.write("events.csv", &events);
    sandbox.ok("import companies.csv events.csv");
    sandbox
}

#[test]
fn more_than_twenty_signals_for_a_csm_are_asked_about() {
    let sandbox = book(25);
    sandbox.fails("rule preset add silent", 2).says(&["25 signals for ana", "--yes"]);
    sandbox
        .fails("rule add quiet --kind condition --when 'days_since_last_event >= 40' --type bad", 2)
        .says(&["25 signals for ana"]);
    assert_eq!(sandbox.array("rule list"), [] as [serde_json::Value; 0]);
    sandbox.ok("rule preset add silent --yes");
    // Nothing changes, so there is no question.
    sandbox.ok("rule preset add silent").says(&["stays as it was"]);
    sandbox.ok("run");
    assert_eq!(sandbox.array("list --rule silent").len(), 25);
    // The signals exist and are open: another run raises none.
    let preview = sandbox.array("rule show silent")[0]["preview"].clone();
    assert_eq!(preview["first_run"]["signals"], 0);
}

#[test]
fn twenty_are_not_too_many() {
    let sandbox = book(20);
    sandbox.ok("rule preset add silent");
    sandbox.ok("run");
    assert_eq!(sandbox.array("list --rule silent").len(), 20);
}

#[test]
fn several_rules_are_counted_together() {
    let sandbox = book(15);
    // Fifteen by each of two rules.
    let quiet = "rule add quiet --kind condition --when 'days_since_last_event >= 40' --type bad";
    sandbox.ok(quiet);
    sandbox.fails("rule preset add silent unusually-silent", 2).says(&["30 signals for ana"]);
    let listed = sandbox.ok("rule preset add silent unusually-silent --yes").stdout;
    let of = |name: &str| {
        let line = listed.lines().rfind(|line| line.trim_start().starts_with(name));
        line.unwrap().split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    // One signal for each company on 8 March, when 35 days have passed; 28 days later is April.
    // The data begin on 1 February: 15 in 59 days are 1.78 a week.
    assert_eq!(of("silent"), ["silent", "15", "1.8"]);
    // Silent for 15 days on 16 February, again on 16 March: 30 in 59 days.
    assert_eq!(of("unusually-silent"), ["unusually-silent", "15", "3.6"]);
    assert_eq!(of("for ana"), ["for", "ana", "30", "5.3"]);
}

#[test]
fn a_condition_says_what_its_first_run_raises_and_how_many_a_week() {
    let sandbox = book(4);
    let rule = "rule add quiet --kind condition --when 'days_since_last_event >= 40' --type bad";
    let preview = sandbox.array(rule)[0]["preview"].clone();
    // The data begin on 1 February, so that the days are 59. The condition holds from 13 March on.
    let expected = json!({
        "from": "2026-02-01",
        "to": "2026-03-31",
        "per_week": {"as_it_is": 0.5},
        "per_csm": [{"csm": "ana", "per_week": {"as_it_is": 0.5}}],
        "first_run": {"day": "2026-03-31", "signals": 4, "per_csm": [{"csm": "ana", "signals": 4}]},
    });
    assert_eq!(preview, expected);
}

#[test]
fn an_adoption_rule_says_what_its_first_run_raises() {
    let sandbox = book(1);
    // Deadlines on 24 March, before the first run, and on 31 March, its day.
    sandbox
        .write("new.csv", "company_id,csm,created_on\nearly,ana,2026-03-10\nlate,ana,2026-03-17\n");
    sandbox.ok("import new.csv");
    let rule = "rule add first-export --kind adoption --event export --within 14";
    let preview = sandbox.array(rule)[0]["preview"].clone();
    assert_eq!(preview["first_run"]["signals"], 1);
    sandbox.ok("run");
    let raised = sandbox.array("list --rule first-export");
    assert_eq!((raised.len(), &raised[0]["company_id"]), (1, &"late".into()));
}

#[test]
fn a_trend_rule_says_what_its_first_run_raises_and_what_such_rules_are_worth() {
    let sandbox = book(0);
    sandbox.write(
        "more.csv",
        "company_id,event,timestamp,count\nb2,login,2026-03-24,10\nb3,export,2026-03-20,9\n",
    );
    sandbox.ok("import more.csv");
    let outcome = sandbox.ok("rule set login --direction down --format json");
    outcome.says(&["picking customers at random", "lift 0.5 to 0.9", "rule preset add fading"]);
    let rule: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    let preview = &rule[0]["preview"];
    // b2 had 17 logins from 18 to 24 March and 7 in the last week.
    assert_eq!(preview["first_run"]["signals"], 1);
    assert!(preview["per_week"]["as_it_is"].is_number());
    // For rules without measured results nothing is printed.
    let other = sandbox.ok("rule set export --inverse");
    assert!(!other.stderr.contains("at random"), "{other}");
}

/// Whether a number in a row is close to the expected one.
fn is_near(value: &serde_json::Value, expected: f64) -> bool {
    value.as_f64().is_some_and(|value| (value - expected).abs() < 1e-9)
}

#[test]
fn trying_an_edit_says_what_it_adds_and_removes() {
    let sandbox = book(4);
    sandbox.ok("rule preset add silent");
    sandbox.ok("company churn s0 --on 2026-03-30");
    // Silent for 35 days on 8 March, for 50 on 23 March; the churn of s0 follows 22 and 7 days
    // later. 59 days of data, and two CSMs.
    let trial = sandbox
        .array("rule try silent --kind condition --when 'days_since_last_event >= 50' --type bad")
        .remove(0);
    assert_eq!((&trial["from"], &trial["to"]), (&"2026-02-01".into(), &"2026-03-31".into()));
    let of = |name: &str| trial[name].as_u64().unwrap();
    assert_eq!((of("signals_now"), of("signals_then")), (4, 4));
    assert_eq!((of("added"), of("added_before_churn")), (4, 1));
    assert_eq!((of("removed"), of("removed_before_churn")), (4, 1));
    let load = 4.0 / (59.0 / 7.0) / 2.0;
    assert!(is_near(&trial["signals_per_csm_week_now"], load), "{trial}");
    assert!(is_near(&trial["signals_per_csm_week_then"], load), "{trial}");
    // Nothing was saved.
    assert!(sandbox.ok("rule list").stdout.contains(">= 35"));
}

#[test]
fn tuning_on_few_churns_is_refused() {
    let sandbox = book(4);
    sandbox.ok("company churn s0 --on 2026-03-30");
    let said = "0 churns in the first part are too few to tune by: 20 are needed";
    sandbox.fails("tune --budget 5", 9).says(&[said, "fading", "unusually-silent"]);
    assert_eq!(sandbox.array("rule list"), [] as [serde_json::Value; 0]);

    let events = "company_id,event,timestamp\nlate,login,2025-01-01\nlate,login,2025-06-01\n";
    sandbox.write("events.csv", events);
    sandbox.write("late.csv", "company_id,csm,churned_on\nlate,ana,2025-06-10\n");
    sandbox.ok("import events.csv late.csv");
    sandbox
        .fails("tune --budget 5 --split 2026-01-01", 9)
        .says(&["1 churn in the first part is too few to tune by"]);
}

/// A book of 60 companies of one CSM, active every day from 1 January 2025: 24 fall silent after
/// 1 May and churn on 10 June, 24 after 20 October and churn on 29 November, and 12 stay, of
/// which 6 pause for 25 days in March.
fn book_to_tune() -> Sandbox {
    let sandbox = Sandbox::new_at("2026-04-01T06:00:00Z");
    let mut events = String::from("company_id,event,timestamp\n");
    let mut companies = String::from("company_id,csm\n");
    let mut churns = String::from("company_id,churned_on\n");
    let first = naive::day("2025-01-01");
    for company in 0..60 {
        let (last, churn) = match company {
            0..24 => ("2025-05-01", Some("2025-06-10")),
            24..48 => ("2025-10-20", Some("2025-11-29")),
            _ => ("2026-03-31", None),
        };
        let pause = naive::day("2025-03-10")..naive::day("2025-04-04");
        for day in first..=naive::day(last) {
            if !(company >= 54 && pause.contains(&day)) {
                events += &format!("c{company},login,{}T10:00:00Z\n", naive::date(day));
            }
        }
        companies += &format!("c{company},ana\n");
        if let Some(churn) = churn {
            churns += &format!("c{company},{churn}\n");
        }
    }
    for (name, text) in [("events", events), ("companies", companies), ("churn", churns)] {
        sandbox.write(&format!("{name}.csv"), &text);
    }
    sandbox.ok("import events.csv companies.csv churn.csv");
    sandbox
}

/// Only `silent` at 28 days warns of each churn and of nothing else: 21 days and the other rules
/// warn of those who pause too, and 35 days is 5 days before the churn, too late.
///
/// The first part has the days from 25 February (the 56th day as a customer) to 3 July (90 days
/// before the split): 129 for those who stay, 99 for those who churn on 10 June, as the 6 days
/// before do not count. So of 24 x 99 + 24 x 129 + 12 x 129 = 7,020 company-days the 24 x 84 from
/// 12 March to 3 June come before a churn. The later part has 91 days from 2 October to
/// 31 December, of which 52 are before the churns of 24: of 12 x 91 + 24 x 52 = 2,340
/// company-days 1,248. On the day of the split 36 customers have the one CSM, on the last day 12.
#[test]
fn tuning_finds_the_setting_that_warns_of_each_churn_and_of_nothing_else() {
    let sandbox = book_to_tune();
    let tune = "tune --budget 1 --until 2026-03-31 --split 2025-10-01";
    let rows = sandbox.array(tune);
    assert_eq!(rows.len(), 4);
    let row = |set: &str, part: &str| {
        rows.iter().find(|row| row["set"] == set && row["part"] == part).unwrap()
    };
    for (set, part, signals, lift, load) in [
        ("chosen", "first", 24, 7020.0 / 2016.0, 7.0 * 24.0 / 7020.0 * 36.0),
        ("chosen", "later", 24, 2340.0 / 1248.0, 7.0 * 24.0 / 2340.0 * 12.0),
        // `unusually-silent` warns of 6 who pause, and 24 days before each churn.
        ("shipped", "first", 30, 0.8 * 7020.0 / 2016.0, 7.0 * 30.0 / 7020.0 * 36.0),
        ("shipped", "later", 24, 2340.0 / 1248.0, 7.0 * 24.0 / 2340.0 * 12.0),
    ] {
        let row = row(set, part);
        let counts = ["signals", "covered", "churns"].map(|name| row[name].as_u64().unwrap());
        assert_eq!(counts, [signals, 24, 24], "{row}");
        assert!(is_near(&row["lift"], lift), "{row}");
        assert!(is_near(&row["signals_per_csm_week"], load), "{row}");
    }
    assert_eq!(row("chosen", "first")["rules"], "silent: days_since_last_event >= 28");
    assert_eq!(sandbox.array("rule list").len(), 0);
    sandbox.ok(&format!("{tune} --apply"));
    let rules = sandbox.array("rule list");
    assert_eq!(rules.len(), 1);
    assert_eq!(rules[0]["when"], "days_since_last_event >= 28");
}

#[test]
fn the_days_of_a_backtest_are_over_and_in_order() {
    let sandbox = book(4);
    sandbox.ok("company churn s0 --on 2026-03-30");
    sandbox.fails("backtest --until 2026-04-02", 2).says(&["in the future"]);
    sandbox.fails("tune --budget 5 --until 2026-04-02", 2).says(&["in the future"]);
    sandbox
        .fails("backtest --from 2026-03-02 --until 2026-03-01", 2)
        .says(&["2026-03-02 is after 2026-03-01"]);
}

/// What is said below the table is said beside rows for programs too.
#[test]
fn rows_for_programs_come_with_the_remarks() {
    let sandbox = book_to_tune();
    sandbox.ok("rule add low --kind condition --when 'health_score < 50' --type bad --yes");
    let outcome = sandbox.ok("backtest --health --format csv");
    outcome.says(&["health bands", "known only on days that were run", "health_score", "edited"]);
    assert!(outcome.stdout.starts_with("part,rule,signals"), "{outcome}");
}
