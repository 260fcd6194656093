//! Detects the kind of data from a header, if neither the user nor a product says so.

use std::collections::BTreeSet;

use super::super::amounts::is_bare_number;
use super::super::catalogue::{FactKind, catalogue};
use super::super::cells::content;
use super::super::header::Header;
use super::Head;
use super::matches::Matches;
use crate::domain::EVENTS;
use crate::error::{CommandError, refused};

/// The only possible kind for the header.
pub(super) fn kind_of(
    head: Head<'_>,
    overrides: &[(String, String)],
) -> Result<&'static FactKind, CommandError> {
    let find = |kind| Matches::find(kind, head.header, None, overrides, None);
    let (said, told): (Vec<&FactKind>, Vec<&FactKind>) =
        catalogue().kinds.iter().partition(|kind| kind.only_when_said);
    let all: Vec<Matches> = told.into_iter().map(find).collect();
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
        [only] if is_unmistakable(only) && is_list(only, &all, head) => Ok(only.kind),
        _ => {
            // Named, though never told, where it fits.
            let fitting = said.into_iter().map(find).filter(|matches| matches.lacks().is_empty());
            Err(cannot_tell(head, &all.into_iter().chain(fitting).collect::<Vec<_>>()))
        }
    }
}

/// For a kind that its ids alone identify, which files of other kinds have too: whether the file
/// really is a list of companies or of people. True for other kinds.
fn is_list(only: &Matches, all: &[Matches], head: Head<'_>) -> bool {
    if !only.kind.has_only_ids() {
        return true;
    }
    if has_rival(only, all, head) {
        return false;
    }
    match only.kind.custom {
        true => is_list_of_companies(only, head),
        false => is_list_of_people(only, head),
    }
}

fn is_list_of_companies(only: &Matches, head: Head<'_>) -> bool {
    if only.is_about_something_else(head.header) {
        return false;
    }
    let places = || only.found.iter().flat_map(|found| &found.places);
    if places().count() > 1 {
        return true;
    }
    // With only a known id, the rows may be anything of which companies have many.
    let speaks = |at: usize| speaks_of_another_kind(&head.header.names[at]);
    !has_twice(head, &only.id()) && !only.unknown(head.header).any(speaks)
}

/// Everything that people do has the id of the person and often that of the company, and would move
/// people between companies.
fn is_list_of_people(only: &Matches, head: Head<'_>) -> bool {
    let header = head.header;
    let is_about_others = only.is_about_something_else(header)
        || only.unknown(header).any(|at| speaks_of_another_kind(&header.names[at]));
    let is_ordered = only.kind.latest_by.iter().any(|name| header.find(name).is_some());
    let may_be_happenings = has_twice(head, &only.id()) && !is_ordered;
    if only.own_columns().next().is_some() {
        !(is_about_others && may_be_happenings)
    } else {
        !is_about_others && (!may_be_happenings || only.unknown(header).next().is_none())
    }
}

/// Whether the file may be of another kind: one that lacks nothing, or has one column under an
/// unknown name. A file with a row for each id and a column that only the chosen kind has is a list
/// even if the other lacks just one.
fn has_rival(chosen: &Matches, all: &[Matches], head: Head<'_>) -> bool {
    let has_one_row_each = !chosen.id().is_empty() && !has_twice(head, &chosen.id());
    let has_own_column = |other: &Matches| {
        chosen
            .own_columns()
            .any(|column| column.name != "name" && other.kind.column(&column.name).is_none())
    };
    let is_possible = |other: &Matches| match other.lacks().len() {
        0 if other.has_what_tells_it() => true,
        0 | 1 => !(has_one_row_each && has_own_column(other)),
        _ => false,
    };
    all.iter()
        .filter(|other| other.kind.name != chosen.kind.name && is_possible(other))
        .any(|other| other.evidence().any(|(column, _)| chosen.kind.column(&column.name).is_none()))
}

/// Words in headers of files with many rows per company or person.
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

/// The words of a header in lower case: the same for `lastSeenAt`, `last_seen_at` and `Last seen
/// at`.
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

/// Whether the first rows have the same values in these columns twice.
fn has_twice(head: Head<'_>, places: &[usize]) -> bool {
    let mut seen = BTreeSet::new();
    let key = |row: &Vec<String>| {
        let cells = places.iter().map(|at| row.get(*at).and_then(|cell| content(cell)));
        cells.map(|cell| cell.map(str::to_owned)).collect::<Option<Vec<String>>>()
    };
    head.sample.iter().filter_map(key).any(|key| !seen.insert(key))
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
    let names_events = all.iter().any(Matches::names_events);
    let wide = all.iter().filter(|_| !names_events).find_map(|matches| hint_at_wide(matches, head));
    let map = nearest_kinds(all).next().and_then(|nearest| hint_at_map(nearest, header));
    wide.into_iter()
        .chain(map)
        .fold(failure, CommandError::hint)
        .hint("say which with --kind, and --map COLUMN=\"Header\" for a column of another name")
}

/// At most this many kinds are suggested.
const MOST_KINDS: usize = 5;

/// The most likely kinds: those with the most known and fewest missing columns first.
fn nearest_kinds(all: &[Matches]) -> impl Iterator<Item = &Matches> {
    let known =
        |matches: &Matches| matches.pairs().filter(|(_, found)| !found.is_missing()).count();
    let mut kinds: Vec<(isize, usize, &Matches)> = all
        .iter()
        .filter(|matches| {
            let (known, lacks) = (known(matches), matches.lacks().len());
            matches.evidence().next().is_some()
                || (known > 1 && (matches.knows_company() || known > lacks))
        })
        .map(|matches| {
            let (known, lacks) = (known(matches), matches.lacks().len());
            (known as isize - lacks as isize, known, matches)
        })
        .collect();
    kinds.sort_by_key(|(score, known, _)| std::cmp::Reverse((*score, *known)));
    kinds.into_iter().take(MOST_KINDS).map(|(.., matches)| matches)
}

/// A hint for files that lack one column of the nearest kind and have one like it.
fn hint_at_map(nearest: &Matches, header: &Header) -> Option<String> {
    let [column] = nearest.lacks()[..] else { return None };
    let like = nearest.name_like(column, header)?;
    let (kind, name) = (&nearest.kind.name, &column.name);
    Some(format!("if '{like}' is the {name}: --kind {kind} --map {name}=\"{like}\""))
}

/// A hint for files with a row for each company and day, and columns of numbers.
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
    let is_numeric =
        |at: &usize| *at != day && cells(*at).next().is_some() && cells(*at).all(is_bare_number);
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
        let only_when_said = if matches.kind.only_when_said { "; only with --kind" } else { "" };
        format!("{kind} (no column missing{only_when_said})")
    } else {
        format!("{kind}, lacking {}", lacks.join(", "))
    }
}
