//! Text -> rows, with the line numbers of an editor.
//!
//! Ordinary CSV readers are lenient: an unclosed quote swallows the rest of a file, text after a
//! closing quote is appended, line numbers are off by one after CRLF. Each of these loses events
//! silently, so rows are split strictly here. Lines without quotes, nearly all of them, are found
//! and split with `memchr`; only lines with quotes are parsed field by field.

use anyhow::Result;
use memchr::{memchr, memchr_iter, memchr3};

use super::source::Source;
use crate::error::{CommandError, refused};

/// The most columns of a file.
pub(crate) const MAX_COLUMNS: usize = 1024;

/// The most bytes of a row: 4 MiB.
pub(crate) const MAX_RECORD: usize = 4 << 20;

/// The most bytes of a quoted field: 1 MiB. More means that a quote was never closed.
pub(crate) const MAX_FIELD: usize = 1 << 20;

/// The most line breaks in a quoted field. More means that a quote was never closed.
pub(crate) const MAX_BREAKS: u64 = 100;

/// A delimiter that no text contains, to read a line as a whole.
pub(crate) const NO_DELIMITER: u8 = 0x1f;

const BUFFER: usize = 256 * 1024;

#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The physical line on which the row starts, from 1.
    pub line: u64,
    /// Whether all of it is known to be printable ASCII, so that it need not be checked again.
    pub plain: bool,
    /// What is wrong with its quoting; such a row can only be reported.
    pub fault: Option<&'static str>,
    text: &'a str,
    bounds: &'a [(usize, usize)],
}

impl<'a> Row<'a> {
    /// The fields in `text` at `bounds`.
    pub fn new(line: u64, text: &'a str, bounds: &'a [(usize, usize)]) -> Self {
        Row { line, plain: false, fault: None, text, bounds }
    }

    /// The number of fields; at most [`MAX_COLUMNS`] plus one.
    pub fn len(&self) -> usize {
        self.bounds.len()
    }

    /// Whether the row has no field, which no row of a file is.
    pub fn is_empty(&self) -> bool {
        self.bounds.is_empty()
    }

    /// The field at `index` without its quotes; empty if the row is too short.
    pub fn field(&self, index: usize) -> &'a str {
        self.bounds.get(index).map_or("", |(from, to)| &self.text[*from..*to])
    }

    /// Whether its text is in NFC, the form in which texts are compared.
    #[inline]
    pub fn is_normal(&self) -> bool {
        if self.plain {
            return true;
        }
        // In any order: a JSON line has its values in another one than the header.
        let from = self.bounds.iter().map(|(from, _)| *from).min().unwrap_or_default();
        let to = self.bounds.iter().map(|(_, to)| *to).max().unwrap_or_default();
        let text = &self.text[from..to];
        text.is_ascii()
            || icu_normalizer::ComposingNormalizerBorrowed::new_nfc().is_normalized(text)
    }

    /// Whether all of its fields are empty or white space.
    pub fn is_blank(&self) -> bool {
        self.fault.is_none() && self.fields().all(|field| field.trim().is_empty())
    }

    pub fn fields(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let Row { text, bounds, .. } = *self;
        bounds.iter().map(move |(from, to)| &text[*from..*to])
    }
}

/// A row that was read ahead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peeked {
    /// The physical line on which it starts.
    pub line: u64,
    /// The fields without quotes.
    pub fields: Vec<String>,
    pub fault: Option<&'static str>,
}

impl Peeked {
    fn of(row: Row<'_>) -> Peeked {
        Peeked {
            line: row.line,
            fields: row.fields().map(str::to_owned).collect(),
            fault: row.fault,
        }
    }
}

pub struct Records {
    source: Source,
    delimiter: u8,
    quoting: bool,
    buffer: Vec<u8>,
    from: usize,
    to: usize,
    finished: bool,
    line: u64,
    offset: u64,
    layout: Layout,
}

impl Records {
    /// The rows of `source`, separated by commas until a delimiter is set.
    pub fn new(source: Source) -> Self {
        let offset = source.skipped;
        let (buffer, layout) = (vec![0; BUFFER], Layout::default());
        Records {
            source,
            delimiter: b',',
            quoting: true,
            buffer,
            from: 0,
            to: 0,
            finished: false,
            line: 1,
            offset,
            layout,
        }
    }

    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Sets the delimiter of the following rows; an ASCII character.
    pub fn set_delimiter(&mut self, delimiter: u8) {
        self.delimiter = delimiter;
    }

