//! `signals export`: complete data for other tools.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};

use super::options::refuse_database;
use crate::context::Context;
use crate::domain::day::{Day, DayRange};
use crate::error::usage;
use crate::output_file::{OutputFile, is_standard_output};
use crate::query::{AsOfOption, ConditionOptions, SelectedCompanies};
use crate::render::{Format, RecordBook, RecordWriter, Value, counted};
use crate::store::{Scope, SignalFilter, SignalOrder, SortKey, Store, TaskFilter};
use crate::views;
use crate::views::exports;
use crate::views::signals::SIGNALS;
use crate::views::tasks::{ListedTask, TASKS};

/// Export complete data for other tools.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  signals export signals --out signals.csv\n  signals export companies --out companies.xlsx\n  signals export events --format ndjson"
)]
pub(crate) enum ExportCommand {
    /// All signals, oldest first
    #[command(after_help = "Example:\n  signals export signals --out signals.csv")]
    Signals(ExportOptions),
    /// All companies, by id
    #[command(after_help = "Example:\n  signals export companies --format ndjson")]
    Companies(ExportCompanies),
    /// The companies of a segment, by id
    #[command(after_help = "Example:\n  signals export segment at-risk --out at-risk.csv")]
    Segment(ExportSegment),
    /// The health of each company on each day that was run, with every measure
    #[command(after_help = "Example:\n  signals export health --out health.csv")]
    Health(ExportEntries),
    /// Every pulse that was set, by company
    #[command(after_help = "Example:\n  signals export pulses --out pulses.xlsx")]
    Pulses(ExportEntries),
    /// All tasks, earliest due first
    #[command(after_help = "Example:\n  signals export tasks --format ndjson")]
    Tasks(ExportEntries),
    /// All events, day by day
    #[command(after_help = "Example:\n  signals export events --out events.csv")]
    Events(ExportOptions),
}

/// Up to which day, and where it goes.
#[derive(Debug, Args)]
pub(crate) struct ExportEntries {
    #[command(flatten)]
    as_of: AsOfOption,
    #[command(flatten)]
    options: ExportOptions,
}

/// The formats of exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// Comma-separated, one header row.
    Csv,
    /// One array.
    Json,
    /// One object per line.
    Ndjson,
    /// A workbook.
    Xlsx,
}

/// Which companies, and where they go.
#[derive(Debug, Args)]
pub(crate) struct ExportCompanies {
    #[command(flatten)]
    as_of: AsOfOption,
    #[command(flatten)]
    condition: ConditionOptions,
    #[command(flatten)]
    options: ExportOptions,
}

/// Which segment, and where it goes.
#[derive(Debug, Args)]
pub(crate) struct ExportSegment {
    /// The segment's name
    name: String,
    #[command(flatten)]
    as_of: AsOfOption,
    #[command(flatten)]
    options: ExportOptions,
}

/// Where an export goes, and how.
#[derive(Debug, Args)]
pub(crate) struct ExportOptions {
    /// The file, written whole or not at all; standard output unless set
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The format; unless set, by the file's ending, else csv
    #[arg(long, value_name = "FORMAT")]
    format: Option<ExportFormat>,
    /// Do not neutralise CSV cells that a spreadsheet would take for formulas
    #[arg(long)]
    raw: bool,
}

