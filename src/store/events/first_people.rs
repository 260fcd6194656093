//! The day of each person's first event at each company, so that nobody has to read all history to
//! tell who is new. Days that came as counts are not in it.

use std::collections::BTreeSet;
use std::rc::Rc;

use anyhow::Result;
use rusqlite::types::Value;
use rustc_hash::FxHashMap;

use super::day_text::{self, StoredEvent};
use super::keys;
use super::pulled::people_of;
use crate::domain::company::CompanyKey;
use crate::domain::day::{Day, DayRange};
use crate::store::Store;

/// The first day of each person at each company in what was written.
#[derive(Debug, Default)]
pub(super) struct FirstPeople {
    /// The first company of each person, by key, and the first day there, in one number; 0 for none.
    /// Nearly everybody works at one company. Each event is looked up here, so that must be fast. A
    /// page is made when one of its people occurs.
    pages: Vec<Option<Box<[u64; PAGE]>>>,
    /// The days at further companies, by company and person.
    elsewhere: FxHashMap<(u32, u32), i32>,
}

/// The bits of a day.
const DAY: u32 = 20;

/// The people of a page.
const PAGE: usize = 1024;

impl FirstPeople {
    /// Records that a person, if it is one, has events at the company on a day.
    pub(super) fn note(&mut self, day: i32, company: u32, person: u32) {
        if person == 0 {
            return;
        }
        let page = person as usize / PAGE;
        if self.pages.len() <= page {
            self.pages.resize(page + 1, None);
        }
        let page = self.pages[page].get_or_insert_with(|| Box::new([0; PAGE]));
        let known = &mut page[person as usize % PAGE];
        if *known == 0 || *known >> DAY == u64::from(company) {
            let packed = u64::from(company) << DAY | u64::from(day.unsigned_abs());
            *known = if *known == 0 { packed } else { packed.min(*known) };
            return;
        }
        let first = self.elsewhere.entry((company, person)).or_insert(day);
        *first = day.min(*first);
    }

    /// Records the people of a company's events on a day.
    pub(super) fn note_all(&mut self, day: i32, company: u32, events: &[StoredEvent]) {
        events.iter().for_each(|event| self.note(day, company, event.key.person));
    }

    /// Company, person and day of each, in the order of the table's key.
    fn in_order(&self) -> Vec<(u32, u32, i32)> {
        let pages =
            (0..).zip(&self.pages).filter_map(|(number, page)| Some((number, page.as_ref()?)));
        let numbers = pages.flat_map(|(number, page)| (number * PAGE as u32..).zip(page.iter()));
        let usual = numbers.filter(|(_, packed)| **packed != 0).map(|(person, packed)| {
            let day = packed & ((1 << DAY) - 1);
            ((packed >> DAY) as u32, person, day as i32)
        });
        let others =
            self.elsewhere.iter().map(|((company, person), day)| (*company, *person, *day));
        let mut all: Vec<(u32, u32, i32)> = usual.chain(others).collect();
        all.sort_unstable();
        all
    }
}

