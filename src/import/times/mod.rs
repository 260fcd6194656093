//! Times, in every unambiguous notation.
//!
//! Everything becomes an instant and the calendar day of that instant in the time zone of the
//! database. A bare date is that day in any zone. Files have millions of times that are close
//! together and in one format, so that format is tried first, and the last date is cached;
//! everything else is left to [`written`].

mod written;
mod zones;

use std::str::FromStr;

use chrono::NaiveDate;

pub(crate) use self::zones::{ColumnZone, split_zone};

use self::written::{Clock, Date, Written, micros_of};
use self::zones::{LocalHours, ZoneHours};
use super::cell_error::{CellError, shown};
use crate::domain::day::{Day, Instant};
use crate::domain::zone::Zone;

const MICROS: i64 = 1_000_000;
const DAY: i64 = 86_400;

/// 2000-01-01: older times in the past come from an unset clock.
const FIRST_PAST_DAY: Day = Day::from_number(10_957);
/// 1900-01-01 and 2200-12-31: the limits of all other dates.
const FIRST_DAY: Day = Day::from_number(-25_567);
const LAST_DAY: Day = Day::from_number(84_370);
/// 2200-01-01: an end from here on means no end.
const FIRST_DAY_OF_NEVER: Day = Day::from_number(84_006);
/// Day 0 of spreadsheets, 1899-12-30, as they have counted since 1900-03-01.
const SPREADSHEET_START: i64 = -25_569;
/// The least number of digits of a Unix time: 1973-03-03 in seconds.
const UNIX_DIGITS: usize = 9;

/// An instant and its calendar day in the time zone of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// For a bare date, the beginning of that day.
    pub at: Instant,
    pub day: Day,
}

/// How to read ambiguous dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateFormat {
    /// `03/04/2025` is 3 April.
    DayFirst,
    /// `03/04/2025` is 4 March.
    MonthFirst,
    /// Whole numbers are days of a spreadsheet: 46143 is 2026-05-01.
    Spreadsheet,
}

impl FromStr for DateFormat {
    type Err = String;

    /// Parses `dmy`, `day-first`, `dd/mm/yyyy`, `%d.%m.%Y` and the like, the same with the month
    /// first, or `excel`.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.to_ascii_lowercase();
        let mut letters: Vec<char> = text.chars().filter(char::is_ascii_alphabetic).collect();
        letters.dedup();
        match (text.as_str(), letters.iter().collect::<String>().as_str()) {
            ("day-first" | "dayfirst", _) | (_, "dmy") => Ok(DateFormat::DayFirst),
            ("month-first" | "monthfirst", _) | (_, "mdy") => Ok(DateFormat::MonthFirst),
            ("excel", _) => Ok(DateFormat::Spreadsheet),
            _ => Err(format!(
                "'{text}' is not a date format; say dmy (03/04 is 3 April), mdy (03/04 is 4 March) \
                 or excel (46143 is 2026-05-01)"
            )),
        }
    }
}

/// The unit of Unix times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    Milliseconds,
    Microseconds,
}

impl Unit {
    /// The unit in which a number of this size is a recent time.
    fn of_size(number: i64) -> Self {
        match number.unsigned_abs() {
            0..100_000_000_000 => Unit::Seconds,
            // Up to the end of the year 9999, which stands for no end.
            100_000_000_000..253_402_300_800_000 => Unit::Milliseconds,
            _ => Unit::Microseconds,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Unit::Seconds => "seconds",
            Unit::Milliseconds => "milliseconds",
            Unit::Microseconds => "microseconds",
        }
    }

    fn micros(self, number: i64) -> Option<i64> {
        number.checked_mul(match self {
            Unit::Seconds => MICROS,
            Unit::Milliseconds => 1000,
            Unit::Microseconds => 1,
        })
    }
}

/// Which times are plausible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plausible {
    /// In the past: 2000 or later, and at most a day from now.
    Past,
    /// Any other date: 1900 to 2200.
    Ever,
}

/// What is known about a time before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// The zone of times without an offset, if the column has its own.
    pub zone: Option<ColumnZone>,
    pub plausible: Plausible,
    /// Whether the column holds days: midnight UTC is then that day in every zone, and eight digits
    /// are year, month and day.
    pub is_day: bool,
}

/// How to read the times of an import.
#[derive(Debug, Clone, Copy)]
pub struct TimeSettings {
    /// The zone of the database, which decides the calendar day.
    pub zone: Zone,
    /// The zone of times without an offset.
    pub times_in: Zone,
    /// What `03/04/2025` means; without it such a time refuses the file.
    pub date_format: Option<DateFormat>,
    pub now: Instant,
}

pub struct TimeReader {
    settings: TimeSettings,
    unit: Option<Unit>,
    ambiguous: u64,
    last_date: ([u8; 10], Day),
    last_whole: Moment,
    days: ZoneHours,
    local: LocalHours,
    /// The zones that headers name.
    others: Vec<LocalHours>,
}

/// A moment, and the day that is written in the cell.
type Read = (Day, Moment);

impl TimeReader {
    pub fn new(settings: TimeSettings) -> Self {
        let (days, local) = (ZoneHours::new(settings.zone), LocalHours::new(settings.times_in));
        let day = Day::from_number(0);
        let last_whole = Moment { at: Instant::start_of(day, settings.zone), day };
        TimeReader {
            settings,
            unit: None,
            ambiguous: 0,
            last_date: (*b"1970-01-01", day),
            last_whole,
            days,
            local,
            others: Vec::new(),
        }
    }

