//! Attributes of surveys, tickets, invoices, contacts and goals, company by company.

use anyhow::Result;
use rusqlite::{Params, Row};
use rustc_hash::{FxHashMap, FxHashSet};

use super::super::Store;
use super::super::facts::Fact;
use super::{Scope, Sheet};
use crate::domain::attributes::{Attribute, Contact, DatedGoal, Datum, Facts, Of};
use crate::domain::day::Day;
use crate::domain::fact_kinds::{Invoice, NpsResponse, Ticket, Touchpoint};

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
        self.dated(nps, "responded_on", "responded_at, id", |fact: NpsResponse| fact)?;
        self.dated(tickets, "opened_on", "opened_at, ticket_id", |fact: Ticket| fact)?;
        self.dated(invoices, "due_on", "due_on, invoice_id", |fact: Invoice| fact)?;
        self.contacts(contacts)?;
        self.goals(goals)
    }

    fn contacts(&mut self, family: Listed<Contact>) -> Result<()> {
        if family.is_empty() {
            return Ok(());
        }
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
        self.dated(family, "occurred_on", "occurred_at, id", |touchpoint: Touchpoint| {
            let names = executives.get(&touchpoint.company.0);
            Contact::of(&touchpoint, |name| {
                names.is_some_and(|names| names.contains(name)) || of_team.contains(name)
            })
        })
    }

    fn goals(&mut self, family: Listed<DatedGoal>) -> Result<()> {
        let day = self.as_of.day;
        // A goal is known from its due date, or from the day it was reached if that is earlier.
        let first = "SELECT min(min(g.due_on), coalesce(date(min(f.day) * 86400, 'unixepoch'), min(g.due_on)))
                     FROM goals g
                     LEFT JOIN event_names n ON n.name = g.event
                     LEFT JOIN first_uses f ON f.event = n.id AND f.company = g.company";
        let all = "SELECT g.company, g.due_on, f.day AS done FROM goals g
                   LEFT JOIN event_names n ON n.name = g.event
                   LEFT JOIN first_uses f ON f.event = n.id AND f.company = g.company
                   WHERE g.company BETWEEN ?1 AND ?2 ORDER BY g.company, g.due_on, g.id";
        self.fill(family, [first, all], self.scope.keys(), |row| {
            let done_on = row.get::<_, Option<i32>>("done")?.map(Day::from_number);
            let done_on = done_on.filter(|done| *done <= day);
            Ok(DatedGoal { due_on: row.get("due_on")?, done_on })
        })
    }

    /// Adds the columns of a family whose facts are dated by the column `day`, in this order.
    fn dated<F: Fact, T>(
        &mut self,
        family: Listed<T>,
        day: &str,
        order: &str,
        of: impl Fn(F) -> T,
    ) -> Result<()> {
        let table = F::table().name;
        let first = format!("SELECT min({day}) FROM {table}");
        let all = format!(
            "SELECT * FROM {table} WHERE company BETWEEN ?1 AND ?2 AND {day} <= ?3 ORDER BY company, {order}"
        );
        let (from, to) = self.scope.keys();
        self.fill(family, [&first, &all], (from, to, self.as_of.day), |row| F::read(row).map(&of))
    }

    /// Adds the columns of a family. One query gives the first day of a fact of its kind, the other
    /// the facts, ordered by company.
    fn fill<T>(
        &mut self,
        family: Listed<T>,
        [first, all]: [&str; 2],
        parameters: impl Params,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<()> {
        if family.is_empty() {
            return Ok(());
        }
        let day = self.as_of.day;
        let first: Option<Day> = self.store.read_one(first, [], |row| row.get(0))?;
        let has_begun = first.is_some_and(|first| first <= day);
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
        self.store.for_each_row(all, parameters, |row| {
            let of_row: u32 = row.get("company")?;
            if company != Some(of_row) {
                close(company, &mut facts);
                company = Some(of_row);
            }
            facts.push(read(row)?);
            Ok(())
        })?;
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
        let sql = "SELECT company, person_id, name, email FROM people WHERE company BETWEEN ?1 AND ?2 AND role LIKE '%executive%'";
        let mut all: FxHashMap<u32, FxHashSet<String>> = FxHashMap::default();
        self.for_each_row(sql, scope.keys(), |row| {
            let texts: [Option<String>; 3] =
                [row.get("person_id")?, row.get("name")?, row.get("email")?];
            all.entry(row.get("company")?)
                .or_default()
                .extend(texts.into_iter().flatten().map(|text| text.to_lowercase()));
            Ok(())
        })?;
        Ok(all)
    }
}
