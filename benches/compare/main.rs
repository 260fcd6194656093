//! Compares the program with the tools that a user would use instead: `cargo bench --bench
//! compare`.
//!
//! It generates its data, runs the release build and the public tools alternately, and prints the
//! ratios of the times. `docs/speed.md` has the targets. This is a measurement, never a test.

mod attributes;
mod data;
mod events;
mod lists;
mod measure;
mod peers;
mod report;
mod rules;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Parser, ValueEnum};

use peers::{Duckdb, Signals, Sqlite3};
use report::Line;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Work {
    /// The first import of events in order of time, with the memory it takes
    Import,
    /// The import of the same file again
    Again,
    /// The import of the same events in no order
    Shuffled,
    /// Imports of packed files, of many small companies, of one day, and beside other events
    Shapes,
    /// The import of one row into a database of many
    OneRow,
    /// Imports of a tenth and of five times the events
    Growth,
    /// How many instructions imports and lists take, by Valgrind
    Instructions,
    /// The size of the database
    Size,
    /// The trend rules of a day
    Run,
    /// A tenth of the events beside ten times as many days of them
    History,
    /// The replay of a year, with its memory
    Backtest,
    /// list, show, ack and company list among a million signals
    Lists,
    /// company list by attributes that are worked out from 20 million events
    Attributes,
}

/// Compare `signals` with DuckDB and the `sqlite3` shell.
#[derive(Debug, Parser)]
struct Options {
    /// How many events
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(10_000..))]
    rows: u64,
    /// Only these works
    #[arg(long, value_name = "WORK", value_delimiter = ',')]
    only: Vec<Work>,
    /// How often each is done, in turns
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=15))]
    rounds: u64,
    /// Ten times the history of all the events (100 million rows by default) and not of a tenth of
    /// them
    #[arg(long)]
    full_history: bool,
    /// Keep files of events and databases here, and take the events that lie here already
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// What cargo adds when it runs a benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

struct Bench {
    rows: u64,
    rounds: u64,
    full_history: bool,
    folder: PathBuf,
    signals: Signals,
    duckdb: Option<Duckdb>,
    sqlite: Option<Sqlite3>,
    lines: Vec<Line>,
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark tells what it found")]
fn main() -> Result<()> {
    let options = Options::parse();
    if !options.bench {
        println!("a timing is no test: `cargo bench --bench compare` measures");
        return Ok(());
    }
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let folder = options.keep.clone().unwrap_or_else(|| scratch.path().to_owned());
    std::fs::create_dir_all(&folder)?;
    let signals = Signals::new();
    let (duckdb, sqlite) = (Duckdb::find(), Sqlite3::find());
    let (rows, rounds, full_history) = (options.rows, options.rounds, options.full_history);
    let mut bench =
        Bench { rows, rounds, full_history, folder, signals, duckdb, sqlite, lines: Vec::new() };
    println!("{}", bench.against()?);
    for work in Work::value_variants() {
        if options.only.is_empty() || options.only.contains(work) {
            eprintln!(
                "measuring: {}",
                work.to_possible_value().map_or_else(String::new, |v| v.get_name().to_owned())
            );
            bench.measure(*work)?;
        }
    }
    println!("\n{}", report::table(&bench.lines));
    if options.rows < 10_000_000 {
        println!(
            "The targets are stated for 10 million events; with fewer, starting a program weighs more."
        );
    }
    Ok(())
}

impl Bench {
    fn against(&self) -> Result<String> {
        let duckdb = self.duckdb.as_ref().map_or_else(
            || Ok("no DuckDB here (neither the command nor the Python module): skipped".to_owned()),
            Duckdb::version,
        )?;
        let missing = || "no sqlite3 shell here: skipped".to_owned();
        let sqlite = self.sqlite.as_ref().map_or_else(missing, |sqlite| sqlite.version.clone());
        let cores = std::thread::available_parallelism()?;
        Ok(format!(
            "{} events, {} rounds, {cores} cores; {duckdb}; {sqlite}",
            self.rows, self.rounds
        ))
    }

    fn measure(&mut self, work: Work) -> Result<()> {
        match work {
            Work::Import => events::import(self),
            Work::Again => events::again(self),
            Work::Shuffled => events::shuffled(self),
            Work::Shapes => events::shapes(self),
            Work::OneRow => events::one_row(self),
            Work::Growth => events::growth(self),
            Work::Instructions => events::instructions(self),
            Work::Size => events::size(self),
            Work::Run => rules::run(self),
            Work::History => rules::history(self),
            Work::Backtest => rules::backtest(self),
            Work::Lists => lists::measure(self),
            Work::Attributes => attributes::measure(self),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Removes a database and its side files.
fn remove(database: &Path) {
    for suffix in ["", "-wal", "-shm", ".wal"] {
        let mut name = database.as_os_str().to_owned();
        name.push(suffix);
        // It may not exist.
        let _ = std::fs::remove_file(name);
    }
}
