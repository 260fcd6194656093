//! Amounts of money and other numbers as people write them: with currencies, thousands separators
//! and decimal commas.
//!
//! `1,234` is 1234 in one file and 1.234 in another. The meaning is decided for a column from all
//! its unambiguous cells; if there are none, by the delimiter of the file, or the file is refused.

use super::cell_error::{CellError, shown};
use super::cells::{self, content};

/// The most digits of an amount of money: it fits a double exactly, to the cent.
const MOST_DIGITS: usize = 15;

/// The decimal separator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DecimalMark {
    Point,
    Comma,
}

impl DecimalMark {
    /// The character.
    pub(crate) fn sign(self) -> char {
        match self {
            DecimalMark::Point => '.',
            DecimalMark::Comma => ',',
        }
    }
}

impl std::str::FromStr for DecimalMark {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "." | "point" | "dot" => Ok(DecimalMark::Point),
            "," | "comma" => Ok(DecimalMark::Comma),
            _ => Err(format!("'{text}' is not a decimal mark; say , or .")),
        }
    }
}

/// How to read the numbers of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct NumberStyle {
    /// The decimal separator, which decides what `1,234` and `1.234` mean; `None` if unknown.
    mark: Option<DecimalMark>,
    /// Whether `--decimal` set it, so that a number with the other separator is an error.
    is_said: bool,
}

/// What the cells of a column say about its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decided {
    pub style: NumberStyle,
    /// An ambiguous cell that was decided by the delimiter of the file: as written, as read, and
    /// the other reading.
    pub guessed: Option<[String; 3]>,
    /// Whether every cell is a number, and at least one has a currency, a sign or groups.
    pub is_dressed: bool,
}

impl Decided {
    /// A note on a column whose numbers are ambiguous.
    pub(crate) fn note(&self, column: &str) -> Option<String> {
        let [cell, read, otherwise] = self.guessed.as_ref()?;
        let mark = if cell.contains(',') { "," } else { "." };
        Some(format!(
            "{column}: '{cell}' is read as {read}; --decimal {mark} would read it as {otherwise}"
        ))
    }
}

