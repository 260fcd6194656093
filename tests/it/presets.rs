//! The presets: what each raises, on which days, and what follows. Every day is computed by hand
//! from the specification.
//!
//! Companies that differ in one respect are in one database, and the signals of a month show which
//! of them match.

use serde_json::json;

use crate::support::{NOW, Sandbox};

/// A database with these presets and companies.
fn with(presets: &str, companies: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    import(&sandbox, "companies", companies);
    sandbox.ok(&format!("rule preset add {presets}"));
    sandbox
}

#[track_caller]
fn import(sandbox: &Sandbox, kind: &str, text: &str) {
    sandbox.write("file.csv", text);
    sandbox.ok(&format!("import --kind {kind} file.csv"));
}

/// Rows of cells, each with a prefix.
fn rows(header: &str, rows: &[&str]) -> String {
    std::iter::once(header).chain(rows.iter().copied()).map(|row| format!("{row}\n")).collect()
}

/// Runs the days of 2026 between two, given as `02-01`.
#[track_caller]
fn run(sandbox: &Sandbox, from: &str, to: &str) {
    sandbox.ok(&format!("run --from 2026-{from} --to 2026-{to} --quiet"));
}

/// The signals of a rule, oldest first: company and day.
#[track_caller]
fn raised(sandbox: &Sandbox, rule: &str) -> Vec<String> {
    let signals = sandbox.array(&format!("list --rule '{rule}' --sort date"));
    let text = |signal: &serde_json::Value, field: &str| signal[field].as_str().unwrap().to_owned();
    let mut raised: Vec<(String, String)> = signals
        .iter()
        .map(|signal| (text(signal, "raised_on"), text(signal, "company_id")))
        .collect();
    raised.sort();
    raised
        .into_iter()
        .map(|(day, company)| format!("{} {company}", day.trim_start_matches("2026-")))
        .collect()
}

/// The type of the first signal of a rule, and its detail.
#[track_caller]
fn first(sandbox: &Sandbox, rule: &str) -> String {
    let signals = sandbox.array(&format!("list --rule '{rule}' --sort date --limit 1"));
    format!("{}: {}", signals[0]["type"].as_str().unwrap(), signals[0]["detail"].as_str().unwrap())
}

/// Acknowledges all signals of a rule, on the day after the latest run.
#[track_caller]
fn ack(sandbox: &Sandbox, rule: &str) {
    sandbox.ok_next_day(&format!("ack --all --rule '{rule}' --state open --reason seen --yes"));
}

/// Events that keep the database up to date, of a company that no rule raises signals for.
const HEARTBEAT: &str = "heart,beat,2026-03-31,";

#[test]
fn a_renewal_is_told_once_at_each_distance_and_again_for_the_next_date() {
    let companies = rows(
        "company_id,renewal_on,renewal_term_days,created_on,churned_on",
        &[
            "may2,2026-05-02,,,",           // 90 days on 1 February, 60 on 3 March
            "may3,2026-05-03,,,",           // 90 days on 2 February
            "apr3,2026-04-03,,,",           // 61 days on 1 February
            "mar20,2026-03-20,365,,",       // 47 days on 1 February
            "month,2026-03-20,31,,",        // from month to month
            "longer,2026-03-20,32,,",       // and a day more
            "gone,2026-03-20,,,2026-02-18", // churned on the day on which 30 days are left
            "late,2026-03-20,,2026-03-10,", // a customer 10 days before
            "bare,,,,",
        ],
    );
    let sandbox = with("renewal-90 renewal-60 renewal-30 renewal-14 renewal-7", &companies);
    run(&sandbox, "02-01", "03-31");
    assert_eq!(raised(&sandbox, "renewal-90"), ["02-01 apr3", "02-01 may2", "02-02 may3"]);
    assert_eq!(
        raised(&sandbox, "renewal-60"),
        ["02-01 gone", "02-01 longer", "02-01 mar20", "02-02 apr3", "03-03 may2", "03-04 may3"]
    );
    assert_eq!(raised(&sandbox, "renewal-30"), ["02-18 longer", "02-18 mar20", "03-04 apr3"]);
    assert_eq!(
        raised(&sandbox, "renewal-14"),
        ["03-06 longer", "03-06 mar20", "03-10 late", "03-20 apr3"]
    );
    assert_eq!(
        raised(&sandbox, "renewal-7"),
        ["03-13 late", "03-13 longer", "03-13 mar20", "03-27 apr3"]
    );
    assert_eq!(first(&sandbox, "renewal-60"), "info: renews on 2026-03-20, in 47 days");

    // After acknowledging, it is not raised again; another date is, once, and the old one is known.
    ack(&sandbox, "renewal-60");
    for renewal in ["2026-05-04", "2026-05-02", "2026-05-05"] {
        import(
            &sandbox,
            "companies",
            &rows("company_id,renewal_on", &[&format!("may2,{renewal}")]),
        );
        sandbox.ok("run --as-of 2026-03-31 --quiet");
    }
    let of_may2: Vec<String> = raised(&sandbox, "renewal-60")
        .into_iter()
        .filter(|signal| signal.ends_with("may2"))
        .collect();
    assert_eq!(of_may2, ["03-03 may2", "03-31 may2", "03-31 may2"]);
}

