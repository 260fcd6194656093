//! When a company was a customer, and on which terms.

use super::company::{Company, CompanyKey};
use super::day::Day;

/// A period during which a company was not a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Break {
    /// The first day.
    pub churned_on: Day,
    /// The day on which it became a customer again; `None` while it has not.
    pub returned_on: Option<Day>,
}

impl Break {
    /// Whether the company was not a customer on `day`.
    pub(crate) fn covers(&self, day: Day) -> bool {
        self.churned_on <= day && self.returned_on.is_none_or(|returned| day < returned)
    }

    /// The part of it that had happened by the end of `day`.
    pub(crate) fn known_on(self, day: Day) -> Option<Break> {
        let returned_on = self.returned_on.filter(|returned| *returned <= day);
        (self.churned_on <= day).then_some(Break { returned_on, ..self })
    }
}

/// The facts about a company that every rule needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CustomerHistory {
    /// When it became a customer: as imports say, otherwise the start of its first subscription.
    pub created_on: Option<Day>,
    /// The day of its first event of any name; `None` without events.
    pub first_event: Option<Day>,
    /// The periods during which it was not a customer.
    pub breaks: Vec<Break>,
}

impl CustomerHistory {
    /// Whether it had churned by `day`.
    pub(crate) fn has_churned(&self, day: Day) -> bool {
        self.breaks.iter().any(|away| away.covers(day))
    }

    /// The first day of the period as a customer that contains `day`: the return from the latest
    /// churn that has ended by then, else the first event. `None` if the company is not a customer
    /// on that day, or has neither by then. Ignores churns and returns after the day.
    pub(crate) fn present_period(&self, day: Day) -> Option<Day> {
        if self.has_churned(day) {
            return None;
        }
        let returns = self.breaks.iter().filter_map(|away| away.returned_on);
        let latest = returns.filter(|returned| *returned <= day).max();
        latest.or(self.first_event.filter(|first| *first <= day))
    }

    /// Whether it is known to have become a customer only after `day`.
    pub(crate) fn is_yet_to_come(&self, day: Day) -> bool {
        self.created_on.is_some_and(|created| created > day)
    }

    /// The day from which a deadline is counted: when it became a customer, otherwise its first
    /// event.
    pub(crate) fn start(&self) -> Option<Day> {
        self.created_on.or(self.first_event)
    }
}

/// A subscription of a company.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Subscription {
    /// Its id.
    pub subscription_id: String,
    pub company: CompanyKey,
    /// The first day.
    pub started_on: Day,
    pub plan: Option<String>,
    pub product: Option<String>,
    pub mrr: Option<f64>,
    /// Seats paid for.
    pub seats: Option<i64>,
    /// When it renews.
    pub renews_on: Option<Day>,
    /// The first day after it has ended, if stated. See [`Subscription::end`].
    pub ended_on: Option<Day>,
    /// When the card that pays for it expires.
    pub card_expires_on: Option<Day>,
    /// The length of its term, in days.
    pub term_days: Option<i64>,
    /// Its status, in the words of the file. See [`Standing`].
    pub status: Option<String>,
}

/// What the status of a subscription means for its customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It runs until it ends.
    Runs,
    /// It is cancelled: it ends, or has ended, on its end date or otherwise on its renewal date.
    Ends,
    /// It is a trial: it runs free of charge.
    Trial,
    /// It never began and has no effect.
    NotBegun,
}

impl Standing {
    /// The meaning of a billing system's word; `None` for an unknown word.
    pub(crate) fn of(status: &str) -> Option<Standing> {
        let word: String = status
            .trim()
            .chars()
            .map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
            .collect();
        Some(match word.as_str() {
            "active" | "live" | "paused" | "past_due" | "unpaid" => Standing::Runs,
            "canceled" | "cancelled" | "expired" | "ended" | "non_renewing" | "pending_cancel" => {
                Standing::Ends
            }
            "trialing" | "trial" => Standing::Trial,
            "incomplete" | "incomplete_expired" | "future" | "draft" => Standing::NotBegun,
            _ => return None,
        })
    }

    /// Whether a subscription with this status must have an end date.
    pub(crate) fn needs_an_end(status: &str) -> bool {
        let word = status.trim().to_ascii_lowercase();
        ["canceled", "cancelled", "expired", "ended"].contains(&word.as_str())
    }
}

