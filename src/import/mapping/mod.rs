//! Header -> kind and columns.
//!
//! A wrong guess here would fill the database with plausible nonsense. So a column is used only if
//! its name is unambiguous, and a kind only if no other is possible. Anything ambiguous is refused,
//! and the error says which option decides it.

mod kind;
mod lookup;
mod matches;
mod rest;

use self::kind::kind_of;
use self::matches::Matches;
use self::rest::{notes_on_namesakes, numbers_and_rest, refuse_events, the_rest};
use super::amounts::{DecimalMark, NumberStyle};
use super::attributes::OWN_PREFIX;
use super::catalogue::{CellType, Column, FactKind, Product, catalogue};
use super::cells::content;
use super::header::Header;
use super::spelling::folded;
use super::times::{ColumnZone, has_time_of_day};
use crate::domain::EVENTS;
use crate::domain::similar_names::nearest;
use crate::error::{CommandError, refused, usage};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The index in the file, from 0.
    pub index: usize,
    /// The name in the file.
    pub header: String,
    /// The zone of times without an offset, if its name or the product says so.
    pub zone: Option<ColumnZone>,
}

impl Place {
    fn of(index: usize, header: &Header) -> Place {
        Place { index, header: header.names[index].clone(), zone: header.zones[index] }
    }
}

/// A column of the file that is read as a column of the kind.
#[derive(Debug, Clone)]
pub(crate) struct Mapped {
    /// The column of the kind.
    pub column: &'static Column,
    /// The index in the file, from 0.
    pub index: usize,
    /// The name in the file.
    pub header: String,
    /// The zone of times without an offset, if its name or the product says so.
    pub zone: Option<ColumnZone>,
    /// The columns in which blank cells are looked up, in order.
    pub otherwise: Vec<Place>,
    /// The column with the year, if this one has the month of a date.
    pub year: Option<Place>,
    /// How to read its amounts and whole numbers.
    pub numbers: NumberStyle,
    /// Whether its cells are days and not times.
    pub holds_days: bool,
}

/// A column of the file that becomes a custom attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Custom {
    pub name: String,
    /// The index in the file, from 0.
    pub index: usize,
    /// The name in the file.
    pub header: String,
    /// How to read its cells, if all of them are numbers and some have a currency, a sign or
    /// groups.
    pub numbers: Option<NumberStyle>,
}

/// Whether a column holds amounts or whole numbers.
fn has_numbers(mapped: &Mapped) -> bool {
    matches!(mapped.column.cell, CellType::Money | CellType::Count | CellType::Whole { .. })
}

/// How each column of a file is read.
#[derive(Debug, Clone)]
pub(crate) struct Mapping {
    pub kind: &'static FactKind,
    /// The product that exported the file, if the header shows it.
    pub product: Option<&'static Product>,
    /// The columns that are read, in the order of the kind.
    pub columns: Vec<Mapped>,
    /// The columns that become custom attributes, in the order of the file.
    pub custom: Vec<Custom>,
    /// In the wide form, the columns of counts, in the order of the file.
    pub wide: Vec<Place>,
    /// How to read these.
    pub wide_numbers: NumberStyle,
    /// The column that decides which row of an id is the latest.
    pub latest: Option<Place>,
    /// Whether it also orders rows of different files.
    pub orders_files: bool,
    /// The names of ignored columns.
    pub ignored: Vec<String>,
    /// Notes for the user about these decisions, one line each.
    pub notes: Vec<String>,
}

/// What is known about a file before its rows are read.
#[derive(Clone, Copy)]
pub(crate) struct Head<'h> {
    pub file: &'h str,
    pub header: &'h Header,
    /// The fields of its first rows.
    pub sample: &'h [Vec<String>],
}

