//! Checks that the documents are true: generated parts are current, every command in a console
//! block is run, all others are parsed.
//!
//! - Between `<!-- generated: NAME -->` and `<!-- end -->` is the output of [`generated`].
//! - A `console` block is run line by line, in order, in one sandbox per document, which has
//!   `events.csv` and `companies.csv` of `fixtures/readme`. The output shown must be exactly that of
//!   standard output and standard error. A line `…` stands for omitted lines. A command that must
//!   fail ends in `# exits with N`. A block marked `console demo` is run in the folder of
//!   `signals demo`.
//! - A block marked `toml FILE` is written to the sandbox under that name, before anything is run.
//! - An `sql` block is run on the database of that sandbox; the `text` block after it shows the
//!   rows.
//! - Commands in `sh` and `crontab` blocks need a network, a clock or a compiler: they are not run,
//!   but every `signals` command in them must parse. The same holds for commands in the text.
//!
//! `UPDATE_DOCS=1 cargo test documentation` writes the actual output into the documents; review it
//! before committing.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::error::ErrorKind;
use rusqlite::types::ValueRef;
use signals::internals::{self, Catalogue, CellType, EXPRESSION_FUNCTIONS, FactKind, PresetRow};

use crate::support::{NOW, Sandbox, setting};

/// The path of the sandbox in the documents.
const HOME: &str = "/home/ana";

/// Every document that is checked.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents = vec![root.join("README.md"), root.join("CHANGELOG.md")];
    let folder = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    documents.extend(folder.filter(|path| path.extension().is_some_and(|ending| ending == "md")));
    documents.sort();
    documents
}

#[test]
fn documents_are_true() {
    let mut problems = Vec::new();
    for path in documents() {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string();
        let checked = check(&name, &text);
        if setting("UPDATE_DOCS").is_some() && checked.text != text {
            fs::write(&path, &checked.text).unwrap();
        } else {
            problems.extend(checked.outdated);
        }
        problems.extend(checked.wrong);
    }
    let remedy = "`UPDATE_DOCS=1 cargo test documentation` writes what comes into the documents";
    assert!(problems.is_empty(), "\n\n{}\n\n{remedy}\n", problems.join("\n\n"));
}

