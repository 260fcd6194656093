//! `signals rule preset`: ready-made rules.

use anyhow::Result;
use clap::{Args, Subcommand};

use super::options::{RuleOptions, RuleRequest};
use crate::commands::metric;
use crate::commands::options::{FormatOption, whole_number};
use crate::commands::output::report_change;
use crate::commands::rule::preview::{ask_about_floods, previews};
use crate::commands::rule::{advise, keep, print};
use crate::context::Context;
use crate::domain::metric::{Metric, MetricDefinition};
use crate::domain::preset::{self, Choice, EVERIES, Preset};
use crate::domain::rule::{Rule, RuleKind};
use crate::error::{not_allowed, usage};
use crate::query::unknown;
use crate::store::{Finish, Store};
use crate::views::presets::{self, PRESETS};
use crate::views::rules::sentence;

/// List and add ready-made rules.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  signals rule preset list
  signals rule preset add --usual
  signals rule preset add renewal-60 renewal-14
  signals rule preset add adoption --event report_exported --within 14")]
pub(crate) enum PresetCommand {
    /// List the presets: what each is for, and its rule
    #[command(
        after_help = "Examples:\n  signals rule preset list\n  signals rule preset list --format json"
    )]
    List(FormatOption),
    /// Add presets as rules, each named after its preset (PRESET:EVENT with --event); an existing rule keeps what is not given
    Add(Box<AddPreset>),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  signals rule preset add --usual
  signals rule preset add renewal-60 renewal-14 --managers
  signals rule preset add trend --event login
  signals rule preset add low-use --event export --where \"mrr >= 1000\"
  signals rule preset add review-due --every 60")]
pub(crate) struct AddPreset {
    /// The names of the presets
    #[arg(value_name = "NAME", required_unless_present = "usual", conflicts_with = "usual")]
    names: Vec<String>,
    /// Add those that suit most teams: the four measured ones and a dozen based on facts
    #[arg(long)]
    usual: bool,
    /// The event that the preset is about
    #[arg(long, value_name = "EVENT", value_parser = not_blank)]
    event: Option<String>,
    /// How many days later it is due again, for review-due
    #[arg(long, value_name = "DAYS", value_parser = whole_number(EVERIES, "days"), conflicts_with = "when")]
    every: Option<u16>,
    /// Save the rules without asking, even if their first run raises more than 20 signals for a CSM
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    format: FormatOption,
    #[command(flatten)]
    options: RuleOptions,
}

/// The name of an event, which becomes part of the name of a rule.
fn not_blank(text: &str) -> Result<String, String> {
    let is_name = !text.trim().is_empty() && !text.chars().any(char::is_control);
    let wrong = || "it is blank, or has control characters".to_owned();
    is_name.then(|| text.to_owned()).ok_or_else(wrong)
}

impl PresetCommand {
    /// # Errors
    /// An option that does not fit (exit 2); an unknown preset, or a rule that is not allowed (exit
    /// 9).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        match self {
            PresetCommand::List(format) if format.is_table() => {
                context.ui.page(|screen| presets::draw(preset::shipped(), screen))
            }
            PresetCommand::List(format) => format.print(context, &PRESETS, preset::shipped()),
            PresetCommand::Add(args) => args.run(context),
        }
    }
}

/// A rule created from a preset.
struct Made {
    preset: &'static Preset,
    /// The previous rule with its name.
    old: Option<Rule>,
    rule: Rule,
}

impl Made {
    fn is_changed(&self) -> bool {
        self.old.as_ref() != Some(&self.rule)
    }
}

impl AddPreset {
    fn run(self, context: &Context) -> Result<()> {
        let presets = self.presets()?;
        context.make(|store| self.add(context, store, &presets))
    }

