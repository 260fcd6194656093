//! JSON lines -> rows: one object per line, nested names joined with dots.
//!
//! Product analytics export events like this: `{"event":"login","properties":{"time":1772355600}}`
//! has the columns `event` and `properties.time`. The first lines determine the columns of a file;
//! later names are ignored, but a line is rejected if one of them is a column of the kind. Of an
//! array only the first element counts, under the name of the array:
//! `groups.company` of `{"groups":{"company":["acme"]}}` is `acme`. A line that is not a JSON
//! object is rejected alone.

use std::fmt;

use rustc_hash::FxHashMap;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::cells::content;
use super::header::Header;
use super::records::{Peeked, Row};
use super::spelling::folded;

/// The number of lines that determine the columns.
pub(crate) const LINES_LOOKED_AT: usize = 1000;

/// Whole numbers from here on, 2^53, are not exact.
const FIRST_INEXACT: f64 = 9_007_199_254_740_992.0;

/// The names in the given lines, in order of appearance, without those that differ only in
/// spelling. Skips lines that are not JSON objects.
pub fn names_in(lines: &[Peeked]) -> Vec<String> {
    let (mut names, mut seen) = (Vec::new(), FxHashMap::default());
    for line in lines.iter().filter_map(|line| line.fields.first()) {
        let mut here: Vec<String> = Vec::new();
        let walked = walk(line, "", &mut String::new(), &mut |name, _| here.push(name.to_owned()));
        for name in here.into_iter().filter(|_| walked.is_ok()) {
            if seen.insert(folded(&name), ()).is_none() {
                names.push(name);
            }
        }
    }
    names
}

/// Splits table cells with JSON objects: `properties` has the columns `properties.time` and so on,
/// as in JSON lines.
#[derive(Debug)]
pub(crate) struct CellFlattener {
    /// The columns with such cells, and their names.
    columns: Vec<(usize, String)>,
    inside: Flattener,
}

impl CellFlattener {
    /// Adds the names inside such cells to the header, and their values to the first rows; also
    /// returns what does the same to later rows. A column has such cells if all non-blank ones are
    /// objects.
    pub(crate) fn extend(
        header: Header,
        sample: &mut [Vec<String>],
        mapped: &[(String, String)],
    ) -> (Header, Option<CellFlattener>) {
        let cells = |at: usize| sample.iter().filter_map(move |row| content(row.get(at)?));
        let has_objects = |at: &usize| {
            cells(*at).next().is_some() && cells(*at).all(|cell| cell.starts_with('{'))
        };
        let (mut columns, mut names, mut seen) = (Vec::new(), Vec::new(), FxHashMap::default());
        for at in (0..header.names.len()).filter(has_objects) {
            let column = header.names[at].clone();
            let mut here = Vec::new();
            let walked = cells(at).filter(|cell| {
                let add = &mut |name: &str, _: &str| here.push(name.to_owned());
                walk(cell, &column, &mut String::new(), add).is_ok()
            });
            if walked.count() > 0 && !column.is_empty() {
                here.retain(|name| seen.insert(folded(name), ()).is_none());
                names.append(&mut here);
                columns.push((at, column));
            }
        }
        if columns.is_empty() {
            return (header, None);
        }
        let header = header.with_more(names, mapped);
        let own = header.names.len() - header.more;
        let mut flattener = CellFlattener { columns, inside: Flattener::new(&header.names[own..]) };
        for row in sample {
            let values = flattener.values(|at| row.get(at).map_or("", String::as_str));
            let values: Vec<String> = values.fields().map(str::to_owned).collect();
            row.resize(own, String::new());
            row.extend(values);
        }
        (header, Some(flattener))
    }

    /// The values inside the cells of a row.
    pub(crate) fn values<'r>(&mut self, field: impl Fn(usize) -> &'r str) -> Row<'_> {
        let CellFlattener { columns, inside } = self;
        inside.begin();
        for (at, column) in columns {
            if let Some(cell) = content(field(*at)) {
                // A cell that is not an object has no values.
                inside.add(cell, column).ok();
            }
        }
        Row::new(0, &inside.text, &inside.bounds)
    }
}

