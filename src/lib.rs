//! `signals`: an early-warning system for customer success teams, in one binary over one SQLite file.
//!
//! Read it in this order: [`domain`] decides, [`import`] turns files into facts, [`load`] puts them into the
//! [`store`], [`run`] applies the
//! rules to one day, [`views`] gather the rows of a screen, [`render`] turns them into bytes, [`commands`] connect these,
//! [`cli`] names the commands, and [`context`], [`ui`], [`clock`] and [`error`] hold what every command needs.
//! `docs/architecture.md` is the map.

pub mod cli;
pub mod clock;
pub mod commands;
pub mod context;
pub mod demo;
pub mod domain;
pub mod error;
pub mod import;
pub mod load;
pub mod render;
pub mod run;
pub mod store;
pub mod ui;
pub mod views;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use cli::Cli;
use context::{Context, Environment};

/// Runs one command line, prints what it has to say, and returns the exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let environment = Environment::of_the_process();
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return explain_usage(&error),
    };
    let (context, result) = match Context::new(&cli.global, &environment) {
        Ok(context) => {
            let result = cli.run(&context).and_then(|()| context.ui.flush());
            (context, result)
        }
        Err(error) => match Context::new(&cli.global, &Environment::default()) {
            Ok(context) => (context, Err(error)),
            Err(_) => return ExitCode::from(error::Kind::Usage.exit_code()),
        },
    };
    match result.map_err(|error| error::report(&error)) {
        Ok(()) | Err(None) => ExitCode::SUCCESS,
        Err(Some(report)) => {
            context.ui.failure(&report);
            ExitCode::from(report.kind.exit_code())
        }
    }
}

/// Prints what the argument parser has to say: help and version to standard output, mistakes to standard error.
fn explain_usage(error: &clap::Error) -> ExitCode {
    // Nothing can be done about a stream that does not take it.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(error::Kind::Usage.exit_code()),
    }
}
