//! Signals: the record of each, and lists of them.

mod earlier;
mod evidence;
mod filter;
mod history;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use anyhow::Result;
use rusqlite::{Row, ToSql};

use self::evidence::{EvidenceColumns, read_evidence};
use self::filter::{conditions, order_clause};
use super::Store;
use super::rules::Definitions;
use super::values::ColumnReader;
use crate::domain::company::CompanyKey;
use crate::domain::day::{Day, Instant};
use crate::domain::evidence::Evidence;
use crate::domain::finding::Finding;
use crate::domain::rule::Rule;
use crate::domain::signal::{Outcome, SignalId, SignalState, SignalType};

pub(crate) use self::filter::{SignalFilter, SignalOrder, Snoozed, SortKey};

/// A signal to be raised.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NewSignal<'a> {
    pub company: CompanyKey,
    pub rule: &'a str,
    /// The version of the rule's definition.
    pub rule_version: i64,
    /// The run that raises it; `None` if a pulse triggered it.
    pub run: Option<i64>,
    pub raised_on: Day,
    pub finding: &'a Finding,
    /// One line that says what happened.
    pub detail: String,
}

/// A signal with everything that lists show.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SignalRecord {
    pub id: SignalId,
    pub company: CompanyKey,
    pub company_id: String,
    pub company_name: Option<String>,
    /// The company's CSM.
    pub csm: Option<String>,
    /// The day from which the company is not a customer.
    pub churned_on: Option<Day>,
    pub rule: String,
    /// The rule as it was when the signal was raised.
    pub definition: Arc<Rule>,
    pub signal_type: SignalType,
    pub raised_on: Day,
    pub evidence: Evidence,
    /// The change in percent, with one decimal; `None` if there was nothing before, and for rules
    /// other than trend rules.
    pub change_pct: Option<f64>,
    /// One line that says what happened.
    pub detail: String,
    /// Whether the rule, as it was, still held on the latest day run; `None` if unknown.
    pub holds: Option<bool>,
    /// The last day on which the condition still held and people were notified again.
    pub renewed_on: Option<Day>,
    /// Lists leave it out until this day.
    pub snoozed_until: Option<Day>,
    /// The assignee, if not the CSM.
    pub assigned_to: Option<String>,
    /// `None` while it is open.
    pub acknowledgement: Option<Acknowledgement>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Acknowledgement {
    pub by: String,
    pub at: Instant,
    pub reason: String,
    pub outcome: Option<Outcome>,
}

impl SignalRecord {
    pub(crate) fn state(&self) -> SignalState {
        state(self.acknowledgement.is_none())
    }

    /// Whether it was retracted because it would not have been raised with all events known.
    pub(crate) fn is_retracted(&self) -> bool {
        let closing = self.acknowledgement.as_ref();
        closing.is_some_and(|closing| closing.outcome == Some(Outcome::Retracted))
    }

    /// The event it is about; `None` for rules on people and for conditions.
    pub(crate) fn event(&self) -> Option<&str> {
        self.evidence
            .adoption()
            .map(|adoption| adoption.event.as_str())
            .or(self.definition.logic.event())
    }
}

fn state(is_open: bool) -> SignalState {
    if is_open { SignalState::Open } else { SignalState::Closed }
}

/// The columns of a [`SignalRecord`], in the order in which they are read. The columns of one
/// kind of rule come last.
const SELECT: &str = "
    SELECT s.id, s.company, c.company_id, c.name, c.csm, c.churned_on, s.rule, s.rule_version, s.type, s.raised_on, s.change_pct,
           s.detail, s.holds, s.renewed_on, s.snoozed_until, s.assigned_to,
           a.by, a.at, a.reason, a.outcome,
           s.observation_from, s.observation_to, s.observation_count, s.decision_from, s.decision_to, s.decision_count, s.chance,
           s.change_pct, s.spread, s.spread_basis, s.expected, s.others, s.others_now, s.others_before,
           s.goal_event, s.goal_name, s.started_on, s.due_on, s.done_on,
           s.key_value, s.values_read";

