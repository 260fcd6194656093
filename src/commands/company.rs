//! `signals company`: the customers.

use anyhow::Result;
use clap::{Args, Subcommand};

use super::options::{FormatOption, find_company};
use super::output;
use crate::context::Context;
use crate::error::{Failure, usage};
use crate::render::{Format, RecordWriter, Screen, TextTable, Value};
use crate::store::{CompanyDetails, SignalFilter, SignalOrder, SortKey, Store};
use crate::views::companies::{self, FIELDS, USUAL_COLUMNS};
use crate::views::signals::SIGNALS;

/// See the customers.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  signals company list\n  signals company show acme")]
pub enum Company {
    /// List the companies, with their signals
    List(ListCompanies),
    /// Show all that is known of a company
    Show(ShowCompany),
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

impl Company {
    /// Does what the subcommand says.
    ///
    /// # Errors
    /// An unknown company (exit 9) or column (exit 2); a database that cannot be read.
    pub fn run(self, context: &Context) -> Result<()> {
        match self {
            Company::List(args) => args.run(context),
            Company::Show(args) => args.run(context),
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
        store.for_each_company(|details| {
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
            return output::print_table(&context.ui, &table, "no companies yet; `signals import FILE` brings them");
        }
        context.ui.records(RecordWriter::new(self.format.format, &columns), |record| {
            companies.iter().try_for_each(|details| record(&values(details, &columns)))
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

/// The values of a company's columns.
pub fn values<'a>(details: &'a CompanyDetails, columns: &[&str]) -> Vec<Value<'a>> {
    columns.iter().map(|field| companies::value(details, field).unwrap_or(Value::Null)).collect()
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

/// How many signals are shown with a company.
const SHOWN_SIGNALS: u64 = 20;

impl ShowCompany {
    fn run(self, context: &Context) -> Result<()> {
        let store = context.reader()?;
        let details = store.company_details(find_company(&store, &self.company)?)?;
        if self.format.format != Format::Table {
            let own: Vec<&str> = details.attributes.keys().map(String::as_str).collect();
            let columns: Vec<&str> = FIELDS.iter().copied().chain(own).collect();
            let writer = RecordWriter::new(self.format.format, &columns);
            return context.ui.records(writer, |record| record(&values(&details, &columns)));
        }
        let mut screen = Screen::new(context.ui.look());
        let name = details.company.name.as_deref().unwrap_or(&details.company.company_id);
        screen.heading(name);
        screen.pairs(companies::known(&details));
        draw_signals(&store, &details, &mut screen)?;
        context.ui.data(screen.into_text())
    }
}

fn draw_signals(store: &Store, details: &CompanyDetails, screen: &mut Screen) -> Result<()> {
    screen.heading(&format!("Signals: {}", companies::signals_text(details)));
    let filter = SignalFilter { company: Some(details.key), ..SignalFilter::default() };
    let order = SignalOrder { key: SortKey::State, is_descending: false, limit: None };
    let mut signals = store.signals(&filter, order)?;
    signals.sort_by_key(|signal| (signal.acknowledgement.is_some(), std::cmp::Reverse((signal.raised_on, signal.id))));
    let mut table = TextTable::new(SIGNALS.columns.iter().copied());
    for signal in signals.iter().take(SHOWN_SIGNALS as usize) {
        table.toned_row((SIGNALS.cells)(signal));
    }
    if table.is_empty() {
        screen.line("  none");
        return Ok(());
    }
    screen.table(&table);
    if signals.len() > table.len() {
        let more = signals.len() - table.len();
        screen.line(&format!("and {more} more: signals list {}", details.company.company_id));
    }
    Ok(())
}
