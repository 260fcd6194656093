//! The events of one company on one day, and the JSON text in which `event_days` stores them.
//!
//! The text is written and parsed by hand, because this is the hot loop of every import with its
//! millions of events. `schema.sql` describes the format; any JSON parser reads it.

use anyhow::{Context, Result, bail};

use crate::error::damaged;

/// What makes events equal within one company and day. Events are ordered by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EventKey {
    /// Key of the event's name.
    pub event: u32,
    /// Microseconds since 00:00 UTC of the day.
    pub micros: i64,
    /// Key of the person; 0 for none.
    pub person: u32,
    /// Key of the event's own id; 0 for none.
    pub identity: u32,
}

/// Equal events of one company on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StoredEvent {
    /// What they have in common.
    pub key: EventKey,
    /// The number of them, at least 1.
    pub copies: u64,
}

const MICROS_PER_SECOND: u64 = 1_000_000;

/// The text of `events`, which must be ordered by key.
#[cfg(test)]
pub(crate) fn text(events: &[StoredEvent]) -> String {
    let mut text = Vec::new();
    write(&mut text, events);
    String::from_utf8_lossy(&text).into_owned()
}

/// Appends the text of `events`, which must be ordered by key, to `text`.
pub(crate) fn write(text: &mut Vec<u8>, events: &[StoredEvent]) {
    let from = text.len();
    text.resize(from + events.len() * LONGEST + 2, 0);
    let mut written = Written { bytes: &mut text[from..], length: 0 };
    written.push(b'[');
    for (position, event) in events.iter().enumerate() {
        if position > 0 {
            written.push(b',');
        }
        written.event(event);
    }
    written.push(b']');
    let length = written.length;
    text.truncate(from + length);
}

/// The numbers from 0 to 99 as two digits.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

/// The most bytes of an event: five numbers with a sign, a point, commas and brackets.
const LONGEST: usize = 80;

/// A text in the making, with room for the rest of it.
struct Written<'t> {
    bytes: &'t mut [u8],
    length: usize,
}

impl Written<'_> {
    fn event(&mut self, StoredEvent { key, copies }: &StoredEvent) {
        self.push(b'[');
        self.number(key.event.into());
        self.push(b',');
        self.seconds(key.micros);
        self.push(b',');
        if key.person == 0 {
            b"null".iter().for_each(|byte| self.push(*byte));
        } else {
            self.number(key.person.into());
        }
        if *copies != 1 || key.identity != 0 {
            self.push(b',');
            self.number(*copies);
        }
        if key.identity != 0 {
            self.push(b',');
            self.number(key.identity.into());
        }
        self.push(b']');
    }

    fn push(&mut self, byte: u8) {
        self.bytes[self.length] = byte;
        self.length += 1;
    }

    fn number(&mut self, number: u64) {
        let digits = number.checked_ilog10().map_or(1, |log| log as usize + 1);
        self.digits(number, digits);
    }

    fn digits(&mut self, mut number: u64, digits: usize) {
        let (ones, pairs) = self.bytes[self.length..self.length + digits].as_rchunks_mut::<2>();
        for pair in pairs.iter_mut().rev() {
            *pair = PAIRS[(number % 100) as usize];
            number /= 100;
        }
        ones.iter_mut().for_each(|one| *one = b'0' + number as u8);
        self.length += digits;
    }

    fn seconds(&mut self, micros: i64) {
        if micros < 0 {
            self.push(b'-');
        }
        let micros = micros.unsigned_abs();
        self.number(micros / MICROS_PER_SECOND);
        let fraction = micros % MICROS_PER_SECOND;
        if fraction != 0 {
            self.push(b'.');
            self.digits(fraction, 6);
            while self.bytes[self.length - 1] == b'0' {
                self.length -= 1;
            }
        }
    }
}

/// Parses a text that [`write()`] wrote.
///
/// # Errors
/// Any other text: the database is damaged or was edited by hand.
pub(crate) fn read(text: &str) -> Result<Vec<StoredEvent>> {
    let mut events = Vec::with_capacity(text.len() / 16);
    for_each(text, |event| events.push(event))?;
    Ok(events)
}

