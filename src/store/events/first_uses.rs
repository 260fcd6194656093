//! The day of each company's first use of each event, and the goals that refer to it.

use std::collections::BTreeSet;

use anyhow::Result;
use rusqlite::OptionalExtension;
use rustc_hash::FxHashMap;

use super::keys;
use crate::domain::adoption::GoalProgress;
use crate::domain::company::CompanyKey;
use crate::domain::day::Day;
use crate::domain::fact_kinds::Goal;
use crate::store::Store;

/// The first day of each company and event name in what was written.
#[derive(Debug, Default)]
pub(super) struct FirstUses(FxHashMap<u32, UsesOfCompany>);

/// Event names with smaller keys have a slot of their own.
const DENSE: u32 = 256;

/// The first uses of one company.
#[derive(Debug, Default)]
pub(super) struct UsesOfCompany {
    /// The days of event names below [`DENSE`], by key; [`NEVER`] for none.
    dense: Vec<i32>,
    /// All other event names with their days, in order.
    sparse: Vec<(u32, i32)>,
}

const NEVER: i32 = i32::MAX;

impl UsesOfCompany {
    /// Records that the company has events of this name on a day.
    pub(super) fn note(&mut self, event: u32, day: i32) {
        if event < DENSE {
            let place = event as usize;
            if self.dense.len() <= place {
                self.dense.resize(place + 1, NEVER);
            }
            self.dense[place] = day.min(self.dense[place]);
            return;
        }
        match self.sparse.binary_search_by_key(&event, |(name, _)| *name) {
            Ok(place) => self.sparse[place].1 = day.min(self.sparse[place].1),
            Err(place) => self.sparse.insert(place, (event, day)),
        }
    }

    fn iter(&self) -> impl Iterator<Item = (u32, i32)> {
        let dense = (0..).zip(self.dense.iter().copied()).filter(|(_, day)| *day != NEVER);
        dense.chain(self.sparse.iter().copied())
    }
}

impl FirstUses {
    /// Records that a company has events of these names on a day.
    pub(super) fn note(&mut self, day: i32, company: u32, events: impl IntoIterator<Item = u32>) {
        let uses = self.of_company(company);
        events.into_iter().for_each(|event| uses.note(event, day));
    }

    pub(super) fn of_company(&mut self, company: u32) -> &mut UsesOfCompany {
        self.0.entry(company).or_default()
    }

    /// Event name, company and day of each, in the order of the table's key.
    fn in_order(&self) -> Vec<(u32, u32, i32)> {
        let of_company = |(company, uses): (&u32, &UsesOfCompany)| {
            let company = *company;
            uses.iter().map(|(event, day)| (event, company, day)).collect::<Vec<_>>()
        };
        let mut all: Vec<(u32, u32, i32)> = self.0.iter().flat_map(of_company).collect();
        all.sort_unstable();
        all
    }
}

