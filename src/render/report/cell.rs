//! A cell of a report: its type, rounding and text.

use std::borrow::Cow;

use crate::domain::customer::to_the_cent;
use crate::domain::day::Day;
use crate::domain::pulse::to_one_decimal;
use crate::render::{Value, money, score_change, thousands};

/// A cell. It is rounded here, so that every format shows the same number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    /// Unknown, which is not 0.
    Unknown,
    /// Text, possibly from an imported file.
    Text(String),
    Count(u64),
    /// A whole number that may be negative.
    Whole(i64),
    Difference(i64),
    /// A number with one decimal.
    Number(f64),
    /// A ratio with two decimals.
    Ratio(f64),
    /// A change of a number, with its sign and one decimal.
    Change(f64),
    /// A percentage with one decimal.
    Percent(f64),
    /// Money, to the cent.
    Money(f64),
    Day(Day),
}

impl Cell {
    /// `part` as a percentage of `whole`; unknown if that is 0.
    pub(crate) fn share(part: f64, whole: f64) -> Self {
        if whole == 0.0 { Cell::Unknown } else { Cell::Percent(part * 100.0 / whole) }
    }

    /// A count as a percentage of another.
    pub(crate) fn share_of(part: u64, whole: u64) -> Self {
        Cell::share(part as f64, whole as f64)
    }

    pub(crate) fn money(amount: Option<f64>) -> Self {
        amount.map_or(Cell::Unknown, Cell::Money)
    }

    pub(crate) fn number(number: Option<f64>) -> Self {
        number.map_or(Cell::Unknown, Cell::Number)
    }

    pub(crate) fn ratio(ratio: Option<f64>) -> Self {
        ratio.map_or(Cell::Unknown, Cell::Ratio)
    }

    pub(crate) fn change(change: Option<f64>) -> Self {
        change.map_or(Cell::Unknown, Cell::Change)
    }

    pub(crate) fn day(day: Option<Day>) -> Self {
        day.map_or(Cell::Unknown, Cell::Day)
    }

    pub(crate) fn text_of(text: Option<impl ToString>) -> Self {
        text.map_or(Cell::Unknown, |text| Cell::Text(text.to_string()))
    }

    /// The rounded number; `None` for other cells.
    pub(crate) fn rounded(&self) -> Option<f64> {
        match self {
            Cell::Count(count) => Some(*count as f64),
            Cell::Whole(number) | Cell::Difference(number) => Some(*number as f64),
            Cell::Number(number) | Cell::Change(number) | Cell::Percent(number) => {
                Some(positive_zero(to_one_decimal(*number)))
            }
            Cell::Money(number) | Cell::Ratio(number) => Some(positive_zero(to_the_cent(*number))),
            Cell::Unknown | Cell::Text(_) | Cell::Day(_) => None,
        }
    }

    /// The value for programs.
    pub(crate) fn value(&self) -> Value<'_> {
        match self {
            Cell::Unknown => Value::Null,
            Cell::Text(text) => text.into(),
            Cell::Count(count) => (*count).into(),
            Cell::Whole(number) | Cell::Difference(number) => (*number).into(),
            Cell::Day(day) => (*day).into(),
            _ => self.rounded().into(),
        }
    }

    /// The text for people.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        let number = self.rounded().unwrap_or_default();
        match self {
            Cell::Unknown => Cow::Borrowed("-"),
            Cell::Text(text) => Cow::Borrowed(text),
            Cell::Count(count) => Cow::Owned(thousands(*count)),
            Cell::Whole(number) | Cell::Difference(number) => {
                let is_gain = matches!(self, Cell::Difference(1..));
                let sign = if *number < 0 {
                    "-"
                } else if is_gain {
                    "+"
                } else {
                    ""
                };
                Cow::Owned(format!("{sign}{}", thousands(number.unsigned_abs())))
            }
            Cell::Number(_) => Cow::Owned(format!("{number:.1}")),
            Cell::Ratio(_) => Cow::Owned(format!("{number:.2}")),
            Cell::Change(change) => Cow::Owned(score_change(*change)),
            Cell::Percent(_) => Cow::Owned(format!("{number:.1} %")),
            // Without cents if there are none.
            Cell::Money(_) => Cow::Owned(money(number).trim_end_matches(".00").to_owned()),
            Cell::Day(day) => Cow::Owned(day.to_string()),
        }
    }
}

/// Some formats would write a negative zero with its sign.
fn positive_zero(number: f64) -> f64 {
    number + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_rounded_and_written_in_one_way() {
        let cases = [
            (Cell::Unknown, None, "-"),
            (Cell::Count(12_345), Some(12_345.0), "12,345"),
            (Cell::Whole(-12), Some(-12.0), "-12"),
            (Cell::Whole(1200), Some(1200.0), "1,200"),
            (Cell::Difference(-1200), Some(-1200.0), "-1,200"),
            (Cell::Difference(3), Some(3.0), "+3"),
            (Cell::Number(12.25), Some(12.3), "12.3"),
            (Cell::Ratio(2.345), Some(2.35), "2.35"),
            (Cell::Change(-0.04), Some(0.0), "0.0"),
            (Cell::Change(2.0), Some(2.0), "+2.0"),
            (Cell::Change(-12.25), Some(-12.3), "-12.3"),
            (Cell::share_of(1, 3), Some(33.3), "33.3 %"),
            (Cell::share_of(1, 8), Some(12.5), "12.5 %"),
            (Cell::share_of(0, 0), None, "-"),
            (Cell::Money(1140.0), Some(1140.0), "1,140"),
            (Cell::Money(499.5), Some(499.5), "499.50"),
            (Cell::Money(0.0), Some(0.0), "0"),
        ];
        for (cell, number, text) in cases {
            assert_eq!((cell.rounded(), cell.text().as_ref()), (number, text), "{cell:?}");
        }
    }
}
