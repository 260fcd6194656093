//! `signals backup`: a consistent copy of the database.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::context::Context;
use crate::error::usage;
use crate::output_file::is_standard_output;

/// Copy the database to a file, even while an import runs.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  signals backup /backups/signals-monday.db")]
pub(crate) struct Backup {
    /// The file to write; it must not exist yet
    file: PathBuf,
}

impl Backup {
    /// # Errors
    /// A file that exists already (exit 9) or cannot be written (exit 8).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        if is_standard_output(&self.file) {
            let failure = usage("a backup needs a file, not standard output");
            return Err(failure.hint("signals backup FILE").into());
        }
        context.reader()?.back_up(&self.file)?;
        context.ui.note(format!("wrote {}", self.file.display()));
        Ok(())
    }
}