#[test]
fn a_means_of_payment_is_told_before_and_after_it_expires() {
    let companies = rows(
        "company_id,payment_expires_on,churned_on",
        &["card,2026-03-20,", "gone,2026-03-20,2026-03-21", "bare,,", "next,2026-04-30,"],
    );
    let sandbox = with("payment-30 payment-14 payment-7 payment-expired", &companies);
    run(&sandbox, "02-17", "03-22");
    assert_eq!(raised(&sandbox, "payment-30"), ["02-18 card", "02-18 gone"]);
    assert_eq!(raised(&sandbox, "payment-14"), ["03-06 card", "03-06 gone"]);
    assert_eq!(raised(&sandbox, "payment-7"), ["03-13 card", "03-13 gone"]);
    assert_eq!(raised(&sandbox, "payment-expired"), ["03-21 card"]);
    assert_eq!(
        first(&sandbox, "payment-7"),
        "info: the means of payment expires on 2026-03-20, in 7 days"
    );
    assert_eq!(
        first(&sandbox, "payment-expired"),
        "bad: the means of payment expired on 2026-03-20, 1 day ago"
    );

    // A new card, which expires in its turn.
    import(&sandbox, "companies", "company_id,payment_expires_on\ncard,2026-03-24\n");
    run(&sandbox, "03-23", "03-31");
    assert_eq!(raised(&sandbox, "payment-7"), ["03-13 card", "03-13 gone", "03-23 card"]);
    assert_eq!(raised(&sandbox, "payment-expired"), ["03-21 card", "03-25 card"]);
    // 31 March is 30 days before 30 April.
    assert_eq!(raised(&sandbox, "payment-30"), ["02-18 card", "02-18 gone", "03-31 next"]);
}

#[test]
fn an_overdue_renewal_is_raised_again_after_closing_and_the_cooldown() {
    let companies = rows(
        "company_id,renewal_on,churned_on",
        &[
            "open,2026-01-31,",
            "closed,2026-01-31,",
            "reopened,2026-01-31,",
            "gone,2026-01-31,2026-02-01",
            "bare,,",
        ],
    );
    let mut sandbox = with("renewal-overdue", &companies);
    run(&sandbox, "01-30", "02-10");
    assert_eq!(
        raised(&sandbox, "renewal-overdue"),
        ["02-01 closed", "02-01 open", "02-01 reopened"]
    );
    assert_eq!(first(&sandbox, "renewal-overdue"), "bad: the renewal was due 1 day ago");
    let id = |company: &str| sandbox.array(&format!("list {company}"))[0]["id"].to_string();
    let (closed, reopened) = (id("closed"), id("reopened"));
    sandbox.at("2026-02-10T08:00:00Z");
    sandbox.ok(&format!("ack {closed} {reopened} --reason 'they sign tomorrow'"));
    sandbox.ok(&format!("reopen {reopened} --reason 'they did not'"));
    sandbox.at(NOW);
    run(&sandbox, "02-11", "03-31");
    // 30 days after 1 February.
    let expected = ["02-01 closed", "02-01 open", "02-01 reopened", "03-03 closed"];
    assert_eq!(raised(&sandbox, "renewal-overdue"), expected);
}

#[test]
fn an_invoice_is_overdue_from_the_day_after_until_it_is_paid() {
    let sandbox = with(
        "invoice-overdue",
        "company_id,churned_on\nowes,\npaid,\nlate,\nvoid,\ntwo,\ngone,2026-03-06\nbare,\n",
    );
    let invoices = rows(
        "company_id,invoice_id,due_on,paid_on,status",
        &[
            "owes,i1,2026-03-05,,open",
            "paid,i2,2026-03-05,2026-03-05,paid",
            "late,i3,2026-03-05,2026-03-08,paid",
            "void,i4,2026-03-05,,void",
            "two,i5,2026-03-05,,",
            "two,i6,2026-03-04,,",
            "gone,i7,2026-03-05,,open",
        ],
    );
    import(&sandbox, "invoices", &invoices);
    run(&sandbox, "03-01", "03-07");
    assert_eq!(raised(&sandbox, "invoice-overdue"), ["03-05 two", "03-06 late", "03-06 owes"]);
    assert_eq!(first(&sandbox, "invoice-overdue"), "bad: 1 overdue invoice");
    sandbox.ok("run --as-of 2026-03-31 --quiet");
    assert_eq!(raised(&sandbox, "invoice-overdue").len(), 3);
}

#[test]
fn each_survey_response_is_told_by_its_category_and_a_fall_once() {
    let sandbox = with(
        "nps-promoter nps-passive nps-detractor nps-fall",
        "company_id\nacme\nb8\nb9\nold7\nold8\nbare\n",
    );
    let responses = rows(
        "company_id,score,responded_on,person_id",
        &[
            "acme,9,2026-03-02,ann",
            "acme,10,2026-03-04,bob",
            "acme,8,2026-03-06,cid",
            "acme,3,2026-03-08,ann", // 9 before
            "b8,8,2026-03-02,ann",
            "b8,7,2026-03-05,ann",
            "b9,9,2026-03-02,ann",
            "b9,7,2026-03-05,ann",
            "old7,9,2026-02-01,ann",
            "old7,4,2026-02-22,ann", // 7 days before 1 March
            "old8,9,2026-02-01,ann",
            "old8,4,2026-02-21,ann",
        ],
    );
    import(&sandbox, "nps", &responses);
    run(&sandbox, "03-01", "03-31");
    assert_eq!(raised(&sandbox, "nps-promoter"), ["03-02 acme", "03-02 b9", "03-04 acme"]);
    assert_eq!(raised(&sandbox, "nps-passive"), ["03-02 b8", "03-05 b8", "03-05 b9", "03-06 acme"]);
    assert_eq!(raised(&sandbox, "nps-detractor"), ["03-08 acme"]);
    // From 10 to 8, by another person: the decrease is that of the company.
    assert_eq!(
        raised(&sandbox, "nps-fall"),
        ["03-01 old7", "03-05 b9", "03-06 acme", "03-08 acme"]
    );
    assert_eq!(first(&sandbox, "nps-promoter"), "good: 1 promoter in the last 7 days, 1 so far");
    assert_eq!(first(&sandbox, "nps-passive"), "info: 1 passive in the last 7 days, 1 so far");
    assert_eq!(first(&sandbox, "nps-detractor"), "bad: 1 detractor in the last 7 days, 1 so far");
    assert_eq!(
        first(&sandbox, "nps-fall"),
        "bad: the latest NPS answer is 5 points lower than the one before"
    );
}

