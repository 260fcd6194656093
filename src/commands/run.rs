//! `signals run`: applies the rules to the days that are due, or to those that the user names.

use anyhow::Result;
use clap::{Args, Subcommand};

use super::options::FormatOption;
use super::output;
use crate::context::Context;
use crate::domain::day::{Day, DayRange};
use crate::error::{CommandError, ErrorKind, not_allowed, usage};
use crate::query::not_in_the_future;
use crate::render::{Format, counted};
use crate::run::{self, DayReport, Telling};
use crate::store::{Finish, Store};
use crate::views::runs::{self, RUNS};
use crate::views::signals::SIGNALS;

/// Apply the rules: to the days that are due, or to the days named.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Without a date, each day after the last one run, up to yesterday, as far as events are complete;
the very first run takes yesterday.

Examples:
  signals run
  signals run --as-of 2026-03-31
  signals run --from 2026-01-01 --to 2026-03-31 --dry-run
  signals run list"
)]
pub struct Run {
    #[command(subcommand)]
    subcommand: Option<RunCommand>,
    /// Run this day
    #[arg(long, value_name = "DAY", conflicts_with_all = ["from", "to"])]
    as_of: Option<Day>,
    /// Run each day from this one
    #[arg(long, value_name = "DAY", requires = "to")]
    from: Option<Day>,
    /// … to this one, itself included
    #[arg(long, value_name = "DAY", requires = "from")]
    to: Option<Day>,
    /// Run days before the last one run all the same
    #[arg(long)]
    backfill: bool,
    /// Show what would be raised, and write nothing
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Open tasks and tell people also of the signals of --from, --to and --backfill
    #[arg(long)]
    notify: bool,
    /// Refuse a day when the newest event lies more than so many days before it
    #[arg(long, value_name = "DAYS", default_value_t = USUAL_LAG)]
    max_lag: u64,
    #[command(flatten)]
    format: FormatOption,
}

/// How many days the newest event may lie before a day that is run.
const USUAL_LAG: u64 = 3;

#[derive(Debug, Subcommand)]
enum RunCommand {
    /// List the runs, with times and counts
    #[command(after_help = "Example:\n  signals run list")]
    List(FormatOption),
}

impl Run {
    /// The run of the days that are due.
    pub fn usual(format: FormatOption) -> Self {
        Run {
            subcommand: None,
            as_of: None,
            from: None,
            to: None,
            backfill: false,
            dry_run: false,
            notify: false,
            max_lag: USUAL_LAG,
            format,
        }
    }

    /// History must not flood anyone: only what is new is told, unless the user says otherwise.
    fn telling(&self) -> Telling {
        if self.notify || (self.from.is_none() && !self.backfill) {
            Telling::Everybody
        } else {
            Telling::Nobody
        }
    }

    /// Runs the days.
    ///
    /// # Errors
    /// A future day (exit 2); an earlier day without --backfill (exit 9); data that is too old or
    /// not complete (exit 12).
    pub fn run(self, context: &Context) -> Result<()> {
        if let Some(RunCommand::List(FormatOption { format })) = self.subcommand {
            return output::print_items(&context.ui, format, &RUNS, &context.reader()?.runs()?);
        }
        let mut store = context.writer()?;
        let days = match self.days(context, &store) {
            Ok(Some(days)) => days,
            // Other programs get a list all the same, if an empty one.
            nothing => {
                self.print(context, &[])?;
                return nothing.map(drop);
            }
        };
        let (reports, result) = self.run_days(context, &mut store, days)?;
        self.print(context, &reports)?;
        self.summarise(context, &reports);
        result
    }

    fn print(&self, context: &Context, reports: &[DayReport]) -> Result<()> {
        if reports.is_empty() && self.format.format == Format::Table {
            return Ok(());
        }
        output::print_list(&context.ui, self.format.format, &SIGNALS, |each| {
            reports.iter().flat_map(|report| &report.raised).try_for_each(each)
        })?;
        context.ui.flush()
    }

    /// The days to run; `None` when there is nothing to do.
    fn days(&self, context: &Context, store: &Store) -> Result<Option<DayRange>> {
        let days = match (self.as_of, self.from, self.to) {
            (Some(day), ..) => DayRange { from: day, to: day },
            (None, Some(from), Some(to)) => DayRange { from, to },
            _ => return due_days(context, store),
        };
        if days.is_empty() {
            return Err(usage(format!("{} lies after {}", days.from, days.to)).into());
        }
        not_in_the_future(context, store, days.to)?;
        let latest = store.latest_run_day()?.filter(|latest| *latest > days.from);
        match latest {
            Some(latest) if !self.backfill => Err(earlier_day(days.from, latest).into()),
            _ => Ok(Some(days)),
        }
    }

