//! Loads every kind except events, companies and acknowledgements: which rows are new, which are
//! known, and their companies.
//!
//! Most kinds are declared in `domain::fact_kinds`; the others implement [`LoadableFact`] in a file of their own.
//! The columns of all kinds are in `shipped/columns.toml`.

mod declared;
mod people;
mod pulses;
mod reasons;
mod subscriptions;
mod team;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Debug;
use std::hash::Hash;

use anyhow::Result;

use super::names::{CompanyBook, SharedName, is_telling, shared_name};
use super::repeated::{RepeatedRows, Repetition};
use super::{LoadError, Loaded, RowResult, SheetRows, rejected};
use crate::domain::company::CompanyKey;
use crate::domain::customer::Subscription;
use crate::domain::day::Day;
use crate::domain::fact_kinds::{Person, TeamMember};
use crate::domain::lists::first_few;
use crate::domain::notify::is_address;
use crate::domain::pulse::Pulse;
use crate::domain::reason::Library;
use crate::domain::team::Colleagues;
use crate::import::FactRow;
use crate::store::{Fact, Store};

/// A kind of facts, as in files.
trait LoadableFact: Fact + Clone + Debug + PartialEq {
    /// What makes rows without an id equal.
    type Identity: Hash + Eq;

    /// Whether differing rows with the same id in a file are an error.
    const IS_ONE_ROW_AN_ID: bool = false;

    /// Applies a row to the stored fact with its id; or returns why the row is rejected.
    fn of_row(row: &FactRow<'_>, stored: Option<Self>, facts: &mut FactLoad<'_>)
    -> RowResult<Self>;

    /// The id of a row, as it is stored.
    fn id<'a>(row: &FactRow<'a>, _facts: &mut FactLoad<'_>) -> Option<Cow<'a, str>> {
        Self::table().identity.column().and_then(|column| row.text(column)).map(Cow::Borrowed)
    }

    /// What makes a fact without an id equal to another.
    fn identity(&self) -> Self::Identity;

    /// The day on which it counts, for the period that a file covers.
    fn day(&self) -> Option<Day> {
        None
    }

    /// Whether it is a full record; it may be stored as a mere name.
    fn is_record(&self) -> bool {
        true
    }

    /// Why it cannot be added, unless it is already known.
    fn refusal(&self, _facts: &FactLoad<'_>) -> Option<LoadError> {
        None
    }

    /// Applies the consequences of replacing `old`.
    fn saved(&self, _old: Option<&Self>, _facts: &mut FactLoad<'_>) -> Result<()> {
        Ok(())
    }
}

/// Loads the rows of a file.
type LoadRows = fn(&Store, &mut SheetRows<'_, '_>, LoadTerms) -> Result<Loaded>;

/// How to load rows of a kind; `None` for kinds that are loaded elsewhere.
pub(super) fn loader(kind: &str) -> Option<LoadRows> {
    Some(match kind {
        "subscriptions" => load::<Subscription>,
        "people" => load::<Person>,
        "pulses" => load::<Pulse>,
        "team" => load::<TeamMember>,
        _ => return declared::loader(kind),
    })
}

/// Options for the rows of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct LoadTerms {
    /// Whether the last of several rows with the same id counts.
    pub last_wins: bool,
    /// Today, in the time zone of the database.
    pub today: Day,
}

/// Reads and writes all rows of a file, inside the caller's transaction.
///
/// # Errors
/// A file that is refused.
fn load<K: LoadableFact>(
    store: &Store,
    rows: &mut SheetRows<'_, '_>,
    terms: LoadTerms,
) -> Result<Loaded> {
    let mut facts = FactLoad::of(store, terms)?;
    let mut repeated = RepeatedRows::new(terms.last_wins || !K::IS_ONE_ROW_AN_ID);
    let mut equal = HashMap::new();
    let read = rows.read(|row| take::<K>(&mut facts, row, &mut repeated, &mut equal))?;
    facts.loaded.remarks.extend(repeated.judge(&rows.plan().file)?);
    facts.loaded.rows.changed = repeated.changed();
    if repeated.has_superseded() {
        facts.forget_made_without::<K>()?;
    }
    facts.finish(read)
}

