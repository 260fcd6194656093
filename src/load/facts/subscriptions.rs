//! Subscriptions.

use anyhow::Result;

use super::{FactLoad, LoadableFact};
use crate::domain::company::CompanyKey;
use crate::domain::customer::{Standing, Subscription, to_the_cent};
use crate::domain::day::Day;
use crate::domain::interval::BillingInterval;
use crate::import::{FactRow, Value, Verdict};
use crate::load::cells::{day, money, required_day, required_text, text, whole};

impl LoadableFact for Subscription {
    type Identity = String;

    const IS_ONE_ROW_AN_ID: bool = true;

    fn of_row(
        row: &FactRow<'_>,
        stored: Option<Self>,
        facts: &mut FactLoad<'_>,
    ) -> Result<Result<Self, Verdict>> {
        let started_on = required_day(row, "started_on")?;
        let id = required_text(row, "subscription_id")?;
        // The company comes last, because finding it may create one: only if the rest of the row is
        // valid.
        let mut subscription =
            stored.unwrap_or_else(|| Subscription::new(&id, CompanyKey(0), started_on));
        subscription.started_on = started_on;
        text(row, "plan", &mut subscription.plan);
        text(row, "product", &mut subscription.product);
        whole(row, "seats", &mut subscription.seats);
        day(row, "renews_on", &mut subscription.renews_on);
        day(row, "ended_on", &mut subscription.ended_on);
        day(row, "card_expires_on", &mut subscription.card_expires_on);
        text(row, "status", &mut subscription.status);
        if let Err(verdict) = price(row, &mut subscription, facts) {
            return Ok(Err(verdict));
        }
        if let Err(verdict) = check(&subscription) {
            return Ok(Err(verdict));
        }
        subscription.company = match facts.company(row)? {
            Ok(company) => company,
            Err(verdict) => return Ok(Err(verdict)),
        };
        let status = subscription.status.as_ref();
        let unknown = status.filter(|status| Standing::of(status).is_none());
        facts.unknown_statuses.extend(unknown.cloned());
        Ok(Ok(subscription))
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
        facts.texts.push((self.subscription_id.clone(), self.company));
        Ok(())
    }
}

/// Refuses an end before the start, and a cancelled subscription without an end.
fn check(subscription: &Subscription) -> Result<(), Verdict> {
    let Subscription { started_on, status, .. } = subscription;
    let rejected = |column, reason| Err(Verdict::Rejected { column, reason });
    match subscription.end() {
        Some(end) if end < *started_on && subscription.has_effect() => {
            rejected("ended_on", format!("{end} is before the start, {started_on}"))
        }
        None if status.as_deref().is_some_and(Standing::needs_an_end) => {
            let status = status.as_deref().unwrap_or_default();
            rejected("status", format!("'{status}', but neither ended_on nor renews_on says when"))
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
) -> Result<(), Verdict> {
    let interval = match row.text("interval") {
        Some(text) => Some(BillingInterval::of(text).ok_or_else(|| not_an_interval(text))?),
        None => None,
    };
    if row.cells.iter().any(|(column, _)| *column == "interval") {
        subscription.term_days = interval.map(BillingInterval::days);
    }
    let has = |name: &str| row.cells.iter().any(|(column, _)| *column == name);
    if has("mrr") || has("amount") {
        money(row, "mrr", &mut subscription.mrr);
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

fn not_an_interval(text: &str) -> Verdict {
    let reason = format!(
        "'{text}' is not an interval; write a word or a number of days, weeks, months, quarters or years"
    );
    Verdict::Rejected { column: "interval", reason }
}

/// Remarks for the user about the subscriptions of a file.
pub(super) fn remarks(facts: &FactLoad<'_>) -> Vec<String> {
    let mut remarks = Vec::new();
    if facts.without_interval > 0 {
        let (count, rows) = (
            facts.without_interval,
            if facts.without_interval == 1 { "row has" } else { "rows have" },
        );
        remarks.push(format!(
            "{count} {rows} an amount but no interval, so no mrr: map a column to interval"
        ));
    }
    if !facts.unknown_statuses.is_empty() {
        let words: Vec<&str> = facts.unknown_statuses.iter().map(String::as_str).collect();
        remarks.push(format!("status not known, taken as active: {}", super::super::some(&words)));
    }
    remarks
}
