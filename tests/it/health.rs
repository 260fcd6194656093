//! Health scores and profiles, and explanations of changes. Scores are computed by hand from the
//! specification.

use serde_json::{Value, json};

use crate::kinds::import;
use crate::support::Sandbox;

/// The default profile of these tests.
pub(crate) const OWN_DEFAULT: &str = "\
[[health.profile]]
name = \"default\"
[[health.profile.measure]]
name = \"usage\"
kind = \"proactive\"
weight = 4
value = \"CASE WHEN days_since_last_event >= 28 THEN -100 ELSE events_change_28d_pct END\"
from = -50
to = 20
[[health.profile.measure]]
name = \"recency\"
kind = \"proactive\"
weight = 3
value = \"days_since_last_event\"
from = 28
to = 0
[[health.profile.measure]]
name = \"activity signals\"
kind = \"proactive\"
weight = 1
value = \"bad_activity_signals_28d\"
from = 5
to = 0
[[health.profile.measure]]
name = \"satisfaction\"
kind = \"reactive\"
weight = 1
value = \"nps_mean_90d\"
from = 0
to = 10
[[health.profile.measure]]
name = \"urgent tickets\"
kind = \"reactive\"
weight = 1
value = \"open_urgent_tickets\"
from = 3
to = 0
";

/// Replaces the shipped default profile.
pub(crate) fn keep_own_default(sandbox: &Sandbox) {
    sandbox.write("default.toml", OWN_DEFAULT);
    sandbox.ok("config apply default.toml");
}

/// Acme is as active as in the month before, but stopped a week ago; globex continues; idle was
/// never active.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let companies = "company_id,name,csm,plan,seats,seats_used\nacme,Acme,ana,pro,10,6\nglobex,Globex,ben,basic,10,9\n\
                     idle,Idle,ana,basic,,\n";
    import(&sandbox, "companies", companies, [3, 0, 0]);
    sandbox.import_events(&[
        ("acme", "login", "2026-02-10", 200),
        ("acme", "login", "2026-03-20", 100),
        ("acme", "login", "2026-03-24", 100),
        ("globex", "login", "2025-12-01", 1),
        ("globex", "login", "2026-02-20", 10),
        ("globex", "login", "2026-03-31", 12),
    ]);
    keep_own_default(&sandbox);
    sandbox
}

/// The values of some fields of each company in a list.
#[track_caller]
fn fields(rows: &[Value], names: &[&str]) -> Vec<Value> {
    rows.iter().map(|row| names.iter().map(|name| row[*name].clone()).collect()).collect()
}

#[track_caller]
fn one(sandbox: &Sandbox, arguments: &str) -> Value {
    sandbox.array(arguments).remove(0)
}

#[track_caller]
fn is_near(value: &Value, expected: f64) {
    let number = value.as_f64().unwrap_or_else(|| panic!("{value} is not a number"));
    assert!((number - expected).abs() < 1e-9, "{number} is not {expected}");
}

