//! The weekly agenda: what is due for a company, and how urgent that makes it.

use super::day::Day;

/// Tasks count as due this many days ahead.
pub const DAYS_AHEAD: i32 = 7;

/// A business review is due this many days after the last one.
pub const REVIEW_EVERY: i32 = 90;

/// What is to be done for a company, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Workload {
    /// Open tasks whose day has passed.
    pub overdue_tasks: u64,
    /// By how many days the longest overdue of them is late; 0 without any.
    pub most_days_late: i32,
    /// Open tasks due today or within [`DAYS_AHEAD`] days.
    pub due_tasks: u64,
    /// Open bad signals.
    pub bad_signals: u64,
    /// Open good and info signals.
    pub other_signals: u64,
    /// Whether a business review is due.
    pub is_review_due: bool,
}

/// How urgent a company is: the greater is dealt with first.
///
/// Compared in this order: the number of things that are wrong already (overdue tasks and open bad
/// signals), by how many days the longest overdue task is late, the number of tasks due within a
/// week, whether a review is due, and the number of signals that are only to be known. So that no
/// amount of things to know outranks one that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Urgency {
    /// Overdue tasks and open bad signals.
    pub wrong: u64,
    days_late: i32,
    due: u64,
    is_review_due: bool,
    to_know: u64,
}

/// How urgent a company with this workload is; see [`Urgency`].
pub fn urgency(workload: &Workload) -> Urgency {
    Urgency {
        wrong: workload.overdue_tasks + workload.bad_signals,
        days_late: workload.most_days_late,
        due: workload.due_tasks,
        is_review_due: workload.is_review_due,
        to_know: workload.other_signals,
    }
}

/// The day on which a company's next review is due: [`REVIEW_EVERY`] days after the last one, else
/// after it became a customer; `None` where neither is known.
pub fn review_due_on(last_review: Option<Day>, created_on: Option<Day>) -> Option<Day> {
    last_review.or(created_on).map(|day| day + REVIEW_EVERY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_goes_before_what_is_due_before_what_is_to_be_known() {
        let none = Workload::default();
        // From the most urgent to the least.
        let order = [
            Workload { overdue_tasks: 1, most_days_late: 1, bad_signals: 1, ..none },
            Workload { bad_signals: 2, due_tasks: 1, ..none },
            Workload { bad_signals: 2, ..none },
            Workload { overdue_tasks: 1, most_days_late: 9, ..none },
            Workload { overdue_tasks: 1, most_days_late: 2, ..none },
            Workload { bad_signals: 1, due_tasks: 3, ..none },
            Workload { bad_signals: 1, is_review_due: true, other_signals: 1, ..none },
            Workload { bad_signals: 1, other_signals: 7, ..none },
            Workload { due_tasks: 2, ..none },
            Workload { due_tasks: 1, other_signals: 9, ..none },
            Workload { is_review_due: true, ..none },
            Workload { other_signals: 50, ..none },
            none,
        ];
        for pair in order.windows(2) {
            let (first, second) = (urgency(&pair[0]), urgency(&pair[1]));
            // One late task and one bad signal are as many as two bad signals; the late one
            // decides.
            assert!(first > second, "{:?} before {:?}", pair[0], pair[1]);
        }
    }

    #[test]
    fn a_review_is_due_ninety_days_after_the_last_or_after_the_beginning() {
        let day = |text: &str| text.parse::<Day>().ok();
        let cases = [
            (day("2026-01-01"), day("2020-01-01"), day("2026-04-01")),
            (None, day("2026-01-01"), day("2026-04-01")),
            (None, None, None),
        ];
        for (last, created, due) in cases {
            assert_eq!(review_due_on(last, created), due);
        }
    }
}
