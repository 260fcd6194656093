//! Time zones: the zone in a header, and the offsets of a zone by hour.
//!
//! Files have millions of times that are close together, so the offset of each hour is cached.
//! Results are the same as without the cache.

use rustc_hash::FxHashMap;

use super::written::offset_in_seconds;
use crate::domain::zone::{LocalOffset, Zone};

const HOUR: i64 = 3600;

/// The zone of times without an offset in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnZone {
    /// Seconds east of UTC; 0 is UTC itself.
    Offset(i32),
    Named(Zone),
}

impl ColumnZone {
    pub const UTC: ColumnZone = ColumnZone::Offset(0);

    /// Parses the zone in a header: `UTC`, `GMT`, `+02:00`, `UTC+2`, `Europe/Berlin`. Abbreviations
    /// such as `EST` are ambiguous and not accepted.
    fn named(text: &str) -> Option<ColumnZone> {
        let text = text.trim();
        if ["utc", "gmt", "z"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
            return Some(ColumnZone::UTC);
        }
        let prefix = text.get(..3).filter(|prefix| is_utc(prefix));
        let offset = prefix.map_or(text, |prefix| &text[prefix.len()..]).trim_start();
        if let Some(seconds) = offset_in_seconds(offset) {
            return Some(ColumnZone::Offset(seconds));
        }
        let is_place = text.contains('/');
        is_place.then(|| text.parse().ok().map(ColumnZone::Named)).flatten()
    }
}

fn is_utc(text: &str) -> bool {
    text.eq_ignore_ascii_case("utc") || text.eq_ignore_ascii_case("gmt")
}

/// A header without its zone, and the zone: `Created (UTC)`, `created_at_utc`.
pub(crate) fn split_zone(header: &str) -> (&str, Option<ColumnZone>) {
    let split = in_brackets(header).or_else(|| as_last_word(header));
    match split {
        Some((name, zone)) if !name.is_empty() => (name, Some(zone)),
        _ => (header, None),
    }
}

fn in_brackets(header: &str) -> Option<(&str, ColumnZone)> {
    [('(', ')'), ('[', ']')].iter().find_map(|(open, close)| {
        let (name, inside) = header.trim_end().strip_suffix(*close)?.rsplit_once(*open)?;
        Some((name.trim_end(), ColumnZone::named(inside)?))
    })
}

fn as_last_word(header: &str) -> Option<(&str, ColumnZone)> {
    let header = header.trim_end();
    if let Some((name, word)) = header.rsplit_once(char::is_whitespace)
        && let Some(zone) = ColumnZone::named(word).filter(|_| word.len() > 1)
    {
        return Some((name.trim_end(), zone));
    }
    let at = header.len().checked_sub(3)?;
    let (name, word) = (header.get(..at)?, header.get(at..)?);
    let is_camel = name.ends_with(|char: char| char.is_lowercase()) && word.starts_with(['U', 'G']);
    let is_word = name.ends_with(['_', '-', '.']) || is_camel;
    (is_word && is_utc(word))
        .then(|| (name.trim_end_matches(['_', '-', '.', ' ']), ColumnZone::UTC))
}

/// The offsets of a zone by hour of UTC.
pub(super) struct ZoneHours {
    zone: Zone,
    fixed: bool,
    last: (i64, i32),
    known: FxHashMap<i64, Option<i32>>,
}

impl ZoneHours {
    pub(super) fn new(zone: Zone) -> Self {
        ZoneHours {
            zone,
            fixed: zone == Zone::UTC,
            last: (i64::MIN, 0),
            known: FxHashMap::default(),
        }
    }

    /// The offset from UTC, in seconds, at a Unix time.
    pub(super) fn offset(&mut self, seconds: i64) -> i32 {
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
                (zone.offset_at(hour * HOUR), zone.offset_at(hour * HOUR + HOUR - 1));
            (first == last).then_some(first)
        });
        let Some(offset) = whole else { return zone.offset_at(seconds) };
        self.last = (hour, offset);
        offset
    }
}

/// Keeps a file of random times from filling the memory. 250,000 hours are 28 years.
fn forget_when_full(known: &mut FxHashMap<i64, Option<i32>>) {
    if known.len() >= 250_000 {
        known.clear();
    }
}

