//! `signals demo`: demonstrates the program.
//!
//! It writes the files that a company's systems would export, and then runs the commands of
//! `demo/script.txt` as a user would type them, in this process but through the same command line.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Args, Parser};

use crate::cli::Cli;
use crate::context::{self, Context};
use crate::demo;
use crate::domain::day::Instant;
use crate::domain::signal::{SignalId, SignalType};
use crate::error::{CommandError, ErrorKind, not_allowed};
use crate::store::{SignalFilter, SignalOrder, Store};

/// Try the program on built-in data: 40 companies over 120 days.
#[derive(Debug, Args)]
#[command(after_help = "\
The folder gets the imported files, history.txt, the database signals.db and dashboard.html.

Examples:
  signals demo
  signals demo /tmp/try-signals")]
pub(crate) struct Demo {
    /// The folder to create
    #[arg(default_value = "signals-demo", value_name = "DIR")]
    folder: PathBuf,
}

const DATABASE: &str = "signals.db";

/// The page that the script writes last.
const DASHBOARD: &str = "dashboard.html";

/// The fixed time of the demonstration: the morning after its last day of data.
const NOW: &str = "2026-04-01T06:00:00Z";

impl Demo {
    /// Creates the folder and runs the script in it.
    ///
    /// # Errors
    /// A folder that is not empty (exit 9) or cannot be written (exit 8).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        let folder = &self.folder;
        refuse_content(folder)?;
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        demo::FILES.iter().try_for_each(|(name, text)| write(&folder.join(name), text))?;
        write(&folder.join("events.csv"), &demo::events()?)?;
        let shown = shell_word(folder);
        context.ui.data(format!("$ cd {shown}\n$ export SIGNALS_DB={DATABASE}\n"))?;
        let before = context::enter(folder)?;
        let mut now: Instant = NOW.parse()?;
        demo::SCRIPT.lines().try_for_each(|line| step(context, line, &mut now))?;
        let number = newest_bad_signal("C-113 dashboard_viewed")?;
        context::enter(&before)?;
        context.ui.data(farewell(folder, number))
    }
}

fn refuse_content(folder: &Path) -> Result<()> {
    if folder.join(DATABASE).exists() {
        let message = format!("{} has a database of an earlier demonstration", folder.display());
        let other = shell_word(folder);
        let hint = format!("remove the folder first, or name another one: signals demo {other}-2");
        return Err(not_allowed(message).hint(hint).into());
    }
    let is_empty = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(_) => !folder.exists(),
    };
    if is_empty {
        return Ok(());
    }
    let message = format!("{} exists and is not an empty folder", folder.display());
    Err(not_allowed(message).hint("name a folder that does not exist yet: signals demo DIR").into())
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Prints a line of the script, and runs it if it is a command. A line that sets the clock changes
/// `now` for the following lines.
fn step(context: &Context, line: &str, now: &mut Instant) -> Result<()> {
    if let Some(time) = line.strip_prefix("export SIGNALS_NOW=") {
        *now = time.parse()?;
        return context.ui.data(format!("\n$ {line}\n"));
    }
    if !line.starts_with("signals ") {
        return context.ui.data(format!("{line}\n"));
    }
    let line = with_numbers(line)?;
    context.ui.data(format!("\n$ {}\n", folded(&line)))?;
    context.ui.flush()?;
    let (command, file) = redirection(&line)?;
    let words = words(command);
    let failed = || format!("the demonstration stopped at `{command}`");
    let cli = Cli::try_parse_from(words).with_context(failed)?;
    let inner =
        context.within(context.ui.within(file), *now, DATABASE.into(), cli.global.by.clone());
    cli.run(&inner).and_then(|()| inner.ui.flush()).with_context(failed)
}

/// The script cannot know the ids of signals: `<C-104>` stands for the newest bad signal of that
/// company, `<C-104 login>` for that of one rule.
fn with_numbers(line: &str) -> Result<String> {
    let Some((before, rest)) = line.split_once('<') else { return Ok(line.to_owned()) };
    let Some((wanted, after)) = rest.split_once('>') else { return Ok(line.to_owned()) };
    let number = newest_bad_signal(wanted)?;
    Ok(format!("{before}{number}{after}"))
}