impl Store {
    /// Calls `visit` with company, person and day of the first events in a range of days, for
    /// companies in a range of keys.
    pub(in crate::store) fn first_people(
        &self,
        companies: (u32, u32),
        days: DayRange,
        mut visit: impl FnMut(u32, u32, Day),
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, day FROM first_people
             WHERE id BETWEEN ?1 AND ?2 AND day BETWEEN ?3 AND ?4",
        )?;
        let (keys, from, to) = (keys::of_people(companies), days.from.number(), days.to.number());
        let mut rows = statement.query((keys.start(), keys.end(), from, to))?;
        while let Some(row) = rows.next()? {
            let (company, person) = keys::split_person(row.get(0)?);
            visit(company, person, Day::from_number(row.get(1)?));
        }
        Ok(())
    }

    /// The first day of each company and person among the days of a range that came as counts.
    pub(in crate::store) fn first_people_of_counts(
        &self,
        companies: (u32, u32),
        days: DayRange,
    ) -> Result<FxHashMap<(u32, u32), Day>> {
        let mut first: FxHashMap<(u32, u32), Day> = FxHashMap::default();
        let mut statement = self.connection.prepare_cached(
            "SELECT id, people FROM day_people WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
        )?;
        let span = keys::of_days(days);
        let mut rows = statement.query((span.start(), span.end()))?;
        while let Some(row) = rows.next()? {
            let (day, company) = keys::split_day(row.get(0)?);
            if (companies.0..=companies.1).contains(&company) {
                for person in people_of(row.get_ref(1)?.as_str()?)? {
                    first.entry((company, person)).or_insert(Day::from_number(day));
                }
            }
        }
        Ok(first)
    }

    /// Moves first days to the earlier ones that an import found.
    pub(super) fn note_first_people(&self, people: &FirstPeople) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO first_people (id, day)
             SELECT ?2 + (value >> ?3), value & (1 << ?3) - 1 FROM rarray(?1) WHERE true
             ON CONFLICT (id) DO UPDATE SET day = excluded.day WHERE excluded.day < day",
        )?;
        for of_company in people.in_order().chunk_by(|a, b| a.0 == b.0) {
            let pack = |(_, person, day): &(u32, u32, i32)| {
                Value::Integer(i64::from(*person) << DAY | i64::from(*day))
            };
            let packed: Vec<Value> = of_company.iter().map(pack).collect();
            let company = of_company[0].0;
            statement.execute((
                Rc::new(packed),
                keys::of_people((company, company)).start(),
                DAY,
            ))?;
        }
        Ok(())
    }

    /// Merges the first days of the people of `from` into those of `into`.
    pub(in crate::store) fn unite_first_people(
        &self,
        from: CompanyKey,
        into: CompanyKey,
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO first_people (id, day)
             SELECT id + ?3, day FROM first_people WHERE id BETWEEN ?1 AND ?2
             ON CONFLICT (id) DO UPDATE SET day = excluded.day WHERE excluded.day < day",
        )?;
        let (keys, place) = (keys::of_people((from.0, from.0)), keys::of_people((into.0, into.0)));
        statement.execute((keys.start(), keys.end(), place.start() - keys.start()))?;
        Ok(())
    }

    /// Deletes the first days of the people of a company.
    pub(in crate::store) fn forget_first_people(&self, company: CompanyKey) -> Result<()> {
        let keys = keys::of_people((company.0, company.0));
        self.connection
            .prepare_cached("DELETE FROM first_people WHERE id BETWEEN ?1 AND ?2")?
            .execute((keys.start(), keys.end()))?;
        Ok(())
    }

    /// Recomputes the first days of the people of a company from its events.
    pub(in crate::store) fn recount_first_people(&self, company: CompanyKey) -> Result<()> {
        self.forget_first_people(company)?;
        let mut people = FirstPeople::default();
        for day in self.days_with_events(company)? {
            self.for_each_event_of(day, company.0, |event| {
                people.note(day, company.0, event.key.person);
            })?;
        }
        self.note_first_people(&people)
    }

    /// Recomputes the first days of all people from all events.
    pub(in crate::store) fn recount_all_first_people(&self) -> Result<()> {
        let people = self.people_of_events()?;
        self.connection.execute("DELETE FROM first_people", [])?;
        self.note_first_people(&people)
    }

    fn people_of_events(&self) -> Result<FirstPeople> {
        let mut people = FirstPeople::default();
        let mut statement = self.connection.prepare("SELECT id, events FROM event_days")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (day, company, _) = keys::split_piece(row.get(0)?);
            day_text::for_each(row.get_ref(1)?.as_str()?, |event| {
                people.note(day, company, event.key.person);
            })?;
        }
        Ok(people)
    }

    /// First days of people that disagree with the events.
    pub(in crate::store) fn first_people_problems(&self, most: usize) -> Result<Vec<String>> {
        let found = match self.people_of_events() {
            Ok(people) => people.in_order(),
            // Events that cannot be read are a problem of their own.
            Err(error) if error.downcast_ref::<rusqlite::Error>().is_none() => {
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        };
        let mut statement =
            self.connection.prepare("SELECT company, person, day FROM first_people")?;
        let stored = statement
            .query_map([], |row| Ok((row.get("company")?, row.get("person")?, row.get("day")?)))?;
        let stored: BTreeSet<(u32, u32, i32)> = stored.collect::<Result<_, _>>()?;
        let found: BTreeSet<(u32, u32, i32)> = found.into_iter().collect();
        let wrong: BTreeSet<(u32, u32)> = found
            .symmetric_difference(&stored)
            .map(|(company, person, _)| (*company, *person))
            .collect();
        let problem = |(company, person): (u32, u32)| {
            format!("the first event of person {person} at company {company} is wrong")
        };
        Ok(wrong.into_iter().take(most).map(problem).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Permissions;

    #[test]
    fn the_earliest_day_of_a_person_at_each_company_is_kept() {
        let mut people = FirstPeople::default();
        for (day, company, person) in
            [(20, 7, 3), (18, 7, 3), (19, 7, 3), (5, 8, 3), (4, 8, 3), (30, 7, 5000), (1, 7, 0)]
        {
            people.note(day, company, person);
        }
        assert_eq!(people.in_order(), [(7, 3, 18), (7, 5000, 30), (8, 3, 4)]);
        assert_eq!(people.elsewhere.len(), 1);
    }

    fn store(folder: &tempfile::TempDir) -> Store {
        Store::create_or_open(&folder.path().join("test.db"), Permissions::Owner).unwrap()
    }

    fn people(rows: &[(i32, u32, u32)]) -> FirstPeople {
        let mut people = FirstPeople::default();
        rows.iter().for_each(|(day, company, person)| people.note(*day, *company, *person));
        people
    }

    /// Company, person and day of what is stored.
    fn stored(store: &Store) -> Vec<(u32, u32, i32)> {
        let mut statement = store
            .connection
            .prepare("SELECT company, person, day FROM first_people ORDER BY id")
            .unwrap();
        let rows =
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn first_days_only_move_to_earlier_ones() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let first = people(&[(18, 7, 3), (30, 7, 5000), (4, 8, 3)]);
        store.note_first_people(&first).unwrap();
        assert_eq!(stored(&store), [(7, 3, 18), (7, 5000, 30), (8, 3, 4)]);
        store.note_first_people(&people(&[(20, 7, 3), (29, 7, 5000), (5, 9, 6)])).unwrap();
        assert_eq!(stored(&store), [(7, 3, 18), (7, 5000, 29), (8, 3, 4), (9, 6, 5)]);
    }

    #[test]
    fn the_people_of_a_company_are_united_and_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let first = people(&[(18, 7, 3), (30, 7, 5000), (4, 8, 3), (40, 8, 5000)]);
        store.note_first_people(&first).unwrap();
        store.unite_first_people(CompanyKey(7), CompanyKey(8)).unwrap();
        let united = [(7, 3, 18), (7, 5000, 30), (8, 3, 4), (8, 5000, 30)];
        assert_eq!(stored(&store), united);
        store.forget_first_people(CompanyKey(7)).unwrap();
        assert_eq!(stored(&store), united[2..]);
    }

    #[test]
    fn first_days_that_disagree_with_the_events_are_found_and_recomputed() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        for (day, company, events) in
            [(20, 7, "[[1,0,3],[2,0,null]]"), (21, 7, "[[1,0,3],[2,0,4]]"), (22, 8, "[[1,0,3]]")]
        {
            let insert = "INSERT INTO event_days (id, events) VALUES (?1, ?2)";
            store.connection.execute(insert, (keys::of_piece(day, company, 0), events)).unwrap();
        }
        store.note_first_people(&people(&[(20, 7, 3), (20, 7, 4), (20, 9, 3)])).unwrap();
        let problems = [
            "the first event of person 4 at company 7 is wrong",
            "the first event of person 3 at company 8 is wrong",
            "the first event of person 3 at company 9 is wrong",
        ];
        assert_eq!(store.first_people_problems(9).unwrap(), problems);
        assert_eq!(store.first_people_problems(2).unwrap(), problems[..2]);
        store.recount_all_first_people().unwrap();
        assert_eq!(stored(&store), [(7, 3, 20), (7, 4, 21), (8, 3, 22)]);
        assert!(store.first_people_problems(9).unwrap().is_empty());
    }

    #[test]
    fn the_first_days_of_one_company_are_recomputed() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let company = "INSERT INTO companies (id, company_id, first_event_day, last_event_day)
                       VALUES (7, 'acme', 20, 21)";
        store.connection.execute(company, []).unwrap();
        for (day, events) in [(20, "[[1,0,3],[2,0,null]]"), (21, "[[1,0,3],[2,0,4]]")] {
            let insert = "INSERT INTO event_days (id, events) VALUES (?1, ?2)";
            store.connection.execute(insert, (keys::of_piece(day, 7, 0), events)).unwrap();
        }
        store.note_first_people(&people(&[(19, 7, 3), (19, 7, 5), (19, 8, 3)])).unwrap();
        store.recount_first_people(CompanyKey(7)).unwrap();
        assert_eq!(stored(&store), [(7, 3, 20), (7, 4, 21), (8, 3, 19)]);
    }

    #[test]
    fn events_that_cannot_be_read_are_another_problem() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let insert = "INSERT INTO event_days (id, events) VALUES (?1, '[[1]]')";
        store.connection.execute(insert, [keys::of_piece(20, 7, 0)]).unwrap();
        assert!(store.first_people_problems(9).unwrap().is_empty());
        store.connection.execute("DROP TABLE event_days", []).unwrap();
        assert!(store.first_people_problems(9).is_err());
    }
}
