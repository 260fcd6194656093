//! Reports and exports: the same numbers in every format, hostile names that stay text, and
//! complete files.

use std::collections::BTreeMap;
use std::io::Cursor;

use base64::Engine;
use calamine::{Data, Reader, Xlsx};
use scraper::{ElementRef, Html, Selector};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::support::Sandbox;

const REPORTS: [&str; 11] = [
    "company b",
    "csm ana",
    "dashboard",
    "health",
    "pulse",
    "pulse-changes",
    "risk-factors",
    "stages",
    "renewals",
    "workload",
    "signals",
];

/// A name that is dangerous in every format.
const HOSTILE: &str = "=HYPERLINK(1)</td><script>alert(1)</script>\u{202e}";

/// The health profile for the figures below.
const HEALTH: &str = r#"
[[health.profile]]
name = "usage first"
priority = 1
good = 70
average = 40
[[health.profile.measure]]
name = "usage"
kind = "proactive"
weight = 4
value = "CASE WHEN days_since_last_event >= 28 THEN -100 ELSE events_change_28d_pct END"
from = -50
to = 20
[[health.profile.measure]]
name = "recency"
kind = "proactive"
weight = 3
value = "days_since_last_event"
from = 28
to = 0
[[health.profile.measure]]
name = "activity signals"
kind = "proactive"
weight = 1
value = "bad_activity_signals_28d"
from = 5
to = 0
[[health.profile.measure]]
name = "satisfaction"
kind = "reactive"
weight = 1
value = "nps_mean_90d"
from = 0
to = 10
[[health.profile.measure]]
name = "urgent tickets"
kind = "reactive"
weight = 1
value = "open_urgent_tickets"
from = 3
to = 0
"#;

/// Four customers and one who churned; one of them has stopped using the product.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "companies.csv",
        &format!(
            "company_id,name,csm,lifecycle_stage,segment,plan,mrr,created_on,renewal_on,churned_on\n\
             a,\"{HOSTILE}\",ana,adoption,small,gold,1000,2024-01-01,2026-04-20,\n\
             b,Bright & Co,ana,renewal,small,gold,250.5,2024-01-01,2026-03-01,\n\
             c,Cobalt,@ben,renewal,large,silver,400,2024-01-01,2027-01-01,\n\
             d,,@ben,adoption,large,silver,,2024-01-01,,\n\
             e,Elm,ana,adoption,large,silver,80,2024-01-01,,2026-02-10\n"
        ),
    );
    let mut events = "company_id,event,timestamp,count\n".to_owned();
    for day in (1..=28)
        .map(|day| format!("2026-02-{day:02}"))
        .chain((1..=31).map(|day| format!("2026-03-{day:02}")))
    {
        events.push_str(&format!("a,login,{day}T08:00:00Z,5\nc,login,{day}T08:00:00Z,4\n"));
        if day.as_str() < "2026-03-10" {
            events.push_str(&format!("b,login,{day}T08:00:00Z,6\n"));
        }
    }
    sandbox.write("events.csv", &events);
    sandbox.ok("import companies.csv events.csv");
    sandbox.write("health.toml", HEALTH);
    sandbox.ok("config apply health.toml");
    sandbox.ok("rule set login --threshold 30");
    sandbox.ok("run --from 2026-02-20 --to 2026-03-31");
    sandbox.ok("pulse set b high-risk --reason-code support/response-time --on 2026-03-28");
    sandbox.ok("pulse set c 5 --on 2026-03-01");
    sandbox.ok("company churn e --on 2026-02-10 --reason-code switched/to-competitor");
    sandbox.ok("task add b 'Call them' --due 2026-03-20");
    sandbox.ok("ack 1 --reason 'Called them' --outcome handled");
    sandbox
}

/// Section, item, measure and value of each figure.
fn figures(sandbox: &Sandbox, arguments: &str) -> Vec<(String, String, String, Value)> {
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let rows = sandbox.array(arguments);
    rows.iter()
        .map(|row| {
            (text(row, "section"), text(row, "item"), text(row, "measure"), row["value"].clone())
        })
        .collect()
}

