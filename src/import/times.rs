//! Times, in the few ways of writing them that mean one thing only.
//!
//! Everything becomes an instant and the calendar day of that instant in the database's zone. A
//! bare date is that day whatever the zone. Files hold millions of times that lie close together,
//! so the last date and the offset of each hour are remembered; both give the same result as asking
//! each time, only sooner.

use std::str::FromStr;

use chrono::{DateTime, MappedLocalTime, NaiveDate, Offset, TimeZone};
use chrono_tz::Tz;
use rustc_hash::FxHashMap;

use super::cell_error::{CellError, shown};
use crate::domain::day::{Day, Instant};

const MICROS: i64 = 1_000_000;
const HOUR: i64 = 3600;
const DAY: i64 = 86_400;

/// 2000-01-01: nothing that has happened and is worth importing is older; what is, comes from an
/// unset clock.
const FIRST_PAST_DAY: Day = Day::from_number(10_957);
/// 1900-01-01 and 2200-12-31: the limits of all other dates.
const FIRST_DAY: Day = Day::from_number(-25_567);
const LAST_DAY: Day = Day::from_number(84_370);

/// An instant and its calendar day in the zone of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The instant; of a bare date the first of that day.
    pub at: Instant,
    /// The calendar day.
    pub day: Day,
}

/// Which of the two numbers of `03/04/2025` is the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateFormat {
    /// 3 April.
    DayFirst,
    /// 4 March.
    MonthFirst,
}

impl FromStr for DateFormat {
    type Err = String;

    /// Reads `dmy`, `day-first`, `dd/mm/yyyy`, `%d.%m.%Y` and their like, or the same with the
    /// month first.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.to_ascii_lowercase();
        let mut letters: Vec<char> = text.chars().filter(char::is_ascii_alphabetic).collect();
        letters.dedup();
        match (text.as_str(), letters.iter().collect::<String>().as_str()) {
            ("day-first" | "dayfirst", _) | (_, "dmy") => Ok(DateFormat::DayFirst),
            ("month-first" | "monthfirst", _) | (_, "mdy") => Ok(DateFormat::MonthFirst),
            _ => Err(format!(
                "'{text}' is not a date format; say dmy (03/04 is 3 April) or mdy (03/04 is 4 March)"
            )),
        }
    }
}

/// What Unix times count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
    /// Microseconds since 1970.
    Microseconds,
}

impl Unit {
    /// The unit in which a number of this size is a time of our age.
    fn of_size(number: i64) -> Self {
        match number.unsigned_abs() {
            0..100_000_000_000 => Unit::Seconds,
            100_000_000_000..100_000_000_000_000 => Unit::Milliseconds,
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

/// What a time must be to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plausible {
    /// It has happened: 2000 or later, and not more than a day from now.
    Past,
    /// Any other date: 1900 to 2200.
    Ever,
}

/// How the times of an import are to be understood.
#[derive(Debug, Clone, Copy)]
pub struct TimeSettings {
    /// The zone of the database: decides the calendar day.
    pub zone: Tz,
    /// The zone of times that have no offset.
    pub times_in: Tz,
    /// What `03/04/2025` means; without it such a time refuses the file.
    pub date_format: Option<DateFormat>,
    /// The present instant.
    pub now: Instant,
}

/// Reads the times of one file.
pub struct TimeReader {
    settings: TimeSettings,
    unit: Option<Unit>,
    ambiguous: u64,
    last_date: ([u8; 10], Day),
    last_whole: Moment,
    days: ZoneHours,
    local: LocalHours,
}

impl TimeReader {
    /// A reader for one file.
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
        }
    }

