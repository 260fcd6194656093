//! What is configured, as one text file that people write and keep under version control.
//!
//! A file is TOML. [`Document`] reads it and remembers on which line everything stands, so that
//! each error is told with its place; [`Block`] is one thing that is configured, whether it comes
//! from a file or from the database, so that two of them can be compared key by key; [`write()`]
//! writes blocks as a person would. What the keys of each section mean is the business of
//! `commands::config`, which has a module for each.

mod block;
mod document;
mod write;

pub(crate) use block::{Block, Difference, Value};
pub(crate) use document::{ConfigError, Document, Table};
pub(crate) use write::write;
