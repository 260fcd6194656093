//! Everyday commands on a million signals of 50,000 companies, compared with the same queries in
//! the `sqlite3` shell.

use std::path::Path;

use anyhow::Result;
use rusqlite::Connection;

use crate::measure::Taken;
use crate::report::{Line, Unit};
use crate::{Bench, remove};

/// The maximum time of a command, as a ratio of the matching query.
const OF_SQLITE: f64 = 1.25;
/// Commands that take fewer seconds are run more often.
const SHORT: f64 = 0.5;
const MORE_ROUNDS: u64 = 5;
/// The number of program starts.
const STARTS: u64 = 20;
/// The maximum time of the dashboard, in seconds.
const DASHBOARD: f64 = 0.4;

/// Companies, their recent events where they are shown, signals, and acknowledgements of a third.
const FILL: &str = "
    BEGIN;
    INSERT INTO event_names (id, name)
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
    SELECT i, printf('event_name_%02d', i) FROM n;

    INSERT INTO companies (id, company_id, name, csm, segment, plan, mrr, created_on, first_event_day, last_event_day)
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
    SELECT i, printf('company-%05d', i), printf('Company No. %d', i), printf('csm-%02d', i % 50),
           CASE i % 3 WHEN 0 THEN 'small' WHEN 1 THEN 'medium' ELSE 'large' END, 'Team', i % 900 + 0.5,
           date('2024-01-01', printf('%+d days', i % 300)), 20089, 20268 FROM n;

    INSERT INTO people (id, person_id)
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
    SELECT i, printf('person-%08d', i) FROM n;

    INSERT INTO event_days (id, events)
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 179999)
    SELECT ((20089 + i / 1000) * 1000000000 + i % 1000 + 1) * 1000,
           printf('[[%d,36000,%d],[%d,43200.5,%d]]', i % 10 + 1, i % 5000 + 1, i % 10 + 11, (i + 7) % 5000 + 1) FROM n;

    INSERT INTO rule_versions (id, name, definition)
    SELECT id, name, json_object('logic', json_object('kind', 'trend', 'event', name, 'timeframe', 14),
                                 'managers', json('false'), 'executives', json('false'))
    FROM event_names;
    INSERT INTO rules (name, version) SELECT name, id FROM rule_versions;

    INSERT INTO runs (id, day, started_at, finished_at, is_backfill, companies_evaluated)
    VALUES (1, '2025-06-29', '2025-06-30T06:00:00Z', '2025-06-30T06:00:01Z', 0, 50000);

    INSERT INTO signals (id, company, rule, rule_version, run, type, raised_on, observation_from, observation_to,
                         observation_count, decision_from, decision_to, decision_count, change_pct, chance, detail)
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999999),
    s AS (SELECT i, i / 5556 AS day, i % 20 + 1 AS rule, i * 7919 % 50000 + 1 AS company, 20 + i % 181 AS count FROM n)
    SELECT i + 1, company, printf('event_name_%02d', rule), rule, 1, CASE i % 5 WHEN 0 THEN 'good' ELSE 'bad' END,
           date('2025-01-01', printf('%+d days', day)), date('2025-01-01', printf('%+d days', day - 27)),
           date('2025-01-01', printf('%+d days', day - 14)), 100, date('2025-01-01', printf('%+d days', day - 13)),
           date('2025-01-01', printf('%+d days', day)), count, count - 100.0, (i % 997) / 1000.0,
           printf('event_name_%02d fell from 100 to %d', rule, count) FROM s;

    INSERT INTO signal_history (id, signal, action, at, day, by, reason)
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 333333)
    SELECT i, i * 3, 'acknowledged', '2025-06-30T07:00:00Z', '2025-06-30', 'ana', 'Talked to them on the telephone' FROM n;
    UPDATE signals SET acknowledgement = id / 3, closed_on = '2025-06-30' WHERE id % 3 = 0;
    COMMIT;
    PRAGMA wal_checkpoint (TRUNCATE);";

/// The columns of the list of signals for people.
const COLUMNS: &str = "
    SELECT s.id, s.raised_on, c.name, s.type, s.acknowledgement IS NULL AS open, v.event, s.observation_count,
           s.decision_count, s.change_pct, s.chance, c.csm
    FROM signals s JOIN companies c ON c.id = s.company JOIN rule_versions v ON v.id = s.rule_version";

