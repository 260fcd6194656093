use std::collections::HashMap;

use super::super::customer::{Break, CustomerHistory};
use super::super::evidence::Evidence;
use super::super::finding::{Admission, Evaluation, Skip};
use super::super::rule::{Against, Direction, RuleMeasure, TrendRule};
use super::sweep::Customers;
use super::*;
use SignalType::{Bad, Good};

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// The as-of day of all cases.
fn today() -> Day {
    day("2026-03-31")
}

fn rule() -> TrendRule {
    TrendRule::of_event("login")
}

fn since(first: Day) -> CustomerHistory {
    CustomerHistory { first_event: Some(first), ..CustomerHistory::default() }
}

/// A company: its customer, and its counts by age in days.
struct Company(CustomerHistory, Vec<(i32, u64)>);

/// A company established long ago, with these counts in the previous window and in the current one.
fn old(previous: u64, current: u64, days: i32) -> Company {
    Company(since(day("2020-01-01")), vec![(days, previous), (0, current)])
}

struct Book {
    customers: Vec<(CompanyKey, CustomerHistory)>,
    activity: Activity,
    segments: Vec<Option<u32>>,
}

impl Book {
    fn new(companies: Vec<Company>) -> Self {
        let mut rows = Vec::new();
        let mut customers = Vec::new();
        for (place, Company(customer, counts)) in companies.into_iter().enumerate() {
            let company = CompanyKey(place as u32 + 1);
            rows.extend(counts.iter().map(|(ago, count)| (today() - *ago, company, *count)));
            customers.push((company, customer));
        }
        rows.sort();
        Book { customers, activity: Activity::of_counts(rows), segments: Vec::new() }
    }

    fn sweep<'a>(&'a self, rule: &'a TrendRule, admission: &Admission) -> Sweep<'a> {
        let customers = Customers { all: &self.customers, segments: &self.segments };
        let first = rule.first_day_of_run(today());
        let mut sweep = Sweep::new(rule, &self.activity, customers, first);
        (DayRange { from: first, to: today() }).days().for_each(|_| sweep.next_day(admission));
        sweep
    }

    fn evaluate(&self, rule: &TrendRule) -> Evaluation {
        self.sweep(rule, &Admission::All).evaluate(&LatestByCompany::default())
    }

    /// The signal that the rule raises for the first company.
    fn first(&self, rule: &TrendRule) -> Option<(SignalType, TrendEvidence)> {
        let found = self.evaluate(rule).findings.into_iter().next()?;
        match found {
            (CompanyKey(1), finding) => {
                Some((finding.signal_type, *finding.evidence.trend().unwrap()))
            }
            _ => None,
        }
    }
}

fn judged(rule: &TrendRule, previous: u64, current: u64) -> Option<SignalType> {
    Book::new(vec![old(previous, current, rule.days())]).first(rule).map(|(kind, _)| kind)
}

#[test]
fn windows_are_consecutive_and_end_on_the_day() {
    let windows = Windows::ending(today(), 7);
    assert_eq!(windows.decision.to_string(), "2026-03-25..2026-03-31");
    assert_eq!(windows.observation.to_string(), "2026-03-18..2026-03-24");
    let (_, seen) = Book::new(vec![old(7, 0, 13)]).first(&rule()).unwrap();
    assert_eq!(
        (seen.comparison.observation, seen.comparison.decision),
        (windows.observation, windows.decision)
    );
    assert_eq!(Book::new(vec![old(7, 0, 14)]).first(&rule()), None);
    assert_eq!(Book::new(vec![old(7, 0, 6)]).first(&rule()).unwrap().0, Good);
}

#[test]
fn the_worked_examples_hold() {
    let cases = [
        (100, 85, None),
        (100, 84, Some(Bad)),
        (100, 115, None),
        (100, 116, Some(Good)),
        (0, 1, Some(Good)),
        (7, 0, Some(Bad)),
        (0, 0, None),
        (u64::MAX / 4, u64::MAX / 4, None),
    ];
    for (previous, current, expected) in cases {
        assert_eq!(judged(&rule(), previous, current), expected, "{previous} -> {current}");
    }
}

