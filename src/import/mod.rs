//! Bytes -> rows -> typed values.
//!
//! An import must never guess: a misread file fills the database with companies that do not exist
//! and decreases that never happened. [`source`] detects from the content what a file is,
//! [`records`] splits it strictly into rows ([`json`] does the same for JSON lines), [`header`] and
//! [`mapping`] decide what each column is or refuse the file, [`times`] and [`cells`] accept only
//! unambiguous values, and every row is either passed on by [`events`] or [`facts`], or counted in
//! [`rejects`]. The kinds are data: `columns.toml`, read by [`catalogue`].
//!
//! Nothing here writes to a database or the terminal, or knows the present time: everything is an
//! argument.

pub(crate) mod amounts;
pub(crate) mod attributes;
pub(crate) mod catalogue;
pub(crate) mod cell_error;
pub mod cells;
mod days_seen;
pub(crate) mod events;
pub(crate) mod facts;
mod furniture;
pub(crate) mod header;
pub(crate) mod json;
pub(crate) mod mapping;
mod parquet;
mod readable;
mod reading;
pub(crate) mod records;
pub(crate) mod rejects;
pub(crate) mod source;
pub(crate) mod spelling;
pub(crate) mod times;

use std::path::Path;

use anyhow::Result;

use self::amounts::DecimalMark;
use self::catalogue::FactKind;
use self::header::{Delimiter, Header};
use self::json::{CellFlattener, Flattener};
use self::mapping::{Head, Mapping};
use self::readable::Readable;
use self::records::{NO_DELIMITER, Peeked, Records};
use self::source::{Progress, Source};
use self::times::{DateFormat, TimeReader, TimeSettings};
use crate::domain::EVENTS;
use crate::domain::day::Instant;
use crate::domain::zone::Zone;
use crate::error::{refused, usage};

pub(crate) use self::days_seen::DaysSeen;
pub(crate) use self::events::{EventRow, read_events};
pub(crate) use self::facts::{FactRow, Value, read_facts};
pub(crate) use self::rejects::{Rejects, Verdict};

/// Options for reading files.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    /// `--kind`; detected from the header without it.
    pub kind: Option<String>,
    /// `--map`: a column of the kind and its name in the file. An empty name: the file does not
    /// have it.
    pub map: Vec<(String, String)>,
    /// `--encoding`: a label such as `windows-1252`.
    pub encoding: Option<String>,
    /// `--delimiter`; detected from the header without it.
    pub delimiter: Option<Delimiter>,
    /// `--timezone`: the zone of times without an offset; by default that of the database.
    pub timezone: Option<Zone>,
    /// `--date-format`: what `03/04/2025` means.
    pub date_format: Option<DateFormat>,
    /// `--decimal`: the decimal separator of amounts.
    pub decimal: Option<DecimalMark>,
    /// `--wide`: a row for each company and day, with a column of counts for each event.
    pub wide: bool,
}

/// What was decided about a file before its first row is read.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub file: String,
    /// The original names of its columns.
    pub headers: Vec<String>,
    /// The header in the form under which its mapping is remembered.
    pub header_text: String,
    /// Meaningless for JSON lines.
    pub delimiter: Delimiter,
    /// Usually `UTF-8`.
    pub encoding: &'static str,
    /// The compression: `gzip`, `zstd`.
    pub packing: Option<&'static str>,
    pub mapping: Mapping,
    /// The zone of times without an offset.
    pub times_in: Zone,
    /// The zone that decides the calendar day.
    pub zone: Zone,
}

/// The number of table rows that are examined to decide what its columns are.
const ROWS_LOOKED_AT: usize = 1000;

/// An open file whose header has been read.
pub(crate) struct Incoming {
    records: Records,
    header: Header,
    /// For JSON lines: what turns them into rows, and the first of them.
    json: Option<(Flattener, Vec<Peeked>)>,
    options: Options,
}

impl Incoming {
    /// Opens `path`, or standard input for `-`, and reads its header.
    ///
    /// # Errors
    /// Anything except a text table with a header or JSON lines (exit 4); see [`Source::open`] and
    /// [`Header::take`].
    pub(crate) fn open(path: &Path, options: &Options) -> Result<Incoming> {
        Incoming::from_source(Source::open(path, options.encoding.as_deref())?, options)
    }

    /// The same for an open source.
    pub(crate) fn from_source(source: Source, options: &Options) -> Result<Incoming> {
        let mut records = Records::new(source);
        let options = options.clone();
        if is_json(&mut records)? {
            return Incoming::from_lines(records, options);
        }
        let header = Header::take(&mut records, options.delimiter, &options.map)?;
        Ok(Incoming { records, header, json: None, options })
    }

    /// The names in the first lines become the header.
    fn from_lines(mut records: Records, options: Options) -> Result<Incoming> {
        let file = records.source().name.clone();
        records.set_whole_lines();
        let lines = records.sample(json::LINES_LOOKED_AT, true)?;
        let mut names = json::names_in(&lines);
        // A column that begins later can be named by hand.
        let later = match lines.len() {
            json::LINES_LOOKED_AT => absent(&names, &options.map),
            _ => Vec::new(),
        };
        names.extend(later.iter().cloned());
        let line = lines.first().map_or(1, |line| line.line);
        if names.is_empty() {
            let message = format!(
                "{file}:{line}: no JSON object with anything in it stands on one of the first lines"
            );
            return Err(refused(message).hint("write one object a line: jq -c '.'").into());
        }
        let header = Header::of_names(line, names, &options.map, &file)?;
        let mut flattener = Flattener::new(&header.names);
        flattener.expect(&later);
        Ok(Incoming { records, header, json: Some((flattener, lines)), options })
    }

