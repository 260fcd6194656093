//! Pulls counts from the engine that stores the events.
//!
//! A source is queried for counts by company, event name and day, and for active people; both are
//! stored like a file of counts. [`sql`] writes the queries, over time spans that `domain::spans`
//! computes; [`plan`] chooses the days. Only days whose fingerprint changed are fetched. The result
//! is written once all of it has arrived, and only if its totals match.

pub(crate) mod access;
mod clickhouse;
pub(crate) mod plan;
mod postgres;
mod sql;

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};

use self::access::Address;
use self::clickhouse::ClickHouse;
use self::plan::{DaysToCheck, PullDays, question};
use self::postgres::Postgres;
use self::sql::{EARLIEST, Questions};
use crate::clock::Clock;
use crate::domain::counts::DaySum;
use crate::domain::day::{Day, DayRange, Instant};
use crate::domain::source::{Engine, PullSource, Rows};
use crate::domain::spans::{Span, ranges, spans, start_of};
use crate::domain::zone::Zone;
use crate::error::{CommandError, ErrorKind, not_allowed, refused, usage};
use crate::load::arrivals::{ArrivalOptions, Arrivals, Delivered, deliver};
use crate::load::counts::judge;
use crate::network::Secret;
use crate::store::{Finish, Store};

/// Receives the fields of a row as text; `None` is NULL.
type Answer<'a> = &'a mut dyn FnMut(&[Option<&str>]) -> Result<()>;

/// A connection to a server of any engine.
trait Server {
    /// Begins a consistent read, if the engine supports it.
    fn begin(&mut self) -> Result<(), Failure>;

    /// Runs a query, and passes on each row as it arrives.
    fn ask(&mut self, question: &str, answer: Answer<'_>) -> Result<(), Failure>;

    /// The engine's plan for a query.
    fn explain(&mut self, question: &str) -> Result<String, Failure>;

    /// The first fields of the answer, a line each.
    fn lines(&mut self, question: &str) -> Result<String, Failure> {
        let mut lines = String::new();
        self.ask(question, &mut |row| {
            lines += row[0].unwrap_or_default();
            lines.push('\n');
            Ok(())
        })?;
        Ok(lines)
    }
}

/// How long a server may take to start answering.
const CONNECTING: Duration = Duration::from_secs(15);

/// How much longer than the server's own limit we wait for it to give up.
const GRACE: Duration = Duration::from_secs(5);

/// The server's own limit for a query.
fn limit(source: &PullSource) -> Duration {
    Duration::from_secs(u64::from(source.timeout.0))
}

/// Why a source gave no answer.
#[derive(Debug)]
enum Failure {
    /// It cannot be reached, or the connection was lost; may succeed later.
    Unreachable(String),
    TooSlow(String),
    /// A wrong name, password or table.
    Configuration(String),
    /// The answer could not be used.
    Ours(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Failure::Ours(error)
    }
}

impl Failure {
    /// The same error with the password removed.
    fn without(mut self, password: &Secret) -> Self {
        match &mut self {
            Failure::Unreachable(text) | Failure::TooSlow(text) | Failure::Configuration(text) => {
                *text = password.taken_out_of(text);
            }
            Failure::Ours(_) => {}
        }
        self
    }

    fn into_error(self, source: &str) -> anyhow::Error {
        let (kind, text, hint) = match self {
            Failure::Unreachable(text) => {
                (ErrorKind::Io, text, "nothing was written; the next pull asks again")
            }
            Failure::TooSlow(text) => (
                ErrorKind::Io,
                text,
                "give it more time with `timeout`, or fewer days with --from and --to",
            ),
            Failure::Configuration(text) => (
                ErrorKind::NotAllowed,
                text,
                "look at the source in the configuration: signals config export",
            ),
            Failure::Ours(error) => return error,
        };
        CommandError::new(kind, format!("{source}: {text}")).hint(hint).into()
    }
}

/// The pauses between attempts. After the first row has arrived, nothing is retried.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

#[derive(Debug, Clone, Copy)]
pub(crate) struct PullRequest<'r> {
    pub source: &'r PullSource,
    pub address: &'r Address,
    pub password: &'r Secret,
    pub wanted: PullDays,
    /// Whether days may lose events.
    pub accepts_loss: bool,
    pub finish: Finish,
}