#[test]
fn a_customer_who_does_not_answer_is_told() {
    let sandbox = with("unresponsive", "company_id\nthree\ntwo\nonce\nheard\nbare\n");
    let touchpoints = rows(
        "company_id,occurred_at,direction",
        &[
            "three,2026-03-02,outbound",
            "three,2026-03-03,outbound",
            "three,2026-03-03,outbound",
            "three,2026-03-05,outbound",
            "two,2026-03-02,outbound",
            "two,2026-03-03,outbound",
            "once,2026-02-10,outbound", // 30 days before 12 March
            "heard,2026-03-02,outbound",
            "heard,2026-03-03,outbound",
            "heard,2026-03-04,inbound",
            "heard,2026-03-05,outbound",
        ],
    );
    import(&sandbox, "touchpoints", &touchpoints);
    run(&sandbox, "03-01", "03-31");
    assert_eq!(raised(&sandbox, "unresponsive"), ["03-05 three", "03-12 once"]);
    assert_eq!(first(&sandbox, "unresponsive"), "bad: no answer for 3 days, to contacts on 3 days");
}

#[test]
fn a_customer_who_has_gone_silent_is_told_after_fourteen_days() {
    let sandbox = with(
        "gone-silent",
        "company_id,churned_on\nacme,\nback,\ngone,2026-03-19\nnever,\nheart,\n",
    );
    let events = rows(
        "company_id,event,timestamp,person_id",
        &[
            "acme,login,2026-03-05,ann",
            "back,login,2026-03-05,ann",
            "back,login,2026-03-18,ann",
            "gone,login,2026-03-05,ann",
            HEARTBEAT,
        ],
    );
    import(&sandbox, "events", &events);
    run(&sandbox, "03-17", "03-31");
    // `back` was active on the 18th, which is 13 days before the 31st.
    assert_eq!(raised(&sandbox, "gone-silent"), ["03-19 acme"]);
    assert_eq!(first(&sandbox, "gone-silent"), "bad: no event for 14 days");
}

/// Events on some days of 2026, one a day.
fn on_days(company: &str, days: &[&str]) -> String {
    days.iter().map(|day| format!("{company},login,2026-{day},ann\n")).collect()
}

#[test]
fn silence_is_told_after_five_weeks_and_when_it_is_longer_than_ever() {
    let sandbox = with("silent unusually-silent", "company_id\nweekly\nburst\nrare\n");
    let events = [
        on_days("weekly", &["01-01", "01-08", "01-15", "01-22", "01-29"]),
        on_days("burst", &["02-10"]),
        on_days("rare", &["01-01", "02-05"]),
        on_days("busy", &["03-31"]),
    ];
    import(
        &sandbox,
        "events",
        &format!("company_id,event,timestamp,person_id\n{}", events.concat()),
    );
    run(&sandbox, "02-15", "03-31");
    // 35 days after 29 January, 10 February and 5 February.
    assert_eq!(raised(&sandbox, "silent"), ["03-05 weekly", "03-12 rare", "03-17 burst"]);
    assert_eq!(first(&sandbox, "silent"), "bad: no event for 35 days");
    // More than 7 + 14 days after 29 January; more than 14, without a gap, after 10 February; not
    // more than 35 + 14 after 5 February until 27 March.
    assert_eq!(raised(&sandbox, "unusually-silent"), ["02-20 weekly", "02-25 burst", "03-27 rare"]);
    assert_eq!(
        first(&sandbox, "unusually-silent"),
        "bad: no event for 22 days; its longest gap in the last year was 7 days"
    );
    let burst = sandbox.array("list burst --rule unusually-silent");
    assert_eq!(burst[0]["detail"], "no event for 15 days");
}

#[test]
fn little_use_is_raised_from_the_eighth_week() {
    let sandbox = with("hardly-used", "company_id\ntwo\nthree\n");
    let events = [
        on_days("two", &["01-01", "01-02"]),
        on_days("three", &["01-01", "01-02", "01-03"]),
        on_days("busy", &["03-31"]),
    ];
    import(
        &sandbox,
        "events",
        &format!("company_id,event,timestamp,person_id\n{}", events.concat()),
    );
    run(&sandbox, "02-15", "03-31");
    // Day 56 is 25 February. Of the three days of `three`, 1 January is 84 days old on 26 March.
    assert_eq!(raised(&sandbox, "hardly-used"), ["02-25 two", "03-26 three"]);
    assert_eq!(first(&sandbox, "hardly-used"), "bad: active on 2 days in the last 12 weeks");
}

#[test]
fn seats_are_told_when_nearly_all_or_few_are_used() {
    let companies = rows(
        "company_id,seats,seats_used,created_on",
        &[
            "full,5,5,2026-02-01",
            "small,4,4,2025-01-01",
            "ninety,10,9,2025-01-01",
            "eighty,10,8,2025-01-01",
            "forty,10,4,2025-01-01",
            "thirty,10,3,2026-01-10", // 60 days on 11 March
            "unknown,10,3,",
            "unpaid,,3,2025-01-01",
            "unused,10,,2025-01-01",
        ],
    );
    let sandbox = with("seat-limit seat-underuse", &companies);
    run(&sandbox, "03-09", "03-13");
    assert_eq!(raised(&sandbox, "seat-limit"), ["03-09 full", "03-09 ninety"]);
    assert_eq!(raised(&sandbox, "seat-underuse"), ["03-11 thirty"]);
    assert_eq!(first(&sandbox, "seat-limit"), "good: 100 % of 5 seats in use");
    assert_eq!(
        first(&sandbox, "seat-underuse"),
        "bad: only 30 % of 10 seats in use, 60 days after the start"
    );
}