impl Mapping {
    /// Decides what the columns of a file are. `overrides` are pairs of a column of the kind and a
    /// name in the file, from `--map`; an empty name means that the file does not have the column.
    ///
    /// # Errors
    /// A header that could be of several kinds, lacks a required column, or has two candidates for
    /// one. A column that the kind does not have is a usage error.
    pub(crate) fn decide(
        head: Head<'_>,
        kind: Option<&'static FactKind>,
        overrides: &[(String, String)],
    ) -> Result<Mapping, CommandError> {
        let product = product_of(head.header, kind);
        let kind = match (kind, product) {
            (Some(kind), _) => kind,
            (None, Some(product)) => FactKind::named(&product.kind)?,
            (None, None) => kind_of(head, overrides).or_else(|unknown| {
                refuse_absent_headers(head, overrides)?;
                Err(unknown)
            })?,
        };
        let matches = Matches::find(kind, head.header, product, overrides, Some(head.sample));
        check_overrides(head, kind, overrides)?;
        matches.refuse_twice(head)?;
        matches.refuse_clashes(head)?;
        matches.refuse_missing(head, overrides)?;
        let columns = matches.mapped(head.header);
        let latest_of_product =
            product.and_then(|product| latest_of(&product.latest_by, head.header));
        let orders_files = latest_of_product.is_some();
        let latest = latest_of_product.or_else(|| latest_of(&kind.latest_by, head.header));
        let (custom, mut ignored) = the_rest(head, kind, product, &columns)?;
        refuse_events(head, &custom)?;
        ignored.retain(|header| latest.as_ref().is_none_or(|place| place.header != *header));
        let notes = notes_on_namesakes(head.header, &mut ignored);
        let rest = Mapping::of(kind, columns);
        Ok(Mapping { product, custom, latest, orders_files, ignored, notes, ..rest })
    }

