//! `signals export`: complete data for other tools.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};

use super::options::{ending, output_file, refuse_terminal};
use super::output::write_records;
use crate::context::Context;
use crate::domain::day::{Day, DayRange};
use crate::output_file::OutputFile;
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
    Companies {
        #[command(flatten)]
        as_of: AsOfOption,
        #[command(flatten)]
        condition: ConditionOptions,
        #[command(flatten)]
        options: ExportOptions,
    },
    /// The companies of a segment, by id
    #[command(after_help = "Example:\n  signals export segment at-risk --out at-risk.csv")]
    Segment {
        /// The segment's name
        name: String,
        #[command(flatten)]
        entries: ExportEntries,
    },
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
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        let store = context.reader()?;
        let export = |options| Export { context, store: &store, options };
        match self {
            ExportCommand::Signals(options) => export(options).signals(),
            ExportCommand::Companies { as_of, condition, options } => {
                export(options).companies(as_of, &condition)
            }
            ExportCommand::Segment { name, entries: ExportEntries { as_of, options } } => {
                let condition = ConditionOptions { segment: Some(name), condition: None };
                export(options).companies(as_of, &condition)
            }
            ExportCommand::Health(args) => export(args.options).health(args.as_of),
            ExportCommand::Pulses(args) => export(args.options).pulses(args.as_of),
            ExportCommand::Tasks(args) => export(args.options).tasks(args.as_of),
            ExportCommand::Events(options) => export(options).events(),
        }
    }
}

struct Export<'e> {
    context: &'e Context,
    store: &'e Store,
    options: ExportOptions,
}

impl Export<'_> {
    fn signals(&self) -> Result<()> {
        let order = SignalOrder { key: SortKey::Date, is_descending: false, limit: None };
        self.write(&SIGNALS.fields.names(), &mut |record| {
            self.store.for_each_signal(&SignalFilter::default(), order, |signal| {
                record(&SIGNALS.fields.values(&signal))
            })
        })
    }

    /// All attributes of the companies that meet a condition.
    fn companies(&self, as_of: AsOfOption, condition: &ConditionOptions) -> Result<()> {
        let catalogue = self.store.catalogue()?;
        let columns = catalogue.names();
        let as_of = as_of.resolve(self.context, self.store)?;
        let companies = condition.select(self.store, &catalogue, &columns, as_of)?;
        self.write(&columns, &mut |record| {
            companies.values(&columns)?.try_for_each(|row| record(&views::companies::values(&row)))
        })
    }

    /// All companies that ever existed, with the attributes that identify them, ordered by id.
    fn all_companies(&self) -> Result<SelectedCompanies> {
        let as_of = AsOfOption::default().resolve(self.context, self.store)?;
        let catalogue = self.store.catalogue()?;
        SelectedCompanies::select(self.store, &catalogue, &exports::COMPANY, &[], as_of)
    }

    fn health(&self, as_of: AsOfOption) -> Result<()> {
        let last = as_of.resolve(self.context, self.store)?.day;
        let companies = self.all_companies()?;
        let keys = companies.keys();
        let days = DayRange { from: Day::from_number(i32::MIN), to: last };
        let days = self.store.days_run(days)?;
        self.write(&exports::columns(&exports::HEALTH), &mut |record| {
            for day in &days {
                let mut scored = self.store.health_on(*day, Scope::All)?;
                for (key, names) in keys.iter().zip(companies.values(&exports::COMPANY)?) {
                    if let Some(health) = scored.remove(key) {
                        record(&exports::row(&names, &exports::HEALTH, &(*day, health)))?;
                    }
                }
            }
            Ok(())
        })
    }

    fn pulses(&self, as_of: AsOfOption) -> Result<()> {
        let last = as_of.resolve(self.context, self.store)?.last_entry();
        let pulses = self.store.all_pulses(last)?;
        let companies = self.all_companies()?;
        let names: HashMap<_, _> =
            companies.keys().into_iter().zip(companies.values(&exports::COMPANY)?).collect();
        self.write(&exports::columns(&exports::PULSES), &mut |record| {
            let mut named =
                pulses.iter().filter_map(|pulse| Some((names.get(&pulse.company)?, pulse)));
            named.try_for_each(|(names, pulse)| {
                record(&exports::row(names, &exports::PULSES, pulse))
            })
        })
    }

    fn tasks(&self, as_of: AsOfOption) -> Result<()> {
        let as_of = as_of.resolve(self.context, self.store)?;
        let (today, until) = (as_of.today(), as_of.last_entry());
        let tasks = self.store.tasks(&TaskFilter { until, ..TaskFilter::default() })?;
        self.write(&TASKS.fields.names(), &mut |record| {
            let mut listed = tasks.iter().map(|task| ListedTask { task: task.clone(), today });
            listed.try_for_each(|task| record(&TASKS.fields.values(&task)))
        })
    }

    fn events(&self) -> Result<()> {
        self.write(&exports::EVENTS, &mut |record| {
            self.store.for_each_event(|event| record(&exports::event(event)))
        })?;
        let all = DayRange { from: Day::from_number(i32::MIN), to: Day::from_number(i32::MAX) };
        let pulled = self.store.pulled_days(all)?;
        if let (Some(first), Some(last)) = (pulled.first(), pulled.last()) {
            let days = counted(pulled.len() as u64, "day", "days");
            self.context.ui.note(format!(
                "of {days} from {} to {} there are counts and no events: they are not in this export",
                first.day, last.day
            ));
        }
        Ok(())
    }

    fn write(&self, fields: &[&str], produce: Produce<'_>) -> Result<()> {
        let options = &self.options;
        let file = output_file(self.context, options.out.as_deref())?;
        let format = match options.format() {
            ExportFormat::Csv => Format::Csv,
            ExportFormat::Json => Format::Json,
            ExportFormat::Ndjson => Format::Ndjson,
            ExportFormat::Xlsx => return self.write_workbook(file, fields, produce),
        };
        let writer = RecordWriter::new(format, fields).raw(options.raw);
        match file {
            Some(path) => write_records(path, writer, |record| produce(record)),
            None => self.context.ui.records(writer, |record| produce(record)),
        }
    }

    fn write_workbook(
        &self,
        file: Option<&Path>,
        fields: &[&str],
        produce: Produce<'_>,
    ) -> Result<()> {
        let mut workbook = |folder: Option<&Path>| {
            let today = self.context.today(self.store);
            let mut book = RecordBook::new("export", fields, today, folder)?;
            produce(&mut |values| book.record(values))?;
            book.into_bytes()
        };
        let Some(path) = file else {
            refuse_terminal(self.context)?;
            return self.context.ui.data(workbook(None)?);
        };
        let mut file = OutputFile::begin(path)?;
        let bytes = workbook(file.folder())?;
        file.add(&bytes)?;
        file.finish()
    }
}

impl ExportOptions {
    fn format(&self) -> ExportFormat {
        self.format.unwrap_or(match ending(self.out.as_deref()).as_deref() {
            Some("json") => ExportFormat::Json,
            Some("ndjson" | "jsonl") => ExportFormat::Ndjson,
            Some("xlsx") => ExportFormat::Xlsx,
            _ => ExportFormat::Csv,
        })
    }
}
