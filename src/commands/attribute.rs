//! `signals attribute`: the attributes of companies.

use anyhow::Result;
use clap::Subcommand;

use super::options::FormatOption;
use crate::context::Context;
use crate::views::attributes::{ATTRIBUTES, AttributeRow};

/// List the attributes of a company.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  signals attribute list")]
pub(crate) enum AttributeCommand {
    /// List all attributes: built-in ones, the companies' own columns, and metrics
    #[command(
        after_help = "Examples:\n  signals attribute list\n  signals attribute list --format json"
    )]
    List(FormatOption),
}

impl AttributeCommand {
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        let AttributeCommand::List(format) = self;
        let catalogue = context.reader()?.catalogue()?;
        let rows: Vec<AttributeRow> = catalogue.all().map(AttributeRow::of).collect();
        format.print(context, &ATTRIBUTES, &rows)
    }
}
