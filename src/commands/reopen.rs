//! `signals reopen`: reopens closed signals.

use anyhow::Result;
use clap::Args;

use super::choice::SignalChoice;
use crate::context::Context;
use crate::domain::signal::SignalState;
use crate::ops::acknowledge::{self, NewEntry};

/// Reopen acknowledged signals, with the reason.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  signals reopen 12 --reason \"Still falling\"
  signals reopen --all --rule login --since -7d --reason \"By mistake\" --yes")]
pub(crate) struct Reopen {
    #[command(flatten)]
    choice: SignalChoice,
}

impl Reopen {
    /// Reopens the signals, all or none.
    ///
    /// # Errors
    /// A blank reason (exit 2); an unknown or open signal (exit 9).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        let mut store = context.writer()?;
        let (state, verb) = (SignalState::Closed, "Reopen");
        let Some((ids, reason)) = self.choice.agreed(context, &store, state, verb)? else {
            return Ok(());
        };
        acknowledge::enter(context, &mut store, &ids, &NewEntry::reopen(reason))?;
        context.ui.note(format!("reopened {}", acknowledge::named(&store, &ids)?));
        Ok(())
    }
}
