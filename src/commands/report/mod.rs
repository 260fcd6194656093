//! `signals report`: reports for executives and managers.

mod gather;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};

use super::backtest::BacktestOptions;
use super::options::refuse_database;
use crate::context::Context;
use crate::error::usage;
use crate::output_file::{OutputFile, is_standard_output};
use crate::query::{Selection, find_csm};
use crate::render::Format;
use crate::render::report::{self, Report};
use crate::views::reports;
use gather::{Question, letterhead};

/// Reports for executives and managers: tables in a terminal, a page, a workbook, or CSV and JSON with one figure a row.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  signals report dashboard --out dashboard.html
  signals report renewals --segment enterprise --out renewals.xlsx
  signals report workload --as-of 2026-03-31 --format csv")]
pub(crate) enum ReportCommand {
    /// One page for executives: health, cancellations, trend, problems, workload, signals, whom to
    /// talk about
    #[command(
        after_help = "Examples:\n  signals report dashboard\n  signals report dashboard --out dashboard.html"
    )]
    Dashboard(ReportOptions),
    /// Health bands by segment, plan and stage, the trend, and who moved most
    #[command(after_help = "Example:\n  signals report health --where \"plan = 'enterprise'\"")]
    Health(ReportOptions),
    /// How many customers have which pulse, and who
    #[command(after_help = "Example:\n  signals report pulse --csm ana")]
    Pulse(ReportOptions),
    /// Each level of the pulse now against some days ago, and who moved
    #[command(after_help = "Example:\n  signals report pulse-changes --days 28")]
    PulseChanges(PulseChangesOptions),
    /// Why customers are at risk: the reason codes of their pulses
    #[command(after_help = "Example:\n  signals report risk-factors --out risks.xlsx")]
    RiskFactors(ReportOptions),
    /// Health and pulse by lifecycle stage
    #[command(after_help = "Example:\n  signals report stages")]
    Stages(ReportOptions),
    /// When contracts renew, against health and pulse, and the MRR at risk
    #[command(after_help = "Example:\n  signals report renewals --where \"days_to_renewal <= 90\"")]
    Renewals(ReportOptions),
    /// Customers, MRR, poor health, open bad signals and overdue tasks of each CSM
    #[command(after_help = "Example:\n  signals report workload --format csv")]
    Workload(ReportOptions),
    /// Whether the signals of the rules foretell churn
    #[command(
        after_help = "Examples:\n  signals report backtest --out backtest.html\n  signals report backtest --rule fading --min-events 10"
    )]
    Backtest(BacktestReport),
    /// What each rule raised, and the outcomes
    #[command(after_help = "Example:\n  signals report signals --out rules.html")]
    Signals(ReportOptions),
    /// One company for a review meeting: health and why, signals that hold, people, renewal, tasks
    #[command(
        after_help = "Examples:\n  signals report company acme\n  signals report company acme --out acme.html"
    )]
    Company(CompanyReportOptions),
    /// A CSM's agenda as a page: which customers need attention and why, signals that hold, tasks,
    /// renewals
    #[command(after_help = "Example:\n  signals report csm ana --out ana.html")]
    Csm(CsmReportOptions),
}

/// As of when, of which customers, and where the report goes.
#[derive(Debug, Args)]
pub(crate) struct ReportOptions {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    output: ReportOutput,
}

/// In which format a report is written, and where to.
#[derive(Debug, Args)]
pub(crate) struct ReportOutput {
    /// The format; unless set, by the file's ending, else table
    #[arg(long, value_name = "FORMAT")]
    format: Option<ReportFormat>,
    /// The file, written whole or not at all; standard output unless set
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// What is measured, and where the report goes.
#[derive(Debug, Args)]
pub(crate) struct BacktestReport {
    #[command(flatten)]
    question: BacktestOptions,
    #[command(flatten)]
    output: ReportOutput,
}

/// The same, about one company.
#[derive(Debug, Args)]
pub(crate) struct CompanyReportOptions {
    /// The company's id or name
    #[arg(value_name = "COMPANY")]
    company: String,
    #[command(flatten)]
    options: ReportOptions,
}

/// The same, about the customers of a CSM.
#[derive(Debug, Args)]
pub(crate) struct CsmReportOptions {
    /// The CSM
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    options: ReportOptions,
}

/// The same, and how far back to look.
#[derive(Debug, Args)]
pub(crate) struct PulseChangesOptions {
    /// Compare with the pulse this many days ago
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=3650))]
    days: u16,
    #[command(flatten)]
    options: ReportOptions,
}

/// The formats of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// Tables with small bars, for people.
    Table,
    /// One row per figure.
    Csv,
    /// One array, with an object per figure.
    Json,
    /// One object per figure, each on its own line.
    Ndjson,
    /// A workbook with a sheet per table.
    Xlsx,
    /// A page to open in a browser.
    Html,
}

