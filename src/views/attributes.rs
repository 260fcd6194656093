//! The list of attributes, and their values in words.

use super::{Column, Field, Listing, RecordFields, or_dash, plain};
use crate::domain::attributes::{Attribute, Datum};
use crate::domain::fact_kinds::AttributeType;
use crate::render::{self, Align};
use crate::store::Known;

pub(crate) struct AttributeRow {
    name: String,
    group: String,
    kind: Option<String>,
    unit: Option<String>,
    help: String,
}

impl AttributeRow {
    pub(crate) fn of(known: Known<'_>) -> Self {
        let (group, help) = match known {
            Known::BuiltIn(Attribute { group, help, .. }) => (group.as_str(), (*help).to_owned()),
            Known::Own(..) => ("own column", "a column of the companies' file".to_owned()),
            Known::Metric(metric) => ("metric", metric.definition.to_string()),
        };
        AttributeRow {
            name: known.name().to_owned(),
            group: group.to_owned(),
            kind: known.kind().map(|kind| kind.to_string()),
            unit: Some(known.unit().to_owned()).filter(|unit| !unit.is_empty()),
            help,
        }
    }
}

pub(crate) const ATTRIBUTES: Listing<AttributeRow> = Listing {
    fields: RecordFields::Each(&[
        Field::new("name", |row| (&row.name).into()),
        Field::new("group", |row| (&row.group).into()),
        Field::new("type", |row| row.kind.as_ref().into()),
        Field::new("unit", |row| row.unit.as_ref().into()),
        Field::new("help", |row| (&row.help).into()),
    ]),
    columns: &[
        Column::left("attribute", |row| plain(&row.name)),
        Column::left("group", |row| plain(&row.group)),
        Column::left("type", |row| plain(or_dash(row.kind.as_ref()))),
        Column::left("unit", |row| plain(or_dash(row.unit.as_ref()))),
        Column::left("what it says", |row| plain(&row.help)),
    ],
    when_empty: "no attributes",
};

/// How to align the values of an attribute.
pub(crate) fn align(known: Known<'_>) -> Align {
    match known.kind() {
        Some(AttributeType::Number) | None => Align::Right,
        Some(AttributeType::Date | AttributeType::Text) => Align::Left,
    }
}

/// A value for people: money with cents, scores and other fractions with one decimal, quantities
/// with thousands separators. A number in a custom column may not be a quantity, so it is shown as
/// it is.
pub(crate) fn text(known: Known<'_>, value: &Datum) -> String {
    match value {
        Datum::Number(number) if known.unit() == "money" => render::money(*number),
        Datum::Number(number) => format!("{number:.1}"),
        Datum::Score(score) => render::score(*score),
        Datum::Whole(number) if !matches!(known, Known::Own(..)) && *number >= 1000 => {
            render::thousands(number.unsigned_abs())
        }
        Datum::Null => "-".to_owned(),
        other => other.text().unwrap_or_default().into_owned(),
    }
}
