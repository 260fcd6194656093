//! Times as people and products write them, except the format that [`super`] reads first: one-digit
//! numbers, names of months, AM and PM, words around the offset.
//!
//! This only parses the format. The caller decides whether the day exists, and which day `3/4/2025`
//! is.

/// The parts of a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub date: Date,
    pub clock: Option<Clock>,
    /// Seconds east of UTC.
    pub offset: Option<i32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Date {
    /// Year, month and day, in that order.
    Known([u32; 3]),
    /// `3/4/2025`: the first two are day and month, in unknown order.
    Numbers([u32; 3]),
}

/// A time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    pub hour: u32,
    pub minute: u32,
    pub second: u32,
    pub micros: i64,
}

impl Clock {
    /// Parses `[ T]HH:MM[:SS[.fff]][Z|±hh[:mm]]`, the format of nearly all times, with its offset in
    /// seconds.
    pub(super) fn read_plain(text: &[u8]) -> Option<(Clock, Option<i32>)> {
        let [b' ' | b'T' | b't', h1, h2, b':', m1, m2, rest @ ..] = text else { return None };
        let (hour, minute) = (two(*h1, *h2)?, two(*m1, *m2)?);
        let (second, rest) = match rest {
            [b':', s1, s2, rest @ ..] => (two(*s1, *s2)?, rest),
            _ => return Some((Clock { hour, minute, second: 0, micros: 0 }, plain_offset(rest)?)),
        };
        let (micros, rest) = fraction(rest)?;
        Some((Clock { hour, minute, second, micros }, plain_offset(rest)?))
    }

    pub(super) fn exists(&self) -> bool {
        self.hour < 24 && self.minute < 60 && self.second <= 60
    }

    /// A leap second counts as the second before it.
    pub(super) fn second_of_day(&self) -> i64 {
        i64::from(self.hour * 3600 + self.minute * 60 + self.second.min(59))
    }

    /// Converts a time of a 12-hour clock.
    fn in_half(self, after_noon: bool) -> Option<Clock> {
        let hour = self.hour % 12 + if after_noon { 12 } else { 0 };
        (1..=12).contains(&self.hour).then_some(Clock { hour, ..self })
    }
}

/// A fraction of a second in microseconds; further digits are cut.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let [b'.', digits @ ..] = text else { return Some((0, text)) };
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (length > 0).then(|| (micros_of(&digits[..length]), &digits[length..]))
}

/// The digits after a decimal point, as millionths.
pub(super) fn micros_of(digits: &[u8]) -> i64 {
    let digit = |at: usize| digits.get(at).map_or(0, |digit| i64::from(digit - b'0'));
    (0..6).fold(0, |sum, at| sum * 10 + digit(at))
}

/// An offset in seconds; `Some(None)` without one.
fn plain_offset(text: &[u8]) -> Option<Option<i32>> {
    match text {
        [] => Some(None),
        [b'Z' | b'z'] => Some(Some(0)),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            signed(*sign, two(*h1, *h2)?, two(*m1, *m2)?).map(Some)
        }
        _ => None,
    }
}

fn signed(sign: u8, hours: u32, minutes: u32) -> Option<i32> {
    let seconds = (hours * 3600 + minutes * 60) as i32;
    let is_offset = hours < 24 && minutes < 60;
    is_offset.then_some(if sign == b'-' { -seconds } else { seconds })
}

fn two(tens: u8, ones: u8) -> Option<u32> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| u32::from(tens * 10 + ones))
}

/// Parses `±h`, `±hh`, `±hhmm` or `±hh:mm`, and nothing else.
pub(super) fn offset_in_seconds(text: &str) -> Option<i32> {
    let mut cursor = Cursor(text.as_bytes());
    let offset = cursor.signed_offset()?;
    cursor.0.is_empty().then_some(offset)
}

