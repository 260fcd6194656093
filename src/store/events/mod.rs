//! Reading events: counts for trend rules, people, and summaries.

pub(super) mod activity;
pub(super) mod counts;
pub(super) mod counts_writer;
mod day_rows;
pub(super) mod day_text;
mod first_days;
mod first_people;
mod first_uses;
pub(super) mod keys;
mod many;
mod merge;
pub(super) mod pieces;
mod prepared;
pub(super) mod pulled;
mod waiting;
pub(super) mod writer;

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use rusqlite::OptionalExtension;
use rustc_hash::{FxHashMap, FxHashSet};

use super::Store;
use crate::domain::company::CompanyKey;
use crate::domain::day::{Day, DayRange, Instant};
use crate::domain::rule::{RuleMeasure, Watch};
use crate::domain::trend::Windows;

/// What one person did in each of two windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PersonActivity {
    /// `None` for all events that name nobody.
    pub person_id: Option<String>,
    /// Events in the observation window.
    pub previous: u64,
    /// Events in the decision window.
    pub current: u64,
}

/// What one company did in two windows, by day and by person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CompanyActivity {
    /// Events (or active people) for each day of both windows.
    pub daily: Vec<(Day, u64)>,
    /// The people behind them, largest change first.
    pub people: Vec<PersonActivity>,
    /// What is known about people on these days.
    pub people_kept: PeopleKept,
}

/// What is known about the people who were active on some days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PeopleKept {
    /// What each of them did.
    Events,
    /// Some days came as counts: who was active is known, but not what they did. A person's numbers
    /// are days.
    Days,
    /// Nothing, because this many days came as counts without people.
    NotOf(u64),
}

impl PeopleKept {
    /// Whether it is known for each day who was active.
    pub(crate) fn is_known(self) -> bool {
        !matches!(self, PeopleKept::NotOf(_))
    }
}

/// Totals of one event name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventSummary {
    pub name: String,
    pub total: u64,
    /// The number in the last 30 days of data.
    pub last_30_days: u64,
    /// The number of companies with this event.
    pub companies: u64,
    pub first_day: Day,
    pub last_day: Day,
}

/// One event, or several equal ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventRecord<'r> {
    pub company_id: &'r str,
    pub event: &'r str,
    /// The day on which it counts.
    pub day: Day,
    pub at: Instant,
    /// The person, if known.
    pub person_id: Option<&'r str>,
    /// The number of equal ones.
    pub copies: i64,
    /// The id in the imported file.
    pub event_id: Option<&'r str>,
}

