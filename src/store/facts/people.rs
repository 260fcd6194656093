//! The users of the product.

use rusqlite::Row;
use rusqlite::types::Value;

use super::{Fact, Identity, Table, values};
use crate::domain::company::CompanyKey;
use crate::domain::facts::Person;

impl Fact for Person {
    const TABLE: Table = Table {
        name: "people",
        identity: Identity::Id("person_id"),
        columns: &["person_id", "company", "name", "email", "role", "created_on"],
        select: "f.*",
        details: None,
        order: "person_id",
    };

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Person {
            person_id: row.get("person_id")?,
            company: row.get::<_, Option<u32>>("company")?.map(CompanyKey),
            name: row.get("name")?,
            email: row.get("email")?,
            role: row.get("role")?,
            created_on: row.get("created_on")?,
        })
    }

    fn values(&self) -> rusqlite::Result<Vec<Value>> {
        let Person { person_id, company, name, email, role, created_on } = self;
        values![person_id, company.map(|key| key.0), name, email, role, created_on]
    }
}
