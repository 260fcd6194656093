//! Bytes -> rows -> typed values.
//!
//! An import must never guess: a file that is misread fills the database with companies that do not exist and drops
//! that never happened. So [`source`] tells by content what a file is, [`records`] frames rows strictly, [`header`] and
//! [`mapping`] decide what each column is or refuse to, [`times`] and [`cells`] accept only what can mean one thing,
//! and every row that is read is either handed over, by [`events`] or [`facts`], or counted in [`rejects`]. What the
//! kinds are is data: `columns.toml`, read by [`kinds`].
//!
//! Nothing here writes to a database or to the terminal, or knows the present: all that is an argument.

pub mod attributes;
pub mod cells;
pub mod events;
pub mod facts;
pub mod fault;
pub mod fold;
pub mod header;
pub mod kinds;
pub mod mapping;
mod reading;
pub mod records;
pub mod rejects;
pub mod source;
pub mod span;
pub mod times;

use std::path::Path;

use anyhow::Result;
use chrono_tz::Tz;

use self::header::{Delimiter, Header};
use self::kinds::Kind;
use self::mapping::Mapping;
use self::records::Records;
use self::source::{Progress, Source};
use self::times::{DateFormat, TimeReader, TimeSettings};
use crate::domain::day::Instant;

pub use self::events::{EventRow, read_events};
pub use self::facts::{FactRow, Value, read_facts};
pub use self::rejects::{Rejects, Verdict};
pub use self::span::DaysSeen;

/// What the command line says about the files.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `--kind`: the name of a kind; told from the header without it.
    pub kind: Option<String>,
    /// `--map`: our column and its name in the file. An empty name: the file does not have it.
    pub map: Vec<(String, String)>,
    /// `--encoding`: a label such as `windows-1252`.
    pub encoding: Option<String>,
    /// `--delimiter`; told from the header without it.
    pub delimiter: Option<Delimiter>,
    /// `--timezone`: the zone of times without an offset; that of the database without it.
    pub timezone: Option<Tz>,
    /// `--date-format`: what `03/04/2025` means.
    pub date_format: Option<DateFormat>,
}

/// Everything that was decided about a file before its first row is read.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The file, as messages name it.
    pub file: String,
    /// The names of its columns as they are.
    pub headers: Vec<String>,
    /// The header in the form under which a mapping is remembered.
    pub header_text: String,
    /// What separates its fields.
    pub delimiter: Delimiter,
    /// Its encoding; `UTF-8` mostly.
    pub encoding: &'static str,
    /// How it is packed: `gzip`, `zstd`.
    pub packing: Option<&'static str>,
    /// What each column is read as.
    pub mapping: Mapping,
    /// The zone of times without an offset.
    pub times_in: Tz,
    /// The zone that decides the calendar day.
    pub zone: Tz,
}

/// An opened file whose header has been read.
pub struct Incoming {
    records: Records,
    header: Header,
    options: Options,
}

impl Incoming {
    /// Opens `path`, `-` being standard input, and reads its header.
    ///
    /// # Errors
    /// Refuses (exit 4) what is not a table of text with a header; see [`Source::open`] and [`Header::take`].
    pub fn open(path: &Path, options: &Options) -> Result<Incoming> {
        Incoming::from_source(Source::open(path, options.encoding.as_deref())?, options)
    }

    /// The same over a source that is open already.
    ///
    /// # Errors
    /// As [`Incoming::open`].
    pub fn from_source(source: Source, options: &Options) -> Result<Incoming> {
        let mut records = Records::new(source);
        let header = Header::take(&mut records, options.delimiter, &options.map)?;
        Ok(Incoming { records, header, options: options.clone() })
    }

    /// The header in the form under which the mapping of a file is remembered for the next with the same one.
    pub fn header_text(&self) -> String {
        self.header.text()
    }

    /// Decides what the columns are. `zone` is that of the database, `now` the present, `remembered` a mapping from an
    /// earlier import with the same header; what the options say goes before it.
    ///
    /// # Errors
    /// As [`Mapping::decide`].
    pub fn sheet(self, zone: Tz, now: Instant, remembered: &[(String, String)]) -> Result<Sheet> {
        let Incoming { records, header, options } = self;
        let kind = options.kind.as_deref().map(Kind::named).transpose()?;
        let said = |column: &str| options.map.iter().any(|(name, _)| fold::folded(name) == fold::folded(column));
        let overrides: Vec<(String, String)> =
            options.map.iter().chain(remembered.iter().filter(|(column, _)| !said(column))).cloned().collect();
        let source = records.source();
        let mapping = Mapping::decide(&source.name, &header, kind, &overrides)?;
        let times_in = options.timezone.unwrap_or(zone);
        let settings = TimeSettings { zone, times_in, date_format: options.date_format, now };
        let plan = Plan {
            file: source.name.clone(),
            header_text: header.text(),
            headers: header.names,
            delimiter: header.delimiter,
            encoding: source.encoding,
            packing: source.packing,
            mapping,
            times_in,
            zone,
        };
        Ok(Sheet { records, plan, times: TimeReader::new(settings) })
    }
}

/// A file of which every column is known, ready to be read by [`read_events`] or [`read_facts`].
pub struct Sheet {
    records: Records,
    plan: Plan,
    times: TimeReader,
}

impl Sheet {
    /// What was decided about the file.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// How far reading has come.
    pub fn progress(&self) -> Progress {
        self.records.source().progress.clone()
    }
}

#[cfg(test)]
mod tests;
