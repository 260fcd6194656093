//! Whether the rules of open signals still hold.

use std::sync::Arc;

use anyhow::Result;

use super::Store;
use super::rules::Definitions;
use crate::domain::company::CompanyKey;
use crate::domain::day::Day;
use crate::domain::rule::Rule;
use crate::domain::signal::{SignalId, SignalType};

/// An open signal, as far as it takes to tell whether its rule still holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StandingSignal {
    pub id: SignalId,
    pub company: CompanyKey,
    pub signal_type: SignalType,
    /// The rule as it was.
    pub rule: Arc<Rule>,
    /// The number of that definition.
    pub version: i64,
    /// The event of the goal that it is about, if it is about one.
    pub goal_event: Option<String>,
    /// What the run before found.
    pub holds: Option<bool>,
}

impl Store {
    /// The open signals that were raised on or before a day, rule by rule.
    pub(crate) fn standing_signals(&self, until: Day) -> Result<Vec<StandingSignal>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, company, type, rule_version, goal_event, holds FROM signals
             WHERE acknowledgement IS NULL AND raised_on <= ?1 ORDER BY rule_version, id",
        )?;
        let mut definitions = Definitions::default();
        let mut signals = Vec::new();
        let mut rows = statement.query([until])?;
        while let Some(row) = rows.next()? {
            let version = row.get("rule_version")?;
            signals.push(StandingSignal {
                id: row.get("id")?,
                company: CompanyKey(row.get("company")?),
                signal_type: row.get("type")?,
                rule: definitions.of(self, version)?,
                version,
                goal_event: row.get("goal_event")?,
                holds: row.get("holds")?,
            });
        }
        Ok(signals)
    }

    /// Notes on which day it was found that the rule of a signal holds, does not, or cannot be
    /// judged.
    pub(crate) fn note_holds(&self, id: SignalId, holds: Option<bool>, day: Day) -> Result<()> {
        let sql = "UPDATE signals SET holds = ?2, holds_since = ?3 WHERE id = ?1";
        self.connection.prepare_cached(sql)?.execute((id, holds, holds.map(|_| day)))?;
        Ok(())
    }
}
