//! Enforces the layers of the program by reading its sources.
//!
//! Each rule is a row of a table with its reason and an example of bad code that it must report,
//! because a rule that cannot fail is worthless. Comments and test modules are ignored.

use std::fs;
use std::path::{Path, PathBuf};

/// A folder or file of `src`, and what it may import from the rest of the crate.
struct Layer {
    name: &'static str,
    may_import: &'static [&'static str],
    reason: &'static str,
}

const LAYERS: [Layer; 30] = [
    Layer {
        name: "domain",
        may_import: &["shipped"],
        reason: "the domain decides from facts and a day alone, so that any day can be replayed and tested",
    },
    Layer {
        name: "error",
        may_import: &[],
        reason: "every layer may fail, so failures know no layer",
    },
    Layer {
        name: "clock",
        may_import: &["domain"],
        reason: "the clock gives an instant and knows nothing else",
    },
    Layer {
        name: "import",
        may_import: &["domain", "error", "shipped"],
        reason: "an import turns bytes into typed rows and leaves writing them to `load`",
    },
    Layer {
        name: "output_file",
        may_import: &["error"],
        reason: "a file is written whole or not at all, whatever is in it",
    },
    Layer {
        name: "shipped",
        may_import: &[],
        reason: "what ships with the program is data, read by whoever knows its type",
    },
    Layer {
        name: "expression",
        may_import: &["clock::Stopwatch", "domain", "error"],
        reason: "an expression is checked and evaluated over bound values, whatever database they came from",
    },
    Layer {
        name: "store",
        may_import: &["domain", "error", "expression", "output_file"],
        reason: "the store takes and returns domain types; who asks, and what for, is not its business",
    },
    Layer {
        name: "load",
        may_import: &["clock", "domain", "error", "import", "store"],
        reason: "loading connects the rows of a file with the store, whoever asked for it",
    },
    Layer {
        name: "network",
        may_import: &[],
        reason: "what connections have in common does not depend on what they are for",
    },
    Layer {
        name: "pull",
        may_import: &["clock", "domain", "error", "load", "network", "store"],
        reason: "a pull asks the engine that holds the events, and loads its counts as those of a file",
    },
    Layer {
        name: "health",
        may_import: &["domain", "expression", "store"],
        reason: "scoring a day reads attributes, lets the domain judge, and stores what came of it",
    },
    Layer {
        name: "run",
        may_import: &["clock", "domain", "expression", "health", "store"],
        reason: "a run reads facts, lets the domain decide, and stores what came of it, in the words of the preset",
    },
    Layer {
        name: "backtest",
        may_import: &["domain", "expression", "health", "run", "store"],
        reason: "a backtest replays rules as a run applies them, and writes nothing",
    },
    Layer {
        name: "notify",
        may_import: &["clock", "domain", "error", "network", "render", "store"],
        reason: "telling people takes what is in the outbox to servers, whoever asked for it",
    },
    Layer {
        name: "demo",
        may_import: &["domain"],
        reason: "the data of the demonstration is made from days and numbers, the same on every machine",
    },
    Layer {
        name: "render",
        may_import: &["domain"],
        reason: "formatters turn values into bytes, whatever the values are about",
    },
    Layer {
        name: "configuration",
        may_import: &["domain", "error", "render::escape"],
        reason: "a file of what is configured is read and written as text, whatever its sections are about",
    },
    Layer {
        name: "views",
        may_import: &["backtest", "domain", "render", "store"],
        reason: "a view gathers the rows of one screen; printing it is the command's work",
    },
    Layer {
        name: "ui",
        may_import: &["error", "render"],
        reason: "what prints does not know what it is about",
    },
    Layer {
        name: "global_options",
        may_import: &["ui::ColorChoice"],
        reason: "the options that every command has are declared once, and resolved by the context",
    },
    Layer {
        name: "context",
        may_import: &["clock", "domain", "error", "global_options", "store", "ui"],
        reason: "the context resolves what every command needs, and serves them all alike",
    },
    Layer {
        name: "query",
        may_import: &["context", "domain", "error", "expression", "store"],
        reason: "--segment, --where, --csm and the names that people type mean the same in every command",
    },
    Layer {
        name: "ops",
        may_import: &["context", "domain", "error", "query", "render", "store", "views"],
        reason: "what is done to the database is the same for commands, files and the configuration",
    },
    Layer {
        name: "triage",
        may_import: &["context", "domain", "error", "ops", "query", "render", "store", "views"],
        reason: "a session at the terminal shows views and changes the database by `ops`, as the commands do",
    },
    Layer {
        name: "commands",
        may_import: &[
            "backtest",
            "cli::Cli",
            "configuration",
            "context",
            "demo",
            "domain",
            "error",
            "expression",
            "health",
            "import",
            "load",
            "notify",
            "ops",
            "pull",
            "query",
            "render",
            "run",
            "store",
            "triage",
            "ui",
            "views",
            "output_file",
        ],
        reason: "commands connect the layers below; of the command line they may only describe it, as a whole (`cli::Cli`)",
    },
    Layer {
        name: "cli",
        may_import: &["commands", "context", "global_options", "store::SCHEMA_VERSION"],
        reason: "the command line names the commands and hands over to them; nothing else",
    },
    Layer {
        name: "internals",
        may_import: &[
            "cli",
            "configuration",
            "domain",
            "error",
            "expression",
            "import",
            "render",
            "store",
            "views",
        ],
        reason: "tests, benchmarks and fuzz targets call some parts directly; this list is all they can reach",
    },
    Layer {
        name: "lib",
        may_import: &["cli", "context", "error", "output_file", "triage", "ui"],
        reason: "the library's root runs one command line and turns its failure into an exit code",
    },
    Layer {
        name: "main",
        may_import: &["run", "forget_unfinished", "give_back_terminal", "is_paging"],
        reason: "everything the program does is in the library",
    },
];