/// The tables that belong to those of signals. Every signal has a company and a rule, but SQLite
/// leaves out tables that are not needed only of outer joins.
const JOINS: &str = "
    LEFT JOIN companies c ON c.id = s.company
    LEFT JOIN rule_versions v ON v.id = s.rule_version
    LEFT JOIN signal_history a ON a.id = s.acknowledgement";

/// Stands for the query of the ids of the signals that match, in order.
const IDS: &str = "{ids}";

/// The last action that closed or reopened signal `s` by the end of day `?1`.
pub(super) const LAST_TURN: &str = "(SELECT h.action FROM signal_history h WHERE h.signal = s.id AND h.day <= ?1
                                  AND h.action IN ('acknowledged', 'reopened') ORDER BY h.id DESC LIMIT 1)";

/// Whether a signal was not retracted. A retracted one was never to be raised: on every day it is
/// closed.
pub(super) const IS_NOT_RETRACTED: &str = "(acknowledgement IS NULL
     OR acknowledgement NOT IN (SELECT id FROM signal_history WHERE outcome = 'retracted'))";

/// What reading many signals needs to find out only once.
#[derive(Default)]
struct SignalReader {
    definitions: Definitions,
    columns: Option<EvidenceColumns>,
}

impl Store {
    pub(crate) fn signal(&self, id: SignalId) -> Result<Option<SignalRecord>> {
        let sql = [SELECT, " FROM signals s", JOINS, " WHERE s.id = ?1"].concat();
        let read = |row: &Row<'_>| Ok(self.read_signal(row, &mut SignalReader::default()));
        self.read_first(&sql, [id], read)?.transpose()
    }

    /// Whether a signal is open or closed.
    pub(crate) fn signal_state(&self, id: SignalId) -> Result<Option<SignalState>> {
        let sql = "SELECT acknowledgement IS NULL AS is_open FROM signals WHERE id = ?1";
        self.read_first(sql, [id], |row| Ok(state(row.get("is_open")?)))
    }

    /// The ids of the signals that match, newest first.
    pub(crate) fn signal_ids(&self, filter: &SignalFilter) -> Result<Vec<SignalId>> {
        let mut ids = Vec::new();
        self.query_signals(SignalOrder::NEWEST_FIRST, filter, IDS, |row| {
            ids.push(row.get(0)?);
            Ok(())
        })?;
        Ok(ids)
    }

