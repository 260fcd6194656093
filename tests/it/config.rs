//! The configuration as one text file: applied, exported, checked, and refused with the line of
//! every error.

use crate::support::Sandbox;

/// The example of the specification.
const EXAMPLE: &str = r#"[[rule]]                                        # kind = "trend" | "adoption" | "condition"
name = "login"
kind = "trend"
event = "login"
timeframe = 7
threshold = 15

[[metric]]
name = "reports_30d"
event = "report_exported"
measure = "count"
days = 30

[[segment]]
name = "at-risk"
where = "bad_open_signals >= 2"

[[health.profile]]
name = "enterprise-adoption"
where = "segment = 'enterprise' AND lifecycle_stage = 'adoption'"
priority = 1
good = 70
average = 40
[[health.profile.measure]]
name = "usage"
kind = "proactive"
value = "events_change_28d_pct"
from = -50
to = 20                                         # or: map = { promoter = 100, passive = 60, detractor = 0 }
weight = 3

[[playbook]]
name = "win-back"
tag = "watch-list"
[[playbook.step]]
title = "Call the champion"
due_in_days = 2
for = "csm"

[[reason]]
code = "support/response-time"
kind = "pulse"

[notify]
from = "signals@example.com"
grace_hours = 24
smtp_url = "env:SIGNALS_SMTP_URL"               # smtp://, smtps://, smtp://…?tls=required; the default is the variable named here
slack_webhook = "env:SIGNALS_SLACK_WEBHOOK"
"#;

fn with(text: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("signals.toml", text);
    sandbox
}

/// The export, without the comment at its beginning.
fn exported(sandbox: &Sandbox) -> String {
    let text = sandbox.ok("config export").stdout;
    text.split_once("\n\n").map_or_else(String::new, |(_, blocks)| blocks.to_owned())
}

#[test]
fn the_example_of_the_contract_is_applied_once() {
    let sandbox = with(EXAMPLE);
    let first = sandbox.ok("config apply signals.toml");
    let expected = "\
new rule 'login'
new metric 'reports_30d'
new segment 'at-risk'
new health profile 'enterprise-adoption'
changed playbook 'win-back'
  purpose: \"Fewer people are active than before\" -> \"\"
  step 1 title: \"Find out who has left, and who takes over\" -> \"Call the champion\"
  step 2: \"Write a plan and agree on it with your manager\" -> none
  step 3: \"Approve the plan\" -> none
  step 4: \"Invite those who are not active to a webinar\" -> none
  step 5: \"Take it off the watch-list, or plan again\" -> none
changed notify settings
  from: none -> \"signals@example.com\"
";
    assert_eq!(first.stdout, expected, "{first}");
    first.says(&["4 new, 2 changed, 1 unchanged"]);
    let rule = &sandbox.array("rule list")[0];
    assert_eq!(
        (&rule["name"], &rule["timeframe"], &rule["threshold"]),
        (&"login".into(), &7.into(), &15.into())
    );
    assert_eq!(sandbox.array("playbook show win-back").len(), 1);

    let second = sandbox.ok("config apply signals.toml");
    assert_eq!(second.stdout, "");
    second.says(&["nothing changes: 7 items are as the file says already"]);
}

#[test]
fn a_dry_run_shows_what_would_change_and_writes_nothing() {
    let sandbox = Sandbox::empty();
    sandbox.write("signals.toml", "[[rule]]\nname = \"login\"\nevent = \"login\"\n");
    sandbox
        .ok("config apply signals.toml --dry-run")
        .says(&["1 new", "dry run: nothing was written"]);
    sandbox.ok("config check signals.toml").says(&["signals.toml is sound: 1 new"]);
    assert!(!sandbox.path("signals.db").exists());

    sandbox.ok(
        "rule set login --timeframe 14 --threshold 30 --direction down --min-events 20 --inverse",
    );
    sandbox.ok("rule disable login");
    let before = exported(&sandbox);
    let dry = sandbox.ok("config apply signals.toml -n");
    // Keys that the file does not have get their defaults, not their previous values.
    let expected = "\
changed rule 'login'
  timeframe: 14 -> 7
  threshold: 30 -> 15
  direction: \"down\" -> \"both\"
  inverse: true -> false
  min_events: 20 -> none
  enabled: false -> true
";
    assert_eq!(dry.stdout, expected, "{dry}");
    assert_eq!(exported(&sandbox), before);
    assert_eq!(sandbox.ok("config apply signals.toml").stdout, expected);
    let after = "[[rule]]\nname = \"login\"\nkind = \"trend\"\nevent = \"login\"\ntimeframe = 7\nthreshold = 15\n";
    assert_eq!(exported(&sandbox), after);
}

