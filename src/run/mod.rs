//! Running one day, step by step, and which days are due.

mod conditions;
mod days;
mod holds;
mod late;
mod outage;
pub(crate) mod trends;

use anyhow::Result;

use std::collections::HashMap;

pub(crate) use self::conditions::Conditions;
pub(crate) use self::days::{DueDays, due_days, lag, last_complete_day, passed_over};
pub(crate) use self::late::{DAYS_TOLD, days_again};
pub(crate) use self::outage::{Accepting, HeldBack};
use crate::clock::Clock;
use crate::domain::adoption::{self, AdoptionProgress};
use crate::domain::attributes::Stage;
use crate::domain::company::CompanyKey;
use crate::domain::condition::{self, FactsByCompany};
use crate::domain::customer::CustomerHistory;
use crate::domain::day::{Day, DayRange, Instant};
use crate::domain::evidence::{ConditionEvidence, Evidence};
use crate::domain::finding::{Evaluation, Finding, Skip};
use crate::domain::preset;
use crate::domain::rule::{AdoptionRule, Aim, ConditionRule, Rule, RuleLogic, TrendRule};
use crate::domain::signal::{SignalId, SignalType};
use crate::domain::task::Stamp;
use crate::domain::trend::{self, LatestByCompany};
use crate::health;
use crate::store::{
    NewSignal, RuleTally, RunRecord, RunStep, Scope, SignalRecord, Store, StoredRule,
};

/// The results of a day.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DayReport {
    pub record: RunRecord,
    pub raised: Vec<SignalRecord>,
    pub retracted: u64,
    pub held_back: Vec<HeldBack>,
    /// The events that occurred on each of the days before but not on this one.
    pub missing_events: Vec<String>,
}

/// Whether a run opens tasks and notifies people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Telling {
    /// Notifies everyone concerned.
    Everybody,
    /// Notifies nobody: the signals are history.
    Nobody,
}

/// How to run a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manner {
    /// Whether it opens tasks and notifies people.
    pub telling: Telling,
    /// Which signals are raised even if the data of the day looks broken.
    pub accepting: Accepting,
    /// Whether to compare with the signals of an earlier run of the day.
    pub is_again: bool,
}

/// Runs a day, inside the caller's transaction.
pub(crate) fn run_day(store: &Store, clock: &Clock, day: Day, manner: Manner) -> Result<DayReport> {
    let is_backfill = store.latest_run_day()?.is_some_and(|latest| latest > day);
    let started_at = clock.now();
    let run = store.begin_run(day, started_at, is_backfill)?;
    let rules: Vec<StoredRule> =
        store.rules()?.into_iter().filter(|stored| stored.rule.enabled).collect();
    let customers = store.customers()?;
    let conditions = Conditions::new(store, Scope::All)?;
    let telling = manner.telling;
    let mut running = RunningDay {
        run: Some(run),
        is_again: manner.is_again,
        accepting: manner.accepting,
        ..RunningDay::new(store, clock, day, customers, conditions)
    };
    store.clear_withheld(day)?;
    running.timed("look for missing events", |running| {
        running.missing_events = outage::missing_events(store, day)?;
        Ok(())
    })?;
    let former = if running.is_again { running.former_rules(&rules)? } else { Vec::new() };
    let applied = [rules.as_slice(), &former].concat();
    running.trend_and_adoption_rules(&applied)?;
    // The SuccessScore follows from pulses alone and needs no step. Health comes here because it
    // counts the signals just raised, and conditions may refer to it.
    running.timed("score health", |running| health::score_day(store, day, &running.customers))?;
    running.condition_rules(&applied)?;
    // Whether signals hold is recorded as of the latest day run.
    if !is_backfill {
        running.update_holds()?;
    }
    if telling == Telling::Everybody {
        running.drop_tasks_of_churned()?;
        running.tasks(&rules)?;
        running.notices()?;
    }
    let record = running.record(run, started_at, is_backfill)?;
    store.finish_run(&record)?;
    let raised = running
        .raised
        .iter()
        .map(|raised| store.signal(raised.signal))
        .collect::<Result<Vec<_>>>()?;
    Ok(DayReport {
        record,
        raised: raised.into_iter().flatten().collect(),
        retracted: running.retracted,
        held_back: running.held_back,
        missing_events: running.missing_events,
    })
}

