//! The customers of a day, with what reports and the agenda need.

use anyhow::Result;
use rustc_hash::FxHashMap;

use super::SelectedCompanies;
use crate::domain::attributes::{AsOf, Datum};
use crate::domain::company::CompanyKey;
use crate::domain::day::Day;
use crate::domain::health::Band;
use crate::domain::portfolio::Customer;
use crate::domain::pulse::Pulse;
use crate::expression::Expression;
use crate::store::{Catalogue, OpenSignal, Store};

/// The attributes that [`present_customers`] reads.
pub(crate) const PORTFOLIO: [&str; 16] = [
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
    "health_change_28d",
];

/// The companies that meet the conditions and have not churned by the day, ordered by id. `held` has
/// the number of bad signals that hold, by company.
pub(crate) fn portfolio(
    store: &Store,
    catalogue: &Catalogue,
    conditions: &[Expression],
    as_of: AsOf,
    held: &FxHashMap<CompanyKey, u64>,
) -> Result<Vec<Customer>> {
    let selected = SelectedCompanies::select(store, catalogue, &PORTFOLIO, conditions, as_of)?;
    present_customers(store, &selected, as_of, held)
}

/// The companies of a selection that have not churned by the day, ordered by id. The selection must
/// have the attributes of [`PORTFOLIO`].
pub(crate) fn present_customers(
    store: &Store,
    selected: &SelectedCompanies,
    as_of: AsOf,
    held: &FxHashMap<CompanyKey, u64>,
) -> Result<Vec<Customer>> {
    let mut pulses = current_pulses(store.all_pulses(as_of.last_entry())?);
    let mut customers = Vec::new();
    for (key, values) in selected.keys().into_iter().zip(selected.values(&PORTFOLIO)?) {
        if !has_churned(values[9], as_of.day) {
            let held = held.get(&key).copied().unwrap_or_default();
            customers.push(customer(key, &values, pulses.remove(&key), held));
        }
    }
    Ok(customers)
}

/// The signals, by company, that are open now and not snoozed, or that were open at the end of a
/// day.
pub(crate) fn open_signals(
    store: &Store,
    until: Option<Day>,
    today: Day,
) -> Result<FxHashMap<CompanyKey, Vec<OpenSignal>>> {
    let mut by_company: FxHashMap<CompanyKey, Vec<OpenSignal>> = FxHashMap::default();
    for signal in store.open_signals(until, today)? {
        by_company.entry(signal.company).or_default().push(signal);
    }
    Ok(by_company)
}

/// Whether a company has churned by the day; a later churn does not count yet.
pub(crate) fn has_churned(churned_on: &Datum, day: Day) -> bool {
    matches!(churned_on, Datum::Day(churned) if *churned <= day)
}

/// The last pulse of each company, from pulses ordered by company and time.
pub(crate) fn current_pulses(pulses: Vec<Pulse>) -> FxHashMap<CompanyKey, Pulse> {
    pulses.into_iter().map(|pulse| (pulse.company, pulse)).collect()
}

/// Creates a customer from the values of [`PORTFOLIO`].
fn customer(
    key: CompanyKey,
    values: &[&Datum],
    pulse: Option<Pulse>,
    bad_signals_that_hold: u64,
) -> Customer {
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
        churned_on: if let Datum::Day(day) = values[9] { Some(*day) } else { None },
        score: values[11].number(),
        score_change: values[15].number(),
        band: band.unwrap_or(Band::Unknown),
        driver: text(13),
        bad_open_signals: values[10].number().unwrap_or_default() as u64,
        bad_signals_that_hold,
        overdue_tasks: values[14].number().unwrap_or_default() as u64,
        reason_codes: pulse.as_ref().map(|pulse| pulse.reason_codes.clone()).unwrap_or_default(),
        pulse: pulse.map(|pulse| pulse.mark),
    }
}
