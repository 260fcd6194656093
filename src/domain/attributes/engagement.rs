//! Attributes of the contacts between a company and the team.

use super::rows::number;
use super::{Attribute, AttributeGroup, Datum, Facts, Of};
use crate::domain::day::{Day, Instant};
use crate::domain::fact_kinds::Touchpoint;

/// The fields of a touchpoint that attributes use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Contact {
    pub at: Instant,
    /// The day of `at` in the time zone of the database.
    pub on: Day,
    /// Whether the customer contacted the team.
    pub is_inbound: bool,
    /// Whether it was a periodic business review.
    pub is_review: bool,
    /// Whether an executive took part.
    pub is_executive: bool,
}

impl Contact {
    /// The contact that a touchpoint records. `is_executive` tells whether a name, id or e-mail
    /// address in lower case is that of an executive.
    pub(crate) fn of(touchpoint: &Touchpoint, is_executive: impl Fn(&str) -> bool) -> Self {
        let is_word = |text: &Option<String>, word: &str| {
            text.as_ref().is_some_and(|t| t.trim().eq_ignore_ascii_case(word))
        };
        let with = touchpoint.with.as_deref().unwrap_or_default().trim().to_lowercase();
        // A name may contain a comma: `Doe, Jane`.
        let mut names = std::iter::once(with.as_str()).chain(with.split([';', ',']).map(str::trim));
        Contact {
            at: touchpoint.occurred.at,
            on: touchpoint.occurred.on,
            is_inbound: touchpoint.direction == "inbound",
            is_review: is_word(&touchpoint.kind, "review"),
            is_executive: names.any(|name| name == "executive" || is_executive(name)),
        }
    }
}

type Contacts<'a> = Facts<'a, Contact>;

fn days_since(facts: &Contacts<'_>, is_wanted: impl Fn(&Contact) -> bool) -> Datum {
    facts
        .rows
        .iter()
        .rfind(|contact| is_wanted(contact))
        .map(|contact| facts.day - contact.on)
        .into()
}

/// The days with an outbound contact since the last inbound one, in order, each once.
fn unanswered(facts: &Contacts<'_>) -> Vec<Day> {
    let heard = facts.rows.iter().rfind(|contact| contact.is_inbound).map(|contact| contact.at);
    let since =
        |contact: &&Contact| !contact.is_inbound && heard.is_none_or(|heard| contact.at > heard);
    let mut days: Vec<Day> = facts.rows.iter().filter(since).map(|contact| contact.on).collect();
    days.dedup();
    days
}

const fn of(value: fn(&Contacts<'_>) -> Datum) -> Of {
    Of::Contacts(value)
}

use AttributeGroup::Engagement as E;

pub(super) const ATTRIBUTES: [Attribute; 6] = [
    number(
        "days_since_touch",
        E,
        "days",
        "since the last contact of either direction",
        of(|f| days_since(f, |_| true)),
    ),
    number(
        "days_since_reply",
        E,
        "days",
        "since the customer last replied",
        of(|f| days_since(f, |contact| contact.is_inbound)),
    ),
    number(
        "unanswered_touches",
        E,
        "days",
        "days with an outbound contact since the last inbound one",
        of(|f| f.counted(unanswered(f).len())),
    ),
    number(
        "days_unanswered",
        E,
        "days",
        "since the first of these",
        of(|f| unanswered(f).first().map(|first| f.day - *first).into()),
    ),
    number(
        "days_since_review",
        E,
        "days",
        "since the last business review",
        of(|f| days_since(f, |contact| contact.is_review)),
    ),
    number(
        "days_since_executive_touch",
        E,
        "days",
        "since the last contact with an executive of the customer",
        of(|f| days_since(f, |contact| contact.is_executive)),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::company::CompanyKey;
    use crate::domain::fact::When;
    use crate::domain::words::Words;

    fn touchpoint(direction: &str, kind: Option<&str>, with: Option<&str>) -> Touchpoint {
        Touchpoint {
            company: CompanyKey(1),
            occurred: When { at: Instant::from_micros(0), on: Day::from_number(0) },
            direction: direction.to_owned(),
            channel: None,
            kind: kind.map(str::to_owned),
            with: with.map(str::to_owned),
            subject: None,
        }
    }

    #[test]
    fn an_executive_took_part_if_the_touchpoint_says_so_or_names_one() {
        let is_known = |name: &str| ["doe, jane", "jane@example.com"].contains(&name);
        let cases = [
            (None, false),
            (Some("Executive"), true),
            (Some("Max; executive"), true),
            (Some("executive assistant"), false),
            (Some("Doe, Jane"), true),
            (Some(" DOE, JANE "), true),
            (Some("Max, Jane@Example.com"), true),
            (Some("Jane"), false),
        ];
        for (with, expected) in cases {
            assert_eq!(
                Contact::of(&touchpoint("outbound", None, with), is_known).is_executive,
                expected,
                "{with:?}"
            );
        }
        let review = Contact::of(&touchpoint("inbound", Some(" REVIEW "), None), is_known);
        assert!(review.is_review && review.is_inbound);
        assert!(!Contact::of(&touchpoint("outbound", Some("interview"), None), is_known).is_review);
    }

    #[test]
    fn a_day_with_several_unanswered_contacts_counts_once() {
        let contact = |on: i32, hour: i64, is_inbound| Contact {
            at: Instant::from_micros((i64::from(on) * 24 + hour) * 3_600_000_000),
            on: Day::from_number(on),
            is_inbound,
            is_review: false,
            is_executive: false,
        };
        let rows = [
            contact(1, 8, false),
            contact(2, 8, true),
            contact(2, 9, false),
            contact(2, 10, false),
            contact(5, 8, false),
        ];
        let of = |rows: &[Contact]| -> Vec<i32> {
            let days = unanswered(&Facts {
                rows,
                has_begun: true,
                day: Day::from_number(9),
                words: &Words::default(),
            });
            days.into_iter().map(Day::number).collect()
        };
        assert_eq!(of(&rows), [2, 5]);
        assert_eq!(of(&rows[..2]), [0; 0]);
        assert_eq!(of(&rows[..1]), [1]);
        // Only what comes after the last inbound contact is unanswered.
        assert_eq!(of(&[contact(2, 8, true), contact(2, 8, false)]), [0; 0]);
        assert_eq!(of(&[]), [0; 0]);
    }
}