/// Turns lines into rows with the same fields in the same order.
#[derive(Debug)]
pub struct Flattener {
    /// The position of each folded name. Of equal ones the first wins.
    names: FxHashMap<String, usize>,
    width: usize,
    /// The folded names that the header lacks, with the columns that they are names of.
    lacking: FxHashMap<String, &'static str>,
    /// The names that have had no value so far, of those that must have one.
    expected: Vec<(usize, String)>,
    /// What becomes of each name as it was encountered, including other spellings.
    places: FxHashMap<String, Destination>,
    path: String,
    text: String,
    bounds: Vec<(usize, usize)>,
}

impl Flattener {
    /// Creates rows with a field for each of `names`.
    pub fn new(names: &[String]) -> Self {
        let own = |(place, name): (usize, &String)| (name.clone(), Destination::Field(place));
        let places = names.iter().enumerate().map(own).collect();
        let width = names.len();
        let names = names.iter().enumerate().rev();
        Flattener {
            names: names.map(|(place, name)| (folded(name), place)).collect(),
            width,
            lacking: FxHashMap::default(),
            expected: Vec::new(),
            places,
            path: String::new(),
            text: String::new(),
            bounds: Vec::new(),
        }
    }

    /// From now on a line is rejected if it has one of these folded names, which are those of
    /// columns that the header lacks.
    pub(crate) fn reject(&mut self, lacking: impl Iterator<Item = (String, &'static str)>) {
        self.lacking = lacking.filter(|(name, _)| !self.names.contains_key(name)).collect();
        self.places.retain(|_, destination| *destination != Destination::Nothing);
    }

    /// These names must have a value on some line.
    pub(crate) fn expect(&mut self, names: &[String]) {
        let place = |name: &String| Some((*self.names.get(&folded(name))?, name.clone()));
        self.expected = names.iter().filter_map(place).collect();
    }

    /// A name that must have a value, and that no line so far has.
    pub(crate) fn never_found(&self) -> Option<&str> {
        self.expected.first().map(|(_, name)| name.as_str())
    }

    /// Turns a line into a row. Missing fields are empty.
    ///
    /// # Errors
    /// Why the line is not a JSON object, or cannot be read under this header.
    pub fn row(&mut self, line: u64, json: &str) -> Result<Row<'_>, String> {
        self.begin();
        self.add(json, "")?;
        Ok(Row::new(line, &self.text, &self.bounds))
    }

    fn begin(&mut self) {
        self.text.clear();
        self.bounds.clear();
        self.bounds.resize(self.width, (0, 0));
    }

    /// Adds the values of an object; names are prefixed with `column`.
    fn add(&mut self, json: &str, column: &str) -> Result<(), String> {
        let Flattener { names, lacking, expected, places, path, text, bounds, .. } = self;
        let mut late = None;
        walk(
            json,
            column,
            path,
            &mut |name, value| match destination(name, names, lacking, places) {
                // Of two spellings of a name, the first with a value wins.
                Destination::Field(place) if bounds[place].0 == bounds[place].1 => {
                    bounds[place] = (text.len(), text.len() + value.len());
                    text.push_str(value);
                    if !expected.is_empty() && !value.is_empty() {
                        expected.retain(|(expected, _)| *expected != place);
                    }
                }
                Destination::Lacking(column) if !value.is_empty() => {
                    late = Some(format!(
                        "none of the first {LINES_LOOKED_AT} lines has '{name}': say --map {column}={name}"
                    ));
                }
                _ => {}
            },
        )?;
        late.map_or(Ok(()), Err)
    }
}

/// What becomes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Destination {
    Field(usize),
    /// The header lacks this column of the kind.
    Lacking(&'static str),
    Nothing,
}

/// The most spellings that are remembered.
const MOST_SPELLINGS: usize = 10_000;

fn destination(
    name: &str,
    names: &FxHashMap<String, usize>,
    lacking: &FxHashMap<String, &'static str>,
    places: &mut FxHashMap<String, Destination>,
) -> Destination {
    if let Some(known) = places.get(name) {
        return *known;
    }
    let folded = folded(name);
    let of_kind = || lacking.get(&folded).copied().map(Destination::Lacking);
    let field = names.get(&folded).copied().map(Destination::Field);
    let destination = field.or_else(of_kind).unwrap_or(Destination::Nothing);
    if places.len() < MOST_SPELLINGS {
        places.insert(name.to_owned(), destination);
    }
    destination
}

