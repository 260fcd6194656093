//! The rows of exports that have no screen. Their columns are stable: added at the end, never
//! renamed.

use crate::domain::attributes::Datum;
use crate::domain::day::Day;
use crate::domain::health::Assessment;
use crate::domain::pulse::{Pulse, to_one_decimal};
use crate::render::Value;
use crate::store::EventRecord;

use super::health::measures_json;
use super::{Field, RecordFields, companies};

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

/// The columns of rows that begin with their company.
pub(crate) fn columns<T>(own: &RecordFields<T>) -> Vec<&'static str> {
    ["company_id", "company_name", "csm"].into_iter().chain(own.names()).collect()
}

/// A row; `company` are the values of [`COMPANY`].
pub(crate) fn row<'v, T>(
    company: &[&'v Datum],
    own: &RecordFields<T>,
    item: &'v T,
) -> Vec<Value<'v>> {
    companies::values(company).into_iter().chain(own.values(item)).collect()
}

pub(crate) const PULSES: RecordFields<Pulse> = RecordFields::Each(&[
    Field::new("pulse", |pulse| pulse.mark.level.number().into()),
    Field::new("pulse_label", |pulse| pulse.mark.level.label().into()),
    Field::new("set_on", |pulse| pulse.mark.day.into()),
    Field::new("reason_codes", |pulse| {
        (!pulse.reason_codes.is_empty()).then(|| pulse.reason_codes.join(";")).into()
    }),
    Field::new("note", |pulse| pulse.note.as_ref().into()),
    Field::new("set_by", |pulse| pulse.by.as_ref().into()),
    Field::new("set_at", |pulse| pulse.mark.at.into()),
]);

pub(crate) const HEALTH: RecordFields<(Day, Assessment)> = RecordFields::Each(&[
    Field::new("day", |(day, _)| (*day).into()),
    Field::new("health_score", |(_, health)| health.score.map(to_one_decimal).into()),
    Field::new("health_band", |(_, health)| health.band().as_str().into()),
    Field::new("health_main_driver", |(_, health)| health.main_driver().into()),
    Field::new("coverage", |(_, health)| health.coverage.into()),
    Field::new("profile", |(_, health)| (&health.scoring.name).into()),
    Field::new("measures", |(_, health)| measures_json(health).into()),
]);
