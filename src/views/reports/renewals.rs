//! When contracts renew, with health and pulse.

use super::{Portfolio, bands, company_item, counted};
use crate::domain::portfolio::{Customer, mrr};
use crate::render::report::{Cell, Chart, ChartKind, ReportSection, RowLabel, Table};

/// A period in which contracts renew: its item, its name, and whether it contains a number of days
/// from now.
type RenewalPeriod = (&'static str, &'static str, fn(i32) -> bool);

const PERIODS: [RenewalPeriod; 5] = [
    ("overdue", "overdue", |days| days < 0),
    ("0-30", "in 0 to 30 days", |days| (0..=30).contains(&days)),
    ("31-60", "in 31 to 60 days", |days| (31..=60).contains(&days)),
    ("61-90", "in 61 to 90 days", |days| (61..=90).contains(&days)),
    ("later", "in more than 90 days", |days| days > 90),
];

pub(super) fn section(portfolio: &Portfolio) -> ReportSection {
    const TITLE: &str = "What renews, and what is at risk?";
    let day = portfolio.day();
    let mut renewing: Vec<(i32, &Customer)> = portfolio
        .customers
        .iter()
        .filter_map(|customer| Some((customer.renewal_on? - day, customer)))
        .collect();
    if renewing.is_empty() {
        return portfolio.without_data(
            TITLE,
            "No renewal dates: import the column `renewal_on` with the companies, or subscriptions.",
        );
    }
    renewing.sort_by(|(a_days, a), (b_days, b)| {
        a_days.cmp(b_days).then_with(|| a.company_id.cmp(&b.company_id))
    });
    let customers = || renewing.iter().map(|(_, customer)| *customer);
    let at_risk = || customers().filter(|customer| customer.may_not_renew(day));
    let overdue = renewing.iter().filter(|(days, _)| *days < 0).count();
    let (number, all) = (at_risk().count(), counted(renewing.len() as u64, "renewal", "renewals"));
    let answer = match (mrr(at_risk()), mrr(customers())) {
        (Some(danger), Some(paid)) => format!(
            "{} of MRR at risk, of {} that renews ({}): {number} of {all}; {overdue} overdue.",
            portfolio.money(danger),
            portfolio.money(paid),
            Cell::share(danger, paid).text(),
        ),
        _ => format!("{number} of {all} at risk; {overdue} overdue."),
    };
    let tables = vec![periods(portfolio, &renewing), list(portfolio, &renewing)];
    ReportSection { title: TITLE, answer, tables }
}

fn periods(portfolio: &Portfolio, renewing: &[(i32, &Customer)]) -> Table {
    let inside = |is_in: fn(i32) -> bool| {
        renewing.iter().filter(move |(days, _)| is_in(*days)).map(|(_, customer)| *customer)
    };
    let at_risk = |is_in| inside(is_in).filter(|customer| customer.may_not_renew(portfolio.day()));
    let all: RenewalPeriod = ("total", "all with a renewal date", |_| true);
    let periods = PERIODS.into_iter().chain([all]);
    let title = "MRR at risk";
    Table::of("renewal_risk", title, ("period", "renews"), periods, |(item, label, _)| {
        RowLabel::called(item, label)
    })
    .number("customers", "customers", |(.., is_in)| Cell::Count(inside(*is_in).count() as u64))
    .number("mrr", "MRR", |(.., is_in)| Cell::money(mrr(inside(*is_in))))
    .number("at_risk", "at risk", |(.., is_in)| Cell::Count(at_risk(*is_in).count() as u64))
    .number("mrr_at_risk", "MRR at risk", |(.., is_in)| Cell::money(mrr(at_risk(*is_in))))
    .done()
    .noted("At risk: overdue, in poor health, or with a pulse of some-risk or lower.")
}

fn list(portfolio: &Portfolio, renewing: &[(i32, &Customer)]) -> Table {
    let word = |is_so, yes: &str, no: &str| Cell::Text(if is_so { yes } else { no }.to_owned());
    let kind = ChartKind::Bubbles { days: "days_to_renewal", score: "health_score", size: "mrr" };
    Table::of("renewals", "Renewals", ("name", "customer"), renewing, |(_, customer)| {
        company_item(customer)
    })
    .for_people("id", |(_, customer)| Cell::Text(customer.company_id.clone()))
    .text("renewal_on", "renews on", |(_, customer)| Cell::day(customer.renewal_on))
    .number("days_to_renewal", "days", |(days, _)| Cell::Whole(i64::from(*days)))
    .text("state", "state", |(days, _)| word(*days < 0, "overdue", "due"))
    .number("mrr", "MRR", |(_, customer)| Cell::money(customer.mrr))
    .number("health_score", "health", |(_, customer)| Cell::number(customer.score))
    .text("health_band", "band", |(_, customer)| Cell::Text(customer.band.to_string()))
    .text("pulse", "pulse", |(_, customer)| Cell::text_of(customer.level()))
    .text("at_risk", "at risk", |(_, customer)| {
        word(customer.may_not_renew(portfolio.day()), "yes", "no")
    })
    .text("csm", "CSM", |(_, customer)| Cell::text_of(customer.csm.as_ref()))
    .tinted(|(_, customer)| bands::tint(customer.band))
    .done()
    .drawn(Chart::new(
        "Time to renewal against health; the larger the circle, the higher the MRR",
        kind,
    ))
    .or_say("no customer has a renewal date")
}