/// Applies the conditions that depend on the pulse to one company on `day`, after its pulse was
/// set, inside the caller's transaction. Returns the signals raised.
pub(crate) fn after_pulse(
    store: &Store,
    clock: &Clock,
    company: CompanyKey,
    day: Day,
) -> Result<Vec<SignalId>> {
    let mut customers = store.customers()?;
    customers.retain(|(key, _)| *key == company);
    let conditions = Conditions::new(store, Scope::One(company))?;
    let mut rules: Vec<StoredRule> = Vec::new();
    for stored in store.rules()?.into_iter().filter(|stored| stored.rule.enabled) {
        if conditions.reads_the_pulse(&stored.rule)? {
            rules.push(stored);
        }
    }
    let mut running = RunningDay::new(store, clock, day, customers, conditions);
    running.condition_rules(&rules)?;
    running.tasks(&rules)?;
    running.notices()?;
    Ok(running.raised.into_iter().map(|raised| raised.signal).collect())
}

/// A raised signal, its company and its rule.
struct RaisedSignal {
    signal: SignalId,
    company: CompanyKey,
    rule: String,
}

/// The state of a run of a day.
struct RunningDay<'s> {
    store: &'s Store,
    clock: &'s Clock,
    day: Day,
    /// The run; `None` after a pulse was set.
    run: Option<i64>,
    customers: Vec<(CompanyKey, CustomerHistory)>,
    conditions: Conditions<'s>,
    steps: Vec<RunStep>,
    /// What the applied rules found.
    done: Vec<(String, Evaluation)>,
    raised: Vec<RaisedSignal>,
    /// Whether to compare with the signals of an earlier run of the day.
    is_again: bool,
    retracted: u64,
    accepting: Accepting,
    missing_events: Vec<String>,
    held_back: Vec<HeldBack>,
    /// The open signals of which people are reminded.
    renewed: Vec<SignalId>,
}

/// What a rule found.
type Evaluated<'r> = (&'r StoredRule, Evaluation);

impl<'s> RunningDay<'s> {
    fn new(
        store: &'s Store,
        clock: &'s Clock,
        day: Day,
        customers: Vec<(CompanyKey, CustomerHistory)>,
        conditions: Conditions<'s>,
    ) -> Self {
        RunningDay {
            store,
            clock,
            day,
            run: None,
            customers,
            conditions,
            steps: vec![],
            done: vec![],
            raised: vec![],
            renewed: vec![],
            is_again: false,
            retracted: 0,
            accepting: Accepting::Nothing,
            missing_events: vec![],
            held_back: vec![],
        }
    }

    /// The last day whose signals count as raised before. If a day is run again, its own signals do
    /// not count.
    fn history_until(&self) -> Day {
        if self.is_again { self.day.previous() } else { self.day }
    }
}

