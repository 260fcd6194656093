//! Whether the rules of open signals still hold.

use std::sync::Arc;

use anyhow::Result;

use super::Store;
use super::rules::Definitions;
use super::values::read_fields;
use crate::domain::company::CompanyKey;
use crate::domain::day::Day;
use crate::domain::rule::Rule;
use crate::domain::signal::{SignalId, SignalType};

/// An open signal, with what is needed to judge whether its rule still holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StandingSignal {
    pub id: SignalId,
    pub company: CompanyKey,
    pub signal_type: SignalType,
    /// The rule as it was when the signal was raised.
    pub rule: Arc<Rule>,
    /// The version of that definition.
    pub version: i64,
    /// The event of the goal it is about, if any.
    pub goal_event: Option<String>,
    /// The result of the previous run.
    pub holds: Option<bool>,
}

impl Store {
    /// The open signals raised on or before a day, ordered by rule.
    pub(crate) fn standing_signals(&self, until: Day) -> Result<Vec<StandingSignal>> {
        let sql = "SELECT id, company, type AS signal_type, rule_version AS version, goal_event, holds FROM signals
                   WHERE acknowledgement IS NULL AND raised_on <= ?1 ORDER BY rule_version, id";
        let (mut signals, mut definitions) = (Vec::new(), Definitions::default());
        self.for_each_row(sql, [until], |row| {
            let rule = definitions.of(self, row.get("version")?)?;
            let signal: rusqlite::Result<StandingSignal> = read_fields!(row => StandingSignal: id,
                company, signal_type, version, goal_event, holds; rule = rule);
            signals.push(signal?);
            Ok(())
        })?;
        Ok(signals)
    }

    /// Records the day on which the rule of a signal was found to hold, not to hold, or (`None`)
    /// could not be judged.
    pub(crate) fn record_holds(&self, id: SignalId, holds: Option<bool>, day: Day) -> Result<()> {
        let sql = "UPDATE signals SET holds = ?2, holds_since = ?3 WHERE id = ?1";
        self.execute(sql, (id, holds, holds.map(|_| day)))
    }
}
