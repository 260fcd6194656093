//! The first row: the delimiter and the names of the columns.

use std::collections::HashSet;
use std::str::FromStr;
use std::sync::LazyLock;

use anyhow::Result;

use super::catalogue::catalogue;
use super::records::{MAX_COLUMNS, NO_DELIMITER, Peeked, Records};
use super::spelling::folded;
use super::times::{ColumnZone, split_zone};
use crate::error::{CommandError, refused};

/// Possible delimiters with their names, in the order in which they are tried.
pub(crate) const DELIMITERS: [(u8, &str); 4] =
    [(b',', "comma"), (b';', "semicolon"), (b'\t', "tab"), (b'|', "pipe")];

/// An ASCII character that separates fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Delimiter(pub u8);

impl Delimiter {
    /// Its name, or itself if it has none.
    pub(crate) fn name(self) -> String {
        if self.0 == NO_DELIMITER {
            return "none".to_owned();
        }
        let known = DELIMITERS.iter().find(|(byte, _)| *byte == self.0);
        known.map_or_else(|| char::from(self.0).to_string(), |(_, name)| (*name).to_owned())
    }
}

impl FromStr for Delimiter {
    type Err = String;

    /// Parses a name (`comma`, `semicolon`, `tab`, `pipe`), `\t`, or the character itself.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((byte, _)) = DELIMITERS.iter().find(|(_, name)| text.eq_ignore_ascii_case(name))
        {
            return Ok(Delimiter(*byte));
        }
        match text.as_bytes() {
            b"\\t" => Ok(Delimiter(b'\t')),
            [byte] if is_separator(*byte) => Ok(Delimiter(*byte)),
            _ => Err(format!(
                "'{text}' is not a delimiter; say comma, semicolon, tab, pipe or one character"
            )),
        }
    }
}

fn is_separator(byte: u8) -> bool {
    byte.is_ascii()
        && !byte.is_ascii_alphanumeric()
        && !matches!(byte, b'"' | b'\n' | b'\r' | b'\0')
}

/// The header of a file.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    /// The physical line on which it is.
    pub line: u64,
    pub delimiter: Delimiter,
    /// The trimmed names; empty for a column without a name.
    pub names: Vec<String>,
    /// The names folded, in the same order.
    pub folded: Vec<String>,
    /// The folded names without their time zones.
    without_zone: Vec<String>,
    /// The time zones at the ends of the names.
    pub zones: Vec<Option<ColumnZone>>,
    /// How many of the names, the last ones, are inside the cells of other columns.
    pub more: usize,
}

impl Header {
    /// Takes the header from the rows and sets their delimiter. `asked` is the value of
    /// `--delimiter`.
    ///
    /// # Errors
    /// A file of blank lines, a header that no delimiter fits, too many columns, or a duplicate
    /// name.
    pub(crate) fn take(
        records: &mut Records,
        asked: Option<Delimiter>,
        mapped: &[(String, String)],
    ) -> Result<Header> {
        let file = records.source().name.clone();
        let declared = take_declaration(records)?;
        let header = match asked.or(declared) {
            Some(delimiter) => {
                let header = peek(records, delimiter, &file)?;
                refuse_better_delimiter(records, &header, mapped, &file)?;
                header
            }
            None => detect(records, mapped, &file)?,
        };
        header.check(&file)?;
        records.set_delimiter(header.delimiter.0);
        records.skip()?;
        Ok(header)
    }

    /// A header for JSON lines with these names, preceding line `line`. If there are more names
    /// than the allowed number of columns, only known and mapped ones are kept.
    ///
    /// # Errors
    /// Too many names even then.
    pub(crate) fn of_names(
        line: u64,
        names: Vec<String>,
        mapped: &[(String, String)],
        file: &str,
    ) -> Result<Header, CommandError> {
        let header = Header::of(line, Delimiter(NO_DELIMITER), names).with_few(0, mapped);
        header.check(file)?;
        Ok(header)
    }

    fn new(row: Peeked, delimiter: Delimiter) -> Self {
        let names = row.fields.iter().map(|name| name.trim_matches(is_edge).to_owned());
        Header::of(row.line, delimiter, names.collect())
    }

