//! `signals backtest`: whether signals predict churn.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use indicatif::ProgressBar;

use super::options::{FormatOption, range, refuse_database};
use super::output::write_records;
use crate::backtest::{self, BacktestPlan, BacktestResult, can_be_bad};
use crate::context::Context;
use crate::domain::backtest::Settings;
use crate::domain::day::{Day, DayOrOffset, DayRange};
use crate::domain::rule::Rule;
use crate::error::{CommandError, not_allowed, usage};
use crate::query::{ConditionOptions, find_rule, not_in_the_future};
use crate::render::{Format, RecordWriter};
use crate::run::last_complete_day;
use crate::store::{Catalogue, Store};
use crate::views::backtest as view;

/// Measure whether the signals of rules foretell churn
///
/// Replays the rules as they stand now, day by day over the stored facts, and compares their
/// signals with the churns that followed. Nothing is written. Lift says how many times as often
/// customers with a signal churned as customers picked at random: 1 is no better than chance. docs/backtest.md
/// explains the numbers with an example.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  signals backtest
  signals backtest --rule fading --rule silent --min-events 10
  signals backtest --segment enterprise --format csv --signals replayed.csv")]
pub(crate) struct Backtest {
    #[command(flatten)]
    question: BacktestOptions,
    /// Write the replayed signals to this file, as CSV
    #[arg(long, value_name = "FILE")]
    signals: Option<PathBuf>,
    #[command(flatten)]
    format: FormatOption,
}

/// What is measured, and on which days.
#[derive(Debug, Args)]
pub(crate) struct BacktestOptions {
    /// Measure this rule; without it, every enabled rule that can raise a bad signal
    #[arg(long = "rule", value_name = "NAME")]
    rules: Vec<String>,
    /// Count company-days from this day on; the replay itself starts with the first event
    #[arg(long, value_name = "DAY", allow_hyphen_values = true)]
    from: Option<DayOrOffset>,
    /// Take only what happened up to this day; the last complete day unless set
    #[arg(long, value_name = "DAY", allow_hyphen_values = true)]
    until: Option<DayOrOffset>,
    /// How many days after a signal a churn still counts as foretold
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(i32).range(1..=3650))]
    horizon: i32,
    /// A churn that follows in fewer days comes too late to act
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(i32).range(1..=3650))]
    min_lead: i32,
    /// Count a company only once it has been a customer for this many days
    #[arg(long, value_name = "DAYS", default_value_t = 56, value_parser = clap::value_parser!(i32).range(0..=3650))]
    established: i32,
    /// Count a company only while it has at least this many events in 180 days
    #[arg(long, value_name = "N", default_value_t = 0)]
    min_events: u64,
    #[command(flatten)]
    companies: ConditionOptions,
    /// Measure the health bands too: how many of the company-days in each came before a churn
    #[arg(long)]
    health: bool,
    /// Measure the days up to this one and those after it apart; the median day of churn unless set
    #[arg(long, value_name = "DAY", allow_hyphen_values = true)]
    split: Option<DayOrOffset>,
}

impl Backtest {
    /// Replays, measures and prints.
    ///
    /// # Errors
    /// A lead longer than the horizon (exit 2); an unknown rule or segment, or no churns (exit 9).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        if let Some(path) = &self.signals {
            refuse_database(context, path)?;
        }
        let mut store = context.reader()?;
        let (rules, outcome) = self.question.outcome(context, &mut store)?;
        if let Some(path) = &self.signals {
            write_signals(&store, path, &rules, &outcome)?;
        }
        if self.format.is_table() {
            return context.ui.page(|screen| view::draw(&outcome, screen));
        }
        self.format.print(context, &view::ROWS, &outcome.rows)?;
        if outcome.health.is_some() {
            context.ui.note("the health bands are in the table and in `report backtest`");
        }
        view::remarks(&outcome).into_iter().for_each(|remark| context.ui.note(remark));
        Ok(())
    }
}

