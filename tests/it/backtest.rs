//! Backtests compared with a second implementation that counts company-days one by one, as the
//! specification words it, and with the days of real runs.

use proptest::prelude::*;
use signals::internals::{Backtest, Day, Raised, Settings, Subject, one_a_company};

use crate::support::Sandbox;

/// The measures of the specification, counted naively.
#[derive(Debug, Default, PartialEq)]
struct Counted {
    days: u64,
    right_days: u64,
    signals: u64,
    right: u64,
    late: u64,
    churns: u64,
    covered: u64,
    leads: Vec<i32>,
    /// Right signals, signals, right days and days of each company.
    by_company: Vec<[f64; 4]>,
}

fn is_eligible(subject: &Subject, day: i32) -> bool {
    let place = day - subject.first_day;
    place >= 0 && (place as usize) < subject.eligible.len() && subject.eligible[place as usize]
}

/// Whether there is a churn in a range of days.
fn churns_in(subject: &Subject, from: i32, to: i32) -> bool {
    subject.churns.iter().any(|churn| (from..=to).contains(&churn.number()))
}

fn count(subjects: &[Subject], settings: Settings, signals: &[Raised]) -> Counted {
    let (until, horizon, lead) = (settings.until.number(), settings.horizon, settings.min_lead);
    let from = settings.from.map_or(i32::MIN, Day::number);
    let mut counted = Counted::default();
    for (place, subject) in subjects.iter().enumerate() {
        let may_count = |day: i32| {
            day >= from && is_eligible(subject, day) && !churns_in(subject, day + 1, day + lead - 1)
        };
        let is_right = |day: i32| churns_in(subject, day + lead, day + horizon);
        let raised = |day: i32| {
            let is_it = |signal: &&Raised| signal.company == place && signal.on.number() == day;
            signals.iter().filter(is_it).count() as u64
        };
        let mut sums = [0; 4];
        for day in -5..until - horizon + 1 {
            if day >= from && is_eligible(subject, day) {
                if may_count(day) {
                    sums[3] += 1;
                    sums[2] += u64::from(is_right(day));
                    sums[1] += raised(day);
                    sums[0] += if is_right(day) { raised(day) } else { 0 };
                } else {
                    counted.late += raised(day);
                }
            }
        }
        counted.right += sums[0];
        counted.signals += sums[1];
        counted.right_days += sums[2];
        counted.days += sums[3];
        counted.by_company.push(sums.map(|sum| sum as f64));
        for churn in subject.churns.iter().map(|churn| churn.number()) {
            let before: Vec<i32> =
                (churn - horizon..=churn - lead).filter(|day| may_count(*day)).collect();
            if churn <= until && churn >= from && !before.is_empty() {
                counted.churns += 1;
                let first = before.iter().find(|day| raised(**day) > 0);
                counted.covered += u64::from(first.is_some());
                counted.leads.extend(first.map(|day| churn - day));
            }
        }
    }
    counted.leads.sort_unstable();
    counted
}

/// Lift with the ends of its interval.
fn lift(counted: &Counted) -> (Option<f64>, Option<(f64, f64)>) {
    if counted.signals == 0 || counted.right_days == 0 {
        return (None, None);
    }
    let [right, signals] = [counted.right, counted.signals].map(|count| count as f64);
    let [right_days, days] = [counted.right_days, counted.days].map(|count| count as f64);
    let lift = (right / signals) / (right_days / days);
    if counted.right == 0 || counted.by_company.len() < 2 {
        return (Some(lift), None);
    }
    let u: Vec<f64> = counted
        .by_company
        .iter()
        .map(|[r, t, h, b]| r / right - t / signals - h / right_days + b / days)
        .collect();
    let n = u.len() as f64;
    let mean = u.iter().sum::<f64>() / n;
    let sd = (n / (n - 1.0) * u.iter().map(|u| (u - mean).powi(2)).sum::<f64>()).sqrt();
    (Some(lift), Some((lift * (-1.96 * sd).exp(), lift * (1.96 * sd).exp())))
}

fn median(sorted: &[i32]) -> Option<f64> {
    let half = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        length if length % 2 == 1 => Some(f64::from(sorted[half])),
        _ => Some((f64::from(sorted[half - 1]) + f64::from(sorted[half])) / 2.0),
    }
}

fn subject() -> impl Strategy<Value = Subject> {
    let days = prop::collection::vec(prop::bool::weighted(0.9), 0..60);
    (0..20i32, days, prop::collection::btree_set(0..80i32, 0..4)).prop_map(
        |(first_day, eligible, churns)| Subject {
            first_day,
            eligible,
            churns: churns.into_iter().map(Day::from_number).collect(),
        },
    )
}

