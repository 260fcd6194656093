//! Health: how well a customer is doing, from 0 to 100, as a weighted mix of attributes under the
//! profile that applies.
//!
//! This file has the profiles. [`assessment`] computes the result of a profile for a company on a
//! day, and [`change`] explains the difference from another day.

pub(crate) mod assessment;
pub(crate) mod change;
mod written;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

pub(crate) use assessment::{Assessment, MeasureReading, to_grain};
pub(crate) use change::{Driver, MeasureChange, Movement};

use super::datum::Datum;
use super::named::named;
use super::playbook::validate_line;

/// The name of the profile that always exists and is tried last.
pub(crate) const DEFAULT_PROFILE: &str = "default";

/// The default priority of a profile.
pub(crate) const USUAL_PRIORITY: i64 = 100;

/// A weight above this is a typing mistake. The limit also keeps sums of weights exact enough.
const MOST_WEIGHT: f64 = 1e6;

/// An end of a scale farther from 0 than this is a typing mistake.
const FARTHEST: f64 = 1e15;

/// How to score the health of some companies. Its text form is a `[[health.profile]]` of the
/// configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "written::WrittenProfile", into = "written::WrittenProfile")]
pub(crate) struct Profile {
    /// An expression over attributes that selects the companies it applies to; `None` means all.
    pub condition: Option<String>,
    /// Its order among the profiles: of those that apply, the one with the lowest number is used;
    /// ties are decided alphabetically.
    pub priority: i64,
    /// How it scores.
    pub scoring: Scoring,
}

/// The part of a profile that determines the score of a company that it applies to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scoring {
    /// The name of the profile.
    pub name: String,
    /// The lowest good and average scores.
    pub bands: Bands,
    /// The measures, in display order.
    pub measures: Vec<Measure>,
}

/// The lowest good and average scores, each 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bands {
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
pub(crate) enum Band {
    /// At least [`Bands::good`].
    Good,
    /// At least [`Bands::average`].
    Average,
    /// Below that.
    Poor,
    /// Too little is known to compute a score.
    Unknown,
}
named!(Band { Good = "good", Average = "average", Poor = "poor", Unknown = "unknown" });

impl Bands {
    /// The band of an unrounded score.
    pub(crate) fn of(self, score: Option<f64>) -> Band {
        match score {
            None => Band::Unknown,
            Some(score) if score >= self.good => Band::Good,
            Some(score) if score >= self.average => Band::Average,
            Some(_) => Band::Poor,
        }
    }
}

/// One measure of a profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "written::WrittenMeasure", into = "written::WrittenMeasure")]
pub(crate) struct Measure {
    /// Its name, unique in the profile.
    pub name: String,
    /// What it measures.
    pub kind: MeasureKind,
    /// An expression over attributes.
    pub value: String,
    /// How its value becomes a score from 0 to 100.
    pub scale: Scale,
    /// Its weight relative to the other measures; above 0.
    pub weight: f64,
}

/// What a measure measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MeasureKind {
    /// Usage, outcomes, utilisation: leading indicators of the customer's opinion.
    Proactive,
    /// Feedback and support: the customer's opinion.
    Reactive,
}
named!(MeasureKind { Proactive = "proactive", Reactive = "reactive" });

/// How a value becomes a score from 0 to 100.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scale {
    /// Linear: 0 at `from`, 100 at `to` (which may be the smaller of the two), and limited to 0 and
    /// 100 beyond.
    Linear {
        /// The value that scores 0.
        from: f64,
        /// The value that scores 100.
        to: f64,
    },
    /// By a list of texts; any other text has no score.
    Map(BTreeMap<String, f64>),
}

impl Scale {
    /// The score of a value; `None` if it is unknown, not a number on a linear scale, or not in the
    /// list.
    pub(crate) fn score(&self, value: &Datum) -> Option<f64> {
        match self {
            Scale::Linear { from, to } => {
                let along = (value.number()? - from) * 100.0 / (to - from);
                // Adding 0 turns -0, the result at the start of a falling scale, into 0.
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
    /// The profile that applies to every company and is tried last.
    pub(crate) fn shipped_default() -> &'static Profile {
        static PROFILE: LazyLock<Profile> =
            LazyLock::new(|| crate::shipped::DEFAULT_PROFILE.read());
        &PROFILE
    }

    pub(crate) fn name(&self) -> &str {
        &self.scoring.name
    }

    /// All its expressions.
    pub(crate) fn expressions(&self) -> impl Iterator<Item = &str> {
        let values = self.scoring.measures.iter().map(|measure| measure.value.as_str());
        self.condition.as_deref().into_iter().chain(values)
    }

    /// Whether it can be saved: every text and number is in range. Its expressions are not parsed.
    pub(crate) fn validate(&self) -> Result<(), String> {
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

    /// Unusual properties of the profile: two or three proactive measures and at most two reactive
    /// ones are recommended.
    pub(crate) fn advice(&self) -> Option<String> {
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
    pub(crate) fn validate(self) -> Result<(), String> {
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
        (0..self.measures.len()).try_for_each(|place| self.validate_measure(place))
    }

    /// Whether the measure at this place can be saved.
    pub(crate) fn validate_measure(&self, place: usize) -> Result<(), String> {
        let measure = &self.measures[place];
        let is_second = self.measures[..place].iter().any(|other| other.name == measure.name);
        match is_second {
            true => Err(format!("it has two measures '{}'", measure.name)),
            false => measure.validate(place + 1),
        }
    }
}

impl Measure {
    /// `number` is its position in the profile, from 1.
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

/// Sorts profiles in the order in which they are tried, the default one last.
pub(crate) fn in_order(mut profiles: Vec<Profile>) -> Vec<Profile> {
    let place = |profile: &Profile| (profile.name() == DEFAULT_PROFILE, profile.priority);
    profiles.sort_by(|a, b| (place(a), a.name()).cmp(&(place(b), b.name())));
    profiles
}

#[cfg(test)]
mod tests;
