//! The pulse of customers: levels, changes, and reasons for risk.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    EarlierPulses, Grouped, NO_STAGES, NONE, Portfolio, company_item, counted, group_item, grouped,
};
use crate::domain::day::Day;
use crate::domain::portfolio::{Customer, mrr};
use crate::domain::pulse::Level;
use crate::render::report::{
    BarLayout, Cell, Chart, ChartKind, ReportSection, RowLabel, Table, Tint,
};

const NO_PULSES: &str = "No pulse yet: `signals pulse set COMPANY LEVEL` records one.";

/// Every level, worst first, then none.
fn all_levels() -> impl Iterator<Item = Option<Level>> {
    Level::ALL.into_iter().map(Some).chain([None])
}

fn name(level: Option<Level>) -> &'static str {
    level.map_or("no-pulse", Level::label)
}

fn tint(level: Option<Level>) -> Tint {
    level.map_or(Tint::Unknown, |level| Tint::Level(level.number()))
}

pub(super) fn levels(portfolio: &Portfolio) -> ReportSection {
    const TITLE: &str = "What do we think of our customers?";
    let customers = &portfolio.customers;
    if customers.iter().all(|customer| customer.pulse.is_none()) {
        return portfolio.without_data(TITLE, NO_PULSES);
    }
    let count = customers.len() as u64;
    let of_level =
        |level: Option<Level>| customers.iter().filter(move |customer| customer.level() == level);
    let number = |level: Option<Level>| of_level(level).count() as u64;
    let kind = ChartKind::Stacked { bars: BarLayout::Columns(vec!["customers"]), is_share: true };
    let title = "Customers by pulse";
    let table = Table::of("levels", title, ("level", "pulse"), all_levels(), |level| {
        RowLabel::new(name(*level))
    })
    .number("customers", "customers", |level| Cell::Count(number(*level)))
    .number("share", "share", |level| Cell::share_of(number(*level), count))
    .number("mrr", "MRR", |level| Cell::money(mrr(of_level(*level))))
    .tinted(|level| tint(*level))
    .done()
    .drawn(Chart::new(title, kind));
    let at_risk = customers.iter().filter(|customer| customer.is_at_risk()).count() as u64;
    let without = customers.iter().filter(|customer| customer.pulse.is_none()).count() as u64;
    let answer = format!(
        "{at_risk} of {} at risk ({}), {without} without a pulse ({}).",
        counted(count, "customer", "customers"),
        Cell::share_of(at_risk, count).text(),
        Cell::share_of(without, count).text(),
    );
    ReportSection { title: TITLE, answer, tables: vec![table, members(customers)] }
}

/// The customers of each level, worst first.
fn members(customers: &[Customer]) -> Table {
    let mut ordered: Vec<&Customer> = customers.iter().collect();
    ordered.sort_by_key(|customer| (customer.pulse.is_none(), customer.level()));
    let title = "Who has which pulse";
    Table::of("customers", title, ("name", "customer"), ordered, |customer| company_item(customer))
        .for_people("id", |customer| Cell::Text(customer.company_id.clone()))
        .text("pulse", "pulse", |customer| Cell::Text(name(customer.level()).to_owned()))
        .text("since", "since", |customer| Cell::day(customer.pulse.map(|mark| mark.day)))
        .text("reason_codes", "reasons", |customer| reasons_cell(customer))
        .text("csm", "CSM", |customer| Cell::text_of(customer.csm.as_ref()))
        .number("mrr", "MRR", |customer| Cell::money(customer.mrr))
        .done()
        .or_say("no customers")
}

fn reasons_cell(customer: &Customer) -> Cell {
    let codes = &customer.reason_codes;
    Cell::text_of((!codes.is_empty()).then(|| codes.join(", ")))
}

