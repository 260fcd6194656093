//! The pulse: setting it, its history and score, the levels, and pulses from files. Scores are
//! computed by hand from the specification.

use serde_json::{Value, json};

use crate::kinds::{import, query};
use crate::support::Sandbox;

fn with_acme() -> Sandbox {
    let sandbox = Sandbox::new();
    import(&sandbox, "companies", "company_id,name\nc1,Acme\n", [1, 0, 0]);
    sandbox
}

/// The values of some fields of each pulse of a company.
#[track_caller]
fn history(sandbox: &Sandbox, company: &str, fields: &[&str]) -> Vec<Value> {
    let pulses = sandbox.array(&format!("pulse history {company}"));
    pulses.iter().map(|pulse| fields.iter().map(|field| pulse[*field].clone()).collect()).collect()
}

#[test]
fn the_score_stands_as_the_clock_has_it_unless_a_day_is_named() {
    let mut sandbox = with_acme();
    sandbox.ok("run --as-of 2026-03-01");
    sandbox.ok("pulse set c1 satisfied --on 2026-03-01");
    sandbox.ok("pulse set c1 high-risk --on 2026-03-03 --reason-code support/response-time");
    sandbox.at("2026-03-17T12:00:00Z");
    let columns = "--columns success_score,days_since_pulse";
    // 14 days close half of the gap from 40 to 20.
    assert_eq!(
        sandbox.array(&format!("company list {columns}")),
        [json!({"success_score": 30.0, "days_since_pulse": 14})]
    );
    let on_the_day = sandbox.array(&format!("company list {columns} --as-of 2026-03-03"));
    assert_eq!(on_the_day, [json!({"success_score": 40.0, "days_since_pulse": 0})]);
}

#[test]
fn a_history_has_each_pulse_with_its_reasons_and_score() {
    let sandbox = with_acme();
    sandbox.ok("pulse set Acme satisfied --on 2026-03-01");
    let codes = "--reason-code support/response-time --reason-code Value/Unproven-Return --reason-code support/response-time";
    let set = sandbox
        .ok(&format!("pulse set c1 2 {codes} --note ' Two tickets ' --on 2026-03-03 --by sam"));
    // 60 + (20 - 60) / 2.
    set.says(&[
        "high-risk from 2026-03-03 on; it was satisfied",
        "They doubt whether to stay",
        "SuccessScore on 2026-03-03: 40.0",
    ]);
    assert!(!set.stderr.contains("warning"), "{set}");
    // 14 days in between close half of the gap of 20.
    sandbox.ok("pulse set c1 high-risk --on 2026-03-18 --reason-code commercial/budget-cut");
    // A pulse in the past changes what follows: 100 at first, 60 + 20 = 80 halfway down to 60.
    sandbox.ok("pulse set c1 6 --on 2026-02-28").says(&["since 2026-03-18 it is high-risk"]);
    let pulse = |on: &str,
                 pulse: u8,
                 label: &str,
                 codes: Value,
                 note: Value,
                 by: &str,
                 score: f64,
                 journey: &str| {
        json!({
            "company_id": "c1", "company_name": "Acme", "set_on": on, "pulse": pulse, "pulse_label": label,
            "reason_codes": codes, "note": note, "set_by": by, "set_at": "2026-04-01T06:00:00Z", "success_score": score,
            "journey": journey,
        })
    };
    let both = json!(["support/response-time", "value/unproven-return"]);
    let expected = [
        pulse("2026-02-28", 6, "extremely-satisfied", json!([]), json!(null), "tester", 100.0, "█"),
        // 100 - 20.
        pulse("2026-03-01", 4, "satisfied", json!([]), json!(null), "tester", 80.0, "█▅"),
        // On 2 March 60 + 20 * 0.5^(1/14) = 79.03; less 20 is 59.0.
        pulse("2026-03-03", 2, "high-risk", both, json!("Two tickets"), "sam", 59.0, "█▅▂"),
        // 20 + 39.03 / 2.
        pulse(
            "2026-03-18",
            2,
            "high-risk",
            json!(["commercial/budget-cut"]),
            json!(null),
            "tester",
            39.5,
            "█▅▂▂",
        ),
    ];
    assert_eq!(sandbox.array("pulse history acme"), expected);
    let table = sandbox.ok("pulse history c1").stdout;
    assert!(
        table.contains("Acme") && table.contains("█▅▂▂") && table.contains("Two tickets"),
        "{table}"
    );
    sandbox.ok("check");
}