/// The offsets of a zone by hour of local time.
pub(super) struct LocalHours {
    pub zone: Zone,
    fixed: bool,
    last: (i64, i32),
    known: FxHashMap<i64, Option<i32>>,
}

impl LocalHours {
    pub(super) fn new(zone: Zone) -> Self {
        LocalHours {
            zone,
            fixed: zone == Zone::UTC,
            last: (i64::MIN, 0),
            known: FxHashMap::default(),
        }
    }

    /// Converts local seconds to Unix time: the earlier of two; `None` if the clocks skip them.
    pub(super) fn utc(&mut self, local: i64) -> Option<i64> {
        if self.fixed {
            return Some(local);
        }
        let hour = local.div_euclid(HOUR);
        if self.last.0 != hour {
            let zone = self.zone;
            forget_when_full(&mut self.known);
            let whole = *self.known.entry(hour).or_insert_with(|| same_all_hour(zone, hour));
            let Some(offset) = whole else { return zone.earliest(local) };
            self.last = (hour, offset);
        }
        Some(local - i64::from(self.last.1))
    }
}

fn same_all_hour(zone: Zone, hour: i64) -> Option<i32> {
    let (first, last) = (hour * HOUR, hour * HOUR + HOUR - 1);
    match (zone.offset_of_local(first), zone.offset_of_local(last)) {
        (LocalOffset::Once(first), LocalOffset::Once(last)) if first == last => Some(first),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::zone::zone;

    #[test]
    fn a_header_names_its_zone() {
        let (new_york, berlin) =
            (ColumnZone::Named(zone("America/New_York")), ColumnZone::Named(zone("Europe/Berlin")));
        let cases = [
            ("Created (UTC)", ("Created", Some(ColumnZone::UTC))),
            ("created_at_utc", ("created_at", Some(ColumnZone::UTC))),
            ("created_at_UTC", ("created_at", Some(ColumnZone::UTC))),
            ("Created UTC", ("Created", Some(ColumnZone::UTC))),
            ("Created [UTC]", ("Created", Some(ColumnZone::UTC))),
            ("Created (GMT)", ("Created", Some(ColumnZone::UTC))),
            ("createdAtUtc", ("createdAt", Some(ColumnZone::UTC))),
            ("timestamp-gmt", ("timestamp", Some(ColumnZone::UTC))),
            ("Opened (America/New_York)", ("Opened", Some(new_york))),
            ("Opened [Europe/Berlin]", ("Opened", Some(berlin))),
            ("Opened Europe/Berlin", ("Opened", Some(berlin))),
            ("Opened (+02:00)", ("Opened", Some(ColumnZone::Offset(7200)))),
            ("Opened (-0330)", ("Opened", Some(ColumnZone::Offset(-12_600)))),
            ("Opened (UTC+2)", ("Opened", Some(ColumnZone::Offset(7200)))),
            ("Opened (GMT-05:00)", ("Opened", Some(ColumnZone::Offset(-18_000)))),
            ("Opened (EST)", ("Opened (EST)", None)),
            ("Time (in hrs)", ("Time (in hrs)", None)),
            ("Plan Z", ("Plan Z", None)),
            ("utc", ("utc", None)),
            ("(UTC)", ("(UTC)", None)),
            ("Ticket/Case", ("Ticket/Case", None)),
            ("é(UTC)", ("é", Some(ColumnZone::UTC))),
            ("éé", ("éé", None)),
        ];
        for (header, expected) in cases {
            assert_eq!(split_zone(header), expected, "{header}");
        }
    }

    #[test]
    fn caching_offsets_changes_nothing() {
        let zones = [
            zone("Australia/Lord_Howe"),
            zone("America/St_Johns"),
            zone("Asia/Kathmandu"),
            zone("America/Sao_Paulo"),
        ];
        for zone in zones {
            let (mut days, mut local) = (ZoneHours::new(zone), LocalHours::new(zone));
            // Every 7 minutes of 2010, when St John's still changed its clocks at one minute past
            // midnight.
            for seconds in (1_262_304_000..1_293_840_000).step_by(420) {
                assert_eq!(days.offset(seconds), zone.offset_at(seconds), "{zone} {seconds}");
                assert_eq!(local.utc(seconds), zone.earliest(seconds), "{zone} {seconds}");
            }
        }
    }
}