#[test]
fn links_between_documents_lead_somewhere() {
    for path in documents() {
        let text = fs::read_to_string(&path).unwrap();
        for (_, rest) in text.match_indices("](").map(|(at, mark)| text.split_at(at + mark.len())) {
            let target = rest.split(')').next().unwrap().split('#').next().unwrap();
            if !target.is_empty() && !target.contains("://") {
                assert!(
                    path.parent().unwrap().join(target).exists(),
                    "{}: {target}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn every_help_has_examples_that_are_understood() {
    let mut paths = Vec::new();
    walk(&internals::command(), "", &mut paths);
    for path in paths {
        let help = help(&path);
        let examples: Vec<&str> =
            help.split_once("\nExample").map_or("", |(_, after)| after).split("\n\n").collect();
        let lines: Vec<&str> = examples[0].lines().skip(1).collect();
        // The demonstration shows its own commands.
        assert!(!lines.is_empty() || path == "demo", "`signals {path} --help` has no example");
        for line in lines {
            assert!(line.len() <= 80, "`signals {path} --help`: {line} is broken at 80 columns");
            let problems = misunderstood(line.split("  #").next().unwrap());
            assert!(problems.is_empty(), "`signals {path} --help`: {problems:?}");
        }
    }
}

/// The files for cron and systemd that come with the package.
/// In the manual a description is on the line after its option.
#[test]
fn the_manual_describes_every_option() {
    let sandbox = sandbox();
    sandbox.ok("man --out pages");
    let pages = ["signals.1", "signals-list.1", "signals-import.1"];
    let pages =
        pages.map(|name| std::fs::read_to_string(sandbox.path("pages").join(name)).unwrap());
    for page in pages.iter().chain([&sandbox.ok("man").stdout]) {
        let mut lines = page.lines();
        while let Some(line) = lines.next() {
            let is_option = line.starts_with("\\fB\\-");
            let text = if is_option { lines.next().unwrap_or_default() } else { "text" };
            assert!(text.starts_with(char::is_alphanumeric), "{line} is followed by {text:?}");
        }
    }
    assert!(pages[0].contains("The database [env: SIGNALS_DB]"));
}

#[test]
fn commands_of_the_packaged_examples_are_understood() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/examples");
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let (cron, service) = (read("signals.cron"), read("signals-daily.service"));
    // The sixth field of a line in /etc/cron.d is a user.
    let cron =
        cron.lines().filter_map(crontab_command).map(|line| line.split_once("  ").unwrap().1);
    let service = service.lines().filter_map(|line| line.strip_prefix("ExecStart=/usr/bin/"));
    let commands: Vec<&str> = cron.chain(service).collect();
    assert_eq!(commands.len(), 4);
    let problems: Vec<String> = commands.iter().flat_map(|line| misunderstood(line)).collect();
    assert!(problems.is_empty(), "{problems:?}");
}

#[test]
fn every_table_is_documented() {
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/database.md")).unwrap();
    let sandbox = Sandbox::new();
    let database = sandbox.database();
    let mut statement =
        database.prepare("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')").unwrap();
    let names: Vec<String> =
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(names.len() > 10);
    for name in names.iter().filter(|name| !name.starts_with("sqlite_")) {
        assert!(text.contains(&format!("`{name}`")), "docs/database.md says nothing of {name}");
    }
}

/// The result of checking a document.
#[derive(Default)]
struct Checked {
    /// The document with current contents.
    text: String,
    /// What writing `text` would fix.
    outdated: Vec<String>,
    /// What a person must fix.
    wrong: Vec<String>,
}

/// A fenced block, or the lines between two blocks.
enum Part {
    Prose(Vec<String>),
    Block { language: String, line: usize, body: Vec<String> },
}

fn check(name: &str, text: &str) -> Checked {
    let mut checked = Checked::default();
    let with_generated = insert_generated(name, text, &mut checked);
    let mut parts = parts(&with_generated);
    let sandbox = sandbox();
    if with_generated.contains("```console demo") {
        let (status, came) = run_in(&sandbox, "signals demo");
        assert_eq!(status, 0, "{}", came.join("\n"));
    }
    for part in &parts {
        if let Part::Block { language, body, .. } = part
            && let Some(file) = language.strip_prefix("toml ")
        {
            sandbox.write(file, &(body.join("\n") + "\n"));
        }
    }
    for (wanted, first) in
        [("console", ""), ("console demo", "cd signals-demo; export SIGNALS_DB=signals.db; ")]
    {
        for index in 0..parts.len() {
            let (before, after) = parts.split_at_mut(index + 1);
            let Part::Block { language, line, body } = &mut before[index] else { continue };
            let place = format!("{name}:{line}");
            match language.as_str() {
                language if language == wanted => {
                    run_block(&place, &sandbox, first, body, &mut checked)
                }
                "sql" if wanted == "console" => query(&place, &sandbox, body, after, &mut checked),
                _ => {}
            }
        }
    }
    for part in &parts {
        parse_part(name, part, &mut checked);
    }
    checked.text = joined(&parts);
    checked
}

fn parts(text: &str) -> Vec<Part> {
    let mut parts = vec![Part::Prose(Vec::new())];
    let mut is_open = false;
    for (number, line) in text.lines().enumerate() {
        match (line.strip_prefix("```"), parts.last_mut().unwrap()) {
            (Some(language), _) if !is_open => {
                parts.push(Part::Block {
                    language: language.to_owned(),
                    line: number + 1,
                    body: Vec::new(),
                });
                is_open = true;
            }
            (Some(_), _) => {
                parts.push(Part::Prose(Vec::new()));
                is_open = false;
            }
            (None, Part::Prose(lines) | Part::Block { body: lines, .. }) => {
                lines.push(line.to_owned())
            }
        }
    }
    parts
}

fn joined(parts: &[Part]) -> String {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Prose(lines) => lines.iter().for_each(|line| text.extend([line, "\n"])),
            Part::Block { language, body, .. } => {
                text.extend(["```", language, "\n"]);
                body.iter().for_each(|line| text.extend([line, "\n"]));
                text.push_str("```\n");
            }
        }
    }
    text
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::empty();
    for file in ["events.csv", "companies.csv"] {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/readme").join(file);
        fs::copy(source, sandbox.path(file)).unwrap();
    }
    sandbox
}

// ---- Blocks that are run

/// Runs the commands of a block, each after `first`, and replaces the shown output with the actual
/// one.
fn run_block(
    place: &str,
    sandbox: &Sandbox,
    first: &str,
    body: &mut Vec<String>,
    checked: &mut Checked,
) {
    let mut fresh = Vec::new();
    let mut rest = body.as_slice();
    while let Some((command, after)) = rest.split_first() {
        let Some(command) = command.strip_prefix("$ ") else {
            checked.wrong.push(format!("{place}: a console block begins with a command, `$ …`"));
            return;
        };
        let shown = after.iter().take_while(|line| !line.starts_with("$ ")).count();
        let (shown, next) = after.split_at(shown);
        let (status, came) = run_in(sandbox, &format!("{first}{command}"));
        let expected = command
            .split_once("# exits with ")
            .map_or(0, |(_, code)| code.trim().parse().unwrap_or(-1));
        if status != expected {
            checked
                .wrong
                .push(format!("{place}: `{command}` exits with {status}:\n{}", came.join("\n")));
        }
        fresh.push(format!("$ {command}"));
        // Blank lines between two commands are only for readability.
        let blank = shown.iter().rev().take_while(|line| line.is_empty()).count();
        let (shown, blank) = shown.split_at(shown.len() - blank);
        if matches(shown, &came) {
            fresh.extend_from_slice(shown);
        } else {
            checked.outdated.push(format!(
                "{place}: `{command}` does not print what is shown but:\n{}",
                came.join("\n")
            ));
            fresh.extend(came);
        }
        fresh.extend_from_slice(blank);
        rest = next;
    }
    *body = fresh;
}

/// Whether the shown lines match the actual ones, where `…` stands for any number of lines.
fn matches(shown: &[String], came: &[String]) -> bool {
    match shown.split_first() {
        None => came.is_empty(),
        Some((line, rest)) if line == "…" => {
            (0..=came.len()).any(|left_out| matches(rest, &came[left_out..]))
        }
        Some((line, rest)) => came.first() == Some(line) && matches(rest, &came[1..]),
    }
}

/// Runs a line in a shell with only the environment that is set here, with both output streams
/// combined, as on a terminal.
fn run_in(sandbox: &Sandbox, line: &str) -> (i32, Vec<String>) {
    let folder = sandbox.path("");
    let program = Path::new(env!("CARGO_BIN_EXE_signals")).parent().unwrap();
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1\n{line}")])
        .current_dir(&folder)
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", program.display()))
        .env("HOME", &folder)
        .env("SIGNALS_NOW", NOW)
        .env("SIGNALS_USER", "ana")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let text = text.replace(folder.to_string_lossy().trim_end_matches('/'), HOME);
    (
        output.status.code().unwrap_or(-1),
        text.lines().map(|line| line.trim_end().to_owned()).collect(),
    )
}

/// Runs a query, and writes its rows into the following `text` block.
fn query(
    place: &str,
    sandbox: &Sandbox,
    sql: &[String],
    after: &mut [Part],
    checked: &mut Checked,
) {
    let fresh = match rows(sandbox, &sql.join("\n")) {
        Ok(rows) => rows,
        Err(error) => return checked.wrong.push(format!("{place}: {error}")),
    };
    let shown = after.iter_mut().take(2).find_map(|part| match part {
        Part::Block { language, body, .. } if language == "text" => Some(body),
        _ => None,
    });
    match shown {
        None => checked.wrong.push(format!("{place}: a text block with the rows must follow")),
        Some(shown) if matches(shown, &fresh) => {}
        Some(shown) => {
            checked
                .outdated
                .push(format!("{place}: the rows are not those shown but:\n{}", fresh.join("\n")));
            *shown = fresh;
        }
    }
}

/// The rows in the format of the `sqlite3` shell with `-header`.
fn rows(sandbox: &Sandbox, sql: &str) -> rusqlite::Result<Vec<String>> {
    let path = sandbox.path(".local/share/signals/signals.db");
    let database =
        rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut statement = database.prepare(sql)?;
    let width = statement.column_count();
    let mut lines = vec![statement.column_names().collect::<Vec<_>>().join("|")];
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let cells = (0..width).map(|column| {
            Ok(match row.get_ref(column)? {
                ValueRef::Null => String::new(),
                ValueRef::Integer(number) => number.to_string(),
                ValueRef::Real(number) => format!("{number:?}"),
                ValueRef::Text(text) | ValueRef::Blob(text) => {
                    String::from_utf8_lossy(text).into_owned()
                }
            })
        });
        lines.push(cells.collect::<rusqlite::Result<Vec<String>>>()?.join("|"));
    }
    Ok(lines)
}

