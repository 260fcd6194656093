//! `signals company`: the customers.

use anyhow::Result;
use clap::{Args, Subcommand};

use super::options::{FormatOption, find_company, not_in_the_future};
use super::output;
use crate::context::Context;
use crate::domain::day::Day;
use crate::error::{Failure, not_allowed, usage};
use crate::render::{Format, RecordWriter, Screen, Value};
use crate::store::{CompanyDetails, Finish, SignalFilter, SignalOrder, Store};
use crate::views::companies::{self, FIELDS, USUAL_COLUMNS};
use crate::views::company::CompanyView;

/// See the customers.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  signals company list\n  signals company show acme")]
pub enum Company {
    /// List the companies, with their signals
    List(ListCompanies),
    /// Show all that is known of a company
    Show(ShowCompany),
    /// Make one company of two: the first becomes part of the second
    Merge(MergeCompanies),
    /// Note that a company is no customer any more
    Churn(ChurnCompany),
    /// Note that a company that had churned is a customer again
    Return(ReturnCompany),
}

/// List the companies.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  signals company list --csm ana --sort bad_open_signals --desc")]
pub struct ListCompanies {
    /// Only the companies that this person looks after
    #[arg(long, value_name = "NAME")]
    csm: Option<String>,
    /// The columns, with commas between
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    columns: Vec<String>,
    /// Sort by this column; the unknown comes last
    #[arg(long, value_name = "COLUMN")]
    sort: Option<String>,
    /// Turn the order round
    #[arg(long, requires = "sort")]
    desc: bool,
    #[command(flatten)]
    format: FormatOption,
}

/// Show all that is known of a company.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  signals company show acme")]
pub struct ShowCompany {
    /// The company's id or name
    company: String,
    #[command(flatten)]
    format: FormatOption,
}

/// Make one company of two.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  signals company merge \"Acme Corp\" 00123")]
pub struct MergeCompanies {
    /// The company that becomes part of the other; its id stays known
    from: String,
    /// The company that stays
    into: String,
}

/// Note that a company is no customer any more.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  signals company churn acme --on 2026-03-31")]
pub struct ChurnCompany {
    /// The company's id or name
    company: String,
    /// The first day on which it is no customer
    #[arg(long, value_name = "DAY")]
    on: Day,
}

/// Note that a company that had churned is a customer again.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  signals company return acme --on 2026-06-01")]
pub struct ReturnCompany {
    /// The company's id or name
    company: String,
    /// The first day on which it is a customer again
    #[arg(long, value_name = "DAY")]
    on: Day,
}

impl Company {
    /// Does what the subcommand says.
    ///
    /// # Errors
    /// An unknown company (exit 9) or column (exit 2); a database that cannot be read.
    pub fn run(self, context: &Context) -> Result<()> {
        match self {
            Company::List(args) => args.run(context),
            Company::Show(args) => args.run(context),
            Company::Merge(args) => args.run(context),
            Company::Churn(args) => args.run(context),
            Company::Return(args) => args.run(context),
        }
    }
}

impl ListCompanies {
    fn run(self, context: &Context) -> Result<()> {
        let store = context.reader()?;
        let own = store.company_attribute_names()?;
        let known: Vec<&str> = FIELDS.iter().copied().chain(own.iter().map(String::as_str)).collect();
        let columns = choose(&known, &self.columns)?;
        let mut companies = Vec::new();
        let as_of = store.as_of(context.today(&store))?;
        let subscriptions = store.all_subscriptions()?;
        store.for_each_company(|mut details| {
            details.apply_contract(subscriptions.get(&details.key).map_or(&[], Vec::as_slice), as_of);
            if self.csm.is_none() || details.company.csm == self.csm {
                companies.push(details);
            }
            Ok(())
        })?;
        if let Some(sort) = &self.sort {
            let sort = choose(&known, std::slice::from_ref(sort))?[0];
            sort_by(&mut companies, sort, self.desc);
        }
        if self.format.format == Format::Table {
            let usual = USUAL_COLUMNS.to_vec();
            let table = companies::table(&companies, if self.columns.is_empty() { &usual } else { &columns });
            let when_empty = match &self.csm {
                Some(csm) => format!("no companies of {csm}"),
                None => "no companies yet; `signals import FILE` brings them".to_owned(),
            };
            return output::print_table(&context.ui, &table, &when_empty);
        }
        context.ui.records(RecordWriter::new(self.format.format, &columns), |record| {
            companies.iter().try_for_each(|details| record(&companies::values(details, &columns)))
        })
    }
}

