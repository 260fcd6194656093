//! What companies did in the product: counts, people, first and last days.

use anyhow::Result;
use rustc_hash::{FxHashMap, FxHashSet};

use super::super::Store;
use super::super::events::{day_text, keys};
use super::{Family, Scope, Sheet};
use crate::domain::attributes::{
    self, Attribute, EventCounts, EventDays, MONTH, NewPeople, Of, PeopleCounts,
};
use crate::domain::company::CompanyKey;
use crate::domain::day::{Day, DayRange};

impl Store {
    /// Hands the day counts of a range to `visit`: day, company, event name, count; day by day.
    pub(super) fn counts_within(
        &self,
        scope: Scope,
        range: DayRange,
        visit: impl FnMut(Day, u32, u32, u64),
    ) -> Result<()> {
        match scope {
            Scope::All => self.for_each_count(range, visit),
            Scope::One(company) => self.counts_of(company, range, visit),
        }
    }

    fn counts_of(
        &self,
        company: CompanyKey,
        range: DayRange,
        mut visit: impl FnMut(Day, u32, u32, u64),
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, count FROM day_counts WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
        )?;
        for day in range.days() {
            let span = keys::of_company_counts(day.number(), company.0);
            let mut rows = statement.query((span.start(), span.end()))?;
            while let Some(row) = rows.next()? {
                let (day, company, event) = keys::split_count(row.get(0)?);
                visit(Day::from_number(day), company, event, row.get::<_, i64>(1)? as u64);
            }
        }
        Ok(())
    }

    /// Hands every active person of a range to `visit`: day, company, event name, person; day by
    /// day.
    pub(super) fn people_within(
        &self,
        scope: Scope,
        range: DayRange,
        mut visit: impl FnMut(Day, u32, u32, u32),
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, events FROM event_days WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
        )?;
        let spans = match scope {
            Scope::All => vec![keys::of_days(range)],
            Scope::One(company) => {
                let keys = range.days().map(|day| keys::of_day(day.number(), company.0));
                keys.map(|key| key..=key).collect()
            }
        };
        for span in spans {
            let mut rows = statement.query((span.start(), span.end()))?;
            while let Some(row) = rows.next()? {
                let (day, company) = keys::split_day(row.get(0)?);
                day_text::for_each(row.get_ref(1)?.as_str()?, |event| {
                    if event.key.person != 0 {
                        visit(Day::from_number(day), company, event.key.event, event.key.person);
                    }
                })?;
            }
        }
        Ok(())
    }
}

