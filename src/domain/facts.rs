//! What exports say about customers besides events and contracts.

use super::company::CompanyKey;
use super::day::{Day, Instant};
use super::named::named;

/// A point in time and its day in the time zone of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct When {
    /// The instant.
    pub at: Instant,
    /// The day.
    pub on: Day,
}

/// A user of the product.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Person {
    /// The id.
    pub person_id: String,
    /// Where the person works.
    pub company: Option<CompanyKey>,
    pub name: Option<String>,
    pub email: Option<String>,
    /// The person's role there.
    pub role: Option<String>,
    /// The day on which the person joined.
    pub created_on: Option<Day>,
}

/// An answer to "how likely are you to recommend us?".
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct NpsResponse {
    pub company: CompanyKey,
    /// Who answered.
    pub person_id: Option<String>,
    /// 0 to 10.
    pub score: i64,
    /// When.
    pub responded: When,
    /// What else was said.
    pub comment: Option<String>,
    /// Its id.
    pub response_id: Option<String>,
}

/// A support request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ticket {
    /// Its id.
    pub ticket_id: String,
    pub company: CompanyKey,
    /// When it was opened.
    pub opened: When,
    /// When it was closed.
    pub closed: Option<When>,
    /// How urgent it is.
    pub priority: Option<String>,
    /// Where it stands.
    pub status: Option<String>,
    /// What it is about.
    pub subject: Option<String>,
    /// The customer's satisfaction, in the words of the file.
    pub satisfaction: Option<String>,
}

impl Ticket {
    /// A ticket without any other details.
    pub(crate) fn new(ticket_id: String, company: CompanyKey, opened: When) -> Self {
        Ticket {
            ticket_id,
            company,
            opened,
            closed: None,
            priority: None,
            status: None,
            subject: None,
            satisfaction: None,
        }
    }
}

/// An invoice.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Invoice {
    /// Its id.
    pub invoice_id: String,
    pub company: CompanyKey,
    /// When it is due.
    pub due_on: Day,
    /// When it was paid.
    pub paid_on: Option<Day>,
    pub amount: Option<f64>,
    /// Where it stands.
    pub status: Option<String>,
}

/// A contact with the customer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Touchpoint {
    pub company: CompanyKey,
    /// When.
    pub occurred: When,
    /// `inbound` or `outbound`.
    pub direction: String,
    pub channel: Option<String>,
    /// The kind; a `review` is a periodic business review.
    pub kind: Option<String>,
    /// The people of the team who took part.
    pub with: Option<String>,
    /// What it was about.
    pub subject: Option<String>,
}

/// Something that a company wants to have done by a day.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Goal {
    pub company: CompanyKey,
    /// The event that shows it.
    pub event: String,
    /// The last day for it.
    pub due_on: Day,
    /// The name of the goal.
    pub name: Option<String>,
}

/// A person who looks after customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TeamMember {
    /// The name, as `csm` and `manager` of companies have it.
    pub name: String,
    /// `csm`, `manager` or `executive`.
    pub role: String,
    pub email: Option<String>,
    /// The member id in Slack.
    pub slack_id: Option<String>,
    /// The person's manager.
    pub manager: Option<String>,
    /// The types of signal to notify the person of at once, separated by `;`.
    pub realtime: String,
    /// Whether the person gets the daily digest.
    pub digest: bool,
    /// The first day on which the person is no longer in the team.
    pub left_on: Option<Day>,
}

impl TeamMember {
    /// The default types of signal to notify somebody of at once.
    pub(crate) const USUAL_REALTIME: &str = "bad";

    /// A member of whom only the name is known.
    pub(crate) fn new(name: String) -> Self {
        TeamMember {
            name,
            role: String::new(),
            email: None,
            slack_id: None,
            manager: None,
            realtime: TeamMember::USUAL_REALTIME.to_owned(),
            digest: false,
            left_on: None,
        }
    }
}

/// The type of a custom column of companies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AttributeType {
    Number,
    /// Days.
    Date,
    /// Any text.
    Text,
}
named!(AttributeType { Number = "number", Date = "date", Text = "text" });

impl AttributeType {
    /// The type of these values: number or date if all of them are, otherwise text.
    pub(crate) fn of<'v>(values: impl Iterator<Item = &'v str> + Clone) -> AttributeType {
        let is_number =
            |text: &str| text.parse::<f64>().is_ok_and(f64::is_finite) && !has_leading_zero(text);
        let mut values = values.peekable();
        if values.peek().is_none() {
            return AttributeType::Text;
        }
        if values.clone().all(is_number) {
            return AttributeType::Number;
        }
        if values.all(|text| text.parse::<Day>().is_ok()) {
            AttributeType::Date
        } else {
            AttributeType::Text
        }
    }
}

/// `00123` is an id and not a number.
fn has_leading_zero(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+']).as_bytes();
    digits.len() > 1 && digits[0] == b'0' && digits[1].is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_the_type_of_all_its_values() {
        let cases: [(&[&str], AttributeType); 7] = [
            (&[], AttributeType::Text),
            (&["1", "2.5", "-3"], AttributeType::Number),
            (&["1", "n"], AttributeType::Text),
            (&["2025-01-01", "2024-02-29"], AttributeType::Date),
            (&["2025-01-01", "5"], AttributeType::Text),
            (&["00123", "7"], AttributeType::Text),
            (&["inf"], AttributeType::Text),
        ];
        for (values, expected) in cases {
            assert_eq!(AttributeType::of(values.iter().copied()), expected, "{values:?}");
        }
    }
}
