//! What a rule saw when it raised a signal.

use std::collections::BTreeMap;

use super::day::Day;
use super::signal::Comparison;
use super::trend::TrendEvidence;

/// What a rule found when it raised a signal. It is stored with the signal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Evidence {
    /// What a trend rule compared.
    Trend(TrendEvidence),
    /// The use or the goal that an adoption rule expected, and when it happened.
    Adoption(Adoption),
    /// The values that a condition read.
    Condition(ConditionEvidence),
}

impl Evidence {
    /// The evidence of a trend rule.
    pub(crate) fn trend(&self) -> Option<&TrendEvidence> {
        match self {
            Evidence::Trend(evidence) => Some(evidence),
            _ => None,
        }
    }

    /// The windows and counts of a trend rule.
    pub(crate) fn comparison(&self) -> Option<&Comparison> {
        self.trend().map(|evidence| &evidence.comparison)
    }

    /// The probability that chance alone causes the change.
    pub(crate) fn chance(&self) -> Option<f64> {
        self.trend().and_then(|evidence| evidence.chance)
    }

    /// The expected count, if a trend rule compares with one.
    pub(crate) fn expected(&self) -> Option<f64> {
        self.trend().and_then(|evidence| evidence.reference).map(|reference| reference.expected)
    }

    /// The factor that divided the counts to compute the chance.
    pub(crate) fn spread(&self) -> Option<f64> {
        self.trend().and_then(|evidence| evidence.spread).map(|spread| spread.factor)
    }

    /// The evidence of an adoption rule.
    pub(crate) fn adoption(&self) -> Option<&Adoption> {
        match self {
            Evidence::Adoption(adoption) => Some(adoption),
            _ => None,
        }
    }

    /// The evidence of a condition rule.
    pub(crate) fn condition(&self) -> Option<&ConditionEvidence> {
        match self {
            Evidence::Condition(reading) => Some(reading),
            _ => None,
        }
    }
}

/// Something that a company is meant to do, and when it first did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Adoption {
    /// The event that shows it.
    pub event: String,
    /// Whether it is a goal of one company rather than a rule for all companies.
    pub is_goal: bool,
    /// The name of the goal.
    pub goal: Option<String>,
    /// The day from which the deadline is counted; `None` for goals and if it is unknown.
    pub started_on: Option<Day>,
    /// The deadline; `None` if there is none.
    pub due_on: Option<Day>,
    /// The day of the first such event.
    pub done_on: Option<Day>,
}

impl Adoption {
    /// Whether it was done by its deadline, or at any time if there is no deadline.
    pub(crate) fn is_in_time(&self) -> bool {
        self.done_on.is_some_and(|done| self.due_on.is_none_or(|due| done <= due))
    }
}

/// What a condition read when it was true.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ConditionEvidence {
    /// The value of the rule's key, as text; `None` if it is null or there is no key.
    pub key: Option<String>,
    /// The values of the attributes that the expression names.
    pub values: BTreeMap<String, ReadValue>,
}

/// The value of an attribute that a condition read. It is exact in JSON; as text, a number has at
/// most two decimals.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub(crate) enum ReadValue {
    /// Unknown.
    Null,
    Whole(i64),
    /// Another number.
    Number(f64),
    /// A text or a day.
    Text(String),
}

impl std::fmt::Display for ReadValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ReadValue::Null => f.write_str("unknown"),
            ReadValue::Whole(number) => number.fmt(f),
            // The sum turns -0 into 0.
            ReadValue::Number(number) => ((number * 100.0).round() / 100.0 + 0.0).fmt(f),
            ReadValue::Text(text) => f.write_str(text),
        }
    }
}