    /// Treats each following line as a row of one field.
    pub fn set_whole_lines(&mut self) {
        (self.delimiter, self.quoting) = (NO_DELIMITER, false);
    }

    /// Reads ahead at most `limit` rows: those that fit into the buffer, which may grow to 4 MiB if
    /// `grow` is set. Errors in the file are reported when the rows are taken.
    pub fn sample(&mut self, limit: usize, grow: bool) -> Result<Vec<Peeked>> {
        let mut rows = self.rows_at_hand(limit);
        while rows.len() < limit
            && !self.finished
            && (self.to - self.from < self.buffer.len() || grow)
        {
            if self.to - self.from >= MAX_RECORD {
                break;
            }
            self.fill()?;
            rows = self.rows_at_hand(limit);
        }
        Ok(rows)
    }

    fn rows_at_hand(&mut self, limit: usize) -> Vec<Peeked> {
        let bytes = &self.buffer[self.from..self.to];
        let valid = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
        let text = std::str::from_utf8(&bytes[..valid]).unwrap_or_default();
        let last = self.finished && valid == bytes.len();
        let mut scanner = Scanner::new(text, self.delimiter, self.line, last, self.quoting);
        let mut rows = Vec::new();
        while let (true, Ok(Some(shape))) = (rows.len() < limit, scanner.step(&mut self.layout)) {
            rows.push(Peeked::of(self.layout.row(text, &scanner, shape)));
        }
        rows
    }

    /// Reads the next row ahead with some delimiter. `None` at the end.
    pub fn peek(&mut self, delimiter: u8) -> Result<Option<Peeked>> {
        let keep = std::mem::replace(&mut self.delimiter, delimiter);
        let mut found = None;
        let ended = self.walk(false, |row| {
            found = Some(Peeked::of(row));
            Ok(false)
        });
        self.delimiter = keep;
        ended.map(|()| found)
    }

    pub fn skip(&mut self) -> Result<()> {
        self.walk(true, |_| Ok(false))
    }

    /// Passes every remaining row to `visit`, until it returns an error.
    ///
    /// # Errors
    /// Invalid UTF-8, an unclosed quote, or a row that is too long, with its line; errors of
    /// `visit`.
    pub fn for_each(&mut self, mut visit: impl FnMut(Row<'_>) -> Result<()>) -> Result<()> {
        self.walk(true, |row| visit(row).map(|()| true))
    }

    /// Visits rows until `visit` returns false. Unless `take` is set, the position does not change.
    fn walk(&mut self, take: bool, mut visit: impl FnMut(Row<'_>) -> Result<bool>) -> Result<()> {
        let mut have_text = self.from < self.to;
        while have_text || self.fill()? {
            let valid = self.valid_length()?;
            let last = self.finished && self.from + valid == self.to;
            let bytes = &self.buffer[self.from..self.from + valid];
            let text = std::str::from_utf8(bytes)?;
            let mut scanner = Scanner::new(text, self.delimiter, self.line, last, self.quoting);
            let mut more = true;
            while more {
                match scanner.step(&mut self.layout) {
                    Ok(Some(shape)) => more = visit(self.layout.row(text, &scanner, shape))?,
                    Ok(None) => break,
                    Err(broken) => return Err(broken.failure(&self.source.name).into()),
                }
            }
            let (taken, line) = (scanner.at, scanner.line);
            if take || more {
                self.advance(taken, line);
            }
            if !more {
                return Ok(());
            }
            have_text = false;
        }
        Ok(())
    }

    fn advance(&mut self, bytes: usize, line: u64) {
        self.from += bytes;
        self.offset += bytes as u64;
        self.line = line;
    }

    /// Fills the buffer, which grows if the current row already fills it. Returns whether there is
    /// anything left.
    fn fill(&mut self) -> Result<bool> {
        self.buffer.copy_within(self.from..self.to, 0);
        (self.to, self.from) = (self.to - self.from, 0);
        if self.to == self.buffer.len() {
            self.grow()?;
        }
        while !self.finished && self.to < self.buffer.len() {
            let size = self.source.read(&mut self.buffer[self.to..])?;
            self.to += size;
            self.finished = size == 0;
        }
        Ok(self.to > 0)
    }

    fn grow(&mut self) -> Result<(), CommandError> {
        if self.buffer.len() >= MAX_RECORD {
            let message = format!(
                "{}:{}: a row of more than {} MiB",
                self.source.name,
                self.line,
                MAX_RECORD >> 20
            );
            return Err(refused(message).hint("is this a table with one record a line?"));
        }
        self.buffer.resize(self.buffer.len() * 2, 0);
        Ok(())
    }

    /// How many of the buffered bytes are whole characters.
    fn valid_length(&self) -> Result<usize, CommandError> {
        let bytes = &self.buffer[self.from..self.to];
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.len()),
            Err(error) if error.error_len().is_none() && !self.finished => Ok(error.valid_up_to()),
            Err(error) => Err(self.not_utf8(bytes, error.valid_up_to())),
        }
    }