    /// Reads a trimmed, non-blank cell. `utc`: the column's header says that times without offset
    /// are in UTC.
    ///
    /// # Errors
    /// What is no time, does not exist in its zone, or is not plausible costs the row; a
    /// day/month/year time without a date format the file.
    pub fn read(
        &mut self,
        cell: &str,
        utc: bool,
        plausible: Plausible,
    ) -> Result<Moment, CellError> {
        let bytes = cell.as_bytes();
        if bytes.len() >= 10 && bytes[4] == b'-' && bytes[7] == b'-' {
            let day = self.iso_date(bytes).ok_or_else(|| no_date(cell))?;
            let moment = self.on_day(cell, day, &bytes[10..], utc)?;
            return self.believed(cell, moment, plausible);
        }
        if let Some(number) = unix_number(bytes) {
            return self.unix(cell, number, plausible);
        }
        let Some((numbers, rest)) = day_month_year(bytes) else { return Err(no_time(cell)) };
        let day = self.slashed_date(cell, numbers)?;
        let moment = self.on_day(cell, day, rest, utc)?;
        self.believed(cell, moment, plausible)
    }

    /// How many of the dates read so far would have been another day under the other
    /// `--date-format`.
    pub fn ambiguous_dates(&self) -> u64 {
        self.ambiguous
    }

    fn iso_date(&mut self, bytes: &[u8]) -> Option<Day> {
        let text: [u8; 10] = bytes.first_chunk().copied()?;
        if self.last_date.0 != text {
            let year = digits(&text[0..4])?;
            let (month, day) = (digits(&text[5..7])?, digits(&text[8..10])?);
            self.last_date = (text, NaiveDate::from_ymd_opt(year as i32, month, day)?.into());
        }
        Some(self.last_date.1)
    }

