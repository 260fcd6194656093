//! Errors and their exit codes, which are assigned only here.
//!
//! Inside the program errors are [`anyhow::Error`]. One that a script must be able to distinguish
//! is a [`CommandError`] of some [`ErrorKind`]; an error of SQLite or the operating system gets its
//! kind here, from its code.

use std::fmt;
use std::io;

use rusqlite::Error::{FromSqlConversionFailure, InvalidColumnType};
use rusqlite::{ErrorCode, ffi};

/// The kinds of errors that scripts can distinguish; [`ErrorKind::ALL`] explains them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    Other,
    Usage,
    SomeRowsRejected,
    InputRefused,
    Busy,
    NoDatabase,
    Damaged,
    Io,
    NotAllowed,
    Undelivered,
    Stale,
    Bug,
    Interrupted,
    Terminated,
}

impl ErrorKind {
    /// Every kind with its exit code and meaning, as printed in `docs/exit-codes.md`.
    pub const ALL: [(ErrorKind, u8, &'static str); 14] = [
        (ErrorKind::Other, 1, "other failure"),
        (ErrorKind::Usage, 2, "usage: the command line makes no sense"),
        (ErrorKind::SomeRowsRejected, 3, "done, some rows rejected"),
        (ErrorKind::InputRefused, 4, "input refused, nothing written"),
        (ErrorKind::Busy, 5, "database busy"),
        (ErrorKind::NoDatabase, 6, "no such database, not ours, or newer than this program"),
        (ErrorKind::Damaged, 7, "database damaged"),
        (ErrorKind::Io, 8, "disk full, read-only, or an I/O error"),
        (ErrorKind::NotAllowed, 9, "refused: configuration, or not allowed in this state"),
        (ErrorKind::Undelivered, 10, "some notifications not delivered"),
        (ErrorKind::Stale, 12, "stale data"),
        (ErrorKind::Bug, 70, "a bug in signals"),
        (ErrorKind::Interrupted, 130, "interrupted by Ctrl-C"),
        (ErrorKind::Terminated, 143, "stopped by a termination signal"),
    ];

    /// The kinds of errors that concern one step or file of several, from the most to the least
    /// serious. All others would affect the next ones too.
    pub(crate) const GRAVITY: [ErrorKind; 9] = [
        ErrorKind::Io,
        ErrorKind::Busy,
        ErrorKind::Other,
        ErrorKind::Usage,
        ErrorKind::NotAllowed,
        ErrorKind::InputRefused,
        ErrorKind::Stale,
        ErrorKind::Undelivered,
        ErrorKind::SomeRowsRejected,
    ];

    pub(crate) fn graver(self, other: ErrorKind) -> ErrorKind {
        ErrorKind::GRAVITY.into_iter().find(|kind| [self, other].contains(kind)).unwrap_or(self)
    }

    pub fn exit_code(self) -> u8 {
        ErrorKind::ALL.iter().find(|(kind, ..)| *kind == self).map_or(70, |(_, code, _)| *code)
    }
}

/// An error that the user sees: its kind, what happened and where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandError {
    pub(crate) kind: ErrorKind,
    /// Empty if the error was already printed.
    pub(crate) message: String,
    pub(crate) hints: Vec<String>,
}

