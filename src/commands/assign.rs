//! `signals assign`: assigns a signal to somebody.

use anyhow::Result;
use clap::Args;

use super::options::signal_number;
use crate::context::Context;
use crate::domain::playbook::validate_line;
use crate::domain::signal::SignalId;
use crate::error::usage;
use crate::ops::acknowledge::{self, NewEntry};
use crate::ops::work;
use crate::query::csm_called;

/// Assign an open signal to somebody; it then shows in their agenda.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  signals assign 12 ben")]
pub(crate) struct Assign {
    /// The signal's number
    #[arg(value_name = "ID", value_parser = signal_number)]
    id: SignalId,
    /// The person
    name: String,
}

impl Assign {
    /// # Errors
    /// A blank name (exit 2); an unknown or closed signal (exit 9).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        validate_line(&self.name)
            .map_err(|error| usage(format!("the name of a person {error}")))?;
        let mut store = context.writer()?;
        let name = csm_called(&store, self.name.trim())?;
        let ids = [self.id];
        acknowledge::enter(context, &mut store, &ids, &NewEntry::assign(name.clone()))?;
        if let Some(text) = work::stranger(&store, &name)? {
            context.ui.warning(text);
        }
        context.ui.note(format!("assigned to {name}: {}", acknowledge::named(&store, &ids)?));
        Ok(())
    }
}
