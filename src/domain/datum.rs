//! The value of an attribute, or of an expression over attributes.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::day::Day;
use super::pulse::to_one_decimal;

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Datum {
    /// Unknown, which is not the same as 0.
    #[default]
    Null,
    Whole(i64),
    Number(f64),
    /// A score from 0 to 100, or a change of one. Calculations use it unrounded; text has one
    /// decimal, halves rounded away from zero.
    Score(f64),
    Text(String),
    Day(Day),
}

impl Datum {
    /// As text: a number with all its decimals, a score with one, a day as `YYYY-MM-DD`; `None` if
    /// it is unknown.
    pub(crate) fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Datum::Null => None,
            Datum::Whole(number) => Some(Cow::Owned(number.to_string())),
            Datum::Number(number) => Some(Cow::Owned(number.to_string())),
            Datum::Score(score) => Some(Cow::Owned(format!("{:.1}", to_one_decimal(*score)))),
            Datum::Text(text) => Some(Cow::Borrowed(text)),
            Datum::Day(day) => Some(Cow::Owned(day.to_string())),
        }
    }

    /// As a number; `None` for texts, days and the unknown value.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Datum::Whole(number) => Some(*number as f64),
            Datum::Number(number) | Datum::Score(number) => Some(*number),
            _ => None,
        }
    }

    /// The order in a sorted list: numbers, days and texts ascending, unknown values last.
    pub(crate) fn order(&self, other: &Datum) -> Ordering {
        match (self, other) {
            (Datum::Null, Datum::Null) => Ordering::Equal,
            (Datum::Null, _) => Ordering::Greater,
            (_, Datum::Null) => Ordering::Less,
            (Datum::Whole(a), Datum::Whole(b)) => a.cmp(b),
            (Datum::Day(a), Datum::Day(b)) => a.cmp(b),
            _ => match (self.number(), other.number()) {
                (Some(a), Some(b)) => a.total_cmp(&b),
                _ => self.text().cmp(&other.text()),
            },
        }
    }
}

impl From<i64> for Datum {
    fn from(value: i64) -> Self {
        Datum::Whole(value)
    }
}

impl From<i32> for Datum {
    fn from(value: i32) -> Self {
        Datum::Whole(i64::from(value))
    }
}

impl From<u64> for Datum {
    fn from(value: u64) -> Self {
        Datum::Whole(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Datum {
    fn from(value: usize) -> Self {
        Datum::from(value as u64)
    }
}

impl From<f64> for Datum {
    fn from(value: f64) -> Self {
        if value.is_finite() { Datum::Number(value) } else { Datum::Null }
    }
}

impl From<Day> for Datum {
    fn from(value: Day) -> Self {
        Datum::Day(value)
    }
}

impl From<&str> for Datum {
    fn from(value: &str) -> Self {
        Datum::Text(value.to_owned())
    }
}

impl From<&String> for Datum {
    fn from(value: &String) -> Self {
        Datum::Text(value.clone())
    }
}

impl<T: Into<Datum>> From<Option<T>> for Datum {
    fn from(value: Option<T>) -> Self {
        value.map_or(Datum::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_sorted_with_unknown_ones_last() {
        let ascending = [
            Datum::Number(-1.5),
            Datum::Whole(0),
            Datum::Number(0.5),
            Datum::Whole(7),
            Datum::Null,
        ];
        for pair in ascending.windows(2) {
            assert_eq!(pair[0].order(&pair[1]), Ordering::Less, "{pair:?}");
        }
        assert_eq!(Datum::Whole(9).order(&Datum::Whole(10)), Ordering::Less);
        assert_eq!(Datum::Number(9.5).order(&Datum::Whole(10)), Ordering::Less);
        assert_eq!(Datum::Null.order(&Datum::Null), Ordering::Equal);
        // 9999-12-31 and 10000-01-01.
        let [last, first] = [2_932_896, 2_932_897].map(|day| Datum::Day(Day::from_number(day)));
        assert_eq!(last.order(&first), Ordering::Less);
        // Two neighbours that are the same number in floating point.
        let large = Datum::Whole(9_007_199_254_740_993);
        assert_eq!(large.order(&Datum::Whole(9_007_199_254_740_992)), Ordering::Greater);
        assert_eq!(Datum::from("9").order(&Datum::from("10")), Ordering::Greater);
    }
}
