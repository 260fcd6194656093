//! What a company meant to have done.

use super::rows::number;
use super::{Attribute, Datum, Facts, Group, Of};
use crate::domain::day::Day;

/// A goal and when it was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatedGoal {
    /// The last day for it.
    pub due_on: Day,
    /// The first day of the event that shows it, on or before the as-of date.
    pub done_on: Option<Day>,
}

const fn of(value: fn(&Facts<'_, DatedGoal>) -> Datum) -> Of {
    Of::Goals(value)
}

use Group::Work as W;

pub(super) const ATTRIBUTES: [Attribute; 2] = [
    number(
        "goals_met",
        W,
        "goals",
        "goals that were reached in time",
        of(|f| f.count(|goal| goal.done_on.is_some_and(|done| done <= goal.due_on))),
    ),
    number(
        "goals_overdue",
        W,
        "goals",
        "goals whose day has passed and that are not reached yet",
        of(|f| f.count(|goal| goal.due_on < f.day && goal.done_on.is_none())),
    ),
];
