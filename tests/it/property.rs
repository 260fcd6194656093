//! Random histories: the program must raise the same signals as the naive model, and store the same
//! events however their files are split, overlapped and ordered.
//!
//! Every case has a seed, which a failure prints; `SIGNALS_SEED=…` runs that case again,
//! `SIGNALS_CASES=…` runs more. Cases grow, so that the first failure is likely a small one.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use rusqlite::{Connection, Row as SqlRow};
use serde_json::Value;

use crate::naive::{self, AdoptionRule, AdoptionSignal, Direction, History, Row, Rule, Signal};
use crate::support::{Sandbox, setting};

const FIRST_DAY: &str = "2025-12-01";
const EVENTS: [&str; 4] = ["login", "export", "invite", "ticket_opened"];

/// Random numbers from a seed (SplitMix64).
pub(crate) struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `from` to `to`, inclusive.
    pub(crate) fn between(&mut self, from: i64, to: i64) -> i64 {
        from + (self.next() % (to - from + 1) as u64) as i64
    }

    /// True with the probability 1 / `of`.
    pub(crate) fn one_in(&mut self, of: i64) -> bool {
        self.between(1, of) == 1
    }

    pub(crate) fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.between(0, choices.len() as i64 - 1) as usize].clone()
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.between(0, last as i64) as usize);
        }
    }
}

/// Runs a property on cases that grow from size 1, each with its own seed.
fn for_each_seed(property: impl Fn(&mut Random, i64)) {
    for_seeds(24, property);
}

/// The same with another default number of cases.
pub(crate) fn for_seeds(usual: i64, property: impl Fn(&mut Random, i64)) {
    let cases: i64 = setting("SIGNALS_CASES").map_or(usual, |text| text.parse().unwrap());
    let only: Option<u64> = setting("SIGNALS_SEED").map(|text| text.parse().unwrap());
    for seed in only.map_or(1..=cases as u64, |seed| seed..=seed) {
        let outcome = catch_unwind(AssertUnwindSafe(|| property(&mut Random(seed), size_of(seed))));
        if let Err(failure) = outcome {
            eprintln!("failed with SIGNALS_SEED={seed}");
            resume_unwind(failure);
        }
    }
}

/// The number of companies in the case of a seed.
fn size_of(seed: u64) -> i64 {
    1 + (seed as i64 - 1) % 15
}

/// The behaviour of a company over the days of a history.
struct Habits {
    first: i64,
    last: i64,
    rate: i64,
    growth: i64,
    burst: i64,
    people: i64,
    rests_at_weekends: bool,
}

impl Habits {
    fn new(random: &mut Random, days: i64) -> Self {
        Habits {
            first: if random.one_in(4) { random.between(0, days - 1) } else { 0 },
            last: if random.one_in(4) { random.between(0, days - 1) } else { days - 1 },
            rate: random.pick(&[0, 1, 1, 2, 3]),
            growth: random.pick(&[-2, 0, 0, 0, 2]),
            burst: random.between(0, days - 1),
            people: random.between(1, 6),
            rests_at_weekends: random.one_in(2),
        }
    }

    /// The number of rows of an event that the company has on a day.
    fn rows_on(&self, random: &mut Random, day: i64, days: i64) -> i64 {
        let resting = self.rests_at_weekends && day % 7 >= 5;
        if day < self.first || day > self.last || resting && !random.one_in(8) {
            return 0;
        }
        let trend = self.growth * day / days;
        let burst = if (day - self.burst).abs() < 2 { 4 } else { 0 };
        random.between(0, (self.rate + trend).max(0) + 1) / 2 + random.between(0, burst)
    }

    /// The person: people arrive one after the other, and the first leave before the last; some
    /// events name nobody.
    fn person(&self, random: &mut Random, day: i64) -> Option<String> {
        (!random.one_in(6)).then(|| format!("p{}", random.between(0, self.people) + day / 30))
    }
}

