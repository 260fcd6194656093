//! How many customers are good, average and poor: overall, and by plan, stage and product.

use super::{Grouped, NO_CUSTOMERS, NO_SCORES, NO_STAGES, Portfolio, counted, group_item, grouped};
use crate::domain::health::Band;
use crate::domain::portfolio::{Customer, has_problem, mean, mrr};
use crate::render::report::{
    BarLayout, Cell, Chart, ChartKind, ReportSection, RowLabel, Table, Tint,
};

pub(super) fn tint(band: Band) -> Tint {
    match band {
        Band::Good => Tint::Good,
        Band::Average => Tint::Average,
        Band::Poor => Tint::Poor,
        Band::Unknown => Tint::Unknown,
    }
}

type GroupKey = fn(&Customer) -> Option<&String>;

const PLAN: GroupKey = |customer| customer.plan.as_ref();
const STAGE: GroupKey = |customer| customer.stage.as_ref();
const PRODUCT: GroupKey = |customer| customer.product.as_ref();
const SEGMENT: GroupKey = |customer| customer.segment.as_ref();

pub(super) fn overall(portfolio: &Portfolio) -> ReportSection {
    const TITLE: &str = "How are our customers?";
    if portfolio.customers.is_empty() {
        return portfolio.without_data(TITLE, NO_CUSTOMERS);
    }
    let customers = &portfolio.customers;
    let of = |band: Band| customers.iter().filter(move |customer| customer.band == band);
    let (count, all_mrr) = (customers.len() as u64, mrr(customers.iter()));
    let number = |band: &Band| of(*band).count() as u64;
    let mrr_share = |band: &Band| match (mrr(of(*band)), all_mrr) {
        (Some(part), Some(all)) => Cell::share(part, all),
        _ => Cell::Unknown,
    };
    let kind =
        ChartKind::Stacked { bars: BarLayout::Columns(vec!["customers", "mrr"]), is_share: true };
    let bands = Band::ALL.iter().copied();
    let table = Table::of("health", "Customers by health", ("band", "health"), bands, |band| {
        RowLabel::new(band)
    })
    .number("customers", "customers", |band| Cell::Count(number(band)))
    .number("share", "share", |band| Cell::share_of(number(band), count))
    .number("mrr", "MRR", |band| Cell::money(mrr(of(*band))))
    .number("mrr_share", "share of MRR", mrr_share)
    .tinted(|band| tint(*band))
    .done()
    .drawn(Chart::new("Customers and their MRR by health", kind));
    ReportSection { title: TITLE, answer: overall_answer(portfolio), tables: vec![table] }
}

fn overall_answer(portfolio: &Portfolio) -> String {
    let customers = &portfolio.customers;
    let count = customers.len() as u64;
    let all_mrr = mrr(customers.iter());
    let who = counted(count, "customer", "customers");
    let pays = if count == 1 { "pays" } else { "pay" };
    let start = match all_mrr {
        Some(amount) => format!("{who} {pays} {} a month", portfolio.money(amount)),
        None => who,
    };
    if !portfolio.has_health() {
        return format!("{start}; none of them has a health score yet.");
    }
    let poor = || customers.iter().filter(|customer| customer.band == Band::Poor);
    let number = poor().count() as u64;
    if number == 0 {
        return format!("{start}; none of them is in poor health.");
    }
    let share = Cell::share_of(number, count);
    let money = mrr(poor()).filter(|_| all_mrr.is_some()).map_or(String::new(), |amount| {
        let share = Cell::share(amount, all_mrr.unwrap_or_default());
        format!(", with {} of the MRR ({})", portfolio.money(amount), share.text())
    });
    let are = if number == 1 { "is" } else { "are" };
    format!("{start}; {number} of them ({}) {are} in poor health{money}.", share.text())
}

/// Which plans, lifecycle stages and products have a health problem.
pub(super) fn problems(portfolio: &Portfolio) -> ReportSection {
    problem_section(portfolio, &GROUPS[1..], Table::folded)
}

/// The bands of each segment, plan, stage and product.
pub(super) fn by_group(portfolio: &Portfolio) -> ReportSection {
    problem_section(portfolio, &GROUPS, |table| table)
}

/// A grouping: the attribute, and the name and title of its table and column.
type Grouping = (GroupKey, &'static str, &'static str, &'static str);

const GROUPS: [Grouping; 4] = [
    (SEGMENT, "segments", "Health by segment", "segment"),
    (PLAN, "plans", "Health by plan", "plan"),
    (STAGE, "stages", "Health by stage", "stage"),
    (PRODUCT, "products", "Health by product", "product"),
];

/// The tables of the groupings with any known value.
fn problem_section(
    portfolio: &Portfolio,
    groupings: &[Grouping],
    shape: fn(Table) -> Table,
) -> ReportSection {
    const TITLE: &str = "Where is there a health problem?";
    if portfolio.customers.is_empty() {
        return portfolio.without_data(TITLE, NO_CUSTOMERS);
    }
    if !portfolio.has_health() {
        return portfolio.without_data(TITLE, NO_SCORES);
    }
    let is_known =
        |group: GroupKey| portfolio.customers.iter().any(|customer| group(customer).is_some());
    let known = groupings.iter().filter(|(group, ..)| is_known(*group));
    let tables: Vec<Table> = known.map(|grouping| shape(by(portfolio, *grouping))).collect();
    if tables.is_empty() {
        return portfolio.without_data(
            TITLE,
            "No plan, lifecycle stage or product is known: import these columns with the companies.",
        );
    }
    ReportSection { title: TITLE, answer: problem_answer(portfolio), tables }
}

fn problem_answer(portfolio: &Portfolio) -> String {
    let groups: [(&str, GroupKey); 3] =
        [("plan", PLAN), ("lifecycle stage", STAGE), ("product", PRODUCT)];
    let found: Vec<String> =
        groups.iter().flat_map(|(what, group)| problems_of(portfolio, what, *group)).collect();
    let all = poor_share(&portfolio.customers.iter().collect::<Vec<_>>());
    let all = all.text();
    if found.is_empty() {
        return format!(
            "No plan, lifecycle stage or product stands out: {all} of all customers with a score are in poor health."
        );
    }
    let found = capitalised(&found.join("; "));
    format!("{found}. Of all customers with a score, {all} are in poor health.")
}

pub(super) fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next();
    first.into_iter().flat_map(char::to_uppercase).chain(characters).collect()
}

