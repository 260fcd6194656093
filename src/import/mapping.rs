//! Header -> kind and columns.
//!
//! A wrong guess here would fill the database with nonsense that looks right, so a column is taken only when its name
//! leaves no doubt, and a kind only when no other could be meant. What is in doubt is refused, and the refusal says
//! which option settles it.

use super::attributes::custom_name;
use super::fold::{folded, nearest};
use super::header::Header;
use super::kinds::{Column, Kind, Product, catalogue};
use crate::error::{Failure, refused, usage};

/// A column of the file that is read as one of ours.
#[derive(Debug, Clone)]
pub struct Mapped {
    /// Our column.
    pub column: &'static Column,
    /// Its place in the file, from 0.
    pub index: usize,
    /// Its name in the file.
    pub header: String,
    /// Whether the name says that times without an offset are in UTC.
    pub utc: bool,
}

/// A column of the file that becomes a custom attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Custom {
    /// The name of the attribute.
    pub name: String,
    /// Its place in the file, from 0.
    pub index: usize,
    /// Its name in the file.
    pub header: String,
}

/// What each column of a file is read as.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// The kind of data.
    pub kind: &'static Kind,
    /// The product that the file comes from, when its header tells.
    pub product: Option<&'static str>,
    /// The columns that are read, in the order of the kind.
    pub columns: Vec<Mapped>,
    /// The columns that become custom attributes, in the order of the file.
    pub custom: Vec<Custom>,
    /// The names of the columns that are left out.
    pub ignored: Vec<String>,
}

impl Mapping {
    /// Decides what the columns of a file are. `overrides` are pairs of our column and a name in the file, from
    /// `--map`; an empty name says that the file does not have the column.
    ///
    /// # Errors
    /// Refuses a header that could mean several kinds, lacks a required column, or has two candidates for one. A column
    /// that the kind does not have is a usage error.
    pub fn decide(
        file: &str,
        header: &Header,
        kind: Option<&'static Kind>,
        overrides: &[(String, String)],
    ) -> Result<Mapping, Failure> {
        let product = product_of(header, kind);
        let kind = match (kind, product) {
            (Some(kind), _) => kind,
            (None, Some(product)) => Kind::named(&product.kind)?,
            (None, None) => kind_of(file, header, overrides)?,
        };
        let matches = Matches::find(kind, header, product, overrides);
        check_overrides(file, header, kind, overrides)?;
        matches.refuse_clashes(file, header)?;
        matches.refuse_missing(file, header)?;
        let columns = matches.mapped(header);
        let (custom, ignored) = the_rest(file, header, kind, &columns)?;
        Ok(Mapping { kind, product: product.map(|product| product.name.as_str()), columns, custom, ignored })
    }

    /// The column of that name, when the file has it.
    pub fn get(&self, name: &str) -> Option<&Mapped> {
        self.columns.iter().find(|mapped| mapped.column.name == name)
    }
}

/// How a column was found, the surest first.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    /// Under its own name, an alias, or by hand.
    Surely(usize),
    /// Under a name that stands in for it.
    Instead(usize),
    /// Under several names.
    Clash(Vec<usize>),
    No,
}

impl Found {
    fn places(&self) -> &[usize] {
        match self {
            Found::Surely(at) | Found::Instead(at) => std::slice::from_ref(at),
            Found::Clash(places) => places,
            Found::No => &[],
        }
    }
}

/// What a header has of the columns of one kind.
struct Matches {
    kind: &'static Kind,
    found: Vec<Found>,
}

impl Matches {
    fn find(
        kind: &'static Kind,
        header: &Header,
        product: Option<&'static Product>,
        overrides: &[(String, String)],
    ) -> Self {
        let mut found = vec![Found::No; kind.columns.len()];
        let mut open = vec![true; kind.columns.len()];
        let mut free: Vec<bool> = header.folded.iter().map(|name| !name.is_empty()).collect();
        for (column, name) in overrides {
            let place = kind.columns.iter().position(|known| folded(&known.name) == folded(column));
            let at = header.position(name);
            if let Some(place) = place {
                (open[place], found[place]) = (false, at.map_or(Found::No, Found::Surely));
                at.into_iter().for_each(|at| free[at] = false);
            }
        }
        for step in [Step::Product, Step::Sure, Step::Instead] {
            for (place, column) in kind.columns.iter().enumerate().filter(|(place, _)| open[*place]) {
                if found[place] == Found::No {
                    found[place] = step.look(column, header, product, &free);
                    found[place].places().iter().for_each(|at| free[*at] = false);
                }
            }
        }
        Matches { kind, found }
    }

    fn pairs(&self) -> impl Iterator<Item = (&'static Column, &Found)> {
        self.kind.columns.iter().zip(&self.found)
    }

