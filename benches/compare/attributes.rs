//! The list of customers by activity: 50,000 companies and twice as many events as in the other
//! measurements, by attributes computed from them, compared with the same query in the `sqlite3`
//! shell on the same database.

use std::path::Path;

use anyhow::Result;

use crate::data;
use crate::measure::median;
use crate::report::{Line, Unit};
use crate::{Bench, remove};

/// The maximum time of a list, as a ratio of the matching query.
const OF_SQLITE: f64 = 1.25;

/// A segment that depends on records and on counts.
const SEGMENT: &[&str] = &["segment", "add", "growing", "--where", "mrr >= 450 AND events_28d > 0"];

/// The same list, written by hand: the counts of the last 28 days and the 28 before, for the
/// companies of the segment, with the columns of the list.
fn query(last: i64) -> String {
    let day = |before: i64| (last - before) * 100_000_000_000_000;
    format!(
        "WITH c AS MATERIALIZED (
             SELECT id / 100000 % 1000000000 AS company,
                    sum(CASE WHEN id >= {} THEN count ELSE 0 END) AS now, sum(CASE WHEN id < {} THEN count ELSE 0 END) AS before
             FROM day_counts WHERE id >= {} AND id < {} GROUP BY 1),
         s AS MATERIALIZED (
             SELECT company, sum(type = 'bad' AND acknowledgement IS NULL) AS bad_open,
                    sum(type = 'bad' AND acknowledgement IS NOT NULL) AS bad_closed,
                    sum(type = 'good' AND acknowledgement IS NULL) AS good_open,
                    sum(type = 'good' AND acknowledgement IS NOT NULL) AS good_closed
             FROM signals GROUP BY company)
         SELECT k.company_id, k.name, k.csm, s.bad_open, s.bad_closed, s.good_open, s.good_closed,
                (SELECT level FROM pulses p WHERE p.company = k.id ORDER BY day DESC, at DESC LIMIT 1) AS pulse
         FROM companies k JOIN c ON c.company = k.id LEFT JOIN s ON s.company = k.id
         WHERE k.mrr >= 450 AND c.now > 0
         ORDER BY c.before = 0, (c.now - c.before) * 100.0 / nullif(c.before, 0), k.company_id",
        day(27),
        day(27),
        day(55),
        day(-1),
    )
}

/// The requested columns, from few to many.
const COLUMNS: [(&str, &str); 6] = [
    ("names", "company_id,name,csm"),
    ("names, plan, renewal", "company_id,name,csm,plan,days_to_renewal"),
    ("and counts of signals", "company_id,name,csm,plan,days_to_renewal,bad_open_signals"),
    (
        "and events",
        "company_id,name,csm,plan,days_to_renewal,bad_open_signals,events_change_28d_pct",
    ),
    (
        "people of a week instead",
        "company_id,name,csm,plan,days_to_renewal,bad_open_signals,active_people_7d",
    ),
    (
        "people of eight weeks instead",
        "company_id,name,csm,plan,days_to_renewal,bad_open_signals,active_people_28d",
    ),
];

/// Measures the list by an attribute, and the cost of each family of attributes.
pub(crate) fn measure(bench: &mut Bench) -> Result<()> {
    let database = bench.path("attributes.db");
    if !database.exists() {
        fill(bench, &database)?;
    }
    let list = "company list --segment growing --sort events_change_28d_pct";
    for (work, line, options) in
        [("as a table", list.to_owned(), "-column"), ("as CSV", csv(list), "-csv")]
    {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..bench.rounds {
            ours.push(bench.signals.run(&database, &line)?);
            if let Some(sqlite) = &bench.sqlite {
                let query = query(data::LAST_DAY);
                theirs.push(sqlite.run(&database, &["-readonly", options], &[query])?);
            }
        }
        let work = format!("company list by a segment and a change, {work}");
        let line = Line::times(work, ours, "sqlite3, the same query", theirs, OF_SQLITE);
        bench.lines.push(line.of(Unit::Milliseconds));
    }
    costs(bench, &database)?;
    if bench.folder.starts_with(env!("CARGO_TARGET_TMPDIR")) {
        remove(&database);
    }
    Ok(())
}

fn csv(list: &str) -> String {
    // The columns of the table; CSV has more by default.
    let columns = "company_id,name,csm,bad_open_signals,bad_closed_signals,good_open_signals,good_closed_signals,pulse";
    format!("{list} --columns {columns} --format csv")
}

/// The cost of more attributes: the list of all companies, compared with that of all attributes.
fn costs(bench: &mut Bench, database: &Path) -> Result<()> {
    let take = |line: &str| -> Result<f64> {
        let taken = (0..bench.rounds).map(|_| Ok(bench.signals.run(database, line)?.seconds));
        Ok(median(taken.collect::<Result<Vec<_>>>()?))
    };
    let all = take("export companies")?;
    let mut lines = Vec::new();
    for (work, columns) in COLUMNS {
        let ours = take(&format!("company list --columns {columns} --format csv"))?;
        let line =
            Line::times(format!("company list: {work}"), ours, "all attributes", all, OF_SQLITE);
        lines.push(line.without_target().of(Unit::Milliseconds));
    }
    bench.lines.extend(lines);
    Ok(())
}

/// Imports the companies and their events from files of counts.
fn fill(bench: &Bench, database: &Path) -> Result<()> {
    remove(database);
    let (companies, events) = (bench.path("customers.csv"), bench.path("counts.csv"));
    data::write_companies(&companies)?;
    data::write_counts(&events, 2 * bench.rows)?;
    bench.signals.run(database, "init")?;
    bench.signals.import(database, &companies)?;
    bench.signals.import(database, &events)?;
    bench.signals.run_words(database, SEGMENT)?;
    Ok(())
}
