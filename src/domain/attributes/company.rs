//! Attributes of a company's record and subscriptions, and the days until its dates.

use super::rows::{day, number, text};
use super::{Attribute, AttributeGroup, Datum, Of};
use crate::domain::company::Company;
use crate::domain::day::Day;

/// The facts for the attributes of the record and the contract.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CompanyFacts<'a> {
    /// The record. Contract attributes see the values of the subscriptions that are active on
    /// `day`, if they state any.
    pub company: &'a Company,
    /// Its tags, A to Z, separated by `;`.
    pub tags: Option<&'a str>,
    /// The as-of date.
    pub day: Day,
}

impl CompanyFacts<'_> {
    /// The days until `day`; negative if it has passed.
    fn days_to(&self, day: Option<Day>) -> Datum {
        day.map(|day| day - self.day).into()
    }
}

const fn of(value: fn(&CompanyFacts<'_>) -> Datum) -> Of {
    Of::Company(value)
}

const fn contract(value: fn(&CompanyFacts<'_>) -> Datum) -> Of {
    Of::Contract(value)
}

use AttributeGroup::{Company as C, Contract as T};

pub(super) const ATTRIBUTES: [Attribute; 23] = [
    text("company_id", C, "the id, as the exports have it", of(|f| (&f.company.company_id).into())),
    text("name", C, "the name", of(|f| f.company.name.as_ref().into())),
    text("csm", C, "the customer success manager in charge", of(|f| f.company.csm.as_ref().into())),
    text("manager", C, "the manager in charge", of(|f| f.company.manager.as_ref().into())),
    text(
        "lifecycle_stage",
        C,
        "its lifecycle stage as a customer",
        of(|f| f.company.lifecycle_stage.as_ref().into()),
    ),
    text(
        "segment",
        C,
        "the market segment of its record",
        of(|f| f.company.segment.as_ref().into()),
    ),
    text(
        "plan",
        C,
        "the plan, of the largest active subscription if any",
        contract(|f| f.company.plan.as_ref().into()),
    ),
    text(
        "product",
        C,
        "the product, of the largest active subscription",
        contract(|f| f.company.product.as_ref().into()),
    ),
    number(
        "mrr",
        C,
        "money",
        "monthly recurring revenue, the sum of active subscriptions",
        contract(|f| f.company.mrr.into()),
    ),
    day("created_on", C, "when it became a customer", contract(|f| f.company.created_on.into())),
    day(
        "crm_created_on",
        C,
        "when its record in the CRM was made",
        of(|f| f.company.crm_created_on.into()),
    ),
    day(
        "renewal_on",
        C,
        "when its contract renews, the first of its subscriptions",
        contract(|f| f.company.renewal_on.into()),
    ),
    number(
        "renewal_term_days",
        C,
        "days",
        "the length of the term that renews",
        contract(|f| f.company.renewal_term_days.into()),
    ),
    day(
        "payment_expires_on",
        C,
        "when its means of payment expires",
        contract(|f| f.company.payment_expires_on.into()),
    ),
    number(
        "seats",
        C,
        "seats",
        "seats paid for, the sum of active subscriptions",
        contract(|f| f.company.seats.into()),
    ),
    number("seats_used", C, "seats", "seats in use", of(|f| f.company.seats_used.into())),
    day(
        "churned_on",
        C,
        "the first day on which it was not a customer any more; unknown again after a return",
        of(|f| f.company.churned_on.into()),
    ),
    text("tags", C, "its tags, A to Z, with ; between", of(|f| f.tags.into())),
    number(
        "days_since_created",
        T,
        "days",
        "since it became a customer",
        contract(|f| f.company.created_on.filter(|on| *on <= f.day).map(|on| f.day - on).into()),
    ),
    number(
        "days_as_customer",
        T,
        "days",
        "of the present period: since its first event or its return, whose day is 1",
        Of::Period(|f| f.start.map(|start| f.day - start + 1).into()),
    ),
    number(
        "days_to_renewal",
        T,
        "days",
        "until its contract renews; below 0 when that day has passed",
        contract(|f| f.days_to(f.company.renewal_on)),
    ),
    number(
        "days_to_payment_expiry",
        T,
        "days",
        "until its means of payment expires; below 0 when it has",
        contract(|f| f.days_to(f.company.payment_expires_on)),
    ),
    number("seat_usage_pct", T, "percent", "seats in use of seats paid for", contract(seat_usage)),
];

fn seat_usage(facts: &CompanyFacts<'_>) -> Datum {
    match (facts.company.seats, facts.company.seats_used) {
        (Some(seats), Some(used)) if seats != 0 => {
            Datum::Number(used as f64 * 100.0 / seats as f64)
        }
        _ => Datum::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usage_of_seats_is_unknown_without_paid_seats() {
        let cases = [
            (Some(40), Some(30), Datum::Number(75.0)),
            (Some(4), Some(5), Datum::Number(125.0)),
            (Some(0), Some(5), Datum::Null),
            (None, Some(5), Datum::Null),
            (Some(40), None, Datum::Null),
        ];
        for (seats, seats_used, expected) in cases {
            let company = Company { seats, seats_used, ..Company::default() };
            let facts = CompanyFacts { company: &company, tags: None, day: Day::from_number(0) };
            assert_eq!(seat_usage(&facts), expected);
        }
    }
}