/// Each level compared with an earlier day, and who moved into it.
pub(super) fn changes(portfolio: &Portfolio, then: Day, earlier: &EarlierPulses) -> ReportSection {
    let customers = &portfolio.customers;
    let level_then =
        |customer: &Customer| earlier.get(&customer.key).map(|mark| mark.map(|mark| mark.level));
    let present: BTreeSet<_> = customers.iter().map(|customer| customer.key).collect();
    let both =
        || customers.iter().filter_map(|customer| Some((level_then(customer)?, customer.level())));
    let was = |level| both().filter(|(then, _)| *then == level).count();
    let is = |level| both().filter(|(_, now)| *now == level).count();
    let moved_in = |level| both().filter(|(then, now)| *now == level && *then != level).count();
    let joined = |level| {
        let joined = customers.iter().filter(|customer| level_then(customer).is_none());
        joined.filter(|customer| customer.level() == level).count()
    };
    let left = |level| {
        let left = earlier.iter().filter(|(key, _)| !present.contains(key));
        left.filter(|(_, mark)| mark.map(|mark| mark.level) == level).count()
    };
    let count = |count: usize| Cell::Count(count as u64);
    let title = "Pulse now and then";
    let table = Table::of("levels", title, ("level", "pulse"), all_levels(), |level| {
        RowLabel::new(name(*level))
    })
    .number("then", "then", |level| count(was(*level)))
    .number("now", "now", |level| count(is(*level)))
    .number("change", "change", |level| Cell::Difference(is(*level) as i64 - was(*level) as i64))
    .number("moved_in", "moved in", |level| count(moved_in(*level)))
    .number("joined", "joined", |level| count(joined(*level)))
    .number("left", "left", |level| count(left(*level)))
    .done()
    .noted("Then and now count the customers of both days; those who joined or left since stand beside them.");
    let moved: Vec<(&Customer, Option<Level>)> = customers
        .iter()
        .filter_map(|customer| Some((customer, level_then(customer)?)))
        .filter(|(customer, then)| *then != customer.level())
        .collect();
    let had_one = || moved.iter().filter(|(_, then)| then.is_some());
    let worse = had_one().filter(|(customer, then)| customer.level() < *then).count();
    let better = had_one().count() - worse;
    let first = moved.len() - worse - better;
    let worse = counted(worse as u64, "customer", "customers");
    let answer = format!(
        "Since {then} the pulse of {worse} became worse, {better} became better, and {first} got a first one."
    );
    let tables = vec![table, moved_table(moved)];
    ReportSection { title: "How has the pulse changed?", answer, tables }
}

/// The customers who moved, by their new level, worst first.
fn moved_table(mut moved: Vec<(&Customer, Option<Level>)>) -> Table {
    moved.sort_by_key(|(customer, _)| customer.level());
    Table::of("moved", "Who moved", ("name", "customer"), moved, |(customer, _)| {
        company_item(customer)
    })
    .for_people("id", |(customer, _)| Cell::Text(customer.company_id.clone()))
    .text("pulse", "pulse now", |(customer, _)| Cell::Text(name(customer.level()).to_owned()))
    .text("pulse_then", "pulse then", |(_, then)| Cell::Text(name(*then).to_owned()))
    .text("since", "since", |(customer, _)| Cell::day(customer.pulse.map(|mark| mark.day)))
    .text("reason_codes", "reasons", |(customer, _)| reasons_cell(customer))
    .text("csm", "CSM", |(customer, _)| Cell::text_of(customer.csm.as_ref()))
    .number("mrr", "MRR", |(customer, _)| Cell::money(customer.mrr))
    .done()
    .or_say("nobody")
}

pub(super) fn risk_factors(portfolio: &Portfolio) -> ReportSection {
    const TITLE: &str = "Why are customers at risk?";
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
    if at_risk.is_empty() {
        let nobody = "No customer has a pulse of some-risk or lower.";
        let is_any = portfolio.customers.iter().any(|customer| customer.pulse.is_some());
        return portfolio.without_data(TITLE, if is_any { nobody } else { NO_PULSES });
    }
    let all = counted(at_risk.len() as u64, "customer", "customers");
    let answer = match categories.rows.iter().find(|row| row.item.name != NONE) {
        None => format!("{all} at risk, without any reason given."),
        Some(row) => format!(
            "{all} at risk; the most common category of reasons is {}, for {} of them ({}).",
            row.item.name,
            row.cells[0].text(),
            row.cells[1].text()
        ),
    };
    ReportSection { title: TITLE, answer, tables: vec![categories, codes] }
}

