//! The trend rule: every sentence of its specification as a small history, with rules, the days to
//! run, and the expected signals.
//!
//! The same cases go through the naive model, so that it can be trusted where nobody computed the
//! result by hand.

use serde_json::Value;

use crate::naive::{self, Direction, History, Rule};
use crate::support::{EventRow, Sandbox, events_csv};

/// A history, rules, the days to run, and the expected signals in the form of
/// [`naive::Signal::brief`].
struct Case {
    name: &'static str,
    events: String,
    companies: &'static str,
    rules: Vec<Rule>,
    from: &'static str,
    to: &'static str,
    expected: Vec<String>,
}

const LAST_DAY: &str = "2026-03-31";

impl Case {
    /// A case of one day, 2026-03-31, and one rule.
    fn new(name: &'static str, rule: Rule, events: &[EventRow<'_>], expected: &[&str]) -> Self {
        Case {
            name,
            events: events_csv(events),
            companies: "",
            rules: vec![rule],
            from: LAST_DAY,
            to: LAST_DAY,
            expected: expected.iter().map(|line| (*line).to_owned()).collect(),
        }
    }

    fn days(self, from: &'static str, to: &'static str) -> Self {
        Case { from, to, ..self }
    }

    fn companies(self, companies: &'static str) -> Self {
        Case { companies, ..self }
    }

    fn by_naive_model(&self) -> Vec<naive::Signal> {
        let rows = naive::stored(&[naive::read_rows(&self.events)]);
        History::new(&rows, &naive::read_churned(self.companies)).run(
            &self.rules,
            self.from,
            self.to,
        )
    }

    fn by_program(&self) -> Vec<naive::Signal> {
        let sandbox = Sandbox::new();
        sandbox.write("events.csv", &self.events);
        sandbox.ok("import events.csv");
        if !self.companies.is_empty() {
            sandbox.write("companies.csv", self.companies);
            sandbox.ok("import --kind companies companies.csv");
        }
        for rule in &self.rules {
            sandbox.ok(&rule.command());
        }
        sandbox.ok(&format!("run --from {} --to {} --max-lag 1000", self.from, self.to));
        sandbox.signals()
    }
}

/// Established companies named after their counts in the two windows of seven days that end on
/// 2026-03-31 (observation 18 to 24 March, decision 25 to 31), with what the rule says of each:
/// `nothing`, or type and change.
fn table(name: &'static str, rule: Rule, outcomes: &[(i64, i64, &str)]) -> Case {
    let event = rule.name.clone();
    let mut events = String::from("company_id,event,timestamp,count\n");
    let mut expected = Vec::new();
    for (previous, current, outcome) in outcomes {
        let company = format!("{previous}-to-{current}");
        events += &format!("{company},signed_up,2026-01-10,1\n");
        events += &format!(
            "{company},{event},2026-03-20,{previous}\n{company},{event},2026-03-28,{current}\n"
        );
        if *outcome != "nothing" {
            expected.push(format!("{LAST_DAY} {event} {company} {outcome}"));
        }
    }
    expected.sort();
    Case { events, expected, ..Case::new(name, rule, &[], &[]) }
}

fn login() -> Rule {
    Rule::event("login", 7, 15)
}

