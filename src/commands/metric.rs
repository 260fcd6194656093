//! `signals metric`: attributes that users define.

use std::collections::HashSet;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::options::{FormatOption, whole_number};
use super::output::report_change;
use crate::context::Context;
use crate::domain::metric::{self, DAYS, Metric, MetricDefinition, MetricMeasure, USUAL_DAYS};
use crate::error::{CommandError, not_allowed, usage};
use crate::query::{never_imported, read_typed, unknown};
use crate::store::{Catalogue, Finish, Known, Store};
use crate::views::metrics::METRICS;

/// Define attributes of your own.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  signals metric add reports_30d --event report_exported --days 30
  signals metric add signals --formula \"bad_open_signals + bad_closed_signals\"
  signals metric list")]
pub(crate) enum MetricCommand {
    /// Create a metric, or change an existing one
    Add(AddMetric),
    /// List the metrics
    #[command(after_help = "Example:\n  signals metric list")]
    List(FormatOption),
    /// Remove a metric that nothing uses
    #[command(after_help = "Example:\n  signals metric remove reports_30d")]
    Remove {
        /// The metric's name
        name: String,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  signals metric add reports_30d --event report_exported --days 30
  signals metric add exporters_28d --event export --measure people --days 28
  signals metric add export_age --event export --measure days-since --days 365
  signals metric add signals --formula \"bad_open_signals + bad_closed_signals\"")]
pub(crate) struct AddMetric {
    /// The metric's name: letters, digits and _
    name: String,
    /// Count this event
    #[arg(
        long,
        value_name = "EVENT",
        required_unless_present = "formula",
        conflicts_with = "formula"
    )]
    event: Option<String>,
    /// What is counted: count (events), people (distinct), or days-since (the last one)
    #[arg(long, value_name = "MEASURE", requires = "event")]
    measure: Option<MetricMeasure>,
    /// Over how many days up to the as-of date, 1 to 3650; 28 unless set
    #[arg(long, value_name = "DAYS", requires = "event", value_parser = whole_number(DAYS, "days"))]
    days: Option<u16>,
    /// Compute it from other attributes
    #[arg(long, value_name = "EXPRESSION")]
    formula: Option<String>,
}

impl MetricCommand {
    /// # Errors
    /// An invalid formula (exit 2); a name that is taken, a cycle, an unknown metric, or one that
    /// is in use (exit 9).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        match self {
            MetricCommand::Add(args) => args.run(context),
            MetricCommand::List(format) => {
                format.print(context, &METRICS, &context.reader()?.metrics()?)
            }
            MetricCommand::Remove { name } => remove(context, &name),
        }
    }
}

impl AddMetric {
    fn run(self, context: &Context) -> Result<()> {
        let definition = match (self.formula, self.event) {
            (Some(formula), _) => MetricDefinition::Formula(formula),
            (None, Some(event)) => MetricDefinition::Counted {
                event,
                measure: self.measure.unwrap_or(MetricMeasure::Count),
                days: self.days.unwrap_or(USUAL_DAYS),
            },
            (None, None) => {
                return Err(usage("a metric needs --event EVENT or --formula EXPRESSION").into());
            }
        };
        let metric = Metric { name: self.name, definition };
        context.make(|store| add(context, store, &metric))
    }
}

fn add(context: &Context, store: &mut Store, metric: &Metric) -> Result<()> {
    let old = store.transaction(Finish::Commit, |store| {
        if let MetricDefinition::Formula(formula) = &metric.definition {
            read_typed(&store.catalogue()?.with(metric), formula)?;
        }
        save(store, metric)
    })?;
    let sentence = |metric: &Metric| format!("{} {}", metric.name, metric.definition);
    report_change(context, "metric", &metric.name, old.as_ref(), metric, sentence);
    warn_of_unknown_event(context, store, metric)
}

/// Warns if a metric counts an event that was never imported.
pub(crate) fn warn_of_unknown_event(
    context: &Context,
    store: &Store,
    metric: &Metric,
) -> Result<()> {
    if let MetricDefinition::Counted { event, .. } = &metric.definition {
        never_imported(store, event)?.iter().for_each(|remark| context.ui.warning(remark));
    }
    Ok(())
}

/// Creates a metric, or changes an existing one. Returns the previous definition.
///
/// # Errors
/// An invalid name or formula, or a cycle (exit 9).
pub(crate) fn save(store: &Store, metric: &Metric) -> Result<Option<Metric>> {
    let old = store.metric(&metric.name)?;
    if old.as_ref() == Some(metric) {
        return Ok(old);
    }
    // Saving it first makes its own name known, so that a cycle is distinguishable from an unknown
    // name.
    store.save_metric(metric)?;
    let catalogue = store.catalogue()?;
    check_name(&catalogue, &metric.name)?;
    if let MetricDefinition::Formula(formula) = &metric.definition {
        let expression = catalogue.read(formula)?;
        refuse_circle(&catalogue, &metric.name, &expression.names)?;
        // A formula that depends on health must not be part of health.
        store.profiles()?.iter().try_for_each(|profile| catalogue.check_profile(profile))?;
    }
    Ok(old)
}

