//! From messages to what a server gets.

use std::collections::{HashMap, HashSet};

use anyhow::Result;

use super::content::{
    Content, ContractSummary, MOST_ITEMS, MOST_SIGNALS, NotifiedSignal, Overview,
};
use super::smtp::Mail;
use crate::domain::attributes::{AsOf, Datum};
use crate::domain::channel::Channel;
use crate::domain::company::CompanyKey;
use crate::domain::day::{Day, Instant};
use crate::domain::fact_kinds::TeamMember;
use crate::domain::notify::{Preferences, Purpose};
use crate::domain::signal::SignalType;
use crate::domain::trend::Windows;
use crate::store::{Message, Scope, SignalRecord, Store, ToldSignal};

/// A message ready for delivery.
pub(super) enum Parcel {
    Mail(Box<Mail>),
    Post(serde_json::Value),
    /// Cannot be delivered, for this reason.
    Stuck(String),
}

pub(super) fn parcel(store: &Store, message: &Message, now: Instant) -> Result<Parcel> {
    let team = store.team()?;
    let content = content(store, message, &team, now)?;
    match (message.channel, &message.person) {
        (Channel::Slack, _) => {
            let id = |member: &TeamMember| Some((member.name.clone(), member.slack_id.clone()?));
            Ok(Parcel::Post(content.slack(&team.iter().filter_map(id).collect::<Vec<_>>())))
        }
        (Channel::Email, person) => {
            let member = team.iter().find(|member| Some(&member.name) == person.as_ref());
            mail(&content, member, &message.message_id, now)
        }
    }
}

pub(super) fn mail(
    content: &Content,
    member: Option<&TeamMember>,
    message_id: &str,
    now: Instant,
) -> Result<Parcel> {
    let address = member.and_then(|member| Some((member.name.clone(), member.email.clone()?)));
    let Some(to) = address else {
        return Ok(Parcel::Stuck("the team file has no e-mail address".to_owned()));
    };
    Ok(Parcel::Mail(Box::new(Mail {
        to,
        subject: content.subject.clone(),
        text: content.text()?,
        html: content.html()?,
        message_id: message_id.to_owned(),
        date: now,
    })))
}

fn content(store: &Store, message: &Message, team: &[TeamMember], now: Instant) -> Result<Content> {
    let signals = store.signals_of_message(message.id)?;
    let companies: HashSet<CompanyKey> = signals.iter().map(|signal| signal.company).collect();
    let types = signals.iter().map(|signal| signal.signal_type).collect();
    let overview = Overview { types, companies: companies.len() };
    let (first, others) = signals.split_at(signals.len().min(MOST_ITEMS));
    let mut told = Vec::new();
    for ToldSignal { id, signal_type, .. } in first {
        let mut people = store.people_of_message(message.id, *id)?;
        people.retain(|name| wants(team, name, *signal_type, message.purpose));
        let mut tasks = store.tasks_of_signal(*id)?;
        tasks.retain(|task| task.closed.is_none());
        let Some(signal) = store.signal(*id)? else { continue };
        let stopped = stopped(store, &signal)?;
        told.push(NotifiedSignal { signal, tasks, people, stopped, contract: None });
    }
    group_by_company(&mut told);
    add_contracts(store, &mut told, now.day_in(store.zone()))?;
    let others = others.iter().take(MOST_SIGNALS - MOST_ITEMS);
    let others = others.filter_map(|other| store.signal(other.id).transpose());
    let others: Vec<SignalRecord> = others.collect::<Result<_>>()?;
    let (reader, link) = (message.person.as_deref(), store.company_link()?);
    Ok(Content::about(message.purpose, reader, &overview, &told, &others, link.as_ref()))
}

/// The people who were active in the earlier window of a trend and not in the later one.
fn stopped(store: &Store, signal: &SignalRecord) -> Result<Vec<String>> {
    let (Some(trend), Some(comparison)) =
        (signal.definition.logic.trend(), signal.evidence.comparison())
    else {
        return Ok(Vec::new());
    };
    let windows = Windows { observation: comparison.observation, decision: comparison.decision };
    let activity = store.company_activity(signal.company, &trend.watch(), &windows)?;
    let stopped = activity.people.into_iter().filter(|person| person.current == 0);
    Ok(stopped.filter_map(|person| person.person_id).collect())
}

/// Puts the signals of a company together, where its first one is.
fn group_by_company(told: &mut [NotifiedSignal]) {
    let mut places: HashMap<CompanyKey, usize> = HashMap::new();
    for (place, told) in told.iter().enumerate() {
        places.entry(told.signal.company).or_insert(place);
    }
    told.sort_by_key(|told| places[&told.signal.company]);
}

/// Adds to the first signal of each company what the company pays and when it renews.
fn add_contracts(store: &Store, told: &mut [NotifiedSignal], today: Day) -> Result<()> {
    let catalogue = store.catalogue()?;
    for of_company in told.chunk_by_mut(|a, b| a.signal.company == b.signal.company) {
        let company = of_company[0].signal.company;
        let names = ["mrr", "renewal_on"];
        let as_of = AsOf::at_present(today, today);
        let table = store.attributes(&catalogue, &names, as_of, Scope::One(company))?;
        let renews_on = match table.column("renewal_on")?.first() {
            Some(Datum::Day(day)) => Some(*day),
            _ => None,
        };
        let mrr = table.column("mrr")?.first().and_then(Datum::number);
        of_company[0].contract = Some(ContractSummary { mrr, renews_on });
    }
    Ok(())
}

/// Whether to mention somebody, because this message is what they want.
fn wants(team: &[TeamMember], name: &str, signal_type: SignalType, purpose: Purpose) -> bool {
    let preferences = team.iter().find(|member| member.name == name).map(Preferences::of);
    preferences.is_some_and(|preferences| match purpose {
        Purpose::Realtime => preferences.realtime.contains(&signal_type),
        Purpose::Reminder | Purpose::Retraction => true,
        Purpose::Digest => preferences.digest,
    })
}
