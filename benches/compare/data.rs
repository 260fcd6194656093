//! Generated events, always the same.
//!
//! A few companies cause most events, as in practice; rare companies and events matter as much for
//! the number of day counts as busy ones. Ten million rows over 180 days have about 2.9 million
//! distinct combinations of company, event and day.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use anyhow::Result;
use rusqlite::Connection;

pub(crate) const COMPANIES: u64 = 5_000;
pub(crate) const EVENT_NAMES: u64 = 20;
const PEOPLE: f64 = 250_000.0;
pub(crate) const DAYS: u64 = 180;

/// 2025-06-29, as days since 1970-01-01: the last day of any history.
pub(crate) const LAST_DAY: i64 = 20_268;
const MILLIS_PER_DAY: u64 = 86_400_000;
/// Larger values concentrate the events in fewer companies.
const COMPANY_SKEW: f64 = 8.5;
/// Larger values make the rarest events rarer.
const EVENT_SKEW: i32 = 4;

/// Deterministic pseudorandom numbers: splitmix64 (Steele, Lea, Flood 2014).
pub(crate) struct Random(u64);

impl Random {
    /// An independent sequence for each seed.
    pub(crate) fn new(seed: u64) -> Self {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to 1, exclusive.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        (self.share() * end as f64) as usize
    }
}

/// Writes `rows` events over `days` days, ordered by time.
pub(crate) fn write_events(path: &Path, rows: u64, days: u64) -> Result<()> {
    write_shaped(path, rows, days, COMPANIES)
}

/// Compresses a file with both methods.
pub(crate) fn pack(plain: &Path, gzip: &Path, zstd: &Path) -> Result<()> {
    let packer = flate2::write::GzEncoder::new(File::create(gzip)?, flate2::Compression::new(6));
    let mut packer = BufWriter::new(packer);
    std::io::copy(&mut File::open(plain)?, &mut packer)?;
    packer.into_inner()?.finish()?;
    zstd::stream::copy_encode(File::open(plain)?, File::create(zstd)?, 3)?;
    Ok(())
}

/// The same with another number of companies.
pub(crate) fn write_shaped(path: &Path, rows: u64, days: u64, companies: u64) -> Result<()> {
    write_until(path, rows, days, companies, 0)
}

/// The same over days of which the last is `before` days before that of the other files.
pub(crate) fn write_until(
    path: &Path,
    rows: u64,
    days: u64,
    companies: u64,
    before: u64,
) -> Result<()> {
    let mut random = Random::new(1);
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    writeln!(out, "company_id,event,timestamp,person_id")?;
    let between = (days * MILLIS_PER_DAY) as f64 / rows as f64;
    let mut day = (u64::MAX, String::new());
    for row in 0..rows {
        let millis = ((row as f64 + random.share()) * between) as u64;
        if day.0 != millis / MILLIS_PER_DAY {
            day = (millis / MILLIS_PER_DAY, date(before + days - 1 - millis / MILLIS_PER_DAY)?);
        }
        let (company, person) = who(random.share(), companies);
        let event = (random.share().powi(EVENT_SKEW) * EVENT_NAMES as f64) as u64;
        let (seconds, thousandths) = (millis % MILLIS_PER_DAY / 1000, millis % 1000);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        writeln!(
            out,
            "company-{company:05},event_name_{event:02},{}T{hour:02}:{minute:02}:{second:02}.{thousandths:03}Z,person-{person:08}",
            day.1
        )?;
    }
    Ok(out.flush()?)
}

/// A company and one of its people. A company's share of the events is also its share of the
/// people, so one number determines both.
fn who(share: f64, companies: u64) -> (u64, u64) {
    let rank = ((COMPANY_SKEW * share).exp_m1() / COMPANY_SKEW.exp_m1() * companies as f64) as u64;
    // Spreads the busiest companies over the alphabet: 2741 is coprime to the number of companies.
    ((rank.min(companies - 1) * 2741) % companies, (share * PEOPLE) as u64)
}

/// The number of companies in the files of [`write_companies`] and [`write_counts`].
const CUSTOMERS: u64 = 50_000;
/// The number of days with counts.
const COUNTED_DAYS: u64 = 90;
/// The average number of events in a row of counts.
const EVENTS_A_ROW: u64 = 4;

