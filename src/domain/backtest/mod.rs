//! Whether signals predict churn: precision, lift, coverage, lead and load of replayed signals.
//!
//! Everything is counted in company-days, so that a rule is compared with picking a customer and a
//! day at random. `docs/backtest.md` has the definitions. This module only counts: the caller
//! provides the signals and the days on which a company may count.

mod choice;
mod interval;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};

use super::day::{Day, DayRange};

pub(crate) use choice::{Yield, choose};
pub(crate) use interval::LiftInterval;

/// The measurement *together, one a company* counts the next signal of a company only after this
/// many days.
const ONE_A_COMPANY_DAYS: i32 = 28;

/// A rule cannot be judged by fewer churns than this.
pub(crate) const FEWEST_CHURNS: u64 = 20;

/// The parameters of a backtest, in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The first day that may count; `None` means the first day of data.
    pub from: Option<Day>,
    /// The last day for which churns are known.
    pub until: Day,
    /// A signal is right if the churn follows within this many days.
    pub horizon: i32,
    /// A churn that follows in fewer days leaves no time to act.
    pub min_lead: i32,
}

impl Settings {
    /// The settings for the time up to and including `day`, as if nothing later were known.
    pub fn first_part(self, day: Day) -> Self {
        Settings { until: day.min(self.until), ..self }
    }

    fn asks_about(&self, churn: Day) -> bool {
        churn <= self.until && self.from.is_none_or(|from| churn >= from)
    }

    /// The settings for the time after `day`.
    pub fn later_part(self, day: Day) -> Self {
        Settings { from: Some(self.from.map_or(day.next(), |from| from.max(day.next()))), ..self }
    }
}

/// A company of the book.
#[derive(Debug, Clone, Default)]
pub struct Subject {
    /// The first day of `eligible`, as a day number.
    pub first_day: i32,
    /// For each day from the first on: whether the company was an established customer that meets
    /// `--min-events` and `--where`.
    pub eligible: Vec<bool>,
    /// Its churns, in order.
    pub churns: Vec<Day>,
}

impl Subject {
    fn is_eligible(&self, day: Day) -> bool {
        let place = day.number() - self.first_day;
        usize::try_from(place).ok().and_then(|place| self.eligible.get(place)) == Some(&true)
    }

    fn days(&self) -> impl Iterator<Item = Day> {
        let days = self.eligible.iter().zip(self.first_day..);
        days.filter(|(is_eligible, _)| **is_eligible).map(|(_, day)| Day::from_number(day))
    }

    /// The first churn after a day, up to `until`.
    fn next_churn(&self, day: Day, until: Day) -> Option<Day> {
        self.churns.iter().copied().find(|churn| *churn > day).filter(|churn| *churn <= until)
    }
}

/// A replayed signal: the place of its company in the book, and its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Raised {
    pub company: usize,
    pub on: Day,
}

/// The verdict on a signal on a company-day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SignalVerdict {
    /// The day does not count.
    Ignored,
    /// The churn follows too soon to act.
    Late,
    Right,
    Wrong,
}

/// A book of customers and the parameters, ready to measure rules.
pub struct Backtest<'b> {
    subjects: &'b [Subject],
    settings: Settings,
    totals: CompanyDays,
    /// The number of right days and of days for each company.
    days: Vec<(u64, u64)>,
    /// The churns that a signal could have foretold: company and day.
    churns: Vec<(usize, Day)>,
    churns_too_early: u64,
}

/// Sums over all companies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CompanyDays {
    /// Company-days that count.
    pub days: u64,
    /// Company-days that count and on which a churn follows in time.
    pub right_days: u64,
}

/// The measurements of one rule, or of several together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    pub signals: u64,
    pub right: u64,
    pub late: u64,
    pub precision: Option<f64>,
    pub base: Option<f64>,
    pub lift: Option<f64>,
    pub interval: Option<LiftInterval>,
    /// Churns that a signal could have foretold.
    pub churns: u64,
    /// Churns that a signal foretold.
    pub covered: u64,
    pub coverage: Option<f64>,
    pub median_lead_days: Option<f64>,
    /// Signals a week per hundred customers.
    pub signals_per_100_customers_week: Option<f64>,
}