impl Store {
    /// The day of the first event of this name, for companies that have one, however late.
    pub(crate) fn first_uses(&self, event: &str) -> Result<FxHashMap<CompanyKey, Day>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT company, day FROM first_uses WHERE event = (SELECT id FROM event_names WHERE name = ?1)",
        )?;
        let uses = statement.query_map([event], |row| {
            Ok((CompanyKey(row.get("company")?), Day::from_number(row.get("day")?)))
        })?;
        Ok(uses.collect::<Result<_, _>>()?)
    }

    /// The goals of all companies, or only those of one event, with the day of the first event,
    /// however late.
    pub(crate) fn goal_progress(
        &self,
        event: Option<&str>,
    ) -> Result<FxHashMap<CompanyKey, Vec<GoalProgress>>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT g.company, g.event, g.due_on, g.name, f.day
             FROM goals g
             LEFT JOIN event_names n ON n.name = g.event
             LEFT JOIN first_uses f ON f.event = n.id AND f.company = g.company
             WHERE ?1 IS NULL OR g.event = ?1
             ORDER BY g.company, g.due_on, g.event, g.id",
        )?;
        let mut all: FxHashMap<CompanyKey, Vec<GoalProgress>> = FxHashMap::default();
        let mut rows = statement.query([event])?;
        while let Some(row) = rows.next()? {
            let company = CompanyKey(row.get("company")?);
            let goal = Goal {
                company,
                event: row.get("event")?,
                due_on: row.get("due_on")?,
                name: row.get("name")?,
            };
            let done: Option<i32> = row.get("day")?;
            all.entry(company)
                .or_default()
                .push(GoalProgress { goal, done_on: done.map(Day::from_number) });
        }
        Ok(all)
    }

    /// Moves first uses to the earlier days that an import found.
    pub(super) fn note_first_uses(&self, uses: &FirstUses) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO first_uses (event, company, day) VALUES (?1, ?2, ?3)
             ON CONFLICT (event, company) DO UPDATE SET day = excluded.day WHERE excluded.day < day",
        )?;
        // Inserting in the order of the key appends to the table where possible.
        uses.in_order().into_iter().try_for_each(|row| statement.execute(row).map(drop))?;
        Ok(())
    }

    /// Merges the first uses of `from` into those of `into`.
    pub(in crate::store) fn unite_first_uses(
        &self,
        from: CompanyKey,
        into: CompanyKey,
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO first_uses (event, company, day)
             SELECT event, ?2, day FROM first_uses
             WHERE event IN (SELECT id FROM event_names) AND company = ?1
             ON CONFLICT (event, company) DO UPDATE SET day = excluded.day WHERE excluded.day < day",
        )?;
        statement.execute((from.0, into.0))?;
        Ok(())
    }

    /// Deletes the first uses of a company.
    pub(in crate::store) fn forget_first_uses(&self, company: CompanyKey) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "DELETE FROM first_uses WHERE event IN (SELECT id FROM event_names) AND company = ?1",
        )?;
        statement.execute([company.0])?;
        Ok(())
    }

    /// First uses that disagree with the counts.
    pub(in crate::store) fn first_use_problems(&self, most: usize) -> Result<Vec<String>> {
        let mut counted = FirstUses::default();
        if let Some(range) = self.event_days()? {
            self.for_each_count(range, |day, company, event, _| {
                counted.note(day.number(), company, [event]);
            })?;
        }
        let mut statement =
            self.connection.prepare("SELECT event, company, day FROM first_uses")?;
        let noted = statement
            .query_map([], |row| Ok(((row.get("event")?, row.get("company")?), row.get("day")?)))?;
        let noted: FxHashMap<(u32, u32), i32> = noted.collect::<Result<_, _>>()?;
        let counted: FxHashMap<(u32, u32), i32> = counted
            .in_order()
            .into_iter()
            .map(|(event, company, day)| ((event, company), day))
            .collect();
        let keys: BTreeSet<&(u32, u32)> = counted.keys().chain(noted.keys()).collect();
        let wrong = keys.into_iter().filter(|key| counted.get(key) != noted.get(key)).take(most);
        let problem = |(event, company): &(u32, u32)| {
            format!("the first use of event name {event} by company {company} is wrong")
        };
        Ok(wrong.map(problem).collect())
    }

    /// Recomputes the first uses of a company from its counts.
    pub(in crate::store) fn recount_first_uses(&self, company: CompanyKey) -> Result<()> {
        self.forget_first_uses(company)?;
        let mut span = self.connection.prepare_cached(
            "SELECT first_event_day AS first, last_event_day AS last FROM companies WHERE id = ?1",
        )?;
        let span = span
            .query_row([company.0], |row| Ok((row.get("first")?, row.get("last")?)))
            .optional()?;
        let Some((Some(first), Some(last))) = span else { return Ok(()) };
        let mut of_day = self
            .connection
            .prepare_cached("SELECT id FROM day_counts WHERE id BETWEEN ?1 AND ?2")?;
        let mut uses = FirstUses::default();
        for day in first..=last {
            let range = keys::of_company_counts(day, company.0);
            let mut rows = of_day.query((range.start(), range.end()))?;
            while let Some(row) = rows.next()? {
                let (_, _, event) = keys::split_count(row.get("id")?);
                uses.note(day, company.0, [event]);
            }
        }
        self.note_first_uses(&uses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Permissions;

    #[test]
    fn the_earliest_day_of_each_event_name_at_each_company_is_kept() {
        let mut uses = FirstUses::default();
        uses.note(20, 7, [3, 300]);
        uses.note(18, 7, [300]);
        uses.note(19, 7, [3, 255, 256]);
        uses.note(21, 7, [3, 300]);
        uses.note(5, 2, [3]);
        assert_eq!(
            uses.in_order(),
            [(3, 2, 5), (3, 7, 19), (255, 7, 19), (256, 7, 19), (300, 7, 18)]
        );
    }

    #[test]
    fn an_event_name_with_a_large_key_takes_one_place() {
        let mut uses = UsesOfCompany::default();
        uses.note(99_999, 20);
        uses.note(256, 20);
        assert_eq!((uses.dense.len(), uses.sparse.len()), (0, 2));
        uses.note(255, 20);
        assert_eq!((uses.dense.len(), uses.sparse.len()), (256, 2));
    }

    /// Event name, company and day of what is stored.
    fn stored(store: &Store) -> Vec<(u32, u32, i32)> {
        let mut statement = store
            .connection
            .prepare("SELECT event, company, day FROM first_uses ORDER BY event, company")
            .unwrap();
        let rows =
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn the_first_uses_of_a_company_are_united_and_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let store = Store::create_or_open(&path, Permissions::Owner).unwrap();
        let names = "INSERT INTO event_names (id, name) VALUES (1, 'login'), (300, 'export')";
        store.connection.execute(names, []).unwrap();
        let mut uses = FirstUses::default();
        uses.note(18, 7, [1]);
        uses.note(30, 7, [300]);
        uses.note(4, 8, [1]);
        store.note_first_uses(&uses).unwrap();
        let mut uses = FirstUses::default();
        uses.note(20, 7, [1]);
        uses.note(29, 7, [300]);
        store.note_first_uses(&uses).unwrap();
        assert_eq!(stored(&store), [(1, 7, 18), (1, 8, 4), (300, 7, 29)]);
        store.unite_first_uses(CompanyKey(7), CompanyKey(8)).unwrap();
        assert_eq!(stored(&store), [(1, 7, 18), (1, 8, 4), (300, 7, 29), (300, 8, 29)]);
        store.forget_first_uses(CompanyKey(7)).unwrap();
        assert_eq!(stored(&store), [(1, 8, 4), (300, 8, 29)]);
    }

    #[test]
    fn first_uses_that_disagree_with_the_counts_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let store = Store::create_or_open(&path, Permissions::Owner).unwrap();
        for (day, company, event) in [(20, 7, 1), (21, 7, 1), (20, 7, 2), (20, 8, 1)] {
            let insert = "INSERT INTO day_counts (id, count) VALUES (?1, 1)";
            store.connection.execute(insert, [keys::of_count(day, company, event)]).unwrap();
        }
        let mut uses = FirstUses::default();
        uses.note(20, 7, [1]);
        uses.note(21, 7, [2]);
        uses.note(20, 9, [1]);
        store.note_first_uses(&uses).unwrap();
        let problems = [
            "the first use of event name 1 by company 8 is wrong",
            "the first use of event name 1 by company 9 is wrong",
            "the first use of event name 2 by company 7 is wrong",
        ];
        assert_eq!(store.first_use_problems(9).unwrap(), problems);
        assert_eq!(store.first_use_problems(2).unwrap(), problems[..2]);
    }

    #[test]
    fn the_first_uses_of_one_company_are_recomputed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let store = Store::create_or_open(&path, Permissions::Owner).unwrap();
        store
            .connection
            .execute_batch(
                "INSERT INTO event_names (id, name) VALUES (1, 'login'), (2, 'export');
                 INSERT INTO companies (id, company_id, first_event_day, last_event_day)
                 VALUES (7, 'acme', 20, 22), (8, 'globex', NULL, NULL)",
            )
            .unwrap();
        for (day, company, event) in [(20, 7, 1), (21, 7, 1), (22, 7, 2), (20, 9, 2)] {
            let insert = "INSERT INTO day_counts (id, count) VALUES (?1, 1)";
            store.connection.execute(insert, [keys::of_count(day, company, event)]).unwrap();
        }
        let mut uses = FirstUses::default();
        uses.note(19, 7, [1, 2]);
        uses.note(19, 8, [1]);
        store.note_first_uses(&uses).unwrap();
        store.recount_first_uses(CompanyKey(7)).unwrap();
        store.recount_first_uses(CompanyKey(8)).unwrap();
        assert_eq!(stored(&store), [(1, 7, 20), (2, 7, 22)]);
    }
}
