//! Whether health scores rise or fall, among customers present on both days: otherwise losing poor
//! customers would look like progress.

use super::{NO_SCORES, Portfolio, company_item, counted};
use crate::domain::company::CompanyKey;
use crate::domain::day::Day;
use crate::domain::portfolio::{Course, Customer, course_of_changes, mean};
use crate::domain::pulse::to_one_decimal;
use crate::render::report::{Cell, Chart, ChartKind, ReportSection, RowLabel, Table};

/// The customers of a day with their health scores.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Snapshot {
    pub day: Day,
    /// The customers and their scores, ordered by key.
    scores: Vec<(CompanyKey, Option<f64>)>,
}

impl Snapshot {
    /// The customers of a day, in any order.
    pub(crate) fn new(day: Day, mut scores: Vec<(CompanyKey, Option<f64>)>) -> Self {
        scores.sort_unstable_by_key(|(key, _)| *key);
        Snapshot { day, scores }
    }

    pub(super) fn score(&self, key: CompanyKey) -> Option<f64> {
        let place = self.scores.binary_search_by_key(&key, |(key, _)| *key).ok()?;
        self.scores[place].1
    }

    fn has_scores(&self) -> bool {
        self.scores.iter().any(|(_, score)| score.is_some())
    }
}

/// How many days ago the days lie that today is compared with.
pub(crate) const COMPARED_WITH: [i32; 3] = [7, 28, 84];

/// The comparison that the answer is about.
const MONTH: i32 = 28;

const MOST_MOVERS: usize = 10;

/// Today's customers, in the form of an earlier day.
fn today(portfolio: &Portfolio) -> Snapshot {
    let scores = portfolio.customers.iter().map(|customer| (customer.key, customer.score));
    Snapshot::new(portfolio.day(), scores.collect())
}

fn month_ago<'h>(portfolio: &Portfolio, history: &'h [Snapshot]) -> Option<&'h Snapshot> {
    history.iter().find(|snapshot| snapshot.day == portfolio.day() - MONTH)
}

#[derive(Default)]
struct ScoreComparison {
    /// The scores of customers with a score on both days.
    then: Vec<f64>,
    now: Vec<f64>,
    /// Today's scores of customers who have joined since, and the former scores of those who have
    /// left.
    joined: Vec<Option<f64>>,
    left: Vec<Option<f64>>,
}

impl ScoreComparison {
    fn of(then: &Snapshot, now: &Snapshot) -> Self {
        let mut comparison = ScoreComparison::default();
        let mut before = then.scores.iter().peekable();
        for (key, score) in &now.scores {
            while let Some((_, score)) = before.next_if(|(other, _)| other < key) {
                comparison.left.push(*score);
            }
            match before.next_if(|(other, _)| other == key) {
                None => comparison.joined.push(*score),
                Some((_, score_then)) => {
                    if let (Some(then), Some(now)) = (score_then, score) {
                        comparison.then.push(*then);
                        comparison.now.push(*now);
                    }
                }
            }
        }
        comparison.left.extend(before.map(|(_, score)| *score));
        comparison
    }

    /// The trend of the scores of the same customers.
    fn course(&self) -> Course {
        let changes: Vec<f64> =
            self.then.iter().zip(&self.now).map(|(then, now)| now - then).collect();
        match self.change().map(to_one_decimal) {
            Some(change) if change != 0.0 => course_of_changes(&changes),
            _ => Course::Same,
        }
    }

    fn change(&self) -> Option<f64> {
        Some(mean(self.now.iter().copied())? - mean(self.then.iter().copied())?)
    }

    fn count(&self, is_so: fn(f64, f64) -> bool) -> u64 {
        self.then.iter().zip(&self.now).filter(|(then, now)| is_so(**then, **now)).count() as u64
    }
}

pub(super) fn section(portfolio: &Portfolio, history: &[Snapshot]) -> ReportSection {
    const TITLE: &str = "Are health scores going up or down?";
    let now = today(portfolio);
    if !portfolio.has_health() && history.iter().all(|then| !then.has_scores()) {
        return portfolio.without_data(TITLE, NO_SCORES);
    }
    let tables = vec![weeks(&now, history), comparisons(&now, history)];
    ReportSection { title: TITLE, answer: answer(portfolio, &now, history), tables }
}

fn answer(portfolio: &Portfolio, now: &Snapshot, history: &[Snapshot]) -> String {
    if !portfolio.has_health() {
        return portfolio.why_nothing(NO_SCORES).to_owned();
    }
    let month = month_ago(portfolio, history);
    let Some((then, comparison, change)) = month.and_then(|then| {
        let comparison = ScoreComparison::of(then, now);
        comparison.change().map(|change| (then, comparison, change))
    }) else {
        return "There are no scores of 28 days ago to compare with.".to_owned();
    };
    let direction = comparison.course().words();
    let mean_of = |scores: &[f64]| Cell::number(mean(scores.iter().copied())).text().into_owned();
    let others = match (comparison.joined.len(), comparison.left.len()) {
        (0, 0) => "nobody has joined or left since".to_owned(),
        (joined, left) => format!(
            "{} joined and {left} left since",
            counted(joined as u64, "customer", "customers")
        ),
    };
    format!(
        "Health scores are {direction}: {} with a score on both days average {} now, against {} on {} ({}); {others}.",
        counted(comparison.now.len() as u64, "customer", "customers"),
        mean_of(&comparison.now),
        mean_of(&comparison.then),
        then.day,
        Cell::Change(change).text(),
    )
}

