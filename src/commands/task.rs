//! `signals task`: tasks, their owners and due dates.

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};

use super::options::{FormatOption, distinct, report_matches};
use crate::context::Context;
use crate::domain::day::{Day, DayOrOffset};
use crate::domain::task::{Owner, TaskAction, TaskId, TaskState};
use crate::error::usage;
use crate::ops::work;
use crate::query::{csm_called, find_company};
use crate::render::counted;
use crate::store::{Store, TaskFilter, TaskRecord};
use crate::views::tasks::{ListedTask, TASKS};

/// List, complete, assign, add and drop tasks.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  signals task list --csm ana --overdue\n  signals task done 7 --note \"Champion is back in May\""
)]
pub(crate) enum TaskCommand {
    /// List tasks, earliest due first
    List(ListTasks),
    /// Mark tasks as done
    #[command(
        after_help = "Examples:\n  signals task done 7\n  signals task done 7 8 --note \"Called on Monday\""
    )]
    Done {
        /// The tasks' numbers
        #[arg(required = true, value_name = "ID", value_parser = task_number)]
        ids: Vec<TaskId>,
        /// What came of it
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Close tasks without doing them
    Drop(DropTasks),
    /// Assign a task to somebody else
    #[command(after_help = "Examples:\n  signals task assign 7 ben\n  signals task assign 7 csm")]
    Assign {
        /// The task's number
        #[arg(value_name = "ID", value_parser = task_number)]
        id: TaskId,
        /// A person's name, or `csm` or `manager` for the company's
        name: String,
    },
    /// Add a task
    Add(AddTask),
}

/// Which tasks are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum States {
    /// Tasks to do
    Open,
    /// Tasks that were done
    Done,
    /// Tasks that were closed without being done
    Dropped,
    /// All
    All,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  signals task list --csm ana\n  signals task list --company acme --state all --format csv"
)]
pub(crate) struct ListTasks {
    #[command(flatten)]
    filter: TaskFilterOptions,
    /// Only tasks in this state
    #[arg(long, value_name = "STATE", default_value = "open")]
    state: States,
    #[command(flatten)]
    format: FormatOption,
}

/// Which tasks are meant.
#[derive(Debug, Clone, Default, PartialEq, Args)]
struct TaskFilterOptions {
    /// Only this person's tasks, and those of the companies that this person looks after
    #[arg(long, value_name = "NAME")]
    csm: Option<String>,
    /// Only open tasks whose day has passed
    #[arg(long)]
    overdue: bool,
    /// Only tasks for this company, by its id or name
    #[arg(long, value_name = "COMPANY")]
    company: Option<String>,
    /// Only tasks of this playbook
    #[arg(long, value_name = "PLAYBOOK")]
    playbook: Option<String>,
}

impl TaskFilterOptions {
    fn filter(&self, context: &Context, store: &Store) -> Result<TaskFilter> {
        Ok(TaskFilter {
            company: self.company.as_deref().map(|text| find_company(store, text)).transpose()?,
            state: self.overdue.then_some(TaskState::Open),
            due_before: self.overdue.then(|| context.today(store)),
            person: self.csm.as_ref().map(|name| csm_called(store, name)).transpose()?,
            playbook: self.playbook.clone(),
            ..TaskFilter::default()
        })
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  signals task drop 7 8 --reason \"They renewed early\"
  signals task drop --all --company acme --reason \"Back to normal\" --yes")]
pub(crate) struct DropTasks {
    /// The tasks' numbers
    #[arg(required_unless_present = "all", conflicts_with = "all", value_name = "ID", value_parser = task_number)]
    ids: Vec<TaskId>,
    /// Why
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    reason: Option<String>,
    /// All open tasks that match the filters, instead of ids
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    filter: TaskFilterOptions,
    /// Do not ask for confirmation
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  signals task add acme \"Send the new price list\" --due 2026-04-10 --for ana"
)]
pub(crate) struct AddTask {
    /// The company's id or name
    company: String,
    /// What to do
    title: String,
    /// The day by which it is due
    #[arg(long, value_name = "DAY", allow_hyphen_values = true)]
    due: DayOrOffset,
    /// Who does it: csm, manager, or a person's name
    #[arg(long = "for", value_name = "WHO", default_value = "csm")]
    owner: String,
    #[command(flatten)]
    format: FormatOption,
}

impl TaskCommand {
    /// # Errors
    /// A blank title or name (exit 2); an unknown company or task, or a task that is closed already
    /// (exit 9).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        match self {
            TaskCommand::List(args) => args.run(context),
            TaskCommand::Done { ids, note } => finish(context, &ids, note.as_deref()),
            TaskCommand::Drop(args) => args.run(context),
            TaskCommand::Assign { id, name } => assign(context, id, &name),
            TaskCommand::Add(args) => args.run(context),
        }
    }
}