impl<'b> Backtest<'b> {
    pub fn new(subjects: &'b [Subject], settings: Settings) -> Self {
        let mut backtest = Backtest {
            subjects,
            settings,
            totals: CompanyDays::default(),
            days: Vec::with_capacity(subjects.len()),
            churns: Vec::new(),
            churns_too_early: 0,
        };
        for (place, subject) in subjects.iter().enumerate() {
            let (right, days) = backtest.count_days(subject);
            backtest.days.push((right, days));
            backtest.totals.days += days;
            backtest.totals.right_days += right;
            for churn in subject.churns.iter().filter(|churn| settings.asks_about(**churn)) {
                if backtest.days_before(subject, *churn).next().is_some() {
                    backtest.churns.push((place, *churn));
                } else {
                    backtest.churns_too_early += 1;
                }
            }
        }
        backtest
    }

    fn count_days(&self, subject: &Subject) -> (u64, u64) {
        let (mut right, mut days) = (0, 0);
        for day in subject.days() {
            match self.verdict(subject, day) {
                SignalVerdict::Right => (right, days) = (right + 1, days + 1),
                SignalVerdict::Wrong => days += 1,
                SignalVerdict::Ignored | SignalVerdict::Late => {}
            }
        }
        (right, days)
    }

    fn verdict(&self, subject: &Subject, day: Day) -> SignalVerdict {
        let Settings { from, until, horizon, min_lead } = self.settings;
        let is_asked = from.is_none_or(|from| day >= from) && day + horizon <= until;
        if !is_asked || !subject.is_eligible(day) {
            return SignalVerdict::Ignored;
        }
        match subject.next_churn(day, until) {
            Some(churn) if churn - day < min_lead => SignalVerdict::Late,
            Some(churn) if churn - day <= horizon => SignalVerdict::Right,
            _ => SignalVerdict::Wrong,
        }
    }

