//! `signals rule`: rules.

pub(crate) mod options;
pub(crate) mod preset;
mod preview;
mod trial;

use std::collections::HashMap;

use anyhow::Result;
use clap::{Args, Subcommand};

use self::options::{GeneralOptions, RuleOptions, RuleRequest, TrendOptions};
use self::preset::PresetCommand;
use crate::commands::options::FormatOption;
use crate::commands::output::report_change;
use crate::context::Context;
use crate::domain::day::DayRange;
use crate::domain::rule::{Rule, RuleKind, TrendRule};
use crate::error::{CommandError, not_allowed, usage};
use crate::query::{find_rule, never_imported, of_the_command_line};
use crate::render::escape::for_terminal;
use crate::render::{RecordWriter, Screen, Value};
use crate::store::{Finish, Store, StoredRule};
use crate::views::preview::{PreviewView, draw_all};
use crate::views::rules::{RULES, sentence};

/// Define what to watch.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  signals rule set login --timeframe 7 --threshold 15
  signals rule set ticket_opened --inverse --max-chance 0.01
  signals rule add active-people --kind trend --people --timeframe 14
  signals rule add first-report --kind adoption --event export --within 14
  signals rule preset add --usual")]
pub(crate) enum RuleCommand {
    /// Create or change the trend rule of an event; options not given keep their values
    #[command(after_help = "\
Examples:
  signals rule set login
  signals rule set login --threshold 25 --max-chance 0.01
  signals rule set login --timeframe 28 --baseline 6 --against portfolio
  signals rule set ticket_opened --inverse --direction up")]
    Set {
        /// The event, which is the rule's name too
        event: String,
        // Comes before the options with headings, or it would be listed under the last of these.
        #[command(flatten)]
        format: FormatOption,
        #[command(flatten)]
        trend: TrendOptions,
        #[command(flatten)]
        general: GeneralOptions,
    },
    /// Create or change a rule of any kind; options not given keep their values
    #[command(after_help = "\
Examples:
  signals rule add active-people --people --timeframe 14
  signals rule add fading --event '*' --measure days --timeframe 28 --for 28
  signals rule add slow-logins --event login --timeframe 28 --direction down
  signals rule add first-report --kind adoption --event export --within 14
  signals rule add goals --kind adoption --goals --managers")]
    Add {
        #[command(flatten)]
        request: RuleRequest,
        /// Save the rule without asking, even if its first run raises more than 20 signals for a CSM
        #[arg(long)]
        yes: bool,
    },
    /// Show what an edit of a rule would do, without saving it: the signals added and removed over
    /// the last 90 days of data, how many of each came before a churn, and the load on each CSM
    #[command(
        name = "try",
        after_help = "Examples:\n  signals rule try login --threshold 40\n  signals rule try silent --when \"days_since_last_event >= 28\" --type bad"
    )]
    Try(RuleRequest),
    /// List the rules
    #[command(after_help = "Example:\n  signals rule list")]
    List(FormatOption),
    /// Show a rule, and what it would raise
    #[command(after_help = "Example:\n  signals rule show login")]
    Show {
        /// The rule's name
        name: String,
        #[command(flatten)]
        format: FormatOption,
    },
    /// Switch a rule on
    #[command(after_help = "Example:\n  signals rule enable login")]
    Enable(RuleName),
    /// Switch a rule off; its signals are kept
    #[command(after_help = "Example:\n  signals rule disable login")]
    Disable(RuleName),
    /// Remove a rule; its signals are kept
    #[command(after_help = "Example:\n  signals rule remove login")]
    Remove(RuleName),
    /// List and add ready-made rules
    #[command(subcommand)]
    Preset(PresetCommand),
}

/// The rule that is meant.
#[derive(Debug, Args)]
pub(crate) struct RuleName {
    /// The rule's name
    name: String,
}

