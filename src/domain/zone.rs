//! Time zones, by their names in the IANA database. The program carries the database, so a file is
//! read in the same way on every machine.

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

static UTC: TimeZone = TimeZone::UTC;

/// Every zone that was named, once: a process uses few of them, and keeps them to its end.
static NAMED: Mutex<Vec<&'static TimeZone>> = Mutex::new(Vec::new());

/// A time zone.
#[derive(Clone, Copy)]
pub struct Zone(&'static TimeZone);

/// How far the clocks of a zone are ahead of UTC, in seconds, when they show a certain time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LocalOffset {
    Once(i32),
    /// The clocks are put back, and show the time again with the second offset.
    Twice(i32, i32),
    /// The clocks are put forward, and leave the time out.
    Never,
}

impl Zone {
    pub const UTC: Zone = Zone(&UTC);

    /// The names of all zones.
    pub(crate) fn names() -> impl Iterator<Item = String> {
        let names = jiff::tz::db().available().map(|name| name.to_string());
        names.filter(|name| is_a_place(Some(name)))
    }

    pub(crate) fn name(self) -> &'static str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// How far local time is ahead of UTC at a Unix time, both in seconds.
    pub(crate) fn offset_at(self, second: i64) -> i32 {
        self.0.to_offset(timestamp(second)).seconds()
    }

    /// The offset from UTC when the clocks show `local`, in seconds from 1970-01-01 00:00 by the
    /// same clocks.
    pub(crate) fn offset_of_local(self, local: i64) -> LocalOffset {
        let clock = Offset::UTC.to_datetime(timestamp(local));
        match self.0.to_ambiguous_timestamp(clock).offset() {
            AmbiguousOffset::Unambiguous { offset } => LocalOffset::Once(offset.seconds()),
            AmbiguousOffset::Fold { before, after } => {
                LocalOffset::Twice(before.seconds(), after.seconds())
            }
            AmbiguousOffset::Gap { .. } => LocalOffset::Never,
        }
    }

    /// The Unix time at which the clocks show `local`: the earlier of two; `None` if they leave it
    /// out.
    pub(crate) fn earliest(self, local: i64) -> Option<i64> {
        match self.offset_of_local(local) {
            LocalOffset::Once(offset) | LocalOffset::Twice(offset, _) => {
                Some(local.saturating_sub(i64::from(offset)))
            }
            LocalOffset::Never => None,
        }
    }
}

/// Whether the database uses the name for a zone, and not for the lack of one.
fn is_a_place(name: Option<&str>) -> bool {
    name.is_some_and(|name| !["Etc/Unknown", "Factory"].contains(&name))
}

/// Times before the year -9999 and after 9999 become the first and the last of these years.
fn timestamp(second: i64) -> Timestamp {
    let within = second.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    Timestamp::from_second(within).unwrap_or_default()
}

impl FromStr for Zone {
    type Err = jiff::Error;

    /// Reads a name such as `Europe/Bucharest`, in upper or lower case.
    fn from_str(name: &str) -> Result<Self, jiff::Error> {
        let zone = TimeZone::get(name)?;
        if !is_a_place(zone.iana_name()) {
            return Err(jiff::Error::from_args(format_args!("'{name}' is not the name of a zone")));
        }
        if zone.iana_name() == Some("UTC") {
            return Ok(Zone::UTC);
        }
        let mut named = NAMED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = named.iter().find(|known| known.iana_name() == zone.iana_name()) {
            return Ok(Zone(known));
        }
        let zone: &'static TimeZone = Box::leak(Box::new(zone));
        named.push(zone);
        Ok(Zone(zone))
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Zone {}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
pub(crate) fn zone(name: &str) -> Zone {
    name.parse().unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_in_any_case() {
        let zone: Zone = "europe/BUCHAREST".parse().unwrap();
        assert_eq!(zone.to_string(), "Europe/Bucharest");
        assert_eq!(zone, "Europe/Bucharest".parse().unwrap());
        assert_eq!("UTC".parse::<Zone>().unwrap(), Zone::UTC);
        for name in ["Europe/Bucarest", "Etc/Unknown", "Factory"] {
            assert!(name.parse::<Zone>().is_err(), "{name}");
            assert!(Zone::names().all(|known| known != name), "{name}");
        }
        assert!(Zone::names().any(|name| name == "Europe/Bucharest"));
    }

    /// In Berlin, clocks show 02:30 never on 29 March 2026, and twice on 25 October.
    #[test]
    fn clocks_that_change_leave_out_an_hour_or_show_it_twice() {
        let berlin = zone("Europe/Berlin");
        let spring = 1_774_751_400; // 2026-03-29 02:30
        let autumn = 1_792_895_400; // 2026-10-25 02:30
        assert_eq!(berlin.offset_of_local(spring), LocalOffset::Never);
        assert_eq!(berlin.earliest(spring), None);
        assert_eq!(berlin.offset_of_local(spring - 3600), LocalOffset::Once(3600));
        assert_eq!(berlin.offset_of_local(spring + 3600), LocalOffset::Once(7200));
        assert_eq!(berlin.offset_of_local(autumn), LocalOffset::Twice(7200, 3600));
        assert_eq!(berlin.earliest(autumn), Some(autumn - 7200));
    }

    #[test]
    fn times_beyond_the_calendar_become_those_at_its_ends() {
        // The local mean time of New York, before there were zones: 4 h 56 min 2 s behind.
        assert_eq!(zone("America/New_York").offset_at(i64::MIN), -17_762);
        assert_eq!(Zone::UTC.offset_at(i64::MAX), 0);
    }
}
