//! `signals rule try`: the effect of an edit, before it is made.

use anyhow::Result;

use super::check_rule;
use super::options::RuleRequest;
use crate::backtest::trial::try_edit;
use crate::commands::backtest::{no_events, replay_progress};
use crate::context::Context;
use crate::query::of_the_command_line;
use crate::run::last_complete_day;
use crate::views::backtest::{TRIAL_FIELDS, TrialView};

/// Replays the rule as it is and as it would be over the last 90 days of data, and prints the
/// differences. Nothing is saved.
pub(super) fn run(context: &Context, request: &RuleRequest) -> Result<()> {
    let mut store = context.reader()?;
    let stored = store.rule(&request.name)?;
    let then = request.rule(stored.as_ref())?;
    check_rule(&store, &then).map_err(of_the_command_line)?;
    let now = stored.filter(|stored| !stored.is_removed).map(|stored| stored.rule);
    let nothing = || no_events("to try the rule on");
    let data = store.event_days()?.ok_or_else(nothing)?;
    let until = last_complete_day(&store, context.today(&store))?.ok_or_else(nothing)?;
    let bar = replay_progress(context, data, until);
    let trial = try_edit(&mut store, now.as_ref(), &then, until, |_| bar.inc(1));
    bar.finish_and_clear();
    let trial = trial?.ok_or_else(nothing)?;
    let ids = store.company_summaries()?.into_iter();
    let ids = ids.map(|summary| (summary.key, summary.company_id)).collect();
    let view = TrialView { rule: request.name.clone(), trial, ids };
    match request.format.is_table() {
        true => context.ui.page(|screen| view.draw(screen)),
        false => request.format.print_record(context, TRIAL_FIELDS.of(&view)),
    }
}
