//! Why the health of a company differs between two days, and what moved the health of many.

use super::Assessment;
use crate::domain::datum::Datum;

/// Differences smaller than this are floating-point errors.
const NOTHING: f64 = 1e-9;

/// The effect of one measure on the score between two days.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MeasureChange {
    pub measure: String,
    /// The change of its contribution; the changes of all measures add up to the change of the
    /// score.
    pub change: f64,
    /// The value of its expression before; `None` when the profile did not have it.
    pub before: Option<Datum>,
    /// The value of its expression now; `None` if the profile no longer has it.
    pub now: Option<Datum>,
}

/// The effect of each measure on the score, largest first; `None` if one of the days has no score.
///
/// A measure that was unknown or missing from the profile on a day contributed nothing on that day.
/// So the changes add up whatever was known, and whichever profile applied.
pub(crate) fn explain(before: &Assessment, now: &Assessment) -> Option<Vec<MeasureChange>> {
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

/// How the health of many companies changed between two days.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Movement {
    /// The companies that had a score on both days.
    pub companies: u64,
    /// Their mean score before; 0 without companies.
    pub before: f64,
    /// Their mean score now; 0 without companies.
    pub now: f64,
    /// The measures that changed it, largest effect first.
    pub drivers: Vec<Driver>,
}

/// The effect of one measure on the health of many companies.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Driver {
    pub measure: String,
    /// The change of its mean contribution; those of all measures add up to the change of the mean
    /// score.
    pub change: f64,
    /// The number of companies for which it rose.
    pub up: u64,
    /// The number of companies for which it fell.
    pub down: u64,
}

impl Movement {
    /// The change from the companies' earlier health to the current one. Companies without a score
    /// on either day are excluded.
    pub(crate) fn of<'a>(
        companies: impl Iterator<Item = (&'a Assessment, &'a Assessment)>,
    ) -> Movement {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_counts_from_more_than_a_billionth() {
        let mut movement = Movement::default();
        for change in [NOTHING, -NOTHING, 2.0 * NOTHING, -2.0 * NOTHING, -1.0] {
            let measure = "usage".to_owned();
            movement.add(&MeasureChange { measure, change, before: None, now: None });
        }
        let [driver] = &movement.drivers[..] else { panic!("{movement:?}") };
        assert_eq!((driver.up, driver.down), (1, 2));
    }
}
