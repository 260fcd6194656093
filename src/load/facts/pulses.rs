//! Pulses.

use anyhow::Result;

use super::{FactLoad, LoadableFact};
use crate::domain::day::Day;
use crate::domain::pulse::{Level, Pulse, PulseMark};
use crate::domain::reason::ReasonKind;
use crate::import::{FactRow, Verdict};
use crate::load::cells::{optional_text, required_text, required_when};

impl LoadableFact for Pulse {
    type Identity = Pulse;

    fn of_row(
        row: &FactRow<'_>,
        _: Option<Self>,
        facts: &mut FactLoad<'_>,
    ) -> Result<Result<Self, Verdict>> {
        let rejected = |column, reason| Ok(Err(Verdict::Rejected { column, reason }));
        let level: Level = match required_text(row, "pulse")?.parse() {
            Ok(level) => level,
            Err(reason) => return rejected("pulse", reason),
        };
        let cell = row.text("reason_codes").unwrap_or_default();
        let reason_codes = match facts.reason_codes(ReasonKind::Pulse, cell) {
            Ok(codes) => codes,
            Err(reason) => return rejected("reason_codes", reason),
        };
        // A rejected row must not create a company.
        let name = row.text("company_id").unwrap_or_default();
        if let (Ok(None), Some(reason)) =
            (facts.book.find(name), facts.retired(ReasonKind::Pulse, &reason_codes))
        {
            return rejected("reason_codes", reason);
        }
        let company = match facts.company(row)? {
            Ok(company) => company,
            Err(verdict) => return Ok(Err(verdict)),
        };
        let set = required_when(row, "set_on")?;
        Ok(Ok(Pulse {
            company,
            mark: PulseMark { day: set.on, at: set.at, level },
            reason_codes,
            note: optional_text(row, "note"),
            by: optional_text(row, "set_by"),
        }))
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
    fn refusal(&self, facts: &FactLoad<'_>) -> Option<Verdict> {
        let reason = facts.retired(ReasonKind::Pulse, &self.reason_codes)?;
        Some(Verdict::Rejected { column: "reason_codes", reason })
    }
}
