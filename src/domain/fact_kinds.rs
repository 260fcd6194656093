//! What exports say about customers besides events and contracts.

use super::company::CompanyKey;
use super::day::Day;
use super::fact::{FactIdentity, FactShape, When, declared};
use super::named::named;

/// A user of the product.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Person {
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

declared! {
    FactShape {
        kind: "nps",
        table: "nps_responses",
        identity: FactIdentity::IdIfAny("response_id"),
        creates_companies: true,
        day: Some("responded_on"),
        order: &[("responded_at", true), ("id", true)],
    };
    /// An answer to "how likely are you to recommend us?".
    #[derive(Debug, Clone, PartialEq, Eq, Hash)]
    NpsResponse {
        /// Who answered.
        person_id: Option<String> = "person_id", "person_id";
        /// 0 to 10.
        score: i64 = "score", "score";
        responded: When = "responded_on", "responded_at";
        comment: Option<String> = "comment", "comment";
        response_id: Option<String> = "response_id", "response_id";
    }
}

declared! {
    FactShape {
        kind: "tickets",
        table: "tickets",
        identity: FactIdentity::Id("ticket_id"),
        creates_companies: true,
        day: Some("opened_at"),
        order: &[("opened_at", true), ("ticket_id", false)],
    };
    /// A support request.
    #[derive(Debug, Clone, PartialEq, Eq)]
    Ticket {
        ticket_id: String = "ticket_id", "ticket_id";
        opened: When = "opened_at", "opened_at";
        closed: Option<When> = "closed_at", "closed_at";
        /// How urgent it is.
        priority: Option<String> = "priority", "priority";
        status: Option<String> = "status", "status";
        subject: Option<String> = "subject", "subject";
        /// The customer's satisfaction, in the words of the file.
        satisfaction: Option<String> = "satisfaction", "satisfaction";
    }
}

declared! {
    FactShape {
        kind: "invoices",
        table: "invoices",
        identity: FactIdentity::Id("invoice_id"),
        creates_companies: true,
        day: Some("due_on"),
        order: &[("due_on", true), ("invoice_id", false)],
    };
    /// An invoice.
    #[derive(Debug, Clone, PartialEq)]
    Invoice {
        invoice_id: String = "invoice_id", "invoice_id";
        due_on: Day = "due_on", "due_on";
        paid_on: Option<Day> = "paid_on", "paid_on";
        amount: Option<f64> = "amount", "amount";
        status: Option<String> = "status", "status";
    }
}

declared! {
    FactShape {
        kind: "touchpoints",
        table: "touchpoints",
        identity: FactIdentity::Columns,
        creates_companies: true,
        day: Some("occurred_at"),
        order: &[("occurred_at", true), ("id", true)],
    };
    /// A contact with the customer.
    #[derive(Debug, Clone, PartialEq, Eq, Hash)]
    Touchpoint {
        occurred: When = "occurred_at", "occurred_at";
        /// `inbound` or `outbound`.
        direction: String = "direction", "direction";
        channel: Option<String> = "channel", "channel";
        /// A `review` is a periodic business review.
        kind: Option<String> = "kind", "kind";
        /// Who took part: names, ids or e-mail addresses, separated by `;` or `,`, or the word
        /// `executive`.
        with: Option<String> = "with", "with_whom";
        subject: Option<String> = "subject", "subject";
    }
}

declared! {
    FactShape {
        kind: "goals",
        table: "goals",
        identity: FactIdentity::Columns,
        creates_companies: false,
        day: None,
        order: &[("due_on", false), ("event", false), ("id", false)],
    };
    /// Something that a company wants to have done by a day.
    #[derive(Debug, Clone, PartialEq, Eq, Hash)]
    Goal {
        /// The event that shows that it was done.
        event: String = "event", "event";
        /// The last day for it.
        due_on: Day = "due_on", "due_on";
        name: Option<String> = "name", "name";
    }
}

/// Calls a macro with every declared kind.
macro_rules! each_declared {
    ($call:ident) => {
        $call!(
            $crate::domain::fact_kinds::NpsResponse,
            $crate::domain::fact_kinds::Ticket,
            $crate::domain::fact_kinds::Invoice,
            $crate::domain::fact_kinds::Touchpoint,
            $crate::domain::fact_kinds::Goal
        );
    };
}
pub(crate) use each_declared;

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

    /// A member about whom only the name is known.
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

/// The type of the values of an attribute.
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
    use crate::domain::day::Instant;
    use crate::domain::fact::Declared;

    #[test]
    fn a_column_has_the_type_of_all_its_values() {
        let cases: [(&[&str], AttributeType); 8] = [
            (&[], AttributeType::Text),
            (&["1", "2.5", "-3"], AttributeType::Number),
            (&["0", "10", "-0.5", "120"], AttributeType::Number),
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

    #[test]
    fn a_fact_counts_on_the_day_that_its_kind_names() {
        let (company, on) = (CompanyKey(1), Day::from_number(9));
        let invoice = Invoice {
            invoice_id: "i".to_owned(),
            company,
            due_on: on,
            paid_on: Some(Day::from_number(12)),
            amount: None,
            status: None,
        };
        let response = NpsResponse {
            company,
            person_id: None,
            score: 7,
            responded: When { at: Instant::from_micros(0), on },
            comment: None,
            response_id: None,
        };
        let goal = Goal { company, event: "login".to_owned(), due_on: on, name: None };
        assert_eq!([invoice.day(), response.day(), goal.day()], [Some(on), Some(on), None]);
    }
}
