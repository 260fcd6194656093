//! What companies did in the product: counts, people, first and last days.

use anyhow::Result;
use rustc_hash::{FxHashMap, FxHashSet};

use super::super::Store;
use super::super::events::keys;
use super::{Family, Scope, Sheet};
use crate::domain::attributes::{
    self, Attribute, EventCounts, EventDays, MONTH, NewPeople, Of, PeopleCounts, PeriodFacts, YEAR,
};
use crate::domain::company::CompanyKey;
use crate::domain::customer::CustomerHistory;
use crate::domain::day::{Day, DayRange};
use crate::domain::finding::Admission;

/// The longest window in which events are summed, in days.
const HALF_YEAR: i32 = 180;

impl Store {
    /// Calls `visit` with day, company, event name and count for every day count in the range, day
    /// by day.
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

    /// Calls `visit` with day, company and number of events in the range. The days of a company come
    /// in order.
    fn totals_within(
        &self,
        scope: Scope,
        range: DayRange,
        mut visit: impl FnMut(Day, u32, u64),
    ) -> Result<()> {
        match scope {
            Scope::All => self.for_each_total(range, visit),
            Scope::One(company) => {
                self.counts_of(company, range, |day, company, _, count| visit(day, company, count))
            }
        }
    }

    fn counts_of(
        &self,
        company: CompanyKey,
        range: DayRange,
        mut visit: impl FnMut(Day, u32, u32, u64),
    ) -> Result<()> {
        let sql = "SELECT id, count FROM day_counts WHERE id BETWEEN ?1 AND ?2 ORDER BY id";
        for day in range.days() {
            let span = keys::of_company_counts(day.number(), company.0);
            self.for_each_row(sql, span.into_inner(), |row| {
                let (day, company, event) = keys::split_count(row.get(0)?);
                visit(Day::from_number(day), company, event, row.get(1)?);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Calls `visit` with day, company, event name and person for everyone active in the range, day
    /// by day. The event is unknown on days that came as counts.
    pub(super) fn people_within(
        &self,
        scope: Scope,
        range: DayRange,
        mut visit: impl FnMut(Day, u32, u32, u32),
    ) -> Result<()> {
        let spans = match scope {
            Scope::All => vec![keys::of_days(range)],
            Scope::One(company) => {
                let keys = range.days().map(|day| keys::of_day(day.number(), company.0));
                keys.map(|key| key..=key).collect()
            }
        };
        for span in spans {
            self.for_each_active_day(&span, |key, people| {
                let (day, company) = keys::split_day(key);
                people.for_each(|event, person| {
                    visit(Day::from_number(day), company, event, person);
                })
            })?;
        }
        Ok(())
    }
}

/// Which facts about events the attributes need, and for how many days.
#[derive(Default)]
struct WantedUsage {
    counts: Family<EventCounts>,
    people: Family<PeopleCounts>,
    event_days: Family<EventDays>,
    new_people: Family<NewPeople>,
    periods: Family<PeriodFacts>,
    count_days: i32,
    people_days: i32,
    features: bool,
    gaps: bool,
    expectation: bool,
}

impl WantedUsage {
    fn of(attributes: &[&'static Attribute]) -> Self {
        let mut wanted = WantedUsage::default();
        attributes.iter().for_each(|attribute| wanted.add(attribute));
        wanted
    }

    fn add(&mut self, attribute: &'static Attribute) {
        let name = attribute.name;
        match attribute.of {
            Of::Counts { days, value } => {
                self.count_days = self.count_days.max(days);
                self.counts.push((name, value));
            }
            Of::Features(value) => {
                (self.count_days, self.features) = (self.count_days.max(MONTH), true);
                self.counts.push((name, value));
            }
            Of::Gaps(value) => {
                (self.count_days, self.gaps) = (YEAR, true);
                self.periods.push((name, value));
            }
            Of::Expectation(value) => {
                self.expectation = true;
                self.periods.push((name, value));
            }
            Of::Period(value) => self.periods.push((name, value)),
            Of::People(value) => {
                self.people_days = 2 * MONTH;
                self.people.push((name, value));
            }
            Of::PeopleOfWeek(value) => {
                self.people_days = self.people_days.max(7);
                self.people.push((name, value));
            }
            Of::NewPeople(value) => self.new_people.push((name, value)),
            Of::EventDays(value) => self.event_days.push((name, value)),
            _ => {}
        }
    }
}

impl Sheet<'_> {
    /// The number of days with data up to the as-of date.
    pub(super) fn data_days(&self) -> Result<i32> {
        let first = self.store.event_days()?.map(|days| days.from);
        Ok(first.map_or(0, |first| (self.as_of.day - first + 1).max(0)))
    }

    /// Adds the attributes of events.
    pub(super) fn usage(&mut self, attributes: &[&'static Attribute]) -> Result<()> {
        let wanted = WantedUsage::of(attributes);
        let counted = match wanted.count_days {
            0 => Vec::new(),
            days => self.event_counts(days, wanted.features)?,
        };
        self.add(wanted.counts, &counted);
        if !wanted.periods.is_empty() {
            let mut facts = self.periods()?;
            if wanted.gaps {
                self.find_gaps(&counted, &mut facts)?;
            }
            if wanted.expectation {
                self.find_expectations(&mut facts)?;
            }
            self.add(wanted.periods, &facts);
        }
        if !wanted.people.is_empty() {
            let facts = self.people_counts(wanted.people_days)?;
            self.add(wanted.people, &facts);
        }
        if !wanted.new_people.is_empty() {
            let facts = self.new_people()?;
            self.add(wanted.new_people, &facts);
        }
        if !wanted.event_days.is_empty() {
            let facts = self.first_and_last_days()?;
            self.add(wanted.event_days, &facts);
        }
        Ok(())
    }

    fn event_counts(&self, days: i32, wants_features: bool) -> Result<Vec<EventCounts>> {
        let data_days = self.data_days()?;
        let mut facts = self.companies.each(EventCounts { data_days, ..EventCounts::default() });
        let today = self.as_of.day;
        let range = attributes::last(today, days);
        let mut before = None;
        self.store.totals_within(self.scope, range, |day, company, count| {
            let Some(row) = self.companies.row_after(before, company) else { return };
            before = Some(row);
            let (facts, age) = (&mut facts[row], today - day);
            facts.active.note(age);
            if age >= HALF_YEAR {
                return;
            }
            facts.last_180d += count;
            facts.previous_28d += if (MONTH..2 * MONTH).contains(&age) { count } else { 0 };
            facts.last_28d += if age < MONTH { count } else { 0 };
            facts.last_7d += if age < 7 { count } else { 0 };
        })?;
        if wants_features {
            let mut names: FxHashSet<(u32, u32)> = FxHashSet::default();
            let month = attributes::last(today, MONTH);
            self.store.counts_within(self.scope, month, |_, company, event, _| {
                let Some(row) = self.companies.row(company) else { return };
                facts[row].features_28d += u64::from(names.insert((company, event)));
            })?;
        }
        Ok(facts)
    }

    /// The day from which each company has been a customer.
    fn periods(&self) -> Result<Vec<PeriodFacts>> {
        let day = self.as_of.day;
        let mut facts = self.companies.each(PeriodFacts {
            day,
            start: None,
            longest_gap: None,
            expectation: None,
        });
        let mut breaks = self.store.breaks_within(self.scope.keys())?;
        self.for_each_first_event(|key, place, first, _| {
            let breaks = breaks.remove(&CompanyKey(key)).unwrap_or_default();
            let history = CustomerHistory { created_on: None, first_event: Some(first), breaks };
            facts[place].start = history.present_period(day);
        })?;
        Ok(facts)
    }

    /// Calls `visit` with the key, the row and the days of the first and last event of each company
    /// that had an event by the as-of date.
    fn for_each_first_event(&self, mut visit: impl FnMut(u32, usize, Day, Day)) -> Result<()> {
        let sql = "SELECT id, first_event_day, last_event_day FROM companies WHERE first_event_day <= ?1 AND id BETWEEN ?2 AND ?3";
        let (from, to) = self.scope.keys();
        self.store.for_each_row(sql, (self.as_of.day.number(), from, to), |row| {
            let key = row.get(0)?;
            if let Some(place) = self.companies.row(key) {
                let [first, last] = [row.get(1)?, row.get(2)?].map(Day::from_number);
                visit(key, place, first, last);
            }
            Ok(())
        })
    }

    /// Computes the expected count of each company as trend rules do. That needs all customers,
    /// whichever companies are asked for.
    fn find_expectations(&self, facts: &mut [PeriodFacts]) -> Result<()> {
        let (rule, day) = (attributes::usual_days(), self.as_of.day);
        let customers = self.store.customers()?;
        let found =
            self.store.trend_facts(&[&rule], &customers, DayRange { from: day, to: day })?;
        let mut sweep = found.sweep(&rule, &customers, day);
        sweep.next_day(&Admission::All);
        for (company, expectation) in sweep.expectations() {
            if let Some(row) = self.companies.row(company.0) {
                facts[row].expectation = Some(expectation);
            }
        }
        Ok(())
    }

    /// Finds the longest gap of each company. A gap that ended in the last 365 days may have begun
    /// earlier.
    fn find_gaps(&self, counted: &[EventCounts], facts: &mut [PeriodFacts]) -> Result<()> {
        let day = self.as_of.day;
        let before_the_year = day - YEAR;
        let began_before = |row: usize| {
            facts[row].start.is_some_and(|start| start <= before_the_year)
                && counted[row].active.ages().next().is_some()
        };
        let rows = (0..facts.len()).filter(|row| began_before(*row));
        let wanted = rows.map(|row| self.companies.keys[row].0).collect();
        let before = self.last_days_before(before_the_year, wanted)?;
        for (row, facts) in facts.iter_mut().enumerate() {
            let Some(start) = facts.start else { continue };
            let before = before.get(&self.companies.keys[row].0).map(|last| day - *last);
            facts.longest_gap = counted[row].active.longest_gap(before, day - start);
        }
        Ok(())
    }

    fn people_counts(&self, days: i32) -> Result<Vec<PeopleCounts>> {
        let data_days = self.data_days()?;
        let range = attributes::last(self.as_of.day, days);
        let gap = self.store.last_day_without_people(range)?.map(|gap| self.as_of.day - gap);
        let mut facts =
            self.companies.each(PeopleCounts { data_days, gap, ..PeopleCounts::default() });
        // One bit for each day on which a person was active.
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

    /// The people whose first event at a company is recent.
    fn new_people(&self) -> Result<Vec<NewPeople>> {
        let Some(data) = self.store.event_days()? else {
            return Ok(self.companies.each(NewPeople::default()));
        };
        let past = DayRange { from: data.from, to: self.as_of.day };
        if self.store.last_day_without_people(past)?.is_some() {
            return Ok(self.companies.each(NewPeople::default()));
        }
        let is_known =
            |days: i32| (data.from < attributes::last(self.as_of.day, 2 * days).from).then_some(0);
        let mut facts =
            self.companies.each(NewPeople { last_7d: is_known(7), last_28d: is_known(MONTH) });
        let [week, month] = [7, MONTH].map(|days| attributes::last(self.as_of.day, days).from);
        // The first days that imports keep do not cover days that came as counts.
        let mut first = self.store.first_people_of_counts(self.scope.keys(), past)?;
        let from = if first.is_empty() { month } else { past.from };
        let recent = DayRange { from, to: past.to };
        self.store.first_people(self.scope.keys(), recent, |company, person, day| {
            let known = first.entry((company, person)).or_insert(day);
            *known = day.min(*known);
        })?;
        for ((company, _), day) in first {
            let Some(row) = self.companies.row(company).filter(|_| day >= month) else { continue };
            facts[row].last_28d = facts[row].last_28d.map(|count| count + 1);
            facts[row].last_7d = facts[row].last_7d.map(|count| count + u64::from(day >= week));
        }
        Ok(facts)
    }

    fn first_and_last_days(&self) -> Result<Vec<EventDays>> {
        let day = self.as_of.day;
        let mut facts = self.companies.each(EventDays { first: None, last: None, day });
        let mut earlier: FxHashSet<u32> = FxHashSet::default();
        self.for_each_first_event(|key, place, first, last| {
            facts[place].first = Some(first);
            if last <= day {
                facts[place].last = Some(last);
            } else {
                earlier.insert(key);
            }
        })?;
        for (company, last) in self.last_days_before(day, earlier)? {
            if let Some(row) = self.companies.row(company) {
                facts[row].last = Some(last);
            }
        }
        Ok(facts)
    }

    /// The day of the last event on or before `to`, for some companies. Reads four weeks at a time:
    /// nearly all companies are found in the first.
    fn last_days_before(
        &self,
        mut to: Day,
        mut wanted: FxHashSet<u32>,
    ) -> Result<FxHashMap<u32, Day>> {
        let mut all = FxHashMap::default();
        let Some(data) = self.store.event_days()? else { return Ok(all) };
        while !wanted.is_empty() && to >= data.from {
            let range = attributes::last(to, MONTH);
            self.store.totals_within(self.scope, range, |day, company, _| {
                if wanted.contains(&company) {
                    all.insert(company, day);
                }
            })?;
            wanted.retain(|company| !all.contains_key(company));
            to = range.from.previous();
        }
        Ok(all)
    }
}
