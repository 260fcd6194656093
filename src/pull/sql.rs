//! The queries to a source, as text from the configuration, with quoted identifiers, and numbers.
//! They have no parameters, so they pass through every connection pooler.
//!
//! Each groups by the company column itself, and computes the day by adding a fixed number of
//! seconds, so that a coordinator can push the whole grouping down to the servers with the rows.

use crate::domain::day::{Day, Instant};
use crate::domain::source::{Columns, Engine, PullSource, Rows};
use crate::domain::spans::Span;

/// Events before this second do not count: 2000-01-01, as in files.
pub(super) const EARLIEST: i64 = 946_684_800;

#[derive(Debug, Clone, Copy)]
pub(super) struct Questions<'s> {
    pub source: &'s PullSource,
    /// Whether event times have no time zone; they are then in UTC.
    pub at_is_plain: bool,
}

impl Questions<'_> {
    /// All rows between two seconds: their number, and the first second.
    pub(super) fn overview(&self, from: i64, to: i64) -> String {
        let Columns { company_id, at, .. } = &self.source.columns;
        let (company, at) = (self.name(company_id), self.name(at));
        let (relation, from, to) = (self.relation(), self.instant(from), self.instant(to));
        let first = match self.source.engine {
            Engine::Postgres => "floor(extract(epoch from min(signals_first)))",
            Engine::ClickHouse => "toInt64(toUnixTimestamp(min(signals_first)))",
        };
        format!(
            "select sum(signals_n), {first} from (select {company}, count(*) as signals_n, \
             min({at}) as signals_first from {relation} where {at} >= {from} and {at} < {to} \
             group by {company}) as by_company"
        )
    }

    /// The number of events and companies on each day, as one text: days since `first`, events,
    /// companies. A night with nothing new is this answer and no more, and a value of its own would
    /// take four bytes for its length.
    pub(super) fn fingerprint(&self, spans: &[Span], first: Day) -> String {
        let Columns { company_id, event, event_id, .. } = &self.source.columns;
        let company = self.name(company_id);
        let (day, count, relation) = (self.day(spans), self.count(), self.relation());
        let within = self.within(spans);
        // An id counts once for each company, event name and day, as in the counts.
        let event =
            if event_id.is_some() { format!(", {}", self.name(event)) } else { String::new() };
        let answer = self.joined(&[
            format!("signals_day - {}", first.number()),
            "sum(signals_n)".to_owned(),
            "count(distinct signals_company)".to_owned(),
        ]);
        format!(
            "select {answer} from \
             (select {company} as signals_company, {day} as signals_day, {count} as signals_n \
             from {relation} where {within} group by {company}{event}, {day}) as by_company \
             group by signals_day"
        )
    }

    /// The counts: company, event, day, number.
    pub(super) fn counts(&self, spans: &[Span]) -> String {
        self.grouped(&self.name(&self.source.columns.event), &self.count(), spans, "")
    }

    /// Active people: company, person, day. The number of events is selected too, because
    /// postgres_fdw only pushes down groupings with an aggregate.
    pub(super) fn people(&self, spans: &[Span]) -> String {
        let person = self.name(&self.source.columns.person_id);
        self.grouped(&person, "count(*)", spans, &format!(" and {person} is not null"))
    }

    /// A number for each company, name in a column, and day.
    fn grouped(&self, column: &str, number: &str, spans: &[Span], condition: &str) -> String {
        let company = self.name(&self.source.columns.company_id);
        let (day, relation, within) = (self.day(spans), self.relation(), self.within(spans));
        format!(
            "select {company}, {column}, {day}, {number} from {relation} \
             where {within}{condition} group by {company}, {column}, {day}"
        )
    }

    pub(super) fn type_of_time(&self) -> String {
        let (at, relation) = (self.name(&self.source.columns.at), self.relation());
        match self.source.engine {
            Engine::Postgres => {
                // The type is known without a row, and no worker is asked for any.
                format!("select pg_typeof((select {at} from {relation} where false))")
            }
            Engine::ClickHouse => format!("select toTypeName({at}) from {relation} limit 1"),
        }
    }

    fn count(&self) -> String {
        match &self.source.columns.event_id {
            Some(id) => {
                let id = self.name(id);
                // Events without an id count one each.
                format!("count(distinct {id}) + sum(case when {id} is null then 1 else 0 end)")
            }
            None => "count(*)".to_owned(),
        }
    }

    /// Numbers as one text, with spaces between them.
    fn joined(&self, numbers: &[String]) -> String {
        let text = |number: &String| match self.source.engine {
            Engine::Postgres => format!("cast({number} as varchar)"),
            Engine::ClickHouse => format!("toString({number})"),
        };
        let texts: Vec<String> = numbers.iter().map(text).collect();
        match self.source.engine {
            Engine::Postgres => texts.join(" || ' ' || "),
            Engine::ClickHouse => format!("concat({})", texts.join(", ' ', ")),
        }
    }

    fn relation(&self) -> String {
        match &self.source.rows {
            Rows::Relation(name) => self.dotted(name),
            Rows::Query(query) => format!("({}) as source", query.trim().trim_end_matches(';')),
        }
    }

    /// A name with its parts quoted. A dot within quotes is not a separator.
    fn dotted(&self, name: &str) -> String {
        let mut parts = vec![String::new()];
        let mut is_quoted = false;
        for char in name.chars() {
            match char {
                '"' => is_quoted = !is_quoted,
                '.' if !is_quoted => parts.push(String::new()),
                _ => parts.last_mut().into_iter().for_each(|last| last.push(char)),
            }
        }
        parts.iter().map(|part| self.name(part)).collect::<Vec<_>>().join(".")
    }

    fn name(&self, name: &str) -> String {
        match self.source.engine {
            Engine::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
            Engine::ClickHouse => format!("`{}`", name.replace('\\', r"\\").replace('`', r"\`")),
        }
    }

    /// A second as a value to compare with event times.
    fn instant(&self, second: i64) -> String {
        match (self.source.engine, self.at_is_plain) {
            (Engine::Postgres, true) => format!("timestamp '{}'", utc(second)),
            (Engine::Postgres, false) => format!("timestamp with time zone '{}+00'", utc(second)),
            (Engine::ClickHouse, _) => format!("toDateTime({second})"),
        }
    }

    fn within(&self, spans: &[Span]) -> String {
        let at = self.name(&self.source.columns.at);
        let mut ranges: Vec<(i64, i64)> = Vec::new();
        for span in spans {
            match ranges.last_mut() {
                Some(last) if last.1 == span.from => last.1 = span.to,
                _ => ranges.push((span.from, span.to)),
            }
        }
        let range = |(from, to): &(i64, i64)| {
            format!("{at} >= {} and {at} < {}", self.instant(*from), self.instant(*to))
        };
        match ranges.as_slice() {
            [only] => range(only),
            several => {
                let several = several.iter().map(|one| format!("({})", range(one)));
                format!("({})", several.collect::<Vec<_>>().join(" or "))
            }
        }
    }

    /// The day of an event, as the number of days since 1970-01-01.
    fn day(&self, spans: &[Span]) -> String {
        let mut parts: Vec<Span> = Vec::new();
        for span in spans {
            match parts.last_mut() {
                Some(last) if last.offset == span.offset => last.to = span.to,
                _ => parts.push(*span),
            }
        }
        let Some((last, earlier)) = parts.split_last() else { return "0".to_owned() };
        if earlier.is_empty() {
            return self.day_at(last.offset);
        }
        let at = self.name(&self.source.columns.at);
        let case = |Span { to, offset, .. }: &Span| {
            format!("when {at} < {} then {} ", self.instant(*to), self.day_at(*offset))
        };
        let cases: String = earlier.iter().map(case).collect();
        format!("case {cases}else {} end", self.day_at(last.offset))
    }

    fn day_at(&self, offset: i64) -> String {
        let at = self.name(&self.source.columns.at);
        match (self.source.engine, self.at_is_plain) {
            (Engine::Postgres, true) => {
                format!("(cast({at} + interval '{offset} seconds' as date) - date '1970-01-01')")
            }
            (Engine::Postgres, false) => format!(
                "(cast({at} at time zone interval '{offset} seconds' as date) - date '1970-01-01')"
            ),
            (Engine::ClickHouse, _) => {
                format!("intDiv(toInt64(toUnixTimestamp({at})) + ({offset}), 86400)")
            }
        }
    }
}

