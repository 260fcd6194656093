//! A Parquet file as a table of text: a header and rows of CSV, so that everything behind it works
//! as for any other file.
//!
//! A thread of its own reads page by page and hands on pieces of text. At most eight pieces wait,
//! so memory depends on the pages of the file and not on its size.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use ::parquet::basic::{LogicalType, TimeUnit};
use ::parquet::data_type::Decimal;
use ::parquet::errors::ParquetError;
use ::parquet::file::reader::{ChunkReader, FileReader, Length, SerializedFileReader};
use ::parquet::record::Field;
use ::parquet::record::reader::RowIter;
use ::parquet::schema::types::Type;

use crate::domain::day::{Day, Instant};
use crate::error::{CommandError, no_thread, refused};

/// The first bytes, and the last, of a Parquet file.
pub(super) const MAGIC: &[u8] = b"PAR1";

/// Bytes of text in a piece.
const PIECE: usize = 64 * 1024;
/// Pieces that may wait for the reader.
const WAITING: usize = 8;

/// Microseconds from 1970 to the year 255,000, where calendars end. Later times, which only a
/// damaged file has, are written as this one, and then rejected as every impossible time is.
const LAST_TIME: i64 = 8_000_000_000_000_000_000;

/// The text of a Parquet file.
pub(super) struct ParquetText {
    pieces: Receiver<Piece>,
    piece: io::Cursor<Vec<u8>>,
    has_ended: bool,
    name: String,
}

enum Piece {
    Text(Vec<u8>),
    Failure(ParquetError),
    End,
}

impl ParquetText {
    /// Opens a file; `consumed` counts the bytes that are read of it.
    ///
    /// # Errors
    /// A file that is cut short or damaged (exit 4).
    pub(super) fn open(
        name: &str,
        file: File,
        consumed: Arc<AtomicU64>,
    ) -> Result<Self, CommandError> {
        let reader = SerializedFileReader::new(CountedFile { file, consumed })
            .map_err(|error| damaged(name, &error))?;
        let (sender, pieces) = sync_channel(WAITING);
        thread::Builder::new()
            .name("parquet".to_owned())
            .spawn(move || write(reader, &sender))
            .map_err(|error| no_thread(&error))?;
        let piece = io::Cursor::default();
        Ok(ParquetText { pieces, piece, has_ended: false, name: name.to_owned() })
    }

    /// The same for a stream. Reading begins with the end of a Parquet file, so the stream is
    /// copied to a temporary file first.
    ///
    /// # Errors
    /// Those of [`ParquetText::open`], and a disk without room.
    pub(super) fn of_stream(name: &str, mut stream: impl Read) -> anyhow::Result<Self> {
        let mut file = tempfile::tempfile()?;
        io::copy(&mut stream, &mut file)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(ParquetText::open(name, file, Arc::default())?)
    }
}

impl Read for ParquetText {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.piece.read(into)?;
            if read > 0 || into.is_empty() || self.has_ended {
                return Ok(read);
            }
            match self.pieces.recv() {
                Ok(Piece::Text(text)) => self.piece = io::Cursor::new(text),
                Ok(Piece::End) => self.has_ended = true,
                Ok(Piece::Failure(error)) => {
                    return Err(io::Error::other(damaged(&self.name, &error)));
                }
                // The reader panics over some damaged files.
                Err(_) => {
                    let error = ParquetError::General("its pages are damaged".to_owned());
                    return Err(io::Error::other(damaged(&self.name, &error)));
                }
            }
        }
    }
}

fn damaged(name: &str, error: &ParquetError) -> CommandError {
    let reason = match error {
        ParquetError::General(text) | ParquetError::NYI(text) | ParquetError::EOF(text) => text,
        other => &other.to_string(),
    };
    if let Some(method) = reason.strip_prefix("Disabled feature at compile time: ") {
        return refused(format!("{name} is Parquet compressed with {method}, which is not read"))
            .hint("write it with snappy, gzip, lz4 or zstd compression");
    }
    refused(format!("{name} cannot be read as Parquet: {reason}"))
        .hint("fetch or copy the file again, or write it as CSV")
}

/// A file that counts the bytes that are read of it, for the progress bar.
struct CountedFile {
    file: File,
    consumed: Arc<AtomicU64>,
}

impl Length for CountedFile {
    fn len(&self) -> u64 {
        Length::len(&self.file)
    }
}

