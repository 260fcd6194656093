//! Which companies exist on a day, with their records and custom columns.

use anyhow::Result;
use rustc_hash::FxHashMap;

use super::super::Store;
use super::super::companies::{COMPANY_COLUMNS, read_company};
use super::super::values::ColumnReader;
use super::{Scope, Sheet, family};
use crate::domain::attributes::{AsOf, Attribute, CompanyFacts, Datum, Of};
use crate::domain::company::{Company, CompanyKey};
use crate::domain::customer::Break;
use crate::domain::day::Day;
use crate::domain::fact_kinds::AttributeType;
use crate::domain::presence::Presence;

impl Store {
    /// The companies, ordered by id. As of a past day, companies that became customers later and
    /// that no fact names by then are left out.
    pub(super) fn attribute_companies(&self, as_of: AsOf, scope: Scope) -> Result<Vec<CompanyKey>> {
        if !as_of.is_present() {
            let known = self.presences(scope)?.into_iter();
            let known = known.filter(|(_, presence)| presence.is_known(as_of.day));
            return Ok(known.map(|(key, _)| key).collect());
        }
        let sql = "SELECT id FROM companies WHERE id BETWEEN ?1 AND ?2 ORDER BY company_id";
        self.read_all(sql, scope.keys(), |row| row.get("id"))
    }

    /// The days on which each company exists, ordered by id.
    pub(crate) fn presences(&self, scope: Scope) -> Result<Vec<(CompanyKey, Presence)>> {
        let mut breaks = self.breaks_within(scope.keys())?;
        let (started, facts) = (self.first_subscriptions(scope)?, self.first_facts(scope)?);
        let sql = "SELECT id, created_on, first_event_day, is_unlisted FROM companies WHERE id BETWEEN ?1 AND ?2 ORDER BY company_id";
        self.read_all(sql, scope.keys(), |row| {
            let mut columns = ColumnReader::of(row);
            let key: u32 = columns.next()?;
            let presence = Presence {
                created_on: columns.next::<Option<Day>>()?.or_else(|| started.get(&key).copied()),
                first_event: columns.next::<Option<i32>>()?.map(Day::from_number),
                is_unlisted: columns.next()?,
                first_fact: facts.get(&key).copied(),
                breaks: breaks.remove(&CompanyKey(key)).unwrap_or_default(),
            };
            Ok((CompanyKey(key), presence))
        })
    }

    fn first_subscriptions(&self, scope: Scope) -> Result<FxHashMap<u32, Day>> {
        let sql = "SELECT company, min(started_on) AS started_on FROM subscriptions WHERE is_begun AND company BETWEEN ?1 AND ?2 GROUP BY company";
        self.read_all(sql, scope.keys(), |row| row.try_into())
    }

    /// The day of the first fact other than an event, for companies that are known only from facts.
    fn first_facts(&self, scope: Scope) -> Result<FxHashMap<u32, Day>> {
        let sql = "SELECT id, min(day) AS day FROM (
                       SELECT id FROM companies WHERE is_unlisted AND id BETWEEN ?1 AND ?2)
                   JOIN (
                       SELECT company, responded_on AS day FROM nps_responses
                       UNION ALL SELECT company, opened_on FROM tickets
                       UNION ALL SELECT company, due_on FROM invoices
                       UNION ALL SELECT company, occurred_on FROM touchpoints
                       UNION ALL SELECT company, day FROM pulses) ON company = id
                   WHERE day IS NOT NULL GROUP BY id";
        self.read_all(sql, scope.keys(), |row| row.try_into())
    }
}

type OfCompany = Vec<(&'static str, fn(&CompanyFacts<'_>) -> Datum)>;