#[test]
fn every_key_of_every_kind_of_rule_is_kept() {
    let text = "\
[[rule]]
name = \"first\"
kind = \"adoption\"
event = \"report\"
within = 14
retroactive = true
where = \"plan = 'pro'\"
playbook = \"adoption\"
managers = true
executives = true
enabled = false

[[rule]]
name = \"goals\"
kind = \"adoption\"
goals = true
event = \"report\"

[[rule]]
name = \"people\"
kind = \"trend\"
people = true
timeframe = 14
threshold = 30
direction = \"down\"
inverse = true
min_events = 20
max_chance = 0.01

[[rule]]
name = \"renewal\"
kind = \"condition\"
when = \"days_to_renewal <= 30\"
type = \"info\"
key = \"renewal_on\"
cooldown = 0
for = 3
";
    let sandbox = with(text);
    sandbox.ok("config apply signals.toml");
    assert_eq!(exported(&sandbox), text);
    let rules = sandbox.array("rule list");
    let of = |rule: usize, key: &str| rules[rule][key].to_string();
    assert_eq!([of(0, "within"), of(0, "retroactive"), of(0, "enabled")], ["14", "true", "false"]);
    assert_eq!([of(1, "goals"), of(1, "within"), of(1, "event")], ["true", "null", "\"report\""]);
    assert_eq!(
        [of(2, "people"), of(2, "max_chance"), of(2, "direction")],
        ["true", "0.01", "\"down\""]
    );
    assert_eq!([of(3, "for"), of(3, "cooldown"), of(3, "key")], ["3", "0", "\"renewal_on\""]);
}

#[test]
fn objects_not_in_the_file_are_left_alone() {
    let sandbox = with("[[metric]]\nname = \"m\"\nformula = \"mrr * 12\"\n");
    sandbox.ok("rule set login");
    sandbox.ok("segment add big --where 'mrr > 1000'");
    sandbox.ok("reason retire competition/building-own");
    sandbox.ok("config apply signals.toml");
    let expected = "\
[[rule]]
name = \"login\"
kind = \"trend\"
event = \"login\"
timeframe = 7
threshold = 15

[[metric]]
name = \"m\"
formula = \"mrr * 12\"

[[segment]]
name = \"big\"
where = \"mrr > 1000\"

[[reason]]
code = \"competition/building-own\"
kind = \"pulse\"
active = false
";
    assert_eq!(exported(&sandbox), expected);
}

