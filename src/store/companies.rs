//! Companies: their records, and the texts by which files refer to them.

use std::collections::BTreeMap;

use anyhow::Result;
use rustc_hash::FxHashMap;

use super::Store;
use super::values::{ColumnReader, bind_fields, read_fields};
use crate::domain::company::{Company, CompanyKey, folded_name, short_id};
use crate::domain::day::Instant;
use crate::domain::fact_kinds::AttributeType;

/// A text by which files may refer to a company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CompanyName {
    pub company: CompanyKey,
    /// Its id or another text known for it; `None` when this entry is its name.
    pub id: Option<String>,
    /// Its name; `None` when this entry is an id.
    pub name: Option<String>,
}

/// What a dry run compares with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CompanySummary {
    pub key: CompanyKey,
    pub company_id: String,
    /// Whether it is known only from rows of facts.
    pub is_unlisted: bool,
    /// Whether it has any event.
    pub has_events: bool,
}

/// Hands the optional fields of a [`Company`] that its own record states to another macro.
macro_rules! optional_fields {
    ($to:ident) => {
        $to!(
            name,
            csm,
            also_csms,
            manager,
            lifecycle_stage,
            segment,
            plan,
            product,
            mrr,
            created_on,
            crm_created_on,
            renewal_on,
            renewal_term_days,
            payment_expires_on,
            seats,
            seats_used
        )
    };
}
pub(super) use optional_fields;

macro_rules! selected {
    ($($field:ident),+) => { concat!("c.company_id", $(", c.", stringify!($field),)+ ", c.churned_on") };
}

macro_rules! assigned {
    ($($field:ident),+) => { concat!($(stringify!($field), " = :", stringify!($field), ", "),+) };
}

/// The columns of a [`Company`] in a row `c` of companies, in the order in which they are read.
pub(super) const COMPANY_COLUMNS: &str = optional_fields!(selected);

impl Store {
    /// Every text by which a company is known: ids, other texts and names.
    pub(crate) fn company_names(&self) -> Result<Vec<CompanyName>> {
        let sql = "SELECT id AS company, company_id AS id, name FROM companies
                   UNION ALL
                   SELECT company, text, NULL FROM company_texts";
        self.read_all(sql, [], |row| read_fields!(row => CompanyName: company, id, name))
    }

    /// The key of the last company added; 0 if there is none.
    pub(crate) fn last_company(&self) -> Result<CompanyKey> {
        let sql = "SELECT coalesce(max(id), 0) AS id FROM companies";
        self.read_one(sql, [], |row| row.get("id"))
    }

    /// The company with this id or other known text.
    pub(crate) fn company_by_id(&self, text: &str) -> Result<Option<CompanyKey>> {
        let sql = "SELECT id FROM companies WHERE company_id = ?1
                   UNION ALL
                   SELECT company AS id FROM company_texts WHERE text = ?1
                   LIMIT 1";
        self.read_first(sql, [text], |row| row.get("id"))
    }

    /// The company that a user means by `text`: its id, another known text, or its name if that is
    /// unique; ignoring case.
    pub(crate) fn company_by_text(&self, text: &str) -> Result<Option<CompanyKey>> {
        if let Some(company) = self.company_by_id(short_id(text.trim()))? {
            return Ok(Some(company));
        }
        let wanted = folded_name(text);
        let names = self.company_names()?.into_iter();
        let mut matching = names
            .filter(|entry| entry.name.as_ref().is_some_and(|name| folded_name(name) == wanted));
        let first = matching.next();
        Ok(first.filter(|_| matching.next().is_none()).map(|entry| entry.company))
    }

    /// All event names with their keys.
    pub(crate) fn event_keys(&self) -> Result<Vec<(u32, String)>> {
        self.read_all("SELECT id, name FROM event_names", [], |row| row.try_into())
    }

    /// The key of the last person added; 0 if there is none.
    pub(crate) fn last_person(&self) -> Result<u32> {
        self.read_one("SELECT coalesce(max(id), 0) AS id FROM people", [], |row| row.get("id"))
    }

    /// Key and company of the person with this id.
    pub(crate) fn person_by_id(&self, id: &str) -> Result<Option<(u32, Option<CompanyKey>)>> {
        let sql = "SELECT id, company FROM people WHERE person_id = ?1";
        self.read_first(sql, [id], |row| row.try_into())
    }

    /// Calls `visit` with the key, id and company of every person.
    pub(crate) fn for_each_person(
        &self,
        mut visit: impl FnMut(u32, &str, Option<CompanyKey>),
    ) -> Result<()> {
        self.for_each_row("SELECT id, person_id, company FROM people", [], |row| {
            visit(row.get("id")?, row.get_ref("person_id")?.as_str()?, row.get("company")?);
            Ok(())
        })
    }

    /// A company's own record, without the facts that belong to it.
    pub(crate) fn company(&self, key: CompanyKey) -> Result<Company> {
        let sql =
            concat!("SELECT ", optional_fields!(selected), " FROM companies c WHERE c.id = ?1");
        self.read_one(sql, [key], |row| read_company(&mut ColumnReader::of(row)))
    }

    /// Adds a company.
    ///
    /// # Errors
    /// Another company has this id.
    pub(crate) fn add_company(&self, company: &Company) -> Result<CompanyKey> {
        let sql = "INSERT INTO companies (company_id) VALUES (?1)";
        let key = CompanyKey(u32::try_from(self.insert(sql, [&company.company_id])?)?);
        self.update_company(key, company)?;
        Ok(key)
    }

