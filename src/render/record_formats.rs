//! Records as CSV, JSON and JSON lines, one at a time, so that lists of any length need little
//! memory.

use std::io;

use anyhow::Result;
use serde::ser::{Serialize, Serializer};
use serde_json::ser::{CharEscape, Formatter};

use super::Value;
use super::escape;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns.
    #[default]
    Table,
    /// Comma-separated values with one header row.
    Csv,
    /// One array.
    Json,
    /// One object per line.
    Ndjson,
}

/// Turns records with the same fields into bytes of one format, except [`Format::Table`], which
/// needs all rows at once.
pub(crate) struct RecordWriter<'f> {
    format: Format,
    fields: &'f [&'f str],
    is_raw: bool,
    is_on_terminal: bool,
    count: usize,
}

impl<'f> RecordWriter<'f> {
    pub(crate) fn new(format: Format, fields: &'f [&'f str]) -> Self {
        RecordWriter { format, fields, is_raw: false, is_on_terminal: false, count: 0 }
    }

    /// Writes text cells of CSV as they are, even those that a spreadsheet would take for formulas.
    pub(crate) fn raw(self, is_raw: bool) -> Self {
        RecordWriter { is_raw, ..self }
    }

    /// Escapes control characters in CSV cells if the records go straight to a terminal.
    pub(crate) fn on_terminal(self, is_on_terminal: bool) -> Self {
        RecordWriter { is_on_terminal, ..self }
    }

    /// Writes what precedes the first record.
    pub(crate) fn start(&self, bytes: &mut Vec<u8>) -> Result<()> {
        match self.format {
            Format::Csv => csv_line(bytes, self.fields.iter().map(|field| (*field).to_owned()))?,
            Format::Json => bytes.push(b'['),
            Format::Ndjson | Format::Table => {}
        }
        Ok(())
    }

    /// Writes one record, with as many values as there are fields.
    pub(crate) fn record(&mut self, bytes: &mut Vec<u8>, values: &[Value<'_>]) -> Result<()> {
        debug_assert_eq!(values.len(), self.fields.len());
        self.count += 1;
        match self.format {
            Format::Csv => csv_line(bytes, values.iter().map(|value| self.csv_cell(value)))?,
            Format::Json | Format::Table => {
                bytes.extend_from_slice(if self.count == 1 { b"\n  " } else { b",\n  " });
                write_json(bytes, &Object { fields: self.fields, values })?;
            }
            Format::Ndjson => {
                write_json(bytes, &Object { fields: self.fields, values })?;
                bytes.push(b'\n');
            }
        }
        Ok(())
    }

    /// Writes what follows the last record.
    pub(crate) fn finish(self, bytes: &mut Vec<u8>) {
        if self.format == Format::Json {
            bytes.extend_from_slice(if self.count == 0 { b"]\n" } else { b"\n]\n" });
        }
    }

    fn csv_cell(&self, value: &Value<'_>) -> String {
        let cell = self.plain_cell(value);
        if self.is_on_terminal { escape::for_terminal(&cell).into_owned() } else { cell }
    }

    fn plain_cell(&self, value: &Value<'_>) -> String {
        match value {
            Value::Null => String::new(),
            Value::Text(text) if self.is_raw => text.to_string(),
            Value::Text(text) => escape::for_spreadsheet(text).into_owned(),
            Value::Day(day) => day.to_string(),
            Value::Whole(number) => number.to_string(),
            Value::Number(number) => serde_json::json!(number).to_string(),
            Value::Flag(flag) => flag.to_string(),
            Value::Answer(answer) => super::yes_or_no(*answer).to_owned(),
            Value::Nested(nested) => nested.to_string(),
        }
    }
}

fn csv_line(bytes: &mut Vec<u8>, cells: impl Iterator<Item = String>) -> Result<()> {
    let mut writer = csv::Writer::from_writer(bytes);
    writer.write_record(cells)?;
    writer.flush()?;
    Ok(())
}

