//! `signals report`: reports for executives and managers.

mod gather;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};

use super::backtest::BacktestOptions;
use super::list::explain_csm;
use super::options::{ending, output_file, refuse_terminal};
use crate::context::Context;
use crate::error::usage;
use crate::output_file::OutputFile;
use crate::query::{Selection, find_csm};
use crate::render::report::{self, Report};
use crate::render::{Format, Look};
use crate::views::reports::{self, Portfolio};
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
    PulseChanges {
        /// Compare with the pulse this many days ago
        #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=3650))]
        days: u16,
        #[command(flatten)]
        options: ReportOptions,
    },
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
    Backtest {
        #[command(flatten)]
        question: BacktestOptions,
        #[command(flatten)]
        output: ReportOutput,
    },
    /// What each rule raised, and the outcomes
    #[command(after_help = "Example:\n  signals report signals --out rules.html")]
    Signals(ReportOptions),
    /// One company for a review meeting: health and why, signals that hold, people, renewal, tasks
    #[command(
        after_help = "Examples:\n  signals report company acme\n  signals report company acme --out acme.html"
    )]
    Company {
        /// The company's id or name
        company: String,
        #[command(flatten)]
        options: ReportOptions,
    },
    /// A CSM's agenda as a page: which customers need attention and why, signals that hold, tasks,
    /// renewals
    #[command(after_help = "Example:\n  signals report csm ana --out ana.html")]
    Csm {
        /// The CSM
        name: String,
        #[command(flatten)]
        options: ReportOptions,
    },
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
            ReportCommand::Pulse(options) => options.write_of(context, reports::pulse),
            ReportCommand::PulseChanges { days, options } => options.write(context, |question| {
                let then = question.last_day() - i32::from(days);
                let book = question.book()?;
                let earlier = question.pulses_on(&book, then)?;
                Ok(reports::pulse_changes(&book.portfolio, then, &earlier))
            }),
            ReportCommand::RiskFactors(options) => options.write_of(context, reports::risk_factors),
            ReportCommand::Stages(options) => options.write_of(context, reports::stages),
            ReportCommand::Renewals(options) => options.write_of(context, reports::renewals),
            ReportCommand::Workload(options) => options.write_of(context, reports::workload),
            ReportCommand::Backtest { question, output } => output.write(context, |has_logo| {
                let mut store = context.reader()?;
                let (_, outcome) = question.outcome(context, &mut store)?;
                let letter = letterhead(&store, has_logo)?;
                Ok(reports::backtest(&outcome, question.filter(), letter))
            }),
            ReportCommand::Signals(options) => options.write(context, |question| {
                let portfolio = question.portfolio()?;
                let lives = question.signals(&portfolio)?;
                Ok(reports::signals(&portfolio, &lives))
            }),
            ReportCommand::Company { company, options } => options.write(context, |question| {
                let (portfolio, customer) = question.customer(&company)?;
                let review = question.review(&customer)?;
                Ok(reports::company(&portfolio, &customer, &review))
            }),
            ReportCommand::Csm { name, mut options } => {
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
    /// Writes a report that needs no more than the customers.
    fn write_of(self, context: &Context, report: fn(&Portfolio) -> Report) -> Result<()> {
        self.write(context, |question| Ok(report(&question.portfolio()?)))
    }

    fn write(
        self,
        context: &Context,
        make: impl FnOnce(&Question<'_>) -> Result<Report>,
    ) -> Result<()> {
        self.output.write(context, |has_logo| {
            let store = context.reader()?;
            make(&Question::new(context, &store, &self.selection, has_logo)?)
        })?;
        context.ui.flush()?;
        explain_csm(context, &context.reader()?, self.selection.csm.as_deref())
    }
}

impl ReportOutput {
    /// Writes the report that `make` creates, with or without a logo, after checking that the
    /// output can be written.
    fn write(&self, context: &Context, make: impl FnOnce(bool) -> Result<Report>) -> Result<()> {
        let format = self.format()?;
        let file = output_file(context, self.out.as_deref())?;
        if format == ReportFormat::Xlsx && file.is_none() {
            refuse_terminal(context)?;
        }
        let report = make(format == ReportFormat::Html)?;
        match file {
            Some(path) => OutputFile::write_at(path, &bytes(&report, format, Look::PLAIN)?),
            None => context.ui.data(bytes(&report, format, context.ui.look())?),
        }
    }

    fn format(&self) -> Result<ReportFormat> {
        if let Some(format) = self.format {
            return Ok(format);
        }
        Ok(match ending(self.out.as_deref()).as_deref() {
            Some("csv") => ReportFormat::Csv,
            Some("json") => ReportFormat::Json,
            Some("ndjson" | "jsonl") => ReportFormat::Ndjson,
            Some("xlsx") => ReportFormat::Xlsx,
            Some("html" | "htm") => ReportFormat::Html,
            Some("txt" | "md") | None => ReportFormat::Table,
            Some(other) => {
                let hint = "txt, csv, json, ndjson, xlsx and html can; or say which with --format";
                let message = format!("no report can be written as .{other}");
                return Err(usage(message).hint(hint).into());
            }
        })
    }
}

fn bytes(report: &Report, format: ReportFormat, look: Look) -> Result<Vec<u8>> {
    let figures = |format| report::figures(report, format, look.width.is_some());
    match format {
        ReportFormat::Table => Ok(report::screen(report, look).into_bytes()),
        ReportFormat::Csv => figures(Format::Csv),
        ReportFormat::Json => figures(Format::Json),
        ReportFormat::Ndjson => figures(Format::Ndjson),
        ReportFormat::Xlsx => report::xlsx(report),
        ReportFormat::Html => report::page(report),
    }
}
