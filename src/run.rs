//! One day, step by step, and which days are due.

use anyhow::Result;

use crate::clock::Clock;
use crate::domain::company::CompanyKey;
use crate::domain::day::{Day, DayRange, Instant};
use crate::domain::notify::Marks;
use crate::domain::rule::Rule;
use crate::domain::signal::{SignalId, SignalType};
use crate::domain::trend::{self, CountsByCompany, Customer, Evaluation, Latest, LatestByCompany, Skip, Windows};
use crate::store::{NewSignal, RuleTally, RunRecord, SignalRecord, Step, Store, StoredRule, TrendQuestion};

/// What came of a day.
#[derive(Debug, Clone, PartialEq)]
pub struct DayReport {
    /// The record of the run.
    pub record: RunRecord,
    /// The signals that were raised.
    pub raised: Vec<SignalRecord>,
}

/// How many days the newest event in the database lies before `day`; 0 when there is one on the day or after it, or none
/// at all.
///
/// # Errors
/// A database that cannot be read.
pub fn lag(store: &Store, day: Day) -> Result<i32> {
    Ok(store.event_days()?.map_or(0, |data| (day - data.to).max(0)))
}

/// Whether people are told of the signals that a run raises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// All whom they concern.
    Everybody,
    /// Nobody: the signals are history.
    Nobody,
}

/// Runs a day, within a transaction that the caller has begun.
///
/// # Errors
/// A database that cannot be written.
pub fn run_day(store: &Store, clock: &Clock, day: Day, telling: Telling) -> Result<DayReport> {
    let is_backfill = store.latest_run_day()?.is_some_and(|latest| latest > day);
    let started_at = clock.now();
    let run = store.begin_run(day, started_at, is_backfill)?;
    let mut running = RunningDay { store, clock, day, run, steps: Vec::new(), raised: Vec::new(), told: Vec::new() };
    let (rules, companies_evaluated) = running.trend_rules()?;
    if telling == Telling::Everybody {
        running.timed("notify", |day| day.store.tell(&day.told, day.clock.now()))?;
    }
    let record = RunRecord {
        id: run,
        day,
        started_at,
        finished_at: clock.now(),
        is_backfill,
        newest_event_on: store.event_days()?.map(|data| data.to),
        companies_evaluated,
        steps: running.steps,
        rules,
    };
    store.finish_run(&record)?;
    let raised = running.raised.into_iter().map(|id| store.signal(id)).collect::<Result<Vec<_>>>()?;
    Ok(DayReport { record, raised: raised.into_iter().flatten().collect() })
}

/// A day while it is being run.
struct RunningDay<'s> {
    store: &'s Store,
    clock: &'s Clock,
    day: Day,
    run: i64,
    steps: Vec<Step>,
    raised: Vec<SignalId>,
    /// The same, with whom their rules want to be told.
    told: Vec<(SignalId, Marks)>,
}

impl RunningDay<'_> {
    /// Applies all enabled trend rules. Returns what each did, and how many companies at least one of them evaluated.
    fn trend_rules(&mut self) -> Result<(Vec<RuleTally>, u64)> {
        let rules: Vec<StoredRule> = self.store.rules()?.into_iter().filter(|stored| stored.rule.enabled).collect();
        let found = self.timed("find trends", |day| day.find(&rules))?;
        self.timed("raise trend signals", |day| {
            let raised = rules.iter().zip(&found).map(|(stored, found)| day.raise_all(stored, found));
            raised.collect::<Result<Vec<_>>>()
        })?;
        let mut companies: Vec<CompanyKey> = found.iter().flat_map(|found| found.evaluated.iter().copied()).collect();
        companies.sort_unstable();
        companies.dedup();
        let tallies = rules.iter().zip(&found).map(|(stored, found)| tally(&stored.rule, found)).collect();
        Ok((tallies, companies.len() as u64))
    }

    fn timed<T>(&mut self, name: &str, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let stopwatch = self.clock.stopwatch();
        let result = work(self)?;
        self.steps.push(Step { name: name.to_owned(), took: stopwatch.elapsed() });
        Ok(result)
    }

    fn find(&mut self, rules: &[StoredRule]) -> Result<Vec<Evaluation>> {
        let questions: Vec<TrendQuestion> = rules.iter().map(|stored| question(&stored.rule, self.day)).collect();
        let counts = self.store.trend_counts(&questions)?;
        let customers = self.store.customers()?;
        // A signal that lies back further than the timeframe of its rule makes no difference to it.
        let longest = rules.iter().map(|stored| stored.rule.trend.days()).max().unwrap_or_default();
        let latest = self.store.latest_signals(DayRange { from: self.day - longest + 1, to: self.day })?;
        let none = LatestByCompany::default();
        let evaluate = |(stored, counts): (&StoredRule, &CountsByCompany)| {
            let latest = latest.get(&stored.rule.name).unwrap_or(&none);
            trend::evaluate(&stored.rule.trend, self.day, &customers, counts, latest)
        };
        Ok(rules.iter().zip(&counts).map(evaluate).collect())
    }

    fn raise_all(&mut self, stored: &StoredRule, found: &Evaluation) -> Result<()> {
        for (company, finding) in &found.findings {
            let id = self.store.raise(&NewSignal {
                company: *company,
                rule: &stored.rule.name,
                rule_version: stored.version,
                run: self.run,
                signal_type: finding.signal_type,
                raised_on: self.day,
                comparison: finding.comparison,
                chance: finding.chance,
                detail: trend::describe(&stored.rule.trend, &finding.comparison),
            })?;
            self.raised.push(id);
            self.told.push((id, Marks::default()));
        }
        Ok(())
    }
}

