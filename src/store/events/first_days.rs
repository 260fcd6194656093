//! What imports keep of the beginning: the day of each company's first event of each name, and of
//! each person's first event at each company.

use anyhow::Result;

use super::day_rows::counts;
use super::day_text::StoredEvent;
use super::first_people::FirstPeople;
use super::first_uses::FirstUses;
use crate::store::Store;

/// The first days in what was written.
#[derive(Debug, Default)]
pub(super) struct FirstDays {
    pub(super) uses: FirstUses,
    pub(super) people: FirstPeople,
}

impl FirstDays {
    /// Records the events of a company on a day.
    pub(super) fn note(&mut self, day: i32, company: u32, events: &[StoredEvent]) {
        self.uses.note(day, company, counts(events).map(|(event, _)| event));
        self.people.note_all(day, company, events);
    }
}

impl Store {
    /// Moves first days to the earlier ones that an import found.
    pub(super) fn note_first_days(&self, days: &FirstDays) -> Result<()> {
        self.note_first_uses(&days.uses)?;
        self.note_first_people(&days.people)
    }
}
