//! Tags of companies, with their history.

use std::collections::HashMap;

use anyhow::Result;

use super::Store;
use crate::domain::company::CompanyKey;
use crate::domain::day::Day;
use crate::domain::task::Stamp;

/// A tag of a company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TagRecord {
    pub tag: String,
    /// When it was added, and by whom.
    pub added: Stamp,
}

impl Store {
    /// Adds a tag to a company. Returns whether it is new there.
    pub(crate) fn add_tag(&self, company: CompanyKey, tag: &str, stamp: &Stamp) -> Result<bool> {
        let sql = "INSERT INTO company_tags (company, tag, added_at, added_on, added_by)
                   SELECT ?1, ?2, ?3, ?4, ?5
                   WHERE NOT EXISTS (SELECT 1 FROM company_tags WHERE company = ?1 AND tag = ?2 AND removed_at IS NULL)";
        Ok(self.changes(sql, (company, tag, stamp.at, stamp.day, &stamp.by))? > 0)
    }

    /// Removes a tag from a company. Returns whether it was there.
    pub(crate) fn remove_tag(&self, company: CompanyKey, tag: &str, stamp: &Stamp) -> Result<bool> {
        let sql = "UPDATE company_tags SET removed_at = ?3, removed_on = ?4, removed_by = ?5
                   WHERE company = ?1 AND tag = ?2 AND removed_at IS NULL";
        Ok(self.changes(sql, (company, tag, stamp.at, stamp.day, &stamp.by))? > 0)
    }

    /// The present tags of a company, A to Z.
    pub(crate) fn tags(&self, company: CompanyKey) -> Result<Vec<TagRecord>> {
        let sql = "SELECT tag, added_at, added_on, added_by FROM company_tags
                   WHERE company = ?1 AND removed_at IS NULL ORDER BY tag, added_at, id";
        let mut tags: Vec<TagRecord> = self.read_all(sql, [company], |row| {
            let added = Stamp {
                at: row.get("added_at")?,
                day: row.get("added_on")?,
                by: row.get("added_by")?,
            };
            Ok(TagRecord { tag: row.get("tag")?, added })
        })?;
        // Both of two merged companies may have had it.
        tags.dedup_by(|later, earlier| later.tag == earlier.tag);
        Ok(tags)
    }

    /// The tags of every company that has any, each once, A to Z: now, or at the end of a day.
    pub(crate) fn tags_as_of(
        &self,
        until: Option<Day>,
    ) -> Result<HashMap<CompanyKey, Vec<String>>> {
        let sql = "SELECT DISTINCT company, tag FROM company_tags
                   WHERE CASE WHEN ?1 IS NULL THEN removed_on IS NULL
                              ELSE added_on <= ?1 AND (removed_on IS NULL OR removed_on > ?1) END
                   ORDER BY company, tag";
        self.read_by_company(sql, [until], |row| row.get("tag"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::day::Instant;
    use crate::store::{Finish, Permissions};

    fn store(folder: &tempfile::TempDir) -> Store {
        Store::create_or_open(&folder.path().join("test.db"), Permissions::Owner).unwrap()
    }

    fn on(day: &str) -> Stamp {
        Stamp { at: Instant::from_micros(0), day: day.parse().unwrap(), by: "ana".to_owned() }
    }

    fn as_of(store: &Store, day: &str, company: CompanyKey) -> String {
        store
            .tags_as_of(Some(day.parse().unwrap()))
            .unwrap()
            .get(&company)
            .map(|tags| tags.join(";"))
            .unwrap_or_default()
    }

    #[test]
    fn the_tags_of_a_day_are_those_put_on_by_then_and_not_taken_off() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let company = store.add_unlisted_company("acme").unwrap();
        assert!(store.add_tag(company, "vip", &on("2026-03-03")).unwrap());
        assert!(!store.add_tag(company, "vip", &on("2026-03-04")).unwrap());
        assert!(store.add_tag(company, "beta", &on("2026-03-04")).unwrap());
        assert!(store.remove_tag(company, "vip", &on("2026-03-06")).unwrap());
        assert!(!store.remove_tag(company, "vip", &on("2026-03-07")).unwrap());
        assert!(store.add_tag(company, "vip", &on("2026-03-08")).unwrap());
        let cases = [
            ("2026-03-02", ""),
            ("2026-03-03", "vip"),
            ("2026-03-04", "beta;vip"),
            ("2026-03-05", "beta;vip"),
            ("2026-03-06", "beta"),
            ("2026-03-07", "beta"),
            ("2026-03-08", "beta;vip"),
        ];
        for (day, expected) in cases {
            assert_eq!(as_of(&store, day, company), expected, "{day}");
        }
        assert_eq!(store.tags_as_of(None).unwrap()[&company], ["beta", "vip"]);
    }

    #[test]
    fn two_companies_that_become_one_have_the_tags_of_both() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(&folder);
        let [from, into] = ["old", "acme"].map(|id| store.add_unlisted_company(id).unwrap());
        store.add_tag(into, "vip", &on("2026-03-01")).unwrap();
        store.add_tag(from, "vip", &on("2026-03-02")).unwrap();
        store.remove_tag(into, "vip", &on("2026-03-05")).unwrap();
        store.transaction(Finish::Commit, |store| store.merge_companies(from, into)).unwrap();
        // The merged company still had it.
        assert_eq!(as_of(&store, "2026-03-06", into), "vip");
        assert_eq!(store.tags(into).unwrap().len(), 1);
        assert!(store.remove_tag(into, "vip", &on("2026-03-07")).unwrap());
        assert!(store.tags(into).unwrap().is_empty());
    }

    #[test]
    fn a_removed_tag_cannot_be_changed() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let company = store.add_unlisted_company("acme").unwrap();
        store.add_tag(company, "vip", &on("2026-03-03")).unwrap();
        let connection = &store.connection;
        assert!(connection.execute("UPDATE company_tags SET added_on = '2026-01-01'", []).is_err());
        store.remove_tag(company, "vip", &on("2026-03-05")).unwrap();
        for sql in ["UPDATE company_tags SET removed_on = '2026-03-04'", "DELETE FROM company_tags"]
        {
            assert!(connection.execute(sql, []).is_err(), "{sql}");
        }
    }
}
