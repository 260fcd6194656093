//! Declared kinds: their fields are read from the columns of the same names.

use anyhow::{Result, anyhow};

use super::{FactLoad, LoadRows, LoadableFact, load};
use crate::domain::day::Day;
use crate::domain::fact::{Declared, FactIdentity, FieldColumn, FieldValue, Fields};
use crate::domain::fact_kinds::each_declared;
use crate::import::FactRow;
use crate::load::{RowResult, cells};

macro_rules! kinds {
    ($($type:ty),+) => {
        $(impl LoadableFact for $type {
            /// The fields as text.
            type Identity = String;

            const IS_ONE_ROW_AN_ID: bool =
                matches!(<$type as Declared>::SHAPE.identity, FactIdentity::Id(_));

            fn of_row(
                row: &FactRow<'_>,
                stored: Option<Self>,
                facts: &mut FactLoad<'_>,
            ) -> RowResult<Self> {
                of_row(row, stored, facts)
            }

            fn identity(&self) -> String {
                format!("{} {:?}", self.company.0, self.values())
            }

            fn day(&self) -> Option<Day> {
                Declared::day(self)
            }
        })+

        /// How to load rows of a declared kind.
        pub(super) fn loader(kind: &str) -> Option<LoadRows> {
            $(if kind == <$type as Declared>::SHAPE.kind {
                return Some(load::<$type>);
            })+
            None
        }
    };
}
each_declared!(kinds);

fn of_row<D: Declared>(
    row: &FactRow<'_>,
    stored: Option<D>,
    facts: &mut FactLoad<'_>,
) -> RowResult<D> {
    let company = match D::SHAPE.creates_companies {
        true => facts.company(row)?,
        false => facts.known_company(row)?,
    };
    let stored = stored.map(|stored| stored.values()).unwrap_or_default();
    let stored = D::COLUMNS.iter().map(|column| column.name).zip(stored).collect();
    Ok(D::of(company, &RowFields { row, stored })?)
}

/// The cells of a row, or the stored values where the file does not have the column.
struct RowFields<'r, 'a> {
    row: &'r FactRow<'a>,
    stored: Vec<(&'static str, FieldValue)>,
}

impl Fields for RowFields<'_, '_> {
    type Error = anyhow::Error;

    fn value(&self, column: &FieldColumn) -> Result<FieldValue> {
        let stored = self.stored.iter().find(|(name, _)| *name == column.name);
        let mut value = stored.map_or_else(|| column.unknown.clone(), |(_, value)| value.clone());
        match &mut value {
            FieldValue::Text(text) => cells::update(self.row, column.name, text),
            FieldValue::Whole(number) => cells::update(self.row, column.name, number),
            FieldValue::Money(amount) => cells::update(self.row, column.name, amount),
            FieldValue::Day(day) => cells::update(self.row, column.name, day),
            FieldValue::When(when) => cells::update(self.row, column.name, when),
        }
        Ok(value)
    }

    fn lacking(&self, column: &FieldColumn) -> anyhow::Error {
        anyhow!(cells::lacking(self.row, column.name))
    }
}
