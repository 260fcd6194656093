//! Signals and their history.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use anyhow::Result;
use rusqlite::{OptionalExtension, Row, ToSql, named_params};

use super::Store;
use super::rules::read_trend;
use super::values::InOrder;
use crate::domain::company::CompanyKey;
use crate::domain::day::{Day, DayRange, Instant};
use crate::domain::rule::{RuleKind, TrendRule, named};
use crate::domain::signal::{Action, Comparison, HistoryEntry, Outcome, SignalId, SignalType, State};
use crate::domain::trend::{Latest, LatestByCompany};

/// A signal to be raised.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSignal<'a> {
    /// The company.
    pub company: CompanyKey,
    /// The rule's name.
    pub rule: &'a str,
    /// The number of the rule's definition.
    pub rule_version: i64,
    /// The run that raises it.
    pub run: i64,
    /// Its type.
    pub signal_type: SignalType,
    /// The day.
    pub raised_on: Day,
    /// The windows and counts of a trend.
    pub comparison: Comparison,
    /// How likely chance is to do this.
    pub chance: f64,
    /// One line of text that says what happened.
    pub detail: String,
}

/// A signal with all that the list shows of it.
#[derive(Debug, Clone, PartialEq)]
pub struct SignalRecord {
    /// Its number.
    pub id: SignalId,
    /// The company's key.
    pub company: CompanyKey,
    /// The company's id.
    pub company_id: String,
    /// The company's name.
    pub company_name: Option<String>,
    /// Who looks after the company.
    pub csm: Option<String>,
    /// The rule's name.
    pub rule: String,
    /// The rule's kind.
    pub kind: RuleKind,
    /// The rule as it was.
    pub definition: TrendRule,
    /// Its type.
    pub signal_type: SignalType,
    /// The day on which it was raised.
    pub raised_on: Day,
    /// The windows and counts.
    pub comparison: Comparison,
    /// The change in percent, one decimal; `None` when there was nothing before.
    pub change_pct: Option<f64>,
    /// How likely chance is to do this.
    pub chance: Option<f64>,
    /// One line of text that says what happened.
    pub detail: String,
    /// Who closed it, when and why; `None` while it is open.
    pub acknowledgement: Option<Acknowledgement>,
}

/// The acknowledgement by which a signal is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Who.
    pub by: String,
    /// When.
    pub at: Instant,
    /// Why.
    pub reason: String,
}

impl SignalRecord {
    /// Open or closed.
    pub fn state(&self) -> State {
        if self.acknowledgement.is_some() { State::Closed } else { State::Open }
    }
}

/// Which signals are wanted; a `None` wants all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SignalFilter {
    /// Those of this company.
    pub company: Option<CompanyKey>,
    /// Those of this type.
    pub signal_type: Option<SignalType>,
    /// Those in this state.
    pub state: Option<State>,
    /// Those about this event.
    pub event: Option<String>,
    /// Those of this rule.
    pub rule: Option<String>,
    /// Those of these companies.
    pub companies: Option<Vec<CompanyKey>>,
    /// Those of companies that this person looks after.
    pub csm: Option<String>,
    /// Those raised on this day or later.
    pub since: Option<Day>,
    /// Those raised on this day or earlier.
    pub until: Option<Day>,
    /// Those that chance explains with at most this probability.
    pub max_chance: Option<f64>,
}

/// What a list of signals is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortKey {
    /// The event, A to Z.
    Event,
    /// Bad before good before info.
    Type,
    /// Open before closed.
    State,
    /// Oldest first.
    Date,
    /// Least likely to be chance first.
    Chance,
}
named!(SortKey { Event = "event", Type = "type", State = "state", Date = "date", Chance = "chance" });

/// The order of a list of signals, and how many of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignalOrder {
    /// What they are ordered by; ties are in order of their numbers.
    pub key: SortKey,
    /// Whether the order is turned round.
    pub is_descending: bool,
    /// At most so many.
    pub limit: Option<u64>,
}

impl SignalOrder {
    /// All of them, newest first.
    pub const NEWEST_FIRST: SignalOrder = SignalOrder { key: SortKey::Date, is_descending: true, limit: None };
}

