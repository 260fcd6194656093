//! Signals: how many come and go, and how each rule does.

use std::collections::BTreeMap;

use super::counted;
use crate::domain::attributes::{MONTH, last};
use crate::domain::day::Day;
use crate::domain::portfolio::median;
use crate::domain::signal::{HistoryEntry, Outcome, SignalLife, SignalType, State};
use crate::render::report::{Cell, Column, Section, Table};

/// How many reasons of a rule are told.
const MOST_REASONS: usize = 3;

pub(super) fn state(life: &SignalLife) -> State {
    if life.closing().is_some() { State::Closed } else { State::Open }
}

/// What came, what went, what waits.
pub(super) fn traffic(day: Day, lives: &[SignalLife]) -> Section {
    let recently = last(day, MONTH).from;
    let columns = vec![
        Column::new("opened_28d", "opened in 28 days"),
        Column::new("closed_28d", "closed in 28 days"),
        Column::new("waiting", "waiting"),
        Column::new("waiting_since", "oldest since"),
    ];
    let mut table = Table::new("signals", "Signals by type", Column::new("type", "type"), columns);
    let mut sums = [0; 3];
    let waiting = || lives.iter().filter(|life| state(life) == State::Open);
    for signal_type in SignalType::ALL {
        let of_type = || lives.iter().filter(|life| life.signal_type == *signal_type);
        let opened = of_type().filter(|life| life.raised_on >= recently).count() as u64;
        let closed = of_type()
            .filter(|life| life.closing().is_some_and(|entry| entry.day >= recently))
            .count() as u64;
        let open = || waiting().filter(|life| life.signal_type == *signal_type);
        let oldest = open().map(|life| life.raised_on).min();
        let counts = [opened, closed, open().count() as u64];
        sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        let mut cells = counts.map(Cell::Count).to_vec();
        cells.push(oldest.map_or(Cell::Unknown, Cell::Day));
        table.row(signal_type, cells);
    }
    let [opened, closed, open] = sums;
    let bad = waiting().filter(|life| life.signal_type == SignalType::Bad).count();
    let oldest = waiting().map(|life| life.raised_on).min();
    let since = oldest.map(|day| format!(", the oldest since {day}")).unwrap_or_default();
    let answer = format!(
        "{} opened and {closed} closed in the last 28 days; {open} waiting, {bad} of them bad{since}.",
        counted(opened, "signal", "signals"),
    );
    Section { title: "What became of the signals?", answer, tables: vec![table] }
}

/// How each rule does.
pub(super) fn section(lives: &[SignalLife]) -> Section {
    let columns = vec![
        Column::new("raised", "raised"),
        Column::new("open", "open"),
        Column::new("acknowledged", "acknowledged"),
        Column::new("median_days_to_acknowledge", "median days"),
        Column::new("reopened", "reopened"),
        Column::new("reasons", "commonest reasons"),
    ];
    let mut table = Table::new("rules", "Signals by rule", Column::new("rule", "rule"), columns)
        .noted(
            "Acknowledged are those that are closed now; the median days until the first acknowledgement count all that ever were.",
        )
        .or_say("no signals");
    let mut outcomes = outcome_table();
    let mut rules: BTreeMap<&str, Vec<&SignalLife>> = BTreeMap::new();
    lives.iter().for_each(|life| rules.entry(&life.rule).or_default().push(life));
    for (rule, lives) in &rules {
        table.row(rule, cells(lives));
        outcomes.row(rule, outcome_cells(lives));
    }
    Section {
        title: "How does each rule do?",
        answer: answer(lives),
        tables: vec![table, outcomes],
    }
}

fn outcome_table() -> Table {
    let columns = vec![
        Column::new("handled", "handled"),
        Column::new("expected", "expected"),
        Column::new("false_alarm", "false alarm"),
        Column::new("saved", "saved"),
        Column::new("lost", "lost"),
        Column::new("recovered", "recovered"),
        Column::new("retracted", "retracted"),
        Column::new("no_outcome", "no outcome"),
        Column::new("precision", "precision"),
    ];
    Table::new("outcomes", "Outcomes by rule", Column::new("rule", "rule"), columns)
        .noted("Of the acknowledged. Precision: handled, saved or lost, of all with an outcome but the retracted.")
        .or_say("no signals")
}

fn closings<'l>(lives: &[&'l SignalLife]) -> Vec<&'l HistoryEntry> {
    lives.iter().filter_map(|life| life.closing()).collect()
}

fn cells(lives: &[&SignalLife]) -> Vec<Cell> {
    let closings = closings(lives);
    let days = lives.iter().filter_map(|life| life.days_to_acknowledge()).map(f64::from).collect();
    vec![
        Cell::Count(lives.len() as u64),
        Cell::Count((lives.len() - closings.len()) as u64),
        Cell::Count(closings.len() as u64),
        Cell::number(median(days)),
        Cell::Count(lives.iter().filter(|life| life.was_reopened()).count() as u64),
        Cell::text_of(reasons(closings.iter().map(|entry| entry.reason.as_str()))),
    ]
}

fn outcome_cells(lives: &[&SignalLife]) -> Vec<Cell> {
    let closings = closings(lives);
    let of = |outcome: Outcome| {
        closings.iter().filter(|entry| entry.outcome == Some(outcome)).count() as u64
    };
    let with_outcome: u64 = Outcome::ALL.iter().map(|outcome| of(*outcome)).sum();
    let right = of(Outcome::Handled) + of(Outcome::Saved) + of(Outcome::Lost);
    // A retracted signal is the fault of late data, not of the rule.
    let judged = with_outcome - of(Outcome::Retracted);
    let mut cells: Vec<Cell> =
        Outcome::ALL.iter().map(|outcome| Cell::Count(of(*outcome))).collect();
    cells.push(Cell::Count(closings.len() as u64 - with_outcome));
    cells.push(Cell::share_of(right, judged));
    cells
}

/// The commonest reasons with how often each was given, A to Z among equals.
fn reasons<'r>(reasons: impl Iterator<Item = &'r str>) -> Option<String> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    reasons.for_each(|reason| *counts.entry(reason.trim()).or_default() += 1);
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let texts: Vec<String> = counts
        .iter()
        .take(MOST_REASONS)
        .map(|(reason, count)| format!("{reason} ({count})"))
        .collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

fn answer(lives: &[SignalLife]) -> String {
    let open = lives.iter().filter(|life| state(life) == State::Open).count();
    let days = lives.iter().filter_map(SignalLife::days_to_acknowledge).map(f64::from).collect();
    let middle = median(days).map(|days| {
        format!("; half of the others were acknowledged within {} days", Cell::Number(days).text())
    });
    format!(
        "{} raised, {open} open{}.",
        counted(lives.len() as u64, "signal", "signals"),
        middle.unwrap_or_default()
    )
}
