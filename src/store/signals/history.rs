//! What happened to signals: their histories, and what an entry does to its signal.

use anyhow::Result;
use rusqlite::Row;

use super::super::Store;
use super::super::values::{bind_fields, read_fields};
use super::{Acknowledgement, IS_NOT_RETRACTED};
use crate::domain::company::CompanyKey;
use crate::domain::day::Day;
use crate::domain::signal::{Action, HistoryEntry, SignalId, SignalLife, SignalType, Traffic};

impl Store {
    /// The history of a signal, oldest first.
    pub(crate) fn signal_history(&self, id: SignalId) -> Result<Vec<HistoryEntry>> {
        let sql = "SELECT action, at, day, by, reason, outcome, until, assignee FROM signal_history WHERE signal = ?1 ORDER BY id";
        self.read_all(sql, [id], read_history)
    }

    /// All signals with their histories, ordered by id. With `until`, as they were at the end of
    /// that day.
    pub(crate) fn signal_lives(&self, until: Option<Day>) -> Result<Vec<SignalLife>> {
        let sql = "SELECT s.id, s.company, s.rule, s.type AS signal_type, s.raised_on, h.action, h.at, h.day, h.by,
                          h.reason, h.outcome, h.until, h.assignee
                   FROM signals s
                   LEFT JOIN signal_history h ON h.signal = s.id
                     AND (?1 IS NULL OR h.day <= ?1 OR (h.id = s.acknowledgement AND h.outcome = 'retracted'))
                   WHERE ?1 IS NULL OR s.raised_on <= ?1
                   ORDER BY s.id, h.id";
        let (mut lives, mut last): (Vec<SignalLife>, Option<SignalId>) = Default::default();
        self.for_each_row(sql, [until], |row| {
            let id = row.get("id")?;
            if last.replace(id) != Some(id) {
                lives.push(read_life(row)?);
            }
            if let (Some(life), Some(_)) =
                (lives.last_mut(), row.get::<_, Option<Action>>("action")?)
            {
                life.history.push(read_history(row)?);
            }
            Ok(())
        })?;
        Ok(lives)
    }

    /// For each company and type: how many signals were raised by `last`, how many of them since
    /// `recently`, how many were closed since then, and how many are open. With `until`, as it was
    /// at the end of that day. Counted in SQL: a company has thousands of signals after some years.
    pub(crate) fn signal_traffic(
        &self,
        until: Option<Day>,
        recently: Day,
        last: Day,
    ) -> Result<Vec<(CompanyKey, SignalType, Traffic)>> {
        let now = "SELECT company, type, count(*) FILTER (WHERE raised_on >= ?1), count(*) FILTER (WHERE closed_on >= ?1),
                          count(*) FILTER (WHERE acknowledgement IS NULL),
                          min(raised_on) FILTER (WHERE acknowledgement IS NULL)
                   FROM signals WHERE raised_on <= ?2 GROUP BY company, type";
        let is_open = format!("h.id IS NULL AND {IS_NOT_RETRACTED}");
        let then = format!(
            "SELECT s.company, s.type, count(*) FILTER (WHERE s.raised_on >= ?1), count(*) FILTER (WHERE h.day >= ?1),
                           count(*) FILTER (WHERE {is_open}), min(s.raised_on) FILTER (WHERE {is_open})
                    FROM signals s
                    LEFT JOIN signal_history h
                      ON h.id = (SELECT d.id FROM signal_history d
                                 WHERE d.signal = s.id AND d.day <= ?3 AND d.action IN ('acknowledged', 'reopened')
                                 ORDER BY d.id DESC LIMIT 1)
                     AND h.action = 'acknowledged'
                    WHERE s.raised_on <= min(?2, ?3) GROUP BY s.company, s.type"
        );
        let read = |row: &Row<'_>| {
            let (opened, closed, open) = (row.get(2)?, row.get(3)?, row.get(4)?);
            let traffic = Traffic { opened, closed, open, open_since: row.get(5)? };
            Ok((row.get(0)?, row.get(1)?, traffic))
        };
        match until {
            None => self.read_all(now, (recently, last), read),
            Some(until) => self.read_all(&then, (recently, last, until), read),
        }
    }

    /// The acknowledgement that closed a signal by the end of a day; `None` if it was open.
    pub(crate) fn acknowledgement_on(
        &self,
        id: SignalId,
        day: Day,
    ) -> Result<Option<Acknowledgement>> {
        let last = self
            .signal_history(id)?
            .into_iter()
            .rfind(|entry| entry.day <= day && entry.action.leaves().is_some());
        let closed = last.filter(|entry| entry.action == Action::Acknowledged);
        Ok(closed.map(|entry| {
            let HistoryEntry { by, at, reason, outcome, .. } = entry;
            Acknowledgement { by, at, reason, outcome }
        }))
    }

    /// Adds an entry to the history of a signal, and applies it to the signal.
    pub(crate) fn add_history(&self, id: SignalId, entry: &HistoryEntry) -> Result<()> {
        let sql = "INSERT INTO signal_history (signal, action, at, day, by, reason, outcome, until, assignee)
                   VALUES (:signal, :action, :at, :day, :by, :reason, :outcome, :until, :assignee)";
        let values = bind_fields!(entry: action, at, day, by, reason, outcome, until, assignee;
            signal = id);
        let number = self.insert(sql, values)?;
        match entry.action {
            Action::Acknowledged => self.set_acknowledgement(id, Some((number, entry.day))),
            Action::Reopened => self.set_acknowledgement(id, None),
            Action::Snoozed => {
                let sql = "UPDATE signals SET snoozed_until = ?2 WHERE id = ?1";
                // A day that is not after that of the entry ends the snooze.
                self.execute(sql, (id, entry.until.filter(|until| *until > entry.day)))
            }
            Action::Assigned => {
                let sql = "UPDATE signals SET assigned_to = ?2 WHERE id = ?1";
                self.execute(sql, (id, &entry.assignee))
            }
            Action::Renewed => {
                let sql = "UPDATE signals SET renewed_on = ?2, snoozed_until = NULL WHERE id = ?1";
                self.execute(sql, (id, entry.day))
            }
            Action::Noted => Ok(()),
        }
    }

    /// Closes a signal by an entry of its history, or opens it. Both end its snooze.
    fn set_acknowledgement(&self, id: SignalId, entry: Option<(i64, Day)>) -> Result<()> {
        let sql = "UPDATE signals SET acknowledgement = ?2, closed_on = ?3, snoozed_until = NULL WHERE id = ?1";
        let (number, day) = entry.unzip();
        self.execute(sql, (id, number, day))
    }
}

fn read_life(row: &Row<'_>) -> rusqlite::Result<SignalLife> {
    read_fields!(row => SignalLife: company, rule, signal_type, raised_on; history = Vec::new())
}

fn read_history(row: &Row<'_>) -> rusqlite::Result<HistoryEntry> {
    read_fields!(row => HistoryEntry: action, at, day, by, reason, outcome, until, assignee)
}
