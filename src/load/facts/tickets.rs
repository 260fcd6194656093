//! Support tickets.

use anyhow::Result;

use super::{Facts, Kind};
use crate::domain::day::Day;
use crate::domain::facts::Ticket;
use crate::import::{FactRow, Verdict};
use crate::load::cells::{required_text, required_when, text, when};

impl Kind for Ticket {
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
        let opened = required_when(row, "opened_at")?;
        let ticket_id = required_text(row, "ticket_id")?;
        let mut ticket = stored.unwrap_or_else(|| Ticket::new(ticket_id, company, opened));
        (ticket.company, ticket.opened) = (company, opened);
        when(row, "closed_at", &mut ticket.closed);
        text(row, "priority", &mut ticket.priority);
        text(row, "status", &mut ticket.status);
        text(row, "subject", &mut ticket.subject);
        text(row, "satisfaction", &mut ticket.satisfaction);
        Ok(Ok(ticket))
    }

    fn identity(&self) -> String {
        self.ticket_id.clone()
    }

    fn day(&self) -> Option<Day> {
        Some(self.opened.on)
    }
}
