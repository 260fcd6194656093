//! The setup of the fault tests: a database and files that are restored before each fault, the
//! writing commands, and the judgement of what a command left.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::LazyLock;

use rusqlite::Connection;

use crate::faults::{content, content_of, small};
use crate::support::{Sandbox, setting};

/// Commands that write, with the exit code of each without faults.
pub(crate) const COMMANDS: [(&str, i32); 33] = [
    ("init --timezone Europe/Berlin --db new.db", 0),
    ("import more.csv --rejects rejects.csv", 3),
    ("import more.csv --db first.db", 3),
    ("import companies.csv", 0),
    ("import people.csv --db first.db", 0),
    ("import team.csv", 0),
    ("import pulses.csv", 0),
    ("import acks.csv", 0),
    ("import --undo", 0),
    ("run --as-of 2026-03-20", 0),
    ("daily companies.csv", 0),
    ("ack 1 --reason seen", 0),
    ("reopen 2 --reason again", 0),
    ("snooze 1 --until 2026-04-20 --reason later", 0),
    ("note 1 'called them'", 0),
    ("rule set export", 0),
    ("rule disable login", 0),
    ("rule remove login", 0),
    ("config apply signals.toml", 0),
    ("company tag a vip", 0),
    ("company churn b --on 2026-03-15 --note price", 0),
    ("company merge b a", 0),
    ("pulse set a satisfied --note fine", 0),
    ("task add a 'Call them' --due 2026-04-05", 0),
    ("segment add active --where 'bad_open_signals >= 1'", 0),
    ("metric add logins --event login", 0),
    ("reason add support/slow --kind pulse", 0),
    ("playbook start adoption a", 0),
    ("backup copy.db", 0),
    ("export signals --out signals.csv", 0),
    ("export companies --out companies.xlsx", 0),
    ("report dashboard --out report.html", 0),
    ("config export --out old.toml", 0),
];

/// Commands that do several things, each of which is all or nothing.
const IN_STEPS: [&str; 1] = ["daily companies.csv"];

/// Whether to try everything instead of a sample.
pub(crate) fn is_full() -> bool {
    setting("SIGNALS_FAULTS").is_some()
}

/// At how many of a command's calls something happens: `few`, or as many as SIGNALS_FAULTS says, or
/// all.
pub(crate) fn places(few: usize) -> usize {
    setting("SIGNALS_FAULTS").map_or(few, |much| much.parse().unwrap_or(usize::MAX))
}

/// The commands to try: those that begin with one of the words of SIGNALS_FAULTS_OF, or all.
pub(crate) fn commands() -> Vec<(&'static str, i32)> {
    let words = setting("SIGNALS_FAULTS_OF").unwrap_or_default();
    let is_meant =
        |command: &str| words.is_empty() || words.split(' ').any(|word| command.starts_with(word));
    COMMANDS.into_iter().filter(|(command, _)| is_meant(command)).collect()
}

/// Databases besides the sandbox's that commands create.
const MADE: [&str; 3] = ["new.db", "copy.db", "first.db"];

/// The program that fails or logs system calls (`tracer.c`), compiled once for all tests.
pub(crate) static TRACER: LazyLock<PathBuf> = LazyLock::new(|| {
    let tracer = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tracer");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/tracer.c");
    let mut compiler = Command::new("cc");
    compiler.args(["-O1", "-o"]).arg(&tracer).arg(source);
    assert!(compiler.status().unwrap().success(), "cc cannot compile tracer.c");
    tracer
});

/// Whether the tracer supports this machine and may trace.
pub(crate) fn can_trace() -> bool {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return false;
    }
    let mut command = Command::new(&*TRACER);
    command.args(["0", "", "/dev/null", "-", "/bin/true"]);
    let ended = command.stderr(Stdio::null()).status().unwrap();
    // Fails in a container without ptrace.
    ended.success()
}

/// A sandbox with everything that the commands need, and its initial files.
pub(crate) struct Ground {
    pub sandbox: Sandbox,
    pub files: BTreeMap<String, Vec<u8>>,
}

