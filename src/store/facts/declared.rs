//! The tables of declared kinds, derived from their fields.

use std::borrow::Cow;

use rusqlite::Row;
use rusqlite::types::Value;

use super::{Fact, FactTable, value};
use crate::domain::fact::When;
use crate::domain::fact::{Declared, FieldColumn, FieldValue, Fields};
use crate::domain::fact_kinds::each_declared;

macro_rules! facts {
    ($($type:ty),+) => {
        $(impl Fact for $type {
            fn table() -> FactTable {
                table::<$type>()
            }

            fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
                <$type as Declared>::of(row.get("company")?, &StoredFields(row))
            }

            fn values(&self) -> rusqlite::Result<Vec<Value>> {
                values(self)
            }
        })+

        pub(super) fn tables() -> Vec<FactTable> {
            vec![$(table::<$type>()),+]
        }
    };
}
each_declared!(facts);

fn table<D: Declared>() -> FactTable {
    let mut columns = vec![Cow::Borrowed("company")];
    for column in D::COLUMNS {
        columns.push(Cow::Borrowed(column.stored));
        if is_instant(column) {
            columns.push(Cow::Owned(day_column(column)));
        }
    }
    let order = D::SHAPE.order.iter().map(|(column, newest_first)| {
        format!("{column}{}", if *newest_first { " DESC" } else { "" })
    });
    FactTable {
        name: D::SHAPE.table,
        identity: D::SHAPE.identity,
        columns,
        select: "f.*",
        details: None,
        order: Cow::Owned(order.collect::<Vec<_>>().join(", ")),
    }
}

/// The values of the columns of [`table`].
fn values(fact: &impl Declared) -> rusqlite::Result<Vec<Value>> {
    let mut values = vec![value(fact.company())?];
    for field in fact.values() {
        match field {
            FieldValue::Text(text) => values.push(value(text)?),
            FieldValue::Whole(number) => values.push(value(number)?),
            FieldValue::Money(amount) => values.push(value(amount)?),
            FieldValue::Day(day) => values.push(value(day)?),
            FieldValue::When(when) => {
                values.push(value(when.map(|when| when.at))?);
                values.push(value(when.map(|when| when.on))?);
            }
        }
    }
    Ok(values)
}

struct StoredFields<'r, 's>(&'r Row<'s>);

impl Fields for StoredFields<'_, '_> {
    type Error = rusqlite::Error;

    fn value(&self, column: &FieldColumn) -> rusqlite::Result<FieldValue> {
        let row = self.0;
        Ok(match column.unknown {
            FieldValue::Text(_) => FieldValue::Text(row.get(column.stored)?),
            FieldValue::Whole(_) => FieldValue::Whole(row.get(column.stored)?),
            FieldValue::Money(_) => FieldValue::Money(row.get(column.stored)?),
            FieldValue::Day(_) => FieldValue::Day(row.get(column.stored)?),
            FieldValue::When(_) => {
                let at: Option<_> = row.get(column.stored)?;
                let on: Option<_> = row.get(day_column(column).as_str())?;
                FieldValue::When(at.zip(on).map(|(at, on)| When { at, on }))
            }
        })
    }

    fn lacking(&self, column: &FieldColumn) -> rusqlite::Error {
        rusqlite::Error::InvalidColumnName(column.stored.to_owned())
    }
}

fn is_instant(column: &FieldColumn) -> bool {
    matches!(column.unknown, FieldValue::When(_))
}

/// The column with the day of an instant.
fn day_column(column: &FieldColumn) -> String {
    format!("{}_on", column.stored.trim_end_matches("_at"))
}
