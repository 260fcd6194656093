//! The tags of companies, and when they had them.

use std::collections::HashMap;

use anyhow::Result;

use super::Store;
use crate::domain::company::CompanyKey;
use crate::domain::day::Day;
use crate::domain::task::Stamp;

/// A tag that a company has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagRecord {
    /// The tag.
    pub tag: String,
    /// Since when, by whom.
    pub added: Stamp,
}

impl Store {
    /// Puts a tag on a company. Returns whether it is new there.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub fn add_tag(&self, company: CompanyKey, tag: &str, stamp: &Stamp) -> Result<bool> {
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO company_tags (company, tag, added_at, added_on, added_by)
             SELECT ?1, ?2, ?3, ?4, ?5
             WHERE NOT EXISTS (SELECT 1 FROM company_tags WHERE company = ?1 AND tag = ?2 AND removed_at IS NULL)",
        )?;
        Ok(insert.execute((company.0, tag, stamp.at, stamp.day, &stamp.by))? > 0)
    }

    /// Takes a tag off a company. Returns whether it was there.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub fn remove_tag(&self, company: CompanyKey, tag: &str, stamp: &Stamp) -> Result<bool> {
        let mut update = self.connection.prepare_cached(
            "UPDATE company_tags SET removed_at = ?3, removed_on = ?4, removed_by = ?5
             WHERE company = ?1 AND tag = ?2 AND removed_at IS NULL",
        )?;
        Ok(update.execute((company.0, tag, stamp.at, stamp.day, &stamp.by))? > 0)
    }

    /// The tags that a company has now, A to Z.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn tags(&self, company: CompanyKey) -> Result<Vec<TagRecord>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT tag, added_at, added_on, added_by FROM company_tags
             WHERE company = ?1 AND removed_at IS NULL ORDER BY tag, added_at, id",
        )?;
        let tags = statement.query_map([company.0], |row| {
            let added = Stamp { at: row.get("added_at")?, day: row.get("added_on")?, by: row.get("added_by")? };
            Ok(TagRecord { tag: row.get("tag")?, added })
        })?;
        let mut tags: Vec<TagRecord> = tags.collect::<Result<_, _>>()?;
        // Two companies that became one may both have had it.
        tags.dedup_by(|later, earlier| later.tag == earlier.tag);
        Ok(tags)
    }

    /// The tags of every company that has any, each once and A to Z: now, or as they stood at the end of a day.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn tags_as_of(&self, until: Option<Day>) -> Result<HashMap<CompanyKey, Vec<String>>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT DISTINCT company, tag FROM company_tags
             WHERE CASE WHEN ?1 IS NULL THEN removed_on IS NULL
                        ELSE added_on <= ?1 AND (removed_on IS NULL OR removed_on > ?1) END
             ORDER BY company, tag",
        )?;
        let mut all: HashMap<CompanyKey, Vec<String>> = HashMap::new();
        let mut rows = statement.query([until])?;
        while let Some(row) = rows.next()? {
            all.entry(CompanyKey(row.get("company")?)).or_default().push(row.get("tag")?);
        }
        Ok(all)
    }
}