impl NumberStyle {
    /// Decides from the cells of a column. `said` is the value of `--decimal`. In files with
    /// semicolons, a lone `1.234` is ambiguous; with other delimiters, three digits after a
    /// separator are a group.
    pub(crate) fn decide<'c>(
        cells: impl Iterator<Item = &'c str>,
        said: Option<DecimalMark>,
        is_semicolon: bool,
    ) -> Decided {
        let (mut points, mut commas, mut either) = (0, 0, None);
        let (mut is_number, mut is_plain) = (true, true);
        for cell in cells.filter_map(content) {
            let number = Number::of(cell);
            is_number &= number.as_ref().is_some_and(|number| !number.has_leading_zero());
            is_plain &= cell.parse::<f64>().is_ok();
            match number.map(|number| number.form) {
                Some(Form::Marked(DecimalMark::Point, _)) => points += 1,
                Some(Form::Marked(DecimalMark::Comma, _)) => commas += 1,
                Some(Form::Either { sign, digits }) => {
                    is_plain &= sign == DecimalMark::Point && !is_semicolon;
                    // Without groups, `1.234` is what every program writes.
                    let shows = sign == DecimalMark::Comma || is_semicolon;
                    either = either.or(shows.then(|| (cell.to_owned(), digits)));
                }
                _ => {}
            }
        }
        let told = match (points, commas) {
            (0, 0) => None,
            (_, 0) => Some(DecimalMark::Point),
            (0, _) => Some(DecimalMark::Comma),
            _ => None,
        };
        let usual = (!is_semicolon && commas == 0).then_some(DecimalMark::Point);
        let mark = said.or(told).or(usual);
        let guessed = either.filter(|_| said.or(told).is_none() && mark.is_some());
        let guessed = guessed.map(|(cell, [groups, decimals])| [cell, groups, decimals]);
        let style = NumberStyle { mark, is_said: said.is_some() };
        Decided { style, guessed, is_dressed: is_number && !is_plain }
    }

    /// Reads an amount of money, 0 or more.
    ///
    /// # Errors
    /// A cell that is not an amount rejects the row; an ambiguous one refuses the file.
    pub(crate) fn money(self, cell: &str) -> Result<f64, CellError> {
        let not_one = || CellError::row(format!("{} is not an amount", shown(cell)));
        let number = Number::of(cell).filter(|number| !number.is_percent).ok_or_else(not_one)?;
        let is_negative = number.is_negative;
        let plain = self.plain(cell, number.form)?;
        let (units, decimals) = plain.split_once('.').unwrap_or((&plain, ""));
        let length = units.trim_start_matches('0').len() + decimals.trim_end_matches('0').len();
        let amount = plain.parse().unwrap_or(f64::INFINITY);
        if length > MOST_DIGITS || (is_negative && amount != 0.0) {
            return Err(CellError::row(format!(
                "{} is out of range (0 or more, {MOST_DIGITS} digits at most)",
                shown(cell)
            )));
        }
        Ok(amount)
    }

    /// Reads a whole number from `least` to `most`. As with amounts, `1.000` is one or a thousand,
    /// and `12,0` is 12.
    ///
    /// # Errors
    /// As [`cells::whole`]; an ambiguous number refuses the file.
    pub(crate) fn whole(self, cell: &str, least: i64, most: i64) -> Result<i64, CellError> {
        // Nearly all of them have digits only.
        let is_plain = cell.bytes().all(|byte| byte.is_ascii_digit());
        let number = if is_plain { None } else { Number::bare(cell) };
        let Some(Number { is_negative, form, .. }) = number else {
            return cells::whole(cell, least, most);
        };
        let plain = self.plain(cell, form)?;
        let (units, decimals) = plain.split_once('.').unwrap_or((&plain, ""));
        if decimals.bytes().any(|byte| byte != b'0') {
            return Err(CellError::row(format!("{} is not a whole number", shown(cell))));
        }
        let sign = if is_negative { "-" } else { "" };
        cells::whole(&format!("{sign}{units}"), least, most)
    }

    /// Reads the number of events of a row, as [`NumberStyle::whole`].
    ///
    /// # Errors
    /// A number that is negative, fractional or above 4,294,967,295 rejects the row.
    pub(crate) fn count(self, cell: &str) -> Result<u32, CellError> {
        Ok(self.whole(cell, 0, i64::from(u32::MAX))? as u32)
    }

    /// The number in a cell in plain notation with a decimal point; `None` if the cell is not a
    /// number.
    ///
    /// # Errors
    /// An ambiguous number refuses the file.
    pub(crate) fn number(self, cell: &str) -> Result<Option<String>, CellError> {
        let Some(number) = Number::of(cell).filter(|number| !number.has_leading_zero()) else {
            return Ok(None);
        };
        let sign = if number.is_negative { "-" } else { "" };
        Ok(Some(format!("{sign}{}", self.plain(cell, number.form)?)))
    }

    fn plain(self, cell: &str, form: Form) -> Result<String, CellError> {
        match (form, self.mark) {
            (Form::Whole(digits), _) => Ok(digits),
            (Form::Marked(mark, _), Some(said)) if self.is_said && mark != said => {
                let sign = said.sign();
                Err(CellError::row(format!("{} does not fit --decimal {sign}", shown(cell))))
            }
            (Form::Marked(_, digits), _) => Ok(digits),
            (Form::Either { sign, digits: [groups, decimals] }, Some(mark)) => {
                Ok(if sign == mark { decimals } else { groups })
            }
            (Form::Either { digits: [groups, decimals], .. }, None) => Err(CellError::File {
                message: format!("{} may be {groups} or {decimals}", shown(cell)),
                hint: "say which with --decimal , or --decimal .",
            }),
        }
    }
}

