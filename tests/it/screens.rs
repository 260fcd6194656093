//! Screens, byte for byte: each is a file in `fixtures/screens`. `UPDATE_SCREENS=1` rewrites them;
//! review every change like a change of the program.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::support::{Outcome, Sandbox, setting};

/// No screen needs more columns.
const WIDTH: usize = 110;

/// Two months of a few customers: acme loses its champion on 13 March, globex grows, initech has
/// stopped, umbrella is new.
fn events() -> String {
    let mut file = "company_id,event,timestamp,person_id\n".to_owned();
    let mut add = |company: &str, event: &str, day: i64, people: &[(&str, usize)]| {
        let date =
            chrono::NaiveDate::from_ymd_opt(2026, 2, 1).unwrap() + chrono::TimeDelta::days(day);
        for (person, times) in people {
            for hour in 0..*times {
                file.push_str(&format!(
                    "{company},{event},{date}T{:02}:00:00Z,{person}\n",
                    8 + hour
                ));
            }
        }
    };
    for day in (0..59).filter(|day| ![0, 6].contains(&(day % 7))) {
        add(
            "acme",
            "login",
            day,
            if day < 40 {
                &[("ann", 4), ("bob", 2), ("cid", 1)]
            } else {
                &[("bob", 2), ("cid", 2)]
            },
        );
        add(
            "00123",
            "login",
            day,
            if day < 45 { &[("dora", 3)] } else { &[("dora", 3), ("emil", 2)] },
        );
        if day < 52 {
            add("initech", "login", day, &[("fay", 2), ("gus", 2)]);
        }
        if day >= 50 {
            add("umbrella", "login", day, &[("hal", 1)]);
        }
        add(
            "acme",
            "ticket_opened",
            day,
            if day < 45 || day % 2 == 0 { &[] } else { &[("bob", 3)] },
        );
        add("00123", "report_exported", day, &[("dora", 1)]);
    }
    file
}

const COMPANIES: &str = "\
company_id,name,csm,manager,lifecycle_stage,plan,mrr,created_on,renewal_on,Support Tier
acme,Acme Foods,ana,eva,adoption,Gold,1250,2024-05-01,2026-05-01,premium
00123,Globex,ben,eva,renewal,Silver,499.50,2023-01-15,2027-01-15,
initech,Initech,ana,eva,adoption,Gold,800,2025-02-01,2026-08-01,basic
umbrella,Umbrella,,,onboarding,Silver,,2026-03-20,,
";

/// A database after two months, with two signals acknowledged and one of them reopened.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("events.csv", &events());
    sandbox.write("companies.csv", COMPANIES);
    sandbox.ok("import companies.csv events.csv");
    sandbox.ok("rule set login --max-chance 0.05");
    sandbox.ok("rule set ticket_opened --inverse --timeframe 14 --threshold 50 --min-events 5");
    sandbox.ok("rule add active-people --people --timeframe 14 --threshold 20 --direction down");
    sandbox.ok("rule set report_exported");
    sandbox.ok("rule disable report_exported");
    sandbox.ok("run --from 2026-03-01 --to 2026-03-30");
    sandbox.ok("ack 1 2 --reason 'Called Bob: Ann has left' --outcome handled");
    sandbox.ok("reopen 1 --reason 'Still falling'");
    sandbox
}

fn file_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/screens").join(format!("{name}.txt"))
}

/// Both output streams of a command, as copied from a terminal, without the folder and times.
fn screen(sandbox: &Sandbox, arguments: &str, outcome: &Outcome) -> String {
    let mut text = format!("$ signals {arguments}\n{}", outcome.stdout);
    if !outcome.stderr.is_empty() {
        text.push_str(&format!("-- standard error\n{}", outcome.stderr));
    }
    if outcome.status != 0 {
        text.push_str(&format!("-- exit code {}\n", outcome.status));
    }
    text.replace(&sandbox.path("").display().to_string(), "FOLDER/")
}

