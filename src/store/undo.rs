//! Undoing imports.
//!
//! Each import logs its changes. For facts, triggers that exist only during the import store each
//! row as it was before. Events are too many for that: their writer stores what each day held
//! before; see [`Store::note_pieces_before`].

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::companies::optional_fields;
use super::events::{day_text, keys};
use super::{LateCause, Store};
use crate::domain::day::{Day, DayRange, Instant};
use crate::domain::{ACKS, COUNTED_PEOPLE, COUNTS, EVENTS, PULL};
use crate::error::{CommandError, not_allowed};

/// Tables that imports do not change, or that are recomputed from others.
const NOT_LOGGED: [&str; 26] = [
    "companies_churning",
    "companies_to_reroute",
    "day_people",
    "health_scores",
    "import_changes",
    "import_counts",
    "import_days",
    "import_marks",
    "import_people",
    "import_pulled_days",
    "imports",
    "late_days",
    "messages",
    "notices",
    "pulled_days",
    "run_rules",
    "run_steps",
    "runs",
    "settings",
    "signal_history",
    "task_history",
    "event_days",
    "day_counts",
    "first_people",
    "first_uses",
    "event_names",
];

/// Tables with a history of their own. An import only moves their rows between companies.
const MOVED: [&str; 3] = ["company_tags", "signals", "tasks"];

/// The tables to which the events of a file add names, with their column in `import_marks`.
const NAMES: [&str; 4] = ["companies", "event_ids", "event_names", "people"];

/// The tables of the log.
const NOTES: [&str; 7] = [
    "import_changes",
    "import_counts",
    "import_days",
    "import_marks",
    "import_people",
    "import_pulled_days",
    "late_days",
];

/// A table whose changes are logged.
struct Logged {
    name: String,
    columns: Vec<String>,
    key: Vec<String>,
}

impl Logged {
    /// A JSON array of the columns of a row.
    fn row(&self, of: &str) -> String {
        array(&self.columns, of)
    }

    /// An expression: whether a row has the key in the JSON array `key`.
    fn has_key(&self, key: &str) -> String {
        let same = |(place, column): (usize, &String)| {
            format!("{}.{column} = json_extract({key}, '$[{place}]')", self.name)
        };
        self.key.iter().enumerate().map(same).collect::<Vec<_>>().join(" AND ")
    }

    /// The row that a log entry refers to, as it is now.
    fn present(&self, key: &str) -> String {
        format!("(SELECT {} FROM {} WHERE {})", self.row(&self.name), self.name, self.has_key(key))
    }

    fn is_moved(&self) -> bool {
        MOVED.contains(&self.name.as_str())
    }
}

fn array(columns: &[String], of: &str) -> String {
    let columns: Vec<String> = columns.iter().map(|column| format!("{of}.{column}")).collect();
    format!("json_array({})", columns.join(", "))
}

impl Store {
    /// The number of the next import.
    pub(super) fn next_import(&self) -> Result<i64> {
        let sql = "SELECT coalesce(max(id), 0) + 1 AS next FROM imports";
        self.read_one(sql, [], |row| row.get("next"))
    }

    /// Begins to log rows before they are changed.
    pub(crate) fn begin_change_log(&mut self) -> Result<()> {
        self.logged_import = Some(self.next_import()?);
        // Without this, triggers do not see replaced rows as deleted.
        self.connection.execute_batch(
            "PRAGMA recursive_triggers = ON;
             CREATE TEMP TABLE IF NOT EXISTS changed_rows (
                 name TEXT NOT NULL, key TEXT NOT NULL, old TEXT, PRIMARY KEY (name, key)
             ) WITHOUT ROWID;
             DELETE FROM changed_rows;",
        )?;
        for table in self.logged_tables()? {
            self.connection.execute_batch(&triggers(&table))?;
        }
        Ok(())
    }