impl CommandError {
    /// Creates an error; `message` says what is wrong and where, without a full stop.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        CommandError { kind, message: message.into(), hints: Vec::new() }
    }

    /// Adds advice on what to do, ideally a command to paste.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// An error that was already printed: it only sets the exit code.
    pub fn reported(kind: ErrorKind) -> Self {
        CommandError::new(kind, "")
    }

    pub fn of_kind(self, kind: ErrorKind) -> Self {
        CommandError { kind, ..self }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CommandError {}

/// An invalid command line (exit 2).
pub(crate) fn usage(message: impl Into<String>) -> CommandError {
    CommandError::new(ErrorKind::Usage, message)
}

/// Something that is not allowed in this state (exit 9).
pub(crate) fn not_allowed(message: impl Into<String>) -> CommandError {
    CommandError::new(ErrorKind::NotAllowed, message)
}

/// A database with contents that this program never writes (exit 7).
pub(crate) fn damaged(message: impl Into<String>) -> CommandError {
    with_hint(CommandError::new(ErrorKind::Damaged, message))
}

/// An input that is refused as a whole (exit 4).
pub(crate) fn refused(message: impl Into<String>) -> CommandError {
    CommandError::new(ErrorKind::InputRefused, message)
}

/// The system cannot start a thread (exit 1).
pub(crate) fn no_thread(error: &io::Error) -> CommandError {
    CommandError::new(ErrorKind::Other, format!("cannot start a thread: {error}"))
        .hint("check the limits on processes and memory (ulimit -a)")
}

/// Summarizes an error for the user. `None`: the reader of a pipe has closed it, which is not an
/// error.
pub(crate) fn report(error: &anyhow::Error) -> Option<CommandError> {
    if is_closed_pipe(error) {
        return None;
    }
    let failure = error.chain().find_map(|cause| cause.downcast_ref::<CommandError>());
    if let Some(failure) = failure {
        let is_reported = failure.message.is_empty();
        let message = if is_reported { String::new() } else { chain_text(error) };
        return Some(CommandError { message, ..failure.clone() });
    }
    let kind = error.chain().find_map(kind_of_cause).unwrap_or(ErrorKind::Other);
    Some(with_hint(CommandError::new(kind, chain_text(error))))
}

pub(crate) fn panic_report(panic: &(dyn std::any::Any + Send)) -> CommandError {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("unknown");
    with_hint(CommandError::new(ErrorKind::Bug, format!("signals made a mistake: {text}")))
}

fn chain_text(error: &anyhow::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    // Below each error of SQLite is its code, which says the same.
    let causes = error.chain().filter(|cause| !cause.is::<ffi::Error>());
    for part in causes.map(ToString::to_string) {
        if !part.is_empty() && !parts.last().is_some_and(|last| last.contains(&part)) {
            parts.push(part);
        }
    }
    parts.join(": ")
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn kind_of_cause(cause: &(dyn std::error::Error + 'static)) -> Option<ErrorKind> {
    let Some(error) = cause.downcast_ref::<rusqlite::Error>() else {
        return cause.downcast_ref::<io::Error>().map(|_| ErrorKind::Io);
    };
    Some(match error.sqlite_error() {
        Some(code) if shows_damage(code, &error.to_string()) => ErrorKind::Damaged,
        Some(code) => kind_of_sqlite(code.code),
        // A value of the wrong type for its column: somebody else has written to the database.
        None if matches!(error, FromSqlConversionFailure(..) | InvalidColumnType(..)) => {
            ErrorKind::Damaged
        }
        None => ErrorKind::Bug,
    })
}

/// Whether only damage explains an SQLite error without a code for damage: an index that lacks a
/// row, malformed stored JSON, a missing table. The program's statements are the same for every
/// database.
fn shows_damage(error: &ffi::Error, message: &str) -> bool {
    let broken_keys = [
        ffi::SQLITE_CONSTRAINT_UNIQUE,
        ffi::SQLITE_CONSTRAINT_PRIMARYKEY,
        ffi::SQLITE_CONSTRAINT_ROWID,
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY,
    ];
    let broken_content = ["malformed JSON", "no such table", "no such column"];
    broken_keys.contains(&error.extended_code)
        || (error.extended_code == ffi::SQLITE_ERROR
            && broken_content.iter().any(|text| message.contains(text)))
}

fn kind_of_sqlite(code: ErrorCode) -> ErrorKind {
    match code {
        // The locking protocol fails when others take the same locks repeatedly.
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::FileLockingProtocolFailed => ErrorKind::Busy,
        ErrorCode::NotADatabase => ErrorKind::NoDatabase,
        ErrorCode::DatabaseCorrupt => ErrorKind::Damaged,
        ErrorCode::DiskFull
        | ErrorCode::ReadOnly
        | ErrorCode::SystemIoFailure
        | ErrorCode::CannotOpen
        | ErrorCode::PermissionDenied => ErrorKind::Io,
        ErrorCode::OperationInterrupted => ErrorKind::Interrupted,
        ErrorCode::OutOfMemory => ErrorKind::Other,
        _ => ErrorKind::Bug,
    }
}

/// Adds what to do about every error of its kind.
fn with_hint(error: CommandError) -> CommandError {
    let hint = match error.kind {
        ErrorKind::Busy => "another signals command is writing; try again when it has finished",
        ErrorKind::Damaged => "restore the newest backup; `signals check` tells what is damaged",
        ErrorKind::Io => "check that the disk has room and that you may write there",
        ErrorKind::Bug => {
            "this is a mistake in signals; please report it with the command that led to it"
        }
        _ => return error,
    };
    error.hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn every_kind_has_its_documented_code() {
        let codes: Vec<u8> = ErrorKind::ALL.iter().map(|(kind, ..)| kind.exit_code()).collect();
        assert_eq!(codes, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 70, 130, 143]);
    }

    #[test]
    fn an_error_of_sqlite_has_the_kind_of_its_cause() {
        let kind = |code, message: &str| {
            let error =
                rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some(message.to_owned()));
            report(&error.into()).unwrap().kind
        };
        for (code, message, expected) in [
            (ffi::SQLITE_BUSY, "", ErrorKind::Busy),
            (ffi::SQLITE_PROTOCOL, "locking protocol", ErrorKind::Busy),
            (ffi::SQLITE_CORRUPT, "", ErrorKind::Damaged),
            (ffi::SQLITE_ERROR, "malformed JSON", ErrorKind::Damaged),
            (ffi::SQLITE_ERROR, "no such table: rules", ErrorKind::Damaged),
            (ffi::SQLITE_CONSTRAINT_UNIQUE, "UNIQUE constraint failed", ErrorKind::Damaged),
            (ffi::SQLITE_CONSTRAINT_TRIGGER, "signals stay", ErrorKind::Bug),
            (ffi::SQLITE_ERROR, "syntax error", ErrorKind::Bug),
            (ffi::SQLITE_FULL, "", ErrorKind::Io),
            (ffi::SQLITE_IOERR_WRITE, "", ErrorKind::Io),
            (ffi::SQLITE_NOTADB, "", ErrorKind::NoDatabase),
            (ffi::SQLITE_NOMEM, "", ErrorKind::Other),
        ] {
            assert_eq!(kind(code, message), expected, "{code} {message}");
        }
    }

    #[test]
    fn context_goes_before_what_happened() {
        let error = Err::<(), _>(not_allowed("signal 7 is closed").hint("signals reopen 7"))
            .context("cannot acknowledge")
            .unwrap_err();
        let report = report(&error).unwrap();
        assert_eq!(report.message, "cannot acknowledge: signal 7 is closed");
        assert_eq!(report.hints, ["signals reopen 7"]);
        assert_eq!(report.kind, ErrorKind::NotAllowed);
    }

    #[test]
    fn an_error_of_sqlite_is_told_once() {
        let code = ffi::Error::new(ffi::SQLITE_CORRUPT);
        let message = "database disk image is malformed";
        let failure = rusqlite::Error::SqliteFailure(code, Some(message.to_owned()));
        let error = anyhow::Error::from(failure).context("cannot open signals.db");
        assert_eq!(
            report(&error).unwrap().message,
            "cannot open signals.db: database disk image is malformed"
        );
    }

    #[test]
    fn a_closed_pipe_is_no_error() {
        let error =
            anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe)).context("writing");
        assert_eq!(report(&error), None);
    }
}