#[test]
fn inverse_swaps_the_types_and_direction_excludes_one_side() {
    let inverse = TrendRule { inverse: true, ..rule() };
    assert_eq!([judged(&inverse, 10, 20), judged(&inverse, 20, 10)], [Some(Bad), Some(Good)]);
    let down = TrendRule { direction: Direction::Down, ..rule() };
    assert_eq!([judged(&down, 10, 20), judged(&down, 20, 10)], [None, Some(Bad)]);
    let up = TrendRule { direction: Direction::Up, ..rule() };
    assert_eq!([judged(&up, 10, 20), judged(&up, 20, 10)], [Some(Good), None]);
}

#[test]
fn a_threshold_of_100_never_raises_a_signal_for_a_drop() {
    let rule = TrendRule { threshold: 100, ..rule() };
    assert_eq!(judged(&rule, 10, 0), None);
    assert_eq!(judged(&rule, 10, 20), None);
    assert_eq!(judged(&rule, 10, 21), Some(Good));
}

/// A customer for three weeks, with only one whole week before the two windows of 7 days.
fn young(previous: u64, current: u64) -> Company {
    Company(since(today() - 20), vec![(7, previous), (0, current)])
}

#[test]
fn guards_hold_back_signals_of_small_counts() {
    let least = TrendRule { min_events: Some(10), ..rule() };
    assert_eq!([judged(&least, 6, 3), judged(&least, 7, 3)], [None, Some(Bad)]);
    // 8 and 2: 56/1024 = 0.0547.
    let chance = |max_chance| {
        let rule = TrendRule { max_chance: Some(max_chance), ..rule() };
        Book::new(vec![young(8, 2)]).first(&rule).map(|(kind, _)| kind)
    };
    assert_eq!([chance(0.0546), chance(56.0 / 1024.0)], [None, Some(Bad)]);
}

#[test]
fn only_established_customers_with_events_are_evaluated() {
    let skip = |first: &str, away: Option<(&str, Option<&str>)>, counts: Vec<(i32, u64)>| {
        let away = away.map(|(churned, returned)| Break {
            churned_on: day(churned),
            returned_on: returned.map(day),
        });
        // The creation date has no effect: customers are established by their first event.
        let created_on = Some(day("2026-04-01"));
        let customer = CustomerHistory {
            created_on,
            first_event: Some(day(first)),
            breaks: away.into_iter().collect(),
        };
        let found = Book::new(vec![Company(customer, counts)]).evaluate(&rule());
        found.skipped.keys().next().copied()
    };
    let one = || vec![(7, 1)];
    assert_eq!(skip("2026-03-18", None, one()), None);
    assert_eq!(skip("2026-03-19", None, one()), Some(Skip::NotEstablished));
    assert_eq!(skip("2026-03-18", None, vec![]), Some(Skip::NoEvents));
    assert_eq!(skip("2026-03-18", Some(("2026-03-31", None)), one()), Some(Skip::Churned));
    assert_eq!(skip("2026-03-18", Some(("2026-04-01", None)), one()), None);
    // After a return, a customer must be established again.
    let back = |on| skip("2025-01-01", Some(("2026-02-01", Some(on))), one());
    assert_eq!(back("2026-03-18"), None);
    assert_eq!(back("2026-03-19"), Some(Skip::NotEstablished));
    assert_eq!(back("2026-04-01"), Some(Skip::Churned));
}

#[test]
fn only_a_signal_of_the_same_type_waits() {
    let latest = |text| Some(Latest { raised_on: day(text), signal_type: Bad });
    let again = |on, latest| repeats(&rule(), day(on), Bad, latest);
    assert!(again("2026-03-07", latest("2026-03-01")));
    assert!(!again("2026-03-08", latest("2026-03-01")));
    assert!(!again("2026-03-08", None));
    assert!(!repeats(&rule(), day("2026-03-02"), Good, latest("2026-03-01")));
    let rare = TrendRule { repeat: Some(30), ..rule() };
    let rarely = |on| repeats(&rare, day(on), Bad, latest("2026-03-01"));
    assert_eq!([rarely("2026-03-30"), rarely("2026-03-31")], [true, false]);
}

