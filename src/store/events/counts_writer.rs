//! Writes days that come as counts: what is stored for a day becomes exactly what arrived.
//!
//! Only differing rows are written, and logged for undoing the import. For a day that did not
//! exist, one log entry stands for all its rows.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use rusqlite::OptionalExtension;
use rustc_hash::FxHashMap;

use super::first_uses::FirstUses;
use super::keys;
use super::pulled::{PulledDay, people_of, people_text};
use super::writer::{WrittenEvents, WrittenRows};
use crate::domain::company::CompanyKey;
use crate::domain::day::{Day, DayRange};
use crate::store::Store;

/// The number of events of a name that a company had on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DayCount {
    /// Key of the company.
    pub company: u32,
    /// Key of the event's name.
    pub event: u32,
    /// 0 means that there were none.
    pub count: u64,
    /// The number of input rows that were added up.
    pub rows: u64,
}

/// Writes days that come as counts, inside the caller's transaction.
pub(crate) struct CountsWriter<'s> {
    store: &'s Store,
    /// The number of the import.
    import: i64,
    rows: WrittenRows,
    first_uses: FirstUses,
    first_days: FxHashMap<u32, (i32, i32)>,
    /// Companies whose first or last day, or first use of an event, may have been removed.
    shrunk: BTreeSet<u32>,
    changed_days: BTreeSet<Day>,
}

impl Store {
    /// A writer for the counts of one import.
    pub(crate) fn counts_writer(&self) -> Result<CountsWriter<'_>> {
        let import = self.next_import()?;
        self.mark_names(import)?;
        Ok(CountsWriter {
            store: self,
            import,
            rows: WrittenRows::default(),
            first_uses: FirstUses::default(),
            first_days: FxHashMap::default(),
            shrunk: BTreeSet::new(),
            changed_days: BTreeSet::new(),
        })
    }

    /// Logs what was known about a day before an import changed it.
    fn note_pulled_day(&self, import: i64, day: Day) -> Result<Option<PulledDay>> {
        let before = self.pulled_day(day)?;
        self.connection
            .prepare_cached(
                "INSERT INTO import_pulled_days (import, day, source, events, companies, rejected, has_people)
                 SELECT ?1, w.day, p.source, p.events, p.companies, p.rejected, p.has_people
                 FROM (SELECT ?2 AS day) w LEFT JOIN pulled_days p ON p.day = w.day
                 WHERE true ON CONFLICT DO NOTHING",
            )?
            .execute((import, day.number()))?;
        Ok(before)
    }

    /// Logs a count before an import changed it.
    pub(in crate::store) fn note_count(
        &self,
        import: i64,
        id: i64,
        count: Option<i64>,
    ) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO import_counts (import, id, count) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            )?
            .execute((import, id, count))?;
        Ok(())
    }

    /// Logs the people of a company and day before an import changed them.
    pub(in crate::store) fn note_people(
        &self,
        import: i64,
        id: i64,
        people: Option<&str>,
    ) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO import_people (import, id, people) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            )?
            .execute((import, id, people))?;
        Ok(())
    }

    /// Recomputes the first and last day of a company, and its first uses, from its counts. The
    /// stored first and last day must include all its days.
    fn recount_company(&self, company: u32) -> Result<()> {
        let mut span = self.connection.prepare_cached(
            "SELECT first_event_day AS first, last_event_day AS last FROM companies WHERE id = ?1",
        )?;
        let span: (Option<i32>, Option<i32>) =
            span.query_row([company], |row| Ok((row.get("first")?, row.get("last")?)))?;
        let Some((first, last)) = span.0.zip(span.1) else { return Ok(()) };
        let mut has_events = self.connection.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM day_counts WHERE id BETWEEN ?1 AND ?2) AS found",
        )?;
        let mut is_active = |day: &i32| {
            let keys = keys::of_company_counts(*day, company);
            has_events.query_row((keys.start(), keys.end()), |row| row.get::<_, bool>("found"))
        };
        let mut first_and_last = (None, None);
        for day in first..=last {
            if is_active(&day)? {
                first_and_last.0 = Some(day);
                break;
            }
        }
        for day in (first..=last).rev() {
            if is_active(&day)? {
                first_and_last.1 = Some(day);
                break;
            }
        }
        self.connection
            .prepare_cached(
                "UPDATE companies SET first_event_day = ?2, last_event_day = ?3 WHERE id = ?1",
            )?
            .execute((company, first_and_last.0, first_and_last.1))?;
        self.recount_first_uses(CompanyKey(company))
    }
}

