//! A TOML file whose keys know their positions.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::domain::similar_names::nearest;
use crate::error::CommandError;

/// What is wrong with a file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConfigError {
    /// The position in bytes.
    at: usize,
    /// The position and what is wrong there: `signals.toml:12: threshold: …`.
    pub message: String,
    pub hint: Option<String>,
}

/// A TOML file, with the errors found in it.
#[derive(Debug)]
pub(crate) struct Document<'t> {
    name: &'t str,
    text: &'t str,
    root: DeTable<'t>,
    errors: RefCell<Vec<ConfigError>>,
}

impl<'t> Document<'t> {
    /// Parses the text of the named file.
    ///
    /// # Errors
    /// A text that is not TOML, with line and column.
    pub(crate) fn read(name: &'t str, text: &'t str) -> Result<Self, ConfigError> {
        match DeTable::parse(text) {
            Ok(root) => {
                Ok(Document { name, text, root: root.into_inner(), errors: RefCell::default() })
            }
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                let (line, column) = place(text, at);
                let message =
                    format!("{name}:{line}:{column}: this is not TOML: {}", error.message());
                let hint = "a text stands in quotes, a rule below [[rule]]: docs/configuration.md has examples";
                Err(ConfigError { at, message, hint: Some(hint.to_owned()) })
            }
        }
    }

    pub(crate) fn root(&self) -> ConfigTable<'_> {
        ConfigTable { document: self, heading: "", at: 0, table: &self.root }
    }

    /// The errors found, in the order of the file.
    pub(crate) fn errors(&self) -> Vec<ConfigError> {
        let mut errors = self.errors.borrow().clone();
        errors.sort_by_key(|error| error.at);
        errors
    }

    pub(crate) fn is_sound(&self) -> bool {
        self.errors.borrow().is_empty()
    }
}

/// The line and column of a byte, from 1; columns count characters.
pub(crate) fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// A table of a file. Errors in values are recorded in the [`Document`], and the value is then
/// treated as missing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConfigTable<'d> {
    document: &'d Document<'d>,
    heading: &'d str,
    at: usize,
    table: &'d DeTable<'d>,
}

impl<'d> ConfigTable<'d> {
    pub(crate) fn line(&self) -> usize {
        place(self.document.text, self.at).0
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &'d str> {
        self.table.keys().map(|key| key.get_ref().as_ref())
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Records an error about the value of a key, or about the whole table if it lacks the key.
    pub(crate) fn error(&self, key: &str, message: impl Display, hint: Option<&str>) {
        match self.table.get_key_value(key) {
            Some((name, _)) => self.note(name.span().start, &format!("{key}: {message}"), hint),
            None if self.heading.is_empty() => self.note(self.at, &message.to_string(), hint),
            None => self.note(self.at, &format!("{}: {message}", self.heading), hint),
        }
    }

    /// Records an error that was found elsewhere.
    pub(crate) fn error_of(&self, key: &str, failure: &CommandError) {
        self.error(key, failure, failure.hints.first().map(String::as_str));
    }

    fn note(&self, at: usize, message: &str, hint: Option<&str>) {
        let (line, _) = place(self.document.text, at);
        let message = format!("{}:{line}: {message}", self.document.name);
        self.document.errors.borrow_mut().push(ConfigError {
            at,
            message,
            hint: hint.map(str::to_owned),
        });
    }

    /// Records an error for every other key.
    pub(crate) fn allow(&self, known: &[&str]) {
        for key in self.table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            let name = key.get_ref();
            let like = nearest(name, known.iter().map(|known| (*known).to_owned()));
            let all = || format!("known here: {}", known.join(", "));
            let hint = like.map_or_else(all, |like| format!("did you mean '{like}'?"));
            let place = if self.heading.is_empty() {
                String::new()
            } else {
                format!(" of {}", self.heading)
            };
            self.note(key.span().start, &format!("'{name}' is not a key{place}"), Some(&hint));
        }
    }

    /// The tables below a heading, of which there may be several if its brackets are doubled. Its
    /// last word is the key.
    pub(crate) fn tables(&self, heading: &'d str) -> Vec<ConfigTable<'d>> {
        let is_list = heading.starts_with("[[");
        let key = heading.trim_matches(['[', ']']).rsplit('.').next().unwrap_or_default();
        let Some((name, value)) = self.table.get_key_value(key) else { return Vec::new() };
        let document = self.document;
        let table = |value: &'d Spanned<DeValue<'d>>| match value.get_ref() {
            DeValue::Table(table) => {
                Some(ConfigTable { document, heading, at: value.span().start, table })
            }
            _ => None,
        };
        let tables: Option<Vec<ConfigTable<'d>>> = match value.get_ref() {
            DeValue::Array(values) if is_list => values.iter().map(table).collect(),
            DeValue::Table(_) if !is_list => table(value).map(|table| vec![table]),
            _ => None,
        };
        tables.unwrap_or_else(|| {
            self.note(name.span().start, &format!("{key} must stand as {heading}"), None);
            Vec::new()
        })
    }

