//! The facts of a report, as of its day and of the customers that are meant.
//!
//! Which companies are meant is decided once, as of the day of the report; what is told of earlier
//! days is told of these.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::Result;

use crate::context::Context;
use crate::domain::attributes::{AsOf, Datum};
use crate::domain::company::CompanyKey;
use crate::domain::day::Day;
use crate::domain::health::Band;
use crate::domain::loss::Loss;
use crate::domain::portfolio::Customer;
use crate::domain::pulse::Pulse;
use crate::domain::reason::ReasonKind;
use crate::domain::signal::SignalLife;
use crate::expression::Expression;
use crate::query::{ConditionOptions, Customers, Selection};
use crate::render::report::Head;
use crate::store::{Catalogue, Store};
use crate::views::reports::{
    COMPARED_WITH, Cancellation, Downsell, EarlierPulses, Losses, MONTHS, MonthStart, Portfolio,
    Snapshot,
};

/// The attributes that a report reads of every customer.
const NAMES: [&str; 15] = [
    "company_id",
    "name",
    "csm",
    "lifecycle_stage",
    "segment",
    "plan",
    "product",
    "mrr",
    "renewal_on",
    "churned_on",
    "bad_open_signals",
    "health_score",
    "health_band",
    "health_main_driver",
    "overdue_tasks",
];

/// What a report asks for.
pub struct Question<'s> {
    store: &'s Store,
    catalogue: Catalogue,
    conditions: Vec<Expression>,
    csm: Option<&'s str>,
    as_of: AsOf,
    filter: String,
}

impl<'s> Question<'s> {
    /// Reads the options.
    ///
    /// # Errors
    /// A day in the future, an expression that is none (exit 2); an unknown segment (exit 9).
    pub fn new(context: &Context, store: &'s Store, selection: &'s Selection) -> Result<Self> {
        let Selection { as_of, condition, csm } = selection;
        let catalogue = store.catalogue()?;
        let csm = csm.as_deref();
        let conditions = condition.conditions(store, &catalogue)?;
        let as_of = as_of.resolve(context, store)?;
        let filter = filter_words(condition, csm);
        Ok(Question { store, catalogue, conditions, csm, as_of, filter })
    }

    /// The day of the report.
    pub fn day(&self) -> Day {
        self.as_of.day
    }

    /// The customers of the day.
    pub fn portfolio(&self) -> Result<Portfolio> {
        let selected =
            Customers::select(self.store, &self.catalogue, &NAMES, &self.conditions, self.as_of)?;
        let mut pulses = current_pulses(self.store.all_pulses(self.as_of.last_entry())?);
        let mut customers = Vec::new();
        for (key, values) in selected.keys().into_iter().zip(selected.values(&NAMES)?) {
            if has_churned(values[9], self.day()) {
                continue;
            }
            customers.push(customer(key, &values, pulses.remove(&key)));
        }
        let poor_of_team = poor_of_team(&customers);
        customers
            .retain(|customer| self.csm.is_none_or(|csm| customer.csm.as_deref() == Some(csm)));
        let head = Head { as_of: self.day(), filter: self.filter.clone() };
        Ok(Portfolio { head, customers, poor_of_team })
    }

    /// All companies that are meant, those that have churned too.
    fn meant(&self) -> Result<HashSet<CompanyKey>> {
        let mut meant =
            Customers::select(self.store, &self.catalogue, &["csm"], &self.conditions, self.as_of)?;
        if let Some(csm) = self.csm {
            meant.keep("csm", csm)?;
        }
        Ok(meant.keys().into_iter().collect())
    }

    /// Who of them was a customer on an earlier day, with the value of an attribute if one is asked
    /// for.
    fn customers_on(
        &self,
        day: Day,
        meant: &HashSet<CompanyKey>,
        name: Option<&str>,
    ) -> Result<Vec<(CompanyKey, Option<f64>)>> {
        let names: Vec<&str> = std::iter::once("churned_on").chain(name).collect();
        let selected =
            Customers::select(self.store, &self.catalogue, &names, &[], AsOf::end_of(day))?;
        let rows = selected.keys().into_iter().zip(selected.values(&names)?);
        let present =
            rows.filter(|(key, values)| meant.contains(key) && !has_churned(values[0], day));
        Ok(present
            .map(|(key, values)| (key, values.get(1).and_then(|value| value.number())))
            .collect())
    }

    /// The customers of earlier days with their health scores, oldest first. The one place where
    /// the trend of scores is read.
    pub fn history(&self) -> Result<Vec<Snapshot>> {
        const WEEK: i32 = 7;
        let farthest = COMPARED_WITH.into_iter().max().unwrap_or_default();
        let meant = self.meant()?;
        let days = (1..=farthest / WEEK).rev().map(|weeks| self.day() - weeks * WEEK);
        let snapshot = |day| {
            let scores =
                self.customers_on(day, &meant, Some("health_score"))?.into_iter().collect();
            Ok(Snapshot { day, scores })
        };
        days.map(snapshot).collect()
    }

