//! Header -> kind and columns.
//!
//! A wrong guess here would fill the database with nonsense that looks right, so a column is taken
//! only when its name leaves no doubt, and a kind only when no other could be meant. What is in
//! doubt is refused, and the refusal says which option settles it.

use std::collections::BTreeSet;

use super::amounts::{DecimalMark, NumberStyle};
use super::attributes::custom_name;
use super::cells::{self, content};
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
    /// The kind of data.
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

/// How a column was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum How {
    #[default]
    Not,
    /// Under its own name, an alias, or by hand.
    Surely,
    /// Under a name that stands in for it.
    Instead,
    /// As a month and a year.
    MonthAndYear,
    /// Under several names.
    Clash,
}

/// Where a column was found; several places are asked one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Found {
    how: How,
    places: Vec<usize>,
}

impl Found {
    fn at(how: How, places: &[usize]) -> Found {
        Found { how: if places.is_empty() { How::Not } else { how }, places: places.to_vec() }
    }

    fn is_missing(&self) -> bool {
        self.how == How::Not
    }

    fn is_sure(&self) -> bool {
        matches!(self.how, How::Surely | How::Clash)
    }
}

/// What a header has of the columns of one kind.
struct Matches {
    kind: &'static FactKind,
    product: Option<&'static Product>,
    found: Vec<Found>,
}

impl Matches {
    /// `sample`: the first rows, where the kind is settled and questions may be looked at.
    fn find(
        kind: &'static FactKind,
        header: &Header,
        product: Option<&'static Product>,
        overrides: &[(String, String)],
        sample: Option<&[Vec<String>]>,
    ) -> Self {
        let mut found = vec![Found::default(); kind.columns.len()];
        let mut open = vec![true; kind.columns.len()];
        let mut free: Vec<bool> = header.folded.iter().map(|name| !name.is_empty()).collect();
        for (column, name) in overrides {
            let place = kind.columns.iter().position(|known| folded(&known.name) == folded(column));
            let at: Vec<usize> = header.position(name).into_iter().collect();
            if let Some(place) = place {
                at.iter().for_each(|at| free[*at] = false);
                (open[place], found[place]) = (false, Found::at(How::Surely, &at));
            }
        }
        let looking = Looking { header, product, sample };
        for step in looking.steps() {
            for (place, column) in kind.columns.iter().enumerate().filter(|(place, _)| open[*place])
            {
                if found[place].is_missing() {
                    found[place] = looking.look(step, column, &free);
                    found[place].places.iter().for_each(|at| free[*at] = false);
                }
            }
        }
        Matches { kind, product, found }
    }

    fn pairs(&self) -> impl Iterator<Item = (&'static Column, &Found)> {
        self.kind.columns.iter().zip(&self.found)
    }

    /// The required columns, but for those in whose place the file has another.
    fn required(&self) -> impl Iterator<Item = (&'static Column, &Found)> {
        self.pairs().filter(|(column, found)| {
            column.required && !(found.is_missing() && self.is_excused(column))
        })
    }

    fn is_excused(&self, column: &Column) -> bool {
        let has = |name: &String| {
            self.pairs().any(|(column, found)| column.name == *name && !found.is_missing())
        };
        column.unless.as_ref().is_some_and(has)
    }