/// Whether a cell is a number, possibly with a currency, a sign or groups.
pub(crate) fn is_number(cell: &str) -> bool {
    Number::of(cell).is_some()
}

/// Whether a cell is a number without a currency or a percent sign, as counts are.
pub(crate) fn is_bare_number(cell: &str) -> bool {
    cell.parse::<f64>().is_ok() || Number::bare(cell).is_some()
}

/// A number without its currency and sign.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Number {
    is_negative: bool,
    is_percent: bool,
    form: Form,
}

/// The digits of a number, with a decimal point.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Whole(String),
    /// Unambiguous: this must be the decimal separator.
    Marked(DecimalMark, String),
    /// Ambiguous, like `1,234`: read with a group of three digits, or with decimals.
    Either {
        sign: DecimalMark,
        digits: [String; 2],
    },
}

impl Number {
    fn of(cell: &str) -> Option<Number> {
        let (mut text, mut is_negative, mut is_signed, mut is_percent) =
            (cell, false, false, false);
        // The sign is before or after the currency.
        for is_behind in [false, true] {
            if let Some(rest) = text.strip_prefix(['-', '+', '\u{2212}']).filter(|_| !is_signed) {
                (is_negative, is_signed) = (!text.starts_with('+'), true);
                text = rest.trim_start();
            }
            if !is_behind {
                text = without_currency_before(text);
            }
        }
        if let Some(rest) = text.strip_suffix('%') {
            (text, is_percent) = (rest.trim_end(), true);
        }
        let form = Form::of(without_currency_behind(text))?;
        Some(Number { is_negative, is_percent, form })
    }

    /// The number in a cell that has no currency and no percent sign.
    fn bare(cell: &str) -> Option<Number> {
        let may_be_in = |char: char| {
            char.is_ascii_digit()
                || is_gap(char)
                || matches!(char, '.' | ',' | '-' | '+' | '\u{2212}')
        };
        Number::of(cell).filter(|_| cell.chars().all(may_be_in))
    }

    /// `00123` is an id, not a number.
    fn has_leading_zero(&self) -> bool {
        let digits = match &self.form {
            Form::Whole(digits) | Form::Marked(_, digits) => digits,
            Form::Either { digits: [groups, _], .. } => groups,
        };
        let digits = digits.as_bytes();
        digits.len() > 1 && digits[0] == b'0' && digits[1].is_ascii_digit()
    }
}

impl Form {
    fn of(text: &str) -> Option<Form> {
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return (!text.is_empty()).then(|| Form::Whole(text.to_owned()));
        }
        let count = |mark: char| text.matches(mark).count();
        let mark = match (count('.'), count(',')) {
            (0, 0) => return groups_of(text, is_gap).map(Form::Whole),
            (points, 0) if points > 1 => DecimalMark::Comma,
            (0, commas) if commas > 1 => DecimalMark::Point,
            (1, 0) => return Form::with_one(text, DecimalMark::Point),
            (0, 1) => return Form::with_one(text, DecimalMark::Comma),
            (_, _) if text.rfind('.') > text.rfind(',') => DecimalMark::Point,
            _ => DecimalMark::Comma,
        };
        let other = if mark == DecimalMark::Point { ',' } else { '.' };
        let (units, decimals) = text.split_once(mark.sign()).unwrap_or((text, "0"));
        let units = groups_of(units, |char| char == other)?;
        let digits =
            if text.contains(mark.sign()) { with_decimals(&units, decimals)? } else { units };
        Some(Form::Marked(mark, digits))
    }

    /// A number with a single separator.
    fn with_one(text: &str, sign: DecimalMark) -> Option<Form> {
        let (units, rest) = text.split_once(sign.sign())?;
        let whole = groups_of(units, is_gap)?;
        let decimals = with_decimals(&whole, rest)?;
        // A group before the separator would have another separator, so this is not a group.
        let may_group = rest.len() == 3 && units.len() <= 3 && !units.starts_with('0');
        if may_group {
            return Some(Form::Either { sign, digits: [format!("{units}{rest}"), decimals] });
        }
        Some(Form::Marked(sign, decimals))
    }
}

