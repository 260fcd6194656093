//! Whether health scores go up or down, told of the customers who were there all the time:
//! otherwise losing poor customers would look like progress.

use std::collections::HashMap;

use super::{Portfolio, counted};
use crate::domain::company::CompanyKey;
use crate::domain::day::Day;
use crate::domain::portfolio::{Customer, mean};
use crate::render::report::{Cell, Chart, ChartKind, Column, Section, Table};

/// The customers of a day with their health scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The day.
    pub day: Day,
    /// Who was a customer, and the score.
    pub scores: HashMap<CompanyKey, Option<f64>>,
}

impl Snapshot {
    /// The score of a company on that day.
    pub(super) fn score(&self, key: CompanyKey) -> Option<f64> {
        self.scores.get(&key).copied().flatten()
    }

    fn has_scores(&self) -> bool {
        self.scores.values().any(Option::is_some)
    }
}

/// How far back the days lie with which today is compared.
pub const COMPARED_WITH: [i32; 3] = [7, 28, 84];

/// The month of which the answer speaks.
const MONTH: i32 = 28;

/// The most customers on either side that are named.
const MOST_MOVERS: usize = 10;

/// A smaller change is none.
const NOTABLE: f64 = 0.5;

/// The customers of today, as those of an earlier day are given.
fn today(portfolio: &Portfolio) -> Snapshot {
    let scores =
        portfolio.customers.iter().map(|customer| (customer.key, customer.score)).collect();
    Snapshot { day: portfolio.day(), scores }
}

/// The customers so many days ago.
pub(super) fn ago<'h>(
    portfolio: &Portfolio,
    history: &'h [Snapshot],
    days: i32,
) -> Option<&'h Snapshot> {
    history.iter().find(|snapshot| snapshot.day == portfolio.day() - days)
}

/// Two days compared.
struct Comparison {
    then: Vec<f64>,
    now: Vec<f64>,
    /// The scores now of those who were no customers then, and the scores then of those who are
    /// none now.
    joined: Vec<Option<f64>>,
    left: Vec<Option<f64>>,
}

impl Comparison {
    fn of(then: &Snapshot, now: &Snapshot) -> Self {
        let mut keys: Vec<CompanyKey> = now.scores.keys().copied().collect();
        keys.sort_unstable();
        let both = keys.iter().filter_map(|key| Some((then.score(*key)?, now.score(*key)?)));
        let (before, after) = both.unzip();
        let only = |one: &Snapshot, other: &Snapshot| {
            let mut only: Vec<_> =
                one.scores.iter().filter(|(key, _)| !other.scores.contains_key(key)).collect();
            only.sort_by_key(|(key, _)| **key);
            only.into_iter().map(|(_, score)| *score).collect()
        };
        Comparison { then: before, now: after, joined: only(now, then), left: only(then, now) }
    }

    fn change(&self) -> Option<f64> {
        Some(mean(self.now.iter().copied())? - mean(self.then.iter().copied())?)
    }

    fn count(&self, is_so: fn(f64, f64) -> bool) -> u64 {
        self.then.iter().zip(&self.now).filter(|(then, now)| is_so(**then, **now)).count() as u64
    }
}

/// Whether health scores go up or down.
pub(super) fn section(portfolio: &Portfolio, history: &[Snapshot]) -> Section {
    let now = today(portfolio);
    let tables = vec![weeks(&now, history), comparisons(&now, history)];
    Section {
        title: "Are health scores going up or down?",
        answer: answer(portfolio, &now, history),
        tables,
    }
}

fn answer(portfolio: &Portfolio, now: &Snapshot, history: &[Snapshot]) -> String {
    if !portfolio.has_health() {
        return "There are no health scores yet.".to_owned();
    }
    let month = ago(portfolio, history, MONTH).map(|then| (then.day, Comparison::of(then, now)));
    let Some((day, comparison, change)) = month
        .and_then(|(day, comparison)| comparison.change().map(|change| (day, comparison, change)))
    else {
        return "There are no scores of 28 days ago to compare with.".to_owned();
    };
    let direction = match change {
        change if change >= NOTABLE => "going up",
        change if change <= -NOTABLE => "going down",
        _ => "steady",
    };
    let mean_of = |scores: &[f64]| Cell::number(mean(scores.iter().copied())).text().into_owned();
    let others = match (comparison.joined.len(), comparison.left.len()) {
        (0, 0) => "nobody joined or left since".to_owned(),
        (joined, left) => format!(
            "{} joined and {left} left since",
            counted(joined as u64, "customer", "customers")
        ),
    };
    format!(
        "Health scores are {direction}: {} with a score on both days average {} now, against {} on {day} ({}); {others}.",
        counted(comparison.now.len() as u64, "customer", "customers"),
        mean_of(&comparison.now),
        mean_of(&comparison.then),
        Cell::Change(change).text(),
    )
}

