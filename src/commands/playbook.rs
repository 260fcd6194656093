//! `signals playbook`: playbooks and their tasks.

use anyhow::Result;
use clap::{Args, Subcommand};

use super::options::FormatOption;
use super::{output, task};
use crate::context::Context;
use crate::domain::similar_names::nearest;
use crate::error::not_allowed;
use crate::ops::work;
use crate::query::find_company;
use crate::render::{Format, counted};
use crate::store::{Finish, Store, StoredPlaybook};
use crate::views::playbooks::{self, PLAYBOOKS};

/// List playbooks (the default actions for a signal) and start them.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  signals playbook list\n  signals playbook start renewal acme")]
pub(crate) enum PlaybookCommand {
    /// List the playbooks
    #[command(after_help = "Example:\n  signals playbook list")]
    List(FormatOption),
    /// Show the steps of a playbook
    Show(ShowPlaybook),
    /// Open the tasks of a playbook for a company
    Start(StartPlaybook),
}

/// Show the steps of a playbook.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  signals playbook show win-back")]
pub(crate) struct ShowPlaybook {
    /// The playbook's name
    name: String,
    #[command(flatten)]
    format: FormatOption,
}

/// Open the tasks of a playbook for a company, each due so many days from now as its step says.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  signals playbook start renewal acme")]
pub(crate) struct StartPlaybook {
    /// The playbook's name
    name: String,
    /// The company's id or name
    company: String,
    #[command(flatten)]
    format: FormatOption,
}

impl PlaybookCommand {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// An unknown playbook or company (exit 9).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        match self {
            PlaybookCommand::List(FormatOption { format }) => output::print_items(
                &context.ui,
                format,
                &PLAYBOOKS,
                &context.reader()?.playbooks()?,
            ),
            PlaybookCommand::Show(args) => args.run(context),
            PlaybookCommand::Start(args) => args.run(context),
        }
    }
}

impl ShowPlaybook {
    fn run(self, context: &Context) -> Result<()> {
        let stored = existing(&context.reader()?, &self.name)?;
        if self.format.format == Format::Table {
            return context.ui.page(|screen| playbooks::draw(&stored, screen));
        }
        output::print_record(&context.ui, self.format.format, playbooks::FIELDS.of(&stored))
    }
}

impl StartPlaybook {
    fn run(self, context: &Context) -> Result<()> {
        let mut store = context.writer()?;
        let playbook = existing(&store, &self.name)?.playbook;
        let company = find_company(&store, &self.company)?;
        let ids = store.transaction(Finish::Commit, |store| {
            let stamp = work::stamp(context, store)?;
            store.open_tasks(company, &playbook, None, &stamp)
        })?;
        for step in &playbook.steps {
            task::warn_of_stranger(context, &store, &step.owner)?;
        }
        context.ui.note(format!("opened {}", counted(ids.len() as u64, "task", "tasks")));
        let tasks = ids
            .into_iter()
            .filter_map(|id| store.task(id).transpose())
            .collect::<Result<Vec<_>>>()?;
        task::print(context, tasks, context.today(&store), self.format.format)
    }
}

/// The playbook with that name.
///
/// # Errors
/// No such playbook (exit 9).
pub(crate) fn existing(store: &Store, name: &str) -> Result<StoredPlaybook> {
    if let Some(stored) = store.playbook(name)? {
        return Ok(stored);
    }
    let names = store.playbooks()?.into_iter().map(|stored| stored.playbook.name);
    let failure = not_allowed(format!("there is no playbook '{name}'"));
    Err(match nearest(name, names) {
        Some(like) => {
            failure.hint(format!("did you mean '{like}'? `signals playbook list` shows all"))
        }
        None => failure.hint("`signals playbook list` shows all"),
    }
    .into())
}
