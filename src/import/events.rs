//! Rows of events. There may be tens of millions, so nothing is allocated for one.

use anyhow::{Result, anyhow};

use super::Sheet;
use super::cells::{self, Breaks, content};
use super::mapping::{Mapped, Mapping};
use super::reading::{Wrong, optional_id, read_rows, required_id};
use super::records::Row;
use super::rejects::{Rejects, Verdict};
use super::times::{Plausible, TimeReader};
use crate::domain::day::{Day, Instant};

/// One row of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventRow<'a> {
    /// The physical line on which it starts.
    pub line: u64,
    /// What the file calls the company: its id, or its name.
    pub company: &'a str,
    /// The name of the event.
    pub event: &'a str,
    /// Who did it, when the file tells.
    pub person: Option<&'a str>,
    /// The id of the event, when it has one.
    pub id: Option<&'a str>,
    /// How many events the row stands for; 1 where the file does not say, and 0 adds nothing.
    pub count: u32,
    /// When it happened, to the microsecond.
    pub at: Instant,
    /// The calendar day of that in the zone of the database.
    pub day: Day,
}

/// Reads all events of a file. Every row goes to `take`, which says what became of it, or to `rejects`. Returns how
/// many rows were read: those that `take` accepted and those in `rejects`.
///
/// # Errors
/// Refuses a file that is not what it seemed (an unclosed quote, no UTF-8, cut short, times of unknown order). Passes
/// on the errors of `take`. Whether too many rows were rejected is asked with [`Rejects::judge`].
pub fn read_events(
    sheet: &mut Sheet,
    rejects: &mut Rejects<'_>,
    mut take: impl FnMut(EventRow<'_>) -> Result<Verdict>,
) -> Result<u64> {
    let places = Places::of(&sheet.plan.mapping).ok_or_else(|| anyhow!("this file does not hold events"))?;
    read_rows(sheet, rejects, |mapping, times, row| match places.row(mapping, times, row) {
        Ok(event) => take(event).map(Ok),
        Err(wrong) => Ok(Err(wrong)),
    })
}

/// Which of the mapped columns is which; looked up once a file, not once a row.
struct Places {
    company: usize,
    event: usize,
    timestamp: usize,
    person: Option<usize>,
    id: Option<usize>,
    count: Option<usize>,
}

impl Places {
    fn of(mapping: &Mapping) -> Option<Places> {
        let place = |name: &str| mapping.columns.iter().position(|mapped| mapped.column.name == name);
        if mapping.kind.name != "events" {
            return None;
        }
        Some(Places {
            company: place("company_id")?,
            event: place("event")?,
            timestamp: place("timestamp")?,
            person: place("person_id"),
            id: place("event_id"),
            count: place("count"),
        })
    }

    fn row<'a, 'c>(
        &self,
        mapping: &'c Mapping,
        times: &mut TimeReader,
        row: Row<'a>,
    ) -> Result<EventRow<'a>, Wrong<'c>> {
        let mapped = |place: usize| &mapping.columns[place];
        let optional = |place: Option<usize>| place.map_or(Ok(None), |place| optional_id(&row, mapped(place)));
        let company = required_id(&row, mapped(self.company))?;
        let event = event_name(&row, mapped(self.event))?;
        let time = mapped(self.timestamp);
        let cell = content(row.field(time.index)).ok_or_else(|| Wrong::blank(time))?;
        let moment = times.read(cell, time.utc, Plausible::Past).map_err(Wrong::at(time))?;
        let (person, id) = (optional(self.person)?, optional(self.id)?);
        let count = self.count.map_or(Ok(1), |place| count_of(&row, mapped(place)))?;
        Ok(EventRow { line: row.line, company, event, person, id, count, at: moment.at, day: moment.day })
    }
}

fn event_name<'a, 'c>(row: &Row<'a>, mapped: &'c Mapped) -> Result<&'a str, Wrong<'c>> {
    let cell = content(row.field(mapped.index)).ok_or_else(|| Wrong::blank(mapped))?;
    if row.plain { Ok(cell) } else { cells::text(cell, Breaks::Refused).map_err(Wrong::at(mapped)) }
}

fn count_of<'c>(row: &Row<'_>, mapped: &'c Mapped) -> Result<u32, Wrong<'c>> {
    content(row.field(mapped.index)).map_or(Ok(1), cells::count).map_err(Wrong::at(mapped))
}