impl ReportCommand {
    /// Creates the report and writes it.
    ///
    /// # Errors
    /// A day in the future or an invalid expression (exit 2); an unknown segment (exit 9); a file
    /// that cannot be written (exit 8).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        match self {
            ReportCommand::Dashboard(options) => options.write(context, |question| {
                let (book, terms) = (question.book()?, question.terms()?);
                let (history, losses) = (question.history(&book)?, question.losses(&book, &terms)?);
                let traffic = question.traffic(&book.portfolio)?;
                let kept = question.retention(&book, &terms);
                Ok(reports::dashboard(&book.portfolio, &history, &losses, &traffic, kept))
            }),
            ReportCommand::Health(options) => options.write(context, |question| {
                let book = question.book()?;
                Ok(reports::health(&book.portfolio, &question.history(&book)?))
            }),
            ReportCommand::Pulse(options) => {
                options.write(context, |question| Ok(reports::pulse(&question.portfolio()?)))
            }
            ReportCommand::PulseChanges(PulseChangesOptions { days, options }) => {
                options.write(context, |question| {
                    let then = question.day() - i32::from(days);
                    let book = question.book()?;
                    let earlier = question.pulses_on(&book, then)?;
                    Ok(reports::pulse_changes(&book.portfolio, then, &earlier))
                })
            }
            ReportCommand::RiskFactors(options) => {
                options.write(context, |question| Ok(reports::risk_factors(&question.portfolio()?)))
            }
            ReportCommand::Stages(options) => {
                options.write(context, |question| Ok(reports::stages(&question.portfolio()?)))
            }
            ReportCommand::Renewals(options) => {
                options.write(context, |question| Ok(reports::renewals(&question.portfolio()?)))
            }
            ReportCommand::Workload(options) => {
                options.write(context, |question| Ok(reports::workload(&question.portfolio()?)))
            }
            ReportCommand::Backtest(options) => options.write(context),
            ReportCommand::Signals(options) => options.write(context, |question| {
                let portfolio = question.portfolio()?;
                let lives = question.signals(&portfolio)?;
                Ok(reports::signals(&portfolio, &lives))
            }),
            ReportCommand::Company(CompanyReportOptions { company, options }) => {
                options.write(context, |question| {
                    let (portfolio, customer) = question.customer(&company)?;
                    let review = question.review(&customer)?;
                    Ok(reports::company(&portfolio, &customer, &review))
                })
            }
            ReportCommand::Csm(CsmReportOptions { name, mut options }) => {
                let name = find_csm(&context.reader()?, &name)?;
                options.selection.csm = Some(name.clone());
                options.write(context, |question| {
                    let book = question.book()?;
                    let (signals, tasks) = question.open_work(&book.portfolio)?;
                    Ok(reports::csm(&book.portfolio, &name, &signals, &tasks))
                })
            }
        }
    }
}

impl ReportOptions {
    fn write(
        self,
        context: &Context,
        make: impl FnOnce(&Question<'_>) -> Result<Report>,
    ) -> Result<()> {
        self.output.write(context, |has_logo| {
            let store = context.reader()?;
            make(&Question::new(context, &store, &self.selection, has_logo)?)
        })
    }
}

impl BacktestReport {
    fn write(self, context: &Context) -> Result<()> {
        self.output.write(context, |has_logo| {
            let mut store = context.reader()?;
            let (_, outcome) = self.question.outcome(context, &mut store)?;
            let letter = letterhead(&store, has_logo)?;
            Ok(reports::backtest(&outcome, self.question.filter(), letter))
        })
    }
}

impl ReportOutput {
    /// Writes the report that `make` creates, with or without a logo, after checking that the
    /// output can be written.
    fn write(&self, context: &Context, make: impl FnOnce(bool) -> Result<Report>) -> Result<()> {
        let format = self.format()?;
        let file = self.out.as_deref().filter(|path| !is_standard_output(path));
        if format == ReportFormat::Xlsx && file.is_none() && context.ui.look().width.is_some() {
            return Err(usage("a workbook is nothing for a terminal")
                .hint("--out FILE.xlsx writes it to a file")
                .into());
        }
        file.map_or(Ok(()), |path| refuse_database(context, path))?;
        let report = make(format == ReportFormat::Html)?;
        let Some(path) = file else {
            return context.ui.data(bytes(&report, format, context.ui.look())?);
        };
        let bytes = bytes(&report, format, crate::render::Look::PLAIN)?;
        let mut file = OutputFile::begin(path)?;
        file.add(&bytes)?;
        file.finish()
    }

    fn format(&self) -> Result<ReportFormat> {
        let ending =
            self.out.as_deref().and_then(Path::extension).and_then(|ending| ending.to_str());
        let ending = ending.map(str::to_lowercase);
        if let Some(format) = self.format {
            return Ok(format);
        }
        Ok(match ending.as_deref() {
            Some("csv") => ReportFormat::Csv,
            Some("json") => ReportFormat::Json,
            Some("ndjson" | "jsonl") => ReportFormat::Ndjson,
            Some("xlsx") => ReportFormat::Xlsx,
            Some("html" | "htm") => ReportFormat::Html,
            Some("txt" | "md") | None => ReportFormat::Table,
            Some(other) => {
                let failure = usage(format!("no report can be written as .{other}"));
                return Err(failure
                    .hint("txt, csv, json, ndjson, xlsx and html can; or say which with --format")
                    .into());
            }
        })
    }
}

fn bytes(report: &Report, format: ReportFormat, look: crate::render::Look) -> Result<Vec<u8>> {
    match format {
        ReportFormat::Table => Ok(report::screen(report, look).into_bytes()),
        ReportFormat::Csv => report::figures(report, Format::Csv, look.width.is_some()),
        ReportFormat::Json => report::figures(report, Format::Json, look.width.is_some()),
        ReportFormat::Ndjson => report::figures(report, Format::Ndjson, look.width.is_some()),
        ReportFormat::Xlsx => report::xlsx(report),
        ReportFormat::Html => report::page(report),
    }
}