impl RuleCommand {
    /// # Errors
    /// A value out of range (exit 2); an unknown rule, or one that is not allowed (exit 9).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        match self {
            RuleCommand::Set { event, format, trend, general } => {
                let request = RuleRequest {
                    name: event.clone(),
                    kind: Some(RuleKind::Trend),
                    event: Some(event),
                    format,
                    options: RuleOptions { trend, general, ..RuleOptions::default() },
                    ..RuleRequest::default()
                };
                save(context, &request, Asking::Never)
            }
            RuleCommand::Add { request, yes } => save(context, &request, Asking::Unless(yes)),
            RuleCommand::Try(request) => trial::run(context, &request),
            RuleCommand::List(format) => {
                let rules = context.reader()?.rules()?.into_iter().map(|stored| stored.rule);
                format.print(context, &RULES, &rules.collect::<Vec<_>>())
            }
            RuleCommand::Show { name, format } => {
                let mut store = context.reader()?;
                let rules = [find_rule(&store, &name)?.rule];
                store.keep_counts_in_memory()?;
                let previews = preview::previews(context, &store, &rules)?;
                print(context, &rules, &previews, format)
            }
            RuleCommand::Enable(RuleName { name }) => switch(context, &name, true),
            RuleCommand::Disable(RuleName { name }) => switch(context, &name, false),
            RuleCommand::Remove(RuleName { name }) => remove(context, &name),
            RuleCommand::Preset(command) => command.run(context),
        }
    }
}

/// Whether to ask before saving a rule that floods a CSM.
#[derive(Debug, Clone, Copy)]
enum Asking {
    Never,
    /// Ask unless `--yes` was given.
    Unless(bool),
}

/// Creates or changes a rule, and shows what it would raise.
fn save(context: &Context, request: &RuleRequest, asking: Asking) -> Result<()> {
    let name = &request.name;
    if name.trim().is_empty() || name.chars().any(char::is_control) {
        return Err(usage("a rule needs a name, without control characters").into());
    }
    context.make(|store| save_in(context, store, request, asking))
}

fn save_in(
    context: &Context,
    store: &mut Store,
    request: &RuleRequest,
    asking: Asking,
) -> Result<()> {
    let name = &request.name;
    store.keep_counts_in_memory()?;
    let make = |store: &Store| {
        let stored = store.rule(name)?;
        let rule = request.rule(stored.as_ref())?;
        Ok((keep(store, stored, &rule)?, rule))
    };
    let (is_changed, previews) = store.transaction(Finish::RollBack, |store| {
        let (old, rule) = make(store)?;
        let previews = preview::previews(context, store, std::slice::from_ref(&rule))?;
        Ok((old.as_ref() != Some(&rule), previews))
    })?;
    if let Asking::Unless(is_agreed) = asking
        && is_changed
    {
        preview::ask_about_floods(context, &previews.iter().collect::<Vec<_>>(), is_agreed)?;
    }
    let (old, rule) = store.transaction(Finish::Commit, |store| make(store))?;
    report_change(context, "rule", name, old.as_ref(), &rule, sentence);
    advise(context, store, &rule)?;
    if let Some(worth) = rule.logic.trend().and_then(TrendRule::worth) {
        context.ui.hint(worth);
    }
    print(context, &[rule], &previews, request.format)
}

/// Saves a rule, replacing the one with its name. Returns the previous one.
///
/// # Errors
/// An invalid expression (exit 2); a rule that conflicts with others in the database (exit 9).
pub(crate) fn keep(store: &Store, stored: Option<StoredRule>, rule: &Rule) -> Result<Option<Rule>> {
    check_expressions(store, rule).map_err(of_the_command_line)?;
    check_rule(store, rule)?;
    let old = stored.filter(|stored| !stored.is_removed).map(|stored| stored.rule);
    if old.as_ref() != Some(rule) {
        store.save_rule(rule)?;
    }
    Ok(old)
}

/// Checks a rule against the database.
///
/// # Errors
/// An invalid expression, an unknown playbook, or a trend rule that compares the same as another
/// (exit 9).
pub(crate) fn check_rule(store: &Store, rule: &Rule) -> Result<()> {
    check_expressions(store, rule)?;
    if let Some(name) = &rule.playbook {
        super::playbook::existing(store, name)?;
    }
    if let Some(data) = store.event_days()? {
        store.require_people(rule, DayRange { from: data.to, to: data.to })?;
    }
    Ok(Rivals::of(store)?.refuse_second(rule)?)
}

/// Checks the `--where` of a rule, and the `--when` and `--key` of a condition rule.
fn check_expressions(store: &Store, rule: &Rule) -> Result<()> {
    let condition = rule.logic.condition();
    let texts = rule.where_expr.iter().chain(condition.map(|condition| &condition.when));
    let catalogue = store.catalogue()?;
    for text in texts {
        catalogue.read_new(text)?;
    }
    if let Some(key) = condition.and_then(|condition| condition.key.as_deref()) {
        catalogue.find(key)?;
    }
    Ok(())
}

/// Stored trend rules, by what they watch: two that compare the same would raise each signal twice.
pub(crate) struct Rivals(HashMap<String, Vec<Rule>>);

