//! Pulses.

use std::borrow::Cow;

use anyhow::Result;
use rusqlite::Row;
use rusqlite::types::Value;

use super::{Fact, FactTable, value};
use crate::domain::fact::FactIdentity;
use crate::domain::pulse::Pulse;
use crate::store::Store;
use crate::store::pulses::read_pulse;

impl Fact for Pulse {
    fn table() -> FactTable {
        FactTable {
            name: "pulses",
            identity: FactIdentity::Columns,
            columns: ["company", "level", "day", "at", "by", "note"].map(Cow::Borrowed).to_vec(),
            select: "f.*, (SELECT group_concat(code, ';' ORDER BY position) FROM pulse_reasons r WHERE r.pulse = f.id) AS codes",
            details: Some(
                "coalesce((SELECT group_concat(r.code, ';' ORDER BY r.code) FROM pulse_reasons r WHERE r.pulse = {row}.id), '')",
            ),
            order: "id".into(),
        }
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        read_pulse(row)
    }

    fn values(&self) -> rusqlite::Result<Vec<Value>> {
        let Pulse { company, mark, by, note, .. } = self;
        Ok(vec![
            value(company)?,
            value(mark.level)?,
            value(mark.day)?,
            value(mark.at)?,
            value(by)?,
            value(note)?,
        ])
    }

    fn details(&self) -> Option<String> {
        Some(self.reasons_in_order())
    }

    fn add_details(&self, store: &Store, row: i64) -> Result<()> {
        let sql = "INSERT INTO pulse_reasons (pulse, position, code) VALUES (?1, ?2, ?3)";
        let mut reasons = (1_i64..).zip(&self.reason_codes);
        reasons.try_for_each(|(position, code)| store.execute(sql, (row, position, code)))
    }
}
