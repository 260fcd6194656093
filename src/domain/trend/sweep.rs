//! Evaluates a trend rule day by day.
//!
//! This is the only evaluation of trend rules. A run starts it as many days before its own day as
//! the change must hold; a replay starts it on the first day of data and continues for years.
//! Moving on by a day moves the ends of each company's windows along its active days, so a day
//! costs the same whatever the lengths of the windows and of the history.

use std::cell::OnceCell;
use std::collections::HashMap;

use rustc_hash::FxHashMap;

use super::super::chance;
use super::super::company::CompanyKey;
use super::super::customer::CustomerHistory;
use super::super::day::{Day, DayRange};
use super::super::evidence::Evidence;
use super::super::finding::{Admission, Evaluation, Finding, Skip};
use super::super::rule::{Against, Direction, RuleMeasure, TrendRule};
use super::super::signal::{Comparison, SignalType};
use super::activity::Activity;
use super::{
    LatestByCompany, Reference, Spread, SpreadBasis, TrendEvidence, repeats, spread_of, type_of,
};

/// The fewest other customers that a company is compared with.
pub(crate) const LEAST_OTHERS: u64 = 10;
/// A company with fewer weeks than this has no spread of its own.
pub(crate) const LEAST_WEEKS: usize = 8;

/// The companies that a rule evaluates.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Customers<'a> {
    /// All companies, including those that the rule does not apply to.
    pub all: &'a [(CompanyKey, CustomerHistory)],
    /// The segment of each company, as a number, in the same order; empty unless the rule compares
    /// by segment.
    pub segments: &'a [Option<u32>],
}

/// A trend rule that is evaluated on days in order.
///
/// ```text
/// let mut sweep = Sweep::new(rule, &activity, customers, first_day);
/// for day in days {
///     sweep.next_day(&admission);
///     let evaluation = sweep.evaluate(&latest);   // only on days on which signals are wanted
/// }
/// ```
pub(crate) struct Sweep<'a> {
    rule: &'a TrendRule,
    activity: &'a Activity,
    customers: Customers<'a>,
    /// The day before the next one.
    day: Day,
    /// For each company, in order: the positions after the days D, D-X, D-2X … D-(M+1)X, for the
    /// timeframe X and the baseline of M windows.
    places: Vec<usize>,
    /// For each company: the result of the current day.
    states: Vec<Eligibility>,
    /// For each company: for how many consecutive days the same side has held, and which side.
    streaks: Vec<(Side, u32)>,
    /// The spread for companies that have too few weeks of their own.
    usual_spread: OnceCell<Option<f64>>,
}

/// The direction of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// The change is too small, or the company is not eligible.
    Neither,
    Low,
    High,
}

/// A company on a day.
#[derive(Debug, Clone, Copy)]
enum Eligibility {
    Skipped(Skip),
    Eligible(WindowCounts),
}

/// The numbers of an eligible company.
#[derive(Debug, Clone, Copy)]
struct WindowCounts {
    /// The first day of its current period as a customer.
    since: Day,
    /// How many windows of its past count.
    windows: i32,
    previous: u64,
    current: u64,
    /// How many other customers it is compared with; 0 for a comparison with itself.
    others: u64,
    /// The totals of the others in the current window and before; `None` if the company is compared
    /// only with its own past.
    sums: Option<(u128, u128)>,
}

/// Sums over the customers that have at least a given number of past windows.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    companies: u64,
    current: u128,
    previous: u128,
}

/// The group that a company is compared with; `None` means all customers.
type PeerGroup = Option<u32>;

impl WindowCounts {
    fn side(&self, rule: &TrendRule) -> Side {
        let threshold = i128::from(rule.threshold);
        let (previous, current) = (i128::from(self.previous), i128::from(self.current));
        if rule.is_plain() {
            let is_large = (current - previous).abs() * 100 > threshold * previous;
            return match current.cmp(&previous) {
                std::cmp::Ordering::Less if is_large => Side::Low,
                std::cmp::Ordering::Greater if is_large => Side::High,
                _ => Side::Neither,
            };
        }
        let (now, before) = self.pace();
        let (now, before) = (whole(now), whole(before));
        let actual = (current + 1).saturating_mul(100).saturating_mul(before);
        let expected = previous.saturating_mul(now).saturating_add(before);
        if actual < (100 - threshold).saturating_mul(expected) {
            Side::Low
        } else if actual > (100 + threshold).saturating_mul(expected) {
            Side::High
        } else {
            Side::Neither
        }
    }

