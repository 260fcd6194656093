//! Files of other programs, killed imports, damage, locks, full disks, closed pipes. Each fault has
//! a control: the same without the fault, with the opposite result.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode};

use crate::support::{EventRow, Sandbox};

/// Every read-only command. They need a signal with the id 1.
const READERS: [&str; 14] = [
    "list",
    "list --format json",
    "show 1",
    "status --max-age 10000h",
    "company list",
    "company show a",
    "event list",
    "rule list",
    "run list",
    "import --list",
    "check",
    "export signals",
    "export companies",
    "export signals --out export.csv",
];

/// Commands that write but do not create a database, each possible in [`small`].
const WRITERS: [&str; 2] = ["run", "ack 1 --reason seen"];

/// Two companies that stopped logging in, one closed and one open signal, and some hundreds of
/// events.
pub(crate) fn small() -> Sandbox {
    let sandbox = Sandbox::new();
    let mut rows: Vec<EventRow<'_>> = vec![("heart", "beat", "2026-03-31", 1)];
    for company in ["a", "b"] {
        rows.push((company, "signed_up", "2026-01-10", 1));
        rows.push((company, "login", "2026-03-01", 50));
    }
    sandbox.import_events(&rows);
    sandbox.ok("rule set login");
    sandbox.ok("run --as-of 2026-03-12");
    sandbox.ok("ack 2 --reason 'spoke to them'");
    sandbox
}

fn read(sandbox: &Sandbox, name: &str) -> Vec<u8> {
    fs::read(sandbox.path(name)).unwrap()
}

/// The permissions of a file.
#[track_caller]
fn mode(sandbox: &Sandbox, name: &str) -> u32 {
    fs::metadata(sandbox.path(name)).unwrap().permissions().mode() & 0o777
}

/// The names of the files, except the database and SQLite's side files.
fn files(sandbox: &Sandbox) -> Vec<String> {
    let entries = fs::read_dir(sandbox.path(".")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let is_of_sqlite =
        |name: &str| name == "signals.db" || name.ends_with("-wal") || name.ends_with("-shm");
    let mut names: Vec<String> = names.filter(|name| !is_of_sqlite(name)).collect();
    names.sort();
    names
}

/// A writing connection.
fn writer(sandbox: &Sandbox) -> Connection {
    let connection = Connection::open(sandbox.path("signals.db")).unwrap();
    connection.busy_timeout(Duration::ZERO).unwrap();
    connection
}

fn change(sandbox: &Sandbox, sql: &str) {
    writer(sandbox).execute_batch(sql).unwrap();
}

pub(crate) fn content(sandbox: &Sandbox) -> Vec<String> {
    content_of(&sandbox.database())
}

pub(crate) fn content_of(database: &Connection) -> Vec<String> {
    let mut names = database
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .unwrap();
    let names: Vec<String> =
        names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut lines = Vec::new();
    for name in names {
        let mut statement = database.prepare(&format!("SELECT * FROM {name}")).unwrap();
        let width = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<Value> = (0..width).map(|column| row.get(column).unwrap()).collect();
            lines.push(format!("{name} {values:?}"));
        }
    }
    lines.sort();
    lines
}

/// The database as a power cut leaves it after `sql`: the changes are in the `-wal` file.
fn cut_off(sandbox: &Sandbox, sql: &str) -> Sandbox {
    let connection = writer(sandbox);
    connection.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    connection.execute_batch(sql).unwrap();
    let left = Sandbox::empty();
    for name in ["signals.db", "signals.db-wal"] {
        fs::copy(sandbox.path(name), left.path(name)).unwrap();
    }
    assert!(!read(&left, "signals.db-wal").is_empty());
    left
}