/// The columns of a [`SignalRecord`], in the order in which they are read; [`FROM`] follows.
const SELECT: &str = "
    SELECT s.id, s.company, c.company_id, c.name, c.csm, s.rule, v.kind, v.event, v.timeframe, v.threshold, v.direction,
           v.inverse, v.min_events, v.max_chance, s.type, s.raised_on, s.observation_from, s.observation_to,
           s.observation_count, s.decision_from, s.decision_to, s.decision_count, s.change_pct, s.chance, s.detail,
           a.by, a.at, a.reason";

/// Where signals and what belongs to them come from, with a condition to follow.
const FROM: &str = "
    FROM signals s
    JOIN companies c ON c.id = s.company
    JOIN rule_versions v ON v.id = s.rule_version
    LEFT JOIN signal_history a ON a.id = s.acknowledgement
    WHERE TRUE";

impl Store {
    /// The latest signal of each rule for each company, raised in `range`. One question for all rules: each would have to go
    /// through the same days.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn latest_signals(&self, range: DayRange) -> Result<HashMap<String, LatestByCompany>> {
        // Newest first costs no sorting; of the signals of one day the last one counts.
        let mut statement = self.connection.prepare_cached(
            "SELECT rule, company, type, raised_on FROM signals
             WHERE raised_on BETWEEN ?1 AND ?2 ORDER BY raised_on DESC, id",
        )?;
        let mut by_rule: HashMap<String, LatestByCompany> = HashMap::new();
        let mut rows = statement.query((range.from, range.to))?;
        while let Some(row) = rows.next()? {
            let rule = row.get_ref(0)?.as_str()?;
            if !by_rule.contains_key(rule) {
                by_rule.insert(rule.to_owned(), LatestByCompany::default());
            }
            let Some(of_rule) = by_rule.get_mut(rule) else { continue };
            let latest = Latest { signal_type: row.get(2)?, raised_on: row.get(3)? };
            let known = of_rule.entry(CompanyKey(row.get(1)?)).or_insert(latest);
            if known.raised_on <= latest.raised_on {
                *known = latest;
            }
        }
        Ok(by_rule)
    }

    /// Raises a signal.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub fn raise(&self, signal: &NewSignal<'_>) -> Result<SignalId> {
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO signals (company, rule, rule_version, run, type, raised_on, observation_from, observation_to,
                                  observation_count, decision_from, decision_to, decision_count, change_pct, chance, detail)
             VALUES (:company, :rule, :rule_version, :run, :type, :raised_on, :observation_from, :observation_to,
                     :observation_count, :decision_from, :decision_to, :decision_count, :change_pct, :chance, :detail)",
        )?;
        let comparison = &signal.comparison;
        let id = statement.insert(named_params! {
            ":company": signal.company.0,
            ":rule": signal.rule,
            ":rule_version": signal.rule_version,
            ":run": signal.run,
            ":type": signal.signal_type,
            ":raised_on": signal.raised_on,
            ":observation_from": comparison.observation.from,
            ":observation_to": comparison.observation.to,
            ":observation_count": comparison.previous as i64,
            ":decision_from": comparison.decision.from,
            ":decision_to": comparison.decision.to,
            ":decision_count": comparison.current as i64,
            ":change_pct": comparison.change_tenths().map(crate::domain::signal::tenths_to_percent),
            ":chance": signal.chance,
            ":detail": signal.detail,
        })?;
        Ok(SignalId(id))
    }

    /// One signal; `None` when there is none of that number.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn signal(&self, id: SignalId) -> Result<Option<SignalRecord>> {
        let mut statement = self.connection.prepare_cached(&[SELECT, FROM, " AND s.id = ?1"].concat())?;
        Ok(statement.query_row([id], read_signal).optional()?)
    }

    /// Whether a signal is open or closed; `None` when there is none of that number.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn signal_state(&self, id: SignalId) -> Result<Option<State>> {
        let mut statement =
            self.connection.prepare_cached("SELECT acknowledgement IS NULL AS is_open FROM signals WHERE id = ?1")?;
        let is_open = statement.query_row([id], |row| row.get("is_open")).optional()?;
        Ok(is_open.map(|is_open: bool| if is_open { State::Open } else { State::Closed }))
    }

    /// The numbers of the signals that pass the filter, newest first.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn signal_ids(&self, filter: &SignalFilter) -> Result<Vec<SignalId>> {
        let mut ids = Vec::new();
        self.query_signals("SELECT s.id", filter, SignalOrder::NEWEST_FIRST, |row| {
            ids.push(row.get(0)?);
            Ok(())
        })?;
        Ok(ids)
    }

    /// Hands the signals that pass the filter to `visit`, in order.
    ///
    /// # Errors
    /// A database that cannot be read; whatever `visit` fails with.
    pub fn for_each_signal(
        &self,
        filter: &SignalFilter,
        order: SignalOrder,
        mut visit: impl FnMut(SignalRecord) -> Result<()>,
    ) -> Result<()> {
        self.query_signals(SELECT, filter, order, |row| visit(read_signal(row)?))
    }

    fn query_signals(
        &self,
        select: &'static str,
        filter: &SignalFilter,
        order: SignalOrder,
        mut visit: impl FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let conditions = conditions(filter);
        let limit = order.limit.map_or(-1, |limit| limit as i64);
        let clauses = conditions.iter().map(|(clause, _)| *clause).collect::<String>();
        let sql = [select, FROM, &clauses, order_clause(order), " LIMIT :limit"].concat();
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut parameters: Vec<(&str, &dyn ToSql)> = vec![(":limit", &limit)];
        parameters
            .extend(conditions.iter().filter_map(|(_, value)| value.as_ref()).map(|(name, value)| (*name, &**value)));
        let mut rows = statement.query(parameters.as_slice())?;
        while let Some(row) = rows.next()? {
            visit(row)?;
        }
        Ok(())
    }

    /// The signals that pass the filter, in order.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn signals(&self, filter: &SignalFilter, order: SignalOrder) -> Result<Vec<SignalRecord>> {
        let mut signals = Vec::new();
        self.for_each_signal(filter, order, |signal| {
            signals.push(signal);
            Ok(())
        })?;
        Ok(signals)
    }

    /// How many signals there are of each type and state.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn signal_totals(&self) -> Result<Vec<(SignalType, State, u64)>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT type, acknowledgement IS NULL AS is_open, count(*) AS count FROM signals GROUP BY type, is_open",
        )?;
        let totals = statement.query_map([], |row| {
            let state = if row.get("is_open")? { State::Open } else { State::Closed };
            Ok((row.get("type")?, state, row.get::<_, i64>("count")? as u64))
        })?;
        Ok(totals.collect::<Result<_, _>>()?)
    }

    /// What happened to a signal, oldest first.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn signal_history(&self, id: SignalId) -> Result<Vec<HistoryEntry>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT action, at, day, by, reason, outcome FROM signal_history WHERE signal = ?1 ORDER BY id",
        )?;
        let history = statement.query_map([id], |row| {
            Ok(HistoryEntry {
                action: row.get("action")?,
                at: row.get("at")?,
                day: row.get("day")?,
                by: row.get("by")?,
                reason: row.get("reason")?,
                outcome: row.get::<_, Option<Outcome>>("outcome")?,
            })
        })?;
        Ok(history.collect::<Result<_, _>>()?)
    }

    /// Adds an entry to the history of a signal, which closes or reopens it.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub fn add_history(&self, id: SignalId, entry: &HistoryEntry) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO signal_history (signal, action, at, day, by, reason, outcome)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        let number =
            statement.insert((id, entry.action, entry.at, entry.day, &entry.by, &entry.reason, entry.outcome))?;
        let acknowledgement = (entry.action == Action::Acknowledged).then_some(number);
        let mut update = self.connection.prepare_cached("UPDATE signals SET acknowledgement = ?2 WHERE id = ?1")?;
        update.execute((id, acknowledgement))?;
        Ok(())
    }
}

