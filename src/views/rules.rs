//! The list of rules, and rules in words.

use super::{Column, Listing, RecordFields, or_dash, plain};
use crate::domain::rule::{
    AdoptionRule, Against, Aim, ConditionRule, Direction, RULE_FIELDS, Rule, RuleLogic, TrendRule,
};
use crate::render::{Tone, counted};

pub(crate) const RULES: Listing<Rule> = Listing {
    fields: RecordFields::Of(
        || RULE_FIELDS.iter().map(|field| field.name).collect(),
        |rule| RULE_FIELDS.iter().map(|field| (field.value)(rule).into()).collect(),
    ),
    columns: &[
        Column::left("name", |rule| plain(&rule.name)),
        Column::left("kind", |rule| plain(rule.logic.kind())),
        Column::left("watches", |rule| plain(watched(&rule.logic))),
        Column::right("days", |rule| plain(or_dash(days(&rule.logic)))),
        Column::right("threshold", |rule| {
            of_trend(rule, |trend| Some(format!("{} %", trend.threshold)))
        }),
        Column::left("raises", |rule| plain(raised(&rule.logic))),
        Column::right("events", |rule| {
            of_trend(rule, |trend| trend.min_events.map(|least| format!(">= {least}")))
        }),
        Column::right("chance", |rule| {
            of_trend(rule, |trend| trend.max_chance.map(|most| format!("<= {most}")))
        }),
        Column::left("on", |rule| {
            if rule.enabled { plain("yes") } else { ("no".to_owned(), Tone::Faint) }
        }),
    ],
    when_empty: "no rules yet; `signals rule set EVENT` makes one, `signals rule preset add --usual` a dozen",
};

fn days(logic: &RuleLogic) -> Option<u16> {
    match logic {
        RuleLogic::Trend(trend) => Some(u16::from(trend.timeframe)),
        RuleLogic::Adoption(adoption) => adoption.within(),
        RuleLogic::Condition(condition) => Some(condition.for_days).filter(|days| *days > 1),
    }
}

fn of_trend(rule: &Rule, text: fn(&TrendRule) -> Option<String>) -> (String, Tone) {
    plain(or_dash(rule.logic.trend().and_then(text)))
}

/// What a rule watches, as briefly as possible.
pub(crate) fn watched(logic: &RuleLogic) -> String {
    match logic {
        RuleLogic::Trend(trend) => trend.watch().to_string(),
        RuleLogic::Adoption(adoption) => aim(&adoption.aim),
        RuleLogic::Condition(condition) => condition.when.clone(),
    }
}

fn aim(aim: &Aim) -> String {
    match aim {
        Aim::Event { event, .. } => format!("first {event}"),
        Aim::Goals { event: Some(event) } => format!("goals of {event}"),
        Aim::Goals { event: None } => "goals".to_owned(),
    }
}

fn raised(logic: &RuleLogic) -> String {
    match logic {
        RuleLogic::Trend(trend) => raises(trend),
        RuleLogic::Adoption(AdoptionRule { aim: Aim::Event { within: None, .. }, .. }) => {
            "good done".to_owned()
        }
        RuleLogic::Adoption(_) => "good done, bad not".to_owned(),
        RuleLogic::Condition(condition) => condition.signal_type.to_string(),
    }
}

/// Which signals a rule raises: `bad down, good up` is bad on a decrease and good on an increase.
fn raises(trend: &TrendRule) -> String {
    let (down, up) = if trend.inverse { ("good", "bad") } else { ("bad", "good") };
    match trend.direction {
        Direction::Both => format!("{down} down, {up} up"),
        Direction::Down => format!("{down} down"),
        Direction::Up => format!("{up} up"),
    }
}

/// A rule in one line: `login over 7 days, threshold 15 %, bad down, good up`, preceded by its name
/// if that differs from the event.
pub(crate) fn sentence(rule: &Rule) -> String {
    let mut text = logic_sentence(rule);
    text.extend(rule.playbook.iter().map(|playbook| format!(", starts the playbook {playbook}")));
    let told = [(rule.managers, "managers"), (rule.executives, "executives")];
    let told = told.into_iter().filter_map(|(is_told, who)| is_told.then_some(who));
    let told: Vec<&str> = told.collect();
    text.extend((!told.is_empty()).then(|| format!(", tells {} too", told.join(" and "))));
    text.extend(rule.auto_ack.then_some(", acknowledges what no longer holds"));
    text
}

/// What a rule watches, and for which companies, in one line.
pub(crate) fn logic_sentence(rule: &Rule) -> String {
    let name = &rule.name;
    let mut text = match &rule.logic {
        RuleLogic::Trend(trend) => trend_sentence(name, trend),
        RuleLogic::Adoption(adoption) => format!("{name}: {}", adoption_sentence(adoption)),
        RuleLogic::Condition(condition) => format!("{name}: {}", condition_sentence(condition)),
    };
    text.extend(rule.where_expr.as_ref().map(|expression| format!(", where {expression}")));
    text
}

