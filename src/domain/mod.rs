//! The decisions, as pure functions: facts and an as-of date in, decisions out.
//!
//! Nothing here knows SQL, the command line, files, the environment or the clock, so everything can be read, tested
//! and replayed for a day long past.

pub mod chance;
pub mod company;
pub mod customer;
pub mod day;
pub mod facts;
pub mod notify;
pub mod rule;
pub mod signal;
pub mod spreadsheet;
pub mod trend;

/// The kind of import that brings events.
pub const EVENTS: &str = "events";
