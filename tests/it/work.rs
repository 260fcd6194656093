//! Playbooks, tasks, tags and the agenda.

use serde_json::{Value, json};

use crate::support::{Outcome, Sandbox};

const COMPANIES: &str = "company_id,name,csm,manager,created_on\n\
    acme,Acme Foods,ana,,2026-03-01\n\
    globex,Globex,ben,eva,2026-03-01\n\
    alone,Alone,,,2026-03-01\n";

/// Three companies and a team on 1 April 2026; nothing was run yet, so entries count on this day.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("companies.csv", COMPANIES);
    sandbox.write("team.csv", "name,role,manager\nana,csm,max\nben,csm,max\nmax,manager,\n");
    sandbox.ok("import companies.csv");
    sandbox.ok("import team.csv");
    sandbox
}

/// Some fields of a list, row by row.
#[track_caller]
fn rows(sandbox: &Sandbox, command: &str, fields: &[&str]) -> Vec<Value> {
    let rows = sandbox.array(command);
    rows.iter().map(|row| fields.iter().map(|field| row[field].clone()).collect()).collect()
}

#[track_caller]
fn ids(sandbox: &Sandbox, command: &str) -> Vec<i64> {
    sandbox.array(command).iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

#[test]
fn a_playbook_opens_a_task_for_each_step_and_tags_the_company() {
    let sandbox = sandbox();
    let opened =
        rows(&sandbox, "playbook start win-back acme", &["due_on", "for", "assignee", "playbook"]);
    let expected = [
        json!(["2026-04-03", "csm", "ana", "win-back"]),
        json!(["2026-04-06", "csm", "ana", "win-back"]),
        json!(["2026-04-08", "manager", "max", "win-back"]),
        json!(["2026-04-11", "csm", "ana", "win-back"]),
        json!(["2026-05-01", "csm", "ana", "win-back"]),
    ];
    assert_eq!(opened, expected);
    assert_eq!(
        rows(&sandbox, "company tag acme", &["tag", "added_on"]),
        [json!(["watch-list", "2026-04-01"])]
    );
    // Started again, the tag already exists.
    sandbox.ok("playbook start win-back acme");
    assert_eq!(rows(&sandbox, "company tag acme", &["tag"]), [json!(["watch-list"])]);

    sandbox.fails("playbook start winback acme", 9).says(&["win-back"]);
    sandbox.fails("playbook show renewl", 9).says(&["renewal"]);
    sandbox.fails("playbook start renewal acne", 9).says(&["acme"]);
    assert_eq!(ids(&sandbox, "task list").len(), 10);
}

#[test]
fn an_entry_counts_on_its_day_by_the_clock() {
    let mut sandbox = sandbox();
    sandbox.ok("run --as-of 2026-03-10");
    let opened =
        rows(&sandbox, "playbook start payment globex", &["added_on", "due_on", "assignee"]);
    let expected = [
        json!(["2026-04-01", "2026-04-02", "ben"]),
        json!(["2026-04-01", "2026-04-06", "ben"]),
        json!(["2026-04-01", "2026-04-13", "eva"]),
    ];
    assert_eq!(opened, expected);
    sandbox.at("2026-04-02T08:00:00Z").ok("task done 1 --note 'they paid' --by ben");
    let done =
        rows(&sandbox, "task list --state done", &["id", "done_on", "done_at", "done_by", "note"]);
    assert_eq!(done, [json!([1, "2026-04-02", "2026-04-02T08:00:00Z", "ben", "they paid"])]);
}

#[test]
fn open_tasks_follow_the_company_and_assigned_ones_the_person() {
    let sandbox = sandbox();
    for (who, title) in [("csm", "one"), ("manager", "two"), ("csm", "three"), ("csm", "four")] {
        sandbox.ok(&format!("task add acme {title} --due 2026-04-05 --for {who}"));
    }
    sandbox.ok("task assign 3 ana");
    sandbox.ok("task done 4");
    let whose = || rows(&sandbox, "task list --state all", &["title", "assignee"]);
    assert_eq!(
        whose(),
        [
            json!(["one", "ana"]),
            json!(["two", "max"]),
            json!(["three", "ana"]),
            json!(["four", "ana"])
        ]
    );
    sandbox.write("companies.csv", &COMPANIES.replace("ana,,", "ben,eva,"));
    sandbox.ok("import companies.csv");
    assert_eq!(
        whose(),
        [
            json!(["one", "ben"]),
            json!(["two", "eva"]),
            json!(["three", "ana"]),
            json!(["four", "ana"])
        ]
    );
    sandbox.ok("task assign 3 csm");
    assert_eq!(whose()[2], json!(["three", "ben"]));
    sandbox.ok("task add alone five --due 2026-04-05");
    assert_eq!(whose()[4], json!(["five", null]));
}

#[test]
fn a_person_need_not_be_in_the_team() {
    let sandbox = sandbox();
    sandbox
        .ok("task add acme Call --due 2026-04-05 --for anna")
        .says(&["warning", "anna", "'ana'"]);
    sandbox.ok("task assign 1 zoe").says(&["warning", "zoe"]);
    let known = sandbox.ok("task assign 1 eva");
    assert!(!known.stderr.contains("warning"), "{known}");
    sandbox.ok("task list --csm beb").says(&["ben"]);
}

#[test]
fn tasks_are_done_all_or_none_and_once() {
    let sandbox = sandbox();
    for title in ["one", "two", "three"] {
        sandbox.ok(&format!("task add acme {title} --due 2026-04-05"));
    }
    sandbox.ok("task done 1");
    for (command, code) in [
        ("task done 1", 9),
        ("task done 2 1", 9),
        ("task done 2 99", 9),
        ("task done two", 2),
        ("task done", 2),
        ("task assign 1 ben", 9),
        ("task assign 99 ben", 9),
        ("task assign 2 ' '", 2),
        ("task add acme ' ' --due 2026-04-05", 2),
        ("task add acme Call --due tomorrow", 2),
        ("task add acme Call", 2),
        ("task add nobody Call --due 2026-04-05", 9),
        ("task list --overdue --state done", 2),
    ] {
        sandbox.fails(command, code);
        assert_eq!(ids(&sandbox, "task list"), [2, 3], "{command}");
    }
    sandbox.ok("task done 3 2 3");
    assert_eq!(ids(&sandbox, "task list"), [0; 0]);
    sandbox.ok("check");
}

#[test]
fn tasks_are_listed_by_person_state_day_and_company() {
    let sandbox = sandbox();
    sandbox.ok("task add acme late --due 2026-03-31");
    sandbox.ok("task add acme today --due 2026-04-01");
    sandbox.ok("task add globex soon --due 2026-04-03 --for ana");
    sandbox.ok("task add globex bens --due 2026-04-02");
    sandbox.ok("task add globex earlier --due 2026-03-01");
    sandbox.ok("task done 5");
    let cases: [(&str, &[i64]); 12] = [
        ("", &[1, 2, 4, 3]),
        ("--state done", &[5]),
        ("--state all", &[5, 1, 2, 4, 3]),
        ("--overdue", &[1]),
        ("--overdue --state all", &[1]),
        ("--csm ana", &[1, 2, 3]),
        ("--csm ben", &[4, 3]),
        ("--csm ben --state all", &[5, 4, 3]),
        ("--csm nobody", &[]),
        ("--company Globex", &[4, 3]),
        ("--company globex --csm ana", &[3]),
        ("--company alone", &[]),
    ];
    for (options, expected) in cases {
        assert_eq!(ids(&sandbox, &format!("task list {options}")), expected, "{options}");
    }
    assert_eq!(
        rows(&sandbox, "task list --csm ana", &["overdue"]),
        [json!([true]), json!([false]), json!([false])]
    );
}

#[test]
fn tags_are_put_on_and_taken_off_all_or_none() {
    let sandbox = sandbox();
    sandbox.ok("company tag acme vip beta");
    sandbox.ok("company tag acme vip gamma --remove beta");
    let tags = || -> Vec<String> {
        sandbox
            .array("company tag acme")
            .iter()
            .map(|row| row["tag"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(tags(), ["gamma", "vip"]);
    for (command, code) in [
        ("company tag acme new --remove vpi", 9),
        ("company tag acme new --remove new", 2),
        ("company tag acme new a;b", 2),
        ("company tag acme new ' '", 2),
        ("company tag nobody new", 9),
    ] {
        sandbox.fails(command, code);
        assert_eq!(tags(), ["gamma", "vip"], "{command}");
    }
}

#[test]
fn a_merge_carries_tasks_and_tags() {
    let sandbox = sandbox();
    sandbox.ok("playbook start win-back acme");
    sandbox.ok("task done 1");
    sandbox.ok("company merge acme globex");
    let moved =
        rows(&sandbox, "task list --state all --company globex", &["id", "company_id", "assignee"]);
    let expected = [
        json!([1, "globex", "ana"]),
        json!([2, "globex", "ben"]),
        json!([3, "globex", "eva"]),
        json!([4, "globex", "ben"]),
        json!([5, "globex", "ben"]),
    ];
    assert_eq!(moved, expected);
    assert_eq!(rows(&sandbox, "company tag globex", &["tag"]), [json!(["watch-list"])]);
    sandbox.ok("check");
}

/// Acme has stopped logging in by 12 March: one bad signal.
fn with_signal() -> Sandbox {
    let sandbox = sandbox();
    sandbox.import_events(&[
        ("acme", "signed_up", "2026-01-10", 1),
        ("acme", "login", "2026-03-01", 50),
        ("globex", "signed_up", "2026-03-31", 1),
    ]);
    sandbox.ok("rule set login");
    sandbox.ok("run --as-of 2026-03-12");
    sandbox
}

#[test]
fn the_agenda_has_the_company_with_most_at_stake_first() {
    let sandbox = with_signal();
    sandbox.write(
        "touchpoints.csv",
        "company_id,occurred_at,direction,kind\nalone,2025-12-31,outbound,Review\nglobex,2026-01-02,inbound,review\n",
    );
    sandbox.ok("import touchpoints.csv");
    sandbox.ok("task add globex soon --due 2026-04-08");
    sandbox.ok("task add globex later --due 2026-04-09");
    sandbox.ok("task add acme late --due 2026-03-30 --for ben");
    let fields = ["rank", "company_id", "kind", "id", "type", "day", "days_overdue", "assignee"];
    let expected = [
        json!([1, "acme", "task", 3, null, "2026-03-30", 2, "ben"]),
        json!([1, "acme", "signal", 1, "bad", "2026-03-12", null, "ana"]),
        json!([2, "alone", "review", null, null, "2026-03-31", 1, null]),
        json!([3, "globex", "task", 1, null, "2026-04-08", 0, "ben"]),
    ];
    assert_eq!(rows(&sandbox, "agenda", &fields), expected);

    let brief = ["company_id", "kind"];
    assert_eq!(
        rows(&sandbox, "agenda --csm ana", &brief),
        [json!(["acme", "task"]), json!(["acme", "signal"])]
    );
    assert_eq!(
        rows(&sandbox, "agenda --csm ben", &brief),
        [json!(["acme", "task"]), json!(["globex", "task"])]
    );
    sandbox.ok("agenda --csm beb").says(&["ben"]);

    sandbox.ok_next_day("ack 1 --reason 'spoke to them'");
    sandbox.ok_next_day("task done 3");
    sandbox.ok("company churn alone --on 2026-04-01");
    assert_eq!(rows(&sandbox, "agenda", &brief), [json!(["globex", "task"])]);
    // Acknowledged and done on 13 March.
    assert_eq!(rows(&sandbox, "agenda --as-of 2026-03-12", &brief), [json!(["acme", "signal"])]);
    let churned = rows(&sandbox, "agenda --as-of 2026-03-31", &["company_id", "kind", "day"]);
    assert_eq!(churned, [json!(["alone", "review", "2026-03-31"])]);
    sandbox.fails("agenda --as-of 2026-04-02", 2);
}

/// What the agenda says was left out, for another user than the tests have.
#[track_caller]
fn left_out(sandbox: &Sandbox, user: &str, options: &str) -> String {
    let outcome = Outcome::of(options, {
        let mut command = sandbox.command(&format!("agenda {options}"));
        command.env("SIGNALS_USER", user);
        command
    });
    outcome.stdout.lines().filter(|line| line.contains("`signals")).collect::<Vec<_>>().join("; ")
}

#[test]
fn what_the_agenda_left_out_is_shown_with_the_options_that_were_given() {
    let sandbox = with_signal();
    sandbox.ok("task add globex soon --due 2026-04-08");
    let shown = |options| left_out(&sandbox, "ana", options);
    let line =
        |command: &str| format!("1 company is left out, of 2: `signals {command}` shows all");
    assert_eq!(shown(""), "");
    assert_eq!(
        shown("--limit 0 --everyone"),
        "2 companies are left out, of 2: `signals agenda --everyone --all` shows all"
    );
    assert_eq!(shown("--limit 1 --everyone"), line("agenda --everyone --all"));
    sandbox.ok("task add globex late --due 2026-03-30 --for ana");
    assert_eq!(shown("--limit 1"), line("agenda --csm ana --all"));
    assert_eq!(shown("--limit 1 --as-of today"), line("agenda --csm ana --as-of 2026-04-01 --all"));
}

/// Signal 1 is of acme, which ana looks after.
#[test]
fn the_agenda_counts_the_snoozed_signals_that_would_be_on_it() {
    let sandbox = with_signal();
    sandbox.ok("snooze 1 --until 2026-04-09 --reason 'Call is booked'");
    let shown = |user| left_out(&sandbox, user, "");
    assert_eq!(shown("ana"), "1 signal is snoozed: `signals list --snoozed --csm ana`");
    assert_eq!(shown("ben"), "");
    sandbox.ok("assign 1 ben");
    assert_eq!(shown("ana"), "1 signal is snoozed: `signals list --snoozed --csm ana`");
    assert_eq!(shown("ben"), "1 signal is snoozed: `signals list --snoozed`");
    assert_eq!(shown("nobody"), "1 signal is snoozed: `signals list --snoozed`");
    sandbox.ok("company churn acme --on 2026-03-12");
    assert_eq!(shown("ana"), "", "a churned company is not on the agenda");
}

#[test]
fn a_signal_shows_the_tasks_that_it_opened() {
    let sandbox = with_signal();
    let database = rusqlite::Connection::open(sandbox.path("signals.db")).unwrap();
    let batch = "INSERT INTO tasks (company, title, due_on, playbook, signal, owner, added_on)
                 SELECT company, 'Call', '2026-03-14', 'mine', id, 'csm', '2026-03-12' FROM signals WHERE id = 1;
                 INSERT INTO task_history (task, action, at, day, by, owner)
                 VALUES (1, 'added', '2026-03-13T06:00:00Z', '2026-03-12', 'x', 'csm');";
    database.execute_batch(batch).unwrap();
    sandbox.ok("check");
    let tasks = &sandbox.json("show 1")[0]["tasks"];
    assert_eq!(
        (&tasks[0]["title"], &tasks[0]["assignee"], &tasks[0]["state"]),
        (&json!("Call"), &json!("ana"), &json!("open"))
    );
    let shown = sandbox.ok("show 1").stdout;
    assert!(shown.contains("task 1, due 2026-03-14, ana: Call"), "{shown}");
    assert_eq!(rows(&sandbox, "task list", &["signal_id", "playbook"]), [json!([1, "mine"])]);
}

#[test]
fn without_anything_to_do_the_agenda_is_empty() {
    let sandbox = sandbox();
    assert_eq!(sandbox.json("agenda"), json!([]));
    sandbox.ok("agenda").says(&["nothing"]);
    sandbox.fails("agenda --db nowhere.db", 6);
}
