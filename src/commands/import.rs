//! `signals import`: imports files into the database.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use super::init::parse_zone;
use super::options::{FormatOption, is_same_file, refuse_database};
use super::steps::Steps;
use crate::context::Context;
use crate::domain::lists::first_few;
use crate::error::{self, CommandError, ErrorKind, usage};
use crate::import::amounts::DecimalMark;
use crate::import::catalogue::catalogue;
use crate::import::header::Delimiter;
use crate::import::times::DateFormat;
use crate::import::{Options, Plan};
use crate::load::{self, LoadRequest, Loaded, LoadedFile, MadeCompanies};
use crate::output_file::OutputFile;
use crate::render::counted;
use crate::store::{Finish, Permissions, Store};
use crate::views::imports::IMPORTS;

const AFTER_HELP: &str = "\
Importing is safe to repeat: a row that is known already adds nothing.

Examples:
  signals import events.csv companies.csv
  signals import --dry-run export.csv.gz
  signals import --kind companies --map company_id=\"Account Name\" accounts.csv
  psql -c \"COPY (SELECT …) TO STDOUT CSV HEADER\" | signals import -
  signals import --list
  signals import --undo";

/// Import files: events, companies and other facts about customers.
#[derive(Debug, Default, Args)]
#[command(after_help = AFTER_HELP, after_long_help = long_help())]
pub(crate) struct Import {
    /// The files; `-` is standard input. gzip, zstd and Parquet are read directly
    #[arg(value_name = "FILE", required_unless_present_any = ["list", "undo"])]
    files: Vec<PathBuf>,
    /// Check the files and report what would be imported, without writing
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// List past imports
    #[arg(long, conflicts_with = "files")]
    list: bool,
    /// Undo the newest import; N may name it
    #[arg(long, value_name = "N", num_args = 0..=1, conflicts_with_all = ["files", "list"])]
    undo: Option<Option<i64>>,
    #[command(flatten)]
    format: FormatOption,
    #[command(flatten)]
    reading: ReadingOptions,
}

/// The heading of [`ReadingOptions`], by which the help of other commands folds them away.
pub(crate) const READING: &str = "How files are read";

/// How the files are read, here and in `signals daily`.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = READING)]
pub(crate) struct ReadingOptions {
    /// The kind of data; detected from the header when it is unmistakable
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Read FIELD from COLUMN; remembered for files with the same header
    #[arg(long, value_name = "FIELD=COLUMN", value_parser = field_and_column)]
    map: Vec<(String, String)>,
    /// What 03/04/2025 means: dmy or mdy; excel reads 46143 as 2026-05-01
    #[arg(long, value_name = "FORMAT")]
    date_format: Option<DateFormat>,
    /// The time zone of times without one; that of the database unless set
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// The decimal mark of amounts, , or . ; detected from the cells unless set
    #[arg(long, value_name = "MARK")]
    decimal: Option<DecimalMark>,
    /// The encoding of a file that is not UTF-8, such as windows-1252
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,
    /// The field separator: comma, semicolon, tab or pipe; detected from the header unless set
    #[arg(long, value_name = "NAME")]
    delimiter: Option<Delimiter>,
    /// One row for each company and day, with a column of numbers for each event
    #[arg(long)]
    wide: bool,
    /// Refuse the whole file if any row is rejected
    #[arg(long)]
    strict: bool,
    /// When several rows have the same id, use the last one
    #[arg(long)]
    last_wins: bool,
    /// Accept days that have lost more than 5 percent of their events or companies, or all of them
    #[arg(long)]
    accept_loss: bool,
    /// Write all rejected rows to this CSV file: line, reason, original fields
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
}

impl Import {
    pub(crate) fn of(files: Vec<PathBuf>, reading: ReadingOptions) -> Self {
        Import { files, reading, ..Import::default() }
    }