    /// The pulses of those who were customers on an earlier day.
    pub fn pulses_on(&self, day: Day) -> Result<EarlierPulses> {
        let pulses = current_pulses(self.store.all_pulses(Some(day))?);
        let present = self.customers_on(day, &self.meant()?, None)?;
        Ok(present
            .into_iter()
            .map(|(key, _)| (key, pulses.get(&key).map(|pulse| pulse.mark)))
            .collect())
    }

    /// Who left and who pays less, over the last months.
    pub fn losses(&self) -> Result<Losses> {
        let meant = self.meant()?;
        let mut months = Vec::new();
        let mut first = self.day().first_of_month();
        for _ in 0..MONTHS {
            let customers = self.customers_on(first.previous(), &meant, None)?.len() as u64;
            months.insert(0, MonthStart { first, customers });
            first = first.previous().first_of_month();
        }
        let from = months.first().map_or(self.day(), |month| month.first);
        let stated = self.store.losses_until(Some(self.day()))?;
        let downsells = stated
            .iter()
            .filter(|loss| {
                loss.kind == ReasonKind::Downsell
                    && loss.day >= from
                    && meant.contains(&loss.company)
            })
            .map(|loss| Downsell {
                day: loss.day,
                lost_mrr: loss.lost_mrr(),
                reason_codes: loss.reason_codes.clone(),
            })
            .collect();
        Ok(Losses { months, cancellations: self.cancellations(from, &meant, &stated)?, downsells })
    }

    fn cancellations(
        &self,
        from: Day,
        meant: &HashSet<CompanyKey>,
        stated: &[Loss],
    ) -> Result<Vec<Cancellation>> {
        let churns: HashMap<(CompanyKey, Day), &Loss> = stated
            .iter()
            .filter(|loss| loss.kind == ReasonKind::Churn)
            .map(|loss| ((loss.company, loss.day), loss))
            .collect();
        let mut cancellations = Vec::new();
        for (key, customer) in
            self.store.customers()?.into_iter().filter(|(key, _)| meant.contains(key))
        {
            let days = customer.breaks.iter().map(|away| away.churned_on);
            for day in days.filter(|day| (from..=self.day()).contains(day)) {
                let churn = churns.get(&(key, day));
                let mrr = match churn.and_then(|churn| churn.mrr_before) {
                    Some(mrr) => Some(mrr),
                    None => self.store.mrr_on(key, day.previous())?,
                };
                let reason_codes =
                    churn.map(|churn| churn.reason_codes.clone()).unwrap_or_default();
                cancellations.push(Cancellation { day, mrr, reason_codes });
            }
        }
        Ok(cancellations)
    }

    /// The signals of the customers, with what happened to them.
    pub fn signals(&self, portfolio: &Portfolio) -> Result<Vec<SignalLife>> {
        let present: HashSet<CompanyKey> =
            portfolio.customers.iter().map(|customer| customer.key).collect();
        let mut lives = self.store.signal_lives(self.as_of.last_entry())?;
        lives.retain(|life| present.contains(&life.company));
        Ok(lives)
    }
}

/// Which customers are meant, in words.
fn filter_words(condition: &ConditionOptions, csm: Option<&str>) -> String {
    let parts = [
        condition.segment.as_ref().map(|name| format!("segment {name}")),
        condition.condition.as_ref().map(|text| format!("where {}", text.trim())),
        csm.map(|name| format!("CSM {name}")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        "all customers".to_owned()
    } else {
        format!("customers: {}", parts.join("; "))
    }
}

/// Whether a company is no customer any more; a churn of a later day is none yet.
fn has_churned(churned_on: &Datum, day: Day) -> bool {
    matches!(churned_on, Datum::Day(churned) if *churned <= day)
}

/// The last pulse of each company; they come company by company and in order.
fn current_pulses(pulses: Vec<Pulse>) -> HashMap<CompanyKey, Pulse> {
    pulses.into_iter().map(|pulse| (pulse.company, pulse)).collect()
}

fn poor_of_team(customers: &[Customer]) -> BTreeMap<String, u64> {
    let mut poor = BTreeMap::new();
    for customer in customers {
        if let Some(csm) = &customer.csm {
            *poor.entry(csm.clone()).or_default() += u64::from(customer.band == Band::Poor);
        }
    }
    poor
}

/// A customer from the values of [`NAMES`].
fn customer(key: CompanyKey, values: &[&Datum], pulse: Option<Pulse>) -> Customer {
    let text = |place: usize| values[place].text().map(|text| text.into_owned());
    let band = values[12].text().and_then(|text| text.parse().ok());
    Customer {
        key,
        company_id: text(0).unwrap_or_default(),
        name: text(1),
        csm: text(2),
        stage: text(3),
        segment: text(4),
        plan: text(5),
        product: text(6),
        mrr: values[7].number(),
        renewal_on: if let Datum::Day(day) = values[8] { Some(*day) } else { None },
        score: values[11].number(),
        band: band.unwrap_or(Band::Unknown),
        driver: text(13),
        bad_open_signals: values[10].number().unwrap_or_default() as u64,
        overdue_tasks: values[14].number().unwrap_or_default() as u64,
        reason_codes: pulse.as_ref().map(|pulse| pulse.reason_codes.clone()).unwrap_or_default(),
        pulse: pulse.map(|pulse| pulse.mark),
    }
}
