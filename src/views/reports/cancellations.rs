//! Cancellations and downsells by month, with reasons.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{NONE, Portfolio, counted};
use crate::domain::day::Day;
use crate::domain::portfolio::{course_of_counts, sum_known};
use crate::render::report::{Cell, Chart, ChartKind, ReportSection, RowLabel, Table};

/// The number of months shown.
pub(crate) const MONTHS: usize = 12;

/// The number of complete months that are compared with as many before them.
const COMPARED: usize = 3;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cancellation {
    /// The first day without the customer.
    pub day: Day,
    /// The monthly revenue until then.
    pub mrr: Option<f64>,
    pub reason_codes: Vec<String>,
}

/// A customer who pays less.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Downsell {
    pub day: Day,
    /// The decrease of the monthly revenue.
    pub lost_mrr: Option<f64>,
    pub reason_codes: Vec<String>,
}

/// The first day of a month, and the number of customers the day before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MonthStart {
    pub first: Day,
    pub customers: u64,
}

/// Cancellations and downsells in the months up to the as-of date.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Losses {
    /// The months, oldest first; the last may be incomplete.
    pub months: Vec<MonthStart>,
    pub cancellations: Vec<Cancellation>,
    pub downsells: Vec<Downsell>,
}

struct Month<'l> {
    start: MonthStart,
    cancellations: Vec<&'l Cancellation>,
    downsells: Vec<&'l Downsell>,
}

impl Losses {
    /// The month of a day, and the number of its cancellations so far.
    pub(super) fn this_month(&self, day: Day) -> (String, u64) {
        let first = day.first_of_month();
        (day.month(), self.cancellations.iter().filter(|loss| loss.day >= first).count() as u64)
    }

    /// The months, without leading ones that had no customers yet.
    fn by_month(&self) -> Vec<Month<'_>> {
        let months = self.months.iter().map(|start| {
            let is_in = |day: Day| day.first_of_month() == start.first;
            Month {
                start: *start,
                cancellations: self.cancellations.iter().filter(|loss| is_in(loss.day)).collect(),
                downsells: self.downsells.iter().filter(|loss| is_in(loss.day)).collect(),
            }
        });
        months
            .skip_while(|month| month.start.customers == 0 && month.cancellations.is_empty())
            .collect()
    }
}

pub(super) fn section(portfolio: &Portfolio, losses: &Losses) -> ReportSection {
    const TITLE: &str = "Are cancellations going up or down?";
    let (day, months) = (portfolio.day(), losses.by_month());
    if losses.cancellations.is_empty() && losses.downsells.is_empty() {
        return portfolio.without_data(
            TITLE,
            "No cancellations in the last 12 months: if there were any, import companies with \
             `churned_on`, or subscriptions with `ended_on`.",
        );
    }
    let cancelled = losses.cancellations.iter().map(|loss| (&loss.reason_codes[..], loss.mrr));
    let downsold = losses.downsells.iter().map(|loss| (&loss.reason_codes[..], loss.lost_mrr));
    let of_cancellations = ("cancellation_reasons", "Reasons of cancellations");
    let of_downsells = ("downsell_reasons", "Reasons of downsells");
    let tables = vec![
        month_table(&months),
        quarter_table(day, &months),
        reason_table(of_cancellations, "cancellations", cancelled),
        reason_table(of_downsells, "downsells", downsold),
    ];
    ReportSection { title: TITLE, answer: answer(portfolio, losses, &months), tables }
}

fn month_table(months: &[Month<'_>]) -> Table {
    let count = |month: &Month<'_>| month.cancellations.len() as u64;
    let lost = |month: &Month<'_>| sum_known(month.cancellations.iter().map(|loss| loss.mrr));
    let downsold = |month: &Month<'_>| sum_known(month.downsells.iter().map(|loss| loss.lost_mrr));
    let reasons = |month: &Month<'_>| {
        commonest(month.cancellations.iter().flat_map(|loss| &loss.reason_codes)).cloned()
    };
    let title = "Cancellations by month";
    Table::of("cancellations", title, ("month", "month"), months, |month| {
        RowLabel::new(month.start.first.month())
    })
    .number("cancellations", "cancellations", |month| Cell::Count(count(month)))
    .number("customers", "customers at start", |month| Cell::Count(month.start.customers))
    .number("rate", "rate", |month| Cell::share_of(count(month), month.start.customers))
    .number("mrr", "MRR lost", |month| Cell::money(lost(month)))
    .number("downsells", "downsells", |month| Cell::Count(month.downsells.len() as u64))
    .number("downsell_mrr", "MRR lost by them", |month| Cell::money(downsold(month)))
    .text("main_reason", "commonest reason", |month| Cell::text_of(reasons(month)))
    .done()
    .drawn(Chart::new(title, ChartKind::Months { column: "cancellations" }))
    .folded()
    .noted("The rate is cancellations per customer at the start of the month. The last month may be incomplete.")
    .or_say("no customers yet")
}

