//! Notifications: who is notified, what servers receive, and failed deliveries.

mod bad_servers;
mod inbox;
mod kills;
mod messages;
mod servers;

use std::process::Command;

use rusqlite::Connection;
use serde_json::Value;

use crate::support::{EventRow, Outcome, Sandbox};

/// A team of two CSMs, their manager, another manager, and an executive.
const TEAM: &str = "\
name,role,email,slack_id,manager,realtime,digest
ana,csm,ana@vendor.example,U0ANA,mia,bad,no
bob,csm,bob@vendor.example,,mia,bad,yes
mia,manager,mia@vendor.example,U0MIA,,,no
max,manager,max@vendor.example,,,,no
eva,executive,eva@vendor.example,,,,no
";

const COMPANIES: &str = "\
company_id,name,csm
acme,Acme,ana
beta,Beta,bob
gamma,Gamma,
";

/// The events of 18 to 24 March, and of 25 to 31: a decrease for `acme` and `gamma`, an increase
/// for `beta`.
const EVENTS: [EventRow<'static>; 9] = [
    ("acme", "login", "2026-01-10", 1),
    ("acme", "login", "2026-03-20", 100),
    ("acme", "login", "2026-03-31", 50),
    ("beta", "login", "2026-01-10", 1),
    ("beta", "login", "2026-03-20", 50),
    ("beta", "login", "2026-03-31", 100),
    ("gamma", "login", "2026-01-10", 1),
    ("gamma", "login", "2026-03-20", 40),
    ("gamma", "login", "2026-03-31", 10),
];

/// A sandbox, with the environment variables for its servers.
pub(crate) struct Post {
    pub sandbox: Sandbox,
    pub variables: Vec<(&'static str, String)>,
}

impl Post {
    /// A sandbox in which 31 March was run, with a team that wants bad signals immediately: signal
    /// 1 of Acme is bad, 2 of Beta good, 3 of Gamma bad.
    pub(crate) fn new() -> Self {
        let post = Post::before_the_run();
        post.sandbox.ok("run --as-of 2026-03-31");
        assert_eq!(
            post.sandbox.briefs(),
            [
                "2026-03-31 login acme bad -50.0",
                "2026-03-31 login beta good +100.0",
                "2026-03-31 login gamma bad -75.0"
            ]
        );
        post
    }

    pub(crate) fn before_the_run() -> Self {
        let sandbox = Sandbox::new();
        sandbox.write("team.csv", TEAM);
        sandbox.write("companies.csv", COMPANIES);
        sandbox.ok("import team.csv companies.csv");
        sandbox.import_events(&EVENTS);
        sandbox.ok("rule set login");
        let post = Post { sandbox, variables: Vec::new() };
        post.set("notify.from", "signals@vendor.example");
        post.set("notify.limits_ms", "400 1000 3000");
        post
    }

    /// A copy of another database, which is faster than creating it.
    pub(crate) fn new_from(other: &Post) -> Self {
        let sandbox = Sandbox::empty();
        other.sandbox.ok(&format!("backup {}", sandbox.path("signals.db").display()));
        Post { sandbox, variables: Vec::new() }
    }

    pub(crate) fn at(&mut self, now: &str) -> &mut Self {
        self.sandbox.at(now);
        self
    }

    /// Sets the variables of a mail server.
    pub(crate) fn mail(mut self, url: String) -> Self {
        self.variables.push(("SIGNALS_SMTP_URL", url));
        self.trusting()
    }

    /// Sets the variables of a web server.
    pub(crate) fn slack(mut self, url: String) -> Self {
        self.variables.push(("SIGNALS_SLACK_WEBHOOK", url));
        self.trusting()
    }

    fn trusting(mut self) -> Self {
        self.sandbox.write("authority.pem", servers::authority());
        self.variables
            .push(("SSL_CERT_FILE", self.sandbox.path("authority.pem").display().to_string()));
        self
    }

    /// Changes a setting directly in the database.
    pub(crate) fn set(&self, name: &str, value: &str) {
        self.execute(
            "INSERT OR REPLACE INTO settings (name, value) VALUES (?1, ?2)",
            [name, value],
        );
    }

    pub(crate) fn execute(&self, sql: &str, parameters: impl rusqlite::Params) {
        Connection::open(self.sandbox.path("signals.db"))
            .unwrap()
            .execute(sql, parameters)
            .unwrap();
    }

    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = self.sandbox.command(arguments);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    #[track_caller]
    pub(crate) fn exits(&self, arguments: &str, code: i32) -> Outcome {
        let outcome = Outcome::of(arguments, self.command(arguments));
        assert_eq!(outcome.status, code, "expected exit code {code}\n{outcome}");
        outcome
    }

    /// Delivers what is due; every message must be sent.
    #[track_caller]
    pub(crate) fn send(&self) -> Vec<Value> {
        self.sends(0)
    }

    /// Delivers what is due, and returns the state of each message.
    #[track_caller]
    pub(crate) fn sends(&self, code: i32) -> Vec<Value> {
        let outcome = self.exits("notify send --format json", code);
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}\n{outcome}"))
    }

    /// All contents of the database.
    pub(crate) fn stored(&self) -> String {
        let connection = self.sandbox.database();
        let tables =
            connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
        let mut text = String::new();
        let mut tables = tables;
        let names: Vec<String> =
            tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        for name in names {
            let mut statement = connection.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
            let width = statement.column_count();
            let mut rows = statement.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                (0..width).for_each(|column| {
                    text.push_str(&format!("{:?} ", row.get_ref(column).unwrap()))
                });
            }
        }
        text
    }
}

/// `state purpose person` of each message.
pub(crate) fn states(messages: &[Value]) -> Vec<String> {
    let text = |message: &Value, name: &str| message[name].as_str().unwrap_or("all").to_owned();
    let line = |message| {
        format!(
            "{} {} {}",
            text(message, "state"),
            text(message, "purpose"),
            text(message, "person")
        )
    };
    let mut lines: Vec<String> = messages.iter().map(line).collect();
    lines.sort();
    lines
}
