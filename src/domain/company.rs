//! Companies: the customers.

use super::customer::{self, Subscription};
use super::day::Day;

/// The number by which the database knows a company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CompanyKey(pub u32);

/// What is known of a company from imports; `None` is unknown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Company {
    /// The id in the source system, a text that is never reinterpreted.
    pub company_id: String,
    /// The name.
    pub name: Option<String>,
    /// The customer success manager in charge.
    pub csm: Option<String>,
    /// The manager in charge.
    pub manager: Option<String>,
    /// Where the company stands in its life as a customer.
    pub lifecycle_stage: Option<String>,
    /// The market segment.
    pub segment: Option<String>,
    /// The plan that the company pays for.
    pub plan: Option<String>,
    /// The product that the company uses.
    pub product: Option<String>,
    /// Monthly recurring revenue, in the currency of the files.
    pub mrr: Option<f64>,
    /// When the company became a customer.
    pub created_on: Option<Day>,
    /// When its record in the CRM was made.
    pub crm_created_on: Option<Day>,
    /// When the contract is up for renewal.
    pub renewal_on: Option<Day>,
    /// The length of the contract's term, in days.
    pub renewal_term_days: Option<i64>,
    /// When the means of payment expires.
    pub payment_expires_on: Option<Day>,
    /// Seats paid for.
    pub seats: Option<i64>,
    /// Seats in use.
    pub seats_used: Option<i64>,
    /// Since when it is no customer any more.
    pub churned_on: Option<Day>,
}

impl Company {
    /// Lets the subscriptions that are active on `day` speak where they state something; one that
    /// begins later is not known on it. A company of which nothing else is known became a customer
    /// with the first of all.
    pub fn apply_contract(&mut self, subscriptions: &[Subscription], day: Day) {
        let first = subscriptions.iter().map(|subscription| subscription.started_on).min();
        self.created_on = self.created_on.or(first);
        let begun: Vec<Subscription> =
            subscriptions.iter().filter(|s| s.started_on <= day).cloned().collect();
        let Some(contract) = customer::contract(&begun, day) else { return };
        self.plan = contract.plan.or(self.plan.take());
        self.product = contract.product.or(self.product.take());
        self.mrr = contract.mrr.or(self.mrr);
        self.seats = contract.seats.or(self.seats);
        self.renewal_on = contract.renewal_on.or(self.renewal_on);
        self.payment_expires_on = contract.payment_expires_on.or(self.payment_expires_on);
        self.renewal_term_days = contract.renewal_term_days.or(self.renewal_term_days);
    }
}
