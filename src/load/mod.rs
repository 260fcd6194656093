//! Loads a file into the database: all of it, or nothing.

mod acks;
pub(crate) mod arrivals;
mod cells;
mod churns;
mod companies;
pub(crate) mod counts;
mod day_buckets;
mod diagnosis;
mod events;
mod facts;
mod made;
mod names;
mod people;
mod repeated;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use indicatif::ProgressBar;

pub(crate) use self::diagnosis::Gap;
use self::facts::LoadTerms;
pub(crate) use self::made::MadeCompanies;
use crate::clock::Clock;
use crate::domain::company::CompanyKey;
use crate::domain::day::{Day, Instant};
use crate::domain::task::Stamp;
use crate::domain::{COUNTS, EVENTS};
use crate::error::refused;
use crate::import::source::Progress;
use crate::import::{
    DaysSeen, FactRow, Incoming, Options, Plan, Rejects, Sheet, Verdict, read_facts,
};
use crate::store::{Finish, ImportRecord, LateCause, Store, WrittenRows};

/// The size in bytes above which a file is large.
const LARGE_FILE: u64 = 1 << 20;

/// How to load a file.
pub(crate) struct LoadRequest<'r> {
    /// The path; `-` for standard input.
    pub path: &'r Path,
    pub options: &'r Options,
    /// Whether a single rejected row refuses the file.
    pub is_strict: bool,
    /// Whether the last of several rows with the same id counts.
    pub last_wins: bool,
    /// Whether days that come as counts may lose events.
    pub accepts_loss: bool,
    pub finish: Finish,
    /// The user.
    pub by: &'r str,
}

/// The result of loading the rows of a file.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub read: u64,
    pub rows: WrittenRows,
    /// The number of companies that the file was the first to name.
    pub companies_made: u64,
    /// These companies.
    pub made: MadeCompanies,
    /// The number of companies that were known only by name, and merged into the actual ones.
    pub companies_joined: u64,
    pub days: DaysSeen,
    /// The days whose events changed, in order.
    pub changed_days: Vec<Day>,
    /// The companies in the file.
    pub companies: BTreeSet<CompanyKey>,
    /// In a dry run: inconsistencies with other files.
    pub gaps: Vec<Gap>,
    /// In a dry run: the number of dates that could mean another day.
    pub ambiguous_dates: u64,
    /// The kind under which it is recorded, if not its own.
    pub recorded_as: Option<&'static str>,
    /// Remarks for the user, one sentence each.
    pub remarks: Vec<String>,
}

/// The user who imports the file, for the history of signals.
#[derive(Debug, Clone)]
pub(crate) struct Author {
    pub by: String,
    pub at: Instant,
    /// The day on which it counts.
    pub day: Day,
}

impl Author {
    fn new(store: &Store, by: &str, at: Instant) -> Self {
        Author { by: by.to_owned(), at, day: at.day_in(store.zone()) }
    }

    fn stamp(&self) -> Stamp {
        Stamp { at: self.at, day: self.day, by: self.by.clone() }
    }
}

/// The result of a file.
pub(crate) struct LoadedFile {
    /// What was decided about it; `None` if it was refused before.
    pub plan: Option<Plan>,
    /// The number of rejected rows.
    pub rejected: u64,
    /// The first messages about rejected rows.
    pub messages: Vec<String>,
    /// What was loaded, or why the file was refused.
    pub result: Result<Loaded>,
}

/// Why a row is not loaded.
enum LoadError {
    /// The row is rejected.
    Rejected(Verdict),
    /// The file is refused.
    Failed(anyhow::Error),
}

type RowResult<T> = Result<T, LoadError>;

impl From<Verdict> for LoadError {
    fn from(verdict: Verdict) -> Self {
        LoadError::Rejected(verdict)
    }
}

impl From<anyhow::Error> for LoadError {
    fn from(error: anyhow::Error) -> Self {
        LoadError::Failed(error)
    }
}

