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

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Init),
    Import(import::Import),
    #[command(subcommand)]
    Event(event::EventCommand),
    #[command(subcommand)]
    Rule(rule::RuleCommand),
    Run(run::Run),
    Pull(pull::Pull),
    Daily(daily::Daily),
    List(list::List),
    Show(show::Show),
    Ack(ack::Ack),
    Reopen(reopen::Reopen),
    Snooze(snooze::Snooze),
    Note(note::Note),
    Assign(assign::Assign),
    Inbox(inbox::Inbox),
    #[command(subcommand)]
    Notify(notify::NotifyCommand),
    Agenda(agenda::Agenda),
    Triage(triage::Triage),
    #[command(subcommand)]
    Playbook(playbook::PlaybookCommand),
    #[command(subcommand)]
    Task(task::TaskCommand),
    #[command(subcommand)]
    Team(team::TeamCommand),
    #[command(subcommand)]
    Company(company::CompanyCommand),
    #[command(subcommand)]
    Segment(segment::SegmentCommand),
    #[command(subcommand)]
    Metric(metric::MetricCommand),
    #[command(subcommand)]
    Attribute(attribute::AttributeCommand),
    #[command(subcommand)]
    Pulse(pulse::PulseCommand),
    #[command(subcommand)]
    Health(health::HealthCommand),
    #[command(subcommand)]
    Reason(reason::ReasonCommand),
    #[command(subcommand)]
    Report(report::ReportCommand),
    #[command(subcommand)]
    Export(export::ExportCommand),
    #[command(subcommand)]
    Config(config::ConfigCommand),
    Status(status::Status),
    Check(check::Check),
    Backup(backup::Backup),
    Backtest(backtest::Backtest),
    Tune(tune::Tune),
    Demo(demo::Demo),
    Completions(completions::Completions),
    Man(man::Man),
    Licences(licences::Licences),
}

/// Adds the arguments of a command.
type Define = fn(clap::Command) -> clap::Command;

/// The arguments of each command, defined only for the command that is used: defining all of them
/// takes longer than a short command.
const ARGUMENTS: [(&str, Define); 40] = [
    ("init", init::Init::augment_args),
    ("import", import::Import::augment_args),
    ("event", event::EventCommand::augment_subcommands),
    ("rule", rule::RuleCommand::augment_subcommands),
    ("run", run::Run::augment_args),
    ("pull", pull::Pull::augment_args),
    ("daily", daily::Daily::augment_args),
    ("list", list::List::augment_args),
    ("show", show::Show::augment_args),
    ("ack", ack::Ack::augment_args),
    ("reopen", reopen::Reopen::augment_args),
    ("snooze", snooze::Snooze::augment_args),
    ("note", note::Note::augment_args),
    ("assign", assign::Assign::augment_args),
    ("inbox", inbox::Inbox::augment_args),
    ("notify", notify::NotifyCommand::augment_subcommands),
    ("agenda", agenda::Agenda::augment_args),
    ("triage", triage::Triage::augment_args),
    ("playbook", playbook::PlaybookCommand::augment_subcommands),
    ("task", task::TaskCommand::augment_subcommands),
    ("team", team::TeamCommand::augment_subcommands),
    ("company", company::CompanyCommand::augment_subcommands),
    ("segment", segment::SegmentCommand::augment_subcommands),
    ("metric", metric::MetricCommand::augment_subcommands),
    ("attribute", attribute::AttributeCommand::augment_subcommands),
    ("pulse", pulse::PulseCommand::augment_subcommands),
    ("health", health::HealthCommand::augment_subcommands),
    ("reason", reason::ReasonCommand::augment_subcommands),
    ("report", report::ReportCommand::augment_subcommands),
    ("export", export::ExportCommand::augment_subcommands),
    ("config", config::ConfigCommand::augment_subcommands),
    ("status", status::Status::augment_args),
    ("check", check::Check::augment_args),
    ("backup", backup::Backup::augment_args),
    ("backtest", backtest::Backtest::augment_args),
    ("tune", tune::Tune::augment_args),
    ("demo", demo::Demo::augment_args),
    ("completions", completions::Completions::augment_args),
    ("man", man::Man::augment_args),
    ("licences", licences::Licences::augment_args),
];

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

    /// Runs the command.
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        match self.command {
            None => home::run(context),
            Some(Command::Init(args)) => args.run(context),
            Some(Command::Import(args)) => args.run(context),
            Some(Command::Event(args)) => args.run(context),
            Some(Command::Rule(args)) => args.run(context),
            Some(Command::Run(args)) => args.run(context),
            Some(Command::Pull(args)) => args.run(context),
            Some(Command::Daily(args)) => args.run(context),
            Some(Command::List(args)) => args.run(context),
            Some(Command::Show(args)) => args.run(context),
            Some(Command::Ack(args)) => args.run(context),
            Some(Command::Reopen(args)) => args.run(context),
            Some(Command::Snooze(args)) => args.run(context),
            Some(Command::Note(args)) => args.run(context),
            Some(Command::Assign(args)) => args.run(context),
            Some(Command::Inbox(args)) => args.run(context),
            Some(Command::Notify(args)) => args.run(context),
            Some(Command::Agenda(args)) => args.run(context),
            Some(Command::Triage(args)) => args.run(context),
            Some(Command::Playbook(args)) => args.run(context),
            Some(Command::Task(args)) => args.run(context),
            Some(Command::Team(args)) => args.run(context),
            Some(Command::Company(args)) => args.run(context),
            Some(Command::Segment(args)) => args.run(context),
            Some(Command::Metric(args)) => args.run(context),
            Some(Command::Attribute(args)) => args.run(context),
            Some(Command::Pulse(args)) => args.run(context),
            Some(Command::Health(args)) => args.run(context),
            Some(Command::Reason(args)) => args.run(context),
            Some(Command::Report(args)) => args.run(context),
            Some(Command::Export(args)) => args.run(context),
            Some(Command::Config(args)) => args.run(context),
            Some(Command::Status(args)) => args.run(context),
            Some(Command::Check(args)) => args.run(context),
            Some(Command::Backup(args)) => args.run(context),
            Some(Command::Backtest(args)) => args.run(context),
            Some(Command::Tune(args)) => args.run(context),
            Some(Command::Demo(args)) => args.run(context),
            Some(Command::Completions(args)) => args.run(context),
            Some(Command::Man(args)) => args.run(context),
            Some(Command::Licences(args)) => args.run(context),
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
