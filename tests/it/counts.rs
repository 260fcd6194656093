//! Days that come as counts from files.

use serde_json::Value;

use crate::naive;
use crate::property::Random;
use crate::support::{EventRow, Sandbox, events_csv};

/// Counts of acme's logins: day and number.
fn counts_csv(rows: &[(&str, &str, &str, u64)]) -> String {
    let lines = rows
        .iter()
        .map(|(company, event, day, count)| format!("{company},{event},{day},{count}\n"));
    std::iter::once("company_id,event,day,count\n".to_owned()).chain(lines).collect()
}

fn import_counts(sandbox: &Sandbox, rows: &[(&str, &str, &str, u64)]) {
    sandbox.write("counts.csv", &counts_csv(rows));
    sandbox.ok("import --kind counts counts.csv");
}

#[test]
fn a_file_that_the_state_of_a_day_refuses_stops_no_other() {
    let sandbox = Sandbox::new();
    import_counts(&sandbox, &[("acme", "login", "2026-03-01", 2)]);
    sandbox.write("x.csv", "company_id,event,timestamp\nacme,login,2026-03-01\n");
    let day = |day| format!("company_id,event,timestamp\nacme,login,{day}\n");
    let refused = "x.csv has events of 2026-03-01, which came as counts";
    for (command, file, day_of_file) in
        [("import x.csv", "y.csv", "2026-03-02"), ("daily x.csv", "z.csv", "2026-03-03")]
    {
        sandbox.write(file, &day(day_of_file));
        let outcome = sandbox.fails(&format!("{command} {file}"), 9);
        outcome.says(&[refused, "read 1: new 1, known 0, rejected 0"]);
    }
    assert_eq!(sandbox.array("event list")[0]["total"], 4);
}

/// Ten companies that log in ten times each on every day of a range.
fn ten_companies(from: &str, to: &str) -> Vec<(String, &'static str, String, u64)> {
    let (from, to) = (naive::day(from), naive::day(to));
    let day =
        |day| (1..=10).map(move |company| (format!("c{company}"), "login", naive::date(day), 10));
    (from..=to).flat_map(day).collect()
}

fn borrowed<'a>(
    rows: &'a [(String, &'static str, String, u64)],
) -> Vec<(&'a str, &'a str, &'a str, u64)> {
    rows.iter()
        .map(|(company, event, day, count)| (company.as_str(), *event, day.as_str(), *count))
        .collect()
}

/// Trend rules of every measure, which must find the same in counts as in the original events.
pub(crate) const TREND_RULES: &str = r#"
[[rule]]
name = "login"
kind = "trend"
event = "login"
[[rule]]
name = "days"
kind = "trend"
event = "*"
measure = "days"
timeframe = 7
[[rule]]
name = "everybody"
kind = "trend"
event = "*"
measure = "people"
timeframe = 7
[[rule]]
name = "portfolio"
kind = "trend"
event = "*"
measure = "events"
timeframe = 7
baseline = 2
against = "portfolio"
threshold = 30
"#;

const OTHER_RULES: &str = r#"
[[rule]]
name = "first-export"
kind = "adoption"
event = "export"
within = 40
[[rule]]
name = "few-people"
kind = "condition"
when = "active_people_28d <= 4"
type = "bad"
[[rule]]
name = "silent"
kind = "condition"
when = "days_since_last_event >= 2"
type = "bad"
"#;

/// Sixty days of 24 companies, with people who come and go.
fn history() -> String {
    let mut random = Random(7);
    let mut text = "company_id,event,timestamp,person_id\n".to_owned();
    let first = naive::day("2026-02-01");
    for day in 0..59 {
        for company in 0..24 {
            let busy = if (company + day / 9) % 4 == 0 { 2 } else { 9 };
            for _ in 0..random.between(0, busy) {
                let event = random.pick(&["login", "login", "login", "view", "view", "export"]);
                // Some companies never export.
                let event = if company % 5 == 0 { "login" } else { event };
                let person = random.between(1, 4 + company % 3);
                let date = naive::date(first + day);
                text.push_str(&format!(
                    "c{company},{event},{date}T12:00:00Z,p{company}-{person}\n"
                ));
            }
        }
    }
    text
}

/// The counts and the people by day of a database with events.
fn as_counts(sandbox: &Sandbox) -> (String, String) {
    let database = sandbox.database();
    let read = |sql: &str, header: &str| {
        let mut statement = database.prepare(sql).unwrap();
        let lines = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let lines: Vec<String> = lines.collect::<Result<_, _>>().unwrap();
        format!("{header}\n{}\n", lines.join("\n"))
    };
    let counts = read(
        "SELECT company_id || ',' || event || ',' || day || ',' || count FROM day_count_log",
        "company_id,event,day,count",
    );
    let people = read(
        "SELECT DISTINCT company_id || ',' || person_id || ',' || day FROM event_log",
        "company_id,person_id,day",
    );
    (counts, people)
}

