//! A file or standard input as UTF-8 text; a Parquet file as the text of a table.
//!
//! File names say nothing: people save workbooks, login pages and archives as `.csv`. So everything
//! is detected from the first bytes, and anything that is not text is refused by its actual type.
//! The text is never in memory as a whole: decompression and transcoding are nested readers, and
//! [`super::records`] checks the UTF-8 where it counts lines.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use encoding_rs::{Decoder, DecoderResult, Encoding};
use flate2::bufread::GzDecoder;
use rustix::io::Errno;

use super::parquet::{self, ParquetText};
use crate::error::{CommandError, ErrorKind, refused, usage};

/// The largest zstd window, as a power of two: 128 MiB. Otherwise a small file could use all
/// memory.
const ZSTD_WINDOW_LOG: u32 = 27;

/// The bytes at the beginning that decide what a file is.
const HEAD: usize = 4096;

const CHUNK: usize = 64 * 1024;

/// How far reading has progressed; may be read from another thread.
#[derive(Debug, Clone)]
pub struct Progress {
    consumed: Arc<AtomicU64>,
    /// The size of the file in bytes, compressed; `None` for a pipe.
    pub total: Option<u64>,
}

impl Progress {
    /// The number of bytes read, compressed.
    pub fn consumed(&self) -> u64 {
        self.consumed.load(Ordering::Relaxed)
    }
}

/// An open input as text without a byte-order mark: UTF-8, except for errors.
pub struct Source {
    /// The name for messages: the given path, or `-` for standard input.
    pub name: String,
    pub progress: Progress,
    /// The detected or given encoding, by its WHATWG name; usually `UTF-8`.
    pub encoding: &'static str,
    /// The compression: `gzip`, `zstd`.
    pub packing: Option<&'static str>,
    /// The length of the byte-order mark that was skipped.
    pub skipped: u64,
    text: Box<dyn Read + Send>,
}

impl Source {
    /// Opens `path`, or standard input for `-`. `encoding` is a label such as `windows-1252`; a
    /// byte-order mark takes precedence.
    ///
    /// # Errors
    /// A file that cannot be opened, is empty or is not text (exit 4); an unknown encoding is a
    /// usage error.
    pub fn open(path: &Path, encoding: Option<&str>) -> Result<Self> {
        let name = path.display().to_string();
        if name == "-" {
            return Source::from_reader(name, Box::new(io::stdin()), None, encoding);
        }
        let cannot = |error: io::Error| cannot_open(&name, &error);
        let details = std::fs::metadata(path).map_err(cannot)?;
        if details.is_dir() {
            return Err(refused(format!("{name} is a directory"))
                .hint("name the files in it")
                .into());
        }
        let mut file = File::open(path).map_err(cannot)?;
        if !details.is_file() {
            return Source::from_reader(name, Box::new(file), None, encoding);
        }
        let total = Some(details.len());
        if is_parquet(&mut file).map_err(cannot)? {
            let progress = Progress { consumed: Arc::default(), total };
            let text = ParquetText::open(&name, file, progress.consumed.clone())?;
            return Ok(Source::of_parquet(name, text, progress, None));
        }
        Source::from_reader(name, Box::new(file), total, encoding)
    }

    /// The same for any reader; `total` is its size in bytes, if known.
    pub fn from_reader(
        name: String,
        reader: Box<dyn Read + Send>,
        total: Option<u64>,
        encoding: Option<&str>,
    ) -> Result<Self> {
        let asked = encoding.map(encoding_of_label).transpose()?;
        let progress = Progress { consumed: Arc::default(), total };
        let counted = Counted { inner: reader, consumed: progress.consumed.clone() };
        let (head, packed) = with_head(&name, counted)?;
        let packing = packing_of(&head);
        let (head, plain) = with_head(&name, unpacked(&name, packed, packing)?)?;
        if head.starts_with(parquet::MAGIC) {
            let text = ParquetText::of_stream(&name, plain)?;
            return Ok(Source::of_parquet(name, text, progress, packing));
        }
        refuse_what_is_no_table(&name, &head, asked.is_some())?;
        let (mark, found) = mark_of(&head);
        let encoding = found.or(asked).unwrap_or(encoding_rs::UTF_8);
        let text = transcoded(&name, skip(plain, mark), encoding)?;
        Ok(Source {
            name,
            progress,
            encoding: encoding.name(),
            packing,
            skipped: mark as u64,
            text,
        })
    }