impl Sheet<'_> {
    /// Whether the as-of date is not before the first event in the database.
    pub(super) fn events_have_begun(&self) -> Result<bool> {
        Ok(self.store.event_days()?.is_some_and(|days| days.from <= self.as_of.day))
    }

    /// Adds everything about events.
    pub(super) fn usage(&mut self, attributes: &[&'static Attribute]) -> Result<()> {
        let (mut counts, mut features): (Family<EventCounts>, Family<EventCounts>) =
            Default::default();
        let (mut people, mut week): (Family<PeopleCounts>, Family<PeopleCounts>) =
            Default::default();
        let (mut new, mut days): (Family<NewPeople>, Family<EventDays>) = Default::default();
        for attribute in attributes {
            match attribute.of {
                Of::Counts(value) => counts.push((attribute.name, value)),
                Of::Features(value) => features.push((attribute.name, value)),
                Of::People(value) => people.push((attribute.name, value)),
                Of::PeopleOfWeek(value) => week.push((attribute.name, value)),
                Of::NewPeople(value) => new.push((attribute.name, value)),
                Of::EventDays(value) => days.push((attribute.name, value)),
                _ => {}
            }
        }
        if !counts.is_empty() || !features.is_empty() {
            let facts = self.event_counts(!counts.is_empty(), !features.is_empty())?;
            self.add(counts, &facts);
            self.add(features, &facts);
        }
        if !people.is_empty() || !week.is_empty() {
            let facts = self.people_counts(if people.is_empty() { 7 } else { 2 * MONTH })?;
            self.add(people, &facts);
            self.add(week, &facts);
        }
        if !new.is_empty() {
            let facts = self.new_people()?;
            self.add(new, &facts);
        }
        if !days.is_empty() {
            let facts = self.first_and_last_days()?;
            self.add(days, &facts);
        }
        Ok(())
    }

    fn event_counts(&self, wants_counts: bool, wants_features: bool) -> Result<Vec<EventCounts>> {
        let has_begun = self.events_have_begun()?;
        let mut facts = self.companies.each(EventCounts { has_begun, ..EventCounts::default() });
        let mut active: Vec<Option<Day>> = self.companies.each(None);
        let mut names: FxHashSet<(u32, u32)> = FxHashSet::default();
        let [week, month] = [7, MONTH].map(|days| attributes::last(self.as_of.day, days).from);
        let days = attributes::last(self.as_of.day, if wants_counts { 2 * MONTH } else { MONTH });
        self.store.counts_within(self.scope, days, |day, company, event, count| {
            let Some(row) = self.companies.row(company) else { return };
            let facts = &mut facts[row];
            if day < month {
                facts.previous_28d += count;
                return;
            }
            facts.last_28d += count;
            facts.last_7d += if day >= week { count } else { 0 };
            if active[row] != Some(day) {
                active[row] = Some(day);
                facts.active_days_28d += 1;
            }
            facts.features_28d += u64::from(wants_features && names.insert((company, event)));
        })?;
        Ok(facts)
    }

    fn people_counts(&self, days: i32) -> Result<Vec<PeopleCounts>> {
        let has_begun = self.events_have_begun()?;
        let mut facts = self.companies.each(PeopleCounts { has_begun, ..PeopleCounts::default() });
        let range = attributes::last(self.as_of.day, days);
        // For each person a bit for each day on which they were active.
        let mut active: FxHashMap<(u32, u32), u64> = FxHashMap::default();
        self.store.people_within(self.scope, range, |day, company, _, person| {
            *active.entry((company, person)).or_default() |= 1 << (self.as_of.day - day);
        })?;
        const WEEK_BITS: u64 = (1 << 7) - 1;
        const MONTH_BITS: u64 = (1 << MONTH) - 1;
        for ((company, _), days) in active {
            let Some(row) = self.companies.row(company) else { continue };
            facts[row].last_7d += u64::from(days & WEEK_BITS != 0);
            facts[row].last_28d += u64::from(days & MONTH_BITS != 0);
            facts[row].previous_28d += u64::from(days & (MONTH_BITS << MONTH) != 0);
        }
        Ok(facts)
    }

    /// The people whose first event at a company was lately. That takes all events up to the day: a
    /// person is new only when nothing came before.
    fn new_people(&self) -> Result<Vec<NewPeople>> {
        let Some(data) = self.store.event_days()? else {
            return Ok(self.companies.each(NewPeople::default()));
        };
        let is_known =
            |days: i32| (data.from < attributes::last(self.as_of.day, 2 * days).from).then_some(0);
        let mut facts =
            self.companies.each(NewPeople { last_7d: is_known(7), last_28d: is_known(MONTH) });
        let [week, month] = [7, MONTH].map(|days| attributes::last(self.as_of.day, days).from);
        let mut seen: FxHashSet<(u32, u32)> = FxHashSet::default();
        self.store.people_within(
            self.scope,
            DayRange { from: data.from, to: self.as_of.day },
            |day, company, _, person| {
                if seen.insert((company, person)) && day >= month {
                    let Some(row) = self.companies.row(company) else { return };
                    facts[row].last_28d = facts[row].last_28d.map(|count| count + 1);
                    facts[row].last_7d =
                        facts[row].last_7d.map(|count| count + u64::from(day >= week));
                }
            },
        )?;
        Ok(facts)
    }

    fn first_and_last_days(&self) -> Result<Vec<EventDays>> {
        let day = self.as_of.day;
        let mut facts = self.companies.each(EventDays { first: None, last: None, day });
        let mut earlier: FxHashSet<u32> = FxHashSet::default();
        let mut statement = self.store.connection.prepare_cached(
            "SELECT id, first_event_day, last_event_day FROM companies WHERE first_event_day <= ?1 AND id BETWEEN ?2 AND ?3",
        )?;
        let (from, to) = self.scope.keys();
        let mut rows = statement.query((day.number(), from, to))?;
        while let Some(row) = rows.next()? {
            let key: u32 = row.get(0)?;
            let Some(place) = self.companies.row(key) else { continue };
            let (first, last): (i32, i32) = (row.get(1)?, row.get(2)?);
            facts[place].first = Some(Day::from_number(first));
            if last <= day.number() {
                facts[place].last = Some(Day::from_number(last));
            } else {
                earlier.insert(key);
            }
        }
        self.find_last_days(&mut facts, earlier)?;
        Ok(facts)
    }

    /// Finds the last day on or before the as-of date of companies that have later events too, four
    /// weeks at a time. Nearly all are found in the first.
    fn find_last_days(&self, facts: &mut [EventDays], mut wanted: FxHashSet<u32>) -> Result<()> {
        let Some(data) = self.store.event_days()? else { return Ok(()) };
        let mut to = self.as_of.day;
        while !wanted.is_empty() && to >= data.from {
            let range = attributes::last(to, MONTH);
            let mut found: FxHashMap<u32, Day> = FxHashMap::default();
            self.store.counts_within(self.scope, range, |day, company, _, _| {
                if wanted.contains(&company) {
                    found.insert(company, day);
                }
            })?;
            for (company, day) in found {
                wanted.remove(&company);
                if let Some(row) = self.companies.row(company) {
                    facts[row].last = Some(day);
                }
            }
            to = range.from.previous();
        }
        Ok(())
    }
}
