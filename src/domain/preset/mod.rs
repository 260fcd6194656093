//! Presets: ready-made rules that become ordinary rules when somebody adds them.

use std::sync::LazyLock;

use serde::Deserialize;

use super::evidence::{ConditionEvidence, ReadValue};
use super::metric::{Metric, MetricDefinition, MetricMeasure, name_of};
use super::rule::{
    AdoptionRule, Aim, ConditionRule, DEFAULT_COOLDOWN, Direction, Rule, RuleKind, RuleLogic,
    TrendRule,
};
use super::signal::SignalType;
use crate::shipped::PRESETS;

/// The presets that ship with the program, in the order of their file.
pub(crate) fn shipped() -> &'static [Preset] {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        preset: Vec<Preset>,
    }
    static FILE: LazyLock<File> = LazyLock::new(|| PRESETS.read());
    &FILE.preset
}

/// The preset that a rule of this name was made from, and the event of the rule.
pub(crate) fn of_rule(rule: &str) -> Option<(&'static Preset, Option<&str>)> {
    let (name, event) =
        rule.split_once(':').map_or((rule, None), |(name, event)| (name, Some(event)));
    shipped().iter().find(|preset| preset.name == name).map(|preset| (preset, event))
}

/// A ready-made rule.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Preset {
    /// Its name, which is also the name of the rule.
    pub name: String,
    /// The product from which customer success teams know this kind of signal.
    pub source: String,
    /// Its purpose, in one sentence.
    pub purpose: String,
    /// Whether it suits most teams.
    #[serde(default)]
    pub usual: bool,
    /// Whether the user must name an event.
    #[serde(default)]
    pub event: EventUse,
    /// The playbook that a signal starts.
    pub playbook: String,
    /// Whether managers are notified of every signal.
    #[serde(default)]
    pub managers: bool,
    /// Whether executives are notified of every signal.
    #[serde(default)]
    pub executives: bool,
    /// The text of a signal of a condition; the presets file explains the braces.
    says: Option<String>,
    rule: Pattern,
}

/// Whether a preset is about an event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EventUse {
    /// It is about none.
    #[default]
    None,
    /// It is about an event if the user names one.
    Possible,
    /// It is about an event, which the user must name.
    Needed,
}

/// The rule of a preset, with gaps for the user's choices.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum Pattern {
    Trend(TrendRule),
    Adoption {
        #[serde(default)]
        goals: bool,
        /// Whether the user must give a deadline.
        #[serde(default)]
        deadline: bool,
    },
    Condition {
        #[serde(rename = "type")]
        signal_type: SignalType,
        when: String,
        key: Option<String>,
        #[serde(rename = "for", default = "one_day")]
        for_days: u16,
        #[serde(default = "usual_cooldown")]
        cooldown: u16,
        /// The default number of days in the condition.
        every: Option<u16>,
        /// The number of days of the metric in the condition.
        metric_days: Option<u16>,
    },
}

fn one_day() -> u16 {
    1
}

fn usual_cooldown() -> u16 {
    DEFAULT_COOLDOWN
}

/// The user's choices for a preset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Choice<'c> {
    /// The event to watch.
    pub event: Option<&'c str>,
    /// The deadline, in days from the start of a company; one of [`super::rule::WITHINS`].
    pub within: Option<u16>,
    /// The number of days in the condition; one of [`EVERIES`].
    pub every: Option<u16>,
}

/// The numbers of days that `--every` accepts.
pub(crate) const EVERIES: std::ops::RangeInclusive<u16> = 1..=36_500;

impl Preset {
    /// The name of the rule that the choice makes.
    pub(crate) fn rule_name(&self, event: Option<&str>) -> String {
        match (event, &self.rule) {
            (Some(event), Pattern::Trend(_)) => event.to_owned(),
            (Some(event), _) => format!("{}:{event}", self.name),
            (None, _) => self.name.clone(),
        }
    }

    pub(crate) fn kind(&self) -> RuleKind {
        match self.rule {
            Pattern::Trend(_) => RuleKind::Trend,
            Pattern::Adoption { .. } => RuleKind::Adoption,
            Pattern::Condition { .. } => RuleKind::Condition,
        }
    }

    /// The type of its signals; `None` if they can be good or bad.
    pub(crate) fn signal_type(&self) -> Option<SignalType> {
        match &self.rule {
            Pattern::Trend(TrendRule { direction: Direction::Down, inverse: false, .. }) => {
                Some(SignalType::Bad)
            }
            Pattern::Trend(_) => None,
            Pattern::Adoption { goals, deadline } => {
                (!goals && !deadline).then_some(SignalType::Good)
            }
            Pattern::Condition { signal_type, .. } => Some(*signal_type),
        }
    }

    /// Whether it requires a deadline.
    pub(crate) fn needs_deadline(&self) -> bool {
        matches!(self.rule, Pattern::Adoption { deadline: true, .. })
    }

    /// The default number of days in its condition; `None` if it has none.
    pub(crate) fn every(&self) -> Option<u16> {
        match self.rule {
            Pattern::Condition { every, .. } => every,
            _ => None,
        }
    }