/// Week by week, of the customers with a score on the first and on the last day.
fn weeks(now: &Snapshot, history: &[Snapshot]) -> Table {
    let columns = vec![
        Column::new("mean_score_of_same", "mean score, same customers"),
        Column::new("same", "same customers"),
        Column::new("mean_score", "mean score, all"),
        Column::new("customers", "customers"),
        Column::new("joined", "joined"),
        Column::new("left", "left"),
    ];
    let mut table =
        Table::new("health_weeks", "Health scores by week", Column::new("day", "day"), columns)
            .or_say("no health scores yet");
    let days: Vec<&Snapshot> =
        history.iter().chain([now]).skip_while(|snapshot| !snapshot.has_scores()).collect();
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return table };
    let mut same: Vec<CompanyKey> = first.scores.keys().copied().collect();
    same.retain(|key| first.score(*key).is_some() && last.score(*key).is_some());
    same.sort_unstable();
    for (place, snapshot) in days.iter().enumerate() {
        let of_same: Vec<f64> = same.iter().filter_map(|key| snapshot.score(*key)).collect();
        let mut all: Vec<(&CompanyKey, f64)> =
            snapshot.scores.iter().filter_map(|(key, score)| Some((key, (*score)?))).collect();
        // A sum of fractions depends on the order.
        all.sort_unstable_by_key(|(key, _)| **key);
        let before = place.checked_sub(1).map(|before| Comparison::of(days[before], snapshot));
        let moved = |side: fn(&Comparison) -> usize| {
            before.as_ref().map_or(Cell::Unknown, |b| Cell::Count(side(b) as u64))
        };
        let cells = vec![
            Cell::number(mean(of_same.iter().copied())),
            Cell::Count(of_same.len() as u64),
            Cell::number(mean(all.into_iter().map(|(_, score)| score))),
            Cell::Count(snapshot.scores.len() as u64),
            moved(|b| b.joined.len()),
            moved(|b| b.left.len()),
        ];
        table.day_row(snapshot.day, cells);
    }
    if days.len() < 2 {
        return table;
    }
    table
        .drawn(Chart::new(
            "Mean health score of the same customers, by week",
            ChartKind::Line { column: 0 },
        ))
        .folded()
        .noted("The same customers are those with a score on the first and on the last day shown.")
}

/// Today against earlier days.
fn comparisons(now: &Snapshot, history: &[Snapshot]) -> Table {
    let columns = vec![
        Column::new("then", "mean then"),
        Column::new("now", "mean now"),
        Column::new("change", "change"),
        Column::new("customers", "on both days"),
        Column::new("up", "up"),
        Column::new("down", "down"),
        Column::new("joined", "joined"),
        Column::new("joined_mean", "their mean now"),
        Column::new("left", "left"),
        Column::new("left_mean", "their mean then"),
    ];
    let mut table = Table::new(
        "health_change",
        "Health against earlier",
        Column::new("since", "since"),
        columns,
    )
    .or_say("no scores of earlier days");
    let wanted = COMPARED_WITH
        .iter()
        .rev()
        .filter_map(|days| history.iter().find(|s| s.day == now.day - *days));
    for then in wanted.filter(|then| then.has_scores()) {
        let comparison = Comparison::of(then, now);
        let means = |scores: &[f64]| Cell::number(mean(scores.iter().copied()));
        let known = |scores: &[Option<f64>]| Cell::number(mean(scores.iter().copied().flatten()));
        let cells = vec![
            means(&comparison.then),
            means(&comparison.now),
            Cell::change(comparison.change()),
            Cell::Count(comparison.now.len() as u64),
            Cell::Count(comparison.count(|then, now| now > then)),
            Cell::Count(comparison.count(|then, now| now < then)),
            Cell::Count(comparison.joined.len() as u64),
            known(&comparison.joined),
            Cell::Count(comparison.left.len() as u64),
            known(&comparison.left),
        ];
        table.day_row(then.day, cells);
    }
    table.noted("The means are those of customers with a score on both days.")
}

/// Whose health moved most in 28 days.
pub(super) fn movers(portfolio: &Portfolio, history: &[Snapshot]) -> Section {
    let then = ago(portfolio, history, MONTH);
    let change = |customer: &Customer| {
        let (now, before) = (customer.score?, then?.score(customer.key)?);
        Some((before, now - before))
    };
    let mut moved: Vec<(&Customer, f64, f64)> = portfolio
        .customers
        .iter()
        .filter_map(|customer| change(customer).map(|(before, change)| (customer, before, change)))
        .collect();
    moved.sort_by(|(a, _, a_change), (b, _, b_change)| {
        a_change.total_cmp(b_change).then_with(|| a.company_id.cmp(&b.company_id))
    });
    let down = moved.iter().filter(|(.., change)| *change < 0.0).take(MOST_MOVERS);
    let up = moved.iter().rev().filter(|(.., change)| *change > 0.0).take(MOST_MOVERS);
    let answer = match moved.first().filter(|(.., change)| *change < 0.0) {
        Some((customer, before, _)) => format!(
            "{} fell furthest in 28 days, from {} to {}.",
            customer.title(),
            Cell::Number(*before).text(),
            Cell::number(customer.score).text()
        ),
        None if moved.is_empty() => {
            "There are no scores of 28 days ago to compare with.".to_owned()
        }
        None => "Nobody's score fell in 28 days.".to_owned(),
    };
    let tables = vec![
        mover_table("movers_down", "Furthest down in 28 days", down),
        mover_table("movers_up", "Furthest up in 28 days", up),
    ];
    Section { title: "Whose health moved most?", answer, tables }
}

fn mover_table<'m>(
    name: &'static str,
    title: &'static str,
    movers: impl Iterator<Item = &'m (&'m Customer, f64, f64)>,
) -> Table {
    let columns = vec![
        Column::for_people("id"),
        Column::new("csm", "CSM"),
        Column::new("then", "then"),
        Column::new("now", "now"),
        Column::new("change", "change"),
        Column::new("band", "health"),
        Column::new("driver", "main driver"),
        Column::new("mrr", "MRR"),
    ];
    let mut table =
        Table::new(name, title, Column::new("name", "customer"), columns).or_say("nobody");
    for (customer, before, change) in movers {
        let cells = vec![
            Cell::Text(customer.company_id.clone()),
            Cell::text_of(customer.csm.as_ref()),
            Cell::Number(*before),
            Cell::number(customer.score),
            Cell::Change(*change),
            Cell::Text(customer.band.to_string()),
            Cell::text_of(customer.driver.as_ref()),
            Cell::money(customer.mrr),
        ];
        table.named_row(&customer.company_id, customer.title(), cells);
    }
    table
}