/// Rejects a row for a column, by its name in the kind.
fn rejected(column: &'static str, reason: String) -> LoadError {
    LoadError::Rejected(Verdict::Rejected { column, reason })
}

/// The rows of a file, other than events.
struct SheetRows<'r, 'w> {
    sheet: &'r mut Sheet,
    rejects: &'r mut Rejects<'w>,
    watcher: &'r Watcher<'r>,
}

impl SheetRows<'_, '_> {
    fn plan(&self) -> &Plan {
        self.sheet.plan()
    }

    /// Reads all of them. Returns their number.
    fn read(&mut self, mut take: impl FnMut(&FactRow<'_>) -> RowResult<()>) -> Result<u64> {
        let (progress, watcher) = (self.sheet.progress(), self.watcher);
        read_facts(self.sheet, self.rejects, |row| {
            watcher.tell(&progress);
            match take(&row) {
                Ok(()) => Ok(Verdict::Accepted),
                Err(LoadError::Rejected(verdict)) => Ok(verdict),
                Err(LoadError::Failed(error)) => Err(error),
            }
        })
    }
}

/// Updates a progress bar while a file is read.
pub(crate) struct Watcher<'b> {
    bar: &'b ProgressBar,
}

impl Watcher<'_> {
    fn tell(&self, progress: &Progress) {
        self.bar.set_position(progress.consumed());
    }
}

/// Loads a file in one transaction. `rejects` receives all rejected rows, even of a refused file;
/// `bar` creates a progress bar over a number of bytes.
pub(crate) fn load_file(
    store: &mut Store,
    clock: &Clock,
    request: &LoadRequest<'_>,
    rejects: Option<Box<dyn Write + '_>>,
    bar: impl FnOnce(Option<u64>) -> ProgressBar,
) -> LoadedFile {
    let mut rejects = Rejects::new(request.path.display().to_string(), rejects);
    let mut plan = None;
    let result = load(store, clock, request, &mut rejects, bar, &mut plan);
    let flushed = rejects.flush();
    let result = result.and_then(|loaded| flushed.map(|()| loaded));
    LoadedFile { plan, rejected: rejects.count(), messages: rejects.messages().to_vec(), result }
}

/// Sorts files by dependency: the team and companies first, then what assigns texts to companies,
/// then all others. Standard input, which can be read only once, is among the others unless the
/// kind was given.
pub(crate) fn in_order<'p>(
    store: &Store,
    clock: &Clock,
    files: &'p [PathBuf],
    options: &Options,
) -> Vec<&'p Path> {
    const FIRST: [&str; 4] = ["team", "companies", "subscriptions", "people"];
    let rank = |file: &&Path| {
        let kind = match (&options.kind, file.as_os_str() == "-") {
            (Some(kind), _) => Some(kind.clone()),
            (None, true) => None,
            // Pipes and other special files can be read only once too.
            (None, false) if !file.is_file() => None,
            (None, false) => kind_of(store, clock, file, options).ok(),
        };
        FIRST.iter().position(|first| kind.as_deref() == Some(*first)).unwrap_or(FIRST.len())
    };
    let mut files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    if files.len() > 1 {
        files.sort_by_cached_key(rank);
    }
    files
}

/// The kind of a file, from its head.
fn kind_of(store: &Store, clock: &Clock, path: &Path, options: &Options) -> Result<String> {
    let incoming = Incoming::open(path, options)?;
    let remembered = store.column_map(&incoming.header_text(), options.kind.as_deref())?;
    let sheet = incoming.sheet(store.zone(), clock.now(), &remembered)?;
    Ok(sheet.plan().mapping.kind.name.clone())
}