/// One rule for each of these, below the heading, with the expected error.
#[test]
fn every_fault_is_told_with_its_line_and_nothing_is_changed() {
    let cases = [
        (
            "[[rule]]\nname = 'r'\nevent = 'e'\ntreshold = 1",
            ":4: 'treshold' is not a key of [[rule]]",
            "did you mean 'threshold'?",
        ),
        ("[[rules]]\nname = 'r'", ":1: 'rules' is not a key", "did you mean 'rule'?"),
        ("[pulse]\nlevels = 1", ":2: 'levels' is not a key", "did you mean 'level'?"),
        ("[rule]\nname = 'r'", ":1: rule must stand as [[rule]]", ""),
        ("[[rule]]\nevent = 'e'", ":1: [[rule]]: name is missing", ""),
        ("[[rule]]\nname = ' '\nevent = 'e'", ":2: name: it is blank", ""),
        (
            "[[rule]]\nname = 'r'",
            ":1: [[rule]]: a trend rule needs an event, or people",
            "people = true",
        ),
        (
            "[[rule]]\nname = 'r'\nevent = 'e'\npeople = true",
            ":4: people: a rule watches either",
            "leave one",
        ),
        (
            "[[rule]]\nname = 'r'\nevent = 'e'\ntimeframe = 6",
            ":4: timeframe: 6 is not a whole number of days from 7 to 30",
            "",
        ),
        (
            "[[rule]]\nname = 'r'\nevent = 'e'\ntimeframe = '7'",
            ":4: timeframe: '7' is not a whole number",
            "",
        ),
        (
            "[[rule]]\nname = 'r'\nevent = 'e'\nthreshold = 101",
            ":4: threshold: 101 is not a whole number of percent from 1 to 100",
            "",
        ),
        (
            "[[rule]]\nname = 'r'\nevent = 'e'\nmax_chance = 1",
            ":4: max_chance: 1 is not a probability",
            "",
        ),
        (
            "[[rule]]\nname = 'r'\nevent = 'e'\nmin_events = -1",
            ":4: min_events: -1 is not a whole number",
            "",
        ),
        (
            "[[rule]]\nname = 'r'\nevent = 'e'\nwithin = 3",
            ":4: within: this is a trend rule",
            "kind = \"adoption\"",
        ),
        (
            "[[rule]]\nname = 'r'\nkind = 'trends'",
            ":3: kind: 'trends' is not one of trend, adoption, condition",
            "",
        ),
        (
            "[[rule]]\nname = 'r'\nkind = 'adoption'\ngoals = true\nwithin = 3",
            ":5: within: goals have days",
            "",
        ),
        (
            "[[rule]]\nname = 'r'\nkind = 'condition'\ntype = 'bad'",
            ":1: [[rule]]: when is missing",
            "",
        ),
        (
            "[[rule]]\nname = 'r'\nkind = 'condition'\nwhen = 'mrr > 1'",
            ":1: [[rule]]: a condition rule needs a type",
            "",
        ),
        (
            "[[rule]]\nname = 'r'\nkind = 'condition'\nwhen = 'mrrr > 1'\ntype = 'bad'",
            ":4: when: there is no attribute 'mrrr' at character 1",
            "did you mean 'mrr'?",
        ),
        (
            "[[rule]]\nname = 'r'\nkind = 'condition'\nwhen = 'mrr > 1'\ntype = 'bad'\nkey = 'renewal'",
            ":6: key: there is no attribute 'renewal'",
            "did you mean 'renewal_on'?",
        ),
        (
            "[[rule]]\nname = 'r'\nevent = 'e'\nwhere = 'plan ='",
            ":4: where: the expression ends too early",
            "",
        ),
        (
            "[[rule]]\nname = 'r'\nevent = 'e'\nplaybook = 'winback'",
            ":4: playbook: there is no playbook 'winback'",
            "did you mean 'win-back'?",
        ),
        (
            "[[rule]]\nname = 'old'\nevent = 'logout'",
            ":3: event: the rule 'old' is about login",
            "another name",
        ),
        (
            "[[rule]]\nname = 'old'\nkind = 'condition'\nwhen = '1'\ntype = 'bad'",
            ":3: kind: 'old' is a trend rule",
            "another name",
        ),
        (
            "[[rule]]\nname = 'gone'\nkind = 'adoption'\nevent = 'other'",
            ":4: event: the rule 'gone' is about first thing",
            "another name",
        ),
        (
            "[[rule]]\nname = 'r'\nevent = 'login'\ntimeframe = 7",
            ":4: timeframe: the rule 'old' watches login over 7 days already",
            "another timeframe",
        ),
        (
            "[[rule]]\nname = 'r'\nevent = 'e'\n[[rule]]\nname = 'r'\nevent = 'f'",
            ":4: [[rule]]: rule 'r' is already defined on line 1",
            "",
        ),
        (
            "[[metric]]\nname = '1m'\nformula = '1'",
            ":2: name: '1m' cannot be the name of a metric",
            "",
        ),
        ("[[metric]]\nname = 'mrr'\nformula = '1'", ":2: name: 'mrr' is an attribute already", ""),
        ("[[metric]]\nname = 'm'", ":1: [[metric]]: a metric needs an event or a formula", ""),
        ("[[metric]]\nname = 'm'\nformula = '1'\ndays = 3", ":4: days: a metric has either", ""),
        (
            "[[metric]]\nname = 'm'\nevent = 'e'\ndays = 0",
            ":4: days: 0 is not a whole number of days from 1 to 3650",
            "",
        ),
        (
            "[[metric]]\nname = 'a'\nformula = 'b'\n[[metric]]\nname = 'b'\nformula = 'a'",
            ":3: formula: the metric 'a' would need itself: a -> b -> a",
            "",
        ),
        ("[[segment]]\nname = 's'\nwhere = 'count(*)'", ":3: where: ", ""),
        (
            "[[health.profile]]\nname = 'p'",
            ":1: [[health.profile]]: the health profile 'p': it has no measures",
            "",
        ),
        (
            "[[health.profile]]\nname = 'p'\ngood = 101\nmeasure = [{ name = 'm', kind = 'reactive', value = 'mrr', from = 0, to = 1, weight = 1 }]",
            ":3: good: good from 101 and average from 40: a score is 0 to 100",
            "",
        ),
        (
            "[[health.profile]]\nname = 'p'\naverage = 80\n[[health.profile.measure]]\nname = 'm'\nkind = 'reactive'\nvalue = 'mrr'\nfrom = 0\nto = 1\nweight = 1",
            ":3: average: average from 80 is above good from 70",
            "",
        ),
        (
            "[[health.profile]]\nname = 'p'\n[[health.profile.measure]]\nname = 'm'\nkind = 'reactive'\nvalue = 'mrr'\nfrom = 0\nto = 1\nweight = -1",
            ":3: [[health.profile.measure]]: measure 'm': the weight -1 is not above 0",
            "",
        ),
        (
            "[[health.profile]]\nname = 'p'\n[[health.profile.measure]]\nname = 'm'\nkind = 'reactive'\nvalue = 'mrr'\nfrom = 0\nto = 1\nweight = 1\n[[health.profile.measure]]\nname = 'n'\nkind = 'reactive'\nvalue = 'mrr'\nfrom = 2\nto = 2\nweight = 1",
            ":10: [[health.profile.measure]]: measure 'n': a scale from 2 to 2 has no length",
            "",
        ),
        (
            "[[health.profile]]\nname = 'p'\n[[health.profile.measure]]\nname = 'm'\nkind = 'reactive'\nvalue = 'mrr'\nmap = { a = 101 }\nweight = 1",
            ":3: [[health.profile.measure]]: measure 'm': 'a' scores 101",
            "",
        ),
        (
            "[[health.profile]]\nname = 'p'\n[[health.profile.measure]]\nname = 'm'\nkind = 'reactive'\nvalue = 'mrr'\nfrom = 0\nto = 1\nweight = 1\n[[health.profile.measure]]\nname = 'm'\nkind = 'reactive'\nvalue = 'mrr'\nfrom = 0\nto = 1\nweight = 1",
            ":10: [[health.profile.measure]]: it has two measures 'm'",
            "",
        ),
        (
            "[[health.profile]]\nname = 'p'\n[[health.profile.measure]]\nname = 'm'\nvalue = 'mrr'\nfrom = 0\nweight = 1",
            ":3: [[health.profile.measure]]: kind is missing",
            "from = 0, to = 100",
        ),
        (
            "[[health.profile]]\nname = 'p'\n[[health.profile.measure]]\nname = 'm'\nkind = 'reactive'\nvalue = 'mmr'\nfrom = 0\nto = 1\nweight = 1",
            ":6: value: there is no attribute 'mmr'",
            "did you mean 'mrr'?",
        ),
        (
            "[[health.profile]]\nname = 'p'\n[[health.profile.measure]]\nname = 'm'\nkind = 'reactive'\nvalue = 'health_score'\nfrom = 0\nto = 1\nweight = 1",
            ":1: [[health.profile]]: the health profile 'p' would feed health back into itself",
            "",
        ),
        (
            "[[metric]]\nname = 'fed'\nformula = 'health_score + 1'",
            ":3: formula: the health profile 'kept' would feed health back into itself",
            "",
        ),
        ("[[playbook]]\nname = 'p'", ":1: [[playbook]]: the playbook 'p' has no steps", ""),
        (
            "[[playbook]]\nname = 'p'\n[[playbook.step]]\ntitle = 'x'",
            ":3: [[playbook.step]]: due_in_days is missing",
            "",
        ),
        (
            "[[playbook]]\nname = 'p'\n[[playbook.step]]\ntitle = 'x'\ndue_in_days = 9999",
            ":5: due_in_days: 9999 is not a whole number of days from 0 to 3650",
            "",
        ),
        ("[[reason]]\ncode = 'support'", ":2: code: 'support' is not a reason code", ""),
        (
            "[[reason]]\ncode = 'a/b'\nkind = 'churned'",
            ":3: kind: 'churned' is not one of pulse, downsell, churn",
            "",
        ),
        (
            "[[pulse.level]]\nname = 'bad'\nguideline = 'x'",
            ":2: name: 'bad' is not a level of the pulse",
            "",
        ),
        ("[[notify]]\nfrom = 'a@b.example'", ":1: notify must stand as [notify]", ""),
        (
            "[notify]\nfrom = 'nobody'",
            ":2: from: the sender 'nobody' is not an e-mail address",
            "signals@example.com",
        ),
        (
            "[notify]\ngrace_hours = -1",
            ":2: grace_hours: -1 is not a whole number of hours from 0 to 87600",
            "",
        ),
        ("a = [1,", ":1:8: this is not TOML: ", "docs/configuration.md"),
        ("[[rule]]\nname = 'r'\nname = 's'", ":3:1: this is not TOML: duplicate key", ""),
    ];
    let sandbox = Sandbox::new();
    sandbox.ok("rule set login");
    sandbox.ok("rule remove login");
    sandbox.ok("rule add old --event login");
    sandbox.ok("rule add gone --kind adoption --event thing");
    sandbox.ok("rule remove gone");
    sandbox.ok("metric add fed --formula mrr");
    let measure =
        "name = \"fed\", kind = \"reactive\", value = \"fed\", from = 0, to = 9, weight = 1";
    sandbox.ok(&format!("health profile add kept --measure '{measure}'"));
    let before = exported(&sandbox);
    for (text, message, hint) in cases {
        // The valid part of the file is not applied either.
        let text = format!("{text}\n[[segment]]\nname = \"fine\"\nwhere = \"mrr > 1\"\n");
        let text =
            if text.starts_with("a =") { text.lines().next().unwrap().to_owned() } else { text };
        sandbox.write("c.toml", &text);
        for command in
            ["config check c.toml", "config apply c.toml --dry-run", "config apply c.toml"]
        {
            let outcome = sandbox.fails(command, 9);
            outcome.says(&[&format!("error: c.toml{message}"), hint]);
            assert_eq!(outcome.stdout, "", "{outcome}");
        }
    }
    assert_eq!(exported(&sandbox), before);
}

