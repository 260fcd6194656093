//! What a rule saw when it raised a signal: written when the signal is raised or revised, and read
//! with it.

use anyhow::Result;
use rusqlite::{Row, Statement, ToSql, named_params};

use super::super::Store;
use super::super::values::{ColumnReader, bind_fields};
use super::NewSignal;
use crate::domain::day::DayRange;
use crate::domain::evidence::{Adoption, ConditionEvidence, Evidence};
use crate::domain::finding::Finding;
use crate::domain::rule::{Aim, RuleLogic};
use crate::domain::signal::{Comparison, SignalId, tenths_to_percent};
use crate::domain::trend::{Reference, Spread, TrendEvidence};

impl Store {
    pub(crate) fn raise(&self, signal: &NewSignal<'_>) -> Result<SignalId> {
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO signals (company, rule, rule_version, run, type, raised_on, observation_from, observation_to,
                                  observation_count, decision_from, decision_to, decision_count, change_pct, chance, detail, expected, spread, spread_basis, others, others_now, others_before,
                                  goal_event, goal_name, started_on, due_on, done_on, key_value, values_read)
             VALUES (:company, :rule, :rule_version, :run, :type, :raised_on, :observation_from, :observation_to,
                     :observation_count, :decision_from, :decision_to, :decision_count, :change_pct, :chance, :detail,
                     :expected, :spread, :spread_basis, :others, :others_now, :others_before,
                     :goal_event, :goal_name, :started_on, :due_on, :done_on, :key_value, :values_read)",
        )?;
        bind(
            &mut statement,
            bind_fields!(signal: company, rule, rule_version, run, raised_on, detail;
                type = signal.finding.signal_type),
        )?;
        bind_evidence(&mut statement, &signal.finding.evidence)?;
        statement.raw_execute()?;
        Ok(SignalId(self.connection.last_insert_rowid()))
    }

    /// Changes what an open signal says to what its rule sees now.
    pub(crate) fn revise_signal(
        &self,
        id: SignalId,
        finding: &Finding,
        detail: &str,
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "UPDATE signals SET observation_from = :observation_from, observation_count = :observation_count,
                                decision_count = :decision_count, change_pct = :change_pct, chance = :chance,
                                expected = :expected, spread = :spread, spread_basis = :spread_basis,
                                others = :others, others_now = :others_now, others_before = :others_before,
                                done_on = :done_on,
                                values_read = :values_read, detail = :detail
             WHERE id = :id",
        )?;
        bind(&mut statement, named_params! {":id": id, ":detail": detail})?;
        bind_evidence(&mut statement, &finding.evidence)?;
        statement.raw_execute()?;
        Ok(())
    }
}

/// Binds what a rule saw to those parameters of it that the statement has.
fn bind_evidence(statement: &mut Statement<'_>, evidence: &Evidence) -> Result<()> {
    let (comparison, adoption, reading) =
        (evidence.comparison(), evidence.adoption(), evidence.condition());
    let trend = evidence.trend();
    let reference = trend.and_then(|trend| trend.reference);
    let sums = reference.and_then(|reference| reference.sums);
    let values_read = reading.map(|reading| serde_json::to_string(&reading.values)).transpose()?;
    bind(
        statement,
        named_params! {
            ":observation_from": comparison.map(|comparison| comparison.observation.from),
            ":observation_to": comparison.map(|comparison| comparison.observation.to),
            ":observation_count": comparison.map(|comparison| comparison.previous),
            ":decision_from": comparison.map(|comparison| comparison.decision.from),
            ":decision_to": comparison.map(|comparison| comparison.decision.to),
            ":decision_count": comparison.map(|comparison| comparison.current),
            ":change_pct": trend.and_then(TrendEvidence::change_tenths).map(tenths_to_percent),
            ":chance": evidence.chance(),
            ":expected": evidence.expected(),
            ":spread": evidence.spread(),
            ":spread_basis": trend.and_then(|trend| trend.spread).map(|spread| spread.basis),
            ":others": reference.and_then(|reference| reference.others),
            ":others_now": sums.map(|(now, _)| now),
            ":others_before": sums.map(|(_, before)| before),
            ":goal_event": adoption.filter(|adoption| adoption.is_goal).map(|adoption| &adoption.event),
            ":goal_name": adoption.and_then(|adoption| adoption.goal.as_ref()),
            ":started_on": adoption.and_then(|adoption| adoption.started_on),
            ":due_on": adoption.and_then(|adoption| adoption.due_on),
            ":done_on": adoption.and_then(|adoption| adoption.done_on),
            ":key_value": reading.and_then(|reading| reading.key.as_ref()),
            ":values_read": values_read,
        },
    )
}

