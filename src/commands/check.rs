//! `signals check`: whether the database is intact.

use anyhow::Result;
use clap::Args;

use crate::context::Context;
use crate::error::{CommandError, ErrorKind};
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
        let problems = context.reader()?.problems()?;
        if problems.is_empty() {
            context.ui.note("the database is sound");
            return Ok(());
        }
        for problem in &problems {
            context.ui.data(format!("{}\n", for_terminal(problem)))?;
        }
        let message = format!("the database is damaged in {} places", problems.len());
        Err(CommandError::new(ErrorKind::Damaged, message).hint("restore the newest backup").into())
    }
}
