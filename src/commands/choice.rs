//! Selects the signals that a command changes: by id, or by filters.

use anyhow::Result;
use clap::Args;

use super::options::{distinct, report_matches, signal_number};
use crate::context::Context;
use crate::domain::signal::{SignalId, SignalState};
use crate::error::{not_allowed, usage};
use crate::query::FilterOptions;
use crate::render::counted;
use crate::store::{SignalFilter, Store};

/// Which signals are changed.
#[derive(Debug, Args)]
pub(super) struct SignalChoice {
    /// The signals' numbers
    #[arg(value_name = "ID", required_unless_present = "all", conflicts_with = "all", value_parser = signal_number)]
    ids: Vec<SignalId>,
    /// All signals that match the filters, instead of ids
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    filter: FilterOptions,
    /// Do not ask for confirmation
    #[arg(long)]
    pub yes: bool,
}

impl SignalChoice {
    /// The selected signals, which must be in state `needed`; with filters, prints their number.
    ///
    /// # Errors
    /// Filters without `--all` (exit 2), or for signals in the other state (exit 9).
    pub(super) fn signals(
        &self,
        context: &Context,
        store: &Store,
        needed: SignalState,
    ) -> Result<Vec<SignalId>> {
        if !self.all {
            return match self.filter.is_empty() {
                true => Ok(distinct(&self.ids)),
                false => Err(usage("filters choose signals only together with --all").into()),
            };
        }
        if self.filter.state.is_some_and(|state| state != needed) {
            return Err(not_allowed(format!("only {needed} signals can be chosen here")).into());
        }
        let filter =
            SignalFilter { state: Some(needed), ..self.filter.listed(context, store, None)? };
        let ids = store.signal_ids(&filter)?;
        report_matches(context, ids.len(), "signal", "signals");
        Ok(ids)
    }

    /// Asks for confirmation if the signals were selected by filters.
    ///
    /// # Errors
    /// No terminal (exit 2); an answer other than yes (exit 9).
    pub(super) fn confirm(&self, context: &Context, verb: &str, ids: &[SignalId]) -> Result<()> {
        if !self.all || self.yes {
            return Ok(());
        }
        let what = counted(ids.len() as u64, "signal", "signals");
        context.ui.confirm(&format!("{verb} {what}?"))
    }
}
