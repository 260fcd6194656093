//! The condition rule: whether an expression over attributes holds, and whether to raise a signal.

use rustc_hash::{FxHashMap, FxHashSet};

use super::company::CompanyKey;
use super::customer::CustomerHistory;
use super::day::Day;
use super::evidence::{ConditionEvidence, Evidence};
use super::finding::{Admission, Evaluation, Finding, Skip};
use super::rule::ConditionRule;
use super::signal::{SignalId, SignalState};

/// The result of a condition for a company on a day, and the values it read.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ConditionFacts {
    /// For how many consecutive days up to this day the expression was true. Days beyond
    /// [`ConditionRule::for_days`] need not be checked. A null expression is not true.
    pub days_held: u16,
    /// What the signal would store.
    pub reading: ConditionEvidence,
}

/// The result of a condition for each company for which it is true.
pub(crate) type FactsByCompany = FxHashMap<CompanyKey, ConditionFacts>;

/// The latest signal that a condition rule raised for a company on or before the day, not counting
/// retracted ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LatestRaised {
    pub raised_on: Day,
    /// Whether it was open on the day.
    pub state: SignalState,
    /// The signal and the day on which it was last notified, if it may be repeated. Signals closed
    /// since are not repeated.
    pub reminder: Option<(SignalId, Day)>,
}

/// Signals that a condition rule raised before and that may hold back the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AlreadyRaised {
    /// For a rule without a key: the latest signal for each company.
    Latest(FxHashMap<CompanyKey, LatestRaised>),
    /// For a rule with a key: the values that have a signal, whatever the day it was raised on,
    /// because each value gets one signal.
    Keys(FxHashMap<CompanyKey, FxHashSet<String>>),
}

/// Applies a rule on `day` to all `customers`, in their order.
pub(crate) fn evaluate(
    rule: &ConditionRule,
    day: Day,
    customers: &[(CompanyKey, CustomerHistory)],
    admission: &Admission,
    facts: &FactsByCompany,
    raised: &AlreadyRaised,
) -> Evaluation {
    let mut evaluation = Evaluation::default();
    for (company, customer) in customers {
        if let Some(skip) = Skip::of(customer, day, admission.admits(*company)) {
            evaluation.skip(skip);
            continue;
        }
        evaluation.evaluated.push(*company);
        let has_held = |facts: &&ConditionFacts| {
            facts.days_held >= rule.for_days && was_customer(rule, day, customer)
        };
        let Some(facts) = facts.get(company).filter(has_held) else { continue };
        if let Some(signal) = due_again(rule, day, *company, raised) {
            evaluation.renewals.push((signal, facts.reading.clone()));
        }
        if !is_held_back(rule, day, *company, facts.reading.key.as_deref(), raised) {
            let evidence = Evidence::Condition(facts.reading.clone());
            evaluation
                .findings
                .push((*company, Finding { signal_type: rule.signal_type, evidence }));
        }
    }
    evaluation
}

/// Whether a company was a customer on all of the days on which a condition must have held. If not,
/// the rule raises nothing.
fn was_customer(rule: &ConditionRule, day: Day, customer: &CustomerHistory) -> bool {
    (1..i32::from(rule.for_days)).all(|before| Skip::of(customer, day - before, true).is_none())
}

/// The open signal to repeat, because the condition still holds and the cool-down has passed.
fn due_again(
    rule: &ConditionRule,
    day: Day,
    company: CompanyKey,
    raised: &AlreadyRaised,
) -> Option<SignalId> {
    let AlreadyRaised::Latest(latest) = raised else { return None };
    let latest = latest.get(&company).filter(|latest| latest.state == SignalState::Open)?;
    let is_due = |(_, told_on): &(SignalId, Day)| {
        *told_on < day && day - *told_on >= i32::from(rule.cooldown)
    };
    latest.reminder.filter(is_due).map(|(signal, _)| signal)
}

/// Whether an earlier signal, or a null key, prevents a true condition from raising a signal.
fn is_held_back(
    rule: &ConditionRule,
    day: Day,
    company: CompanyKey,
    key: Option<&str>,
    raised: &AlreadyRaised,
) -> bool {
    match raised {
        AlreadyRaised::Latest(latest) => latest.get(&company).is_some_and(|latest| {
            latest.state == SignalState::Open || day - latest.raised_on < i32::from(rule.cooldown)
        }),
        AlreadyRaised::Keys(keys) => key.is_none_or(|key| {
            keys.get(&company).is_some_and(|of_company| of_company.contains(key))
        }),
    }
}