    /// Pc and Pp: the company is expected to have Pc in the current window for every Pp in the
    /// past.
    fn pace(&self) -> (u128, u128) {
        self.sums.unwrap_or((1, self.windows.unsigned_abs().into()))
    }

    fn expected(&self) -> f64 {
        let (now, before) = self.pace();
        self.previous as f64 * now as f64 / before as f64
    }
}

fn as_count(sum: u128) -> u64 {
    u64::try_from(sum).unwrap_or(u64::MAX)
}

fn whole(sum: u128) -> i128 {
    i128::try_from(sum).unwrap_or(i128::MAX)
}

impl<'a> Sweep<'a> {
    /// Starts before `first_day`. The activity must reach back from it to
    /// [`TrendRule::first_day_needed`].
    pub(crate) fn new(
        rule: &'a TrendRule,
        activity: &'a Activity,
        customers: Customers<'a>,
        first_day: Day,
    ) -> Self {
        let day = first_day.previous();
        let ends = |company: CompanyKey| {
            (0..=rule.baseline_windows() + 1).map(move |window| {
                activity.place_after(company, (day - window * rule.days()).number())
            })
        };
        let places = customers.all.iter().flat_map(|(company, _)| ends(*company)).collect();
        Sweep {
            rule,
            activity,
            customers,
            day,
            places,
            states: Vec::new(),
            streaks: vec![(Side::Neither, 0); customers.all.len()],
            usual_spread: OnceCell::new(),
        }
    }

    /// Moves to the next day. `admission` has the companies that meet the `--where` of the rule on
    /// that day.
    pub(crate) fn next_day(&mut self, admission: &Admission) {
        self.day = self.day.next();
        self.usual_spread = OnceCell::new();
        self.move_places();
        let periods = self.periods();
        let sums = self.sum_up(&periods);
        self.states = (0..self.customers.all.len())
            .map(|place| self.state(place, &periods[place], &sums, admission))
            .collect();
        for (streak, state) in self.streaks.iter_mut().zip(&self.states) {
            let side = match state {
                Eligibility::Skipped(_) => Side::Neither,
                Eligibility::Eligible(counts) => counts.side(self.rule),
            };
            *streak = if streak.0 == side { (side, streak.1 + 1) } else { (side, 1) };
        }
    }

    fn ends_of(&self, place: usize) -> &[usize] {
        let ends = self.rule.baseline_windows() as usize + 2;
        &self.places[place * ends..(place + 1) * ends]
    }

    fn move_places(&mut self) {
        let ends = self.rule.baseline_windows() as usize + 2;
        for ((company, _), places) in self.customers.all.iter().zip(self.places.chunks_mut(ends)) {
            let last = self.activity.end(*company);
            for (window, place) in places.iter_mut().enumerate() {
                let day = self.day - window as i32 * self.rule.days();
                self.activity.move_place(place, last, day.number());
            }
        }
    }

    /// The total of a company in windows `from` to `to`, where 0 is the current one.
    fn measure(&self, place: usize, from: i32, to: i32) -> u64 {
        let ends = self.ends_of(place);
        let (first, last) = (ends[to as usize + 1], ends[from as usize]);
        match self.rule.measure {
            RuleMeasure::Events => self.activity.events(first, last),
            RuleMeasure::Days => (last - first) as u64,
            RuleMeasure::People => {
                let first_day = self.day - (to + 1) * self.rule.days() + 1;
                self.activity.people(first, last, first_day.number())
            }
        }
    }

    /// For each company: the first day of its current period and how many past windows it has, up
    /// to the baseline; `None` for those that are not customers.
    fn periods(&self) -> Vec<Option<(Day, i32)>> {
        let period = |(_, customer): &(CompanyKey, CustomerHistory)| {
            let since = customer.present_period(self.day)?;
            let windows = (self.day - since + 1) / self.rule.days() - 1;
            Some((since, windows.min(self.rule.baseline_windows())))
        };
        self.customers.all.iter().map(period).collect()
    }