#[test]
fn a_rule_evaluates_customers_in_their_order() {
    let book = Book::new(vec![
        old(100, 99, 7),
        old(100, 84, 7),
        Company(since(day("2026-03-30")), vec![(0, 5)]),
        old(0, 0, 7),
        old(10, 0, 7),
        old(1, 2, 7),
    ]);
    let (rule, all) = (rule(), Admission::All);
    let sweep = book.sweep(&rule, &all);
    let before = Latest { raised_on: day("2026-03-30"), signal_type: Bad };
    let found = sweep.evaluate(&LatestByCompany::from_iter([(CompanyKey(5), before)]));
    assert_eq!(found.evaluated, [1, 2, 5, 6].map(CompanyKey));
    assert_eq!(found.skipped, HashMap::from([(Skip::NotEstablished, 1), (Skip::NoEvents, 1)]));
    let raised: Vec<_> =
        found.findings.iter().map(|(key, finding)| (key.0, finding.signal_type)).collect();
    assert_eq!(raised, [(2, Bad), (6, Good)]);
    // A signal raised yesterday is not raised again, but it still holds.
    assert_eq!(sweep.holding(), [(2, Bad), (5, Bad), (6, Good)].map(|(k, t)| (CompanyKey(k), t)));
    let only = Admission::Only([3, 6].map(CompanyKey).into_iter().collect());
    let found = book.sweep(&rule, &only).evaluate(&LatestByCompany::default());
    assert_eq!(found.evaluated, [CompanyKey(6)]);
    let skipped = HashMap::from([(Skip::NotEstablished, 1), (Skip::NoEvents, 1), (Skip::Where, 3)]);
    assert_eq!(found.skipped, skipped);
}

#[test]
fn a_finding_says_what_happened() {
    let text = |rule: &TrendRule, previous, current| {
        let book = Book::new(vec![old(previous, current, rule.days())]);
        describe(rule, &book.first(rule).unwrap().1)
    };
    assert_eq!(text(&rule(), 100, 84), "login fell from 100 to 84 (-16.0 %)");
    assert_eq!(text(&rule(), 100, 116), "login rose from 100 to 116 (+16.0 %)");
    assert_eq!(text(&rule(), 7, 0), "login stopped: none after 7");
    assert_eq!(text(&rule(), 0, 3), "login: 3, after none in the 7 days before");
    let long = TrendRule { baseline: 3, ..rule() };
    assert_eq!(text(&long, 240, 20), "login: 20 in 7 days, 80.0 expected (-74.1 %)");
}

/// Days with activity, `current` of the last 28 and `previous` of the 168 before.
fn days(previous: i32, current: i32) -> Vec<(i32, u64)> {
    (0..current).chain(28..28 + previous).map(|ago| (ago, 3)).collect()
}

/// The rule of the example in the specification.
fn fading() -> TrendRule {
    TrendRule {
        measure: RuleMeasure::Days,
        timeframe: 28,
        threshold: 50,
        baseline: 6,
        against: Against::Portfolio,
        ..TrendRule::default()
    }
}

/// The first company, and twenty others with 150 active days before and 25 now, in total 3000 and
/// 500.
fn with_others(first: Company) -> Book {
    let other = || Company(since(day("2020-01-01")), days(150, 25));
    let mut companies = vec![first];
    companies.extend((0..20).map(|_| other()));
    Book::new(companies)
}

#[test]
fn the_expectation_follows_the_other_customers() {
    let established = || since(day("2020-01-01"));
    let book = with_others(Company(established(), days(60, 3)));
    let (kind, seen) = book.first(&fading()).unwrap();
    let reference = Reference {
        others: Some(20),
        sums: Some((500, 3000)),
        expected: 10.0,
        change_tenths: -636,
    };
    assert_eq!((kind, seen.reference, seen.spread), (Bad, Some(reference), None));
    assert_eq!((seen.comparison.previous, seen.comparison.current), (60, 3));
    assert_eq!(seen.comparison.observation.to_string(), "2025-09-17..2026-03-03");
    // P(K <= 3) of 63 at 1/7.
    let term = |k: i32, choose: f64| choose * (1.0f64 / 7.0).powi(k) * (6.0f64 / 7.0).powi(63 - k);
    let tail = term(0, 1.0) + term(1, 63.0) + term(2, 1953.0) + term(3, 39711.0);
    assert!((seen.chance.unwrap() / tail - 1.0).abs() < 1e-10);
    let text = describe(&fading(), &seen);
    assert_eq!(text, "active days: 3 in 28 days, 10.0 expected (-63.6 %)");
    let evidence = Evidence::Trend(seen);
    assert_eq!((evidence.spread(), evidence.expected()), (None, Some(10.0)));
    let five = with_others(Company(established(), days(60, 5)));
    assert_eq!(five.first(&fading()), None);
    // Compared with itself, a company with one expected day never gets a signal.
    let alone = TrendRule { against: Against::Itself, ..fading() };
    assert_eq!(Book::new(vec![Company(established(), days(6, 0))]).first(&alone), None);
    let (_, seen) = Book::new(vec![Company(established(), days(60, 3))]).first(&alone).unwrap();
    let reference = Reference { others: None, sums: None, expected: 10.0, change_tenths: -636 };
    assert_eq!(seen.reference, Some(reference));
}

