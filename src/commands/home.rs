//! `signals` without a command: what needs attention today, or how to begin.

use anyhow::Result;

use super::options::FormatOption;
use super::output::Extras;
use crate::context::Context;
use crate::domain::attributes::Datum;
use crate::domain::health::Band;
use crate::domain::signal::{SignalState, SignalType};
use crate::query::{AsOfOption, SelectedCompanies, has_churned};
use crate::render::escape::for_terminal;
use crate::render::{counted, thousands};
use crate::store::{SignalFilter, SignalOrder, Snoozed, Store};
use crate::views::signals::NEWEST;

/// At most this many signals are shown.
const SHOWN: u64 = 10;

/// Renewals within this many days are mentioned.
const SOON: i32 = 30;

const BEGIN: &str = "\
signals watches your customers and says which of them need a person today.

To see it at work on built-in data:
  signals demo

To begin with your own:
  signals import events.csv        what people did: company_id, event, timestamp
  signals import companies.csv     who they are: company_id, name, csm, plan, …
  signals event list               the events there are
  signals rule preset add --usual  watch what most teams watch
  signals run                      compare each customer with the period before
  signals list                     see what came of it

`signals --help` lists all commands.
";

/// Shows the newest open bad signals, or how to begin if there is no database.
pub(crate) fn run(context: &Context) -> Result<()> {
    match context.database() {
        Ok(path) if path.exists() => {}
        Ok(path) => {
            let path = path.display().to_string();
            let path = for_terminal(&path);
            return context.ui.data(format!("{BEGIN}\nThere is no database at {path} yet.\n"));
        }
        Err(_) => return context.ui.data(BEGIN),
    }
    let store = context.reader()?;
    let totals = store.open_totals(context.today(&store))?;
    let awake = |wanted| {
        let total = totals.iter().find(|(kind, ..)| *kind == wanted);
        total.map_or(0, |(_, count, snoozed)| count - snoozed)
    };
    let [bad, good, info] = [SignalType::Bad, SignalType::Good, SignalType::Info].map(awake);
    let as_of = store.latest_run_day()?.map(|day| format!(", as of {day}")).unwrap_or_default();
    let snoozed = match totals.iter().map(|(.., snoozed)| snoozed).sum() {
        0 => String::new(),
        snoozed => format!("; {} more snoozed: `signals list --snoozed`", thousands(snoozed)),
    };
    context
        .ui
        .note(format!("{bad} bad, {good} good and {info} info signals are open{as_of}{snoozed}"));
    if bad > 0 {
        print_newest(context, &store)?;
    }
    if bad > SHOWN {
        let hint = "`signals list --type bad --state open` shows all";
        context.ui.note(format!("the newest {SHOWN} of {bad}; {hint}"));
    }
    report_day(context, &store)?;
    advise(context, &store, bad)
}

/// Prints what else needs attention: poor health, tasks, renewals.
fn report_day(context: &Context, store: &Store) -> Result<()> {
    const NAMES: [&str; 4] = ["churned_on", "health_band", "renewal_on", "overdue_tasks"];
    let as_of = AsOfOption::default().resolve(context, store)?;
    let customers = SelectedCompanies::select(store, &store.catalogue()?, &NAMES, &[], as_of)?;
    let (mut poor, mut soon, mut late, mut overdue) = (0, 0, 0, 0);
    for values in customers.values(&NAMES)? {
        if has_churned(values[0], as_of.last_day()) {
            continue;
        }
        let days =
            if let Datum::Day(day) = values[2] { Some(*day - as_of.last_day()) } else { None };
        poor += u64::from(values[1].text().as_deref() == Some(Band::Poor.as_str()));
        soon += u64::from(days.is_some_and(|days| (0..=SOON).contains(&days)));
        late += u64::from(days.is_some_and(|days| days < 0));
        overdue += values[3].number().unwrap_or_default() as u64;
    }
    let parts = [
        (poor, "customer in poor health", "customers in poor health"),
        (soon, "renewal within 30 days", "renewals within 30 days"),
        (late, "overdue renewal", "overdue renewals"),
        (overdue, "overdue task", "overdue tasks"),
    ];
    let parts = parts.into_iter().filter(|(number, ..)| *number > 0);
    let parts: Vec<String> = parts.map(|(number, one, many)| counted(number, one, many)).collect();
    if !parts.is_empty() {
        context.ui.note(parts.join(", "));
        context.ui.hint("`signals agenda` says what to do this week, `signals report dashboard` how everything stands");
    }
    Ok(())
}

fn print_newest(context: &Context, store: &Store) -> Result<()> {
    let filter = SignalFilter {
        signal_type: Some(SignalType::Bad),
        state: Some(SignalState::Open),
        snoozed: Some(Snoozed::NotOn(context.today(store))),
        customers_on: Some(context.today(store)),
        ..SignalFilter::default()
    };
    let order = SignalOrder { limit: Some(SHOWN), ..SignalOrder::NEWEST_FIRST };
    let extras = Extras { link: store.company_link()?, ..Extras::default() };
    FormatOption::default().print_with(context, &NEWEST, &extras, |each| {
        store.for_each_signal(&filter, order, |signal| each(&signal))
    })?;
    context.ui.flush()
}

/// Prints what to do next.
fn advise(context: &Context, store: &Store, bad: u64) -> Result<()> {
    let (ui, yesterday) = (&context.ui, context.today(store).previous());
    let Some(data) = store.event_days()? else {
        ui.hint("`signals import FILE` brings events and companies");
        return Ok(());
    };
    if data.to < yesterday {
        let days = counted((yesterday - data.to).unsigned_abs().into(), "day", "days");
        ui.note(format!("your data ends on {}, {days} before yesterday", data.to));
    }
    ui.hint(if store.rules()?.is_empty() {
        "`signals rule preset add --usual` adds the rules that suit most teams"
    } else if store.latest_run_day()?.is_none() {
        "`signals run` runs yesterday; `signals run --from DAY --to DAY` runs days that have passed"
    } else if bad > 0 {
        "`signals show ID` explains one, `signals ack ID --reason TEXT` closes it"
    } else {
        "`signals list` shows all signals, `signals status` where the database stands"
    });
    Ok(())
}