/// The rows of a random history of this many companies.
fn random_rows(random: &mut Random, companies: i64, days: i64) -> Vec<Row> {
    let first_day = naive::day(FIRST_DAY);
    let events = &EVENTS[..random.between(2, 4) as usize];
    let mut rows = Vec::new();
    for company in 0..companies {
        for event in events {
            let habits = Habits::new(random, days);
            for day in 0..days {
                for _ in 0..habits.rows_on(random, day, days) {
                    rows.push(Row {
                        company: format!("company-{company:02}"),
                        event: (*event).to_owned(),
                        person: habits.person(random, day),
                        at: (first_day + day) * 86_400_000_000
                            + random.between(0, 47) * 1_800_000_000,
                        event_id: None,
                        count: if random.one_in(12) { random.between(0, 9) } else { 1 },
                    });
                }
            }
        }
    }
    rows
}

/// A file of the rows, with each time in a random accepted format.
fn csv_of(random: &mut Random, rows: &[Row]) -> String {
    let mut csv = String::from("company_id,event,timestamp,person_id,event_id,count\n");
    for row in rows {
        let time = time_text(row.at, random.pick(&[0, 0, 0, 120, -210]));
        let (person, id) =
            (row.person.as_deref().unwrap_or(""), row.event_id.as_deref().unwrap_or(""));
        let count =
            if row.count == 1 && random.one_in(2) { String::new() } else { row.count.to_string() };
        csv += &format!("{},{},{time},{person},{id},{count}\n", row.company, row.event);
    }
    csv
}

/// RFC 3339 with an offset of this many minutes.
fn time_text(at: i64, offset: i64) -> String {
    let seconds = at.div_euclid(1_000_000) + offset * 60;
    let (day, second) = (naive::date(seconds.div_euclid(86_400)), seconds.rem_euclid(86_400));
    let fraction = match at.rem_euclid(1_000_000) {
        0 => String::new(),
        micros => format!(".{micros:06}"),
    };
    let zone = match offset {
        0 => "Z".to_owned(),
        _ => format!(
            "{}{:02}:{:02}",
            if offset < 0 { '-' } else { '+' },
            offset.abs() / 60,
            offset.abs() % 60
        ),
    };
    format!("{day}T{:02}:{:02}:{:02}{fraction}{zone}", second / 3600, second / 60 % 60, second % 60)
}

#[test]
fn times_are_written_as_they_are_read() {
    let at = naive::instant("2026-03-01T00:30:05.25Z");
    assert_eq!(time_text(at, -210), "2026-02-28T21:00:05.250000-03:30");
    for offset in [0, 120, -210] {
        assert_eq!(naive::instant(&time_text(at, offset)), at);
    }
}

/// A rule for each event that gets one, one on all events, and maybe one on people.
fn random_rules(random: &mut Random) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for event in EVENTS {
        if !random.one_in(4) {
            let rule = Rule::event(event, 0, 0);
            rules.push(random_rule(random, rule));
        }
    }
    for measure in ["events", "days"] {
        let (name, event) = (format!("all-{measure}"), None);
        let rule = Rule { name, event, measure, ..Rule::event("", 0, 0) };
        rules.push(random_rule(random, rule));
    }
    if rules.is_empty() || random.one_in(2) {
        let rule = Rule::people("active-people", 0, 0);
        rules.push(random_rule(random, rule));
    }
    rules
}

fn random_rule(random: &mut Random, rule: Rule) -> Rule {
    let [any_timeframe, any_threshold] = [random.between(7, 30), random.between(1, 100)];
    let is_plain = random.one_in(2);
    Rule {
        timeframe: random.pick(&[7, 7, 14, any_timeframe]),
        threshold: random.pick(&[1, 15, 15, 30, 100, any_threshold]),
        direction: random.pick(&[Direction::Both, Direction::Both, Direction::Down, Direction::Up]),
        inverse: random.one_in(4),
        measure: match &rule.event {
            Some(_) => random.pick(&["events", "events", "days", "people"]),
            None => rule.measure,
        },
        baseline: if is_plain { 1 } else { random.pick(&[1, 2, 6]) },
        against: if is_plain { "self" } else { random.pick(&["self", "portfolio", "segment"]) },
        for_days: random.pick(&[1, 1, 1, 2, 9]),
        repeat: random.pick(&[None, None, Some(1), Some(40)]),
        seats_below: random.pick(&[None, None, None, Some(6)]),
        min_events: random.pick(&[None, None, Some(5), Some(20)]),
        max_chance: random.pick(&[None, None, Some(0.01), Some(0.1)]),
        ..rule
    }
}

