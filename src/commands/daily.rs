//! `signals daily`: import, run and notify in one, for a single line in cron.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::import::Import;
use super::notify::Send;
use super::options::FormatOption;
use super::run::Run;
use crate::context::Context;
use crate::error::{self, CommandError, ErrorKind};
use crate::render::Format;

/// Import files, run the days that are due, and tell people: one line for cron.
#[derive(Debug, Args)]
#[command(after_help = "\
Each step is done even if the one before had something to complain of; the exit code is that of the
gravest complaint. The database must exist: a mistyped path must not look healthy.

Examples:
  signals daily
  signals daily events.csv companies.csv")]
pub struct Daily {
    /// Files to import first, as `signals import` takes them
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// The kinds of failure that steps go on after, and those that end them, from the gravest to the
/// least. Rejected rows, which are not here, come last of all.
const GRAVITY: [ErrorKind; 11] = [
    ErrorKind::Bug,
    ErrorKind::Damaged,
    ErrorKind::Io,
    ErrorKind::NoDatabase,
    ErrorKind::Busy,
    ErrorKind::Other,
    ErrorKind::Usage,
    ErrorKind::NotAllowed,
    ErrorKind::InputRefused,
    ErrorKind::Stale,
    ErrorKind::Undelivered,
];

impl Daily {
    /// Does the steps.
    ///
    /// # Errors
    /// The gravest of what the steps fail with, which has been told by then.
    pub fn run(self, context: &Context) -> Result<()> {
        context.writer()?;
        let format = FormatOption { format: Format::Table };
        let mut worst = None;
        if !self.files.is_empty() {
            step(context, &mut worst, || Import::usual(self.files).run(context))?;
        }
        step(context, &mut worst, || Run::usual(format).run(context))?;
        step(context, &mut worst, || Send::usual(format).run(context))?;
        worst.map_or(Ok(()), |kind| Err(CommandError::reported(kind).into()))
    }
}

/// Does a step. What it complains of is told and remembered; a failure that would befall the next
/// steps too ends all.
fn step(
    context: &Context,
    worst: &mut Option<ErrorKind>,
    work: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let Err(error) = work() else { return Ok(()) };
    let Some(report) = error::report(&error) else { return Err(error) };
    let goes_on = [
        ErrorKind::SomeRowsRejected,
        ErrorKind::InputRefused,
        ErrorKind::Usage,
        ErrorKind::NotAllowed,
        ErrorKind::Stale,
        ErrorKind::Undelivered,
        ErrorKind::Io,
        ErrorKind::Other,
    ];
    if !goes_on.contains(&report.kind) {
        return Err(error);
    }
    context.ui.failure(&report);
    *worst = Some(worst.map_or(report.kind, |known| graver(known, report.kind)));
    Ok(())
}

fn graver(one: ErrorKind, other: ErrorKind) -> ErrorKind {
    let rank =
        |kind: ErrorKind| GRAVITY.iter().position(|known| *known == kind).unwrap_or(GRAVITY.len());
    if rank(other) < rank(one) { other } else { one }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_complaint_decides() {
        let cases = [
            (ErrorKind::SomeRowsRejected, ErrorKind::Undelivered, ErrorKind::Undelivered),
            (ErrorKind::InputRefused, ErrorKind::Stale, ErrorKind::InputRefused),
            (ErrorKind::Stale, ErrorKind::Undelivered, ErrorKind::Stale),
            (ErrorKind::Undelivered, ErrorKind::NotAllowed, ErrorKind::NotAllowed),
            (ErrorKind::SomeRowsRejected, ErrorKind::Stale, ErrorKind::Stale),
        ];
        for (one, other, expected) in cases {
            assert_eq!(graver(one, other), expected);
            assert_eq!(graver(other, one), expected);
        }
    }
}
