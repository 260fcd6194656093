//! The rules of a day, with a longer history, and the replay of a year.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::data::{self, DAYS, EVENT_NAMES};
use crate::events::{events, fresh, import_into_duckdb, imported, memory};
use crate::peers::{Duckdb, Signals};
use crate::report::{Line, Unit};
use crate::{Bench, remove};

/// The maximum time of the trend rules of a day with ten times the history, relative to the plain
/// history.
const OF_ITSELF: f64 = 1.1;
/// The tolerance for measurements that should be equal.
const THE_SAME: f64 = 1.05;

/// Attributes that look back, which should not depend on the length of the history.
const FLAT: [&str; 5] =
    ["events_28d", "active_people_28d", "new_people_7d", "longest_gap_365d", "first_event_on"];

/// A history that holds every window: of the spread of weeks, of the gaps of a year, and of the
/// rules below.
const HISTORY_DAYS: u64 = 400;

/// Rules that look back six months.
const BASELINES: [&str; 3] = [
    "rule add fading --event * --measure days --timeframe 28 --baseline 6 --against portfolio --threshold 50 --for 10",
    "rule add fewer-people --event * --measure people --timeframe 28 --baseline 6 --threshold 50",
    "rule add fewer-events --event * --timeframe 28 --baseline 6 --threshold 50",
];

/// A backtest's limit, in seconds, its days, and the share of companies that churn in it.
const BACKTEST: f64 = 10.0;
const YEAR: u64 = 365;
const BACKTEST_DAYS: u64 = 400;
const ONE_CHURNS_OF: u64 = 10;

const TIMEFRAME: u64 = 14;
const THRESHOLD: u64 = 15;

/// The rules with measured lift, of those that ship.
const MEASURED: &str = "rule preset add fading silent hardly-used unusually-silent";

/// The steps of a run in which rules compare and find, as its record names them.
const FINDING: [&str; 2] = ["find trends", "find conditions"];

/// The rules of a day: twenty plain ones, and the same with the measured rules.
pub(crate) fn run(bench: &mut Bench) -> Result<()> {
    let file = events(bench, bench.rows, DAYS)?;
    let plain = imported(bench, "ours.db", &file)?;
    add_rules(&bench.signals, &plain)?;
    let measured = fresh(bench, "measured.db");
    std::fs::copy(&plain, &measured)?;
    bench.signals.run(&measured, MEASURED)?;
    let theirs = fresh(bench, "theirs.duckdb");
    if let Some(duckdb) = &bench.duckdb {
        import_into_duckdb(duckdb, &theirs, &file)?;
    }
    for (rules, database) in [("20 rules", &plain), ("with the 4 measured ones", &measured)] {
        let (mut days, mut found) = (Vec::new(), Vec::new());
        for round in 0..bench.rounds {
            // One day later in each round, as in practice.
            let day = data::date(bench.rounds - 1 - round)?;
            days.push(run_day(&bench.signals, database, &day)?);
            if let Some(duckdb) = &bench.duckdb {
                let and_measured = database == &measured;
                let theirs = find_in_duckdb(duckdb, &theirs, &day, and_measured)?;
                let (ours, theirs_found) = (days[days.len() - 1].raised, theirs.pairs);
                // On later days, what was raised before is not raised again.
                let is_same = round > 0 || ours == theirs_found;
                ensure!(is_same, "{rules}: the pairs differ: ours {ours}, theirs {theirs_found}");
                found.push(theirs);
            }
        }
        add_lines(bench, rules, &days, &found);
    }
    Ok(())
}

