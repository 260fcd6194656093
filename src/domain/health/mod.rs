//! Health: how a customer does, from 0 to 100, as a weighted mix of attributes under the profile
//! that fits.
//!
//! This file has the profiles, [`assessment`] what one says of a company on a day, and [`change`]
//! why that differs from another day.

pub mod assessment;
pub mod change;
mod written;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

pub use assessment::{Assessment, Reading, to_grain};
pub use change::{Driver, MeasureChange, Movement};

use super::attributes::Datum;
use super::named::named;
use super::playbook::validate_line;

/// The name of the profile that always exists and comes last.
pub const DEFAULT_PROFILE: &str = "default";

/// The priority of a profile that names none.
pub const USUAL_PRIORITY: i64 = 100;

/// A weight above this is a typing mistake, and sums of weights stay exact enough.
const MOST_WEIGHT: f64 = 1e6;

/// Ends of a scale farther from 0 than this are a typing mistake.
const FARTHEST: f64 = 1e15;

/// How the health of some companies is judged. As text it has the shape of a `[[health.profile]]`
/// of the configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "written::Profile", into = "written::Profile")]
pub struct Profile {
    /// An expression over attributes that says which companies it fits; `None`: all.
    pub condition: Option<String>,
    /// Its place among the profiles: of those that fit, the one with the lowest number is taken, of
    /// equal ones the first A to Z.
    pub priority: i64,
    /// How it scores.
    pub scoring: Scoring,
}

/// The part of a profile that decides the score of a company that it fits.
#[derive(Debug, Clone, PartialEq)]
pub struct Scoring {
    /// The name of the profile.
    pub name: String,
    /// From where on a score is good or average.
    pub bands: Bands,
    /// What is measured, in the order in which it is shown.
    pub measures: Vec<Measure>,
}

/// From where on a score is good or average, each 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bands {
    /// The lowest good score.
    pub good: f64,
    /// The lowest average score.
    pub average: f64,
}

impl Default for Bands {
    fn default() -> Self {
        Bands { good: 70.0, average: 40.0 }
    }
}

/// What a score means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Band {
    /// At least [`Bands::good`].
    Good,
    /// At least [`Bands::average`].
    Average,
    /// Below that.
    Poor,
    /// Too little is known for a score.
    Unknown,
}
named!(Band { Good = "good", Average = "average", Poor = "poor", Unknown = "unknown" });

impl Bands {
    /// The band of a score that was not rounded.
    pub fn of(self, score: Option<f64>) -> Band {
        match score {
            None => Band::Unknown,
            Some(score) if score >= self.good => Band::Good,
            Some(score) if score >= self.average => Band::Average,
            Some(_) => Band::Poor,
        }
    }
}

/// One thing that is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "written::Measure", into = "written::Measure")]
pub struct Measure {
    /// Its name, unique in the profile.
    pub name: String,
    /// What it tells of.
    pub kind: MeasureKind,
    /// An expression over attributes.
    pub value: String,
    /// How its value becomes a score from 0 to 100.
    pub scale: Scale,
    /// How much it counts beside the other measures; above 0.
    pub weight: f64,
}

/// What a measure tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeasureKind {
    /// Usage, outcomes, utilisation: what comes before a judgement.
    Proactive,
    /// Feedback and support: the judgement.
    Reactive,
}
named!(MeasureKind { Proactive = "proactive", Reactive = "reactive" });

/// How a value becomes a score from 0 to 100.
#[derive(Debug, Clone, PartialEq)]
pub enum Scale {
    /// Along a line: 0 at `from`, 100 at `to`, which may be the smaller of the two, and no less and
    /// no more beyond.
    Linear {
        /// The value that scores 0.
        from: f64,
        /// The value that scores 100.
        to: f64,
    },
    /// By a list of texts; any other text scores nothing.
    Map(BTreeMap<String, f64>),
}

impl Scale {
    /// The score of a value; `None` when it has none: it is unknown, no number on a line, or not in
    /// the list.
    pub fn score(&self, value: &Datum) -> Option<f64> {
        match self {
            Scale::Linear { from, to } => {
                let along = (value.number()? - from) * 100.0 / (to - from);
                // Adding 0 makes 0 of -0, which the start of a line that falls would be.
                Some(along.clamp(0.0, 100.0) + 0.0)
            }
            Scale::Map(scores) => scores.get(value.text()?.as_ref()).copied(),
        }
    }

