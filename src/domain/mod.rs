//! The decisions, as pure functions: facts and an as-of date in, decisions out.
//!
//! Nothing here knows SQL, the command line, files, the environment or the clock, so everything can
//! be read, tested and replayed for a day long past.

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
pub mod spreadsheet;
pub mod task;
pub mod team;
pub mod trend;
pub mod words;

/// The kind of import that brings events.
pub const EVENTS: &str = "events";

/// The kind of import that brings counts of events from files.
pub const COUNTS: &str = "counts";

/// The kind under which files of counts record the people of days.
pub const COUNTED_PEOPLE: &str = "counts of people";

/// The kind under which counts are recorded that were pulled from a source.
pub const PULL: &str = "pull";
