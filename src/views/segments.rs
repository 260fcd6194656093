//! The list of segments.

use super::{Column, Field, Listing, RecordFields, plain};
use crate::render;
use crate::store::Segment;

pub(crate) struct SizedSegment {
    pub segment: Segment,
    pub companies: u64,
}

pub(crate) const SEGMENTS: Listing<SizedSegment> = Listing {
    fields: RecordFields::Each(&[
        Field::new("name", |row| (&row.segment.name).into()),
        Field::new("companies", |row| row.companies.into()),
        Field::new("where", |row| (&row.segment.condition).into()),
    ]),
    columns: &[
        Column::left("segment", |row| plain(&row.segment.name)),
        Column::right("companies", |row| plain(render::thousands(row.companies))),
        Column::left("where", |row| plain(&row.segment.condition)),
    ],
    when_empty: "no segments yet; `signals segment add NAME --where EXPRESSION` makes one",
};
