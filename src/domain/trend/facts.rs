//! All facts about companies that trend rules need.

use rustc_hash::FxHashMap;

use super::super::company::CompanyKey;
use super::super::customer::CustomerHistory;
use super::super::day::Day;
use super::super::rule::{RuleMeasure, TrendRule, Watch};
use super::activity::Activity;
use super::sweep::{Customers, Sweep};

/// The activity of companies, for some rules, on some days.
#[derive(Debug, Clone, Default)]
pub(crate) struct TrendFacts {
    activities: FxHashMap<Watch, Activity>,
    none: Activity,
    /// The segment of each company as a number, in the order of the customers; empty unless a rule
    /// compares by segment.
    pub segments: Vec<Option<u32>>,
}

impl TrendFacts {
    /// What the counts of a rule are computed from: days are counted from events.
    pub(crate) fn source(rule: &TrendRule) -> Watch {
        match rule.measure {
            RuleMeasure::Events | RuleMeasure::Days => Watch::new(&rule.event, RuleMeasure::Events),
            RuleMeasure::People => rule.watch(),
        }
    }

    /// Adds the activity of companies from one [`TrendFacts::source`].
    pub(crate) fn add(&mut self, source: Watch, activity: Activity) {
        self.activities.insert(source, activity);
    }

    /// A sweep that starts before `first_day`. For signals on `day`, `first_day` is
    /// [`TrendRule::first_day_of_run`].
    pub(crate) fn sweep<'a>(
        &'a self,
        rule: &'a TrendRule,
        customers: &'a [(CompanyKey, CustomerHistory)],
        first_day: Day,
    ) -> Sweep<'a> {
        let activity = self.activities.get(&TrendFacts::source(rule)).unwrap_or(&self.none);
        let customers = Customers { all: customers, segments: &self.segments };
        Sweep::new(rule, activity, customers, first_day)
    }
}
