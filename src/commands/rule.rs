//! `signals rule`: what to watch for.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::options::{FormatOption, nearest, nearest_of_all, probability};
use super::output;
use crate::context::Context;
use crate::domain::company::CompanyKey;
use crate::domain::rule::{Direction, Rule as DomainRule, RuleKind, THRESHOLDS, TIMEFRAMES, TrendRule, Watch};
use crate::error::{Failure, not_allowed, usage};
use crate::render::{Format, RecordWriter, Screen, Value};
use crate::run;
use crate::store::{Finish, Store, StoredRule};
use crate::views::preview::{PreviewView, Variant};
use crate::views::rules::{RULES, sentence};

/// Say what to watch for.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  signals rule set login --timeframe 7 --threshold 15
  signals rule set ticket_opened --inverse --max-chance 0.01
  signals rule add active-people --kind trend --people --timeframe 14")]
pub enum Rule {
    /// Make or change the trend rule of an event; what is not given stays as it is
    Set(SetRule),
    /// Make or change any rule under its name; what is not given stays as it is
    Add(AddRule),
    /// List the rules
    #[command(after_help = "Example:\n  signals rule list")]
    List(FormatOption),
    /// Show a rule and what it would have raised
    #[command(after_help = "Example:\n  signals rule show login")]
    Show(NamedRule),
    /// Switch a rule on
    #[command(after_help = "Example:\n  signals rule enable login")]
    Enable(RuleName),
    /// Switch a rule off; its signals stay
    #[command(after_help = "Example:\n  signals rule disable login")]
    Disable(RuleName),
    /// Remove a rule; its signals stay
    #[command(after_help = "Example:\n  signals rule remove login")]
    Remove(RuleName),
}

/// Make or change the trend rule of an event.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  signals rule set login
  signals rule set login --threshold 25 --max-chance 0.01
  signals rule set ticket_opened --inverse --direction up")]
pub struct SetRule {
    /// The event, which is the rule's name too
    event: String,
    #[command(flatten)]
    options: TrendOptions,
    #[command(flatten)]
    format: FormatOption,
}

/// Make or change any rule under its name.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  signals rule add active-people --people --timeframe 14
  signals rule add slow-logins --event login --timeframe 28 --direction down")]
pub struct AddRule {
    /// The rule's name
    name: String,
    /// The kind of rule
    #[arg(long, default_value = "trend")]
    kind: RuleKind,
    /// Watch this event
    #[arg(long, value_name = "EVENT", conflicts_with = "people")]
    event: Option<String>,
    /// Watch the number of distinct active people, over all events
    #[arg(long)]
    people: bool,
    #[command(flatten)]
    options: TrendOptions,
    #[command(flatten)]
    format: FormatOption,
}

/// The rule that is meant.
#[derive(Debug, Args)]
pub struct RuleName {
    /// The rule's name
    name: String,
}

/// The rule that is meant, and how to print it.
#[derive(Debug, Args)]
pub struct NamedRule {
    /// The rule's name
    name: String,
    #[command(flatten)]
    format: FormatOption,
}

#[derive(Debug, Args)]
struct TrendOptions {
    /// The length of each of the two windows compared, in days, 7 to 30; 7 unless set
    #[arg(long, value_name = "DAYS", value_parser = timeframe)]
    timeframe: Option<u8>,
    /// Fire on a change of more than this, in percent, 1 to 100; 15 unless set
    #[arg(long, value_name = "PERCENT", value_parser = threshold)]
    threshold: Option<u8>,
    /// Which changes count: both, down or up; both unless set
    #[arg(long)]
    direction: Option<Direction>,
    /// An increase is bad and a decrease good, as for tickets
    #[arg(long, overrides_with = "no_inverse")]
    inverse: bool,
    /// An increase is good and a decrease bad
    #[arg(long)]
    no_inverse: bool,
    /// Both windows together must hold so many events
    #[arg(long, value_name = "N", overrides_with = "no_min_events")]
    min_events: Option<u64>,
    /// Any number of events will do
    #[arg(long)]
    no_min_events: bool,
    /// Chance must explain the change with at most this probability
    #[arg(long, value_name = "P", value_parser = probability, overrides_with = "no_max_chance")]
    max_chance: Option<f64>,
    /// Any chance will do
    #[arg(long)]
    no_max_chance: bool,
}

fn timeframe(text: &str) -> Result<u8, String> {
    whole_number(text, TIMEFRAMES, "days")
}

fn threshold(text: &str) -> Result<u8, String> {
    whole_number(text, THRESHOLDS, "percent")
}

fn whole_number(text: &str, range: RangeInclusive<u8>, unit: &str) -> Result<u8, String> {
    let value = text.parse().ok().filter(|value| range.contains(value));
    value.ok_or_else(|| format!("'{text}' is no whole number of {unit} from {} to {}", range.start(), range.end()))
}

