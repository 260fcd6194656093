//! Tasks and their history.

use std::collections::HashMap;

use anyhow::Result;
use rusqlite::{Row, named_params};

use super::Store;
use super::values::{bind_fields, read_fields};
use crate::domain::company::CompanyKey;
use crate::domain::day::Day;
use crate::domain::playbook::Playbook;
use crate::domain::signal::SignalId;
use crate::domain::task::{InCharge, Owner, Stamp, TaskAction, TaskEntry, TaskId, TaskState};

/// A task to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewTask<'a> {
    pub company: CompanyKey,
    pub title: &'a str,
    pub due_on: Day,
    pub owner: &'a Owner,
    /// The playbook that it is a step of.
    pub playbook: Option<&'a str>,
    /// The signal that opened it.
    pub signal: Option<SignalId>,
}

/// A task with everything that lists show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TaskRecord {
    pub id: TaskId,
    pub company: CompanyKey,
    pub company_id: String,
    pub company_name: Option<String>,
    /// The company's CSM.
    pub csm: Option<String>,
    pub title: String,
    pub due_on: Day,
    /// The role or person it is assigned to.
    pub owner: Owner,
    /// The person it is assigned to now, or was when it was closed; `None` if the company has
    /// nobody in that role.
    pub assignee: Option<String>,
    /// The playbook that it is a step of.
    pub playbook: Option<String>,
    /// The signal that opened it.
    pub signal: Option<SignalId>,
    pub added_on: Day,
    /// The entry that closed it; `None` while it is open.
    pub closed: Option<TaskEntry>,
}

impl TaskRecord {
    pub(crate) fn state(&self) -> TaskState {
        match &self.closed {
            None => TaskState::Open,
            Some(entry) if entry.action == TaskAction::Dropped => TaskState::Dropped,
            Some(_) => TaskState::Done,
        }
    }

    /// The entry that completed it, if one did.
    pub(crate) fn done(&self) -> Option<&TaskEntry> {
        self.closed.as_ref().filter(|entry| entry.action == TaskAction::Done)
    }

    /// The entry that dropped it, if one did.
    pub(crate) fn dropped(&self) -> Option<&TaskEntry> {
        self.closed.as_ref().filter(|entry| entry.action == TaskAction::Dropped)
    }

    /// Whether it is open and its due date has passed.
    pub(crate) fn is_overdue(&self, today: Day) -> bool {
        self.closed.is_none() && self.due_on < today
    }

    /// Whether it is assigned to `person`, or about a company they look after.
    pub(crate) fn concerns(&self, person: &str) -> bool {
        self.assignee.as_deref() == Some(person) || self.csm.as_deref() == Some(person)
    }
}

/// Which tasks are wanted; `None` matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TaskFilter {
    pub company: Option<CompanyKey>,
    pub state: Option<TaskState>,
    pub playbook: Option<String>,
    /// Those due before this day.
    pub due_before: Option<Day>,
    /// Tasks that [concern](TaskRecord::concerns) this person.
    pub person: Option<String>,
    /// As of the end of this day: later entries are ignored, except for the assignee.
    pub until: Option<Day>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct TaskCounts {
    pub open: u64,
    /// Open tasks whose due date has passed.
    pub overdue: u64,
}

/// The columns of a [`TaskRecord`] and their tables, to be followed by a condition.
macro_rules! task_select {
    () => {
        "SELECT t.id, t.company, c.company_id, c.name AS company_name, c.csm, c.manager, m.manager AS manager_of_csm, t.title, t.due_on, t.owner,
                t.playbook, t.signal, t.added_on, d.action AS closed, d.at, d.day, d.by, d.owner AS closed_for, d.note
         FROM tasks t
         JOIN companies c ON c.id = t.company
         LEFT JOIN team m ON m.name = c.csm
         LEFT JOIN task_history d ON d.id = t.closed"
    };
}

