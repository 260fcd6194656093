//! When a company is known, and when it is a customer.

use super::customer::Break;
use super::day::Day;

/// The facts that decide when a company is known, and when it is a customer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Presence {
    /// When it became a customer: as imports say, otherwise the start of its first subscription.
    pub created_on: Option<Day>,
    /// The day of its first event.
    pub first_event: Option<Day>,
    /// Whether no list of companies has it, so that it is known only because facts name it.
    pub is_unlisted: bool,
    /// The day of its first fact other than an event; used only if it is unlisted.
    pub first_fact: Option<Day>,
    /// The periods during which it was not a customer.
    pub breaks: Vec<Break>,
}

impl Presence {
    /// Whether it is known on `day`, as a customer or not: it has been created or has had an event
    /// by then. Without a creation date, it is known if it is listed, or from its first fact on.
    pub(crate) fn is_known(&self, day: Day) -> bool {
        let by_then = |on: Option<Day>| on.is_some_and(|on| on <= day);
        by_then(self.first_event)
            || match self.created_on {
                Some(created) => created <= day,
                None => !self.is_unlisted || by_then(self.first_fact),
            }
    }

    pub(crate) fn is_customer(&self, day: Day) -> bool {
        self.is_known(day) && !self.breaks.iter().any(|away| away.covers(day))
    }

    /// The days from `from` to `to`, including both, on which it churned. A company that was not
    /// yet a customer cannot churn.
    pub(crate) fn cancellations(&self, from: Day, to: Day) -> impl Iterator<Item = Day> {
        let days = self.breaks.iter().map(|away| away.churned_on);
        days.filter(move |day| {
            from <= *day
                && *day <= to
                && self.created_on.is_none_or(|created| created < *day)
                && self.is_known(day.previous())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: i32) -> Day {
        Day::from_number(number)
    }

    fn churn(on: i32, back: Option<i32>) -> Break {
        Break { churned_on: day(on), returned_on: back.map(day) }
    }

    #[test]
    fn a_company_is_a_customer_from_its_creation_on_except_during_breaks() {
        let breaks = vec![churn(20, Some(30)), churn(40, None)];
        let company = Presence { created_on: Some(day(10)), breaks, ..Presence::default() };
        let days: Vec<i32> = (5..50).filter(|on| company.is_customer(day(*on))).collect();
        let expected: Vec<i32> = (10..20).chain(30..40).collect();
        assert_eq!(days, expected);
        let cancelled: Vec<Day> = company.cancellations(day(0), day(40)).collect();
        assert_eq!(cancelled, [day(20), day(40)]);
        assert_eq!(company.cancellations(day(21), day(39)).count(), 0);
    }

    #[test]
    fn only_customers_can_cancel() {
        let cancelled = |created: i32| {
            let breaks = vec![churn(20, None)];
            let created_on = Some(day(created));
            Presence { created_on, breaks, ..Presence::default() }
                .cancellations(day(0), day(99))
                .count()
        };
        assert_eq!([cancelled(19), cancelled(20), cancelled(25)], [1, 0, 0]);
        // It was tried out before it became a customer.
        let tried = |created: i32| {
            let (created_on, first_event) = (Some(day(created)), Some(day(5)));
            let breaks = vec![churn(20, None)];
            Presence { created_on, first_event, breaks, ..Presence::default() }
                .cancellations(day(0), day(99))
                .count()
        };
        assert_eq!([tried(19), tried(20), tried(25)], [1, 0, 0]);
    }

    #[test]
    fn an_unlisted_company_is_known_from_its_first_fact_on() {
        let unlisted = Presence { is_unlisted: true, ..Presence::default() };
        assert!(!unlisted.is_known(day(99)));
        let named = Presence { first_fact: Some(day(7)), ..unlisted.clone() };
        assert_eq!([named.is_known(day(6)), named.is_known(day(7))], [false, true]);
        let active = Presence { first_event: Some(day(5)), ..unlisted };
        assert_eq!([active.is_known(day(4)), active.is_known(day(5))], [false, true]);
    }
}
