//! `signals company`: customers.

mod churn;
mod downsell;
mod tag;

use anyhow::Result;
use clap::{Args, Subcommand};

use self::churn::ChurnCompany;
use self::downsell::DownsellCompany;
use self::tag::TagCompany;
use crate::commands::options::FormatOption;
use crate::commands::output::print_table;
use crate::context::Context;
use crate::domain::attributes::{self, AsOf, Attribute, AttributeGroup, Datum, MONTH};
use crate::domain::company::CompanyKey;
use crate::domain::customer::Break;
use crate::domain::day::{Day, DayOrOffset};
use crate::domain::fact_kinds::{NpsResponse, Ticket, Touchpoint};
use crate::domain::rule::Watch;
use crate::domain::trend::Windows;
use crate::error::{ErrorKind, not_allowed};
use crate::query::{AsOfOption, ConditionOptions, Selection, known_names};
use crate::query::{find_company, not_in_the_future};
use crate::render::RecordWriter;
use crate::store::{Catalogue, Finish, Known, Scope, SignalFilter, SignalOrder, Store, TaskFilter};
use crate::views::companies::{self, USUAL_COLUMNS};
use crate::views::company::{CompanyView, ShownAttribute};
use crate::views::health::{HealthView, SHOWN_DAYS};
use crate::views::pulses::HistoryRow;
use crate::views::tasks::ListedTask;

/// List, show and update customers.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  signals company list\n  signals company show acme")]
pub(crate) enum CompanyCommand {
    /// List companies, with any attributes as columns
    List(ListCompanies),
    /// Show everything known about a company
    #[command(after_help = "Example:\n  signals company show acme")]
    Show {
        /// The company's id or name
        company: String,
        #[command(flatten)]
        as_of: AsOfOption,
        #[command(flatten)]
        format: FormatOption,
    },
    /// Merge the first company into the second
    #[command(after_help = "Example:\n  signals company merge \"Acme Corp\" 00123")]
    Merge {
        /// The company that becomes part of the other; its id stays known
        from: String,
        /// The company that stays
        into: String,
    },
    /// Record that a company churned, and why
    Churn(ChurnCompany),
    /// Record that a company pays less than before, and why
    Downsell(DownsellCompany),
    /// Record that a churned company is a customer again
    #[command(after_help = "Example:\n  signals company return acme --on 2026-06-01")]
    Return {
        /// The company's id or name
        company: String,
        /// The first day on which it is a customer again
        #[arg(long, value_name = "DAY", allow_hyphen_values = true)]
        on: DayOrOffset,
    },
    /// Add tags to a company, or remove them
    Tag(TagCompany),
}

#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  signals company list --csm ana --sort bad_open_signals --desc
  signals company list --where \"days_since_last_event >= 14\" --columns name,csm
  signals company list --as-of 2026-03-31 --sort events_change_28d_pct")]
pub(crate) struct ListCompanies {
    #[command(flatten)]
    selection: Selection,
    /// The columns, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    columns: Vec<String>,
    /// Sort by this attribute; unknown values come last
    #[arg(long, value_name = "ATTRIBUTE")]
    sort: Option<String>,
    /// Reverse the order
    #[arg(long, requires = "sort")]
    desc: bool,
    #[command(flatten)]
    format: FormatOption,
}

impl CompanyCommand {
    /// # Errors
    /// An unknown company (exit 9) or column (exit 2).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        match self {
            CompanyCommand::List(args) => args.run(context),
            CompanyCommand::Show { company, as_of, format } => {
                show(context, &company, as_of, format)
            }
            CompanyCommand::Merge { from, into } => merge(context, &from, &into),
            CompanyCommand::Churn(args) => args.run(context),
            CompanyCommand::Downsell(args) => args.run(context),
            CompanyCommand::Return { company, on } => record_return(context, &company, on),
            CompanyCommand::Tag(args) => args.run(context),
        }
    }
}

impl ListCompanies {
    pub(crate) fn of_segment(
        segment: String,
        as_of: AsOfOption,
        columns: Vec<String>,
        format: FormatOption,
    ) -> Self {
        let condition = ConditionOptions { segment: Some(segment), condition: None };
        ListCompanies {
            selection: Selection { as_of, condition, csm: None },
            columns,
            format,
            ..ListCompanies::default()
        }
    }

