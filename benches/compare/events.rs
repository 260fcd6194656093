//! Importing events, and the trend rules of a day.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use rusqlite::Connection;

use crate::data::{self, DAYS, EVENT_NAMES};
use crate::measure::{Taken, median};
use crate::peers::{Duckdb, Signals};
use crate::report::{Line, Unit};
use crate::{Bench, remove};

/// The maximum time of an import, as a ratio of DuckDB or the `sqlite3` shell doing the same: wall
/// time, and processor time.
const OF_DUCKDB: f64 = 0.65;
const OF_DUCKDBS_CPU: f64 = 0.6;
const OF_SQLITE: f64 = 0.2;
/// A file in random order, or an import into a database with events.
const OF_DUCKDB_OTHERWISE: f64 = 0.9;
/// The same file again, relative to its first import.
const OF_FIRST: f64 = 0.5;
/// A compressed file, relative to the plain one.
const OF_PLAIN: f64 = 1.3;
/// Ten times as many companies, per row.
const OF_FEWER: f64 = 2.0;
/// One row into a large database, in seconds of processor time.
const ONE_ROW: f64 = 0.03;
/// The maximum memory, in MiB.
const MEMORY: f64 = 256.0;
/// The maximum size of a database, relative to the file.
const OF_FILE: f64 = 0.5;
/// The maximum time of the trend rules of a day with ten times the history, relative to the plain
/// history.
const OF_ITSELF: f64 = 1.1;
/// The tolerance for measurements that should be equal.
const THE_SAME: f64 = 1.05;

/// Attributes that look back, which should not depend on the length of the history.
const FLAT: [&str; 5] =
    ["events_28d", "active_people_28d", "new_people_7d", "longest_gap_365d", "first_event_on"];

const TIMEFRAME: u64 = 14;
const THRESHOLD: u64 = 15;

/// The first import.
pub(crate) fn import(bench: &mut Bench) -> Result<()> {
    let file = events(bench, bench.rows, DAYS)?;
    let ours = import_beside_peers(bench, &file, "in order", (OF_DUCKDB, Some(OF_DUCKDBS_CPU)))?;
    bench.lines.push(memory("memory of it", ours));
    Ok(())
}

/// The same events in random order.
pub(crate) fn shuffled(bench: &mut Bench) -> Result<()> {
    let file = bench.path(&format!("events-{}-shuffled.csv", bench.rows));
    let ordered = events(bench, bench.rows, DAYS)?;
    if !file.exists() {
        data::shuffle(&ordered, &file)?;
    }
    let ours = import_beside_peers(bench, &file, "shuffled", (OF_DUCKDB_OTHERWISE, None))?;
    bench.lines.push(memory("memory of it", ours));
    Ok(())
}

fn memory(work: &str, ours: f64) -> Line {
    Line::times(work, ours, "the limit", MEMORY, 1.0).of(Unit::Mebibytes)
}

/// Imports a file with all three, alternating, and adds the lines. The `sqlite3` shell runs once:
/// it is many times slower, and one measurement is enough.
fn import_beside_peers(
    bench: &mut Bench,
    file: &Path,
    order: &str,
    (of_duckdb, of_its_cpu): (f64, Option<f64>),
) -> Result<f64> {
    let (mut ours, mut most, mut duckdbs, mut sqlites) =
        (Vec::new(), 0.0_f64, Vec::new(), Vec::new());
    for round in 0..bench.rounds {
        let taken = bench.signals.import(&fresh(bench, "ours.db"), file)?;
        ours.push(taken);
        most = most.max(taken.mebibytes);
        if let Some(duckdb) = &bench.duckdb {
            duckdbs.push(import_into_duckdb(duckdb, &fresh(bench, "theirs.duckdb"), file)?);
        }
        if let (Some(sqlite), true) = (&bench.sqlite, round == 0) {
            let database = fresh(bench, "theirs.db");
            sqlites.push(sqlite.run(&database, &["-csv"], &sqlite_import(file))?);
            remove(&database);
        }
    }
    if bench.duckdb.is_some() {
        require_same_counts(bench)?;
    }
    let work = format!("import, {order}");
    let peer = "DuckDB, CSV to table and day counts";
    let line = Line::times(&work, ours.clone(), peer, duckdbs, of_duckdb);
    bench.lines.extend([line.by_processor(of_its_cpu), line.clone()]);
    let peer = "sqlite3 .import and day counts";
    bench.lines.push(Line::times(&work, ours, peer, sqlites, OF_SQLITE));
    Ok(most)
}

