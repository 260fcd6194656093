//! The root of the command line, and dispatch to commands.

use std::ffi::OsString;

use anyhow::Result;
use clap::{Arg, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::CompleteEnv;

use crate::commands::{
    ack, agenda, assign, attribute, backtest, backup, check, company, complete, completions,
    config, daily, demo, event, export, health, home, import, inbox, init, licences, list, man,
    metric, note, notify, playbook, pull, pulse, reason, reopen, report, rule, run, segment, show,
    snooze, status, task, team, triage, tune,
};
use crate::context::Context;
use crate::global_options::GlobalOptions;

const AFTER_HELP: &str = "\
Examples:
  signals init --timezone Europe/Bucharest
  signals import events.csv
  signals rule set login --timeframe 7 --threshold 15
  signals run
  signals list --type bad --state open
  signals ack 12 --reason \"Called Ana; champion on leave until May\"

Environment:
  SIGNALS_DB    the database, unless --db names it
  SIGNALS_USER  who does it, unless --by says so
  SIGNALS_NOW   stands in for the clock, as 2026-03-31T09:30:00Z
  SIGNALS_SOURCE_PASSWORD
                the password of the sources that `pull` asks
  SIGNALS_SMTP_URL, SIGNALS_SLACK_WEBHOOK
                where `notify` delivers to
  NO_COLOR      no colours, unless --color asks for them
  PAGER         shows lists longer than the screen, unless --no-pager is given

Exit codes:
  0 done   1 other failure   2 usage   3 some rows rejected   4 input refused
  5 database busy   6 no such database   7 database damaged   8 disk or I/O
  9 not allowed   10 not delivered   12 stale data   70 a bug";

/// The usual one of clap, and where the rest is.
const TEMPLATE: &str = "\
{about-with-newline}
{usage-heading} {usage}

{all-args}

Options of every command, such as --db and --quiet: signals --help{after-help}";

/// An early-warning system for customer success teams, over one local SQLite file.
#[derive(Debug, Parser)]
#[command(name = "signals", version = version(), after_long_help = AFTER_HELP, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalOptions,
    #[command(subcommand)]
    command: Option<Command>,
}

type Define = fn(clap::Command) -> clap::Command;

