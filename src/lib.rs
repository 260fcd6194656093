//! `signals`: an early-warning system for customer success teams, in one binary over one SQLite
//! file.
//!
//! Read it in this order: [`domain`] decides, [`import`] turns files into facts, [`load`] puts them
//! into the [`store`], [`mod@run`] applies the rules to one day, [`health`] scores the companies on
//! that day, [`shipped`] has the presets and playbooks, [`mod@notify`] delivers notices, [`views`]
//! gather the rows of a screen, [`render`] turns them into bytes, [`triage`] is the full-screen
//! session, [`configuration`] reads and writes configuration files, [`commands`] connect these,
//! [`cli`] names the commands, and [`context`], [`ui`], [`clock`] and [`error`] hold what every
//! command needs. `docs/architecture.md` is the map.
//!
//! The program is the interface, not the library: [`run()`] and what `main.rs` needs when the process
//! is told to end are public. [`internals`] is for the project's own tests, benchmarks and fuzz
//! targets. Everything else is private to the crate, so that the compiler finds dead code.

mod backtest;
mod cli;
mod clock;
mod commands;
mod configuration;
mod context;
mod demo;
mod domain;
mod error;
mod expression;
mod global_options;
mod health;
mod import;
#[doc(hidden)]
pub mod internals;
mod load;
mod network;
mod notify;
mod ops;
mod output_file;
mod pull;
mod query;
mod render;
mod run;
mod shipped;
mod store;
mod triage;
mod ui;
mod views;

use std::ffi::OsString;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use clap::error::ErrorKind as ClapErrorKind;

use cli::Cli;
use context::{Context, Environment};
use error::{CommandError, ErrorKind};
use ui::{Terminal, Ui};

pub use output_file::forget_unfinished;
pub use triage::give_back_terminal;
pub use ui::is_paging;

/// Runs one command line, prints what it has to say, and returns the exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if cli::complete(&arguments) {
        return ExitCode::SUCCESS;
    }
    let cli = match Cli::read(&arguments) {
        Ok(cli) => cli,
        Err(error) => return explain_usage(&error),
    };
    let context = match Context::new(&cli.global, &Environment::of_the_process()) {
        Ok(context) => context,
        Err(error) => {
            let ui = Ui::new(cli.global.color, cli.global.quiet, Terminal::default());
            error::report(&error).iter().for_each(|report| ui.failure(report));
            return ExitCode::from(ErrorKind::Usage.exit_code());
        }
    };
    // A panic is our mistake. It gets the exit code of one, and one line for the report instead of
    // a trace.
    std::panic::set_hook(Box::new(|_| {}));
    let result = std::panic::catch_unwind(AssertUnwindSafe(|| {
        context::refuse_control_characters(&arguments)?;
        cli.run(&context)?;
        context.ui.flush()
    }));
    let report = match result {
        Ok(result) => result.err().and_then(|error| error::report(&error)),
        Err(panic) => Some(error::panic_report(panic.as_ref())),
    };
    report.map_or(ExitCode::SUCCESS, |report| end(&context, &report))
}

fn end(context: &Context, report: &CommandError) -> ExitCode {
    context.ui.failure(report);
    ExitCode::from(report.kind.exit_code())
}

/// Prints what the argument parser has to say: help and version to standard output, mistakes to
/// standard error.
fn explain_usage(error: &clap::Error) -> ExitCode {
    // Nothing can be done about a stream that does not take it.
    let _ = error.print();
    match error.kind() {
        ClapErrorKind::DisplayHelp | ClapErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(ErrorKind::Usage.exit_code()),
    }
}
