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