/// Code that is only allowed in some places.
struct Restriction {
    what: What,
    /// The allowed folders (`store/`) and files (`ui.rs`) of `src`.
    allowed_in: &'static [&'static str],
    reason: &'static str,
    remedy: &'static str,
    /// A line that must be reported.
    bad: &'static str,
}

enum What {
    /// Any of these in the code; names match only as a whole.
    Code(&'static [&'static str]),
    /// A path into one of these crates.
    Crates(&'static [&'static str]),
    /// A string literal with an SQL statement.
    Sql,
    /// A string literal in which SQLite reads the clock.
    SqlClock,
}

const RESTRICTIONS: [Restriction; 18] = [
    Restriction {
        what: What::Sql,
        allowed_in: &["store/", "expression/", "pull/"],
        reason: "all SQL is in the store, but for the questions to sources",
        remedy: "add a method to `Store` that answers the question",
        bad: "fn f() { connection.execute(\"DELETE FROM rules\") }",
    },
    Restriction {
        what: What::Crates(&["rusqlite"]),
        allowed_in: &["store/", "expression/", "error.rs", "cli.rs"],
        reason: "the store owns the connection; error.rs maps SQLite's codes and cli.rs prints its version",
        remedy: "add a method to `Store`",
        bad: "use rusqlite::Connection;",
    },
    Restriction {
        what: What::Code(&["::now"]),
        allowed_in: &["clock.rs"],
        reason: "the clock is read in one place, or a past day could not be replayed",
        remedy: "take the day or the instant as an argument, or `&Clock`",
        bad: "fn f() { let today = chrono::Utc::now(); }",
    },
    Restriction {
        what: What::SqlClock,
        allowed_in: &[],
        reason: "SQLite must not read the clock behind our back",
        remedy: "bind the instant as a parameter",
        bad: "const Q: &str = \"UPDATE runs SET finished_at = CURRENT_TIMESTAMP\";",
    },
    Restriction {
        what: What::Code(&["env::"]),
        allowed_in: &["context.rs", "main.rs"],
        reason: "the environment is read once, in context.rs; main.rs hands over the arguments",
        remedy: "add a field to `context::Environment`",
        bad: "fn f() { std::env::var(\"HOME\"); }",
    },
    Restriction {
        what: What::Crates(&["directories", "whoami"]),
        allowed_in: &["context.rs"],
        reason: "these read the environment too",
        remedy: "ask the `Context`",
        bad: "fn f() { whoami::username(); }",
    },
    Restriction {
        what: What::Code(&[
            "println!",
            "print!",
            "eprintln!",
            "eprint!",
            "dbg!",
            "stdout",
            "stderr",
        ]),
        allowed_in: &["ui.rs", "output_file.rs"],
        reason: "only ui.rs prints, so that --quiet, colours, closed pipes and escaping hold everywhere; \
                 --out may name standard output",
        remedy: "use `context.ui`",
        bad: "fn f() { eprintln!(\"hm\"); }",
    },
    Restriction {
        what: What::Code(&[".print()"]),
        allowed_in: &["lib.rs"],
        reason: "clap prints its own help and mistakes, and only when the command line was parsed",
        remedy: "use `context.ui`",
        bad: "fn f() { error.print(); }",
    },
    Restriction {
        what: What::Code(&["stdin"]),
        allowed_in: &["ui.rs", "import/source.rs", "commands/import.rs"],
        reason: "standard input is asked by ui.rs and read by an import, or a loop in a script would lose its lines",
        remedy: "use `context.ui.ask`",
        bad: "fn f() { std::io::stdin().read_line(&mut line); }",
    },
    Restriction {
        what: What::Crates(&["clap", "clap_complete", "clap_mangen"]),
        allowed_in: &[
            "commands/",
            "query/",
            "cli.rs",
            "global_options.rs",
            "internals.rs",
            "lib.rs",
            "ui.rs",
            "render/record_formats.rs",
        ],
        reason: "the command line ends where the commands hand over; ui.rs and render/record_formats.rs only derive ValueEnum, \
                 and internals.rs shows the command line to the tests of the documents",
        remedy: "implement `FromStr` and let the command parse",
        bad: "use clap::ValueEnum;",
    },
    Restriction {
        what: What::Crates(&["csv"]),
        allowed_in: &["import/", "render/"],
        reason: "files are read by the import and rows are written by the renderer, each in one way",
        remedy: "use `import::Rejects` or `render::RecordWriter`",
        bad: "use csv::Writer;",
    },
    Restriction {
        what: What::Crates(&["rust_xlsxwriter"]),
        allowed_in: &["render/"],
        reason: "workbooks are written by the renderer, in which text is never a formula",
        remedy: "make a `render::report::Report` or use `render::RecordBook`",
        bad: "use rust_xlsxwriter::Workbook;",
    },
    Restriction {
        what: What::Code(&["fs::", "File::"]),
        allowed_in: &[
            "store/",
            "import/",
            "load/",
            "commands/",
            "ui.rs",
            "output_file.rs",
            "notify/secret.rs",
            "pull/access.rs",
        ],
        reason: "decisions, views and formatters know no files; ui.rs may be given one to print to, and a secret may stand in one",
        remedy: "return bytes and let the command write them",
        bad: "fn f() { std::fs::write(path, text); }",
    },
    Restriction {
        what: What::Crates(&["lettre", "tokio_postgres", "ureq", "net"]),
        allowed_in: &["network.rs", "notify/", "pull/"],
        reason: "only `notify` and `pull` open network connections",
        remedy: "write a notice and let `notify` deliver it, or let `pull` ask",
        bad: "use std::net::TcpStream;",
    },
    Restriction {
        what: What::Crates(&["ratatui"]),
        allowed_in: &["triage/"],
        reason: "only a session takes over the whole terminal; lists and screens are text",
        remedy: "use `render::Screen`",
        bad: "use ratatui::Frame;",
    },
    Restriction {
        what: What::Crates(&["minijinja"]),
        allowed_in: &["notify/content.rs", "render/report/page.rs"],
        reason: "HTML is written by templates that escape what they are given, in one place for each use",
        remedy: "render a template there",
        bad: "use minijinja::Environment;",
    },
    Restriction {
        what: What::Crates(&["chrono"]),
        allowed_in: &["domain/", "import/times/", "clock.rs"],
        reason: "days and instants are types of the domain, and only the domain knows what they are made of",
        remedy: "use `domain::day`",
        bad: "use chrono::NaiveDate;",
    },
    Restriction {
        what: What::Code(&["process::exit"]),
        allowed_in: &["main.rs"],
        reason: "main.rs alone ends the process, so that every file is closed",
        remedy: "return a `CommandError`",
        bad: "fn f() { std::process::exit(1); }",
    },
];

