//! Health profiles, and the scores of companies on the days run.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use rusqlite::Row;
use rustc_hash::FxHashMap;

use super::events::keys;
use super::{Catalogue, Scope, Store};
use crate::domain::attributes::{AsOf, AttributeGroup, Datum, Stage};
use crate::domain::company::CompanyKey;
use crate::domain::day::{Day, DayRange};
use crate::domain::health::{self, Assessment, Bands, DEFAULT_PROFILE, Profile, Scoring};
use crate::error::{damaged, not_allowed};

/// A company's health on a day, to be stored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NewHealth {
    pub company: CompanyKey,
    pub assessment: Assessment,
}

/// Every scoring that companies were ever scored with, by version.
pub(crate) type Scorings = HashMap<i64, Arc<Scoring>>;

impl Store {
    /// The profiles that users created or changed, in the order in which they are tried.
    pub(crate) fn profiles(&self) -> Result<Vec<Profile>> {
        let sql = "SELECT p.where_expr, p.priority, v.id, v.profile, v.good, v.average, v.measures
                   FROM health_profiles p JOIN health_versions v ON v.id = p.version";
        let mut profiles = Vec::new();
        self.for_each_row(sql, [], |row| {
            let (condition, priority) = (row.get("where_expr")?, row.get("priority")?);
            profiles.push(Profile { condition, priority, scoring: read_scoring(row)? });
            Ok(())
        })?;
        Ok(health::in_order(profiles))
    }

    /// All profiles, in the order in which they are tried, the default one last.
    pub(crate) fn all_profiles(&self) -> Result<Vec<Profile>> {
        let mut profiles = self.profiles()?;
        if profiles.last().is_none_or(|last| last.name() != DEFAULT_PROFILE) {
            profiles.push(Profile::shipped_default().clone());
        }
        Ok(profiles)
    }

    /// Saves a profile, replacing the one with the same name. Past scores do not change.
    ///
    /// # Errors
    /// A profile that is not [valid](Profile::validate), or whose expressions are invalid or refer
    /// to health (exit 9).
    pub(crate) fn save_profile(&self, profile: &Profile) -> Result<()> {
        profile.validate().map_err(not_allowed)?;
        self.catalogue()?.check_profile(profile)?;
        let version = self.version_of(&profile.scoring)?;
        let sql = "INSERT OR REPLACE INTO health_profiles (name, where_expr, priority, version) VALUES (?1, ?2, ?3, ?4)";
        self.execute(sql, (profile.name(), &profile.condition, profile.priority, version))
    }

    /// Removes a profile. Returns whether it existed. Past scores do not change.
    pub(crate) fn remove_profile(&self, name: &str) -> Result<bool> {
        Ok(self.changes("DELETE FROM health_profiles WHERE name = ?1", [name])? > 0)
    }

    /// The version of a scoring; a new one gets the next number.
    fn version_of(&self, scoring: &Scoring) -> Result<i64> {
        let measures = serde_json::to_string(&scoring.measures)?;
        let Bands { good, average } = scoring.bands;
        let definition = (&scoring.name, good, average, &measures);
        let sql = "SELECT id FROM health_versions WHERE profile = ?1 AND good = ?2 AND average = ?3 AND measures = ?4";
        if let Some(version) = self.read_first(sql, definition, |row| row.get("id"))? {
            return Ok(version);
        }
        let sql = "INSERT INTO health_versions (profile, good, average, measures) VALUES (?1, ?2, ?3, ?4)";
        self.insert(sql, definition)
    }

    /// Every scoring that companies were ever scored with.
    pub(crate) fn scorings(&self) -> Result<Scorings> {
        let mut scorings = Scorings::new();
        let sql = "SELECT id, profile, good, average, measures FROM health_versions";
        self.for_each_row(sql, [], |row| {
            scorings.insert(row.get("id")?, Arc::new(read_scoring(row)?));
            Ok(())
        })?;
        Ok(scorings)
    }