// ---- Commands that are only understood

fn parse_part(name: &str, part: &Part, checked: &mut Checked) {
    match part {
        Part::Prose(lines) => {
            // Code spans may be broken over lines.
            let text = lines.join(" ");
            for span in
                text.split('`').skip(1).step_by(2).filter(|span| span.starts_with("signals "))
            {
                checked
                    .wrong
                    .extend(misnamed(span).map(|problem| format!("{name}: `{span}`: {problem}")));
            }
        }
        Part::Block { language, line, body } => {
            let commands: Vec<&str> = match language.as_str() {
                "sh" => body.iter().map(String::as_str).collect(),
                "crontab" => body.iter().filter_map(|line| crontab_command(line)).collect(),
                "console" | "console demo" | "sql" | "text" | "csv" => return,
                file if file.starts_with("toml ") => return,
                other => {
                    checked
                        .wrong
                        .push(format!("{name}:{line}: nobody knows how to check '{other}'"));
                    return;
                }
            };
            let problems = commands.iter().flat_map(|command| misunderstood(command));
            checked.wrong.extend(problems.map(|problem| format!("{name}:{line}: {problem}")));
        }
    }
}

/// The command of a crontab line: what follows five fields; `None` for a line that sets a variable.
fn crontab_command(line: &str) -> Option<&str> {
    let is_field =
        |word: &str| word.chars().all(|letter| letter.is_ascii_digit() || "*/,-".contains(letter));
    let mut rest = line.trim();
    for _ in 0..5 {
        let (_, after) = rest.split_once(' ').filter(|(field, _)| is_field(field))?;
        rest = after.trim_start();
    }
    Some(rest)
}

