//! `signals show`: one signal in detail.

use anyhow::Result;
use clap::Args;

use super::options::{FormatOption, signal_number};
use crate::context::Context;
use crate::domain::signal::{SignalId, SignalState};
use crate::ops::explain;

/// Explain a signal: its numbers, how likely chance is, the people behind it, what was done.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  signals show 12")]
pub(crate) struct Show {
    /// The signal's number
    #[arg(value_parser = signal_number)]
    id: SignalId,
    #[command(flatten)]
    format: FormatOption,
}

impl Show {
    /// # Errors
    /// An unknown signal (exit 9).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        let store = context.reader()?;
        let view = explain::signal(&store, self.id)?;
        if !self.format.is_table() {
            return self.format.print_record(context, view.fields());
        }
        context.ui.page(|screen| view.draw(screen))?;
        context.ui.flush()?;
        if view.signal.state() == SignalState::Open {
            context.ui.hint(format!("`signals ack {} --reason TEXT` closes it", self.id));
        }
        Ok(())
    }
}