/// The customers at risk for each factor; a customer counts once for each of its factors.
fn factor_table(
    (name, title, label): (&'static str, &'static str, &'static str),
    at_risk: &[&Customer],
    factors: impl Fn(&Customer) -> BTreeSet<String>,
) -> Table {
    let mut groups: BTreeMap<(bool, String), Vec<&Customer>> = BTreeMap::new();
    for customer in at_risk {
        let factors = factors(customer);
        let none = factors.is_empty().then(|| (true, NONE.to_owned()));
        for factor in factors.into_iter().map(|factor| (false, factor)).chain(none) {
            groups.entry(factor).or_default().push(customer);
        }
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|((is_none, _), members)| (*is_none, std::cmp::Reverse(members.len())));
    let bars = BarLayout::Rows(vec![("customers", Tint::Plain)]);
    let kind = ChartKind::Stacked { bars, is_share: false };
    let all = at_risk.len() as u64;
    Table::of(name, title, (label, label), groups, |((_, factor), _)| RowLabel::new(factor))
        .number("customers", "customers", |(_, members)| Cell::Count(members.len() as u64))
        .number("share", "share", |(_, members)| Cell::share_of(members.len() as u64, all))
        .number("mrr", "MRR", |(_, members)| Cell::money(mrr(members.iter().copied())))
        .done()
        .drawn(Chart::new(title, kind))
        .noted("Of the customers with a pulse of some-risk or lower; one with several reasons counts under each.")
        .or_say("nobody is at risk")
}

pub(super) fn stages(portfolio: &Portfolio) -> ReportSection {
    const TITLE: &str = "How is the pulse in each stage?";
    if portfolio.customers.iter().all(|customer| customer.stage.is_none()) {
        return portfolio.without_data(TITLE, NO_STAGES);
    }
    let groups = || grouped(&portfolio.customers, |customer| customer.stage.as_ref());
    let of = |(_, members): &Grouped<'_>, level: Option<Level>| {
        members.iter().filter(|customer| customer.level() == level).count() as u64
    };
    let parts = all_levels().map(|level| (name(level), tint(level))).collect();
    let kind = ChartKind::Stacked { bars: BarLayout::Rows(parts), is_share: true };
    let stage = ("stage", "stage");
    let numbers = Table::of("pulse", "Pulse by stage", stage, groups(), group_item);
    let numbers =
        numbers.number("customers", "customers", |(_, members)| Cell::Count(members.len() as u64));
    let numbers = all_levels()
        .fold(numbers, |table, level| {
            table.number(name(level), name(level), |group| Cell::Count(of(group, level)))
        })
        .done()
        .drawn(Chart::new("Pulse by lifecycle stage", kind))
        .or_say("no customers");
    let shares = Table::of("pulse_share", "Pulse by stage, shares", stage, groups(), group_item);
    let shares = all_levels()
        .fold(shares, |table, level| {
            table.number(share_name(level), name(level), |group| {
                Cell::share_of(of(group, level), group.1.len() as u64)
            })
        })
        .done()
        .or_say("no customers");
    let mut riskiest: Option<(String, u64, u64)> = None;
    for (text, members) in groups() {
        let at_risk = members.iter().filter(|customer| customer.is_at_risk());
        let (number, count) = (at_risk.count() as u64, members.len() as u64);
        let is_more = riskiest.as_ref().is_none_or(|(_, most, of)| number * of > most * count);
        if number > 0 && is_more {
            riskiest = Some((text.unwrap_or_else(|| NONE.to_owned()), number, count));
        }
    }
    let answer = match riskiest {
        None => "No customer has a pulse of some-risk or lower.".to_owned(),
        Some((stage, at_risk, count)) => format!(
            "Stage {stage} has the largest share at risk: {at_risk} of {} ({}).",
            counted(count, "customer", "customers"),
            Cell::share_of(at_risk, count).text()
        ),
    };
    ReportSection { title: TITLE, answer, tables: vec![numbers, shares] }
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
