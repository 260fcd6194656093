//! Exports that arrive late, in part, or twice.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::naive;
use crate::property::Random;
use crate::support::{EventRow, Sandbox, events_csv};

/// A company with ten logins a day from 1 February to 15 March, without the events of these days of
/// March at first; the days from 8 to 14 March are run.
fn with_missing(missing: &[&str]) -> (Sandbox, Vec<(String, i64)>) {
    let sandbox = Sandbox::new();
    sandbox.ok("rule set login");
    let first = naive::day("2026-02-01");
    let all: Vec<(String, i64)> = (0..43).map(|day| (naive::date(first + day), 10)).collect();
    let known: Vec<&(String, i64)> =
        all.iter().filter(|(day, _)| !missing.contains(&day.as_str())).collect();
    let mut rows: Vec<EventRow<'_>> =
        known.iter().map(|(day, count)| ("acme", "login", day.as_str(), *count)).collect();
    rows.push(("acme", "view", "2026-03-31", 1));
    sandbox.import_events(&rows);
    sandbox.ok("run --from 2026-03-08 --to 2026-03-14");
    (sandbox, all)
}

fn complete(sandbox: &Sandbox, all: &[(String, i64)]) {
    let rows: Vec<EventRow<'_>> =
        all.iter().map(|(day, count)| ("acme", "login", day.as_str(), *count)).collect();
    sandbox.import_events(&rows);
}

#[test]
fn signals_that_late_events_refute_are_retracted() {
    // 50 in the week to 12 March, after 70: 20 of the events of that week arrive late.
    let (sandbox, all) = with_missing(&["2026-03-11", "2026-03-12"]);
    assert_eq!(sandbox.briefs(), ["2026-03-12 login acme bad -28.6"]);
    complete(&sandbox, &all);
    let run = sandbox.ok("run --as-of 2026-03-14");
    run.says(&["ran 4 days again: 0 signals added, 1 retracted"]);
    let signal = &sandbox.array("list")[0];
    assert_eq!((&signal["state"], &signal["outcome"]), (&"closed".into(), &"retracted".into()));
    assert_eq!(signal["acknowledged_by"], "signals");
    let reason = signal["reason"].as_str().unwrap();
    assert!(reason.contains("70 to 50") && reason.contains("70 to 70"), "{reason}");
    let again = sandbox.ok("run --as-of 2026-03-14");
    assert!(!again.stderr.contains("again"), "once is enough\n{again}");
    // It was never to be raised, so it was not open on its day either.
    let company = &sandbox.array("company list --as-of 2026-03-12")[0];
    let counts = ["bad_open_signals", "bad_closed_signals", "bad_activity_signals_28d"];
    assert_eq!(counts.map(|name| company[name].as_i64().unwrap()), [0, 1, 0]);
    assert!(company["last_signal_on"].is_null());
    let figure = |report: &str, section: &str, measure: &str| {
        let rows = sandbox.array(&format!("report {report} --as-of 2026-03-12"));
        let is_asked = |row: &&Value| row["section"] == section && row["measure"] == measure;
        rows.iter().find(is_asked).map(|row| row["value"].clone())
    };
    assert_eq!(figure("dashboard", "signals", "waiting"), Some(0.into()));
    assert_eq!(figure("signals", "rules", "open"), Some(0.into()));
    assert_eq!(figure("company acme", "signals", "id"), None);
}

/// The spread follows from 26 weeks, of which late events change one.
#[test]
fn the_chance_of_a_signal_follows_late_events() {
    let history: Vec<(String, i64)> = (0..130)
        .map(|day| (naive::date(naive::day("2025-11-01") + day), if day < 124 { 10 } else { 6 }))
        .collect();
    let import = |sandbox: &Sandbox, late: i64| {
        let mut rows: Vec<EventRow<'_>> =
            history.iter().map(|(day, count)| ("acme", "login", day.as_str(), *count)).collect();
        rows.push(("acme", "login", "2026-02-12", late));
        rows.push(("acme", "view", "2026-03-31", 1));
        sandbox.import_events(&rows);
    };
    let judge = |sandbox: &Sandbox| {
        let all = sandbox.array("list");
        let signal = all.iter().find(|signal| signal["raised_on"] == "2026-03-07").unwrap();
        (signal["chance"].as_f64().unwrap(), signal["spread"].as_f64().unwrap())
    };
    let (late, punctual) = (Sandbox::new(), Sandbox::new());
    for sandbox in [&late, &punctual] {
        sandbox.ok("rule set login");
        import(sandbox, if std::ptr::eq(sandbox, &late) { 1 } else { 500 });
        sandbox.ok("run --from 2026-02-10 --to 2026-03-10");
    }
    // A week of 71 among weeks of 70 has less spread than chance; one of 570 has more.
    assert_eq!(judge(&late).1, 1.0);
    import(&late, 500);
    late.ok("run --as-of 2026-03-10");
    assert_eq!(judge(&late), judge(&punctual));
    assert!(judge(&late).1 > 100.0);
}

