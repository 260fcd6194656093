//! Finds the columns of a kind in a header, and refuses headers that leave doubts about them.

use std::collections::BTreeSet;

use super::super::amounts::NumberStyle;
use super::super::catalogue::{Column, FactKind, Product};
use super::super::header::Header;
use super::super::spelling::folded;
use super::super::times::ColumnZone;
use super::kind::kind_of;
use super::lookup::Looking;
use super::{Head, Mapped, Place, product_of};
use crate::domain::similar_names::nearest;
use crate::error::{CommandError, refused};

/// How a column was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum How {
    #[default]
    Not,
    /// By its own name, an alias, or by hand.
    Surely,
    /// By a name that is used if there is nothing better.
    Instead,
    /// As a month and a year.
    MonthAndYear,
    /// By several names.
    Clash,
}

/// Where a column was found; if there are several positions, blank cells are looked up in the next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Found {
    pub(super) how: How,
    pub(super) places: Vec<usize>,
}

impl Found {
    pub(super) fn at(how: How, places: &[usize]) -> Found {
        Found { how: if places.is_empty() { How::Not } else { how }, places: places.to_vec() }
    }

    pub(super) fn is_missing(&self) -> bool {
        self.how == How::Not
    }

    pub(super) fn is_sure(&self) -> bool {
        matches!(self.how, How::Surely | How::Clash)
    }
}

/// The columns of one kind that a header has.
pub(super) struct Matches {
    pub(super) kind: &'static FactKind,
    product: Option<&'static Product>,
    pub(super) found: Vec<Found>,
}

impl Matches {
    /// `sample`: the first rows, if the kind is decided and survey questions may be considered.
    pub(super) fn find(
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

    pub(super) fn pairs(&self) -> impl Iterator<Item = (&'static Column, &Found)> {
        self.kind.columns.iter().zip(&self.found)
    }

    /// The required columns, except those that the file has an alternative for.
    pub(super) fn required(&self) -> impl Iterator<Item = (&'static Column, &Found)> {
        self.pairs().filter(|(column, found)| {
            column.required && !(found.is_missing() && self.is_excused(column))
        })
    }

    pub(super) fn is_excused(&self, column: &Column) -> bool {
        let has = |name: &String| {
            self.pairs().any(|(column, found)| column.name == *name && !found.is_missing())
        };
        column.unless.as_ref().is_some_and(has)
    }

    pub(super) fn lacks(&self) -> Vec<&'static Column> {
        self.required().filter(|(_, found)| found.is_missing()).map(|(column, _)| column).collect()
    }