#[track_caller]
fn expect(sandbox: &Sandbox, report: &str, expected: &[(&str, &str, &str, Value)]) {
    let figures = figures(sandbox, &format!("report {report}"));
    for (section, item, measure, value) in expected {
        let found = figures.iter().find(|(s, i, m, _)| s == section && i == item && m == measure);
        let (.., actual) =
            found.unwrap_or_else(|| panic!("no {section} {item} {measure} in {report}"));
        assert_eq!(actual, value, "{report}: {section} {item} {measure}");
    }
}

#[test]
fn the_figures_of_each_report() {
    let sandbox = sandbox();
    expect(
        &sandbox,
        "dashboard",
        &[
            ("summary", "customers", "value", 4.into()),
            ("summary", "mrr", "value", 1650.5.into()),
            // b: no event for 22 days. usage -100 % and recency 6 of 28 days: (0 + 3 x 21.43) / 8
            // and less.
            ("health", "poor", "customers", 1.into()),
            ("health", "poor", "mrr", 250.5.into()),
            ("cancellations", "2026-02", "cancellations", 1.into()),
            ("cancellations", "2026-02", "customers", 5.into()),
            ("cancellations", "2026-02", "rate", 20.0.into()),
            ("cancellations", "2026-02", "mrr", 80.0.into()),
            ("cancellations", "2026-02", "main_reason", "switched/to-competitor".into()),
            ("cancellations", "2026-03", "customers", 4.into()),
            ("plans", "gold", "poor", 1.into()),
            ("workload", "ana", "poor", 1.into()),
            ("workload", "ana", "overdue_tasks", 1.into()),
            // Two CSMs are too few to compare.
            ("workload", "ana", "overloaded", Value::Null),
            ("talk_about", "b", "name", "Bright & Co".into()),
        ],
    );
    expect(
        &sandbox,
        "pulse",
        &[
            ("levels", "high-risk", "share", 25.0.into()),
            ("levels", "no-pulse", "customers", 2.into()),
            ("customers", "b", "reason_codes", "support/response-time".into()),
        ],
    );
    expect(
        &sandbox,
        "pulse-changes --days 7",
        &[
            ("levels", "high-risk", "moved_in", 1.into()),
            ("levels", "no-pulse", "change", (-1).into()),
            ("moved", "b", "pulse_then", "no-pulse".into()),
        ],
    );
    expect(&sandbox, "risk-factors", &[("categories", "support", "customers", 1.into())]);
    expect(&sandbox, "stages", &[("pulse", "renewal", "very-satisfied", 1.into())]);
    expect(
        &sandbox,
        "renewals",
        &[
            ("renewals", "b", "state", "overdue".into()),
            ("renewals", "b", "days_to_renewal", (-30).into()),
            ("renewals", "b", "renewal_on", "2026-03-01".into()),
            ("renewal_risk", "total", "mrr_at_risk", 250.5.into()),
        ],
    );
    expect(
        &sandbox,
        "signals",
        &[("rules", "login", "acknowledged", 1.into()), ("outcomes", "login", "handled", 1.into())],
    );
}

#[test]
fn a_company_and_a_csm_have_a_page_for_a_review_meeting() {
    let sandbox = sandbox();
    expect(
        &sandbox,
        "company b",
        &[
            ("summary", "mrr", "value", 250.5.into()),
            ("summary", "csm", "value", "ana".into()),
            ("renewal", "b", "days_to_renewal", (-30).into()),
            ("open_tasks", "1", "title", "Call them".into()),
            ("open_tasks", "1", "state", "overdue".into()),
        ],
    );
    expect(
        &sandbox,
        "csm ana",
        &[
            ("talk_about", "b", "name", "Bright & Co".into()),
            ("open_tasks", "1", "customer", "Bright & Co".into()),
            ("renewals", "b", "state", "overdue".into()),
        ],
    );
    let shown = sandbox.ok("report company b").stdout;
    assert!(shown.contains("Renewal on 2026-03-01, overdue by 30 days, 250.50 a month: at risk."));
    sandbox.fails("report company e", 9).says(&["is not a customer on"]);
    sandbox.fails("report company nobody", 9);
    sandbox.fails("report csm anna", 9).says(&["did you mean 'ana'"]);
}