#[test]
fn all_faults_are_told_at_once_and_make_no_database() {
    let sandbox = Sandbox::empty();
    let rule = |number: usize| format!("[[rule]]\nname = \"r{number}\"\n");
    sandbox.write("c.toml", &(1..=23).map(rule).collect::<String>());
    let outcome = sandbox.fails("config apply c.toml", 9);
    assert_eq!(outcome.stderr.matches("error: ").count(), 20, "{outcome}");
    outcome.says(&["c.toml:1: ", "c.toml:39: ", "and 3 more"]);
    sandbox.write("c.toml", "[[segment]]\nname = 's'\nwhere = 'unheard > 1'\n");
    sandbox.fails("config apply c.toml", 9).says(&["there is no attribute 'unheard'"]);
    assert!(!sandbox.path("signals.db").exists());
}

#[test]
fn files_that_cannot_be_read_and_databases_that_are_not_there() {
    let sandbox = Sandbox::empty();
    for command in ["apply", "check"] {
        sandbox.fails(&format!("config {command} none.toml"), 4).says(&["cannot read none.toml"]);
        sandbox.fails(&format!("config {command} ."), 4).says(&["is a directory"]);
    }
    std::fs::write(sandbox.path("latin.toml"), b"# fine\n# caf\xe9\n").unwrap();
    sandbox
        .fails("config check latin.toml", 9)
        .says(&["latin.toml:2:6: this is not TOML: it is not UTF-8"]);
    sandbox.fails("config export", 6);
    sandbox.write("empty.toml", "\u{feff}# nothing\r\n");
    sandbox.ok("config check empty.toml").says(&["names nothing"]);
    assert!(!sandbox.path("signals.db").exists());
    sandbox.ok("config apply empty.toml").says(&["nothing was written to the new database"]);
    assert!(!sandbox.path("signals.db").exists());
    sandbox.ok("init");
    sandbox.ok("config apply empty.toml").says(&["nothing changes"]);
    assert_eq!(exported(&sandbox), "");
}