/// Runs a shell script in the environment of a command; `$0` is the program.
fn shell(sandbox: &Sandbox, script: &str) -> std::process::Output {
    let as_usual = sandbox.command("");
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(script).arg(as_usual.get_program()).current_dir(sandbox.path("."));
    command.env_clear().envs(as_usual.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(Stdio::null()).output().unwrap()
}

// The file

#[test]
fn a_new_database_belongs_to_its_owner_whatever_the_umask() {
    for umask in ["000", "022", "077", "777"] {
        for make in ["init", "rule set login"] {
            let sandbox = Sandbox::empty();
            let output =
                shell(&sandbox, &format!("umask {umask}; : > control; exec \"$0\" {make}"));
            assert_eq!(output.status.code(), Some(0), "{output:?}");
            assert_eq!(mode(&sandbox, "signals.db"), 0o600, "umask {umask}, {make}");
            let control = 0o666 & !u32::from_str_radix(umask, 8).unwrap();
            assert_eq!(mode(&sandbox, "control"), control, "the umask was not in force");
        }
    }
}

#[test]
fn a_team_on_one_machine_shares_the_file() {
    for umask in ["000", "077"] {
        let sandbox = Sandbox::empty();
        shell(&sandbox, &format!("umask {umask}; exec \"$0\" init --group-writable"));
        assert_eq!(mode(&sandbox, "signals.db"), 0o660, "umask {umask}");
    }

    let sandbox = Sandbox::new();
    assert_eq!(mode(&sandbox, "signals.db"), 0o600);
    sandbox.ok("init");
    assert_eq!(mode(&sandbox, "signals.db"), 0o600);
    sandbox.ok("init --group-writable");
    assert_eq!(mode(&sandbox, "signals.db"), 0o660);
    // Neither `init` without the option nor any other command resets it.
    sandbox.ok("init");
    sandbox.ok("rule set login");
    assert_eq!(mode(&sandbox, "signals.db"), 0o660);
}

#[test]
fn the_file_says_whose_it_is_and_keeps_a_log() {
    let sandbox = Sandbox::new();
    let pragma = |name: &str| -> Value {
        sandbox.database().pragma_query_value(None, name, |row| row.get(0)).unwrap()
    };
    assert_eq!(pragma("application_id"), Value::Integer(0x7369_676e));
    assert_eq!(pragma("journal_mode"), Value::Text("wal".to_owned()));
}

#[test]
fn a_backup_is_the_same_and_replaces_nothing() {
    let sandbox = small();
    sandbox.ok("backup copy.db");
    assert_eq!(mode(&sandbox, "copy.db"), 0o600);
    for question in
        ["list --format json", "export signals", "export companies", "event list", "check"]
    {
        let (own, copied) = (sandbox.ok(question), sandbox.ok(&format!("{question} --db copy.db")));
        assert_eq!(own.stdout, copied.stdout, "{question}");
    }
    let copy = Connection::open(sandbox.path("copy.db")).unwrap();
    assert_eq!(content_of(&copy), content(&sandbox));
    drop(copy);

    sandbox.ok("ack 1 --reason later");
    assert_ne!(sandbox.ok("list").stdout, sandbox.ok("list --db copy.db").stdout);
    let before = read(&sandbox, "copy.db");
    sandbox.fails("backup copy.db", 9).says(&["copy.db"]);
    sandbox.fails("backup signals.db", 9);
    assert_eq!(read(&sandbox, "copy.db"), before);
    assert_eq!(files(&sandbox), ["copy.db", "events.csv"]);
}

// Readers

#[test]
fn readers_change_nothing() {
    let sandbox = small();
    let before = read(&sandbox, "signals.db");
    for reader in READERS {
        sandbox.ok(reader);
        assert!(read(&sandbox, "signals.db") == before, "{reader} changed the database");
    }
    sandbox.ok("ack 1 --reason control");
    assert!(read(&sandbox, "signals.db") != before);
}

#[test]
fn readers_leave_a_log_to_the_next_writer() {
    let left = cut_off(&small(), "INSERT INTO settings (name, value) VALUES ('x', 'y')");
    let before = (read(&left, "signals.db"), read(&left, "signals.db-wal"));
    for reader in READERS {
        left.ok(reader);
        let after = (read(&left, "signals.db"), read(&left, "signals.db-wal"));
        assert!(after == before, "{reader} changed the database");
    }
    left.ok("ack 1 --reason control");
    assert!(read(&left, "signals.db") != before.0);
    assert!(content(&left).iter().any(|line| line.contains("Text(\"x\"), Text(\"y\")")));
}

#[test]
fn a_refused_command_leaves_no_new_database() {
    for (command, code) in [
        ("import nofile.csv", 4),
        ("import .", 4),
        ("import bad.csv", 4),
        ("import bad.csv nofile.csv", 4),
        ("segment add x --where 'mrrr >'", 2),
        ("segment add ' ' --where 'mrr > 1'", 2),
        ("metric add x --formula 'mrrr > 1'", 2),
        ("reason add support/response-time", 9),
        ("reason rename nothing/known other/one", 9),
        ("reason retire nothing/known", 9),
        ("rule set login --threshold 15 --where 'mrrr > 1'", 2),
        ("rule add x --kind condition --when 'mrrr > 1' --type bad", 2),
        ("rule preset add silent --playbook nothing", 9),
        ("health profile add x --where 'mrrr > 1'", 2),
        ("config apply bad.toml", 9),
    ] {
        for is_empty in [false, true] {
            let sandbox = Sandbox::empty();
            sandbox.write("bad.csv", "nothing,known\n1,2\n");
            sandbox.write("bad.toml", "[[segment]]\nname = 's'\nwhere = 'mrrr > 1'\n");
            if is_empty {
                sandbox.write("signals.db", "");
            }
            sandbox.fails(command, code);
            sandbox.fails("list", 6);
        }
    }
    // A large first import goes without the WAL.
    let sandbox = Sandbox::empty();
    let rows = "acme,login,2026-13-01\n".repeat(200_000);
    sandbox.write("large.csv", &format!("company_id,event,timestamp\n{rows}"));
    sandbox.fails("import large.csv", 4);
    sandbox.fails("list", 6);
    let refused = Sandbox::empty().fails("segment add x --where 'mrrr >'", 2);
    refused.says(&["created a new database", "so it was removed again"]);
    // Of two files one brought something.
    let sandbox = Sandbox::empty();
    sandbox.write("bad.csv", "nothing,known\n1,2\n");
    sandbox.write("good.csv", "company_id,name\nacme,Acme\n");
    let outcome = sandbox.fails("import bad.csv good.csv", 4);
    outcome.says(&["created a new database"]);
    assert!(!outcome.stderr.contains("removed again"), "{outcome}");
    assert_eq!(sandbox.array("company list").len(), 1);
}

#[test]
fn readers_refuse_missing_and_empty_files() {
    let sandbox = Sandbox::empty();
    for command in READERS.iter().chain(&WRITERS) {
        sandbox.fails(command, 6).says(&["signals.db"]);
        assert!(!sandbox.path("signals.db").exists(), "{command} made a database");
    }
    sandbox.write("signals.db", "");
    for command in READERS.iter().chain(&WRITERS) {
        sandbox.fails(command, 6).says(&["signals.db"]);
        assert_eq!(read(&sandbox, "signals.db"), b"", "{command} wrote to an empty file");
    }
    assert_eq!(files(&sandbox), [""; 0]);
    sandbox.ok("init");
    sandbox.ok("list");
}

// Files of others

/// Every command, including one that creates a database, exits with 6 and leaves the file and its
/// log unchanged.
#[track_caller]
fn refuses(sandbox: &Sandbox) {
    sandbox.write("events.csv", "company_id,event,timestamp\na,login,2026-03-01\n");
    let makers = ["init", "init --group-writable", "import events.csv", "rule set login"];
    let log = sandbox.path("signals.db-wal");
    let state = || {
        (
            read(sandbox, "signals.db"),
            fs::read(&log).unwrap_or_default(),
            mode(sandbox, "signals.db"),
        )
    };
    let before = state();
    for command in READERS.iter().chain(&WRITERS).chain(&makers).chain(&["backup copy.db"]) {
        sandbox.fails(command, 6).says(&["signals.db"]);
        assert!(state() == before, "{command} changed the file");
    }
    assert_eq!(files(sandbox), ["events.csv"]);
}

#[test]
fn a_text_file_is_no_database() {
    let sandbox = Sandbox::empty();
    sandbox.write("signals.db", &"company_id,event,timestamp\na,login,2026-03-01\n".repeat(100));
    refuses(&sandbox);
    sandbox.write("signals.db", "short");
    refuses(&sandbox);
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let theirs = "CREATE TABLE signals (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO signals VALUES (1, 'x');";
    for first in ["", "PRAGMA user_version = 1;", "PRAGMA application_id = 7;"] {
        let sandbox = Sandbox::empty();
        change(&sandbox, &format!("{first}{theirs}"));
        refuses(&sandbox);
    }
    let sandbox = Sandbox::empty();
    change(&sandbox, &format!("PRAGMA journal_mode = WAL; {theirs}"));
    refuses(&cut_off(&sandbox, "INSERT INTO signals VALUES (2, 'y')"));
    refuses(&sandbox);
    let path = sandbox.path("signals.db");
    assert_eq!(
        sandbox.fails("list", 6).stderr,
        format!(
            "error: {} is a database of another program\n\
             hint: --db PATH or SIGNALS_DB names the right file\n",
            path.display()
        )
    );
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let sandbox = small();
    let version: i64 =
        sandbox.database().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    let newer = format!("PRAGMA user_version = {}", version + 1);
    // The version is only in the log.
    refuses(&cut_off(&sandbox, &newer));
    change(&sandbox, &newer);
    refuses(&sandbox);
    change(&sandbox, "PRAGMA journal_mode = DELETE");
    refuses(&sandbox);
    change(&sandbox, &format!("PRAGMA user_version = {version}"));
    sandbox.ok("list");
    sandbox.ok("run");
}

// Damage

/// `check` reports it after `sql`, but not before.
#[track_caller]
fn finds(sandbox: &Sandbox, sql: &str, texts: &[&str]) {
    assert_eq!(sandbox.ok("check").stdout, "");
    change(sandbox, sql);
    let printed = sandbox.fails("check", 7).printed();
    for text in texts {
        assert!(printed.contains(text), "'{text}' is missing after {sql}\n{printed}");
    }
}

#[test]
fn check_finds_pages_that_were_overwritten() {
    let sandbox = Sandbox::new();
    let names: Vec<String> = (0..400).map(|number| format!("company-{number:03}")).collect();
    let rows: Vec<EventRow<'_>> = (names.iter().enumerate())
        .map(|(number, name)| {
            (name.as_str(), "login", ["2026-03-01", "2026-03-02", "2026-03-03"][number % 3], 3)
        })
        .collect();
    sandbox.import_events(&rows);
    sandbox.ok("check");
    let whole = read(&sandbox, "signals.db");
    let pages = whole.len() / 4096;
    assert!(pages > 40, "{pages} pages");

    let middle = pages / 2;
    let mut damaged = whole.clone();
    damaged[(middle - 10) * 4096..(middle + 10) * 4096].fill(0xa5);
    fs::write(sandbox.path("signals.db"), &damaged).unwrap();
    sandbox.fails("check", 7);
    assert!(read(&sandbox, "signals.db") == damaged, "check changed the database");

    // A file that lost its end.
    fs::write(sandbox.path("signals.db"), &whole[..middle * 4096]).unwrap();
    sandbox.fails("check", 7);

    // A schema that cannot be read: what follows an error does not lead back to it.
    let mut damaged = whole.clone();
    damaged[100..200].fill(0xa5);
    fs::write(sandbox.path("signals.db"), &damaged).unwrap();
    let path = sandbox.path("signals.db");
    let error =
        format!("error: cannot open {}: database disk image is malformed\n", path.display());
    let restore = "hint: restore the newest backup";
    assert_eq!(sandbox.fails("check", 7).stderr, format!("{error}{restore}\n"));
    assert_eq!(
        sandbox.fails("list", 7).stderr,
        format!("{error}{restore}; `signals check` tells what is damaged\n")
    );

    fs::write(sandbox.path("signals.db"), &whole).unwrap();
    sandbox.ok("check");
}

#[test]
fn check_finds_events_that_cannot_be_read() {
    for text in ["garbage", "", "[]", "[[1,2]]", "[[1,0,null]", "[[99,0,null,50]]"] {
        let sql = format!(
            "UPDATE event_days SET events = '{text}' WHERE day = unixepoch('2026-03-01') / 86400"
        );
        finds(&small(), &sql, &["2026-03-01"]);
    }
}

#[test]
fn damage_is_told_from_a_bug() {
    let sandbox = small();
    for command in ["show 1", "import events.csv"] {
        sandbox.ok(command);
    }
    change(&sandbox, "UPDATE event_days SET events = 'garbage'");
    let before = content(&sandbox);
    for command in ["show 1", "import events.csv"] {
        sandbox.fails(command, 7);
        assert_eq!(content(&sandbox), before, "{command}");
    }
}

#[test]
fn check_finds_counts_that_are_not_those_of_the_events() {
    let of_the_day = "WHERE day = unixepoch('2026-03-01') / 86400";
    for sql in [
        format!("UPDATE day_counts SET count = count + 1 {of_the_day}"),
        format!("DELETE FROM day_counts {of_the_day}"),
        format!("DELETE FROM event_days {of_the_day}"),
        format!("UPDATE day_counts SET id = id + 1 {of_the_day}"),
    ] {
        finds(&small(), &sql, &["2026-03-01"]);
    }
}

#[test]
fn check_finds_first_uses_that_are_not_those_of_the_counts() {
    for sql in [
        "UPDATE first_uses SET day = day + 1",
        "DELETE FROM first_uses",
        "INSERT INTO first_uses (event, company, day) VALUES (77777, 999999, 20000)",
    ] {
        finds(&small(), sql, &["the first use of event name"]);
    }
}

#[test]
fn check_finds_first_days_of_people_that_are_not_those_of_the_events() {
    for sql in [
        "UPDATE first_people SET day = day + 1",
        "DELETE FROM first_people",
        "INSERT INTO first_people (id, day) VALUES (999999000077777, 20000)",
    ] {
        let sandbox = small();
        let who = "company_id,person_id,event,timestamp\na,ana,login,2026-03-02\n";
        sandbox.write("who.csv", who);
        sandbox.ok("import who.csv");
        finds(&sandbox, sql, &["the first event of person"]);
    }
}

#[test]
fn check_finds_keys_that_stand_for_nothing() {
    let (company, event) = ("999999", "77777");
    let day = "(unixepoch('2026-03-01') / 86400 * 1000000000";
    let name = "(SELECT id FROM event_names WHERE name = 'login')";
    let known = "(SELECT id FROM companies WHERE company_id = 'heart')";
    // Events and counts agree; only the key is wrong.
    finds(
        &small(),
        &format!(
            "INSERT INTO event_days (id, events) SELECT {day} + {company}) * 1000, '[[' || {name} || ',0,null]]';
             INSERT INTO day_counts (id, count) SELECT {day} + {company}) * 100000 + {name}, 1;"
        ),
        &["2026-03-01", company],
    );
    finds(
        &small(),
        &format!(
            "INSERT INTO event_days (id, events) SELECT {day} + {known}) * 1000, '[[{event},0,null]]';
             INSERT INTO day_counts (id, count) SELECT {day} + {known}) * 100000 + {event}, 1;
             UPDATE companies SET first_event_day = unixepoch('2026-03-01') / 86400 WHERE company_id = 'heart';"
        ),
        &["2026-03-01", event],
    );
    finds(
        &small(),
        &format!("INSERT INTO event_days (id, events) VALUES ({day} + {company}) * 1000, '[]')"),
        &["2026-03-01"],
    );
    finds(
        &small(),
        &format!("INSERT INTO day_counts (id, count) SELECT {day} + {company}) * 100000 + 1, 1"),
        &[company],
    );
    let loose =
        format!("PRAGMA foreign_keys = OFF; INSERT INTO company_texts VALUES ('x', {company})");
    finds(&small(), &loose, &["company_texts"]);
}