/// Passes every scalar of a JSON object to `visit`, with its dotted name, which begins with the
/// column's.
fn walk(
    json: &str,
    column: &str,
    path: &mut String,
    visit: &mut dyn FnMut(&str, &str),
) -> Result<(), String> {
    path.clear();
    path.push_str(column);
    let mut reader = serde_json::Deserializer::from_str(json);
    let walked =
        Walk { path, visit, is_line: true }.deserialize(&mut reader).and_then(|()| reader.end());
    walked.map_err(|error| {
        let reason = error.to_string();
        let reason = reason.split(" at line ").next().unwrap_or_default();
        format!("not a JSON object: {reason}, at byte {} of the line", error.column())
    })
}

/// A value being visited; `path` is its name.
struct Walk<'w> {
    path: &'w mut String,
    visit: &'w mut dyn FnMut(&str, &str),
    /// Whether it is the whole line, which must be an object.
    is_line: bool,
}

impl Walk<'_> {
    fn scalar<E: de::Error>(self, text: &str) -> Result<(), E> {
        if self.is_line {
            return Err(E::custom("a value alone"));
        }
        (self.visit)(self.path, text);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let length = self.path.len();
        while map.next_key_seed(Key { path: self.path })?.is_some() {
            map.next_value_seed(Walk { path: self.path, visit: self.visit, is_line: false })?;
            self.path.truncate(length);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        if self.is_line {
            return Err(de::Error::custom("an array"));
        }
        list.next_element_seed(Walk { path: self.path, visit: self.visit, is_line: false })?;
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        self.scalar(text)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
        self.scalar(if value { "true" } else { "false" })
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<(), E> {
        self.scalar(itoa::Buffer::new().format(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<(), E> {
        self.scalar(itoa::Buffer::new().format(number))
    }

    /// A number that is no longer exact is written in scientific notation, which marks ids as
    /// damaged.
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<(), E> {
        if number.abs() < FIRST_INEXACT {
            return self.scalar(&number.to_string());
        }
        self.scalar(&format!("{number:.6E}").replace('E', "E+"))
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.scalar("")
    }
}

/// A member name, to be appended to the path.
struct Key<'w> {
    path: &'w mut String,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<(), E> {
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(name);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(names: &[&str], json: &str) -> Result<Vec<String>, String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut flattener = Flattener::new(&names);
        flattener.row(1, json).map(|row| row.fields().map(str::to_owned).collect())
    }

    #[test]
    fn nested_names_are_written_with_dots() {
        let json = r#"{"event":"a \"b\"","properties":{"time":1772355600,"$os":null,"ok":true,"x":1.5},"list":[["é"],2],"empty":[]}"#;
        let names = [
            "event",
            "properties.time",
            "Properties.$OS",
            "properties.ok",
            "properties.x",
            "list",
            "empty",
            "no",
        ];
        assert_eq!(
            flat(&names, json).unwrap(),
            ["a \"b\"", "1772355600", "", "true", "1.5", "é", "", ""]
        );
        let line = Peeked { line: 1, fields: vec![json.to_owned()], fault: None };
        let found = names_in(&[line]);
        assert_eq!(
            found,
            ["event", "properties.time", "properties.$os", "properties.ok", "properties.x", "list"]
        );
    }

    #[test]
    fn of_two_spellings_the_first_that_has_something_counts() {
        assert_eq!(flat(&["a"], r#"{"":1,"a":2}"#).unwrap(), ["2"]);
        assert_eq!(
            flat(&["userid"], r#"{"user_id":null,"userId":"u1","USERID":"u2"}"#).unwrap(),
            ["u1"]
        );
    }

    #[test]
    fn numbers_stay_what_they_are_or_are_seen_to_be_damaged() {
        let numbers =
            r#"{"a":18446744073709551615,"b":-7,"c":1700000000.0,"d":123456789012345678901234}"#;
        assert_eq!(
            flat(&["a", "b", "c", "d"], numbers).unwrap(),
            ["18446744073709551615", "-7", "1700000000", "1.234568E+23"]
        );
    }

    #[test]
    fn lines_that_are_not_objects_are_reported() {
        for (json, reason) in [
            ("[1]", "not a JSON object: an array, at byte 1 of the line"),
            ("7", "not a JSON object: a value alone, at byte 1 of the line"),
            (r#"{"a":1"#, "not a JSON object: EOF while parsing an object, at byte 6 of the line"),
            (r#"{"a":1} x"#, "not a JSON object: trailing characters, at byte 9 of the line"),
        ] {
            assert_eq!(flat(&["a"], json).unwrap_err(), reason);
        }
        assert!(flat(&["a"], &format!("{}1{}", r#"{"a":"#.repeat(500), "}".repeat(500))).is_err());
    }
}
