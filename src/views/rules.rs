//! The list of rules, one rule, and what it would have raised.

use super::{Listing, or_dash, plain};
use crate::domain::rule::{Direction, Rule, RuleKind, TrendRule};
use crate::render::{Align, Tone, Value};

/// The list of rules.
pub const RULES: Listing<Rule> = Listing {
    fields: &[
        "name",
        "kind",
        "event",
        "people",
        "timeframe",
        "threshold",
        "direction",
        "inverse",
        "min_events",
        "max_chance",
        "enabled",
    ],
    values,
    columns: &[
        ("name", Align::Left),
        ("kind", Align::Left),
        ("watches", Align::Left),
        ("days", Align::Right),
        ("threshold", Align::Right),
        ("raises", Align::Left),
        ("events", Align::Right),
        ("chance", Align::Right),
        ("on", Align::Left),
    ],
    cells,
    when_empty: "no rules yet; `signals rule set EVENT` makes one",
};

fn values(rule: &Rule) -> Vec<Value<'_>> {
    let trend = &rule.trend;
    vec![
        (&rule.name).into(),
        RuleKind::Trend.as_str().into(),
        trend.watch.event().into(),
        trend.watch.event().is_none().into(),
        trend.timeframe.into(),
        trend.threshold.into(),
        trend.direction.as_str().into(),
        trend.inverse.into(),
        trend.min_events.into(),
        trend.max_chance.into(),
        rule.enabled.into(),
    ]
}

fn cells(rule: &Rule) -> Vec<(String, Tone)> {
    let trend = &rule.trend;
    let enabled = if rule.enabled { plain("yes") } else { ("no".to_owned(), Tone::Faint) };
    vec![
        plain(&rule.name),
        plain(RuleKind::Trend),
        plain(&trend.watch),
        plain(trend.timeframe),
        plain(format!("{} %", trend.threshold)),
        plain(raises(trend)),
        plain(or_dash(trend.min_events.map(|least| format!(">= {least}")))),
        plain(or_dash(trend.max_chance.map(|most| format!("<= {most}")))),
        enabled,
    ]
}

/// Which signals a rule raises: `bad down, good up` is bad on a drop and good on a rise.
fn raises(trend: &TrendRule) -> String {
    let (down, up) = if trend.inverse { ("good", "bad") } else { ("bad", "good") };
    match trend.direction {
        Direction::Both => format!("{down} down, {up} up"),
        Direction::Down => format!("{down} down"),
        Direction::Up => format!("{up} up"),
    }
}

/// The guards of a rule against noise.
fn guards(trend: &TrendRule) -> String {
    let least = trend.min_events.map(|least| format!("at least {least} events"));
    let most = trend.max_chance.map(|most| format!("chance at most {most}"));
    let guards: Vec<String> = least.into_iter().chain(most).collect();
    if guards.is_empty() { "-".to_owned() } else { guards.join(", ") }
}

/// A rule in one line: `login over 7 days, threshold 15 %, bad down, good up`, with its name in front where that is another.
pub fn sentence(name: &str, trend: &TrendRule) -> String {
    let name = if trend.watch.event() == Some(name) { String::new() } else { format!("{name}: ") };
    let mut text = format!(
        "{name}{} over {} days, threshold {} %, {}",
        trend.watch,
        trend.timeframe,
        trend.threshold,
        raises(trend)
    );
    if trend.min_events.is_some() || trend.max_chance.is_some() {
        text.push_str(", ");
        text.push_str(&guards(trend));
    }
    text
}