impl Rivals {
    pub(crate) fn of(store: &Store) -> Result<Self> {
        let mut rivals: HashMap<String, Vec<Rule>> = HashMap::new();
        for StoredRule { rule, .. } in store.rules()? {
            if let Some(watch) = rule.logic.trend().map(|trend| trend.watch().to_string()) {
                rivals.entry(watch).or_default().push(rule);
            }
        }
        Ok(Rivals(rivals))
    }

    /// Refuses a rule that compares the same counts as another.
    pub(crate) fn refuse_second(&self, rule: &Rule) -> Result<(), CommandError> {
        let Some(trend) = rule.logic.trend() else { return Ok(()) };
        let same = |other: &&Rule| {
            let trend_of_other = other.logic.trend();
            other.name != rule.name && trend_of_other.is_some_and(|other| other.compares_as(trend))
        };
        let rivals = self.0.get(&trend.watch().to_string());
        let Some(Rule { name, .. }) = rivals.into_iter().flatten().find(same) else {
            return Ok(());
        };
        let (watch, days) = (trend.watch(), trend.timeframe);
        let message = format!(
            "the rule '{name}' watches {watch} over {days} days already, with the same baseline and comparison"
        );
        let hint = "change that one, or choose another --timeframe, --baseline or --against";
        Err(not_allowed(message).hint(hint))
    }
}

pub(crate) fn advise(context: &Context, store: &Store, rule: &Rule) -> Result<()> {
    let remarks = rule.logic.trend().map(TrendRule::remarks).unwrap_or_default();
    remarks.iter().for_each(|remark| context.ui.hint(remark));
    let Some(event) = rule.logic.only_event() else { return Ok(()) };
    if let Some(remark) = never_imported(store, event)? {
        context.ui.warning(remark);
        context.ui.hint(format!("`signals rule remove {}` takes the rule back", rule.name));
    }
    Ok(())
}

/// Prints rules with what they would raise; `previews` is empty or has one for each.
pub(crate) fn print(
    context: &Context,
    rules: &[Rule],
    previews: &[PreviewView],
    format: FormatOption,
) -> Result<()> {
    if !format.is_table() {
        let fields: Vec<&str> = RULES.fields.names().into_iter().chain(["preview"]).collect();
        return context.ui.records(RecordWriter::new(format.format, &fields), |record| {
            rules.iter().enumerate().try_for_each(|(place, rule)| {
                let preview = previews.get(place);
                let mut values = RULES.fields.values(rule);
                values.push(preview.map_or(Value::Null, |preview| Value::Nested(preview.json())));
                record(&values)
            })
        });
    }
    format.print(context, &RULES, rules)?;
    if let [only] = rules
        && !is_told_by_table(only)
    {
        context.ui.data(format!("\n{}\n", for_terminal(&sentence(only))))?;
    }
    if previews.is_empty() {
        return Ok(());
    }
    let mut screen = Screen::new(context.ui.look());
    match previews {
        [only] => only.draw(&mut screen),
        several => draw_all(several, &mut screen),
    }
    context.ui.data(format!("\n{}", screen.into_text()))
}

/// Whether the columns of the table tell everything about a rule.
fn is_told_by_table(rule: &Rule) -> bool {
    let Rule { where_expr, playbook, managers, executives, auto_ack, .. } = rule;
    let is_usual =
        |trend: &TrendRule| trend.is_plain() && trend.for_days == 1 && trend.repeat.is_none();
    rule.logic.trend().is_some_and(is_usual)
        && where_expr.is_none()
        && playbook.is_none()
        && !managers
        && !executives
        && !auto_ack
}

fn switch(context: &Context, name: &str, is_enabled: bool) -> Result<()> {
    let mut store = context.writer()?;
    let name = store.transaction(Finish::Commit, |store| {
        let name = find_rule(store, name)?.rule.name;
        store.enable_rule(&name, is_enabled)?;
        Ok(name)
    })?;
    context.ui.note(format!("the rule '{name}' is {}", if is_enabled { "on" } else { "off" }));
    Ok(())
}

fn remove(context: &Context, name: &str) -> Result<()> {
    let mut store = context.writer()?;
    let name = store.transaction(Finish::Commit, |store| {
        let name = find_rule(store, name)?.rule.name;
        store.remove_rule(&name)?;
        Ok(name)
    })?;
    context.ui.note(format!("removed the rule '{name}'; its signals stay"));
    Ok(())
}