#[test]
fn more_tickets_than_before_are_told() {
    let sandbox = with("ticket-surge", "company_id\nnew\nfour\nhalf\nless\nbare\n");
    let mut tickets = String::from("company_id,ticket_id,opened_at\n");
    for (company, day, count) in [
        ("new", "2026-03-02", 5),
        ("four", "2026-03-02", 4),
        ("half", "2026-01-20", 4),
        ("half", "2026-03-03", 6), // a half more than four
        ("less", "2026-01-20", 5),
        ("less", "2026-03-03", 7), // 40 % more than five
    ] {
        (0..count).for_each(|number| {
            tickets.push_str(&format!("{company},{company}{day}{number},{day}\n"))
        });
    }
    import(&sandbox, "tickets", &tickets);
    run(&sandbox, "03-01", "03-10");
    assert_eq!(raised(&sandbox, "ticket-surge"), ["03-02 new", "03-03 half"]);
    assert_eq!(first(&sandbox, "ticket-surge"), "bad: 5 tickets in 28 days");
    let second = &sandbox.array("list half")[0];
    assert_eq!(second["detail"], "6 tickets in 28 days, +50.0 % on the 28 days before");
}

#[test]
fn a_contact_with_an_executive_and_a_review_are_missed() {
    let companies = rows(
        "company_id,created_on",
        &[
            "touched,2024-01-01",
            "never,2025-12-10",
            "other,2025-12-12",
            "eve,2024-01-01",
            "unknown,",
        ],
    );
    let sandbox = with("no-executive-contact review-due", &companies);
    import(&sandbox, "people", "person_id,company_id,name,role\neve1,eve,Eve,Executive sponsor\n");
    let touchpoints = rows(
        "company_id,occurred_at,direction,kind,with",
        &[
            "touched,2025-12-05,outbound,call,executive", // 90 days before 5 March
            "touched,2026-01-01,outbound,Review,ann",
            "other,2026-03-01,inbound,,ann",
            "eve,2026-02-01,inbound,review,Eve",
        ],
    );
    import(&sandbox, "touchpoints", &touchpoints);
    run(&sandbox, "03-01", "03-31");
    assert_eq!(
        raised(&sandbox, "no-executive-contact"),
        ["03-05 touched", "03-10 never", "03-12 other"]
    );
    assert_eq!(
        first(&sandbox, "no-executive-contact"),
        "info: no contact with an executive for 90 days"
    );
    // 90 days after 10 and 12 December; after 1 January it is 1 April.
    assert_eq!(raised(&sandbox, "review-due"), ["03-10 never", "03-12 other"]);
    assert_eq!(first(&sandbox, "review-due"), "info: no business review for 90 days");

    let often = with("review-due --every 60", "company_id,created_on\nacme,2026-01-05\n");
    run(&often, "03-01", "03-31");
    assert_eq!(raised(&often, "review-due"), ["03-06 acme"]);
}

#[test]
fn a_pulse_is_missed_after_three_weeks() {
    let sandbox =
        with("pulse-stale", "company_id,created_on\nnew,2026-02-20\nset,2025-01-01\nunknown,\n");
    import(&sandbox, "pulses", "company_id,pulse,set_on\nset,5,2026-02-10\nset,5,2026-03-01\n");
    run(&sandbox, "02-28", "03-31");
    // 22 days after 20 February and 1 March.
    assert_eq!(raised(&sandbox, "pulse-stale"), ["03-14 new", "03-23 set"]);
    assert_eq!(first(&sandbox, "pulse-stale"), "info: no pulse for 22 days");
    let rule = &sandbox.array("rule list")[0];
    assert_eq!([&rule["managers"], &rule["executives"]], [&json!(true), &json!(true)]);
}

#[test]
fn a_low_pulse_is_told_each_time_and_at_once() {
    let sandbox = with("pulse-low", "company_id\nacme\nfine\n");
    let pulses = rows(
        "company_id,pulse,set_on",
        &[
            "acme,3,2026-03-05",
            "acme,4,2026-03-06",
            "acme,2,2026-03-08",
            "acme,2,2026-03-09",
            "fine,4,2026-03-05",
        ],
    );
    import(&sandbox, "pulses", &pulses);
    run(&sandbox, "03-04", "03-10");
    assert_eq!(raised(&sandbox, "pulse-low"), ["03-05 acme", "03-08 acme", "03-09 acme"]);
    assert_eq!(first(&sandbox, "pulse-low"), "bad: pulse 3 of 6, set on 2026-03-05");
    // On the day after the latest run.
    sandbox.ok_next_day("pulse set fine 1 --reason-code support/response-time");
    assert_eq!(raised(&sandbox, "pulse-low").last().unwrap(), "03-11 fine");
    assert_eq!(sandbox.array("task list --company fine").len(), 4);
    run(&sandbox, "03-11", "03-20");
    assert_eq!(raised(&sandbox, "pulse-low").len(), 4);
}

#[test]
fn a_rule_that_reads_the_pulse_anywhere_is_applied_at_once() {
    let sandbox = with("pulse-low", "company_id,seats\nacme,5\n");
    sandbox.ok("metric add mood --formula 'pulse * 2'");
    for options in [
        "--when 'seats > 1' --where 'pulse = 1'",
        "--when 'seats > 1' --key mood",
        "--when 'mood < 5'",
        "--when 'seats > 2'",
    ] {
        let name = options.replace(|char: char| !char.is_ascii_alphanumeric(), "");
        sandbox.ok(&format!("rule add {name} --kind condition --type bad {options}"));
    }
    let raised = || {
        let signals = sandbox.array("list");
        let mut rules: Vec<String> =
            signals.iter().map(|signal| signal["rule"].as_str().unwrap().to_owned()).collect();
        rules.sort_unstable();
        rules
    };
    sandbox.ok("pulse set acme 1 --reason-code support/response-time --on 2026-03-31");
    assert_eq!(raised(), [""; 0], "a pulse of an earlier day waits");
    sandbox.ok("pulse set acme 1 --reason-code support/response-time");
    assert_eq!(raised(), ["pulse-low", "whenmood5", "whenseats1keymood", "whenseats1wherepulse1"]);
}

