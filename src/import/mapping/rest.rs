//! Columns of a file that the kind does not have: custom attributes, events of the wide form, and
//! columns that are ignored.

use super::super::amounts::is_bare_number;
use super::super::attributes::custom_name;
use super::super::catalogue::{FactKind, Product};
use super::super::cells::{self, content};
use super::super::header::Header;
use super::{Custom, Head, Mapped, Place};
use crate::error::{CommandError, refused};

/// Decides about the columns that the kind does not have.
pub(super) fn the_rest(
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

/// The columns of numbers, each of which counts an event, and the names of the others, which
/// contain only text.
pub(super) fn numbers_and_rest(
    head: Head<'_>,
    columns: &[Mapped],
) -> Result<(Vec<Place>, Vec<String>), CommandError> {
    let Head { file, header, sample } = head;
    let is_text = |at: &usize| {
        let mut cells = sample.iter().filter_map(|row| content(row.get(*at)?)).peekable();
        cells.peek().is_some() && !cells.any(is_bare_number)
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

/// A file of events read as companies would turn each row into a customer.
pub(super) fn refuse_events(head: Head<'_>, custom: &[Custom]) -> Result<(), CommandError> {
    let has = |name: &str| custom.iter().any(|custom| custom.name == name);
    if !has("event") || !has("timestamp") {
        return Ok(());
    }
    let failure =
        refused(format!("{}:1: the header is one of events, not of companies", head.file));
    Err(failure
        .hint("try --kind events; columns of companies need other names than event and timestamp"))
}

/// The indexes of named columns that are not columns of the kind.
fn left_over<'a>(header: &'a Header, columns: &'a [Mapped]) -> impl Iterator<Item = usize> + 'a {
    let taken = |mapped: &Mapped, at: usize| {
        let more = mapped.otherwise.iter().chain(&mapped.year).any(|place| place.index == at);
        mapped.index == at || more
    };
    (0..header.names.len()).filter(move |at| {
        !header.folded[*at].is_empty() && !columns.iter().any(|mapped| taken(mapped, *at))
    })
}

/// Notes on unread columns with equal names. Names inside cells are not listed.
pub(super) fn notes_on_namesakes(header: &Header, ignored: &mut Vec<String>) -> Vec<String> {
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
