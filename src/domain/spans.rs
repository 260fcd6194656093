//! Days as spans of time with a constant offset from UTC.
//!
//! If a query names a time zone, the coordinator of a database cluster does not pass the grouping
//! on to its workers. So the days are computed here, and the query only compares instants and adds
//! a fixed number of seconds.

use super::day::{Day, DayRange, Instant};
use super::zone::Zone;

/// A span of time with one offset from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// Its first second, in Unix time.
    pub from: i64,
    /// The second after its last one.
    pub to: i64,
    /// How far local time is ahead of UTC, in seconds.
    pub offset: i64,
}

/// The spans of ranges of days, which are in order and do not touch.
pub(crate) fn spans(ranges: &[DayRange], zone: Zone) -> Vec<Span> {
    ranges.iter().flat_map(|range| spans_of(*range, zone)).collect()
}

/// The ranges of consecutive days; the days are in order.
pub(crate) fn ranges(days: impl IntoIterator<Item = Day>) -> Vec<DayRange> {
    let mut ranges: Vec<DayRange> = Vec::new();
    for day in days {
        match ranges.last_mut() {
            Some(last) if last.to.next() == day => last.to = day,
            _ => ranges.push(DayRange { from: day, to: day }),
        }
    }
    ranges
}

/// The first second of a day, in Unix time.
pub(crate) fn start_of(day: Day, zone: Zone) -> i64 {
    Instant::start_of(day, zone).micros().div_euclid(1_000_000)
}

fn spans_of(range: DayRange, zone: Zone) -> Vec<Span> {
    let (mut from, end) = (start_of(range.from, zone), start_of(range.to.next(), zone));
    let mut spans = Vec::new();
    while from < end {
        let offset = zone.offset_at(from);
        let to = next_change(from, end, offset, zone);
        spans.push(Span { from, to, offset: i64::from(offset) });
        from = to;
    }
    spans
}

/// The first second after `from` with another offset, at most `end`. Assumes that no zone changes
/// its offset and changes it back within a day.
fn next_change(from: i64, end: i64, offset: i32, zone: Zone) -> i64 {
    const STEP: i64 = 86_400;
    let mut low = from;
    loop {
        let high = (low + STEP).min(end);
        if zone.offset_at(high) != offset {
            return bisect(low, high, offset, zone);
        }
        if high == end {
            return end;
        }
        low = high;
    }
}

/// The first second with another offset: `low` has `offset`, `high` does not.
fn bisect(mut low: i64, mut high: i64, offset: i32, zone: Zone) -> i64 {
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if zone.offset_at(middle) == offset {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::zone::zone;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn a_clock_change_splits_a_span() {
        let range = DayRange { from: day("2026-03-28"), to: day("2026-03-30") };
        assert_eq!(
            spans(&[range], Zone::UTC),
            [Span { from: 1_774_656_000, to: 1_774_915_200, offset: 0 }]
        );
        // At 01:00 UTC on 29 March, clocks in Bucharest go from 03:00 to 04:00.
        assert_eq!(
            spans(&[range], zone("Europe/Bucharest")),
            [
                Span { from: 1_774_648_800, to: 1_774_746_000, offset: 7200 },
                Span { from: 1_774_746_000, to: 1_774_904_400, offset: 10_800 },
            ]
        );
    }

    #[test]
    fn every_second_has_the_day_of_its_zone() {
        for zone in [
            zone("Europe/Bucharest"),
            zone("America/St_Johns"),
            zone("Australia/Lord_Howe"),
            Zone::UTC,
        ] {
            let range = DayRange { from: day("2025-09-20"), to: day("2026-04-20") };
            let spans = spans(&[range], zone);
            assert_eq!(spans.first().unwrap().from, start_of(range.from, zone));
            assert_eq!(spans.last().unwrap().to, start_of(range.to.next(), zone));
            for pair in spans.windows(2) {
                assert_eq!(pair[0].to, pair[1].from);
            }
            for span in spans {
                for second in (span.from..span.to).step_by(1799).chain([span.from, span.to - 1]) {
                    let day = (second + span.offset).div_euclid(86_400);
                    let at = Instant::from_micros(second * 1_000_000);
                    assert_eq!(i64::from(at.day_in(zone).number()), day, "{zone} {second}");
                }
            }
        }
    }

    #[test]
    fn consecutive_days_are_one_range() {
        let days = ["2026-03-01", "2026-03-02", "2026-03-04"].map(day);
        let found = ranges(days);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].from, found[0].to, found[1].from), (days[0], days[1], days[2]));
    }
}