#[test]
fn an_export_is_a_whole_file_and_never_the_database() {
    let sandbox = with(EXAMPLE);
    sandbox.ok("config apply signals.toml");
    assert_eq!(sandbox.ok("config export --out out.toml").printed(), "");
    assert_eq!(
        std::fs::read_to_string(sandbox.path("out.toml")).unwrap(),
        sandbox.ok("config export --out -").stdout
    );
    sandbox.fails("config export --out signals.db", 2);
    sandbox.ok("config apply out.toml").says(&["nothing changes"]);
}

#[test]
fn everything_is_in_place_before_it_is_looked_at() {
    let sandbox = Sandbox::new();
    sandbox.ok("rule add a --event login --timeframe 7");
    sandbox.ok("rule add b --event login --timeframe 14");
    // Two rules swap their timeframes; a rule precedes what it uses, and a metric the one that it
    // needs.
    sandbox.write(
        "c.toml",
        "[[rule]]\nname = 'a'\nevent = 'login'\ntimeframe = 14\nwhere = 'x > 1'\nplaybook = 'p'\n\
         [[rule]]\nname = 'b'\nevent = 'login'\ntimeframe = 7\n\
         [[metric]]\nname = 'x'\nformula = 'y + 1'\n[[metric]]\nname = 'y'\nformula = 'mrr'\n\
         [[playbook]]\nname = 'p'\n[[playbook.step]]\ntitle = 'Call'\ndue_in_days = 0\n",
    );
    sandbox.ok("config apply c.toml").says(&["3 new, 2 changed, 0 unchanged"]);
    // Another cycle is reported for its members, and does not make other formulas hang.
    sandbox.write(
        "c.toml",
        "[[metric]]\nname = 'mrr_year'\nformula = 'x'\n[[metric]]\nname = 'y'\nformula = 'x'\n",
    );
    let outcome = sandbox.fails("config apply c.toml", 9);
    outcome.says(&["c.toml:6: formula: the metric 'y' would need itself: y -> x -> y"]);
    assert!(!outcome.stderr.contains("mrr_year"), "{outcome}");
}