    /// Imports the files, each in its own transaction.
    ///
    /// # Errors
    /// Some rows were rejected (exit 3); a file was refused (exit 4).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        if self.list {
            return self.format.print(context, &IMPORTS, &context.reader()?.imports()?);
        }
        if let Some(number) = self.undo {
            return self.undo(context, number);
        }
        if self.reading.rejects.is_some() && self.files.len() > 1 {
            let failure = usage("--rejects takes the rows of one file");
            return Err(failure.hint("import the files one by one").into());
        }
        let options = self.reading.options()?;
        if let Some(rejects) = &self.reading.rejects {
            refuse_database(context, rejects)?;
            if self.files.iter().any(|file| is_same_file(file, rejects)) {
                let failure = usage(format!("{} is the file to import", rejects.display()));
                return Err(failure.hint("choose another name").into());
            }
        }
        let path = context.database()?;
        let has_none = std::fs::metadata(&path).map_or(true, |metadata| metadata.len() == 0);
        if self.dry_run && has_none {
            // A dry run creates nothing, not even the database: it imports into a temporary one.
            let folder = tempfile::tempdir()?;
            let path = folder.path().join("dry-run.db");
            let mut store = Store::create_or_open(&path, Permissions::Owner)?;
            return self.import_all(context, &mut store, &options);
        }
        context.make(|store| self.import_all(context, store, &options))
    }

    /// Tries each file. The most serious result decides the exit code.
    fn import_all(&self, context: &Context, store: &mut Store, options: &Options) -> Result<()> {
        let mut steps = Steps::default();
        for file in load::in_order(store, &context.clock, &self.files, options) {
            steps.take(context, || self.import(context, store, file, options))?;
        }
        steps.end()
    }

    fn import(
        &self,
        context: &Context,
        store: &mut Store,
        file: &Path,
        options: &Options,
    ) -> Result<()> {
        if file.as_os_str() == "-" && io::stdin().is_terminal() {
            context.ui.note("reading from the terminal; Ctrl-D ends it");
        }
        let finish = if self.dry_run { Finish::RollBack } else { Finish::Commit };
        let request = LoadRequest {
            path: file,
            options,
            is_strict: self.reading.strict,
            last_wins: self.reading.last_wins,
            accepts_loss: self.reading.accept_loss,
            finish,
            by: &context.user(),
        };
        let mut rejects = self.reading.rejects.as_deref().map(OutputFile::begin).transpose()?;
        let name = file.display().to_string();
        let sheet = rejects.as_mut().map(|file| Box::new(file) as Box<dyn Write + '_>);
        let outcome = load::load_file(store, &context.clock, &request, sheet, |total| {
            context.ui.progress(total, &name)
        });
        // A device or a pipe has what was written to it in any case.
        rejects
            .filter(|file| is_about_its_rows(&outcome) || file.path().is_none())
            .map_or(Ok(()), OutputFile::finish)?;
        self.report(context, &name, outcome)
    }

    /// Prints the result of a file.
    ///
    /// # Errors
    /// Why the file was refused; or some rows were rejected, which was printed.
    fn report(&self, context: &Context, name: &str, outcome: LoadedFile) -> Result<()> {
        let ui = &context.ui;
        if let Some(plan) = &outcome.plan {
            ui.note(format!("{name}: {}", describe(plan)));
            plan.mapping.notes.iter().for_each(|note| ui.note(format!("{name}: {note}")));
        }
        outcome.messages.iter().for_each(|message| ui.note(message));
        let hidden = outcome.rejected.saturating_sub(outcome.messages.len() as u64);
        if hidden > 0 {
            ui.note(format!("and {hidden} more; --rejects FILE.csv writes all of them"));
        }
        self.summarise(context, outcome.plan.as_ref(), &outcome.result?, outcome.rejected);
        match outcome.rejected {
            0 => Ok(()),
            _ => Err(CommandError::reported(ErrorKind::SomeRowsRejected).into()),
        }
    }

    fn summarise(&self, context: &Context, plan: Option<&Plan>, loaded: &Loaded, rejected: u64) {
        let ui = &context.ui;
        if let (true, Some(plan)) = (self.dry_run, plan) {
            diagnosis(plan, loaded).iter().for_each(|line| ui.note(line));
        }
        let made = loaded.companies_made;
        if made > 0 && plan.is_some_and(|plan| plan.mapping.kind.name != "companies") {
            let companies = counted(made, "company", "companies");
            let verb = if self.dry_run { "would create" } else { "created" };
            let named = loaded.made.named.join(", ");
            let more = if made > loaded.made.named.len() as u64 { ", …" } else { "" };
            let ids = if made == 1 { "an id" } else { "ids" };
            ui.note(format!("{verb} {companies} ({ids} not seen before): {named}{more}"));
        }
        report_look_alikes(context, &loaded.made);
        if loaded.companies_joined > 0 {
            let joined = counted(
                loaded.companies_joined,
                "company that was known by its name alone was",
                "companies that were known by their names alone were",
            );
            ui.note(format!("{joined} joined with the one of that name"));
        }
        loaded.remarks.iter().for_each(|remark| ui.note(remark));
        let (read, rows) = (loaded.read, loaded.rows);
        let nothing = if self.dry_run { " (dry run: nothing was written)" } else { "" };
        let changed = match rows.changed {
            0 => String::new(),
            changed => format!(", changed {changed}"),
        };
        ui.note(format!(
            "read {read}: new {}, known {}, rejected {rejected}{changed}{nothing}",
            rows.new, rows.known
        ));
    }
}

/// Prints which new companies may be known under another id.
pub(super) fn report_look_alikes(context: &Context, made: &MadeCompanies) {
    for (id, other) in &made.look_alikes {
        context.ui.note(format!(
            "'{id}' looks like '{other}'; if they are one: signals company merge '{id}' '{other}'"
        ));
    }
}

impl ReadingOptions {
    fn options(&self) -> Result<Options> {
        Ok(Options {
            kind: self.kind.clone(),
            map: self.map.clone(),
            encoding: self.encoding.clone(),
            delimiter: self.delimiter,
            timezone: self.timezone.as_deref().map(parse_zone).transpose()?,
            date_format: self.date_format,
            decimal: self.decimal,
            wide: self.wide,
        })
    }
}

