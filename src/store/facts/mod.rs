//! Imported facts other than events: the table of each kind, and when two rows are the same fact.
//!
//! Most kinds are declared in `domain::fact_kinds`; the others implement [`Fact`] in files of their own.
//! Finding, saving, counting equal facts and merging companies is written once, over what the kind
//! says about its table.

mod declared;
mod merge;
mod people;
mod plain;
mod pulses;

use std::borrow::Cow;

use anyhow::Result;
use rusqlite::types::{ToSqlOutput, Value};
use rusqlite::{Row, ToSql, params_from_iter};

use super::Store;
use crate::domain::company::CompanyKey;
use crate::domain::fact::FactIdentity;

/// The table of a kind of facts.
#[derive(Debug)]
pub(crate) struct FactTable {
    pub name: &'static str,
    /// When two rows are the same fact.
    pub identity: FactIdentity,
    /// The columns, in the order of [`Fact::values`].
    pub columns: Vec<Cow<'static, str>>,
    /// The columns to select from a row `f`.
    pub select: &'static str,
    /// An expression over `{row}` for what distinguishes rows besides their columns.
    pub details: Option<&'static str>,
    /// The ORDER BY of a company's rows.
    pub order: Cow<'static, str>,
}

/// A kind of imported facts, as it is stored.
pub(crate) trait Fact: Sized {
    fn table() -> FactTable;

    /// Reads a row of [`FactTable::select`].
    fn read(row: &Row<'_>) -> rusqlite::Result<Self>;

    /// The values of the columns.
    fn values(&self) -> rusqlite::Result<Vec<Value>>;

    /// The value of [`FactTable::details`].
    fn details(&self) -> Option<String> {
        None
    }

    /// Stores what belongs to a new row but lies in another table.
    fn add_details(&self, _store: &Store, _row: i64) -> Result<()> {
        Ok(())
    }
}

impl Store {
    pub(crate) fn fact<F: Fact>(&self, id: &str) -> Result<Option<F>> {
        let FactTable { name, identity, select, .. } = F::table();
        let Some(column) = identity.column() else { return Ok(None) };
        let sql = format!("SELECT {select} FROM {name} AS f WHERE {column} = ?1");
        self.read_first(&sql, [id], F::read)
    }

    pub(crate) fn facts_of<F: Fact>(&self, company: CompanyKey) -> Result<Vec<F>> {
        let FactTable { name, select, order, .. } = F::table();
        let sql = format!("SELECT {select} FROM {name} AS f WHERE company = ?1 ORDER BY {order}");
        self.read_all(&sql, [company], F::read)
    }

    /// All facts of a kind, by id.
    pub(crate) fn all_facts<F: Fact>(&self) -> Result<Vec<F>> {
        let FactTable { name, identity, select, .. } = F::table();
        let order = identity.column().unwrap_or("id");
        let sql = format!("SELECT {select} FROM {name} AS f ORDER BY {order}");
        self.read_all(&sql, [], F::read)
    }

    /// Adds a fact, or replaces the one with the same id.
    pub(crate) fn save_fact<F: Fact>(&self, fact: &F) -> Result<()> {
        let FactTable { name, identity, columns, .. } = F::table();
        let places: Vec<String> = (1..=columns.len()).map(|place| format!("?{place}")).collect();
        let mut sql =
            format!("INSERT INTO {name} ({}) VALUES ({})", columns.join(", "), places.join(", "));
        if let Some(id) = identity.column() {
            let set: Vec<String> = columns
                .iter()
                .filter(|column| *column != id)
                .map(|column| format!("{column} = excluded.{column}"))
                .collect();
            // Where ids are optional, only present ones are unique: the condition is that of the
            // partial index.
            sql.push_str(&format!(
                " ON CONFLICT ({id}) WHERE {id} IS NOT NULL DO UPDATE SET {}",
                set.join(", ")
            ));
        }
        self.execute(&sql, params_from_iter(fact.values()?))?;
        fact.add_details(self, self.connection.last_insert_rowid())
    }

    /// Deletes the companies after `last` that no fact of a kind names. Returns them.
    pub(crate) fn delete_companies_without<F: Fact>(
        &self,
        last: CompanyKey,
    ) -> Result<Vec<CompanyKey>> {
        let sql = format!(
            "DELETE FROM companies WHERE id > ?1 AND NOT EXISTS (SELECT 1 FROM {} f WHERE f.company = companies.id)
             RETURNING id",
            F::table().name
        );
        self.read_all(&sql, [last], |row| row.get("id"))
    }

    /// How many equal facts there are.
    pub(crate) fn equal_facts<F: Fact>(&self, fact: &F) -> Result<u64> {
        let FactTable { name, columns, details, .. } = F::table();
        let mut equal: Vec<String> =
            (1..).zip(columns).map(|(place, column)| format!("{column} IS ?{place}")).collect();
        let mut values = fact.values()?;
        if let Some(details) = details {
            values.push(fact.details().map_or(Value::Null, Value::Text));
            equal.push(format!("{} IS ?{}", details.replace("{row}", "f"), values.len()));
        }
        let sql =
            format!("SELECT count(*) AS count FROM {name} AS f WHERE {}", equal.join(" AND "));
        self.read_one(&sql, params_from_iter(values), |row| row.get("count"))
    }
}

/// A value that can be bound after the fact is dropped.
fn value(of: impl ToSql) -> rusqlite::Result<Value> {
    Ok(match of.to_sql()? {
        ToSqlOutput::Owned(value) => value,
        ToSqlOutput::Borrowed(value) => value
            .try_into()
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?,
        _ => Value::Null,
    })
}

/// The tables of all kinds that belong to companies.
fn tables_of_companies() -> Vec<FactTable> {
    let mut tables = declared::tables();
    tables.push(<crate::domain::fact_kinds::Person as Fact>::table());
    tables.push(<crate::domain::customer::Subscription as Fact>::table());
    tables.push(<crate::domain::pulse::Pulse as Fact>::table());
    tables
}
