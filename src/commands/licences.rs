//! `signals licences`: the licences of the libraries in the program.

use anyhow::Result;
use clap::Args;

use crate::context::Context;

/// The text, which `tests/it/licences.rs` generates from the sources of the libraries.
const LICENCES: &str = include_str!("licences.txt");

/// Print the licences of the libraries that the program contains.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  signals licences > THIRD-PARTY-LICENCES.txt")]
pub(crate) struct Licences {}

impl Licences {
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        context.ui.data(LICENCES)
    }
}
