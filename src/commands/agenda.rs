//! `signals agenda`: the working list.

use anyhow::Result;
use clap::Args;

use super::options::FormatOption;
use super::{run, task};
use crate::context::Context;
use crate::ops::agenda;
use crate::query::{AsOfOption, both_days, person_meant};
use crate::views::agenda::{AGENDA, Asked};

/// Show what to do next, company by company, most at stake first.
///
/// A company is on the agenda with open signals, tasks that are overdue or due within seven days, a
/// business review that is due, or another reason to act: a renewal that is overdue or within 90
/// days, a pulse at risk, poor or falling health. Churned companies and snoozed signals are left
/// out. What is at stake is counted in points, which docs/actions.md lists.
///
/// A review is due 90 days after the last touchpoint of kind review. Companies that never had one
/// get it only while the rule review-due is on.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  signals agenda
  signals agenda --csm ana --all
  signals agenda --as-of 2026-03-30 --format json")]
pub(crate) struct Agenda {
    /// Only this person's companies, tasks and signals [default: SIGNALS_USER, if that is a CSM]
    #[arg(long, value_name = "NAME")]
    csm: Option<String>,
    /// Everybody's, even if SIGNALS_USER is a CSM
    #[arg(long, conflicts_with = "csm")]
    everyone: bool,
    /// Show at most this many companies
    #[arg(long, value_name = "N", default_value_t = 10)]
    limit: usize,
    /// All companies
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    #[command(flatten)]
    as_of: AsOfOption,
    #[command(flatten)]
    format: FormatOption,
}

impl Agenda {
    /// # Errors
    /// A day in the future (exit 2).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        let store = context.reader()?;
        let person = match self.everyone {
            true => None,
            false => person_meant(context, &store, self.csm.as_deref())?,
        };
        let agenda = agenda::gather(context, &store, person.as_deref(), self.as_of)?;
        let as_of = self.as_of.day(context, &store);
        let asked = Asked { person: person.as_deref(), is_everyones: self.everyone, as_of };
        let most = if self.all { usize::MAX } else { self.limit };
        if self.csm.is_none()
            && let Some(name) = &person
        {
            context.ui.note(format!("the agenda of {name}; --everyone shows everybody's"));
        }
        run::report_withheld(context, &store)?;
        if !self.format.is_table() {
            self.format.print(context, &AGENDA, &agenda.lines(most))?;
            context.ui.flush()?;
            let left_out = agenda.left_out(most, asked);
            left_out.iter().for_each(|line| context.ui.note(line));
        } else if agenda.groups.is_empty() && agenda.snoozed == 0 {
            context.ui.note(AGENDA.when_empty);
        } else {
            if as_of.is_none()
                && let Some(days) = both_days(context, &store)?
            {
                context.ui.note(days);
            }
            let link = store.company_link()?;
            context.ui.page(|screen| agenda.draw(screen, most, asked, link.as_ref()))?;
        }
        match &person {
            Some(name) if agenda.groups.is_empty() => task::hint_at_stranger(context, &store, name),
            _ => Ok(()),
        }
    }
}