fn with_decimals(units: &str, decimals: &str) -> Option<String> {
    let is_number = !decimals.is_empty() && decimals.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| format!("{units}.{decimals}"))
}

/// Whether a character separates thousands, besides point and comma.
fn is_gap(char: char) -> bool {
    matches!(char, '\'' | '\u{2019}' | '\u{a0}' | '\u{202f}' | '\u{2009}')
}

/// Digits without group separators; every group except the first must have three.
fn groups_of(text: &str, separates: impl Fn(char) -> bool) -> Option<String> {
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = text.split(separates);
    let first = parts.next().filter(|first| !first.is_empty() && is_number(first))?;
    let mut digits = first.to_owned();
    for part in parts {
        if part.len() != 3 || !is_number(part) || first.len() > 3 {
            return None;
        }
        digits.push_str(part);
    }
    Some(digits)
}

const SYMBOLS: &[char] = &[
    '$', '€', '£', '¥', '₹', '₽', '₩', '₺', '₴', '₪', '฿', '₫', '₦', '₱', '₡', '₲', '₵', '₸', '₼',
    '₾', '¢',
];
const LETTERS_BEFORE: &[&str] =
    &["US", "A", "AU", "C", "CA", "NZ", "HK", "S", "SG", "NT", "R", "MX", "CN", "JP"];
const WORDS: &[&str] = &["kr", "kr.", "zł", "Kč", "Ft", "lei", "Fr.", "Rs.", "Rs"];
const CODES: &[&str] = &[
    "AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CRC", "CZK", "DKK",
    "EGP", "EUR", "GBP", "GEL", "HKD", "HRK", "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KES",
    "KRW", "KZT", "MAD", "MXN", "MYR", "NGN", "NOK", "NZD", "PEN", "PHP", "PKR", "PLN", "QAR",
    "RON", "RSD", "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "USD", "UYU", "VND",
    "ZAR",
];

fn without_currency_before(text: &str) -> &str {
    let names = CODES.iter().chain(WORDS).find_map(|name| text.strip_prefix(name));
    let symbol = |text: &'_ str| text.starts_with(SYMBOLS);
    let letters = LETTERS_BEFORE
        .iter()
        .find_map(|letters| text.strip_prefix(letters).filter(|rest| symbol(rest)));
    let text = letters.or(names).unwrap_or(text);
    text.strip_prefix(SYMBOLS).unwrap_or(text).trim_start()
}

