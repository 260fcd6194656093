//! Sorts rows by day, in memory and, if they do not fit, in a temporary file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::domain::counts::DaySum;
use crate::domain::day::Day;

/// The most rows in memory, at 16 bytes each.
const IN_MEMORY: usize = 2_000_000;

/// A row: a number of events of a name, or a person, at a company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BucketEntry {
    pub company: u32,
    /// The key of the event's name, or of the person.
    pub name: u32,
    /// The number of events; 1 for a person.
    pub count: u64,
}

const ENTRY_BYTES: usize = 16;

/// The rows of a day.
#[derive(Debug, Default)]
struct Bucket {
    entries: Vec<BucketEntry>,
    /// Position and number of entries in the file.
    aside: Vec<(u64, usize)>,
    events: u64,
    /// One bit for each company.
    companies: Vec<u64>,
}

/// Rows by day.
pub(super) struct DayBuckets {
    folder: PathBuf,
    in_memory: usize,
    limit: usize,
    buckets: BTreeMap<Day, Bucket>,
    file: Option<File>,
    length: u64,
}

impl DayBuckets {
    /// Creates an empty collection. What does not fit into memory goes beside the database at
    /// `path`, where there must be room for it anyway; `/tmp` may be in memory.
    pub(super) fn beside(path: &Path) -> Self {
        DayBuckets {
            folder: path.parent().unwrap_or(path).to_owned(),
            in_memory: 0,
            limit: IN_MEMORY,
            buckets: BTreeMap::new(),
            file: None,
            length: 0,
        }
    }

    /// Adds a row of a day.
    pub(super) fn push(&mut self, day: Day, entry: BucketEntry) -> Result<()> {
        let bucket = self.buckets.entry(day).or_default();
        bucket.events += entry.count;
        if entry.count > 0 {
            let place = entry.company as usize / 64;
            if bucket.companies.len() <= place {
                bucket.companies.resize(place + 1, 0);
            }
            bucket.companies[place] |= 1 << (entry.company % 64);
        }
        bucket.entries.push(entry);
        self.in_memory += 1;
        if self.in_memory >= self.limit { self.set_aside() } else { Ok(()) }
    }

    /// The totals of each day.
    pub(super) fn sums(&self) -> BTreeMap<Day, DaySum> {
        let sum = |bucket: &Bucket| DaySum {
            events: bucket.events,
            companies: bucket.companies.iter().map(|word| u64::from(word.count_ones())).sum(),
        };
        self.buckets.iter().map(|(day, bucket)| (*day, sum(bucket))).collect()
    }

    /// The days with rows, in order.
    pub(super) fn days(&self) -> Vec<Day> {
        self.buckets.keys().copied().collect()
    }

    /// Removes the rows of a day, ordered by company and name.
    pub(super) fn take(&mut self, day: Day) -> Result<Vec<BucketEntry>> {
        let Some(mut bucket) = self.buckets.remove(&day) else { return Ok(Vec::new()) };
        self.in_memory -= bucket.entries.len();
        if let Some(file) = &mut self.file {
            for (position, count) in bucket.aside {
                file.seek(SeekFrom::Start(position))?;
                let mut bytes = vec![0; count * ENTRY_BYTES];
                file.read_exact(&mut bytes)?;
                bucket.entries.extend(bytes.chunks_exact(ENTRY_BYTES).map(from_bytes));
            }
        }
        bucket.entries.sort_unstable();
        Ok(bucket.entries)
    }

    fn set_aside(&mut self) -> Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            place => place.insert(
                tempfile::tempfile_in(&self.folder)
                    .context("cannot make a temporary file beside the database")?,
            ),
        };
        file.seek(SeekFrom::Start(self.length))?;
        for bucket in self.buckets.values_mut().filter(|bucket| !bucket.entries.is_empty()) {
            let entries = std::mem::take(&mut bucket.entries);
            let bytes: Vec<u8> = entries.iter().flat_map(to_bytes).collect();
            file.write_all(&bytes)
                .context("cannot write to the temporary file beside the database")?;
            bucket.aside.push((self.length, entries.len()));
            self.length += bytes.len() as u64;
        }
        self.in_memory = 0;
        Ok(())
    }
}

fn to_bytes(entry: &BucketEntry) -> [u8; ENTRY_BYTES] {
    let mut bytes = [0; ENTRY_BYTES];
    bytes[..4].copy_from_slice(&entry.company.to_le_bytes());
    bytes[4..8].copy_from_slice(&entry.name.to_le_bytes());
    bytes[8..].copy_from_slice(&entry.count.to_le_bytes());
    bytes
}

fn from_bytes(bytes: &[u8]) -> BucketEntry {
    let number = |from: usize, to: usize| {
        bytes[from..to].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
    };
    BucketEntry { company: number(0, 4) as u32, name: number(4, 8) as u32, count: number(8, 16) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_by_day_in_order_also_from_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let entry = |company, name, count| BucketEntry { company, name, count };
        for limit in [IN_MEMORY, 3] {
            let mut buckets =
                DayBuckets { limit, ..DayBuckets::beside(&folder.path().join("x.db")) };
            let day = Day::from_number;
            for (number, row) in [
                (5, entry(2, 1, 7)),
                (4, entry(1, 1, 1)),
                (5, entry(1, 9, u64::from(u32::MAX) + 1)),
                (5, entry(2, 1, 1)),
                (4, entry(70, 2, 0)),
            ] {
                buckets.push(day(number), row).unwrap();
            }
            let sums: Vec<(u64, u64)> =
                buckets.sums().values().map(|sum| (sum.events, sum.companies)).collect();
            assert_eq!(sums, [(1, 1), (u64::from(u32::MAX) + 9, 2)]);
            assert_eq!(buckets.take(day(4)).unwrap(), [entry(1, 1, 1), entry(70, 2, 0)]);
            assert_eq!(
                buckets.take(day(5)).unwrap(),
                [entry(1, 9, u64::from(u32::MAX) + 1), entry(2, 1, 1), entry(2, 1, 7)]
            );
        }
    }
}
