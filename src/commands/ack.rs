//! `signals ack`: closes signals.

use anyhow::Result;
use clap::Args;

use super::options::signal_number;
use crate::context::Context;
use crate::domain::signal::{Action, Outcome, SignalId, State};
use crate::error::{not_allowed, usage};
use crate::ops::acknowledge::{self, Entry};
use crate::query::FilterOptions;
use crate::render::counted;
use crate::store::{SignalFilter, Store};

/// Acknowledge signals: close them, with the reason.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  signals ack 12 --reason \"Called Ana; champion on leave until May\"
  signals ack 12 13 17 --reason \"Known outage\" --outcome false-alarm
  signals ack --all --rule login --until 2026-03-01 --reason \"Before the migration\" --yes")]
pub struct Ack {
    /// The signals' numbers
    #[arg(value_name = "ID", required_unless_present = "all", conflicts_with = "all", value_parser = signal_number)]
    ids: Vec<i64>,
    /// Why
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    reason: Option<String>,
    /// What came of it: handled, expected, false-alarm, saved, lost or recovered
    #[arg(long, value_name = "OUTCOME", value_parser = Outcome::by_name)]
    outcome: Option<Outcome>,
    /// All open signals that pass the filters
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    filter: FilterOptions,
    /// Go on without asking
    #[arg(long)]
    yes: bool,
}

impl Ack {
    /// Closes the signals, all or none.
    ///
    /// # Errors
    /// A blank reason (exit 2); an unknown or closed signal (exit 9).
    pub fn run(self, context: &Context) -> Result<()> {
        if !self.all && !self.filter.is_empty() {
            return Err(usage("filters choose signals only together with --all").into());
        }
        let mut store = context.writer()?;
        let ids = if self.all {
            self.matching(context, &store)?
        } else {
            acknowledge::distinct(&self.ids)
        };
        let what = counted(ids.len() as u64, "signal", "signals");
        if self.all {
            context.ui.note(format!("{what} match"));
        }
        if ids.is_empty() {
            return Ok(());
        }
        let reason = acknowledge::reason(context, self.reason)?;
        if self.all && !self.yes {
            context.ui.confirm(&format!("Acknowledge {what}?"))?;
        }
        acknowledge::enter(
            context,
            &mut store,
            &ids,
            &Entry { action: Action::Acknowledged, reason, outcome: self.outcome },
        )?;
        context.ui.note(format!("acknowledged {}", acknowledge::named(&store, &ids)?));
        Ok(())
    }

    fn matching(&self, context: &Context, store: &Store) -> Result<Vec<SignalId>> {
        if self.filter.state == Some(State::Closed) {
            return Err(not_allowed("closed signals cannot be acknowledged again").into());
        }
        let filter =
            SignalFilter { state: Some(State::Open), ..self.filter.filter(context, store, None)? };
        store.signal_ids(&filter)
    }
}