fn is_near(value: Option<f64>, expected: Option<f64>) -> bool {
    match (value, expected) {
        (Some(value), Some(expected)) => (value - expected).abs() <= 1e-9 * expected.abs().max(1.0),
        (value, expected) => value.is_none() && expected.is_none(),
    }
}

proptest! {
    #[test]
    fn random_books_are_measured_as_the_naive_count_does(
        subjects in prop::collection::vec(subject(), 1..12),
        raised in prop::collection::btree_set((0..12usize, 0..80i32), 0..60),
        until in 30..80i32,
        from in prop::option::of(0..40i32),
        horizon in 5..20i32,
        min_lead in 1..5i32,
    ) {
        let settings = Settings {
            from: from.map(Day::from_number),
            until: Day::from_number(until),
            horizon,
            min_lead,
        };
        let raised: Vec<Raised> = raised
            .into_iter()
            .filter(|(company, _)| *company < subjects.len())
            .map(|(company, on)| Raised { company, on: Day::from_number(on) })
            .collect();
        let counted = count(&subjects, settings, &raised);
        let backtest = Backtest::new(&subjects, settings);
        let measured = backtest.measure(&raised);
        let totals = backtest.totals();
        prop_assert_eq!((totals.days, totals.right_days), (counted.days, counted.right_days));
        prop_assert_eq!(
            (measured.signals, measured.right, measured.late),
            (counted.signals, counted.right, counted.late)
        );
        prop_assert_eq!((measured.churns, measured.covered), (counted.churns, counted.covered));
        prop_assert_eq!(measured.median_lead_days, median(&counted.leads));
        let (expected, interval) = lift(&counted);
        prop_assert!(is_near(measured.lift, expected), "{:?} {expected:?}", measured.lift);
        let found = measured.interval;
        prop_assert!(is_near(found.map(|i| i.low), interval.map(|(low, _)| low)));
        prop_assert!(is_near(found.map(|i| i.high), interval.map(|(_, high)| high)));
    }

    #[test]
    fn one_a_company_never_comes_twice_in_28_days(
        raised in prop::collection::vec((0..4usize, 0..120i32), 0..60),
    ) {
        let raised: Vec<Raised> = raised
            .into_iter()
            .map(|(company, on)| Raised { company, on: Day::from_number(on) })
            .collect();
        let mut last: [Option<i32>; 4] = [None; 4];
        let mut sorted = raised.clone();
        sorted.sort();
        let mut expected = Vec::new();
        for signal in sorted {
            let day = signal.on.number();
            if last[signal.company].is_none_or(|last| day - last >= 28) {
                last[signal.company] = Some(day);
                expected.push(signal);
            }
        }
        prop_assert_eq!(one_a_company(&raised), expected);
    }
}

/// Random histories of a dozen companies over some weeks; two of them churn, and one returns.
fn random_history(seed: u64) -> String {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut random = |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let first: Day = FIRST.parse().unwrap();
    let mut csv = "company_id,event,timestamp\n".to_owned();
    for company in 0..12 {
        let busy = random(5) + 1;
        let quiet_from = 10 + random(80) as i32;
        for day in 0..DAYS {
            let is_quiet = day >= quiet_from && random(6) > 0;
            for _ in 0..if is_quiet { 0 } else { random(busy + 1) } {
                let event = ["login", "export"][random(2) as usize];
                csv.push_str(&format!("c{company},{event},{}\n", first + day));
            }
        }
    }
    csv
}

const FIRST: &str = "2026-01-01";
const DAYS: i32 = 80;

/// The replayed rules: every kind, with what can prevent the next signal.
const RULES: [&str; 6] = [
    "rule set login --threshold 30",
    "rule add slow --kind trend --event login --timeframe 14 --direction down --threshold 50",
    "rule add silent --kind condition --type bad --when 'days_since_last_event >= 5' --cooldown 7",
    "rule add hardly --kind condition --type bad --when 'active_days_28d <= 3' --cooldown 10 --for 2",
    "rule add exports --kind adoption --event export --within 10",
    "rule add where --kind condition --type info --when 'events_7d > 3' --where 'events_28d > 5'",
];

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

