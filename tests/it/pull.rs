//! Sources and `pull`, without servers; `servers.rs` has the rest.

use crate::support::Sandbox;

const SOURCE: &str = r#"
[[source]]
name = "warehouse"
engine = "postgres"
url = "postgres://signals@127.0.0.1:1/analytics"
relation = "analytics.events_once"
company_id = "account_id"
at = "received_at"
at_is = "UTC"
event_id = "message_id"
late_days = 10
timeout = "90s"
"#;

#[test]
fn a_source_is_exported_as_it_was_applied() {
    let sandbox = Sandbox::new();
    sandbox.write("source.toml", SOURCE);
    sandbox.ok("config apply source.toml");
    let exported = sandbox.ok("config export").stdout;
    for line in SOURCE.trim().lines() {
        assert!(exported.contains(line), "{line}\n{exported}");
    }
    sandbox.write("again.toml", &exported);
    sandbox.ok("config apply again.toml").says(&["nothing changes"]);
}

#[test]
fn errors_of_a_source_are_reported_with_their_line_and_no_password() {
    let sandbox = Sandbox::new();
    for (from, to, line) in [
        ("signals@", "signals:s3cret@", 5),
        ("postgres://", "http://", 5),
        ("\"postgres\"", "\"oracle\"", 4),
        ("at_is = \"UTC\"", "at_is = \"CET\"", 9),
        ("late_days = 10", "late_days = -1", 11),
        ("timeout = \"90s\"", "timeout = \"soon\"", 12),
        ("at = \"received_at\"", "query = \"select 1\"", 8),
        ("event_id", "event_ident", 10),
    ] {
        sandbox.write("source.toml", &SOURCE.replacen(from, to, 1));
        let outcome = sandbox.fails("config apply source.toml", 9);
        outcome.says(&[&format!("source.toml:{line}:")]);
        assert!(!outcome.printed().contains("s3cret"), "{outcome}");
    }
}

#[test]
fn a_pull_without_a_source_or_of_days_to_come_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.fails("pull", 9).says(&["no source is configured"]);
    sandbox.write("source.toml", SOURCE);
    sandbox.ok("config apply source.toml");
    sandbox.fails("pull wharehouse", 9).says(&["the nearest is 'warehouse'"]);
    sandbox.fails("pull --to 2026-04-01", 2).says(&["has not ended"]);
    sandbox.fails("pull --from 2026-03-02 --to 2026-03-01", 2);
}

#[test]
fn a_source_that_cannot_be_reached_leaves_the_day_incomplete() {
    let sandbox = Sandbox::new();
    sandbox.import_events(&[("acme", "login", "2026-03-30", 1)]);
    sandbox.write("source.toml", SOURCE);
    sandbox.ok("config apply source.toml");
    sandbox.fails("daily", 8).says(&["warehouse: ", "your data ends on 2026-03-30"]);
}