fn thresholds() -> Vec<Case> {
    vec![
        table(
            "worked examples",
            login(),
            &[
                (100, 85, "nothing"),
                (100, 84, "bad -16.0"),
                (100, 116, "good +16.0"),
                (0, 1, "good new"),
                (7, 0, "bad -100.0"),
                (0, 0, "nothing"),
            ],
        ),
        table(
            "more than T, not T itself",
            login(),
            &[
                (100, 115, "nothing"),
                (20, 17, "nothing"), // 15 %
                (20, 23, "nothing"),
                (13, 11, "bad -15.4"), // 200 > 195
                (7, 8, "nothing"),     // 100 < 105
                (7, 6, "nothing"),
                (6, 7, "good +16.7"),
                (5, 5, "nothing"),
                (1, 0, "bad -100.0"),
                (1000, 850, "nothing"),
                (1000, 849, "bad -15.1"),
            ],
        ),
        table(
            "one decimal, half away from zero",
            login(),
            &[
                (80, 93, "good +16.3"), // 16.25
                (80, 67, "bad -16.3"),
                (3, 1, "bad -66.7"), // 66.66…
                (3, 4, "good +33.3"),
                (2, 47, "good +2250.0"),
                (400, 335, "bad -16.3"), // 16.25
            ],
        ),
        table(
            "T = 1",
            Rule::event("login", 7, 1),
            &[
                (100, 99, "nothing"),
                (100, 98, "bad -2.0"),
                (99, 98, "bad -1.0"),
                (101, 102, "nothing"),
            ],
        ),
        table(
            "T = 100 never fires on a drop",
            Rule::event("login", 7, 100),
            &[(10, 0, "nothing"), (10, 20, "nothing"), (10, 21, "good +110.0"), (0, 1, "good new")],
        ),
        table(
            "the comparison is of whole numbers, not of the rounded change",
            Rule::event("login", 7, 50),
            &[(3000, 1500, "nothing"), (3000, 1499, "bad -50.0")], // -50.03
        ),
    ]
}

fn types_and_guards() -> Vec<Case> {
    let changes =
        |down, up, new| [(100, 84, down), (100, 116, up), (0, 1, new), (100, 100, "nothing")];
    let ticket = || Rule { inverse: true, ..Rule::event("ticket_opened", 7, 15) };
    vec![
        table("inverse swaps the types", ticket(), &changes("good -16.0", "bad +16.0", "bad new")),
        table(
            "down alone",
            Rule { direction: Direction::Down, ..login() },
            &changes("bad -16.0", "nothing", "nothing"),
        ),
        table(
            "up alone",
            Rule { direction: Direction::Up, ..login() },
            &changes("nothing", "good +16.0", "good new"),
        ),
        table(
            "direction is that of the counts, inverse or not",
            Rule { direction: Direction::Up, ..ticket() },
            &changes("nothing", "bad +16.0", "bad new"),
        ),
        table(
            "both windows together must reach the least number",
            Rule { min_events: Some(20), ..login() },
            &[
                (12, 8, "bad -33.3"),
                (12, 7, "nothing"),
                (0, 20, "good new"),
                (0, 19, "nothing"),
                (20, 0, "bad -100.0"),
            ],
        ),
        table(
            "a chance of exactly P fires",
            Rule { max_chance: Some(0.0625), ..login() },
            &[
                (0, 4, "good new"), // 1/16
                (4, 0, "bad -100.0"),
                (0, 3, "nothing"),     // 1/8
                (1, 4, "nothing"),     // (5 + 1) / 32
                (1, 7, "good +600.0"), // (8 + 1) / 256
                (1, 6, "good +500.0"), // (7 + 1) / 128 = 1/16
                (1, 5, "nothing"),     // (6 + 1) / 64
            ],
        ),
        table(
            "a chance of more than P does not",
            Rule { max_chance: Some(0.25), ..login() },
            &[
                (12, 8, "nothing"),   // 263,950 / 1,048,576 = 0.2517
                (12, 7, "bad -41.7"), // 94,184 / 524,288 = 0.1796
                (0, 2, "good new"),   // 1/4
                (0, 1, "nothing"),    // 1/2
            ],
        ),
        table(
            "both guards",
            Rule { min_events: Some(5), max_chance: Some(0.25), ..login() },
            &[(0, 4, "nothing"), (0, 5, "good new"), (3, 2, "nothing"), (1, 4, "good +300.0")], // 16/32, 6/32
        ),
    ]
}

