//! Counts arriving from a source: collected by day, and written in one transaction once all have
//! arrived.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use compact_str::CompactString;
use rustc_hash::FxHashMap;

use super::counts::{day_counts, judge, write_people_of};
use super::day_buckets::{BucketEntry, DayBuckets};
use super::made::{MadeCompanies, made_after};
use super::names::{NameKeys, SharedName, shared_name};
use crate::clock::Clock;
use crate::domain::PULL;
use crate::domain::counts::DaySum;
use crate::domain::day::{Day, Instant};
use crate::error::refused;
use crate::import::Verdict;
use crate::import::cell_error::CellError;
use crate::import::cells::{self, Breaks};
use crate::import::rejects::TOLERATED;
use crate::store::{Finish, ImportRecord, LateCause, NewNames, PulledDay, Store, WrittenRows};

/// Texts, numbered in the order of their first appearance.
#[derive(Debug, Default)]
struct Texts {
    by_text: FxHashMap<CompactString, u32>,
    texts: Vec<CompactString>,
}

impl Texts {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.by_text.get(text) {
            return *number;
        }
        let number = self.texts.len() as u32;
        self.by_text.insert(text.into(), number);
        self.texts.push(text.into());
        number
    }
}

/// What has arrived from a source.
pub(crate) struct Arrivals {
    companies: Texts,
    events: Texts,
    people: Texts,
    counts: DayBuckets,
    active: DayBuckets,
    /// Rows of counts, and of people.
    pub rows: u64,
}

impl Arrivals {
    /// Creates an empty collection; see [`DayBuckets::beside`].
    pub(crate) fn beside(path: &Path) -> Self {
        Arrivals {
            companies: Texts::default(),
            events: Texts::default(),
            people: Texts::default(),
            counts: DayBuckets::beside(path),
            active: DayBuckets::beside(path),
            rows: 0,
        }
    }

    /// Adds a count. Rows without names are rejected later.
    pub(crate) fn count(
        &mut self,
        company: Option<&str>,
        event: Option<&str>,
        day: Day,
        count: u64,
    ) -> Result<()> {
        let company = self.companies.number(company.unwrap_or_default());
        let name = self.events.number(event.unwrap_or_default());
        self.rows += 1;
        self.counts.push(day, BucketEntry { company, name, count })
    }

    /// Adds a person who was active at a company.
    pub(crate) fn person(
        &mut self,
        company: Option<&str>,
        person: Option<&str>,
        day: Day,
    ) -> Result<()> {
        let company = self.companies.number(company.unwrap_or_default());
        let name = self.people.number(person.unwrap_or_default());
        self.rows += 1;
        self.active.push(day, BucketEntry { company, name, count: 1 })
    }

    /// The totals of each day.
    pub(crate) fn sums(&self) -> BTreeMap<Day, DaySum> {
        self.counts.sums()
    }
}

/// How to write what has arrived.
pub(crate) struct ArrivalOptions<'d> {
    pub source: &'d str,
    /// The days to replace, with the totals that the source counted; a day may have no rows.
    pub days: BTreeMap<Day, DaySum>,
    /// The days whose people are replaced.
    pub people_days: Vec<Day>,
    /// People before this day are deleted.
    pub people_from: Option<Day>,
    /// When the source had this state.
    pub as_of: Instant,
    /// Whether days may lose events.
    pub accepts_loss: bool,
    pub finish: Finish,
}

/// The result of a delivery.
#[derive(Debug, Default)]
pub(crate) struct Delivered {
    pub rows: WrittenRows,
    /// The days whose events or people changed.
    pub changed_days: Vec<Day>,
    /// The number of companies created.
    pub companies_made: u64,
    /// The companies created.
    pub made: MadeCompanies,
    /// Remarks for the user.
    pub remarks: Vec<String>,
    /// Rejected names, with their reasons.
    pub rejected: Vec<String>,
    /// The number of rows with rejected names.
    pub rows_rejected: u64,
}

/// Writes what has arrived, all of it or nothing.
///
/// # Errors
/// See [`judge`]; too many rows with rejected names (exit 4).
pub(crate) fn deliver(
    store: &mut Store,
    clock: &Clock,
    arrivals: Arrivals,
    options: &ArrivalOptions<'_>,
) -> Result<Delivered> {
    store.transaction(options.finish, |store| {
        let last = store.last_company()?;
        let source = options.source;
        let mut delivered = Delivered {
            remarks: judge(store, Some(source), source, &options.days, options.accepts_loss)?,
            ..Delivered::default()
        };
        let rows = arrivals.rows;
        write(store, arrivals, options, &mut delivered)?;
        if delivered.rows_rejected > TOLERATED && delivered.rows_rejected * 100 > rows {
            let message = format!(
                "{source}: {} of {rows} rows have names that are rejected: more than {TOLERATED} and \
                 more than 1 %: {}",
                delivered.rows_rejected,
                delivered.rejected.first().map_or("", String::as_str)
            );
            return Err(refused(message).into());
        }
        delivered.made = made_after(store, last)?;
        record(store, clock, options, &delivered, rows)?;
        if let Some(from) = options.people_from {
            store.forget_people_before(source, from)?;
        }
        Ok(delivered)
    })
}

