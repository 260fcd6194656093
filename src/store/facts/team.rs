//! Members of the team.

use rusqlite::Row;
use rusqlite::types::Value;

use super::super::values::read_fields;
use super::{Fact, FactTable, columns, values};
use crate::domain::fact::FactIdentity;
use crate::domain::facts::TeamMember;

impl Fact for TeamMember {
    fn table() -> FactTable {
        FactTable {
            name: "team",
            identity: FactIdentity::Id("name"),
            columns: columns(&[
                "name", "role", "email", "slack_id", "manager", "realtime", "digest", "left_on",
            ]),
            select: "f.*",
            details: None,
            order: "name".into(),
        }
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        read_fields!(row => TeamMember: name, role, email, slack_id, manager, realtime, digest,
            left_on)
    }

    fn values(&self) -> rusqlite::Result<Vec<Value>> {
        values![
            self.name,
            self.role,
            self.email,
            self.slack_id,
            self.manager,
            self.realtime,
            self.digest,
            self.left_on,
        ]
    }
}
