//! `signals segment`: segments and their companies.

use anyhow::Result;
use clap::Subcommand;

use super::company::ListCompanies;
use super::options::FormatOption;
use super::output::report_change;
use crate::context::Context;
use crate::error::usage;
use crate::query::{AsOfOption, SelectedCompanies, condition_of, existing_segment, read_typed};
use crate::store::{Finish, Segment, Store};
use crate::views::segments::{SEGMENTS, SizedSegment};

/// Define segments: named conditions over attributes.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  signals segment add at-risk --where \"bad_open_signals >= 2 AND mrr >= 1000\"
  signals segment list
  signals segment show at-risk")]
pub(crate) enum SegmentCommand {
    /// Create a segment, or change an existing one
    #[command(
        after_help = "Example:\n  signals segment add at-risk --where \"bad_open_signals >= 2 AND mrr >= 1000\""
    )]
    Add {
        /// The segment's name
        name: String,
        /// The condition, an expression over attributes
        #[arg(long = "where", value_name = "EXPRESSION")]
        condition: String,
    },
    /// List the segments, with how many companies each has
    #[command(after_help = "Example:\n  signals segment list --as-of 2026-03-31")]
    List {
        #[command(flatten)]
        as_of: AsOfOption,
        #[command(flatten)]
        format: FormatOption,
    },
    /// List the companies of a segment
    #[command(
        after_help = "Example:\n  signals segment show at-risk --columns company_id,csm,events_change_28d_pct"
    )]
    Show {
        /// The segment's name
        name: String,
        #[command(flatten)]
        as_of: AsOfOption,
        /// The columns, separated by commas
        #[arg(long, value_name = "NAMES", value_delimiter = ',')]
        columns: Vec<String>,
        #[command(flatten)]
        format: FormatOption,
    },
    /// Remove a segment
    #[command(after_help = "Example:\n  signals segment remove at-risk")]
    Remove {
        /// The segment's name
        name: String,
    },
}

impl SegmentCommand {
    /// # Errors
    /// An invalid expression (exit 2); an unknown segment (exit 9).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        match self {
            SegmentCommand::Add { name, condition } => add(context, &Segment { name, condition }),
            SegmentCommand::List { as_of, format } => list(context, as_of, format),
            SegmentCommand::Show { name, as_of, columns, format } => {
                ListCompanies::of_segment(name, as_of, columns, format).run(context)
            }
            SegmentCommand::Remove { name } => remove(context, &name),
        }
    }
}

fn add(context: &Context, segment: &Segment) -> Result<()> {
    let old =
        context.make(|store| store.transaction(Finish::Commit, |store| save(store, segment)))?;
    let sentence = |segment: &Segment| format!("{}: {}", segment.name, segment.condition);
    report_change(context, "segment", &segment.name, old.as_ref(), segment, sentence);
    Ok(())
}

/// Creates a segment, or changes an existing one. Returns the previous one.
///
/// # Errors
/// An invalid name or condition (exit 2).
fn save(store: &Store, segment: &Segment) -> Result<Option<Segment>> {
    if segment.name.trim().is_empty() || segment.name.chars().any(char::is_control) {
        return Err(usage("a segment needs a name, without control characters").into());
    }
    read_typed(&store.catalogue()?, &segment.condition)?;
    let old = store.segment(&segment.name)?;
    if old.as_ref() != Some(segment) {
        store.save_segment(segment)?;
    }
    Ok(old)
}

fn list(context: &Context, as_of: AsOfOption, format: FormatOption) -> Result<()> {
    let store = context.reader()?;
    let catalogue = store.catalogue()?;
    let as_of = as_of.resolve(context, &store)?;
    let segments = store.segments()?;
    let conditions = segments.iter().map(|segment| condition_of(&catalogue, segment));
    let conditions = conditions.collect::<Result<Vec<_>>>()?;
    let sizes = SelectedCompanies::count(&store, &catalogue, &conditions, as_of)?;
    let sized = segments.into_iter().zip(sizes);
    let sized = sized.map(|(segment, companies)| SizedSegment { segment, companies });
    format.print(context, &SEGMENTS, &sized.collect::<Vec<_>>())
}

fn remove(context: &Context, name: &str) -> Result<()> {
    let mut store = context.writer()?;
    let name = store.transaction(Finish::Commit, |store| {
        let name = existing_segment(store, name)?.name;
        store.remove_segment(&name)?;
        Ok(name)
    })?;
    context.ui.note(format!("the segment '{name}' is removed"));
    Ok(())
}
