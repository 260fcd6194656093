//! Metrics: attributes that users define.

use anyhow::Result;
use rusqlite::Row;

use super::Store;
use crate::domain::metric::{Metric, MetricDefinition};

impl Store {
    /// All metrics, A to Z.
    pub(crate) fn metrics(&self) -> Result<Vec<Metric>> {
        let sql = "SELECT name, event, measure, days, formula FROM metrics ORDER BY name";
        self.read_all(sql, [], read_metric)
    }

    pub(crate) fn metric(&self, name: &str) -> Result<Option<Metric>> {
        let sql = "SELECT name, event, measure, days, formula FROM metrics WHERE name = ?1";
        self.read_first(sql, [name], read_metric)
    }

    /// Adds a metric, or replaces the one with the same name.
    pub(crate) fn save_metric(&self, metric: &Metric) -> Result<()> {
        match &metric.definition {
            MetricDefinition::Counted { event, measure, days } => self.execute(
                "INSERT OR REPLACE INTO metrics (name, event, measure, days) VALUES (?1, ?2, ?3, ?4)",
                (&metric.name, event, measure, days),
            ),
            MetricDefinition::Formula(formula) => self.execute(
                "INSERT OR REPLACE INTO metrics (name, formula) VALUES (?1, ?2)",
                (&metric.name, formula),
            ),
        }
    }

    /// Removes a metric.
    pub(crate) fn remove_metric(&self, name: &str) -> Result<()> {
        self.execute("DELETE FROM metrics WHERE name = ?1", [name])
    }
}

fn read_metric(row: &Row<'_>) -> rusqlite::Result<Metric> {
    let definition = match row.get::<_, Option<String>>("formula")? {
        Some(formula) => MetricDefinition::Formula(formula),
        None => MetricDefinition::Counted {
            event: row.get("event")?,
            measure: row.get("measure")?,
            days: row.get("days")?,
        },
    };
    Ok(Metric { name: row.get("name")?, definition })
}
