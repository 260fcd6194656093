//! How domain values are written to columns and read from them.

use std::str::FromStr;

use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::domain::channel::Channel;
use crate::domain::company::CompanyKey;
use crate::domain::day::{Day, Instant};
use crate::domain::fact_kinds::AttributeType;
use crate::domain::metric::MetricMeasure;
use crate::domain::notify::{Purpose, Why};
use crate::domain::outage::WithholdingCause;
use crate::domain::pulse::Level;
use crate::domain::reason::{ReasonCode, ReasonKind};
use crate::domain::signal::{Action, Outcome, SignalId, SignalType};
use crate::domain::task::{Owner, TaskAction, TaskId};
use crate::domain::trend::SpreadBasis;

/// Reads the columns of a row in sequence. For a row of thirty columns that is read a million
/// times, looking up each column by name takes longer than everything else.
pub(super) struct ColumnReader<'r, 's> {
    row: &'r Row<'s>,
    place: usize,
}

impl<'r, 's> ColumnReader<'r, 's> {
    /// Starts at the first column.
    pub(super) fn of(row: &'r Row<'s>) -> Self {
        ColumnReader::at(row, 0)
    }

    /// Starts at this column, from 0.
    pub(super) fn at(row: &'r Row<'s>, place: usize) -> Self {
        ColumnReader { row, place }
    }

    /// The next column.
    ///
    /// # Errors
    /// A value of another type.
    pub(super) fn next<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        self.place += 1;
        self.row.get(self.place - 1)
    }
}

/// Reads a row into a struct: each field from the column of its name, and others as they are given.
macro_rules! read_fields {
    ($row:ident => $type:ident: $($field:ident),+ $(; $other:ident = $value:expr)*) => {
        Ok($type { $($field: $row.get(stringify!($field))?,)+ $($other: $value),* })
    };
}
pub(super) use read_fields;

/// Binds fields of a struct to the parameters of their names, and other values to theirs.
macro_rules! bind_fields {
    ($of:ident: $($field:ident),+ $(; $other:ident = $value:expr)*) => {
        &[
            $((concat!(":", stringify!($field)), &$of.$field as &dyn rusqlite::ToSql),)+
            $((concat!(":", stringify!($other)), &$value as &dyn rusqlite::ToSql)),*
        ] as &[(&str, &dyn rusqlite::ToSql)]
    };
}
pub(super) use bind_fields;

fn read<T: FromStr>(value: ValueRef<'_>) -> FromSqlResult<T> {
    value.as_str()?.parse().map_err(|_| FromSqlError::InvalidType)
}

macro_rules! stored_as_text {
    ($($type:ty),+) => {$(
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::from(self.to_string()))
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                read(value)
            }
        }
    )+};
}

stored_as_text!(
    Day,
    Instant,
    SignalType,
    Action,
    Outcome,
    SpreadBasis,
    AttributeType,
    MetricMeasure,
    ReasonCode,
    ReasonKind,
    TaskAction,
    Channel,
    Purpose,
    Why,
    WithholdingCause
);

impl ToSql for Level {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.number()))
    }
}

impl FromSql for Level {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Level::of_number(value.as_i64()?).ok_or(FromSqlError::InvalidType)
    }
}

macro_rules! stored_as_number {
    ($($type:ident),+) => {$(
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::from(self.0))
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                FromSql::column_result(value).map($type)
            }
        }
    )+};
}

stored_as_number!(CompanyKey, SignalId, TaskId);

impl FromSql for Owner {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        String::column_result(value).map(Owner::from)
    }
}