/// Parses a time; `None` if it is not one.
pub(super) fn parse(cell: &str) -> Option<Written> {
    if cell.is_ascii() {
        return Cursor(cell.as_bytes()).time();
    }
    // Spreadsheets and browsers write a narrow no-break space before AM and PM.
    let plain: String =
        cell.chars().map(|char| if char.is_whitespace() { ' ' } else { char }).collect();
    Cursor(plain.as_bytes()).time()
}

const MONTHS: [&[u8]; 12] = [
    b"january",
    b"february",
    b"march",
    b"april",
    b"may",
    b"june",
    b"july",
    b"august",
    b"september",
    b"october",
    b"november",
    b"december",
];
const WEEKDAYS: [&[u8]; 7] =
    [b"monday", b"tuesday", b"wednesday", b"thursday", b"friday", b"saturday", b"sunday"];

/// The index of the name that equals `word` or begins with it, if that has at least three letters.
fn place_of(word: &[u8], names: &[&[u8]]) -> Option<u32> {
    let begins = |name: &&[u8]| {
        word.len() >= 3
            && name.get(..word.len()).is_some_and(|part| part.eq_ignore_ascii_case(word))
    };
    names.iter().position(begins).map(|place| place as u32)
}

/// The rest of a text.
#[derive(Clone, Copy)]
struct Cursor<'t>(&'t [u8]);

/// A date whose year may come after the time of day.
struct Begun {
    day: u32,
    month: u32,
    year: Option<u32>,
}

impl<'t> Cursor<'t> {
    fn time(mut self) -> Option<Written> {
        self.weekday();
        let (mut date, late_year) = self.date()?;
        if self.0.is_empty() {
            return (!late_year).then_some(Written { date, clock: None, offset: None });
        }
        self.gap()?;
        let clock = self.clock()?;
        let mut offset = self.offset()?;
        if let (true, Date::Known([year, ..])) = (late_year, &mut date) {
            self.skip(b" ");
            *year = self.number(4, 4)?;
            offset = if offset.is_none() { self.offset()? } else { offset };
        }
        if offset.is_some() {
            self.comment();
        }
        self.0.is_empty().then_some(Written { date, clock: Some(clock), offset })
    }

    fn take(&mut self, matches: impl Fn(u8) -> bool) -> &'t [u8] {
        let length = self.0.iter().take_while(|byte| matches(**byte)).count();
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    fn skip(&mut self, bytes: &[u8]) -> usize {
        self.take(|byte| bytes.contains(&byte)).len()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let is_next = self.0.first() == Some(&byte);
        self.0 = &self.0[usize::from(is_next)..];
        is_next
    }