#[test]
fn layers_are_held() {
    let sources = sources();
    assert!(sources.len() > 40, "only {} sources were found", sources.len());
    let problems: Vec<String> = sources.iter().flat_map(problems).collect();
    assert!(problems.is_empty(), "\n\n{}\n", problems.join("\n\n"));
}

#[test]
fn every_folder_is_a_layer() {
    for source in sources() {
        let layer = source.layer();
        let is_known = LAYERS.iter().any(|known| known.name == layer);
        assert!(
            is_known,
            "src/{}: give '{layer}' a row in LAYERS of tests/it/layers.rs",
            source.path
        );
    }
}

#[test]
fn no_row_is_idle() {
    let sources = sources();
    for layer in &LAYERS {
        for import in layer.may_import {
            let top = import.split("::").next().unwrap();
            let mut of_layer = sources.iter().filter(|source| source.layer() == layer.name);
            // `mod x;` at the root is not an import.
            let is_used =
                of_layer.any(|source| source.imports().iter().any(|(_, path)| path[0] == top));
            assert!(
                is_used || layer.name == "lib",
                "{} need not import {import}: take it out of its row",
                layer.name
            );
        }
    }
}

/// The control: every restriction reports its example, with its line, in an ordinary file.
#[test]
fn every_restriction_can_fail() {
    for restriction in &RESTRICTIONS {
        let place = ["domain/made_up.rs", "views/made_up.rs"]
            .iter()
            .find(|place| !restriction.allows(place))
            .unwrap();
        let text =
            format!("//! Nothing of note.\n\nuse crate::domain::day::Day;\n{}\n", restriction.bad);
        let found = problems(&Source::read(place, &text));
        let place = format!("src/{place}:4: ");
        assert!(
            found
                .iter()
                .any(|problem| problem.starts_with(&place) && problem.contains(restriction.reason)),
            "{} was not reported at {place}: {found:?}",
            restriction.bad
        );
    }
}

