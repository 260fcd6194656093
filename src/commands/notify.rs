//! `signals notify`: sends notifications by e-mail and Slack.

use anyhow::Result;
use clap::{Args, Subcommand};

use super::options::FormatOption;
use super::output;
use crate::context::Context;
use crate::domain::channel::Channel;
use crate::domain::fact_kinds::TeamMember;
use crate::domain::notify::{MessageState, NotifySettings, Preferences, list_of_types};
use crate::domain::signal::SignalType;
use crate::error::{CommandError, ErrorKind, not_allowed};
use crate::notify::{self, Transports};
use crate::query::find_member;
use crate::render::{Value, counted};
use crate::store::{Delivery, Finish, SendingLimits, Store};
use crate::views::messages::MESSAGES;

/// Send notifications by e-mail and Slack.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  signals notify send\n  signals notify prefs ana --realtime bad,good --digest yes"
)]
pub(crate) enum NotifyCommand {
    /// Deliver what is due
    Send(Send),
    /// Show or set a person's notification preferences
    Prefs(Prefs),
    /// Send somebody a test message at once
    #[command(after_help = "Example:\n  signals notify test --for ana")]
    Test {
        /// The person, by the name in the team file
        #[arg(long = "for", value_name = "NAME")]
        person: String,
    },
}

#[derive(Debug, Default, Args)]
#[command(after_help = "\
Later calls retry failed deliveries with growing delays and give up after 8 tries.

Environment:
  SIGNALS_SMTP_URL       the mail server: smtps://USER:PASSWORD@HOST, or
                         smtp://HOST?tls=required
  SIGNALS_SLACK_WEBHOOK  the incoming webhook of Slack
  SSL_CERT_FILE          certificates to trust instead of the system's

Examples:
  signals notify send
  signals notify send --dry-run")]
pub(crate) struct Send {
    /// Show what would be delivered, and deliver nothing
    #[arg(long, short = 'n')]
    dry_run: bool,
    #[command(flatten)]
    format: FormatOption,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  signals notify prefs ana
  signals notify prefs ana --realtime bad,good --digest yes
  signals notify prefs mia --realtime none")]
pub(crate) struct Prefs {
    /// The person, by the name in the team file
    name: String,
    /// The types to be notified of at once, separated by commas; or none
    #[arg(long, value_name = "TYPES", value_parser = realtime)]
    realtime: Option<Realtime>,
    /// Whether to send everything else once a day: yes or no
    #[arg(long, value_name = "ANSWER", value_parser = answer)]
    digest: Option<bool>,
    #[command(flatten)]
    format: FormatOption,
}

impl NotifyCommand {
    /// # Errors
    /// Somebody who is not in the team, or unusable settings (exit 9); undelivered messages (exit
    /// 10).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        match self {
            NotifyCommand::Send(args) => args.run(context),
            NotifyCommand::Prefs(args) => args.run(context),
            NotifyCommand::Test { person } => test(context, &person),
        }
    }
}

/// The configured channels and the settings.
struct Setup {
    settings: NotifySettings,
    limits: SendingLimits,
    transports: Transports,
}

impl Setup {
    fn of(context: &Context, store: &Store) -> Result<Self> {
        let (settings, limits) = (store.notify_settings()?, store.sending_limits()?);
        let transports =
            Transports::find(&settings, limits, |name| context.variable(name), &context.host())?;
        Ok(Setup { settings, limits, transports })
    }
}

const NO_TRANSPORT: &str =
    "no transport is configured, so nothing is delivered; signals still reach the inboxes";
const HOW_TO_CONFIGURE: &str =
    "SIGNALS_SMTP_URL names a mail server, SIGNALS_SLACK_WEBHOOK a webhook of Slack";

impl Send {
    /// Delivers what is due and prints the state of each message.
    ///
    /// # Errors
    /// Unusable settings (exit 9); undelivered messages (exit 10); another process delivers (exit
    /// 5).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        let mut store = context.writer()?;
        let Setup { settings, limits, transports } = Setup::of(context, &store)?;
        if transports.is_empty() {
            context.ui.note(NO_TRANSPORT);
            context.ui.hint(HOW_TO_CONFIGURE);
            return self.print(context, &[]);
        }
        if store.team()?.is_empty() {
            let hint = "nobody is in the team; `signals import team.csv` says who is to be told";
            context.ui.hint(hint);
        }
        let deliveries = match self.dry_run {
            true => notify::rehearse(&mut store, &context.clock, &transports, &settings)?,
            false => notify::send(&mut store, &context.clock, transports, &settings, limits)?,
        };
        self.print(context, &deliveries)?;
        context.ui.flush()?;
        context.ui.note(self.summary(&deliveries));
        let is_undelivered = |delivery: &Delivery| {
            delivery.state != MessageState::Sent && delivery.message.tries > 0
        };
        match deliveries.iter().any(is_undelivered) && !self.dry_run {
            true => Err(undelivered(&deliveries).into()),
            false => Ok(()),
        }
    }

    fn print(&self, context: &Context, deliveries: &[Delivery]) -> Result<()> {
        if deliveries.is_empty() && self.format.is_table() {
            return Ok(());
        }
        self.format.print(context, &MESSAGES, deliveries)
    }

    fn summary(&self, deliveries: &[Delivery]) -> String {
        use MessageState::{Dead, Due, Failed, Sent, Waiting};
        let count = |wanted: &[MessageState]| {
            deliveries.iter().filter(|delivery| wanted.contains(&delivery.state)).count()
        };
        let sent = match self.dry_run {
            true => format!("would send {}", count(&[Due])),
            false => format!("sent {}", count(&[Sent])),
        };
        format!("{sent}, waiting {}, failed {}", count(&[Waiting]), count(&[Failed, Dead]))
    }
}