/// The most frequent code; of several, the first A to Z.
fn commonest<'r>(codes: impl Iterator<Item = &'r String>) -> Option<&'r String> {
    let mut counts: BTreeMap<&String, u64> = BTreeMap::new();
    codes.for_each(|code| *counts.entry(code).or_default() += 1);
    let most = counts.into_iter().max_by_key(|(code, count)| (*count, Reverse(*code)));
    most.map(|(code, _)| code)
}

struct Quarter {
    cancellations: u64,
    /// Cancellations per customer and month.
    rate: Cell,
    mrr: Option<f64>,
}

impl Quarter {
    fn of(months: &[Month<'_>]) -> Self {
        let losses = || months.iter().flat_map(|month| &month.cancellations);
        let customers = months.iter().map(|month| month.start.customers).sum();
        let cancellations = losses().count() as u64;
        let mrr = sum_known(losses().map(|loss| loss.mrr));
        Quarter { cancellations, rate: Cell::share_of(cancellations, customers), mrr }
    }
}

/// The last complete months, and as many before them; `None` if there are not enough.
fn quarters(day: Day, months: &[Month<'_>]) -> Option<[Quarter; 2]> {
    let is_complete = |month: &&Month<'_>| month.start.first.first_of_next_month() <= day.next();
    let complete = months.iter().filter(is_complete).count();
    let start = complete.checked_sub(2 * COMPARED)?;
    let [before, last] = [start..start + COMPARED, start + COMPARED..complete]
        .map(|range| Quarter::of(&months[range]));
    Some([before, last])
}

fn quarter_table(day: Day, months: &[Month<'_>]) -> Table {
    let names = [("before", "the three months before"), ("last", "last three complete months")];
    let quarters = names.into_iter().zip(quarters(day, months).into_iter().flatten());
    let (title, label) = ("Cancellations by quarter", ("period", "period"));
    Table::of("cancellation_trend", title, label, quarters, |((name, words), _)| {
        RowLabel::called(name, words)
    })
    .number("cancellations", "cancellations", |(_, quarter)| Cell::Count(quarter.cancellations))
    .number("rate", "rate a month", |(_, quarter)| quarter.rate.clone())
    .number("mrr", "MRR lost", |(_, quarter)| Cell::money(quarter.mrr))
    .done()
    .or_say("needs six complete months")
}

/// Below this, cancellations are reported as numbers: no trend in them could exceed chance.
const FEW: u64 = 6;

fn answer(portfolio: &Portfolio, losses: &Losses, months: &[Month<'_>]) -> String {
    let number = losses.cancellations.len() as u64;
    let cancellations = counted(number, "cancellation", "cancellations");
    let lost = sum_known(losses.cancellations.iter().map(|loss| loss.mrr)).filter(|_| number > 0);
    let money = lost.map(|lost| format!(" with {} of MRR", portfolio.money(lost)));
    let (money, was) = (money.unwrap_or_default(), if number == 1 { "was" } else { "were" });
    let time = counted(months.len() as u64, "month", "months");
    let year = format!("In {time} there {was} {cancellations}{money}.");
    match quarters(portfolio.day(), months) {
        Some([before, last]) => format!("{} {year}", headline(&before, &last)),
        None => format!(
            "{year} It takes six complete months to tell whether they are going up or down."
        ),
    }
}

/// The trend of cancellations; few of them are reported as numbers.
fn headline(before: &Quarter, last: &Quarter) -> String {
    let (earlier, number) = (before.cancellations, last.cancellations);
    if number + earlier < FEW {
        let number = match number {
            0 => "No cancellations".to_owned(),
            number => counted(number, "cancellation", "cancellations"),
        };
        let earlier = if earlier == 0 { "none".to_owned() } else { earlier.to_string() };
        return format!("{number} in the last three months, {earlier} before.");
    }
    format!(
        "Cancellations are {}: {number} in the last three months ({} a month), {earlier} in the three before ({} a month).",
        course_of_counts(earlier, number).words(),
        last.rate.text(),
        before.rate.text()
    )
}

/// How often each reason was given, and the revenue lost.
fn reason_table<'l>(
    (name, title): (&'static str, &'static str),
    what: &'static str,
    losses: impl ExactSizeIterator<Item = (&'l [String], Option<f64>)>,
) -> Table {
    let count = losses.len() as u64;
    let mut reasons: BTreeMap<&str, Vec<Option<f64>>> = BTreeMap::new();
    for (codes, lost) in losses {
        let none = codes.is_empty().then_some(NONE);
        for code in codes.iter().map(String::as_str).chain(none) {
            reasons.entry(code).or_default().push(lost);
        }
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    // Ties are sorted A to Z.
    reasons.sort_by_key(|(_, lost)| Reverse(lost.len()));
    Table::of(name, title, ("reason", "reason"), reasons, |(code, _)| RowLabel::new(code))
        .number(what, what, |(_, lost)| Cell::Count(lost.len() as u64))
        .number("share", "share", |(_, lost)| Cell::share_of(lost.len() as u64, count))
        .number("mrr", "MRR lost", |(_, lost)| Cell::money(sum_known(lost.iter().copied())))
        .done()
        .or_say("none")
        .noted("A company with several reasons counts under each.")
}
