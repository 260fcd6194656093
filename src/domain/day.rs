//! Calendar days and instants.
//!
//! Detection works on whole days only. An event has an instant; the time zone of the database turns
//! it into a day once, when it is imported, and from then on only the day matters.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

use chrono::{DateTime, Datelike, Months, NaiveDate, SecondsFormat, TimeZone};

use super::zone::Zone;

/// A calendar day, as the number of days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

impl Day {
    /// The day `number` days after 1970-01-01 (negative: before).
    pub const fn from_number(number: i32) -> Self {
        Day(number)
    }

    /// Days since 1970-01-01.
    pub const fn number(self) -> i32 {
        self.0
    }

    /// The last day of a month from 1 to 12; `None` for other numbers.
    pub fn last_of_month(year: i32, month: u32) -> Option<Self> {
        let first = NaiveDate::from_ymd_opt(year, month, 1)?;
        Some(Day::from(first.checked_add_months(Months::new(1))?).previous())
    }

    /// The first day of its month.
    pub fn first_of_month(self) -> Self {
        let date = self.date();
        Day::from(date.with_day(1).unwrap_or(date))
    }

    /// The same day a year before; 28 February for 29 February.
    pub fn a_year_before(self) -> Self {
        let date = self.date();
        Day::from(date.checked_sub_months(Months::new(12)).unwrap_or(date))
    }

    /// The first day of the month after its own.
    pub fn first_of_next_month(self) -> Self {
        (self.first_of_month() + 31).first_of_month()
    }

    /// Its month as `YYYY-MM`.
    pub fn month(self) -> String {
        let date = self.date();
        format!("{:04}-{:02}", date.year(), date.month())
    }

    /// The day within a year, for people: `3 March`.
    pub fn day_and_month(self) -> String {
        self.date().format("%-d %B").to_string()
    }

    /// The day before this one.
    pub fn previous(self) -> Self {
        self - 1
    }

    /// The day after this one.
    pub fn next(self) -> Self {
        self + 1
    }

    /// The day as chrono's date. Days that chrono cannot express (hundreds of thousands of years
    /// away) are clamped.
    pub fn date(self) -> NaiveDate {
        NaiveDate::from_epoch_days(self.0).unwrap_or(if self.0 < 0 {
            NaiveDate::MIN
        } else {
            NaiveDate::MAX
        })
    }
}

impl From<NaiveDate> for Day {
    fn from(date: NaiveDate) -> Self {
        Day(date.to_epoch_days())
    }
}

impl Add<i32> for Day {
    type Output = Day;
    fn add(self, days: i32) -> Day {
        Day(self.0 + days)
    }
}

impl Sub<i32> for Day {
    type Output = Day;
    fn sub(self, days: i32) -> Day {
        Day(self.0 - days)
    }
}

impl Sub<Day> for Day {
    type Output = i32;
    fn sub(self, other: Day) -> i32 {
        self.0 - other.0
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.date();
        write!(f, "{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
    }
}

/// What is wrong with a text that should be a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a day; write it as YYYY-MM-DD")]
pub struct NotADay(String);

impl FromStr for Day {
    type Err = NotADay;

    /// Reads `YYYY-MM-DD`, and nothing else.
    fn from_str(text: &str) -> Result<Self, NotADay> {
        let wrong = || NotADay(text.to_owned());
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(wrong());
        }
        let number = |range: std::ops::Range<usize>| -> Option<u32> {
            bytes[range]
                .iter()
                .try_fold(0, |sum, b| b.is_ascii_digit().then(|| sum * 10 + u32::from(b - b'0')))
        };
        let date = || NaiveDate::from_ymd_opt(number(0..4)? as i32, number(5..7)?, number(8..10)?);
        date().map(Day::from).ok_or_else(wrong)
    }
}

/// A day as people write it: a date, or counted from today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DayOrOffset {
    Date(Day),
    /// This many days after today; negative numbers are days before today.
    FromToday(i32),
}

/// In days. A day further from today than this is a typing mistake.
const FARTHEST: i32 = 36_500;