    fn required(&self) -> impl Iterator<Item = (&'static Column, &Found)> {
        self.pairs().filter(|(column, _)| column.required)
    }

    fn lacks(&self) -> Vec<&'static Column> {
        self.required().filter(|(_, found)| **found == Found::No).map(|(column, _)| column).collect()
    }

    fn is_sure(&self) -> bool {
        self.required().all(|(_, found)| matches!(found, Found::Surely(_) | Found::Clash(_)))
    }

    /// The required columns that speak for this kind: found for sure, and not what every kind has.
    fn evidence(&self) -> impl Iterator<Item = (&'static Column, &Found)> {
        let only_company = self.required().count() == 1;
        self.required().filter(move |(column, found)| {
            matches!(found, Found::Surely(_) | Found::Clash(_)) && (only_company || column.name != "company_id")
        })
    }

    /// Whether every required column of this kind is also used by `other`, which then explains more of the header.
    fn is_within(&self, other: &Matches) -> bool {
        let mut places = self.required().flat_map(|(_, found)| found.places());
        places.all(|at| other.found.iter().any(|found| found.places().contains(at)))
    }

    fn refuse_clashes(&self, file: &str, header: &Header) -> Result<(), Failure> {
        for (column, found) in self.pairs() {
            if let Found::Clash(places) = found {
                let names: Vec<String> = places.iter().map(|at| format!("'{}'", header.names[*at])).collect();
                let message =
                    format!("{file}:{}: {} could both be meant by {}", header.line, names.join(" and "), column.name);
                let hint = format!("say which: --map {}=\"{}\"", column.name, header.names[places[0]]);
                return Err(refused(message).hint(hint));
            }
        }
        Ok(())
    }

    fn refuse_missing(&self, file: &str, header: &Header) -> Result<(), Failure> {
        let lacks = self.lacks();
        let Some(first) = lacks.first() else { return Ok(()) };
        let what: Vec<String> = lacks.iter().map(|column| self.with_nearest(column, header)).collect();
        let plural = if lacks.len() == 1 { "column" } else { "columns" };
        let kind = &self.kind.name;
        let message = format!("{file}:{}: {kind} without required {plural} {}", header.line, what.join(", "));
        let there = nearest(&first.name, self.free_names(header)).unwrap_or("Header");
        let there = format!("if a column has another name, say so: --map {}=\"{there}\"", first.name);
        Err(refused(message).hint(there).hint(format!("the file has: {}", header.names.join(", "))))
    }

    fn with_nearest(&self, column: &Column, header: &Header) -> String {
        match nearest(&column.name, self.free_names(header)) {
            Some(near) => format!("{} (nearest: '{near}')", column.name),
            None => column.name.clone(),
        }
    }

    fn free_names<'h>(&self, header: &'h Header) -> impl Iterator<Item = &'h str> {
        let taken: Vec<usize> = self.found.iter().flat_map(|found| found.places().to_vec()).collect();
        let free = move |(at, name): &(usize, &'h String)| !taken.contains(at) && !name.is_empty();
        header.names.iter().enumerate().filter(free).map(|(_, name)| name.as_str())
    }

    fn mapped(&self, header: &Header) -> Vec<Mapped> {
        let mapped = |(column, found): (&'static Column, &Found)| {
            let index = *found.places().first()?;
            let utc = header.folded[index].ends_with("(utc)");
            Some(Mapped { column, index, header: header.names[index].clone(), utc })
        };
        self.pairs().filter_map(mapped).collect()
    }
}

/// Where a column is looked for, in this order.
#[derive(Clone, Copy)]
enum Step {
    Product,
    Sure,
    Instead,
}

impl Step {
    fn look(self, column: &Column, header: &Header, product: Option<&Product>, free: &[bool]) -> Found {
        let own = [folded(&column.name)];
        let of_product = || product.and_then(|product| product.columns.iter().find(|from| from.name == column.name));
        let names: Vec<&String> = match self {
            Step::Product => of_product().map(|from| from.from.iter().collect()).unwrap_or_default(),
            Step::Sure => own.iter().chain(&column.aliases).collect(),
            Step::Instead => column.instead.iter().collect(),
        };
        let places: Vec<usize> = names.iter().flat_map(|name| places(header, name, free)).collect();
        match (places.as_slice(), self) {
            ([], _) => Found::No,
            ([first], Step::Instead) => Found::Instead(*first),
            ([first], _) => Found::Surely(*first),
            // In the file of a product that we know, the order of the table decides.
            ([first, ..], _) if product.is_some() => Found::Surely(*first),
            _ => Found::Clash(places),
        }
    }
}

fn places(header: &Header, name: &str, free: &[bool]) -> Vec<usize> {
    let same = |other: &str| other == name || other.strip_suffix("(utc)") == Some(name);
    (0..header.folded.len()).filter(|at| free[*at] && same(&header.folded[*at])).collect()
}