/// Checks that all of them did the same.
fn require_same_counts(bench: &Bench) -> Result<()> {
    let ours: i64 = Connection::open(bench.path("ours.db"))?.query_row(
        "SELECT count(*) AS counts FROM day_counts",
        [],
        |row| row.get("counts"),
    )?;
    let Some(duckdb) = &bench.duckdb else { return Ok(()) };
    let theirs = duckdb
        .ask(&bench.path("theirs.duckdb"), &["SELECT count(*) FROM day_counts".to_owned()])?
        .last;
    ensure!(theirs == ours.to_string(), "the day counts differ: ours {ours}, theirs {theirs}");
    Ok(())
}

fn fresh(bench: &Bench, name: &str) -> PathBuf {
    let database = bench.path(name);
    remove(&database);
    database
}

fn import_into_duckdb(duckdb: &Duckdb, database: &Path, file: &Path) -> Result<Taken> {
    let events = format!(
        "CREATE TABLE events AS SELECT * FROM read_csv('{}', header = true, columns = \
         {{'company_id': 'VARCHAR', 'event': 'VARCHAR', 'timestamp': 'TIMESTAMP', 'person_id': 'VARCHAR'}})",
        file.display()
    );
    let counts = "CREATE TABLE day_counts AS SELECT company_id, event, CAST(timestamp AS DATE) AS day, count(*) AS count \
                  FROM events GROUP BY ALL";
    Ok(duckdb.ask(database, &[events, counts.to_owned(), "CHECKPOINT".to_owned()])?.all)
}

fn sqlite_import(file: &Path) -> Vec<String> {
    vec![
        format!(".import '{}' events", file.display()),
        "CREATE TABLE day_counts AS SELECT company_id, event, substr(timestamp, 1, 10) AS day, count(*) AS count
         FROM events GROUP BY company_id, event, day;"
            .to_owned(),
    ]
}

/// Events over a number of days, created if they do not exist.
fn events(bench: &Bench, rows: u64, days: u64) -> Result<PathBuf> {
    let file = bench.path(&format!("events-{rows}-{days}.csv"));
    if !file.exists() {
        data::write_events(&file, rows, days)?;
    }
    Ok(file)
}

/// The same file again.
pub(crate) fn again(bench: &mut Bench) -> Result<()> {
    let file = events(bench, bench.rows, DAYS)?;
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds {
        let database = fresh(bench, "ours.db");
        first.push(bench.signals.import(&database, &file)?);
        second.push(bench.signals.import(&database, &file)?);
    }
    let line = Line::times("import, the same again", second, "its first import", first, OF_FIRST);
    bench.lines.extend([line.by_processor(None), line]);
    Ok(())
}

/// Files of other shapes: compressed, of many small companies, of one company and day, and into a
/// database with events on the same days.
pub(crate) fn shapes(bench: &mut Bench) -> Result<()> {
    let plain = events(bench, bench.rows, DAYS)?;
    let [packed_by_gzip, packed_by_zstd] = ["gz", "zst"].map(|ending| plain.with_extension(ending));
    data::pack(&plain, &packed_by_gzip, &packed_by_zstd)?;
    let small = bench.path("small.csv");
    data::write_shaped(&small, bench.rows, DAYS, 10 * data::COMPANIES)?;
    let one_day = bench.path("one-day.csv");
    data::write_shaped(&one_day, bench.rows, 1, 1)?;
    let before = bench.path("before.csv");
    data::write_shaped(&before, bench.rows / 10, DAYS, data::COMPANIES)?;
    let mut taken: [Vec<Taken>; 6] = Default::default();
    let (mut duckdbs, mut most) = (Vec::new(), 0.0_f64);
    for _ in 0..bench.rounds {
        let files = [&plain, &packed_by_gzip, &packed_by_zstd, &small, &one_day, &plain];
        for (place, (file, taken)) in files.into_iter().zip(&mut taken).enumerate() {
            let database = fresh(bench, "ours.db");
            if place == 5 {
                bench.signals.import(&database, &before)?;
            }
            taken.push(bench.signals.import(&database, file)?);
        }
        most = taken[4].iter().fold(most, |most, taken| most.max(taken.mebibytes));
        if let Some(duckdb) = &bench.duckdb {
            duckdbs.push(import_into_duckdb(duckdb, &fresh(bench, "theirs.duckdb"), &plain)?);
        }
    }
    let [plain, gzip, zstd, small, _, again] = taken;
    let name = "the plain file";
    bench.lines.push(Line::times("import, gzip", gzip, name, plain.clone(), OF_PLAIN));
    bench.lines.push(Line::times("import, zstd", zstd, name, plain.clone(), OF_PLAIN));
    let companies = Line::times("import, 50,000 companies", small, "5,000", plain, OF_FEWER);
    bench.lines.extend([companies.by_processor(Some(OF_FEWER)), companies.without_target()]);
    bench.lines.push(memory("memory, one company and day", most));
    let work = "import into a database that has events";
    bench.lines.push(Line::times(work, again, "DuckDB", duckdbs, OF_DUCKDB_OTHERWISE));
    Ok(())
}

