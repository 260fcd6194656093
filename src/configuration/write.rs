//! Formats blocks as TOML the way a person would.

use std::fmt::Write as _;

use toml::Value;

use super::block::{Block, Difference, Entry};
use crate::render::escape::is_hostile;

/// Texts longer than this, in characters, are broken into lines before suitable words.
const LINE: usize = 100;

/// The words before which an expression is broken.
const BREAKS: [&str; 5] = ["AND", "OR", "WHEN", "ELSE", "END"];

/// The text of a file with these blocks, in order. Equal blocks give equal bytes.
pub(crate) fn write(blocks: &[Block]) -> String {
    let mut text =
        "# What is configured in signals. `signals config apply` with this file makes it so.\n"
            .to_owned();
    for block in blocks {
        text.push('\n');
        write_block(&mut text, block);
    }
    text
}

fn write_block(text: &mut String, block: &Block) {
    text.extend([block.heading, "\n"]);
    for Entry { key, value, is_usual } in &block.entries {
        if let (Some(value), false) = (value, is_usual) {
            text.extend([key, " = ", &value_text(value), "\n"]);
        }
    }
    block.inner.iter().for_each(|inner| write_block(text, inner));
}

fn value_text(value: &Value) -> String {
    match value {
        Value::String(text)
            if text.contains('\n') && !text.contains(|char| char != '\n' && is_awkward(char)) =>
        {
            format!("\"\"\"\n{}\"\"\"", escaped(text))
        }
        Value::String(text) if text.chars().count() > LINE && can_be_broken(text) => broken(text),
        other => inline(other),
    }
}

/// A value on one line.
fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => one_line(text),
        Value::Float(number) => number_text(*number),
        Value::Array(list) => {
            let values: Vec<String> = list.iter().map(inline).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Table(map) => {
            let pairs =
                map.iter().map(|(key, value)| format!("{} = {}", key_text(key), inline(value)));
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        }
        Value::Integer(_) | Value::Boolean(_) | Value::Datetime(_) => value.to_string(),
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |value: &Option<Value>| value.as_ref().map_or_else(|| "none".to_owned(), inline);
        write!(f, "{}: {} -> {}", self.key, text(&self.old), text(&self.new))
    }
}

/// A whole number without a fraction.
fn number_text(number: f64) -> String {
    const EXACT: f64 = 1e15;
    if number.fract() == 0.0 && number.abs() < EXACT {
        format!("{number:.0}")
    } else {
        format!("{number:?}")
    }
}

fn key_text(key: &str) -> String {
    let is_bare = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_');
    if !key.is_empty() && key.chars().all(is_bare) { key.to_owned() } else { one_line(key) }
}

/// Whether a character must be escaped by its number, so that it is visible and harmless. A line
/// break is one of them.
fn is_awkward(char: char) -> bool {
    is_hostile(char) && char != '\t'
}

/// A text with double quotes or backslashes is written unescaped in single quotes, if possible.
fn one_line(text: &str) -> String {
    let is_plain = !text.contains(|char| char == '\'' || is_awkward(char));
    if is_plain && text.contains(['"', '\\']) {
        format!("'{text}'")
    } else {
        format!("\"{}\"", escaped_line(text))
    }
}

fn escaped_line(text: &str) -> String {
    escaped(text).replace('\n', "\\n")
}

/// The text between double quotes; line breaks stay.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '"' | '\\' => safe.extend(['\\', char]),
            '\r' => safe.push_str("\\r"),
            // Writing to a string cannot fail.
            _ if is_awkward(char) && char != '\n' => _ = write!(safe, "\\u{:04x}", u32::from(char)),
            _ => safe.push(char),
        }
    }
    safe
}

/// In TOML, a backslash at the end of a line joins it with the next text, so the breaks do not
/// change the value.
fn can_be_broken(text: &str) -> bool {
    !text.contains(is_awkward) && !text.starts_with([' ', '\t']) && parts(text).len() > 1
}

fn broken(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for part in parts(text) {
        match lines.last_mut() {
            Some(line)
                if line.trim_end().chars().count() + part.trim_end().chars().count() < LINE =>
            {
                line.push_str(part);
            }
            _ => lines.push(part.to_owned()),
        }
    }
    let lines: Vec<String> = lines.iter().map(|line| format!("  {}", escaped(line))).collect();
    format!("\"\"\"\\\n{}\"\"\"", lines.join("\\\n"))
}