    /// Runs the days in order until one fails. What came of those before it is kept.
    fn run_days(
        &self,
        context: &Context,
        store: &mut Store,
        days: DayRange,
    ) -> Result<(Vec<DayReport>, Result<()>)> {
        if self.dry_run {
            // One transaction over all days, so that each sees what the days before it would have
            // raised.
            return store.transaction(Finish::RollBack, |store| {
                let mut reports = Vec::new();
                let result = days.days().try_for_each(|day| {
                    reports.push(self.run_day(context, store, day)?);
                    Ok(())
                });
                Ok((reports, result))
            });
        }
        let mut reports = Vec::new();
        let result = days.days().try_for_each(|day| {
            reports.push(
                store.transaction(Finish::Commit, |store| self.run_day(context, store, day))?,
            );
            Ok(())
        });
        Ok((reports, result))
    }

    fn run_day(&self, context: &Context, store: &Store, day: Day) -> Result<DayReport> {
        self.refuse_earlier_day(store, day)?;
        let lag = run::lag(store, day)?;
        if lag > 0 {
            let newest = day - lag;
            let days = counted(lag as u64, "day", "days");
            if lag as u64 > self.max_lag {
                return Err(stale(day, newest, &days).into());
            }
            context.ui.warning(format!("the newest event is of {newest}, {days} before {day}"));
        }
        let report = run::run_day(store, &context.clock, day, self.telling())?;
        for rule in report.record.rules.iter().filter(|rule| rule.is_outage) {
            context.ui.warning(format!(
                "{day}: {} of {} companies turned at once under the rule {}: the tracking of that event may have changed",
                rule.raised_bad.max(rule.raised_good),
                rule.evaluated,
                rule.rule
            ));
        }
        Ok(report)
    }

    /// Another run may have gone on while this one waited for its turn.
    fn refuse_earlier_day(&self, store: &Store, day: Day) -> Result<()> {
        match store.latest_run_day()?.filter(|latest| *latest > day) {
            Some(latest) if !self.backfill => Err(earlier_day(day, latest).into()),
            _ => Ok(()),
        }
    }

    fn summarise(&self, context: &Context, reports: &[DayReport]) {
        let [first, .., last] = reports else {
            if let [only] = reports {
                context.ui.note(format!("{}: {}", only.record.day, self.summary(reports)));
            }
            return;
        };
        let days = counted(reports.len() as u64, "day", "days");
        context.ui.note(format!(
            "{days}, {}..{}: {}",
            first.record.day,
            last.record.day,
            self.summary(reports)
        ));
    }

    fn summary(&self, reports: &[DayReport]) -> String {
        let (bad, good, info) = reports.iter().map(|report| runs::raised(&report.record)).fold(
            (0, 0, 0),
            |(bad, good, info), (more_bad, more_good, more_info)| {
                (bad + more_bad, good + more_good, info + more_info)
            },
        );
        let raised = if self.dry_run { "would raise" } else { "raised" };
        let signals = counted(bad + good + info, "signal", "signals");
        let companies = reports
            .iter()
            .map(|report| report.record.companies_evaluated)
            .max()
            .unwrap_or_default();
        let rules =
            reports.iter().map(|report| report.record.rules.len() as u64).max().unwrap_or_default();
        format!(
            "{raised} {signals} ({bad} bad, {good} good, {info} info); {}, {}",
            counted(companies, "company", "companies"),
            counted(rules, "rule", "rules")
        )
    }
}

/// The days that are due, as far as they are complete.
fn due_days(context: &Context, store: &Store) -> Result<Option<DayRange>> {
    let due = run::due_days(store, context.today(store))?;
    if due.days.is_empty() && due.incomplete.is_empty() {
        let yesterday = context.today(store).previous();
        context.ui.note(format!("every day up to {yesterday} was run already"));
        context.ui.hint(format!(
            "`signals run --as-of {yesterday}` runs it again, for rules and data that came since"
        ));
        return Ok(None);
    }
    if due.days.is_empty() {
        let message = format!(
            "{} is due, but no import of events has finished since it ended",
            due.incomplete.from
        );
        let hint = "import the events up to that day first; `signals run --as-of DAY` runs an incomplete day";
        return Err(CommandError::new(ErrorKind::Stale, message).hint(hint).into());
    }
    if !due.incomplete.is_empty() {
        context.ui.warning(format!(
            "running up to {} only: no import of events has finished since {} ended",
            due.days.to, due.incomplete.from
        ));
    }
    Ok(Some(due.days))
}

fn earlier_day(day: Day, latest: Day) -> CommandError {
    not_allowed(format!("{day} lies before {latest}, the last day that was run"))
        .hint("--backfill runs it all the same")
}

fn stale(day: Day, newest: Day, days: &str) -> CommandError {
    let message = format!(
        "{day} is refused: the newest event is of {newest}, {days} before, and every customer would look as if it had stopped"
    );
    CommandError::new(ErrorKind::Stale, message)
        .hint("import newer events, or allow it with --max-lag DAYS")
}
