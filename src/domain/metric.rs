//! Metrics: attributes that the user defined.

use std::fmt;
use std::ops::RangeInclusive;

use super::named::named;

/// An attribute that the user defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Metric {
    /// Its name as an attribute.
    pub name: String,
    /// How to compute its value.
    pub definition: MetricDefinition,
}

/// How to compute the value of a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MetricDefinition {
    /// Counted from events.
    Counted {
        event: String,
        measure: MetricMeasure,
        /// Over how many days up to the as-of date; one of [`DAYS`].
        days: u16,
    },
    /// Computed from other attributes.
    Formula(String),
}

/// The number of days that a metric may cover.
pub(crate) const DAYS: RangeInclusive<u16> = 1..=3650;

/// The default number of days of a metric.
pub(crate) const USUAL_DAYS: u16 = 28;

/// What to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MetricMeasure {
    /// Events.
    Count,
    /// Distinct people.
    People,
    /// Days since the last event.
    DaysSince,
}
named!(MetricMeasure { Count = "count", People = "people", DaysSince = "days-since" });

impl MetricMeasure {
    /// The unit of its values.
    pub(crate) fn unit(self) -> &'static str {
        match self {
            MetricMeasure::Count => "events",
            MetricMeasure::People => "people",
            MetricMeasure::DaysSince => "days",
        }
    }
}

impl fmt::Display for MetricDefinition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MetricDefinition::Counted { event, measure: MetricMeasure::Count, days } => {
                write!(f, "{event}: events in the last {days} days")
            }
            MetricDefinition::Counted { event, measure: MetricMeasure::People, days } => {
                write!(f, "{event}: people in the last {days} days")
            }
            MetricDefinition::Counted { event, measure: MetricMeasure::DaysSince, days } => {
                write!(f, "{event}: days since the last one, of the last {days} days")
            }
            MetricDefinition::Formula(formula) => write!(f, "= {formula}"),
        }
    }
}

/// Whether `name` can be the name of a metric: letters, digits and `_`, beginning with a letter.
/// Expressions ignore case.
pub(crate) fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic()) && name.chars().all(is_part)
}

/// A name for a metric about `text`: every character that a name cannot have becomes `_`.
pub(crate) fn name_of(text: &str) -> String {
    text.chars().map(|char| if is_part(char) { char } else { '_' }).collect()
}

fn is_part(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_metrics_need_no_quotes_in_sql() {
        let cases = [
            ("reports_30d", true),
            ("r", true),
            ("30d", false),
            ("_x", false),
            ("Reports", true),
            ("réports", false),
            ("a-b", false),
            ("", false),
        ];
        for (name, expected) in cases {
            assert_eq!(is_name(name), expected, "{name}");
        }
        assert_eq!(name_of("Report.Exported: PDF"), "Report_Exported__PDF");
        assert_eq!(name_of("export_ü"), "export__");
    }

    #[test]
    fn a_metric_counts_events_people_or_days() {
        let measures = [MetricMeasure::Count, MetricMeasure::People, MetricMeasure::DaysSince];
        assert_eq!(measures.map(MetricMeasure::unit), ["events", "people", "days"]);
    }
}
