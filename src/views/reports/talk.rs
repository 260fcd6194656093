//! The customers to talk about, with the reason.

use super::trend::{Snapshot, ago};
use super::{Portfolio, company_item, counted};
use crate::domain::portfolio::{Concern, Customer, mrr, to_talk_about};
use crate::render::report::{Cell, Section, Table};

/// How many customers are named.
const MOST: usize = 10;

/// The ten customers to talk about.
pub(super) fn section(portfolio: &Portfolio, history: &[Snapshot]) -> Section {
    at_most(MOST, portfolio, history)
}

/// All customers that something is to be done about, most at stake first.
pub(super) fn agenda(portfolio: &Portfolio, history: &[Snapshot]) -> Section {
    at_most(usize::MAX, portfolio, history)
}

fn at_most(most: usize, portfolio: &Portfolio, history: &[Snapshot]) -> Section {
    let then = ago(portfolio, history, 28);
    let before = |key| then.and_then(|snapshot| snapshot.score(key));
    let list = to_talk_about(&portfolio.customers, before, portfolio.day(), most);
    let title = "Customers to talk about";
    let table = Table::of("talk_about", title, ("name", "customer"), &list, |(customer, _)| {
        company_item(customer)
    })
    .text("reason", "why", |(customer, concerns)| {
        let words: Vec<_> = concerns.iter().map(|concern| words(customer, concern)).collect();
        Cell::Text(words.join("; "))
    })
    .text("csm", "CSM", |(customer, _)| Cell::text_of(customer.csm.as_ref()))
    .number("mrr", "MRR", |(customer, _)| Cell::money(customer.mrr))
    .number("health_score", "health", |(customer, _)| Cell::number(customer.score))
    .text("pulse", "pulse", |(customer, _)| Cell::text_of(customer.level()))
    .text("renewal_on", "renews on", |(customer, _)| Cell::day(customer.renewal_on))
    .for_people("id", |(customer, _)| Cell::Text(customer.company_id.clone()))
    .done()
    .or_say("nobody: no poor health, no low pulse, no open bad signal, nothing overdue");
    let paid =
        mrr(list.iter().map(|(customer, _)| *customer)).map(|amount| portfolio.money(amount));
    let money = paid.map(|paid| format!("; together they pay {paid} a month")).unwrap_or_default();
    let answer = match list.first() {
        None => "No customer needs talking about.".to_owned(),
        Some((first, _)) => format!(
            "{} to talk about, {} first{money}.",
            counted(list.len() as u64, "customer", "customers"),
            first.title()
        ),
    };
    Section { title: "Whom should we talk about?", answer, tables: vec![table] }
}

fn words(customer: &Customer, concern: &Concern) -> String {
    let days = |days: i32| counted(days.unsigned_abs().into(), "day", "days");
    match concern {
        Concern::Poor(_) => match &customer.driver {
            Some(driver) => format!("poor health, most of all {driver}"),
            None => "poor health".to_owned(),
        },
        Concern::Fell(points) => {
            format!("health fell by {} in 28 days", Cell::Number(*points).text())
        }
        Concern::Pulse(mark) if customer.reason_codes.is_empty() => {
            format!("{} since {}", mark.level, mark.day)
        }
        Concern::Pulse(mark) => {
            format!("{} since {} ({})", mark.level, mark.day, customer.reason_codes.join(", "))
        }
        Concern::BadSignals(count) => counted(*count, "open bad signal", "open bad signals"),
        Concern::OverdueTasks(count) => counted(*count, "overdue task", "overdue tasks"),
        Concern::RenewsIn(left) => format!("renews in {}", days(*left)),
        Concern::RenewalOverdue(late) => format!("renewal overdue by {}", days(*late)),
    }
}
