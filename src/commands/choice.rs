//! Selects the signals that a command changes: by id, or by filters.

use anyhow::Result;
use clap::Args;

use super::list::explain_nothing;
use super::options::{distinct, report_matches, signal_number};
use crate::context::Context;
use crate::domain::signal::{SignalId, SignalState};
use crate::error::{not_allowed, usage};
use crate::ops::acknowledge;
use crate::query::FilterOptions;
use crate::render::counted;
use crate::store::{SignalFilter, Store};

/// Which signals are changed, and why.
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
    /// Why
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    reason: Option<String>,
}

impl SignalChoice {
    /// The selected signals, which must be in state `needed`, and the reason; `None` if there are
    /// none. Asks for confirmation if they were selected by filters.
    ///
    /// # Errors
    /// Filters without `--all`, no terminal to ask at, or a blank reason (exit 2); filters for
    /// signals in the other state, or an answer other than yes (exit 9).
    pub(super) fn agreed(
        &self,
        context: &Context,
        store: &Store,
        needed: SignalState,
        verb: &str,
    ) -> Result<Option<(Vec<SignalId>, String)>> {
        let ids = self.signals(context, store, needed)?;
        if ids.is_empty() {
            return Ok(None);
        }
        let reason = acknowledge::reason(context, self.reason.clone())?;
        if self.all && !self.yes {
            let what = counted(ids.len() as u64, "signal", "signals");
            context.ui.confirm(&format!("{verb} {what}?"))?;
        }
        Ok(Some((ids, reason)))
    }

    fn signals(
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
        if ids.is_empty() {
            explain_nothing(context, store, &self.filter)?;
        }
        Ok(ids)
    }
}
