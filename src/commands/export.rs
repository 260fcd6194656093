//! `signals export`: complete data for other tools.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Subcommand};

use super::customers::{AsOfOption, ConditionOptions};
use super::options::refuse_database;
use crate::context::Context;
use crate::error::usage;
use crate::render::{Format, RecordWriter, Value};
use crate::store::{SignalFilter, SignalOrder, SortKey, Store};
use crate::views;
use crate::views::signals::SIGNALS;
use crate::whole_file::WholeFile;

/// Write complete data for other tools.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  signals export signals --out signals.csv\n  signals export companies --format ndjson"
)]
pub enum Export {
    /// All signals, oldest first
    #[command(after_help = "Example:\n  signals export signals --out signals.csv")]
    Signals(ExportOptions),
    /// All companies, by id
    #[command(after_help = "Example:\n  signals export companies --format ndjson")]
    Companies(ExportCompanies),
    /// The companies of a segment, by id
    #[command(after_help = "Example:\n  signals export segment at-risk --out at-risk.csv")]
    Segment(ExportSegment),
}

/// Which companies, and where they go.
#[derive(Debug, Args)]
pub struct ExportCompanies {
    #[command(flatten)]
    as_of: AsOfOption,
    #[command(flatten)]
    condition: ConditionOptions,
    #[command(flatten)]
    options: ExportOptions,
}

/// Which segment, and where it goes.
#[derive(Debug, Args)]
pub struct ExportSegment {
    /// The segment's name
    name: String,
    #[command(flatten)]
    as_of: AsOfOption,
    #[command(flatten)]
    options: ExportOptions,
}

/// Where an export goes, and how.
#[derive(Debug, Args)]
pub struct ExportOptions {
    /// The file, written whole or not at all; standard output unless set
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// csv, json or ndjson; unless set, by the file's ending, else csv
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Leave text cells of CSV as they are, even those that a spreadsheet would take for formulas
    #[arg(long)]
    raw: bool,
}

type Produce<'p> = &'p mut dyn FnMut(&mut dyn FnMut(&[Value<'_>]) -> Result<()>) -> Result<()>;

impl Export {
    /// Writes the export.
    ///
    /// # Errors
    /// A file that cannot be written; a database that cannot be read.
    pub fn run(self, context: &Context) -> Result<()> {
        let store = context.reader()?;
        match self {
            Export::Signals(options) => signals(context, &store, &options),
            Export::Companies(ExportCompanies { as_of, condition, options }) => {
                companies(context, &store, &condition, as_of, &options)
            }
            Export::Segment(ExportSegment { name, as_of, options }) => {
                let condition = ConditionOptions { segment: Some(name), condition: None };
                companies(context, &store, &condition, as_of, &options)
            }
        }
    }
}

fn signals(context: &Context, store: &Store, options: &ExportOptions) -> Result<()> {
    let order = SignalOrder { key: SortKey::Date, is_descending: false, limit: None };
    options.write(context, SIGNALS.fields, &mut |record| {
        store.for_each_signal(&SignalFilter::default(), order, |signal| record(&(SIGNALS.values)(&signal)))
    })
}

/// Everything that can be asked of the companies that meet a condition.
fn companies(
    context: &Context,
    store: &Store,
    condition: &ConditionOptions,
    as_of: AsOfOption,
    options: &ExportOptions,
) -> Result<()> {
    let catalogue = store.catalogue()?;
    let columns = catalogue.names();
    let as_of = as_of.resolve(context, store)?;
    let companies = condition.select(store, &catalogue, &columns, as_of)?;
    options.write(context, &columns, &mut |record| {
        companies.values(&columns)?.try_for_each(|row| record(&views::companies::values(&row)))
    })
}

impl ExportOptions {
    fn write(&self, context: &Context, fields: &[&str], produce: Produce<'_>) -> Result<()> {
        let writer = RecordWriter::new(self.format()?, fields).raw(self.raw);
        match &self.out {
            Some(path) if path.as_os_str() != "-" => {
                refuse_database(context, path)?;
                write_file(path, writer, produce)
            }
            _ => context.ui.records(writer, |record| produce(record)),
        }
    }

    fn format(&self) -> Result<Format> {
        let ending = self.out.as_deref().and_then(Path::extension).and_then(|ending| ending.to_str());
        match self.format {
            Some(Format::Table) => Err(usage("an export is csv, json or ndjson").into()),
            Some(format) => Ok(format),
            None => Ok(match ending {
                Some("json") => Format::Json,
                Some("ndjson" | "jsonl") => Format::Ndjson,
                _ => Format::Csv,
            }),
        }
    }
}

fn write_file(path: &Path, mut writer: RecordWriter<'_>, produce: Produce<'_>) -> Result<()> {
    let mut file = WholeFile::begin(path)?;
    let mut bytes = Vec::new();
    writer.start(&mut bytes)?;
    produce(&mut |values| {
        writer.record(&mut bytes, values)?;
        file.add(&bytes)?;
        bytes.clear();
        Ok(())
    })?;
    writer.finish(&mut bytes);
    file.add(&bytes)?;
    file.finish(true)
}
