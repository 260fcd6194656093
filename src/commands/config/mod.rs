//! `signals config`: the configuration as one text file.
//!
//! Objects in the file become exactly as it says; others are left alone. Everything is saved first,
//! in one transaction, and then checked together, so that a rule may precede the metric it uses. If
//! there are any errors, all of them are printed with their lines, and nothing is changed.

mod health;
mod links;
mod metrics;
mod notify;
mod playbooks;
mod pulse;
mod reasons;
mod report;
mod rules;
mod section;
mod sections;
mod segments;
mod sources;
mod words;

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Subcommand;

use self::section::Advice;
use self::sections::DefinedTable;
use super::options::output_file;
use super::rule::Rivals;
use crate::configuration::{ConfigError, Difference, Document, place, write};
use crate::context::Context;
use crate::error::{CommandError, ErrorKind, not_allowed, refused};
use crate::output_file::OutputFile;
use crate::render::counted;
use crate::render::escape::for_terminal;
use crate::store::{Finish, Permissions, Store};

/// Apply, export and check the configuration as one text file.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  signals config export --out signals.toml
  signals config apply signals.toml --dry-run
  signals config apply signals.toml")]
pub(crate) enum ConfigCommand {
    /// Apply a configuration file; what it does not name stays as it is
    #[command(after_help = "\
Examples:
  signals config apply signals.toml
  signals config apply signals.toml --dry-run")]
    Apply {
        /// The file, in TOML
        file: PathBuf,
        /// Show what would change, and change nothing
        #[arg(long, short = 'n')]
        dry_run: bool,
    },
    /// Write the configuration as a file that `config apply` takes
    #[command(
        after_help = "Examples:\n  signals config export\n  signals config export --out signals.toml"
    )]
    Export {
        /// The file, written whole or not at all; standard output unless set
        #[arg(long, short, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Check a configuration file without changing anything
    #[command(after_help = "Example:\n  signals config check signals.toml")]
    Check {
        /// The file, in TOML
        file: PathBuf,
    },
}

impl ConfigCommand {
    /// # Errors
    /// A file that cannot be read (exit 4); one that is not valid TOML or has invalid contents
    /// (exit 9).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        match self {
            ConfigCommand::Apply { file, dry_run } => apply_file(context, &file, dry_run),
            ConfigCommand::Export { out } => export(context, out.as_deref()),
            ConfigCommand::Check { file } => check_file(context, &file),
        }
    }
}

fn apply_file(context: &Context, file: &Path, is_dry: bool) -> Result<()> {
    with_items(context, file, |document, items| {
        let outcome = match is_dry {
            true => attempt(context, document, items)?,
            false => context.make(|store| apply(store, document, items, Finish::Commit))?,
        };
        outcome.tell(context, is_dry)
    })
}

/// Checks a file together with what the database has; without a database, as for an empty one.
fn check_file(context: &Context, file: &Path) -> Result<()> {
    with_items(context, file, |document, items| {
        let outcome = attempt(context, document, items)?;
        outcome.advise(context);
        context.ui.note(format!("{} is sound: {}", file.display(), outcome.summary()));
        Ok(())
    })
}

/// Writes the configuration without what came with the program and was not changed.
fn export(context: &Context, out: Option<&Path>) -> Result<()> {
    let text = write(&sections::own(&context.reader()?)?);
    match output_file(context, out)? {
        Some(path) => OutputFile::write_at(path, text.as_bytes()),
        None => context.ui.data(text),
    }
}

/// The result of a file.
#[derive(Default)]
struct ConfigChanges {
    changes: Vec<ObjectChange>,
    unchanged: u64,
    advice: Vec<Advice>,
}

struct ObjectChange {
    title: String,
    /// `None` for a new object.
    differences: Option<Vec<Difference>>,
}

impl ObjectChange {
    fn lines(&self) -> Vec<String> {
        match &self.differences {
            None => vec![format!("new {}", self.title)],
            Some(differences) => {
                let keys = differences.iter().map(|difference| format!("  {difference}"));
                std::iter::once(format!("changed {}", self.title)).chain(keys).collect()
            }
        }
    }
}

impl ConfigChanges {
    fn tell(&self, context: &Context, is_dry: bool) -> Result<()> {
        for line in self.changes.iter().flat_map(ObjectChange::lines) {
            context.ui.data(format!("{}\n", for_terminal(&line)))?;
        }
        context.ui.flush()?;
        self.advise(context);
        let nothing = if is_dry { " (dry run: nothing was written)" } else { "" };
        context.ui.note(format!("{}{nothing}", self.summary()));
        Ok(())
    }

    fn advise(&self, context: &Context) {
        for advice in &self.advice {
            match advice {
                Advice::Warning(text) => context.ui.warning(text),
                Advice::Hint(text) => context.ui.hint(text),
            }
        }
    }