    /// Reads a trimmed, non-blank cell.
    ///
    /// # Errors
    /// A cell that is not a time, does not exist in its zone, or is not plausible rejects the row;
    /// an ambiguous date without a date format refuses the file.
    #[inline]
    pub fn read(&mut self, cell: &str, expected: Expected) -> Result<Moment, CellError> {
        let (_, moment) = self.any(cell, expected)?;
        self.believed(cell, moment, expected.plausible)
    }

    /// Reads the end of something. `None` for the dates that products use for no end.
    ///
    /// # Errors
    /// As [`TimeReader::read`].
    pub fn read_end(
        &mut self,
        cell: &str,
        expected: Expected,
    ) -> Result<Option<Moment>, CellError> {
        if is_zero_date(cell) {
            return Ok(None);
        }
        let (written, moment) = self.any(cell, expected)?;
        let is_unset = written == FIRST_DAY || written.number() == 0 || moment.at.micros() == 0;
        if is_unset || written >= FIRST_DAY_OF_NEVER {
            return Ok(None);
        }
        self.believed(cell, moment, expected.plausible).map(Some)
    }

    /// The number of dates so far that would be another day with the other `--date-format`.
    pub fn ambiguous_dates(&self) -> u64 {
        self.ambiguous
    }

    // Inlined, so that a moment stays in registers: one that is written to memory in small parts and
    // read back in a large one makes the processor wait.
    #[inline(always)]
    fn any(&mut self, cell: &str, expected: Expected) -> Result<Read, CellError> {
        match self.usual(cell.as_bytes(), expected) {
            Some(read) => Ok(read),
            None => self.unusual(cell, expected),
        }
    }

    /// The format of nearly all times: `YYYY-MM-DD`, with an optional time of day. `None` also for
    /// impossible ones.
    #[inline(always)]
    fn usual(&mut self, bytes: &[u8], expected: Expected) -> Option<Read> {
        if bytes.len() < 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        let day = self.iso_date(bytes)?;
        if bytes.len() == 10 {
            return Some((day, self.whole_day(day)));
        }
        let (clock, offset) = Clock::read_plain(&bytes[10..])?;
        if !clock.exists() || clock.second == 60 {
            return None;
        }
        Some((day, self.on_day(day, clock, offset, expected)?))
    }

    #[cold]
    fn unusual(&mut self, cell: &str, expected: Expected) -> Result<Read, CellError> {
        if let Some(number) = Number::of(cell) {
            return self.number(cell, number, expected);
        }
        let Written { date, clock, offset } = written::parse(cell).ok_or_else(|| no_time(cell))?;
        let day = match date {
            Date::Known(date) => known_date(date).ok_or_else(|| no_such_day(cell))?,
            Date::Numbers(numbers) => self.slashed_date(cell, numbers)?,
        };
        let Some(clock) = clock else { return Ok((day, self.whole_day(day))) };
        if !clock.exists() {
            return Err(no_such_hour(cell));
        }
        let moment = self.on_day(day, clock, offset, expected);
        let moment = moment.ok_or_else(|| self.in_gap(cell, expected.zone))?;
        if clock.second == 60 { self.leap_second(cell, moment) } else { Ok(moment) }
            .map(|moment| (day, moment))
    }

    fn iso_date(&mut self, bytes: &[u8]) -> Option<Day> {
        let text: [u8; 10] = bytes.first_chunk().copied()?;
        if self.last_date.0 != text {
            let year = digits(&text[0..4])?;
            let (month, day) = (digits(&text[5..7])?, digits(&text[8..10])?);
            self.last_date = (text, known_date([year, month, day])?);
        }
        Some(self.last_date.1)
    }

    fn slashed_date(
        &mut self,
        cell: &str,
        [first, second, year]: [u32; 3],
    ) -> Result<Day, CellError> {
        let (day_first, month_first) =
            (known_date([year, second, first]), known_date([year, first, second]));
        let day = match self.settings.date_format {
            None | Some(DateFormat::Spreadsheet) if day_first.or(month_first).is_some() => {
                return Err(no_format(cell, day_first.is_some(), month_first.is_some()));
            }
            Some(DateFormat::MonthFirst) => month_first,
            _ => day_first,
        };
        if year < 100 {
            return Err(CellError::row(format!("{} has a year of two digits", shown(cell))));
        }
        self.ambiguous +=
            u64::from(day_first.is_some() && month_first.is_some() && day_first != month_first);
        day.ok_or_else(|| match day_first.or(month_first) {
            Some(_) => no_such_day_in(cell, self.settings.date_format),
            None => no_such_day(cell),
        })
    }

    /// The moment of a time of day; `None` if the clocks skip it.
    #[inline(always)]
    fn on_day(
        &mut self,
        day: Day,
        clock: Clock,
        offset: Option<i32>,
        expected: Expected,
    ) -> Option<Moment> {
        let second_of_day = clock.second_of_day();
        let local = i64::from(day.number()) * DAY + second_of_day;
        let seconds = match (offset, expected.zone) {
            (Some(offset), _) | (None, Some(ColumnZone::Offset(offset))) => {
                local - i64::from(offset)
            }
            (None, None) => self.local.utc(local)?,
            (None, Some(ColumnZone::Named(zone))) => self.utc_of(zone, local)?,
        };
        if expected.is_day && second_of_day == 0 && clock.micros == 0 && seconds == local {
            let zone = expected.zone.unwrap_or(ColumnZone::Named(self.settings.times_in));
            let is_utc = [ColumnZone::UTC, ColumnZone::Named(Zone::UTC)].contains(&zone);
            if offset.is_some() || is_utc {
                return Some(self.whole_day(day));
            }
        }
        Some(self.moment(seconds * MICROS + clock.micros))
    }

    fn utc_of(&mut self, zone: Zone, local: i64) -> Option<i64> {
        if let Some(known) = self.others.iter_mut().find(|hours| hours.zone == zone) {
            return known.utc(local);
        }
        self.others.push(LocalHours::new(zone));
        self.others.last_mut()?.utc(local)
    }

