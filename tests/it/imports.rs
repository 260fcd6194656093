//! Imports: every file of `fixtures/import`, and sequences of several files.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use rusqlite::types::Value as Cell;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{NOW, Sandbox};

#[derive(Debug, Deserialize)]
struct Cases {
    now: String,
    timezone: String,
    case: Vec<Case>,
}

#[derive(Debug, Deserialize)]
struct Case {
    file: String,
    #[serde(default)]
    args: Vec<String>,
    exit: i32,
    stderr: Vec<String>,
}

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/import").join(name)
}

/// All rows of all tables, by table.
fn content(sandbox: &Sandbox) -> BTreeMap<String, Vec<Vec<Cell>>> {
    let database = sandbox.database();
    let mut names = database
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .unwrap();
    let names: Vec<String> =
        names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let rows = |table: &String| {
        let mut statement = database.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
        let width = statement.column_count();
        let rows =
            statement.query_map([], |row| (0..width).map(|at| row.get(at)).collect()).unwrap();
        rows.map(Result::unwrap).collect()
    };
    names.iter().map(|table| (table.clone(), rows(table))).collect()
}

/// The numbers of the line `read R: new N, known K, rejected J`.
fn summary(stderr: &str) -> Option<[u64; 4]> {
    let line = stderr.lines().find(|line| line.starts_with("read "))?;
    let numbers: Vec<u64> = line
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().unwrap())
        .collect();
    numbers.try_into().ok()
}

/// What is wrong with the output of an import; empty if nothing is.
fn faults(case: &Case, now: &str, timezone: &str) -> Vec<String> {
    let mut sandbox = Sandbox::empty();
    sandbox.at(now).ok(&format!("init --timezone {timezone}"));
    std::fs::create_dir_all(sandbox.path(&case.file).parent().unwrap()).unwrap();
    std::fs::copy(fixture(&case.file), sandbox.path(&case.file)).unwrap();
    let before = content(&sandbox);
    let outcome = sandbox.run(&format!("import {} {}", case.args.join(" "), case.file));
    let mut faults = Vec::new();
    if outcome.status != case.exit {
        faults.push(format!("exit code {} instead of {}", outcome.status, case.exit));
    }
    if !outcome.stdout.is_empty() {
        faults.push("something on standard output".to_owned());
    }
    let lacking = case.stderr.iter().filter(|part| !outcome.stderr.contains(*part));
    faults.extend(lacking.map(|part| format!("standard error lacks '{part}'")));
    match summary(&outcome.stderr) {
        Some([read, new, known, rejected]) if read != new + known + rejected => {
            faults.push("the sum is wrong".to_owned())
        }
        None if case.exit != 4 => faults.push("no summary".to_owned()),
        _ => {}
    }
    if case.exit != 4 {
        let again = sandbox.run(&format!("import {} {}", case.args.join(" "), case.file));
        let known = summary(&again.stderr).map(|[_, new, ..]| new);
        if (again.status, known) != (case.exit, Some(0)) {
            faults.push(format!("the second time it is not all known: {again}"));
        }
    }
    if case.exit == 4 {
        if content(&sandbox) != before {
            faults.push("the refused file changed the database".to_owned());
        }
        if !outcome.stderr.contains("error: ") {
            faults.push("no error is named".to_owned());
        }
    }
    if !faults.is_empty() {
        faults.push(outcome.to_string());
    }
    faults
}

