//! Holding back signals when the data of the day looks broken.

use std::collections::HashSet;

use anyhow::Result;

use super::late::FORMER;
use super::{Evaluated, RunningDay};
use crate::domain::company::CompanyKey;
use crate::domain::day::Day;
use crate::domain::finding::Evaluation;
use crate::domain::outage::{self, Withheld};
use crate::domain::rule::RuleLogic;
use crate::domain::signal::SignalType;
use crate::store::{Store, StoredRule};

/// The rules whose signals are raised even if the data looks broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Accepting {
    Nothing,
    Rule(String),
    All,
}

impl Accepting {
    /// Whether it includes a rule.
    fn covers(&self, rule: &str) -> bool {
        match self {
            Accepting::Nothing => false,
            Accepting::Rule(name) => name == rule,
            Accepting::All => true,
        }
    }

    /// The rule; `None` for all.
    pub(crate) fn rule(&self) -> Option<&str> {
        match self {
            Accepting::Rule(name) => Some(name),
            Accepting::Nothing | Accepting::All => None,
        }
    }
}

/// What a rule held back on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeldBack {
    pub rule: String,
    /// The companies, with the reason.
    pub companies: Vec<(CompanyKey, Withheld)>,
    /// The number of companies that the rule could have raised a signal for.
    pub eligible: u64,
}

/// The events that occurred on each of the days before but not on `day`.
pub(super) fn missing_events(store: &Store, day: Day) -> Result<Vec<String>> {
    store.events_that_stopped(day, outage::DAYS_OF_A_STEADY_EVENT)
}

impl RunningDay<'_> {
    /// Removes the bad signals to hold back from what the rules found.
    pub(super) fn withhold(&mut self, found: &mut [Evaluated<'_>]) -> Result<()> {
        for (stored, evaluation) in found {
            if stored.version != FORMER && self.is_about_usage(stored)? {
                self.withhold_of(stored, evaluation)?;
            }
        }
        Ok(())
    }

    fn is_about_usage(&self, stored: &StoredRule) -> Result<bool> {
        match stored.rule.logic {
            RuleLogic::Trend(_) => Ok(true),
            RuleLogic::Adoption(_) => Ok(false),
            RuleLogic::Condition(_) => self.conditions.reads_events(&stored.rule),
        }
    }

    fn withhold_of(&mut self, stored: &StoredRule, evaluation: &mut Evaluation) -> Result<()> {
        let rule = &stored.rule.name;
        let bad = evaluation.count(SignalType::Bad);
        if bad == 0 {
            return Ok(());
        }
        let accepted = self.store.accepted_on(rule, self.day)?;
        // Where the day was run before, its accepted signals are there and are not found again.
        let found: HashSet<CompanyKey> =
            bad_findings(evaluation).into_iter().map(|(company, _)| company).collect();
        let turned = bad + accepted.difference(&found).count();
        let eligible = self.eligible(stored, evaluation, turned)?;
        let is_outage = outage::is_outage(eligible, turned);
        let is_missing =
            stored.rule.logic.trend().is_some() && self.is_missing(stored.rule.logic.event());
        let before = match self.store.latest_run_day_until(self.day.previous())? {
            Some(day) => self.store.withheld_on(rule, day)?,
            None => Default::default(),
        };
        let mut held_back = Vec::new();
        for (company, _) in bad_findings(evaluation) {
            let before = before.get(&company).copied();
            let Some(what) = outage::withhold(self.day, before, is_outage, is_missing) else {
                continue;
            };
            if self.accepting.covers(rule) {
                self.store.accept(rule, self.day, company)?;
            } else if !accepted.contains(&company) {
                self.store.withhold(rule, self.day, company, what)?;
                held_back.push((company, what));
            }
        }
        if held_back.is_empty() {
            return Ok(());
        }
        let companies: HashSet<CompanyKey> =
            held_back.iter().map(|(company, _)| *company).collect();
        evaluation.findings.retain(|(company, finding)| {
            finding.signal_type != SignalType::Bad || !companies.contains(company)
        });
        self.held_back.push(HeldBack {
            rule: rule.clone(),
            companies: held_back,
            eligible: eligible as u64,
        });
        Ok(())
    }

    /// The number of companies that the rule can raise a signal for. For a condition: those for
    /// which it is known whether it holds.
    fn eligible(&self, stored: &StoredRule, evaluation: &Evaluation, bad: usize) -> Result<usize> {
        let Some(condition) = stored.rule.logic.condition() else {
            return Ok(evaluation.evaluated.len());
        };
        if bad < outage::OUTAGE_COMPANIES {
            return Ok(evaluation.evaluated.len());
        }
        let known = self.conditions.known(condition, self.day)?;
        Ok(evaluation.evaluated.iter().filter(|company| known.contains(company)).count())
    }

    pub(super) fn count_held_back(&self, rule: &str) -> usize {
        let of_rule = self.held_back.iter().filter(|held_back| held_back.rule == rule);
        of_rule.map(|held_back| held_back.companies.len()).sum()
    }

    fn is_missing(&self, event: Option<&str>) -> bool {
        event.is_some_and(|event| self.missing_events.iter().any(|missing| missing == event))
    }
}

fn bad_findings(evaluation: &Evaluation) -> Vec<(CompanyKey, SignalType)> {
    let bad = evaluation.findings.iter().map(|(company, finding)| (*company, finding.signal_type));
    bad.filter(|(_, signal_type)| *signal_type == SignalType::Bad).collect()
}
