//! When companies were customers, and on which contracts.

use std::collections::HashMap;

use anyhow::Result;
use rusqlite::Row;

use super::values::read_fields;
use super::{Fact, Store};
use crate::domain::company::CompanyKey;
use crate::domain::customer::{self, Break, CustomerHistory, Subscription};
use crate::domain::day::Day;

impl Store {
    /// The monthly recurring revenue of a company on a day: from its contracts, else the present
    /// value of its record.
    pub(crate) fn mrr_on(&self, company: CompanyKey, day: Day) -> Result<Option<f64>> {
        let mut known = self.company(company)?;
        known.apply_contract(&self.subscriptions(company)?, day);
        Ok(known.mrr)
    }

    /// What rules need to know about every company, ordered by id so that the order of imports does
    /// not matter.
    pub(crate) fn customers(&self) -> Result<Vec<(CompanyKey, CustomerHistory)>> {
        let mut breaks = self.breaks_within((0, u32::MAX))?;
        let sql = "SELECT id, first_event_day,
                          coalesce(created_on, (SELECT min(started_on) FROM subscriptions s WHERE s.company = c.id AND s.is_begun)) AS created_on
                   FROM companies c ORDER BY company_id";
        self.read_all(sql, [], |row| {
            let key = row.get("id")?;
            let first: Option<i32> = row.get("first_event_day")?;
            let breaks = breaks.remove(&key).unwrap_or_default();
            let created_on = row.get("created_on")?;
            Ok((
                key,
                CustomerHistory { created_on, first_event: first.map(Day::from_number), breaks },
            ))
        })
    }

    /// The periods in which the companies between two keys were not customers, each in order.
    pub(super) fn breaks_within(
        &self,
        keys: (u32, u32),
    ) -> Result<HashMap<CompanyKey, Vec<Break>>> {
        let sql = "SELECT company, churned_on, returned_on FROM customer_breaks
                   WHERE company BETWEEN ?1 AND ?2 ORDER BY company, churned_on";
        self.read_by_company(sql, keys, read_break)
    }

    /// The times during which a company was not a customer, in order.
    pub(crate) fn breaks(&self, company: CompanyKey) -> Result<Vec<Break>> {
        let sql = "SELECT churned_on, returned_on FROM customer_breaks WHERE company = ?1 ORDER BY churned_on";
        self.read_all(sql, [company], read_break)
    }

    /// Records the churn that a company's record states. It replaces an earlier stated churn,
    /// unless the company returned between the two.
    pub(crate) fn state_churn(&self, company: CompanyKey, churned_on: Day) -> Result<()> {
        let (stated, subscriptions) = (self.stated_churns(company)?, self.subscriptions(company)?);
        for moved in customer::moved_churns(&stated, &subscriptions, churned_on) {
            let sql = "DELETE FROM stated_churns WHERE company = ?1 AND churned_on = ?2";
            self.execute(sql, (company, moved))?;
            self.move_churn_reasons(company, moved, churned_on)?;
        }
        self.add_churn(company, churned_on)
    }

    /// Records a churn in addition to other stated ones.
    pub(crate) fn add_churn(&self, company: CompanyKey, churned_on: Day) -> Result<()> {
        let sql = "INSERT INTO stated_churns (company, churned_on) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        self.execute(sql, (company, churned_on))?;
        self.refresh_breaks(company)
    }

    /// Whether a churn of the company on that day was stated.
    pub(crate) fn has_stated_churn(&self, company: CompanyKey, churned_on: Day) -> Result<bool> {
        let sql = "SELECT 1 FROM stated_churns WHERE company = ?1 AND churned_on = ?2";
        self.exists(sql, (company, churned_on))
    }

    /// Records that a churned company is a customer again from a day on.
    pub(crate) fn state_return(
        &self,
        company: CompanyKey,
        churned_on: Day,
        returned_on: Day,
    ) -> Result<()> {
        let sql = "INSERT INTO stated_churns (company, churned_on, returned_on) VALUES (?1, ?2, ?3)
                 ON CONFLICT (company, churned_on) DO UPDATE SET returned_on = excluded.returned_on";
        self.execute(sql, (company, churned_on, returned_on))?;
        self.refresh_breaks(company)
    }

    fn stated_churns(&self, company: CompanyKey) -> Result<Vec<Break>> {
        let sql = "SELECT churned_on, returned_on FROM stated_churns WHERE company = ?1 ORDER BY churned_on";
        self.read_all(sql, [company], read_break)
    }

    /// Recomputes the periods in which a company was not a customer.
    pub(crate) fn refresh_breaks(&self, company: CompanyKey) -> Result<()> {
        let breaks = customer::breaks(&self.stated_churns(company)?, &self.subscriptions(company)?);
        let before = self.breaks(company)?;
        if breaks.iter().any(|away| !before.iter().any(|known| known.covers(away.churned_on))) {
            let sql = "INSERT OR IGNORE INTO companies_churning (company) VALUES (?1)";
            self.execute(sql, [company])?;
        }
        self.execute("DELETE FROM customer_breaks WHERE company = ?1", [company])?;
        for away in &breaks {
            let sql = "INSERT INTO customer_breaks (company, churned_on, returned_on) VALUES (?1, ?2, ?3)";
            self.execute(sql, (company, away.churned_on, away.returned_on))?;
        }
        let lasting =
            breaks.last().filter(|away| away.returned_on.is_none()).map(|away| away.churned_on);
        self.execute("UPDATE companies SET churned_on = ?2 WHERE id = ?1", (company, lasting))
    }

    /// The subscriptions of a company, in the order in which they started.
    pub(crate) fn subscriptions(&self, company: CompanyKey) -> Result<Vec<Subscription>> {
        self.facts_of(company)
    }

    /// The subscriptions of the companies from the first to the last of these keys.
    pub(super) fn subscriptions_within(
        &self,
        keys: (u32, u32),
    ) -> Result<HashMap<CompanyKey, Vec<Subscription>>> {
        let sql = "SELECT * FROM subscriptions WHERE company BETWEEN ?1 AND ?2 ORDER BY company, started_on, subscription_id";
        self.read_by_company(sql, keys, Subscription::read)
    }

    /// The ids of all subscriptions, with their companies.
    pub(crate) fn subscription_owners(&self) -> Result<Vec<(CompanyKey, String)>> {
        let sql = "SELECT company, subscription_id FROM subscriptions";
        self.read_all(sql, [], |row| row.try_into())
    }
}

fn read_break(row: &Row<'_>) -> rusqlite::Result<Break> {
    read_fields!(row => Break: churned_on, returned_on)
}