#[test]
fn every_file_of_the_fixtures_is_read_or_refused_as_its_case_says() {
    let cases: Cases =
        toml::from_str(&std::fs::read_to_string(fixture("cases.toml")).unwrap()).unwrap();
    let wrong: Vec<String> =
        cases.case.iter().flat_map(|case| faults(case, &cases.now, &cases.timezone)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_of_the_fixtures_has_a_case() {
    let cases: Cases =
        toml::from_str(&std::fs::read_to_string(fixture("cases.toml")).unwrap()).unwrap();
    let names = |folder: &str| -> Vec<String> {
        let entries = std::fs::read_dir(fixture(folder)).unwrap();
        entries
            .map(|entry| format!("{folder}{}", entry.unwrap().file_name().to_str().unwrap()))
            .collect()
    };
    let files = names("").into_iter().chain(names("products/"));
    // The result of a file by person depends on the people: it has its own test.
    let others = ["products", "events-by-person.csv"];
    let is_data = |name: &String| {
        !name.ends_with(".toml") && !name.starts_with('.') && !others.contains(&name.as_str())
    };
    let unknown: Vec<String> = files
        .filter(is_data)
        .filter(|name| !cases.case.iter().any(|case| case.file == *name))
        .collect();
    assert_eq!(unknown, [""; 0]);
}

// ---- several files, and what is written besides

const GOOD: &str = "company_id,event,timestamp,person_id\nacme,login,2026-03-01T10:00:00Z,ann\nacme,login,2026-03-04T10:00:00Z,bob\n";
const SOME_BAD: &str = "company_id,event,timestamp\nacme,export,2026-03-02\n,export,2026-03-02\nacme,export,2026-02-30\nacme,\"two, words\",soon\n";

#[test]
fn of_several_files_the_others_are_imported_when_one_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("first.csv", GOOD);
    sandbox.write("second.csv", "no table at all");
    sandbox.write("third.csv", SOME_BAD);
    let outcome = sandbox.fails("import first.csv second.csv third.csv", 4);
    outcome.says(&[
        "read 2: new 2, known 0, rejected 0",
        "error: second.csv",
        "read 4: new 1, known 0, rejected 3",
    ]);
    let files: Vec<Value> =
        sandbox.array("import --list").iter().map(|import| import["file"].clone()).collect();
    assert_eq!(files, ["first.csv", "third.csv"]);
    sandbox.fails("import first.csv third.csv", 3).says(&["read 2: new 0, known 2, rejected 0"]);
    sandbox.ok("import first.csv first.csv");
}

#[test]
fn a_missing_file_is_told_and_the_others_are_imported() {
    let sandbox = Sandbox::new();
    sandbox.write("there.csv", GOOD);
    let outcome = sandbox.run("import nowhere.csv there.csv");
    outcome.says(&["nowhere.csv", "read 2: new 2"]);
    assert!([4, 8].contains(&outcome.status), "{outcome}");
}

#[test]
fn rejected_rows_are_written_with_line_reason_and_fields() {
    let sandbox = Sandbox::new();
    sandbox.write("bad.csv", SOME_BAD);
    sandbox.fails("import bad.csv --rejects rejects.csv", 3);
    let rejects = read_rejects(&sandbox);
    assert_eq!(rejects[0], ["line", "reason", "company_id", "event", "timestamp"]);
    assert_eq!(
        rejects.iter().skip(1).map(|row| row[0].as_str()).collect::<Vec<_>>(),
        ["3", "4", "5"]
    );
    assert!(
        rejects[1][1].starts_with("company_id: ") && rejects[2][1].starts_with("timestamp: "),
        "{rejects:?}"
    );
    assert_eq!(rejects[2][2..], ["acme", "export", "2026-02-30"]);
    assert_eq!(rejects[3][2..], ["acme", "two, words", "soon"]);
}

#[test]
fn rejected_rows_are_written_also_when_the_file_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("bad.csv", SOME_BAD);
    sandbox
        .fails("import bad.csv --strict --rejects rejects.csv", 4)
        .says(&["3 of 4 rows rejected", "--strict"]);
    assert_eq!(read_rejects(&sandbox).len(), 4);
    assert_eq!(sandbox.array("import --list"), [json!(null); 0]);
    assert_eq!(sandbox.array("event list"), [json!(null); 0]);
    std::fs::copy(fixture("too-many-rejects.csv"), sandbox.path("many.csv")).unwrap();
    let outcome = sandbox.fails("import many.csv --rejects rejects.csv", 4);
    assert_eq!(read_rejects(&sandbox).len(), 102, "{outcome}");
    assert_eq!(
        outcome.stderr.lines().filter(|line| line.starts_with("many.csv:")).count(),
        21,
        "{outcome}"
    );
}

#[test]
fn earlier_rejected_rows_stay_when_nothing_was_read() {
    let sandbox = Sandbox::new();
    sandbox.write("bad.csv", SOME_BAD);
    sandbox.fails("import bad.csv --rejects rejects.csv", 3);
    sandbox.write("no-header.csv", "a,b\n1,2\n");
    for (file, code) in [("nowhere.csv", 4), ("no-header.csv", 4)] {
        sandbox.fails(&format!("import {file} --rejects rejects.csv"), code);
        assert_eq!(read_rejects(&sandbox).len(), 4, "{file}");
    }
    let nothing = sandbox.fails("import nowhere.csv --rejects other.csv", 4);
    assert!(!sandbox.path("other.csv").exists(), "{nothing}");
}

fn read_rejects(sandbox: &Sandbox) -> Vec<Vec<String>> {
    let reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_path(sandbox.path("rejects.csv"));
    reader.unwrap().records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[test]
fn a_strict_import_takes_a_clean_file() {
    let sandbox = Sandbox::new();
    sandbox.write("good.csv", GOOD);
    sandbox.ok("import good.csv --strict").says(&["read 2: new 2"]);
}

#[test]
fn a_dry_run_tells_everything_and_writes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "bad.csv",
        "Company;Event;Time\nacme;login;2026-03-01 23:30\nacme;login;2026-03-04 10:00\n;login;2026-03-01 10:00\n",
    );
    let before = content(&sandbox);
    let outcome = sandbox.fails("import bad.csv --dry-run --timezone Europe/Bucharest", 3);
    outcome.says(&[
        "events",
        "semicolon",
        "company_id from 'Company'",
        "timestamp from 'Time'",
        "Europe/Bucharest",
        "first day 2026-03-01",
        "last day 2026-03-04",
        "2 days without any event: 2026-03-02, 2026-03-03",
        "read 3: new 2, known 0, rejected 1",
        "nothing was written",
    ]);
    assert_eq!(content(&sandbox), before);
}

