//! The command line: the root, the options that all commands have, and which command does what.

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::commands::{
    ack, agenda, assign, attribute, backtest, backup, check, company, completions, config, daily,
    demo, event, export, health, home, import, inbox, init, list, man, metric, note, notify,
    playbook, pulse, reason, reopen, report, rule, run, segment, show, snooze, status, task, team,
    tune,
};
use crate::context::{Context, GlobalOptions};

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
  SIGNALS_SMTP_URL, SIGNALS_SLACK_WEBHOOK
                where `notify` delivers to
  NO_COLOR      no colours, unless --color asks for them

Exit codes:
  0 done   1 other failure   2 usage   3 some rows rejected   4 input refused
  5 database busy   6 no such database   7 database damaged   8 disk or I/O
  9 not allowed   10 not delivered   12 stale data   70 a bug";

/// An early-warning system for customer success teams, over one local SQLite file.
#[derive(Debug, Parser)]
#[command(name = "signals", version = version(), after_long_help = AFTER_HELP, max_term_width = 100)]
pub struct Cli {
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
    Event(event::Event),
    #[command(subcommand)]
    Rule(rule::Rule),
    Run(run::Run),
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
    Notify(notify::Notify),
    Agenda(agenda::Agenda),
    #[command(subcommand)]
    Playbook(playbook::Playbook),
    #[command(subcommand)]
    Task(task::Task),
    #[command(subcommand)]
    Team(team::Team),
    #[command(subcommand)]
    Company(company::Company),
    #[command(subcommand)]
    Segment(segment::Segment),
    #[command(subcommand)]
    Metric(metric::Metric),
    #[command(subcommand)]
    Attribute(attribute::Attribute),
    #[command(subcommand)]
    Pulse(pulse::PulseCommand),
    #[command(subcommand)]
    Health(health::HealthCommand),
    #[command(subcommand)]
    Reason(reason::ReasonCommand),
    #[command(subcommand)]
    Report(report::ReportCommand),
    #[command(subcommand)]
    Export(export::Export),
    #[command(subcommand)]
    Config(config::Config),
    Status(status::Status),
    Check(check::Check),
    Backup(backup::Backup),
    Backtest(backtest::Backtest),
    Tune(tune::Tune),
    Demo(demo::Demo),
    Completions(completions::Completions),
    Man(man::Man),
}

/// The program's version, SQLite's, and that of the schema, on one line.
fn version() -> String {
    let schema = crate::store::SCHEMA_VERSION;
    format!("{} (SQLite {}, schema {schema})", env!("CARGO_PKG_VERSION"), rusqlite::version())
}

impl Cli {
    /// Does what the command says.
    pub fn run(self, context: &Context) -> Result<()> {
        match self.command {
            None => home::run(context),
            Some(Command::Init(args)) => args.run(context),
            Some(Command::Import(args)) => args.run(context),
            Some(Command::Event(args)) => args.run(context),
            Some(Command::Rule(args)) => args.run(context),
            Some(Command::Run(args)) => args.run(context),
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
        }
    }
}
