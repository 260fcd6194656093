//! The companies of a backtest, and the days on which each of them counts.

use std::mem;

use anyhow::Result;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::domain::attributes::{AsOf, Stage};
use crate::domain::backtest::Subject;
use crate::domain::company::CompanyKey;
use crate::domain::customer::CustomerHistory;
use crate::domain::day::{Day, DayRange};
use crate::expression::{Expression, is_true};
use crate::store::{Catalogue, Scope, Store};

/// The days over which `--min-events` counts.
const ACTIVITY_DAYS: i32 = 180;

/// Which company-days count, apart from the horizon.
pub(super) struct Criteria<'c> {
    pub until: Day,
    /// The minimum age as a customer, in days, including the day itself.
    pub established: i32,
    /// The minimum number of events in the 180 days up to the day.
    pub min_events: u64,
    /// The conditions that a company must meet on the day.
    pub conditions: &'c [Expression],
}

/// The companies with events that meet the conditions on some day, in the order of `customers`.
pub(super) struct Book {
    pub companies: Vec<CompanyKey>,
    pub subjects: Vec<Subject>,
}

impl Book {
    pub(super) fn read(
        store: &Store,
        catalogue: &Catalogue,
        criteria: &Criteria<'_>,
    ) -> Result<Book> {
        let customers = store.customers()?;
        let known: Vec<(CompanyKey, CustomerHistory, Day)> = customers
            .into_iter()
            .filter_map(|(company, customer)| {
                let first = customer.first_event.filter(|first| *first <= criteria.until)?;
                Some((company, customer, first))
            })
            .collect();
        let Some(first) = known.iter().map(|(.., first)| *first).min() else {
            return Ok(Book { companies: Vec::new(), subjects: Vec::new() });
        };
        let mut subjects: Vec<Subject> =
            known.iter().map(|(_, customer, first)| subject(customer, *first, criteria)).collect();
        let companies: Vec<CompanyKey> = known.iter().map(|(company, ..)| *company).collect();
        let days = DayRange { from: first, to: criteria.until };
        if criteria.min_events > 0 {
            require_events(store, &companies, &mut subjects, days, criteria.min_events)?;
        }
        let mut book = Book { companies, subjects };
        if !criteria.conditions.is_empty() {
            book.require(store, catalogue, days, criteria.conditions)?;
        }
        Ok(book)
    }

    /// Keeps the days on which a company meets the conditions, and companies with at least one such
    /// day.
    fn require(
        &mut self,
        store: &Store,
        catalogue: &Catalogue,
        days: DayRange,
        conditions: &[Expression],
    ) -> Result<()> {
        let mut meets_once: FxHashSet<CompanyKey> = FxHashSet::default();
        for day in days.days() {
            let meeting = meeting(store, catalogue, conditions, day)?;
            for (company, subject) in self.companies.iter().zip(&mut self.subjects) {
                if !meeting.contains(company) {
                    exclude(subject, day);
                }
            }
            meets_once.extend(meeting);
        }
        let (companies, subjects) = (mem::take(&mut self.companies), mem::take(&mut self.subjects));
        let all = companies.into_iter().zip(subjects);
        (self.companies, self.subjects) =
            all.filter(|(company, _)| meets_once.contains(company)).unzip();
        Ok(())
    }
}

/// The days on which a company was an established customer, and its churns.
fn subject(customer: &CustomerHistory, first: Day, criteria: &Criteria<'_>) -> Subject {
    let is_established = |day: Day| {
        customer.present_period(day).is_some_and(|start| day - start + 1 >= criteria.established)
    };
    let days = DayRange { from: first, to: criteria.until };
    Subject {
        first_day: first.number(),
        eligible: days.days().map(is_established).collect(),
        churns: customer.breaks.iter().map(|away| away.churned_on).collect(),
    }
}

fn exclude(subject: &mut Subject, day: Day) {
    let place = usize::try_from(day.number() - subject.first_day);
    if let Some(is_eligible) = place.ok().and_then(|place| subject.eligible.get_mut(place)) {
        *is_eligible = false;
    }
}

/// Keeps the days before which a company had enough events in 180 days.
fn require_events(
    store: &Store,
    companies: &[CompanyKey],
    subjects: &mut [Subject],
    days: DayRange,
    least: u64,
) -> Result<()> {
    let places: FxHashMap<u32, usize> =
        companies.iter().enumerate().map(|(place, company)| (company.0, place)).collect();
    let mut sums = vec![0; companies.len()];
    for day in days.days() {
        let mut add = |day: Day, is_new: bool| {
            store.for_each_count(DayRange { from: day, to: day }, |_, company, _, count| {
                let Some(sum) = places.get(&company).map(|place| &mut sums[*place]) else { return };
                *sum = if is_new { *sum + count } else { *sum - count };
            })
        };
        add(day, true)?;
        if day - ACTIVITY_DAYS >= days.from {
            add(day - ACTIVITY_DAYS, false)?;
        }
        for (subject, _) in subjects.iter_mut().zip(&sums).filter(|(_, sum)| **sum < least) {
            exclude(subject, day);
        }
    }
    Ok(())
}

/// The companies that meet all conditions on a day.
fn meeting(
    store: &Store,
    catalogue: &Catalogue,
    conditions: &[Expression],
    day: Day,
) -> Result<FxHashSet<CompanyKey>> {
    let names: Vec<&str> =
        conditions.iter().flat_map(|condition| &condition.names).map(String::as_str).collect();
    let as_of = AsOf { day, stage: Stage::BeforeConditions };
    let table = store.attributes(catalogue, &names, as_of, Scope::All)?;
    let mut meeting: FxHashSet<CompanyKey> = table.companies().iter().copied().collect();
    for condition in conditions {
        let values = catalogue.evaluate(condition, &table)?;
        for (company, value) in table.companies().iter().zip(&values) {
            if !is_true(value) {
                meeting.remove(company);
            }
        }
    }
    Ok(meeting)
}
