//! Attributes of health, as scored on the latest day run.

use anyhow::Result;

use super::{Family, Sheet, family};
use crate::domain::attributes::{AsOf, Attribute, HealthFacts, MONTH, Of};
use crate::domain::company::CompanyKey;
use crate::domain::day::Day;

impl Sheet<'_> {
    /// Adds the attributes of health.
    pub(super) fn health(&mut self, attributes: &[&'static Attribute]) -> Result<()> {
        let family: Family<HealthFacts> = family(attributes, |of| match of {
            Of::Health(value) | Of::HealthChange(value) | Of::HealthDriver(value) => Some(value),
            _ => None,
        });
        let mut of = attributes.iter().map(|attribute| attribute.of);
        let needs_changes = of.clone().any(|of| matches!(of, Of::HealthChange(_)));
        let needs_drivers = of.any(|of| matches!(of, Of::HealthDriver(_)));
        if family.is_empty() {
            return Ok(());
        }
        let mut facts = self.companies.each(HealthFacts::default());
        if let Some(day) = self.store.health_day(self.as_of)? {
            self.score(&mut facts, day)?;
            if needs_changes {
                self.score_before(&mut facts, 7, |facts| &mut facts.week_before)?;
                self.score_before(&mut facts, MONTH, |facts| &mut facts.month_before)?;
            }
            if needs_drivers {
                self.find_drivers(&mut facts, day)?;
            }
        }
        self.forget_churned(&mut facts)?;
        self.add(family, &facts);
        Ok(())
    }

    fn score(&self, facts: &mut [HealthFacts], day: Day) -> Result<()> {
        let scorings = self.store.scorings()?;
        self.store.scores_on(day, self.scope, |company, version, score| {
            let row = self.companies.row(company.0);
            if let Some((row, scoring)) = row.zip(scorings.get(&version)) {
                facts[row].score = score;
                facts[row].band = Some(scoring.bands.of(score));
            }
        })
    }

    /// Adds the scores of the latest day run that is at least `days` days before the as-of date.
    fn score_before(
        &self,
        facts: &mut [HealthFacts],
        days: i32,
        place: fn(&mut HealthFacts) -> &mut Option<f64>,
    ) -> Result<()> {
        let as_of = AsOf { day: self.as_of.day - days, ..self.as_of };
        let Some(day) = self.store.health_day(as_of)? else { return Ok(()) };
        self.store.scores_on(day, self.scope, |company, _, score| {
            if let Some(row) = self.companies.row(company.0) {
                *place(&mut facts[row]) = score;
            }
        })
    }

    fn find_drivers(&self, facts: &mut [HealthFacts], day: Day) -> Result<()> {
        for (company, assessment) in self.store.health_on(day, self.scope)? {
            if let Some(row) = self.companies.row(company.0) {
                facts[row].main_driver = assessment.main_driver().map(str::to_owned);
            }
        }
        Ok(())
    }

    /// Clears the health of companies that churned after the latest day run, or whose churn became
    /// known only then.
    fn forget_churned(&self, facts: &mut [HealthFacts]) -> Result<()> {
        for (CompanyKey(company), breaks) in self.store.breaks_within(self.scope.keys())? {
            let has_churned = breaks.iter().any(|away| away.covers(self.as_of.day));
            if let Some(row) = self.companies.row(company).filter(|_| has_churned) {
                facts[row] = HealthFacts::default();
            }
        }
        Ok(())
    }
}
