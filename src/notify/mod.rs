//! Notifications: from the outbox to e-mail and Slack. Apart from [`crate::pull`], the only code
//! that opens network connections.
//!
//! A run writes notices. [`send`] turns those that are due into messages, in one transaction,
//! delivers them, and records each result as soon as it is known. Interrupted deliveries are
//! retried with the same Message-ID, so nothing is lost and duplicates are recognizable.

mod content;
mod delivery;
mod relay;
mod secret;
mod slack;
mod smtp;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;

use anyhow::Result;

use self::content::{Content, ContractSummary, MOST_ITEMS, MOST_SIGNALS, NotifiedSignal, Overview};
use self::secret::Secret;
use self::slack::Webhook;
use self::smtp::{Mail, Mailer};
use crate::clock::Clock;
use crate::domain::attributes::{AsOf, Datum};
use crate::domain::company::CompanyKey;
use crate::domain::day::{Day, Instant};
use crate::domain::facts::TeamMember;
use crate::domain::notify::{
    self, Channel, MessageState, NotifySettings, Preferences, Purpose, SecretSource,
};
use crate::domain::signal::{SignalId, SignalType};
use crate::domain::trend::Windows;
use crate::error::{CommandError, not_allowed};
use crate::store::{
    Delivery, Finish, Message, NewMessage, PendingNotice, PendingRetraction, Scope, SendingLimits,
    SignalRecord, Store, ToldSignal,
};

/// Why a delivery failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SendError {
    /// One line without secrets.
    pub text: String,
    /// The number of seconds that the server asks to wait.
    pub patience: Option<u64>,
}

impl SendError {
    /// An error without a time to wait.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        SendError { text: text.into(), patience: None }
    }
}

/// Whether a host is this machine.
fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether a text can be the sender of e-mail.
///
/// # Errors
/// Not an address (exit 9).
pub(crate) fn check_sender(text: &str) -> Result<(), CommandError> {
    smtp::sender(text).map(|_| ())
}

/// The configured channels.
pub(crate) struct Transports {
    mailer: Option<Mailer>,
    webhook: Option<Webhook>,
    /// The domain of Message-IDs.
    domain: String,
}

/// A message ready for delivery.
enum Parcel {
    Mail(Box<Mail>),
    Post(serde_json::Value),
    /// Cannot be delivered, for this reason.
    Stuck(String),
}

impl Transports {
    /// Finds the servers and their secrets. `variable` reads the environment; `host` is the name of
    /// this machine.
    ///
    /// # Errors
    /// Settings that cannot be used (exit 9). The error never shows a secret.
    pub(crate) fn find(
        settings: &NotifySettings,
        limits: SendingLimits,
        variable: impl Fn(&str) -> Option<String>,
        host: &str,
    ) -> Result<Self> {
        let usual = NotifySettings::default();
        let find = |name: &str, source: &SecretSource, usual: &SecretSource| match Secret::find(
            source, &variable,
        )? {
            None if source != usual => {
                let message = format!(
                    "the variable that {name} of the notify settings names, {source}, is not set"
                );
                Err(not_allowed(message).hint("set it, where cron too can see it"))?
            }
            found => Ok::<_, anyhow::Error>(found),
        };
        let smtp_url = find("smtp_url", &settings.smtp_url, &usual.smtp_url)?;
        let slack_webhook = find("slack_webhook", &settings.slack_webhook, &usual.slack_webhook)?;
        let from = settings.from.clone().unwrap_or_else(|| usual_sender(host));
        Ok(Transports {
            mailer: smtp_url.map(|url| Mailer::new(&url, &from, limits)).transpose()?,
            webhook: slack_webhook.map(|url| Webhook::new(url, limits)).transpose()?,
            domain: smtp::sender(&from)?.email.domain().to_owned(),
        })
    }

    /// Whether no channel is configured.
    pub(crate) fn is_empty(&self) -> bool {
        self.channels().is_empty()
    }

    fn channels(&self) -> Vec<Channel> {
        let email = self.mailer.as_ref().map(|_| Channel::Email);
        let slack = self.webhook.as_ref().map(|_| Channel::Slack);
        email.into_iter().chain(slack).collect()
    }