/// The fields of the list of signals for programs.
const FIELDS: &str = "
    SELECT s.id, c.company_id, c.name, c.csm, s.rule, v.kind, v.event, s.type, s.acknowledgement IS NULL AS open,
           s.raised_on, v.timeframe, v.threshold, s.observation_from, s.observation_to, s.observation_count,
           s.decision_from, s.decision_to, s.decision_count, s.change_pct, s.chance, s.detail, a.by, a.at, a.reason
    FROM signals s JOIN companies c ON c.id = s.company JOIN rule_versions v ON v.id = s.rule_version
    LEFT JOIN signal_history a ON a.id = s.acknowledgement";

/// The columns of companies for people, and for programs.
const COMPANIES: [&str; 2] = ["c.company_id, c.name, c.csm", "c.*"];

fn companies(columns: &str) -> String {
    format!(
        "SELECT {columns}, sum(s.type = 'bad' AND s.acknowledgement IS NULL) AS bad_open,
                sum(s.type = 'bad' AND s.acknowledgement IS NOT NULL) AS bad_closed,
                sum(s.type = 'good' AND s.acknowledgement IS NULL) AS good_open,
                sum(s.type = 'good' AND s.acknowledgement IS NOT NULL) AS good_closed,
                date(c.last_event_day * 86400, 'unixepoch') AS last_event_on
         FROM companies c LEFT JOIN signals s ON s.company = c.id GROUP BY c.id ORDER BY c.company_id"
    )
}

/// A command, and the matching query for the `sqlite3` shell. `{n}` is a different number in each
/// round.
struct Pair {
    work: &'static str,
    command: String,
    options: &'static [&'static str],
    query: String,
}

/// An unlimited screen, as the program prints without a terminal.
const SCREEN: &[&str] = &["-readonly", "-column"];
const CSV: &[&str] = &["-readonly", "-csv"];

fn reading() -> Vec<Pair> {
    let pair = |work, command: &str, options, query| Pair {
        work,
        command: command.to_owned(),
        options,
        query,
    };
    let newest = |more: &str| format!("{COLUMNS} {more} ORDER BY s.raised_on DESC, s.id");
    vec![
        pair("list --limit 50", "list --limit 50", SCREEN, newest("") + " LIMIT 50"),
        pair(
            "list --type bad --state open --limit 50",
            "list --type bad --state open --limit 50",
            SCREEN,
            newest("WHERE s.type = 'bad' AND s.acknowledgement IS NULL") + " LIMIT 50",
        ),
        pair(
            "list COMPANY",
            "list company-{n}",
            SCREEN,
            newest("WHERE s.company = (SELECT id FROM companies WHERE company_id = 'company-{n}')"),
        ),
        pair(
            "list --csm, 20,000 signals",
            "list --csm csm-07",
            SCREEN,
            newest("WHERE c.csm = 'csm-07'"),
        ),
        pair(
            "list --since, last day",
            "list --since 2025-06-29",
            SCREEN,
            newest("WHERE s.raised_on >= '2025-06-29'"),
        ),
        pair("list, all", "list", SCREEN, newest("")),
        pair(
            "list --format csv, all",
            "list --format csv",
            CSV,
            format!("{FIELDS} ORDER BY s.raised_on DESC, s.id"),
        ),
        pair("show", "show {n}", SCREEN, show()),
        pair("company list", "company list", SCREEN, companies(COMPANIES[0])),
        pair(
            "company list --format csv",
            "company list --format csv",
            CSV,
            companies(COMPANIES[1]),
        ),
    ]
}

/// A signal, its history, and the events of its windows.
fn show() -> String {
    format!(
        "{FIELDS} WHERE s.id = {{n}};
         SELECT action, at, day, by, reason, outcome FROM signal_history WHERE signal = {{n}} ORDER BY id;
         WITH RECURSIVE days(d, last, company, event) AS (
             SELECT unixepoch(s.observation_from) / 86400, unixepoch(s.decision_to) / 86400, s.company, n.id
             FROM signals s JOIN rule_versions v ON v.id = s.rule_version JOIN event_names n ON n.name = v.event
             WHERE s.id = {{n}}
             UNION ALL SELECT d + 1, last, company, event FROM days WHERE d < last)
         SELECT d, p.person_id, count(*) FROM days
         JOIN event_days e ON e.id = (d * 1000000000 + days.company) * 1000, json_each(e.events) j
         LEFT JOIN people p ON p.id = j.value ->> 2 WHERE j.value ->> 0 = days.event GROUP BY d, p.person_id"
    )
}

