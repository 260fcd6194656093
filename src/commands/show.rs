//! `signals show`: one signal, explained.

use anyhow::{Context as _, Result};
use clap::Args;

use super::options::{FormatOption, signal_number};
use crate::context::Context;
use crate::domain::signal::{SignalId, State};
use crate::domain::trend::Windows;
use crate::ops::acknowledge::unknown_signal;
use crate::render::{Format, RecordWriter, Screen};
use crate::store::{CompanyActivity, SignalRecord, Store};
use crate::views::signal::SignalView;

/// Explain a signal: its numbers, how likely chance is, the people behind it, what was done.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  signals show 12")]
pub struct Show {
    /// The signal's number
    #[arg(value_parser = signal_number)]
    id: i64,
    #[command(flatten)]
    format: FormatOption,
}

impl Show {
    /// Prints the explanation.
    ///
    /// # Errors
    /// An unknown signal (exit 9).
    pub fn run(self, context: &Context) -> Result<()> {
        let store = context.reader()?;
        let view = gather(&store, SignalId(self.id))?;
        if self.format.format == Format::Table {
            let mut screen = Screen::new(context.ui.look());
            view.draw(&mut screen);
            context.ui.data(screen.into_text())?;
            context.ui.flush()?;
            if view.signal.state() == State::Open {
                context.ui.hint(format!("`signals ack {} --reason TEXT` closes it", self.id));
            }
            return Ok(());
        }
        let fields = SignalView::fields();
        context.ui.records(RecordWriter::new(self.format.format, &fields), |record| {
            record(&view.values())
        })
    }
}

fn gather(store: &Store, id: SignalId) -> Result<SignalView> {
    let signal = store.signal(id)?.ok_or_else(|| unknown_signal(id))?;
    let activity =
        activity(store, &signal).with_context(|| format!("cannot explain signal {id}"))?;
    let tasks = store.tasks_of_signal(id)?;
    Ok(SignalView { activity, history: store.signal_history(id)?, tasks, signal })
}

/// What the company did in the windows of a trend; `None` for other kinds of signal.
fn activity(store: &Store, signal: &SignalRecord) -> Result<Option<CompanyActivity>> {
    let (Some(trend), Some(comparison)) =
        (signal.definition.logic.trend(), signal.evidence.comparison())
    else {
        return Ok(None);
    };
    let windows = Windows { observation: comparison.observation, decision: comparison.decision };
    store.company_activity(signal.company, &trend.watch(), &windows).map(Some)
}
