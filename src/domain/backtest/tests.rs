//! A book of eight companies and three churns, computed by hand.
//!
//! Days are numbers and ranges include both ends. Nothing is known after day 30, the horizon is 10
//! days and the shortest lead 3, so a day counts up to day 20. Aria churns on day 20, Bolt on day
//! 15 and Cove on day 28; the other five stay. Aria has the days 0..17 (on 18 and 19 the churn is
//! too near), of which 10..17 are right; Bolt has 0..12, of which 5..12 are right; Cove has 0..20,
//! of which 18..20 are right; each of the others has 0..20. That makes 18 + 13 + 21 + 5 * 21 = 157
//! days, of which 8 + 8 + 3 = 19 are right.

use super::*;

const ARIA: usize = 0;
const BOLT: usize = 1;
const COVE: usize = 2;
const DUNE: usize = 3;
const ECHO: usize = 4;
const FERN: usize = 5;

fn day(number: i32) -> Day {
    Day::from_number(number)
}

fn subject(days: usize, churns: &[i32]) -> Subject {
    Subject {
        first_day: 0,
        eligible: vec![true; days],
        churns: churns.iter().map(|number| day(*number)).collect(),
    }
}

fn book() -> Vec<Subject> {
    let mut book = vec![subject(20, &[20]), subject(15, &[15]), subject(28, &[28])];
    book.extend((0..5).map(|_| subject(31, &[])));
    book
}

const SETTINGS: Settings =
    Settings { from: None, until: Day::from_number(30), horizon: 10, min_lead: 3 };

fn raised(signals: &[(usize, i32)]) -> Vec<Raised> {
    signals.iter().map(|(company, on)| Raised { company: *company, on: day(*on) }).collect()
}

/// Aria on day 10 is right. Bolt is too early on day 2 and too late on day 13. Cove on day 22 and
/// Fern on day 25 do not count, because the horizon ends after day 30. Dune and Echo stay.
const SIGNALS: [(usize, i32); 7] =
    [(ARIA, 10), (BOLT, 2), (BOLT, 13), (COVE, 22), (DUNE, 5), (ECHO, 20), (FERN, 25)];

fn is_near(value: Option<f64>, expected: f64) -> bool {
    value.is_some_and(|value| (value - expected).abs() < 1e-9)
}

#[test]
fn days_are_counted() {
    let book = book();
    let backtest = Backtest::new(&book, SETTINGS);
    assert_eq!(backtest.totals(), CompanyDays { days: 157, right_days: 19 });
    assert_eq!(backtest.churns(), [(ARIA, day(20)), (BOLT, day(15)), (COVE, day(28))]);
    assert_eq!(backtest.churns_too_early(), 0);
    assert_eq!(backtest.median_churn(), Some(day(20)));
}

#[test]
fn a_rule_is_measured() {
    let book = book();
    let measured = Backtest::new(&book, SETTINGS).measure(&raised(&SIGNALS));
    assert_eq!((measured.signals, measured.right, measured.late), (4, 1, 1));
    assert_eq!(measured.precision, Some(0.25));
    assert!(is_near(measured.base, 19.0 / 157.0));
    assert!(is_near(measured.lift, 0.25 * 157.0 / 19.0));
    assert_eq!((measured.churns, measured.covered), (3, 2));
    assert!(is_near(measured.coverage, 2.0 / 3.0));
    // The leads are 10 days for Aria and 6 for Cove.
    assert_eq!(measured.median_lead_days, Some(8.0));
    assert!(is_near(measured.signals_per_100_customers_week, 2800.0 / 157.0));
}

/// The influence u of each company on the logarithm of the lift: Aria 1 - 1/4 - 8/19 + 18/157, Bolt
/// -1/4 - 8/19 + 13/157, Cove -3/19 + 21/157, Dune and Echo -1/4 + 21/157, the other three 21/157.
/// The values add up to 0 and their squares to S; sd = sqrt(8/7 * S).
#[test]
fn the_interval_matches_the_one_computed_by_hand() {
    let book = book();
    let measured = Backtest::new(&book, SETTINGS).measure(&raised(&SIGNALS));
    let u = [
        1.0 - 0.25 - 8.0 / 19.0 + 18.0 / 157.0,
        -0.25 - 8.0 / 19.0 + 13.0 / 157.0,
        -3.0 / 19.0 + 21.0 / 157.0,
        -0.25 + 21.0 / 157.0,
        -0.25 + 21.0 / 157.0,
        21.0 / 157.0,
        21.0 / 157.0,
        21.0 / 157.0,
    ];
    let sd = (8.0 / 7.0 * u.iter().map(|u: &f64| u * u).sum::<f64>()).sqrt();
    let lift = 0.25 * 157.0 / 19.0;
    let interval = measured.interval.unwrap();
    assert!((interval.low - lift * (-1.96 * sd).exp()).abs() < 1e-9);
    assert!((interval.high - lift * (1.96 * sd).exp()).abs() < 1e-9);
    assert!(interval.includes_one());
}

#[test]
fn without_a_right_signal_the_lift_is_0_and_without_signals_unknown() {
    let book = book();
    let backtest = Backtest::new(&book, SETTINGS);
    let wrong = backtest.measure(&raised(&[(DUNE, 5)]));
    assert_eq!((wrong.lift, wrong.interval), (Some(0.0), None));
    let none = backtest.measure(&[]);
    assert_eq!((none.lift, none.interval, none.precision), (None, None, None));
    assert_eq!((none.coverage, none.median_lead_days), (Some(0.0), None));
    let stay = [subject(31, &[]), subject(31, &[])];
    let no_churn = Backtest::new(&stay, SETTINGS).measure(&raised(&[(0, 5)]));
    assert_eq!((no_churn.precision, no_churn.base, no_churn.lift), (Some(0.0), Some(0.0), None));
}

