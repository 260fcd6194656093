//! Cells: what they may contain, by the type of their column.
//!
//! Text is kept except for surrounding white space: `00123` stays `00123`. What a spreadsheet or an
//! export has damaged is rejected rather than guessed, because a wrong id creates a company that
//! does not exist.

use super::cell_error::{CellError, shown};
use crate::domain::company::short_id;
use crate::domain::spreadsheet;

/// The trimmed cell; `None` if nothing or only a placeholder remains.
#[inline]
pub fn content(cell: &str) -> Option<&str> {
    match cell.as_bytes() {
        // For most cells the first and last characters are enough.
        [first, .., last] if STARTS_CONTENT[*first as usize] && last.is_ascii_graphic() => {
            Some(cell)
        }
        _ => unusual_content(cell),
    }
}

/// The visible ASCII characters with which neither a placeholder nor a spreadsheet's decoration
/// begins.
const STARTS_CONTENT: [bool; 256] = {
    let mut starts = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        starts[byte] = (byte as u8).is_ascii_graphic()
            && !matches!(
                byte as u8,
                b'=' | b'\'' | b'n' | b'N' | b'#' | b'<' | b'\\' | b'(' | b'u' | b'U' | b'['
            );
        byte += 1;
    }
    starts
};

fn unusual_content(cell: &str) -> Option<&str> {
    let cell = bare(cell);
    (!cell.is_empty() && !is_placeholder(cell)).then_some(cell)
}

/// Whether the trimmed cell is this word, in any case.
pub fn is_word(cell: &str, word: &str) -> bool {
    bare(cell).eq_ignore_ascii_case(word)
}

/// The cell without white space around it and without a spreadsheet's decoration.
fn bare(cell: &str) -> &str {
    trimmed(spreadsheet::unguarded(trimmed(cell)))
}

/// Like [`str::trim`], but fast for cells that begin and end with visible ASCII characters, as most
/// do.
fn trimmed(cell: &str) -> &str {
    match cell.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => cell,
        _ => cell.trim(),
    }
}

/// What other programs write for missing values: databases, pandas, JavaScript, and the errors of
/// spreadsheets.
const PLACEHOLDERS: [&str; 27] = [
    "NULL",
    "None",
    "N/A",
    "#N/A",
    "NaN",
    "NaT",
    "<NA>",
    "\\N",
    "(null)",
    "undefined",
    "[object Object]",
    "#REF!",
    "#VALUE!",
    "#DIV/0!",
    "#NAME?",
    "#NUM!",
    "#NULL!",
    "#ERROR!",
    "#SPILL!",
    "#CALC!",
    "#FIELD!",
    "#BLOCKED!",
    "#CONNECT!",
    "#UNKNOWN!",
    "#BUSY!",
    "#GETTING_DATA",
    "#EXTERNAL!",
];

fn is_placeholder(cell: &str) -> bool {
    // For most cells the first character is enough.
    let starts = cell.bytes().next().map(|byte| byte.to_ascii_lowercase());
    matches!(starts, Some(b'n' | b'#' | b'<' | b'\\' | b'(' | b'u' | b'['))
        && cell.len() <= 15
        && PLACEHOLDERS.iter().any(|word| cell.eq_ignore_ascii_case(word))
}

/// Which control characters a text may contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breaks {
    /// None: it is a name or an id.
    Refused,
    /// Tabs and line breaks: it is prose.
    Kept,
}

/// Checks a text for control characters.
///
/// # Errors
/// A control character that is not allowed rejects the row.
pub fn text(cell: &str, breaks: Breaks) -> Result<&str, CellError> {
    let allowed = |char| breaks == Breaks::Kept && matches!(char, '\t' | '\n' | '\r');
    match cell.chars().find(|char| char.is_control() && !allowed(*char)) {
        None => Ok(cell),
        Some('\0') => Err(CellError::row("control character (NUL) in the text")),
        Some(char) => {
            Err(CellError::row(format!("control character (U+{:04X}) in the text", char as u32)))
        }
    }
}

/// An id in normalized form: without control and invisible characters, and not converted to a
/// number by a spreadsheet. If a tool wrote a JSON list, its only element. `plain`: the cell is
/// known to be printable ASCII.
///
/// # Errors
/// An id that does not meet these rules rejects the row.
#[inline]
pub fn id(cell: &str, plain: bool) -> Result<&str, CellError> {
    let is_list = cell.as_bytes().first() == Some(&b'[');
    let cell = if is_list { only_element(cell)? } else { cell };
    if is_mangled(cell.as_bytes()) {
        return Err(mangled(cell));
    }
    let cell = if plain { cell } else { visible(cell)? };
    Ok(short_id(cell))
}