    pub(crate) fn text(&self, key: &str) -> Option<&'d str> {
        match self.value(key)? {
            DeValue::String(text) => Some(text),
            other => self.wrong(key, format!("{} is not text; text goes in quotes", shown(other))),
        }
    }

    /// A list of non-blank texts.
    pub(crate) fn list(&self, key: &str) -> Option<Vec<String>> {
        let DeValue::Array(values) = self.value(key)? else {
            return self.wrong(key, "this is not a list; lists go in brackets: [\"a\", \"b\"]");
        };
        let text = |value: &DeValue<'_>| match value {
            DeValue::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            _ => None,
        };
        let texts: Option<Vec<String>> = values.iter().map(|value| text(value.get_ref())).collect();
        texts.or_else(|| self.wrong(key, "each of the list must be a text that is not blank"))
    }

    /// A trimmed, non-blank text.
    pub(crate) fn filled(&self, key: &str) -> Option<&'d str> {
        match self.text(key)?.trim() {
            "" => self.wrong(key, "it is blank"),
            text => Some(text),
        }
    }

    /// A required, non-blank text.
    pub(crate) fn required(&self, key: &str) -> Option<&'d str> {
        if !self.has(key) {
            return self.wrong(key, format!("{key} is missing"));
        }
        let text = self.text(key)?;
        if text.trim().is_empty() { self.wrong(key, "it is blank") } else { Some(text) }
    }

    /// The name of the table: one non-blank line.
    pub(crate) fn name(&self, key: &str) -> Option<&'d str> {
        let name = self.required(key)?;
        if name.chars().any(char::is_control) {
            self.wrong(key, "a name has no control characters")
        } else {
            Some(name)
        }
    }

    /// A text, or a whole number as text.
    pub(crate) fn label(&self, key: &str) -> Option<String> {
        match self.value(key) {
            Some(DeValue::Integer(number)) => Some(number.to_string()),
            _ => self.required(key).map(str::to_owned),
        }
    }

    pub(crate) fn word<T: FromStr<Err = String>>(&self, key: &str) -> Option<T> {
        self.text(key)?.parse().map_err(|error| self.error(key, error, None)).ok()
    }

    /// A whole number of `units` within a range.
    pub(crate) fn whole<T>(&self, key: &str, range: &RangeInclusive<T>, units: &str) -> Option<T>
    where
        T: TryFrom<i64> + PartialOrd + Display,
    {
        let value = self.value(key)?;
        let number = match value {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        let number = number
            .and_then(|number| T::try_from(number).ok())
            .filter(|number| range.contains(number));
        let (least, most) = (range.start(), range.end());
        number.or_else(|| {
            let shown = shown(value);
            self.wrong(key, format!("{shown} is not a whole number{units} from {least} to {most}"))
        })
    }

    /// A finite number, with or without a fraction.
    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        let value = self.value(key)?;
        let number: Option<f64> = match value {
            DeValue::Integer(number) => {
                i64::from_str_radix(number.as_str(), number.radix()).ok().map(|it| it as f64)
            }
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => None,
        };
        number
            .filter(|it| it.is_finite())
            .or_else(|| self.wrong(key, format!("{} is not a number", shown(value))))
    }

    pub(crate) fn truth(&self, key: &str) -> Option<bool> {
        match self.value(key)? {
            DeValue::Boolean(truth) => Some(*truth),
            other => self.wrong(key, format!("{} is neither true nor false", shown(other))),
        }
    }

    /// Numbers by name.
    pub(crate) fn map(&self, key: &str) -> Option<BTreeMap<String, f64>> {
        let DeValue::Table(table) = self.value(key)? else {
            return self.wrong(key, "it must be numbers by name: { good = 100, bad = 0 }");
        };
        let inner = ConfigTable { table, ..*self };
        let numbers = inner.keys().map(|name| Some((name.to_owned(), inner.number(name)?)));
        numbers.collect()
    }

    fn value(&self, key: &str) -> Option<&'d DeValue<'d>> {
        self.table.get(key).map(Spanned::get_ref)
    }

    /// Records an error like [`ConfigTable::error`], as a missing value.
    pub(crate) fn wrong<T>(&self, key: &str, message: impl Display) -> Option<T> {
        self.error(key, message, None);
        None
    }
}

