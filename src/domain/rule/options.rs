//! The options of rules of each kind, and the fields of all rules.

use std::fmt;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::Rule;
use crate::domain::named::named;
use crate::domain::signal::SignalType;

/// The timeframes that a trend rule may have, in days.
pub(crate) const TIMEFRAMES: RangeInclusive<u8> = 7..=30;
/// The thresholds that a trend rule may have, in percent.
pub(crate) const THRESHOLDS: RangeInclusive<u8> = 1..=100;
/// The default timeframe of a trend rule, in days.
pub(crate) const DEFAULT_TIMEFRAME: u8 = 7;
/// The default threshold of a trend rule, in percent.
pub(crate) const DEFAULT_THRESHOLD: u8 = 15;
/// For how many consecutive days the change of a trend rule may be required to hold.
pub(crate) const TREND_FOR_DAYS: RangeInclusive<u8> = 1..=56;
/// How many past windows a trend rule may compare with.
pub(crate) const BASELINES: RangeInclusive<u8> = 1..=12;
/// After how many days a trend rule may raise the same signal again.
pub(crate) const REPEATS: RangeInclusive<u16> = 1..=366;
/// The event of a trend rule that counts all events together.
pub(crate) const ALL_EVENTS: &str = "*";
/// How many days an adoption rule may allow from the start to the deadline: up to a hundred years.
/// 0 means the day of the start.
pub(crate) const WITHINS: RangeInclusive<u16> = 0..=36_500;
/// The cool-downs that a condition rule may have, in days. With 0, only an open signal holds back
/// the next one.
pub(crate) const COOLDOWNS: RangeInclusive<u16> = 0..=36_500;
/// The default cool-down of a condition rule, in days.
pub(crate) const DEFAULT_COOLDOWN: u16 = 30;
/// For how many consecutive days a condition may be required to hold.
pub(crate) const FOR_DAYS: RangeInclusive<u16> = 1..=366;

/// A rule that compares a window of days with the past.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TrendRule {
    /// The event's name, or [`ALL_EVENTS`].
    pub event: String,
    /// What to count.
    pub measure: RuleMeasure,
    /// The length of each window, in days; one of [`TIMEFRAMES`].
    pub timeframe: u8,
    /// The change above which it raises a signal, in percent; one of [`THRESHOLDS`].
    pub threshold: u8,
    /// Which changes count.
    pub direction: Direction,
    /// Whether an increase is bad, as for tickets.
    pub inverse: bool,
    /// The minimum count in both windows together.
    pub min_events: Option<u64>,
    /// The maximum probability of such a change by chance, strictly between 0 and 1.
    pub max_chance: Option<f64>,
    /// How many past windows a company is compared with; one of [`BASELINES`].
    pub baseline: u8,
    /// What else it is compared with.
    pub against: Against,
    /// For how many consecutive days the change must hold; one of [`TREND_FOR_DAYS`].
    #[serde(rename = "for")]
    pub for_days: u8,
    /// After how many days the same signal is raised again, one of [`REPEATS`]; `None` means the
    /// timeframe.
    pub repeat: Option<u16>,
}

impl Default for TrendRule {
    fn default() -> Self {
        TrendRule {
            event: ALL_EVENTS.to_owned(),
            measure: RuleMeasure::Events,
            timeframe: DEFAULT_TIMEFRAME,
            threshold: DEFAULT_THRESHOLD,
            direction: Direction::Both,
            inverse: false,
            min_events: None,
            max_chance: None,
            baseline: 1,
            against: Against::Itself,
            for_days: 1,
            repeat: None,
        }
    }
}

impl TrendRule {
    /// The rule that watches `watch`, with the defaults and without minimum events and maximum
    /// chance.
    pub(crate) fn new(watch: Watch) -> Self {
        TrendRule { event: watch.event, measure: watch.measure, ..TrendRule::default() }
    }

    /// The rule that counts events of this name, likewise.
    pub(crate) fn of_event(event: &str) -> Self {
        TrendRule::new(Watch::new(event, RuleMeasure::Events))
    }

    /// What it counts.
    pub(crate) fn watch(&self) -> Watch {
        Watch::new(&self.event, self.measure)
    }

    /// The timeframe as a number of days to calculate with.
    pub(crate) fn days(&self) -> i32 {
        i32::from(self.timeframe)
    }

    /// The minimum number of days between two signals of one type.
    pub(crate) fn repeat_days(&self) -> i32 {
        self.repeat.map_or(self.days(), i32::from)
    }

    /// Whether it only compares a window with the one before it.
    pub(crate) fn is_plain(&self) -> bool {
        self.baseline == 1 && self.against == Against::Itself
    }

