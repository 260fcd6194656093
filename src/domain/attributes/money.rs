//! A company's invoices.

use super::rows::number;
use super::{Attribute, Datum, Facts, Group, Of};
use crate::domain::customer::to_the_cent;
use crate::domain::day::Day;
use crate::domain::facts::Invoice;

type Invoices<'a> = Facts<'a, Invoice>;

/// States in which nothing is owed, though no payment is known.
const NOT_OWED: [&str; 9] =
    ["paid", "void", "voided", "draft", "deleted", "cancelled", "canceled", "refunded", "uncollectible"];

/// Whether the day on which the invoice was due had passed without a payment. On the day itself there is still time.
fn is_overdue(invoice: &Invoice, day: Day) -> bool {
    let is_owed = match (&invoice.paid_on, &invoice.status) {
        (Some(paid), _) => *paid > day,
        (None, Some(status)) => !NOT_OWED.iter().any(|word| status.trim().eq_ignore_ascii_case(word)),
        (None, None) => true,
    };
    is_owed && invoice.due_on < day
}

/// What the overdue invoices come to; unknown where none of them says how much.
fn overdue_amount(facts: &Invoices<'_>) -> Datum {
    let overdue = || facts.rows.iter().filter(|invoice| is_overdue(invoice, facts.day));
    if !facts.has_begun || (overdue().count() > 0 && overdue().all(|invoice| invoice.amount.is_none())) {
        return Datum::Null;
    }
    Datum::from(to_the_cent(overdue().filter_map(|invoice| invoice.amount).sum()))
}

use Group::Money as M;

pub(super) const ATTRIBUTES: [Attribute; 2] = [
    number(
        "overdue_invoices",
        M,
        "invoices",
        "invoices whose due day has passed without a payment",
        Of::Invoices(|f| f.count(|invoice| is_overdue(invoice, f.day))),
    ),
    number("overdue_amount", M, "money", "what they come to", Of::Invoices(overdue_amount)),
];