pub(crate) struct Pulled {
    pub looked_at: u64,
    /// The days that were replaced or added.
    pub days: Vec<Day>,
    pub rows: u64,
    pub delivered: Delivered,
}

/// Pulls a source: all that has changed, or nothing.
///
/// # Errors
/// A source that cannot be reached or is too slow (exit 8); one that is configured wrongly, or a
/// day that belongs to another source (exit 9); counts that lost too many events or do not match
/// their totals (exit 4).
pub(crate) fn pull(store: &mut Store, clock: &Clock, request: &PullRequest<'_>) -> Result<Pulled> {
    let mut pauses = PAUSES.iter();
    loop {
        let mut has_rows = false;
        match attempt(store, clock, request, &mut has_rows) {
            Ok(pulled) => return Ok(pulled),
            Err(failure) => match pauses.next() {
                Some(pause) if !has_rows && matches!(failure, Failure::Unreachable(_)) => {
                    thread::sleep(*pause);
                }
                _ => return Err(failure.into_error(&request.source.name)),
            },
        }
    }
}

pub(crate) struct Explained {
    /// Each query with its purpose and the engine's plan.
    pub questions: Vec<(&'static str, String, String)>,
    /// Whether the rows are grouped where they are stored.
    pub verdict: &'static str,
}

pub(crate) fn explain(
    store: &Store,
    clock: &Clock,
    request: &PullRequest<'_>,
) -> Result<Explained> {
    let source = request.source;
    let explained = || {
        let yesterday = clock.now().day_in(store.zone()).previous();
        let known = store.pulled_span(Some(&source.name))?;
        let range = match question(request.wanted, known, source.late_days, yesterday) {
            DaysToCheck::All(range) | DaysToCheck::Changed(range) => range,
            DaysToCheck::Everything(to) => DayRange { from: to - 34, to },
        };
        let (mut server, questions) = connect(request)?;
        server.begin()?;
        let spans = spans(&[range], store.zone());
        let mut asked = vec![
            ("what has changed", questions.fingerprint(&spans, range.from)),
            ("counts", questions.counts(&spans)),
        ];
        if source.people_days > 0 {
            asked.push(("people", questions.people(&spans)));
        }
        let explained = asked
            .into_iter()
            .map(|(what, question)| server.explain(&question).map(|plan| (what, question, plan)));
        let questions = explained.collect::<Result<Vec<_>, _>>()?;
        Ok(Explained { verdict: verdict(source.engine, &questions), questions })
    };
    explained().map_err(|failure: Failure| failure.into_error(&source.name))
}

/// Whether the plans group rows where they are stored. The plan shows what postgres_fdw sends to
/// other servers; a Citus coordinator shows a worker's plan below its own.
fn verdict(engine: Engine, plans: &[(&str, String, String)]) -> &'static str {
    const THERE: &str = "the grouping is done where the rows are";
    const HERE: &str =
        "the grouping is not done where the rows are: all rows come to the server that is asked";
    const ONE: &str = "the plan names no other servers: the rows are grouped where they are";
    if engine == Engine::ClickHouse {
        return "a Distributed table groups on its shards";
    }
    let remote: Vec<&str> = plans
        .iter()
        .flat_map(|(_, _, plan)| plan.lines().filter(|line| line.contains("Remote SQL:")))
        .collect();
    match remote.as_slice() {
        [] => ONE,
        lines if lines.iter().all(|line| line.contains("GROUP BY")) => THERE,
        _ => HERE,
    }
}

