//! Whether signals predict churn, as a page.

use super::bands::capitalised;
use super::counted;
use crate::backtest::{BacktestResult, HealthOutcome, ResultRow, TestPeriod};
use crate::domain::day::Day;
use crate::render::report::{
    Cell, Chart, ChartKind, Letterhead, Report, ReportHead, ReportSection, RowLabel, Table, Tint,
};
use crate::views::backtest::{answer, below_good, remarks, title};

/// The results of each rule, with a chart of lift against coverage.
pub(crate) fn report(outcome: &BacktestResult, filter: String, letter: Letterhead) -> Report {
    let mut sections = vec![rules(outcome)];
    if let Some(split) = outcome.split {
        let first = table("first", "The first part", outcome, TestPeriod::First);
        let later = table("later", "The later part", outcome, TestPeriod::Later);
        let (title, answer) = ("Does it hold over time?", over_time(outcome, split));
        sections.push(ReportSection { title, answer, tables: vec![first, later] });
    }
    if let Some(health) = &outcome.health {
        let title = "Does the health score foretell churn?";
        let (answer, tables) = (sentence(&below_good(health)), vec![bands(health)]);
        sections.push(ReportSection { title, answer, tables });
    }
    let title = "Which churns did no rule foretell?";
    let answer = match outcome.blind_spots.len() {
        0 => "Every churn was foretold by some rule.".to_owned(),
        missed => format!("{missed} of {}.", counted(outcome.churns(), "churn", "churns")),
    };
    sections.push(ReportSection { title, answer, tables: vec![blind_spots(outcome)] });
    let remarks: Vec<String> = remarks(outcome).iter().map(|remark| sentence(remark)).collect();
    sections.push(ReportSection::without_data("What to keep in mind", &remarks.join(" ")));
    let day = outcome.days.to;
    let head = ReportHead { as_of: day, entries: day, filter, letter, link: None };
    Report { title: "Backtest of the rules".to_owned(), head, summary: None, sections }
}

fn rules(outcome: &BacktestResult) -> ReportSection {
    ReportSection {
        title: "Do the signals foretell churn?",
        answer: answer(outcome),
        tables: vec![table("rules", "Lift and coverage of each rule", outcome, TestPeriod::All)
            .drawn(Chart::new(
                "Each point is a rule. The higher it is, the more often customers with its signals \
                 churned; the further right, the more churns it covers. It is better than chance \
                 if its whole vertical line (the 95 % interval) is above the dashed line.",
                ChartKind::Points { x: "coverage", y: "lift", low: "lift_low", high: "lift_high" },
            ))
            .noted(
                "Lift: how many times as often customers with a signal churned as customers picked \
                 at random; 1 is chance. Covered: churns that a signal came before, early enough to \
                 act. Lead: the median number of days from the first such signal to the churn. \
                 Right: signals that such a churn followed; late: signals too close to the churn. \
                 Yardstick: what most products ship.",
            )],
    }
}

/// The lift of all rules together before and after the split.
fn over_time(outcome: &BacktestResult, split: Day) -> String {
    let lift = |part| {
        let lift = outcome.together(part).and_then(|row| row.measured.lift);
        lift.map(|lift| Cell::ratio(Some(lift)).text().into_owned())
    };
    match (lift(TestPeriod::First), lift(TestPeriod::Later)) {
        (Some(first), Some(later)) => format!(
            "All rules together: lift {first} on the days up to {split}, {later} on the days after \
             it."
        ),
        _ => format!("Too few churns lie on one side of {split} to compare."),
    }
}

fn sentence(remark: &str) -> String {
    format!("{}.", capitalised(remark))
}

fn table(
    name: &'static str,
    heading: &'static str,
    outcome: &BacktestResult,
    part: TestPeriod,
) -> Table {
    let rows = outcome.rows.iter().filter(|row| row.part == part);
    let label = ("rule", "rule");
    Table::of(name, heading, label, rows, |row| {
        RowLabel::called(row.subject.name(), title(&row.subject))
    })
    .number("lift", "lift", |row| Cell::ratio(row.measured.lift))
    .number("lift_low", "from", |row| Cell::ratio(row.measured.interval.map(|i| i.low)))
    .number("lift_high", "to (95 %)", |row| Cell::ratio(row.measured.interval.map(|i| i.high)))
    .number("churns", "churns", |row| Cell::Count(row.measured.churns))
    .number("covered", "covered", |row| Cell::Count(row.measured.covered))
    .number("coverage", "share of churns", |row| {
        Cell::share_of(row.measured.covered, row.measured.churns)
    })
    .number("median_lead_days", "lead, days", |row| Cell::number(row.measured.median_lead_days))
    .number("signals", "signals", |row| Cell::Count(row.measured.signals))
    .number("right", "right", |row| Cell::Count(row.measured.right))
    .number("late", "late", |row| Cell::Count(row.measured.late))
    .number("signals_per_100_customers_week", "a week per 100", |row| {
        Cell::number(row.measured.signals_per_100_customers_week)
    })
    .number("signals_per_csm_week", "a week per CSM", |row| Cell::number(row.signals_per_csm_week))
    .tinted(tint)
    .done()
    .or_say("no rule was measured")
}

/// Better or worse than random choice, if the interval shows it.
fn tint(row: &&ResultRow) -> Tint {
    match row.measured.interval {
        Some(interval) if interval.low > 1.0 => Tint::Good,
        Some(interval) if interval.high < 1.0 => Tint::Poor,
        _ => Tint::Unknown,
    }
}

fn bands(health: &HealthOutcome) -> Table {
    let percent =
        |share: Option<f64>| share.map_or(Cell::Unknown, |share| Cell::Percent(share * 100.0));
    Table::of("health", "Churn by health band", ("band", "band"), &health.bands, |row| {
        RowLabel::new(row.band)
    })
    .number("share_of_days", "share of days", |row| percent(row.share))
    .number("churn_rate", "churn rate", |row| percent(row.churn_rate))
    .number("lift", "lift", |row| Cell::ratio(row.lift))
    .done()
}

fn blind_spots(outcome: &BacktestResult) -> Table {
    let label = ("company", "company");
    Table::of("blind_spots", "Churns that no rule foretold", label, &outcome.blind_spots, |spot| {
        RowLabel::company(&spot.company_id, &spot.company_id)
    })
    .text("churned_on", "churned on", |spot| Cell::day(Some(spot.churned_on)))
    .number("mrr", "MRR", |spot| Cell::money(spot.mrr))
    .text("seen", "what the rules saw at their nearest", |spot| Cell::Text(spot.seen.join("; ")))
    .done()
    .or_say("every churn was foretold by some rule")
}
