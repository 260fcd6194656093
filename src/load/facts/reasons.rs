//! The reason codes of a row.

use anyhow::Result;

use super::FactLoad;
use crate::domain::pulse::MOST_REASONS;
use crate::domain::reason::{Reason, ReasonCode, ReasonError, ReasonKind};

impl FactLoad<'_> {
    /// The present reason codes for those in a cell, each once and in order; or why the row is
    /// rejected. A retired code may have been used before.
    pub(in crate::load) fn reason_codes(
        &self,
        kind: ReasonKind,
        cell: &str,
    ) -> Result<Vec<String>, String> {
        let mut codes: Vec<String> = Vec::new();
        for text in cell.split(';').map(str::trim).filter(|text| !text.is_empty()) {
            let code = match self.reasons.usable(kind, text) {
                Ok(reason) => reason.code.to_string(),
                Err(ReasonError::Retired(code)) => code.to_string(),
                Err(unknown) => {
                    let meant =
                        unknown.suggestion().map(|meant| format!("; {meant}")).unwrap_or_default();
                    return Err(format!("{unknown}{meant}"));
                }
            };
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        match codes.len() {
            count if count > MOST_REASONS => {
                Err(format!("{count} reason codes are more than {MOST_REASONS}"))
            }
            _ => Ok(codes),
        }
    }

    /// The codes of a cell; unknown ones become codes of the team: `pricing` becomes
    /// `other/pricing`.
    pub(in crate::load) fn learn(&mut self, kind: ReasonKind, cell: &str) -> Result<String> {
        let mut codes = Vec::new();
        for text in cell.split(';').map(str::trim).filter(|text| !text.is_empty()) {
            let known = self.reasons.find(kind, text).is_some();
            let word = |c: char| if c.is_alphanumeric() || c == '_' { c } else { '-' };
            let other = || format!("other/{}", text.chars().map(word).collect::<String>());
            let code: Option<ReasonCode> =
                text.parse().or_else(|_| other().parse()).ok().filter(|_| !known);
            let Some(code) = code else {
                codes.push(text.to_owned());
                continue;
            };
            let name = code.to_string();
            if self.reasons.find(kind, &name).is_none() {
                self.learned.push(name.clone());
                self.store.save_reason(&Reason::own(kind, code, None))?;
                self.reasons = self.store.reason_library()?;
            }
            codes.push(name);
        }
        Ok(codes.join(";"))
    }

    /// Why one of these codes is no longer usable; `None` if all are.
    pub(in crate::load) fn retired(&self, kind: ReasonKind, codes: &[String]) -> Option<String> {
        codes.iter().find_map(|code| match self.reasons.usable(kind, code) {
            Err(retired @ ReasonError::Retired(_)) => Some(retired.to_string()),
            _ => None,
        })
    }
}