    fn of(kind: &'static FactKind, columns: Vec<Mapped>) -> Self {
        Mapping {
            kind,
            product: None,
            columns,
            custom: Vec::new(),
            wide: Vec::new(),
            wide_numbers: NumberStyle::default(),
            latest: None,
            orders_files: false,
            ignored: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The same for the wide form of events: a row for each company and day, a column of counts for
    /// each event.
    ///
    /// # Errors
    /// As [`Mapping::decide`]; no column of numbers.
    pub(crate) fn decide_wide(
        head: Head<'_>,
        overrides: &[(String, String)],
    ) -> Result<Mapping, CommandError> {
        let kind = FactKind::named(EVENTS)?;
        let mut overrides = overrides.to_vec();
        for name in NOT_IN_WIDE {
            if overrides
                .iter()
                .any(|(column, header)| folded(column) == folded(name) && !header.is_empty())
            {
                return Err(usage(format!(
                    "--map {name}: with --wide every column of numbers is an event"
                )));
            }
            overrides.push((name.to_owned(), String::new()));
        }
        let matches = Matches::find(kind, head.header, None, &overrides, None);
        check_overrides(head, kind, &overrides)?;
        matches.refuse_twice(head)?;
        matches.refuse_clashes(head)?;
        matches.refuse_lacking(head, matches.lacks_but(NOT_IN_WIDE), None)?;
        let mut columns = matches.mapped(head.header);
        columns.iter_mut().for_each(|mapped| mapped.holds_days |= shows_days(mapped, head));
        let (wide, mut ignored) = numbers_and_rest(head, &columns)?;
        let notes = notes_on_namesakes(head.header, &mut ignored);
        Ok(Mapping { wide, ignored, notes, ..Mapping::of(kind, columns) })
    }

    /// Decides how to read numbers, from the first rows. `said` is the value of `--decimal`.
    pub(crate) fn decide_numbers(
        &mut self,
        rows: &[Vec<String>],
        said: Option<DecimalMark>,
        is_semicolon: bool,
    ) {
        let cells =
            |index: usize| rows.iter().filter_map(move |row| row.get(index).map(String::as_str));
        let mut notes = Vec::new();
        for mapped in self.columns.iter_mut().filter(|mapped| has_numbers(mapped)) {
            let decided = NumberStyle::decide(cells(mapped.index), said, is_semicolon);
            mapped.numbers = decided.style;
            notes.extend(decided.note(&mapped.header));
        }
        let of_events = self.wide.iter().flat_map(|place| cells(place.index));
        let decided = NumberStyle::decide(of_events, said, is_semicolon);
        self.wide_numbers = decided.style;
        notes.extend(decided.note("columns of events"));
        for custom in &mut self.custom {
            let decided = NumberStyle::decide(cells(custom.index), said, is_semicolon);
            if decided.is_dressed {
                custom.numbers = Some(decided.style);
                notes.extend(decided.note(&custom.header));
            }
        }
        self.notes.append(&mut notes);
    }

    /// Whether any column is affected by [`Mapping::decide_numbers`].
    pub(crate) fn has_numbers(&self) -> bool {
        !self.custom.is_empty() || !self.wide.is_empty() || self.columns.iter().any(has_numbers)
    }

    /// Whether a column at or after this index is read.
    pub(crate) fn reads_from(&self, first: usize) -> bool {
        let mapped = self.columns.iter().flat_map(|mapped| {
            let more = mapped.otherwise.iter().chain(&mapped.year).map(|place| place.index);
            std::iter::once(mapped.index).chain(more)
        });
        let places = self.wide.iter().chain(&self.latest).map(|place| place.index);
        let custom = self.custom.iter().map(|custom| custom.index);
        mapped.chain(places).chain(custom).any(|index| index >= first)
    }

    /// The names of columns of the kind that the file lacks, folded, with the column.
    pub(crate) fn names_of_lacking_columns(
        &self,
    ) -> impl Iterator<Item = (String, &'static str)> + use<'_> {
        let lacks = |column: &&Column| self.get(&column.name).is_none();
        self.kind.columns.iter().filter(lacks).flat_map(|column| {
            let from = self.product.and_then(|product| product.column(&column.name));
            let of_product = from.map(|from| from.names(column)).unwrap_or_default();
            let is_general = self.product.is_none_or(|product| !product.only);
            let names = of_product.into_iter().chain(column.names().filter(move |_| is_general));
            names.map(|name| (name, column.name.as_str()))
        })
    }

    /// Renames the custom attributes that metrics have the names of: these names refer to the
    /// metrics.
    pub(crate) fn give_way(&mut self, metrics: &[String]) {
        for custom in &mut self.custom {
            if metrics.iter().any(|metric| metric.eq_ignore_ascii_case(&custom.name)) {
                custom.name.insert_str(0, OWN_PREFIX);
            }
        }
    }

    /// The column with that name, if the file has it.
    pub(crate) fn get(&self, name: &str) -> Option<&Mapped> {
        self.columns.iter().find(|mapped| mapped.column.name == name)
    }
}

/// Whether a column of times shows nothing but days, as in a file with a row for each company and
/// day.
fn shows_days(mapped: &Mapped, head: Head<'_>) -> bool {
    let mut cells = head.sample.iter().filter_map(|row| content(row.get(mapped.index)?));
    mapped.column.cell == CellType::Past && !cells.any(has_time_of_day)
}

/// Columns of events that the wide form does not have: the header is the event, the cells are
/// counts.
const NOT_IN_WIDE: [&str; 3] = ["event", "event_id", "count"];

/// The product that exported a file with this header. `kind`: the kind that the user gave.
pub(crate) fn product_of(header: &Header, kind: Option<&FactKind>) -> Option<&'static Product> {
    let has = |name: &String| header.find(name).is_some();
    let fits = |product: &&Product| {
        kind.is_none_or(|kind| kind.name == product.kind)
            && product.signature.iter().all(has)
            && !product.without.iter().any(has)
    };
    // Of equal signatures, the first in the catalogue wins.
    catalogue().products.iter().rev().filter(fits).max_by_key(|product| product.signature.len())
}

fn latest_of(names: &[String], header: &Header) -> Option<Place> {
    let place = names.iter().find_map(|name| header.find(name));
    place.map(|index| Place::of(index, header))
}

fn check_overrides(
    head: Head<'_>,
    kind: &FactKind,
    overrides: &[(String, String)],
) -> Result<(), CommandError> {
    for (column, _) in overrides {
        if kind.column(column).is_none() {
            let names: Vec<&str> = kind.columns.iter().map(|column| column.name.as_str()).collect();
            return Err(usage(format!("--map {column}: {} have no such column", kind.name))
                .hint(format!("the columns are {}", names.join(", "))));
        }
    }
    refuse_absent_headers(head, overrides)
}

/// Refuses a file without a column that is mapped by hand.
fn refuse_absent_headers(
    Head { file, header, .. }: Head<'_>,
    overrides: &[(String, String)],
) -> Result<(), CommandError> {
    let is_absent = |name: &str| !name.trim().is_empty() && header.position(name).is_none();
    let Some((column, name)) = overrides.iter().find(|(_, name)| is_absent(name)) else {
        return Ok(());
    };
    let near = nearest(name, header.names.iter().cloned());
    let near = near.map(|near| format!(" (nearest: '{near}')")).unwrap_or_default();
    let message = format!("{file}:{}: no column '{name}' for --map {column}{near}", header.line);
    Err(refused(message).hint(format!("the file has: {}", header.names.join(", "))))
}