/// A file of companies, some of which churn.
fn random_churn(random: &mut Random, companies: i64, days: i64) -> String {
    let mut csv = String::from("company_id,name,churned_on\n");
    for company in 0..companies {
        let day = naive::date(naive::day(FIRST_DAY) + random.between(0, days));
        let churned_on = if random.one_in(5) { day } else { String::new() };
        csv += &format!("company-{company:02},The {company:02} Company,{churned_on}\n");
    }
    csv
}

/// The file of [`random_churn`] with seats, and a segment for most companies: a large one and a
/// small one.
fn with_segments(random: &mut Random, companies: &str) -> String {
    let mut lines = companies.lines().map(str::to_owned);
    let mut csv = lines.next().unwrap() + ",segment,seats\n";
    for (seats, line) in lines.enumerate() {
        let segment = random.pick(&["large", "large", "large", "small", ""]);
        csv += &format!("{line},{segment},{seats}\n");
    }
    csv
}

/// The file of [`random_churn`] with the days on which some companies became customers.
fn random_companies(random: &mut Random, companies: i64, days: i64) -> String {
    let churned = random_churn(random, companies, days);
    let mut lines = churned.lines().map(str::to_owned);
    let mut csv = lines.next().unwrap() + ",created_on\n";
    for line in lines {
        let day = naive::date(naive::day(FIRST_DAY) + random.between(-20, days));
        csv += &format!("{line},{}\n", if random.one_in(3) { String::new() } else { day });
    }
    csv
}

/// Some companies have goals, as a file; some goals are equal.
fn random_goals(random: &mut Random, companies: i64, days: i64) -> String {
    let mut csv = String::from("company_id,event,due_on\n");
    for company in 0..companies {
        for _ in 0..random.pick(&[0, 1, 1, 2, 4]) {
            let event = random.pick(&EVENTS);
            let due_on = naive::date(naive::day(FIRST_DAY) + random.between(0, days));
            for _ in 0..random.pick(&[1, 1, 1, 2]) {
                csv += &format!("company-{company:02},{event},{due_on}\n");
            }
        }
    }
    csv
}

fn random_adoption_rules(random: &mut Random) -> Vec<AdoptionRule> {
    let rules = 0..random.between(1, 4);
    let rule = |number| {
        let goals = random.one_in(3);
        let event =
            if goals && random.one_in(2) { None } else { Some(random.pick(&EVENTS).to_owned()) };
        let any = random.between(0, 60);
        let within = random.pick(&[None, Some(0), Some(any), Some(any)]).filter(|_| !goals);
        AdoptionRule {
            name: format!("adoption-{number}"),
            event,
            goals,
            within,
            retroactive: random.one_in(3),
        }
    };
    rules.map(rule).collect()
}

/// The commands that run every day between two days, in up to three pieces, which may overlap by a
/// day.
fn random_pieces(random: &mut Random, first: i64, last: i64) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut from = first;
    while from <= last {
        let to = if pieces.len() == 2 { last } else { random.between(from, last) };
        pieces.push(format!(
            "run --from {} --to {} --max-lag 1000 --accept all",
            naive::date(from),
            naive::date(to)
        ));
        from = if to == last { last + 1 } else { to + random.between(0, 1) };
    }
    pieces
}

/// A history, rules, and the days to run.
struct Case {
    events: String,
    companies: String,
    /// The days on which some churned companies returned.
    returned: BTreeMap<String, i64>,
    rules: Vec<Rule>,
    first: i64,
    last: i64,
}

