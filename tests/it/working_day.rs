//! A CSM's working day: snoozing, commenting and assigning signals, and their tasks.

use serde_json::{Value, json};

use crate::support::Sandbox;

const COMPANIES: &str = "company_id,name,csm,seats\n\
    acme,Acme Foods,ana,9\n\
    globex,Globex,ben,9\n\
    initech,Initech,ana,1\n";

/// Two companies with two signals each, of 31 March, whose rules share the playbook `renewal`; a
/// third company without any. Today is 1 April.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("companies.csv", COMPANIES);
    sandbox.write("team.csv", "name,role,manager\nana,csm,max\nben,csm,max\nmax,manager,\n");
    sandbox.ok("import companies.csv");
    sandbox.ok("import team.csv");
    for (name, playbook) in [("big", "--playbook renewal"), ("huge", "--playbook renewal")] {
        sandbox.ok(&format!(
            "rule add {name} --kind condition --when 'seats > 5' --type bad {playbook}"
        ));
    }
    sandbox.ok("run --as-of 2026-03-31");
    sandbox
}

#[track_caller]
fn rows(sandbox: &Sandbox, command: &str, fields: &[&str]) -> Vec<Value> {
    let rows = sandbox.array(command);
    rows.iter().map(|row| fields.iter().map(|field| row[field].clone()).collect()).collect()
}

#[track_caller]
fn id(sandbox: &Sandbox, company: &str, rule: &str) -> i64 {
    let signals = sandbox.array(&format!("list {company} --rule {rule}"));
    signals[0]["id"].as_i64().unwrap()
}

#[track_caller]
fn ids(sandbox: &Sandbox, command: &str) -> Vec<i64> {
    let mut ids: Vec<i64> =
        sandbox.array(command).iter().map(|row| row["id"].as_i64().unwrap()).collect();
    ids.sort();
    ids
}

/// How many tasks of a company are open.
#[track_caller]
fn open_tasks(sandbox: &Sandbox, company: &str) -> usize {
    sandbox.array(&format!("task list --company {company}")).len()
}

#[test]
fn a_snoozed_signal_is_left_out_of_lists_until_its_day() {
    let mut sandbox = sandbox();
    let (a, g) = (id(&sandbox, "acme", "big"), id(&sandbox, "globex", "big"));
    let all = ids(&sandbox, "list");
    sandbox.ok(&format!("snooze {a} {g} --until 2026-04-03 --reason 'Call is booked'"));
    let left: Vec<i64> = all.iter().copied().filter(|id| ![a, g].contains(id)).collect();
    assert_eq!(ids(&sandbox, "list"), left);
    assert_eq!(ids(&sandbox, "list --snoozed"), [a, g]);
    assert_eq!(ids(&sandbox, "list --snoozed --csm ana"), [a]);
    assert_eq!(rows(&sandbox, "list --snoozed acme", &["snoozed_until"]), [json!(["2026-04-03"])]);
    assert_eq!(ids(&sandbox, "export signals"), all);
    let agenda = rows(&sandbox, "agenda", &["kind", "id"]);
    assert!(!agenda.contains(&json!(["signal", a])), "{agenda:?}");

    // Through the day before, by the clock.
    sandbox.at("2026-04-02T23:59:59Z");
    assert_eq!(ids(&sandbox, "list"), left);
    sandbox.at("2026-04-03T00:00:00Z");
    assert_eq!(ids(&sandbox, "list"), all);
    assert_eq!(ids(&sandbox, "list --snoozed"), [0; 0]);

    let shown = sandbox.json(&format!("show {a}"));
    let entry = &shown[0]["history"][0];
    assert_eq!(
        (entry["action"].as_str(), entry["until"].as_str(), entry["reason"].as_str()),
        (Some("snoozed"), Some("2026-04-03"), Some("Call is booked"))
    );
}

#[test]
fn what_is_snoozed_is_counted_apart_when_the_program_is_started_alone() {
    let sandbox = sandbox();
    let said = "4 bad, 0 good and 0 info signals are open, as of 2026-03-31";
    assert!(sandbox.ok("").stderr.starts_with(&format!("{said}\n")));
    sandbox.ok("snooze 1 2 3 4 --until 2026-04-03 --reason 'Call is booked'");
    let outcome = sandbox.ok("");
    let said = "0 bad, 0 good and 0 info signals are open, as of 2026-03-31; 4 more snoozed: `signals list --snoozed`";
    assert!(outcome.stderr.starts_with(&format!("{said}\n")), "{outcome}");
    assert!(!outcome.printed().contains("no signals"), "{outcome}");
}

