//! `signals run`: applies the rules to the days that are due, or to those that the user names.

use anyhow::Result;
use clap::{Args, Subcommand};

use super::options::{FormatOption, range};
use super::output::Extras;
use crate::context::Context;
use crate::domain::day::{Day, DayOrOffset, DayRange};
use crate::domain::outage::DAYS_OF_A_STEADY_EVENT;
use crate::error::{CommandError, ErrorKind, not_allowed};
use crate::query::{find_rule, not_in_the_future};
use crate::render::counted;
use crate::run::{self, Accepting, DayReport, DueDays, Manner, Telling};
use crate::store::{Finish, Store};
use crate::views::runs::{self, RUNS};
use crate::views::signals::SIGNALS;

/// Apply the rules to the days that are due, or to the days you name.
#[derive(Debug, Default, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Without a date, runs each day after the last one run, up to the last complete day; the first run \
takes that day alone. A day is complete when an import of events has finished after the day ended \
and there is an event of that day or a later one. Days after it wait for newer events.

Examples:
  signals run
  signals run --as-of 2026-03-31
  signals run --from 2026-01-01 --to 2026-03-31 --dry-run
  signals run list"
)]
pub(crate) struct Run {
    #[command(subcommand)]
    subcommand: Option<RunCommand>,
    #[command(flatten)]
    days: DayOptions,
    /// Show what would be raised, and write nothing
    #[arg(long, short = 'n')]
    dry_run: bool,
    #[command(flatten)]
    format: FormatOption,
}

/// Which days are run, and how, here and in `signals daily`.
#[derive(Debug, Default, Args)]
pub(crate) struct DayOptions {
    /// Run this day
    #[arg(long, value_name = "DAY", allow_hyphen_values = true, conflicts_with_all = ["from", "to"])]
    as_of: Option<DayOrOffset>,
    /// Run the days from this one on that have not been run yet
    #[arg(long, value_name = "DAY", allow_hyphen_values = true, requires = "to")]
    from: Option<DayOrOffset>,
    /// The last day of the range, inclusive
    #[arg(long, value_name = "DAY", allow_hyphen_values = true, requires = "from")]
    to: Option<DayOrOffset>,
    /// Run days again, and days before the last one run
    #[arg(long)]
    backfill: bool,
    /// Also open tasks and send notifications for the signals of --from, --to and --backfill
    #[arg(long)]
    notify: bool,
    /// How many days the data may lag behind yesterday, or behind the day you name [default: 3,
    /// and 0 for a named day]
    #[arg(long, value_name = "DAYS")]
    max_lag: Option<u64>,
    /// Raise the signals of a rule, or of `all`, that were withheld because the data looked broken
    #[arg(long, value_name = "RULE|all")]
    accept: Option<String>,
}

/// The default maximum of days between the last complete day and yesterday: a weekend and a day.
const USUAL_LAG: u64 = 3;

#[derive(Debug, Subcommand)]
enum RunCommand {
    /// List the runs, with times and counts
    #[command(after_help = "Example:\n  signals run list")]
    List(FormatOption),
}

impl Run {
    pub(crate) fn of(days: DayOptions) -> Self {
        Run { days, ..Run::default() }
    }

    /// Past days must not flood anyone: only new signals are announced, unless the user says
    /// otherwise.
    fn telling(&self) -> Telling {
        if self.days.notify || (self.days.from.is_none() && !self.days.backfill) {
            Telling::Everybody
        } else {
            Telling::Nobody
        }
    }

