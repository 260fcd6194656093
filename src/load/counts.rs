//! Days that come as counts, from files or sources.
//!
//! Rows are first sorted by day. Then each day is checked as a whole, and replaces what was known
//! about it.

use std::collections::BTreeMap;

use anyhow::Result;
use rustc_hash::FxHashMap;

use super::cells::required;
use super::day_buckets::DayBuckets;
use super::names::{NameKeys, SharedName, shared_name};
use super::{Loaded, RowResult, SheetRows, rejected};
use crate::domain::COUNTED_PEOPLE;
use crate::domain::counts::{DaySum, Doubt, doubt_of_known, doubt_of_new};
use crate::domain::day::{Day, DayRange};
use crate::error::{CommandError, not_allowed, refused};
use crate::import::{DaysSeen, FactRow, Value};
use crate::store::{CountsWriter, DayCount, NewNames, PulledDay, Store, WrittenEvents};

pub(crate) use super::day_buckets::BucketEntry;

/// At most this many doubtful days are listed.
const TOLD: usize = 3;

/// Reads a file of counts, or of people by day, and replaces these days, inside the caller's
/// transaction.
///
/// # Errors
/// A day that has individual events or comes from a source (exit 9); a day that has lost too many
/// events (exit 4).
pub(super) fn load(
    store: &Store,
    rows: &mut SheetRows<'_, '_>,
    accepts_loss: bool,
) -> Result<Loaded> {
    let file = rows.plan().file.clone();
    let mapping = &rows.plan().mapping;
    let (has_event, has_person) = (mapping.get("event"), mapping.get("person_id"));
    if let (Some(_), Some(person)) = (has_event, has_person) {
        let message = format!(
            "{file}: a file of counts has events and counts, or people ('{}'), and not both",
            person.header
        );
        return Err(refused(message)
            .hint("leave the people out with --map person_id= and import them as another file")
            .into());
    }
    let is_of_people = has_person.is_some();
    let mut reader = CountReader {
        names: NameKeys::of(store)?,
        new: NewNames::default(),
        rows: DayBuckets::beside(store.path()),
        days: DaysSeen::default(),
    };
    let read =
        rows.read(|row| if is_of_people { reader.person(row) } else { reader.count(row) })?;
    let CountReader { names, new, rows, days } = reader;
    let (written, remarks) = if is_of_people {
        require_counts(store, &file, &days)?;
        (write_people(store, &new, rows)?, Vec::new())
    } else {
        let sums = with_gaps(store, rows.sums())?;
        let remarks = judge(store, None, &file, &sums, accepts_loss)?;
        (write_counts(store, &new, rows)?, remarks)
    };
    let WrittenEvents { rows, changed_days } = written;
    Ok(Loaded {
        read,
        rows,
        companies_made: names.companies_made,
        days,
        changed_days,
        recorded_as: is_of_people.then_some(COUNTED_PEOPLE),
        remarks,
        ..Loaded::default()
    })
}

/// Turns the rows of a file into entries with keys.
struct CountReader<'s> {
    names: NameKeys<'s>,
    new: NewNames,
    rows: DayBuckets,
    days: DaysSeen,
}

impl CountReader<'_> {
    fn count(&mut self, row: &FactRow<'_>) -> RowResult<()> {
        let count = match row.get("count") {
            Some(Value::Whole(count)) => count as u64,
            _ => 0,
        };
        let company = self.company(row)?;
        let name = self.names.event(row.text("event").unwrap_or_default(), &mut self.new)?;
        self.push(row, BucketEntry { company, name, count })
    }

    fn person(&mut self, row: &FactRow<'_>) -> RowResult<()> {
        // A row without a person says that nobody was active.
        let person = row.text("person_id");
        let blank = || rejected("person_id", "blank, or a placeholder for nothing".to_owned());
        let person = person.ok_or_else(blank)?;
        let company = self.company(row)?;
        let name = self.names.person(person, &mut self.new);
        self.push(row, BucketEntry { company, name, count: 1 })
    }

    fn company(&mut self, row: &FactRow<'_>) -> RowResult<u32> {
        let text = row.text("company_id").unwrap_or_default();
        Ok(self.names.company(text, &mut self.new).map_err(|SharedName| shared_name(text))?)
    }

    fn push(&mut self, row: &FactRow<'_>, entry: BucketEntry) -> RowResult<()> {
        let day = required(row, "day")?;
        self.days.add(day);
        Ok(self.rows.push(day, entry)?)
    }
}

