//! Configured sources of counts.

use anyhow::Result;

use super::Store;
use crate::domain::source::PullSource;
use crate::error::damaged;

impl Store {
    /// All sources, A to Z.
    pub(crate) fn sources(&self) -> Result<Vec<PullSource>> {
        let sql = "SELECT definition FROM sources ORDER BY name";
        let texts: Vec<String> = self.read_all(sql, [], |row| row.get("definition"))?;
        texts.iter().map(|text| read(text)).collect()
    }

    pub(crate) fn source(&self, name: &str) -> Result<Option<PullSource>> {
        let sql = "SELECT definition FROM sources WHERE name = ?1";
        let text: Option<String> = self.read_first(sql, [name], |row| row.get("definition"))?;
        text.map(|text| read(&text)).transpose()
    }

    /// Adds a source, or replaces the one with the same name.
    pub(crate) fn save_source(&self, source: &PullSource) -> Result<()> {
        let sql = "INSERT OR REPLACE INTO sources (name, definition) VALUES (?1, ?2)";
        self.execute(sql, (&source.name, serde_json::to_string(source)?))
    }
}

fn read(text: &str) -> Result<PullSource> {
    serde_json::from_str(text)
        .map_err(|error| damaged(format!("a source is not readable: {error}")).into())
}
