//! The pulse of customers: levels, changes, and the reasons of those at risk.

use std::collections::{BTreeMap, BTreeSet};

use super::{EarlierPulses, NONE, Portfolio, counted, grouped};
use crate::domain::day::Day;
use crate::domain::portfolio::{Customer, mrr};
use crate::domain::pulse::Level;
use crate::render::report::{Across, Cell, Chart, ChartKind, Column, Section, Table, Tint};

/// Every level, the worst first, then no pulse at all.
fn all_levels() -> impl Iterator<Item = Option<Level>> {
    Level::ALL.into_iter().map(Some).chain([None])
}

fn name(level: Option<Level>) -> &'static str {
    level.map_or("no-pulse", Level::label)
}

fn tints() -> Vec<Tint> {
    all_levels()
        .map(|level| level.map_or(Tint::Unknown, |level| Tint::Level(level.number())))
        .collect()
}

/// How many customers have each level, and who.
pub(super) fn levels(portfolio: &Portfolio) -> Section {
    let customers = &portfolio.customers;
    let count = customers.len() as u64;
    let columns = vec![
        Column::new("customers", "customers"),
        Column::new("share", "share"),
        Column::new("mrr", "MRR"),
    ];
    let mut table =
        Table::new("levels", "Customers by pulse", Column::new("level", "pulse"), columns);
    for level in all_levels() {
        let of_level = || customers.iter().filter(|customer| customer.level() == level);
        let number = of_level().count() as u64;
        table.row(
            name(level),
            vec![Cell::Count(number), Cell::share_of(number, count), Cell::money(mrr(of_level()))],
        );
    }
    let kind = ChartKind::Stacked {
        bars: Across::Columns,
        columns: vec![0],
        tints: tints(),
        is_share: true,
    };
    let table = table.drawn(Chart::new("Customers by pulse", kind));
    let at_risk = customers.iter().filter(|customer| customer.is_at_risk()).count() as u64;
    let without = customers.iter().filter(|customer| customer.pulse.is_none()).count() as u64;
    let answer = format!(
        "{at_risk} of {} at risk ({}), {without} without a pulse ({}).",
        counted(count, "customer", "customers"),
        Cell::share_of(at_risk, count).text(),
        Cell::share_of(without, count).text(),
    );
    Section {
        title: "What do we think of our customers?",
        answer,
        tables: vec![table, members(customers)],
    }
}

/// Who has which level, the worst first.
fn members(customers: &[Customer]) -> Table {
    let columns = vec![
        Column::for_people("id"),
        Column::new("pulse", "pulse"),
        Column::new("since", "since"),
        Column::new("reason_codes", "reasons"),
        Column::new("csm", "CSM"),
        Column::new("mrr", "MRR"),
    ];
    let mut table =
        Table::new("customers", "Who has which pulse", Column::new("name", "customer"), columns);
    let mut ordered: Vec<&Customer> = customers.iter().collect();
    ordered.sort_by_key(|customer| (customer.pulse.is_none(), customer.level()));
    for customer in ordered {
        let cells = vec![
            Cell::Text(customer.company_id.clone()),
            Cell::Text(name(customer.level()).to_owned()),
            customer.pulse.map_or(Cell::Unknown, |mark| Cell::Day(mark.day)),
            reasons_cell(customer),
            Cell::text_of(customer.csm.as_ref()),
            Cell::money(customer.mrr),
        ];
        table.named_row(&customer.company_id, customer.title(), cells);
    }
    table.or_say("no customers")
}

fn reasons_cell(customer: &Customer) -> Cell {
    let codes = &customer.reason_codes;
    Cell::text_of((!codes.is_empty()).then(|| codes.join(", ")))
}

