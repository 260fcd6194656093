//! Pulses of companies, and the guidelines of pulse levels.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use rusqlite::Row;

use super::Store;
use super::values::read_fields;
use crate::domain::company::CompanyKey;
use crate::domain::day::Day;
use crate::domain::pulse::{Level, Pulse, PulseMark, in_order};

impl Store {
    /// The pulses of a company, in the order in which they apply.
    pub(crate) fn pulses(&self, company: CompanyKey) -> Result<Vec<Pulse>> {
        let mut pulses: Vec<Pulse> = self.facts_of(company)?;
        pulses.sort_by_key(|pulse| (pulse.mark.day, pulse.mark.at));
        Ok(pulses)
    }

    /// The pulses of all companies that apply by `until`, by company and then in the order in which
    /// they apply.
    pub(crate) fn all_pulses(&self, until: Option<Day>) -> Result<Vec<Pulse>> {
        let sql = "SELECT p.*, (SELECT group_concat(code, ';' ORDER BY position) FROM pulse_reasons r WHERE r.pulse = p.id) AS codes
                   FROM pulses p JOIN companies c ON c.id = p.company
                   WHERE ?1 IS NULL OR day <= ?1 ORDER BY c.company_id, p.id";
        let mut pulses: Vec<Pulse> = self.read_all(sql, [until], read_pulse)?;
        for of_company in pulses.chunk_by_mut(|one, other| one.company == other.company) {
            of_company.sort_by_key(|pulse| (pulse.mark.day, pulse.mark.at));
        }
        Ok(pulses)
    }

    /// The pulse history of each company that has one, in the order in which it applies, up to
    /// `until`. The argument of [`crate::domain::success_score::success_score`] and
    /// [`crate::domain::pulse::current`].
    pub(crate) fn pulses_until(
        &self,
        until: Option<Day>,
    ) -> Result<HashMap<CompanyKey, Vec<PulseMark>>> {
        let sql = "SELECT company, day, at, level FROM pulses WHERE ?1 IS NULL OR day <= ?1 ORDER BY company, id";
        let mut all: HashMap<_, Vec<_>> = self.read_by_company(sql, [until], read_mark)?;
        all.values_mut().for_each(|marks| *marks = in_order(std::mem::take(marks)));
        Ok(all)
    }

    /// The team's own guidelines of levels.
    pub(crate) fn own_guidelines(&self) -> Result<BTreeMap<Level, String>> {
        self.read_all("SELECT level, guideline FROM pulse_levels", [], |row| row.try_into())
    }

    /// When a level applies: the team's guideline, else the default.
    pub(crate) fn guideline(&self, level: Level) -> Result<String> {
        let own = self.own_guidelines()?.remove(&level);
        Ok(own.unwrap_or_else(|| level.shipped_guideline().to_owned()))
    }

    /// Sets the team's guideline of a level. One that equals the default is stored as the default.
    pub(crate) fn set_guideline(&self, level: Level, guideline: &str) -> Result<()> {
        self.execute("DELETE FROM pulse_levels WHERE level = ?1", [level])?;
        if guideline != level.shipped_guideline() {
            let sql = "INSERT INTO pulse_levels (level, guideline) VALUES (?1, ?2)";
            self.execute(sql, (level, guideline))?;
        }
        Ok(())
    }
}

pub(super) fn read_pulse(row: &Row<'_>) -> rusqlite::Result<Pulse> {
    read_fields!(row => Pulse: company, note, by; mark = read_mark(row)?;
        reason_codes = codes(row.get("codes")?))
}

fn read_mark(row: &Row<'_>) -> rusqlite::Result<PulseMark> {
    read_fields!(row => PulseMark: day, at, level)
}

/// Splits a text of codes separated by `;`, which no code contains.
pub(super) fn codes(text: Option<String>) -> Vec<String> {
    text.map_or_else(Vec::new, |text| text.split(';').map(ToOwned::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::day::Instant;
    use crate::store::Permissions;

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store =
            Store::create_or_open(&folder.path().join("signals.db"), Permissions::Owner).unwrap();
        (folder, store)
    }

    #[test]
    fn a_guideline_is_the_teams_own_until_it_is_that_of_the_program_again() {
        let (_folder, store) = store();
        let level = Level::HighRisk;
        assert_eq!(store.guideline(level).unwrap(), level.shipped_guideline());
        store.set_guideline(level, "Call them today.").unwrap();
        assert_eq!(store.guideline(level).unwrap(), "Call them today.");
        assert_eq!(
            store.own_guidelines().unwrap(),
            BTreeMap::from([(level, "Call them today.".to_owned())])
        );
        store.set_guideline(level, level.shipped_guideline()).unwrap();
        assert!(store.own_guidelines().unwrap().is_empty());
    }

    #[test]
    fn histories_until_a_day_are_in_order() {
        let (_folder, store) = store();
        let [one, two] = ["one", "two"].map(|id| store.add_unlisted_company(id).unwrap());
        // Fractions of a second sort before whole seconds as text, but not as instants.
        let set = [
            (one, 3, 20, 1),
            (one, 1, 50, 2),
            (two, 2, 10, 3),
            (one, 3, 20_000_500_000, 4),
            (one, 3, 20, 5),
            (one, 4, 1, 6),
        ];
        for (company, day, micros, level) in set {
            let level = Level::of_number(level).unwrap();
            let mark =
                PulseMark { day: Day::from_number(day), at: Instant::from_micros(micros), level };
            let pulse = Pulse { company, mark, reason_codes: Vec::new(), note: None, by: None };
            store.save_fact(&pulse).unwrap();
        }
        let levels = |company, until: Option<i32>| -> Vec<u8> {
            let all = store.pulses_until(until.map(Day::from_number)).unwrap();
            all.get(&company).map_or_else(Vec::new, |marks| {
                marks.iter().map(|mark| mark.level.number()).collect()
            })
        };
        assert_eq!(levels(one, None), [2, 1, 5, 4, 6]);
        assert_eq!(levels(one, Some(3)), [2, 1, 5, 4]);
        assert_eq!([levels(two, Some(1)), levels(two, Some(2))], [vec![], vec![3]]);
        let listed: Vec<u8> =
            store.pulses(one).unwrap().iter().map(|pulse| pulse.mark.level.number()).collect();
        assert_eq!(listed, [2, 1, 5, 4, 6]);
    }
}
