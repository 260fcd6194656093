//! Reads the facts of a report, as of its day and for its customers.
//!
//! The companies are selected once, as of the day of the report; figures of earlier days are about
//! the same companies.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::context::Context;
use crate::domain::attributes::{self, AsOf, MONTH};
use crate::domain::company::CompanyKey;
use crate::domain::day::{Day, DayRange};
use crate::domain::fact_kinds::Person;
use crate::domain::health::{Assessment, Band, change};
use crate::domain::loss::Loss;
use crate::domain::portfolio::Customer;
use crate::domain::presence::Presence;
use crate::domain::reason::ReasonKind;
use crate::domain::retention::{Retention, Term, mrr_of_terms, retention};
use crate::domain::rule::Watch;
use crate::domain::signal::{SignalLife, TrafficByType};
use crate::domain::task::TaskState;
use crate::domain::trend::Windows;
use crate::error::not_allowed;
use crate::expression::Expression;
use crate::query::{
    ConditionOptions, PORTFOLIO, SelectedCompanies, Selection, csm_called, current_pulses,
    find_company, has_churned, names_in, present_customers,
};
use crate::render::report::{Letterhead, Logo, ReportHead};
use crate::store::{
    Catalogue, PersonActivity, ReportSettings, Scope, SignalFilter, SignalOrder, SignalRecord,
    Store, TaskFilter, TaskRecord,
};
use crate::views::reports::{
    COMPARED_WITH, Cancellation, Downsell, EarlierPulses, HealthChange, Losses, MONTHS, MonthStart,
    PersonChange, Portfolio, Review, Snapshot,
};

pub(super) struct Question<'s> {
    store: &'s Store,
    catalogue: Catalogue,
    conditions: Vec<Expression>,
    csm: Option<String>,
    as_of: AsOf,
    today: Day,
    head: ReportHead,
}

impl<'s> Question<'s> {
    /// Resolves the options.
    ///
    /// # Errors
    /// A day in the future or an invalid expression (exit 2); an unknown segment (exit 9).
    pub(super) fn new(
        context: &Context,
        store: &'s Store,
        selection: &'s Selection,
        has_logo: bool,
    ) -> Result<Self> {
        let Selection { as_of, condition, csm } = selection;
        let catalogue = store.catalogue()?;
        let csm = csm.as_ref().map(|name| csm_called(store, name)).transpose()?;
        let conditions = condition.conditions(store, &catalogue)?;
        let as_of = as_of.resolve(context, store)?;
        let head = ReportHead {
            as_of: as_of.day,
            entries: as_of.today(),
            filter: filter_words(condition, csm.as_deref()),
            letter: letterhead(store, has_logo)?,
            link: store.company_link()?,
        };
        let today = context.today(store);
        Ok(Question { store, catalogue, conditions, csm, as_of, today, head })
    }

    /// The day of the report: the last one of measured facts.
    fn day(&self) -> Day {
        self.as_of.day
    }

    /// The last day of signals, tasks and pulses.
    pub(super) fn last_day(&self) -> Day {
        self.head.last_day()
    }

    /// The selected companies, read once: those that are customers on the day, and the others.
    pub(super) fn book(&self) -> Result<SelectedBook> {
        let names: Vec<&str> = PORTFOLIO.into_iter().chain(names_in(&self.conditions)).collect();
        let mut all =
            SelectedCompanies::select(self.store, &self.catalogue, &names, &[], self.as_of)?;
        let (poor_of_team, count) = (poor_of_team(&all, self.day())?, all.keys().len());
        all.keep_where(&self.catalogue, &self.conditions)?;
        if let Some(csm) = &self.csm {
            all.keep("csm", csm)?;
        }
        let held = self.store.bad_signals_that_hold(self.as_of.last_entry(), self.today)?;
        let customers = present_customers(self.store, &all, self.as_of, &held)?;
        let mrr = all.values(&["mrr"])?.map(|values| values[0].number());
        let meant: FxHashMap<_, _> = all.keys().into_iter().zip(mrr).collect();
        let presences = self.store.presences(Scope::All)?;
        let presences = presences.into_iter().filter(|(key, _)| meant.contains_key(key)).collect();
        let is_filtered = meant.len() < count;
        let portfolio = Portfolio { head: self.head.clone(), customers, poor_of_team, is_filtered };
        Ok(SelectedBook { portfolio, meant, presences })
    }

    /// The customers on the day of the report.
    pub(super) fn portfolio(&self) -> Result<Portfolio> {
        Ok(self.book()?.portfolio)
    }

