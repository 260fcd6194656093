//! The names in files of companies, events and people, and their keys in the database.
//!
//! All names are held in memory while events are imported: looking each up in the database would
//! take longer than everything else. Most names are short enough to be stored inline in the table,
//! which avoids following a pointer, the most expensive part of a look-up. Memory grows with the
//! number of companies and people, not with the number of rows.

use anyhow::Result;
use compact_str::CompactString;
use rustc_hash::FxHashMap;

use super::people::{People, SharedPeople};
use crate::domain::company::{CompanyKey, folded_name};
use crate::domain::day::Day;
use crate::error::refused;
use crate::import::Verdict;
use crate::store::{CompanyName, EVENT_NAMES, NewNames, Store};

/// A name that several companies have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SharedName;

/// Whether the id of a person is distinguishable from that of a company: numbers may be both.
pub(super) fn is_telling(id: &str) -> bool {
    id.chars().any(char::is_alphabetic)
}

/// The verdict on a row whose company shares its name with another.
pub(super) fn shared_name(text: &str) -> Verdict {
    let reason = format!("several companies have the name '{text}'; give the company's id");
    Verdict::Rejected { column: "company_id", reason }
}

/// Finds companies by the text in a file: an id, else another known text, else the id of a
/// subscription, else a unique name; ignoring case.
#[derive(Debug, Default)]
pub(super) struct CompanyBook {
    by_id: FxHashMap<CompactString, u32>,
    by_name: FxHashMap<String, Named>,
    last_key: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    One(u32),
    Several,
}

impl CompanyBook {
    /// The companies of a database.
    pub(super) fn of(store: &Store) -> Result<Self> {
        let mut book = CompanyBook::default();
        for CompanyName { company, id, name } in store.company_names()? {
            if let Some(id) = id {
                book.add_id(&id, company);
            }
            if let Some(name) = name {
                book.add_name(&name, company);
            }
        }
        // An export of usage may only have subscription ids. Ids and other texts of companies take
        // precedence.
        for (company, subscription) in store.subscription_owners()? {
            book.by_id.entry(subscription.into()).or_insert(company.0);
        }
        Ok(book)
    }

    /// The company that `text` refers to; `None` if it is unknown.
    ///
    /// # Errors
    /// A name that several companies have.
    pub(super) fn find(&self, text: &str) -> Result<Option<CompanyKey>, SharedName> {
        if let Some(key) = self.by_id.get(text) {
            return Ok(Some(CompanyKey(*key)));
        }
        match self.by_name.get(&folded_name(text)) {
            Some(Named::One(key)) => Ok(Some(CompanyKey(*key))),
            Some(Named::Several) => Err(SharedName),
            None => Ok(None),
        }
    }

    /// The company with this id or other known text.
    pub(super) fn find_id(&self, text: &str) -> Option<CompanyKey> {
        self.by_id.get(text).copied().map(CompanyKey)
    }

    /// Whether `name` refers to this company alone.
    pub(super) fn is_only(&self, name: &str, company: CompanyKey) -> bool {
        self.by_name.get(&folded_name(name)) == Some(&Named::One(company.0))
    }

    /// Adds an id or another known text of a company.
    pub(super) fn add_id(&mut self, text: &str, company: CompanyKey) {
        self.by_id.insert(text.into(), company.0);
        self.last_key = self.last_key.max(company.0);
    }

    pub(super) fn add_name(&mut self, name: &str, company: CompanyKey) {
        let entry = self.by_name.entry(folded_name(name)).or_insert(Named::One(company.0));
        if *entry != Named::One(company.0) {
            *entry = Named::Several;
        }
    }

    /// Removes the name of a company.
    pub(super) fn forget_name(&mut self, name: &str, company: CompanyKey) {
        let name = folded_name(name);
        if self.by_name.get(&name) == Some(&Named::One(company.0)) {
            self.by_name.remove(&name);
        }
    }

    /// Creates a key for a new company.
    fn make(&mut self, text: &str) -> u32 {
        self.last_key += 1;
        self.by_id.insert(text.into(), self.last_key);
        self.last_key
    }
}

/// Texts and their keys, counted from 1.
#[derive(Debug, Default)]
struct Keys {
    by_text: FxHashMap<CompactString, u32>,
    last_key: u32,
}

impl Keys {
    fn add(&mut self, key: u32, text: &str) {
        self.by_text.insert(text.into(), key);
        self.last_key = self.last_key.max(key);
    }

    /// The key of a text; a new one is added to `new`.
    fn key(&mut self, text: &str, new: &mut Vec<(u32, String)>) -> u32 {
        if let Some(key) = self.by_text.get(text) {
            return *key;
        }
        self.last_key += 1;
        self.by_text.insert(text.into(), self.last_key);
        new.push((self.last_key, text.to_owned()));
        self.last_key
    }
}

/// The keys of all names in events.
pub(super) struct NameKeys<'s> {
    companies: CompanyBook,
    events: Keys,
    /// The people of the database and of the file. Whoever is new gets a key when the events are
    /// written.
    people: SharedPeople,
    /// The company of each person, by key, from files of people.
    companies_of_people: FxHashMap<u32, u32>,
    /// The companies of people who moved, each with its first day, in order.
    moves: FxHashMap<u32, Vec<(Option<Day>, u32)>>,
    /// The number of companies that the file was the first to name.
    pub companies_made: u64,
    /// Looks names up as they come, instead of reading all of them first.
    store: Option<&'s Store>,
    /// Whether companies are looked up there too, until one is not found by its id.
    finds_companies: bool,
}