    /// # Errors
    /// An unknown column or an invalid expression (exit 2); an unknown segment (exit 9).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        let store = context.reader()?;
        let catalogue = store.catalogue()?;
        let columns = self.columns(&catalogue)?;
        let sort = known_names(&catalogue, self.sort.as_slice())?;
        let as_of = self.selection.as_of.resolve(context, &store)?;
        let names: Vec<&str> = columns.iter().map(|known| known.name()).collect();
        let wanted: Vec<&str> = names.iter().chain(&sort).copied().chain(["company_id"]).collect();
        let mut companies = self.selection.customers(&store, &catalogue, &wanted, as_of)?;
        if let Some(sort) = sort.first() {
            companies.sort(sort, self.desc)?;
        }
        if self.format.is_table() {
            let mut table = companies::table(&columns, companies.values(&names)?);
            let named = names.iter().position(|name| *name == "name");
            let column = named.or(names.iter().position(|name| *name == "company_id"));
            if let (Some(link), Some(column)) = (store.company_link()?, column) {
                for (row, values) in companies.values(&["company_id"])?.enumerate() {
                    let id = values.first().and_then(|id| id.text()).unwrap_or_default();
                    table.link_at(row, column, link.of(&id));
                }
            }
            return print_table(context, &table, &self.when_empty());
        }
        let mut rows = companies.values(&names)?;
        context.ui.records(RecordWriter::new(self.format.format, &names), |record| {
            rows.try_for_each(|row| record(&companies::values(&row)))
        })
    }

    /// The requested columns; by default the usual ones for people, and for programs all that need
    /// no counting.
    fn columns<'c>(&self, catalogue: &'c Catalogue) -> Result<Vec<Known<'c>>> {
        let by_name =
            |name: &str| catalogue.find(name).map_err(|failure| failure.of_kind(ErrorKind::Usage));
        if !self.columns.is_empty() {
            return Ok(self.columns.iter().map(|name| by_name(name)).collect::<Result<_, _>>()?);
        }
        if self.format.is_table() {
            let known = USUAL_COLUMNS.iter().filter(|name| attributes::find(name).is_some());
            return Ok(known.map(|name| by_name(name)).collect::<Result<_, _>>()?);
        }
        let is_at_hand = |known: &Known<'_>| match known {
            Known::BuiltIn(attribute) => is_at_hand(attribute),
            Known::Own(..) => true,
            Known::Metric(_) => false,
        };
        Ok(catalogue.all().filter(is_at_hand).collect())
    }

    fn when_empty(&self) -> String {
        match &self.selection.csm {
            _ if !self.selection.condition.is_empty() => "no companies meet the condition".into(),
            Some(csm) => format!("no companies of {csm}"),
            None => "no companies yet; `signals import FILE` brings them".into(),
        }
    }
}

/// Whether an attribute is in the default list for programs: company records, counts of signals,
/// and the usual columns.
fn is_at_hand(attribute: &Attribute) -> bool {
    matches!(attribute.group, AttributeGroup::Company | AttributeGroup::Signals)
        || matches!(attribute.name, "first_event_on" | "last_event_on")
        || USUAL_COLUMNS.contains(&attribute.name)
}

fn show(context: &Context, company: &str, as_of: AsOfOption, format: FormatOption) -> Result<()> {
    let store = context.reader()?;
    let view = gather(context, &store, company, as_of)?;
    if !format.is_table() {
        return format.print_record(context, view.fields());
    }
    let link = store.company_link()?;
    context.ui.page(|screen| view.draw(screen, link.as_ref()))
}