#[test]
fn new_people_and_people_who_are_gone_are_told() {
    let sandbox = with("new-users active-users-drop", "company_id\nten\nnine\ndrop\nsome\nfew\n");
    let mut events =
        rows("company_id,event,timestamp,person_id", &["heart,beat,2026-01-01,", HEARTBEAT]);
    let mut add = |company: &str, day: &str, people: usize| {
        (0..people).for_each(|person| {
            events.push_str(&format!("{company},login,{day},{company}{person}\n"))
        });
    };
    add("ten", "2026-03-14", 4);
    add("ten", "2026-03-20", 10); // with the six of these, ten within 7 days
    add("nine", "2026-03-20", 9);
    for (company, before, after) in [("drop", 10, 8), ("some", 10, 9), ("few", 9, 0)] {
        add(company, "2026-02-10", before);
        add(company, "2026-03-10", after);
    }
    import(&sandbox, "events", &events);
    run(&sandbox, "03-01", "03-31");
    assert_eq!(raised(&sandbox, "new-users"), ["03-20 ten"]);
    assert_eq!(first(&sandbox, "new-users"), "good: 10 new people in 7 days");
    // From 10 March on, 10 February lies in the 28 days before the last 28.
    assert_eq!(raised(&sandbox, "active-users-drop"), ["03-10 drop"]);
    assert_eq!(
        first(&sandbox, "active-users-drop"),
        "bad: active people -20.0 % in 28 days, from 10"
    );
}

#[test]
fn little_use_of_a_feature_is_told_of_established_customers() {
    let companies = rows(
        "company_id,created_on",
        &["three,2025-06-01", "two,2025-06-01", "young,2026-01-20", "unknown,"],
    );
    let sandbox = with("low-use --event 'Report: é'", &companies);
    let mut events = rows("company_id,event,timestamp,person_id", &[HEARTBEAT]);
    for (company, day, count) in [
        ("three", "2026-03-01", 3),
        ("two", "2026-03-01", 2),
        ("young", "2026-03-01", 1),
        ("unknown", "2026-03-01", 1),
    ] {
        (0..count).for_each(|number| {
            events.push_str(&format!("{company},Report: é,{day}T0{number}:00:00Z,ann\n"))
        });
        (0..9).for_each(|number| {
            events.push_str(&format!("{company},login,{day}T0{number}:00:00Z,ann\n"))
        });
    }
    import(&sandbox, "events", &events);
    run(&sandbox, "03-01", "03-31");
    // 60 days after 20 January; and 1 March is among the last 28 days until the 28th.
    let rule = "low-use:Report: é";
    assert_eq!(raised(&sandbox, rule), ["03-01 two", "03-21 young", "03-29 three"]);
    assert_eq!(
        first(&sandbox, rule),
        "bad: Report: é 2 times in 28 days, 273 days after the start"
    );
    let metric = &sandbox.array("metric list")[0];
    assert_eq!(
        [&metric["name"], &metric["event"], &metric["measure"], &metric["days"]],
        [&json!("low_use_Report___"), &json!("Report: é"), &json!("count"), &json!(28)]
    );
    sandbox.fails("metric remove low_use_Report___", 9).says(&[rule]);
}

#[test]
fn adoption_and_first_use_are_told_once() {
    let sandbox = with(
        "adoption --event export --within 14",
        "company_id,created_on\ndone,2026-03-01\nnot,2026-03-01\n",
    );
    sandbox.ok("rule preset add first-use --event export");
    sandbox.ok("rule preset add goals");
    import(
        &sandbox,
        "goals",
        "company_id,event,due_on,name\ndone,export,2026-03-09,Go live\nnot,export,2026-03-20,Go live\n",
    );
    let events = rows(
        "company_id,event,timestamp,person_id",
        &["done,export,2026-03-10,ann", "done,export,2026-03-12,ann", HEARTBEAT],
    );
    import(&sandbox, "events", &events);
    run(&sandbox, "03-01", "03-31");
    assert_eq!(raised(&sandbox, "adoption:export"), ["03-10 done", "03-15 not"]);
    assert_eq!(raised(&sandbox, "first-use:export"), ["03-10 done"]);
    assert_eq!(raised(&sandbox, "goals"), ["03-09 done", "03-20 not"]);
    assert_eq!(
        first(&sandbox, "adoption:export"),
        "good: first export on 2026-03-10, due by 2026-03-15"
    );
    assert_eq!(first(&sandbox, "goals"), "bad: goal 'Go live': no export by 2026-03-09");
}

#[test]
fn a_trend_has_its_guards() {
    let sandbox = with("trend --event login", "company_id\nmany\nfew\nclose\n");
    // 50 to 20 is hardly chance, 10 to 4 may be, and 11 to 8 is less than 20 events.
    let mut events = vec![("heart", "beat", "2026-03-31", 1)];
    for (company, before, now) in [("many", 50, 20), ("few", 11, 8), ("close", 14, 10)] {
        events.extend([
            (company, "signed_up", "2026-01-01", 1),
            (company, "login", "2026-03-03", before),
            (company, "login", "2026-03-10", now),
        ]);
    }
    sandbox.import_events(&events);
    run(&sandbox, "03-12", "03-13");
    assert_eq!(raised(&sandbox, "login"), ["03-12 many"]);
    assert_eq!(first(&sandbox, "login"), "bad: login fell from 50 to 20 (-60.0 %)");
    let rule = &sandbox.array("rule list")[0];
    let fields = [
        "name",
        "kind",
        "timeframe",
        "threshold",
        "min_events",
        "max_chance",
        "direction",
        "inverse",
    ];
    let expected = [
        json!("login"),
        json!("trend"),
        json!(7),
        json!(15),
        json!(20),
        json!(0.01),
        json!("both"),
        json!(false),
    ];
    assert_eq!(fields.map(|field| rule[field].clone()), expected);
}

