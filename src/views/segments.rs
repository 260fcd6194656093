//! The list of segments.

use super::{Listing, plain};
use crate::render::{self, Align, Tone, Value};
use crate::store::Segment;

/// A segment and the number of its companies.
pub(crate) struct SizedSegment {
    pub segment: Segment,
    pub companies: u64,
}

/// The list of segments.
pub(crate) const SEGMENTS: Listing<SizedSegment> = Listing {
    fields: &["name", "companies", "where"],
    values,
    columns: &[("segment", Align::Left), ("companies", Align::Right), ("where", Align::Left)],
    cells,
    when_empty: "no segments yet; `signals segment add NAME --where EXPRESSION` makes one",
};

fn values(row: &SizedSegment) -> Vec<Value<'_>> {
    vec![(&row.segment.name).into(), row.companies.into(), (&row.segment.condition).into()]
}

fn cells(row: &SizedSegment) -> Vec<(String, Tone)> {
    vec![
        plain(&row.segment.name),
        plain(render::thousands(row.companies)),
        plain(&row.segment.condition),
    ]
}