#[test]
fn without_a_day_it_counts_from_today() {
    let mut sandbox = with_acme();
    sandbox.ok("run --as-of 2026-03-16");
    sandbox.at("2026-03-17T09:00:00Z");
    sandbox
        .ok("pulse set c1 3")
        .says(&["warning: some-risk without a reason code", "from 2026-03-17 on"]);
    sandbox.ok("pulse set c1 1").says(&["warning: severe-risk without a reason code"]);
    let set = sandbox.ok("pulse set c1 4");
    assert!(!set.stderr.contains("warning"), "{set}");
    sandbox.at("2026-04-01T06:00:00Z").ok("pulse set c1 5");
    let expected = [
        json!(["2026-03-17", 3, 40.0]),
        json!(["2026-03-17", 1, 0.0]),
        // Only the last pulse of a day counts.
        json!(["2026-03-17", 4, 60.0]),
        // 60 + (80 - 60) / 2.
        json!(["2026-04-01", 5, 70.0]),
    ];
    assert_eq!(history(&sandbox, "c1", &["set_on", "pulse", "success_score"]), expected);
}

#[test]
fn a_pulse_of_a_day_that_was_not_run_yet_waits_for_its_run() {
    let mut sandbox = with_acme();
    sandbox.ok("rule preset add pulse-low");
    sandbox.ok("run --as-of 2026-03-29");
    sandbox.ok("pulse set c1 1 --on 2026-03-30");
    assert_eq!(sandbox.json("list"), json!([]));
    sandbox.at("2026-04-01T07:00:00Z").ok("run");
    assert_eq!(sandbox.array("list")[0]["raised_on"], "2026-03-30");
}

#[test]
fn an_invalid_pulse_changes_nothing() {
    let sandbox = with_acme();
    sandbox.ok("reason retire product/defects");
    let cases = [
        ("pulse set c1 0", 2, "not a level of the pulse"),
        ("pulse set c1 7", 2, "not a level of the pulse"),
        ("pulse set c1 content", 2, "not a level of the pulse"),
        ("pulse set c1 4 --on 2026-04-02", 2, "in the future"),
        ("pulse set c1 4 --on 2026-02-30", 2, "2026-02-30"),
        ("pulse set c1", 2, "level"),
        ("pulse set acne 4", 9, "did you mean 'Acme'"),
        (
            "pulse set c1 3 --reason-code support/response",
            9,
            "did you mean 'support/response-time'",
        ),
        ("pulse set c1 3 --reason-code product/defects", 9, "retired"),
        ("pulse set c1 3 --reason-code switched/to-competitor", 9, "no reason code"),
        (
            "pulse set c1 3 --reason-code value/missed-goals --reason-code value/low-priority \
             --reason-code value/changed-needs --reason-code value/unproven-return",
            2,
            "more than 3",
        ),
    ];
    for (command, code, text) in cases {
        sandbox.fails(command, code).says(&[text]);
    }
    assert_eq!(sandbox.array("pulse history c1"), [json!(null); 0]);
    sandbox.fails("pulse history acne", 9);
    let empty = Sandbox::empty();
    for command in ["pulse set c1 4", "pulse history c1", "pulse scale", "reason list"] {
        empty.fails(command, 6);
    }
}

#[test]
fn the_scale_has_six_levels_with_a_guideline_each() {
    let sandbox = Sandbox::new();
    let scale = sandbox.array("pulse scale");
    let brief: Vec<Value> =
        scale.iter().map(|row| json!([row["level"], row["label"], row["target"]])).collect();
    let expected = [
        json!([1, "severe-risk", 0]),
        json!([2, "high-risk", 20]),
        json!([3, "some-risk", 40]),
        json!([4, "satisfied", 60]),
        json!([5, "very-satisfied", 80]),
        json!([6, "extremely-satisfied", 100]),
    ];
    assert_eq!(brief, expected);
    assert!(
        scale.iter().all(|row| row["guideline"].as_str().is_some_and(|text| text.ends_with('.')))
    );
}

const PULSES: &str = "company_id,pulse,set_on,reason_codes,note,set_by\n\
    c1,Some-Risk,2026-03-01,support/response-time;product/defects,\"Two\nlines\",Sam\n\
    Acme,5,2026-03-20T23:30:00-01:00,,,\n";

#[test]
fn pulses_of_a_file_count_from_the_day_on_which_they_were_set() {
    let sandbox = with_acme();
    import(&sandbox, "pulses", PULSES, [2, 0, 0]);
    let fields = ["set_on", "set_at", "pulse", "reason_codes", "note", "set_by", "journey"];
    let codes = json!(["support/response-time", "product/defects"]);
    let expected = [
        json!(["2026-03-01", "2026-03-01T00:00:00Z", 3, codes, "Two\nlines", "Sam", "▄"]),
        json!(["2026-03-21", "2026-03-21T00:30:00Z", 5, [], null, null, "▄▇"]),
    ];
    assert_eq!(history(&sandbox, "c1", &fields), expected);
    // Of two on a day the later one counts, whatever the order in the file.
    let swapped = "company_id,pulse,set_on\nc1,1,2026-03-25T12:00:00Z\nc1,6,2026-03-25T11:00:00Z\n";
    import(&sandbox, "pulses", swapped, [2, 0, 0]);
    assert_eq!(history(&sandbox, "c1", &["pulse"])[2..], [json!([6]), json!([1])]);
}

