//! Profiles and measures as the configuration writes them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};

use super::{Bands, MeasureKind, Scale, Scoring, USUAL_PRIORITY};

/// A number; a whole one is written without decimals.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(transparent)]
struct Figure(f64);

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const EXACT: f64 = 9e15;
        if self.0.fract() == 0.0 && self.0.abs() < EXACT {
            serializer.serialize_i64(self.0 as i64)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenProfile {
    name: String,
    #[serde(rename = "where", default, skip_serializing_if = "Option::is_none")]
    condition: Option<String>,
    #[serde(default = "usual_priority")]
    priority: i64,
    #[serde(default = "usual_good")]
    good: Figure,
    #[serde(default = "usual_average")]
    average: Figure,
    #[serde(rename = "measure", default)]
    measures: Vec<super::Measure>,
}

fn usual_priority() -> i64 {
    USUAL_PRIORITY
}

fn usual_good() -> Figure {
    Figure(Bands::default().good)
}

fn usual_average() -> Figure {
    Figure(Bands::default().average)
}

impl From<WrittenProfile> for super::Profile {
    fn from(written: WrittenProfile) -> Self {
        let WrittenProfile { name, condition, priority, good, average, measures } = written;
        let bands = Bands { good: good.0, average: average.0 };
        super::Profile { condition, priority, scoring: Scoring { name, bands, measures } }
    }
}

impl From<super::Profile> for WrittenProfile {
    fn from(profile: super::Profile) -> Self {
        let super::Profile { condition, priority, scoring: Scoring { name, bands, measures } } =
            profile;
        WrittenProfile {
            name,
            condition,
            priority,
            good: Figure(bands.good),
            average: Figure(bands.average),
            measures,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenMeasure {
    name: String,
    kind: MeasureKind,
    value: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Figure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<Figure>,
    weight: Figure,
    // TOML requires tables after all other values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    map: Option<BTreeMap<String, Figure>>,
}

impl TryFrom<WrittenMeasure> for super::Measure {
    type Error = String;

    fn try_from(written: WrittenMeasure) -> Result<Self, String> {
        let WrittenMeasure { name, kind, value, from, to, weight, map } = written;
        let scale = match (from, to, map) {
            (Some(Figure(from)), Some(Figure(to)), None) => Scale::Linear { from, to },
            (None, None, Some(map)) => {
                Scale::Map(map.into_iter().map(|(text, Figure(score))| (text, score)).collect())
            }
            _ => return Err(format!("the measure '{name}' needs `from` and `to`, or a `map`")),
        };
        Ok(super::Measure { name, kind, value, scale, weight: weight.0 })
    }
}

impl From<super::Measure> for WrittenMeasure {
    fn from(measure: super::Measure) -> Self {
        let super::Measure { name, kind, value, scale, weight } = measure;
        let (from, to, map) = match scale {
            Scale::Linear { from, to } => (Some(Figure(from)), Some(Figure(to)), None),
            Scale::Map(map) => (
                None,
                None,
                Some(map.into_iter().map(|(text, score)| (text, Figure(score))).collect()),
            ),
        };
        WrittenMeasure { name, kind, value, from, to, weight: Figure(weight), map }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_that_are_exact_are_written_without_decimals() {
        let written = [3.0, -2.5, 8_999_999_999_999_999.0, 9e15]
            .map(|n| serde_json::json!(Figure(n)).to_string());
        assert_eq!(written, ["3", "-2.5", "8999999999999999", "9000000000000000.0"]);
    }
}