    fn word(&mut self) -> &'t [u8] {
        self.take(|byte| byte.is_ascii_alphabetic())
    }

    /// Skips a word if it is one of these.
    fn eat_word(&mut self, words: &[&str]) -> bool {
        let mut ahead = *self;
        let word = ahead.word();
        let is_one = words.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(word));
        if is_one {
            *self = ahead;
        }
        is_one
    }

    fn digits_ahead(&self) -> usize {
        self.0.iter().take_while(|byte| byte.is_ascii_digit()).count()
    }

    /// A whole number with this many digits.
    fn number(&mut self, least: usize, most: usize) -> Option<u32> {
        let digits = self.take(|byte| byte.is_ascii_digit());
        let value = |sum: u32, digit: &u8| sum * 10 + u32::from(digit - b'0');
        (least..=most).contains(&digits.len()).then(|| digits.iter().fold(0, value))
    }

    /// `Mon, `, `Monday `.
    fn weekday(&mut self) {
        let mut ahead = *self;
        if place_of(ahead.word(), &WEEKDAYS).is_some() && ahead.skip(b"., ") > 0 {
            *self = ahead;
        }
    }

    /// The date, and whether its year comes later.
    fn date(&mut self) -> Option<(Date, bool)> {
        let digits = self.digits_ahead();
        match digits {
            0 => {
                let Begun { day, month, year } = self.month_first()?;
                Some((Date::Known([year.unwrap_or_default(), month, day]), year.is_none()))
            }
            1 | 2 => self.day_or_month_first().map(|date| (date, false)),
            4 => self.year_first().map(|date| (date, false)),
            _ => None,
        }
    }

    fn month(&mut self) -> Option<u32> {
        let word = self.word();
        let is_sept = word.eq_ignore_ascii_case(b"sept");
        let month = if is_sept { Some(8) } else { place_of(word, &MONTHS) };
        month.map(|month| month + 1)
    }

    fn is_at_word(&self) -> bool {
        self.0.first().is_some_and(u8::is_ascii_alphabetic)
    }

    /// `2026-3-5`, `2026/03/05`, `2026-Mar-05`.
    fn year_first(&mut self) -> Option<Date> {
        let year = self.number(4, 4)?;
        let separator = *self.0.first().filter(|byte| b"-/. ".contains(byte))?;
        self.eat(separator);
        let month = if self.is_at_word() {
            self.month()?
        } else {
            (separator != b' ').then(|| self.number(1, 2)).flatten()?
        };
        let day = self.eat(separator).then(|| self.number(1, 2)).flatten()?;
        Some(Date::Known([year, month, day]))
    }

    /// `5 Mar 2026`, `05-Mar-26`, `5th of March, 2026`; or only numbers.
    fn day_or_month_first(&mut self) -> Option<Date> {
        let first = self.number(1, 2)?;
        self.eat_word(&["st", "nd", "rd", "th"]);
        let mut ahead = *self;
        ahead.skip(b" -/.,");
        if !ahead.is_at_word() {
            return self.numbers(first);
        }
        *self = ahead;
        if self.eat_word(&["of"]) {
            self.skip(b" ");
        }
        let month = self.month()?;
        self.skip(b" -/.,");
        Some(Date::Known([self.year()?, month, first]))
    }

    fn numbers(&mut self, first: u32) -> Option<Date> {
        let separator = *self.0.first().filter(|byte| b"/-.".contains(byte))?;
        self.eat(separator);
        let second = self.number(1, 2)?;
        let length = self.eat(separator).then(|| self.digits_ahead())?;
        let year = self.number(2, 4).filter(|_| length != 3)?;
        Some(Date::Numbers([first, second, year]))
    }

    /// `Mar 5, 2026`, `March 5th 2026`, and `Mar  5 10:22:33 2026`.
    fn month_first(&mut self) -> Option<Begun> {
        let month = self.month()?;
        self.skip(b" -/.");
        let day = self.number(1, 2)?;
        self.eat_word(&["st", "nd", "rd", "th"]);
        let mut ahead = *self;
        ahead.skip(b" -/,");
        let year = ahead.year();
        // A number followed by a colon is an hour.
        if year.is_none() || ahead.0.first() == Some(&b':') {
            return Some(Begun { day, month, year: None });
        }
        *self = ahead;
        Some(Begun { day, month, year })
    }

    /// Four digits; or two, where 69 is 1969 and 68 is 2068, as in POSIX.
    fn year(&mut self) -> Option<u32> {
        let length = self.digits_ahead();
        let year = self.number(2, 4)?;
        match length {
            4 => Some(year),
            2 => Some(if year < 69 { 2000 + year } else { 1900 + year }),
            _ => None,
        }
    }

    /// The separator between a date and a time of day.
    fn gap(&mut self) -> Option<()> {
        if self.eat(b'T') || self.eat(b't') || self.eat(b':') {
            return Some(());
        }
        let wide = self.skip(b", ") > 0;
        if self.eat_word(&["at"]) {
            self.skip(b" ");
        }
        wide.then_some(())
    }

    fn clock(&mut self) -> Option<Clock> {
        let hour = self.number(1, 2)?;
        let minute = self.eat(b':').then(|| self.number(2, 2)).flatten()?;
        let (mut second, mut micros) = (0, 0);
        if self.eat(b':') {
            second = self.number(2, 2)?;
            if self.eat(b'.') || self.eat(b',') {
                let digits = self.take(|byte| byte.is_ascii_digit());
                micros = (!digits.is_empty()).then(|| micros_of(digits))?;
            }
        }
        self.half(Clock { hour, minute, second, micros })
    }

    /// `AM`, `p.m.`
    fn half(&mut self, clock: Clock) -> Option<Clock> {
        let mut ahead = *self;
        ahead.skip(b" ");
        let after_noon = match ahead.0 {
            [b'p' | b'P', ..] => true,
            [b'a' | b'A', ..] => false,
            _ => return Some(clock),
        };
        ahead.0 = &ahead.0[1..];
        ahead.eat(b'.');
        if !ahead.eat_word(&["m"]) {
            return None;
        }
        ahead.eat(b'.');
        *self = ahead;
        clock.in_half(after_noon)
    }

    /// `Z`, `UTC`, `GMT+0100`, ` +02:00`; `Some(None)` without one.
    fn offset(&mut self) -> Option<Option<i32>> {
        let mut ahead = *self;
        ahead.skip(b" ");
        if ahead.eat_word(&["z"]) {
            *self = ahead;
            return Some(Some(0));
        }
        let is_named = ahead.eat_word(&["utc", "gmt"]);
        let is_signed = matches!(ahead.0, [b'+' | b'-', ..]);
        if !is_named && !is_signed {
            return Some(None);
        }
        *self = ahead;
        if is_signed { self.signed_offset().map(Some) } else { Some(Some(0)) }
    }

    fn signed_offset(&mut self) -> Option<i32> {
        let sign = *self.0.first().filter(|byte| matches!(byte, b'+' | b'-'))?;
        self.eat(sign);
        let length = self.digits_ahead();
        let number = self.number(1, 4)?;
        match length {
            1 | 2 if self.eat(b':') => signed(sign, number, self.number(2, 2)?),
            1 | 2 => signed(sign, number, 0),
            4 => signed(sign, number / 100, number % 100),
            _ => None,
        }
    }

    /// `(Coordinated Universal Time)`, `[Europe/Paris]`: repeats the offset.
    fn comment(&mut self) {
        let mut ahead = *self;
        ahead.skip(b" ");
        if matches!(ahead.0, [b'(', .., b')'] | [b'[', .., b']']) {
            self.0 = &[];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `year-month-day hour:minute:second.micros offset`; `?` before a date of unknown order.
    fn told(cell: &str) -> String {
        let Some(Written { date, clock, offset }) = parse(cell) else { return "none".to_owned() };
        let mut text = match date {
            Date::Known([year, month, day]) => format!("{year}-{month}-{day}"),
            Date::Numbers([first, second, year]) => format!("?{first}-{second}-{year}"),
        };
        if let Some(Clock { hour, minute, second, micros }) = clock {
            text.push_str(&format!(" {hour}:{minute}:{second}"));
            if micros > 0 {
                text.push_str(&format!(".{micros}"));
            }
        }
        offset.iter().for_each(|offset| text.push_str(&format!(" {offset:+}")));
        text
    }

    #[test]
    fn dates_are_read_in_every_form_that_means_one_day() {
        let cases = [
            ("2026-3-5", "2026-3-5"),
            ("2026/03/05", "2026-3-5"),
            ("2026/3/5", "2026-3-5"),
            ("2026.03.05", "2026-3-5"),
            ("2026-Mar-05", "2026-3-5"),
            ("5 Mar 2026", "2026-3-5"),
            ("5 March 2026", "2026-3-5"),
            ("5. March 2026", "2026-3-5"),
            ("5th of March, 2026", "2026-3-5"),
            ("05-Mar-2026", "2026-3-5"),
            ("05-MAR-26", "2026-3-5"),
            ("12/Mar/26", "2026-3-12"),
            ("05Mar2026", "2026-3-5"),
            ("Mar 5, 2026", "2026-3-5"),
            ("March 5 2026", "2026-3-5"),
            ("Mar. 5th, 2026", "2026-3-5"),
            ("Sept 1, 2025", "2025-9-1"),
            ("Thu, 5 Mar 2026", "2026-3-5"),
            ("Thursday, March 5, 2026", "2026-3-5"),
            ("1 May 99", "1999-5-1"),
            ("3/5/2026", "?3-5-2026"),
            ("13.4.26", "?13-4-26"),
            ("Thu 3/5/2026", "?3-5-2026"),
        ];
        for (cell, expected) in cases {
            assert_eq!(told(cell), expected, "{cell}");
        }
    }

    #[test]
    fn times_of_day_are_read_in_every_form_that_means_one_time() {
        let cases = [
            ("3/5/2026 9:05", "?3-5-2026 9:5:0"),
            ("3/5/2026 9:05 AM", "?3-5-2026 9:5:0"),
            ("3/5/2026, 12:05:07 PM", "?3-5-2026 12:5:7"),
            ("3/5/2026 12:05\u{202f}a.m.", "?3-5-2026 0:5:0"),
            ("2026-03-05 9:05PM", "2026-3-5 21:5:0"),
            ("12/Mar/26 9:41 AM", "2026-3-12 9:41:0"),
            ("Mar 5, 2026 at 9:41 pm", "2026-3-5 21:41:0"),
            ("2026-03-05T10:00:00.000+0000", "2026-3-5 10:0:0 +0"),
            ("2026-03-05T10:00:00+0530", "2026-3-5 10:0:0 +19800"),
            ("2026-03-05 10:00:00,25 -03", "2026-3-5 10:0:0.250000 -10800"),
            ("2026-03-05 10:00 UTC", "2026-3-5 10:0:0 +0"),
            ("2026-03-05 10:00 gmt", "2026-3-5 10:0:0 +0"),
            ("2026-03-05 10:00 Z", "2026-3-5 10:0:0 +0"),
            ("2026-03-05 10:00 +02:00", "2026-3-5 10:0:0 +7200"),
            ("2026-03-05 10:00 UTC+5:30", "2026-3-5 10:0:0 +19800"),
            ("Thu, 5 Mar 2026 10:00:00 +0100 (CET)", "2026-3-5 10:0:0 +3600"),
            ("Thu, 05 Mar 2026 10:00:00 GMT", "2026-3-5 10:0:0 +0"),
            (
                "Thu Mar 05 2026 10:00:00 GMT+0000 (Coordinated Universal Time)",
                "2026-3-5 10:0:0 +0",
            ),
            ("Thu Mar  5 10:22:33 2026", "2026-3-5 10:22:33"),
            ("Thu Mar  5 10:22:33 UTC 2026", "2026-3-5 10:22:33 +0"),
            ("05/Mar/2026:10:22:33 +0100", "2026-3-5 10:22:33 +3600"),
            ("2026-03-05T10:00:00+01:00[Europe/Paris]", "2026-3-5 10:0:0 +3600"),
        ];
        for (cell, expected) in cases {
            assert_eq!(told(cell), expected, "{cell}");
        }
    }

    #[test]
    fn ambiguous_times_are_rejected() {
        for cell in [
            "",
            "Mar 2026",
            "5 Mar",
            "March",
            "Marble 5, 2026",
            "5 Mai 2026",
            "2026-3",
            "2026-3/5",
            "03/04-2025",
            "3/4/202",
            "3/4/20255",
            "10000-01-01",
            "2026 3 5",
            "2026-03-05 9",
            "2026-03-05 9 AM",
            "2026-03-05 9:5",
            "2026-03-05 13:06 PM",
            "2026-03-05 0:06 AM",
            "2026-03-05 10:00 EST",
            "2026-03-05 10:00Z UTC",
            "2026-03-05 10:00 +25:00",
            "2026-03-05 10:00 +123",
            "2026-03-05 10:00 (UTC)",
            "2026-03-05 UTC",
            "2026-03-05_10:00",
            "2026-03-05 10:00:00.Z",
            "2026-03-05 10:00 tomorrow",
            "Thu",
            "Thu Mar 5 10:22:33",
        ] {
            assert_eq!(parse(cell), None, "{cell}");
        }
    }
}
