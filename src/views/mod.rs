//! The rows of each screen and report: which fields there are, in which order, and what they say.

pub mod agenda;
pub mod attributes;
pub mod backtest;
pub mod companies;
pub mod company;
pub mod concerns;
pub mod events;
pub mod exports;
pub mod health;
pub mod health_profiles;
pub mod imports;
pub mod inbox;
pub mod messages;
pub mod metrics;
pub mod playbooks;
pub mod presets;
pub mod preview;
pub mod pulses;
pub mod reasons;
pub mod reports;
pub mod rules;
pub mod runs;
pub mod segments;
pub mod signal;
pub mod signals;
pub mod tags;
pub mod tasks;
pub mod team;

use crate::render::{Align, Tone, Value};

/// A list: its fields for other programs, and its columns for people.
pub struct Listing<T> {
    /// The names of the fields, which are stable.
    pub fields: &'static [&'static str],
    /// The values of the fields.
    pub values: fn(&T) -> Vec<Value<'_>>,
    /// The headings of the columns.
    pub columns: &'static [(&'static str, Align)],
    /// The cells of the columns.
    pub cells: fn(&T) -> Vec<(String, Tone)>,
    /// What to say when the list is empty.
    pub when_empty: &'static str,
}

/// A field of a record for other programs, with its stable name.
pub struct Field<T> {
    name: &'static str,
    value: fn(&T) -> Value<'_>,
}

/// A column of a table for people.
pub struct Column<T> {
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
