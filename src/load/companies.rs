//! Companies: a row updates the company with the same id.

use std::borrow::Cow;
use std::collections::BTreeSet;

use anyhow::Result;

use super::cells::{day, money, text, whole};
use super::facts::LoadTerms;
use super::names::{CompanyBook, SharedName, shared_name};
use super::repeated::RepeatedRows;
use super::{Loaded, Watcher};
use crate::domain::company::{Company, CompanyKey, folded_name};
use crate::domain::facts::AttributeType;
use crate::domain::team::{self, Colleagues};
use crate::import::{FactRow, Rejects, Sheet, Verdict, read_facts};
use crate::store::{Store, WrittenRows};

/// Reads and writes all companies of a file, inside the caller's transaction.
///
/// # Errors
/// A file that is refused.
pub(super) fn load(
    store: &Store,
    sheet: &mut Sheet,
    rejects: &mut Rejects<'_>,
    watcher: &Watcher<'_>,
    terms: LoadTerms,
) -> Result<Loaded> {
    let mut loader = Loader {
        store,
        book: CompanyBook::of(store)?,
        rows: WrittenRows::default(),
        metrics: store
            .metrics()?
            .into_iter()
            .map(|metric| metric.name.to_ascii_lowercase())
            .collect(),
        named: Vec::new(),
        companies: BTreeSet::new(),
        repeated: RepeatedRows::new(terms.last_wins),
        colleagues: Colleagues::new(store.team()?, store.known_colleagues()?),
        is_payments: sheet.plan().mapping.orders_files,
    };
    let progress = sheet.progress();
    let read = read_facts(sheet, rejects, |row| {
        watcher.tell(&progress);
        loader.take(&row)
    })?;
    let companies_joined = loader.join()?;
    let mut remarks = loader.types(sheet)?;
    remarks.extend(loader.repeated.judge(&sheet.plan().file)?);
    remarks.extend(store.csms_missing_in_team(terms.today)?);
    let Loader { rows, companies, .. } = loader;
    let companies_made = rows.new;
    Ok(Loaded {
        read,
        rows,
        companies_made,
        companies_joined,
        companies,
        remarks,
        ..Loaded::default()
    })
}

struct Loader<'s> {
    store: &'s Store,
    book: CompanyBook,
    rows: WrittenRows,
    /// The names of metrics, in lower case.
    metrics: BTreeSet<String>,
    /// The companies of the file that have a name.
    named: Vec<(CompanyKey, String)>,
    /// All companies of the file.
    companies: BTreeSet<CompanyKey>,
    repeated: RepeatedRows,
    colleagues: Colleagues,
    /// Whether the rows are payments, of which only the latest counts, even across files.
    is_payments: bool,
}

