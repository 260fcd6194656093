//! Running days again whose events arrived after they were run.

use anyhow::Result;

use super::{Evaluated, RunningDay, describe};
use crate::domain::company::CompanyKey;
use crate::domain::day::{Day, DayRange};
use crate::domain::evidence::{ConditionEvidence, Evidence};
use crate::domain::finding::Finding;
use crate::domain::rule::{Aim, Rule, RuleLogic, RuleMeasure, TrendRule};
use crate::domain::signal::{Comparison, Outcome};
use crate::domain::trend::Windows;
use crate::store::{SignalFilter, SignalOrder, SignalRecord, Store, StoredRule};

/// At most this many days are run again after an import; earlier changes only affect later days.
const MOST_DAYS_AGAIN: i32 = 35;

/// Signals added on the last days run are announced as usual, within this many days.
pub(crate) const DAYS_TOLD: i32 = 7;

/// The version of a rule that has changed since.
pub(super) const FORMER: i64 = 0;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DaysAgain {
    pub days: Vec<Day>,
    /// How many earlier days also changed but are not run again.
    pub too_old: u64,
}

/// The days to run again because their events changed: from the first changed day to the last day
/// run.
pub(crate) fn days_again(store: &Store) -> Result<DaysAgain> {
    let nothing = DaysAgain { days: Vec::new(), too_old: 0 };
    let late = store.late_days()?;
    let Some(last) = store.latest_run_day()? else { return Ok(nothing) };
    let limit = last - MOST_DAYS_AGAIN + 1;
    let imported = late.imported.map(|day| day.max(limit));
    let Some(from) = imported.into_iter().chain(late.undone).min() else { return Ok(nothing) };
    let too_old = match late.imported {
        Some(first) => store.count_days_run(DayRange { from: first, to: from.previous() })?,
        None => 0,
    };
    Ok(DaysAgain { days: store.days_run(DayRange { from, to: last })?, too_old })
}

