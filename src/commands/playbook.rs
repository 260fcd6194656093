//! `signals playbook`: playbooks and their tasks.

use anyhow::Result;
use clap::Subcommand;

use super::options::FormatOption;
use super::task;
use crate::context::Context;
use crate::ops::work;
use crate::query::{find_company, unknown};
use crate::render::counted;
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
    #[command(after_help = "Example:\n  signals playbook show win-back")]
    Show {
        /// The playbook's name
        name: String,
        #[command(flatten)]
        format: FormatOption,
    },
    /// Open the tasks of a playbook for a company
    #[command(after_help = "Example:\n  signals playbook start renewal acme")]
    Start {
        /// The playbook's name
        name: String,
        /// The company's id or name
        company: String,
        #[command(flatten)]
        format: FormatOption,
    },
}

impl PlaybookCommand {
    /// # Errors
    /// An unknown playbook or company (exit 9).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        match self {
            PlaybookCommand::List(format) => {
                format.print(context, &PLAYBOOKS, &context.reader()?.playbooks()?)
            }
            PlaybookCommand::Show { name, format } => show(context, &name, format),
            PlaybookCommand::Start { name, company, format } => {
                start(context, &name, &company, format)
            }
        }
    }
}

fn show(context: &Context, name: &str, format: FormatOption) -> Result<()> {
    let stored = existing(&context.reader()?, name)?;
    match format.is_table() {
        true => context.ui.page(|screen| playbooks::draw(&stored, screen)),
        false => format.print_record(context, playbooks::FIELDS.of(&stored)),
    }
}

/// Opens the tasks, each due so many days from now as its step says.
fn start(context: &Context, name: &str, company: &str, format: FormatOption) -> Result<()> {
    let mut store = context.writer()?;
    let playbook = existing(&store, name)?.playbook;
    let company = find_company(&store, company)?;
    let ids = store.transaction(Finish::Commit, |store| {
        let stamp = work::stamp(context, store)?;
        store.open_tasks(company, &playbook, None, &stamp)
    })?;
    for step in &playbook.steps {
        task::warn_of_stranger(context, &store, &step.owner)?;
    }
    context.ui.note(format!("opened {}", counted(ids.len() as u64, "task", "tasks")));
    let tasks = ids.into_iter().filter_map(|id| store.task(id).transpose());
    let tasks = tasks.collect::<Result<Vec<_>>>()?;
    task::print(context, tasks, context.today(&store), format)
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
    Err(unknown("playbook", name, names, "playbook list").into())
}
