//! Chooses settings of the measured rules that cover the most churns within a budget of signals.
//!
//! Each setting is replayed once. The set is chosen on the first part of the period and measured on
//! the later part: on the days it was chosen for, it looks better than it is.

use anyhow::Result;

use super::book::{Book, Criteria};
use super::{CsmLoad, ResultRow, TestPeriod, replay};
use crate::domain::backtest::{Backtest, FEWEST_CHURNS, Raised, Settings, choose};
use crate::domain::day::{Day, DayRange};
use crate::domain::rule::{Rule, RuleLogic};
use crate::store::{Catalogue, Store};

/// A rule with the settings to try.
pub(crate) struct Tried {
    pub name: &'static str,
    /// The settings with their labels, including that of the program.
    pub settings: Vec<(String, Rule)>,
    /// The index of the program's own setting.
    pub shipped: usize,
}

/// The four measured rules with their settings; `rule` returns each as the program ships it.
pub(crate) fn tried(rule: impl Fn(&str) -> Option<Rule>) -> Vec<Tried> {
    let fading = || {
        let shipped = rule("fading")?;
        let settings = [40, 50, 60, 70].iter().flat_map(|threshold| {
            [14, 28].map(|for_days| {
                let mut rule = shipped.clone();
                if let RuleLogic::Trend(trend) = &mut rule.logic {
                    (trend.threshold, trend.for_days) = (*threshold, for_days);
                }
                (format!("{threshold} % for {for_days} days"), rule)
            })
        });
        Some(Tried { name: "fading", settings: settings.collect(), shipped: 3 })
    };
    let condition = |name: &'static str, tried: &[i32], shipped, when: fn(i32) -> String| {
        let rule = rule(name)?;
        let setting = |number: &i32| {
            let mut rule = rule.clone();
            let text = when(*number);
            if let RuleLogic::Condition(condition) = &mut rule.logic {
                condition.when.clone_from(&text);
            }
            (text, rule)
        };
        Some(Tried { name, settings: tried.iter().map(setting).collect(), shipped })
    };
    [
        fading(),
        condition("silent", &[21, 28, 35, 42, 56], 2, |days| {
            format!("days_since_last_event >= {days}")
        }),
        condition("hardly-used", &[1, 2, 3, 4, 6], 1, |days| {
            format!("active_days_84d <= {days} AND days_as_customer >= 56")
        }),
        condition("unusually-silent", &[7, 14], 1, |days| {
            format!(
                "days_since_last_event >= {days} AND \
                 days_since_last_event > coalesce(longest_gap_365d, 0) + {days}"
            )
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

pub(crate) struct Budget {
    /// Signals per CSM and week.
    pub signals: f64,
    pub until: Day,
    /// The day at which the period is split; `None`: the lower median of the churn days.
    pub split: Option<Day>,
}

/// A set of rules.
#[derive(Debug, Clone)]
pub(crate) struct TunedSet {
    pub is_shipped: bool,
    /// The settings of its rules, in words.
    pub rules: Vec<String>,
}

/// The result of tuning.
pub(crate) enum Tuned {
    /// No customer has a CSM.
    NoCsm,
    /// The first part has only this many churns.
    TooFewChurns(u64),
    Chosen {
        split: Day,
        /// For each rule, the index of the chosen setting, if any.
        settings: Vec<Option<usize>>,
        rows: Vec<ResultRow<TunedSet>>,
    },
}

pub(crate) fn tune(
    store: &mut Store,
    catalogue: &Catalogue,
    tried: &[Tried],
    budget: &Budget,
    progress: impl FnMut(Day),
) -> Result<Tuned> {
    let Some(data) = store.event_days()? else { return Ok(Tuned::TooFewChurns(0)) };
    let load_at_end = CsmLoad::read(store, budget.until)?;
    if load_at_end.csms == 0 {
        return Ok(Tuned::NoCsm);
    }
    store.keep_counts_in_memory()?;
    let criteria =
        Criteria { until: budget.until, established: 56, min_events: 0, conditions: &[] };
    let book = Book::read(store, catalogue, &criteria)?;
    let settings = Settings { from: None, until: budget.until, horizon: 90, min_lead: 7 };
    let all = Backtest::new(&book.subjects, settings);
    let Some(split) = budget.split.or_else(|| all.median_churn()) else {
        return Ok(Tuned::TooFewChurns(0));
    };
    let first = Backtest::new(&book.subjects, settings.first_part(split));
    let churns = first.churns().len() as u64;
    if churns < FEWEST_CHURNS {
        return Ok(Tuned::TooFewChurns(churns));
    }
    let load = CsmLoad::read(store, split)?;
    if load.csms == 0 {
        return Ok(Tuned::NoCsm);
    }
    let later = Backtest::new(&book.subjects, settings.later_part(split));
    let days = DayRange { from: data.from, to: budget.until };
    let raised = replay_settings(store, &book, tried, days, progress)?;
    let yields: Vec<Vec<_>> = raised
        .iter()
        .map(|settings| settings.iter().map(|signals| first.brings(signals)).collect())
        .collect();
    let chosen = choose(&yields, load.signals_within(budget.signals, first.totals().days));
    let shipped: Vec<Option<usize>> = tried.iter().map(|tried| Some(tried.shipped)).collect();
    let mut rows = Vec::new();
    for (is_shipped, set) in [(false, &chosen), (true, &shipped)] {
        for (part, backtest, load) in
            [(TestPeriod::First, &first, &load), (TestPeriod::Later, &later, &load_at_end)]
        {
            let measured = backtest.measure(&signals_of(set, &raised));
            rows.push(ResultRow {
                part,
                subject: TunedSet { is_shipped, rules: words(tried, set) },
                signals_per_csm_week: load.per_csm_week(measured.signals, backtest.totals().days),
                measured,
            });
        }
    }
    Ok(Tuned::Chosen { split, settings: chosen, rows })
}

/// The signals of each setting of each rule, all replayed in one pass.
fn replay_settings(
    store: &Store,
    book: &Book,
    tried: &[Tried],
    days: DayRange,
    progress: impl FnMut(Day),
) -> Result<Vec<Vec<Vec<Raised>>>> {
    let settings = tried.iter().flat_map(|tried| &tried.settings);
    let rules: Vec<Rule> = settings.map(|(_, rule)| rule.clone()).collect();
    let mut replayed = replay(store, &rules, days, progress)?.into_iter();
    let raised = tried.iter().map(|tried| {
        let settings = tried.settings.iter().zip(replayed.by_ref());
        settings.map(|((_, rule), signals)| book.raised(rule, &signals)).collect()
    });
    Ok(raised.collect())
}

/// The signals of the rules of a set, each with its setting in the set.
fn signals_of(set: &[Option<usize>], raised: &[Vec<Vec<Raised>>]) -> Vec<Raised> {
    let of_rules = set.iter().zip(raised);
    let chosen = of_rules.filter_map(|(setting, raised)| setting.map(|setting| &raised[setting]));
    chosen.flatten().copied().collect()
}

fn words(tried: &[Tried], set: &[Option<usize>]) -> Vec<String> {
    tried
        .iter()
        .zip(set)
        .filter_map(|(tried, setting)| {
            setting.map(|setting| format!("{}: {}", tried.name, tried.settings[setting].0))
        })
        .collect()
}
