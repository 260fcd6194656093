//! `signals triage`: a full-screen session.

use anyhow::Result;
use clap::Args;

use crate::context::Context;
use crate::error::usage;
use crate::query::person_meant;
use crate::triage;
use crate::views::agenda::AGENDA;

/// Go through open signals at the terminal, most at stake first.
///
/// The companies are at the left, in the order of `agenda`; the signal with its chart, people,
/// tasks and history is on the right. Keys acknowledge, snooze, comment, add tasks and undo; `?`
/// lists them. Each change is saved at once, and everything that it does has a command too: ack,
/// snooze, note, task, reopen.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  signals triage\n  signals triage --csm ana")]
pub(crate) struct Triage {
    /// Only this person's companies and signals [default: SIGNALS_USER, if that is a CSM]
    #[arg(long, value_name = "NAME")]
    csm: Option<String>,
    /// Everybody's, even if SIGNALS_USER is a CSM
    #[arg(long, conflicts_with = "csm")]
    everyone: bool,
}

impl Triage {
    /// # Errors
    /// No terminal (exit 2).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        if !context.ui.is_interactive() {
            let hint =
                "`signals agenda` prints the same list; ack, snooze, note and task change it";
            let failure = usage("triage needs a terminal to draw on and keys to read");
            return Err(failure.hint(hint).into());
        }
        let person = match self.everyone {
            true => None,
            false => person_meant(context, &context.reader()?, self.csm.as_deref())?,
        };
        let done = triage::run(context, person)?;
        context.ui.note(done.as_deref().unwrap_or(AGENDA.when_empty));
        Ok(())
    }
}
