//! Activity for trend rules: what companies did on the days of their windows.

use anyhow::Result;
use rustc_hash::{FxHashMap, FxHashSet};

use super::keys;
use crate::domain::company::CompanyKey;
use crate::domain::customer::CustomerHistory;
use crate::domain::day::{Day, DayRange};
use crate::domain::rule::{Against, RuleMeasure, TrendRule, Watch};
use crate::domain::trend::{Activity, TrendFacts};
use crate::store::Store;

/// A count, or a person who was active: day, company, and the number or the person.
type Row<T> = (Day, CompanyKey, T);

impl Store {
    /// The facts that `rules` need to raise signals on `days` and to judge whether they still hold.
    /// Reads the days of all windows once, however many rules there are.
    pub(crate) fn trend_facts(
        &self,
        rules: &[&TrendRule],
        customers: &[(CompanyKey, CustomerHistory)],
        days: DayRange,
    ) -> Result<TrendFacts> {
        let mut asked: FxHashMap<Watch, DayRange> = FxHashMap::default();
        for rule in rules {
            let first = rule.first_day_needed(rule.first_day_of_run(days.from), days.from);
            let needed = asked
                .entry(TrendFacts::source(rule))
                .or_insert(DayRange { from: first, to: days.to });
            needed.from = needed.from.min(first);
        }
        let is_by_segment = rules.iter().any(|rule| rule.against == Against::Segment);
        let mut facts = TrendFacts::default();
        if is_by_segment {
            facts.segments = self.segment_numbers(customers)?;
        }
        let (people, events): (Vec<_>, Vec<_>) =
            asked.into_iter().partition(|(watch, _)| watch.measure == RuleMeasure::People);
        for (watch, rows) in self.counts_asked(events)? {
            facts.add(watch, Activity::of_counts(rows));
        }
        for (watch, rows) in self.people_asked(people)? {
            facts.add(watch, Activity::of_people(rows));
        }
        Ok(facts)
    }

    /// The key of the watched event; 0 if it was never imported.
    fn watched_key(&self, watch: &Watch) -> Result<Option<u32>> {
        let Some(event) = watch.only_event() else { return Ok(None) };
        Ok(Some(self.event_key(event)?.unwrap_or(0)))
    }

    fn counts_asked(&self, asked: Vec<(Watch, DayRange)>) -> Result<Vec<(Watch, Vec<Row<u64>>)>> {
        let mut of_event: FxHashMap<u32, usize> = FxHashMap::default();
        let mut of_all = None;
        for (place, (watch, _)) in asked.iter().enumerate() {
            match self.watched_key(watch)? {
                Some(key) => {
                    of_event.insert(key, place);
                }
                None => of_all = Some(place),
            }
        }
        let mut found: Vec<Vec<Row<u64>>> = vec![Vec::new(); asked.len()];
        if let (Some(range), Some(place), true) = (widest(&asked), of_all, of_event.is_empty()) {
            self.for_each_total(range, |day, company, count| {
                if day >= asked[place].1.from {
                    add_up(&mut found[place], (day, CompanyKey(company), count));
                }
            })?;
        } else if let Some(range) = widest(&asked) {
            self.for_each_count(range, |day, company, event, count| {
                for place in of_event.get(&event).copied().into_iter().chain(of_all) {
                    if day >= asked[place].1.from {
                        add_up(&mut found[place], (day, CompanyKey(company), count));
                    }
                }
            })?;
        }
        Ok(asked.into_iter().map(|(watch, _)| watch).zip(found).collect())
    }

