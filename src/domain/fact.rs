//! Kinds of facts that are declared field by field: imports and the database read and write them
//! without further code.

use super::company::CompanyKey;
use super::day::{Day, Instant};

/// A point in time and its day in the time zone of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct When {
    pub at: Instant,
    pub on: Day,
}

/// When two rows of a kind are the same fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FactIdentity {
    /// When they have the same value in this column, which files and the table share.
    Id(&'static str),
    /// When they have the same id; rows without one, when all columns are equal.
    IdIfAny(&'static str),
    /// When all columns are equal.
    Columns,
}

impl FactIdentity {
    /// The id column.
    pub(crate) fn column(self) -> Option<&'static str> {
        match self {
            FactIdentity::Id(column) | FactIdentity::IdIfAny(column) => Some(column),
            FactIdentity::Columns => None,
        }
    }
}

/// The properties of a declared kind besides its fields.
#[derive(Debug)]
pub(crate) struct FactShape {
    /// The name of the kind in `columns.toml`.
    pub kind: &'static str,
    pub table: &'static str,
    pub identity: FactIdentity,
    /// Whether a row creates its company if that is unknown; otherwise such a row is rejected.
    pub creates_companies: bool,
    /// The field with the day on which a fact counts, for the period that a file covers.
    pub day: Option<&'static str>,
    /// The columns that a company's facts are sorted by, each with whether the newest comes first.
    pub order: &'static [(&'static str, bool)],
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum FieldValue {
    Text(Option<String>),
    Whole(Option<i64>),
    Money(Option<f64>),
    Day(Option<Day>),
    When(Option<When>),
}

/// A field of a declared kind.
#[derive(Debug, Clone)]
pub(crate) struct FieldColumn {
    /// The column in files.
    pub name: &'static str,
    /// The column in the table. Instants have two: one that ends in `_at`, and their day in `_on`.
    pub stored: &'static str,
    /// The unknown value of the field's type.
    pub unknown: FieldValue,
}

/// A source of field values: a row of a file or of the database.
pub(crate) trait Fields {
    type Error;

    /// The value of a field, in the variant of `column.unknown`.
    fn value(&self, column: &FieldColumn) -> Result<FieldValue, Self::Error>;

    /// The error for a required field without a value.
    fn lacking(&self, column: &FieldColumn) -> Self::Error;
}

/// A kind of facts that is declared with the macro `declared`.
pub(crate) trait Declared: Sized {
    const SHAPE: FactShape;
    const COLUMNS: &'static [FieldColumn];

    fn company(&self) -> CompanyKey;

    /// The values of [`Declared::COLUMNS`].
    fn values(&self) -> Vec<FieldValue>;

    fn of<F: Fields>(company: CompanyKey, fields: &F) -> Result<Self, F::Error>;

    /// The day on which the fact counts.
    fn day(&self) -> Option<Day> {
        let name = Self::SHAPE.day?;
        let place = Self::COLUMNS.iter().position(|column| column.name == name)?;
        match self.values().swap_remove(place) {
            FieldValue::Day(day) => day,
            FieldValue::When(when) => when.map(|when| when.on),
            _ => None,
        }
    }
}

/// The type of a field.
pub(crate) trait FactField: Sized {
    const UNKNOWN: FieldValue;

    /// `None` if the field is required and has no value.
    fn read(value: FieldValue) -> Option<Self>;

    fn value(&self) -> FieldValue;
}

macro_rules! field {
    ($type:ty, $variant:ident) => {
        impl FactField for $type {
            const UNKNOWN: FieldValue = FieldValue::$variant(None);

            fn read(value: FieldValue) -> Option<Self> {
                match value {
                    FieldValue::$variant(value) => value,
                    _ => None,
                }
            }

            fn value(&self) -> FieldValue {
                FieldValue::$variant(Some(self.clone()))
            }
        }

        impl FactField for Option<$type> {
            const UNKNOWN: FieldValue = FieldValue::$variant(None);

            fn read(value: FieldValue) -> Option<Self> {
                match value {
                    FieldValue::$variant(value) => Some(value),
                    _ => None,
                }
            }

            fn value(&self) -> FieldValue {
                FieldValue::$variant(self.clone())
            }
        }
    };
}
field!(String, Text);
field!(i64, Whole);
field!(f64, Money);
field!(Day, Day);
field!(When, When);

/// Declares a kind of facts: its shape, and its fields with their columns.
macro_rules! declared {
    (
        $shape:expr;
        $(#[$meta:meta])*
        $type:ident {
            $($(#[$field_meta:meta])* $field:ident: $field_type:ty = $name:literal, $stored:literal;)+
        }
    ) => {
        $(#[$meta])*
        pub(crate) struct $type {
            pub company: CompanyKey,
            $($(#[$field_meta])* pub $field: $field_type,)+
        }

        impl $crate::domain::fact::Declared for $type {
            const SHAPE: $crate::domain::fact::FactShape = $shape;
            const COLUMNS: &'static [$crate::domain::fact::FieldColumn] = &[$(
                $crate::domain::fact::FieldColumn {
                    name: $name,
                    stored: $stored,
                    unknown: <$field_type as $crate::domain::fact::FactField>::UNKNOWN,
                },
            )+];

            fn company(&self) -> CompanyKey {
                self.company
            }

            fn values(&self) -> Vec<$crate::domain::fact::FieldValue> {
                vec![$($crate::domain::fact::FactField::value(&self.$field)),+]
            }

            fn of<F: $crate::domain::fact::Fields>(
                company: CompanyKey,
                fields: &F,
            ) -> Result<Self, F::Error> {
                $(let $field = {
                    let column = $crate::domain::fact::FieldColumn {
                        name: $name,
                        stored: $stored,
                        unknown: <$field_type as $crate::domain::fact::FactField>::UNKNOWN,
                    };
                    let value = fields.value(&column)?;
                    $crate::domain::fact::FactField::read(value)
                        .ok_or_else(|| fields.lacking(&column))?
                };)+
                Ok($type { company, $($field),+ })
            }
        }
    };
}
pub(crate) use declared;
