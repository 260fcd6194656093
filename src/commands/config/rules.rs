//! `[[rule]]`: rules, with the options of the command line as keys.

use anyhow::Result;

use super::section::{Advice, Definition, Section};
use crate::commands::playbook;
use crate::commands::rule::options::one;
use crate::configuration::{Block, ConfigTable};
use crate::domain::rule::{
    AdoptionRule, Against, Aim, BASELINES, COOLDOWNS, ConditionRule, DEFAULT_COOLDOWN,
    DEFAULT_THRESHOLD, DEFAULT_TIMEFRAME, Direction, FOR_DAYS, REPEATS, Rule, RuleKind, RuleLogic,
    RuleMeasure, THRESHOLDS, TIMEFRAMES, TREND_FOR_DAYS, TrendRule, WITHINS, Watch,
};
use crate::error::CommandError;
use crate::query::never_imported;
use crate::store::{Catalogue, Store, StoredRule};
use crate::views::rules::watched;

pub(super) const SECTION: Section = Section {
    heading: "[[rule]]",
    read,
    own: |store| Ok(store.rules()?.iter().map(|stored| stored.rule.block()).collect()),
};

/// The keys of rules of every kind.
const GENERAL: [&str; 8] =
    ["name", "kind", "where", "playbook", "managers", "executives", "auto_ack", "enabled"];
const TREND: [&str; 13] = [
    "event",
    "people",
    "measure",
    "baseline",
    "against",
    "for",
    "repeat",
    "timeframe",
    "threshold",
    "direction",
    "inverse",
    "min_events",
    "max_chance",
];
const ADOPTION: [&str; 4] = ["event", "within", "goals", "retroactive"];
const CONDITION: [&str; 5] = ["when", "type", "cooldown", "key", "for"];

/// The further keys of a kind of rule.
fn keys_of(kind: RuleKind) -> &'static [&'static str] {
    match kind {
        RuleKind::Trend => &TREND,
        RuleKind::Adoption => &ADOPTION,
        RuleKind::Condition => &CONDITION,
    }
}

fn read(table: &ConfigTable<'_>) -> Option<Box<dyn Definition>> {
    let mut known: Vec<&str> = GENERAL.to_vec();
    for key in RuleKind::ALL.iter().flat_map(|kind| keys_of(*kind)) {
        if !known.contains(key) {
            known.push(key);
        }
    }
    table.allow(&known);
    let kind = if table.has("kind") { table.word("kind")? } else { RuleKind::Trend };
    refuse_unfit(table, kind);
    let name = table.name("name");
    let logic = match kind {
        RuleKind::Trend => trend(table).map(RuleLogic::Trend),
        RuleKind::Adoption => adoption(table).map(RuleLogic::Adoption),
        RuleKind::Condition => condition(table).map(RuleLogic::Condition),
    };
    let (where_expr, playbook) = (table.filled("where"), table.filled("playbook"));
    let [managers, executives, auto_ack] =
        ["managers", "executives", "auto_ack"].map(|key| table.truth(key).unwrap_or_default());
    let enabled = table.truth("enabled").unwrap_or(true);
    Some(Box::new(Rule {
        enabled,
        where_expr: where_expr.map(str::to_owned),
        playbook: playbook.map(str::to_owned),
        managers,
        executives,
        auto_ack,
        ..Rule::new(name?, logic?)
    }))
}

/// A key of another kind of rule would have no effect.
fn refuse_unfit(table: &ConfigTable<'_>, kind: RuleKind) {
    for other in RuleKind::ALL.iter().filter(|other| **other != kind) {
        for key in
            keys_of(*other).iter().filter(|key| table.has(key) && !keys_of(kind).contains(key))
        {
            let hint = format!("it is a key of {other} rules: kind = \"{other}\"");
            table.error(key, format!("this is {}, which has no such key", one(kind)), Some(&hint));
        }
    }
}

fn trend(table: &ConfigTable<'_>) -> Option<TrendRule> {
    let days = " of days";
    Some(TrendRule {
        baseline: table.whole("baseline", &BASELINES, " of windows").unwrap_or(1),
        against: table.word("against").unwrap_or_default(),
        for_days: table.whole("for", &TREND_FOR_DAYS, days).unwrap_or(1),
        repeat: table.whole("repeat", &REPEATS, days),
        timeframe: table.whole("timeframe", &TIMEFRAMES, days).unwrap_or(DEFAULT_TIMEFRAME),
        threshold: table
            .whole("threshold", &THRESHOLDS, " of percent")
            .unwrap_or(DEFAULT_THRESHOLD),
        direction: table.word("direction").unwrap_or(Direction::Both),
        inverse: table.truth("inverse").unwrap_or_default(),
        min_events: table.whole("min_events", &(0..=i64::MAX), "").map(i64::unsigned_abs),
        max_chance: probability(table, "max_chance"),
        // Comes last, so that the mistakes in the others are told too.
        ..TrendRule::new(watch(table)?)
    })
}

