//! Undoing imports.

use std::collections::BTreeMap;

use rusqlite::types::Value;

use crate::property::{Random, for_seeds};
use crate::support::Sandbox;

pub type Content = BTreeMap<String, Vec<Vec<Value>>>;

/// Tables that keep a record of every import, undone or not.
const HISTORY: [&str; 5] =
    ["imports", "late_days", "import_changes", "import_days", "import_marks"];

pub fn content(sandbox: &Sandbox) -> Content {
    let database = sandbox.database();
    let mut tables = database
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        .unwrap();
    let tables: Vec<String> =
        tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let rows = |table: &String| {
        let mut statement = database.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
        let width = statement.column_count();
        let rows =
            statement.query_map([], |row| (0..width).map(|at| row.get(at)).collect()).unwrap();
        let mut rows: Vec<Vec<Value>> = rows.map(Result::unwrap).collect();
        rows.sort_by_key(|row| format!("{row:?}"));
        rows
    };
    let tables = tables.iter().filter(|table| !HISTORY.contains(&table.as_str()));
    tables.map(|table| (table.clone(), rows(table))).collect()
}

/// Two files of every kind except acknowledgements, which are history and cannot be undone. The
/// second file adds, changes and repeats rows of the first.
pub const FILES: [(&str, &str, &str); 14] = [
    (
        "companies",
        "company_id,name,csm,mrr,churned_on,region\nc1,Acme,Ann,10.5,,eu\nc2,Beta,Bob,,2026-02-01,\n",
        "company_id,name,csm,mrr,churned_on,region\nc1,Acme,Bob,11,,us\nc3,loose,Ann;Bob,1,,eu\nc2,Beta,Bob,7,2026-02-03,\n",
    ),
    (
        "team",
        "name,role,email\nAnn,csm,ann@v.example\nMia,manager,\n",
        "name,role,email,left_on\nAnn,csm,ann@v.example,2026-03-01\nBob,csm,bob@v.example,\n",
    ),
    (
        "people",
        "person_id,company_id,name\np1,c1,Pia\np2,c2,Paul\n",
        "person_id,company_id,name\np1,c2,Pia\np3,c1,Pam\n",
    ),
    (
        "subscriptions",
        "company_id,subscription_id,started_on,mrr,ended_on\nc1,s1,2025-01-01,10,\n",
        "company_id,subscription_id,started_on,mrr,ended_on\nc1,s1,2025-01-01,10,2026-01-01\nc9,loose2,2026-02-01,5,\n",
    ),
    (
        "events",
        "company_id,event,timestamp,person_id,event_id,count\nc1,login,2026-03-01,p1,e1,2\nloose,login,2026-03-02,,,1\nloose2,export,2026-03-02,,,1\n",
        "company_id,event,timestamp,person_id,event_id,count\nc1,login,2026-03-01,p1,e1,5\nc1,export,2026-03-01,p9,,3\nnew,signup,2026-03-05,,,1\nloose,login,2026-03-02,,,2\n",
    ),
    (
        "nps",
        "company_id,score,responded_on,response_id\nc1,3,2026-03-01,r1\nc1,4,2026-03-02,\n",
        "company_id,score,responded_on,response_id\nc1,9,2026-03-01,r1\nc1,4,2026-03-02,\nc7,4,2026-03-02,\n",
    ),
    (
        "tickets",
        "company_id,ticket_id,opened_at,status\nc1,t1,2026-03-01,open\n",
        "company_id,ticket_id,opened_at,status\nc1,t1,2026-03-01,closed\nc2,t2,2026-03-01,open\n",
    ),
    (
        "invoices",
        "company_id,invoice_id,due_on,amount\nc1,i1,2026-03-01,5.25\n",
        "company_id,invoice_id,due_on,amount\nc2,i1,2026-03-01,6\n",
    ),
    (
        "touchpoints",
        "company_id,occurred_at,direction\nc1,2026-03-01,inbound\n",
        "company_id,occurred_at,direction\nc1,2026-03-01,inbound\nc1,2026-03-01,inbound\n",
    ),
    (
        "goals",
        "company_id,event,due_on\nc1,export,2026-06-01\n",
        "company_id,event,due_on\nc2,export,2026-06-01\n",
    ),
    (
        "pulses",
        "company_id,pulse,set_on,reason_codes\nc1,3,2026-03-01,\n",
        "company_id,pulse,set_on,reason_codes\nc1,2,2026-03-04,\n",
    ),
    (
        "churn",
        "company_id,churned_on,note\nc1,2026-03-01,went\n",
        "company_id,churned_on,note\nc1,2026-03-01,left\nc2,2026-03-09,\n",
    ),
    (
        "events",
        "company_id,event,timestamp\nc1,login,2026-03-20\n",
        "company_id,event,timestamp\nc2,login,2026-03-21\n",
    ),
    (
        "counts",
        "company_id,event,day,count\nc1,login,2026-03-25,4\nc2,login,2026-03-25,2\n",
        "company_id,event,day,count\nc1,login,2026-03-25,9\nc2,login,2026-03-25,2\nc4,export,2026-03-26,1\n",
    ),
];