    fn of(line: u64, delimiter: Delimiter, names: Vec<String>) -> Self {
        let split: Vec<_> = names.iter().map(|name| split_zone(name)).collect();
        let without_zone = split.iter().map(|(name, _)| folded(name)).collect();
        let zones = split.iter().map(|(_, zone)| *zone).collect();
        let folded = names.iter().map(|name| folded(name)).collect();
        Header { line, delimiter, names, folded, without_zone, zones, more: 0 }
    }

    /// Adds the names from inside cells after the header's own. If there are too many, only known
    /// and mapped ones are kept.
    pub(crate) fn with_more(self, more: Vec<String>, mapped: &[(String, String)]) -> Header {
        let own = self.names.len();
        let all = Header::of(self.line, self.delimiter, [self.names, more].concat());
        let mut header = all.with_few(own, mapped);
        header.more = header.names.len() - own;
        header
    }

    /// If there are too many names, only the first `own`, and known and mapped ones.
    fn with_few(self, own: usize, mapped: &[(String, String)]) -> Header {
        if self.names.len() <= MAX_COLUMNS {
            return self;
        }
        let meant = |at: &usize| *at < own || self.is_meant(*at, mapped);
        let names = (0..self.names.len()).filter(meant).map(|at| self.names[at].clone());
        Header::of(self.line, self.delimiter, names.collect())
    }

    /// Whether the column has this folded name, with or without its time zone.
    pub(crate) fn is_called(&self, at: usize, name: &str) -> bool {
        self.folded[at] == name || self.without_zone[at] == name
    }

    /// The first column with this folded name, with or without its time zone.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        (0..self.folded.len()).find(|at| self.is_called(*at, name))
    }

    /// The header in a form that is the same for every file with the same columns in the same
    /// order.
    pub(crate) fn text(&self) -> String {
        self.folded.join(",")
    }

    /// The position of the column with this name, regardless of spelling.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        let wanted = folded(name);
        self.folded.iter().position(|name| !name.is_empty() && *name == wanted)
    }

    fn check(&self, file: &str) -> Result<(), CommandError> {
        if self.names.len() > MAX_COLUMNS {
            return Err(refused(format!("{file}:{}: more than {MAX_COLUMNS} columns", self.line)));
        }
        Ok(())
    }

    /// The positions of the columns with the same name as the one at `at`, including itself.
    pub(crate) fn namesakes(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.folded.len()).filter(move |other| self.folded[*other] == self.folded[at])
    }

    /// Whether the cells of this column are read by the names inside them.
    pub(crate) fn is_taken_apart(&self, at: usize) -> bool {
        let (own, inside) = self.names.split_at(self.names.len() - self.more);
        let is_inside = |name: &String| {
            name.strip_prefix(&self.names[at]).is_some_and(|rest| rest.starts_with('.'))
        };
        at < own.len() && inside.iter().any(is_inside)
    }

    /// Refuses a column that is read and whose name is not unique.
    pub(crate) fn refuse_twice(&self, at: usize, file: &str) -> Result<(), CommandError> {
        let places: Vec<String> = self.namesakes(at).map(|at| (at + 1).to_string()).collect();
        let Some(last) = self.namesakes(at).last().filter(|_| places.len() > 1) else {
            return Ok(());
        };
        let (header, line, places) = (&self.names[last], self.line, places.join(" and "));
        let message = format!("{file}:{line}: column '{header}' is there twice ({places})");
        Err(refused(message).hint("rename or remove one of them"))
    }

    /// How many of the names are known to some kind or mapped by hand.
    fn known(&self, mapped: &[(String, String)]) -> usize {
        (0..self.names.len()).filter(|at| self.is_meant(*at, mapped)).count()
    }

    /// Whether a name is known to some kind or product, or mapped by hand.
    fn is_meant(&self, at: usize, mapped: &[(String, String)]) -> bool {
        mapped.iter().any(|(_, header)| folded(header) == self.folded[at])
            || is_known(&self.folded[at])
            || is_known(&self.without_zone[at])
    }
}

fn is_edge(char: char) -> bool {
    char.is_whitespace() || char == '\u{feff}'
}

fn is_known(name: &str) -> bool {
    // A line of JSON may have a hundred thousand names to look up.
    static KNOWN: LazyLock<HashSet<String>> = LazyLock::new(known_names);
    KNOWN.contains(name)
}