    /// Ends the log, and assigns it to an import.
    pub(crate) fn end_change_log(&mut self) -> Result<()> {
        let Some(import) = self.logged_import.take() else { return Ok(()) };
        for table in self.logged_tables()? {
            let Logged { name, .. } = &table;
            let sql = format!(
                "INSERT INTO import_changes (import, name, key, old, new)
                 SELECT ?1, name, key, old, new FROM (
                     SELECT name, key, old, {} AS new FROM changed_rows WHERE name = '{name}')
                 WHERE old IS NOT new",
                table.present("changed_rows.key")
            );
            self.execute(&sql, [import])?;
        }
        self.drop_change_log()
    }

    /// Resets the log after its transaction was rolled back.
    pub(crate) fn forget_change_log(&mut self) {
        self.logged_import = None;
    }

    /// Drops the triggers of [`Store::begin_change_log`].
    fn drop_change_log(&self) -> Result<()> {
        for Logged { name, .. } in self.logged_tables()? {
            for when in ["insert", "update", "delete"] {
                self.connection
                    .execute_batch(&format!("DROP TRIGGER IF EXISTS temp.log_{when}_{name}"))?;
            }
        }
        self.connection.execute_batch(
            "DROP TABLE IF EXISTS temp.changed_rows; PRAGMA recursive_triggers = OFF;",
        )?;
        Ok(())
    }

    fn logged_tables(&self) -> Result<Vec<Logged>> {
        let sql = "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name";
        let names: Vec<String> = self.read_all(sql, [], |row| row.get("name"))?;
        let all = "SELECT name FROM pragma_table_info(?1) ORDER BY cid";
        let of_key = "SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk";
        let mut tables = Vec::new();
        for name in names.into_iter().filter(|name| !NOT_LOGGED.contains(&name.as_str())) {
            let columns = self.read_all(all, [&name], |row| row.get("name"))?;
            let key = self.read_all(of_key, [&name], |row| row.get("name"))?;
            tables.push(Logged { name, columns, key });
        }
        Ok(tables)
    }

    /// Stores the highest keys of names before the events of a file.
    pub(super) fn mark_names(&self, import: i64) -> Result<()> {
        for table in NAMES {
            let sql = format!(
                "INSERT INTO import_marks (import, name, last_id) SELECT ?1, '{table}', coalesce(max(id), 0) FROM {table}
                 WHERE true ON CONFLICT DO NOTHING"
            );
            self.execute(&sql, [import])?;
        }
        Ok(())
    }

    /// Stores that a company had no events on a day before an import changed it. Company 0 stands
    /// for all companies.
    pub(super) fn note_empty_day(&self, import: i64, day: i32, company: u32) -> Result<()> {
        let sql = "INSERT INTO import_days (import, id) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        self.execute(sql, (import, keys::of_piece(day, company, 0)))
    }

    /// Records why no import so far can be undone.
    pub(crate) fn block_undo(&self, reason: &str) -> Result<()> {
        let sql = "UPDATE imports SET blocked = ?1 WHERE undone_at IS NULL AND blocked IS NULL";
        self.execute(sql, [reason])
    }

    /// Undoes an import, inside the caller's transaction: the newest that is not undone, which
    /// `number` may name. Returns its number and file.
    ///
    /// # Errors
    /// An older import, or one that later changes depend on (exit 9).
    pub(crate) fn undo_import(&self, number: Option<i64>, now: Instant) -> Result<(i64, String)> {
        let (import, file, kind) = self.import_to_undo(number)?;
        self.connection.execute_batch("PRAGMA defer_foreign_keys = ON")?;
        let mut days = match kind.as_str() {
            EVENTS | COUNTS | COUNTED_PEOPLE | PULL => self.undo_events(import)?,
            _ => self.undo_changes(import)?,
        };
        days.extend(self.days_run_since(import)?);
        self.require_no_orphans()?;
        for table in NOTES {
            self.execute(&format!("DELETE FROM {table} WHERE import = ?1"), [import])?;
        }
        self.record_late_days(&days, import, LateCause::Undo)?;
        self.execute("UPDATE imports SET undone_at = ?2 WHERE id = ?1", (import, now))?;
        self.reroute_notices(now)?;
        Ok((import, file))
    }