fn connect<'r>(request: &PullRequest<'r>) -> Result<(Box<dyn Server>, Questions<'r>), Failure> {
    let PullRequest { source, address, password, .. } = *request;
    let mut server: Box<dyn Server> = match source.engine {
        Engine::Postgres => Box::new(Postgres::connect(source, address, password)?),
        Engine::ClickHouse => Box::new(ClickHouse::new(source, address, password)),
    };
    let at_is_plain = time_is_plain(server.as_mut(), source)?;
    Ok((server, Questions { source, at_is_plain }))
}

/// Whether the times of a source have no time zone.
fn time_is_plain(server: &mut dyn Server, source: &PullSource) -> Result<bool, Failure> {
    if source.at_is_utc && source.engine == Engine::Postgres {
        return Ok(true);
    }
    let questions = Questions { source, at_is_plain: false };
    let mut kind = None;
    server.ask(&questions.type_of_time(), &mut |row| {
        kind = row[0].map(str::to_owned);
        Ok(())
    })?;
    let at = &source.columns.at;
    let wrong = |what: String| Err(Failure::Configuration(what));
    match (source.engine, kind.as_deref()) {
        (Engine::Postgres, Some("timestamp with time zone")) => Ok(false),
        (Engine::Postgres, Some("timestamp without time zone")) => wrong(format!(
            "the column '{at}' has times without a zone; if they are in UTC, say at_is = \"UTC\""
        )),
        // An empty table.
        (Engine::ClickHouse, None) => Ok(false),
        (Engine::ClickHouse, Some(kind)) if kind.contains("DateTime") => Ok(false),
        (_, kind) => wrong(format!(
            "the column '{at}' is of type {}, which is not an instant; a view or a query can make it one",
            kind.unwrap_or("unknown")
        )),
    }
}

struct Conversation<'r> {
    server: Box<dyn Server>,
    questions: Questions<'r>,
    zone: Zone,
    /// Whether a row has arrived.
    has_rows: &'r mut bool,
}

fn attempt(
    store: &mut Store,
    clock: &Clock,
    request: &PullRequest<'_>,
    has_rows: &mut bool,
) -> Result<Pulled, Failure> {
    let source = request.source;
    let (server, questions) = connect(request)?;
    let mut talk = Conversation { server, questions, zone: store.zone(), has_rows };
    // The fetched data counts as of now, whatever happens meanwhile.
    let as_of = clock.now();
    talk.server.begin()?;
    let yesterday = as_of.day_in(store.zone()).previous();
    let known = store.pulled_span(Some(&source.name))?;
    let asked = question(request.wanted, known, source.late_days, yesterday);
    let found = talk.days(store, asked)?;
    if let Some(sums) = &found.sums {
        judge(store, Some(&source.name), &source.name, sums, request.accepts_loss)?;
    }
    let mut arrivals = Arrivals::beside(store.path());
    talk.fetch(&found.days, Questions::counts, |row, day| {
        arrivals.count(row[0], row[1], day, number(row[3].unwrap_or_default())?)
    })?;
    let days = add_up(&found, arrivals.sums(), source)?;
    let last = found.days.last().copied().into_iter().chain(known.map(|known| known.to)).max();
    let people = people_days(store, source, last, &found.days)?;
    talk.fetch(&people, Questions::people, |row, day| arrivals.person(row[0], row[1], day))?;
    drop(talk);
    let rows = arrivals.rows;
    let delivery = ArrivalOptions {
        source: &source.name,
        days,
        people_days: people,
        people_from: last.map(|last| last - i32::from(source.people_days) + 1),
        as_of,
        accepts_loss: request.accepts_loss,
        finish: request.finish,
    };
    *has_rows = true;
    let delivered = deliver(store, clock, arrivals, &delivery)?;
    Ok(Pulled { looked_at: found.looked_at, days: found.days, rows, delivered })
}

#[derive(Default)]
struct DaysToFetch {
    /// In order.
    days: Vec<Day>,
    /// The number of days checked to find them.
    looked_at: u64,
    /// The source's totals for each of them; unknown if all are fetched.
    sums: Option<BTreeMap<Day, DaySum>>,
    /// The number of events on all of them.
    total: Option<u64>,
}