/// For facts without an id: how many equal ones this file has had, and how many were stored before.
type Equal<K> = HashMap<<K as LoadableFact>::Identity, (u64, u64)>;

fn take<K: LoadableFact>(
    facts: &mut FactLoad<'_>,
    row: &FactRow<'_>,
    repeated: &mut RepeatedRows,
    equal: &mut Equal<K>,
) -> RowResult<()> {
    let store = facts.store;
    let id = K::id(row, facts);
    let id = id.as_deref();
    let repetition = id.map_or(Repetition::First, |id| repeated.turn(id, row));
    let stored = match id {
        Some(id) => store.fact::<K>(id)?,
        None => None,
    };
    let new = K::of_row(row, stored.clone(), facts)?;
    let is_new = match id {
        Some(_) => stored.as_ref().is_none_or(|stored| !stored.is_record()),
        None => exceeds(equal, &new, store)?,
    };
    if let Some(refusal) = new.refusal(facts).filter(|_| is_new) {
        return Err(refusal);
    }
    if let Some(day) = new.day() {
        facts.loaded.days.add(day);
    }
    if let Some(id) = id {
        repeated.accept(id, row, repetition);
    }
    let is_changed = id.is_some() && repetition.counts() && stored.as_ref() != Some(&new);
    let is_first = id.filter(|_| repetition.counts()).is_some_and(|id| {
        repeated.store(id, stored.as_ref().filter(|stored| stored.is_record()), &new)
    });
    if is_new || is_changed {
        store.save_fact(&new)?;
        // What another row of the file stored was never there.
        new.saved(stored.as_ref().filter(|_| !is_first), facts)?;
    }
    facts.loaded.rows.add(is_new);
    Ok(())
}

/// Whether a fact without an id occurs more often in the file than in the database.
fn exceeds<K: LoadableFact>(equal: &mut Equal<K>, fact: &K, store: &Store) -> Result<bool> {
    use std::collections::hash_map::Entry;
    let counts = match equal.entry(fact.identity()) {
        Entry::Occupied(entry) => entry.into_mut(),
        Entry::Vacant(entry) => entry.insert((0, store.equal_facts(fact)?)),
    };
    counts.0 += 1;
    Ok(counts.0 > counts.1)
}

/// What the rows of a file need to know, and what they leave to do.
pub(super) struct FactLoad<'s> {
    pub(super) store: &'s Store,
    terms: LoadTerms,
    book: CompanyBook,
    reasons: Library,
    pub(super) loaded: Loaded,
    /// The companies whose subscriptions changed.
    terms_changed: BTreeSet<CompanyKey>,
    /// The number of amounts without an interval, which say nothing about a month.
    without_interval: u64,
    /// Reason codes that the file was the first to use.
    learned: Vec<String>,
    /// The spelling of the names of the team.
    members: Colleagues,
    /// The members of the team in the file.
    named: BTreeSet<String>,
    /// Those of them who have left since the last file.
    left: BTreeSet<String>,
    /// Ids of subscriptions and people, which may stand for their companies.
    texts: BTreeMap<String, CompanyKey>,
    /// The companies that people were at before the file, and those where they are now.
    moves: BTreeMap<String, (CompanyKey, CompanyKey)>,
    /// The last company before the file.
    last_company: CompanyKey,
    /// Unknown words for the status of a subscription.
    unknown_statuses: BTreeSet<String>,
}

/// Rejects what is not an e-mail address.
fn check_address(email: Option<&str>) -> RowResult<()> {
    match email.filter(|email| !is_address(email)) {
        Some(email) => Err(rejected("email", format!("'{email}' is not an e-mail address"))),
        None => Ok(()),
    }
}