impl RunningDay<'_> {
    fn trend_and_adoption_rules(&mut self, rules: &[StoredRule]) -> Result<()> {
        let trends = self.with_people(of_kind(rules, RuleLogic::trend))?;
        let mut found = self.timed("find trends", |day| day.find_trends(&trends))?;
        let adoptions = of_kind(rules, RuleLogic::adoption);
        if !adoptions.is_empty() {
            found.extend(self.timed("find adoptions", |day| day.find_adoptions(&adoptions))?);
        }
        self.timed("raise trend and adoption signals", |day| day.raise_all(found))
    }

    /// The rules whose people are in the data. If a day is run again, signals of other rules stay
    /// as they are.
    ///
    /// # Errors
    /// A day is run for the first time, and a rule's people are not in the data (exit 9).
    fn with_people<'r>(
        &self,
        rules: Vec<(&'r StoredRule, &'r TrendRule)>,
    ) -> Result<Vec<(&'r StoredRule, &'r TrendRule)>> {
        let day = DayRange { from: self.day, to: self.day };
        let mut known = Vec::with_capacity(rules.len());
        for (stored, trend) in rules {
            if !self.is_again {
                self.store.require_people(&stored.rule, day)?;
            }
            if self.store.people_gap(trend, day)?.is_none() {
                known.push((stored, trend));
            }
        }
        Ok(known)
    }

    /// Evaluates all conditions before any of them raises a signal, so that all see the same
    /// values.
    fn condition_rules(&mut self, rules: &[StoredRule]) -> Result<()> {
        let conditions = of_kind(rules, RuleLogic::condition);
        if conditions.is_empty() {
            return Ok(());
        }
        let found = self.timed("find conditions", |day| day.find_conditions(&conditions))?;
        self.timed("raise condition signals", |day| day.raise_all(found))
    }

    fn timed<T>(&mut self, name: &str, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let stopwatch = self.clock.stopwatch();
        let result = work(self)?;
        self.steps.push(RunStep { name: name.to_owned(), took: stopwatch.elapsed() });
        Ok(result)
    }

    fn find_trends<'r>(
        &self,
        rules: &[(&'r StoredRule, &TrendRule)],
    ) -> Result<Vec<Evaluated<'r>>> {
        let trends: Vec<&TrendRule> = rules.iter().map(|(_, trend)| *trend).collect();
        let only = DayRange { from: self.day, to: self.day };
        let facts = self.store.trend_facts(&trends, &self.customers, only)?;
        // Signals older than the longest repeat interval make no difference.
        let longest = trends.iter().map(|trend| trend.repeat_days()).max().unwrap_or_default();
        let latest = self
            .store
            .latest_signals(DayRange { from: self.day - longest + 1, to: self.history_until() })?;
        let none = LatestByCompany::default();
        let evaluate = |(stored, trend): &(&'r StoredRule, &TrendRule)| {
            let (rule, customers) = (&stored.rule, &self.customers);
            let sweep =
                trends::sweep_to(&facts, customers, &self.conditions, rule, trend, self.day)?;
            Ok((*stored, sweep.evaluate(latest.get(&rule.name).unwrap_or(&none))))
        };
        rules.iter().map(evaluate).collect()
    }

    fn find_adoptions<'r>(
        &self,
        rules: &[(&'r StoredRule, &AdoptionRule)],
    ) -> Result<Vec<Evaluated<'r>>> {
        let evaluate = |(stored, adoption): &(&'r StoredRule, &AdoptionRule)| {
            let name = &stored.rule.name;
            let progress = adoption_progress(self.store, &adoption.aim)?;
            // Enabling a rule must not flood anyone with what happened long ago.
            let first_run =
                self.store.first_run_of_rule(name)?.map_or(self.day, |first| first.min(self.day));
            let earliest = Some(first_run).filter(|_| !adoption.retroactive);
            let told = self.store.adoption_signals(name, self.open_until())?;
            let admission =
                self.conditions.admission(&stored.rule, self.day, Stage::BeforeTrends)?;
            let customers = &self.customers;
            Ok((
                *stored,
                adoption::evaluate(
                    adoption, self.day, earliest, customers, &admission, &progress, &told,
                ),
            ))
        };
        rules.iter().map(evaluate).collect()
    }

    fn find_conditions<'r>(
        &self,
        rules: &[(&'r StoredRule, &ConditionRule)],
    ) -> Result<Vec<Evaluated<'r>>> {
        let named: Vec<(&Rule, &ConditionRule)> =
            rules.iter().map(|(stored, rule)| (&stored.rule, *rule)).collect();
        let facts = self.conditions.facts(&named, self.day)?;
        let evaluate =
            |((stored, rule), facts): (&(&'r StoredRule, &ConditionRule), &FactsByCompany)| {
                let (day, until, customers) = (self.day, self.history_until(), &self.customers);
                let before = self.store.condition_signals(&stored.rule.name, rule, day, until)?;
                let admission =
                    self.conditions.admission(&stored.rule, day, Stage::BeforeConditions)?;
                let found = condition::evaluate(rule, day, customers, &admission, facts, &before);
                Ok((*stored, found))
            };
        rules.iter().zip(&facts).map(evaluate).collect()
    }

    fn raise_all(&mut self, mut found: Vec<Evaluated<'_>>) -> Result<()> {
        self.withhold(&mut found)?;
        if self.is_again {
            self.revise(&mut found)?;
        }
        for (stored, evaluation) in found {
            for (company, finding) in &evaluation.findings {
                let id = self.store.raise(&NewSignal {
                    company: *company,
                    rule: &stored.rule.name,
                    rule_version: stored.version,
                    run: self.run,
                    raised_on: self.day,
                    finding,
                    detail: describe(&stored.rule, finding),
                })?;
                let rule = stored.rule.name.clone();
                self.raised.push(RaisedSignal { signal: id, company: *company, rule });
            }
            for (signal, reading) in &evaluation.renewals {
                self.renew(*signal, &stored.rule, reading)?;
                self.renewed.push(*signal);
            }
            self.done.push((stored.rule.name.clone(), evaluation));
        }
        Ok(())
    }

    /// The run as the author of what it does now.
    fn stamp(&self, day: Day) -> Stamp {
        Stamp { at: self.clock.now(), day, by: BY_THE_RUN.to_owned() }
    }

    /// When an announced churn takes effect, the company's tasks are dropped.
    fn drop_tasks_of_churned(&self) -> Result<()> {
        let stamp = self.stamp(self.day);
        let today = stamp.at.day_in(self.store.zone());
        self.store.drop_tasks_of_churned(today, &stamp)?;
        Ok(())
    }

    /// Starts the playbooks of the rules for the signals they raised.
    fn tasks(&mut self, rules: &[StoredRule]) -> Result<()> {
        let mut playbooks = HashMap::new();
        for stored in rules {
            if let Some(playbook) =
                stored.rule.playbook.as_deref().map(|name| self.store.playbook(name)).transpose()?
            {
                playbooks.insert(stored.rule.name.as_str(), playbook);
            }
        }
        if playbooks.is_empty() {
            return Ok(());
        }
        self.timed("open tasks", |day| {
            let stamp = day.stamp(day.day);
            for RaisedSignal { signal, company, rule } in &day.raised {
                if let Some(Some(stored)) = playbooks.get(rule.as_str()) {
                    day.store.open_tasks(*company, &stored.playbook, Some(*signal), &stamp)?;
                }
            }
            Ok(())
        })
    }

    /// Adds the signals to the inboxes of everyone concerned.
    fn notices(&mut self) -> Result<()> {
        self.timed("notify", |day| {
            let signals: Vec<SignalId> = day.raised.iter().map(|raised| raised.signal).collect();
            day.store.tell(&signals, day.clock.now())?;
            day.store.add_reminders(&day.renewed, day.clock.now())
        })
    }

    fn record(&mut self, run: i64, started_at: Instant, is_backfill: bool) -> Result<RunRecord> {
        self.done.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut companies: Vec<CompanyKey> =
            self.done.iter().flat_map(|(_, found)| found.evaluated.iter().copied()).collect();
        companies.sort_unstable();
        companies.dedup();
        Ok(RunRecord {
            id: run,
            day: self.day,
            started_at,
            finished_at: self.clock.now(),
            is_backfill,
            newest_event_on: self.store.event_days()?.map(|data| data.to),
            companies_evaluated: companies.len() as u64,
            steps: std::mem::take(&mut self.steps),
            rules: self
                .done
                .iter()
                .map(|(name, found)| tally(name, found, self.count_held_back(name)))
                .collect(),
        })
    }
}

