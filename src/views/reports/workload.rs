//! What each CSM has to do, and who has too much.

use super::{NONE, Portfolio, counted, grouped, listed};
use crate::domain::health::Band;
use crate::domain::portfolio::{is_overloaded, median, mrr};
use crate::render::report::{Across, Cell, Chart, ChartKind, Column, Section, Table, Tint};

/// Which CSM is overloaded.
pub(super) fn section(portfolio: &Portfolio) -> Section {
    let middle = median(portfolio.poor_of_team.values().map(|poor| *poor as f64).collect());
    let columns = vec![
        Column::new("customers", "customers"),
        Column::new("mrr", "MRR"),
        Column::new("poor", "poor"),
        Column::new("bad_open_signals", "open bad signals"),
        Column::new("overdue_tasks", "overdue tasks"),
        Column::new("overloaded", "overloaded"),
    ];
    let mut table = Table::new("workload", "Customers by CSM", Column::new("csm", "CSM"), columns);
    let mut overloaded = Vec::new();
    let mut groups: Vec<_> = grouped(&portfolio.customers, |customer| customer.csm.as_ref())
        .into_iter()
        .map(|(csm, members)| {
            (members.iter().filter(|c| c.band == Band::Poor).count() as u64, csm, members)
        })
        .collect();
    // Those without a CSM stay last, and else the order is A to Z among equals.
    groups.sort_by_key(|(poor, csm, _)| (csm.is_none(), std::cmp::Reverse(*poor)));
    for (poor, csm, members) in groups {
        let is_too_much = csm.is_some() && middle.is_some_and(|middle| is_overloaded(poor, middle));
        if let (true, Some(name)) = (is_too_much, &csm) {
            overloaded.push((name.clone(), poor));
        }
        let cells = vec![
            Cell::Count(members.len() as u64),
            Cell::money(mrr(members.iter().copied())),
            if portfolio.has_health() { Cell::Count(poor) } else { Cell::Unknown },
            Cell::Count(members.iter().map(|customer| customer.bad_open_signals).sum()),
            Cell::Count(members.iter().map(|customer| customer.overdue_tasks).sum()),
            overload_word(portfolio, csm.is_some(), is_too_much),
        ];
        table.row(csm.as_deref().unwrap_or(NONE), cells);
    }
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
        ("Poor customers of each CSM", 2, Tint::Poor)
    } else {
        ("Customers of each CSM", 0, Tint::Plain)
    };
    let kind = ChartKind::Stacked {
        bars: Across::Rows,
        columns: vec![column],
        tints: vec![tint],
        is_share: false,
    };
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