impl ChunkReader for CountedFile {
    type T = BufReader<File>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        self.file.get_read(start)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<bytes::Bytes, ParquetError> {
        self.consumed.fetch_add(length as u64, Ordering::Relaxed);
        self.file.get_bytes(start, length)
    }
}

fn write(reader: SerializedFileReader<CountedFile>, sender: &SyncSender<Piece>) {
    let last = match write_rows(reader, sender) {
        Ok(()) => Piece::End,
        Err(error) => Piece::Failure(error),
    };
    // The import may have ended early; then nobody needs this.
    let _ = sender.send(last);
}

fn write_rows(
    reader: SerializedFileReader<CountedFile>,
    sender: &SyncSender<Piece>,
) -> Result<(), ParquetError> {
    let promised = reader.metadata().file_metadata().num_rows();
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let columns = schema.root_schema().get_fields();
    let forms: Vec<Form> = columns.iter().map(|column| Form::of(column)).collect();
    let failed = |error: csv::Error| ParquetError::General(error.to_string());
    let mut writer = csv::Writer::from_writer(Vec::with_capacity(PIECE));
    writer.write_record(columns.iter().map(|column| column.name())).map_err(failed)?;
    let mut rows = 0;
    for row in RowIter::from_file_into(Box::new(reader)) {
        rows += 1;
        for ((_, field), form) in row?.get_column_iter().zip(&forms) {
            writer.write_field(form.text(field)?).map_err(failed)?;
        }
        writer.write_record(None::<&[u8]>).map_err(failed)?;
        if writer.get_ref().len() >= PIECE {
            writer = hand_on(writer, sender)?;
        }
    }
    if rows != promised {
        return Err(ParquetError::General(format!("it has {rows} of {promised} rows")));
    }
    hand_on(writer, sender).map(drop)
}

fn hand_on(
    writer: csv::Writer<Vec<u8>>,
    sender: &SyncSender<Piece>,
) -> Result<csv::Writer<Vec<u8>>, ParquetError> {
    let text = writer.into_inner().map_err(|error| ParquetError::General(error.to_string()))?;
    sender
        .send(Piece::Text(text))
        .map_err(|_| ParquetError::General("the import has ended".to_owned()))?;
    Ok(csv::Writer::from_writer(Vec::with_capacity(PIECE)))
}

/// What the values of a column mean where their type alone does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    /// Times in UTC; `nanoseconds` come as whole numbers.
    Instants {
        nanoseconds: bool,
    },
    /// Times on a wall clock, without a zone.
    WallTimes {
        nanoseconds: bool,
    },
    Uuid,
}

impl Form {
    fn of(column: &Type) -> Self {
        match column.get_basic_info().logical_type_ref() {
            Some(LogicalType::Timestamp(times)) => {
                let nanoseconds = times.unit == TimeUnit::NANOS;
                if times.is_adjusted_to_u_t_c {
                    Form::Instants { nanoseconds }
                } else {
                    Form::WallTimes { nanoseconds }
                }
            }
            Some(LogicalType::Uuid) => Form::Uuid,
            _ => Form::Plain,
        }
    }

    /// A value as it would be written in CSV. A 96-bit time is UTC, as Spark writes it.
    fn text(self, field: &Field) -> Result<String, ParquetError> {
        Ok(match field {
            Field::Null => String::new(),
            Field::Str(text) => text.clone(),
            Field::Bytes(bytes) if self == Form::Uuid => uuid_text(bytes.data()),
            Field::Bytes(bytes) => std::str::from_utf8(bytes.data())
                .map_err(|_| ParquetError::General("a value is not text".to_owned()))?
                .to_owned(),
            Field::Float(number) => number.to_string(),
            Field::Double(number) => number.to_string(),
            Field::Decimal(decimal) => decimal_text(decimal)?,
            Field::Date(number) => Day::from_number(*number).to_string(),
            Field::TimestampMillis(millis) => self.time(millis.saturating_mul(1000)),
            Field::TimestampMicros(micros) => self.time(*micros),
            Field::Long(nanos)
                if matches!(
                    self,
                    Form::Instants { nanoseconds: true } | Form::WallTimes { nanoseconds: true }
                ) =>
            {
                self.time(nanos.div_euclid(1000))
            }
            other => other.to_string(),
        })
    }

    fn time(self, micros: i64) -> String {
        let text = Instant::from_micros(micros.clamp(-LAST_TIME, LAST_TIME)).to_string();
        match self {
            Form::WallTimes { .. } => text.trim_end_matches('Z').to_owned(),
            _ => text,
        }
    }
}