fn newest_bad_signal(wanted: &str) -> Result<SignalId> {
    let (company, rule) =
        wanted.split_once(' ').map_or((wanted, None), |(company, rule)| (company, Some(rule)));
    let store = Store::open_to_read(Path::new(DATABASE))?;
    let filter = SignalFilter {
        company: store.company_by_text(company)?,
        rule: rule.map(str::to_owned),
        signal_type: Some(SignalType::Bad),
        ..SignalFilter::default()
    };
    let order = SignalOrder { limit: Some(1), ..SignalOrder::NEWEST_FIRST };
    let newest = store.signals(&filter, order)?.into_iter().next();
    let missing = || format!("the demonstration has no bad signal of {wanted}");
    Ok(newest.ok_or_else(|| CommandError::new(ErrorKind::Bug, missing()))?.id)
}

/// The command without its `> FILE` or `>> FILE`, and that file.
fn redirection(line: &str) -> Result<(&str, Option<File>)> {
    let (command, name, is_added) = match (line.split_once(" >> "), line.split_once(" > ")) {
        (Some((command, name)), _) => (command, name, true),
        (None, Some((command, name))) => (command, name, false),
        (None, None) => return Ok((line, None)),
    };
    let mut options = OpenOptions::new();
    options.create(true).write(true).append(is_added).truncate(!is_added);
    Ok((command, Some(options.open(name).with_context(|| format!("cannot write {name}"))?)))
}

/// The words of a command; quotes keep words together.
fn words<'c>(command: &'c str) -> Vec<&'c str> {
    let words = |(place, part): (usize, &'c str)| match place % 2 {
        1 => vec![part],
        _ => part.split_whitespace().collect(),
    };
    command.split('"').enumerate().flat_map(words).collect()
}

/// The widest line of the demonstration.
const WIDTH: usize = 98;

/// A long command on several lines, broken before an option.
fn folded(line: &str) -> String {
    let mut text = String::new();
    let mut width = 0;
    for (place, part) in line.split(" --").enumerate() {
        if place > 0 && width + part.len() + " -- \\".len() > WIDTH {
            text.push_str(" \\\n   ");
            width = 3;
        }
        let part = if place == 0 { part.to_owned() } else { format!(" --{part}") };
        text.push_str(&part);
        width += part.len();
    }
    text
}

fn farewell(folder: &Path, number: SignalId) -> String {
    let database = shell_word(&folder.join(DATABASE));
    let page = shell_word(&folder.join(DASHBOARD));
    let folder = shell_word(folder);
    format!(
        "
# The files are in {folder}: what was imported, history.txt and the database signals.db.
# The dashboard is a page to open in a browser: {page}
# Three commands to try next:
signals --db {database} list --state open --sort chance --limit 20
signals --db {database} show {number}
signals --db {database} ack {number} --reason \"Called them: they are moving house\"
"
    )
}

/// Quotes a path for a shell's command line.
fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+".contains(c);
    if text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_words_together() {
        assert_eq!(
            words("signals ack 7 --reason \"Seen twice\" --yes"),
            ["signals", "ack", "7", "--reason", "Seen twice", "--yes"]
        );
    }

    #[test]
    fn long_commands_are_broken_before_an_option() {
        let line = format!("signals ack --all --reason \"{}\" --yes", "x".repeat(60));
        assert_eq!(folded(&line), line);
        let line = format!("signals ack --all --reason \"{}\" --yes", "x".repeat(90));
        assert_eq!(
            folded(&line),
            line.replace(" --reason", " \\\n    --reason").replace("\" --yes", "\" \\\n    --yes")
        );
    }

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        assert_eq!(shell_word(Path::new("/tmp/signals-demo")), "/tmp/signals-demo");
        assert_eq!(shell_word(Path::new("it's here")), r"'it'\''s here'");
    }
}
