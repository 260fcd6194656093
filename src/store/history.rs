//! Scores and revenue over many days.

use anyhow::Result;
use rustc_hash::FxHashMap;

use super::Store;
use super::attributes::Scope;
use super::values::read_fields;
use crate::domain::company::CompanyKey;
use crate::domain::day::Day;
use crate::domain::retention::Term;

impl Store {
    /// The amounts and periods of each company's subscriptions.
    pub(crate) fn terms(&self) -> Result<FxHashMap<CompanyKey, Vec<Term>>> {
        let sql = "SELECT company, started_on, ended_on, mrr FROM subscriptions";
        self.read_by_company(sql, [], |row| read_fields!(row => Term: started_on, ended_on, mrr))
    }

    /// Everyone who is a CSM of a company or in the team, A to Z.
    pub(crate) fn csm_names(&self) -> Result<Vec<String>> {
        let sql = "SELECT csm AS name FROM companies WHERE csm IS NOT NULL UNION SELECT name FROM team ORDER BY name";
        self.read_all(sql, [], |row| row.get("name"))
    }

    /// The health score of each company scored on the latest day run on or before `day`, ordered by
    /// key.
    pub(crate) fn scores_until(&self, day: Day) -> Result<Vec<(CompanyKey, Option<f64>)>> {
        let mut scores = Vec::new();
        if let Some(scored_on) = self.latest_run_day_until(day)? {
            self.scores_on(scored_on, Scope::All, |company, _, score| {
                scores.push((company, score));
            })?;
        }
        Ok(scores)
    }
}