#[test]
fn a_snooze_needs_an_open_signal_a_reason_and_a_day_to_come() {
    let sandbox = sandbox();
    let (a, g) = (id(&sandbox, "acme", "big"), id(&sandbox, "globex", "big"));
    sandbox.ok(&format!("ack {g} --reason done"));
    for (command, code) in [
        (format!("snooze {a} --until 2026-04-01 --reason x"), 2),
        (format!("snooze {a} --until 2026-03-01 --reason x"), 2),
        (format!("snooze {a} --until 2026-04-09"), 2),
        (format!("snooze {a} --until 2026-04-09 --reason ' '"), 2),
        (format!("snooze {a} --reason x"), 2),
        (format!("snooze {a} {g} --until 2026-04-09 --reason x"), 9),
        (format!("snooze {a} 99 --until 2026-04-09 --reason x"), 9),
    ] {
        sandbox.fails(&command, code);
    }
    assert_eq!(ids(&sandbox, "list --snoozed"), [0; 0]);
    // Closing it ends the snooze, even if it is reopened.
    sandbox.ok(&format!("snooze {a} --until 2026-04-09 --reason x"));
    sandbox.ok(&format!("ack {a} --reason x"));
    assert!(ids(&sandbox, "list --state closed").contains(&a));
    sandbox.ok(&format!("reopen {a} --reason x"));
    assert_eq!(ids(&sandbox, "list --snoozed"), [0; 0]);
    sandbox.ok("check");
}

#[test]
fn notes_and_assignments_close_nothing() {
    let sandbox = sandbox();
    let a = id(&sandbox, "acme", "big");
    sandbox.ok(&format!("note {a} 'Asked support'"));
    let named = sandbox.ok(&format!("assign {a} ben"));
    assert!(!named.stderr.contains("warning"), "{named}");
    let stranger = sandbox.ok(&format!("assign {a} Zoltan"));
    stranger.says(&["warning", "Zoltan"]);
    let listed = rows(&sandbox, "list acme --rule big", &["state", "reason", "assigned_to"]);
    assert_eq!(listed, [json!(["open", null, "Zoltan"])]);
    // A closed signal can still be commented.
    sandbox.ok(&format!("ack {a} --reason done"));
    sandbox.ok(&format!("note {a} 'They answered'"));
    assert_eq!(rows(&sandbox, "list acme --rule big", &["state"]), [json!(["closed"])]);
    let shown = sandbox.json(&format!("show {a}"));
    let history = shown[0]["history"].as_array().unwrap();
    let told: Vec<Value> =
        history.iter().map(|e| json!([e["action"], e["reason"], e["assignee"]])).collect();
    assert_eq!(
        told,
        [
            json!(["noted", "Asked support", null]),
            json!(["assigned", null, "ben"]),
            json!(["assigned", null, "Zoltan"]),
            json!(["acknowledged", "done", null]),
            json!(["noted", "They answered", null]),
        ]
    );
    for (command, code) in [
        (format!("note {a} ' '"), 2),
        (format!("note {a}"), 2),
        ("note 99 x".to_owned(), 9),
        (format!("assign {a} ' '"), 2),
        ("assign 99 ben".to_owned(), 9),
    ] {
        sandbox.fails(&command, code);
    }
    sandbox.ok("check");
}