#[test]
fn a_drop_in_usage_raises_a_signal_and_lowers_health_on_the_same_day() {
    let sandbox = sandbox();
    sandbox.ok("rule set login");
    sandbox.ok("run --from 2026-03-30 --to 2026-03-31 --max-lag 30");
    assert_eq!(sandbox.briefs().iter().filter(|brief| brief.contains("acme")).count(), 1);

    // On 30 March: no change of events is 50 of 70, 71.43; 6 days since the last event 78.57; no
    // signal 100: (4 × 71.43 + 3 × 78.57 + 100) / 8 = 77.68. On the 31st: 7 days 75, one signal 80:
    // 73.84.
    let day = |day: &str| one(&sandbox, &format!("health show acme --as-of {day}"));
    let (before, now) = (day("2026-03-30"), day("2026-03-31"));
    let shown =
        ["health_score", "health_band", "coverage", "health_main_driver", "profile", "scored_on"];
    assert_eq!(
        fields(&[before], &shown),
        [json!([77.7, "good", 0.8, "usage", "default", "2026-03-30"])]
    );
    assert_eq!(
        fields(std::slice::from_ref(&now), &shown),
        [json!([73.8, "good", 0.8, "usage", "default", "2026-03-31"])]
    );
    let measures = now["measures"].as_array().unwrap();
    let expected = [
        ("usage", json!(0.0), Some((5000.0 / 70.0, 4.0 * 5000.0 / 70.0 / 8.0)), 4.0),
        ("recency", json!(7), Some((75.0, 225.0 / 8.0)), 3.0),
        ("activity signals", json!(1), Some((80.0, 10.0)), 1.0),
        ("satisfaction", json!(null), None, 1.0),
        ("urgent tickets", json!(null), None, 1.0),
    ];
    assert_eq!(measures.len(), expected.len());
    for (measure, (name, raw, scores, weight)) in measures.iter().zip(expected) {
        assert_eq!(
            (&measure["name"], &measure["raw"], &measure["weight"]),
            (&json!(name), &raw, &json!(weight))
        );
        match scores {
            None => assert_eq!(
                (&measure["scaled"], &measure["contribution"]),
                (&json!(null), &json!(null))
            ),
            Some((scaled, contribution)) => {
                is_near(&measure["scaled"], scaled);
                is_near(&measure["contribution"], contribution);
            }
        }
    }

    // Neither acknowledging nor rescoring the day improves health.
    sandbox.ok("ack --all --yes --reason seen");
    sandbox.ok("health recompute --from 2026-03-01 --to 2026-03-31").says(&["scored 2 days again"]);
    assert_eq!(day("2026-03-31")["health_score"], json!(73.8));
}

#[test]
fn a_change_is_explained_with_the_signals_in_between() {
    let sandbox = sandbox();
    sandbox.ok("rule set login");
    // The day 7 days before was not run: the latest before it counts.
    for day in ["2026-03-22", "2026-03-30", "2026-03-31"] {
        sandbox.ok(&format!("run --as-of {day} --max-lag 30"));
    }
    let shown = one(&sandbox, "health show Acme");
    let [week, month] = [0, 1].map(|place| shown["changes"][place].clone());
    // On 22 March: 100 events after 200 are -50 %, 0; 2 days 92.857; one signal, +100 % of the week
    // before: good, so none bad: 100. (0 + 278.571 + 100) / 8 = 47.32. To 73.84: usage +35.71,
    // recency (225 - 278.571) / 8 = -6.70, signals -2.5.
    assert_eq!(
        [&week["since"], &week["health_score"], &week["change"]],
        [&json!("2026-03-22"), &json!(47.3), &json!(26.5)]
    );
    let names: Vec<&Value> =
        week["measures"].as_array().unwrap().iter().map(|change| &change["measure"]).collect();
    assert_eq!(names[..3], [&json!("usage"), &json!("recency"), &json!("activity signals")]);
    is_near(&week["measures"][0]["change"], 4.0 * 5000.0 / 70.0 / 8.0);
    is_near(&week["measures"][1]["change"], (225.0 - 300.0 * 26.0 / 28.0) / 8.0);
    is_near(&week["measures"][2]["change"], -2.5);
    assert_eq!(week["measures"][1]["raw_before"], json!(2));
    assert_eq!(
        fields(week["signals"].as_array().unwrap(), &["raised_on", "type", "rule"]),
        [json!(["2026-03-31", "bad", "login"])]
    );
    assert_eq!([&month["since"], &month["change"]], [&json!(null), &json!(null)]);
    let screen = sandbox.ok("health show acme").stdout;
    for text in [
        "Acme: health 73.8, good, on 2026-03-31",
        "Since 2026-03-22, 7 days ago: +26.5, from 47.3 to 73.8",
        "login stopped",
    ] {
        assert!(screen.contains(text), "{screen} lacks {text}");
    }

    // Globex: from 0 events after 10, -100 %, to +20 %: 0 to 100; 30 days since the last, 0, to
    // 100; no bad signals: 12.5 to 100. The mean of the two rises from 29.91 to 86.92.
    let drivers = sandbox.array("health drivers --days 7");
    let shown = ["measure", "companies_up", "companies_down", "companies", "since", "until"];
    let all = fields(&drivers, &shown);
    assert_eq!(all[0], json!(["usage", 2, 0, 2, "2026-03-22", "2026-03-31"]));
    assert_eq!(all[1], json!(["recency", 1, 1, 2, "2026-03-22", "2026-03-31"]));
    is_near(&drivers[0]["change"], (4.0 * 5000.0 / 70.0 / 8.0 + 50.0) / 2.0);
    let summary = sandbox.ok("health drivers --days 7").stdout;
    assert!(
        summary.starts_with(
            "2 companies, 2026-03-22 to 2026-03-31: mean health from 29.9 to 86.9 (+57.0)"
        ),
        "{summary}"
    );
    assert_eq!(sandbox.array("health drivers --days 7 --csm ben").len(), 5);
    assert_eq!(sandbox.array("health drivers --days 28"), [json!(null); 0]);
}

