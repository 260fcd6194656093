//! Runs: which days are run, which are refused, and what a run says.

use crate::support::Sandbox;

/// An established company that had 50 logins on 1 March and none after, and a heartbeat on the days
/// given.
fn quiet_company(heartbeats: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.ok("rule set login");
    let heartbeats = heartbeats.iter().map(|day| ("acme", "heartbeat", *day, 1));
    let logins = [("acme", "login", "2026-01-10", 1), ("acme", "login", "2026-03-01", 50)];
    sandbox.import_events(&logins.into_iter().chain(heartbeats).collect::<Vec<_>>());
    sandbox
}

/// The days that the run records name, in order.
fn days_run(sandbox: &Sandbox) -> Vec<String> {
    let mut days: Vec<String> = sandbox
        .array("run list")
        .iter()
        .map(|run| run["day"].as_str().expect("a day").to_owned())
        .collect();
    days.sort();
    days
}

fn import_at(sandbox: &mut Sandbox, now: &str, day: &str) {
    sandbox.at(now).import_events(&[("acme", "heartbeat", day, 1)]);
}

#[test]
fn run_without_a_date_catches_up_over_complete_days() {
    let mut sandbox = Sandbox::new_at("2026-03-10T05:00:00Z");
    sandbox.ok("rule set login");
    import_at(&mut sandbox, "2026-03-10T06:00:00Z", "2026-03-09");
    sandbox.ok("run");
    assert_eq!(days_run(&sandbox), ["2026-03-09"], "the very first takes yesterday");

    sandbox.ok("run");
    assert_eq!(days_run(&sandbox), ["2026-03-09"], "all days up to yesterday were run");

    import_at(&mut sandbox, "2026-03-13T06:00:00Z", "2026-03-12");
    sandbox.at("2026-03-15T06:00:00Z");
    let stopped = sandbox.ok("run");
    assert_eq!(days_run(&sandbox), ["2026-03-09", "2026-03-10", "2026-03-11", "2026-03-12"]);
    stopped.says(&["2026-03-12"]);

    sandbox.fails("run", 12);
    assert_eq!(days_run(&sandbox).len(), 4, "13 and 14 March are due and not complete");

    import_at(&mut sandbox, "2026-03-15T07:00:00Z", "2026-03-14");
    sandbox.ok("run");
    assert_eq!(days_run(&sandbox)[4..], ["2026-03-13", "2026-03-14"]);
}

#[test]
fn the_first_run_waits_for_a_complete_day() {
    let mut sandbox = Sandbox::new_at("2026-03-10T05:00:00Z");
    import_at(&mut sandbox, "2026-03-10T06:00:00Z", "2026-03-09");
    sandbox.at("2026-03-11T06:00:00Z").fails("run", 12);
    assert_eq!(days_run(&sandbox), [""; 0]);
}

#[test]
fn an_import_that_brings_nothing_new_completes_a_day() {
    let mut sandbox = Sandbox::new_at("2026-03-10T05:00:00Z");
    import_at(&mut sandbox, "2026-03-10T06:00:00Z", "2026-03-09");
    import_at(&mut sandbox, "2026-03-11T06:00:00Z", "2026-03-09");
    sandbox.ok("run").says(&["2026-03-09"]);
    assert_eq!(days_run(&sandbox), ["2026-03-10"]);
}

#[test]
fn without_events_every_day_is_complete_and_never_stale() {
    let mut sandbox = Sandbox::new();
    sandbox.ok("run");
    sandbox.at("2026-04-03T06:00:00Z").ok("run");
    assert_eq!(days_run(&sandbox), ["2026-03-31", "2026-04-01", "2026-04-02"]);
}

#[test]
fn a_day_in_the_future_is_refused() {
    let sandbox = quiet_company(&["2026-03-31"]);
    for wrong in [
        "run --as-of 2026-04-02",
        "run --from 2026-03-30 --to 2026-04-02",
        "run --as-of 2026-02-30",
    ] {
        sandbox.fails(wrong, 2);
    }
    assert_eq!(days_run(&sandbox), [""; 0]);
    sandbox.ok("run --as-of 2026-04-01");
    assert_eq!(days_run(&sandbox), ["2026-04-01"]);
}

