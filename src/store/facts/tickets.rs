//! Support tickets.

use rusqlite::Row;
use rusqlite::types::Value;

use super::{Fact, Identity, Table, values};
use crate::domain::company::CompanyKey;
use crate::domain::day::{Day, Instant};
use crate::domain::facts::{Ticket, When};

impl Fact for Ticket {
    const TABLE: Table = Table {
        name: "tickets",
        identity: Identity::Id("ticket_id"),
        columns: &[
            "ticket_id",
            "company",
            "opened_at",
            "opened_on",
            "closed_at",
            "closed_on",
            "priority",
            "status",
            "subject",
            "satisfaction",
        ],
        select: "f.*",
        details: None,
        order: "opened_at DESC, ticket_id",
    };

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let closed: (Option<Instant>, Option<Day>) = (row.get("closed_at")?, row.get("closed_on")?);
        Ok(Ticket {
            ticket_id: row.get("ticket_id")?,
            company: CompanyKey(row.get("company")?),
            opened: When { at: row.get("opened_at")?, on: row.get("opened_on")? },
            closed: closed.0.zip(closed.1).map(|(at, on)| When { at, on }),
            priority: row.get("priority")?,
            status: row.get("status")?,
            subject: row.get("subject")?,
            satisfaction: row.get("satisfaction")?,
        })
    }

    fn values(&self) -> rusqlite::Result<Vec<Value>> {
        values![
            self.ticket_id,
            self.company.0,
            self.opened.at,
            self.opened.on,
            self.closed.map(|closed| closed.at),
            self.closed.map(|closed| closed.on),
            self.priority,
            self.status,
            self.subject,
            self.satisfaction,
        ]
    }
}