#[test]
fn lists_and_exports_have_one_decimal_and_rules_of_order() {
    let sandbox = sandbox();
    sandbox.ok("run --as-of 2026-03-31");
    let shown = ["company_id", "health_score", "health_band", "coverage", "profile"];
    // Acme: 71.43, 75, 100: (285.71 + 225 + 100) / 8. Of idle only the signals are known.
    let expected = [
        json!(["acme", 76.3, "good", 0.8, "default"]),
        json!(["globex", 100.0, "good", 0.8, "default"]),
        json!(["idle", null, "unknown", 0.1, "default"]),
    ];
    assert_eq!(fields(&sandbox.array("health list"), &shown), expected);
    let ids = |arguments: &str| fields(&sandbox.array(arguments), &["company_id"]);
    assert_eq!(ids("health list --desc"), [json!(["globex"]), json!(["acme"]), json!(["idle"])]);
    assert_eq!(ids("health list --sort name --desc --csm ana"), [json!(["idle"]), json!(["acme"])]);
    assert_eq!(ids("health list --where 'health_score < 76.34'"), [json!(["acme"])]);
    // Unrounded it is 76.339...: conditions use the exact value.
    assert_eq!(ids("health list --where 'health_score < 76.3'"), [Value::Null; 0]);
    let columns = "company list --columns company_id,health_score,health_band,health_main_driver --format csv";
    let expected = "company_id,health_score,health_band,health_main_driver\nacme,76.3,good,usage\nglobex,100.0,good,\nidle,,unknown,\n";
    assert_eq!(sandbox.ok(columns).stdout, expected);
    let exported = sandbox.ok("export companies --format json").stdout;
    assert!(exported.contains("\"health_score\":76.3,\"health_band\":\"good\""), "{exported}");
    assert_eq!(one(&sandbox, "company show acme")["health"]["health_score"], json!(76.3));
    let table = sandbox.ok("company list").stdout;
    assert!(table.contains("76.3  good") && table.contains("-  unknown"), "{table}");
}

#[test]
fn only_present_customers_have_health() {
    let sandbox = sandbox();
    import(&sandbox, "companies", "company_id,created_on\nnew,2026-03-31\n", [1, 0, 0]);
    sandbox.ok("company churn globex --on 2026-03-31 --reason-code price/too-expensive");
    sandbox.ok("run --from 2026-03-30 --to 2026-03-31 --max-lag 30");
    let ids = |day: &str| {
        fields(
            &sandbox.array(&format!("health list --sort company_id --as-of {day}")),
            &["company_id"],
        )
    };
    assert_eq!(ids("2026-03-30"), [json!(["acme"]), json!(["globex"]), json!(["idle"])]);
    assert_eq!(ids("2026-03-31"), [json!(["acme"]), json!(["idle"]), json!(["new"])]);
    assert_eq!(ids("2026-03-29"), [Value::Null; 0]);
    let globex = one(&sandbox, "health show globex");
    assert_eq!(
        [&globex["health_score"], &globex["health_band"], &globex["measures"]],
        [&json!(null), &json!(null), &json!([])]
    );
}