impl Case {
    fn new(random: &mut Random, size: i64) -> Self {
        let days = random.between(60, 120);
        let rows = random_rows(random, size, days);
        let companies = random_churn(random, size, days);
        let companies = with_segments(random, &companies);
        let churned = naive::read_churned(&companies);
        let mut returned = BTreeMap::new();
        for (company, day) in churned {
            if random.one_in(2) {
                returned.insert(company, day + random.between(1, 20));
            }
        }
        Case {
            events: csv_of(random, &rows),
            returned,
            companies,
            rules: random_rules(random),
            first: naive::day(FIRST_DAY) + random.between(10, 30),
            last: naive::day(FIRST_DAY) + days,
        }
    }

    fn by_naive_model(&self) -> Vec<Signal> {
        let stored = naive::stored(&[naive::read_rows(&self.events)]);
        let history = History::new(&stored, &naive::read_churned(&self.companies))
            .with_terms(&self.returned, &naive::read_texts(&self.companies, "segment"));
        history.run(&self.rules, &naive::date(self.first), &naive::date(self.last))
    }

    fn by_program(&self, random: &mut Random) -> Vec<Signal> {
        let sandbox = Sandbox::new();
        sandbox.write("events.csv", &self.events);
        sandbox.write("companies.csv", &self.companies);
        sandbox.ok("import events.csv");
        sandbox.ok("import --kind companies companies.csv");
        for (company, day) in &self.returned {
            sandbox.ok(&format!("company return {company} --on {}", naive::date(*day)));
        }
        for rule in &self.rules {
            sandbox.ok(&rule.command());
        }
        for piece in random_pieces(random, self.first, self.last) {
            sandbox.ok(&piece);
        }
        sandbox.signals()
    }
}

#[test]
fn the_program_raises_what_the_naive_model_raises() {
    for_each_seed(|random, size| {
        let case = Case::new(random, size);
        naive::assert_same(
            &case.by_program(random),
            &case.by_naive_model(),
            &format!("{:#?}", case.rules),
        );
    });
}

/// A history in which companies start late, with goals, and adoption rules; days may be run in any
/// order.
struct AdoptionCase {
    events: String,
    companies: String,
    goals: String,
    rules: Vec<AdoptionRule>,
    days: Vec<i64>,
}

impl AdoptionCase {
    fn new(random: &mut Random, size: i64) -> Self {
        let days = random.between(30, 60);
        let rows = random_rows(random, size, days);
        let mut late = rows;
        // For most companies some events start late or never.
        let firsts: BTreeMap<(i64, &str), i64> = (0..size)
            .flat_map(|company| EVENTS.map(|event| (company, event)))
            .map(|key| (key, naive::day(FIRST_DAY) + random.between(-10, days + 10)))
            .collect();
        late.retain(|row| {
            let company: i64 = row.company.rsplit('-').next().unwrap().parse().unwrap();
            let event = EVENTS.iter().find(|event| **event == row.event).unwrap();
            row.at.div_euclid(86_400_000_000) >= firsts[&(company, *event)]
        });
        let mut run: Vec<i64> =
            (0..random.between(4, 9)).map(|_| random.between(5, days)).collect();
        if !random.one_in(3) {
            run.sort_unstable();
        }
        AdoptionCase {
            events: csv_of(random, &late),
            companies: random_companies(random, size, days),
            goals: random_goals(random, size, days),
            rules: random_adoption_rules(random),
            days: run.into_iter().map(|day| naive::day(FIRST_DAY) + day).collect(),
        }
    }

    fn by_naive_model(&self) -> Vec<AdoptionSignal> {
        let stored = naive::stored(&[naive::read_rows(&self.events)]);
        let history = History::new(&stored, &naive::read_churned(&self.companies));
        let created = naive::read_days(&self.companies, "created_on");
        history.with(&created, naive::read_goals(&self.goals)).adopt(&self.rules, &self.days)
    }

