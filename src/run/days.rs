//! The days of a run: those that are due, and those of a range that were not run yet.

use anyhow::Result;

use crate::domain::day::{Day, DayRange};
use crate::store::Store;

/// The days of a run without a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DueDays {
    /// The last day that is complete.
    pub complete: Day,
    /// The complete days that were not run; may be empty.
    pub days: DayRange,
    /// The days after `days`, up to yesterday, which wait for newer events.
    pub waiting: DayRange,
}

/// The complete days after the last one run; before the first run, only the newest complete day.
/// `None` if no day is complete.
pub(crate) fn due_days(store: &Store, today: Day) -> Result<Option<DueDays>> {
    let Some(complete) = last_complete_day(store, today)? else { return Ok(None) };
    let latest = store.latest_run_day()?;
    let from = latest.map_or(complete, Day::next);
    Ok(Some(DueDays {
        complete,
        days: DayRange { from, to: complete },
        waiting: DayRange { from: from.max(complete.next()), to: today.previous() },
    }))
}

/// The last complete day before `today`: an import of events finished after it ended, and there is
/// an event on that day or later. Without any events, yesterday. `None` if there are events but no
/// import of events.
pub(crate) fn last_complete_day(store: &Store, today: Day) -> Result<Option<Day>> {
    let yesterday = today.previous();
    let Some(data) = store.event_days()? else { return Ok(Some(yesterday)) };
    let finished = store.last_import_of_events()?;
    let ended = finished.map(|finished| finished.day_in(store.zone()).previous());
    Ok(ended.map(|ended| ended.min(data.to).min(yesterday)))
}

/// The number of days between the newest event and `day`; 0 if there is one on the day or later, or
/// none at all.
pub(crate) fn lag(store: &Store, day: Day) -> Result<i32> {
    Ok(store.event_days()?.map_or(0, |data| (day - data.to).max(0)))
}

/// The first day of a range that was never run although a later day was.
pub(crate) fn passed_over(store: &Store, range: DayRange) -> Result<Option<Day>> {
    let Some(latest) = store.latest_run_day()? else { return Ok(None) };
    let run = store.days_run(range)?;
    Ok(range.days().take_while(|day| *day < latest).find(|day| !run.contains(day)))
}
