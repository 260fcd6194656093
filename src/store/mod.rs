//! The database: one SQLite file, and the only SQL in the program.
//!
//! [`Store`] owns the connection. Each file of this folder adds the queries on one family of
//! tables, as methods that take and return domain types. SQL is a literal inside the method.

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
mod statements;
mod tags;
mod tasks;
mod team;
mod undo;
mod values;
mod withheld;

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use anyhow::Result;
use rusqlite::Connection;

use crate::domain::zone::Zone;

pub(crate) use agenda::OpenSignal;
pub(crate) use attributes::{AttributeTable, Catalogue, Known, Scope};
pub(crate) use companies::CompanyName;
pub(crate) use events::counts_writer::{CountsWriter, DayCount};
pub(crate) use events::keys::EVENT_NAMES;
pub(crate) use events::pulled::PulledDay;
pub(crate) use events::writer::{EventBatch, IncomingEvent, NewNames, WrittenEvents, WrittenRows};
pub(crate) use events::{CompanyActivity, EventRecord, EventSummary, PeopleKept, PersonActivity};
pub(crate) use facts::Fact;
pub(crate) use health::NewHealth;
pub(crate) use holds::StandingSignal;
pub(crate) use imports::{ImportRecord, LateCause};
pub(crate) use notices::InboxEntry;
pub(crate) use open::Permissions;
pub(crate) use outbox::{
    Delivery, Message, NewMessage, PendingNotice, PendingRetraction, ToldSignal,
};
pub(crate) use playbooks::StoredPlaybook;
pub(crate) use rules::StoredRule;
pub(crate) use runs::{RuleTally, RunRecord, RunStep};
pub(crate) use schema::LATEST as SCHEMA_VERSION;
pub(crate) use segments::Segment;
pub(crate) use settings::{ReportSettings, SendingLimits};
pub(crate) use signals::{
    Acknowledgement, NewSignal, SignalFilter, SignalOrder, SignalRecord, Snoozed, SortKey,
};
pub(crate) use tags::TagRecord;
pub(crate) use tasks::{NewTask, TaskFilter, TaskRecord};

/// An open database.
pub(crate) struct Store {
    connection: Connection,
    path: PathBuf,
    zone: Zone,
    /// Whether this store created the database and has committed nothing to it since.
    is_unused: bool,
    /// The import whose changes are being logged, so that it can be undone.
    logged_import: Option<i64>,
    counts: Option<events::counts::CountsInMemory>,
    /// The statements that move rows from one company to another, built when first needed.
    moves_of_rows: OnceCell<Vec<String>>,
}

/// How a successful transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finish {
    Commit,
    /// Undoes the changes: a dry run does the same work and rolls back.
    RollBack,
}

impl Store {
    /// The path of the file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The time zone that decides when days begin and end.
    pub(crate) fn zone(&self) -> Zone {
        self.zone
    }

    /// Runs `work` in one transaction.
    ///
    /// # Errors
    /// Any error of `work`, after a rollback; another process that writes for more than 30 seconds.
    pub(crate) fn transaction<T>(
        &mut self,
        finish: Finish,
        work: impl FnOnce(&mut Store) -> Result<T>,
    ) -> Result<T> {
        // A transaction that begins by reading might not be allowed to write later, however long it
        // waits.
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let changes_before = self.connection.total_changes();
        let result = work(self);
        let end = if result.is_ok() && finish == Finish::Commit { "COMMIT" } else { "ROLLBACK" };
        let ended = self.connection.execute_batch(end);
        let value = result?;
        if ended.is_err() && !self.connection.is_autocommit() {
            self.connection.execute_batch("ROLLBACK")?;
        }
        ended?;
        if finish == Finish::Commit && self.connection.total_changes() > changes_before {
            self.is_unused = false;
        }
        Ok(value)
    }
}
