//! Reason codes: the library, the changes of a team, and the reasons for churns and downsells.

use serde_json::{Value, json};

use crate::kinds::{import, query};
use crate::support::Sandbox;

fn with_acme() -> Sandbox {
    let sandbox = Sandbox::new();
    import(&sandbox, "companies", "company_id,name,mrr\nc1,Acme,1000.50\n", [1, 0, 0]);
    sandbox
}

#[track_caller]
fn reason(sandbox: &Sandbox, kind: &str, code: &str) -> Option<Value> {
    let codes = sandbox.array(&format!("reason list --kind {kind}"));
    codes.into_iter().find(|reason| reason["code"] == code)
}

#[test]
fn the_library_has_51_codes_of_kind_pulse() {
    let sandbox = Sandbox::new();
    let all = sandbox.array("reason list");
    let of = |kind: &str| {
        all.iter().filter(|reason| reason["kind"] == kind && reason["active"] == true).count()
    };
    assert_eq!(of("pulse"), 51);
    assert!(
        of("downsell") >= 5 && of("churn") >= 5 && of("downsell") + of("churn") == all.len() - 51
    );
    let expected = json!({
        "code": "support/response-time", "kind": "pulse", "category": "support", "subcategory": "response-time",
        "active": true, "description": "They wait too long for a first answer",
    });
    assert_eq!(reason(&sandbox, "pulse", "support/response-time"), Some(expected.clone()));
    assert_eq!(reason(&sandbox, "churn", "support/response-time"), None);
    let csv = sandbox.ok("reason list --format csv").stdout;
    assert_eq!(csv.lines().next(), Some("code,kind,category,subcategory,active,description"));
    sandbox.fails("reason list --kind upsell", 2);
    // The database has none of it until somebody changes it.
    assert_eq!(query(&sandbox, "SELECT count(*) FROM reason_codes"), ["0"]);
}

#[test]
fn a_renamed_code_is_renamed_in_history_and_a_retired_one_stays_there() {
    let sandbox = with_acme();
    sandbox.ok("pulse set c1 2 --reason-code support/response-time --reason-code product/defects");
    sandbox.ok("reason rename support/response-time Support/Slow");
    sandbox.ok("reason retire product/defects");
    let codes = || sandbox.array("pulse history c1").pop().unwrap()["reason_codes"].clone();
    assert_eq!(codes(), json!(["support/slow", "product/defects"]));
    assert_eq!(reason(&sandbox, "pulse", "support/response-time"), None);
    assert_eq!(reason(&sandbox, "pulse", "support/slow").unwrap()["active"], true);
    assert_eq!(reason(&sandbox, "pulse", "product/defects").unwrap()["active"], false);
    assert_eq!(sandbox.array("reason list --kind pulse --active").len(), 50);
    sandbox.fails("pulse set c1 2 --reason-code product/defects", 9);
    // The former name is still accepted.
    sandbox.ok("pulse set c1 2 --reason-code support/response-time");
    assert_eq!(codes(), json!(["support/slow"]));
    // Brought back and renamed, it is as shipped.
    sandbox.ok("reason add product/defects");
    sandbox.ok("reason rename support/slow support/response-time");
    assert_eq!(codes(), json!(["support/response-time"]));
    assert_eq!(query(&sandbox, "SELECT count(*) FROM reason_codes"), ["0"]);
    sandbox.ok("check");
}

#[test]
fn a_code_is_unique_within_its_kind() {
    let sandbox = Sandbox::new();
    sandbox.ok("reason add need/season-over --kind churn --description 'The season has ended'");
    sandbox.ok("reason add need/season-over --kind pulse");
    let own = json!({
        "code": "need/season-over", "kind": "churn", "category": "need", "subcategory": "season-over", "active": true,
        "description": "The season has ended",
    });
    assert_eq!(reason(&sandbox, "churn", "need/season-over"), Some(own));
    let cases = [
        ("reason add need/season-over --kind churn", 9, "already"),
        ("reason add need", 2, "not a reason code"),
        ("reason add 'a b/c'", 2, "not a reason code"),
        ("reason add a/b/c", 2, "not a reason code"),
        ("reason retire need/season-over", 2, "--kind"),
        ("reason retire support/respons-time", 9, "did you mean 'support/response-time'"),
        ("reason rename need/season-over need/no-longer-there --kind churn", 9, "already"),
        ("reason rename support/response-time support/response-time", 9, "already"),
        ("reason rename nothing/there support/slow", 9, "there is no reason code"),
    ];
    for (command, code, text) in cases {
        sandbox.fails(command, code).says(&[text]);
    }
    sandbox.ok("reason retire need/season-over --kind churn");
    sandbox.fails("reason retire need/season-over --kind churn", 9).says(&["retired already"]);
    assert_eq!(reason(&sandbox, "pulse", "need/season-over").unwrap()["active"], true);
    // Only one kind has this one.
    sandbox.ok("reason retire switched/to-competitor");
}

#[test]
fn a_library_is_made_where_there_is_none() {
    let sandbox = Sandbox::empty();
    sandbox.ok("reason add own/reason").says(&["created a new database"]);
    assert_eq!(reason(&sandbox, "pulse", "own/reason").unwrap()["active"], true);
}

