//! The workload of each CSM, and who is overloaded.

use super::{NO_CUSTOMERS, NO_SCORES, NONE, Portfolio, counted, grouped, listed};
use crate::domain::health::Band;
use crate::domain::portfolio::{Customer, SMALLEST_TEAM, is_overloaded, median, mrr};
use crate::render::report::{
    BarLayout, Cell, Chart, ChartKind, ReportSection, RowLabel, Table, Tint,
};
use crate::render::yes_or_no;

/// The workload of a CSM; without a name, of customers without one.
struct CsmWorkload<'c> {
    csm: Option<String>,
    members: Vec<&'c Customer>,
    poor: u64,
    /// Whether that is too much; `None` if it cannot be compared.
    is_too_much: Option<bool>,
}

pub(super) fn section(portfolio: &Portfolio) -> ReportSection {
    const TITLE: &str = "Who is overloaded?";
    if portfolio.customers.is_empty() {
        return portfolio.without_data(TITLE, NO_CUSTOMERS);
    }
    let team = &portfolio.poor_of_team;
    if team.is_empty() {
        return portfolio.without_data(
            TITLE,
            "Workload cannot be compared without CSMs: import the column `csm` with the companies.",
        );
    }
    let middle = median(team.values().map(|poor| *poor as f64).collect())
        .filter(|_| portfolio.has_health() && team.len() >= SMALLEST_TEAM);
    let mut groups: Vec<CsmWorkload<'_>> =
        grouped(&portfolio.customers, |customer| customer.csm.as_ref())
            .into_iter()
            .map(|(csm, members)| {
                let poor = members.iter().filter(|c| c.band == Band::Poor).count() as u64;
                let of_all = csm.as_ref().and_then(|csm| team.get(csm)).copied();
                let is_too_much =
                    of_all.zip(middle).map(|(poor, middle)| is_overloaded(poor, middle));
                CsmWorkload { csm, members, poor, is_too_much }
            })
            .collect();
    // Customers without a CSM are last; ties are sorted A to Z.
    groups.sort_by_key(|load| (load.csm.is_none(), std::cmp::Reverse(load.poor)));
    let overloaded = groups.iter().filter(|load| load.is_too_much == Some(true));
    let overloaded: Vec<(String, u64)> = overloaded
        .filter_map(|load| load.csm.clone())
        .map(|csm| (csm.clone(), team[&csm]))
        .collect();
    let if_scored = |cell| if portfolio.has_health() { cell } else { Cell::Unknown };
    let table = Table::of("workload", "Customers by CSM", ("csm", "CSM"), groups, |load| {
        RowLabel::new(load.csm.as_deref().unwrap_or(NONE))
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
    .text("overloaded", "overloaded", |load| Cell::text_of(load.is_too_much.map(yes_or_no)))
    .done();
    let table = drawn(table, portfolio.has_health())
        .noted("Overloaded: at least 3 customers in poor health, and more than 1.5 × the median of the whole team, whatever the filter.")
        .or_say("no customers");
    let answer = answer(portfolio, middle, &overloaded);
    ReportSection { title: TITLE, answer, tables: vec![table] }
}

fn drawn(table: Table, has_health: bool) -> Table {
    let (title, column, tint) = if has_health {
        ("Poor customers of each CSM", "poor", Tint::Poor)
    } else {
        ("Customers of each CSM", "customers", Tint::Plain)
    };
    let kind = ChartKind::Stacked { bars: BarLayout::Rows(vec![(column, tint)]), is_share: false };
    table.drawn(Chart::new(title, kind))
}

fn answer(portfolio: &Portfolio, middle: Option<f64>, overloaded: &[(String, u64)]) -> String {
    if !portfolio.has_health() {
        return NO_SCORES.to_owned();
    }
    let Some(middle) = middle else {
        return "Workload cannot be compared: there are fewer than three CSMs.".to_owned();
    };
    let median = format!("the team's median is {}", Cell::Number(middle).text());
    match overloaded {
        [] => format!("Nobody is overloaded with customers in poor health: {median}."),
        [(name, poor)] => {
            let poor = counted(*poor, "customer in poor health", "customers in poor health");
            format!("{name} is overloaded with {poor}: {median}.")
        }
        several => {
            let names: Vec<String> =
                several.iter().map(|(name, poor)| format!("{name} ({poor})")).collect();
            format!("{} are overloaded with customers in poor health: {median}.", listed(&names))
        }
    }
}
