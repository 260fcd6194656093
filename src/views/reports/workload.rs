//! What each CSM has to do, and who has too much.

use super::{NONE, Portfolio, counted, grouped, listed};
use crate::domain::health::Band;
use crate::domain::portfolio::{Customer, is_overloaded, median, mrr};
use crate::render::report::{Bars, Cell, Chart, ChartKind, Item, Section, Table, Tint};

/// What a CSM has to do; without a name, what nobody does.
struct Load<'c> {
    csm: Option<String>,
    members: Vec<&'c Customer>,
    poor: u64,
    is_too_much: bool,
}

/// Which CSM is overloaded.
pub(super) fn section(portfolio: &Portfolio) -> Section {
    let middle = median(portfolio.poor_of_team.values().map(|poor| *poor as f64).collect());
    let mut groups: Vec<Load<'_>> = grouped(&portfolio.customers, |customer| customer.csm.as_ref())
        .into_iter()
        .map(|(csm, members)| {
            let poor = members.iter().filter(|c| c.band == Band::Poor).count() as u64;
            let is_too_much =
                csm.is_some() && middle.is_some_and(|middle| is_overloaded(poor, middle));
            Load { csm, members, poor, is_too_much }
        })
        .collect();
    // Those without a CSM stay last, and else the order is A to Z among equals.
    groups.sort_by_key(|load| (load.csm.is_none(), std::cmp::Reverse(load.poor)));
    let overloaded: Vec<(String, u64)> = groups
        .iter()
        .filter(|load| load.is_too_much)
        .filter_map(|load| Some((load.csm.clone()?, load.poor)))
        .collect();
    let if_scored = |cell| if portfolio.has_health() { cell } else { Cell::Unknown };
    let table = Table::of("workload", "Customers by CSM", ("csm", "CSM"), groups, |load| {
        Item::new(load.csm.as_deref().unwrap_or(NONE))
    })
    .number("customers", "customers", |load| Cell::Count(load.members.len() as u64))
    .number("mrr", "MRR", |load| Cell::money(mrr(load.members.iter().copied())))
    .number("poor", "poor", |load| if_scored(Cell::Count(load.poor)))
    .number("bad_open_signals", "open bad signals", |load| {
        Cell::Count(load.members.iter().map(|customer| customer.bad_open_signals).sum())
    })
    .number("overdue_tasks", "overdue tasks", |load| {
        Cell::Count(load.members.iter().map(|customer| customer.overdue_tasks).sum())
    })
    .text("overloaded", "overloaded", |load| {
        overload_word(portfolio, load.csm.is_some(), load.is_too_much)
    })
    .done();
    let table = drawn(table, portfolio.has_health())
        .noted("Overloaded is who has more than 1.5 times the median of poor customers, the median being that of the whole team.")
        .or_say("no customers");
    Section {
        title: "Who is overloaded?",
        answer: answer(portfolio, middle, &overloaded),
        tables: vec![table],
    }
}

fn overload_word(portfolio: &Portfolio, is_somebody: bool, is_too_much: bool) -> Cell {
    match is_too_much {
        _ if !is_somebody || !portfolio.has_health() => Cell::Unknown,
        true => Cell::Text("yes".to_owned()),
        false => Cell::Text("no".to_owned()),
    }
}

fn drawn(table: Table, has_health: bool) -> Table {
    let (title, column, tint) = if has_health {
        ("Poor customers of each CSM", "poor", Tint::Poor)
    } else {
        ("Customers of each CSM", "customers", Tint::Plain)
    };
    let kind = ChartKind::Stacked { bars: Bars::Rows(vec![(column, tint)]), is_share: false };
    table.drawn(Chart::new(title, kind))
}

fn answer(portfolio: &Portfolio, middle: Option<f64>, overloaded: &[(String, u64)]) -> String {
    if !portfolio.has_health() {
        return "Nobody can tell before there are health scores.".to_owned();
    }
    let median = format!("the median of all CSMs is {}", Cell::number(middle).text());
    match overloaded {
        [] => format!(
            "Nobody is overloaded with customers in poor health: {median}, and nobody has more than 1.5 times that."
        ),
        [(name, poor)] => {
            format!(
                "{name} is overloaded with {}: {median}.",
                counted(*poor, "customer in poor health", "customers in poor health")
            )
        }
        several => {
            let names: Vec<String> =
                several.iter().map(|(name, poor)| format!("{name} ({poor})")).collect();
            format!("{} are overloaded with customers in poor health: {median}.", listed(&names))
        }
    }
}
