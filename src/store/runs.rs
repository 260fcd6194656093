//! Past runs and their results.

use std::time::Duration;

use anyhow::Result;
use rusqlite::Row;

use super::Store;
use super::values::{bind_fields, read_fields};
use crate::domain::day::{Day, DayRange, Instant};

/// A step of a run and its duration.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RunStep {
    pub name: String,
    pub took: Duration,
}

/// The results of one rule in a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RuleTally {
    pub rule: String,
    pub evaluated: u64,
    /// Companies skipped because they have no events in the windows.
    pub skipped_no_events: u64,
    /// Companies skipped because their first event lies inside the windows.
    pub skipped_not_established: u64,
    /// Companies skipped because they had churned.
    pub skipped_churned: u64,
    /// Companies skipped because they became customers after the day.
    pub skipped_not_created: u64,
    /// Companies skipped because they do not meet the rule's `--where`.
    pub skipped_where: u64,
    pub raised_bad: u64,
    pub raised_good: u64,
    pub raised_info: u64,
    /// Bad signals held back because the data of the day looks broken.
    pub withheld: u64,
}

/// One run of one day.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RunRecord {
    /// 0 before it is stored.
    pub id: i64,
    pub day: Day,
    pub started_at: Instant,
    pub finished_at: Instant,
    /// Whether a later day had been run before.
    pub is_backfill: bool,
    /// The newest day with an event in the database.
    pub newest_event_on: Option<Day>,
    /// Companies that at least one rule evaluated.
    pub companies_evaluated: u64,
    /// In order.
    pub steps: Vec<RunStep>,
    pub rules: Vec<RuleTally>,
}

impl Store {
    /// The latest day that was run.
    pub(crate) fn latest_run_day(&self) -> Result<Option<Day>> {
        self.read_one("SELECT max(day) AS day FROM runs", [], |row| row.get("day"))
    }

    /// The latest day on or before `day` that was run.
    pub(crate) fn latest_run_day_until(&self, day: Day) -> Result<Option<Day>> {
        let sql = "SELECT max(day) AS day FROM runs WHERE day <= ?1";
        self.read_one(sql, [day], |row| row.get("day"))
    }

    /// The days of a range that were run, in order.
    pub(crate) fn days_run(&self, range: DayRange) -> Result<Vec<Day>> {
        let sql = "SELECT DISTINCT day FROM runs WHERE day BETWEEN ?1 AND ?2 ORDER BY day";
        self.read_all(sql, (range.from, range.to), |row| row.get("day"))
    }

    /// The day up to which measured facts are known, unless the user says otherwise: the latest day
    /// run, else the last day with events, else yesterday.
    pub(crate) fn as_of(&self, today: Day) -> Result<Day> {
        if let Some(run) = self.latest_run_day()? {
            return Ok(run);
        }
        Ok(self.event_days()?.map_or_else(|| today.previous(), |days| days.to))
    }

    /// The run that finished last.
    pub(crate) fn last_run(&self) -> Result<Option<RunRecord>> {
        let sql = "SELECT * FROM runs ORDER BY id DESC LIMIT 1";
        self.read_first(sql, [], read_run)?.map(|run| self.with_parts(run)).transpose()
    }

    /// The first day on which a rule with this name was run; `None` if it never was.
    pub(crate) fn first_run_of_rule(&self, rule: &str) -> Result<Option<Day>> {
        let sql = "SELECT min(r.day) AS day FROM run_rules t JOIN runs r ON r.id = t.run WHERE t.rule = ?1";
        self.read_one(sql, [rule], |row| row.get("day"))
    }

    /// Begins the record of a run, and returns its number, which its signals refer to.
    pub(crate) fn begin_run(
        &self,
        day: Day,
        started_at: Instant,
        is_backfill: bool,
    ) -> Result<i64> {
        let sql = "INSERT INTO runs (day, started_at, finished_at, is_backfill, companies_evaluated) VALUES (?1, ?2, ?2, ?3, 0)";
        self.insert(sql, (day, started_at, is_backfill))
    }

    /// Completes the record of the run with the number `run.id`.
    pub(crate) fn finish_run(&self, run: &RunRecord) -> Result<()> {
        let sql = "UPDATE runs SET finished_at = :finished_at, newest_event_on = :newest_event_on,
                                   companies_evaluated = :companies_evaluated
                   WHERE id = :id";
        let values = bind_fields!(run: id, finished_at, newest_event_on, companies_evaluated);
        self.execute(sql, values)?;
        let sql =
            "INSERT INTO run_steps (run, position, step, milliseconds) VALUES (?1, ?2, ?3, ?4)";
        for (position, RunStep { name, took }) in run.steps.iter().enumerate() {
            self.execute(sql, (run.id, position, name, took.as_secs_f64() * 1000.0))?;
        }
        run.rules.iter().try_for_each(|tally| self.add_tally(run.id, tally))
    }

    fn add_tally(&self, run: i64, tally: &RuleTally) -> Result<()> {
        let sql = "INSERT INTO run_rules (run, rule, evaluated, skipped_no_events, skipped_not_established, skipped_churned,
                                          skipped_not_created, skipped_where, raised_bad, raised_good, raised_info, withheld)
                   VALUES (:run, :rule, :evaluated, :skipped_no_events, :skipped_not_established, :skipped_churned,
                           :skipped_not_created, :skipped_where, :raised_bad, :raised_good, :raised_info, :withheld)";
        let values = bind_fields!(tally: rule, evaluated, skipped_no_events,
            skipped_not_established, skipped_churned, skipped_not_created, skipped_where,
            raised_bad, raised_good, raised_info, withheld; run = run);
        self.execute(sql, values)
    }

    /// All runs, oldest first.
    pub(crate) fn runs(&self) -> Result<Vec<RunRecord>> {
        let runs: Vec<RunRecord> = self.read_all("SELECT * FROM runs ORDER BY id", [], read_run)?;
        runs.into_iter().map(|run| self.with_parts(run)).collect()
    }

    fn with_parts(&self, run: RunRecord) -> Result<RunRecord> {
        let sql = "SELECT step, milliseconds FROM run_steps WHERE run = ?1 ORDER BY position";
        let steps = self.read_all(sql, [run.id], |row| {
            let took = Duration::from_secs_f64(row.get::<_, f64>("milliseconds")? / 1000.0);
            Ok(RunStep { name: row.get("step")?, took })
        })?;
        let sql = "SELECT * FROM run_rules WHERE run = ?1 ORDER BY rule";
        Ok(RunRecord { steps, rules: self.read_all(sql, [run.id], read_tally)?, ..run })
    }
}

fn read_run(row: &Row<'_>) -> rusqlite::Result<RunRecord> {
    read_fields!(row => RunRecord: id, day, started_at, finished_at, is_backfill, newest_event_on,
        companies_evaluated; steps = Vec::new(); rules = Vec::new())
}

fn read_tally(row: &Row<'_>) -> rusqlite::Result<RuleTally> {
    read_fields!(row => RuleTally: rule, evaluated, skipped_no_events, skipped_not_established,
        skipped_churned, skipped_not_created, skipped_where, raised_bad, raised_good, raised_info,
        withheld)
}
