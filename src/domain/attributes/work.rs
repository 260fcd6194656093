//! A company's tasks and goals.

use super::rows::number;
use super::{Attribute, AttributeGroup, Datum, Facts, Of};
use crate::domain::day::Day;

/// A goal and when it was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DatedGoal {
    /// Its deadline.
    pub due_on: Day,
    /// The first day of its event, on or before the as-of date.
    pub done_on: Option<Day>,
}

/// The open tasks of a company.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct TaskFacts {
    pub open: u64,
    pub overdue: u64,
}

const fn of(value: fn(&Facts<'_, DatedGoal>) -> Datum) -> Of {
    Of::Goals(value)
}

use AttributeGroup::Work as W;

pub(super) const ATTRIBUTES: [Attribute; 4] = [
    number(
        "open_tasks",
        W,
        "tasks",
        "tasks that are neither done nor dropped",
        Of::Tasks(|f| f.open.into()),
    ),
    number(
        "overdue_tasks",
        W,
        "tasks",
        "those of them whose day has passed",
        Of::Tasks(|f| f.overdue.into()),
    ),
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