    fn deliver(&self, parcel: &Parcel) -> Result<(), SendError> {
        match (parcel, &self.mailer, &self.webhook) {
            (Parcel::Mail(mail), Some(mailer), _) => mailer.send(mail),
            (Parcel::Post(payload), _, Some(webhook)) => webhook.post(payload),
            (Parcel::Stuck(reason), ..) => Err(SendError::new(reason)),
            _ => Err(SendError::new("nothing is configured for it")),
        }
    }
}

/// `signals@` the name of this machine, as far as that can be part of an address.
fn usual_sender(host: &str) -> String {
    let sender = format!("signals@{}", host.trim_end_matches('.'));
    if smtp::sender(&sender).is_ok() { sender } else { "signals@localhost".to_owned() }
}

/// Delivers what is due. Returns the state of every message with unread signals.
///
/// # Errors
/// Another process is delivering (exit 5). A failed delivery is not an error here.
pub(crate) fn send(
    store: &mut Store,
    clock: &Clock,
    transports: Transports,
    settings: &NotifySettings,
    limits: SendingLimits,
) -> Result<Vec<Delivery>> {
    let _lock = store.lock_sending()?;
    let now = clock.now();
    let channels = transports.channels();
    let domain = transports.domain.clone();
    store.transaction(Finish::Commit, |store| {
        make_messages(store, &channels, settings, &domain, now)
    })?;
    let due = due_messages(store, &channels, now)?;
    let parcels = due
        .iter()
        .map(|message| Ok((message.id, parcel(store, message, now)?)))
        .collect::<Result<_>>()?;
    let transports = Arc::new(transports);
    let mut sent = HashSet::new();
    let deliver = move |parcel: &Parcel| transports.deliver(parcel);
    delivery::deliver(parcels, deliver, limits, clock, |id, result| {
        let tries = due.iter().find(|message| message.id == id).map_or(0, |message| message.tries);
        store.transaction(Finish::Commit, |store| note(store, id, tries, &result, clock.now()))?;
        if result.is_ok() {
            sent.insert(id);
        }
        Ok(())
    })?;
    deliveries(store, due, &sent)
}

/// What [`send`] would deliver now: the same work, rolled back, without network connections.
pub(crate) fn rehearse(
    store: &mut Store,
    clock: &Clock,
    transports: &Transports,
    settings: &NotifySettings,
) -> Result<Vec<Delivery>> {
    let (now, channels) = (clock.now(), transports.channels());
    store.transaction(Finish::RollBack, |store| {
        make_messages(store, &channels, settings, &transports.domain, now)?;
        let due: HashSet<i64> =
            due_messages(store, &channels, now)?.iter().map(|message| message.id).collect();
        let undelivered = store.undelivered_messages()?.into_iter();
        let state = |message: &Message| {
            if due.contains(&message.id) { MessageState::Due } else { at_rest(message) }
        };
        Ok(undelivered.map(|message| Delivery { state: state(&message), message }).collect())
    })
}

/// Delivers a test message to a member of the team through every channel, at once and without the
/// outbox. Returns the channels, each with its error if it failed.
pub(crate) fn test(
    transports: Transports,
    member: &TeamMember,
    limits: SendingLimits,
    clock: &Clock,
) -> Result<Vec<(Channel, Option<String>)>> {
    let content = Content::of_test(&member.name);
    let message_id = message_id(&transports.domain, clock.now());
    let mut parcels = Vec::new();
    for channel in transports.channels() {
        let parcel = match channel {
            Channel::Email => mail(&content, Some(member), &message_id, clock.now())?,
            Channel::Slack => Parcel::Post(content.slack(&[])),
        };
        parcels.push((channel as i64, parcel));
    }
    let mut outcomes = Vec::new();
    delivery::deliver(
        parcels,
        move |parcel| transports.deliver(parcel),
        limits,
        clock,
        |id, result| {
            let channel = if id == Channel::Email as i64 { Channel::Email } else { Channel::Slack };
            outcomes.retain(|(known, _)| *known != channel);
            outcomes.push((channel, result.err().map(|trouble| trouble.text)));
            Ok(())
        },
    )?;
    outcomes.sort();
    Ok(outcomes)
}

fn note(
    store: &Store,
    id: i64,
    tries: u32,
    result: &Result<(), SendError>,
    now: Instant,
) -> Result<()> {
    match result {
        Ok(()) => store.record_sent(id, now),
        Err(trouble) => store.record_failed(
            id,
            &trouble.text,
            notify::next_try(tries + 1, now, trouble.patience),
        ),
    }
}