#[test]
fn a_replay_raises_what_runs_raise_when_each_signal_is_acknowledged() {
    for seed in [1, 2] {
        let mut sandbox = Sandbox::new();
        sandbox.write("events.csv", &random_history(seed));
        sandbox.ok("import events.csv");
        sandbox.ok("company churn c3 --on 2026-02-10");
        sandbox.ok("company churn c4 --on 2026-02-01");
        sandbox.ok("company return c4 --on 2026-03-01");
        RULES.iter().for_each(|rule| drop(sandbox.ok(rule)));
        let first: Day = FIRST.parse().unwrap();
        let last = first + (DAYS - 1);
        for day in (0..DAYS).map(|day| first + day) {
            // The next morning, so that acknowledgements count on the next day.
            sandbox.at(&format!("{}T06:00:00Z", day + 1));
            sandbox.ok(&format!("run --as-of {day} --max-lag 100 --accept all"));
            sandbox.run("ack --all --state open --reason seen --yes");
        }
        let listed = sandbox.array("list");
        let raised = listed.iter().map(|signal| {
            let field = |name: &str| signal[name].as_str().unwrap().to_owned();
            [field("rule"), field("company_id"), field("raised_on"), field("type")].join(",")
        });
        let raised = sorted(raised.collect());
        let rules =
            "--rule login --rule slow --rule silent --rule hardly --rule exports --rule where";
        sandbox.ok(&format!(
            "backtest {rules} --until {last} --horizon 10 --established 1 --min-lead 1 --signals replayed.csv"
        ));
        let replayed = std::fs::read_to_string(sandbox.path("replayed.csv")).unwrap();
        let replayed = sorted(replayed.lines().skip(1).map(str::to_owned).collect());
        assert!(raised.len() > 30, "seed {seed}: only {} signals", raised.len());
        assert_eq!(replayed, raised, "seed {seed}");
    }
}

#[test]
fn history_cut_off_at_a_day_gives_the_same_signals_up_to_it() {
    let replay = |until: &str, keep: &dyn Fn(&str) -> bool| {
        let sandbox = Sandbox::new();
        let history = random_history(3);
        let lines: Vec<&str> = history.lines().filter(|line| keep(line)).collect();
        sandbox.write("events.csv", &(lines.join("\n") + "\n"));
        sandbox.ok("import events.csv");
        sandbox.ok("company churn c3 --on 2026-02-10");
        RULES.iter().for_each(|rule| drop(sandbox.ok(rule)));
        let rules =
            "--rule login --rule slow --rule silent --rule hardly --rule exports --rule where";
        sandbox.ok(&format!(
            "backtest {rules} --until {until} --horizon 10 --established 1 --min-lead 1 --signals replayed.csv"
        ));
        let text = std::fs::read_to_string(sandbox.path("replayed.csv")).unwrap();
        let is_early = |line: &&str| line.split(',').nth(2).unwrap() <= "2026-02-20";
        sorted(text.lines().skip(1).filter(is_early).map(str::to_owned).collect())
    };
    let all = replay("2026-03-21", &|_| true);
    let cut = replay("2026-02-20", &|line: &str| {
        line.rsplit(',').next().is_some_and(|day| day == "timestamp" || day <= "2026-02-20")
    });
    assert!(!cut.is_empty());
    assert_eq!(all, cut);
}

#[test]
fn a_book_without_churns_is_refused_with_what_to_do() {
    let sandbox = Sandbox::new();
    sandbox.ok("rule set login");
    sandbox.import_events(&[("acme", "login", "2026-01-10", 1)]);
    sandbox.fails("backtest", 9).says(&["no churn", "signals company churn"]);
    Sandbox::new().fails("backtest", 9).says(&["no events", "signals import"]);
}

#[test]
fn health_is_measured_before_any_day_was_run() {
    let sandbox = Sandbox::new();
    sandbox.write("events.csv", &random_history(4));
    sandbox.ok("import events.csv");
    sandbox.ok("company churn c3 --on 2026-03-10");
    sandbox.ok("rule set login");
    let outcome = sandbox.ok("backtest --health --until 2026-03-21 --horizon 10 --established 1");
    assert!(outcome.stdout.contains("share of days"), "{outcome}");
}

#[test]
fn a_company_counts_from_its_first_event_whenever_it_was_created() {
    let sandbox = Sandbox::new();
    sandbox.write("companies.csv", "company_id,created_on\na,2026-02-01\nb,\n");
    let mut events = "company_id,event,timestamp\n".to_owned();
    for day in (0..80).map(|day| FIRST.parse::<Day>().unwrap() + day) {
        events.push_str(&format!("a,login,{day}\nb,login,{day}\n"));
    }
    sandbox.write("events.csv", &events);
    sandbox.ok("import companies.csv events.csv");
    sandbox.ok("company churn a --on 2026-03-01");
    sandbox.ok("rule set login");
    let rows = sandbox.array(
        "backtest --until 2026-03-21 --horizon 10 --min-lead 1 --established 1 --split 2026-03-01",
    );
    // a: the 59 days to 28 February, of which the last ten come before the churn; b: the 70 days
    // from 1 January to ten days before 21 March.
    let base = rows[0]["base"].as_f64().unwrap();
    assert!((base - 10.0 / 129.0).abs() < 1e-9, "{base}");
}

