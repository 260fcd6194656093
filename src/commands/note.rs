//! `signals note`: a comment in the history of a signal.

use anyhow::Result;
use clap::Args;

use super::options::signal_number;
use crate::context::Context;
use crate::domain::signal::SignalId;
use crate::ops::acknowledge::{self, NewEntry};

/// Add a comment to a signal's history without closing it.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  signals note 12 \"Asked support about the outage\"")]
pub(crate) struct Note {
    /// The signal's number
    #[arg(value_name = "ID", value_parser = signal_number)]
    id: SignalId,
    /// The comment
    #[arg(allow_hyphen_values = true)]
    text: String,
}

impl Note {
    /// # Errors
    /// A blank text (exit 2); an unknown signal (exit 9).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        let text = acknowledge::not_blank("note", &self.text, "write what to remember")?;
        let mut store = context.writer()?;
        let ids = [self.id];
        acknowledge::enter(context, &mut store, &ids, &NewEntry::note(text))?;
        context.ui.note(format!("noted on {}", acknowledge::named(&store, &ids)?));
        Ok(())
    }
}