impl<'s> NameKeys<'s> {
    /// Reads all names of a database.
    pub(super) fn of(store: &Store) -> Result<Self> {
        let mut names = NameKeys::without_people(store, CompanyBook::of(store)?)?;
        names.add_moves(store.person_moves()?);
        let mut people = People::default();
        store.for_each_person(|key, person, company| {
            people.add(key, person);
            names.companies_of_people.extend(company.map(|company| (key, company.0)));
        })?;
        Ok(NameKeys { people: SharedPeople::of(people), ..names })
    }

    /// Looks up the names of a database when they are needed, for a file of a few rows.
    pub(super) fn as_needed(store: &'s Store) -> Result<Self> {
        let companies = CompanyBook { last_key: store.last_company()?.0, ..CompanyBook::default() };
        let names = NameKeys::without_people(store, companies)?;
        names.people.change().begin_after(store.last_person()?);
        Ok(NameKeys { store: Some(store), finds_companies: true, ..names })
    }

    fn without_people(store: &Store, companies: CompanyBook) -> Result<Self> {
        let mut names = NameKeys {
            companies,
            events: Keys::default(),
            people: SharedPeople::default(),
            companies_of_people: FxHashMap::default(),
            moves: FxHashMap::default(),
            companies_made: 0,
            store: None,
            finds_companies: false,
        };
        store.event_keys()?.iter().for_each(|(key, name)| names.events.add(*key, name));
        Ok(names)
    }

    fn add_moves(&mut self, moves: Vec<(u32, Option<Day>, CompanyKey)>) {
        for (person, since, company) in moves {
            self.moves.entry(person).or_default().push((since, company.0));
        }
    }

    /// Looks up the names in a row, unless they are in memory.
    pub(super) fn prepare(&mut self, company: Option<&str>, person: Option<&str>) -> Result<()> {
        let Some(store) = self.store else { return Ok(()) };
        for person in [person, company].into_iter().flatten() {
            if self.people.find(person).is_none()
                && let Some((key, company)) = store.person_by_id(person)?
            {
                self.people.change().add(key, person);
                self.companies_of_people.extend(company.map(|company| (key, company.0)));
                self.add_moves(store.moves_of_person(key)?);
            }
        }
        let unknown = |text: &&str| self.companies.find_id(text).is_none();
        if let Some(text) = company.filter(|_| self.finds_companies).filter(unknown) {
            match store.company_by_id(text)? {
                Some(company) => self.companies.add_id(text, company),
                None => {
                    (self.companies, self.finds_companies) = (CompanyBook::of(store)?, false);
                }
            }
        }
        Ok(())
    }

    /// The key of the company that `text` refers to, created if it is unknown.
    ///
    /// # Errors
    /// A name that several companies have.
    pub(super) fn company(&mut self, text: &str, new: &mut NewNames) -> Result<u32, SharedName> {
        if let Some(key) = self.companies.find(text)? {
            return Ok(key.0);
        }
        if is_telling(text)
            && let Some(person) = self.people.find(text)
            && let Some(company) = self.companies_of_people.get(&person)
        {
            return Ok(*company);
        }
        let key = self.companies.make(text);
        new.companies.push((key, text.to_owned()));
        self.companies_made += 1;
        Ok(key)
    }

    /// The company where a person worked on a day, from files of people.
    pub(super) fn company_of(&self, person: &str, day: Day) -> Option<u32> {
        let person = self.people.find(person)?;
        if let Some(moves) = self.moves.get(&person) {
            let on_day = moves.iter().rfind(|(since, _)| since.is_none_or(|since| since <= day));
            return on_day.map(|(_, company)| *company);
        }
        self.companies_of_people.get(&person).copied()
    }

    /// The key of an event's name.
    ///
    /// # Errors
    /// More names than there are keys (exit 4).
    pub(super) fn event(&mut self, name: &str, new: &mut NewNames) -> Result<u32> {
        let key = self.events.key(name, &mut new.events);
        if i64::from(key) < EVENT_NAMES {
            return Ok(key);
        }
        let failure =
            refused(format!("there are more than {} different event names", EVENT_NAMES - 1));
        Err(failure.hint("is the right column mapped? --map event=COLUMN").into())
    }

    /// The key of a person.
    pub(super) fn person(&mut self, person: &str, new: &mut NewNames) -> u32 {
        self.people.change().key_of(person, &mut new.people)
    }

    /// The people, for the thread that gives them keys.
    pub(super) fn people(&self) -> SharedPeople {
        self.people.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_company_is_found_by_id_then_by_the_only_one_of_its_name() {
        let mut book = CompanyBook::default();
        for (key, id, name) in
            [(1, "00123", "Acme"), (2, "acme", "Globex"), (3, "x", "Twin"), (4, "y", "TWIN")]
        {
            book.add_id(id, CompanyKey(key));
            book.add_name(name, CompanyKey(key));
        }
        assert_eq!(book.find("00123"), Ok(Some(CompanyKey(1))));
        assert_eq!(book.find("123"), Ok(None));
        assert_eq!(book.find("acme"), Ok(Some(CompanyKey(2))));
        assert_eq!(book.find("ACME"), Ok(Some(CompanyKey(1))));
        assert_eq!(book.find("globex"), Ok(Some(CompanyKey(2))));
        assert_eq!(book.find("GLOBEX\u{a0}"), Ok(Some(CompanyKey(2))));
        assert_eq!(book.find("Twin"), Err(SharedName));
    }
}
