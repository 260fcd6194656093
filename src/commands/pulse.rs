//! `signals pulse`: people's judgement of customers.

use anyhow::Result;
use clap::{Args, Subcommand};

use super::options::FormatOption;
use crate::commands::reason_options::WhyOptions;
use crate::context::Context;
use crate::domain::day::DayOrOffset;
use crate::domain::pulse::{self, Level, MOST_REASONS, Pulse, PulseMark};
use crate::domain::reason::ReasonKind;
use crate::domain::success_score::success_score;
use crate::error::usage;
use crate::ops::acknowledge;
use crate::query::{find_company, not_in_the_future};
use crate::run;
use crate::store::{Finish, Store};
use crate::views::pulses::{HISTORY, HistoryRow, SCALE, ScaleRow};

/// Record your judgement of a customer on six levels, and show its history.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  signals pulse set acme some-risk --reason-code support/response-time
  signals pulse history acme
  signals pulse scale")]
pub(crate) enum PulseCommand {
    /// Set the pulse of a company
    Set(SetPulse),
    /// Show a company's pulses with their reasons, and a sparkline
    #[command(
        after_help = "Examples:\n  signals pulse history acme\n  signals pulse history acme --format json"
    )]
    History {
        /// The company's id or name
        company: String,
        #[command(flatten)]
        format: FormatOption,
    },
    /// Show the six levels, with the team's guideline for each
    #[command(after_help = "Example:\n  signals pulse scale")]
    Scale(FormatOption),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  signals pulse set acme 5
  signals pulse set acme 3 --reason-code support/response-time --on yesterday
  signals pulse set acme high-risk --reason-code relationship/champion-left")]
pub(crate) struct SetPulse {
    /// The company's id or name
    company: String,
    /// The level: 1 to 6, or severe-risk, high-risk, some-risk, satisfied, very-satisfied,
    /// extremely-satisfied
    level: Level,
    #[command(flatten)]
    why: WhyOptions,
    /// The day from which it counts
    #[arg(long, value_name = "DAY", allow_hyphen_values = true)]
    on: Option<DayOrOffset>,
}

impl PulseCommand {
    /// # Errors
    /// An unknown company or reason code (exit 9); a day in the future, or too many reason codes
    /// (exit 2).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        match self {
            PulseCommand::Set(args) => args.run(context),
            PulseCommand::History { company, format } => history(context, &company, format),
            PulseCommand::Scale(format) => scale(context, format),
        }
    }
}

impl SetPulse {
    fn run(self, context: &Context) -> Result<()> {
        let mut store = context.writer()?;
        let company = find_company(&store, &self.company)?;
        let on = self.on.map(|day| not_in_the_future(context, &store, day)).transpose()?;
        let reason_codes = self.why.codes(&store, ReasonKind::Pulse)?;
        if reason_codes.len() > MOST_REASONS {
            let given = reason_codes.len();
            let message = format!("{given} reason codes are more than {MOST_REASONS}");
            let hint = "give those that matter most; --note has room for more";
            return Err(usage(message).hint(hint).into());
        }
        let has_reason = !reason_codes.is_empty();
        let before = store.pulses(company)?;
        let (pulse, raised) = store.transaction(Finish::Commit, |store| {
            let today = context.today(store);
            let mark =
                PulseMark { day: on.unwrap_or(today), at: context.clock.now(), level: self.level };
            let (note, by) = (self.why.note(), Some(context.user()));
            let pulse = Pulse { company, mark, reason_codes, note, by };
            store.save_fact(&pulse)?;
            // A pulse of an earlier day takes effect when that day is run again, or on the next
            // run.
            let raised = match mark.day == today {
                true => run::after_pulse(store, &context.clock, company, mark.day)?,
                false => Vec::new(),
            };
            Ok((pulse, raised))
        })?;
        if self.level.is_at_risk() && !has_reason {
            context.ui.warning(format!(
                "{} without a reason code: --reason-code says what puts them at risk",
                self.level
            ));
        }
        self.tell(context, &store, &pulse, &before)?;
        for id in raised {
            context.ui.note(format!("raised {}", acknowledge::named(&store, &[id])?));
        }
        Ok(())
    }

    fn tell(
        &self,
        context: &Context,
        store: &Store,
        pulse: &Pulse,
        before: &[Pulse],
    ) -> Result<()> {
        let (day, level) = (pulse.mark.day, pulse.mark.level);
        let marks: Vec<PulseMark> = before.iter().map(|pulse| pulse.mark).collect();
        let old = pulse::current(&marks, day).map(|old| format!("; it was {}", old.level));
        let old = old.unwrap_or_default();
        context.ui.note(format!("the pulse of '{}' is {level} from {day} on{old}", self.company));
        context.ui.note(format!("{level}: {}", store.guideline(level)?));
        let all = pulse::in_order(marks.into_iter().chain([pulse.mark]).collect());
        if let Some(score) = success_score(&all, day) {
            context.ui.note(format!("SuccessScore on {day}: {:.1}", pulse::to_one_decimal(score)));
        }
        if let Some(later) = all.last().filter(|last| last.day > day) {
            let (day, level) = (later.day, later.level);
            context.ui.note(format!("since {day} it is {level}, which was set for a later day"));
        }
        Ok(())
    }
}

/// Prints each pulse of a company, oldest first.
fn history(context: &Context, company: &str, format: FormatOption) -> Result<()> {
    let store = context.reader()?;
    let key = find_company(&store, company)?;
    let company = store.company(key)?;
    let rows = HistoryRow::all(&company, store.pulses(key)?);
    if !format.is_table() || rows.is_empty() {
        return format.print(context, &HISTORY, &rows);
    }
    context.ui.page(|screen| {
        screen.heading(company.name.as_deref().unwrap_or(&company.company_id));
        screen.pairs(rows.last().map(|last| ("journey", last.journey.clone())));
        screen.gap();
        screen.table(&HISTORY.table(&rows));
    })
}

fn scale(context: &Context, format: FormatOption) -> Result<()> {
    let store = context.reader()?;
    let row = |level| Ok(ScaleRow { level, guideline: store.guideline(level)? });
    let rows = Level::ALL.into_iter().map(row).collect::<Result<Vec<_>>>()?;
    format.print(context, &SCALE, &rows)
}
