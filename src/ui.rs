//! The only code that prints and prompts.
//!
//! Standard output is for data; everything else goes to standard error, where `--quiet` leaves only
//! errors.

use std::cell::RefCell;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufRead, BufWriter, IsTerminal, Write};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use anstyle::{AnsiColor, Style};
use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::error::{CommandError, not_allowed, usage};
use crate::render::{Look, RecordWriter, Screen, Value, escape, wrap_prose};

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    Always,
    Never,
}

/// The terminal settings in the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Terminal {
    /// NO_COLOR is set, or TERM is dumb.
    pub wants_no_colour: bool,
    /// CLICOLOR_FORCE is set.
    pub forces_colour: bool,
    /// COLUMNS, where it is set to a number.
    pub columns: Option<u16>,
    /// The shell command for output that is longer than the screen; `None`: no pager.
    pub pager: Option<String>,
}

/// Whether a pager has the terminal.
static IS_PAGING: AtomicBool = AtomicBool::new(false);

/// Whether a pager has the terminal, in which case it handles Ctrl-C itself.
pub fn is_paging() -> bool {
    IS_PAGING.load(Ordering::Relaxed)
}

pub(crate) struct Ui {
    out: RefCell<BufWriter<Box<dyn Write>>>,
    look: Look,
    /// The pager, and the number of lines that fit on the screen.
    pager: Option<(String, usize)>,
    error_colour: bool,
    /// The width of the terminal that standard error is; `None` if it is none.
    error_width: Option<u16>,
    is_quiet: bool,
    shows_progress: bool,
}

/// The exit codes of a shell that cannot start a command, which it has already said.
const NOT_STARTED: [Option<i32>; 2] = [Some(126), Some(127)];

/// The width of a terminal that does not report one.
const USUAL_WIDTH: u16 = 80;

fn buffered(out: impl Write + 'static) -> RefCell<BufWriter<Box<dyn Write>>> {
    RefCell::new(BufWriter::with_capacity(1 << 16, Box::new(out)))
}

