//! The public tools for comparison.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::measure::{self, Taken};

/// DuckDB, as it is installed.
pub(crate) enum Duckdb {
    /// The `duckdb` command.
    Shell,
    /// The Python module.
    Python,
}

/// Reads statements from standard input, one per line; prints the seconds of each, then the total
/// including opening and closing the database.
const PYTHON: &str = "
import duckdb, sys, time
started, of_processors = time.perf_counter(), time.process_time()
connection = duckdb.connect(sys.argv[1], config={'threads': 2})
answers = []
for statement in sys.stdin.read().splitlines():
    begun = time.perf_counter()
    rows = connection.execute(statement).fetchall()
    print('seconds', time.perf_counter() - begun)
    answers.append(rows)
connection.close()
print('all', time.perf_counter() - started)
print('cpu', time.process_time() - of_processors)
for rows in answers:
    print('answer', rows[0][0] if rows else '')
";

/// DuckDB's time and results.
pub(crate) struct Answers {
    /// The total including opening and closing the database, but not starting Python.
    pub all: Taken,
    /// The seconds of each statement, inside the process.
    pub each: Vec<f64>,
    /// The first value of the last statement.
    pub last: String,
}

impl Duckdb {
    /// How DuckDB is installed; `None` if it is not.
    pub(crate) fn find() -> Option<Duckdb> {
        let works = |command: &mut Command| {
            let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        if works(Command::new("duckdb").arg("--version")) {
            return Some(Duckdb::Shell);
        }
        works(Command::new("python3").args(["-c", "import duckdb"])).then_some(Duckdb::Python)
    }

    pub(crate) fn version(&self) -> Result<String> {
        Ok(format!(
            "DuckDB {}",
            self.ask(Path::new(":memory:"), &["SELECT version()".to_owned()])?.last
        ))
    }

    /// Runs statements, each on one line.
    pub(crate) fn ask(&self, database: &Path, statements: &[String]) -> Result<Answers> {
        match self {
            Duckdb::Shell => ask_shell(database, statements),
            Duckdb::Python => ask_python(database, statements),
        }
    }
}

fn ask_python(database: &Path, statements: &[String]) -> Result<Answers> {
    let text =
        output(Command::new("python3").args(["-c", PYTHON]).arg(database), &statements.join("\n"))?;
    let after = |word: &'static str| {
        text.lines().filter_map(move |line| line.strip_prefix(word)).map(str::trim)
    };
    let each = after("seconds").map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    let number =
        |word| -> Result<f64> { Ok(after(word).next().context("DuckDB gave no time")?.parse()?) };
    let all = Taken { cpu: number("cpu")?, ..Taken::of(number("all")?) };
    Ok(Answers { all, each, last: after("answer").next_back().unwrap_or_default().to_owned() })
}

fn ask_shell(database: &Path, statements: &[String]) -> Result<Answers> {
    let lines: String = statements.iter().map(|statement| format!("{statement};\n")).collect();
    let (started, before) = (std::time::Instant::now(), measure::of_children()?);
    let text = output(
        Command::new("duckdb").arg(database),
        &format!(".mode list\n.headers off\nSET threads = 2;\n.timer on\n{lines}"),
    )?;
    let seconds = started.elapsed().as_secs_f64();
    let all = Taken { cpu: measure::of_children()? - before, ..Taken::of(seconds) };
    let real =
        |line: &str| line.strip_prefix("Run Time (s): real ")?.split(' ').next()?.parse().ok();
    let is_timer = |line: &&str| line.starts_with("Run Time");
    let last = text.lines().rfind(|line| !is_timer(line)).unwrap_or_default().to_owned();
    Ok(Answers { all, each: text.lines().filter_map(real).collect(), last })
}

/// Runs a program with this input and returns its output.
fn output(command: &mut Command, input: &str) -> Result<String> {
    let mut file = tempfile::tempfile()?;
    std::io::Write::write_all(&mut file, input.as_bytes())?;
    std::io::Seek::rewind(&mut file)?;
    let output = command.stdin(file).output().with_context(|| format!("cannot run {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// The `sqlite3` shell.
pub(crate) struct Sqlite3 {
    pub version: String,
}

impl Sqlite3 {
    /// The shell; `None` if it is not installed.
    pub(crate) fn find() -> Option<Sqlite3> {
        let output = Command::new("sqlite3")
            .arg("--version")
            .output()
            .ok()
            .filter(|output| output.status.success())?;
        let text = String::from_utf8(output.stdout).ok()?;
        Some(Sqlite3 { version: format!("sqlite3 {}", text.split(' ').next()?) })
    }

    /// Runs statements and shell commands on a database, with these options.
    pub(crate) fn run(
        &self,
        database: &Path,
        options: &[&str],
        statements: &[String],
    ) -> Result<Taken> {
        let mut command = Command::new("sqlite3");
        command.args(["-batch", "-bail"]).args(options).arg(database);
        measure::run(command.args(statements))
    }
}

/// The program itself.
pub(crate) struct Signals {
    program: PathBuf,
}

impl Signals {
    /// The program built with this benchmark.
    pub(crate) fn new() -> Self {
        Signals { program: PathBuf::from(env!("CARGO_BIN_EXE_signals")) }
    }

    /// Runs a command line, split at spaces, on a database.
    pub(crate) fn run(&self, database: &Path, line: &str) -> Result<Taken> {
        measure::run(self.command(database).args(line.split(' ')))
    }

    /// Runs a command line of these words on a database.
    pub(crate) fn run_words(&self, database: &Path, words: &[&str]) -> Result<Taken> {
        measure::run(self.command(database).args(words))
    }

    pub(crate) fn import(&self, database: &Path, file: &Path) -> Result<Taken> {
        measure::run(self.command(database).arg("import").arg(file))
    }

    /// The number of instructions of a command line, split at spaces, counted by Valgrind.
    pub(crate) fn instructions(&self, database: &Path, line: &str) -> Result<f64> {
        let mut command = Command::new("valgrind");
        command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(&self.program);
        command.arg("--db").arg(database).args(["--by", "bench"]).env_remove("SIGNALS_NOW");
        let output = command.args(line.split(' ')).output().context("cannot run valgrind")?;
        let text = String::from_utf8_lossy(&output.stderr);
        let count = text.lines().find_map(|line| line.split("Collected : ").nth(1));
        Ok(count.context("Valgrind gave no count")?.trim().parse()?)
    }

    /// Runs a command line, split at spaces, and parses its output as JSON.
    pub(crate) fn json(&self, database: &Path, line: &str) -> Result<serde_json::Value> {
        let text = output(self.command(database).args(line.split(' ')), "")?;
        Ok(serde_json::from_str(&text)?)
    }

    fn command(&self, database: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--db").arg(database).args(["--by", "bench"]).env_remove("SIGNALS_NOW");
        command
    }
}
