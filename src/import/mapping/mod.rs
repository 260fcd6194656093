//! Header -> kind and columns.
//!
//! A wrong guess here would fill the database with nonsense that looks right, so a column is taken
//! only when its name leaves no doubt, and a kind only when no other could be meant. What is in
//! doubt is refused, and the refusal says which option settles it.

mod kind;
mod lookup;
mod matches;
mod rest;

use self::kind::kind_of;
use self::matches::Matches;
use self::rest::{notes_on_namesakes, numbers_and_rest, refuse_events, the_rest};
use super::amounts::{DecimalMark, NumberStyle};
use super::header::Header;
use super::kinds::{CellType, Column, FactKind, Product, catalogue};
use super::spelling::folded;
use super::times::ColumnZone;
use crate::domain::EVENTS;
use crate::domain::similar_names::nearest;
use crate::error::{CommandError, refused, usage};

/// A column of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its place in the file, from 0.
    pub index: usize,
    /// Its name in the file.
    pub header: String,
    /// The zone of times without an offset, where its name or the product says so.
    pub zone: Option<ColumnZone>,
}

impl Place {
    fn of(index: usize, header: &Header) -> Place {
        Place { index, header: header.names[index].clone(), zone: header.zones[index] }
    }
}

/// A column of the file that is read as one of ours.
#[derive(Debug, Clone)]
pub(crate) struct Mapped {
    /// Our column.
    pub column: &'static Column,
    /// Its place in the file, from 0.
    pub index: usize,
    /// Its name in the file.
    pub header: String,
    /// The zone of times without an offset, where its name or the product says so.
    pub zone: Option<ColumnZone>,
    /// The columns that are asked, one after the other, where the cell is blank.
    pub otherwise: Vec<Place>,
    /// The column with the year, where this one has the month, and the last day of that month is
    /// meant.
    pub year: Option<Place>,
    /// How the amounts in it are read.
    pub numbers: NumberStyle,
}

/// A column of the file that becomes a custom attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Custom {
    /// The name of the attribute.
    pub name: String,
    /// Its place in the file, from 0.
    pub index: usize,
    /// Its name in the file.
    pub header: String,
    /// How its cells are read, where all of them are numbers that wear a currency, a sign or
    /// groups.
    pub numbers: Option<NumberStyle>,
}

/// What each column of a file is read as.
#[derive(Debug, Clone)]
pub(crate) struct Mapping {
    pub kind: &'static FactKind,
    /// The product that the file comes from, when its header tells.
    pub product: Option<&'static str>,
    /// The columns that are read, in the order of the kind.
    pub columns: Vec<Mapped>,
    /// The columns that become custom attributes, in the order of the file.
    pub custom: Vec<Custom>,
    /// In the wide form, the columns that each count one event, in the order of the file.
    pub wide: Vec<Place>,
    /// The column by which of several rows of one id the latest counts.
    pub latest: Option<Place>,
    /// Whether that holds for rows of different files too.
    pub orders_files: bool,
    /// The names of the columns that are left out.
    pub ignored: Vec<String>,
    /// What the user should know of these choices; one line each.
    pub notes: Vec<String>,
}

/// What is known of a file before its rows are read.
#[derive(Clone, Copy)]
pub(crate) struct Head<'h> {
    /// The file, as messages name it.
    pub file: &'h str,
    /// The names of its columns.
    pub header: &'h Header,
    /// The fields of its first rows.
    pub sample: &'h [Vec<String>],
}

impl Mapping {
    /// Decides what the columns of a file are. `overrides` are pairs of our column and a name in
    /// the file, from `--map`; an empty name says that the file does not have the column.
    ///
    /// # Errors
    /// Refuses a header that could mean several kinds, lacks a required column, or has two
    /// candidates for one. A column that the kind does not have is a usage error.
    pub(crate) fn decide(
        head: Head<'_>,
        kind: Option<&'static FactKind>,
        overrides: &[(String, String)],
    ) -> Result<Mapping, CommandError> {
        let product = product_of(head.header, kind);
        let kind = match (kind, product) {
            (Some(kind), _) => kind,
            (None, Some(product)) => FactKind::named(&product.kind)?,
            (None, None) => kind_of(head, overrides)?,
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
        let product = product.map(|product| product.name.as_str());
        let (wide, notes) = (Vec::new(), notes_on_namesakes(head.header, &mut ignored));
        Ok(Mapping { kind, product, columns, custom, wide, latest, orders_files, ignored, notes })
    }

    /// Decides the same for the wide form of events: a row for a company and a day, a column of
    /// numbers for each event.
    ///
    /// # Errors
    /// As [`Mapping::decide`]; and when there is no column of numbers.
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
        let columns = matches.mapped(head.header);
        let (wide, mut ignored) = numbers_and_rest(head, &columns)?;
        let notes = notes_on_namesakes(head.header, &mut ignored);
        Ok(Mapping {
            kind,
            product: None,
            columns,
            custom: Vec::new(),
            wide,
            latest: None,
            orders_files: false,
            ignored,
            notes,
        })
    }