/// Compares screens, in sequence, with the file of that name.
#[track_caller]
fn expect(name: &str, sandbox: &Sandbox, commands: &[&str]) {
    let outcomes = commands.iter().map(|command| (*command, sandbox.run(command)));
    let outcomes: Vec<(&str, Outcome)> = outcomes.collect();
    let screens = outcomes.iter().map(|(command, outcome)| screen(sandbox, command, outcome));
    let actual = screens.collect::<Vec<_>>().join("\n");
    let file = file_of(name);
    if setting("UPDATE_SCREENS").is_some() {
        std::fs::write(&file, &actual).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(actual, expected, "the screen {name} has changed; UPDATE_SCREENS=1 writes it anew");
    // A message is one line, so that it can be searched; the terminal wraps it.
    for (_, outcome) in outcomes.iter().filter(|(command, _)| !command.contains("--format")) {
        let widest = outcome.stdout.lines().map(|line| line.chars().count()).max().unwrap_or(0);
        assert!(widest <= WIDTH, "{name}: {widest} columns instead of {WIDTH} at most\n{outcome}");
    }
}

#[test]
fn home_without_a_database() {
    expect("home-empty", &Sandbox::empty(), &[""]);
}

#[test]
fn home() {
    expect("home", &sandbox(), &[""]);
}

#[test]
fn nothing_yet() {
    let commands = [
        "event list",
        "rule list",
        "run list",
        "list",
        "company list",
        "import --list",
        "status",
        "",
    ];
    expect("nothing-yet", &Sandbox::new(), &commands);
}

#[test]
fn init() {
    let sandbox = Sandbox::empty();
    expect(
        "init",
        &sandbox,
        &["init --timezone Europe/Bucharest", "init --timezone Europe/Bukarest"],
    );
}

#[test]
fn event_list() {
    expect("event-list", &sandbox(), &["event list"]);
}

#[test]
fn rules() {
    let sandbox = sandbox();
    let commands = [
        "rule list",
        "rule set login --timeframe 14 --min-events 10",
        "rule set logn --timeframe 9",
        "rule show active-people",
        "rule disable logn",
        "rule remove logn",
    ];
    expect("rules", &sandbox, &commands);
}

#[test]
fn run() {
    let sandbox = sandbox();
    expect(
        "run",
        &sandbox,
        &["run", "run", "run --as-of 2026-03-29 --dry-run --backfill", "run --as-of 2026-03-01"],
    );
}

#[test]
fn run_list() {
    let sandbox = Sandbox::new();
    sandbox.write("events.csv", &events());
    sandbox.ok("import events.csv");
    sandbox.ok("rule set login");
    sandbox.ok("run --from 2026-03-29 --to 2026-03-31");
    let outcome = sandbox.ok("run list");
    // Times differ between runs: keep the heading, remove the numbers.
    let lines = outcome.stdout.lines().map(|line| {
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            [day, date, time, _, rest @ ..] if day.starts_with("2026") => {
                format!("{day}  {date} {time}  MS  {}\n", rest.join("  "))
            }
            _ => format!("{line}\n"),
        }
    });
    let actual: String = lines.collect();
    if setting("UPDATE_SCREENS").is_some() {
        std::fs::write(file_of("run-list"), &actual).unwrap();
    }
    assert_eq!(actual, std::fs::read_to_string(file_of("run-list")).unwrap_or_default());
}

#[test]
fn list() {
    let commands = [
        "list",
        "list --type bad --state open --sort chance",
        "list acme --limit 1",
        "list --csm nobody",
    ];
    expect("list", &sandbox(), &commands);
}

#[test]
fn show() {
    expect("show", &sandbox(), &["show 1", "show 2"]);
}

#[test]
fn work() {
    let commands = [
        "playbook list",
        "playbook show win-back",
        "playbook start win-back initech",
        "playbook start winback initech",
        "task add acme 'Ask who takes over from Ann' --due 2026-03-25 --for bob",
        "task done 1 --note 'Fay has left'",
        "task done 1",
        "task assign 2 ben",
        "task list --state all",
        "task list --csm bem",
        "agenda --csm ana",
        "agenda --csm ana --as-of 2026-03-19",
        "company tag initech",
        "company tag initech vip --remove watchlist",
    ];
    expect("work", &sandbox(), &commands);
}

#[test]
fn company_list() {
    let commands = [
        "company list",
        "company list --sort mrr --desc --columns company_id,name,mrr,renewal_on,support_tier",
        "company list --csm ben",
        "company list --csm nobody",
    ];
    expect("company-list", &sandbox(), &commands);
}

#[test]
fn company_show() {
    expect("company-show", &sandbox(), &["company show acme", "company show Globex"]);
}

