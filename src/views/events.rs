//! The list of events.

use super::{Listing, plain};
use crate::render::{self, Align, Tone, Value};
use crate::store::EventSummary;

/// An event and the rules that watch it.
pub(crate) struct WatchedEvent {
    pub summary: EventSummary,
    /// The names of the enabled rules that watch it.
    pub rules: Vec<String>,
}

/// The list of events.
pub(crate) const EVENTS: Listing<WatchedEvent> = Listing {
    fields: &[
        "event",
        "total",
        "last_30_days",
        "companies",
        "first_day",
        "last_day",
        "watched",
        "rules",
    ],
    values,
    columns: &[
        ("event", Align::Left),
        ("total", Align::Right),
        ("last 30 days", Align::Right),
        ("companies", Align::Right),
        ("first day", Align::Left),
        ("last day", Align::Left),
        ("watched by", Align::Left),
    ],
    cells,
    when_empty: "no events yet; `signals import FILE` brings them",
};

fn values(event: &WatchedEvent) -> Vec<Value<'_>> {
    let summary = &event.summary;
    vec![
        (&summary.name).into(),
        summary.total.into(),
        summary.last_30_days.into(),
        summary.companies.into(),
        summary.first_day.into(),
        summary.last_day.into(),
        (!event.rules.is_empty()).into(),
        Value::Nested(event.rules.iter().cloned().collect()),
    ]
}

fn cells(event: &WatchedEvent) -> Vec<(String, Tone)> {
    let summary = &event.summary;
    let rules = if event.rules.is_empty() { "-".to_owned() } else { event.rules.join(", ") };
    vec![
        plain(&summary.name),
        plain(render::thousands(summary.total)),
        plain(render::thousands(summary.last_30_days)),
        plain(render::thousands(summary.companies)),
        plain(summary.first_day),
        plain(summary.last_day),
        plain(rules),
    ]
}
