//! `signals list`: the signals, filtered and sorted.

use anyhow::Result;
use clap::Args;

use super::options::FormatOption;
use super::output::Extras;
use crate::context::Context;
use crate::domain::similar_names::nearest;
use crate::query::{FilterOptions, both_days, find_company, the_one_called};
use crate::render::{self, counted};
use crate::store::{SignalFilter, SignalOrder, Snoozed, SortKey, Store};
use crate::views::signals::SIGNALS;

/// List signals, newest first unless sorted otherwise.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  signals list --type bad --state open
  signals list acme --sort chance
  signals list --csm ana --since 2026-03-01 --format csv")]
pub(crate) struct List {
    /// Only signals of this company, by its id or name
    company: Option<String>,
    #[command(flatten)]
    filter: FilterOptions,
    /// Sort by event, type, state, date or chance (`status` is taken for type)
    #[arg(long, value_name = "KEY", value_parser = sort_key)]
    sort: Option<SortKey>,
    /// Reverse the order
    #[arg(long, requires = "sort")]
    desc: bool,
    /// Show at most this many
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    #[command(flatten)]
    format: FormatOption,
}

/// So many signals beyond those that a limit shows are counted: more would take longer than the
/// list itself.
const COUNTED_BEYOND: u64 = 200;

impl List {
    /// # Errors
    /// An unknown company (exit 9).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        let store = context.reader()?;
        let company = self.company.as_deref().map(|text| find_company(&store, text)).transpose()?;
        let filter = self.filter.listed(context, &store, company)?;
        let order = match self.sort {
            Some(key) => SignalOrder { key, is_descending: self.desc, limit: self.limit },
            None => SignalOrder { limit: self.limit, ..SignalOrder::NEWEST_FIRST },
        };
        if self.format.is_table()
            && let Some(days) = both_days(context, &store)?
        {
            context.ui.note(days);
        }
        let mut count = 0;
        let known = self.known_columns();
        let extras = Extras { known: &known, link: store.company_link()? };
        self.format.print_with(context, &SIGNALS, &extras, |each| {
            store.for_each_signal(&filter, order, |signal| {
                count += 1;
                each(&signal)
            })
        })?;
        match count {
            0 => explain_nothing(context, &store, &self.filter),
            _ if self.format.is_table() => self.print_total(context, &store, &filter, count),
            _ => Ok(()),
        }
    }

    /// The columns with the same value in every row, because of the filters.
    fn known_columns(&self) -> Vec<&'static str> {
        let FilterOptions { signal_type, state, event, csm, holds, .. } = &self.filter;
        let known = [
            (self.company.is_some(), "company"),
            (csm.is_some(), "csm"),
            (signal_type.is_some(), "type"),
            (state.is_some(), "state"),
            (holds.is_some(), "holds"),
            (event.is_some(), "event"),
        ];
        known.into_iter().filter(|(is_known, _)| *is_known).map(|(_, title)| title).collect()
    }

    /// Prints the number of signals, and how many of them are shown.
    fn print_total(
        &self,
        context: &Context,
        store: &Store,
        filter: &SignalFilter,
        shown: u64,
    ) -> Result<()> {
        context.ui.flush()?;
        let all = match self.limit {
            Some(limit) if limit == shown => {
                store.count_signals(filter, Some(shown.saturating_add(COUNTED_BEYOND + 1)))?
            }
            _ => shown,
        };
        let total = match all > shown.saturating_add(COUNTED_BEYOND) {
            true => format!("more than {}", counted(all - 1, "signal", "signals")),
            false => counted(all, "signal", "signals"),
        };
        let snoozed = match filter.snoozed {
            Some(Snoozed::NotOn(day)) if store.has_snoozed_signals(day)? => {
                let filter = SignalFilter { snoozed: Some(Snoozed::On(day)), ..filter.clone() };
                store.count_signals(&filter, None)?
            }
            _ => 0,
        };
        let left_out = match snoozed {
            0 => String::new(),
            count => format!("; {} snoozed: --snoozed shows them", render::thousands(count)),
        };
        context.ui.note(match all > shown {
            true => format!("{shown} of {total} shown; --limit N shows more{left_out}"),
            false => format!("{total}{left_out}"),
        });
        Ok(())
    }
}

/// Explains filters that match nothing because of a misspelled name, or of one that fits several.
pub(super) fn explain_nothing(
    context: &Context,
    store: &Store,
    filter: &FilterOptions,
) -> Result<()> {
    context.ui.flush()?;
    let FilterOptions { csm, event, rule, .. } = filter;
    explain_csm(context, store, csm.as_deref())?;
    if let Some(event) = event {
        explain_unknown(context, "there is no event", event, store.event_names()?);
    }
    if let Some(rule) = rule {
        explain_unfound(context, "rules", "there is no rule", rule, store.rule_names()?);
    }
    Ok(())
}

/// Explains `--csm` with a name that no company has, or with one that fits several.
pub(super) fn explain_csm(context: &Context, store: &Store, csm: Option<&str>) -> Result<()> {
    let Some(csm) = csm else { return Ok(()) };
    let csms: Vec<String> = store.csms()?.into_iter().map(|(_, csm)| csm).collect();
    explain_unfound(context, "CSMs", "no company is looked after by", csm, csms);
    Ok(())
}

/// Explains a name that is found by its beginning, too.
fn explain_unfound(context: &Context, these: &str, what: &str, asked: &str, known: Vec<String>) {
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    match the_one_called(these, &names, asked) {
        Err(error) => context.ui.hint(format!("{}: {}", error.message, error.hints.join("; "))),
        Ok(None) => explain_unknown(context, what, asked, known),
        Ok(Some(_)) => {}
    }
}

fn explain_unknown(context: &Context, what: &str, asked: &str, known: Vec<String>) {
    if !known.iter().any(|name| name == asked) {
        let like =
            nearest(asked, known.into_iter()).map(|name| format!("; did you mean '{name}'?"));
        context.ui.hint(format!("{what} '{asked}'{}", like.unwrap_or_default()));
    }
}

fn sort_key(text: &str) -> Result<SortKey, String> {
    if text == "status" { Ok(SortKey::Type) } else { text.parse() }
}
