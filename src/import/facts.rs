//! Rows of every kind except events: typed cells by the name of their column in `columns.toml`.
//!
//! For these kinds a missing column keeps the stored value and an empty cell clears it, so the two
//! are distinguished: missing columns are not listed, empty cells are listed as `None`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use anyhow::Result;

use super::Sheet;
use super::catalogue::CellType;
use super::cell_error::{CellError, shown};
use super::cells::{self, Breaks, content};
use super::mapping::{Custom, Mapped, Mapping, Place};
use super::reading::{Filled, RowError, filled, read_rows};
use super::records::Row;
use super::rejects::{Rejects, Verdict};
use super::times::{ColumnZone, Expected, Moment, Plausible, TimeReader};
use crate::domain::day::Day;

/// The value of a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value<'a> {
    /// An id, a name, prose, or one of a few words (as `columns.toml` writes it).
    Text(&'a str),
    /// A whole number within the range of its column.
    Whole(i64),
    /// An amount of money, 0 or more, with at most 15 digits, so that formatting it gives the
    /// digits of the file.
    Money(f64),
    /// A calendar day from 1900 to 2200.
    Day(Day),
    /// An instant in the past, and its day.
    Moment(Moment),
}

/// A row of companies, people, tickets, or another kind.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FactRow<'a> {
    /// The physical line on which it starts.
    pub line: u64,
    /// The columns of the file by their names in `columns.toml`, in its order; `None` for empty
    /// cells.
    pub cells: Vec<(&'static str, Option<Value<'a>>)>,
    /// When the row was valid, in files of which only the latest row of a company counts.
    pub as_of: Option<Moment>,
    /// The custom attributes in the order of the file; `None` for empty cells. Numbers are in plain
    /// notation with a decimal point.
    pub custom: Vec<(&'a str, Option<Cow<'a, str>>)>,
}

impl<'a> FactRow<'a> {
    /// The value of a column; `None` if the file does not have it or the cell is empty.
    pub(crate) fn get(&self, column: &str) -> Option<Value<'a>> {
        self.cells.iter().find(|(name, _)| *name == column).and_then(|(_, value)| *value)
    }

    /// The text of a column; `None` if there is none. Required columns always have one.
    pub(crate) fn text(&self, column: &str) -> Option<&'a str> {
        match self.get(column) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }
}

/// Reads all rows of a file of any kind. Every row is passed to `take`, which returns a verdict, or
/// to `rejects`. Returns the number of rows read: those that `take` accepted and those in
/// `rejects`.
pub(crate) fn read_facts(
    sheet: &mut Sheet,
    rejects: &mut Rejects<'_>,
    mut take: impl FnMut(FactRow<'_>) -> Result<Verdict>,
) -> Result<u64> {
    read_rows(sheet, rejects, |mapping, times, row| match fact(mapping, times, row) {
        Ok(fact) => take(fact).map(Ok),
        Err(wrong) => Ok(Err(wrong)),
    })
}

fn fact<'a, 'c: 'a>(
    mapping: &'c Mapping,
    times: &mut TimeReader,
    row: Row<'a>,
) -> Result<FactRow<'a>, RowError<'c>> {
    let mut cells = Vec::with_capacity(mapping.columns.len());
    for mapped in &mapping.columns {
        let value = value_of(&row, mapped, times)?;
        if value.is_none() && mapped.column.required && !mapped.column.blank {
            return Err(RowError::blank(mapped));
        }
        cells.push((mapped.column.name.as_str(), value));
    }
    let as_of = match &mapping.latest {
        Some(place) if mapping.orders_files => time_of(&row, place, times)?,
        // A column that only orders rows may be unreadable.
        Some(place) => time_of(&row, place, times).ok().flatten(),
        None => None,
    };
    let mut custom = Vec::with_capacity(mapping.custom.len());
    for attribute in &mapping.custom {
        let value = custom_value(row.field(attribute.index), attribute);
        let value = value.map_err(RowError::in_column(&attribute.header))?;
        custom.push((attribute.name.as_str(), value));
    }
    Ok(FactRow { line: row.line, cells, as_of, custom })
}

fn time_of<'c>(
    row: &Row<'_>,
    place: &'c Place,
    times: &mut TimeReader,
) -> Result<Option<Moment>, RowError<'c>> {
    let Some(cell) = content(row.field(place.index)) else { return Ok(None) };
    let expected = Expected { zone: place.zone, plausible: Plausible::Past, is_day: false };
    times.read(cell, expected).map(Some).map_err(RowError::in_column(&place.header))
}

