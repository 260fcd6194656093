//! Rules and every definition that they ever had.

use anyhow::Result;
use rusqlite::{OptionalExtension, Row, named_params};

use super::Store;
use super::values::InOrder;
use crate::domain::rule::{Rule, RuleKind, TrendRule, Watch};

/// A rule as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRule {
    /// The rule.
    pub rule: Rule,
    /// The number of its present definition.
    pub version: i64,
    /// Whether it was removed. Its name still stands for its kind.
    pub is_removed: bool,
}

impl Store {
    /// All rules but the removed ones, A to Z.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn rules(&self) -> Result<Vec<StoredRule>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT r.name, r.version, r.is_enabled, r.is_removed, v.event, v.timeframe, v.threshold, v.direction,
                    v.inverse, v.min_events, v.max_chance
             FROM rules r JOIN rule_versions v ON v.id = r.version
             WHERE NOT r.is_removed ORDER BY r.name",
        )?;
        let rules = statement.query_map([], read_rule)?;
        Ok(rules.collect::<Result<_, _>>()?)
    }

    /// The rule of this name, removed or not.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn rule(&self, name: &str) -> Result<Option<StoredRule>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT r.name, r.version, r.is_enabled, r.is_removed, v.event, v.timeframe, v.threshold, v.direction,
                    v.inverse, v.min_events, v.max_chance
             FROM rules r JOIN rule_versions v ON v.id = r.version
             WHERE r.name = ?1",
        )?;
        Ok(statement.query_row([name], read_rule).optional()?)
    }

    /// Adds a rule, or gives the one of that name a new definition.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub fn save_rule(&self, rule: &Rule) -> Result<()> {
        let version = self.add_rule_version(&rule.name, &rule.trend)?;
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO rules (name, version, is_enabled) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET version = excluded.version, is_enabled = excluded.is_enabled, is_removed = 0",
        )?;
        statement.execute((&rule.name, version, rule.enabled))?;
        Ok(())
    }

    fn add_rule_version(&self, name: &str, trend: &TrendRule) -> Result<i64> {
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO rule_versions (name, kind, event, timeframe, threshold, direction, inverse, min_events, max_chance)
             VALUES (:name, :kind, :event, :timeframe, :threshold, :direction, :inverse, :min_events, :max_chance)",
        )?;
        Ok(statement.insert(named_params! {
            ":name": name,
            ":kind": RuleKind::Trend,
            ":event": trend.watch.event(),
            ":timeframe": trend.timeframe,
            ":threshold": trend.threshold,
            ":direction": trend.direction,
            ":inverse": trend.inverse,
            ":min_events": trend.min_events.map(|least| least as i64),
            ":max_chance": trend.max_chance,
        })?)
    }

    /// Switches a rule on or off.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub fn enable_rule(&self, name: &str, is_enabled: bool) -> Result<()> {
        self.connection.execute("UPDATE rules SET is_enabled = ?2 WHERE name = ?1", (name, is_enabled))?;
        Ok(())
    }

    /// Removes a rule; its signals and definitions stay.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub fn remove_rule(&self, name: &str) -> Result<()> {
        self.connection.execute("UPDATE rules SET is_removed = 1 WHERE name = ?1", [name])?;
        Ok(())
    }
}

fn read_rule(row: &Row<'_>) -> rusqlite::Result<StoredRule> {
    let mut columns = InOrder::of(row);
    let (name, version, enabled, is_removed) = (columns.next()?, columns.next()?, columns.next()?, columns.next()?);
    Ok(StoredRule { rule: Rule { name, enabled, trend: read_trend(&mut columns)? }, version, is_removed })
}

/// Reads the definition from `event`, `timeframe`, `threshold`, `direction`, `inverse`, `min_events` and `max_chance` of
/// `rule_versions`, in this order.
pub(super) fn read_trend(columns: &mut InOrder<'_, '_>) -> rusqlite::Result<TrendRule> {
    let event: Option<String> = columns.next()?;
    Ok(TrendRule {
        watch: event.map_or(Watch::People, Watch::Event),
        timeframe: columns.next()?,
        threshold: columns.next()?,
        direction: columns.next()?,
        inverse: columns.next()?,
        min_events: columns.next::<Option<i64>>()?.map(|least| least as u64),
        max_chance: columns.next()?,
    })
}
