//! The result of a profile for a company on a day.

use std::sync::Arc;

use super::{Band, Measure, Scoring};
use crate::domain::datum::Datum;

/// Scores are rounded to multiples of 1 / `GRAINS`. That is far above floating-point errors and far
/// below any relevant difference, so a score of 70 is exactly 70 for bands and rules.
const GRAINS: f64 = 1e9;

/// The health of a company on a day, and how it was computed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Assessment {
    /// The scoring that was used.
    pub scoring: Arc<Scoring>,
    /// The result of each measure, in the order of [`Scoring::measures`].
    pub readings: Vec<MeasureReading>,
    /// The score, 0 to 100 and not rounded; `None` if less than half of the weight is known.
    pub score: Option<f64>,
    /// The share of the weight that is known, 0 to 1.
    pub coverage: f64,
}

/// The result of a measure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MeasureReading {
    /// The value of its expression.
    pub raw: Datum,
    /// Its score, 0 to 100; `None` if it is unknown.
    pub scaled: Option<f64>,
    /// Its contribution to the company's score: weight × score / sum of the known weights. The
    /// contributions add up to the score. `None` if the measure's or the company's score is
    /// unknown.
    pub contribution: Option<f64>,
}

impl Assessment {
    /// The assessment from the values of the measures' expressions, in the order of
    /// [`Scoring::measures`].
    ///
    /// The score is the sum of weight × measure over the known measures, divided by the sum of
    /// their weights.
    pub(crate) fn of(scoring: &Arc<Scoring>, values: Vec<Datum>) -> Assessment {
        let scaled: Vec<Option<f64>> = scoring
            .measures
            .iter()
            .zip(&values)
            .map(|(measure, value)| measure.scale.score(value))
            .collect();
        let known = || {
            scoring
                .measures
                .iter()
                .zip(&scaled)
                .filter_map(|(m, scaled)| Some((m.weight, (*scaled)?)))
        };
        let all: f64 = scoring.measures.iter().map(|measure| measure.weight).sum();
        let weight: f64 = known().map(|(weight, _)| weight).sum();
        let coverage = if all > 0.0 { to_grain(weight / all) } else { 0.0 };
        let is_enough = coverage >= 0.5;
        let score = is_enough.then(|| {
            to_grain(known().map(|(weight, scaled)| weight * scaled).sum::<f64>() / weight)
        });
        let reading = |((measure, raw), scaled): ((&Measure, Datum), Option<f64>)| {
            let contribution =
                scaled.filter(|_| is_enough).map(|scaled| measure.weight * scaled / weight);
            MeasureReading { raw, scaled, contribution }
        };
        let readings = scoring.measures.iter().zip(values).zip(scaled).map(reading).collect();
        Assessment { scoring: Arc::clone(scoring), readings, score, coverage }
    }

    /// The band of the score.
    pub(crate) fn band(&self) -> Band {
        self.scoring.bands.of(self.score)
    }

    /// The measures with their results.
    pub(crate) fn measures(&self) -> impl Iterator<Item = (&Measure, &MeasureReading)> {
        self.scoring.measures.iter().zip(&self.readings)
    }

    /// The measure that lowers the score most: the one with the largest weight × (100 - score), the
    /// first of equal ones. `None` without a score, and if nothing lowers it.
    pub(crate) fn main_driver(&self) -> Option<&str> {
        self.score?;
        let mut most: Option<(f64, &str)> = None;
        for (measure, reading) in self.measures() {
            let Some(scaled) = reading.scaled else { continue };
            let loss = measure.weight * (100.0 - scaled);
            if loss > most.map_or(0.0, |(most, _)| most) {
                most = Some((loss, &measure.name));
            }
        }
        most.map(|(_, name)| name)
    }

    /// The contribution of the measure with this name; 0 if it is unknown or missing from the
    /// profile.
    pub(super) fn contribution(&self, name: &str) -> f64 {
        self.reading(name).and_then(|reading| reading.contribution).unwrap_or_default()
    }

    /// The result of the measure with this name.
    pub(crate) fn reading(&self, name: &str) -> Option<&MeasureReading> {
        self.measures().find(|(measure, _)| measure.name == name).map(|(_, reading)| reading)
    }
}

/// A score, a change of a score or a share, without floating-point errors.
pub(crate) fn to_grain(number: f64) -> f64 {
    // Adding 0 turns -0, the sum of no numbers, into 0.
    (number * GRAINS).round() / GRAINS + 0.0
}