    fn of_parquet(
        name: String,
        text: ParquetText,
        progress: Progress,
        packing: Option<&'static str>,
    ) -> Self {
        let encoding = encoding_rs::UTF_8.name();
        Source { name, progress, encoding, packing, skipped: 0, text: Box::new(text) }
    }

    /// Reads the next bytes of text, like [`Read::read`].
    ///
    /// # Errors
    /// A truncated or damaged file is refused; a failing disk is an error of the operating system.
    pub fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        self.text.read(into).map_err(|error| told(&self.name, error))
    }
}

/// Reads from `inner` and counts the bytes.
struct Counted {
    inner: Box<dyn Read + Send>,
    consumed: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let size = self.inner.read(into)?;
        self.consumed.fetch_add(size as u64, Ordering::Relaxed);
        Ok(size)
    }
}

/// Decompresses; errors name the compressed file as the cause, not the disk.
struct Unpacking<R> {
    inner: R,
    name: String,
    packing: &'static str,
}

impl<R: Read> Read for Unpacking<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.inner.read(into).map_err(|error| {
            let is_explained = error.get_ref().is_some_and(|cause| cause.is::<CommandError>());
            if is_explained || error.raw_os_error().is_some() {
                return error;
            }
            io::Error::other(damaged(&self.name, self.packing, &error))
        })
    }
}

fn damaged(name: &str, packing: &str, error: &io::Error) -> CommandError {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return refused(format!("{name} is cut short: its {packing} data ends in the middle"))
            .hint("fetch or copy the file again");
    }
    if packing == "zstd" && error.to_string().contains("memory") {
        return refused(format!(
            "{name} needs more memory to unpack than the 128 MiB that are allowed"
        ))
        .hint("pack it again without --long or --ultra");
    }
    refused(format!("{name} is damaged: its {packing} data cannot be unpacked ({error})"))
        .hint("fetch or copy the file again")
}

/// Decompresses gzip. A file may have several members (`cat a.gz b.gz`), and NUL padding at the
/// end; anything else after them is refused.
struct Members<R> {
    /// `None` at the end.
    member: Option<GzDecoder<R>>,
    name: String,
}

impl<R: BufRead> Members<R> {
    fn new(packed: R, name: String) -> Self {
        Members { member: Some(GzDecoder::new(packed)), name }
    }

    /// What follows a member: another one, or nothing.
    fn after(&self, mut packed: R) -> io::Result<Option<GzDecoder<R>>> {
        loop {
            let next = packed.fill_buf()?;
            let padding = next.iter().take_while(|byte| **byte == 0).count();
            match next.get(padding) {
                Some(0x1f) if padding == 0 => return Ok(Some(GzDecoder::new(packed))),
                Some(_) => return Err(io::Error::other(self.has_more())),
                None if next.is_empty() => return Ok(None),
                None => packed.consume(padding),
            }
        }
    }

    fn has_more(&self) -> CommandError {
        refused(format!("{} has other data behind its gzip data", self.name))
            .hint("fetch or copy the file again; `gzip -dc FILE` shows what can be read of it")
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let size = member.read(into)?;
            if size > 0 || into.is_empty() {
                return Ok(size);
            }
            if let Some(ended) = self.member.take() {
                self.member = self.after(ended.into_inner())?;
            }
        }
        Ok(0)
    }
}

/// Transcodes to UTF-8 while reading.
struct Transcoding<R> {
    inner: R,
    name: String,
    decoder: Decoder,
    raw: Vec<u8>,
    from: usize,
    to: usize,
    offset: u64,
    state: End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    NotYet,
    OfInput,
    OfOutput,
}

impl<R: Read> Read for Transcoding<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.state != End::OfOutput {
            if self.from == self.to && self.state == End::NotYet {
                self.refill()?;
            }
            let last = self.state == End::OfInput;
            let (result, taken, written) = self.decoder.decode_to_utf8_without_replacement(
                &self.raw[self.from..self.to],
                into,
                last,
            );
            self.from += taken;
            self.offset += taken as u64;
            match result {
                DecoderResult::Malformed(..) => return Err(io::Error::other(self.malformed())),
                DecoderResult::InputEmpty if last => self.state = End::OfOutput,
                DecoderResult::InputEmpty | DecoderResult::OutputFull => {}
            }
            if written > 0 {
                return Ok(written);
            }
        }
        Ok(0)
    }
}