    fn by_program(&self) -> Vec<AdoptionSignal> {
        let sandbox = Sandbox::new();
        sandbox.write("companies.csv", &self.companies);
        sandbox.write("goals.csv", &self.goals);
        sandbox.write("events.csv", &self.events);
        sandbox.ok("import --kind companies companies.csv");
        sandbox.ok("import --kind goals goals.csv");
        sandbox.ok("import events.csv");
        for rule in &self.rules {
            sandbox.ok(&rule.command());
        }
        for day in &self.days {
            sandbox.ok(&format!(
                "run --as-of {} --backfill --max-lag 1000 --accept all",
                naive::date(*day)
            ));
        }
        let mut signals: Vec<_> =
            sandbox.array("list").iter().map(AdoptionSignal::from_json).collect();
        signals.sort();
        assert!(sandbox.ok("check").status == 0);
        signals
    }
}

#[test]
fn the_program_tells_of_adoption_as_the_naive_model_does() {
    for_each_seed(|random, size| {
        let case = AdoptionCase::new(random, size);
        assert_eq!(
            case.by_program(),
            case.by_naive_model(),
            "{:#?}, days {:?}",
            case.rules,
            case.days
        );
    });
}

#[test]
fn the_random_histories_have_all_that_an_adoption_rule_can_say() {
    let raised =
        |change: &dyn Fn(AdoptionCase) -> AdoptionCase| -> Vec<(AdoptionRule, AdoptionSignal)> {
            let cases =
                (1..=16).map(|seed| change(AdoptionCase::new(&mut Random(seed), size_of(seed))));
            let of_case = |case: AdoptionCase| {
                let rule = |signal: &AdoptionSignal| {
                    case.rules.iter().find(|rule| rule.name == signal.rule).unwrap().clone()
                };
                case.by_naive_model()
                    .into_iter()
                    .map(|signal| (rule(&signal), signal))
                    .collect::<Vec<_>>()
            };
            cases.flat_map(of_case).collect()
        };
    let signals = raised(&|case| case);
    for goals in [false, true] {
        for kind in ["good", "bad"] {
            let found = signals
                .iter()
                .filter(|(rule, signal)| rule.goals == goals && signal.kind == kind)
                .count();
            assert!(found >= 20, "only {found} of {} are {kind}, goals {goals}", signals.len());
        }
    }
    let rules = |change: fn(AdoptionRule) -> AdoptionRule| {
        raised(&|case| AdoptionCase {
            rules: case.rules.iter().cloned().map(change).collect(),
            ..case
        })
        .len()
    };
    assert!(rules(|rule| AdoptionRule { retroactive: true, ..rule }) > signals.len() + 20);
    assert!(rules(|rule| AdoptionRule { retroactive: false, ..rule }) + 20 < signals.len());
    let churned = |case: AdoptionCase| {
        let companies = case.companies.replacen("churned_on", "forgotten", 1);
        AdoptionCase { companies, ..case }
    };
    assert!(raised(&churned).len() > signals.len() + 10);
}

