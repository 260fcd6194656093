//! The decisions, as pure functions: facts and an as-of date in, decisions out.
//!
//! Nothing here knows SQL, the command line, files, the environment or the clock, so every decision
//! can be read, tested and replayed for a past day.

pub(crate) mod adoption;
pub(crate) mod agenda;
pub(crate) mod attributes;
pub(crate) mod backtest;
pub(crate) mod chance;
pub(crate) mod channel;
pub(crate) mod company;
pub(crate) mod company_link;
pub(crate) mod condition;
pub(crate) mod counts;
pub(crate) mod customer;
pub(crate) mod datum;
pub(crate) mod day;
pub(crate) mod evidence;
pub(crate) mod fact;
pub(crate) mod fact_kinds;
pub(crate) mod finding;
pub(crate) mod health;
pub(crate) mod interval;
pub(crate) mod lists;
pub(crate) mod loss;
pub(crate) mod metric;
pub(crate) mod named;
pub(crate) mod notify;
pub(crate) mod outage;
pub(crate) mod playbook;
pub(crate) mod portfolio;
pub(crate) mod presence;
pub(crate) mod preset;
pub(crate) mod pulse;
pub(crate) mod reason;
pub(crate) mod retention;
pub(crate) mod rule;
pub(crate) mod signal;
pub(crate) mod similar_names;
pub(crate) mod source;
pub(crate) mod spans;
pub(crate) mod spreadsheet;
pub(crate) mod success_score;
pub(crate) mod task;
pub(crate) mod team;
pub(crate) mod trend;
pub(crate) mod words;
pub(crate) mod zone;

/// The import kind for events.
pub(crate) const EVENTS: &str = "events";
/// The kind of files of acknowledgements.
pub(crate) const ACKS: &str = "acks";

/// The import kind for counts of events from files.
pub(crate) const COUNTS: &str = "counts";

/// The import kind for the people of days that were imported as counts.
pub(crate) const COUNTED_PEOPLE: &str = "counts of people";

/// The import kind for counts pulled from a source.
pub(crate) const PULL: &str = "pull";
