//! Signals and their history.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Result;
use rusqlite::{OptionalExtension, Row, ToSql, named_params};
use rustc_hash::FxHashMap;

use super::Store;
use super::rules::Definitions;
use super::values::InOrder;
use crate::domain::adoption::{Adoption, Told, ToldByCompany};
use crate::domain::company::CompanyKey;
use crate::domain::condition::{LatestRaised, Raised, Reading};
use crate::domain::day::{Day, DayRange, Instant};
use crate::domain::finding::{Evidence, Finding};
use crate::domain::named::named;
use crate::domain::rule::{Aim, ConditionRule, Rule, RuleLogic};
use crate::domain::signal::{
    Action, Comparison, HistoryEntry, Outcome, SignalId, SignalLife, SignalType, State,
    tenths_to_percent,
};
use crate::domain::trend::{Latest, LatestByCompany, Reference, Spread, TrendEvidence};

/// A signal to be raised.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NewSignal<'a> {
    pub company: CompanyKey,
    /// The rule's name.
    pub rule: &'a str,
    /// The number of the rule's definition.
    pub rule_version: i64,
    /// The run that raises it.
    /// The run that raised it; `None` for one that a pulse set off.
    pub run: Option<i64>,
    /// The day.
    pub raised_on: Day,
    /// Its type, and what the rule saw.
    pub finding: &'a Finding,
    /// One line of text that says what happened.
    pub detail: String,
}

/// A signal with all that the list shows of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SignalRecord {
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
    /// The day from which the company is not a customer.
    pub churned_on: Option<Day>,
    /// The rule's name.
    pub rule: String,
    /// The rule as it was.
    pub definition: Arc<Rule>,
    /// Its type.
    pub signal_type: SignalType,
    /// The day on which it was raised.
    pub raised_on: Day,
    /// What the rule saw.
    pub evidence: Evidence,
    /// The change in percent, one decimal; `None` when there was nothing before, and for other
    /// rules than trend rules.
    pub change_pct: Option<f64>,
    /// One line of text that says what happened.
    pub detail: String,
    /// Whether the rule, as it was, still held on the latest day run; `None` when not known.
    pub holds: Option<bool>,
    /// The last day on which its condition still held and it was told again.
    pub renewed_on: Option<Day>,
    /// The day until which it is left out of lists.
    pub snoozed_until: Option<Day>,
    /// Who is to see to it, where that is not the CSM.
    pub assigned_to: Option<String>,
    /// Who closed it, when and why; `None` while it is open.
    pub acknowledgement: Option<Acknowledgement>,
}

/// The acknowledgement by which a signal is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Acknowledgement {
    /// Who.
    pub by: String,
    /// When.
    pub at: Instant,
    /// Why.
    pub reason: String,
    /// What came of it, where it was said.
    pub outcome: Option<Outcome>,
}

impl SignalRecord {
    /// Open or closed.
    pub(crate) fn state(&self) -> State {
        if self.acknowledgement.is_some() { State::Closed } else { State::Open }
    }

    /// Whether it was retracted, because it would not have been raised with all events.
    pub(crate) fn is_retracted(&self) -> bool {
        let closing = self.acknowledgement.as_ref();
        closing.is_some_and(|closing| closing.outcome == Some(Outcome::Retracted))
    }

    /// The event that it is about; `None` for people and conditions.
    pub(crate) fn event(&self) -> Option<&str> {
        self.evidence
            .adoption()
            .map(|adoption| adoption.event.as_str())
            .or(self.definition.logic.event())
    }
}

/// Which signals are wanted; a `None` wants all.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SignalFilter {
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
    /// Those that are snoozed, or those that are not.
    pub snoozed: Option<Snoozed>,
    /// Those whose rule still holds, or those whose rule does not.
    pub holds: Option<bool>,
    /// Those of companies that have not churned by this day.
    pub customers_on: Option<Day>,
}

/// Whether signals are wanted that are snoozed on a day, or those that are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Snoozed {
    /// Those that are snoozed on this day.
    On(Day),
    /// Those that are not.
    NotOn(Day),
}

/// What a list of signals is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SortKey {
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
pub(crate) struct SignalOrder {
    /// What they are ordered by; ties are in order of their numbers.
    pub key: SortKey,
    /// Whether the order is turned round.
    pub is_descending: bool,
    /// Show at most this many.
    pub limit: Option<u64>,
}

