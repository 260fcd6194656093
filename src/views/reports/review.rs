//! Pages for a review meeting: one company, or the customers of a CSM.

use super::bands::tint;
use super::{Portfolio, company_item, counted, figures};
use crate::domain::attributes::Datum;
use crate::domain::day::Day;
use crate::domain::health::{Assessment, MeasureChange};
use crate::domain::portfolio::Customer;
use crate::domain::pulse::to_one_decimal;
use crate::domain::signal::SignalType;
use crate::render::report::{Cell, Chart, ChartKind, ReportSection, RowLabel, Table};
use crate::store::{SignalRecord, TaskRecord};

/// The facts of a review of a company, besides the customer itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Review {
    pub health: Option<Assessment>,
    pub history: Vec<(Day, Option<f64>)>,
    /// The health compared with earlier days, the most recent first.
    pub changes: Vec<HealthChange>,
    /// The open signals that, as far as is known, still hold; newest first.
    pub signals: Vec<SignalRecord>,
    /// The people who were active in only one of the last two periods of four weeks.
    pub people: Vec<PersonChange>,
    /// Whether events name people at all.
    pub has_people: bool,
    /// The open tasks, earliest due first.
    pub tasks: Vec<TaskRecord>,
}

/// The health compared with an earlier day.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HealthChange {
    /// How many days earlier.
    pub days: i32,
    pub before: f64,
    /// The change of each measure, largest first.
    pub measures: Vec<MeasureChange>,
}

/// Somebody who stopped or joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PersonChange {
    pub id: String,
    /// The name, else the id.
    pub name: String,
    pub role: Option<String>,
    /// Events in the four weeks before the last four.
    pub before: u64,
    /// Events in the last four weeks.
    pub now: u64,
}

pub(super) fn sections(
    portfolio: &Portfolio,
    customer: &Customer,
    review: &Review,
) -> Vec<ReportSection> {
    vec![
        health(customer, review),
        signals(&review.signals, false),
        people(review),
        renewal(portfolio, customer),
        tasks(portfolio.head.entries, &review.tasks, false),
    ]
}

pub(super) fn summary(portfolio: &Portfolio, customer: &Customer, review: &Review) -> Table {
    let none = String::new;
    let band = || customer.band.to_string();
    let pulse = customer.pulse.map(|mark| format!("since {}", mark.day)).unwrap_or_default();
    let renewal = customer.renewal_on.map(|on| when(on - portfolio.day())).unwrap_or_default();
    figures([
        ("mrr", "MRR", Cell::money(customer.mrr), portfolio.head.letter.currency_words()),
        ("health_score", "Health", Cell::number(customer.score), band()),
        ("pulse", "Pulse", Cell::text_of(customer.level()), pulse),
        ("renewal_on", "Renewal", Cell::day(customer.renewal_on), renewal),
        ("signals", "Signals that hold", Cell::Count(review.signals.len() as u64), none()),
        ("tasks", "Open tasks", Cell::Count(review.tasks.len() as u64), none()),
        ("csm", "CSM", Cell::text_of(customer.csm.as_ref()), none()),
        ("plan", "Plan", Cell::text_of(customer.plan.as_ref()), none()),
    ])
}

/// How far away a day is, in words.
fn when(days: i32) -> String {
    let count = counted(days.unsigned_abs().into(), "day", "days");
    match days {
        0 => "today".to_owned(),
        days if days < 0 => format!("overdue by {count}"),
        _ => format!("in {count}"),
    }
}

fn health(customer: &Customer, review: &Review) -> ReportSection {
    const TITLE: &str = "How healthy are they, and why?";
    let Some(health) = &review.health else {
        return ReportSection::without_data(TITLE, super::NO_SCORES);
    };
    let tables = vec![measures(health), changes(&review.changes), history(&review.history)];
    ReportSection { title: TITLE, answer: health_answer(customer, review), tables }
}