#[test]
fn reasons_are_renamed_retired_and_described() {
    let text = "\
[[reason]]
code = \"support/slow-answers\"
kind = \"pulse\"
renamed_from = \"support/response-time\"

[[reason]]
code = \"competition/building-own\"
kind = \"pulse\"
active = false

[[reason]]
code = \"support/weekend-cover\"
kind = \"pulse\"
description = \"Nobody answers at weekends\"

[[reason]]
code = \"need/season-over\"
kind = \"churn\"
";
    let sandbox = Sandbox::new();
    sandbox.write("companies.csv", "company_id\nacme\n");
    sandbox.ok("import companies.csv");
    sandbox.ok("pulse set acme 3 --reason-code support/response-time");
    sandbox.write("c.toml", text);
    let outcome = sandbox.ok("config apply c.toml");
    let expected = "\
changed reason 'support/slow-answers' of kind pulse
  code: \"support/response-time\" -> \"support/slow-answers\"
  renamed_from: none -> \"support/response-time\"
changed reason 'competition/building-own' of kind pulse
  active: true -> false
new reason 'support/weekend-cover' of kind pulse
new reason 'need/season-over' of kind churn
";
    assert_eq!(outcome.stdout, expected, "{outcome}");
    assert_eq!(
        sandbox.array("pulse history acme")[0]["reason_codes"],
        serde_json::json!(["support/slow-answers"])
    );
    sandbox.ok("config apply c.toml").says(&["nothing changes: 4 items"]);
    let renamed = text.split_once("\n\n").unwrap().0;
    assert!(exported(&sandbox).starts_with(renamed), "{}", exported(&sandbox));

    // Without a description in the file, a shipped reason gets its default and the team's own has
    // none.
    sandbox.write(
        "c.toml",
        "[[reason]]\ncode = 'support/slow-answers'\n[[reason]]\ncode = 'competition/building-own'\n\
         [[reason]]\ncode = 'support/weekend-cover'\n",
    );
    sandbox.ok("config apply c.toml").says(&["0 new, 2 changed, 1 unchanged"]);
    let expected = format!(
        "{renamed}\n\n[[reason]]\ncode = \"support/weekend-cover\"\nkind = \"pulse\"\n\n[[reason]]\ncode = \"need/season-over\"\nkind = \"churn\"\n"
    );
    assert_eq!(exported(&sandbox), expected);

    sandbox.write(
        "c.toml",
        "[[reason]]\ncode = 'value/missed-goals'\nrenamed_from = 'value/unproven-return'\n",
    );
    sandbox
        .fails("config apply c.toml", 9)
        .says(&["c.toml:3: renamed_from: there is a reason code"]);
}