impl SignalOrder {
    /// All of them, newest first.
    pub(crate) const NEWEST_FIRST: SignalOrder =
        SignalOrder { key: SortKey::Date, is_descending: true, limit: None };
}

/// The columns of a [`SignalRecord`], in the order in which they are read; [`FROM`] follows. Those
/// of each kind of rule come last.
const SELECT: &str = "
    SELECT s.id, s.company, c.company_id, c.name, c.csm, c.churned_on, s.rule, s.rule_version, s.type, s.raised_on, s.change_pct,
           s.detail, s.holds, s.renewed_on, s.snoozed_until, s.assigned_to,
           a.by, a.at, a.reason, a.outcome,
           s.observation_from, s.observation_to, s.observation_count, s.decision_from, s.decision_to, s.decision_count, s.chance,
           s.change_pct, s.spread, s.spread_basis, s.expected, s.others, s.others_now, s.others_before,
           s.goal_event, s.goal_name, s.started_on, s.due_on, s.done_on,
           s.key_value, s.values_read";

/// The number of the first column of [`SELECT`] that trend rules have.
const OF_TREND: usize = 20;
/// The same for adoption rules.
const OF_ADOPTION: usize = OF_TREND + 14;
/// The same for condition rules.
const OF_CONDITION: usize = OF_ADOPTION + 5;

/// Where signals and what belongs to them come from, with a condition to follow.
const FROM: &str = "
    FROM signals s
    JOIN companies c ON c.id = s.company
    JOIN rule_versions v ON v.id = s.rule_version
    LEFT JOIN signal_history a ON a.id = s.acknowledgement
    WHERE TRUE";