    fn people_asked(&self, asked: Vec<(Watch, DayRange)>) -> Result<Vec<(Watch, Vec<Row<u32>>)>> {
        let wanted =
            asked.iter().map(|(watch, _)| self.watched_key(watch)).collect::<Result<Vec<_>>>()?;
        let mut found: Vec<Vec<Row<u32>>> = vec![Vec::new(); asked.len()];
        let Some(range) = widest(&asked) else { return Ok(Vec::new()) };
        let mut active: Vec<FxHashSet<u32>> = vec![FxHashSet::default(); asked.len()];
        let mut take = |key: i64, active: &mut Vec<FxHashSet<u32>>| {
            let (day, company) = keys::split_day(key);
            let day = Day::from_number(day);
            for (place, active) in active.iter_mut().enumerate() {
                let is_asked = day >= asked[place].1.from;
                let rows = active.drain().filter(|_| is_asked);
                found[place].extend(rows.map(|person| (day, CompanyKey(company), person)));
            }
        };
        let mut last = 0;
        self.for_each_active_day(&keys::of_days(range), |key, people| {
            if key != last {
                take(last, &mut active);
                last = key;
            }
            people.for_each(|event, person| {
                for (active, wanted) in active.iter_mut().zip(&wanted) {
                    if wanted.is_none_or(|key| key == event) {
                        active.insert(person);
                    }
                }
            })
        })?;
        take(last, &mut active);
        Ok(asked.into_iter().map(|(watch, _)| watch).zip(found).collect())
    }

    /// The segment of each customer as a number, in their order; `None` for customers without one.
    fn segment_numbers(
        &self,
        customers: &[(CompanyKey, CustomerHistory)],
    ) -> Result<Vec<Option<u32>>> {
        let mut numbers: FxHashMap<String, u32> = FxHashMap::default();
        let mut of_company: FxHashMap<u32, u32> = FxHashMap::default();
        let mut statement = self.connection.prepare_cached(
            "SELECT id, segment FROM companies WHERE segment IS NOT NULL AND segment <> ''",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let next = numbers.len() as u32;
            let number = *numbers.entry(row.get("segment")?).or_insert(next);
            of_company.insert(row.get("id")?, number);
        }
        Ok(customers.iter().map(|(company, _)| of_company.get(&company.0).copied()).collect())
    }
}

/// Adds a count. The events of one company and day come one after the other and are summed into one
/// row; otherwise a rule on all events would hold every count of its windows.
fn add_up(rows: &mut Vec<Row<u64>>, row: Row<u64>) {
    match rows.last_mut() {
        Some(last) if (last.0, last.1) == (row.0, row.1) => last.2 = last.2.wrapping_add(row.2),
        _ => rows.push(row),
    }
}

/// The range from the earliest to the latest day asked for.
fn widest(asked: &[(Watch, DayRange)]) -> Option<DayRange> {
    asked
        .iter()
        .map(|(_, range)| *range)
        .reduce(|a, b| DayRange { from: a.from.min(b.from), to: a.to.max(b.to) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Permissions;

    #[test]
    fn segments_are_read_if_a_rule_compares_by_segment() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let store = Store::create_or_open(&path, Permissions::Owner).unwrap();
        let companies = "INSERT INTO companies (id, company_id, segment)
                         VALUES (1, 'acme', 'smb'), (2, 'globex', NULL), (3, 'initech', 'large')";
        store.connection.execute(companies, []).unwrap();
        let history =
            || CustomerHistory { created_on: None, first_event: None, breaks: Vec::new() };
        let customers = [1, 2, 3].map(|company| (CompanyKey(company), history()));
        let itself = TrendRule::of_event("login");
        let by_segment = TrendRule { against: Against::Segment, ..itself.clone() };
        let (from, to) = (Day::from_number(20_000), Day::from_number(20_000));
        let segments = |rules: &[&TrendRule]| {
            store.trend_facts(rules, &customers, DayRange { from, to }).unwrap().segments
        };
        let numbers = [Some(0), None, Some(1)];
        assert_eq!(segments(&[&itself]), []);
        assert_eq!(segments(&[&by_segment]), numbers);
        assert_eq!(segments(&[&itself, &by_segment]), numbers);
    }
}