/// Week by week, for customers with a score on the first and the last day.
fn weeks(now: &Snapshot, history: &[Snapshot]) -> Table {
    let days: Vec<&Snapshot> =
        history.iter().chain([now]).skip_while(|snapshot| !snapshot.has_scores()).collect();
    let first = days.iter().take(1).flat_map(|first| &first.scores);
    let scored = first.filter(|(_, score)| score.is_some()).map(|(key, _)| *key);
    let same: Vec<CompanyKey> = scored.filter(|key| now.score(*key).is_some()).collect();
    let of_same =
        |day: &Snapshot| -> Vec<f64> { same.iter().filter_map(|key| day.score(*key)).collect() };
    let of_all = |day: &Snapshot| mean(day.scores.iter().filter_map(|(_, score)| *score));
    let before = std::iter::once(None).chain(days.iter().copied().map(Some));
    let weeks = days.iter().copied().zip(before);
    let weeks = weeks.map(|(day, before)| (day, before.map(|then| ScoreComparison::of(then, day))));
    let moved = |before: &Option<ScoreComparison>, side: fn(&ScoreComparison) -> usize| {
        before.as_ref().map_or(Cell::Unknown, |before| Cell::Count(side(before) as u64))
    };
    let title = "Health scores by week";
    let table =
        Table::of("health_weeks", title, ("day", "day"), weeks, |(day, _)| RowLabel::day(day.day))
            .number("mean_score_of_same", "mean score, same customers", |(day, _)| {
                Cell::number(mean(of_same(day).into_iter()))
            })
            .number("same", "same customers", |(day, _)| Cell::Count(of_same(day).len() as u64))
            .number("mean_score", "mean score, all", |(day, _)| Cell::number(of_all(day)))
            .number("customers", "customers", |(day, _)| Cell::Count(day.scores.len() as u64))
            .number("joined", "joined", |(_, before)| moved(before, |before| before.joined.len()))
            .number("left", "left", |(_, before)| moved(before, |before| before.left.len()))
            .done()
            .or_say("no health scores yet");
    if days.len() < 2 {
        return table;
    }
    let kind = ChartKind::Line { column: "mean_score_of_same" };
    table
        .drawn(Chart::new("Mean health score of the same customers, by week", kind))
        .folded()
        .noted("The same customers are those with a score on the first and on the last day shown.")
}

fn comparisons(now: &Snapshot, history: &[Snapshot]) -> Table {
    let compared = COMPARED_WITH
        .iter()
        .rev()
        .filter_map(|days| history.iter().find(|then| then.day == now.day - *days))
        .filter(|then| then.has_scores())
        .map(|then| (then.day, ScoreComparison::of(then, now)));
    let means = |scores: &[f64]| Cell::number(mean(scores.iter().copied()));
    let known = |scores: &[Option<f64>]| Cell::number(mean(scores.iter().copied().flatten()));
    let title = "Health against earlier";
    Table::of("health_change", title, ("since", "since"), compared, |(day, _)| RowLabel::day(*day))
        .number("then", "mean then", |(_, both)| means(&both.then))
        .number("now", "mean now", |(_, both)| means(&both.now))
        .number("change", "change", |(_, both)| Cell::change(both.change()))
        .number("customers", "on both days", |(_, both)| Cell::Count(both.now.len() as u64))
        .number("up", "up", |(_, both)| Cell::Count(both.count(|then, now| now > then)))
        .number("down", "down", |(_, both)| Cell::Count(both.count(|then, now| now < then)))
        .number("joined", "joined", |(_, both)| Cell::Count(both.joined.len() as u64))
        .number("joined_mean", "their mean now", |(_, both)| known(&both.joined))
        .number("left", "left", |(_, both)| Cell::Count(both.left.len() as u64))
        .number("left_mean", "their mean then", |(_, both)| known(&both.left))
        .done()
        .or_say("no scores of earlier days")
        .noted("The means are those of customers with a score on both days.")
}

/// The customers whose health changed most in 28 days.
pub(super) fn movers(portfolio: &Portfolio, history: &[Snapshot]) -> ReportSection {
    const TITLE: &str = "Whose health moved most?";
    if !portfolio.has_health() {
        return portfolio.without_data(TITLE, NO_SCORES);
    }
    let then = month_ago(portfolio, history);
    let moved = portfolio.customers.iter().filter_map(|customer| {
        let (now, before) = (customer.score?, then?.score(customer.key)?);
        Some((customer, before, now - before))
    });
    let mut moved: Vec<(&Customer, f64, f64)> = moved.collect();
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
    ReportSection { title: TITLE, answer, tables }
}

fn mover_table<'m>(
    name: &'static str,
    title: &'static str,
    movers: impl Iterator<Item = &'m (&'m Customer, f64, f64)>,
) -> Table {
    Table::of(name, title, ("name", "customer"), movers, |(customer, ..)| company_item(customer))
        .for_people("id", |(customer, ..)| Cell::Text(customer.company_id.clone()))
        .text("csm", "CSM", |(customer, ..)| Cell::text_of(customer.csm.as_ref()))
        .number("then", "then", |(_, before, _)| Cell::Number(*before))
        .number("now", "now", |(customer, ..)| Cell::number(customer.score))
        .number("change", "change", |(.., change)| Cell::Change(*change))
        .text("band", "health", |(customer, ..)| Cell::Text(customer.band.to_string()))
        .text("driver", "main driver", |(customer, ..)| Cell::text_of(customer.driver.as_ref()))
        .number("mrr", "MRR", |(customer, ..)| Cell::money(customer.mrr))
        .done()
        .or_say("nobody")
}