fn windows() -> Vec<Case> {
    vec![
        Case::new(
            "windows are whole days with both ends, and nothing after the day is looked at",
            login(),
            &[
                ("acme", "login", "2026-03-17", 1000),
                ("acme", "login", "2026-03-18T00:00:00Z", 10),
                ("acme", "login", "2026-03-24T23:59:59Z", 10),
                ("acme", "login", "2026-03-25T00:00:00Z", 5),
                ("acme", "login", "2026-03-31T23:59:59Z", 4),
                ("acme", "login", "2026-04-01T00:00:00Z", 1000),
            ],
            &["2026-03-31 login acme bad -55.0"], // 20 to 9
        ),
        Case::new(
            "a timeframe of 30 days looks back to 31 January",
            Rule::event("login", 30, 15),
            &[
                ("acme", "login", "2026-01-30", 1000),
                ("acme", "login", "2026-01-31", 10),
                ("acme", "login", "2026-03-01", 10),
                ("acme", "login", "2026-03-02", 15),
                ("acme", "login", "2026-03-31", 15),
            ],
            &["2026-03-31 login acme good +50.0"], // 20 to 30
        ),
        Case::new(
            "a timeframe of 9 days: observation 14 to 22 March",
            Rule::event("login", 9, 15),
            &[
                ("acme", "login", "2026-03-13", 1000),
                ("acme", "login", "2026-03-14", 10),
                ("acme", "login", "2026-03-22", 10),
                ("acme", "login", "2026-03-23", 8),
                ("acme", "login", "2026-03-31", 8),
            ],
            &["2026-03-31 login acme bad -20.0"],
        ),
        Case::new(
            "events of other names do not count",
            login(),
            &[
                ("acme", "login", "2026-03-18", 10),
                ("acme", "login", "2026-03-25", 10),
                ("acme", "Login", "2026-03-25", 10),
                ("acme", "logout", "2026-03-25", 10),
            ],
            &[],
        ),
        Case::new(
            "company ids are text",
            login(),
            &[
                ("00123", "login", "2026-03-18", 10),
                ("123", "login", "2026-03-18", 10),
                ("123", "login", "2026-03-25", 10),
                ("1e3", "login", "2026-03-18", 1),
            ],
            &["2026-03-31 login 00123 bad -100.0", "2026-03-31 login 1e3 bad -100.0"],
        ),
    ]
}

fn eligibility() -> Vec<Case> {
    let dropping = |company: &'static str| -> [EventRow<'static>; 2] {
        [(company, "login", "2026-03-24", 9), (company, "login", "2026-03-30", 1)]
    };
    let mut seeds = vec![
        ("old", "signed_up", "2026-03-18", 1), // D - 13
        ("new", "signed_up", "2026-03-19", 1),
        ("newer", "login", "2026-03-24", 1),
    ];
    seeds.extend(["old", "new", "newer"].into_iter().flat_map(dropping));
    let churn = [("gone", "login", "2026-01-10", 1), ("going", "login", "2026-01-10", 1)];
    let churn: Vec<_> =
        churn.into_iter().chain(dropping("gone")).chain(dropping("going")).collect();
    vec![
        Case::new(
            "a new account waits twice the timeframe, whatever an old record says",
            login(),
            &seeds,
            &["2026-03-31 login old bad -88.9"],
        )
        .companies(
            "company_id,name,created_on\nold,Old,2026-03-01\nnew,New,2019-05-01\nnewer,Newer,\n",
        ),
        Case::new(
            "a new account is heard of on the first day on which it is established",
            login(),
            &seeds[1..2].iter().copied().chain(dropping("new")).collect::<Vec<_>>(),
            &["2026-04-01 login new bad -88.9"], // D - 13 = 19 March
        )
        .days("2026-03-30", "2026-04-01"),
        Case::new(
            "churned on the day is churned",
            login(),
            &churn,
            &["2026-03-31 login going bad -88.9"],
        )
        .companies("company_id,name,churned_on\ngone,Gone,2026-03-31\ngoing,Going,2026-04-01\n"),
    ]
}

