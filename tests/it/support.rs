//! Runs the program in a sealed environment: an empty directory, a fixed clock, and only the
//! variables set here.

use std::fmt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use tempfile::TempDir;

use crate::naive::Signal;

/// The default clock of tests: yesterday is 2026-03-31.
pub(crate) const NOW: &str = "2026-04-01T06:00:00Z";

/// A row of an event file: company, event, time, count.
pub(crate) type EventRow<'a> = (&'a str, &'a str, &'a str, i64);

/// The output and exit status of a command.
pub(crate) struct Outcome {
    arguments: String,
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outcome { arguments, status, stdout, stderr } = self;
        write!(f, "signals {arguments}\nstatus: {status}\n-- stdout\n{stdout}\n-- stderr\n{stderr}")
    }
}

impl Outcome {
    /// Runs a command to completion.
    pub(crate) fn of(arguments: &str, mut command: Command) -> Self {
        let output = command.output().unwrap();
        Outcome {
            arguments: arguments.to_owned(),
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The output of both streams, for messages whose stream does not matter.
    pub(crate) fn printed(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Checks that standard error contains each of these texts, ignoring case.
    #[track_caller]
    pub(crate) fn says(&self, texts: &[&str]) -> &Self {
        let stderr = self.stderr.to_lowercase();
        for text in texts {
            assert!(stderr.contains(&text.to_lowercase()), "standard error lacks '{text}'\n{self}");
        }
        self
    }
}

/// A directory with its own database and clock.
pub(crate) struct Sandbox {
    directory: TempDir,
    now: String,
}

impl Sandbox {
    /// A sandbox without a database.
    pub(crate) fn empty() -> Self {
        Sandbox { directory: TempDir::new().unwrap(), now: NOW.to_owned() }
    }

    /// A sandbox with an empty database in UTC.
    pub(crate) fn new() -> Self {
        Sandbox::new_at(NOW)
    }

    /// The same, created at this time.
    pub(crate) fn new_at(now: &str) -> Self {
        let mut sandbox = Sandbox::empty();
        sandbox.at(now).ok("init");
        sandbox
    }

    /// Sets the clock.
    pub(crate) fn at(&mut self, now: &str) -> &mut Self {
        self.now = now.to_owned();
        self
    }

    /// The path of a file in the sandbox. Commands run in this directory and only need the name.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// A command line, split at spaces; `'…'` keeps words together. Standard input is empty.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_signals"));
        command
            .args(words(arguments))
            .current_dir(self.directory.path())
            .env_clear()
            .env("HOME", self.directory.path())
            .env("SIGNALS_DB", self.path("signals.db"))
            .env("SIGNALS_NOW", &self.now)
            .env("SIGNALS_USER", "tester")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command line, as parsed by [`Sandbox::command`].
    pub(crate) fn run(&self, arguments: &str) -> Outcome {
        Outcome::of(arguments, self.command(arguments))
    }

    /// Runs a command that must succeed.
    #[track_caller]
    pub(crate) fn ok(&self, arguments: &str) -> Outcome {
        self.fails(arguments, 0)
    }

    /// Runs a command that must succeed on the morning after the latest day run.
    #[track_caller]
    pub(crate) fn ok_next_day(&self, arguments: &str) -> Outcome {
        let next: String = self
            .database()
            .query_row("SELECT date(max(day), '+1 day') FROM runs", [], |row| row.get(0))
            .unwrap();
        let mut command = self.command(arguments);
        command.env("SIGNALS_NOW", format!("{next}T06:00:00Z"));
        let outcome = Outcome::of(arguments, command);
        assert_eq!(outcome.status, 0, "{outcome}");
        outcome
    }

    /// Runs a command that must end with this exit code.
    #[track_caller]
    pub(crate) fn fails(&self, arguments: &str, code: i32) -> Outcome {
        let outcome = self.run(arguments);
        assert_eq!(outcome.status, code, "expected exit code {code}\n{outcome}");
        outcome
    }

    /// Runs a command that must succeed, and parses its output as JSON.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &str) -> Value {
        let outcome = self.ok(&format!("{arguments} --format json"));
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}\n{outcome}"))
    }

    /// The same, for a command whose output is an array.
    #[track_caller]
    pub(crate) fn array(&self, arguments: &str) -> Vec<Value> {
        self.json(arguments).as_array().expect("a JSON array").clone()
    }

    /// Imports events with counts.
    #[track_caller]
    pub(crate) fn import_events(&self, rows: &[EventRow<'_>]) -> Outcome {
        self.write("events.csv", &events_csv(rows));
        self.ok("import events.csv")
    }

    /// All signals, in the order of [`Signal::sort`].
    #[track_caller]
    pub(crate) fn signals(&self) -> Vec<Signal> {
        let mut signals: Vec<Signal> = self.array("list").iter().map(Signal::from_json).collect();
        Signal::sort(&mut signals);
        signals
    }

    /// All signals, one line each, as formatted by [`Signal::brief`].
    #[track_caller]
    pub(crate) fn briefs(&self) -> Vec<String> {
        self.signals().iter().map(Signal::brief).collect()
    }

    /// Opens the database for reading.
    pub(crate) fn database(&self) -> Connection {
        Connection::open_with_flags(self.path("signals.db"), OpenFlags::SQLITE_OPEN_READ_ONLY)
            .unwrap()
    }
}

/// The rows as an event file with a count column.
pub(crate) fn events_csv(rows: &[EventRow<'_>]) -> String {
    let lines = rows
        .iter()
        .map(|(company, event, time, count)| format!("{company},{event},{time},{count}\n"));
    std::iter::once("company_id,event,timestamp,count\n".to_owned()).chain(lines).collect()
}

/// An environment variable of the test run itself.
#[allow(
    clippy::disallowed_methods,
    reason = "the tests are told how much to do, and where the data is"
)]
pub(crate) fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in line.split('\'').enumerate() {
        match index % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}

#[test]
fn quotes_hold_words_together() {
    assert_eq!(
        words("ack 1 2 --reason 'spoke to them' --yes"),
        ["ack", "1", "2", "--reason", "spoke to them", "--yes"]
    );
    assert_eq!(words("ack 1 --reason ''"), ["ack", "1", "--reason", ""]);
}
