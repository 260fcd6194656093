//! `signals event`: known event names.

use anyhow::Result;
use clap::Subcommand;

use super::options::FormatOption;
use crate::context::Context;
use crate::views::events::{EVENTS, WatchedEvent};

/// List the event names seen so far.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  signals event list")]
pub(crate) enum EventCommand {
    /// List every event name seen, with totals and whether a rule watches it
    #[command(after_help = "Example:\n  signals event list --format csv")]
    List(FormatOption),
}

impl EventCommand {
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        let EventCommand::List(format) = self;
        let store = context.reader()?;
        let rules = store.rules()?;
        let watching = |event: &str| {
            let enabled = rules.iter().map(|stored| &stored.rule).filter(|rule| rule.enabled);
            let watching = enabled.filter(|rule| rule.logic.event() == Some(event));
            watching.map(|rule| rule.name.clone()).collect()
        };
        let events = store.event_summaries()?.into_iter();
        let events: Vec<_> = events
            .map(|summary| WatchedEvent { rules: watching(&summary.name), summary })
            .collect();
        format.print(context, &EVENTS, &events)
    }
}
