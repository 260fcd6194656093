//! The agenda: what is due for a company.

use super::day::Day;

/// The agenda includes tasks that are due within this many days.
pub(crate) const DAYS_AHEAD: i32 = 7;

/// A business review is due this many days after the last one.
pub(crate) const REVIEW_EVERY: i32 = 90;

/// The rule that, if enabled, also requires a first review of companies that never had one.
pub(crate) const REVIEW_RULE: &str = "review-due";

/// The day on which a company's next review is due: [`REVIEW_EVERY`] days after the last one.
/// Without a last one, it is counted from the day on which the company became a customer if
/// `asks_for_first`, that is, if [`REVIEW_RULE`] is enabled; otherwise none is due.
pub(crate) fn review_due_on(
    last_review: Option<Day>,
    created_on: Option<Day>,
    asks_for_first: bool,
) -> Option<Day> {
    last_review.or(created_on.filter(|_| asks_for_first)).map(|day| day + REVIEW_EVERY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_review_is_due_ninety_days_after_the_last_one() {
        let day = |text: &str| text.parse::<Day>().ok();
        let cases = [
            (day("2026-01-01"), day("2020-01-01"), false, day("2026-04-01")),
            (day("2026-01-01"), day("2020-01-01"), true, day("2026-04-01")),
            (None, day("2026-01-01"), true, day("2026-04-01")),
            (None, day("2026-01-01"), false, None),
            (None, None, true, None),
        ];
        for (last, created, asks, due) in cases {
            assert_eq!(review_due_on(last, created, asks), due);
        }
    }
}