#[test]
fn a_mapping_is_remembered_for_the_same_header_only() {
    let sandbox = Sandbox::new();
    sandbox.write("one.csv", "Klient,event,timestamp\nacme,login,2026-03-01\n");
    sandbox.write("two.csv", "Klient,event,timestamp\nglobex,login,2026-03-01\n");
    sandbox.write("other.csv", "Klient,event,timestamp,person_id\nglobex,login,2026-03-01,ann\n");
    sandbox.fails("import one.csv", 4);
    sandbox.ok("import one.csv --dry-run --map company_id=Klient");
    sandbox.fails("import two.csv", 4);
    sandbox.ok("import one.csv --map company_id=Klient");
    sandbox.ok("import two.csv").says(&["company_id from 'Klient'", "new 1"]);
    // With another header the column is unknown, and nobody has said where the person works.
    sandbox
        .fails("import other.csv", 3)
        .says(&["the company of 'ann' is not known", "read 1: new 0"]);
}

#[test]
fn events_without_a_company_find_it_by_person() {
    let sandbox = Sandbox::new();
    std::fs::copy(fixture("events-by-person.csv"), sandbox.path("events.csv")).unwrap();
    sandbox.write("companies.csv", "company_id,name\nacme,Acme\n");
    sandbox.write("people.csv", "person_id,company_id,role\nu-1,Acme,champion\nu-2,nowhere,user\n");
    let nobody = [
        "events.csv:2: user_id: the company of 'u-1' is not known",
        "read 2: new 0, known 0, rejected 2",
    ];
    sandbox.fails("import events.csv", 3).says(&nobody);
    sandbox.ok("import companies.csv");
    // Rows of people never create a company.
    let unknown = [
        "people.csv:3: company_id: no company is known by 'nowhere'",
        "read 2: new 1, known 0, rejected 1",
    ];
    sandbox.fails("import people.csv", 3).says(&unknown);
    sandbox
        .fails("import events.csv", 3)
        .says(&["events.csv:3: user_id: ", "read 2: new 1, known 0, rejected 1"]);
    assert_eq!(company(&sandbox, "acme")["first_event_on"], json!("2026-03-01"));
    sandbox.fails("import events.csv", 3).says(&["read 2: new 0, known 1, rejected 1"]);
}

#[test]
fn the_list_of_imports_has_their_counts() {
    let sandbox = Sandbox::new();
    sandbox.write("good.csv", GOOD);
    sandbox.write("bad.csv", SOME_BAD);
    sandbox.ok("import good.csv");
    sandbox.fails("import bad.csv", 3);
    let imports = sandbox.array("import --list");
    let expected = json!({
        "id": 1, "file": "good.csv", "kind": "events", "started_at": NOW, "finished_at": NOW,
        "rows_read": 2, "rows_new": 2, "rows_known": 0, "rows_rejected": 0, "companies_made": 1,
        "first_day": "2026-03-01", "last_day": "2026-03-04", "undone_at": null,
    });
    assert_eq!(imports[0], expected);
    assert_eq!((&imports[1]["rows_rejected"], &imports[1]["rows_new"]), (&json!(3), &json!(1)));
    Sandbox::empty().fails("import --list", 6);
}

fn import_from_stdin(sandbox: &Sandbox, bytes: &[u8]) -> (i32, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_signals"))
        .args(["import", "-"])
        .current_dir(sandbox.path(""))
        .env_clear()
        .env("SIGNALS_DB", sandbox.path("signals.db"))
        .env("SIGNALS_NOW", NOW)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn standard_input_is_read_as_it_is_also_packed() {
    let sandbox = Sandbox::new();
    let (status, stderr) = import_from_stdin(&sandbox, GOOD.as_bytes());
    assert!(status == 0 && stderr.contains("read 2: new 2"), "{stderr}");
    for name in ["plain.csv.gz", "plain.csv.zst", "two-members.csv.gz"] {
        let (status, stderr) = import_from_stdin(&sandbox, &std::fs::read(fixture(name)).unwrap());
        assert!(status == 0 && stderr.contains("rejected 0"), "{name}: {stderr}");
    }
    let (status, stderr) = import_from_stdin(&sandbox, b"");
    assert!(status == 4 && stderr.contains("is empty"), "{stderr}");
}

#[test]
fn the_same_rows_packed_are_known() {
    let sandbox = Sandbox::new();
    for (name, expected) in [
        ("plain.csv", "new 3, known 0"),
        ("plain.csv.gz", "new 0, known 3"),
        ("plain.csv.zst", "new 0, known 3"),
    ] {
        std::fs::copy(fixture(name), sandbox.path(name)).unwrap();
        sandbox.ok(&format!("import {name}")).says(&[expected]);
    }
}

#[test]
fn an_import_makes_the_database_that_is_missing() {
    let sandbox = Sandbox::empty();
    sandbox.write("good.csv", GOOD);
    sandbox.ok("import good.csv").says(&["new 2"]);
    sandbox.ok("check");
}

// ---- companies

fn company(sandbox: &Sandbox, text: &str) -> Value {
    sandbox.array(&format!("company show '{text}'"))[0].clone()
}

#[test]
fn a_company_is_updated_where_the_file_has_a_column() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "one.csv",
        "company_id,name,csm,plan,churned_on,Support Tier\n007,Acme,ann,Gold,2026-03-01,premium\n",
    );
    sandbox.write("two.csv", "company_id,plan,churned_on,Support Tier,mrr\n007,,,,99.50\n");
    sandbox.ok("import one.csv").says(&["read 1: new 1, known 0, rejected 0"]);
    let acme = company(&sandbox, "007");
    assert_eq!((&acme["plan"], &acme["support_tier"]), (&json!("Gold"), &json!("premium")));
    sandbox.ok("import two.csv").says(&["read 1: new 0, known 1, rejected 0"]);
    let acme = company(&sandbox, "007");
    // A missing column keeps the value, an empty cell clears it, but a churned customer does not
    // return because a cell is empty.
    assert_eq!(
        (&acme["name"], &acme["csm"], &acme["mrr"]),
        (&json!("Acme"), &json!("ann"), &json!(99.5))
    );
    assert_eq!((&acme["plan"], &acme["churned_on"]), (&Value::Null, &json!("2026-03-01")));
    assert!(acme.get("support_tier").is_none_or(Value::is_null), "{acme}");
}

