//! `signals company downsell`: records that a customer pays less, with the reasons.

use anyhow::Result;
use clap::Args;

use crate::commands::reason_options::WhyOptions;
use crate::context::Context;
use crate::domain::company::CompanyKey;
use crate::domain::customer::to_the_cent;
use crate::domain::day::{Day, DayOrOffset};
use crate::domain::loss::Loss;
use crate::domain::reason::ReasonKind;
use crate::error::{not_allowed, usage};
use crate::query::{find_company, not_in_the_future};
use crate::store::{Finish, Store};

const MOST_MONEY: f64 = 1e13;

/// What a company pays now comes from imports; the amounts here are for reports.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  signals company downsell acme --on 2026-03-31 --reason-code seats/fewer-people
  signals company downsell acme --on today --reason-code plan/add-on-dropped")]
pub(crate) struct DownsellCompany {
    /// The company's id or name
    company: String,
    /// The first day on which it pays less
    #[arg(long, value_name = "DAY", allow_hyphen_values = true)]
    on: DayOrOffset,
    #[command(flatten)]
    why: WhyOptions,
    /// Monthly recurring revenue after it
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    mrr_after: Option<f64>,
    /// Monthly recurring revenue before it; what is known of the day before unless given
    #[arg(long, value_name = "AMOUNT", value_parser = amount, requires = "mrr_after")]
    mrr_before: Option<f64>,
}

impl DownsellCompany {
    /// # Errors
    /// An unknown company or reason code, or a company that is not a customer on that day (exit 9);
    /// a day in the future, or more revenue after it than before (exit 2).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        let mut store = context.writer()?;
        let company = find_company(&store, &self.company)?;
        let on = not_in_the_future(context, &store, self.on)?;
        if let Some(away) = store.breaks(company)?.into_iter().find(|away| away.covers(on)) {
            let (company, day) = (&self.company, away.churned_on);
            let message =
                format!("'{company}' was not a customer on {on}: it had churned on {day}");
            return Err(not_allowed(message).into());
        }
        let loss = Loss {
            company,
            kind: ReasonKind::Downsell,
            day: on,
            reason_codes: self.why.codes(&store, ReasonKind::Downsell)?,
            note: self.why.note(),
            mrr_before: self.mrr_before(&store, company, on)?,
            mrr_after: self.mrr_after,
            by: context.user(),
            at: context.clock.now(),
        };
        store.transaction(Finish::Commit, |store| store.add_loss(&loss))?;
        let less = loss.lost_mrr().map(|lost| format!(", {:.2} a month less", to_the_cent(lost)));
        let less = less.unwrap_or_default();
        context.ui.note(format!("'{}' pays less from {on} on{less}", self.company));
        if loss.reason_codes.is_empty() {
            context.ui.warning("a downsell without a reason code: `signals reason list --kind downsell` shows them");
        }
        Ok(())
    }

    fn mrr_before(&self, store: &Store, company: CompanyKey, on: Day) -> Result<Option<f64>> {
        let before = match self.mrr_before {
            Some(before) => Some(before),
            None => store.mrr_on(company, on.previous())?,
        };
        match (before, self.mrr_after) {
            (Some(before), Some(after)) if after >= before => {
                let company = &self.company;
                let message = format!(
                    "{after:.2} a month is no less than {before:.2}, what '{company}' paid before"
                );
                Err(usage(message).hint("--mrr-before says otherwise").into())
            }
            _ => Ok(before),
        }
    }
}

/// Parses an amount of money, 0 or more.
fn amount(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value| (0.0..MOST_MONEY).contains(value));
    value.ok_or_else(|| format!("'{text}' is not an amount of 0 or more"))
}
