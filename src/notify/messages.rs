//! From notices to messages: who is told of which signals in one message, and when.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use anyhow::Result;

use crate::domain::channel::Channel;
use crate::domain::day::Instant;
use crate::domain::fact_kinds::TeamMember;
use crate::domain::notify::{self, NotifySettings, Preferences, Purpose};
use crate::domain::signal::SignalId;
use crate::store::{NewMessage, PendingNotice, PendingRetraction, Store};

/// Creates messages of all due notices.
pub(super) fn make_messages(
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
            let of_member = |notice: &&PendingNotice| notice.person.as_ref() == Some(&member.name);
            for notice in pending.iter().filter(of_member) {
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
            let notices = purposes.values().filter(|(purpose, _)| *purpose == wanted);
            let notices: Vec<&PendingNotice> = notices.map(|(_, notice)| *notice).collect();
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
pub(super) fn message_id(domain: &str, now: Instant) -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("<signals.{}.{:016x}{:016x}@{domain}>", now.micros(), random(), random())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

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
