//! Acknowledging and reopening: one signal, several, by filter; nothing is ever lost.

use std::collections::BTreeMap;

use crate::support::Sandbox;

/// Four companies, of which three stopped logging in by 12 March and one started; their signals are
/// of that day. A fifth follows on 13 March.
fn five_signals() -> Sandbox {
    let sandbox = Sandbox::new();
    let mut events: Vec<(&str, &str, &str, i64)> = vec![("heart", "beat", "2026-03-31", 1)];
    for company in ["a", "b", "c", "up", "late"] {
        events.push((company, "signed_up", "2026-01-10", 1));
    }
    for company in ["a", "b", "c"] {
        events.push((company, "login", "2026-03-01", 50));
    }
    events.extend([("up", "login", "2026-03-12", 9), ("late", "export", "2026-03-13", 9)]);
    sandbox.import_events(&events);
    sandbox.ok("rule set login");
    sandbox.ok("rule set export");
    sandbox.ok("run --from 2026-03-12 --to 2026-03-13");
    sandbox
}

/// The id of the signal of a company.
#[track_caller]
fn id(sandbox: &Sandbox, company: &str) -> i64 {
    let signals = sandbox.array("list");
    signals.iter().find(|signal| signal["company_id"] == company).unwrap()["id"].as_i64().unwrap()
}

fn closed(sandbox: &Sandbox) -> Vec<String> {
    let signals = sandbox.array("list --state closed");
    let mut companies: Vec<String> =
        signals.iter().map(|signal| signal["company_id"].as_str().unwrap().to_owned()).collect();
    companies.sort();
    companies
}

#[test]
fn an_acknowledgement_says_who_when_and_why() {
    let sandbox = five_signals();
    let a = id(&sandbox, "a");
    sandbox.ok(&format!("ack {a} --reason 'spoke to them' --outcome handled"));
    let signal = &sandbox.array("list a")[0];
    assert_eq!(signal["state"], "closed");
    assert_eq!(signal["reason"], "spoke to them");
    assert_eq!(signal["acknowledged_by"], "tester");
    assert_eq!(signal["acknowledged_at"], "2026-04-01T06:00:00Z");

    sandbox.ok(&format!("reopen {a} --reason 'down again' --by ann"));
    let signal = &sandbox.array("list a")[0];
    assert_eq!((signal["state"].as_str(), signal["reason"].as_str()), (Some("open"), None));

    let shown = sandbox.ok(&format!("show {a}")).stdout;
    for text in ["spoke to them", "down again", "tester", "ann", "handled"] {
        assert!(shown.contains(text), "the history lacks '{text}'\n{shown}");
    }
}

#[test]
fn an_entry_of_the_history_is_of_its_day_in_the_zone_of_the_database() {
    let mut sandbox = Sandbox::empty();
    sandbox.ok("init --timezone America/New_York");
    sandbox.write("companies.csv", "company_id,seats\nacme,9\n");
    sandbox.ok("import companies.csv");
    sandbox.ok("rule add big --kind condition --when 'seats > 5' --type bad");
    sandbox.ok("run --as-of 2026-03-31");
    // Nine in the evening of 1 April in New York.
    sandbox.at("2026-04-02T01:00:00Z").ok("ack 1 --reason evening --by ana");
    let shown = sandbox.ok("show 1").stdout;
    assert!(shown.contains("2026-04-01 acknowledged by ana\n"), "{shown}");
}

#[test]
fn outcomes_are_those_of_the_documentation() {
    let sandbox = five_signals();
    let a = id(&sandbox, "a");
    for outcome in ["handled", "expected", "false-alarm", "saved", "lost", "recovered"] {
        sandbox.ok(&format!("ack {a} --reason x --outcome {outcome}"));
        assert_eq!(sandbox.array("list --state closed")[0]["outcome"], outcome);
        sandbox.ok(&format!("reopen {a} --reason x"));
    }
    assert!(sandbox.array("list").iter().all(|signal| signal["outcome"].is_null()));
    sandbox.fails(&format!("ack {a} --reason x --outcome bored"), 2);
    sandbox.fails(&format!("ack {a} --reason x --outcome retracted"), 2);
    assert_eq!(closed(&sandbox), [""; 0]);
}

#[test]
fn refused_commands_change_nothing() {
    let sandbox = five_signals();
    let (a, b) = (id(&sandbox, "a"), id(&sandbox, "b"));
    sandbox.ok(&format!("ack {a} --reason first"));
    let before = sandbox.json("list");
    let cases = [
        (format!("ack {b}"), 2),
        (format!("ack {b} --reason ''"), 2),
        (format!("ack {b} --reason ' \t '"), 2),
        (format!("reopen {a} --reason '  '"), 2),
        (format!("reopen {a}"), 2),
        (format!("ack {a} --reason second"), 9),
        (format!("reopen {b} --reason x"), 9),
        (format!("ack {b} {a} --reason x"), 9),
        (format!("ack {b} 999999 --reason x"), 9),
        (format!("reopen {a} {b} --reason x"), 9),
        ("ack 999999 --reason x".to_owned(), 9),
        ("ack banana --reason x".to_owned(), 2),
        ("ack --reason x".to_owned(), 2),
    ];
    for (command, code) in cases {
        sandbox.fails(&command, code);
        assert_eq!(sandbox.json("list"), before, "{command}");
    }
}

