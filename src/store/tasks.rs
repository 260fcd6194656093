//! Tasks and their history.

use std::collections::HashMap;

use anyhow::Result;
use rusqlite::{OptionalExtension, Row, named_params};

use super::Store;
use crate::domain::company::CompanyKey;
use crate::domain::day::Day;
use crate::domain::playbook::Playbook;
use crate::domain::signal::SignalId;
use crate::domain::task::{InCharge, Owner, Stamp, TaskAction, TaskEntry, TaskId, TaskState};

/// A task to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTask<'a> {
    /// The company.
    pub company: CompanyKey,
    /// What is to be done.
    pub title: &'a str,
    /// By when.
    pub due_on: Day,
    /// By whom.
    pub owner: &'a Owner,
    /// The playbook that it is a step of.
    pub playbook: Option<&'a str>,
    /// The signal that opened it.
    pub signal: Option<SignalId>,
}

/// A task with all that the list shows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRecord {
    /// Its number.
    pub id: TaskId,
    /// The company's key.
    pub company: CompanyKey,
    /// The company's id.
    pub company_id: String,
    /// The company's name.
    pub company_name: Option<String>,
    /// Who looks after the company.
    pub csm: Option<String>,
    /// What is to be done.
    pub title: String,
    /// By when.
    pub due_on: Day,
    /// The role or the person whose it is.
    pub owner: Owner,
    /// The person whose it is now, or was when it was done; `None` where the company has nobody in
    /// that role.
    pub assignee: Option<String>,
    /// The playbook that it is a step of.
    pub playbook: Option<String>,
    /// The signal that opened it.
    pub signal: Option<SignalId>,
    /// The day on which it was added.
    pub added_on: Day,
    /// How it was done; `None` while it is open.
    pub done: Option<TaskEntry>,
}

impl TaskRecord {
    /// Open or done.
    pub fn state(&self) -> TaskState {
        if self.done.is_some() { TaskState::Done } else { TaskState::Open }
    }

    /// Whether it is open though its day has passed.
    pub fn is_overdue(&self, today: Day) -> bool {
        self.done.is_none() && self.due_on < today
    }

    /// Whether `person` would look for it: it is theirs, or about a company that they look after.
    pub fn concerns(&self, person: &str) -> bool {
        self.assignee.as_deref() == Some(person) || self.csm.as_deref() == Some(person)
    }
}

/// Which tasks are wanted; a `None` wants all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskFilter {
    /// Those of this company.
    pub company: Option<CompanyKey>,
    /// Those in this state.
    pub state: Option<TaskState>,
    /// Those due before this day.
    pub due_before: Option<Day>,
    /// Those that [concern](TaskRecord::concerns) this person.
    pub person: Option<String>,
    /// As they stood at the end of this day: what was entered later is not looked at, but for whose
    /// they are.
    pub until: Option<Day>,
}

/// How many tasks a company has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TaskCounts {
    /// Open ones.
    pub open: u64,
    /// Open ones whose day has passed.
    pub overdue: u64,
}

/// The columns of a [`TaskRecord`] and where they come from, with a condition to follow.
macro_rules! task_select {
    () => {
        "SELECT t.id, t.company, c.company_id, c.name, c.csm, c.manager, m.manager AS manager_of_csm, t.title, t.due_on, t.owner,
                t.playbook, t.signal, t.added_on, d.id AS done, d.at, d.day, d.by, d.owner AS done_for, d.note
         FROM tasks t
         JOIN companies c ON c.id = t.company
         LEFT JOIN team m ON m.name = c.csm
         LEFT JOIN task_history d ON d.id = t.done"
    };
}

impl Store {
    /// Opens a task for each step of a playbook and puts its tags on the company, within a
    /// transaction that the caller has begun. A step is due so many days after the day of the
    /// stamp.
    pub fn open_tasks(
        &self,
        company: CompanyKey,
        playbook: &Playbook,
        signal: Option<SignalId>,
        stamp: &Stamp,
    ) -> Result<Vec<TaskId>> {
        for tag in playbook.tags() {
            self.add_tag(company, tag, stamp)?;
        }
        let tasks = playbook.steps.iter().map(|step| {
            let due_on = stamp.day + i32::from(step.due_in_days);
            let (title, owner, playbook) = (&step.title, &step.owner, Some(playbook.name.as_str()));
            self.add_task(&NewTask { company, title, due_on, owner, playbook, signal }, stamp)
        });
        tasks.collect()
    }

