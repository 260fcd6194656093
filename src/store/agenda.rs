//! The facts of the weekly agenda, except tasks.

use std::collections::HashMap;

use anyhow::Result;
use rustc_hash::FxHashMap;

use super::Store;
use super::signals::{IS_NOT_RETRACTED, LAST_TURN};
use super::values::read_fields;
use crate::domain::company::CompanyKey;
use crate::domain::day::Day;
use crate::domain::signal::{SignalId, SignalType};

/// A company as the agenda shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AgendaCompany {
    pub key: CompanyKey,
    pub company_id: String,
    pub name: Option<String>,
    pub csm: Option<String>,
    /// From the company's own record, else the day of its first subscription.
    pub created_on: Option<Day>,
}

/// An open signal, as the agenda shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenSignal {
    pub id: SignalId,
    pub company: CompanyKey,
    pub signal_type: SignalType,
    pub raised_on: Day,
    pub rule: String,
    /// One line of text that says what happened.
    pub detail: String,
    /// Whether its rule still held on the latest day run; `None` when unknown.
    pub holds: Option<bool>,
    pub assigned_to: Option<String>,
}

impl Store {
    /// Every company that has not churned by a day, by id.
    pub(crate) fn agenda_companies(&self, day: Day) -> Result<Vec<AgendaCompany>> {
        let sql = "SELECT c.id AS key, c.company_id, c.name, c.csm,
                          coalesce(c.created_on, (SELECT min(started_on) FROM subscriptions s WHERE s.company = c.id AND s.is_begun)) AS created_on
                   FROM companies c
                   WHERE NOT EXISTS (SELECT 1 FROM customer_breaks b
                                     WHERE b.company = c.id AND b.churned_on <= ?1
                                       AND (b.returned_on IS NULL OR b.returned_on > ?1))
                   ORDER BY c.company_id";
        self.read_all(
            sql,
            [day],
            |row| read_fields!(row => AgendaCompany: key, company_id, name, csm, created_on),
        )
    }

    /// The signals that are open now, without those snoozed on `today`; or, with `until`, those
    /// that were open at the end of that day. Oldest first.
    pub(crate) fn open_signals(&self, until: Option<Day>, today: Day) -> Result<Vec<OpenSignal>> {
        let sql = format!("SELECT s.id, s.company, s.type AS signal_type, s.raised_on, s.rule, s.detail, s.holds, s.assigned_to FROM signals s
                           WHERE CASE WHEN ?1 IS NULL THEN s.acknowledgement IS NULL AND coalesce(s.snoozed_until <= ?2, TRUE)
                                      ELSE s.raised_on <= ?1 AND 'acknowledged' IS NOT {LAST_TURN} AND {IS_NOT_RETRACTED} END
                           ORDER BY s.raised_on, s.id");
        self.read_all(&sql, (until, today), |row| {
            read_fields!(row => OpenSignal: id, company, signal_type, raised_on, rule, detail,
                holds, assigned_to)
        })
    }

    /// How many bad signals of each company are open as in [`Store::open_signals`], and not known to
    /// hold no more. Of the present, all is read from an index.
    pub(crate) fn bad_signals_that_hold(
        &self,
        until: Option<Day>,
        today: Day,
    ) -> Result<FxHashMap<CompanyKey, u64>> {
        let now = "SELECT company, count(*) FROM signals
                   WHERE acknowledgement IS NULL AND type = 'bad' AND coalesce(holds, TRUE)
                     AND coalesce(snoozed_until <= ?1, TRUE)
                   GROUP BY company";
        let then = format!(
            "SELECT s.company, count(*) FROM signals s
             WHERE s.type = 'bad' AND coalesce(s.holds, TRUE) AND s.raised_on <= ?1 AND 'acknowledged' IS NOT {LAST_TURN} AND {IS_NOT_RETRACTED}
             GROUP BY s.company"
        );
        let sql = if until.is_none() { now } else { &then };
        self.read_all(sql, [until.unwrap_or(today)], |row| row.try_into())
    }

    /// To whom each signal that is snoozed on a day is assigned, if to anybody, by company.
    pub(crate) fn snoozed_signals(
        &self,
        today: Day,
    ) -> Result<HashMap<CompanyKey, Vec<Option<String>>>> {
        let sql = "SELECT company, assigned_to FROM signals
                   WHERE acknowledgement IS NULL AND snoozed_until > ?1";
        let rows: Vec<(CompanyKey, Option<String>)> =
            self.read_all(sql, [today], |row| row.try_into())?;
        let mut signals: HashMap<CompanyKey, Vec<Option<String>>> = HashMap::new();
        for (company, assigned_to) in rows {
            signals.entry(company).or_default().push(assigned_to);
        }
        Ok(signals)
    }

    /// The day of the last business review of each company that had one, on or before `until`.
    pub(crate) fn last_reviews(&self, until: Day) -> Result<HashMap<CompanyKey, Day>> {
        let sql = "SELECT company, max(occurred_on) AS day FROM touchpoints
                   WHERE lower(kind) = 'review' AND occurred_on <= ?1 GROUP BY company";
        self.read_all(sql, [until], |row| row.try_into())
    }
}
