//! Every kind but events and companies: which rows are new, which are known, and whose they are.

use std::collections::{BTreeSet, HashMap};

use anyhow::Result;

use super::cells::{
    day, money, optional_text, required_day, required_text, required_when, term, text, when, whole,
};
use super::names::{CompanyBook, shared_name};
use super::{Loaded, Watcher};
use crate::domain::company::CompanyKey;
use crate::domain::customer::{Subscription, to_the_cent};
use crate::domain::facts::{Goal, Invoice, NpsResponse, Person, TeamMember, Ticket, Touchpoint};
use crate::domain::pulse::{Level, MOST_REASONS, Pulse, PulseMark};
use crate::domain::reason::{Library, ReasonError, ReasonKind};
use crate::import::{FactRow, Rejects, Sheet, Value, Verdict, read_facts};
use crate::store::Store;

/// What is done with a row of a kind.
type Take = fn(&mut Facts<'_>, &FactRow<'_>) -> Result<Verdict>;

/// How rows of a kind are taken; `None` for kinds that are loaded elsewhere.
pub fn taker(kind: &str) -> Option<Take> {
    Some(match kind {
        "subscriptions" => |facts, row| facts.subscription(row),
        "people" => |facts, row| facts.person(row),
        "nps" => |facts, row| facts.nps_response(row),
        "tickets" => |facts, row| facts.ticket(row),
        "invoices" => |facts, row| facts.invoice(row),
        "touchpoints" => |facts, row| facts.touchpoint(row),
        "goals" => |facts, row| facts.goal(row),
        "pulses" => |facts, row| facts.pulse(row),
        "team" => |facts, row| facts.team_member(row),
        _ => return None,
    })
}

/// Reads and writes all rows of a file, within a transaction that the caller has begun.
///
/// # Errors
/// A file that is refused.
pub fn load(
    store: &Store,
    sheet: &mut Sheet,
    rejects: &mut Rejects<'_>,
    watcher: &Watcher<'_>,
    take: Take,
) -> Result<Loaded> {
    let mut facts = Facts {
        store,
        book: CompanyBook::of(store)?,
        reasons: store.reason_library()?,
        loaded: Loaded::default(),
        equal: HashMap::new(),
        terms_changed: BTreeSet::new(),
    };
    let progress = sheet.progress();
    let read = read_facts(sheet, rejects, |row| {
        watcher.tell(&progress);
        take(&mut facts, &row)
    })?;
    facts.terms_changed.iter().try_for_each(|company| store.refresh_breaks(*company))?;
    Ok(Loaded { read, ..facts.loaded })
}

/// Takes the rows of one file.
pub struct Facts<'s> {
    store: &'s Store,
    book: CompanyBook,
    reasons: Library,
    loaded: Loaded,
    /// Of facts without an id: how many equal ones this file has had, and how many were stored
    /// before.
    equal: HashMap<String, (u64, u64)>,
    /// The companies whose subscriptions have changed.
    terms_changed: BTreeSet<CompanyKey>,
}

/// The reason codes of a row.
#[derive(Debug, Default)]
struct Reasons {
    /// Each once, in the order of the row.
    codes: Vec<String>,
    /// One of them that is retired.
    retired: Option<ReasonError>,
}

/// The company of a row, or why the row is rejected.
type Owner = Result<CompanyKey, Verdict>;

