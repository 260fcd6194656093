//! `signals reopen`: opens closed signals again.

use anyhow::Result;
use clap::Args;

use super::options::signal_number;
use crate::context::Context;
use crate::domain::signal::Action;
use crate::ops::acknowledge::{self, Entry};

/// Reopen acknowledged signals, with the reason.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  signals reopen 12 --reason \"Still falling\"")]
pub struct Reopen {
    /// The signals' numbers
    #[arg(value_name = "ID", required = true, value_parser = signal_number)]
    ids: Vec<i64>,
    /// Why
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    reason: Option<String>,
}

impl Reopen {
    /// Opens the signals, all or none.
    ///
    /// # Errors
    /// A blank reason (exit 2); an unknown or open signal (exit 9).
    pub fn run(self, context: &Context) -> Result<()> {
        let mut store = context.writer()?;
        let ids = acknowledge::distinct(&self.ids);
        let reason = acknowledge::reason(context, self.reason)?;
        acknowledge::enter(
            context,
            &mut store,
            &ids,
            &Entry { action: Action::Reopened, reason, outcome: None },
        )?;
        context.ui.note(format!("reopened {}", acknowledge::named(&store, &ids)?));
        Ok(())
    }
}
