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
