//! `signals man`: the manual pages.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, CommandFactory};

use crate::cli::Cli;
use crate::context::Context;

/// Print the manual page, or write one for each command.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  signals man | man -l -\n  signals man --out /usr/local/share/man/man1"
)]
pub(crate) struct Man {
    /// Write the pages of all commands into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Man {
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        // The manual has the long help, but not of options without a short one.
        let command = Cli::command().mut_args(|argument| argument.hide_short_help(false));
        match self.out {
            Some(folder) => {
                std::fs::create_dir_all(&folder)
                    .with_context(|| format!("cannot make {}", folder.display()))?;
                clap_mangen::generate_to(command, &folder)
                    .with_context(|| format!("cannot write to {}", folder.display()))?;
                context.ui.note(format!("wrote the manual to {}", folder.display()));
                Ok(())
            }
            None => {
                let mut bytes = Vec::new();
                clap_mangen::Man::new(command).render(&mut bytes)?;
                context.ui.data(bytes)
            }
        }
    }
}
