//! The functions that every row of an import passes through, one by one: `cargo bench --bench hot`.
//! `cargo bench --bench compare` measures the whole.

use std::fmt::Write;
use std::io::Cursor;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use signals::internals::{
    Expected, Instant, Plausible, Records, Source, TimeReader, TimeSettings, Zone, cells,
};

const ROWS: usize = 10_000;

fn main() {
    divan::main();
}

/// Rows as an analytics tool exports them.
fn table() -> String {
    (0..ROWS).fold(String::new(), |mut table, row| {
        let (company, event, person) = (row * 37 % 5000, row * 11 % 20, row * 7919 % 250_000);
        let (minute, second) = (row / 60 % 60, row % 60);
        // Writing to a string cannot fail.
        let _ = writeln!(
            table,
            "company-{company:05},event_name_{event:02},2025-03-04T05:{minute:02}:{second:02}.123Z,person-{person:08}"
        );
        table
    })
}

/// Splitting rows into fields.
#[divan::bench]
fn records(bencher: Bencher<'_, '_>) {
    let table = table();
    bencher.counter(BytesCount::of_str(table.as_str())).bench(|| {
        let reader = Box::new(Cursor::new(table.clone().into_bytes()));
        let source = Source::from_reader("table".to_owned(), reader, None, None).ok()?;
        let mut fields = 0;
        let read = Records::new(source).for_each(|row| {
            fields += row.fields().map(str::len).sum::<usize>();
            Ok(())
        });
        read.ok().map(|()| fields)
    });
}

/// Trimming and checking ids.
#[divan::bench]
fn ids(bencher: Bencher<'_, '_>) {
    let table = table();
    let ids: Vec<&str> = table.split([',', '\n']).step_by(4).take(ROWS).collect();
    bencher.counter(ItemsCount::new(ids.len())).bench(|| {
        let good = ids.iter().filter_map(|id| cells::content(id));
        good.filter(|id| cells::id(id, true).is_ok()).count()
    });
}

/// Reading times in the most common format.
#[divan::bench]
fn times(bencher: Bencher<'_, '_>) {
    let table = table();
    let cells: Vec<&str> = table.lines().filter_map(|row| row.split(',').nth(2)).collect();
    let now = Instant::from_micros(1_800_000_000_000_000);
    let settings = TimeSettings { zone: Zone::UTC, times_in: Zone::UTC, date_format: None, now };
    let expected = Expected { zone: None, plausible: Plausible::Past, is_day: false };
    let mut reader = TimeReader::new(settings);
    bencher
        .counter(ItemsCount::new(cells.len()))
        .bench_local(|| cells.iter().filter(|cell| reader.read(cell, expected).is_ok()).count());
}
