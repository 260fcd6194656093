//! `signals task`: what is to be done, by whom, by when.

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};

use super::options::FormatOption;
use super::output;
use crate::context::Context;
use crate::domain::day::Day;
use crate::domain::playbook::line_problem;
use crate::domain::similar_names::nearest;
use crate::domain::task::{Owner, Stamp, TaskId, TaskState};
use crate::error::{CommandError, not_allowed, usage};
use crate::ops::acknowledge;
use crate::query::find_company;
use crate::render::{Format, counted};
use crate::store::{Finish, NewTask, Store, TaskFilter, TaskRecord};
use crate::views::tasks::{ListedTask, TASKS};

/// See and do the tasks that signals, playbooks and people open.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  signals task list --csm ana --overdue\n  signals task done 7 --note \"Champion is back in May\""
)]
pub enum Task {
    /// List tasks, those due first before the others
    List(ListTasks),
    /// Note that tasks are done
    Done(FinishTasks),
    /// Give a task to somebody else
    Assign(AssignTask),
    /// Add a task
    Add(AddTask),
}

/// Which tasks are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum States {
    /// Those to be done
    Open,
    /// Those that are done
    Done,
    /// All
    All,
}

/// List tasks, those due first before the others.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  signals task list --csm ana\n  signals task list --company acme --state all --format csv"
)]
pub struct ListTasks {
    /// Only this person's tasks, and those of the companies that this person looks after
    #[arg(long, value_name = "NAME")]
    csm: Option<String>,
    /// Only tasks in this state
    #[arg(long, value_name = "STATE", default_value = "open")]
    state: States,
    /// Only open tasks whose day has passed
    #[arg(long)]
    overdue: bool,
    /// Only tasks for this company, by its id or name
    #[arg(long, value_name = "COMPANY")]
    company: Option<String>,
    #[command(flatten)]
    format: FormatOption,
}

/// Note that tasks are done: all of them, or none.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  signals task done 7\n  signals task done 7 8 --note \"Called on Monday\""
)]
pub struct FinishTasks {
    /// The tasks' numbers
    #[arg(required = true, value_name = "ID", value_parser = task_number)]
    ids: Vec<i64>,
    /// What came of it
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

/// Give a task to somebody else, who keeps it when the company's CSM changes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  signals task assign 7 ben\n  signals task assign 7 csm")]
pub struct AssignTask {
    /// The task's number
    #[arg(value_name = "ID", value_parser = task_number)]
    id: i64,
    /// The person; or `csm` or `manager` for whoever that is
    name: String,
}

/// Add a task for a company.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  signals task add acme \"Send the new price list\" --due 2026-04-10 --for ana"
)]
pub struct AddTask {
    /// The company's id or name
    company: String,
    /// What is to be done
    title: String,
    /// The day by which it is to be done
    #[arg(long, value_name = "DAY")]
    due: Day,
    /// Who is to do it: csm, manager, or a person's name
    #[arg(long = "for", value_name = "WHO", default_value = "csm")]
    owner: String,
    #[command(flatten)]
    format: FormatOption,
}

impl Task {
    /// Does what the subcommand says.
    ///
    /// # Errors
    /// A blank title or name (exit 2); an unknown company or task, or a task that is done already
    /// (exit 9).
    pub fn run(self, context: &Context) -> Result<()> {
        match self {
            Task::List(args) => args.run(context),
            Task::Done(args) => args.run(context),
            Task::Assign(args) => args.run(context),
            Task::Add(args) => args.run(context),
        }
    }
}

impl ListTasks {
    fn run(self, context: &Context) -> Result<()> {
        let store = context.reader()?;
        if self.overdue && self.state == States::Done {
            return Err(usage("a task that is done is not overdue")
                .hint("leave out --state done")
                .into());
        }
        let today = context.today(&store);
        let state = match self.state {
            States::All if !self.overdue => None,
            States::Done => Some(TaskState::Done),
            States::Open | States::All => Some(TaskState::Open),
        };
        let filter = TaskFilter {
            company: self.company.as_deref().map(|text| find_company(&store, text)).transpose()?,
            state,
            due_before: self.overdue.then_some(today),
            person: self.csm.clone(),
            ..TaskFilter::default()
        };
        let tasks = store.tasks(&filter)?;
        let is_empty = tasks.is_empty();
        print(context, tasks, today, self.format.format)?;
        match &self.csm {
            Some(name) if is_empty => hint_at_stranger(context, &store, name),
            _ => Ok(()),
        }
    }
}

impl FinishTasks {
    fn run(self, context: &Context) -> Result<()> {
        let mut store = context.writer()?;
        let note = self.note.as_deref().map(str::trim).filter(|note| !note.is_empty());
        let tasks = store.transaction(Finish::Commit, |store| {
            let tasks = open_tasks(store, &self.ids)?;
            let stamp = stamp(context, store)?;
            tasks.iter().try_for_each(|task| store.finish_task(task, note, &stamp))?;
            Ok(tasks)
        })?;
        context.ui.note(match tasks.as_slice() {
            [task] => format!("done: task {}: {}", task.id, task.title),
            tasks => format!("done: {}", counted(tasks.len() as u64, "task", "tasks")),
        });
        Ok(())
    }
}