fn question(rule: &Rule, day: Day) -> TrendQuestion {
    TrendQuestion { watch: rule.trend.watch.clone(), windows: Windows::ending(day, rule.trend.days()) }
}

fn tally(rule: &Rule, found: &Evaluation) -> RuleTally {
    let raised = |wanted| found.findings.iter().filter(|(_, finding)| finding.signal_type == wanted).count();
    let skipped = |reason| found.skipped.get(&reason).copied().unwrap_or_default();
    let most = raised(SignalType::Bad).max(raised(SignalType::Good));
    RuleTally {
        rule: rule.name.clone(),
        evaluated: found.evaluated.len() as u64,
        skipped_no_events: skipped(Skip::NoEvents),
        skipped_not_established: skipped(Skip::NotEstablished),
        skipped_churned: skipped(Skip::Churned),
        raised_bad: raised(SignalType::Bad) as u64,
        raised_good: raised(SignalType::Good) as u64,
        raised_info: raised(SignalType::Info) as u64,
        is_outage: trend::is_outage(found.evaluated.len(), most),
    }
}

/// Which days a run without a date takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueDays {
    /// The days to run; empty when there are none.
    pub days: DayRange,
    /// The days after those that are due too, but not complete yet.
    pub incomplete: DayRange,
}

/// The days after the last one run, up to yesterday, split where they stop being complete; without a run before, yesterday.
///
/// # Errors
/// A database that cannot be read.
pub fn due_days(store: &Store, today: Day) -> Result<DueDays> {
    let yesterday = today.previous();
    let first = store.latest_run_day()?.map_or(yesterday, Day::next);
    let complete = match last_complete_day(store)? {
        Some(complete) => complete.min(yesterday),
        None => yesterday,
    };
    let complete = complete.max(first.previous());
    Ok(DueDays {
        days: DayRange { from: first, to: complete.min(yesterday) },
        incomplete: DayRange { from: complete.next(), to: yesterday },
    })
}

/// The last day that had ended when the latest import of events was done; `None` when every day is complete, because there
/// are no events.
fn last_complete_day(store: &Store) -> Result<Option<Day>> {
    if store.event_days()?.is_none() {
        return Ok(None);
    }
    let finished: Option<Instant> = store.last_import(crate::domain::EVENTS)?;
    Ok(finished.map(|finished| finished.day_in(store.zone()).previous()))
}

/// What a rule would have raised over the last days of data.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// The days.
    pub days: DayRange,
    /// The companies for which a signal would have been raised, one entry for each signal.
    pub signals: Vec<CompanyKey>,
}

/// How many days a preview looks back.
const PREVIEW_DAYS: i32 = 60;

/// What each of `rules`, which watch the same thing over the same timeframe, would have raised over the last 60 days of data;
/// `None` without data.
///
/// # Errors
/// A database that cannot be read.
pub fn preview(store: &Store, rules: &[Rule]) -> Result<Option<Vec<Preview>>> {
    let (Some(data), Some(rule)) = (store.event_days()?, rules.first()) else { return Ok(None) };
    let days = DayRange { from: data.from.max(data.to - PREVIEW_DAYS + 1), to: data.to };
    let questions: Vec<TrendQuestion> = days.days().map(|day| question(rule, day)).collect();
    let counts = store.trend_counts(&questions)?;
    let customers = store.customers()?;
    Ok(Some(rules.iter().map(|rule| replay(rule, days, &customers, &counts)).collect()))
}

/// Applies a rule to each day in order, as if it had never raised anything before them.
fn replay(rule: &Rule, days: DayRange, customers: &[(CompanyKey, Customer)], counts: &[CountsByCompany]) -> Preview {
    let mut latest = LatestByCompany::default();
    let mut signals = Vec::new();
    for (day, counts) in days.days().zip(counts) {
        let found = trend::evaluate(&rule.trend, day, customers, counts, &latest);
        for (company, finding) in found.findings {
            latest.insert(company, Latest { raised_on: day, signal_type: finding.signal_type });
            signals.push(company);
        }
    }
    Preview { days, signals }
}
