//! `signals team`: the team.

use anyhow::Result;
use clap::Subcommand;

use super::options::FormatOption;
use crate::context::Context;
use crate::query::find_member;
use crate::store::Finish;
use crate::views::team::TEAM;

/// List the team, or remove a member.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  signals team list
  signals team remove 'Ann Lee'

Files of kind team add and change members: signals import team.csv")]
pub(crate) enum TeamCommand {
    /// List the members with their roles and notification preferences
    #[command(after_help = "Example:\n  signals team list --format csv")]
    List(FormatOption),
    /// Remove a member from the team, and list their open tasks and customers
    #[command(after_help = "Example:\n  signals team remove 'Ann Lee'")]
    Remove {
        /// The member: name or e-mail
        name: String,
    },
}

impl TeamCommand {
    /// # Errors
    /// No such member (exit 9).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        match self {
            TeamCommand::List(format) => format.print(context, &TEAM, &context.reader()?.team()?),
            TeamCommand::Remove { name } => remove(context, &name),
        }
    }
}

fn remove(context: &Context, name: &str) -> Result<()> {
    let mut store = context.writer()?;
    let name = find_member(&store, name)?.name;
    let left = store.transaction(Finish::Commit, |store| {
        store.remove_team_member(&name)?;
        store.reroute_notices(context.clock.now())?;
        store.remaining_work_of(&name)
    })?;
    context.ui.note(left);
    Ok(())
}
