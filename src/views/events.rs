//! The list of events.

use super::{Column, Field, Listing, RecordFields, or_dash, plain};
use crate::render::{self, Value};
use crate::store::EventSummary;

pub(crate) struct WatchedEvent {
    pub summary: EventSummary,
    /// The names of the enabled rules that watch it.
    pub rules: Vec<String>,
}

pub(crate) const EVENTS: Listing<WatchedEvent> = Listing {
    fields: RecordFields::Each(&[
        Field::new("event", |event| (&event.summary.name).into()),
        Field::new("total", |event| event.summary.total.into()),
        Field::new("last_30_days", |event| event.summary.last_30_days.into()),
        Field::new("companies", |event| event.summary.companies.into()),
        Field::new("first_day", |event| event.summary.first_day.into()),
        Field::new("last_day", |event| event.summary.last_day.into()),
        Field::new("watched", |event| (!event.rules.is_empty()).into()),
        Field::new("rules", |event| Value::Nested(event.rules.iter().cloned().collect())),
    ]),
    columns: &[
        Column::left("event", |event| plain(&event.summary.name)),
        Column::right("total", |event| plain(render::thousands(event.summary.total))),
        Column::right("last 30 days", |event| plain(render::thousands(event.summary.last_30_days))),
        Column::right("companies", |event| plain(render::thousands(event.summary.companies))),
        Column::left("first day", |event| plain(event.summary.first_day)),
        Column::left("last day", |event| plain(event.summary.last_day)),
        Column::left("watched by", |event| {
            plain(or_dash((!event.rules.is_empty()).then(|| event.rules.join(", "))))
        }),
    ],
    when_empty: "no events yet; `signals import FILE` brings them",
};