/// An index that was not written along with its table: it is removed from the schema, a row is
/// added, and it is restored in the schema.
#[test]
fn check_finds_an_index_that_lacks_a_row() {
    let lose = "PRAGMA writable_schema = ON;
                CREATE TABLE aside AS SELECT * FROM sqlite_schema WHERE name = 'companies_by_csm';
                DELETE FROM sqlite_schema WHERE name = 'companies_by_csm';
                PRAGMA schema_version = 1000001;
                INSERT INTO companies (company_id, is_unlisted, folded_id) VALUES ('x', 0, 'x');
                INSERT INTO sqlite_schema SELECT * FROM aside;
                PRAGMA schema_version = 1000002;
                DROP TABLE aside;";
    finds(&small(), lose, &["index companies_by_csm has 3 of 4 rows of companies"]);
}

#[test]
fn control_characters_in_histories_are_refused() {
    let sandbox = small();
    for command in [
        "ack 1 --reason 'a\u{1b}[2Jb'",
        "pulse set a satisfied --note 'x\u{7}'",
        "ack 1 --reason fine --by 'ana\u{1b}[31m'",
    ] {
        sandbox.fails(command, 2).says(&["control characters"]);
    }
    let mut command = sandbox.command("ack 1 --reason fine");
    let status = command.env("SIGNALS_USER", "ana\u{1b}").stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(2));
    sandbox.ok("ack 1 --reason 'two\nlines'");

    let event = "log\u{202e}in\u{2028}";
    let shown = sandbox.ok(&format!("rule add odd --kind adoption --event '{event}' --within 5"));
    let shown = shown.printed() + &sandbox.ok("rule show odd").printed();
    assert!(shown.contains("log<U+202E>in<U+2028>"), "{shown}");
    assert!(!shown.contains(['\u{202e}', '\u{2028}']), "{shown}");
}