fn undelivered(deliveries: &[Delivery]) -> CommandError {
    let left = || deliveries.iter().filter(|delivery| delivery.state != MessageState::Sent);
    let why = left().next().and_then(|delivery| delivery.message.last_error.clone());
    let dead = left().filter(|delivery| delivery.state == MessageState::Dead).count();
    let what = counted(left().count() as u64, "message was", "messages were");
    let message = format!("{what} not delivered: {}", why.unwrap_or_default());
    let mut failure = CommandError::new(ErrorKind::Undelivered, message);
    if dead < left().count() {
        failure = failure.hint("later calls of `signals notify send` try again");
    }
    if dead > 0 {
        let hint = "a dead message is not tried again; `signals inbox --for NAME` has its signals";
        failure = failure.hint(hint);
    }
    failure
}

/// The types of signals that are announced immediately.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Realtime(Vec<SignalType>);

fn realtime(text: &str) -> Result<Realtime, String> {
    let text = text.trim().to_lowercase();
    if text == "none" {
        return Ok(Realtime(Vec::new()));
    }
    let types = text.split([',', ';']).map(|name| name.trim().parse());
    let mut types = types.collect::<Result<Vec<SignalType>, _>>()?;
    types.sort_unstable();
    types.dedup();
    Ok(Realtime(types))
}

fn answer(text: &str) -> Result<bool, String> {
    match text.trim().to_lowercase().as_str() {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(format!("'{text}' is neither yes nor no")),
    }
}

impl Prefs {
    fn run(self, context: &Context) -> Result<()> {
        if self.realtime.is_none() && self.digest.is_none() {
            let member = find_member(&context.reader()?, &self.name)?;
            return self.print(context, &member);
        }
        let mut store = context.writer()?;
        let member = store.transaction(Finish::Commit, |store| {
            let mut member = find_member(store, &self.name)?;
            if let Some(Realtime(types)) = &self.realtime {
                member.realtime = list_of_types(types);
            }
            member.digest = self.digest.unwrap_or(member.digest);
            store.save_fact(&member)?;
            Ok(member)
        })?;
        self.print(context, &member)
    }

    fn print(&self, context: &Context, member: &TeamMember) -> Result<()> {
        let fields: [(&str, Value<'_>); 7] = [
            ("name", (&member.name).into()),
            ("role", (&member.role).into()),
            ("email", member.email.as_ref().into()),
            ("slack_id", member.slack_id.as_ref().into()),
            ("manager", member.manager.as_ref().into()),
            ("realtime", Preferences::of(member).realtime_words().into()),
            ("digest", if member.digest { "yes" } else { "no" }.into()),
        ];
        if !self.format.is_table() {
            return self.format.print_record(context, fields);
        }
        let text = |value: &Value<'_>| match value {
            Value::Text(text) => text.to_string(),
            _ => "-".to_owned(),
        };
        context.ui.page(|screen| output::draw_record(screen, &fields, text))
    }
}

fn test(context: &Context, person: &str) -> Result<()> {
    let store = context.reader()?;
    let member = find_member(&store, person)?;
    let Setup { limits, transports, .. } = Setup::of(context, &store)?;
    if transports.is_empty() {
        return Err(not_allowed("no transport is configured").hint(HOW_TO_CONFIGURE).into());
    }
    let mut problems = Vec::new();
    for (channel, problem) in notify::test(transports, &member, limits, &context.clock)? {
        match (channel, problem) {
            (channel, Some(problem)) => problems.push(format!("{channel}: {problem}")),
            (Channel::Email, None) => context.ui.note(format!("e-mail: sent to {}", member.name)),
            (Channel::Slack, None) => context.ui.note("Slack: posted"),
        }
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(CommandError::new(ErrorKind::Undelivered, problems.join("; ")).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_in_any_order_and_once() {
        use SignalType::{Bad, Good, Info};
        assert_eq!(realtime("none"), Ok(Realtime(vec![])));
        assert_eq!(realtime("info,bad"), Ok(Realtime(vec![Bad, Info])));
        assert_eq!(realtime("good; bad;good"), Ok(Realtime(vec![Bad, Good])));
        assert!(
            realtime("worst").is_err() && realtime("").is_err() && realtime("bad,none").is_err()
        );
        assert_eq!((answer("yes"), answer("no")), (Ok(true), Ok(false)));
        assert!(answer("maybe").is_err());
    }
}
