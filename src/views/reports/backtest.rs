//! Whether signals predict churn, as a page.

use super::counted;
use crate::backtest::{HealthOutcome, Outcome, Part, Row};
use crate::domain::backtest::FEWEST_CHURNS;
use crate::render::report::{
    Cell, Chart, ChartKind, Head, Interval, Item, Letterhead, Report, Section, Table, Tint,
};
use crate::views::backtest::{below_good, remarks, title};

/// The results of each rule, with a chart of lift against coverage.
pub(crate) fn report(outcome: &Outcome, filter: String, letter: Letterhead) -> Report {
    let mut sections = vec![Section {
        title: "Do the signals foretell churn?",
        answer: answer(outcome),
        tables: vec![table("rules", "Lift and coverage of each rule", outcome, Part::All)
            .drawn(Chart::new(
                "Lift against the share of churns covered, with 95 % intervals; a rule above the \
                 line at 1 is better than picking customers by lot",
                ChartKind::Points {
                    x: "coverage",
                    y: "lift",
                    interval: Interval { low: "lift_low", high: "lift_high" },
                },
            ))
            .noted(
                "Lift: how much oftener customers with a signal churned than customers picked by \
                 lot. Covered: churns that a signal came before in time. Lead: days from the \
                 earliest such signal to the churn, the median.",
            )],
    }];
    if let Some(split) = outcome.split {
        sections.push(Section {
            title: "Does it hold over time?",
            answer: format!("The same, for the days up to {split} and for those after it."),
            tables: vec![
                table("first", "The first part", outcome, Part::First),
                table("later", "The later part", outcome, Part::Later),
            ],
        });
    }
    if let Some(health) = &outcome.health {
        sections.push(Section {
            title: "Does the health score foretell churn?",
            answer: sentence(below_good(health)),
            tables: vec![bands(health)],
        });
    }
    sections.push(Section {
        title: "Which churns did no rule foretell?",
        answer: match outcome.blind_spots.len() {
            0 => "Every churn was foretold by some rule.".to_owned(),
            missed => format!("{missed} of {}.", outcome.churns()),
        },
        tables: vec![blind_spots(outcome)],
    });
    sections.push(Section {
        title: "What to keep in mind",
        answer: remarks(outcome).into_iter().map(sentence).collect::<Vec<_>>().join(" "),
        tables: Vec::new(),
    });
    Report {
        title: "Backtest of the rules".to_owned(),
        head: Head { as_of: outcome.days.to, entries: outcome.days.to, filter, letter, link: None },
        summary: None,
        sections,
    }
}

/// The best rule, unless there are too few churns to rank.
fn answer(outcome: &Outcome) -> String {
    let together = outcome.rows.iter().find(|row| row.subject.name() == "together");
    let Some(Row { measured, .. }) = together else { return String::new() };
    let churns = outcome.churns();
    if churns < FEWEST_CHURNS {
        let churns = counted(churns, "churn is", "churns are");
        return format!("{churns} too few to judge the rules by.");
    }
    let covered = Cell::share_of(measured.covered, measured.churns);
    let verdict = match measured.interval {
        Some(interval) if interval.low > 1.0 => "better than picking by lot",
        Some(interval) if interval.high < 1.0 => "worse than picking by lot",
        _ => "not shown to be better than picking by lot",
    };
    format!(
        "All rules together: lift {}, {verdict}; they foretold {} of {churns} churns ({}), with a \
         median lead of {} days.",
        Cell::ratio(measured.lift).text(),
        measured.covered,
        covered.text(),
        Cell::number(measured.median_lead_days).text(),
    )
}

fn sentence(remark: String) -> String {
    let mut letters = remark.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

fn table(name: &'static str, heading: &'static str, outcome: &Outcome, part: Part) -> Table {
    let rows = outcome.rows.iter().filter(|row| row.part == part);
    let label = ("rule", "rule");
    Table::of(name, heading, label, rows, |row| {
        Item::called(row.subject.name(), title(&row.subject))
    })
    .number("lift", "lift", |row| Cell::ratio(row.measured.lift))
    .number("lift_low", "from", |row| Cell::ratio(row.measured.interval.map(|i| i.low)))
    .number("lift_high", "to (95 %)", |row| Cell::ratio(row.measured.interval.map(|i| i.high)))
    .number("churns", "churns", |row| Cell::Count(row.measured.churns))
    .number("covered", "covered", |row| Cell::Count(row.measured.covered))
    .number("coverage", "share", |row| Cell::share_of(row.measured.covered, row.measured.churns))
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
fn tint(row: &&Row) -> Tint {
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
        Item::new(row.band)
    })
    .number("share_of_days", "share of days", |row| percent(row.share))
    .number("churn_rate", "churn rate", |row| percent(row.churn_rate))
    .number("lift", "lift", |row| Cell::ratio(row.lift))
    .done()
}

fn blind_spots(outcome: &Outcome) -> Table {
    let label = ("company", "company");
    Table::of("blind_spots", "Churns that no rule foretold", label, &outcome.blind_spots, |spot| {
        Item::company(&spot.company_id, &spot.company_id)
    })
    .text("churned_on", "churned on", |spot| Cell::day(Some(spot.churned_on)))
    .number("mrr", "MRR", |spot| Cell::money(spot.mrr))
    .text("seen", "what the rules saw at their nearest", |spot| Cell::Text(spot.seen.join("; ")))
    .done()
    .or_say("every churn was foretold by some rule")
}