#[test]
fn counts_raise_the_signals_that_their_events_raise() {
    let (events, counts) = (Sandbox::new(), Sandbox::new());
    events.write("events.csv", &history());
    events.ok("import events.csv");
    let (sums, people) = as_counts(&events);
    counts.write("counts.csv", &sums);
    counts.write("people.csv", &people);
    counts.ok("import --kind counts counts.csv people.csv").says(&["rejected 0"]);
    for sandbox in [&events, &counts] {
        sandbox.write("rules.toml", &[TREND_RULES, OTHER_RULES].concat());
        sandbox.ok("config apply rules.toml");
        sandbox.ok("run --from 2026-03-10 --to 2026-03-31");
        sandbox.ok("check");
    }
    let fields = |sandbox: &Sandbox| sandbox.array("list");
    let signals = fields(&events);
    for rule in ["login", "days", "everybody", "portfolio", "first-export", "few-people", "silent"]
    {
        assert!(signals.iter().any(|signal| signal["rule"] == rule), "no signal of {rule}");
    }
    assert_eq!(signals, fields(&counts));
    for what in ["export companies", "export health", "event list --format csv"] {
        assert_eq!(events.ok(what).stdout, counts.ok(what).stdout, "{what}");
    }
    let people = |sandbox: &Sandbox| sandbox.json("company show c3 --as-of 2026-03-31")[0].clone();
    for list in ["people_stopped", "people_joined", "activity"] {
        assert_eq!(people(&events)[list], people(&counts)[list], "{list}");
    }
}

#[test]
fn a_file_of_counts_replaces_whole_days_downwards_too() {
    let sandbox = Sandbox::new();
    import_counts(
        &sandbox,
        &[
            ("acme", "login", "2026-03-01", 100),
            ("acme", "view", "2026-03-01", 4),
            ("acme", "login", "2026-03-02", 100),
        ],
    );
    sandbox.write(
        "again.csv",
        &counts_csv(&[("acme", "login", "2026-03-01", 99), ("globex", "view", "2026-03-01", 1)]),
    );
    sandbox
        .ok("import --kind counts again.csv")
        .says(&["read 2: new 1, known 1, rejected 0, changed 1"]);
    let log: Vec<String> = sandbox
        .database()
        .prepare("SELECT company_id || ' ' || event || ' ' || day || ' ' || count FROM day_count_log ORDER BY 1")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(
        log,
        ["acme login 2026-03-01 99", "acme login 2026-03-02 100", "globex view 2026-03-01 1"]
    );
    sandbox.ok("import --kind counts again.csv").says(&["new 0, known 2"]);
    sandbox.ok("check");
}

#[test]
fn a_day_that_loses_more_than_five_percent_is_refused() {
    let sandbox = Sandbox::new();
    let rows = ten_companies("2026-03-01", "2026-03-02");
    import_counts(&sandbox, &borrowed(&rows));
    let mut fewer = rows.clone();
    fewer[0].3 = 4;
    sandbox.write("fewer.csv", &counts_csv(&borrowed(&fewer)));
    sandbox.fails("import --kind counts fewer.csv", 4).says(&[
        "2026-03-01 had 100 events of 10 companies, and now has 94 of 10",
        "--accept-loss",
    ]);
    // Of 10 companies one is gone: 10 % fewer, whatever the number of events.
    let mut gone = rows.clone();
    gone.remove(0);
    gone[0].3 = 20;
    sandbox.write("gone.csv", &counts_csv(&borrowed(&gone)));
    sandbox.fails("import --kind counts gone.csv", 4).says(&["now has 100 of 9"]);
    assert_eq!(sandbox.array("event list")[0]["total"], 200);
    sandbox.ok("import --kind counts --accept-loss fewer.csv");
    assert_eq!(sandbox.array("event list")[0]["total"], 194);
    sandbox.ok("check");
}

