//! `signals daily`: pull, import, run and notify in one, for a single line in cron.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use super::import::{Import, ReadingOptions};
use super::notify::Send;
use super::pull::Pull;
use super::run::{DayOptions, Run};
use super::steps::Steps;
use crate::context::Context;
use crate::domain::{COUNTS, EVENTS};
use crate::error::{self, CommandError, ErrorKind};
use crate::store::{ImportRecord, Store};

/// Pull the sources, import files, run the days that are due, and send notifications: one line for cron.
#[derive(Debug, Args)]
#[command(after_help = "\
Every step runs even if an earlier one fails; the exit code is the most serious one. But when a file \
of events is not imported, no day is run: its customers would look as if they had stopped. The \
database must exist: a mistyped path must not look healthy.

The last line on standard error says when it ended, and how.

Examples:
  signals daily
  signals daily events.csv companies.csv
  signals daily --max-lag 8 weekly.csv
  signals daily --date-format dmy --strict events.csv")]
pub(crate) struct Daily {
    /// Files to import first, as `signals import` takes them and with its options
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    days: DayOptions,
    #[command(flatten)]
    reading: ReadingOptions,
}

impl Daily {
    /// # Errors
    /// The most serious error, which was already printed.
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        let failure = self.all(context).err().and_then(|error| error::report(&error));
        failure.iter().for_each(|failure| context.ui.failure(failure));
        let kind = failure.map(|failure| failure.kind);
        let code = kind.map_or(0, ErrorKind::exit_code);
        context.ui.note(format!("{}: daily ended with exit code {code}", context.clock.now()));
        kind.map_or(Ok(()), |kind| Err(CommandError::reported(kind).into()))
    }

    fn all(self, context: &Context) -> Result<()> {
        let before = context.writer()?.imports()?.len();
        let mut steps = Steps::default();
        if !context.reader()?.sources()?.is_empty() {
            steps.take(context, || Pull::default().run(context))?;
        }
        if !self.files.is_empty() {
            let import = Import::of(self.files.clone(), self.reading);
            steps.take(context, || import.run(context))?;
        }
        let run = Run::of(self.days);
        match events_not_imported(&context.reader()?, &self.files, before)? {
            Some(file) => {
                let file = file.display();
                context.ui.alarm(format!("no day was run, because {file} was not imported"));
            }
            None => steps.take(context, || run.run(context))?,
        }
        steps.take(context, || Send::default().run(context))?;
        steps.end()
    }
}

/// The first file that was not imported although it may contain events: a file with that name did
/// last time, or it is new.
fn events_not_imported<'f>(
    store: &Store,
    files: &'f [PathBuf],
    imports_before: usize,
) -> Result<Option<&'f Path>> {
    let imports = store.imports()?;
    let (earlier, now) = imports.split_at(imports.len().min(imports_before));
    let is_of = |import: &&ImportRecord, file: &Path| Path::new(&import.file) == file;
    let missing = files.iter().map(PathBuf::as_path).find(|file| {
        let last = earlier.iter().rfind(|import| is_of(import, file));
        !now.iter().any(|import| is_of(&import, file))
            && last.is_none_or(|last| last.kind == EVENTS || last.kind == COUNTS)
    });
    Ok(missing)
}