/// What a command left.
#[derive(PartialEq)]
pub(crate) struct Left {
    pub database: Vec<String>,
    /// Other files, except those that only a killed process leaves.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Ground {
    pub(crate) fn new() -> Ground {
        let sandbox = small();
        let rows: String = (0..3000)
            .map(|n| format!("c{},export,2026-03-{:02}T10:00:00Z\n", n % 40, n % 28 + 1))
            .collect();
        sandbox.write("more.csv", &format!("company_id,event,timestamp\n{rows}a,export,never\n"));
        sandbox.write("companies.csv", "company_id,name,csm\na,Acme,ana\nz,Zeta,bo\n");
        let people: String = (0..900)
            .map(|n| format!("c{},export,2026-03-01T10:{:02}:00Z,p{n}\n", n % 7, n % 60))
            .collect();
        let header = "company_id,event,timestamp,person_id";
        // Large enough to be written as first large imports are: without a WAL.
        let blank_lines = "\n".repeat(1 << 20);
        sandbox.write("people.csv", &format!("{header}\n{people}{blank_lines}"));
        sandbox.write("team.csv", "name,role,email\nana,csm,ana@example.com\nbo,csm,\n");
        sandbox.write("pulses.csv", "company_id,pulse,set_on\na,satisfied,2026-03-01\n");
        sandbox.write("acks.csv", "signal_id,reason\n1,spoke to them\n");
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

    pub(crate) fn all_files(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(self.sandbox.path(".")).unwrap().map(Result::unwrap);
        let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
        files
            .map(|entry| {
                (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())
            })
            .collect()
    }

    pub(crate) fn reset(&self) {
        self.lay(&self.files);
    }

    /// Makes these the only files.
    pub(crate) fn lay(&self, files: &BTreeMap<String, Vec<u8>>) {
        for name in self.all_files().keys() {
            fs::remove_file(self.sandbox.path(name)).unwrap();
        }
        for (name, bytes) in files {
            fs::write(self.sandbox.path(name), bytes).unwrap();
        }
    }

    /// A command under the tracer; `tracer.c` explains `how`.
    pub(crate) fn traced(&self, command: &str, at: usize, how: &str, log: &str) -> Command {
        let command = self.sandbox.command(command);
        let mut traced = Command::new(&*TRACER);
        traced.arg(at.to_string()).arg(how).arg(self.sandbox.path("count")).arg(log);
        traced.arg(command.get_program()).args(command.get_args());
        traced.current_dir(self.sandbox.path(".")).env_clear().stdin(Stdio::null());
        traced.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        traced
    }

    /// Runs a command whose `at`-th call fails; 0: none.
    pub(crate) fn run(&self, command: &str, at: usize, how: &str) -> ExitStatus {
        let mut command = self.traced(command, at, how, "-");
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap()
    }

    /// The number of calls of the previous command.
    pub(crate) fn count(&self) -> usize {
        fs::read_to_string(self.sandbox.path("count")).unwrap().parse().unwrap()
    }

    pub(crate) fn left(&self) -> Left {
        let is_of_sqlite = |name: &str| name == "signals.db" || name.contains(".db-");
        let mut files = self.all_files();
        files.retain(|name, _| {
            !is_of_sqlite(name) && name != "count" && name != "log" && !name.starts_with(".tmp")
        });
        for name in MADE.into_iter().chain(["companies.xlsx"]) {
            // Pages may be in another order, and a workbook contains its creation time.
            if let Some(bytes) = files.get_mut(name) {
                bytes.truncate(2);
            }
        }
        let mut database = content(&self.sandbox);
        // The durations of the steps of a run.
        database.retain(|row| !row.starts_with("run_steps "));
        database.extend(self.first_facts());
        Left { database, files }
    }

    /// The facts that a file brought into the database that its import created. The database may
    /// exist without them, or not at all.
    fn first_facts(&self) -> Vec<String> {
        let path = self.sandbox.path("first.db");
        if fs::metadata(&path).map_or(0, |file| file.len()) == 0 {
            return Vec::new();
        }
        let mut rows = content_of(&Connection::open(path).unwrap());
        let tables = ["event_days ", "day_counts ", "companies ", "people ", "event_names "];
        rows.retain(|row| tables.iter().any(|table| row.starts_with(table)));
        rows.iter().map(|row| format!("first {row}")).collect()
    }

    /// What a command leaves without faults, after the initial state.
    pub(crate) fn whole(&self, command: &str, code: i32) -> (Left, Left) {
        self.reset();
        let before = self.left();
        let ended = self.run(command, 0, "");
        assert_eq!(ended.code(), Some(code), "{command} fails without a fault");
        (before, self.left())
    }

    /// What is wrong after a command that ended like this. Besides its usual exit code, those in
    /// `codes` are allowed.
    pub(crate) fn verdict(
        &self,
        command: &str,
        ended: ExitStatus,
        (code, codes): (i32, &[i32]),
        before: &Left,
        after: &Left,
    ) -> Result<(), String> {
        let is_killed = ended.signal() == Some(9);
        let is_allowed = |ended: i32| ended == code || codes.contains(&ended);
        if !is_killed && !ended.code().is_some_and(is_allowed) {
            return Err(format!("it ended with {ended}"));
        }
        self.is_sound(ended.code() == Some(code))?;
        let left = self.left();
        self.is_all_or_nothing(command, &left, before, after)?;
        if ended.code() == Some(code) && left != *after {
            return Err("it says that it has done what it has not".to_owned());
        }
        for (name, bytes) in &left.files {
            let is_whole = [before, after].iter().any(|whole| whole.files.get(name) == Some(bytes));
            if !is_whole {
                return Err(format!("{name} is neither the old nor the new one"));
            }
        }
        Ok(())
    }

    /// Whether the database has all or nothing of a command; for one that does several things, some
    /// of them, so that the same command completes the rest.
    pub(crate) fn is_all_or_nothing(
        &self,
        command: &str,
        left: &Left,
        before: &Left,
        after: &Left,
    ) -> Result<(), String> {
        if left.database == after.database || left.database == before.database {
            return Ok(());
        }
        if !IN_STEPS.contains(&command) {
            return Err("a part of it is in the database".to_owned());
        }
        let again = self.sandbox.run(command);
        // Ignores which import brought something.
        let lasting = |left: &Left| -> Vec<String> {
            let rows = left.database.iter().filter(|row| !row.starts_with("import"));
            rows.filter(|row| !row.starts_with("sqlite_sequence")).cloned().collect()
        };
        if again.status != 0 || lasting(&self.left()) != lasting(after) {
            return Err(format!("the same command does not do the rest: {again}"));
        }
        Ok(())
    }

    /// Whether all databases pass `check`. One that `init` only began can be completed.
    pub(crate) fn is_sound(&self, is_done: bool) -> Result<(), String> {
        let check = self.sandbox.run("check");
        if check.status != 0 {
            return Err(format!("check: {check}"));
        }
        for (name, finish) in [("new.db", COMMANDS[0].0), ("first.db", "init --db first.db")] {
            if is_done || !self.sandbox.path(name).exists() {
                continue;
            }
            let again = self.sandbox.run(finish);
            if again.status != 0 {
                return Err(format!("what was begun cannot be finished: {again}"));
            }
        }
        let is_begun =
            |name: &&str| fs::metadata(self.sandbox.path(name)).is_ok_and(|file| file.len() > 0);
        for name in MADE.iter().copied().filter(is_begun) {
            let check = self.sandbox.run(&format!("check --db {name}"));
            if check.status != 0 {
                return Err(format!("{name}: {check}"));
            }
        }
        Ok(())
    }
}

/// Prints what was tried to standard error, for the summary of the full harness.
pub(crate) fn tell(what: &str, tried: usize, wrong: &[String]) {
    eprintln!("{what}: {tried} tried, {} wrong", wrong.len());
}

/// SplitMix64, by Sebastiano Vigna: small, and the same everywhere.
pub(crate) struct Random(pub u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}
