//! The names of custom attributes: every column of a company file that we do not know becomes one.

/// The names of the catalogue of attributes (`docs/attributes.md`). A custom attribute may not have one of these.
#[rustfmt::skip]
pub const CATALOGUE: [&str; 91] = [
    "company_id", "name", "csm", "manager", "lifecycle_stage", "segment", "plan", "product", "mrr", "created_on",
    "crm_created_on", "renewal_on", "renewal_term_days", "payment_expires_on", "seats", "seats_used", "churned_on",
    "tags", "bad_open_signals", "bad_closed_signals", "good_open_signals", "good_closed_signals", "info_open_signals",
    "info_closed_signals", "bad_activity_signals_28d", "good_activity_signals_28d", "last_signal_on", "events_7d",
    "events_28d", "events_previous_28d", "events_change_28d_pct", "active_people_7d", "active_people_28d",
    "active_people_previous_28d", "active_people_change_28d_pct", "new_people_7d", "new_people_28d",
    "active_days_28d", "features_used_28d", "days_since_last_event", "first_event_on", "last_event_on",
    "days_since_created", "days_to_renewal", "days_to_payment_expiry", "seat_usage_pct", "nps_score",
    "nps_previous_score", "nps_change", "nps_category", "nps_responded_on", "days_since_nps", "nps_mean_90d",
    "nps_responses", "nps_promoters", "nps_passives", "nps_detractors", "nps_promoters_7d", "nps_passives_7d",
    "nps_detractors_7d", "open_tickets", "open_urgent_tickets", "tickets_28d", "tickets_previous_28d",
    "tickets_change_28d_pct", "closed_tickets_28d", "mean_resolution_hours_90d", "satisfaction_90d",
    "overdue_invoices", "overdue_amount", "days_since_touch", "days_since_reply", "unanswered_touches",
    "days_unanswered", "days_since_review", "days_since_executive_touch", "pulse", "pulse_label", "pulse_set_on",
    "days_since_pulse", "pulse_change_7d", "success_score", "health_score", "health_band", "health_change_7d",
    "health_change_28d", "health_main_driver", "open_tasks", "overdue_tasks", "goals_met", "goals_overdue",
];

/// The attribute that a column becomes: lower case, whatever is neither letter nor digit an underscore, and `custom_`
/// in front of a name that the catalogue has.
pub fn custom_name(header: &str) -> String {
    let kept = |char: char| if char.is_alphanumeric() { char } else { '_' };
    let name: String = header.trim().chars().flat_map(char::to_lowercase).map(kept).collect();
    if CATALOGUE.contains(&name.as_str()) { format!("custom_{name}") } else { name }
}

#[cfg(test)]
mod tests {
    use super::custom_name;

    #[test]
    fn names_follow_the_contract() {
        let cases = [
            ("Industry", "industry"),
            ("Country/Region", "country_region"),
            ("Number of  Employees", "number_of__employees"),
            ("ARR (USD)", "arr__usd_"),
            ("AccountLevel__c", "accountlevel__c"),
            ("Größe", "größe"),
            ("Tags", "custom_tags"),
            ("Health Score", "custom_health_score"),
            ("events_28d", "custom_events_28d"),
        ];
        for (header, name) in cases {
            assert_eq!(custom_name(header), name);
        }
    }
}