impl Store {
    /// The latest signal of each rule for each company, raised in `range`. One question for all
    /// rules: each would have to go through the same days.
    pub(crate) fn latest_signals(
        &self,
        range: DayRange,
    ) -> Result<HashMap<String, LatestByCompany>> {
        // Newest first costs no sorting; of the signals of one day the last one counts.
        let mut statement = self.connection.prepare_cached(
            "SELECT s.rule, s.company, s.type, s.raised_on FROM signals s
             LEFT JOIN signal_history a ON a.id = s.acknowledgement
             WHERE s.raised_on BETWEEN ?1 AND ?2 AND a.outcome IS NOT 'retracted'
             ORDER BY s.raised_on DESC, s.id",
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
    pub(crate) fn raise(&self, signal: &NewSignal<'_>) -> Result<SignalId> {
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO signals (company, rule, rule_version, run, type, raised_on, observation_from, observation_to,
                                  observation_count, decision_from, decision_to, decision_count, change_pct, chance, detail, expected, spread, spread_basis, others, others_now, others_before,
                                  goal_event, goal_name, started_on, due_on, done_on, key_value, values_read)
             VALUES (:company, :rule, :rule_version, :run, :type, :raised_on, :observation_from, :observation_to,
                     :observation_count, :decision_from, :decision_to, :decision_count, :change_pct, :chance, :detail,
                     :expected, :spread, :spread_basis, :others, :others_now, :others_before,
                     :goal_event, :goal_name, :started_on, :due_on, :done_on, :key_value, :values_read)",
        )?;
        let Finding { signal_type, evidence } = signal.finding;
        let (comparison, adoption, reading) =
            (evidence.comparison(), evidence.adoption(), evidence.reading());
        let trend = evidence.trend();
        let reference = trend.and_then(|trend| trend.reference);
        let sums = reference.and_then(|reference| reference.sums);
        let id = statement.insert(named_params! {
            ":company": signal.company.0,
            ":rule": signal.rule,
            ":rule_version": signal.rule_version,
            ":run": signal.run,
            ":type": signal_type,
            ":raised_on": signal.raised_on,
            ":observation_from": comparison.map(|comparison| comparison.observation.from),
            ":observation_to": comparison.map(|comparison| comparison.observation.to),
            ":observation_count": comparison.map(|comparison| comparison.previous as i64),
            ":decision_from": comparison.map(|comparison| comparison.decision.from),
            ":decision_to": comparison.map(|comparison| comparison.decision.to),
            ":decision_count": comparison.map(|comparison| comparison.current as i64),
            ":change_pct": trend.and_then(TrendEvidence::change_tenths).map(tenths_to_percent),
            ":chance": evidence.chance(),
            ":expected": evidence.expected(),
            ":spread": evidence.spread(),
            ":spread_basis": trend.and_then(|trend| trend.spread).map(|spread| spread.basis),
            ":others": reference.and_then(|reference| reference.others).map(stored_count),
            ":others_now": sums.map(|(now, _)| stored_count(now)),
            ":others_before": sums.map(|(_, before)| stored_count(before)),
            ":detail": signal.detail,
            ":goal_event": adoption.filter(|adoption| adoption.is_goal).map(|adoption| &adoption.event),
            ":goal_name": adoption.and_then(|adoption| adoption.goal.as_ref()),
            ":started_on": adoption.and_then(|adoption| adoption.started_on),
            ":due_on": adoption.and_then(|adoption| adoption.due_on),
            ":done_on": adoption.and_then(|adoption| adoption.done_on),
            ":key_value": reading.and_then(|reading| reading.key.as_ref()),
            ":values_read": reading.map(|reading| serde_json::to_string(&reading.values)).transpose()?,
        })?;
        Ok(SignalId(id))
    }

    /// What an adoption rule has raised already and did not retract, on whatever day; with
    /// `open_until`, without what was raised later and is still open.
    pub(crate) fn adoption_signals(
        &self,
        rule: &str,
        open_until: Option<Day>,
    ) -> Result<ToldByCompany> {
        let mut statement = self.connection.prepare_cached(
            "SELECT s.company, s.type, s.goal_event, s.goal_name, s.due_on FROM signals s
             LEFT JOIN signal_history a ON a.id = s.acknowledgement
             WHERE s.rule = ?1 AND s.observation_from IS NULL AND a.outcome IS NOT 'retracted'
               AND (?2 IS NULL OR s.raised_on <= ?2 OR s.acknowledgement IS NOT NULL)
             ORDER BY s.id",
        )?;
        let mut all = ToldByCompany::default();
        let mut rows = statement.query((rule, open_until))?;
        while let Some(row) = rows.next()? {
            let about: Option<String> = row.get("goal_event")?;
            let (due, name): (Option<Day>, Option<String>) =
                (row.get("due_on")?, row.get("goal_name")?);
            let goal = about.zip(due).map(|(event, due)| (event, due, name));
            let told = Told { signal_type: row.get("type")?, goal };
            all.entry(CompanyKey(row.get("company")?)).or_default().push(told);
        }
        Ok(all)
    }

    /// What of the signals of a condition rule may hold back another one on `day`. States are those
    /// of that day; signals raised after `until` do not count, unless they were closed and have a
    /// key.
    pub(crate) fn condition_signals(
        &self,
        name: &str,
        rule: &ConditionRule,
        day: Day,
        until: Day,
    ) -> Result<Raised> {
        match &rule.key {
            Some(key) => self.raised_keys(name, key, (until < day).then_some(until)),
            None => self.latest_raised(name, day, until),
        }
    }

    fn raised_keys(&self, name: &str, key: &str, open_until: Option<Day>) -> Result<Raised> {
        // Values of another attribute, which was the key before, say nothing about this one.
        let mut statement = self.connection.prepare_cached(
            "SELECT s.company, s.key_value FROM signals s JOIN rule_versions v ON v.id = s.rule_version
             LEFT JOIN signal_history a ON a.id = s.acknowledgement
             WHERE s.rule = ?1 AND s.observation_from IS NULL AND v.key = ?2 AND s.key_value IS NOT NULL
               AND a.outcome IS NOT 'retracted'
               AND (?3 IS NULL OR s.raised_on <= ?3 OR s.acknowledgement IS NOT NULL)",
        )?;
        let mut keys: FxHashMap<CompanyKey, _> = FxHashMap::default();
        let mut rows = statement.query((name, key, open_until))?;
        while let Some(row) = rows.next()? {
            let of_company: &mut rustc_hash::FxHashSet<String> =
                keys.entry(CompanyKey(row.get("company")?)).or_default();
            of_company.insert(row.get("key_value")?);
        }
        Ok(Raised::Keys(keys))
    }

    fn latest_raised(&self, name: &str, day: Day, until: Day) -> Result<Raised> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, company, raised_on, renewed_on, is_open,
                    coalesce((SELECT action FROM signal_history WHERE signal = latest.id AND day <= ?2
                                AND action IN ('acknowledged', 'reopened')
                              ORDER BY id DESC LIMIT 1), 'reopened') AS action
             FROM (SELECT s.id, s.company, s.raised_on, s.renewed_on, s.acknowledgement IS NULL AS is_open,
                          row_number() OVER (PARTITION BY s.company ORDER BY s.raised_on DESC, s.id DESC) AS nth
                   FROM signals s LEFT JOIN signal_history a ON a.id = s.acknowledgement
                   WHERE s.rule = ?1 AND s.observation_from IS NULL AND s.raised_on <= ?3
                     AND a.outcome IS NOT 'retracted') latest
             WHERE nth = 1",
        )?;
        let latest = statement.query_map((name, day, until), |row| {
            let state = row.get::<_, Action>("action")?.leaves().unwrap_or(State::Open);
            let raised_on: Day = row.get("raised_on")?;
            let told_on = row.get::<_, Option<Day>>("renewed_on")?.unwrap_or(raised_on);
            let reminder = if row.get("is_open")? { Some((row.get("id")?, told_on)) } else { None };
            let latest = LatestRaised { raised_on, state, reminder };
            Ok((CompanyKey(row.get("company")?), latest))
        })?;
        Ok(Raised::Latest(latest.collect::<Result<_, _>>()?))
    }

    /// One signal; `None` when there is not one of that number.
    pub(crate) fn signal(&self, id: SignalId) -> Result<Option<SignalRecord>> {
        let mut statement =
            self.connection.prepare_cached(&[SELECT, FROM, " AND s.id = ?1"].concat())?;
        let mut rows = statement.query([id])?;
        rows.next()?.map(|row| self.read_signal(row, &mut Definitions::default())).transpose()
    }

    /// Whether a signal is open or closed; `None` when there is not one of that number.
    pub(crate) fn signal_state(&self, id: SignalId) -> Result<Option<State>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT acknowledgement IS NULL AS is_open FROM signals WHERE id = ?1",
        )?;
        let is_open = statement.query_row([id], |row| row.get("is_open")).optional()?;
        Ok(is_open.map(|is_open: bool| if is_open { State::Open } else { State::Closed }))
    }

    /// The numbers of the signals that pass the filter, newest first.
    pub(crate) fn signal_ids(&self, filter: &SignalFilter) -> Result<Vec<SignalId>> {
        let mut ids = Vec::new();
        self.query_signals("SELECT s.id", filter, SignalOrder::NEWEST_FIRST, |row| {
            ids.push(row.get(0)?);
            Ok(())
        })?;
        Ok(ids)
    }

    /// Hands the signals that pass the filter to `visit`, in order.
    pub(crate) fn for_each_signal(
        &self,
        filter: &SignalFilter,
        order: SignalOrder,
        mut visit: impl FnMut(SignalRecord) -> Result<()>,
    ) -> Result<()> {
        let mut definitions = Definitions::default();
        self.query_signals(SELECT, filter, order, |row| {
            visit(self.read_signal(row, &mut definitions)?)
        })
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
        parameters.extend(
            conditions
                .iter()
                .filter_map(|(_, value)| value.as_ref())
                .map(|(name, value)| (*name, &**value)),
        );
        let mut rows = statement.query(parameters.as_slice())?;
        while let Some(row) = rows.next()? {
            visit(row)?;
        }
        Ok(())
    }

    /// The signals that pass the filter, in order.
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

    /// How many signals there are of each type and state.
    pub(crate) fn signal_totals(&self) -> Result<Vec<(SignalType, State, u64)>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT type, acknowledgement IS NULL AS is_open, count(*) AS count FROM signals GROUP BY type, is_open",
        )?;
        let totals = statement.query_map([], |row| {
            let state = if row.get("is_open")? { State::Open } else { State::Closed };
            Ok((row.get("type")?, state, row.get::<_, i64>("count")? as u64))
        })?;
        Ok(totals.collect::<Result<_, _>>()?)
    }

    /// How many signals of each type are open for companies that have not churned by a day.
    pub(crate) fn open_totals(&self, today: Day) -> Result<Vec<(SignalType, u64)>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT s.type, count(*) AS count FROM signals s JOIN companies c ON c.id = s.company
             WHERE s.acknowledgement IS NULL AND coalesce(c.churned_on > ?1, TRUE) GROUP BY s.type",
        )?;
        let totals = statement
            .query_map([today], |row| Ok((row.get("type")?, row.get::<_, i64>("count")? as u64)))?;
        Ok(totals.collect::<Result<_, _>>()?)
    }

    /// What happened to a signal, oldest first.
    pub(crate) fn signal_history(&self, id: SignalId) -> Result<Vec<HistoryEntry>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT action, at, day, by, reason, outcome, until, assignee FROM signal_history WHERE signal = ?1 ORDER BY id",
        )?;
        let history = statement.query_map([id], read_history)?;
        Ok(history.collect::<Result<_, _>>()?)
    }

    /// All signals with what happened to them, in order of their numbers. With `until`, as things
    /// stood at the end of that day.
    pub(crate) fn signal_lives(&self, until: Option<Day>) -> Result<Vec<SignalLife>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT s.id, s.company, s.rule, s.type, s.raised_on, h.action, h.at, h.day, h.by, h.reason, h.outcome,
                    h.until, h.assignee
             FROM signals s
             LEFT JOIN signal_history h ON h.signal = s.id AND (?1 IS NULL OR h.day <= ?1)
             WHERE ?1 IS NULL OR s.raised_on <= ?1
             ORDER BY s.id, h.id",
        )?;
        let (mut lives, mut last): (Vec<SignalLife>, Option<SignalId>) = Default::default();
        let mut rows = statement.query([until])?;
        while let Some(row) = rows.next()? {
            let id: SignalId = row.get("id")?;
            if last != Some(id) {
                lives.push(SignalLife {
                    company: CompanyKey(row.get("company")?),
                    rule: row.get("rule")?,
                    signal_type: row.get("type")?,
                    raised_on: row.get("raised_on")?,
                    history: Vec::new(),
                });
                last = Some(id);
            }
            if let (Some(life), Some(_)) =
                (lives.last_mut(), row.get::<_, Option<Action>>("action")?)
            {
                life.history.push(read_history(row)?);
            }
        }
        Ok(lives)
    }

    /// The acknowledgement by which a signal was closed at the end of a day; `None` where it was
    /// open.
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
        Ok(closed.map(|HistoryEntry { by, at, reason, outcome, .. }| Acknowledgement {
            by,
            at,
            reason,
            outcome,
        }))
    }

    fn read_signal(&self, row: &Row<'_>, definitions: &mut Definitions) -> Result<SignalRecord> {
        let mut columns = InOrder::of(row);
        let id = columns.next()?;
        let company = CompanyKey(columns.next()?);
        let (company_id, company_name, csm) = (columns.next()?, columns.next()?, columns.next()?);
        let (churned_on, rule) = (columns.next()?, columns.next()?);
        let definition = definitions.of(self, columns.next()?)?;
        let (signal_type, raised_on) = (columns.next()?, columns.next()?);
        let evidence = read_evidence(&definition.logic, row)?;
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

    /// Adds an entry to the history of a signal, and does to the signal what it says.
    pub(crate) fn add_history(&self, id: SignalId, entry: &HistoryEntry) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO signal_history (signal, action, at, day, by, reason, outcome, until, assignee)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?;
        let number = statement.insert((
            id,
            entry.action,
            entry.at,
            entry.day,
            &entry.by,
            &entry.reason,
            entry.outcome,
            entry.until,
            &entry.assignee,
        ))?;
        match entry.action {
            Action::Acknowledged => self.set_acknowledgement(id, Some(number)),
            Action::Reopened => self.set_acknowledgement(id, None),
            Action::Snoozed => {
                let sql = "UPDATE signals SET snoozed_until = ?2 WHERE id = ?1";
                self.connection.prepare_cached(sql)?.execute((id, entry.until))?;
                Ok(())
            }
            Action::Assigned => {
                let sql = "UPDATE signals SET assigned_to = ?2 WHERE id = ?1";
                self.connection.prepare_cached(sql)?.execute((id, &entry.assignee))?;
                Ok(())
            }
            Action::Renewed => {
                let sql = "UPDATE signals SET renewed_on = ?2, snoozed_until = NULL WHERE id = ?1";
                self.connection.prepare_cached(sql)?.execute((id, entry.day))?;
                Ok(())
            }
            Action::Noted => Ok(()),
        }
    }

    fn set_acknowledgement(&self, id: SignalId, number: Option<i64>) -> Result<()> {
        let sql = "UPDATE signals SET acknowledgement = ?2, snoozed_until = NULL WHERE id = ?1";
        self.connection.prepare_cached(sql)?.execute((id, number))?;
        Ok(())
    }
}