    /// The customers and health scores of earlier days, oldest first. The trend of scores is read
    /// only here.
    pub(super) fn history(&self, book: &SelectedBook) -> Result<Vec<Snapshot>> {
        const WEEK: i32 = 7;
        let farthest = COMPARED_WITH.into_iter().max().unwrap_or_default();
        let mut by_key: Vec<&(CompanyKey, Presence)> = book.presences.iter().collect();
        by_key.sort_unstable_by_key(|(key, _)| *key);
        let days = (1..=farthest / WEEK).rev().map(|weeks| self.day() - weeks * WEEK);
        days.map(|day| self.snapshot(&by_key, day)).collect()
    }

    /// The customers and scores of a day; both inputs are ordered by key.
    fn snapshot(&self, by_key: &[&(CompanyKey, Presence)], day: Day) -> Result<Snapshot> {
        let mut scores = self.store.scores_until(day)?.into_iter().peekable();
        let mut of_day = Vec::with_capacity(by_key.len());
        for (key, presence) in by_key {
            while scores.next_if(|(scored, _)| scored < key).is_some() {}
            let score = scores.next_if(|(scored, _)| scored == key).and_then(|(_, score)| score);
            if presence.is_customer(day) {
                of_day.push((*key, score));
            }
        }
        Ok(Snapshot::new(day, of_day))
    }

    /// The pulses of those who were customers on an earlier day.
    pub(super) fn pulses_on(&self, book: &SelectedBook, day: Day) -> Result<EarlierPulses> {
        let pulses = current_pulses(self.store.all_pulses(Some(day))?);
        let present = book.presences.iter().filter(|(_, presence)| presence.is_customer(day));
        Ok(present.map(|(key, _)| (*key, pulses.get(key).map(|pulse| pulse.mark))).collect())
    }

    /// The cancellations and downsells of the last months.
    pub(super) fn losses(&self, book: &SelectedBook, terms: &Terms) -> Result<Losses> {
        let mut months = Vec::new();
        let mut first = self.day().first_of_month();
        for _ in 0..MONTHS {
            let before = first.previous();
            let is_customer = |(_, presence): &&(_, Presence)| presence.is_customer(before);
            let customers = book.presences.iter().filter(is_customer).count() as u64;
            months.insert(0, MonthStart { first, customers });
            first = before.first_of_month();
        }
        let from = months.first().map_or(self.day(), |month| month.first);
        let stated = self.store.losses_until(Some(self.day()))?;
        let recent =
            stated.iter().filter(|loss| loss.kind == ReasonKind::Downsell && loss.day >= from);
        let meant = recent.filter(|loss| book.meant.contains_key(&loss.company));
        let downsells = meant.map(|loss| Downsell {
            day: loss.day,
            lost_mrr: loss.lost_mrr(),
            reason_codes: loss.reason_codes.clone(),
        });
        let downsells = downsells.collect();
        let cancellations = self.cancellations(from, book, &stated, terms);
        Ok(Losses { months, cancellations, downsells })
    }

    fn cancellations(
        &self,
        from: Day,
        book: &SelectedBook,
        stated: &[Loss],
        terms: &Terms,
    ) -> Vec<Cancellation> {
        let churns = stated.iter().filter(|loss| loss.kind == ReasonKind::Churn);
        let churns: FxHashMap<(CompanyKey, Day), &Loss> =
            churns.map(|loss| ((loss.company, loss.day), loss)).collect();
        let mut cancellations = Vec::new();
        for (key, presence) in &book.presences {
            for day in presence.cancellations(from, self.day()) {
                let churn = churns.get(&(*key, day));
                let paid = || match terms.get(key) {
                    Some(terms) => mrr_of_terms(terms, day.previous()),
                    None => book.meant.get(key).copied().flatten(),
                };
                let mrr = churn.and_then(|churn| churn.mrr_before).or_else(paid);
                let reason_codes = churn.map(|churn| churn.reason_codes.clone());
                let reason_codes = reason_codes.unwrap_or_default();
                cancellations.push(Cancellation { day, mrr, reason_codes });
            }
        }
        cancellations
    }

    /// The amounts and periods of all subscriptions.
    pub(super) fn terms(&self) -> Result<Terms> {
        self.store.terms()
    }

    /// The share of last year's revenue that remains, for companies with known subscriptions.
    pub(super) fn retention(&self, book: &SelectedBook, terms: &Terms) -> Option<Retention> {
        let (now, then) = (self.day(), self.day().a_year_before());
        let paid = |(key, presence): &(CompanyKey, Presence)| {
            let terms = terms.get(key)?;
            let paid_on = |day| match presence.is_customer(day) {
                true => mrr_of_terms(terms, day),
                false => Some(0.0),
            };
            Some((paid_on(then)?, paid_on(now)?))
        };
        retention(book.presences.iter().filter_map(paid))
    }