fn write_counts(store: &Store, new: &NewNames, mut rows: DayBuckets) -> Result<WrittenEvents> {
    let mut writer = store.counts_writer()?;
    store.add_names(new)?;
    let sums = rows.sums();
    let mut repeated = 0;
    for (day, sum) in sums {
        let counts = day_counts(rows.take(day)?);
        repeated += counts.iter().map(|count| count.rows - 1).sum::<u64>();
        let pulled = PulledDay { day, source: None, sum, rejected: 0, has_people: false };
        writer.write_counts(&pulled, &counts)?;
    }
    let mut written = writer.finish()?;
    written.rows.repeated = repeated;
    Ok(written)
}

fn write_people(store: &Store, new: &NewNames, mut rows: DayBuckets) -> Result<WrittenEvents> {
    let mut writer = store.counts_writer()?;
    store.add_names(new)?;
    let (mut new, mut known) = (0, 0);
    for day in rows.days() {
        let entries = rows.take(day)?;
        let added = write_people_of(&mut writer, day, &entries)?;
        new += added;
        known += entries.len() as u64 - added;
    }
    let mut written = writer.finish()?;
    (written.rows.new, written.rows.known) = (new, known);
    Ok(written)
}

/// Replaces the people of a day. Returns how many are new at their company on that day.
pub(crate) fn write_people_of(
    writer: &mut CountsWriter<'_>,
    day: Day,
    entries: &[BucketEntry],
) -> Result<u64> {
    let mut people: Vec<(u32, u32)> =
        entries.iter().map(|entry| (entry.company, entry.name)).collect();
    people.dedup();
    writer.write_people(day, &people)
}

/// The day counts of sorted entries.
pub(crate) fn day_counts(entries: Vec<BucketEntry>) -> Vec<DayCount> {
    let mut counts: Vec<DayCount> = Vec::with_capacity(entries.len());
    for BucketEntry { company, name: event, count } in entries {
        match counts.last_mut() {
            Some(last) if (last.company, last.event) == (company, event) => {
                last.count += count;
                last.rows += 1;
            }
            _ => counts.push(DayCount { company, event, count, rows: 1 }),
        }
    }
    counts
}

/// The days of a file, plus empty days in between about which nothing is known.
fn with_gaps(store: &Store, mut sums: BTreeMap<Day, DaySum>) -> Result<BTreeMap<Day, DaySum>> {
    let Some((from, to)) = sums.keys().next().copied().zip(sums.keys().last().copied()) else {
        return Ok(sums);
    };
    let range = DayRange { from, to };
    let known: Vec<Day> = store.pulled_days(range)?.into_iter().map(|known| known.day).collect();
    for day in range.days() {
        if !sums.contains_key(&day) && !known.contains(&day) && !store.has_events_themselves(day)? {
            sums.insert(day, DaySum::default());
        }
    }
    Ok(sums)
}

/// Checks days from a source (`None`: from files of counts) before they replace what is known.
/// Returns remarks on the accepted days.
///
/// # Errors
/// A day that has individual events or belongs to another source (exit 9); days that have lost too
/// many events, unless that is accepted (exit 4).
pub(crate) fn judge(
    store: &Store,
    source: Option<&str>,
    name: &str,
    days: &BTreeMap<Day, DaySum>,
    accepts_loss: bool,
) -> Result<Vec<String>> {
    let first_known = store.pulled_span(source)?.map(|span| span.from);
    let (mut refusals, mut remarks) = (Vec::new(), Vec::new());
    for (day, now) in days {
        let known = store.pulled_day(*day)?;
        require_owner(store, source, name, *day, known.as_ref())?;
        let doubt = match known {
            Some(known) => doubt_of_known(*day, known.sum, *now),
            None if first_known.is_some_and(|first| first < *day) => {
                let mut earlier = [0; 4];
                for (weeks, events) in (1..).zip(&mut earlier) {
                    *events = store.events_of_day(*day - 7 * weeks)?;
                }
                doubt_of_new(*day, now.events, earlier)
            }
            None => None,
        };
        match doubt {
            Some(doubt) if doubt.refuses() && !accepts_loss => refusals.push(doubt),
            Some(doubt) => remarks.push(format!("{name}: {doubt}")),
            None => {}
        }
    }
    if refusals.is_empty() { Ok(remarks) } else { Err(loss(name, &refusals).into()) }
}

