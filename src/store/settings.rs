//! Settings of the database as a whole.

use anyhow::Result;
use chrono_tz::Tz;
use rusqlite::OptionalExtension;

use super::Store;

impl Store {
    /// The value of a setting, or `None` while it was never set.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn setting(&self, name: &str) -> Result<Option<String>> {
        let mut statement = self.connection.prepare_cached("SELECT value FROM settings WHERE name = ?1")?;
        Ok(statement.query_row([name], |row| row.get("value")).optional()?)
    }

    /// Sets the time zone in which days begin and end. To be called before events are in.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub fn set_zone(&mut self, zone: Tz) -> Result<()> {
        self.connection.execute(
            "INSERT INTO settings (name, value) VALUES ('timezone', ?1)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            [zone.name()],
        )?;
        self.zone = zone;
        Ok(())
    }
}