    fn not_utf8(&self, bytes: &[u8], at: usize) -> CommandError {
        let (line, offset) = (self.line + line_breaks(&bytes[..at]), self.offset + at as u64);
        refused(format!(
            "{}:{line}: not UTF-8: byte 0x{:02X} at offset {offset}",
            self.source.name, bytes[at]
        ))
        .hint("if it comes from an older spreadsheet, try --encoding windows-1252")
    }
}

/// Where the fields of the current row are: in the block of text, or, after unquoting, in
/// `unquoted`.
#[derive(Debug, Default)]
struct Layout {
    bounds: Vec<(usize, usize)>,
    unquoted: String,
}

/// How a row was found.
#[derive(Debug, Clone, Copy)]
struct Shape {
    line: u64,
    quoted: bool,
    fault: Option<&'static str>,
}

impl Layout {
    fn row<'a>(&'a self, block: &'a str, scanner: &Scanner<'_>, shape: Shape) -> Row<'a> {
        let text = if shape.quoted { &self.unquoted } else { block };
        let plain = scanner.plain && !shape.quoted;
        Row { line: shape.line, plain, fault: shape.fault, text, bounds: &self.bounds }
    }

    fn clear(&mut self) {
        self.bounds.clear();
        self.unquoted.clear();
    }

    /// Looks at eight bytes at once: fields are so short that separate searches would begin and end
    /// with every second step.
    fn split(&mut self, bytes: &[u8], from: usize, to: usize, delimiter: u8) {
        self.bounds.clear();
        let mut start = from;
        let (eights, rest) = bytes[from..to].as_chunks::<8>();
        for (place, eight) in eights.iter().enumerate() {
            let mut found = places_of(delimiter, *eight);
            while found != 0 {
                let at = from + place * 8 + found.trailing_zeros() as usize / 8;
                self.push(start, at);
                start = at + 1;
                found &= found - 1;
            }
        }
        let rest = rest.iter().zip(to - rest.len()..).filter(|(byte, _)| **byte == delimiter);
        for (_, at) in rest {
            self.push(start, at);
            start = at + 1;
        }
        self.push(start, to);
    }

    fn push(&mut self, from: usize, to: usize) {
        if self.bounds.len() <= MAX_COLUMNS {
            self.bounds.push((from, to));
        }
    }
}

/// The highest bit of each byte, lowest first, that equals `wanted`. (Hacker's Delight, second
/// edition, 6-1: no carry passes from one byte to the next.)
fn places_of(wanted: u8, eight: [u8; 8]) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let others = u64::from_le_bytes(eight) ^ u64::from_le_bytes([wanted; 8]);
    !(((others & LOW) + LOW) | others | LOW)
}

/// Why the file is refused, and the line.
#[derive(Debug, PartialEq, Eq)]
struct RecordError {
    line: u64,
    what: &'static str,
}

impl RecordError {
    fn failure(self, name: &str) -> CommandError {
        refused(format!("{name}:{}: {}", self.line, self.what))
            .hint("a quote inside a quoted field is written twice")
    }
}

const UNCLOSED: &str = "a quote opened on this line is never closed";
const AFTER_QUOTE: &str = "text after a closing quote";

/// The next occurrence of a byte, cached so that a block is searched once instead of once per row.
struct Next {
    byte: u8,
    at: Option<usize>,
}

impl Next {
    fn new(byte: u8, bytes: &[u8]) -> Self {
        Next { byte, at: memchr(byte, bytes) }
    }

    /// The first position at or after `from`; positions only increase.
    fn seek(&mut self, bytes: &[u8], from: usize) -> usize {
        match self.at {
            Some(at) if at < from => {
                self.at = memchr(self.byte, &bytes[from..]).map(|more| from + more)
            }
            _ => {}
        }
        self.at.unwrap_or(usize::MAX)
    }
}

