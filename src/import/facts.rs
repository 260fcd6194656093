//! Rows of every kind but events: typed cells by the name of their column, as `columns.toml` tells them.
//!
//! For these kinds an absent column leaves the stored value and an empty cell clears it, so the two are kept apart:
//! what is absent is not listed, what is empty is listed as `None`.

use anyhow::Result;

use super::Sheet;
use super::cells::{self, Breaks, content};
use super::fault::{Fault, shown};
use super::kinds::CellType;
use super::mapping::{Mapped, Mapping};
use super::reading::{Wrong, read_rows};
use super::records::Row;
use super::rejects::{Rejects, Verdict};
use super::times::{Moment, Plausible, TimeReader};
use crate::domain::day::Day;

/// What a cell holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// A text, of an id, a name, prose, or one of a few words (as `columns.toml` writes it).
    Text(&'a str),
    /// A whole number within the range of its column.
    Whole(i64),
    /// An amount of money, 0 or more, of at most 15 digits: written with as many it is again what the file says.
    Money(f64),
    /// A calendar day from 1900 to 2200.
    Day(Day),
    /// An instant that has happened, and its day.
    Moment(Moment),
}

/// One row of companies, people, tickets, or whatever the kind is.
#[derive(Debug, Clone, PartialEq)]
pub struct FactRow<'a> {
    /// The physical line on which it starts.
    pub line: u64,
    /// The columns that the file has, by our names, in the order of `columns.toml`; `None` where the cell is empty.
    pub cells: Vec<(&'static str, Option<Value<'a>>)>,
    /// The custom attributes in the order of the file; `None` where the cell is empty.
    pub custom: Vec<(&'a str, Option<&'a str>)>,
}

impl<'a> FactRow<'a> {
    /// The value of a column; `None` when the file does not have it or the cell is empty.
    pub fn get(&self, column: &str) -> Option<Value<'a>> {
        self.cells.iter().find(|(name, _)| *name == column).and_then(|(_, value)| *value)
    }

    /// The text of a column; `None` when there is none. Required columns of text always have one.
    pub fn text(&self, column: &str) -> Option<&'a str> {
        match self.get(column) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }
}

/// Reads all rows of a file of any kind. Every row goes to `take`, which says what became of it, or to `rejects`.
/// Returns how many rows were read: those that `take` accepted and those in `rejects`.
///
/// # Errors
/// As [`super::events::read_events`].
pub fn read_facts(
    sheet: &mut Sheet,
    rejects: &mut Rejects<'_>,
    mut take: impl FnMut(FactRow<'_>) -> Result<Verdict>,
) -> Result<u64> {
    read_rows(sheet, rejects, |mapping, times, row| match fact(mapping, times, row) {
        Ok((cells, custom)) => take(FactRow { line: row.line, cells, custom }).map(Ok),
        Err(wrong) => Ok(Err(wrong)),
    })
}

type Cells<'a> = Vec<(&'static str, Option<Value<'a>>)>;
type Attributes<'c, 'a> = Vec<(&'c str, Option<&'a str>)>;

fn fact<'a, 'c>(
    mapping: &'c Mapping,
    times: &mut TimeReader,
    row: Row<'a>,
) -> Result<(Cells<'a>, Attributes<'c, 'a>), Wrong<'c>> {
    let mut cells = Vec::with_capacity(mapping.columns.len());
    for mapped in &mapping.columns {
        let value = match content(row.field(mapped.index)) {
            Some(cell) => Some(value(cell, mapped, row.plain, times).map_err(Wrong::at(mapped))?),
            None if mapped.column.required => return Err(Wrong::blank(mapped)),
            None => None,
        };
        cells.push((mapped.column.name.as_str(), value));
    }
    let mut custom = Vec::with_capacity(mapping.custom.len());
    for attribute in &mapping.custom {
        let cell = content(row.field(attribute.index)).map(|cell| cells::text(cell, Breaks::Kept)).transpose();
        custom.push((attribute.name.as_str(), cell.map_err(Wrong::in_column(&attribute.header))?));
    }
    Ok((cells, custom))
}

fn value<'a>(cell: &'a str, mapped: &Mapped, plain: bool, times: &mut TimeReader) -> Result<Value<'a>, Fault> {
    Ok(match &mapped.column.cell {
        CellType::Id => Value::Text(cells::id(cell, plain)?),
        CellType::Text => Value::Text(cells::text(cell, Breaks::Refused)?),
        CellType::Prose => Value::Text(cells::text(cell, Breaks::Kept)?),
        CellType::Count => Value::Whole(i64::from(cells::count(cell)?)),
        CellType::Whole { min, max } => Value::Whole(cells::whole(cell, *min, *max)?),
        CellType::Money => Value::Money(cells::money(cell)?),
        CellType::Past => Value::Moment(times.read(cell, mapped.utc, Plausible::Past)?),
        CellType::Date => Value::Day(times.read(cell, mapped.utc, Plausible::Ever)?.day),
        CellType::Choice { of } => Value::Text(choice(cell, of)?),
    })
}

fn choice<'a>(cell: &'a str, of: &'static [String]) -> Result<&'a str, Fault> {
    let known = of.iter().find(|word| word.eq_ignore_ascii_case(cell));
    known.map(String::as_str).ok_or_else(|| Fault::row(format!("{} is none of {}", shown(cell), of.join(", "))))
}
