//! Day counts, read from the table, or from memory when many days are read repeatedly.

use std::cell::OnceCell;

use anyhow::Result;

use super::keys;
use crate::domain::day::{Day, DayRange};
use crate::store::Store;

/// Counts in memory. A replay reads the same days hundreds of times, and a read from memory takes a
/// hundredth of the time of one from SQLite.
pub(in crate::store) struct CountsInMemory {
    /// The days with counts.
    days: DayRange,
    /// The events of all names. Most attributes need no more, and there are several times fewer.
    totals: Totals,
    /// Read when first needed: often no rule asks for the events of one name.
    counts: OnceCell<ByDay<Count>>,
}

/// How many events each company had on each of its active days. Ordered by company, because a replay
/// adds up the same months of each company for every day.
#[derive(Default)]
struct Totals {
    /// The companies, and the position after the last entry of each.
    companies: Vec<(u32, usize)>,
    days: Vec<Day>,
    counts: Vec<u64>,
}

impl Totals {
    /// From at most one row for each company and day, in any order.
    fn new(mut rows: Vec<(u32, Day, u64)>) -> Self {
        rows.sort_unstable_by_key(|(company, day, _)| (*company, *day));
        let mut totals = Totals::default();
        for (company, day, count) in rows {
            totals.days.push(day);
            totals.counts.push(count);
            let end = totals.days.len();
            match totals.companies.last_mut() {
                Some((last, last_end)) if *last == company => *last_end = end,
                _ => totals.companies.push((company, end)),
            }
        }
        totals
    }

    fn visit(&self, range: DayRange, mut visit: impl FnMut(Day, u32, u64)) {
        let mut start = 0;
        for (company, end) in &self.companies {
            let days = &self.days[start..*end];
            let from = start + days.partition_point(|day| *day < range.from);
            let to = start + days.partition_point(|day| *day <= range.to);
            for place in from..to {
                visit(self.days[place], *company, self.counts[place]);
            }
            start = *end;
        }
    }
}

/// How many events of a name a company had on a day.
struct Count {
    company: u32,
    event: u32,
    count: u64,
}

/// Rows of consecutive days.
struct ByDay<T> {
    days: DayRange,
    /// Where the rows of each day begin, plus the end.
    starts: Vec<usize>,
    rows: Vec<T>,
}

impl<T> ByDay<T> {
    fn new(days: DayRange) -> Self {
        ByDay { days, starts: Vec::with_capacity(days.len() + 1), rows: Vec::new() }
    }

    /// Adds a row of a day, which is the last day so far or a later one.
    fn push(&mut self, day: Day, row: T) {
        let place = (day - self.days.from) as usize;
        if place >= self.starts.len() {
            self.starts.resize(place + 1, self.rows.len());
        }
        self.rows.push(row);
    }

    fn finished(mut self) -> Self {
        self.starts.resize(self.days.len() + 1, self.rows.len());
        self.rows.shrink_to_fit();
        self
    }

    fn visit(&self, range: DayRange, mut visit: impl FnMut(Day, &T)) {
        let (from, to) = (range.from.max(self.days.from), range.to.min(self.days.to));
        for day in (DayRange { from, to }).days() {
            let place = (day - self.days.from) as usize;
            let rows = &self.rows[self.starts[place]..self.starts[place + 1]];
            rows.iter().for_each(|row| visit(day, row));
        }
    }
}

impl Store {
    /// Reads the counts into memory and uses those from then on. Only for a store to which nobody
    /// writes meanwhile.
    pub(crate) fn keep_counts_in_memory(&mut self) -> Result<()> {
        let Some(days) = self.event_days()? else { return Ok(()) };
        let mut rows: Vec<(u32, Day, u64)> = Vec::new();
        self.read_counts(days, |day, company, _, count| match rows.last_mut() {
            Some((last, last_day, total)) if (*last, *last_day) == (company, day) => {
                *total += count
            }
            _ => rows.push((company, day, count)),
        })?;
        let totals = Totals::new(rows);
        self.counts = Some(CountsInMemory { days, totals, counts: OnceCell::new() });
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
        let counts = match kept.counts.get() {
            Some(counts) => counts,
            None => {
                let counts = self.counts_by_day(kept.days)?;
                kept.counts.get_or_init(|| counts)
            }
        };
        counts.visit(range, |day, count| visit(day, count.company, count.event, count.count));
        Ok(())
    }

    /// Calls `visit` with day, company and number of events of all names in the range. The days of
    /// a company come in order; from the table, a day may come several times in a row.
    pub(crate) fn for_each_total(
        &self,
        range: DayRange,
        mut visit: impl FnMut(Day, u32, u64),
    ) -> Result<()> {
        match &self.counts {
            Some(kept) => {
                kept.totals.visit(range, visit);
                Ok(())
            }
            None => self.read_counts(range, |day, company, _, count| visit(day, company, count)),
        }
    }

    fn counts_by_day(&self, days: DayRange) -> Result<ByDay<Count>> {
        let mut counts = ByDay::new(days);
        self.read_counts(days, |day, company, event, count| {
            counts.push(day, Count { company, event, count });
        })?;
        Ok(counts.finished())
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
        let all = [(10, 1, 6), (13, 1, u64::from(u32::MAX) + 1), (14, 2, 1), (10, 7, 2)];
        assert_eq!(totals(0, 20), all);
        assert_eq!(totals(11, 13), all[1..2]);
        assert_eq!(totals(13, 14), all[1..3]);
        assert_eq!(totals(11, 12), []);
    }
}
