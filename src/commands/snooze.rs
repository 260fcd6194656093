//! `signals snooze`: hides signals until a day.

use anyhow::Result;
use clap::Args;

use super::options::{distinct, signal_number};
use crate::context::Context;
use crate::domain::day::DayOrOffset;
use crate::domain::signal::SignalId;
use crate::error::usage;
use crate::ops::acknowledge::{self, NewEntry};

/// Hide open signals until a day.
///
/// A snoozed signal stays open. `list` and `agenda` leave it out through the day before DAY, by the
/// clock, or until a run renews it. `list --snoozed` shows the snoozed signals. Exports and reports
/// hold all signals.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  signals snooze 12 --until 2026-04-15 --reason \"Champion is on leave\"
  signals snooze 12 13 --until +14d --reason \"Renewal call is booked\"
  signals snooze 12 --cancel --reason \"Champion is back early\"")]
pub(crate) struct Snooze {
    /// The signals' numbers
    #[arg(value_name = "ID", required = true, value_parser = signal_number)]
    ids: Vec<SignalId>,
    /// The day on which they return, such as 2026-04-15 or +7d
    #[arg(
        long,
        value_name = "DAY",
        allow_hyphen_values = true,
        required_unless_present = "cancel"
    )]
    until: Option<DayOrOffset>,
    /// Bring them back now
    #[arg(long, conflicts_with = "until")]
    cancel: bool,
    /// Why
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    reason: Option<String>,
}

impl Snooze {
    /// Snoozes the signals, all or none.
    ///
    /// # Errors
    /// A blank reason, or a day that is not in the future (exit 2); an unknown or closed signal
    /// (exit 9).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        let mut store = context.writer()?;
        let today = context.today(&store);
        let until = self.until.map_or(today, |given| context.day(&store, given));
        if until <= today && !self.cancel {
            let message = format!("--until {until} is not in the future; today is {today}");
            let hint = format!("the first day that is possible is {}", today.next());
            return Err(usage(message).hint(hint).into());
        }
        let ids = distinct(&self.ids);
        let reason = acknowledge::reason(context, self.reason)?;
        acknowledge::enter(context, &mut store, &ids, &NewEntry::snooze(until, reason))?;
        let named = acknowledge::named(&store, &ids)?;
        context.ui.note(match self.cancel {
            true => format!("no longer snoozed: {named}"),
            false => format!("snoozed until {until}: {named}"),
        });
        Ok(())
    }
}
