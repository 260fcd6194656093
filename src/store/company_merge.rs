//! Merging two companies.

use anyhow::Result;
use rustc_hash::FxHashSet;

use super::Store;
use super::companies::optional_fields;
use super::events::keys;
use super::events::pieces::PieceWriter;
use crate::domain::company::{Company, CompanyKey, folded_name};

impl Store {
    /// The companies with this id, ignoring case, that are known only from facts.
    pub(crate) fn unlisted_companies(&self, name: &str) -> Result<Vec<CompanyKey>> {
        let sql = "SELECT id FROM companies WHERE is_unlisted AND folded_id = ?1";
        self.read_all(sql, [folded_name(name)], |row| row.get("id"))
    }

    /// Merges `from` into `into`, inside the caller's transaction. Values of `into` win; missing
    /// ones are taken from `from`, whose id and name stay known as texts of `into`. Events, and
    /// facts without an id, that both have are counted once.
    pub(crate) fn merge_companies(&self, from: CompanyKey, into: CompanyKey) -> Result<()> {
        let (left, mut kept) = (self.company(from)?, self.company(into)?);
        let is_unlisted = self.is_unlisted(from)? && self.is_unlisted(into)?;
        let left_name = self.name_to_keep(from, &left, &kept)?;
        self.merge_events(from, into)?;
        self.remove_shared(from, into)?;
        self.move_rows(from, into)?;
        self.merge_health(from, into)?;
        self.execute("DELETE FROM companies_churning WHERE company = ?1", [from])?;
        self.execute("DELETE FROM companies WHERE id = ?1", [from])?;
        self.add_company_text(into, &left.company_id)?;
        left_name.iter().try_for_each(|name| self.add_company_text(into, name))?;
        fill_gaps(&mut kept, left);
        self.update_company(into, &kept)?;
        if is_unlisted {
            // A record with that name may still arrive.
            self.execute("UPDATE companies SET is_unlisted = 1 WHERE id = ?1", [into])?;
        }
        self.refresh_breaks(into)
    }

    /// The name of `from` if rows matched by it must find `into` from now on; `None` if its own
    /// name finds it, or the name was ambiguous before.
    fn name_to_keep(
        &self,
        from: CompanyKey,
        left: &Company,
        kept: &Company,
    ) -> Result<Option<String>> {
        let Some(name) = &left.name else { return Ok(None) };
        let is_needed = kept.name.is_some() && self.company_by_text(name)? == Some(from);
        Ok(Some(name.clone()).filter(|_| is_needed))
    }

    /// Moves the rows of every table with a column `company`, whatever the table. First days move
    /// with the events.
    fn move_rows(&self, from: CompanyKey, into: CompanyKey) -> Result<()> {
        for sql in self.moves_of_rows()? {
            self.execute(sql, (from, into))?;
        }
        Ok(())
    }

    /// The statements that move rows, prepared once: a file may merge thousands of companies.
    fn moves_of_rows(&self) -> Result<&[String]> {
        if let Some(moves) = self.moves_of_rows.get() {
            return Ok(moves);
        }
        let sql = "SELECT t.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
                   WHERE t.type = 'table' AND c.name = 'company' AND t.name <> 'first_uses' ORDER BY t.name";
        let tables: Vec<String> = self.read_all(sql, [], |row| row.get("name"))?;
        let of_table =
            |table| format!("UPDATE OR REPLACE {table} SET company = ?2 WHERE company = ?1");
        Ok(self.moves_of_rows.get_or_init(|| tables.into_iter().map(of_table).collect()))
    }

    /// Deletes the rows of `from` that would clash with rows of `into`, and those that are
    /// recomputed.
    fn remove_shared(&self, from: CompanyKey, into: CompanyKey) -> Result<()> {
        let removals = [
            "INSERT INTO stated_churns (company, churned_on, returned_on)
             SELECT ?2, churned_on, returned_on FROM stated_churns WHERE company = ?1
             ON CONFLICT DO UPDATE SET returned_on = coalesce(returned_on, excluded.returned_on)",
            "DELETE FROM stated_churns WHERE company = ?1 AND ?2",
            "DELETE FROM customer_breaks WHERE company = ?1 AND ?2",
            "DELETE FROM company_attributes WHERE company = ?1
               AND name IN (SELECT name FROM company_attributes WHERE company = ?2)",
            "DELETE FROM losses WHERE company = ?1 AND kind = 'churn'
               AND day IN (SELECT day FROM losses WHERE company = ?2 AND kind = 'churn')",
        ];
        for sql in removals {
            self.execute(sql, (from, into))?;
        }
        self.remove_shared_facts(from, into)
    }

