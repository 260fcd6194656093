//! The adoption rule: whether a company has done the intended thing in time.

use rustc_hash::FxHashMap;

use super::company::CompanyKey;
use super::customer::CustomerHistory;
use super::day::Day;
use super::evidence::{Adoption, Evidence};
use super::fact_kinds::Goal;
use super::finding::{Admission, Evaluation, Finding, Skip};
use super::rule::{AdoptionRule, Aim};
use super::signal::SignalType;

/// A goal of a company, and when its event first happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GoalProgress {
    pub goal: Goal,
    /// The day of the company's first such event, before or after any deadline.
    pub done_on: Option<Day>,
}

/// The facts that an adoption rule needs about all companies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AdoptionProgress {
    /// The day of each company's first event of one name.
    FirstUses(FxHashMap<CompanyKey, Day>),
    /// Each company's goals.
    Goals(FxHashMap<CompanyKey, Vec<GoalProgress>>),
}

/// What a rule has already raised for a company, on whatever day: each signal is raised only once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RaisedAdoption {
    pub signal_type: SignalType,
    /// The event, day and name of its goal; `None` if it is not about a goal.
    pub goal: Option<(String, Day, Option<String>)>,
}

/// Everything that an adoption rule has already raised.
pub(crate) type AdoptionsRaised = FxHashMap<CompanyKey, Vec<RaisedAdoption>>;

/// Applies a rule on `day` to all `customers`, in their order. Deadlines and first uses before
/// `earliest` raise nothing.
pub(crate) fn evaluate(
    rule: &AdoptionRule,
    day: Day,
    earliest: Option<Day>,
    customers: &[(CompanyKey, CustomerHistory)],
    admission: &Admission,
    progress: &AdoptionProgress,
    told: &AdoptionsRaised,
) -> Evaluation {
    let mut evaluation = Evaluation::default();
    for (company, customer) in customers {
        if let Some(skip) = Skip::of(customer, day, admission.admits(*company)) {
            evaluation.skip(skip);
            continue;
        }
        evaluation.evaluated.push(*company);
        let told = told.get(company).map_or(&[][..], Vec::as_slice);
        let raised = match progress {
            AdoptionProgress::FirstUses(first_uses) => {
                let adoption = first_use(rule, customer, first_uses.get(company).copied());
                adoption.map_or_else(Vec::new, |adoption| {
                    judge_first_use(&adoption, day, earliest, told)
                })
            }
            AdoptionProgress::Goals(goals) => {
                judge_goals(goals.get(company).map_or(&[][..], Vec::as_slice), day, earliest, told)
            }
        };
        evaluation.findings.extend(raised.into_iter().map(|finding| (*company, finding)));
    }
    evaluation
}

/// What a rule on an event expects of a customer; `None` for a rule on goals.
fn first_use(
    rule: &AdoptionRule,
    customer: &CustomerHistory,
    done_on: Option<Day>,
) -> Option<Adoption> {
    let Aim::Event { event, within } = &rule.aim else { return None };
    let started_on = customer.start();
    let due_on = started_on.zip(*within).map(|(start, days)| start + i32::from(days));
    Some(Adoption { event: event.clone(), is_goal: false, goal: None, started_on, due_on, done_on })
}

/// The signals about a first use, each raised once: a bad one when the deadline has passed, and a
/// good one when the event happens, however late.
fn judge_first_use(
    adoption: &Adoption,
    day: Day,
    earliest: Option<Day>,
    told: &[RaisedAdoption],
) -> Vec<Finding> {
    let is_told =
        |wanted| told.iter().any(|told| told.signal_type == wanted && told.goal.is_none());
    let is_missed = is_due(adoption.due_on, day, earliest) && !adoption.is_in_time();
    let is_done = is_due(adoption.done_on, day, earliest);
    let bad =
        (is_missed && !is_told(SignalType::Bad)).then(|| finding(SignalType::Bad, adoption, day));
    let good =
        (is_done && !is_told(SignalType::Good)).then(|| finding(SignalType::Good, adoption, day));
    bad.into_iter().chain(good).collect()
}

