//! `signals init`: creates a database.

use anyhow::Result;
use clap::Args;

use crate::context::Context;
use crate::domain::similar_names::nearest;
use crate::domain::zone::Zone;
use crate::error::{not_allowed, usage};
use crate::store::{Permissions, Store};

/// Create a database, or upgrade one from an older version.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  signals init --timezone Europe/Bucharest")]
pub(crate) struct Init {
    /// The time zone in which days begin and end; UTC unless set, and fixed once events are in
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// Let the file's group read and write it (0660), for a team on one machine
    #[arg(long)]
    group_writable: bool,
}

impl Init {
    /// # Errors
    /// An unknown time zone (exit 2); another time zone after events were imported (exit 9); a file
    /// that cannot be created.
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        let zone = self.timezone.as_deref().map(parse_zone).transpose()?;
        let permissions = if self.group_writable { Permissions::Group } else { Permissions::Owner };
        let mut store = Store::create_or_open(&context.database()?, permissions)?;
        if self.group_writable {
            store.set_permissions(permissions)?;
        }
        if let Some(zone) = zone.filter(|zone| *zone != store.zone()) {
            if store.event_days()?.is_some() {
                let message = format!(
                    "days are counted in {} and there are events already; they cannot move to {zone}",
                    store.zone()
                );
                let hint = "make another database with --db PATH";
                return Err(not_allowed(message).hint(hint).into());
            }
            store.set_zone(zone)?;
        }
        let (path, zone) = (store.path().display(), store.zone());
        context.ui.note(format!("{path} is ready; days begin and end in {zone}"));
        context.ui.hint("`signals import events.csv` is next");
        Ok(())
    }
}

/// Parses the name of a time zone.
///
/// # Errors
/// An unknown name (exit 2).
pub(crate) fn parse_zone(name: &str) -> Result<Zone> {
    name.parse().map_err(|_| {
        let hint = match nearest(name, Zone::names()) {
            Some(zone) => format!("did you mean {zone}?"),
            None => "names are like Europe/Bucharest or UTC".to_owned(),
        };
        usage(format!("'{name}' is not a time zone")).hint(hint).into()
    })
}
