//! `signals export`: complete data for other tools.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Subcommand};

use super::options::refuse_database;
use crate::context::Context;
use crate::error::usage;
use crate::render::{Format, RecordWriter, Value};
use crate::store::{SignalFilter, SignalOrder, SortKey, Store};
use crate::views;
use crate::views::companies::FIELDS;
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
    Companies(ExportOptions),
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
            Export::Companies(options) => companies(context, &store, &options),
        }
    }
}

fn signals(context: &Context, store: &Store, options: &ExportOptions) -> Result<()> {
    let order = SignalOrder { key: SortKey::Date, is_descending: false, limit: None };
    options.write(context, SIGNALS.fields, &mut |record| {
        store.for_each_signal(&SignalFilter::default(), order, |signal| record(&(SIGNALS.values)(&signal)))
    })
}

fn companies(context: &Context, store: &Store, options: &ExportOptions) -> Result<()> {
    let own = store.company_attribute_names()?;
    let columns: Vec<&str> = FIELDS.iter().copied().chain(own.iter().map(String::as_str)).collect();
    let as_of = store.as_of(context.today(store))?;
    let subscriptions = store.all_subscriptions()?;
    options.write(context, &columns, &mut |record| {
        store.for_each_company(|mut details| {
            details.apply_contract(subscriptions.get(&details.key).map_or(&[], Vec::as_slice), as_of);
            record(&views::companies::values(&details, &columns))
        })
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
        file.write(&bytes)?;
        bytes.clear();
        Ok(())
    })?;
    writer.finish(&mut bytes);
    file.write(&bytes)?;
    file.finish(true)
}