    /// Adds a company of which only the text in a fact is known.
    ///
    /// # Errors
    /// Another company has this id.
    pub(crate) fn add_unlisted_company(&self, text: &str) -> Result<CompanyKey> {
        let sql = "INSERT INTO companies (company_id, is_unlisted, folded_id) VALUES (?1, 1, ?2)";
        Ok(CompanyKey(u32::try_from(self.insert(sql, (text, folded_name(text)))?)?))
    }

    /// Replaces a company's record, except its churn, which [`Store::state_churn`] sets.
    pub(crate) fn update_company(&self, key: CompanyKey, company: &Company) -> Result<()> {
        macro_rules! bound {
            ($($field:ident),+) => { bind_fields!(company: company_id, $($field),+; id = key) };
        }
        let sql = concat!(
            "UPDATE companies SET ",
            optional_fields!(assigned),
            "company_id = :company_id, is_unlisted = 0 WHERE id = :id"
        );
        self.execute(sql, optional_fields!(bound))
    }

    /// The time of the latest payment in imported files of payments.
    pub(crate) fn paid_at(&self, key: CompanyKey) -> Result<Option<Instant>> {
        let sql = "SELECT paid_at FROM companies WHERE id = ?1";
        self.read_one(sql, [key], |row| row.get("paid_at"))
    }

    /// Sets the time of the latest payment.
    pub(crate) fn set_paid_at(&self, key: CompanyKey, at: Instant) -> Result<()> {
        self.execute("UPDATE companies SET paid_at = ?2 WHERE id = ?1", (key, at))
    }

    /// Adds another text by which a company is known.
    pub(crate) fn add_company_text(&self, key: CompanyKey, text: &str) -> Result<()> {
        let sql = "INSERT OR REPLACE INTO company_texts (text, company) VALUES (?1, ?2)";
        self.execute(sql, (text, key))
    }

    /// Whether the company is known only from rows of facts.
    pub(crate) fn is_unlisted(&self, key: CompanyKey) -> Result<bool> {
        let sql = "SELECT is_unlisted FROM companies WHERE id = ?1";
        self.read_one(sql, [key], |row| row.get("is_unlisted"))
    }

    /// The values of a company's custom columns.
    pub(crate) fn company_attributes(&self, key: CompanyKey) -> Result<BTreeMap<String, String>> {
        let sql = "SELECT name, value FROM company_attributes WHERE company = ?1";
        self.read_all(sql, [key], |row| row.try_into())
    }

    /// All values of a custom column.
    pub(crate) fn attribute_values(&self, name: &str) -> Result<Vec<String>> {
        let sql = "SELECT value FROM company_attributes WHERE name = ?1";
        self.read_all(sql, [name], |row| row.get("value"))
    }

    /// Sets the type of a custom column.
    pub(crate) fn set_attribute_type(
        &self,
        name: &str,
        attribute_type: AttributeType,
    ) -> Result<()> {
        let sql = "INSERT OR REPLACE INTO attribute_types (name, type) VALUES (?1, ?2)";
        self.execute(sql, (name, attribute_type))
    }

    /// The types of all custom columns, by name.
    pub(crate) fn attribute_types(&self) -> Result<BTreeMap<String, AttributeType>> {
        self.read_all("SELECT name, type FROM attribute_types", [], |row| row.try_into())
    }

    /// Sets or clears the value of a custom column.
    pub(crate) fn set_company_attribute(
        &self,
        key: CompanyKey,
        name: &str,
        value: Option<&str>,
    ) -> Result<()> {
        let Some(value) = value else {
            let sql = "DELETE FROM company_attributes WHERE company = ?1 AND name = ?2";
            return self.execute(sql, (key, name));
        };
        let sql =
            "INSERT OR REPLACE INTO company_attributes (company, name, value) VALUES (?1, ?2, ?3)";
        self.execute(sql, (key, name, value))
    }

    /// Every company, ordered by id, with what a dry run compares.
    pub(crate) fn company_summaries(&self) -> Result<Vec<CompanySummary>> {
        let sql = "SELECT id AS key, company_id, is_unlisted, first_event_day IS NOT NULL AS has_events FROM companies ORDER BY company_id";
        self.read_all(
            sql,
            [],
            |row| read_fields!(row => CompanySummary: key, company_id, is_unlisted, has_events),
        )
    }

    pub(crate) fn company_count(&self) -> Result<u64> {
        self.read_one("SELECT count(*) AS count FROM companies", [], |row| row.get("count"))
    }

    pub(crate) fn csms(&self) -> Result<Vec<(CompanyKey, String)>> {
        let sql = "SELECT id, csm FROM companies WHERE csm IS NOT NULL ORDER BY id";
        self.read_all(sql, [], |row| row.try_into())
    }

    /// Extends the days of first and last events of companies, by company key, by those of an
    /// import.
    pub(super) fn note_event_days(&self, days: &FxHashMap<u32, (i32, i32)>) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "UPDATE companies SET first_event_day = min(coalesce(first_event_day, ?2), ?2),
                                  last_event_day = max(coalesce(last_event_day, ?3), ?3)
             WHERE id = ?1",
        )?;
        for (company, (first, last)) in days {
            statement.execute((company, first, last))?;
        }
        Ok(())
    }
}

pub(super) fn read_company(columns: &mut ColumnReader<'_, '_>) -> rusqlite::Result<Company> {
    let mut company = Company { company_id: columns.next()?, ..Company::default() };
    macro_rules! read {
        ($($field:ident),+) => {$( company.$field = columns.next()?; )+};
    }
    optional_fields!(read);
    company.churned_on = columns.next()?;
    Ok(company)
}