/// One line of text that says what holds: `health_change_7d <= -10 (health_change_7d: -12)`.
pub(crate) fn describe(rule: &ConditionRule, reading: &ConditionEvidence) -> String {
    let values: Vec<String> =
        reading.values.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let when = rule.when.split_whitespace().collect::<Vec<_>>().join(" ");
    if values.is_empty() { when } else { format!("{when} ({})", values.join(", ")) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::customer::Break;
    use super::super::evidence::ReadValue;
    use super::super::signal::SignalType;
    use super::*;

    const ACME: CompanyKey = CompanyKey(1);

    fn day(number: i32) -> Day {
        "2026-03-01".parse::<Day>().unwrap() + number - 1
    }

    fn rule() -> ConditionRule {
        ConditionRule::new("seats > 5", SignalType::Bad)
    }

    fn held(days_held: u16, key: Option<&str>) -> FactsByCompany {
        let reading = ConditionEvidence { key: key.map(str::to_owned), values: BTreeMap::new() };
        FxHashMap::from_iter([(ACME, ConditionFacts { days_held, reading })])
    }

    fn latest(raised_on: i32, state: SignalState) -> AlreadyRaised {
        AlreadyRaised::Latest(FxHashMap::from_iter([(
            ACME,
            LatestRaised {
                raised_on: day(raised_on),
                state,
                reminder: Some((SignalId(1), day(raised_on))),
            },
        )]))
    }

    fn never() -> AlreadyRaised {
        AlreadyRaised::Latest(FxHashMap::default())
    }

    fn raises(
        rule: &ConditionRule,
        on: i32,
        facts: &FactsByCompany,
        raised: &AlreadyRaised,
    ) -> bool {
        let customers = [(ACME, CustomerHistory::default())];
        let found = evaluate(rule, day(on), &customers, &Admission::All, facts, raised);
        assert_eq!(found.evaluated, [ACME]);
        !found.findings.is_empty()
    }

    #[test]
    fn a_condition_that_is_not_true_raises_nothing() {
        assert!(raises(&rule(), 10, &held(1, None), &never()));
        assert!(!raises(&rule(), 10, &held(0, None), &never()));
        // False and null are both absent.
        assert!(!raises(&rule(), 10, &FactsByCompany::default(), &never()));
    }

    #[test]
    fn a_condition_must_hold_for_the_required_number_of_consecutive_days() {
        let three = ConditionRule { for_days: 3, ..rule() };
        let raised = [1, 2, 3, 4].map(|days| raises(&three, 10, &held(days, None), &never()));
        assert_eq!(raised, [false, false, true, true]);
    }

    #[test]
    fn days_on_which_a_company_is_skipped_do_not_count() {
        let three = ConditionRule { for_days: 3, ..rule() };
        let new = CustomerHistory { created_on: Some(day(10)), ..CustomerHistory::default() };
        let away = Break { churned_on: day(5), returned_on: Some(day(10)) };
        let back = CustomerHistory { breaks: vec![away], ..CustomerHistory::default() };
        for customer in [new, back] {
            let found = |on| {
                let customers = [(ACME, customer.clone())];
                evaluate(&three, day(on), &customers, &Admission::All, &held(3, None), &never())
                    .findings
                    .len()
            };
            assert_eq!([found(10), found(11), found(12)], [0, 0, 1], "{customer:?}");
        }
    }

    #[test]
    fn an_open_signal_and_the_cool_down_hold_back_the_next() {
        use SignalState::{Closed, Open};
        let cases = [
            // (cool-down, raised on, state, day, raises again)
            (30, 1, Open, 2, false),
            (30, 1, Closed, 2, false),
            (30, 1, Closed, 30, false),
            (30, 1, Closed, 31, true),
            (30, 1, Open, 31, false),
            (30, 1, Open, 300, false),
            (1, 1, Closed, 1, false),
            (1, 1, Closed, 2, true),
            (0, 1, Closed, 1, true),
            (0, 1, Open, 1, false),
        ];
        for (cooldown, on, state, today, expected) in cases {
            let rule = ConditionRule { cooldown, ..rule() };
            let raised = raises(&rule, today, &held(1, None), &latest(on, state));
            assert_eq!(raised, expected, "cool-down {cooldown}, {state} since {on}, day {today}");
        }
    }

    #[test]
    fn an_open_signal_is_repeated_after_the_cool_down() {
        use SignalState::{Closed, Open};
        let cases = [
            // (cool-down, last notified on, state, day, holds, repeated)
            (10, 1, Open, 10, true, false),
            (10, 1, Open, 11, true, true),
            (10, 1, Open, 40, true, true),
            (10, 1, Open, 11, false, false),
            (10, 1, Closed, 11, true, false),
            (0, 1, Open, 1, true, false),
            (0, 1, Open, 2, true, true),
        ];
        for (cooldown, on, state, today, holds, expected) in cases {
            let rule = ConditionRule { cooldown, ..rule() };
            let customers = [(ACME, CustomerHistory::default())];
            let facts = held(u16::from(holds), None);
            let found = evaluate(
                &rule,
                day(today),
                &customers,
                &Admission::All,
                &facts,
                &latest(on, state),
            );
            let told: Vec<SignalId> = found.renewals.iter().map(|(signal, _)| *signal).collect();
            let again = if expected { vec![SignalId(1)] } else { vec![] };
            assert_eq!(told, again, "cool-down {cooldown}, {state} since {on}, day {today}");
        }
    }

    #[test]
    fn with_a_key_there_is_one_signal_for_each_value() {
        let rule = ConditionRule { key: Some("renewal_on".into()), ..rule() };
        let told = FxHashSet::from_iter(["2026-06-01".to_owned()]);
        let raised = AlreadyRaised::Keys(FxHashMap::from_iter([(ACME, told)]));
        assert!(!raises(&rule, 10, &held(1, Some("2026-06-01")), &raised));
        assert!(raises(&rule, 10, &held(1, Some("2027-06-01")), &raised));
        assert!(!raises(&rule, 10, &held(1, None), &raised));
        assert!(!raises(&rule, 10, &held(0, Some("2027-06-01")), &raised));
        let none = AlreadyRaised::Keys(FxHashMap::default());
        assert!(raises(&rule, 10, &held(1, Some("2026-06-01")), &none));
        assert!(!raises(&rule, 10, &held(1, None), &none));
    }

    #[test]
    fn churned_and_future_companies_and_those_outside_the_where_are_skipped() {
        let away = Break { churned_on: day(5), returned_on: Some(day(12)) };
        let customers = [
            (CompanyKey(1), CustomerHistory { breaks: vec![away], ..CustomerHistory::default() }),
            (
                CompanyKey(2),
                CustomerHistory { created_on: Some(day(11)), ..CustomerHistory::default() },
            ),
            (CompanyKey(3), CustomerHistory::default()),
            (CompanyKey(4), CustomerHistory::default()),
        ];
        let admission = Admission::Only([1, 2, 4].map(CompanyKey).into_iter().collect());
        let facts: FactsByCompany = [1, 2, 3, 4]
            .map(|key| (CompanyKey(key), ConditionFacts { days_held: 1, ..Default::default() }))
            .into_iter()
            .collect();
        let found = |on| evaluate(&rule(), day(on), &customers, &admission, &facts, &never());
        let raised =
            |on| found(on).findings.iter().map(|(company, _)| company.0).collect::<Vec<_>>();
        assert_eq!(
            [raised(4), raised(10), raised(11), raised(12)],
            [vec![1, 4], vec![4], vec![2, 4], vec![1, 2, 4]]
        );
        assert_eq!(found(10).skipped[&Skip::Churned], 1);
        assert_eq!(found(10).skipped[&Skip::NotCreated], 1);
        assert_eq!(found(10).skipped[&Skip::Where], 1);
        assert_eq!(found(10).evaluated, [CompanyKey(4)]);
    }

    #[test]
    fn the_text_of_a_signal_has_the_values_that_were_read() {
        let values = BTreeMap::from([
            ("seats".to_owned(), ReadValue::Whole(7)),
            ("plan".to_owned(), ReadValue::Text("pro".into())),
            ("mrr".to_owned(), ReadValue::Null),
            ("seat_usage_pct".to_owned(), ReadValue::Number(200.0 / 3.0)),
        ]);
        let text = describe(
            &ConditionRule::new("seats > 5\n  OR mrr > 1", SignalType::Bad),
            &ConditionEvidence { key: None, values },
        );
        assert_eq!(
            text,
            "seats > 5 OR mrr > 1 (mrr: unknown, plan: pro, seat_usage_pct: 66.67, seats: 7)"
        );
    }

    #[test]
    fn a_number_has_at_most_two_decimals() {
        let cases = [
            (-33.333_333, "-33.33"),
            (50.0, "50"),
            (0.125, "0.13"),
            (-0.001, "0"),
            (1e15, "1000000000000000"),
        ];
        for (number, expected) in cases {
            assert_eq!(ReadValue::Number(number).to_string(), expected);
        }
    }
}