    /// The days of the runs since an import.
    fn days_run_since(&self, import: i64) -> Result<Vec<Day>> {
        let sql = "SELECT DISTINCT day FROM runs WHERE started_at >= (SELECT finished_at FROM imports WHERE id = ?1)";
        self.read_all(sql, [import], |row| row.get("day"))
    }

    fn import_to_undo(&self, number: Option<i64>) -> Result<(i64, String, String)> {
        type Entry = (i64, String, String, Option<String>);
        let sql =
            "SELECT id, file, kind, blocked FROM imports WHERE undone_at IS NULL ORDER BY id DESC";
        let mut imports: Vec<Entry> = self.read_all(sql, [], |row| row.try_into())?;
        let Some((newest, ..)) = imports.first() else {
            return Err(not_allowed("there is no import to undo").into());
        };
        let wanted = number.unwrap_or(*newest);
        // Acknowledgements are history: they stay, and do not depend on earlier imports.
        let is_history = |(_, _, kind, _): &Entry| kind == ACKS;
        if let Some((id, file, ..)) =
            imports.iter().find(|entry| entry.0 == wanted && is_history(entry))
        {
            let message =
                format!("import {id} ({file}) is of acknowledgements, which are history and stay");
            let mut refused = not_allowed(message);
            if let Some((id, file, ..)) = imports.iter().find(|entry| !is_history(entry)) {
                refused = refused.hint(format!(
                    "to undo import {id} ({file}), name it: signals import --undo {id}"
                ));
            }
            return Err(refused.into());
        }
        imports.retain(|entry| !is_history(entry));
        let Some(place) = imports.iter().position(|(id, ..)| *id == wanted) else {
            return Err(not_allowed(format!("there is no import {wanted} that can be undone"))
                .hint("`signals import --list` shows all")
                .into());
        };
        if place > 0 {
            let later: Vec<String> = imports[..place]
                .iter()
                .rev()
                .map(|(id, file, ..)| format!("{id} ({file})"))
                .collect();
            return Err(not_allowed(format!(
                "import {wanted} is not the newest; later ones: {}",
                later.join(", ")
            ))
            .hint("undo those first: signals import --undo")
            .into());
        }
        let (id, file, kind, blocked) = imports[place].clone();
        match blocked {
            Some(reason) => {
                Err(not_allowed(format!("import {id} cannot be undone: {reason}")).into())
            }
            None => Ok((id, file, kind)),
        }
    }