#[test]
fn a_retracted_signal_that_is_reopened_does_not_hold() {
    let (sandbox, all) = with_missing(&["2026-03-11", "2026-03-12"]);
    let holds = || sandbox.array("list")[0]["holds"].clone();
    sandbox.ok("run --as-of 2026-03-13 --backfill");
    complete(&sandbox, &all);
    sandbox.ok("run --as-of 2026-03-14").says(&["1 retracted"]);
    sandbox.ok("reopen 1 --reason 'look again'");
    assert_eq!(holds(), serde_json::json!(false));
    assert_eq!(sandbox.array("list --holds yes").len(), 0);
    sandbox.ok("run --as-of 2026-03-14");
    assert_eq!(holds(), serde_json::json!(false));
}

#[test]
fn late_days_are_run_again_by_any_form_of_run_and_not_by_a_dry_one() {
    let (sandbox, all) = with_missing(&["2026-03-11", "2026-03-12"]);
    complete(&sandbox, &all);
    sandbox.ok("run --dry-run --as-of 2026-03-14").says(&["1 retracted"]);
    assert_eq!(sandbox.array("list")[0]["state"], "open");
    sandbox.ok("run --from 2026-03-12 --to 2026-03-15 --max-lag 1").says(&["1 retracted"]);
    assert_eq!(sandbox.array("list")[0]["state"], "closed");
}

#[test]
fn acknowledged_signals_are_not_retracted() {
    let (sandbox, all) = with_missing(&["2026-03-11", "2026-03-12"]);
    sandbox.ok("ack 1 --reason 'called them'");
    complete(&sandbox, &all);
    sandbox.ok("run --as-of 2026-03-14").says(&["0 retracted"]);
    assert_eq!(sandbox.array("list")[0]["reason"], "called them");
}

#[test]
fn a_rule_that_has_changed_is_judged_as_it_was() {
    // At 25 % the signal would not be raised today, but it was right when the rule was different.
    let (sandbox, _) = with_missing(&["2026-03-11", "2026-03-12"]);
    sandbox.ok("rule set login --threshold 50");
    sandbox.import_events(&[("acme", "view", "2026-03-12", 1)]);
    sandbox.ok("run --as-of 2026-03-14").says(&["0 retracted"]);
    assert_eq!(sandbox.array("list")[0]["state"], "open");
    sandbox.import_events(&[("acme", "login", "2026-03-12", 20)]);
    sandbox.ok("run --as-of 2026-03-14").says(&["1 retracted"]);
}

#[test]
fn late_events_add_signals_and_tell_of_those_of_a_week() {
    // Twice as many on 10 and 11 March, arriving late: bad signals follow 7 days after the good
    // ones.
    let (sandbox, _) = with_missing(&[]);
    assert_eq!(sandbox.briefs(), [""; 0]);
    sandbox.write("team.csv", "name,role,realtime\nana,csm,bad;good\n");
    sandbox.write("companies.csv", "company_id,csm\nacme,ana\n");
    sandbox.ok("import team.csv companies.csv");
    sandbox.import_events(&[("acme", "login", "2026-03-10", 40)]);
    sandbox.ok("run --as-of 2026-03-14").says(&["1 signal added"]);
    assert_eq!(sandbox.briefs(), ["2026-03-10 login acme good +42.9"]);
    assert_eq!(sandbox.array("inbox --for ana").len(), 1);
}

#[test]
fn days_longer_ago_than_35_are_not_run_again() {
    let sandbox = Sandbox::new();
    sandbox.ok("rule set login");
    let first = naive::day("2026-01-01");
    let days: Vec<String> = (0..90).map(|day| naive::date(first + day)).collect();
    let rows: Vec<EventRow<'_>> =
        days.iter().map(|day| ("acme", "login", day.as_str(), 10)).collect();
    sandbox.import_events(&rows);
    // From 20 January to 31 March are 71 days; the last 35 begin on 25 February.
    sandbox.ok("run --from 2026-01-20 --to 2026-03-31");
    sandbox.import_events(&[("acme", "login", "2026-02-20", 50)]);
    let run = sandbox.ok("run");
    run.says(&["ran 35 days again", "5 older days with late events were not run again"]);
    // The week with 20 February has 110 instead of 70; the first day that is run again is the 25th.
    // The bad signal follows when that day is in the week before.
    assert_eq!(
        sandbox.briefs(),
        ["2026-02-25 login acme good +57.1", "2026-02-27 login acme bad -36.4"]
    );
}

