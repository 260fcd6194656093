//! A source: a database with events, from which counts are pulled.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Engine {
    /// PostgreSQL, and databases that speak its protocol.
    Postgres,
    /// ClickHouse over HTTP.
    ClickHouse,
}

impl Engine {
    /// The name in the configuration.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Engine::Postgres => "postgres",
            Engine::ClickHouse => "clickhouse",
        }
    }
}

impl FromStr for Engine {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "postgres" => Ok(Engine::Postgres),
            "clickhouse" => Ok(Engine::ClickHouse),
            _ => Err(format!("'{text}' is not an engine: postgres or clickhouse")),
        }
    }
}

/// Where the events are in a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Rows {
    /// A table or a view, optionally with its schema: `schema.table`.
    Relation(String),
    Query(String),
}

/// The names of the columns of the events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Columns {
    pub company_id: String,
    pub event: String,
    pub at: String,
    pub person_id: String,
    /// The event's own id, if only distinct events count.
    pub event_id: Option<String>,
}

impl Default for Columns {
    fn default() -> Self {
        let [company_id, event, at, person_id] =
            ["company_id", "event", "at", "person_id"].map(str::to_owned);
        Columns { company_id, event, at, person_id, event_id: None }
    }
}

/// A source, as it is configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PullSource {
    pub name: String,
    pub engine: Engine,
    /// The URL, which never contains a password.
    pub url: String,
    pub rows: Rows,
    pub columns: Columns,
    /// Whether times without a zone are in UTC; otherwise they are refused.
    pub at_is_utc: bool,
    /// The number of the latest known days that each pull reads again.
    pub late_days: u16,
    /// The number of days, up to the last one pulled, whose people are kept.
    pub people_days: u16,
    /// The longest time that a query may take.
    pub timeout: Timeout,
}

/// The default of [`PullSource::late_days`].
pub(crate) const USUAL_LATE_DAYS: u16 = 7;
/// The default of [`PullSource::people_days`].
pub(crate) const USUAL_PEOPLE_DAYS: u16 = 60;

/// A duration in seconds; as text `90s`, `10m`, `2h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Timeout(pub u32);

impl Default for Timeout {
    fn default() -> Self {
        Timeout(10 * 60)
    }
}

impl FromStr for Timeout {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("'{text}' is not a time between 1s and 24h; write it like 90s, 10m or 2h");
        let digits = text.find(|char: char| !char.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, unit) = text.split_at(digits);
        let unit = match unit.trim() {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            _ => return Err(wrong()),
        };
        let seconds = number.parse::<u32>().ok().and_then(|number| number.checked_mul(unit));
        seconds.filter(|seconds| (1..=24 * 3600).contains(seconds)).map(Timeout).ok_or_else(wrong)
    }
}

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            hours if hours % 3600 == 0 => write!(f, "{}h", hours / 3600),
            minutes if minutes % 60 == 0 => write!(f, "{}m", minutes / 60),
            seconds => write!(f, "{seconds}s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_is_named_as_in_the_configuration() {
        for (text, engine) in [("postgres", Engine::Postgres), ("clickhouse", Engine::ClickHouse)] {
            assert_eq!((text.parse(), engine.as_str()), (Ok(engine), text));
        }
        assert!("PostgreSQL".parse::<Engine>().is_err());
    }

    #[test]
    fn a_timeout_is_a_number_with_its_unit() {
        for (text, seconds) in [("90s", 90), ("10m", 600), ("2h", 7200), ("24h", 86_400)] {
            let timeout: Timeout = text.parse().unwrap();
            assert_eq!((timeout.0, timeout.to_string().as_str()), (seconds, text));
        }
        for text in ["", "10", "0s", "25h", "m", "-1s", "1d", "9999999999s"] {
            assert!(text.parse::<Timeout>().is_err(), "{text}");
        }
    }
}