    /// # Errors
    /// A future day (exit 2); an earlier day without --backfill, or an unknown rule (exit 9); data
    /// that is too old (exit 12).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        if let Some(RunCommand::List(format)) = self.subcommand {
            return format.print(context, &RUNS, &context.reader()?.runs()?);
        }
        let mut store = context.writer()?;
        let accepting = self.accepting(&store)?;
        let days = self.days(context, &store);
        if self.names_days() && days.is_err() {
            // Programs get an empty list.
            self.print(context, &[])?;
            return days.map(drop);
        }
        let mut ran = Ran::default();
        let result = if self.dry_run {
            // One transaction over all days, so that each sees what the previous ones would have
            // raised.
            store.transaction(Finish::RollBack, |store| {
                Ok(self.run_all(context, store, days, &accepting, &mut ran))
            })?
        } else {
            self.run_all(context, &mut store, days, &accepting, &mut ran)
        };
        self.print(context, &ran.reports)?;
        ran.reports.iter().for_each(|report| report_broken_data(context, report));
        self.summarise(context, &ran);
        let outside = store.csms_missing_in_team(context.today(&store))?;
        outside.iter().for_each(|line| context.ui.note(line));
        result
    }

    fn names_days(&self) -> bool {
        self.days.as_of.is_some() || self.days.from.is_some()
    }

    /// # Errors
    /// No such rule (exit 9).
    fn accepting(&self, store: &Store) -> Result<Accepting> {
        Ok(match self.days.accept.as_deref() {
            None => Accepting::Nothing,
            Some("all") => Accepting::All,
            Some(name) => Accepting::Rule(find_rule(store, name)?.rule.name),
        })
    }

    fn print(&self, context: &Context, reports: &[DayReport]) -> Result<()> {
        if reports.is_empty() && self.format.is_table() {
            return Ok(());
        }
        let extras = Extras { link: context.reader()?.company_link()?, ..Extras::default() };
        self.format.print_with(context, &SIGNALS, &extras, |each| {
            reports.iter().flat_map(|report| &report.raised).try_for_each(each)
        })?;
        context.ui.flush()
    }

    /// The days to run; `None` if there is nothing to do.
    fn days(&self, context: &Context, store: &Store) -> Result<Option<DayRange>> {
        let day = |given| context.day(store, given);
        let DayOptions { as_of, from, to, .. } = &self.days;
        let days = match (as_of.map(day), from.map(day), to.map(day)) {
            (Some(day), ..) => DayRange { from: day, to: day },
            (None, Some(from), Some(to)) => range(from, to)?,
            _ => return self.due_days(context, store),
        };
        not_in_the_future(context, store, days.to)?;
        self.refuse_earlier_day(store, days)?;
        self.refuse_day_without_data(context, store, days)?;
        Ok(Some(days))
    }

    /// Refuses days before the last one run, unless they are skipped.
    fn refuse_earlier_day(&self, store: &Store, days: DayRange) -> Result<()> {
        let Some(latest) = store.latest_run_day()?.filter(|_| !self.days.backfill) else {
            return Ok(());
        };
        let earlier = match self.days.as_of {
            Some(_) => Some(days.from).filter(|day| *day < latest),
            None => run::passed_over(store, days)?,
        };
        earlier.map_or(Ok(()), |day| Err(earlier_day(day, latest).into()))
    }

    fn refuse_day_without_data(
        &self,
        context: &Context,
        store: &Store,
        days: DayRange,
    ) -> Result<()> {
        let lag = run::lag(store, days.to)?;
        if lag as u64 <= self.days.max_lag.unwrap_or(0) {
            return Ok(());
        }
        let complete = run::last_complete_day(store, context.today(store))?;
        Err(without_data(store, days.to, days.to - lag, complete)?.into())
    }

    /// The days that are due, as far as they are complete.
    fn due_days(&self, context: &Context, store: &Store) -> Result<Option<DayRange>> {
        let today = context.today(store);
        let Some(due) = run::due_days(store, today)? else {
            return Err(never_imported().into());
        };
        let behind = u64::try_from(today.previous() - due.complete).unwrap_or(0);
        if !due.waiting.is_empty() && behind > self.days.max_lag.unwrap_or(USUAL_LAG) {
            return Err(stale(&due, behind).into());
        }
        if !due.waiting.is_empty() {
            context.ui.warning(waiting(&due));
        } else if due.days.is_empty() {
            let yesterday = today.previous();
            let again = "runs it again, for rules and data that came since";
            context.ui.note(format!("every day up to {yesterday} was run already"));
            context.ui.hint(format!("`signals run --as-of {yesterday}` {again}"));
        }
        Ok(Some(due.days).filter(|days| !days.is_empty()))
    }

    /// Runs again the days whose events came late, then those whose signals are accepted, then the
    /// due or named days, in order until one fails. Earlier results are kept.
    fn run_all(
        &self,
        context: &Context,
        store: &mut Store,
        days: Result<Option<DayRange>>,
        accepting: &Accepting,
        ran: &mut Ran,
    ) -> Result<()> {
        self.run_late_days(context, store, ran)?;
        if *accepting != Accepting::Nothing {
            self.step(store, |store| run_accepted_days(context, store, accepting, ran))?;
        }
        let Some(days) = days? else { return Ok(()) };
        for day in days.days() {
            match self.step(store, |store| self.run_day(context, store, day, accepting))? {
                Some(report) => ran.reports.push(report),
                None => ran.skipped += 1,
            }
        }
        Ok(())
    }

    /// Does a part of the work in its own transaction; in a dry run, in the one over all.
    fn step<T>(&self, store: &mut Store, work: impl FnOnce(&Store) -> Result<T>) -> Result<T> {
        if self.dry_run {
            return work(store);
        }
        store.transaction(Finish::Commit, |store| work(store))
    }

    fn run_late_days(&self, context: &Context, store: &mut Store, ran: &mut Ran) -> Result<()> {
        let again = run::days_again(store)?;
        ran.too_old = again.too_old;
        let last = again.days.last().copied();
        for (place, day) in again.days.iter().enumerate() {
            let next = again.days.get(place + 1).copied();
            let is_told = last.is_some_and(|last| last - *day < run::DAYS_TOLD);
            let telling = if is_told { Telling::Everybody } else { Telling::Nobody };
            let report = self.step(store, |store| {
                let report = run_again(context, store, *day, telling)?;
                store.record_run_again(*day, next)?;
                Ok(report)
            })?;
            ran.add_again(report, next.is_none());
        }
        Ok(())
    }

    /// Runs a day; `None` if it is skipped because it was run already.
    fn run_day(
        &self,
        context: &Context,
        store: &Store,
        day: Day,
        accepting: &Accepting,
    ) -> Result<Option<DayReport>> {
        // Another run may have continued while this one waited.
        let only = DayRange { from: day, to: day };
        self.refuse_earlier_day(store, only)?;
        let is_skipped = self.days.as_of.is_none() && !self.days.backfill;
        if is_skipped && !store.days_run(only)?.is_empty() {
            return Ok(None);
        }
        let lag = run::lag(store, day)?;
        if lag > 0 {
            let days = counted(lag as u64, "day", "days");
            context.ui.warning(format!("your data ends on {}, {days} before {day}", day - lag));
        }
        let telling = self.telling();
        let manner = Manner { telling, accepting: accepting.clone(), is_again: false };
        run::run_day(store, &context.clock, day, manner).map(Some)
    }

    fn summarise(&self, context: &Context, ran: &Ran) {
        let mut parts = Vec::new();
        let again = ran.days_again as usize;
        let (before, due) = ran.reports.split_at(ran.reports.len().min(again));
        if let [first, .., last] = due {
            let days = counted(due.len() as u64, "day", "days");
            let (from, to) = (first.record.day, last.record.day);
            parts.push(format!("{days}, {from}..{to}: {}", self.summary(due)));
        } else if let [only] = due {
            parts.push(format!("{}: {}", only.record.day, self.summary(due)));
        }
        if ran.skipped > 0 {
            let days = counted(ran.skipped, "day", "days");
            parts.push(format!("skipped {days} run already (--backfill runs them again)"));
        }
        if !parts.is_empty() {
            context.ui.note(parts.join("; "));
        }
        if let Some(text) = ran.of_late_events(before) {
            context.ui.note(text);
        }
        if !due.is_empty() && due.iter().all(|report| report.record.rules.is_empty()) {
            let ui = &context.ui;
            ui.warning("no rule is enabled, so no signals can be raised");
            ui.hint("`signals rule preset add --usual` adds the rules that suit most teams");
        }
    }

    fn summary(&self, reports: &[DayReport]) -> String {
        let records = || reports.iter().map(|report| &report.record);
        let (mut bad, mut good, mut info) = (0, 0, 0);
        for (more_bad, more_good, more_info) in records().map(runs::raised) {
            (bad, good, info) = (bad + more_bad, good + more_good, info + more_info);
        }
        let raised = if self.dry_run { "would raise" } else { "raised" };
        let signals = counted(bad + good + info, "signal", "signals");
        let companies = records().map(|record| record.companies_evaluated).max();
        let companies = counted(companies.unwrap_or_default(), "company", "companies");
        let rules = records().map(|record| record.rules.len() as u64).max();
        let rules = counted(rules.unwrap_or_default(), "rule", "rules");
        format!("{raised} {signals} ({bad} bad, {good} good, {info} info); {companies}, {rules}")
    }
}

