//! Companies: a row updates the company with the same id.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::cells::{update, update_fields};
use super::facts::LoadTerms;
use super::names::{CompanyBook, SharedName, shared_name};
use super::repeated::RepeatedRows;
use super::{Loaded, RowResult, SheetRows};
use crate::domain::company::{Company, CompanyKey, folded_name};
use crate::domain::day::Day;
use crate::domain::fact_kinds::AttributeType;
use crate::domain::team::{self, Colleagues};
use crate::import::{FactRow, Plan};
use crate::store::{Store, WrittenRows};

/// Reads and writes all companies of a file, inside the caller's transaction.
///
/// # Errors
/// A file that is refused.
pub(super) fn load(
    store: &Store,
    rows: &mut SheetRows<'_, '_>,
    terms: LoadTerms,
) -> Result<Loaded> {
    let mut loader = Loader {
        store,
        book: CompanyBook::of(store)?,
        rows: WrittenRows::default(),
        named: Vec::new(),
        companies: BTreeSet::new(),
        churns: BTreeMap::new(),
        repeated: RepeatedRows::new(terms.last_wins),
        colleagues: Colleagues::new(store.team()?, store.known_colleagues()?),
        is_payments: rows.plan().mapping.orders_files,
    };
    let read = rows.read(|row| loader.take(row))?;
    loader.churns.values().try_for_each(|(key, day)| store.state_churn(*key, *day))?;
    let companies_joined = loader.join()?;
    let mut remarks = loader.types(rows.plan())?;
    remarks.extend(loader.repeated.judge(&rows.plan().file)?);
    loader.rows.changed = loader.repeated.changed();
    remarks.extend(store.csms_missing_in_team(terms.today)?);
    let Loader { rows, companies, .. } = loader;
    let companies_made = rows.new;
    let rest = Loaded::default();
    Ok(Loaded { read, rows, companies_made, companies_joined, companies, remarks, ..rest })
}

/// What a row of companies may change.
#[derive(Debug, Clone, Default, PartialEq)]
struct CompanyRecord {
    company: Company,
    attributes: BTreeMap<String, String>,
    /// A churn that is not yet stored.
    new_churn: Option<Day>,
}

struct Loader<'s> {
    store: &'s Store,
    book: CompanyBook,
    rows: WrittenRows,
    /// The companies of the file that have a name.
    named: Vec<(CompanyKey, String)>,
    /// All companies of the file.
    companies: BTreeSet<CompanyKey>,
    /// The churns that rows state, by the id in the row, to be stored once it is known which rows
    /// count.
    churns: BTreeMap<String, (CompanyKey, Day)>,
    repeated: RepeatedRows,
    colleagues: Colleagues,
    /// Whether the rows are payments, of which only the latest counts, even across files.
    is_payments: bool,
}