impl<R: Read> Transcoding<R> {
    fn refill(&mut self) -> io::Result<()> {
        self.from = 0;
        self.to = self.inner.read(&mut self.raw)?;
        if self.to == 0 {
            self.state = End::OfInput;
        }
        Ok(())
    }

    fn malformed(&self) -> CommandError {
        let encoding = self.decoder.encoding().name();
        refused(format!(
            "{} is not {encoding}: what comes before byte {} cannot be read",
            self.name, self.offset
        ))
    }
}

/// Reads the head of a stream and puts it back.
fn with_head<R: Read + Send + 'static>(
    name: &str,
    mut reader: R,
) -> Result<(Vec<u8>, Box<dyn Read + Send>)> {
    let mut head = Vec::with_capacity(HEAD);
    reader.by_ref().take(HEAD as u64).read_to_end(&mut head).map_err(|error| told(name, error))?;
    Ok((head.clone(), Box::new(Cursor::new(head).chain(reader))))
}

/// Whether a file begins like Parquet; rewinds it afterwards.
fn is_parquet(file: &mut File) -> io::Result<bool> {
    let mut head = Vec::new();
    file.take(parquet::MAGIC.len() as u64).read_to_end(&mut head)?;
    file.rewind()?;
    Ok(head == parquet::MAGIC)
}

fn packing_of(head: &[u8]) -> Option<&'static str> {
    match head {
        [0x1f, 0x8b, ..] => Some("gzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some("zstd"),
        _ => None,
    }
}

fn unpacked(
    name: &str,
    packed: Box<dyn Read + Send>,
    packing: Option<&'static str>,
) -> Result<Box<dyn Read + Send>> {
    let name = name.to_owned();
    Ok(match packing {
        Some(packing @ "gzip") => {
            let inner = Members::new(BufReader::with_capacity(CHUNK, packed), name.clone());
            Box::new(Unpacking { inner, name, packing })
        }
        Some(packing) => {
            let mut inner = zstd::Decoder::new(packed)?;
            inner.window_log_max(ZSTD_WINDOW_LOG)?;
            Box::new(Unpacking { inner, name, packing })
        }
        None => packed,
    })
}

/// The first bytes of other file types, and their names for the message.
const NOT_TEXT: [(&[u8], &str); 10] = [
    (b"%PDF-", "a PDF document"),
    (b"SQLite format 3\0", "a SQLite database"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls)"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\x1f\x8b", "packed twice (gzip in gzip or zstd)"),
    (b"\x28\xb5\x2f\xfd", "packed twice (zstd in gzip or zstd)"),
    (b"\xff\xfe\0\0", "UTF-32 text"),
    (b"\0\0\xfe\xff", "UTF-32 text"),
];

const SAVE_AS_CSV: &str = "export or save it as CSV (UTF-8)";

fn refuse_what_is_no_table(
    name: &str,
    head: &[u8],
    encoding_asked: bool,
) -> Result<(), CommandError> {
    if head.is_empty() {
        return Err(
            refused(format!("{name} is empty")).hint("an export of nothing still has a header")
        );
    }
    if let Some(what) = name_of_content(head) {
        return Err(refused(format!("{name} is {what}, not a table of text")).hint(SAVE_AS_CSV));
    }
    if !encoding_asked && mark_of(head).1.is_none() && looks_like_utf16(head) {
        return Err(refused(format!("{name} looks like UTF-16 without a byte-order mark"))
            .hint("say so with --encoding utf-16le (or utf-16be), or save it as UTF-8"));
    }
    let (mark, _) = mark_of(head);
    refuse_markup(name, head[mark..].trim_ascii_start())
}

fn name_of_content(head: &[u8]) -> Option<&'static str> {
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        let workbook = memchr::memmem::find(head, b"[Content_Types].xml").is_some()
            || memchr::memmem::find(head, b"xl/").is_some();
        return Some(if workbook { "an Excel workbook (.xlsx)" } else { "a zip archive" });
    }
    if head.len() >= 16 && head.iter().all(|byte| *byte == 0) {
        return Some("nothing but NUL bytes");
    }
    NOT_TEXT.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, what)| *what)
}

