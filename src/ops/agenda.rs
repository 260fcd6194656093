//! The agenda: what there is to do, by company, most at stake first.

use std::collections::HashMap;

use anyhow::Result;

use crate::context::Context;
use crate::domain::agenda::{DAYS_AHEAD, REVIEW_RULE, review_due_on};
use crate::domain::company::CompanyKey;
use crate::domain::day::Day;
use crate::domain::portfolio::by_stake;
use crate::domain::task::TaskState;
use crate::query::{AsOfOption, open_signals, portfolio};
use crate::store::{Store, TaskFilter, TaskRecord};
use crate::views::agenda::{Agenda, CompanyAgenda, ReviewDue};

/// Reads the agenda of a person or of everybody, as of the end of a day or now. It has companies with open signals, tasks that are overdue or due soon, a
/// review that is due, or another reason for attention.
pub(crate) fn gather(
    context: &Context,
    store: &Store,
    person: Option<&str>,
    as_of: AsOfOption,
) -> Result<Agenda> {
    let until = as_of.day(context, store);
    let as_of = as_of.resolve(context, store)?;
    let today = until.unwrap_or_else(|| context.today(store));
    let mut signals = open_signals(store, until, today)?;
    let held = store.bad_signals_that_hold(until, today)?;
    let customers = portfolio(store, &store.catalogue()?, &[], as_of, &held)?;
    let mut tasks = tasks_by_company(store, person, today, until)?;
    let mut reviews = reviews(store, today)?;
    let is_theirs =
        |name: Option<&String>| person.is_none_or(|person| name.is_some_and(|name| name == person));
    let (mut groups, mut snoozed, mut has_snoozed_of_others) = (Vec::new(), 0, false);
    let mut asleep = if until.is_none() { store.snoozed_signals(today)? } else { HashMap::new() };
    for at_stake in by_stake(&customers, today) {
        let (key, is_own) = (at_stake.customer.key, is_theirs(at_stake.customer.csm.as_ref()));
        let mut signals = signals.remove(&key).unwrap_or_default();
        signals.retain(|signal| is_own || is_theirs(signal.assigned_to.as_ref()));
        let mut asleep = asleep.remove(&key).unwrap_or_default();
        asleep.retain(|assigned_to| is_own || is_theirs(assigned_to.as_ref()));
        snoozed += asleep.len() as u64;
        has_snoozed_of_others |= !is_own && !asleep.is_empty();
        let group = CompanyAgenda {
            signals,
            tasks: tasks.remove(&key).unwrap_or_default(),
            review: reviews.remove(&key).filter(|_| is_own),
            at_stake,
        };
        if group.has_items() || (is_own && !group.at_stake.concerns.is_empty()) {
            groups.push(group);
        }
    }
    Ok(Agenda { groups, today, snoozed, has_snoozed_of_others })
}

fn tasks_by_company(
    store: &Store,
    person: Option<&str>,
    today: Day,
    until: Option<Day>,
) -> Result<HashMap<CompanyKey, Vec<TaskRecord>>> {
    let filter = TaskFilter {
        state: Some(TaskState::Open),
        due_before: Some((today + DAYS_AHEAD).next()),
        person: person.map(str::to_owned),
        until,
        ..TaskFilter::default()
    };
    let mut tasks: HashMap<CompanyKey, Vec<TaskRecord>> = HashMap::new();
    for task in store.tasks(&filter)? {
        tasks.entry(task.company).or_default().push(task);
    }
    Ok(tasks)
}

fn reviews(store: &Store, today: Day) -> Result<HashMap<CompanyKey, ReviewDue>> {
    let asks_for_first =
        store.rules()?.iter().any(|stored| stored.rule.enabled && stored.rule.name == REVIEW_RULE);
    let last = store.last_reviews(today)?;
    let mut due = HashMap::new();
    for company in store.agenda_companies(today)? {
        let last = last.get(&company.key).copied();
        let due_on = review_due_on(last, company.created_on, asks_for_first);
        if let Some(due_on) = due_on.filter(|due_on| *due_on <= today) {
            due.insert(company.key, ReviewDue { due_on, last });
        }
    }
    Ok(due)
}