/// The 16 bytes of a UUID in groups of 8, 4, 4, 4 and 12 digits.
fn uuid_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (place, byte) in bytes.iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// A decimal number: a whole number in two's complement, most significant byte first, and the
/// number of its digits behind the point. At most 38 digits.
fn decimal_text(decimal: &Decimal) -> Result<String, ParquetError> {
    let bytes = decimal.data();
    if bytes.len() > 16 {
        return Err(ParquetError::General("a decimal number has too many digits".to_owned()));
    }
    let is_negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let start: i128 = if is_negative { -1 } else { 0 };
    let whole = bytes.iter().fold(start, |whole, byte| (whole << 8) | i128::from(*byte));
    let scale = usize::try_from(decimal.scale()).unwrap_or_default();
    if scale == 0 {
        return Ok(whole.to_string());
    }
    let digits = format!("{:0>width$}", whole.unsigned_abs(), width = scale + 1);
    let (before, after) = digits.split_at(digits.len() - scale);
    let sign = if is_negative { "-" } else { "" };
    Ok(format!("{sign}{before}.{after}"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Arc;

    use ::parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
    use ::parquet::file::properties::WriterProperties;
    use ::parquet::file::writer::SerializedFileWriter;
    use ::parquet::schema::parser::parse_message_type;

    use super::*;

    /// A file with two rows in each of two row groups.
    fn sample() -> Vec<u8> {
        let schema = parse_message_type(
            "message m { required binary company_id (UTF8); optional binary event (UTF8);
                         required int32 day (DATE); required int64 at (TIMESTAMP_MICROS);
                         required int64 wall (TIMESTAMP(NANOS,false)); required int32 amount (DECIMAL(9,2)); }",
        )
        .unwrap();
        let properties = Arc::new(WriterProperties::builder().build());
        let mut bytes = Vec::new();
        let mut writer =
            SerializedFileWriter::new(&mut bytes, Arc::new(schema), properties).unwrap();
        for group in 0..2 {
            let mut rows = writer.next_row_group().unwrap();
            let mut column = 0;
            while let Some(mut next) = rows.next_column().unwrap() {
                match column {
                    0 => next.typed::<ByteArrayType>().write_batch(
                        &[ByteArray::from("ac,me"), ByteArray::from("globex")],
                        None,
                        None,
                    ),
                    1 => next.typed::<ByteArrayType>().write_batch(
                        &[ByteArray::from("login")],
                        Some(&[1, 0]),
                        None,
                    ),
                    2 => {
                        next.typed::<Int32Type>().write_batch(&[20_513 + group, 20_514], None, None)
                    }
                    3 => next.typed::<Int64Type>().write_batch(
                        &[1_772_323_200_000_000, 1_772_323_200_500_000],
                        None,
                        None,
                    ),
                    4 => next.typed::<Int64Type>().write_batch(
                        &[1_772_323_200_000_000_000, 1_772_323_201_000_000_000],
                        None,
                        None,
                    ),
                    _ => next.typed::<Int32Type>().write_batch(&[-5, 12_345], None, None),
                }
                .unwrap();
                next.close().unwrap();
                column += 1;
            }
            rows.close().unwrap();
        }
        writer.close().unwrap();
        bytes
    }

    #[test]
    fn rows_become_the_text_of_a_table() {
        let mut text = String::new();
        ParquetText::of_stream("x", sample().as_slice())
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(
            text,
            "company_id,event,day,at,wall,amount\n\
             \"ac,me\",login,2026-03-01,2026-03-01T00:00:00Z,2026-03-01T00:00:00,-0.05\n\
             globex,,2026-03-02,2026-03-01T00:00:00.500Z,2026-03-01T00:00:01,123.45\n\
             \"ac,me\",login,2026-03-02,2026-03-01T00:00:00Z,2026-03-01T00:00:00,-0.05\n\
             globex,,2026-03-02,2026-03-01T00:00:00.500Z,2026-03-01T00:00:01,123.45\n"
        );
    }

    #[test]
    fn a_file_that_is_cut_short_or_damaged_is_refused() {
        let whole = sample();
        for size in [4, 20, whole.len() / 2, whole.len() - 1] {
            assert!(ParquetText::of_stream("x", &whole[..size]).is_err(), "{size}");
        }
        let mut damaged = whole.clone();
        damaged[30..60].fill(0xff);
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&damaged).unwrap();
        let mut text = String::new();
        let read = ParquetText::open("x", file, Arc::default()).unwrap().read_to_string(&mut text);
        assert!(read.is_err(), "{text}");
    }
}
