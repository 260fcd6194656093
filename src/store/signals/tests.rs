use std::collections::BTreeMap;

use super::*;
use crate::domain::condition::AlreadyRaised;
use crate::domain::evidence::{ConditionEvidence, ReadValue};
use crate::domain::finding::Finding;
use crate::domain::rule::Rule;
use crate::domain::rule::{ConditionRule, RuleLogic};
use crate::domain::signal::{Action, HistoryEntry, Traffic};
use crate::store::Permissions;

/// A database with a company and a condition rule `r`, to raise signals in.
struct Setting {
    store: Store,
    company: CompanyKey,
    run: i64,
    rule: ConditionRule,
    _folder: tempfile::TempDir,
}

fn day(number: i32) -> Day {
    "2026-03-01".parse::<Day>().unwrap() + number - 1
}

impl Setting {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store =
            Store::create_or_open(&folder.path().join("test.db"), Permissions::Owner).unwrap();
        let company = store.add_unlisted_company("acme").unwrap();
        let run = store.begin_run(day(1), Instant::from_micros(0), false).unwrap();
        let setting = Setting {
            store,
            company,
            run,
            rule: ConditionRule::new("seats > 5", SignalType::Info),
            _folder: folder,
        };
        setting.save();
        setting
    }

    fn save(&self) {
        self.store.save_rule(&Rule::new("r", RuleLogic::Condition(self.rule.clone()))).unwrap();
    }

    fn raise(&self, on: i32, key: Option<&str>) -> SignalId {
        let values = BTreeMap::from([
            ("mrr".to_owned(), ReadValue::Number(12.5)),
            ("plan".to_owned(), ReadValue::Text("pro".into())),
            ("seats".to_owned(), ReadValue::Whole(7)),
            ("segment".to_owned(), ReadValue::Null),
        ]);
        let reading = ConditionEvidence { key: key.map(str::to_owned), values };
        let finding =
            Finding { signal_type: SignalType::Info, evidence: Evidence::Condition(reading) };
        let rule_version = self.store.rule("r").unwrap().unwrap().version;
        let (company, run, raised_on) = (self.company, self.run, day(on));
        let detail = "seats > 5".to_owned();
        let signal = NewSignal {
            company,
            rule: "r",
            rule_version,
            run: Some(run),
            raised_on,
            finding: &finding,
            detail,
        };
        self.store.raise(&signal).unwrap()
    }

    fn enter(&self, id: SignalId, action: Action, on: i32) {
        let at = Instant::from_micros(0);
        let entry = HistoryEntry {
            action,
            at,
            day: day(on),
            by: "ana".into(),
            reason: "seen".into(),
            outcome: None,
            until: None,
            assignee: None,
        };
        self.store.add_history(id, &entry).unwrap();
    }

    fn latest(&self, on: i32) -> Option<(Day, SignalState)> {
        match self.store.condition_signals("r", &self.rule, day(on), day(on)).unwrap() {
            AlreadyRaised::Latest(latest) => {
                latest.get(&self.company).map(|latest| (latest.raised_on, latest.state))
            }
            AlreadyRaised::Keys(_) => panic!("the rule has no key"),
        }
    }

    fn keys(&self) -> Vec<String> {
        match self.store.condition_signals("r", &self.rule, day(1), day(1)).unwrap() {
            AlreadyRaised::Keys(keys) => {
                let mut keys: Vec<String> = keys.into_values().flatten().collect();
                keys.sort();
                keys
            }
            AlreadyRaised::Latest(_) => panic!("the rule has a key"),
        }
    }
}

#[test]
fn a_signal_keeps_what_the_condition_read() {
    let setting = Setting::new();
    let id = setting.raise(3, Some("2026-06-01"));
    let signal = setting.store.signal(id).unwrap().unwrap();
    let Evidence::Condition(reading) = &signal.evidence else { panic!("{signal:?}") };
    assert_eq!(reading.key.as_deref(), Some("2026-06-01"));
    let values: Vec<String> =
        reading.values.iter().map(|(name, value)| format!("{name} {value}")).collect();
    assert_eq!(values, ["mrr 12.5", "plan pro", "seats 7", "segment unknown"]);
    assert_eq!(signal.definition.logic, RuleLogic::Condition(setting.rule.clone()));
    assert_eq!(
        (signal.event(), signal.signal_type, signal.change_pct),
        (None, SignalType::Info, None)
    );
    let info = SignalFilter { signal_type: Some(SignalType::Info), ..SignalFilter::default() };
    assert_eq!(setting.store.signal_ids(&info).unwrap(), [id]);
}

