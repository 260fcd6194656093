//! Attributes of signals as of a day, from their history.

use anyhow::Result;
use rusqlite::Row;

use super::super::signals::{IS_NOT_RETRACTED, LAST_TURN};
use super::{Family, Sheet, family};
use crate::domain::attributes::{self, Attribute, MONTH, Of, SignalFacts, Stage};
use crate::domain::day::Day;
use crate::domain::signal::{Action, SignalState, SignalType};

/// Later than any other day.
const END_OF_TIME: Day = Day::from_number(2_932_896);

impl Sheet<'_> {
    /// Adds the counts of signals.
    pub(super) fn signals(&mut self, attributes: &[&'static Attribute]) -> Result<()> {
        let counts: Family<SignalFacts> = family(attributes, |of| match of {
            Of::Signals(value) => Some(value),
            _ => None,
        });
        let days: Family<SignalFacts> = family(attributes, |of| match of {
            Of::SignalDays(value) => Some(value),
            _ => None,
        });
        let mut facts = self.companies.each(SignalFacts::default());
        if !counts.is_empty() {
            self.count_signals(&mut facts)?;
        }
        if !days.is_empty() {
            self.date_signals(&mut facts)?;
        }
        self.add(counts, &facts);
        self.add(days, &facts);
        Ok(())
    }

    /// The last days whose signals count: of trend and adoption rules, and of all rules.
    fn last_days(&self) -> (Day, Day) {
        match self.as_of.stage {
            Stage::BeforeTrends => (self.as_of.day.previous(), self.as_of.day.previous()),
            Stage::BeforeConditions => (self.as_of.day, self.as_of.day.previous()),
            Stage::EndOfDay => (self.as_of.day, self.as_of.day),
            Stage::Now { .. } => (END_OF_TIME, END_OF_TIME),
        }
    }

    /// Counts signals by type and state. Nearly always nothing happened after the day, so this
    /// counts all signals as they are now, from an index, and then undoes later changes one by one.
    fn count_signals(&self, facts: &mut [SignalFacts]) -> Result<()> {
        let mut counts: Vec<[[i64; 2]; 3]> = vec![Default::default(); facts.len()];
        self.count_present(&mut counts)?;
        if !self.as_of.is_present() {
            self.undo_later_signals(&mut counts)?;
            self.undo_later_entries(&mut counts)?;
        }
        for (facts, counts) in facts.iter_mut().zip(counts) {
            for (place, signal_type) in TYPES.into_iter().enumerate() {
                facts.add(signal_type, SignalState::Open, counts[place][0].unsigned_abs());
                facts.add(signal_type, SignalState::Closed, counts[place][1].unsigned_abs());
            }
        }
        Ok(())
    }

    fn count_present(&self, counts: &mut [[[i64; 2]; 3]]) -> Result<()> {
        let sql = "SELECT company, type, count(*), count(acknowledgement) FROM signals
                   WHERE company BETWEEN ?1 AND ?2 GROUP BY company, type";
        self.store.for_each_row(sql, self.scope.keys(), |row| {
            if let Some(company) = self.companies.row(row.get(0)?) {
                let (all, closed): (i64, i64) = (row.get(2)?, row.get(3)?);
                counts[company][place(row.get(1)?)] = [all - closed, closed];
            }
            Ok(())
        })
    }

    fn undo_later_signals(&self, counts: &mut [[[i64; 2]; 3]]) -> Result<()> {
        let (trends, conditions) = self.last_days();
        let sql = "SELECT s.company, s.type, s.acknowledgement IS NOT NULL AS is_closed
                   FROM signals s JOIN rule_versions v ON v.id = s.rule_version
                   WHERE s.raised_on > ?1 AND (s.raised_on > ?2 OR v.kind = 'condition') AND s.company BETWEEN ?3 AND ?4";
        let (from, to) = self.scope.keys();
        self.store
            .for_each_row(sql, (conditions, trends, from, to), |row| self.take_one(counts, row))
    }

    /// Restores the state that signals had on the day, for those with later entries.
    fn undo_later_entries(&self, counts: &mut [[[i64; 2]; 3]]) -> Result<()> {
        let (trends, conditions) = self.last_days();
        let sql = format!(
            "SELECT s.company, s.type, s.acknowledgement IS NOT NULL AS is_closed, {LAST_TURN} AS last
             FROM signals s JOIN rule_versions v ON v.id = s.rule_version
             WHERE s.id IN (SELECT signal FROM signal_history WHERE day > ?1) AND {IS_NOT_RETRACTED}
               AND (s.raised_on <= ?2 OR (s.raised_on <= ?3 AND v.kind <> 'condition')) AND s.company BETWEEN ?4 AND ?5"
        );
        let (from, to) = self.scope.keys();
        self.store.for_each_row(&sql, (self.as_of.day, conditions, trends, from, to), |row| {
            let was_closed = row.get::<_, Option<Action>>(3)? == Some(Action::Acknowledged);
            if was_closed != row.get::<_, bool>(2)? {
                self.take_one(counts, row)?;
                if let Some(company) = self.companies.row(row.get(0)?) {
                    counts[company][place(row.get(1)?)][usize::from(was_closed)] += 1;
                }
            }
            Ok(())
        })
    }

    /// Takes one from the count of the company, type and state in the first three columns of a row.
    fn take_one(&self, counts: &mut [[[i64; 2]; 3]], row: &Row<'_>) -> Result<()> {
        if let Some(company) = self.companies.row(row.get(0)?) {
            counts[company][place(row.get(1)?)][usize::from(row.get::<_, bool>(2)?)] -= 1;
        }
        Ok(())
    }

    fn date_signals(&self, facts: &mut [SignalFacts]) -> Result<()> {
        let (trends, conditions) = self.last_days();
        let month = attributes::last(self.as_of.day, MONTH).from;
        let sql = format!(
            "SELECT company, max(raised_on) AS last_on,
                          sum(CASE WHEN type = 'bad' AND raised_on >= ?1
                                   THEN raised_on <= ?2 AND rule_version NOT IN (SELECT id FROM rule_versions WHERE kind = 'condition')
                                   ELSE 0 END) AS bad_activity,
                          sum(CASE WHEN type = 'good' AND raised_on >= ?1
                                   THEN raised_on <= ?2 AND rule_version NOT IN (SELECT id FROM rule_versions WHERE kind = 'condition')
                                   ELSE 0 END) AS good_activity
                   FROM signals
                   WHERE company BETWEEN ?3 AND ?4 AND {IS_NOT_RETRACTED}
                     AND (raised_on <= ?5 OR (raised_on <= ?6 AND rule_version NOT IN (SELECT id FROM rule_versions WHERE kind = 'condition')))
                   GROUP BY company"
        );
        let (from, to) = self.scope.keys();
        let parameters = (month, self.as_of.day, from, to, conditions, trends);
        self.store.for_each_row(&sql, parameters, |row| {
            if let Some(company) = self.companies.row(row.get(0)?) {
                let facts = &mut facts[company];
                facts.last_on = row.get(1)?;
                facts.bad_activity = row.get(2)?;
                facts.good_activity = row.get(3)?;
            }
            Ok(())
        })
    }
}

const TYPES: [SignalType; 3] = [SignalType::Bad, SignalType::Good, SignalType::Info];

fn place(signal_type: SignalType) -> usize {
    TYPES.iter().position(|known| *known == signal_type).unwrap_or_default()
}