fn watch(table: &ConfigTable<'_>) -> Option<Watch> {
    match (table.has("event"), table.truth("people").unwrap_or_default()) {
        (true, true) => {
            let message = "a rule watches either an event or people";
            table.error("people", message, Some("leave one of the two out"));
            None
        }
        (false, true) if table.has("measure") => {
            table.error("measure", "people = true is a measure already", Some("leave it out"));
            None
        }
        (true, false) => {
            let measure =
                if table.has("measure") { table.word("measure")? } else { RuleMeasure::Events };
            Some(Watch::new(table.required("event")?, measure))
        }
        (false, true) => Some(Watch::people()),
        (false, false) => {
            let hint = "event = \"login\" counts an event, people = true the people who are active";
            table.error("event", "a trend rule needs an event, or people", Some(hint));
            None
        }
    }
}

fn probability(table: &ConfigTable<'_>, key: &str) -> Option<f64> {
    match table.number(key)? {
        value if value > 0.0 && value < 1.0 => Some(value),
        value => table.wrong(key, format!("{value} is not a probability between 0 and 1")),
    }
}

fn adoption(table: &ConfigTable<'_>) -> Option<AdoptionRule> {
    let within = table.whole("within", &WITHINS, " of days");
    let retroactive = table.truth("retroactive").unwrap_or_default();
    let of_goals = table.truth("goals").unwrap_or_default();
    if of_goals && table.has("within") {
        table.error("within", "goals have days of their own", Some("leave within out, or goals"));
    }
    if !of_goals && !table.has("event") {
        return table.wrong("event", "an adoption rule needs an event, or goals = true");
    }
    let event = if table.has("event") { Some(table.required("event")?.to_owned()) } else { None };
    let aim = match event {
        Some(event) if !of_goals => Aim::Event { event, within },
        event => Aim::Goals { event },
    };
    Some(AdoptionRule { aim, retroactive })
}

fn condition(table: &ConfigTable<'_>) -> Option<ConditionRule> {
    if !table.has("type") {
        table.error("type", "a condition rule needs a type: good, bad or info", None);
    }
    let (when, signal_type) = (table.required("when"), table.word("type"));
    let cooldown = table.whole("cooldown", &COOLDOWNS, " of days");
    let for_days = table.whole("for", &FOR_DAYS, " of days");
    let key = table.filled("key").map(str::to_owned);
    let rule = ConditionRule::new(when?.trim(), signal_type?);
    Some(ConditionRule {
        cooldown: cooldown.unwrap_or(rule.cooldown),
        key,
        for_days: for_days.unwrap_or(rule.for_days),
        ..rule
    })
}

fn trend_block(block: Block, trend: &TrendRule) -> Block {
    let usual_measure = RuleMeasure::Events.as_str();
    let block = match trend.watch() == Watch::people() {
        false => block.with("event", trend.event.as_str()).with_unusual(
            "measure",
            trend.measure.as_str(),
            usual_measure,
        ),
        true => block.with("people", true),
    };
    let least = trend.min_events.map(|least| i64::try_from(least).unwrap_or(i64::MAX));
    block
        .with("timeframe", trend.timeframe)
        .with("threshold", trend.threshold)
        .with_unusual("direction", trend.direction.as_str(), Direction::Both.as_str())
        .with_unusual("inverse", trend.inverse, false)
        .with_some("min_events", least)
        .with_some("max_chance", trend.max_chance)
        .with_unusual("baseline", trend.baseline, 1u8)
        .with_unusual("against", trend.against.as_str(), Against::Itself.as_str())
        .with_unusual("for", trend.for_days, 1u8)
        .with_some("repeat", trend.repeat.map(u32::from))
}

fn adoption_block(block: Block, adoption: &AdoptionRule) -> Block {
    let block = match &adoption.aim {
        Aim::Event { event, within } => {
            block.with("event", event.as_str()).with_some("within", within.map(u32::from))
        }
        Aim::Goals { event } => block.with("goals", true).with_some("event", event.as_deref()),
    };
    block.with_unusual("retroactive", adoption.retroactive, false)
}

fn condition_block(block: Block, condition: &ConditionRule) -> Block {
    block
        .with("when", condition.when.as_str())
        .with("type", condition.signal_type.as_str())
        .with_some("key", condition.key.as_deref())
        .with_unusual("cooldown", u32::from(condition.cooldown), u32::from(DEFAULT_COOLDOWN))
        .with_unusual("for", u32::from(condition.for_days), 1u32)
}