/// One row into a large database.
pub(crate) fn one_row(bench: &mut Bench) -> Result<()> {
    let file = events(bench, bench.rows, DAYS)?;
    let database = imported(bench, "ours.db", &file)?;
    let mut taken = Vec::new();
    for round in 0..bench.rounds * 5 {
        let row = bench.path("one-row.csv");
        let day = data::date(0)?;
        let text = format!(
            "company_id,event,timestamp,person_id\ncompany-00001,event_name_01,{day}T23:00:{round:02}Z,person-00000001\n"
        );
        std::fs::write(&row, text)?;
        taken.push(bench.signals.import(&database, &row)?);
    }
    let limit = vec![Taken { cpu: ONE_ROW, ..Taken::of(ONE_ROW) }; taken.len()];
    let line = Line::times("import, one row into many", taken, "the limit", limit, 1.0);
    bench.lines.push(line.by_processor(Some(1.0)).of(Unit::Milliseconds));
    Ok(())
}

/// A tenth of the rows, all, and five times as many: the exponent with which the time grows.
pub(crate) fn growth(bench: &mut Bench) -> Result<()> {
    let mut taken = Vec::new();
    let sizes = [bench.rows / 10, bench.rows, bench.rows * 5];
    for rows in sizes {
        let file = events(bench, rows, DAYS)?;
        let all = (0..bench.rounds)
            .map(|_| bench.signals.import(&fresh(bench, "ours.db"), &file))
            .collect::<Result<Vec<_>>>()?;
        taken.push(all);
    }
    let cpu = |all: &[Taken]| median(all.iter().map(|taken| taken.cpu).collect());
    let exponent = (cpu(&taken[2]) / cpu(&taken[0])).ln() / (50_f64).ln();
    let [few, some, many] = [0, 1, 2].map(|size| std::mem::take(&mut taken[size]));
    let most = many.iter().fold(0.0_f64, |most, taken| most.max(taken.mebibytes));
    let line = Line::times("import, 10 times the rows", some, "a tenth", few.clone(), 10.0);
    bench.lines.push(line.by_processor(None));
    let line = Line::times("import, 50 times the rows", many, "a fiftieth", few, 50.0);
    bench.lines.push(line.by_processor(None));
    bench.lines.push(Line::times("exponent of its CPU time", exponent, "1", 1.0, 1.05));
    bench.lines.push(memory("memory, 50 times the rows", most));
    Ok(())
}

/// Instructions, which do not depend on other load on the machine.
pub(crate) fn instructions(bench: &mut Bench) -> Result<()> {
    let rows = bench.rows.min(1_000_000);
    let file = events(bench, rows, DAYS * rows / bench.rows.max(rows) + 1)?;
    let database = fresh(bench, "ours.db");
    let import = format!("import {}", file.display());
    let count = bench.signals.instructions(&database, &import)?;
    let line = Line::times("instructions: import of a million rows", count, "", f64::NAN, 1.0);
    bench.lines.push(line.of(Unit::Instructions).without_target());
    for command in ["list --limit 1", "status", "company list --format csv"] {
        let count = bench.signals.instructions(&database, command)?;
        let line = Line::times(format!("instructions: {command}"), count, "", f64::NAN, 1.0);
        bench.lines.push(line.of(Unit::Instructions).without_target());
    }
    Ok(())
}

