//! Adoption rules, and what all kinds of rules share on the command line.

use serde_json::{Value, json};

use crate::support::Sandbox;

const COMPANIES: &str = "\
company_id,name,created_on
acme,Acme,2026-03-01
bolt,Bolt,2026-03-10
coda,Coda,
";

/// Acme became a customer on 1 March and exports on the 20th, Bolt on the 10th and exports on the
/// 12th; Coda logs in from the 5th.
fn three() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("companies.csv", COMPANIES);
    sandbox.ok("import companies.csv");
    sandbox.import_events(&[
        ("coda", "login", "2026-03-05", 1),
        ("bolt", "export", "2026-03-12", 2),
        ("bolt", "export", "2026-03-13", 1),
        ("acme", "export", "2026-03-20", 1),
        ("acme", "login", "2026-03-28", 1),
    ]);
    sandbox
}

/// Day, company, type of all signals, oldest first.
#[track_caller]
fn briefs(sandbox: &Sandbox) -> Vec<String> {
    let text = |signal: &Value, name: &str| signal[name].as_str().unwrap().to_owned();
    let brief = |signal: &Value| {
        ["raised_on", "company_id", "type"].map(|name| text(signal, name)).join(" ")
    };
    sandbox.array("list --sort date").iter().map(brief).collect()
}

const WITHIN_14: &str = "rule add first-export --kind adoption --event export --within 14";
const ALL_MARCH: &str = "run --from 2026-03-01 --to 2026-03-31 --max-lag 100";

/// Deadlines: Acme 15 March, Bolt the 24th, Coda the 19th.
const WITHIN_14_IN_MARCH: [&str; 4] =
    ["2026-03-12 bolt good", "2026-03-15 acme bad", "2026-03-19 coda bad", "2026-03-20 acme good"];

#[test]
fn first_uses_are_good_and_missed_deadlines_bad() {
    let sandbox = three();
    sandbox.ok(WITHIN_14);
    let run = sandbox.ok(ALL_MARCH);
    run.says(&["raised 4 signals (2 bad, 2 good, 0 info)"]);
    assert_eq!(briefs(&sandbox), WITHIN_14_IN_MARCH);
    // Running the same days again raises nothing, and neither does recreating the rule.
    sandbox.ok("run --from 2026-03-01 --to 2026-03-31 --backfill --max-lag 100");
    sandbox.ok("rule remove first-export");
    sandbox.ok(&format!("{WITHIN_14} --retroactive"));
    sandbox.ok("run --as-of 2026-03-31 --max-lag 100");
    assert_eq!(briefs(&sandbox), WITHIN_14_IN_MARCH);
}

