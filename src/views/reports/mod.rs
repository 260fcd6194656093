//! The reports: facts about the customers of a day, turned into sections of tables.
//!
//! Each file has one subject; the functions at the end of this one combine them into reports. All
//! of it is pure: `commands::report` reads what a report needs, as of its day.

mod backtest;
mod bands;
mod cancellations;
mod pulses;
mod renewals;
mod review;
mod rules;
mod talk;
mod trend;
mod workload;

use std::collections::{BTreeMap, HashMap};

pub(crate) use backtest::report as backtest;
pub(crate) use cancellations::{Cancellation, Downsell, Losses, MONTHS, MonthStart};
pub(crate) use review::{HealthChange, PersonChange, Review};
pub(crate) use trend::{COMPARED_WITH, Snapshot};

use crate::domain::company::CompanyKey;
use crate::domain::day::Day;
use crate::domain::health::Band;
use crate::domain::portfolio::{Customer, mrr};
use crate::domain::pulse::PulseMark;
use crate::domain::retention::Retention;
use crate::domain::signal::{SignalLife, TrafficByType};
use crate::render::counted;
use crate::render::report::{Cell, Report, ReportHead, ReportSection, RowLabel, Table};
use crate::store::{SignalRecord, TaskRecord};

/// The customers of a day, and how to present them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Portfolio {
    /// The day, and which customers are included.
    pub head: ReportHead,
    /// The customers, ordered by id.
    pub customers: Vec<Customer>,
    /// The number of poor customers of each CSM in the team, A to Z, regardless of the filter.
    pub poor_of_team: BTreeMap<String, u64>,
    /// Whether there are companies that the filter leaves out.
    pub is_filtered: bool,
}

impl Portfolio {
    fn money(&self, amount: f64) -> String {
        self.head.letter.money(amount)
    }

    /// The day of the report: the last one of measured facts.
    fn day(&self) -> Day {
        self.head.as_of
    }

    fn has_health(&self) -> bool {
        self.customers.iter().any(|customer| customer.band != Band::Unknown)
    }

    /// A section without data, and why.
    fn without_data(&self, title: &'static str, why: &'static str) -> ReportSection {
        ReportSection::without_data(title, self.why_nothing(why))
    }