    fn lacks(&self) -> Vec<&'static Column> {
        self.required().filter(|(_, found)| found.is_missing()).map(|(column, _)| column).collect()
    }

    fn lacks_but(&self, names: [&str; 3]) -> Vec<&'static Column> {
        self.lacks().into_iter().filter(|column| !names.contains(&column.name.as_str())).collect()
    }

    fn is_sure(&self) -> bool {
        self.required().all(|(_, found)| found.is_sure())
    }

    /// The required columns that speak for this kind: found for sure, and not what every kind has.
    fn evidence(&self) -> impl Iterator<Item = (&'static Column, &Found)> {
        let only_company = self.required().count() == 1;
        self.required().filter(move |(column, found)| {
            found.is_sure() && (only_company || column.name != "company_id")
        })
    }

    fn knows_company(&self) -> bool {
        self.pairs().any(|(column, found)| column.name == "company_id" && !found.is_missing())
    }

    /// Whether every required column of this kind is also used by `other`, which then explains more
    /// of the header.
    fn is_within(&self, other: &Matches) -> bool {
        let mut places = self.required().flat_map(|(_, found)| &found.places);
        places.all(|at| other.found.iter().any(|found| found.places.contains(at)))
    }

    /// Whether the header has one of the columns that tell this kind, where it needs one.
    fn has_what_tells_it(&self) -> bool {
        let told_by = &self.kind.told_by;
        let tells = |(column, found): (&Column, &Found)| {
            told_by.contains(&column.name) && !found.is_missing()
        };
        told_by.is_empty() || self.pairs().any(tells)
    }

    /// Whether this kind needs a column that tells it, and knows every column that the `others` know.
    fn is_told_among(&self, others: &[&Matches]) -> bool {
        let places = |matches: &Matches| -> BTreeSet<usize> {
            matches.found.iter().flat_map(|found| found.places.iter().copied()).collect()
        };
        let known = places(self);
        !self.kind.told_by.is_empty() && others.iter().all(|other| places(other).is_subset(&known))
    }

    /// Whether the first column is an id of something that this kind does not know: then its rows
    /// are of that, and only belong to what this kind is about.
    fn is_about_something_else(&self, header: &Header) -> bool {
        let first = header.names.first().map(|name| name.to_lowercase()).unwrap_or_default();
        let is_id = first == "id"
            || first.ends_with("_id")
            || first.ends_with(" id")
            || first.ends_with("-id");
        is_id && !self.found.iter().any(|found| found.places.contains(&0))
    }

    fn refuse_twice(&self, Head { file, header, .. }: Head<'_>) -> Result<(), CommandError> {
        let mut read = self.found.iter().flat_map(|found| &found.places);
        read.try_for_each(|at| header.refuse_twice(*at, file))
    }

    fn refuse_clashes(&self, head: Head<'_>) -> Result<(), CommandError> {
        let Some((column, found)) = self.pairs().find(|(_, found)| found.how == How::Clash) else {
            return Ok(());
        };
        let Head { file, header, .. } = head;
        let names: Vec<String> =
            found.places.iter().map(|at| format!("'{}'", header.names[*at])).collect();
        let message = format!(
            "{file}:{}: {} could both be meant by {}",
            header.line,
            names.join(" and "),
            column.name
        );
        let hint =
            format!("say which: --map {}=\"{}\"", column.name, header.names[found.places[0]]);
        Err(refused(message).hint(hint))
    }

    fn refuse_missing(
        &self,
        head: Head<'_>,
        overrides: &[(String, String)],
    ) -> Result<(), CommandError> {
        let other = product_of(head.header, None).map(|product| product.kind.as_str());
        let other = other.or_else(|| kind_of(head, overrides).ok().map(|kind| kind.name.as_str()));
        self.refuse_lacking(head, self.lacks(), other.filter(|other| *other != self.kind.name))
    }

    /// `other`: the kind that the header is really one of.
    fn refuse_lacking(
        &self,
        Head { file, header, .. }: Head<'_>,
        lacks: Vec<&'static Column>,
        other: Option<&str>,
    ) -> Result<(), CommandError> {
        let Some(first) = lacks.first() else { return Ok(()) };
        let what: Vec<String> =
            lacks.iter().map(|column| self.with_nearest(column, header)).collect();
        let plural = if lacks.len() == 1 { "column" } else { "columns" };
        let kind = &self.kind.name;
        let message =
            format!("{file}:{}: {kind} without required {plural} {}", header.line, what.join(", "));
        let there = nearest(&first.name, self.free_names(header));
        let there = there.as_deref().unwrap_or("Header");
        let there =
            format!("if a column has another name, say so: --map {}=\"{there}\"", first.name);
        let other = other.map(|other| format!("the header is one of {other}: try --kind {other}"));
        let failure = other.into_iter().fold(refused(message), CommandError::hint);
        Err(failure.hint(there).hint(format!("the file has: {}", header.names.join(", "))))
    }

    fn with_nearest(&self, column: &Column, header: &Header) -> String {
        let name = match &column.unless {
            Some(other) => format!("{} (or {other})", column.name),
            None => column.name.clone(),
        };
        match nearest(&column.name, self.free_names(header)) {
            Some(near) => format!("{name} (nearest: '{near}')"),
            None => name,
        }
    }

    fn free_names<'h>(&self, header: &'h Header) -> impl Iterator<Item = String> + 'h {
        let taken: Vec<usize> = self.found.iter().flat_map(|found| found.places.clone()).collect();
        let free = move |(at, name): &(usize, &'h String)| !taken.contains(at) && !name.is_empty();
        header.names.iter().enumerate().filter(free).map(|(_, name)| name.clone())
    }

    fn mapped(&self, header: &Header) -> Vec<Mapped> {
        self.pairs().filter_map(|(column, found)| self.mapped_as(column, found, header)).collect()
    }

    fn mapped_as(&self, column: &'static Column, found: &Found, header: &Header) -> Option<Mapped> {
        let of_product = self.product.and_then(|product| product.column(&column.name));
        let place = |index: &usize| {
            let place = Place::of(*index, header);
            let utc = of_product.filter(|from| from.utc).map(|_| ColumnZone::UTC);
            Place { zone: place.zone.or(utc), ..place }
        };
        let mut places = found.places.iter().map(place);
        let Place { index, header, zone } = places.next()?;
        let year = if found.how == How::MonthAndYear { places.next() } else { None };
        Some(Mapped {
            column,
            index,
            header,
            zone,
            otherwise: places.collect(),
            year,
            numbers: NumberStyle::default(),
        })
    }
}

