//! How many customers are good, average and poor: of all, and of each plan, stage and product.

use super::{NONE, Portfolio, counted, grouped};
use crate::domain::health::Band;
use crate::domain::portfolio::{Customer, has_problem, mean, mrr};
use crate::render::report::{Across, Cell, Chart, ChartKind, Column, Section, Table, Tint};

/// The colour of a band.
pub(super) fn tint(band: Band) -> Tint {
    match band {
        Band::Good => Tint::Good,
        Band::Average => Tint::Average,
        Band::Poor => Tint::Poor,
        Band::Unknown => Tint::Unknown,
    }
}

/// By what customers are put together.
type Group = fn(&Customer) -> Option<&String>;

const PLAN: Group = |customer| customer.plan.as_ref();
const STAGE: Group = |customer| customer.stage.as_ref();
const PRODUCT: Group = |customer| customer.product.as_ref();
const SEGMENT: Group = |customer| customer.segment.as_ref();

/// Customers by health, and what they pay.
pub(super) fn overall(portfolio: &Portfolio) -> Section {
    let customers = &portfolio.customers;
    let of = |band: Band| customers.iter().filter(move |customer| customer.band == band);
    let columns = vec![
        Column::new("customers", "customers"),
        Column::new("share", "share"),
        Column::new("mrr", "MRR"),
        Column::new("mrr_share", "share of MRR"),
    ];
    let mut table =
        Table::new("health", "Customers by health", Column::new("band", "health"), columns);
    let (count, all_mrr) = (customers.len() as u64, mrr(customers.iter()));
    let mrr_share = |amount: Option<f64>| {
        amount.zip(all_mrr).map_or(Cell::Unknown, |(part, all)| Cell::share(part, all))
    };
    for band in Band::ALL {
        let (number, amount) = (of(*band).count() as u64, mrr(of(*band)));
        let cells = vec![
            Cell::Count(number),
            Cell::share_of(number, count),
            Cell::money(amount),
            mrr_share(amount),
        ];
        table.row(band, cells);
    }
    let tints = Band::ALL.iter().map(|band| tint(*band)).collect();
    let kind =
        ChartKind::Stacked { bars: Across::Columns, columns: vec![0, 2], tints, is_share: true };
    let table = table.drawn(Chart::new("Customers and their MRR by health", kind));
    Section {
        title: "How are our customers?",
        answer: overall_answer(portfolio),
        tables: vec![table],
    }
}

fn overall_answer(portfolio: &Portfolio) -> String {
    let customers = &portfolio.customers;
    let count = customers.len() as u64;
    if count == 0 {
        return "There are no such customers.".to_owned();
    }
    let all_mrr = mrr(customers.iter());
    let who = counted(count, "customer", "customers");
    let pays = if count == 1 { "pays" } else { "pay" };
    let start = match all_mrr {
        Some(amount) => format!("{who} {pays} {} a month", Cell::Money(amount).text()),
        None => who,
    };
    if !portfolio.has_health() {
        return format!("{start}; none has a health score yet.");
    }
    let poor = || customers.iter().filter(|customer| customer.band == Band::Poor);
    let number = poor().count() as u64;
    if number == 0 {
        return format!("{start}; none is in poor health.");
    }
    let share = Cell::share_of(number, count);
    let money = mrr(poor()).filter(|_| all_mrr.is_some()).map_or(String::new(), |amount| {
        let share = Cell::share(amount, all_mrr.unwrap_or_default());
        format!(", with {} of the MRR ({})", Cell::Money(amount).text(), share.text())
    });
    let are = if number == 1 { "is" } else { "are" };
    format!("{start}; {number} of them ({}) {are} in poor health{money}.", share.text())
}

/// Which plan, lifecycle stage and product have a health problem.
pub(super) fn problems(portfolio: &Portfolio) -> Section {
    let tables = vec![
        by(portfolio, PLAN, "plans", "Health by plan", "plan").folded(),
        by(portfolio, STAGE, "stages", "Health by stage", "stage").folded(),
        by(portfolio, PRODUCT, "products", "Health by product", "product").folded(),
    ];
    Section { title: "Where is there a health problem?", answer: problem_answer(portfolio), tables }
}

/// The bands of each segment, plan, stage and product.
pub(super) fn by_group(portfolio: &Portfolio) -> Section {
    let tables = vec![
        by(portfolio, SEGMENT, "segments", "Health by segment", "segment"),
        by(portfolio, PLAN, "plans", "Health by plan", "plan"),
        by(portfolio, STAGE, "stages", "Health by stage", "stage"),
        by(portfolio, PRODUCT, "products", "Health by product", "product"),
    ];
    Section { title: "Where is there a health problem?", answer: problem_answer(portfolio), tables }
}

