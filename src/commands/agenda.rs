//! `signals agenda`: the weekly list.

use std::collections::HashMap;
use std::rc::Rc;

use anyhow::Result;
use clap::Args;

use super::options::FormatOption;
use super::{output, run, task};
use crate::context::Context;
use crate::domain::agenda::review_due_on;
use crate::domain::company::CompanyKey;
use crate::domain::day::Day;
use crate::domain::task::TaskState;
use crate::query::{both_days, not_in_the_future};
use crate::render::Format;
use crate::store::{AgendaCompany, Store, TaskFilter};
use crate::views::agenda::{self, AGENDA, Group, Item};

/// What to do this week, company by company, the most urgent first.
///
/// The open signals; the tasks that are overdue or due within seven days; the business reviews due,
/// which is 90 days after the last touchpoint of kind review, else after the company became a
/// customer. Companies that have churned are left out.
///
/// A company is more urgent the more there is of what is wrong already: overdue tasks and open bad
/// signals. Then counts by how many days a task is late, then how many tasks are due, then whether
/// a review is due.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  signals agenda --csm ana\n  signals agenda --as-of 2026-03-30 --format json"
)]
pub struct Agenda {
    /// Only the companies that this person looks after, and this person's tasks
    #[arg(long, value_name = "NAME")]
    csm: Option<String>,
    /// As it stood at the end of this day [default: now]
    #[arg(long, value_name = "DAY")]
    as_of: Option<Day>,
    #[command(flatten)]
    format: FormatOption,
}

impl Agenda {
    /// Prints the agenda.
    ///
    /// # Errors
    /// A day in the future (exit 2).
    pub fn run(self, context: &Context) -> Result<()> {
        let store = context.reader()?;
        let until = self.as_of.map(|day| not_in_the_future(context, &store, day)).transpose()?;
        let today = until.unwrap_or_else(|| context.today(&store));
        let lines = agenda::lines(gather(&store, self.csm.as_deref(), today, until)?, today);
        run::tell_of_withheld(context, &store)?;
        if self.format.format == Format::Table
            && until.is_none()
            && let Some(days) = both_days(context, &store)?
        {
            context.ui.note(days);
        }
        output::print_items(&context.ui, self.format.format, &AGENDA, &lines)?;
        match &self.csm {
            Some(name) if lines.is_empty() => task::hint_at_stranger(context, &store, name),
            _ => Ok(()),
        }
    }
}

/// The companies for which something is to be done on a day, for one person or for all.
fn gather(
    store: &Store,
    person: Option<&str>,
    today: Day,
    until: Option<Day>,
) -> Result<Vec<Group>> {
    let is_theirs = |company: &AgendaCompany| person.is_none() || company.csm.as_deref() == person;
    let mut items = tasks_by_company(store, person, today, until)?;
    let (mut signals, reviews) =
        (signals_by_company(store, until, today)?, store.last_reviews(today)?);
    let mut groups = Vec::new();
    for company in store.agenda_companies(today)? {
        let key = company.key;
        let mut items = items.remove(&key).unwrap_or_default();
        if is_theirs(&company) {
            items.extend(signals.remove(&key).unwrap_or_default());
            let last = reviews.get(&key).copied();
            let due = review_due_on(last, company.created_on).filter(|due_on| *due_on <= today);
            items.extend(due.map(|due_on| Item::Review { due_on, last }));
        }
        if !items.is_empty() {
            groups.push(Group { company: Rc::new(company), items });
        }
    }
    Ok(groups)
}

fn tasks_by_company(
    store: &Store,
    person: Option<&str>,
    today: Day,
    until: Option<Day>,
) -> Result<HashMap<CompanyKey, Vec<Item>>> {
    let filter = TaskFilter {
        state: Some(TaskState::Open),
        due_before: Some(agenda::horizon(today).next()),
        person: person.map(str::to_owned),
        until,
        ..TaskFilter::default()
    };
    let mut items: HashMap<CompanyKey, Vec<Item>> = HashMap::new();
    for task in store.tasks(&filter)? {
        items.entry(task.company).or_default().push(Item::Task(Box::new(task)));
    }
    Ok(items)
}

fn signals_by_company(
    store: &Store,
    until: Option<Day>,
    today: Day,
) -> Result<HashMap<CompanyKey, Vec<Item>>> {
    let mut signals: HashMap<CompanyKey, Vec<Item>> = HashMap::new();
    for signal in store.open_signals(until, today)? {
        signals.entry(signal.company).or_default().push(Item::Signal(signal));
    }
    Ok(signals)
}
