//! How much of last year's revenue remains.

use super::day::Day;

/// The revenue and the period of a subscription.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Term {
    /// The first day.
    pub started_on: Day,
    /// The first day after it has ended.
    pub ended_on: Option<Day>,
    pub mrr: Option<f64>,
}

/// The monthly revenue of a company's subscriptions on a day: 0 if none runs, unknown if none of
/// the running ones states it.
pub(crate) fn mrr_of_terms(terms: &[Term], day: Day) -> Option<f64> {
    let is_active =
        |term: &&Term| term.started_on <= day && term.ended_on.is_none_or(|ended| day < ended);
    let mut is_any = false;
    let active = terms.iter().filter(is_active).inspect(|_| is_any = true);
    let cents = active.filter_map(|term| term.mrr).map(|mrr| (mrr * 100.0).round());
    let sum = cents.reduce(|a, b| a + b).map(|cents| cents / 100.0);
    sum.or((!is_any).then_some(0.0))
}

/// Net and gross revenue retention, in percent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Retention {
    /// The current revenue of the customers of a year ago, divided by their revenue then. Upsells
    /// count.
    pub net: f64,
    /// The same, but increases over what a customer paid then do not count.
    pub gross: f64,
}

/// Retention of the customers who paid a year ago, from the monthly revenue of each then and now (0
/// for a customer who has left). `None` if nobody is known to have paid then.
pub(crate) fn retention(paid: impl Iterator<Item = (f64, f64)>) -> Option<Retention> {
    let [mut then, mut now, mut kept] = [0.0; 3];
    for (before, after) in paid.filter(|(before, _)| *before > 0.0) {
        then += before;
        now += after;
        kept += after.min(before);
    }
    (then > 0.0).then(|| Retention { net: now * 100.0 / then, gross: kept * 100.0 / then })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upsell_counts_for_net_and_not_for_gross_retention() {
        // 100 became 150, 100 became 50, 200 left; one joined.
        let paid = [(100.0, 150.0), (100.0, 50.0), (200.0, 0.0), (0.0, 500.0)];
        let expected = Retention { net: 50.0, gross: 37.5 };
        assert_eq!(retention(paid.into_iter()), Some(expected));
        assert_eq!(retention([(0.0, 10.0)].into_iter()), None);
    }

    #[test]
    fn revenue_on_a_day_is_the_sum_of_the_running_terms() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        let term = |from: &str, to: Option<&str>, mrr| Term {
            started_on: day(from),
            ended_on: to.map(day),
            mrr,
        };
        let terms = [
            term("2025-01-01", Some("2026-01-01"), Some(100.0)),
            term("2025-06-01", None, Some(50.5)),
            term("2026-02-01", Some("2026-03-01"), None),
        ];
        let cases = [
            ("2024-12-31", Some(0.0)),
            ("2025-05-31", Some(100.0)),
            ("2025-12-31", Some(150.5)),
            ("2026-01-01", Some(50.5)),
        ];
        for (on, expected) in cases {
            assert_eq!(mrr_of_terms(&terms, day(on)), expected, "{on}");
        }
        assert_eq!(mrr_of_terms(&terms[2..], day("2026-02-10")), None);
        assert_eq!(mrr_of_terms(&terms[2..], day("2026-03-01")), Some(0.0));
    }
}
