//! Metrics, segments and filters over attributes; expressions can access nothing but values.

use serde_json::{Value, json};

use crate::support::{Outcome, Sandbox};

/// Runs a command line whose arguments may have quotes of their own.
fn run(sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
    let mut command = sandbox.command("");
    command.args(arguments);
    Outcome::of(&arguments.join(" "), command)
}

#[track_caller]
fn ok(sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
    let outcome = run(sandbox, arguments);
    assert_eq!(outcome.status, 0, "{outcome}");
    outcome
}

/// The column of one attribute, in order of the companies' ids.
#[track_caller]
fn column(sandbox: &Sandbox, name: &str, day: &str) -> Vec<Value> {
    let rows = sandbox.array(&format!("company list --as-of {day} --columns {name}"));
    rows.iter().map(|row| row[name].clone()).collect()
}

/// The ids of the companies for which a condition holds.
#[track_caller]
fn ids(sandbox: &Sandbox, arguments: &[&str]) -> Vec<String> {
    let outcome = ok(sandbox, &[arguments, &["--format", "ndjson"]].concat());
    let id = |line: &str| {
        serde_json::from_str::<Value>(line).unwrap()["company_id"].as_str().unwrap().to_owned()
    };
    outcome.stdout.lines().map(id).collect()
}

/// Three companies with activity at the edges of windows, and one about which nothing is known.
fn four_companies() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "companies.csv",
        "company_id,name,plan,mrr,csm,region\na,Alpha,pro,10,ana,eu\nb,Beta,free,0,ben,us\nc,Gamma,pro,,ana,eu\nd,,,,,\n",
    );
    sandbox.write(
        "events.csv",
        "company_id,event,timestamp,person_id,count\n\
         a,export,2026-03-21T23:59:59Z,p1,1\na,export,2026-03-22T00:00:00Z,p2,2\na,export,2026-03-31T23:59:59Z,p2,4\n\
         a,login,2026-03-25,p3,8\nb,export,2026-03-21,p1,16\nb,login,2026-03-31,p1,32\nc,login,2026-03-30,p4,64\n",
    );
    sandbox.ok("import --kind companies companies.csv");
    sandbox.ok("import --kind events events.csv");
    sandbox
}

#[test]
fn counted_metrics_count_one_event_up_to_the_day() {
    let sandbox = four_companies();
    sandbox.ok("metric add exports --event export --measure count --days 10");
    sandbox.ok("metric add exporters --event export --measure people --days 10");
    sandbox.ok("metric add since_export --event export --measure days-since --days 10");
    sandbox
        .ok("metric add rare --event never_seen --measure count --days 3650")
        .says(&["never_seen", "nearest"]);
    // Ten days up to 31 March begin on 22 March, up to 30 March on 21 March.
    let cases = [
        ("exports", "2026-03-31", json!([6, 0, 0, 0])),
        ("exports", "2026-03-30", json!([3, 16, 0, 0])),
        ("exports", "2026-03-21", json!([1, 16, 0, 0])),
        ("exports", "2026-03-20", json!([null, null, null, null])),
        ("exporters", "2026-03-31", json!([1, 0, 0, 0])),
        ("exporters", "2026-03-30", json!([2, 1, 0, 0])),
        ("exporters", "2026-03-20", json!([null, null, null, null])),
        ("since_export", "2026-03-31", json!([0, null, null, null])),
        ("since_export", "2026-03-30", json!([8, 9, null, null])),
        ("since_export", "2026-03-20", json!([null, null, null, null])),
        ("rare", "2026-03-31", json!([0, 0, 0, 0])),
    ];
    for (name, day, expected) in cases {
        assert_eq!(json!(column(&sandbox, name, day)), expected, "{name} on {day}");
    }
}

#[test]
fn formulas_use_metrics_and_know_nothing_where_those_know_nothing() {
    let sandbox = four_companies();
    sandbox.ok("metric add exports --event export --days 10");
    sandbox.ok("metric add twice --formula 'exports * 2'");
    sandbox.ok("metric add per_money --formula 'twice * 1.0 / mrr'");
    assert_eq!(json!(column(&sandbox, "per_money", "2026-03-31")), json!([1.2, null, null, null]));
    // The definition of a metric may change while others use it.
    sandbox.ok("metric add exports --event export --days 11").says(&["old:", "new:"]);
    assert_eq!(json!(column(&sandbox, "per_money", "2026-03-31")), json!([1.4, null, null, null]));
    assert_eq!(sandbox.array("metric list").len(), 3);
}

