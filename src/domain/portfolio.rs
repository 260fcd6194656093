//! All customers together: how they are doing, who has too much to do, and which to talk about.

use super::chance;
use super::company::CompanyKey;
use super::day::Day;
use super::health::Band;
use super::pulse::{Level, PulseMark};

/// A CSM with more than this many times the median number of poor customers is overloaded.
const OVERLOAD: f64 = 1.5;

/// A CSM with fewer poor customers than this is never overloaded.
const FEWEST_OF_OVERLOADED: u64 = 3;

/// With fewer CSMs than this, workloads are not compared.
pub(crate) const SMALLEST_TEAM: usize = 3;

/// A change with a smaller probability than this is more than chance.
const LEVEL: f64 = 0.05;

/// A group has a health problem if its share of poor customers is at least this many times the
/// share among all customers.
const PROBLEM: f64 = 1.5;

/// A group with fewer poor customers than this has no health problem.
const FEWEST_POOR: u64 = 2;

/// A fall of the health score by this much in 28 days is worth talking about.
const STEEP_FALL: f64 = 10.0;

/// A renewal within this many days makes everything else more urgent.
const RENEWAL_SOON: i32 = 90;

/// The data about a customer on a day that reports use.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Customer {
    pub key: CompanyKey,
    pub company_id: String,
    pub name: Option<String>,
    pub csm: Option<String>,
    /// Its market segment.
    pub segment: Option<String>,
    /// Its lifecycle stage.
    pub stage: Option<String>,
    pub plan: Option<String>,
    pub product: Option<String>,
    /// Its monthly revenue.
    pub mrr: Option<f64>,
    /// When its contract renews.
    pub renewal_on: Option<Day>,
    /// When it churned, if that is after the day.
    pub churned_on: Option<Day>,
    /// Its health score, 0 to 100.
    pub score: Option<f64>,
    /// Its health band.
    pub band: Band,
    /// The change of the score in 28 days.
    pub score_change: Option<f64>,
    /// The measure that lowers the score most.
    pub driver: Option<String>,
    /// Its current pulse.
    pub pulse: Option<PulseMark>,
    /// The reasons for the pulse.
    pub reason_codes: Vec<String>,
    /// How many bad signals are open.
    pub bad_open_signals: u64,
    /// How many of them still hold, as far as known, and are not snoozed.
    pub bad_signals_that_hold: u64,
    /// How many tasks are overdue.
    pub overdue_tasks: u64,
}

impl Customer {
    /// Its name, or its id if it has no name.
    pub(crate) fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.company_id)
    }

    /// The level of its pulse.
    pub(crate) fn level(&self) -> Option<Level> {
        self.pulse.map(|mark| mark.level)
    }

    /// Whether its pulse says that it may leave.
    pub(crate) fn is_at_risk(&self) -> bool {
        self.level().is_some_and(Level::is_at_risk)
    }

    /// Whether its renewal is in danger: it is overdue, the health is poor, or the pulse says that
    /// the customer may leave.
    pub(crate) fn may_not_renew(&self, day: Day) -> bool {
        self.band == Band::Poor || self.is_at_risk() || self.renewal_on.is_some_and(|on| on < day)
    }
}

/// The sum of the known values; unknown if there are values but none is known, and 0 without
/// customers.
pub(crate) fn sum_known(amounts: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let mut is_empty = true;
    let sum = amounts.inspect(|_| is_empty = false).flatten().reduce(|a, b| a + b);
    sum.or(is_empty.then_some(0.0))
}

/// The monthly recurring revenue of some customers.
pub(crate) fn mrr<'c>(customers: impl Iterator<Item = &'c Customer>) -> Option<f64> {
    sum_known(customers.map(|customer| customer.mrr))
}

/// The mean; `None` without values.
pub(crate) fn mean(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = numbers.fold((0_u32, 0.0), |(count, sum), number| (count + 1, sum + number));
    (count > 0).then(|| sum / f64::from(count))
}

/// The median; for an even number of values, the mean of the middle two. `None` without values.
pub(crate) fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    match numbers.len() {
        0 => None,
        count if count % 2 == 1 => Some(numbers[middle]),
        _ => Some((numbers[middle - 1] + numbers[middle]) / 2.0),
    }
}

