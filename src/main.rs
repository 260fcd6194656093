//! The program: everything it does is in the library.

use std::process::ExitCode;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

fn main() -> ExitCode {
    end_when_told();
    signals::run(std::env::args_os())
}

/// Ends the process at once when it is interrupted or told to end, with the exit code that shells
/// give to that. What was not committed is undone by SQLite the next time the database is opened.
fn end_when_told() {
    let Ok(mut told) = Signals::new([SIGINT, SIGTERM]) else { return };
    std::thread::spawn(move || {
        if let Some(signal) = told.forever().next() {
            signals::output_file::forget_unfinished();
            #[expect(clippy::disallowed_methods, reason = "main.rs alone ends the process")]
            std::process::exit(128 + signal);
        }
    });
}
