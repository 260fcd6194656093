//! Contacts with customers.

use rusqlite::Row;
use rusqlite::types::Value;

use super::{Fact, Identity, Table, values};
use crate::domain::company::CompanyKey;
use crate::domain::facts::{Touchpoint, When};

impl Fact for Touchpoint {
    const TABLE: Table = Table {
        name: "touchpoints",
        identity: Identity::Columns,
        columns: &[
            "company",
            "occurred_at",
            "occurred_on",
            "direction",
            "channel",
            "kind",
            "with_whom",
            "subject",
        ],
        select: "f.*",
        details: None,
        order: "occurred_at DESC, id DESC",
    };

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Touchpoint {
            company: CompanyKey(row.get("company")?),
            occurred: When { at: row.get("occurred_at")?, on: row.get("occurred_on")? },
            direction: row.get("direction")?,
            channel: row.get("channel")?,
            kind: row.get("kind")?,
            with: row.get("with_whom")?,
            subject: row.get("subject")?,
        })
    }

    fn values(&self) -> rusqlite::Result<Vec<Value>> {
        let Touchpoint { company, occurred, direction, channel, kind, with, subject } = self;
        values![company.0, occurred.at, occurred.on, direction, channel, kind, with, subject]
    }
}