    fn slashed_date(
        &mut self,
        cell: &str,
        [first, second, year]: [u32; 3],
    ) -> Result<Day, CellError> {
        let date = |day, month| NaiveDate::from_ymd_opt(year as i32, month, day).map(Day::from);
        let (day_first, month_first) = (date(first, second), date(second, first));
        let day = match self.settings.date_format {
            None if day_first.or(month_first).is_some() => {
                let message = format!("{} may be day/month or month/day", shown(cell));
                return Err(CellError::File {
                    message,
                    hint: "say which with --date-format dmy or --date-format mdy",
                });
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

    /// The moment on `day` that `rest`, what follows the date, tells.
    fn on_day(
        &mut self,
        cell: &str,
        day: Day,
        rest: &[u8],
        utc: bool,
    ) -> Result<Moment, CellError> {
        if rest.is_empty() {
            return Ok(self.whole_day(day));
        }
        let (clock, offset) = Clock::read(rest).ok_or_else(|| no_time(cell))?;
        if !clock.exists() {
            return Err(CellError::row(format!("{} is an impossible time of day", shown(cell))));
        }
        let local = i64::from(day.number()) * DAY + clock.second_of_day();
        let seconds = match offset {
            Some(offset) => local - i64::from(offset),
            None if utc => local,
            None => self.local.utc(local).ok_or_else(|| self.in_gap(cell))?,
        };
        let fraction =
            if clock.second == 60 { leap_fraction(cell, seconds)? } else { clock.micros };
        Ok(self.moment(seconds * MICROS + fraction))
    }

    fn whole_day(&mut self, day: Day) -> Moment {
        if self.last_whole.day != day {
            self.last_whole = Moment { at: Instant::start_of(day, self.settings.zone), day };
        }
        self.last_whole
    }

    fn unix(&mut self, cell: &str, number: i64, plausible: Plausible) -> Result<Moment, CellError> {
        let unit = self.unit.unwrap_or_else(|| Unit::of_size(number));
        let micros = unit.micros(number).filter(|micros| micros.abs() < 253_402_300_800 * MICROS);
        let micros = micros.ok_or_else(|| {
            CellError::row(format!("implausible Unix time {} in {}", shown(cell), unit.name()))
        })?;
        let moment = self.moment(micros);
        let moment = self.believed(cell, moment, plausible)?;
        // Only a believable time may decide for the whole file.
        self.unit = Some(unit);
        Ok(moment)
    }

    fn moment(&mut self, micros: i64) -> Moment {
        let seconds = micros.div_euclid(MICROS);
        let local = seconds + i64::from(self.days.offset(seconds));
        Moment {
            at: Instant::from_micros(micros),
            day: Day::from_number(local.div_euclid(DAY) as i32),
        }
    }

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

    fn in_gap(&self, cell: &str) -> CellError {
        let zone = self.settings.times_in.name();
        CellError::row(format!("{} does not exist in {zone}: the clocks skip it", shown(cell)))
    }
}

fn no_time(cell: &str) -> CellError {
    CellError::row(format!("{} is not a time", shown(cell)))
}

/// What has the form of a date and is none, as against what is something else altogether.
fn no_date(cell: &str) -> CellError {
    let form = cell.bytes().take(10).all(|byte| byte.is_ascii_digit() || byte == b'-');
    if form { no_such_day(cell) } else { no_time(cell) }
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

/// A leap second comes only at the end of an hour of UTC that ends a day. It is kept as the last
/// microsecond before midnight, so that it stays on its day.
fn leap_fraction(cell: &str, seconds: i64) -> Result<i64, CellError> {
    if (seconds + 1).rem_euclid(DAY) == 0 {
        return Ok(MICROS - 1);
    }
    Err(CellError::row(format!("{} is an impossible time of day", shown(cell))))
}

/// The time of day that follows a date.
struct Clock {
    hour: u32,
    minute: u32,
    second: u32,
    micros: i64,
}

impl Clock {
    /// Reads `[ T]HH:MM[:SS[.fff]][Z|±hh:mm]`; the offset is in seconds, `None` without one. ` AM`
    /// and ` PM` are as clear, and so is ` UTC`.
    fn read(text: &[u8]) -> Option<(Clock, Option<i32>)> {
        match text.last() {
            Some(b'M' | b'm' | b'C') => Clock::read_with_word(text),
            _ => Clock::read_plain(text),
        }
    }

    #[cold]
    fn read_with_word(text: &[u8]) -> Option<(Clock, Option<i32>)> {
        match text {
            [clock @ .., b' ', half @ (b'A' | b'a' | b'P' | b'p'), _] => {
                let (clock, offset) = Clock::read_plain(clock)?;
                Some((clock.in_half(half.eq_ignore_ascii_case(&b'P'))?, offset))
            }
            [clock @ .., b' ', b'U', b'T', b'C'] => Clock::read_plain(clock)
                .filter(|(_, offset)| offset.is_none())
                .map(|(clock, _)| (clock, Some(0))),
            _ => None,
        }
    }

    /// The same time of a clock with twelve hours, before noon or after.
    fn in_half(self, after_noon: bool) -> Option<Clock> {
        let hour = self.hour % 12 + if after_noon { 12 } else { 0 };
        (1..=12).contains(&self.hour).then_some(Clock { hour, ..self })
    }

    fn read_plain(text: &[u8]) -> Option<(Clock, Option<i32>)> {
        let [b' ' | b'T' | b't', h1, h2, b':', m1, m2, rest @ ..] = text else { return None };
        let (hour, minute) = (two(*h1, *h2)?, two(*m1, *m2)?);
        let (second, rest) = match rest {
            [b':', s1, s2, rest @ ..] => (two(*s1, *s2)?, rest),
            _ => return Some((Clock { hour, minute, second: 0, micros: 0 }, offset(rest)?)),
        };
        let (micros, rest) = fraction(rest)?;
        Some((Clock { hour, minute, second, micros }, offset(rest)?))
    }

    fn exists(&self) -> bool {
        self.hour < 24 && self.minute < 60 && self.second <= 60
    }

    /// A leap second counts as the second before it.
    fn second_of_day(&self) -> i64 {
        i64::from(self.hour * 3600 + self.minute * 60 + self.second.min(59))
    }
}

/// A fraction of a second in microseconds; finer digits are cut.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let [b'.', digits @ ..] = text else { return Some((0, text)) };
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let micros = (0..6)
        .fold(0, |sum, at| sum * 10 + if at < length { i64::from(digits[at] - b'0') } else { 0 });
    (length > 0).then(|| (micros, &digits[length..]))
}

/// An offset in seconds; `Some(None)` without one.
fn offset(text: &[u8]) -> Option<Option<i32>> {
    match text {
        [] => Some(None),
        [b'Z' | b'z'] => Some(Some(0)),
        // PostgreSQL leaves out the minutes of a zone that has none.
        [sign @ (b'+' | b'-'), h1, h2] => offset(&[*sign, *h1, *h2, b':', b'0', b'0']),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (two(*h1, *h2)?, two(*m1, *m2)?);
            let seconds = (hours * 3600 + minutes * 60) as i32;
            (hours < 24 && minutes < 60).then_some(Some(if *sign == b'-' {
                -seconds
            } else {
                seconds
            }))
        }
        _ => None,
    }
}

fn two(tens: u8, ones: u8) -> Option<u32> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| u32::from(tens * 10 + ones))
}

