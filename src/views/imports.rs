//! The list of imports.

use super::{Listing, or_dash, plain};
use crate::domain::day::Instant;
use crate::render::{self, Align, Tone, Value};
use crate::store::ImportRecord;

/// The list of imports.
pub(crate) const IMPORTS: Listing<ImportRecord> = Listing {
    fields: &[
        "id",
        "file",
        "kind",
        "started_at",
        "finished_at",
        "rows_read",
        "rows_new",
        "rows_known",
        "rows_rejected",
        "companies_made",
        "first_day",
        "last_day",
        "undone_at",
    ],
    values,
    columns: &[
        ("id", Align::Right),
        ("finished at", Align::Left),
        ("kind", Align::Left),
        ("file", Align::Left),
        ("read", Align::Right),
        ("new", Align::Right),
        ("known", Align::Right),
        ("rejected", Align::Right),
        ("first day", Align::Left),
        ("last day", Align::Left),
        ("undone at", Align::Left),
    ],
    cells,
    when_empty: "nothing was imported yet",
};

fn values(import: &ImportRecord) -> Vec<Value<'_>> {
    vec![
        import.id.into(),
        (&import.file).into(),
        (&import.kind).into(),
        import.started_at.into(),
        import.finished_at.into(),
        import.rows_read.into(),
        import.rows_new.into(),
        import.rows_known.into(),
        import.rows_rejected.into(),
        import.companies_made.into(),
        import.first_day.into(),
        import.last_day.into(),
        import.undone_at.into(),
    ]
}

fn cells(import: &ImportRecord) -> Vec<(String, Tone)> {
    vec![
        plain(import.id),
        plain(minute(import.finished_at)),
        plain(&import.kind),
        plain(&import.file),
        plain(render::thousands(import.rows_read)),
        plain(render::thousands(import.rows_new)),
        plain(render::thousands(import.rows_known)),
        plain(render::thousands(import.rows_rejected)),
        plain(or_dash(import.first_day)),
        plain(or_dash(import.last_day)),
        plain(or_dash(import.undone_at.map(minute))),
    ]
}

/// An instant to the minute.
fn minute(instant: Instant) -> String {
    let text = instant.to_string();
    text.get(..16).unwrap_or(&text).replace('T', " ")
}