    /// For each group, the sums of the companies with at least one past window, with at least two …
    fn sum_up(&self, periods: &[Option<(Day, i32)>]) -> FxHashMap<PeerGroup, Vec<Sums>> {
        let mut all: FxHashMap<PeerGroup, Vec<Sums>> = FxHashMap::default();
        if self.rule.against == Against::Itself {
            return all;
        }
        let most = self.rule.baseline_windows();
        for (place, period) in periods.iter().enumerate() {
            let (Some((_, windows)), Some(group)) = (period, self.group(place)) else { continue };
            let current = u128::from(self.measure(place, 0, 0));
            let sums = all.entry(group).or_insert_with(|| vec![Sums::default(); most as usize]);
            for window in 1..=*windows {
                let sums = &mut sums[window as usize - 1];
                sums.companies += 1;
                sums.current += current;
                sums.previous += u128::from(self.measure(place, 1, window));
            }
        }
        all
    }

    /// The group that a company is compared with; `None` if there is none.
    fn group(&self, place: usize) -> Option<PeerGroup> {
        match self.rule.against {
            Against::Itself => None,
            Against::Portfolio => Some(None),
            Against::Segment => self.customers.segments.get(place).copied().flatten().map(Some),
        }
    }

    fn state(
        &self,
        place: usize,
        period: &Option<(Day, i32)>,
        sums: &FxHashMap<PeerGroup, Vec<Sums>>,
        admission: &Admission,
    ) -> Eligibility {
        let (company, customer) = &self.customers.all[place];
        if customer.has_churned(self.day) {
            return Eligibility::Skipped(Skip::Churned);
        }
        let windows = period.map_or(1, |(_, windows)| windows.max(1));
        let previous = self.measure(place, 1, windows);
        let current = self.measure(place, 0, 0);
        if previous == 0 && current == 0 {
            return Eligibility::Skipped(Skip::NoEvents);
        }
        let Some((since, _)) = period.filter(|(_, windows)| *windows >= 1) else {
            return Eligibility::Skipped(Skip::NotEstablished);
        };
        if !admission.admits(*company) {
            return Eligibility::Skipped(Skip::Where);
        }
        let (others, sums) = self.others(place, windows, previous, current, sums);
        Eligibility::Eligible(WindowCounts { since, windows, previous, current, others, sums })
    }

    /// How many others a company is compared with, and their totals.
    fn others(
        &self,
        place: usize,
        windows: i32,
        previous: u64,
        current: u64,
        sums: &FxHashMap<PeerGroup, Vec<Sums>>,
    ) -> (u64, Option<(u128, u128)>) {
        let Some(all) = self.group(place).and_then(|group| sums.get(&group)) else {
            return (0, None);
        };
        let all = all[windows as usize - 1];
        // The sums include the company itself.
        let others = all.companies - 1;
        let (now, before) =
            (all.current - u128::from(current), all.previous - u128::from(previous));
        let is_enough = others >= LEAST_OTHERS && now > 0 && before > 0;
        (others, is_enough.then_some((now, before)))
    }

    /// The companies that were eligible on the day, with their numbers.
    fn eligible(&self) -> impl Iterator<Item = (usize, &WindowCounts)> {
        self.states.iter().enumerate().filter_map(|(place, state)| match state {
            Eligibility::Eligible(counts) => Some((place, counts)),
            Eligibility::Skipped(_) => None,
        })
    }

    /// The expectation for each company that was eligible on the day.
    pub(crate) fn expectations(&self) -> impl Iterator<Item = (CompanyKey, Expectation)> {
        self.eligible().map(|(place, counts)| {
            let expectation = Expectation { current: counts.current, expected: counts.expected() };
            (self.customers.all[place].0, expectation)
        })
    }

    /// The companies for which the rule holds on the day, whatever it raised before, and the type
    /// of signal. An open signal still holds if its own type is in the result.
    pub(crate) fn holding(&self) -> Vec<(CompanyKey, SignalType)> {
        self.changed()
            .filter(|(place, counts)| self.is_unlikely(*place, counts))
            .map(|(place, _)| self.signal(place))
            .collect()
    }