#[test]
fn fewer_than_ten_others_are_not_compared_with() {
    let companies = |others: usize| {
        let mut companies = vec![Company(since(day("2020-01-01")), days(60, 3))];
        companies.extend((0..others).map(|_| Company(since(day("2020-01-01")), days(150, 5))));
        Book::new(companies)
    };
    let sums = |others| {
        let (_, seen) = companies(others).first(&TrendRule { threshold: 10, ..fading() })?;
        seen.reference.map(|reference| (reference.others, reference.sums))
    };
    assert_eq!(sums(9), Some((Some(9), None)));
    // With ten others, 60 * 50 / 1500 = 2 are expected, and 3 + 1 is more than 1.1 * (2 + 1).
    assert_eq!(sums(10), Some((Some(10), Some((50, 1500)))));
}

#[test]
fn a_company_is_compared_with_its_segment() {
    let mut book = with_others(Company(since(day("2020-01-01")), days(60, 3)));
    let rule = TrendRule { against: Against::Segment, ..fading() };
    book.segments = (0..21).map(|place| Some(u32::from(place > 10))).collect();
    let reference = |book: &Book| book.first(&rule).unwrap().1.reference.unwrap();
    assert_eq!(reference(&book).sums, Some((250, 1500)));
    book.segments[10] = None;
    assert_eq!((reference(&book).others, reference(&book).sums), (Some(9), None));
    book.segments[0] = None;
    assert_eq!((reference(&book).others, reference(&book).sums), (Some(0), None));
}

#[test]
fn a_young_company_is_compared_over_the_windows_that_it_has() {
    // 99 days are three windows, two of them in the past.
    let young = |days: i32| since(today() - (days - 1));
    let seen = |days_of_past: i32| {
        let counts = (0..2).chain(28..days_of_past).map(|ago| (ago, 1)).collect();
        let book = Book::new(vec![Company(young(days_of_past), counts)]);
        let rule = TrendRule { against: Against::Itself, ..fading() };
        book.first(&rule).map(|(_, seen)| (seen.windows(), seen.comparison.previous))
    };
    assert_eq!(seen(99), Some((2, 56)));
    assert_eq!(seen(84), Some((2, 56)));
    assert_eq!(seen(83), Some((1, 28)));
    assert_eq!(seen(55), None);
}

#[test]
fn a_change_must_last() {
    // 10 a day until 9 days ago, then 5 a day.
    let counts = (0..9).map(|ago| (ago, 5)).chain((9..60).map(|ago| (ago, 10))).collect();
    let book = Book::new(vec![Company(since(day("2020-01-01")), counts)]);
    let is_raised = |for_days| {
        let rule = TrendRule { for_days, ..rule() };
        book.first(&rule).is_some()
    };
    // The current window has 7 * 5 = 35 events, the one before 2 * 5 + 5 * 10 = 60. The change
    // exceeds 15 % from the third day with 5 events on (55 after 70 is -21 %), that is, on the last
    // 7 days.
    assert_eq!([1, 2, 6, 7, 8].map(is_raised), [true, true, true, true, false]);
}