    fn add(&self, context: &Context, store: &mut Store, presets: &[&'static Preset]) -> Result<()> {
        store.keep_counts_in_memory()?;
        let make = |store: &Store| {
            presets.iter().map(|preset| self.make(store, preset)).collect::<Result<Vec<Made>>>()
        };
        let (changed, previews) = store.transaction(Finish::RollBack, |store| {
            let made = make(store)?;
            let changed: Vec<bool> = made.iter().map(Made::is_changed).collect();
            let rules: Vec<Rule> = made.into_iter().map(|made| made.rule).collect();
            Ok((changed, previews(context, store, &rules)?))
        })?;
        let asked = previews.iter().zip(changed);
        let asked: Vec<_> = asked.filter_map(|(view, asked)| asked.then_some(view)).collect();
        ask_about_floods(context, &asked, self.yes)?;
        let made = store.transaction(Finish::Commit, |store| make(store))?;
        for made in &made {
            self.tell(context, store, made)?;
        }
        let rules: Vec<Rule> = made.into_iter().map(|made| made.rule).collect();
        print(context, &rules, &previews, self.format)
    }

    /// The requested presets, each with the options that it needs.
    fn presets(&self) -> Result<Vec<&'static Preset>> {
        let presets = match self.usual {
            true => preset::shipped().iter().filter(|preset| preset.usual).collect(),
            false => self.names.iter().map(|name| existing(name)).collect::<Result<Vec<_>>>()?,
        };
        let checked = presets.iter().try_for_each(|preset| preset.validate(&self.choice()));
        let hint = "`signals rule preset list` shows what each is for";
        checked.map_err(|error| usage(error).hint(hint))?;
        Ok(presets)
    }

    fn choice(&self) -> Choice<'_> {
        Choice {
            event: self.event.as_deref(),
            within: self.options.adoption.within,
            every: self.every,
        }
    }

    fn template(&self, preset: &Preset) -> Result<Rule> {
        preset.rule(&self.choice()).ok_or_else(|| {
            usage(format!("the preset '{}' needs --within DAYS", preset.name))
                .hint("`first-use` is the preset for a first use without a deadline")
                .into()
        })
    }

    fn make(&self, store: &Store, preset: &'static Preset) -> Result<Made> {
        if let Some(metric) = self.event.as_deref().and_then(|event| preset.metric(event)) {
            make_metric(store, &metric)?;
        }
        let request = self.request(preset);
        let stored = store.rule(&request.name)?;
        let rule = request.rule_like(|| self.template(preset), stored.as_ref())?;
        Ok(Made { preset, old: keep(store, stored, &rule)?, rule })
    }

    fn request(&self, preset: &Preset) -> RuleRequest {
        let kind = preset.kind();
        let mut options = self.options.clone();
        if self.every.is_some() {
            options.condition.when = preset.when(&self.choice());
        }
        RuleRequest {
            name: preset.rule_name(self.event.as_deref()),
            kind: Some(kind),
            // A condition watches its metric.
            event: self.event.clone().filter(|_| kind != RuleKind::Condition),
            options,
            ..RuleRequest::default()
        }
    }

    /// Prints whether a rule was created or changed, and advice on it.
    fn tell(&self, context: &Context, store: &Store, made: &Made) -> Result<()> {
        let (name, rule) = (&made.rule.name, &made.rule);
        report_change(context, "rule", name, made.old.as_ref(), rule, sentence);
        let shipped = made.preset.rule(&self.choice());
        if let Some(shipped) = shipped.filter(|shipped| !made.is_changed() && *shipped != made.rule)
        {
            context.ui.hint(format!("the preset is another: {}", sentence(&shipped)));
            context.ui.hint(format!("to have it, first `signals rule remove {name}`"));
        }
        match self.event.as_deref().and_then(|event| made.preset.metric(event)) {
            Some(metric) => metric::warn_of_unknown_event(context, store, &metric),
            None => advise(context, store, &made.rule),
        }
    }
}

/// Creates the metric of a condition, unless one exists that counts the same event.
fn make_metric(store: &Store, metric: &Metric) -> Result<()> {
    let event_of = |metric: &Metric| match &metric.definition {
        MetricDefinition::Counted { event, .. } => Some(event.clone()),
        MetricDefinition::Formula(_) => None,
    };
    match store.metric(&metric.name)? {
        Some(known) if event_of(&known).is_some() && event_of(&known) == event_of(metric) => Ok(()),
        Some(known) => {
            let message = format!("there is another metric '{}': {}", known.name, known.definition);
            let hint = "make one of another name with `signals metric add`, and the rule with `signals rule add`";
            Err(not_allowed(message).hint(hint).into())
        }
        None => metric::save(store, metric).map(drop),
    }
}

fn existing(name: &str) -> Result<&'static Preset> {
    if let Some(preset) = preset::shipped().iter().find(|preset| preset.name == name) {
        return Ok(preset);
    }
    let names = preset::shipped().iter().map(|preset| preset.name.clone());
    Err(unknown("preset", name, names, "rule preset list").into())
}