impl TrendOptions {
    /// The rule with what is given changed.
    fn apply(&self, trend: TrendRule) -> TrendRule {
        TrendRule {
            timeframe: self.timeframe.unwrap_or(trend.timeframe),
            threshold: self.threshold.unwrap_or(trend.threshold),
            direction: self.direction.unwrap_or(trend.direction),
            inverse: (trend.inverse || self.inverse) && !self.no_inverse,
            min_events: self.min_events.or(trend.min_events.filter(|_| !self.no_min_events)),
            max_chance: self.max_chance.or(trend.max_chance.filter(|_| !self.no_max_chance)),
            watch: trend.watch,
        }
    }
}

impl Rule {
    /// Does what the subcommand says.
    ///
    /// # Errors
    /// A value out of range (exit 2); an unknown rule, or one that cannot be as asked for (exit 9).
    pub fn run(self, context: &Context) -> Result<()> {
        match self {
            Rule::Set(SetRule { event, options, format }) => {
                let watch = Watch::Event(event.clone());
                save(context, &event, Some(watch), &options, format.format)
            }
            Rule::Add(args) => args.run(context),
            Rule::List(FormatOption { format }) => {
                let rules: Vec<DomainRule> = context.reader()?.rules()?.into_iter().map(|stored| stored.rule).collect();
                output::print_items(&context.ui, format, &RULES, &rules)
            }
            Rule::Show(NamedRule { name, format }) => {
                let store = context.reader()?;
                let rule = existing(&store, &name)?.rule;
                print(context, &store, &rule, format.format)
            }
            Rule::Enable(RuleName { name }) => switch(context, &name, true),
            Rule::Disable(RuleName { name }) => switch(context, &name, false),
            Rule::Remove(RuleName { name }) => remove(context, &name),
        }
    }
}

impl AddRule {
    fn run(self, context: &Context) -> Result<()> {
        if self.kind != RuleKind::Trend {
            return Err(self.refuse_kind(context)?.into());
        }
        let watch = match (self.event, self.people) {
            (Some(event), _) => Some(Watch::Event(event)),
            (None, true) => Some(Watch::People),
            (None, false) => None,
        };
        save(context, &self.name, watch, &self.options, self.format.format)
    }

    fn refuse_kind(&self, context: &Context) -> Result<Failure> {
        let is_there = context.database()?.exists() && context.reader()?.rule(&self.name)?.is_some();
        if is_there {
            let message = format!("'{}' is a trend rule, and the kind of a rule cannot change", self.name);
            return Ok(not_allowed(message).hint("choose another name"));
        }
        Ok(usage(format!("this version has no {} rules yet", self.kind)).hint("--kind trend"))
    }
}

/// Makes the rule, or changes the one of that name, and shows what it would have raised.
fn save(context: &Context, name: &str, watch: Option<Watch>, options: &TrendOptions, format: Format) -> Result<()> {
    if name.trim().is_empty() || name.chars().any(char::is_control) {
        return Err(usage("a rule needs a name, without control characters").into());
    }
    if watch.is_none() && !context.database()?.exists() {
        return Err(usage("a new rule needs --event EVENT or --people").into());
    }
    let mut store = context.maker()?;
    let rule = store.transaction(Finish::Commit, |store| {
        let old = store.rule(name)?.filter(|stored| !stored.is_removed).map(|stored| stored.rule);
        let rule = changed(name, old.as_ref(), watch, options)?;
        refuse_second(store, &rule)?;
        if old.as_ref() != Some(&rule) {
            store.save_rule(&rule)?;
        }
        announce(context, old.as_ref(), &rule);
        Ok(rule)
    })?;
    advise(context, &store, &rule)?;
    print(context, &store, &rule, format)
}

fn changed(name: &str, old: Option<&DomainRule>, watch: Option<Watch>, options: &TrendOptions) -> Result<DomainRule> {
    let trend = match (old, watch) {
        (Some(old), Some(watch)) if old.trend.watch != watch => {
            let message = format!("the rule '{name}' watches {}, and cannot watch {watch}", old.trend.watch);
            return Err(not_allowed(message).hint("`signals rule add OTHER-NAME …` makes another rule").into());
        }
        (Some(old), _) => old.trend.clone(),
        (None, Some(watch)) => TrendRule::new(watch),
        (None, None) => return Err(usage("a new rule needs --event EVENT or --people").into()),
    };
    let enabled = old.is_none_or(|old| old.enabled);
    Ok(DomainRule { name: name.to_owned(), enabled, trend: options.apply(trend) })
}

/// Two rules that compare the same things would raise each signal twice.
fn refuse_second(store: &Store, rule: &DomainRule) -> Result<()> {
    let same = |other: &DomainRule| {
        other.name != rule.name
            && other.trend.watch == rule.trend.watch
            && other.trend.timeframe == rule.trend.timeframe
    };
    match store.rules()?.into_iter().find(|stored| same(&stored.rule)) {
        Some(other) => {
            let name = &other.rule.name;
            let message =
                format!("the rule '{name}' watches {} over {} days already", rule.trend.watch, rule.trend.timeframe);
            Err(not_allowed(message).hint("change that one, or choose another --timeframe").into())
        }
        None => Ok(()),
    }
}

