//! Files of every kind besides events: what is new, known, updated and cleared, the companies of
//! rows, and the resulting records. Every value is computed by hand from the specification.

use serde_json::{Value, json};

use crate::support::{Outcome, Sandbox};

/// Imports a file of a kind; `counts` are the numbers of new, known and rejected rows.
#[track_caller]
pub(crate) fn import(sandbox: &Sandbox, kind: &str, text: &str, counts: [u64; 3]) -> Outcome {
    let file = format!("{kind}.csv");
    sandbox.write(&file, text);
    let [new, known, rejected] = counts;
    let outcome =
        sandbox.fails(&format!("import --kind {kind} {file}"), if rejected > 0 { 3 } else { 0 });
    let read = new + known + rejected;
    outcome.says(&[&format!("read {read}: new {new}, known {known}, rejected {rejected}")]);
    outcome
}

#[track_caller]
fn show(sandbox: &Sandbox, company: &str) -> Value {
    let shown = sandbox.json(&format!("company show '{company}'"));
    match shown {
        Value::Array(mut rows) if rows.len() == 1 => rows.remove(0),
        shown => shown,
    }
}

/// The fields of a company, as one array.
#[track_caller]
fn fields(sandbox: &Sandbox, company: &str, names: &[&str]) -> Value {
    let shown = show(sandbox, company);
    names
        .iter()
        .map(|name| shown.get(name).unwrap_or_else(|| panic!("no {name} in {shown}")).clone())
        .collect()
}

#[track_caller]
fn ids(sandbox: &Sandbox) -> Vec<String> {
    let companies = sandbox.array("company list");
    companies.iter().map(|company| company["company_id"].as_str().unwrap().to_owned()).collect()
}

#[track_caller]
fn breaks(sandbox: &Sandbox, company: &str) -> Vec<String> {
    let shown = show(sandbox, company);
    let breaks = shown["breaks"].as_array().unwrap().iter();
    breaks
        .map(|away| {
            format!(
                "{} {}",
                away["churned_on"].as_str().unwrap(),
                away["returned_on"].as_str().unwrap_or("…")
            )
        })
        .collect()
}

