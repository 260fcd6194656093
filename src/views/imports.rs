//! The list of imports.

use super::{Column, Field, Listing, RecordFields, minute, or_dash, plain};
use crate::render;
use crate::store::ImportRecord;

pub(crate) const IMPORTS: Listing<ImportRecord> = Listing {
    fields: RecordFields::Each(&[
        Field::new("id", |import| import.id.into()),
        Field::new("file", |import| (&import.file).into()),
        Field::new("kind", |import| (&import.kind).into()),
        Field::new("started_at", |import| import.started_at.into()),
        Field::new("finished_at", |import| import.finished_at.into()),
        Field::new("rows_read", |import| import.rows_read.into()),
        Field::new("rows_new", |import| import.rows_new.into()),
        Field::new("rows_known", |import| import.rows_known.into()),
        Field::new("rows_rejected", |import| import.rows_rejected.into()),
        Field::new("companies_made", |import| import.companies_made.into()),
        Field::new("first_day", |import| import.first_day.into()),
        Field::new("last_day", |import| import.last_day.into()),
        Field::new("undone_at", |import| import.undone_at.into()),
    ]),
    columns: &[
        Column::right("id", |import| plain(import.id)),
        Column::left("finished at", |import| plain(minute(import.finished_at))),
        Column::left("kind", |import| plain(&import.kind)),
        Column::left("file", |import| plain(&import.file)),
        Column::right("read", |import| plain(render::thousands(import.rows_read))),
        Column::right("new", |import| plain(render::thousands(import.rows_new))),
        Column::right("known", |import| plain(render::thousands(import.rows_known))),
        Column::right("rejected", |import| plain(render::thousands(import.rows_rejected))),
        Column::left("first day", |import| plain(or_dash(import.first_day))),
        Column::left("last day", |import| plain(or_dash(import.last_day))),
        Column::left("undone at", |import| plain(or_dash(import.undone_at.map(minute)))),
    ],
    when_empty: "nothing was imported yet",
};