type Condition = (&'static str, Option<(&'static str, Box<dyn ToSql>)>);

fn conditions(filter: &SignalFilter) -> Vec<Condition> {
    fn bound(name: &'static str, value: impl ToSql + 'static) -> Option<(&'static str, Box<dyn ToSql>)> {
        Some((name, Box::new(value)))
    }
    let mut all: Vec<Condition> = Vec::new();
    if let Some(company) = filter.company {
        all.push((" AND s.company = :company", bound(":company", company.0)));
    }
    if let Some(signal_type) = filter.signal_type {
        all.push((" AND s.type = :type", bound(":type", signal_type)));
    }
    match filter.state {
        Some(State::Open) => all.push((" AND s.acknowledgement IS NULL", None)),
        Some(State::Closed) => all.push((" AND s.acknowledgement IS NOT NULL", None)),
        None => {}
    }
    if let Some(event) = &filter.event {
        all.push((" AND v.event = :event", bound(":event", event.clone())));
    }
    if let Some(rule) = &filter.rule {
        all.push((" AND s.rule = :rule", bound(":rule", rule.clone())));
    }
    if let Some(companies) = &filter.companies {
        let keys: Vec<String> = companies.iter().map(|company| company.0.to_string()).collect();
        let keys = format!("[{}]", keys.join(","));
        all.push((" AND s.company IN (SELECT value FROM json_each(:companies))", bound(":companies", keys)));
    }
    if let Some(csm) = &filter.csm {
        all.push((" AND c.csm = :csm", bound(":csm", csm.clone())));
    }
    if let Some(since) = filter.since {
        all.push((" AND s.raised_on >= :since", bound(":since", since)));
    }
    if let Some(until) = filter.until {
        all.push((" AND s.raised_on <= :until", bound(":until", until)));
    }
    if let Some(most) = filter.max_chance {
        all.push((" AND s.chance <= :max_chance", bound(":max_chance", most)));
    }
    all
}