#[test]
fn title_currency_logo_and_links_are_part_of_every_report() {
    let sandbox = sandbox();
    sandbox.write("logo.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>");
    sandbox.write(
        "report.toml",
        "[report]\ntitle = \"Acme <CS>\"\ncurrency = \"EUR\"\nlogo = \"logo.svg\"\n\
         [links]\ncompany = \"https://crm.example/a/{company_id}\"\n",
    );
    sandbox.ok("config apply report.toml");
    assert!(sandbox.ok("config apply report.toml").stdout.is_empty());
    sandbox.ok("report dashboard --out d.html");
    let page = std::fs::read_to_string(sandbox.path("d.html")).unwrap();
    let page = Html::parse_document(&page);
    let link = &all(page.root_element(), "#talk_about th a")[0];
    assert_eq!(link.attr("href"), Some("https://crm.example/a/b"));
    assert_eq!(text(&all(page.root_element(), ".owner")[0]), "Acme <CS>");
    let logo = &all(page.root_element(), "img")[0];
    assert!(logo.attr("src").unwrap().starts_with("data:image/svg+xml;base64,"));
    assert!(text(&all(page.root_element(), ".answer")[0]).contains("1,650.50\u{a0}EUR a month"));
    let shown = sandbox.ok("report dashboard").stdout;
    assert!(shown.starts_with("Acme <CS>: Customer dashboard\n") && !shown.contains('\u{1b}'));
    sandbox.write("bad.toml", "[links]\ncompany = \"javascript:{company_id}\"\n");
    sandbox.fails("config apply bad.toml", 9).says(&["https://"]);
    sandbox.write("bad.toml", "[report]\nlogo = \"missing.png\"\n");
    sandbox.fails("config apply bad.toml", 9).says(&["missing.png"]);
}

#[test]
fn retention_follows_the_subscriptions_of_a_year_ago() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "subscriptions.csv",
        "subscription_id,company_id,started_on,ended_on,mrr\n         1,a,2024-01-01,,100\n2,a,2025-09-01,,50\n3,b,2024-01-01,2026-01-01,100\n         4,c,2024-01-01,2025-12-01,200\n5,c,2025-12-01,,150\n6,d,2025-06-01,,999\n",
    );
    sandbox.ok("import subscriptions.csv");
    // A year before: 100, 100 and 200; now 150, nothing and 150.
    expect(
        &sandbox,
        "dashboard --as-of 2026-03-31",
        &[
            ("summary", "nrr", "value", 75.0.into()),
            ("summary", "grr", "value", 62.5.into()),
            ("summary", "arr", "value", (1299.0 * 12.0).into()),
        ],
    );
}

#[test]
fn a_churn_before_the_beginning_is_no_cancellation() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "companies.csv",
        "company_id,created_on,churned_on\n         a,2024-01-01,2026-02-10\nb,2026-03-01,2026-02-10\nc,2024-01-01,\n",
    );
    sandbox.ok("import companies.csv");
    expect(
        &sandbox,
        "dashboard --as-of 2026-03-31",
        &[("cancellations", "2026-02", "cancellations", 1.into())],
    );
    let shown = sandbox.ok("report dashboard --as-of 2026-03-31").stdout;
    assert!(shown.contains("1 cancellation in the last three months, none before."), "{shown}");
}