    fn merge_events(&self, from: CompanyKey, into: CompanyKey) -> Result<()> {
        let known = self.known_ids(from, into)?;
        let mut days: Option<(i32, i32)> = None;
        for day in self.days_with_events(from)? {
            if self.merge_day(day, from, into, &known)? {
                days = Some((days.map_or(day, |(first, _)| first), day));
            }
        }
        for day in self.pulled_days_of(from)? {
            if self.merge_pulled_day(day, from, into)? {
                let (first, last) = days.unwrap_or((day, day));
                days = Some((first.min(day), last.max(day)));
            }
        }
        self.note_event_days(&days.map(|days| (into.0, days)).into_iter().collect())?;
        match known.is_empty() {
            true => {
                self.unite_first_uses(from, into)?;
                self.unite_first_people(from, into)?;
            }
            false => {
                self.recount_first_uses(into)?;
                self.recount_first_people(into)?;
            }
        }
        self.forget_first_uses(from)?;
        self.forget_first_people(from)
    }

    /// The days on which a company has events, in order.
    pub(in crate::store) fn days_with_events(&self, company: CompanyKey) -> Result<Vec<i32>> {
        let sql = "WITH RECURSIVE days (id, last) AS (
                       SELECT (first_event_day * 1000000000 + id) * 1000, (last_event_day * 1000000000 + id) * 1000
                       FROM companies WHERE id = ?1 AND first_event_day IS NOT NULL
                       UNION ALL SELECT id + 1000000000000, last FROM days WHERE id < last)
                   SELECT e.id FROM days CROSS JOIN event_days e ON e.id = days.id";
        self.read_all(sql, [company], |row| Ok(keys::split_piece(row.get("id")?).0))
    }

    /// The keys of the event ids of `from` that `into` has too; the others become ids of `into`.
    fn known_ids(&self, from: CompanyKey, into: CompanyKey) -> Result<FxHashSet<u32>> {
        let sql = "SELECT id FROM event_ids f WHERE company = ?1
                   AND EXISTS (SELECT 1 FROM event_ids i WHERE i.company = ?2 AND i.event_id = f.event_id)";
        let known: FxHashSet<u32> = self.read_all(sql, (from, into), |row| row.get("id"))?;
        let mut forget = self.connection.prepare_cached("DELETE FROM event_ids WHERE id = ?1")?;
        known.iter().try_for_each(|id| forget.execute([id]).map(drop))?;
        self.execute("UPDATE event_ids SET company = ?2 WHERE company = ?1", (from, into))?;
        Ok(known)
    }

    /// Moves the events of a day from one company to another, but those of known ids; of equal ones
    /// there are as many afterwards as the company had that had more. Tells whether any was moved.
    fn merge_day(
        &self,
        day: i32,
        from: CompanyKey,
        into: CompanyKey,
        known: &FxHashSet<u32>,
    ) -> Result<bool> {
        if let Some(import) = self.logged_import {
            self.note_pieces_before(import, day, from.0)?;
            self.note_pieces_before(import, day, into.0)?;
        }
        let mut merged = PieceWriter::new(self, day, into.0);
        let (mut moved, mut stored) = (self.pieces(day, from.0), self.pieces(day, into.0));
        while let Some(event) = moved.next()? {
            if known.contains(&event.key.identity) {
                continue;
            }
            while let Some(before) = stored.next_if(|stored| stored.key < event.key)? {
                merged.push(before, true)?;
            }
            match stored.next_if(|stored| stored.key == event.key)? {
                Some(same) if same.copies >= event.copies => merged.push(same, true)?,
                _ => merged.push(event, false)?,
            }
        }
        while let Some(after) = stored.next()? {
            merged.push(after, true)?;
        }
        let is_changed = merged.is_changed();
        merged.finish()?;
        self.remove_day(day, from.0)?;
        Ok(is_changed)
    }
}

fn fill_gaps(kept: &mut Company, left: Company) {
    macro_rules! fill {
        ($($field:ident),+) => {$( kept.$field = kept.$field.take().or(left.$field); )+};
    }
    optional_fields!(fill);
    kept.churned_on = kept.churned_on.take().or(left.churned_on);
}
