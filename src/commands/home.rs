//! `signals` alone: what needs attention today, or how to begin.

use anyhow::Result;

use super::output;
use crate::context::Context;
use crate::domain::signal::{SignalType, State};
use crate::render::Format;
use crate::store::{SignalFilter, SignalOrder};
use crate::views::signals::SIGNALS;

/// How many signals are shown.
const SHOWN: u64 = 10;

const BEGIN: &str = "\
signals watches your customers and says which of them need a person today.

To see it at work on built-in data:
  signals demo

To begin with your own:
  signals import events.csv        what people did: company_id, event, timestamp
  signals import companies.csv     who they are: company_id, name, csm, plan, …
  signals event list               the events there are
  signals rule set login           watch one of them
  signals run                      compare each customer with the period before
  signals list                     see what came of it

`signals --help` lists all commands.
";

/// Shows the newest open bad signals, or how to begin where there is no database.
///
/// # Errors
/// A database that cannot be read.
pub fn run(context: &Context) -> Result<()> {
    match context.database() {
        Ok(path) if path.exists() => {}
        _ => return context.ui.data(BEGIN),
    }
    let store = context.reader()?;
    let totals = store.signal_totals()?;
    let open = |wanted| -> u64 {
        totals.iter().filter(|(t, s, _)| *t == wanted && *s == State::Open).map(|(.., count)| count).sum()
    };
    let last = store.latest_run_day()?.map_or_else(|| "no day was run yet".to_owned(), |day| format!("as of {day}"));
    let (bad, good, info) = (open(SignalType::Bad), open(SignalType::Good), open(SignalType::Info));
    context.ui.note(format!("{bad} bad, {good} good and {info} info signals are open, {last}"));
    let filter =
        SignalFilter { signal_type: Some(SignalType::Bad), state: Some(State::Open), ..SignalFilter::default() };
    let order = SignalOrder { limit: Some(SHOWN), ..SignalOrder::NEWEST_FIRST };
    output::print_list(&context.ui, Format::Table, &SIGNALS, |each| {
        store.for_each_signal(&filter, order, |signal| each(&signal))
    })?;
    context.ui.flush()?;
    if bad > SHOWN {
        context.ui.note(format!("the newest {SHOWN} of {bad}; `signals list --type bad --state open` shows all"));
    }
    match bad {
        0 => context.ui.hint("`signals status` tells what was imported and run, `signals --help` what can be done"),
        _ => context.ui.hint("`signals show ID` explains one, `signals ack ID --reason TEXT` closes it"),
    }
    Ok(())
}