/// Whether a CSM has too many poor customers, given the median of all CSMs.
pub(crate) fn is_overloaded(poor: u64, median: f64) -> bool {
    poor >= FEWEST_OF_OVERLOADED && poor as f64 > OVERLOAD * median
}

/// The direction of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Course {
    /// Up by more than chance explains.
    Up,
    /// Down by more than chance explains.
    Down,
    /// Neither.
    Same,
}

impl Course {
    /// In words, after "is" or "are".
    pub(crate) fn words(self) -> &'static str {
        match self {
            Course::Up => "going up",
            Course::Down => "going down",
            Course::Same => "about the same",
        }
    }
}

/// The direction of a count from one period to the next of the same length: the exact two-sided
/// binomial test at 5 %, assuming that each item is equally likely to be in either period.
pub(crate) fn course_of_counts(before: u64, now: u64) -> Course {
    match 2.0 * chance::of_split(before, now) <= LEVEL {
        true if now > before => Course::Up,
        true => Course::Down,
        false => Course::Same,
    }
}

/// The direction of a mean, from the individual changes: up or down if the mean change is more than
/// twice its standard error.
pub(crate) fn course_of_changes(changes: &[f64]) -> Course {
    let count = changes.len() as f64;
    let Some(mean) = mean(changes.iter().copied()).filter(|_| changes.len() > 1) else {
        return Course::Same;
    };
    let squares = changes.iter().map(|change| (change - mean).powi(2)).sum::<f64>();
    let error = (squares / (count - 1.0) / count).sqrt();
    match mean {
        mean if mean > 2.0 * error => Course::Up,
        mean if mean < -2.0 * error => Course::Down,
        _ => Course::Same,
    }
}

/// Whether a group has a health problem: `poor` of its `known` customers are poor, and `all_poor`
/// of `all_known` among all customers.
pub(crate) fn has_problem((poor, known): (u64, u64), (all_poor, all_known): (u64, u64)) -> bool {
    poor >= FEWEST_POOR
        && poor as f64 * all_known as f64 >= PROBLEM * all_poor as f64 * known as f64
}

/// A reason to attend to a customer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Concern {
    /// Its contract renews in this many days.
    RenewsIn(i32),
    /// Its renewal has been overdue for this many days.
    RenewalOverdue(i32),
    /// Its pulse says that it may leave.
    Pulse(PulseMark),
    /// Its health is poor, with this score.
    Poor(Option<f64>),
    /// Its health score fell by this much in 28 days.
    Fell(f64),
    /// This many open bad signals still hold.
    BadSignals(u64),
    /// This many tasks are overdue.
    OverdueTasks(u64),
}

impl Concern {
    /// How many points it adds to the stake; see [`stake`].
    fn points(&self) -> u64 {
        match self {
            Concern::RenewalOverdue(_) => 4,
            Concern::RenewsIn(days) => match days {
                ..=14 => 4,
                15..=30 => 3,
                31..=60 => 2,
                _ => 1,
            },
            Concern::Pulse(mark) => match mark.level {
                Level::SevereRisk => 4,
                Level::HighRisk => 3,
                _ => 2,
            },
            Concern::Poor(_) => 3,
            Concern::Fell(_) => 2,
            Concern::BadSignals(count) => (*count).min(3),
            Concern::OverdueTasks(count) => (*count).min(2),
        }
    }
}

/// The reasons to attend to a customer, in the order in which they are shown.
pub(crate) fn concerns(customer: &Customer, day: Day) -> Vec<Concern> {
    let mut concerns = Vec::new();
    let days = customer.renewal_on.map(|on| on - day);
    concerns.extend(days.filter(|days| *days < 0).map(|days| Concern::RenewalOverdue(-days)));
    concerns.extend(days.filter(|days| (0..=RENEWAL_SOON).contains(days)).map(Concern::RenewsIn));
    concerns.extend(customer.pulse.filter(|mark| mark.level.is_at_risk()).map(Concern::Pulse));
    if customer.band == Band::Poor {
        concerns.push(Concern::Poor(customer.score));
    }
    let fall = customer.score_change.map(|change| -change);
    concerns.extend(fall.filter(|fall| *fall >= STEEP_FALL).map(Concern::Fell));
    if customer.bad_signals_that_hold > 0 {
        concerns.push(Concern::BadSignals(customer.bad_signals_that_hold));
    }
    if customer.overdue_tasks > 0 {
        concerns.push(Concern::OverdueTasks(customer.overdue_tasks));
    }
    concerns
}

