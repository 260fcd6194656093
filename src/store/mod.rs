//! The database: one SQLite file, and the only SQL in the program.
//!
//! [`Store`] owns the connection. Each file of this folder adds the questions about one family of
//! tables, as methods that take and return domain types; their SQL is a literal inside them.

mod agenda;
mod attributes;
mod check;
mod companies;
mod company_merge;
mod customers;
mod events;
mod facts;
mod health;
mod history;
mod holds;
mod imports;
mod late;
mod losses;
mod metrics;
mod notices;
mod open;
mod outbox;
mod playbooks;
mod pulses;
mod reasons;
mod rules;
mod runs;
mod schema;
mod segments;
mod settings;
mod signals;
mod sources;
mod tags;
mod tasks;
mod team;
mod undo;
mod values;
mod withheld;

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use anyhow::Result;
use chrono_tz::Tz;
use rusqlite::Connection;

pub use agenda::{AgendaCompany, OpenSignal};
pub use attributes::{AttributeTable, Catalogue, Known, Scope};
pub use companies::{CompanyName, CompanySummary};
pub use events::counts_writer::{CountsWriter, DayCount};
pub use events::keys::EVENT_NAMES;
pub use events::pulled::PulledDay;
pub use events::writer::{
    EventBatch, EventWriter, IncomingEvent, NewNames, WrittenEvents, WrittenRows,
};
pub use events::{CompanyActivity, EventRecord, EventSummary, PeopleKept, PersonActivity};
pub use facts::{Fact, Identity, Table};
pub use health::{NewHealth, Scorings};
pub use holds::StandingSignal;
pub use imports::{Cause, ImportRecord};
pub use late::LateDays;
pub use notices::InboxEntry;
pub use open::Permissions;
pub use outbox::{
    Delivery, Message, NewMessage, PendingNotice, PendingRetraction, SendingLock, ToldSignal,
};
pub use playbooks::StoredPlaybook;
pub use rules::StoredRule;
pub use runs::{RuleTally, RunRecord, Step};
pub use schema::LATEST as SCHEMA_VERSION;
pub use segments::Segment;
pub use settings::{ReportSettings, SendingLimits};
pub use signals::{NewSignal, SignalFilter, SignalOrder, SignalRecord, Snoozed, SortKey};
pub use tags::TagRecord;
pub use tasks::{NewTask, TaskCounts, TaskFilter, TaskRecord};
pub use withheld::WithheldRule;

/// An open database.
pub struct Store {
    connection: Connection,
    path: PathBuf,
    zone: Tz,
    /// The number of the import whose changes are noted, so that it can be undone.
    logged_import: Option<i64>,
    counts: Option<events::counts::CountsInMemory>,
    /// The statements that move the rows of one company to another, once they were needed.
    moves_of_rows: OnceCell<Vec<String>>,
}

/// What becomes of the changes of a transaction that went well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// They stay.
    Commit,
    /// They are undone: a dry run is the same work with another end.
    RollBack,
}

impl Store {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The time zone in which days begin and end.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// Does `work` in one transaction: all of it is there afterwards, or none.
    ///
    /// # Errors
    /// Whatever `work` fails with, after undoing it; another process writing for more than 30
    /// seconds.
    pub fn transaction<T>(
        &mut self,
        finish: Finish,
        work: impl FnOnce(&mut Store) -> Result<T>,
    ) -> Result<T> {
        // A transaction that begins by reading could not be sure to be allowed to write later,
        // however long it waits.
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let result = work(self);
        let end = if result.is_ok() && finish == Finish::Commit { "COMMIT" } else { "ROLLBACK" };
        let ended = self.connection.execute_batch(end);
        let value = result?;
        if ended.is_err() && !self.connection.is_autocommit() {
            self.connection.execute_batch("ROLLBACK")?;
        }
        ended?;
        Ok(value)
    }
}