fn once_per_timeframe() -> Vec<Case> {
    // Seven events fewer every day from 10 February on, so that a window always has 7 * 49 = 343
    // fewer than the one before it. On 1 March, the 20th day: from 959 (the 7th to 13th day) to
    // 616; on 8 March from 616 to 273. Always more than 15 %.
    let falling: Vec<(String, i64)> =
        (0..28).map(|n| (naive::date(naive::day("2026-02-10") + n), 200 - 7 * n)).collect();
    let falling: Vec<EventRow<'_>> =
        falling.iter().map(|(day, count)| ("acme", "login", day.as_str(), *count)).collect();
    // 1000 on 18 February are in the observation windows of 1 to 3 March (from 16, 17, 18
    // February). 100 on 26 February are in the decision windows up to 4 March, and in the
    // observation windows of 5 to 11 March.
    let turning = [
        ("acme", "signed_up", "2026-02-01", 1),
        ("acme", "login", "2026-02-18", 1000),
        ("acme", "login", "2026-02-26", 100),
    ];
    vec![
        Case::new(
            "still down: again after seven days",
            login(),
            &falling,
            &["2026-03-01 login acme bad -35.8", "2026-03-08 login acme bad -55.7"],
        )
        .days("2026-03-01", "2026-03-09"),
        Case::new(
            "the other type is raised at once",
            login(),
            &turning,
            &[
                "2026-03-01 login acme bad -90.0",
                "2026-03-04 login acme good new",
                "2026-03-05 login acme bad -100.0",
            ],
        )
        .days("2026-03-01", "2026-03-20"),
        Case::new(
            "what the direction drops is as if it had not been",
            Rule { direction: Direction::Down, ..login() },
            &turning,
            &["2026-03-01 login acme bad -90.0", "2026-03-08 login acme bad -100.0"],
        )
        .days("2026-03-01", "2026-03-20"),
    ]
}

fn people() -> Vec<Case> {
    let rule = || Rule::people("active", 7, 15);
    let header = "company_id,event,timestamp,person_id\n";
    let on = |day: &str, people: &str| -> String {
        people.split(' ').map(|person| format!("acme,login,2026-03-{day},{person}\n")).collect()
    };
    let case = |name, rows: String, expected: &[&str]| Case {
        events: format!("{header}acme,signed_up,2026-01-10,\n{rows}"),
        ..Case::new(name, rule(), &[], expected)
    };
    vec![
        case(
            "people count once, however much they do",
            on("18", "ann ann bob cy")
                + &on("24", "ann bob")
                + &on("25", "ann ann ann ann ann")
                + &on("31", "bob"),
            &["2026-03-31 active acme bad -33.3"], // ann bob cy, ann bob
        ),
        case("another person is not a change", on("18", "ann bob") + &on("25", "cy dee"), &[]),
        case(
            "people count over all events",
            on("18", "ann")
                + "acme,export,2026-03-25,ann\nacme,login,2026-03-26,ann\nacme,export,2026-03-27,bob\n",
            &["2026-03-31 active acme good +100.0"],
        ),
        case(
            "an event without a person is nobody",
            on("18", "ann bob")
                + &on("25", "ann bob")
                + "acme,login,2026-03-26,\nacme,login,2026-03-27,\n",
            &[],
        ),
    ]
}

fn all_cases() -> Vec<Case> {
    let groups = [
        thresholds(),
        types_and_guards(),
        windows(),
        eligibility(),
        once_per_timeframe(),
        people(),
    ];
    groups.into_iter().flatten().collect()
}

#[track_caller]
fn program_agrees(cases: Vec<Case>) {
    for case in cases {
        let raised = case.by_program();
        let briefs: Vec<String> = raised.iter().map(naive::Signal::brief).collect();
        assert_eq!(briefs, case.expected, "{}", case.name);
        naive::assert_same(&raised, &case.by_naive_model(), case.name);
    }
}

#[test]
fn the_naive_model_gives_what_was_worked_out_by_hand() {
    for case in all_cases() {
        let briefs: Vec<String> = case.by_naive_model().iter().map(naive::Signal::brief).collect();
        assert_eq!(briefs, case.expected, "{}", case.name);
    }
}

#[test]
fn a_change_of_more_than_the_threshold_is_raised() {
    program_agrees(thresholds());
}

#[test]
fn direction_inverse_and_guards_decide_what_is_raised() {
    program_agrees(types_and_guards());
}

#[test]
fn windows_are_whole_days() {
    program_agrees(windows());
}

#[test]
fn new_and_churned_companies_are_passed_over() {
    program_agrees(eligibility());
}

#[test]
fn a_rule_speaks_once_per_timeframe() {
    program_agrees(once_per_timeframe());
}

#[test]
fn active_people_are_watched() {
    program_agrees(people());
}

