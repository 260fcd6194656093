//! A company's tickets.

use super::rows::number;
use super::{Attribute, AttributeGroup, Datum, Facts, Of, change_pct, mean};
use crate::domain::day::{Day, DayRange};
use crate::domain::fact::When;
use crate::domain::fact_kinds::Ticket;

type Tickets<'a> = Facts<'a, Ticket>;

/// Statuses of closed tickets; some products do not say when a ticket was closed.
const DONE: [&str; 4] = ["closed", "solved", "resolved", "done"];

/// Statuses of open tickets. A closing time is ignored then: the ticket has been reopened since.
const WAITING: [&str; 5] = ["open", "reopened", "re-opened", "pending", "new"];

fn is_one_of(text: Option<&String>, words: &[&str]) -> bool {
    text.is_some_and(|text| words.iter().any(|word| text.trim().eq_ignore_ascii_case(word)))
}

/// Whether the ticket was open at the end of `day`.
fn is_open(ticket: &Ticket, day: Day) -> bool {
    match closed(ticket) {
        Some(closed) => closed.on > day,
        None => !is_one_of(ticket.status.as_ref(), &DONE),
    }
}

/// When the ticket was closed; `None` if it was reopened.
fn closed(ticket: &Ticket) -> Option<When> {
    ticket.closed.filter(|_| !is_one_of(ticket.status.as_ref(), &WAITING))
}

fn closed_within(ticket: &Ticket, days: DayRange) -> bool {
    closed(ticket).is_some_and(|closed| days.contains(closed.on))
}

fn opened_within(facts: &Tickets<'_>, days: DayRange) -> u64 {
    facts.rows.iter().filter(|ticket| days.contains(ticket.opened.on)).count() as u64
}

/// The mean time from opening to closing of the tickets that were closed in the last 90 days, in
/// hours.
fn resolution_hours(facts: &Tickets<'_>) -> Datum {
    const MICROS_PER_HOUR: f64 = 3_600_000_000.0;
    let days = facts.last(90);
    let hours = |ticket: &Ticket| {
        let closed = closed(ticket).filter(|closed| days.contains(closed.on))?;
        Some((closed.at.micros() - ticket.opened.at.micros()) as f64 / MICROS_PER_HOUR)
    };
    mean(facts.rows.iter().filter_map(hours))
}

/// A rating as a number: `good` is 5, `bad` is 1, other words have none. A number may have a label,
/// as at the ends of a scale: `Extremely satisfied - 5`.
fn rating(text: &str) -> Option<f64> {
    let number = |text: &str| text.trim().parse().ok().filter(|number: &f64| number.is_finite());
    match text.trim() {
        word if word.eq_ignore_ascii_case("good") => Some(5.0),
        word if word.eq_ignore_ascii_case("bad") => Some(1.0),
        label => number(label)
            .or_else(|| number(label.rsplit_once(" - ")?.1))
            .or_else(|| number(label.split_once(" - ")?.0)),
    }
}

/// The mean rating of the last 90 days. The date of a rating is the day on which its ticket was
/// closed, or opened if it is not closed.
fn satisfaction(facts: &Tickets<'_>) -> Datum {
    let days = facts.last(90);
    let rated_on = |ticket: &Ticket| closed(ticket).map_or(ticket.opened.on, |closed| closed.on);
    let recent = facts.rows.iter().filter(|ticket| days.contains(rated_on(ticket)));
    mean(recent.filter_map(|ticket| rating(ticket.satisfaction.as_ref()?)))
}

