//! `signals pull`: pulls counts from the engines that store the events.

use anyhow::Result;
use clap::Args;

use super::import::report_look_alikes;
use super::steps::Steps;
use crate::context::Context;
use crate::domain::day::Day;
use crate::domain::similar_names::nearest_of_all;
use crate::domain::source::PullSource;
use crate::error::{CommandError, ErrorKind, not_allowed};
use crate::pull::access::{address, password};
use crate::pull::plan::PullDays;
use crate::pull::{PullRequest, Pulled, check_days, explain, pull};
use crate::render::counted;
use crate::store::{Finish, Store};

/// Pull counts from the databases that hold the events, as `[[source]]` of the configuration says.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Only days that are new or have changed are pulled; the last known days are checked again. A known day \
that has lost more than 5 percent of its events or companies is refused: a server that came up empty \
would look like customers who stopped.

The password comes from SIGNALS_SOURCE_PASSWORD or ~/.pgpass.

Examples:
  signals pull
  signals pull warehouse --explain
  signals pull warehouse --from 2026-01-01 --to 2026-01-31")]
pub(crate) struct Pull {
    /// The source, by its name; all of them unless given
    source: Option<String>,
    /// The first day to look at; unless set, the last known days and all later ones
    #[arg(long, value_name = "DAY")]
    from: Option<Day>,
    /// The last day to look at; yesterday unless set
    #[arg(long, value_name = "DAY")]
    to: Option<Day>,
    /// Replace all days, even those that have not changed
    #[arg(long)]
    full: bool,
    /// Accept days that have lost more than 5 percent of their events or companies, or all of them
    #[arg(long)]
    accept_loss: bool,
    /// Do everything but write
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Print the queries and the plans of the engine, and whether the grouping is done where the
    /// rows are
    #[arg(long)]
    explain: bool,
}

impl Pull {
    /// Pulls each source separately; the most serious error decides the exit code.
    ///
    /// # Errors
    /// Some names were rejected (exit 3); counts were refused (exit 4); a source cannot be reached
    /// (exit 8) or is configured wrongly (exit 9).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        let mut store = if self.explain { context.reader()? } else { context.writer()? };
        let wanted = PullDays { from: self.from, to: self.to, full: self.full };
        check_days(wanted, context.today(&store).previous())?;
        let sources = self.sources(&store)?;
        let mut steps = Steps::default();
        for source in &sources {
            steps.take(context, || self.one(context, &mut store, source, wanted))?;
        }
        steps.end()
    }

    fn sources(&self, store: &Store) -> Result<Vec<PullSource>> {
        let all = store.sources()?;
        let Some(name) = &self.source else {
            if all.is_empty() {
                let hint = "write [[source]] into a file and `signals config apply` it";
                return Err(not_allowed("no source is configured").hint(hint).into());
            }
            return Ok(all);
        };
        if let Some(source) = all.iter().find(|source| source.name.eq_ignore_ascii_case(name)) {
            return Ok(vec![source.clone()]);
        }
        let hint = match nearest_of_all(name, all.into_iter().map(|source| source.name)) {
            Some(like) => format!("the nearest is '{like}'"),
            None => "`signals config export` shows the sources".to_owned(),
        };
        Err(not_allowed(format!("there is no source '{name}'")).hint(hint).into())
    }

    fn one(
        &self,
        context: &Context,
        store: &mut Store,
        source: &PullSource,
        wanted: PullDays,
    ) -> Result<()> {
        let address = address(&source.name, source.engine, &source.url)?;
        let password = password(source, &address, |name| context.variable(name))?;
        let request = PullRequest {
            source,
            address: &address,
            password: &password,
            wanted,
            accepts_loss: self.accept_loss,
            finish: if self.dry_run { Finish::RollBack } else { Finish::Commit },
        };
        if self.explain {
            let explained = explain(store, &context.clock, &request)?;
            for (what, question, plan) in &explained.questions {
                context.ui.data(format!("{}: {what}\n{question}\n\n{plan}\n", source.name))?;
            }
            return context.ui.data(format!("{}: {}\n", source.name, explained.verdict));
        }
        let pulled = pull(store, &context.clock, &request)?;
        self.tell(context, source, &pulled);
        match pulled.delivered.rejected.is_empty() {
            true => Ok(()),
            false => Err(CommandError::reported(ErrorKind::SomeRowsRejected).into()),
        }
    }

    fn tell(&self, context: &Context, source: &PullSource, pulled: &Pulled) {
        const SHOWN: usize = 20;
        let (ui, name, delivered) = (&context.ui, &source.name, &pulled.delivered);
        for rejected in delivered.rejected.iter().take(SHOWN) {
            ui.note(format!("{name}: {rejected}"));
        }
        if let Some(more @ 1..) = delivered.rejected.len().checked_sub(SHOWN) {
            ui.note(format!("and {more} more"));
        }
        delivered.remarks.iter().for_each(|remark| ui.warning(remark));
        if delivered.companies_made > 0 {
            let companies = counted(delivered.companies_made, "company", "companies");
            let verb = if self.dry_run { "would create" } else { "created" };
            let named = delivered.made.named.join(", ");
            ui.note(format!("{verb} {companies} (ids not seen before): {named}"));
        }
        report_look_alikes(context, &delivered.made);
        let nothing = if self.dry_run { " (dry run: nothing was written)" } else { "" };
        let looked = counted(pulled.looked_at, "day", "days");
        let replaced = match (pulled.days.first(), pulled.days.last()) {
            (Some(first), Some(last)) if first == last => format!("replaced {first}"),
            (Some(first), Some(last)) => {
                let days = counted(pulled.days.len() as u64, "day", "days");
                format!("replaced {days} from {first} to {last}")
            }
            _ => "nothing is new".to_owned(),
        };
        let known = pulled.rows - delivered.rows.new - delivered.rows_rejected;
        ui.note(format!(
            "{name}: looked at {looked}: {replaced}; read {}: new {}, known {known}, rejected {}{nothing}",
            pulled.rows, delivered.rows.new, delivered.rows_rejected
        ));
    }
}