impl Subscription {
    /// A subscription without any other details.
    pub(crate) fn new(subscription_id: &str, company: CompanyKey, started_on: Day) -> Self {
        Subscription {
            subscription_id: subscription_id.to_owned(),
            company,
            started_on,
            plan: None,
            product: None,
            mrr: None,
            seats: None,
            renews_on: None,
            ended_on: None,
            card_expires_on: None,
            term_days: None,
            status: None,
        }
    }

    /// The meaning of its status; an unknown status means that it runs.
    pub(crate) fn standing(&self) -> Standing {
        self.status.as_deref().and_then(Standing::of).unwrap_or(Standing::Runs)
    }

    /// The first day after it has ended; for a cancelled one without an end date, the first day
    /// that was not paid for.
    pub(crate) fn end(&self) -> Option<Day> {
        match self.standing() {
            Standing::Ends => self.ended_on.or(self.renews_on),
            _ => self.ended_on,
        }
    }

    /// Whether it ever makes its company a customer.
    pub(crate) fn has_effect(&self) -> bool {
        self.standing() != Standing::NotBegun
    }

    /// Whether it runs on `day`.
    pub(crate) fn is_active(&self, day: Day) -> bool {
        self.has_effect() && self.started_on <= day && self.end().is_none_or(|ended| day < ended)
    }

    /// Its monthly revenue: 0 for a trial.
    fn revenue(&self) -> Option<f64> {
        if self.standing() == Standing::Trial { Some(0.0) } else { self.mrr }
    }
}

/// The breaks of a company, computed from stated churns and from its subscriptions, in order and
/// disjoint.
///
/// The company is not a customer between subscriptions and after the last one. After a stated churn
/// it is not a customer until a stated return or the start of a subscription, whichever comes
/// first.
pub(crate) fn breaks(stated: &[Break], subscriptions: &[Subscription]) -> Vec<Break> {
    let next_return =
        |churn: &Break| returns(stated, subscriptions).filter(|day| *day > churn.churned_on).min();
    let stated_return = |gap: &Break| {
        stated.iter().filter_map(|s| s.returned_on).filter(|day| *day >= gap.churned_on).min()
    };
    let churns = stated.iter().map(|churn| ended_by(churn, next_return(churn)));
    let gaps = gaps(subscriptions).into_iter().map(|gap| ended_by(&gap, stated_return(&gap)));
    let mut all: Vec<Break> =
        churns.chain(gaps).filter(|away| away.returned_on != Some(away.churned_on)).collect();
    all.sort();
    join(all)
}

/// The days of stated churns that a churn stated on `day` replaces: those without a return of their
/// own, and without any return in between.
pub(crate) fn moved_churns(stated: &[Break], subscriptions: &[Subscription], day: Day) -> Vec<Day> {
    let is_moved = |churn: &&Break| {
        let (first, last) = (churn.churned_on.min(day), churn.churned_on.max(day));
        churn.returned_on.is_none()
            && !returns(stated, subscriptions).any(|back| first < back && back <= last)
    };
    stated.iter().filter(is_moved).map(|churn| churn.churned_on).collect()
}

/// The days that end a break: stated returns and the starts of subscriptions.
fn returns(stated: &[Break], subscriptions: &[Subscription]) -> impl Iterator<Item = Day> {
    let starts = subscriptions.iter().filter(|s| s.has_effect()).map(|s| s.started_on);
    stated.iter().filter_map(|churn| churn.returned_on).chain(starts)
}

fn ended_by(away: &Break, returned_on: Option<Day>) -> Break {
    Break { returned_on: [away.returned_on, returned_on].into_iter().flatten().min(), ..*away }
}

/// A period in which subscriptions ran one after the other, without a gap.
struct Period {
    started_on: Day,
    ended_on: Option<Day>,
    is_trial: bool,
}

/// The periods after the first subscription in which none ran. The end of a period with only trials
/// is not a churn, because the company had not become a paying customer.
fn gaps(subscriptions: &[Subscription]) -> Vec<Break> {
    let periods = periods(subscriptions);
    let next_starts = periods.iter().skip(1).map(|next| Some(next.started_on)).chain([None]);
    let gap = |(period, returned_on): (&Period, Option<Day>)| {
        let churned_on = period.ended_on.filter(|_| !period.is_trial)?;
        Some(Break { churned_on, returned_on })
    };
    periods.iter().zip(next_starts).filter_map(gap).collect()
}

