//! What a profile says of a company on a day.

use std::sync::Arc;

use super::{Band, Measure, Scoring};
use crate::domain::attributes::Datum;

/// One over what lies far above the errors of binary fractions, and far below anything that
/// matters. Scores are freed of what is smaller, so that 70 is 70 to bands and to rules.
const GRAINS: f64 = 1e9;

/// The health of a company on a day, and how it came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// By what it was judged.
    pub scoring: Arc<Scoring>,
    /// What each measure said, in the order of [`Scoring::measures`].
    pub readings: Vec<Reading>,
    /// The score, 0 to 100 and not rounded; `None` when less than half of the weight is known.
    pub score: Option<f64>,
    /// The share of the weight that was known, 0 to 1.
    pub coverage: f64,
}

/// What a measure said.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The value of its expression.
    pub raw: Datum,
    /// Its score, 0 to 100; `None` where it is not known.
    pub scaled: Option<f64>,
    /// Its part of the company's score, to which the parts add up: weight × score / sum of the
    /// weights that are known. `None` where it or the company's score is not known.
    pub contribution: Option<f64>,
}

impl Assessment {
    /// The assessment that follows from the values of the measures' expressions, in the order of
    /// [`Scoring::measures`].
    ///
    /// The score is the sum of weight × measure over the sum of the weights of those measures that
    /// are known.
    pub fn of(scoring: &Arc<Scoring>, values: Vec<Datum>) -> Assessment {
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
        let is_enough = weight > 0.0 && coverage >= 0.5;
        let score = is_enough.then(|| {
            to_grain(known().map(|(weight, scaled)| weight * scaled).sum::<f64>() / weight)
        });
        let reading = |((measure, raw), scaled): ((&Measure, Datum), Option<f64>)| {
            let contribution =
                scaled.filter(|_| is_enough).map(|scaled| measure.weight * scaled / weight);
            Reading { raw, scaled, contribution }
        };
        let readings = scoring.measures.iter().zip(values).zip(scaled).map(reading).collect();
        Assessment { scoring: Arc::clone(scoring), readings, score, coverage }
    }

    /// The band of the score.
    pub fn band(&self) -> Band {
        self.scoring.bands.of(self.score)
    }

    /// The measures with what they said.
    pub fn measures(&self) -> impl Iterator<Item = (&Measure, &Reading)> {
        self.scoring.measures.iter().zip(&self.readings)
    }

    /// The measure that pulls the score down most: with the largest weight × (100 - score), of
    /// equal ones the first. `None` without a score, and when nothing pulls it down.
    pub fn main_driver(&self) -> Option<&str> {
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

    /// What the measure of a name contributes; 0 where it is not known or the profile does not have
    /// it.
    pub(super) fn contribution(&self, name: &str) -> f64 {
        self.reading(name).and_then(|reading| reading.contribution).unwrap_or_default()
    }

    /// What the measure of a name said.
    pub fn reading(&self, name: &str) -> Option<&Reading> {
        self.measures().find(|(measure, _)| measure.name == name).map(|(_, reading)| reading)
    }
}

/// A score, a change of one or a share, freed of the errors of binary fractions.
pub fn to_grain(number: f64) -> f64 {
    // Adding 0 makes 0 of -0, which is the sum of no numbers.
    (number * GRAINS).round() / GRAINS + 0.0
}