#[test]
fn a_custom_column_that_a_metric_has_gets_another_name() {
    let sandbox = Sandbox::new();
    sandbox.ok("metric add size --formula 1+1");
    sandbox.write("companies.csv", "company_id,size\nacme,70\n");
    sandbox.ok("import companies.csv").says(&["own columns: custom_size"]);
    let acme = sandbox.array("company list --columns company_id,size,custom_size")[0].clone();
    assert_eq!(acme, json!({"company_id": "acme", "size": 2, "custom_size": 70}));
}

#[test]
fn a_custom_column_that_the_catalogue_has_gets_another_name() {
    let sandbox = Sandbox::new();
    sandbox.write("companies.csv", "company_id,bad_open_signals,NPS (last)\nacme,many,9\n");
    sandbox.ok("import companies.csv --kind companies");
    let acme = company(&sandbox, "acme");
    assert_eq!(
        (&acme["bad_open_signals"], &acme["custom_bad_open_signals"]),
        (&json!(0), &json!("many"))
    );
    assert!(acme.as_object().unwrap().values().any(|value| *value == json!(9)), "{acme}");
}

#[test]
fn rows_are_matched_by_id_then_by_name() {
    let sandbox = Sandbox::new();
    sandbox.write("companies.csv", "company_id,name\nc1,Acme\nc2,Twin\nc3,TWIN\nacme corp,Other\n");
    sandbox.ok("import companies.csv");
    sandbox.write("events.csv", "company_id,event,timestamp\nACME,login,2026-03-01\nc2,login,2026-03-01\ntwin,login,2026-03-01\nacme corp,login,2026-03-01\nNobody,login,2026-03-01\n");
    let outcome = sandbox.fails("import events.csv", 3);
    outcome.says(&[
        "events.csv:4: company_id: several companies",
        "created 1 company",
        "read 5: new 4, known 0, rejected 1",
    ]);
    let with_events: Vec<String> = sandbox
        .array("company list")
        .iter()
        .filter(|company| !company["last_event_on"].is_null())
        .map(|company| company["company_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(with_events, ["Nobody", "acme corp", "c1", "c2"]);
}

/// Two weeks of logins of a company identified by its name, which end halfway.
fn logins(company: &str) -> String {
    let row = |day| {
        format!(
            "{company},login,2026-03-{day:02}T08:00:00Z,ann\n{company},login,2026-03-{day:02}T09:00:00Z,bob\n"
        )
    };
    std::iter::once("company_id,event,timestamp,person_id\n".to_owned())
        .chain((1..=20).map(row))
        .collect()
}

#[test]
fn a_company_known_by_its_name_alone_is_joined_with_the_one_that_has_it() {
    let sandbox = Sandbox::new();
    sandbox.write("events.csv", &logins("Initech"));
    sandbox.ok("import events.csv").says(&["created 1 company", "read 40: new 40"]);
    sandbox.ok("rule set login");
    sandbox.ok("run --as-of 2026-03-24 --max-lag 9");
    sandbox.ok("ack 1 --reason 'seen'");
    assert_eq!(company(&sandbox, "Initech")["bad_closed_signals"], 1);
    let (signals, events) = (sandbox.briefs(), sandbox.array("event list"));

    sandbox.write("companies.csv", "company_id,name,csm\nC-9,INITECH,ann\n");
    sandbox.ok("import companies.csv").says(&["joined"]);
    let companies = sandbox.array("company list");
    assert_eq!(companies.len(), 1, "{companies:?}");
    let initech = company(&sandbox, "C-9");
    assert_eq!((&initech["bad_closed_signals"], &initech["csm"]), (&json!(1), &json!("ann")));
    assert_eq!(
        (&initech["first_event_on"], &initech["last_event_on"]),
        (&json!("2026-03-01"), &json!("2026-03-20"))
    );
    assert_eq!(sandbox.array("event list"), events);
    let moved: Vec<String> = signals.iter().map(|brief| brief.replace("Initech", "C-9")).collect();
    assert_eq!(sandbox.briefs(), moved);

    sandbox.ok("import events.csv").says(&["read 40: new 0, known 40, rejected 0"]);
    sandbox.write("again.csv", &logins("C-9"));
    sandbox.ok("import again.csv").says(&["read 40: new 0, known 40, rejected 0"]);
    assert_eq!(sandbox.array("company list").len(), 1);
    sandbox.ok("check");
}

#[test]
fn two_of_a_name_join_nobody() {
    let sandbox = Sandbox::new();
    sandbox.write("events.csv", &logins("Twin"));
    sandbox.ok("import events.csv");
    sandbox.write("companies.csv", "company_id,name\nt1,Twin\nt2,Twin\n");
    sandbox.ok("import companies.csv");
    assert_eq!(sandbox.array("company list").len(), 3);
    sandbox.ok("check");
}

#[test]
fn a_dry_run_tells_what_does_not_fit_together() {
    let mut sandbox = Sandbox::new();
    sandbox.at("2026-04-10T00:00:00Z");
    sandbox.write("companies.csv", "company_id,name\nacme,Acme\nglobex,Globex\n");
    let rows = "acme,login,03/04/2026\nacme,login,03/04/2026\ninitech,login,05/04/2026\n";
    sandbox.write("events.csv", &format!("company_id,event,timestamp\n{rows}"));
    sandbox.ok("import companies.csv");
    sandbox.ok("import events.csv --dry-run --date-format dmy").says(&[
        "3 dates could be day/month or month/day, and were read as --date-format says",
        "1 row is equal to another of the file",
        "in this file, but in no file of companies yet: 1 company: initech",
        "known from other files, but not in this one: 1 company: globex",
        "1 day without any event: 2026-04-04",
        "read 3: new 3, known 0, rejected 0",
    ]);
    sandbox.ok("import events.csv --date-format dmy");
    sandbox.write("other.csv", "company_id,name\nglobex,Globex\n");
    sandbox.ok("import other.csv --dry-run").says(&[
        "in this file, but without events yet: 1 company: globex",
        "with events, but not in this file: 2 companies: acme, initech",
    ]);
}

#[test]
fn a_companies_row_with_an_id_and_another_name_is_no_other_company() {
    let rows = ["17,Acme\n", "acme,Other\n"];
    for order in [[0, 1], [1, 0]] {
        let sandbox = Sandbox::new();
        sandbox.write("c.csv", &format!("company_id,name\n{}{}", rows[order[0]], rows[order[1]]));
        sandbox.ok("import c.csv").says(&["read 2: new 2, known 0"]);
        assert_eq!(company(&sandbox, "17")["name"], json!("Acme"));
        assert_eq!(company(&sandbox, "acme")["name"], json!("Other"));
        sandbox.ok("import c.csv").says(&["read 2: new 0, known 2"]);
    }
    // A list without ids has names in the id column.
    let sandbox = Sandbox::new();
    sandbox.write("c.csv", "company_id,name\n17,Acme\n");
    sandbox.write("names.csv", "company_id,plan\nACME,pro\n");
    sandbox.ok("import c.csv");
    sandbox.ok("import names.csv --kind companies").says(&["read 1: new 0, known 1"]);
    assert_eq!(company(&sandbox, "17")["plan"], json!("pro"));
}

#[test]
fn a_first_import_that_brings_nothing_leaves_no_database() {
    let sandbox = Sandbox::empty();
    sandbox.write("bad.csv", "nothing,known\n1,2\n");
    sandbox.fails("import bad.csv", 4);
    sandbox.fails("import missing.csv", 4);
    sandbox.fails("list", 6);
    sandbox.write("good.csv", GOOD);
    sandbox.ok("import good.csv --dry-run");
    sandbox.fails("list", 6);
    sandbox.ok("import good.csv").says(&["created a new database"]);
    sandbox.fails("import bad.csv", 4);
    sandbox.ok("list");
}

#[test]
fn an_option_that_one_file_cannot_have_does_not_stop_the_others() {
    let sandbox = Sandbox::new();
    sandbox.write("events.csv", GOOD);
    sandbox.write("companies.csv", "company_id,name,Tier\nacme,Acme,pro\n");
    sandbox.fails("import --map plan=Tier events.csv companies.csv", 2);
    assert_eq!(company(&sandbox, "acme")["plan"], json!("pro"));
}

#[test]
fn events_are_not_taken_for_companies() {
    let sandbox = Sandbox::new();
    sandbox.write("events.csv", GOOD);
    sandbox
        .fails("import events.csv --kind companies", 4)
        .says(&["the header is one of events", "--kind events"]);
}

#[test]
fn cells_guarded_against_spreadsheets_are_imported_unchanged() {
    let sandbox = Sandbox::new();
    sandbox.write("c.csv", "company_id,name\n=one,@two\n");
    sandbox.ok("import c.csv");
    sandbox.ok("export companies --out out.csv");
    let text = std::fs::read_to_string(sandbox.path("out.csv")).unwrap();
    assert!(text.contains("\n'=one,'@two,"), "{text}");
    sandbox.ok("import out.csv --kind companies").says(&["read 1: new 0, known 1"]);
    assert_eq!(company(&sandbox, "=one")["name"], json!("@two"));
}

#[test]
fn an_import_notes_the_days_that_were_run_before_their_events_came() {
    let sandbox = Sandbox::new();
    let event = |day: &str| format!("company_id,event,timestamp\nacme,login,{day}\n");
    sandbox.write("events.csv", &event("2026-03-30"));
    sandbox.ok("import events.csv");
    let late = |sandbox: &Sandbox| -> Vec<(String, i64, bool)> {
        let database = sandbox.database();
        let mut statement =
            database.prepare("SELECT day, import, is_undo FROM late_days ORDER BY day").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        rows.unwrap().map(Result::unwrap).collect()
    };
    sandbox.ok("run --as-of 2026-03-28");
    sandbox.ok("run --as-of 2026-03-30");
    assert_eq!(late(&sandbox), []);
    for (file, day) in [("a.csv", "2026-03-29"), ("b.csv", "2026-03-31"), ("c.csv", "2026-03-27")] {
        sandbox.write(file, &event(day));
        sandbox.ok(&format!("import {file}"));
    }
    // The same event again changes nothing.
    sandbox.ok("import events.csv");
    assert_eq!(late(&sandbox), [("2026-03-29".to_owned(), 2, false)]);
}

#[test]
fn an_event_whose_count_has_changed_has_the_count_of_the_later_import() {
    let sandbox = Sandbox::new();
    let header = "company_id,event,timestamp,event_id,count\n";
    let import = |rows: &str, said: &str| {
        sandbox.write("usage.csv", &format!("{header}{rows}"));
        sandbox.ok("import usage.csv").says(&[said]);
        sandbox.ok("check");
        let listed = sandbox.array("company list --as-of 2026-03-31 --columns events_28d");
        listed[0]["events_28d"].as_u64().unwrap()
    };
    let first = "a,login,2026-03-30,u1,10\na,login,2026-03-30,u2,1\n";
    assert_eq!(import(first, "read 2: new 2, known 0, rejected 0"), 11);
    assert_eq!(import(first, "read 2: new 0, known 2, rejected 0"), 11);
    let more = "a,login,2026-03-30,u1,25\na,login,2026-03-29,u3,2\n";
    assert_eq!(import(more, "read 2: new 1, known 1, rejected 0, changed 1"), 28);
    // Of two counts in one file, the last one wins.
    let twice = "a,login,2026-03-30,u1,3\na,login,2026-03-30,u1,4\na,login,2026-03-30,u4,5\na,login,2026-03-30,u4,6\n";
    import(twice, "read 4: new 1, known 3, rejected 0");
    assert_eq!(import(twice, "read 4: new 0, known 4, rejected 0"), 4 + 1 + 2 + 6);
    // The first row stays: another day changes nothing.
    assert_eq!(import("a,login,2026-03-28,u2,1\n", "read 1: new 0, known 1, rejected 0"), 13);
}

#[test]
fn earlier_events_of_a_person_who_moves_stay() {
    let mut sandbox = Sandbox::new();
    sandbox.write("companies.csv", "company_id,name\nA,Alpha\nB,Beta\n");
    let person = |sandbox: &Sandbox, company: &str| {
        sandbox.write("people.csv", &format!("person_id,company_id\np1,{company}\n"));
        sandbox.ok("import people.csv");
    };
    let events = |days: &[&str]| -> String {
        let rows = days.iter().map(|day| format!("p1,login,{day}T05:00:00Z\n"));
        format!("user_id,event,timestamp\n{}", rows.collect::<String>())
    };
    let counts = |sandbox: &Sandbox, day: &str| -> Vec<Option<u64>> {
        let listed = sandbox.array(&format!("company list --as-of {day} --columns events_180d"));
        listed.iter().map(|row| row["events_180d"].as_u64()).collect()
    };
    // Standard input and the order of arguments do not matter.
    sandbox.ok("import companies.csv");
    person(&sandbox, "A");
    sandbox.write("events.csv", &events(&["2026-03-30", "2026-04-01"]));
    sandbox.ok("import events.csv");
    person(&sandbox, "B");
    sandbox.ok("import events.csv").says(&["new 0, known 2"]);
    assert_eq!(counts(&sandbox, "2026-04-01"), [Some(2), Some(0)]);
    sandbox.at("2026-04-20T06:00:00Z");
    sandbox.write("later.csv", &events(&["2026-03-30", "2026-03-31", "2026-04-10"]));
    sandbox.ok("import later.csv").says(&["new 2, known 1"]);
    assert_eq!(counts(&sandbox, "2026-04-20"), [Some(3), Some(1)]);
    sandbox.ok("check");
}

/// More events of a company and day than one row of the table takes.
#[test]
fn a_day_of_very_many_events_is_imported_shown_merged_and_undone() {
    let sandbox = Sandbox::new();
    let file = |name: &str, company: &str, seconds: std::ops::Range<u32>| {
        let mut rows = String::from("company_id,event,timestamp,person_id\n");
        for second in seconds {
            let (hour, minute) = (second / 2 / 3600, second / 2 / 60 % 60);
            let (second, half) = (second / 2 % 60, second % 2 * 5);
            let time = format!("2026-03-04T{hour:02}:{minute:02}:{second:02}.{half}Z");
            rows.push_str(&format!("{company},login,{time},p{half}\n"));
        }
        sandbox.write(name, &rows);
    };
    file("a.csv", "acme", 0..140_000);
    file("b.csv", "acme", 100_000..170_000);
    file("c.csv", "globex", 5_000..6_000);
    let rows = || -> (i64, i64, i64) {
        sandbox
            .database()
            .query_row(
                "SELECT (SELECT count(*) FROM event_days), (SELECT count(*) FROM event_log),
                        (SELECT sum(count) FROM day_counts)",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .unwrap()
    };
    sandbox.ok("import a.csv").says(&["new 140000, known 0"]);
    assert_eq!(rows(), (2, 140_000, 140_000));
    sandbox.ok("import a.csv").says(&["new 0, known 140000"]);
    sandbox.ok("import b.csv").says(&["new 30000, known 40000"]);
    assert_eq!(rows(), (2, 170_000, 170_000));
    sandbox.ok("check");
    assert_eq!(sandbox.array("company list --columns company_id,active_people_28d").len(), 1);
    sandbox.ok("import --undo");
    assert_eq!(rows(), (2, 140_000, 140_000));
    sandbox.ok("check");
    sandbox.ok("import b.csv c.csv").says(&["new 30000, known 40000"]);
    sandbox.ok("company merge globex acme");
    assert_eq!(rows(), (2, 170_000, 170_000));
    sandbox.ok("check");
}

#[test]
fn a_dry_run_of_an_undo_undoes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.import_events(&[("a", "login", "2026-03-01", 3)]);
    sandbox.ok("import --undo --dry-run").says(&["import 1", "would be undone"]);
    assert!(sandbox.ok("event list --format csv").stdout.contains("login"));
    sandbox.ok("import --undo");
    assert!(!sandbox.ok("event list --format csv").stdout.contains("login"));
}

#[test]
fn acknowledgements_are_not_passed_over_by_an_undo() {
    let sandbox = Sandbox::new();
    sandbox.import_events(&[
        ("a", "login", "2026-01-10", 1),
        ("a", "login", "2026-03-01", 50),
        ("a", "beat", "2026-03-31", 1),
    ]);
    sandbox.ok("rule set login");
    sandbox.ok("run --as-of 2026-03-12");
    sandbox.write("acks.csv", "signal_id,reason\n1,spoke to them\n");
    sandbox.ok("import acks.csv");
    sandbox.fails("import --undo", 9).says(&["acks.csv", "history", "--undo 1"]);
    sandbox.fails("import --undo 2", 9).says(&["history"]);
    assert!(sandbox.ok("event list --format csv").stdout.contains("login"));
    sandbox.ok("import --undo 1");
}

#[test]
fn a_column_that_was_cleared_stays_an_attribute() {
    let sandbox = Sandbox::new();
    sandbox.write("c.csv", "company_id,name,region,tier\n1,A,eu,\n");
    sandbox.ok("import c.csv");
    sandbox.import_events(&[("1", "login", "2026-03-10", 1), ("1", "login", "2026-03-31", 1)]);
    sandbox.write(
        "rules.toml",
        "[[rule]]\nname = \"r\"\nkind = \"condition\"\nwhen = \"region = 'eu' OR tier = 'gold'\"\ntype = \"info\"\n",
    );
    sandbox.ok("config apply rules.toml");
    sandbox.write("c.csv", "company_id,name,region,tier\n1,A,,\n");
    sandbox.ok("import c.csv");
    sandbox.ok("run");
    assert_eq!(sandbox.array("list --rule r").len(), 0);
    let listed = sandbox.ok("company list --columns company_id,region,tier --format csv").stdout;
    assert_eq!(listed, "company_id,region,tier\n1,,\n");
    sandbox.ok("import --undo");
    sandbox.ok("import --undo 2");
    sandbox.ok("rule remove r");
    sandbox.ok("import --undo");
    sandbox.fails("company list --columns region", 2);
}

#[test]
fn a_thousand_with_a_point_is_no_one() {
    let counted = |options: &str| {
        let sandbox = Sandbox::new();
        let rows = "company_id;event;timestamp;count\n1;x;2026-03-03;3.000\n1;x;2026-03-04;12\n";
        sandbox.write("e.csv", rows);
        let outcome = sandbox.run(&format!("import e.csv {options}"));
        let sum = "SELECT coalesce(sum(count), 0) FROM day_counts";
        let sum: i64 = sandbox.database().query_row(sum, [], |row| row.get(0)).unwrap();
        (outcome.status, sum)
    };
    assert_eq!(counted("--decimal ,"), (0, 3012));
    assert_eq!(counted("--decimal ."), (0, 15));
    assert_eq!(counted(""), (4, 0));
    let sandbox = Sandbox::new();
    sandbox.write("c.csv", "company_id;name;mrr;seats\n1;A;1.234,50;1.000\n");
    sandbox.ok("import c.csv --decimal ,");
    assert_eq!(sandbox.array("company list --columns seats")[0]["seats"], 1000);
    sandbox.write("w.csv", "company_id;date;login\n1;2026-03-09;1.000\n");
    sandbox.ok("import w.csv --wide --decimal ,");
    let sum = "SELECT sum(count) FROM day_counts";
    assert_eq!(sandbox.database().query_row(sum, [], |row| row.get(0)), Ok(1000_i64));
}

#[test]
fn a_list_of_accounts_may_have_columns_that_other_kinds_know() {
    for column in ["score", "pulse", "direction"] {
        let sandbox = Sandbox::new();
        sandbox.write("k.csv", &format!("company_id,name,csm,{column}\n1,A,b,1\n2,B,c,2\n"));
        sandbox.ok("import k.csv").says(&["companies: company_id, name, csm"]);
    }
    // With several rows of a company it may be anything.
    let sandbox = Sandbox::new();
    sandbox.write("k.csv", "company_id,name,csm,score\n1,A,b,1\n1,A,b,2\n");
    sandbox.fails("import k.csv", 4);
}

#[test]
fn the_csm_is_one_person_in_any_spelling() {
    let sandbox = Sandbox::new();
    sandbox
        .write("c.csv", "company_id,name,csm\n1,A,Ana Lee\n2,B,ana lee\n3,C,ANA  LEE\n4,D,Ben\n");
    sandbox.ok("import c.csv");
    sandbox.write("d.csv", "company_id,name,csm\n5,E,ana\u{a0}lee\n");
    sandbox.ok("import d.csv");
    assert_eq!(sandbox.array("company list --csm 'ANA LEE'").len(), 4);
    let csms: Vec<_> =
        sandbox.array("company list").iter().map(|company| company["csm"].clone()).collect();
    assert_eq!(csms, ["Ana Lee", "Ana Lee", "Ana Lee", "Ben", "Ana Lee"]);
}

/// The first row stays where it is.
#[test]
fn an_event_with_an_id_has_the_count_of_its_last_row_whatever_day_that_claims() {
    let sandbox = Sandbox::new();
    let header = "company_id,event,timestamp,event_id,count\n";
    sandbox.write("1.csv", &format!("{header}a,login,2026-03-02T23:59:00Z,e1,3\n"));
    sandbox.write("2.csv", &format!("{header}a,login,2026-03-03T00:01:00Z,e1,5\n"));
    sandbox.write(
        "3.csv",
        &format!(
            "{header}a,login,2026-03-05T00:00:00Z,e1,5\na,login,2026-03-05T00:00:00Z,e2,1\n\
             a,login,2026-03-01T00:00:00Z,e2,4\n"
        ),
    );
    let counts = || -> Vec<(String, i64)> {
        let database = sandbox.database();
        let sql = "SELECT day, count FROM day_count_log ORDER BY day";
        let mut statement = database.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    let expected = |rows: &[(&str, i64)]| -> Vec<(String, i64)> {
        rows.iter().map(|(day, count)| ((*day).to_owned(), *count)).collect()
    };
    sandbox.ok("import 1.csv");
    sandbox.ok("import 2.csv").says(&["new 0, known 1, rejected 0, changed 1"]);
    assert_eq!(counts(), expected(&[("2026-03-02", 5)]));
    sandbox.ok("import 3.csv").says(&["new 1, known 2, rejected 0\n"]);
    assert_eq!(counts(), expected(&[("2026-03-02", 5), ("2026-03-05", 4)]));
    sandbox.ok("import 3.csv").says(&["new 0, known 3, rejected 0"]);
    assert_eq!(counts(), expected(&[("2026-03-02", 5), ("2026-03-05", 4)]));
    sandbox.ok("check");
    sandbox.ok("import --undo");
    sandbox.ok("import --undo");
    sandbox.ok("import --undo");
    assert_eq!(counts(), expected(&[("2026-03-02", 3)]));
    sandbox.ok("check");
}