fn read_history(row: &Row<'_>) -> rusqlite::Result<HistoryEntry> {
    Ok(HistoryEntry {
        action: row.get("action")?,
        at: row.get("at")?,
        day: row.get("day")?,
        by: row.get("by")?,
        reason: row.get("reason")?,
        outcome: row.get::<_, Option<Outcome>>("outcome")?,
        until: row.get("until")?,
        assignee: row.get("assignee")?,
    })
}

type Condition = (&'static str, Option<(&'static str, Box<dyn ToSql>)>);

fn conditions(filter: &SignalFilter) -> Vec<Condition> {
    fn bound(
        name: &'static str,
        value: impl ToSql + 'static,
    ) -> Option<(&'static str, Box<dyn ToSql>)> {
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
        all.push((" AND coalesce(s.goal_event, v.event) = :event", bound(":event", event.clone())));
    }
    if let Some(rule) = &filter.rule {
        all.push((" AND s.rule = :rule", bound(":rule", rule.clone())));
    }
    if let Some(companies) = &filter.companies {
        let keys: Vec<String> = companies.iter().map(|company| company.0.to_string()).collect();
        let keys = format!("[{}]", keys.join(","));
        all.push((
            " AND s.company IN (SELECT value FROM json_each(:companies))",
            bound(":companies", keys),
        ));
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
    if let Some(holds) = filter.holds {
        all.push((" AND s.holds = :holds", bound(":holds", holds)));
    }
    if let Some(day) = filter.customers_on {
        let clause = " AND coalesce(c.churned_on > :customers_on, TRUE)";
        all.push((clause, bound(":customers_on", day)));
    }
    match filter.snoozed {
        Some(Snoozed::On(day)) => all.push((
            " AND s.snoozed_until > :snoozed AND s.acknowledgement IS NULL",
            bound(":snoozed", day),
        )),
        Some(Snoozed::NotOn(day)) => {
            all.push((" AND coalesce(s.snoozed_until <= :snoozed, TRUE)", bound(":snoozed", day)))
        }
        None => {}
    }
    all
}

fn order_clause(order: SignalOrder) -> &'static str {
    match (order.key, order.is_descending) {
        (SortKey::Event, false) => {
            " ORDER BY coalesce(s.goal_event, v.event) IS NULL, coalesce(s.goal_event, v.event), s.id"
        }
        (SortKey::Event, true) => {
            " ORDER BY coalesce(s.goal_event, v.event) IS NULL DESC, coalesce(s.goal_event, v.event) DESC, s.id"
        }
        (SortKey::Type, false) => {
            " ORDER BY CASE s.type WHEN 'bad' THEN 0 WHEN 'good' THEN 1 ELSE 2 END, s.id"
        }
        (SortKey::Type, true) => {
            " ORDER BY CASE s.type WHEN 'bad' THEN 0 WHEN 'good' THEN 1 ELSE 2 END DESC, s.id"
        }
        (SortKey::State, false) => " ORDER BY s.acknowledgement IS NOT NULL, s.id",
        (SortKey::State, true) => " ORDER BY s.acknowledgement IS NOT NULL DESC, s.id",
        (SortKey::Date, false) => " ORDER BY s.raised_on, s.id",
        (SortKey::Date, true) => " ORDER BY s.raised_on DESC, s.id",
        (SortKey::Chance, false) => " ORDER BY s.chance IS NULL, s.chance, s.id",
        (SortKey::Chance, true) => " ORDER BY s.chance IS NULL DESC, s.chance DESC, s.id",
    }
}