#[test]
fn a_new_day_with_less_than_half_is_named_and_one_without_events_refused() {
    let sandbox = Sandbox::new();
    let rows = ten_companies("2026-02-01", "2026-03-01");
    import_counts(&sandbox, &borrowed(&rows));
    let half = [("c1", "login", "2026-03-02", 49)];
    sandbox.write("half.csv", &counts_csv(&half));
    sandbox
        .ok("import --kind counts half.csv")
        .says(&["2026-03-02 has 49 events, and 2026-02-23 had 100"]);
    // The 3rd is missing between the 2nd and the 4th.
    let mut next = borrowed(&rows);
    next.truncate(10);
    for row in &mut next {
        row.2 = "2026-03-04";
    }
    next.push(("c1", "login", "2026-03-02", 60));
    sandbox.write("next.csv", &counts_csv(&next));
    sandbox
        .fails("import --kind counts next.csv", 4)
        .says(&["2026-03-03 has no event", "at least 100"]);
    sandbox.ok("import --kind counts --accept-loss next.csv");
}

#[test]
fn a_day_has_events_or_counts_and_never_both() {
    let sandbox = Sandbox::new();
    import_counts(&sandbox, &[("acme", "login", "2026-03-02", 5)]);
    let rows: [EventRow<'_>; 2] =
        [("acme", "login", "2026-03-01", 5), ("acme", "login", "2026-03-02", 1)];
    sandbox.write("events.csv", &events_csv(&rows));
    sandbox.fails("import events.csv", 9).says(&["events of 2026-03-02", "came as counts"]);
    assert_eq!(sandbox.array("event list")[0]["total"], 5);
    sandbox.import_events(&rows[..1]);
    sandbox.write("counts.csv", &counts_csv(&[("acme", "login", "2026-03-01", 7)]));
    sandbox
        .fails("import --kind counts counts.csv", 9)
        .says(&["counts of 2026-03-01", "has events of its own"]);
    sandbox.write("people.csv", "company_id,person_id,day\nacme,ana,2026-03-05\n");
    sandbox.fails("import --kind counts people.csv", 9).says(&["no counts were imported"]);
    sandbox.ok("check");
}

#[test]
fn counts_make_days_complete_and_late_ones_are_run_again() {
    let sandbox = Sandbox::new();
    sandbox.ok("rule set login");
    let first = naive::day("2026-02-01");
    let dates: Vec<String> = (0..59).map(|day| naive::date(first + day)).collect();
    let low = |day: &str| if day == "2026-03-28" { 10 } else { 100 };
    let rows = |count: &dyn Fn(&str) -> u64| {
        dates.iter().map(|day| ("acme", "login", day.as_str(), count(day))).collect::<Vec<_>>()
    };
    import_counts(&sandbox, &rows(&|_| 10));
    import_counts(&sandbox, &rows(&|_| 100));
    sandbox.write("low.csv", &counts_csv(&rows(&low)));
    sandbox.ok("import --kind counts --accept-loss low.csv");
    sandbox.ok("run --from 2026-03-28 --to 2026-03-31");
    assert_eq!(sandbox.briefs().len(), 0, "-12.9 %");
    let lower = |day: &str| if day == "2026-03-28" { 0 } else { 79 };
    let lower = rows(&|day| if day > "2026-03-24" { lower(day) } else { 100 });
    sandbox.write("lower.csv", &counts_csv(&lower));
    sandbox.ok("import --kind counts --accept-loss lower.csv");
    sandbox.ok("run").says(&["again"]);
    assert!(!sandbox.briefs().is_empty());
    sandbox.ok("check");
}

#[test]
fn an_import_of_counts_is_taken_back() {
    let sandbox = Sandbox::new();
    let dump = |sandbox: &Sandbox| {
        let database = sandbox.database();
        let read = |sql: &str| -> Vec<String> {
            let mut statement = database.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| row.get(0)).unwrap();
            rows.collect::<Result<_, _>>().unwrap()
        };
        [
            read("SELECT json_array(id, count) FROM day_counts"),
            read("SELECT json_array(id, people) FROM day_people"),
            read("SELECT json_array(day, source, events, companies, has_people) FROM pulled_days"),
            read("SELECT json_array(company_id, first_event_day, last_event_day) FROM companies"),
            read("SELECT json_array(event, company, day) FROM first_uses"),
            read("SELECT json_array(id, day) FROM first_people"),
            read("SELECT name FROM event_names"),
        ]
    };
    let nothing = dump(&sandbox);
    import_counts(
        &sandbox,
        &[("acme", "login", "2026-03-01", 5), ("acme", "view", "2026-03-02", 1)],
    );
    let counts = dump(&sandbox);
    sandbox.write("people.csv", "company_id,person_id,day\nacme,ana,2026-03-01\n");
    sandbox.ok("import --kind counts people.csv").says(&["new 1, known 0"]);
    let people = dump(&sandbox);
    sandbox.write(
        "more.csv",
        &counts_csv(&[
            ("globex", "login", "2026-03-01", 6),
            ("acme", "login", "2026-03-03", 1),
            ("acme", "export", "2026-03-02", 3),
        ]),
    );
    sandbox.ok("import --kind counts --accept-loss more.csv");
    sandbox.ok("check");
    for before in [people, counts, nothing] {
        sandbox.ok("import --undo");
        assert_eq!(dump(&sandbox), before);
        sandbox.ok("check");
    }
}

