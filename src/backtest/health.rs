//! Whether the health score predicts churn: the present profiles, on every company-day that counts.

use anyhow::Result;
use rustc_hash::FxHashMap;

use super::Book;
use crate::domain::backtest::Backtest;
use crate::domain::day::{Day, DayRange};
use crate::domain::health::Band;
use crate::health::assess_day;
use crate::store::Store;

/// How many days before a churn its health is looked at.
const DAYS_BEFORE: i32 = 60;

/// How well health predicted churn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HealthOutcome {
    /// In the order of [`Band::ALL`].
    pub bands: Vec<BandRow>,
    /// Churned customers with a score 60 days before.
    pub churns_scored: u64,
    /// Those whose score was below `good` then.
    pub below_good: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BandRow {
    pub band: Band,
    /// Their share of all company-days.
    pub share: Option<f64>,
    /// The share of them that are followed by a churn in time.
    pub churn_rate: Option<f64>,
    /// The churn rate divided by that of all days.
    pub lift: Option<f64>,
}

/// Scores the companies on each day on which one of them counts or churned later.
pub(super) fn measure(
    store: &Store,
    book: &Book,
    backtest: &Backtest<'_>,
) -> Result<HealthOutcome> {
    let customers = store.customers()?;
    let places = book.places();
    let mut asked: FxHashMap<Day, Vec<usize>> = FxHashMap::default();
    for (place, churn) in backtest.churns() {
        asked.entry(*churn - DAYS_BEFORE).or_default().push(*place);
    }
    let Some(days) = days(book) else { return Ok(outcome([(0, 0); 4], 0, 0)) };
    // (right days, days) of each band, in the order of `Band::ALL`.
    let mut counts = [(0u64, 0u64); 4];
    let (mut scored, mut below_good) = (0, 0);
    for day in days.days() {
        let counting: Vec<Option<bool>> =
            (0..book.companies.len()).map(|place| backtest.is_right(place, day)).collect();
        let churning = asked.get(&day).map(Vec::as_slice).unwrap_or_default();
        if churning.is_empty() && counting.iter().all(Option::is_none) {
            continue;
        }
        for health in assess_day(store, day, &customers)? {
            let Some(place) = places.get(&health.company).copied() else { continue };
            let band = health.assessment.band();
            if let Some(is_right) = counting[place] {
                let count = &mut counts[order(band)];
                *count = (count.0 + u64::from(is_right), count.1 + 1);
            }
            if churning.contains(&place) && band != Band::Unknown {
                scored += 1;
                below_good += u64::from(band != Band::Good);
            }
        }
    }
    Ok(outcome(counts, scored, below_good))
}

fn order(band: Band) -> usize {
    Band::ALL.iter().position(|known| *known == band).unwrap_or_default()
}

/// From the first to the last day of any company.
fn days(book: &Book) -> Option<DayRange> {
    let from = book.subjects.iter().map(|subject| subject.first_day).min()?;
    let to = book
        .subjects
        .iter()
        .map(|subject| subject.first_day + subject.eligible.len() as i32)
        .max()?;
    Some(DayRange { from: Day::from_number(from), to: Day::from_number(to - 1) })
}

fn outcome(counts: [(u64, u64); 4], churns_scored: u64, below_good: u64) -> HealthOutcome {
    let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
    let all = counts.iter().fold((0, 0), |all, count| (all.0 + count.0, all.1 + count.1));
    let base = share(all.0, all.1).filter(|base| *base > 0.0);
    let row = |(band, (right, days)): (&Band, (u64, u64))| {
        let churn_rate = share(right, days);
        let lift = churn_rate.zip(base).map(|(rate, base)| rate / base);
        BandRow { band: *band, share: share(days, all.1), churn_rate, lift }
    };
    HealthOutcome {
        bands: Band::ALL.iter().zip(counts).map(row).collect(),
        churns_scored,
        below_good,
    }
}