impl<'r> Conversation<'r> {
    fn days(&mut self, store: &Store, asked: DaysToCheck) -> Result<DaysToFetch, Failure> {
        match asked {
            DaysToCheck::Changed(range) => self.changed(store, range),
            DaysToCheck::All(range) => {
                let (total, _) = self.overview(start_of(range.from, self.zone), range.to)?;
                self.all(range, total)
            }
            DaysToCheck::Everything(to) => match self.overview(EARLIEST, to)? {
                (total, Some(first)) => {
                    let from = Instant::from_micros(first * 1_000_000).day_in(self.zone);
                    self.all(DayRange { from, to }, total)
                }
                (_, None) => {
                    Ok(DaysToFetch { sums: Some(BTreeMap::new()), ..DaysToFetch::default() })
                }
            },
        }
    }

    fn all(&mut self, range: DayRange, total: u64) -> Result<DaysToFetch, Failure> {
        let days: Vec<Day> = range.days().collect();
        // The number of distinct ids does not follow from the number of rows.
        let has_ids = self.questions.source.columns.event_id.is_some();
        let sums = if has_ids { Some(self.fingerprint(range)?) } else { None };
        let total = (!has_ids).then_some(total);
        Ok(DaysToFetch { looked_at: days.len() as u64, days, sums, total })
    }

    fn changed(&mut self, store: &Store, range: DayRange) -> Result<DaysToFetch, Failure> {
        let looked_at = range.len() as u64;
        let now = self.fingerprint(range)?;
        let known = store.pulled_days(range)?;
        let known =
            known.iter().filter(|day| day.source.as_deref() == Some(&self.questions.source.name));
        let known: BTreeMap<Day, DaySum> = known.map(|day| (day.day, day.sum)).collect();
        let sums: BTreeMap<Day, DaySum> =
            now.into_iter().filter(|(day, sum)| known.get(day) != Some(sum)).collect();
        let days = sums.keys().copied().collect();
        Ok(DaysToFetch { days, looked_at, sums: Some(sums), total: None })
    }

    /// The number of rows from a second to the end of a day, and the first second.
    fn overview(&mut self, from: i64, to: Day) -> Result<(u64, Option<i64>), Failure> {
        let mut found = (0, None);
        let question = self.questions.overview(from, start_of(to.next(), self.zone));
        self.server.ask(&question, &mut |row| {
            found.0 = row[0].map_or(Ok(0), number)?;
            // Engines differ in the minimum of no rows.
            found.1 = row[1].map(|first| number(first).map(|first| first as i64)).transpose()?;
            Ok(())
        })?;
        Ok((found.0, found.1.filter(|_| found.0 > 0)))
    }

    /// The source's totals for each day of a range.
    fn fingerprint(&mut self, range: DayRange) -> Result<BTreeMap<Day, DaySum>, Failure> {
        let mut sums: BTreeMap<Day, DaySum> =
            range.days().map(|day| (day, DaySum::default())).collect();
        let question = self.questions.fingerprint(&spans(&[range], self.zone), range.from);
        self.server.ask(&question, &mut |row| {
            let text = row[0].unwrap_or_default();
            let mut numbers = text.split(' ').map(number);
            let mut next = || numbers.next().unwrap_or_else(|| Err(not_a_count(text)));
            let day = range.from + i32::try_from(next()?).unwrap_or(i32::MAX / 2);
            let sum = DaySum { events: next()?, companies: next()? };
            sums.insert(day, sum);
            Ok(())
        })?;
        Ok(sums)
    }