fn problem_answer(portfolio: &Portfolio) -> String {
    if !portfolio.has_health() {
        return "Nobody can tell before there are health scores.".to_owned();
    }
    let groups: [(&str, Group); 3] =
        [("plan", PLAN), ("lifecycle stage", STAGE), ("product", PRODUCT)];
    let found: Vec<String> =
        groups.iter().flat_map(|(what, group)| problems_of(portfolio, what, *group)).collect();
    let (_, all) = known_share(&portfolio.customers.iter().collect::<Vec<_>>());
    if found.is_empty() {
        return format!(
            "No plan, lifecycle stage or product stands out: {} of all customers with a score are poor.",
            all.text()
        );
    }
    format!(
        "{}. Of all customers with a score, {} are poor.",
        capitalised(&found.join("; ")),
        all.text()
    )
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// What is to be said of the groups with a problem, the largest share of poor customers first.
fn problems_of(portfolio: &Portfolio, what: &str, group: Group) -> Vec<String> {
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
            "{what} {name} has a health problem, {poor} of {known} poor ({})",
            known_share(members).1.text()
        )
    };
    found.iter().map(text).collect()
}

/// How many are poor, of how many with a band.
fn poor_of_known(customers: &[&Customer]) -> (u64, u64) {
    let count = |is_so: fn(&Customer) -> bool| {
        customers.iter().filter(|customer| is_so(customer)).count() as u64
    };
    (
        count(|customer| customer.band == Band::Poor),
        count(|customer| customer.band != Band::Unknown),
    )
}

fn known_share(customers: &[&Customer]) -> (u64, Cell) {
    let (poor, known) = poor_of_known(customers);
    (poor, Cell::share_of(poor, known))
}

/// A row for each group: how many customers have each band.
fn by(
    portfolio: &Portfolio,
    group: Group,
    name: &'static str,
    title: &'static str,
    label: &'static str,
) -> Table {
    let columns = vec![
        Column::new("customers", "customers"),
        Column::new("good", "good"),
        Column::new("average", "average"),
        Column::new("poor", "poor"),
        Column::new("unknown", "unknown"),
        Column::new("poor_share", "poor"),
        Column::new("mean_score", "mean score"),
        Column::new("mrr", "MRR"),
        Column::new("poor_mrr", "poor MRR"),
    ];
    let mut table = Table::new(name, title, Column::new(label, label), columns);
    for (text, members) in grouped(&portfolio.customers, group) {
        let of = |band: Band| members.iter().copied().filter(move |customer| customer.band == band);
        let mut cells = vec![Cell::Count(members.len() as u64)];
        cells.extend(Band::ALL.iter().map(|band| Cell::Count(of(*band).count() as u64)));
        cells.push(known_share(&members).1);
        cells.push(Cell::number(mean(members.iter().filter_map(|customer| customer.score))));
        cells.push(Cell::money(mrr(members.iter().copied())));
        cells.push(Cell::money(mrr(of(Band::Poor))));
        table.row(text.as_deref().unwrap_or(NONE), cells);
    }
    let tints = Band::ALL.iter().map(|band| tint(*band)).collect();
    let kind =
        ChartKind::Stacked { bars: Across::Rows, columns: vec![1, 2, 3, 4], tints, is_share: true };
    table
        .drawn(Chart::new(title, kind))
        .noted("The share of poor customers is that of the customers with a score.")
        .or_say("no customers")
}

/// Health by lifecycle stage, in numbers and in shares.
pub(super) fn stages(portfolio: &Portfolio) -> Section {
    let numbers = by(portfolio, STAGE, "health", "Health by stage", "stage");
    let columns =
        Band::ALL.iter().map(|band| Column::new(share_name(*band), band.as_str())).collect();
    let mut shares = Table::new(
        "health_share",
        "Health by stage, shares",
        Column::new("stage", "stage"),
        columns,
    );
    for (text, members) in grouped(&portfolio.customers, STAGE) {
        let of = |band: Band| {
            members.iter().filter(move |customer| customer.band == band).count() as u64
        };
        let cells = Band::ALL.iter().map(|band| Cell::share_of(of(*band), members.len() as u64));
        shares.row(text.as_deref().unwrap_or(NONE), cells.collect());
    }
    let answer = if portfolio.has_health() {
        let found = problems_of(portfolio, "lifecycle stage", STAGE);
        let none = || "No lifecycle stage stands out".to_owned();
        format!("{}.", if found.is_empty() { none() } else { capitalised(&found.join("; ")) })
    } else {
        "No customer has a health score yet.".to_owned()
    };
    Section {
        title: "How is the health in each stage?",
        answer,
        tables: vec![numbers, shares.or_say("no customers")],
    }
}

fn share_name(band: Band) -> &'static str {
    match band {
        Band::Good => "good_share",
        Band::Average => "average_share",
        Band::Poor => "poor_share",
        Band::Unknown => "unknown_share",
    }
}