#[test]
fn a_day_that_was_not_run_has_the_health_of_the_latest_before_it() {
    let mut sandbox = sandbox();
    sandbox.ok("run --as-of 2026-03-22 --max-lag 30");
    sandbox.ok("run --as-of 2026-03-31");
    sandbox.at("2026-04-20T06:00:00Z");
    let asked = |day: &str| {
        let names = "company_id,health_score,health_change_7d,health_change_28d";
        let rows = sandbox.array(&format!("company list --columns {names} --as-of {day}"));
        fields(&rows[..1], &["company_id", "health_score", "health_change_7d", "health_change_28d"])
            .remove(0)
    };
    assert_eq!(asked("2026-03-21"), json!(["acme", null, null, null]));
    assert_eq!(asked("2026-03-22"), json!(["acme", 47.3, null, null]));
    assert_eq!(asked("2026-03-28"), json!(["acme", 47.3, null, null]));
    // 29 March less 7 days is the 22nd, and so is the latest day run by the 29th.
    assert_eq!(asked("2026-03-29"), json!(["acme", 47.3, 0.0, null]));
    // 76.34 - 47.32 = 29.02.
    assert_eq!(asked("2026-03-31"), json!(["acme", 76.3, 29.0, null]));
    assert_eq!(asked("2026-04-06"), json!(["acme", 76.3, 29.0, null]));
    assert_eq!(asked("2026-04-07"), json!(["acme", 76.3, 0.0, null]));
    assert_eq!(asked("2026-04-19"), json!(["acme", 76.3, 0.0, 29.0]));
    sandbox.ok("company churn acme --on 2026-04-10 --reason-code price/too-expensive");
    assert_eq!(asked("2026-04-09")[1], json!(76.3));
    assert_eq!(asked("2026-04-10"), json!(["acme", null, null, null]));
}

fn stored(sandbox: &Sandbox) -> Vec<(i64, i64, Option<f64>, String)> {
    let database = sandbox.database();
    let mut statement = database
        .prepare("SELECT id, version, score, raw_values FROM health_scores ORDER BY id")
        .unwrap();
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn the_same_facts_give_the_same_scores_again() {
    let sandbox = sandbox();
    sandbox.ok("rule set login");
    sandbox.ok("run --from 2026-03-29 --to 2026-03-31 --max-lag 30");
    let first = stored(&sandbox);
    assert_eq!(first.len(), 9);
    sandbox.ok("run --as-of 2026-03-31");
    sandbox.ok("run --as-of 2026-03-30 --backfill --max-lag 30");
    assert_eq!(stored(&sandbox), first);
    sandbox.ok("run --as-of 2026-03-31 --dry-run");
    sandbox.ok("health recompute --from 2026-01-01 --to 2026-04-01");
    assert_eq!(stored(&sandbox), first);
    sandbox.ok("check");
    // The view computes the same as the program.
    let shown = one(&sandbox, "health show acme");
    let database = sandbox.database();
    let sql = "SELECT raw, scaled, contribution FROM health_measure_log WHERE company_id = 'acme' AND day = '2026-03-31'";
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?])).unwrap();
    let rows: Vec<[Option<f64>; 3]> = rows.map(Result::unwrap).collect();
    assert_eq!(rows.len(), 5);
    for (row, measure) in rows.iter().zip(shown["measures"].as_array().unwrap()) {
        for (value, name) in row.iter().zip(["raw", "scaled", "contribution"]) {
            match value {
                Some(value) => is_near(&measure[name], *value),
                None => assert_eq!(measure[name], json!(null)),
            }
        }
    }
}

const SEATS: &str = "name = \"seats\", kind = \"proactive\", value = \"seat_usage_pct\", from = 0, to = 90, weight = 3";
const PLAN: &str = "name = \"plan\", kind = \"reactive\", value = \"plan\", weight = 1, map = { pro = 100, basic = 20 }";