/// Where a column is looked for, in this order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Product,
    Sure,
    Instead,
    MonthAndYear,
    Question,
}

/// Looks for columns in a header.
struct Looking<'h> {
    header: &'h Header,
    product: Option<&'static Product>,
    sample: Option<&'h [Vec<String>]>,
}

impl Looking<'_> {
    fn steps(&self) -> Vec<Step> {
        let all = [Step::Product, Step::Sure, Step::Instead, Step::MonthAndYear, Step::Question];
        let only = self.product.is_some_and(|product| product.only);
        all.into_iter()
            .filter(|step| !only || !matches!(step, Step::Sure | Step::Instead))
            .collect()
    }

    fn look(&self, step: Step, column: &Column, free: &[bool]) -> Found {
        match step {
            Step::Product => self.of_product(column, free),
            Step::Sure => {
                self.named([folded(&column.name)].iter().chain(&column.aliases), How::Surely, free)
            }
            Step::Instead => self.named(column.instead.iter(), How::Instead, free),
            Step::MonthAndYear => self.month_and_year(column, free),
            Step::Question => self.question(column, free),
        }
    }

    fn of_product(&self, column: &Column, free: &[bool]) -> Found {
        let Some(from) = self.product.and_then(|product| product.column(&column.name)) else {
            return Found::default();
        };
        let names = from.names(column);
        let all = vec![true; free.len()];
        let places = self.places(names.iter(), if from.shared { &all } else { free });
        // In the file of a product that we know, the order of the table decides.
        let wanted = if from.coalesce { places.len() } else { places.len().min(1) };
        Found::at(How::Surely, &places[..wanted])
    }

    fn named<'n>(&self, names: impl Iterator<Item = &'n String>, how: How, free: &[bool]) -> Found {
        let places = self.places(names, free);
        match places.as_slice() {
            [first, _, ..] if self.product.is_some() => Found::at(how, &[*first]),
            [_, _, ..] => Found::at(How::Clash, &places),
            _ => Found::at(how, &places),
        }
    }

    fn month_and_year(&self, column: &Column, free: &[bool]) -> Found {
        let places = column
            .month_and_year
            .iter()
            .flat_map(|names| self.places(names.iter(), free))
            .collect::<Vec<_>>();
        if places.len() == 2 { Found::at(How::MonthAndYear, &places) } else { Found::default() }
    }

    /// The only column that asks for what this one holds, and holds nothing else.
    fn question(&self, column: &Column, free: &[bool]) -> Found {
        let Some(sample) = self.sample.filter(|_| !column.asks.is_empty()) else {
            return Found::default();
        };
        let asks = |at: &usize| free[*at] && has_word(&self.header.names[*at], &column.asks);
        let fits = |at: &usize| {
            sample.iter().filter_map(|row| content(row.get(*at)?)).all(|cell| holds(column, cell))
        };
        let places: Vec<usize> = (0..free.len()).filter(asks).filter(fits).collect();
        Found::at(if places.len() > 1 { How::Clash } else { How::Instead }, &places)
    }

    fn places<'n>(&self, names: impl Iterator<Item = &'n String>, free: &[bool]) -> Vec<usize> {
        let mut places = Vec::new();
        for name in names {
            let here = (0..free.len()).filter(|at| free[*at] && self.header.is_called(*at, name));
            let new: Vec<usize> = here.filter(|at| !places.contains(at)).collect();
            places.extend(new);
        }
        places
    }
}