impl Import {
    /// Undoes an import, or says which one would be undone.
    fn undo(&self, context: &Context, number: Option<i64>) -> Result<()> {
        let mut store = context.writer()?;
        let now = context.clock.now();
        let finish = if self.dry_run { Finish::RollBack } else { Finish::Commit };
        let (import, file) = store.transaction(finish, |store| store.undo_import(number, now))?;
        let undone = match self.dry_run {
            true => "would be undone (dry run: nothing was written)",
            false => "is undone",
        };
        context.ui.note(format!("import {import} ({file}) {undone}"));
        Ok(())
    }
}

/// Whether an import says something about the rows of the file: it was done, or refused because of
/// them. Otherwise an earlier list of rejected rows stays.
fn is_about_its_rows(outcome: &LoadedFile) -> bool {
    let Err(error) = &outcome.result else { return true };
    let report = error::report(error).filter(|report| report.kind == ErrorKind::InputRefused);
    report.is_some() && outcome.plan.is_some()
}

/// What the file is and how its columns are read, in one line.
fn describe(plan: &Plan) -> String {
    let columns =
        plan.mapping.columns.iter().map(|mapped| match mapped.header == mapped.column.name {
            true => mapped.header.clone(),
            false => format!("{} from '{}'", mapped.column.name, mapped.header),
        });
    let columns: Vec<String> = columns.collect();
    let product =
        plan.mapping.product.map(|product| format!(" of {}", product.name)).unwrap_or_default();
    let mut text = format!("{}{product}: {}", plan.mapping.kind.name, columns.join(", "));
    let custom: Vec<&str> = plan.mapping.custom.iter().map(|custom| custom.name.as_str()).collect();
    if !custom.is_empty() {
        text.push_str(&format!("; own columns: {}", custom.join(", ")));
    }
    if !plan.mapping.ignored.is_empty() {
        text.push_str(&format!("; left out: {}", plan.mapping.ignored.join(", ")));
    }
    text
}

/// The findings of a dry run besides the mapping and the counts.
fn diagnosis(plan: &Plan, loaded: &Loaded) -> Vec<String> {
    let packing = plan.packing.map(|packing| format!(", packed with {packing}"));
    let packing = packing.unwrap_or_default();
    let mut lines = vec![
        format!("delimiter {}, encoding {}{packing}", plan.delimiter.name(), plan.encoding),
        format!("times without a zone are in {}, days are counted in {}", plan.times_in, plan.zone),
    ];
    if let Some((first, last)) = loaded.days.first().zip(loaded.days.last()) {
        lines.push(format!("first day {first}, last day {last}"));
    }
    let missing: Vec<String> = loaded.days.missing().iter().map(ToString::to_string).collect();
    if !missing.is_empty() {
        let days = counted(missing.len() as u64, "day", "days");
        lines.push(format!("{days} without any event: {}", first_few(&missing)));
    }
    if loaded.ambiguous_dates > 0 {
        let dates = counted(loaded.ambiguous_dates, "date", "dates");
        let read = "and were read as --date-format says";
        lines.push(format!("{dates} could be day/month or month/day, {read}"));
    }
    if loaded.rows.repeated > 0 {
        let rows = counted(loaded.rows.repeated, "row is", "rows are");
        lines.push(format!("{rows} equal to another of the file"));
    }
    for gap in &loaded.gaps {
        let companies = counted(gap.companies.len() as u64, "company", "companies");
        lines.push(format!("{}: {companies}: {}", gap.which, first_few(&gap.companies)));
    }
    lines
}

/// The examples, and the kinds and products from the catalogue.
fn long_help() -> String {
    let catalogue = catalogue();
    let mut text =
        format!("{AFTER_HELP}\n\nKinds, with their columns; those in brackets may be missing:\n");
    for kind in &catalogue.kinds {
        let columns = kind.columns.iter().map(|column| match column.required {
            true => column.name.clone(),
            false => format!("[{}]", column.name),
        });
        text.push_str(&format!("  {}: {}\n", kind.name, columns.collect::<Vec<_>>().join(", ")));
    }
    text.push_str("\nExports that are recognised by their header:\n");
    for kind in &catalogue.kinds {
        let products = catalogue.products.iter().filter(|product| product.kind == kind.name);
        let mut names: Vec<&str> = products.map(|product| product.name.as_str()).collect();
        names.dedup();
        if !names.is_empty() {
            text.push_str(&format!("  {}: {}\n", kind.name, names.join(", ")));
        }
    }
    text.push_str("\nOther names that columns may have are listed in docs/import.md.");
    text
}

fn field_and_column(text: &str) -> Result<(String, String), String> {
    let (field, column) =
        text.split_once('=').ok_or_else(|| format!("'{text}' is not FIELD=COLUMN"))?;
    Ok((field.trim().to_owned(), column.trim().to_owned()))
}