/// The results of several days.
#[derive(Default)]
struct Ran {
    /// Days that were run again come first.
    reports: Vec<DayReport>,
    days_again: u64,
    /// The number of days whose events changed but that are too old to run again.
    too_old: u64,
    /// The number of days skipped because they were run already.
    skipped: u64,
}

impl Ran {
    /// Adds the report of a day that was run again. Held-back signals are reported only for the
    /// last day: those of the others are outdated.
    fn add_again(&mut self, mut report: DayReport, is_last: bool) {
        if !is_last {
            report.held_back.clear();
            report.missing_events.clear();
        }
        self.days_again += 1;
        self.reports.push(report);
    }

    /// What was run again, in a sentence; `None` if nothing was.
    fn of_late_events(&self, again: &[DayReport]) -> Option<String> {
        let mut parts = Vec::new();
        if self.days_again > 0 {
            let days = counted(self.days_again, "day", "days");
            let added = again.iter().map(|report| report.raised.len() as u64).sum();
            let added = counted(added, "signal", "signals");
            let retracted = again.iter().map(|report| report.retracted).sum::<u64>();
            parts.push(format!("ran {days} again: {added} added, {retracted} retracted"));
        }
        if self.too_old > 0 {
            let days = counted(self.too_old, "older day", "older days");
            let were = if self.too_old == 1 { "was" } else { "were" };
            parts.push(format!("{days} with late events {were} not run again"));
        }
        if parts.is_empty() { None } else { Some(parts.join("; ")) }
    }
}

