use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use super::*;
use crate::store::Permissions;

/// The tables that are read for these attributes, without those that every query reads.
fn tables_read(names: &[&str]) -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    let mut store =
        Store::create_or_open(&folder.path().join("signals.db"), Permissions::Owner).unwrap();
    let catalogue = store.catalogue().unwrap();
    let read: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let noted = Arc::clone(&read);
    let note = move |context: AuthContext<'_>| {
        if let AuthAction::Read { table_name, .. } = context.action {
            noted.lock().unwrap().insert(table_name.to_owned());
        }
        Authorization::Allow
    };
    store.connection.flush_prepared_statement_cache();
    store.connection.authorizer(Some(note)).unwrap();
    let as_of = AsOf::at_present("2026-03-31".parse().unwrap(), "2026-04-01".parse().unwrap());
    store.attributes(&catalogue, names, as_of, Scope::All).unwrap();
    let mut tables = read.lock().unwrap().clone();
    tables.remove("companies");
    tables
}

#[test]
fn only_what_the_named_attributes_need_is_read() {
    let cases: [(&[&str], &[&str]); 14] = [
        (&["company_id"], &[]),
        (&["name", "csm", "seats_used"], &[]),
        (&["mrr", "days_to_renewal"], &["subscriptions"]),
        (&["tags"], &["company_tags"]),
        (&["churned_on"], &["customer_breaks"]),
        (&["bad_open_signals"], &["signals"]),
        (&["first_event_on"], &["day_counts"]),
        (&["days_as_customer"], &["customer_breaks"]),
        (&["nps_score", "nps_mean_90d"], &["nps_responses", "settings"]),
        (&["open_tickets"], &["settings", "tickets"]),
        (&["overdue_amount"], &["invoices", "settings"]),
        (&["days_since_touch"], &["people", "settings", "team", "touchpoints"]),
        (&["pulse"], &["pulses"]),
        (&["open_tasks"], &["task_history", "tasks"]),
    ];
    for (names, tables) in cases {
        assert_eq!(
            tables_read(names).iter().collect::<Vec<_>>(),
            tables.iter().collect::<Vec<_>>(),
            "{names:?}"
        );
    }
    assert!(tables_read(&["events_28d"]).contains("day_counts"));
    assert!(!tables_read(&["events_28d"]).contains("event_days"));
}
