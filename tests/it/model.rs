//! Random sequences of commands, compared with a model in memory that predicts their effects:
//! events after imports and undos, tags and pulses, and the states of signals. Which signals rules
//! raise is tested elsewhere (`property`); the model accepts the new signals of a run, and expects
//! the old ones to be unchanged.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use serde_json::Value;

use crate::ground::is_full;
use crate::support::Sandbox;

const COMPANIES: [&str; 3] = ["a", "b", "c"];
const EVENTS: [&str; 2] = ["login", "export"];
const LEVELS: [(&str, i64); 3] = [("severe-risk", 1), ("some-risk", 3), ("satisfied", 4)];

/// A row of an event file: company, event, day of March, minute of an hour.
type Row = (usize, usize, u32, u32);

/// A command, with numbers that the model takes modulo the number of possible targets.
#[derive(Debug, Clone)]
enum Step {
    Import(Vec<Row>),
    /// The file of the previous import, again.
    Again,
    Undo,
    Rule(usize, u32),
    Run,
    Ack(usize),
    Reopen(usize),
    Note(usize),
    Tag(usize, bool),
    Pulse(usize, usize),
}

#[derive(Debug, Default, Clone, PartialEq)]
struct Signal {
    is_closed: bool,
    actions: Vec<&'static str>,
}

/// The copies of each event: for a row, the maximum over all files.
type Events = BTreeMap<Row, u64>;

#[derive(Debug, Default)]
struct Model {
    events: Events,
    /// The events before each import that can be undone.
    before: Vec<Events>,
    last_file: Vec<Row>,
    tags: BTreeSet<usize>,
    pulses: BTreeMap<usize, i64>,
    rules: BTreeMap<usize, u32>,
    signals: BTreeMap<i64, Signal>,
    /// The next day of March to run.
    next_day: u32,
}

impl Model {
    fn import(&mut self, file: &[Row]) {
        self.before.push(self.events.clone());
        let mut copies = Events::new();
        file.iter().for_each(|row| *copies.entry(*row).or_default() += 1);
        for (row, copies) in copies {
            let stored = self.events.entry(row).or_default();
            *stored = copies.max(*stored);
        }
        self.last_file = file.to_vec();
    }

    fn signal(&mut self, number: usize) -> (i64, &mut Signal) {
        // One more than exist: an unknown id.
        let place = number % (self.signals.len() + 1);
        let unknown = self.signals.keys().next_back().unwrap_or(&0) + 1;
        let id = self.signals.keys().nth(place).copied().unwrap_or(unknown);
        (id, self.signals.entry(id).or_default())
    }

    /// The command of a step, and its expected exit code.
    fn take(&mut self, step: &Step, sandbox: &Sandbox) -> Option<(String, i32)> {
        match step {
            Step::Import(file) => {
                self.import(file);
                Some((write(sandbox, file), 0))
            }
            Step::Again => {
                let file = self.last_file.clone();
                if file.is_empty() {
                    return None;
                }
                self.import(&file);
                Some((write(sandbox, &file), 0))
            }
            Step::Undo => {
                self.events = self.before.pop()?;
                Some(("import --undo".to_owned(), 0))
            }
            Step::Rule(event, threshold) => {
                self.rules.insert(*event, *threshold);
                let event = EVENTS[*event];
                Some((format!("rule set {event} --timeframe 7 --threshold {threshold}"), 0))
            }
            Step::Run => {
                self.next_day += 1;
                let day = self.next_day;
                Some((format!("run --as-of 2026-03-{day:02} --max-lag 100000"), 0))
            }
            Step::Ack(number) => self.change(*number, "ack", true),
            Step::Reopen(number) => self.change(*number, "reopen", false),
            Step::Note(number) => {
                let known = self.signals.len();
                let (id, signal) = self.signal(*number);
                signal.actions.push("noted");
                let is_known = self.forget_unknown(id, known);
                Some((format!("note {id} 'called them'"), if is_known { 0 } else { 9 }))
            }
            Step::Tag(company, is_on) => {
                let name = COMPANIES[*company];
                let is_changed = match is_on {
                    true => self.tags.insert(*company),
                    false => self.tags.remove(company),
                };
                let option = if *is_on { "vip" } else { "--remove vip" };
                let code = if *is_on || is_changed { 0 } else { 9 };
                Some((format!("company tag {name} {option}"), code))
            }
            Step::Pulse(company, level) => {
                let (name, number) = LEVELS[*level];
                self.pulses.insert(*company, number);
                Some((format!("pulse set {} {name}", COMPANIES[*company]), 0))
            }
        }
    }

    fn change(&mut self, number: usize, command: &str, closes: bool) -> Option<(String, i32)> {
        let known = self.signals.len();
        let (id, signal) = self.signal(number);
        let is_allowed = signal.is_closed != closes;
        if is_allowed {
            signal.is_closed = closes;
            signal.actions.push(if closes { "acknowledged" } else { "reopened" });
        }
        let is_known = self.forget_unknown(id, known);
        let code = if is_allowed && is_known { 0 } else { 9 };
        Some((format!("{command} {id} --reason because"), code))
    }

    /// Removes the signal if no signal has that id; returns whether one has.
    fn forget_unknown(&mut self, id: i64, known: usize) -> bool {
        if self.signals.len() > known {
            self.signals.remove(&id);
        }
        self.signals.len() == known && self.signals.contains_key(&id)
    }

    /// Adds the signals that a run raised.
    fn take_new_signals(&mut self, sandbox: &Sandbox) {
        for signal in sandbox.array("list") {
            self.signals.entry(signal["id"].as_i64().unwrap()).or_default();
        }
    }