impl Store {
    /// Opens a task for each step of a playbook and adds its tags to the company, inside the
    /// caller's transaction. Due dates count from the day of the stamp. If the company still has
    /// open tasks of the playbook, the signal is linked to those and no others are opened.
    pub(crate) fn open_tasks(
        &self,
        company: CompanyKey,
        playbook: &Playbook,
        signal: Option<SignalId>,
        stamp: &Stamp,
    ) -> Result<Vec<TaskId>> {
        if let Some(signal) = signal
            && self.link_to_open_tasks(company, &playbook.name, signal)?
        {
            return Ok(Vec::new());
        }
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

    /// Links a signal to the open tasks of a playbook. Returns whether there were any.
    fn link_to_open_tasks(
        &self,
        company: CompanyKey,
        playbook: &str,
        signal: SignalId,
    ) -> Result<bool> {
        let sql = "INSERT INTO task_signals (signal, task)
                   SELECT ?3, id FROM tasks WHERE company = ?1 AND closed IS NULL AND playbook = ?2";
        Ok(self.changes(sql, (company, playbook, signal))? > 0)
    }

    pub(crate) fn add_task(&self, task: &NewTask<'_>, stamp: &Stamp) -> Result<TaskId> {
        let sql = "INSERT INTO tasks (company, title, due_on, playbook, signal, owner, added_on)
                   VALUES (:company, :title, :due_on, :playbook, :signal, :owner, :added_on)";
        let owner = task.owner.as_str();
        let values = bind_fields!(task: company, title, due_on, playbook, signal;
            owner = owner; added_on = stamp.day);
        let id = TaskId(self.insert(sql, values)?);
        self.enter(id, TaskAction::Added, stamp, Some(owner), None)?;
        Ok(id)
    }

    /// Assigns a task to another role or person.
    pub(crate) fn assign_task(&self, id: TaskId, owner: &Owner, stamp: &Stamp) -> Result<()> {
        self.enter(id, TaskAction::Assigned, stamp, Some(owner.as_str()), None)?;
        self.execute("UPDATE tasks SET owner = ?2 WHERE id = ?1", (id, owner.as_str()))
    }

    /// Closes an open task as done or dropped.
    pub(crate) fn close_task(
        &self,
        task: &TaskRecord,
        action: TaskAction,
        note: Option<&str>,
        stamp: &Stamp,
    ) -> Result<()> {
        let entry = self.enter(task.id, action, stamp, task.assignee.as_deref(), note)?;
        self.execute("UPDATE tasks SET closed = ?2 WHERE id = ?1", (task.id, entry))
    }

    /// Drops the open tasks of a signal, except those that another open signal shares. Returns how
    /// many were dropped.
    pub(crate) fn drop_tasks_of_signal(
        &self,
        signal: SignalId,
        note: &str,
        stamp: &Stamp,
    ) -> Result<u64> {
        self.drop_tasks(&self.tasks_of_signal_alone(signal)?, note, stamp)
    }

    /// The open tasks of a signal that no other open signal shares.
    pub(crate) fn tasks_of_signal_alone(&self, signal: SignalId) -> Result<Vec<TaskRecord>> {
        let sql = concat!(
            task_select!(),
            " WHERE t.closed IS NULL
                AND (t.signal = ?1 OR t.id IN (SELECT task FROM task_signals WHERE signal = ?1))
                AND NOT EXISTS (SELECT 1 FROM signals s
                                WHERE s.id <> ?1 AND s.acknowledgement IS NULL
                                  AND s.id IN (SELECT t.signal UNION ALL
                                               SELECT signal FROM task_signals WHERE task = t.id))
              ORDER BY t.id",
        );
        self.read_all(sql, [signal], read_task)
    }

    /// Drops the open tasks of companies whose recorded churn has taken effect by `today`. Returns
    /// how many were dropped.
    pub(crate) fn drop_tasks_of_churned(&self, today: Day, stamp: &Stamp) -> Result<u64> {
        let sql = "SELECT q.company AS id, b.churned_on FROM companies_churning q
                   LEFT JOIN customer_breaks b
                          ON b.company = q.company AND (b.returned_on IS NULL OR b.returned_on > ?1)
                   ORDER BY q.company, b.churned_on";
        let queued: Vec<(CompanyKey, Option<Day>)> =
            self.read_all(sql, [today], |row| row.try_into())?;
        let mut count = 0;
        for (company, churned_on) in queued {
            if churned_on.is_some_and(|day| day > today) {
                continue;
            }
            if churned_on.is_some() {
                count += self.drop_tasks_of_company(company, stamp)?;
            }
            self.execute("DELETE FROM companies_churning WHERE company = ?1", [company])?;
        }
        Ok(count)
    }

    fn drop_tasks_of_company(&self, company: CompanyKey, stamp: &Stamp) -> Result<u64> {
        let filter = TaskFilter {
            company: Some(company),
            state: Some(TaskState::Open),
            ..TaskFilter::default()
        };
        self.drop_tasks(&self.tasks(&filter)?, "the company has churned", stamp)
    }

    fn drop_tasks(&self, tasks: &[TaskRecord], note: &str, stamp: &Stamp) -> Result<u64> {
        for task in tasks {
            self.close_task(task, TaskAction::Dropped, Some(note), stamp)?;
        }
        Ok(tasks.len() as u64)
    }

    fn enter(
        &self,
        id: TaskId,
        action: TaskAction,
        stamp: &Stamp,
        owner: Option<&str>,
        note: Option<&str>,
    ) -> Result<i64> {
        let sql = "INSERT INTO task_history (task, action, at, day, by, owner, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        self.insert(sql, (id, action, stamp.at, stamp.day, &stamp.by, owner, note))
    }

    pub(crate) fn task(&self, id: TaskId) -> Result<Option<TaskRecord>> {
        self.read_first(concat!(task_select!(), " WHERE t.id = ?1"), [id], read_task)
    }

    /// The matching tasks, earliest due first.
    pub(crate) fn tasks(&self, filter: &TaskFilter) -> Result<Vec<TaskRecord>> {
        let sql = concat!(
            task_select!(),
            " WHERE (:company IS NULL OR t.company = :company)
                AND (:due_before IS NULL OR t.due_on < :due_before)
                AND (:until IS NULL OR t.added_on <= :until)
                AND (:playbook IS NULL OR t.playbook = :playbook)
                AND (:state IS NULL
                     OR :state = CASE WHEN :until IS NULL OR d.day <= :until THEN coalesce(d.action, 'open') ELSE 'open' END)
              ORDER BY t.due_on, t.id",
        );
        let values = bind_fields!(filter: company, due_before, until, playbook;
            state = filter.state.map(TaskState::as_str));
        let mut tasks: Vec<TaskRecord> = self.read_all(sql, values, read_task)?;
        for task in &mut tasks {
            // A task that was closed later was still open.
            task.closed
                .take_if(|closed| filter.until.is_some_and(|until| closed.stamp.day > until));
        }
        tasks.retain(|task| filter.person.as_ref().is_none_or(|person| task.concerns(person)));
        Ok(tasks)
    }

    /// The tasks that a signal opened or was linked to, ordered by id.
    pub(crate) fn tasks_of_signal(&self, signal: SignalId) -> Result<Vec<TaskRecord>> {
        let sql = concat!(
            task_select!(),
            " WHERE t.signal = ?1 OR t.id IN (SELECT task FROM task_signals WHERE signal = ?1)
              ORDER BY t.id"
        );
        self.read_all(sql, [signal], read_task)
    }

    /// The open and overdue tasks of each company that has any; overdue ones are due before
    /// `as_of`. With `until`, as of the end of that day: tasks that were closed later count as
    /// open.
    pub(crate) fn task_counts(
        &self,
        as_of: Day,
        until: Option<Day>,
    ) -> Result<HashMap<CompanyKey, TaskCounts>> {
        let sql = "SELECT t.company, count(*) AS open, sum(t.due_on < :as_of) AS overdue
                   FROM tasks t LEFT JOIN task_history d ON d.id = t.closed
                   WHERE CASE WHEN :until IS NULL THEN t.closed IS NULL
                              ELSE t.added_on <= :until AND (d.day IS NULL OR d.day > :until) END
                   GROUP BY t.company";
        self.read_all(sql, named_params! {":as_of": as_of, ":until": until}, |row| {
            let counts = TaskCounts { open: row.get("open")?, overdue: row.get("overdue")? };
            Ok((row.get("company")?, counts))
        })
    }

    /// Everybody who works with customers: the team, and everyone named by companies and tasks, A
    /// to Z.
    pub(crate) fn known_colleagues(&self) -> Result<Vec<String>> {
        let sql = "SELECT name FROM team
                   UNION SELECT csm FROM companies WHERE csm IS NOT NULL
                   UNION SELECT manager FROM companies WHERE manager IS NOT NULL
                   UNION SELECT manager FROM team WHERE manager IS NOT NULL
                   ORDER BY 1";
        self.read_all(sql, [], |row| row.get(0))
    }
}

fn read_task(row: &Row<'_>) -> rusqlite::Result<TaskRecord> {
    let owner: Owner = row.get("owner")?;
    let in_charge: rusqlite::Result<InCharge> =
        read_fields!(row => InCharge: csm, manager, manager_of_csm);
    let closed = read_closing(row)?;
    let assignee = match &closed {
        Some(closed) => closed.owner.clone(),
        None => owner.person(&in_charge?).map(str::to_owned),
    };
    read_fields!(row => TaskRecord: id, company, company_id, company_name, csm, title, due_on, owner,
        playbook, signal, added_on; assignee = assignee; closed = closed)
}

fn read_closing(row: &Row<'_>) -> rusqlite::Result<Option<TaskEntry>> {
    let Some(action) = row.get("closed")? else { return Ok(None) };
    Ok(Some(TaskEntry {
        action,
        stamp: Stamp { at: row.get("at")?, day: row.get("day")?, by: row.get("by")? },
        owner: row.get("closed_for")?,
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
        store.close_task(&task, TaskAction::Done, None, &on("2026-03-07")).unwrap();
        // The day, and the number of open and overdue tasks at its end.
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
        // Tasks as they are now, overdue on an earlier day.
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
        store.close_task(&task, TaskAction::Done, Some("called"), &on("2026-03-04")).unwrap();
        let sql = "SELECT action, owner, coalesce(note, '-') AS note FROM task_history ORDER BY id";
        let mut statement = store.connection.prepare(sql).unwrap();
        let told = statement.query_map([], |row| {
            Ok(["action", "owner", "note"].map(|column| row.get::<_, String>(column).unwrap()))
        });
        let told: Vec<[String; 3]> = told.unwrap().collect::<Result<_, _>>().unwrap();
        let expected = [["added", "csm", "-"], ["assigned", "tom", "-"], ["done", "tom", "called"]];
        assert_eq!(told, expected);
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
        connection.execute("UPDATE tasks SET closed = NULL", []).unwrap();
        assert_eq!(store.problems().unwrap(), ["task 1 is not what its history says"]);
    }
}