/// What is at stake with a customer, in points: the sum of the points of its concerns.
///
/// | concern | points |
/// |---|---|
/// | renewal overdue, or within 14, 30, 60, 90 days | 4, or 4, 3, 2, 1 |
/// | pulse severe-risk, high-risk, some-risk | 4, 3, 2 |
/// | health poor | 3 |
/// | health score fallen by 10 or more in 28 days | 2 |
/// | open bad signals that still hold | 1 each, at most 3 |
/// | overdue tasks | 1 each, at most 2 |
///
/// With a concern, an MRR of at least the median of the customers in the list adds one point, and
/// an MRR of at least twice the median another.
pub(crate) fn stake(concerns: &[Concern], mrr: Option<f64>, median_mrr: Option<f64>) -> u64 {
    let points = concerns.iter().map(Concern::points).sum();
    match mrr.zip(median_mrr) {
        Some((mrr, median)) if points > 0 && mrr > 0.0 => {
            points + u64::from(mrr >= median) + u64::from(mrr >= 2.0 * median)
        }
        _ => points,
    }
}

/// A customer with the reasons to attend to it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AtStake {
    pub customer: Customer,
    pub concerns: Vec<Concern>,
    /// What is at stake, in points; see [`stake`].
    pub points: u64,
}

/// The customers in the order in which to attend to them: highest stake first, then highest
/// revenue, then by id. Without those who have churned by the day.
pub(crate) fn by_stake(customers: &[Customer], day: Day) -> Vec<AtStake> {
    let median_mrr = median(customers.iter().filter_map(|customer| customer.mrr).collect());
    let judge = |customer: &Customer| {
        let concerns = concerns(customer, day);
        let points = stake(&concerns, customer.mrr, median_mrr);
        AtStake { customer: customer.clone(), concerns, points }
    };
    let is_present = |customer: &&Customer| customer.churned_on.is_none_or(|churned| churned > day);
    let mut all: Vec<AtStake> = customers.iter().filter(is_present).map(judge).collect();
    all.sort_by(|a, b| {
        let mrr = |at_stake: &AtStake| at_stake.customer.mrr.unwrap_or_default();
        (b.points.cmp(&a.points))
            .then_with(|| mrr(b).total_cmp(&mrr(a)))
            .then_with(|| a.customer.company_id.cmp(&b.customer.company_id))
    });
    all
}