/// Reads the columns that each kind of rule has of its own.
fn read_evidence(definition: &RuleLogic, row: &Row<'_>) -> rusqlite::Result<Evidence> {
    Ok(match definition {
        RuleLogic::Trend(_) => {
            let mut columns = InOrder::at(row, OF_TREND);
            Evidence::Trend(read_trend(&mut columns)?)
        }
        RuleLogic::Adoption(rule) => {
            let mut columns = InOrder::at(row, OF_ADOPTION);
            Evidence::Adoption(read_adoption(&rule.aim, &mut columns)?)
        }
        RuleLogic::Condition(_) => {
            let mut columns = InOrder::at(row, OF_CONDITION);
            let (key, values): (_, Option<String>) = (columns.next()?, columns.next()?);
            let values =
                values.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
            Evidence::Condition(Reading { key, values })
        }
    })
}

fn read_trend(columns: &mut InOrder<'_, '_>) -> rusqlite::Result<TrendEvidence> {
    let comparison = read_comparison(columns)?;
    let (chance, change_pct): (_, Option<f64>) = (columns.next()?, columns.next()?);
    let (factor, basis): (Option<f64>, _) = (columns.next()?, columns.next()?);
    let spread = factor.zip(basis).map(|(factor, basis)| Spread { factor, basis });
    let expected: Option<f64> = columns.next()?;
    let others: [Option<i64>; 3] = [columns.next()?, columns.next()?, columns.next()?];
    let [others, now, before] = others.map(|count| count.map(|count| count as u64));
    let reference = expected.map(|expected| Reference {
        others,
        sums: now.zip(before),
        expected,
        change_tenths: (change_pct.unwrap_or_default() * 10.0).round() as i64,
    });
    Ok(TrendEvidence { comparison, chance, spread, reference })
}

