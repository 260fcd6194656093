//! The rows of each screen and report: which fields there are, in which order, and what they say.

pub mod agenda;
pub mod attributes;
pub mod companies;
pub mod company;
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

/// Text that may be missing.
fn or_dash(text: Option<impl ToString>) -> String {
    text.map_or_else(|| "-".to_owned(), |text| text.to_string())
}

/// A cell without a tone.
fn plain(text: impl ToString) -> (String, Tone) {
    (text.to_string(), Tone::Plain)
}