impl CountsWriter<'_> {
    /// Replaces the counts of a day by these, which must be ordered by company and event.
    pub(crate) fn write_counts(&mut self, day: &PulledDay, counts: &[DayCount]) -> Result<()> {
        let before = self.store.note_pulled_day(self.import, day.day)?;
        if before.is_none() {
            self.store.note_count(self.import, keys::of_count(day.day.number(), 0, 0), None)?;
            self.store.note_people(self.import, keys::of_day(day.day.number(), 0), None)?;
        }
        let has_people = before.as_ref().is_some_and(|before| before.has_people);
        self.save_day(&PulledDay { has_people, ..day.clone() })?;
        let changed = self.replace(day.day, counts, before.is_none())?;
        if changed || before.is_none() {
            self.changed_days.insert(day.day);
        }
        Ok(())
    }

    fn save_day(&self, day: &PulledDay) -> Result<()> {
        self.store
            .connection
            .prepare_cached(
                "INSERT OR REPLACE INTO pulled_days (day, source, events, companies, rejected, has_people)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((
                day.day.number(),
                &day.source,
                day.sum.events as i64,
                day.sum.companies as i64,
                day.rejected as i64,
                day.has_people,
            ))?;
        Ok(())
    }

    /// Returns whether anything changed.
    fn replace(&mut self, day: Day, counts: &[DayCount], is_new: bool) -> Result<bool> {
        let stored = if is_new { Vec::new() } else { self.stored(day)? };
        let mut stored = stored.into_iter().peekable();
        let mut is_changed = false;
        for count in counts {
            let id = keys::of_count(day.number(), count.company, count.event);
            while let Some((gone, old)) = stored.next_if(|(stored, _)| *stored < id) {
                self.remove(day, gone, old)?;
                is_changed = true;
            }
            let old = stored.next_if(|(stored, _)| *stored == id).map(|(_, old)| old);
            let new = i64::try_from(count.count)?;
            match old {
                None if new == 0 => self.rows.known += count.rows,
                None => {
                    self.rows.new += count.rows;
                    self.insert(day, count, is_new)?;
                    is_changed = true;
                }
                Some(old) => {
                    self.rows.known += count.rows;
                    if old != new {
                        self.rows.changed += count.rows;
                        self.update(day, id, old, new)?;
                        is_changed = true;
                    }
                }
            }
        }
        for (gone, old) in stored {
            self.remove(day, gone, old)?;
            is_changed = true;
        }
        Ok(is_changed)
    }

    fn stored(&self, day: Day) -> Result<Vec<(i64, i64)>> {
        let keys = keys::of_counts(DayRange { from: day, to: day });
        let mut statement = self.store.connection.prepare_cached(
            "SELECT id, count FROM day_counts WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
        )?;
        let rows = statement
            .query_map((keys.start(), keys.end()), |row| Ok((row.get("id")?, row.get("count")?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn insert(&mut self, day: Day, count: &DayCount, is_new_day: bool) -> Result<()> {
        let (number, company) = (day.number(), count.company);
        let id = keys::of_count(number, company, count.event);
        if !is_new_day {
            self.store.note_count(self.import, id, None)?;
        }
        self.store
            .connection
            .prepare_cached("INSERT INTO day_counts (id, count) VALUES (?1, ?2)")?
            .execute((id, count.count as i64))?;
        self.first_uses.note(number, company, [count.event]);
        let days = self.first_days.entry(company).or_insert((number, number));
        *days = (days.0.min(number), days.1.max(number));
        Ok(())
    }

    fn update(&mut self, day: Day, id: i64, old: i64, new: i64) -> Result<()> {
        if new == 0 {
            return self.remove(day, id, old);
        }
        self.store.note_count(self.import, id, Some(old))?;
        self.store
            .connection
            .prepare_cached("UPDATE day_counts SET count = ?2 WHERE id = ?1")?
            .execute((id, new))?;
        Ok(())
    }

    fn remove(&mut self, day: Day, id: i64, old: i64) -> Result<()> {
        let (_, company, event) = keys::split_count(id);
        self.store.note_count(self.import, id, Some(old))?;
        let connection = &self.store.connection;
        connection.prepare_cached("DELETE FROM day_counts WHERE id = ?1")?.execute([id])?;
        let mut bounds = connection.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM companies
                            WHERE id = ?1 AND (first_event_day = ?3 OR last_event_day = ?3))
                 OR EXISTS (SELECT 1 FROM first_uses WHERE event = ?2 AND company = ?1 AND day = ?3)
                 AS is_bound",
        )?;
        let is_bound: bool =
            bounds.query_row((company, event, day.number()), |row| row.get("is_bound"))?;
        if is_bound {
            self.shrunk.insert(company);
        }
        Ok(())
    }

    /// Replaces the people of a day: pairs of company and person, ordered and without duplicates.
    /// The day must have come as counts. Returns the number of new pairs.
    pub(crate) fn write_people(&mut self, day: Day, people: &[(u32, u32)]) -> Result<u64> {
        let Some(before) = self.store.note_pulled_day(self.import, day)? else { return Ok(0) };
        let mut new = 0;
        let mut stored = self.stored_people(day)?;
        let mut is_changed = !before.has_people;
        let mut save = self
            .store
            .connection
            .prepare_cached("INSERT OR REPLACE INTO day_people (id, people) VALUES (?1, ?2)")?;
        for of_company in people.chunk_by(|a, b| a.0 == b.0) {
            let id = keys::of_day(day.number(), of_company[0].0);
            let persons: Vec<u32> = of_company.iter().map(|(_, person)| *person).collect();
            let (text, old) = (people_text(&persons), stored.remove(&id));
            if old.as_ref() != Some(&text) {
                let known: BTreeSet<u32> =
                    old.as_deref().map_or(Ok(Vec::new()), people_of)?.into_iter().collect();
                new += persons.iter().filter(|person| !known.contains(person)).count() as u64;
                self.store.note_people(self.import, id, old.as_deref())?;
                save.execute((id, &text))?;
                is_changed = true;
            }
        }
        for (id, old) in stored {
            self.store.note_people(self.import, id, Some(&old))?;
            self.store
                .connection
                .prepare_cached("DELETE FROM day_people WHERE id = ?1")?
                .execute([id])?;
            is_changed = true;
        }
        self.save_day(&PulledDay { has_people: true, ..before })?;
        if is_changed {
            self.changed_days.insert(day);
        }
        Ok(new)
    }

    fn stored_people(&self, day: Day) -> Result<BTreeMap<i64, String>> {
        let keys = keys::of_days(DayRange { from: day, to: day });
        let mut statement = self
            .store
            .connection
            .prepare_cached("SELECT id, people FROM day_people WHERE id BETWEEN ?1 AND ?2")?;
        let rows = statement.query_map((keys.start(), keys.end()), |row| {
            Ok((row.get("id")?, row.get("people")?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Updates what depends on the counts, and returns what happened to the rows.
    pub(crate) fn finish(self) -> Result<WrittenEvents> {
        self.store.note_event_days(&self.first_days)?;
        self.store.note_first_uses(&self.first_uses)?;
        self.shrunk.iter().try_for_each(|company| self.store.recount_company(*company))?;
        Ok(WrittenEvents { rows: self.rows, changed_days: self.changed_days.into_iter().collect() })
    }
}

impl Store {
    /// Deletes the people of a source's days before `first`.
    pub(crate) fn forget_people_before(&self, source: &str, first: Day) -> Result<()> {
        let mut days = self.connection.prepare_cached(
            "SELECT day FROM pulled_days WHERE source = ?1 AND day < ?2 AND has_people",
        )?;
        let days: Vec<i32> = days
            .query_map((source, first.number()), |row| row.get("day"))?
            .collect::<Result<_, _>>()?;
        let mut forget =
            self.connection.prepare_cached("DELETE FROM day_people WHERE id BETWEEN ?1 AND ?2")?;
        for day in days.into_iter().map(Day::from_number) {
            let keys = keys::of_days(DayRange { from: day, to: day });
            forget.execute((keys.start(), keys.end()))?;
        }
        self.connection.execute(
            "UPDATE pulled_days SET has_people = 0 WHERE source = ?1 AND day < ?2 AND has_people",
            (source, first.number()),
        )?;
        Ok(())
    }

    /// Restores the days that came as counts and that an import changed. Returns them.
    pub(in crate::store) fn undo_pulled_days(&self, import: i64) -> Result<Vec<Day>> {
        let mut days: BTreeSet<Day> = self.undo_counts(import)?;
        days.extend(self.undo_people(import)?);
        let mut statement = self
            .connection
            .prepare_cached("SELECT day FROM import_pulled_days WHERE import = ?1 ORDER BY day")?;
        let noted: Vec<i32> =
            statement.query_map([import], |row| row.get("day"))?.collect::<Result<_, _>>()?;
        days.extend(noted.into_iter().map(Day::from_number));
        self.connection.execute(
            "DELETE FROM pulled_days WHERE day IN (SELECT day FROM import_pulled_days WHERE import = ?1)",
            [import],
        )?;
        self.connection.execute(
            "INSERT INTO pulled_days (day, source, events, companies, rejected, has_people)
             SELECT day, source, events, companies, rejected, has_people FROM import_pulled_days
             WHERE import = ?1 AND events IS NOT NULL",
            [import],
        )?;
        Ok(days.into_iter().collect())
    }

    fn undo_counts(&self, import: i64) -> Result<BTreeSet<Day>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, count FROM import_counts WHERE import = ?1 ORDER BY id")?;
        let mut remove =
            self.connection.prepare_cached("DELETE FROM day_counts WHERE id BETWEEN ?1 AND ?2")?;
        let mut restore = self
            .connection
            .prepare_cached("INSERT OR REPLACE INTO day_counts (id, count) VALUES (?1, ?2)")?;
        let mut days = BTreeSet::new();
        let mut rows = statement.query([import])?;
        while let Some(row) = rows.next()? {
            let (id, count): (i64, Option<i64>) = (row.get("id")?, row.get("count")?);
            let (day, company, _) = keys::split_count(id);
            let day = Day::from_number(day);
            days.insert(day);
            match (count, company) {
                (Some(count), _) => restore.execute((id, count))?,
                (None, 0) => {
                    let keys = keys::of_counts(DayRange { from: day, to: day });
                    remove.execute((keys.start(), keys.end()))?
                }
                (None, _) => remove.execute((id, id))?,
            };
        }
        Ok(days)
    }

    fn undo_people(&self, import: i64) -> Result<BTreeSet<Day>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, people FROM import_people WHERE import = ?1 ORDER BY id")?;
        let mut remove =
            self.connection.prepare_cached("DELETE FROM day_people WHERE id BETWEEN ?1 AND ?2")?;
        let mut restore = self
            .connection
            .prepare_cached("INSERT OR REPLACE INTO day_people (id, people) VALUES (?1, ?2)")?;
        let mut days = BTreeSet::new();
        let mut rows = statement.query([import])?;
        while let Some(row) = rows.next()? {
            let (id, people): (i64, Option<String>) = (row.get("id")?, row.get("people")?);
            let (day, company) = keys::split_day(id);
            let day = Day::from_number(day);
            days.insert(day);
            match (people, company) {
                (Some(people), _) => restore.execute((id, people))?,
                (None, 0) => {
                    let keys = keys::of_days(DayRange { from: day, to: day });
                    remove.execute((keys.start(), keys.end()))?
                }
                (None, _) => remove.execute((id, id))?,
            };
        }
        Ok(days)
    }

    /// The days that came as counts, between the first and the last event of a company.
    pub(in crate::store) fn pulled_days_of(&self, company: CompanyKey) -> Result<Vec<i32>> {
        let mut days = self.connection.prepare_cached(
            "SELECT p.day FROM companies c
             JOIN pulled_days p ON p.day BETWEEN c.first_event_day AND c.last_event_day
             WHERE c.id = ?1 ORDER BY p.day",
        )?;
        let days = days.query_map([company.0], |row| row.get("day"))?;
        Ok(days.collect::<Result<_, _>>()?)
    }

    /// Moves what a company had on a day that came as counts to another company. Returns whether
    /// there was anything.
    pub(in crate::store) fn merge_pulled_day(
        &self,
        day: i32,
        from: CompanyKey,
        into: CompanyKey,
    ) -> Result<bool> {
        let keys = keys::of_company_counts(day, from.0);
        let mut take = self.connection.prepare_cached(
            "DELETE FROM day_counts WHERE id BETWEEN ?1 AND ?2 RETURNING id, count",
        )?;
        let moved: Vec<(i64, i64)> = take
            .query_map((keys.start(), keys.end()), |row| Ok((row.get("id")?, row.get("count")?)))?
            .collect::<Result<_, _>>()?;
        let keys = keys::of_company_counts(day, into.0);
        let mut has_counts = self.connection.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM day_counts WHERE id BETWEEN ?1 AND ?2) AS found",
        )?;
        let had_counts: bool =
            has_counts.query_row((keys.start(), keys.end()), |row| row.get("found"))?;
        let mut find =
            self.connection.prepare_cached("SELECT count FROM day_counts WHERE id = ?1")?;
        let mut save = self
            .connection
            .prepare_cached("INSERT OR REPLACE INTO day_counts (id, count) VALUES (?1, ?2)")?;
        for (id, count) in &moved {
            let (_, _, event) = keys::split_count(*id);
            let place = keys::of_count(day, into.0, event);
            let old: Option<i64> = find.query_row([place], |row| row.get("count")).optional()?;
            if let Some(import) = self.logged_import {
                self.note_count(import, *id, Some(*count))?;
                self.note_count(import, place, old)?;
            }
            save.execute((place, old.unwrap_or_default() + count))?;
        }
        if !moved.is_empty() && had_counts {
            self.count_one_company_less(Day::from_number(day))?;
        }
        self.merge_pulled_people(day, from, into)?;
        Ok(!moved.is_empty())
    }

    /// On a day from files, two merged companies count as one. A source continues to count two.
    fn count_one_company_less(&self, day: Day) -> Result<()> {
        if let Some(import) = self.logged_import {
            self.note_pulled_day(import, day)?;
        }
        self.connection
            .prepare_cached(
                "UPDATE pulled_days SET companies = companies - 1 WHERE day = ?1 AND source IS NULL",
            )?
            .execute([day.number()])?;
        Ok(())
    }

    fn merge_pulled_people(&self, day: i32, from: CompanyKey, into: CompanyKey) -> Result<()> {
        let moved = self.pulled_people(day, from.0)?;
        if moved.is_empty() {
            return Ok(());
        }
        let old = self.pulled_people(day, into.0)?;
        let (source, place) = (keys::of_day(day, from.0), keys::of_day(day, into.0));
        if let Some(import) = self.logged_import {
            self.note_people(import, source, Some(&people_text(&moved)))?;
            let old = Some(people_text(&old)).filter(|_| !old.is_empty());
            self.note_people(import, place, old.as_deref())?;
        }
        let all: BTreeSet<u32> = moved.into_iter().chain(old).collect();
        let all: Vec<u32> = all.into_iter().collect();
        self.connection
            .prepare_cached("DELETE FROM day_people WHERE id = ?1")?
            .execute([source])?;
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO day_people (id, people) VALUES (?1, ?2)")?
            .execute((place, people_text(&all)))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::counts::DaySum;
    use crate::store::{Finish, Permissions};

    fn store(folder: &tempfile::TempDir) -> Store {
        let path = folder.path().join("test.db");
        let store = Store::create_or_open(&path, Permissions::Owner).unwrap();
        for company in 1..=4 {
            store.add_unlisted_company(&format!("company-{company}")).unwrap();
        }
        store
    }

    /// Writes the people of companies on a day that came from a source.
    fn write_people(store: &mut Store, source: &str, day: i32, people: &[(u32, u32)]) {
        let day = PulledDay {
            day: Day::from_number(day),
            source: Some(source.to_owned()),
            sum: DaySum { events: 1, companies: 1 },
            rejected: 0,
            has_people: false,
        };
        let write = |store: &mut Store| {
            let mut writer = store.counts_writer()?;
            writer.write_counts(&day, &[])?;
            writer.write_people(day.day, people)?;
            writer.finish().map(drop)
        };
        store.transaction(Finish::Commit, write).unwrap();
    }

    #[test]
    fn the_people_of_the_days_of_a_source_before_one_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(&folder);
        for (day, source) in [(8, "other"), (9, "warehouse"), (10, "warehouse"), (11, "warehouse")]
        {
            write_people(&mut store, source, day, &[(1, 5), (999_999_999, 6)]);
        }
        store.forget_people_before("warehouse", Day::from_number(11)).unwrap();
        let days = DayRange { from: Day::from_number(8), to: Day::from_number(11) };
        let kept: Vec<(bool, usize, usize)> = store
            .pulled_days(days)
            .unwrap()
            .iter()
            .map(|day| {
                let people =
                    |company| store.pulled_people(day.day.number(), company).unwrap().len();
                (day.has_people, people(1), people(999_999_999))
            })
            .collect();
        assert_eq!(kept, [(true, 1, 1), (false, 0, 0), (false, 0, 0), (true, 1, 1)]);
    }

    /// Writes the counts of companies and event names on a day of a file, and who was active.
    fn write(
        store: &mut Store,
        counts: &[(u32, u32, u64)],
        people: Option<&[(u32, u32)]>,
    ) -> (WrittenRows, Vec<Day>, u64) {
        let day = PulledDay {
            day: Day::from_number(9),
            source: None,
            sum: DaySum { events: 0, companies: 3 },
            rejected: 0,
            has_people: false,
        };
        let count = |(company, event, count): &(u32, u32, u64)| DayCount {
            company: *company,
            event: *event,
            count: *count,
            rows: 1,
        };
        let counts: Vec<DayCount> = counts.iter().map(count).collect();
        let work = |store: &mut Store| {
            let mut writer = store.counts_writer()?;
            writer.write_counts(&day, &counts)?;
            let new = people.map_or(Ok(0), |people| writer.write_people(day.day, people))?;
            let WrittenEvents { rows, changed_days } = writer.finish()?;
            Ok((rows, changed_days, new))
        };
        store.transaction(Finish::Commit, work).unwrap()
    }

    fn counts(store: &Store) -> Vec<(u32, u32, u64)> {
        let mut counts = Vec::new();
        let days = DayRange { from: Day::from_number(9), to: Day::from_number(9) };
        let note = |_, company, event, count| counts.push((company, event, count));
        store.for_each_count(days, note).unwrap();
        counts
    }

    #[test]
    fn the_counts_of_a_day_become_those_that_arrive() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(&folder);
        let day = vec![Day::from_number(9)];
        let first = [(1, 1, 5), (1, 2, 3), (2, 1, 4), (4, 1, 1)];
        let rows = WrittenRows { new: 4, ..WrittenRows::default() };
        assert_eq!(write(&mut store, &first, None), (rows, day.clone(), 0));
        let second = [(1, 2, 3), (2, 1, 7), (3, 1, 1), (3, 2, 0)];
        let rows = WrittenRows { new: 1, known: 3, changed: 1, repeated: 0 };
        assert_eq!(write(&mut store, &second, None), (rows, day, 0));
        assert_eq!(counts(&store), second[..3]);
        let rows = WrittenRows { known: 4, ..WrittenRows::default() };
        assert_eq!(write(&mut store, &second, None), (rows, vec![], 0));
    }

    #[test]
    fn the_people_of_a_day_become_those_that_arrive() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(&folder);
        let day = vec![Day::from_number(9)];
        let one = [(1, 1, 5)];
        let mut write = |people: Option<&[(u32, u32)]>| {
            let (_, days, new) = write(&mut store, &one, people);
            let people = [1, 2].map(|company| store.pulled_people(9, company).unwrap());
            (days, new, people)
        };
        let nobody = [vec![], vec![]];
        assert_eq!(write(None), (day.clone(), 0, nobody.clone()));
        // Now it is known that nobody was active.
        assert_eq!(write(Some(&[])), (day.clone(), 0, nobody.clone()));
        assert_eq!(write(Some(&[])), (vec![], 0, nobody));
        let (first, second) = ([(1, 5), (2, 6)], [(1, 5), (1, 7)]);
        assert_eq!(write(Some(&first)), (day.clone(), 2, [vec![5], vec![6]]));
        assert_eq!(write(Some(&first)), (vec![], 0, [vec![5], vec![6]]));
        assert_eq!(write(Some(&second)), (day, 1, [vec![5, 7], vec![]]));
    }

    /// Three companies are counted. The first two are one, and the third has no counts of its own
    /// where it goes.
    #[test]
    fn merged_companies_count_as_one_on_a_day_on_which_both_had_events() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(&folder);
        write(&mut store, &[(1, 1, 5), (2, 1, 3), (2, 2, 1), (3, 1, 4)], None);
        let companies =
            |store: &Store| store.pulled_day(Day::from_number(9)).unwrap().unwrap().sum.companies;
        assert!(store.merge_pulled_day(9, CompanyKey(3), CompanyKey(4)).unwrap());
        assert!(!store.merge_pulled_day(9, CompanyKey(5), CompanyKey(4)).unwrap());
        assert_eq!(companies(&store), 3);
        assert!(store.merge_pulled_day(9, CompanyKey(2), CompanyKey(1)).unwrap());
        assert_eq!(companies(&store), 2);
        assert_eq!(counts(&store), [(1, 1, 8), (1, 2, 1), (4, 1, 4)]);
    }

    #[test]
    fn the_people_of_merged_companies_are_logged_for_undoing() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(&folder);
        write_people(&mut store, "warehouse", 9, &[(1, 5), (2, 5), (2, 6), (3, 7)]);
        store.connection.execute("DELETE FROM import_people", []).unwrap();
        store.logged_import = Some(2);
        store.merge_pulled_people(9, CompanyKey(2), CompanyKey(1)).unwrap();
        store.merge_pulled_people(9, CompanyKey(3), CompanyKey(4)).unwrap();
        assert_eq!(store.pulled_people(9, 1).unwrap(), [5, 6]);
        assert_eq!(store.pulled_people(9, 4).unwrap(), [7]);
        let mut logged =
            store.connection.prepare("SELECT id, people FROM import_people ORDER BY id").unwrap();
        let logged: Vec<(i64, Option<String>)> = logged
            .query_map([], |row| Ok((row.get("id")?, row.get("people")?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        let expected = [(1, Some("[5]")), (2, Some("[5,6]")), (3, Some("[7]")), (4, None)];
        let expected = expected.map(|(company, people)| {
            (9_000_000_000 + company, people.map(|people: &str| people.to_owned()))
        });
        assert_eq!(logged, expected);
    }
}