#[test]
fn counts_are_divided_by_the_spread() {
    // Weeks of 0 and 14 alternate before both windows: mean 7, variance 26 * 49 / 25 = 50.96.
    let bursts = (0..26).step_by(2).map(|week| (14 + 7 * week, 14));
    let counts = [(0, 10), (7, 30)].into_iter().chain(bursts).collect();
    let book = Book::new(vec![Company(since(day("2020-01-01")), counts)]);
    let (_, seen) = book.first(&rule()).unwrap();
    let factor = 51.96 / 8.0;
    let spread = seen.spread.unwrap();
    assert!((spread.factor - factor).abs() < 1e-12 && spread.basis == SpreadBasis::Own);
    // Divided by the spread, 30 and 10 are 4.6 and 1.5, rounded 5 and 2: (1 + 7 + 21) / 128.
    assert_eq!(seen.chance, Some(29.0 / 128.0));
    let evidence = Evidence::Trend(seen);
    assert_eq!(evidence.comparison().map(|seen| (seen.previous, seen.current)), Some((30, 10)));
    assert_eq!(evidence.chance(), Some(29.0 / 128.0));
    assert_eq!((evidence.spread(), evidence.expected()), (Some(spread.factor), None));
}

#[test]
fn a_company_with_too_few_weeks_uses_the_median_of_the_others() {
    let steady = |burst: u64| {
        let bursts = (0..26).step_by(2).map(move |week| (14 + 7 * week, burst));
        Company(since(day("2020-01-01")), [(0, 5), (7, 5)].into_iter().chain(bursts).collect())
    };
    let spread = |others: Vec<u64>| {
        let mut companies = vec![young(30, 10)];
        companies.extend(others.into_iter().map(steady));
        Book::new(companies).first(&rule()).unwrap().1.spread.unwrap()
    };
    let nine = spread(vec![14; 9]);
    assert_eq!((nine.factor, nine.basis), (1.0, SpreadBasis::Nothing));
    let ten = spread([[14; 5], [28; 5]].concat());
    // With bursts of 28: (26 * 196 / 25 + 1) / 15.
    let (small, large) = (51.96 / 8.0, (26.0 * 196.0 / 25.0 + 1.0) / 15.0);
    assert!((ten.factor - (small + large) / 2.0).abs() < 1e-12);
    assert_eq!(ten.basis, SpreadBasis::Others);
}

#[test]
fn people_in_both_windows_say_nothing_about_chance() {
    let rule = TrendRule { measure: RuleMeasure::People, threshold: 5, ..rule() };
    let company = CompanyKey(1);
    // 100 people before, 7 of whom have stopped.
    let before = (0..100).map(|person| (today() - 8, company, person));
    let now = (7..100).map(|person| (today(), company, person));
    let activity = Activity::of_people(before.chain(now));
    let customers = [(company, since(day("2020-01-01")))];
    let seen = |rule: &TrendRule| {
        let customers = Customers { all: &customers, segments: &[] };
        let mut sweep = Sweep::new(rule, &activity, customers, today());
        sweep.next_day(&Admission::All);
        let found = sweep.evaluate(&LatestByCompany::default()).findings.remove(0).1;
        let Evidence::Trend(seen) = found.evidence else { panic!("no trend") };
        (seen.comparison.previous, seen.comparison.current, seen.chance)
    };
    assert_eq!(seen(&rule), (100, 93, Some(1.0 / 128.0)));
    let long = TrendRule { baseline: 2, ..rule.clone() };
    assert_eq!(seen(&long), (100, 93, None));
    let guarded = TrendRule { max_chance: Some(0.99), ..long };
    let customers = Customers { all: &customers, segments: &[] };
    let mut sweep = Sweep::new(&guarded, &activity, customers, today());
    sweep.next_day(&Admission::All);
    assert_eq!(
        (sweep.holding(), sweep.evaluate(&LatestByCompany::default()).findings),
        (vec![], vec![])
    );
}

#[test]
fn a_person_who_is_active_on_several_days_of_a_window_counts_once() {
    let rule = TrendRule { measure: RuleMeasure::People, ..rule() };
    let company = CompanyKey(1);
    // Both windows of 7 days, from their first day on: one person before, none now.
    let activity = Activity::of_people([13, 10, 8].map(|ago| (today() - ago, company, 1)));
    let customers = [(company, since(day("2020-01-01")))];
    let mut sweep =
        Sweep::new(&rule, &activity, Customers { all: &customers, segments: &[] }, today());
    sweep.next_day(&Admission::All);
    let found = sweep.evaluate(&LatestByCompany::default()).findings.remove(0).1;
    let seen = found.evidence.trend().unwrap();
    // P(K <= 0) of 1.
    assert_eq!((seen.comparison.previous, seen.comparison.current, seen.chance), (1, 0, Some(0.5)));
}

