//! Earlier signals of a rule, which may keep it from raising another.

use std::collections::HashMap;

use anyhow::Result;
use rustc_hash::{FxHashMap, FxHashSet};

use super::super::Store;
use super::LAST_TURN;
use crate::domain::adoption::{AdoptionsRaised, RaisedAdoption};
use crate::domain::company::CompanyKey;
use crate::domain::condition::{AlreadyRaised, LatestRaised};
use crate::domain::day::{Day, DayRange};
use crate::domain::rule::ConditionRule;
use crate::domain::signal::{Action, SignalState};
use crate::domain::trend::{Latest, LatestByCompany};

impl Store {
    /// The latest signal of each rule for each company, raised in `range`. One query for all rules:
    /// a query for each would read the same days.
    pub(crate) fn latest_signals(
        &self,
        range: DayRange,
    ) -> Result<HashMap<String, LatestByCompany>> {
        // Newest first needs no sorting; of the signals of one day the last one wins.
        let sql = "SELECT s.rule, s.company, s.type, s.raised_on FROM signals s
                   LEFT JOIN signal_history a ON a.id = s.acknowledgement
                   WHERE s.raised_on BETWEEN ?1 AND ?2 AND a.outcome IS NOT 'retracted'
                   ORDER BY s.raised_on DESC, s.id";
        let mut by_rule: HashMap<String, LatestByCompany> = HashMap::new();
        self.for_each_row(sql, (range.from, range.to), |row| {
            let rule = row.get_ref(0)?.as_str()?;
            if !by_rule.contains_key(rule) {
                by_rule.insert(rule.to_owned(), LatestByCompany::default());
            }
            let Some(of_rule) = by_rule.get_mut(rule) else { return Ok(()) };
            let latest = Latest { signal_type: row.get(2)?, raised_on: row.get(3)? };
            let known = of_rule.entry(row.get(1)?).or_insert(latest);
            if known.raised_on <= latest.raised_on {
                *known = latest;
            }
            Ok(())
        })?;
        Ok(by_rule)
    }

    /// The signals of an adoption rule, without retracted ones. With `open_until`, without those
    /// that were raised later and are still open.
    pub(crate) fn adoption_signals(
        &self,
        rule: &str,
        open_until: Option<Day>,
    ) -> Result<AdoptionsRaised> {
        let sql = "SELECT s.company, s.type, s.goal_event, s.goal_name, s.due_on FROM signals s
                   LEFT JOIN signal_history a ON a.id = s.acknowledgement
                   WHERE s.rule = ?1 AND s.observation_from IS NULL AND a.outcome IS NOT 'retracted'
                     AND (?2 IS NULL OR s.raised_on <= ?2 OR s.acknowledgement IS NOT NULL)
                   ORDER BY s.id";
        self.read_by_company(sql, (rule, open_until), |row| {
            let (event, due): (Option<_>, Option<_>) = (row.get("goal_event")?, row.get("due_on")?);
            let name = row.get("goal_name")?;
            let goal = event.zip(due).map(|(event, due)| (event, due, name));
            Ok(RaisedAdoption { signal_type: row.get("type")?, goal })
        })
    }

    /// The signals of a condition rule that may prevent another one on `day`, in their state on
    /// that day. Signals raised after `until` do not count, unless they were closed and have a key.
    pub(crate) fn condition_signals(
        &self,
        name: &str,
        rule: &ConditionRule,
        day: Day,
        until: Day,
    ) -> Result<AlreadyRaised> {
        match &rule.key {
            Some(key) => self.raised_keys(name, key, (until < day).then_some(until)),
            None => self.latest_raised(name, day, until),
        }
    }

    fn raised_keys(&self, name: &str, key: &str, open_until: Option<Day>) -> Result<AlreadyRaised> {
        // Values of an attribute that was the key before are not comparable.
        let sql = "SELECT s.company, s.key_value FROM signals s JOIN rule_versions v ON v.id = s.rule_version
                   LEFT JOIN signal_history a ON a.id = s.acknowledgement
                   WHERE s.rule = ?1 AND s.observation_from IS NULL AND v.key = ?2 AND s.key_value IS NOT NULL
                     AND a.outcome IS NOT 'retracted'
                     AND (?3 IS NULL OR s.raised_on <= ?3 OR s.acknowledgement IS NOT NULL)";
        let mut keys: FxHashMap<CompanyKey, FxHashSet<String>> = FxHashMap::default();
        self.for_each_row(sql, (name, key, open_until), |row| {
            keys.entry(row.get("company")?).or_default().insert(row.get("key_value")?);
            Ok(())
        })?;
        Ok(AlreadyRaised::Keys(keys))
    }

    fn latest_raised(&self, name: &str, day: Day, until: Day) -> Result<AlreadyRaised> {
        // A signal that a run acknowledged is closed from the day on which it no longer held, whenever
        // that day was run.
        let sql = format!(
            "SELECT s.id, s.company, s.raised_on, s.renewed_on, s.is_open,
                    CASE WHEN s.is_recovered THEN 'acknowledged' ELSE coalesce({LAST_TURN}, 'reopened') END AS action
             FROM (SELECT s.id, s.company, s.raised_on, s.renewed_on, s.acknowledgement IS NULL AS is_open,
                          a.outcome = 'recovered' AND a.by = 'signals' AND s.holds_since <= ?1 AS is_recovered,
                          row_number() OVER (PARTITION BY s.company ORDER BY s.raised_on DESC, s.id DESC) AS nth
                   FROM signals s LEFT JOIN signal_history a ON a.id = s.acknowledgement
                   WHERE s.rule = ?2 AND s.observation_from IS NULL AND s.raised_on <= ?3
                     AND a.outcome IS NOT 'retracted') s
             WHERE nth = 1"
        );
        let latest = self.read_all(&sql, (day, name, until), |row| {
            let state = row.get::<_, Action>("action")?.leaves().unwrap_or(SignalState::Open);
            let raised_on: Day = row.get("raised_on")?;
            let told_on = row.get::<_, Option<Day>>("renewed_on")?.unwrap_or(raised_on);
            let reminder = if row.get("is_open")? { Some((row.get("id")?, told_on)) } else { None };
            let latest = LatestRaised { raised_on, state, reminder };
            Ok((row.get("company")?, latest))
        })?;
        Ok(AlreadyRaised::Latest(latest))
    }
}