fn without_currency_behind(text: &str) -> &str {
    let names = CODES.iter().chain(WORDS).find_map(|name| text.strip_suffix(name));
    names.or_else(|| text.strip_suffix(SYMBOLS)).unwrap_or(text).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(cells: &[&str], is_semicolon: bool) -> NumberStyle {
        NumberStyle::decide(cells.iter().copied(), None, is_semicolon).style
    }

    fn said(mark: DecimalMark) -> NumberStyle {
        NumberStyle::decide(std::iter::empty(), Some(mark), true).style
    }

    fn told(result: Result<f64, CellError>) -> String {
        match result {
            Ok(amount) => amount.to_string(),
            Err(CellError::Row(reason)) => reason,
            Err(CellError::File { message, .. }) => format!("file: {message}"),
        }
    }

    #[test]
    fn amounts_are_read_without_currency_and_groups() {
        let cases = [
            ("1200", "1200"),
            ("1200.50", "1200.5"),
            ("1,234.50", "1234.5"),
            ("$1,234.50", "1234.5"),
            ("-$0.00", "0"),
            ("€ 99", "99"),
            ("99 €", "99"),
            ("USD 10.00", "10"),
            ("10.00 EUR", "10"),
            ("CHF1'234.50", "1234.5"),
            ("US$ 12", "12"),
            ("R$ 12,50", "12.5"),
            ("1\u{a0}234,50 kr", "1234.5"),
            ("£1,234,567", "1234567"),
            ("1.234.567", "1234567"),
            ("1.234,56", "1234.56"),
            ("99,90", "99.9"),
            ("0,123", "0.123"),
            ("0.125", "0.125"),
            ("1234.567", "1234.567"),
            ("9999999999999.99", "9999999999999.99"),
        ];
        for (cell, expected) in cases {
            assert_eq!(told(style(&[], false).money(cell)), expected, "{cell}");
            assert_eq!(told(style(&[], true).money(cell)), expected, "{cell}");
        }
    }

    #[test]
    fn invalid_amounts_are_rejected() {
        for cell in [
            "x",
            "",
            "$",
            "12%",
            "(45)",
            "NaN",
            "inf",
            "1e5",
            ".5",
            "5.",
            "1 234",
            "1,23,456",
            "1,2345.00",
            "12,34.56",
            "1.2.3",
            "1,2,3",
            "1.234.56",
            "XYZ 10",
            "10 apples",
            "１２",
            "$$5",
            "--5",
        ] {
            let expected = format!("'{cell}' is not an amount");
            assert_eq!(told(style(&[], false).money(cell)), expected, "{cell}");
        }
        for cell in ["-1", "-$1,234.50", "1234567890123456"] {
            let expected = format!("'{cell}' is out of range (0 or more, 15 digits at most)");
            assert_eq!(told(style(&[], false).money(cell)), expected, "{cell}");
        }
    }

    #[test]
    fn ambiguous_numbers_are_decided_by_the_other_cells() {
        let cases: [(&[&str], bool, &str, &str); 12] = [
            (&[], false, "1,234", "1234"),
            (&[], false, "1.234", "1.234"),
            (&[], true, "1.234", "file: '1.234' may be 1234 or 1.234"),
            (&[], true, "1,234", "file: '1,234' may be 1234 or 1.234"),
            (&["99,90"], true, "1.234", "1234"),
            (&["99,90"], true, "1,234", "1.234"),
            (&["99.90"], true, "1.234", "1.234"),
            (&["99.90"], true, "1,234", "1234"),
            (&["1.234.567"], true, "1.234", "1234"),
            (&["1.234,50"], false, "1,234", "1.234"),
            (&["99,90", "99.90"], true, "1.234", "file: '1.234' may be 1234 or 1.234"),
            (&["99,90", "99.90"], false, "1,234", "file: '1,234' may be 1234 or 1.234"),
        ];
        for (cells, is_semicolon, cell, expected) in cases {
            assert_eq!(told(style(cells, is_semicolon).money(cell)), expected, "{cells:?} {cell}");
        }
    }

    #[test]
    fn the_command_line_says_which_mark_is_meant() {
        for (mark, cell, expected) in [
            (DecimalMark::Comma, "1.234", "1234"),
            (DecimalMark::Comma, "1,234", "1.234"),
            (DecimalMark::Comma, "1.234,50", "1234.5"),
            (DecimalMark::Comma, "99.90", "'99.90' does not fit --decimal ,"),
            (DecimalMark::Point, "1.234", "1.234"),
            (DecimalMark::Point, "1,234", "1234"),
            (DecimalMark::Point, "99,90", "'99,90' does not fit --decimal ."),
        ] {
            assert_eq!(told(said(mark).money(cell)), expected, "{mark:?} {cell}");
        }
        for text in [",", "comma"] {
            assert_eq!(text.parse(), Ok(DecimalMark::Comma));
        }
        assert!(";".parse::<DecimalMark>().is_err());
    }

    #[test]
    fn a_guess_is_told_and_nothing_else() {
        let guessed = |cells: &[&str], is_semicolon| {
            NumberStyle::decide(cells.iter().copied(), None, is_semicolon).guessed
        };
        let expected = ["1,234", "1234", "1.234"].map(str::to_owned);
        assert_eq!(guessed(&["5", "1,234", "7,000"], false), Some(expected));
        assert_eq!(guessed(&["1,234", "99.90"], false), None);
        assert_eq!(guessed(&["1.234"], false), None);
        assert_eq!(guessed(&["1.234"], true), None);
    }

    #[test]
    fn a_column_of_numbers_is_seen_through_what_they_wear() {
        let decide = |cells: &[&str]| NumberStyle::decide(cells.iter().copied(), None, false);
        for cells in [
            &["12,000.50", "9,000.00"][..],
            &["45%", "7 %", ""],
            &["$5", "-$6.50", "N/A"],
            &["10 EUR", "12"],
            &["1,234", "5"],
        ] {
            assert!(decide(cells).is_dressed, "{cells:?}");
        }
        for cells in [
            &["1", "2.5", "-3"][..],
            &[],
            &["$5", "five"],
            &["00123", "$7"],
            &["LHR 123", "5"],
            &["2025-01-01"],
            &["+49 170 1234"],
            &["1.234"],
        ] {
            assert!(!decide(cells).is_dressed, "{cells:?}");
        }
        for (cell, expected) in
            [("-$1,234.50", "-1234.50"), ("45 %", "45"), ("+5", "5"), ("1,234", "1234")]
        {
            let number = decide(&["$5"]).style.number(cell);
            assert_eq!(number, Ok(Some(expected.to_owned())), "{cell}");
        }
        assert_eq!(decide(&["$5"]).style.number("five"), Ok(None));
    }

    #[test]
    fn a_bare_number_may_have_groups_but_no_currency() {
        for cell in ["5", "-2", "1,200", "1'200", "1.200,5", "9,5", "1e5", "+7"] {
            assert!(is_bare_number(cell), "{cell}");
        }
        for cell in ["$5", "45%", "10 EUR", "2026-03-01", "10.0.0.1", "Acme 7", "1,20,000", "-"] {
            assert!(!is_bare_number(cell), "{cell}");
        }
    }

    #[test]
    fn counts_are_whole_and_not_negative() {
        for (cell, number) in [
            ("0", 0),
            ("1", 1),
            ("007", 7),
            ("-0", 0),
            ("+3", 3),
            ("2.0", 2),
            ("12.00", 12),
            ("4294967295", u32::MAX),
        ] {
            assert_eq!(NumberStyle::default().count(cell), Ok(number), "{cell}");
        }
        for cell in [
            "-1",
            "1.5",
            "2.",
            "2.01",
            ".0",
            "1e3",
            "4294967296",
            "99999999999999999999",
            "1,000",
            "١٢",
            "１２",
            "",
            "-",
            "x",
        ] {
            assert!(NumberStyle::default().count(cell).is_err(), "{cell}");
        }
    }

    #[test]
    fn a_group_in_a_whole_number_is_read_as_in_an_amount() {
        let style = |mark| NumberStyle { mark, is_said: false };
        for (mark, cell, number) in [
            (Some(DecimalMark::Comma), "1.000", 1000),
            (Some(DecimalMark::Point), "1.000", 1),
            (Some(DecimalMark::Point), "1,000", 1000),
            (Some(DecimalMark::Comma), "-2.000", -2000),
            (None, "12.0", 12),
            (None, "12,0", 12),
            (Some(DecimalMark::Comma), "1.200,00", 1200),
            (None, "1'200", 1200),
        ] {
            assert_eq!(style(mark).whole(cell, -9999, 9999), Ok(number), "{cell}");
        }
        assert!(matches!(style(None).whole("1.000", 0, 9999), Err(CellError::File { .. })));
        assert!(style(Some(DecimalMark::Point)).whole("1.234", 0, 9999).is_err());
        for (cell, reason) in [
            ("12,5", "'12,5' is not a whole number"),
            ("$1,200.00", "'$1,200.00' is not a whole number"),
            ("12,0%", "'12,0%' is not a whole number"),
            ("-2,0", "'-2' is out of range (0 to 9999)"),
        ] {
            assert_eq!(style(None).whole(cell, 0, 9999), Err(CellError::row(reason)), "{cell}");
        }
    }
}