impl BacktestOptions {
    pub(crate) fn outcome(
        &self,
        context: &Context,
        store: &mut Store,
    ) -> Result<(Vec<Rule>, BacktestResult)> {
        if self.min_lead > self.horizon {
            let (lead, horizon) = (self.min_lead, self.horizon);
            let message =
                format!("a lead of {lead} days is longer than the horizon of {horizon} days");
            return Err(usage(message).hint("--min-lead must be at most --horizon").into());
        }
        let catalogue = store.catalogue()?;
        let conditions = self.companies.conditions(store, &catalogue)?;
        let until = match self.until {
            Some(until) => Some(not_in_the_future(context, store, until)?),
            None => last_complete_day(store, context.today(store))?,
        };
        let from = self.from.map(|given| context.day(store, given));
        from.zip(until).map(|(from, until)| range(from, until)).transpose()?;
        let nothing = || no_events("to replay the rules on");
        let question = BacktestPlan {
            rules: self.rules(store)?,
            settings: Settings {
                from,
                until: until.ok_or_else(nothing)?,
                horizon: self.horizon,
                min_lead: self.min_lead,
            },
            established: self.established,
            min_events: self.min_events,
            conditions: &conditions,
            split: self.split.map(|given| context.day(store, given)),
            health: self.health,
        };
        let outcome = replay(context, store, &catalogue, &question)?.ok_or_else(nothing)?;
        if outcome.churns() == 0 {
            return Err(no_churn(&outcome).into());
        }
        Ok((question.rules, outcome))
    }

    /// Which customers are included, in words.
    pub(crate) fn filter(&self) -> String {
        let mut words = Vec::new();
        words.extend(self.companies.segment.as_ref().map(|name| format!("segment {name}")));
        words.extend(self.companies.condition.as_ref().map(|text| format!("where {text}")));
        if words.is_empty() { "all customers".to_owned() } else { words.join(", ") }
    }

    fn rules(&self, store: &Store) -> Result<Vec<Rule>> {
        if self.rules.is_empty() {
            let stored = store.rules()?.into_iter().map(|stored| stored.rule);
            return Ok(stored.filter(|rule| rule.enabled && can_be_bad(rule)).collect());
        }
        self.rules.iter().map(|name| Ok(find_rule(store, name)?.rule)).collect()
    }
}

fn replay(
    context: &Context,
    store: &mut Store,
    catalogue: &Catalogue,
    question: &BacktestPlan<'_>,
) -> Result<Option<BacktestResult>> {
    let Some(data) = store.event_days()? else { return Ok(None) };
    let bar = replay_progress(context, data, question.settings.until);
    let outcome = backtest::run(store, catalogue, question, |_| bar.inc(1));
    bar.finish_and_clear();
    outcome
}

/// The progress of a replay of the days of events up to a day.
pub(super) fn replay_progress(context: &Context, data: DayRange, until: Day) -> ProgressBar {
    context.ui.progress_of_days((until - data.from + 1).max(0) as u64, "replaying")
}

/// The error for a database without events; `purpose` says what they are needed for.
pub(super) fn no_events(purpose: &str) -> CommandError {
    not_allowed(format!("there are no events {purpose}")).hint("`signals import FILE` brings them")
}

fn no_churn(outcome: &BacktestResult) -> CommandError {
    let until = outcome.days.to;
    let message = format!(
        "no churn is known among these customers up to {until} that a signal could have foretold"
    );
    let hint =
        "`signals company churn ID --on DAY` records one, `signals import --kind churn FILE` many";
    not_allowed(message)
        .hint(hint)
        .hint("subscriptions that end are churns too: `signals import subscriptions.csv`")
}

fn write_signals(
    store: &Store,
    path: &Path,
    rules: &[Rule],
    outcome: &BacktestResult,
) -> Result<()> {
    let summaries = store.company_summaries()?.into_iter();
    let ids: HashMap<_, _> = summaries.map(|summary| (summary.key, summary.company_id)).collect();
    let writer = RecordWriter::new(Format::Csv, &view::SIGNAL_FIELDS);
    write_records(path, writer, |record| {
        for (rule, signals) in rules.iter().zip(&outcome.signals) {
            for signal in signals {
                let id = ids.get(&signal.company).map(String::as_str);
                record(&view::signal(&rule.name, id, signal))?;
            }
        }
        Ok(())
    })
}
