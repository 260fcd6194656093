//! The list of attributes, and their values in words.

use super::{Listing, plain};
use crate::domain::attributes::{Attribute, Datum};
use crate::domain::facts::AttributeType;
use crate::render::{self, Align, Tone, Value};
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
    fields: &["name", "group", "type", "unit", "help"],
    values,
    columns: &[
        ("attribute", Align::Left),
        ("group", Align::Left),
        ("type", Align::Left),
        ("unit", Align::Left),
        ("what it says", Align::Left),
    ],
    cells,
    when_empty: "no attributes",
};

fn texts(row: &AttributeRow) -> [&String; 5] {
    [&row.name, &row.group, &row.kind, &row.unit, &row.help]
}

fn values(row: &AttributeRow) -> Vec<Value<'_>> {
    texts(row).map(|text| if text.is_empty() { Value::Null } else { text.into() }).into()
}

fn cells(row: &AttributeRow) -> Vec<(String, Tone)> {
    texts(row).map(|text| plain(if text.is_empty() { "-" } else { text })).into()
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
