//! The schema, as an append-only list of steps counted by `user_version`.

use anyhow::Result;
use rusqlite::Connection;

/// Marks the file as a database of this program: "sign" in ASCII.
pub(super) const APPLICATION_ID: i32 = 0x7369_676e;

/// The mark of databases made before the first release ("sgnl"). They have other tables and are
/// refused.
pub(super) const UNRELEASED_APPLICATION_ID: i32 = 0x7367_6e6c;

/// What leads from each version of the schema to the next. Steps are added at the end and never
/// changed.
const STEPS: &[&str] = &[SCHEMA];

/// The tables and their indexes, as they are made in a new database.
pub(super) const SCHEMA: &str = include_str!("schema.sql");

/// The version that this program reads and writes.
pub(crate) const LATEST: usize = STEPS.len();

/// The schema version of a database; 0 while it is empty.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<usize> {
    connection
        .query_row("SELECT user_version AS version FROM pragma_user_version", [], |row| {
            row.get::<_, i64>("version")
        })
        .map(|version| version as usize)
}

/// The mark that tells whose database it is; 0 while it is empty.
pub(super) fn application_id(connection: &Connection) -> rusqlite::Result<i32> {
    connection.query_row("SELECT application_id AS id FROM pragma_application_id", [], |row| {
        row.get("id")
    })
}

/// Brings a database of an earlier version, or an empty one, to [`LATEST`], all steps or none.
pub(super) fn migrate(connection: &Connection) -> Result<()> {
    if version(connection)? == LATEST {
        return Ok(());
    }
    connection.execute_batch("BEGIN EXCLUSIVE")?;
    let result = apply(connection);
    connection.execute_batch(if result.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    result
}

fn apply(connection: &Connection) -> Result<()> {
    // Another process may have done it while this one waited for the lock.
    for step in &STEPS[version(connection)?..] {
        connection.execute_batch(step)?;
    }
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", LATEST as i64)?;
    Ok(())
}
