//! `signals check`: whether the database is intact.

use anyhow::Result;
use clap::Args;

use crate::context::Context;
use crate::error::{self, CommandError, ErrorKind};
use crate::render::escape::for_terminal;

/// Check that the database is sound: SQLite's integrity, foreign keys, day counts against events,
/// signal history.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  signals check || mail -s 'the signals database is damaged' ops@example.com"
)]
pub(crate) struct Check {}

impl Check {
    /// Runs all checks and lists the problems.
    ///
    /// # Errors
    /// Any problem (exit 7).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        let problems = context.reader().and_then(|store| store.problems()).map_err(unreadable)?;
        if problems.is_empty() {
            context.ui.note("the database is sound");
            return Ok(());
        }
        for problem in &problems {
            context.ui.data(format!("{}\n", for_terminal(problem)))?;
        }
        Err(damaged(format!("the database is damaged in {} places", problems.len())).into())
    }
}

/// The error of a database that is too damaged to be checked.
fn unreadable(error: anyhow::Error) -> anyhow::Error {
    match error::report(&error) {
        Some(report) if report.kind == ErrorKind::Damaged => damaged(report.message).into(),
        _ => error,
    }
}

/// Damage; the usual hint at this command would lead nowhere.
fn damaged(message: String) -> CommandError {
    CommandError::new(ErrorKind::Damaged, message).hint("restore the newest backup")
}
