//! Which signals a list has, and in what order.

use rusqlite::ToSql;

use crate::domain::company::CompanyKey;
use crate::domain::day::Day;
use crate::domain::named::named;
use crate::domain::signal::{SignalState, SignalType};

/// Which signals are wanted; `None` matches all.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SignalFilter {
    pub company: Option<CompanyKey>,
    pub signal_type: Option<SignalType>,
    pub state: Option<SignalState>,
    pub event: Option<String>,
    pub rule: Option<String>,
    pub companies: Option<Vec<CompanyKey>>,
    /// Signals of companies with this CSM.
    pub csm: Option<String>,
    /// Signals raised on or after this day.
    pub since: Option<Day>,
    /// Signals raised on or before this day.
    pub until: Option<Day>,
    /// Signals with at most this probability of being chance.
    pub max_chance: Option<f64>,
    /// Whether they are snoozed.
    pub snoozed: Option<Snoozed>,
    /// Whether their rule still holds.
    pub holds: Option<bool>,
    /// Signals of companies that have not churned by this day.
    pub customers_on: Option<Day>,
}

/// Whether signals are snoozed on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Snoozed {
    On(Day),
    NotOn(Day),
}

/// What a list of signals is sorted by.
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

/// The order of a list of signals, and its maximum length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SignalOrder {
    /// Ties are sorted by signal id.
    pub key: SortKey,
    pub is_descending: bool,
    pub limit: Option<u64>,
}

impl SignalOrder {
    /// All of them, newest first.
    pub(crate) const NEWEST_FIRST: SignalOrder =
        SignalOrder { key: SortKey::Date, is_descending: true, limit: None };
}

/// A clause, with the name and the value of its parameter.
pub(super) type Condition = (&'static str, Option<(&'static str, Box<dyn ToSql>)>);

pub(super) fn conditions(filter: &SignalFilter) -> Vec<Condition> {
    let state = filter.state.map(|state| match state {
        SignalState::Open => (" AND s.acknowledgement IS NULL", None),
        SignalState::Closed => (" AND s.acknowledgement IS NOT NULL", None),
    });
    let companies = filter.companies.as_ref().map(|companies| {
        let keys: Vec<String> = companies.iter().map(|company| company.0.to_string()).collect();
        format!("[{}]", keys.join(","))
    });
    let snoozed = filter.snoozed.and_then(|snoozed| match snoozed {
        Snoozed::On(day) => clause(
            Some(day),
            ":snoozed",
            " AND s.snoozed_until > :snoozed AND s.acknowledgement IS NULL",
        ),
        Snoozed::NotOn(day) => {
            clause(Some(day), ":snoozed", " AND coalesce(s.snoozed_until <= :snoozed, TRUE)")
        }
    });
    let all = [
        clause(filter.company.map(|company| company.0), ":company", " AND s.company = :company"),
        clause(filter.signal_type, ":type", " AND s.type = :type"),
        state,
        clause(filter.event.clone(), ":event", " AND coalesce(s.goal_event, v.event) = :event"),
        clause(filter.rule.clone(), ":rule", " AND s.rule = :rule"),
        clause(
            companies,
            ":companies",
            " AND s.company IN (SELECT value FROM json_each(:companies))",
        ),
        clause(filter.csm.clone(), ":csm", " AND c.csm = :csm"),
        clause(filter.since, ":since", " AND s.raised_on >= :since"),
        clause(filter.until, ":until", " AND s.raised_on <= :until"),
        clause(filter.max_chance, ":max_chance", " AND s.chance <= :max_chance"),
        clause(filter.holds, ":holds", " AND s.holds = :holds"),
        clause(
            filter.customers_on,
            ":customers_on",
            " AND coalesce(c.churned_on > :customers_on, TRUE)",
        ),
        snoozed,
    ];
    all.into_iter().flatten().collect()
}

/// The clause for a value that is wanted.
fn clause(
    wanted: Option<impl ToSql + 'static>,
    parameter: &'static str,
    clause: &'static str,
) -> Option<Condition> {
    wanted.map(|value| (clause, Some((parameter, Box::new(value) as Box<dyn ToSql>))))
}

pub(super) fn order_clause(order: SignalOrder) -> String {
    let by: &[&str] = match order.key {
        SortKey::Event => {
            &["coalesce(s.goal_event, v.event) IS NULL", "coalesce(s.goal_event, v.event)"]
        }
        SortKey::Type => &["CASE s.type WHEN 'bad' THEN 0 WHEN 'good' THEN 1 ELSE 2 END"],
        SortKey::State => &["s.acknowledgement IS NOT NULL"],
        SortKey::Date => &["s.raised_on"],
        SortKey::Chance => &["s.chance IS NULL", "s.chance"],
    };
    let direction = if order.is_descending { " DESC" } else { "" };
    let by: String = by.iter().map(|by| format!("{by}{direction}, ")).collect();
    format!(" ORDER BY {by}s.id")
}
