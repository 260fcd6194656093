//! `signals inbox`: a person's unread notifications.

use anyhow::Result;
use clap::Args;

use super::options::FormatOption;
use crate::context::Context;
use crate::domain::signal::SignalId;
use crate::query::find_member;
use crate::store::{Finish, InboxEntry, Store};
use crate::views::inbox::INBOX;

/// Show somebody's inbox: their notifications, unread first.
#[derive(Debug, Args)]
#[command(after_help = "\
Looking changes nothing; --mark-read, and acknowledging a signal, mark it as read.

Examples:
  signals inbox --for ana
  signals inbox --for ana --mark-read")]
pub(crate) struct Inbox {
    /// The person, by the name in the team file [default: who you are, as --by says]
    #[arg(long = "for", value_name = "NAME")]
    person: Option<String>,
    /// Mark what is shown as read
    #[arg(long)]
    mark_read: bool,
    /// Show only what is unread
    #[arg(long)]
    unread: bool,
    /// Show at most this many
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    #[command(flatten)]
    format: FormatOption,
}

impl Inbox {
    /// Prints the inbox, and then marks it as read if requested.
    ///
    /// # Errors
    /// Somebody who is not in the team (exit 9).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        let person = self.person.clone().unwrap_or_else(|| context.user());
        if !self.mark_read {
            let store = context.reader()?;
            let entries = self.entries(&store, &find_member(&store, &person)?.name)?;
            return self.format.print_linked(context, &store, &INBOX, &entries);
        }
        let mut store = context.writer()?;
        let person = find_member(&store, &person)?.name;
        let entries = self.entries(&store, &person)?;
        // Notifications that could not be printed stay unread.
        self.format.print_linked(context, &store, &INBOX, &entries)?;
        context.ui.flush()?;
        let signals: Vec<SignalId> = entries.iter().map(|entry| entry.signal.id).collect();
        store.transaction(Finish::Commit, |store| {
            store.mark_read(&person, &signals, context.clock.now())
        })
    }

    fn entries(&self, store: &Store, person: &str) -> Result<Vec<InboxEntry>> {
        let mut entries = store.inbox(person, self.limit)?;
        entries.retain(|entry| !self.unread || entry.read_at.is_none());
        Ok(entries)
    }
}