impl AssignTask {
    fn run(self, context: &Context) -> Result<()> {
        let owner = read_owner(&self.name)?;
        let mut store = context.writer()?;
        store.transaction(Finish::Commit, |store| {
            let tasks = open_tasks(store, &[self.id])?;
            let stamp = stamp(context, store)?;
            let mut changed = tasks.iter().filter(|task| task.owner != owner);
            changed.try_for_each(|task| store.assign_task(task.id, &owner, &stamp))
        })?;
        warn_of_stranger(context, &store, &owner)?;
        let Some(task) = store.task(TaskId(self.id))? else { return Ok(()) };
        let person = task.assignee.as_deref().unwrap_or("nobody, as the company has none");
        let role = if matches!(owner, Owner::Person(_)) {
            String::new()
        } else {
            format!("the company's {owner}: ")
        };
        context.ui.note(format!("task {} is for {role}{person}: {}", task.id, task.title));
        Ok(())
    }
}

impl AddTask {
    fn run(self, context: &Context) -> Result<()> {
        if let Some(problem) = line_problem(&self.title) {
            return Err(usage(format!("the title {problem}")).into());
        }
        let owner = read_owner(&self.owner)?;
        let mut store = context.writer()?;
        let company = find_company(&store, &self.company)?;
        let id = store.transaction(Finish::Commit, |store| {
            let stamp = stamp(context, store)?;
            let title = self.title.trim();
            store.add_task(
                &NewTask {
                    company,
                    title,
                    due_on: self.due,
                    owner: &owner,
                    playbook: None,
                    signal: None,
                },
                &stamp,
            )
        })?;
        warn_of_stranger(context, &store, &owner)?;
        context.ui.note(format!("added task {id}"));
        print(
            context,
            store.task(id)?.into_iter().collect(),
            context.today(&store),
            self.format.format,
        )
    }
}

/// Prints tasks as the list does.
pub fn print(context: &Context, tasks: Vec<TaskRecord>, today: Day, format: Format) -> Result<()> {
    let tasks: Vec<ListedTask> = tasks.into_iter().map(|task| ListedTask { task, today }).collect();
    output::print_items(&context.ui, format, &TASKS, &tasks)
}

/// Who does something now, and the day on which it counts.
pub fn stamp(context: &Context, store: &Store) -> Result<Stamp> {
    let at = context.clock.now();
    Ok(Stamp { at, day: store.history_day(at)?, by: context.user() })
}

/// Tells that nobody of this name is known, if so, where a list for them is empty.
pub fn hint_at_stranger(context: &Context, store: &Store, name: &str) -> Result<()> {
    context.ui.flush()?;
    if let Some(text) = stranger(store, name)? {
        context.ui.hint(text);
    }
    Ok(())
}

/// Warns of a person whom neither the team nor a company names: it may be a slip of the pen.
pub fn warn_of_stranger(context: &Context, store: &Store, owner: &Owner) -> Result<()> {
    if let Owner::Person(name) = owner
        && let Some(text) = stranger(store, name)?
    {
        context.ui.warning(text);
    }
    Ok(())
}

fn stranger(store: &Store, name: &str) -> Result<Option<String>> {
    let known = store.known_colleagues()?;
    if known.iter().any(|known| known == name) {
        return Ok(None);
    }
    let like = nearest(name, known.into_iter()).map(|like| format!("; did you mean '{like}'?"));
    Ok(Some(format!("nobody in the team is called '{name}'{}", like.unwrap_or_default())))
}

fn read_owner(text: &str) -> Result<Owner> {
    match line_problem(text) {
        Some(problem) => Err(usage(format!("the name of a person {problem}")).into()),
        None => Ok(Owner::from(text.to_owned())),
    }
}

/// The tasks of these numbers, each once.
///
/// # Errors
/// One that is unknown or done (exit 9).
fn open_tasks(store: &Store, ids: &[i64]) -> Result<Vec<TaskRecord>> {
    let mut seen = std::collections::HashSet::new();
    let ids: Vec<TaskId> = ids.iter().copied().filter(|id| seen.insert(*id)).map(TaskId).collect();
    let (mut tasks, mut problems) = (Vec::new(), Vec::new());
    for id in &ids {
        match store.task(*id)? {
            Some(task) if task.state() == TaskState::Open => tasks.push(task),
            Some(task) => problems.push(done_already(&task)),
            None => problems.push(
                not_allowed(format!("there is no task {id}"))
                    .hint("`signals task list --state all` shows all tasks"),
            ),
        }
    }
    acknowledge::refuse(&problems, ids.len())?;
    Ok(tasks)
}

fn done_already(task: &TaskRecord) -> CommandError {
    let done =
        task.done.as_ref().map(|done| format!(" on {} by {}", done.stamp.day, done.stamp.by));
    not_allowed(format!("task {} was done already{}", task.id, done.unwrap_or_default()))
        .hint(format!("`signals task add {} TITLE --due DAY` adds another", task.company_id))
}

fn task_number(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("'{text}' is not the number of a task"))
}
