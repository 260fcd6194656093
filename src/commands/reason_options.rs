//! Options for reason codes and notes, which several commands share.

use anyhow::Result;

use crate::domain::reason::{Reason, ReasonError, ReasonKind};
use crate::error::{CommandError, not_allowed};
use crate::store::Store;

#[derive(Debug, Clone, clap::Args)]
pub(super) struct WhyOptions {
    /// Why, as a reason code; may be given several times (`signals reason list` shows them)
    #[arg(long = "reason-code", value_name = "CODE")]
    codes: Vec<String>,
    /// A note
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    note: Option<String>,
}

impl WhyOptions {
    /// Whether nothing was given.
    pub(super) fn is_empty(&self) -> bool {
        self.codes.is_empty() && self.note().is_none()
    }

    /// The note, unless it is blank.
    pub(super) fn note(&self) -> Option<String> {
        let note = self.note.as_deref().map(str::trim).filter(|note| !note.is_empty());
        note.map(ToOwned::to_owned)
    }

    /// The present names of the codes, without duplicates.
    ///
    /// # Errors
    /// A code that is unknown or retired (exit 9).
    pub(super) fn codes(&self, store: &Store, kind: ReasonKind) -> Result<Vec<String>> {
        let library = store.reason_library()?;
        let mut codes = Vec::new();
        for text in &self.codes {
            let Reason { code, .. } =
                library.usable(kind, text).map_err(|unusable| refusal(&unusable, kind))?;
            if !codes.contains(&code.to_string()) {
                codes.push(code.to_string());
            }
        }
        Ok(codes)
    }
}

/// The error for a code that cannot be used.
pub(super) fn refusal(unusable: &ReasonError, kind: ReasonKind) -> CommandError {
    let all = format!("`signals reason list --kind {kind}` shows all");
    not_allowed(unusable.to_string()).hint(match unusable.suggestion() {
        Some(meant) => format!("{meant} {all}"),
        None => all,
    })
}