/// Each level now against an earlier day, and who moved into it.
pub(super) fn changes(portfolio: &Portfolio, then: Day, earlier: &EarlierPulses) -> Section {
    let customers = &portfolio.customers;
    let level_then =
        |customer: &Customer| earlier.get(&customer.key).map(|mark| mark.map(|mark| mark.level));
    let columns = vec![
        Column::new("then", "then"),
        Column::new("now", "now"),
        Column::new("change", "change"),
        Column::new("moved_in", "moved in"),
        Column::new("joined", "joined"),
        Column::new("left", "left"),
    ];
    let mut table =
        Table::new("levels", "Pulse now and then", Column::new("level", "pulse"), columns);
    let present: BTreeSet<_> = customers.iter().map(|customer| customer.key).collect();
    for level in all_levels() {
        let both = || {
            customers.iter().filter_map(|customer| Some((level_then(customer)?, customer.level())))
        };
        let before = both().filter(|(then, _)| *then == level).count() as u64;
        let after = both().filter(|(_, now)| *now == level).count() as u64;
        let moved = both().filter(|(then, now)| *now == level && *then != level).count() as u64;
        let joined =
            customers.iter().filter(|c| level_then(c).is_none() && c.level() == level).count()
                as u64;
        let gone = earlier.iter().filter(|(key, _)| !present.contains(key));
        let left = gone.filter(|(_, mark)| mark.map(|mark| mark.level) == level).count() as u64;
        let mut cells = vec![
            Cell::Count(before),
            Cell::Count(after),
            Cell::Difference(after as i64 - before as i64),
        ];
        cells.extend([moved, joined, left].map(Cell::Count));
        table.row(name(level), cells);
    }
    let table =
        table.noted("Then and now count the customers of both days; who joined or left since stands beside them.");
    let moved: Vec<(&Customer, Option<Level>)> = customers
        .iter()
        .filter_map(|customer| Some((customer, level_then(customer)?)))
        .filter(|(customer, then)| *then != customer.level())
        .collect();
    let worse =
        moved.iter().filter(|(customer, then)| then.is_some() && customer.level() < *then).count();
    let better =
        moved.iter().filter(|(customer, then)| then.is_some() && customer.level() > *then).count();
    let first = moved.len() - worse - better;
    let answer = format!(
        "Since {then} the pulse of {} became worse, of {better} better, and {first} got a first one.",
        counted(worse as u64, "customer", "customers")
    );
    Section { title: "How has the pulse changed?", answer, tables: vec![table, moved_table(moved)] }
}

/// Who moved, by the level that it moved into, the worst first.
fn moved_table(mut moved: Vec<(&Customer, Option<Level>)>) -> Table {
    let columns = vec![
        Column::for_people("id"),
        Column::new("pulse", "pulse now"),
        Column::new("pulse_then", "pulse then"),
        Column::new("since", "since"),
        Column::new("reason_codes", "reasons"),
        Column::new("csm", "CSM"),
        Column::new("mrr", "MRR"),
    ];
    let mut table =
        Table::new("moved", "Who moved", Column::new("name", "customer"), columns).or_say("nobody");
    moved.sort_by_key(|(customer, _)| customer.level());
    for (customer, then) in moved {
        let cells = vec![
            Cell::Text(customer.company_id.clone()),
            Cell::Text(name(customer.level()).to_owned()),
            Cell::Text(name(then).to_owned()),
            customer.pulse.map_or(Cell::Unknown, |mark| Cell::Day(mark.day)),
            reasons_cell(customer),
            Cell::text_of(customer.csm.as_ref()),
            Cell::money(customer.mrr),
        ];
        table.named_row(&customer.company_id, customer.title(), cells);
    }
    table
}

/// Why customers are at risk, by category and by code.
pub(super) fn risk_factors(portfolio: &Portfolio) -> Section {
    let at_risk: Vec<&Customer> =
        portfolio.customers.iter().filter(|customer| customer.is_at_risk()).collect();
    let category =
        |code: &str| code.split_once('/').map_or(code, |(category, _)| category).to_owned();
    let categories =
        factor_table(("categories", "Risk by category", "category"), &at_risk, |customer| {
            customer.reason_codes.iter().map(|code| category(code)).collect()
        });
    let codes = factor_table(("reasons", "Risk by reason", "reason"), &at_risk, |customer| {
        customer.reason_codes.iter().cloned().collect()
    });
    let count = at_risk.len() as u64;
    let main = categories.rows.iter().find(|row| row.item != NONE);
    let answer = match main {
        _ if count == 0 => "No customer has a pulse of some-risk or lower.".to_owned(),
        None => format!(
            "{} at risk, without any reason given.",
            counted(count, "customer", "customers")
        ),
        Some(row) => format!(
            "{} at risk; the commonest category of reasons is {}, for {} of them ({}).",
            counted(count, "customer", "customers"),
            row.item,
            row.cells[0].text(),
            row.cells[1].text()
        ),
    };
    Section { title: "Why are customers at risk?", answer, tables: vec![categories, codes] }
}