/// A count as it is stored.
pub(super) fn stored_count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn read_comparison(columns: &mut InOrder<'_, '_>) -> rusqlite::Result<Comparison> {
    Ok(Comparison {
        observation: DayRange { from: columns.next()?, to: columns.next()? },
        previous: columns.next::<i64>()? as u64,
        decision: DayRange { from: columns.next()?, to: columns.next()? },
        current: columns.next::<i64>()? as u64,
    })
}

fn read_adoption(aim: &Aim, columns: &mut InOrder<'_, '_>) -> rusqlite::Result<Adoption> {
    let goal_event: Option<String> = columns.next()?;
    let is_goal = goal_event.is_some();
    let event = goal_event.or_else(|| aim.event().map(str::to_owned)).unwrap_or_default();
    Ok(Adoption {
        event,
        is_goal,
        goal: columns.next()?,
        started_on: columns.next()?,
        due_on: columns.next()?,
        done_on: columns.next()?,
    })
}

fn read_acknowledgement(
    columns: &mut InOrder<'_, '_>,
) -> rusqlite::Result<Option<Acknowledgement>> {
    match columns.next::<Option<String>>()? {
        Some(by) => Ok(Some(Acknowledgement {
            by,
            at: columns.next()?,
            reason: columns.next()?,
            outcome: columns.next()?,
        })),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::condition::ReadValue;
    use crate::domain::rule::Rule;
    use crate::store::Permissions;

    /// A database with a company and a condition rule `r`, to raise signals in.
    struct Setting {
        store: Store,
        company: CompanyKey,
        run: i64,
        rule: ConditionRule,
        _folder: tempfile::TempDir,
    }

    fn day(number: i32) -> Day {
        "2026-03-01".parse::<Day>().unwrap() + number - 1
    }

    impl Setting {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let store =
                Store::create_or_open(&folder.path().join("test.db"), Permissions::Owner).unwrap();
            let company = store.add_unlisted_company("acme").unwrap();
            let run = store.begin_run(day(1), Instant::from_micros(0), false).unwrap();
            let setting = Setting {
                store,
                company,
                run,
                rule: ConditionRule::new("seats > 5", SignalType::Info),
                _folder: folder,
            };
            setting.save();
            setting
        }

        fn save(&self) {
            self.store.save_rule(&Rule::new("r", RuleLogic::Condition(self.rule.clone()))).unwrap();
        }

        fn raise(&self, on: i32, key: Option<&str>) -> SignalId {
            let values = BTreeMap::from([
                ("mrr".to_owned(), ReadValue::Number(12.5)),
                ("plan".to_owned(), ReadValue::Text("pro".into())),
                ("seats".to_owned(), ReadValue::Whole(7)),
                ("segment".to_owned(), ReadValue::Null),
            ]);
            let reading = Reading { key: key.map(str::to_owned), values };
            let finding =
                Finding { signal_type: SignalType::Info, evidence: Evidence::Condition(reading) };
            let rule_version = self.store.rule("r").unwrap().unwrap().version;
            let (company, run, raised_on) = (self.company, self.run, day(on));
            let detail = "seats > 5".to_owned();
            let signal = NewSignal {
                company,
                rule: "r",
                rule_version,
                run: Some(run),
                raised_on,
                finding: &finding,
                detail,
            };
            self.store.raise(&signal).unwrap()
        }

        fn enter(&self, id: SignalId, action: Action, on: i32) {
            let at = Instant::from_micros(0);
            let entry = HistoryEntry {
                action,
                at,
                day: day(on),
                by: "ana".into(),
                reason: "seen".into(),
                outcome: None,
                until: None,
                assignee: None,
            };
            self.store.add_history(id, &entry).unwrap();
        }

        fn latest(&self, on: i32) -> Option<(Day, State)> {
            match self.store.condition_signals("r", &self.rule, day(on), day(on)).unwrap() {
                Raised::Latest(latest) => {
                    latest.get(&self.company).map(|latest| (latest.raised_on, latest.state))
                }
                Raised::Keys(_) => panic!("the rule has no key"),
            }
        }

        fn keys(&self) -> Vec<String> {
            match self.store.condition_signals("r", &self.rule, day(1), day(1)).unwrap() {
                Raised::Keys(keys) => {
                    let mut keys: Vec<String> = keys.into_values().flatten().collect();
                    keys.sort();
                    keys
                }
                Raised::Latest(_) => panic!("the rule has a key"),
            }
        }
    }

    #[test]
    fn a_signal_keeps_what_the_condition_read() {
        let setting = Setting::new();
        let id = setting.raise(3, Some("2026-06-01"));
        let signal = setting.store.signal(id).unwrap().unwrap();
        let Evidence::Condition(reading) = &signal.evidence else { panic!("{signal:?}") };
        assert_eq!(reading.key.as_deref(), Some("2026-06-01"));
        let values: Vec<String> =
            reading.values.iter().map(|(name, value)| format!("{name} {value}")).collect();
        assert_eq!(values, ["mrr 12.5", "plan pro", "seats 7", "segment unknown"]);
        assert_eq!(signal.definition.logic, RuleLogic::Condition(setting.rule.clone()));
        assert_eq!(
            (signal.event(), signal.signal_type, signal.change_pct),
            (None, SignalType::Info, None)
        );
        let info = SignalFilter { signal_type: Some(SignalType::Info), ..SignalFilter::default() };
        assert_eq!(setting.store.signal_ids(&info).unwrap(), [id]);
    }

    #[test]
    fn the_latest_signal_and_its_state_are_those_of_the_day() {
        use State::{Closed, Open};
        let setting = Setting::new();
        assert_eq!(setting.latest(10), None);
        let first = setting.raise(3, None);
        setting.enter(first, Action::Acknowledged, 5);
        setting.enter(first, Action::Reopened, 7);
        let states = [2, 3, 4, 5, 6, 7].map(|on| setting.latest(on));
        let of = |state| Some((day(3), state));
        assert_eq!(states, [None, of(Open), of(Open), of(Closed), of(Closed), of(Open)]);
        setting.raise(8, None);
        assert_eq!([setting.latest(7), setting.latest(8)], [of(Open), Some((day(8), Open))]);
    }

    #[test]
    fn a_retracted_signal_holds_nothing_back() {
        let mut setting = Setting::new();
        let first = setting.raise(3, None);
        let second = setting.raise(5, None);
        assert_eq!(setting.latest(10), Some((day(5), State::Open)));
        let retract = |setting: &Setting, id| {
            setting.enter(id, Action::Acknowledged, 6);
            let sql = "UPDATE signals SET acknowledgement = ?2 WHERE id = ?1";
            let entry = "INSERT INTO signal_history (signal, action, at, day, by, reason, outcome)
                         VALUES (?1, 'acknowledged', '', '', 'signals', 'late', 'retracted')";
            setting.store.connection.execute(entry, [id]).unwrap();
            let number = setting.store.connection.last_insert_rowid();
            setting.store.connection.execute(sql, (id, number)).unwrap();
        };
        retract(&setting, second);
        assert_eq!(setting.latest(10), Some((day(3), State::Open)));
        retract(&setting, first);
        assert_eq!(setting.latest(10), None);
        setting.rule.key = Some("renewal_on".into());
        setting.save();
        let told = setting.raise(7, Some("2026-06-01"));
        retract(&setting, told);
        assert_eq!(setting.keys(), [""; 0]);
    }

    #[test]
    fn a_key_is_told_whenever_it_was_and_by_its_own_attribute() {
        let mut setting = Setting::new();
        setting.raise(3, None);
        setting.rule.key = Some("renewal_on".into());
        setting.save();
        assert_eq!(setting.keys(), [""; 0]);
        setting.raise(5, Some("2026-06-01"));
        setting.raise(6, Some("2027-06-01"));
        assert_eq!(setting.keys(), ["2026-06-01", "2027-06-01"]);
        setting.rule.key = Some("payment_expires_on".into());
        setting.save();
        assert_eq!(setting.keys(), [""; 0]);
    }
}