    /// The signals to raise on the day, without their evidence; `latest` is what the rule raised
    /// before.
    pub(crate) fn signals(&self, latest: &LatestByCompany) -> Vec<(CompanyKey, SignalType)> {
        self.due(latest).map(|(place, _)| self.signal(place)).collect()
    }

    /// The same signals with their evidence, and which companies were evaluated or skipped.
    pub(crate) fn evaluate(&self, latest: &LatestByCompany) -> Evaluation {
        let mut skipped: HashMap<Skip, u64> = HashMap::new();
        let mut evaluated = Vec::new();
        for (state, (company, _)) in self.states.iter().zip(self.customers.all) {
            match state {
                Eligibility::Skipped(reason) => *skipped.entry(*reason).or_default() += 1,
                Eligibility::Eligible(_) => evaluated.push(*company),
            }
        }
        let finding = |(place, counts): (usize, &WindowCounts)| {
            let (company, signal_type) = self.signal(place);
            let (chance, spread) = self.chance(place, counts);
            let evidence = Evidence::Trend(self.evidence(counts, chance, spread));
            (company, Finding { signal_type, evidence })
        };
        let findings = self.due(latest).map(finding).collect();
        Evaluation { evaluated, skipped, findings, ..Evaluation::default() }
    }

    /// The companies for which the rule raises a signal on the day, unless it only repeats one in
    /// `latest`.
    fn due(&self, latest: &LatestByCompany) -> impl Iterator<Item = (usize, &WindowCounts)> {
        self.changed().filter(|(place, counts)| {
            let (company, signal_type) = self.signal(*place);
            let latest = latest.get(&company).copied();
            !repeats(self.rule, self.day, signal_type, latest) && self.is_unlikely(*place, counts)
        })
    }

    /// Whether chance alone is as unlikely to cause the change as the rule requires.
    fn is_unlikely(&self, place: usize, counts: &WindowCounts) -> bool {
        let is_at_most =
            |most: f64| self.chance(place, counts).0.is_some_and(|chance| chance <= most);
        self.rule.max_chance.is_none_or(is_at_most)
    }

    /// The companies whose change is large enough, has lasted, has a wanted direction and has
    /// enough events, regardless of chance.
    fn changed(&self) -> impl Iterator<Item = (usize, &WindowCounts)> {
        self.eligible().filter(|(place, counts)| {
            let (side, days) = self.streaks[*place];
            let is_wanted = match self.rule.direction {
                Direction::Both => side != Side::Neither,
                Direction::Down => side == Side::Low,
                Direction::Up => side == Side::High,
            };
            let events = counts.previous.saturating_add(counts.current);
            is_wanted
                && days >= u32::from(self.rule.for_days)
                && self.rule.min_events.is_none_or(|least| events >= least)
        })
    }

    /// The company at a position, and the type of a signal about its change.
    fn signal(&self, place: usize) -> (CompanyKey, SignalType) {
        let signal_type = type_of(self.streaks[place].0 == Side::High, self.rule.inverse);
        (self.customers.all[place].0, signal_type)
    }

    fn evidence(
        &self,
        counts: &WindowCounts,
        chance: Option<f64>,
        spread: Option<Spread>,
    ) -> TrendEvidence {
        let days = self.rule.days();
        let comparison = Comparison {
            observation: DayRange {
                from: self.day - (counts.windows + 1) * days + 1,
                to: self.day - days,
            },
            previous: counts.previous,
            decision: DayRange { from: self.day - days + 1, to: self.day },
            current: counts.current,
        };
        let reference = (!self.rule.is_plain()).then(|| Reference {
            others: (self.rule.against != Against::Itself).then_some(counts.others),
            sums: counts.sums.map(|(now, before)| (as_count(now), as_count(before))),
            expected: counts.expected(),
            change_tenths: change_tenths(counts),
        });
        TrendEvidence { comparison, chance, spread, reference }
    }