#[test]
fn a_signal_of_adoption_has_its_days_and_no_windows() {
    let sandbox = three();
    sandbox.ok(WITHIN_14);
    sandbox.ok(ALL_MARCH);
    let signal = sandbox.array("list --event export --sort date")[3].clone();
    let expected = json!({
        "id": 4, "company_id": "acme", "company_name": "Acme", "csm": null, "rule": "first-export", "kind": "adoption",
        "event": "export", "type": "good", "state": "open", "raised_on": "2026-03-20", "timeframe_days": null,
        "threshold_pct": null, "observation_from": null, "observation_to": null, "observation_count": null,
        "decision_from": null, "decision_to": null, "decision_count": null, "change_pct": null, "chance": null,
        "detail": "first export on 2026-03-20, after the deadline of 2026-03-15", "acknowledged_by": null,
        "acknowledged_at": null, "reason": null, "outcome": null, "holds": true, "renewed_on": null, "measure": null,
        "expected": null, "spread": null, "snoozed_until": null, "assigned_to": null,
    });
    assert_eq!(signal, expected);
    let shown = sandbox.array("show 4")[0].clone();
    let days = json!({"goal": null, "started_on": "2026-03-01", "due_on": "2026-03-15", "done_on": "2026-03-20"});
    assert_eq!(shown["adoption"], days);
    assert_eq!((&shown["daily_counts"], &shown["values_read"]), (&Value::Null, &Value::Null));
    assert_eq!(shown["rule_as_it_was"]["within"], 14);
    // The signal of the 15th does not change on the 20th.
    assert_eq!(sandbox.array("show 2")[0]["adoption"]["done_on"], Value::Null);
    let text = sandbox.ok("show 2").stdout;
    for line in [
        "Signal 2: no export by 2026-03-15, 14 days after the start",
        "deadline    2026-03-15",
        "first done  not yet",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let csv = sandbox.ok("list --type good --format csv").stdout;
    let row = "4,acme,Acme,,first-export,adoption,export,good,open,2026-03-20,,,,,,,,,,,";
    assert!(csv.contains(row), "{csv}");
    assert_eq!(sandbox.array("list --max-chance 1").len(), 0);
    sandbox.ok("ack 4 --reason seen");
    assert_eq!(sandbox.array("list --state closed").len(), 1);
}

#[test]
fn switching_a_rule_on_tells_nothing_of_the_past_unless_asked() {
    let sandbox = three();
    sandbox.ok(WITHIN_14);
    sandbox.ok("run --as-of 2026-03-18 --max-lag 100");
    sandbox.ok("run --as-of 2026-03-31 --max-lag 100");
    assert_eq!(briefs(&sandbox), ["2026-03-31 acme good", "2026-03-31 coda bad"]);
    sandbox.ok("rule add first-export --retroactive");
    sandbox.ok("run --as-of 2026-03-31 --max-lag 100");
    let all = [
        "2026-03-31 acme good",
        "2026-03-31 coda bad",
        "2026-03-31 acme bad",
        "2026-03-31 bolt good",
    ];
    assert_eq!(briefs(&sandbox), all);
}

#[test]
fn a_rule_without_a_deadline_is_good_alone() {
    let sandbox = three();
    sandbox.ok("rule add first-use --kind adoption --event export");
    sandbox.ok(ALL_MARCH);
    assert_eq!(briefs(&sandbox), ["2026-03-12 bolt good", "2026-03-20 acme good"]);
}

#[test]
fn the_start_is_that_of_the_first_subscription_where_no_file_says_more() {
    let sandbox = three();
    sandbox.write(
        "subs.csv",
        "company_id,subscription_id,started_on\ncoda,s2,2026-03-09\ncoda,s1,2026-03-08\nacme,s3,2026-03-09\n",
    );
    sandbox.ok("import subs.csv");
    sandbox.ok(WITHIN_14);
    sandbox.ok(ALL_MARCH);
    let expected = [
        "2026-03-12 bolt good",
        "2026-03-15 acme bad",
        "2026-03-20 acme good",
        "2026-03-22 coda bad",
    ];
    assert_eq!(briefs(&sandbox), expected);
}

#[test]
fn companies_that_have_churned_or_come_later_are_passed_over() {
    let sandbox = three();
    sandbox.ok("company churn acme --on 2026-03-15");
    sandbox.ok("rule add first-export --kind adoption --event export --within 0");
    // It skips the same company, which counts once.
    sandbox.ok("rule add large --kind condition --when 'mrr > 1000' --type info");
    sandbox.ok("run --as-of 2026-03-09 --max-lag 100");
    sandbox.ok("run --as-of 2026-03-31 --max-lag 100");
    // Coda's deadline, the 5th, is before the first run; Acme's too.
    assert_eq!(briefs(&sandbox), ["2026-03-31 bolt bad", "2026-03-31 bolt good"]);
    let runs = sandbox.array("run list");
    let skipped = |place: usize| {
        (runs[place]["companies_skipped"].clone(), runs[place]["companies_evaluated"].clone())
    };
    let counts = |churned, not_created| json!({"no_events": 0, "not_established": 0, "churned": churned, "not_created": not_created, "where": 0});
    assert_eq!(skipped(0), (counts(0, 1), json!(2)));
    assert_eq!(skipped(1), (counts(1, 0), json!(2)));
}

#[test]
fn each_goal_has_a_signal() {
    let sandbox = three();
    let goals = "company_id,event,due_on,name\n\
                 acme,export,2026-03-19,Go live\nacme,export,2026-03-20,\nbolt,login,2026-03-25,Log in\ncoda,login,2026-03-10,\n";
    sandbox.write("goals.csv", goals);
    sandbox.ok("import goals.csv");
    sandbox.ok("rule add goals --kind adoption --goals");
    sandbox.ok(ALL_MARCH);
    let expected = [
        "2026-03-05 coda good",
        "2026-03-19 acme bad",
        "2026-03-20 acme good",
        "2026-03-25 bolt bad",
    ];
    assert_eq!(briefs(&sandbox), expected);
    let details: Vec<Value> =
        sandbox.array("list --sort event").iter().map(|signal| signal["detail"].clone()).collect();
    let expected = [
        "goal 'Go live': no export by 2026-03-19",
        "goal: first export on 2026-03-20, due by 2026-03-20",
        "goal: first login on 2026-03-05, due by 2026-03-10",
        "goal 'Log in': no login by 2026-03-25",
    ];
    assert_eq!(details, expected);
    assert_eq!(sandbox.array("list --event login").len(), 2);
    assert_eq!(sandbox.array("show 2")[0]["adoption"]["goal"], "Go live");
    // A goal that arrives later gets its own signal; the others already have theirs.
    sandbox.write("more.csv", "company_id,event,due_on,name\nacme,export,2026-03-31,Again\n");
    sandbox.ok("import more.csv");
    sandbox.ok("rule add goals --retroactive");
    sandbox.ok("run --as-of 2026-03-31 --max-lag 100");
    assert_eq!(briefs(&sandbox).len(), 5);
    // A rule on one event only watches the goals of that event.
    sandbox.ok("rule add logins --kind adoption --goals --event login --retroactive");
    sandbox.ok("run --as-of 2026-03-31 --max-lag 100");
    assert_eq!(sandbox.array("list --rule logins").len(), 2);
}

#[test]
fn first_uses_follow_late_files_and_merged_companies() {
    let sandbox = three();
    // An export of 3 March arrives late, and Coda turns out to be the company that a file calls
    // Coda Ltd.
    sandbox.import_events(&[
        ("acme", "export", "2026-03-03", 1),
        ("Coda Ltd", "export", "2026-03-18", 1),
    ]);
    sandbox.ok("company merge 'Coda Ltd' coda");
    sandbox.ok("check");
    sandbox.ok(WITHIN_14);
    sandbox.ok(ALL_MARCH);
    assert_eq!(
        briefs(&sandbox),
        ["2026-03-03 acme good", "2026-03-12 bolt good", "2026-03-18 coda good"]
    );
    let sql = "SELECT count(*) FROM first_uses f JOIN companies c ON c.id = f.company WHERE c.company_id = 'coda'";
    let count: i64 = sandbox.database().query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(count, 2, "login and export");
}

#[test]
fn options_of_another_kind_are_refused_by_name() {
    let sandbox = three();
    sandbox.ok("rule set login");
    sandbox.ok(WITHIN_14);
    let cases = [
        ("rule add login --within 5", 2, "--within does not fit 'login', which is a trend rule"),
        (
            "rule add first-export --threshold 5",
            2,
            "--threshold does not fit 'first-export', which is an adoption rule",
        ),
        ("rule add first-export --people", 2, "--people does not fit"),
        ("rule add new --kind adoption --event login --when 'seats > 1'", 2, "--when does not fit"),
        (
            "rule add new --kind condition --event login --when 'seats > 1' --type bad",
            2,
            "--event does not fit",
        ),
        ("rule add new --kind condition --when 'seats > 1'", 2, "--type good|bad|info"),
        ("rule add new --kind adoption", 2, "--event EVENT or --goals"),
        (
            "rule add new --kind adoption --goals --within 5",
            2,
            "--within cannot be used with --goals",
        ),
        ("rule add new --kind adoption --event login --within=-1", 2, "--within"),
        ("rule add new --kind adoption --event login --within 36501", 2, "from 0 to 36500"),
        ("rule add new --kind condition --when x --type bad --for 0", 2, "from 1 to 366"),
        ("rule add new --kind condition --when x --type bad --cooldown=-1", 2, "--cooldown"),
        ("rule add new --kind condition --when x --type awful", 2, "not one of bad, good, info"),
        ("rule add new --kind condition --when ' ' --type bad", 2, "blank"),
        ("rule add first-export --kind trend", 9, "kind of a rule cannot change"),
        ("rule set first-export", 9, "kind of a rule cannot change"),
        ("rule add first-export --event login", 9, "is about first export"),
        ("rule add first-export --goals", 9, "is about first export"),
    ];
    for (command, code, text) in cases {
        sandbox.fails(command, code).says(&[text]);
    }
    assert_eq!(sandbox.array("rule list").len(), 2);
    // The name of a removed rule keeps its kind and event.
    sandbox.ok("rule remove first-export");
    sandbox.fails("rule add first-export --kind trend --event export", 9);
    sandbox.fails("rule add first-export --event login", 9);
    sandbox.ok("rule add first-export --event export");
}

#[test]
fn no_database_is_made_for_a_rule_that_cannot_be() {
    let sandbox = Sandbox::empty();
    sandbox.fails("rule add new --kind adoption", 2);
    sandbox.fails("rule add new --kind adoption --event login --timeframe 7", 2);
    assert!(!sandbox.path("signals.db").exists());
}

#[test]
fn a_rule_keeps_what_is_not_given_and_says_what_changed() {
    let sandbox = three();
    sandbox
        .ok(&format!("{WITHIN_14} --managers --playbook training"))
        .says(&["new rule: first-export: first export within 14 days of the start, good when done, bad when not, \
                 starts the playbook training, tells managers too"]);
    sandbox.ok("rule add first-export --within 21 --no-playbook --executives").says(&[
        "old: first-export: first export within 14 days",
        "new: first-export: first export within 21 days of the start, good when done, bad when not, \
         tells managers and executives too",
    ]);
    sandbox.ok("rule add first-export").says(&["stays as it was"]);
    let mut rule = sandbox.array("rule show first-export")[0].clone();
    assert!(rule["preview"].take().is_object());
    let expected = json!({
        "name": "first-export", "kind": "adoption", "event": "export", "people": null, "timeframe": null,
        "threshold": null, "direction": null, "inverse": null, "min_events": null, "max_chance": null, "enabled": true,
        "where": null, "when": null, "type": null, "cooldown": null, "key": null, "for": null, "within": 21,
        "goals": false, "retroactive": false, "playbook": null, "managers": true, "executives": true, "auto_ack": false, "measure": null, "baseline": null, "against": null, "repeat": null, "preview": null,
    });
    assert_eq!(rule, expected);
    sandbox.ok("rule add first-export --no-within --no-managers --no-executives");
    let rule = sandbox.array("rule list")[0].clone();
    assert_eq!(
        (&rule["within"], &rule["managers"], &rule["executives"]),
        (&Value::Null, &json!(false), &json!(false))
    );
    sandbox.ok("rule set login --managers --playbook re-engage");
    let rule = sandbox.array("rule list")[1].clone();
    assert_eq!(
        (&rule["kind"], &rule["playbook"], &rule["within"]),
        (&json!("trend"), &json!("re-engage"), &Value::Null)
    );
    // Adoption rules count as watching the event.
    let events = sandbox.array("event list");
    let watching: Vec<&Value> = events.iter().map(|event| &event["rules"]).collect();
    assert_eq!(watching, [&json!(["first-export"]), &json!(["login"])]);
}