/// The open signals, without their ids.
fn open_signals(sandbox: &Sandbox) -> BTreeSet<String> {
    let fields = [
        "raised_on",
        "rule",
        "company_id",
        "type",
        "observation_count",
        "decision_count",
        "change_pct",
        "chance",
        "detail",
        "holds",
    ];
    let line = |signal: &Value| fields.map(|field| signal[field].to_string()).join(" ");
    sandbox.array("list --state open").iter().map(line).collect()
}

const RULES: [&str; 4] = [
    "rule set login",
    "rule add people --kind trend --people --timeframe 7 --threshold 30",
    "rule add silent --kind condition --when 'days_since_last_event >= 3' --type bad --cooldown 5",
    "rule add export --kind adoption --event export --within 45",
];

fn book() -> Sandbox {
    let sandbox = Sandbox::new_at("2026-02-01T05:00:00Z");
    for rule in RULES {
        sandbox.ok(rule);
    }
    sandbox
}

/// Events over a number of days from 2026-02-01 on: a line of a file and its day.
fn random_feed(random: &mut Random, companies: i64, days: i64) -> Vec<(i64, String)> {
    let mut rows = Vec::new();
    for company in 0..companies {
        let (rate, stop) = (random.between(1, 4), random.between(25, 2 * days));
        for day in 0..days {
            let date = naive::date(naive::day("2026-02-01") + day);
            for number in 0..random.between(0, rate) {
                let event = random.pick(&["login", "login", "view", "export"]);
                let is_known = day < stop && (event != "export" || day > 20 + 3 * company);
                if is_known {
                    let person = random.between(1, 5);
                    let hour = 10 + number;
                    rows.push((
                        day,
                        format!("c{company},{event},{date}T{hour}:00:00Z,p{company}{person}\n"),
                    ));
                }
            }
        }
    }
    rows
}

fn night(day: i64) -> String {
    format!("{}T05:00:00Z", naive::date(naive::day("2026-02-01") + day + 1))
}

fn import(sandbox: &Sandbox, rows: &[&(i64, String)]) {
    let text: String = rows.iter().map(|(_, row)| row.as_str()).collect();
    sandbox.write("feed.csv", &format!("company_id,event,timestamp,person_id\n{text}"));
    sandbox.ok("import feed.csv");
}

/// The ideal feed: each night all events of the day before.
fn punctual(rows: &[(i64, String)], first: i64, days: i64) -> Sandbox {
    let mut sandbox = book();
    for day in first..days {
        sandbox.at(&night(day));
        let known: Vec<_> = rows.iter().filter(|(of, _)| *of <= day).collect();
        import(&sandbox, &known);
        sandbox.ok("run --max-lag 100");
    }
    sandbox
}

#[test]
fn late_partial_and_repeated_exports_end_as_a_punctual_feed_does() {
    crate::property::for_seeds(3, |random, size| {
        let (companies, first, days) = (2 + size, 30, 46);
        let rows = random_feed(random, companies, days);
        let mut late = book();
        for day in first..days {
            late.at(&night(day));
            let share = random.pick(&[1, 2, 5, 1000]);
            let to = if day == first { day } else { day - random.between(0, 3) };
            // The night before the first day is run has all events; others lack some.
            let kept: Vec<_> = rows
                .iter()
                .filter(|(of, _)| {
                    *of <= to && (day == first || *of < first || !random.one_in(share))
                })
                .collect();
            if !random.one_in(5) || day == first {
                import(&late, &kept);
            }
            late.ok("run --max-lag 100");
        }
        late.at(&night(days - 1));
        import(&late, &rows.iter().collect::<Vec<_>>());
        late.ok("run --max-lag 100");
        late.ok("run --max-lag 100");
        assert_eq!(open_signals(&late), open_signals(&punctual(&rows, first, days)));
        late.ok("check");
    });
}

#[test]
fn a_weekly_export_raises_what_a_nightly_one_does() {
    crate::property::for_seeds(2, |random, size| {
        let (companies, first, days) = (2 + size, 30, 45);
        let rows = random_feed(random, companies, days);
        let mut weekly = book();
        // The export comes on the nights of days 30, 37 and 44.
        for day in first..days {
            weekly.at(&night(day));
            if (day - first) % 7 == 0 {
                let known: Vec<_> = rows.iter().filter(|(of, _)| *of <= day).collect();
                import(&weekly, &known);
            }
            weekly.ok("run --max-lag 8");
        }
        assert_eq!(open_signals(&weekly), open_signals(&punctual(&rows, first, days)));
        assert_eq!(weekly.array("list").len(), weekly.array("list --state open").len());
    });
}