#[test]
fn the_first_profile_that_fits_scores_a_company() {
    let sandbox = sandbox();
    let added = sandbox.ok(&format!(
        "health profile add seats --where 'seats > 0' --priority 5 --measure '{SEATS}' --measure '{PLAN}'"
    ));
    added.says(&["new health profile: seats", "1 proactive and 1 reactive"]);
    sandbox.ok("run --as-of 2026-03-31");
    // Acme: 60 % of 90 % is 66.67: (200 + 100) / 4. Globex: (300 + 20) / 4.
    let shown = ["company_id", "health_score", "health_band", "profile"];
    let expected = [
        json!(["acme", 75.0, "good", "seats"]),
        json!(["globex", 80.0, "good", "seats"]),
        json!(["idle", null, "unknown", "default"]),
    ];
    assert_eq!(fields(&sandbox.array("health list --sort company_id"), &shown), expected);
}

#[test]
fn profiles_are_made_changed_and_removed() {
    let sandbox = sandbox();
    sandbox.ok(&format!(
        "health profile add seats --where 'seats > 0' --priority 5 --measure '{SEATS}' --measure '{PLAN}'"
    ));
    sandbox.ok("run --as-of 2026-03-30 --max-lag 30");
    // Options that are not given stay; the bands are part of the scoring.
    sandbox.ok("health profile add seats --good 76").says(&["is changed"]);
    sandbox.ok("health profile add seats --good 76").says(&["stays as it was"]);
    sandbox.ok("run --as-of 2026-03-31");
    let acme = one(&sandbox, "health show acme");
    assert_eq!([&acme["health_score"], &acme["health_band"]], [&json!(75.0), &json!("average")]);
    let marks = |sandbox: &Sandbox| {
        let shown = one(sandbox, "health show acme");
        fields(
            shown["trend"].as_array().unwrap(),
            &["day", "health_band", "profile", "definition_changed"],
        )
    };
    let expected = [
        json!(["2026-03-30", "good", "seats", false]),
        json!(["2026-03-31", "average", "seats", true]),
    ];
    assert_eq!(marks(&sandbox), expected);
    assert!(
        sandbox
            .ok("health show acme")
            .stdout
            .contains("the definition changed on 2026-03-31: seats")
    );

    // After rescoring, both days have the present scoring, and nothing is marked.
    sandbox.ok("health recompute --from 2026-03-30 --to 2026-03-31").says(&["scored 2 days again"]);
    let expected = [
        json!(["2026-03-30", "average", "seats", false]),
        json!(["2026-03-31", "average", "seats", false]),
    ];
    assert_eq!(marks(&sandbox), expected);

    let listed = sandbox.array("health profile list");
    let expected =
        [json!(["seats", "seats > 0", 5, 76.0, 40.0]), json!(["default", null, null, 70.0, 40.0])];
    assert_eq!(fields(&listed, &["name", "where", "priority", "good", "average"]), expected);
    assert_eq!(
        listed[0]["measures"][1],
        json!({"name": "plan", "kind": "reactive", "value": "plan", "weight": 1, "map": {"basic": 20, "pro": 100}})
    );
    assert!(sandbox.ok("health profile show seats").stdout.contains("seat_usage_pct"));

    sandbox.ok("health profile remove seats");
    sandbox.ok("health recompute --from 2026-03-31 --to 2026-03-31");
    let expected = [
        json!(["2026-03-30", "average", "seats", false]),
        json!(["2026-03-31", "good", "default", true]),
    ];
    assert_eq!(marks(&sandbox), expected);
}

/// A custom default profile leaves nobody unscored; of two matching profiles, the lower priority
/// number wins, then the name A to Z.
#[test]
fn profiles_are_tried_in_order() {
    let sandbox = sandbox();
    let add = |name: &str, condition: &str, priority: i32| {
        sandbox
            .ok(&format!("health profile add {name} --where '{condition}' --priority {priority} --measure '{SEATS}'"));
    };
    add("third", "seats = 10", 3);
    add("second", "seats_used >= 6", 1);
    add("first", "seats_used > 8", 1);
    sandbox.ok("run --as-of 2026-03-31");
    let profiles =
        fields(&sandbox.array("health list --sort company_id"), &["company_id", "profile"]);
    assert_eq!(
        profiles,
        [json!(["acme", "second"]), json!(["globex", "first"]), json!(["idle", "default"])]
    );
    add("second", "seats_used >= 6", 4);
    sandbox.ok("run --as-of 2026-03-31");
    let profiles =
        fields(&sandbox.array("health list --sort company_id"), &["company_id", "profile"]);
    assert_eq!(profiles[0], json!(["acme", "third"]));
}

