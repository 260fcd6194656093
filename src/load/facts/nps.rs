//! Survey responses.

use anyhow::{Result, bail};

use super::{Facts, Kind};
use crate::domain::day::Day;
use crate::domain::facts::NpsResponse;
use crate::import::{FactRow, Value, Verdict};
use crate::load::cells::{optional_text, required_when, text};

impl Kind for NpsResponse {
    type Identity = NpsResponse;

    fn of_row(
        row: &FactRow<'_>,
        stored: Option<Self>,
        facts: &mut Facts<'_>,
    ) -> Result<Result<Self, Verdict>> {
        let company = match facts.company(row)? {
            Ok(company) => company,
            Err(verdict) => return Ok(Err(verdict)),
        };
        let Some(Value::Whole(score)) = row.get("score") else { bail!("a row without a score") };
        let (mut person_id, mut comment) =
            stored.map_or((None, None), |stored| (stored.person_id, stored.comment));
        text(row, "person_id", &mut person_id);
        text(row, "comment", &mut comment);
        Ok(Ok(NpsResponse {
            company,
            person_id,
            score,
            responded: required_when(row, "responded_on")?,
            comment,
            response_id: optional_text(row, "response_id"),
        }))
    }

    fn identity(&self) -> NpsResponse {
        self.clone()
    }

    fn day(&self) -> Option<Day> {
        Some(self.responded.on)
    }
}