/// A value for a message.
fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("'{text}'"),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(truth) => truth.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str, look: fn(&ConfigTable<'_>)) -> Vec<String> {
        let document = Document::read("c.toml", text).unwrap();
        look(&document.root());
        document.errors().into_iter().map(|error| error.message).collect()
    }

    #[test]
    fn invalid_toml_is_reported_with_line_and_column() {
        for (text, place) in [
            ("a = 1\nb =\n", "c.toml:2:4: "),
            ("ä = 1", "c.toml:1:1: "),
            ("a = 1\na = 2", "c.toml:2:1: "),
        ] {
            let error = Document::read("c.toml", text).unwrap_err();
            assert!(error.message.starts_with(place), "{text}: {}", error.message);
        }
    }

    #[test]
    fn a_value_of_another_kind_is_told_with_its_line() {
        type Look = fn(&ConfigTable<'_>);
        let cases: [(&str, Look, &str); 12] = [
            ("k = 1", |t| _ = t.text("k"), "1: k: 1 is not text; text goes in quotes"),
            ("\n\nk = ' '", |t| _ = t.filled("k"), "3: k: it is blank"),
            ("", |t| _ = t.required("k"), "1: k is missing"),
            ("k = \"a\\nb\"", |t| _ = t.name("k"), "1: k: a name has no control characters"),
            (
                "k = 'x'",
                |t| _ = t.whole("k", &(1..=5u8), " of days"),
                "1: k: 'x' is not a whole number of days from 1 to 5",
            ),
            (
                "k = 6",
                |t| _ = t.whole("k", &(1..=5u8), ""),
                "1: k: 6 is not a whole number from 1 to 5",
            ),
            (
                "k = 2.0",
                |t| _ = t.whole("k", &(1..=5u8), ""),
                "1: k: 2.0 is not a whole number from 1 to 5",
            ),
            (
                "k = 99999999999999999999",
                |t| _ = t.whole("k", &(1..=5u8), ""),
                "1: k: 99999999999999999999 is not a whole number from 1 to 5",
            ),
            ("k = nan", |t| _ = t.number("k"), "1: k: nan is not a number"),
            ("k = 'yes'", |t| _ = t.truth("k"), "1: k: 'yes' is neither true nor false"),
            ("k = { a = 'x' }", |t| _ = t.map("k"), "1: a: 'x' is not a number"),
            ("[k]", |t| _ = t.tables("[[k]]"), "1: k must stand as [[k]]"),
        ];
        for (text, look, expected) in cases {
            assert_eq!(errors(text, look), [format!("c.toml:{expected}")], "{text}");
        }
    }

    #[test]
    fn values_are_read_as_they_stand() {
        let text = "w = 0x10\nf = 1\nn = -0.5\nt = true\nm = { a = 1 }\n[[k]]\na = ' x '\n[[k]]\n";
        let document = Document::read("c.toml", text).unwrap();
        let root = document.root();
        assert_eq!(root.whole("w", &(1..=30u8), ""), Some(16));
        assert_eq!(
            [root.number("f"), root.number("n"), root.number("none")],
            [Some(1.0), Some(-0.5), None]
        );
        assert_eq!(root.truth("t"), Some(true));
        assert_eq!(root.map("m"), Some(BTreeMap::from([("a".to_owned(), 1.0)])));
        let tables = root.tables("[[k]]");
        assert_eq!(tables.iter().map(ConfigTable::line).collect::<Vec<_>>(), [6, 8]);
        assert_eq!([tables[0].text("a"), tables[0].filled("a")], [Some(" x "), Some("x")]);
        assert!(document.is_sound());
    }

    #[test]
    fn an_unknown_key_is_told_with_the_nearest() {
        let document = Document::read("c.toml", "[[rule]]\ntreshold = 1\nzz = 1").unwrap();
        document.root().tables("[[rule]]")[0].allow(&["name", "threshold"]);
        let errors = document.errors();
        assert_eq!(errors[0].message, "c.toml:2: 'treshold' is not a key of [[rule]]");
        assert_eq!(errors[0].hint.as_deref(), Some("did you mean 'threshold'?"));
        assert_eq!(errors[1].hint.as_deref(), Some("known here: name, threshold"));
    }
}
