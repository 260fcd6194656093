//! Rules: what to watch for.

mod options;

use serde::{Deserialize, Serialize};

use super::named::named;

pub(crate) use self::options::{
    ALL_EVENTS, AdoptionRule, Against, Aim, BASELINES, COOLDOWNS, ConditionRule, DEFAULT_COOLDOWN,
    DEFAULT_THRESHOLD, DEFAULT_TIMEFRAME, Direction, FOR_DAYS, OptionValue, REPEATS, RULE_FIELDS,
    RuleMeasure, THRESHOLDS, TIMEFRAMES, TREND_FOR_DAYS, TrendRule, WITHINS, Watch,
};

/// A named rule. Everything except the name and the switch is its definition, which the database
/// stores as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    /// The name, which identifies the rule across all its versions.
    #[serde(skip)]
    pub name: String,
    /// Whether runs apply it.
    #[serde(skip)]
    pub enabled: bool,
    /// What it currently watches for.
    pub logic: RuleLogic,
    /// The expression over attributes that a company must meet; the rule skips other companies.
    #[serde(rename = "where", default)]
    pub where_expr: Option<String>,
    /// The playbook that a signal starts.
    #[serde(default)]
    pub playbook: Option<String>,
    /// Whether managers are notified of every signal, not only of bad ones.
    #[serde(default)]
    pub managers: bool,
    /// Whether executives are notified of every signal.
    #[serde(default)]
    pub executives: bool,
    /// Whether a run acknowledges open signals that no longer hold.
    #[serde(default)]
    pub auto_ack: bool,
}

impl Rule {
    /// An enabled rule for all companies, without a playbook and without additional recipients.
    pub(crate) fn new(name: &str, logic: RuleLogic) -> Self {
        Rule {
            name: name.to_owned(),
            enabled: true,
            logic,
            where_expr: None,
            playbook: None,
            managers: false,
            executives: false,
            auto_ack: false,
        }
    }
}

/// What a rule watches for. A rule cannot change its kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum RuleLogic {
    /// Compares a window of days with the past.
    Trend(TrendRule),
    /// Asks whether something was done in time.
    Adoption(AdoptionRule),
    /// Asks whether an expression holds.
    Condition(ConditionRule),
}

impl RuleLogic {
    pub(crate) fn kind(&self) -> RuleKind {
        match self {
            RuleLogic::Trend(_) => RuleKind::Trend,
            RuleLogic::Adoption(_) => RuleKind::Adoption,
            RuleLogic::Condition(_) => RuleKind::Condition,
        }
    }

    /// The event that it is about, if any; [`ALL_EVENTS`] included.
    pub(crate) fn event(&self) -> Option<&str> {
        match self {
            RuleLogic::Trend(trend) => Some(&trend.event),
            RuleLogic::Adoption(adoption) => adoption.aim.event(),
            RuleLogic::Condition(_) => None,
        }
    }

    /// The single event that it is about; `None` if it is about all events or none.
    pub(crate) fn only_event(&self) -> Option<&str> {
        self.event().filter(|event| *event != ALL_EVENTS)
    }

    /// The number of consecutive days on which it must hold; `None` for adoption rules.
    pub(crate) fn for_days(&self) -> Option<u16> {
        match self {
            RuleLogic::Trend(trend) => Some(u16::from(trend.for_days)),
            RuleLogic::Condition(condition) => Some(condition.for_days),
            RuleLogic::Adoption(_) => None,
        }
    }

    /// The trend rule, if it is one.
    pub(crate) fn trend(&self) -> Option<&TrendRule> {
        match self {
            RuleLogic::Trend(trend) => Some(trend),
            _ => None,
        }
    }

    /// The adoption rule, if it is one.
    pub(crate) fn adoption(&self) -> Option<&AdoptionRule> {
        match self {
            RuleLogic::Adoption(adoption) => Some(adoption),
            _ => None,
        }
    }

    /// The condition rule, if it is one.
    pub(crate) fn condition(&self) -> Option<&ConditionRule> {
        match self {
            RuleLogic::Condition(condition) => Some(condition),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RuleKind {
    /// Compares a window of days with the past.
    Trend,
    /// Asks whether something was done in time.
    Adoption,
    /// Asks whether an expression holds.
    Condition,
}
named!(RuleKind { Trend = "trend", Adoption = "adoption", Condition = "condition" });

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::signal::SignalType;

    #[test]
    fn a_rule_is_about_an_event_about_all_of_them_or_about_none() {
        let trend = |event: &str| RuleLogic::Trend(TrendRule::of_event(event));
        let adoption = |aim| RuleLogic::Adoption(AdoptionRule { aim, retroactive: false });
        let within = Aim::Event { event: "a".into(), within: Some(7) };
        let condition = ConditionRule::new("seats > 5", SignalType::Bad);
        for (logic, event, only) in [
            (trend("a"), Some("a"), Some("a")),
            (trend("*"), Some("*"), None),
            (adoption(within), Some("a"), Some("a")),
            (adoption(Aim::Goals { event: Some("a".into()) }), Some("a"), Some("a")),
            (adoption(Aim::Goals { event: None }), None, None),
            (RuleLogic::Condition(condition), None, None),
        ] {
            assert_eq!((logic.event(), logic.only_event()), (event, only), "{logic:?}");
        }
    }
}
