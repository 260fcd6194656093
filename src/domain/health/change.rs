//! Why the health of a company differs from that of another day, and what moved that of many.

use super::Assessment;
use crate::domain::attributes::Datum;

/// Differences below this come from binary fractions.
const NOTHING: f64 = 1e-9;

/// What one measure did to the score between two days.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasureChange {
    /// The measure's name.
    pub measure: String,
    /// By how much its contribution rose; the changes of all measures add up to that of the score.
    pub change: f64,
    /// The value of its expression before; `None` when the profile did not have it.
    pub before: Option<Datum>,
    /// The value of its expression now; `None` when the profile does not have it any more.
    pub now: Option<Datum>,
}

/// What each measure did to the score, the largest change first; `None` when there was no score on
/// one of the days.
///
/// A measure that one of the profiles does not have, or that was not known, contributed nothing
/// then. So the changes add up whatever was known, and whichever profile fitted.
pub fn explain(before: &Assessment, now: &Assessment) -> Option<Vec<MeasureChange>> {
    before.score.and(now.score)?;
    let mut names: Vec<&str> =
        now.scoring.measures.iter().map(|measure| measure.name.as_str()).collect();
    for measure in &before.scoring.measures {
        if !names.contains(&measure.name.as_str()) {
            names.push(&measure.name);
        }
    }
    let raw = |side: &Assessment, name: &str| side.reading(name).map(|reading| reading.raw.clone());
    let change = |name: &str| MeasureChange {
        measure: name.to_owned(),
        change: now.contribution(name) - before.contribution(name),
        before: raw(before, name),
        now: raw(now, name),
    };
    let mut changes: Vec<MeasureChange> = names.into_iter().map(change).collect();
    changes.sort_by(|a, b| b.change.abs().total_cmp(&a.change.abs()));
    Some(changes)
}

/// How the health of many companies moved between two days.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Movement {
    /// The companies that had a score on both days.
    pub companies: u64,
    /// Their mean score before; 0 without companies.
    pub before: f64,
    /// Their mean score now; 0 without companies.
    pub now: f64,
    /// What moved it, the largest first.
    pub drivers: Vec<Driver>,
}

/// What one measure did to the health of many companies.
#[derive(Debug, Clone, PartialEq)]
pub struct Driver {
    /// The measure's name.
    pub measure: String,
    /// By how much its mean contribution rose; those of all measures add up to the change of the
    /// mean score.
    pub change: f64,
    /// For how many companies it rose.
    pub up: u64,
    /// For how many companies it fell.
    pub down: u64,
}

impl Movement {
    /// The movement of companies from their health before to that of now. Those without a score on
    /// either day are left out.
    pub fn of<'a>(companies: impl Iterator<Item = (&'a Assessment, &'a Assessment)>) -> Movement {
        let mut movement = Movement::default();
        for (before, now) in companies {
            if let (Some(old), Some(new), Some(changes)) =
                (before.score, now.score, explain(before, now))
            {
                movement.companies += 1;
                movement.before += old;
                movement.now += new;
                changes.iter().for_each(|change| movement.add(change));
            }
        }
        let count = movement.companies.max(1) as f64;
        movement.before /= count;
        movement.now /= count;
        movement.drivers.iter_mut().for_each(|driver| driver.change /= count);
        movement.drivers.sort_by(|a, b| {
            b.change.abs().total_cmp(&a.change.abs()).then(a.measure.cmp(&b.measure))
        });
        movement
    }

    fn add(&mut self, change: &MeasureChange) {
        let known = self.drivers.iter().position(|driver| driver.measure == change.measure);
        let place = known.unwrap_or_else(|| {
            self.drivers.push(Driver {
                measure: change.measure.clone(),
                change: 0.0,
                up: 0,
                down: 0,
            });
            self.drivers.len() - 1
        });
        let driver = &mut self.drivers[place];
        driver.change += change.change;
        driver.up += u64::from(change.change > NOTHING);
        driver.down += u64::from(change.change < -NOTHING);
    }
}