#[test]
fn invalid_profiles_are_refused_and_change_nothing() {
    let sandbox = sandbox();
    sandbox.ok("metric add twice_health --formula 'health_score * 2'");
    sandbox.ok("metric add seats_left --formula 'seats - seats_used'");
    let left = "name = \"left\", kind = \"proactive\", value = \"seats_left\", from = 10, to = 0, weight = 1";
    sandbox.ok(&format!("health profile add mine --measure '{left}'"));
    let health = "name = \"x\", kind = \"proactive\", value = \"health_score\", from = 0, to = 100, weight = 1";
    let hidden = health.replace("health_score", "twice_health");
    let cases = [
        ("health profile add default --where 'seats > 1'".to_owned(), 2, "takes no condition"),
        ("health profile add x --where 'seets > 1'".to_owned(), 2, "did you mean 'seats'"),
        ("health profile add x --where 'health_band = 1'".to_owned(), 2, "feed health back"),
        (format!("health profile add x --measure '{health}'"), 2, "feed health back"),
        (format!("health profile add x --measure '{hidden}'"), 2, "needs health_score"),
        (
            format!(
                "health profile add x --measure '{}'",
                health.replace("weight = 1", "weight = 0")
            ),
            2,
            "weight 0",
        ),
        (format!("health profile add x --measure '{}'", health.replace("to =", "too =")), 2, "too"),
        ("health profile add x --good 30".to_owned(), 2, "is above"),
        ("health profile add x --good 170".to_owned(), 2, "0 to 100"),
        ("health profile remove mein".to_owned(), 9, "did you mean 'mine'"),
        ("health profile show x".to_owned(), 9, "no health profile 'x'"),
        // An attribute in a profile cannot be removed, nor depend on health.
        ("metric remove seats_left".to_owned(), 9, "health profile 'mine'"),
        ("metric add seats_left --formula 'health_score'".to_owned(), 9, "feed health back"),
        ("health show acne".to_owned(), 9, "did you mean"),
        ("health list --sort scor".to_owned(), 2, "no attribute 'scor'"),
        ("health list --as-of 2026-04-02".to_owned(), 2, "future"),
        ("health show acme --days 0".to_owned(), 2, "1..=3650"),
        ("health recompute --from 2026-03-02 --to 2026-03-01".to_owned(), 2, "is after"),
        ("health recompute --from 2026-03-02 --to 2026-04-02".to_owned(), 2, "future"),
    ];
    for (command, code, text) in cases {
        sandbox.fails(&command, code).says(&[text]);
    }
    assert_eq!(
        fields(&sandbox.array("health profile list"), &["name"]),
        [json!(["mine"]), json!(["default"])]
    );
    assert_eq!(sandbox.array("metric list").len(), 2);
    sandbox
        .ok("health recompute --from 2026-03-01 --to 2026-03-31")
        .says(&["no day of 2026-03-01..2026-03-31 was run"]);
    for command in ["health list", "health drivers"] {
        let outcome = sandbox.ok(command);
        assert_eq!(outcome.stdout, "", "{outcome}");
    }
    assert!(sandbox.ok("health show acme").stdout.contains("none yet"));
    for command in ["health list", "health show acme", "health drivers", "health profile list"] {
        Sandbox::empty().fails(command, 6);
    }
}

#[test]
fn a_company_that_becomes_part_of_another_leaves_its_health_to_it() {
    let sandbox = sandbox();
    sandbox.ok("run --as-of 2026-03-31");
    sandbox.ok("company merge idle acme");
    sandbox.ok("check");
    assert_eq!(stored(&sandbox).len(), 2);
    assert_eq!(one(&sandbox, "health show acme")["health_score"], json!(76.3));
}

