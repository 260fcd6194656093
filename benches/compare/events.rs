//! Importing events, and the trend rules of a day.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use rusqlite::Connection;

use crate::data::{self, DAYS, EVENT_NAMES};
use crate::measure::{Taken, median};
use crate::peers::{Duckdb, Signals};
use crate::report::{Line, Unit};
use crate::{Bench, remove};

/// An import may take so much of the time of DuckDB, or of the `sqlite3` shell, doing the same.
const OF_DUCKDB: f64 = 0.8;
const OF_SQLITE: f64 = 0.2;
/// And so much memory.
const MEMORY: f64 = 256.0;
/// A database may be so much of the file.
const OF_FILE: f64 = 0.5;
/// With ten times the history, the trend rules of a day may take so much of their own time.
const OF_ITSELF: f64 = 1.2;
/// What is to be no more may seem to be a little more, as one measurement differs from the next.
const THE_SAME: f64 = 1.05;

const TIMEFRAME: u64 = 14;
const THRESHOLD: u64 = 15;

/// The first import.
pub fn import(bench: &mut Bench) -> Result<()> {
    let file = events(bench, bench.rows, DAYS)?;
    let ours = import_beside_peers(bench, &file, "in order")?;
    bench.lines.push(memory("memory of it", ours.mebibytes));
    Ok(())
}

/// The same events in no order.
pub fn shuffled(bench: &mut Bench) -> Result<()> {
    let file = bench.path(&format!("events-{}-shuffled.csv", bench.rows));
    let ordered = events(bench, bench.rows, DAYS)?;
    if !file.exists() {
        data::shuffle(&ordered, &file)?;
    }
    let ours = import_beside_peers(bench, &file, "shuffled")?;
    bench.lines.push(memory("memory of it", ours.mebibytes));
    Ok(())
}

fn memory(work: &str, ours: f64) -> Line {
    Line::times(work, ours, "the limit", MEMORY, 1.0).of(Unit::Mebibytes)
}

/// Imports a file with all three, in turns, and adds the lines. The `sqlite3` shell takes its turn
/// once: it is many times slower, and one time tells enough.
fn import_beside_peers(bench: &mut Bench, file: &Path, order: &str) -> Result<Taken> {
    let (mut ours, mut most, mut duckdbs, mut sqlites) =
        (Vec::new(), 0.0_f64, Vec::new(), Vec::new());
    for round in 0..bench.rounds {
        let taken = bench.signals.import(&fresh(bench, "ours.db"), file)?;
        ours.push(taken.seconds);
        most = most.max(taken.mebibytes);
        if let Some(duckdb) = &bench.duckdb {
            duckdbs.push(import_into_duckdb(duckdb, &fresh(bench, "theirs.duckdb"), file)?);
        }
        if let (Some(sqlite), true) = (&bench.sqlite, round == 0) {
            let database = fresh(bench, "theirs.db");
            sqlites.push(sqlite.run(&database, &["-csv"], &sqlite_import(file))?.seconds);
            remove(&database);
        }
    }
    if bench.duckdb.is_some() {
        require_same_counts(bench)?;
    }
    let (ours, work) = (median(ours), format!("import, {order}"));
    bench.lines.push(Line::times(
        &work,
        ours,
        "DuckDB, CSV to table and day counts",
        median(duckdbs),
        OF_DUCKDB,
    ));
    bench.lines.push(Line::times(
        &work,
        ours,
        "sqlite3 .import and day counts",
        median(sqlites),
        OF_SQLITE,
    ));
    Ok(Taken { seconds: ours, mebibytes: most })
}

/// What was compared must have done the same.
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

fn import_into_duckdb(duckdb: &Duckdb, database: &Path, file: &Path) -> Result<f64> {
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

/// The events over so many days; made when they are not there yet.
fn events(bench: &Bench, rows: u64, days: u64) -> Result<PathBuf> {
    let file = bench.path(&format!("events-{rows}-{days}.csv"));
    if !file.exists() {
        data::write_events(&file, rows, days)?;
    }
    Ok(file)
}

/// The same file again.
pub fn again(bench: &mut Bench) -> Result<()> {
    let file = events(bench, bench.rows, DAYS)?;
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds {
        let database = fresh(bench, "ours.db");
        first.push(bench.signals.import(&database, &file)?.seconds);
        second.push(bench.signals.import(&database, &file)?.seconds);
    }
    bench.lines.push(Line::times(
        "import, the same file again",
        median(second),
        "its first import",
        median(first),
        1.0,
    ));
    Ok(())
}

/// The size of the database.
pub fn size(bench: &mut Bench) -> Result<()> {
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

/// A database with the events of a file and nothing else.
fn imported(bench: &Bench, name: &str, file: &Path) -> Result<PathBuf> {
    let database = fresh(bench, name);
    bench.signals.import(&database, file)?;
    Ok(database)
}

/// The trend rules of a day.
pub fn run(bench: &mut Bench) -> Result<()> {
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
        // A day later each round, as in use.
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
    let (finding, first) = (median(finding), median(first));
    let peer = "DuckDB, the same pairs from its events";
    let work = "trend step of a day, 20 rules";
    bench.lines.push(Line::times(work, finding, peer, first, 1.0).of(Unit::Milliseconds));
    let again = Line::times(work, finding, "DuckDB, asked a second time", median(warm), 1.0);
    bench.lines.push(again.of(Unit::Milliseconds).without_target());
    let whole = Line::times("the whole run of the day", median(whole), peer, first, 1.0);
    bench.lines.push(whole.of(Unit::Milliseconds).without_target());
    Ok(())
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

/// What a run says of itself.
struct Ran {
    finding: f64,
    whole: f64,
    raised: f64,
}

fn run_day(signals: &Signals, database: &Path, day: &str) -> Result<Ran> {
    let whole = signals.run(database, &format!("run --as-of {day} --format csv"))?.seconds;
    let runs = signals.json(database, "run list --format json")?;
    let run = runs.as_array().and_then(|runs| runs.last()).context("no run was recorded")?;
    let number =
        |value: &serde_json::Value| value.as_f64().context("the record of a run has changed");
    let raised = ["raised_bad", "raised_good", "raised_info"].map(|field| number(&run[field]));
    Ok(Ran {
        finding: number(&run["steps_ms"]["find trends"])? / 1000.0,
        whole,
        raised: raised.into_iter().sum::<Result<f64>>()?,
    })
}

/// Seconds of finding the pairs in a fresh process, seconds of finding them again, and how many
/// there are.
fn find_in_duckdb(duckdb: &Duckdb, database: &Path, day: &str) -> Result<[f64; 3]> {
    let find = |name: &str| {
        format!(
            "CREATE TEMP TABLE {name} AS WITH windows AS (\
             SELECT company_id, event, count(*) FILTER (WHERE timestamp < {decision}) AS previous, \
             count(*) FILTER (WHERE timestamp >= {decision}) AS current FROM events \
             WHERE timestamp >= {observation} AND timestamp < {end} GROUP BY company_id, event), \
             first_events AS (SELECT company_id, min(timestamp) AS first_at FROM events GROUP BY company_id) \
             SELECT company_id, event FROM windows JOIN first_events USING (company_id) \
             WHERE first_at < {observation} + INTERVAL 1 DAY AND current <> previous \
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
pub fn history(bench: &mut Bench) -> Result<()> {
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
    let [base, of_long] = times.map(median);
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
    databases.iter().for_each(|database| remove(database));
    if bench.full_history {
        // Nobody wants seven gigabytes to stay.
        std::fs::remove_file(long)?;
    }
    Ok(())
}
