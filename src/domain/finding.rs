//! The result of a rule of any kind on a day: the companies evaluated, the companies skipped and
//! why, and the signals to raise.

use std::collections::HashMap;

use rustc_hash::FxHashSet;

use super::company::CompanyKey;
use super::customer::CustomerHistory;
use super::day::Day;
use super::evidence::{ConditionEvidence, Evidence};
use super::signal::{SignalId, SignalType};

/// A signal that a rule raises.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Finding {
    pub signal_type: SignalType,
    pub evidence: Evidence,
}

/// Why a company was not evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Skip {
    /// It has none of the watched events in either window of a trend rule.
    NoEvents,
    /// Its first event is inside the windows of a trend rule.
    NotEstablished,
    Churned,
    /// It became a customer after the day.
    NotCreated,
    /// It does not meet the rule's `--where`.
    Where,
}

impl Skip {
    /// Why adoption and condition rules skip a company on `day`; `None` if they evaluate it.
    pub(crate) fn of(customer: &CustomerHistory, day: Day, is_admitted: bool) -> Option<Skip> {
        match () {
            () if customer.has_churned(day) => Some(Skip::Churned),
            () if customer.is_yet_to_come(day) => Some(Skip::NotCreated),
            () if !is_admitted => Some(Skip::Where),
            () => None,
        }
    }
}

/// The companies that meet the `--where` of a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Admission {
    /// All companies: the rule has no `--where`.
    #[default]
    All,
    Only(FxHashSet<CompanyKey>),
}

impl Admission {
    pub(crate) fn admits(&self, company: CompanyKey) -> bool {
        match self {
            Admission::All => true,
            Admission::Only(companies) => companies.contains(&company),
        }
    }
}

/// The result of a rule on a day.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Evaluation {
    /// The companies that were evaluated, with or without a signal.
    pub evaluated: Vec<CompanyKey>,
    /// The number of companies skipped, by reason.
    pub skipped: HashMap<Skip, u64>,
    /// The signals to raise, in the order of the companies.
    pub findings: Vec<(CompanyKey, Finding)>,
    /// The open signals of a condition rule to repeat, with the values that it read.
    pub renewals: Vec<(SignalId, ConditionEvidence)>,
}

impl Evaluation {
    /// Counts a skipped company.
    pub(crate) fn skip(&mut self, reason: Skip) {
        *self.skipped.entry(reason).or_default() += 1;
    }

    pub(crate) fn count(&self, wanted: SignalType) -> usize {
        self.findings.iter().filter(|(_, finding)| finding.signal_type == wanted).count()
    }
}

#[cfg(test)]
mod tests {
    use super::super::customer::Break;
    use super::*;

    #[test]
    fn churned_and_future_companies_are_skipped() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        let today = day("2026-03-10");
        let customer = |created: &str, churned: Option<&str>| CustomerHistory {
            created_on: Some(day(created)),
            first_event: None,
            breaks: churned
                .map(|text| Break { churned_on: day(text), returned_on: None })
                .into_iter()
                .collect(),
        };
        assert_eq!(Skip::of(&customer("2026-03-10", None), today, true), None);
        assert_eq!(Skip::of(&customer("2026-03-11", None), today, true), Some(Skip::NotCreated));
        assert_eq!(
            Skip::of(&customer("2026-03-01", Some("2026-03-10")), today, true),
            Some(Skip::Churned)
        );
        assert_eq!(Skip::of(&customer("2026-03-01", Some("2026-03-11")), today, true), None);
        assert_eq!(Skip::of(&customer("2026-03-01", None), today, false), Some(Skip::Where));
        assert_eq!(Skip::of(&CustomerHistory::default(), today, true), None);
    }

    #[test]
    fn a_rule_without_a_where_admits_everybody() {
        let only = Admission::Only(FxHashSet::from_iter([CompanyKey(2)]));
        assert_eq!([1, 2].map(|key| only.admits(CompanyKey(key))), [false, true]);
        assert!(Admission::All.admits(CompanyKey(1)));
    }
}
