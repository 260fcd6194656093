//! Integrity checks, and backups.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};

use super::events::{day_text, keys};
use super::{Store, schema};
use crate::domain::day::{Day, DayRange};
use crate::error::not_allowed;
use crate::output_file::OutputFile;

/// At most this many problems of a kind are reported.
const MOST_PROBLEMS: usize = 20;

/// An index of the schema.
#[derive(Debug)]
struct Index {
    name: &'static str,
    table: &'static str,
    /// The WHERE clause of a partial index, else empty.
    condition: &'static str,
}

/// The indexes of the schema, each of which is on a line of its own.
fn indexes() -> impl Iterator<Item = Index> {
    schema::SCHEMA.lines().filter_map(|line| {
        let line = line.strip_suffix(';')?;
        let index = line
            .strip_prefix("CREATE INDEX ")
            .or_else(|| line.strip_prefix("CREATE UNIQUE INDEX "))?;
        let (name, rest) = index.split_once(" ON ")?;
        let (table, columns) = rest.split_once(" (")?;
        let condition = columns.find(" WHERE ").map_or("", |at| &columns[at..]);
        Some(Index { name, table, condition })
    })
}

impl Store {
    /// Everything that is wrong with the database; empty if nothing is.
    pub(crate) fn problems(&self) -> Result<Vec<String>> {
        let mut problems = self.integrity_problems()?;
        problems.extend(self.index_problems()?);
        problems.extend(self.count_problems()?);
        problems.extend(self.pulled_day_problems()?);
        problems.extend(self.key_problems()?);
        problems.extend(self.first_use_problems(MOST_PROBLEMS)?);
        problems.extend(self.first_people_problems(MOST_PROBLEMS)?);
        problems.extend(self.history_problems()?);
        problems.extend(self.task_problems()?);
        Ok(problems)
    }

    fn integrity_problems(&self) -> Result<Vec<String>> {
        let sql =
            "SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'";
        let mut problems: Vec<String> = self.read_all(sql, [], |row| row.get(0))?;
        let sql = "SELECT 'a row of ' || \"table\" || ' points at a row of ' || parent || ' that is not there'
                   FROM pragma_foreign_key_check LIMIT 20";
        let broken: Vec<String> = self.read_all(sql, [], |row| row.get(0))?;
        problems.extend(broken);
        Ok(problems)
    }