    /// Whether a choice fits the preset.
    ///
    /// # Errors
    /// An option that the preset does not take, or an event that is missing.
    pub(crate) fn validate(&self, choice: &Choice<'_>) -> Result<(), String> {
        let name = &self.name;
        match choice {
            Choice { event: None, .. } if self.event == EventUse::Needed => {
                Err(format!("the preset '{name}' needs --event EVENT"))
            }
            Choice { event: Some(_), .. } if self.event == EventUse::None => {
                Err(format!("the preset '{name}' does not take --event"))
            }
            Choice { within: Some(_), .. } if !self.needs_deadline() => {
                Err(format!("the preset '{name}' has no deadline"))
            }
            Choice { every: Some(_), .. } if self.every().is_none() => {
                Err(format!("the preset '{name}' does not take --every"))
            }
            _ => Ok(()),
        }
    }

    /// The rule for a choice that is [valid](Preset::validate); `None` if the preset needs a
    /// deadline and the choice has none.
    pub(crate) fn rule(&self, choice: &Choice<'_>) -> Option<Rule> {
        let logic = match &self.rule {
            Pattern::Trend(trend) => RuleLogic::Trend(TrendRule {
                event: choice.event.unwrap_or(&trend.event).to_owned(),
                ..trend.clone()
            }),
            Pattern::Adoption { goals, deadline } => {
                let event = choice.event.map(str::to_owned);
                let within = if *deadline { Some(choice.within?) } else { None };
                let aim = if *goals {
                    Aim::Goals { event }
                } else {
                    Aim::Event { event: event?, within }
                };
                RuleLogic::Adoption(AdoptionRule { aim, retroactive: false })
            }
            Pattern::Condition { signal_type, key, for_days, cooldown, .. } => {
                RuleLogic::Condition(ConditionRule {
                    key: key.clone(),
                    for_days: *for_days,
                    cooldown: *cooldown,
                    ..ConditionRule::new(&self.when(choice)?, *signal_type)
                })
            }
        };
        Some(Rule {
            playbook: Some(self.playbook.clone()),
            managers: self.managers,
            executives: self.executives,
            ..Rule::new(&self.rule_name(choice.event), logic)
        })
    }

    /// The condition for a choice; `None` for other kinds.
    pub(crate) fn when(&self, choice: &Choice<'_>) -> Option<String> {
        let Pattern::Condition { when, every, .. } = &self.rule else { return None };
        let every = choice.every.or(*every).unwrap_or_default().to_string();
        let metric = choice.event.map(|event| self.metric_name(event)).unwrap_or_default();
        Some(when.replace("{every}", &every).replace("{metric}", &metric))
    }

    /// The metric in its condition, if that uses a metric of an event.
    pub(crate) fn metric(&self, event: &str) -> Option<Metric> {
        let Pattern::Condition { metric_days, .. } = self.rule else { return None };
        let definition = MetricDefinition::Counted {
            event: event.to_owned(),
            measure: MetricMeasure::Count,
            days: metric_days?,
        };
        Some(Metric { name: self.metric_name(event), definition })
    }

    /// `low_use_report_exported` for the preset `low-use` of `report_exported`.
    fn metric_name(&self, event: &str) -> String {
        name_of(&format!("{}_{event}", self.name))
    }

    /// The text of a signal of a rule made from this preset; `None` if the rule has been edited to
    /// read other attributes.
    pub(crate) fn told(
        &self,
        event: Option<&str>,
        key: Option<&str>,
        reading: &ConditionEvidence,
    ) -> Option<String> {
        let value = |name: &str| match (name, event) {
            ("event", Some(event)) => Some(ReadValue::Text(event.to_owned())),
            ("metric", Some(event)) => reading.values.get(&self.metric_name(event)).cloned(),
            _ if key == Some(name) => reading.key.clone().map(ReadValue::Text),
            _ => reading.values.get(name).cloned(),
        };
        told(self.says.as_deref()?, &value)
    }
}

/// The text with the values for its braces; `None` if one of them was not read. A part in brackets
/// is left out if one of its values is unknown.
fn told(text: &str, value: &dyn Fn(&str) -> Option<ReadValue>) -> Option<String> {
    let mut told = String::new();
    for part in text.split('[') {
        let (optional, after) = part.split_once(']').unwrap_or(("", part));
        let (optional, is_known) = filled(optional, value)?;
        told.extend(is_known.then_some(optional));
        told.push_str(&filled(after, value)?.0);
    }
    Some(told)
}

/// A text without brackets, filled in, and whether all its values are known.
fn filled(text: &str, value: &dyn Fn(&str) -> Option<ReadValue>) -> Option<(String, bool)> {
    let mut parts = text.split('{');
    let mut filled = parts.next()?.to_owned();
    let mut is_known = true;
    for part in parts {
        let (gap, after) = part.split_once('}')?;
        let (names, unit) = gap.split_once(':').unwrap_or((gap, ""));
        let values = names.split('|').map(value).collect::<Option<Vec<ReadValue>>>()?;
        let first =
            values.into_iter().find(|value| *value != ReadValue::Null).unwrap_or(ReadValue::Null);
        is_known &= first != ReadValue::Null;
        filled.push_str(&with_unit(&first, unit));
        filled.push_str(after);
    }
    Some((filled, is_known))
}

fn with_unit(value: &ReadValue, unit: &str) -> String {
    let number = match value {
        ReadValue::Whole(number) => *number as f64,
        ReadValue::Number(number) => *number,
        ReadValue::Null | ReadValue::Text(_) => return value.to_string(),
    };
    match unit {
        "" => short(number),
        "%" => format!("{number:+.1} %"),
        _ => {
            let plural = format!("{unit}s");
            let (one, many) = unit.split_once('/').unwrap_or((unit, &plural));
            let size = short(number.abs());
            format!("{size} {}", if size == "1" { one } else { many })
        }
    }
}

/// A number with at most one decimal.
fn short(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests;