/// The signals about goals, one for each: good if it is reached in time, bad after its day has
/// passed. Identical goals get one signal each.
fn judge_goals(
    goals: &[GoalProgress],
    day: Day,
    earliest: Option<Day>,
    told: &[RaisedAdoption],
) -> Vec<Finding> {
    let mut told: Vec<&RaisedAdoption> = told.iter().collect();
    let mut findings = Vec::new();
    for GoalProgress { goal, done_on } in goals {
        let is_about = |told: &&RaisedAdoption| {
            let of = told.goal.as_ref();
            of.is_some_and(|(event, due, name)| {
                (event, due, name) == (&goal.event, &goal.due_on, &goal.name)
            })
        };
        if let Some(place) = told.iter().position(is_about) {
            told.swap_remove(place);
            continue;
        }
        let adoption = Adoption {
            event: goal.event.clone(),
            is_goal: true,
            goal: goal.name.clone(),
            started_on: None,
            due_on: Some(goal.due_on),
            done_on: *done_on,
        };
        findings.extend(judge_goal(&adoption, day, earliest));
    }
    findings
}

fn judge_goal(adoption: &Adoption, day: Day, earliest: Option<Day>) -> Option<Finding> {
    let (signal_type, decisive) = match adoption.is_in_time() {
        true => (SignalType::Good, adoption.done_on),
        false => (SignalType::Bad, adoption.due_on),
    };
    is_due(decisive, day, earliest).then(|| finding(signal_type, adoption, day))
}

/// Whether the deciding day, that of a first use or of a deadline, is on or before `day` and not
/// before `earliest`.
fn is_due(decisive: Option<Day>, day: Day, earliest: Option<Day>) -> bool {
    decisive.is_some_and(|decisive| {
        decisive <= day && earliest.is_none_or(|earliest| earliest <= decisive)
    })
}

/// A signal contains only what is known on `day`.
fn finding(signal_type: SignalType, adoption: &Adoption, day: Day) -> Finding {
    let done_on = adoption.done_on.filter(|done| *done <= day);
    Finding { signal_type, evidence: Evidence::Adoption(Adoption { done_on, ..adoption.clone() }) }
}