fn trend_sentence(name: &str, trend: &TrendRule) -> String {
    let watch = trend.watch().to_string();
    let name = if watch == name { String::new() } else { format!("{name}: ") };
    let mut text = format!(
        "{name}{watch} over {} days, threshold {} %, {}",
        trend.timeframe,
        trend.threshold,
        raises(trend)
    );
    match (trend.baseline, trend.against) {
        (1, Against::Itself) => {}
        (1, _) => text.push_str(", against the window before"),
        (windows, _) => text.push_str(&format!(", against {windows} windows before")),
    }
    match trend.against {
        Against::Itself => {}
        Against::Portfolio => text.push_str(" and all other customers"),
        Against::Segment => text.push_str(" and the other customers of the segment"),
    }
    let running = Some(trend.for_days).filter(|days| *days > 1);
    text.extend(running.map(|days| format!(", on {days} days running")));
    let days = |days: u16| counted(u64::from(days), "day", "days");
    text.extend(trend.repeat.map(|repeat| format!(", again after {}", days(repeat))));
    text.extend(trend.min_events.map(|least| format!(", at least {least} events")));
    text.extend(trend.max_chance.map(|most| format!(", chance at most {most}")));
    text
}

fn adoption_sentence(adoption: &AdoptionRule) -> String {
    let what = aim(&adoption.aim);
    let text = match &adoption.aim {
        Aim::Event { within: Some(days), .. } => {
            let days = counted(u64::from(*days), "day", "days");
            format!("{what} within {days} of the start, good when done, bad when not")
        }
        Aim::Event { within: None, .. } => format!("{what}, good when done"),
        Aim::Goals { .. } => format!("{what} by their days, good when done, bad when not"),
    };
    if adoption.retroactive { format!("{text}, from before its first run too") } else { text }
}

fn condition_sentence(condition: &ConditionRule) -> String {
    let ConditionRule { when, signal_type, cooldown, key, for_days } = condition;
    let running =
        if *for_days > 1 { format!(" on {for_days} days running") } else { String::new() };
    let cooldown = counted(u64::from(*cooldown), "day", "days");
    let again = match key {
        Some(key) => format!("once for each {key}"),
        None => format!("again after {cooldown} at the earliest"),
    };
    format!("{signal_type} when {when}{running}, {again}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rule::RuleMeasure;
    use crate::domain::rule::Watch;
    use crate::domain::signal::SignalType;

    #[test]
    fn a_rule_of_each_kind_reads_as_a_sentence() {
        let event = |within| {
            RuleLogic::Adoption(AdoptionRule {
                aim: Aim::Event { event: "export".into(), within },
                retroactive: false,
            })
        };
        let goals = RuleLogic::Adoption(AdoptionRule {
            aim: Aim::Goals { event: None },
            retroactive: true,
        });
        let condition = ConditionRule::new("pulse <= 3", SignalType::Bad);
        let keyed =
            ConditionRule { key: Some("pulse_set_on".into()), for_days: 3, ..condition.clone() };
        let cases = [
            (
                RuleLogic::Trend(TrendRule::new(Watch::people())),
                "active people over 7 days, threshold 15 %, bad down, good up",
            ),
            (
                event(Some(14)),
                "first export within 14 days of the start, good when done, bad when not",
            ),
            (
                event(Some(1)),
                "first export within 1 day of the start, good when done, bad when not",
            ),
            (event(None), "first export, good when done"),
            (
                goals,
                "goals by their days, good when done, bad when not, from before its first run too",
            ),
            (
                RuleLogic::Condition(condition),
                "bad when pulse <= 3, again after 30 days at the earliest",
            ),
            (
                RuleLogic::Condition(keyed),
                "bad when pulse <= 3 on 3 days running, once for each pulse_set_on",
            ),
        ];
        for (logic, expected) in cases {
            assert_eq!(sentence(&Rule::new("r", logic)), format!("r: {expected}"));
        }
        let full = Rule {
            where_expr: Some("plan = 'pro'".into()),
            playbook: Some("win-back".into()),
            managers: true,
            executives: true,
            ..Rule::new("login", RuleLogic::Trend(TrendRule::of_event("login")))
        };
        let fading = TrendRule {
            measure: RuleMeasure::Days,
            timeframe: 28,
            threshold: 50,
            direction: Direction::Down,
            baseline: 6,
            against: Against::Portfolio,
            for_days: 28,
            repeat: Some(28),
            ..TrendRule::default()
        };
        assert_eq!(
            sentence(&Rule::new("fading", RuleLogic::Trend(fading))),
            "fading: active days over 28 days, threshold 50 %, bad down, against 6 windows before \
             and all other customers, on 28 days running, again after 28 days"
        );
        let expected = "login over 7 days, threshold 15 %, bad down, good up, where plan = 'pro', starts the playbook win-back, \
                        tells managers and executives too";
        assert_eq!(sentence(&full), expected);
    }
}