/// The control for the layers, for each way of writing an import.
#[test]
fn every_forbidden_import_is_found() {
    let cases = [
        ("domain/made_up.rs", "use crate::store::Store;", Some("store")),
        ("domain/made_up.rs", "fn f() { crate::commands::list::run() }", Some("commands")),
        ("domain/made_up.rs", "use crate::{domain::day::Day, error::Kind};", Some("error")),
        (
            "domain/made_up.rs",
            "use crate::{\n    domain::{day::Day, rule::Rule},\n    ui::{Ui},\n};",
            Some("ui"),
        ),
        ("domain/made_up.rs", "use super::super::store::Store;", Some("store")),
        ("domain/mod.rs", "use super::store::Store;", Some("store")),
        ("run.rs", "use super::views::signals;", Some("views")),
        ("main.rs", "use signals::commands::list::List;", Some("commands")),
        ("main.rs", "fn main() { signals::run(arguments) }", None),
        ("views/made_up.rs", "use super::signals::SIGNALS;", None),
        ("commands/made_up.rs", "use crate::cli::Command;", Some("cli")),
        ("commands/made_up.rs", "use crate::cli::Cli;", None),
        ("domain/made_up.rs", "use super::day::Day;", None),
        ("domain/mod.rs", "use self::day::Day;", None),
        (
            "domain/made_up.rs",
            "/// Unlike [`crate::store::Store`].\nconst A: &str = \"crate::store\";",
            None,
        ),
        ("domain/made_up.rs", "fn f<'a>(x: &'a str) -> char { '\"' }\n// crate::store", None),
        ("domain/made_up.rs", "const A: &str = r#\"\"crate::ui\"\"#;", None),
        ("domain/made_up.rs", "#[cfg(test)]\nmod tests {\n    use crate::store::Store;\n}", None),
        (
            "domain/made_up.rs",
            "#[cfg(test)]\nmod tests { }\nuse crate::store::Store;",
            Some("store"),
        ),
    ];
    for (path, text, expected) in cases {
        let found = problems(&Source::read(path, text));
        match expected {
            Some(layer) => {
                let told =
                    found.iter().any(|problem| problem.contains(&format!("imports {layer}")));
                assert!(told && found.len() == 1, "{path}: {text}: {found:?}");
            }
            None => assert!(found.is_empty(), "{path}: {text}: {found:?}"),
        }
    }
}

