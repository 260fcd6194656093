//! Reads typed cells into the fields of domain types. A column that is missing in the file leaves
//! the field unchanged; an empty cell clears it.

use anyhow::{Context, Result};

use crate::domain::day::Day;
use crate::domain::fact::When;
use crate::import::{FactRow, Value};

/// The cell of a column; `None` if the file does not have the column, `Some(None)` if the cell is
/// empty.
fn cell<'a>(row: &FactRow<'a>, column: &str) -> Option<Option<Value<'a>>> {
    row.cells.iter().find(|(name, _)| *name == column).map(|(_, value)| *value)
}

/// Updates a text.
pub(super) fn text(row: &FactRow<'_>, column: &str, field: &mut Option<String>) {
    if let Some(value) = cell(row, column) {
        *field = match value {
            Some(Value::Text(text)) => Some(text.to_owned()),
            _ => None,
        };
    }
}

/// Updates a whole number.
pub(super) fn whole(row: &FactRow<'_>, column: &str, field: &mut Option<i64>) {
    if let Some(value) = cell(row, column) {
        *field = match value {
            Some(Value::Whole(number)) => Some(number),
            _ => None,
        };
    }
}

/// Updates an amount of money.
pub(super) fn money(row: &FactRow<'_>, column: &str, field: &mut Option<f64>) {
    if let Some(value) = cell(row, column) {
        *field = match value {
            Some(Value::Money(amount)) => Some(amount),
            _ => None,
        };
    }
}

/// Updates a day, also from a cell with an instant.
pub(super) fn day(row: &FactRow<'_>, column: &str, field: &mut Option<Day>) {
    if let Some(value) = cell(row, column) {
        *field = day_of(value);
    }
}

/// Updates an instant with its day.
pub(super) fn when(row: &FactRow<'_>, column: &str, field: &mut Option<When>) {
    if let Some(value) = cell(row, column) {
        *field = when_of(value);
    }
}

fn day_of(value: Option<Value<'_>>) -> Option<Day> {
    match value {
        Some(Value::Day(day)) => Some(day),
        Some(Value::Moment(moment)) => Some(moment.day),
        _ => None,
    }
}

fn when_of(value: Option<Value<'_>>) -> Option<When> {
    match value {
        Some(Value::Moment(moment)) => Some(When { at: moment.at, on: moment.day }),
        _ => None,
    }
}

pub(super) fn required_day(row: &FactRow<'_>, column: &str) -> Result<Day> {
    day_of(row.get(column)).with_context(|| lacking(row, column))
}

/// The instant in a required column.
pub(super) fn required_when(row: &FactRow<'_>, column: &str) -> Result<When> {
    when_of(row.get(column)).with_context(|| lacking(row, column))
}

pub(super) fn required_text(row: &FactRow<'_>, column: &str) -> Result<String> {
    row.text(column).map(ToOwned::to_owned).with_context(|| lacking(row, column))
}

/// Rows without a required cell are rejected earlier.
pub(super) fn lacking(row: &FactRow<'_>, column: &str) -> String {
    format!("line {}: nothing was read from the required column {column}", row.line)
}

pub(super) fn optional_text(row: &FactRow<'_>, column: &str) -> Option<String> {
    row.text(column).map(ToOwned::to_owned)
}
