//! Rules and every definition that they ever had.

use anyhow::Result;
use rusqlite::{OptionalExtension, Row, named_params};

use super::Store;
use super::values::InOrder;
use crate::domain::rule::{
    AdoptionRule, Aim, ConditionRule, Rule, RuleKind, RuleLogic, TrendRule, Watch,
};

/// The columns of `rule_versions` that [`read_logic`] reads, in its order, and then what a rule
/// says of companies.
macro_rules! logic_columns {
    () => {
        "v.kind, v.event, v.timeframe, v.threshold, v.direction, v.inverse, v.min_events, v.max_chance, v.goals, v.within,
         v.retroactive, v.when_expr, v.type, v.cooldown, v.key, v.for_days, v.where_expr"
    };
}
pub(super) use logic_columns;

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
    pub fn rules(&self) -> Result<Vec<StoredRule>> {
        let mut statement = self.connection.prepare_cached(concat!(
            "SELECT r.name, r.version, r.is_enabled, r.is_removed, v.playbook, v.managers, v.executives, ",
            logic_columns!(),
            " FROM rules r JOIN rule_versions v ON v.id = r.version WHERE NOT r.is_removed ORDER BY r.name"
        ))?;
        let rules = statement.query_map([], read_rule)?;
        Ok(rules.collect::<Result<_, _>>()?)
    }

    /// The rule of this name, removed or not.
    pub fn rule(&self, name: &str) -> Result<Option<StoredRule>> {
        let mut statement = self.connection.prepare_cached(concat!(
            "SELECT r.name, r.version, r.is_enabled, r.is_removed, v.playbook, v.managers, v.executives, ",
            logic_columns!(),
            " FROM rules r JOIN rule_versions v ON v.id = r.version WHERE r.name = ?1"
        ))?;
        Ok(statement.query_row([name], read_rule).optional()?)
    }

    /// Adds a rule, or gives the one of that name a new definition.
    pub fn save_rule(&self, rule: &Rule) -> Result<()> {
        let version = self.add_rule_version(rule)?;
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO rules (name, version, is_enabled) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET version = excluded.version, is_enabled = excluded.is_enabled, is_removed = 0",
        )?;
        statement.execute((&rule.name, version, rule.enabled))?;
        Ok(())
    }

    fn add_rule_version(&self, rule: &Rule) -> Result<i64> {
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO rule_versions (name, kind, event, timeframe, threshold, direction, inverse, min_events, max_chance,
                                        goals, within, retroactive, when_expr, type, cooldown, key, for_days, where_expr,
                                        playbook, managers, executives)
             VALUES (:name, :kind, :event, :timeframe, :threshold, :direction, :inverse, :min_events, :max_chance,
                     :goals, :within, :retroactive, :when_expr, :type, :cooldown, :key, :for_days, :where_expr,
                     :playbook, :managers, :executives)",
        )?;
        let (trend, adoption, condition) =
            (rule.logic.trend(), rule.logic.adoption(), rule.logic.condition());
        Ok(statement.insert(named_params! {
            ":name": rule.name,
            ":kind": rule.logic.kind(),
            ":event": rule.logic.event(),
            ":timeframe": trend.map(|trend| trend.timeframe),
            ":threshold": trend.map(|trend| trend.threshold),
            ":direction": trend.map(|trend| trend.direction),
            ":inverse": trend.is_some_and(|trend| trend.inverse),
            ":min_events": trend.and_then(|trend| trend.min_events).map(|least| least as i64),
            ":max_chance": trend.and_then(|trend| trend.max_chance),
            ":goals": adoption.is_some_and(|adoption| matches!(adoption.aim, Aim::Goals { .. })),
            ":within": adoption.and_then(|adoption| match adoption.aim {
                Aim::Event { within, .. } => within,
                Aim::Goals { .. } => None,
            }),
            ":retroactive": adoption.is_some_and(|adoption| adoption.retroactive),
            ":when_expr": condition.map(|condition| &condition.when),
            ":type": condition.map(|condition| condition.signal_type),
            ":cooldown": condition.map(|condition| condition.cooldown),
            ":key": condition.and_then(|condition| condition.key.as_ref()),
            ":for_days": condition.map(|condition| condition.for_days),
            ":where_expr": rule.where_expr,
            ":playbook": rule.playbook,
            ":managers": rule.managers,
            ":executives": rule.executives,
        })?)
    }

    /// Switches a rule on or off.
    pub fn enable_rule(&self, name: &str, is_enabled: bool) -> Result<()> {
        self.connection
            .execute("UPDATE rules SET is_enabled = ?2 WHERE name = ?1", (name, is_enabled))?;
        Ok(())
    }

    /// Removes a rule; its signals and definitions stay.
    pub fn remove_rule(&self, name: &str) -> Result<()> {
        self.connection.execute("UPDATE rules SET is_removed = 1 WHERE name = ?1", [name])?;
        Ok(())
    }
}