fn gather(
    context: &Context,
    store: &Store,
    company: &str,
    option: AsOfOption,
) -> Result<CompanyView> {
    let key = find_company(store, company)?;
    let as_of = option.resolve(context, store)?;
    let until = option.day(context, store);
    let filter = SignalFilter { company: Some(key), until, ..SignalFilter::default() };
    let mut signals = store.signals(&filter, SignalOrder::NEWEST_FIRST)?;
    if let Some(day) = until {
        for signal in &mut signals {
            signal.acknowledgement = store.acknowledgement_on(signal.id, day)?;
        }
    }
    signals.sort_by_key(|signal| signal.acknowledgement.is_some());
    let recent = Windows::ending(as_of.day, MONTH);
    // As of a past day, later events are unknown, but what had been agreed for later is known.
    let is_known = |on: Day| until.is_none_or(|day| on <= day);
    let company = store.company(key)?;
    let mut pulses = store.pulses(key)?;
    pulses.retain(|pulse| is_known(pulse.mark.day));
    let mut nps: Vec<NpsResponse> = store.facts_of(key)?;
    nps.retain(|response| is_known(response.responded.on));
    let mut tickets: Vec<Ticket> = store.facts_of(key)?;
    tickets.retain(|ticket| is_known(ticket.opened.on));
    let mut touchpoints: Vec<Touchpoint> = store.facts_of(key)?;
    touchpoints.retain(|contact| is_known(contact.occurred.on));
    let today = until.unwrap_or_else(|| context.today(store));
    let filter = TaskFilter { company: Some(key), until, ..TaskFilter::default() };
    let mut tasks: Vec<ListedTask> =
        store.tasks(&filter)?.into_iter().map(|task| ListedTask { task, today }).collect();
    tasks.sort_by_key(|listed| listed.task.closed.is_some());
    let people = store.company_activity(key, &Watch::people(), &recent)?;
    Ok(CompanyView {
        health: HealthView::gather(store, key, as_of, SHOWN_DAYS)?,
        pulses: HistoryRow::all(&company, pulses),
        tasks,
        attributes: attributes_of(store, key, as_of)?,
        signals,
        days: recent.both(),
        activity: store.activity_by_event(key, recent.both())?,
        people_activity: people.people,
        people_kept: people.people_kept,
        breaks: known_breaks(store.breaks(key)?, until),
        people: store.facts_of(key)?,
        nps,
        tickets,
        invoices: store.facts_of(key)?,
        touchpoints,
        goals: store.facts_of(key)?,
        subscriptions: store.subscriptions(key)?,
        as_of: as_of.day,
    })
}

/// The periods in which the company was not a customer, as known by the end of a day, or all.
fn known_breaks(breaks: Vec<Break>, until: Option<Day>) -> Vec<Break> {
    let Some(day) = until else { return breaks };
    breaks.into_iter().filter_map(|away| away.known_on(day)).collect()
}

/// All attributes of a company, even as of a day before it existed.
fn attributes_of(store: &Store, key: CompanyKey, as_of: AsOf) -> Result<Vec<ShownAttribute>> {
    let catalogue = store.catalogue()?;
    let table = store.attributes(&catalogue, &catalogue.names(), as_of, Scope::One(key))?;
    let value = |known: Known<'_>| -> Result<Datum> {
        Ok(table.column(known.name())?.first().cloned().unwrap_or_default())
    };
    catalogue.all().map(|known| Ok(ShownAttribute::of(known, value(known)?))).collect()
}

fn merge(context: &Context, from: &str, into: &str) -> Result<()> {
    let mut store = context.writer()?;
    let (merged, kept) = (find_company(&store, from)?, find_company(&store, into)?);
    if merged == kept {
        return Err(not_allowed(format!("'{from}' and '{into}' are the same company")).into());
    }
    store.transaction(Finish::Commit, |store| {
        store.merge_companies(merged, kept)?;
        store.block_undo(&format!("'{from}' was merged into '{into}' since"))?;
        store.reroute_notices(context.clock.now())
    })?;
    context.ui.note(format!("'{from}' is part of '{into}' now; its id stays known"));
    Ok(())
}

fn record_return(context: &Context, company: &str, on: DayOrOffset) -> Result<()> {
    let mut store = context.writer()?;
    let key = find_company(&store, company)?;
    let on = not_in_the_future(context, &store, on)?;
    let Some(away) = store.breaks(key)?.into_iter().find(|away| away.covers(on)) else {
        return Err(not_allowed(format!("'{company}' was a customer on {on}")).into());
    };
    store.transaction(Finish::Commit, |store| store.state_return(key, away.churned_on, on))?;
    context.ui.note(format!("'{company}' is a customer again from {on} on"));
    Ok(())
}