impl RunningDay<'_> {
    /// The day up to which open signals count for rules that raise once: when a day is run again,
    /// later ones may still be retracted. `None`: no limit.
    pub(super) fn open_until(&self) -> Option<Day> {
        self.is_again.then(|| self.day.previous())
    }

    /// The former rules that raised open signals on this day and have changed or been removed
    /// since. They are applied once more to find the signals that they would not raise now; they
    /// raise none themselves.
    pub(super) fn former_rules(&self, rules: &[StoredRule]) -> Result<Vec<StoredRule>> {
        let mut former: Vec<StoredRule> = Vec::new();
        for signal in self.raised_before()? {
            let is_known = |stored: &StoredRule| is_of(&signal, stored);
            let is_open = signal.acknowledgement.is_none();
            if !is_open || rules.iter().chain(&former).any(is_known) {
                continue;
            }
            let rule = (*signal.definition).clone();
            if self.conditions.can_be_read(&rule) {
                former.push(StoredRule { rule, version: FORMER, is_removed: true });
            }
        }
        Ok(former)
    }

    /// The signals that were raised on this day and not retracted.
    fn raised_before(&self) -> Result<Vec<SignalRecord>> {
        let filter = SignalFilter {
            since: Some(self.day),
            until: Some(self.day),
            ..SignalFilter::default()
        };
        let mut raised = self.store.signals(&filter, SignalOrder::NEWEST_FIRST)?;
        raised.retain(|signal| !signal.is_retracted());
        Ok(raised)
    }

    /// Compares what the rules find now with the signals raised on this day. Existing signals are
    /// updated, not raised again; open ones that would not be raised now are retracted. What
    /// remains in `found` is to be raised.
    pub(super) fn revise(&mut self, found: &mut Vec<Evaluated<'_>>) -> Result<()> {
        let mut raised = self.raised_before()?;
        // Former rules come last: a signal that its present rule raises stays, whatever the rule
        // was then.
        found.sort_by_key(|(stored, _)| stored.version == FORMER);
        for (stored, evaluation) in found.iter_mut() {
            let mut new = Vec::new();
            for (company, finding) in std::mem::take(&mut evaluation.findings) {
                let is_told = |signal: &SignalRecord| {
                    signal.rule == stored.rule.name && is_same(signal, company, &finding)
                };
                match raised.iter().position(is_told) {
                    Some(place) => self.update(&raised.swap_remove(place), stored, &finding)?,
                    None => new.push((company, finding)),
                }
            }
            evaluation.findings = new;
            let refuted: Vec<SignalRecord> =
                raised.extract_if(.., |signal| is_of(signal, stored)).collect();
            self.retract_all(&refuted, stored)?;
        }
        found.retain(|(stored, _)| stored.version != FORMER);
        Ok(())
    }

    /// Updates an open signal to what its rule sees now.
    fn update(&self, signal: &SignalRecord, stored: &StoredRule, finding: &Finding) -> Result<()> {
        let detail = describe(&stored.rule, finding);
        let is_unchanged = detail == signal.detail && finding.evidence == signal.evidence;
        if is_unchanged || signal.acknowledgement.is_some() || !is_of(signal, stored) {
            return Ok(());
        }
        self.store.revise_signal(signal.id, finding, &detail)
    }

    /// Retracts the open ones whose rule depends on events.
    fn retract_all(&mut self, signals: &[SignalRecord], stored: &StoredRule) -> Result<()> {
        let open: Vec<&SignalRecord> =
            signals.iter().filter(|signal| signal.acknowledgement.is_none()).collect();
        if open.is_empty() || !self.conditions.reads_events(&stored.rule)? {
            return Ok(());
        }
        open.into_iter().try_for_each(|signal| self.retract(signal))
    }

    fn retract(&mut self, signal: &SignalRecord) -> Result<()> {
        let reason = format!("late events: {}", self.then_and_now(signal)?);
        self.store.withdraw_notices(signal.id, self.clock.now())?;
        self.acknowledge(signal.id, Outcome::Retracted, reason)?;
        // Closed signals are not judged any more, and this one may be reopened.
        self.store.record_holds(signal.id, Some(false), self.day)?;
        self.retracted += 1;
        Ok(())
    }

    /// What a signal saw when it was raised, compared with now.
    fn then_and_now(&self, signal: &SignalRecord) -> Result<String> {
        match (&signal.definition.logic, &signal.evidence) {
            (RuleLogic::Trend(trend), Evidence::Trend(evidence)) => {
                let comparison = &evidence.comparison;
                let (previous, current) = self.counts_now(signal.company, trend, comparison)?;
                Ok(format!(
                    "{} went from {} to {} then, and from {previous} to {current} now",
                    trend.watch(),
                    comparison.previous,
                    comparison.current
                ))
            }
            (RuleLogic::Condition(condition), Evidence::Condition(reading)) => {
                let values = self.conditions.values(condition, self.day, signal.company)?;
                let now = ConditionEvidence { key: None, values };
                Ok(format!("{} then, {} now", listed(reading), listed(&now)))
            }
            (RuleLogic::Adoption(adoption), Evidence::Adoption(then)) => {
                let done = match &adoption.aim {
                    Aim::Event { event, .. } => {
                        self.store.first_uses(event)?.get(&signal.company).copied()
                    }
                    Aim::Goals { .. } => None,
                };
                let text =
                    |done: Option<Day>| done.map_or("none".to_owned(), |day| day.to_string());
                Ok(format!(
                    "first {}: {} then, {} now",
                    then.event,
                    text(then.done_on),
                    text(done.or(then.done_on).filter(|day| *day <= self.day))
                ))
            }
            _ => Ok(signal.detail.clone()),
        }
    }

    /// The present counts in the windows of a signal.
    fn counts_now(
        &self,
        company: CompanyKey,
        trend: &TrendRule,
        comparison: &Comparison,
    ) -> Result<(u64, u64)> {
        let windows =
            Windows { observation: comparison.observation, decision: comparison.decision };
        let activity = self.store.company_activity(company, &trend.watch(), &windows)?;
        if trend.measure == RuleMeasure::People {
            let people = |count: fn(&crate::store::PersonActivity) -> u64| {
                activity
                    .people
                    .iter()
                    .filter(|person| person.person_id.is_some() && count(person) > 0)
                    .count() as u64
            };
            return Ok((people(|person| person.previous), people(|person| person.current)));
        }
        let counted = |count: u64| match trend.measure {
            RuleMeasure::Days => u64::from(count > 0),
            _ => count,
        };
        let sum = |range: DayRange| {
            let within = activity.daily.iter().filter(|(day, _)| range.contains(*day));
            within.map(|(_, count)| counted(*count)).sum()
        };
        Ok((sum(windows.observation), sum(windows.decision)))
    }
}

fn listed(reading: &ConditionEvidence) -> String {
    let values: Vec<String> =
        reading.values.iter().map(|(name, value)| format!("{name} was {value}")).collect();
    values.join(", ")
}

/// Whether a signal was raised by the present version of the rule.
fn is_of(signal: &SignalRecord, stored: &StoredRule) -> bool {
    let Rule { name, logic, where_expr, .. } = &*signal.definition;
    (name, logic, where_expr) == (&stored.rule.name, &stored.rule.logic, &stored.rule.where_expr)
}

/// Whether a finding is the one that a signal reports.
fn is_same(signal: &SignalRecord, company: CompanyKey, finding: &Finding) -> bool {
    let about = |evidence: &Evidence| {
        let goal = evidence
            .adoption()
            .filter(|adoption| adoption.is_goal)
            .map(|adoption| (adoption.event.clone(), adoption.due_on, adoption.goal.clone()));
        let key = evidence.condition().and_then(|reading| reading.key.clone());
        (goal, key)
    };
    signal.company == company
        && signal.signal_type == finding.signal_type
        && about(&signal.evidence) == about(&finding.evidence)
}
