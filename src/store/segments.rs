//! Named conditions over attributes.

use anyhow::Result;

use super::Store;
use super::values::read_fields;

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
        let sql = "SELECT name, condition FROM segments ORDER BY name";
        self.read_all(sql, [], |row| read_fields!(row => Segment: name, condition))
    }

    pub(crate) fn segment(&self, name: &str) -> Result<Option<Segment>> {
        let sql = "SELECT name, condition FROM segments WHERE name = ?1";
        self.read_first(sql, [name], |row| read_fields!(row => Segment: name, condition))
    }

    /// Adds a segment, or replaces the condition of an existing one.
    pub(crate) fn save_segment(&self, segment: &Segment) -> Result<()> {
        let sql = "INSERT OR REPLACE INTO segments (name, condition) VALUES (?1, ?2)";
        self.execute(sql, (&segment.name, &segment.condition))
    }

    pub(crate) fn remove_segment(&self, name: &str) -> Result<()> {
        self.execute("DELETE FROM segments WHERE name = ?1", [name])
    }
}
