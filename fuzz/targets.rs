//! What the fuzz targets try, one function each. `tests/it/fuzzed.rs` calls the same functions with
//! the inputs in `corpus/`, so that `cargo test` replays them without a fuzzer.

#![allow(clippy::unwrap_used, clippy::expect_used, dead_code, unreachable_pub)]

use std::io::{Seek, SeekFrom, Write};
use std::sync::OnceLock;

use signals::internals::{
    self, Expected, Flattener, Instant, Peeked, Plausible, TimeReader, TimeSettings, escape,
    names_in,
};

/// 2026-04-01 00:00 UTC.
const NOW: i64 = 1_775_001_600_000_000;

/// A file of any bytes is read or refused, and every row is accepted or rejected.
pub fn import_bytes(data: &[u8]) {
    for wide in [false, true] {
        read_file(data, wide);
    }
}

fn read_file(data: &[u8], wide: bool) {
    if let Some(rows) = internals::read_file(data, wide, Instant::from_micros(NOW)) {
        assert_eq!(rows.read, rows.accepted + rows.rejected, "a row is lost");
    }
}

/// A cell that is read as a time is read as the same one again.
pub fn times(data: &[u8]) {
    let Ok(cell) = std::str::from_utf8(data) else { return };
    for (plausible, is_day) in
        [(Plausible::Past, false), (Plausible::Past, true), (Plausible::Ever, true)]
    {
        let expected = Expected { zone: None, plausible, is_day };
        let read = || {
            let zone = "Europe/Berlin".parse().unwrap();
            let now = Instant::from_micros(NOW);
            let settings = TimeSettings { zone, times_in: zone, date_format: None, now };
            TimeReader::new(settings).read(cell, expected).ok().map(|moment| moment.day)
        };
        let first = read();
        assert_eq!(first, read());
        if let Some(day) = first {
            let years = match plausible {
                Plausible::Past => "2000-01-01"..="2026-04-02",
                Plausible::Ever => "1899-12-31"..="2200-12-31",
            };
            assert!(years.contains(&day.to_string().as_str()), "{cell:?} is read as {day}");
        }
    }
}

/// An expression is refused, or gives a value for a company of which nothing is known.
pub fn expressions(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // It may take too long, or have too long a result.
    let _ = internals::evaluate_over_nothing(text, &["plan", "mrr", "renewal_on"]);
}

/// A configuration is refused with a place, or read.
pub fn configuration(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some((lines, _)) = internals::read_configuration(text) else { return };
    assert!(lines.iter().all(|line| *line <= text.lines().count() + 1));
}

/// What is escaped has none of what is escaped, and stays as it is when it is escaped again.
pub fn escapers(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let shown = escape::for_terminal(&text);
    assert!(!shown.contains(escape::is_hostile), "{shown:?}");
    assert_eq!(escape::for_terminal(&shown), shown);
    assert!(!escape::line_for_terminal(&text).contains(escape::is_hostile));
    let slack = escape::for_slack(&text);
    assert!(!slack.contains(['<', '>', '*', '~', '`']), "{slack:?}");
    let entities = slack.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
    assert!(!entities.contains('&'), "{slack:?}");
    let cell = escape::for_spreadsheet(&text);
    assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
    assert!(cell == text || cell.strip_prefix('\'') == Some(&text), "{cell:?}");
    let mut file = csv::WriterBuilder::new().from_writer(Vec::new());
    file.write_record([&*cell, "end"]).unwrap();
    let file = file.into_inner().unwrap();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&*file);
    let record = reader.records().next().unwrap().unwrap();
    assert_eq!((&record[0], &record[1]), (&*cell, "end"));
}

/// A line is a row with the fields that were asked for, or is told to be no object.
pub fn json_lines(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let line = |text: &str| Peeked { line: 1, fields: vec![text.to_owned()], fault: None };
    let names = names_in(&text.lines().map(line).collect::<Vec<_>>());
    let mut flattener = Flattener::new(&names);
    for line in text.lines() {
        if let Ok(row) = flattener.row(1, line) {
            assert_eq!(row.fields().count(), names.len());
            assert!(row.is_normal() || !line.is_ascii());
        }
    }
}

/// A database of which bytes have changed is refused, or what is wrong is told; each change is four
/// bytes of the place and one that is put there.
pub fn damaged_databases(data: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.db");
    let sound = sound_database();
    let mut file = std::fs::File::create(&path).unwrap();
    file.write_all(sound).unwrap();
    for change in data.chunks_exact(5).take(64) {
        let place = u32::from_le_bytes([change[0], change[1], change[2], change[3]]);
        file.seek(SeekFrom::Start(u64::from(place) % sound.len() as u64)).unwrap();
        file.write_all(&change[4..]).unwrap();
    }
    drop(file);
    let _ = internals::examine_database(&path);
}

fn sound_database() -> &'static [u8] {
    static SOUND: OnceLock<Vec<u8>> = OnceLock::new();
    SOUND.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sound.db");
        internals::create_database(&path).unwrap();
        std::fs::read(&path).unwrap()
    })
}