/// The errors in the `signals` commands of a shell line.
fn misunderstood(line: &str) -> Vec<String> {
    let line = without_substitutions(&line.replace("cargo run --release -- ", "signals "));
    let commands = line.split(['|', ';']).flat_map(|part| part.split("&&"));
    let words =
        commands.map(words).filter(|words| words.first().is_some_and(|first| first == "signals"));
    words
        .filter_map(|words| refusal(&words).map(|why| format!("`{}`: {why}", words.join(" "))))
        .collect()
}

/// Replaces each `$(…)` by a word.
fn without_substitutions(line: &str) -> String {
    match line.split_once("$(") {
        Some((before, after)) => {
            let after = after.split_once(')').map_or("", |(_, after)| after);
            format!("{before}X{}", without_substitutions(after))
        }
        None => line.to_owned(),
    }
}

fn refusal(words: &[String]) -> Option<String> {
    let words =
        words.iter().take_while(|word| !word.starts_with(['>', '<', '#']) && *word != "2>&1");
    match internals::command().try_get_matches_from(words) {
        Err(error)
            if !matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) =>
        {
            Some(error.to_string())
        }
        _ => None,
    }
}

fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for letter in line.trim().chars() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, ' ') => words.push(String::new()),
            (_, letter) => words.last_mut().unwrap().push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// An error in a command that the text mentions, possibly incompletely: an unknown subcommand or