fn announce(context: &Context, old: Option<&DomainRule>, new: &DomainRule) {
    match old {
        Some(old) if old == new => context.ui.note(format!("the rule '{}' stays as it was", new.name)),
        Some(old) => {
            context.ui.note(format!("old: {}", sentence(&old.name, &old.trend)));
            context.ui.note(format!("new: {}", sentence(&new.name, &new.trend)));
        }
        None => context.ui.note(format!("new rule: {}", sentence(&new.name, &new.trend))),
    }
}

/// Says what the user should think about before relying on the rule.
fn advise(context: &Context, store: &Store, rule: &DomainRule) -> Result<()> {
    rule.trend.remarks().iter().for_each(|remark| context.ui.hint(remark));
    let Some(event) = rule.trend.watch.event() else { return Ok(()) };
    if store.knows_event(event)? {
        return Ok(());
    }
    let like = nearest_of_all(event, store.event_names()?.into_iter());
    let like = like.map(|name| format!("; the nearest is '{name}'")).unwrap_or_default();
    context.ui.warning(format!("no event '{event}' was ever imported{like}"));
    context.ui.hint(format!("`signals rule remove {event}` takes the rule back"));
    Ok(())
}

fn print(context: &Context, store: &Store, rule: &DomainRule, format: Format) -> Result<()> {
    let preview = preview(store, rule)?;
    if format != Format::Table {
        let fields: Vec<&str> = RULES.fields.iter().copied().chain(["preview"]).collect();
        return context.ui.records(RecordWriter::new(format, &fields), |record| {
            let mut values = (RULES.values)(rule);
            values.push(preview.as_ref().map_or(Value::Null, |preview| Value::Nested(preview.json())));
            record(&values)
        });
    }
    output::print_items(&context.ui, format, &RULES, std::slice::from_ref(rule))?;
    if let Some(preview) = &preview {
        let mut screen = Screen::new(context.ui.look());
        preview.draw(&mut screen);
        context.ui.data(format!("\n{}", screen.into_text()))?;
    }
    Ok(())
}

/// The probability with which the preview shows what the guard against chance would do.
const PREVIEW_CHANCE: f64 = 0.01;

/// What the rule would have raised as it is, without the guard against chance, and with it.
fn preview(store: &Store, rule: &DomainRule) -> Result<Option<PreviewView>> {
    let with = |max_chance| {
        let trend = TrendRule { max_chance, ..rule.trend.clone() };
        DomainRule { trend, ..rule.clone() }
    };
    let mut ways = vec![("as it is", "as_it_is", rule.clone())];
    ways.extend(rule.trend.max_chance.map(|_| ("without --max-chance", "without_max_chance", with(None))));
    if rule.trend.max_chance != Some(PREVIEW_CHANCE) {
        ways.push(("with --max-chance 0.01", "max_chance_0.01", with(Some(PREVIEW_CHANCE))));
    }
    let rules: Vec<DomainRule> = ways.iter().map(|(.., rule)| rule.clone()).collect();
    let Some(previews) = run::preview(store, &rules)? else { return Ok(None) };
    let csms: HashMap<CompanyKey, String> = store.csms()?.into_iter().collect();
    let days = previews[0].days;
    let variants = ways.iter().zip(&previews).map(|((title, field, _), preview)| {
        let mut by_csm = BTreeMap::new();
        for company in &preview.signals {
            *by_csm.entry(csms.get(company).cloned().unwrap_or_default()).or_insert(0) += 1;
        }
        Variant { title, field, by_csm }
    });
    Ok(Some(PreviewView { rule: rule.name.clone(), days, variants: variants.collect() }))
}

fn existing(store: &Store, name: &str) -> Result<StoredRule> {
    match store.rule(name)?.filter(|stored| !stored.is_removed) {
        Some(stored) => Ok(stored),
        None => Err(unknown_rule(store, name)?.into()),
    }
}

fn unknown_rule(store: &Store, name: &str) -> Result<Failure> {
    let names = store.rules()?.into_iter().map(|stored| stored.rule.name);
    let failure = not_allowed(format!("there is no rule '{name}'"));
    Ok(match nearest(name, names) {
        Some(like) => failure.hint(format!("did you mean '{like}'? `signals rule list` shows all")),
        None => failure.hint("`signals rule list` shows all"),
    })
}

fn switch(context: &Context, name: &str, is_enabled: bool) -> Result<()> {
    let mut store = context.writer()?;
    store.transaction(Finish::Commit, |store| {
        existing(store, name)?;
        store.enable_rule(name, is_enabled)
    })?;
    context.ui.note(format!("the rule '{name}' is {}", if is_enabled { "on" } else { "off" }));
    Ok(())
}

fn remove(context: &Context, name: &str) -> Result<()> {
    let mut store = context.writer()?;
    store.transaction(Finish::Commit, |store| {
        existing(store, name)?;
        store.remove_rule(name)
    })?;
    context.ui.note(format!("removed the rule '{name}'; its signals stay"));
    Ok(())
}
