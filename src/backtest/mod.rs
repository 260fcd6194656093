//! How well the signals of rules predicted churn: rules are replayed day by day in memory on the
//! stored facts, and their signals measured by [`crate::domain::backtest`]. Nothing is written.

mod book;
mod health;
mod nearest;
pub(crate) mod preview;
mod replay;
pub(crate) mod trial;
pub(crate) mod tune;

use std::collections::BTreeSet;

use anyhow::Result;
use rustc_hash::FxHashMap;

use crate::domain::backtest::{Backtest, Measured, Raised, Settings, one_a_company};
use crate::domain::company::CompanyKey;
use crate::domain::day::{Day, DayRange};
use crate::domain::rule::{ALL_EVENTS, Aim, Direction, Rule, RuleLogic, TrendRule};
use crate::domain::signal::SignalType;
use crate::expression::Expression;
use crate::store::{Catalogue, Known, Store};

use book::{Book, Criteria};
pub(crate) use health::{BandRow, HealthOutcome};
use nearest::{Missed, nearest};
pub(crate) use replay::{ReplayedSignal, replay};

/// The name of the reference rule.
pub(crate) const YARDSTICK: &str = "yardstick";

/// The parameters of a backtest.
pub(crate) struct BacktestPlan<'q> {
    pub rules: Vec<Rule>,
    pub settings: Settings,
    /// The minimum age of a customer, in days.
    pub established: i32,
    /// The minimum number of events in the 180 days up to a day.
    pub min_events: u64,
    /// The conditions that a company must meet on a day.
    pub conditions: &'q [Expression],
    /// The day at which the period is split; `None`: the lower median of the churn days.
    pub split: Option<Day>,
    /// Whether to measure health too.
    pub health: bool,
}

/// The part of the period that was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TestPeriod {
    All,
    First,
    Later,
}

impl TestPeriod {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            TestPeriod::All => "all",
            TestPeriod::First => "first",
            TestPeriod::Later => "later",
        }
    }
}

/// Whose signals were measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RuleSet {
    Rule(String),
    /// All rules: signals are added up, and a churn is covered if any rule predicted it.
    Together,
    /// All rules, with at most one signal per company in 28 days.
    OneACompany,
    /// The rule that most products ship: `'*'`, events, 7 days, 15 %.
    Yardstick,
}

