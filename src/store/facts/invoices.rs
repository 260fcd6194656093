//! Invoices.

use rusqlite::Row;
use rusqlite::types::Value;

use super::{Fact, Identity, Table, values};
use crate::domain::company::CompanyKey;
use crate::domain::facts::Invoice;

impl Fact for Invoice {
    const TABLE: Table = Table {
        name: "invoices",
        identity: Identity::Id("invoice_id"),
        columns: &["invoice_id", "company", "due_on", "paid_on", "amount", "status"],
        select: "f.*",
        details: None,
        order: "due_on DESC, invoice_id",
    };

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Invoice {
            invoice_id: row.get("invoice_id")?,
            company: CompanyKey(row.get("company")?),
            due_on: row.get("due_on")?,
            paid_on: row.get("paid_on")?,
            amount: row.get("amount")?,
            status: row.get("status")?,
        })
    }

    fn values(&self) -> rusqlite::Result<Vec<Value>> {
        let Invoice { invoice_id, company, due_on, paid_on, amount, status } = self;
        values![invoice_id, company.0, due_on, paid_on, amount, status]
    }
}