/// Declares each command with its arguments, and what adds these to a parser.
macro_rules! commands {
    ($($name:literal $(#[$attribute:meta])? $command:ident($arguments:ty) $define:ident;)*) => {
        #[derive(Debug, Subcommand)]
        enum Command {
            $($(#[$attribute])? $command($arguments),)*
        }

        impl Command {
            fn run(self, context: &Context) -> Result<()> {
                match self {
                    $(Command::$command(arguments) => arguments.run(context),)*
                }
            }
        }

        /// The arguments of each command, defined only for the command that is used: defining all
        /// of them takes longer than a short command.
        const ARGUMENTS: &[(&str, Define)] = &[$(($name, <$arguments>::$define)),*];
    };
}

commands! {
    "init" Init(init::Init) augment_args;
    "import" Import(import::Import) augment_args;
    "event" #[command(subcommand)] Event(event::EventCommand) augment_subcommands;
    "rule" #[command(subcommand)] Rule(rule::RuleCommand) augment_subcommands;
    "run" Run(run::Run) augment_args;
    "pull" Pull(pull::Pull) augment_args;
    "daily" Daily(daily::Daily) augment_args;
    "list" List(list::List) augment_args;
    "show" Show(show::Show) augment_args;
    "ack" Ack(ack::Ack) augment_args;
    "reopen" Reopen(reopen::Reopen) augment_args;
    "snooze" Snooze(snooze::Snooze) augment_args;
    "note" Note(note::Note) augment_args;
    "assign" Assign(assign::Assign) augment_args;
    "inbox" Inbox(inbox::Inbox) augment_args;
    "notify" #[command(subcommand)] Notify(notify::NotifyCommand) augment_subcommands;
    "agenda" Agenda(agenda::Agenda) augment_args;
    "triage" Triage(triage::Triage) augment_args;
    "playbook" #[command(subcommand)] Playbook(playbook::PlaybookCommand) augment_subcommands;
    "task" #[command(subcommand)] Task(task::TaskCommand) augment_subcommands;
    "team" #[command(subcommand)] Team(team::TeamCommand) augment_subcommands;
    "company" #[command(subcommand)] Company(company::CompanyCommand) augment_subcommands;
    "segment" #[command(subcommand)] Segment(segment::SegmentCommand) augment_subcommands;
    "metric" #[command(subcommand)] Metric(metric::MetricCommand) augment_subcommands;
    "attribute" #[command(subcommand)] Attribute(attribute::AttributeCommand) augment_subcommands;
    "pulse" #[command(subcommand)] Pulse(pulse::PulseCommand) augment_subcommands;
    "health" #[command(subcommand)] Health(health::HealthCommand) augment_subcommands;
    "reason" #[command(subcommand)] Reason(reason::ReasonCommand) augment_subcommands;
    "report" #[command(subcommand)] Report(report::ReportCommand) augment_subcommands;
    "export" #[command(subcommand)] Export(export::ExportCommand) augment_subcommands;
    "config" #[command(subcommand)] Config(config::ConfigCommand) augment_subcommands;
    "status" Status(status::Status) augment_args;
    "check" Check(check::Check) augment_args;
    "backup" Backup(backup::Backup) augment_args;
    "backtest" Backtest(backtest::Backtest) augment_args;
    "tune" Tune(tune::Tune) augment_args;
    "demo" Demo(demo::Demo) augment_args;
    "completions" Completions(completions::Completions) augment_args;
    "man" Man(man::Man) augment_args;
    "licences" Licences(licences::Licences) augment_args;
}

/// The version of the program, of SQLite and of the schema, on one line.
fn version() -> String {
    let schema = crate::store::SCHEMA_VERSION;
    format!("{} (SQLite {}, schema {schema})", env!("CARGO_PKG_VERSION"), rusqlite::version())
}

/// Answers a shell's request for completions; `false` if there is none.
pub(crate) fn complete(arguments: &[OsString]) -> bool {
    let answer = CompleteEnv::with_factory(|| complete::with_names(Cli::command()))
        .var(completions::VARIABLE)
        .try_complete(arguments.to_vec(), None);
    // A shell shows no errors.
    answer.unwrap_or(true)
}

impl Cli {
    /// Parses a command line.
    ///
    /// # Errors
    /// A usage error; also help and version, which clap treats as errors.
    pub(crate) fn read(arguments: &[OsString]) -> Result<Cli, clap::Error> {
        let with_one = arguments.iter().skip(1).find_map(Cli::with_one_command);
        let usual = with_one.and_then(|command| {
            let matches = command.try_get_matches_from(arguments).ok()?;
            Cli::from_arg_matches(&matches).ok()
        });
        // Errors and help need a parser with all commands.
        usual.map_or_else(
            || Cli::from_arg_matches(&Cli::folded().try_get_matches_from(arguments)?),
            Ok,
        )
    }

    /// The whole command line, as its help shows it: what many commands share is shown once.
    pub(crate) fn folded() -> clap::Command {
        let global = GlobalOptions::augment_args(clap::Command::new("signals"));
        let hidden: Vec<Arg> = global.get_arguments().map(|arg| arg.clone().hide(true)).collect();
        Cli::command().mut_subcommands(|command| fold(command, &hidden))
    }

    /// A parser with only this command.
    fn with_one_command(name: &OsString) -> Option<clap::Command> {
        let (name, define) = ARGUMENTS.iter().find(|(known, _)| *name == **known)?;
        let root = GlobalOptions::augment_args(clap::Command::new("signals"));
        Some(root.subcommand(define(clap::Command::new(*name))))
    }

    pub(crate) fn run(self, context: &Context) -> Result<()> {
        match self.command {
            None => home::run(context),
            Some(command) => command.run(context),
        }
    }
}

/// Hides the options of every command in the help of one, and how files are read in its short help
/// unless it is `import`.
fn fold(command: clap::Command, global: &[Arg]) -> clap::Command {
    let is_import = command.get_name() == "import";
    command
        .mut_args(|arg| match arg.get_help_heading() {
            Some(import::READING) if !is_import => arg.hide_short_help(true),
            _ => arg,
        })
        .mut_subcommands(|below| fold(below, global))
        .args(global)
        .help_template(TEMPLATE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_known_alone() {
        let all = Cli::command();
        let all: Vec<&str> = all.get_subcommands().map(clap::Command::get_name).collect();
        let alone: Vec<&str> = ARGUMENTS.iter().map(|(name, _)| *name).collect();
        assert_eq!(alone, all);
    }

    #[test]
    fn a_line_is_read_the_same_with_one_command_and_with_all() {
        for line in [
            "list acme --type bad --limit 3 --db x.db",
            "--db list --quiet status",
            "--db x.db rule list --format json",
            "ack 12 --reason list",
            "list",
            "",
        ] {
            let line: Vec<OsString> =
                std::iter::once("signals").chain(line.split_whitespace()).map(Into::into).collect();
            let (read, expected) = (Cli::read(&line).unwrap(), Cli::try_parse_from(&line).unwrap());
            assert_eq!(format!("{read:?}"), format!("{expected:?}"));
        }
        for line in ["list --limt 3", "rule", "lst", "list --help", "--version"] {
            let line: Vec<OsString> =
                std::iter::once("signals").chain(line.split_whitespace()).map(Into::into).collect();
            let (read, expected) = (
                Cli::read(&line).unwrap_err(),
                Cli::folded().try_get_matches_from(&line).unwrap_err(),
            );
            assert_eq!(read.to_string(), expected.to_string());
        }
    }
}