type Produce<'p> = &'p mut dyn FnMut(&mut dyn FnMut(&[Value<'_>]) -> Result<()>) -> Result<()>;

impl ExportCommand {
    /// Writes the export.
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        let store = context.reader()?;
        match self {
            ExportCommand::Signals(options) => signals(context, &store, &options),
            ExportCommand::Companies(ExportCompanies { as_of, condition, options }) => {
                companies(context, &store, &condition, as_of, &options)
            }
            ExportCommand::Segment(ExportSegment { name, as_of, options }) => {
                let condition = ConditionOptions { segment: Some(name), condition: None };
                companies(context, &store, &condition, as_of, &options)
            }
            ExportCommand::Health(ExportEntries { as_of, options }) => {
                health(context, &store, as_of, &options)
            }
            ExportCommand::Pulses(ExportEntries { as_of, options }) => {
                pulses(context, &store, as_of, &options)
            }
            ExportCommand::Tasks(ExportEntries { as_of, options }) => {
                tasks(context, &store, as_of, &options)
            }
            ExportCommand::Events(options) => events(context, &store, &options),
        }
    }
}

fn signals(context: &Context, store: &Store, options: &ExportOptions) -> Result<()> {
    let order = SignalOrder { key: SortKey::Date, is_descending: false, limit: None };
    options.write(context, store, &SIGNALS.fields.names(), &mut |record| {
        store.for_each_signal(&SignalFilter::default(), order, |signal| {
            record(&SIGNALS.fields.values(&signal))
        })
    })
}

/// All attributes of the companies that meet a condition.
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
    options.write(context, store, &columns, &mut |record| {
        companies.values(&columns)?.try_for_each(|row| record(&views::companies::values(&row)))
    })
}

/// All companies that ever existed, with the attributes that identify them, ordered by id.
fn all_companies(context: &Context, store: &Store) -> Result<SelectedCompanies> {
    let as_of = AsOfOption::default().resolve(context, store)?;
    SelectedCompanies::select(store, &store.catalogue()?, &exports::COMPANY, &[], as_of)
}

fn health(
    context: &Context,
    store: &Store,
    as_of: AsOfOption,
    options: &ExportOptions,
) -> Result<()> {
    let last = as_of.resolve(context, store)?.day;
    let companies = all_companies(context, store)?;
    let keys = companies.keys();
    let days = store.days_run(DayRange { from: Day::from_number(i32::MIN), to: last })?;
    options.write(context, store, &exports::HEALTH, &mut |record| {
        for day in &days {
            let scored = store.health_on(*day, Scope::All)?;
            for (key, names) in keys.iter().zip(companies.values(&exports::COMPANY)?) {
                if let Some(health) = scored.get(key) {
                    record(&exports::health(&names, *day, health))?;
                }
            }
        }
        Ok(())
    })
}

fn pulses(
    context: &Context,
    store: &Store,
    as_of: AsOfOption,
    options: &ExportOptions,
) -> Result<()> {
    let pulses = store.all_pulses(as_of.resolve(context, store)?.last_entry())?;
    let companies = all_companies(context, store)?;
    let names: HashMap<_, _> =
        companies.keys().into_iter().zip(companies.values(&exports::COMPANY)?).collect();
    options.write(context, store, &exports::PULSES, &mut |record| {
        let mut named = pulses.iter().filter_map(|pulse| Some((names.get(&pulse.company)?, pulse)));
        named.try_for_each(|(names, pulse)| record(&exports::pulse(names, pulse)))
    })
}

fn tasks(
    context: &Context,
    store: &Store,
    as_of: AsOfOption,
    options: &ExportOptions,
) -> Result<()> {
    let as_of = as_of.resolve(context, store)?;
    let today = as_of.today();
    let tasks = store.tasks(&TaskFilter { until: as_of.last_entry(), ..TaskFilter::default() })?;
    options.write(context, store, &TASKS.fields.names(), &mut |record| {
        let mut listed = tasks.iter().map(|task| ListedTask { task: task.clone(), today });
        listed.try_for_each(|task| record(&TASKS.fields.values(&task)))
    })
}

fn events(context: &Context, store: &Store, options: &ExportOptions) -> Result<()> {
    options.write(context, store, &exports::EVENTS, &mut |record| {
        store.for_each_event(|event| record(&exports::event(event)))
    })?;
    let all = DayRange { from: Day::from_number(i32::MIN), to: Day::from_number(i32::MAX) };
    let pulled = store.pulled_days(all)?;
    if let (Some(first), Some(last)) = (pulled.first(), pulled.last()) {
        let days = counted(pulled.len() as u64, "day", "days");
        context.ui.note(format!(
            "of {days} from {} to {} there are counts and no events: they are not in this export",
            first.day, last.day
        ));
    }
    Ok(())
}

impl ExportOptions {
    fn write(
        &self,
        context: &Context,
        store: &Store,
        fields: &[&str],
        produce: Produce<'_>,
    ) -> Result<()> {
        let file = self.out.as_deref().filter(|path| !is_standard_output(path));
        file.map_or(Ok(()), |path| refuse_database(context, path))?;
        let format = match self.format() {
            ExportFormat::Csv => Format::Csv,
            ExportFormat::Json => Format::Json,
            ExportFormat::Ndjson => Format::Ndjson,
            ExportFormat::Xlsx => return write_workbook(context, store, file, fields, produce),
        };
        let writer = RecordWriter::new(format, fields).raw(self.raw);
        match file {
            Some(path) => write_file(path, writer, produce),
            None => context.ui.records(writer, |record| produce(record)),
        }
    }

    fn format(&self) -> ExportFormat {
        let ending =
            self.out.as_deref().and_then(Path::extension).and_then(|ending| ending.to_str());
        self.format.unwrap_or(match ending.map(str::to_lowercase).as_deref() {
            Some("json") => ExportFormat::Json,
            Some("ndjson" | "jsonl") => ExportFormat::Ndjson,
            Some("xlsx") => ExportFormat::Xlsx,
            _ => ExportFormat::Csv,
        })
    }
}

fn write_workbook(
    context: &Context,
    store: &Store,
    file: Option<&Path>,
    fields: &[&str],
    produce: Produce<'_>,
) -> Result<()> {
    let Some(path) = file else {
        if context.ui.look().width.is_some() {
            return Err(usage("a workbook is nothing for a terminal")
                .hint("--out FILE.xlsx writes it to a file")
                .into());
        }
        return context.ui.data(workbook(context.today(store), fields, None, produce)?);
    };
    let mut file = OutputFile::begin(path)?;
    let bytes = workbook(context.today(store), fields, file.folder(), produce)?;
    file.add(&bytes)?;
    file.finish()
}

fn workbook(
    today: Day,
    fields: &[&str],
    folder: Option<&Path>,
    produce: Produce<'_>,
) -> Result<Vec<u8>> {
    let mut book = RecordBook::new("export", fields, today, folder)?;
    produce(&mut |values| book.record(values))?;
    book.into_bytes()
}

fn write_file(path: &Path, mut writer: RecordWriter<'_>, produce: Produce<'_>) -> Result<()> {
    let mut file = OutputFile::begin(path)?;
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
    file.finish()
}
