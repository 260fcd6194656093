//! The tags of a company.

use super::{Listing, plain};
use crate::render::{Align, Tone, Value};
use crate::store::TagRecord;

pub(crate) const TAGS: Listing<TagRecord> = Listing {
    fields: &["tag", "added_on", "added_at", "added_by"],
    values,
    columns: &[("tag", Align::Left), ("since", Align::Left), ("by", Align::Left)],
    cells,
    when_empty: "no tags",
};

fn values(record: &TagRecord) -> Vec<Value<'_>> {
    let added = &record.added;
    vec![(&record.tag).into(), added.day.into(), added.at.into(), (&added.by).into()]
}

fn cells(record: &TagRecord) -> Vec<(String, Tone)> {
    vec![plain(&record.tag), plain(record.added.day), plain(&record.added.by)]
}
