//! The outbox: messages with notices, until they are delivered or given up.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::Store;
use super::values::{bind_fields, read_fields};
use crate::domain::channel::Channel;
use crate::domain::company::CompanyKey;
use crate::domain::day::{Day, Instant};
use crate::domain::notify::{MessageState, Pending, Purpose};
use crate::domain::signal::{SignalId, SignalType};
use crate::error::{CommandError, ErrorKind};

/// An unread notice that is in no message of a channel yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PendingNotice {
    pub id: i64,
    pub signal: SignalId,
    /// The recipient; `None` if there was nobody to notify.
    pub person: Option<String>,
    pub pending: Pending,
}

/// A person who was sent a signal that was retracted afterwards and has not been told yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PendingRetraction {
    pub id: i64,
    /// The recipient; `None` for Slack.
    pub person: Option<String>,
}

/// A message to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewMessage<'a> {
    pub channel: Channel,
    pub purpose: Purpose,
    /// The recipient; `None` for Slack.
    pub person: Option<&'a str>,
    /// The Message-ID, the same at each attempt, with its angle brackets.
    pub message_id: &'a str,
    pub made_at: Instant,
    /// The day of `made_at` in the time zone of the database.
    pub made_on: Day,
}

/// A message that is not delivered yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub id: i64,
    pub channel: Channel,
    pub purpose: Purpose,
    /// The recipient; `None` for Slack.
    pub person: Option<String>,
    /// The Message-ID, the same at each attempt.
    pub message_id: String,
    /// The number of failed attempts.
    pub tries: u32,
    /// When it is tried next; `None` if it was given up.
    pub next_try_at: Option<Instant>,
    pub last_error: Option<String>,
    /// The number of signals in it that are still unread.
    pub signals: u64,
}

/// A signal in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ToldSignal {
    pub id: SignalId,
    pub signal_type: SignalType,
    pub company: CompanyKey,
}

/// The result of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// The message after the attempt.
    pub message: Message,
    pub state: MessageState,
}

/// Keeps other processes from delivering until it is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct SendingLock {
    _folder: File,
}

/// How long to wait for another process that delivers, in tenths of a second.
const PATIENCE: u32 = 300;

