//! Named conditions over attributes.

use anyhow::Result;
use rusqlite::OptionalExtension;

use super::Store;

/// A named condition; the companies that meet it are its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    pub name: String,
    /// An expression over attributes.
    pub condition: String,
}

impl Store {
    /// All segments, A to Z.
    pub(crate) fn segments(&self) -> Result<Vec<Segment>> {
        let mut statement =
            self.connection.prepare_cached("SELECT name, condition FROM segments ORDER BY name")?;
        let segments = statement.query_map([], |row| {
            Ok(Segment { name: row.get("name")?, condition: row.get("condition")? })
        })?;
        Ok(segments.collect::<Result<_, _>>()?)
    }

    pub(crate) fn segment(&self, name: &str) -> Result<Option<Segment>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT name, condition FROM segments WHERE name = ?1")?;
        let segment = statement.query_row([name], |row| {
            Ok(Segment { name: row.get("name")?, condition: row.get("condition")? })
        });
        Ok(segment.optional()?)
    }

    /// Adds a segment, or replaces the condition of an existing one.
    pub(crate) fn save_segment(&self, segment: &Segment) -> Result<()> {
        let mut statement = self
            .connection
            .prepare_cached("INSERT OR REPLACE INTO segments (name, condition) VALUES (?1, ?2)")?;
        statement.execute((&segment.name, &segment.condition))?;
        Ok(())
    }

    pub(crate) fn remove_segment(&self, name: &str) -> Result<()> {
        self.connection.execute("DELETE FROM segments WHERE name = ?1", [name])?;
        Ok(())
    }
}
