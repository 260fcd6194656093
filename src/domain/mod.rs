//! The decisions, as pure functions: facts and an as-of date in, decisions out.
//!
//! Nothing here knows SQL, the command line, files, the environment or the clock, so every decision
//! can be read, tested and replayed for a past day.

pub mod adoption;
pub mod agenda;
pub mod attributes;
pub mod backtest;
pub mod chance;
pub mod company;
pub mod company_link;
pub mod condition;
pub mod counts;
pub mod customer;
pub mod day;
pub mod facts;
pub mod finding;
pub mod health;
pub mod interval;
pub mod loss;
pub mod metric;
pub(crate) mod named;
pub mod notify;
pub mod outage;
pub mod playbook;
pub mod portfolio;
pub mod presence;
pub mod preset;
pub mod pulse;
pub mod reason;
pub mod retention;
pub mod rule;
pub mod signal;
pub mod similar_names;
pub mod source;
pub mod spans;
pub mod spreadsheet;
pub mod task;
pub mod team;
pub mod trend;
pub mod words;

/// The import kind for events.
pub const EVENTS: &str = "events";

/// The import kind for counts of events from files.
pub const COUNTS: &str = "counts";

/// The import kind for the people of days that were imported as counts.
pub const COUNTED_PEOPLE: &str = "counts of people";

/// The import kind for counts pulled from a source.
pub const PULL: &str = "pull";