    fn compare(&self, sandbox: &Sandbox) -> TestCaseResult {
        prop_assert_eq!(events_of(sandbox), self.events.clone());
        let companies = sandbox.array("company list --columns company_id,tags,pulse");
        for company in companies {
            let name = company["company_id"].as_str().unwrap();
            let number = COMPANIES.iter().position(|known| *known == name).unwrap();
            let tags = if self.tags.contains(&number) { "vip".into() } else { Value::Null };
            prop_assert_eq!(&company["tags"], &tags);
            let pulse = self.pulses.get(&number).map_or(Value::Null, |level| (*level).into());
            prop_assert_eq!(&company["pulse"], &pulse);
        }
        let rules: BTreeMap<String, u64> = sandbox
            .array("rule list")
            .iter()
            .map(|rule| {
                let threshold = rule["threshold"].as_f64().unwrap();
                (rule["name"].as_str().unwrap().to_owned(), threshold as u64)
            })
            .collect();
        let expected = self.rules.iter();
        let expected: BTreeMap<String, u64> =
            expected.map(|(event, of)| (EVENTS[*event].to_owned(), u64::from(*of))).collect();
        prop_assert_eq!(rules, expected);
        prop_assert_eq!(signals_of(sandbox), self.signals.clone());
        prop_assert_eq!(sandbox.ok("check").stdout, "");
        Ok(())
    }
}

fn write(sandbox: &Sandbox, file: &[Row]) -> String {
    let mut text = "company_id,event,timestamp\n".to_owned();
    for row in file {
        text.push_str(&line(row));
        text.push('\n');
    }
    sandbox.write("events.csv", &text);
    "import events.csv".to_owned()
}

fn line((company, event, day, minute): &Row) -> String {
    let (company, event) = (COMPANIES[*company], EVENTS[*event]);
    format!("{company},{event},2026-03-{day:02}T10:{minute:02}:00Z")
}

fn events_of(sandbox: &Sandbox) -> Events {
    let place = |names: &[&str], of: &Value| names.iter().position(|name| of == name).unwrap();
    let number = |text: &str, from: usize| text[from..from + 2].parse().unwrap();
    let rows = sandbox.array("export events");
    rows.iter()
        .map(|row| {
            let time = row["timestamp"].as_str().unwrap();
            let (company, event) =
                (place(&COMPANIES, &row["company_id"]), place(&EVENTS, &row["event"]));
            let copies = row["count"].as_u64().unwrap();
            ((company, event, number(time, 8), number(time, 14)), copies)
        })
        .collect()
}

fn signals_of(sandbox: &Sandbox) -> BTreeMap<i64, Signal> {
    let mut signals: BTreeMap<i64, Signal> = sandbox
        .array("list")
        .iter()
        .map(|signal| {
            let is_closed = signal["state"] == "closed";
            (signal["id"].as_i64().unwrap(), Signal { is_closed, actions: Vec::new() })
        })
        .collect();
    let database = sandbox.database();
    let mut history =
        database.prepare("SELECT signal, action FROM signal_history ORDER BY id").unwrap();
    let mut rows = history.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let (signal, action): (i64, String) = (row.get(0).unwrap(), row.get(1).unwrap());
        let known = ["acknowledged", "reopened", "noted"].iter().find(|known| **known == action);
        if let Some(known) = known {
            signals.get_mut(&signal).unwrap().actions.push(known);
        }
    }
    signals
}

fn step() -> impl Strategy<Value = Step> {
    let row = (0..COMPANIES.len(), 0..EVENTS.len(), 1u32..12, 0u32..4);
    prop_oneof![
        4 => prop::collection::vec(row, 1..40).prop_map(Step::Import),
        1 => Just(Step::Again),
        1 => Just(Step::Undo),
        2 => (0..EVENTS.len(), 5u32..60).prop_map(|(event, of)| Step::Rule(event, of)),
        3 => Just(Step::Run),
        2 => (0usize..50).prop_map(Step::Ack),
        1 => (0usize..50).prop_map(Step::Reopen),
        1 => (0usize..50).prop_map(Step::Note),
        1 => (0..COMPANIES.len(), any::<bool>()).prop_map(|(of, is_on)| Step::Tag(of, is_on)),
        1 => (0..COMPANIES.len(), 0..LEVELS.len()).prop_map(|(of, level)| Step::Pulse(of, level)),
    ]
}

fn prepared() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("companies.csv", "company_id,name\na,A\nb,B\nc,C\n");
    sandbox.ok("import companies.csv");
    sandbox
}

fn follow(steps: &[Step], forgets: bool) -> TestCaseResult {
    let sandbox = prepared();
    let mut model = Model { next_day: 1, ..Model::default() };
    for step in steps {
        let Some((command, code)) = model.take(step, &sandbox) else { continue };
        let outcome = sandbox.run(&command);
        prop_assert_eq!(outcome.status, code, "{}", outcome);
        if matches!(step, Step::Run) {
            model.take_new_signals(&sandbox);
        }
        if forgets {
            model.tags.clear();
        }
    }
    model.compare(&sandbox)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if is_full() { 200 } else { 8 },
        max_shrink_iters: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn commands_do_what_a_model_in_memory_does(steps in prop::collection::vec(step(), 1..25)) {
        follow(&steps, false)?;
    }
}

/// The control: a model that forgets something differs from the program.
#[test]
fn a_model_that_forgets_is_found_out() {
    assert!(follow(&[Step::Tag(0, true)], false).is_ok());
    assert!(follow(&[Step::Tag(0, true)], true).is_err());
}