#[test]
fn a_report_is_as_of_its_day_and_of_its_customers() {
    let sandbox = sandbox();
    let count = |options: &str| {
        let figures = figures(&sandbox, &format!("report dashboard {options}"));
        let (.., value) = &figures
            .iter()
            .find(|(section, item, measure, _)| {
                (section.as_str(), item.as_str(), measure.as_str())
                    == ("summary", "customers", "value")
            })
            .unwrap();
        value.as_u64().unwrap()
    };
    assert_eq!([count(""), count("--csm ana"), count("--where 'mrr > 300'")], [4, 2, 2]);
    assert_eq!([count("--as-of 2026-02-09"), count("--as-of 2026-02-10")], [5, 4]);
    sandbox.ok("segment add small --where 'mrr > 200'");
    let shown = sandbox.ok("report health --segment small --csm ana --as-of 2026-03-30").stdout;
    assert!(
        shown.starts_with("Customer health\nas of 2026-03-30, customers: segment small; CSM ana\n"),
        "{shown}"
    );
    let nobody = sandbox.ok("report dashboard --csm @bem");
    nobody.says(&["hint: no company is looked after by '@bem'; did you mean '@ben'?"]);
    assert_eq!(sandbox.ok("report dashboard --csm @BE").stderr, "");
    sandbox.fails("report health --segment smoll", 9).says(&["did you mean 'small'"]);
    sandbox.fails("report health --where 'mrr >'", 2);
    sandbox.fails("report health --as-of 2026-05-01", 2);
    sandbox.fails("report pulse-changes --days 0", 2);
}

/// Usage ends on 31 March, and it is 20 April.
#[test]
fn signals_pulses_and_whom_to_talk_about_are_as_of_today() {
    let mut sandbox = sandbox();
    sandbox.at("2026-04-20T12:00:00Z");
    sandbox.ok("pulse set a 5 --on 2026-04-12");
    sandbox.ok("pulse set c high-risk --on 2026-04-12");
    sandbox.ok("company churn c --on 2026-04-18");
    let shown = sandbox.ok("report dashboard").stdout;
    let days = "usage to 2026-03-31; signals, tasks and pulse to 2026-04-20";
    assert!(shown.contains(days), "{shown}");
    expect(
        &sandbox,
        "dashboard",
        &[
            // The signals of b were raised more than 28 days ago, from 10 to 23 March.
            ("signals", "bad", "opened_28d", 0.into()),
            ("signals", "bad", "closed_28d", 1.into()),
            ("talk_about", "a", "reason", "renewal today".into()),
        ],
    );
    let report = figures(&sandbox, "report dashboard");
    assert!(report.iter().all(|(section, item, ..)| section != "talk_about" || item != "c"));
    expect(
        &sandbox,
        "pulse-changes --days 7",
        &[("levels", "very-satisfied", "moved_in", 0.into())],
    );
    expect(
        &sandbox,
        "pulse-changes --days 9",
        &[("levels", "very-satisfied", "moved_in", 1.into())],
    );
    let agenda = sandbox.ok("agenda").stdout;
    assert!(agenda.contains("Bright & Co") && !agenda.contains("Cobalt"), "{agenda}");
    sandbox.ok("").says(&["1 renewal within 30 days, 1 overdue renewal, "]);
}

/// The elements of a page that a selector finds.
fn all<'h>(page: ElementRef<'h>, selector: &str) -> Vec<ElementRef<'h>> {
    page.select(&Selector::parse(selector).unwrap()).collect()
}

fn text(element: &ElementRef<'_>) -> String {
    element.text().collect()
}

/// A table of the page: its name, its title, and its cells.
struct Shown {
    name: String,
    title: String,
    rows: Vec<Vec<String>>,
}

fn tables(page: &Html) -> Vec<Shown> {
    let cells = |row: &ElementRef<'_>| all(*row, "th, td").iter().map(text).collect();
    let table = |table: &ElementRef<'_>| Shown {
        name: table.attr("id").unwrap().to_owned(),
        title: text(&all(*table, "caption")[0]),
        rows: all(*table, "tbody tr").iter().map(cells).collect(),
    };
    all(page.root_element(), "table").iter().map(table).collect()
}

/// The number in a cell for people; for a day, its number in a workbook.
fn number(text: &str) -> Option<f64> {
    if let Ok(day) = text.parse::<chrono::NaiveDate>() {
        return Some(f64::from(day.to_epoch_days() + 25_569));
    }
    let is_numeric =
        text.chars().all(|c| c.is_ascii_digit() || "+-,. %".contains(c)) && text != "-";
    is_numeric.then(|| text.replace([',', ' ', '%', '+'], "").parse().ok()).flatten()
}