pub(crate) fn size(bench: &mut Bench) -> Result<()> {
    let file = events(bench, bench.rows, DAYS)?;
    let database = imported(bench, "ours.db", &file)?;
    let mebibytes = |path: &Path| {
        Ok::<f64, anyhow::Error>(std::fs::metadata(path)?.len() as f64 / f64::from(1 << 20))
    };
    let line =
        Line::times("database", mebibytes(&database)?, "the CSV file", mebibytes(&file)?, OF_FILE);
    bench.lines.push(line.of(Unit::Mebibytes));
    Ok(())
}

/// A database with only the events of a file.
fn imported(bench: &Bench, name: &str, file: &Path) -> Result<PathBuf> {
    let database = fresh(bench, name);
    bench.signals.import(&database, file)?;
    Ok(database)
}

/// The rules with measured lift, of those that ship.
const MEASURED: &str = "rule preset add fading silent hardly-used unusually-silent";

/// The trend rules of a day, and the steps of a run with measured rules and health.
pub(crate) fn run(bench: &mut Bench) -> Result<()> {
    let file = events(bench, bench.rows, DAYS)?;
    let database = imported(bench, "ours.db", &file)?;
    add_rules(&bench.signals, &database)?;
    let theirs = bench.path("theirs.duckdb");
    if let Some(duckdb) = &bench.duckdb {
        remove(&theirs);
        import_into_duckdb(duckdb, &theirs, &file)?;
    }
    let (mut finding, mut whole, mut first, mut warm) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..bench.rounds {
        // One day later in each round, as in practice.
        let day = data::date(bench.rounds - 1 - round)?;
        let ours = run_day(&bench.signals, &database, &day)?;
        finding.push(ours.finding);
        whole.push(ours.whole);
        if let Some(duckdb) = &bench.duckdb {
            let [once, again, pairs] = find_in_duckdb(duckdb, &theirs, &day)?;
            first.push(once);
            warm.push(again);
            let is_same = round > 0 || pairs == ours.raised;
            ensure!(is_same, "the pairs differ: ours {}, theirs {pairs}", ours.raised);
        }
    }
    let peer = "DuckDB, the same pairs from its events";
    let work = "trend step of a day, 20 rules";
    bench
        .lines
        .push(Line::times(work, finding.clone(), peer, first.clone(), 1.0).of(Unit::Milliseconds));
    let again = Line::times(work, finding, "DuckDB, asked a second time", warm, 1.0);
    bench.lines.push(again.of(Unit::Milliseconds).without_target());
    let whole = Line::times("the whole run of the day", whole, peer, first, 1.0);
    bench.lines.push(whole.of(Unit::Milliseconds).without_target());
    bench.signals.run(&database, MEASURED)?;
    let day = data::date(0)?;
    bench.signals.run(&database, &format!("run --as-of {day}"))?;
    let steps = last_run(&bench.signals, &database)?;
    for (name, took) in steps["steps_ms"].as_object().into_iter().flatten() {
        let took = took.as_f64().unwrap_or(f64::NAN) / 1000.0;
        let line =
            Line::times(format!("  {name}, with 4 rules that foretell"), took, "", f64::NAN, 1.0);
        bench.lines.push(line.of(Unit::Milliseconds).without_target());
    }
    Ok(())
}

fn last_run(signals: &Signals, database: &Path) -> Result<serde_json::Value> {
    let runs = signals.json(database, "run list --format json")?;
    runs.as_array().and_then(|runs| runs.last()).cloned().context("no run was recorded")
}

fn add_rules(signals: &Signals, database: &Path) -> Result<()> {
    for event in 0..EVENT_NAMES {
        let line = format!(
            "rule set event_name_{event:02} --timeframe {TIMEFRAME} --threshold {THRESHOLD}"
        );
        signals.run(database, &line)?;
    }
    Ok(())
}

/// What a run reports.
struct Ran {
    finding: f64,
    whole: f64,
    raised: f64,
}

fn run_day(signals: &Signals, database: &Path, day: &str) -> Result<Ran> {
    let whole = signals.run(database, &format!("run --as-of {day} --format csv"))?.seconds;
    let run = last_run(signals, database)?;
    let number =
        |value: &serde_json::Value| value.as_f64().context("the record of a run has changed");
    let raised = ["raised_bad", "raised_good", "raised_info"].map(|field| number(&run[field]));
    Ok(Ran {
        finding: number(&run["steps_ms"]["find trends"])? / 1000.0,
        whole,
        raised: raised.into_iter().sum::<Result<f64>>()?,
    })
}