#[test]
fn several_ids_are_done_in_one_call() {
    let sandbox = five_signals();
    let (a, b) = (id(&sandbox, "a"), id(&sandbox, "b"));
    sandbox.ok(&format!("ack {a} {b} --reason both"));
    assert_eq!(closed(&sandbox), ["a", "b"]);
    sandbox.ok(&format!("reopen {b} {a} --reason both"));
    assert_eq!(closed(&sandbox), [""; 0]);
}

#[test]
fn filters_take_the_place_of_ids() {
    let cases: [(&str, &[&str], &str); 5] = [
        ("--rule login", &["a", "b", "c", "up"], "4"),
        ("--rule login --type bad", &["a", "b", "c"], "3"),
        ("--until 2026-03-12", &["a", "b", "c", "up"], "4"),
        ("--since 2026-03-13", &["late"], "1"),
        ("--event export --until 2026-03-13", &["late"], "1"),
    ];
    for (filters, companies, number) in cases {
        let sandbox = five_signals();
        let refused = sandbox.fails(&format!("ack --all {filters} --reason x"), 2);
        assert_eq!(closed(&sandbox), [""; 0], "without --yes nothing is done\n{refused}");
        let done = sandbox.ok(&format!("ack --all {filters} --reason x --yes"));
        assert!(done.printed().contains(number), "it says how many\n{done}");
        assert_eq!(closed(&sandbox), companies, "{filters}");
    }
}

#[test]
fn filters_pass_over_what_is_closed_already() {
    let sandbox = five_signals();
    sandbox.ok(&format!("ack {} --reason mine", id(&sandbox, "a")));
    sandbox.ok("ack --all --rule login --reason rest --yes");
    assert_eq!(closed(&sandbox), ["a", "b", "c", "up"]);
    assert_eq!(sandbox.array("list a")[0]["reason"], "mine");
}

#[test]
fn signals_cannot_be_deleted_by_any_sequence_of_commands() {
    let sandbox = five_signals();
    let mut before = BTreeMap::new();
    let a = id(&sandbox, "a");
    for command in [
        format!("ack {a} --reason x"),
        "run --from 2026-03-13 --to 2026-03-20".to_owned(),
        format!("reopen {a} --reason x"),
        "rule set login --threshold 90 --direction up".to_owned(),
        "run --as-of 2026-03-05 --backfill".to_owned(),
        "ack --all --type bad --reason x --yes".to_owned(),
        "rule remove login".to_owned(),
        "run --as-of 2026-03-31".to_owned(),
        "rule disable export".to_owned(),
        "rule remove export".to_owned(),
    ] {
        sandbox.ok(&command);
        let now = by_type(&sandbox);
        for (kind, count) in &before {
            assert!(now.get(kind) >= Some(count), "{command}: {before:?} became {now:?}");
        }
        before = now;
    }
}

fn by_type(sandbox: &Sandbox) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for signal in sandbox.array("list") {
        *counts.entry(signal["type"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

#[test]
fn lists_are_filtered_and_sorted() {
    let sandbox = five_signals();
    sandbox.ok(&format!("ack {} --reason x", id(&sandbox, "b")));
    let cases: [(&str, &[&str]); 11] = [
        ("--type good --sort event", &["late", "up"]),
        ("--state closed", &["b"]),
        ("--state open --type bad --sort date", &["a", "c"]),
        ("up", &["up"]),
        ("--limit 1 --sort date --desc", &["late"]),
        ("--sort event", &["late", "a", "b", "c", "up"]),
        ("--sort type --rule login", &["a", "b", "c", "up"]),
        ("--sort status --rule login", &["a", "b", "c", "up"]),
        ("--sort state --rule login", &["a", "c", "up", "b"]),
        ("--sort date --since 2026-03-13", &["late"]),
        ("--until 2026-03-12 --sort chance --rule login --type good", &["up"]),
    ];
    for (filters, companies) in cases {
        let listed = sandbox.array(&format!("list {filters}"));
        let listed: Vec<&str> =
            listed.iter().map(|signal| signal["company_id"].as_str().unwrap()).collect();
        assert_eq!(listed, companies, "{filters}");
    }
}

/// Of a list with a limit, the number of signals is told: exactly, or that there are more than
/// two hundred further ones.
#[test]
fn a_list_with_a_limit_tells_how_many_signals_there_are() {
    let sandbox = five_signals();
    sandbox.ok("list --limit 2").says(&["2 of 5 signals shown"]);
    let all = sandbox.ok("list --limit 5");
    assert!(all.stderr.ends_with("\n5 signals\n"), "{all}");
    let database = rusqlite::Connection::open(sandbox.path("signals.db")).unwrap();
    let copy = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
                INSERT INTO signals (company, rule, rule_version, type, raised_on, detail)
                SELECT s.company, s.rule, s.rule_version, s.type, s.raised_on, s.detail
                FROM n JOIN signals s ON s.id = 1";
    database.execute(copy, [197]).unwrap();
    sandbox.ok("list --limit 2").says(&["2 of 202 signals shown"]);
    database.execute(copy, [1]).unwrap();
    sandbox.ok("list --limit 2").says(&["2 of more than 202 signals shown"]);
}