/// Daily events from the first of January to a day of 2026.
fn daily(company: &str, days: i64) -> String {
    let first = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    (0..days)
        .map(|day| format!("{company},login,{},ann\n", first + chrono::TimeDelta::days(day)))
        .collect()
}

#[test]
fn health_and_renewals_of_the_healthy_and_the_unwell_are_told() {
    let companies = rows(
        "company_id,renewal_on,seats,seats_used",
        &[
            "good,2026-05-15,10,8",
            "less,2026-05-15,100,79",
            "stops,,,",
            "poor,2026-05-15,,",
            "pulse,2026-05-15,,",
            "far,2026-06-30,,",
        ],
    );
    let sandbox = with("health-drop health-poor renewal-risk upsell-at-renewal", &companies);
    // `stops` is active until 10 March, `poor` and `far` until 1 February.
    let events = [("good", 90), ("less", 90), ("stops", 69), ("poor", 32), ("far", 32)];
    let events: String = events.into_iter().map(|(company, days)| daily(company, days)).collect();
    import(&sandbox, "events", &format!("company_id,event,timestamp,person_id\n{events}"));
    import(&sandbox, "pulses", "company_id,pulse,set_on\npulse,3,2026-03-05\ngood,6,2026-03-05\n");
    crate::health::keep_own_default(&sandbox);
    run(&sandbox, "03-01", "03-31");
    // That profile, k days after the last event of daily ones: usage (50 - 100k/28)/70,
    // weight 4; recency (28 - k)/28, weight 3; no activity signals, weight 1. That is 85.7 - 3.89k
    // of 100 as long as usage is above 0: on 13 March, the third day, 11.7 less than 7 days before,
    // on the 12th 7.8.
    assert_eq!(raised(&sandbox, "health-drop")[0], "03-13 stops");
    assert_eq!(first(&sandbox, "health-drop"), "bad: health fell by 11.7 points in 7 days");
    // On 1 March, 28 days after the last event, all but the activity signals is 0; 3 days running
    // are there on the 3rd.
    let poor: Vec<String> = raised(&sandbox, "health-poor")
        .into_iter()
        .filter(|signal| !signal.ends_with("stops"))
        .collect();
    assert_eq!(poor, ["03-03 far", "03-03 poor"]);
    assert_eq!(first(&sandbox, "health-poor"), "bad: health is poor");
    assert_eq!(raised(&sandbox, "renewal-risk"), ["03-01 poor", "03-05 pulse"]);
    assert_eq!(
        first(&sandbox, "renewal-risk"),
        "bad: renews on 2026-05-15, in 75 days, health poor"
    );
    assert_eq!(raised(&sandbox, "upsell-at-renewal"), ["03-01 good"]);
    assert_eq!(
        first(&sandbox, "upsell-at-renewal"),
        "good: renews on 2026-05-15, in 75 days, health good, 80 % of seats in use"
    );
}

// ---- adding

fn rule(sandbox: &Sandbox, name: &str, fields: &[&str]) -> serde_json::Value {
    let rules = sandbox.array("rule list");
    let rule = rules
        .iter()
        .find(|rule| rule["name"] == name)
        .unwrap_or_else(|| panic!("no {name} in {rules:?}"));
    fields.iter().map(|field| rule[field].clone()).collect()
}

#[test]
fn the_usual_ones_are_added_at_once_and_name_no_event() {
    let sandbox = Sandbox::empty();
    let added = sandbox.array("rule preset add --usual");
    let expected = [
        "fading",
        "silent",
        "hardly-used",
        "unusually-silent",
        "health-drop",
        "nps-promoter",
        "nps-passive",
        "nps-detractor",
        "nps-fall",
        "renewal-90",
        "renewal-30",
        "invoice-overdue",
        "unresponsive",
        "seat-limit",
        "ticket-surge",
        "pulse-low",
    ];
    assert_eq!(
        added.iter().map(|rule| rule["name"].as_str().unwrap()).collect::<Vec<_>>(),
        expected
    );
    assert!(added.iter().all(|rule| rule["enabled"] == true));
    sandbox.ok("rule preset add --usual").says(&["the rule 'silent' stays as it was"]);
    assert_eq!(sandbox.array("rule list").len(), expected.len());
}

#[test]
fn every_preset_names_a_playbook_that_is_there() {
    let sandbox = Sandbox::new();
    let presets = sandbox.array("rule preset list");
    assert_eq!(presets.len(), 39);
    for preset in presets {
        sandbox.ok(&format!("playbook show {}", preset["playbook"].as_str().unwrap()));
    }
}