impl Store {
    /// Waits until no other process delivers messages of a database in the same folder.
    ///
    /// This locks the folder. The database itself must not be opened a second time, because closing
    /// it would release SQLite's locks; a lock file beside it would be left behind.
    ///
    /// # Errors
    /// Another process delivers for more than 30 seconds (exit 5).
    pub(crate) fn lock_sending(&self) -> Result<SendingLock> {
        let folder = self.path().parent().unwrap_or(Path::new("/"));
        let file = File::open(folder)
            .with_context(|| format!("cannot open the folder {}", folder.display()))?;
        for _ in 0..PATIENCE {
            match file.try_lock() {
                Ok(()) => return Ok(SendingLock { _folder: file }),
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(100)),
                Err(TryLockError::Error(error)) => {
                    return Err(error)
                        .with_context(|| format!("cannot lock the folder {}", folder.display()));
                }
            }
        }
        let hint = "another `signals notify send` is delivering; try again when it has finished";
        Err(CommandError::new(ErrorKind::Busy, "messages are being delivered already")
            .hint(hint)
            .into())
    }

    /// The unread notices that are in no message of a channel yet, ordered by signal.
    pub(crate) fn pending_notices(&self, channel: Channel) -> Result<Vec<PendingNotice>> {
        let sql = format!(
            "SELECT n.id, n.signal, n.person, n.told_at, s.type FROM notices n JOIN signals s ON s.id = n.signal
             WHERE n.read_at IS NULL AND n.withdrawn_at IS NULL AND n.{channel} IS NULL ORDER BY n.signal, n.id"
        );
        self.read_all(&sql, [], |row| {
            read_fields!(row => PendingNotice: id, signal, person;
                pending = Pending { signal_type: row.get("type")?, told_at: row.get("told_at")? })
        })
    }

    /// Whether a digest for a person, or for Slack, was created on a day.
    pub(crate) fn has_digest(
        &self,
        channel: Channel,
        person: Option<&str>,
        day: Day,
    ) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM messages
                            WHERE purpose = 'digest' AND made_on = ?3 AND channel = ?1 AND person IS ?2) AS is_there";
        self.read_one(sql, (channel, person, day), |row| row.get("is_there"))
    }

    /// Creates a message with these notices, due at once, inside the caller's transaction.
    /// Everybody reads Slack, so a message there contains all notices of its signals.
    pub(crate) fn add_message(
        &self,
        message: &NewMessage<'_>,
        notices: &[&PendingNotice],
    ) -> Result<()> {
        let id = self.insert_message(message)?;
        let slack = "UPDATE notices SET slack = ?2 WHERE signal = ?1 AND slack IS NULL";
        notices.iter().try_for_each(|notice| match message.channel {
            Channel::Email => {
                self.execute("UPDATE notices SET email = ?2 WHERE id = ?1", (notice.id, id))
            }
            Channel::Slack => self.execute(slack, (notice.signal, id)),
        })
    }

    fn insert_message(&self, message: &NewMessage<'_>) -> Result<i64> {
        let sql = "INSERT INTO messages (channel, purpose, person, message_id, made_at, made_on, next_try_at)
                   VALUES (:channel, :purpose, :person, :message_id, :made_at, :made_on, :made_at)";
        let values = bind_fields!(message: channel, purpose, person, message_id, made_at, made_on);
        self.insert(sql, values)
    }

    /// Records who was sent a signal that is being retracted: a person by e-mail, or Slack.
    pub(super) fn add_retractions(&self, signal: SignalId) -> Result<()> {
        let sql = "INSERT INTO retractions (signal, channel, person)
                   SELECT n.signal, m.channel, n.person FROM notices n JOIN messages m ON m.id = n.email
                   WHERE n.signal = ?1 AND m.sent_at IS NOT NULL
                   UNION
                   SELECT n.signal, m.channel, NULL FROM notices n JOIN messages m ON m.id = n.slack
                   WHERE n.signal = ?1 AND m.sent_at IS NOT NULL";
        self.execute(sql, [signal])
    }

    /// The retractions that are in no message of a channel yet, ordered by signal.
    pub(crate) fn pending_retractions(&self, channel: Channel) -> Result<Vec<PendingRetraction>> {
        let sql = "SELECT id, person FROM retractions
                   WHERE channel = ?1 AND message IS NULL ORDER BY signal, id";
        self.read_all(sql, [channel], |row| read_fields!(row => PendingRetraction: id, person))
    }

    /// Creates a message with these retractions, due at once, inside the caller's transaction.
    pub(crate) fn add_retraction_message(
        &self,
        message: &NewMessage<'_>,
        retractions: &[&PendingRetraction],
    ) -> Result<()> {
        let id = self.insert_message(message)?;
        let sql = "UPDATE retractions SET message = ?2 WHERE id = ?1";
        retractions.iter().try_for_each(|retraction| self.execute(sql, (retraction.id, id)))
    }

    /// The undelivered messages, including those given up, in the order of their creation. Messages
    /// whose signals have all been read are left out.
    pub(crate) fn undelivered_messages(&self) -> Result<Vec<Message>> {
        let sql = "SELECT * FROM (
                       SELECT m.*, (SELECT count(DISTINCT n.signal) FROM notices n
                                    WHERE (n.email = m.id OR n.slack = m.id)
                                      AND n.read_at IS NULL AND n.withdrawn_at IS NULL)
                                 + (SELECT count(*) FROM retractions r WHERE r.message = m.id) AS signals
                       FROM messages m
                       WHERE m.next_try_at IS NOT NULL OR m.id IN
                           (SELECT id FROM messages WHERE next_try_at IS NULL AND sent_at IS NULL))
                   WHERE signals > 0 ORDER BY id";
        self.read_all(sql, [], |row| {
            read_fields!(row => Message: id, channel, purpose, person, message_id, tries,
                next_try_at, last_error, signals)
        })
    }

    /// The signals in a message that are still unread or retracted: bad before good before info,
    /// newest first.
    pub(crate) fn signals_of_message(&self, message: i64) -> Result<Vec<ToldSignal>> {
        let sql = "SELECT s.id, s.type AS signal_type, s.company FROM signals s
                   WHERE s.id IN (SELECT n.signal FROM notices n
                                  WHERE (n.email = ?1 OR n.slack = ?1)
                                    AND n.read_at IS NULL AND n.withdrawn_at IS NULL
                                  UNION ALL
                                  SELECT r.signal FROM retractions r WHERE r.message = ?1)
                   ORDER BY CASE s.type WHEN 'bad' THEN 0 WHEN 'good' THEN 1 ELSE 2 END, s.id DESC";
        self.read_all(
            sql,
            [message],
            |row| read_fields!(row => ToldSignal: id, signal_type, company),
        )
    }

    /// The names of the people who have not read a signal in a message.
    pub(crate) fn people_of_message(&self, message: i64, signal: SignalId) -> Result<Vec<String>> {
        let sql = "SELECT person FROM notices
                   WHERE (email = ?1 OR slack = ?1) AND signal = ?2 AND read_at IS NULL AND withdrawn_at IS NULL
                     AND person IS NOT NULL
                   ORDER BY person";
        self.read_all(sql, (message, signal), |row| row.get("person"))
    }

    /// Records a delivery.
    pub(crate) fn record_sent(&self, message: i64, at: Instant) -> Result<()> {
        let sql = "UPDATE messages SET sent_at = ?2, next_try_at = NULL, last_error = NULL, tries = tries + 1 WHERE id = ?1";
        self.execute(sql, (message, at))
    }

    /// Records a failed attempt, and when to try again; `None`: never.
    pub(crate) fn record_failed(
        &self,
        message: i64,
        error: &str,
        next_try_at: Option<Instant>,
    ) -> Result<()> {
        let sql = "UPDATE messages SET tries = tries + 1, last_error = ?2, next_try_at = ?3 WHERE id = ?1 AND sent_at IS NULL";
        self.execute(sql, (message, error, next_try_at))
    }

    /// When the last message was delivered.
    pub(crate) fn last_delivery(&self) -> Result<Option<Instant>> {
        let sql = "SELECT sent_at FROM messages WHERE sent_at IS NOT NULL ORDER BY id DESC LIMIT 1";
        self.read_first(sql, [], |row| row.get("sent_at"))
    }
}
