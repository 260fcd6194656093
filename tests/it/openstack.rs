//! Real data that is not ours to keep: who worked on OpenStack, from public git history.
//! `SIGNALS_OPENSTACK_CSV` says where the events are: `cargo test -- --ignored openstack`.

use std::collections::BTreeMap;

use crate::naive::{self, History, Rule, Signal};
use crate::support::{Sandbox, setting};

/// The data reaches into August 2026.
const NOW: &str = "2027-01-01T06:00:00Z";

#[test]
#[ignore = "needs SIGNALS_OPENSTACK_CSV"]
fn openstack_signals_are_those_of_the_naive_model() {
    let path =
        setting("SIGNALS_OPENSTACK_CSV").expect("SIGNALS_OPENSTACK_CSV names the event file");
    let rules = [
        Rule::event("commit.nova", 7, 15),
        Rule::event("merge.neutron", 14, 30),
        Rule { max_chance: Some(0.05), ..Rule::event("bugfix", 9, 25) },
    ];
    let expected = expected_signals(&path, &rules);
    assert!(!expected.is_empty());

    let sandbox = Sandbox::new_at(NOW);
    sandbox.ok(&format!("import '{path}'"));
    sandbox.ok(&format!("import '{path}'")).says(&["new 0,"]);
    for rule in &rules {
        sandbox.ok(&rule.command());
    }
    sandbox.ok("run --from 2015-01-01 --to 2015-12-31");
    let listed = sandbox.ok("list --format ndjson").stdout;
    let mut raised: Vec<Signal> = listed
        .lines()
        .map(|line| Signal::from_json(&serde_json::from_str(line).unwrap()))
        .collect();
    Signal::sort(&mut raised);
    naive::assert_same(&raised, &expected, "OpenStack in 2015");
}

fn expected_signals(path: &str, rules: &[Rule]) -> Vec<Signal> {
    let csv = std::fs::read_to_string(path).expect("the event file");
    let stored = naive::stored(&[naive::read_rows(&csv)]);
    History::new(&stored, &BTreeMap::new()).run(rules, "2015-01-01", "2015-12-31")
}
