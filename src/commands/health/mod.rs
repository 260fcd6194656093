//! `signals health`: health scores and their changes.

mod profile;

use anyhow::Result;
use clap::{Args, Subcommand};
use rustc_hash::FxHashSet;

use self::profile::ProfileCommand;
use crate::commands::options::{FormatOption, range};
use crate::context::Context;
use crate::domain::attributes::{AsOf, Datum};
use crate::domain::company::CompanyKey;
use crate::domain::day::{Day, DayOrOffset, DayRange};
use crate::domain::health::Movement;
use crate::health;
use crate::query::{AsOfOption, SelectedCompanies, Selection, known_names};
use crate::query::{find_company, not_in_the_future};
use crate::render::counted;
use crate::store::{Finish, Scope, Store};
use crate::views::health::{
    self as views, DRIVERS, DriverRow, HEALTH, HealthRow, HealthView, SHOWN_DAYS,
};

/// Show health scores and what moved them.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  signals health list
  signals health show acme
  signals health drivers --days 28
  signals health profile list")]
pub(crate) enum HealthCommand {
    /// List the health of the companies, the lowest score first
    List(ListHealth),
    /// Show what the health of a company is made of, and why it changed
    Show(ShowHealth),
    /// Show which measures moved the health of all companies
    Drivers(Drivers),
    /// Recompute the scores of days that were run, after a profile has changed
    #[command(
        after_help = "Example:\n  signals health recompute --from 2026-03-01 --to 2026-03-31"
    )]
    Recompute {
        /// The first day
        #[arg(long, value_name = "DAY", allow_hyphen_values = true)]
        from: DayOrOffset,
        /// The last day, inclusive
        #[arg(long, value_name = "DAY", allow_hyphen_values = true)]
        to: DayOrOffset,
    },
    /// Show and change health profiles: how the health of which companies is scored
    #[command(subcommand)]
    Profile(ProfileCommand),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  signals health list --csm ana
  signals health list --where \"health_band = 'poor'\" --sort mrr --desc
  signals health list --as-of 2026-03-31 --sort health_change_28d")]
pub(crate) struct ListHealth {
    #[command(flatten)]
    selection: Selection,
    /// Sort by this attribute; unknown values come last
    #[arg(long, value_name = "ATTRIBUTE", default_value = "health_score")]
    sort: String,
    /// Reverse the order
    #[arg(long)]
    desc: bool,
    #[command(flatten)]
    format: FormatOption,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  signals health show acme\n  signals health show acme --as-of 2026-03-31 --days 90"
)]
pub(crate) struct ShowHealth {
    /// The company's id or name
    company: String,
    #[command(flatten)]
    as_of: AsOfOption,
    /// Show the trend of this many days
    #[arg(long, value_name = "DAYS", default_value_t = SHOWN_DAYS, value_parser = clap::value_parser!(i32).range(1..=3650))]
    days: i32,
    #[command(flatten)]
    format: FormatOption,
}

/// Of the companies that have a score on both days.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  signals health drivers\n  signals health drivers --days 90 --segment enterprise"
)]
pub(crate) struct Drivers {
    #[command(flatten)]
    selection: Selection,
    /// Compare with the scores this many days before
    #[arg(long, value_name = "DAYS", default_value_t = 28, value_parser = clap::value_parser!(i32).range(1..=3650))]
    days: i32,
    #[command(flatten)]
    format: FormatOption,
}

impl HealthCommand {
    /// # Errors
    /// An unknown company or profile (exit 9); an unknown attribute, an invalid expression, or a
    /// day in the future (exit 2).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        match self {
            HealthCommand::List(args) => args.run(context),
            HealthCommand::Show(args) => args.run(context),
            HealthCommand::Drivers(args) => args.run(context),
            HealthCommand::Recompute { from, to } => recompute(context, from, to),
            HealthCommand::Profile(args) => args.run(context),
        }
    }
}

impl ListHealth {
    fn run(self, context: &Context) -> Result<()> {
        let store = context.reader()?;
        let catalogue = store.catalogue()?;
        let sort = known_names(&catalogue, std::slice::from_ref(&self.sort))?;
        let as_of = self.selection.as_of.resolve(context, &store)?;
        let names: Vec<&str> = HealthRow::ATTRIBUTES.iter().chain(&sort).copied().collect();
        let mut companies = self.selection.customers(&store, &catalogue, &names, as_of)?;
        for name in sort {
            companies.sort(name, self.desc)?;
        }
        let rows = rows(&store, &companies, as_of)?;
        self.format.print_linked(context, &store, &HEALTH, &rows)
    }
}