    /// A leap second only occurs at the end of a day in UTC. It is stored as the last microsecond
    /// before midnight, so that it stays on its day. `moment`: the second before.
    fn leap_second(&mut self, cell: &str, moment: Moment) -> Result<Moment, CellError> {
        let seconds = moment.at.micros().div_euclid(MICROS);
        if (seconds + 1).rem_euclid(DAY) != 0 {
            return Err(no_such_hour(cell));
        }
        Ok(self.moment(seconds * MICROS + MICROS - 1))
    }

    fn whole_day(&mut self, day: Day) -> Moment {
        if self.last_whole.day != day {
            self.last_whole = Moment { at: Instant::start_of(day, self.settings.zone), day };
        }
        self.last_whole
    }

    /// A bare number: a Unix time, or a day in a numeric format that must be expected.
    fn number(
        &mut self,
        cell: &str,
        number: Number<'_>,
        expected: Expected,
    ) -> Result<Read, CellError> {
        if let Some(date) = number.eight_digits().filter(|_| expected.is_day) {
            let day = known_date(date).ok_or_else(|| no_such_day(cell))?;
            return Ok((day, self.whole_day(day)));
        }
        if number.digits.len() >= UNIX_DIGITS {
            return self.unix(cell, number, expected);
        }
        let wants_serial = self.settings.date_format == Some(DateFormat::Spreadsheet);
        match number.serial().filter(|_| wants_serial) {
            Some((day, 0)) => Ok((day, self.whole_day(day))),
            Some((day, second)) => {
                let clock = Clock {
                    hour: second / 3600,
                    minute: second / 60 % 60,
                    second: second % 60,
                    micros: 0,
                };
                let moment = self.on_day(day, clock, None, expected);
                moment.map(|moment| (day, moment)).ok_or_else(|| self.in_gap(cell, expected.zone))
            }
            None => Err(number.is_no_time(cell, expected.is_day)),
        }
    }

    fn unix(
        &mut self,
        cell: &str,
        number: Number<'_>,
        expected: Expected,
    ) -> Result<Read, CellError> {
        let whole = number.value();
        let unit = self.unit.unwrap_or_else(|| Unit::of_size(whole));
        let micros = unit.micros(whole).filter(|micros| micros.abs() < 253_402_300_800 * MICROS);
        let micros = micros.ok_or_else(|| {
            CellError::row(format!("implausible Unix time {} in {}", shown(cell), unit.name()))
        })?;
        let part = if unit == Unit::Seconds { micros_of(number.decimals) } else { 0 };
        let micros = micros + if number.is_negative { -part } else { part };
        let written = Day::from_number(micros.div_euclid(DAY * MICROS) as i32);
        let is_midnight = micros.rem_euclid(DAY * MICROS) == 0;
        let moment = if expected.is_day && is_midnight {
            self.whole_day(written)
        } else {
            self.moment(micros)
        };
        // Only a plausible time may decide the unit for the whole file.
        if self.believed(cell, moment, expected.plausible).is_ok() {
            self.unit = Some(unit);
        }
        Ok((written, moment))
    }

    #[inline]
    fn moment(&mut self, micros: i64) -> Moment {
        let seconds = micros.div_euclid(MICROS);
        let local = seconds + i64::from(self.days.offset(seconds));
        Moment {
            at: Instant::from_micros(micros),
            day: Day::from_number(local.div_euclid(DAY) as i32),
        }
    }

    #[inline]
    fn believed(
        &self,
        cell: &str,
        moment: Moment,
        plausible: Plausible,
    ) -> Result<Moment, CellError> {
        let (believable, why) = match plausible {
            Plausible::Past if moment.day < FIRST_PAST_DAY => (false, "before 2000"),
            Plausible::Past => (
                moment.at.micros() - self.settings.now.micros() <= DAY * MICROS,
                "more than a day ahead of now",
            ),
            Plausible::Ever => ((FIRST_DAY..=LAST_DAY).contains(&moment.day), "outside 1900..2200"),
        };
        if believable {
            return Ok(moment);
        }
        Err(CellError::row(format!("implausible time {}: {why}", shown(cell))))
    }

    fn in_gap(&self, cell: &str, zone: Option<ColumnZone>) -> CellError {
        let zone = match zone {
            Some(ColumnZone::Named(zone)) => zone.name(),
            _ => self.settings.times_in.name(),
        };
        CellError::row(format!("{} does not exist in {zone}: the clocks skip it", shown(cell)))
    }
}

fn known_date([year, month, day]: [u32; 3]) -> Option<Day> {
    NaiveDate::from_ymd_opt(year as i32, month, day).map(Day::from)
}

/// Whether a cell is a time with a time of day other than midnight.
pub(crate) fn has_time_of_day(cell: &str) -> bool {
    match Number::of(cell) {
        Some(number) if number.digits.len() < UNIX_DIGITS => !number.is_whole(),
        Some(number) => {
            let micros = Unit::of_size(number.value()).micros(number.value());
            micros.is_none_or(|micros| micros % (DAY * MICROS) != 0) || !number.is_whole()
        }
        None => {
            let clock = written::parse(cell).and_then(|written| written.clock);
            clock.is_some_and(|clock| clock.second_of_day() != 0 || clock.micros != 0)
        }
    }
}

/// `0000-00-00`, in any order and with any time of day.
fn is_zero_date(cell: &str) -> bool {
    let date = cell.split([' ', 'T']).next().unwrap_or_default();
    let zeros = date.bytes().filter(|byte| *byte == b'0').count();
    zeros == 8 && date.bytes().all(|byte| b"0-/.".contains(&byte))
}

