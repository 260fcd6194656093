//! Notifications: from the outbox to e-mail and Slack. Apart from [`crate::pull`], the only code
//! that opens network connections.
//!
//! A run writes notices. [`send`] turns those that are due into messages, in one transaction,
//! delivers them, and records each result as soon as it is known. Interrupted deliveries are
//! retried with the same Message-ID, so nothing is lost and duplicates are recognizable.

mod content;
mod delivery;
mod messages;
mod parcels;
mod relay;
mod secret;
mod slack;
mod smtp;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use anyhow::Result;

use self::content::Content;
use self::messages::{make_messages, message_id};
use self::parcels::{Parcel, mail, parcel};
use self::slack::Webhook;
use self::smtp::Mailer;
use crate::clock::Clock;
use crate::domain::channel::Channel;
use crate::domain::day::Instant;
use crate::domain::fact_kinds::TeamMember;
use crate::domain::notify::{self, MessageState, NotifySettings, SecretSource};
use crate::error::{CommandError, not_allowed};
use crate::network::Secret;
use crate::store::{Delivery, Finish, Message, SendingLimits, Store};

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

/// Whether a text can be the sender of e-mail.
///
/// # Errors
/// Not an address (exit 9).
pub(crate) fn check_sender(text: &str) -> Result<(), CommandError> {
    smtp::sender(text).map(|_| ())
}

pub(crate) struct Transports {
    mailer: Option<Mailer>,
    webhook: Option<Webhook>,
    /// The domain of Message-IDs.
    domain: String,
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
                let what = format!(
                    "the variable that {name} of the notify settings names, {source}, is not set"
                );
                Err(not_allowed(what).hint("set it, where cron too can see it"))?
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
        store.transaction(Finish::Commit, |store| match &result {
            Ok(()) => store.record_sent(id, clock.now()),
            Err(SendError { text, patience }) => {
                let now = clock.now();
                store.record_failed(id, text, notify::next_try(tries + 1, now, *patience))
            }
        })?;
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
    let channels = transports.channels();
    let parcel = |channel: &Channel| match channel {
        Channel::Email => mail(&content, Some(member), &message_id, clock.now()),
        Channel::Slack => Ok(Parcel::Post(content.slack(&[]))),
    };
    let parcels = (0_i64..).zip(&channels).map(|(id, channel)| Ok((id, parcel(channel)?)));
    let parcels = parcels.collect::<Result<_>>()?;
    let mut outcomes = BTreeMap::new();
    let deliver = move |parcel: &Parcel| transports.deliver(parcel);
    delivery::deliver(parcels, deliver, limits, clock, |id, result| {
        outcomes.insert(channels[id as usize], result.err().map(|trouble| trouble.text));
        Ok(())
    })?;
    Ok(outcomes.into_iter().collect())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_sender_is_at_this_machine() {
        assert_eq!(usual_sender("box.example.com"), "signals@box.example.com");
        assert_eq!(usual_sender("box"), "signals@box");
        assert_eq!(usual_sender("(none)"), "signals@localhost");
        assert_eq!(usual_sender(""), "signals@localhost");
    }
}
