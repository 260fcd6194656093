//! The contacts between a company and those who look after it.

use super::rows::number;
use super::{Attribute, Datum, Facts, Group, Of};
use crate::domain::day::{Day, Instant};
use crate::domain::facts::Touchpoint;

/// A contact, as far as attributes look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contact {
    /// When.
    pub at: Instant,
    /// On which day.
    pub on: Day,
    /// Whether the customer wrote or called.
    pub is_inbound: bool,
    /// Whether it was a periodic business review.
    pub is_review: bool,
    /// Whether it was with an executive of the customer.
    pub is_executive: bool,
}

impl Contact {
    /// The contact that a touchpoint tells of. `is_executive` says whether a name, id or address in small letters is that of one
    /// of the company's people whose role contains `executive`.
    pub fn of(touchpoint: &Touchpoint, is_executive: impl Fn(&str) -> bool) -> Self {
        let is_word =
            |text: &Option<String>, word: &str| text.as_ref().is_some_and(|t| t.trim().eq_ignore_ascii_case(word));
        let with = touchpoint.with.as_deref().unwrap_or_default().trim().to_lowercase();
        // A name may have a comma of its own: `Doe, Jane`.
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
    facts.rows.iter().rfind(|contact| is_wanted(contact)).map(|contact| facts.day - contact.on).into()
}

/// The days of outbound contacts since the customer was last heard of.
fn unanswered(facts: &Contacts<'_>) -> Vec<Day> {
    let heard = facts.rows.iter().rfind(|contact| contact.is_inbound).map(|contact| contact.at);
    let since = |contact: &&Contact| !contact.is_inbound && heard.is_none_or(|heard| contact.at > heard);
    let mut days: Vec<Day> = facts.rows.iter().filter(since).map(|contact| contact.on).collect();
    days.dedup();
    days
}

const fn of(value: fn(&Contacts<'_>) -> Datum) -> Of {
    Of::Contacts(value)
}

use Group::Engagement as E;

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
        "since the customer was last heard of",
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