    /// Counts the rows of each table with and without each of its indexes: both must agree.
    fn index_problems(&self) -> Result<Vec<String>> {
        let mut problems = Vec::new();
        for Index { name, table, condition } in indexes() {
            let sql = format!(
                "SELECT (SELECT count(*) FROM {table} INDEXED BY {name} {condition}) AS found,
                        (SELECT count(*) FROM {table} NOT INDEXED {condition}) AS stored"
            );
            match self.read_one(&sql, [], |row| <(i64, i64)>::try_from(row)) {
                Ok((found, stored)) if found == stored => {}
                Ok((found, stored)) => {
                    problems.push(format!("index {name} has {found} of {stored} rows of {table}"));
                }
                Err(error) if error.to_string().contains("no such index") => {
                    problems.push(format!("index {name} of {table} is missing"));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(problems)
    }

    /// Compares the stored counts with the events, day by day.
    fn count_problems(&self) -> Result<Vec<String>> {
        let mut problems = Vec::new();
        let sql = "SELECT day FROM (SELECT day FROM event_days UNION SELECT day FROM day_counts)
                   WHERE day NOT IN (SELECT day FROM pulled_days) ORDER BY day";
        // The open query keeps all that is compared from changing meanwhile.
        let mut days = self.connection.prepare(sql)?;
        for day in days.query_map([], |row| row.get("day"))? {
            let day = day?;
            let counts = match self.counts_of_day(day) {
                Ok(counts) => counts,
                Err(error) if error.downcast_ref::<rusqlite::Error>().is_none() => {
                    problems.push(format!("{}: {error:#}", Day::from_number(day)));
                    continue;
                }
                Err(error) => return Err(error),
            };
            for ((company, event), (events, count)) in counts {
                if events != count {
                    problems.push(format!(
                        "{}: company {company} has {events} events of name {event}, counted as {count}",
                        Day::from_number(day)
                    ));
                }
            }
            if problems.len() >= MOST_PROBLEMS {
                break;
            }
        }
        Ok(problems)
    }

    /// Compares the days that came as counts with the totals of their sources.
    fn pulled_day_problems(&self) -> Result<Vec<String>> {
        let mut problems = Vec::new();
        let days = DayRange { from: Day::from_number(i32::MIN), to: Day::from_number(i32::MAX) };
        for pulled in self.pulled_days(days)? {
            let (day, events) = (pulled.day, self.events_of_day(pulled.day)?);
            let expected = pulled.sum.events.saturating_sub(pulled.rejected);
            if events != expected {
                problems
                    .push(format!("{day}: the counts add up to {events} events, not {expected}"));
            }
            if self.has_events_themselves(day)? {
                problems.push(format!("{day} came as counts, and has events of its own"));
            }
            if problems.len() >= MOST_PROBLEMS {
                break;
            }
        }
        Ok(problems)
    }

    /// Checks that the keys of events exist, which no foreign key guarantees, and the days of first
    /// and last events.
    fn key_problems(&self) -> Result<Vec<String>> {
        let sql = "SELECT 'an event of ' || date(day * 86400, 'unixepoch') || ' belongs to company ' || company
                          || ', which is not there' AS problem
                   FROM event_days WHERE company NOT IN (SELECT id FROM companies)
                   UNION ALL
                   SELECT 'a count of ' || date(day * 86400, 'unixepoch') || ' is of event name ' || event || ', which is not there'
                   FROM day_counts WHERE event NOT IN (SELECT id FROM event_names)
                   UNION ALL
                   SELECT 'an event of ' || date(d.day * 86400, 'unixepoch') || ' is of person ' || (e.value ->> 2)
                          || ', who is not there'
                   FROM event_days d, json_each(CASE WHEN json_valid(d.events) THEN d.events ELSE '[]' END) e
                   WHERE (e.value ->> 2) IS NOT NULL AND (e.value ->> 2) NOT IN (SELECT id FROM people)
                   UNION ALL
                   SELECT 'a count of ' || date(day * 86400, 'unixepoch') || ' belongs to company ' || company
                          || ', which is not there'
                   FROM day_counts WHERE company NOT IN (SELECT id FROM companies)
                   UNION ALL
                   SELECT 'the people of ' || date(d.day * 86400, 'unixepoch') || ' have person ' || p.value
                          || ', who is not there'
                   FROM day_people d, json_each(CASE WHEN json_valid(d.people) THEN d.people ELSE '[]' END) p
                   WHERE p.value NOT IN (SELECT id FROM people)
                   UNION ALL
                   SELECT 'people of ' || date(day * 86400, 'unixepoch') || ' are kept, though the day did not come as counts'
                   FROM day_people WHERE day NOT IN (SELECT day FROM pulled_days WHERE has_people)
                   UNION ALL
                   SELECT 'a health score of ' || date(day * 86400, 'unixepoch') || ' belongs to company ' || company
                          || ', which is not there'
                   FROM health_scores WHERE company NOT IN (SELECT id FROM companies)
                   UNION ALL
                   SELECT 'the first or last day of events of company ' || c.company_id || ' is wrong'
                   FROM companies c
                   LEFT JOIN (SELECT company, min(day) AS first, max(day) AS last FROM day_counts GROUP BY company) d
                          ON d.company = c.id
                   WHERE c.first_event_day IS NOT d.first OR c.last_event_day IS NOT d.last
                   LIMIT 20";
        self.read_all(sql, [], |row| row.get("problem"))
    }

    /// For each company and event name of a day: the number of events, and the stored count.
    fn counts_of_day(&self, day: i32) -> Result<BTreeMap<(u32, u32), (u64, u64)>> {
        let range = DayRange { from: Day::from_number(day), to: Day::from_number(day) };
        let (rows, counted) = (keys::of_whole_day(day), keys::of_counts(range));
        let mut counts: BTreeMap<(u32, u32), (u64, u64)> = BTreeMap::new();
        let sql = "SELECT company, events FROM event_days WHERE id BETWEEN ?1 AND ?2";
        self.for_each_row(sql, rows.into_inner(), |row| {
            let company: u32 = row.get("company")?;
            day_text::for_each(row.get_ref("events")?.as_str()?, |event| {
                counts.entry((company, event.key.event)).or_default().0 += event.copies;
            })
        })?;
        let sql = "SELECT company, event, count FROM day_counts WHERE id BETWEEN ?1 AND ?2";
        self.for_each_row(sql, counted.into_inner(), |row| {
            let key = (row.get("company")?, row.get("event")?);
            counts.entry(key).or_default().1 = row.get("count")?;
            Ok(())
        })?;
        Ok(counts)
    }

    /// A closed signal must refer to the acknowledgement that is its last opening or closing entry.
    fn history_problems(&self) -> Result<Vec<String>> {
        let sql = "SELECT 'the state of signal ' || s.id || ' is not what its history says' FROM signals s
                   LEFT JOIN signal_history h ON h.id = (SELECT max(id) FROM signal_history
                                                           WHERE signal = s.id AND action IN ('acknowledged', 'reopened'))
                   WHERE s.acknowledgement IS NOT CASE WHEN h.action = 'acknowledged' THEN h.id END
                      OR s.closed_on IS NOT CASE WHEN h.action = 'acknowledged' THEN h.day END
                   LIMIT 20";
        self.read_all(sql, [], |row| row.get(0))
    }

    /// A task must begin with an entry on its first day, belong to the owner in its last such
    /// entry, and be closed if its last entry says so.
    fn task_problems(&self) -> Result<Vec<String>> {
        let sql = "SELECT 'task ' || t.id || ' is not what its history says' FROM tasks t
                   LEFT JOIN task_history first ON first.id = (SELECT min(id) FROM task_history WHERE task = t.id)
                   LEFT JOIN task_history given
                          ON given.id = (SELECT max(id) FROM task_history WHERE task = t.id AND action NOT IN ('done', 'dropped'))
                   LEFT JOIN task_history last ON last.id = (SELECT max(id) FROM task_history WHERE task = t.id)
                   WHERE first.action IS NOT 'added' OR first.day IS NOT t.added_on OR given.owner IS NOT t.owner
                      OR t.closed IS NOT CASE WHEN last.action IN ('done', 'dropped') THEN last.id END
                   LIMIT 20";
        self.read_all(sql, [], |row| row.get(0))
    }

    /// Writes a consistent copy of the database.
    ///
    /// # Errors
    /// The file exists (exit 9) or cannot be written.
    pub(crate) fn back_up(&self, path: &Path) -> Result<()> {
        if path.symlink_metadata().is_ok() {
            return Err(not_allowed(format!("{} exists already", path.display()))
                .hint("choose another name")
                .into());
        }
        let file = OutputFile::begin_new(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut copy = Connection::open_with_flags(file.path().unwrap_or(path), flags)?;
        // An interrupted copy is deleted, so it needs no journal, which would be left behind. The
        // finished file is synced like any other.
        copy.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
        Backup::new(&self.connection, &mut copy)?.run_to_completion(4096, Duration::ZERO, None)?;
        copy.close().map_err(|(_, error)| error)?;
        file.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Permissions;

    #[test]
    fn every_index_of_the_schema_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let store = Store::create_or_open(&path, Permissions::Owner).unwrap();
        let mut statement = store
            .connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
            .unwrap();
        let mut stored: Vec<String> =
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let mut counted: Vec<&str> = indexes().map(|index| index.name).collect();
        stored.sort();
        counted.sort_unstable();
        assert_eq!(counted, stored);
        assert_eq!(store.problems().unwrap(), Vec::<String>::new());
        store.connection.execute_batch("DROP INDEX signals_open").unwrap();
        assert_eq!(store.problems().unwrap(), ["index signals_open of signals is missing"]);
    }
}
