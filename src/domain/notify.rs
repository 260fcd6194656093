//! Who is notified of a signal, when a message about it is due, and when to retry.
//!
//! A *notice* tells one person about one signal and stays in their inbox until they read it. A
//! *message* carries notices: an e-mail to one person, or a post in Slack for everybody.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use super::channel::Channel;
use super::day::Instant;
use super::fact_kinds::TeamMember;
use super::named::named;
use super::signal::SignalType;
use super::team;

/// A message is dead after this many failed attempts.
pub(crate) const MOST_TRIES: u32 = 8;

/// The wait after each failed attempt, in seconds: a minute, 5 and 20 minutes, 1, 3, 6 and 12
/// hours. Each is shorter than a day, so that a job that runs once a day retries at every run.
const DELAYS: [i64; MOST_TRIES as usize - 1] = [60, 300, 1200, 3600, 10_800, 21_600, 43_200];

/// The longest wait that a server may ask for, in seconds: a day.
const MOST_PATIENCE: i64 = 86_400;

/// The default number of hours after which an unread notice is sent by e-mail.
pub(crate) const USUAL_GRACE_HOURS: u32 = 24;
/// The allowed numbers of hours: up to ten years, for teams that want no such e-mail.
pub(crate) const GRACE_HOURS: RangeInclusive<u32> = 0..=87_600;

/// Who else is notified of all signals of a rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    /// The manager, who is otherwise notified only of bad signals.
    pub managers: bool,
    pub executives: bool,
}

/// Why somebody is notified of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Why {
    /// They look after the company.
    Csm,
    /// They are the manager of the company or of its CSM.
    Manager,
    /// They are a manager, and nobody in the team is a CSM of the company.
    StandIn,
    /// They are an executive, and the rule notifies executives.
    Executive,
}
named!(Why { Csm = "csm", Manager = "manager", StandIn = "stand-in", Executive = "executive" });

/// The properties of a signal and its company that decide who is notified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoticeSubject<'a> {
    pub csm: Option<&'a str>,
    /// Other CSMs of the company, separated by `;`.
    pub also_csms: Option<&'a str>,
    pub manager: Option<&'a str>,
    pub signal_type: SignalType,
    /// Who else its rule notifies.
    pub marks: Marks,
}

/// The people to notify of a signal, each once, with the first reason.
///
/// These are the CSMs of the company; for bad signals and rules that notify managers, the manager
/// of the company, otherwise of its first CSM; all managers, if the company has no CSM in the team;
/// and executives, if the rule notifies them. Only members of the team are notified.
pub(crate) fn recipients<'t>(
    team: &'t [TeamMember],
    subject: &NoticeSubject<'_>,
) -> Vec<(&'t TeamMember, Why)> {
    let member = |name: &str| team::member(team, name);
    let of_role = |role: &'static str| team.iter().filter(move |member| member.role == role);
    let cells = subject.csm.into_iter().chain(subject.also_csms);
    let csms: Vec<&TeamMember> = cells.flat_map(team::names).filter_map(member).collect();
    let csm = csms.first().copied();
    let mut told: Vec<(&TeamMember, Why)> = csms.into_iter().map(|csm| (csm, Why::Csm)).collect();
    if subject.signal_type == SignalType::Bad || subject.marks.managers {
        let of_csm = || csm.and_then(|csm| csm.manager.as_deref()).and_then(member);
        told.extend(
            subject.manager.and_then(member).or_else(of_csm).map(|manager| (manager, Why::Manager)),
        );
    }
    if csm.is_none() {
        told.extend(of_role("manager").map(|manager| (manager, Why::StandIn)));
    }
    if subject.marks.executives {
        told.extend(of_role("executive").map(|executive| (executive, Why::Executive)));
    }
    let mut once: Vec<(&TeamMember, Why)> = Vec::new();
    for (member, why) in told {
        if !once.iter().any(|(known, _)| known.name == member.name) {
            once.push((member, why));
        }
    }
    once
}

/// What a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// Signals that people want to know about at once.
    Realtime,
    /// Signals that were unread in the inbox for too long.
    Reminder,
    /// All other signals, once a day.
    Digest,
    /// Signals that were sent and have been retracted since.
    Retraction,
}
named!(Purpose {
    Realtime = "realtime",
    Reminder = "reminder",
    Digest = "digest",
    Retraction = "retraction",
});

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum MessageState {
    /// This attempt delivered it.
    Sent,
    /// It would be delivered now; only in a dry run.
    Due,
    /// It is not due yet, or there is no way to send it.
    Waiting,
    /// This attempt failed; there will be another.
    Failed,
    /// It failed [`MOST_TRIES`] times.
    Dead,
}
named!(MessageState { Sent = "sent", Due = "due", Waiting = "waiting", Failed = "failed", Dead = "dead" });