#[test]
fn a_second_signal_shares_the_open_tasks_of_its_playbook() {
    let sandbox = sandbox();
    let steps = sandbox.array("playbook show renewal")[0]["steps"].as_array().unwrap().len();
    assert_eq!(open_tasks(&sandbox, "acme"), steps);
    for rule in ["big", "huge"] {
        let shown = sandbox.json(&format!("show {}", id(&sandbox, "acme", rule)));
        assert_eq!(shown[0]["tasks"].as_array().unwrap().len(), steps, "{rule}");
    }
    // They stay as long as one of the two is open.
    let (big, huge) = (id(&sandbox, "acme", "big"), id(&sandbox, "acme", "huge"));
    sandbox.ok(&format!("ack {big} --reason x --outcome false-alarm"));
    assert_eq!(open_tasks(&sandbox, "acme"), steps);
    sandbox.ok(&format!("ack {huge} --reason 'never mind' --outcome false-alarm"));
    assert_eq!(open_tasks(&sandbox, "acme"), 0);
    let dropped = rows(
        &sandbox,
        "task list --state dropped --company acme",
        &["state", "note", "dropped_by"],
    );
    assert_eq!(dropped, vec![json!(["dropped", "never mind", "tester"]); steps]);
    assert!(open_tasks(&sandbox, "globex") > 0);
    sandbox.ok("check");
}

#[test]
fn outcomes_that_leave_nothing_to_do_drop_the_tasks() {
    for (outcome, drops) in [
        ("--outcome false-alarm", true),
        ("--outcome expected", true),
        ("--outcome recovered", true),
        ("--outcome handled", false),
        ("--outcome saved", false),
        ("--outcome lost", false),
        ("", false),
    ] {
        let sandbox = sandbox();
        let before = open_tasks(&sandbox, "acme");
        let (big, huge) = (id(&sandbox, "acme", "big"), id(&sandbox, "acme", "huge"));
        sandbox.ok(&format!("ack {big} {huge} --reason x {outcome}"));
        let left = if drops { 0 } else { before };
        assert_eq!(open_tasks(&sandbox, "acme"), left, "{outcome}");
    }
    // Only a run retracts.
    sandbox().fails("ack 1 --reason x --outcome retracted", 2).says(&["recovered"]);
}

#[test]
fn tasks_are_dropped_by_number_and_by_filter() {
    let sandbox = sandbox();
    let (acme, globex) =
        (ids(&sandbox, "task list --company acme"), ids(&sandbox, "task list --company globex"));
    let first = acme[0];
    sandbox.ok(&format!("task drop {first} --reason 'not needed'"));
    let row = rows(&sandbox, "task list --state dropped", &["id", "state", "note", "done_on"]);
    assert_eq!(row, [json!([first, "dropped", "not needed", null])]);
    sandbox.fails(&format!("task drop {first}"), 9).says(&["dropped already"]);
    sandbox.fails(&format!("task done {first}"), 9);
    sandbox.fails(&format!("task drop {} {first}", acme[1]), 9);
    sandbox.fails("task drop", 2);
    sandbox.fails("task drop --company acme", 2);
    sandbox.fails("task drop --all --company acme", 2).says(&["--yes"]);
    assert_eq!(open_tasks(&sandbox, "acme"), acme.len() - 1);
    sandbox.ok("task drop --all --company acme --yes").says(&["match"]);
    assert_eq!((open_tasks(&sandbox, "acme"), open_tasks(&sandbox, "globex")), (0, globex.len()));
    sandbox.ok("check");
}

#[test]
fn a_company_that_churns_takes_its_tasks_along() {
    let mut sandbox = sandbox();
    sandbox.ok("task add acme 'Say goodbye' --due 2026-04-09");
    let (acme, globex) = (open_tasks(&sandbox, "acme"), open_tasks(&sandbox, "globex"));
    sandbox.ok("company churn acme --on 2026-03-31").says(&["dropped"]);
    assert_eq!(open_tasks(&sandbox, "acme"), 0);
    assert_eq!(sandbox.array("task list --state dropped --company acme").len(), acme);
    sandbox.ok("company return acme --on 2026-04-01");
    assert_eq!(open_tasks(&sandbox, "acme"), 0);

    // An announced churn drops the tasks on its day.
    sandbox.write("later.csv", "company_id,churned_on\nglobex,2026-04-03\n");
    sandbox.ok("import later.csv --kind companies");
    assert_eq!(open_tasks(&sandbox, "globex"), globex);
    sandbox.at("2026-04-04T06:00:00Z").ok("run --as-of 2026-04-03");
    assert_eq!(open_tasks(&sandbox, "globex"), 0);
    // Tasks added afterwards stay.
    sandbox.ok("task add globex 'Win them back' --due 2026-04-20");
    sandbox.at("2026-04-05T06:00:00Z").ok("run --as-of 2026-04-04");
    assert_eq!(open_tasks(&sandbox, "globex"), 1);
    sandbox.ok("check");
}