/// An error for a date that needs a date format. A single cell that tells the order decides nothing:
/// the other cells of the file may contradict it.
fn no_format(cell: &str, may_be_day_first: bool, may_be_month_first: bool) -> CellError {
    let (what, hint) = match (may_be_day_first, may_be_month_first) {
        (true, false) => ("has the day first", "say so with --date-format dmy"),
        (false, true) => ("has the month first", "say so with --date-format mdy"),
        _ => (
            "may be day/month or month/day",
            "say which with --date-format dmy or --date-format mdy",
        ),
    };
    CellError::File { message: format!("{} {what}", shown(cell)), hint }
}

fn no_time(cell: &str) -> CellError {
    CellError::row(format!("{} is not a time", shown(cell)))
}

fn no_such_hour(cell: &str) -> CellError {
    CellError::row(format!("{} is an impossible time of day", shown(cell)))
}

fn no_such_day(cell: &str) -> CellError {
    CellError::row(format!("{} is an impossible date", shown(cell)))
}

/// A date that exists only in the other order of day and month.
fn no_such_day_in(cell: &str, format: Option<DateFormat>) -> CellError {
    let other = if format == Some(DateFormat::MonthFirst) { "dmy" } else { "mdy" };
    CellError::row(format!(
        "{} is an impossible date; with --date-format {other} it would be one",
        shown(cell)
    ))
}

fn digits(text: &[u8]) -> Option<u32> {
    let digit =
        |sum: u32, byte: &u8| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0'));
    if text.is_empty() || text.len() > 4 { None } else { text.iter().try_fold(0, digit) }
}

/// A number, possibly with a fraction.
struct Number<'c> {
    is_negative: bool,
    digits: &'c [u8],
    decimals: &'c [u8],
}