impl DayOrOffset {
    /// The day, given today's date.
    pub(crate) fn on(self, today: Day) -> Day {
        match self {
            DayOrOffset::Date(day) => day,
            DayOrOffset::FromToday(days) => today + days,
        }
    }
}

impl From<Day> for DayOrOffset {
    fn from(day: Day) -> Self {
        DayOrOffset::Date(day)
    }
}

impl FromStr for DayOrOffset {
    type Err = String;

    /// Reads `YYYY-MM-DD`, `today`, `yesterday`, or days from today such as `-7d` and
    /// `+3d`.
    fn from_str(text: &str) -> Result<Self, String> {
        let days = match text.to_lowercase().as_str() {
            "today" => Some(0),
            "yesterday" => Some(-1),
            text => from_today(text),
        };
        match days {
            Some(days) => Ok(DayOrOffset::FromToday(days)),
            None => text.parse().map(DayOrOffset::Date).map_err(|_| {
                format!("'{text}' is not a day; write YYYY-MM-DD, today, yesterday, -7d or +3d")
            }),
        }
    }
}

/// Reads a number of days with a sign: `-7d`, `+3d`.
fn from_today(text: &str) -> Option<i32> {
    let number = text.strip_suffix('d').filter(|number| number.starts_with(['-', '+']))?;
    let is_number = number[1..].bytes().all(|byte| byte.is_ascii_digit());
    let days = number.parse().ok().filter(|_| is_number);
    days.filter(|days| (-FARTHEST..=FARTHEST).contains(days))
}

/// An inclusive range of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DayRange {
    pub from: Day,
    /// The last day, itself included.
    pub to: Day,
}

impl DayRange {
    pub(crate) fn contains(self, day: Day) -> bool {
        self.from <= day && day <= self.to
    }

    /// The days of the range, in order.
    pub(crate) fn days(self) -> impl Iterator<Item = Day> {
        (self.from.0..=self.to.0).map(Day)
    }

    /// How many days the range has; 0 when it ends before it begins.
    pub(crate) fn len(self) -> usize {
        usize::try_from(self.to.0 - self.from.0 + 1).unwrap_or(0)
    }

    /// Whether the range ends before it begins.
    pub(crate) fn is_empty(self) -> bool {
        self.to < self.from
    }
}

impl fmt::Display for DayRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.from, self.to)
    }
}

/// A point in time, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

