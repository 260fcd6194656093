//! The effect of an edit of a rule: signals added and removed over the last days.

use anyhow::Result;
use rustc_hash::FxHashSet;

use super::{CsmLoad, ReplayedSignal, replay};
use crate::domain::company::CompanyKey;
use crate::domain::day::{Day, DayRange};
use crate::domain::rule::Rule;
use crate::domain::signal::SignalType;
use crate::store::Store;

/// The number of days compared.
pub(crate) const TRIAL_DAYS: i32 = 90;

/// A churn within this many days after a signal counts as predicted.
const HORIZON: i32 = 90;

/// The number of signals, and how many of them preceded a churn.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Tally {
    pub signals: u64,
    pub before_churn: u64,
}

/// The effect of an edit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trial {
    pub days: DayRange,
    pub now: Tally,
    pub then: Tally,
    pub added: Vec<ReplayedSignal>,
    pub removed: Vec<ReplayedSignal>,
    pub added_tally: Tally,
    pub removed_tally: Tally,
    /// Signals per CSM and week, now and then; `None` without CSMs.
    pub per_csm_week: Option<(f64, f64)>,
}

/// Replays a rule as it is (`None`: there is none) and as it would be.
pub(crate) fn try_edit(
    store: &mut Store,
    now: Option<&Rule>,
    then: &Rule,
    until: Day,
    progress: impl FnMut(Day),
) -> Result<Option<Trial>> {
    let Some(data) = store.event_days()? else { return Ok(None) };
    store.keep_counts_in_memory()?;
    let rules: Vec<Rule> = now.into_iter().chain([then]).cloned().collect();
    let mut signals = replay(store, &rules, DayRange { from: data.from, to: until }, progress)?;
    let days = DayRange { from: data.from.max(until - TRIAL_DAYS + 1), to: until };
    let recent = |signals: Vec<ReplayedSignal>| -> Vec<ReplayedSignal> {
        signals.into_iter().filter(|signal| days.contains(signal.on)).collect()
    };
    let then = recent(signals.pop().unwrap_or_default());
    let now = recent(signals.pop().unwrap_or_default());
    let churns: FxHashSet<(CompanyKey, Day)> = store
        .customers()?
        .into_iter()
        .flat_map(|(company, customer)| {
            customer.breaks.into_iter().map(move |away| (company, away.churned_on))
        })
        .collect();
    let tally = |signals: &[ReplayedSignal]| Tally {
        signals: signals.len() as u64,
        before_churn: signals
            .iter()
            .filter(|signal| {
                (1..=HORIZON).any(|days| churns.contains(&(signal.company, signal.on + days)))
            })
            .count() as u64,
    };
    let load = CsmLoad::read(store, until)?;
    let added = missing(&then, &now);
    let removed = missing(&now, &then);
    Ok(Some(Trial {
        days,
        now: tally(&now),
        then: tally(&then),
        added_tally: tally(&added),
        removed_tally: tally(&removed),
        added,
        removed,
        per_csm_week: load
            .per_week(now.len(), days.len())
            .zip(load.per_week(then.len(), days.len())),
    }))
}

/// The signals in one list that are missing in another.
fn missing(list: &[ReplayedSignal], other: &[ReplayedSignal]) -> Vec<ReplayedSignal> {
    let key = |signal: &ReplayedSignal| (signal.company, signal.on, signal.signal_type);
    let known: FxHashSet<(CompanyKey, Day, SignalType)> = other.iter().map(key).collect();
    list.iter().filter(|signal| !known.contains(&key(signal))).copied().collect()
}