impl<'c> Number<'c> {
    fn of(cell: &'c str) -> Option<Number<'c>> {
        let unsigned = cell.strip_prefix('-').unwrap_or(cell);
        let (digits, decimals) = match unsigned.split_once('.') {
            Some((digits, decimals)) if !decimals.is_empty() => (digits, decimals),
            Some(_) => return None,
            None => (unsigned, ""),
        };
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        (!digits.is_empty() && is_number(digits) && is_number(decimals)).then_some(Number {
            is_negative: unsigned.len() < cell.len(),
            digits: digits.as_bytes(),
            decimals: decimals.as_bytes(),
        })
    }

    /// Numbers with more digits than fit are never plausible.
    fn value(&self) -> i64 {
        let add = |sum: i64, digit: &u8| sum.checked_mul(10)?.checked_add(i64::from(digit - b'0'));
        let value = self.digits.iter().try_fold(0, add).unwrap_or(i64::MAX);
        if self.is_negative { -value } else { value }
    }

    fn is_whole(&self) -> bool {
        self.decimals.iter().all(|digit| *digit == b'0')
    }

    /// Year, month and day of `YYYYMMDD`.
    fn eight_digits(&self) -> Option<[u32; 3]> {
        if self.digits.len() != 8 || self.is_negative || !self.is_whole() {
            return None;
        }
        let part = |from: usize, to: usize| digits(&self.digits[from..to]);
        Some([part(0, 4)?, part(4, 6)?, part(6, 8)?])
    }

    fn is_year(&self) -> bool {
        self.digits.len() == 4 && self.is_whole() && (1900..=2200).contains(&self.value())
    }

    /// The day and second that a spreadsheet shows for this number. Spreadsheets count a
    /// nonexistent 29 February 1900, so numbers before it are not read.
    fn serial(&self) -> Option<(Day, u32)> {
        if self.is_negative || self.is_year() || self.digits.len() > 6 || self.value() < 61 {
            return None;
        }
        let second = (micros_of(self.decimals) as f64 * 0.0864).round() as i64;
        let day = self.value() + SPREADSHEET_START + second / DAY;
        let day = Day::from_number(day as i32);
        (day <= LAST_DAY).then_some((day, (second % DAY) as u32))
    }

    /// Explains a number that is neither a Unix time nor a day.
    fn is_no_time(&self, cell: &str, is_day: bool) -> CellError {
        let what = if is_day { "a date" } else { "a time" };
        let looks_like = match (self.eight_digits().and_then(known_date), self.serial()) {
            (Some(day), _) => format!(": it looks like the day {day}; write it with hyphens"),
            _ if self.is_year() => ": it looks like a year".to_owned(),
            (None, Some((day, _))) if self.digits.len() >= 5 => format!(
                ": it looks like the number of a day in a spreadsheet ({day}); \
                 --date-format excel reads these"
            ),
            _ => ": it is a number, and Unix times have at least nine digits".to_owned(),
        };
        CellError::row(format!("{} is not {what}{looks_like}", shown(cell)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::zone::zone;

    const PAST: Expected = Expected { zone: None, plausible: Plausible::Past, is_day: false };
    const DAY_OF: Expected = Expected { zone: None, plausible: Plausible::Ever, is_day: true };

    fn reader(zone: Zone, date_format: Option<DateFormat>) -> TimeReader {
        let now = "2026-03-10T12:00:00Z".parse().unwrap();
        TimeReader::new(TimeSettings { zone, times_in: zone, date_format, now })
    }

    /// The instant and the day, or the reason.
    fn told(read: Result<Moment, CellError>) -> String {
        match read {
            Ok(moment) => format!("{} {}", moment.at, moment.day),
            Err(CellError::Row(reason)) => reason,
            Err(CellError::File { message, .. }) => format!("file: {message}"),
        }
    }

    fn past(zone: Zone, cell: &str) -> String {
        told(reader(zone, None).read(cell, PAST))
    }

    #[test]
    fn the_formats_of_the_contract_are_read() {
        let cases = [
            ("2025-03-04T05:06:07Z", "2025-03-04T05:06:07Z 2025-03-04"),
            ("2025-03-04t05:06:07z", "2025-03-04T05:06:07Z 2025-03-04"),
            ("2025-03-04T05:06:07.5Z", "2025-03-04T05:06:07.500Z 2025-03-04"),
            ("2025-03-04T05:06:07.123456789Z", "2025-03-04T05:06:07.123456Z 2025-03-04"),
            (
                "2025-03-04T05:06:07.1234567890123456789012345678901234567890Z",
                "2025-03-04T05:06:07.123456Z 2025-03-04",
            ),
            ("2025-03-04T05:06:07+02:00", "2025-03-04T03:06:07Z 2025-03-04"),
            ("2025-03-04 05:06:07.25+02", "2025-03-04T03:06:07.250Z 2025-03-04"),
            ("2025-03-04T01:06:07+05:45", "2025-03-03T19:21:07Z 2025-03-03"),
            ("2025-03-04T20:06:07-12:00", "2025-03-05T08:06:07Z 2025-03-05"),
            ("2025-03-04 05:06:07+14:00", "2025-03-03T15:06:07Z 2025-03-03"),
            ("2025-03-04 05:06", "2025-03-04T05:06:00Z 2025-03-04"),
            ("2025-03-04T05:06Z", "2025-03-04T05:06:00Z 2025-03-04"),
            ("2025-03-04 05:06+01:00", "2025-03-04T04:06:00Z 2025-03-04"),
            ("2025-03-04 05:06:07", "2025-03-04T05:06:07Z 2025-03-04"),
            ("2025-03-04 05:06:07.25", "2025-03-04T05:06:07.250Z 2025-03-04"),
            ("2025-03-04", "2025-03-04T00:00:00Z 2025-03-04"),
            ("2024-02-29", "2024-02-29T00:00:00Z 2024-02-29"),
            ("2025-03-04 05:06:07.5 UTC", "2025-03-04T05:06:07.500Z 2025-03-04"),
            ("2025-03-04 12:06 AM", "2025-03-04T00:06:00Z 2025-03-04"),
            ("2025-03-04 12:06:07 pm", "2025-03-04T12:06:07Z 2025-03-04"),
            ("2025-03-04 11:06 PM", "2025-03-04T23:06:00Z 2025-03-04"),
            ("1741064767", "2025-03-04T05:06:07Z 2025-03-04"),
            ("1741064767123", "2025-03-04T05:06:07.123Z 2025-03-04"),
            ("1741064767123456", "2025-03-04T05:06:07.123456Z 2025-03-04"),
            ("2000-01-01T00:00:00Z", "2000-01-01T00:00:00Z 2000-01-01"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999Z 2016-12-31"),
            ("2017-01-01T01:59:60+02:00", "2016-12-31T23:59:59.999999Z 2016-12-31"),
        ];
        for (cell, expected) in cases {
            assert_eq!(past(Zone::UTC, cell), expected, "{cell}");
        }
    }

    #[test]
    fn invalid_and_impossible_times_are_distinguished() {
        let cases = [
            ("2025-04-31", "'2025-04-31' is an impossible date"),
            ("2023-02-29 10:00", "'2023-02-29 10:00' is an impossible date"),
            ("2025-13-01T00:00:00Z", "'2025-13-01T00:00:00Z' is an impossible date"),
            ("2025-03-04T24:00:00Z", "'2025-03-04T24:00:00Z' is an impossible time of day"),
            ("2025-03-04T05:60:00Z", "'2025-03-04T05:60:00Z' is an impossible time of day"),
            ("2025-03-04T23:59:61Z", "'2025-03-04T23:59:61Z' is an impossible time of day"),
            ("2025-03-04T10:30:60Z", "'2025-03-04T10:30:60Z' is an impossible time of day"),
            ("2025-03-04T05:06:07+25:00", "'2025-03-04T05:06:07+25:00' is not a time"),
            ("2025-03-04T05:06:07 EST", "'2025-03-04T05:06:07 EST' is not a time"),
            ("2025-03-04T05:06:07.Z", "'2025-03-04T05:06:07.Z' is not a time"),
            ("2025-03-04 13:06 PM", "'2025-03-04 13:06 PM' is not a time"),
            ("2025-03-04 05:06Z UTC", "'2025-03-04 05:06Z UTC' is not a time"),
            ("2025-03-04T05", "'2025-03-04T05' is not a time"),
            ("2025-03-04_05:06", "'2025-03-04_05:06' is not a time"),
            ("2025/02/29", "'2025/02/29' is an impossible date"),
            ("31-Apr-2025", "'31-Apr-2025' is an impossible date"),
            ("5 Mar 2025 25:00", "'5 Mar 2025 25:00' is an impossible time of day"),
            ("5 Mars 2025", "'5 Mars 2025' is not a time"),
            ("abcd-ef-gh", "'abcd-ef-gh' is not a time"),
            ("10000-01-01", "'10000-01-01' is not a time"),
            ("yesterday", "'yesterday' is not a time"),
            ("٢٠٢٥-٠٣-٠٤", "'٢٠٢٥-٠٣-٠٤' is not a time"),
        ];
        for (cell, expected) in cases {
            assert_eq!(past(Zone::UTC, cell), expected, "{cell}");
        }
    }

    #[test]
    fn past_times_lie_between_2000_and_a_day_ahead() {
        let cases = [
            ("1999-12-31T23:59:59Z", "implausible time '1999-12-31T23:59:59Z': before 2000"),
            ("1970-01-01", "implausible time '1970-01-01': before 2000"),
            ("0001-01-01", "implausible time '0001-01-01': before 2000"),
            ("2026-03-11T12:00:00Z", "2026-03-11T12:00:00Z 2026-03-11"),
            ("2026-03-11", "2026-03-11T00:00:00Z 2026-03-11"),
            (
                "2026-03-11T12:00:01Z",
                "implausible time '2026-03-11T12:00:01Z': more than a day ahead of now",
            ),
            ("9999-12-31", "implausible time '9999-12-31': more than a day ahead of now"),
            (
                "99999999999999999999",
                "implausible Unix time '99999999999999999999' in microseconds",
            ),
        ];
        for (cell, expected) in cases {
            assert_eq!(past(Zone::UTC, cell), expected, "{cell}");
        }
    }

    #[test]
    fn other_dates_lie_between_1900_and_2200() {
        let cases = [
            ("1899-12-31", "implausible time '1899-12-31': outside 1900..2200"),
            ("1900-01-01", "1900-01-01T00:00:00Z 1900-01-01"),
            ("2200-12-31", "2200-12-31T00:00:00Z 2200-12-31"),
            ("2201-01-01", "implausible time '2201-01-01': outside 1900..2200"),
        ];
        for (cell, expected) in cases {
            assert_eq!(told(reader(Zone::UTC, None).read(cell, DAY_OF)), expected, "{cell}");
        }
    }

    #[test]
    fn times_without_an_offset_are_in_the_zone() {
        let cases = [
            ("2025-01-15 00:30", "2025-01-14T23:30:00Z 2025-01-15"),
            ("2025-07-15 00:30", "2025-07-14T22:30:00Z 2025-07-15"),
            ("2025-07-14T22:30:00Z", "2025-07-14T22:30:00Z 2025-07-15"),
            ("2025-07-15", "2025-07-14T22:00:00Z 2025-07-15"),
            ("2025-03-30 01:59:59", "2025-03-30T00:59:59Z 2025-03-30"),
            (
                "2025-03-30 02:30",
                "'2025-03-30 02:30' does not exist in Europe/Berlin: the clocks skip it",
            ),
            ("2025-03-30 03:00", "2025-03-30T01:00:00Z 2025-03-30"),
            ("2025-10-26 01:30", "2025-10-25T23:30:00Z 2025-10-26"),
            ("2025-10-26 02:30", "2025-10-26T00:30:00Z 2025-10-26"),
            ("2025-10-26 03:00", "2025-10-26T02:00:00Z 2025-10-26"),
        ];
        let mut one = reader(zone("Europe/Berlin"), None);
        for (cell, expected) in cases {
            assert_eq!(past(zone("Europe/Berlin"), cell), expected, "{cell}");
            assert_eq!(told(one.read(cell, PAST)), expected, "{cell} with what is remembered");
        }
    }

    #[test]
    fn a_header_in_utc_overrules_the_zone_but_a_date_stays_that_day() {
        let mut reader = reader(zone("America/New_York"), None);
        let utc = Expected { zone: Some(ColumnZone::UTC), ..PAST };
        let mut read = |cell| told(reader.read(cell, utc));
        assert_eq!(read("2025-03-09 02:30"), "2025-03-09T02:30:00Z 2025-03-08");
        assert_eq!(read("2025-03-09"), "2025-03-09T05:00:00Z 2025-03-09");
    }

    #[test]
    fn a_zone_for_the_import_does_not_change_whose_days_are_counted() {
        let now = "2026-03-10T12:00:00Z".parse().unwrap();
        let settings = TimeSettings {
            zone: Zone::UTC,
            times_in: zone("America/New_York"),
            date_format: None,
            now,
        };
        let read = TimeReader::new(settings).read("2025-07-15 21:00", PAST);
        assert_eq!(told(read), "2025-07-16T01:00:00Z 2025-07-16");
    }

    #[test]
    fn day_month_and_year_need_a_date_format() {
        use DateFormat::{DayFirst, MonthFirst};
        let asks = |cell| format!("file: '{cell}' may be day/month or month/day");
        let cases = [
            (None, "03/04/2025", asks("03/04/2025")),
            (None, "13/04/2025", "file: '13/04/2025' has the day first".to_owned()),
            (None, "04/13/2025", "file: '04/13/2025' has the month first".to_owned()),
            (None, "3.4.25 10:00", asks("3.4.25 10:00")),
            (None, "31/31/2025", "'31/31/2025' is an impossible date".to_owned()),
            (Some(DayFirst), "03/04/2025", "2025-04-03T00:00:00Z 2025-04-03".to_owned()),
            (Some(MonthFirst), "03/04/2025", "2025-03-04T00:00:00Z 2025-03-04".to_owned()),
            (Some(DayFirst), "3.4.2025", "2025-04-03T00:00:00Z 2025-04-03".to_owned()),
            (Some(DayFirst), "28-07-2023 03:00", "2023-07-28T03:00:00Z 2023-07-28".to_owned()),
            (
                Some(MonthFirst),
                "4/13/2025T10:11:12.5Z",
                "2025-04-13T10:11:12.500Z 2025-04-13".to_owned(),
            ),
            (
                Some(MonthFirst),
                "13/04/2025",
                "'13/04/2025' is an impossible date; with --date-format dmy it would be one"
                    .to_owned(),
            ),
            (Some(DayFirst), "31/04/2025", "'31/04/2025' is an impossible date".to_owned()),
            (Some(DayFirst), "03/04/25", "'03/04/25' has a year of two digits".to_owned()),
            (Some(DayFirst), "03/04-2025", "'03/04-2025' is not a time".to_owned()),
            (Some(DayFirst), "2025-04-03", "2025-04-03T00:00:00Z 2025-04-03".to_owned()),
        ];
        for (format, cell, expected) in cases {
            assert_eq!(
                told(reader(Zone::UTC, format).read(cell, PAST)),
                expected,
                "{format:?} {cell}"
            );
        }
    }

    #[test]
    fn date_formats_are_understood() {
        for text in ["dmy", "DMY", "day-first", "dd/mm/yyyy", "%d/%m/%Y", "d.m.y", "DD-MM-YYYY"] {
            assert_eq!(text.parse(), Ok(DateFormat::DayFirst), "{text}");
        }
        for text in ["mdy", "month-first", "mm/dd/yyyy", "%m/%d/%Y"] {
            assert_eq!(text.parse(), Ok(DateFormat::MonthFirst), "{text}");
        }
        assert_eq!("Excel".parse(), Ok(DateFormat::Spreadsheet));
        for text in ["", "ymd", "us", "dm"] {
            assert!(text.parse::<DateFormat>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_file_has_one_unit_of_unix_time() {
        let mut reader = reader(Zone::UTC, None);
        let mut read = |cell| told(reader.read(cell, PAST));
        assert_eq!(read("100000000"), "implausible time '100000000': before 2000");
        assert_eq!(read("1741064767123"), "2025-03-04T05:06:07.123Z 2025-03-04");
        assert_eq!(read("1741064767"), "implausible time '1741064767': before 2000");
        assert_eq!(
            read("1741064767123456"),
            "implausible Unix time '1741064767123456' in milliseconds"
        );
    }

    #[test]
    fn other_forms_mean_the_same_instants() {
        let cases = [
            ("2025-3-4", "2025-03-04T00:00:00Z 2025-03-04"),
            ("2025/03/04 5:06", "2025-03-04T05:06:00Z 2025-03-04"),
            ("2025-03-04T05:06:07+0200", "2025-03-04T03:06:07Z 2025-03-04"),
            ("2025-03-04T05:06:07.5 -08", "2025-03-04T13:06:07.500Z 2025-03-04"),
            ("4 Mar 2025 9:41 PM", "2025-03-04T21:41:00Z 2025-03-04"),
            ("04/Mar/25 9:41 PM", "2025-03-04T21:41:00Z 2025-03-04"),
            ("Tue, 4 Mar 2025 23:30:00 -0500", "2025-03-05T04:30:00Z 2025-03-05"),
            ("Mar 4, 2025", "2025-03-04T00:00:00Z 2025-03-04"),
            ("1741064767.25", "2025-03-04T05:06:07.250Z 2025-03-04"),
            ("1741064767123.0", "2025-03-04T05:06:07.123Z 2025-03-04"),
            ("31 Dec 2016 23:59:60 UTC", "2016-12-31T23:59:59.999999Z 2016-12-31"),
        ];
        for (cell, expected) in cases {
            assert_eq!(past(Zone::UTC, cell), expected, "{cell}");
        }
    }

    #[test]
    fn a_column_of_days_reads_no_short_number_but_eight_digits() {
        let no_unix = "it is a number, and Unix times have at least nine digits";
        let cases = [
            ("20250304", "2025-03-04T05:00:00Z 2025-03-04".to_owned()),
            ("20250304.0", "2025-03-04T05:00:00Z 2025-03-04".to_owned()),
            ("20251304", "'20251304' is an impossible date".to_owned()),
            ("2025", "'2025' is not a date: it looks like a year".to_owned()),
            ("1900", "'1900' is not a date: it looks like a year".to_owned()),
            ("0", format!("'0' is not a date: {no_unix}")),
            ("-1", format!("'-1' is not a date: {no_unix}")),
            ("-20250304", format!("'-20250304' is not a date: {no_unix}")),
            ("12", format!("'12' is not a date: {no_unix}")),
            ("202503", format!("'202503' is not a date: {no_unix}")),
            (
                "46143",
                "'46143' is not a date: it looks like the number of a day in a spreadsheet \
                 (2026-05-01); --date-format excel reads these"
                    .to_owned(),
            ),
            ("1741064767", "2025-03-04T05:06:07Z 2025-03-04".to_owned()),
        ];
        for (cell, expected) in cases {
            let read = reader(zone("America/New_York"), None).read(cell, DAY_OF);
            assert_eq!(told(read), expected, "{cell}");
        }
    }

    #[test]
    fn a_column_of_times_reads_no_short_number_at_all() {
        let cases = [
            ("0", "'0' is not a time: it is a number, and Unix times have at least nine digits"),
            ("2025", "'2025' is not a time: it looks like a year"),
            (
                "20250304",
                "'20250304' is not a time: it looks like the day 2025-03-04; write it with hyphens",
            ),
            (
                "45678.5",
                "'45678.5' is not a time: it looks like the number of a day in a spreadsheet \
                 (2025-01-21); --date-format excel reads these",
            ),
        ];
        for (cell, expected) in cases {
            assert_eq!(past(Zone::UTC, cell), expected, "{cell}");
        }
    }

    #[test]
    fn the_days_of_spreadsheets_are_read_when_asked_for() {
        let cases = [
            ("46143", "2026-05-01T04:00:00Z 2026-05-01"),
            ("45292.0", "2024-01-01T05:00:00Z 2024-01-01"),
            ("45678.5", "2025-01-21T17:00:00Z 2025-01-21"),
            ("45678.999999", "2025-01-22T05:00:00Z 2025-01-22"),
            ("20250304", "2025-03-04T05:00:00Z 2025-03-04"),
            ("2025-03-04", "2025-03-04T05:00:00Z 2025-03-04"),
            ("2024", "'2024' is not a date: it looks like a year"),
            ("0", "'0' is not a date: it is a number, and Unix times have at least nine digits"),
            ("03/04/2025", "file: '03/04/2025' may be day/month or month/day"),
        ];
        for (cell, expected) in cases {
            let mut reader = reader(zone("America/New_York"), Some(DateFormat::Spreadsheet));
            assert_eq!(told(reader.read(cell, DAY_OF)), expected, "{cell}");
        }
    }

    #[test]
    fn midnight_and_a_bare_day_are_no_time_of_day() {
        for cell in [
            "2026-03-02",
            "20260302",
            "02/03/2026",
            "2026-03-02T00:00:00Z",
            "2 Mar 2026 12:00 AM",
            "1772409600",
            "1772409600000",
            "46143",
            "soon",
        ] {
            assert!(!has_time_of_day(cell), "{cell}");
        }
        for cell in ["2026-03-02T09:00:00Z", "2026-03-02 00:00:00.5", "1772409601", "46143.5"] {
            assert!(has_time_of_day(cell), "{cell}");
        }
    }

    #[test]
    fn in_a_column_of_days_midnight_utc_is_that_day() {
        let cases = [
            ("2026-06-01T00:00:00Z", "2026-06-01"),
            ("2026-06-01T00:00:00.000Z", "2026-06-01"),
            ("2026-06-01T00:00:00+00:00", "2026-06-01"),
            ("2026-06-01 00:00 UTC", "2026-06-01"),
            ("Mon, 01 Jun 2026 00:00:00 GMT", "2026-06-01"),
            ("1780272000", "2026-06-01"),
            ("1780272000000", "2026-06-01"),
            ("2026-06-01T00:00:01Z", "2026-05-31"),
            ("2026-06-01T00:00:00+01:00", "2026-05-31"),
            ("2026-06-01 00:00", "2026-06-01"),
        ];
        for (cell, expected) in cases {
            let mut reader = reader(zone("America/New_York"), None);
            let day = reader.read(cell, DAY_OF).map(|moment| moment.day.to_string());
            assert_eq!(day, Ok(expected.to_owned()), "{cell}");
        }
        let in_utc = Expected { zone: Some(ColumnZone::UTC), ..DAY_OF };
        let read = reader(zone("America/New_York"), None).read("2026-06-01 00:00:00", in_utc);
        assert_eq!(told(read), "2026-06-01T04:00:00Z 2026-06-01");
        let as_time = Expected { is_day: false, ..DAY_OF };
        let read = reader(zone("America/New_York"), None).read("2026-06-01T00:00:00Z", as_time);
        assert_eq!(told(read), "2026-06-01T00:00:00Z 2026-05-31");
    }

    #[test]
    fn a_header_may_name_the_zone_of_its_times() {
        let cases = [
            (ColumnZone::UTC, "2026-03-06 02:05", "2026-03-06T02:05:00Z 2026-03-05"),
            (ColumnZone::Offset(7200), "2026-03-06 02:05", "2026-03-06T00:05:00Z 2026-03-05"),
            (
                ColumnZone::Named(zone("Europe/Berlin")),
                "2026-03-06 02:05",
                "2026-03-06T01:05:00Z 2026-03-05",
            ),
            (
                ColumnZone::Named(zone("Europe/Berlin")),
                "2025-10-26 02:30",
                "2025-10-26T00:30:00Z 2025-10-25",
            ),
            (
                ColumnZone::Named(zone("Europe/Berlin")),
                "2025-03-30 02:30",
                "'2025-03-30 02:30' does not exist in Europe/Berlin: the clocks skip it",
            ),
            (
                ColumnZone::Named(zone("Europe/Berlin")),
                "2026-03-06T02:05:00Z",
                "2026-03-06T02:05:00Z 2026-03-05",
            ),
        ];
        for (column, cell, expected) in cases {
            let mut reader = reader(zone("America/New_York"), None);
            let expected_time = Expected { zone: Some(column), ..PAST };
            assert_eq!(told(reader.read(cell, expected_time)), expected, "{column:?} {cell}");
        }
    }

    #[test]
    fn an_end_may_be_written_as_a_date_that_means_none() {
        let read = |cell: &str, expected| {
            let mut reader = reader(zone("America/New_York"), Some(DateFormat::DayFirst));
            match reader.read_end(cell, expected) {
                Ok(None) => "none".to_owned(),
                Ok(Some(moment)) => moment.day.to_string(),
                Err(CellError::Row(reason)) => reason,
                Err(CellError::File { message, .. }) => message,
            }
        };
        for cell in [
            "0000-00-00",
            "0000-00-00 00:00:00",
            "00/00/0000",
            "00000000",
            "1900-01-01",
            "1900-01-01T00:00:00Z",
            "01/01/1900",
            "1970-01-01",
            "1970-01-01T00:00:00Z",
            "1969-12-31T19:00:00-05:00",
            "2200-01-01",
            "2999-12-31",
            "9999-12-31",
            "9999-12-31T23:59:59.999Z",
            "31-Dec-9999",
            "99991231",
            "253402214400000",
        ] {
            assert_eq!(read(cell, DAY_OF), "none", "{cell}");
            assert_eq!(read(cell, Expected { is_day: true, ..PAST }), "none", "{cell}");
        }
        for (cell, expected) in [
            ("2199-12-31", "2199-12-31"),
            ("1970-01-02", "1970-01-02"),
            ("2026-06-01", "2026-06-01"),
            ("0", "'0' is not a date: it is a number, and Unix times have at least nine digits"),
            ("0000-01-00", "'0000-01-00' is an impossible date"),
        ] {
            assert_eq!(read(cell, DAY_OF), expected, "{cell}");
        }
    }

    #[test]
    fn the_limits_are_the_days_they_say() {
        let days =
            [FIRST_PAST_DAY, FIRST_DAY, LAST_DAY, FIRST_DAY_OF_NEVER].map(|day| day.to_string());
        assert_eq!(days, ["2000-01-01", "1900-01-01", "2200-12-31", "2200-01-01"]);
    }
}
