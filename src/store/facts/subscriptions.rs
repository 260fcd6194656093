//! Subscriptions.

use rusqlite::Row;
use rusqlite::types::Value;

use super::super::values::read_fields;
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
        read_fields!(row => Subscription: subscription_id, company, started_on, plan, product, mrr,
            seats, renews_on, ended_on, card_expires_on, term_days, status)
    }

    fn values(&self) -> rusqlite::Result<Vec<Value>> {
        values![
            self.subscription_id,
            self.company,
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