#[test]
fn circles_and_wrong_metrics_are_refused() {
    let sandbox = four_companies();
    sandbox.ok("metric add one --event export");
    sandbox.ok("metric add two --formula 'one + 1'");
    sandbox.ok("metric add three --formula 'two + mrr'");
    let before = sandbox.array("metric list");
    sandbox.fails("metric add one --formula three", 9).says(&["one -> three -> two -> one"]);
    sandbox.fails("metric add two --formula 'coalesce(two, 1)'", 9).says(&["two -> two"]);
    sandbox.fails("metric add four --formula 'four + 1'", 9).says(&["four -> four"]);
    sandbox.fails("metric add events_7d --event export", 9).says(&["an attribute already"]);
    sandbox.fails("metric add region --event export", 9).says(&["a column"]);
    sandbox.fails("metric add 2nd --event export", 9).says(&["letters"]);
    sandbox.fails("metric add x --event export --days 0", 2);
    sandbox.fails("metric add x --event export --days 3651", 2);
    sandbox.fails("metric add x --event export --measure sum", 2);
    sandbox.fails("metric add x --event export --formula 1", 2);
    sandbox.fails("metric add x", 2);
    sandbox.fails("metric add x --formula 'exprts + 1'", 2).says(&["exprts", "character 1"]);
    assert_eq!(sandbox.array("metric list"), before);
}

#[test]
fn a_metric_in_use_stays_and_the_refusal_names_what_uses_it() {
    let sandbox = four_companies();
    sandbox.ok("metric add exports --event export");
    sandbox.ok("metric add twice --formula 'EXPORTS * 2'");
    sandbox.ok("segment add exporters --where 'exports > 0'");
    sandbox.ok("rule add many --kind condition --when 'exports > 5' --type good");
    let refusal = sandbox.fails("metric remove exports", 9);
    refusal.says(&["exports", "metric 'twice'", "segment 'exporters'", "rule 'many'"]);
    sandbox.fails("metric remove exprts", 9).says(&["did you mean 'exports'?"]);
    sandbox.ok("metric remove twice");
    sandbox.ok("segment remove exporters");
    sandbox.fails("metric remove exports", 9).says(&["rule 'many'"]);
    sandbox.ok("rule remove many");
    sandbox.ok("metric remove exports");
    assert_eq!(sandbox.array("metric list"), [Value::Null; 0]);
    assert!(
        !sandbox.array("attribute list").iter().any(|attribute| attribute["name"] == "exports")
    );
}

#[test]
fn segments_are_the_companies_that_meet_their_conditions() {
    let sandbox = four_companies();
    ok(&sandbox, &["segment", "add", "pro", "--where", "plan = 'pro'"]);
    ok(&sandbox, &["segment", "add", "paying pros", "--where", "plan = 'pro' AND mrr > 0"]);
    ok(&sandbox, &["segment", "add", "not free", "--where", "NOT plan = 'free'"]);
    ok(&sandbox, &["segment", "add", "busy", "--where", "events_7d >= 32"]);
    let sizes = |arguments: &str| -> Vec<(String, u64)> {
        let rows = sandbox.array(arguments);
        rows.iter()
            .map(|row| {
                (row["name"].as_str().unwrap().to_owned(), row["companies"].as_u64().unwrap())
            })
            .collect()
    };
    let sized = |busy| {
        [("busy", busy), ("not free", 2), ("paying pros", 1), ("pro", 2)]
            .map(|(n, s)| (n.to_owned(), s))
    };
    assert_eq!(sizes("segment list"), sized(2));
    assert_eq!(sizes("segment list --as-of 2026-03-30"), sized(1));
    assert_eq!(ids(&sandbox, &["segment", "show", "busy"]), ["b", "c"]);
    assert_eq!(ids(&sandbox, &["segment", "show", "busy", "--as-of", "2026-03-30"]), ["c"]);
    // The plan of d is unknown: neither the condition nor its negation holds.
    assert_eq!(ids(&sandbox, &["segment", "show", "not free"]), ["a", "c"]);
    ok(&sandbox, &["segment", "add", "busy", "--where", "events_7d >= 64"]).says(&["old:", "new:"]);
    assert_eq!(ids(&sandbox, &["segment", "show", "busy"]), ["c"]);
    for command in [
        "segment show bussy",
        "company list --segment bussy",
        "list --segment bussy",
        "export segment bussy",
    ] {
        sandbox.fails(command, 9).says(&["did you mean 'busy'?"]);
    }
    sandbox.fails("segment remove bussy", 9).says(&["did you mean 'busy'?"]);
    sandbox.ok("segment remove busy");
    sandbox.fails("segment show busy", 9);
}