fn cell_number(cell: &Data) -> Option<f64> {
    match cell {
        Data::Float(number) => Some(*number),
        Data::Int(number) => Some(*number as f64),
        Data::DateTime(time) => Some(time.as_f64()),
        _ => None,
    }
}

/// Every number of every table is the same in the page, the workbook, the figures and the terminal.
#[test]
fn all_formats_say_the_same() {
    let sandbox = sandbox();
    for report in REPORTS {
        let written = |format: &str| {
            sandbox.ok(&format!("report {report} --out r.{format}"));
            std::fs::read(sandbox.path(&format!("r.{format}"))).unwrap()
        };
        let page = Html::parse_document(&String::from_utf8(written("html")).unwrap());
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(written("xlsx"))).unwrap();
        let mut by_section: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for (section, _, _, value) in figures(&sandbox, &format!("report {report}")) {
            let shown = value.as_f64().or_else(|| {
                value
                    .as_str()
                    .and_then(|text| text.parse::<chrono::NaiveDate>().ok().and(number(text)))
            });
            by_section.entry(section).or_default().extend(shown);
        }
        let screen = sandbox.ok(&format!("report {report}")).stdout;
        let lines: Vec<Vec<&str>> = screen
            .lines()
            .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
            .collect();
        let tables = tables(&page);
        assert!(!tables.is_empty(), "{report}");
        for Shown { name, title, rows } in tables {
            let place = format!("{report} {name}");
            // The first column is a label, not a figure.
            let in_page: Vec<f64> =
                rows.iter().flat_map(|row| &row[1..]).filter_map(|cell| number(cell)).collect();
            let sheet = book.worksheet_range(&title).unwrap();
            let in_sheet: Vec<f64> =
                sheet.rows().skip(1).flat_map(|row| &row[1..]).filter_map(cell_number).collect();
            assert_eq!(in_page, in_sheet, "{place}");
            assert_eq!(in_page, by_section[&name], "{place}");
            assert_eq!(sheet.rows().count(), rows.len() + 1, "{place}");
            for row in rows.iter().filter(|row| !row[0].contains("HYPERLINK")) {
                let row: Vec<&str> = row.iter().map(String::as_str).collect();
                assert!(
                    lines.iter().any(|line| line.starts_with(&row)),
                    "{place}: no line {row:?} in\n{screen}"
                );
            }
        }
        let rows = csv::Reader::from_reader(Cursor::new(written("csv"))).into_records().count();
        assert_eq!(rows, sandbox.array(&format!("report {report}")).len(), "{report}");
    }
}

#[test]
fn hostile_names_are_text_in_every_format() {
    let sandbox = sandbox();
    for report in REPORTS {
        sandbox.ok(&format!("report {report} --out r.html"));
        let page = Html::parse_document(&std::fs::read_to_string(sandbox.path("r.html")).unwrap());
        assert!(
            all(page.root_element(), "script, img, a[href*=':'], link, iframe").is_empty(),
            "{report}"
        );
        sandbox.ok(&format!("report {report} --out r.xlsx"));
        let mut book: Xlsx<_> =
            Xlsx::new(Cursor::new(std::fs::read(sandbox.path("r.xlsx")).unwrap())).unwrap();
        for name in book.sheet_names() {
            assert_eq!(
                book.worksheet_formula(&name).unwrap().used_cells().count(),
                0,
                "{report} {name}"
            );
        }
        let csv = sandbox.ok(&format!("report {report} --format csv")).stdout;
        assert!(
            csv.lines().all(|line| !line.contains(",=HYPERLINK") && !line.contains(",@ben")),
            "{csv}"
        );
        assert!(!sandbox.ok(&format!("report {report}")).stdout.contains('\u{202e}'), "{report}");
    }
    sandbox.ok("report renewals --out r.html");
    let page = Html::parse_document(&std::fs::read_to_string(sandbox.path("r.html")).unwrap());
    assert!(
        tables(&page)[1].rows.iter().any(|row| row[0] == HOSTILE),
        "the name is there as it is"
    );
}

