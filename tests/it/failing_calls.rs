//! Each command that writes, with each of its calls to the system failing in turn.
//!
//! A library that is preloaded (`failing_calls.c`) counts the calls that write, and fails one of
//! them or ends the process at it. Whatever happens, the database passes `signals check` and holds
//! all of the command or nothing, output files are whole or as they were, and the exit code is one
//! of the contract. A control tells the program that it wrote what it did not: that must be found.
//!
//! `SIGNALS_FAULTS=full cargo test --test it failing_calls` tries every call in every way; without
//! it, some calls of each command are tried, the same at each run.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::LazyLock;

use crate::faults::{content, small};
use crate::support::{Sandbox, setting};

/// Ways in which a call fails, or the process ends at it.
const WAYS: [&str; 7] = ["KILL", "ENOSPC", "TORN", "EIO", "SHORT", "EROFS", "EDQUOT"];

/// So many calls of a command are tried, unless all are.
const TRIED: usize = 14;

/// Commands that write, with the exit code of each when nothing fails.
const COMMANDS: [(&str, i32); 12] = [
    ("init --timezone Europe/Berlin --db new.db", 0),
    ("import more.csv --rejects rejects.csv", 3),
    ("import companies.csv", 0),
    ("run --as-of 2026-03-20", 0),
    ("ack 1 --reason seen", 0),
    ("reopen 2 --reason again", 0),
    ("rule set export", 0),
    ("config apply signals.toml", 0),
    ("company tag a vip", 0),
    ("backup copy.db", 0),
    ("export signals --out signals.csv", 0),
    ("export companies --out companies.xlsx", 0),
];

/// The library, compiled once for all tests.
static LIBRARY: LazyLock<PathBuf> = LazyLock::new(|| {
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("failing_calls.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/failing_calls.c");
    let mut compiler = Command::new("cc");
    compiler.args(["-O1", "-shared", "-fPIC", "-o"]).arg(&library).arg(source).arg("-ldl");
    assert!(compiler.status().unwrap().success(), "cc cannot compile failing_calls.c");
    library
});

/// A sandbox with everything that the commands need, and how to return to it.
struct Ground {
    sandbox: Sandbox,
    files: BTreeMap<String, Vec<u8>>,
}

/// What a command leaves.
#[derive(PartialEq)]
struct Left {
    database: Vec<String>,
    /// Other files, but for those that only a killed process leaves.
    files: BTreeMap<String, Vec<u8>>,
}

impl Ground {
    fn new() -> Ground {
        let sandbox = small();
        let rows: String = (0..3000)
            .map(|n| format!("c{},export,2026-03-{:02}T10:00:00Z\n", n % 40, n % 28 + 1))
            .collect();
        sandbox.write("more.csv", &format!("company_id,event,timestamp\n{rows}a,export,never\n"));
        sandbox.write("companies.csv", "company_id,name,csm\na,Acme,ana\nz,Zeta,bo\n");
        let rules: String = (0..30)
            .map(|n| format!("[[rule]]\nname = \"r{n}\"\nkind = \"trend\"\nevent = \"r{n}\"\n"))
            .collect();
        sandbox.write("signals.toml", &rules);
        sandbox.write("signals.csv", "the old export\n");
        sandbox.ok("check");
        let mut ground = Ground { sandbox, files: BTreeMap::new() };
        ground.files = ground.all_files();
        ground
    }

    fn all_files(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(self.sandbox.path(".")).unwrap().map(Result::unwrap);
        let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
        files
            .map(|entry| {
                (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())
            })
            .collect()
    }

    fn reset(&self) {
        for name in self.all_files().keys() {
            fs::remove_file(self.sandbox.path(name)).unwrap();
        }
        for (name, bytes) in &self.files {
            fs::write(self.sandbox.path(name), bytes).unwrap();
        }
    }

    /// Runs a command whose `at`-th call fails; 0: none does.
    fn run(&self, command: &str, at: usize, way: &str) -> ExitStatus {
        let mut command = self.sandbox.command(command);
        command.env("LD_PRELOAD", &*LIBRARY).env("FAULT_AT", at.to_string()).env("FAULT_HOW", way);
        command.env("FAULT_COUNT", self.sandbox.path("count"));
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap()
    }

    fn left(&self) -> Left {
        let is_of_sqlite = |name: &str| {
            name.starts_with("signals.db") || name.starts_with("copy.db") || name.contains(".db-")
        };
        let mut files = self.all_files();
        files.retain(|name, _| !is_of_sqlite(name) && name != "count" && !name.starts_with(".tmp"));
        if let Some(new) = files.get_mut("new.db") {
            // Pages of a database may lie in different places.
            new.clear();
        }
        let mut database = content(&self.sandbox);
        // How long the steps of a run took.
        database.retain(|row| !row.starts_with("run_steps "));
        Left { database, files }
    }

