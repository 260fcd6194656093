//! Runs: which days are run, which are refused, and the output of a run.

use crate::support::Sandbox;

/// An established company with 50 logins on 1 March and none after, and a heartbeat on the given
/// days.
fn quiet_company(heartbeats: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.ok("rule set login");
    let heartbeats = heartbeats.iter().map(|day| ("acme", "heartbeat", *day, 1));
    let logins = [("acme", "login", "2026-01-10", 1), ("acme", "login", "2026-03-01", 50)];
    sandbox.import_events(&logins.into_iter().chain(heartbeats).collect::<Vec<_>>());
    sandbox
}

/// The days in the run records, in order.
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
    assert_eq!(days_run(&sandbox), ["2026-03-09"], "the first run takes the newest complete day");

    sandbox.ok("run").says(&["every day up to 2026-03-09 was run"]);
    assert_eq!(days_run(&sandbox), ["2026-03-09"]);

    import_at(&mut sandbox, "2026-03-13T06:00:00Z", "2026-03-12");
    sandbox.at("2026-03-15T06:00:00Z");
    let waiting = "your data ends on 2026-03-12; 2 days wait for newer events";
    sandbox.ok("run").says(&[waiting]);
    assert_eq!(days_run(&sandbox), ["2026-03-09", "2026-03-10", "2026-03-11", "2026-03-12"]);

    sandbox.ok("run").says(&[waiting]);
    assert_eq!(days_run(&sandbox).len(), 4, "13 and 14 March are not complete");

    import_at(&mut sandbox, "2026-03-15T07:00:00Z", "2026-03-14");
    sandbox.ok("run");
    assert_eq!(days_run(&sandbox)[4..], ["2026-03-13", "2026-03-14"]);
}

#[test]
fn a_run_without_rules_says_so() {
    let mut sandbox = Sandbox::new_at("2026-03-10T05:00:00Z");
    import_at(&mut sandbox, "2026-03-10T06:00:00Z", "2026-03-09");
    sandbox.ok("run").says(&["no rule is enabled", "signals rule preset add --usual"]);
    import_at(&mut sandbox, "2026-03-11T06:00:00Z", "2026-03-10");
    sandbox.ok("rule set login");
    let outcome = sandbox.ok("run");
    assert!(!outcome.stderr.contains("no rule is enabled"), "{outcome}");
}

#[test]
fn a_day_whose_events_came_before_it_ended_is_not_complete() {
    let mut sandbox = Sandbox::new_at("2026-03-10T05:00:00Z");
    import_at(&mut sandbox, "2026-03-10T06:00:00Z", "2026-03-09");
    import_at(&mut sandbox, "2026-03-10T18:00:00Z", "2026-03-10");
    sandbox.at("2026-03-11T06:00:00Z").ok("run");
    assert_eq!(days_run(&sandbox), ["2026-03-09"]);
}

#[test]
fn an_import_without_newer_events_completes_no_day() {
    let mut sandbox = Sandbox::new_at("2026-03-10T05:00:00Z");
    import_at(&mut sandbox, "2026-03-10T06:00:00Z", "2026-03-09");
    sandbox.ok("run");
    import_at(&mut sandbox, "2026-03-11T06:00:00Z", "2026-03-09");
    sandbox.ok("run").says(&["your data ends on 2026-03-09; 1 day waits for newer events"]);
    assert_eq!(days_run(&sandbox), ["2026-03-09"]);
}

#[test]
fn data_that_ended_long_ago_is_stale() {
    // Three weeks ago: for the very first run, the error names the command that runs something.
    let mut sandbox = Sandbox::new_at("2026-03-11T05:00:00Z");
    import_at(&mut sandbox, "2026-03-11T06:00:00Z", "2026-03-10");
    sandbox.at("2026-04-01T06:00:00Z");
    let command = "signals run --as-of 2026-03-10";
    sandbox.fails("run --quiet", 12).says(&["your data ends on 2026-03-10", command]);
    assert_eq!(days_run(&sandbox), [""; 0]);
    sandbox.ok(&command["signals ".len()..]);
    assert_eq!(days_run(&sandbox), ["2026-03-10"]);

    // The day that was run is not suggested again.
    let still = sandbox.fails("run", 12);
    assert!(still.stderr.contains("2026-03-10") && !still.stderr.contains("--as-of"), "{still}");
    // 31 March lies 21 days after 10 March.
    sandbox.fails("run --max-lag 20", 12);
    sandbox.ok("run --max-lag 21").says(&["21 days wait for newer events"]);
    sandbox.fails("daily --quiet", 12).says(&["your data ends on 2026-03-10"]);
    assert_eq!(days_run(&sandbox), ["2026-03-10"]);
}