#[test]
fn check_finds_signals_whose_state_is_not_their_history() {
    finds(&small(), "UPDATE signals SET acknowledgement = NULL WHERE id = 2", &["signal 2"]);
    finds(
        &small(),
        "UPDATE signals SET acknowledgement = (SELECT id FROM signal_history) WHERE id = 1",
        &["signal 1"],
    );
    let day = "UPDATE signals SET closed_on = '2026-03-13' WHERE id = 2";
    finds(&small(), day, &["signal 2"]);
    let reopened = "INSERT INTO signal_history (signal, action, at, day, by, reason)
                    SELECT signal, 'reopened', at, day, by, reason FROM signal_history";
    finds(&small(), reopened, &["signal 2"]);
}

#[test]
fn signals_and_their_history_stay() {
    let sandbox = small();
    let before = content(&sandbox);
    let connection = writer(&sandbox);
    for sql in [
        "DELETE FROM signals",
        "DELETE FROM signals WHERE id = 1",
        "DELETE FROM signal_history",
        "UPDATE signal_history SET reason = 'another'",
        "UPDATE signal_history SET id = id + 1",
        "REPLACE INTO signal_history (id, signal, action, at, day, by, reason, outcome) \
         SELECT id, signal, action, at, day, by, 'another', outcome FROM signal_history",
        "INSERT OR REPLACE INTO signals SELECT * FROM signals",
    ] {
        // Not because of a foreign key.
        connection.pragma_update(None, "foreign_keys", false).unwrap();
        let error = connection.execute_batch(sql).expect_err(sql);
        assert_eq!(
            error.sqlite_error_code(),
            Some(ErrorCode::ConstraintViolation),
            "{sql}: {error}"
        );
    }
    assert_eq!(content(&sandbox), before);
    connection.execute_batch("DELETE FROM run_steps").unwrap();
    assert_ne!(content(&sandbox), before);
}