/// One line that says what happened: `no report_exported by 2026-03-15`.
pub(crate) fn describe(signal_type: SignalType, adoption: &Adoption) -> String {
    let Adoption { event, is_goal, goal, started_on, due_on, done_on } = adoption;
    let goal = match (is_goal, goal) {
        (true, Some(name)) => format!("goal '{name}': "),
        (true, None) => "goal: ".to_owned(),
        (false, _) => String::new(),
    };
    match (signal_type, done_on, due_on) {
        (SignalType::Good, Some(done), Some(due)) if done > due => {
            format!("{goal}first {event} on {done}, after the deadline of {due}")
        }
        (SignalType::Good, Some(done), Some(due)) => {
            format!("{goal}first {event} on {done}, due by {due}")
        }
        (SignalType::Good, Some(done), None) => format!("first {event} on {done}"),
        (_, _, Some(due)) => {
            let after = started_on
                .map(|start| format!(", {} days after the start", *due - start))
                .unwrap_or_default();
            format!("{goal}no {event} by {due}{after}")
        }
        _ => format!("{goal}{event}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::customer::Break;
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    /// A day of March 2026.
    fn march(number: i32) -> Day {
        day("2026-03-01") + number - 1
    }

    /// The day and type of each signal that the rule `--event E --within 7` raises when it is run
    /// on `days` of March, for a company that became a customer on 1 March and had the event first
    /// on `done`.
    fn types(done: Option<i32>, earliest: Option<i32>, days: &[i32]) -> Vec<(i32, SignalType)> {
        let rule = AdoptionRule {
            aim: Aim::Event { event: "E".into(), within: Some(7) },
            retroactive: false,
        };
        let customer = CustomerHistory { created_on: Some(march(1)), ..CustomerHistory::default() };
        let progress = AdoptionProgress::FirstUses(
            done.map(|done| (CompanyKey(1), march(done))).into_iter().collect(),
        );
        replay(&rule, &customer, &progress, earliest, days)
    }

    fn replay(
        rule: &AdoptionRule,
        customer: &CustomerHistory,
        progress: &AdoptionProgress,
        earliest: Option<i32>,
        days: &[i32],
    ) -> Vec<(i32, SignalType)> {
        let customers = [(CompanyKey(1), customer.clone())];
        let mut told = AdoptionsRaised::default();
        let mut types = Vec::new();
        for number in days {
            let earliest = earliest.map(march);
            let found = evaluate(
                rule,
                march(*number),
                earliest,
                &customers,
                &Admission::All,
                progress,
                &told,
            );
            for (company, finding) in found.findings {
                let Evidence::Adoption(adoption) = finding.evidence else { panic!("no adoption") };
                let goal = adoption
                    .is_goal
                    .then(|| (adoption.event, adoption.due_on.unwrap(), adoption.goal));
                told.entry(company)
                    .or_default()
                    .push(RaisedAdoption { signal_type: finding.signal_type, goal });
                types.push((*number, finding.signal_type));
            }
        }
        types
    }

    #[test]
    fn a_first_use_is_good_once_and_a_missed_deadline_bad_once() {
        use SignalType::{Bad, Good};
        // The deadline is 8 March.
        type Case<'c> = (Option<i32>, &'c [i32], &'c [(i32, SignalType)]);
        let cases: [Case<'_>; 8] = [
            (Some(5), &[4, 5, 6, 8, 9], &[(5, Good)]),
            (Some(8), &[7, 8, 9], &[(8, Good)]),
            (Some(9), &[7, 8, 9, 10], &[(8, Bad), (9, Good)]),
            (None, &[7, 8, 9, 10], &[(8, Bad)]),
            // Runs are missing around the deadline.
            (None, &[7, 12, 13], &[(12, Bad)]),
            (Some(10), &[7, 12, 13], &[(12, Bad), (12, Good)]),
            (Some(10), &[7, 9, 12], &[(9, Bad), (12, Good)]),
            // Done before the company became a customer.
            (Some(-3), &[1, 8], &[(1, Good)]),
        ];
        for (done, days, expected) in cases {
            assert_eq!(types(done, None, days), expected, "done {done:?}, run {days:?}");
        }
    }

    #[test]
    fn deadlines_before_the_first_run_raise_nothing() {
        use SignalType::{Bad, Good};
        assert_eq!(types(Some(5), Some(6), &[6, 7, 8, 9]), []);
        assert_eq!(types(Some(6), Some(6), &[6, 7, 8, 9]), [(6, Good)]);
        assert_eq!(types(None, Some(9), &[9, 10]), []);
        assert_eq!(types(None, Some(8), &[8, 9]), [(8, Bad)]);
        // The deadline is before the first run, the late use is not.
        assert_eq!(types(Some(10), Some(9), &[9, 10]), [(10, Good)]);
    }

    #[test]
    fn a_signal_raised_on_a_later_day_is_not_raised_again_on_an_earlier_one() {
        assert_eq!(types(Some(5), None, &[9, 5, 6]), [(9, SignalType::Good)]);
    }

    #[test]
    fn the_start_is_the_creation_otherwise_the_first_event() {
        let rule = AdoptionRule {
            aim: Aim::Event { event: "E".into(), within: Some(7) },
            retroactive: false,
        };
        let none = AdoptionProgress::FirstUses(FxHashMap::default());
        let days: Vec<i32> = (1..=31).collect();
        let of = |customer: &CustomerHistory| replay(&rule, customer, &none, None, &days);
        let both = CustomerHistory {
            created_on: Some(march(3)),
            first_event: Some(march(1)),
            breaks: Vec::new(),
        };
        assert_eq!(of(&both), [(10, SignalType::Bad)]);
        assert_eq!(
            of(&CustomerHistory { created_on: None, ..both.clone() }),
            [(8, SignalType::Bad)]
        );
        assert_eq!(of(&CustomerHistory::default()), []);
        let churned = vec![Break { churned_on: march(10), returned_on: Some(march(20)) }];
        assert_eq!(of(&CustomerHistory { breaks: churned, ..both }), [(20, SignalType::Bad)]);
    }

    #[test]
    fn without_a_deadline_only_good_signals_are_raised() {
        let rule = AdoptionRule {
            aim: Aim::Event { event: "E".into(), within: None },
            retroactive: false,
        };
        let customer = CustomerHistory { created_on: Some(march(1)), ..CustomerHistory::default() };
        let days: Vec<i32> = (1..=31).collect();
        let done = AdoptionProgress::FirstUses(FxHashMap::from_iter([(CompanyKey(1), march(30))]));
        assert_eq!(replay(&rule, &customer, &done, None, &days), [(30, SignalType::Good)]);
        let other = AdoptionProgress::FirstUses(FxHashMap::from_iter([(CompanyKey(2), march(30))]));
        assert_eq!(replay(&rule, &customer, &other, None, &days), []);
    }

    #[test]
    fn a_goal_has_one_signal() {
        use SignalType::{Bad, Good};
        let rule = AdoptionRule { aim: Aim::Goals { event: None }, retroactive: false };
        let goals = |goals: &[(i32, Option<i32>)]| {
            let progress = goals.iter().map(|(due, done)| GoalProgress {
                goal: Goal {
                    company: CompanyKey(1),
                    event: "E".into(),
                    due_on: march(*due),
                    name: None,
                },
                done_on: done.map(march),
            });
            AdoptionProgress::Goals(FxHashMap::from_iter([(CompanyKey(1), progress.collect())]))
        };
        let days: Vec<i32> = (1..=31).collect();
        let of = |list, earliest| {
            replay(&rule, &CustomerHistory::default(), &goals(list), earliest, &days)
        };
        assert_eq!(of(&[(10, Some(10))], None), [(10, Good)]);
        assert_eq!(of(&[(10, Some(4))], None), [(4, Good)]);
        assert_eq!(of(&[(10, Some(11))], None), [(10, Bad)]);
        assert_eq!(of(&[(10, None)], None), [(10, Bad)]);
        assert_eq!(of(&[(10, Some(12)), (20, Some(12))], None), [(10, Bad), (12, Good)]);
        // Identical goals get one signal each.
        assert_eq!(of(&[(10, None), (10, None)], None), [(10, Bad), (10, Bad)]);
        // A goal that was reached before the first run raises nothing, neither good nor bad.
        assert_eq!(of(&[(10, Some(4))], Some(5)), []);
        assert_eq!(of(&[(4, None), (4, Some(6)), (5, None)], Some(5)), [(5, Bad)]);
    }

    #[test]
    fn a_signal_about_a_missed_deadline_keeps_no_later_use() {
        let adoption = Adoption {
            event: "export".into(),
            is_goal: false,
            goal: None,
            started_on: Some(march(1)),
            due_on: Some(march(15)),
            done_on: Some(march(21)),
        };
        let done_on = |day| {
            let found = finding(SignalType::Bad, &adoption, day);
            found.evidence.adoption().unwrap().done_on
        };
        assert_eq!([done_on(march(20)), done_on(march(21))], [None, Some(march(21))]);
    }

    #[test]
    fn a_signal_says_only_what_had_happened_by_its_day() {
        let text = |signal_type, due: Option<i32>, done: Option<i32>| {
            let adoption = Adoption {
                event: "export".into(),
                is_goal: false,
                goal: None,
                started_on: Some(march(1)),
                due_on: due.map(march),
                done_on: done.map(march),
            };
            let found = finding(signal_type, &adoption, march(20));
            describe(signal_type, found.evidence.adoption().unwrap())
        };
        use SignalType::{Bad, Good};
        assert_eq!(text(Good, Some(15), Some(9)), "first export on 2026-03-09, due by 2026-03-15");
        assert_eq!(text(Good, Some(9), Some(9)), "first export on 2026-03-09, due by 2026-03-09");
        assert_eq!(
            text(Good, Some(8), Some(9)),
            "first export on 2026-03-09, after the deadline of 2026-03-08"
        );
        assert_eq!(text(Good, None, Some(9)), "first export on 2026-03-09");
        assert_eq!(
            text(Bad, Some(15), Some(25)),
            "no export by 2026-03-15, 14 days after the start"
        );
        let goal = Adoption {
            event: "export".into(),
            is_goal: true,
            goal: Some("Go live".into()),
            started_on: None,
            due_on: Some(march(15)),
            done_on: None,
        };
        assert_eq!(describe(Bad, &goal), "goal 'Go live': no export by 2026-03-15");
    }
}
