//! Rules, and every definition they ever had.

use std::sync::Arc;

use anyhow::{Context, Result};
use rusqlite::Row;
use rustc_hash::FxHashMap;

use super::Store;
use crate::domain::rule::Rule;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredRule {
    pub rule: Rule,
    /// The version of its present definition.
    pub version: i64,
    /// Whether it was removed. Its name stays bound to its kind.
    pub is_removed: bool,
}

/// The definitions that signals were raised with, each read once.
#[derive(Debug, Default)]
pub(super) struct Definitions(FxHashMap<i64, Arc<Rule>>);

impl Definitions {
    /// The rule as it was in that version.
    pub(super) fn of(&mut self, store: &Store, version: i64) -> Result<Arc<Rule>> {
        if let Some(known) = self.0.get(&version) {
            return Ok(Arc::clone(known));
        }
        let rule = Arc::new(store.rule_version(version)?);
        self.0.insert(version, Arc::clone(&rule));
        Ok(rule)
    }
}

impl Store {
    /// All rules except removed ones, A to Z.
    pub(crate) fn rules(&self) -> Result<Vec<StoredRule>> {
        let sql = "SELECT r.name, r.version, r.is_enabled, r.is_removed, v.definition
                   FROM rules r JOIN rule_versions v ON v.id = r.version WHERE NOT r.is_removed ORDER BY r.name";
        let rules: Vec<_> = self.read_all(sql, [], |row| Ok(read_rule(row)))?;
        rules.into_iter().collect()
    }

    /// The names of all rules, including removed ones, A to Z.
    pub(crate) fn rule_names(&self) -> Result<Vec<String>> {
        self.read_all("SELECT name FROM rules ORDER BY name", [], |row| row.get("name"))
    }

    /// The rule with this name, even if removed.
    pub(crate) fn rule(&self, name: &str) -> Result<Option<StoredRule>> {
        let sql = "SELECT r.name, r.version, r.is_enabled, r.is_removed, v.definition
                   FROM rules r JOIN rule_versions v ON v.id = r.version WHERE r.name = ?1";
        self.read_first(sql, [name], |row| Ok(read_rule(row)))?.transpose()
    }

    fn rule_version(&self, version: i64) -> Result<Rule> {
        let sql = "SELECT name, definition FROM rule_versions WHERE id = ?1";
        let found: Option<(String, String)> =
            self.read_first(sql, [version], |row| row.try_into())?;
        let (name, text) =
            found.with_context(|| format!("the database has no definition {version} of a rule"))?;
        Ok(Rule { enabled: true, ..read_definition(name, &text)? })
    }

    /// Adds a rule, or gives an existing one a new definition.
    pub(crate) fn save_rule(&self, rule: &Rule) -> Result<()> {
        let version = self.add_rule_version(rule)?;
        let sql = "INSERT INTO rules (name, version, is_enabled) VALUES (?1, ?2, ?3)
                   ON CONFLICT (name) DO UPDATE SET version = excluded.version, is_enabled = excluded.is_enabled, is_removed = 0";
        self.execute(sql, (&rule.name, version, rule.enabled))
    }

    fn add_rule_version(&self, rule: &Rule) -> Result<i64> {
        let sql = "INSERT INTO rule_versions (name, definition) VALUES (?1, ?2)";
        self.insert(sql, (&rule.name, serde_json::to_string(rule)?))
    }

    pub(crate) fn enable_rule(&self, name: &str, is_enabled: bool) -> Result<()> {
        self.execute("UPDATE rules SET is_enabled = ?2 WHERE name = ?1", (name, is_enabled))
    }

    /// Removes a rule; its signals and definitions stay.
    pub(crate) fn remove_rule(&self, name: &str) -> Result<()> {
        self.execute("UPDATE rules SET is_removed = 1 WHERE name = ?1", [name])
    }
}

fn read_rule(row: &Row<'_>) -> Result<StoredRule> {
    let text: String = row.get("definition")?;
    let rule =
        Rule { enabled: row.get("is_enabled")?, ..read_definition(row.get("name")?, &text)? };
    Ok(StoredRule { rule, version: row.get("version")?, is_removed: row.get("is_removed")? })
}

fn read_definition(name: String, text: &str) -> Result<Rule> {
    let rule: Rule = serde_json::from_str(text)
        .with_context(|| format!("the database has no readable definition of the rule '{name}'"))?;
    Ok(Rule { name, ..rule })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rule::{
        AdoptionRule, Against, Aim, ConditionRule, Direction, RuleLogic, RuleMeasure, TrendRule,
        Watch,
    };
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
            RuleLogic::Trend(TrendRule {
                // A number that needs all seventeen digits.
                max_chance: Some(0.1 + 0.2),
                ..TrendRule::new(Watch::people())
            }),
            RuleLogic::Trend(TrendRule {
                measure: RuleMeasure::Days,
                timeframe: 28,
                threshold: 50,
                direction: Direction::Down,
                inverse: true,
                min_events: Some(7),
                baseline: 6,
                against: Against::Segment,
                for_days: 28,
                repeat: Some(30),
                ..TrendRule::of_event("login")
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
                auto_ack: true,
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

    #[test]
    fn an_option_that_is_not_known_is_an_error_and_one_that_is_missing_is_usual() {
        let read = |text: &str| read_definition("r".to_owned(), text);
        let rule =
            read(r#"{"logic": {"kind": "trend", "event": "login", "threshold": 20}}"#).unwrap();
        let trend = TrendRule { threshold: 20, ..TrendRule::of_event("login") };
        assert_eq!(rule, Rule { enabled: false, ..Rule::new("r", RuleLogic::Trend(trend)) });
        for text in [
            r#"{"logic": {"kind": "trend", "treshold": 20}}"#,
            r#"{"logic": {"kind": "condition", "when": "mrr > 1", "type": "bad", "cooldown": 1, "for": 1, "x": 1}}"#,
            r#"{"logic": {"kind": "trend"}, "x": 1}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