fn digits(text: &[u8]) -> Option<u32> {
    let digit =
        |sum: u32, byte: &u8| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0'));
    if text.is_empty() || text.len() > 4 { None } else { text.iter().try_fold(0, digit) }
}

fn unix_number(text: &[u8]) -> Option<i64> {
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    if unsigned.is_empty() || !unsigned.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // More digits than fit are a number all the same, only never a plausible one.
    Some(std::str::from_utf8(text).ok()?.parse().unwrap_or(i64::MAX))
}

/// The three numbers of `3/4/2025` (or with `-` or `.` between), and what follows them.
fn day_month_year(text: &[u8]) -> Option<([u32; 3], &[u8])> {
    let end = text.iter().position(|byte| matches!(byte, b' ' | b'T' | b't')).unwrap_or(text.len());
    let (date, rest) = text.split_at(end);
    let separator =
        *date.iter().find(|byte| !byte.is_ascii_digit()).filter(|byte| b"/-.".contains(byte))?;
    let mut parts = date.split(|byte| *byte == separator);
    let (first, second, year) = (parts.next()?, parts.next()?, parts.next()?);
    let fits = first.len() <= 2
        && second.len() <= 2
        && matches!(year.len(), 2 | 4)
        && parts.next().is_none();
    let numbers = [digits(first)?, digits(second)?, digits(year)?];
    fits.then_some((numbers, rest))
}

/// The offsets of a zone by hour of UTC.
struct ZoneHours {
    zone: Tz,
    fixed: bool,
    last: (i64, i32),
    known: FxHashMap<i64, Option<i32>>,
}

impl ZoneHours {
    fn new(zone: Tz) -> Self {
        ZoneHours { zone, fixed: zone == Tz::UTC, last: (i64::MIN, 0), known: FxHashMap::default() }
    }

    /// The offset from UTC, in seconds, at a moment given in seconds since 1970.
    fn offset(&mut self, seconds: i64) -> i32 {
        if self.fixed {
            return 0;
        }
        let hour = seconds.div_euclid(HOUR);
        if self.last.0 == hour {
            return self.last.1;
        }
        let zone = self.zone;
        forget_when_full(&mut self.known);
        let whole = *self.known.entry(hour).or_insert_with(|| {
            let (first, last) =
                (offset_at(zone, hour * HOUR), offset_at(zone, hour * HOUR + HOUR - 1));
            (first == last).then_some(first)
        });
        let Some(offset) = whole else { return offset_at(zone, seconds) };
        self.last = (hour, offset);
        offset
    }
}

/// A file of random times must not fill the memory with hours. 250,000 are 28 years.
fn forget_when_full(known: &mut FxHashMap<i64, Option<i32>>) {
    if known.len() >= 250_000 {
        known.clear();
    }
}

fn offset_at(zone: Tz, seconds: i64) -> i32 {
    let utc = DateTime::from_timestamp(seconds, 0).unwrap_or_default().naive_utc();
    zone.offset_from_utc_datetime(&utc).fix().local_minus_utc()
}