/// A second of Unix time as `2026-03-01 22:00:00`, in UTC.
fn utc(second: i64) -> String {
    let text = Instant::from_micros(second * 1_000_000).to_string();
    text.trim_end_matches('Z').replace('T', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::source::{Timeout, USUAL_LATE_DAYS, USUAL_PEOPLE_DAYS};

    fn source(engine: Engine) -> PullSource {
        PullSource {
            name: "warehouse".to_owned(),
            engine,
            url: String::new(),
            rows: Rows::Relation("analytics.Events \"once\"".to_owned()),
            columns: Columns { company_id: "acc\"ount".to_owned(), ..Columns::default() },
            at_is_utc: false,
            late_days: USUAL_LATE_DAYS,
            people_days: USUAL_PEOPLE_DAYS,
            timeout: Timeout::default(),
        }
    }

    const SPANS: [Span; 2] = [
        Span { from: 1_774_648_800, to: 1_774_746_000, offset: 7200 },
        Span { from: 1_774_746_000, to: 1_774_904_400, offset: 10_800 },
    ];

    #[test]
    fn a_fingerprint_is_one_text_a_day() {
        let first = Day::from_number(20_536);
        let asked = |engine| {
            let source = source(engine);
            Questions { source: &source, at_is_plain: false }.fingerprint(&SPANS[..1], first)
        };
        let postgres = "select cast(signals_day - 20536 as varchar) || ' ' || cast(sum(signals_n) as varchar) \
                        || ' ' || cast(count(distinct signals_company) as varchar) from (";
        assert!(asked(Engine::Postgres).starts_with(postgres));
        let clickhouse = "select concat(toString(signals_day - 20536), ' ', toString(sum(signals_n)), ' ', \
                          toString(count(distinct signals_company))) from (";
        assert!(asked(Engine::ClickHouse).starts_with(clickhouse));
    }

    #[test]
    fn names_are_quoted_and_days_need_no_named_zone() {
        let source = source(Engine::Postgres);
        let questions = Questions { source: &source, at_is_plain: false };
        let day =
            r#"(cast("at" at time zone interval '7200 seconds' as date) - date '1970-01-01')"#;
        assert_eq!(
            questions.counts(&SPANS[..1]),
            format!(
                r#"select "acc""ount", "event", {day}, count(*) from "analytics"."Events once" where "at" >= timestamp with time zone '2026-03-27 22:00:00+00' and "at" < timestamp with time zone '2026-03-29 01:00:00+00' group by "acc""ount", "event", {day}"#
            )
        );
        let both = questions.counts(&SPANS);
        assert!(both.contains(
            r#"case when "at" < timestamp with time zone '2026-03-29 01:00:00+00' then "#
        ));
        assert!(both.contains("2026-03-30 21:00:00+00"));
        let plain = Questions { source: &source, at_is_plain: true };
        assert!(
            plain.counts(&SPANS[..1]).contains(r#"cast("at" + interval '7200 seconds' as date)"#)
        );
    }

    #[test]
    fn clickhouse_counts_seconds() {
        let mut source = source(Engine::ClickHouse);
        source.rows = Rows::Query("select * from e;".to_owned());
        source.columns.company_id = "a`c".to_owned();
        source.columns.event_id = Some("id".to_owned());
        let questions = Questions { source: &source, at_is_plain: false };
        let day = "intDiv(toInt64(toUnixTimestamp(`at`)) + (7200), 86400)";
        assert_eq!(
            questions.counts(&SPANS[..1]),
            format!(
                "select `a\\`c`, `event`, {day}, count(distinct `id`) + sum(case when `id` is null then 1 else 0 end) \
                 from (select * from e) as source where `at` >= toDateTime(1774648800) and \
                 `at` < toDateTime(1774746000) group by `a\\`c`, `event`, {day}"
            )
        );
    }
}
