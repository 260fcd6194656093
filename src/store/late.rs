//! Days that were run before all their events had arrived, and their signals.

use anyhow::Result;

use super::Store;
use super::values::read_fields;
use crate::domain::day::{Day, DayRange, Instant};
use crate::domain::signal::SignalId;

/// The first days whose events changed after they were run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LateDays {
    /// Because of an import.
    pub imported: Option<Day>,
    /// Because an import was undone.
    pub undone: Option<Day>,
}

impl Store {
    /// The first days whose events changed.
    pub(crate) fn late_days(&self) -> Result<LateDays> {
        let sql = "SELECT min(day) FILTER (WHERE NOT is_undo) AS imported, min(day) FILTER (WHERE is_undo) AS undone
                   FROM late_days";
        self.read_one(sql, [], |row| read_fields!(row => LateDays: imported, undone))
    }

    /// Records that the days up to `day` were run again and that those from `next` on remain;
    /// `None` after the last.
    pub(crate) fn record_run_again(&self, day: Day, next: Option<Day>) -> Result<()> {
        if let Some(next) = next {
            self.execute("UPDATE OR IGNORE late_days SET day = ?2 WHERE day <= ?1", (day, next))?;
        }
        self.execute("DELETE FROM late_days WHERE day <= ?1", [day])
    }

    pub(crate) fn count_days_run(&self, range: DayRange) -> Result<u64> {
        Ok(self.days_run(range)?.len() as u64)
    }

    /// Withdraws the unread notices of a signal, so that no message will contain them. People who
    /// were already sent one will be told about the retraction.
    pub(crate) fn withdraw_notices(&self, signal: SignalId, now: Instant) -> Result<()> {
        self.add_retractions(signal)?;
        let sql = "UPDATE notices SET withdrawn_at = ?2
                   WHERE signal = ?1 AND read_at IS NULL AND withdrawn_at IS NULL";
        self.execute(sql, (signal, now))
    }
}
