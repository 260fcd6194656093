//! The list of reason codes.

use super::{Column, Field, Listing, RecordFields, or_dash, plain};
use crate::domain::reason::Reason;
use crate::render::Tone;

pub(crate) const REASONS: Listing<Reason> = Listing {
    fields: RecordFields::Each(&[
        Field::new("code", |reason| reason.code.to_string().into()),
        Field::new("kind", |reason| reason.kind.as_str().into()),
        Field::new("category", |reason| (&reason.code.category).into()),
        Field::new("subcategory", |reason| (&reason.code.subcategory).into()),
        Field::new("active", |reason| reason.is_active.into()),
        Field::new("description", |reason| reason.description.as_ref().into()),
    ]),
    columns: &[
        Column::left("code", |reason| plain(&reason.code)),
        Column::left("kind", |reason| plain(reason.kind)),
        Column::left("in use", |reason| {
            if reason.is_active { plain("yes") } else { ("retired".to_owned(), Tone::Faint) }
        }),
        Column::left("means", |reason| plain(or_dash(reason.description.as_ref()))),
    ],
    when_empty: "no reason codes of this kind; `signals reason add CODE --kind KIND` makes one",
};
