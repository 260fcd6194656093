//! People: the users of the product.

use anyhow::Result;

use super::{FactLoad, LoadableFact, check_address};
use crate::domain::fact_kinds::Person;
use crate::import::FactRow;
use crate::load::RowResult;
use crate::load::cells::{required, update_fields};
use crate::load::names::is_telling;

impl LoadableFact for Person {
    type Identity = String;

    const IS_ONE_ROW_AN_ID: bool = true;

    fn of_row(
        row: &FactRow<'_>,
        stored: Option<Self>,
        facts: &mut FactLoad<'_>,
    ) -> RowResult<Self> {
        let company = facts.known_company(row)?;
        let person_id = required(row, "person_id")?;
        let mut person = stored.unwrap_or(Person { person_id, ..Person::default() });
        person.company = Some(company);
        update_fields!(row => person: name, email, role, created_on);
        check_address(person.email.as_deref())?;
        Ok(person)
    }

    fn identity(&self) -> String {
        self.person_id.clone()
    }

    fn saved(&self, old: Option<&Self>, facts: &mut FactLoad<'_>) -> Result<()> {
        if is_telling(&self.person_id) {
            facts.texts.extend(self.company.map(|company| (self.person_id.clone(), company)));
        }
        if let Some((from, to)) = old.and_then(|old| old.company).zip(self.company)
            && from != to
        {
            facts.moves.entry(self.person_id.clone()).or_insert((from, to)).1 = to;
        }
        Ok(())
    }

    /// A person known only from events becomes a record when a file of people names their company.
    fn is_record(&self) -> bool {
        self.company.is_some()
    }
}
