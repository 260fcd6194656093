//! The list of companies and one company.

use std::cmp::Ordering;

use crate::domain::facts::AttributeType;
use crate::render::{self, Align, TextTable, Value};
use crate::store::CompanyDetails;

/// The fields that every company has, in order; the columns of its own file follow.
pub const FIELDS: [&str; 23] = [
    "company_id",
    "name",
    "csm",
    "manager",
    "lifecycle_stage",
    "segment",
    "plan",
    "product",
    "mrr",
    "created_on",
    "crm_created_on",
    "renewal_on",
    "renewal_term_days",
    "payment_expires_on",
    "seats",
    "seats_used",
    "churned_on",
    "bad_open_signals",
    "bad_closed_signals",
    "good_open_signals",
    "good_closed_signals",
    "first_event_on",
    "last_event_on",
];

/// The value of a field of [`FIELDS`], or of a column of the company's own file; `None` for a field that does not exist.
pub fn value<'a>(details: &'a CompanyDetails, field: &str) -> Option<Value<'a>> {
    let (company, signals) = (&details.company, &details.signals);
    Some(match field {
        "company_id" => (&company.company_id).into(),
        "name" => company.name.as_ref().into(),
        "csm" => company.csm.as_ref().into(),
        "manager" => company.manager.as_ref().into(),
        "lifecycle_stage" => company.lifecycle_stage.as_ref().into(),
        "segment" => company.segment.as_ref().into(),
        "plan" => company.plan.as_ref().into(),
        "product" => company.product.as_ref().into(),
        "mrr" => company.mrr.into(),
        "created_on" => company.created_on.into(),
        "crm_created_on" => company.crm_created_on.into(),
        "renewal_on" => company.renewal_on.into(),
        "renewal_term_days" => company.renewal_term_days.into(),
        "payment_expires_on" => company.payment_expires_on.into(),
        "seats" => company.seats.into(),
        "seats_used" => company.seats_used.into(),
        "churned_on" => company.churned_on.into(),
        "bad_open_signals" => signals.bad_open.into(),
        "bad_closed_signals" => signals.bad_closed.into(),
        "good_open_signals" => signals.good_open.into(),
        "good_closed_signals" => signals.good_closed.into(),
        "first_event_on" => details.first_event_on.into(),
        "last_event_on" => details.last_event_on.into(),
        _ => return details.attributes.get(field).map(|text| attribute(text, details.attribute_types.get(field))),
    })
}

/// The value of a company's own column, as a number where all companies have numbers there.
fn attribute<'a>(text: &'a str, attribute_type: Option<&AttributeType>) -> Value<'a> {
    match (attribute_type, text.parse::<i64>(), text.parse::<f64>()) {
        (Some(AttributeType::Number), Ok(whole), _) => Value::Whole(whole),
        (Some(AttributeType::Number), _, Ok(number)) => Value::Number(number),
        _ => text.into(),
    }
}

/// The values of several fields; unknown where there is no such field.
pub fn values<'a>(details: &'a CompanyDetails, fields: &[&str]) -> Vec<Value<'a>> {
    fields.iter().map(|field| value(details, field).unwrap_or(Value::Null)).collect()
}

/// The columns of the list that people see unless they ask for others.
pub const USUAL_COLUMNS: [&str; 8] = [
    "company_id",
    "name",
    "csm",
    "bad_open_signals",
    "bad_closed_signals",
    "good_open_signals",
    "good_closed_signals",
    "last_event_on",
];

/// The heading of a column for people, and on which side it lines up.
fn heading(field: &str) -> (&str, Align) {
    match field {
        "bad_open_signals" => ("bad open", Align::Right),
        "bad_closed_signals" => ("bad closed", Align::Right),
        "good_open_signals" => ("good open", Align::Right),
        "good_closed_signals" => ("good closed", Align::Right),
        "mrr" | "seats" | "seats_used" | "renewal_term_days" => (field, Align::Right),
        "last_event_on" => ("last event", Align::Left),
        "first_event_on" => ("first event", Align::Left),
        "company_id" => ("company", Align::Left),
        _ => (field, Align::Left),
    }
}

/// The table of companies for people.
pub fn table(companies: &[CompanyDetails], columns: &[&str]) -> TextTable {
    let mut table = TextTable::new(columns.iter().map(|field| heading(field)));
    for details in companies {
        table.row(columns.iter().map(|field| text(value(details, field).unwrap_or(Value::Null))));
    }
    table
}

fn text(value: Value<'_>) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Text(text) => text.into_owned(),
        Value::Whole(number) if number >= 0 => render::thousands(number.unsigned_abs()),
        Value::Whole(number) => number.to_string(),
        Value::Number(number) => format!("{number:.2}"),
        Value::Flag(flag) => flag.to_string(),
        Value::Nested(nested) => nested.to_string(),
    }
}

/// What is known of a company, name by name, the unknown left out.
pub fn known(details: &CompanyDetails) -> Vec<(&str, String)> {
    let fields = FIELDS.iter().copied().filter(|field| !field.ends_with("_signals"));
    let own = fields.filter_map(|field| match value(details, field) {
        Some(Value::Null) | None => None,
        Some(value) => Some((field, text(value))),
    });
    // What a company's own columns hold is printed as it came: a customer number is no quantity.
    own.chain(details.attributes.iter().map(|(name, text)| (name.as_str(), text.clone()))).collect()
}

/// How many signals a company has, in words.
pub fn signals_text(details: &CompanyDetails) -> String {
    let signals = &details.signals;
    format!(
        "{} bad open, {} bad closed, {} good open, {} good closed",
        signals.bad_open, signals.bad_closed, signals.good_open, signals.good_closed
    )
}

/// Compares two values for a sorted list: the unknown last, numbers by size, text A to Z.
pub fn compare(a: &Value<'_>, b: &Value<'_>) -> Ordering {
    match (a, b) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Greater,
        (_, Value::Null) => Ordering::Less,
        (Value::Whole(a), Value::Whole(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => a.total_cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Whole(a), Value::Number(b)) => (*a as f64).total_cmp(b),
        (Value::Number(a), Value::Whole(b)) => a.total_cmp(&(*b as f64)),
        _ => text(a.clone()).cmp(&text(b.clone())),
    }
}
