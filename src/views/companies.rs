//! The list of companies.

use super::attributes;
use crate::domain::attributes::Datum;
use crate::render::{TextTable, Value};
use crate::store::Known;

/// The default columns of the list for people.
pub(crate) const USUAL_COLUMNS: [&str; 10] = [
    "company_id",
    "name",
    "csm",
    "bad_open_signals",
    "bad_closed_signals",
    "good_open_signals",
    "good_closed_signals",
    "health_score",
    "health_band",
    "pulse",
];

fn heading(name: &str) -> String {
    match name {
        "company_id" => "company".to_owned(),
        "health_score" => "health".to_owned(),
        "health_band" => "band".to_owned(),
        _ => name.strip_suffix("_signals").unwrap_or(name).replace('_', " "),
    }
}

/// The table of companies for people; `rows` have a value for each column.
pub(crate) fn table<'v>(
    columns: &[Known<'_>],
    rows: impl Iterator<Item = Vec<&'v Datum>>,
) -> TextTable {
    let mut table = TextTable::new(
        columns.iter().map(|known| (heading(known.name()), attributes::align(*known))),
    );
    for row in rows {
        table.row(columns.iter().zip(row).map(|(known, value)| attributes::text(*known, value)));
    }
    table
}

pub(crate) fn values<'v>(row: &[&'v Datum]) -> Vec<Value<'v>> {
    row.iter().map(|value| Value::from(*value)).collect()
}