fn periods(subscriptions: &[Subscription]) -> Vec<Period> {
    let mut running: Vec<&Subscription> =
        subscriptions.iter().filter(|subscription| subscription.has_effect()).collect();
    running.sort_by_key(|subscription| subscription.started_on);
    let mut periods: Vec<Period> = Vec::new();
    for next in running {
        let is_trial = next.standing() == Standing::Trial;
        match periods.last_mut() {
            Some(last) if last.ended_on.is_none_or(|ended| next.started_on <= ended) => {
                last.ended_on = last.ended_on.zip(next.end()).map(|(one, other)| one.max(other));
                last.is_trial &= is_trial;
            }
            _ => {
                periods.push(Period { started_on: next.started_on, ended_on: next.end(), is_trial })
            }
        }
    }
    periods
}

/// Merges breaks that overlap or touch; the input is sorted.
fn join(breaks: Vec<Break>) -> Vec<Break> {
    let mut joined: Vec<Break> = Vec::new();
    for next in breaks {
        match joined.last_mut() {
            Some(last) if last.returned_on.is_none_or(|returned| next.churned_on <= returned) => {
                last.returned_on =
                    last.returned_on.zip(next.returned_on).map(|(one, other)| one.max(other));
            }
            _ => joined.push(next),
        }
    }
    joined
}

/// What subscriptions say about a company on a day.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Contract {
    /// The plan of the largest active subscription.
    pub plan: Option<String>,
    /// The product of the largest active subscription.
    pub product: Option<String>,
    /// The sum over the active ones; 0 if there are none.
    pub mrr: Option<f64>,
    /// The sum over the active ones; 0 if there are none.
    pub seats: Option<i64>,
    /// The earliest renewal among the active ones.
    pub renewal_on: Option<Day>,
    /// The earliest card expiry among the active ones.
    pub payment_expires_on: Option<Day>,
    /// The term of the subscription that gives `renewal_on`.
    pub renewal_term_days: Option<i64>,
}

/// What the subscriptions of a company say on `day`; `None` for a company without any, whose own
/// columns count. Each field is `None` if no active subscription states it.
pub(crate) fn contract(subscriptions: &[Subscription], day: Day) -> Option<Contract> {
    if !subscriptions.iter().any(Subscription::has_effect) {
        return None;
    }
    let mut active: Vec<&Subscription> =
        subscriptions.iter().filter(|s| s.is_active(day)).collect();
    if active.is_empty() {
        return Some(Contract { mrr: Some(0.0), seats: Some(0), ..Contract::default() });
    }
    active.sort_by(|a, b| {
        let by_mrr = b.revenue().unwrap_or(0.0).total_cmp(&a.revenue().unwrap_or(0.0));
        by_mrr.then_with(|| a.subscription_id.cmp(&b.subscription_id))
    });
    let renewing = active.iter().filter(|s| s.renews_on.is_some()).min_by_key(|s| s.renews_on);
    Some(Contract {
        plan: active.iter().find_map(|s| s.plan.clone()),
        product: active.iter().find_map(|s| s.product.clone()),
        mrr: sum(active.iter().map(|s| s.revenue())),
        seats: active.iter().filter_map(|s| s.seats).reduce(|a, b| a + b),
        renewal_on: renewing.and_then(|s| s.renews_on),
        payment_expires_on: active.iter().filter_map(|s| s.card_expires_on).min(),
        renewal_term_days: renewing.and_then(|s| s.term_days),
    })
}

/// An amount of money, rounded to the cent.
pub(crate) fn to_the_cent(amount: f64) -> f64 {
    // Adding 0 turns -0, the result of an empty sum, into 0.
    (amount * 100.0).round() / 100.0 + 0.0
}

/// The sum of the known amounts, to the cent; `None` if none is known.
fn sum(amounts: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let cents = amounts.flatten().map(|amount| (amount * 100.0).round()).reduce(|a, b| a + b);
    cents.map(|cents| cents / 100.0)
}