/// Writes records to `out`, one by one.
pub(crate) fn write_records(
    mut writer: RecordWriter<'_>,
    mut out: impl FnMut(&[u8]) -> Result<()>,
    produce: impl FnOnce(&mut dyn FnMut(&[Value<'_>]) -> Result<()>) -> Result<()>,
) -> Result<()> {
    let mut bytes = Vec::new();
    writer.start(&mut bytes)?;
    produce(&mut |values| {
        writer.record(&mut bytes, values)?;
        out(&bytes)?;
        bytes.clear();
        Ok(())
    })?;
    writer.finish(&mut bytes);
    out(&bytes)
}

impl Ui {
    /// Detects what the streams are.
    #[expect(clippy::disallowed_methods, reason = "this is the place that prints")]
    pub(crate) fn new(choice: ColorChoice, is_quiet: bool, terminal: Terminal) -> Self {
        let colour = |is_terminal: bool| match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if terminal.wants_no_colour => false,
            ColorChoice::Auto => is_terminal || terminal.forces_colour,
        };
        let [out_is_terminal, error_is_terminal] =
            [io::stdout().is_terminal(), io::stderr().is_terminal()];
        let size = terminal_size::terminal_size().filter(|(width, _)| width.0 > 0);
        let lines = size.map(|(_, height)| usize::from(height.0)).filter(|_| out_is_terminal);
        let width = terminal.columns.or(size.map(|(width, _)| width.0)).unwrap_or(USUAL_WIDTH);
        Ui {
            out: buffered(io::stdout()),
            look: Look {
                has_colour: colour(out_is_terminal),
                width: out_is_terminal.then_some(width),
            },
            pager: terminal.pager.zip(lines),
            error_colour: colour(error_is_terminal),
            error_width: error_is_terminal.then_some(width),
            is_quiet,
            shows_progress: error_is_terminal && !is_quiet,
        }
    }

    /// The same for a command that runs inside this one, with its standard output in `file` if
    /// there is one.
    #[expect(clippy::disallowed_methods, reason = "this is the place that prints")]
    pub(crate) fn within(&self, file: Option<File>) -> Self {
        let (out, look) = match file {
            Some(file) => (buffered(file), Look::PLAIN),
            None => (buffered(io::stdout()), self.look),
        };
        Ui { out, look, pager: None, ..*self }
    }

    pub(crate) fn look(&self) -> Look {
        self.look
    }

    pub(crate) fn data(&self, bytes: impl AsRef<[u8]>) -> Result<()> {
        self.out.borrow_mut().write_all(bytes.as_ref()).context("cannot write to standard output")
    }

    /// Writes a screen to standard output, through the pager if it is longer than the terminal.
    pub(crate) fn page(&self, draw: impl FnOnce(&mut Screen)) -> Result<()> {
        let mut screen = Screen::new(self.look());
        draw(&mut screen);
        let text = &screen.into_text();
        match &self.pager {
            // The prompt needs a line too.
            Some((pager, lines)) if text.lines().count() >= *lines => self.through(pager, text),
            _ => self.data(text),
        }
    }

    fn through(&self, pager: &str, text: &str) -> Result<()> {
        self.flush()?;
        IS_PAGING.store(true, Ordering::Relaxed);
        let started = Command::new("sh").args(["-c", pager]).stdin(Stdio::piped()).spawn();
        let ended = started.and_then(|mut pager| {
            // The reader may quit before the end.
            let _ = pager.stdin.take().map(|mut input| input.write_all(text.as_bytes()));
            pager.wait()
        });
        IS_PAGING.store(false, Ordering::Relaxed);
        match ended {
            Ok(status) if !NOT_STARTED.contains(&status.code()) => Ok(()),
            _ => self.data(text),
        }
    }

    pub(crate) fn flush(&self) -> Result<()> {
        self.out.borrow_mut().flush().context("cannot write to standard output")
    }

    /// Writes records to standard output, one by one.
    pub(crate) fn records(
        &self,
        writer: RecordWriter<'_>,
        produce: impl FnOnce(&mut dyn FnMut(&[Value<'_>]) -> Result<()>) -> Result<()>,
    ) -> Result<()> {
        let writer = writer.on_terminal(self.look.width.is_some());
        write_records(writer, |bytes| self.data(bytes), produce)
    }

    /// Prints a note, which is not data.
    pub(crate) fn note(&self, text: impl Display) {
        if !self.is_quiet {
            self.say("", Style::new(), &text.to_string());
        }
    }

    pub(crate) fn warning(&self, text: impl Display) {
        if !self.is_quiet {
            self.alarm(text);
        }
    }

    /// Prints a warning even with `--quiet`.
    pub(crate) fn alarm(&self, text: impl Display) {
        self.say("warning: ", AnsiColor::Yellow.on_default().bold(), &text.to_string());
    }

    /// Prints a hint about an [alarm](Ui::alarm).
    pub(crate) fn alarm_hint(&self, text: impl Display) {
        self.say("hint: ", AnsiColor::Cyan.on_default().bold(), &text.to_string());
    }

    pub(crate) fn hint(&self, text: impl Display) {
        if !self.is_quiet {
            self.alarm_hint(text);
        }
    }

    /// Prints an error with its hints.
    pub(crate) fn failure(&self, report: &CommandError) {
        // Earlier output comes first; if it cannot be written, the error matters more.
        let _ = self.flush();
        if report.message.is_empty() {
            return;
        }
        self.say("error: ", AnsiColor::Red.on_default().bold(), &report.message);
        report.hints.iter().for_each(|hint| self.alarm_hint(hint));
    }

    /// Escapes each line of text separately: the program's line breaks stay, control characters in
    /// data do not. At a terminal, lines break between words.
    fn say(&self, label: &str, style: Style, text: &str) {
        let width = self.error_width.map_or(usize::MAX, usize::from);
        let fitted = |(place, line)| {
            let line = escape::line_for_terminal(line);
            wrap_prose(&line, if place == 0 { label.len() } else { 0 }, width)
        };
        let safe: Vec<_> = text.lines().enumerate().map(fitted).collect();
        let safe = safe.join("\n");
        #[expect(clippy::disallowed_methods, reason = "this is the place that prints")]
        let mut stream = io::stderr().lock();
        // If standard error is gone, there is nobody to tell.
        let _ = match (label.is_empty(), self.error_colour) {
            (true, _) => writeln!(stream, "{safe}"),
            (false, true) => writeln!(stream, "{style}{label}{style:#}{safe}"),
            (false, false) => writeln!(stream, "{label}{safe}"),
        };
    }

    /// Whether the user can be prompted.
    pub(crate) fn can_ask(&self) -> bool {
        #[expect(clippy::disallowed_methods, reason = "this is the place that asks")]
        let error_is_terminal = io::stderr().is_terminal();
        io::stdin().is_terminal() && error_is_terminal
    }

    /// Whether standard input and standard output are both a terminal.
    pub(crate) fn is_interactive(&self) -> bool {
        self.look.width.is_some() && io::stdin().is_terminal()
    }

    /// Prompts for a line of text.
    ///
    /// # Errors
    /// No terminal (exit 2), with the hint `instead`.
    pub(crate) fn ask(&self, question: &str, instead: &str) -> Result<String> {
        if !self.can_ask() {
            let question = question.trim_end_matches([':', '?', ' ']);
            return Err(usage(format!("{question} needs an answer")).hint(instead).into());
        }
        self.flush()?;
        #[expect(clippy::disallowed_methods, reason = "this is the place that asks")]
        let mut stream = io::stderr().lock();
        write!(stream, "{} ", escape::for_terminal(question))?;
        stream.flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        let answer = answer.trim();
        if answer.contains(char::is_control) {
            let message = "the answer contains control characters, perhaps from an arrow key";
            return Err(usage(message).into());
        }
        Ok(answer.to_owned())
    }

    /// Asks a yes-or-no question.
    ///
    /// # Errors
    /// As [`Ui::ask`].
    pub(crate) fn agrees(&self, question: &str, instead: &str) -> Result<bool> {
        let answer = self.ask(&format!("{question} [y/N]"), instead)?;
        Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
    }

    /// Asks for confirmation.
    ///
    /// # Errors
    /// As [`Ui::ask`]; an answer other than yes (exit 9).
    pub(crate) fn confirm(&self, question: &str) -> Result<()> {
        if self.agrees(question, "--yes answers it")? {
            return Ok(());
        }
        Err(not_allowed("nothing was changed").into())
    }

    /// A progress bar over a number of bytes (`None`: unknown), visible only on a terminal.
    pub(crate) fn progress(&self, total: Option<u64>, what: &str) -> ProgressBar {
        let template = match total {
            Some(_) => "{msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec}, {eta} left",
            None => "{msg} {spinner} {bytes} {bytes_per_sec}",
        };
        self.bar(total, what, template)
    }

    /// A progress bar over a number of days, visible only on a terminal.
    pub(crate) fn progress_of_days(&self, total: u64, what: &str) -> ProgressBar {
        self.bar(Some(total), what, "{msg} [{bar:30}] {pos}/{len} days, {eta} left")
    }

    fn bar(&self, total: Option<u64>, what: &str, template: &str) -> ProgressBar {
        let hidden = ProgressDrawTarget::hidden();
        let target = if self.shows_progress { ProgressDrawTarget::stderr() } else { hidden };
        let bar = ProgressBar::with_draw_target(total, target)
            .with_message(escape::for_terminal(what).into_owned());
        match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style.progress_chars("█▌ ")),
            Err(_) => bar,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek};

    use super::*;

    /// What reaches standard output of a list of three lines on a screen of two.
    fn paged(pager: &str) -> String {
        let mut file = tempfile::tempfile().unwrap();
        let ui = Ui::new(ColorChoice::Never, false, Terminal::default());
        let within = ui.within(Some(file.try_clone().unwrap()));
        let ui = Ui { pager: Some((pager.to_owned(), 2)), ..within };
        ui.page(|screen| ["one", "two", "three"].iter().for_each(|line| screen.line(line)))
            .unwrap();
        ui.flush().unwrap();
        file.rewind().unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_list_is_printed_if_the_pager_cannot_be_started() {
        assert_eq!(paged("nosuchpager 2>&-"), "one\ntwo\nthree\n");
        assert_eq!(paged("exec 2>&-; LESS=FRX; export LESS; /"), "one\ntwo\nthree\n");
        assert_eq!(paged("cat >/dev/null; exit 1"), "", "the pager had it");
    }
}