    /// Adds a task.
    pub fn add_task(&self, task: &NewTask<'_>, stamp: &Stamp) -> Result<TaskId> {
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO tasks (company, title, due_on, playbook, signal, owner, added_on)
             VALUES (:company, :title, :due_on, :playbook, :signal, :owner, :added_on)",
        )?;
        let id = TaskId(insert.insert(named_params! {
            ":company": task.company.0,
            ":title": task.title,
            ":due_on": task.due_on,
            ":playbook": task.playbook,
            ":signal": task.signal,
            ":owner": task.owner.as_str(),
            ":added_on": stamp.day,
        })?);
        self.enter(id, TaskAction::Added, stamp, Some(task.owner.as_str()), None)?;
        Ok(id)
    }

    /// Gives a task to another role or person.
    pub fn assign_task(&self, id: TaskId, owner: &Owner, stamp: &Stamp) -> Result<()> {
        self.enter(id, TaskAction::Assigned, stamp, Some(owner.as_str()), None)?;
        let mut update =
            self.connection.prepare_cached("UPDATE tasks SET owner = ?2 WHERE id = ?1")?;
        update.execute((id, owner.as_str()))?;
        Ok(())
    }

    /// Notes that an open task is done.
    pub fn finish_task(&self, task: &TaskRecord, note: Option<&str>, stamp: &Stamp) -> Result<()> {
        let entry = self.enter(task.id, TaskAction::Done, stamp, task.assignee.as_deref(), note)?;
        let mut update =
            self.connection.prepare_cached("UPDATE tasks SET done = ?2 WHERE id = ?1")?;
        update.execute((task.id, entry))?;
        Ok(())
    }

    fn enter(
        &self,
        id: TaskId,
        action: TaskAction,
        stamp: &Stamp,
        owner: Option<&str>,
        note: Option<&str>,
    ) -> Result<i64> {
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO task_history (task, action, at, day, by, owner, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        Ok(insert.insert((id, action, stamp.at, stamp.day, &stamp.by, owner, note))?)
    }

    /// The task of this number.
    pub fn task(&self, id: TaskId) -> Result<Option<TaskRecord>> {
        let mut statement =
            self.connection.prepare_cached(concat!(task_select!(), " WHERE t.id = ?1"))?;
        Ok(statement.query_row([id], read_task).optional()?)
    }

    /// The tasks that pass the filter, those due first before the others.
    pub fn tasks(&self, filter: &TaskFilter) -> Result<Vec<TaskRecord>> {
        let mut statement = self.connection.prepare_cached(concat!(
            task_select!(),
            " WHERE (:company IS NULL OR t.company = :company)
                AND (:due_before IS NULL OR t.due_on < :due_before)
                AND (:until IS NULL OR t.added_on <= :until)
                AND (:state IS NULL OR (:state = 'done') = (d.id IS NOT NULL AND (:until IS NULL OR d.day <= :until)))
              ORDER BY t.due_on, t.id",
        ))?;
        let parameters = named_params! {
            ":company": filter.company.map(|company| company.0),
            ":due_before": filter.due_before,
            ":until": filter.until,
            ":state": filter.state.map(TaskState::as_str),
        };
        let tasks = statement.query_map(parameters, read_task)?.map(|task| {
            let mut task = task?;
            // What was done later had not been done by then.
            task.done =
                task.done.filter(|done| filter.until.is_none_or(|until| done.stamp.day <= until));
            Ok(task)
        });
        let concerns =
            |task: &TaskRecord| filter.person.as_ref().is_none_or(|person| task.concerns(person));
        tasks.filter(|task| task.as_ref().map_or(true, concerns)).collect()
    }

    /// The tasks that a signal opened, in order of their numbers.
    pub fn tasks_of_signal(&self, signal: SignalId) -> Result<Vec<TaskRecord>> {
        let mut statement = self
            .connection
            .prepare_cached(concat!(task_select!(), " WHERE t.signal = ?1 ORDER BY t.id"))?;
        let tasks = statement.query_map([signal], read_task)?;
        Ok(tasks.collect::<Result<_, _>>()?)
    }

    /// What happened to a task, oldest first.
    pub fn task_history(&self, id: TaskId) -> Result<Vec<TaskEntry>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT action, at, day, by, owner, note FROM task_history WHERE task = ?1 ORDER BY id",
        )?;
        let history = statement.query_map([id], |row| {
            Ok(TaskEntry {
                action: row.get("action")?,
                stamp: Stamp { at: row.get("at")?, day: row.get("day")?, by: row.get("by")? },
                owner: row.get("owner")?,
                note: row.get("note")?,
            })
        })?;
        Ok(history.collect::<Result<_, _>>()?)
    }

    /// How many tasks each company has that has any open, those overdue being due before `as_of`.
    /// With `until`, as they stood at the end of that day: a task that was done later was open.
    pub fn task_counts(
        &self,
        as_of: Day,
        until: Option<Day>,
    ) -> Result<HashMap<CompanyKey, TaskCounts>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT t.company, count(*) AS open, sum(t.due_on < :as_of) AS overdue
             FROM tasks t LEFT JOIN task_history d ON d.id = t.done
             WHERE CASE WHEN :until IS NULL THEN t.done IS NULL
                        ELSE t.added_on <= :until AND (d.day IS NULL OR d.day > :until) END
             GROUP BY t.company",
        )?;
        let counts =
            statement.query_map(named_params! {":as_of": as_of, ":until": until}, |row| {
                let number = |name| row.get::<_, i64>(name).map(|number| number as u64);
                Ok((
                    CompanyKey(row.get("company")?),
                    TaskCounts { open: number("open")?, overdue: number("overdue")? },
                ))
            })?;
        Ok(counts.collect::<Result<_, _>>()?)
    }

    /// Everybody who has to do with customers: the team, and those whom companies and tasks name; A
    /// to Z.
    pub fn known_colleagues(&self) -> Result<Vec<String>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT name FROM team
             UNION SELECT csm FROM companies WHERE csm IS NOT NULL
             UNION SELECT manager FROM companies WHERE manager IS NOT NULL
             UNION SELECT manager FROM team WHERE manager IS NOT NULL
             ORDER BY 1",
        )?;
        let names = statement.query_map([], |row| row.get(0))?;
        Ok(names.collect::<Result<_, _>>()?)
    }
}