#[test]
fn a_secret_is_refused_and_never_shown() {
    let sandbox = Sandbox::new();
    let before = std::fs::read(sandbox.path("signals.db")).unwrap();
    for (key, secret) in [
        ("smtp_url", "smtps://ana:hunter2@mail.example"),
        ("slack_webhook", "https://hooks.example/hunter2"),
        ("smtp_url", "file:smtps://ana:hunter2@mail.example"),
        ("smtp_password", "hunter2"),
    ] {
        sandbox.write("c.toml", &format!("[notify]\n{key} = \"{secret}\"\n"));
        for command in ["config check c.toml", "config apply c.toml"] {
            let outcome = sandbox.fails(command, 9);
            outcome.says(&[&format!(
                "c.toml:2: {}",
                if key == "smtp_password" { "'smtp_password' is not a key" } else { key }
            )]);
            assert!(!outcome.printed().contains("hunter2"), "{outcome}");
        }
    }
    let holds_it = |name: &str| {
        std::fs::read(sandbox.path(name))
            .is_ok_and(|bytes| bytes.windows(7).any(|part| part == b"hunter2"))
    };
    assert!(!["signals.db", "signals.db-wal"].iter().any(|name| holds_it(name)));
    assert_eq!(std::fs::read(sandbox.path("signals.db")).unwrap(), before);

    sandbox.write("c.toml", "[notify]\nsmtp_url = \"file:/run/secrets/smtp\"\ngrace_hours = 4\n");
    sandbox.ok("config apply c.toml");
    assert_eq!(
        exported(&sandbox),
        "[notify]\ngrace_hours = 4\nsmtp_url = \"file:/run/secrets/smtp\"\n"
    );
    sandbox.write("c.toml", "[notify]\n");
    sandbox.ok("config apply c.toml");
    assert_eq!(exported(&sandbox), "");
}