#[test]
fn signals_are_reopened_by_filter() {
    let sandbox = sandbox();
    sandbox.ok("ack --all --rule big --reason x --yes");
    sandbox.fails("reopen --all --rule big --reason y", 2);
    assert_eq!(sandbox.array("list --state closed").len(), 2);
    let done = sandbox.ok("reopen --all --rule big --csm ana --reason y --yes");
    done.says(&["1 signal matches"]);
    let closed = rows(&sandbox, "list --state closed", &["company_id"]);
    assert_eq!(closed, [json!(["globex"])]);
    sandbox.fails("reopen --all --state open --reason y --yes", 9);
}

/// The ids of the companies of the agenda, in order.
#[track_caller]
fn agenda(sandbox: &Sandbox, options: &str) -> Vec<String> {
    let mut companies: Vec<String> = sandbox
        .array(&format!("agenda {options}"))
        .iter()
        .map(|line| line["company_id"].as_str().unwrap().to_owned())
        .collect();
    companies.dedup();
    companies
}

#[test]
fn the_agenda_says_why_and_in_which_order() {
    let sandbox = sandbox();
    // Points: initech 4 for the renewal and 3 for the pulse; acme and globex 2 for their signals,
    // and the one that pays at least the median of 300 one more.
    sandbox.write(
        "more.csv",
        "company_id,mrr,renewal_on\nacme,300,\nglobex,200,\ninitech,675,2026-04-07\n",
    );
    sandbox.ok("import more.csv --kind companies");
    sandbox.ok("pulse set initech high-risk --by ana");
    assert_eq!(agenda(&sandbox, "--all"), ["initech", "acme", "globex"]);
    let stakes = rows(&sandbox, "agenda", &["company_id", "kind", "stake"]);
    assert_eq!(stakes[0], json!(["initech", "company", 9]));
    assert_eq!(stakes[1], json!(["acme", "signal", 3]));
    let shown = sandbox.ok("agenda").stdout;
    for text in [
        "1. Initech (initech), ana",
        "renewal in 6 days, pulse high-risk since 2026-04-01",
        ", 675 a month",
        "2 signals that still hold, 300 a month",
    ] {
        assert!(shown.contains(text), "the agenda lacks '{text}'\n{shown}");
    }
    assert_eq!(agenda(&sandbox, "--limit 1"), ["initech"]);
    let shown = sandbox.ok("agenda --limit 1 --csm ANA").stdout;
    assert!(
        shown.contains("1 company is left out, of 2: `signals agenda --csm ana --all`"),
        "{shown}"
    );
    sandbox.fails("agenda --limit 1 --all", 2);
}

#[test]
fn the_agenda_is_that_of_the_user_where_that_is_a_csm() {
    let sandbox = sandbox();
    assert_eq!(agenda(&sandbox, ""), ["acme", "globex"]);
    assert_eq!(agenda(&sandbox, "--by ben"), ["globex"]);
    assert_eq!(agenda(&sandbox, "--by ben --everyone"), ["acme", "globex"]);
    assert_eq!(agenda(&sandbox, "--by ben --csm ana"), ["acme"]);
    // An assigned signal is on the assignee's agenda, too.
    sandbox.ok(&format!("assign {} ben", id(&sandbox, "acme", "big")));
    assert_eq!(agenda(&sandbox, "--csm ben"), ["acme", "globex"]);
    assert_eq!(agenda(&sandbox, "--csm ana"), ["acme"]);
}

#[test]
fn the_agenda_counts_what_is_good_and_names_what_is_over() {
    let mut sandbox = sandbox();
    sandbox.ok("rule add nice --kind condition --when 'seats > 5' --type good");
    sandbox.ok("run --as-of 2026-03-31");
    sandbox.write("fewer.csv", "company_id,seats\nglobex,1\n");
    sandbox.ok("import fewer.csv --kind companies");
    sandbox.at("2026-04-02T06:00:00Z").ok("run --as-of 2026-04-01");
    let (big, huge) = (id(&sandbox, "globex", "big"), id(&sandbox, "globex", "huge"));
    let shown = sandbox.ok("agenda --csm ben").stdout;
    assert!(shown.contains("1 good signal\n"), "{shown}");
    if sandbox.array("list globex --rule big")[0]["holds"] == json!(false) {
        let over = format!("2 signals no longer hold: {big}, {huge}");
        assert!(shown.contains(&over), "{shown}");
        assert!(!shown.contains(&format!("signal {big} ")), "{shown}");
    }
}

