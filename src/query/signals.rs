//! Filters on signals, for `list`, `ack --all` and exports.

use anyhow::Result;

use super::{ConditionOptions, csm_called, rule_called};
use crate::context::Context;
use crate::domain::company::CompanyKey;
use crate::domain::day::DayOrOffset;
use crate::domain::signal::{SignalState, SignalType};
use crate::store::{SignalFilter, Snoozed, Store};

/// Filters on signals.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct FilterOptions {
    /// Only signals of this type: good, bad or info
    #[arg(long = "type", value_name = "TYPE")]
    pub signal_type: Option<SignalType>,
    /// Only open or only closed signals
    #[arg(long, value_name = "STATE")]
    pub state: Option<SignalState>,
    /// Only signals about this event
    #[arg(long, value_name = "EVENT")]
    pub event: Option<String>,
    /// Only signals of this rule
    #[arg(long, value_name = "RULE")]
    pub rule: Option<String>,
    /// Only signals of this person's companies
    #[arg(long, value_name = "NAME")]
    pub csm: Option<String>,
    #[command(flatten)]
    pub companies: ConditionOptions,
    /// Only signals raised on this day or later
    #[arg(long, value_name = "DAY", allow_hyphen_values = true)]
    pub since: Option<DayOrOffset>,
    /// Only signals raised on this day or earlier
    #[arg(long, value_name = "DAY", allow_hyphen_values = true)]
    pub until: Option<DayOrOffset>,
    /// Only signals that chance explains with at most this probability
    #[arg(long, value_name = "P", value_parser = at_most_certain)]
    pub max_chance: Option<f64>,
    /// Only signals whose rule still held on the latest day run, or only those whose rule did not
    #[arg(long, value_name = "YES|NO", value_parser = yes_or_no)]
    pub holds: Option<bool>,
    /// Only snoozed signals, which are left out otherwise
    #[arg(long)]
    pub snoozed: bool,
}

impl FilterOptions {
    pub(crate) fn is_empty(&self) -> bool {
        self.of_signals(None) == SignalFilter::default()
            && self.since.is_none()
            && self.until.is_none()
            && self.companies.is_empty()
            && !self.snoozed
    }

    /// The filter for the signals of one company or all. Excludes snoozed signals, or selects only
    /// those.
    ///
    /// # Errors
    /// An unknown segment (exit 9); an invalid expression (exit 2).
    pub(crate) fn listed(
        &self,
        context: &Context,
        store: &Store,
        company: Option<CompanyKey>,
    ) -> Result<SignalFilter> {
        let today = context.today(store);
        Ok(SignalFilter {
            companies: self.companies.companies(context, store)?,
            snoozed: Some(if self.snoozed { Snoozed::On(today) } else { Snoozed::NotOn(today) }),
            rule: self.rule.as_ref().map(|name| rule_called(store, name)).transpose()?,
            since: self.since.map(|given| context.day(store, given)),
            until: self.until.map(|given| context.day(store, given)),
            csm: self.csm.as_ref().map(|name| csm_called(store, name)).transpose()?,
            ..self.of_signals(company)
        })
    }

    fn of_signals(&self, company: Option<CompanyKey>) -> SignalFilter {
        SignalFilter {
            company,
            signal_type: self.signal_type,
            state: self.state,
            event: self.event.clone(),
            rule: self.rule.clone(),
            csm: self.csm.clone(),
            max_chance: self.max_chance,
            holds: self.holds,
            ..SignalFilter::default()
        }
    }
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(format!("'{text}' is neither yes nor no")),
    }
}

/// Parses a probability, including 0 and 1.
fn at_most_certain(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value| (0.0..=1.0).contains(value));
    value.ok_or_else(|| format!("'{text}' is not a probability from 0 to 1"))
}
