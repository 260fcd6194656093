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

/// The text when nobody has a pulse.
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

/// Customers by level.
pub(super) fn levels(portfolio: &Portfolio) -> ReportSection {
    const TITLE: &str = "What do we think of our customers?";
    let customers = &portfolio.customers;
    if customers.iter().all(|customer| customer.pulse.is_none()) {
        return ReportSection::without_data(TITLE, NO_PULSES);
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

/// The number of customers with a level: of those present on both days, and of the others.
struct LevelCounts {
    then: u64,
    now: u64,
    moved_in: u64,
    joined: u64,
    left: u64,
}

/// Each level compared with an earlier day, and who moved into it.
pub(super) fn changes(portfolio: &Portfolio, then: Day, earlier: &EarlierPulses) -> ReportSection {
    let customers = &portfolio.customers;
    let level_then =
        |customer: &Customer| earlier.get(&customer.key).map(|mark| mark.map(|mark| mark.level));
    let present: BTreeSet<_> = customers.iter().map(|customer| customer.key).collect();
    let both =
        || customers.iter().filter_map(|customer| Some((level_then(customer)?, customer.level())));
    let counted_of = |level: &Option<Level>| {
        let count = |is_so: &dyn Fn((Option<Level>, Option<Level>)) -> bool| {
            both().filter(|levels| is_so(*levels)).count() as u64
        };
        let joined = customers.iter().filter(|customer| level_then(customer).is_none());
        let left = earlier.iter().filter(|(key, _)| !present.contains(key));
        LevelCounts {
            then: count(&|(then, _)| then == *level),
            now: count(&|(_, now)| now == *level),
            moved_in: count(&|(then, now)| now == *level && then != *level),
            joined: joined.filter(|customer| customer.level() == *level).count() as u64,
            left: left.filter(|(_, mark)| mark.map(|mark| mark.level) == *level).count() as u64,
        }
    };
    let levels = all_levels().map(|level| (level, counted_of(&level)));
    let title = "Pulse now and then";
    let table = Table::of("levels", title, ("level", "pulse"), levels, |(level, _)| {
        RowLabel::new(name(*level))
    })
    .number("then", "then", |(_, counts)| Cell::Count(counts.then))
    .number("now", "now", |(_, counts)| Cell::Count(counts.now))
    .number("change", "change", |(_, counts)| {
        Cell::Difference(counts.now as i64 - counts.then as i64)
    })
    .number("moved_in", "moved in", |(_, counts)| Cell::Count(counts.moved_in))
    .number("joined", "joined", |(_, counts)| Cell::Count(counts.joined))
    .number("left", "left", |(_, counts)| Cell::Count(counts.left))
    .done()
    .noted("Then and now count the customers of both days; those who joined or left since stand beside them.");
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
        "Since {then} the pulse of {} became worse, {better} became better, and {first} got a first one.",
        counted(worse as u64, "customer", "customers")
    );
    ReportSection {
        title: "How has the pulse changed?",
        answer,
        tables: vec![table, moved_table(moved)],
    }
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

/// Why customers are at risk, by category and by code.
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
    let count = at_risk.len() as u64;
    let main = categories.rows.iter().find(|row| row.item.name != NONE);
    if at_risk.is_empty() {
        let nobody = "No customer has a pulse of some-risk or lower.";
        let is_any = portfolio.customers.iter().any(|customer| customer.pulse.is_some());
        return ReportSection::without_data(TITLE, if is_any { nobody } else { NO_PULSES });
    }
    let answer = match main {
        None => format!(
            "{} at risk, without any reason given.",
            counted(count, "customer", "customers")
        ),
        Some(row) => format!(
            "{} at risk; the most common category of reasons is {}, for {} of them ({}).",
            counted(count, "customer", "customers"),
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
        if factors.is_empty() {
            groups.entry((true, NONE.to_owned())).or_default().push(customer);
        }
        factors
            .into_iter()
            .for_each(|factor| groups.entry((false, factor)).or_default().push(customer));
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|((is_none, _), members)| (*is_none, std::cmp::Reverse(members.len())));
    let kind = ChartKind::Stacked {
        bars: BarLayout::Rows(vec![("customers", Tint::Plain)]),
        is_share: false,
    };
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

/// Pulse by lifecycle stage, in numbers and shares.
pub(super) fn stages(portfolio: &Portfolio) -> ReportSection {
    const TITLE: &str = "How is the pulse in each stage?";
    if portfolio.customers.iter().all(|customer| customer.stage.is_none()) {
        return ReportSection::without_data(TITLE, NO_STAGES);
    }
    let groups = || grouped(&portfolio.customers, |customer| customer.stage.as_ref());
    let of = |(_, members): &Grouped<'_>, level: Option<Level>| {
        members.iter().filter(|customer| customer.level() == level).count() as u64
    };
    let parts = all_levels().map(|level| (name(level), tint(level))).collect();
    let kind = ChartKind::Stacked { bars: BarLayout::Rows(parts), is_share: true };
    let stage = ("stage", "stage");
    let numbers = Table::of("pulse", "Pulse by stage", stage, groups(), group_item).number(
        "customers",
        "customers",
        |(_, members)| Cell::Count(members.len() as u64),
    );
    let numbers = all_levels()
        .fold(numbers, |table, level| {
            table.number(name(level), name(level), |group| Cell::Count(of(group, level)))
        })
        .done()
        .drawn(Chart::new("Pulse by lifecycle stage", kind))
        .or_say("no customers");
    let shares = Table::of("pulse_share", "Pulse by stage, shares", stage, groups(), group_item);
    let shares = all_levels().fold(shares, |table, level| {
        table.number(share_name(level), name(level), |group| {
            Cell::share_of(of(group, level), group.1.len() as u64)
        })
    });
    let at_risk = |members: &[&Customer]| {
        members.iter().filter(|customer| customer.is_at_risk()).count() as u64
    };
    let mut riskiest: Option<(String, u64, u64)> = None;
    for (text, members) in groups() {
        let (number, count) = (at_risk(&members), members.len() as u64);
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
    ReportSection {
        title: TITLE,
        answer,
        tables: vec![numbers, shares.done().or_say("no customers")],
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