fn load(
    store: &mut Store,
    clock: &Clock,
    request: &LoadRequest<'_>,
    rejects: &mut Rejects<'_>,
    bar: impl FnOnce(Option<u64>) -> ProgressBar,
    plan: &mut Option<Plan>,
) -> Result<Loaded> {
    let started_at = clock.now();
    let incoming = Incoming::open(request.path, request.options)?;
    let header = incoming.header_text();
    let kind = request.options.kind.as_deref();
    let remembered = store.column_map(&header, kind)?;
    let mut sheet = incoming.sheet(store.zone(), started_at, &remembered)?;
    let metrics: Vec<String> = store.metrics()?.into_iter().map(|metric| metric.name).collect();
    sheet.give_way(&metrics);
    *plan = Some(sheet.plan().clone());
    let bar = bar(sheet.progress().total);
    let is_first = is_large(&sheet) && store.event_days()?.is_none();
    let work = |store: &mut Store| {
        let last = store.last_company()?;
        // The writer of events logs its changes itself, because they are too many for triggers.
        if ![EVENTS, COUNTS].contains(&sheet.plan().mapping.kind.name.as_str()) {
            store.begin_change_log()?;
        }
        let mut loaded =
            load_rows(store, &mut sheet, rejects, &Watcher { bar: &bar }, request, started_at)?;
        loaded.made = made::made_after(store, last)?;
        rejects.judge(loaded.read, request.is_strict)?;
        record(store, clock, request, &sheet, rejects.count(), started_at, &loaded)?;
        store.end_change_log()?;
        store.reroute_notices(clock.now())?;
        let stamp = Author::new(store, request.by, clock.now()).stamp();
        store.drop_tasks_of_churned(stamp.at.day_in(store.zone()), &stamp)?;
        if request.finish == Finish::RollBack {
            loaded.gaps = diagnosis::gaps(store, &sheet, &loaded)?;
            loaded.ambiguous_dates = sheet.ambiguous_dates();
        }
        Ok(loaded)
    };
    let result = match is_first {
        true => store.transaction_without_wal(request.finish, work),
        false => store.transaction(request.finish, work),
    };
    store.forget_change_log();
    bar.finish_and_clear();
    result
}

/// Whether a file has so many events that the method of writing matters.
fn is_large(sheet: &Sheet) -> bool {
    let is_events = sheet.plan().mapping.kind.name == EVENTS;
    is_events && sheet.progress().total.is_none_or(|size| size > LARGE_FILE)
}

fn load_rows(
    store: &mut Store,
    sheet: &mut Sheet,
    rejects: &mut Rejects<'_>,
    watcher: &Watcher<'_>,
    request: &LoadRequest<'_>,
    now: Instant,
) -> Result<Loaded> {
    let kind = &sheet.plan().mapping.kind.name;
    if kind == EVENTS {
        return events::load(store, sheet, rejects, watcher);
    }
    let author = Author::new(store, request.by, now);
    let terms = LoadTerms { last_wins: request.last_wins, today: author.day };
    let rows = &mut SheetRows { sheet, rejects, watcher };
    match kind.as_str() {
        COUNTS => counts::load(store, rows, request.accepts_loss),
        "companies" => companies::load(store, rows, terms),
        "acks" => acks::load(store, rows, &author),
        "churn" => churns::load(store, rows, terms, &author),
        kind => match facts::loader(kind) {
            Some(load) => load(store, rows, terms),
            None => Err(refused(format!("files of {kind} cannot be imported")).into()),
        },
    }
}

fn record(
    store: &Store,
    clock: &Clock,
    request: &LoadRequest<'_>,
    sheet: &Sheet,
    rejected: u64,
    started_at: Instant,
    loaded: &Loaded,
) -> Result<()> {
    let plan = sheet.plan();
    let kind = &plan.mapping.kind.name;
    let import = store.add_import(&ImportRecord {
        id: 0,
        file: plan.file.clone(),
        kind: loaded.recorded_as.unwrap_or(kind).to_owned(),
        started_at,
        finished_at: clock.now(),
        rows_read: loaded.read,
        rows_new: loaded.rows.new,
        rows_known: loaded.rows.known,
        rows_rejected: rejected,
        companies_made: loaded.companies_made,
        first_day: loaded.days.first(),
        last_day: loaded.days.last(),
        undone_at: None,
    })?;
    store.record_late_days(&loaded.changed_days, import, LateCause::Import)?;
    store.set_column_map(&plan.header_text, kind, &request.options.map)
}