#[test]
fn lists_exports_and_acknowledgements_take_conditions() {
    let mut sandbox = four_companies();
    // a and b are established two weeks after 21 March, and have stopped by then; c is too new.
    sandbox.at("2026-04-12T06:00:00Z");
    sandbox.ok("rule set export --timeframe 7");
    sandbox.ok("rule set login --timeframe 7");
    sandbox.ok("run --from 2026-04-05 --to 2026-04-11 --max-lag 100");
    ok(&sandbox, &["segment", "add", "pro", "--where", "plan = 'pro'"]);
    let companies = |arguments: &[&str]| {
        let mut companies = ids(&sandbox, arguments);
        companies.sort();
        companies.dedup();
        companies
    };
    assert_eq!(companies(&["list"]), ["a", "b"]);
    assert_eq!(companies(&["list", "--segment", "pro"]), ["a"]);
    assert_eq!(companies(&["list", "--where", "plan <> 'pro'"]), ["b"]);
    assert_eq!(companies(&["list", "--segment", "pro", "--where", "plan <> 'pro'"]), [""; 0]);
    assert_eq!(companies(&["company", "list", "--segment", "pro"]), ["a", "c"]);
    assert_eq!(companies(&["company", "list", "--segment", "pro", "--where", "mrr > 0"]), ["a"]);
    assert_eq!(companies(&["company", "list", "--where", "mrr IS NULL", "--csm", "ana"]), ["c"]);
    assert_eq!(companies(&["export", "segment", "pro"]), ["a", "c"]);
    assert_eq!(companies(&["export", "companies", "--where", "plan = 'free'"]), ["b"]);
    ok(&sandbox, &["ack", "--all", "--segment", "pro", "--reason", "known", "--yes"]);
    assert_eq!(companies(&["list", "--state", "open"]), ["b"]);
    ok(&sandbox, &["ack", "--all", "--where", "plan = 'free'", "--reason", "known", "--yes"]);
    assert_eq!(companies(&["list", "--state", "open"]), [""; 0]);
}

#[test]
fn a_text_compared_with_a_number_is_refused_wherever_a_condition_is_given() {
    let sandbox = four_companies();
    for command in [
        "company list --where 'plan > 5'",
        "list --where 'plan > 5'",
        "export companies --where 'plan > 5'",
        "report dashboard --where 'plan > 5'",
        "ack --all --where 'plan > 5' --reason seen --yes",
        "segment add five --where 'plan > 5'",
    ] {
        sandbox.fails(command, 2).says(&["plan is text and cannot be compared with a number"]);
    }
}

#[test]
fn companies_are_sorted_by_any_attribute_and_the_unknown_come_last() {
    let sandbox = four_companies();
    let cases: [(&[&str], [&str; 4]); 6] = [
        (&["--sort", "mrr"], ["b", "a", "c", "d"]),
        (&["--sort", "mrr", "--desc"], ["a", "b", "c", "d"]),
        (&["--sort", "plan"], ["b", "a", "c", "d"]),
        (&["--sort", "plan", "--desc"], ["a", "c", "b", "d"]),
        (&["--sort", "Events_28d", "--desc"], ["c", "b", "a", "d"]),
        (&["--sort", "region"], ["a", "c", "b", "d"]),
    ];
    for (sort, expected) in cases {
        assert_eq!(
            ids(&sandbox, &[&["company", "list", "--columns", "company_id"], sort].concat()),
            expected,
            "{sort:?}"
        );
    }
    sandbox.fails("company list --sort mmr", 2).says(&["mmr", "mrr"]);
    sandbox.fails("company list --columns company_id,plann", 2).says(&["plann", "'plan'"]);
    sandbox.fails("company list --as-of 2026-04-02", 2).says(&["future"]);
}