fn add_lines(bench: &mut Bench, rules: &str, days: &[Ran], found: &[Found]) {
    let ours = |value: fn(&Ran) -> f64| days.iter().map(value).collect::<Vec<_>>();
    let theirs = |value: fn(&Found) -> f64| found.iter().map(value).collect::<Vec<_>>();
    let (peer, again) = ("DuckDB, the same pairs from its events", "DuckDB, asked a second time");
    let work = |what: &str| format!("{what}, {rules}");
    let finding = |peer, seconds| {
        Line::times(work("finding, of a day"), ours(Ran::finding), peer, theirs(seconds), 1.0)
    };
    let whole =
        Line::times(work("the whole run"), ours(|it| it.whole), peer, theirs(|it| it.first), 1.0);
    let lines = [
        finding(peer, |it| it.first),
        finding(again, |it| it.warm).without_target(),
        whole.without_target(),
    ];
    bench.lines.extend(lines.map(|line| line.of(Unit::Milliseconds)));
    let Some(last) = days.last() else { return };
    for (name, seconds) in &last.steps {
        let line = Line::times(format!("  {name}"), *seconds, "", f64::NAN, 1.0);
        bench.lines.push(line.of(Unit::Milliseconds).without_target());
    }
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

/// What a run reports, in seconds.
struct Ran {
    steps: Vec<(String, f64)>,
    whole: f64,
    raised: f64,
}

impl Ran {
    fn finding(&self) -> f64 {
        let finding = self.steps.iter().filter(|(name, _)| FINDING.contains(&name.as_str()));
        finding.map(|(_, seconds)| seconds).sum()
    }
}

fn run_day(signals: &Signals, database: &Path, day: &str) -> Result<Ran> {
    let whole = signals.run(database, &format!("run --as-of {day} --format csv"))?.seconds;
    let run = last_run(signals, database)?;
    let number =
        |value: &serde_json::Value| value.as_f64().context("the record of a run has changed");
    let raised = ["raised_bad", "raised_good", "raised_info"].map(|field| number(&run[field]));
    let steps = run["steps_ms"].as_object().context("the record of a run has changed")?;
    let seconds = |(name, milliseconds): (&String, &serde_json::Value)| {
        Ok((name.clone(), number(milliseconds)? / 1000.0))
    };
    Ok(Ran {
        steps: steps.iter().map(seconds).collect::<Result<_>>()?,
        whole,
        raised: raised.into_iter().sum::<Result<f64>>()?,
    })
}

/// What DuckDB found.
struct Found {
    /// Seconds in a fresh process, and when asked again.
    first: f64,
    warm: f64,
    /// The number of pairs of a rule and a company.
    pairs: f64,
}

/// Asks DuckDB for the pairs that the rules find on a day.
fn find_in_duckdb(
    duckdb: &Duckdb,
    database: &Path,
    day: &str,
    and_measured: bool,
) -> Result<Found> {
    let find = |name: &str| {
        let mut statements = vec![changed_in_duckdb(&format!("{name}_changed"), day)];
        if and_measured {
            statements.push(measured_in_duckdb(&format!("{name}_measured"), day));
        }
        statements
    };
    let pairs = |table: &str| format!("(SELECT count(*) FROM found_{table})");
    let tables = if and_measured { vec!["changed", "measured"] } else { vec!["changed"] };
    let count = format!("SELECT {}", tables.into_iter().map(pairs).collect::<Vec<_>>().join(" + "));
    let statements = [find("found"), find("again"), vec![count]].concat();
    let answers = duckdb.ask(database, &statements)?;
    let each = statements.len() / 2;
    ensure!(answers.each.len() == statements.len(), "DuckDB gave no times");
    let [first, warm] = [&answers.each[..each], &answers.each[each..2 * each]]
        .map(|seconds| seconds.iter().sum::<f64>());
    Ok(Found { first, warm, pairs: answers.last.parse()? })
}

/// The pairs with changed events, each with the spread of its weeks, from which a run computes the
/// probability of chance.
fn changed_in_duckdb(table: &str, day: &str) -> String {
    format!(
        "CREATE TEMP TABLE {table} AS WITH windows AS (\
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
}

/// The pairs that the measured rules find: fewer than half of the expected active days in each of
/// the last 28 windows of 28 days, and three kinds of silence. Each active day lies in one window of
/// each of the 28 days, and windows are added up from the latest backwards.
fn measured_in_duckdb(table: &str, day: &str) -> String {
    format!(
        "CREATE TEMP TABLE {table} AS WITH \
         days AS MATERIALIZED (SELECT company_id, CAST(timestamp AS DATE) AS day FROM events \
         WHERE timestamp < DATE '{day}' + 1 GROUP BY ALL), \
         lives AS MATERIALIZED (SELECT company_id, min(day) AS first_day, max(day) AS last_day, \
         count(*) FILTER (WHERE day > DATE '{day}' - 84) AS active_84d FROM days GROUP BY company_id), \
         ends AS (SELECT DATE '{day}' - CAST(before AS INTEGER) AS last FROM range(28) AS ends(before)), \
         active AS (SELECT company_id, last, (last - day) // 28 AS place, count(*) AS active_days \
         FROM days JOIN ends ON day <= last AND day > last - 196 GROUP BY ALL), \
         past AS (SELECT company_id, last, place, (last - first_day + 1) // 28 - 1 AS windows, \
         coalesce(active_days, 0) AS active_days FROM lives CROSS JOIN ends \
         CROSS JOIN (SELECT CAST(place AS BIGINT) AS place FROM range(7) AS places(place)) \
         LEFT JOIN active USING (company_id, last, place) WHERE (last - first_day + 1) // 28 - 1 >= greatest(place, 1)), \
         sums AS (SELECT company_id, last, place, windows, \
         sum(active_days) FILTER (WHERE place = 0) OVER (PARTITION BY company_id, last) AS current, \
         sum(CASE WHEN place = 0 THEN 0 ELSE active_days END) \
         OVER (PARTITION BY company_id, last ORDER BY place) AS previous FROM past), \
         book AS (SELECT last, place, sum(current) AS current, sum(previous) AS previous FROM sums GROUP BY ALL), \
         low AS (SELECT company_id FROM sums JOIN book USING (last, place) WHERE place = least(6, windows) \
         AND sums.previous + sums.current > 0 \
         AND (sums.current + 1) * 100 * (book.previous - sums.previous) \
         < 50 * (sums.previous * (book.current - sums.current) + book.previous - sums.previous) \
         GROUP BY company_id HAVING count(*) = 28), \
         gaps AS (SELECT company_id, max(gap) AS gap FROM (SELECT company_id, day, \
         day - lag(day) OVER (PARTITION BY company_id ORDER BY day) AS gap FROM days) \
         WHERE day > DATE '{day}' - 365 GROUP BY company_id) \
         SELECT 'fading' AS rule, company_id FROM low \
         UNION ALL SELECT 'silent', company_id FROM lives WHERE DATE '{day}' - last_day >= 35 \
         UNION ALL SELECT 'hardly-used', company_id FROM lives \
         WHERE active_84d <= 2 AND DATE '{day}' - first_day + 1 >= 56 \
         UNION ALL SELECT 'unusually-silent', company_id FROM lives LEFT JOIN gaps USING (company_id) \
         WHERE DATE '{day}' - last_day >= 14 AND DATE '{day}' - last_day > coalesce(gap, 0) + 14"
    )
}

/// Ten times the history: its memory, and the trend rules of its last days.
pub(crate) fn history(bench: &mut Bench) -> Result<()> {
    let rows = if bench.full_history { bench.rows } else { bench.rows / 10 };
    let short = events(bench, rows, HISTORY_DAYS)?;
    let long = events(bench, rows * 10, HISTORY_DAYS * 10)?;
    let databases = [fresh(bench, "short.db"), fresh(bench, "long.db")];
    let small = bench.signals.import(&databases[0], &short)?;
    let large = bench.signals.import(&databases[1], &long)?;
    databases.iter().try_for_each(|database| add_rules(&bench.signals, database))?;
    let with_baseline = databases.each_ref().map(|database| database.with_extension("baseline.db"));
    for (plain, with_baseline) in databases.iter().zip(&with_baseline) {
        std::fs::copy(plain, with_baseline)?;
        BASELINES.iter().try_for_each(|rule| bench.signals.run(with_baseline, rule).map(drop))?;
    }
    for (rules, databases) in [("20 rules", &databases), ("and 3 with a baseline", &with_baseline)]
    {
        let mut times = [Vec::new(), Vec::new()];
        for round in 0..bench.rounds {
            let day = data::date(bench.rounds - 1 - round)?;
            for (database, times) in databases.iter().zip(&mut times) {
                times.push(run_day(&bench.signals, database, &day)?.finding());
            }
        }
        let [base, of_long] = times;
        let work = format!("finding, 10 times the history, {rules}");
        let line = Line::times(work, of_long, "the shorter history", base, OF_ITSELF);
        bench.lines.push(line.of(Unit::Milliseconds));
    }
    with_baseline.iter().for_each(|database| remove(database));
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

/// The replay of a year with the measured rules and the yardstick.
pub(crate) fn backtest(bench: &mut Bench) -> Result<()> {
    let file = events(bench, bench.rows, BACKTEST_DAYS)?;
    let database = imported(bench, "backtest.db", &file)?;
    let churns = bench.path("churn.csv");
    data::write_churns(&churns, YEAR, ONE_CHURNS_OF)?;
    bench.signals.import(&database, &churns)?;
    bench.signals.run(&database, MEASURED)?;
    let (from, until) = (data::date(YEAR - 1)?, data::date(0)?);
    let line = format!("backtest --from {from} --until {until} --format csv");
    let theirs = fresh(bench, "theirs.duckdb");
    if let Some(duckdb) = &bench.duckdb {
        import_into_duckdb(duckdb, &theirs, &file)?;
    }
    let (mut ours, mut of_a_day) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds {
        ours.push(bench.signals.run(&database, &line)?);
        if let Some(duckdb) = &bench.duckdb {
            of_a_day.push(find_in_duckdb(duckdb, &theirs, &until, true)?.first);
        }
    }
    let work = "backtest of a year, 5 rules";
    let most = ours.iter().fold(0.0_f64, |most, taken| most.max(taken.mebibytes));
    let limit = vec![BACKTEST; ours.len()];
    bench.lines.push(Line::times(work, ours.clone(), "the limit", limit, 1.0));
    let peer = "DuckDB, the rules of one day";
    bench.lines.push(Line::times(work, ours, peer, of_a_day, 1.0).without_target());
    bench.lines.push(memory("memory of it", most));
    remove(&database);
    Ok(())
}
