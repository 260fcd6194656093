//! Invoices.

use anyhow::Result;

use super::{Facts, Kind};
use crate::domain::day::Day;
use crate::domain::facts::Invoice;
use crate::import::{FactRow, Verdict};
use crate::load::cells::{day, money, required_day, required_text, text};

impl Kind for Invoice {
    type Identity = String;

    const IS_ONE_ROW_AN_ID: bool = true;

    fn of_row(
        row: &FactRow<'_>,
        stored: Option<Self>,
        facts: &mut Facts<'_>,
    ) -> Result<Result<Self, Verdict>> {
        let company = match facts.company(row)? {
            Ok(company) => company,
            Err(verdict) => return Ok(Err(verdict)),
        };
        let due_on = required_day(row, "due_on")?;
        let invoice_id = required_text(row, "invoice_id")?;
        let new =
            Invoice { invoice_id, company, due_on, paid_on: None, amount: None, status: None };
        let mut invoice = stored.unwrap_or(new);
        (invoice.company, invoice.due_on) = (company, due_on);
        day(row, "paid_on", &mut invoice.paid_on);
        money(row, "amount", &mut invoice.amount);
        text(row, "status", &mut invoice.status);
        Ok(Ok(invoice))
    }

    fn identity(&self) -> String {
        self.invoice_id.clone()
    }

    fn day(&self) -> Option<Day> {
        Some(self.due_on)
    }
}