impl Loader<'_> {
    fn take(&mut self, row: &FactRow<'_>) -> Result<Verdict> {
        let text = row.text("company_id").unwrap_or_default();
        let Ok(found) = self.find(text, row) else { return Ok(shared_name(text)) };
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
                    return Ok(Verdict::Accepted);
                }
                let old = self.store.company(key)?;
                let mut company = old.clone();
                let old_name = old.name.clone();
                apply(&mut company, row, &mut self.colleagues);
                self.rows.changed += u64::from(self.changes(key, &old, &company, row)?);
                if let Some(old_name) =
                    old_name.filter(|old_name| company.name.as_ref() != Some(old_name))
                {
                    self.book.forget_name(&old_name, key);
                }
                self.store.update_company(key, &company)?;
                key
            }
            None => {
                let mut company = Company { company_id: text.to_owned(), ..Company::default() };
                apply(&mut company, row, &mut self.colleagues);
                self.rows.new += 1;
                self.store.add_company(&company)?
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
        let mut churned_on = None;
        day(row, "churned_on", &mut churned_on);
        if let Some(churned_on) = churned_on {
            self.store.state_churn(key, churned_on)?;
        }
        for (name, value) in &row.custom {
            self.store.set_company_attribute(key, &self.own_name(name), value.as_deref())?;
        }
        Ok(Verdict::Accepted)
    }

    /// The attribute for a custom column. The name of a metric refers to the metric.
    fn own_name<'n>(&self, name: &'n str) -> Cow<'n, str> {
        if self.metrics.contains(name) {
            Cow::Owned(format!("custom_{name}"))
        } else {
            Cow::Borrowed(name)
        }
    }

    /// The company of the row. The id column may hold another company's name only if the row has no
    /// name column: a report without ids has names there, but a list with both is taken literally.
    fn find(&self, text: &str, row: &FactRow<'_>) -> Result<Option<CompanyKey>, SharedName> {
        let is_name = row.text("name").is_none_or(|name| folded_name(name) == folded_name(text));
        if is_name { self.book.find(text) } else { Ok(self.book.find_id(text)) }
    }

    /// Whether `text` is the id of a company that was merged into this one: its record does not
    /// change this one. A text under which this one is known refers to it.
    fn is_merged_away(&self, key: CompanyKey, text: &str) -> Result<bool> {
        let company = self.store.company(key)?;
        let is_name = company.name.is_some_and(|name| folded_name(&name) == folded_name(text));
        Ok(company.company_id != text && !is_name && !self.store.is_unlisted(key)?)
    }

    /// Whether the row changes anything stored about the company.
    fn changes(
        &self,
        key: CompanyKey,
        old: &Company,
        new: &Company,
        row: &FactRow<'_>,
    ) -> Result<bool> {
        let mut churned_on = None;
        day(row, "churned_on", &mut churned_on);
        let is_new_churn = match churned_on {
            Some(churned_on) => !self.store.has_stated_churn(key, churned_on)?,
            None => false,
        };
        let attributes = self.store.company_attributes(key)?;
        let differs = |(name, value): &(&str, Option<Cow<'_, str>>)| {
            attributes.get(self.own_name(name).as_ref()).map(String::as_str) != value.as_deref()
        };
        Ok(old != new || is_new_churn || row.custom.iter().any(differs))
    }

    /// Whether the row is an older payment than the latest known one.
    fn is_outdated(&self, key: CompanyKey, row: &FactRow<'_>) -> Result<bool> {
        match row.as_of.filter(|_| self.is_payments) {
            Some(paid) => Ok(self.store.paid_at(key)?.is_some_and(|known| known > paid.at)),
            None => Ok(false),
        }
    }

    /// Determines the types of custom columns from all their values, and remarks on mixed ones.
    fn types(&self, sheet: &Sheet) -> Result<Vec<String>> {
        let mut remarks = Vec::new();
        let known = self.store.attribute_types()?;
        for custom in &sheet.plan().mapping.custom {
            let name = self.own_name(&custom.name);
            let values = self.store.attribute_values(&name)?;
            if values.is_empty() && known.contains_key(name.as_ref()) {
                continue;
            }
            let found = AttributeType::of(values.iter().map(String::as_str));
            if found == AttributeType::Text {
                remarks.extend(remark(&name, &values));
            }
            self.store.set_attribute_type(&name, found)?;
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
    text(row, "name", &mut company.name);
    let mut csms = None;
    text(row, "csm", &mut csms);
    if row.cells.iter().any(|(column, _)| *column == "csm") {
        let mut names = team::names(csms.as_deref().unwrap_or_default());
        company.csm = names.next().map(|name| colleagues.name_of(name));
        let others: Vec<String> = names.map(|name| colleagues.name_of(name)).collect();
        company.also_csms = Some(others.join(";")).filter(|others| !others.is_empty());
    }
    text(row, "manager", &mut company.manager);
    company.manager = company.manager.take().map(|manager| colleagues.name_of(&manager));
    text(row, "lifecycle_stage", &mut company.lifecycle_stage);
    text(row, "segment", &mut company.segment);
    text(row, "plan", &mut company.plan);
    text(row, "product", &mut company.product);
    money(row, "mrr", &mut company.mrr);
    day(row, "created_on", &mut company.created_on);
    day(row, "crm_created_on", &mut company.crm_created_on);
    day(row, "renewal_on", &mut company.renewal_on);
    whole(row, "renewal_term_days", &mut company.renewal_term_days);
    day(row, "payment_expires_on", &mut company.payment_expires_on);
    whole(row, "seats", &mut company.seats);
    whole(row, "seats_used", &mut company.seats_used);
}