/// Calls `visit` with each event of a text that [`write()`] wrote, in order.
pub(crate) fn for_each(text: &str, mut visit: impl FnMut(StoredEvent)) -> Result<()> {
    let mut reader = Reader { bytes: text.as_bytes(), at: 0 };
    let read = reader.events(&mut visit);
    read.map_err(|error| {
        let place =
            format!("the events of a day are not readable at byte {} of '{text:.60}'", reader.at);
        damaged(format!("{place}: {error}")).into()
    })
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn events(&mut self, visit: &mut impl FnMut(StoredEvent)) -> Result<()> {
        self.expect(b'[')?;
        loop {
            visit(self.event()?);
            match self.next() {
                Some(b',') => {}
                Some(b']') if self.at == self.bytes.len() => return Ok(()),
                _ => bail!("expected the next event or the end"),
            }
        }
    }

    fn event(&mut self) -> Result<StoredEvent> {
        self.expect(b'[')?;
        let event = self.key()?;
        self.expect(b',')?;
        let micros = self.seconds()?;
        self.expect(b',')?;
        let person = if self.peek() == Some(b'n') { self.null()? } else { self.key()? };
        let copies = if self.peek() == Some(b',') { self.after_comma()? } else { 1 };
        let identity =
            if self.peek() == Some(b',') { u32::try_from(self.after_comma()?)? } else { 0 };
        self.expect(b']')?;
        Ok(StoredEvent { key: EventKey { event, micros, person, identity }, copies })
    }

    fn after_comma(&mut self) -> Result<u64> {
        self.expect(b',')?;
        self.number()
    }

    fn null(&mut self) -> Result<u32> {
        b"null".iter().try_for_each(|byte| self.expect(*byte))?;
        Ok(0)
    }

    fn key(&mut self) -> Result<u32> {
        Ok(u32::try_from(self.number()?)?)
    }

    fn seconds(&mut self) -> Result<i64> {
        let is_negative = self.peek() == Some(b'-');
        self.at += usize::from(is_negative);
        let mut micros = self.number()? * MICROS_PER_SECOND;
        if self.peek() == Some(b'.') {
            self.at += 1;
            let mut unit = MICROS_PER_SECOND / 10;
            while let Some(digit) = self.digit() {
                micros += digit * unit;
                unit /= 10;
            }
        }
        let micros = i64::try_from(micros)?;
        Ok(if is_negative { -micros } else { micros })
    }

    fn number(&mut self) -> Result<u64> {
        let mut value = self.digit().context("expected a number")?;
        while let Some(digit) = self.digit() {
            value = value
                .checked_mul(10)
                .and_then(|tens| tens.checked_add(digit))
                .context("number too large")?;
        }
        Ok(value)
    }

    fn digit(&mut self) -> Option<u64> {
        let byte = self.peek().filter(u8::is_ascii_digit)?;
        self.at += 1;
        Some(u64::from(byte - b'0'))
    }

    fn expect(&mut self, byte: u8) -> Result<()> {
        if self.next() != Some(byte) {
            bail!("expected '{}'", char::from(byte));
        }
        Ok(())
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(event: u32, micros: i64, person: u32, copies: u64, identity: u32) -> StoredEvent {
        StoredEvent { key: EventKey { event, micros, person, identity }, copies }
    }

    #[test]
    fn the_text_is_plain_json() {
        let events = [
            event(3, 43_200_090_000, 175_637, 1, 0),
            event(3, -5_400_000_000, 0, 2, 0),
            event(9, 1, 4, 1, 77),
        ];
        let text = text(&events);
        assert_eq!(text, "[[3,43200.09,175637],[3,-5400,null,2],[9,0.000001,4,1,77]]");
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        assert_eq!(read(&text).unwrap(), events);
    }

    #[test]
    fn midnight_has_no_sign() {
        assert_eq!(text(&[event(3, 0, 0, 1, 0)]), "[[3,0,null]]");
    }

    #[test]
    fn any_other_text_is_damaged() {
        for text in [
            "",
            "[]",
            "[[1,2]]",
            "[[1,2,3,4]",
            "[[1,2,3]]]",
            "[[1,2,nul]]",
            "[[1,x,3]]",
            "[[1,2,3,4,5,6]]",
            "{}",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn written_text_is_read_back(
            rows in prop::collection::vec((1u32.., -50_400_000_000i64..140_000_000_000, 0u32.., 1u64.., 0u32..), 1..20)
        ) {
            let events: Vec<StoredEvent> = rows.into_iter().map(|(e, m, p, c, i)| event(e, m, p, c, i)).collect();
            let text = text(&events);
            prop_assert_eq!(read(&text).unwrap(), events);
        }
    }
}
