//! Details of the selected item.

use anyhow::Result;

use crate::context::Context;
use crate::domain::attributes::MONTH;
use crate::domain::company::CompanyKey;
use crate::domain::day::Day;
use crate::domain::fact_kinds::Person;
use crate::domain::rule::{RuleMeasure, Watch};
use crate::domain::signal::SignalId;
use crate::domain::task::TaskState;
use crate::domain::trend::Windows;
use crate::ops::{acknowledge, explain};
use crate::query::AsOfOption;
use crate::render::Tone;
use crate::store::{PersonActivity, Store, TaskFilter, TaskRecord};
use crate::views::signal::{SignalView, verdict};

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Detail {
    pub signal: Option<SignalDetail>,
    /// The activity of the company, before and now.
    pub chart: DailyCounts,
    /// The people who did more or less than before, largest change first.
    pub people: Vec<PersonTrend>,
    pub tasks: Vec<TaskRecord>,
}

/// The texts about a signal.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct SignalDetail {
    /// Its number, type, state and day.
    pub standing: String,
    /// What happened, in one line.
    pub text: String,
    /// The same in sentences, with what it is compared with and its chance.
    pub sentences: Vec<String>,
    /// The names and values that the rule read.
    pub facts: Vec<(String, String)>,
    /// Its history, oldest first, each entry with its reason.
    pub history: Vec<(String, String)>,
    /// How many open tasks belong to this signal alone.
    pub own_tasks: u64,
}

/// Counts by day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct DailyCounts {
    pub title: String,
    /// The days with their counts, oldest first.
    pub days: Vec<(Day, u64)>,
    /// How many of the days, the last ones, are in the current window.
    pub current: usize,
}

/// The number of events of a person before and now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PersonTrend {
    pub name: String,
    pub before: u64,
    pub now: u64,
    /// `stopped`, `began`, `less` or `more`.
    pub verdict: &'static str,
    pub tone: Tone,
}

impl Detail {
    pub(super) fn gather(
        context: &Context,
        store: &Store,
        company: CompanyKey,
        signal: Option<SignalId>,
    ) -> Result<Detail> {
        let state = Some(TaskState::Open);
        let filter = TaskFilter { company: Some(company), state, ..TaskFilter::default() };
        let tasks = store.tasks(&filter)?;
        let people = store.facts_of::<Person>(company)?;
        let view = signal.map(|signal| explain::signal(store, signal)).transpose()?;
        let (chart, active) = match view.as_ref().and_then(in_windows) {
            Some(activity) => activity,
            None => in_eight_weeks(context, store, company)?,
        };
        let signal = view.map(|view| SignalDetail::of(store, &view)).transpose()?;
        let people = active.iter().filter_map(|person| changed(person, &people)).collect();
        Ok(Detail { signal, chart, people, tasks })
    }

    /// Whether the signal has open tasks that no other signal has.
    pub(super) fn has_own_tasks(&self) -> bool {
        self.signal.as_ref().is_some_and(|signal| signal.own_tasks > 0)
    }
}

type WindowActivity = (DailyCounts, Vec<PersonActivity>);

/// The activity of the company in the windows of a trend signal; `None` for other signals.
fn in_windows(view: &SignalView) -> Option<WindowActivity> {
    let (activity, comparison) = (view.activity.as_ref()?, view.signal.evidence.comparison()?);
    let trend = view.signal.definition.logic.trend()?;
    let current = comparison.decision.len();
    let watch = trend.watch();
    let title = match (trend.measure, watch.only_event()) {
        (RuleMeasure::People, None) => "people active".to_owned(),
        (RuleMeasure::People, Some(event)) => format!("people with {event}"),
        (RuleMeasure::Events | RuleMeasure::Days, event) => {
            event.unwrap_or("all events").to_owned()
        }
    };
    let days = activity.daily.clone();
    Some((DailyCounts { title, days, current }, activity.people.clone()))
}

/// The activity of the company in the last eight weeks.
fn in_eight_weeks(context: &Context, store: &Store, company: CompanyKey) -> Result<WindowActivity> {
    let as_of = AsOfOption::default().resolve(context, store)?;
    let windows = Windows::ending(as_of.day, MONTH);
    let people = store.company_activity(company, &Watch::people(), &windows)?.people;
    let by_event = store.activity_by_event(company, windows.both())?;
    let mut counts = vec![0; windows.both().len()];
    for (_, daily) in &by_event {
        counts.iter_mut().zip(daily).for_each(|(sum, count)| *sum += count);
    }
    let (title, current) = ("all events".to_owned(), windows.decision.len());
    let days = windows.both().days().zip(counts).collect();
    Ok((DailyCounts { title, days, current }, people))
}

fn changed(activity: &PersonActivity, people: &[Person]) -> Option<PersonTrend> {
    let id = activity.person_id.as_ref().filter(|_| activity.previous != activity.current)?;
    let name = people.iter().find(|person| person.person_id == *id);
    let name = name.and_then(|person| person.name.clone()).unwrap_or_else(|| id.clone());
    let (word, tone) = verdict(activity);
    let (before, now) = (activity.previous, activity.current);
    Some(PersonTrend { name, before, now, verdict: word, tone })
}

impl SignalDetail {
    fn of(store: &Store, view: &SignalView) -> Result<SignalDetail> {
        let id = view.signal.id;
        let history = view.history_lines().into_iter();
        Ok(SignalDetail {
            standing: format!("Signal {id}: {}", view.standing()),
            text: view.signal.detail.clone(),
            sentences: [view.sentence(), view.chance()].into_iter().flatten().collect(),
            facts: view.facts().into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            history: history.map(|(line, reason)| (line, reason.to_owned())).collect(),
            own_tasks: acknowledge::open_tasks(store, &[id])?,
        })
    }
}