#[test]
fn a_stuck_export_raises_nothing_and_ends_as_a_feed_that_was_never_late() {
    // Twelve companies log in ten times a day. c0 stops on 9 March, c1 on 15 March.
    let stops = |company: i64, day: i64| company == 0 && day >= 36 || company == 1 && day >= 42;
    let mut rows = Vec::new();
    for day in 0..55 {
        let date = naive::date(naive::day("2026-02-01") + day);
        for company in (0..12).filter(|company| !stops(*company, day)) {
            rows.push((day, format!("c{company}"), date.clone()));
        }
    }
    let export = |sandbox: &Sandbox, to: i64| {
        let events: Vec<EventRow<'_>> = rows
            .iter()
            .filter(|(day, ..)| *day <= to)
            .map(|(_, company, date)| (company.as_str(), "login", date.as_str(), 10))
            .collect();
        sandbox.write("export.csv", &events_csv(&events));
    };
    let (mut stuck, mut steady) = (book(), book());
    for day in 35..=48 {
        // The export of 10 March (day 37) arrives again on ten nights, then a complete one.
        for (sandbox, to) in
            [(&mut steady, day), (&mut stuck, if day == 48 { 48 } else { day.min(37) })]
        {
            sandbox.at(&night(day));
            export(sandbox, to);
            let late = day - to;
            let before = sandbox.array("run list").len();
            let code = if late >= 4 { 12 } else { 0 };
            let outcome = sandbox.fails("daily export.csv --quiet", code);
            if late > 0 {
                assert_eq!(sandbox.array("run list").len(), before, "night {late}\n{outcome}");
                assert_eq!(outcome.stdout, "", "no signal on night {late}");
            }
            if late >= 4 {
                outcome.says(&["your data ends on 2026-03-10"]);
            }
        }
    }
    assert_eq!(stuck.array("run list").len(), 14);
    assert_eq!(open_signals(&stuck), open_signals(&steady));
    assert!(!open_signals(&stuck).is_empty());
}

#[test]
fn a_holiday_raises_no_flood() {
    // Thirty companies have a fifth of their usual activity on one day, and so less than before in
    // its week.
    let sandbox = Sandbox::new();
    sandbox.ok("rule set login");
    let first = naive::day("2026-02-01");
    let mut rows = Vec::new();
    for day in 0..59 {
        let count = if day == 50 { 2 } else { 10 };
        rows.push((naive::date(first + day), count));
    }
    let companies: Vec<String> = (0..30).map(|number| format!("c{number:02}")).collect();
    let events: Vec<EventRow<'_>> = companies
        .iter()
        .flat_map(|company| {
            rows.iter().map(|(day, count)| (company.as_str(), "login", day.as_str(), *count))
        })
        .collect();
    sandbox.import_events(&events);
    sandbox.ok("rule set login --threshold 10");
    sandbox.ok("run --from 2026-03-15 --to 2026-03-31");
    let bad = sandbox.briefs().into_iter().filter(|line| line.contains("bad"));
    assert_eq!(bad.collect::<Vec<_>>(), [""; 0]);
}

/// A day that is run again raises what was accepted, and nothing for those that had recovered.
#[test]
fn an_accepted_day_that_is_run_again_raises_nothing_new() {
    let mut sandbox = Sandbox::new_at("2026-02-10T05:00:00Z");
    let mut rows = String::from("company_id,event,timestamp,count\n");
    for company in 0..12 {
        for day in 0..40 {
            let count = match day {
                38.. if company < 3 => 40,
                35.. => 1,
                _ => 10,
            };
            let date = naive::date(naive::day("2026-01-01") + day);
            rows += &format!("c{company},e,{date},{count}\n");
        }
    }
    sandbox.at("2026-02-10T05:00:00Z");
    sandbox.write("events.csv", &rows);
    sandbox.ok("import events.csv");
    sandbox.ok("rule set e --direction down");
    sandbox.ok("run --as-of 2026-01-31");
    sandbox.ok("run --from 2026-02-01 --to 2026-02-09");
    assert_eq!(sandbox.array("list").len(), 0);
    sandbox.ok("run --accept e");
    assert_eq!(sandbox.array("list").len(), 9);
    sandbox.ok("run --as-of 2026-02-06 --backfill");
    assert_eq!(sandbox.array("list").len(), 9);
}