fn health_answer(customer: &Customer, review: &Review) -> String {
    let Some(score) = customer.score else {
        return "Too little is known for a health score.".to_owned();
    };
    let now = format!("Health is {} ({})", Cell::Number(score).text(), customer.band);
    let against = |change: &HealthChange| {
        let moved = to_one_decimal(score - change.before);
        // A fall is not explained by a measure that rose, even by more.
        let is_cause = |one: &&MeasureChange| to_one_decimal(one.change) * moved > 0.0;
        let why = change.measures.iter().find(is_cause).map(|most| {
            format!(", most of all {} ({})", most.measure, Cell::Change(most.change).text())
        });
        let why = why.unwrap_or_default();
        format!("{} against {} days ago{why}", Cell::Change(moved).text(), change.days)
    };
    let changes: Vec<String> = review.changes.iter().map(against).collect();
    match changes.is_empty() {
        true => format!("{now}; there is no earlier score to compare with."),
        false => format!("{now}: {}.", changes.join("; ")),
    }
}

fn measures(health: &Assessment) -> Table {
    let label = ("measure", "measure");
    Table::of("health_measures", "Measures of health", label, health.measures(), |(measure, _)| {
        RowLabel::new(&measure.name)
    })
    .text("kind", "kind", |(measure, _)| Cell::Text(measure.kind.to_string()))
    .number("value", "value", |(_, reading)| of_datum(&reading.raw))
    .number("scaled", "score, 0 to 100", |(_, reading)| Cell::number(reading.scaled))
    .number("weight", "weight", |(measure, _)| Cell::Number(measure.weight))
    .number("contribution", "points of the score", |(_, reading)| {
        Cell::number(reading.contribution)
    })
    .done()
    .noted("The points add up to the health score. A measure whose value is unknown is left out.")
}

fn of_datum(value: &Datum) -> Cell {
    match value {
        Datum::Null => Cell::Unknown,
        Datum::Whole(number) => Cell::Whole(*number),
        Datum::Number(number) | Datum::Score(number) => Cell::Number(*number),
        Datum::Day(day) => Cell::Day(*day),
        Datum::Text(text) => Cell::Text(text.to_string()),
    }
}

/// The change of each measure, compared with each earlier day.
fn changes(changes: &[HealthChange]) -> Table {
    let rows =
        changes.iter().flat_map(|change| change.measures.iter().map(move |one| (change, one)));
    let rows = rows.filter(|(_, one)| to_one_decimal(one.change) != 0.0);
    let label = ("measure", "measure");
    Table::of("health_changes", "Why health changed", label, rows, |(then, one)| {
        RowLabel::called(format!("{}_{}d", one.measure, then.days), &one.measure)
    })
    .number("days", "days ago", |(then, _)| Cell::Whole(i64::from(then.days)))
    .number("before", "value then", |(_, one)| one.before.as_ref().map_or(Cell::Unknown, of_datum))
    .number("now", "value now", |(_, one)| one.now.as_ref().map_or(Cell::Unknown, of_datum))
    .number("change", "points", |(_, one)| Cell::Change(one.change))
    .done()
    .or_say("no measure has changed the score")
}

fn history(history: &[(Day, Option<f64>)]) -> Table {
    let title = "Health score by day";
    let table =
        Table::of("health_history", title, ("day", "day"), history, |(day, _)| RowLabel::day(*day))
            .number("health_score", "health score", |(_, score)| Cell::number(*score))
            .done()
            .or_say("no day was run");
    if history.len() < 2 {
        return table;
    }
    table.drawn(Chart::new(title, ChartKind::Line { column: "health_score" })).folded()
}

/// The signals that hold; those of several companies with company names.
pub(super) fn signals(signals: &[SignalRecord], names_companies: bool) -> ReportSection {
    const TITLE: &str = "Which signals hold?";
    if signals.is_empty() {
        return ReportSection::without_data(TITLE, "No open signal holds.");
    }
    let bad = signals.iter().filter(|signal| signal.signal_type == SignalType::Bad).count();
    let are = if signals.len() == 1 { "holds" } else { "hold" };
    let answer =
        format!("{} {are}, {bad} of them bad.", counted(signals.len() as u64, "signal", "signals"));
    let name = |signal: &&SignalRecord| match names_companies {
        true => of_company(signal.id, &signal.company_id, signal.company_name.as_ref()),
        false => RowLabel::new(signal.id),
    };
    let label = if names_companies { ("customer", "customer") } else { ("signal", "signal") };
    let table = Table::of("open_signals", "Signals that hold", label, signals, name)
        .text("detail", "what happened", |signal| Cell::Text(signal.detail.clone()))
        .text("type", "type", |signal| Cell::Text(signal.signal_type.to_string()))
        .text("raised_on", "raised on", |signal| Cell::Day(signal.raised_on))
        .text("rule", "rule", |signal| Cell::Text(signal.rule.clone()))
        .done();
    ReportSection { title: TITLE, answer, tables: vec![table] }
}

