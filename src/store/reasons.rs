//! Reason codes: the defaults, with a team's changes.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Store;
use super::values::read_fields;
use crate::domain::reason::{Library, Reason, ReasonCode, ReasonKind};

impl Store {
    /// All reason codes: the defaults with the team's changes, and the team's own.
    pub(crate) fn reason_library(&self) -> Result<Library> {
        let sql = "SELECT kind, code, description, is_active, shipped_as FROM reason_codes";
        let changed = self.read_all(
            sql,
            [],
            |row| read_fields!(row => Reason: kind, code, description, is_active, shipped_as),
        )?;
        Ok(Library::new(changed, self.former_codes()?))
    }

    fn former_codes(&self) -> Result<BTreeMap<(ReasonKind, String), String>> {
        let sql = "SELECT kind, former, code FROM former_reason_codes";
        self.read_all(sql, [], |row| Ok(((row.get("kind")?, row.get("former")?), row.get("code")?)))
    }

    /// Adds a reason, or replaces the one with the same kind and code. One that equals a default is
    /// stored as the default.
    pub(crate) fn save_reason(&self, reason: &Reason) -> Result<()> {
        self.forget_reason(reason)?;
        let code = reason.code.to_string();
        // From now on the code means this reason, even if it was a former code of another.
        let sql = "DELETE FROM former_reason_codes WHERE kind = ?1 AND former = ?2";
        self.execute(sql, (reason.kind, &code))?;
        if reason.is_as_shipped() {
            return Ok(());
        }
        let sql = "INSERT INTO reason_codes (kind, code, description, is_active, shipped_as)
                   VALUES (?1, ?2, ?3, ?4, ?5)";
        let Reason { kind, description, is_active, shipped_as, .. } = reason;
        self.execute(sql, (kind, code, description, is_active, shipped_as))
    }

    fn forget_reason(&self, reason: &Reason) -> Result<()> {
        let sql = "DELETE FROM reason_codes WHERE kind = ?1 AND (code = ?2 OR shipped_as = ?3)";
        self.execute(sql, (reason.kind, &reason.code, &reason.shipped_as))
    }

    /// Renames the code of a reason, everywhere it was used. Files and commands still accept the
    /// former code.
    ///
    /// # Errors
    /// Another reason of the kind has the code.
    pub(crate) fn rename_reason(&self, reason: &Reason, code: &ReasonCode) -> Result<()> {
        self.forget_reason(reason)?;
        self.save_reason(&Reason { code: code.clone(), ..reason.clone() })?;
        let (kind, former, code) = (reason.kind, reason.code.to_string(), code.to_string());
        match kind {
            ReasonKind::Pulse => self
                .connection
                .execute("UPDATE pulse_reasons SET code = ?2 WHERE code = ?1", (&former, &code))?,
            ReasonKind::Downsell | ReasonKind::Churn => self.connection.execute(
                "UPDATE loss_reasons SET code = ?3
                 WHERE code = ?2 AND loss IN (SELECT id FROM losses WHERE kind = ?1)",
                (kind, &former, &code),
            )?,
        };
        let sql = "UPDATE former_reason_codes SET code = ?3 WHERE kind = ?1 AND code = ?2";
        self.execute(sql, (kind, &former, &code))?;
        let sql =
            "INSERT OR REPLACE INTO former_reason_codes (kind, former, code) VALUES (?1, ?2, ?3)";
        self.execute(sql, (kind, &former, &code))
    }
}
