//! Attributes of surveys, tickets, invoices, contacts and goals, company by company.

use anyhow::Result;
use rusqlite::{Row, Rows};
use rustc_hash::{FxHashMap, FxHashSet};

use super::super::Store;
use super::super::facts::Fact;
use super::{Scope, Sheet};
use crate::domain::attributes::{Attribute, Contact, DatedGoal, Datum, Facts, Of};
use crate::domain::day::Day;
use crate::domain::facts::{Invoice, NpsResponse, Ticket, Touchpoint};

/// Attributes of a family of imported facts.
type Listed<T> = Vec<(&'static str, fn(&Facts<'_, T>) -> Datum)>;

impl Sheet<'_> {
    /// Adds the attributes of imported facts other than events.
    pub(super) fn listed(&mut self, attributes: &[&'static Attribute]) -> Result<()> {
        let (mut nps, mut tickets, mut invoices) = (Listed::new(), Listed::new(), Listed::new());
        let (mut contacts, mut goals) = (Listed::new(), Listed::new());
        for attribute in attributes {
            match attribute.of {
                Of::Nps(value) => nps.push((attribute.name, value)),
                Of::Tickets(value) => tickets.push((attribute.name, value)),
                Of::Invoices(value) => invoices.push((attribute.name, value)),
                Of::Contacts(value) => contacts.push((attribute.name, value)),
                Of::Goals(value) => goals.push((attribute.name, value)),
                _ => {}
            }
        }
        self.nps(nps)?;
        self.tickets(tickets)?;
        self.invoices(invoices)?;
        self.contacts(contacts)?;
        self.goals(goals)
    }

    fn nps(&mut self, family: Listed<NpsResponse>) -> Result<()> {
        if family.is_empty() {
            return Ok(());
        }
        let begun = self.begun("SELECT min(responded_on) FROM nps_responses")?;
        let mut statement = self.store.connection.prepare_cached(
            "SELECT * FROM nps_responses r WHERE r.company BETWEEN ?1 AND ?2 AND r.responded_on <= ?3 ORDER BY r.company, r.responded_at, r.id",
        )?;
        let (from, to) = self.scope.keys();
        let rows = statement.query((from, to, self.as_of.day))?;
        self.fill(family, begun, rows, NpsResponse::read)
    }

    fn tickets(&mut self, family: Listed<Ticket>) -> Result<()> {
        if family.is_empty() {
            return Ok(());
        }
        let begun = self.begun("SELECT min(opened_on) FROM tickets")?;
        let mut statement = self.store.connection.prepare_cached(
            "SELECT * FROM tickets WHERE company BETWEEN ?1 AND ?2 AND opened_on <= ?3 ORDER BY company, opened_at, ticket_id",
        )?;
        let (from, to) = self.scope.keys();
        let rows = statement.query((from, to, self.as_of.day))?;
        self.fill(family, begun, rows, Ticket::read)
    }

    fn invoices(&mut self, family: Listed<Invoice>) -> Result<()> {
        if family.is_empty() {
            return Ok(());
        }
        let begun = self.begun("SELECT min(due_on) FROM invoices")?;
        let mut statement = self.store.connection.prepare_cached(
            "SELECT * FROM invoices WHERE company BETWEEN ?1 AND ?2 AND due_on <= ?3 ORDER BY company, due_on, invoice_id",
        )?;
        let (from, to) = self.scope.keys();
        let rows = statement.query((from, to, self.as_of.day))?;
        self.fill(family, begun, rows, Invoice::read)
    }

    fn contacts(&mut self, family: Listed<Contact>) -> Result<()> {
        if family.is_empty() {
            return Ok(());
        }
        let begun = self.begun("SELECT min(occurred_on) FROM touchpoints")?;
        let executives = self.store.executives(self.scope)?;
        let of_team: FxHashSet<String> = self
            .store
            .team()?
            .into_iter()
            .filter(|member| member.role == "executive")
            .flat_map(|member| [Some(member.name), member.email])
            .flatten()
            .map(|name| name.to_lowercase())
            .collect();
        let mut statement = self.store.connection.prepare_cached(
            "SELECT * FROM touchpoints WHERE company BETWEEN ?1 AND ?2 AND occurred_on <= ?3 ORDER BY company, occurred_at, id",
        )?;
        let (from, to) = self.scope.keys();
        let rows = statement.query((from, to, self.as_of.day))?;
        self.fill(family, begun, rows, |row| {
            let touchpoint = Touchpoint::read(row)?;
            let names = executives.get(&touchpoint.company.0);
            Ok(Contact::of(&touchpoint, |name| {
                names.is_some_and(|names| names.contains(name)) || of_team.contains(name)
            }))
        })
    }

    fn goals(&mut self, family: Listed<DatedGoal>) -> Result<()> {
        if family.is_empty() {
            return Ok(());
        }
        let day = self.as_of.day;
        // A goal is known from its due date, or from the day it was reached if that is earlier.
        let begun = self.begun(
            "SELECT min(min(g.due_on), coalesce(date(min(f.day) * 86400, 'unixepoch'), min(g.due_on)))
             FROM goals g
             LEFT JOIN event_names n ON n.name = g.event
             LEFT JOIN first_uses f ON f.event = n.id AND f.company = g.company",
        )?;
        let mut statement = self.store.connection.prepare_cached(
            "SELECT g.company, g.due_on, f.day AS done FROM goals g
             LEFT JOIN event_names n ON n.name = g.event
             LEFT JOIN first_uses f ON f.event = n.id AND f.company = g.company
             WHERE g.company BETWEEN ?1 AND ?2 ORDER BY g.company, g.due_on, g.id",
        )?;
        let rows = statement.query(self.scope.keys())?;
        self.fill(family, begun, rows, |row| {
            let done_on = row
                .get::<_, Option<i32>>("done")?
                .map(Day::from_number)
                .filter(|done| *done <= day);
            Ok(DatedGoal { due_on: row.get("due_on")?, done_on })
        })
    }

    /// Whether the first fact of a kind is on or before the as-of date; `sql` selects its day.
    fn begun(&self, sql: &str) -> Result<bool> {
        let first: Option<Day> = self.store.read_one(sql, [], |row| row.get(0))?;
        Ok(first.is_some_and(|first| first <= self.as_of.day))
    }

    /// Adds the columns of a family whose facts are ordered by company.
    fn fill<T>(
        &mut self,
        family: Listed<T>,
        has_begun: bool,
        mut rows: Rows<'_>,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<()> {
        let day = self.as_of.day;
        let words = &self.store.words()?;
        let of_none = Facts { rows: &[], has_begun, day, words };
        let mut columns: Vec<Vec<Datum>> =
            family.iter().map(|(_, value)| self.companies.each(value(&of_none))).collect();
        let mut close = |company: Option<u32>, facts: &mut Vec<T>| {
            if let Some(row) = company.and_then(|company| self.companies.row(company)) {
                let facts = Facts { rows: facts.as_slice(), has_begun, day, words };
                family
                    .iter()
                    .zip(&mut columns)
                    .for_each(|((_, value), column)| column[row] = value(&facts));
            }
            facts.clear();
        };
        let (mut company, mut facts) = (None, Vec::new());
        while let Some(row) = rows.next()? {
            let of_row: u32 = row.get("company")?;
            if company != Some(of_row) {
                close(company, &mut facts);
                company = Some(of_row);
            }
            facts.push(read(row)?);
        }
        close(company, &mut facts);
        self.columns.extend(
            family.iter().zip(columns).map(|((name, _), values)| ((*name).to_owned(), values)),
        );
        Ok(())
    }
}

impl Store {
    /// The names and e-mail addresses, in lower case, of people whose role contains `executive`, by
    /// company.
    fn executives(&self, scope: Scope) -> Result<FxHashMap<u32, FxHashSet<String>>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT company, person_id, name, email FROM people WHERE company BETWEEN ?1 AND ?2 AND role LIKE '%executive%'",
        )?;
        let mut all: FxHashMap<u32, FxHashSet<String>> = FxHashMap::default();
        let mut rows = statement.query(scope.keys())?;
        while let Some(row) = rows.next()? {
            let texts: [Option<String>; 3] =
                [row.get("person_id")?, row.get("name")?, row.get("email")?];
            all.entry(row.get("company")?)
                .or_default()
                .extend(texts.into_iter().flatten().map(|text| text.to_lowercase()));
        }
        Ok(all)
    }
}