#[test]
fn an_unknown_name_is_refused_with_its_place_and_the_nearest() {
    let sandbox = four_companies();
    let cases = [
        ("mrr > 1 AND pln = 'pro'", ["'pln'", "character 13", "'plan'"]),
        ("bad_open_signal > 1", ["'bad_open_signal'", "character 1", "'bad_open_signals'"]),
        ("zzzzzz > 1", ["'zzzzzz'", "character 1", "the nearest is"]),
        ("plan = \"pro\"", ["'pro'", "character 8", "single quotes"]),
        ("mrr >", ["character", "write it like", "mrr >"]),
        ("lowr(plan) = 'pro'", ["lowr", "functions", "no such function"]),
    ];
    for (expression, says) in cases {
        let outcome = run(&sandbox, &["company", "list", "--where", expression]);
        assert_eq!(outcome.status, 2, "{outcome}");
        outcome.says(&says);
    }
}

/// Each is refused where it is given, or stopped, and the database does not change.
#[test]
fn hostile_expressions_change_nothing() {
    let sandbox = four_companies();
    sandbox.ok("metric add exports --event export");
    let database = || std::fs::read(sandbox.path("signals.db")).unwrap();
    let before = database();
    let deep = format!("{}1{}", "(".repeat(3000), ")".repeat(3000));
    let wide = vec!["mrr"; 5000].join("+");
    for expression in HOSTILE.into_iter().chain([deep.as_str(), wide.as_str()]) {
        for command in [
            &["segment", "add", "evil", "--where", expression][..],
            &["metric", "add", "evil", "--formula", expression],
            &["rule", "add", "evil", "--kind", "condition", "--type", "bad", "--when", expression],
            &["list", "--where", expression],
            &["company", "list", "--where", expression],
            &["ack", "--all", "--yes", "--reason", "x", "--where", expression],
        ] {
            let outcome = run(&sandbox, command);
            assert_eq!(outcome.status, 2, "{outcome}");
            assert!(outcome.stdout.is_empty(), "{outcome}");
        }
    }
    assert!(database() == before, "the file of the database has changed");
    let left: Vec<String> = std::fs::read_dir(sandbox.path(""))
        .unwrap()
        .map(|entry| format!("{:?}", entry.unwrap().file_name()))
        .collect();
    assert!(!left.iter().any(|name| name.contains("evil")), "{left:?}");
    sandbox.ok("check");
}

const HOSTILE: [&str; 46] = [
    "(SELECT 1)",
    "1 IN (SELECT id FROM companies)",
    "plan IN (SELECT name FROM sqlite_schema)",
    "plan IN sqlite_schema",
    "plan IN companies",
    "plan IN pragma_table_list",
    "plan IN json_each('[1]')",
    "EXISTS (SELECT 1)",
    "(VALUES (1))",
    "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n)",
    "1; DROP TABLE companies",
    "1; DROP TABLE companies; --",
    "1) ; DELETE FROM signals; --",
    "1) UNION SELECT (sql FROM sqlite_schema",
    "1) OR (1",
    "1) --",
    "1 --\n)",
    "/* evil",
    "'",
    "\"",
    "ATTACH DATABASE 'evil.db' AS evil",
    "VACUUM INTO 'evil.db'",
    "PRAGMA writable_schema = 1",
    "INSERT INTO settings VALUES ('evil', 'x')",
    "UPDATE companies SET name = 'evil'",
    "load_extension('evil')",
    "readfile('/etc/passwd')",
    "writefile('evil', 'x')",
    "randomblob(1000000000)",
    "zeroblob(1000000000)",
    "length(printf('%1000000000d', 1))",
    "random()",
    "last_insert_rowid()",
    "sqlite_source_id()",
    "current_timestamp",
    "date('now')",
    "renewal_on < datetime('n' || 'ow')",
    "RAISE(IGNORE)",
    "count(*)",
    "sum(mrr)",
    "max(mrr)",
    "row_number() OVER ()",
    "companies.plan = 'pro'",
    "?1",
    "mrr, plan",
    "mrr = 1 GROUP BY plan",
];