/// Rows of a query, with values separated by `|`.
pub(crate) fn query(sandbox: &Sandbox, sql: &str) -> Vec<String> {
    let database = sandbox.database();
    let mut statement = database.prepare(sql).unwrap();
    let width = statement.column_count();
    let rows = statement.query_map([], |row| {
        let text = |at| {
            row.get_ref(at).map(|value| match value {
                rusqlite::types::ValueRef::Null => "-".to_owned(),
                rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                rusqlite::types::ValueRef::Real(number) => number.to_string(),
                rusqlite::types::ValueRef::Text(text) | rusqlite::types::ValueRef::Blob(text) => {
                    String::from_utf8_lossy(text).into_owned()
                }
            })
        };
        Ok((0..width).map(text).collect::<Result<Vec<_>, _>>()?.join("|"))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

const ACME: &str = "company_id,name\nc1,Acme\n";

fn with_acme() -> Sandbox {
    let sandbox = Sandbox::new();
    import(&sandbox, "companies", ACME, [1, 0, 0]);
    sandbox
}

// ---- new, known, updated, cleared

/// A kind with ids: a first file, the result, a second file with missing columns and empty cells,
/// and the result.
struct Updated {
    kind: &'static str,
    list: &'static str,
    first: &'static str,
    first_seen: Value,
    second: &'static str,
    changed: Value,
}

fn updated() -> Vec<Updated> {
    vec![
        Updated {
            kind: "subscriptions",
            list: "subscriptions",
            first: "company_id,subscription_id,started_on,plan,product,mrr,seats,renews_on,ended_on,card_expires_on\n\
                    c1,s1,2025-01-01,pro,core,100.5,7,2026-12-31,2027-06-30,2027-01-31\n",
            first_seen: json!({
                "subscription_id": "s1", "started_on": "2025-01-01", "plan": "pro", "product": "core", "mrr": 100.5,
                "seats": 7, "renews_on": "2026-12-31", "ended_on": "2027-06-30", "card_expires_on": "2027-01-31",
                "term_days": null,
            }),
            second: "company_id,subscription_id,started_on,plan,seats,ended_on\nAcme,s1,2025-02-01,basic,,\n",
            changed: json!({"started_on": "2025-02-01", "plan": "basic", "seats": null, "ended_on": null}),
        },
        Updated {
            kind: "people",
            list: "people",
            first: "person_id,company_id,name,email,role,created_on\nann,c1,Ann,ann@acme.example,admin,2025-01-05\n",
            first_seen: json!({
                "person_id": "ann", "name": "Ann", "email": "ann@acme.example", "role": "admin",
                "created_on": "2025-01-05",
            }),
            second: "person_id,company_id,name,role\nann,ACME,Ann B,\n",
            changed: json!({"name": "Ann B", "role": null}),
        },
        Updated {
            kind: "tickets",
            list: "tickets",
            first: "company_id,ticket_id,opened_at,closed_at,priority,status,subject,satisfaction\n\
                    c1,t1,2026-03-01T23:30:00-01:00,2026-03-02T11:30:00Z,high,solved,Login fails,good\n",
            first_seen: json!({
                "ticket_id": "t1", "opened_at": "2026-03-02T00:30:00Z", "opened_on": "2026-03-02",
                "closed_at": "2026-03-02T11:30:00Z", "closed_on": "2026-03-02", "priority": "high", "status": "solved",
                "subject": "Login fails", "satisfaction": "good",
            }),
            second: "company_id,ticket_id,opened_at,closed_at,status\nacme,t1,2026-03-02T00:30:00Z,,open\n",
            changed: json!({"closed_at": null, "closed_on": null, "status": "open"}),
        },
        Updated {
            kind: "invoices",
            list: "invoices",
            first: "company_id,invoice_id,due_on,paid_on,amount,status\nc1,i1,2026-03-15,2026-03-14,250.75,paid\n",
            first_seen: json!({
                "invoice_id": "i1", "due_on": "2026-03-15", "paid_on": "2026-03-14", "amount": 250.75, "status": "paid",
            }),
            second: "company_id,invoice_id,due_on,paid_on,status\nc1,i1,2026-04-20,,open\n",
            changed: json!({"due_on": "2026-04-20", "paid_on": null, "status": "open"}),
        },
    ]
}

#[test]
fn a_row_with_a_known_id_is_updated_where_the_file_has_a_column() {
    for Updated { kind, list, first, first_seen, second, changed } in updated() {
        let sandbox = with_acme();
        import(&sandbox, kind, first, [1, 0, 0]);
        import(&sandbox, kind, first, [0, 1, 0]);
        assert_eq!(show(&sandbox, "c1")[list], json!([first_seen]), "{kind}");
        import(&sandbox, kind, second, [0, 1, 0]);
        let mut expected = first_seen;
        expected.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
        assert_eq!(show(&sandbox, "c1")[list], json!([expected]), "{kind}");
        assert_eq!(ids(&sandbox), ["c1"]);
        sandbox.ok("check");
    }
}

#[test]
fn a_record_moves_to_the_company_that_a_later_file_says() {
    let sandbox = with_acme();
    import(&sandbox, "companies", "company_id\nc2\n", [1, 0, 0]);
    for Updated { kind, list, first, .. } in updated() {
        import(&sandbox, kind, first, [1, 0, 0]);
        import(&sandbox, kind, &first.replace("c1,", "c2,"), [0, 1, 0]);
        assert_eq!(show(&sandbox, "c1")[list], json!([]), "{kind}");
        assert_eq!(show(&sandbox, "c2")[list].as_array().unwrap().len(), 1, "{kind}");
    }
    assert_eq!(fields(&sandbox, "c1", &["mrr", "seats"]), json!([null, null]));
    assert_eq!(fields(&sandbox, "c2", &["mrr", "seats"]), json!([100.5, 7]));
    sandbox.ok("check");
}

#[test]
fn a_person_with_an_address_that_is_none_is_rejected() {
    let sandbox = Sandbox::new();
    sandbox.write("companies.csv", "company_id\nacme\n");
    sandbox.ok("import companies.csv");
    sandbox.write(
        "people.csv",
        "person_id,company_id,email\np1,acme,ann@acme.example\np2,acme,ann at acme\np3,acme,n/a\n",
    );
    let outcome = sandbox.run("import --kind people people.csv");
    assert_eq!(outcome.status, 3, "{outcome}");
    outcome.says(&["people.csv:3: email: 'ann at acme' is not an e-mail address"]);
    outcome.says(&["read 3: new 2, known 0, rejected 1"]);
}

#[test]
fn the_team_is_updated_by_name() {
    let sandbox = Sandbox::new();
    const TEAM: &str =
        "SELECT name, role, email, slack_id, manager, realtime, digest FROM team ORDER BY name";
    let first = "name,role,email,slack_id,manager,realtime,digest\n\
                 Ann,CSM,ann@us.example,U1,Max,Bad; good,yes\nMax,manager,max@us.example,,,,\n";
    import(&sandbox, "team", first, [2, 0, 0]);
    import(&sandbox, "team", first, [0, 2, 0]);
    let expected =
        ["Ann|csm|ann@us.example|U1|Max|bad;good|1", "Max|manager|max@us.example|-|-|bad|0"];
    assert_eq!(query(&sandbox, TEAM), expected);
    import(&sandbox, "team", "name,role,email,realtime,digest\nAnn,executive,,,\n", [0, 1, 0]);
    assert_eq!(query(&sandbox, TEAM), ["Ann|executive|-|U1|Max|bad|0", expected[1]]);
    assert_eq!(ids(&sandbox), [""; 0]);
    sandbox.ok("check");
}

#[test]
fn a_member_who_wants_nothing_at_once_stays_so_in_a_team_file() {
    let sandbox = Sandbox::new();
    const REALTIME: &str = "SELECT name, realtime FROM team ORDER BY name";
    let header = "name,role,realtime\n";
    import(&sandbox, "team", &format!("{header}Ann,csm,none\nBen,csm,\n"), [2, 0, 0]);
    assert_eq!(query(&sandbox, REALTIME), ["Ann|", "Ben|bad"]);
    import(&sandbox, "team", &format!("{header}Ann,csm,None\n"), [0, 1, 0]);
    assert_eq!(query(&sandbox, REALTIME), ["Ann|", "Ben|bad"]);
    sandbox.ok("notify prefs Ben --realtime none");
    assert_eq!(sandbox.array("team list")[1]["realtime"], json!("none"));
    assert!(sandbox.ok("team list").stdout.contains("  none  "));
    let listed = sandbox.ok("team list --format csv").stdout;
    import(&sandbox, "team", &listed, [0, 2, 0]);
    assert_eq!(query(&sandbox, REALTIME), ["Ann|", "Ben|"]);
    // A blank cell is the default, and any other placeholder is a blank cell.
    import(&sandbox, "team", &format!("{header}Ann,csm,\nBen,csm,N/A\n"), [0, 2, 0]);
    assert_eq!(query(&sandbox, REALTIME), ["Ann|bad", "Ben|bad"]);
    let both = import(&sandbox, "team", &format!("{header}Ann,csm,bad;none\n"), [0, 0, 1]);
    both.says(&["team.csv:2: realtime: 'none' is not one of bad, good, info"]);
}

#[test]
fn facts_without_an_id_are_counted() {
    let cases = [
        (
            "nps",
            "nps",
            "company_id,score,responded_on,person_id,comment\n",
            "c1,9,2026-03-01,ann,fine",
        ),
        (
            "touchpoints",
            "touchpoints",
            "company_id,occurred_at,direction,channel,kind,with,subject\n",
            "c1,2026-03-01T10:00:00Z,inbound,mail,,Ann,\"Hello, you\"",
        ),
        ("goals", "goals", "company_id,event,due_on,name\n", "c1,export,2026-06-30,"),
    ];
    for (kind, list, header, row) in cases {
        let sandbox = with_acme();
        let file = |copies| format!("{header}{}", format!("{row}\n").repeat(copies));
        let count = || show(&sandbox, "c1")[list].as_array().unwrap().len();
        import(&sandbox, kind, &file(2), [2, 0, 0]);
        import(&sandbox, kind, &file(2), [0, 2, 0]);
        import(&sandbox, kind, &file(1), [0, 1, 0]);
        assert_eq!(count(), 2, "{kind}");
        // The same company by its name.
        import(&sandbox, kind, &file(3).replace("c1,", "acme,"), [1, 2, 0]);
        import(&sandbox, kind, &file(3), [0, 3, 0]);
        assert_eq!(count(), 3, "{kind}");
        sandbox.ok("check");
    }
}

#[test]
fn a_survey_response_with_an_id_is_one_and_is_none_of_those_without() {
    let sandbox = with_acme();
    let header = "company_id,score,responded_on,person_id,comment,response_id\n";
    import(&sandbox, "nps", &format!("{header}c1,9,2026-03-01T08:00:00Z,ann,fine,r1\n"), [1, 0, 0]);
    import(&sandbox, "nps", &format!("{header}c1,9,2026-03-01T08:00:00Z,ann,fine,\n"), [1, 0, 0]);
    // A changed response replaces the previous one.
    sandbox.write("nps.csv", &format!("{header}c1,2,2026-03-02T08:00:00Z,bob,bad,r1\n"));
    let changed = "read 1: new 0, known 1, rejected 0, changed 1";
    sandbox.ok("import --kind nps nps.csv").says(&[changed]);
    let shown = show(&sandbox, "c1");
    let fields = ["response_id", "score", "person_id", "comment", "responded_on"];
    let responses = shown["nps"].as_array().unwrap().iter();
    let responses: Vec<Value> = responses.map(|one| json!(fields.map(|name| &one[name]))).collect();
    let expected =
        json!([["r1", 2, "bob", "bad", "2026-03-02"], [null, 9, "ann", "fine", "2026-03-01"]]);
    assert_eq!(json!(responses), expected);
    sandbox.ok("check");
}

#[test]
fn rows_of_people_team_and_goals_never_make_a_company() {
    let sandbox = Sandbox::new();
    import(&sandbox, "people", "person_id,company_id\nann,Acme\n", [0, 0, 1])
        .says(&["people.csv:2: company_id: "]);
    import(&sandbox, "goals", "company_id,event,due_on\nAcme,export,2026-06-30\n", [0, 0, 1])
        .says(&["goals.csv:2: company_id: "]);
    import(&sandbox, "team", "name,role\nAnn,csm\n", [1, 0, 0]);
    assert_eq!(ids(&sandbox), [""; 0]);
    let others = [
        (
            "subscriptions",
            "company_id,subscription_id,started_on\nsub-1,s1,2026-01-01\nsub-2,s2,2026-01-01\n",
        ),
        ("nps", "company_id,score,responded_on\nnps-1,10,2026-03-01\nnps-2,0,2026-03-01\n"),
        (
            "tickets",
            "company_id,ticket_id,opened_at\nticket-1,t1,2026-03-01\nticket-2,t2,2026-03-01\n",
        ),
        (
            "invoices",
            "company_id,invoice_id,due_on\ninvoice-1,i1,2026-03-01\ninvoice-2,i2,2026-03-01\n",
        ),
        (
            "touchpoints",
            "company_id,occurred_at,direction\ntouch-1,2026-03-01,inbound\ntouch-2,2026-03-01,outbound\n",
        ),
        ("pulses", "company_id,pulse,set_on\npulse-1,4,2026-03-01\npulse-2,satisfied,2026-03-01\n"),
    ];
    for (kind, text) in others {
        import(&sandbox, kind, text, [2, 0, 0]).says(&["created 2 companies"]);
        let again = import(&sandbox, kind, text, [0, 2, 0]);
        assert!(!again.stderr.contains("made"), "{again}");
    }
    assert_eq!(ids(&sandbox).len(), 12);
    sandbox.ok("check");
}

#[test]
fn a_bad_cell_rejects_its_row_and_names_line_column_and_reason() {
    let cases = [
        ("nps", "company_id,score,responded_on\nc1,11,2026-03-01\n", "score"),
        ("nps", "company_id,score,responded_on\nc1,-1,2026-03-01\n", "score"),
        ("nps", "company_id,score,responded_on\nc1,7.5,2026-03-01\n", "score"),
        ("nps", "company_id,score,responded_on\nc1,,2026-03-01\n", "score"),
        ("nps", "company_id,score,responded_on\nc1,9,2026-04-03\n", "responded_on"),
        ("touchpoints", "company_id,occurred_at,direction\nc1,2026-03-01,sideways\n", "direction"),
        ("touchpoints", "company_id,occurred_at,direction\nc1,2026-03-01,\n", "direction"),
        ("team", "name,role\nAnn,gardener\n", "role"),
        ("team", "name,role,realtime\nAnn,csm,bad;worse\n", "realtime"),
        ("team", "name,role,digest\nAnn,csm,maybe\n", "digest"),
        (
            "subscriptions",
            "company_id,subscription_id,started_on,seats\nnew,s1,2026-01-01,-1\n",
            "seats",
        ),
        (
            "subscriptions",
            "company_id,subscription_id,started_on,mrr\nnew,s1,2026-01-01,lots\n",
            "mrr",
        ),
        (
            "subscriptions",
            "company_id,subscription_id,started_on,amount,interval\nnew,s1,2026-01-01,1,decade\n",
            "interval",
        ),
        (
            "subscriptions",
            "company_id,subscription_id,started_on\nnew,s1,2026-02-30\n",
            "started_on",
        ),
        ("tickets", "company_id,ticket_id,opened_at\nnew,t1,1999-12-31\n", "opened_at"),
        ("tickets", "company_id,ticket_id,opened_at\nnew,1.23E+11,2026-03-01\n", "ticket_id"),
        ("invoices", "company_id,invoice_id,due_on\nnew,i1,2201-01-01\n", "due_on"),
        ("goals", "company_id,event,due_on\nc1,N/A,2026-06-30\n", "event"),
        ("pulses", "company_id,pulse,set_on\nnew,7,2026-03-01\n", "pulse"),
        ("pulses", "company_id,pulse,set_on\nnew,content,2026-03-01\n", "pulse"),
        ("pulses", "company_id,pulse,set_on\nnew,,2026-03-01\n", "pulse"),
        ("pulses", "company_id,pulse,set_on\nnew,3,2026-04-03\n", "set_on"),
        (
            "pulses",
            "company_id,pulse,set_on,reason_codes\nnew,3,2026-03-01,support/respons-time\n",
            "reason_codes",
        ),
        (
            "pulses",
            "company_id,pulse,set_on,reason_codes\nnew,3,2026-03-01,product/defects;reliability/outages;\
             value/missed-goals;value/low-priority\n",
            "reason_codes",
        ),
    ];
    let sandbox = with_acme();
    for (kind, text, column) in cases {
        let outcome = import(&sandbox, kind, text, [0, 0, 1]);
        outcome.says(&[&format!("{kind}.csv:2: {column}: ")]);
    }
    // Rejected rows leave nothing behind.
    assert_eq!(ids(&sandbox), ["c1"]);
    sandbox.ok("check");
}

// ---- contracts

const CONTRACT: [&str; 7] =
    ["plan", "product", "mrr", "seats", "renewal_on", "renewal_term_days", "payment_expires_on"];

#[test]
fn active_subscriptions_speak_as_of_the_latest_day_run() {
    let sandbox = with_acme();
    let subscriptions = "company_id,subscription_id,started_on,ended_on,plan,product,amount,interval,seats,renews_on,card_expires_on\n\
        c1,s1,2025-09-01,,pro,suite,1200,year,10,2026-09-01,2026-08-31\n\
        c1,s2,2026-01-01,,basic,addon,100,quarter,5,2026-06-30,\n\
        c1,s3,2026-03-31,,mini,core,50.10,month,,,2026-05-31\n\
        c1,s4,2025-01-01,2026-03-31,gold,old,1000,month,100,2026-04-15,2027-01-31\n\
        c1,s5,2026-04-01,,vast,late,9000,month,900,2026-04-02,2026-04-30\n";
    import(&sandbox, "subscriptions", subscriptions, [5, 0, 0]);
    // On 30 March: s1 100, s2 33.33, s4 1000 a month; the first renewal is that of s4.
    sandbox.ok("run --as-of 2026-03-30");
    let before = json!(["gold", "old", 1133.33, 115, "2026-04-15", 31, "2026-08-31"]);
    assert_eq!(fields(&sandbox, "c1", &CONTRACT), before);
    // On 31 March s4 is over and s3 has begun.
    sandbox.ok("run --as-of 2026-03-31");
    let after = json!(["pro", "suite", 183.43, 15, "2026-06-30", 92, "2026-05-31"]);
    assert_eq!(fields(&sandbox, "c1", &CONTRACT), after);
    let listed = &sandbox.array("company list")[0];
    assert_eq!(CONTRACT.iter().map(|name| listed[name].clone()).collect::<Value>(), after);
    let kept: Vec<Value> = show(&sandbox, "c1")["subscriptions"].as_array().unwrap().clone();
    let terms: Vec<String> = kept
        .iter()
        .map(|s| format!("{} {} {}", s["subscription_id"], s["mrr"], s["term_days"]))
        .collect();
    let expected = [
        "\"s4\" 1000.0 31",
        "\"s1\" 100.0 365",
        "\"s2\" 33.33 92",
        "\"s3\" 50.1 31",
        "\"s5\" 9000.0 31",
    ];
    assert_eq!(terms, expected);
    // Clearing the interval also removes the term and the price derived from it.
    let cleared = "company_id,subscription_id,started_on,amount,interval\nc1,s2,2026-01-01,,\n";
    import(&sandbox, "subscriptions", cleared, [0, 1, 0]);
    let cleared = json!(["pro", "suite", 150.1, 15, "2026-06-30", null, "2026-05-31"]);
    assert_eq!(fields(&sandbox, "c1", &CONTRACT), cleared);
    sandbox.ok("check");
}

#[test]
fn an_amount_for_an_interval_is_brought_to_a_month() {
    let sandbox = with_acme();
    let header = "company_id,subscription_id,started_on,amount,interval\n";
    let cases = [
        ("84,week", 365.0, json!(7)),
        ("12,Daily", 365.0, json!(1)),
        ("50.10,month", 50.1, json!(31)),
        ("100,quarterly", 33.33, json!(92)),
        ("100,annual", 8.33, json!(365)),
        ("300,3 months", 100.0, json!(92)),
        ("300,semi-annual", 50.0, json!(184)),
        ("300,2 years", 12.5, json!(730)),
    ];
    for (cells, mrr, term) in cases {
        sandbox.write("subscriptions.csv", &format!("{header}c1,s1,2026-01-01,{cells}\n"));
        sandbox.ok("import --kind subscriptions subscriptions.csv");
        let subscription = &show(&sandbox, "c1")["subscriptions"][0];
        assert_eq!(
            (&subscription["mrr"], &subscription["term_days"]),
            (&json!(mrr), &term),
            "{cells}"
        );
    }
}

#[test]
fn an_amount_without_an_interval_gives_no_mrr() {
    let sandbox = with_acme();
    let file = "company_id,subscription_id,started_on,amount\nc1,s1,2026-01-01,12000\n";
    sandbox.write("subscriptions.csv", file);
    let imported = sandbox.ok("import --kind subscriptions subscriptions.csv");
    imported.says(&["1 row has an amount but no interval"]);
    assert_eq!(show(&sandbox, "c1")["subscriptions"][0]["mrr"], json!(null));
}

#[test]
fn the_status_of_a_subscription_says_whether_it_runs() {
    let header = "company_id,subscription_id,started_on,mrr,seats,renews_on,ended_on,status\n";
    // The remaining cells, then mrr and the churn date as of 2026-03-31.
    let cases = [
        (",,active", json!(10.0), json!(null)),
        (",,paused", json!(10.0), json!(null)),
        (",,Past Due", json!(10.0), json!(null)),
        (",,on fire", json!(10.0), json!(null)),
        (",2026-02-01,canceled", json!(0.0), json!("2026-02-01")),
        ("2026-03-01,,Cancelled", json!(0.0), json!("2026-03-01")),
        ("2026-03-01,2026-02-01,expired", json!(0.0), json!("2026-02-01")),
        ("2026-05-01,,non_renewing", json!(10.0), json!(null)),
        ("2026-03-01,,pending cancel", json!(0.0), json!("2026-03-01")),
        (",,trialing", json!(0.0), json!(null)),
        (",2026-02-01,trial", json!(0.0), json!(null)),
    ];
    for (cells, mrr, churned_on) in cases {
        let sandbox = Sandbox::new();
        sandbox.write("s.csv", &format!("{header}c1,s1,2025-01-01,10,1,{cells}\n"));
        let imported = sandbox.ok("import --kind subscriptions s.csv");
        if cells.ends_with("fire") {
            imported.says(&["on fire"]);
        }
        let listed = sandbox.array("company list --as-of 2026-03-31 --columns mrr,churned_on");
        assert_eq!(listed, [json!({ "mrr": mrr, "churned_on": churned_on })], "{cells}");
    }
    // A subscription that never began says nothing about its company.
    for cells in [",,incomplete", ",2026-02-01,draft"] {
        let sandbox = Sandbox::new();
        sandbox.write("s.csv", &format!("{header}c1,s1,2025-01-01,10,1,{cells}\n"));
        sandbox.ok("import --kind subscriptions s.csv");
        assert_eq!(
            fields(&sandbox, "c1", &["mrr", "seats", "created_on"]),
            json!([null, null, null])
        );
    }
    let sandbox = Sandbox::new();
    for (cells, reason) in
        [(",,canceled", "status: "), (",2024-12-31,active", "ended_on: 2024-12-31 is before")]
    {
        sandbox.write("s.csv", &format!("{header}c1,s1,2025-01-01,10,1,{cells}\n"));
        let outcome = sandbox.run("import --kind subscriptions s.csv");
        assert_eq!(outcome.status, 3, "{outcome}");
        outcome.says(&["s.csv:2: ", reason]);
        assert_eq!(ids(&sandbox), [""; 0]);
    }
}

#[test]
fn rows_of_one_id_that_differ_refuse_the_file() {
    let sandbox = with_acme();
    let header = "company_id,invoice_id,due_on,amount\n";
    let rows =
        "c1,i1,2026-03-20,990\nc1,i2,2026-03-20,5\nc1,i2,2026-03-20,5\nc1,i1,2026-03-20,500\n";
    sandbox.write("invoices.csv", &format!("{header}{rows}"));
    let outcome = sandbox.run("import --kind invoices invoices.csv");
    assert_eq!(outcome.status, 4, "{outcome}");
    outcome.says(&["'i1' (lines 2 and 5)", "--last-wins"]);
    assert_eq!(show(&sandbox, "c1")["invoices"], json!([]));
    let last = sandbox.ok("import --kind invoices --last-wins invoices.csv");
    last.says(&["read 4: new 2, known 2, rejected 0\n"]);
    // A column that orders the rows decides which one counts.
    let rows = "c1,i3,2026-03-20,7,2026-03-03\nc1,i3,2026-03-20,9,2026-03-02\n";
    sandbox
        .write("ordered.csv", &format!("company_id,invoice_id,due_on,amount,Updated At\n{rows}"));
    sandbox
        .ok("import --kind invoices ordered.csv")
        .says(&["the latest counts", "read 2: new 1, known 1"]);
    let shown = show(&sandbox, "c1");
    let invoices = shown["invoices"].as_array().unwrap().iter();
    let amounts: Vec<Value> =
        invoices.map(|one| json!([one["invoice_id"], one["amount"]])).collect();
    assert_eq!(json!(amounts), json!([["i1", 500.0], ["i2", 5.0], ["i3", 7.0]]));
}

#[test]
fn where_subscriptions_state_nothing_the_companys_own_value_stands() {
    let sandbox = Sandbox::new();
    let header =
        "company_id,plan,product,mrr,seats,renewal_on,renewal_term_days,payment_expires_on\n";
    let own = "own,thing,77,7,2026-07-07,77,2026-07-31\n";
    let companies = format!("{header}without,{own}bare,{own}some,{own}over,{own}");
    import(&sandbox, "companies", &companies, [4, 0, 0]);
    let subscriptions = "company_id,subscription_id,started_on,ended_on,plan,mrr\n\
        bare,s1,2026-01-01,,,\nsome,s2,2026-01-01,,pro,10\nover,s3,2025-01-01,2026-01-01,pro,10\n";
    import(&sandbox, "subscriptions", subscriptions, [3, 0, 0]);
    let all = json!(["own", "thing", 77.0, 7, "2026-07-07", 77, "2026-07-31"]);
    assert_eq!(fields(&sandbox, "without", &CONTRACT), all);
    assert_eq!(fields(&sandbox, "bare", &CONTRACT), all);
    let some = json!(["pro", "thing", 10.0, 7, "2026-07-07", 77, "2026-07-31"]);
    assert_eq!(fields(&sandbox, "some", &CONTRACT), some);
    let over = json!(["own", "thing", 0.0, 0, "2026-07-07", 77, "2026-07-31"]);
    assert_eq!(fields(&sandbox, "over", &CONTRACT), over);
    sandbox.ok("check");
}

#[test]
fn a_company_without_a_date_of_its_own_was_made_by_its_first_subscription() {
    let sandbox = Sandbox::new();
    import(&sandbox, "companies", "company_id,created_on\na,2024-05-05\nb,\n", [2, 0, 0]);
    let rows = "company_id,subscription_id,started_on,ended_on\n\
        a,s1,2025-01-01,\nb,s2,2025-03-01,\nb,s3,2024-12-01,2025-01-01\nc,s4,2026-05-01,\n";
    import(&sandbox, "subscriptions", rows, [4, 0, 0]);
    let created: Vec<Value> =
        sandbox.array("company list").iter().map(|company| company["created_on"].clone()).collect();
    assert_eq!(created, ["2024-05-05", "2024-12-01", "2026-05-01"]);
    assert_eq!(show(&sandbox, "b")["created_on"], "2024-12-01");
}

// ---- customer periods

fn ended(on: &str) -> String {
    format!(
        "company_id,subscription_id,started_on,ended_on\nc1,s1,2025-01-01,{on}\nc1,s2,2025-02-01,2025-06-01\n"
    )
}

#[test]
fn a_company_whose_subscriptions_have_all_ended_has_churned_until_a_later_one() {
    let sandbox = with_acme();
    import(&sandbox, "subscriptions", &ended(""), [2, 0, 0]);
    assert_eq!(fields(&sandbox, "c1", &["churned_on", "breaks"]), json!([null, []]));
    import(&sandbox, "subscriptions", &ended("2025-08-01"), [0, 2, 0]);
    assert_eq!(fields(&sandbox, "c1", &["churned_on"]), json!(["2025-08-01"]));
    assert_eq!(breaks(&sandbox, "c1"), ["2025-08-01 …"]);
    let later = "company_id,subscription_id,started_on\nc1,s3,2025-10-01\n";
    import(&sandbox, "subscriptions", later, [1, 0, 0]);
    assert_eq!(fields(&sandbox, "c1", &["churned_on"]), json!([null]));
    assert_eq!(breaks(&sandbox, "c1"), ["2025-08-01 2025-10-01"]);
    sandbox.ok("check");
}

#[test]
fn a_company_without_subscriptions_comes_back_when_somebody_says_so() {
    let sandbox = with_acme();
    import(&sandbox, "subscriptions", &ended("2025-08-01"), [2, 0, 0]);
    sandbox.fails("company churn c1 --on 2025-09-01", 9);
    sandbox.fails("company return c1 --on 2025-07-31", 9);
    sandbox.ok("company return Acme --on 2025-11-01");
    assert_eq!(breaks(&sandbox, "c1"), ["2025-08-01 2025-11-01"]);
    assert_eq!(fields(&sandbox, "c1", &["churned_on"]), json!([null]));
    import(&sandbox, "subscriptions", &ended("2025-08-01"), [0, 2, 0]);
    assert_eq!(breaks(&sandbox, "c1"), ["2025-08-01 2025-11-01"]);
    // The end of the subscription is corrected; the return stays.
    import(&sandbox, "subscriptions", &ended("2025-07-01"), [0, 2, 0]);
    assert_eq!(breaks(&sandbox, "c1"), ["2025-07-01 2025-11-01"]);
    // It churns again, and returns with a new subscription.
    sandbox.ok("company churn c1 --on 2026-01-01");
    assert_eq!(breaks(&sandbox, "c1"), ["2025-07-01 2025-11-01", "2026-01-01 …"]);
    let later = "company_id,subscription_id,started_on\nc1,s3,2026-02-01\n";
    import(&sandbox, "subscriptions", later, [1, 0, 0]);
    assert_eq!(breaks(&sandbox, "c1"), ["2025-07-01 2025-11-01", "2026-01-01 2026-02-01"]);
    sandbox.ok("check");
}

#[test]
fn churns_and_returns_that_somebody_states_are_kept() {
    let mut sandbox = with_acme();
    let file = |on: &str| format!("company_id,churned_on\nc1,{on}\n");
    import(&sandbox, "companies", &file("2025-03-01"), [0, 1, 0]);
    assert_eq!(fields(&sandbox, "c1", &["churned_on"]), json!(["2025-03-01"]));
    // An empty cell does not end it; another day moves it.
    import(&sandbox, "companies", &file(""), [0, 1, 0]);
    assert_eq!(breaks(&sandbox, "c1"), ["2025-03-01 …"]);
    import(&sandbox, "companies", &file("2025-03-05"), [0, 1, 0]);
    assert_eq!(breaks(&sandbox, "c1"), ["2025-03-05 …"]);
    sandbox.fails("company churn c1 --on 2025-03-06", 9);
    sandbox.fails("company return c1 --on 2025-03-04", 9);
    sandbox.fails("company return c1 --on 2026-04-02", 2);
    sandbox.ok("company return c1 --on 2025-05-01");
    sandbox.fails("company return c1 --on 2025-05-01", 9);
    // The same file again after the return, and one with another day for the same churn.
    for on in ["2025-03-05", "", "2025-03-08"] {
        import(&sandbox, "companies", &file(on), [0, 1, 0]);
        assert_eq!(breaks(&sandbox, "c1"), ["2025-03-05 2025-05-01"], "{on}");
        assert_eq!(fields(&sandbox, "c1", &["churned_on"]), json!([null]));
    }
    sandbox.ok("company churn Acme --on 2025-09-01");
    import(&sandbox, "companies", &file("2025-03-05"), [0, 1, 0]);
    assert_eq!(breaks(&sandbox, "c1"), ["2025-03-05 2025-05-01", "2025-09-01 …"]);
    sandbox.ok("company return c1 --on 2025-10-01");
    sandbox.at("2026-04-02T06:00:00Z");
    import(&sandbox, "companies", &file("2026-01-01"), [0, 1, 0]);
    let all = ["2025-03-05 2025-05-01", "2025-09-01 2025-10-01", "2026-01-01 …"];
    assert_eq!(breaks(&sandbox, "c1"), all);
    sandbox.ok("check");
}

#[test]
fn a_churn_that_a_subscription_ended_is_kept_when_the_next_is_stated() {
    let sandbox = with_acme();
    sandbox.ok("company churn c1 --on 2025-03-01");
    import(
        &sandbox,
        "subscriptions",
        "company_id,subscription_id,started_on\nc1,s1,2025-05-01\n",
        [1, 0, 0],
    );
    assert_eq!(breaks(&sandbox, "c1"), ["2025-03-01 2025-05-01"]);
    sandbox.ok("company churn c1 --on 2025-09-01");
    assert_eq!(breaks(&sandbox, "c1"), ["2025-03-01 2025-05-01", "2025-09-01 …"]);
    sandbox.ok("check");
}

#[test]
fn trend_rules_pass_over_a_company_exactly_while_it_is_away() {
    // After its return it must be established again. The logins of 12 March lie in the observation window of every day below, and none in the
    // decision window.
    let events = [
        ("c1", "signed_up", "2026-01-10", 1),
        ("c1", "login", "2026-03-12", 50),
        ("heart", "beat", "2026-03-31", 1),
    ];
    for is_backfilled in [false, true] {
        for (day, signals) in [(21, 1), (22, 0), (23, 0), (24, 0), (25, 0)] {
            let sandbox = with_acme();
            sandbox.import_events(&events);
            sandbox.ok("company churn c1 --on 2026-03-22");
            sandbox.ok("company return c1 --on 2026-03-24");
            sandbox.ok("rule set login");
            if is_backfilled {
                sandbox.ok("run --as-of 2026-03-31");
                assert_eq!(sandbox.briefs(), [""; 0]);
            }
            let backfill = if is_backfilled { "--backfill " } else { "" };
            sandbox.ok(&format!("run {backfill}--as-of 2026-03-{day}"));
            assert_eq!(sandbox.briefs().len(), signals, "2026-03-{day}, {is_backfilled}");
            sandbox.ok("check");
        }
    }
}

// ---- whose a row is

/// One file of each kind that names a company, with the rows of that company.
fn facts_of(company: &str) -> [(&'static str, String); 8] {
    [
        (
            "events",
            format!(
                "company_id,event,timestamp,event_id\n{company},login,2026-03-01,\n{company},login,2026-03-01,\n\
                 {company},export,2026-03-02,e1\n"
            ),
        ),
        (
            "subscriptions",
            format!(
                "company_id,subscription_id,started_on,ended_on,mrr\n{company},s1,2025-01-01,2026-02-01,10\n"
            ),
        ),
        ("people", format!("person_id,company_id,role\nann,{company},admin\n")),
        (
            "nps",
            format!(
                "company_id,score,responded_on,response_id\n{company},9,2026-03-01,\n{company},3,2026-03-02,r1\n"
            ),
        ),
        ("tickets", format!("company_id,ticket_id,opened_at\n{company},t1,2026-03-01\n")),
        ("invoices", format!("company_id,invoice_id,due_on\n{company},i1,2026-03-01\n")),
        (
            "touchpoints",
            format!(
                "company_id,occurred_at,direction\n{company},2026-03-01,inbound\n{company},2026-03-01,inbound\n"
            ),
        ),
        ("goals", format!("company_id,event,due_on\n{company},export,2026-06-30\n")),
    ]
}

fn import_facts(sandbox: &Sandbox, company: &str, is_new: bool) {
    for (kind, text) in facts_of(company) {
        let rows = text.lines().count() as u64 - 1;
        import(sandbox, kind, &text, if is_new { [rows, 0, 0] } else { [0, rows, 0] });
    }
}

const LISTS: [&str; 7] =
    ["subscriptions", "people", "nps", "tickets", "invoices", "touchpoints", "goals"];

fn list_lengths(sandbox: &Sandbox, company: &str) -> Vec<usize> {
    let shown = show(sandbox, company);
    LISTS.iter().map(|list| shown[list].as_array().unwrap().len()).collect()
}

fn event_log(sandbox: &Sandbox) -> Vec<String> {
    query(
        sandbox,
        "SELECT company_id, event, person_id, at, copies, event_id FROM event_log ORDER BY 1, 2, 3, 4, 5, 6",
    )
}

const EVENTS_OF_C1: [&str; 2] =
    ["c1|export|-|2026-03-02T00:00:00.000000Z|1|e1", "c1|login|-|2026-03-01T00:00:00.000000Z|2|-"];

#[test]
fn all_facts_of_a_company_known_by_its_name_move_when_that_company_arrives() {
    let sandbox = Sandbox::new();
    import_facts(&sandbox, "Acme", true);
    sandbox.ok("company return Acme --on 2026-03-01");
    assert_eq!(ids(&sandbox), ["Acme"]);
    import(&sandbox, "companies", "company_id,name\nc1,ACME\n", [1, 0, 0]).says(&["joined"]);
    assert_eq!(ids(&sandbox), ["c1"]);
    assert_eq!(list_lengths(&sandbox, "c1"), [1, 1, 2, 1, 1, 2, 1]);
    assert_eq!(breaks(&sandbox, "c1"), ["2026-02-01 2026-03-01"]);
    assert_eq!(event_log(&sandbox), EVENTS_OF_C1);
    for company in ["Acme", "acme", "c1"] {
        import_facts(&sandbox, company, false);
    }
    assert_eq!(ids(&sandbox), ["c1"]);
    assert_eq!(list_lengths(&sandbox, "c1"), [1, 1, 2, 1, 1, 2, 1]);
    sandbox.ok("check");
}

#[test]
fn facts_that_came_by_name_and_by_id_are_the_same_once_the_two_are_joined() {
    let sandbox = Sandbox::new();
    for (kind, text) in
        facts_of("Acme").into_iter().filter(|(kind, _)| *kind != "people" && *kind != "goals")
    {
        let rows = text.lines().count() as u64 - 1;
        import(&sandbox, kind, &text, [rows, 0, 0]);
    }
    import(&sandbox, "companies", "company_id\nc1\n", [1, 0, 0]);
    let three = "company_id,occurred_at,direction\nc1,2026-03-01,inbound\nc1,2026-03-01,inbound\nc1,2026-03-01,inbound\n";
    import(&sandbox, "touchpoints", three, [3, 0, 0]);
    let responses = "company_id,score,responded_on\nc1,9,2026-03-01\nc1,8,2026-03-01\n";
    import(&sandbox, "nps", responses, [2, 0, 0]);
    let events =
        "company_id,event,timestamp,event_id\nc1,login,2026-03-01,\nc1,export,2026-03-09,e1\n";
    import(&sandbox, "events", events, [2, 0, 0]);
    import(&sandbox, "companies", ACME, [0, 1, 0]).says(&["joined"]);
    // Three contacts are more than two; of the responses 9 is known, 8 is not, and 3 has an id.
    assert_eq!(list_lengths(&sandbox, "c1"), [1, 0, 3, 1, 1, 3, 0]);
    import(&sandbox, "touchpoints", three, [0, 3, 0]);
    import(&sandbox, "nps", responses, [0, 2, 0]);
    import(&sandbox, "events", events, [0, 2, 0]);
    for (kind, text) in
        facts_of("Acme").into_iter().filter(|(kind, _)| *kind != "people" && *kind != "goals")
    {
        let rows = text.lines().count() as u64 - 1;
        import(&sandbox, kind, &text, [0, rows, 0]);
    }
    // The first and last event days are those of existing events.
    let [first, last] =
        ["min", "max"].map(|which| query(&sandbox, &format!("SELECT {which}(day) FROM event_log")));
    let expected = json!([first[0], last[0]]);
    assert_eq!(fields(&sandbox, "c1", &["first_event_on", "last_event_on"]), expected);
    sandbox.ok("check");
}

#[test]
fn a_row_is_matched_by_id_then_known_text_then_name() {
    let sandbox = Sandbox::new();
    // The id of the second is the name of the first.
    import(
        &sandbox,
        "companies",
        "company_id,name\nGlobex,Initech\nc1,Globex\nc3,Twin\nc4,TWIN\n",
        [4, 0, 0],
    );
    let ticket = |id: &str, company: &str| {
        format!("company_id,ticket_id,opened_at\n{company},{id},2026-03-01\n")
    };
    import(&sandbox, "tickets", &ticket("t1", "Globex"), [1, 0, 0]);
    import(&sandbox, "tickets", &ticket("t2", "GLOBEX"), [1, 0, 0]);
    import(&sandbox, "tickets", &ticket("t3", "initech"), [1, 0, 0]);
    import(&sandbox, "tickets", &ticket("t4", "twin"), [0, 0, 1])
        .says(&["tickets.csv:2: company_id: several"]);
    let people = "person_id,company_id\nann,Twin\n";
    import(&sandbox, "people", people, [0, 0, 1]).says(&["people.csv:2: company_id: several"]);
    let tickets = "SELECT c.company_id, ticket_id FROM tickets t JOIN companies c ON c.id = t.company ORDER BY 2";
    assert_eq!(query(&sandbox, tickets), ["Globex|t1", "c1|t2", "Globex|t3"]);
    sandbox.ok("company merge c1 c3");
    import(&sandbox, "tickets", &ticket("t5", "c1"), [1, 0, 0]);
    assert_eq!(query(&sandbox, tickets), ["Globex|t1", "c3|t2", "Globex|t3", "c3|t5"]);
    assert_eq!(ids(&sandbox), ["Globex", "c3", "c4"]);
    sandbox.ok("check");
}

#[test]
fn a_merge_moves_everything_and_the_old_id_stays_known() {
    let sandbox = Sandbox::new();
    let companies = "company_id,name,csm,Tier,churned_on\nold,Old Ltd,max,gold,\nc1,Acme,,,\n";
    import(&sandbox, "companies", companies, [2, 0, 0]);
    import_facts(&sandbox, "old", true);
    let into = "company_id,event,timestamp,event_id\nc1,login,2026-03-01,\nc1,signed_up,2025-01-10,\n\
        c1,export,2026-03-02,e1\n";
    import(&sandbox, "events", into, [3, 0, 0]);
    let touches =
        "company_id,occurred_at,direction\nc1,2026-03-01,inbound\nc1,2026-03-02,outbound\n";
    import(&sandbox, "touchpoints", touches, [2, 0, 0]);
    import(&sandbox, "goals", "company_id,event,due_on\nc1,export,2026-06-30\n", [1, 0, 0]);
    sandbox.ok("company return old --on 2026-02-10");
    sandbox
        .import_events(&[("old", "signed_up", "2025-01-10", 1), ("old", "drop", "2026-03-12", 9)]);
    sandbox.ok("rule set drop");
    sandbox.ok("run --as-of 2026-03-24 --max-lag 90");
    sandbox.ok("ack 1 --reason seen");
    assert_eq!(show(&sandbox, "old")["bad_closed_signals"], 1);

    sandbox.fails("company merge old OLD", 9);
    sandbox.fails("company merge nobody c1", 9);
    sandbox.ok("company merge old c1");
    assert_eq!(ids(&sandbox), ["c1"]);
    // Both had one of the two contacts, and the goal.
    assert_eq!(list_lengths(&sandbox, "c1"), [1, 1, 2, 1, 1, 3, 1]);
    assert_eq!(breaks(&sandbox, "c1"), ["2026-02-01 2026-02-10"]);
    let expected = json!(["Acme", "max", "gold", 1, null]);
    assert_eq!(
        fields(&sandbox, "c1", &["name", "csm", "tier", "bad_closed_signals", "churned_on"]),
        expected
    );
    let events = [
        "c1|drop|-|2026-03-12T00:00:00.000000Z|9|-",
        EVENTS_OF_C1[0],
        EVENTS_OF_C1[1],
        "c1|signed_up|-|2025-01-10T00:00:00.000000Z|1|-",
    ];
    assert_eq!(event_log(&sandbox), events);
    assert_eq!(sandbox.array("list old"), sandbox.array("list c1"));

    // By its old id and by its old name.
    import_facts(&sandbox, "old", false);
    import_facts(&sandbox, "Old Ltd", false);
    import(&sandbox, "touchpoints", touches, [0, 2, 0]);
    assert_eq!(ids(&sandbox), ["c1"]);
    assert_eq!(event_log(&sandbox), events);
    sandbox.ok("check");
}

#[test]
fn two_that_are_known_by_their_names_alone_are_still_joined_after_a_merge() {
    let sandbox = Sandbox::new();
    sandbox.import_events(&[
        ("Acme", "login", "2026-03-01", 2),
        ("Acme Inc.", "login", "2026-03-02", 3),
    ]);
    sandbox.ok("company merge 'Acme Inc.' Acme");
    import(&sandbox, "companies", ACME, [1, 0, 0]).says(&["joined"]);
    assert_eq!(ids(&sandbox), ["c1"]);
    sandbox.ok("import events.csv").says(&["read 2: new 0, known 2"]);
    sandbox.ok("check");
}

#[test]
fn a_name_that_passes_from_one_company_to_another_within_a_file_joins_the_right_one() {
    let sandbox = Sandbox::new();
    import(&sandbox, "companies", "company_id,name\nc1,Acme\nc2,Beta\n", [2, 0, 0]);
    sandbox.import_events(&[("Gamma", "login", "2026-03-01", 2)]);
    sandbox.write("renamed.csv", "company_id,name\nc1,Gamma\nc1,Delta\nc2,Gamma\n");
    sandbox.ok("import --kind companies --last-wins renamed.csv").says(&["joined", "known 3"]);
    assert_eq!(ids(&sandbox), ["c1", "c2"]);
    assert_eq!(show(&sandbox, "c2")["last_event_on"], "2026-03-01");
    sandbox.ok("check");
}

// ---- acknowledgements

/// Three open signals, numbered 1 to 3.
fn three_signals() -> Sandbox {
    let sandbox = Sandbox::new();
    let mut events = vec![("heart", "beat", "2026-03-31", 1)];
    for company in ["a", "b", "c"] {
        events.extend([
            (company, "signed_up", "2026-01-10", 1),
            (company, "login", "2026-03-20", 50),
        ]);
    }
    sandbox.import_events(&events);
    sandbox.ok("rule set login");
    sandbox.ok("run --as-of 2026-03-31");
    sandbox
}

/// The exported list with these reasons filled in.
fn exported(sandbox: &Sandbox, reasons: &[(i64, &str)]) -> String {
    let list = sandbox.ok("list --format csv").stdout;
    let mut reader = csv::Reader::from_reader(list.as_bytes());
    let headers = reader.headers().unwrap().clone();
    let at = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let (id, reason) = (at("id"), at("reason"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&headers).unwrap();
    for record in reader.records() {
        let record = record.unwrap();
        let filled = reasons.iter().find(|(wanted, _)| record[id] == wanted.to_string());
        let fields = record.iter().enumerate().map(|(place, field)| match filled {
            Some((_, text)) if place == reason => (*text).to_owned(),
            _ => field.to_owned(),
        });
        writer.write_record(fields).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

/// Id, state, who and why of all signals.
fn states(sandbox: &Sandbox) -> Vec<String> {
    let mut signals = sandbox.array("list");
    signals.sort_by_key(|signal| signal["id"].as_i64());
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line = |s: &Value| {
        format!(
            "{} {} {} {}",
            s["id"],
            text(&s["state"]),
            text(&s["acknowledged_by"]),
            text(&s["reason"])
        )
    };
    signals.iter().map(line).collect()
}

fn history(sandbox: &Sandbox) -> Vec<String> {
    query(
        sandbox,
        "SELECT signal, action, by, day, reason, outcome FROM signal_history ORDER BY id",
    )
}

#[test]
fn an_exported_list_with_reasons_closes_these_signals() {
    let sandbox = three_signals();
    let file = exported(&sandbox, &[(1, "spoke, at length"), (3, "seen")]);
    import(&sandbox, "acks", &file, [2, 1, 0]);
    let closed = ["1 closed tester spoke, at length", "2 open - -", "3 closed tester seen"];
    assert_eq!(states(&sandbox), closed);
    let entries = [
        "1|acknowledged|tester|2026-04-01|spoke, at length|-",
        "3|acknowledged|tester|2026-04-01|seen|-",
    ];
    let mut written = history(&sandbox);
    written.sort();
    assert_eq!(written, entries);
    // Importing it again, or a fresh export, changes nothing.
    import(&sandbox, "acks", &file, [0, 3, 0]);
    import(&sandbox, "acks", &exported(&sandbox, &[]), [0, 3, 0]);
    import(&sandbox, "acks", "signal_id,reason\n1, \n2,\n", [0, 2, 0]);
    assert_eq!(states(&sandbox), closed);
    assert_eq!(history(&sandbox).len(), 2);
    // By somebody else, with an outcome.
    import(&sandbox, "acks", "signal_id,reason,by,outcome\n2,gone,ann,lost\n", [1, 0, 0]);
    assert_eq!(states(&sandbox)[1], "2 closed ann gone");
    assert_eq!(history(&sandbox)[2], "2|acknowledged|ann|2026-04-01|gone|lost");
    sandbox.ok("check");
}

#[test]
fn a_file_of_acknowledgements_is_all_or_none() {
    let sandbox = three_signals();
    sandbox.ok("ack 1 --reason seen");
    let before = (states(&sandbox), history(&sandbox));
    let cases = [
        ("2,fine,,\n1,something else,,\n", "acks.csv:3: reason: "),
        ("2,fine,,\n99,fine,,\n", "acks.csv:3: signal_id: "),
        ("2,fine,,\n99,,,\n", "acks.csv:3: signal_id: "),
        ("2,fine,,\nnone of them,fine,,\n", "acks.csv:3: signal_id: "),
        ("2,fine,,\n3,fine,,no such outcome\n", "acks.csv:3: outcome: "),
        ("2,fine,,\n3,fine\n", "acks.csv:3: "),
        ("2,fine,,\n2,otherwise,,\n", "acks.csv:3: reason: "),
    ];
    for (rows, message) in cases {
        sandbox.write("acks.csv", &format!("signal_id,reason,by,outcome\n{rows}"));
        sandbox.fails("import --kind acks acks.csv", 4).says(&[message, "error: "]);
        assert_eq!((states(&sandbox), history(&sandbox)), before, "{rows}");
    }
    sandbox.ok("check");
}

// ---- columns of the company's own

#[test]
fn the_type_of_an_own_column_is_told_from_its_values() {
    let sandbox = Sandbox::new();
    let header = "company_id,Employees,Signed,Postcode,Score,When,Kind of,Tags\n";
    let rows = "a,5,2026-01-02,00123,1,2026-01-02,x,vip\nb,2.5,2025-12-31,7,n,soon,y,\nc,,,,,,,\n";
    let outcome = import(&sandbox, "companies", &format!("{header}{rows}"), [3, 0, 0]);
    outcome.says(&["score is text", "when is text", "postcode is text"]);
    for name in ["employees is", "signed is", "kind_of is"] {
        assert!(!outcome.stderr.contains(name), "{outcome}");
    }
    let types = [
        "custom_tags|text",
        "employees|number",
        "kind_of|text",
        "postcode|text",
        "score|text",
        "signed|date",
        "when|text",
    ];
    assert_eq!(query(&sandbox, "SELECT name, type FROM attribute_types ORDER BY name"), types);
    let names = ["employees", "signed", "postcode", "score", "when", "kind_of", "custom_tags"];
    let listed = |at: usize| -> Value {
        let companies = sandbox.array("company list");
        names.iter().map(|name| companies[at][name].clone()).collect()
    };
    assert_eq!(listed(0), json!([5, "2026-01-02", "00123", "1", "2026-01-02", "x", "vip"]));
    assert_eq!(listed(1), json!([2.5, "2025-12-31", "7", "n", "soon", "y", null]));
    assert_eq!(listed(2), json!([null, null, null, null, null, null, null]));
    // A missing column keeps the value, an empty cell clears it; without the text the rest are
    // numbers.
    import(&sandbox, "companies", "company_id,Score,Kind of\nb,,\n", [0, 1, 0]);
    assert_eq!(listed(0), json!([5, "2026-01-02", "00123", 1, "2026-01-02", "x", "vip"]));
    assert_eq!(listed(1), json!([2.5, "2025-12-31", "7", null, "soon", null, null]));
    sandbox.ok("check");
}

// ---- the order of files

#[test]
fn the_order_of_files_does_not_matter() {
    let files = [
        ("companies", "company_id,name,csm,Tier\nc1,Acme,ann,1\nc2,Beta,bob,2\nc3,Gamma,,3\n".to_owned()),
        (
            "events",
            "company_id,event,timestamp,event_id\nAcme,login,2026-03-01,\nAcme,login,2026-03-01,\nc2,login,2026-03-03,\n\
             beta,export,2026-03-04,e1\nlone,login,2026-03-05,\n"
                .to_owned(),
        ),
        (
            "events",
            "company_id,event,timestamp,event_id\nc1,login,2026-03-01,\nACME,login,2026-02-01,\nBETA,export,2026-03-04,e1\n\
             c2,login,2026-03-03,\nc2,login,2026-03-03,\n"
                .to_owned(),
        ),
        (
            "subscriptions",
            "company_id,subscription_id,started_on,ended_on,plan,mrr,seats,renews_on\nacme,s1,2025-01-01,2025-05-01,pro,10,1,\n\
             c1,s2,2025-09-01,,basic,5,2,2026-09-01\nBeta,s3,2025-02-01,2026-02-01,,7,,\n"
                .to_owned(),
        ),
        (
            "tickets",
            "company_id,ticket_id,opened_at,status\nAcme,t1,2026-03-01,open\nc3,t2,2026-03-01,open\nGAMMA,t3,2026-03-02,\n"
                .to_owned(),
        ),
        (
            "touchpoints",
            "company_id,occurred_at,direction\nc1,2026-03-01,inbound\nc1,2026-03-01,inbound\nBeta,2026-03-01,inbound\n"
                .to_owned(),
        ),
        (
            "touchpoints",
            "company_id,occurred_at,direction\nAcme,2026-03-01,inbound\nACME,2026-03-02,outbound\nc2,2026-03-01,inbound\n"
                .to_owned(),
        ),
        ("nps", "company_id,score,responded_on\nc1,9,2026-03-01\nc1,9,2026-03-01\nBeta,2,2026-03-01\n".to_owned()),
        ("nps", "company_id,score,responded_on\nAcme,9,2026-03-01\nbeta,2,2026-03-01\n".to_owned()),
        ("companies", "company_id,churned_on\nc3,2026-03-10\n".to_owned()),
    ];
    let outcome_of = |order: &[usize]| {
        let sandbox = Sandbox::new();
        for place in order {
            let (kind, text) = &files[*place];
            sandbox.write("file.csv", text);
            sandbox.ok(&format!("import --kind {kind} file.csv"));
        }
        sandbox.ok("check");
        let shown: Vec<Value> = ids(&sandbox).iter().map(|id| show(&sandbox, id)).collect();
        (sandbox.array("company list"), event_log(&sandbox), shown)
    };
    let mut order: Vec<usize> = (0..files.len()).collect();
    let first = outcome_of(&order);
    assert_eq!(first.0.len(), 4);
    let mut seed: u64 = 7;
    for _ in 0..20 {
        for last in (1..order.len()).rev() {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            order.swap(last, (seed >> 33) as usize % (last + 1));
        }
        assert_eq!(outcome_of(&order), first, "{order:?}");
    }
}

const THREE_CSMS: &str = "name,role,email\nAna,csm,ana@x.example\nBo,csm,bo@x.example\nCy,csm,\n";

fn with_csms() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("team.csv", THREE_CSMS);
    sandbox.write(
        "companies.csv",
        "company_id,name,csm\na,A,Ana; Bo\nb,B,ana@x.example\nc,C,BO\nd,D,Bo;Ana\ne,E,  cy \nf,F,Dee\n",
    );
    sandbox
        .ok("import team.csv companies.csv")
        .says(&["CSMs of customers who are not in the team: Dee"]);
    sandbox
}

#[test]
fn a_csm_is_found_by_name_or_e_mail_and_the_first_of_several_owns() {
    let sandbox = with_csms();
    let owners = sandbox.ok("company list --columns company_id,csm --format csv").stdout;
    assert_eq!(owners, "company_id,csm\na,Ana\nb,Ana\nc,Bo\nd,Bo\ne,Cy\nf,Dee\n");
}

#[test]
fn the_tasks_and_customers_of_a_member_who_left_are_named() {
    let sandbox = with_csms();
    sandbox.ok("task add c Call --due 2026-04-05 --for csm");
    sandbox.write("left.csv", "name,role,left_on\nBo,csm,2026-03-01\n");
    sandbox.ok("import left.csv").says(&["Bo has left; open tasks: 1; customers: c, d"]);
    sandbox.ok("status").says(&["CSMs of customers who are not in the team: Bo, Dee"]);
}

#[test]
fn where_a_column_orders_the_rows_of_one_id_the_latest_counts() {
    let sandbox = Sandbox::new();
    let files = [
        (
            "invoices",
            "company_id,invoice_id,due_on,amount,updated_at",
            "a,1,2026-01-01,10",
            "a,1,2026-01-01,20",
        ),
        (
            "tickets",
            "company_id,ticket_id,opened_at,priority,LastModifiedDate",
            "a,1,2026-01-01,urgent",
            "a,1,2026-01-01,low",
        ),
        ("companies", "company_id,name,plan,updated_at", "a,A,pro", "a,A,free"),
        (
            "subscriptions",
            "company_id,subscription_id,started_on,mrr,last_modified",
            "a,1,2026-01-01,10",
            "a,1,2026-01-01,20",
        ),
        ("people", "person_id,company_id,name,updated", "p,a,New", "p,a,Old"),
    ];
    for (kind, header, newer, older) in files {
        sandbox.write("f.csv", &format!("{header}\n{newer},2026-01-05\n{older},2026-01-03\n"));
        sandbox
            .ok(&format!("import --kind {kind} f.csv"))
            .says(&["1 row left out: of several rows of one id the latest counts", "read 2:"]);
    }
    let company =
        &sandbox.array("company list --columns overdue_amount,open_urgent_tickets,plan,mrr")[0];
    assert_eq!(company["overdue_amount"], 10.0);
    assert_eq!(company["open_urgent_tickets"], 1);
    assert_eq!(company["mrr"], 10.0);
    assert_eq!(sandbox.array("company show a")[0]["people"][0]["name"], "New");
}

/// Imports a file with these rows, and then into another database with the rows the other way round.
#[track_caller]
fn in_both_orders(
    before: &[(&str, &str)],
    file: (&str, &str, [&str; 2]),
    check: impl Fn(&Sandbox),
) {
    let (kind, header, [one, other]) = file;
    for rows in [[one, other], [other, one]] {
        let sandbox = Sandbox::new();
        for (kind, text) in before {
            sandbox.write("before.csv", text);
            sandbox.ok(&format!("import --kind {kind} before.csv"));
        }
        sandbox.write("f.csv", &format!("{header}\n{}\n{}\n", rows[0], rows[1]));
        sandbox.ok(&format!("import --kind {kind} f.csv")).says(&["1 row left out"]);
        check(&sandbox);
        sandbox.ok("check");
    }
}

#[test]
fn a_row_that_calls_a_company_otherwise_takes_back_no_churn() {
    let sandbox = Sandbox::new();
    import(&sandbox, "companies", "company_id,name\nc1,Acme\n", [1, 0, 0]);
    let text = "company_id,churned_on\nc1,2026-03-01\nAcme,\n";
    import(&sandbox, "companies", text, [0, 2, 0]);
    assert_eq!(fields(&sandbox, "c1", &["churned_on"]), json!(["2026-03-01"]));
}

#[test]
fn a_row_that_does_not_count_states_no_churn() {
    let rows = ["a,A,2026-03-05,2026-03-05", "a,A,,2026-03-10"];
    let file = ("companies", "company_id,name,churned_on,updated_at", rows);
    in_both_orders(&[], file, |sandbox| {
        assert_eq!(fields(sandbox, "a", &["churned_on"]), json!([null]));
    });
    let sandbox = Sandbox::new();
    sandbox.write("f.csv", "company_id,name,churned_on\na,A,2026-03-05\na,A,\n");
    sandbox.ok("import --last-wins f.csv");
    assert_eq!(fields(&sandbox, "a", &["churned_on"]), json!([null]));
    // A churn that was stored before stays.
    sandbox.write("f.csv", "company_id,name,churned_on\na,A,2026-03-05\n");
    sandbox.ok("import f.csv").says(&["changed 1"]);
    sandbox.write("f.csv", "company_id,name,churned_on\na,A,\n");
    sandbox.ok("import f.csv");
    assert_eq!(fields(&sandbox, "a", &["churned_on"]), json!(["2026-03-05"]));
}

#[test]
fn a_row_that_does_not_count_moves_nobody() {
    let companies = ("companies", "company_id,name\na,A\nb,B\nc,C\n");
    let header = "person_id,company_id,updated_at";
    let events = |sandbox: &Sandbox| {
        sandbox.write("e.csv", "person_id,event,timestamp\np,login,2026-03-01\n");
        sandbox.ok("import e.csv").says(&["new 1"]);
        let with_events = |company: &&str| show(sandbox, company)["last_event_on"] != json!(null);
        ["a", "b", "c"].into_iter().find(with_events)
    };
    let rows = ["p,a,2026-03-05", "p,b,2026-03-10"];
    in_both_orders(&[companies], ("people", header, rows), |sandbox| {
        assert_eq!(events(sandbox), Some("b"));
    });
    // Somebody who was at c moves from there, whatever the rows between say.
    let people = ("people", "person_id,company_id\np,c\n");
    in_both_orders(&[companies, people], ("people", header, rows), |sandbox| {
        assert_eq!(events(sandbox), Some("c"));
        let moves = query(
            sandbox,
            "SELECT coalesce(since, 'ever'), company FROM person_moves ORDER BY since",
        );
        assert_eq!(moves, ["ever|3", "2026-04-01|2"]);
    });
}

#[test]
fn a_row_that_does_not_count_makes_no_company() {
    let of = |kind, day_column, rows| {
        let header = format!("company_id,{kind}_id,{day_column},updated_at");
        in_both_orders(&[], (&format!("{kind}s"), &header, rows), |sandbox| {
            assert_eq!(ids(sandbox), ["new"]);
        });
    };
    for (kind, day) in
        [("invoice", "due_on"), ("subscription", "started_on"), ("ticket", "opened_at")]
    {
        of(kind, day, ["old,i,2026-03-01,2026-03-05", "new,i,2026-03-01,2026-03-10"]);
    }
    // A company that another row names stays.
    let sandbox = Sandbox::new();
    let rows = "old,i,2026-03-01\nnew,i,2026-03-01\nold,j,2026-03-01\n";
    sandbox.write("f.csv", &format!("company_id,invoice_id,due_on\n{rows}"));
    sandbox
        .ok("import --kind invoices --last-wins f.csv")
        .says(&["created 2 companies", "new 2, known 1"]);
    assert_eq!(ids(&sandbox), ["new", "old"]);
}

#[test]
fn only_what_is_different_in_the_end_is_changed() {
    let before = ("companies", "company_id,name,updated_at\na,B,2026-03-02\n");
    let sandbox = Sandbox::new();
    import(&sandbox, before.0, before.1, [1, 0, 0]);
    for (rows, changed) in [
        ("a,A,2026-03-01\na,B,2026-03-02\n", "rejected 0\n"),
        ("a,B,2026-03-02\na,A,2026-03-01\n", "rejected 0\n"),
        ("a,A,2026-03-01\na,C,2026-03-03\n", "rejected 0, changed 1\n"),
    ] {
        sandbox.write("f.csv", &format!("company_id,name,updated_at\n{rows}"));
        sandbox.ok("import f.csv").says(&[&format!("read 2: new 0, known 2, {changed}")]);
    }
    let invoices = "company_id,invoice_id,due_on,amount\n";
    import(&sandbox, "invoices", &format!("{invoices}a,i,2026-03-01,5\n"), [1, 0, 0]);
    let rows = "a,i,2026-03-01,6\na,i,2026-03-01,5\n";
    sandbox.write("f.csv", &format!("{invoices}{rows}"));
    sandbox
        .ok("import --kind invoices --last-wins f.csv")
        .says(&["read 2: new 0, known 2, rejected 0\n"]);
}

#[test]
fn rows_of_one_id_and_one_time_are_not_ordered() {
    let sandbox = Sandbox::new();
    let header = "company_id,name,updated_at\n";
    let refused = |rows: &str| {
        sandbox.write("f.csv", &format!("{header}{rows}"));
        sandbox.fails("import f.csv", 4).says(&["'a' (lines 2 and 3)", "--last-wins"]);
    };
    refused("a,A,2026-03-01\na,B,2026-03-01\n");
    refused("a,A,garbage\na,B,rubbish\n");
    sandbox.ok("import --last-wins f.csv").says(&["the last counts"]);
    let name_after = |rows: &str, remark: &str| {
        sandbox.write("f.csv", &format!("{header}{rows}"));
        sandbox.ok("import f.csv").says(&[remark]);
        fields(&sandbox, "a", &["name"])
    };
    // A later row leaves nothing to decide, wherever it is.
    let rows = ["a,A,2026-03-01\n", "a,B,2026-03-01\n", "a,C,2026-03-02\n"];
    for order in [[0, 1, 2], [0, 2, 1], [2, 0, 1]] {
        let rows: String = order.into_iter().map(|place| rows[place]).collect();
        let remark = "2 rows left out: of several rows of one id the latest counts";
        assert_eq!(name_after(&rows, remark), json!(["C"]));
    }
    let unread = "one without a time that can be read counts as the oldest";
    assert_eq!(name_after("a,D,2026-03-01\na,E,garbage\n", unread), json!(["D"]));
    assert_eq!(name_after("a,E,garbage\na,F,2026-03-01\n", unread), json!(["F"]));
}

#[test]
fn a_member_of_the_team_is_known_by_name_whatever_the_case_and_spaces() {
    let sandbox = Sandbox::new();
    let header = "name,role,email\n";
    let rows = "Ana Pop,csm,a@x.example\nana  pop,manager,a@x.example\n";
    import(&sandbox, "team", &format!("{header}{rows}"), [1, 1, 0]);
    import(&sandbox, "team", "name,role\nANA POP,executive\n", [0, 1, 0]);
    let team = query(&sandbox, "SELECT name, role, email FROM team");
    assert_eq!(team, ["Ana Pop|executive|a@x.example"]);
}

#[test]
fn a_blank_name_makes_no_id_the_name_of_another_company() {
    let rows = "company_id,name,mrr\na2,Acme,49\nacme,,56\n";
    for options in ["", "--last-wins"] {
        let sandbox = Sandbox::new();
        sandbox.write("f.csv", rows);
        sandbox.ok(&format!("import {options} f.csv")).says(&["read 2: new 2, known 0"]);
        let again = sandbox.ok(&format!("import {options} f.csv"));
        again.says(&["read 2: new 0, known 2, rejected 0\n"]);
        let list = sandbox.array("company list --columns company_id,name,mrr");
        assert_eq!(
            json!(list),
            json!([
                { "company_id": "a2", "name": "Acme", "mrr": 49.0 },
                { "company_id": "acme", "name": null, "mrr": 56.0 },
            ])
        );
    }
}

#[test]
fn a_row_under_the_id_of_a_merged_company_changes_nothing() {
    let sandbox = with_csms();
    sandbox.ok("company merge b a");
    sandbox.write("old.csv", "company_id,name,csm\nb,Renamed,Cy\n");
    sandbox.ok("import old.csv").says(&["read 1: new 0, known 1, rejected 0"]);
    let company = &sandbox.array("company list --columns name,csm")[0];
    assert_eq!((&company["name"], &company["csm"]), (&"A".into(), &"Ana".into()));
}

#[test]
fn the_events_of_a_person_who_moved_stay_known() {
    let sandbox = with_csms();
    sandbox.write("before.csv", "person_id,company_id\np,a\n");
    sandbox.write("after.csv", "person_id,company_id\np,b\n");
    sandbox.write("events.csv", "person_id,event,timestamp\np,login,2026-03-01\n");
    sandbox.ok("import before.csv events.csv");
    sandbox.ok("import after.csv").says(&["known 1, rejected 0, changed 1"]);
    sandbox.ok("import events.csv").says(&["new 0, known 1"]);
    let events = sandbox.ok("export events --out -").stdout;
    assert!(events.lines().nth(1).unwrap().starts_with("a,login,"), "{events}");
    assert_eq!(events.lines().count(), 2, "{events}");
}
