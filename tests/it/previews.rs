//! Previews of what a rule would raise, and the confirmation if it would flood a CSM.

use serde_json::json;

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
    outcome.says(&["picking customers by lot", "lift 0.5 to 0.9", "rule preset add fading"]);
    let rule: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    let preview = &rule[0]["preview"];
    // b2 had 17 logins from 18 to 24 March and 7 in the last week.
    assert_eq!(preview["first_run"]["signals"], 1);
    assert!(preview["per_week"]["as_it_is"].is_number());
    // For rules without measured results nothing is printed.
    let other = sandbox.ok("rule set export --inverse");
    assert!(!other.stderr.contains("by lot"), "{other}");
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
    sandbox.fails("tune --budget 5", 9).says(&["fading", "unusually-silent"]);
    assert_eq!(sandbox.array("rule list"), [] as [serde_json::Value; 0]);
}
