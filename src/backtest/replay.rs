//! Replaying rules day by day on the stored facts, in memory.
//!
//! The rules are evaluated by the same functions as in a run; only their earlier signals are kept
//! here instead of in the database. Every signal counts as acknowledged when it is raised, so an
//! open signal never prevents the next one. The day counts must be in memory
//! ([`Store::keep_counts_in_memory`]), or a year takes minutes.

use anyhow::Result;
use rustc_hash::FxHashMap;

use crate::domain::adoption::{self, AdoptionProgress, AdoptionsRaised, RaisedAdoption};
use crate::domain::attributes::Stage;
use crate::domain::company::CompanyKey;
use crate::domain::condition::{self, AlreadyRaised, FactsByCompany, LatestRaised};
use crate::domain::customer::CustomerHistory;
use crate::domain::day::{Day, DayRange};
use crate::domain::evidence::Evidence;
use crate::domain::finding::{Admission, Evaluation, Finding};
use crate::domain::rule::{AdoptionRule, ConditionRule, Rule, RuleLogic, TrendRule};
use crate::domain::signal::{SignalState, SignalType};
use crate::domain::trend::{Latest, LatestByCompany, Sweep, TrendFacts};
use crate::run::{Conditions, adoption_progress};
use crate::store::{Scope, Store};

/// A signal that a rule would have raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReplayedSignal {
    pub company: CompanyKey,
    pub on: Day,
    pub signal_type: SignalType,
}

/// The signals raised before the first day of a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    Nothing,
    /// Those that runs have raised.
    Runs,
}

/// Replays `rules` on each of `days` as if nothing had been raised before. Returns the signals of
/// each rule, ordered by day. Calls `progress` after each day.
pub(crate) fn replay(
    store: &Store,
    rules: &[Rule],
    days: DayRange,
    progress: impl FnMut(Day),
) -> Result<Vec<Vec<ReplayedSignal>>> {
    replay_after(Before::Nothing, store, rules, days, progress)
}

/// The same, after earlier signals.
pub(super) fn replay_after(
    before: Before,
    store: &Store,
    rules: &[Rule],
    days: DayRange,
    mut progress: impl FnMut(Day),
) -> Result<Vec<Vec<ReplayedSignal>>> {
    rules.iter().try_for_each(|rule| store.require_people(rule, days))?;
    let customers = store.customers()?;
    let conditions = Conditions::new(store, Scope::All)?;
    let trends: Vec<&TrendRule> = rules.iter().filter_map(|rule| rule.logic.trend()).collect();
    let facts = store.trend_facts(&trends, &customers, days)?;
    let world = World {
        store,
        conditions: &conditions,
        customers: &customers,
        facts: &facts,
        first: days.from,
    };
    let mut replays = rules
        .iter()
        .map(|rule| RuleReplay::new(&world, rule, before))
        .collect::<Result<Vec<_>>>()?;
    let begin = replays.iter().map(|replay| replay.begin).min().unwrap_or(days.from);
    for day in (DayRange { from: begin, to: days.to }).days() {
        let due = || replays.iter().filter(|replay| replay.begin <= day);
        let asked: Vec<_> = due().filter_map(RuleReplay::condition).collect();
        // One table of attributes for all conditions.
        let mut facts = conditions.facts_on(&asked, day)?.into_iter();
        for replay in replays.iter_mut().filter(|replay| replay.begin <= day) {
            let facts = replay.condition().and_then(|_| facts.next()).unwrap_or_default();
            replay.day(&world, day, facts)?;
        }
        if day >= days.from {
            progress(day);
        }
    }
    Ok(replays.into_iter().map(|replay| replay.signals).collect())
}

/// What all rules share.
struct World<'w, 's> {
    store: &'s Store,
    conditions: &'w Conditions<'s>,
    customers: &'w [(CompanyKey, CustomerHistory)],
    /// The facts of trend rules.
    facts: &'w TrendFacts,
    /// The first day on which signals are raised.
    first: Day,
}

/// A rule being replayed.
struct RuleReplay<'r> {
    rule: &'r Rule,
    /// The first day to evaluate: `for` rules need days before the first.
    begin: Day,
    memory: Memory<'r>,
    signals: Vec<ReplayedSignal>,
}

/// What a rule has raised so far, if it may prevent the next signal.
enum Memory<'r> {
    Trend {
        sweep: Sweep<'r>,
        latest: LatestByCompany,
    },
    Adoption {
        rule: &'r AdoptionRule,
        /// The day from which deadlines and first uses count.
        earliest: Option<Day>,
        progress: AdoptionProgress,
        told: AdoptionsRaised,
    },
    Condition {
        rule: &'r ConditionRule,
        raised: AlreadyRaised,
        held: FactsByCompany,
    },
}

impl<'r> RuleReplay<'r> {
    fn new(world: &World<'r, '_>, rule: &'r Rule, before: Before) -> Result<Self> {
        let (begin, memory) = match &rule.logic {
            RuleLogic::Trend(trend) => {
                let begin = trend.first_day_of_run(world.first);
                let sweep = world.facts.sweep(trend, world.customers, begin);
                (begin, Memory::Trend { sweep, latest: world.latest(before, rule, trend)? })
            }
            RuleLogic::Adoption(adoption) => (world.first, world.adoption(before, rule, adoption)?),
            RuleLogic::Condition(condition) => {
                let begin = world.first - (i32::from(condition.for_days) - 1);
                let raised = world.raised(before, rule, condition)?;
                let held = FactsByCompany::default();
                (begin, Memory::Condition { rule: condition, raised, held })
            }
        };
        Ok(RuleReplay { rule, begin, memory, signals: Vec::new() })
    }