impl Loader<'_> {
    fn take(&mut self, row: &FactRow<'_>) -> RowResult<()> {
        let text = row.text("company_id").unwrap_or_default();
        let found = self.find(text, row).map_err(|SharedName| shared_name(text))?;
        let turn = self.repeated.turn(text, row);
        self.repeated.accept(text, row, turn);
        let key = match found {
            Some(key) => {
                self.rows.known += 1;
                self.companies.insert(key);
                if !turn.counts()
                    || self.is_outdated(key, row)?
                    || self.is_merged_away(key, text)?
                {
                    return Ok(());
                }
                let old = self.record(key)?;
                let new = self.changed(key, &old, row)?;
                self.repeated.store(text, Some(&old), &new);
                let (old, company) = (old.company, new.company);
                if let Some(old_name) = old.name.as_ref().filter(|_| old.name != company.name) {
                    self.book.forget_name(old_name, key);
                }
                self.store.update_company(key, &company)?;
                key
            }
            None => {
                let mut company = Company { company_id: text.to_owned(), ..Company::default() };
                apply(&mut company, row, &mut self.colleagues);
                self.rows.new += 1;
                let key = self.store.add_company(&company)?;
                self.repeated.store(text, None, &CompanyRecord { company, ..Default::default() });
                key
            }
        };
        self.book.add_id(text, key);
        self.companies.insert(key);
        if let Some(paid) = row.as_of.filter(|_| self.is_payments) {
            self.store.set_paid_at(key, paid.at)?;
        }
        if let Some(name) = row.text("name") {
            self.book.add_name(name, key);
            self.named.push((key, name.to_owned()));
        }
        // A churned customer returns only if a file says so, not because a cell is empty.
        match churned_on(row) {
            Some(day) => self.churns.insert(text.to_owned(), (key, day)),
            None => self.churns.remove(text),
        };
        for (name, value) in &row.custom {
            self.store.set_company_attribute(key, name, value.as_deref())?;
        }
        Ok(())
    }

    /// The company of the row. The id column may hold another company's name only if the file has no
    /// name column: a report without ids has names there, but a list with both is taken literally.
    fn find(&self, text: &str, row: &FactRow<'_>) -> Result<Option<CompanyKey>, SharedName> {
        let has_name = row.cells.iter().any(|(column, _)| *column == "name");
        let is_name = row.text("name").is_some_and(|name| folded_name(name) == folded_name(text));
        if is_name || !has_name { self.book.find(text) } else { Ok(self.book.find_id(text)) }
    }

    /// Whether `text` is the id of a company that was merged into this one: its record does not
    /// change this one. A text under which this one is known refers to it.
    fn is_merged_away(&self, key: CompanyKey, text: &str) -> Result<bool> {
        let company = self.store.company(key)?;
        let is_name = company.name.is_some_and(|name| folded_name(&name) == folded_name(text));
        Ok(company.company_id != text && !is_name && !self.store.is_unlisted(key)?)
    }

    /// What is stored about a company.
    fn record(&self, key: CompanyKey) -> Result<CompanyRecord> {
        let (company, attributes) = (self.store.company(key)?, self.store.company_attributes(key)?);
        Ok(CompanyRecord { company, attributes, new_churn: None })
    }

    /// A record after a row.
    fn changed(
        &mut self,
        key: CompanyKey,
        old: &CompanyRecord,
        row: &FactRow<'_>,
    ) -> Result<CompanyRecord> {
        let mut new = old.clone();
        apply(&mut new.company, row, &mut self.colleagues);
        for (name, value) in &row.custom {
            match value {
                Some(value) => new.attributes.insert((*name).to_owned(), value.to_string()),
                None => new.attributes.remove(*name),
            };
        }
        if let Some(day) = churned_on(row)
            && !self.store.has_stated_churn(key, day)?
        {
            new.new_churn = Some(day);
        }
        Ok(new)
    }

    /// Whether the row is an older payment than the latest known one.
    fn is_outdated(&self, key: CompanyKey, row: &FactRow<'_>) -> Result<bool> {
        match row.as_of.filter(|_| self.is_payments) {
            Some(paid) => Ok(self.store.paid_at(key)?.is_some_and(|known| known > paid.at)),
            None => Ok(false),
        }
    }

    /// Determines the types of custom columns from all their values, and remarks on mixed ones.
    fn types(&self, plan: &Plan) -> Result<Vec<String>> {
        let mut remarks = Vec::new();
        let known = self.store.attribute_types()?;
        for custom in &plan.mapping.custom {
            let name = &custom.name;
            let values = self.store.attribute_values(name)?;
            if values.is_empty() && known.contains_key(name) {
                continue;
            }
            let found = AttributeType::of(values.iter().map(String::as_str));
            if found == AttributeType::Text {
                remarks.extend(remark(name, &values));
            }
            self.store.set_attribute_type(name, found)?;
        }
        Ok(remarks)
    }

    /// Merges companies that were known only by name into those with these names.
    fn join(&self) -> Result<u64> {
        let mut joined = 0;
        // Only now are all names of the file known.
        let book = CompanyBook::of(self.store)?;
        for (company, name) in &self.named {
            if !book.is_only(name, *company) {
                continue;
            }
            for unlisted in self.store.unlisted_companies(name)? {
                self.store.merge_companies(unlisted, *company)?;
                joined += 1;
            }
        }
        Ok(joined)
    }
}

/// A remark on a column in which only some values are numbers or days.
fn remark(name: &str, values: &[String]) -> Option<String> {
    let count = |wanted| {
        let types = values.iter().map(|value| AttributeType::of(std::iter::once(value.as_str())));
        types.filter(|found| *found == wanted).count()
    };
    let (numbers, days) = (count(AttributeType::Number), count(AttributeType::Date));
    let (most, what) = if numbers >= days { (numbers, "numbers") } else { (days, "dates") };
    (most > 0).then(|| format!("{name} is text: only {most} of {} values are {what}", values.len()))
}

/// Changes the fields for which the row has a column: a value replaces the stored one, an empty
/// cell clears it.
fn apply(company: &mut Company, row: &FactRow<'_>, colleagues: &mut Colleagues) {
    if row.cells.iter().any(|(column, _)| *column == "csm") {
        let mut names = team::names(row.text("csm").unwrap_or_default());
        company.csm = names.next().map(|name| colleagues.name_of(name));
        let others: Vec<String> = names.map(|name| colleagues.name_of(name)).collect();
        company.also_csms = Some(others.join(";")).filter(|others| !others.is_empty());
    }
    update_fields!(row => company: name, manager, lifecycle_stage, segment, plan, product, mrr, created_on,
        crm_created_on, renewal_on, renewal_term_days, payment_expires_on, seats, seats_used);
    company.manager = company.manager.take().map(|manager| colleagues.name_of(&manager));
}

fn churned_on(row: &FactRow<'_>) -> Option<Day> {
    let mut churned_on = None;
    update(row, "churned_on", &mut churned_on);
    churned_on
}