/// The pairs with changed events, each with the spread of its weeks, from which a run computes the
/// probability of chance. Seconds in a fresh process, seconds when repeated, and the number of
/// pairs.
fn find_in_duckdb(duckdb: &Duckdb, database: &Path, day: &str) -> Result<[f64; 3]> {
    let find = |name: &str| {
        format!(
            "CREATE TEMP TABLE {name} AS WITH windows AS (\
             SELECT company_id, event, count(*) FILTER (WHERE timestamp < {decision}) AS previous, \
             count(*) FILTER (WHERE timestamp >= {decision}) AS current FROM events \
             WHERE timestamp >= {observation} AND timestamp < {end} GROUP BY company_id, event), \
             first_events AS (SELECT company_id, min(timestamp) AS first_at FROM events GROUP BY company_id), \
             weeks AS (SELECT company_id, event, datediff('day', timestamp, {observation}) // 7 AS week, count(*) AS count \
             FROM events WHERE timestamp >= {observation} - INTERVAL 182 DAY AND timestamp < {observation} GROUP BY ALL), \
             spreads AS (SELECT company_id, event, var_pop(count) / avg(count) AS spread FROM weeks GROUP BY company_id, event) \
             SELECT company_id, event, spread FROM windows JOIN first_events USING (company_id) \
             LEFT JOIN spreads USING (company_id, event) WHERE first_at < {observation} + INTERVAL 1 DAY AND current <> previous \
             AND abs(current - previous) * 100 > {THRESHOLD} * previous",
            decision = format_args!("(DATE '{day}' - {})", TIMEFRAME - 1),
            observation = format_args!("(DATE '{day}' - {})", 2 * TIMEFRAME - 1),
            end = format_args!("(DATE '{day}' + 1)"),
        )
    };
    let count = "SELECT count(*) FROM found".to_owned();
    let answers = duckdb.ask(database, &[find("found"), find("found_again"), count])?;
    let [first, again, ..] = answers.each[..] else { anyhow::bail!("DuckDB gave no times") };
    Ok([first, again, answers.last.parse()?])
}

/// Ten times the history: its memory, and the trend rules of its last days.
pub(crate) fn history(bench: &mut Bench) -> Result<()> {
    let rows = if bench.full_history { bench.rows } else { bench.rows / 10 };
    let short = events(bench, rows, DAYS)?;
    let long = events(bench, rows * 10, DAYS * 10)?;
    let databases = [fresh(bench, "short.db"), fresh(bench, "long.db")];
    let small = bench.signals.import(&databases[0], &short)?;
    let large = bench.signals.import(&databases[1], &long)?;
    databases.iter().try_for_each(|database| add_rules(&bench.signals, database))?;
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..bench.rounds {
        for (database, times) in databases.iter().zip(&mut times) {
            times.push(
                run_day(&bench.signals, database, &data::date(bench.rounds - 1 - round)?)?.finding,
            );
        }
    }
    let [base, of_long] = times;
    let line = Line::times(
        "trend step, 10 times the history",
        of_long,
        "the shorter history",
        base,
        OF_ITSELF,
    );
    bench.lines.push(line.of(Unit::Milliseconds));
    let memory = Line::times(
        "memory of importing it",
        large.mebibytes,
        "the shorter history",
        small.mebibytes,
        THE_SAME,
    );
    bench.lines.push(memory.of(Unit::Mebibytes));
    for attribute in FLAT {
        let list = format!("company list --columns company_id,{attribute} --format csv");
        let (mut of_short, mut of_long) = (Vec::new(), Vec::new());
        for _ in 0..bench.rounds {
            of_short.push(bench.signals.run(&databases[0], &list)?);
            of_long.push(bench.signals.run(&databases[1], &list)?);
        }
        let work = format!("company list, {attribute}, 10 times the history");
        let line = Line::times(work, of_long, "the shorter history", of_short, OF_ITSELF);
        bench.lines.push(line.of(Unit::Milliseconds));
    }
    databases.iter().for_each(|database| remove(database));
    if bench.full_history {
        // The file has seven gigabytes.
        std::fs::remove_file(long)?;
    }
    Ok(())
}