#[test]
fn a_rule_of_a_preset_is_an_ordinary_one() {
    let sandbox = Sandbox::new();
    sandbox.ok(
        "rule preset add gone-silent --cooldown 10 --where 'mrr > 100' --managers --no-playbook",
    );
    let fields = ["kind", "when", "type", "cooldown", "where", "playbook", "managers"];
    let expected =
        json!(["condition", "days_since_last_event >= 14", "bad", 10, "mrr > 100", null, true]);
    assert_eq!(rule(&sandbox, "gone-silent", &fields), expected);

    // Options that are not given stay, here and in `rule add`.
    sandbox.ok("rule add gone-silent --when 'days_since_last_event >= 7'");
    let again = sandbox.ok("rule preset add gone-silent");
    again.says(&[
        "stays as it was",
        "the preset is another",
        "days_since_last_event >= 14",
        "rule remove gone-silent",
    ]);
    sandbox.ok("rule preset add gone-silent --no-where").says(&["old: ", "new: "]);
    let expected = json!(["condition", "days_since_last_event >= 7", "bad", 10, null, null, true]);
    assert_eq!(rule(&sandbox, "gone-silent", &fields), expected);

    sandbox.ok("rule remove gone-silent");
    sandbox.ok("rule preset add gone-silent").says(&["new rule: gone-silent"]);
    let expected =
        json!(["condition", "days_since_last_event >= 14", "bad", 30, null, "re-engage", false]);
    assert_eq!(rule(&sandbox, "gone-silent", &fields), expected);

    sandbox.ok("rule preset add review-due --every 60");
    assert_eq!(
        rule(&sandbox, "review-due", &["when"]),
        json!(["coalesce(days_since_review, days_since_created) >= 60"])
    );
    sandbox.ok("rule preset add review-due").says(&["stays as it was"]);
    sandbox.ok("rule preset add review-due --every 120").says(&["old: ", "new: "]);
    assert_eq!(
        rule(&sandbox, "review-due", &["when"]),
        json!(["coalesce(days_since_review, days_since_created) >= 120"])
    );
    sandbox.ok("rule preset add adoption --event export --within 14");
    sandbox.ok("rule preset add adoption --event export").says(&["stays as it was"]);
    sandbox.ok("rule preset add adoption --event export --within 30");
    assert_eq!(rule(&sandbox, "adoption:export", &["event", "within"]), json!(["export", 30]));
}

