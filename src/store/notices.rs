//! Notices: who is notified of which signal, and who has read it.

use anyhow::Result;

use super::values::read_fields;
use super::{SignalRecord, Store};
use crate::domain::company::CompanyKey;
use crate::domain::day::Instant;
use crate::domain::fact_kinds::TeamMember;
use crate::domain::notify::{Marks, NoticeSubject, Why, recipients};
use crate::domain::signal::{SignalId, SignalType};

/// A signal in somebody's inbox.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct InboxEntry {
    pub signal: SignalRecord,
    pub told_at: Instant,
    /// `None` while it is unread.
    pub read_at: Option<Instant>,
}

/// What decides who is notified of a signal: its type, who looks after its company now, and whom
/// its rule notified when it was raised.
struct Routing {
    signal_type: SignalType,
    csm: Option<String>,
    also_csms: Option<String>,
    manager: Option<String>,
    marks: Marks,
}

impl Routing {
    fn subject(&self) -> NoticeSubject<'_> {
        let Routing { signal_type, csm, also_csms, manager, marks } = self;
        NoticeSubject {
            csm: csm.as_deref(),
            also_csms: also_csms.as_deref(),
            manager: manager.as_deref(),
            signal_type: *signal_type,
            marks: *marks,
        }
    }
}

/// A notice with what routing needs.
struct StoredNotice {
    id: i64,
    person: Option<String>,
    why: Why,
    is_read: bool,
    is_withdrawn: bool,
    slack: Option<i64>,
}

impl StoredNotice {
    fn is_live(&self) -> bool {
        !self.is_read && !self.is_withdrawn
    }

    /// Whether somebody who is notified for this reason replaces this notice. A notice without a
    /// recipient can go to anyone concerned.
    fn can_go_to(&self, why: Why) -> bool {
        self.person.is_none() || role(self.why) == role(why)
    }
}

/// What another person takes over when the company gets another CSM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Csm,
    Manager,
    Executive,
}

fn role(why: Why) -> Role {
    match why {
        Why::Csm | Why::StandIn => Role::Csm,
        Why::Manager => Role::Manager,
        Why::Executive => Role::Executive,
    }
}

impl Store {
    /// Adds these signals to the inboxes of everyone concerned, inside the caller's transaction.
    /// Nobody is notified twice of a signal.
    pub(crate) fn tell(&self, signals: &[SignalId], now: Instant) -> Result<()> {
        if signals.is_empty() {
            return Ok(());
        }
        let team = self.present_team(now)?;
        signals.iter().try_for_each(|signal| self.tell_of(*signal, &team, now))
    }

    /// Adds reminders of signals to the inboxes: unread again, to be delivered again. Inside the
    /// caller's transaction.
    pub(crate) fn add_reminders(&self, signals: &[SignalId], now: Instant) -> Result<()> {
        let sql = "UPDATE notices SET told_at = ?2, read_at = NULL, email = NULL, slack = NULL
                   WHERE signal = ?1 AND withdrawn_at IS NULL";
        signals.iter().try_for_each(|signal| self.execute(sql, (signal, now)))?;
        self.tell(signals, now)
    }

    fn tell_of(&self, signal: SignalId, team: &[TeamMember], now: Instant) -> Result<()> {
        let Some(routing) = self.routing(signal)? else { return Ok(()) };
        let told = recipients(team, &routing.subject());
        if told.is_empty() {
            return self.add_notice(signal, None, Why::StandIn, now, None);
        }
        told.iter().try_for_each(|(member, why)| {
            self.add_notice(signal, Some(&member.name), *why, now, None)
        })
    }

    fn routing(&self, signal: SignalId) -> Result<Option<Routing>> {
        let sql = "SELECT s.type AS signal_type, c.csm, c.also_csms, c.manager, v.managers, v.executives
                   FROM signals s JOIN companies c ON c.id = s.company JOIN rule_versions v ON v.id = s.rule_version
                   WHERE s.id = ?1";
        self.read_first(sql, [signal], |row| {
            read_fields!(row => Routing: signal_type, csm, also_csms, manager;
                marks = Marks { managers: row.get("managers")?, executives: row.get("executives")? })
        })
    }

    fn add_notice(
        &self,
        signal: SignalId,
        person: Option<&str>,
        why: Why,
        now: Instant,
        slack: Option<i64>,
    ) -> Result<()> {
        let sql =
            "INSERT INTO notices (signal, person, why, told_at, slack) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (signal, person) DO NOTHING";
        self.execute(sql, (signal, person, why, now, slack))
    }

