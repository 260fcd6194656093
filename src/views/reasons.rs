//! The list of reason codes.

use super::{Listing, or_dash, plain};
use crate::domain::reason::Reason;
use crate::render::{Align, Tone, Value};

/// The list of reason codes.
pub(crate) const REASONS: Listing<Reason> = Listing {
    fields: &["code", "kind", "category", "subcategory", "active", "description"],
    values,
    columns: &[
        ("code", Align::Left),
        ("kind", Align::Left),
        ("in use", Align::Left),
        ("means", Align::Left),
    ],
    cells,
    when_empty: "no reason codes of this kind; `signals reason add CODE --kind KIND` makes one",
};

fn values(reason: &Reason) -> Vec<Value<'_>> {
    vec![
        reason.code.to_string().into(),
        reason.kind.as_str().into(),
        (&reason.code.category).into(),
        (&reason.code.subcategory).into(),
        reason.is_active.into(),
        reason.description.as_ref().into(),
    ]
}

fn cells(reason: &Reason) -> Vec<(String, Tone)> {
    let in_use = if reason.is_active { plain("yes") } else { ("retired".to_owned(), Tone::Faint) };
    vec![
        plain(&reason.code),
        plain(reason.kind),
        in_use,
        plain(or_dash(reason.description.as_ref())),
    ]
}