/// A source file: its code without comments, literals and tests, and its string literals.
struct Source {
    /// Relative to `src`, with `/`.
    path: String,
    /// The code, with blanks in place of the rest, so that lines do not move.
    code: String,
    /// Every string literal, with its first line.
    texts: Vec<(usize, String)>,
}

fn problems(source: &Source) -> Vec<String> {
    let mut problems = import_problems(source);
    for restriction in RESTRICTIONS.iter().filter(|restriction| !restriction.allows(&source.path)) {
        for (line, found) in restriction.what.find(source) {
            problems.push(format!(
                "src/{}:{line}: `{found}` does not belong here: {}.\n  Instead: {}; or argue for another place in tests/it/layers.rs.",
                source.path, restriction.reason, restriction.remedy
            ));
        }
    }
    problems
}

fn import_problems(source: &Source) -> Vec<String> {
    let layer = source.layer();
    let Some(rule) = LAYERS.iter().find(|rule| rule.name == layer) else { return Vec::new() };
    let may = |path: &[String]| {
        let full = path.join("::");
        path[0] == layer
            || rule
                .may_import
                .iter()
                .any(|may| full == *may || full.starts_with(&format!("{may}::")))
    };
    let wrong = source.imports().into_iter().filter(|(_, path)| !may(path));
    wrong
        .map(|(line, path)| {
            format!(
                "src/{}:{line}: `{layer}` imports {}, and may import only {}: {}.\n  Instead: move the code to the layer that may, or hand over what it needs as an argument.",
                source.path,
                path.join("::"),
                if rule.may_import.is_empty() { "itself".to_owned() } else { rule.may_import.join(", ") },
                rule.reason
            )
        })
        .collect()
}

impl Restriction {
    fn allows(&self, path: &str) -> bool {
        self.allowed_in.iter().any(|place| {
            if place.ends_with('/') { path.starts_with(place) } else { path == *place }
        })
    }
}

impl What {
    /// The occurrences, with line and text.
    fn find(&self, source: &Source) -> Vec<(usize, String)> {
        match self {
            What::Code(needles) => {
                needles.iter().flat_map(|needle| source.occurrences(needle)).collect()
            }
            What::Crates(names) => {
                names.iter().flat_map(|name| source.occurrences(&format!("{name}::"))).collect()
            }
            What::Sql => source.texts_with(is_sql),
            What::SqlClock => source.texts_with(reads_the_clock),
        }
    }
}

/// Whether a line of the text begins an SQL statement.
fn is_sql(text: &str) -> bool {
    const STATEMENTS: [(&str, &str); 12] = [
        ("select ", ""),
        ("insert ", "into "),
        ("replace ", "into "),
        ("update ", " set "),
        ("delete ", "from "),
        ("pragma ", ""),
        ("create ", "table "),
        ("create ", "index "),
        ("create ", "view "),
        ("drop ", "table "),
        ("alter ", "table "),
        ("begin ", "immediate"),
    ];
    text.lines().map(str::trim_start).any(|line| {
        let is_shouted =
            line.chars().take_while(|letter| letter.is_alphabetic()).all(char::is_uppercase);
        let line = line.to_lowercase();
        STATEMENTS.iter().any(|(verb, rest)| {
            // English may begin with "Select"; upper case or a continuation like SQL is SQL.
            line.starts_with(verb)
                && line.contains(rest)
                && (is_shouted || line.contains(" from ") || !rest.is_empty())
        })
    })
}