    /// Whether both rules compare the same numbers, so that each signal would be raised twice.
    pub(crate) fn compares_as(&self, other: &TrendRule) -> bool {
        let compared =
            |rule: &TrendRule| (rule.watch(), rule.timeframe, rule.baseline, rule.against);
        compared(self) == compared(other)
    }

    /// What a user should consider before relying on this rule; one sentence each.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if !self.timeframe.is_multiple_of(7) {
            remarks.push(format!(
                "{} days are not whole weeks: windows with unequal numbers of weekends look like a \
                 trend; consider 7, 14, 21 or 28",
                self.timeframe
            ));
        }
        if self.threshold == 100 && self.direction != Direction::Up {
            remarks.push(
                "a drop is at most 100 %, so a threshold of 100 can never fire on a drop"
                    .to_owned(),
            );
        }
        if self.has_no_chance() && self.max_chance.is_some() {
            remarks.push(
                "chance is unknown for people with a baseline or a comparison, so with \
                 --max-chance this rule never fires"
                    .to_owned(),
            );
        }
        remarks
    }

    /// How well the rule that most products ship predicts churn: events in one window against the
    /// one before, where a drop is bad. `None` for other rules, which were not measured. The
    /// figures are those of docs/backtest.md.
    pub(crate) fn worth(&self) -> Option<&'static str> {
        let is_common_rule = self.measure == RuleMeasure::Events
            && self.is_plain()
            && self.for_days == 1
            && !self.inverse
            && self.direction != Direction::Up;
        is_common_rule.then_some(
            "such a change foretells churn no better than picking customers at random: lift 0.5 to 0.9 on \
             four books with known churns; `signals rule preset add fading silent hardly-used \
             unusually-silent` adds rules that do better, `signals backtest` measures them on yours",
        )
    }

    /// Whether its signals have no chance value.
    pub(crate) fn has_no_chance(&self) -> bool {
        self.measure == RuleMeasure::People && !self.is_plain()
    }
}

/// What a trend rule counts of its event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum RuleMeasure {
    #[default]
    Events,
    /// Days with at least one event.
    Days,
    /// Distinct people with at least one event.
    People,
}
named!(RuleMeasure { Events = "events", Days = "days", People = "people" });

/// What the activity of a company is compared with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) enum Against {
    /// Its own past only.
    #[default]
    Itself,
    /// Its own past, scaled by the change of all other customers.
    Portfolio,
    /// Its own past, scaled by the change of the other customers of its segment.
    Segment,
}
named!(Against { Itself = "self", Portfolio = "portfolio", Segment = "segment" });

/// What is counted: a measure of one event, or of all.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Watch {
    /// The event's name, or [`ALL_EVENTS`].
    pub event: String,
    /// What to count.
    pub measure: RuleMeasure,
}

impl Watch {
    /// A measure of one event.
    pub(crate) fn new(event: &str, measure: RuleMeasure) -> Self {
        Watch { event: event.to_owned(), measure }
    }

    /// Active people, whatever they did.
    pub(crate) fn people() -> Self {
        Watch::new(ALL_EVENTS, RuleMeasure::People)
    }

    /// The single event that counts; `None` if all count.
    pub(crate) fn only_event(&self) -> Option<&str> {
        Some(self.event.as_str()).filter(|event| *event != ALL_EVENTS)
    }
}

impl fmt::Display for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.only_event(), self.measure) {
            (None, RuleMeasure::Events) => f.write_str("all events"),
            (None, RuleMeasure::Days) => f.write_str("active days"),
            (None, RuleMeasure::People) => f.write_str("active people"),
            (Some(event), RuleMeasure::Events) => f.write_str(event),
            (Some(event), RuleMeasure::Days) => write!(f, "days with {event}"),
            (Some(event), RuleMeasure::People) => write!(f, "people with {event}"),
        }
    }
}

/// The direction of change for which a trend rule raises signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Both directions.
    Both,
    /// Decreases only.
    Down,
    /// Increases only.
    Up,
}
named!(Direction { Both = "both", Down = "down", Up = "up" });

/// A rule that asks whether a company has done what it is meant to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdoptionRule {
    /// What to do, and by when.
    pub aim: Aim,
    /// Whether deadlines and first uses count even if they are before the first day on which the
    /// rule was run.
    #[serde(default)]
    pub retroactive: bool,
}

impl AdoptionRule {
    /// The deadline in days, if it has one.
    pub(crate) fn within(&self) -> Option<u16> {
        match self.aim {
            Aim::Event { within, .. } => within,
            Aim::Goals { .. } => None,
        }
    }
}

/// What an adoption rule expects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Aim {
    /// The first event of this name.
    Event {
        event: String,
        /// The deadline, in days from the start of the company; one of [`WITHINS`]. `None` means no
        /// deadline.
        #[serde(default)]
        within: Option<u16>,
    },
    /// The imported goals of each company, each by its own day.
    Goals {
        /// Only goals of this event.
        #[serde(default)]
        event: Option<String>,
    },
}