/// option.
fn misnamed(mention: &str) -> Option<String> {
    let mut root = internals::command();
    root.build();
    let mut command = &root;
    for word in words(mention).iter().skip(1) {
        let name = word.split('=').next().unwrap();
        if let Some(long) = name.strip_prefix("--") {
            let is_known = command.get_arguments().any(|option| option.get_long() == Some(long));
            if !is_known && !matches!(long, "help" | "version") {
                return Some(format!("`{}` has no option --{long}", command.get_name()));
            }
        } else if let Some(found) = command.find_subcommand(word) {
            command = found;
        } else if command.has_subcommands()
            && !command.get_name().eq("run")
            && word.starts_with(char::is_alphabetic)
        {
            return Some(format!("`{}` has no command {word}", command.get_name()));
        }
    }
    None
}

// ---- Parts that are generated

fn insert_generated(name: &str, text: &str, checked: &mut Checked) -> String {
    const OPEN: &str = "<!-- generated: ";
    let mut fresh = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let (what, after) = after.split_once(" -->\n").unwrap_or((after, ""));
        let Some((shown, after)) = after.split_once("<!-- end -->") else {
            checked.wrong.push(format!("{name}: the generated part '{what}' has no end"));
            break;
        };
        let made = generated(what);
        if made != shown {
            checked.outdated.push(format!("{name}: the generated part '{what}' is not current"));
        }
        write!(fresh, "{before}{OPEN}{what} -->\n{made}<!-- end -->").unwrap();
        rest = after;
    }
    fresh + rest
}

fn generated(what: &str) -> String {
    match what {
        "commands" => commands(),
        "options of every command" => format!("\n```text\n{}\n```\n\n", global_options(&help(""))),
        "exit codes" => exit_codes(),
        "columns" => columns(),
        "attributes" => attributes(),
        "functions" => functions(),
        "products" => products(),
        "presets" => presets(),
        other => panic!("nobody knows how to make '{other}'"),
    }
}

fn attributes() -> String {
    let mut text = String::new();
    let mut group = None;
    for [of, name, kind, unit, help] in internals::attributes() {
        if group.as_ref() != Some(&of) {
            write!(
                text,
                "\n### {of}\n\n| attribute | type | unit | what it says |\n|---|---|---|---|\n"
            )
            .unwrap();
            group = Some(of);
        }
        writeln!(text, "| `{name}` | {kind} | {unit} | {help} |").unwrap();
    }
    text + "\n"
}

fn presets() -> String {
    let mut text = String::from(
        "\n| preset | known from | type | what it is for | rule | playbook |\n|---|---|---|---|---|---|\n",
    );
    for preset in internals::presets() {
        let PresetRow { name, options, is_usual, source, signal_type, purpose, rule, playbook } =
            preset;
        let options = options.map(|options| format!(" {options}")).unwrap_or_default();
        let usual = if is_usual { ", usual" } else { "" };
        writeln!(
            text,
            "| `{name}{options}`{usual} | {source} | {signal_type} | {purpose} | {rule} | {playbook} |"
        )
        .unwrap();
    }
    text + "\n"
}

fn functions() -> String {
    let names: Vec<String> = EXPRESSION_FUNCTIONS.iter().map(|name| format!("`{name}`")).collect();
    format!("\n{}\n\n", names.join(" "))
}

fn help(command: &str) -> String {
    let help = Sandbox::empty().ok(&format!("{command} --help")).stdout;
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    lines.join("\n").trim_end().to_owned()
}