#[test]
fn command_lines_that_make_no_sense_are_refused() {
    let sandbox = quiet_company(&["2026-03-31"]);
    for wrong in [
        "run --from 2026-03-31 --to 2026-03-30",
        "run --from 2026-03-30",
        "run --to 2026-03-30",
        "run --as-of 2026-03-30 --from 2026-03-29 --to 2026-03-30",
        "run --as-of 2026-03-30 --max-lag -1",
    ] {
        sandbox.fails(wrong, 2);
    }
    assert_eq!(days_run(&sandbox), [""; 0]);
}

#[test]
fn a_missing_database_is_not_made() {
    let sandbox = Sandbox::empty();
    for command in ["run", "list", "ack 1 --reason x", "run list", "event list"] {
        sandbox.fails(command, 6);
    }
    assert!(!sandbox.path("signals.db").exists());
}

#[test]
fn a_day_before_the_last_one_run_needs_backfill() {
    // 50 logins on 1 March are in the observation windows of 8 to 14 March.
    let sandbox = quiet_company(&["2026-03-31"]);
    sandbox.ok("run --as-of 2026-03-12");
    sandbox.fails("run --as-of 2026-03-11", 9).says(&["2026-03-12"]);
    sandbox.fails("run --from 2026-03-10 --to 2026-03-13", 9).says(&["2026-03-12"]);
    assert_eq!(sandbox.briefs(), ["2026-03-12 login acme bad -100.0"]);

    // Of 8 March, the signal of the 12th lies in the future; and on the 14th, the latest is that of
    // the 12th.
    sandbox.ok("run --as-of 2026-03-08 --backfill");
    sandbox.ok("run --as-of 2026-03-14");
    assert_eq!(
        sandbox.briefs(),
        ["2026-03-08 login acme bad -100.0", "2026-03-12 login acme bad -100.0"]
    );
}

#[test]
fn the_same_day_again_raises_nothing_unless_the_facts_changed() {
    let sandbox = quiet_company(&["2026-03-12"]);
    sandbox.ok("run --as-of 2026-03-12");
    let before = sandbox.json("list");
    sandbox.ok("run --as-of 2026-03-12");
    assert_eq!(sandbox.json("list"), before);

    sandbox
        .import_events(&[("late", "login", "2026-01-10", 1), ("late", "login", "2026-03-11", 9)]);
    sandbox.ok("run --as-of 2026-03-12");
    assert_eq!(
        sandbox.briefs(),
        ["2026-03-12 login acme bad -100.0", "2026-03-12 login late good new"]
    );

    // acme has 60 in the decision window now: the other type is raised at once, on the same day.
    sandbox.import_events(&[("acme", "login", "2026-03-12", 60)]);
    sandbox.ok("run --as-of 2026-03-12");
    let mut types: Vec<String> = sandbox
        .briefs()
        .into_iter()
        .filter(|line| line.contains("acme"))
        .map(|line| line[22..].to_owned())
        .collect();
    types.sort();
    assert_eq!(types, ["bad -100.0", "good +20.0"]);
    sandbox.ok("run --as-of 2026-03-12");
    assert_eq!(sandbox.briefs().len(), 3);
}

#[test]
fn a_range_that_is_run_in_pieces_gives_what_it_gives_at_once() {
    let (at_once, in_pieces) = (quiet_company(&["2026-03-31"]), quiet_company(&["2026-03-31"]));
    at_once.ok("run --from 2026-03-05 --to 2026-03-20");
    for piece in [
        "--from 2026-03-05 --to 2026-03-09",
        "--from 2026-03-09 --to 2026-03-14",
        "--as-of 2026-03-15",
    ] {
        in_pieces.ok(&format!("run {piece}"));
    }
    in_pieces.ok("run --from 2026-03-16 --to 2026-03-20");
    assert_eq!(
        at_once.briefs(),
        ["2026-03-05 login acme good new", "2026-03-08 login acme bad -100.0"]
    );
    assert_eq!(at_once.json("list"), in_pieces.json("list"));
}

