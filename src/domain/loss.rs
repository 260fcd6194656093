//! Customers who leave or pay less, and why.

use super::company::CompanyKey;
use super::day::{Day, Instant};
use super::reason::ReasonKind;

/// A churn or a downsell, as somebody recorded it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Loss {
    pub company: CompanyKey,
    /// What was lost: [`ReasonKind::Churn`] or [`ReasonKind::Downsell`].
    pub kind: ReasonKind,
    /// The first day with the lower revenue, or of the break of a churned customer.
    pub day: Day,
    /// Why: reason codes of the kind, in the order given.
    pub reason_codes: Vec<String>,
    pub note: Option<String>,
    /// Monthly recurring revenue before, 0 or more.
    pub mrr_before: Option<f64>,
    /// Monthly recurring revenue after, 0 or more; 0 after a churn.
    pub mrr_after: Option<f64>,
    pub by: String,
    pub at: Instant,
}

impl Loss {
    /// Monthly recurring revenue lost; `None` if one of the amounts is unknown.
    pub(crate) fn lost_mrr(&self) -> Option<f64> {
        Some(self.mrr_before? - self.mrr_after?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_lost_is_known_if_both_amounts_are() {
        let lost = |mrr_before, mrr_after| {
            Loss {
                company: CompanyKey(1),
                kind: ReasonKind::Downsell,
                day: Day::from_number(0),
                reason_codes: Vec::new(),
                note: None,
                mrr_before,
                mrr_after,
                by: String::new(),
                at: Instant::from_micros(0),
            }
            .lost_mrr()
        };
        assert_eq!(lost(Some(500.0), Some(300.0)), Some(200.0));
        assert_eq!([lost(None, Some(0.0)), lost(Some(500.0), None)], [None, None]);
    }
}