fn reads_the_clock(text: &str) -> bool {
    ["'now'", "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "unixepoch()", "julianday()"]
        .iter()
        .any(|word| text.contains(word))
}

impl Source {
    fn read(path: &str, text: &str) -> Source {
        let (code, texts) = split(text);
        let (code, ranges) = without_tests(code);
        let is_test =
            |line: &usize| ranges.iter().any(|(first, last)| (first..=last).contains(&line));
        Source {
            path: path.to_owned(),
            code,
            texts: texts.into_iter().filter(|(line, _)| !is_test(line)).collect(),
        }
    }

    /// The folder, or the top-level file.
    fn layer(&self) -> &str {
        self.path.split('/').next().unwrap().trim_end_matches(".rs")
    }

    /// The depth of the module: 0 for the crate root.
    fn depth(&self) -> usize {
        match self.path.as_str() {
            "lib.rs" | "main.rs" => 0,
            path => path.split('/').count() - usize::from(path.ends_with("/mod.rs")),
        }
    }

    /// Every path from the crate root, with its line.
    fn imports(&self) -> Vec<(usize, Vec<String>)> {
        let tokens = tokens(&self.code);
        let word = |at: usize| tokens.get(at).map_or("", |(_, token)| token.as_str());
        let mut found = Vec::new();
        for (at, (_, token)) in tokens.iter().enumerate() {
            let is_start = at == 0 || word(at - 1) != "::";
            let root = match token.as_str() {
                "crate" if word(at + 1) == "::" && is_start => at + 2,
                // For main.rs the library is another crate.
                "signals" if self.path == "main.rs" && word(at + 1) == "::" && is_start => at + 2,
                "super" if is_start => {
                    let mut next = at;
                    let mut levels = 0;
                    while word(next) == "super" && word(next + 1) == "::" {
                        (next, levels) = (next + 2, levels + 1);
                    }
                    if levels < self.depth() || levels == 0 {
                        continue;
                    }
                    next
                }
                // At the crate root, modules need no `crate::`.
                "use" if self.depth() == 0 && self.path == "lib.rs" => at + 1,
                _ => continue,
            };
            branches(&tokens, root, &[], &mut found);
        }
        let is_foreign = |path: &[String]| !LAYERS.iter().any(|layer| layer.name == path[0]);
        found.retain(|(_, path)| self.path != "lib.rs" || !is_foreign(path));
        found
    }

    fn occurrences(&self, needle: &str) -> Vec<(usize, String)> {
        let is_name = |byte: Option<&u8>| {
            byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        };
        let bytes = self.code.as_bytes();
        let whole = |start: usize| {
            let end = start + needle.len();
            let before =
                is_name(needle.as_bytes().first()) && start > 0 && is_name(bytes.get(start - 1));
            let after = is_name(needle.as_bytes().last()) && is_name(bytes.get(end));
            !before && !after
        };
        let starts =
            self.code.match_indices(needle).map(|(start, _)| start).filter(|start| whole(*start));
        starts.map(|start| (line_of(&self.code, start), needle.to_owned())).collect()
    }

    fn texts_with(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<(usize, String)> {
        let texts = self.texts.iter().filter(|(_, text)| is_wanted(text));
        texts
            .map(|(line, text)| {
                (*line, text.split_whitespace().take(4).collect::<Vec<_>>().join(" "))
            })
            .collect()
    }
}

/// The paths of a `use` tree, or the single path, that begin at a token.
fn branches(
    tokens: &[(usize, String)],
    mut at: usize,
    before: &[String],
    found: &mut Vec<(usize, Vec<String>)>,
) -> usize {
    let mut path = before.to_vec();
    let mut line = tokens.get(at).map_or(0, |(line, _)| *line);
    while let Some((here, token)) = tokens.get(at) {
        match token.as_str() {
            "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|(_, token)| token != "}") {
                    at = branches(tokens, at, &path, found);
                    at += usize::from(tokens.get(at).is_some_and(|(_, token)| token == ","));
                }
                return at + 1;
            }
            "::" => {}
            word if word.starts_with(|letter: char| {
                letter.is_alphabetic() || letter == '_' || letter == '*'
            }) =>
            {
                (line, _) = (*here, path.push(word.to_owned()));
                if tokens.get(at + 1).is_none_or(|(_, next)| next != "::") {
                    at += 1;
                    break;
                }
            }
            _ => break,
        }
        at += 1;
    }
    // Skip `as NAME`.
    if tokens.get(at).is_some_and(|(_, token)| token == "as") {
        at += 2;
    }
    if path.len() > before.len() {
        found.push((line, path));
    } else {
        at += 1;
    }
    at
}