fn order_clause(order: SignalOrder) -> &'static str {
    match (order.key, order.is_descending) {
        (SortKey::Event, false) => " ORDER BY v.event IS NULL, v.event, s.id",
        (SortKey::Event, true) => " ORDER BY v.event IS NULL DESC, v.event DESC, s.id",
        (SortKey::Type, false) => " ORDER BY CASE s.type WHEN 'bad' THEN 0 WHEN 'good' THEN 1 ELSE 2 END, s.id",
        (SortKey::Type, true) => " ORDER BY CASE s.type WHEN 'bad' THEN 0 WHEN 'good' THEN 1 ELSE 2 END DESC, s.id",
        (SortKey::State, false) => " ORDER BY s.acknowledgement IS NOT NULL, s.id",
        (SortKey::State, true) => " ORDER BY s.acknowledgement IS NOT NULL DESC, s.id",
        (SortKey::Date, false) => " ORDER BY s.raised_on, s.id",
        (SortKey::Date, true) => " ORDER BY s.raised_on DESC, s.id",
        (SortKey::Chance, false) => " ORDER BY s.chance IS NULL, s.chance, s.id",
        (SortKey::Chance, true) => " ORDER BY s.chance IS NULL DESC, s.chance DESC, s.id",
    }
}

fn read_signal(row: &Row<'_>) -> rusqlite::Result<SignalRecord> {
    let mut columns = InOrder::of(row);
    Ok(SignalRecord {
        id: columns.next()?,
        company: CompanyKey(columns.next()?),
        company_id: columns.next()?,
        company_name: columns.next()?,
        csm: columns.next()?,
        rule: columns.next()?,
        kind: columns.next()?,
        definition: read_trend(&mut columns)?,
        signal_type: columns.next()?,
        raised_on: columns.next()?,
        comparison: read_comparison(&mut columns)?,
        change_pct: columns.next()?,
        chance: columns.next()?,
        detail: columns.next()?,
        acknowledgement: read_acknowledgement(&mut columns)?,
    })
}

fn read_comparison(columns: &mut InOrder<'_, '_>) -> rusqlite::Result<Comparison> {
    Ok(Comparison {
        observation: DayRange { from: columns.next()?, to: columns.next()? },
        previous: columns.next::<i64>()? as u64,
        decision: DayRange { from: columns.next()?, to: columns.next()? },
        current: columns.next::<i64>()? as u64,
    })
}

fn read_acknowledgement(columns: &mut InOrder<'_, '_>) -> rusqlite::Result<Option<Acknowledgement>> {
    match columns.next::<Option<String>>()? {
        Some(by) => Ok(Some(Acknowledgement { by, at: columns.next()?, reason: columns.next()? })),
        None => Ok(None),
    }
}
