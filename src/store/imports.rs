//! Past imports, and remembered column mappings.

use anyhow::Result;

use super::Store;
use super::values::{bind_fields, read_fields};
use crate::domain::day::{Day, Instant};
use crate::domain::{COUNTS, EVENTS, PULL};

/// One finished import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImportRecord {
    /// 0 before it is stored.
    pub id: i64,
    /// The file as it was named; `-` for standard input.
    pub file: String,
    pub kind: String,
    pub started_at: Instant,
    pub finished_at: Instant,
    /// Rows in the file.
    pub rows_read: u64,
    /// Rows that created a record or added an event.
    pub rows_new: u64,
    /// Every other accepted row.
    pub rows_known: u64,
    pub rows_rejected: u64,
    /// Companies created because the file was the first to name them.
    pub companies_made: u64,
    /// The first day of its facts.
    pub first_day: Option<Day>,
    /// The last day of its facts.
    pub last_day: Option<Day>,
    pub undone_at: Option<Instant>,
}

/// Why the events of a day changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LateCause {
    /// An import added or changed some.
    Import,
    /// An import was undone.
    Undo,
}

impl Store {
    /// Records an import, and returns its number.
    pub(crate) fn add_import(&self, import: &ImportRecord) -> Result<i64> {
        let sql = "INSERT INTO imports (file, kind, started_at, finished_at, rows_read, rows_new, rows_known, rows_rejected,
                                        companies_made, first_day, last_day)
                   VALUES (:file, :kind, :started_at, :finished_at, :rows_read, :rows_new, :rows_known, :rows_rejected,
                           :companies_made, :first_day, :last_day)";
        let values = bind_fields!(import: file, kind, started_at, finished_at, rows_read, rows_new,
            rows_known, rows_rejected, companies_made, first_day, last_day);
        self.insert(sql, values)
    }

    /// Records which of these days, whose events changed, need to run again: those between the
    /// first and the last day run.
    pub(crate) fn record_late_days(
        &self,
        days: &[Day],
        import: i64,
        cause: LateCause,
    ) -> Result<()> {
        let sql = "SELECT min(day) AS first, max(day) AS last FROM runs";
        let span: (Option<Day>, Option<Day>) = self.read_one(sql, [], |row| row.try_into())?;
        let Some((first, last)) = span.0.zip(span.1) else { return Ok(()) };
        let sql = "INSERT INTO late_days (day, import, is_undo) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        for day in days.iter().filter(|day| (first..=last).contains(*day)) {
            self.execute(sql, (day, import, cause == LateCause::Undo))?;
        }
        Ok(())
    }

    /// All imports, oldest first.
    pub(crate) fn imports(&self) -> Result<Vec<ImportRecord>> {
        let sql = "SELECT * FROM imports ORDER BY id";
        self.read_all(sql, [], |row| {
            read_fields!(row => ImportRecord: id, file, kind, started_at, finished_at, rows_read,
                rows_new, rows_known, rows_rejected, companies_made, first_day, last_day, undone_at)
        })
    }

    /// When the latest import of events or counts finished.
    pub(crate) fn last_import_of_events(&self) -> Result<Option<Instant>> {
        let sql = "SELECT finished_at FROM imports WHERE kind = ?1 AND undone_at IS NULL ORDER BY finished_at DESC LIMIT 1";
        let mut last = None;
        for kind in [EVENTS, COUNTS, PULL] {
            last = last.max(self.read_first(sql, [kind], |row| row.get("finished_at"))?);
        }
        Ok(last)
    }

    /// The manual mapping of a header: field and column. Without `kind`, only if the header was
    /// mapped to a single kind.
    pub(crate) fn column_map(
        &self,
        header: &str,
        kind: Option<&str>,
    ) -> Result<Vec<(String, String)>> {
        let sql = "SELECT field, source FROM column_maps
                   WHERE header = ?1
                     AND kind = coalesce(?2, (SELECT min(kind) FROM column_maps WHERE header = ?1 HAVING min(kind) = max(kind)))
                   ORDER BY field";
        self.read_all(sql, (header, kind), |row| row.try_into())
    }

    /// Stores the manual mapping of a header.
    pub(crate) fn set_column_map(
        &self,
        header: &str,
        kind: &str,
        map: &[(String, String)],
    ) -> Result<()> {
        let sql = "INSERT OR REPLACE INTO column_maps (header, kind, field, source) VALUES (?1, ?2, ?3, ?4)";
        map.iter().try_for_each(|(field, source)| self.execute(sql, (header, kind, field, source)))
    }
}