#[cold]
fn mangled(id: &str) -> CellError {
    CellError::row(format!("{} was an id before a spreadsheet made a number of it", shown(id)))
}

/// The id as one line without invisible characters.
fn visible(cell: &str) -> Result<&str, CellError> {
    if let Some(char) = cell.chars().find(|char| is_invisible(*char)) {
        return Err(CellError::row(format!(
            "invisible character (U+{:04X}) in an id",
            char as u32
        )));
    }
    text(cell, Breaks::Refused)
}

/// The element of `["acme"]` or `['acme']`; anything else is returned unchanged.
#[cold]
fn only_element(cell: &str) -> Result<&str, CellError> {
    let Some(inside) = cell.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
        return Ok(cell);
    };
    let inside = inside.trim();
    if inside.is_empty() {
        return Err(CellError::row("an empty list"));
    }
    let quote = inside.chars().next().filter(|char| matches!(char, '"' | '\''));
    let element = quote.and_then(|quote| inside.strip_prefix(quote)?.strip_suffix(quote));
    match (element, quote) {
        (Some(element), Some(quote)) if !element.contains([quote, '\\']) => match element.trim() {
            "" => Err(CellError::row("a list of nothing")),
            element => Ok(element),
        },
        (_, Some(_)) => Err(CellError::row(format!("{} is a list; one is needed", shown(cell)))),
        _ if inside.split(',').all(|part| part.trim().parse::<u64>().is_ok()) => {
            match inside.contains(',') {
                true => Err(CellError::row(format!("{} is a list; one is needed", shown(cell)))),
                false => Ok(inside),
            }
        }
        _ => Ok(cell),
    }
}

/// Scientific notation: a digit, optional decimals, `E+`, two or three digits: `1.23E+11`.
fn is_mangled(cell: &[u8]) -> bool {
    let Some(last) = cell.last_chunk::<4>() else { return false };
    let Some(plus) = last.iter().position(|byte| *byte == b'+') else { return false };
    let (number, exponent) = cell.split_at(cell.len() - 4 + plus);
    let digits = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let mantissa = match number {
        [first, b'E'] => first.is_ascii_digit(),
        [first, b'.' | b',', decimals @ .., b'E'] => first.is_ascii_digit() && digits(decimals),
        _ => false,
    };
    mantissa && matches!(exponent.len(), 3 | 4) && digits(&exponent[1..])
}

/// Invisible characters: zero-width ones and direction marks.
fn is_invisible(char: char) -> bool {
    matches!(char, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A whole number from `least` to `most`: digits with an optional sign, and optional zeros after a
/// decimal point, as tools write that only know fractions.
///
/// # Errors
/// Anything else rejects the row.
pub fn whole(cell: &str, least: i64, most: i64) -> Result<i64, CellError> {
    let whole = match cell.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => {
            whole
        }
        _ => cell,
    };
    let unsigned = whole.strip_prefix(['-', '+']).unwrap_or(whole);
    if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(CellError::row(format!("{} is not a whole number", shown(cell))));
    }
    let number = whole.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| {
        CellError::row(format!("{} is out of range ({least} to {most})", shown(cell)))
    })
}

