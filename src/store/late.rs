//! Days that were run before all of their events were in, and what becomes of their signals.

use anyhow::Result;
use rusqlite::named_params;

use super::Store;
use super::signals::stored_count;
use crate::domain::day::{Day, DayRange, Instant};
use crate::domain::finding::Finding;
use crate::domain::signal::{SignalId, tenths_to_percent};
use crate::domain::trend::TrendEvidence;

/// The first days whose events changed after they were run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LateDays {
    /// Because of an import.
    pub imported: Option<Day>,
    /// Because an import was undone.
    pub undone: Option<Day>,
}

impl Store {
    /// From which days on the events have changed.
    pub(crate) fn late_days(&self) -> Result<LateDays> {
        let mut statement = self.connection.prepare_cached(
            "SELECT min(day) FILTER (WHERE NOT is_undo) AS imported, min(day) FILTER (WHERE is_undo) AS undone
             FROM late_days",
        )?;
        Ok(statement.query_row([], |row| {
            Ok(LateDays { imported: row.get("imported")?, undone: row.get("undone")? })
        })?)
    }

    /// Notes that the days up to `day` were run again, and that those from `next` on are still to
    /// be; `None` when it was the last.
    pub(crate) fn note_run_again(&self, day: Day, next: Option<Day>) -> Result<()> {
        if let Some(next) = next {
            self.connection
                .prepare_cached("UPDATE OR IGNORE late_days SET day = ?2 WHERE day <= ?1")?
                .execute((day, next))?;
        }
        self.connection.prepare_cached("DELETE FROM late_days WHERE day <= ?1")?.execute([day])?;
        Ok(())
    }

    /// How many days of a range were run.
    pub(crate) fn count_days_run(&self, range: DayRange) -> Result<u64> {
        Ok(self.days_run(range)?.len() as u64)
    }

    /// Changes what an open signal says to what its rule sees now.
    pub(crate) fn revise_signal(
        &self,
        id: SignalId,
        finding: &Finding,
        detail: &str,
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "UPDATE signals SET observation_from = :observation_from, observation_count = :observation_count,
                                decision_count = :decision_count, change_pct = :change_pct, chance = :chance,
                                expected = :expected, spread = :spread, spread_basis = :spread_basis,
                                others = :others, others_now = :others_now, others_before = :others_before,
                                done_on = :done_on,
                                values_read = :values_read, detail = :detail
             WHERE id = :id",
        )?;
        let evidence = &finding.evidence;
        let comparison = evidence.comparison();
        let reading = evidence.reading();
        let trend = evidence.trend();
        let reference = trend.and_then(|trend| trend.reference);
        let sums = reference.and_then(|reference| reference.sums);
        statement.execute(named_params! {
            ":id": id,
            ":observation_from": comparison.map(|comparison| comparison.observation.from),
            ":observation_count": comparison.map(|comparison| comparison.previous as i64),
            ":decision_count": comparison.map(|comparison| comparison.current as i64),
            ":change_pct": trend.and_then(TrendEvidence::change_tenths).map(tenths_to_percent),
            ":chance": evidence.chance(),
            ":expected": evidence.expected(),
            ":spread": evidence.spread(),
            ":spread_basis": trend.and_then(|trend| trend.spread).map(|spread| spread.basis),
            ":others": reference.and_then(|reference| reference.others).map(stored_count),
            ":others_now": sums.map(|(now, _)| stored_count(now)),
            ":others_before": sums.map(|(_, before)| stored_count(before)),
            ":done_on": evidence.adoption().and_then(|adoption| adoption.done_on),
            ":values_read": reading.map(|reading| serde_json::to_string(&reading.values)).transpose()?,
            ":detail": detail,
        })?;
        Ok(())
    }

    /// Takes the notices of a signal out of the inboxes of those who have not read them, so that no
    /// message will carry them. Those who were sent one already will be told of the retraction.
    pub(crate) fn withdraw_notices(&self, signal: SignalId, now: Instant) -> Result<()> {
        self.add_retractions(signal)?;
        let mut statement = self.connection.prepare_cached(
            "UPDATE notices SET withdrawn_at = ?2
             WHERE signal = ?1 AND read_at IS NULL AND withdrawn_at IS NULL",
        )?;
        statement.execute((signal, now))?;
        Ok(())
    }
}
