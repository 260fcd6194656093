//! Subscriptions.

use anyhow::Result;

use super::{FactLoad, LoadableFact};
use crate::domain::company::CompanyKey;
use crate::domain::customer::{Standing, Subscription, to_the_cent};
use crate::domain::day::Day;
use crate::domain::interval::BillingInterval;
use crate::domain::lists::first_few;
use crate::import::{FactRow, Value};
use crate::load::cells::{required, update, update_fields};
use crate::load::{LoadError, RowResult, rejected};

impl LoadableFact for Subscription {
    type Identity = String;

    const IS_ONE_ROW_AN_ID: bool = true;

    fn of_row(
        row: &FactRow<'_>,
        stored: Option<Self>,
        facts: &mut FactLoad<'_>,
    ) -> RowResult<Self> {
        let started_on = required(row, "started_on")?;
        let id: String = required(row, "subscription_id")?;
        // The company comes last, because finding it may create one: only if the rest of the row is
        // valid.
        let mut subscription =
            stored.unwrap_or_else(|| Subscription::new(&id, CompanyKey(0), started_on));
        subscription.started_on = started_on;
        update_fields!(row => subscription: plan, product, seats, renews_on, ended_on,
            card_expires_on, status);
        price(row, &mut subscription, facts)?;
        check(&subscription)?;
        subscription.company = facts.company(row)?;
        let status = subscription.status.as_ref();
        let unknown = status.filter(|status| Standing::of(status).is_none());
        facts.unknown_statuses.extend(unknown.cloned());
        Ok(subscription)
    }

    fn identity(&self) -> String {
        self.subscription_id.clone()
    }

    fn day(&self) -> Option<Day> {
        Some(self.started_on)
    }

    fn saved(&self, old: Option<&Self>, facts: &mut FactLoad<'_>) -> Result<()> {
        facts.terms_changed.extend(old.map(|old| old.company));
        facts.terms_changed.insert(self.company);
        facts.texts.insert(self.subscription_id.clone(), self.company);
        Ok(())
    }
}

/// Refuses an end before the start, and a cancelled subscription without an end.
fn check(subscription: &Subscription) -> RowResult<()> {
    let Subscription { started_on, status, .. } = subscription;
    match subscription.end() {
        Some(end) if end < *started_on && subscription.has_effect() => {
            Err(rejected("ended_on", format!("{end} is before the start, {started_on}")))
        }
        None if status.as_deref().is_some_and(Standing::needs_an_end) => {
            let status = status.as_deref().unwrap_or_default();
            let reason = format!("'{status}', but neither ended_on nor renews_on says when");
            Err(rejected("status", reason))
        }
        _ => Ok(()),
    }
}

/// The monthly recurring revenue, from its own column or from an amount per interval, and the
/// length of the term.
fn price(
    row: &FactRow<'_>,
    subscription: &mut Subscription,
    facts: &mut FactLoad<'_>,
) -> RowResult<()> {
    let of = |text| BillingInterval::of(text).ok_or_else(|| not_an_interval(text));
    let interval = row.text("interval").map(of).transpose()?;
    let has = |name: &str| row.cells.iter().any(|(column, _)| *column == name);
    if has("interval") {
        subscription.term_days = interval.map(BillingInterval::days);
    }
    if has("mrr") || has("amount") {
        update(row, "mrr", &mut subscription.mrr);
        if let (None, Some(Value::Money(amount))) = (row.get("mrr"), row.get("amount")) {
            subscription.mrr = interval.map(|interval| amount / interval.months());
            facts.without_interval += u64::from(interval.is_none());
        } else if row.get("mrr").is_none() {
            subscription.mrr = None;
        }
    }
    subscription.mrr = subscription.mrr.map(to_the_cent);
    Ok(())
}

fn not_an_interval(text: &str) -> LoadError {
    let reason = format!(
        "'{text}' is not an interval; write a word or a number of days, weeks, months, quarters or years"
    );
    rejected("interval", reason)
}

/// Remarks for the user about the subscriptions of a file.
pub(super) fn remarks(facts: &FactLoad<'_>) -> Vec<String> {
    let mut remarks = Vec::new();
    if facts.without_interval > 0 {
        let count = facts.without_interval;
        let rows = if count == 1 { "row has" } else { "rows have" };
        remarks.push(format!(
            "{count} {rows} an amount but no interval, so no mrr: map a column to interval"
        ));
    }
    if !facts.unknown_statuses.is_empty() {
        let words = first_few(&facts.unknown_statuses);
        remarks.push(format!("status not known, taken as active: {words}"));
    }
    remarks
}