/// The columns that were asked for, or all.
fn choose<'a>(known: &[&'a str], asked: &[String]) -> Result<Vec<&'a str>> {
    if asked.is_empty() {
        return Ok(known.to_vec());
    }
    let find = |name: &String| -> Result<&'a str, Failure> {
        let found = known.iter().copied().find(|field| *field == name.trim());
        found.ok_or_else(|| {
            usage(format!("there is no column '{name}'")).hint(format!("the columns are {}", known.join(", ")))
        })
    };
    Ok(asked.iter().map(find).collect::<Result<_, _>>()?)
}

fn sort_by(companies: &mut [CompanyDetails], field: &str, is_descending: bool) {
    companies.sort_by(|a, b| {
        let [a, b] = [a, b].map(|details| companies::value(details, field).unwrap_or(Value::Null));
        let order = companies::compare(&a, &b);
        // The unknown stays last, whichever way the list is turned.
        let is_known = a != Value::Null && b != Value::Null;
        if is_descending && is_known { order.reverse() } else { order }
    });
}

impl ShowCompany {
    fn run(self, context: &Context) -> Result<()> {
        let store = context.reader()?;
        let view = gather(context, &store, &self.company)?;
        if self.format.format != Format::Table {
            let fields = view.fields();
            let writer = RecordWriter::new(self.format.format, &fields);
            return context.ui.records(writer, |record| record(&view.values()));
        }
        let mut screen = Screen::new(context.ui.look());
        view.draw(&mut screen);
        context.ui.data(screen.into_text())
    }
}

fn gather(context: &Context, store: &Store, text: &str) -> Result<CompanyView> {
    let key = find_company(store, text)?;
    let as_of = store.as_of(context.today(store))?;
    let mut details = store.company_details(key)?;
    let subscriptions = store.subscriptions(key)?;
    details.apply_contract(&subscriptions, as_of);
    let filter = SignalFilter { company: Some(key), ..SignalFilter::default() };
    let mut signals = store.signals(&filter, SignalOrder::NEWEST_FIRST)?;
    signals.sort_by_key(|signal| signal.acknowledgement.is_some());
    Ok(CompanyView {
        signals,
        breaks: store.breaks(key)?,
        people: store.people(key)?,
        nps: store.nps_responses(key)?,
        tickets: store.tickets(key)?,
        invoices: store.invoices(key)?,
        touchpoints: store.touchpoints(key)?,
        goals: store.goals(key)?,
        details,
        subscriptions,
        as_of,
    })
}

impl MergeCompanies {
    fn run(self, context: &Context) -> Result<()> {
        let mut store = context.writer()?;
        let (from, into) = (find_company(&store, &self.from)?, find_company(&store, &self.into)?);
        if from == into {
            return Err(not_allowed(format!("'{}' and '{}' are the same company", self.from, self.into)).into());
        }
        store.transaction(Finish::Commit, |store| {
            store.merge_companies(from, into)?;
            store.reroute_notices(context.clock.now())
        })?;
        context.ui.note(format!("'{}' is part of '{}' now; its id stays known", self.from, self.into));
        Ok(())
    }
}

impl ChurnCompany {
    fn run(self, context: &Context) -> Result<()> {
        let mut store = context.writer()?;
        let company = find_company(&store, &self.company)?;
        let on = not_in_the_future(context, &store, self.on)?;
        if let Some(away) = store.breaks(company)?.into_iter().find(|away| away.covers(on)) {
            return Err(not_allowed(format!("'{}' had churned on {} already", self.company, away.churned_on)).into());
        }
        store.transaction(Finish::Commit, |store| store.state_churn(company, on))?;
        context.ui.note(format!("'{}' is no customer from {on} on", self.company));
        Ok(())
    }
}

impl ReturnCompany {
    fn run(self, context: &Context) -> Result<()> {
        let mut store = context.writer()?;
        let company = find_company(&store, &self.company)?;
        let on = not_in_the_future(context, &store, self.on)?;
        let Some(away) = store.breaks(company)?.into_iter().find(|away| away.covers(on)) else {
            return Err(not_allowed(format!("'{}' was a customer on {on}", self.company)).into());
        };
        store.transaction(Finish::Commit, |store| store.state_return(company, away.churned_on, on))?;
        context.ui.note(format!("'{}' is a customer again from {on} on", self.company));
        Ok(())
    }
}