// Imports that are cut short

const MANY: usize = 200_000;

/// Enough rows to kill an import in the middle.
fn many() -> Vec<u8> {
    let mut file = b"company_id,event,timestamp\n".to_vec();
    for row in 0..MANY {
        let (day, second) = (row * 30 / MANY + 1, row % 86_400);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let (company, event) = (row % 37, ["login", "export", "report"][row % 3]);
        writeln!(file, "c{company},{event},2026-03-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
            .unwrap();
    }
    file
}

fn events_of(sandbox: &Sandbox) -> usize {
    let count: i64 = sandbox
        .database()
        .query_row("SELECT coalesce(sum(count), 0) FROM day_counts", [], |row| row.get(0))
        .unwrap();
    count as usize
}

/// An import from standard input that has read, or is about to read, this many bytes, and waits for
/// more.
fn half_way(sandbox: &Sandbox, bytes: &[u8]) -> Child {
    let mut command = sandbox.command("import - --kind events");
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // More than the buffer of a pipe: when everything is taken, the import has begun.
    child.stdin.as_mut().unwrap().write_all(bytes).unwrap();
    child
}

fn import_all(sandbox: &Sandbox) -> Child {
    let file = File::open(sandbox.path("many.csv")).unwrap();
    sandbox.command("import - --kind events").stdin(file).stderr(Stdio::null()).spawn().unwrap()
}

/// A sandbox with a few events, the file of [`many`], and the contents of the database before and
/// after its import.
struct Trial {
    sandbox: Sandbox,
    file: Vec<u8>,
    empty: Vec<u8>,
    before: Vec<String>,
    after: Vec<String>,
    took: Duration,
}

impl Trial {
    fn new() -> Trial {
        let sandbox = small();
        let empty = read(&sandbox, "signals.db");
        let before = content(&sandbox);
        let events = events_of(&sandbox);
        let file = many();
        fs::write(sandbox.path("many.csv"), &file).unwrap();
        let began = Instant::now();
        // The control: the same import completes with all rows.
        assert_eq!(import_all(&sandbox).wait().unwrap().code(), Some(0));
        let took = began.elapsed();
        assert_eq!(events_of(&sandbox), events + MANY);
        let after = content(&sandbox);
        assert_ne!(before, after);
        Trial { sandbox, file, empty, before, after, took }
    }

    /// Restores the database.
    fn reset(&self) {
        for name in ["signals.db-wal", "signals.db-shm"] {
            let _ = fs::remove_file(self.sandbox.path(name));
        }
        fs::write(self.sandbox.path("signals.db"), &self.empty).unwrap();
        assert_eq!(content(&self.sandbox), self.before);
    }

    /// Checks what a killed import left: nothing, or everything. Returns whether it was everything.
    #[track_caller]
    fn is_whole(&self) -> bool {
        assert_eq!(self.sandbox.ok("check").stdout, "");
        let left = content(&self.sandbox);
        assert!(left == self.before || left == self.after, "a part of the import is there");
        left == self.after
    }
}

/// The exit status of an import that gets this signal after `bytes` of its input.
fn end_by(sandbox: &Sandbox, signal: &str, bytes: &[u8]) -> ExitStatus {
    let mut child = half_way(sandbox, bytes);
    let kill = format!("kill -{signal} {}", child.id());
    assert!(Command::new("/bin/sh").arg("-c").arg(kill).status().unwrap().success());
    child.wait().unwrap()
}

#[test]
fn an_import_that_is_killed_is_there_wholly_or_not_at_all() {
    let trial = Trial::new();
    let sandbox = &trial.sandbox;

    // While it is reading, it cannot have finished.
    for part in [1, 4] {
        trial.reset();
        let status = end_by(sandbox, "KILL", &trial.file[..trial.file.len() * part / 4]);
        assert_eq!(status.signal(), Some(9));
        assert!(!trial.is_whole());
    }
    assert_eq!(import_all(sandbox).wait().unwrap().code(), Some(0));
    assert_eq!(content(sandbox), trial.after, "the same import again does not bring everything");

    // While it commits: as soon as the log is not empty, and at other moments around the end.
    trial.reset();
    let mut child = import_all(sandbox);
    let log = sandbox.path("signals.db-wal");
    while fs::metadata(&log).map_or(0, |log| log.len()) == 0 && child.try_wait().unwrap().is_none()
    {
    }
    child.kill().unwrap();
    child.wait().unwrap();
    trial.is_whole();
    for percent in [70, 90, 98] {
        trial.reset();
        let mut child = import_all(sandbox);
        sleep(trial.took * percent / 100);
        child.kill().unwrap();
        child.wait().unwrap();
        trial.is_whole();
    }

    if !trial.is_whole() {
        assert_eq!(import_all(sandbox).wait().unwrap().code(), Some(0));
    }
    assert_eq!(events_of(sandbox), MANY + 103);
    assert_eq!(sandbox.ok("check").stdout, "");
}

#[test]
fn an_import_that_is_told_to_end_writes_nothing() {
    let sandbox = small();
    let (before, file) = (content(&sandbox), many());
    let names = files(&sandbox);
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        assert_eq!(end_by(&sandbox, signal, &file).code(), Some(code), "SIG{signal}");
        assert_eq!(content(&sandbox), before);
        assert_eq!(sandbox.ok("check").stdout, "");
        assert_eq!(files(&sandbox), names, "something is left behind");
    }
    // The control: the same import without the signal.
    assert_eq!(half_way(&sandbox, &file).wait().unwrap().code(), Some(0));
    assert_eq!(events_of(&sandbox), MANY + 103);
}