/// What the help of a command says about the options that all have.
const ELSEWHERE: &str = "Options of every command, such as --db and --quiet: signals --help";

const GLOBAL_HEADING: &str = "Options of every command:";

/// The paragraphs of a help text about global options.
fn global_options(help: &str) -> String {
    let (_, after) = help.split_once(GLOBAL_HEADING).unwrap();
    let mut lines: Vec<&str> = Vec::new();
    for line in after.lines().skip(1) {
        if !line.is_empty() && !line.starts_with(' ') {
            break;
        }
        lines.push(line);
    }
    format!("{GLOBAL_HEADING}\n{}", lines.join("\n").trim_end())
}

fn commands() -> String {
    let mut text = String::new();
    let mut paths = Vec::new();
    walk(&internals::command(), "", &mut paths);
    for path in paths {
        let help = help(&path);
        let own = match path.as_str() {
            "" => help.replace(&format!("\n\n{}", global_options(&help)), ""),
            _ => help.replace(&format!("\n\n{ELSEWHERE}"), ""),
        };
        let heading =
            if path.is_empty() { "signals".to_owned() } else { format!("signals {path}") };
        write!(text, "\n## {heading}\n\n```text\n{own}\n```\n").unwrap();
    }
    text + "\n"
}

fn walk(command: &clap::Command, path: &str, paths: &mut Vec<String>) {
    paths.push(path.to_owned());
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        walk(below, format!("{path} {}", below.get_name()).trim(), paths);
    }
}

fn exit_codes() -> String {
    let mut text = String::from("\n| code | meaning |\n|---:|---|\n| 0 | done |\n");
    for (code, meaning) in internals::exit_codes() {
        writeln!(text, "| {code} | {meaning} |").unwrap();
    }
    text + "\n"
}

/// The catalogue with the original names in its file, not folded.
fn catalogue() -> Catalogue {
    let text = include_str!("../../src/shipped/columns.toml");
    toml::from_str(text).unwrap()
}

/// The kinds in the catalogue that the program can import, determined by importing a header of
/// each.
fn imported(catalogue: &Catalogue) -> Vec<&FactKind> {
    let sandbox = Sandbox::new();
    let is_imported = |kind: &&FactKind| {
        let required =
            kind.columns.iter().filter(|column| column.required).map(|column| column.name.as_str());
        sandbox.write("header.csv", &(required.collect::<Vec<_>>().join(",") + ",source\n"));
        sandbox.run(&format!("import --kind {} header.csv", kind.name)).status == 0
    };
    let kinds: Vec<_> = catalogue.kinds.iter().filter(is_imported).collect();
    assert!(kinds.len() >= 2, "events and companies are imported");
    kinds
}