/// Writes the records of many companies.
pub(crate) fn write_companies(path: &Path) -> Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    writeln!(out, "company_id,name,csm,plan,mrr,created_on,renewal_on,seats,seats_used")?;
    for company in 0..CUSTOMERS {
        let (csm, mrr, used) = (company % 50, company % 900, company % 40);
        let plan = ["free", "team", "pro"][(company % 3) as usize];
        writeln!(
            out,
            "company-{company:05},Company No. {company},csm-{csm:02},{plan},{mrr}.5,2024-01-01,2025-12-31,40,{used}"
        )?;
    }
    Ok(out.flush()?)
}

/// Writes the churns of one company of `one_of`, spread over the last `days` days.
pub(crate) fn write_churns(path: &Path, days: u64, one_of: u64) -> Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    writeln!(out, "company_id,churned_on")?;
    for company in (0..COMPANIES).step_by(one_of as usize) {
        writeln!(out, "company-{company:05},{}", date(company * 7919 % days)?)?;
    }
    Ok(out.flush()?)
}

/// Writes rows of counts, ordered by day, for `events` events of many companies.
pub(crate) fn write_counts(path: &Path, events: u64) -> Result<()> {
    let mut random = Random::new(3);
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    writeln!(out, "company_id,event,timestamp,person_id,count")?;
    let of_a_day = events / EVENTS_A_ROW / COUNTED_DAYS;
    for before in (0..COUNTED_DAYS).rev() {
        let day = date(before)?;
        for _ in 0..of_a_day {
            let company = random.below(CUSTOMERS as usize);
            let (event, count) = (
                random.below(EVENT_NAMES as usize),
                1 + random.below(2 * EVENTS_A_ROW as usize - 1),
            );
            let (person, hour) = (company * 5 + random.below(5), random.below(24));
            writeln!(
                out,
                "company-{company:05},event_name_{event:02},{day}T{hour:02}:00:00Z,person-{person:08},{count}"
            )?;
        }
    }
    Ok(out.flush()?)
}

/// The day `before` days before the last one with events, as text.
pub(crate) fn date(before: u64) -> Result<String> {
    let day = LAST_DAY - before as i64;
    let sql = "SELECT date(?1 * 86400, 'unixepoch') AS day";
    Ok(Connection::open_in_memory()?.query_row(sql, [day], |row| row.get("day"))?)
}

/// The number of temporary files for shuffling; one of them is in memory at a time.
const PILES: usize = 64;

/// Writes the rows of a file in random order: distributes them over piles, and shuffles each pile.
pub(crate) fn shuffle(from: &Path, to: &Path) -> Result<()> {
    let mut random = Random::new(2);
    let folder = tempfile::tempdir_in(to.parent().unwrap_or(to))?;
    let piles: Vec<_> = (0..PILES).map(|pile| folder.path().join(format!("pile-{pile}"))).collect();
    let header = deal(from, &piles, &mut random)?;
    let mut out = BufWriter::with_capacity(1 << 20, File::create(to)?);
    out.write_all(&header)?;
    for pile in &piles {
        let bytes = std::fs::read(pile)?;
        let mut rows: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        for place in (1..rows.len()).rev() {
            rows.swap(place, random.below(place + 1));
        }
        rows.iter().try_for_each(|row| out.write_all(row))?;
    }
    Ok(out.flush()?)
}

/// Distributes the rows over the piles. Returns the header.
fn deal(from: &Path, piles: &[std::path::PathBuf], random: &mut Random) -> Result<Vec<u8>> {
    let mut reader = BufReader::with_capacity(1 << 20, File::open(from)?);
    let (mut header, mut row) = (Vec::new(), Vec::new());
    reader.read_until(b'\n', &mut header)?;
    let mut files = piles
        .iter()
        .map(|pile| Ok(BufWriter::new(File::create(pile)?)))
        .collect::<Result<Vec<_>>>()?;
    while reader.read_until(b'\n', &mut row)? > 0 {
        files[random.below(PILES)].write_all(&row)?;
        row.clear();
    }
    files.iter_mut().try_for_each(Write::flush)?;
    Ok(header)
}
