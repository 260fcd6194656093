//! `signals completions`: completions for a shell.

use anyhow::Result;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::context::Context;

/// Print completions for a shell.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  signals completions bash > ~/.local/share/bash-completion/completions/signals"
)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    /// Prints the completions.
    pub fn run(self, context: &Context) -> Result<()> {
        let mut bytes = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "signals", &mut bytes);
        context.ui.data(bytes)
    }
}
