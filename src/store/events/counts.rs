//! Day counts, read from the table, or from memory when many days are read repeatedly.

use anyhow::Result;

use super::keys;
use crate::domain::day::{Day, DayRange};
use crate::store::Store;

/// All day counts in memory, 16 bytes each. A replay reads the same days hundreds of times, and a
/// read from memory takes a hundredth of the time of one from SQLite.
pub(in crate::store) struct CountsInMemory {
    first_day: i32,
    /// Where the counts of each day begin, from the first day on, plus the end.
    starts: Vec<usize>,
    counts: Vec<Count>,
}

/// How many events of a name a company had on a day.
struct Count {
    company: u32,
    event: u32,
    count: u64,
}

impl CountsInMemory {
    fn visit(&self, range: DayRange, mut visit: impl FnMut(Day, u32, u32, u64)) {
        let days = self.starts.len() as i32 - 1;
        let from = (range.from.number() - self.first_day).max(0);
        let to = (range.to.number() - self.first_day).min(days - 1);
        for place in from..=to {
            let day = Day::from_number(self.first_day + place);
            let place = place as usize;
            for count in &self.counts[self.starts[place]..self.starts[place + 1]] {
                visit(day, count.company, count.event, count.count);
            }
        }
    }
}

impl Store {
    /// Reads all day counts into memory and uses those from now on. Only for a store that nobody
    /// writes to meanwhile.
    pub(crate) fn keep_counts_in_memory(&mut self) -> Result<()> {
        let Some(range) = self.event_days()? else { return Ok(()) };
        let mut kept = CountsInMemory {
            first_day: range.from.number(),
            starts: Vec::with_capacity(range.len() + 1),
            counts: Vec::new(),
        };
        self.read_counts(range, |day, company, event, count| {
            let place = (day - range.from) as usize;
            while kept.starts.len() <= place {
                kept.starts.push(kept.counts.len());
            }
            kept.counts.push(Count { company, event, count });
        })?;
        kept.starts.resize(range.len() + 1, kept.counts.len());
        self.counts = Some(kept);
        Ok(())
    }

    /// Calls `visit` with day, company, event name and count for all day counts in the range,
    /// ordered by day and company.
    pub(crate) fn for_each_count(
        &self,
        range: DayRange,
        visit: impl FnMut(Day, u32, u32, u64),
    ) -> Result<()> {
        match &self.counts {
            Some(kept) => {
                kept.visit(range, visit);
                Ok(())
            }
            None => self.read_counts(range, visit),
        }
    }

    fn read_counts(
        &self,
        range: DayRange,
        mut visit: impl FnMut(Day, u32, u32, u64),
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, count FROM day_counts WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
        )?;
        let keys = keys::of_counts(range);
        let mut rows = statement.query((keys.start(), keys.end()))?;
        while let Some(row) = rows.next()? {
            // By position: looking up column names would take longer than reading the row.
            let (day, company, event) = keys::split_count(row.get(0)?);
            visit(Day::from_number(day), company, event, row.get::<_, i64>(1)? as u64);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Permissions;

    #[test]
    fn counts_are_the_same_from_memory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let mut store = Store::create_or_open(&path, Permissions::Owner).unwrap();
        let insert = |day: i32, company: u32, event: u32, count: i64| {
            store
                .connection
                .execute(
                    "INSERT INTO day_counts (id, count) VALUES (?1, ?2)",
                    (keys::of_count(day, company, event), count),
                )
                .unwrap();
        };
        let most = i64::from(u32::MAX) + 1;
        for (day, company, event, count) in
            [(10, 1, 1, 5), (10, 1, 2, 1), (10, 7, 1, 2), (13, 1, 1, most), (14, 2, 3, 1)]
        {
            insert(day, company, event, count);
        }
        store
            .connection
            .execute_batch(
                "INSERT INTO companies (id, company_id, first_event_day, last_event_day)
                 VALUES (1, 'acme', 10, 13), (2, 'globex', 14, 14), (7, 'initech', 10, 10)",
            )
            .unwrap();
        let read = |store: &Store, from: i32, to: i32| {
            let range = DayRange { from: Day::from_number(from), to: Day::from_number(to) };
            let mut rows = Vec::new();
            store
                .for_each_count(range, |day, company, event, count| {
                    rows.push((day.number(), company, event, count));
                })
                .unwrap();
            rows
        };
        let ranges = [(0, 20), (10, 10), (11, 12), (11, 13), (14, 30), (0, 9), (15, 16)];
        let from_table = ranges.map(|(from, to)| read(&store, from, to));
        assert_eq!(from_table[0].len(), 5);
        store.keep_counts_in_memory().unwrap();
        let from_memory = ranges.map(|(from, to)| read(&store, from, to));
        assert_eq!(from_memory, from_table);
    }
}