/// The types as members of the team store them, separated by `;`.
pub(crate) fn list_of_types(types: &[SignalType]) -> String {
    types.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(";")
}

/// What a person wants to be notified of, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Preferences {
    /// The types of signal to notify the person of at once.
    pub realtime: Vec<SignalType>,
    /// Whether the person gets all other signals once a day.
    pub digest: bool,
}

impl Preferences {
    pub(crate) fn of(member: &TeamMember) -> Self {
        let realtime = member
            .realtime
            .split(';')
            .filter_map(|name| name.trim().to_lowercase().parse().ok())
            .collect();
        Preferences { realtime, digest: member.digest }
    }

    /// The types of signal to notify the person of at once, separated by `;`, or `none`.
    pub(crate) fn realtime_words(&self) -> String {
        match self.realtime.is_empty() {
            true => "none".to_owned(),
            false => list_of_types(&self.realtime),
        }
    }

    /// The default preferences.
    pub(crate) fn usual() -> Self {
        Preferences::of(&TeamMember::new(String::new()))
    }
}

/// An unread notice that no message of the channel carries yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pending {
    pub signal_type: SignalType,
    /// When it arrived in the inbox.
    pub told_at: Instant,
}

/// The purpose of the message that should carry a notice now, if any. `digest_is_due` means that no
/// digest was created today.
pub(crate) fn purpose(
    notice: Pending,
    preferences: &Preferences,
    channel: Channel,
    digest_is_due: bool,
    now: Instant,
    grace_hours: u32,
) -> Option<Purpose> {
    if preferences.realtime.contains(&notice.signal_type) {
        return Some(Purpose::Realtime);
    }
    if preferences.digest && digest_is_due {
        return Some(Purpose::Digest);
    }
    let grace = i64::from(grace_hours) * 3600;
    let is_overdue = seconds_after(notice.told_at, grace) <= now;
    // A Slack channel is not a person, so unread notices in the inbox of somebody cause no reminder
    // there.
    (channel == Channel::Email && is_overdue).then_some(Purpose::Reminder)
}

/// The time of the next attempt after `tries` failed ones, the last of them at `now`; `None` if
/// there is none. `patience` is the number of seconds that the server asked to wait.
pub(crate) fn next_try(tries: u32, now: Instant, patience: Option<u64>) -> Option<Instant> {
    let delay = *DELAYS.get((tries as usize).checked_sub(1)?)?;
    let asked = patience
        .map_or(0, |seconds| i64::try_from(seconds).unwrap_or(MOST_PATIENCE).min(MOST_PATIENCE));
    Some(seconds_after(now, delay.max(asked)))
}

fn seconds_after(instant: Instant, seconds: i64) -> Instant {
    Instant::from_micros(instant.micros() + seconds * 1_000_000)
}

/// Where a secret is stored. The secret itself is never part of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SecretSource {
    /// In this environment variable: `env:NAME`.
    Variable(String),
    /// In this file, which only its owner can read: `file:PATH`.
    File(PathBuf),
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretSource::Variable(name) => write!(f, "env:{name}"),
            SecretSource::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

impl FromStr for SecretSource {
    type Err = String;

    /// Errors never contain the text, because it may be the secret itself.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let is_name = |name: &str| {
            let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
            name.chars().all(is_letter) && name.starts_with(|letter: char| !letter.is_ascii_digit())
        };
        if let Some(name) = text.strip_prefix("env:") {
            return match is_name(name) {
                true => Ok(SecretSource::Variable(name.to_owned())),
                false => Err("what follows env: is not the name of a variable".to_owned()),
            };
        }
        match text.strip_prefix("file:") {
            // A URL with `file:` before it by mistake would be taken for a path and printed.
            Some(path) if !path.is_empty() && !path.contains("://") => Ok(SecretSource::File(PathBuf::from(path))),
            _ => Err("a secret is not written into the configuration; \
                      env:NAME names a variable that holds it, file:PATH a file that only its owner can read"
                .to_owned()),
        }
    }
}

/// The settings for notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotifySettings {
    /// The sender address of e-mail; `None` means `signals@` and the name of the host.
    pub from: Option<String>,
    pub grace_hours: u32,
    /// Where the URL of the mail server is stored; it may contain a password.
    pub smtp_url: SecretSource,
    /// Where the URL of the Slack webhook is stored; the whole URL is a secret.
    pub slack_webhook: SecretSource,
}