/// A database with one established company, whose logins went from 100 to 84.
fn acme() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.import_events(&[
        ("acme", "signed_up", "2026-01-10", 1),
        ("acme", "login", "2026-03-20", 100),
        ("acme", "login", "2026-03-28", 84),
        ("acme", "signed_up", "2026-03-31", 1),
    ]);
    sandbox
}

#[test]
fn a_signal_has_the_fields_of_the_contract_in_order() {
    let sandbox = acme();
    sandbox.ok("rule set login");
    let run = sandbox.ok("run --as-of 2026-03-31");
    assert_eq!(run.stdout.lines().filter(|line| line.contains("acme")).count(), 1, "{run}");
    let signals = sandbox.array("list");
    let signal = signals[0].as_object().unwrap();
    let names = "id company_id company_name csm rule kind event type state raised_on timeframe_days threshold_pct \
                 observation_from observation_to observation_count decision_from decision_to decision_count change_pct \
                 chance detail acknowledged_by acknowledged_at reason outcome holds renewed_on measure expected spread \
                 snoozed_until assigned_to";
    assert_eq!(
        signal.keys().map(String::as_str).collect::<Vec<_>>(),
        names.split_whitespace().collect::<Vec<_>>()
    );
    let values = [
        ("company_id", "\"acme\""),
        ("csm", "null"),
        ("rule", "\"login\""),
        ("kind", "\"trend\""),
        ("event", "\"login\""),
        ("type", "\"bad\""),
        ("state", "\"open\""),
        ("raised_on", "\"2026-03-31\""),
        ("timeframe_days", "7"),
        ("threshold_pct", "15"),
        ("observation_from", "\"2026-03-18\""),
        ("observation_to", "\"2026-03-24\""),
        ("observation_count", "100"),
        ("decision_from", "\"2026-03-25\""),
        ("decision_to", "\"2026-03-31\""),
        ("decision_count", "84"),
        ("change_pct", "-16.0"),
        ("acknowledged_by", "null"),
        ("acknowledged_at", "null"),
        ("reason", "null"),
        ("outcome", "null"),
        ("renewed_on", "null"),
        ("measure", "\"events\""),
        ("snoozed_until", "null"),
        ("assigned_to", "null"),
    ];
    for (name, value) in values {
        assert_eq!(signal[name].to_string(), value, "{name}");
    }
    assert!(
        signal["detail"]
            .as_str()
            .is_some_and(|detail| !detail.is_empty() && !detail.contains('\n'))
    );
    let csv = sandbox.ok("list --format csv").stdout;
    assert_eq!(csv.lines().next().unwrap(), names.split_whitespace().collect::<Vec<_>>().join(","));
    assert_eq!(csv.lines().count(), 2, "{csv}");
}

#[test]
fn the_chance_is_exact_with_and_without_the_guard() {
    let cases = [
        ("7-to-0", 7, 0, 1.0 / 128.0),
        ("0-to-1", 0, 1, 0.5),
        ("12-to-8", 12, 8, 263_950.0 / 1_048_576.0),
        ("3-to-1", 3, 1, 5.0 / 16.0),
        ("1000-to-0", 1000, 0, 2f64.powi(-1000)),
    ];
    let sandbox = Sandbox::new();
    for (company, previous, current, _) in cases {
        sandbox.import_events(&[
            (company, "signed_up", "2026-01-10", 1),
            (company, "login", "2026-03-20", previous),
            (company, "login", "2026-03-28", current),
        ]);
    }
    sandbox.ok("rule set login");
    sandbox.ok("run --as-of 2026-03-31 --max-lag 9");
    let raised = sandbox.signals();
    for (company, .., expected) in cases {
        let signal = raised.iter().find(|signal| signal.company_id == company).unwrap();
        assert_eq!(signal.chance, Some(naive::Chance(expected)), "{company}");
    }
    // 1/128 and 2^-1000 are at most 0.01.
    let unlikely = sandbox.array("list --max-chance 0.01 --sort chance");
    let companies: Vec<_> =
        unlikely.iter().map(|signal| signal["company_id"].as_str().unwrap()).collect();
    assert_eq!(companies, ["1000-to-0", "7-to-0"]);
}