/// The first customers to talk about, up to a limit.
pub(crate) fn to_talk_about(customers: &[Customer], day: Day, most: usize) -> Vec<AtStake> {
    let mut all = by_stake(customers, day);
    all.retain(|at_stake| !at_stake.concerns.is_empty());
    all.truncate(most);
    all
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::day::Instant;

    /// A customer about which only the id is known.
    pub(crate) fn customer(number: u32) -> Customer {
        Customer {
            key: CompanyKey(number),
            company_id: format!("C-{number}"),
            name: None,
            csm: None,
            segment: None,
            stage: None,
            plan: None,
            product: None,
            mrr: None,
            renewal_on: None,
            churned_on: None,
            score: None,
            score_change: None,
            band: Band::Unknown,
            driver: None,
            pulse: None,
            reason_codes: Vec::new(),
            bad_open_signals: 0,
            bad_signals_that_hold: 0,
            overdue_tasks: 0,
        }
    }

    /// A pulse of a level from 1 to 6.
    pub(crate) fn pulse(day: Day, level: i64) -> Option<PulseMark> {
        Some(PulseMark {
            day,
            at: Instant::from_micros(0),
            level: Level::of_number(level).unwrap(),
        })
    }

    fn day(number: i32) -> Day {
        Day::from_number(number)
    }

    #[test]
    fn the_median_is_the_middle_value() {
        let cases: [(&[f64], Option<f64>); 4] = [
            (&[], None),
            (&[3.0], Some(3.0)),
            (&[5.0, 1.0], Some(3.0)),
            (&[9.0, 1.0, 2.0], Some(2.0)),
        ];
        for (numbers, expected) in cases {
            assert_eq!(median(numbers.to_vec()), expected, "{numbers:?}");
        }
    }

    #[test]
    fn the_mean_of_no_values_is_unknown() {
        assert_eq!(mean([1.0, 2.0, 6.0].into_iter()), Some(3.0));
        assert_eq!(mean(std::iter::empty()), None);
    }

    #[test]
    fn the_sum_is_unknown_if_every_value_is() {
        let cases: [(&[Option<f64>], Option<f64>); 4] = [
            (&[], Some(0.0)),
            (&[None], None),
            (&[None, Some(2.5)], Some(2.5)),
            (&[Some(1.0), Some(2.0)], Some(3.0)),
        ];
        for (amounts, expected) in cases {
            assert_eq!(sum_known(amounts.iter().copied()), expected, "{amounts:?}");
        }
    }

    #[test]
    fn overloaded_is_three_or_more_and_more_than_one_and_a_half_times_the_median() {
        let cases = [
            (3, 2.0, false),
            (4, 2.0, true),
            (2, 0.0, false),
            (3, 0.0, true),
            (3, 1.5, true),
            (2, 1.0, false),
        ];
        for (poor, median, expected) in cases {
            assert_eq!(is_overloaded(poor, median), expected, "{poor} of {median}");
        }
    }

    #[test]
    fn a_count_goes_up_or_down_if_chance_does_not_explain_it() {
        // Twice the tail: 5 and 0: 2/32; 6 and 0: 2/64; 8 and 1: 20/512; 7 and 1: 18/256.
        let cases = [
            (0, 0, Course::Same),
            (0, 5, Course::Same),
            (0, 6, Course::Up),
            (6, 0, Course::Down),
            (1, 7, Course::Same),
            (8, 1, Course::Down),
            (50, 60, Course::Same),
            (40, 70, Course::Up),
        ];
        for (before, now, expected) in cases {
            assert_eq!(course_of_counts(before, now), expected, "{before} to {now}");
        }
    }

    #[test]
    fn a_mean_goes_up_or_down_if_it_exceeds_twice_its_standard_error() {
        let cases: [(&[f64], Course); 8] = [
            (&[], Course::Same),
            (&[-30.0], Course::Same),
            // Mean 2, standard deviation 1, standard error 0.58.
            (&[1.0, 2.0, 3.0], Course::Up),
            (&[-1.0, -2.0, -3.0], Course::Down),
            // Mean 1, standard error 0.58.
            (&[0.0, 1.0, 2.0], Course::Same),
            (&[0.0, 0.0], Course::Same),
            // Mean 50, standard error 50.
            (&[0.0, 100.0], Course::Same),
            (&[0.0, -100.0], Course::Same),
        ];
        for (changes, expected) in cases {
            assert_eq!(course_of_changes(changes), expected, "{changes:?}");
        }
    }

    #[test]
    fn a_group_with_one_and_a_half_times_the_share_of_poor_has_a_problem() {
        // 4 of all 20 are poor, which is 20 %; a group has a problem from 30 % on.
        let cases =
            [((3, 10), true), ((2, 7), false), ((2, 6), true), ((1, 1), false), ((0, 5), false)];
        for (group, expected) in cases {
            assert_eq!(has_problem(group, (4, 20)), expected, "{group:?}");
        }
    }

    #[test]
    fn a_renewal_concerns_from_90_days_before() {
        let near = Customer { renewal_on: Some(day(130)), ..customer(1) };
        assert_eq!(concerns(&near, day(100)), [Concern::RenewsIn(30)]);
        assert_eq!(to_talk_about(std::slice::from_ref(&near), day(100), 10).len(), 1);
        let near = Customer { overdue_tasks: 1, ..near };
        assert_eq!(concerns(&near, day(100)), [Concern::RenewsIn(30), Concern::OverdueTasks(1)]);
        let today = Customer { renewal_on: Some(day(100)), ..customer(1) };
        assert_eq!(concerns(&today, day(100)), [Concern::RenewsIn(0)]);
        let late = Customer { renewal_on: Some(day(95)), ..customer(1) };
        assert_eq!(concerns(&late, day(100)), [Concern::RenewalOverdue(5)]);
        let far = Customer { renewal_on: Some(day(191)), ..customer(1) };
        assert_eq!(concerns(&far, day(100)), []);
        assert_eq!(to_talk_about(&[far], day(100), 10), []);
    }

    #[test]
    fn a_renewal_is_in_danger_when_it_is_overdue_or_the_customer_may_leave() {
        let renewal = |on| Customer { renewal_on: Some(day(on)), ..customer(1) };
        let overdue = [99, 100, 101].map(|on| renewal(on).may_not_renew(day(100)));
        assert_eq!(overdue, [true, false, false]);
        let level = |level| Customer { pulse: pulse(day(90), level), ..renewal(130) };
        assert_eq!([3, 4].map(|number| level(number).may_not_renew(day(100))), [true, false]);
        let band = |band| Customer { band, ..renewal(130) }.may_not_renew(day(100));
        assert_eq!([Band::Poor, Band::Average, Band::Unknown].map(band), [true, false, false]);
    }

    #[test]
    fn a_fall_by_ten_is_a_concern() {
        let with = |change| concerns(&Customer { score_change: change, ..customer(1) }, day(0));
        assert_eq!(with(Some(-10.0)), [Concern::Fell(10.0)]);
        assert_eq!(with(Some(-9.9)), []);
        assert_eq!(with(None), []);
    }

    #[test]
    fn points_are_those_of_the_table() {
        let mark = |level| Concern::Pulse(pulse(day(0), level).unwrap());
        let cases = [
            (Concern::RenewalOverdue(1), 4),
            (Concern::RenewsIn(0), 4),
            (Concern::RenewsIn(14), 4),
            (Concern::RenewsIn(15), 3),
            (Concern::RenewsIn(30), 3),
            (Concern::RenewsIn(31), 2),
            (Concern::RenewsIn(60), 2),
            (Concern::RenewsIn(61), 1),
            (Concern::RenewsIn(90), 1),
            (mark(1), 4),
            (mark(2), 3),
            (mark(3), 2),
            (Concern::Poor(None), 3),
            (Concern::Fell(30.0), 2),
            (Concern::BadSignals(2), 2),
            (Concern::BadSignals(9), 3),
            (Concern::OverdueTasks(1), 1),
            (Concern::OverdueTasks(9), 2),
        ];
        for (concern, points) in cases {
            assert_eq!(stake(std::slice::from_ref(&concern), None, None), points, "{concern:?}");
        }
        let one = [Concern::BadSignals(1)];
        let paying = |mrr| stake(&one, Some(mrr), Some(100.0));
        assert_eq!([99.0, 100.0, 199.0, 200.0].map(paying), [1, 2, 2, 3]);
        assert_eq!(stake(&[], Some(200.0), Some(100.0)), 0);
        // Where nobody pays, nobody pays more than others.
        assert_eq!(stake(&one, Some(0.0), Some(0.0)), 1);
    }

    #[test]
    fn the_highest_stake_comes_first_then_the_highest_revenue() {
        let customers = [
            Customer { bad_signals_that_hold: 1, mrr: Some(10.0), ..customer(1) },
            Customer { bad_signals_that_hold: 1, mrr: Some(11.0), ..customer(2) },
            Customer { band: Band::Poor, mrr: Some(1.0), ..customer(3) },
            Customer { mrr: Some(99.0), ..customer(4) },
            Customer { pulse: pulse(day(90), 1), bad_signals_that_hold: 9, ..customer(5) },
            Customer { mrr: Some(5.0), churned_on: Some(day(101)), ..customer(6) },
            Customer { band: Band::Poor, churned_on: Some(day(100)), ..customer(7) },
        ];
        // C-5 has 4 + 3 points, C-3 has 3, C-2 and C-1 have 1, plus 1 for an MRR of at least the
        // median of 10, C-4 and C-6 have none.
        let ids = |most| -> Vec<String> {
            let list = to_talk_about(&customers, day(100), most);
            list.into_iter().map(|at_stake| at_stake.customer.company_id).collect()
        };
        assert_eq!(ids(10), ["C-5", "C-3", "C-2", "C-1"]);
        assert_eq!(ids(2), ["C-5", "C-3"]);
        assert_eq!(by_stake(&customers, day(100)).len(), 6);
    }
}