    fn validate(&self) -> Result<(), String> {
        match self {
            Scale::Linear { from, to } if !(from.abs() <= FARTHEST && to.abs() <= FARTHEST) => {
                Err(format!("a scale from {from} to {to} is out of range"))
            }
            Scale::Linear { from, to } if from == to => {
                Err(format!("a scale from {from} to {to} has no length"))
            }
            Scale::Linear { .. } => Ok(()),
            Scale::Map(scores) if scores.is_empty() => Err("the map is empty".to_owned()),
            Scale::Map(scores) => {
                let wrong = scores.iter().find(|(_, score)| !(0.0..=100.0).contains(*score));
                wrong.map_or(Ok(()), |(text, score)| {
                    Err(format!("'{}' scores {score}; a score is 0 to 100", text.escape_debug()))
                })
            }
        }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scale::Linear { from, to } => write!(f, "{from} to {to}"),
            Scale::Map(scores) => {
                let scores: Vec<String> =
                    scores.iter().map(|(text, score)| format!("{text} {score}")).collect();
                f.write_str(&scores.join(", "))
            }
        }
    }
}

impl Profile {
    /// The profile that fits every company and comes last.
    pub fn shipped_default() -> &'static Profile {
        static PROFILE: LazyLock<Profile> =
            LazyLock::new(|| crate::shipped::DEFAULT_PROFILE.read());
        &PROFILE
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.scoring.name
    }

    /// Every expression that it has.
    pub fn expressions(&self) -> impl Iterator<Item = &str> {
        let values = self.scoring.measures.iter().map(|measure| measure.value.as_str());
        self.condition.as_deref().into_iter().chain(values)
    }

    /// Whether it can be saved: every text and number is in range. Its expressions are not read.
    ///
    /// # Errors
    /// The first that is not in range.
    pub fn validate(&self) -> Result<(), String> {
        let name = self.name();
        validate_line(name).map_err(|error| format!("the name of a health profile {error}"))?;
        if name == DEFAULT_PROFILE && self.condition.is_some() {
            return Err(
                "the profile 'default' fits every company, so it takes no condition".to_owned()
            );
        }
        let is_blank = |condition: &String| condition.trim().is_empty();
        let valid = match self.condition.as_ref().is_some_and(is_blank) {
            true => Err("its condition is blank".to_owned()),
            false => self.scoring.validate(),
        };
        valid.map_err(|error| format!("the health profile '{name}': {error}"))
    }

    /// What is unusual about it: two or three proactive measures and at most two reactive ones are
    /// recommended.
    pub fn advice(&self) -> Option<String> {
        let count =
            |kind| self.scoring.measures.iter().filter(|measure| measure.kind == kind).count();
        let (proactive, reactive) = (count(MeasureKind::Proactive), count(MeasureKind::Reactive));
        let is_usual = (2..=3).contains(&proactive) && reactive <= 2;
        (!is_usual).then(|| {
            format!(
                "the health profile '{}' has {proactive} proactive and {reactive} reactive measures; two or three proactive ones \
                 and at most two reactive ones are recommended",
                self.name()
            )
        })
    }
}

impl Bands {
    fn validate(self) -> Result<(), String> {
        let Bands { good, average } = self;
        if ![good, average].iter().all(|bound| (0.0..=100.0).contains(bound)) {
            return Err(format!(
                "good from {good} and average from {average}: a score is 0 to 100"
            ));
        }
        match average > good {
            true => Err(format!("average from {average} is above good from {good}")),
            false => Ok(()),
        }
    }
}

impl Scoring {
    fn validate(&self) -> Result<(), String> {
        self.bands.validate()?;
        if self.measures.is_empty() {
            return Err("it has no measures".to_owned());
        }
        self.measures.iter().enumerate().try_for_each(|(place, measure)| {
            let is_second = self.measures[..place].iter().any(|other| other.name == measure.name);
            match is_second {
                true => Err(format!("it has two measures '{}'", measure.name)),
                false => measure.validate(place + 1),
            }
        })
    }
}

impl Measure {
    /// `number`: its place in the profile, from 1.
    fn validate(&self, number: usize) -> Result<(), String> {
        validate_line(&self.name)
            .map_err(|error| format!("the name of measure {number} {error}"))?;
        let valid = if self.value.trim().is_empty() {
            Err("its value is blank".to_owned())
        } else if self.weight > 0.0 && self.weight <= MOST_WEIGHT {
            self.scale.validate()
        } else {
            Err(format!("the weight {} is not above 0 and up to {MOST_WEIGHT}", self.weight))
        };
        valid.map_err(|error| format!("measure '{}': {error}", self.name))
    }
}

/// Puts profiles in the order in which they are tried, the default one last.
pub fn in_order(mut profiles: Vec<Profile>) -> Vec<Profile> {
    let place = |profile: &Profile| (profile.name() == DEFAULT_PROFILE, profile.priority);
    profiles.sort_by(|a, b| (place(a), a.name()).cmp(&(place(b), b.name())));
    profiles
}

#[cfg(test)]
mod tests;
