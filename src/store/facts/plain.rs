//! Kinds with an id whose tables have a column for each field.

use rusqlite::Row;
use rusqlite::types::Value;

use super::{Fact, FactTable, value};
use crate::domain::customer::Subscription;
use crate::domain::fact::FactIdentity;
use crate::domain::fact_kinds::{Person, TeamMember};
use crate::store::values::read_fields;

macro_rules! facts {
    ($type:ident in $table:literal by $id:literal, ordered by $order:literal:
     $($field:ident),+ $(; $column:ident = $method:ident)?) => {
        impl Fact for $type {
            fn table() -> FactTable {
                FactTable {
                    name: $table,
                    identity: FactIdentity::Id($id),
                    columns: vec![
                        $(stringify!($field).into(),)+
                        $(stringify!($column).into(),)?
                    ],
                    select: "f.*",
                    details: None,
                    order: $order.into(),
                }
            }

            fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
                read_fields!(row => $type: $($field),+)
            }

            fn values(&self) -> rusqlite::Result<Vec<Value>> {
                Ok(vec![$(value(&self.$field)?,)+ $(value(self.$method())?,)?])
            }
        }
    };
}

facts!(Person in "people" by "person_id", ordered by "person_id":
    person_id, company, name, email, role, created_on);

facts!(Subscription in "subscriptions" by "subscription_id", ordered by "started_on, subscription_id":
    subscription_id, company, started_on, plan, product, mrr, seats, renews_on, ended_on,
    card_expires_on, term_days, status; is_begun = has_effect);

facts!(TeamMember in "team" by "name", ordered by "name":
    name, role, email, slack_id, manager, realtime, digest, left_on);