/// Each factor with the customers at risk who have it; a customer counts once for each.
fn factor_table(
    (name, title, label): (&'static str, &'static str, &'static str),
    at_risk: &[&Customer],
    factors: impl Fn(&Customer) -> BTreeSet<String>,
) -> Table {
    let columns = vec![
        Column::new("customers", "customers"),
        Column::new("share", "share"),
        Column::new("mrr", "MRR"),
    ];
    let mut table = Table::new(name, title, Column::new(label, label), columns);
    let mut groups: BTreeMap<(bool, String), Vec<&Customer>> = BTreeMap::new();
    for customer in at_risk {
        let factors = factors(customer);
        if factors.is_empty() {
            groups.entry((true, NONE.to_owned())).or_default().push(customer);
        }
        factors
            .into_iter()
            .for_each(|factor| groups.entry((false, factor)).or_default().push(customer));
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|((is_none, _), members)| (*is_none, std::cmp::Reverse(members.len())));
    for ((_, factor), members) in groups {
        let number = members.len() as u64;
        let cells = vec![
            Cell::Count(number),
            Cell::share_of(number, at_risk.len() as u64),
            Cell::money(mrr(members.into_iter())),
        ];
        table.row(factor, cells);
    }
    let kind = ChartKind::Stacked {
        bars: Across::Rows,
        columns: vec![0],
        tints: vec![Tint::Plain],
        is_share: false,
    };
    table
        .drawn(Chart::new(title, kind))
        .noted("Of the customers with a pulse of some-risk or lower; one with several reasons counts under each.")
        .or_say("nobody is at risk")
}

/// Pulse by lifecycle stage, in numbers and in shares.
pub(super) fn stages(portfolio: &Portfolio) -> Section {
    let columns = |prefix: &'static str| -> Vec<Column> {
        all_levels()
            .map(|level| {
                Column::new(
                    if prefix.is_empty() { name(level) } else { share_name(level) },
                    name(level),
                )
            })
            .collect()
    };
    let stage = || Column::new("stage", "stage");
    let mut numbers = Table::new(
        "pulse",
        "Pulse by stage",
        stage(),
        [vec![Column::new("customers", "customers")], columns("")].concat(),
    );
    let mut shares = Table::new("pulse_share", "Pulse by stage, shares", stage(), columns("share"));
    let mut riskiest: Option<(String, u64, u64)> = None;
    for (text, members) in grouped(&portfolio.customers, |customer| customer.stage.as_ref()) {
        let of = |level: Option<Level>| {
            members.iter().filter(|customer| customer.level() == level).count() as u64
        };
        let count = members.len() as u64;
        let item = text.as_deref().unwrap_or(NONE);
        numbers.row(
            item,
            [vec![Cell::Count(count)], all_levels().map(|level| Cell::Count(of(level))).collect()]
                .concat(),
        );
        shares.row(item, all_levels().map(|level| Cell::share_of(of(level), count)).collect());
        let at_risk = members.iter().filter(|customer| customer.is_at_risk()).count() as u64;
        let is_more = riskiest.as_ref().is_none_or(|(_, most, of)| at_risk * of > most * count);
        if at_risk > 0 && is_more {
            riskiest = Some((item.to_owned(), at_risk, count));
        }
    }
    let kind = ChartKind::Stacked {
        bars: Across::Rows,
        columns: (1..=7).collect(),
        tints: tints(),
        is_share: true,
    };
    let numbers =
        numbers.drawn(Chart::new("Pulse by lifecycle stage", kind)).or_say("no customers");
    let answer = match riskiest {
        None => "No customer has a pulse of some-risk or lower.".to_owned(),
        Some((stage, at_risk, count)) => format!(
            "Stage {stage} has the largest share at risk: {at_risk} of {} ({}).",
            counted(count, "customer", "customers"),
            Cell::share_of(at_risk, count).text()
        ),
    };
    Section {
        title: "How is the pulse in each stage?",
        answer,
        tables: vec![numbers, shares.or_say("no customers")],
    }
}

fn share_name(level: Option<Level>) -> &'static str {
    match level {
        Some(Level::SevereRisk) => "severe-risk_share",
        Some(Level::HighRisk) => "high-risk_share",
        Some(Level::SomeRisk) => "some-risk_share",
        Some(Level::Satisfied) => "satisfied_share",
        Some(Level::VerySatisfied) => "very-satisfied_share",
        Some(Level::ExtremelySatisfied) => "extremely-satisfied_share",
        None => "no-pulse_share",
    }
}