fn read_rule(row: &Row<'_>) -> rusqlite::Result<StoredRule> {
    let mut columns = InOrder::of(row);
    let (name, version, enabled, is_removed) =
        (columns.next()?, columns.next()?, columns.next()?, columns.next()?);
    let (playbook, managers, executives) = (columns.next()?, columns.next()?, columns.next()?);
    let logic = read_logic(&mut columns)?;
    let where_expr = columns.next()?;
    let rule = Rule { name, enabled, logic, where_expr, playbook, managers, executives };
    Ok(StoredRule { rule, version, is_removed })
}

/// Reads the definition from the columns of [`logic_columns`], of which each kind has its own, and
/// stops before `where_expr`.
pub(super) fn read_logic(columns: &mut InOrder<'_, '_>) -> rusqlite::Result<RuleLogic> {
    let (kind, event): (RuleKind, Option<String>) = (columns.next()?, columns.next()?);
    Ok(match kind {
        RuleKind::Trend => {
            let trend = read_trend(event, columns)?;
            columns.skip(8);
            RuleLogic::Trend(trend)
        }
        RuleKind::Adoption => {
            columns.skip(6);
            let adoption = read_adoption(event, columns)?;
            columns.skip(5);
            RuleLogic::Adoption(adoption)
        }
        RuleKind::Condition => {
            columns.skip(9);
            RuleLogic::Condition(read_condition(columns)?)
        }
    })
}

fn read_trend(event: Option<String>, columns: &mut InOrder<'_, '_>) -> rusqlite::Result<TrendRule> {
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

fn read_adoption(
    event: Option<String>,
    columns: &mut InOrder<'_, '_>,
) -> rusqlite::Result<AdoptionRule> {
    let (is_of_goals, within): (bool, _) = (columns.next()?, columns.next()?);
    let aim = match event {
        Some(event) if !is_of_goals => Aim::Event { event, within },
        event => Aim::Goals { event },
    };
    Ok(AdoptionRule { aim, retroactive: columns.next()? })
}

fn read_condition(columns: &mut InOrder<'_, '_>) -> rusqlite::Result<ConditionRule> {
    Ok(ConditionRule {
        when: columns.next()?,
        signal_type: columns.next()?,
        cooldown: columns.next()?,
        key: columns.next()?,
        for_days: columns.next()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::signal::SignalType;
    use crate::store::Permissions;

    #[test]
    fn every_kind_of_rule_is_read_as_it_was_saved() {
        let folder = tempfile::tempdir().unwrap();
        let store =
            Store::create_or_open(&folder.path().join("test.db"), Permissions::Owner).unwrap();
        let adoption = |aim| RuleLogic::Adoption(AdoptionRule { aim, retroactive: true });
        let condition = ConditionRule {
            cooldown: 5,
            key: Some("renewal_on".into()),
            for_days: 3,
            ..ConditionRule::new("seats > 5", SignalType::Info)
        };
        let logics = [
            RuleLogic::Trend(TrendRule { max_chance: Some(0.01), ..TrendRule::new(Watch::People) }),
            RuleLogic::Trend(TrendRule {
                min_events: Some(7),
                ..TrendRule::new(Watch::Event("login".into()))
            }),
            adoption(Aim::Event { event: "export".into(), within: Some(14) }),
            adoption(Aim::Event { event: "export".into(), within: None }),
            adoption(Aim::Goals { event: None }),
            adoption(Aim::Goals { event: Some("export".into()) }),
            RuleLogic::Condition(condition),
            RuleLogic::Condition(ConditionRule::new("seats > 5", SignalType::Bad)),
        ];
        for logic in logics {
            let plain = Rule::new("r", logic);
            let full = Rule {
                where_expr: Some("plan = 'pro'".into()),
                playbook: Some("win-back".into()),
                managers: true,
                executives: true,
                enabled: false,
                ..plain.clone()
            };
            for rule in [plain, full] {
                store.save_rule(&rule).unwrap();
                assert_eq!(store.rule("r").unwrap().unwrap().rule, rule);
                assert_eq!(store.rules().unwrap()[0].rule, rule);
            }
        }
    }
}