#[test]
fn the_chance_of_a_change_among_millions_is_found_too() {
    let sandbox = Sandbox::new();
    let mut rows = Vec::new();
    // From 2,000,000 to 1,500,000 is about 267 standard deviations; from 1,000,000 to 1,020,000 it
    // is 14, and so between 1e-46 and 1e-43.
    for (company, previous, current) in
        [("drop", 2_000_000, 1_500_000), ("rise", 1_000_000, 1_020_000)]
    {
        rows.push((company, "login", "2026-01-10", 1));
        rows.extend([
            (company, "login", "2026-03-20", previous),
            (company, "login", "2026-03-31", current),
        ]);
    }
    sandbox.import_events(&rows);
    sandbox.ok("rule set login --threshold 1 --max-chance 0.01");
    sandbox.ok("run --as-of 2026-03-31");
    let chances: Vec<f64> =
        sandbox.signals().iter().map(|signal| signal.chance.unwrap().0).collect();
    assert!(chances.len() == 2 && (0.0..1e-300).contains(&chances[0]), "{chances:?}");
    assert!((1e-46..1e-43).contains(&chances[1]), "{chances:?}");
}

#[test]
fn the_chance_for_people_looks_at_those_who_came_or_went() {
    let sandbox = Sandbox::new();
    let mut rows = String::from("company_id,event,timestamp,person_id\n");
    // half: p1 to p10, then p1 to p5; 5 of 5 went: 1/32. swap: p1 to p4, then p4 and p5; 3 of 4
    // went: 5/16.
    for (company, day, people) in [
        ("half", "20", 1..=10),
        ("half", "28", 1..=5),
        ("swap", "20", 1..=4),
        ("swap", "28", 4..=5),
    ] {
        rows += &format!("{company},signed_up,2026-01-10,\n");
        rows +=
            &people.map(|p| format!("{company},login,2026-03-{day},p{p}\n")).collect::<String>();
    }
    sandbox.write("events.csv", &rows);
    sandbox.ok("import events.csv");
    sandbox.ok("rule add active --kind trend --people --timeframe 7 --threshold 15");
    sandbox.ok("run --as-of 2026-03-31 --max-lag 3");
    let raised = sandbox.signals();
    let found: Vec<_> =
        raised.iter().map(|s| (s.company_id.as_str(), s.event.as_deref(), s.chance)).collect();
    assert_eq!(
        found,
        [
            ("half", Some("*"), Some(naive::Chance(1.0 / 32.0))),
            ("swap", Some("*"), Some(naive::Chance(5.0 / 16.0)))
        ]
    );
}

#[test]
fn days_are_those_of_the_zone_of_the_database() {
    // In Bucharest, 22:30 UTC on 24 March is 00:30 on the 25th; 21:30 UTC on 31 March, in summer
    // time, is 00:30 on 1 April.
    let sandbox = Sandbox::empty();
    sandbox.ok("init --timezone Europe/Bucharest");
    sandbox.import_events(&[
        ("acme", "login", "2026-01-10", 1),
        ("acme", "login", "2026-03-24T21:30:00Z", 10),
        ("acme", "login", "2026-03-24T22:30:00Z", 3),
        ("acme", "login", "2026-03-31T20:30:00Z", 2),
        ("acme", "login", "2026-03-31T21:30:00Z", 1000),
        ("acme", "login", "2026-03-31", 1),
    ]);
    sandbox.ok("rule set login");
    sandbox.ok("run --as-of 2026-03-31");
    let signal = &sandbox.signals()[0];
    assert_eq!(
        (signal.observation_count, signal.decision_count, signal.change_pct),
        (10, 6, Some(-40.0))
    );
}

