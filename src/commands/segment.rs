//! `signals segment`: segments and their companies.

use anyhow::Result;
use clap::{Args, Subcommand};

use super::company::ListCompanies;
use super::options::FormatOption;
use super::output;
use crate::context::Context;
use crate::error::{ErrorKind, not_allowed};
use crate::query::{AsOfOption, SelectedCompanies, condition_of, existing_segment};
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
    Add(AddSegment),
    /// List the segments, with how many companies each has
    List(ListSegments),
    /// List the companies of a segment
    Show(ShowSegment),
    /// Remove a segment
    #[command(after_help = "Example:\n  signals segment remove at-risk")]
    Remove(SegmentName),
}

/// Create a segment, or change an existing one.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  signals segment add at-risk --where \"bad_open_signals >= 2 AND mrr >= 1000\""
)]
pub(crate) struct AddSegment {
    /// The segment's name
    name: String,
    /// The condition, an expression over attributes
    #[arg(long = "where", value_name = "EXPRESSION")]
    condition: String,
}

/// List the segments.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  signals segment list --as-of 2026-03-31")]
pub(crate) struct ListSegments {
    #[command(flatten)]
    as_of: AsOfOption,
    #[command(flatten)]
    format: FormatOption,
}

/// List the companies of a segment.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  signals segment show at-risk --columns company_id,csm,events_change_28d_pct"
)]
pub(crate) struct ShowSegment {
    /// The segment's name
    name: String,
    #[command(flatten)]
    as_of: AsOfOption,
    /// The columns, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    columns: Vec<String>,
    #[command(flatten)]
    format: FormatOption,
}

/// The segment that is meant.
#[derive(Debug, Args)]
pub(crate) struct SegmentName {
    /// The segment's name
    name: String,
}

impl SegmentCommand {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// An invalid expression (exit 2); an unknown segment (exit 9).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        match self {
            SegmentCommand::Add(args) => args.run(context),
            SegmentCommand::List(args) => args.run(context),
            SegmentCommand::Show(ShowSegment { name, as_of, columns, format }) => {
                ListCompanies::of_segment(name, as_of, columns, format).run(context)
            }
            SegmentCommand::Remove(SegmentName { name }) => remove(context, &name),
        }
    }
}

impl AddSegment {
    fn run(self, context: &Context) -> Result<()> {
        let mut store = context.maker()?;
        let segment = Segment { name: self.name, condition: self.condition };
        let old = store.transaction(Finish::Commit, |store| save(store, &segment))?;
        match old {
            Some(old) if old == segment => {
                context.ui.note(format!("the segment '{}' stays as it was", segment.name))
            }
            Some(old) => {
                context.ui.note(format!("old: {}: {}", old.name, old.condition));
                context.ui.note(format!("new: {}: {}", segment.name, segment.condition));
            }
            None => {
                context.ui.note(format!("new segment: {}: {}", segment.name, segment.condition))
            }
        }
        Ok(())
    }
}

/// Creates a segment, or changes an existing one. Returns the previous one.
///
/// # Errors
/// An invalid name or condition (exit 2).
fn save(store: &Store, segment: &Segment) -> Result<Option<Segment>> {
    if segment.name.trim().is_empty() || segment.name.chars().any(char::is_control) {
        return Err(not_allowed("a segment needs a name, without control characters")
            .of_kind(ErrorKind::Usage)
            .into());
    }
    store
        .catalogue()?
        .read_new(&segment.condition)
        .map_err(|failure| failure.of_kind(ErrorKind::Usage))?;
    let old = store.segment(&segment.name)?;
    if old.as_ref() != Some(segment) {
        store.save_segment(segment)?;
    }
    Ok(old)
}

impl ListSegments {
    fn run(self, context: &Context) -> Result<()> {
        let store = context.reader()?;
        let catalogue = store.catalogue()?;
        let as_of = self.as_of.resolve(context, &store)?;
        let segments = store.segments()?;
        let conditions = segments
            .iter()
            .map(|segment| condition_of(&catalogue, segment))
            .collect::<Result<Vec<_>>>()?;
        let sizes = SelectedCompanies::count(&store, &catalogue, &conditions, as_of)?;
        let sized = segments
            .into_iter()
            .zip(sizes)
            .map(|(segment, companies)| SizedSegment { segment, companies });
        output::print_items(&context.ui, self.format.format, &SEGMENTS, &sized.collect::<Vec<_>>())
    }
}

fn remove(context: &Context, name: &str) -> Result<()> {
    let mut store = context.writer()?;
    store.transaction(Finish::Commit, |store| {
        existing_segment(store, name)?;
        store.remove_segment(name)
    })?;
    context.ui.note(format!("the segment '{name}' is removed"));
    Ok(())
}