/// A property of histories in which nothing happens shows nothing: this counts what the first cases
/// contain.
#[test]
fn the_random_histories_have_all_that_a_rule_can_say() {
    let cases: Vec<Case> =
        (1..=16).map(|seed| Case::new(&mut Random(seed), size_of(seed))).collect();
    let signals: Vec<Signal> = cases.iter().flat_map(Case::by_naive_model).collect();
    type Looked = (&'static str, fn(&Signal) -> bool);
    let looked_for: [Looked; 11] = [
        ("good", |signal| signal.kind_of_change == "good"),
        ("bad", |signal| signal.kind_of_change == "bad"),
        ("new", |signal| signal.change_pct.is_none()),
        ("gone", |signal| signal.decision_count == 0),
        ("of people", |signal| signal.measure == "people"),
        ("of days", |signal| signal.measure == "days"),
        ("expected", |signal| signal.expected.is_some()),
        ("of bursts", |signal| signal.spread.is_some_and(|spread| spread.0 > 1.0)),
        ("unlikely", |signal| signal.chance.is_some_and(|chance| chance.0 < 0.01)),
        ("likely", |signal| signal.chance.is_some_and(|chance| chance.0 > 0.2)),
        ("with an odd timeframe", |signal| signal.timeframe_days % 7 != 0),
    ];
    for (what, is) in looked_for {
        let found = signals.iter().filter(|signal| is(signal)).count();
        assert!(found >= 10, "only {found} of {} signals are {what}", signals.len());
    }
    // Without churn, or without one guard, there would be more.
    let raised = |change: &dyn Fn(Case) -> Case| -> usize {
        let cases = (1..=16).map(|seed| change(Case::new(&mut Random(seed), size_of(seed))));
        cases.map(|case| case.by_naive_model().len()).sum()
    };
    let without = |change: &dyn Fn(Rule) -> Rule| {
        raised(&|case| Case { rules: case.rules.iter().cloned().map(change).collect(), ..case })
    };
    assert!(raised(&|case| Case { companies: String::new(), ..case }) > signals.len() + 10);
    assert!(without(&|rule| Rule { min_events: None, ..rule }) > signals.len() + 10);
    assert!(without(&|rule| Rule { max_chance: None, ..rule }) > signals.len() + 10);
    assert!(without(&|rule| Rule { direction: Direction::Both, ..rule }) > signals.len() + 10);
}

/// Rows for the store: some have an id, some occur more than once, some have fractional seconds.
fn random_facts(random: &mut Random, size: i64) -> Vec<Row> {
    let mut facts = Vec::new();
    for (number, mut row) in random_rows(random, size, 40).into_iter().enumerate() {
        if random.one_in(3) {
            row.event_id = Some(format!("id-{number}"));
            row.count = row.count.max(1);
        }
        if random.one_in(8) {
            row.at += random.between(0, 999_999);
        }
        for _ in 0..random.pick(&[1, 1, 1, 2, 3]) {
            facts.push(row.clone());
        }
    }
    facts
}

/// The rows split into files, each in its own order. Every fact is in at least one file: those with
/// an id in any number of files; equal ones without an id all in one file, and some or all of them
/// in others.
fn random_files(random: &mut Random, facts: &[Row]) -> Vec<Vec<Row>> {
    let mut files: Vec<Vec<Row>> = vec![Vec::new(); random.between(1, 5) as usize];
    let mut equal: BTreeMap<Row, Vec<Row>> = BTreeMap::new();
    for fact in facts {
        equal.entry(Row { count: 0, ..fact.clone() }).or_default().push(fact.clone());
    }
    for copies in equal.values() {
        let home = random.between(0, files.len() as i64 - 1) as usize;
        for (number, file) in files.iter_mut().enumerate() {
            let some = random.between(0, copies.len() as i64 * 2) as usize;
            let taken = if number == home { copies.len() } else { some.min(copies.len()) };
            file.extend_from_slice(&copies[..taken]);
        }
    }
    for file in &mut files {
        random.shuffle(file);
    }
    random.shuffle(&mut files);
    files
}

/// A database into which the files were imported, by one command or separately, some of them twice,
/// with the rules run.
fn imported(random: &mut Random, files: &[Vec<Row>]) -> Sandbox {
    let sandbox = Sandbox::new();
    let mut commands: Vec<String> = Vec::new();
    for (number, file) in files.iter().enumerate() {
        let (name, csv) = (format!("{number}.csv"), csv_of(random, file));
        sandbox.write(&name, &csv);
        for _ in 0..random.between(1, 2) {
            match commands.last_mut() {
                Some(command) if random.one_in(2) => *command += &format!(" {name}"),
                _ => commands.push(format!("import {name}")),
            }
        }
    }
    for command in &commands {
        sandbox.ok(command);
    }
    for event in EVENTS {
        sandbox.ok(&format!("rule set {event}"));
    }
    sandbox.ok("run --from 2025-12-20 --to 2026-01-09 --max-lag 1000 --accept all");
    sandbox
}

/// What `event_log` has, as rows, with the day of each.
fn event_log(database: &Connection) -> Vec<(Row, String)> {
    let sql = "SELECT company_id, event, person_id, day, at, copies, event_id FROM event_log";
    let mut statement = database.prepare(sql).unwrap();
    let read = |row: &SqlRow<'_>| -> rusqlite::Result<(Row, String)> {
        let fact = Row {
            company: row.get("company_id")?,
            event: row.get("event")?,
            person: row.get("person_id")?,
            at: naive::instant(&row.get::<_, String>("at")?),
            event_id: row.get("event_id")?,
            count: row.get("copies")?,
        };
        Ok((fact, row.get("day")?))
    };
    let mut rows: Vec<_> = statement.query_map([], read).unwrap().map(Result::unwrap).collect();
    rows.sort();
    rows
}