#[test]
fn merged_companies_add_their_counts_and_share_their_people() {
    let sandbox = Sandbox::new();
    import_counts(
        &sandbox,
        &[
            ("acme", "login", "2026-03-01", 5),
            ("old", "login", "2026-03-01", 6),
            ("old", "view", "2026-03-02", 1),
        ],
    );
    sandbox.write(
        "people.csv",
        "company_id,person_id,day\nacme,ana,2026-03-01\nold,ana,2026-03-01\nold,bo,2026-03-01\nold,bo,2026-03-02\n",
    );
    sandbox.ok("import --kind counts people.csv");
    sandbox.ok("company merge old acme");
    sandbox.ok("check");
    let company = &sandbox.json("company show acme --as-of 2026-03-02")[0];
    assert_eq!(company["events_28d"], 12);
    assert_eq!(company["active_people_28d"], 2);
    // The old id still refers to the company, so both counts are added.
    import_counts(
        &sandbox,
        &[("acme", "login", "2026-03-01", 5), ("old", "login", "2026-03-01", 7)],
    );
    assert_eq!(sandbox.json("company show acme --as-of 2026-03-02")[0]["events_28d"], 13);
    sandbox.ok("check");
}

#[test]
fn people_that_are_not_kept_are_not_said_to_have_stopped() {
    let sandbox = Sandbox::new();
    let first = naive::day("2026-03-01");
    let dates: Vec<String> = (0..31).map(|day| naive::date(first + day)).collect();
    let rows: Vec<_> = dates
        .iter()
        .map(|day| {
            ("acme", "login", day.as_str(), if day < &"2026-03-25".to_owned() { 100 } else { 1 })
        })
        .collect();
    import_counts(&sandbox, &rows);
    sandbox.ok("rule set login");
    sandbox.ok("run --as-of 2026-03-31");
    let shown = sandbox.ok("show 1").stdout;
    assert!(shown.contains("not kept here") && !shown.contains("Nobody did"), "{shown}");
    assert_eq!(sandbox.json("show 1")[0]["people"], Value::Null);
    let company = &sandbox.json("company show acme --as-of 2026-03-31")[0];
    for unknown in ["people_stopped", "active_people_28d", "active_people_7d", "new_people_28d"] {
        assert_eq!(company[unknown], Value::Null, "{unknown}");
    }
    sandbox.fails("rule add all --people", 9).says(&["people_days"]);
    sandbox.fails("rule add who --event login --measure people", 9).says(&["who did 'login'"]);
    sandbox.ok("export events").says(&["counts and no events"]);

    let people: String = dates
        .iter()
        .flat_map(|day| {
            let ana = (day < &"2026-03-25".to_owned()).then(|| format!("acme,ana,{day}\n"));
            [ana.unwrap_or_default(), format!("acme,bo,{day}\n")]
        })
        .collect();
    sandbox.write("people.csv", &format!("company_id,person_id,day\n{people}"));
    sandbox.ok("import --kind counts people.csv");
    let shown = sandbox.ok("show 1").stdout;
    assert!(shown.contains("ana") && shown.contains("1 person stopped, 0 began"), "{shown}");
    assert_eq!(sandbox.json("company show acme --as-of 2026-03-31")[0]["active_people_7d"], 1);
    sandbox.ok("rule add all --people");
}

#[test]
fn bad_rows_of_counts_are_rejected_and_a_mixed_file_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "counts.csv",
        "company_id,event,day,count\nacme,login,2026-03-01,5\nacme,login,2026-03-01,1.5\n,login,2026-03-01,5\n\
         acme,login,2026-05-01,5\nacme,view,2026-03-01,\nacme,view,2026-03-02,0\n",
    );
    sandbox
        .fails("import --kind counts counts.csv", 3)
        .says(&["read 6: new 1, known 1, rejected 4", "counts.csv:3: count"]);
    sandbox
        .write("mixed.csv", "company_id,event,day,count,person_id\nacme,login,2026-03-01,5,ana\n");
    sandbox.fails("import --kind counts mixed.csv", 4);
    sandbox.write("unsaid.csv", "company_id,event,day,count\nacme,login,2026-03-01,5\n");
    sandbox.fails("import unsaid.csv", 4);
}
