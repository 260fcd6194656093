//! Where people worked.

use anyhow::Result;

use crate::domain::company::CompanyKey;
use crate::domain::day::Day;
use crate::store::Store;

impl Store {
    /// Records that a person works for another company from `today` on, or from the day after their
    /// last event, so that those events stay with the old company.
    pub(crate) fn record_move(
        &self,
        person_id: &str,
        from: CompanyKey,
        to: CompanyKey,
        today: Day,
    ) -> Result<()> {
        let sql = "SELECT id FROM people WHERE person_id = ?1";
        let key: u32 = self.read_one(sql, [person_id], |row| row.get("id"))?;
        let sql = "INSERT INTO person_moves (person, since, company) SELECT ?1, NULL, ?2
                   WHERE NOT EXISTS (SELECT 1 FROM person_moves WHERE person = ?1)";
        self.execute(sql, (key, from))?;
        let mut since = today;
        // Events may be dated one day ahead.
        for day in [today, today.next()] {
            if self.has_event_of(from, key, day)? {
                since = day.next();
            }
        }
        let sql = "INSERT INTO person_moves (person, since, company) VALUES (?1, ?2, ?3)
                   ON CONFLICT (person, since) DO UPDATE SET company = excluded.company";
        self.execute(sql, (key, since, to))
    }

    fn has_event_of(&self, company: CompanyKey, person: u32, day: Day) -> Result<bool> {
        let mut has = false;
        self.for_each_event_of(day.number(), company.0, |event| has |= event.key.person == person)?;
        has |= self.pulled_people(day.number(), company.0)?.contains(&person);
        Ok(has)
    }

    /// The companies at which one person worked, as in [`Store::person_moves`].
    pub(crate) fn moves_of_person(&self, key: u32) -> Result<Vec<(u32, Option<Day>, CompanyKey)>> {
        let sql =
            "SELECT person, since, company FROM person_moves WHERE person = ?1 ORDER BY since";
        self.read_all(sql, [key], |row| row.try_into())
    }

    /// The companies of people who moved, in order: person, first day (`None` for the first
    /// company), company.
    pub(crate) fn person_moves(&self) -> Result<Vec<(u32, Option<Day>, CompanyKey)>> {
        let sql = "SELECT person, since, company FROM person_moves ORDER BY person, since";
        self.read_all(sql, [], |row| row.try_into())
    }
}