    /// Moves the unread notices of open signals to the present CSMs and managers, for companies
    /// whose CSM or manager changed since the last call. Inside the caller's transaction.
    pub(crate) fn reroute_notices(&self, now: Instant) -> Result<()> {
        let sql = "DELETE FROM companies_to_reroute RETURNING company AS id";
        let companies: Vec<CompanyKey> = self.read_all(sql, [], |row| row.get("id"))?;
        if companies.is_empty() {
            return Ok(());
        }
        let team = self.present_team(now)?;
        for company in companies {
            for signal in self.signals_to_be_read(company)? {
                self.reroute(signal, &team, now)?;
            }
        }
        Ok(())
    }

    fn signals_to_be_read(&self, company: CompanyKey) -> Result<Vec<SignalId>> {
        let sql = "SELECT s.id FROM signals s
                   WHERE s.company = ?1 AND s.acknowledgement IS NULL
                     AND EXISTS (SELECT 1 FROM notices n
                                 WHERE n.signal = s.id AND n.read_at IS NULL AND n.withdrawn_at IS NULL)
                   ORDER BY s.id";
        self.read_all(sql, [company], |row| row.get("id"))
    }

    fn reroute(&self, signal: SignalId, team: &[TeamMember], now: Instant) -> Result<()> {
        let Some(routing) = self.routing(signal)? else { return Ok(()) };
        let notices = self.notices(signal)?;
        let told = recipients(team, &routing.subject());
        if told.is_empty() {
            return Ok(());
        }
        let stays = |notice: &StoredNotice| {
            role(notice.why) == Role::Executive
                || told.iter().any(|(member, _)| Some(&member.name) == notice.person.as_ref())
        };
        let live: Vec<&StoredNotice> = notices.iter().filter(|notice| notice.is_live()).collect();
        live.iter()
            .filter(|notice| !stays(notice))
            .try_for_each(|notice| self.withdraw(notice.id, Some(now)))?;
        let slack = notices.iter().find_map(|notice| notice.slack);
        for (member, why) in &told {
            let known = notices.iter().find(|notice| notice.person.as_ref() == Some(&member.name));
            match known {
                Some(known) if known.is_live() => self.set_why(known.id, *why)?,
                // A notice that was read is not replaced.
                _ if !live.iter().any(|notice| notice.can_go_to(*why)) => {}
                Some(known) => self.withdraw(known.id, None)?,
                None => self.add_notice(signal, Some(&member.name), *why, now, slack)?,
            }
        }
        Ok(())
    }

    fn set_why(&self, notice: i64, why: Why) -> Result<()> {
        self.execute("UPDATE notices SET why = ?2 WHERE id = ?1", (notice, why))
    }

    fn notices(&self, signal: SignalId) -> Result<Vec<StoredNotice>> {
        let sql = "SELECT id, person, why, read_at IS NOT NULL AS is_read, withdrawn_at IS NOT NULL AS is_withdrawn, slack
                   FROM notices WHERE signal = ?1 ORDER BY id";
        self.read_all(
            sql,
            [signal],
            |row| read_fields!(row => StoredNotice: id, person, why, is_read, is_withdrawn, slack),
        )
    }

    /// Withdraws a notice, or (`None`) restores it.
    fn withdraw(&self, notice: i64, at: Option<Instant>) -> Result<()> {
        self.execute("UPDATE notices SET withdrawn_at = ?2 WHERE id = ?1", (notice, at))
    }

    /// The inbox of a person, unread first, newest first; at most `limit` entries.
    pub(crate) fn inbox(&self, person: &str, limit: Option<u64>) -> Result<Vec<InboxEntry>> {
        let sql = "SELECT signal, told_at, read_at FROM notices
                   WHERE person = ?1 AND withdrawn_at IS NULL
                   ORDER BY read_at IS NOT NULL, signal DESC LIMIT ?2";
        let limit = limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
        let rows: Vec<(SignalId, Instant, Option<Instant>)> =
            self.read_all(sql, (person, limit), |row| row.try_into())?;
        let mut entries = Vec::new();
        for (id, told_at, read_at) in rows {
            entries.extend(self.signal(id)?.map(|signal| InboxEntry { signal, told_at, read_at }));
        }
        Ok(entries)
    }

    /// Marks these signals as read by a person.
    pub(crate) fn mark_read(&self, person: &str, signals: &[SignalId], now: Instant) -> Result<()> {
        let sql = "UPDATE notices SET read_at = ?3 WHERE signal = ?1 AND person = ?2 AND read_at IS NULL AND withdrawn_at IS NULL";
        signals.iter().try_for_each(|signal| self.execute(sql, (signal, person, now)))
    }

    /// The number of unread notices.
    pub(crate) fn unread_notices(&self) -> Result<u64> {
        let sql = "SELECT count(*) AS count FROM notices
                   WHERE read_at IS NULL AND withdrawn_at IS NULL AND person IS NOT NULL";
        self.read_one(sql, [], |row| row.get("count"))
    }
}
