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

/// Updates a field.
pub(super) fn update<C: CellValue>(row: &FactRow<'_>, column: &str, field: &mut Option<C>) {
    if let Some(value) = cell(row, column) {
        *field = value.and_then(C::of);
    }
}

/// Updates fields from the columns of their names.
macro_rules! update_fields {
    ($row:expr => $of:ident: $($field:ident),+) => {
        $(crate::load::cells::update($row, stringify!($field), &mut $of.$field);)+
    };
}
pub(super) use update_fields;

/// A field that a cell can fill.
pub(super) trait CellValue: Sized {
    /// The value of a cell; `None` if it is of another type.
    fn of(value: Value<'_>) -> Option<Self>;
}

macro_rules! cells {
    ($($type:ty: $($value:pat => $field:expr),+;)+) => {$(
        impl CellValue for $type {
            fn of(value: Value<'_>) -> Option<Self> {
                match value {
                    $($value => Some($field),)+
                    _ => None,
                }
            }
        }
    )+};
}

cells! {
    String: Value::Text(text) => text.to_owned();
    i64: Value::Whole(number) => number;
    f64: Value::Money(amount) => amount;
    Day: Value::Day(day) => day, Value::Moment(moment) => moment.day;
    When: Value::Moment(moment) => When { at: moment.at, on: moment.day };
}

/// The value in a required column.
pub(super) fn required<C: CellValue>(row: &FactRow<'_>, column: &str) -> Result<C> {
    row.get(column).and_then(C::of).with_context(|| lacking(row, column))
}

/// Rows without a required cell are rejected earlier.
pub(super) fn lacking(row: &FactRow<'_>, column: &str) -> String {
    format!("line {}: nothing was read from the required column {column}", row.line)
}

pub(super) fn optional_text(row: &FactRow<'_>, column: &str) -> Option<String> {
    row.text(column).map(ToOwned::to_owned)
}