    /// What is wrong after a command that ended so.
    fn verdict(
        &self,
        (ended, way): (ExitStatus, &str),
        code: i32,
        before: &Left,
        after: &Left,
    ) -> Result<(), String> {
        let is_killed = ended.signal() == Some(9);
        if !is_killed && ![Some(code), Some(8)].contains(&ended.code()) {
            return Err(format!("it ended with {ended}"));
        }
        let check = self.sandbox.run("check");
        if check.status != 0 {
            return Err(format!("check: {check}"));
        }
        if self.sandbox.path("new.db").exists() && ended.code() != Some(code) {
            // What was begun can be finished.
            self.sandbox.ok("init --timezone Europe/Berlin --db new.db");
        }
        for name in ["copy.db", "new.db"].iter().filter(|name| self.sandbox.path(name).exists()) {
            let check = self.sandbox.run(&format!("check --db {name}"));
            if check.status != 0 {
                return Err(format!("{name}: {check}"));
            }
        }
        let left = self.left();
        let is_done = left.database == after.database;
        if !is_done && left.database != before.database {
            return Err("a part of it is in the database".to_owned());
        }
        if ended.code() == Some(code) && left != *after {
            return Err("it says that it has done what it has not".to_owned());
        }
        for (name, bytes) in &left.files {
            let is_whole = [before, after].iter().any(|whole| whole.files.get(name) == Some(bytes));
            if !is_whole {
                return Err(format!("{name} is neither the old nor the new one"));
            }
        }
        // Where nothing can be removed, something stays.
        let can_remove = !is_killed && !["EROFS", "EIO"].contains(&way);
        if can_remove && self.all_files().keys().any(|name| name.starts_with(".tmp")) {
            return Err(format!("temporary files are left: {:?}", self.all_files().keys()));
        }
        Ok(())
    }

    /// Tries calls of a command, each in its way, and returns what went wrong.
    fn faults_of(&self, command: &str, code: i32, ways: &[&str], tried: usize) -> Vec<String> {
        self.reset();
        let before = self.left();
        let ended = self.run(command, 0, "");
        assert_eq!(ended.code(), Some(code), "{command} fails without a fault");
        let count = fs::read_to_string(self.sandbox.path("count")).unwrap();
        let count: usize = count.parse().unwrap();
        assert!(count > 2, "{command} is not seen to write: {count}");
        let after = self.left();
        let mut wrong = Vec::new();
        let places = tried.min(count);
        for place in 0..places {
            let at = 1 + place * (count - 1) / (places - 1).max(1);
            let ways = if tried >= count { ways } else { &ways[place % ways.len()..][..1] };
            for way in ways {
                self.reset();
                let ended = self.run(command, at, way);
                if let Err(problem) = self.verdict((ended, way), code, &before, &after) {
                    wrong.push(format!("{command}: {way} at call {at} of {count}: {problem}"));
                }
            }
        }
        wrong
    }
}

#[test]
fn a_command_whose_calls_fail_is_done_wholly_or_not_at_all() {
    let tried = if setting("SIGNALS_FAULTS").is_some() { usize::MAX } else { TRIED };
    let ground = Ground::new();
    let wrong: Vec<String> = COMMANDS
        .iter()
        .flat_map(|(command, code)| ground.faults_of(command, *code, &WAYS, tried))
        .collect();
    assert!(wrong.is_empty(), "{} faults:\n{}", wrong.len(), wrong.join("\n"));
}

/// The control: a disk that does not keep what it took is found out, by the same judgement.
#[test]
fn a_disk_that_lies_is_found_out() {
    let ground = Ground::new();
    for (command, code) in [COMMANDS[1], COMMANDS[4], COMMANDS[10]] {
        let wrong = ground.faults_of(command, code, &["LIE"], TRIED);
        assert!(!wrong.is_empty(), "{command}: nothing was found");
    }
}

#[test]
fn a_process_without_threads_says_so() {
    let ground = Ground::new();
    assert_eq!(ground.run("import more.csv", 0, "THREAD").code(), Some(1));
    // The control, and a command that needs none.
    ground.reset();
    assert_eq!(ground.run("list", 0, "THREAD").code(), Some(0));
    assert_eq!(ground.run("import more.csv", 0, "").code(), Some(3));
}
