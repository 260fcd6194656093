//! `signals status`: the state of the database.

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::options::FormatOption;
use super::output;
use crate::context::Context;
use crate::domain::day::Day;
use crate::domain::signal::{SignalState, SignalType};
use crate::error::{CommandError, ErrorKind};
use crate::render::Value;
use crate::run;
use crate::store::Store;

/// Show the state of the database: the last import, the last run, and the open signals.
#[derive(Debug, Args)]
#[command(after_help = "Example, for a monitor:\n  signals status --max-age 26h --quiet")]
pub(crate) struct Status {
    /// Fail with exit code 12 when the last run is older than this: 90m, 26h, 2d
    #[arg(long, value_name = "AGE", value_parser = age)]
    max_age: Option<i64>,
    #[command(flatten)]
    format: FormatOption,
}

impl Status {
    /// # Errors
    /// The last run is older than --max-age, or there is none (exit 12).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        let store = context.reader()?;
        let fields = fields(context, &store)?;
        if self.format.is_table() {
            context.ui.page(|screen| {
                screen.heading("Status");
                output::draw_record(screen, &fields, text);
            })?;
        } else {
            self.format.print_record(context, fields)?;
        }
        let today = context.today(&store);
        store.csms_missing_in_team(today)?.iter().for_each(|line| context.ui.note(line));
        match self.max_age {
            Some(seconds) => require_recent_run(context, &store, seconds),
            None => Ok(()),
        }
    }
}

fn fields(context: &Context, store: &Store) -> Result<Vec<(&'static str, Value<'static>)>> {
    let data = store.event_days()?;
    let last_run = store.last_run()?;
    let totals = store.signal_totals()?;
    let total = |wanted, state| -> u64 {
        totals.iter().filter(|(t, s, _)| *t == wanted && *s == state).map(|(.., count)| count).sum()
    };
    let latest_day: Option<Day> = store.latest_run_day()?;
    let enabled = store.rules()?.iter().filter(|stored| stored.rule.enabled).count() as u64;
    let undelivered = store.undelivered_messages()?;
    let (waiting, dead): (Vec<_>, Vec<_>) =
        undelivered.iter().partition(|message| message.next_try_at.is_some());
    let due = run::due_days(store, context.today(store))?;
    let waiting_days = due.map(|due| due.waiting).filter(|days| !days.is_empty());
    Ok(vec![
        ("database", store.path().display().to_string().into()),
        ("schema", (crate::store::SCHEMA_VERSION as u64).into()),
        ("timezone", store.zone().name().to_owned().into()),
        ("companies", store.company_count()?.into()),
        ("events_from", data.map(|data| data.from).into()),
        ("events_to", data.map(|data| data.to).into()),
        ("rules_enabled", enabled.into()),
        ("last_events_import_at", store.last_import_of_events()?.into()),
        ("last_run_at", last_run.map(|run| run.finished_at).into()),
        ("last_day_run", latest_day.into()),
        ("bad_open_signals", total(SignalType::Bad, SignalState::Open).into()),
        ("bad_closed_signals", total(SignalType::Bad, SignalState::Closed).into()),
        ("good_open_signals", total(SignalType::Good, SignalState::Open).into()),
        ("good_closed_signals", total(SignalType::Good, SignalState::Closed).into()),
        ("info_open_signals", total(SignalType::Info, SignalState::Open).into()),
        ("info_closed_signals", total(SignalType::Info, SignalState::Closed).into()),
        ("unread_notices", store.unread_notices()?.into()),
        ("messages_waiting", (waiting.len() as u64).into()),
        ("messages_dead", (dead.len() as u64).into()),
        ("last_message_sent_at", store.last_delivery()?.into()),
        ("data_complete_to", due.map(|due| due.complete).into()),
        ("waiting_since", waiting_days.map(|days| days.from).into()),
        ("withheld", withheld(store)?),
    ])
}

/// The rules whose signals were held back on the latest day run.
fn withheld(store: &Store) -> Result<Value<'static>> {
    let rules = store.withheld_now()?.into_iter().map(|held_back| {
        json!({
            "rule": held_back.rule,
            "companies": held_back.companies,
            "since": held_back.since.to_string(),
            "cause": held_back.cause.to_string(),
        })
    });
    Ok(Value::Nested(rules.collect()))
}

fn text(value: &Value<'_>) -> String {
    match value {
        // Instants are shown without fractions of a second.
        Value::Text(text) => match text.split_once('.') {
            Some((instant, fraction)) if fraction.ends_with('Z') => format!("{instant}Z"),
            _ => text.to_string(),
        },
        Value::Whole(number) => number.to_string(),
        Value::Nested(serde_json::Value::Array(rules)) if !rules.is_empty() => {
            let rules = rules.iter().map(|rule| {
                let [rule, companies, since] = ["rule", "companies", "since"]
                    .map(|field| rule[field].to_string().replace('"', ""));
                format!("{rule} for {companies} companies since {since}")
            });
            rules.collect::<Vec<_>>().join("; ")
        }
        Value::Day(day) => day.to_string(),
        _ => "-".to_owned(),
    }
}

fn require_recent_run(context: &Context, store: &Store, seconds: i64) -> Result<()> {
    let hint = "`signals run` runs the days that are due; is cron alive?";
    let message = match store.last_run()?.map(|run| run.finished_at) {
        None => "no day was ever run".to_owned(),
        Some(last) if context.clock.now().micros() - last.micros() <= seconds * 1_000_000 => {
            return Ok(());
        }
        Some(last) => format!("the last run was at {last}"),
    };
    Err(CommandError::new(ErrorKind::Stale, message).hint(hint).into())
}

/// Parses an age such as `26h` as seconds.
fn age(text: &str) -> Result<i64, String> {
    let wrong = || format!("'{text}' is not an age; write it like 90m, 26h or 2d");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let number: i64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    if number < 0 { Err(wrong()) } else { number.checked_mul(seconds).ok_or_else(wrong) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_a_unit() {
        assert_eq!(age("26h"), Ok(93_600));
        assert_eq!(age("2d"), Ok(172_800));
        assert!(age("26").is_err() && age("h").is_err() && age("-1h").is_err() && age("").is_err());
    }
}