/// The offsets of a zone by hour of its own clocks.
struct LocalHours {
    zone: Tz,
    fixed: bool,
    last: (i64, i32),
    known: FxHashMap<i64, Option<i32>>,
}

impl LocalHours {
    fn new(zone: Tz) -> Self {
        LocalHours {
            zone,
            fixed: zone == Tz::UTC,
            last: (i64::MIN, 0),
            known: FxHashMap::default(),
        }
    }

    /// Turns local seconds into seconds since 1970; the earlier of two; `None` where the clocks
    /// skip them.
    fn utc(&mut self, local: i64) -> Option<i64> {
        if self.fixed {
            return Some(local);
        }
        let hour = local.div_euclid(HOUR);
        if self.last.0 != hour {
            let zone = self.zone;
            forget_when_full(&mut self.known);
            let whole = *self.known.entry(hour).or_insert_with(|| same_all_hour(zone, hour));
            let Some(offset) = whole else { return earliest(zone, local) };
            self.last = (hour, offset);
        }
        Some(local - i64::from(self.last.1))
    }
}

fn local_offset(zone: Tz, local: i64) -> MappedLocalTime<i32> {
    let clock = DateTime::from_timestamp(local, 0).unwrap_or_default().naive_utc();
    zone.offset_from_local_datetime(&clock).map(|offset| offset.fix().local_minus_utc())
}

fn same_all_hour(zone: Tz, hour: i64) -> Option<i32> {
    let first = local_offset(zone, hour * HOUR).single()?;
    let last = local_offset(zone, hour * HOUR + HOUR - 1).single()?;
    (first == last).then_some(first)
}