#[test]
fn health() {
    let commands = [
        "health list",
        "health list --csm ana --sort health_change_7d",
        "health show acme",
        "health show umbrella",
        "health drivers --days 7",
        "health profile list",
        "health profile show default",
    ];
    expect("health", &sandbox(), &commands);
}

#[test]
fn status() {
    expect("status", &sandbox(), &["status"]);
}

#[test]
fn import() {
    let sandbox = Sandbox::new();
    sandbox.write("companies.csv", COMPANIES);
    sandbox.write("export.csv", "Account ID;Event Name;Time;E-Mail;Note\nacme;login;2026-03-01 10:00;ann;x\nacme;login;2026-03-04 10:00;bob;\n;login;2026-03-04;bob;\n");
    let commands = [
        "import --dry-run export.csv",
        "import companies.csv export.csv",
        "import export.csv --strict",
        "import --list",
    ];
    expect("import", &sandbox, &commands);
}

#[test]
fn errors() {
    let sandbox = sandbox();
    sandbox.write("wrong.csv", "account,what,when\nacme,login,2026-03-01\n");
    sandbox.write("dates.csv", "company_id,event,timestamp\nacme,login,03/04/2026\n");
    let commands = [
        "import nowhere.csv",
        "import wrong.csv",
        "import dates.csv",
        "rule add x",
        "rule show logn",
        "rule add second --event login",
        "rule set login --threshold 150",
        "run --as-of 2026-05-01",
        "run --as-of 2026-04-01 --max-lag 0",
        "show 99",
        "ack 99 --reason 'seen'",
        "ack 2 --reason 'seen'",
        "ack 1",
        "ack 1 --reason ' '",
        "reopen 1 --reason 'again'",
        "list acne",
        "company show acne",
        "company list --sort size",
        "status --max-age 1x",
        "list --db nowhere.db",
        "list --type terrible",
        "lst",
    ];
    expect("errors", &sandbox, &commands);
}

/// Control characters cannot be imported, but another program may have written to the database.
fn hostile() -> Sandbox {
    let sandbox = sandbox();
    let database = Connection::open(sandbox.path("signals.db")).unwrap();
    let name = "E\u{1b}[1m\u{202e}\nx";
    database
        .execute("UPDATE companies SET name = ?1, csm = '=cmd()' WHERE company_id = 'acme'", [name])
        .unwrap();
    sandbox
}

#[test]
fn a_hostile_name_is_harmless_wherever_it_is_shown() {
    let sandbox = hostile();
    let is_harmless = |text: &str| !text.contains(['\u{1b}', '\u{202e}']);
    for screen in [
        "",
        "list",
        "show 1",
        "company list",
        "company show acme",
        "rule show login",
        "agenda",
        "health list",
        "health show acme",
        "task add acme 'Call\u{202e}' --due 2026-04-02",
        "task list",
        "run",
        "export signals",
        "export companies",
    ] {
        let outcome = sandbox.ok(screen);
        assert!(is_harmless(&outcome.printed()) || screen.starts_with("export"), "{outcome}");
    }
    for format in ["table", "json", "ndjson"] {
        let outcome = sandbox.ok(&format!("list --format {format}"));
        assert!(is_harmless(&outcome.stdout), "{outcome}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&sandbox.ok("list --format json").stdout).unwrap();
    let names: Vec<&str> = json
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|signal| signal["company_name"].as_str())
        .collect();
    assert!(names.contains(&"E\u{1b}[1m\u{202e}\nx"), "JSON keeps the name as it is: {names:?}");
}

#[test]
fn hostile_text_on_screen() {
    let commands =
        ["show 1", "list acme --type bad --limit 1", "list acme --limit 1 --format json"];
    expect("hostile", &hostile(), &commands);
}

#[test]
fn a_spreadsheet_takes_no_cell_for_a_formula_unless_asked_to() {
    let sandbox = hostile();
    let csms = |arguments: &str| -> Vec<String> {
        let outcome = sandbox.ok(arguments);
        let mut reader = csv::Reader::from_reader(outcome.stdout.as_bytes());
        let at = reader.headers().unwrap().iter().position(|name| name == "csm").unwrap();
        reader.records().map(|row| row.unwrap()[at].to_owned()).collect()
    };
    assert!(csms("export companies").contains(&"'=cmd()".to_owned()));
    assert!(csms("export companies --raw").contains(&"=cmd()".to_owned()));
}