    /// The signals of the customers, counted by type.
    pub(super) fn traffic(&self, portfolio: &Portfolio) -> Result<TrafficByType> {
        let present = keys(portfolio);
        let recently = attributes::last(self.last_day(), MONTH).from;
        let mut of_type = TrafficByType::new();
        for (company, signal_type, traffic) in
            self.store.signal_traffic(self.as_of.last_entry(), recently, self.last_day())?
        {
            if present.contains(&company) {
                let all = of_type.entry(signal_type).or_default();
                *all = all.and(traffic);
            }
        }
        Ok(of_type)
    }

    /// The signals of the customers with their histories, raised by the last day in the head.
    pub(super) fn signals(&self, portfolio: &Portfolio) -> Result<Vec<SignalLife>> {
        let present = keys(portfolio);
        let mut lives = self.store.signal_lives(self.as_of.last_entry())?;
        lives.retain(|life| life.raised_on <= self.last_day() && present.contains(&life.company));
        Ok(lives)
    }
}

fn keys(portfolio: &Portfolio) -> FxHashSet<CompanyKey> {
    portfolio.customers.iter().map(|customer| customer.key).collect()
}

/// The number of days for which the scores of a company are shown.
const SHOWN_DAYS: i32 = 84;

impl Question<'_> {
    /// The portfolio and the customer that the user refers to.
    ///
    /// # Errors
    /// An unknown company, or one that is not a customer on the day or excluded by the filter (exit
    /// 9).
    pub(super) fn customer(&self, text: &str) -> Result<(Portfolio, Customer)> {
        let key = find_company(self.store, text)?;
        let mut portfolio = self.portfolio()?;
        let Some(place) = portfolio.customers.iter().position(|customer| customer.key == key)
        else {
            let message = format!("'{text}' is not a customer on {}", self.day());
            let hint = "name an earlier day with --as-of, or leave out the filter";
            return Err(not_allowed(message).hint(hint).into());
        };
        let customer = portfolio.customers.swap_remove(place);
        portfolio.head.filter = format!("company {}", customer.company_id);
        Ok((portfolio, customer))
    }

    /// Reads the facts of a review of a company.
    pub(super) fn review(&self, customer: &Customer) -> Result<Review> {
        let (store, key) = (self.store, customer.key);
        let days = DayRange { from: self.day() - SHOWN_DAYS + 1, to: self.day() };
        let history = store.health_history(key, days)?;
        let health = self.health_of(key, self.day())?;
        let filter = SignalFilter { company: Some(key), ..self.open_signals() };
        let windows = Windows::ending(self.day(), MONTH);
        let active = store.company_activity(key, &Watch::people(), &windows)?.people;
        let has_people = active.iter().any(|person| person.person_id.is_some());
        let filter_of_tasks = TaskFilter { company: Some(key), ..self.open_tasks() };
        Ok(Review {
            changes: self.health_changes(key, health.as_ref())?,
            history: history.into_iter().map(|(day, health)| (day, health.score)).collect(),
            health,
            signals: self.signals_that_hold(&filter)?,
            people: person_changes(active, &store.facts_of::<Person>(key)?),
            has_people,
            tasks: by_due_day(store.tasks(&filter_of_tasks)?),
        })
    }

    fn health_of(&self, key: CompanyKey, day: Day) -> Result<Option<Assessment>> {
        match self.store.health_day(AsOf { day, ..self.as_of })? {
            Some(day) => Ok(self.store.health_on(day, Scope::One(key))?.remove(&key)),
            None => Ok(None),
        }
    }

    fn health_changes(
        &self,
        key: CompanyKey,
        now: Option<&Assessment>,
    ) -> Result<Vec<HealthChange>> {
        let mut changes = Vec::new();
        for days in [7, MONTH] {
            let before = self.health_of(key, self.day() - days)?;
            let Some((before, now)) = before.as_ref().zip(now) else { continue };
            if let Some((score, measures)) = before.score.zip(change::explain(before, now)) {
                changes.push(HealthChange { days, before: score, measures });
            }
        }
        Ok(changes)
    }

    fn open_signals(&self) -> SignalFilter {
        SignalFilter { until: Some(self.last_day()), ..SignalFilter::default() }
    }

    /// The open signals that, as far as is known, hold and are not snoozed; newest first.
    fn signals_that_hold(&self, filter: &SignalFilter) -> Result<Vec<SignalRecord>> {
        let today = self.as_of.today();
        let mut signals = self.store.signals(filter, SignalOrder::NEWEST_FIRST)?;
        if let Some(day) = self.as_of.last_entry() {
            for signal in signals.iter_mut().filter(|signal| !signal.is_retracted()) {
                signal.acknowledgement = self.store.acknowledgement_on(signal.id, day)?;
            }
        }
        signals.retain(|signal| {
            signal.acknowledgement.is_none()
                && signal.holds != Some(false)
                && signal.snoozed_until.is_none_or(|until| until <= today)
        });
        Ok(signals)
    }

    fn open_tasks(&self) -> TaskFilter {
        let until = self.as_of.last_entry();
        TaskFilter { state: Some(TaskState::Open), until, ..TaskFilter::default() }
    }

    /// The customers' signals that hold, and their open tasks.
    pub(super) fn open_work(
        &self,
        portfolio: &Portfolio,
    ) -> Result<(Vec<SignalRecord>, Vec<TaskRecord>)> {
        let present = keys(portfolio);
        let mut tasks = self.store.tasks(&self.open_tasks())?;
        tasks.retain(|task| present.contains(&task.company));
        let companies = Some(present.into_iter().collect());
        let filter = SignalFilter { companies, ..self.open_signals() };
        Ok((self.signals_that_hold(&filter)?, by_due_day(tasks)))
    }
}