/// Appends a value as JSON on one line.
pub(super) fn write_json(bytes: &mut Vec<u8>, value: &impl Serialize) -> Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(bytes, Safe);
    Ok(value.serialize(&mut serializer)?)
}

struct Object<'a> {
    fields: &'a [&'a str],
    values: &'a [Value<'a>],
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.fields.iter().zip(self.values))
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => serializer.serialize_none(),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Day(day) => serializer.collect_str(day),
            Value::Whole(number) => serializer.serialize_i64(*number),
            Value::Number(number) => serializer.serialize_f64(*number),
            Value::Flag(flag) | Value::Answer(flag) => serializer.serialize_bool(*flag),
            Value::Nested(nested) => nested.serialize(serializer),
        }
    }
}

/// Compact JSON in which characters that could harm a terminal are `\u` escapes. JSON itself
/// requires that only below U+0020.
struct Safe;

impl Formatter for Safe {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(place) = rest.find(escape::is_hostile) {
            let (safe, hostile) = rest.split_at(place);
            writer.write_all(safe.as_bytes())?;
            let mut characters = hostile.chars();
            if let Some(character) = characters.next() {
                // Every hostile character lies in the basic plane, so one escape is enough.
                write!(writer, "\\u{:04x}", character as u32)?;
            }
            rest = characters.as_str();
        }
        writer.write_all(rest.as_bytes())
    }

    fn write_char_escape<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        serde_json::ser::CompactFormatter.write_char_escape(writer, escape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_is_plain_data_in_a_file_and_harmless_on_a_terminal() {
        for (is_on_terminal, expected) in
            [(false, "a\u{1b}[2J\u{202e}\n"), (true, "a^[[2J<U+202E>\n")]
        {
            let mut writer = RecordWriter::new(Format::Csv, &["name"]).on_terminal(is_on_terminal);
            let mut bytes = Vec::new();
            writer.record(&mut bytes, &["a\u{1b}[2J\u{202e}".into()]).unwrap();
            assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        }
    }

    fn written(format: Format, rows: &[&[Value<'_>]]) -> String {
        let mut writer = RecordWriter::new(format, &["id", "name", "change"]);
        let mut bytes = Vec::new();
        writer.start(&mut bytes).unwrap();
        for row in rows {
            writer.record(&mut bytes, row).unwrap();
        }
        writer.finish(&mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    fn rows() -> [Vec<Value<'static>>; 2] {
        [
            vec![Value::Whole(1), Value::from("Acme, \"the\" one"), Value::Number(-16.0)],
            vec![Value::Whole(2), Value::from("=cmd\u{9b}"), Value::Null],
        ]
    }

    #[test]
    fn csv_is_safe_to_open_in_a_spreadsheet() {
        let [first, second] = rows();
        let expected = "id,name,change\n1,\"Acme, \"\"the\"\" one\",-16.0\n2,'=cmd\u{9b},\n";
        assert_eq!(written(Format::Csv, &[&first, &second]), expected);
    }

    #[test]
    fn json_is_one_array_and_escapes_what_a_terminal_obeys() {
        let [first, second] = rows();
        let expected = "[\n  {\"id\":1,\"name\":\"Acme, \\\"the\\\" one\",\"change\":-16.0},\n  \
                        {\"id\":2,\"name\":\"=cmd\\u009b\",\"change\":null}\n]\n";
        assert_eq!(written(Format::Json, &[&first, &second]), expected);
        assert_eq!(written(Format::Json, &[]), "[]\n");
    }

    #[test]
    fn ndjson_is_one_object_a_line() {
        let [first, _] = rows();
        let expected = "{\"id\":1,\"name\":\"Acme, \\\"the\\\" one\",\"change\":-16.0}\n";
        assert_eq!(written(Format::Ndjson, &[&first]), expected);
        assert_eq!(written(Format::Ndjson, &[]), "");
    }
}