    /// Restores the rows that an import changed.
    fn undo_changes(&self, import: i64) -> Result<Vec<Day>> {
        let tables = self.logged_tables()?;
        for table in tables.iter().filter(|table| !table.is_moved()) {
            self.require_unchanged(import, table)?;
        }
        let kept = self.companies_in_use(import)?;
        for table in &tables {
            let Logged { name, columns, key, .. } = table;
            if table.is_moved() {
                let place = columns.iter().position(|column| column == "company").unwrap_or(0);
                let sql = format!(
                    "UPDATE {name} SET company = json_extract(c.old, '$[{place}]') FROM import_changes c
                     WHERE c.import = ?1 AND c.name = '{name}' AND c.old IS NOT NULL AND {}",
                    table.has_key("c.key")
                );
                self.execute(&sql, [import])?;
                continue;
            }
            // The key as it was logged, so that the log is not read once for each row.
            let remove = format!(
                "DELETE FROM {name} WHERE EXISTS (
                     SELECT 1 FROM import_changes c
                     WHERE c.import = ?1 AND c.name = '{name}' AND c.key = {} AND c.old IS NULL)",
                array(key, name)
            );
            self.execute(&sparing_companies(name, &remove), (import, &kept))?;
            let values: Vec<String> = (0..columns.len())
                .map(|place| format!("json_extract(old, '$[{place}]')"))
                .collect();
            let set: Vec<String> = columns
                .iter()
                .filter(|column| !key.contains(column))
                .map(|column| format!("{column} = excluded.{column}"))
                .collect();
            let on_conflict = match set.is_empty() {
                true => "DO NOTHING".to_owned(),
                false => format!("DO UPDATE SET {}", set.join(", ")),
            };
            let restore = format!(
                "INSERT INTO {name} ({}) SELECT {} FROM import_changes
                 WHERE import = ?1 AND name = '{name}' AND old IS NOT NULL
                 ON CONFLICT ({}) {on_conflict}",
                columns.join(", "),
                values.join(", "),
                key.join(", ")
            );
            self.execute(&restore, [import])?;
        }
        self.reset_companies(&kept)?;
        let days = self.undo_days(import)?;
        self.remove_health_of_nobody()?;
        Ok(days)
    }

    fn require_unchanged(&self, import: i64, table: &Logged) -> Result<()> {
        let sql = format!(
            "SELECT key FROM import_changes WHERE import = ?1 AND name = '{}' AND new IS NOT {} LIMIT 1",
            table.name,
            table.present("import_changes.key")
        );
        let changed: Option<String> = self.read_first(&sql, [import], |row| row.get("key"))?;
        match changed {
            Some(key) => Err(built_on(&format!("{} {key} has changed since", table.name)).into()),
            None => Ok(()),
        }
    }

    /// The companies that an import created and that have signals, tasks or tags, as a JSON array:
    /// those are never deleted.
    fn companies_in_use(&self, import: i64) -> Result<String> {
        let sql = "SELECT json_group_array(id) AS ids FROM companies
                   WHERE (id IN (SELECT json_extract(key, '$[0]') FROM import_changes
                                 WHERE import = ?1 AND name = 'companies' AND old IS NULL)
                          OR id > (SELECT last_id FROM import_marks WHERE import = ?1 AND name = 'companies'))
                     AND (id IN (SELECT company FROM signals) OR id IN (SELECT company FROM tasks)
                          OR id IN (SELECT company FROM company_tags))";
        self.read_one(sql, [import], |row| row.get("ids"))
    }

    /// Turns companies that must stay into those that facts alone would have created.
    fn reset_companies(&self, companies: &str) -> Result<()> {
        macro_rules! cleared {
            ($($field:ident),+) => { concat!($(stringify!($field), " = NULL, "),+) };
        }
        let sql = format!(
            "UPDATE companies SET {} churned_on = NULL, paid_at = NULL, is_unlisted = 1, folded_id = lower(company_id)
             WHERE id IN (SELECT value FROM json_each(?1))",
            optional_fields!(cleared)
        );
        self.execute(&sql, [companies])
    }

    fn undo_events(&self, import: i64) -> Result<Vec<Day>> {
        let days = self.undo_days(import)?;
        let kept = self.companies_in_use(import)?;
        for table in NAMES {
            let sql = format!(
                "DELETE FROM {table}
                 WHERE id > (SELECT last_id FROM import_marks WHERE import = ?1 AND name = '{table}')"
            );
            self.execute(&sparing_companies(table, &sql), (import, &kept))?;
        }
        self.remove_health_of_nobody()?;
        Ok(days)
    }

    /// Restores the events of each day that an import changed. Returns these days.
    fn undo_days(&self, import: i64) -> Result<Vec<Day>> {
        let sql = "SELECT id, events FROM import_days WHERE import = ?1 ORDER BY id";
        let mut days = BTreeSet::new();
        self.for_each_row(sql, [import], |row| {
            let (day, company, piece) = keys::split_piece(row.get("id")?);
            days.insert(Day::from_number(day));
            if piece == 0 {
                self.remove_days(day, company)?;
            }
            if let Some(events) = row.get_ref("events")?.as_str_or_null()? {
                self.put_piece_back(day, company, piece, events)?;
            }
            Ok(())
        })?;
        days.extend(self.undo_pulled_days(import)?);
        if !days.is_empty() {
            self.recount_everything()?;
        }
        Ok(days.into_iter().collect())
    }

    /// Takes out the events of a company on a day, or those of all companies, which is company 0.
    fn remove_days(&self, day: i32, company: u32) -> Result<()> {
        if company != 0 {
            return self.remove_day(day, company);
        }
        let of_day = DayRange { from: Day::from_number(day), to: Day::from_number(day) };
        let (rows, counts) = (keys::of_whole_day(day), keys::of_counts(of_day));
        for (table, range) in [("event_days", rows), ("day_counts", counts)] {
            let sql = format!("DELETE FROM {table} WHERE id BETWEEN ?1 AND ?2");
            self.execute(&sql, (range.start(), range.end()))?;
        }
        Ok(())
    }

    fn put_piece_back(&self, day: i32, company: u32, piece: i64, events: &str) -> Result<()> {
        let sql = "INSERT INTO event_days (id, events) VALUES (?1, ?2)";
        self.execute(sql, (keys::of_piece(day, company, piece), events))?;
        let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
        day_text::for_each(events, |event| {
            *counts.entry(event.key.event).or_default() += event.copies;
        })?;
        let sql = "INSERT INTO day_counts (id, count) VALUES (?1, ?2)
                   ON CONFLICT (id) DO UPDATE SET count = count + excluded.count";
        let mut count = self.connection.prepare_cached(sql)?;
        for (event, copies) in counts {
            count.execute((keys::of_count(day, company, event), copies))?;
        }
        Ok(())
    }

    /// Recomputes what follows from the events.
    fn recount_everything(&self) -> Result<()> {
        self.connection.execute_batch(
            "UPDATE companies SET first_event_day = NULL, last_event_day = NULL
             WHERE first_event_day IS NOT NULL;
             UPDATE companies SET first_event_day = d.first, last_event_day = d.last
             FROM (SELECT company, min(day) AS first, max(day) AS last FROM day_counts GROUP BY company) d
             WHERE d.company = companies.id;
             DELETE FROM first_uses;
             INSERT INTO first_uses (event, company, day)
             SELECT event, company, min(day) FROM day_counts GROUP BY event, company;",
        )?;
        self.recount_all_first_people()
    }

    fn remove_health_of_nobody(&self) -> Result<()> {
        let sql = "DELETE FROM health_scores WHERE company NOT IN (SELECT id FROM companies)";
        self.execute(sql, [])
    }

    /// Refuses to delete a company for which something was recorded by hand.
    fn require_no_orphans(&self) -> Result<()> {
        let sql = "SELECT \"table\" AS child, parent FROM pragma_foreign_key_check LIMIT 1";
        let orphan: Option<(String, String)> = self.read_first(sql, [], |row| row.try_into())?;
        match orphan {
            Some((child, parent)) => {
                Err(built_on(&format!("{child} has rows that belong to {parent} that it made"))
                    .into())
            }
            None => Ok(()),
        }
    }
}