fn read_task(row: &Row<'_>) -> rusqlite::Result<TaskRecord> {
    let owner: Owner = row.get("owner")?;
    let csm: Option<String> = row.get("csm")?;
    let in_charge = InCharge {
        csm: csm.clone(),
        manager: row.get("manager")?,
        manager_of_csm: row.get("manager_of_csm")?,
    };
    let done = read_done(row)?;
    let assignee = match &done {
        Some(done) => done.owner.clone(),
        None => owner.person(&in_charge).map(str::to_owned),
    };
    Ok(TaskRecord {
        id: row.get("id")?,
        company: CompanyKey(row.get("company")?),
        company_id: row.get("company_id")?,
        company_name: row.get("name")?,
        csm,
        title: row.get("title")?,
        due_on: row.get("due_on")?,
        owner,
        assignee,
        playbook: row.get("playbook")?,
        signal: row.get("signal")?,
        added_on: row.get("added_on")?,
        done,
    })
}

fn read_done(row: &Row<'_>) -> rusqlite::Result<Option<TaskEntry>> {
    if row.get::<_, Option<i64>>("done")?.is_none() {
        return Ok(None);
    }
    Ok(Some(TaskEntry {
        action: TaskAction::Done,
        stamp: Stamp { at: row.get("at")?, day: row.get("day")?, by: row.get("by")? },
        owner: row.get("done_for")?,
        note: row.get("note")?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::day::Instant;
    use crate::store::Permissions;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn on(text: &str) -> Stamp {
        Stamp { at: Instant::from_micros(0), day: day(text), by: "ana".to_owned() }
    }

    fn store(folder: &tempfile::TempDir) -> Store {
        Store::create_or_open(&folder.path().join("test.db"), Permissions::Owner).unwrap()
    }

    fn add(store: &Store, company: CompanyKey, due_on: &str, added_on: &str) -> TaskRecord {
        let owner = Owner::Csm;
        let task = NewTask {
            company,
            title: "Call",
            due_on: day(due_on),
            owner: &owner,
            playbook: None,
            signal: None,
        };
        let id = store.add_task(&task, &on(added_on)).unwrap();
        store.task(id).unwrap().unwrap()
    }

    #[test]
    fn tasks_are_counted_as_they_stood() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let company = store.add_unlisted_company("acme").unwrap();
        let task = add(&store, company, "2026-03-05", "2026-03-02");
        add(&store, company, "2026-03-09", "2026-03-04");
        store.finish_task(&task, None, &on("2026-03-07")).unwrap();
        // The day, and how many were open and overdue at its end.
        let cases = [
            ("2026-03-01", (0, 0)),
            ("2026-03-02", (1, 0)),
            ("2026-03-05", (2, 0)), // due on the day itself is not overdue
            ("2026-03-06", (2, 1)),
            ("2026-03-07", (1, 0)), // done on this day
            ("2026-03-09", (1, 0)),
            ("2026-03-10", (1, 1)),
        ];
        for (as_of, (open, overdue)) in cases {
            let counts = store.task_counts(day(as_of), Some(day(as_of))).unwrap();
            let expected = TaskCounts { open, overdue };
            assert_eq!(counts.get(&company).copied().unwrap_or_default(), expected, "{as_of}");
            let filter = TaskFilter {
                state: Some(TaskState::Open),
                until: Some(day(as_of)),
                company: Some(company),
                ..TaskFilter::default()
            };
            let listed = store.tasks(&filter).unwrap();
            assert_eq!(listed.len() as u64, open, "{as_of}");
            assert!(listed.iter().all(|task| task.state() == TaskState::Open));
        }
        // As they stand now, overdue on an earlier day.
        let now = store.task_counts(day("2026-03-06"), None).unwrap();
        assert_eq!(now[&company], TaskCounts { open: 1, overdue: 0 });
    }

    #[test]
    fn a_task_is_never_deleted_and_its_history_only_grows() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let company = store.add_unlisted_company("acme").unwrap();
        let task = add(&store, company, "2026-03-05", "2026-03-02");
        store.assign_task(task.id, &Owner::Person("tom".to_owned()), &on("2026-03-03")).unwrap();
        let task = store.task(task.id).unwrap().unwrap();
        store.finish_task(&task, Some("called"), &on("2026-03-04")).unwrap();
        let history = store.task_history(task.id).unwrap();
        let told = history
            .iter()
            .map(|entry| (entry.action.as_str(), entry.owner.as_deref(), entry.note.as_deref()));
        let expected = [
            ("added", Some("csm"), None),
            ("assigned", Some("tom"), None),
            ("done", Some("tom"), Some("called")),
        ];
        assert_eq!(told.collect::<Vec<_>>(), expected);
        assert_eq!(store.problems().unwrap(), [""; 0]);
        let connection = &store.connection;
        for sql in [
            "DELETE FROM tasks",
            "DELETE FROM task_history",
            "UPDATE task_history SET day = '2026-01-01'",
            "INSERT OR REPLACE INTO tasks (id, company, title, due_on, owner, added_on) VALUES (1, 1, 'x', 'x', 'x', 'x')",
        ] {
            assert!(connection.execute(sql, []).is_err(), "{sql}");
        }
        connection.execute("UPDATE tasks SET done = NULL", []).unwrap();
        assert_eq!(store.problems().unwrap(), ["task 1 is not what its history says"]);
    }
}