/// Finds rows in one block of text.
struct Scanner<'t> {
    text: &'t str,
    delimiter: u8,
    at: usize,
    line: u64,
    last: bool,
    plain: bool,
    feed: Next,
    carriage: Next,
    quote: Next,
}

impl<'t> Scanner<'t> {
    fn new(text: &'t str, delimiter: u8, line: u64, last: bool, quoting: bool) -> Self {
        let bytes = text.as_bytes();
        let printable = |byte: u8| (0x20..0x7f).contains(&byte) | (byte == b'\n') | (byte == b'\r');
        let plain = bytes
            .iter()
            .fold(true, |plain, byte| plain & (printable(*byte) | (*byte == delimiter)));
        let next = |byte| Next::new(byte, bytes);
        let (feed, carriage) = (next(b'\n'), next(b'\r'));
        let quote = if quoting { next(b'"') } else { Next { byte: b'"', at: None } };
        Scanner { text, delimiter, at: 0, line, last, plain, feed, carriage, quote }
    }

    /// The next row that is not blank; `None` if the block contains no further complete row.
    fn step(&mut self, layout: &mut Layout) -> Result<Option<Shape>, RecordError> {
        let bytes = self.text.as_bytes();
        while self.at < bytes.len() {
            let stop = self.feed.seek(bytes, self.at).min(self.carriage.seek(bytes, self.at));
            if self.quote.seek(bytes, self.at) < stop {
                return self.quoted(layout);
            }
            let stop = stop.min(bytes.len());
            let Some(after) = self.after_break(stop) else { return Ok(None) };
            let (from, line) = (self.at, self.line);
            (self.at, self.line) = (after, line + 1);
            if !self.is_blank(&bytes[from..stop]) {
                layout.split(bytes, from, stop, self.delimiter);
                return Ok(Some(Shape { line, quoted: false, fault: None }));
            }
        }
        Ok(None)
    }

    fn is_blank(&self, line: &[u8]) -> bool {
        line.iter().all(|byte| byte.is_ascii_whitespace() && *byte != self.delimiter)
    }

    /// The beginning of the line after the break at `stop`; `None` if that depends on further text.
    fn after_break(&self, stop: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        match (bytes.get(stop), bytes.get(stop + 1)) {
            (None, _) => self.last.then_some(stop),
            (Some(b'\r'), Some(b'\n')) => Some(stop + 2),
            (Some(b'\r'), None) if !self.last => None,
            _ => Some(stop + 1),
        }
    }

    /// Parses a row with quotes. If the row is not complete in the block, returns `None` and leaves
    /// the position unchanged.
    fn quoted(&mut self, layout: &mut Layout) -> Result<Option<Shape>, RecordError> {
        layout.clear();
        let mut walk = Walk { at: self.at, line: self.line, fault: None };
        loop {
            let start = layout.unquoted.len();
            let Some(stop) = self.walk_field(&mut walk, layout)? else { return Ok(None) };
            layout.push(start, layout.unquoted.len());
            if self.text.as_bytes().get(stop) == Some(&self.delimiter) {
                walk.at = stop + 1;
                continue;
            }
            let Some(after) = self.after_break(stop) else { return Ok(None) };
            let shape = Shape { line: self.line, quoted: true, fault: walk.fault };
            (self.at, self.line) = (after, walk.line + 1);
            return Ok(Some(shape));
        }
    }

    /// Appends a field without its quotes. Returns the position of its delimiter or line break.
    fn walk_field(
        &self,
        walk: &mut Walk,
        layout: &mut Layout,
    ) -> Result<Option<usize>, RecordError> {
        let bytes = self.text.as_bytes();
        let mut rest = walk.at;
        let spaces = bytes[walk.at..].iter().take_while(|byte| **byte == b' ').count();
        if spaces > 0 && bytes.get(walk.at + spaces) == Some(&b'"') {
            match self.quoted_after_spaces(walk, spaces, layout) {
                AfterSpaces::Field(closed) => rest = closed,
                AfterSpaces::Text => {}
                AfterSpaces::NotWhole => return Ok(None),
            }
        } else if bytes.get(walk.at) == Some(&b'"') {
            let opened = walk.line;
            let Some(closed) = self.unquote(walk, layout)? else { return Ok(None) };
            let closed = self.after_spaces(closed);
            if !self.ends_field(closed) {
                // A multi-line field that ends like this did not end: quotes of two different rows
                // were paired.
                if walk.line > opened {
                    return Err(RecordError { line: opened, what: UNCLOSED });
                }
                walk.fault = Some(AFTER_QUOTE);
            }
            rest = closed;
        }
        let found = memchr3(self.delimiter, b'\n', b'\r', &bytes[rest..]).map(|more| rest + more);
        let stop = found.or(self.last.then_some(bytes.len()));
        if let Some(stop) = stop {
            layout.unquoted.push_str(&self.text[rest..stop]);
        }
        Ok(stop)
    }