/// The statement that removes rows of a table, without the companies of the JSON array `?2`.
fn sparing_companies(table: &str, removal: &str) -> String {
    match table {
        "companies" => format!("{removal} AND id NOT IN (SELECT value FROM json_each(?2))"),
        _ => format!("{removal} AND ?2 IS NOT NULL"),
    }
}

fn built_on(what: &str) -> CommandError {
    not_allowed(format!("the import cannot be undone: {what}"))
}

/// The triggers that log the rows of a table before their first change.
fn triggers(table: &Logged) -> String {
    let Logged { name, key, .. } = table;
    let note = |of: &str, old: &str| {
        let key = array(key, of);
        format!(
            "INSERT INTO changed_rows (name, key, old) SELECT '{name}', {key}, {old}
             WHERE NOT EXISTS (SELECT 1 FROM changed_rows WHERE name = '{name}' AND key = {key});"
        )
    };
    let (added, was) = (note("NEW", "NULL"), note("OLD", &table.row("OLD")));
    format!(
        "CREATE TEMP TRIGGER log_insert_{name} AFTER INSERT ON main.{name} BEGIN {added} END;
         CREATE TEMP TRIGGER log_update_{name} AFTER UPDATE ON main.{name} BEGIN {was} {added} END;
         CREATE TEMP TRIGGER log_delete_{name} AFTER DELETE ON main.{name} BEGIN {was} END;"
    )
}
