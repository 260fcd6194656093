//! A company's invoices.

use super::rows::number;
use super::{Attribute, AttributeGroup, Datum, Facts, Of};
use crate::domain::customer::to_the_cent;
use crate::domain::day::Day;
use crate::domain::fact_kinds::Invoice;
use crate::domain::words::Words;

type Invoices<'a> = Facts<'a, Invoice>;

/// Whether the due date has passed without a payment by the end of `day`. An invoice is not yet
/// overdue on its due date.
fn is_overdue(invoice: &Invoice, day: Day, words: &Words) -> bool {
    let is_owed = match (&invoice.paid_on, &invoice.status) {
        (Some(paid), _) => *paid > day,
        (None, Some(status)) => !words.is_settled(status),
        (None, None) => true,
    };
    is_owed && invoice.due_on < day
}

/// The sum of the overdue invoices; unknown if none of them has an amount.
fn overdue_amount(facts: &Invoices<'_>) -> Datum {
    let overdue =
        || facts.rows.iter().filter(|invoice| is_overdue(invoice, facts.day, facts.words));
    if !facts.has_begun
        || (overdue().count() > 0 && overdue().all(|invoice| invoice.amount.is_none()))
    {
        return Datum::Null;
    }
    Datum::from(to_the_cent(overdue().filter_map(|invoice| invoice.amount).sum()))
}

use AttributeGroup::Money as M;

pub(super) const ATTRIBUTES: [Attribute; 2] = [
    number(
        "overdue_invoices",
        M,
        "invoices",
        "invoices whose due day has passed without a payment",
        Of::Invoices(|f| f.count(|invoice| is_overdue(invoice, f.day, f.words))),
    ),
    number("overdue_amount", M, "money", "what they come to", Of::Invoices(overdue_amount)),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::company::CompanyKey;

    const DAY: Day = Day::from_number(100);

    fn invoice(due: i32, paid: Option<i32>, status: Option<&str>, amount: Option<f64>) -> Invoice {
        let [due_on, paid_on] = [Some(due), paid].map(|day| day.map(Day::from_number));
        let due_on = due_on.unwrap_or(DAY);
        Invoice {
            invoice_id: String::new(),
            company: CompanyKey(1),
            due_on,
            paid_on,
            amount,
            status: status.map(str::to_owned),
        }
    }

    #[test]
    fn an_invoice_is_overdue_from_the_day_after_it_was_due_until_it_is_paid() {
        let cases = [
            (99, None, None, true),
            (100, None, None, false),
            (99, Some(100), Some("open"), false),
            (99, Some(101), Some("paid"), true),
            (99, None, Some("Paid"), false),
            (99, None, Some(" void "), false),
            (99, None, Some("past due"), true),
        ];
        for (due, paid, status, expected) in cases {
            assert_eq!(
                is_overdue(&invoice(due, paid, status, None), DAY, &Words::default()),
                expected,
                "{due} {paid:?} {status:?}"
            );
        }
    }

    #[test]
    fn amounts_add_up_to_the_cent_and_are_unknown_if_no_invoice_has_one() {
        let of = |amounts: &[Option<f64>]| {
            let rows: Vec<Invoice> =
                amounts.iter().map(|amount| invoice(99, None, None, *amount)).collect();
            overdue_amount(&Facts {
                rows: &rows,
                has_begun: true,
                day: DAY,
                words: &Words::default(),
            })
        };
        assert_eq!(of(&[]), Datum::Number(0.0));
        assert_eq!(of(&[Some(0.1), Some(0.2)]), Datum::Number(0.3));
        assert_eq!(of(&[Some(0.1), None]), Datum::Number(0.1));
        assert_eq!(of(&[None, None]), Datum::Null);
        assert_eq!(
            overdue_amount(&Facts {
                rows: &[],
                has_begun: false,
                day: DAY,
                words: &Words::default()
            }),
            Datum::Null
        );
    }
}