/// Whether one of the words of a text begins with one of `words`.
fn has_word(text: &str, words: &[String]) -> bool {
    let text = text.to_lowercase();
    let mut parts = text.split(|char: char| !char.is_alphanumeric());
    parts.any(|part| words.iter().any(|word| part.starts_with(word.as_str())))
}

fn holds(column: &Column, cell: &str) -> bool {
    match column.cell {
        CellType::Whole { min, max } if column.labelled => cells::labelled(cell, min, max).is_ok(),
        CellType::Whole { min, max } => cells::whole(cell, min, max).is_ok(),
        _ => true,
    }
}

fn latest_of(names: &[String], header: &Header) -> Option<Place> {
    let place = names.iter().find_map(|name| header.find(name));
    place.map(|index| Place::of(index, header))
}

/// The only kind that the header can mean.
fn kind_of(
    head: Head<'_>,
    overrides: &[(String, String)],
) -> Result<&'static FactKind, CommandError> {
    let kinds = catalogue().kinds.iter().filter(|kind| !kind.only_when_said);
    let all: Vec<Matches> =
        kinds.map(|kind| Matches::find(kind, head.header, None, overrides, None)).collect();
    let speaks =
        |matches: &&Matches| matches.evidence().next().is_some() && matches.has_what_tells_it();
    let mut complete: Vec<&Matches> =
        all.iter().filter(speaks).filter(|matches| matches.lacks().is_empty()).collect();
    let is_unmistakable = |matches: &&Matches| {
        !matches.kind.without.iter().any(|name| head.header.find(name).is_some())
    };
    if complete.iter().any(|matches| is_unmistakable(matches) && !matches.kind.custom) {
        complete.retain(is_unmistakable);
    }
    let explained = |one: &&Matches| {
        !complete.iter().any(|other| one.is_within(other) && !other.is_within(one))
    };
    let mut left: Vec<&Matches> = complete.iter().copied().filter(explained).collect();
    if left.iter().any(|matches| matches.is_sure()) {
        left.retain(|matches| matches.is_sure());
    }
    if let Some(told) = left.iter().copied().find(|one| one.is_told_among(&left)) {
        left = vec![told];
    } else if left.iter().any(|matches| matches.kind.told_by.is_empty()) {
        left.retain(|matches| matches.kind.told_by.is_empty());
    }
    match left.as_slice() {
        [only] if is_unmistakable(only) && is_list_of_companies(only, &all, head) => Ok(only.kind),
        _ => Err(cannot_tell(head, &all)),
    }
}

/// Whether a kind that takes any column is really meant; true of the kinds that do not.
fn is_list_of_companies(only: &Matches, all: &[Matches], head: Head<'_>) -> bool {
    if !only.kind.custom {
        return true;
    }
    if has_rival(only, all) || only.is_about_something_else(head.header) {
        return false;
    }
    let places = || only.found.iter().flat_map(|found| &found.places);
    if places().count() > 1 {
        return true;
    }
    // With nothing but an id that is known, the rows may be of anything that companies have many
    // of.
    let unknown = (0..head.header.names.len()).filter(|at| !places().any(|place| place == at));
    let speaks = |at: usize| speaks_of_another_kind(&head.header.names[at]);
    !places().any(|at| has_twice(head, &[*at])) && !unknown.into_iter().any(speaks)
}

/// Whether the first rows have the same in these columns twice.
fn has_twice(head: Head<'_>, places: &[usize]) -> bool {
    let mut seen = BTreeSet::new();
    let key = |row: &Vec<String>| {
        let cells = places.iter().map(|at| row.get(*at).and_then(|cell| content(cell)));
        cells.map(|cell| cell.map(str::to_owned)).collect::<Option<Vec<String>>>()
    };
    head.sample.iter().filter_map(key).any(|key| !seen.insert(key))
}

/// Words in headers of files with many rows for a company.
const WORDS_OF_OTHERS: [&str; 18] = [
    "day",
    "date",
    "time",
    "timestamp",
    "datetime",
    "hour",
    "week",
    "month",
    "visitor",
    "user",
    "order",
    "invoice",
    "payment",
    "ticket",
    "subscription",
    "event",
    "session",
    "transaction",
];

fn speaks_of_another_kind(header: &str) -> bool {
    let is_id = |word: &str, of: &str| {
        word.strip_prefix(of).is_some_and(|rest| matches!(rest, "" | "id" | "name"))
    };
    words_of(header).iter().any(|word| WORDS_OF_OTHERS.iter().any(|of| is_id(word, of)))
        || matches!(words_of(header).as_slice(), [_, .., last] if last == "at" || last == "on")
}