/// A signal or task of one of several companies.
fn of_company(id: impl ToString, company_id: &String, company_name: Option<&String>) -> RowLabel {
    let company = RowLabel::company(company_id, company_name.unwrap_or(company_id));
    RowLabel { name: id.to_string(), ..company }
}

fn people(review: &Review) -> ReportSection {
    const TITLE: &str = "Who stopped, and who joined?";
    if !review.has_people {
        return ReportSection::without_data(
            TITLE,
            "No people are known: import events with the person who caused them.",
        );
    }
    let stopped = review.people.iter().filter(|person| person.now == 0).count() as u64;
    let joined = review.people.len() as u64 - stopped;
    let answer = format!(
        "{} stopped and {joined} joined in the last four weeks, against the four before.",
        counted(stopped, "person", "people")
    );
    let title = "People who stopped or joined";
    let table = Table::of("people", title, ("person", "person"), &review.people, |person| {
        RowLabel::called(&person.id, &person.name)
    })
    .text("role", "role", |person| Cell::text_of(person.role.as_ref()))
    .text("change", "change", |person| {
        Cell::Text(if person.now == 0 { "stopped" } else { "joined" }.to_owned())
    })
    .number("before", "events before", |person| Cell::Count(person.before))
    .number("now", "events now", |person| Cell::Count(person.now))
    .done()
    .or_say("nobody");
    ReportSection { title: TITLE, answer, tables: vec![table] }
}

fn renewal(portfolio: &Portfolio, customer: &Customer) -> ReportSection {
    const TITLE: &str = "When do they renew?";
    let Some(on) = customer.renewal_on else {
        return ReportSection::without_data(
            TITLE,
            "No renewal date: import the column `renewal_on` with the companies, or subscriptions.",
        );
    };
    let pays = customer.mrr.map(|mrr| format!(", {} a month", portfolio.money(mrr)));
    let risk = if customer.may_not_renew(portfolio.day()) { "at risk" } else { "not at risk" };
    let when = when(on - portfolio.day());
    let answer = format!("Renewal on {on}, {when}{}: {risk}.", pays.unwrap_or_default());
    let label = ("name", "customer");
    let table =
        Table::of("renewal", "Renewal", label, [customer], |customer| company_item(customer))
            .text("renewal_on", "renews on", |customer| Cell::day(customer.renewal_on))
            .number("days_to_renewal", "days", |_| Cell::Whole(i64::from(on - portfolio.day())))
            .number("mrr", "MRR", |customer| Cell::money(customer.mrr))
            .text("health_band", "health", |customer| Cell::Text(customer.band.to_string()))
            .text("pulse", "pulse", |customer| Cell::text_of(customer.level()))
            .text("at_risk", "at risk", |_| Cell::Text(risk.to_owned()))
            .tinted(|customer| tint(customer.band))
            .done();
    ReportSection { title: TITLE, answer, tables: vec![table] }
}

/// The open tasks; those of several companies with company names.
pub(super) fn tasks(today: Day, tasks: &[TaskRecord], names_companies: bool) -> ReportSection {
    const TITLE: &str = "What is there to do?";
    if tasks.is_empty() {
        return ReportSection::without_data(TITLE, "No open tasks.");
    }
    let overdue = tasks.iter().filter(|task| task.is_overdue(today)).count();
    let answer =
        format!("{}, {overdue} overdue.", counted(tasks.len() as u64, "open task", "open tasks"));
    let name = |task: &&TaskRecord| match names_companies {
        true => of_company(task.id, &task.company_id, task.company_name.as_ref()),
        false => RowLabel::new(task.id),
    };
    let label = if names_companies { ("customer", "customer") } else { ("task", "task") };
    let table = Table::of("open_tasks", "Open tasks", label, tasks, name)
        .text("title", "what to do", |task| Cell::Text(task.title.clone()))
        .text("due_on", "due on", |task| Cell::Day(task.due_on))
        .text("state", "state", |task| {
            Cell::Text(if task.is_overdue(today) { "overdue" } else { "open" }.to_owned())
        })
        .text("assignee", "assignee", |task| Cell::text_of(task.assignee.as_ref()))
        .done();
    ReportSection { title: TITLE, answer, tables: vec![table] }
}