    /// Some tools write a space after each delimiter. A quote after it opens a field only if its
    /// closing quote ends the field; otherwise it is ordinary text.
    fn quoted_after_spaces(
        &self,
        walk: &mut Walk,
        spaces: usize,
        layout: &mut Layout,
    ) -> AfterSpaces {
        let (line, kept) = (walk.line, layout.unquoted.len());
        let mut inside = Walk { at: walk.at + spaces, line, fault: None };
        match self.unquote(&mut inside, layout) {
            Ok(None) => return AfterSpaces::NotWhole,
            Ok(Some(closed)) if self.ends_field(self.after_spaces(closed)) => {
                walk.line = inside.line;
                return AfterSpaces::Field(self.after_spaces(closed));
            }
            _ => {}
        }
        layout.unquoted.truncate(kept);
        AfterSpaces::Text
    }

    /// The end of the spaces at `at`, if the field ends there too.
    fn after_spaces(&self, at: usize) -> usize {
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        let end = at + rest.iter().take_while(|byte| **byte == b' ').count();
        if self.ends_field(end) { end } else { at }
    }

    fn ends_field(&self, at: usize) -> bool {
        let next = self.text.as_bytes().get(at);
        next.is_none_or(|byte| *byte == self.delimiter || matches!(byte, b'\n' | b'\r'))
    }

    /// Appends the text between the quote at `walk.at` and its closing quote. Returns the position
    /// after that.
    fn unquote(&self, walk: &mut Walk, layout: &mut Layout) -> Result<Option<usize>, RecordError> {
        let bytes = self.text.as_bytes();
        let unclosed = RecordError { line: walk.line, what: UNCLOSED };
        let (opened, mut from) = (walk.line, walk.at + 1);
        loop {
            let quote = memchr(b'"', &bytes[from..]).map(|more| from + more);
            let to = quote.unwrap_or(bytes.len());
            walk.line += line_breaks(&bytes[from..to]);
            if walk.line - opened > MAX_BREAKS
                || to - walk.at > MAX_FIELD
                || (quote.is_none() && self.last)
            {
                return Err(unclosed);
            }
            if quote.is_none() || (to + 1 == bytes.len() && !self.last) {
                return Ok(None);
            }
            layout.unquoted.push_str(&self.text[from..to]);
            if bytes.get(to + 1) != Some(&b'"') {
                return Ok(Some(to + 1));
            }
            layout.unquoted.push('"');
            from = to + 2;
        }
    }
}

/// What spaces and a quote begin.
enum AfterSpaces {
    /// A quoted field that ends here.
    Field(usize),
    /// Text that contains a quote.
    Text,
    /// Depends on further text.
    NotWhole,
}

/// The progress through a row with quotes.
struct Walk {
    at: usize,
    line: u64,
    fault: Option<&'static str>,
}