#[test]
fn a_small_book_without_events_on_weekends_is_never_late_on_monday() {
    // 13 March 2026 is a Friday. A day's export arrives the next morning.
    let mut sandbox = Sandbox::new_at("2026-03-13T05:00:00Z");
    for (morning, newest) in [
        ("2026-03-13", "2026-03-12"),
        ("2026-03-14", "2026-03-13"),
        ("2026-03-15", "2026-03-13"),
        ("2026-03-16", "2026-03-13"),
        ("2026-03-17", "2026-03-16"),
    ] {
        import_at(&mut sandbox, &format!("{morning}T06:00:00Z"), newest);
        sandbox.ok("run");
    }
    assert_eq!(
        days_run(&sandbox),
        ["2026-03-12", "2026-03-13", "2026-03-14", "2026-03-15", "2026-03-16"]
    );
}

#[test]
fn a_weekly_export_under_a_nightly_cron_asks_for_a_longer_lag() {
    // The export of Monday 9 March covers the week up to Sunday 8 March, that of the 16th the next.
    let mut sandbox = Sandbox::new_at("2026-03-09T05:00:00Z");
    import_at(&mut sandbox, "2026-03-09T05:30:00Z", "2026-03-08");
    for day in 9..16 {
        sandbox.at(&format!("2026-03-{day:02}T06:00:00Z")).ok("run --max-lag 8");
    }
    assert_eq!(days_run(&sandbox), ["2026-03-08"]);
    sandbox.fails("run", 12);
    import_at(&mut sandbox, "2026-03-16T05:30:00Z", "2026-03-15");
    sandbox.ok("run --max-lag 8");
    assert_eq!(days_run(&sandbox).len(), 8);
    assert_eq!(days_run(&sandbox)[7], "2026-03-15");
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
    sandbox.ok("run --as-of 2026-04-01 --max-lag 1");
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
    sandbox.fails("run --from 2026-03-10 --to 2026-03-13", 9).says(&["2026-03-10", "2026-03-12"]);
    assert_eq!(days_run(&sandbox), ["2026-03-12"]);
    assert_eq!(sandbox.briefs(), ["2026-03-12 login acme bad -100.0"]);

    // For 8 March, the signal of the 12th is in the future; for the 14th, the latest is that of the
    // 12th.
    sandbox.ok("run --as-of 2026-03-08 --backfill");
    sandbox.ok("run --as-of 2026-03-14");
    assert_eq!(
        sandbox.briefs(),
        ["2026-03-08 login acme bad -100.0", "2026-03-12 login acme bad -100.0"]
    );
}