    /// The probability that chance alone causes the change, and the spread used to compute it.
    fn chance(&self, place: usize, counts: &WindowCounts) -> (Option<f64>, Option<Spread>) {
        let (previous, current) = (counts.previous, counts.current);
        match self.rule.measure {
            RuleMeasure::People if self.rule.is_plain() => {
                let either = self.measure(place, 0, 1);
                // People who were active in both windows say nothing about chance.
                (Some(self.tail(place, counts, either - current, either - previous)), None)
            }
            RuleMeasure::People => (None, None),
            RuleMeasure::Days => (Some(self.tail(place, counts, previous, current)), None),
            RuleMeasure::Events => {
                let spread = self.spread(place, counts);
                let [previous, current] =
                    [previous, current].map(|count| (count as f64 / spread.factor + 0.5) as u64);
                (Some(self.tail(place, counts, previous, current)), Some(spread))
            }
        }
    }

    /// The probability of a number in the current window at least as extreme as this one.
    fn tail(&self, place: usize, counts: &WindowCounts, previous: u64, current: u64) -> f64 {
        let trials = previous + current;
        if trials == 0 {
            return 1.0;
        }
        let (now, before) = counts.pace();
        let p = if self.rule.is_plain() { 0.5 } else { now as f64 / (now as f64 + before as f64) };
        match self.streaks[place].0 {
            Side::High => chance::at_least(current, trials, p),
            Side::Low | Side::Neither => chance::at_most(current, trials, p),
        }
    }

    fn spread(&self, place: usize, counts: &WindowCounts) -> Spread {
        let weeks = self.weeks(place, counts);
        if weeks.len() >= LEAST_WEEKS {
            return Spread { factor: spread_of(&weeks), basis: SpreadBasis::Own };
        }
        match self.usual_spread.get_or_init(|| self.median_spread()) {
            Some(factor) => Spread { factor: *factor, basis: SpreadBasis::Others },
            None => Spread { factor: 1.0, basis: SpreadBasis::Nothing },
        }
    }

    /// The events of the whole weeks before both windows.
    fn weeks(&self, place: usize, counts: &WindowCounts) -> Vec<u64> {
        let before_both = self.day - (counts.windows + 1) * self.rule.days();
        self.activity.weeks(self.customers.all[place].0, counts.since, before_both)
    }

    /// The median of the spreads of the eligible companies that have enough weeks, if there are at
    /// least ten of them.
    fn median_spread(&self) -> Option<f64> {
        let weeks = self.eligible().map(|(place, counts)| self.weeks(place, counts));
        let mut factors: Vec<f64> = weeks
            .filter(|weeks| weeks.len() >= LEAST_WEEKS)
            .map(|weeks| spread_of(&weeks))
            .collect();
        factors.sort_by(f64::total_cmp);
        let middle = factors.len() / 2;
        match factors.len() {
            count if (count as u64) < LEAST_OTHERS => None,
            count if count % 2 == 0 => Some((factors[middle - 1] + factors[middle]) / 2.0),
            _ => Some(factors[middle]),
        }
    }
}

/// The actual and the expected total of a company in the current window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Expectation {
    /// The count in the current window.
    pub current: u64,
    /// The expected count in the current window.
    pub expected: f64,
}

/// (current + 1) / (expected + 1) - 1 in tenths of a percent, rounded half away from zero.
fn change_tenths(counts: &WindowCounts) -> i64 {
    let (now, before) = counts.pace();
    let (now, before) = (whole(now), whole(before));
    let actual = (i128::from(counts.current) + 1).saturating_mul(before);
    let expected = i128::from(counts.previous).saturating_mul(now).saturating_add(before);
    let scaled = (actual - expected).saturating_mul(1000);
    let magnitude = scaled.abs().saturating_mul(2).saturating_add(expected) / (2 * expected);
    i64::try_from(magnitude * scaled.signum()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 10 events now for 0, 4, 10 and 21 in one window before: 11 for 1, 5, 11 and 22.
    #[test]
    fn a_change_is_in_tenths_of_a_percent() {
        let counts = |previous| WindowCounts {
            since: Day::from_number(0),
            windows: 1,
            previous,
            current: 10,
            others: 0,
            sums: None,
        };
        let changes = [0, 4, 10, 21].map(|previous| change_tenths(&counts(previous)));
        assert_eq!(changes, [10_000, 1200, 0, -500]);
    }
}