#[test]
fn a_backup_while_an_import_runs_has_nothing_of_it() {
    let sandbox = small();
    let (before, file) = (content(&sandbox), many());
    let mut child = half_way(&sandbox, &file);
    sandbox.ok("backup copy.db");
    assert!(child.try_wait().unwrap().is_none());
    assert_eq!(content_of(&Connection::open(sandbox.path("copy.db")).unwrap()), before);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_ne!(content(&sandbox), before);
}

#[test]
fn a_second_writer_waits_and_a_reader_does_not() {
    let sandbox = small();
    let holder = writer(&sandbox);
    holder
        .execute_batch("BEGIN IMMEDIATE; UPDATE companies SET name = 'Held' WHERE company_id = 'a'")
        .unwrap();
    let error =
        writer(&sandbox).execute_batch("BEGIN IMMEDIATE").expect_err("the lock is not held");
    assert_eq!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy));

    let mut waiting: Vec<Child> = ["ack 1 --reason waited", "rule set export", "import events.csv"]
        .map(|command| {
            sandbox.command(command).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        })
        .into();
    for reader in READERS {
        assert!(
            !sandbox.ok(reader).printed().contains("Held"),
            "{reader} sees what is not committed"
        );
    }
    sleep(Duration::from_secs(1));
    for child in &mut waiting {
        assert_eq!(child.try_wait().unwrap(), None, "it did not wait");
    }
    holder.execute_batch("COMMIT").unwrap();
    for child in &mut waiting {
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
    let signals = sandbox.array("list");
    let first = signals.iter().find(|signal| signal["id"] == 1).unwrap();
    assert_eq!((&first["state"], &first["reason"]), (&"closed".into(), &"waited".into()));
    assert_eq!(sandbox.array("rule list").len(), 2);
    assert!(sandbox.ok("company list").stdout.contains("Held"));
}