/// What `day_count_log` has.
fn day_counts(database: &Connection) -> BTreeMap<(String, String, String), i64> {
    let mut statement =
        database.prepare("SELECT company_id, event, day, count FROM day_count_log").unwrap();
    let read = |row: &SqlRow<'_>| -> rusqlite::Result<_> {
        Ok(((row.get("company_id")?, row.get("event")?, row.get("day")?), row.get("count")?))
    };
    let rows: Vec<_> = statement.query_map([], read).unwrap().map(Result::unwrap).collect();
    let counts: BTreeMap<_, _> = rows.iter().cloned().collect();
    assert_eq!(counts.len(), rows.len(), "a company, an event and a day have one count");
    counts
}

#[test]
fn the_cut_of_the_files_does_not_matter() {
    for_each_seed(|random, size| {
        let facts = random_facts(random, 1 + size / 3);
        let expected = naive::stored(std::slice::from_ref(&facts));
        let mut answers = BTreeSet::new();
        for _ in 0..2 {
            let files = random_files(random, &facts);
            assert_eq!(naive::stored(&files), expected, "the test itself cut the files wrongly");
            let sandbox = imported(random, &files);
            let database = sandbox.database();
            let log = event_log(&database);
            assert!(
                log.iter().all(|(row, day)| naive::date(row.at.div_euclid(86_400_000_000)) == *day)
            );
            let log: Vec<Row> = log.into_iter().map(|(row, _)| row).collect();
            assert_eq!(log, expected, "the events that are stored");
            assert_eq!(
                day_counts(&database),
                History::new(&expected, &BTreeMap::new()).day_counts()
            );
            let [events, signals] = ["event list --format json", "export signals --format ndjson"];
            answers.insert((sandbox.ok(events).stdout, sandbox.ok(signals).stdout));
        }
        assert_eq!(answers.len(), 1, "two cuts of one history give two answers: {answers:#?}");
    });
}

#[test]
fn an_import_counts_rows() {
    for_each_seed(|random, size| {
        let facts = random_facts(random, 1 + size / 5);
        let sandbox = Sandbox::new();
        for file in random_files(random, &facts) {
            sandbox.write("events.csv", &csv_of(random, &file));
            let (read, new, known) = summary(&sandbox.ok("import events.csv").stderr);
            assert_eq!((read, new + known), (file.len(), file.len()));
            assert_eq!(
                summary(&sandbox.ok("import events.csv").stderr),
                (read, 0, read),
                "the same file again"
            );
        }
    });
}

/// The numbers of `read R: new N, known K, rejected 0`.
#[track_caller]
fn summary(stderr: &str) -> (usize, usize, usize) {
    let line = stderr
        .lines()
        .find_map(|line| Some(&line[line.find("read ")?..]))
        .unwrap_or_else(|| panic!("{stderr}"));
    let numbers: Vec<usize> = line
        .split(|c: char| !c.is_ascii_digit())
        .filter(|digits| !digits.is_empty())
        .map(|digits| digits.parse().unwrap())
        .take(4)
        .collect();
    let [read, new, known, 0] = numbers[..] else { panic!("{line}") };
    (read, new, known)
}