/// The number in a cell with an optional label, as surveys write the ends of their scales:
/// `Extremely likely - 10`, `0 (not at all likely)`. The whole cell if there is no label, or more
/// than one number.
pub fn without_label(cell: &str) -> &str {
    let digits: Vec<&str> =
        cell.split(|char: char| !char.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let has_label = cell.chars().any(char::is_alphabetic);
    match digits.as_slice() {
        [number]
            if has_label
                && (cell.starts_with(number) || cell.ends_with(number) || cell.ends_with(')')) =>
        {
            number
        }
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_trimmed_and_placeholders_are_nothing() {
        let cases = [
            ("acme", Some("acme")),
            ("  00123\t", Some("00123")),
            ("\u{a0}acme inc\u{a0}", Some("acme inc")),
            ("a", Some("a")),
            ("'-50 % is seasonal", Some("-50 % is seasonal")),
            ("'t is", Some("'t is")),
            ("", None),
            ("  \t ", None),
            ("NULL", None),
            ("null", None),
            ("None", None),
            ("n/a", None),
            ("#N/A", None),
            (" NaN ", None),
            ("nano", Some("nano")),
            ("nat", None),
            ("<na>", None),
            ("\\N", None),
            ("(NULL)", None),
            ("Undefined", None),
            ("[object object]", None),
            ("#REF!", None),
            ("#value!", None),
            ("#DIV/0!", None),
            ("#NAME?", None),
            ("#winning", Some("#winning")),
            ("Undefined Labs", Some("Undefined Labs")),
            ("=\"00123\"", Some("00123")),
            ("=\"\"", None),
            ("'007", Some("007")),
            ("-", Some("-")),
            ("na", Some("na")),
        ];
        for (cell, expected) in cases {
            assert_eq!(content(cell), expected, "{cell:?}");
        }
    }

    #[test]
    fn ids_that_a_spreadsheet_has_mangled_are_rejected() {
        for cell in ["1.23E+11", "1E+05", "4.8793E+123", "9.E+11", "1.23457E+11", "1,23E+11"] {
            let mangled = cell != "9.E+11";
            assert_eq!(id(cell, true).is_err(), mangled, "{cell}");
        }
        for cell in [
            "4e8792699521",
            "1.23e+11",
            "12.3E+11",
            "1.23E+1",
            "1.23E+1234",
            "1.23E-11",
            "E+11",
            "A1E+11",
            "+",
            "00123",
        ] {
            assert_eq!(id(cell, true), Ok(cell), "{cell}");
        }
    }

    #[test]
    fn ids_have_nothing_invisible() {
        let cases = [
            ("acme", None),
            ("Ünïcode GmbH", None),
            ("日本 株式会社", None),
            ("ac\u{200b}me", Some("invisible character (U+200B) in an id")),
            ("acme\u{202e}", Some("invisible character (U+202E) in an id")),
            ("ac\u{ad}me", Some("invisible character (U+00AD) in an id")),
            ("\u{feff}acme", Some("invisible character (U+FEFF) in an id")),
            ("ac\0me", Some("control character (NUL) in the text")),
            ("ac\u{1b}me", Some("control character (U+001B) in the text")),
            ("ac\u{9b}me", Some("control character (U+009B) in the text")),
            ("ac\tme", Some("control character (U+0009) in the text")),
            ("ac\u{7f}me", Some("control character (U+007F) in the text")),
        ];
        for (cell, reason) in cases {
            assert_eq!(
                id(cell, false),
                reason.map_or(Ok(cell), |reason| Err(CellError::row(reason))),
                "{cell:?}"
            );
        }
    }

    #[test]
    fn prose_keeps_tabs_and_line_breaks_only() {
        assert_eq!(text("two\r\nlines\tand", Breaks::Kept), Ok("two\r\nlines\tand"));
        assert!(text("two\nlines", Breaks::Refused).is_err());
        assert!(text("bell\u{7}", Breaks::Kept).is_err());
        assert_eq!(text("right\u{202e}left", Breaks::Refused), Ok("right\u{202e}left"));
    }

    #[test]
    fn whole_numbers_keep_to_their_range() {
        assert_eq!(whole("10", 0, 10), Ok(10));
        assert_eq!(whole("11", 0, 10), Err(CellError::row("'11' is out of range (0 to 10)")));
        assert_eq!(
            whole("12 seats", 0, 10),
            Err(CellError::row("'12 seats' is not a whole number"))
        );
    }

    #[test]
    fn the_ends_of_a_scale_may_have_labels() {
        for (cell, score) in [
            ("Extremely likely - 10", 10),
            ("10 - Extremely likely", 10),
            ("Not at all likely - 0", 0),
            ("0 (Not at all likely)", 0),
            ("Extremely likely (10)", 10),
            ("10: certainly", 10),
            ("9.0", 9),
            ("7", 7),
        ] {
            assert_eq!(whole(without_label(cell), 0, 10), Ok(score), "{cell}");
        }
        for cell in ["likely", "11 - more than likely", "8 out of 10", "9.5", "1-2", "q3 x", "-1"] {
            assert!(whole(without_label(cell), 0, 10).is_err(), "{cell}");
        }
    }

    #[test]
    fn the_only_element_of_a_list_is_the_id() {
        for (cell, expected) in [
            ("[\"acme\"]", "acme"),
            ("[ \"acme inc\" ]", "acme inc"),
            ("['acme']", "acme"),
            ("[123]", "123"),
            ("[acme]", "[acme]"),
            ("[acme", "[acme"),
        ] {
            assert_eq!(id(cell, true), Ok(expected), "{cell}");
        }
        for cell in ["[\"a\", \"b\"]", "[1, 2]", "[]", "[\"\"]", "['a','b']"] {
            assert!(id(cell, true).is_err(), "{cell}");
        }
    }

    #[test]
    fn ids_are_compared_by_what_salesforce_keeps_of_them() {
        assert_eq!(id("001D000000IqhSLIAZ", true), Ok("001D000000IqhSL"));
        assert_eq!(id("001D000000IqhSL", true), Ok("001D000000IqhSL"));
    }
}
