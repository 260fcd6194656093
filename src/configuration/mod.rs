//! The configuration as one text file that people edit and keep under version control.
//!
//! [`Document`] parses the TOML and remembers the line of each key for error messages. [`Block`] is
//! one configured object, from a file or the database, so that the two can be compared key by key.
//! [`write()`] formats blocks as a person would. `commands::config` has a module for each section,
//! which defines the keys.

mod block;
mod document;
mod write;

pub(crate) use block::{Block, Difference};
pub(crate) use document::{ConfigError, ConfigTable, Document, place};
pub(crate) use write::write;
