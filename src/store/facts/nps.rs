//! Survey responses.

use rusqlite::Row;
use rusqlite::types::Value;

use super::{Fact, Identity, Table, values};
use crate::domain::company::CompanyKey;
use crate::domain::facts::{NpsResponse, When};

impl Fact for NpsResponse {
    const TABLE: Table = Table {
        name: "nps_responses",
        identity: Identity::IdIfAny("response_id"),
        columns: &[
            "company",
            "person_id",
            "score",
            "responded_at",
            "responded_on",
            "comment",
            "response_id",
        ],
        select: "f.*",
        details: None,
        order: "responded_at DESC, id DESC",
    };

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(NpsResponse {
            company: CompanyKey(row.get("company")?),
            person_id: row.get("person_id")?,
            score: row.get("score")?,
            responded: When { at: row.get("responded_at")?, on: row.get("responded_on")? },
            comment: row.get("comment")?,
            response_id: row.get("response_id")?,
        })
    }

    fn values(&self) -> rusqlite::Result<Vec<Value>> {
        let NpsResponse { company, person_id, score, responded, comment, response_id } = self;
        values![company.0, person_id, score, responded.at, responded.on, comment, response_id]
    }
}