fn due_messages(store: &Store, channels: &[Channel], now: Instant) -> Result<Vec<Message>> {
    let mut messages = store.undelivered_messages()?;
    messages.retain(|message| {
        channels.contains(&message.channel) && message.next_try_at.is_some_and(|at| at <= now)
    });
    Ok(messages)
}

/// The state of a message that is not tried now.
fn at_rest(message: &Message) -> MessageState {
    if message.next_try_at.is_none() { MessageState::Dead } else { MessageState::Waiting }
}

fn deliveries(store: &Store, due: Vec<Message>, sent: &HashSet<i64>) -> Result<Vec<Delivery>> {
    let tries: BTreeMap<i64, u32> = due.iter().map(|message| (message.id, message.tries)).collect();
    let delivered = due.into_iter().filter(|message| sent.contains(&message.id));
    let mut all: Vec<Delivery> =
        delivered.map(|message| Delivery { message, state: MessageState::Sent }).collect();
    for message in store.undelivered_messages()? {
        let was_tried = tries.get(&message.id).is_some_and(|tries| *tries < message.tries);
        let state = match at_rest(&message) {
            MessageState::Waiting if was_tried => MessageState::Failed,
            state => state,
        };
        all.push(Delivery { message, state });
    }
    all.sort_by_key(|delivery| delivery.message.id);
    Ok(all)
}

// ---- From notices to messages

/// Creates messages of all due notices.
fn make_messages(
    store: &Store,
    channels: &[Channel],
    settings: &NotifySettings,
    domain: &str,
    now: Instant,
) -> Result<()> {
    store.reroute_notices(now)?;
    let team = store.team()?;
    let maker = Maker { store, team: &team, grace_hours: settings.grace_hours, domain, now };
    channels.iter().try_for_each(|channel| {
        match channel {
            Channel::Email => maker.mails()?,
            Channel::Slack => maker.posts()?,
        }
        maker.retractions(*channel)
    })
}

struct Maker<'s> {
    store: &'s Store,
    team: &'s [TeamMember],
    grace_hours: u32,
    domain: &'s str,
    now: Instant,
}