/// Signals are never deleted: whatever is acknowledged and reopened, a company never has fewer bad
/// signals than before, neither day by day as of past days nor from one query of the present to the
/// next.
#[test]
fn bad_signals_ever_never_become_fewer() {
    for_seeds(2, |random, size| {
        let companies = size + 2;
        let first = naive::day(FIRST_DAY) + 30;
        let last = first + 364;
        let mut sandbox = Sandbox::new_at("2027-03-01T06:00:00Z");
        sandbox.at("2027-03-01T06:00:00Z");
        let rows = random_rows(random, companies, 395);
        sandbox.write("events.csv", &csv_of(random, &rows));
        sandbox.ok("import events.csv");
        sandbox.ok("rule set login");
        sandbox.ok("rule set export --timeframe 14 --inverse");
        sandbox.ok("rule add never --kind adoption --event never --within 40");
        sandbox.ok(
            "rule add silent --kind condition --type bad --when 'events_7d = 0 AND bad_open_signals < 4' --cooldown 5",
        );
        sandbox.ok("metric add bad_signals_ever --formula 'bad_open_signals + bad_closed_signals'");
        let mut before: BTreeMap<String, i64> = BTreeMap::new();
        let mut day = first;
        while day <= last {
            let to = last.min(day + random.between(0, 20));
            sandbox.ok(&format!(
                "run --from {} --to {} --max-lag 1000 --accept all",
                naive::date(day),
                naive::date(to)
            ));
            let raised = bad_signals_ever(&sandbox, "");
            acknowledge_and_reopen(&sandbox, random);
            assert_eq!(bad_signals_ever(&sandbox, ""), raised, "after {}", naive::date(to));
            assert_grown(&before, &raised, &naive::date(to));
            before = raised;
            day = to + 1;
        }
        let signals = sandbox.array("list --type bad");
        assert!(
            signals.iter().any(|signal| signal["state"] == "open")
                && signals.iter().any(|s| s["state"] == "closed")
        );
        let mut before = BTreeMap::new();
        for date in (first..=last).map(naive::date) {
            let as_of = bad_signals_ever(&sandbox, &format!("--as-of {date}"));
            for (company, ever) in &as_of {
                let raised = |signal: &&Value| {
                    signal["company_id"] == company.as_str()
                        && signal["raised_on"].as_str().unwrap() <= date.as_str()
                };
                assert_eq!(
                    *ever,
                    signals.iter().filter(raised).count() as i64,
                    "{company} on {date}"
                );
            }
            assert_grown(&before, &as_of, &date);
            before = as_of;
        }
    });
}

fn assert_grown(before: &BTreeMap<String, i64>, after: &BTreeMap<String, i64>, when: &str) {
    for (company, ever) in before {
        assert!(
            after[company] >= *ever,
            "{company} had {ever} before {when}, and then {}",
            after[company]
        );
    }
}

fn bad_signals_ever(sandbox: &Sandbox, as_of: &str) -> BTreeMap<String, i64> {
    let rows =
        sandbox.array(&format!("company list --columns company_id,bad_signals_ever {as_of}"));
    let pair = |row: &Value| {
        (row["company_id"].as_str().unwrap().to_owned(), row["bad_signals_ever"].as_i64().unwrap())
    };
    rows.iter().map(pair).collect()
}

/// Changes the state of some signals.
fn acknowledge_and_reopen(sandbox: &Sandbox, random: &mut Random) {
    let signals = sandbox.array("list");
    for (state, command) in [("open", "ack"), ("closed", "reopen")] {
        let of_state = signals.iter().filter(|signal| signal["state"] == state && random.one_in(2));
        let ids: Vec<String> = of_state.map(|signal| signal["id"].to_string()).collect();
        if !ids.is_empty() {
            sandbox.ok(&format!("{command} {} --reason because", ids.join(" ")));
        }
    }
}