    /// Whether any open signal is snoozed on a day.
    pub(crate) fn has_snoozed_signals(&self, day: Day) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM signals WHERE snoozed_until > ?1 AND acknowledgement IS NULL) AS found";
        self.read_one(sql, [day], |row| row.get("found"))
    }

    /// The number of signals that match, counted up to `most` if it is given.
    pub(crate) fn count_signals(&self, filter: &SignalFilter, most: Option<u64>) -> Result<u64> {
        let mut count = 0;
        // In the order of the index by day, whose signals lie together in the table.
        let order = SignalOrder { limit: most, ..SignalOrder::NEWEST_FIRST };
        self.query_signals(order, filter, IDS, |_| {
            count += 1;
            Ok(())
        })?;
        Ok(count)
    }

    /// Calls `visit` with the matching signals, in order.
    pub(crate) fn for_each_signal(
        &self,
        filter: &SignalFilter,
        order: SignalOrder,
        mut visit: impl FnMut(SignalRecord) -> Result<()>,
    ) -> Result<()> {
        let mut reading = SignalReader::default();
        // SQLite carries all selected columns through a sort, so the ids are sorted alone. It reads
        // the rest in their order: a cross join keeps its first table in the outer loop, and a
        // subquery with a limit keeps its order.
        let of_ids =
            [SELECT, " FROM (", IDS, ") i CROSS JOIN signals s ON s.id = i.id", JOINS].concat();
        self.query_signals(order, filter, &of_ids, |row| {
            visit(self.read_signal(row, &mut reading)?)
        })
    }

    /// Calls `visit` with each row of `sql`, in which [`IDS`] stands for the ids of the matching
    /// signals.
    fn query_signals(
        &self,
        order: SignalOrder,
        filter: &SignalFilter,
        sql: &str,
        visit: impl FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let conditions = conditions(filter);
        let limit = order.limit.map_or(-1, |limit| limit as i64);
        let clauses = conditions.iter().map(|(clause, _)| *clause).collect::<String>();
        let ids = format!(
            "SELECT s.id FROM signals s{JOINS} WHERE TRUE{clauses}{} LIMIT :limit",
            order_clause(order)
        );
        let sql = sql.replace(IDS, &ids);
        let mut parameters: Vec<(&str, &dyn ToSql)> = vec![(":limit", &limit)];
        parameters.extend(
            conditions
                .iter()
                .filter_map(|(_, value)| value.as_ref())
                .map(|(name, value)| (*name, &**value)),
        );
        self.for_each_row(&sql, parameters.as_slice(), visit)
    }

    /// The matching signals, in order.
    pub(crate) fn signals(
        &self,
        filter: &SignalFilter,
        order: SignalOrder,
    ) -> Result<Vec<SignalRecord>> {
        let mut signals = Vec::new();
        self.for_each_signal(filter, order, |signal| {
            signals.push(signal);
            Ok(())
        })?;
        Ok(signals)
    }

    /// The number of signals of each type and state.
    pub(crate) fn signal_totals(&self) -> Result<Vec<(SignalType, SignalState, u64)>> {
        let sql = "SELECT type, acknowledgement IS NULL AS is_open, count(*) AS count FROM signals GROUP BY type, is_open";
        self.read_all(sql, [], |row| {
            Ok((row.get("type")?, state(row.get("is_open")?), row.get("count")?))
        })
    }

    /// The number of open signals of each type, and how many of them are snoozed, for companies
    /// that have not churned by a day.
    pub(crate) fn open_totals(&self, today: Day) -> Result<Vec<(SignalType, u64, u64)>> {
        let sql = "SELECT s.type, count(*) AS count, count(*) FILTER (WHERE s.snoozed_until > ?1) AS snoozed
                   FROM signals s JOIN companies c ON c.id = s.company
                   WHERE s.acknowledgement IS NULL AND coalesce(c.churned_on > ?1, TRUE) GROUP BY s.type";
        self.read_all(sql, [today], |row| row.try_into())
    }

    fn read_signal(&self, row: &Row<'_>, reading: &mut SignalReader) -> Result<SignalRecord> {
        let begins = match reading.columns {
            Some(columns) => columns,
            None => *reading.columns.insert(EvidenceColumns::of(row)?),
        };
        let mut columns = ColumnReader::of(row);
        let id = columns.next()?;
        let company = columns.next()?;
        let (company_id, company_name, csm) = (columns.next()?, columns.next()?, columns.next()?);
        let (churned_on, rule) = (columns.next()?, columns.next()?);
        let definition = reading.definitions.of(self, columns.next()?)?;
        let (signal_type, raised_on) = (columns.next()?, columns.next()?);
        let evidence = read_evidence(&definition.logic, row, begins)?;
        Ok(SignalRecord {
            id,
            company,
            company_id,
            company_name,
            csm,
            churned_on,
            rule,
            definition,
            signal_type,
            raised_on,
            evidence,
            change_pct: columns.next()?,
            detail: columns.next()?,
            holds: columns.next()?,
            renewed_on: columns.next()?,
            snoozed_until: columns.next()?,
            assigned_to: columns.next()?,
            acknowledgement: read_acknowledgement(&mut columns)?,
        })
    }
}

fn read_acknowledgement(
    columns: &mut ColumnReader<'_, '_>,
) -> rusqlite::Result<Option<Acknowledgement>> {
    let Some(by) = columns.next()? else { return Ok(None) };
    let (at, reason, outcome) = (columns.next()?, columns.next()?, columns.next()?);
    Ok(Some(Acknowledgement { by, at, reason, outcome }))
}