/// Names, `::`, and every other character by itself, each with its line.
fn tokens(code: &str) -> Vec<(usize, String)> {
    let mut tokens: Vec<(usize, String)> = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            let length = match first {
                ':' if rest.starts_with("::") => 2,
                _ if first.is_alphanumeric() || first == '_' => rest
                    .find(|letter: char| !letter.is_alphanumeric() && letter != '_')
                    .unwrap_or(rest.len()),
                _ => first.len_utf8(),
            };
            if !first.is_whitespace() {
                tokens.push((number + 1, rest[..length].to_owned()));
            }
            rest = &rest[length..];
        }
    }
    tokens
}

/// Replaces comments and the contents of literals by blanks, and returns the string literals
/// separately.
fn split(text: &str) -> (String, Vec<(usize, String)>) {
    let mut code = String::with_capacity(text.len());
    let mut texts = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let length = literal_or_comment(rest, code.chars().last());
        match length {
            None => {
                let letter = rest.chars().next().unwrap();
                code.push(letter);
                at += letter.len_utf8();
            }
            Some(length) => {
                let piece = &rest[..length];
                if piece.trim_start_matches(['b', 'r', '#']).starts_with('"') {
                    let inside =
                        &piece[piece.find('"').unwrap() + 1..piece.rfind('"').unwrap().max(1)];
                    texts.push((line_of(text, at), inside.replace("\\\n", "\n")));
                }
                code.extend(piece.chars().map(|letter| if letter == '\n' { '\n' } else { ' ' }));
                at += length;
            }
        }
    }
    (code, texts)
}

/// The length of the literal or comment at the beginning of `rest`. Lifetimes are neither.
fn literal_or_comment(rest: &str, before: Option<char>) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(rest.find("*/").map_or(rest.len(), |end| end + 2));
    }
    let in_name = before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    let body = rest.strip_prefix('b').filter(|_| !in_name).unwrap_or(rest);
    let prefix = rest.len() - body.len();
    if let Some(raw) = body.strip_prefix('r').filter(|_| !in_name) {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let inside = &raw[hashes + 1..];
            let close = inside.find(&end).map_or(inside.len(), |close| close + end.len());
            return Some(prefix + 1 + hashes + 1 + close);
        }
    }
    let quote = body.chars().next().filter(|quote| *quote == '"' || *quote == '\'')?;
    if quote == '\'' && !is_char(&body[1..]) {
        return None;
    }
    let mut is_escaped = false;
    let close = body[1..].find(|letter: char| {
        let closes = letter == quote && !is_escaped;
        is_escaped = letter == '\\' && !is_escaped;
        closes
    });
    Some(prefix + close.map_or(body.len(), |close| close + 2))
}

/// Whether what follows a `'` is a character, not a lifetime.
fn is_char(rest: &str) -> bool {
    let mut letters = rest.chars();
    match letters.next() {
        Some('\\') => true,
        Some(_) => letters.next() == Some('\''),
        None => false,
    }
}

/// Replaces every `#[cfg(test)]` item by blanks, and returns their lines.
fn without_tests(code: String) -> (String, Vec<(usize, usize)>) {
    let mut code = code;
    let mut ranges = Vec::new();
    while let Some(start) = code.find("#[cfg(test)]") {
        let end = item_end(&code, start + "#[cfg(test)]".len());
        ranges.push((line_of(&code, start), line_of(&code, end.saturating_sub(1))));
        let blanks: String = code[start..end]
            .chars()
            .map(|letter| if letter == '\n' { '\n' } else { ' ' })
            .collect();
        code.replace_range(start..end, &blanks);
    }
    (code, ranges)
}