/// The folded names of columns of all kinds and products.
fn known_names() -> HashSet<String> {
    let kinds = &catalogue().kinds;
    let of_kinds = kinds.iter().flat_map(|kind| &kind.columns).flat_map(|column| column.names());
    let mut names: HashSet<String> = of_kinds.collect();
    for product in &catalogue().products {
        names.extend(product.signature.iter().cloned());
        let columns =
            kinds.iter().filter(|kind| kind.name == product.kind).flat_map(|kind| &kind.columns);
        for column in columns {
            let from = product.column(&column.name);
            names.extend(from.into_iter().flat_map(|from| from.names(column)));
        }
    }
    names
}

/// Spreadsheets write `sep=;` before the header, for their own use.
fn take_declaration(records: &mut Records) -> Result<Option<Delimiter>> {
    let Some(row) = records.peek(NO_DELIMITER)? else { return Ok(None) };
    let declared = match row.fields.as_slice() {
        [only] => only.strip_prefix("sep=").map(str::as_bytes),
        _ => None,
    };
    match declared {
        Some([byte]) if is_separator(*byte) => {
            let delimiter = Delimiter(*byte);
            records.set_delimiter(NO_DELIMITER);
            records.skip()?;
            Ok(Some(delimiter))
        }
        _ => Ok(None),
    }
}

fn peek(records: &mut Records, delimiter: Delimiter, file: &str) -> Result<Header> {
    match records.peek(delimiter.0)? {
        None => Err(refused(format!("{file} has only blank lines")).into()),
        Some(Peeked { line, fault: Some(fault), .. }) => {
            Err(refused(format!("{file}:{line}: {fault}")).into())
        }
        Some(row) => Ok(Header::new(row, delimiter)),
    }
}

/// The delimiter with which the header has the most known names, else the most names.
fn detect(records: &mut Records, mapped: &[(String, String)], file: &str) -> Result<Header> {
    let mut fitting: Vec<((usize, usize), Header)> = Vec::new();
    for (byte, _) in DELIMITERS {
        // With a wrong delimiter even the quotes may be invalid.
        if let Ok(header) = peek(records, Delimiter(byte), file) {
            fitting.push(((header.known(mapped), header.names.len()), header));
        }
    }
    let best = fitting.iter().map(|(rank, _)| *rank).max().unwrap_or_default();
    let mut fitting =
        fitting.into_iter().filter(|(rank, _)| *rank == best).map(|(_, header)| header);
    let Some(header) = fitting.next() else { return peek(records, Delimiter(b','), file) };
    if best == (0, 1) {
        return Err(no_delimiter(file, &header).into());
    }
    // A header of one column is the same with every delimiter.
    if best.1 > 1 && fitting.next().is_some() {
        let message = format!("{file}:{}: more than one delimiter fits the header", header.line);
        return Err(refused(message)
            .hint("say which with --delimiter comma, semicolon, tab or pipe")
            .into());
    }
    Ok(header)
}

/// A given delimiter that leaves the header in one unknown piece must be a mistake.
fn refuse_better_delimiter(
    records: &mut Records,
    header: &Header,
    mapped: &[(String, String)],
    file: &str,
) -> Result<(), CommandError> {
    if header.names.len() > 1 || header.known(mapped) > 0 {
        return Ok(());
    }
    for (byte, name) in DELIMITERS {
        if peek(records, Delimiter(byte), file)
            .is_ok_and(|other| other.names.len() > 1 && other.known(mapped) > 0)
        {
            let (line, asked) = (header.line, header.delimiter.name());
            let message = format!(
                "{file}:{line}: the delimiter {asked} does not fit: the header is one column with it"
            );
            return Err(refused(message).hint(format!("try --delimiter {name}")));
        }
    }
    Ok(())
}

fn no_delimiter(file: &str, header: &Header) -> CommandError {
    let first: String = header.names.concat().chars().take(60).collect();
    let message = format!(
        "{file}:{}: no delimiter that fits: the header '{first}' has no comma, semicolon, tab or pipe",
        header.line
    );
    refused(message)
        .hint("the first line must name the columns; --delimiter takes any other character")
}
