//! `signals completions`: completions for a shell.

use anyhow::Result;
use clap::Args;
use clap_complete::Shell;
use clap_complete::env as shells;

use crate::context::Context;

/// The environment variable with which a shell requests completions.
pub(crate) const VARIABLE: &str = "SIGNALS_COMPLETE";

/// Print the script that completes commands, options and names in a shell.
///
/// Names of companies, people, rules, events and segments come from the database that SIGNALS_DB
/// names, else from the usual one.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  source <(signals completions bash)
  signals completions fish > ~/.config/fish/completions/signals.fish")]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        let (known, shell) = (shells::Shells::builtins(), self.shell.to_string());
        let mut script = Vec::new();
        if let Some(shell) = known.completer(&shell) {
            shell.write_registration(VARIABLE, "signals", "signals", "signals", &mut script)?;
        }
        context.ui.data(script)
    }
}