/// The text in pieces: each except the first begins with a word of [`BREAKS`], each except the last
/// ends in blanks.
fn parts(text: &str) -> Vec<&str> {
    let mut starts = vec![0];
    for (at, _) in text.match_indices(' ') {
        let word = text[at + 1..].split([' ', '\t', '(']).next().unwrap_or_default();
        if BREAKS.iter().any(|known| known.eq_ignore_ascii_case(word)) {
            starts.push(at + 1);
        }
    }
    starts.push(text.len());
    starts.windows(2).map(|ends| &text[ends[0]..ends[1]]).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn values_are_written_as_people_would() {
        let cases = [
            (Value::from("plan = 'pro'"), r#""plan = 'pro'""#),
            (Value::from(r#"said "yes""#), r#"'said "yes"'"#),
            (Value::from(r"a\b"), r"'a\b'"),
            (Value::from(r#"it's "so""#), r#""it's \"so\"""#),
            (Value::from("a\u{1b}[31mb\u{202e}"), r#""a\u001b[31mb\u202e""#),
            (Value::from("a\r\nb"), r#""a\r\nb""#),
            (Value::from("one\ntwo"), "\"\"\"\none\ntwo\"\"\""),
            (Value::from("a\tb"), "\"a\tb\""),
            (Value::from(""), "\"\""),
            (Value::from(30), "30"),
            (Value::from(70.0), "70"),
            (Value::from(-0.5), "-0.5"),
            (Value::from(0.01), "0.01"),
            (Value::from(1e-7), "1e-7"),
            (Value::from(true), "true"),
            (
                Value::from(BTreeMap::from([("promoter", 100.0), ("a b", 2.5)])),
                r#"{ "a b" = 2.5, promoter = 100 }"#,
            ),
        ];
        for (value, expected) in cases {
            assert_eq!(value_text(&value), expected, "{value:?}");
        }
    }

    #[test]
    fn a_long_expression_is_broken_before_its_words() {
        let (one, two) = (
            "coalesce(days_since_executive_touch, days_since_created) >= 90",
            "plan IN ('pro', 'enterprise')",
        );
        let text = format!("{one} AND {two} OR mrr > 100000 AND NOT name LIKE '%\\%'");
        let expected = format!(
            "\"\"\"\\\n  {one} AND {two} \\\n  OR mrr > 100000 AND NOT name LIKE '%\\\\%'\"\"\""
        );
        assert_eq!(value_text(&Value::String(text)), expected);
        // Without such a word, or if the first blank would be lost, it stays on one line.
        for text in ["x".repeat(120), format!(" {one} AND {two}, {two}")] {
            assert_eq!(value_text(&Value::from(text.as_str())), format!("\"{text}\""));
        }
    }

    #[test]
    fn blocks_stand_below_their_headings() {
        let step = Block::new("[[playbook.step]]", "step 1").with("title", "Call");
        let playbook = Block {
            inner: vec![step],
            ..Block::new("[[playbook]]", "playbook 'p'")
                .with("name", "p")
                .with_some("tag", None::<&str>)
        };
        let notify = Block::new("[notify]", "").with_unusual("grace_hours", 24u8, 24u8);
        let expected =
            "\n[[playbook]]\nname = \"p\"\n[[playbook.step]]\ntitle = \"Call\"\n\n[notify]\n";
        let text = write(&[playbook, notify]);
        assert_eq!(text.split_once('\n').map(|(_, rest)| rest), Some(expected));
    }

    proptest::proptest! {
        #[test]
        fn a_text_is_read_as_it_was_written(
            text in "([ -~äß株\\t\\n\\r\"'\\\\\u{0}\u{1b}\u{7f}\u{9b}\u{202e}]{0,8}( AND| or|\\)  OR)?){0,30}",
            number in proptest::num::f64::NORMAL,
        ) {
            let map = BTreeMap::from([(text.clone(), number)]);
            let block = Block::new("[[k]]", "").with("text", text.as_str()).with("number", number).with("map", map);
            let written = write(&[block]);
            let document = super::super::Document::read("c.toml", &written).map_err(|error| {
                proptest::test_runner::TestCaseError::fail(format!("{}\n{written}", error.message))
            })?;
            let table = document.root().tables("[[k]]")[0];
            proptest::prop_assert_eq!(table.text("text"), Some(text.as_str()));
            proptest::prop_assert_eq!(table.number("number"), Some(number));
            proptest::prop_assert_eq!(table.map("map"), Some(std::iter::once((text, number)).collect()));
        }
    }
}
