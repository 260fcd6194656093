//! When contracts renew, against health and pulse.

use super::{Portfolio, bands, counted};
use crate::domain::portfolio::{Customer, mrr};
use crate::render::report::{Cell, Chart, ChartKind, Column, Section, Table};

/// A time in which contracts renew: its item, its name, and whether so many days from now lie in
/// it.
type Period = (&'static str, &'static str, fn(i32) -> bool);

const PERIODS: [Period; 5] = [
    ("overdue", "overdue", |days| days < 0),
    ("0-30", "in 0 to 30 days", |days| (0..=30).contains(&days)),
    ("31-60", "in 31 to 60 days", |days| (31..=60).contains(&days)),
    ("61-90", "in 61 to 90 days", |days| (61..=90).contains(&days)),
    ("later", "in more than 90 days", |days| days > 90),
];

/// When contracts renew, and what is at risk.
pub(super) fn section(portfolio: &Portfolio) -> Section {
    let day = portfolio.day();
    let mut renewing: Vec<(i32, &Customer)> = portfolio
        .customers
        .iter()
        .filter_map(|customer| Some((customer.renewal_on? - day, customer)))
        .collect();
    renewing.sort_by(|(a_days, a), (b_days, b)| {
        a_days.cmp(b_days).then_with(|| a.company_id.cmp(&b.company_id))
    });
    let at_risk = || {
        renewing
            .iter()
            .map(|(_, customer)| *customer)
            .filter(|customer| customer.may_not_renew(day))
    };
    let overdue = renewing.iter().filter(|(days, _)| *days < 0).count() as u64;
    let (all, danger) = (mrr(renewing.iter().map(|(_, customer)| *customer)), mrr(at_risk()));
    let answer = match danger {
        _ if renewing.is_empty() => "No customer has a renewal date.".to_owned(),
        Some(danger) => format!(
            "{} of MRR at risk, of {} that renews ({}): {} of {}; {overdue} overdue.",
            Cell::Money(danger).text(),
            Cell::money(all).text(),
            all.map_or(Cell::Unknown, |all| Cell::share(danger, all)).text(),
            at_risk().count(),
            counted(renewing.len() as u64, "renewal", "renewals"),
        ),
        None => format!(
            "{} of {} at risk; {overdue} overdue.",
            at_risk().count(),
            counted(renewing.len() as u64, "renewal", "renewals")
        ),
    };
    let tables = vec![periods(portfolio, &renewing), list(portfolio, &renewing)];
    Section { title: "What renews, and what is at risk?", answer, tables }
}

fn periods(portfolio: &Portfolio, renewing: &[(i32, &Customer)]) -> Table {
    let columns = vec![
        Column::new("customers", "customers"),
        Column::new("mrr", "MRR"),
        Column::new("at_risk", "at risk"),
        Column::new("mrr_at_risk", "MRR at risk"),
    ];
    let mut table =
        Table::new("renewal_risk", "MRR at risk", Column::new("period", "renews"), columns);
    let cells = |is_in: &dyn Fn(i32) -> bool| {
        let inside =
            || renewing.iter().filter(|(days, _)| is_in(*days)).map(|(_, customer)| *customer);
        let at_risk = || inside().filter(|customer| customer.may_not_renew(portfolio.day()));
        vec![
            Cell::Count(inside().count() as u64),
            Cell::money(mrr(inside())),
            Cell::Count(at_risk().count() as u64),
            Cell::money(mrr(at_risk())),
        ]
    };
    for (item, label, is_in) in PERIODS {
        table.named_row(item, label, cells(&is_in));
    }
    table.named_row("total", "all with a renewal date", cells(&|_| true));
    table.noted("At risk: overdue, in poor health, or with a pulse of some-risk or lower.")
}

fn list(portfolio: &Portfolio, renewing: &[(i32, &Customer)]) -> Table {
    let columns = vec![
        Column::for_people("id"),
        Column::new("renewal_on", "renews on"),
        Column::new("days_to_renewal", "days"),
        Column::new("state", "state"),
        Column::new("mrr", "MRR"),
        Column::new("health_score", "health"),
        Column::new("health_band", "band"),
        Column::new("pulse", "pulse"),
        Column::new("at_risk", "at risk"),
        Column::new("csm", "CSM"),
    ];
    let mut table = Table::new("renewals", "Renewals", Column::new("name", "customer"), columns);
    for (days, customer) in renewing {
        let cells = vec![
            Cell::Text(customer.company_id.clone()),
            customer.renewal_on.map_or(Cell::Unknown, Cell::Day),
            Cell::Whole(i64::from(*days)),
            Cell::Text(if *days < 0 { "overdue" } else { "due" }.to_owned()),
            Cell::money(customer.mrr),
            Cell::number(customer.score),
            Cell::Text(customer.band.to_string()),
            Cell::text_of(customer.level()),
            Cell::Text(
                if customer.may_not_renew(portfolio.day()) { "yes" } else { "no" }.to_owned(),
            ),
            Cell::text_of(customer.csm.as_ref()),
        ];
        table.named_row(&customer.company_id, customer.title(), cells);
    }
    let tints = renewing.iter().map(|(_, customer)| bands::tint(customer.band)).collect();
    let kind = ChartKind::Bubbles { days: 2, score: 5, size: 4, tints };
    table
        .drawn(Chart::new(
            "Time to renewal against health; the larger the circle, the higher the MRR",
            kind,
        ))
        .or_say("no customer has a renewal date")
}
