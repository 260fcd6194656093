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

use crate::render::{Align, Tone, Value};

/// A list: its fields for programs, and its columns for people.
pub(crate) struct Listing<T> {
    /// The stable names of the fields.
    pub fields: &'static [&'static str],
    pub values: fn(&T) -> Vec<Value<'_>>,
    pub columns: &'static [(&'static str, Align)],
    pub cells: fn(&T) -> Vec<(String, Tone)>,
    /// The text for an empty list.
    pub when_empty: &'static str,
}

/// A field of a record for programs, with its stable name.
pub(crate) struct Field<T> {
    name: &'static str,
    value: fn(&T) -> Value<'_>,
}

/// A column of a table for people.
pub(crate) struct Column<T> {
    title: &'static str,
    align: Align,
    cell: fn(&T) -> (String, Tone),
}

/// The names of fields, in order.
const fn names<T, const N: usize>(fields: &[Field<T>; N]) -> [&'static str; N] {
    let mut names = [""; N];
    let mut place = 0;
    while place < N {
        names[place] = fields[place].name;
        place += 1;
    }
    names
}

/// The headings of columns, in order.
const fn headings<T, const N: usize>(columns: &[Column<T>; N]) -> [(&'static str, Align); N] {
    let mut headings = [("", Align::Left); N];
    let mut place = 0;
    while place < N {
        headings[place] = (columns[place].title, columns[place].align);
        place += 1;
    }
    headings
}

/// Text that may be missing.
fn or_dash(text: Option<impl ToString>) -> String {
    text.map_or_else(|| "-".to_owned(), |text| text.to_string())
}

/// A cell without a tone.
fn plain(text: impl ToString) -> (String, Tone) {
    (text.to_string(), Tone::Plain)
}
