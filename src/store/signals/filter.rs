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

pub(super) type Condition = (&'static str, Option<(&'static str, Box<dyn ToSql>)>);

pub(super) fn conditions(filter: &SignalFilter) -> Vec<Condition> {
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
        Some(SignalState::Open) => all.push((" AND s.acknowledgement IS NULL", None)),
        Some(SignalState::Closed) => all.push((" AND s.acknowledgement IS NOT NULL", None)),
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

pub(super) fn order_clause(order: SignalOrder) -> &'static str {
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
