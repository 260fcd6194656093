//! Metrics that count events.

use anyhow::Result;
use rustc_hash::FxHashSet;

use super::Sheet;
use crate::domain::attributes::{self, Datum};
use crate::domain::metric::{Metric, MetricDefinition, MetricMeasure};

impl Sheet<'_> {
    /// Adds a counted metric.
    pub(super) fn counted(&mut self, metric: &Metric) -> Result<()> {
        let MetricDefinition::Counted { event, measure, days } = &metric.definition else {
            return Ok(());
        };
        // Days that came as counts do not say who did what.
        let range = attributes::last(self.as_of.day, i32::from(*days));
        let is_unknown =
            *measure == MetricMeasure::People && !self.store.pulled_days(range)?.is_empty();
        if is_unknown {
            self.columns.push((metric.name.clone(), self.companies.each(Datum::Null)));
            return Ok(());
        }
        let empty = match measure {
            MetricMeasure::Count | MetricMeasure::People if self.data_days()? > 0 => {
                Datum::Whole(0)
            }
            _ => Datum::Null,
        };
        let mut values = self.companies.each(empty);
        if let Some(wanted) = self.store.event_key(event)? {
            self.count_event(&mut values, wanted, *measure, i32::from(*days))?;
        }
        self.columns.push((metric.name.clone(), values));
        Ok(())
    }

    fn count_event(
        &self,
        values: &mut [Datum],
        wanted: u32,
        measure: MetricMeasure,
        days: i32,
    ) -> Result<()> {
        let range = attributes::last(self.as_of.day, days);
        let mut seen: FxHashSet<(u32, u32)> = FxHashSet::default();
        let mut add = |company: u32, count: u64| {
            if let Some(Datum::Whole(value)) =
                self.companies.row(company).map(|row| &mut values[row])
            {
                *value += count as i64;
            }
        };
        match measure {
            MetricMeasure::Count => {
                self.store.counts_within(self.scope, range, |_, company, event, count| {
                    add(company, if event == wanted { count } else { 0 });
                })
            }
            MetricMeasure::People => {
                self.store.people_within(self.scope, range, |_, company, event, person| {
                    add(company, u64::from(event == wanted && seen.insert((company, person))));
                })
            }
            MetricMeasure::DaysSince => {
                self.store.counts_within(self.scope, range, |day, company, event, _| {
                    if let Some(row) = self.companies.row(company).filter(|_| event == wanted) {
                        values[row] = Datum::from(self.as_of.day - day);
                    }
                })
            }
        }
    }
}