impl<'s> FactLoad<'s> {
    pub(super) fn of(store: &'s Store, terms: LoadTerms) -> Result<Self> {
        let team = store.team()?.into_iter();
        Ok(FactLoad {
            store,
            terms,
            book: CompanyBook::of(store)?,
            reasons: store.reason_library()?,
            loaded: Loaded::default(),
            terms_changed: BTreeSet::new(),
            without_interval: 0,
            learned: Vec::new(),
            members: Colleagues::new(Vec::new(), team.map(|member| member.name)),
            named: BTreeSet::new(),
            left: BTreeSet::new(),
            texts: BTreeMap::new(),
            moves: BTreeMap::new(),
            last_company: store.last_company()?,
            unknown_statuses: BTreeSet::new(),
        })
    }

    /// The company of the row, created if it is unknown.
    fn company(&mut self, row: &FactRow<'_>) -> RowResult<CompanyKey> {
        let (name, known) = self.find(row)?;
        let known = match known {
            Some(key) => Some(key),
            None => self.company_of_person(name)?,
        };
        let key = match known {
            Some(key) => key,
            None => {
                let key = self.store.add_unlisted_company(name)?;
                self.book.add_id(name, key);
                self.loaded.companies_made += 1;
                key
            }
        };
        self.loaded.companies.insert(key);
        Ok(key)
    }

    /// The text of the row for its company, and the company that it refers to.
    fn find<'a>(&self, row: &FactRow<'a>) -> RowResult<(&'a str, Option<CompanyKey>)> {
        let name = row.text("company_id").unwrap_or_default();
        Ok((name, self.book.find(name).map_err(|SharedName| shared_name(name))?))
    }

    /// The company of the person with this id, unless the id is a number.
    fn company_of_person(&self, text: &str) -> Result<Option<CompanyKey>> {
        if !is_telling(text) {
            return Ok(None);
        }
        Ok(self.store.fact::<Person>(text)?.and_then(|person| person.company))
    }

    /// The company of the row, which must exist.
    pub(super) fn known_company(&mut self, row: &FactRow<'_>) -> RowResult<CompanyKey> {
        let (name, known) = self.find(row)?;
        let unknown = || {
            let reason = format!(
                "no company is known by '{name}'; import the companies or their events first"
            );
            rejected("company_id", reason)
        };
        let key = known.ok_or_else(unknown)?;
        self.loaded.companies.insert(key);
        Ok(key)
    }

    /// Deletes the new companies that only rows without effect named.
    fn forget_made_without<K: LoadableFact>(&mut self) -> Result<()> {
        if self.loaded.companies_made == 0 {
            return Ok(());
        }
        for company in self.store.delete_companies_without::<K>(self.last_company)? {
            self.loaded.companies_made -= 1;
            self.loaded.companies.remove(&company);
            self.terms_changed.remove(&company);
        }
        Ok(())
    }

    /// Applies the consequences of all rows together.
    pub(super) fn finish(mut self, read: u64) -> Result<Loaded> {
        for (person, (from, to)) in self.moves.iter().filter(|(_, (from, to))| from != to) {
            self.store.record_move(person, *from, *to, self.terms.today)?;
        }
        self.terms_changed.iter().try_for_each(|company| self.store.refresh_breaks(*company))?;
        self.join()?;
        team::finish(&mut self)?;
        if !self.learned.is_empty() {
            self.loaded.remarks.push(format!("added reason codes: {}", first_few(&self.learned)));
        }
        self.loaded.remarks.extend(subscriptions::remarks(&self));
        Ok(Loaded { read, ..self.loaded })
    }

    /// Merges companies that were known only by the id of a subscription or person into the actual
    /// ones. Texts that the file uses as companies are left alone.
    fn join(&mut self) -> Result<()> {
        for (text, company) in std::mem::take(&mut self.texts) {
            let Some(unlisted) = self.store.company_known_only_as(&text)? else { continue };
            if unlisted != company && !self.loaded.companies.contains(&unlisted) {
                self.store.merge_companies(unlisted, company)?;
                self.loaded.companies_joined += 1;
            }
        }
        Ok(())
    }
}