impl RuleSet {
    pub(crate) fn name(&self) -> &str {
        match self {
            RuleSet::Rule(name) => name,
            RuleSet::Together => "together",
            RuleSet::OneACompany => "one-a-company",
            RuleSet::Yardstick => YARDSTICK,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ResultRow<S = RuleSet> {
    pub part: TestPeriod,
    pub subject: S,
    pub measured: Measured,
    pub signals_per_csm_week: Option<f64>,
}

/// A churn that no rule predicted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BlindSpot {
    pub company_id: String,
    pub churned_on: Day,
    /// The last known MRR before the churn.
    pub mrr: Option<f64>,
    /// What each rule saw when it was closest to raising a signal in time.
    pub seen: Vec<String>,
}

pub(crate) struct BacktestResult {
    pub settings: Settings,
    pub days: DayRange,
    pub split: Option<Day>,
    /// Companies with events that meet the conditions.
    pub companies: usize,
    pub churns_too_early: u64,
    pub rows: Vec<ResultRow>,
    pub blind_spots: Vec<BlindSpot>,
    /// The signals of each rule, in the order of the question.
    pub signals: Vec<Vec<ReplayedSignal>>,
    /// Whether more than 80 % of the churns are one day after the company's last event.
    pub is_derived_from_silence: bool,
    pub health: Option<HealthOutcome>,
    /// The columns in rules and conditions whose past values are unknown.
    pub without_history: Vec<String>,
    /// The attributes in them that only runs record.
    pub recorded_by_runs: Vec<String>,
}

impl BacktestResult {
    /// The number of churns that a signal could have predicted.
    pub(crate) fn churns(&self) -> u64 {
        self.rows.first().map_or(0, |row| row.measured.churns)
    }

    /// All rules together in this part.
    pub(crate) fn together(&self, part: TestPeriod) -> Option<&ResultRow> {
        self.rows.iter().find(|row| row.part == part && row.subject == RuleSet::Together)
    }
}

/// The rule that most products ship.
pub(crate) fn yardstick() -> Rule {
    Rule::new(YARDSTICK, RuleLogic::Trend(TrendRule::of_event(ALL_EVENTS)))
}

pub(crate) fn can_be_bad(rule: &Rule) -> bool {
    match &rule.logic {
        RuleLogic::Trend(trend) => {
            let bad = if trend.inverse { Direction::Up } else { Direction::Down };
            trend.direction == Direction::Both || trend.direction == bad
        }
        RuleLogic::Adoption(adoption) => !matches!(adoption.aim, Aim::Event { within: None, .. }),
        RuleLogic::Condition(condition) => condition.signal_type == SignalType::Bad,
    }
}

/// Replays the rules and measures their signals. Calls `progress` after each day.
pub(crate) fn run(
    store: &mut Store,
    catalogue: &Catalogue,
    question: &BacktestPlan<'_>,
    progress: impl FnMut(Day),
) -> Result<Option<BacktestResult>> {
    let Some(data) = store.event_days()? else { return Ok(None) };
    let until = question.settings.until;
    let days = DayRange { from: data.from, to: until };
    store.keep_counts_in_memory()?;
    let mut rules = question.rules.clone();
    rules.push(yardstick());
    let mut signals = replay(store, &rules, days, progress)?;
    let criteria = Criteria {
        until,
        established: question.established,
        min_events: question.min_events,
        conditions: question.conditions,
    };
    let book = Book::read(store, catalogue, &criteria)?;
    let measured: Vec<Vec<Raised>> =
        rules.iter().zip(&signals).map(|(rule, signals)| book.raised(rule, signals)).collect();
    signals.pop();
    let all = Backtest::new(&book.subjects, question.settings);
    let split = question.split.or_else(|| all.median_churn());
    let mut rows = Vec::new();
    let mut blind_spots = Vec::new();
    for (part, settings) in parts(question.settings, split) {
        let backtest = Backtest::new(&book.subjects, settings);
        let load = CsmLoad::read(store, settings.until)?;
        rows.extend(measure(&backtest, part, &rules, &measured, &load));
        if part == TestPeriod::All {
            let together = together(&measured);
            blind_spots = self::blind_spots(
                store,
                catalogue,
                question,
                &book,
                &backtest.blind_spots(&together),
            )?;
        }
    }
    Ok(Some(BacktestResult {
        settings: question.settings,
        days,
        split,
        companies: book.companies.len(),
        churns_too_early: all.churns_too_early(),
        rows,
        blind_spots,
        signals,
        health: question.health.then(|| health::measure(store, &book, &all)).transpose()?,
        is_derived_from_silence: is_derived_from_silence(store, &book, days)?,
        without_history: named_in(catalogue, question, |known| !known.has_history())?,
        recorded_by_runs: named_in(catalogue, question, |known| known.is_recorded_by_runs())?,
    }))
}

fn parts(settings: Settings, split: Option<Day>) -> Vec<(TestPeriod, Settings)> {
    let mut parts = vec![(TestPeriod::All, settings)];
    if let Some(split) = split {
        parts.push((TestPeriod::First, settings.first_part(split)));
        parts.push((TestPeriod::Later, settings.later_part(split)));
    }
    parts
}

/// The signals of all rules except the last, the yardstick.
fn together(measured: &[Vec<Raised>]) -> Vec<Raised> {
    measured.split_last().map(|(_, rules)| rules.concat()).unwrap_or_default()
}

fn measure(
    backtest: &Backtest<'_>,
    part: TestPeriod,
    rules: &[Rule],
    measured: &[Vec<Raised>],
    load: &CsmLoad,
) -> Vec<ResultRow> {
    let all = together(measured);
    let one = one_a_company(&all);
    let names = rules.iter().map(|rule| RuleSet::Rule(rule.name.clone()));
    let mut asked: Vec<(RuleSet, &[Raised])> =
        names.zip(measured.iter().map(Vec::as_slice)).collect();
    if let Some(yardstick) = asked.pop() {
        asked.push((RuleSet::Together, &all));
        asked.push((RuleSet::OneACompany, &one));
        asked.push((RuleSet::Yardstick, yardstick.1));
    }
    let days = backtest.totals().days;
    asked
        .into_iter()
        .map(|(subject, signals)| {
            let measured = backtest.measure(signals);
            let signals_per_csm_week = load.per_csm_week(measured.signals, days);
            ResultRow { part, subject, measured, signals_per_csm_week }
        })
        .collect()
}

/// The missed churns, with what the rules saw for the first few.
fn blind_spots(
    store: &Store,
    catalogue: &Catalogue,
    question: &BacktestPlan<'_>,
    book: &Book,
    missed: &[(usize, Day)],
) -> Result<Vec<BlindSpot>> {
    let Settings { horizon, min_lead, .. } = question.settings;
    let ids: FxHashMap<CompanyKey, String> = store
        .company_summaries()?
        .into_iter()
        .map(|summary| (summary.key, summary.company_id))
        .collect();
    let explained: Vec<Missed> = missed
        .iter()
        .take(MOST_EXPLAINED)
        .map(|(place, churn)| Missed::new(book.companies[*place], *churn, horizon, min_lead))
        .collect();
    let mut seen = nearest(store, catalogue, &question.rules, &explained)?.into_iter();
    let spot = |(place, churned_on): &(usize, Day)| {
        let company = book.companies[*place];
        Ok(BlindSpot {
            company_id: ids.get(&company).cloned().unwrap_or_default(),
            churned_on: *churned_on,
            mrr: store.mrr_on(company, *churned_on - 1)?,
            seen: seen.next().unwrap_or_default(),
        })
    };
    missed.iter().map(spot).collect()
}

/// At most this many missed churns are explained.
const MOST_EXPLAINED: usize = 20;

/// The number of customers of each CSM.
struct CsmLoad {
    customers: usize,
    csms: usize,
}

impl CsmLoad {
    /// The customers on a day that have a CSM.
    fn read(store: &Store, day: Day) -> Result<CsmLoad> {
        let customers: FxHashMap<CompanyKey, _> = store.customers()?.into_iter().collect();
        let is_customer = |company: &CompanyKey| {
            customers.get(company).is_some_and(|customer| customer.present_period(day).is_some())
        };
        let csms: Vec<String> = store
            .csms()?
            .into_iter()
            .filter(|(company, _)| is_customer(company))
            .map(|(_, csm)| csm)
            .collect();
        let distinct: BTreeSet<&String> = csms.iter().collect();
        Ok(CsmLoad { customers: csms.len(), csms: distinct.len() })
    }

    /// The number of signals on `days` company-days that corresponds to `per_csm_week`.
    fn signals_within(&self, per_csm_week: f64, days: u64) -> u64 {
        let customers = self.customers as f64 / self.csms as f64;
        (per_csm_week * days as f64 / (7.0 * customers)).floor() as u64
    }

    /// Signals per CSM and week.
    fn per_week(&self, signals: usize, days: usize) -> Option<f64> {
        let weeks = days as f64 / 7.0;
        (self.csms > 0 && days > 0).then(|| signals as f64 / weeks / self.csms as f64)
    }

    fn per_csm_week(&self, signals: u64, days: u64) -> Option<f64> {
        let customers = self.customers as f64 / self.csms as f64;
        (self.csms > 0 && days > 0).then(|| 7.0 * signals as f64 / days as f64 * customers)
    }
}

impl Book {
    /// The place of each company.
    fn places(&self) -> FxHashMap<CompanyKey, usize> {
        self.companies.iter().enumerate().map(|(place, company)| (*company, place)).collect()
    }

    /// The signals to measure: the bad ones, or all if the rule raises no bad ones.
    fn raised(&self, rule: &Rule, signals: &[ReplayedSignal]) -> Vec<Raised> {
        let places = self.places();
        let is_measured =
            |signal: &&ReplayedSignal| signal.signal_type == SignalType::Bad || !can_be_bad(rule);
        let raised = |signal: &ReplayedSignal| {
            places.get(&signal.company).map(|company| Raised { company: *company, on: signal.on })
        };
        signals.iter().filter(is_measured).filter_map(raised).collect()
    }
}

/// Whether more than 80 % of the churns are one day after the company's last event. Such churns
/// were derived from silence, so a rule on silence would only find its own definition.
fn is_derived_from_silence(store: &Store, book: &Book, days: DayRange) -> Result<bool> {
    let mut last: FxHashMap<u32, Vec<Day>> = FxHashMap::default();
    store.for_each_count(days, |day, company, _, _| {
        let of_company = last.entry(company).or_default();
        if of_company.last() != Some(&day) {
            of_company.push(day);
        }
    })?;
    let (mut all, mut next_day) = (0, 0);
    for (company, subject) in book.companies.iter().zip(&book.subjects) {
        for churn in subject.churns.iter().filter(|churn| **churn <= days.to) {
            let active = last.get(&company.0).map(Vec::as_slice).unwrap_or_default();
            let before = active.partition_point(|day| day < churn);
            all += 1;
            next_day += u64::from(before > 0 && active[before - 1].next() == *churn);
        }
    }
    Ok(next_day * 5 > all * 4)
}

/// The attributes in rules and conditions for which `is_so`.
fn named_in(
    catalogue: &Catalogue,
    question: &BacktestPlan<'_>,
    is_so: impl Fn(Known<'_>) -> bool,
) -> Result<Vec<String>> {
    let mut expressions: Vec<Expression> = question.conditions.to_vec();
    for rule in &question.rules {
        let when = rule.logic.condition().map(|condition| &condition.when);
        for text in when.into_iter().chain(&rule.where_expr) {
            expressions.push(catalogue.read(text)?);
        }
    }
    let mut names = BTreeSet::new();
    for name in expressions.iter().flat_map(|expression| &expression.names) {
        if is_so(catalogue.find(name)?) {
            names.insert(name.clone());
        }
    }
    Ok(names.into_iter().collect())
}