/// Undoes all imports, newest first, and checks that each leaves the content that was there before
/// it.
fn undo_all(sandbox: &Sandbox, mut before: Vec<(String, Content)>) {
    while let Some((text, content_before)) = before.pop() {
        let undone = sandbox.ok("import --undo");
        let now = content(sandbox);
        for (table, rows) in &content_before {
            assert_eq!(&now[table], rows, "{table} after undoing\n{text}\n{undone}");
        }
        sandbox.ok("check");
    }
}

/// Some rows of one of the two files of a kind, starting anywhere, some of them repeated.
fn random_file(random: &mut Random, (kind, first, second): (&str, &str, &str)) -> String {
    let mut lines = random.pick(&[first, second]).lines();
    let header = lines.next().unwrap();
    let rows: Vec<&str> = lines.collect();
    // Equal facts without an id are counted, so repeating them makes a difference.
    let most = if matches!(kind, "events" | "touchpoints" | "goals") { 4 } else { 1 };
    let mut picked = String::new();
    let from = random.between(0, rows.len() as i64 - 1) as usize;
    for at in 0..random.between(1, rows.len() as i64) as usize {
        let row = rows[(from + at) % rows.len()];
        (0..random.between(1, most)).for_each(|_| picked += &format!("{row}\n"));
    }
    format!("{header}\n{picked}")
}

#[test]
fn random_imports_of_all_kinds_can_be_undone_one_by_one() {
    for_seeds(3, |random, _| {
        let sandbox = Sandbox::new();
        let mut before = Vec::new();
        for _ in 0..20 {
            let of = random.pick(&FILES);
            let text = random_file(random, of);
            let now = content(&sandbox);
            sandbox.write("file.csv", &text);
            let outcome =
                sandbox.run(&format!("import --last-wins --accept-loss --kind {} file.csv", of.0));
            match outcome.status {
                0 | 3 => before.push((text, now)),
                // The file is refused, which can depend on the files before it: nothing is written.
                4 | 9 => assert_eq!(content(&sandbox), now, "{text}\n{outcome}"),
                _ => panic!("{text}\n{outcome}"),
            }
        }
        undo_all(&sandbox, before);
    });
}

#[test]
fn undoing_an_import_of_any_kind_restores_the_content_before_it() {
    let sandbox = Sandbox::new();
    let mut before = Vec::new();
    let files = FILES.iter().map(|(kind, first, _)| (*kind, *first));
    for (kind, text) in files.chain(FILES.iter().map(|(kind, _, second)| (*kind, *second))) {
        before.push((text.to_owned(), content(&sandbox)));
        sandbox.write("file.csv", text);
        sandbox.ok(&format!("import --kind {kind} file.csv"));
    }
    undo_all(&sandbox, before);
}