impl Maker<'_> {
    /// One mail for each person and purpose.
    fn mails(&self) -> Result<()> {
        let pending = self.store.pending_notices(Channel::Email)?;
        let mut mails: BTreeMap<(&str, Purpose), Vec<&PendingNotice>> = BTreeMap::new();
        for member in self.team.iter().filter(|member| member.email.is_some()) {
            let preferences = Preferences::of(member);
            let is_due = self.is_digest_due(Channel::Email, Some(&member.name))?;
            for notice in
                pending.iter().filter(|notice| notice.person.as_ref() == Some(&member.name))
            {
                if let Some(purpose) = self.purpose(notice, &preferences, Channel::Email, is_due) {
                    mails.entry((&member.name, purpose)).or_default().push(notice);
                }
            }
        }
        mails.iter().try_for_each(|((person, purpose), notices)| {
            self.add(Channel::Email, *purpose, Some(person), notices)
        })
    }

    /// One post for each purpose. A signal has the most urgent purpose of the people to notify.
    fn posts(&self) -> Result<()> {
        let pending = self.store.pending_notices(Channel::Slack)?;
        let is_due = self.is_digest_due(Channel::Slack, None)?;
        let mut purposes: BTreeMap<SignalId, (Purpose, &PendingNotice)> = BTreeMap::new();
        for notice in &pending {
            let Some(preferences) = self.preferences(notice.person.as_deref()) else { continue };
            if let Some(purpose) = self.purpose(notice, &preferences, Channel::Slack, is_due) {
                let known = purposes.entry(notice.signal).or_insert((purpose, notice));
                known.0 = known.0.min(purpose);
            }
        }
        for wanted in [Purpose::Realtime, Purpose::Digest] {
            let notices = purposes
                .values()
                .filter(|(purpose, _)| *purpose == wanted)
                .map(|(_, notice)| *notice);
            let notices: Vec<&PendingNotice> = notices.collect();
            if !notices.is_empty() {
                self.add(Channel::Slack, wanted, None, &notices)?;
            }
        }
        Ok(())
    }

    /// One message for each person, or for Slack, regardless of preferences: they were sent the
    /// signals and may be acting on them.
    fn retractions(&self, channel: Channel) -> Result<()> {
        let pending = self.store.pending_retractions(channel)?;
        let has_address = |name: &str| {
            self.team.iter().any(|member| member.name == name && member.email.is_some())
        };
        let mut receivers: BTreeMap<Option<&str>, Vec<&PendingRetraction>> = BTreeMap::new();
        for retraction in &pending {
            let person = retraction.person.as_deref();
            if person.is_none_or(has_address) {
                receivers.entry(person).or_default().push(retraction);
            }
        }
        receivers.into_iter().try_for_each(|(person, retractions)| {
            let id = message_id(self.domain, self.now);
            let message = self.message(channel, Purpose::Retraction, person, &id);
            self.store.add_retraction_message(&message, &retractions)
        })
    }

    /// The preferences of a person; the default without one. `None` for somebody who has left the
    /// team.
    fn preferences(&self, person: Option<&str>) -> Option<Preferences> {
        match person {
            Some(name) => self.team.iter().find(|member| member.name == name).map(Preferences::of),
            None => Some(Preferences::usual()),
        }
    }

    fn purpose(
        &self,
        notice: &PendingNotice,
        preferences: &Preferences,
        channel: Channel,
        is_due: bool,
    ) -> Option<Purpose> {
        notify::purpose(notice.pending, preferences, channel, is_due, self.now, self.grace_hours)
    }

    fn is_digest_due(&self, channel: Channel, person: Option<&str>) -> Result<bool> {
        Ok(!self.store.has_digest(channel, person, self.now.day_in(self.store.zone()))?)
    }

    fn add(
        &self,
        channel: Channel,
        purpose: Purpose,
        person: Option<&str>,
        notices: &[&PendingNotice],
    ) -> Result<()> {
        let id = message_id(self.domain, self.now);
        self.store.add_message(&self.message(channel, purpose, person, &id), notices)
    }

    fn message<'m>(
        &self,
        channel: Channel,
        purpose: Purpose,
        person: Option<&'m str>,
        message_id: &'m str,
    ) -> NewMessage<'m> {
        NewMessage {
            channel,
            purpose,
            person,
            message_id,
            made_at: self.now,
            made_on: self.now.day_in(self.store.zone()),
        }
    }
}

/// A globally unique Message-ID, from the time and the operating system's random numbers.
fn message_id(domain: &str, now: Instant) -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("<signals.{}.{:016x}{:016x}@{domain}>", now.micros(), random(), random())
}

// ---- From messages to what is sent

fn parcel(store: &Store, message: &Message, now: Instant) -> Result<Parcel> {
    let team = store.team()?;
    let content = content(store, message, &team, now)?;
    match (message.channel, &message.person) {
        (Channel::Slack, _) => {
            let known = team
                .iter()
                .filter_map(|member| Some((member.name.clone(), member.slack_id.clone()?)));
            Ok(Parcel::Post(content.slack(&known.collect::<Vec<_>>())))
        }
        (Channel::Email, person) => {
            let member = team.iter().find(|member| Some(&member.name) == person.as_ref());
            mail(&content, member, &message.message_id, now)
        }
    }
}

fn mail(
    content: &Content,
    member: Option<&TeamMember>,
    message_id: &str,
    now: Instant,
) -> Result<Parcel> {
    let address = member.and_then(|member| Some((member.name.clone(), member.email.clone()?)));
    let Some(to) = address else {
        return Ok(Parcel::Stuck("the team file has no e-mail address".to_owned()));
    };
    Ok(Parcel::Mail(Box::new(Mail {
        to,
        subject: content.subject.clone(),
        text: content.text()?,
        html: content.html()?,
        message_id: message_id.to_owned(),
        date: now,
    })))
}