    /// Stores the health of all companies on a day, replacing what was stored. New scorings get
    /// their version here.
    pub(crate) fn replace_health(&self, day: Day, companies: &[NewHealth]) -> Result<()> {
        let span = keys::of_days(DayRange { from: day, to: day });
        let sql = "DELETE FROM health_scores WHERE id BETWEEN ?1 AND ?2";
        self.execute(sql, (span.start(), span.end()))?;
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO health_scores (id, version, score, raw_values) VALUES (?1, ?2, ?3, ?4)",
        )?;
        let mut in_order: Vec<&NewHealth> = companies.iter().collect();
        in_order.sort_by_key(|health| health.company.0);
        let mut versions: Vec<(&Arc<Scoring>, i64)> = Vec::new();
        for NewHealth { company, assessment } in in_order {
            let scoring = &assessment.scoring;
            let version = match versions.iter().find(|(known, _)| Arc::ptr_eq(known, scoring)) {
                Some((_, version)) => *version,
                None => {
                    let version = self.version_of(scoring)?;
                    versions.push((scoring, version));
                    version
                }
            };
            let values: serde_json::Value =
                assessment.readings.iter().map(|reading| json(&reading.raw)).collect();
            insert.execute((
                keys::of_day(day.number(), company.0),
                version,
                assessment.score,
                values.to_string(),
            ))?;
        }
        Ok(())
    }

    /// The day whose health applies as of `as_of`: the latest day run on or before it. For rules
    /// that are evaluated before health, the latest before it. `None` if no day was run.
    pub(crate) fn health_day(&self, as_of: AsOf) -> Result<Option<Day>> {
        self.latest_run_day_until(match as_of.stage {
            Stage::BeforeTrends => as_of.day.previous(),
            Stage::BeforeConditions | Stage::EndOfDay | Stage::Now { .. } => as_of.day,
        })
    }

    /// The health of the companies scored on a day.
    pub(crate) fn health_on(
        &self,
        day: Day,
        scope: Scope,
    ) -> Result<FxHashMap<CompanyKey, Assessment>> {
        let scorings = self.scorings()?;
        let mut all = FxHashMap::default();
        let sql = "SELECT id, version, raw_values FROM health_scores WHERE id BETWEEN ?1 AND ?2";
        self.for_each_row(sql, scope.of_day(day), |row| {
            let (_, company) = keys::split_day(row.get(0)?);
            let health = read_assessment(&scorings, row.get(1)?, row.get_ref(2)?.as_str()?)?;
            all.insert(CompanyKey(company), health);
            Ok(())
        })?;
        Ok(all)
    }

    /// The health of a company on the days of a range on which it was scored, in order.
    pub(crate) fn health_history(
        &self,
        company: CompanyKey,
        range: DayRange,
    ) -> Result<Vec<(Day, Assessment)>> {
        let scorings = self.scorings()?;
        let sql = "SELECT version, raw_values FROM health_scores WHERE id = ?1";
        let mut history = Vec::new();
        for day in range.days() {
            self.for_each_row(sql, [keys::of_day(day.number(), company.0)], |row| {
                let health = read_assessment(&scorings, row.get(0)?, row.get_ref(1)?.as_str()?)?;
                history.push((day, health));
                Ok(())
            })?;
        }
        Ok(history)
    }

    /// Calls `visit` with company, scoring version and score of each company scored on a day.
    pub(super) fn scores_on(
        &self,
        day: Day,
        scope: Scope,
        mut visit: impl FnMut(CompanyKey, i64, Option<f64>),
    ) -> Result<()> {
        let sql = "SELECT id, version, score FROM health_scores WHERE id BETWEEN ?1 AND ?2";
        self.for_each_row(sql, scope.of_day(day), |row| {
            visit(CompanyKey(keys::split_day(row.get(0)?).1), row.get(1)?, row.get(2)?);
            Ok(())
        })
    }

    /// Moves the health of a merged company to the other, for days on which that one has none.
    pub(super) fn merge_health(&self, from: CompanyKey, into: CompanyKey) -> Result<()> {
        // Scores are stored by day, so those of one company are looked up day by day.
        const OF_COMPANY: &str = "WITH RECURSIVE days (day, last) AS (
                 SELECT min(id) / 1000000000, (SELECT max(id) FROM health_scores) / 1000000000
                 FROM health_scores
                 UNION ALL SELECT day + 1, last FROM days WHERE day < last)";
        let sql = format!(
            "{OF_COMPANY}
                 UPDATE OR IGNORE health_scores SET id = id - ?1 + ?2
                 WHERE id IN (SELECT day * 1000000000 + ?1 FROM days)"
        );
        self.execute(&sql, (from, into))?;
        let sql = format!(
            "{OF_COMPANY}
                 DELETE FROM health_scores WHERE id IN (SELECT day * 1000000000 + ?1 FROM days)"
        );
        self.execute(&sql, [from])
    }
}