/// Raises the signals that were withheld on the latest day run, on the days on which they would
/// have been raised.
fn run_accepted_days(
    context: &Context,
    store: &Store,
    accepting: &Accepting,
    ran: &mut Ran,
) -> Result<()> {
    let Some(first) = store.accept_withheld(accepting.rule())? else { return Ok(()) };
    let Some(last) = store.latest_run_day()? else { return Ok(()) };
    for day in store.days_run(DayRange { from: first, to: last })? {
        ran.add_again(run_again(context, store, day, Telling::Everybody)?, day == last);
    }
    Ok(())
}

fn run_again(context: &Context, store: &Store, day: Day, telling: Telling) -> Result<DayReport> {
    let manner = Manner { telling, accepting: Accepting::Nothing, is_again: true };
    run::run_day(store, &context.clock, day, manner)
}

/// Prints what was held back on a day because its data looks broken, and which events are missing,
/// even with `--quiet`.
fn report_broken_data(context: &Context, report: &DayReport) {
    let day = report.record.day;
    for event in &report.missing_events {
        context.ui.alarm(format!(
            "{day} has no event '{event}', which came on each of the {DAYS_OF_A_STEADY_EVENT} days before; unless accepted, its trend rules raise nothing bad for {day}"
        ));
    }
    for held_back in &report.held_back {
        let rule = &held_back.rule;
        let companies = held_back.companies.len() as u64;
        let since = held_back.companies.iter().map(|(_, what)| what.since).min().unwrap_or(day);
        let since = if since < day { format!(", some since {since}") } else { String::new() };
        context.ui.alarm(format!(
            "{day}: withheld the bad signals of {rule} for {companies} of {} companies{since}: the data of that day may be broken",
            held_back.eligible
        ));
        context.ui.alarm_hint(format!("`signals run --accept '{rule}'` raises them"));
    }
}

/// Prints which rules held back signals on the latest day run.
pub(super) fn report_withheld(context: &Context, store: &Store) -> Result<()> {
    for held_back in store.withheld_now()? {
        let companies = counted(held_back.companies, "company", "companies");
        context.ui.warning(format!(
            "the bad signals of {} for {companies} are withheld since {}: the data may be broken",
            held_back.rule, held_back.since
        ));
        context.ui.hint(format!("`signals run --accept '{}'` raises them", held_back.rule));
    }
    Ok(())
}

fn earlier_day(day: Day, latest: Day) -> CommandError {
    not_allowed(format!("{day} is before {latest}, the last day that was run"))
        .hint("--backfill runs it anyway")
}

fn never_imported() -> CommandError {
    CommandError::new(ErrorKind::Stale, "no import of events has finished yet")
        .hint("import the events first")
}

/// Which days wait for events: `your data ends on 2026-03-31; 2 days wait for newer events`.
fn waiting(due: &DueDays) -> String {
    let days = due.waiting.len() as u64;
    let verb = if days == 1 { "waits" } else { "wait" };
    let days = counted(days, "day", "days");
    format!("your data ends on {}; {days} {verb} for newer events", due.complete)
}

fn stale(due: &DueDays, behind: u64) -> CommandError {
    let complete = due.complete;
    let mut failure = CommandError::new(ErrorKind::Stale, waiting(due))
        .hint("import the newer events; `signals import --list` shows what was imported last");
    if !due.days.is_empty() {
        let hint = format!("`signals run --as-of {complete}` runs the last complete day");
        failure = failure.hint(hint);
    }
    if let several @ 2.. = due.days.len() {
        let hint = format!("`signals run --max-lag {behind}` runs all {several} complete days");
        failure = failure.hint(hint);
    }
    failure
}

fn without_data(
    store: &Store,
    day: Day,
    newest: Day,
    complete: Option<Day>,
) -> Result<CommandError> {
    let message = format!("there is no data for {day}: your data ends on {newest}");
    let failure = CommandError::new(ErrorKind::Stale, message);
    let Some(complete) = complete else { return Ok(failure.hint("import newer events")) };
    let backfill = match store.latest_run_day()? {
        Some(latest) if latest > complete => " --backfill",
        _ => "",
    };
    let hint = format!(
        "`signals run --as-of {complete}{backfill}` runs the newest complete day, {complete}"
    );
    Ok(failure.hint(hint).hint(format!("--max-lag {} runs {day} anyway", day - newest)))
}
