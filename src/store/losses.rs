//! Why customers churned or pay less.

use anyhow::Result;
use rusqlite::{Row, named_params};

use super::Store;
use super::pulses::codes;
use crate::domain::company::CompanyKey;
use crate::domain::day::Day;
use crate::domain::loss::Loss;
use crate::domain::reason::ReasonKind;

impl Store {
    /// Records a loss. It replaces a churn recorded for the same company and day.
    pub(crate) fn add_loss(&self, loss: &Loss) -> Result<()> {
        if loss.kind == ReasonKind::Churn {
            let sql = "DELETE FROM losses WHERE company = ?1 AND day = ?2 AND kind = 'churn'";
            self.execute(sql, (loss.company, loss.day))?;
        }
        let sql = "INSERT INTO losses (company, kind, day, mrr_before, mrr_after, note, by, at)
                   VALUES (:company, :kind, :day, :mrr_before, :mrr_after, :note, :by, :at)";
        let id = self.insert(
            sql,
            named_params! {
                ":company": loss.company,
                ":kind": loss.kind,
                ":day": loss.day,
                ":mrr_before": loss.mrr_before,
                ":mrr_after": loss.mrr_after,
                ":note": loss.note,
                ":by": loss.by,
                ":at": loss.at,
            },
        )?;
        let mut reason = self.connection.prepare_cached(
            "INSERT INTO loss_reasons (loss, position, code) VALUES (?1, ?2, ?3)",
        )?;
        for (position, code) in (1_i64..).zip(&loss.reason_codes) {
            reason.execute((id, position, code))?;
        }
        Ok(())
    }

    /// The losses of all companies up to `until`, ordered by day. Churns that files stated without
    /// a reason are not included: see [`Store::breaks`].
    pub(crate) fn losses_until(&self, until: Option<Day>) -> Result<Vec<Loss>> {
        let sql = "SELECT l.*, (SELECT group_concat(code, ';' ORDER BY position) FROM loss_reasons r WHERE r.loss = l.id) AS codes
                   FROM losses l WHERE ?1 IS NULL OR day <= ?1 ORDER BY day, id";
        self.read_all(sql, [until], read_loss)
    }

    /// Whether a churn of the company on that day was recorded with its reasons.
    pub(crate) fn has_recorded_churn(&self, company: CompanyKey, day: Day) -> Result<bool> {
        let sql = "SELECT 1 FROM losses WHERE company = ?1 AND day = ?2 AND kind = 'churn'";
        self.exists(sql, (company, day))
    }

    /// The recorded churn of the company on that day.
    pub(crate) fn churn_of(&self, company: CompanyKey, day: Day) -> Result<Option<Loss>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT l.*, (SELECT group_concat(code, ';' ORDER BY position) FROM loss_reasons r WHERE r.loss = l.id) AS codes
             FROM losses l WHERE company = ?1 AND day = ?2 AND kind = 'churn'",
        )?;
        let mut losses = statement.query_map((company, day), read_loss)?;
        Ok(losses.next().transpose()?)
    }

    /// Moves the reasons of a churn whose day changes.
    pub(super) fn move_churn_reasons(&self, company: CompanyKey, from: Day, to: Day) -> Result<()> {
        let days = (company, from, to);
        let sql = "UPDATE OR IGNORE losses SET day = ?3 WHERE company = ?1 AND kind = 'churn' AND day = ?2";
        self.execute(sql, days)?;
        let sql =
            "DELETE FROM losses WHERE company = ?1 AND kind = 'churn' AND day = ?2 AND day <> ?3";
        self.execute(sql, days)
    }
}

fn read_loss(row: &Row<'_>) -> rusqlite::Result<Loss> {
    Ok(Loss {
        company: row.get("company")?,
        kind: row.get("kind")?,
        day: row.get("day")?,
        reason_codes: codes(row.get("codes")?),
        note: row.get("note")?,
        mrr_before: row.get("mrr_before")?,
        mrr_after: row.get("mrr_after")?,
        by: row.get("by")?,
        at: row.get("at")?,
    })
}