    /// The header in the form under which its mapping is remembered.
    pub(crate) fn header_text(&self) -> String {
        self.header.text()
    }

    /// Decides what the columns are. `zone` is that of the database, `now` the present,
    /// `remembered` a mapping from an earlier import with the same header, which options override.
    pub(crate) fn sheet(
        self,
        zone: Zone,
        now: Instant,
        remembered: &[(String, String)],
    ) -> Result<Sheet> {
        let Incoming { mut records, header, json, options } = self;
        let kind = options.kind.as_deref().map(FactKind::named).transpose()?;
        let said = |column: &str| {
            options.map.iter().any(|(name, _)| spelling::folded(name) == spelling::folded(column))
        };
        let overrides: Vec<(String, String)> = options
            .map
            .iter()
            .chain(remembered.iter().filter(|(column, _)| !said(column)))
            .cloned()
            .collect();
        let (mut lines, mut sample) = first_rows(&mut records, &header, kind, json)?;
        let in_file = header.clone();
        let (header, cells) = if lines.is_none() {
            CellFlattener::extend(header, &mut sample, &options.map)
        } else {
            (header, None)
        };
        let head = Head { file: &records.source().name, header: &header, sample: &sample };
        let mut mapping = match options.wide {
            true => Mapping::decide_wide(events_only(head, kind)?, &overrides)?,
            false => Mapping::decide(head, kind, &overrides)?,
        };
        if let Some(lines) = &mut lines {
            lines.reject(mapping.names_of_lacking_columns());
        }
        let cells = cells.filter(|_| mapping.reads_from(in_file.names.len()));
        if mapping.has_numbers() {
            if lines.is_none() && cells.is_none() {
                let rows = records.sample(usize::MAX, true)?;
                sample = rows.into_iter().map(|row| row.fields).collect();
            }
            let is_semicolon = lines.is_none() && header.delimiter == Delimiter(b';');
            mapping.decide_numbers(&sample, options.decimal, is_semicolon);
        }
        let header = in_file;
        let times_in = options.timezone.unwrap_or(zone);
        let date_format = options.date_format;
        let times = TimeReader::new(TimeSettings { zone, times_in, date_format, now });
        let source = records.source();
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
        Ok(Sheet { records, plan, times, lines, readable: Readable::new(cells) })
    }
}

/// The names of `--map` that are not among the given ones.
fn absent(names: &[String], map: &[(String, String)]) -> Vec<String> {
    let known: Vec<String> = names.iter().map(|name| spelling::folded(name)).collect();
    let is_absent = |name: &&String| !name.is_empty() && !known.contains(&spelling::folded(name));
    map.iter().map(|(_, name)| name).filter(is_absent).cloned().collect()
}

/// Whether the first line begins a JSON object.
fn is_json(records: &mut Records) -> Result<bool> {
    let Some(row) = records.peek(NO_DELIMITER)? else { return Ok(false) };
    let line = row.fields.first().map(|line| line.trim_start_matches('\u{feff}').trim_start());
    let inside = line.and_then(|line| line.strip_prefix('{')).map(str::trim_start);
    Ok(inside.is_some_and(|inside| inside.is_empty() || inside.starts_with(['"', '}'])))
}

/// The fields of the first rows. Skips the second header that some products write.
fn first_rows(
    records: &mut Records,
    header: &Header,
    kind: Option<&FactKind>,
    json: Option<(Flattener, Vec<Peeked>)>,
) -> Result<(Option<Flattener>, Vec<Vec<String>>)> {
    if let Some((mut flattener, lines)) = json {
        let mut fields = |line: &Peeked| {
            let row = flattener.row(line.line, line.fields.first()?).ok()?;
            Some(row.fields().map(str::to_owned).collect())
        };
        let sample = lines.iter().take(ROWS_LOOKED_AT).filter_map(&mut fields).collect();
        return Ok((Some(flattener), sample));
    }
    let first = mapping::product_of(header, kind).filter(|product| product.second_header);
    if let Some(place) = first.and_then(|product| header.position(product.signature.first()?)) {
        let row = records.peek(header.delimiter.0)?;
        if row.is_some_and(|row| row.fields.get(place).is_none_or(|cell| cell.trim().is_empty())) {
            records.skip()?;
        }
    }
    let rows = records.sample(ROWS_LOOKED_AT, true)?;
    Ok((None, rows.into_iter().map(|row| row.fields).collect()))
}

fn events_only<'h>(head: Head<'h>, kind: Option<&FactKind>) -> Result<Head<'h>> {
    match kind {
        Some(kind) if kind.name != EVENTS => {
            Err(usage(format!("--wide is a form of events, not of {}", kind.name))
                .hint("leave out --kind")
                .into())
        }
        _ => Ok(head),
    }
}

/// A file whose columns are decided, ready for [`read_events`] or [`read_facts`].
pub(crate) struct Sheet {
    records: Records,
    plan: Plan,
    times: TimeReader,
    /// Turns JSON lines into rows.
    lines: Option<Flattener>,
    readable: Readable,
}

impl Sheet {
    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// See [`Mapping::give_way`].
    pub(crate) fn give_way(&mut self, metrics: &[String]) {
        self.plan.mapping.give_way(metrics);
    }

    /// How far reading has progressed.
    pub(crate) fn progress(&self) -> Progress {
        self.records.source().progress.clone()
    }

    /// The number of dates so far that would be another day with the other `--date-format`.
    pub(crate) fn ambiguous_dates(&self) -> u64 {
        self.times.ambiguous_dates()
    }
}

#[cfg(test)]
mod product_tests;
#[cfg(test)]
mod tests;