#[test]
fn reviews_are_asked_for_where_they_are_known_or_wanted() {
    let sandbox = sandbox();
    sandbox.write("old.csv", "company_id,created_on\nacme,2025-01-01\ninitech,2025-01-01\n");
    sandbox.ok("import old.csv --kind companies");
    let reviews = || -> Vec<Value> {
        let lines = rows(&sandbox, "agenda", &["company_id", "kind"]);
        lines.into_iter().filter(|line| line[1] == "review").collect()
    };
    assert!(reviews().is_empty());
    sandbox.write(
        "touchpoints.csv",
        "company_id,occurred_at,direction,kind\nacme,2025-12-01,outbound,review\n",
    );
    sandbox.ok("import touchpoints.csv");
    assert_eq!(reviews(), [json!(["acme", "review"])]);
    sandbox.ok("rule preset add review-due");
    assert_eq!(reviews(), [json!(["acme", "review"]), json!(["initech", "review"])]);
}

#[test]
fn names_are_found_without_case_and_by_a_beginning_that_only_one_has() {
    let sandbox = sandbox();
    sandbox.ok("segment add Grown-up --where 'seats > 5'");
    for command in [
        "list ACME",
        "list acm",
        "list 'acme f'",
        "list acme --csm ANA",
        "list acme --csm an",
        "list acme --segment grown-UP",
        "list acme --segment grown",
    ] {
        assert_eq!(sandbox.array(command).len(), 2, "{command}");
    }
    assert_eq!(sandbox.array("list --rule BIG").len(), 2);
    assert_eq!(sandbox.array("list --rule b").len(), 2);
    assert_eq!(sandbox.array("list --rule nothing").len(), 0);
    sandbox.write("more.csv", "company_id,name\nacmeville,Acmeville\n");
    sandbox.ok("import more.csv");
    // An exact name takes precedence over a prefix; an ambiguous prefix matches nothing.
    assert_eq!(sandbox.array("list acme").len(), 2);
    sandbox.fails("list acm", 9).says(&["acme", "acmeville"]);
    assert_eq!(sandbox.array("task list --csm BEN").len(), open_tasks(&sandbox, "globex"));
    sandbox.fails("inbox --for nobody", 9);
    sandbox.ok("inbox --for An");
    sandbox.ok("team remove max");
    sandbox.write("team.csv", "name,role\nMia,csm\nMax,csm\n");
    sandbox.ok("import team.csv");
    let several = sandbox.fails("inbox --for m", 9);
    several.says(&["'m' fits 2 members of the team", "their names: Max, Mia"]);
    sandbox.fails("report csm m", 9).says(&["'m' fits 2 CSMs", "Max, Mia"]);
}

#[test]
fn every_command_finds_a_rule_without_case_and_by_its_beginning() {
    let sandbox = sandbox();
    let is_on = || sandbox.array("rule show big")[0]["enabled"] == json!(true);
    for name in ["BIG", "bi"] {
        assert_eq!(sandbox.array(&format!("rule show {name}"))[0]["name"], json!("big"));
        sandbox.ok(&format!("rule disable {name}")).says(&["the rule 'big' is off"]);
        assert!(!is_on());
        sandbox.ok(&format!("rule enable {name}")).says(&["the rule 'big' is on"]);
        assert!(is_on());
        sandbox.ok(&format!("run --as-of 2026-03-31 --accept {name}"));
    }
    // It is found, and then there are no events to replay it on.
    sandbox.fails("backtest --rule BI", 9).says(&["there are no events"]);
    sandbox.ok("rule add bigger --kind condition --when 'seats > 7' --type bad");
    for command in ["rule show b", "rule remove B", "run --accept b", "backtest --rule b"] {
        sandbox.fails(command, 9).says(&["fits 2 rules", "their names: big, bigger"]);
    }
    sandbox.ok("list --rule b").says(&["'b' fits 2 rules: their names: big, bigger"]);
    assert_eq!(sandbox.array("rule show big")[0]["name"], json!("big"));
    sandbox.ok("rule remove BIGG").says(&["removed the rule 'bigger'"]);
    assert_eq!(sandbox.array("rule list").len(), 2);
    sandbox.fails("rule show nope", 9).says(&["there is no rule 'nope'"]);
    // The signals of a removed rule are found by its name.
    sandbox.ok("rule remove hu").says(&["removed the rule 'huge'"]);
    sandbox.fails("rule show hu", 9).says(&["there is no rule 'hu'"]);
    assert_eq!(sandbox.array("list --rule HU").len(), 2);
    let nothing = sandbox.ok("ack --all --rule nope --reason x --yes");
    nothing.says(&["0 signals match", "there is no rule 'nope'"]);
    sandbox.ok("ack --all --rule HU --reason x --yes").says(&["2 signals match"]);
    let nothing = sandbox.ok("ack --all --rule HU --reason x --yes");
    assert!(!nothing.stderr.contains("there is no rule"), "{nothing}");
}