impl Default for NotifySettings {
    fn default() -> Self {
        NotifySettings {
            from: None,
            grace_hours: USUAL_GRACE_HOURS,
            smtp_url: SecretSource::Variable("SIGNALS_SMTP_URL".to_owned()),
            slack_webhook: SecretSource::Variable("SIGNALS_SLACK_WEBHOOK".to_owned()),
        }
    }
}

/// Whether the text is an e-mail address: `NAME@DOMAIN`, without quotes or comments.
pub(crate) fn is_address(text: &str) -> bool {
    let Some((name, domain)) = text.rsplit_once('@') else { return false };
    let is_name = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    let is_label = |label: &str| {
        label.len() <= 63
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
            && !label.is_empty()
    };
    name.len() <= 64
        && name.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_name))
        && domain.len() <= 253
        && domain.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, role: &str, manager: Option<&str>) -> TeamMember {
        TeamMember {
            role: role.to_owned(),
            manager: manager.map(str::to_owned),
            ..TeamMember::new(name.to_owned())
        }
    }

    #[test]
    fn types_are_listed_and_none_is_said() {
        let prefers = |realtime: &str| {
            let realtime = realtime.to_owned();
            Preferences::of(&TeamMember { realtime, ..member("Ana", "csm", None) }).realtime_words()
        };
        let words = ["bad", "Good; bad", "", "none"].map(prefers);
        assert_eq!(words, ["bad", "good;bad", "none", "none"]);
    }

    fn team() -> Vec<TeamMember> {
        vec![
            member("ana", "csm", Some("mia")),
            member("bob", "csm", Some("gone")),
            member("mia", "manager", None),
            member("max", "manager", None),
            member("eva", "executive", None),
        ]
    }

    fn told(
        csm: Option<&str>,
        manager: Option<&str>,
        signal_type: SignalType,
        marks: Marks,
    ) -> Vec<String> {
        let team = team();
        let told =
            recipients(&team, &NoticeSubject { csm, also_csms: None, manager, signal_type, marks });
        told.iter().map(|(member, why)| format!("{} {why}", member.name)).collect()
    }

    const NONE: Marks = Marks { managers: false, executives: false };
    const MANAGERS: Marks = Marks { managers: true, executives: false };
    const EXECUTIVES: Marks = Marks { managers: false, executives: true };

    #[test]
    fn recipients_follow_from_the_company_the_type_and_the_rule() {
        use SignalType::{Bad, Good, Info};
        type Case = (
            Option<&'static str>,
            Option<&'static str>,
            SignalType,
            Marks,
            &'static [&'static str],
        );
        let cases: [Case; 16] = [
            (Some("ana"), None, Good, NONE, &["ana csm"]),
            (Some("ana"), None, Info, NONE, &["ana csm"]),
            (Some("ana"), None, Bad, NONE, &["ana csm", "mia manager"]),
            (Some("ana"), Some("max"), Bad, NONE, &["ana csm", "max manager"]),
            (Some("ana"), Some("max"), Good, NONE, &["ana csm"]),
            (Some("ana"), Some("max"), Info, MANAGERS, &["ana csm", "max manager"]),
            (Some("ana"), None, Good, EXECUTIVES, &["ana csm", "eva executive"]),
            // Managers outside the team are not notified.
            (Some("ana"), Some("stranger"), Bad, NONE, &["ana csm", "mia manager"]),
            (Some("bob"), None, Bad, NONE, &["bob csm"]),
            // The company has no CSM, or one outside the team.
            (None, None, Info, NONE, &["mia stand-in", "max stand-in"]),
            (Some("stranger"), None, Good, NONE, &["mia stand-in", "max stand-in"]),
            (None, Some("max"), Bad, NONE, &["max manager", "mia stand-in"]),
            (None, None, Bad, EXECUTIVES, &["mia stand-in", "max stand-in", "eva executive"]),
            // Nobody is notified twice.
            (Some("mia"), Some("mia"), Bad, NONE, &["mia csm"]),
            (Some("eva"), None, Info, EXECUTIVES, &["eva csm"]),
            (Some("ana"), Some("ana"), Bad, MANAGERS, &["ana csm"]),
        ];
        for (csm, manager, signal_type, marks, expected) in cases {
            assert_eq!(
                told(csm, manager, signal_type, marks),
                expected,
                "{csm:?} {manager:?} {signal_type} {marks:?}"
            );
        }
        let subject = NoticeSubject {
            csm: Some("ana"),
            also_csms: None,
            manager: None,
            signal_type: Bad,
            marks: NONE,
        };
        assert_eq!(recipients(&[], &subject), []);
    }

    #[test]
    fn a_notice_is_sent_at_once_with_the_digest_or_as_a_reminder() {
        use Channel::{Email, Slack};
        let told_at: Instant = "2026-04-01T06:00:00Z".parse().unwrap();
        let later = |text: &str| text.parse::<Instant>().unwrap();
        let (same, almost, day) = (
            later("2026-04-01T06:00:00Z"),
            later("2026-04-02T05:59:59Z"),
            later("2026-04-02T06:00:00Z"),
        );
        let bad_only = Preferences { realtime: vec![SignalType::Bad], digest: false };
        let digest = Preferences { realtime: vec![SignalType::Bad], digest: true };
        let cases = [
            (SignalType::Bad, &bad_only, Email, true, same, Some(Purpose::Realtime)),
            (SignalType::Bad, &digest, Slack, true, day, Some(Purpose::Realtime)),
            (SignalType::Info, &bad_only, Email, true, same, None),
            (SignalType::Info, &bad_only, Email, true, almost, None),
            (SignalType::Info, &bad_only, Email, true, day, Some(Purpose::Reminder)),
            (SignalType::Info, &bad_only, Slack, true, day, None),
            (SignalType::Good, &digest, Email, true, same, Some(Purpose::Digest)),
            (SignalType::Good, &digest, Slack, true, same, Some(Purpose::Digest)),
            (SignalType::Good, &digest, Email, false, same, None),
            (SignalType::Good, &digest, Email, false, day, Some(Purpose::Reminder)),
            (SignalType::Good, &digest, Slack, false, day, None),
        ];
        for (signal_type, preferences, channel, digest_is_due, now, expected) in cases {
            let found = purpose(
                Pending { signal_type, told_at },
                preferences,
                channel,
                digest_is_due,
                now,
                24,
            );
            assert_eq!(
                found, expected,
                "{signal_type} {preferences:?} {channel} {digest_is_due} {now}"
            );
        }
        let info = Pending { signal_type: SignalType::Info, told_at };
        assert_eq!(purpose(info, &bad_only, Email, true, same, 0), Some(Purpose::Reminder));
    }

    #[test]
    fn the_wait_grows_until_the_message_is_dead() {
        let now = Instant::from_micros(0);
        let delays: Vec<Option<i64>> = (0..=9)
            .map(|tries| next_try(tries, now, None).map(|next| next.micros() / 1_000_000))
            .collect();
        let grown = [60, 300, 1200, 3600, 10_800, 21_600, 43_200].map(Some);
        assert_eq!(delays[1..8], grown);
        assert_eq!((delays[0], delays[8], delays[9]), (None, None, None));
    }

    #[test]
    fn a_server_can_ask_for_a_wait_of_at_most_a_day() {
        let now = Instant::from_micros(0);
        let seconds =
            |patience| next_try(1, now, Some(patience)).map(|next| next.micros() / 1_000_000);
        assert_eq!([seconds(0), seconds(59), seconds(600)], [Some(60), Some(60), Some(600)]);
        assert_eq!([seconds(1_000_000), seconds(u64::MAX)], [Some(86_400), Some(86_400)]);
        assert_eq!(next_try(8, now, Some(5)), None);
    }

    #[test]
    fn preferences_are_read_from_the_team() {
        let of = |realtime: &str| {
            Preferences::of(&TeamMember {
                realtime: realtime.to_owned(),
                ..TeamMember::new("ana".to_owned())
            })
            .realtime
        };
        assert_eq!(of("bad;good"), [SignalType::Bad, SignalType::Good]);
        assert_eq!(of("Bad; Info"), [SignalType::Bad, SignalType::Info]);
        assert_eq!(of(""), []);
        assert_eq!(
            Preferences::usual(),
            Preferences { realtime: vec![SignalType::Bad], digest: false }
        );
    }

    #[test]
    fn a_secret_is_referred_to_and_never_printed() {
        assert_eq!("env:SMTP_URL".parse(), Ok(SecretSource::Variable("SMTP_URL".to_owned())));
        assert_eq!("file:/etc/smtp".parse(), Ok(SecretSource::File(PathBuf::from("/etc/smtp"))));
        for secret in [
            "smtps://ana:hunter2@mail.example",
            "https://hooks.example/hunter2",
            "hunter2",
            "env:hunter2 x",
            "env:2hunter2",
            "env:",
            "file:",
            "file:smtps://ana:hunter2@mail.example",
            "",
        ] {
            let told = secret.parse::<SecretSource>().unwrap_err();
            assert!(!told.contains("hunter2"), "{told}");
        }
        for text in ["env:A_1", "file:a/b"] {
            assert_eq!(text.parse::<SecretSource>().unwrap().to_string(), text);
        }
    }
}
