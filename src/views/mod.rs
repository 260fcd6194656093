//! The rows of each screen and report: their fields, order and wording.

pub(crate) mod agenda;
pub(crate) mod attributes;
pub(crate) mod backtest;
pub(crate) mod companies;
pub(crate) mod company;
pub(crate) mod concerns;
pub(crate) mod events;
pub(crate) mod exports;
pub(crate) mod health;
pub(crate) mod health_profiles;
pub(crate) mod imports;
pub(crate) mod inbox;
pub(crate) mod messages;
pub(crate) mod metrics;
pub(crate) mod playbooks;
pub(crate) mod presets;
pub(crate) mod preview;
pub(crate) mod pulses;
pub(crate) mod reasons;
pub(crate) mod reports;
pub(crate) mod rules;
pub(crate) mod runs;
pub(crate) mod segments;
pub(crate) mod signal;
pub(crate) mod signals;
pub(crate) mod tags;
pub(crate) mod tasks;
pub(crate) mod team;

use serde_json::json;

use crate::domain::day::Instant;
use crate::render::{Align, TextTable, Tone, Value};

/// A list: its fields for programs, and its columns for people.
pub(crate) struct Listing<T: 'static> {
    pub fields: RecordFields<T>,
    columns: &'static [Column<T>],
    pub when_empty: &'static str,
}

impl<T> Listing<T> {
    pub(crate) fn table<'i>(&self, items: impl IntoIterator<Item = &'i T>) -> TextTable {
        table(self.columns, items)
    }

    pub(crate) fn cells(&self, item: &T) -> Vec<(String, Tone)> {
        cells(self.columns, item)
    }

    pub(crate) fn column(&self, title: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.title == title)
    }
}

/// The fields of a record for programs, with their stable names.
pub(crate) enum RecordFields<T: 'static> {
    Each(&'static [Field<T>]),
    /// Those of another description: their names, and their values.
    Of(fn() -> Vec<&'static str>, fn(&T) -> Vec<Value<'_>>),
}

impl<T> RecordFields<T> {
    pub(crate) fn names(&self) -> Vec<&'static str> {
        match self {
            RecordFields::Each(fields) => fields.iter().map(|field| field.name).collect(),
            RecordFields::Of(names, _) => names(),
        }
    }

    pub(crate) fn values<'v>(&self, item: &'v T) -> Vec<Value<'v>> {
        match self {
            RecordFields::Each(fields) => fields.iter().map(|field| (field.value)(item)).collect(),
            RecordFields::Of(_, values) => values(item),
        }
    }

    /// The names with their values.
    pub(crate) fn of<'v>(&self, item: &'v T) -> impl Iterator<Item = (&'static str, Value<'v>)> {
        self.names().into_iter().zip(self.values(item))
    }
}

/// Fields as an object, nested in other JSON.
fn object<'v>(fields: impl Iterator<Item = (&'static str, Value<'v>)>) -> serde_json::Value {
    let fields = fields.map(|(name, value)| (name.to_owned(), json!(value)));
    fields.collect::<serde_json::Map<_, _>>().into()
}

pub(crate) struct Field<T> {
    name: &'static str,
    value: fn(&T) -> Value<'_>,
}

impl<T> Field<T> {
    const fn new(name: &'static str, value: fn(&T) -> Value<'_>) -> Self {
        Field { name, value }
    }
}

/// A column of a table for people.
pub(crate) struct Column<T> {
    title: &'static str,
    align: Align,
    cell: fn(&T) -> (String, Tone),
}

impl<T> Column<T> {
    const fn left(title: &'static str, cell: fn(&T) -> (String, Tone)) -> Self {
        Column { title, align: Align::Left, cell }
    }

    const fn right(title: &'static str, cell: fn(&T) -> (String, Tone)) -> Self {
        Column { title, align: Align::Right, cell }
    }
}

fn table<'i, T: 'i>(columns: &[Column<T>], items: impl IntoIterator<Item = &'i T>) -> TextTable {
    let mut table = TextTable::new(columns.iter().map(|column| (column.title, column.align)));
    items.into_iter().for_each(|item| table.toned_row(cells(columns, item)));
    table
}

fn cells<T>(columns: &[Column<T>], item: &T) -> Vec<(String, Tone)> {
    columns.iter().map(|column| (column.cell)(item)).collect()
}

/// Text that may be missing.
fn or_dash(text: Option<impl ToString>) -> String {
    text.map_or_else(|| "-".to_owned(), |text| text.to_string())
}

/// A cell without a tone.
fn plain(text: impl ToString) -> (String, Tone) {
    (text.to_string(), Tone::Plain)
}

fn minute(instant: Instant) -> String {
    let text = instant.to_string();
    text.get(..16).unwrap_or(&text).replace('T', " ")
}