fn loss(name: &str, refusals: &[Doubt]) -> CommandError {
    let told: Vec<String> = refusals.iter().take(TOLD).map(ToString::to_string).collect();
    let more = match refusals.len().saturating_sub(TOLD) {
        0 => String::new(),
        1 => "; and 1 more day".to_owned(),
        more => format!("; and {more} more days"),
    };
    refused(format!("{name}: {}{more}", told.join("; ")))
        .hint("look whether all of the source is there; --accept-loss takes the days as they are")
}

/// A day comes either as events, from files of counts, or from one source.
fn require_owner(
    store: &Store,
    source: Option<&str>,
    name: &str,
    day: Day,
    known: Option<&PulledDay>,
) -> Result<()> {
    let owner = match known {
        Some(known) if known.source.as_deref() == source => return Ok(()),
        Some(PulledDay { source: Some(other), .. }) => format!("comes from the source '{other}'"),
        Some(PulledDay { source: None, .. }) => "came from a file of counts".to_owned(),
        None if store.has_events_themselves(day)? => "has events of its own".to_owned(),
        None => return Ok(()),
    };
    let hint = match source {
        Some(_) => "pull later days alone, with --from; or undo the imports of that day",
        None => "leave that day out",
    };
    Err(not_allowed(format!("{name} has counts of {day}, which {owner}")).hint(hint).into())
}

/// People can be stored only for days that came as counts from files.
fn require_counts(store: &Store, file: &str, days: &DaysSeen) -> Result<()> {
    for day in days.all() {
        let known = store.pulled_day(day)?;
        match &known {
            Some(PulledDay { source: None, .. }) => {}
            Some(_) => require_owner(store, None, file, day, known.as_ref())?,
            None => {
                let message =
                    format!("{file} has people of {day}, of which no counts were imported");
                return Err(not_allowed(message)
                    .hint("import the counts of that day first: signals import --kind counts FILE")
                    .into());
            }
        }
    }
    Ok(())
}

/// The days that came as counts, to which no events can be added.
pub(crate) struct PulledDays {
    file: String,
    /// The source of each day; `None` for files of counts.
    sources: FxHashMap<Day, Option<String>>,
}

impl PulledDays {
    /// The days of a database; `file` is for messages.
    pub(crate) fn of(store: &Store, file: &str) -> Result<Self> {
        let all = DayRange { from: Day::from_number(i32::MIN), to: Day::from_number(i32::MAX) };
        let days = store.pulled_days(all)?.into_iter();
        let sources = days.map(|pulled| (pulled.day, pulled.source)).collect();
        Ok(PulledDays { file: file.to_owned(), sources })
    }

    /// Refuses an event on a day that came as counts.
    ///
    /// # Errors
    /// Such a day (exit 9).
    pub(crate) fn refuse(&self, day: Day) -> Result<(), CommandError> {
        match self.sources.get(&day) {
            None => Ok(()),
            Some(source) => Err(self.refusal(day, source.as_deref())),
        }
    }

    #[cold]
    fn refusal(&self, day: Day, source: Option<&str>) -> CommandError {
        let owner = match source {
            Some(source) => format!("comes as counts from the source '{source}'"),
            None => "came as counts from a file".to_owned(),
        };
        not_allowed(format!("{} has events of {day}, which {owner}", self.file))
            .hint("leave the events of such days out; their counts are replaced as a whole")
    }
}