impl ListTasks {
    fn run(self, context: &Context) -> Result<()> {
        let store = context.reader()?;
        if self.filter.overdue && matches!(self.state, States::Done | States::Dropped) {
            let hint = "leave out --state";
            return Err(usage("only open tasks can be overdue").hint(hint).into());
        }
        let filter = self.filter.filter(context, &store)?;
        let state = match self.state {
            States::Open => Some(TaskState::Open),
            States::Done => Some(TaskState::Done),
            States::Dropped => Some(TaskState::Dropped),
            States::All => filter.state,
        };
        let filter = TaskFilter { state, ..filter };
        let tasks = store.tasks(&filter)?;
        let is_empty = tasks.is_empty();
        print(context, tasks, context.today(&store), self.format)?;
        match &self.filter.csm {
            Some(name) if is_empty => hint_at_stranger(context, &store, name),
            _ => Ok(()),
        }
    }
}

fn finish(context: &Context, ids: &[TaskId], note: Option<&str>) -> Result<()> {
    let tasks = close(context, &mut context.writer()?, ids, TaskAction::Done, note)?;
    context.ui.note(format!("done: {tasks}"));
    Ok(())
}

/// Closes tasks, all or none. Returns them for a message: a single one by its title, several by
/// their number.
fn close(
    context: &Context,
    store: &mut Store,
    ids: &[TaskId],
    action: TaskAction,
    why: Option<&str>,
) -> Result<String> {
    let why = why.map(str::trim).filter(|why| !why.is_empty());
    Ok(match work::close(context, store, &distinct(ids), action, why)?.as_slice() {
        [task] => format!("task {}: {}", task.id, task.title),
        tasks => counted(tasks.len() as u64, "task", "tasks"),
    })
}

impl DropTasks {
    fn run(self, context: &Context) -> Result<()> {
        let mut store = context.writer()?;
        let ids = self.tasks(context, &store)?;
        if ids.is_empty() {
            return Ok(());
        }
        if self.all && !self.yes {
            let what = counted(ids.len() as u64, "task", "tasks");
            context.ui.confirm(&format!("Drop {what}?"))?;
        }
        let reason = self.reason.as_deref();
        let tasks = close(context, &mut store, &ids, TaskAction::Dropped, reason)?;
        context.ui.note(format!("dropped {tasks}"));
        Ok(())
    }

    fn tasks(&self, context: &Context, store: &Store) -> Result<Vec<TaskId>> {
        if !self.all {
            return match self.filter == TaskFilterOptions::default() {
                true => Ok(self.ids.clone()),
                false => Err(usage("filters choose tasks only together with --all").into()),
            };
        }
        let filter = self.filter.filter(context, store)?;
        let filter = TaskFilter { state: Some(TaskState::Open), ..filter };
        let ids: Vec<TaskId> = store.tasks(&filter)?.iter().map(|task| task.id).collect();
        report_matches(context, ids.len(), "open task", "open tasks");
        Ok(ids)
    }
}

fn assign(context: &Context, id: TaskId, name: &str) -> Result<()> {
    let mut store = context.writer()?;
    let owner = work::owner(&store, name)?;
    work::assign(context, &mut store, id, &owner)?;
    warn_of_stranger(context, &store, &owner)?;
    let Some(task) = store.task(id)? else { return Ok(()) };
    let person = task.assignee.as_deref().unwrap_or("nobody, as the company has none");
    let role = match owner {
        Owner::Person(_) => String::new(),
        role => format!("the company's {role}: "),
    };
    context.ui.note(format!("task {} is for {role}{person}: {}", task.id, task.title));
    Ok(())
}

impl AddTask {
    fn run(self, context: &Context) -> Result<()> {
        let mut store = context.writer()?;
        let owner = work::owner(&store, &self.owner)?;
        let company = find_company(&store, &self.company)?;
        let due = context.day(&store, self.due);
        let id = work::add(context, &mut store, company, &self.title, due, &owner)?;
        warn_of_stranger(context, &store, &owner)?;
        context.ui.note(format!("added task {id}"));
        print(context, store.task(id)?, context.today(&store), self.format)
    }
}

/// Prints tasks like the list.
pub(crate) fn print(
    context: &Context,
    tasks: impl IntoIterator<Item = TaskRecord>,
    today: Day,
    format: FormatOption,
) -> Result<()> {
    let tasks: Vec<ListedTask> = tasks.into_iter().map(|task| ListedTask { task, today }).collect();
    format.print_linked(context, &context.reader()?, &TASKS, &tasks)
}

/// Prints a hint if a list for a person is empty and nobody with that name is known.
pub(crate) fn hint_at_stranger(context: &Context, store: &Store, name: &str) -> Result<()> {
    context.ui.flush()?;
    if let Some(text) = work::stranger(store, name)? {
        context.ui.hint(text);
    }
    Ok(())
}

/// Warns about a person whom neither the team nor a company names: it may be a typo.
pub(crate) fn warn_of_stranger(context: &Context, store: &Store, owner: &Owner) -> Result<()> {
    if let Owner::Person(name) = owner
        && let Some(text) = work::stranger(store, name)?
    {
        context.ui.warning(text);
    }
    Ok(())
}

fn task_number(text: &str) -> Result<TaskId, String> {
    text.parse().map(TaskId).map_err(|_| format!("'{text}' is not the number of a task"))
}
