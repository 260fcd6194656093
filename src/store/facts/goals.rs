//! Goals: events that companies plan to reach by a day.

use rusqlite::Row;
use rusqlite::types::Value;

use super::{Fact, Identity, Table, values};
use crate::domain::company::CompanyKey;
use crate::domain::facts::Goal;

impl Fact for Goal {
    const TABLE: Table = Table {
        name: "goals",
        identity: Identity::Columns,
        columns: &["company", "event", "due_on", "name"],
        select: "f.*",
        details: None,
        order: "due_on, event, id",
    };

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Goal {
            company: CompanyKey(row.get("company")?),
            event: row.get("event")?,
            due_on: row.get("due_on")?,
            name: row.get("name")?,
        })
    }

    fn values(&self) -> rusqlite::Result<Vec<Value>> {
        let Goal { company, event, due_on, name } = self;
        values![company.0, event, due_on, name]
    }
}
