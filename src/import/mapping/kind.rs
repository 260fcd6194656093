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
        [only] if is_unmistakable(only) && why_no_list(only, &all, head).is_none() => Ok(only.kind),
        _ => {
            // Named, though never told, where it fits.
            let fitting = said.into_iter().map(find).filter(|matches| matches.lacks().is_empty());
            Err(cannot_tell(head, &all.into_iter().chain(fitting).collect::<Vec<_>>()))
        }
    }
}

/// For a kind that its ids alone identify, which files of other kinds have too: why the file may not
/// be a list of companies or of people. `None` for other kinds.
fn why_no_list(only: &Matches, all: &[Matches], head: Head<'_>) -> Option<String> {
    if !only.kind.has_only_ids() {
        return None;
    }
    let rival = || rival_of(only, all, head);
    let of_its_own = || match only.kind.custom {
        true => why_no_list_of_companies(only, head),
        false => why_no_list_of_people(only, head),
    };
    rival().or_else(of_its_own)
}

fn why_no_list_of_companies(only: &Matches, head: Head<'_>) -> Option<String> {
    let about_others = only.about_something_else(head.header);
    if about_others.is_some() || only.found.iter().flat_map(|found| &found.places).count() > 1 {
        return about_others;
    }
    // With only a known id, the rows may be anything of which companies have many.
    repeated(only, head).or_else(|| of_another_kind(only, head.header))
}

/// Everything that people do has the id of the person and often that of the company, and would move
/// people between companies.
fn why_no_list_of_people(only: &Matches, head: Head<'_>) -> Option<String> {
    let header = head.header;
    let about_others = only.about_something_else(header).or_else(|| of_another_kind(only, header));
    let is_ordered = only.kind.latest_by.iter().any(|name| header.find(name).is_some());
    let repeated = repeated(only, head).filter(|_| !is_ordered);
    if only.own_columns().next().is_some() {
        about_others.filter(|_| repeated.is_some())
    } else {
        about_others.or(repeated.filter(|_| only.unknown(header).next().is_some()))
    }
}

/// Another kind that the file may be of: one that lacks nothing, or has one column under an unknown
/// name. A file with a row for each id and a column that only the chosen kind has is a list even if
/// the other lacks just one.
fn rival_of(chosen: &Matches, all: &[Matches], head: Head<'_>) -> Option<String> {
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
        .flat_map(|other| other.evidence().map(move |(column, found)| (other, column, found)))
        .find(|(_, column, _)| chosen.kind.column(&column.name).is_none())
        .and_then(|(other, _, found)| {
            let name = &head.header.names[*found.places.first()?];
            Some(format!("'{name}' is a column of {}", other.kind.name))
        })
}

fn repeated(only: &Matches, head: Head<'_>) -> Option<String> {
    let id = &only.kind.columns.first()?.name;
    has_twice(head, &only.id()).then(|| format!("a {id} occurs twice"))
}

/// A column of something that a company or a person may have many of.
fn of_another_kind(only: &Matches, header: &Header) -> Option<String> {
    let mut names = only.unknown(header).map(|at| &header.names[at]);
    let name = names.find(|name| speaks_of_another_kind(name))?;
    Some(format!("'{name}' may be about something else"))
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
    let fitting = nearest_kinds(all).find(|matches| matches.lacks().is_empty());
    let why = fitting.and_then(|matches| {
        let why = why_no_list(matches, all, head)?;
        Some(format!("{} are read only with --kind here: {why}", matches.kind.name))
    });
    wide.into_iter()
        .chain(map)
        .chain(why)
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
