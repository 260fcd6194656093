//! The demonstration: always the same, with its story.

use crate::support::{Outcome, Sandbox};

/// Runs the demonstration in its own folder; the sandbox then uses its database.
fn demo() -> (Sandbox, Outcome) {
    let sandbox = Sandbox::empty();
    let outcome = sandbox.ok("demo try");
    std::fs::rename(sandbox.path("try/signals.db"), sandbox.path("signals.db")).unwrap();
    (sandbox, outcome)
}

fn without_folder(sandbox: &Sandbox, text: &str) -> String {
    text.replace(&sandbox.path("").display().to_string(), "")
}

#[test]
fn the_demonstration_is_the_same_on_every_day() {
    let (one, first) = demo();
    let mut two = Sandbox::empty();
    let second = two.at("2031-01-01T00:00:00Z").ok("demo try");
    assert_eq!(without_folder(&one, &first.stdout), without_folder(&two, &second.stdout));
    assert_eq!(without_folder(&one, &first.stderr), without_folder(&two, &second.stderr));
    for file in ["events.csv", "companies.csv", "history.txt"] {
        let read = |sandbox: &Sandbox| std::fs::read(sandbox.path("try").join(file)).unwrap();
        assert!(read(&one) == read(&two), "{file} differs");
    }
    let signals = |sandbox: &Sandbox, database: &str| {
        sandbox.ok(&format!("export signals --db {database}")).stdout
    };
    assert_eq!(signals(&one, "signals.db"), signals(&two, "try/signals.db"));
}

#[test]
fn the_story_is_told() {
    // Creating one takes a while, so these checks share it.
    let (sandbox, outcome) = demo();
    every_command_is_shown_before_its_result(&outcome);
    the_champion_who_leaves_is_seen_within_a_week(&sandbox);
    the_outage_is_told_and_withheld(&sandbox, &outcome);
    the_others_of_the_story_have_their_signals(&sandbox);
    entries_are_spread_over_the_months(&sandbox);
}

fn every_command_is_shown_before_its_result(outcome: &Outcome) {
    let commands: Vec<&str> =
        outcome.stdout.lines().filter_map(|line| line.strip_prefix("$ signals ")).collect();
    for expected in [
        "init",
        "import team.csv companies.csv subscriptions.csv",
        "import events.csv",
        "rule preset add fading silent hardly-used unusually-silent",
        "rule list",
        "run",
        "status",
    ] {
        assert!(commands.contains(&expected), "'{expected}' is not among {commands:?}");
    }
    for beginning in [
        "rule set ",
        "rule add ",
        "run --from ",
        "ack ",
        "reopen ",
        "list ",
        "show ",
        "company list ",
        "company show ",
    ] {
        assert!(
            commands.iter().any(|command| command.starts_with(beginning)),
            "no '{beginning}' in {commands:?}"
        );
    }
    let (hello, _) = outcome.stdout.split_once("# 1.").unwrap();
    assert_eq!(hello, "$ cd try\n$ export SIGNALS_DB=signals.db\n\n");
    let widest = outcome.stdout.lines().map(|line| line.chars().count()).max();
    // The conditions of rules are long; a terminal wraps them.
    assert!(widest <= Some(200), "{widest:?} columns\n{outcome}");
}

fn the_champion_who_leaves_is_seen_within_a_week(sandbox: &Sandbox) {
    let signals = sandbox.array(
        "list C-104 --type bad --event dashboard_viewed --since 2026-03-13 --until 2026-03-20",
    );
    assert_eq!(signals.len(), 1, "{signals:?}");
    assert_eq!(signals[0]["state"], "open");
    let shown = sandbox.ok(&format!("show {}", signals[0]["id"])).stdout;
    let champion = shown.lines().find(|line| line.contains("priya@northgate.example")).unwrap();
    assert!(champion.ends_with("stopped"), "{shown}");
    assert!(
        shown.contains("acknowledged by maria (handled)") && shown.contains("reopened by maria"),
        "{shown}"
    );
}

fn the_outage_is_told_and_withheld(sandbox: &Sandbox, outcome: &Outcome) {
    outcome.says(&["2026-01-22: withheld the bad signals of dashboard_viewed"]);
    let raised = "list --event dashboard_viewed --type bad --since 2026-01-22 --until 2026-01-27";
    assert_eq!(sandbox.array(raised), [] as [serde_json::Value; 0]);
}

fn the_others_of_the_story_have_their_signals(sandbox: &Sandbox) {
    let some = |filter: &str| {
        let signals = sandbox.array(&format!("list {filter}"));
        assert!(!signals.is_empty(), "no signal for list {filter}");
    };
    some("C-113 --type bad --rule active-people --since 2026-03-18"); // has stopped
    some("C-132 --type good --rule active-people"); // grows
    some("C-106 --type bad --rule ticket_opened --since 2026-03-16"); // more tickets
    some("C-112 --type bad --since 2026-02-16 --until 2026-02-28"); // on holiday
    some("C-114 --type good --since 2026-02-23"); // won back
    some("C-115 --type bad --until 2026-02-09"); // on its way out
    let none = |filter: &str| {
        let signals = sandbox.array(&format!("list {filter}"));
        assert!(signals.is_empty(), "list {filter}: {signals:?}");
    };
    none("C-115 --since 2026-02-10"); // has churned
    none("C-130 --until 2026-02-28"); // too new to be judged
}

fn entries_are_spread_over_the_months(sandbox: &Sandbox) {
    let days: Vec<String> = {
        let database = sandbox.database();
        let mut statement = database
            .prepare(
                "SELECT DISTINCT day FROM signal_history
                     WHERE action IN ('acknowledged', 'reopened') AND by <> 'signals' ORDER BY day",
            )
            .unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(days, ["2026-02-01", "2026-03-01", "2026-03-23", "2026-03-31"]);
    let status = &sandbox.array("status")[0];
    assert_eq!(status["companies"], 43);
    assert_eq!(
        (&status["events_from"], &status["events_to"]),
        (&"2025-12-02".into(), &"2026-03-31".into())
    );
    sandbox.ok("check");
}

#[test]
fn a_folder_with_something_in_it_is_refused() {
    let sandbox = Sandbox::empty();
    sandbox.ok("demo");
    sandbox.fails("demo", 9).says(&["signals-demo has a database", "hint: "]);
    std::fs::create_dir(sandbox.path("full")).unwrap();
    sandbox.write("full/note.txt", "mine");
    sandbox.fails("demo full", 9).says(&["full exists", "hint: "]);
    sandbox.fails("demo full/note.txt", 9);
    assert_eq!(std::fs::read_dir(sandbox.path("full")).unwrap().count(), 1);
}

#[test]
fn it_accepts_an_empty_folder_and_its_suggestions_work() {
    let sandbox = Sandbox::empty();
    std::fs::create_dir(sandbox.path("a folder")).unwrap();
    let outcome = sandbox.ok("demo 'a folder' --quiet");
    // A run reports what it withholds even with --quiet.
    let is_of_the_outage = |line: &str| line.contains("raise") || line.contains("withheld");
    assert!(outcome.stderr.lines().all(is_of_the_outage), "{outcome}");
    let (_, rest) = outcome.stdout.split_once("# Three commands to try next:\n").unwrap();
    let commands: Vec<&str> = rest.lines().collect();
    assert_eq!(commands.len(), 3, "{rest}");
    for command in commands {
        // The sandbox only knows single quotes.
        let command = command.strip_prefix("signals ").unwrap().replace('"', "'");
        sandbox.ok(&command);
    }
}