fn rows(store: &Store, companies: &SelectedCompanies, as_of: AsOf) -> Result<Vec<HealthRow>> {
    let Some(scored_on) = store.health_day(as_of)? else { return Ok(Vec::new()) };
    let mut health = store.health_on(scored_on, Scope::All)?;
    let mut rows = Vec::new();
    let band =
        HealthRow::ATTRIBUTES.iter().position(|name| *name == "health_band").unwrap_or_default();
    for (key, values) in companies.keys().into_iter().zip(companies.values(&HealthRow::ATTRIBUTES)?)
    {
        let Some(assessment) = health.remove(&key).filter(|_| *values[band] != Datum::Null) else {
            continue;
        };
        rows.push(HealthRow {
            attributes: values.into_iter().cloned().collect(),
            profile: assessment.scoring.name.clone(),
            coverage: assessment.coverage,
            scored_on,
        });
    }
    Ok(rows)
}

impl ShowHealth {
    fn run(self, context: &Context) -> Result<()> {
        let store = context.reader()?;
        let key = find_company(&store, &self.company)?;
        let company = store.company(key)?;
        let as_of = self.as_of.resolve(context, &store)?;
        let view = HealthView::gather(&store, key, as_of, self.days)?;
        if !self.format.is_table() {
            let own = [
                ("company_id", (&company.company_id).into()),
                ("company_name", company.name.as_ref().into()),
                ("csm", company.csm.as_ref().into()),
            ];
            let fields = own.into_iter().chain(HealthView::FIELDS.of(&view));
            return self.format.print_record(context, fields);
        }
        context.ui.page(|screen| {
            let name = company.name.as_ref().unwrap_or(&company.company_id);
            screen.heading(&format!("{name}: health {}", view.headline()));
            view.draw(screen);
        })
    }
}

impl Drivers {
    fn run(self, context: &Context) -> Result<()> {
        let store = context.reader()?;
        let as_of = self.selection.as_of.resolve(context, &store)?;
        let before = AsOf { day: as_of.day - self.days, ..as_of };
        let companies = self.selection.customers(&store, &store.catalogue()?, &[], as_of)?;
        let companies: FxHashSet<CompanyKey> = companies.keys().into_iter().collect();
        let (Some(day), Some(since)) = (store.health_day(as_of)?, store.health_day(before)?) else {
            let none = format!("no day was run on or before {}", before.day);
            return self.print(context, &[], &none);
        };
        let movement = movement(&store, &companies, since, day)?;
        let rows = DriverRow::all(&movement, since, day);
        self.print(context, &rows, &views::movement_text(&movement, since, day))
    }

    fn print(&self, context: &Context, rows: &[DriverRow], summary: &str) -> Result<()> {
        if !self.format.is_table() {
            return self.format.print(context, &DRIVERS, rows);
        }
        if rows.is_empty() {
            context.ui.note(format!("{}: {summary}", DRIVERS.when_empty));
            return Ok(());
        }
        context.ui.page(|screen| {
            screen.heading(summary);
            screen.table(&DRIVERS.table(rows));
        })
    }
}

fn movement(
    store: &Store,
    companies: &FxHashSet<CompanyKey>,
    since: Day,
    day: Day,
) -> Result<Movement> {
    let (before, now) = (store.health_on(since, Scope::All)?, store.health_on(day, Scope::All)?);
    let is_in_both = |key: &&CompanyKey| companies.contains(key) && before.contains_key(key);
    let mut both: Vec<CompanyKey> = now.keys().filter(is_in_both).copied().collect();
    // Sums of floating-point numbers depend on the order.
    both.sort_unstable();
    Ok(Movement::of(both.iter().map(|key| (&before[key], &now[key]))))
}

/// Scores days again, with the profiles and facts as they are now. Signals stay as they are.
fn recompute(context: &Context, from: DayOrOffset, to: DayOrOffset) -> Result<()> {
    let mut store = context.writer()?;
    let to = not_in_the_future(context, &store, to)?;
    let range = range(context.day(&store, from), to)?;
    let days = store.transaction(Finish::Commit, |store| {
        let days = store.days_run(range)?;
        let customers = store.customers()?;
        days.iter().try_for_each(|day| health::score_day(store, *day, &customers).map(drop))?;
        Ok(days)
    })?;
    match (days.first(), days.last()) {
        (Some(first), Some(last)) => {
            let count = counted(days.len() as u64, "day", "days");
            let range = DayRange { from: *first, to: *last };
            context.ui.note(format!("scored {count} again, {range}"));
        }
        _ => context
            .ui
            .note(format!("no day of {range} was run; only days that were run have health")),
    }
    Ok(())
}
