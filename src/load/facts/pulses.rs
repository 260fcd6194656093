//! Pulses.

use super::{FactLoad, LoadableFact};
use crate::domain::day::Day;
use crate::domain::fact::When;
use crate::domain::pulse::{Level, Pulse, PulseMark};
use crate::domain::reason::ReasonKind;
use crate::import::FactRow;
use crate::load::cells::{optional_text, required};
use crate::load::{LoadError, RowResult, rejected};

impl LoadableFact for Pulse {
    type Identity = Pulse;

    fn of_row(row: &FactRow<'_>, _: Option<Self>, facts: &mut FactLoad<'_>) -> RowResult<Self> {
        let level: String = required(row, "pulse")?;
        let level: Level = level.parse().map_err(|reason| rejected("pulse", reason))?;
        let cell = row.text("reason_codes").unwrap_or_default();
        let reason_codes = facts
            .reason_codes(ReasonKind::Pulse, cell)
            .map_err(|reason| rejected("reason_codes", reason))?;
        // A rejected row must not create a company.
        let name = row.text("company_id").unwrap_or_default();
        if let (Ok(None), Some(reason)) =
            (facts.book.find(name), facts.retired(ReasonKind::Pulse, &reason_codes))
        {
            return Err(rejected("reason_codes", reason));
        }
        let company = facts.company(row)?;
        let set: When = required(row, "set_on")?;
        Ok(Pulse {
            company,
            mark: PulseMark { day: set.on, at: set.at, level },
            reason_codes,
            note: optional_text(row, "note"),
            by: optional_text(row, "set_by"),
        })
    }

    /// The order of the reasons does not matter.
    fn identity(&self) -> Pulse {
        let mut pulse = self.clone();
        pulse.reason_codes.sort();
        pulse
    }

    fn day(&self) -> Option<Day> {
        Some(self.mark.day)
    }

    /// A pulse from before a code was retired is accepted; a new one cannot have the code.
    fn refusal(&self, facts: &FactLoad<'_>) -> Option<LoadError> {
        let reason = facts.retired(ReasonKind::Pulse, &self.reason_codes)?;
        Some(rejected("reason_codes", reason))
    }
}