#[test]
fn a_pulse_of_a_file_is_added_once() {
    let sandbox = with_acme();
    import(&sandbox, "pulses", PULSES, [2, 0, 0]);
    import(&sandbox, "pulses", PULSES, [0, 2, 0]);
    // The same level in other words, and the same reasons in another order.
    let reworded = PULSES
        .replace("Some-Risk", "3")
        .replace("support/response-time;product/defects", "product/defects; support/response-time");
    import(&sandbox, "pulses", &reworded, [0, 2, 0]);
    let twice = "company_id,pulse,set_on\nc1,4,2026-03-02\nc1,4,2026-03-02\n";
    import(&sandbox, "pulses", twice, [2, 0, 0]);
    import(&sandbox, "pulses", twice, [0, 2, 0]);
    for (what, other) in [
        ("level", PULSES.replace("Some-Risk", "2")),
        ("reason", PULSES.replace(";product/defects", "")),
        ("note", PULSES.replace("lines", "words")),
        ("person", PULSES.replace(",Sam", ",Kim")),
        ("instant", PULSES.replace("2026-03-01", "2026-03-01T08:00:00Z")),
    ] {
        let outcome = import(&sandbox, "pulses", &other, [1, 1, 0]);
        assert_eq!(outcome.status, 0, "{what}");
    }
    sandbox.ok("check");
}

#[test]
fn a_file_of_before_a_code_was_renamed_or_retired_is_still_known() {
    let sandbox = with_acme();
    import(&sandbox, "pulses", PULSES, [2, 0, 0]);
    sandbox.ok("reason rename support/response-time support/slow");
    sandbox.ok("reason rename support/slow support/slow-answers");
    sandbox.ok("reason retire product/defects");
    import(&sandbox, "pulses", PULSES, [0, 2, 0]);
    assert_eq!(
        history(&sandbox, "c1", &["reason_codes"])[0],
        json!([["support/slow-answers", "product/defects"]])
    );
    // A new one with the former name, and new ones with the retired code.
    let new = "company_id,pulse,set_on,reason_codes\nc1,2,2026-03-05,support/response-time\nc1,2,2026-03-06,product/defects\n\
               new,2,2026-03-06,product/defects\n";
    import(&sandbox, "pulses", new, [1, 0, 2]).says(&[
        "pulses.csv:3: reason_codes: the reason code 'product/defects' is retired",
        "pulses.csv:4: reason_codes: the reason code 'product/defects' is retired",
    ]);
    assert_eq!(history(&sandbox, "c1", &["reason_codes"])[1], json!([["support/slow-answers"]]));
    assert_eq!(query(&sandbox, "SELECT company_id FROM companies"), ["c1"]);
    sandbox.ok("check");
}

#[test]
fn a_merge_carries_pulses_and_losses_and_knows_equal_ones() {
    let sandbox = with_acme();
    import(&sandbox, "companies", "company_id,name\nold,Old Ltd\n", [1, 0, 0]);
    import(&sandbox, "pulses", PULSES, [2, 0, 0]);
    let of_old = "company_id,pulse,set_on,reason_codes,note,set_by\n\
        old,3,2026-03-01,product/defects;support/response-time,\"Two\nlines\",Sam\nold,1,2026-03-02,,,Sam\n";
    import(&sandbox, "pulses", of_old, [2, 0, 0]);
    sandbox.ok("company downsell old --on 2026-03-05 --reason-code seats/fewer-people");
    sandbox.ok("company churn old --on 2026-03-10 --reason-code need/no-longer-there");
    sandbox.ok("company merge old c1");
    let expected = [json!(["2026-03-01", 3]), json!(["2026-03-02", 1]), json!(["2026-03-21", 5])];
    assert_eq!(history(&sandbox, "c1", &["set_on", "pulse"]), expected);
    import(&sandbox, "pulses", of_old, [0, 2, 0]);
    let losses =
        "SELECT c.company_id, l.kind, r.code FROM losses l JOIN companies c ON c.id = l.company
                  JOIN loss_reasons r ON r.loss = l.id ORDER BY l.day";
    assert_eq!(
        query(&sandbox, losses),
        ["c1|downsell|seats/fewer-people", "c1|churn|need/no-longer-there"]
    );
    sandbox.ok("check");
}
