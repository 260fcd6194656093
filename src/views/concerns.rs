//! Why a customer needs attention, in words, for the agenda and the dashboard.

use crate::domain::portfolio::{AtStake, Concern, Customer};
use crate::domain::pulse::PulseMark;
use crate::render::counted;
use crate::render::report::Cell;

pub(crate) fn all(at_stake: &AtStake) -> Vec<String> {
    at_stake.concerns.iter().map(|concern| words(&at_stake.customer, concern)).collect()
}

fn words(customer: &Customer, concern: &Concern) -> String {
    let days = |days: i32| counted(days.unsigned_abs().into(), "day", "days");
    match concern {
        Concern::RenewsIn(0) => "renewal today".to_owned(),
        Concern::RenewsIn(left) => format!("renewal in {}", days(*left)),
        Concern::RenewalOverdue(late) => format!("renewal overdue by {}", days(*late)),
        Concern::Pulse(PulseMark { level, day, .. }) => match customer.reason_codes.join(", ") {
            codes if codes.is_empty() => format!("pulse {level} since {day}"),
            codes => format!("pulse {level} since {day} ({codes})"),
        },
        Concern::Poor(_) => match &customer.driver {
            Some(driver) => format!("poor health, mainly {driver}"),
            None => "poor health".to_owned(),
        },
        Concern::Fell(points) => {
            format!("health fell by {} in 28 days", Cell::Number(*points).text())
        }
        Concern::BadSignals(1) => "1 signal that still holds".to_owned(),
        Concern::BadSignals(count) => format!("{count} signals that still hold"),
        Concern::OverdueTasks(count) => counted(*count, "overdue task", "overdue tasks"),
    }
}