const fn of(value: fn(&Tickets<'_>) -> Datum) -> Of {
    Of::Tickets(value)
}

use AttributeGroup::Support as S;

pub(super) const ATTRIBUTES: [Attribute; 8] = [
    number(
        "open_tickets",
        S,
        "tickets",
        "tickets that wait for an answer",
        of(|f| f.count(|ticket| is_open(ticket, f.day))),
    ),
    number(
        "open_urgent_tickets",
        S,
        "tickets",
        "those whose priority is urgent, critical and the like",
        of(|f| {
            let is_urgent = |ticket: &Ticket| {
                ticket.priority.as_ref().is_some_and(|priority| f.words.is_urgent(priority))
            };
            f.count(|ticket| is_open(ticket, f.day) && is_urgent(ticket))
        }),
    ),
    number(
        "tickets_28d",
        S,
        "tickets",
        "tickets opened in the last 28 days",
        of(|f| f.count(|ticket| f.now().contains(ticket.opened.on))),
    ),
    number(
        "tickets_previous_28d",
        S,
        "tickets",
        "tickets opened in the 28 days before",
        of(|f| f.count(|ticket| f.before().contains(ticket.opened.on))),
    ),
    number(
        "tickets_change_28d_pct",
        S,
        "percent",
        "change of tickets, the last 28 days against the 28 before",
        of(|f| change_pct(opened_within(f, f.before()), opened_within(f, f.now()))),
    ),
    number(
        "closed_tickets_28d",
        S,
        "tickets",
        "tickets closed in the last 28 days",
        of(|f| f.count(|ticket| closed_within(ticket, f.now()))),
    ),
    number(
        "mean_resolution_hours_90d",
        S,
        "hours",
        "from opening to closing, of tickets closed in the last 90 days",
        of(resolution_hours),
    ),
    number(
        "satisfaction_90d",
        S,
        "points",
        "the mean rating of tickets in the last 90 days; good is 5, bad is 1",
        of(satisfaction),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::company::CompanyKey;
    use crate::domain::day::Instant;
    use crate::domain::fact::When;
    use crate::domain::words::Words;

    const DAY: Day = Day::from_number(100);

    fn on(day: i32) -> When {
        When {
            at: Instant::from_micros(i64::from(day) * 86_400_000_000),
            on: Day::from_number(day),
        }
    }

    fn ticket(opened: i32, closed: Option<i32>, status: &str) -> Ticket {
        Ticket {
            ticket_id: String::new(),
            company: CompanyKey(1),
            opened: on(opened),
            closed: closed.map(on),
            priority: None,
            status: Some(status.to_owned()),
            subject: None,
            satisfaction: None,
        }
    }

    #[test]
    fn a_ticket_is_open_until_the_day_on_which_it_is_closed() {
        let cases = [
            (None, "open", true),
            (None, "Pending", true),
            (None, " SOLVED ", false),
            (None, "done", false),
            (Some(99), "solved", false),
            (Some(100), "closed", false),
            // Reopened.
            (Some(99), "open", true),
            // Closed after the day: the status is the current one.
            (Some(101), "closed", true),
        ];
        for (closed, status, expected) in cases {
            assert_eq!(is_open(&ticket(90, closed, status), DAY), expected, "{closed:?} {status}");
        }
    }

    #[test]
    fn tickets_are_resolved_in_the_mean_of_their_hours() {
        let hours = |rows: &[Ticket]| {
            let words = Words::default();
            resolution_hours(&Facts { rows, has_begun: true, day: DAY, words: &words })
        };
        // The last 90 days are 11..100.
        let rows = [
            ticket(8, Some(10), "closed"),
            ticket(10, Some(11), "closed"),
            ticket(97, Some(100), "closed"),
            ticket(98, Some(101), "closed"),
            ticket(98, Some(99), "open"),
        ];
        assert_eq!(hours(&rows), Datum::Number(48.0));
        assert_eq!(hours(&rows[..1]), Datum::Null);
    }

    #[test]
    fn a_ticket_counts_in_the_days_in_which_it_was_opened_and_closed() {
        let days = DayRange { from: Day::from_number(90), to: DAY };
        let within = |closed, status| closed_within(&ticket(1, Some(closed), status), days);
        assert_eq!(
            [89, 90, 100, 101].map(|closed| within(closed, "closed")),
            [false, true, true, false]
        );
        assert!(!within(95, "open"));
        let rows = [89, 90, 100, 101].map(|opened| ticket(opened, None, "open"));
        let words = Words::default();
        let facts = Facts { rows: &rows[..], has_begun: true, day: DAY, words: &words };
        assert_eq!(opened_within(&facts, days), 2);
    }

    #[test]
    fn a_rating_is_a_number_or_good_or_bad() {
        let cases = [
            ("good", Some(5.0)),
            (" BAD ", Some(1.0)),
            ("4.5", Some(4.5)),
            ("-1", Some(-1.0)),
            ("offered", None),
            ("NaN", None),
            ("inf", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(rating(text), expected, "{text}");
        }
    }

    #[test]
    fn a_rating_is_dated_by_the_closing_of_its_ticket() {
        // The last 90 days up to day 100 begin on day 11.
        let cases = [
            (0, Some(10), false),
            (0, Some(11), true),
            (50, Some(101), false),
            (10, None, false),
            (11, None, true),
        ];
        for (opened, closed, counts) in cases {
            let rows =
                [Ticket { satisfaction: Some("3".to_owned()), ..ticket(opened, closed, "") }];
            let expected = if counts { Datum::Number(3.0) } else { Datum::Null };
            assert_eq!(
                satisfaction(&Facts {
                    rows: &rows,
                    has_begun: true,
                    day: DAY,
                    words: &Words::default()
                }),
                expected,
                "{opened} {closed:?}"
            );
        }
    }
}