impl Aim {
    /// The event's name; `None` for the goals of all events.
    pub(crate) fn event(&self) -> Option<&str> {
        match self {
            Aim::Event { event, .. } => Some(event),
            Aim::Goals { event } => event.as_deref(),
        }
    }
}

/// A rule that asks whether an expression over attributes holds for a company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConditionRule {
    /// The expression.
    pub when: String,
    #[serde(rename = "type")]
    pub signal_type: SignalType,
    /// The minimum number of days between two signals for a company, unless there is a key; one of
    /// [`COOLDOWNS`].
    pub cooldown: u16,
    /// An attribute. Each of its values gets one signal, whatever the state and age of earlier
    /// signals.
    #[serde(default)]
    pub key: Option<String>,
    /// For how many consecutive days the condition must hold; one of [`FOR_DAYS`].
    #[serde(rename = "for")]
    pub for_days: u16,
}

impl ConditionRule {
    /// The rule with the default cool-down, without a key, that checks one day.
    pub(crate) fn new(when: &str, signal_type: SignalType) -> Self {
        ConditionRule {
            when: when.to_owned(),
            signal_type,
            cooldown: DEFAULT_COOLDOWN,
            key: None,
            for_days: 1,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum OptionValue<'r> {
    /// The rule does not have the option, or it is not set.
    Unset,
    Flag(bool),
    Whole(u64),
    Number(f64),
    Text(&'r str),
}

impl From<bool> for OptionValue<'_> {
    fn from(flag: bool) -> Self {
        OptionValue::Flag(flag)
    }
}

impl From<u64> for OptionValue<'_> {
    fn from(number: u64) -> Self {
        OptionValue::Whole(number)
    }
}

impl From<f64> for OptionValue<'_> {
    fn from(number: f64) -> Self {
        OptionValue::Number(number)
    }
}

impl<'r> From<&'r str> for OptionValue<'r> {
    fn from(text: &'r str) -> Self {
        OptionValue::Text(text)
    }
}

impl<'r, T: Into<OptionValue<'r>>> From<Option<T>> for OptionValue<'r> {
    fn from(value: Option<T>) -> Self {
        value.map_or(OptionValue::Unset, Into::into)
    }
}

/// An option of rules, or another fact about them, with its stable name in lists.
pub(crate) struct RuleField {
    pub name: &'static str,
    pub value: fn(&Rule) -> OptionValue<'_>,
}