    /// Why something is missing: `usually`, unless the filter leaves no customer.
    fn why_nothing(&self, usually: &'static str) -> &'static str {
        if self.customers.is_empty() && self.is_filtered { NONE_MATCH } else { usually }
    }

    fn report(&self, title: &str, sections: Vec<ReportSection>) -> Report {
        Report { title: title.to_owned(), head: self.head.clone(), summary: None, sections }
    }
}

/// The pulses on an earlier day of companies that were customers then, including those that have
/// churned since.
pub(crate) type EarlierPulses = HashMap<CompanyKey, Option<PulseMark>>;

const NO_SCORES: &str = "No health scores yet: import events with `signals import`, then `signals run` scores customers.";

const NO_CUSTOMERS: &str = "No customers: import companies with `signals import`.";

const NONE_MATCH: &str = "No customers match the filter.";

const NO_STAGES: &str =
    "No lifecycle stages: import the column `lifecycle_stage` with the companies.";

/// The label of companies without the value.
const NONE: &str = "(none)";

/// The dashboard: one page for executives.
pub(crate) fn dashboard(
    portfolio: &Portfolio,
    history: &[Snapshot],
    losses: &Losses,
    traffic: &TrafficByType,
    retention: Option<Retention>,
) -> Report {
    let sections = vec![
        bands::overall(portfolio),
        cancellations::section(portfolio, losses),
        trend::section(portfolio, history),
        bands::problems(portfolio),
        workload::section(portfolio),
        rules::traffic(portfolio, traffic),
        talk::section(portfolio, talk::MOST),
    ];
    Report {
        summary: Some(summary(portfolio, losses, traffic, retention)),
        ..portfolio.report("Customer dashboard", sections)
    }
}

fn summary(
    portfolio: &Portfolio,
    losses: &Losses,
    traffic: &TrafficByType,
    retention: Option<Retention>,
) -> Table {
    let count = portfolio.customers.len() as u64;
    let poor = || portfolio.customers.iter().filter(|customer| customer.band == Band::Poor);
    let poor_count = poor().count() as u64;
    let if_scored = |cell| if portfolio.has_health() { cell } else { Cell::Unknown };
    let share = match portfolio.has_health() {
        true => format!("{} of all", Cell::share_of(poor_count, count).text()),
        false if count == 0 => String::new(),
        false => "no health scores yet".to_owned(),
    };
    let (month, cancelled) = losses.this_month(portfolio.day());
    let waiting = traffic.values().map(|traffic| traffic.open).sum();
    let all_mrr = mrr(portfolio.customers.iter());
    let (net, gross, kept) = match retention {
        Some(kept) => (Cell::Percent(kept.net), Cell::Percent(kept.gross), "over 12 months"),
        None if count == 0 => (Cell::Unknown, Cell::Unknown, ""),
        None => (Cell::Unknown, Cell::Unknown, "needs 12 months of subscriptions"),
    };
    let none = String::new;
    figures([
        ("customers", "Customers", Cell::Count(count), none()),
        ("mrr", "MRR", Cell::money(all_mrr), portfolio.head.letter.currency_words()),
        ("arr", "ARR", Cell::money(all_mrr.map(|mrr| mrr * 12.0)), "12 times MRR".to_owned()),
        ("nrr", "Net revenue retention", net, kept.to_owned()),
        ("grr", "Gross revenue retention", gross, kept.to_owned()),
        ("poor_customers", "Customers in poor health", if_scored(Cell::Count(poor_count)), share),
        ("poor_mrr", "MRR in poor health", if_scored(Cell::money(mrr(poor()))), none()),
        ("cancellations_this_month", "Cancellations this month", Cell::Count(cancelled), month),
        ("signals_waiting", "Signals waiting", Cell::Count(waiting), none()),
    ])
}

/// A key number: its name for programs and for people, its value, and a note.
type KeyNumber = (&'static str, &'static str, Cell, String);

fn figures(figures: impl IntoIterator<Item = KeyNumber>) -> Table {
    Table::of("summary", "Summary", ("name", "number"), figures, |(name, label, ..)| {
        RowLabel::called(name, label)
    })
    .number("value", "value", |(_, _, value, _)| value.clone())
    .for_people("", |(.., note)| Cell::Text(note.clone()))
    .done()
}

/// The health of all customers: bands, trend, and largest changes.
pub(crate) fn health(portfolio: &Portfolio, history: &[Snapshot]) -> Report {
    let sections = vec![
        bands::overall(portfolio),
        bands::by_group(portfolio),
        trend::section(portfolio, history),
        trend::movers(portfolio, history),
    ];
    portfolio.report("Customer health", sections)
}

pub(crate) fn pulse(portfolio: &Portfolio) -> Report {
    portfolio.report("Pulse of customers", vec![pulses::levels(portfolio)])
}

/// Each level of the pulse, compared with an earlier day.
pub(crate) fn pulse_changes(portfolio: &Portfolio, then: Day, earlier: &EarlierPulses) -> Report {
    portfolio.report("Changes of the pulse", vec![pulses::changes(portfolio, then, earlier)])
}

pub(crate) fn risk_factors(portfolio: &Portfolio) -> Report {
    portfolio.report("Risk factors", vec![pulses::risk_factors(portfolio)])
}

pub(crate) fn stages(portfolio: &Portfolio) -> Report {
    portfolio.report("Lifecycle stages", vec![bands::stages(portfolio), pulses::stages(portfolio)])
}

pub(crate) fn renewals(portfolio: &Portfolio) -> Report {
    portfolio.report("Renewals", vec![renewals::section(portfolio)])
}

pub(crate) fn workload(portfolio: &Portfolio) -> Report {
    portfolio.report("Workload", vec![workload::section(portfolio)])
}

pub(crate) fn signals(portfolio: &Portfolio, lives: &[SignalLife]) -> Report {
    portfolio.report("Signals by rule", vec![rules::section(portfolio, lives)])
}

/// One company, for a review meeting.
pub(crate) fn company(portfolio: &Portfolio, customer: &Customer, review: &Review) -> Report {
    Report {
        summary: Some(review::summary(portfolio, customer, review)),
        ..portfolio.report(customer.title(), review::sections(portfolio, customer, review))
    }
}

/// The customers of a CSM, for a review meeting: the agenda as a page.
pub(crate) fn csm(
    portfolio: &Portfolio,
    name: &str,
    signals: &[SignalRecord],
    tasks: &[TaskRecord],
) -> Report {
    let sections = vec![
        bands::overall(portfolio),
        talk::section(portfolio, usize::MAX),
        review::signals(signals, true),
        review::tasks(portfolio.head.entries, tasks, true),
        renewals::section(portfolio),
    ];
    portfolio.report(&format!("Agenda of {name}"), sections)
}

/// Customers with the same text; `None` for those without one.
type Grouped<'c> = (Option<String>, Vec<&'c Customer>);

/// The customers grouped by a text, A to Z; those without one last.
fn grouped(
    customers: &[Customer],
    text: impl Fn(&Customer) -> Option<&String>,
) -> Vec<Grouped<'_>> {
    let mut groups: BTreeMap<(bool, Option<String>), Vec<&Customer>> = BTreeMap::new();
    for customer in customers {
        let text = text(customer).cloned();
        groups.entry((text.is_none(), text)).or_default().push(customer);
    }
    groups.into_iter().map(|((_, text), members)| (text, members)).collect()
}

fn group_item((text, _): &Grouped<'_>) -> RowLabel {
    RowLabel::new(text.as_deref().unwrap_or(NONE))
}

fn company_item(customer: &Customer) -> RowLabel {
    RowLabel::company(&customer.company_id, customer.title())
}

/// Joins names for a sentence: `a`, `a and b`, `a, b and c`.
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests;