// Where output goes

/// Commands that print data.
const PRINTERS: [&str; 7] = [
    "list",
    "list --format json",
    "list --format csv",
    "show 1",
    "company list",
    "export signals",
    "event list",
];

#[test]
fn a_closed_pipe_ends_quietly() {
    let sandbox = small();
    for command in PRINTERS {
        let control = sandbox.ok(command);
        assert!(!control.stdout.is_empty(), "{command}");

        let (reader, pipe) = std::io::pipe().unwrap();
        drop(reader);
        let output = sandbox.command(command).stdout(pipe).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{command}");
        let notes = String::from_utf8(output.stderr).unwrap();
        // A list prints its as-of day.
        assert!(notes.is_empty() || notes.starts_with("usage to "), "{command}: {notes}");
    }
}

#[test]
fn output_that_does_not_fit_is_an_error() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        return;
    }
    let sandbox = small();
    for command in PRINTERS {
        let disk = File::options().write(true).open(full).unwrap();
        let output = sandbox.command(command).stdout(disk).stderr(Stdio::piped()).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(8), "{command}\n{stderr}");
        assert!(stderr.contains("error: "), "{command}\n{stderr}");
    }
}

#[test]
fn an_export_leaves_no_half_of_a_file() {
    let sandbox = small();
    let names = files(&sandbox);
    sandbox.fails("export signals --out nowhere/signals.csv", 8).says(&["nowhere/signals.csv"]);
    assert_eq!(files(&sandbox), names);

    fs::create_dir(sandbox.path("nowhere")).unwrap();
    sandbox.ok("export signals --out nowhere/signals.csv");
    let made: Vec<_> = fs::read_dir(sandbox.path("nowhere"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(made, ["signals.csv"]);
}

/// The command is refused, and the files do not change.
#[track_caller]
fn spares(sandbox: &Sandbox, command: &str, names: &[&str]) {
    let state = || -> Vec<Vec<u8>> { names.iter().map(|name| read(sandbox, name)).collect() };
    let before = state();
    let outcome = sandbox.run(command);
    assert!([2, 9].contains(&outcome.status), "expected exit code 2 or 9\n{outcome}");
    assert!(state() == before, "a file has changed\n{outcome}");
}

#[test]
fn output_does_not_replace_the_database_or_the_input() {
    let sandbox = small();
    sandbox
        .write("more.csv", "company_id,event,timestamp\nnew,login,2026-03-05\nnew,login,never\n");
    symlink("signals.db", sandbox.path("link.db")).unwrap();
    symlink("more.csv", sandbox.path("link.csv")).unwrap();
    fs::hard_link(sandbox.path("signals.db"), sandbox.path("hard.db")).unwrap();
    fs::create_dir(sandbox.path("folder")).unwrap();
    let before = content(&sandbox);

    for target in ["signals.db", "./signals.db", "folder/../signals.db", "link.db"] {
        spares(&sandbox, &format!("export signals --out {target}"), &["signals.db", "link.db"]);
        spares(&sandbox, &format!("export companies --out {target}"), &["signals.db", "link.db"]);
        spares(
            &sandbox,
            &format!("import more.csv --rejects {target}"),
            &["signals.db", "link.db", "more.csv"],
        );
    }
    // Writing to this file would write to the database.
    spares(&sandbox, "import more.csv --rejects hard.db", &["signals.db", "more.csv"]);
    for target in ["more.csv", "./more.csv", "link.csv"] {
        spares(
            &sandbox,
            &format!("import more.csv --rejects {target}"),
            &["signals.db", "more.csv"],
        );
    }
    assert_eq!(content(&sandbox), before);

    sandbox.ok("export signals --out other.csv");
    sandbox.fails("import more.csv --rejects other.csv", 3);
    assert_eq!(sandbox.ok("check").stdout, "");
    assert_ne!(content(&sandbox), before);
}

/// Commands that write to a path, here PLACE.
const WRITING_OUT: [&str; 5] = [
    "export signals --out PLACE --format csv",
    "export companies --out PLACE --format xlsx",
    "report dashboard --out PLACE --format html",
    "config export --out PLACE",
    "import more.csv --rejects PLACE",
];

#[test]
fn output_goes_to_a_device_a_pipe_and_a_link_without_replacing_them() {
    let sandbox = small();
    sandbox.write("more.csv", "company_id,event,timestamp\na,login,never\n");
    sandbox.write("target.csv", "");
    fs::set_permissions(sandbox.path("target.csv"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("target.csv", sandbox.path("link.csv")).unwrap();
    assert!(Command::new("mkfifo").arg(sandbox.path("pipe")).status().unwrap().success());
    for command in WRITING_OUT {
        let code = if command.starts_with("import") { 3 } else { 0 };
        let to = |place: &str| sandbox.fails(&command.replace("PLACE", place), code);
        to("/dev/null");
        assert!(!fs::metadata("/dev/null").unwrap().is_file());

        let plain = to("plain.out");
        let written = read(&sandbox, "plain.out");
        assert!(!written.is_empty(), "{plain}");
        assert_eq!(mode(&sandbox, "plain.out"), 0o600, "{command}");
        if !command.contains("xlsx") {
            for place in ["-", "/dev/stdout"] {
                assert_eq!(to(place).stdout.as_bytes(), written, "{command} to {place}");
            }
        }
        assert!(!sandbox.path("-").exists(), "{command} made a file called -");

        to("link.csv");
        assert!(sandbox.path("link.csv").is_symlink(), "{command} replaced a link");
        assert_eq!(read(&sandbox, "target.csv"), written, "{command}");
        assert_eq!(mode(&sandbox, "target.csv"), 0o640, "{command}");

        let pipe = sandbox.path("pipe");
        let reader = std::thread::spawn(move || fs::read(pipe).unwrap());
        to("pipe");
        assert_eq!(reader.join().unwrap(), written, "{command}");
        if Path::new("/dev/full").exists() {
            sandbox.fails(&command.replace("PLACE", "/dev/full"), 8).says(&["/dev/full"]);
        }
    }
    sandbox.fails("backup -", 2);
    assert_eq!(
        files(&sandbox),
        ["events.csv", "link.csv", "more.csv", "pipe", "plain.out", "target.csv"]
    );
}

#[test]
fn notices_that_cannot_be_printed_stay_unread() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.write("team.csv", "name,role\ntester,csm\n");
    sandbox.write("companies.csv", "company_id,name,csm\na,A,tester\n");
    sandbox.ok("import --kind team team.csv");
    sandbox.ok("import --kind companies companies.csv");
    sandbox.import_events(&[
        ("a", "signed_up", "2026-01-10", 1),
        ("a", "login", "2026-03-20", 50),
        ("heart", "beat", "2026-03-31", 1),
    ]);
    sandbox.ok("rule set login");
    sandbox.ok("run --as-of 2026-03-31");
    let unread = || sandbox.array("inbox --unread").len();
    assert_eq!(unread(), 1);
    let disk = File::options().write(true).open(full).unwrap();
    let status = sandbox.command("inbox --mark-read").stdout(disk).status().unwrap();
    assert_eq!((status.code(), unread()), (Some(8), 1));
    sandbox.ok("inbox --mark-read");
    assert_eq!(unread(), 0);
}

/// A limit on the size of files, set by a shell only for the program.
#[test]
fn a_file_beyond_the_limit_of_its_size_is_an_error() {
    let sandbox = small();
    sandbox.write(
        "big.csv",
        &"company_id,event,timestamp\n"
            .replace('\n', &"\na,login,2026-03-05T10:00:00Z".repeat(9000)),
    );
    for command in ["report dashboard --out big.html", "import big.csv"] {
        let program = sandbox.command(command);
        let mut limited = Command::new("/bin/sh");
        limited.arg("-c").arg("ulimit -f 1; exec \"$0\" \"$@\"").arg(program.get_program());
        limited.args(program.get_args()).current_dir(sandbox.path(".")).env_clear();
        limited.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = limited.output().unwrap();
        if command.starts_with("report") {
            // The control: the report exceeds only the limit.
            sandbox.ok(command);
        }
        assert_eq!(output.status.code(), Some(8), "{command}: {output:?}");
        assert_eq!(sandbox.ok("check").stdout, "");
    }
    assert_eq!(events_of(&sandbox), 103);
}

#[test]
fn a_database_that_is_cut_short_while_it_is_read_is_damaged() {
    let sandbox = small();
    let rows: String = (0..40_000)
        .map(|n| format!("c{},login,2026-03-{:02}T10:00:00Z,p{n}\n", n % 500, n % 28 + 1))
        .collect();
    sandbox.write("more.csv", &format!("company_id,event,timestamp,person_id\n{rows}"));
    sandbox.ok("import more.csv");
    let mut child = sandbox
        .command("export events")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 100];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut first).unwrap();
    // The program is blocked now, because a pipe buffers little of its output.
    File::options().write(true).open(sandbox.path("signals.db")).unwrap().set_len(32_768).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), None, "killed\n{output:?}");
    assert!([7, 8].contains(&output.status.code().unwrap()), "{:?}", output.status);
}

#[test]
fn an_environment_without_anything_is_enough() {
    let sandbox = small();
    for (command, code) in
        [("import events.csv", 0), ("run", 0), ("list", 0), ("show 1", 0), ("import", 2)]
    {
        let program = sandbox.command("");
        let mut bare = Command::new("/bin/sh");
        bare.arg("-c")
            .arg(format!("exec \"$0\" --db signals.db {command} <&-"))
            .arg(program.get_program());
        bare.current_dir(sandbox.path(".")).env_clear().env("SIGNALS_NOW", crate::support::NOW);
        let output = bare.output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{command}: {output:?}");
    }

    // Without --db there is no default path.
    let mut nowhere = sandbox.command("list");
    let output =
        nowhere.env_remove("SIGNALS_DB").env("HOME", sandbox.path("folder")).output().unwrap();
    assert_eq!(output.status.code(), Some(6));
}