fn record(
    store: &Store,
    clock: &Clock,
    options: &ArrivalOptions<'_>,
    delivered: &Delivered,
    rows: u64,
) -> Result<()> {
    let import = store.add_import(&ImportRecord {
        id: 0,
        file: options.source.to_owned(),
        kind: PULL.to_owned(),
        started_at: options.as_of.min(clock.now()),
        finished_at: options.as_of,
        rows_read: rows,
        rows_new: delivered.rows.new,
        rows_known: rows - delivered.rows.new - delivered.rows_rejected,
        rows_rejected: delivered.rows_rejected,
        companies_made: delivered.companies_made,
        first_day: options.days.keys().next().copied(),
        last_day: options.days.keys().last().copied(),
        undone_at: None,
    })?;
    store.record_late_days(&delivered.changed_days, import, LateCause::Import)
}

fn write(
    store: &Store,
    arrivals: Arrivals,
    options: &ArrivalOptions<'_>,
    delivered: &mut Delivered,
) -> Result<()> {
    let Arrivals { companies, events, people, mut counts, mut active, .. } = arrivals;
    let (mut names, mut new) = (NameKeys::of(store)?, NewNames::default());
    let companies = keys(&companies, "company_id", delivered, |text| {
        let id = cells::id(text, false).map_err(reason)?;
        names.company(id, &mut new).map_err(|SharedName| match shared_name(id) {
            Verdict::Rejected { reason, .. } => reason,
            Verdict::Accepted => String::new(),
        })
    });
    let event_keys = keys(&events, "event", delivered, |text| {
        let name = cells::text(text, Breaks::Refused).map_err(reason)?;
        names.event(name, &mut new).map_err(|error| error.to_string())
    });
    let people = keys(&people, "person_id", delivered, |text| {
        Ok(names.person(cells::id(text, false).map_err(reason)?, &mut new))
    });
    delivered.companies_made = names.companies_made;
    let mut writer = store.counts_writer()?;
    store.add_names(&new)?;
    for (day, sum) in &options.days {
        let (entries, rejected) = known(counts.take(*day)?, &companies, &event_keys);
        delivered.rows_rejected += rejected.rows;
        let pulled = PulledDay {
            day: *day,
            source: Some(options.source.to_owned()),
            sum: *sum,
            rejected: rejected.events,
            has_people: false,
        };
        writer.write_counts(&pulled, &day_counts(entries))?;
    }
    let mut new_people = 0;
    for day in &options.people_days {
        let (mut entries, rejected) = known(active.take(*day)?, &companies, &people);
        delivered.rows_rejected += rejected.rows;
        entries.dedup();
        new_people += write_people_of(&mut writer, *day, &entries)?;
    }
    let written = writer.finish()?;
    (delivered.rows, delivered.changed_days) = (written.rows, written.changed_days);
    delivered.rows.new += new_people;
    Ok(())
}

/// The key of each text; `None` for rejected ones.
fn keys(
    texts: &Texts,
    column: &str,
    delivered: &mut Delivered,
    mut key: impl FnMut(&str) -> Result<u32, String>,
) -> Vec<Option<u32>> {
    let mut of_text = |text: &CompactString| {
        let found = match cells::content(text) {
            Some(content) => key(content),
            None => Err("blank, or a placeholder for nothing".to_owned()),
        };
        found.map_err(|reason| delivered.rejected.push(format!("{column} '{text}': {reason}"))).ok()
    };
    texts.texts.iter().map(&mut of_text).collect()
}

fn reason(fault: CellError) -> String {
    match fault {
        CellError::Row(reason) => reason,
        CellError::File { message, .. } => message,
    }
}

/// The rejected rows of a day.
#[derive(Default)]
struct Rejected {
    rows: u64,
    events: u64,
}

/// The entries with known names, as keys, in order.
fn known(
    entries: Vec<BucketEntry>,
    companies: &[Option<u32>],
    names: &[Option<u32>],
) -> (Vec<BucketEntry>, Rejected) {
    let (mut known, mut rejected) = (Vec::with_capacity(entries.len()), Rejected::default());
    for BucketEntry { company, name, count } in entries {
        match companies[company as usize].zip(names[name as usize]) {
            Some((company, name)) => known.push(BucketEntry { company, name, count }),
            None => {
                rejected.rows += 1;
                rejected.events += count;
            }
        }
    }
    known.sort_unstable();
    (known, rejected)
}