fn earliest(zone: Tz, local: i64) -> Option<i64> {
    match local_offset(zone, local) {
        MappedLocalTime::Single(offset) => Some(local - i64::from(offset)),
        MappedLocalTime::Ambiguous(one, other) => Some(local - i64::from(one.max(other))),
        MappedLocalTime::None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(zone: Tz, date_format: Option<DateFormat>) -> TimeReader {
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

    fn past(zone: Tz, cell: &str) -> String {
        told(reader(zone, None).read(cell, false, Plausible::Past))
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
            assert_eq!(past(Tz::UTC, cell), expected, "{cell}");
        }
    }

    #[test]
    fn what_is_no_time_or_cannot_be_is_told_apart() {
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
            ("2025-03-04T05:06:07+0200", "'2025-03-04T05:06:07+0200' is not a time"),
            ("2025-03-04T05:06:07.Z", "'2025-03-04T05:06:07.Z' is not a time"),
            ("2025-03-04 13:06 PM", "'2025-03-04 13:06 PM' is not a time"),
            ("2025-03-04 05:06Z UTC", "'2025-03-04 05:06Z UTC' is not a time"),
            ("2025-03-04T05", "'2025-03-04T05' is not a time"),
            ("2025-03-04_05:06", "'2025-03-04_05:06' is not a time"),
            ("2025-3-4", "'2025-3-4' is not a time"),
            ("2025/03/04", "'2025/03/04' is not a time"),
            ("45678.5", "'45678.5' is not a time"),
            ("1-Mar-2025", "'1-Mar-2025' is not a time"),
            ("abcd-ef-gh", "'abcd-ef-gh' is not a time"),
            ("10000-01-01", "'10000-01-01' is not a time"),
            ("yesterday", "'yesterday' is not a time"),
            ("٢٠٢٥-٠٣-٠٤", "'٢٠٢٥-٠٣-٠٤' is not a time"),
        ];
        for (cell, expected) in cases {
            assert_eq!(past(Tz::UTC, cell), expected, "{cell}");
        }
    }

    #[test]
    fn what_has_happened_lies_between_2000_and_a_day_ahead() {
        let cases = [
            ("1999-12-31T23:59:59Z", "implausible time '1999-12-31T23:59:59Z': before 2000"),
            ("1970-01-01", "implausible time '1970-01-01': before 2000"),
            ("0001-01-01", "implausible time '0001-01-01': before 2000"),
            ("0", "implausible time '0': before 2000"),
            ("20250304", "implausible time '20250304': before 2000"),
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
            assert_eq!(past(Tz::UTC, cell), expected, "{cell}");
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
            assert_eq!(
                told(reader(Tz::UTC, None).read(cell, false, Plausible::Ever)),
                expected,
                "{cell}"
            );
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
        let mut one = reader(Tz::Europe__Berlin, None);
        for (cell, expected) in cases {
            assert_eq!(past(Tz::Europe__Berlin, cell), expected, "{cell}");
            assert_eq!(
                told(one.read(cell, false, Plausible::Past)),
                expected,
                "{cell} with what is remembered"
            );
        }
    }

    #[test]
    fn a_header_in_utc_overrules_the_zone_but_a_date_stays_that_day() {
        let mut reader = reader(Tz::America__New_York, None);
        let mut read = |cell| told(reader.read(cell, true, Plausible::Past));
        assert_eq!(read("2025-03-09 02:30"), "2025-03-09T02:30:00Z 2025-03-08");
        assert_eq!(read("2025-03-09"), "2025-03-09T05:00:00Z 2025-03-09");
    }

    #[test]
    fn a_zone_for_the_import_does_not_change_whose_days_are_counted() {
        let now = "2026-03-10T12:00:00Z".parse().unwrap();
        let settings =
            TimeSettings { zone: Tz::UTC, times_in: Tz::America__New_York, date_format: None, now };
        let read = TimeReader::new(settings).read("2025-07-15 21:00", false, Plausible::Past);
        assert_eq!(told(read), "2025-07-16T01:00:00Z 2025-07-16");
    }

    #[test]
    fn what_is_remembered_of_a_zone_changes_nothing() {
        let zones = [
            Tz::Australia__Lord_Howe,
            Tz::America__St_Johns,
            Tz::Asia__Kathmandu,
            Tz::America__Sao_Paulo,
        ];
        for zone in zones {
            let (mut days, mut local) = (ZoneHours::new(zone), LocalHours::new(zone));
            // Every 7 minutes of 2010, when St John's still changed its clocks at one minute past
            // midnight.
            for seconds in (1_262_304_000..1_293_840_000).step_by(420) {
                assert_eq!(days.offset(seconds), offset_at(zone, seconds), "{zone} {seconds}");
                assert_eq!(local.utc(seconds), earliest(zone, seconds), "{zone} {seconds}");
            }
        }
    }

    #[test]
    fn day_month_and_year_need_a_date_format() {
        use DateFormat::{DayFirst, MonthFirst};
        let asks = |cell| format!("file: '{cell}' may be day/month or month/day");
        let cases = [
            (None, "03/04/2025", asks("03/04/2025")),
            (None, "13/04/2025", asks("13/04/2025")),
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
                told(reader(Tz::UTC, format).read(cell, false, Plausible::Past)),
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
        for text in ["", "ymd", "us", "dm"] {
            assert!(text.parse::<DateFormat>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_file_has_one_unit_of_unix_time() {
        let mut reader = reader(Tz::UTC, None);
        let mut read = |cell| told(reader.read(cell, false, Plausible::Past));
        assert_eq!(read("0"), "implausible time '0': before 2000");
        assert_eq!(read("1741064767123"), "2025-03-04T05:06:07.123Z 2025-03-04");
        assert_eq!(read("1741064767"), "implausible time '1741064767': before 2000");
        assert_eq!(
            read("1741064767123456"),
            "implausible Unix time '1741064767123456' in milliseconds"
        );
    }

    #[test]
    fn the_limits_are_the_days_they_say() {
        let days = [FIRST_PAST_DAY, FIRST_DAY, LAST_DAY].map(|day| day.to_string());
        assert_eq!(days, ["2000-01-01", "1900-01-01", "2200-12-31"]);
    }
}
