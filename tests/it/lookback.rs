//! A query about a past day has the same result whatever happens later.

use crate::naive;
use crate::property::{Random, for_seeds};
use crate::support::Sandbox;

/// Every command with `--as-of`, without the option.
fn questions(companies: [&str; 2]) -> Vec<String> {
    let mut all: Vec<String> = [
        "dashboard",
        "health",
        "pulse",
        "pulse-changes",
        "risk-factors",
        "stages",
        "renewals",
        "workload",
        "signals",
    ]
    .map(|report| format!("report {report} --format csv"))
    .into();
    all.extend(["companies", "health", "pulses", "tasks"].map(|of| format!("export {of} --out -")));
    for company in companies {
        all.extend(
            ["company show", "health show", "report company"]
                .map(|command| format!("{command} {company} --format json")),
        );
    }
    all.extend(
        [
            "agenda",
            "company list",
            "company list --where 'churned_on IS NULL'",
            "company list --where 'mrr > 0 AND days_as_customer > 60'",
            "health list",
            "health drivers",
            "segment list",
            "segment show small",
            "export segment small --out -",
        ]
        .map(|command| {
            format!("{command} --format json").replace("--out - --format json", "--out -")
        }),
    );
    all
}

fn answers(book: &Sandbox, questions: &[String], day: &str) -> Vec<String> {
    questions
        .iter()
        .map(|question| book.run(&format!("{question} --as-of {day}")).to_string())
        .collect()
}

/// Entries and facts that arrive after a day.
fn later(random: &mut Random, company: &str, day: &str) -> Vec<String> {
    let level = random.between(1, 6);
    let mut all = vec![
        format!("company churn {company} --on {day} --reason-code fit/never-adopted"),
        format!("company downsell {company} --on {day} --mrr-before 900 --mrr-after 500"),
        format!("pulse set {company} {level} --on {day} --reason-code support/response-time"),
        "ack --all --state open --reason seen --yes".to_owned(),
    ];
    all.rotate_left(random.between(0, 3) as usize);
    all
}

#[test]
fn later_facts_change_no_answer_about_an_earlier_day() {
    let mut book = Sandbox::empty();
    book.ok("demo book");
    std::fs::rename(book.path("book/signals.db"), book.path("signals.db")).unwrap();
    book.at("2026-04-20T12:00:00Z");
    book.ok("segment add small --where 'seats < 20'");
    let companies: Vec<String> = book
        .array("company list")
        .iter()
        .filter(|company| company["churned_on"].is_null())
        .map(|company| company["company_id"].as_str().unwrap().to_owned())
        .collect();
    for_seeds(2, |random, _| {
        let (one, other) = (random.pick(&companies), random.pick(&companies));
        let day = naive::day("2026-02-01") + random.between(0, 58);
        let after = naive::date(day + random.between(1, 19));
        let day = naive::date(day);
        let questions = questions([&one, &other]);
        let before = answers(&book, &questions, &day);
        for command in later(random, &one, &after) {
            book.run(&command);
        }
        let now = answers(&book, &questions, &day);
        for ((question, before), now) in questions.iter().zip(&before).zip(&now) {
            assert_eq!(before, now, "{question} --as-of {day}, after what {one} did on {after}");
        }
    });
}
