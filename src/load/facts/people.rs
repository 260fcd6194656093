//! People: the users of the product.

use anyhow::Result;

use super::{FactLoad, LoadableFact};
use crate::domain::facts::Person;
use crate::domain::notify::is_address;
use crate::import::{FactRow, Verdict};
use crate::load::cells::{day, required_text, text};
use crate::load::names::is_telling;

impl LoadableFact for Person {
    type Identity = String;

    const IS_ONE_ROW_AN_ID: bool = true;

    fn of_row(
        row: &FactRow<'_>,
        stored: Option<Self>,
        facts: &mut FactLoad<'_>,
    ) -> Result<Result<Self, Verdict>> {
        let company = match facts.known_company(row) {
            Ok(company) => company,
            Err(verdict) => return Ok(Err(verdict)),
        };
        let person_id = required_text(row, "person_id")?;
        let mut person = stored.unwrap_or(Person { person_id, ..Person::default() });
        person.company = Some(company);
        text(row, "name", &mut person.name);
        text(row, "email", &mut person.email);
        if let Some(email) = person.email.as_deref().filter(|email| !is_address(email)) {
            let reason = format!("'{email}' is not an e-mail address");
            return Ok(Err(Verdict::Rejected { column: "email", reason }));
        }
        text(row, "role", &mut person.role);
        day(row, "created_on", &mut person.created_on);
        Ok(Ok(person))
    }

    fn identity(&self) -> String {
        self.person_id.clone()
    }

    fn saved(&self, old: Option<&Self>, facts: &mut FactLoad<'_>) -> Result<()> {
        if is_telling(&self.person_id) {
            facts.texts.extend(self.company.map(|company| (self.person_id.clone(), company)));
        }
        match old {
            Some(old) if old.company != self.company => {
                facts.store.record_move(old, self, facts.terms.today)
            }
            _ => Ok(()),
        }
    }

    /// A person known only from events becomes a record when a file of people names their company.
    fn is_record(&self) -> bool {
        self.company.is_some()
    }
}