/// The words of a header in lower case: `lastSeenAt`, `last_seen_at` and `Last seen at` have the
/// same.
fn words_of(header: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut was_small = false;
    for char in header.chars() {
        if !char.is_alphanumeric() || (char.is_uppercase() && was_small) {
            words.push(String::new());
        }
        was_small = char.is_lowercase();
        if let (true, Some(word)) = (char.is_alphanumeric(), words.last_mut()) {
            word.extend(char.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a kind that takes any column may be another of which one column has a strange name.
fn has_rival(chosen: &Matches, all: &[Matches]) -> bool {
    all.iter()
        .filter(|other| other.kind.name != chosen.kind.name && other.lacks().len() == 1)
        .any(|other| other.evidence().any(|(column, _)| chosen.kind.column(&column.name).is_none()))
}

fn cannot_tell(head: Head<'_>, all: &[Matches]) -> CommandError {
    let Head { file, header, .. } = head;
    let possible: Vec<String> =
        nearest_kinds(all).map(|matches| lacking(matches, header)).collect();
    let line = header.line;
    if possible.is_empty() {
        return refused(format!(
            "{file}:{line}: no header that names known columns; it has: {}",
            header.names.join(", ")
        ))
        .hint("the first line must name the columns; --kind says what the file holds, --map which column is which");
    }
    let failure = refused(format!(
        "{file}:{line}: cannot tell what this is: it could be {}",
        possible.join("; ")
    ));
    let wide = all.iter().find_map(|matches| hint_at_wide(matches, head));
    wide.into_iter()
        .fold(failure, CommandError::hint)
        .hint("say which with --kind, and --map COLUMN=\"Header\" for a column of another name")
}

/// So many kinds are named to somebody whose file could be of any.
const MOST_KINDS: usize = 5;

/// The kinds that a file could be of: first those that know most of its columns and lack least.
fn nearest_kinds(all: &[Matches]) -> impl Iterator<Item = &Matches> {
    let known =
        |matches: &Matches| matches.pairs().filter(|(_, found)| !found.is_missing()).count();
    let mut kinds: Vec<(isize, usize, &Matches)> = all
        .iter()
        .filter(|matches| {
            matches.evidence().next().is_some() || (known(matches) > 1 && matches.knows_company())
        })
        .map(|matches| {
            let (known, lacks) = (known(matches), matches.lacks().len());
            (known as isize - lacks as isize, known, matches)
        })
        .collect();
    kinds.sort_by_key(|(score, known, _)| std::cmp::Reverse((*score, *known)));
    kinds.into_iter().take(MOST_KINDS).map(|(.., matches)| matches)
}

/// What is to be said of a file with a row for each company and day, and numbers.
fn hint_at_wide(companies: &Matches, head: Head<'_>) -> Option<String> {
    let id = *companies.found.first().filter(|_| companies.kind.custom)?.places.first()?;
    let cells = |at: usize| head.sample.iter().filter_map(move |row| content(row.get(at)?));
    let others = || (0..head.header.names.len()).filter(move |at| *at != id);
    let day = others().find(|at| {
        let is_day = words_of(&head.header.names[*at])
            .iter()
            .any(|word| ["day", "date", "timestamp"].contains(&word.as_str()));
        is_day
            && cells(*at).next().is_some()
            && cells(*at).all(|cell| cell.contains(['-', '/', '.']))
    })?;
    let is_numeric = |at: &usize| {
        *at != day
            && cells(*at).next().is_some()
            && cells(*at).all(|cell| cell.parse::<f64>().is_ok())
    };
    if others().find(is_numeric).is_none() || has_twice(head, &[id, day]) {
        return None;
    }
    let name = &head.header.names[day];
    let timestamp = FactKind::named(EVENTS).ok()?.column("timestamp")?;
    let map = match timestamp.names().any(|known| head.header.is_called(day, &known)) {
        true => String::new(),
        false => format!(" --map timestamp=\"{name}\""),
    };
    Some(format!(
        "rows of a company and a day, with a count for each event, are read with --wide{map}"
    ))
}

fn lacking(matches: &Matches, header: &Header) -> String {
    let lacks: Vec<String> =
        matches.lacks().iter().map(|column| matches.with_nearest(column, header)).collect();
    let kind = &matches.kind.name;
    if lacks.is_empty() {
        format!("{kind} (no column missing)")
    } else {
        format!("{kind}, lacking {}", lacks.join(", "))
    }
}

/// A file of events read as companies would make each of its rows a customer, which nothing can
/// undo.
fn refuse_events(head: Head<'_>, custom: &[Custom]) -> Result<(), CommandError> {
    let has = |name: &str| custom.iter().any(|custom| custom.name == name);
    if !has("event") || !has("timestamp") {
        return Ok(());
    }
    let failure =
        refused(format!("{}:1: the header is one of events, not of companies", head.file));
    Err(failure
        .hint("try --kind events; columns of companies need other names than event and timestamp"))
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

/// The places of the named columns that are not read as one of ours.
fn left_over<'a>(header: &'a Header, columns: &'a [Mapped]) -> impl Iterator<Item = usize> + 'a {
    let taken = |mapped: &Mapped, at: usize| {
        let more = mapped.otherwise.iter().chain(&mapped.year).any(|place| place.index == at);
        mapped.index == at || more
    };
    (0..header.names.len()).filter(move |at| {
        !header.folded[*at].is_empty() && !columns.iter().any(|mapped| taken(mapped, *at))
    })
}

/// What is to be said of columns that are not read and have the same name. Names from inside cells
/// are not listed.
fn notes_on_namesakes(header: &Header, ignored: &mut Vec<String>) -> Vec<String> {
    let own = &header.names[..header.names.len() - header.more];
    ignored.retain(|name| own.contains(name));
    let is_first =
        |at: &usize| !header.folded[*at].is_empty() && header.namesakes(*at).next() == Some(*at);
    let mut notes = Vec::new();
    for at in (0..own.len()).filter(is_first) {
        let count = header.namesakes(at).count();
        if count > 1 {
            let name = &header.names[at];
            notes.push(format!("column '{name}' is there {count} times and is not read"));
            let mut is_named = false;
            ignored.retain(|other| other != name || !std::mem::replace(&mut is_named, true));
        }
    }
    notes
}

/// What happens to the columns that are not ours.
fn the_rest(
    Head { file, header, .. }: Head<'_>,
    kind: &FactKind,
    product: Option<&Product>,
    columns: &[Mapped],
) -> Result<(Vec<Custom>, Vec<String>), CommandError> {
    let left = left_over(header, columns);
    if !kind.custom || product.is_some_and(|product| product.only) {
        return Ok((Vec::new(), left.map(|at| header.names[at].clone()).collect()));
    }
    let mut custom: Vec<Custom> = Vec::new();
    for index in left.filter(|at| !header.is_taken_apart(*at)) {
        header.refuse_twice(index, file)?;
        let (name, header_name) = (custom_name(&header.names[index]), header.names[index].clone());
        if let Some(other) = custom.iter().find(|other| other.name == name) {
            let both = format!(
                "'{}' and '{header_name}' would both become the attribute {name}",
                other.header
            );
            return Err(
                refused(format!("{file}:{}: {both}", header.line)).hint("rename one of them")
            );
        }
        custom.push(Custom { name, index, header: header_name, numbers: None });
    }
    Ok((custom, Vec::new()))
}

/// The columns of numbers, each of which counts an event, and the names of the others, which hold
/// only text.
fn numbers_and_rest(
    head: Head<'_>,
    columns: &[Mapped],
) -> Result<(Vec<Place>, Vec<String>), CommandError> {
    let Head { file, header, sample } = head;
    let is_text = |at: &usize| {
        let mut cells = sample.iter().filter_map(|row| content(row.get(*at)?)).peekable();
        cells.peek().is_some() && cells.all(|cell| cell.parse::<f64>().is_err())
    };
    let (text, numbers): (Vec<usize>, Vec<usize>) = left_over(header, columns).partition(is_text);
    if numbers.is_empty() {
        let message = format!(
            "{file}:{}: no column of numbers that --wide could read as an event",
            header.line
        );
        return Err(refused(message).hint(
            "with --wide there is a row for a company and a day, and a column for each event",
        ));
    }
    numbers.iter().try_for_each(|at| header.refuse_twice(*at, file))?;
    let wide: Vec<Place> = numbers.into_iter().map(|at| Place::of(at, header)).collect();
    if let Some(place) =
        wide.iter().find(|place| cells::text(&place.header, cells::Breaks::Refused).is_err())
    {
        let message = format!(
            "{file}:{}: control character in the name of column {}",
            header.line,
            place.index + 1
        );
        return Err(refused(message));
    }
    Ok((wide, text.into_iter().map(|at| header.names[at].clone()).collect()))
}