fn custom_value<'a>(cell: &'a str, attribute: &Custom) -> Result<Option<Cow<'a, str>>, CellError> {
    let Some(cell) = content(cell) else { return Ok(None) };
    let number = attribute.numbers.map(|numbers| numbers.number(cell)).transpose()?.flatten();
    match number {
        Some(number) => Ok(Some(Cow::Owned(number))),
        None => Ok(Some(Cow::Borrowed(cells::text(cell, Breaks::Kept)?))),
    }
}

fn value_of<'a, 'c>(
    row: &Row<'a>,
    mapped: &'c Mapped,
    times: &mut TimeReader,
) -> Result<Option<Value<'a>>, RowError<'c>> {
    if let Some(year) = &mapped.year {
        let Some(month) = content(row.field(mapped.index)) else { return Ok(None) };
        let month = cells::whole(month, 1, 12).map_err(RowError::at(mapped))?;
        let cell = row.field(year.index).trim();
        let year = cells::whole(cell, 1900, 2200).map_err(RowError::in_column(&year.header))?;
        return Ok(Day::last_of_month(year as i32, month as u32).map(Value::Day));
    }
    if let CellType::Choices { nothing: Some(word), .. } = &mapped.column.cell
        && cells::is_word(row.field(mapped.index), word)
    {
        return Ok(Some(Value::Text("")));
    }
    let Some(Filled { cell, header, zone }) = filled(row, mapped) else { return Ok(None) };
    value(cell, mapped, zone, row.plain, times).map_err(RowError::in_column(header))
}

fn value<'a>(
    cell: &'a str,
    mapped: &Mapped,
    zone: Option<ColumnZone>,
    plain: bool,
    times: &mut TimeReader,
) -> Result<Option<Value<'a>>, CellError> {
    Ok(Some(match &mapped.column.cell {
        CellType::Id => Value::Text(cells::id(cell, plain)?),
        CellType::Text => Value::Text(cells::text(cell, Breaks::Refused)?),
        CellType::Prose => Value::Text(cells::text(cell, Breaks::Kept)?),
        CellType::Count => Value::Whole(i64::from(mapped.numbers.count(cell)?)),
        CellType::Whole { min, max } if mapped.column.labelled => {
            Value::Whole(mapped.numbers.whole(cells::without_label(cell), *min, *max)?)
        }
        CellType::Whole { min, max } => Value::Whole(mapped.numbers.whole(cell, *min, *max)?),
        CellType::Money => Value::Money(mapped.numbers.money(cell)?),
        CellType::Past | CellType::Date => {
            return moment(cell, mapped, zone, times);
        }
        CellType::Choice { of, words } => Value::Text(choice(cell, of, words)?),
        CellType::Choices { of, .. } => {
            let none = BTreeMap::new();
            cell.split([';', ','])
                .try_for_each(|word| choice(word.trim(), of, &none).map(|_| ()))?;
            Value::Text(cell)
        }
    }))
}

fn moment<'a>(
    cell: &str,
    mapped: &Mapped,
    zone: Option<ColumnZone>,
    times: &mut TimeReader,
) -> Result<Option<Value<'a>>, CellError> {
    let is_past = mapped.column.cell == CellType::Past;
    let plausible = if is_past { Plausible::Past } else { Plausible::Ever };
    let expected = Expected { zone, plausible, is_day: mapped.holds_days };
    let moment = match mapped.column.open_ended {
        true => times.read_end(cell, expected)?,
        false => Some(times.read(cell, expected)?),
    };
    Ok(moment.map(|moment| if is_past { Value::Moment(moment) } else { Value::Day(moment.day) }))
}

fn choice<'w>(
    cell: &str,
    of: &'w [String],
    words: &'w BTreeMap<String, String>,
) -> Result<&'w str, CellError> {
    let same = |word: &&String| word.eq_ignore_ascii_case(cell);
    let known = of
        .iter()
        .find(same)
        .or_else(|| words.iter().find(|(word, _)| same(word)).map(|(_, meant)| meant));
    known
        .map(String::as_str)
        .ok_or_else(|| CellError::row(format!("{} is not one of {}", shown(cell), of.join(", "))))
}