impl Scope {
    /// The first and the last key of the rows of a day.
    fn of_day(self, day: Day) -> (i64, i64) {
        match self {
            Scope::All => keys::of_days(DayRange { from: day, to: day }).into_inner(),
            Scope::One(company) => {
                let key = keys::of_day(day.number(), company.0);
                (key, key)
            }
        }
    }
}

impl Catalogue {
    /// Checks that the expressions of a profile are valid and do not depend on health, which would
    /// be circular.
    ///
    /// # Errors
    /// An invalid expression, or one that refers to health (exit 9).
    pub(crate) fn check_profile(&self, profile: &Profile) -> Result<()> {
        let name = profile.name();
        for text in profile.expressions() {
            let expression =
                self.read(text).with_context(|| format!("the health profile '{name}'"))?;
            let names = self.comes_down_to(&expression)?;
            if let Some(health) =
                names.into_iter().find(|attribute| attribute.group == AttributeGroup::Health)
            {
                let message = format!(
                    "the health profile '{name}' would feed health back into itself: {text} needs {}",
                    health.name
                );
                return Err(not_allowed(message)
                    .hint("measure what health is made of instead")
                    .into());
            }
        }
        Ok(())
    }
}

fn read_scoring(row: &Row<'_>) -> Result<Scoring> {
    let name: String = row.get("profile")?;
    let bands = Bands { good: row.get("good")?, average: row.get("average")? };
    let measures = serde_json::from_str(row.get_ref("measures")?.as_str()?).map_err(|error| {
        damaged(format!("a definition of the health profile '{name}' cannot be read: {error}"))
    })?;
    Ok(Scoring { name, bands, measures })
}

fn read_assessment(scorings: &Scorings, version: i64, values: &str) -> Result<Assessment> {
    let scoring = scorings
        .get(&version)
        .ok_or_else(|| damaged(format!("no health profile has the version {version}")))?;
    let values: Vec<serde_json::Value> = serde_json::from_str(values).map_err(|error| {
        damaged(format!("the values of a health score cannot be read: {error}"))
    })?;
    Ok(Assessment::of(scoring, values.into_iter().map(datum).collect()))
}

fn json(value: &Datum) -> serde_json::Value {
    match value {
        Datum::Null => serde_json::Value::Null,
        Datum::Whole(number) => (*number).into(),
        Datum::Number(number) | Datum::Score(number) => (*number).into(),
        Datum::Text(text) => text.as_str().into(),
        Datum::Day(day) => day.to_string().into(),
    }
}