/// Every field of rules. They are a stable interface: new ones are added at the end.
pub(crate) const RULE_FIELDS: [RuleField; 28] = [
    RuleField { name: "name", value: |rule| rule.name.as_str().into() },
    RuleField { name: "kind", value: |rule| rule.logic.kind().as_str().into() },
    RuleField { name: "event", value: |rule| rule.logic.event().into() },
    RuleField {
        name: "people",
        value: |rule| rule.logic.trend().map(|trend| trend.measure == RuleMeasure::People).into(),
    },
    RuleField {
        name: "timeframe",
        value: |rule| rule.logic.trend().map(|trend| u64::from(trend.timeframe)).into(),
    },
    RuleField {
        name: "threshold",
        value: |rule| rule.logic.trend().map(|trend| u64::from(trend.threshold)).into(),
    },
    RuleField {
        name: "direction",
        value: |rule| rule.logic.trend().map(|trend| trend.direction.as_str()).into(),
    },
    RuleField {
        name: "inverse",
        value: |rule| rule.logic.trend().map(|trend| trend.inverse).into(),
    },
    RuleField {
        name: "min_events",
        value: |rule| rule.logic.trend().and_then(|trend| trend.min_events).into(),
    },
    RuleField {
        name: "max_chance",
        value: |rule| rule.logic.trend().and_then(|trend| trend.max_chance).into(),
    },
    RuleField { name: "enabled", value: |rule| rule.enabled.into() },
    RuleField { name: "where", value: |rule| rule.where_expr.as_deref().into() },
    RuleField {
        name: "when",
        value: |rule| rule.logic.condition().map(|condition| condition.when.as_str()).into(),
    },
    RuleField {
        name: "type",
        value: |rule| rule.logic.condition().map(|condition| condition.signal_type.as_str()).into(),
    },
    RuleField {
        name: "cooldown",
        value: |rule| rule.logic.condition().map(|condition| u64::from(condition.cooldown)).into(),
    },
    RuleField {
        name: "key",
        value: |rule| rule.logic.condition().and_then(|condition| condition.key.as_deref()).into(),
    },
    RuleField { name: "for", value: |rule| rule.logic.for_days().map(u64::from).into() },
    RuleField {
        name: "within",
        value: |rule| rule.logic.adoption().and_then(AdoptionRule::within).map(u64::from).into(),
    },
    RuleField {
        name: "goals",
        value: |rule| {
            let adoption = rule.logic.adoption();
            adoption.map(|adoption| matches!(adoption.aim, Aim::Goals { .. })).into()
        },
    },
    RuleField {
        name: "retroactive",
        value: |rule| rule.logic.adoption().map(|adoption| adoption.retroactive).into(),
    },
    RuleField { name: "playbook", value: |rule| rule.playbook.as_deref().into() },
    RuleField { name: "managers", value: |rule| rule.managers.into() },
    RuleField { name: "executives", value: |rule| rule.executives.into() },
    RuleField { name: "auto_ack", value: |rule| rule.auto_ack.into() },
    RuleField {
        name: "measure",
        value: |rule| rule.logic.trend().map(|trend| trend.measure.as_str()).into(),
    },
    RuleField {
        name: "baseline",
        value: |rule| rule.logic.trend().map(|trend| u64::from(trend.baseline)).into(),
    },
    RuleField {
        name: "against",
        value: |rule| rule.logic.trend().map(|trend| trend.against.as_str()).into(),
    },
    RuleField {
        name: "repeat",
        value: |rule| rule.logic.trend().map(|trend| trend.repeat_days() as u64).into(),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeframe_that_splits_weeks_gets_a_remark() {
        let remarks =
            |timeframe| TrendRule { timeframe, ..TrendRule::of_event("a") }.remarks().len();
        assert_eq!([7, 9, 14, 21, 28, 30].map(remarks), [0, 1, 0, 0, 0, 1]);
    }

    #[test]
    fn a_threshold_of_100_gets_a_remark_unless_only_increases_count() {
        let remarks = |direction| {
            TrendRule { threshold: 100, direction, ..TrendRule::of_event("a") }.remarks().len()
        };
        assert_eq!([Direction::Both, Direction::Down, Direction::Up].map(remarks), [1, 1, 0]);
    }

    #[test]
    fn people_with_a_baseline_or_a_comparison_have_no_chance() {
        let rule = |measure, baseline, against| {
            let rule = TrendRule::of_event("a");
            TrendRule { measure, baseline, against, max_chance: Some(0.01), ..rule }
        };
        let cases = [
            (rule(RuleMeasure::People, 1, Against::Itself), false),
            (rule(RuleMeasure::People, 2, Against::Itself), true),
            (rule(RuleMeasure::People, 1, Against::Portfolio), true),
            (rule(RuleMeasure::Days, 2, Against::Portfolio), false),
            (rule(RuleMeasure::Events, 2, Against::Portfolio), false),
        ];
        for (rule, has_none) in cases {
            assert_eq!(rule.has_no_chance(), has_none, "{rule:?}");
            assert_eq!(rule.remarks().len(), usize::from(has_none), "{rule:?}");
            let unguarded = TrendRule { max_chance: None, ..rule };
            assert_eq!(unguarded.remarks().len(), 0, "{unguarded:?}");
        }
    }

    #[test]
    fn only_the_rule_that_most_products_ship_is_warned_of() {
        let rule = || TrendRule::of_event("a");
        for (rule, is_common) in [
            (rule(), true),
            (TrendRule { direction: Direction::Down, threshold: 40, ..rule() }, true),
            (TrendRule { direction: Direction::Up, ..rule() }, false),
            (TrendRule { inverse: true, ..rule() }, false),
            (TrendRule { for_days: 2, ..rule() }, false),
            (TrendRule { baseline: 2, ..rule() }, false),
            (TrendRule { against: Against::Portfolio, ..rule() }, false),
            (TrendRule { measure: RuleMeasure::Days, ..rule() }, false),
        ] {
            assert_eq!(rule.worth().is_some(), is_common, "{rule:?}");
        }
    }

    #[test]
    fn a_second_rule_with_the_same_numbers_is_recognized() {
        let rule = || TrendRule::of_event("a");
        assert!(rule().compares_as(&TrendRule { threshold: 40, for_days: 7, ..rule() }));
        for other in [
            TrendRule::of_event("b"),
            TrendRule { measure: RuleMeasure::Days, ..rule() },
            TrendRule { timeframe: 14, ..rule() },
            TrendRule { baseline: 2, ..rule() },
            TrendRule { against: Against::Portfolio, ..rule() },
        ] {
            assert!(!rule().compares_as(&other), "{other:?}");
        }
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        assert_eq!("down".parse(), Ok(Direction::Down));
        assert_eq!(
            "sideways".parse::<Direction>(),
            Err("'sideways' is not one of both, down, up".to_owned())
        );
    }
}
