//! The list of attributes, and their values in words.

use super::{Column, Field, Listing, RecordFields, or_dash, plain};
use crate::domain::attributes::{Attribute, Datum};
use crate::domain::facts::AttributeType;
use crate::render::{self, Align};
use crate::store::Known;

pub(crate) struct AttributeRow {
    name: String,
    group: String,
    kind: String,
    unit: String,
    help: String,
}

impl AttributeRow {
    pub(crate) fn of(known: Known<'_>) -> Self {
        let (group, help) = match known {
            Known::BuiltIn(Attribute { group, help, .. }) => {
                (group.to_string(), (*help).to_owned())
            }
            Known::Own(..) => {
                ("own column".to_owned(), "a column of the companies' file".to_owned())
            }
            Known::Metric(metric) => ("metric".to_owned(), metric.definition.to_string()),
        };
        AttributeRow {
            name: known.name().to_owned(),
            group,
            kind: known.kind().map_or_else(String::new, |kind| kind.to_string()),
            unit: known.unit().to_owned(),
            help,
        }
    }
}

pub(crate) const ATTRIBUTES: Listing<AttributeRow> = Listing {
    fields: RecordFields::Each(&[
        Field::new("name", |row| known(&row.name).into()),
        Field::new("group", |row| known(&row.group).into()),
        Field::new("type", |row| known(&row.kind).into()),
        Field::new("unit", |row| known(&row.unit).into()),
        Field::new("help", |row| known(&row.help).into()),
    ]),
    columns: &[
        Column::left("attribute", |row| plain(or_dash(known(&row.name)))),
        Column::left("group", |row| plain(or_dash(known(&row.group)))),
        Column::left("type", |row| plain(or_dash(known(&row.kind)))),
        Column::left("unit", |row| plain(or_dash(known(&row.unit)))),
        Column::left("what it says", |row| plain(or_dash(known(&row.help)))),
    ],
    when_empty: "no attributes",
};

fn known(text: &String) -> Option<&String> {
    Some(text).filter(|text| !text.is_empty())
}

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