#[test]
fn exactly_the_threshold_from_what_was_expected_raises_nothing() {
    // With two windows in the past, (current + 1) * 200 is compared with 50 % and 150 % of 100 *
    // (previous + 2).
    let rule = TrendRule { threshold: 50, baseline: 2, ..rule() };
    let cases = [
        (6, 1, None), // 400 and 400
        (6, 0, Some(Bad)),
        (2, 2, None), // 600 and 600
        (2, 3, Some(Good)),
    ];
    for (previous, current, expected) in cases {
        assert_eq!(judged(&rule, previous, current), expected, "{previous} -> {current}");
    }
}

#[test]
fn others_without_activity_are_not_compared_with() {
    let sums = |before: i32, now: i32| {
        let mut companies = vec![Company(since(day("2020-01-01")), days(60, 3))];
        companies.extend((0..10).map(|_| Company(since(day("2020-01-01")), days(before, now))));
        let (_, seen) = Book::new(companies).first(&fading()).unwrap();
        seen.reference.map(|reference| (reference.others, reference.sums))
    };
    assert_eq!(sums(150, 25), Some((Some(10), Some((250, 1500)))));
    // Compared with itself: 60 / 6 = 10 are expected.
    assert_eq!([sums(150, 0), sums(0, 25)], [Some((Some(10), None)); 2]);
}

#[test]
fn the_spread_is_that_of_the_weeks_before_both_windows() {
    // 7 events in each week until 14 days ago, then 30 in the middle of the previous window.
    let steady = (0..26).map(|week| (14 + 7 * week, 7));
    let counts = [(0, 10), (10, 30)].into_iter().chain(steady).collect();
    let (_, seen) =
        Book::new(vec![Company(since(day("2020-01-01")), counts)]).first(&rule()).unwrap();
    assert_eq!(seen.spread, Some(Spread { factor: 1.0, basis: SpreadBasis::Own }));
}

#[test]
fn the_median_of_an_odd_number_of_spreads_is_the_middle_one() {
    let bursts = |burst: u64| {
        let bursts = (0..26).step_by(2).map(move |week| (14 + 7 * week, burst));
        Company(since(day("2020-01-01")), [(0, 5), (7, 5)].into_iter().chain(bursts).collect())
    };
    let mut companies = vec![young(30, 10)];
    companies.extend([[14; 5].as_slice(), &[28; 6]].concat().into_iter().map(bursts));
    let spread = Book::new(companies).first(&rule()).unwrap().1.spread.unwrap();
    assert!((spread.factor - (26.0 * 196.0 / 25.0 + 1.0) / 15.0).abs() < 1e-12);
}

#[test]
fn a_change_that_must_last_three_days_is_looked_at_from_two_days_before() {
    let first = |for_days| TrendRule { for_days, ..rule() }.first_day_of_run(today());
    assert_eq!([first(1), first(3)], [today(), day("2026-03-29")]);
}

#[test]
fn a_sweep_needs_the_days_of_all_windows_and_of_the_weeks_of_the_spread() {
    let ago =
        |rule: &TrendRule, first: i32| today() - rule.first_day_needed(today() - first, today());
    // Two windows of 7 days, and 26 weeks before them.
    assert_eq!(ago(&rule(), 0), 14 + 182 - 1);
    // Days and people have no spread.
    let days = TrendRule { measure: RuleMeasure::Days, ..rule() };
    assert_eq!(ago(&days, 0), 13);
    let people = TrendRule { measure: RuleMeasure::People, ..rule() };
    assert_eq!(ago(&people, 0), 13);
    // Seven windows of 28 days, from 27 days ago on.
    assert_eq!(ago(&fading(), 27), 27 + 7 * 28 - 1);
    // A sweep of years begins long before the weeks of the spread.
    assert_eq!(ago(&rule(), 1000), 1013);
}
