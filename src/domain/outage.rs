//! Detects days on which the data changed, not the customers.

use super::day::Day;
use super::named::named;

/// A rule's day looks like an outage only if at least this many companies turn bad at once.
pub(crate) const OUTAGE_COMPANIES: usize = 10;

/// An event name is missing if it was seen on each of this many days before.
pub(crate) const DAYS_OF_A_STEADY_EVENT: i32 = 14;

/// Whether so many companies turned bad at once that probably the tracking changed, not the
/// customers: more than half of the eligible ones, and at least [`OUTAGE_COMPANIES`].
pub(crate) fn is_outage(eligible: usize, turned: usize) -> bool {
    turned >= OUTAGE_COMPANIES && turned * 2 > eligible
}

/// Why a signal is withheld.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WithholdingCause {
    /// Too many companies turned bad at once.
    Outage,
    /// The event arrived every day before, but not on this day.
    MissingEvent,
}
named!(WithholdingCause { Outage = "outage", MissingEvent = "missing-event" });

/// A bad signal that was withheld.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Withheld {
    /// The day on which it would have been raised.
    pub since: Day,
    /// Why it was first withheld.
    pub cause: WithholdingCause,
}

/// Whether a bad signal of `day` is withheld. `before` is what was withheld for the company on the
/// day run before. An outage lasts until a day on which the rule would raise nothing for the
/// company; a missing event only affects its own day.
pub(crate) fn withhold(
    day: Day,
    before: Option<Withheld>,
    is_outage: bool,
    is_missing: bool,
) -> Option<Withheld> {
    match before {
        Some(before) if before.cause == WithholdingCause::Outage => Some(before),
        _ if is_outage => Some(Withheld { since: day, cause: WithholdingCause::Outage }),
        _ if is_missing => Some(Withheld { since: day, cause: WithholdingCause::MissingEvent }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_more_than_half_and_at_least_ten_companies() {
        let cases =
            [(12, 12, true), (21, 11, true), (19, 10, true), (20, 10, false), (9, 9, false)];
        for (eligible, turned, expected) in cases {
            assert_eq!(is_outage(eligible, turned), expected, "{turned} of {eligible}");
        }
    }

    #[test]
    fn an_outage_lasts_and_a_missing_event_affects_only_its_day() {
        let day = Day::from_number(20);
        let outage = Withheld { since: Day::from_number(18), cause: WithholdingCause::Outage };
        let missing =
            Withheld { since: Day::from_number(19), cause: WithholdingCause::MissingEvent };
        let new = |cause| Some(Withheld { since: day, cause });
        assert_eq!(withhold(day, Some(outage), false, false), Some(outage));
        assert_eq!(withhold(day, Some(missing), false, false), None);
        assert_eq!(withhold(day, Some(missing), true, true), new(WithholdingCause::Outage));
        assert_eq!(withhold(day, None, false, true), new(WithholdingCause::MissingEvent));
        assert_eq!(withhold(day, None, false, false), None);
    }
}
