//! The steps of a command of which each is tried, whatever became of the others.

use anyhow::Result;

use crate::context::Context;
use crate::error::{self, CommandError, ErrorKind};

/// The most serious error so far.
#[derive(Debug, Default)]
pub(super) struct Steps {
    worst: Option<ErrorKind>,
}

impl Steps {
    /// Takes a step. Its error is printed and remembered.
    ///
    /// # Errors
    /// The error of the step, if it would affect the next ones too.
    pub(super) fn take(
        &mut self,
        context: &Context,
        step: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        let Err(error) = step() else { return Ok(()) };
        let Some(report) = error::report(&error) else { return Err(error) };
        if !ErrorKind::GRAVITY.contains(&report.kind) {
            return Err(error);
        }
        context.ui.failure(&report);
        self.note(report.kind);
        Ok(())
    }

    /// Remembers an error that was printed.
    fn note(&mut self, kind: ErrorKind) {
        self.worst = Some(self.worst.map_or(kind, |worst| worst.graver(kind)));
    }

    /// # Errors
    /// The most serious error of the steps, which was printed.
    pub(super) fn end(self) -> Result<()> {
        self.worst.map_or(Ok(()), |kind| Err(CommandError::reported(kind).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_serious_error_decides() {
        let cases = [
            (ErrorKind::SomeRowsRejected, ErrorKind::Undelivered, ErrorKind::Undelivered),
            (ErrorKind::InputRefused, ErrorKind::Stale, ErrorKind::InputRefused),
            (ErrorKind::Stale, ErrorKind::Undelivered, ErrorKind::Stale),
            (ErrorKind::Undelivered, ErrorKind::NotAllowed, ErrorKind::NotAllowed),
            (ErrorKind::NotAllowed, ErrorKind::Io, ErrorKind::Io),
            (ErrorKind::SomeRowsRejected, ErrorKind::Stale, ErrorKind::Stale),
        ];
        for (one, other, expected) in cases {
            for order in [[one, other], [other, one]] {
                let mut steps = Steps::default();
                order.into_iter().for_each(|kind| steps.note(kind));
                assert_eq!(steps.worst, Some(expected));
            }
        }
        assert!(Steps::default().end().is_ok());
    }
}
