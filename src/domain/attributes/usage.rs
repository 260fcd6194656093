//! What a company's people do in the product.

use super::rows::{day, number};
use super::{Attribute, Datum, Group, Of, change_pct};
use crate::domain::day::Day;

/// A company's events in the last 56 days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EventCounts {
    /// Whether the as-of date is not before the first event in the database.
    pub has_begun: bool,
    /// Events in the last 7 days.
    pub last_7d: u64,
    /// Events in the last 28 days.
    pub last_28d: u64,
    /// Events in the 28 days before.
    pub previous_28d: u64,
    /// Days of the last 28 with an event.
    pub active_days_28d: u64,
    /// Distinct event names in the last 28 days.
    pub features_28d: u64,
}

/// A company's active people in the last 56 days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PeopleCounts {
    /// Whether the as-of date is not before the first event in the database.
    pub has_begun: bool,
    /// Distinct people in the last 7 days.
    pub last_7d: u64,
    /// Distinct people in the last 28 days.
    pub last_28d: u64,
    /// Distinct people in the 28 days before.
    pub previous_28d: u64,
}

/// The people whose first event at a company was lately.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NewPeople {
    /// In the last 7 days; unknown until the data begins before those and the 7 days before them.
    pub last_7d: Option<u64>,
    /// In the last 28 days; unknown until the data begins before those and the 28 days before them.
    pub last_28d: Option<u64>,
}

/// A company's first and last event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventDays {
    /// The day of the first.
    pub first: Option<Day>,
    /// The day of the last on or before the as-of date.
    pub last: Option<Day>,
    /// The as-of date.
    pub day: Day,
}

/// A count of events is unknown before the first event in the database.
fn known(has_begun: bool, count: u64) -> Datum {
    if has_begun { count.into() } else { Datum::Null }
}

const fn counts(value: fn(&EventCounts) -> Datum) -> Of {
    Of::Counts(value)
}

const fn people(value: fn(&PeopleCounts) -> Datum) -> Of {
    Of::People(value)
}

use Group::Usage as U;

pub(super) const ATTRIBUTES: [Attribute; 15] = [
    number(
        "events_7d",
        U,
        "events",
        "events in the last 7 days",
        counts(|f| known(f.has_begun, f.last_7d)),
    ),
    number(
        "events_28d",
        U,
        "events",
        "events in the last 28 days",
        counts(|f| known(f.has_begun, f.last_28d)),
    ),
    number(
        "events_previous_28d",
        U,
        "events",
        "events in the 28 days before",
        counts(|f| known(f.has_begun, f.previous_28d)),
    ),
    number(
        "events_change_28d_pct",
        U,
        "percent",
        "change of events, the last 28 days against the 28 before",
        counts(|f| change_pct(f.previous_28d, f.last_28d)),
    ),
    number(
        "active_people_7d",
        U,
        "people",
        "people active in the last 7 days",
        Of::PeopleOfWeek(|f| known(f.has_begun, f.last_7d)),
    ),
    number(
        "active_people_28d",
        U,
        "people",
        "people active in the last 28 days",
        people(|f| known(f.has_begun, f.last_28d)),
    ),
    number(
        "active_people_previous_28d",
        U,
        "people",
        "people active in the 28 days before",
        people(|f| known(f.has_begun, f.previous_28d)),
    ),
    number(
        "active_people_change_28d_pct",
        U,
        "percent",
        "change of active people, the last 28 days against the 28 before",
        people(|f| change_pct(f.previous_28d, f.last_28d)),
    ),
    number(
        "new_people_7d",
        U,
        "people",
        "people whose first event was in the last 7 days",
        Of::NewPeople(|f| f.last_7d.into()),
    ),
    number(
        "new_people_28d",
        U,
        "people",
        "people whose first event was in the last 28 days",
        Of::NewPeople(|f| f.last_28d.into()),
    ),
    number(
        "active_days_28d",
        U,
        "days",
        "days of the last 28 with an event",
        counts(|f| known(f.has_begun, f.active_days_28d)),
    ),
    number(
        "features_used_28d",
        U,
        "event names",
        "distinct event names in the last 28 days",
        Of::Features(|f| known(f.has_begun, f.features_28d)),
    ),
    number(
        "days_since_last_event",
        U,
        "days",
        "since its last event",
        Of::EventDays(|f| f.last.map(|last| f.day - last).into()),
    ),
    day("first_event_on", U, "the day of its first event", Of::EventDays(|f| f.first.into())),
    day("last_event_on", U, "the day of its last event", Of::EventDays(|f| f.last.into())),
];