/// The end of the item at `start`: its `;`, or the closing brace of its first block.
fn item_end(code: &str, start: usize) -> usize {
    let mut depth = 0;
    for (at, letter) in code[start..].char_indices() {
        match letter {
            ';' if depth == 0 => return start + at + 1,
            '{' => depth += 1,
            '}' if depth == 1 => return start + at + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// All sources of the program, except the files of `#[cfg(test)] mod NAME;`.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let texts: Vec<(PathBuf, String)> =
        files.into_iter().map(|file| (file.clone(), fs::read_to_string(file).unwrap())).collect();
    let tests: Vec<PathBuf> =
        texts.iter().flat_map(|(file, text)| test_files(file, text)).collect();
    let kept = texts.iter().filter(|(file, _)| !tests.contains(file));
    kept.map(|(file, text)| {
        Source::read(&file.strip_prefix(&root).unwrap().to_string_lossy(), text)
    })
    .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

fn test_files(file: &Path, text: &str) -> Vec<PathBuf> {
    let code = split(text).0;
    let declared = code.split("#[cfg(test)]").skip(1).filter_map(|rest| {
        let item = rest.trim_start().strip_prefix("mod ")?;
        let (name, _) = item.split_once(';').filter(|(name, _)| !name.contains('{'))?;
        Some(name.trim().to_owned())
    });
    let folder = match file.file_name().and_then(|name| name.to_str()) {
        Some("mod.rs" | "lib.rs" | "main.rs") => file.parent().unwrap().to_owned(),
        _ => file.with_extension(""),
    };
    declared.map(|name| folder.join(format!("{name}.rs"))).collect()
}

/// The dependencies in a section of a manifest that no source uses.
fn unused_dependencies(manifest: &str, section: &str, folders: &[&str]) -> Vec<String> {
    let manifest: toml::Table = manifest.parse().unwrap();
    let mut files = Vec::new();
    for folder in folders {
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut files);
    }
    let text: String = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let names = manifest[section].as_table().unwrap().keys();
    let is_idle = |name: &&String| !text.contains(&format!("{}::", name.replace('-', "_")));
    names.filter(is_idle).cloned().collect()
}

#[test]
fn every_dependency_is_used() {
    let manifest = include_str!("../../Cargo.toml");
    assert_eq!(unused_dependencies(manifest, "dependencies", &["src"]), [""; 0]);
    let all = ["src", "tests", "benches"];
    assert_eq!(unused_dependencies(manifest, "dev-dependencies", &all), [""; 0]);
    let control = "[dependencies]\nno-such-crate = '1'\nanyhow = '1'";
    assert_eq!(unused_dependencies(control, "dependencies", &["src"]), ["no-such-crate"]);
}

#[test]
fn there_is_one_provider_of_cryptography() {
    let lock =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).unwrap();
    assert!(lock.contains("name = \"ring\""));
    for other in ["aws-lc-rs", "aws-lc-sys", "openssl-sys", "native-tls", "boring"] {
        assert!(!lock.contains(&format!("name = \"{other}\"")), "{other} is in Cargo.lock");
    }
}

/// The schema is SQL in its own file; it must not read the clock either.
#[test]
fn the_schema_does_not_read_the_clock() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/schema.sql");
    assert!(!reads_the_clock(&fs::read_to_string(path).unwrap()));
}

#[test]
fn sql_is_told_from_english() {
    for text in [
        "SELECT 1",
        "\n   DELETE FROM rules",
        "select id from signals",
        "PRAGMA user_version",
        "BEGIN IMMEDIATE",
    ] {
        assert!(is_sql(text), "{text}");
    }
    for text in [
        "Select a shell",
        "psql -c \"COPY (SELECT …) TO STDOUT\"",
        "update it first",
        "delete the file",
    ] {
        assert!(!is_sql(text), "{text}");
    }
}
