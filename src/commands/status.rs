//! `signals status`: the state of the database.

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::options::FormatOption;
use crate::context::Context;
use crate::domain::day::{Day, Instant};
use crate::domain::signal::{SignalState, SignalType};
use crate::error::{CommandError, ErrorKind};
use crate::render::{Format, RecordWriter, Screen, Value};
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

const FIELDS: [&str; 23] = [
    "database",
    "schema",
    "timezone",
    "companies",
    "events_from",
    "events_to",
    "rules_enabled",
    "last_events_import_at",
    "last_run_at",
    "last_day_run",
    "bad_open_signals",
    "bad_closed_signals",
    "good_open_signals",
    "good_closed_signals",
    "info_open_signals",
    "info_closed_signals",
    "unread_notices",
    "messages_waiting",
    "messages_dead",
    "last_message_sent_at",
    "data_complete_to",
    "waiting_since",
    "withheld",
];

impl Status {
    /// Prints the state of the database.
    ///
    /// # Errors
    /// The last run is older than --max-age, or there is none (exit 12).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        let store = context.reader()?;
        let values = values(context, &store)?;
        if self.format.format == Format::Table {
            let mut screen = Screen::new(context.ui.look());
            screen.heading("Status");
            let names: Vec<String> = FIELDS.iter().map(|name| name.replace('_', " ")).collect();
            screen
                .pairs(names.iter().zip(&values).map(|(name, value)| (name.as_str(), text(value))));
            context.ui.page(&screen.into_text())?;
        } else {
            let writer = RecordWriter::new(self.format.format, &FIELDS);
            context.ui.records(writer, |record| record(&values))?;
        }
        let today = context.clock.now().day_in(store.zone());
        store.csms_missing_in_team(today)?.iter().for_each(|line| context.ui.note(line));
        match self.max_age {
            Some(seconds) => require_recent_run(context, &store, seconds),
            None => Ok(()),
        }
    }
}

fn values(context: &Context, store: &Store) -> Result<Vec<Value<'static>>> {
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
        store.path().display().to_string().into(),
        (crate::store::SCHEMA_VERSION as u64).into(),
        store.zone().name().to_owned().into(),
        store.company_count()?.into(),
        data.map(|data| data.from).into(),
        data.map(|data| data.to).into(),
        enabled.into(),
        store.last_import_of_events()?.into(),
        last_run.map(|run| run.finished_at).into(),
        latest_day.into(),
        total(SignalType::Bad, SignalState::Open).into(),
        total(SignalType::Bad, SignalState::Closed).into(),
        total(SignalType::Good, SignalState::Open).into(),
        total(SignalType::Good, SignalState::Closed).into(),
        total(SignalType::Info, SignalState::Open).into(),
        total(SignalType::Info, SignalState::Closed).into(),
        store.unread_notices()?.into(),
        (waiting.len() as u64).into(),
        (dead.len() as u64).into(),
        store.last_delivery()?.into(),
        due.map(|due| due.complete).into(),
        waiting_days.map(|days| days.from).into(),
        withheld(store)?,
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
                let text = |field: &str| rule[field].to_string().replace('"', "");
                format!(
                    "{} for {} companies since {}",
                    text("rule"),
                    text("companies"),
                    text("since")
                )
            });
            rules.collect::<Vec<_>>().join("; ")
        }
        Value::Day(day) => day.to_string(),
        _ => "-".to_owned(),
    }
}

fn require_recent_run(context: &Context, store: &Store, seconds: i64) -> Result<()> {
    let hint = "`signals run` runs the days that are due; is cron alive?";
    let last: Option<Instant> = store.last_run()?.map(|run| run.finished_at);
    let Some(last) = last else {
        return Err(CommandError::new(ErrorKind::Stale, "no day was ever run").hint(hint).into());
    };
    if context.clock.now().micros() - last.micros() <= seconds * 1_000_000 {
        return Ok(());
    }
    Err(CommandError::new(ErrorKind::Stale, format!("the last run was at {last}"))
        .hint(hint)
        .into())
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
