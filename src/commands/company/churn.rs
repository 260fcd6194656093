//! `signals company churn`: records a churn with its reasons.

use anyhow::Result;
use clap::Args;

use crate::commands::reason_options::WhyOptions;
use crate::context::Context;
use crate::domain::customer::Break;
use crate::domain::day::DayOrOffset;
use crate::domain::loss::Loss;
use crate::domain::reason::ReasonKind;
use crate::error::{CommandError, not_allowed};
use crate::ops::work;
use crate::query::{find_company, not_in_the_future};
use crate::render::counted;
use crate::store::Finish;

/// For a company that is known to have left on that day, only the reasons are recorded.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  signals company churn acme --on 2026-03-31
  signals company churn acme --on today --reason-code switched/to-competitor")]
pub(crate) struct ChurnCompany {
    /// The company's id or name
    company: String,
    /// The first day on which it is not a customer
    #[arg(long, value_name = "DAY", allow_hyphen_values = true)]
    on: DayOrOffset,
    #[command(flatten)]
    why: WhyOptions,
}

impl ChurnCompany {
    /// # Errors
    /// An unknown company or reason code, or one that had churned already (exit 9); a day in the
    /// future (exit 2).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        let mut store = context.writer()?;
        let company = find_company(&store, &self.company)?;
        let on = not_in_the_future(context, &store, self.on)?;
        let away = store.breaks(company)?.into_iter().find(|away| away.covers(on));
        if let Some(away) = away.filter(|away| away.churned_on != on || self.why.is_empty()) {
            return Err(self.had_churned(&away).into());
        }
        let loss = Loss {
            company,
            kind: ReasonKind::Churn,
            day: on,
            reason_codes: self.why.codes(&store, ReasonKind::Churn)?,
            note: self.why.note(),
            mrr_before: store.mrr_on(company, on.previous())?,
            mrr_after: Some(0.0),
            by: context.user(),
            at: context.clock.now(),
        };
        let dropped = store.transaction(Finish::Commit, |store| {
            if away.is_none() {
                store.state_churn(company, on)?;
            }
            // A churn that is moved to another day keeps its reasons unless new ones are given.
            if !self.why.is_empty() || !store.has_recorded_churn(company, on)? {
                store.add_loss(&loss)?;
            }
            store.drop_tasks_of_churned(context.today(store), &work::stamp(context, store)?)
        })?;
        context.ui.note(format!("'{}' churned on {on}", self.company));
        if dropped > 0 {
            context.ui.note(format!("dropped {}", counted(dropped, "open task", "open tasks")));
        }
        if loss.reason_codes.is_empty() {
            let hint = "--reason-code says why; `signals reason list --kind churn` shows the codes";
            context.ui.hint(hint);
        }
        Ok(())
    }

    fn had_churned(&self, away: &Break) -> CommandError {
        let day = away.churned_on;
        not_allowed(format!("'{}' had churned on {day} already", self.company))
            .hint(format!("`signals company churn ID --on {day} --reason-code CODE` records why"))
    }
}