/// How far companies are with what an adoption rule is about.
pub(crate) fn adoption_progress(store: &Store, aim: &Aim) -> Result<AdoptionProgress> {
    Ok(match aim {
        Aim::Event { event, .. } => AdoptionProgress::FirstUses(store.first_uses(event)?),
        Aim::Goals { event } => AdoptionProgress::Goals(store.goal_progress(event.as_deref())?),
    })
}

fn of_kind<L>(rules: &[StoredRule], logic: fn(&RuleLogic) -> Option<&L>) -> Vec<(&StoredRule, &L)> {
    rules.iter().filter_map(|stored| Some((stored, logic(&stored.rule.logic)?))).collect()
}

/// The author of tasks that a run opens.
const BY_THE_RUN: &str = "signals";

/// One line that says what happened, in the words of the preset if the rule came from one.
fn describe(rule: &Rule, finding: &Finding) -> String {
    match (&rule.logic, &finding.evidence) {
        (RuleLogic::Trend(trend), Evidence::Trend(evidence)) => trend::describe(trend, evidence),
        (RuleLogic::Condition(_), Evidence::Condition(reading)) => describe_reading(rule, reading),
        (_, Evidence::Adoption(adoption)) => adoption::describe(finding.signal_type, adoption),
        // No rule has findings of another kind.
        _ => String::new(),
    }
}

/// One line that says what a condition read.
fn describe_reading(rule: &Rule, reading: &ConditionEvidence) -> String {
    let Some(condition) = rule.logic.condition() else { return String::new() };
    preset::of_rule(&rule.name)
        .and_then(|(preset, event)| preset.told(event, condition.key.as_deref(), reading))
        .unwrap_or_else(|| condition::describe(condition, reading))
}

fn tally(rule: &str, found: &Evaluation, withheld: usize) -> RuleTally {
    let skipped = |reason| found.skipped.get(&reason).copied().unwrap_or_default();
    RuleTally {
        rule: rule.to_owned(),
        evaluated: found.evaluated.len() as u64,
        skipped_no_events: skipped(Skip::NoEvents),
        skipped_not_established: skipped(Skip::NotEstablished),
        skipped_churned: skipped(Skip::Churned),
        skipped_not_created: skipped(Skip::NotCreated),
        skipped_where: skipped(Skip::Where),
        raised_bad: found.count(SignalType::Bad) as u64,
        raised_good: found.count(SignalType::Good) as u64,
        raised_info: found.count(SignalType::Info) as u64,
        withheld: withheld as u64,
    }
}
