//! Rows of events. There may be tens of millions, so nothing is allocated per row.

use anyhow::{Result, anyhow};

use super::Sheet;
use super::cells::{self, Breaks, content};
use super::mapping::{Mapped, Mapping};
use super::reading::{Filled, RowError, filled, optional_id, read_rows, required_id};
use super::records::Row;
use super::rejects::{Rejects, Verdict};
use super::times::{Expected, Plausible, TimeReader};
use crate::domain::EVENTS;
use crate::domain::day::{Day, Instant};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventRow<'a> {
    /// The physical line on which it starts.
    pub line: u64,
    /// The index of the event within its row: 0, or in the wide form, where a row has several
    /// events, 1, 2 … for the further ones.
    pub part: u32,
    /// The company's id or name in the file. `None` only if the file has no column for it and names
    /// the person instead.
    pub company: Option<&'a str>,
    pub event: &'a str,
    /// The person, if the file says so.
    pub person: Option<&'a str>,
    /// The id of the event, if it has one.
    pub id: Option<&'a str>,
    /// The number of events the row stands for; 1 if the file does not say; 0 adds nothing.
    pub count: u32,
    /// When it happened, to the microsecond.
    pub at: Instant,
    /// The calendar day of `at` in the time zone of the database.
    pub day: Day,
}

/// Reads all events of a file. Every row is passed to `take`, which returns a verdict, or to
/// `rejects`. Returns the number of rows read: those that `take` accepted and those in `rejects`.
///
/// In the wide form a row is passed to `take` once per event, but counts as one row: it is rejected
/// if its first event is, and then the others are skipped. A row without events is passed once,
/// with the count 0.
///
/// # Errors
/// A file that is not what it seemed (an unclosed quote, invalid UTF-8, truncated, ambiguous
/// dates), and errors of `take`. [`Rejects::judge`] decides whether too many rows were rejected.
pub(crate) fn read_events(
    sheet: &mut Sheet,
    rejects: &mut Rejects<'_>,
    mut take: impl FnMut(EventRow<'_>) -> Result<Verdict>,
) -> Result<u64> {
    let places =
        Places::of(&sheet.plan.mapping).ok_or_else(|| anyhow!("this file does not hold events"))?;
    if !sheet.plan.mapping.wide.is_empty() {
        return read_wide(sheet, rejects, &places, take);
    }
    read_rows(sheet, rejects, |mapping, times, row| match places.row(mapping, times, row) {
        Ok(event) => take(event).map(Ok),
        Err(wrong) => Ok(Err(wrong)),
    })
}

fn read_wide(
    sheet: &mut Sheet,
    rejects: &mut Rejects<'_>,
    places: &Places,
    mut take: impl FnMut(EventRow<'_>) -> Result<Verdict>,
) -> Result<u64> {
    let mut counts: Vec<u32> = Vec::new();
    read_rows(sheet, rejects, |mapping, times, row| {
        // No event of a row is passed on before all of them are known to be valid.
        let first = match places.row(mapping, times, row).and_then(|first| {
            wide_counts(mapping, &row, &mut counts)?;
            Ok(first)
        }) {
            Ok(first) => first,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let events = mapping.wide.iter().zip(&counts).filter(|(_, count)| **count > 0);
        let mut part = 0;
        for (place, count) in events {
            let verdict = take(EventRow { part, event: &place.header, count: *count, ..first })?;
            if verdict != Verdict::Accepted {
                return Ok(Ok(verdict));
            }
            part += 1;
        }
        if part > 0 {
            Ok(Ok(Verdict::Accepted))
        } else {
            take(EventRow { count: 0, ..first }).map(Ok)
        }
    })
}

fn wide_counts<'c>(
    mapping: &'c Mapping,
    row: &Row<'_>,
    counts: &mut Vec<u32>,
) -> Result<(), RowError<'c>> {
    counts.clear();
    for place in &mapping.wide {
        let cell = content(row.field(place.index));
        let count = cell.map_or(Ok(0), |cell| mapping.wide_numbers.count(cell));
        counts.push(count.map_err(RowError::in_column(&place.header))?);
    }
    Ok(())
}

/// The positions of the columns, looked up once per file instead of once per row.
struct Places {
    company: Option<usize>,
    event: Option<usize>,
    timestamp: usize,
    person: Option<usize>,
    id: Option<usize>,
    count: Option<usize>,
}

impl Places {
    fn of(mapping: &Mapping) -> Option<Places> {
        let place =
            |name: &str| mapping.columns.iter().position(|mapped| mapped.column.name == name);
        if mapping.kind.name != EVENTS {
            return None;
        }
        Some(Places {
            company: place("company_id"),
            event: place("event"),
            timestamp: place("timestamp")?,
            person: place("person_id"),
            id: place("event_id"),
            count: place("count"),
        })
    }

    // Called for every row: not inlining it costs a tenth more time.
    #[inline(always)]
    fn row<'a, 'c: 'a>(
        &self,
        mapping: &'c Mapping,
        times: &mut TimeReader,
        row: Row<'a>,
    ) -> Result<EventRow<'a>, RowError<'c>> {
        let mapped = |place: usize| &mapping.columns[place];
        let optional = |place: Option<usize>| match place {
            Some(place) => optional_id(&row, mapped(place)),
            None => Ok(None),
        };
        let company = match self.company {
            Some(place) => Some(required_id(&row, mapped(place))?),
            None => None,
        };
        let event = match self.event {
            Some(place) => event_name(&row, mapped(place))?,
            None => mapping.wide.first().map_or("", |place| &place.header),
        };
        let time = mapped(self.timestamp);
        let Filled { cell, header, zone } =
            filled(&row, time).ok_or_else(|| RowError::blank(time))?;
        let expected = Expected { zone, plausible: Plausible::Past, is_day: time.holds_days };
        let moment = times.read(cell, expected).map_err(RowError::in_column(header))?;
        let (person, id) = (optional(self.person)?, optional(self.id)?);
        if let (None, None, Some(place)) = (company, person, self.person) {
            return Err(RowError::blank(mapped(place)));
        }
        let count = self.count.map_or(Ok(1), |place| count_of(&row, mapped(place)))?;
        Ok(EventRow {
            line: row.line,
            part: 0,
            company,
            event,
            person,
            id,
            count,
            at: moment.at,
            day: moment.day,
        })
    }
}

#[inline]
fn event_name<'a, 'c>(row: &Row<'a>, mapped: &'c Mapped) -> Result<&'a str, RowError<'c>> {
    let cell = content(row.field(mapped.index)).ok_or_else(|| RowError::blank(mapped))?;
    if row.plain {
        Ok(cell)
    } else {
        cells::text(cell, Breaks::Refused).map_err(RowError::at(mapped))
    }
}

fn count_of<'c>(row: &Row<'_>, mapped: &'c Mapped) -> Result<u32, RowError<'c>> {
    let cell = content(row.field(mapped.index));
    cell.map_or(Ok(1), |cell| mapped.numbers.count(cell)).map_err(RowError::at(mapped))
}
