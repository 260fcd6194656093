//! Why customers churned or pay less.

use anyhow::Result;
use rusqlite::Row;

use super::Store;
use super::pulses::codes;
use super::values::{bind_fields, read_fields};
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
        let values = bind_fields!(loss: company, kind, day, mrr_before, mrr_after, note, by, at);
        let id = self.insert(sql, values)?;
        let sql = "INSERT INTO loss_reasons (loss, position, code) VALUES (?1, ?2, ?3)";
        let mut reasons = (1_i64..).zip(&loss.reason_codes);
        reasons.try_for_each(|(position, code)| self.execute(sql, (id, position, code)))
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
        let sql = "SELECT l.*, (SELECT group_concat(code, ';' ORDER BY position) FROM loss_reasons r WHERE r.loss = l.id) AS codes
                   FROM losses l WHERE company = ?1 AND day = ?2 AND kind = 'churn'";
        self.read_first(sql, (company, day), read_loss)
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
    read_fields!(row => Loss: company, kind, day, note, mrr_before, mrr_after, by, at;
        reason_codes = codes(row.get("codes")?))
}