    fn summary(&self) -> String {
        let new = self.changes.iter().filter(|change| change.differences.is_none()).count();
        let (changed, unchanged) = (self.changes.len() - new, self.unchanged);
        match self.changes.len() {
            0 if unchanged == 0 => "the file names nothing, so nothing changes".to_owned(),
            0 => format!(
                "nothing changes: {} as the file says already",
                counted(unchanged, "item is", "items are")
            ),
            _ => format!("{new} new, {changed} changed, {unchanged} unchanged"),
        }
    }
}

/// Reads a file and passes its objects on, unless there are errors; prints all errors, before and
/// after.
fn with_items(
    context: &Context,
    path: &Path,
    work: impl FnOnce(&Document<'_>, &[DefinedTable<'_>]) -> Result<()>,
) -> Result<()> {
    let (name, text) = (path.display().to_string(), read_file(path)?);
    let document = Document::read(&name, &text).map_err(|error| print_errors(context, &[error]))?;
    let items = sections::items(&document);
    let result = if document.is_sound() { work(&document, &items) } else { Ok(()) };
    if document.is_sound() { result } else { Err(print_errors(context, &document.errors())) }
}

/// Files with more bytes are not configurations.
const LARGEST: u64 = 16 << 20;

fn read_file(path: &Path) -> Result<String> {
    let name = path.display();
    let cannot = |error: std::io::Error| refused(format!("cannot read {name}: {error}"));
    if path.is_dir() {
        return Err(refused(format!("{name} is a directory")).hint("name the file in it").into());
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
        .map_err(cannot)?;
    if bytes.len() as u64 > LARGEST {
        return Err(refused(format!("{name} is larger than {} MiB", LARGEST >> 20)).into());
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let (line, column) = place(&String::from_utf8_lossy(error.as_bytes()), valid);
        not_allowed(format!("{name}:{line}:{column}: this is not TOML: it is not UTF-8"))
            .hint("save it as UTF-8")
    })?;
    // Some editors begin a file with a byte-order mark.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// At most this many errors are printed.
const TOLD: usize = 20;

fn print_errors(context: &Context, errors: &[ConfigError]) -> anyhow::Error {
    for error in errors.iter().take(TOLD) {
        let failure = not_allowed(error.message.as_str());
        context
            .ui
            .failure(&CommandError { hints: error.hint.iter().cloned().collect(), ..failure });
    }
    if errors.len() > TOLD {
        context.ui.note(format!("and {} more", errors.len() - TOLD));
    }
    CommandError::reported(ErrorKind::NotAllowed).into()
}

fn has_database(context: &Context) -> Result<bool> {
    Ok(std::fs::metadata(context.database()?).is_ok_and(|metadata| metadata.len() > 0))
}

/// Determines what a file would change in the database, or in an empty one if there is none.
/// Nothing is changed.
fn attempt(
    context: &Context,
    document: &Document<'_>,
    items: &[DefinedTable<'_>],
) -> Result<ConfigChanges> {
    if has_database(context)? {
        // Opening it for writing would upgrade an older database, which is a change; a reader
        // refuses it.
        context.reader()?;
        return apply(&mut context.writer()?, document, items, Finish::RollBack);
    }
    let folder = tempfile::tempdir().context("cannot make a temporary database")?;
    let mut store = Store::create_or_open(&folder.path().join("empty.db"), Permissions::Owner)?;
    apply(&mut store, document, items, Finish::RollBack)
}

fn apply(
    store: &mut Store,
    document: &Document<'_>,
    items: &[DefinedTable<'_>],
    finish: Finish,
) -> Result<ConfigChanges> {
    store.transaction(finish, |store| {
        let mut outcome = ConfigChanges::default();
        let mut changed = Vec::new();
        for item in items {
            let present = item.definition.present(store)?;
            let wanted = item.definition.wanted(store)?;
            if present.as_ref() == Some(&wanted) {
                outcome.unchanged += 1;
                continue;
            }
            item.definition.save(store, &item.table)?;
            let differences = present.map(|present| present.differences(&wanted));
            outcome.changes.push(ObjectChange { title: wanted.title, differences });
            changed.push(item);
        }
        check(store, document, items)?;
        let mut told = HashSet::new();
        for item in changed {
            let advice = item.definition.advise(store)?.into_iter();
            outcome.advice.extend(advice.filter(|advice| told.insert(advice.clone())));
        }
        Ok(outcome)
    })
}

fn check(store: &Store, document: &Document<'_>, items: &[DefinedTable<'_>]) -> Result<()> {
    let catalogue = store.catalogue()?;
    items.iter().try_for_each(|item| item.definition.check(store, &catalogue, &item.table))?;
    let rivals = Rivals::of(store)?;
    for item in items {
        let refused = item.definition.rule().map(|rule| rivals.refuse_second(rule));
        if let Some(Err(failure)) = refused {
            let hint = "give one of the two another timeframe, baseline or comparison";
            item.table.error("timeframe", failure, Some(hint));
        }
    }
    if document.is_sound() {
        for DefinedTable { table, definition } in items {
            definition.check_together(store, &catalogue, table)?;
        }
    }
    match document.is_sound() {
        true => Ok(()),
        false => Err(CommandError::reported(ErrorKind::NotAllowed).into()),
    }
}

#[cfg(test)]
mod tests;