#[test]
fn days_of_a_range_that_were_run_are_skipped() {
    let sandbox = quiet_company(&["2026-03-31"]);
    sandbox.ok("run --from 2026-03-05 --to 2026-03-10");
    sandbox.ok("run --from 2026-03-05 --to 2026-03-12").says(&["2 days", "skipped 6 days"]);
    assert_eq!(days_run(&sandbox).len(), 8);
    sandbox.ok("run --from 2026-03-11 --to 2026-03-12").says(&["skipped 2 days"]);
    assert_eq!(days_run(&sandbox).len(), 8);
    sandbox.ok("run --from 2026-03-11 --to 2026-03-12 --backfill").says(&["2 days"]);
    assert_eq!(days_run(&sandbox).len(), 10);
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

    // acme now has 60 in the decision window: the bad signal is retracted.
    sandbox.import_events(&[("acme", "login", "2026-03-12", 60)]);
    sandbox.ok("run --as-of 2026-03-12").says(&["ran 1 day again: 1 signal added, 1 retracted"]);
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
fn a_named_day_after_the_newest_event_is_refused() {
    let newest = "2026-03-10";
    let sandbox = quiet_company(&[newest]);
    let fresh = sandbox.ok("run --as-of 2026-03-07");
    assert!(!fresh.stderr.contains(newest), "{fresh}");
    let raised = ["2026-03-07 login acme good new", "2026-03-12 login acme bad -100.0"];
    assert_eq!(sandbox.briefs(), raised[..1]);

    let command = "signals run --as-of 2026-03-10";
    for named in ["--as-of 2026-03-11", "--from 2026-03-08 --to 2026-03-12", "--as-of 2026-03-31"] {
        sandbox.fails(&format!("run --quiet {named}"), 12).says(&[newest, command]);
    }
    assert_eq!(days_run(&sandbox), ["2026-03-07"], "no day of a refused range is run");

    sandbox.fails("run --as-of 2026-03-12 --max-lag 1", 12);
    sandbox.ok("run --as-of 2026-03-12 --max-lag 2").says(&[newest]);
    assert_eq!(sandbox.briefs(), raised);
    // The newest complete day is before the last one run.
    sandbox
        .fails("run --as-of 2026-03-14", 12)
        .says(&["signals run --as-of 2026-03-10 --backfill"]);
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
    // Every day from 8 to 14 March is down; 8 March raises the signal for all of them.
    let sandbox = quiet_company(&["2026-03-14"]);
    let dry = sandbox.ok("run --from 2026-03-08 --to 2026-03-14 --dry-run");
    assert_eq!(dry.stdout.lines().filter(|line| line.contains("acme")).count(), 1, "{dry}");
}

/// Companies of which the first ones stopped logging in, and the others continue.
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
fn bad_signals_of_an_outage_are_withheld() {
    // More than half of the companies, and at least ten, must turn bad.
    for (stopped, steady, is_outage) in
        [(12, 0, true), (11, 10, true), (10, 9, true), (10, 10, false), (9, 0, false)]
    {
        let sandbox = outage(stopped, steady);
        let run = sandbox.ok("run --as-of 2026-03-31 --quiet");
        let of = format!("{stopped} of {} companies", stopped + steady);
        assert_eq!(run.stderr.contains(&of), is_outage, "{of}\n{run}");
        let raised = if is_outage { 0 } else { stopped };
        assert_eq!(sandbox.signals().len(), raised, "{of}");
        let withheld = sandbox.array("run list")[0]["per_rule"][0]["withheld"].clone();
        assert_eq!(withheld, if is_outage { stopped } else { 0 }, "{of}");
        let status = &sandbox.array("status")[0];
        assert_eq!(status["withheld"].as_array().map(Vec::len), Some(usize::from(is_outage)));
    }
}

#[test]
fn an_outage_is_accepted_later_and_dated_as_it_was() {
    let sandbox = outage(12, 0);
    sandbox.ok("rule add quiet --kind condition --when 'events_7d = 0' --type bad");
    sandbox.ok("run --as-of 2026-03-28");
    let early = sandbox.briefs();
    assert_eq!(early.iter().filter(|line| line.contains("login")).count(), 0, "{early:?}");
    sandbox.ok("run --from 2026-03-29 --to 2026-03-31").says(&["withheld", "login", "2026-03-28"]);
    assert!(sandbox.ok("agenda").stderr.contains("login"), "the agenda tells of it");

    sandbox.fails("run --accept nothing", 9);
    sandbox.ok("run --accept login");
    let raised = sandbox.briefs();
    let logins: Vec<&String> = raised.iter().filter(|line| line.contains("login")).collect();
    assert_eq!(logins.len(), 12, "{raised:?}");
    assert!(logins.iter().all(|line| line.starts_with("2026-03-28 login")), "{logins:?}");
    let withheld = sandbox.array("status")[0]["withheld"].clone();
    assert_eq!(withheld.as_array().map(Vec::len), Some(1), "{withheld}");
    assert_eq!((&withheld[0]["rule"], &withheld[0]["companies"]), (&"quiet".into(), &11.into()));

    // The acceptance is stored: running the days again neither withholds nor retracts.
    sandbox.ok("run --from 2026-03-28 --to 2026-03-31 --backfill");
    assert_eq!(sandbox.briefs(), raised);
}

#[test]
fn a_withheld_company_stays_withheld_until_its_condition_was_false() {
    // On 28 March 12 of 12 stop; then all but two return on 29 March, which is no longer an outage
    // for them, but they have not been active since.
    let sandbox = outage(12, 0);
    let back: Vec<String> = (2..12).map(|number| format!("c{number:02}")).collect();
    let logins = back.iter().map(|company| (company.as_str(), "login", "2026-03-29", 9));
    sandbox.import_events(&logins.collect::<Vec<_>>());
    sandbox.ok("run --from 2026-03-28 --to 2026-03-30");
    assert_eq!(sandbox.briefs(), [""; 0]);
    // c02 stops again: it is no longer withheld, because on 29 March its condition was false.
    sandbox.ok("run --as-of 2026-03-31 --accept login");
    assert_eq!(
        sandbox.briefs(),
        ["2026-03-28 login c00 bad -100.0", "2026-03-28 login c01 bad -100.0"]
    );
}

#[test]
fn an_event_that_did_not_come_is_named_and_raises_nothing_bad_that_day() {
    let sandbox = Sandbox::new();
    sandbox.ok("rule set login");
    let days: Vec<String> = (2..=30).map(|day| format!("2026-03-{day:02}")).collect();
    let mut rows = vec![("acme", "login", "2026-01-10", 1), ("acme", "view", "2026-03-31", 1)];
    // Two weeks of 9 a day, then of 8, so that the loss of one day decides: 48 after 62.
    for (place, day) in days.iter().enumerate() {
        rows.push(("acme", "login", day, if place < 22 { 9 } else { 8 }));
        rows.push(("acme", "view", day, 1));
    }
    sandbox.import_events(&rows);
    sandbox.ok("run --as-of 2026-03-30");
    assert_eq!(sandbox.briefs(), [""; 0]);
    sandbox.ok("run --as-of 2026-03-31 --quiet").says(&["login", "2026-03-31"]);
    assert_eq!(sandbox.briefs(), [""; 0]);
    sandbox.ok("run --accept all");
    assert_eq!(sandbox.briefs(), ["2026-03-31 login acme bad -22.6"]);
}

#[test]
fn companies_that_turn_both_ways_are_no_outage() {
    // Of 18 companies, 9 stop and 9 start.
    let sandbox = outage(9, 9);
    let grown: Vec<String> = (9..18).map(|number| format!("c{number:02}")).collect();
    sandbox.import_events(
        &grown.iter().map(|c| (c.as_str(), "login", "2026-03-30", 90)).collect::<Vec<_>>(),
    );
    let run = sandbox.ok("run --as-of 2026-03-31");
    assert!(!run.stderr.contains("withheld"), "{run}");
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

#[test]
fn daily_runs_no_day_when_a_file_of_events_was_not_imported() {
    let mut sandbox = Sandbox::new_at("2026-03-10T05:00:00Z");
    sandbox.write("companies.csv", "company_id,csm\nacme,ana\n");
    sandbox.write("events.csv", "company_id,event,timestamp\nacme,login,2026-03-09\n");
    sandbox
        .at("2026-03-10T06:00:00Z")
        .ok("daily companies.csv events.csv")
        .says(&["2026-03-10T06:00:00Z: daily ended with exit code 0"]);
    assert_eq!(days_run(&sandbox), ["2026-03-09"]);

    // Of two files of events one is refused: half of the customers would look inactive.
    sandbox.write("more.csv", "company_id,event,timestamp\nacme,login,2026-03-10\n");
    sandbox.write("events.csv", "<html>\n");
    sandbox.at("2026-03-11T06:00:00Z");
    sandbox.fails("daily events.csv more.csv --quiet", 4).says(&["no day was run", "events.csv"]);
    assert_eq!(days_run(&sandbox), ["2026-03-09"]);

    // A refused file of companies holds nothing up.
    sandbox.write("companies.csv", "");
    sandbox.fails("daily companies.csv more.csv", 4).says(&["daily ended with exit code 4"]);
    assert_eq!(days_run(&sandbox), ["2026-03-09", "2026-03-10"]);
}

#[test]
fn the_last_line_of_daily_follows_the_error_that_ended_it() {
    let outcome = Sandbox::empty().fails("daily", 6);
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    assert!(lines[0].starts_with("error: there is no database at"), "{outcome}");
    let last = "2026-04-01T06:00:00Z: daily ended with exit code 6";
    assert_eq!(lines.last(), Some(&last), "{outcome}");
    assert_eq!(outcome.stderr.matches("error: ").count(), 1, "{outcome}");
}

#[test]
fn daily_takes_the_options_of_import_and_of_run() {
    let sandbox = Sandbox::new();
    sandbox.write("day-first.csv", "company_id;event;timestamp\nacme;login;03/02/2026\n");
    sandbox.fails("daily day-first.csv", 4).says(&["--date-format"]);
    sandbox.ok("daily --date-format dmy --as-of 2026-02-03 day-first.csv");
    assert_eq!(days_run(&sandbox), ["2026-02-03"]);
    assert_eq!(sandbox.array("event list")[0]["first_day"], "2026-02-03");
    sandbox
        .write("bad.csv", "company_id,event,timestamp\nacme,login,2026-02-04\nacme,login,soon\n");
    sandbox.fails("daily --strict --as-of 2026-02-03 bad.csv", 4);
}