#[test]
fn more_than_60_or_fewer_than_40_active_pulse_codes_get_a_hint() {
    let sandbox = Sandbox::new();
    for number in 1..=9 {
        let added = sandbox.ok(&format!("reason add own/number-{number}"));
        assert!(!added.stderr.contains("hint"), "{added}");
    }
    sandbox.ok("reason add own/number-10").says(&["hint: 61 active pulse codes"]);
    sandbox.ok("reason list").says(&["hint: 61 active pulse codes"]);
    let codes: Vec<String> = sandbox
        .array("reason list --kind pulse")
        .iter()
        .map(|reason| reason["code"].as_str().unwrap().to_owned())
        .collect();
    for code in &codes[..21] {
        let retired = sandbox.ok(&format!("reason retire {code}"));
        assert!(!retired.stderr.contains("hint"), "{retired}");
    }
    sandbox.ok(&format!("reason retire {}", codes[21])).says(&["hint: 39 active pulse codes"]);
}

const LOSSES: &str = "SELECT l.kind, l.day, l.mrr_before, l.mrr_after, l.note, l.by,
    (SELECT group_concat(code, ';' ORDER BY position) FROM loss_reasons r WHERE r.loss = l.id) FROM losses l ORDER BY l.id";

#[test]
fn a_churn_keeps_its_reasons_also_when_it_is_stated_for_another_day() {
    let sandbox = with_acme();
    sandbox
        .fails("company churn c1 --on 2026-03-20 --reason-code support/response-time", 9)
        .says(&["of kind churn"]);
    assert_eq!(query(&sandbox, "SELECT count(*) FROM stated_churns"), ["0"]);
    sandbox.ok(
        "company churn c1 --on 2026-03-20 --reason-code switched/to-competitor --reason-code price/too-expensive --note gone",
    );
    let on = |day: &str| {
        [format!("churn|{day}|1000.5|0|gone|tester|switched/to-competitor;price/too-expensive")]
    };
    assert_eq!(query(&sandbox, LOSSES), on("2026-03-20"));
    // A file says that it was earlier.
    import(&sandbox, "companies", "company_id,churned_on\nc1,2026-03-15\n", [0, 1, 0]);
    assert_eq!(query(&sandbox, LOSSES), on("2026-03-15"));
    sandbox.ok("company churn c1 --on 2026-03-12");
    assert_eq!(query(&sandbox, LOSSES), on("2026-03-12"));
    import(&sandbox, "companies", "company_id,churned_on\nc1,2026-03-15\n", [0, 1, 0]);
    // It has already churned: only reasons can be added, and only for that day.
    sandbox
        .fails("company churn c1 --on 2026-03-15", 9)
        .says(&["already", "--on 2026-03-15 --reason-code"]);
    sandbox.fails("company churn c1 --on 2026-03-20 --reason-code need/no-longer-there", 9);
    sandbox.ok("company churn c1 --on 2026-03-15 --reason-code need/no-longer-there");
    assert_eq!(
        query(&sandbox, LOSSES),
        ["churn|2026-03-15|1000.5|0|-|tester|need/no-longer-there"]
    );
    // It returns and churns again: two churns, each with its reasons.
    sandbox.ok("company return c1 --on 2026-03-25");
    sandbox.ok("company churn c1 --on 2026-03-30").says(&["hint: --reason-code"]);
    assert_eq!(
        query(&sandbox, "SELECT day FROM losses ORDER BY day"),
        ["2026-03-15", "2026-03-30"]
    );
    sandbox.ok("check");
}

#[test]
fn a_downsell_keeps_its_reasons_and_amounts() {
    let sandbox = with_acme();
    sandbox
        .ok("company downsell c1 --on 2026-03-01 --reason-code seats/fewer-people --mrr-after 800")
        .says(&["200.50 a month less"]);
    sandbox.ok("company downsell c1 --on 2026-03-02 --reason-code plan/add-on-dropped --mrr-before 800 --mrr-after 0 --note small");
    sandbox
        .ok("company downsell c1 --on 2026-03-03")
        .says(&["warning: a downsell without a reason code"]);
    let expected = [
        "downsell|2026-03-01|1000.5|800|-|tester|seats/fewer-people",
        "downsell|2026-03-02|800|0|small|tester|plan/add-on-dropped",
        "downsell|2026-03-03|1000.5|-|-|tester|-",
    ];
    assert_eq!(query(&sandbox, LOSSES), expected);
    let cases = [
        ("company downsell c1 --on 2026-04-02", 2, "in the future"),
        ("company downsell c1 --on 2026-03-04 --mrr-after 1000.50", 2, "no less than 1000.50"),
        ("company downsell c1 --on 2026-03-04 --mrr-before 10", 2, "--mrr-after"),
        ("company downsell c1 --on 2026-03-04 --mrr-after=-1", 2, "not an amount"),
        ("company downsell c1 --on 2026-03-04 --mrr-after NaN", 2, "not an amount"),
        (
            "company downsell c1 --on 2026-03-04 --reason-code price/too-expensive",
            9,
            "of kind downsell",
        ),
        ("company downsell nobody --on 2026-03-04", 9, "no company"),
    ];
    for (command, code, text) in cases {
        sandbox.fails(command, code).says(&[text]);
    }
    sandbox.ok("company churn c1 --on 2026-03-10");
    sandbox
        .fails("company downsell c1 --on 2026-03-11 --reason-code price/budget-reduced", 9)
        .says(&["churned on 2026-03-10"]);
    sandbox.ok("reason rename seats/fewer-people seats/smaller-team");
    assert_eq!(
        query(&sandbox, LOSSES)[0],
        "downsell|2026-03-01|1000.5|800|-|tester|seats/smaller-team"
    );
    sandbox.ok("check");
}
