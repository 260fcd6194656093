//! The schema: an append-only list of migrations, counted by `user_version`.

use anyhow::Result;
use rusqlite::Connection;

/// Marks the file as a database of this program: "sign" in ASCII.
pub(super) const APPLICATION_ID: i32 = 0x7369_676e;

/// The application id of databases from before the first release ("sgnl"). They have other tables
/// and are refused.
pub(super) const UNRELEASED_APPLICATION_ID: i32 = 0x7367_6e6c;

/// The migration from each schema version to the next. Steps are only appended, never changed.
const STEPS: &[&str] = &[SCHEMA];

/// The tables and indexes of a new database.
pub(super) const SCHEMA: &str = include_str!("schema.sql");

/// The schema version that this program reads and writes.
pub(crate) const LATEST: usize = STEPS.len();

/// The schema version of a database; 0 if it is empty.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<usize> {
    let sql = "SELECT user_version FROM pragma_user_version";
    connection.query_one(sql, [], |row| row.get(0)).map(|version: i64| version as usize)
}

/// The application id of a database; 0 if it is empty.
pub(super) fn application_id(connection: &Connection) -> rusqlite::Result<i32> {
    connection.query_one("SELECT application_id FROM pragma_application_id", [], |row| row.get(0))
}

/// Migrates an older or empty database to [`LATEST`]: all steps or none. Returns whether it was
/// empty.
pub(super) fn migrate(connection: &Connection) -> Result<bool> {
    if version(connection)? == LATEST {
        return Ok(false);
    }
    connection.execute_batch("BEGIN EXCLUSIVE")?;
    let result = apply(connection);
    connection.execute_batch(if result.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    result
}

fn apply(connection: &Connection) -> Result<bool> {
    // Another process may have migrated it while this one waited for the lock.
    let former = version(connection)?;
    for step in &STEPS[former..] {
        connection.execute_batch(step)?;
    }
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", LATEST as i64)?;
    Ok(former == 0)
}
