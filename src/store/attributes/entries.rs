//! Attributes of what users enter: pulses and tasks.

use anyhow::Result;

use super::{Family, Sheet, family};
use crate::domain::attributes::{Attribute, Datum, Of, PulseFacts, TaskFacts};
use crate::domain::day::Day;
use crate::domain::pulse::PulseMark;

/// Attributes of the pulse.
type OfPulses = Vec<(&'static str, fn(&PulseFacts<'_>) -> Datum)>;

impl Sheet<'_> {
    /// Adds the attributes of pulses.
    pub(super) fn pulses(&mut self, attributes: &[&'static Attribute]) -> Result<()> {
        let family: OfPulses = family(attributes, |of| match of {
            Of::Pulses(value) => Some(value),
            _ => None,
        });
        if family.is_empty() {
            return Ok(());
        }
        let by_company = self.store.pulses_until(self.as_of.last_entry())?;
        for (name, value) in family {
            let of = |key| {
                let marks = by_company.get(key).map_or(&[][..], Vec::as_slice);
                value(&PulseFacts { marks, day: self.day_of(marks) })
            };
            let values = self.companies.keys.iter().map(of).collect();
            self.columns.push((name.to_owned(), values));
        }
        Ok(())
    }

    /// The day up to which pulses count. For the present that is today, or the day of the latest
    /// pulse if somebody set one for a later day.
    fn day_of(&self, marks: &[PulseMark]) -> Day {
        let today = self.as_of.today();
        match marks.last() {
            Some(last) if self.as_of.is_present() => today.max(last.day),
            _ => today,
        }
    }

    /// Adds the counts of tasks.
    pub(super) fn tasks(&mut self, attributes: &[&'static Attribute]) -> Result<()> {
        let family: Family<TaskFacts> = family(attributes, |of| match of {
            Of::Tasks(value) => Some(value),
            _ => None,
        });
        if family.is_empty() {
            return Ok(());
        }
        let mut facts = self.companies.each(TaskFacts::default());
        for (company, counts) in
            self.store.task_counts(self.as_of.today(), self.as_of.last_entry())?
        {
            if let Some(row) = self.companies.row(company.0) {
                facts[row] = TaskFacts { open: counts.open, overdue: counts.overdue };
            }
        }
        self.add(family, &facts);
        Ok(())
    }
}