impl Definition for Rule {
    fn block(&self) -> Block {
        let block = Block::new("[[rule]]", format!("rule '{}'", self.name))
            .with("name", self.name.as_str())
            .with("kind", self.logic.kind().as_str());
        match &self.logic {
            RuleLogic::Trend(trend) => trend_block(block, trend),
            RuleLogic::Adoption(adoption) => adoption_block(block, adoption),
            RuleLogic::Condition(condition) => condition_block(block, condition),
        }
        .with_some("where", self.where_expr.as_deref())
        .with_some("playbook", self.playbook.as_deref())
        .with_unusual("managers", self.managers, false)
        .with_unusual("executives", self.executives, false)
        .with_unusual("auto_ack", self.auto_ack, false)
        .with_unusual("enabled", self.enabled, true)
    }

    fn present(&self, store: &Store) -> Result<Option<Block>> {
        let stored = store.rule(&self.name)?.filter(|stored| !stored.is_removed);
        Ok(stored.map(|stored| stored.rule.block()))
    }

    fn save(&self, store: &Store, table: &ConfigTable<'_>) -> Result<()> {
        let Some(stored) = store.rule(&self.name)? else { return store.save_rule(self) };
        let old = &stored.rule.logic;
        if old.kind() != self.logic.kind() {
            let (name, kind) = (&self.name, one(old.kind()));
            let message = format!("'{name}' is {kind}, and the kind of a rule cannot change");
            table.error("kind", message, Some("choose another name"));
            return Ok(());
        }
        if let Some(before) = bound_to(&stored).filter(|_| !is_about_the_same(old, &self.logic)) {
            let key = if table.has("event") { "event" } else { "people" };
            let now = watched(&self.logic);
            let message =
                format!("the rule '{}' is about {before}, and cannot be about {now}", self.name);
            table.error(key, message, Some("choose another name"));
            return Ok(());
        }
        if (Rule { enabled: self.enabled, ..stored.rule }) == *self && !stored.is_removed {
            return store.enable_rule(&self.name, self.enabled);
        }
        store.save_rule(self)
    }

    fn check(&self, store: &Store, catalogue: &Catalogue, table: &ConfigTable<'_>) -> Result<()> {
        let note = |key: &str, result: Result<(), CommandError>| {
            result.unwrap_or_else(|failure| table.error_of(key, &failure));
        };
        let condition = self.logic.condition();
        if let Some(text) = &self.where_expr {
            note("where", catalogue.read_new(text).map(drop));
        }
        if let Some(condition) = condition {
            note("when", catalogue.read_new(&condition.when).map(drop));
        }
        if let Some(key) = condition.and_then(|condition| condition.key.as_deref()) {
            note("key", catalogue.find(key).map(drop));
        }
        if let Some(name) = &self.playbook
            && let Err(error) = playbook::existing(store, name)
        {
            // An error of the database is none of the file.
            table.error_of("playbook", &error.downcast()?);
        }
        Ok(())
    }

    fn rule(&self) -> Option<&Rule> {
        Some(self)
    }

    fn advise(&self, store: &Store) -> Result<Vec<Advice>> {
        let remarks = self.logic.trend().map(TrendRule::remarks).unwrap_or_default();
        let named = |remark: String| Advice::Hint(format!("rule '{}': {remark}", self.name));
        let mut advice: Vec<Advice> = remarks.into_iter().map(named).collect();
        if let Some(event) = self.logic.only_event() {
            advice.extend(unknown_event(store, event)?);
        }
        Ok(advice)
    }
}

/// What a rule with this name must watch. A removed trend rule may watch something else; an
/// adoption rule would report another event immediately, however long ago it was.
fn bound_to(stored: &StoredRule) -> Option<String> {
    let logic = &stored.rule.logic;
    let is_bound = match logic {
        RuleLogic::Trend(_) => !stored.is_removed,
        RuleLogic::Adoption(_) => true,
        RuleLogic::Condition(_) => false,
    };
    is_bound.then(|| watched(logic))
}

fn is_about_the_same(one: &RuleLogic, other: &RuleLogic) -> bool {
    match (one, other) {
        (RuleLogic::Trend(one), RuleLogic::Trend(other)) => one.event == other.event,
        _ => watched(one) == watched(other),
    }
}

/// A warning about an event that was never imported, with the most similar known one.
pub(super) fn unknown_event(store: &Store, event: &str) -> Result<Option<Advice>> {
    let remark = match never_imported(store, event)? {
        Some(_) if store.event_names()?.is_empty() => {
            Some("no events were imported yet, so that their names could not be checked".to_owned())
        }
        remark => remark,
    };
    Ok(remark.map(Advice::Warning))
}
