//! Signals: how many were raised and closed, and the results of each rule.

use std::collections::BTreeMap;

use super::{Portfolio, counted};
use crate::domain::portfolio::median;
use crate::domain::signal::{
    HistoryEntry, Outcome, SignalLife, SignalType, Traffic, TrafficByType,
};
use crate::render::report::{Cell, ReportSection, RowLabel, Table};

const NO_SIGNALS: &str =
    "No signal was raised for these customers yet: `signals rule list` shows the rules.";

const MOST_REASONS: usize = 3;

pub(super) fn traffic(portfolio: &Portfolio, of_type: &TrafficByType) -> ReportSection {
    const TITLE: &str = "What became of the signals?";
    if of_type.is_empty() {
        return portfolio.without_data(TITLE, NO_SIGNALS);
    }
    let of = |signal_type: SignalType| of_type.get(&signal_type).copied().unwrap_or_default();
    let types = SignalType::ALL.iter().map(|signal_type| (signal_type, of(*signal_type)));
    let table = Table::of("signals", "Signals by type", ("type", "type"), types, |(kind, _)| {
        RowLabel::new(kind)
    })
    .number("opened_28d", "opened in 28 days", |(_, traffic)| Cell::Count(traffic.opened))
    .number("closed_28d", "closed in 28 days", |(_, traffic)| Cell::Count(traffic.closed))
    .number("waiting", "waiting", |(_, traffic)| Cell::Count(traffic.open))
    .text("waiting_since", "oldest since", |(_, traffic)| Cell::day(traffic.open_since))
    .done();
    let all = of_type.values().copied().fold(Traffic::default(), Traffic::and);
    let since = all.open_since.map(|day| format!(", the oldest since {day}")).unwrap_or_default();
    let answer = format!(
        "{} opened and {} closed in the last 28 days; {} waiting, {} of them bad{since}.",
        counted(all.opened, "signal", "signals"),
        all.closed,
        all.open,
        of(SignalType::Bad).open,
    );
    ReportSection { title: TITLE, answer, tables: vec![table] }
}

pub(super) fn section(portfolio: &Portfolio, lives: &[SignalLife]) -> ReportSection {
    const TITLE: &str = "How does each rule do?";
    if lives.is_empty() {
        return portfolio.without_data(TITLE, NO_SIGNALS);
    }
    let mut rules: BTreeMap<&str, Vec<&SignalLife>> = BTreeMap::new();
    lives.iter().for_each(|life| rules.entry(&life.rule).or_default().push(life));
    let tables = vec![rule_table(&rules), outcome_table(&rules)];
    ReportSection { title: TITLE, answer: answer(lives), tables }
}

/// The signals of each rule, A to Z.
type ByRule<'l> = BTreeMap<&'l str, Vec<&'l SignalLife>>;

fn rule_table(rules: &ByRule<'_>) -> Table {
    let days = |lives: &[&SignalLife]| {
        median(lives.iter().filter_map(|life| life.days_to_acknowledge()).map(f64::from).collect())
    };
    let closed = |lives: &[&SignalLife]| closings(lives).len();
    let title = "Signals by rule";
    Table::of("rules", title, ("rule", "rule"), rules, |(rule, _)| RowLabel::new(rule))
        .number("raised", "raised", |(_, lives)| Cell::Count(lives.len() as u64))
        .number("open", "open", |(_, lives)| Cell::Count((lives.len() - closed(lives)) as u64))
        .number("acknowledged", "acknowledged", |(_, lives)| Cell::Count(closed(lives) as u64))
        .number("median_days_to_acknowledge", "median days", |(_, lives)| Cell::number(days(lives)))
        .number("reopened", "reopened", |(_, lives)| {
            Cell::Count(lives.iter().filter(|life| life.was_reopened()).count() as u64)
        })
        .text("reasons", "commonest reasons", |(_, lives)| {
            Cell::text_of(reasons(closings(lives).iter().map(|entry| entry.reason.as_str())))
        })
        .done()
        .noted(
            "Acknowledged: closed now. Median days: until the first acknowledgement, of all that ever had one.",
        )
        .or_say("no signals")
}

fn outcome_table(rules: &ByRule<'_>) -> Table {
    let number = |lives: &[&SignalLife], outcome: Option<Outcome>| {
        closings(lives).iter().filter(|entry| entry.outcome == outcome).count() as u64
    };
    let of = |lives: &[&SignalLife], outcome| Cell::Count(number(lives, outcome));
    let precision = |lives: &[&SignalLife]| {
        let worthwhile = [Outcome::Handled, Outcome::Saved, Outcome::Lost];
        let right: u64 = worthwhile.iter().map(|outcome| number(lives, Some(*outcome))).sum();
        // A retracted signal is due to late data, not to the rule.
        let left_out = number(lives, None) + number(lives, Some(Outcome::Retracted));
        Cell::share_of(right, closings(lives).len() as u64 - left_out)
    };
    let title = "Outcomes by rule";
    Table::of("outcomes", title, ("rule", "rule"), rules, |(rule, _)| RowLabel::new(rule))
        .number("handled", "handled", |(_, lives)| of(lives, Some(Outcome::Handled)))
        .number("expected", "expected", |(_, lives)| of(lives, Some(Outcome::Expected)))
        .number("false_alarm", "false alarm", |(_, lives)| of(lives, Some(Outcome::FalseAlarm)))
        .number("saved", "saved", |(_, lives)| of(lives, Some(Outcome::Saved)))
        .number("lost", "lost", |(_, lives)| of(lives, Some(Outcome::Lost)))
        .number("recovered", "recovered", |(_, lives)| of(lives, Some(Outcome::Recovered)))
        .number("retracted", "retracted", |(_, lives)| of(lives, Some(Outcome::Retracted)))
        .number("no_outcome", "no outcome", |(_, lives)| of(lives, None))
        .number("precision", "precision", |(_, lives)| precision(lives))
        .done()
        .noted("Of the acknowledged. Precision: handled, saved or lost, of all with an outcome but the retracted.")
        .or_say("no signals")
}

fn closings<'l>(lives: &[&'l SignalLife]) -> Vec<&'l HistoryEntry> {
    lives.iter().filter_map(|life| life.closing()).collect()
}

/// The most frequent reasons and their counts; ties are sorted A to Z.
fn reasons<'r>(reasons: impl Iterator<Item = &'r str>) -> Option<String> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    reasons.for_each(|reason| *counts.entry(reason.trim()).or_default() += 1);
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let commonest = counts.iter().take(MOST_REASONS);
    let texts: Vec<String> =
        commonest.map(|(reason, count)| format!("{reason} ({count})")).collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

fn answer(lives: &[SignalLife]) -> String {
    let open = lives.iter().filter(|life| life.closing().is_none()).count();
    let days = lives.iter().filter_map(SignalLife::days_to_acknowledge).map(f64::from).collect();
    let middle = median(days).map(|days| {
        format!("; half of the others were acknowledged within {} days", Cell::Number(days).text())
    });
    let (all, middle) =
        (counted(lives.len() as u64, "signal", "signals"), middle.unwrap_or_default());
    format!("{all} raised, {open} open{middle}.")
}
