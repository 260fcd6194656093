//! How the other files run their statements: each is prepared once and kept, because the same ones
//! run for thousands of rows.

use std::collections::HashMap;
use std::hash::BuildHasher;

use anyhow::Result;
use rusqlite::{OptionalExtension, Params, Row};

use super::Store;
use crate::domain::company::CompanyKey;

impl Store {
    /// All rows of a query, each read by `read`.
    pub(super) fn read_all<T, C: FromIterator<T>>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<C> {
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.query_map(parameters, read)?.collect::<rusqlite::Result<_>>()?)
    }

    /// The first row of a query.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn read_one<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<T> {
        Ok(self.connection.prepare_cached(sql)?.query_row(parameters, read)?)
    }

    /// The first row of a query, if there is one.
    pub(super) fn read_first<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        Ok(self.connection.prepare_cached(sql)?.query_row(parameters, read).optional()?)
    }

    /// Whether a query has any row.
    pub(super) fn exists(&self, sql: &str, parameters: impl Params) -> Result<bool> {
        Ok(self.connection.prepare_cached(sql)?.exists(parameters)?)
    }

    /// Calls `visit` with each row of a query.
    pub(super) fn for_each_row(
        &self,
        sql: &str,
        parameters: impl Params,
        mut visit: impl FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(parameters)?;
        while let Some(row) = rows.next()? {
            visit(row)?;
        }
        Ok(())
    }

    /// All rows of a query by their column `company`, each read by `read`.
    pub(super) fn read_by_company<T, S: BuildHasher + Default>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<HashMap<CompanyKey, Vec<T>, S>> {
        let mut all: HashMap<CompanyKey, Vec<T>, S> = HashMap::default();
        self.for_each_row(sql, parameters, |row| {
            all.entry(row.get("company")?).or_default().push(read(row)?);
            Ok(())
        })?;
        Ok(all)
    }

    /// Runs a statement that changes rows.
    pub(super) fn execute(&self, sql: &str, parameters: impl Params) -> Result<()> {
        self.changes(sql, parameters).map(drop)
    }

    /// Runs a statement, and returns how many rows it changed.
    pub(super) fn changes(&self, sql: &str, parameters: impl Params) -> Result<usize> {
        Ok(self.connection.prepare_cached(sql)?.execute(parameters)?)
    }

    /// Adds a row, and returns its number.
    pub(super) fn insert(&self, sql: &str, parameters: impl Params) -> Result<i64> {
        Ok(self.connection.prepare_cached(sql)?.insert(parameters)?)
    }
}