/// The number of lines that end in `bytes`, at LF, CRLF or a lone CR.
fn line_breaks(bytes: &[u8]) -> u64 {
    let feeds = memchr_iter(b'\n', bytes).count();
    let lone = memchr_iter(b'\r', bytes).filter(|at| bytes.get(at + 1) != Some(&b'\n')).count();
    (feeds + lone) as u64
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use super::*;
    use proptest::prelude::*;

    /// Returns a few bytes at a time, so that boundaries fall everywhere.
    struct Trickle(Cursor<Vec<u8>>, usize);

    impl Read for Trickle {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let size = into.len().min(self.1);
            self.0.read(&mut into[..size])
        }
    }

    fn records(bytes: &[u8]) -> Records {
        let reader = Box::new(Trickle(Cursor::new(bytes.to_vec()), 4093));
        Records::new(Source::from_reader("f.csv".to_owned(), reader, None, None).unwrap())
    }

    /// Every row as `line:field|field`, with `!` before faulty ones, and the final error.
    fn rows(bytes: impl AsRef<[u8]>) -> Vec<String> {
        let mut rows = Vec::new();
        let ended = records(bytes.as_ref()).for_each(|row| {
            let fields: Vec<&str> = row.fields().collect();
            let fault = if row.fault.is_some() { "!" } else { "" };
            rows.push(format!("{fault}{}:{}", row.line, fields.join("|")));
            Ok(())
        });
        rows.extend(ended.err().map(|error| error.to_string()));
        rows
    }

    #[test]
    fn lines_are_counted_as_an_editor_counts_them() {
        let cases: [(&str, &[&str]); 9] = [
            ("a,b\n1,2\n", &["1:a|b", "2:1|2"]),
            ("a,b\n1,2", &["1:a|b", "2:1|2"]),
            ("a,b\r\n1,2\r\n3,4\r\n", &["1:a|b", "2:1|2", "3:3|4"]),
            ("a,b\r1,2\r3,4\r", &["1:a|b", "2:1|2", "3:3|4"]),
            ("a,b\r\n1,2\n3,4\r5,6", &["1:a|b", "2:1|2", "3:3|4", "4:5|6"]),
            ("\n\na,b\n  \n\r\n1,2\n\n", &["3:a|b", "6:1|2"]),
            ("a,b\n\"1\n1\",2\n3,4\n", &["1:a|b", "2:1\n1|2", "4:3|4"]),
            ("a,b\r\n\"1\r\n1\r1\",2\r\n3,4\r\n", &["1:a|b", "2:1\r\n1\r1|2", "5:3|4"]),
            (",,\n \n", &["1:||"]),
        ];
        for (text, expected) in cases {
            assert_eq!(rows(text), expected, "{text:?}");
        }
    }

    #[test]
    fn quotes_are_read_strictly() {
        let cases: [(&str, &[&str]); 12] = [
            ("\"a\",\"b\"\n", &["1:a|b"]),
            ("\"a,b\",c\n", &["1:a,b|c"]),
            ("\"a \"\"b\"\"\",c\n", &["1:a \"b\"|c"]),
            ("\"\",c\n", &["1:|c"]),
            ("\"\"\"\",c", &["1:\"|c"]),
            ("5\" disk,c\n", &["1:5\" disk|c"]),
            ("x,\"last\"", &["1:x|last"]),
            ("\"a\"b,c\n1,2\n", &["!1:ab|c", "2:1|2"]),
            ("\"say \\\"hi\\\"\",c\n1,2\n", &["!1:say \\hi\\\"\"|c", "2:1|2"]),
            (
                "a,b\nx,\"open\ny,2\n",
                &["1:a|b", "f.csv:2: a quote opened on this line is never closed"],
            ),
            (
                "a,b\n1,2\nx,\"open\ny,\"2\"\n",
                &["1:a|b", "2:1|2", "f.csv:3: a quote opened on this line is never closed"],
            ),
            ("a,\"x\ny\",\"open", &["f.csv:2: a quote opened on this line is never closed"]),
        ];
        for (text, expected) in cases {
            assert_eq!(rows(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_quote_behind_spaces_opens_a_field_that_it_also_closes() {
        let cases: [(&str, &[&str]); 8] = [
            ("\"a\", \"b\", \"c,d\"\n", &["1:a|b|c,d"]),
            (" \"a\" ,  \"b\"  \n1,2\n", &["1:a|b", "2:1|2"]),
            ("\"a\" , \"b\"", &["1:a|b"]),
            ("a, \"two\nlines\"\n1,2\n", &["1:a|two\nlines", "3:1|2"]),
            ("a, \"say \"\"hi\"\"\"\n", &["1:a|say \"hi\""]),
            ("a, \"b\" c\n1,2\n", &["1:a| \"b\" c", "2:1|2"]),
            ("a, \"open\n1,2\n", &["1:a| \"open", "2:1|2"]),
            ("a, 5\" disk\n", &["1:a| 5\" disk"]),
        ];
        for (text, expected) in cases {
            assert_eq!(rows(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_quote_that_is_closed_far_away_was_never_closed() {
        let field = |breaks: usize| format!("a,b\nx,\"{}\"\nlast,1\n", "y\n".repeat(breaks));
        assert_eq!(rows(field(100)).len(), 3);
        let refusal = "f.csv:2: a quote opened on this line is never closed";
        assert_eq!(rows(field(101)), ["1:a|b", refusal]);
        assert_eq!(rows(field(500_000)), ["1:a|b", refusal]);
        let long = format!("a,b\nx,\"{}\"\n", "y".repeat(MAX_FIELD + 1));
        assert_eq!(rows(long), ["1:a|b", refusal]);
    }

    #[test]
    fn a_row_without_end_is_refused_in_bounded_memory() {
        let mut records = records(&vec![b'x'; 20 << 20]);
        let error = records.for_each(|_| Ok(())).unwrap_err();
        assert_eq!(error.to_string(), "f.csv:1: a row of more than 4 MiB");
        assert!(records.buffer.len() <= MAX_RECORD);
    }

    #[test]
    fn more_columns_than_allowed_are_counted_no_further() {
        let text = ",".repeat(100_000);
        records(text.as_bytes())
            .for_each(|row| {
                assert_eq!(row.len(), MAX_COLUMNS + 1);
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn invalid_utf8_is_reported_with_line_and_byte() {
        let cases: [(&[u8], &str); 5] = [
            (b"a,b\nCaf\xe9,2\n", "f.csv:2: not UTF-8: byte 0xE9 at offset 7"),
            (b"\xef\xbb\xbfa,b\r\nCaf\xe9,2\r\n", "f.csv:2: not UTF-8: byte 0xE9 at offset 11"),
            (b"a,b\n\xc0\xaf,2\n", "f.csv:2: not UTF-8: byte 0xC0 at offset 4"),
            (b"a,b\n1,2\n\xed\xa0\x80\n", "f.csv:3: not UTF-8: byte 0xED at offset 8"),
            (b"a,b\n1,2\xc3", "f.csv:2: not UTF-8: byte 0xC3 at offset 7"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(rows(bytes).last().unwrap(), expected);
        }
        let mut late = "a,b\n".repeat(900_000).into_bytes();
        late[3_599_998] = 0xff;
        assert_eq!(
            rows(late).last().unwrap(),
            "f.csv:900000: not UTF-8: byte 0xFF at offset 3599998"
        );
    }

    #[test]
    fn peeking_does_not_grow_the_buffer() {
        let mut records = records("a,b\n".repeat(1_000_000).as_bytes());
        for _ in 0..10 {
            records.peek(b',').unwrap();
        }
        let mut rows = 0;
        let count = |_: Row<'_>| {
            rows += 1;
            Ok(())
        };
        records.for_each(count).unwrap();
        assert_eq!((rows, records.buffer.len()), (1_000_000, BUFFER));
    }

    #[test]
    fn peeking_takes_nothing() {
        let mut records = records(b"\na;b,c\n1;2,3\n");
        let fields = |peeked: Option<Peeked>| peeked.map(|row| (row.line, row.fields));
        let (a, b) = (|text: &str| text.to_owned(), records.peek(b';').unwrap());
        assert_eq!(fields(b), Some((2, vec![a("a"), a("b,c")])));
        assert_eq!(fields(records.peek(b',').unwrap()), Some((2, vec![a("a;b"), a("c")])));
        records.skip().unwrap();
        assert_eq!(fields(records.peek(b',').unwrap()), Some((3, vec![a("1;2"), a("3")])));
        records.skip().unwrap();
        assert_eq!(records.peek(b',').unwrap(), None);
    }

    fn quoted(field: &str, always: bool) -> String {
        let must = always || field.contains(['"', ',', '\n', '\r']);
        if must { format!("\"{}\"", field.replace('"', "\"\"")) } else { field.to_owned() }
    }

    proptest! {
        #[test]
        fn written_text_is_read_back(
            table in prop::collection::vec(prop::collection::vec(("[a\"é, \n\r]{0,6}x", any::<bool>()), 1..5), 1..40),
            ending in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        ) {
            let line = |row: &Vec<(String, bool)>| {
                row.iter().map(|(field, always)| quoted(field, *always)).collect::<Vec<_>>().join(",") + ending
            };
            let text: String = table.iter().map(line).collect();
            let mut read: Vec<Vec<String>> = Vec::new();
            records(text.as_bytes()).for_each(|row| {
                assert_eq!(row.fault, None);
                read.push(row.fields().map(str::to_owned).collect());
                Ok(())
            }).unwrap();
            let written: Vec<Vec<String>> =
                table.into_iter().map(|row| row.into_iter().map(|(field, _)| field).collect()).collect();
            prop_assert_eq!(read, written);
        }
    }
}
