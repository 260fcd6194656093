//! Importing events.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use rusqlite::Connection;

use crate::data::{self, DAYS};
use crate::measure::{Taken, median};
use crate::peers::Duckdb;
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

pub(crate) fn memory(work: &str, ours: f64) -> Line {
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

pub(crate) fn fresh(bench: &Bench, name: &str) -> PathBuf {
    let database = bench.path(name);
    remove(&database);
    database
}

pub(crate) fn import_into_duckdb(duckdb: &Duckdb, database: &Path, file: &Path) -> Result<Taken> {
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
pub(crate) fn events(bench: &Bench, rows: u64, days: u64) -> Result<PathBuf> {
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
/// database with events of earlier days, and of the same days.
pub(crate) fn shapes(bench: &mut Bench) -> Result<()> {
    let plain = events(bench, bench.rows, DAYS)?;
    let [packed_by_gzip, packed_by_zstd] = ["gz", "zst"].map(|ending| plain.with_extension(ending));
    data::pack(&plain, &packed_by_gzip, &packed_by_zstd)?;
    let small = bench.path("small.csv");
    data::write_shaped(&small, bench.rows, DAYS, 10 * data::COMPANIES)?;
    let one_day = bench.path("one-day.csv");
    data::write_shaped(&one_day, bench.rows, 1, 1)?;
    let [earlier, beside] = ["earlier.csv", "beside.csv"].map(|name| bench.path(name));
    data::write_until(&earlier, bench.rows / 10, DAYS, data::COMPANIES, DAYS)?;
    data::write_shaped(&beside, bench.rows / 10, DAYS, data::COMPANIES)?;
    let mut taken: [Vec<Taken>; 7] = Default::default();
    let (mut duckdbs, mut most) = (Vec::new(), 0.0_f64);
    for _ in 0..bench.rounds {
        let files = [
            (&plain, None),
            (&packed_by_gzip, None),
            (&packed_by_zstd, None),
            (&small, None),
            (&one_day, None),
            (&plain, Some(&earlier)),
            (&plain, Some(&beside)),
        ];
        for ((file, before), taken) in files.into_iter().zip(&mut taken) {
            let database = fresh(bench, "ours.db");
            if let Some(before) = before {
                bench.signals.import(&database, before)?;
            }
            taken.push(bench.signals.import(&database, file)?);
        }
        most = taken[4].iter().fold(most, |most, taken| most.max(taken.mebibytes));
        if let Some(duckdb) = &bench.duckdb {
            duckdbs.push(import_into_duckdb(duckdb, &fresh(bench, "theirs.duckdb"), &plain)?);
        }
    }
    let [plain, gzip, zstd, small, _, later, beside] = taken;
    let name = "the plain file";
    bench.lines.push(Line::times("import, gzip", gzip, name, plain.clone(), OF_PLAIN));
    bench.lines.push(Line::times("import, zstd", zstd, name, plain.clone(), OF_PLAIN));
    let companies = Line::times("import, 50,000 companies", small, "5,000", plain, OF_FEWER);
    bench.lines.extend([companies.by_processor(Some(OF_FEWER)), companies.without_target()]);
    bench.lines.push(memory("memory, one company and day", most));
    let mut into = |work, ours| {
        let line = Line::times(work, ours, "DuckDB", duckdbs.clone(), OF_DUCKDB_OTHERWISE);
        bench.lines.push(line);
    };
    into("import into a database with events of earlier days", later);
    into("import into a database with events of the same days", beside);
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
pub(crate) fn imported(bench: &Bench, name: &str, file: &Path) -> Result<PathBuf> {
    let database = fresh(bench, name);
    bench.signals.import(&database, file)?;
    Ok(database)
}