#[test]
fn stale_data_is_said_and_then_refused() {
    let newest = "2026-03-10";
    let sandbox = quiet_company(&[newest]);
    let fresh = sandbox.ok("run --as-of 2026-03-07");
    assert!(!fresh.stderr.contains(newest), "{fresh}");
    assert_eq!(sandbox.briefs().len(), 1);

    // 13 March is three days after the newest event, 14 March is four.
    sandbox.fails("run --from 2026-03-12 --to 2026-03-15", 12).says(&[newest, "2026-03-14"]);
    assert_eq!(days_run(&sandbox), ["2026-03-07", "2026-03-12", "2026-03-13"]);
    let raised = ["2026-03-07 login acme good new", "2026-03-12 login acme bad -100.0"];
    assert_eq!(sandbox.briefs(), raised);

    sandbox.ok("run --as-of 2026-03-14 --max-lag 4").says(&[newest]);
    sandbox.fails("run --as-of 2026-03-15 --max-lag 0", 12);
    sandbox.ok("run --as-of 2026-03-31 --max-lag 1000000");
    assert_eq!(sandbox.briefs(), raised);
}

#[test]
fn a_dry_run_prints_and_writes_nothing() {
    let sandbox = quiet_company(&["2026-03-12"]);
    let dry = sandbox.ok("run --as-of 2026-03-12 --dry-run");
    assert!(dry.stdout.contains("acme"), "{dry}");
    assert_eq!(sandbox.briefs(), [""; 0]);
    assert_eq!(days_run(&sandbox), [""; 0]);
    sandbox.ok("run --as-of 2026-03-11");
    assert_eq!(sandbox.briefs(), ["2026-03-11 login acme bad -100.0"]);
}

#[test]
fn a_dry_run_of_several_days_speaks_once_per_timeframe_too() {
    // Every day from 8 to 14 March is down; 8 March speaks for all of them.
    let sandbox = quiet_company(&["2026-03-14"]);
    let dry = sandbox.ok("run --from 2026-03-08 --to 2026-03-14 --dry-run");
    assert_eq!(dry.stdout.lines().filter(|line| line.contains("acme")).count(), 1, "{dry}");
}

/// Companies of which the first ones stopped logging in, and the others go on as they were.
fn outage(stopped: usize, steady: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.ok("rule set login");
    let mut csv = String::from("company_id,event,timestamp,count\n");
    for number in 0..stopped + steady {
        csv += &format!("c{number:02},login,2026-01-10,1\nc{number:02},login,2026-03-20,9\n");
        if number >= stopped {
            csv += &format!("c{number:02},login,2026-03-31,9\n");
        }
    }
    sandbox.write("events.csv", &(csv + "c00,heartbeat,2026-03-31,1\n"));
    sandbox.ok("import events.csv");
    sandbox
}

#[test]
fn an_outage_is_warned_of_once() {
    // More than half of the companies, and at least ten, must turn.
    for (stopped, steady, warned) in
        [(12, 0, true), (11, 10, true), (10, 9, true), (10, 10, false), (9, 0, false)]
    {
        let sandbox = outage(stopped, steady);
        let run = sandbox.ok("run --as-of 2026-03-31");
        let warnings = run
            .stderr
            .lines()
            .filter(|line| line.contains("tracking") && line.contains("login"))
            .count();
        assert_eq!(warnings, usize::from(warned), "{stopped} of {}\n{run}", stopped + steady);
        assert_eq!(sandbox.signals().len(), stopped, "the signals are raised as the rule says");
    }
}

#[test]
fn companies_that_turn_both_ways_are_no_outage() {
    // Of 18 companies, 9 stop and 9 begin.
    let sandbox = outage(9, 9);
    let grown: Vec<String> = (9..18).map(|number| format!("c{number:02}")).collect();
    sandbox.import_events(
        &grown.iter().map(|c| (c.as_str(), "login", "2026-03-30", 90)).collect::<Vec<_>>(),
    );
    let run = sandbox.ok("run --as-of 2026-03-31");
    assert!(!run.stderr.contains("tracking"), "{run}");
    assert_eq!(sandbox.signals().len(), 18);
}

#[test]
fn other_programs_get_an_empty_list_when_nothing_is_due() {
    let sandbox = Sandbox::new();
    sandbox.ok("run");
    assert_eq!(sandbox.ok("run --format json").stdout, "[]\n");
    assert!(sandbox.ok("run --format csv").stdout.starts_with("id,company_id,"));
    assert_eq!(sandbox.ok("run").stdout, "");
}