#[test]
fn a_page_allows_nothing_from_outside_and_each_chart_has_its_table() {
    let sandbox = sandbox();
    sandbox.ok("report dashboard --out r.html");
    let page = Html::parse_document(&std::fs::read_to_string(sandbox.path("r.html")).unwrap());
    let root = page.root_element();
    let policy =
        all(root, "meta[http-equiv='Content-Security-Policy']")[0].attr("content").unwrap();
    // A browser ignores a style sheet with another hash.
    let style: String = all(root, "style")[0].text().collect();
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(style));
    let allowed = format!("default-src 'none'; style-src 'sha256-{hash}';");
    assert!(policy.starts_with(&allowed), "{policy}");
    assert!(all(root, "[style], [onclick], script, style ~ style").is_empty());
    let charts = all(root, "figure");
    assert!(charts.len() >= 5, "{}", charts.len());
    for chart in charts {
        let block = ElementRef::wrap(chart.parent().unwrap()).unwrap();
        assert_eq!(all(block, "table").len(), 1, "{}", block.html());
        for picture in all(chart, "svg") {
            let name = picture.attr("aria-labelledby").unwrap();
            assert_eq!(all(picture, &format!("title#{name}")).len(), 1);
        }
    }
}

#[test]
fn a_file_that_no_report_can_be_is_refused() {
    let sandbox = sandbox();
    sandbox.fails("report workload --out w.pdf", 2).says(&["no report can be written as .pdf"]);
    assert!(!sandbox.path("w.pdf").exists());
    sandbox.ok("report workload --out w.pdf --format csv");
    sandbox.ok("report workload --out w.txt");
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let sandbox = sandbox();
    sandbox.write("r.html", "before");
    sandbox.fails("report health --segment nobody --out r.html", 9);
    assert_eq!(std::fs::read_to_string(sandbox.path("r.html")).unwrap(), "before");
    sandbox.fails("report health --out nowhere/r.html", 8);
    sandbox.fails("report health --out signals.db", 2);
    sandbox.fails("export events --out signals.db --format xlsx", 2);
    let before: Vec<_> = std::fs::read_dir(sandbox.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    sandbox.ok("report health --out r.html");
    let after: Vec<_> = std::fs::read_dir(sandbox.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(before.len(), after.len());
    // The same query gives the same bytes.
    for format in ["html", "xlsx", "csv"] {
        let [one, two] = ["1", "2"].map(|name| {
            sandbox.ok(&format!("report dashboard --format {format} --out {name}"));
            std::fs::read(sandbox.path(name)).unwrap()
        });
        assert!(one == two, "{format}");
    }
}

#[test]
fn an_empty_database_has_every_report() {
    let sandbox = Sandbox::new();
    for report in REPORTS {
        for format in ["table", "csv", "json", "xlsx", "html"] {
            let command = format!("report {report} --format {format} --out r");
            // There is nobody to have a page about.
            let _ = match report {
                "company b" | "csm ana" => sandbox.fails(&command, 9),
                _ => sandbox.ok(&command),
            };
        }
    }
    assert!(sandbox.ok("report dashboard").stdout.contains("No customers: import companies"));
}

#[test]
fn exports_have_everything() {
    let sandbox = sandbox();
    let events = sandbox.array("export events");
    // 59 days of a and c, and 37 of b.
    assert_eq!(events.len(), 59 * 2 + 37);
    let first = serde_json::json!({"company_id": "a", "event": "login", "timestamp": "2026-02-01T08:00:00Z",
        "person_id": null, "count": 5, "event_id": null, "day": "2026-02-01"});
    assert_eq!(events[0], first);
    let pulses = sandbox.array("export pulses");
    let of = |row: &Value| {
        [&row["company_id"], &row["pulse"], &row["set_on"], &row["reason_codes"]].map(Value::clone)
    };
    let expected: [Value; 4] =
        ["b".into(), 2.into(), "2026-03-28".into(), "support/response-time".into()];
    assert_eq!(of(&pulses[0]), expected);
    let expected: [Value; 4] = ["c".into(), 5.into(), "2026-03-01".into(), Value::Null];
    assert_eq!(of(&pulses[1]), expected);
    assert_eq!(sandbox.array("export pulses --as-of 2026-03-27").len(), 1);
    let tasks = sandbox.array("export tasks");
    assert_eq!((&tasks[0]["title"], &tasks[0]["overdue"]), (&"Call them".into(), &true.into()));
    // 40 days, four customers; e had left before.
    let health = sandbox.array("export health");
    assert_eq!(health.len(), 40 * 4);
    let last = health.last().unwrap();
    assert_eq!(
        (&last["company_id"], &last["day"], &last["health_band"]),
        (&"d".into(), &"2026-03-31".into(), &"unknown".into())
    );
    assert_eq!(sandbox.array("export health --as-of 2026-02-21").len(), 2 * 4);
}

#[test]
fn exported_events_come_back_as_they_were() {
    let sandbox = sandbox();
    sandbox.ok("export events --out out.csv");
    let again = sandbox.ok("import out.csv");
    again.says(&["read 155: new 0, known 155, rejected 0"]);
    let other = Sandbox::new();
    std::fs::copy(sandbox.path("out.csv"), other.path("out.csv")).unwrap();
    other.ok("import out.csv");
    assert_eq!(other.ok("export events").stdout, sandbox.ok("export events").stdout);
}

#[test]
fn a_workbook_of_records_has_numbers_days_and_text() {
    let sandbox = sandbox();
    for what in ["companies", "signals", "health", "pulses", "tasks", "events"] {
        sandbox.ok(&format!("export {what} --out {what}.xlsx"));
        let file = std::fs::read(sandbox.path(&format!("{what}.xlsx"))).unwrap();
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(file)).unwrap();
        let sheet = book.worksheet_range("export").unwrap();
        let rows = sandbox.array(&format!("export {what}"));
        assert_eq!(sheet.rows().count(), rows.len() + 1, "{what}");
        assert_eq!(book.worksheet_formula("export").unwrap().used_cells().count(), 0, "{what}");
        let fields: Vec<String> =
            sheet.rows().next().unwrap().iter().map(ToString::to_string).collect();
        let known: Vec<&String> = rows[0].as_object().unwrap().keys().collect();
        assert_eq!(fields.iter().collect::<Vec<_>>(), known, "{what}");
        for (cells, row) in sheet.rows().skip(1).zip(&rows) {
            for (cell, value) in cells.iter().zip(row.as_object().unwrap().values()) {
                match value {
                    // Some JSON parsers differ in the last digit.
                    Value::Number(number) => {
                        let (found, wanted) =
                            (cell_number(cell).unwrap(), number.as_f64().unwrap());
                        assert!(
                            (found - wanted).abs() <= wanted.abs() * 1e-12,
                            "{what}: {found} {wanted}"
                        );
                    }
                    Value::Null => assert!(matches!(cell, Data::Empty), "{what}: {cell:?}"),
                    Value::Bool(flag) if matches!(cell, Data::Bool(_)) => {
                        assert_eq!(cell, &Data::Bool(*flag));
                    }
                    // Whether a signal holds is yes or no for people.
                    Value::Bool(flag) => {
                        assert_eq!(cell.to_string(), if *flag { "yes" } else { "no" });
                    }
                    Value::String(text) if matches!(cell, Data::DateTime(_)) => {
                        assert_eq!(cell_number(cell), number(text))
                    }
                    Value::String(text) => assert_eq!(&cell.to_string(), text),
                    _nested => assert!(cell.to_string().starts_with('['), "{what}: {cell}"),
                }
            }
        }
    }
}

#[test]
fn raw_csv_leaves_text_as_it_is() {
    let sandbox = sandbox();
    let has = |options: &str, text: &str| {
        sandbox.ok(&format!("export companies {options}")).stdout.contains(text)
    };
    assert!(has("", ",'@ben,") && !has("", ",@ben,"));
    assert!(has("--raw", ",@ben,"));
}
