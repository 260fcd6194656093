//! Options that several commands share, and the parsers of their values.

use std::collections::HashSet;
use std::fmt::Display;
use std::hash::Hash;
use std::ops::RangeInclusive;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::Result;

use crate::context::Context;
use crate::domain::day::{Day, DayRange};
use crate::domain::signal::SignalId;
use crate::error::usage;
use crate::output_file::is_standard_output;
use crate::render::{Format, counted};

#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(crate) struct FormatOption {
    /// The format of the output
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: Format,
}

/// Parses a probability between 0 and 1, exclusive.
pub(super) fn probability(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value| *value > 0.0 && *value < 1.0);
    value.ok_or_else(|| format!("'{text}' is not a probability between 0 and 1"))
}

/// Parses a whole number within a range.
pub(super) fn whole_number<T>(
    range: RangeInclusive<T>,
    unit: &'static str,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: FromStr + PartialOrd + Display + Clone + Send + Sync + 'static,
{
    move |text| {
        let value = text.parse().ok().filter(|value| range.contains(value));
        value.ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            format!("'{text}' is not a whole number of {unit} from {least} to {most}")
        })
    }
}

pub(super) fn signal_number(text: &str) -> Result<SignalId, String> {
    text.parse().map(SignalId).map_err(|_| format!("'{text}' is not the number of a signal"))
}

/// The ids without duplicates, in the given order.
pub(super) fn distinct<T: Copy + Eq + Hash>(ids: &[T]) -> Vec<T> {
    let mut seen = HashSet::new();
    ids.iter().copied().filter(|id| seen.insert(*id)).collect()
}

/// Prints the number of things that match the filters of a change.
pub(super) fn report_matches(context: &Context, count: usize, one: &str, many: &str) {
    let verb = if count == 1 { "matches" } else { "match" };
    context.ui.note(format!("{} {verb}", counted(count as u64, one, many)));
}

/// The days from one to another, inclusive.
///
/// # Errors
/// The first is after the last (exit 2).
pub(super) fn range(from: Day, to: Day) -> Result<DayRange> {
    match (DayRange { from, to }) {
        days if days.is_empty() => Err(usage(format!("{from} is after {to}")).into()),
        days => Ok(days),
    }
}

/// Refuses to overwrite the database or its side files.
///
/// # Errors
/// Such a path (exit 2).
pub(super) fn refuse_database(context: &Context, path: &Path) -> Result<()> {
    let database = context.database()?;
    let beside = ["", "-wal", "-shm"].map(|ending| {
        let mut name = database.clone().into_os_string();
        name.push(ending);
        PathBuf::from(name)
    });
    if beside.iter().any(|other| is_same_file(path, other)) {
        let failure = usage(format!("{} is the database itself", path.display()));
        return Err(failure.hint("choose another name").into());
    }
    Ok(())
}

/// The file of `--out`; `None` for standard output.
///
/// # Errors
/// The database (exit 2).
pub(super) fn output_file<'p>(
    context: &Context,
    out: Option<&'p Path>,
) -> Result<Option<&'p Path>> {
    let file = out.filter(|path| !is_standard_output(path));
    file.map_or(Ok(()), |path| refuse_database(context, path))?;
    Ok(file)
}

/// The ending of a file's name, in lower case.
pub(super) fn ending(file: Option<&Path>) -> Option<String> {
    file?.extension()?.to_str().map(str::to_lowercase)
}

/// Refuses to write a workbook to a terminal.
///
/// # Errors
/// Standard output is a terminal (exit 2).
pub(super) fn refuse_terminal(context: &Context) -> Result<()> {
    if context.ui.look().width.is_none() {
        return Ok(());
    }
    let failure = usage("a workbook is nothing for a terminal");
    Err(failure.hint("--out FILE.xlsx writes it to a file").into())
}

/// Whether two paths lead to the same file.
pub(super) fn is_same_file(one: &Path, other: &Path) -> bool {
    match (one.metadata(), other.metadata()) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}