#[test]
fn without_an_import_there_is_nothing_to_undo() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run("import --undo");
    assert_eq!(outcome.status, 9, "{outcome}");
}

#[test]
fn only_the_newest_import_can_be_undone() {
    let sandbox = Sandbox::new();
    for (file, day) in [("a.csv", "2026-03-01"), ("b.csv", "2026-03-02"), ("c.csv", "2026-03-03")] {
        sandbox.write(file, &format!("company_id,event,timestamp\nx,login,{day}\n"));
        sandbox.ok(&format!("import {file}"));
    }
    let outcome = sandbox.run("import --undo 1");
    assert_eq!(outcome.status, 9, "{outcome}");
    outcome.says(&["2 (b.csv)", "3 (c.csv)"]);
    sandbox.ok("import --undo 3");
    sandbox.ok("import --undo");
    let list = sandbox.array("import --list");
    let undone: Vec<bool> = list.iter().map(|import| !import["undone_at"].is_null()).collect();
    assert_eq!(undone, [false, true, true]);
    // An undone import can be repeated.
    sandbox.ok("import b.csv").says(&["new 1, known 0"]);
}

#[test]
fn an_import_can_be_undone_after_later_runs() {
    let sandbox = Sandbox::new();
    let mut rows = String::from("company_id,event,timestamp,count\n");
    for (day, count) in (1..=14).map(|day| (day, if day <= 7 { 9 } else { 1 })) {
        rows.push_str(&format!("acme,login,2026-03-{day:02},{count}\n"));
    }
    sandbox.write("events.csv", &rows);
    sandbox.ok("import events.csv");
    sandbox.ok("rule set login");
    sandbox.ok("run --as-of 2026-03-14");
    let signals = sandbox.array("list").len();
    assert!(signals > 0);
    sandbox.ok("import --undo");
    sandbox.ok("check");
    let database = sandbox.database();
    let late: i64 = database
        .query_row("SELECT count(*) FROM late_days WHERE is_undo", [], |row| row.get(0))
        .unwrap();
    assert_eq!(late, 1);
    let events: i64 =
        database.query_row("SELECT count(*) FROM event_days", [], |row| row.get(0)).unwrap();
    assert_eq!(events, 0);
}

#[test]
fn days_run_since_an_undone_import_of_facts_are_run_again() {
    let mut sandbox = Sandbox::new();
    sandbox
        .import_events(&[("acme", "login", "2026-01-01", 1), ("acme", "login", "2026-03-31", 1)]);
    sandbox.ok("run --as-of 2026-03-28");
    sandbox.at("2026-04-01T20:00:00Z");
    sandbox.write("nps.csv", "company_id,score,responded_on\nacme,10,2026-03-20\n");
    sandbox.ok("import nps.csv");
    sandbox.ok("run --from 2026-03-29 --to 2026-03-30");
    let health = || {
        let companies = sandbox.array("company list --as-of 2026-03-30");
        companies[0]["health_score"].as_f64().unwrap()
    };
    let with_survey = health();
    sandbox.ok("import --undo");
    sandbox.ok("run").says(&["ran 2 days again"]);
    assert!(health() < with_survey);
}

#[test]
fn an_import_that_later_changes_depend_on_cannot_be_undone() {
    let sandbox = Sandbox::new();
    sandbox.write("companies.csv", "company_id,name\na,Acme\nb,Beta\n");
    sandbox.ok("import companies.csv");
    sandbox.ok("pulse set a 3");
    let outcome = sandbox.run("import --undo");
    assert_eq!(outcome.status, 9, "{outcome}");
    outcome.says(&["pulses"]);
    let sandbox = Sandbox::new();
    sandbox.write("companies.csv", "company_id,name\na,Acme\nb,Beta\n");
    sandbox.ok("import companies.csv");
    sandbox.ok("company merge b a");
    let outcome = sandbox.run("import --undo");
    assert_eq!(outcome.status, 9, "{outcome}");
    outcome.says(&["merged"]);
}