fn by_due_day(mut tasks: Vec<TaskRecord>) -> Vec<TaskRecord> {
    tasks.sort_by_key(|task| (task.due_on, task.id.0));
    tasks
}

/// Who was active in only one of the two windows: those who stopped first, most active first.
fn person_changes(active: Vec<PersonActivity>, known: &[Person]) -> Vec<PersonChange> {
    let change = |activity: PersonActivity| {
        let id =
            activity.person_id.filter(|_| (activity.previous == 0) != (activity.current == 0))?;
        let person = known.iter().find(|person| person.person_id == id);
        Some(PersonChange {
            name: person.and_then(|person| person.name.clone()).unwrap_or_else(|| id.clone()),
            role: person.and_then(|person| person.role.clone()),
            id,
            before: activity.previous,
            now: activity.current,
        })
    };
    let mut changes: Vec<PersonChange> = active.into_iter().filter_map(change).collect();
    changes.sort_by(|a, b| {
        let busy = |person: &PersonChange| std::cmp::Reverse(person.before + person.now);
        (a.now > 0, busy(a), &a.id).cmp(&(b.now > 0, busy(b), &b.id))
    });
    changes
}

/// The subscription periods of each company.
pub(super) type Terms = FxHashMap<CompanyKey, Vec<Term>>;

pub(super) struct SelectedBook {
    /// Those that are customers on the day.
    pub portfolio: Portfolio,
    /// All of them, with their MRR on the day or the last known one.
    meant: FxHashMap<CompanyKey, Option<f64>>,
    /// The periods in which each of them existed.
    presences: Vec<(CompanyKey, Presence)>,
}

/// Reads the letterhead; the logo only if the format shows it.
pub(super) fn letterhead(store: &Store, has_logo: bool) -> Result<Letterhead> {
    let ReportSettings { title, currency, logo } = store.report_settings()?;
    let logo = logo.filter(|_| has_logo).map(|path| read_logo(&path)).transpose()?;
    Ok(Letterhead { title, currency, logo })
}

fn read_logo(path: &str) -> Result<Logo> {
    let ending = Path::new(path).extension().and_then(|ending| ending.to_str());
    let media_type = Logo::media_type(ending.unwrap_or_default()).unwrap_or("image/png");
    let bytes = std::fs::read(path).map_err(|error| {
        not_allowed(format!("cannot read the logo {path}: {error}"))
            .hint("`logo` of [report] in the configuration names it")
    })?;
    Ok(Logo { media_type, bytes })
}

/// Which customers are included, in words.
fn filter_words(condition: &ConditionOptions, csm: Option<&str>) -> String {
    let parts = [
        condition.segment.as_ref().map(|name| format!("segment {name}")),
        condition.condition.as_ref().map(|text| format!("where {}", text.trim())),
        csm.map(|name| format!("CSM {name}")),
    ];
    match parts.into_iter().flatten().collect::<Vec<_>>() {
        none if none.is_empty() => "all customers".to_owned(),
        parts => format!("customers: {}", parts.join("; ")),
    }
}

/// The number of poor customers of each CSM, among all customers of the day.
fn poor_of_team(all: &SelectedCompanies, day: Day) -> Result<BTreeMap<String, u64>> {
    let mut poor = BTreeMap::new();
    for values in all.values(&["csm", "health_band", "churned_on"])? {
        let Some(csm) = values[0].text().filter(|_| !has_churned(values[2], day)) else { continue };
        let is_poor = values[1].text().is_some_and(|band| band == Band::Poor.as_str());
        *poor.entry(csm.into_owned()).or_default() += u64::from(is_poor);
    }
    Ok(poor)
}
