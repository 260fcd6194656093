//! Options that several commands share, and the parsers of their values.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::Result;

use crate::context::Context;
use crate::error::usage;
use crate::render::Format;

#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(crate) struct FormatOption {
    /// The format of the output
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: Format,
}

/// Parses a probability between 0 and 1, exclusive.
pub(super) fn probability(text: &str) -> Result<f64, String> {
    let wrong = || format!("'{text}' is not a probability between 0 and 1");
    let value: f64 = text.parse().map_err(|_| wrong())?;
    if value > 0.0 && value < 1.0 { Ok(value) } else { Err(wrong()) }
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

/// Parses the id of a signal.
pub(super) fn signal_number(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("'{text}' is not the number of a signal"))
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
        return Err(usage(format!("{} is the database itself", path.display()))
            .hint("choose another name")
            .into());
    }
    Ok(())
}

/// Whether two paths lead to the same file.
pub(super) fn is_same_file(one: &Path, other: &Path) -> bool {
    match (one.metadata(), other.metadata()) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}