impl Company {
    /// Overrides fields with the values that the subscriptions active on `day` state. Subscriptions
    /// that begin later are not known on that day. A company without any other start date became a
    /// customer with its first subscription.
    pub(crate) fn apply_contract(&mut self, subscriptions: &[Subscription], day: Day) {
        let begun = subscriptions.iter().filter(|subscription| subscription.has_effect());
        let first = begun.map(|subscription| subscription.started_on).min();
        self.created_on = self.created_on.or(first);
        let begun: Vec<Subscription> =
            subscriptions.iter().filter(|s| s.started_on <= day).cloned().collect();
        let Some(contract) = contract(&begun, day) else { return };
        self.plan = contract.plan.or(self.plan.take());
        self.product = contract.product.or(self.product.take());
        self.mrr = contract.mrr.or(self.mrr);
        self.seats = contract.seats.or(self.seats);
        self.renewal_on = contract.renewal_on.or(self.renewal_on);
        self.payment_expires_on = contract.payment_expires_on.or(self.payment_expires_on);
        self.renewal_term_days = contract.renewal_term_days.or(self.renewal_term_days);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn subscription(id: &str, start: &str, end: Option<&str>) -> Subscription {
        Subscription { ended_on: end.map(day), ..Subscription::new(id, CompanyKey(1), day(start)) }
    }

    fn texts(breaks: &[Break]) -> Vec<String> {
        let returned = |b: &Break| b.returned_on.map_or("…".to_owned(), |day| day.to_string());
        breaks.iter().map(|b| format!("{} {}", b.churned_on, returned(b))).collect()
    }

    #[test]
    fn a_period_begins_with_the_latest_return_or_the_first_event() {
        let number = Day::from_number;
        let away = |churned, returned: Option<i32>| Break {
            churned_on: number(churned),
            returned_on: returned.map(number),
        };
        let customer = CustomerHistory {
            created_on: None,
            first_event: Some(number(10)),
            breaks: vec![away(20, Some(30)), away(40, None)],
        };
        let cases = [
            (9, None),
            (10, Some(10)),
            (19, Some(10)),
            (20, None),
            (29, None),
            (30, Some(30)),
            (39, Some(30)),
            (40, None),
        ];
        for (day, start) in cases {
            assert_eq!(customer.present_period(number(day)), start.map(number), "day {day}");
        }
        assert_eq!(CustomerHistory::default().present_period(number(10)), None);
        let back = CustomerHistory { breaks: vec![away(5, Some(8))], ..customer };
        let starts = [4, 7, 8, 9, 10].map(|day| back.present_period(number(day)));
        assert_eq!(starts, [None, None, Some(number(8)), Some(number(8)), Some(number(8))]);
    }

    #[test]
    fn a_company_is_not_a_customer_between_its_subscriptions_and_after_the_last() {
        type Case<'c> = (&'c [(&'c str, Option<&'c str>)], &'c [&'c str]);
        let cases: [Case<'_>; 5] = [
            (&[], &[]),
            (&[("2025-01-01", None)], &[]),
            (&[("2025-01-01", Some("2025-03-01"))], &["2025-03-01 …"]),
            (
                &[("2025-01-01", Some("2025-03-01")), ("2025-05-01", None)],
                &["2025-03-01 2025-05-01"],
            ),
            (
                // The second runs inside the first, and the third starts on the day on which the
                // first ends.
                &[
                    ("2025-01-01", Some("2025-06-01")),
                    ("2025-02-01", Some("2025-03-01")),
                    ("2025-06-01", Some("2025-07-01")),
                ],
                &["2025-07-01 …"],
            ),
        ];
        for (spans, expected) in cases {
            let subscriptions: Vec<_> =
                spans.iter().map(|(start, end)| subscription("s", start, *end)).collect();
            assert_eq!(texts(&breaks(&[], &subscriptions)), expected, "{spans:?}");
        }
    }

    #[test]
    fn a_subscription_runs_from_its_start_until_the_day_before_its_end() {
        let runs = |status: Option<&str>, on| {
            let status = status.map(str::to_owned);
            let whole = subscription("s", "2025-03-01", Some("2025-04-01"));
            Subscription { status, ..whole }.is_active(day(on))
        };
        let days = ["2025-02-28", "2025-03-01", "2025-03-31", "2025-04-01", "2025-04-02"];
        assert_eq!(days.map(|on| runs(None, on)), [false, true, true, false, false]);
        assert_eq!(days.map(|on| runs(Some("draft"), on)), [false; 5]);
    }

    #[test]
    fn a_status_says_whether_a_subscription_runs() {
        use Standing::{Ends, NotBegun, Runs, Trial};
        for (standing, words) in [
            (Some(Runs), &["active", "paused", "Past Due", "past_due", "unpaid"][..]),
            (Some(Ends), &["canceled", "Cancelled", "expired", "ended"]),
            (Some(Ends), &["non_renewing", "pending-cancel"]),
            (Some(Trial), &["trialing", " Trial "]),
            (Some(NotBegun), &["incomplete", "incomplete_expired", "future", "draft"]),
            (None, &["", "on hold"]),
        ] {
            for word in words {
                assert_eq!(Standing::of(word), standing, "{word}");
            }
        }
        let needs = ["Canceled ", "cancelled", "expired", "ended", "active", "non_renewing"];
        let must_end = needs.map(Standing::needs_an_end);
        assert_eq!(must_end, [true, true, true, true, false, false]);
    }

    #[test]
    fn a_cancelled_subscription_without_an_end_runs_until_its_renewal() {
        let end = |status: &str, ended_on: Option<&str>| {
            let subscription = Subscription {
                status: Some(status.to_owned()),
                renews_on: Some(day("2025-05-01")),
                ..subscription("s", "2025-01-01", ended_on)
            };
            subscription.end()
        };
        assert_eq!(end("canceled", None), Some(day("2025-05-01")));
        assert_eq!(end("canceled", Some("2025-03-01")), Some(day("2025-03-01")));
        assert_eq!(end("active", None), None);
    }

    #[test]
    fn a_trial_is_free() {
        let trial = Subscription {
            status: Some("trial".to_owned()),
            mrr: Some(100.0),
            seats: Some(5),
            ..subscription("s", "2025-01-01", None)
        };
        let found = contract(&[trial], day("2025-02-01")).unwrap();
        assert_eq!((found.mrr, found.seats), (Some(0.0), Some(5)));
    }

    #[test]
    fn a_subscription_that_has_not_begun_is_without_effect() {
        let draft = Subscription {
            status: Some("incomplete".into()),
            ..subscription("s", "2025-01-01", Some("2025-03-01"))
        };
        assert_eq!(texts(&breaks(&[], std::slice::from_ref(&draft))), [""; 0]);
        assert_eq!(contract(&[draft], day("2025-02-01")), None);
    }

    #[test]
    fn the_end_of_a_trial_is_no_churn_unless_it_was_paid_for_afterwards() {
        let trial = Subscription {
            status: Some("trialing".into()),
            ..subscription("t", "2025-01-01", Some("2025-02-01"))
        };
        let paid = subscription("s", "2025-02-01", Some("2025-03-01"));
        assert_eq!(texts(&breaks(&[], std::slice::from_ref(&trial))), [""; 0]);
        assert_eq!(texts(&breaks(&[], &[trial, paid])), ["2025-03-01 …"]);
    }

    #[test]
    fn an_amount_is_rounded_to_the_cent_and_zero_has_no_sign() {
        let texts = [2.345_1, -0.001, 0.0].map(|amount| to_the_cent(amount).to_string());
        assert_eq!(texts, ["2.35", "0", "0"]);
    }

    #[test]
    fn a_stated_churn_lasts_until_the_return_or_the_next_subscription() {
        let churn =
            |on, back: Option<&str>| Break { churned_on: day(on), returned_on: back.map(day) };
        assert_eq!(texts(&breaks(&[churn("2025-03-01", None)], &[])), ["2025-03-01 …"]);
        assert_eq!(
            texts(&breaks(&[churn("2025-03-01", Some("2025-04-01"))], &[])),
            ["2025-03-01 2025-04-01"]
        );
        let later = [subscription("s", "2025-05-01", None)];
        assert_eq!(texts(&breaks(&[churn("2025-03-01", None)], &later)), ["2025-03-01 2025-05-01"]);
        let ended = [subscription("s", "2025-01-01", Some("2025-03-10"))];
        assert_eq!(texts(&breaks(&[churn("2025-03-01", None)], &ended)), ["2025-03-01 …"]);
        // Only a later subscription makes it a customer again.
        let same_day = [subscription("s", "2025-03-01", None)];
        assert_eq!(texts(&breaks(&[churn("2025-03-01", None)], &same_day)), ["2025-03-01 …"]);
    }

    #[test]
    fn a_stated_return_ends_the_break_after_the_last_subscription() {
        let churn =
            |on, back: Option<&str>| Break { churned_on: day(on), returned_on: back.map(day) };
        let ended = |on| [subscription("s", "2025-01-01", Some(on))];
        let returned = [churn("2025-03-10", Some("2025-05-01"))];
        assert_eq!(texts(&breaks(&returned, &ended("2025-03-10"))), ["2025-03-10 2025-05-01"]);
        assert_eq!(texts(&breaks(&returned, &ended("2025-03-01"))), ["2025-03-01 2025-05-01"]);
        assert_eq!(
            texts(&breaks(&returned, &ended("2025-06-01"))),
            ["2025-03-10 2025-05-01", "2025-06-01 …"]
        );
        let at_once = [churn("2025-03-10", Some("2025-03-10"))];
        assert_eq!(texts(&breaks(&at_once, &ended("2025-03-10"))), [""; 0]);
        let again = [returned[0], churn("2025-04-01", None), churn("2025-07-01", None)];
        assert_eq!(texts(&breaks(&again, &[])), ["2025-03-10 2025-05-01", "2025-07-01 …"]);
    }

    #[test]
    fn a_churn_is_replaced_only_by_another_of_the_same_break() {
        let churn =
            |on, back: Option<&str>| Break { churned_on: day(on), returned_on: back.map(day) };
        let moved = |stated: &[Break], subscriptions: &[Subscription], on| {
            let days =
                moved_churns(stated, subscriptions, day(on)).into_iter().map(|day| day.to_string());
            days.collect::<Vec<_>>()
        };
        let first = [churn("2025-03-10", None)];
        assert_eq!(moved(&first, &[], "2025-03-01"), ["2025-03-10"]);
        assert_eq!(moved(&first, &[], "2025-09-01"), ["2025-03-10"]);
        assert_eq!(moved(&first, &[subscription("s", "2025-05-01", None)], "2025-09-01"), [""; 0]);
        assert_eq!(
            moved(&first, &[subscription("s", "2025-05-01", None)], "2025-04-30"),
            ["2025-03-10"]
        );
        // A subscription that starts on the day of the churn does not end it.
        assert_eq!(
            moved(&first, &[subscription("s", "2025-03-10", None)], "2025-09-01"),
            ["2025-03-10"]
        );
        let returned = [churn("2025-03-10", Some("2025-05-01")), churn("2025-09-01", None)];
        assert_eq!(moved(&returned, &[], "2025-03-10"), [""; 0]);
        assert_eq!(moved(&returned, &[], "2025-08-01"), ["2025-09-01"]);
    }

    #[test]
    fn a_break_covers_its_first_day_and_not_the_day_of_the_return() {
        let away = Break { churned_on: day("2025-03-01"), returned_on: Some(day("2025-04-01")) };
        let covered = ["2025-02-28", "2025-03-01", "2025-03-31", "2025-04-01"]
            .map(|text| away.covers(day(text)));
        assert_eq!(covered, [false, true, true, false]);
    }

    #[test]
    fn a_break_is_known_only_as_far_as_it_had_happened() {
        let away = Break { churned_on: day("2025-03-01"), returned_on: Some(day("2025-04-01")) };
        let open = Break { returned_on: None, ..away };
        let known = ["2025-02-28", "2025-03-01", "2025-03-31", "2025-04-01"]
            .map(|text| away.known_on(day(text)));
        assert_eq!(known, [None, Some(open), Some(open), Some(away)]);
    }

    #[test]
    fn the_contract_combines_the_active_subscriptions() {
        let small = Subscription {
            plan: Some("basic".into()),
            product: Some("core".into()),
            mrr: Some(100.10),
            seats: Some(5),
            renews_on: Some(day("2025-12-01")),
            term_days: Some(31),
            ..subscription("a", "2025-01-01", None)
        };
        let large = Subscription {
            plan: Some("pro".into()),
            mrr: Some(300.20),
            renews_on: Some(day("2026-01-01")),
            term_days: Some(365),
            card_expires_on: Some(day("2025-11-30")),
            ..subscription("b", "2025-02-01", None)
        };
        let over = Subscription {
            mrr: Some(1000.0),
            ..subscription("c", "2024-01-01", Some("2025-03-01"))
        };
        let found = contract(&[small, large, over], day("2025-03-01"));
        let expected = Contract {
            plan: Some("pro".into()),
            product: Some("core".into()),
            mrr: Some(400.30),
            seats: Some(5),
            renewal_on: Some(day("2025-12-01")),
            payment_expires_on: Some(day("2025-11-30")),
            renewal_term_days: Some(31),
        };
        assert_eq!(found, Some(expected));
    }

    #[test]
    fn without_an_active_subscription_nothing_is_paid() {
        let over = [subscription("c", "2024-01-01", Some("2025-03-01"))];
        let expected = Contract { mrr: Some(0.0), seats: Some(0), ..Contract::default() };
        assert_eq!(contract(&over, day("2025-03-01")), Some(expected));
        assert_eq!(contract(&[], day("2025-03-01")), None);
    }
}
