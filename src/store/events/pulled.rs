//! Days that came as counts: what is known about them, and who was active on them.

use anyhow::Result;
use rusqlite::{OptionalExtension, Row};

use super::{day_text, keys};
use crate::domain::counts::DaySum;
use crate::domain::day::{Day, DayRange};
use crate::domain::rule::{Rule, RuleMeasure, TrendRule};
use crate::error::{damaged, not_allowed};
use crate::store::Store;

/// Stands for the unknown event of a person who was active on a day that came as counts.
pub(in crate::store) const UNKNOWN_EVENT: u32 = u32::MAX;

/// A day that came as counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PulledDay {
    pub day: Day,
    /// The source it came from; `None` for files of counts.
    pub source: Option<String>,
    /// The totals of the source.
    pub sum: DaySum,
    /// The events whose names were rejected; they are in no count.
    pub rejected: u64,
    /// Whether it is known who was active.
    pub has_people: bool,
}

impl Store {
    /// The day, if it came as counts.
    pub(crate) fn pulled_day(&self, day: Day) -> Result<Option<PulledDay>> {
        Ok(self.pulled_days(DayRange { from: day, to: day })?.pop())
    }

    /// The days of a range that came as counts, in order.
    pub(crate) fn pulled_days(&self, range: DayRange) -> Result<Vec<PulledDay>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT day, source, events, companies, rejected, has_people FROM pulled_days
             WHERE day BETWEEN ?1 AND ?2 ORDER BY day",
        )?;
        let days = statement.query_map((range.from.number(), range.to.number()), read_day)?;
        Ok(days.collect::<Result<_, _>>()?)
    }

    /// The first and the last day that came from a source; `None` stands for files of counts.
    pub(crate) fn pulled_span(&self, source: Option<&str>) -> Result<Option<DayRange>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT min(day) AS first, max(day) AS last FROM pulled_days WHERE source IS ?1",
        )?;
        let span: (Option<i32>, Option<i32>) =
            statement.query_row([source], |row| Ok((row.get("first")?, row.get("last")?)))?;
        let day = Day::from_number;
        Ok(span.0.zip(span.1).map(|(first, last)| DayRange { from: day(first), to: day(last) }))
    }

    /// The number of events on a day, from its counts.
    pub(crate) fn events_of_day(&self, day: Day) -> Result<u64> {
        let mut statement = self.connection.prepare_cached(
            "SELECT coalesce(sum(count), 0) AS events FROM day_counts WHERE id BETWEEN ?1 AND ?2",
        )?;
        let keys = keys::of_counts(DayRange { from: day, to: day });
        let events: i64 =
            statement.query_row((keys.start(), keys.end()), |row| row.get("events"))?;
        Ok(events as u64)
    }

    /// Whether the individual events of a day are stored.
    pub(crate) fn has_events_themselves(&self, day: Day) -> Result<bool> {
        let mut statement = self.connection.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM event_days WHERE id BETWEEN ?1 AND ?2) AS found",
        )?;
        let keys = keys::of_whole_day(day.number());
        Ok(statement.query_row((keys.start(), keys.end()), |row| row.get("found"))?)
    }

    /// The last day of a range that came as counts and without people.
    pub(crate) fn last_day_without_people(&self, range: DayRange) -> Result<Option<Day>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT max(day) AS day FROM pulled_days WHERE day BETWEEN ?1 AND ?2 AND NOT has_people",
        )?;
        let day: Option<i32> =
            statement.query_row((range.from.number(), range.to.number()), |row| row.get("day"))?;
        Ok(day.map(Day::from_number))
    }

    /// The last day that came as counts, among those whose people a trend rule reads to raise
    /// signals on `days`, that lacks what the rule needs; `None` if there is none.
    pub(crate) fn people_gap(
        &self,
        trend: &TrendRule,
        days: DayRange,
    ) -> Result<Option<PulledDay>> {
        if trend.measure != RuleMeasure::People {
            return Ok(None);
        }
        let read = self.people_read(trend, days);
        let mut pulled = self.pulled_days(read)?;
        // The rule can use days with people, unless it asks who did one event: then it is not known
        // who did what.
        pulled.retain(|day| trend.watch().only_event().is_some() || !day.has_people);
        Ok(pulled.pop())
    }

    fn people_read(&self, trend: &TrendRule, days: DayRange) -> DayRange {
        let from = trend.first_day_needed(trend.first_day_of_run(days.from), days.from);
        DayRange { from, to: days.to }
    }

    /// Refuses a rule that needs people on days without them.
    ///
    /// # Errors
    /// Such a rule (exit 9).
    pub(crate) fn require_people(&self, rule: &Rule, days: DayRange) -> Result<()> {
        let Some(trend) = rule.logic.trend() else { return Ok(()) };
        let Some(gap) = self.people_gap(trend, days)? else { return Ok(()) };
        let (read, name, day) = (self.people_read(trend, days), &rule.name, gap.day);
        let needed = read.len();
        let (message, hint) = match (trend.watch().only_event(), &gap.source) {
            (Some(event), _) => (
                format!("the rule '{name}' asks who did '{event}', and the counts of {day} do not tell"),
                "watch the people of all events instead: --people".to_owned(),
            ),
            (None, Some(source)) => (
                format!(
                    "the rule '{name}' reads the people of {read}, and those of {day} are not kept: \
                     people_days of the source '{source}' does not reach so far"
                ),
                format!("set people_days of the source to {needed} or more and pull again"),
            ),
            (None, None) => (
                format!(
                    "the rule '{name}' reads the people of {read}, and those of {day} are not kept: \
                     it came from a file of counts (people_days is for sources)"
                ),
                "import company_id, person_id, day of these days: signals import --kind counts FILE"
                    .to_owned(),
            ),
        };
        Err(not_allowed(message)
            .hint(hint)
            .hint(format!("`signals rule disable {name}` lets the other rules run"))
            .into())
    }

    /// The people of a company on a day that came as counts.
    pub(in crate::store) fn pulled_people(&self, day: i32, company: u32) -> Result<Vec<u32>> {
        let mut statement =
            self.connection.prepare_cached("SELECT people FROM day_people WHERE id = ?1")?;
        let text: Option<String> = statement
            .query_row([keys::of_day(day, company)], |row| row.get("people"))
            .optional()?;
        text.map_or_else(|| Ok(Vec::new()), |text| people_of(&text))
    }

    /// Calls `visit` with each company and day in a span of keys, in order: the key and the
    /// activity. A company with very many events on a day comes several times.
    pub(in crate::store) fn for_each_active_day(
        &self,
        span: &std::ops::RangeInclusive<i64>,
        mut visit: impl FnMut(i64, Active<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut of_events = self.connection.prepare_cached(
            "SELECT id, events FROM event_days WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
        )?;
        let mut of_people = self.connection.prepare_cached(
            "SELECT id, people FROM day_people WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
        )?;
        let pieces = keys::pieces_of(span);
        let mut of_events = of_events.query((pieces.start(), pieces.end()))?;
        let mut of_people = of_people.query((span.start(), span.end()))?;
        let (mut events, mut people) = (of_events.next()?, of_people.next()?);
        loop {
            let of_row = |row: Option<&Row<'_>>, per_day| {
                row.map(|row| row.get::<_, i64>(0).map(|id| id / per_day)).transpose()
            };
            match (of_row(events, keys::PIECES)?, of_row(people, 1)?) {
                (Some(key), other) if other.is_none_or(|other| key <= other) => {
                    if let Some(row) = events {
                        visit(key, Active::Events(row.get_ref(1)?.as_str()?))?;
                    }
                    events = of_events.next()?;
                }
                (_, Some(key)) => {
                    if let Some(row) = people {
                        visit(key, Active::People(row.get_ref(1)?.as_str()?))?;
                    }
                    people = of_people.next()?;
                }
                (_, None) => return Ok(()),
            }
        }
    }
}

