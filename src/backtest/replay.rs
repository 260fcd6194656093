//! Rules applied day by day to the stored facts, in memory.
//!
//! The rules are evaluated by the same functions as in a run; only what they raised before is kept
//! here and not in the database. Every signal is taken as acknowledged when it is raised, so that
//! an open signal never holds back the next one. The day counts must be in memory
//! ([`Store::keep_counts_in_memory`]), or a year takes minutes.

use anyhow::Result;
use rustc_hash::FxHashMap;

use crate::domain::adoption::{self, Progress, Told, ToldByCompany};
use crate::domain::attributes::Stage;
use crate::domain::company::CompanyKey;
use crate::domain::condition::{self, FactsByCompany, LatestRaised, Raised};
use crate::domain::customer::Customer;
use crate::domain::day::{Day, DayRange};
use crate::domain::finding::{Evidence, Finding};
use crate::domain::rule::{AdoptionRule, Aim, ConditionRule, Rule, RuleLogic, TrendRule};
use crate::domain::signal::{SignalType, State};
use crate::domain::trend::{Latest, LatestByCompany, Sweep, TrendFacts};
use crate::run::Conditions;
use crate::store::{Scope, Store};

/// A signal that a rule would have raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplayedSignal {
    pub company: CompanyKey,
    pub on: Day,
    pub signal_type: SignalType,
}

/// Replays `rules` on each of `days`, which should begin with the first event, and returns the
/// signals of each rule in order of day. `progress` is told of each day that is done.
pub fn replay(
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
    let mut replays =
        rules.iter().map(|rule| RuleReplay::new(&world, rule)).collect::<Result<Vec<_>>>()?;
    for day in days.days() {
        for replay in &mut replays {
            replay.day(&world, day)?;
        }
        progress(day);
    }
    Ok(replays.into_iter().map(|replay| replay.signals).collect())
}

/// What all rules look at.
struct World<'w, 's> {
    store: &'s Store,
    conditions: &'w Conditions<'s>,
    customers: &'w [(CompanyKey, Customer)],
    /// What trend rules look at.
    facts: &'w TrendFacts,
    /// The first day of the replay.
    first: Day,
}

/// A rule while it is replayed.
struct RuleReplay<'r> {
    rule: &'r Rule,
    memory: Memory<'r>,
    signals: Vec<ReplayedSignal>,
}

/// What a rule has raised so far, as far as it holds back the next signal.
enum Memory<'r> {
    Trend { sweep: Sweep<'r>, latest: LatestByCompany },
    Adoption { rule: &'r AdoptionRule, progress: Progress, told: ToldByCompany },
    Condition { rule: &'r ConditionRule, raised: Raised, held: FactsByCompany },
}

impl<'r> RuleReplay<'r> {
    fn new(world: &World<'r, '_>, rule: &'r Rule) -> Result<Self> {
        let memory = match &rule.logic {
            RuleLogic::Trend(rule) => Memory::Trend {
                sweep: world.facts.sweep(rule, world.customers, world.first),
                latest: LatestByCompany::default(),
            },
            RuleLogic::Adoption(rule) => Memory::Adoption {
                rule,
                progress: match &rule.aim {
                    Aim::Event { event, .. } => Progress::FirstUses(world.store.first_uses(event)?),
                    Aim::Goals { event } => {
                        Progress::Goals(world.store.goal_progress(event.as_deref())?)
                    }
                },
                told: ToldByCompany::default(),
            },
            RuleLogic::Condition(rule) => Memory::Condition {
                rule,
                raised: match rule.key {
                    Some(_) => Raised::Keys(FxHashMap::default()),
                    None => Raised::Latest(FxHashMap::default()),
                },
                held: FactsByCompany::default(),
            },
        };
        Ok(RuleReplay { rule, memory, signals: Vec::new() })
    }

    fn day(&mut self, world: &World<'_, '_>, day: Day) -> Result<()> {
        let stage = match self.rule.logic {
            RuleLogic::Condition(_) => Stage::BeforeConditions,
            RuleLogic::Trend(_) | RuleLogic::Adoption(_) => Stage::BeforeTrends,
        };
        let admission = world.conditions.admission(self.rule, day, stage)?;
        let customers = world.customers;
        let evaluation = match &mut self.memory {
            Memory::Trend { sweep, latest } => {
                sweep.next_day(&admission);
                sweep.evaluate(latest)
            }
            Memory::Adoption { rule, progress, told } => {
                let earliest = Some(world.first).filter(|_| !rule.retroactive);
                adoption::evaluate(rule, day, earliest, customers, &admission, progress, told)
            }
            Memory::Condition { rule, raised, held } => {
                let facts = world.conditions.facts_on(self.rule, rule, day)?;
                *held = count_days(facts, held, rule.for_days);
                condition::evaluate(rule, day, customers, &admission, held, raised)
            }
        };
        for (company, finding) in evaluation.findings {
            self.memory.note(company, day, &finding);
            self.signals.push(ReplayedSignal {
                company,
                on: day,
                signal_type: finding.signal_type,
            });
        }
        Ok(())
    }
}

/// Adds to today's facts on how many days running they have held, `most` at most.
fn count_days(mut today: FactsByCompany, before: &FactsByCompany, most: u16) -> FactsByCompany {
    for (company, facts) in &mut today {
        let earlier = before.get(company).map_or(0, |facts| facts.days_held);
        facts.days_held = (earlier + 1).min(most);
    }
    today
}

impl Memory<'_> {
    fn note(&mut self, company: CompanyKey, day: Day, finding: &Finding) {
        match self {
            Memory::Trend { latest, .. } => {
                latest.insert(company, Latest { raised_on: day, signal_type: finding.signal_type });
            }
            Memory::Adoption { told, .. } => {
                let goal = finding.evidence.adoption().filter(|adoption| adoption.is_goal);
                let goal = goal.and_then(|adoption| {
                    Some((adoption.event.clone(), adoption.due_on?, adoption.goal.clone()))
                });
                told.entry(company)
                    .or_default()
                    .push(Told { signal_type: finding.signal_type, goal });
            }
            Memory::Condition { raised: Raised::Latest(latest), .. } => {
                latest.insert(
                    company,
                    LatestRaised { raised_on: day, state: State::Closed, reminder: None },
                );
            }
            Memory::Condition { raised: Raised::Keys(keys), .. } => {
                if let Evidence::Condition(reading) = &finding.evidence {
                    keys.entry(company).or_default().extend(reading.key.clone());
                }
            }
        }
    }
}