fn bind(statement: &mut Statement<'_>, values: &[(&str, &dyn ToSql)]) -> Result<()> {
    for (name, value) in values {
        if let Some(place) = statement.parameter_index(name)? {
            statement.raw_bind_parameter(place, value)?;
        }
    }
    Ok(())
}

/// Where the columns of each kind of rule begin in a row of signals.
#[derive(Debug, Clone, Copy)]
pub(super) struct EvidenceColumns {
    trend: usize,
    adoption: usize,
    condition: usize,
}

impl EvidenceColumns {
    /// Finds them by the name of the first column of each kind.
    pub(super) fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let columns = row.as_ref();
        Ok(EvidenceColumns {
            trend: columns.column_index("observation_from")?,
            adoption: columns.column_index("goal_event")?,
            condition: columns.column_index("key_value")?,
        })
    }
}

/// Reads the columns that are specific to a kind of rule.
pub(super) fn read_evidence(
    definition: &RuleLogic,
    row: &Row<'_>,
    begins: EvidenceColumns,
) -> rusqlite::Result<Evidence> {
    Ok(match definition {
        RuleLogic::Trend(_) => {
            let mut columns = ColumnReader::at(row, begins.trend);
            Evidence::Trend(read_trend(&mut columns)?)
        }
        RuleLogic::Adoption(rule) => {
            let mut columns = ColumnReader::at(row, begins.adoption);
            Evidence::Adoption(read_adoption(&rule.aim, &mut columns)?)
        }
        RuleLogic::Condition(_) => {
            let mut columns = ColumnReader::at(row, begins.condition);
            let (key, values): (_, Option<String>) = (columns.next()?, columns.next()?);
            let values =
                values.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
            Evidence::Condition(ConditionEvidence { key, values })
        }
    })
}

fn read_trend(columns: &mut ColumnReader<'_, '_>) -> rusqlite::Result<TrendEvidence> {
    let comparison = read_comparison(columns)?;
    let (chance, change_pct): (_, Option<f64>) = (columns.next()?, columns.next()?);
    let (factor, basis): (Option<f64>, _) = (columns.next()?, columns.next()?);
    let spread = factor.zip(basis).map(|(factor, basis)| Spread { factor, basis });
    let expected: Option<f64> = columns.next()?;
    let [others, now, before]: [Option<u64>; 3] =
        [columns.next()?, columns.next()?, columns.next()?];
    let reference = expected.map(|expected| Reference {
        others,
        sums: now.zip(before),
        expected,
        change_tenths: (change_pct.unwrap_or_default() * 10.0).round() as i64,
    });
    Ok(TrendEvidence { comparison, chance, spread, reference })
}

fn read_comparison(columns: &mut ColumnReader<'_, '_>) -> rusqlite::Result<Comparison> {
    Ok(Comparison {
        observation: DayRange { from: columns.next()?, to: columns.next()? },
        previous: columns.next()?,
        decision: DayRange { from: columns.next()?, to: columns.next()? },
        current: columns.next()?,
    })
}

fn read_adoption(aim: &Aim, columns: &mut ColumnReader<'_, '_>) -> rusqlite::Result<Adoption> {
    let goal_event: Option<String> = columns.next()?;
    let is_goal = goal_event.is_some();
    let event = goal_event.or_else(|| aim.event().map(str::to_owned)).unwrap_or_default();
    Ok(Adoption {
        event,
        is_goal,
        goal: columns.next()?,
        started_on: columns.next()?,
        due_on: columns.next()?,
        done_on: columns.next()?,
    })
}
