//! Previews: what rules would raise, shown before they are saved.

use std::collections::HashMap;

use anyhow::Result;

use crate::backtest::ReplayedSignal;
use crate::backtest::preview::preview;
use crate::context::Context;
use crate::domain::company::CompanyKey;
use crate::domain::rule::{Rule, RuleLogic, TrendRule};
use crate::error::usage;
use crate::render::counted;
use crate::store::Store;
use crate::views::preview::{ByCsm, PreviewView, Variant, added};

/// Above this number of signals for one CSM, the user is asked for confirmation.
const MOST_FOR_A_CSM: u64 = 20;

/// The guard against chance that the preview shows for comparison.
const PREVIEW_CHANCE: f64 = 0.01;

/// What each rule would raise; empty without data.
pub(super) fn previews(
    context: &Context,
    store: &Store,
    rules: &[Rule],
) -> Result<Vec<PreviewView>> {
    let mut ways: Vec<Rule> = rules.to_vec();
    let mut titles = Vec::new();
    for (place, rule) in rules.iter().enumerate() {
        for (title, field, trend) in other_guards(rule) {
            ways.push(Rule { logic: RuleLogic::Trend(trend), ..rule.clone() });
            titles.push((place, title, field));
        }
    }
    let Some(found) = preview(store, &ways, rules.len(), context.today(store))? else {
        return Ok(Vec::new());
    };
    let csms: HashMap<CompanyKey, String> = store.csms()?.into_iter().collect();
    let (as_they_are, guarded) = found.signals.split_at(rules.len());
    let view = |(place, rule): (usize, &Rule)| {
        let as_it_is = Variant {
            title: "a week",
            field: "as_it_is",
            by_csm: by_csm(&as_they_are[place], &csms),
        };
        let others = titles.iter().zip(guarded).filter(|((of, ..), _)| *of == place);
        let others = others.map(|((_, title, field), signals)| Variant {
            title,
            field,
            by_csm: by_csm(signals, &csms),
        });
        PreviewView {
            rule: rule.name.clone(),
            days: found.days,
            first_run: by_csm(&found.first_run[place], &csms),
            variants: std::iter::once(as_it_is).chain(others).collect(),
        }
    };
    Ok(rules.iter().enumerate().map(view).collect())
}

/// A trend rule without its guard against chance, and with the usual one.
fn other_guards(rule: &Rule) -> Vec<(&'static str, &'static str, TrendRule)> {
    let Some(trend) = rule.logic.trend() else { return Vec::new() };
    let with = |max_chance| TrendRule { max_chance, ..trend.clone() };
    let mut ways = Vec::new();
    if trend.max_chance.is_some() {
        ways.push(("without --max-chance", "without_max_chance", with(None)));
    }
    if trend.max_chance != Some(PREVIEW_CHANCE) {
        ways.push(("with --max-chance 0.01", "max_chance_0.01", with(Some(PREVIEW_CHANCE))));
    }
    ways
}

fn by_csm(signals: &[ReplayedSignal], csms: &HashMap<CompanyKey, String>) -> ByCsm {
    let mut counts = ByCsm::new();
    for signal in signals {
        *counts.entry(csms.get(&signal.company).cloned().unwrap_or_default()).or_insert(0) += 1;
    }
    counts
}

/// Asks for confirmation of rules whose first run would raise more than 20 signals for a CSM.
///
/// # Errors
/// No terminal (exit 2); an answer other than yes (exit 9).
pub(super) fn ask_about_floods(
    context: &Context,
    previews: &[&PreviewView],
    is_agreed: bool,
) -> Result<()> {
    let first_run = added(previews.iter().map(|preview| preview.first_run.clone()));
    let is_flood = |(csm, count): &(&String, &u64)| !csm.is_empty() && **count > MOST_FOR_A_CSM;
    let mut floods: Vec<(&String, &u64)> = first_run.iter().filter(is_flood).collect();
    floods.sort_by_key(|(csm, count)| (std::cmp::Reverse(**count), *csm));
    let Some((csm, count)) = floods.first() else { return Ok(()) };
    let others = match floods.len() as u64 - 1 {
        0 => String::new(),
        more => {
            let others = counted(more, "other CSM", "other CSMs");
            format!(", and more than {MOST_FOR_A_CSM} for {others}")
        }
    };
    let signals = counted(**count, "signal", "signals");
    let flood = format!("the first run would raise {signals} for {csm}{others}");
    if is_agreed {
        context.ui.warning(flood);
        return Ok(());
    }
    if !context.ui.can_ask() {
        let hint = "--yes saves it anyway; a stricter rule or --where raises fewer";
        return Err(usage(flood).hint(hint).into());
    }
    context.ui.confirm(&format!("{flood}. Save it anyway?"))
}
