//! Whether the rules of open signals still hold: recorded by each run, with reminders while they
//! do, and auto-acknowledged if the rule says so.

use serde_json::{Value, json};

use crate::support::Sandbox;

const QUIET: &str = "--kind condition --when 'days_since_last_event >= 14' --where 'length(company_id) = 4' --type bad --cooldown 10";

/// Acme was silent from 1 February until 20 March.
fn silent_until_spring() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.import_events(&[
        ("acme", "login", "2026-02-01", 1),
        ("acme", "login", "2026-03-20", 1),
        ("heart", "beat", "2026-01-01", 1),
        ("heart", "beat", "2026-03-31", 1),
    ]);
    sandbox
}

fn only(sandbox: &Sandbox, arguments: &str) -> Value {
    let mut signals = sandbox.array(arguments);
    assert_eq!(signals.len(), 1, "{signals:?}");
    signals.remove(0)
}

#[test]
fn a_condition_that_holds_is_told_again_after_each_cooldown() {
    let sandbox = silent_until_spring();
    sandbox.ok(&format!("rule add quiet {QUIET}"));
    sandbox.ok("run --from 2026-02-14 --to 2026-03-10");
    // Silent for 14 days on 15 February; 10 days later, and 10 days after that.
    let signal = only(&sandbox, "list");
    assert_eq!(
        [&signal["raised_on"], &signal["renewed_on"], &signal["holds"]],
        [&json!("2026-02-15"), &json!("2026-03-07"), &json!(true)]
    );
    let shown = only(&sandbox, "show 1");
    let history = shown["history"].as_array().unwrap();
    let entries: Vec<_> =
        history.iter().map(|entry| (&entry["action"], &entry["day"], &entry["by"])).collect();
    let renewed = json!("renewed");
    let by = json!("signals");
    assert_eq!(
        entries,
        [(&renewed, &json!("2026-02-25"), &by), (&renewed, &json!("2026-03-07"), &by)]
    );
    sandbox.ok("run --as-of 2026-03-10 --backfill");
    assert_eq!(only(&sandbox, "list")["renewed_on"], "2026-03-07");

    sandbox.ok("run --from 2026-03-11 --to 2026-03-31");
    let signal = only(&sandbox, "list --holds no");
    assert_eq!([&signal["renewed_on"], &signal["state"]], [&json!("2026-03-17"), &json!("open")]);
    assert_eq!(sandbox.array("list --holds yes").len(), 0);
    assert!(sandbox.ok("list --format csv").stdout.contains(",no,2026-03-17,"));
    sandbox.fails("list --holds maybe", 2);
}

#[test]
fn a_rule_may_acknowledge_what_no_longer_holds() {
    let sandbox = silent_until_spring();
    sandbox.ok(&format!("rule add quiet {QUIET} --auto-ack --playbook re-engage"));
    sandbox.ok("run --from 2026-02-14 --to 2026-03-31 --notify");
    let signal = only(&sandbox, "list");
    let fields = ["state", "outcome", "reason", "acknowledged_by", "holds"];
    assert_eq!(
        fields.map(|field| signal[field].clone()),
        [
            json!("closed"),
            json!("recovered"),
            json!("no longer holds since 2026-03-20"),
            json!("signals"),
            json!(false)
        ]
    );
    assert_eq!(sandbox.array("task list --state open").len(), 0);
}

/// Silent from 1 February, and again from 1 March: each time after 14 days.
#[test]
fn an_automatic_acknowledgement_counts_from_its_day() {
    let sandbox = Sandbox::new();
    sandbox.import_events(&[
        ("acme", "login", "2026-02-01", 1),
        ("acme", "login", "2026-03-01", 1),
        ("heart", "beat", "2026-01-01", 1),
        ("heart", "beat", "2026-03-31", 1),
    ]);
    sandbox.ok(&format!("rule add quiet {QUIET} --auto-ack"));
    sandbox.ok("run --from 2026-02-14 --to 2026-03-20");
    let mut raised: Vec<Value> =
        sandbox.array("list").into_iter().map(|signal| signal["raised_on"].clone()).collect();
    raised.sort_by_key(Value::to_string);
    assert_eq!(raised, ["2026-02-15", "2026-03-15"]);
}

#[test]
fn adoption_holds_until_it_is_done() {
    let sandbox = Sandbox::new();
    sandbox.write("companies.csv", "company_id,created_on\nacme,2026-02-01\n");
    sandbox.ok("import --kind companies companies.csv");
    sandbox
        .import_events(&[("acme", "export", "2026-03-25", 1), ("acme", "login", "2026-02-01", 1)]);
    sandbox.ok("rule add first --kind adoption --event export --within 14");
    sandbox.ok("run --from 2026-02-10 --to 2026-03-24");
    assert_eq!(only(&sandbox, "list")["holds"], json!(true));
    sandbox.ok("run --as-of 2026-03-25");
    assert_eq!(only(&sandbox, "list --type bad")["holds"], json!(false));
    assert_eq!(only(&sandbox, "list --type good")["holds"], json!(true));
}

#[test]
fn a_trend_holds_while_its_windows_say_so() {
    let sandbox = Sandbox::new();
    sandbox.import_events(&[
        ("acme", "login", "2026-01-01", 1),
        ("acme", "login", "2026-03-01", 100),
        ("acme", "login", "2026-03-08", 50),
        ("heart", "beat", "2026-03-31", 1),
    ]);
    sandbox.ok("rule set login --direction down");
    // 50 after 100 from the 8th to the 14th, then 0 after 50 until the 21st, then 0 after 0.
    for (from, to, holds) in [("08", "14", true), ("15", "21", true), ("22", "22", false)] {
        sandbox.ok(&format!("run --from 2026-03-{from} --to 2026-03-{to}"));
        let first = sandbox.array("list --sort date").remove(0);
        assert_eq!((&first["raised_on"], &first["holds"]), (&json!("2026-03-08"), &json!(holds)));
    }
}