/// HTML, XML and JSON arrays are text, but neither tables nor JSON lines.
fn refuse_markup(name: &str, text: &[u8]) -> Result<(), CommandError> {
    let start = text.get(..text.len().min(16)).unwrap_or_default().to_ascii_lowercase();
    if [&b"<!doctype"[..], b"<html", b"<head", b"<body", b"<script", b"<!--"]
        .iter()
        .any(|tag| start.starts_with(tag))
    {
        return Err(refused(format!(
            "{name} is HTML: a web page, perhaps of a login, instead of the export"
        ))
        .hint("the download probably failed; fetch it again, signed in"));
    }
    if start.starts_with(b"<?xml") {
        return Err(refused(format!("{name} is XML, not a table of text")).hint(SAVE_AS_CSV));
    }
    match (text.first(), text.get(1..).unwrap_or_default().trim_ascii_start().first()) {
        (Some(b'['), None | Some(b'{' | b'[' | b']' | b'"' | b'0'..=b'9')) => {
            Err(refused(format!("{name} is a JSON array"))
                .hint("write one object a line: jq -c '.[]'"))
        }
        _ => Ok(()),
    }
}

/// The length of the byte-order mark, and its encoding.
fn mark_of(head: &[u8]) -> (usize, Option<&'static Encoding>) {
    match Encoding::for_bom(head) {
        Some((encoding, length)) => (length, Some(encoding)),
        None => (0, None),
    }
}

/// UTF-16 text has a NUL in nearly every second byte, always at the same parity.
fn looks_like_utf16(head: &[u8]) -> bool {
    let pairs = head.len() / 2;
    let nul = |side: usize| head.chunks_exact(2).filter(|pair| pair[side] == 0).count();
    let (first, second) = (nul(0), nul(1));
    pairs >= 2 && first.max(second) * 10 >= pairs * 6 && first.min(second) * 10 <= pairs
}

fn encoding_of_label(label: &str) -> Result<&'static Encoding, CommandError> {
    Encoding::for_label_no_replacement(label.trim().as_bytes()).ok_or_else(|| {
        usage(format!("'{label}' is not an encoding"))
            .hint("--encoding takes names such as windows-1252, iso-8859-15, utf-16le, shift_jis")
    })
}

fn skip(mut text: Box<dyn Read + Send>, size: usize) -> io::Result<Box<dyn Read + Send>> {
    text.read_exact(&mut vec![0; size])?;
    Ok(text)
}

fn transcoded(
    name: &str,
    plain: io::Result<Box<dyn Read + Send>>,
    encoding: &'static Encoding,
) -> Result<Box<dyn Read + Send>> {
    let inner = plain.map_err(|error| told(name, error))?;
    if encoding == encoding_rs::UTF_8 {
        return Ok(inner);
    }
    let decoder = encoding.new_decoder_without_bom_handling();
    let (raw, name) = (vec![0; CHUNK], name.to_owned());
    Ok(Box::new(Transcoding {
        inner,
        name,
        decoder,
        raw,
        from: 0,
        to: 0,
        offset: 0,
        state: End::NotYet,
    }))
}

/// Unwraps errors that passed through a reader as [`io::Error`].
fn told(name: &str, error: io::Error) -> anyhow::Error {
    match error.downcast::<CommandError>() {
        Ok(failure) => failure.into(),
        Err(error) => anyhow::Error::from(error).context(format!("cannot read {name}")),
    }
}

/// Why a file cannot be opened. What the machine lacks is not the fault of the file.
fn cannot_open(name: &str, error: &io::Error) -> CommandError {
    let message = format!("cannot open {name}: {}", plain_reason(error));
    match Errno::from_io_error(error) {
        Some(Errno::MFILE | Errno::NFILE) => CommandError::new(ErrorKind::Io, message)
            .hint("raise the limit on open files (ulimit -n)"),
        Some(Errno::IO | Errno::NOMEM) => CommandError::new(ErrorKind::Io, message),
        _ => refused(message),
    }
}

fn plain_reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_machine_lacks_is_not_the_fault_of_the_file() {
        let kind = |errno: Errno| cannot_open("a.csv", &errno.into()).kind;
        for errno in [Errno::MFILE, Errno::NFILE, Errno::IO, Errno::NOMEM] {
            assert_eq!(kind(errno), ErrorKind::Io, "{errno}");
        }
        for errno in [Errno::NOENT, Errno::ACCESS, Errno::LOOP, Errno::NOTDIR] {
            assert_eq!(kind(errno), ErrorKind::InputRefused, "{errno}");
        }
    }
}