/// Forty companies that are active every day, half of which fall silent ten days before they churn
/// on 2 March.
fn book_whose_churns_are_silent_before() -> Sandbox {
    let sandbox = Sandbox::new();
    let mut events = "company_id,event,timestamp\n".to_owned();
    let mut churns = "company_id,churned_on\n".to_owned();
    for company in 0..40 {
        let days = if company < 20 { 50 } else { DAYS };
        for day in (0..days).map(|day| FIRST.parse::<Day>().unwrap() + day) {
            events.push_str(&format!("c{company},login,{day}\n"));
        }
        if company < 20 {
            churns.push_str(&format!("c{company},2026-03-02\n"));
        }
    }
    sandbox.write("events.csv", &events);
    sandbox.write("churns.csv", &churns);
    sandbox.ok("import events.csv");
    sandbox.ok("import churns.csv --kind churn");
    sandbox.ok(
        "rule add silent --kind condition --type bad --when 'days_since_last_event >= 5' --cooldown 7",
    );
    sandbox
}

#[test]
fn a_backtest_begins_with_a_sentence_that_needs_no_explanation() {
    let sandbox = book_whose_churns_are_silent_before();
    let options = "--until 2026-03-21 --horizon 10 --min-lead 1 --established 1";
    // Days after 11 March do not count. Before a churn lie the ten days from 20 February to 1 March
    // of 20 companies, of the 20 x 60 days of those that churn and the 20 x 70 of the others: 200
    // of 2,600. All signals are right: 2,600 / 200 = 13.
    let words = [
        "Yes: customers with a signal churned 13.00 times as often as customers picked at \
                  random",
        "Signals came before 20 of 20 churns (100 %), usually 6 days ahead.",
    ];
    let outcome = sandbox.ok(&format!("backtest {options}"));
    assert!(words.iter().all(|words| outcome.stdout.contains(words)), "{outcome}");
    sandbox.ok(&format!("report backtest {options} --out r.html"));
    let page = std::fs::read_to_string(sandbox.path("r.html")).unwrap().replace('\u{a0}', " ");
    assert!(words.iter().all(|words| page.contains(words)), "{page}");
}

/// Two of four companies churn and one of them has a signal in time, as has one that stays: one
/// right signal says nothing.
#[test]
fn an_interval_that_includes_one_is_said_in_words() {
    let sandbox = Sandbox::new();
    let mut events = "company_id,event,timestamp\n".to_owned();
    for company in ["a", "b", "c", "d"] {
        for day in
            (0..DAYS).filter(|day| !(["a", "c"].contains(&company) && (45..52).contains(day)))
        {
            events.push_str(&format!("{company},login,{}\n", FIRST.parse::<Day>().unwrap() + day));
        }
    }
    sandbox.write("events.csv", &events);
    sandbox.ok("import events.csv");
    sandbox.ok("company churn a --on 2026-03-01");
    sandbox.ok("company churn b --on 2026-03-01");
    sandbox.ok(
        "rule add gap --kind condition --type bad --when 'days_since_last_event >= 5' --cooldown 7",
    );
    let options = "--until 2026-03-21 --horizon 20 --min-lead 1 --established 1";
    let outcome = sandbox.ok(&format!("backtest {options}"));
    let remark = "not shown to be better than picking by lot: gap";
    assert!(outcome.stdout.contains(remark), "{outcome}");
    sandbox.ok(&format!("backtest {options} --format csv")).says(&[remark]);
}

#[test]
fn what_was_unknown_before_a_churn_is_left_out() {
    let sandbox = book_whose_churns_are_silent_before();
    sandbox.ok("rule remove silent");
    for (name, condition) in [("weeks", "days_since_last_event >= 35"), ("nps", "nps_score <= 6")] {
        sandbox.ok(&format!("rule add {name} --kind condition --type bad --when '{condition}'"));
    }
    let options = "--until 2026-03-21 --horizon 10 --min-lead 1 --established 1";
    let outcome = sandbox.ok(&format!("backtest {options}"));
    // The last day in time is 1 March, ten days after the last event.
    assert!(outcome.stdout.contains("weeks: days_since_last_event 10"), "{outcome}");
    assert!(!outcome.stdout.contains("nps_score"), "{outcome}");
}