fn product_of(header: &Header, kind: Option<&Kind>) -> Option<&'static Product> {
    let fits = |product: &&Product| {
        kind.is_none_or(|kind| kind.name == product.kind)
            && product.signature.iter().all(|name| header.folded.contains(name))
    };
    catalogue().products.iter().filter(fits).max_by_key(|product| product.signature.len())
}

/// The only kind that the header can mean.
fn kind_of(file: &str, header: &Header, overrides: &[(String, String)]) -> Result<&'static Kind, Failure> {
    let kinds = catalogue().kinds.iter();
    let all: Vec<Matches> = kinds.map(|kind| Matches::find(kind, header, None, overrides)).collect();
    let speaks = |matches: &&Matches| matches.evidence().next().is_some();
    let complete: Vec<&Matches> = all.iter().filter(speaks).filter(|matches| matches.lacks().is_empty()).collect();
    let explained = |one: &&Matches| !complete.iter().any(|other| one.is_within(other) && !other.is_within(one));
    let mut left: Vec<&Matches> = complete.iter().copied().filter(explained).collect();
    if left.iter().any(|matches| matches.is_sure()) {
        left.retain(|matches| matches.is_sure());
    }
    match left.as_slice() {
        [only] if !only.kind.custom || !has_rival(only, &all) => Ok(only.kind),
        _ => Err(cannot_tell(file, header, &all)),
    }
}

/// Whether a kind that takes any column may be another of which one column has a strange name.
fn has_rival(chosen: &Matches, all: &[Matches]) -> bool {
    all.iter()
        .filter(|other| other.kind.name != chosen.kind.name && other.lacks().len() == 1)
        .any(|other| other.evidence().any(|(column, _)| chosen.kind.column(&column.name).is_none()))
}

fn cannot_tell(file: &str, header: &Header, all: &[Matches]) -> Failure {
    let possible: Vec<String> = all
        .iter()
        .filter(|matches| matches.evidence().next().is_some())
        .map(|matches| lacking(matches, header))
        .collect();
    let line = header.line;
    if possible.is_empty() {
        return refused(format!(
            "{file}:{line}: no header that names known columns; it has: {}",
            header.names.join(", ")
        ))
        .hint("the first line must name the columns; --kind says what the file holds, --map which column is which");
    }
    refused(format!("{file}:{line}: cannot tell what this is: it could be {}", possible.join("; ")))
        .hint("say which with --kind, and --map COLUMN=\"Header\" for a column of another name")
}

fn lacking(matches: &Matches, header: &Header) -> String {
    let lacks: Vec<String> = matches.lacks().iter().map(|column| matches.with_nearest(column, header)).collect();
    let lacks = if lacks.is_empty() { "nothing".to_owned() } else { lacks.join(", ") };
    format!("{}, lacking {lacks}", matches.kind.name)
}

fn check_overrides(file: &str, header: &Header, kind: &Kind, overrides: &[(String, String)]) -> Result<(), Failure> {
    for (column, name) in overrides {
        if kind.column(column).is_none() {
            let names: Vec<&str> = kind.columns.iter().map(|column| column.name.as_str()).collect();
            return Err(usage(format!("--map {column}: {} have no such column", kind.name))
                .hint(format!("the columns are {}", names.join(", "))));
        }
        if !name.trim().is_empty() && header.position(name).is_none() {
            let near = nearest(name, header.names.iter().map(String::as_str));
            let near = near.map(|near| format!(" (nearest: '{near}')")).unwrap_or_default();
            let message = format!("{file}:{}: no column '{name}' for --map {column}{near}", header.line);
            return Err(refused(message).hint(format!("the file has: {}", header.names.join(", "))));
        }
    }
    Ok(())
}

/// What happens to the columns that are not ours.
fn the_rest(
    file: &str,
    header: &Header,
    kind: &Kind,
    columns: &[Mapped],
) -> Result<(Vec<Custom>, Vec<String>), Failure> {
    let is_left = |at: &usize| !header.folded[*at].is_empty() && !columns.iter().any(|mapped| mapped.index == *at);
    let left = (0..header.names.len()).filter(is_left);
    if !kind.custom {
        return Ok((Vec::new(), left.map(|at| header.names[at].clone()).collect()));
    }
    let mut custom: Vec<Custom> = Vec::new();
    for index in left {
        let (name, header_name) = (custom_name(&header.names[index]), header.names[index].clone());
        if let Some(other) = custom.iter().find(|other| other.name == name) {
            let both = format!("'{}' and '{header_name}' would both become the attribute {name}", other.header);
            return Err(refused(format!("{file}:{}: {both}", header.line)).hint("rename one of them"));
        }
        custom.push(Custom { name, index, header: header_name });
    }
    Ok((custom, Vec::new()))
}