#[test]
fn values_out_of_range_are_refused() {
    let sandbox = acme();
    for wrong in [
        "rule set login --timeframe 6",
        "rule set login --timeframe 31",
        "rule set login --timeframe 0",
        "rule set login --timeframe 7.5",
        "rule set login --threshold 0",
        "rule set login --threshold 101",
        "rule set login --threshold -5",
        "rule set login --max-chance 0",
        "rule set login --max-chance 1",
        "rule set login --max-chance NaN",
        "rule set login --min-events -1",
        "rule set login --direction sideways",
        "rule add active --kind trend --people --timeframe 31 --threshold 15",
        "rule add active --kind trend --people --timeframe 7 --threshold 101",
    ] {
        sandbox.fails(wrong, 2);
    }
    sandbox.ok("run --as-of 2026-03-31");
    assert_eq!(sandbox.briefs(), [""; 0]);
    for right in [
        "--timeframe 30",
        "--threshold 1",
        "--threshold 100",
        "--max-chance 0.999",
        "--min-events 0",
    ] {
        sandbox.ok(&format!("rule set login {right}"));
    }
}

#[test]
fn a_second_trend_rule_for_the_same_event_and_timeframe_is_refused() {
    let sandbox = acme();
    sandbox.ok("rule set login --timeframe 7");
    sandbox.fails("rule add login-2 --kind trend --event login --timeframe 7 --threshold 30", 9);
    sandbox.ok("rule add login-14 --kind trend --event login --timeframe 14 --threshold 30");
    sandbox.fails("rule set login --timeframe 14", 9);
    sandbox.ok("rule set signed_up --timeframe 7");
    sandbox.ok("rule add people --kind trend --people --timeframe 14");
    sandbox.fails("rule add others --kind trend --people --timeframe 14", 9);
    sandbox.ok("rule add others --kind trend --people --timeframe 21");
}

#[test]
fn setting_a_rule_again_keeps_what_is_not_given() {
    let sandbox = acme();
    sandbox.ok("rule set login --timeframe 7 --threshold 10 --inverse");
    sandbox.ok("rule set login --threshold 12");
    sandbox.ok("run --as-of 2026-03-31");
    let signal = &sandbox.signals()[0];
    assert_eq!(
        (signal.timeframe_days, signal.threshold_pct, signal.kind_of_change.as_str()),
        (7, 12, "good")
    );
    sandbox.fails("rule add login --kind adoption --event login", 9);
}

#[test]
fn a_rule_removed_and_made_again_continues_and_its_signals_stay_as_they_were() {
    let sandbox = acme();
    sandbox.ok("rule set login");
    sandbox.ok("run --as-of 2026-03-30");
    let before = sandbox.json("list");
    assert_eq!(sandbox.briefs(), ["2026-03-30 login acme bad -16.0"]);
    sandbox.ok("rule remove login");
    sandbox.ok("rule set login --threshold 10");
    sandbox.ok("run --as-of 2026-03-31");
    assert_eq!(sandbox.json("list"), before);
}

#[test]
fn setting_a_rule_says_what_is_odd_about_it() {
    let sandbox = acme();
    for (command, words) in [
        ("rule set login --timeframe 9", ["hint", "weekend"]),
        ("rule set login --threshold 100", ["100", "drop"]),
        ("rule set logn", ["warning", "login"]),
    ] {
        let outcome = sandbox.ok(command);
        let printed = outcome.printed().to_lowercase();
        assert!(words.iter().all(|word| printed.contains(word)), "{words:?}\n{outcome}");
    }
    let quiet = sandbox.ok("rule set login --timeframe 14 --threshold 15");
    assert!(!quiet.printed().contains("weekend"), "{quiet}");
}

#[test]
fn an_acknowledged_signal_holds_back_the_next_as_an_open_one_does() {
    let sandbox = acme();
    sandbox.ok("rule set login");
    sandbox.ok("run --as-of 2026-03-30");
    let id = sandbox.array("list")[0]["id"].clone();
    sandbox.ok(&format!("ack {id} --reason called"));
    sandbox.ok("run --as-of 2026-03-31");
    sandbox.ok(&format!("reopen {id} --reason 'still down'"));
    sandbox.ok("run --as-of 2026-03-31");
    assert_eq!(sandbox.briefs(), ["2026-03-30 login acme bad -16.0"]);
}

#[test]
fn events_are_listed_with_their_rules() {
    let sandbox = acme();
    sandbox.ok("rule set login");
    let mut names: Vec<Value> =
        sandbox.array("event list").iter().map(|event| event["event"].clone()).collect();
    names.sort_by_key(Value::to_string);
    assert_eq!(names, ["login", "signed_up"]);
}