/// A sentence for each group with a problem, the largest share of poor customers first.
fn problems_of(portfolio: &Portfolio, what: &str, group: GroupKey) -> Vec<String> {
    let all = poor_of_known(&portfolio.customers.iter().collect::<Vec<_>>());
    let groups = grouped(&portfolio.customers, group);
    let mut found: Vec<_> = groups
        .iter()
        .filter_map(|(name, members)| Some((name.as_ref()?, poor_of_known(members), members)))
        .filter(|(_, counts, _)| has_problem(*counts, all))
        .collect();
    found.sort_by(|(_, (a_poor, a_known), _), (_, (b_poor, b_known), _)| {
        (b_poor * a_known).cmp(&(a_poor * b_known))
    });
    let text = |(name, (poor, known), members): &(&String, (u64, u64), &Vec<&Customer>)| {
        format!(
            "{what} {name} has a health problem: {poor} of {known} in poor health ({})",
            poor_share(members).text()
        )
    };
    found.iter().map(text).collect()
}

fn in_band(customers: &[&Customer], band: Band) -> u64 {
    customers.iter().filter(|customer| customer.band == band).count() as u64
}

/// The number of poor customers, and of customers with a band.
fn poor_of_known(customers: &[&Customer]) -> (u64, u64) {
    let unknown = in_band(customers, Band::Unknown);
    (in_band(customers, Band::Poor), customers.len() as u64 - unknown)
}

fn poor_share(customers: &[&Customer]) -> Cell {
    let (poor, known) = poor_of_known(customers);
    Cell::share_of(poor, known)
}

/// A row for each group: the number of customers in each band.
fn by(portfolio: &Portfolio, (group, name, title, label): Grouping) -> Table {
    let of = |(_, members): &Grouped<'_>, band| Cell::Count(in_band(members, band));
    let poor_mrr = |(_, members): &Grouped<'_>| {
        mrr(members.iter().copied().filter(|customer| customer.band == Band::Poor))
    };
    let parts = Band::ALL.iter().map(|band| (band.as_str(), tint(*band))).collect();
    let kind = ChartKind::Stacked { bars: BarLayout::Rows(parts), is_share: true };
    let groups = grouped(&portfolio.customers, group);
    Table::of(name, title, (label, label), groups, group_item)
        .number("customers", "customers", |(_, members)| Cell::Count(members.len() as u64))
        .number("good", "good", |group| of(group, Band::Good))
        .number("average", "average", |group| of(group, Band::Average))
        .number("poor", "poor", |group| of(group, Band::Poor))
        .number("unknown", "unknown", |group| of(group, Band::Unknown))
        .number("poor_share", "poor share", |(_, members)| poor_share(members))
        .number("mean_score", "mean score", |(_, members)| {
            Cell::number(mean(members.iter().filter_map(|customer| customer.score)))
        })
        .number("mrr", "MRR", |(_, members)| Cell::money(mrr(members.iter().copied())))
        .number("poor_mrr", "poor MRR", |group| Cell::money(poor_mrr(group)))
        .done()
        .drawn(Chart::new(title, kind))
        .noted("The share of poor customers is that of the customers with a score.")
        .or_say("no customers")
}

/// Health by lifecycle stage, in numbers and shares.
pub(super) fn stages(portfolio: &Portfolio) -> ReportSection {
    const TITLE: &str = "How is health in each stage?";
    if portfolio.customers.iter().all(|customer| customer.stage.is_none()) {
        return portfolio.without_data(TITLE, NO_STAGES);
    }
    let numbers = by(portfolio, (STAGE, "health", "Health by stage", "stage"));
    let share = |(_, members): &Grouped<'_>, band| {
        Cell::share_of(in_band(members, band), members.len() as u64)
    };
    let (groups, label) = (grouped(&portfolio.customers, STAGE), ("stage", "stage"));
    let shares = Table::of("health_share", "Health by stage, shares", label, groups, group_item)
        .number("good_share", "good", |group| share(group, Band::Good))
        .number("average_share", "average", |group| share(group, Band::Average))
        .number("poor_share", "poor", |group| share(group, Band::Poor))
        .number("unknown_share", "unknown", |group| share(group, Band::Unknown))
        .done()
        .or_say("no customers");
    let answer = match problems_of(portfolio, "lifecycle stage", STAGE) {
        _ if !portfolio.has_health() => NO_SCORES.to_owned(),
        found if found.is_empty() => "No lifecycle stage stands out.".to_owned(),
        found => format!("{}.", capitalised(&found.join("; "))),
    };
    ReportSection { title: TITLE, answer, tables: vec![numbers, shares] }
}
