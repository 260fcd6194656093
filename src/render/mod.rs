//! Turns the rows of a screen or an export into bytes. Formatters do no I/O; numbers, dates and
//! untrusted text are formatted only here.

pub mod escape;
mod look;
mod record_formats;
pub(crate) mod report;
mod screen;
mod text_table;
mod workbook;
mod wrap;

use std::borrow::Cow;

pub(crate) use look::{Align, Look, Tone};
pub(crate) use record_formats::{Format, RecordWriter};
pub(crate) use screen::Screen;
pub(crate) use text_table::TextTable;
pub(crate) use workbook::RecordBook;
pub(crate) use wrap::{cut, shortened, wrap, wrap_prose};

use crate::domain::attributes::Datum;
use crate::domain::day::{Day, Instant};
use crate::domain::pulse::to_one_decimal;
use crate::domain::rule::OptionValue;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    /// Unknown: `null`; empty in CSV.
    Null,
    /// Text, possibly from an imported file.
    Text(Cow<'a, str>),
    /// A calendar day, as `YYYY-MM-DD`.
    Day(Day),
    Whole(i64),
    /// A number with all its decimals.
    Number(f64),
    /// A flag: `true` or `false` in every format.
    Flag(bool),
    /// The answer to a question: `true` or `false` in JSON, `yes` or `no` for people.
    Answer(bool),
    /// A nested value; its JSON text in CSV.
    Nested(serde_json::Value),
}

macro_rules! values {
    ($($variant:ident: $($type:ty),+;)+) => {$($(
        impl<'a> From<$type> for Value<'a> {
            fn from(value: $type) -> Self {
                Value::$variant(value.into())
            }
        }
    )+)+};
}
values! {
    Text: &'a str, &'a String, String;
    Day: Day;
    Whole: u8, i64;
    Number: f64;
    Flag: bool;
    Nested: serde_json::Value;
}

impl From<u64> for Value<'_> {
    fn from(value: u64) -> Self {
        Value::Whole(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl<'a> From<OptionValue<'a>> for Value<'a> {
    fn from(value: OptionValue<'a>) -> Self {
        match value {
            OptionValue::Unset => Value::Null,
            OptionValue::Flag(flag) => flag.into(),
            OptionValue::Whole(number) => number.into(),
            OptionValue::Number(number) => number.into(),
            OptionValue::Text(text) => text.into(),
        }
    }
}

impl<'a> From<&'a Datum> for Value<'a> {
    fn from(value: &'a Datum) -> Self {
        match value {
            Datum::Null => Value::Null,
            Datum::Whole(number) => Value::Whole(*number),
            Datum::Number(number) => Value::Number(*number),
            Datum::Score(score) => Value::Number(to_one_decimal(*score)),
            Datum::Text(text) => text.into(),
            Datum::Day(day) => (*day).into(),
        }
    }
}

impl From<Instant> for Value<'_> {
    fn from(value: Instant) -> Self {
        value.to_string().into()
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

pub(crate) fn yes_or_no(answer: bool) -> &'static str {
    if answer { "yes" } else { "no" }
}

/// A whole number with thousands separators: `160,942`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An amount of money with cents and thousands separators: `12,345.60`.
pub(crate) fn money(amount: f64) -> String {
    let cents = (amount.abs() * 100.0).round() as u64;
    let sign = if amount < 0.0 && cents > 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", thousands(cents / 100), cents % 100)
}

/// The bars of a sparkline, lowest first.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A sparkline of one bar per number, scaled to the largest: `▁▃█`. A 0 is a gap.
pub(crate) fn sparkline(numbers: &[u64]) -> String {
    let most = numbers.iter().copied().max().unwrap_or_default();
    let bar = |number: &u64| match *number {
        0 => ' ',
        number => BARS[((number * 8).div_ceil(most) - 1) as usize],
    };
    numbers.iter().map(bar).collect()
}

/// A sparkline of scores from 0 to 100; unknown ones are gaps.
pub(crate) fn score_line(scores: impl Iterator<Item = Option<f64>>) -> String {
    let bar = |score: Option<f64>| {
        score.map_or(' ', |score| BARS[(score * 8.0 / 100.0).clamp(0.0, 7.0) as usize])
    };
    scores.map(bar).collect()
}

/// A score with one decimal, halves rounded away from zero: `61.3`.
pub(crate) fn score(score: f64) -> String {
    format!("{:.1}", to_one_decimal(score))
}

/// The change of a score, with its sign: `+4.0`, `-12.3`, `0.0`.
pub(crate) fn score_change(change: f64) -> String {
    match to_one_decimal(change) {
        0.0 => "0.0".to_owned(),
        change => format!("{change:+.1}"),
    }
}

/// A number with its noun: `1 signal`, `1,200 signals`.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(number), if number == 1 { one } else { many })
}

/// A probability for people: `0.42`, `0.0071`, `<0.0001`.
pub(crate) fn chance(chance: f64) -> String {
    match chance {
        c if c >= 0.01 => format!("{c:.2}"),
        c if c >= 0.0001 => format!("{c:.4}"),
        _ => "<0.0001".to_owned(),
    }
}

/// The meaning of a probability: `By chance alone, about 1 in 141 comparisons would look like
/// this.`
pub(crate) fn chance_in_words(chance: f64) -> String {
    let often = match chance {
        c if c <= 1e-6 => "fewer than 1 in a million comparisons".to_owned(),
        c if c >= 0.5 => "every second comparison or more".to_owned(),
        c => format!("about 1 in {} comparisons", thousands((1.0 / c).round() as u64)),
    };
    format!("By chance alone, {often} would look like this.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (160_942, "160,942"),
            (1_234_567, "1,234,567"),
        ];
        for (number, text) in cases {
            assert_eq!(thousands(number), text);
        }
    }

    #[test]
    fn bars_are_as_tall_as_their_share_of_the_largest() {
        let cases: [(&[u64], &str); 4] = [
            (&[], ""),
            (&[0, 0], "  "),
            (&[1, 2, 3, 4, 5, 6, 7, 8], "▁▂▃▄▅▆▇█"),
            (&[100, 0, 1, 50], "█ ▁▄"),
        ];
        for (numbers, line) in cases {
            assert_eq!(sparkline(numbers), line);
        }
    }

    #[test]
    fn scores_have_one_decimal_and_a_bar_for_each_eighth() {
        let scores = [Some(0.0), None, Some(12.4), Some(12.5), Some(50.0), Some(87.5), Some(100.0)];
        assert_eq!(score_line(scores.into_iter()), "▁ ▁▂▅██");
        assert_eq!([score(61.25), score(0.0), score(100.0)], ["61.3", "0.0", "100.0"]);
        let changes =
            [(4.0, "+4.0"), (-12.25, "-12.3"), (-0.04, "0.0"), (0.04, "0.0"), (0.05, "+0.1")];
        for (change, text) in changes {
            assert_eq!(score_change(change), text);
        }
    }

    #[test]
    fn money_has_cents() {
        let cases = [
            (0.0, "0.00"),
            (12_345.6, "12,345.60"),
            (-1.005, "-1.00"),
            (-0.001, "0.00"),
            (99.999, "100.00"),
        ];
        for (amount, text) in cases {
            assert_eq!(money(amount), text);
        }
    }

    #[test]
    fn a_chance_keeps_two_digits_that_matter() {
        let cases = [
            (1.0, "1.00"),
            (0.4199, "0.42"),
            (0.0071, "0.0071"),
            (3.2e-9, "<0.0001"),
            (0.0, "<0.0001"),
        ];
        for (value, text) in cases {
            assert_eq!(chance(value), text);
        }
    }
}
