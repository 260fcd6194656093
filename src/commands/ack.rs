//! `signals ack`: closes signals.

use anyhow::Result;
use clap::Args;

use super::choice::SignalChoice;
use crate::context::Context;
use crate::domain::signal::{Outcome, SignalId, SignalState};
use crate::ops::acknowledge::{self, NewEntry};
use crate::render::counted;
use crate::store::Store;

/// Acknowledge signals: close them, with the reason.
///
/// The outcomes false-alarm, expected and recovered leave nothing to do, so they also drop the open
/// tasks of the signals. With another outcome, or none, it asks at a terminal whether to drop them,
/// and elsewhere the tasks stay open. Tasks that another open signal shares always stay.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  signals ack 12 --reason \"Called Ana; champion on leave until May\"
  signals ack 12 13 17 --reason \"Known outage\" --outcome false-alarm
  signals ack --all --rule login --until 2026-03-01 --reason \"Old system\" --yes")]
pub(crate) struct Ack {
    #[command(flatten)]
    choice: SignalChoice,
    /// What came of it: handled, expected, false-alarm, saved, lost or recovered
    #[arg(long, value_name = "OUTCOME", value_parser = Outcome::by_name)]
    outcome: Option<Outcome>,
}

impl Ack {
    /// Closes the signals, all or none.
    ///
    /// # Errors
    /// A blank reason (exit 2); an unknown or closed signal (exit 9).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        let mut store = context.writer()?;
        let (state, verb) = (SignalState::Open, "Acknowledge");
        let Some((ids, reason)) = self.choice.agreed(context, &store, state, verb)? else {
            return Ok(());
        };
        let mut entry = NewEntry::acknowledge(reason, self.outcome);
        if !entry.drops_tasks && !self.choice.yes {
            entry.drops_tasks = wants_to_drop_tasks(context, &store, &ids)?;
        }
        let dropped = acknowledge::enter(context, &mut store, &ids, &entry)?;
        context.ui.note(format!("acknowledged {}", acknowledge::named(&store, &ids)?));
        if dropped > 0 {
            context.ui.note(format!("dropped {}", counted(dropped, "open task", "open tasks")));
        }
        Ok(())
    }
}

fn wants_to_drop_tasks(context: &Context, store: &Store, ids: &[SignalId]) -> Result<bool> {
    if !context.ui.can_ask() {
        return Ok(false);
    }
    let tasks = acknowledge::open_tasks(store, ids)?;
    let question = || format!("Drop {}, too?", counted(tasks, "open task", "open tasks"));
    Ok(tasks > 0 && context.ui.agrees(&question(), "--yes keeps the tasks")?)
}
