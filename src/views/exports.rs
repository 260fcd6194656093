//! The rows of exports that have no screen. Their columns are stable: added at the end, never
//! renamed.

use crate::domain::attributes::Datum;
use crate::domain::day::Day;
use crate::domain::health::Assessment;
use crate::domain::pulse::{Pulse, to_one_decimal};
use crate::render::Value;
use crate::store::EventRecord;

use super::health::measures_json;

/// The columns of events, which an import understands.
pub(crate) const EVENTS: [&str; 7] =
    ["company_id", "event", "timestamp", "person_id", "count", "event_id", "day"];

pub(crate) fn event<'v>(event: &EventRecord<'v>) -> [Value<'v>; 7] {
    [
        event.company_id.into(),
        event.event.into(),
        event.at.into(),
        event.person_id.into(),
        event.copies.into(),
        event.event_id.into(),
        event.day.into(),
    ]
}

/// The attributes that identify a company in its rows.
pub(crate) const COMPANY: [&str; 3] = ["company_id", "name", "csm"];

pub(crate) const PULSES: [&str; 10] = [
    "company_id",
    "company_name",
    "csm",
    "pulse",
    "pulse_label",
    "set_on",
    "reason_codes",
    "note",
    "set_by",
    "set_at",
];

/// A row of pulses; `company` are the values of [`COMPANY`].
pub(crate) fn pulse<'v>(company: &[&'v Datum], pulse: &'v Pulse) -> Vec<Value<'v>> {
    let mark = pulse.mark;
    let codes = (!pulse.reason_codes.is_empty()).then(|| pulse.reason_codes.join(";"));
    let own = [
        mark.level.number().into(),
        mark.level.label().into(),
        mark.day.into(),
        codes.into(),
        pulse.note.as_ref().into(),
        pulse.by.as_ref().into(),
        mark.at.into(),
    ];
    company.iter().map(|value| Value::from(*value)).chain(own).collect()
}

pub(crate) const HEALTH: [&str; 10] = [
    "company_id",
    "company_name",
    "csm",
    "day",
    "health_score",
    "health_band",
    "health_main_driver",
    "coverage",
    "profile",
    "measures",
];

/// A row of health; `company` are the values of [`COMPANY`].
pub(crate) fn health<'v>(
    company: &[&'v Datum],
    day: Day,
    health: &'v Assessment,
) -> Vec<Value<'v>> {
    let own = [
        day.into(),
        health.score.map(to_one_decimal).into(),
        health.band().as_str().into(),
        health.main_driver().into(),
        health.coverage.into(),
        health.scoring.name.as_str().into(),
        Value::Nested(measures_json(health)),
    ];
    company.iter().map(|value| Value::from(*value)).chain(own).collect()
}
