//! Goals: events that companies plan to reach by a day.

use anyhow::Result;

use super::{Facts, Kind};
use crate::domain::facts::Goal;
use crate::import::{FactRow, Verdict};
use crate::load::cells::{optional_text, required_day, required_text};

impl Kind for Goal {
    type Identity = Goal;

    fn of_row(
        row: &FactRow<'_>,
        _: Option<Self>,
        facts: &mut Facts<'_>,
    ) -> Result<Result<Self, Verdict>> {
        let company = match facts.known_company(row) {
            Ok(company) => company,
            Err(verdict) => return Ok(Err(verdict)),
        };
        Ok(Ok(Goal {
            company,
            event: required_text(row, "event")?,
            due_on: required_day(row, "due_on")?,
            name: optional_text(row, "name"),
        }))
    }

    fn identity(&self) -> Goal {
        self.clone()
    }
}
