//! `signals`: an early-warning system for customer success teams, in one binary over one SQLite
//! file.
//!
//! Read it in this order: [`domain`] decides, [`import`] turns files into facts, [`load`] puts them
//! into the [`store`], [`mod@run`] applies the rules to one day, [`health`] scores the companies on
//! it, [`shipped`] has the presets and playbooks, [`mod@notify`] tells people, [`views`] gather
//! the rows of a screen, [`render`] turns them into bytes, [`triage`] goes through them at a
//! terminal, [`configuration`] reads and writes the
//! file of what is configured, [`commands`] connect these, [`cli`] names the commands, and
//! [`context`], [`ui`], [`clock`] and [`error`] hold what every command needs.
//! `docs/architecture.md` is the map.

pub mod backtest;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod configuration;
pub mod context;
pub mod demo;
pub mod domain;
pub mod error;
pub mod expression;
pub mod health;
pub mod import;
pub mod load;
pub mod notify;
pub mod ops;
pub mod output_file;
pub mod pull;
pub mod query;
pub mod render;
pub mod run;
pub mod shipped;
pub mod store;
pub mod triage;
pub mod ui;
pub mod views;

use std::ffi::OsString;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use clap::error::ErrorKind as ClapErrorKind;

use cli::Cli;
use context::{Context, Environment};
use error::{ErrorKind, Report};

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
            ui::Ui::new(cli.global.color, cli.global.quiet, ui::Terminal::default())
                .failure_of(&error);
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

fn end(context: &Context, report: &Report) -> ExitCode {
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