#[test]
fn invalid_presets_are_refused_as_a_whole() {
    let sandbox = Sandbox::empty();
    let cases = [
        ("renewal-61", 9, "did you mean 'renewal-"),
        ("gone-silent renwal-60", 9, "renewal-60"),
        ("", 2, "<NAME>"),
        ("gone-silent --usual", 2, "cannot be used with"),
        ("adoption --event export", 2, "--within"),
        ("adoption --within 14", 2, "--event"),
        ("trend", 2, "--event"),
        ("low-use", 2, "--event"),
        ("trend --event ' '", 2, "blank"),
        ("first-use --event export --within 14", 2, "deadline"),
        ("renewal-60 --event export", 2, "does not take --event"),
        ("renewal-60 --every 30", 2, "does not take --every"),
        ("review-due --every 0", 2, "from 1 to 36500"),
    ];
    for (arguments, code, text) in cases {
        sandbox.fails(&format!("rule preset add {arguments}"), code).says(&[text]);
        assert!(!sandbox.path("signals.db").exists(), "{arguments}");
    }
    sandbox.ok("rule preset add renewal-60");
    let cases = [
        ("gone-silent renewal-30 --timeframe 14", 2, "--timeframe"),
        ("gone-silent --where 'pln = 1'", 2, "plan"),
        ("gone-silent --playbook renewl", 9, "renewal"),
    ];
    for (arguments, code, text) in cases {
        sandbox.fails(&format!("rule preset add {arguments}"), code).says(&[text]);
    }
    sandbox.ok("rule add silence --kind condition --when 'mrr > 1' --type bad");
    sandbox.ok("rule add adoption:b --kind adoption --event a --within 3");
    sandbox.ok("rule remove adoption:b");
    sandbox.fails("rule preset add adoption --event b --within 3", 9).says(&["first a"]);
    sandbox.ok("rule add first-use:b --kind trend --event b");
    sandbox.fails("rule preset add first-use --event b", 9).says(&["a trend rule"]);
    sandbox.ok("rule set login");
    sandbox
        .ok("rule preset add trend --event login")
        .says(&["stays as it was", "the preset is another"]);
    // The metric of another event has the same name.
    sandbox.ok("rule preset add low-use --event 'a b'");
    sandbox.fails("rule preset add low-use --event a-b", 9).says(&["low_use_a_b"]);
    sandbox.fails("rule preset add low-use --event 'A B'", 9).says(&["low_use_a_b"]);
    let names: Vec<String> = sandbox
        .array("rule list")
        .iter()
        .map(|rule| rule["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["first-use:b", "login", "low-use:a b", "renewal-60", "silence"]);
    sandbox.ok("check");
}

// ---- journeys

/// From a row of a file to a completed task: the signal, its detail, its tasks, the agenda, and the
/// end.
#[track_caller]
fn journey(preset: &str, files: &[(&str, &str)], day: &str, detail: &str, task: &str) {
    let sandbox = Sandbox::new();
    import(
        &sandbox,
        "companies",
        "company_id,name,csm,created_on\nacme,Acme Foods,ana,2024-01-01\n",
    );
    import(&sandbox, "team", "name,role,manager\nana,csm,max\nmax,manager,\n");
    for (kind, text) in files {
        import(&sandbox, kind, text);
    }
    sandbox.ok(&format!("rule preset add {preset}"));
    sandbox.ok(&format!("run --as-of 2026-{day} --max-lag 30"));
    let signals = sandbox.array("list acme");
    assert_eq!(signals.len(), 1, "{preset}: {signals:?}");
    assert_eq!(signals[0]["detail"], detail, "{preset}");
    assert!(sandbox.ok("show 1").stdout.starts_with(&format!("Signal 1: {detail}\n")), "{preset}");
    let agenda = sandbox.array("agenda --csm ana");
    assert!(agenda.iter().any(|line| line["text"] == detail), "{preset}: {agenda:?}");

    let tasks = sandbox.array("task list --csm ana --company acme");
    assert!(tasks.iter().all(|task| task["signal_id"] == 1), "{preset}: {tasks:?}");
    assert_eq!(tasks[0]["title"], task, "{preset}");
    let ids: Vec<String> = tasks.iter().map(|task| task["id"].to_string()).collect();
    sandbox.ok(&format!("task done {} --note 'all done'", ids.join(" ")));
    sandbox.ok("ack 1 --reason 'all done' --outcome handled");
    assert_eq!(sandbox.json("task list"), json!([]), "{preset}");
    sandbox.ok("check");
}

/// Events of this many people on a day.
fn people(company: &str, day: &str, count: usize) -> String {
    (0..count).map(|person| format!("{company},login,{day},{company}{person}\n")).collect()
}

fn events(rows: &[String]) -> String {
    format!("company_id,event,timestamp,person_id\nacme,signed_up,2026-01-01,\n{}", rows.concat())
}

#[test]
fn new_users_are_trained() {
    let file = events(&[people("acme", "2026-03-05", 12)]);
    journey(
        "new-users",
        &[("events", &file)],
        "03-06",
        "12 new people in 7 days",
        "Find out what the new people are to do",
    );
}

#[test]
fn a_feature_that_is_taken_up_is_followed_by_best_practices() {
    let file = events(&["acme,dashboard_made,2026-03-05,ann\n".to_owned()]);
    journey(
        "first-use --event dashboard_made",
        &[("events", &file)],
        "03-05",
        "first dashboard_made on 2026-03-05",
        "Send the best practices for this feature",
    );
}

#[test]
fn little_use_leads_to_an_executive_review() {
    let file = events(&["acme,report_exported,2026-03-01,ann\n".to_owned()]);
    journey(
        "low-use --event report_exported",
        &[("events", &file)],
        "03-02",
        "report_exported 1 time in 28 days, 791 days after the start",
        "Compare what was sold with what is used",
    );
}

#[test]
fn fewer_active_users_lead_to_a_plan_and_the_watch_list() {
    let file = events(&[people("acme", "2026-02-05", 20), people("acme", "2026-03-05", 13)]);
    let detail = "active people -35.0 % in 28 days, from 20";
    journey(
        "active-users-drop",
        &[("events", &file)],
        "03-06",
        detail,
        "Find out who has left, and who takes over",
    );
}

#[test]
fn a_review_that_is_due_is_prepared() {
    let touchpoints = "company_id,occurred_at,direction,kind\nacme,2025-12-01,outbound,review\n";
    journey(
        "review-due",
        &[("touchpoints", touchpoints)],
        "03-01",
        "no business review for 90 days",
        "Agree on a date with the executive sponsor",
    );
}

#[test]
fn a_renewal_at_risk_goes_to_the_manager() {
    let companies = "company_id,renewal_on\nacme,2026-05-15\n";
    let pulses = "company_id,pulse,set_on\nacme,2,2026-03-01\n";
    journey(
        "renewal-risk",
        &[("companies", companies), ("pulses", pulses)],
        "03-02",
        "renews on 2026-05-15, in 74 days, health unknown, pulse 2",
        "Check health, use and open tickets first",
    );
}

/// The seven alerts of UserIQ, except the one on health.
#[test]
fn the_alerts_of_a_customer_success_platform_lead_to_tasks() {
    let companies = |column: &str, value: &str| format!("company_id,{column}\nacme,{value}\n");
    let renewal = companies("renewal_on", "2026-04-20");
    let card = companies("payment_expires_on", "2026-03-31");
    let seats = companies("seats,seats_used", "40,38");
    let drop = events(&[people("acme", "2026-03-03", 60), people("acme", "2026-03-10", 20)]);
    let silent = events(&[people("acme", "2026-03-01", 1), "heart,beat,2026-03-16,\n".to_owned()]);
    type Case<'c> = (&'c str, &'c [(&'c str, &'c str)], &'c str, &'c str, &'c str);
    let cases: [Case<'_>; 9] = [
        (
            "nps-detractor",
            &[("nps", "company_id,score,responded_on\nacme,2,2026-03-05\n")],
            "03-05",
            "1 detractor in the last 7 days, 1 so far",
            "Read the last survey answers, pulses and messages",
        ),
        (
            "renewal-60",
            &[("companies", &renewal)],
            "03-05",
            "renews on 2026-04-20, in 46 days",
            "Check health, use and open tickets first",
        ),
        (
            "payment-30",
            &[("companies", &card)],
            "03-05",
            "the means of payment expires on 2026-03-31, in 26 days",
            "Ask billing to settle it or update the payment",
        ),
        (
            "invoice-overdue",
            &[(
                "invoices",
                "company_id,invoice_id,due_on\nacme,i1,2026-03-01\nacme,i2,2026-03-04\n",
            )],
            "03-05",
            "2 overdue invoices",
            "Ask billing to settle it or update the payment",
        ),
        (
            "trend --event login",
            &[("events", &drop)],
            "03-12",
            "login fell from 60 to 20 (-66.7 %)",
            "See who stopped or began, and with what",
        ),
        (
            "adoption --event export --within 800",
            &[],
            "03-11",
            "no export by 2026-03-11, 800 days after the start",
            "Send the best practices for this feature",
        ),
        (
            "unresponsive",
            &[(
                "touchpoints",
                "company_id,occurred_at,direction\nacme,2026-03-01,outbound\nacme,2026-03-03,outbound\nacme,2026-03-05,outbound\n",
            )],
            "03-05",
            "no answer for 4 days, to contacts on 3 days",
            "Read the last survey answers, pulses and messages",
        ),
        (
            "gone-silent",
            &[("events", &silent)],
            "03-15",
            "no event for 14 days",
            "See who stopped or began, and with what",
        ),
        (
            "seat-limit",
            &[("companies", &seats)],
            "03-05",
            "95 % of 40 seats in use",
            "Ask the champion what else the team would like",
        ),
    ];
    for (preset, files, day, detail, task) in cases {
        journey(preset, files, day, detail, task);
    }
}