/// Checks the name of a metric, once it is in the catalogue.
///
/// # Errors
/// A name that is not allowed or already used (exit 9).
pub(crate) fn check_name(catalogue: &Catalogue, name: &str) -> Result<(), CommandError> {
    if !metric::is_name(name) {
        let failure = not_allowed(format!("'{name}' cannot be the name of a metric"));
        return Err(failure.hint("letters, digits and _, beginning with a letter: reports_30d"));
    }
    let is_itself =
        |known: &Known<'_>| matches!(known, Known::Metric(metric) if metric.name == name);
    let mut all = catalogue.all();
    let taken = all.find(|known| known.name().eq_ignore_ascii_case(name) && !is_itself(known));
    let message = match taken {
        None => return Ok(()),
        Some(Known::BuiltIn(_)) => format!("'{name}' is an attribute already"),
        Some(Known::Own(..)) => format!("'{name}' is a column of the companies' file already"),
        Some(Known::Metric(Metric { name: other, .. })) => {
            format!("there is a metric '{other}', which expressions could not tell from '{name}'")
        }
    };
    Err(not_allowed(message).hint("choose another name"))
}

/// Checks a formula with these names for cycles.
///
/// # Errors
/// A formula that leads back to the metric (exit 9), with the path.
pub(crate) fn refuse_circle(
    catalogue: &Catalogue,
    name: &str,
    names: &[String],
) -> Result<(), CommandError> {
    let mut ways: Vec<Vec<String>> =
        names.iter().map(|next| vec![name.to_owned(), next.clone()]).collect();
    let mut seen: HashSet<String> = HashSet::new();
    while let Some(way) = ways.pop() {
        let Some(last) = way.last() else { continue };
        if last == name {
            let message = format!("the metric '{name}' would need itself: {}", way.join(" -> "));
            return Err(not_allowed(message).hint("change one of these formulas"));
        }
        // Another cycle, which does not include this metric, is reported for the metrics in it.
        if seen.insert(last.clone()) {
            let next = names_in(catalogue, last).into_iter();
            ways.extend(next.map(|next| way.iter().cloned().chain([next]).collect()));
        }
    }
    Ok(())
}

/// The names in the formula of a metric; empty for other metrics and invalid formulas.
fn names_in(catalogue: &Catalogue, name: &str) -> Vec<String> {
    match catalogue.all().find(|known| known.name() == name) {
        Some(Known::Metric(Metric { definition: MetricDefinition::Formula(formula), .. })) => {
            catalogue.read(formula).map(|expression| expression.names).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

fn remove(context: &Context, name: &str) -> Result<()> {
    let mut store = context.writer()?;
    store.transaction(Finish::Commit, |store| {
        if store.metric(name)?.is_none() {
            let names = store.metrics()?.into_iter().map(|metric| metric.name);
            return Err(unknown("metric", name, names, "metric list").into());
        }
        let uses = uses(store, name)?;
        if !uses.is_empty() {
            let message = format!("the metric '{name}' is in use: {}", uses.join(", "));
            return Err(not_allowed(message).hint("change or remove those first").into());
        }
        store.remove_metric(name)
    })?;
    context.ui.note(format!("the metric '{name}' is removed"));
    Ok(())
}

/// The uses of an attribute: in other metrics, segments, rules and health profiles.
fn uses(store: &Store, name: &str) -> Result<Vec<String>> {
    let catalogue = store.catalogue()?;
    let names_it = |names: &[String]| names.iter().any(|used| used.eq_ignore_ascii_case(name));
    let formulas =
        catalogue.formulas()?.into_iter().filter(|(_, expression)| names_it(&expression.names));
    let mut uses: Vec<String> =
        formulas.map(|(metric, _)| format!("metric '{}'", metric.name)).collect();
    for segment in store.segments()? {
        if names_it(&catalogue.read(&segment.condition)?.names) {
            uses.push(format!("segment '{}'", segment.name));
        }
    }
    for profile in store.profiles()? {
        for text in profile.expressions() {
            let use_of_it = format!("health profile '{}'", profile.name());
            if names_it(&catalogue.read(text)?.names) && !uses.contains(&use_of_it) {
                uses.push(use_of_it);
            }
        }
    }
    for stored in store.rules()? {
        let condition = stored.rule.logic.condition();
        let texts = stored.rule.where_expr.iter().chain(condition.map(|condition| &condition.when));
        let mut names: Vec<String> =
            condition.and_then(|condition| condition.key.clone()).into_iter().collect();
        for text in texts {
            names.extend(catalogue.read(text)?.names);
        }
        if names_it(&names) {
            uses.push(format!("rule '{}'", stored.rule.name));
        }
    }
    Ok(uses)
}