    /// Asks about some days; keeps each row.
    fn fetch(
        &mut self,
        days: &[Day],
        question: fn(&Questions<'r>, &[Span]) -> String,
        mut keep: impl FnMut(&[Option<&str>], Day) -> Result<()>,
    ) -> Result<(), Failure> {
        if days.is_empty() {
            return Ok(());
        }
        let question = question(&self.questions, &spans(&ranges(days.iter().copied()), self.zone));
        self.server.ask(&question, &mut |row| {
            *self.has_rows = true;
            keep(row, day_of(row[2].unwrap_or_default())?)
        })
    }
}

/// Checks that the received counts match the totals of the source.
fn add_up(
    found: &DaysToFetch,
    came: BTreeMap<Day, DaySum>,
    source: &PullSource,
) -> Result<BTreeMap<Day, DaySum>> {
    let wrong = |what: String| {
        refused(format!("{}: the counts do not add up: {what}", source.name))
            .hint("nothing was written; pull again, and look at the servers of the source")
    };
    if let Some(day) = came.keys().find(|day| !found.days.contains(day)) {
        bail!(wrong(format!("{day} came, and was not asked for")));
    }
    let now = |day: &Day| came.get(day).copied().unwrap_or_default();
    for (day, expected) in found.sums.iter().flatten() {
        let (came, expected) = (now(day).events, expected.events);
        if came != expected {
            bail!(wrong(format!("{came} events of {day}, not {expected}")));
        }
    }
    let events: u64 = came.values().map(|sum| sum.events).sum();
    if let Some(total) = found.total.filter(|total| *total != events) {
        bail!(wrong(format!("{events} events in all, not {total}")));
    }
    Ok(found.days.iter().map(|day| (*day, now(day))).collect())
}

/// The days whose people are fetched: of the last `people_days`, those that are replaced and those
/// whose people are not stored yet.
fn people_days(
    store: &Store,
    source: &PullSource,
    last: Option<Day>,
    replaced: &[Day],
) -> Result<Vec<Day>> {
    let Some(last) = last.filter(|_| source.people_days > 0) else { return Ok(Vec::new()) };
    let window = DayRange { from: last - i32::from(source.people_days) + 1, to: last };
    let mut days: BTreeSet<Day> =
        replaced.iter().copied().filter(|day| window.contains(*day)).collect();
    let known = store.pulled_days(window)?;
    let lacking =
        known.iter().filter(|day| !day.has_people && day.source.as_deref() == Some(&source.name));
    days.extend(lacking.map(|day| day.day));
    Ok(days.into_iter().collect())
}

fn number(text: &str) -> Result<u64> {
    // A sum may arrive as a decimal number without decimals.
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    whole.parse().map_err(|_| not_a_count(text))
}

fn not_a_count(text: &str) -> anyhow::Error {
    refused(format!("the source answers '{text}', which is not a count")).into()
}

fn day_of(text: &str) -> Result<Day> {
    let number: i32 = text
        .parse()
        .map_err(|_| refused(format!("the source answers '{text}', which is not a day")))?;
    Ok(Day::from_number(number))
}

/// Checks the configuration of a source.
///
/// # Errors
/// A URL that cannot be used or contains a password; an empty relation (exit 9).
pub(crate) fn check(source: &PullSource) -> Result<(), CommandError> {
    access::address(&source.name, source.engine, &source.url)?;
    let (Rows::Relation(text) | Rows::Query(text)) = &source.rows;
    if text.trim().is_empty() {
        return Err(not_allowed(format!("the source '{}' names no rows", source.name)));
    }
    Ok(())
}

/// Checks the days on the command line.
///
/// # Errors
/// A day that has not ended, or a reversed range (exit 2).
pub(crate) fn check_days(wanted: PullDays, yesterday: Day) -> Result<(), CommandError> {
    if let Some(day) = wanted.to.or(wanted.from).filter(|day| *day > yesterday) {
        return Err(usage(format!("{day} has not ended"))
            .hint(format!("{yesterday} is the last day that can be pulled")));
    }
    match (wanted.from, wanted.to) {
        (Some(from), Some(to)) if from > to => {
            Err(usage(format!("--from {from} is after --to {to}")))
        }
        _ => Ok(()),
    }
}
