//! Merging the facts of two companies.

use anyhow::Result;

use super::{FactTable, tables_of_companies};
use crate::domain::company::CompanyKey;
use crate::domain::fact::FactIdentity;
use crate::store::Store;

impl Store {
    /// Deletes the facts without an id of `from` that `into` has too, as many as `into` has of
    /// each. The rest can be moved.
    pub(in crate::store) fn remove_shared_facts(
        &self,
        from: CompanyKey,
        into: CompanyKey,
    ) -> Result<()> {
        for table in &tables_of_companies() {
            if !matches!(table.identity, FactIdentity::Id(_)) {
                self.execute(&removal(table), (from, into))?;
            }
        }
        Ok(())
    }
}

/// The statement that deletes the rows of company `?1` that company `?2` has too. Ids are among the
/// compared columns, so a row with an id equals no other.
fn removal(FactTable { name, columns, details, .. }: &FactTable) -> String {
    let columns = columns.iter().filter(|column| *column != "company");
    let mut compared: Vec<String> = columns.map(|column| format!("{{row}}.{column}")).collect();
    compared.extend(details.map(str::to_owned));
    let of = |row: &str| -> Vec<String> {
        compared.iter().map(|column| column.replace("{row}", row)).collect()
    };
    let equal: Vec<String> =
        of("i").iter().zip(of("f")).map(|(i, f)| format!("{i} IS {f}")).collect();
    format!(
        "DELETE FROM {name} WHERE id IN (
             SELECT id FROM (
                 SELECT id, row_number() OVER (PARTITION BY {} ORDER BY id) AS nth,
                        (SELECT count(*) FROM {name} AS i WHERE i.company = ?2 AND {}) AS known
                 FROM {name} AS f WHERE company = ?1)
             WHERE nth <= known)",
        of("f").join(", "),
        equal.join(" AND ")
    )
}