#[test]
fn a_fall_of_health_raises_a_signal_on_the_same_day_and_does_not_feed_back() {
    let sandbox = sandbox();
    sandbox.ok("rule set login");
    sandbox.ok("rule add health-drop --kind condition --when 'health_change_7d <= -10' --type bad");
    sandbox.ok("run --as-of 2026-03-24 --max-lag 30");
    sandbox.ok("run --as-of 2026-03-31");
    // On the 24th (285.71 + 300 + 100) / 8 = 85.71, on the 31st 73.84: -11.875.
    let raised = sandbox.array("list --rule health-drop");
    assert_eq!(fields(&raised, &["company_id", "raised_on"]), [json!(["acme", "2026-03-31"])]);
    let signal = one(&sandbox, &format!("show {}", raised[0]["id"]));
    assert_eq!(signal["values_read"], json!({"health_change_7d": -11.9}));
    assert_eq!(signal["detail"], json!("health fell by 11.9 points in 7 days"));
    let first = stored(&sandbox);
    sandbox.ok("run --as-of 2026-03-31");
    assert_eq!(stored(&sandbox), first);
    assert_eq!(sandbox.array("list --rule health-drop").len(), 1);
    // The SuccessScore is written as a score too: 40 on the way to 20, after 10 days 20 + 20 x
    // 0.5^(10/14) = 32.19.
    sandbox.ok("pulse set acme 4 --on 2026-03-01");
    sandbox.ok("pulse set acme 2 --on 2026-03-21 --reason-code support/response-time");
    let listed = sandbox
        .ok("company list --columns company_id,success_score --as-of 2026-03-31 --format csv")
        .stdout;
    assert!(listed.contains("acme,32.2\n"), "{listed}");
    let shown = one(&sandbox, "company show acme --as-of 2026-03-31");
    assert_eq!(
        fields(shown["pulse_history"].as_array().unwrap(), &["set_on", "pulse"]),
        [json!(["2026-03-01", 4]), json!(["2026-03-21", 2])]
    );
    let screen = sandbox.ok("company show acme --as-of 2026-03-31").stdout;
    assert!(
        screen.contains("Pulse: ▅▂, SuccessScore 32.2")
            && screen.contains("Health: 73.8, good, on 2026-03-31"),
        "{screen}"
    );
}

/// A default profile that was changed by hand stays; without it the shipped one applies, and the
/// history marks the change.
#[test]
fn the_default_profile_can_be_changed_and_taken_back() {
    let sandbox = sandbox();
    sandbox.ok("health profile add default --good 80").says(&["is changed"]);
    sandbox.ok("run --as-of 2026-03-30 --max-lag 30");
    let listed = fields(&sandbox.array("health profile list"), &["name", "priority", "good"]);
    assert_eq!(listed, [json!(["default", null, 80.0])]);
    assert!(sandbox.ok("config export").stdout.contains("name = \"default\""));
    sandbox.ok("health profile remove default").says(&["as it was shipped again"]);
    assert!(!sandbox.ok("config export").stdout.contains("name = \"default\""));
    sandbox.fails("health profile remove default", 9).says(&["cannot be removed"]);
    sandbox.ok("run --as-of 2026-03-31");
    let shown = one(&sandbox, "health show acme");
    let trend = fields(shown["trend"].as_array().unwrap(), &["day", "definition_changed"]);
    assert_eq!(trend, [json!(["2026-03-30", false]), json!(["2026-03-31", true])]);
    // Of 49 days, which are one window and no past: only recency and regularity are known. 7 days
    // of 35 are 80, and 3 active days 200 / 11 = 18.18: (240 + 72.73) / 7 = 44.68.
    assert_eq!(shown["health_score"], json!(44.7));
    assert_eq!(shown["coverage"], json!(0.583333333));
}

