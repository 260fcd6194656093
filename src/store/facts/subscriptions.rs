//! Subscriptions.

use rusqlite::Row;
use rusqlite::types::Value;

use super::{Fact, FactTable, columns, values};
use crate::domain::customer::Subscription;
use crate::domain::fact::FactIdentity;

impl Fact for Subscription {
    fn table() -> FactTable {
        FactTable {
            name: "subscriptions",
            identity: FactIdentity::Id("subscription_id"),
            columns: columns(&[
                "subscription_id",
                "company",
                "started_on",
                "plan",
                "product",
                "mrr",
                "seats",
                "renews_on",
                "ended_on",
                "card_expires_on",
                "term_days",
                "status",
                "is_begun",
            ]),
            select: "f.*",
            details: None,
            order: "started_on, subscription_id".into(),
        }
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Subscription {
            subscription_id: row.get("subscription_id")?,
            company: row.get("company")?,
            started_on: row.get("started_on")?,
            plan: row.get("plan")?,
            product: row.get("product")?,
            mrr: row.get("mrr")?,
            seats: row.get("seats")?,
            renews_on: row.get("renews_on")?,
            ended_on: row.get("ended_on")?,
            card_expires_on: row.get("card_expires_on")?,
            term_days: row.get("term_days")?,
            status: row.get("status")?,
        })
    }

    fn values(&self) -> rusqlite::Result<Vec<Value>> {
        values![
            self.subscription_id,
            self.company.0,
            self.started_on,
            self.plan,
            self.product,
            self.mrr,
            self.seats,
            self.renews_on,
            self.ended_on,
            self.card_expires_on,
            self.term_days,
            self.status,
            self.has_effect(),
        ]
    }
}
