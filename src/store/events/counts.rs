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
    /// The same of `totals`.
    starts_of_totals: Vec<usize>,
    /// The events of all names. Most attributes need no more, and there are several times fewer.
    totals: Vec<Total>,
}

/// How many events a company had on a day.
struct Total {
    company: u32,
    count: u64,
}

/// How many events of a name a company had on a day.
struct Count {
    company: u32,
    event: u32,
    count: u64,
}

impl CountsInMemory {
    fn new(days: DayRange) -> Self {
        CountsInMemory {
            first_day: days.from.number(),
            starts: Vec::with_capacity(days.len() + 1),
            counts: Vec::new(),
            starts_of_totals: Vec::with_capacity(days.len() + 1),
            totals: Vec::new(),
        }
    }

    /// Adds a count; counts come ordered by day and company.
    fn push(&mut self, day: Day, count: Count) {
        let is_new_day = self.begin_days(day);
        match self.totals.last_mut().filter(|_| !is_new_day) {
            Some(total) if total.company == count.company => total.count += count.count,
            _ => self.totals.push(Total { company: count.company, count: count.count }),
        }
        self.counts.push(count);
    }

    /// Notes where the days up to this one begin. Whether any of them was new.
    fn begin_days(&mut self, last: Day) -> bool {
        let known = self.starts.len();
        let wanted = (last.number() - self.first_day + 1).max(0) as usize;
        if wanted <= known {
            return false;
        }
        self.starts.resize(wanted, self.counts.len());
        self.starts_of_totals.resize(wanted, self.totals.len());
        true
    }

    fn visit(&self, range: DayRange, mut visit: impl FnMut(Day, &Count)) {
        for (day, place) in self.places(range) {
            let counts = &self.counts[self.starts[place]..self.starts[place + 1]];
            counts.iter().for_each(|count| visit(day, count));
        }
    }

    fn visit_totals(&self, range: DayRange, mut visit: impl FnMut(Day, &Total)) {
        for (day, place) in self.places(range) {
            let (from, to) = (self.starts_of_totals[place], self.starts_of_totals[place + 1]);
            self.totals[from..to].iter().for_each(|total| visit(day, total));
        }
    }

    /// The days of the range that are in memory, and their places in the lists of starts.
    fn places(&self, range: DayRange) -> impl Iterator<Item = (Day, usize)> {
        let days = self.starts.len() as i32 - 1;
        let from = (range.from.number() - self.first_day).max(0);
        let to = (range.to.number() - self.first_day).min(days - 1);
        (from..=to).map(|place| (Day::from_number(self.first_day + place), place as usize))
    }
}

impl Store {
    /// Reads all day counts into memory and uses those from now on. Only for a store that nobody
    /// writes to meanwhile.
    pub(crate) fn keep_counts_in_memory(&mut self) -> Result<()> {
        let Some(range) = self.event_days()? else { return Ok(()) };
        let mut kept = CountsInMemory::new(range);
        self.read_counts(range, |day, company, event, count| {
            kept.push(day, Count { company, event, count });
        })?;
        // The end of the last day is where the day after would begin.
        kept.begin_days(range.to.next());
        self.counts = Some(kept);
        Ok(())
    }

    /// Calls `visit` with day, company, event name and count for all day counts in the range,
    /// ordered by day and company.
    pub(crate) fn for_each_count(
        &self,
        range: DayRange,
        mut visit: impl FnMut(Day, u32, u32, u64),
    ) -> Result<()> {
        let Some(kept) = &self.counts else { return self.read_counts(range, visit) };
        kept.visit(range, |day, count| visit(day, count.company, count.event, count.count));
        Ok(())
    }

    /// Calls `visit` with day, company and number of events of all names in the range, ordered by
    /// day. From the table, a company may come several times a day.
    pub(crate) fn for_each_total(
        &self,
        range: DayRange,
        mut visit: impl FnMut(Day, u32, u64),
    ) -> Result<()> {
        let Some(kept) = &self.counts else {
            return self.read_counts(range, |day, company, _, count| visit(day, company, count));
        };
        kept.visit_totals(range, |day, total| visit(day, total.company, total.count));
        Ok(())
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
        let totals = |from: i32, to: i32| {
            let range = DayRange { from: Day::from_number(from), to: Day::from_number(to) };
            let mut totals = Vec::new();
            let note = |day: Day, company, count| totals.push((day.number(), company, count));
            store.for_each_total(range, note).unwrap();
            totals
        };
        let all = [(10, 1, 6), (10, 7, 2), (13, 1, u64::from(u32::MAX) + 1), (14, 2, 1)];
        assert_eq!(totals(0, 20), all);
        assert_eq!(totals(11, 13), all[2..3]);
        assert_eq!(totals(11, 12), []);
    }
}