    /// The rule, if it is one on a condition.
    fn condition(&self) -> Option<(&'r Rule, &'r ConditionRule)> {
        match &self.rule.logic {
            RuleLogic::Condition(condition) => Some((self.rule, condition)),
            RuleLogic::Trend(_) | RuleLogic::Adoption(_) => None,
        }
    }

    /// Evaluates the rule on its next day; `facts` are those of its condition.
    fn day(&mut self, world: &World<'_, '_>, day: Day, facts: FactsByCompany) -> Result<()> {
        let stage = match self.rule.logic {
            RuleLogic::Condition(_) => Stage::BeforeConditions,
            RuleLogic::Trend(_) | RuleLogic::Adoption(_) => Stage::BeforeTrends,
        };
        let admission = world.conditions.admission(self.rule, day, stage)?;
        match &mut self.memory {
            Memory::Trend { sweep, .. } => sweep.next_day(&admission),
            Memory::Adoption { .. } => {}
            Memory::Condition { rule, held, .. } => {
                *held = count_days(facts, held, rule.for_days);
            }
        }
        if day >= world.first {
            self.raise(world.customers, day, &admission);
        }
        Ok(())
    }

    /// Raises what the rule finds on its present day.
    fn raise(
        &mut self,
        customers: &[(CompanyKey, CustomerHistory)],
        day: Day,
        admission: &Admission,
    ) {
        let raised: Vec<(CompanyKey, SignalType)> = match &mut self.memory {
            Memory::Trend { sweep, latest } => {
                let signals = sweep.signals(latest);
                let raised_today = |(company, signal_type): &(CompanyKey, SignalType)| {
                    (*company, Latest { raised_on: day, signal_type: *signal_type })
                };
                latest.extend(signals.iter().map(raised_today));
                signals
            }
            Memory::Adoption { rule, earliest, progress, told } => {
                let found =
                    adoption::evaluate(rule, day, *earliest, customers, admission, progress, told);
                found
                    .findings
                    .iter()
                    .for_each(|(company, finding)| note_told(told, *company, finding));
                types_of(&found)
            }
            Memory::Condition { rule, raised, held } => {
                let found = condition::evaluate(rule, day, customers, admission, held, raised);
                found.findings.iter().for_each(|(company, finding)| {
                    note_raised(raised, *company, day, finding);
                });
                types_of(&found)
            }
        };
        let signal = |(company, signal_type)| ReplayedSignal { company, on: day, signal_type };
        self.signals.extend(raised.into_iter().map(signal));
    }
}

impl World<'_, '_> {
    /// The latest signals of a trend rule, as far back as they can prevent the next one.
    fn latest(&self, before: Before, rule: &Rule, trend: &TrendRule) -> Result<LatestByCompany> {
        if before == Before::Nothing {
            return Ok(LatestByCompany::default());
        }
        let from = self.first - trend.repeat_days() + 1;
        let mut latest = self.store.latest_signals(DayRange { from, to: self.first })?;
        Ok(latest.remove(&rule.name).unwrap_or_default())
    }

    fn adoption<'r>(
        &self,
        before: Before,
        rule: &Rule,
        adoption: &'r AdoptionRule,
    ) -> Result<Memory<'r>> {
        let progress = adoption_progress(self.store, &adoption.aim)?;
        let (first_run, told) = match before {
            Before::Nothing => (None, AdoptionsRaised::default()),
            Before::Runs => (
                self.store.first_run_of_rule(&rule.name)?,
                self.store.adoption_signals(&rule.name, None)?,
            ),
        };
        let earliest = first_run.map_or(self.first, |run| run.min(self.first));
        let earliest = Some(earliest).filter(|_| !adoption.retroactive);
        Ok(Memory::Adoption { rule: adoption, earliest, progress, told })
    }

    fn raised(
        &self,
        before: Before,
        rule: &Rule,
        condition: &ConditionRule,
    ) -> Result<AlreadyRaised> {
        Ok(match (before, &condition.key) {
            (Before::Runs, _) => {
                self.store.condition_signals(&rule.name, condition, self.first, self.first)?
            }
            (Before::Nothing, Some(_)) => AlreadyRaised::Keys(FxHashMap::default()),
            (Before::Nothing, None) => AlreadyRaised::Latest(FxHashMap::default()),
        })
    }
}

/// Adds the number of consecutive days on which today's facts have held, at most `most`.
fn count_days(mut today: FactsByCompany, before: &FactsByCompany, most: u16) -> FactsByCompany {
    for (company, facts) in &mut today {
        let earlier = before.get(company).map_or(0, |facts| facts.days_held);
        facts.days_held = (earlier + 1).min(most);
    }
    today
}

fn types_of(found: &Evaluation) -> Vec<(CompanyKey, SignalType)> {
    found.findings.iter().map(|(company, finding)| (*company, finding.signal_type)).collect()
}

fn note_told(told: &mut AdoptionsRaised, company: CompanyKey, finding: &Finding) {
    let goal = finding.evidence.adoption().filter(|adoption| adoption.is_goal);
    let goal = goal.and_then(|adoption| {
        Some((adoption.event.clone(), adoption.due_on?, adoption.goal.clone()))
    });
    told.entry(company)
        .or_default()
        .push(RaisedAdoption { signal_type: finding.signal_type, goal });
}

fn note_raised(raised: &mut AlreadyRaised, company: CompanyKey, day: Day, finding: &Finding) {
    match raised {
        AlreadyRaised::Latest(latest) => {
            let raised =
                LatestRaised { raised_on: day, state: SignalState::Closed, reminder: None };
            latest.insert(company, raised);
        }
        AlreadyRaised::Keys(keys) => {
            if let Evidence::Condition(reading) = &finding.evidence {
                keys.entry(company).or_default().extend(reading.key.clone());
            }
        }
    }
}