fn columns() -> String {
    let catalogue = catalogue();
    let mut text = String::new();
    for kind in imported(&catalogue) {
        write!(
            text,
            "\n### {}\n\n| column | holds | also called | taken for it when nothing better is there |\n",
            kind.name
        )
        .unwrap();
        text.push_str("|---|---|---|---|\n");
        for column in &kind.columns {
            let name =
                format!("`{}`{}", column.name, if column.required { ", required" } else { "" });
            let (aliases, instead) = (quoted(&column.aliases), quoted(&column.instead));
            writeln!(text, "| {name} | {} | {aliases} | {instead} |", holds(&column.cell)).unwrap();
        }
        if kind.custom {
            text.push_str("| any other | text | | |\n");
        }
    }
    text + "\n"
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn holds(cell: &CellType) -> String {
    match cell {
        CellType::Id => "an id".to_owned(),
        CellType::Text => "text of one line".to_owned(),
        CellType::Prose => "text".to_owned(),
        CellType::Count => "a whole number; blank is 1, 0 adds nothing".to_owned(),
        CellType::Whole { min, max } => format!("a whole number, {min} to {max}"),
        CellType::Money => "an amount".to_owned(),
        CellType::Past => "a time".to_owned(),
        CellType::Date => "a day".to_owned(),
        CellType::Choice { of, .. } => format!("one of {}", of.join(", ")),
        CellType::Choices { of, nothing } => {
            let nothing = nothing.as_ref().map(|word| format!(", or {word}")).unwrap_or_default();
            format!("some of {}, with `;` between{nothing}", of.join(", "))
        }
    }
}

fn products() -> String {
    let catalogue = catalogue();
    let imported: Vec<&str> = imported(&catalogue).iter().map(|kind| kind.name.as_str()).collect();
    let mut text = String::from(
        "\n| product | kind | recognised by the columns | read as |\n|---|---|---|---|\n",
    );
    for product in
        catalogue.products.iter().filter(|product| imported.contains(&product.kind.as_str()))
    {
        let columns = product
            .columns
            .iter()
            .map(|column| format!("`{}` from {}", column.name, quoted(&column.from)));
        let columns = columns.collect::<Vec<_>>().join("; ");
        writeln!(
            text,
            "| {} | {} | {} | {columns} |",
            product.name,
            product.kind,
            quoted(&product.signature)
        )
        .unwrap();
    }
    text + "\n"
}

// ---- Controls: what the checks are for must be found

#[test]
fn a_wrong_output_is_found_and_put_right() {
    let text = "# Title\n\n```console\n$ signals init\nready\n\n$ signals import --list\n…\n```\n";
    let checked = check("made-up.md", text);
    assert_eq!((checked.outdated.len(), checked.wrong.len()), (1, 0), "{:?}", checked.wrong);
    let ready =
        format!("{HOME}/.local/share/signals/signals.db is ready; days begin and end in UTC");
    assert!(checked.text.contains(&ready), "{}", checked.text);
    assert!(checked.text.contains("\n\n$ signals import --list\n…\n```\n"), "{}", checked.text);
    let again = check("made-up.md", &checked.text);
    assert!(again.outdated.is_empty() && again.wrong.is_empty() && again.text == checked.text);
}

#[test]
fn mistakes_in_documents_are_found() {
    let cases = [
        ("```console\n$ signals list\n…\n```", "exits with 6"),
        ("```console\n$ signals init # exits with 3\n…\n```", "exits with 0"),
        ("```console\nsignals init\n```", "begins with a command"),
        ("```sh\nsignals import events.csv && signals run --as-off 2026-01-01\n```", "--as-off"),
        ("```sh\ncargo run --release -- demmo\n```", "demmo"),
        ("```crontab\n15 6 * * * signals status --max-age 26\n```", "26"),
        ("```crontab\n15 6 * * * signals rum\n```", "rum"),
        ("```python\n1\n```", "python"),
        ("As `signals list --all` shows.", "--all"),
        ("As `signals rule delete NAME` does.", "delete"),
        ("<!-- generated: exit codes -->\n", "has no end"),
        ("```console\n$ signals init\n…\n```\n```sql\nSELECT 1 FROM nowhere\n```", "no such table"),
    ];
    for (text, expected) in cases {
        let wrong = check("made-up.md", &format!("{text}\n")).wrong.join("\n");
        assert!(wrong.contains(expected), "{text}: {wrong}");
    }
}

#[test]
fn correct_documents_are_left_alone() {
    let text = "`signals run`, `signals run list`, `signals show ID`, `signals rule set login --threshold 15`\n\
                ```crontab\nSIGNALS_DB=/srv/signals.db\n15 6 * * 1-5 signals import a.csv --quiet && signals run -q\n```\n\
                ```sh\nsignals backup /b/$(date +%F).db\npsql -c \"COPY t TO STDOUT\" | signals import --kind events -\nsignals man > signals.1\n```\n";
    let checked = check("made-up.md", text);
    assert!(
        checked.wrong.is_empty() && checked.outdated.is_empty(),
        "{:?}{:?}",
        checked.wrong,
        checked.outdated
    );
    assert_eq!(checked.text, text);
}