#[test]
fn a_segment_is_removed_by_the_name_that_is_found() {
    let sandbox = sandbox();
    sandbox.ok("segment add grown --where 'seats > 5'");
    sandbox.ok("segment add grand --where 'seats > 50'");
    sandbox.fails("segment show gr", 9).says(&["'gr' fits 2 segments", "grand, grown"]);
    sandbox.ok("segment remove GRO").says(&["the segment 'grown' is removed"]);
    assert_eq!(rows(&sandbox, "segment list", &["name"]), [json!(["grand"])]);
}

#[test]
fn only_a_snoozed_signal_can_be_brought_back() {
    let mut sandbox = sandbox();
    let (a, g) = (id(&sandbox, "acme", "big"), id(&sandbox, "globex", "big"));
    let entries = |sandbox: &Sandbox| {
        sandbox.json(&format!("show {a}"))[0]["history"].as_array().unwrap().len()
    };
    let cancel = format!("snooze {a} --cancel --reason back");
    let refused = format!("signal {a} is not snoozed");
    sandbox.fails(&cancel, 9).says(&[&refused]);
    sandbox.ok(&format!("snooze {a} --until 2026-04-03 --reason x"));
    sandbox.fails(&format!("snooze {a} {g} --cancel --reason back"), 9);
    assert_eq!(entries(&sandbox), 1);
    sandbox.ok(&cancel);
    assert_eq!(entries(&sandbox), 2);
    assert_eq!(rows(&sandbox, &format!("show {a}"), &["snoozed_until"]), [json!([null])]);
    sandbox.fails(&cancel, 9).says(&[&refused]);
    assert_eq!(entries(&sandbox), 2);
    // One whose day has come is back already.
    sandbox.ok(&format!("snooze {a} --until 2026-04-03 --reason x"));
    sandbox.at("2026-04-03T00:00:00Z").fails(&cancel, 9).says(&[&refused]);
    sandbox.ok(&format!("ack {a} --reason done"));
    sandbox.fails(&cancel, 9).says(&["was acknowledged already"]);
    sandbox.fails("snooze 99 --cancel --reason back", 9).says(&["there is no signal 99"]);
}

#[test]
fn days_can_be_counted_from_today() {
    let sandbox = sandbox();
    let count = |command: &str| sandbox.array(command).len();
    assert_eq!(count("list --since yesterday"), 4);
    assert_eq!(count("list --since today"), 0);
    assert_eq!(count("list --until -2d"), 0);
    assert_eq!(count("list --until -1d --since -7d"), 4);
    assert_eq!(count("company list --as-of yesterday"), 3);
    let a = id(&sandbox, "acme", "big");
    sandbox.ok(&format!("snooze {a} --until +14d --reason x"));
    assert_eq!(rows(&sandbox, "list --snoozed", &["snoozed_until"]), [json!(["2026-04-15"])]);
    sandbox.ok("task add initech Call --due +3d");
    let due = rows(&sandbox, "task list --company initech", &["due_on"]);
    assert_eq!(due, [json!(["2026-04-04"])]);
    sandbox.fails("list --since 7d", 2).says(&["yesterday", "-7d"]);
    sandbox.fails("agenda --as-of tomorrow", 2);
}