#[test]
fn guidelines_of_the_pulse_are_the_teams_until_they_are_those_of_the_program() {
    let sandbox = with(
        "[[pulse.level]]\nname = \"some-risk\"\nguideline = \"\"\"\nA goal is blocked.\nOr two.\"\"\"\n",
    );
    let shipped = sandbox.array("pulse scale");
    sandbox.ok("config apply signals.toml");
    assert_eq!(sandbox.array("pulse scale")[2]["guideline"], "A goal is blocked.\nOr two.");
    let expected = "[[pulse.level]]\nname = \"some-risk\"\nguideline = \"\"\"\nA goal is blocked.\nOr two.\"\"\"\n";
    assert_eq!(exported(&sandbox), expected);
    sandbox.write("signals.toml", "[[pulse.level]]\nname = 3\n");
    sandbox.ok("config apply signals.toml");
    assert_eq!(sandbox.array("pulse scale"), shipped);
    assert_eq!(exported(&sandbox), "");
}

#[test]
fn names_of_events_that_were_never_seen_are_told() {
    let sandbox = with(
        "[[rule]]\nname = 'r'\nevent = 'logn'\ntimeframe = 10\n[[metric]]\nname = 'm'\nevent = 'logn'\n",
    );
    sandbox.ok("config check signals.toml").says(&["no events were imported yet"]);
    sandbox.import_events(&[("acme", "login", "2026-03-30", 1)]);
    let outcome = sandbox.ok("config apply signals.toml");
    outcome.says(&[
        "warning: no event 'logn' was ever imported; the nearest is 'login'",
        "hint: rule 'r': 10 days are not whole weeks",
    ]);
    assert_eq!(outcome.stderr.matches("warning").count(), 1, "{outcome}");
}

#[test]
fn every_key_of_a_health_profile_is_kept() {
    let text = "\
[[health.profile]]
name = \"a\"
where = \"plan = 'pro'\"
priority = -1
good = 80.5
average = 30
[[health.profile.measure]]
name = \"nps\"
kind = \"reactive\"
value = \"nps_category\"
map = { detractor = 0, passive = 60, promoter = 100 }
weight = 0.5
[[health.profile.measure]]
name = \"usage\"
kind = \"proactive\"
value = \"x\"
from = 20
to = -50
weight = 3

[[health.profile]]
name = \"b\"
[[health.profile.measure]]
name = \"usage\"
kind = \"proactive\"
value = \"x\"
from = 0
to = 1
weight = 1
";
    let sandbox = with(&format!("[[metric]]\nname = 'x'\nformula = 'mrr'\n{text}"));
    sandbox
        .ok("config apply signals.toml")
        .says(&["has 1 proactive and 1 reactive measures", "3 new"]);
    assert_eq!(
        exported(&sandbox),
        format!("[[metric]]\nname = \"x\"\nformula = \"mrr\"\n\n{text}")
    );
    sandbox.write(
        "signals.toml",
        &text.replace("priority = -1\n", "").replace("weight = 0.5", "weight = 2"),
    );
    let expected =
        "changed health profile 'a'\n  priority: -1 -> 100\n  measure 'nps' weight: 0.5 -> 2\n";
    assert_eq!(sandbox.ok("config apply signals.toml").stdout, expected);
    assert_eq!(sandbox.array("health profile list")[0]["name"], "a");
}

/// Text from data is escaped for the terminal, and exported unchanged.
#[test]
fn hostile_text_is_escaped_on_the_way_out() {
    let sandbox = with("[[segment]]\nname = \"a\\u202eb\"\nwhere = \"plan = '\\u001b[31m'\"\n");
    let outcome = sandbox.ok("config apply signals.toml");
    assert_eq!(outcome.stdout, "new segment 'a<U+202E>b'\n");
    assert_eq!(
        exported(&sandbox),
        "[[segment]]\nname = \"a\\u202eb\"\nwhere = \"plan = '\\u001b[31m'\"\n"
    );
    sandbox.ok("config apply signals.toml").says(&["nothing changes"]);
}
