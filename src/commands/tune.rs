//! `signals tune`: settings of the measured rules for a budget of signals.

use anyhow::Result;
use clap::Args;

use super::backtest::{no_events, replay_progress};
use super::options::FormatOption;
use crate::backtest::tune::{self, Budget, Tried, Tuned, TunedSet};
use crate::backtest::{ResultRow, TestPeriod};
use crate::context::Context;
use crate::domain::backtest::FEWEST_CHURNS;
use crate::domain::day::{Day, DayOrOffset};
use crate::domain::preset::{self, Choice};
use crate::domain::rule::Rule;
use crate::error::not_allowed;
use crate::query::not_in_the_future;
use crate::render::counted;
use crate::run::last_complete_day;
use crate::store::{Finish, Store};
use crate::views::backtest as view;

/// Choose the settings of the measured rules that cover most churns within a budget of signals
///
/// Tries fading, silent, hardly-used and unusually-silent with several settings, or without one of
/// them, on the first part of the days, and shows the best set beside the one that ships, for that
/// part and, untouched, for the later one. On the books that the shipped set was measured on, a
/// tuned set lost a quarter of its coverage in the later part, and failed once: look at the later
/// part before you use --apply.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  signals tune --budget 5
  signals tune --budget 3 --split 2026-01-01
  signals tune --budget 5 --apply")]
pub(crate) struct Tune {
    /// Show at most this many signals a week for each CSM
    #[arg(long, value_name = "N", value_parser = budget)]
    budget: f64,
    /// Take only what happened up to this day; the last complete day unless set
    #[arg(long, value_name = "DAY", allow_hyphen_values = true)]
    until: Option<DayOrOffset>,
    /// Choose on the days up to this one; the median day of churn unless set
    #[arg(long, value_name = "DAY", allow_hyphen_values = true)]
    split: Option<DayOrOffset>,
    /// Save the chosen rules, and disable those of the four that are not chosen
    #[arg(long)]
    apply: bool,
    #[command(flatten)]
    format: FormatOption,
}

fn budget(text: &str) -> Result<f64, String> {
    let budget = text.parse().ok().filter(|budget: &f64| budget.is_finite() && *budget > 0.0);
    budget.ok_or_else(|| format!("'{text}' is not a number of signals above 0"))
}

impl Tune {
    /// Chooses a set, prints it, and saves it if requested.
    ///
    /// # Errors
    /// No events, no CSM, or fewer than 20 churns in the first part (exit 9).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        let mut store = context.reader()?;
        let nothing = || no_events("to tune the rules on");
        let data = store.event_days()?.ok_or_else(nothing)?;
        let until = match self.until {
            Some(until) => not_in_the_future(context, &store, until)?,
            None => last_complete_day(&store, context.today(&store))?.ok_or_else(nothing)?,
        };
        let catalogue = store.catalogue()?;
        let tried = tune::tried(shipped_rule);
        let split = self.split.map(|given| context.day(&store, given));
        let budget = Budget { signals: self.budget, until, split };
        let bar = replay_progress(context, data, until);
        let tuned = tune::tune(&mut store, &catalogue, &tried, &budget, |_| bar.inc(1));
        bar.finish_and_clear();
        let (split, settings, rows) = match tuned? {
            Tuned::NoCsm => {
                let message = "no customer has a CSM, so a budget for each CSM says nothing";
                let hint =
                    "`signals import companies.csv` with a column csm says who looks after whom";
                return Err(not_allowed(message).hint(hint).into());
            }
            Tuned::TooFewChurns(churns) => {
                let churns =
                    counted(churns, "churn in the first part is", "churns in the first part are");
                let message = format!("{churns} too few to tune by: {FEWEST_CHURNS} are needed");
                let hint = "`signals rule preset add fading silent hardly-used unusually-silent` takes the set that ships";
                return Err(not_allowed(message).hint(hint).into());
            }
            Tuned::Chosen { split, settings, rows } => (split, settings, rows),
        };
        self.format.print(context, &view::SETS, &rows)?;
        explain(context, split, &rows);
        if self.apply {
            drop(store);
            apply(context, &tried, &settings)?;
        }
        Ok(())
    }
}

/// A measured rule as it ships.
fn shipped_rule(name: &str) -> Option<Rule> {
    let preset = preset::shipped().iter().find(|preset| preset.name == name)?;
    preset.rule(&Choice::default())
}

fn explain(context: &Context, split: Day, rows: &[ResultRow<TunedSet>]) {
    let ui = &context.ui;
    ui.note(format!("chosen on the days up to {split}; the later part shows whether it holds"));
    let mut chosen = rows.iter().filter(|row| !row.subject.is_shipped);
    let later = chosen.find(|row| row.part == TestPeriod::Later);
    let interval = later.and_then(|row| row.measured.interval);
    if interval.is_none_or(|interval| interval.includes_one()) {
        ui.warning(
            "in the later part the chosen set is not shown to be better than picking by lot",
        );
    }
}

fn apply(context: &Context, tried: &[Tried], settings: &[Option<usize>]) -> Result<()> {
    let mut store = context.writer()?;
    store.transaction(Finish::Commit, |store| {
        tried.iter().zip(settings).try_for_each(|(tried, setting)| save(store, tried, *setting))
    })?;
    for (tried, setting) in tried.iter().zip(settings) {
        match setting {
            Some(setting) => {
                context.ui.note(format!("saved {}: {}", tried.name, tried.settings[*setting].0));
            }
            None => context.ui.note(format!("{} is off", tried.name)),
        }
    }
    Ok(())
}

/// Saves the chosen logic under the rule's name, and keeps its other settings.
fn save(store: &Store, tried: &Tried, setting: Option<usize>) -> Result<()> {
    let stored = store.rule(tried.name)?.filter(|stored| !stored.is_removed);
    let Some(setting) = setting else {
        return match stored {
            Some(stored) => store.enable_rule(&stored.rule.name, false),
            None => Ok(()),
        };
    };
    let chosen = &tried.settings[setting].1;
    let rule = match stored {
        Some(stored) => Rule { logic: chosen.logic.clone(), enabled: true, ..stored.rule },
        None => chosen.clone(),
    };
    store.save_rule(&rule)
}