impl Instant {
    /// The instant `micros` microseconds after 1970-01-01T00:00:00Z.
    pub const fn from_micros(micros: i64) -> Self {
        Instant(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The calendar day of the instant in `zone`.
    pub fn day_in(self, zone: Zone) -> Day {
        let second = self.0.div_euclid(1_000_000);
        Day((second + i64::from(zone.offset_at(second))).div_euclid(86_400) as i32)
    }

    /// The first instant of `day` in `zone`: midnight, or the first moment after it if a clock
    /// change skips midnight.
    pub fn start_of(day: Day, zone: Zone) -> Self {
        let midnight = i64::from(day.0) * 86_400;
        let found = (0..=24 * 4).find_map(|quarter| zone.earliest(midnight + 900 * quarter));
        Instant(found.unwrap_or(midnight) * 1_000_000)
    }
}

impl<T: TimeZone> From<DateTime<T>> for Instant {
    fn from(time: DateTime<T>) -> Self {
        Instant(time.timestamp_micros())
    }
}

impl fmt::Display for Instant {
    /// RFC 3339 in UTC; a fraction of a second is written only if it is not zero.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = DateTime::from_timestamp_micros(self.0).unwrap_or_default();
        f.write_str(&time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl FromStr for Instant {
    type Err = chrono::ParseError;

    /// Reads RFC 3339.
    fn from_str(text: &str) -> Result<Self, chrono::ParseError> {
        DateTime::parse_from_rfc3339(text).map(Instant::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::zone::zone;

    #[test]
    fn days_are_dates_or_counted_from_today() {
        let today: Day = "2026-03-01".parse().unwrap();
        let cases = [
            ("2026-02-03", Some("2026-02-03")),
            ("today", Some("2026-03-01")),
            ("Yesterday", Some("2026-02-28")),
            ("tomorrow", None),
            ("-7d", Some("2026-02-22")),
            ("+3d", Some("2026-03-04")),
            ("-0d", Some("2026-03-01")),
            ("+30D", Some("2026-03-31")),
            ("7d", None),
            ("-7", None),
            ("--7d", None),
            ("+-7d", None),
            ("-d", None),
            ("+99999999999d", None),
            ("2026-2-3", None),
            ("2026-02-30", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let day = text.parse::<DayOrOffset>().ok().map(|given| given.on(today).to_string());
            assert_eq!(day.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_month_has_a_first_day() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        for (of, first, next) in [
            ("2026-03-01", "2026-03-01", "2026-04-01"),
            ("2026-01-31", "2026-01-01", "2026-02-01"),
            ("2024-02-29", "2024-02-01", "2024-03-01"),
            ("2025-12-31", "2025-12-01", "2026-01-01"),
        ] {
            assert_eq!(
                (day(of).first_of_month(), day(of).first_of_next_month()),
                (day(first), day(next))
            );
            assert_eq!(day(of).month(), of[..7]);
        }
    }

    #[test]
    fn a_day_is_read_and_written() {
        assert_eq!("1970-01-01".parse::<Day>(), Ok(Day(0)));
        assert_eq!("2026-03-31".parse::<Day>().unwrap().to_string(), "2026-03-31");
        assert_eq!("2024-02-29".parse::<Day>().unwrap() - "2024-02-28".parse::<Day>().unwrap(), 1);
        for wrong in [
            "2023-02-29",
            "2026-3-1",
            "2026-13-01",
            "20260331",
            "2026-03-31 ",
            "+026-03-31",
            "",
            "tomorrow",
        ] {
            assert!(wrong.parse::<Day>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_instant_belongs_to_the_day_of_its_zone() {
        let late: Instant = "2026-03-31T22:30:00Z".parse().unwrap();
        assert_eq!(late.day_in(Zone::UTC).to_string(), "2026-03-31");
        assert_eq!(late.day_in(zone("Europe/Bucharest")).to_string(), "2026-04-01");
        assert_eq!(late.to_string(), "2026-03-31T22:30:00Z");
    }

    #[test]
    fn a_day_without_midnight_starts_after_the_clock_change() {
        // In São Paulo the clocks went from 2018-11-03 23:59 to 2018-11-04 01:00.
        let start = Instant::start_of("2018-11-04".parse().unwrap(), zone("America/Sao_Paulo"));
        assert_eq!(start.to_string(), "2018-11-04T03:00:00Z");
    }

    #[test]
    fn a_skipped_day_starts_with_the_next_one() {
        // Samoa had no 30 December 2011: the clocks went from the end of the 29th, at UTC-10, to
        // the 31st, at UTC+14.
        let start =
            |text: &str| Instant::start_of(text.parse().unwrap(), zone("Pacific/Apia")).to_string();
        assert_eq!(start("2011-12-30"), "2011-12-30T10:00:00Z");
        assert_eq!(start("2011-12-31"), "2011-12-30T10:00:00Z");
    }

    #[test]
    fn a_day_beyond_all_dates_is_the_nearest_date() {
        assert_eq!(
            [i32::MIN, i32::MAX].map(|number| Day(number).date()),
            [NaiveDate::MIN, NaiveDate::MAX]
        );
    }

    #[test]
    fn a_month_ends_on_the_day_before_the_next() {
        let last = |year, month| Day::last_of_month(year, month).map(|day| day.to_string());
        assert_eq!(last(2024, 2).as_deref(), Some("2024-02-29"));
        assert_eq!(last(2025, 12).as_deref(), Some("2025-12-31"));
        assert_eq!(last(2025, 13), None);
    }

    #[test]
    fn a_range_counts_both_ends() {
        let range = DayRange { from: Day(10), to: Day(16) };
        assert_eq!(range.len(), 7);
        let empty = [9, 10, 11].map(|to| DayRange { from: Day(10), to: Day(to) }.is_empty());
        assert_eq!(empty, [true, false, false]);
        assert!(range.contains(Day(10)) && range.contains(Day(16)) && !range.contains(Day(17)));
    }
}
