//! What rules would raise: on their first run, and over the last days of data.

use anyhow::Result;

use super::replay::{Before, replay_after};
use super::{ReplayedSignal, replay};
use crate::domain::day::{Day, DayRange};
use crate::domain::rule::Rule;
use crate::run::last_complete_day;
use crate::store::Store;

/// How many days a preview looks back.
const PREVIEW_DAYS: i32 = 60;

/// What rules would raise.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Preview {
    /// The days that were evaluated. The last one is the day of the first run.
    pub days: DayRange,
    /// The signals of the first run, for each rule.
    pub first_run: Vec<Vec<ReplayedSignal>>,
    /// The signals on all days as if nothing had been raised before, for each rule.
    pub signals: Vec<Vec<ReplayedSignal>>,
}

/// What `rules` would raise; the first run only for the first `first_run` of them. `None` without
/// companies. The day counts should be in memory ([`Store::keep_counts_in_memory`]).
pub(crate) fn preview(
    store: &Store,
    rules: &[Rule],
    first_run: usize,
    today: Day,
) -> Result<Option<Preview>> {
    if store.customers()?.is_empty() {
        return Ok(None);
    }
    let data = store.event_days()?;
    let last = last_complete_day(store, today)?.or(data.map(|data| data.to));
    let Some(last) = last else { return Ok(None) };
    let earliest = last - PREVIEW_DAYS + 1;
    // Windows before the first event would look like inactivity.
    let from = data.map_or(earliest, |data| earliest.max(data.from)).min(last);
    let mut days = DayRange { from, to: last };
    // Counts that came without people say nothing about people.
    for trend in rules.iter().filter_map(|rule| rule.logic.trend()) {
        while store.people_gap(trend, days)?.is_some() {
            days.from = days.from.next();
            if days.is_empty() {
                return Ok(None);
            }
        }
    }
    let first_run = replay_after(
        Before::Runs,
        store,
        &rules[..first_run.min(rules.len())],
        DayRange { from: last, to: last },
        |_| {},
    )?;
    Ok(Some(Preview { days, first_run, signals: replay(store, rules, days, |_| {})? }))
}
