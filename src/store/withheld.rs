//! Bad signals that a run held back because the data of the day looks broken, and those that a user
//! accepted nevertheless.

use std::collections::{HashMap, HashSet};

use anyhow::Result;

use super::Store;
use super::values::read_fields;
use crate::domain::company::CompanyKey;
use crate::domain::day::Day;
use crate::domain::outage::{Withheld, WithholdingCause};

/// A rule whose signals were held back on the latest day run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WithheldRule {
    pub rule: String,
    pub cause: WithholdingCause,
    /// The day on which the first of them would have been raised.
    pub since: Day,
    /// The number of companies.
    pub companies: u64,
}

impl Store {
    /// What a rule held back on a day.
    pub(crate) fn withheld_on(
        &self,
        rule: &str,
        day: Day,
    ) -> Result<HashMap<CompanyKey, Withheld>> {
        let sql = "SELECT company, since, cause FROM withheld_signals WHERE rule = ?1 AND day = ?2";
        self.read_all(sql, (rule, day), |row| {
            let what = Withheld { since: row.get("since")?, cause: row.get("cause")? };
            Ok((row.get("company")?, what))
        })
    }

    /// Deletes what was held back on a day that runs again.
    pub(crate) fn clear_withheld(&self, day: Day) -> Result<()> {
        self.execute("DELETE FROM withheld_signals WHERE day = ?1", [day])
    }

    /// Records that a rule held back its signal for a company on a day.
    pub(crate) fn withhold(
        &self,
        rule: &str,
        day: Day,
        company: CompanyKey,
        what: Withheld,
    ) -> Result<()> {
        let sql = "INSERT OR REPLACE INTO withheld_signals (rule, day, company, since, cause)
                   VALUES (?1, ?2, ?3, ?4, ?5)";
        self.execute(sql, (rule, day, company, what.since, what.cause))
    }

    /// The companies whose signals of a rule on a day were accepted.
    pub(crate) fn accepted_on(&self, rule: &str, day: Day) -> Result<HashSet<CompanyKey>> {
        let sql = "SELECT company FROM accepted_signals WHERE rule = ?1 AND day = ?2";
        self.read_all(sql, (rule, day), |row| row.get("company"))
    }

    /// Records that a rule's signal for a company on a day is to be raised even if the data looks
    /// broken.
    pub(crate) fn accept(&self, rule: &str, day: Day, company: CompanyKey) -> Result<()> {
        let sql = "INSERT OR IGNORE INTO accepted_signals (rule, day, company) VALUES (?1, ?2, ?3)";
        self.execute(sql, (rule, day, company))
    }

    /// Accepts what one rule, or all (`None`), held back on the latest day run, including the
    /// uninterrupted days before on which it was held back. Returns the first of these days.
    pub(crate) fn accept_withheld(&self, rule: Option<&str>) -> Result<Option<Day>> {
        let sql = "SELECT min(since) AS first FROM withheld_signals
                   WHERE day = (SELECT max(day) FROM runs) AND (?1 IS NULL OR rule = ?1)";
        let first: Option<Day> = self.read_one(sql, [rule], |row| row.get("first"))?;
        let sql = "INSERT OR IGNORE INTO accepted_signals (rule, day, company)
                   SELECT w.rule, w.day, w.company FROM withheld_signals w
                   JOIN withheld_signals now ON now.rule = w.rule AND now.company = w.company
                   WHERE now.day = (SELECT max(day) FROM runs) AND w.day >= now.since
                     AND (?1 IS NULL OR w.rule = ?1)";
        self.execute(sql, [rule])?;
        Ok(first)
    }

    /// The rules that held back signals on the latest day run.
    pub(crate) fn withheld_now(&self) -> Result<Vec<WithheldRule>> {
        let sql =
            "SELECT rule, cause, min(since) AS since, count(*) AS companies FROM withheld_signals
             WHERE day = (SELECT max(day) FROM runs) GROUP BY rule, cause ORDER BY rule, cause";
        self.read_all(
            sql,
            [],
            |row| read_fields!(row => WithheldRule: rule, cause, since, companies),
        )
    }
}
