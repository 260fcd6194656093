//! Which open signals still hold after the rules of a day were applied, and auto-acknowledging
//! those that do not.

use anyhow::Result;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{BY_THE_RUN, RunningDay, trends};
use crate::domain::company::CompanyKey;
use crate::domain::day::{Day, DayRange};
use crate::domain::evidence::ConditionEvidence;
use crate::domain::rule::{Rule, RuleLogic};
use crate::domain::signal::{Action, HistoryEntry, Outcome, SignalId, SignalType};
use crate::store::StandingSignal;

/// The companies for which a rule holds on a day.
enum Holding {
    /// A trend, with its direction.
    Trend(FxHashSet<(CompanyKey, SignalType)>),
    /// The first use of each event that the signals are about.
    Adoption(FxHashMap<String, FxHashMap<CompanyKey, Day>>),
    Condition(FxHashSet<CompanyKey>),
    /// The expression is no longer valid.
    Unknown,
}

impl RunningDay<'_> {
    /// Records for each open signal whether its rule, as it was, holds on the day. Acknowledges
    /// those that do not if the rule says so.
    pub(super) fn update_holds(&mut self) -> Result<()> {
        let open = self.store.standing_signals(self.day)?;
        self.timed("see what holds", |day| {
            let present: FxHashSet<CompanyKey> = day
                .customers
                .iter()
                .filter(|(_, customer)| !customer.has_churned(day.day))
                .map(|(company, _)| *company)
                .collect();
            let versions: Vec<&[StandingSignal]> =
                open.chunk_by(|a, b| a.version == b.version).collect();
            let trends = day.trends_that_hold(&versions)?;
            for (signals, trend) in versions.into_iter().zip(trends) {
                let holding = day.holding(&signals[0].rule, signals, trend)?;
                for signal in signals {
                    let is_present = present.contains(&signal.company);
                    let holds = is_present.then(|| day.holds(signal, &holding)).flatten();
                    day.note(signal, holds)?;
                }
            }
            Ok(())
        })
    }

    /// Where the trend rules of these signals hold; empty for other rules. All are evaluated
    /// together, so the days of their windows are read once.
    fn trends_that_hold(
        &self,
        versions: &[&[StandingSignal]],
    ) -> Result<Vec<Vec<(CompanyKey, SignalType)>>> {
        let rules: Vec<&Rule> = versions.iter().map(|signals| &*signals[0].rule).collect();
        trends::holding(self.store, &self.customers, &self.conditions, &rules, self.day)
    }

    fn holding(
        &self,
        rule: &Rule,
        signals: &[StandingSignal],
        found: Vec<(CompanyKey, SignalType)>,
    ) -> Result<Holding> {
        Ok(match &rule.logic {
            RuleLogic::Trend(trend)
                if self
                    .store
                    .people_gap(trend, DayRange { from: self.day, to: self.day })?
                    .is_some() =>
            {
                Holding::Unknown
            }
            RuleLogic::Trend(_) => Holding::Trend(found.into_iter().collect()),
            RuleLogic::Adoption(adoption) => {
                let mut uses = FxHashMap::default();
                for signal in signals {
                    let event = signal.goal_event.as_deref().or(adoption.aim.event());
                    if let Some(event) = event.filter(|event| !uses.contains_key(*event)) {
                        uses.insert(event.to_owned(), self.store.first_uses(event)?);
                    }
                }
                Holding::Adoption(uses)
            }
            RuleLogic::Condition(condition) => self
                .conditions
                .companies_where(&condition.when, self.day)?
                .map_or(Holding::Unknown, Holding::Condition),
        })
    }

    /// Whether the rule of a signal holds; `None` if unknown.
    fn holds(&self, signal: &StandingSignal, holding: &Holding) -> Option<bool> {
        match holding {
            Holding::Trend(found) => Some(found.contains(&(signal.company, signal.signal_type))),
            Holding::Condition(found) => Some(found.contains(&signal.company)),
            Holding::Adoption(uses) => {
                let own = signal.rule.logic.event();
                let uses = uses.get(signal.goal_event.as_deref().or(own)?)?;
                let is_done = uses.get(&signal.company).is_some_and(|done| *done <= self.day);
                // A missed goal may be reached later; a reached one stays reached.
                Some(is_done == (signal.signal_type == SignalType::Good))
            }
            Holding::Unknown => None,
        }
    }

    fn note(&self, signal: &StandingSignal, holds: Option<bool>) -> Result<()> {
        if signal.holds != holds {
            self.store.record_holds(signal.id, holds, self.day)?;
        }
        if signal.rule.auto_ack && holds == Some(false) {
            self.recover(signal.id)?;
        }
        Ok(())
    }

    /// Acknowledges a signal whose rule no longer holds.
    fn recover(&self, signal: SignalId) -> Result<()> {
        let reason = format!("no longer holds since {}", self.day);
        self.acknowledge(signal, Outcome::Recovered, reason)
    }

    /// Acknowledges a signal and drops its tasks.
    pub(super) fn acknowledge(
        &self,
        signal: SignalId,
        outcome: Outcome,
        reason: String,
    ) -> Result<()> {
        let stamp = self.stamp(self.clock.now().day_in(self.store.zone()));
        self.store.drop_tasks_of_signal(signal, &reason, &stamp)?;
        let entry = self.entry(Action::Acknowledged, stamp.day, reason);
        let outcome = Some(outcome);
        self.store.add_history(signal, &HistoryEntry { at: stamp.at, outcome, ..entry })
    }

    /// Records that a condition still holds after the cooldown.
    pub(super) fn renew(
        &self,
        signal: SignalId,
        rule: &Rule,
        reading: &ConditionEvidence,
    ) -> Result<()> {
        let told = super::describe_reading(rule, reading);
        self.store.add_history(signal, &self.entry(Action::Renewed, self.day, told))
    }

    fn entry(&self, action: Action, day: Day, reason: String) -> HistoryEntry {
        HistoryEntry {
            action,
            at: self.clock.now(),
            day,
            by: BY_THE_RUN.to_owned(),
            reason,
            outcome: None,
            until: None,
            assignee: None,
        }
    }
}