impl Facts<'_> {
    /// The company of the row; one that nothing is known of is made.
    fn company(&mut self, row: &FactRow<'_>) -> Result<Owner> {
        let name = row.text("company_id").unwrap_or_default();
        match self.book.find(name) {
            Ok(Some(key)) => {
                self.loaded.companies.insert(key);
                Ok(Ok(key))
            }
            Ok(None) => {
                let key = self.store.add_unlisted_company(name)?;
                self.book.add_id(name, key);
                self.loaded.companies_made += 1;
                self.loaded.companies.insert(key);
                Ok(Ok(key))
            }
            Err(_) => Ok(Err(shared_name(name))),
        }
    }

    /// The company of the row, which must be known.
    fn known_company(&self, row: &FactRow<'_>) -> Owner {
        let name = row.text("company_id").unwrap_or_default();
        match self.book.find(name) {
            Ok(Some(key)) => Ok(key),
            Ok(None) => {
                let reason = format!(
                    "no company is known by '{name}'; import the companies or their events first"
                );
                Err(Verdict::Rejected { column: "company_id", reason })
            }
            Err(_) => Err(shared_name(name)),
        }
    }

    fn accept(&mut self, is_new: bool) -> Result<Verdict> {
        self.loaded.rows.add(is_new);
        Ok(Verdict::Accepted)
    }

    /// Whether a fact without an id is one more than the database has of equal ones. `key` has all
    /// that makes facts equal.
    fn exceeds(&mut self, key: String, stored: impl FnOnce() -> Result<u64>) -> Result<bool> {
        let counts = match self.equal.entry(key) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => entry.insert((0, stored()?)),
        };
        counts.0 += 1;
        Ok(counts.0 > counts.1)
    }

    fn subscription(&mut self, row: &FactRow<'_>) -> Result<Verdict> {
        let company = match self.company(row)? {
            Ok(company) => company,
            Err(verdict) => return Ok(verdict),
        };
        let subscription_id = required_text(row, "subscription_id");
        let old = self.store.subscription(&subscription_id)?;
        let is_new = old.is_none();
        self.terms_changed.extend(old.iter().map(|(company, _)| *company));
        self.terms_changed.insert(company);
        let mut subscription =
            old.map_or_else(|| Subscription::new(&subscription_id), |(_, old)| old);
        subscription.started_on = required_day(row, "started_on");
        text(row, "plan", &mut subscription.plan);
        text(row, "product", &mut subscription.product);
        whole(row, "seats", &mut subscription.seats);
        day(row, "renews_on", &mut subscription.renews_on);
        day(row, "ended_on", &mut subscription.ended_on);
        day(row, "card_expires_on", &mut subscription.card_expires_on);
        price(row, &mut subscription);
        self.store.save_subscription(company, &subscription)?;
        self.loaded.days.add(subscription.started_on);
        self.accept(is_new)
    }

    fn person(&mut self, row: &FactRow<'_>) -> Result<Verdict> {
        let company = match self.known_company(row) {
            Ok(company) => company,
            Err(verdict) => return Ok(verdict),
        };
        let person_id = required_text(row, "person_id");
        let old = self.store.person(&person_id)?;
        // Somebody known from events alone becomes a record now.
        let is_new = old.as_ref().is_none_or(|person| person.company.is_none());
        let mut person = old.unwrap_or(Person { person_id, ..Person::default() });
        person.company = Some(company);
        text(row, "name", &mut person.name);
        text(row, "email", &mut person.email);
        text(row, "role", &mut person.role);
        day(row, "created_on", &mut person.created_on);
        self.store.save_person(&person)?;
        self.accept(is_new)
    }

    fn nps_response(&mut self, row: &FactRow<'_>) -> Result<Verdict> {
        let company = match self.company(row)? {
            Ok(company) => company,
            Err(verdict) => return Ok(verdict),
        };
        let mut score = None;
        whole(row, "score", &mut score);
        let response = NpsResponse {
            company,
            person_id: optional_text(row, "person_id"),
            score: score.unwrap_or_default(),
            responded: required_when(row, "responded_on"),
            comment: optional_text(row, "comment"),
            response_id: optional_text(row, "response_id"),
        };
        let store = self.store;
        let is_new = match &response.response_id {
            Some(id) => !store.knows_nps_response(id)?,
            None => {
                self.exceeds(format!("{response:?}"), || store.equal_nps_responses(&response))?
            }
        };
        if is_new {
            store.add_nps_response(&response)?;
        }
        self.loaded.days.add(response.responded.on);
        self.accept(is_new)
    }

    fn ticket(&mut self, row: &FactRow<'_>) -> Result<Verdict> {
        let company = match self.company(row)? {
            Ok(company) => company,
            Err(verdict) => return Ok(verdict),
        };
        let ticket_id = required_text(row, "ticket_id");
        let opened = required_when(row, "opened_at");
        let old = self.store.ticket(&ticket_id)?;
        let is_new = old.is_none();
        let mut ticket = old.unwrap_or_else(|| Ticket::new(ticket_id, company, opened));
        (ticket.company, ticket.opened) = (company, opened);
        when(row, "closed_at", &mut ticket.closed);
        text(row, "priority", &mut ticket.priority);
        text(row, "status", &mut ticket.status);
        text(row, "subject", &mut ticket.subject);
        text(row, "satisfaction", &mut ticket.satisfaction);
        self.store.save_ticket(&ticket)?;
        self.loaded.days.add(opened.on);
        self.accept(is_new)
    }

    fn invoice(&mut self, row: &FactRow<'_>) -> Result<Verdict> {
        let company = match self.company(row)? {
            Ok(company) => company,
            Err(verdict) => return Ok(verdict),
        };
        let invoice_id = required_text(row, "invoice_id");
        let due_on = required_day(row, "due_on");
        let old = self.store.invoice(&invoice_id)?;
        let is_new = old.is_none();
        let new =
            Invoice { invoice_id, company, due_on, paid_on: None, amount: None, status: None };
        let mut invoice = old.unwrap_or(new);
        (invoice.company, invoice.due_on) = (company, due_on);
        day(row, "paid_on", &mut invoice.paid_on);
        money(row, "amount", &mut invoice.amount);
        text(row, "status", &mut invoice.status);
        self.store.save_invoice(&invoice)?;
        self.loaded.days.add(due_on);
        self.accept(is_new)
    }

    fn touchpoint(&mut self, row: &FactRow<'_>) -> Result<Verdict> {
        let company = match self.company(row)? {
            Ok(company) => company,
            Err(verdict) => return Ok(verdict),
        };
        let touchpoint = Touchpoint {
            company,
            occurred: required_when(row, "occurred_at"),
            direction: required_text(row, "direction"),
            channel: optional_text(row, "channel"),
            kind: optional_text(row, "kind"),
            with: optional_text(row, "with"),
            subject: optional_text(row, "subject"),
        };
        let store = self.store;
        let is_new =
            self.exceeds(format!("{touchpoint:?}"), || store.equal_touchpoints(&touchpoint))?;
        if is_new {
            store.add_touchpoint(&touchpoint)?;
        }
        self.loaded.days.add(touchpoint.occurred.on);
        self.accept(is_new)
    }

    fn goal(&mut self, row: &FactRow<'_>) -> Result<Verdict> {
        let company = match self.known_company(row) {
            Ok(company) => company,
            Err(verdict) => return Ok(verdict),
        };
        let goal = Goal {
            company,
            event: required_text(row, "event"),
            due_on: required_day(row, "due_on"),
            name: optional_text(row, "name"),
        };
        let store = self.store;
        let is_new = self.exceeds(format!("{goal:?}"), || store.equal_goals(&goal))?;
        if is_new {
            store.add_goal(&goal)?;
        }
        self.accept(is_new)
    }

    fn pulse(&mut self, row: &FactRow<'_>) -> Result<Verdict> {
        let level: Level = match required_text(row, "pulse").parse() {
            Ok(level) => level,
            Err(reason) => return Ok(Verdict::Rejected { column: "pulse", reason }),
        };
        let Reasons { codes, retired } = match self.reasons_of(row) {
            Ok(reasons) => reasons,
            Err(reason) => return Ok(Verdict::Rejected { column: "reason_codes", reason }),
        };
        // A pulse of before the code was retired is known; a new one cannot have it, and makes no
        // company either.
        let is_unknown =
            || matches!(self.book.find(row.text("company_id").unwrap_or_default()), Ok(None));
        if let Some(retired) = retired.as_ref().filter(|_| is_unknown()) {
            return Ok(Verdict::Rejected { column: "reason_codes", reason: retired.to_string() });
        }
        let company = match self.company(row)? {
            Ok(company) => company,
            Err(verdict) => return Ok(verdict),
        };
        let set = required_when(row, "set_on");
        let pulse = Pulse {
            company,
            mark: PulseMark { day: set.on, at: set.at, level },
            reason_codes: codes,
            note: optional_text(row, "note"),
            by: optional_text(row, "set_by"),
        };
        let (store, reasons) = (self.store, pulse.reasons_in_order());
        let key = format!("{:?}{reasons}{:?}{:?}{company:?}", pulse.mark, pulse.note, pulse.by);
        let is_new = self.exceeds(key, || store.equal_pulses(&pulse))?;
        if let Some(retired) = retired.filter(|_| is_new) {
            return Ok(Verdict::Rejected { column: "reason_codes", reason: retired.to_string() });
        }
        if is_new {
            store.add_pulse(&pulse)?;
        }
        self.loaded.days.add(set.on);
        self.accept(is_new)
    }

    /// The reason codes of a row as they are called now; or why the row is rejected.
    fn reasons_of(&self, row: &FactRow<'_>) -> Result<Reasons, String> {
        let mut reasons = Reasons::default();
        let cell = row.text("reason_codes").unwrap_or_default();
        for text in cell.split(';').map(str::trim).filter(|text| !text.is_empty()) {
            let code = match self.reasons.usable(ReasonKind::Pulse, text) {
                Ok(reason) => reason.code.to_string(),
                Err(ReasonError::Retired(code)) => {
                    reasons.retired = Some(ReasonError::Retired(code.clone()));
                    code.to_string()
                }
                Err(unknown) => {
                    let meant =
                        unknown.suggestion().map(|meant| format!("; {meant}")).unwrap_or_default();
                    return Err(format!("{unknown}{meant}"));
                }
            };
            if !reasons.codes.contains(&code) {
                reasons.codes.push(code);
            }
        }
        if reasons.codes.len() > MOST_REASONS {
            return Err(format!(
                "{} reason codes are more than {MOST_REASONS}",
                reasons.codes.len()
            ));
        }
        Ok(reasons)
    }

    fn team_member(&mut self, row: &FactRow<'_>) -> Result<Verdict> {
        let name = required_text(row, "name");
        let old = self.store.team_member(&name)?;
        let is_new = old.is_none();
        let mut member = old.unwrap_or_else(|| TeamMember::new(name));
        member.role = required_text(row, "role");
        text(row, "email", &mut member.email);
        text(row, "slack_id", &mut member.slack_id);
        text(row, "manager", &mut member.manager);
        let mut realtime = Some(member.realtime);
        text(row, "realtime", &mut realtime);
        member.realtime =
            realtime.map_or_else(|| TeamMember::USUAL_REALTIME.to_owned(), |types| words(&types));
        let mut digest = Some(if member.digest { "yes" } else { "no" }.to_owned());
        text(row, "digest", &mut digest);
        member.digest = digest.as_deref() == Some("yes");
        self.store.save_team_member(&member)?;
        self.accept(is_new)
    }
}

/// Monthly recurring revenue, from its own column or from an amount for an interval, and the length
/// of the term.
fn price(row: &FactRow<'_>, subscription: &mut Subscription) {
    money(row, "mrr", &mut subscription.mrr);
    term(row, "interval", &mut subscription.term_days);
    if let (None, Some(Value::Money(amount))) = (row.get("mrr"), row.get("amount")) {
        subscription.mrr = Some(amount);
    }
    subscription.mrr = subscription.mrr.map(to_the_cent);
}

/// The words of a list with `;` between, in lower case.
fn words(list: &str) -> String {
    let words: Vec<String> = list.split(';').map(|word| word.trim().to_lowercase()).collect();
    words.join(";")
}