/// The stored activity of a company on a day.
pub(in crate::store) enum Active<'t> {
    Events(&'t str),
    /// Only the people.
    People(&'t str),
}

impl Active<'_> {
    /// Calls `visit` with each event name and person.
    pub(in crate::store) fn for_each(&self, mut visit: impl FnMut(u32, u32)) -> Result<()> {
        match self {
            Active::Events(text) => day_text::for_each(text, |event| {
                if event.key.person != 0 {
                    visit(event.key.event, event.key.person);
                }
            }),
            Active::People(text) => {
                people_of(text)?.into_iter().for_each(|person| visit(UNKNOWN_EVENT, person));
                Ok(())
            }
        }
    }
}

/// Parses a text in `day_people`.
pub(in crate::store) fn people_of(text: &str) -> Result<Vec<u32>> {
    serde_json::from_str(text)
        .map_err(|error| damaged(format!("the people of a day are not readable: {error}")).into())
}

/// The text for `day_people`; the people are in order.
pub(in crate::store) fn people_text(people: &[u32]) -> String {
    let mut text = String::with_capacity(people.len() * 7 + 2);
    let mut digits = itoa::Buffer::new();
    text.push('[');
    for (place, person) in people.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        text.push_str(digits.format(*person));
    }
    text.push(']');
    text
}

fn read_day(row: &Row<'_>) -> rusqlite::Result<PulledDay> {
    let count = |name| row.get::<_, i64>(name).map(|count| count as u64);
    Ok(PulledDay {
        day: Day::from_number(row.get("day")?),
        source: row.get("source")?,
        sum: DaySum { events: count("events")?, companies: count("companies")? },
        rejected: count("rejected")?,
        has_people: row.get("has_people")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Permissions;

    #[test]
    fn active_days_come_in_order_with_what_is_known_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let store = Store::create_or_open(&path, Permissions::Owner).unwrap();
        for (day, company, events) in
            [(9, 2, "[[1,0,5],[2,0,null]]"), (10, 1, "[[3,0,6]]"), (12, 1, "[[4,0,6]]")]
        {
            let insert = "INSERT INTO event_days (id, events) VALUES (?1, ?2)";
            store.connection.execute(insert, (keys::of_piece(day, company, 0), events)).unwrap();
        }
        for (day, company, people) in [(9, 1, "[7]"), (10, 1, "[8]"), (11, 1, "[7,8]")] {
            let insert = "INSERT INTO day_people (id, people) VALUES (?1, ?2)";
            store.connection.execute(insert, (keys::of_day(day, company), people)).unwrap();
        }
        let (from, to) = (Day::from_number(9), Day::from_number(11));
        let mut found = Vec::new();
        let visit = |key, active: Active<'_>| {
            let (day, company) = keys::split_day(key);
            active.for_each(|event, person| found.push((day, company, event, person)))
        };
        store.for_each_active_day(&keys::of_days(DayRange { from, to }), visit).unwrap();
        let unknown = UNKNOWN_EVENT;
        let expected = [
            (9, 1, unknown, 7),
            (9, 2, 1, 5),
            (10, 1, 3, 6),
            (10, 1, unknown, 8),
            (11, 1, unknown, 7),
            (11, 1, unknown, 8),
        ];
        assert_eq!(found, expected);
    }
}