fn content(store: &Store, message: &Message, team: &[TeamMember], now: Instant) -> Result<Content> {
    let signals = store.signals_of_message(message.id)?;
    let companies: HashSet<CompanyKey> = signals.iter().map(|signal| signal.company).collect();
    let types = signals.iter().map(|signal| signal.signal_type).collect();
    let overview = Overview { types, companies: companies.len() };
    let (first, others) = signals.split_at(signals.len().min(MOST_ITEMS));
    let mut told = Vec::new();
    for ToldSignal { id, signal_type, .. } in first {
        let mut people = store.people_of_message(message.id, *id)?;
        people.retain(|name| wants(team, name, *signal_type, message.purpose));
        let mut tasks = store.tasks_of_signal(*id)?;
        tasks.retain(|task| task.closed.is_none());
        let Some(signal) = store.signal(*id)? else { continue };
        let stopped = stopped(store, &signal)?;
        told.push(NotifiedSignal { signal, tasks, people, stopped, contract: None });
    }
    group_by_company(&mut told);
    add_contracts(store, &mut told, now.day_in(store.zone()))?;
    let others = others.iter().take(MOST_SIGNALS - MOST_ITEMS).map(|other| store.signal(other.id));
    let others: Vec<Option<SignalRecord>> = others.collect::<Result<_>>()?;
    let others: Vec<SignalRecord> = others.into_iter().flatten().collect();
    let (reader, link) = (message.person.as_deref(), store.company_link()?);
    Ok(Content::about(message.purpose, reader, &overview, &told, &others, link.as_ref()))
}

/// The people who were active in the earlier window of a trend and not in the later one.
fn stopped(store: &Store, signal: &SignalRecord) -> Result<Vec<String>> {
    let (Some(trend), Some(comparison)) =
        (signal.definition.logic.trend(), signal.evidence.comparison())
    else {
        return Ok(Vec::new());
    };
    let windows = Windows { observation: comparison.observation, decision: comparison.decision };
    let activity = store.company_activity(signal.company, &trend.watch(), &windows)?;
    let stopped = activity.people.into_iter().filter(|person| person.current == 0);
    Ok(stopped.filter_map(|person| person.person_id).collect())
}

/// Puts the signals of a company together, where its first one is.
fn group_by_company(told: &mut [NotifiedSignal]) {
    let mut places: HashMap<CompanyKey, usize> = HashMap::new();
    for (place, told) in told.iter().enumerate() {
        places.entry(told.signal.company).or_insert(place);
    }
    told.sort_by_key(|told| places[&told.signal.company]);
}

/// Adds to the first signal of each company what the company pays and when it renews.
fn add_contracts(store: &Store, told: &mut [NotifiedSignal], today: Day) -> Result<()> {
    let catalogue = store.catalogue()?;
    for of_company in told.chunk_by_mut(|a, b| a.signal.company == b.signal.company) {
        let company = of_company[0].signal.company;
        let names = ["mrr", "renewal_on"];
        let as_of = AsOf::at_present(today, today);
        let table = store.attributes(&catalogue, &names, as_of, Scope::One(company))?;
        let value = |name| Ok::<_, anyhow::Error>(table.column(name)?.first().cloned());
        let renews_on = match value("renewal_on")? {
            Some(Datum::Day(day)) => Some(day),
            _ => None,
        };
        let mrr = value("mrr")?.and_then(|mrr| mrr.number());
        of_company[0].contract = Some(ContractSummary { mrr, renews_on });
    }
    Ok(())
}

/// Whether to mention somebody, because this message is what they want.
fn wants(team: &[TeamMember], name: &str, signal_type: SignalType, purpose: Purpose) -> bool {
    let preferences = team.iter().find(|member| member.name == name).map(Preferences::of);
    preferences.is_some_and(|preferences| match purpose {
        Purpose::Realtime => preferences.realtime.contains(&signal_type),
        Purpose::Reminder | Purpose::Retraction => true,
        Purpose::Digest => preferences.digest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_told_from_others() {
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.1", "::1"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["localhost.example", "128.0.0.1", "::2", "example", ""] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn the_usual_sender_is_at_this_machine() {
        assert_eq!(usual_sender("box.example.com"), "signals@box.example.com");
        assert_eq!(usual_sender("box"), "signals@box");
        assert_eq!(usual_sender("(none)"), "signals@localhost");
        assert_eq!(usual_sender(""), "signals@localhost");
    }

    #[test]
    fn no_two_messages_have_one_id() {
        let now = Instant::from_micros(0);
        let ids: HashSet<String> = (0..1000).map(|_| message_id("example.com", now)).collect();
        assert_eq!(ids.len(), 1000);
        assert!(
            ids.iter().all(|id| id.starts_with("<signals.0.") && id.ends_with("@example.com>"))
        );
    }
}