    pub(super) fn lacks_but(&self, names: [&str; 3]) -> Vec<&'static Column> {
        self.lacks().into_iter().filter(|column| !names.contains(&column.name.as_str())).collect()
    }

    pub(super) fn is_sure(&self) -> bool {
        self.required().all(|(_, found)| found.is_sure())
    }

    /// Required columns that indicate this kind: found with certainty, and not shared by all kinds.
    pub(super) fn evidence(&self) -> impl Iterator<Item = (&'static Column, &Found)> {
        let only_company = self.required().count() == 1;
        self.required().filter(move |(column, found)| {
            found.is_sure() && (only_company || column.name != "company_id")
        })
    }

    /// Whether the rows name their events, unlike those of the wide form.
    pub(super) fn names_events(&self) -> bool {
        self.pairs().any(|(column, found)| column.name == "event" && !found.is_missing())
    }

    pub(super) fn knows_company(&self) -> bool {
        self.pairs().any(|(column, found)| column.name == "company_id" && !found.is_missing())
    }

    /// Where the id of the rows is, the first column of its kind.
    pub(super) fn id(&self) -> Vec<usize> {
        self.found.first().and_then(|found| found.places.first().copied()).into_iter().collect()
    }

    /// The optional columns that indicate this kind. As companies have any column, even a name that
    /// is used if there is nothing better does.
    pub(super) fn own_columns(&self) -> impl Iterator<Item = &'static Column> {
        let tells = |found: &Found| found.is_sure() || (self.kind.custom && !found.is_missing());
        let own = self.pairs().filter(move |(column, found)| !column.required && tells(found));
        own.map(|(column, _)| column)
    }

    /// The columns of the file that this kind does not know, not even to order rows.
    pub(super) fn unknown(&self, header: &Header) -> impl Iterator<Item = usize> {
        let orders =
            |at: &usize| self.kind.latest_by.iter().any(|name| header.is_called(*at, name));
        let known = |at: &usize| self.found.iter().any(|found| found.places.contains(at));
        (0..header.names.len()).filter(move |at| !known(at) && !orders(at))
    }

    /// Whether `other` uses every required column of this kind as well, and so explains more of the
    /// header.
    pub(super) fn is_within(&self, other: &Matches) -> bool {
        let mut places = self.required().flat_map(|(_, found)| &found.places);
        places.all(|at| other.found.iter().any(|found| found.places.contains(at)))
    }

    /// Whether the header has one of the columns that identify this kind, if it needs one.
    pub(super) fn has_what_tells_it(&self) -> bool {
        let told_by = &self.kind.told_by;
        let tells = |(column, found): (&Column, &Found)| {
            told_by.contains(&column.name) && !found.is_missing()
        };
        told_by.is_empty() || self.pairs().any(tells)
    }

    /// Whether this kind needs an identifying column, and has every column that the `others` have.
    pub(super) fn is_told_among(&self, others: &[&Matches]) -> bool {
        let places = |matches: &Matches| -> BTreeSet<usize> {
            matches.found.iter().flat_map(|found| found.places.iter().copied()).collect()
        };
        let known = places(self);
        !self.kind.told_by.is_empty() && others.iter().all(|other| places(other).is_subset(&known))
    }

    /// What is wrong with a first column that is an id of something unknown to this kind: the rows
    /// are about that thing.
    pub(super) fn about_something_else(&self, header: &Header) -> Option<String> {
        let first = header.names.first()?;
        let name = first.to_lowercase();
        let is_id =
            name == "id" || name.ends_with("_id") || name.ends_with(" id") || name.ends_with("-id");
        (is_id && !self.found.iter().any(|found| found.places.contains(&0)))
            .then(|| format!("the first column, '{first}', is the id of something else"))
    }

    pub(super) fn refuse_twice(
        &self,
        Head { file, header, .. }: Head<'_>,
    ) -> Result<(), CommandError> {
        let mut read = self.found.iter().flat_map(|found| &found.places);
        read.try_for_each(|at| header.refuse_twice(*at, file))
    }

    pub(super) fn refuse_clashes(&self, head: Head<'_>) -> Result<(), CommandError> {
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

    pub(super) fn refuse_missing(
        &self,
        head: Head<'_>,
        overrides: &[(String, String)],
    ) -> Result<(), CommandError> {
        let other = product_of(head.header, None).map(|product| product.kind.as_str());
        let other = other.or_else(|| kind_of(head, overrides).ok().map(|kind| kind.name.as_str()));
        self.refuse_lacking(head, self.lacks(), other.filter(|other| *other != self.kind.name))
    }

    /// `other`: the kind that fits the header.
    pub(super) fn refuse_lacking(
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

    pub(super) fn with_nearest(&self, column: &Column, header: &Header) -> String {
        let name = match &column.unless {
            Some(other) => format!("{} (or {other})", column.name),
            None => column.name.clone(),
        };
        match nearest(&column.name, self.free_names(header)) {
            Some(near) => format!("{name} (nearest: '{near}')"),
            None => name,
        }
    }

    /// The column of the file that may be a missing column of the kind: one with a similar name, or
    /// for the id of a company the only unknown id, else the name.
    pub(super) fn name_like(&self, column: &Column, header: &Header) -> Option<String> {
        let similar = nearest(&column.name, self.free_names(header));
        if similar.is_some() || column.name != "company_id" {
            return similar;
        }
        let is_id = |name: &String| name.to_lowercase().ends_with("id");
        let mut ids = self.free_names(header).filter(is_id);
        let name = self.pairs().find(|(column, _)| column.name == "name");
        let name = || Some(header.names[*name?.1.places.first()?].clone());
        ids.next().filter(|_| ids.next().is_none()).or_else(name)
    }

    pub(super) fn free_names<'h>(&self, header: &'h Header) -> impl Iterator<Item = String> + 'h {
        let taken: Vec<usize> = self.found.iter().flat_map(|found| found.places.clone()).collect();
        let free = move |(at, name): &(usize, &'h String)| !taken.contains(at) && !name.is_empty();
        header.names.iter().enumerate().filter(free).map(|(_, name)| name.clone())
    }

    pub(super) fn mapped(&self, header: &Header) -> Vec<Mapped> {
        self.pairs().filter_map(|(column, found)| self.mapped_as(column, found, header)).collect()
    }

    pub(super) fn mapped_as(
        &self,
        column: &'static Column,
        found: &Found,
        header: &Header,
    ) -> Option<Mapped> {
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
            holds_days: column.holds_days(),
        })
    }
}