#[test]
fn the_latest_signal_and_its_state_are_those_of_the_day() {
    use SignalState::{Closed, Open};
    let setting = Setting::new();
    assert_eq!(setting.latest(10), None);
    let first = setting.raise(3, None);
    setting.enter(first, Action::Acknowledged, 5);
    setting.enter(first, Action::Reopened, 7);
    let states = [2, 3, 4, 5, 6, 7].map(|on| setting.latest(on));
    let of = |state| Some((day(3), state));
    assert_eq!(states, [None, of(Open), of(Open), of(Closed), of(Closed), of(Open)]);
    setting.raise(8, None);
    assert_eq!([setting.latest(7), setting.latest(8)], [of(Open), Some((day(8), Open))]);
}

#[test]
fn a_retracted_signal_holds_nothing_back() {
    let mut setting = Setting::new();
    let first = setting.raise(3, None);
    let second = setting.raise(5, None);
    assert_eq!(setting.latest(10), Some((day(5), SignalState::Open)));
    let retract = |setting: &Setting, id| {
        setting.enter(id, Action::Acknowledged, 6);
        let sql = "UPDATE signals SET acknowledgement = ?2, closed_on = '' WHERE id = ?1";
        let entry = "INSERT INTO signal_history (signal, action, at, day, by, reason, outcome)
                     VALUES (?1, 'acknowledged', '', '', 'signals', 'late', 'retracted')";
        setting.store.connection.execute(entry, [id]).unwrap();
        let number = setting.store.connection.last_insert_rowid();
        setting.store.connection.execute(sql, (id, number)).unwrap();
    };
    retract(&setting, second);
    assert_eq!(setting.latest(10), Some((day(3), SignalState::Open)));
    retract(&setting, first);
    assert_eq!(setting.latest(10), None);
    setting.rule.key = Some("renewal_on".into());
    setting.save();
    let told = setting.raise(7, Some("2026-06-01"));
    retract(&setting, told);
    assert_eq!(setting.keys(), [""; 0]);
}

#[test]
fn a_key_is_told_whenever_it_was_and_by_its_own_attribute() {
    let mut setting = Setting::new();
    setting.raise(3, None);
    setting.rule.key = Some("renewal_on".into());
    setting.save();
    assert_eq!(setting.keys(), [""; 0]);
    setting.raise(5, Some("2026-06-01"));
    setting.raise(6, Some("2027-06-01"));
    assert_eq!(setting.keys(), ["2026-06-01", "2027-06-01"]);
    setting.rule.key = Some("payment_expires_on".into());
    setting.save();
    assert_eq!(setting.keys(), [""; 0]);
}

#[test]
fn traffic_is_counted_as_it_is_and_as_it_was() {
    let setting = Setting::new();
    let [first, third, fifth, _] = [1, 3, 5, 7].map(|on| setting.raise(on, None));
    setting.enter(first, Action::Acknowledged, 2);
    setting.enter(third, Action::Acknowledged, 4);
    setting.enter(third, Action::Reopened, 6);
    setting.enter(fifth, Action::Acknowledged, 6);
    let traffic = |until: Option<Day>| {
        let traffic = setting.store.signal_traffic(until, day(4), day(10)).unwrap();
        assert_eq!(traffic.len(), 1);
        assert_eq!((traffic[0].0, traffic[0].1), (setting.company, SignalType::Info));
        traffic[0].2
    };
    let now = Traffic { opened: 2, closed: 1, open: 2, open_since: Some(day(3)) };
    assert_eq!(traffic(None), now);
    let on_the_fifth = Traffic { opened: 1, closed: 1, open: 1, open_since: Some(day(5)) };
    assert_eq!(traffic(Some(day(5))), on_the_fifth);
    assert_eq!(setting.store.signal_traffic(Some(day(0)), day(4), day(10)).unwrap(), []);
}