/// Acknowledging changes the database, so each round uses other signals.
fn writing() -> Vec<Pair> {
    let settings = "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; BEGIN IMMEDIATE;";
    let history = "INSERT INTO signal_history (signal, action, at, day, by, reason)
                   SELECT id, 'acknowledged', '2025-06-30T08:00:00Z', '2025-06-30', 'ana', 'Called' FROM signals WHERE";
    let close = |mine: &str| {
        format!(
            "{settings} {history} {mine} AND acknowledgement IS NULL;
             UPDATE signals SET closed_on = '2025-06-30',
                    acknowledgement = (SELECT max(h.id) FROM signal_history h WHERE h.signal = signals.id)
             WHERE {mine} AND acknowledgement IS NULL; COMMIT;"
        )
    };
    vec![
        Pair {
            work: "ack",
            command: "ack {ours} --reason Called".to_owned(),
            options: &[],
            query: close("id = {theirs}"),
        },
        Pair {
            work: "ack --all, a day of 3,704",
            command: "ack --all --since {our day} --until {our day} --reason Called --yes"
                .to_owned(),
            options: &[],
            query: close("raised_on = '{their day}'"),
        },
    ]
}

pub(crate) fn measure(bench: &mut Bench) -> Result<()> {
    let database = bench.path("lists.db");
    remove(&database);
    bench.signals.run(&database, "init")?;
    Connection::open(&database)?.execute_batch(FILL)?;
    for pair in reading() {
        compare(bench, &database, &pair)?;
    }
    for pair in writing() {
        compare(bench, &database, &pair)?;
    }
    let report = bench.path("dashboard.html");
    let taken = (0..bench.rounds).map(|_| {
        bench.signals.run(&database, &format!("report dashboard --out {}", report.display()))
    });
    let taken = taken.collect::<Result<Vec<_>>>()?;
    let line =
        Line::times("report dashboard, 50,000 companies", taken, "the limit", DASHBOARD, 1.0);
    bench.lines.push(line);
    remove(&database);
    start(bench)
}

/// Starting the program: a list of one row in a small database.
fn start(bench: &mut Bench) -> Result<()> {
    let database = bench.path("small.db");
    remove(&database);
    bench.signals.run(&database, "init")?;
    let query = format!("{COLUMNS} ORDER BY s.raised_on DESC, s.id LIMIT 1");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds * STARTS {
        ours.push(bench.signals.run(&database, "list --limit 1")?);
        if let Some(sqlite) = &bench.sqlite {
            theirs.push(sqlite.run(&database, SCREEN, std::slice::from_ref(&query))?);
        }
    }
    let line =
        Line::times("list --limit 1, small", ours, "sqlite3, the same query", theirs, OF_SQLITE);
    bench.lines.push(line.of(Unit::Milliseconds));
    remove(&database);
    Ok(())
}

fn compare(bench: &mut Bench, database: &Path, pair: &Pair) -> Result<()> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let is_short = |ours: &[Taken]| ours.iter().all(|taken| taken.seconds < SHORT);
    for round in 0..bench.rounds * MORE_ROUNDS {
        if round >= bench.rounds && !is_short(&ours) {
            break;
        }
        let line = fill_in(&pair.command, round)?;
        ours.push(bench.signals.run(database, &line)?);
        if let Some(sqlite) = &bench.sqlite {
            theirs.push(sqlite.run(database, pair.options, &[fill_in(&pair.query, round)?])?);
        }
    }
    let line = Line::times(pair.work, ours, "sqlite3, the same query", theirs, OF_SQLITE);
    bench.lines.push(line.of(Unit::Milliseconds));
    Ok(())
}

/// Inserts the number of the round.
fn fill_in(text: &str, round: u64) -> Result<String> {
    // Open signals of companies with events: their number is not a multiple of three.
    let number = 900_000 + round * 5_000;
    let number = (number..).find(|n| n * 7919 % 50_000 < 1000).unwrap_or(number) + 1;
    let open = 1 + round * 30;
    Ok(text
        .replace("company-{n}", &format!("company-{:05}", 100 + round))
        .replace("{n}", &number.to_string())
        .replace("{ours}", &open.to_string())
        .replace("{theirs}", &(open + 15).to_string())
        .replace("{our day}", &crate::data::date(round * 2)?)
        .replace("{their day}", &crate::data::date(round * 2 + 1)?))
}
