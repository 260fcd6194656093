//! Scores the health of all companies on one day: reads the attributes of the profiles, evaluates
//! them and stores the result. A run does this for its day, `signals health recompute` for past
//! days.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use rustc_hash::FxHashSet;

use crate::domain::attributes::{AsOf, Datum, Stage};
use crate::domain::company::CompanyKey;
use crate::domain::customer::CustomerHistory;
use crate::domain::day::Day;
use crate::domain::health::{Assessment, Profile, Scoring};
use crate::expression::{Expression, is_true};
use crate::store::{AttributeTable, Catalogue, NewHealth, Scope, Store};

/// Scores all companies on `day`, replacing earlier scores, inside the caller's transaction.
/// Companies that churned by then or became customers later have no score. Returns the number of
/// companies.
///
/// # Errors
/// A stored profile that is no longer valid (exit 9).
pub(crate) fn score_day(
    store: &Store,
    day: Day,
    customers: &[(CompanyKey, CustomerHistory)],
) -> Result<usize> {
    let health = assess_day(store, day, customers)?;
    store.replace_health(day, &health)?;
    Ok(health.len())
}

/// The health of all companies on `day` under the present profiles, without writing anything.
///
/// # Errors
/// A stored profile that is no longer valid (exit 9).
pub(crate) fn assess_day(
    store: &Store,
    day: Day,
    customers: &[(CompanyKey, CustomerHistory)],
) -> Result<Vec<NewHealth>> {
    let catalogue = store.catalogue()?;
    let profiles =
        store.all_profiles()?.into_iter().map(|profile| ReadProfile::of(&catalogue, profile));
    let profiles = profiles.collect::<Result<Vec<_>>>()?;
    let names: Vec<&str> = profiles.iter().flat_map(ReadProfile::names).collect();
    let as_of = AsOf { day, stage: Stage::BeforeConditions };
    let table = store.attributes(&catalogue, &names, as_of, Scope::All)?;
    let scored = customers
        .iter()
        .filter(|(_, customer)| !customer.has_churned(day) && !customer.is_yet_to_come(day));
    let scored: FxHashSet<CompanyKey> = scored.map(|(company, _)| *company).collect();
    // The first matching profile applies to a company.
    let rows = 0..table.companies().len();
    let mut waiting: Vec<usize> =
        rows.filter(|row| scored.contains(&table.companies()[*row])).collect();
    let mut health = Vec::with_capacity(waiting.len());
    for profile in &profiles {
        let fitting = profile.take_fitting(&catalogue, &table, &mut waiting)?;
        if !fitting.is_empty() {
            health.extend(profile.score(&catalogue, &table, &fitting)?);
        }
    }
    Ok(health)
}

/// A profile with its parsed expressions.
struct ReadProfile {
    scoring: Arc<Scoring>,
    condition: Option<Expression>,
    /// The values, in the order of the scoring's measures.
    values: Vec<Expression>,
}

impl ReadProfile {
    fn of(catalogue: &Catalogue, profile: Profile) -> Result<ReadProfile> {
        let broken = || format!("the health profile '{}' is no longer valid", profile.name());
        let read =
            |text: &String| catalogue.read(text).map_err(anyhow::Error::from).with_context(broken);
        let condition = profile.condition.as_ref().map(read).transpose()?;
        let values = profile.scoring.measures.iter().map(|measure| read(&measure.value));
        let values = values.collect::<Result<_>>()?;
        Ok(ReadProfile { scoring: Arc::new(profile.scoring), condition, values })
    }

    /// The attributes in its expressions.
    fn names(&self) -> impl Iterator<Item = &str> {
        let expressions = self.condition.iter().chain(&self.values);
        expressions.flat_map(|expression| &expression.names).map(String::as_str)
    }

    /// Takes the matching rows from those without a profile.
    fn take_fitting(
        &self,
        catalogue: &Catalogue,
        table: &AttributeTable,
        waiting: &mut Vec<usize>,
    ) -> Result<Vec<usize>> {
        let Some(condition) = &self.condition else { return Ok(std::mem::take(waiting)) };
        let holds = catalogue.evaluate(condition, table)?;
        let (fitting, others) = waiting.iter().partition(|row| is_true(&holds[**row]));
        *waiting = others;
        Ok(fitting)
    }

    /// The health of the companies in some rows.
    fn score(
        &self,
        catalogue: &Catalogue,
        table: &AttributeTable,
        rows: &[usize],
    ) -> Result<Vec<NewHealth>> {
        let columns = self.values.iter().map(|value| catalogue.evaluate(value, table));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let health = |row: &usize| {
            let values: Vec<Datum> = columns.iter().map(|column| column[*row].clone()).collect();
            let assessment = Assessment::of(&self.scoring, values);
            NewHealth { company: table.companies()[*row], assessment }
        };
        Ok(rows.iter().map(health).collect())
    }
}
