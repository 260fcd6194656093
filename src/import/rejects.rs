//! Rows that cannot be used. They are values, not errors: reading continues, and their number
//! decides at the end.

use std::io::Write;

use anyhow::{Context, Result};

use super::records::Row;
use crate::error::{CommandError, refused};

/// The number of messages about rejected rows that are kept.
pub(crate) const SHOWN: usize = 20;

/// This many rejected rows never refuse a file, however short it is.
pub(crate) const TOLERATED: u64 = 100;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Reject<'a> {
    /// The physical line on which it starts.
    pub line: u64,
    /// The column at fault, by its name in the file; `None` for the whole row.
    pub column: Option<&'a str>,
    pub reason: &'a str,
    /// The row, for the file of rejects; `None` if it is no longer available.
    pub row: Option<Row<'a>>,
}

/// The verdict on a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Accepted, whether it is new or known.
    Accepted,
    /// Rejected after all.
    Rejected {
        /// The column at fault, by its name in the kind, such as `company_id`.
        column: &'static str,
        reason: String,
    },
}

/// Counts the rejected rows of a file, keeps the first messages, and writes all of them to a CSV
/// file if there is one.
pub(crate) struct Rejects<'w> {
    file: String,
    count: u64,
    messages: Vec<String>,
    sheet: Option<csv::Writer<Box<dyn Write + 'w>>>,
}

impl<'w> Rejects<'w> {
    /// No rejected rows of `file` yet. If there is a `sheet`, every rejected row is written to it:
    /// `line`, `reason`, and the original fields.
    pub(crate) fn new(file: impl Into<String>, sheet: Option<Box<dyn Write + 'w>>) -> Self {
        let writer = |sheet| csv::WriterBuilder::new().flexible(true).from_writer(sheet);
        Rejects { file: file.into(), count: 0, messages: Vec::new(), sheet: sheet.map(writer) }
    }

    /// Writes the header of the file of rejects; `headers` is that of the imported file.
    pub(crate) fn begin(&mut self, headers: &[String]) -> Result<()> {
        let Some(sheet) = &mut self.sheet else { return Ok(()) };
        let names = ["line", "reason"].into_iter().chain(headers.iter().map(String::as_str));
        sheet.write_record(names).context(CANNOT_WRITE)
    }

    pub(crate) fn add(&mut self, reject: Reject<'_>) -> Result<()> {
        self.count += 1;
        let reason = match reject.column {
            Some(column) => format!("{column}: {}", reject.reason),
            None => reject.reason.to_owned(),
        };
        if self.messages.len() < SHOWN {
            self.messages.push(format!("{}:{}: {reason}", self.file, reject.line));
        }
        let Some(sheet) = &mut self.sheet else { return Ok(()) };
        let line = reject.line.to_string();
        let fields = reject.row.iter().flat_map(Row::fields);
        sheet.write_record([line.as_str(), &reason].into_iter().chain(fields)).context(CANNOT_WRITE)
    }

    /// The number of rejected rows.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The first messages, as `FILE:LINE: column: reason`; at most [`SHOWN`].
    pub(crate) fn messages(&self) -> &[String] {
        &self.messages
    }

    /// Writes everything to the file of rejects.
    pub(crate) fn flush(&mut self) -> Result<()> {
        self.sheet.as_mut().map_or(Ok(()), |sheet| sheet.flush().context(CANNOT_WRITE))
    }

    /// Decides whether a file with `read` rows may be imported without the rejected ones.
    ///
    /// # Errors
    /// More than 100 and more than 1 % of the rows were rejected, or any with `strict` (exit 4).
    pub(crate) fn judge(&self, read: u64, strict: bool) -> Result<(), CommandError> {
        let (count, file) = (self.count, &self.file);
        if strict && count > 0 {
            return Err(refused(format!(
                "{file}: {count} of {read} rows rejected, and --strict allows none"
            )));
        }
        if count > TOLERATED && count * 100 > read {
            let message = format!(
                "{file}: {count} of {read} rows rejected: more than {TOLERATED} and more than 1 %"
            );
            return Err(refused(message).hint("look at all of them with --rejects FILE.csv"));
        }
        Ok(())
    }
}

const CANNOT_WRITE: &str = "cannot write the file of rejected rows";