    /// The days on which a signal would have foretold a churn, whether or not their horizon is
    /// over.
    fn days_before<'s>(&self, subject: &'s Subject, churn: Day) -> impl Iterator<Item = Day> + 's {
        let Settings { from, until, horizon, min_lead } = self.settings;
        let window = DayRange { from: churn - horizon, to: churn - min_lead };
        (window.from.number()..=window.to.number()).map(Day::from_number).filter(move |day| {
            from.is_none_or(|from| *day >= from)
                && subject.is_eligible(*day)
                && subject.next_churn(*day, until).is_none_or(|next| next - *day >= min_lead)
        })
    }

    /// Whether a churn follows in time on a company-day; `None` when the day does not count.
    pub fn is_right(&self, company: usize, day: Day) -> Option<bool> {
        match self.verdict(&self.subjects[company], day) {
            SignalVerdict::Right => Some(true),
            SignalVerdict::Wrong => Some(false),
            SignalVerdict::Ignored | SignalVerdict::Late => None,
        }
    }

    pub fn totals(&self) -> CompanyDays {
        self.totals
    }

    /// The churns that a signal could have foretold, by company.
    pub fn churns(&self) -> &[(usize, Day)] {
        &self.churns
    }

    /// How many churns are excluded because no day before them counts.
    pub fn churns_too_early(&self) -> u64 {
        self.churns_too_early
    }

    /// The lower median of the churn days. The book is split there unless a day is given.
    pub fn median_churn(&self) -> Option<Day> {
        let mut days: Vec<Day> = self.churns.iter().map(|(_, churn)| *churn).collect();
        days.sort_unstable();
        days.get(days.len().checked_sub(1)? / 2).copied()
    }

    /// Measures the signals of one rule, or of several rules together. In the latter case every
    /// signal counts, and a churn is covered if any of them foretold it.
    pub fn measure(&self, signals: &[Raised]) -> Measured {
        let mut by_company: BTreeMap<usize, (u64, u64)> = BTreeMap::new();
        let (mut all, mut right, mut late) = (0, 0, 0);
        for signal in signals {
            match self.verdict(&self.subjects[signal.company], signal.on) {
                SignalVerdict::Ignored => continue,
                SignalVerdict::Late => {
                    late += 1;
                    continue;
                }
                SignalVerdict::Right => {
                    right += 1;
                    by_company.entry(signal.company).or_default().0 += 1;
                }
                SignalVerdict::Wrong => {}
            }
            all += 1;
            by_company.entry(signal.company).or_default().1 += 1;
        }
        let leads = self.leads(signals);
        let CompanyDays { days, right_days } = self.totals;
        let (precision, base) = (share(right, all), share(right_days, days));
        let lift = precision.zip(base).filter(|(_, base)| *base > 0.0).map(|(p, base)| p / base);
        let signals_of = |place: usize| by_company.get(&place).copied().unwrap_or_default();
        let counts = self.days.iter().enumerate().map(|(place, days)| (signals_of(place), *days));
        Measured {
            signals: all,
            right,
            late,
            precision,
            base,
            lift,
            interval: lift.and_then(|lift| LiftInterval::of_lift(lift, counts)),
            churns: self.churns.len() as u64,
            covered: leads.len() as u64,
            coverage: share(leads.len() as u64, self.churns.len() as u64),
            median_lead_days: median(leads),
            signals_per_100_customers_week: share(all, days).map(|share| 700.0 * share),
        }
    }

    /// For each churn that a signal foretold: the days from the earliest such signal to the churn.
    fn leads(&self, signals: &[Raised]) -> Vec<i32> {
        let mut by_company: BTreeMap<usize, Vec<Day>> = BTreeMap::new();
        for signal in signals {
            by_company.entry(signal.company).or_default().push(signal.on);
        }
        let lead = |(company, churn): &(usize, Day)| {
            let raised = by_company.get(company)?;
            let mut days = self.days_before(&self.subjects[*company], *churn);
            days.find(|day| raised.contains(day)).map(|earliest| *churn - earliest)
        };
        self.churns.iter().filter_map(lead).collect()
    }

    /// What the signals contribute to a set of rules.
    pub fn brings(&self, signals: &[Raised]) -> Yield {
        let Measured { signals: all, right, .. } = self.measure(signals);
        Yield { signals: all, right, covered: self.covered(signals) }
    }

    /// For each of [`Backtest::churns`]: whether a signal foretold it.
    fn covered(&self, signals: &[Raised]) -> Vec<bool> {
        let raised: HashSet<(usize, Day)> =
            signals.iter().map(|signal| (signal.company, signal.on)).collect();
        let is_covered = |(company, churn): &(usize, Day)| {
            let mut days = self.days_before(&self.subjects[*company], *churn);
            days.any(|day| raised.contains(&(*company, day)))
        };
        self.churns.iter().map(is_covered).collect()
    }

    /// The churns that none of these signals foretold.
    pub fn blind_spots(&self, signals: &[Raised]) -> Vec<(usize, Day)> {
        let churns = self.churns.iter().zip(self.covered(signals));
        churns.filter(|(_, is_covered)| !is_covered).map(|(churn, _)| *churn).collect()
    }
}

/// At most one signal a company in 28 days, whichever rule raised it, ordered by company and day. A
/// signal on a day that does not count also holds back the next one.
pub fn one_a_company(signals: &[Raised]) -> Vec<Raised> {
    let mut sorted = signals.to_vec();
    sorted.sort_unstable();
    let mut kept: Vec<Raised> = Vec::new();
    for signal in sorted {
        let is_held_back = kept.last().is_some_and(|last| {
            last.company == signal.company && signal.on - last.on < ONE_A_COMPANY_DAYS
        });
        if !is_held_back {
            kept.push(signal);
        }
    }
    kept
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The median; for an even number of values, the mean of the middle two.
fn median(mut values: Vec<i32>) -> Option<f64> {
    values.sort_unstable();
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(f64::from(values[middle])),
        _ => Some(f64::from(values[middle - 1] + values[middle]) / 2.0),
    }
}