fn datum(value: serde_json::Value) -> Datum {
    match value {
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(whole) => Datum::Whole(whole),
            None => number.as_f64().into(),
        },
        serde_json::Value::String(text) => Datum::Text(text),
        _ => Datum::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Permissions;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    /// A run that scores a company `share` of 100 on a day.
    fn run(store: &Store, text: &str, company: CompanyKey, share: i64) {
        store.begin_run(day(text), crate::domain::day::Instant::from_micros(0), false).unwrap();
        let profile = store.all_profiles().unwrap().remove(0);
        let assessment = Assessment::of(&Arc::new(profile.scoring), vec![Datum::Whole(share)]);
        store.replace_health(day(text), &[NewHealth { company, assessment }]).unwrap();
    }

    const SHARE: &str = "name = 'share'\n[[measure]]\nname = 'share'\nkind = 'proactive'\nvalue = 'mrr'\nfrom = 0\nto = 100\nweight = 1";

    #[test]
    fn the_first_rules_of_a_day_see_the_health_of_the_day_before() {
        let folder = tempfile::tempdir().unwrap();
        let store =
            Store::create_or_open(&folder.path().join("test.db"), Permissions::Owner).unwrap();
        let company = store.add_unlisted_company("acme").unwrap();
        store.save_profile(&toml::from_str(SHARE).unwrap()).unwrap();
        run(&store, "2026-03-01", company, 20);
        run(&store, "2026-03-08", company, 50);
        run(&store, "2026-03-09", company, 90);
        let catalogue = store.catalogue().unwrap();
        let names = ["health_score", "health_change_7d", "health_band"];
        let of = |text: &str, stage: Stage| {
            // The company exists on every day; only the health matters here.
            let as_of = AsOf { day: day(text), stage };
            let day = store.health_day(as_of).unwrap();
            day.map(|day| store.health_on(day, Scope::One(company)).unwrap()[&company].score)
        };
        let cases = [
            ("2026-02-28", Stage::EndOfDay, None),
            ("2026-03-01", Stage::BeforeTrends, None),
            ("2026-03-01", Stage::BeforeConditions, Some(Some(20.0))),
            ("2026-03-08", Stage::BeforeTrends, Some(Some(20.0))),
            ("2026-03-09", Stage::BeforeTrends, Some(Some(50.0))),
            ("2026-03-09", Stage::BeforeConditions, Some(Some(90.0))),
            ("2026-03-09", Stage::EndOfDay, Some(Some(90.0))),
            ("2026-03-20", Stage::Now { today: day("2026-03-21") }, Some(Some(90.0))),
        ];
        for (text, stage, expected) in cases {
            assert_eq!(of(text, stage), expected, "{text} {stage:?}");
        }
        let now = store
            .attributes(
                &catalogue,
                &names,
                AsOf::at_present(day("2026-03-09"), day("2026-03-10")),
                Scope::All,
            )
            .unwrap();
        let values: Vec<Datum> =
            names.iter().map(|name| now.column(name).unwrap()[0].clone()).collect();
        assert_eq!(values, [Datum::Score(90.0), Datum::Score(70.0), Datum::from("good")]);
    }

    #[test]
    fn a_definition_that_comes_back_has_its_number_again() {
        let folder = tempfile::tempdir().unwrap();
        let store =
            Store::create_or_open(&folder.path().join("test.db"), Permissions::Owner).unwrap();
        let version = |store: &Store| {
            store.version_of(&store.all_profiles().unwrap().remove(0).scoring).unwrap()
        };
        let first: Profile = toml::from_str(SHARE).unwrap();
        let mut second = first.clone();
        second.scoring.measures[0].weight = 2.0;
        let mut elsewhere = first.clone();
        elsewhere.condition = Some("mrr > 5".to_owned());
        let mut versions = Vec::new();
        for profile in [&first, &second, &elsewhere] {
            store.save_profile(profile).unwrap();
            versions.push(version(&store));
        }
        assert_eq!(
            (versions[0], versions[1] == versions[0]),
            (versions[2], false),
            "where it fits is not part of how it scores"
        );
        assert_eq!(store.profiles().unwrap(), [elsewhere]);
        assert!(store.remove_profile("share").unwrap() && !store.remove_profile("share").unwrap());
        assert_eq!(store.all_profiles().unwrap(), [Profile::shipped_default().clone()]);
    }
}