#[test]
fn each_part_is_measured_as_if_it_were_all() {
    let book = book();
    // Until day 20, days count up to day 10: Aria 0..10 (day 10 is right), Bolt 0..10 (5..10 are
    // right).
    let first = Backtest::new(&book, SETTINGS.first_part(day(20)));
    assert_eq!(first.totals(), CompanyDays { days: 8 * 11, right_days: 1 + 6 });
    assert_eq!(first.churns(), [(ARIA, day(20)), (BOLT, day(15))]);
    // From day 16 on: Aria 16..17 (both right), Cove 16..20 (18..20 are right), the five others
    // 16..20.
    let later = Backtest::new(&book, SETTINGS.later_part(day(15)));
    assert_eq!(later.totals(), CompanyDays { days: 2 + 6 * 5, right_days: 2 + 3 });
    assert_eq!(later.churns(), [(ARIA, day(20)), (COVE, day(28))]);
}

#[test]
fn a_churn_before_which_no_day_counts_is_excluded() {
    let mut book = book();
    book.push(Subject { first_day: 9, eligible: vec![true; 2], churns: vec![day(11)] });
    let backtest = Backtest::new(&book, SETTINGS);
    assert_eq!(backtest.churns().len(), 3);
    assert_eq!(backtest.churns_too_early(), 1);
}

/// Eligible on days 5..14 and churned on day 15: on 5..12 the churn is 3 to 10 days away.
#[test]
fn the_days_of_a_company_begin_with_its_first_day() {
    let late = [Subject { first_day: 5, eligible: vec![true; 10], churns: vec![day(15)] }];
    let backtest = Backtest::new(&late, SETTINGS);
    assert_eq!(backtest.totals(), CompanyDays { days: 8, right_days: 8 });
    assert_eq!(
        [4, 5, 12, 13].map(|on| backtest.is_right(0, day(on))),
        [None, Some(true), Some(true), None]
    );
}

#[test]
fn a_signal_after_a_churn_does_not_foretell_it() {
    // A customer again on the day after the churn.
    let eligible = (0..31).map(|number| number != 20).collect();
    let back = [Subject { first_day: 0, eligible, churns: vec![day(20)] }];
    let backtest = Backtest::new(&back, SETTINGS);
    assert_eq!(backtest.blind_spots(&raised(&[(0, 21), (0, 22)])), [(0, day(20))]);
    assert_eq!(backtest.blind_spots(&raised(&[(0, 17)])), []);
}

#[test]
fn the_median_is_the_middle_value_or_the_mean_of_the_middle_two() {
    assert_eq!(median(vec![]), None);
    assert_eq!(median(vec![9]), Some(9.0));
    assert_eq!(median(vec![30, 1, 5]), Some(5.0));
    assert_eq!(median(vec![30, 1, 6, 3]), Some(4.5));
}

/// R = 3, T = 8, H = 12, B = 40: the influences are 2/3 - 3/8 - 2/12 + 10/40 = 3/8, 1/3 - 3/8 -
/// 6/12 + 10/40 = -7/24 and -2/8 - 4/12 + 20/40 = -1/12; their squares add up to 134/576, and sd is
/// sqrt(3/2 * 134/576) = sqrt(201)/24.
#[test]
fn the_interval_widens_with_the_differences_between_companies() {
    let companies = [((2, 3), (2, 10)), ((1, 3), (6, 10)), ((0, 2), (4, 20))];
    let interval = LiftInterval::of_lift(2.0, companies.into_iter()).unwrap();
    let factor = (1.96 * 201f64.sqrt() / 24.0).exp();
    assert!((interval.low - 2.0 / factor).abs() < 1e-12);
    assert!((interval.high - 2.0 * factor).abs() < 1e-12);
}

#[test]
fn an_interval_needs_two_companies() {
    let alike = [((1, 2), (2, 4)); 2];
    let without_width = Some(LiftInterval { low: 1.0, high: 1.0 });
    assert_eq!(LiftInterval::of_lift(1.0, alike.into_iter()), without_width);
    assert_eq!(LiftInterval::of_lift(1.0, alike.into_iter().take(1)), None);
}

#[test]
fn an_interval_includes_one_from_end_to_end() {
    let includes = |low, high| LiftInterval { low, high }.includes_one();
    assert_eq!([includes(0.5, 2.0), includes(1.0, 2.0), includes(0.5, 1.0)], [true; 3]);
    assert_eq!([includes(1.1, 2.0), includes(0.5, 0.9)], [false; 2]);
}

#[test]
fn one_a_company_waits_28_days_whatever_the_rule() {
    let signals = raised(&[(DUNE, 30), (DUNE, 1), (DUNE, 28), (DUNE, 29), (ECHO, 2)]);
    assert_eq!(one_a_company(&signals), raised(&[(DUNE, 1), (DUNE, 29), (ECHO, 2)]));
}

#[test]
fn blind_spots_are_the_churns_that_no_signal_foretold() {
    let book = book();
    let backtest = Backtest::new(&book, SETTINGS);
    assert_eq!(backtest.blind_spots(&raised(&SIGNALS)), [(BOLT, day(15))]);
}