    /// Decides how the numbers are read, from the first rows. `said` is what `--decimal` says.
    pub(crate) fn decide_numbers(
        &mut self,
        rows: &[Vec<String>],
        said: Option<DecimalMark>,
        is_semicolon: bool,
    ) {
        let cells =
            |index: usize| rows.iter().filter_map(move |row| row.get(index).map(String::as_str));
        let amounts =
            self.columns.iter_mut().filter(|mapped| mapped.column.cell == CellType::Money);
        let mut notes = Vec::new();
        for mapped in amounts {
            let decided = NumberStyle::decide(cells(mapped.index), said, is_semicolon);
            mapped.numbers = decided.style;
            notes.extend(decided.note(&mapped.header));
        }
        for custom in &mut self.custom {
            let decided = NumberStyle::decide(cells(custom.index), said, is_semicolon);
            if decided.is_dressed {
                custom.numbers = Some(decided.style);
                notes.extend(decided.note(&custom.header));
            }
        }
        self.notes.append(&mut notes);
    }

    /// Whether any column is read as [`Mapping::decide_numbers`] says.
    pub(crate) fn has_numbers(&self) -> bool {
        let is_money = |mapped: &Mapped| mapped.column.cell == CellType::Money;
        !self.custom.is_empty() || self.columns.iter().any(is_money)
    }

    /// Whether a column at this place or behind it is read.
    pub(crate) fn reads_from(&self, first: usize) -> bool {
        let mapped = self.columns.iter().flat_map(|mapped| {
            let more = mapped.otherwise.iter().chain(&mapped.year).map(|place| place.index);
            std::iter::once(mapped.index).chain(more)
        });
        let places = self.wide.iter().chain(&self.latest).map(|place| place.index);
        let custom = self.custom.iter().map(|custom| custom.index);
        mapped.chain(places).chain(custom).any(|index| index >= first)
    }

    /// The column of that name, when the file has it.
    pub(crate) fn get(&self, name: &str) -> Option<&Mapped> {
        self.columns.iter().find(|mapped| mapped.column.name == name)
    }
}

/// Columns of events that the wide form does not have: the name of a column is the event, its cells
/// are the counts.
const NOT_IN_WIDE: [&str; 3] = ["event", "event_id", "count"];

/// The product whose export a header is. `kind`: what the file is said to hold.
pub(crate) fn product_of(header: &Header, kind: Option<&FactKind>) -> Option<&'static Product> {
    let has = |name: &String| header.find(name).is_some();
    let fits = |product: &&Product| {
        kind.is_none_or(|kind| kind.name == product.kind)
            && product.signature.iter().all(has)
            && !product.without.iter().any(has)
    };
    // Of equal signatures the first in the table.
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
    let Head { file, header, .. } = head;
    for (column, name) in overrides {
        if kind.column(column).is_none() {
            let names: Vec<&str> = kind.columns.iter().map(|column| column.name.as_str()).collect();
            return Err(usage(format!("--map {column}: {} have no such column", kind.name))
                .hint(format!("the columns are {}", names.join(", "))));
        }
        if !name.trim().is_empty() && header.position(name).is_none() {
            let near = nearest(name, header.names.iter().cloned());
            let near = near.map(|near| format!(" (nearest: '{near}')")).unwrap_or_default();
            let message =
                format!("{file}:{}: no column '{name}' for --map {column}{near}", header.line);
            return Err(refused(message).hint(format!("the file has: {}", header.names.join(", "))));
        }
    }
    Ok(())
}
