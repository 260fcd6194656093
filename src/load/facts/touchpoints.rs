//! Contacts with customers.

use anyhow::Result;

use super::{Facts, Kind};
use crate::domain::day::Day;
use crate::domain::facts::Touchpoint;
use crate::import::{FactRow, Verdict};
use crate::load::cells::{optional_text, required_text, required_when};

impl Kind for Touchpoint {
    type Identity = Touchpoint;

    fn of_row(
        row: &FactRow<'_>,
        _: Option<Self>,
        facts: &mut Facts<'_>,
    ) -> Result<Result<Self, Verdict>> {
        let company = match facts.company(row)? {
            Ok(company) => company,
            Err(verdict) => return Ok(Err(verdict)),
        };
        Ok(Ok(Touchpoint {
            company,
            occurred: required_when(row, "occurred_at")?,
            direction: required_text(row, "direction")?,
            channel: optional_text(row, "channel"),
            kind: optional_text(row, "kind"),
            with: optional_text(row, "with"),
            subject: optional_text(row, "subject"),
        }))
    }

    fn identity(&self) -> Touchpoint {
        self.clone()
    }

    fn day(&self) -> Option<Day> {
        Some(self.occurred.on)
    }
}