impl Sheet<'_> {
    /// Adds the attributes of company records, and of subscriptions if an attribute needs them.
    pub(super) fn records(&mut self, attributes: &[&'static Attribute]) -> Result<()> {
        let family: OfCompany = family(attributes, |of| match of {
            Of::Company(value) | Of::Contract(value) => Some(value),
            _ => None,
        });
        let mut of = attributes.iter().map(|attribute| attribute.of);
        let needs_contract = of.any(|of| matches!(of, Of::Contract(_)));
        if family.is_empty() {
            return Ok(());
        }
        let day = self.as_of.day;
        let mut companies = self.read_records()?;
        if needs_contract {
            self.apply_contracts(&mut companies)?;
        }
        if family.iter().any(|(name, _)| *name == "churned_on") {
            self.apply_breaks(&mut companies)?;
        }
        let tags = self.tags(&family)?;
        for (name, value) in family {
            let facts = companies.iter().zip(&tags);
            let values = facts.map(|(company, tags)| {
                value(&CompanyFacts { company, tags: tags.as_deref(), day })
            });
            self.columns.push((name.to_owned(), values.collect()));
        }
        Ok(())
    }

    /// The tags of each company, if an attribute needs them.
    fn tags(&self, family: &OfCompany) -> Result<Vec<Option<String>>> {
        let mut tags = self.companies.each(None);
        if family.iter().any(|(name, _)| *name == "tags") {
            for (company, of_company) in self.store.tags_as_of(self.as_of.last_entry())? {
                if let Some(row) = self.companies.row(company.0) {
                    tags[row] = Some(of_company.join(";"));
                }
            }
        }
        Ok(tags)
    }

    fn read_records(&self) -> Result<Vec<Company>> {
        let mut companies = self.companies.each(Company::default());
        let sql =
            format!("SELECT c.id, {COMPANY_COLUMNS} FROM companies c WHERE c.id BETWEEN ?1 AND ?2");
        self.store.for_each_row(&sql, self.scope.keys(), |row| {
            let mut columns = ColumnReader::of(row);
            if let Some(place) = self.companies.row(columns.next()?) {
                companies[place] = read_company(&mut columns)?;
            }
            Ok(())
        })?;
        Ok(companies)
    }

    fn apply_contracts(&self, companies: &mut [Company]) -> Result<()> {
        let day = self.as_of.day;
        for (key, subscriptions) in self.store.subscriptions_within(self.scope.keys())? {
            if let Some(row) = self.companies.row(key.0) {
                companies[row].apply_contract(&subscriptions, day);
            }
        }
        Ok(())
    }

    /// Adds the churn that is in effect on the day.
    fn apply_breaks(&self, companies: &mut [Company]) -> Result<()> {
        let breaks = self.store.breaks_within(self.scope.keys())?;
        let day = self.as_of.last_day();
        for (key, company) in self.companies.keys.iter().zip(companies) {
            let of_company: &[Break] = breaks.get(key).map_or(&[], Vec::as_slice);
            let present = of_company.iter().find(|away| away.covers(day));
            company.churned_on = present.map(|away| away.churned_on);
        }
        Ok(())
    }

    /// Adds a custom column of companies.
    pub(super) fn own(&mut self, name: &str, kind: AttributeType) -> Result<()> {
        let mut values = self.companies.each(Datum::Null);
        let sql = "SELECT company, value FROM company_attributes WHERE name = ?1 AND company BETWEEN ?2 AND ?3";
        let (from, to) = self.scope.keys();
        self.store.for_each_row(sql, (name, from, to), |row| {
            if let Some(place) = self.companies.row(row.get(0)?) {
                values[place] = own_value(row.get_ref(1)?.as_str()?, kind);
            }
            Ok(())
        })?;
        self.columns.push((name.to_owned(), values));
        Ok(())
    }
}

/// The value of a custom column: a number or a day if all companies have one there, else text.
fn own_value(text: &str, kind: AttributeType) -> Datum {
    match kind {
        AttributeType::Number => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(whole), _) => Datum::Whole(whole),
            (_, Ok(number)) => Datum::from(number),
            _ => text.into(),
        },
        AttributeType::Date => text.parse::<Day>().map_or_else(|_| text.into(), Datum::Day),
        AttributeType::Text => text.into(),
    }
}
