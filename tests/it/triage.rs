//! `signals triage` in a real terminal: tmux runs it, types the keys, and tells what is on the screen.
//!
//! These tests need tmux and are left out of a usual run; `./check terminal` runs them. With
//! `SIGNALS_SCREENSHOTS=FOLDER` they leave the screens there, to be looked at.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{Sandbox, setting};

/// A terminal with a program in it.
struct Terminal<'s> {
    sandbox: &'s Sandbox,
    size: (usize, usize),
    name: String,
}

impl<'s> Terminal<'s> {
    /// Runs a command line of `signals` in a terminal of this size. The screen stays when it ends.
    fn start(sandbox: &'s Sandbox, size: (usize, usize), arguments: &str) -> Self {
        let folder = sandbox.path("");
        let name = folder.file_name().unwrap().to_str().unwrap().replace('.', "");
        let terminal = Terminal { sandbox, size, name };
        let (width, height) = (size.0.to_string(), size.1.to_string());
        let program =
            format!("{} {arguments}; echo ended with $?; sleep 60", env!("CARGO_BIN_EXE_signals"));
        let new = ["-f", "/dev/null", "new-session", "-d", "-x", &width, "-y", &height, &program];
        terminal.tmux(&new);
        terminal
    }

    #[track_caller]
    fn tmux(&self, arguments: &[&str]) -> String {
        // The environment of the sandbox is that of a command in it.
        let template = self.sandbox.command("");
        let mut command = Command::new("tmux");
        command.env_clear().current_dir(self.sandbox.path(""));
        for (name, value) in template.get_envs() {
            command.env(name, value.unwrap());
        }
        command.env("PATH", setting("PATH").unwrap()).env("LC_ALL", "C.UTF-8");
        command.env("TERM", "xterm-256color").args(["-u", "-L", &self.name]).args(arguments);
        let output = command.output().expect("no tmux on this machine: install it");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// Types text as it is.
    fn write(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
    }

    /// Presses keys by tmux's names for them.
    fn press(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    /// Waits until a text is on the screen, and returns the screen.
    #[track_caller]
    fn shows(&self, text: &str) -> String {
        let started = Instant::now();
        loop {
            let screen = self.screen();
            if screen.contains(text) {
                let is_wide = |line: &&str| line.chars().count() > self.size.0;
                assert_eq!(screen.lines().find(is_wide), None);
                return screen;
            }
            let waited = started.elapsed();
            assert!(waited < Duration::from_secs(20), "'{text}' is not on the screen:\n{screen}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn keep(&self, name: &str) {
        if let Some(folder) = setting("SIGNALS_SCREENSHOTS").map(PathBuf::from) {
            let (width, height) = self.size;
            let file = folder.join(format!("triage-{name}-{width}x{height}.txt"));
            std::fs::write(file, self.screen()).unwrap();
        }
    }
}

impl Drop for Terminal<'_> {
    fn drop(&mut self) {
        let mut kill = Command::new("tmux");
        let _ = kill.args(["-L", &self.name, "kill-server"]).output();
    }
}

/// Two companies of ana's, of which one has two signals and a task; today is 1 April.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "companies.csv",
        "company_id,name,csm,seats,mrr\n\
         acme,Acme Foods,ana,9,1250\n\
         globex,Globex,ben,9,800\n\
         initech,Initech,ana,7,90\n",
    );
    sandbox.ok("import companies.csv");
    sandbox.ok("rule add big --kind condition --when 'seats > 5' --type bad");
    sandbox.ok("rule add huge --kind condition --when 'seats > 8' --type bad --playbook renewal");
    sandbox.ok("run --as-of 2026-03-31");
    sandbox
}

/// The state of the signals of a rule for a company, or of all, as `list` tells it.
#[track_caller]
fn count(sandbox: &Sandbox, command: &str) -> usize {
    sandbox.array(command).len()
}

#[test]
fn without_a_terminal_it_says_so() {
    let sandbox = sandbox();
    sandbox.fails("triage", 2).says(&["error: triage needs a terminal", "hint: `signals agenda`"]);
}

#[test]
#[ignore = "needs tmux; ./check terminal runs it"]
fn a_session_at_three_sizes() {
    for size in [(80, 24), (120, 40), (200, 60)] {
        let sandbox = sandbox();
        let terminal = Terminal::start(&sandbox, size, "triage --csm ana");
        let first = terminal.shows("3 of 3 signals open");
        assert!(first.lines().next().unwrap().contains("Triage: ana, 2026-04-01"), "{first}");
        assert!(first.trim_end().lines().last().unwrap().contains("q quit"), "{first}");
        for text in ["Acme Foods", "Initech", "seats > 5 (seats: 9)", "open tasks"] {
            assert!(first.contains(text), "{text} at {size:?}:\n{first}");
        }
        assert!(!first.contains("Globex"), "{first}");
        terminal.keep("first");

        // What is typed survives leaving the form, and nothing has changed yet.
        terminal.write("aCalled");
        terminal.shows("Called");
        terminal.press(&["Escape"]);
        terminal.shows("kept what you typed");
        terminal.write("q");
        terminal.shows("One text is not saved");
        terminal.write("x");
        assert_eq!(count(&sandbox, "list --state open --csm ana"), 3);
        terminal.write("a");
        terminal.write(" Zoë");
        terminal.shows("Called Zoë");
        terminal.keep("form");
        terminal.press(&["Enter"]);
        terminal.write("e");
        terminal.press(&["Enter"]);
        terminal.press(&["Enter"]);
        terminal.shows("2 of 3 signals open");
        let closed = sandbox.array("list --state closed");
        assert_eq!((closed.len(), &closed[0]["reason"]), (1, &"Called Zoë".into()));
        assert_eq!(
            (&closed[0]["outcome"], &closed[0]["acknowledged_by"]),
            (&"expected".into(), &"tester".into())
        );
        terminal.write("u");
        terminal.shows("3 of 3 signals open");
        assert_eq!(count(&sandbox, "list --state open --csm ana"), 3);

        terminal.write("s");
        terminal.press(&["Tab"]);
        terminal.write("On leave");
        terminal.press(&["Enter"]);
        terminal.shows("2 of 3 signals open");
        let snoozed = sandbox.array("list --snoozed");
        assert_eq!(snoozed[0]["snoozed_until"], "2026-04-08");
        terminal.write("nAsked support");
        terminal.press(&["Enter"]);
        terminal.shows("added a note");
        terminal.write("tCall Bob");
        terminal.press(&["Enter", "Enter", "Enter"]);
        terminal.shows("added task");
        let tasks = sandbox.array("task list");
        assert!(
            tasks.iter().any(|task| task["title"] == "Call Bob" && task["due_on"] == "2026-04-08")
        );
        terminal.press(&["Right"]);
        terminal.shows("› Initech");
        terminal.write("?");
        terminal.shows("Nothing changes until a form is saved.");
        terminal.keep("help");
        terminal.press(&["Escape"]);
        terminal.write("q");
        terminal.shows("snoozed 1 signal, added 1 note, added 1 task");
        terminal.shows("ended with 0");
    }
}

#[test]
#[ignore = "needs tmux; ./check terminal runs it"]
fn a_session_that_is_told_to_end_gives_the_terminal_back() {
    let sandbox = sandbox();
    let terminal = Terminal::start(&sandbox, (80, 24), "triage --everyone");
    terminal.shows("5 of 5 signals open");
    let pane = terminal.tmux(&["list-panes", "-F", "#{pane_pid}"]);
    let children = Command::new("pgrep").args(["-P", pane.trim()]).output().unwrap();
    let child = String::from_utf8(children.stdout).unwrap();
    assert!(Command::new("kill").args(["-TERM", child.trim()]).status().unwrap().success());
    terminal.shows("ended with 143");
    // Typed text is echoed again, and lines begin at the left.
    terminal.write("echo back");
    terminal.shows("\necho back");
}
