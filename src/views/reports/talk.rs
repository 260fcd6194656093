//! The customers to talk about, with the reason.

use super::{Portfolio, company_item, counted};
use crate::domain::portfolio::{mrr, to_talk_about};
use crate::render::report::{Cell, ReportSection, Table};
use crate::views::concerns;

/// At most this many customers are on the dashboard.
pub(super) const MOST: usize = 10;

/// At most `most` customers that need attention, most at stake first.
pub(super) fn section(portfolio: &Portfolio, most: usize) -> ReportSection {
    let list = to_talk_about(&portfolio.customers, portfolio.head.last_day(), most);
    let title = "Customers to talk about";
    let table = Table::of("talk_about", title, ("name", "customer"), &list, |at_stake| {
        company_item(&at_stake.customer)
    })
    .text("reason", "why", |at_stake| Cell::Text(concerns::all(at_stake).join("; ")))
    .text("csm", "CSM", |at_stake| Cell::text_of(at_stake.customer.csm.as_ref()))
    .number("mrr", "MRR", |at_stake| Cell::money(at_stake.customer.mrr))
    .number("health_score", "health", |at_stake| Cell::number(at_stake.customer.score))
    .text("pulse", "pulse", |at_stake| Cell::text_of(at_stake.customer.level()))
    .text("renewal_on", "renews on", |at_stake| Cell::day(at_stake.customer.renewal_on))
    .for_people("id", |at_stake| Cell::Text(at_stake.customer.company_id.clone()))
    .done()
    .or_say("nobody: no renewal soon, no poor health, no low pulse, no open bad signal, nothing overdue");
    let paid = mrr(list.iter().map(|at_stake| &at_stake.customer));
    let money = paid
        .map(|paid| format!("; together they pay {} a month", portfolio.money(paid)))
        .unwrap_or_default();
    let answer = match list.first() {
        None => "No customer needs talking about.".to_owned(),
        Some(first) => format!(
            "{} to talk about, {} first{money}.",
            counted(list.len() as u64, "customer", "customers"),
            first.customer.title()
        ),
    };
    ReportSection { title: "Whom should we talk about?", answer, tables: vec![table] }
}