/// Twelve customers that were active every day, one of which stopped on 3 March, 28 days ago.
#[test]
fn the_shipped_profile_scores_by_hand() {
    let sandbox = Sandbox::new();
    let first = chrono::NaiveDate::from_ymd_opt(2025, 9, 17).unwrap();
    let mut events = "company_id,event,timestamp\n".to_owned();
    for company in 0..12 {
        // 196 days up to 31 March.
        let days = if company == 0 { 168 } else { 196 };
        for day in 0..days {
            events
                .push_str(&format!("c{company},login,{}\n", first + chrono::TimeDelta::days(day)));
        }
    }
    import(&sandbox, "events", &events, [12 * 196 - 28, 0, 0]);
    sandbox.ok("run --as-of 2026-03-31");
    let shown = one(&sandbox, "health show c0");
    // Expected: 168 days of six windows, over six, and the others kept their pace: 28. (0 + 1) of
    // 29 is 3.45 %, which scores 0; 28 days of 35 score 20; 56 active days score 100:
    // (0 + 60 + 400) / 10.
    let expected = [
        ("usage", json!(0.0), json!(0.0)),
        ("recency", json!(20.0), json!(6.0)),
        ("regularity", json!(100.0), json!(40.0)),
    ];
    for (measure, (name, scaled, contribution)) in
        shown["measures"].as_array().unwrap().iter().zip(expected)
    {
        assert_eq!(
            (&measure["name"], &measure["scaled"], &measure["contribution"]),
            (&json!(name), &scaled, &contribution)
        );
    }
    assert_eq!((&shown["health_score"], &shown["health_band"]), (&json!(46.0), &json!("average")));
    assert_eq!(one(&sandbox, "health show c1")["health_score"], json!(100.0));
    let attributes = sandbox.array(
        "company list --columns company_id,expected_active_days_28d,usage_vs_expected_pct --sort company_id",
    );
    is_near(&attributes[0]["expected_active_days_28d"], 28.0);
    is_near(&attributes[0]["usage_vs_expected_pct"], 100.0 / 29.0);
    // c0 among the other 11 of c1: 10 × 28 and 0 now, 11 × 168 before.
    is_near(&attributes[1]["expected_active_days_28d"], 168.0 * 280.0 / (11.0 * 168.0));
    is_near(&attributes[1]["usage_vs_expected_pct"], 2900.0 / (280.0 / 11.0 + 1.0));
    let page = one(&sandbox, "company show c1");
    assert_eq!(page["usage_vs_expected_pct"], attributes[1]["usage_vs_expected_pct"]);
}

/// The table of docs/health.md, computed by hand.
#[test]
fn the_default_profile_scores_as_worked_out_by_hand() {
    let sandbox = Sandbox::new();
    // 182 days as a customer on 31 March: five windows of 28 days before the last one, with 20
    // active days, 4 of which lie in the last 84 days. In the last window 2 active days, the newest
    // 14 days ago.
    let mut days: Vec<String> = vec!["2025-10-01".to_owned()];
    days.extend((15..31).map(|day| format!("2025-10-{day}")));
    days.extend([12, 14, 16, 18].map(|day| format!("2026-02-{day}")));
    days.extend(["2026-03-10".to_owned(), "2026-03-17".to_owned()]);
    let events: Vec<_> = days.iter().map(|day| ("acme", "login", day.as_str(), 1)).collect();
    sandbox.import_events(&events);
    // Another company keeps the data complete; one is too few to compare with.
    sandbox.import_events(&[("globex", "login", "2026-03-31", 1)]);
    sandbox.write(
        "tickets.csv",
        "company_id,ticket_id,opened_at,priority\nacme,T-1,2026-03-20,urgent\n",
    );
    sandbox.ok("import tickets.csv");
    sandbox.ok("run");
    let companies = sandbox.array(
        "company list --columns company_id,usage_vs_expected_pct,days_since_last_event,active_days_84d,health_score",
    );
    let acme = companies.iter().find(|company| company["company_id"] == "acme").unwrap();
    // Expected: 20 / 5 = 4 days; 100 * (2 + 1) / (4 + 1).
    assert_eq!(acme["usage_vs_expected_pct"], 60.0);
    assert_eq!((&acme["days_since_last_event"], &acme["active_days_84d"]), (&14.into(), &6.into()));
    // (3 * 42.857 + 3 * 60 + 4 * 45.455 + 1 * 66.667) / 11; nothing is known of satisfaction.
    assert_eq!(acme["health_score"], 50.6);
}
