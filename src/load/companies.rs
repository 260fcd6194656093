//! Companies: the row with the same id is updated.

use anyhow::Result;

use super::events::shared_name;
use super::names::CompanyBook;
use super::{Loaded, Watcher};
use crate::domain::company::{Company, CompanyKey};
use crate::domain::day::Day;
use crate::import::{DaysSeen, FactRow, Rejects, Sheet, Value, Verdict, read_facts};
use crate::store::{Store, WrittenRows};

/// Reads and writes all companies of a file, within a transaction that the caller has begun.
///
/// # Errors
/// A file that is refused; a database that cannot be written.
pub fn load(store: &Store, sheet: &mut Sheet, rejects: &mut Rejects<'_>, watcher: &Watcher<'_>) -> Result<Loaded> {
    let mut loader = Loader { store, book: CompanyBook::of(store)?, rows: WrittenRows::default(), named: Vec::new() };
    let progress = sheet.progress();
    let read = read_facts(sheet, rejects, |row| {
        watcher.tell(&progress);
        loader.take(&row)
    })?;
    let companies_joined = loader.join()?;
    let rows = loader.rows;
    Ok(Loaded { read, rows, companies_made: rows.new, companies_joined, days: DaysSeen::default() })
}

struct Loader<'s> {
    store: &'s Store,
    book: CompanyBook,
    rows: WrittenRows,
    /// The companies of the file that have a name.
    named: Vec<(CompanyKey, String)>,
}

impl Loader<'_> {
    fn take(&mut self, row: &FactRow<'_>) -> Result<Verdict> {
        let text = row.text("company_id").unwrap_or_default();
        let Ok(found) = self.book.find(text) else { return Ok(shared_name(text)) };
        let key = match found {
            Some(key) => {
                let mut company = self.store.company(key)?;
                apply(&mut company, row);
                self.store.update_company(key, &company)?;
                self.rows.known += 1;
                key
            }
            None => {
                let mut company = Company { company_id: text.to_owned(), ..Company::default() };
                apply(&mut company, row);
                self.rows.new += 1;
                self.store.add_company(&company)?
            }
        };
        self.book.add_id(text, key);
        if let Some(name) = row.text("name") {
            self.book.add_name(name, key);
            self.named.push((key, name.to_owned()));
        }
        for (name, value) in &row.custom {
            self.store.set_company_attribute(key, name, *value)?;
        }
        Ok(Verdict::Accepted)
    }

    /// Joins the companies that were known only by their names until now with those that have these names.
    fn join(&self) -> Result<u64> {
        let mut joined = 0;
        for (company, name) in &self.named {
            if !self.book.is_only(name, *company) {
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

/// Changes what the row has a column for: a value replaces the stored one, an empty cell clears it.
fn apply(company: &mut Company, row: &FactRow<'_>) {
    for (column, value) in &row.cells {
        set(company, column, *value);
    }
}

fn set(company: &mut Company, column: &str, value: Option<Value<'_>>) {
    let text = || match value {
        Some(Value::Text(text)) => Some(text.to_owned()),
        _ => None,
    };
    match column {
        "name" => company.name = text(),
        "csm" => company.csm = text(),
        "manager" => company.manager = text(),
        "lifecycle_stage" => company.lifecycle_stage = text(),
        "segment" => company.segment = text(),
        "plan" => company.plan = text(),
        "product" => company.product = text(),
        "mrr" => company.mrr = money(value),
        "created_on" => company.created_on = day(value),
        "crm_created_on" => company.crm_created_on = day(value),
        "renewal_on" => company.renewal_on = day(value),
        "renewal_term_days" => company.renewal_term_days = whole(value),
        "payment_expires_on" => company.payment_expires_on = day(value),
        "seats" => company.seats = whole(value),
        "seats_used" => company.seats_used = whole(value),
        // A customer that has left comes back only when somebody says so, not because a file leaves a cell empty.
        "churned_on" => company.churned_on = day(value).or(company.churned_on),
        _ => {}
    }
}

fn money(value: Option<Value<'_>>) -> Option<f64> {
    match value {
        Some(Value::Money(amount)) => Some(amount),
        _ => None,
    }
}

fn whole(value: Option<Value<'_>>) -> Option<i64> {
    match value {
        Some(Value::Whole(number)) => Some(number),
        _ => None,
    }
}

fn day(value: Option<Value<'_>>) -> Option<Day> {
    match value {
        Some(Value::Day(day)) => Some(day),
        Some(Value::Moment(moment)) => Some(moment.day),
        _ => None,
    }
}