impl Store {
    /// The first and the last day with any event; `None` without events.
    pub(crate) fn event_days(&self) -> Result<Option<DayRange>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT (SELECT day FROM day_counts ORDER BY id LIMIT 1) AS first,
                    (SELECT day FROM day_counts ORDER BY id DESC LIMIT 1) AS last",
        )?;
        let range: (Option<i32>, Option<i32>) =
            statement.query_row([], |row| Ok((row.get("first")?, row.get("last")?)))?;
        let day = Day::from_number;
        Ok(range.0.zip(range.1).map(|(first, last)| DayRange { from: day(first), to: day(last) }))
    }

    /// The event names that occurred on each of the `days` days before `day` but not on `day`, A to
    /// Z. Reads day by day, as long as any candidate is left.
    pub(crate) fn events_that_stopped(&self, day: Day, days: i32) -> Result<Vec<String>> {
        let mut left = self.events_on(day.previous())?;
        if left.is_empty() {
            return Ok(Vec::new());
        }
        let present = self.events_on(day)?;
        left.retain(|event| !present.contains(event));
        for before in 2..=days {
            if left.is_empty() {
                return Ok(Vec::new());
            }
            let present = self.events_on(day - before)?;
            left.retain(|event| present.contains(event));
        }
        let mut statement =
            self.connection.prepare_cached("SELECT id, name FROM event_names ORDER BY name")?;
        let names = statement.query_map([], |row| Ok((row.get("id")?, row.get("name")?)))?;
        let names: Vec<(u32, String)> = names.collect::<Result<_, _>>()?;
        Ok(names.into_iter().filter(|(id, _)| left.contains(id)).map(|(_, name)| name).collect())
    }

    fn events_on(&self, day: Day) -> Result<FxHashSet<u32>> {
        let mut events = FxHashSet::default();
        self.for_each_count(DayRange { from: day, to: day }, |_, _, event, _| {
            events.insert(event);
        })?;
        Ok(events)
    }

    /// Calls `visit` with every event, ordered by day and company.
    pub(crate) fn for_each_event(
        &self,
        mut visit: impl FnMut(&EventRecord<'_>) -> Result<()>,
    ) -> Result<()> {
        // CROSS JOIN fixes the order of the tables, so that the rows come ordered by day without
        // sorting millions of them.
        let mut statement = self.connection.prepare_cached(
            "SELECT c.company_id, n.name, d.day,
                    d.day * 86400000000 + CAST(round((e.value ->> 1) * 1000000) AS INTEGER) AS micros,
                    p.person_id, coalesce(e.value ->> 3, 1) AS copies, i.event_id
             FROM event_days d
             CROSS JOIN companies c ON c.id = d.company
             CROSS JOIN json_each(d.events) e
             CROSS JOIN event_names n ON n.id = e.value ->> 0
             LEFT JOIN people p ON p.id = e.value ->> 2
             LEFT JOIN event_ids i ON i.id = e.value ->> 4
             ORDER BY d.id",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            visit(&EventRecord {
                company_id: row.get_ref(0)?.as_str()?,
                event: row.get_ref(1)?.as_str()?,
                day: Day::from_number(row.get(2)?),
                at: Instant::from_micros(row.get(3)?),
                person_id: row.get_ref(4)?.as_str_or_null()?,
                copies: row.get(5)?,
                event_id: row.get_ref(6)?.as_str_or_null()?,
            })?;
        }
        Ok(())
    }

    /// Whether an event with this name was ever imported.
    pub(crate) fn has_event_name(&self, name: &str) -> Result<bool> {
        Ok(self.event_key(name)?.is_some())
    }

    /// All event names, A to Z.
    pub(crate) fn event_names(&self) -> Result<Vec<String>> {
        let mut statement =
            self.connection.prepare_cached("SELECT name FROM event_names ORDER BY name")?;
        let names = statement.query_map([], |row| row.get("name"))?;
        Ok(names.collect::<Result<_, _>>()?)
    }

    pub(super) fn event_key(&self, name: &str) -> Result<Option<u32>> {
        let mut statement =
            self.connection.prepare_cached("SELECT id FROM event_names WHERE name = ?1")?;
        Ok(statement.query_row([name], |row| row.get("id")).optional()?)
    }

    /// What one company did in both windows, by day and by person.
    pub(crate) fn company_activity(
        &self,
        company: CompanyKey,
        watch: &Watch,
        windows: &Windows,
    ) -> Result<CompanyActivity> {
        let wanted = match watch.only_event() {
            Some(name) => Some(self.event_key(name)?.unwrap_or(0)),
            None => None,
        };
        let mut by_person: FxHashMap<u32, (u64, u64)> = FxHashMap::default();
        let mut daily = Vec::new();
        let pulled: BTreeMap<Day, bool> = self
            .pulled_days(windows.both())?
            .into_iter()
            .map(|pulled| (pulled.day, pulled.has_people))
            .collect();
        let without_people = pulled.values().filter(|has_people| !**has_people).count();
        let people_kept = match (without_people, pulled.is_empty()) {
            (0, true) => PeopleKept::Events,
            (0, false) => PeopleKept::Days,
            (days, _) => PeopleKept::NotOf(days as u64),
        };
        for day in windows.both().days() {
            let mut active: FxHashSet<u32> = FxHashSet::default();
            let mut count = 0;
            if pulled.contains_key(&day) {
                count = self.counted(day, company, wanted)?;
                for person in self.pulled_people(day.number(), company.0)? {
                    active.insert(person);
                    let activity = by_person.entry(person).or_default();
                    let is_now = windows.decision.contains(day);
                    *(if is_now { &mut activity.1 } else { &mut activity.0 }) += 1;
                }
            }
            self.for_each_event_of(day.number(), company.0, |event| {
                if wanted.is_none_or(|key| key == event.key.event) {
                    count += event.copies;
                    active.insert(event.key.person);
                    let person = by_person.entry(event.key.person).or_default();
                    let place =
                        if windows.decision.contains(day) { &mut person.1 } else { &mut person.0 };
                    *place += event.copies;
                }
            })?;
            active.remove(&0);
            daily.push((
                day,
                match watch.measure {
                    RuleMeasure::Events => count,
                    RuleMeasure::Days => count.min(1),
                    RuleMeasure::People => active.len() as u64,
                },
            ));
        }
        Ok(CompanyActivity { daily, people: self.name_people(by_person)?, people_kept })
    }

    /// The number of events of a company on a day, of one name or of all.
    fn counted(&self, day: Day, company: CompanyKey, event: Option<u32>) -> Result<u64> {
        let keys = match event {
            Some(event) => {
                let key = keys::of_count(day.number(), company.0, event);
                key..=key
            }
            None => keys::of_company_counts(day.number(), company.0),
        };
        let mut statement = self.connection.prepare_cached(
            "SELECT coalesce(sum(count), 0) AS events FROM day_counts WHERE id BETWEEN ?1 AND ?2",
        )?;
        let events: i64 =
            statement.query_row((keys.start(), keys.end()), |row| row.get("events"))?;
        Ok(events as u64)
    }

    /// The events of a company by name, A to Z, each with a count for each day of the range.
    pub(crate) fn activity_by_event(
        &self,
        company: CompanyKey,
        range: DayRange,
    ) -> Result<Vec<(String, Vec<u64>)>> {
        let mut by_name: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        let mut statement = self.connection.prepare_cached(
            "SELECT n.name, d.count FROM day_counts d JOIN event_names n ON n.id = d.event WHERE d.id BETWEEN ?1 AND ?2",
        )?;
        for (place, day) in range.days().enumerate() {
            let keys = keys::of_company_counts(day.number(), company.0);
            let mut rows = statement.query((keys.start(), keys.end()))?;
            while let Some(row) = rows.next()? {
                by_name.entry(row.get(0)?).or_insert_with(|| vec![0; range.len()])[place] =
                    row.get::<_, i64>(1)? as u64;
            }
        }
        Ok(by_name.into_iter().collect())
    }

    fn name_people(&self, by_key: FxHashMap<u32, (u64, u64)>) -> Result<Vec<PersonActivity>> {
        let mut statement =
            self.connection.prepare_cached("SELECT person_id FROM people WHERE id = ?1")?;
        let mut people = Vec::with_capacity(by_key.len());
        for (key, (previous, current)) in by_key {
            let person_id = statement.query_row([key], |row| row.get("person_id")).optional()?;
            people.push(PersonActivity { person_id, previous, current });
        }
        people.sort_by_key(|person| {
            (std::cmp::Reverse(person.previous.abs_diff(person.current)), person.person_id.clone())
        });
        Ok(people)
    }

    /// Every event name that was ever imported, A to Z.
    pub(crate) fn event_summaries(&self) -> Result<Vec<EventSummary>> {
        let Some(range) = self.event_days()? else { return Ok(Vec::new()) };
        let recent = range.to - 29;
        let mut found: FxHashMap<u32, EventSummary> = FxHashMap::default();
        let mut companies: FxHashSet<(u32, u32)> = FxHashSet::default();
        self.for_each_count(range, |day, company, event, count| {
            let name = String::new();
            let summary = found.entry(event).or_insert(EventSummary {
                name,
                total: 0,
                last_30_days: 0,
                companies: 0,
                first_day: day,
                last_day: day,
            });
            summary.total += count;
            summary.last_30_days += if day >= recent { count } else { 0 };
            summary.companies += u64::from(companies.insert((event, company)));
            summary.last_day = day;
        })?;
        self.name_events(found)
    }

    fn name_events(&self, found: FxHashMap<u32, EventSummary>) -> Result<Vec<EventSummary>> {
        let mut names: HashMap<u32, String> = HashMap::new();
        let mut statement = self.connection.prepare_cached("SELECT id, name FROM event_names")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            names.insert(row.get("id")?, row.get("name")?);
        }
        let named = |(key, summary)| EventSummary {
            name: names.remove(&key).unwrap_or_default(),
            ..summary
        };
        let mut summaries: Vec<EventSummary> = found.into_iter().map(named).collect();
        summaries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(summaries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rule::ALL_EVENTS;
    use crate::store::Permissions;

    #[test]
    fn people_are_known_unless_some_days_came_without_them() {
        let kept = [PeopleKept::Events, PeopleKept::Days, PeopleKept::NotOf(3)];
        assert_eq!(kept.map(PeopleKept::is_known), [true, true, false]);
    }

    /// 31 days apart: day 1 is not one of the last 30 days of data.
    #[test]
    fn event_names_have_their_totals_and_are_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let store = Store::create_or_open(&path, Permissions::Owner).unwrap();
        let names = "INSERT INTO event_names (id, name) VALUES (1, 'login'), (2, 'export')";
        store.connection.execute_batch(names).unwrap();
        for (day, company, event, count) in
            [(1, 7, 1, 3), (31, 7, 1, 4), (31, 8, 1, 5), (2, 7, 2, 6)]
        {
            let insert = "INSERT INTO day_counts (id, count) VALUES (?1, ?2)";
            let id = keys::of_count(day, company, event);
            store.connection.execute(insert, (id, count)).unwrap();
        }
        let summary = |name: &str, total, last_30_days, companies, first_day, last_day| {
            let (first_day, last_day) = (Day::from_number(first_day), Day::from_number(last_day));
            let name = name.to_owned();
            EventSummary { name, total, last_30_days, companies, first_day, last_day }
        };
        let expected = [summary("export", 6, 6, 1, 2, 2), summary("login", 12, 9, 2, 1, 31)];
        assert_eq!(store.event_summaries().unwrap(), expected);
    }

    /// Days 1 and 2 came as counts, day 2 with people.
    #[test]
    fn the_activity_of_a_company_on_counted_days_is_that_of_its_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let store = Store::create_or_open(&path, Permissions::Owner).unwrap();
        store
            .connection
            .execute_batch(
                "INSERT INTO event_names (id, name) VALUES (1, 'login'), (2, 'export');
                 INSERT INTO people (id, person_id) VALUES (5, 'u5');
                 INSERT INTO pulled_days (day, events, companies, rejected, has_people)
                 VALUES (1, 9, 1, 0, 0), (2, 9, 1, 0, 1)",
            )
            .unwrap();
        for (day, company, event, count) in
            [(1, 7, 1, 3), (1, 7, 2, 4), (1, 8, 1, 50), (2, 7, 1, 2), (2, 6, 1, 60)]
        {
            let insert = "INSERT INTO day_counts (id, count) VALUES (?1, ?2)";
            let id = keys::of_count(day, company, event);
            store.connection.execute(insert, (id, count)).unwrap();
        }
        let people = "INSERT INTO day_people (id, people) VALUES (?1, '[5]')";
        store.connection.execute(people, [keys::of_day(2, 7)]).unwrap();
        let windows = Windows::ending(Day::from_number(2), 1);
        let activity = |event: &str, measure| {
            let watch = Watch::new(event, measure);
            store.company_activity(CompanyKey(7), &watch, &windows).unwrap()
        };
        let daily = |event: &str, measure| -> Vec<u64> {
            activity(event, measure).daily.iter().map(|(_, count)| *count).collect()
        };
        assert_eq!(daily("login", RuleMeasure::Events), [3, 2]);
        assert_eq!(daily("export", RuleMeasure::Events), [4, 0]);
        assert_eq!(daily("export", RuleMeasure::Days), [1, 0]);
        assert_eq!(daily(ALL_EVENTS, RuleMeasure::Events), [7, 2]);
        assert_eq!(daily(ALL_EVENTS, RuleMeasure::People), [0, 1]);
        let CompanyActivity { people, people_kept, .. } = activity(ALL_EVENTS, RuleMeasure::Events);
        let person_id = Some("u5".to_owned());
        assert_eq!(people, [PersonActivity { person_id, previous: 0, current: 1 }]);
        assert_eq!(people_kept, PeopleKept::NotOf(1));
    }
}
