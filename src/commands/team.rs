//! `signals team`: the team.

use anyhow::Result;
use clap::{Args, Subcommand};

use super::options::FormatOption;
use super::output;
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
    List(ListTeam),
    /// Remove a member from the team, and list their open tasks and customers
    Remove(RemoveMember),
}

/// List the members with their roles and notification preferences.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  signals team list --format csv")]
pub(crate) struct ListTeam {
    #[command(flatten)]
    format: FormatOption,
}

/// Take somebody out of the team. They are told nothing more; their open tasks and customers are
/// named, so that others can take these over.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  signals team remove 'Ann Lee'")]
pub(crate) struct RemoveMember {
    /// The member: name or e-mail
    name: String,
}

impl TeamCommand {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// No such member (exit 9).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        match self {
            TeamCommand::List(args) => {
                let team = context.reader()?.team()?;
                output::print_items(&context.ui, args.format.format, &TEAM, &team)
            }
            TeamCommand::Remove(args) => args.run(context),
        }
    }
}

impl RemoveMember {
    fn run(self, context: &Context) -> Result<()> {
        let mut store = context.writer()?;
        let name = find_member(&store, &self.name)?.name;
        let left = store.transaction(Finish::Commit, |store| {
            store.remove_team_member(&name)?;
            store.reroute_notices(context.clock.now())?;
            store.remaining_work_of(&name)
        })?;
        context.ui.note(left);
        Ok(())
    }
}
