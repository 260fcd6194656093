//! The tags of a company.

use super::{Column, Field, Listing, RecordFields, plain};

use crate::store::TagRecord;

pub(crate) const TAGS: Listing<TagRecord> = Listing {
    fields: RecordFields::Each(&[
        Field::new("tag", |record| (&record.tag).into()),
        Field::new("added_on", |record| record.added.day.into()),
        Field::new("added_at", |record| record.added.at.into()),
        Field::new("added_by", |record| (&record.added.by).into()),
    ]),
    columns: &[
        Column::left("tag", |record| plain(&record.tag)),
        Column::left("since", |record| plain(record.added.day)),
        Column::left("by", |record| plain(&record.added.by)),
    ],
    when_empty: "no tags",
};
