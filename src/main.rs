//! The program: everything it does is in the library.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;

fn main() -> ExitCode {
    end_on_signal();
    // A write beyond the limit on file sizes fails, as on a full disk, and does not end the process.
    let _ = flag::register(SIGXFSZ, Arc::default());
    signals::run(std::env::args_os())
}

/// Ends the process at once when it is interrupted or told to end, with the exit code that shells
/// give to that. What was not committed is undone by SQLite the next time the database is opened.
fn end_on_signal() {
    let handled = [SIGINT, SIGTERM];
    let Ok(mut arriving) = Signals::new(handled) else { return };
    // The thread is not waited for: a signal that comes before it runs is kept for it.
    let watching = thread::Builder::new().spawn(move || {
        let ends = |signal: &i32| *signal != SIGINT || !signals::is_paging();
        if let Some(signal) = arriving.forever().find(ends) {
            signals::forget_unfinished();
            signals::give_back_terminal();
            #[expect(clippy::disallowed_methods, reason = "main.rs alone ends the process")]
            std::process::exit(128 + signal);
        }
    });
    if watching.is_err() {
        // Without a thread that watches, the signals end the process themselves.
        for signal in handled {
            let always = Arc::new(AtomicBool::new(true));
            let _ = flag::register_conditional_default(signal, always);
        }
    }
}
