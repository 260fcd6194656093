use std::collections::{BTreeMap, HashSet};

use super::*;
use crate::domain::playbook;
use crate::domain::rule::{Against, RuleMeasure as Measured, Watch};

fn preset(text: &str) -> Preset {
    toml::from_str(&format!(
        "name = \"p\"\nsource = \"s\"\npurpose = \"w\"\nplaybook = \"renewal\"\n{text}"
    ))
    .unwrap()
}

fn condition() -> Preset {
    preset(
        "event = \"needed\"\nmanagers = true\nsays = \"{metric:time} {event}, every {every|other:day}\"\n\
         rule = { kind = \"condition\", type = \"info\", when = \"{metric} < {every}\", key = \"k\", for = 3, every = 90, metric_days = 28 }",
    )
}

const ABOUT: Choice<'_> = Choice { event: Some("Report: é"), within: None, every: None };

#[test]
fn a_condition_is_filled_in_with_the_users_choices() {
    let expected = Rule {
        playbook: Some("renewal".into()),
        managers: true,
        ..Rule::new(
            "p:Report: é",
            RuleLogic::Condition(ConditionRule {
                key: Some("k".into()),
                for_days: 3,
                ..ConditionRule::new("p_Report___ < 90", SignalType::Info)
            }),
        )
    };
    assert_eq!(condition().rule(&ABOUT), Some(expected));
    let every = Choice { every: Some(7), ..ABOUT };
    assert_eq!(condition().when(&every), Some("p_Report___ < 7".into()));
    let metric = condition().metric("Report: é").unwrap();
    assert_eq!(
        (metric.name.as_str(), metric.definition.to_string().as_str()),
        ("p_Report___", "Report: é: events in the last 28 days")
    );
}

#[test]
fn a_trend_rule_is_named_after_its_event_and_an_adoption_rule_also_after_its_preset() {
    let trend = preset(
        "event = \"needed\"\nrule = { kind = \"trend\", min_events = 20, max_chance = 0.01 }",
    );
    let rule = trend.rule(&ABOUT).unwrap();
    assert_eq!(rule.name, "Report: é");
    let watched = TrendRule {
        min_events: Some(20),
        max_chance: Some(0.01),
        ..TrendRule::of_event("Report: é")
    };
    assert_eq!(rule.logic.trend(), Some(&watched));

    let adoption = preset("event = \"needed\"\nrule = { kind = \"adoption\", deadline = true }");
    assert_eq!(adoption.rule(&ABOUT), None, "the deadline is missing");
    let rule = adoption.rule(&Choice { within: Some(14), ..ABOUT }).unwrap();
    assert_eq!(rule.name, "p:Report: é");
    assert_eq!(
        rule.logic.adoption().unwrap().aim,
        Aim::Event { event: "Report: é".into(), within: Some(14) }
    );

    let goals = preset("event = \"possible\"\nrule = { kind = \"adoption\", goals = true }");
    let [all, some] = [Choice::default(), ABOUT].map(|choice| goals.rule(&choice).unwrap());
    assert_eq!((all.name.as_str(), some.name.as_str()), ("p", "p:Report: é"));
    assert_eq!(all.logic.adoption().unwrap().aim, Aim::Goals { event: None });
}

#[test]
fn unused_options_of_a_preset_are_reported() {
    let plain = preset("rule = { kind = \"condition\", type = \"bad\", when = \"seats > 1\" }");
    let first_use = preset("event = \"needed\"\nrule = { kind = \"adoption\" }");
    let due = preset("event = \"needed\"\nrule = { kind = \"adoption\", deadline = true }");
    let every_so_often = condition();
    let cases = [
        (&due, Choice { within: Some(1), ..ABOUT }, None),
        (&due, Choice { every: Some(1), ..ABOUT }, Some("does not take --every")),
        (&every_so_often, Choice { every: Some(1), ..ABOUT }, None),
        (&plain, Choice::default(), None),
        (&plain, ABOUT, Some("does not take --event")),
        (&plain, Choice { within: Some(1), ..Choice::default() }, Some("no deadline")),
        (&plain, Choice { every: Some(1), ..Choice::default() }, Some("does not take --every")),
        (&first_use, Choice::default(), Some("needs --event EVENT")),
        (&first_use, ABOUT, None),
        (&first_use, Choice { within: Some(1), ..ABOUT }, Some("no deadline")),
    ];
    for (preset, choice, expected) in cases {
        let error = preset.validate(&choice).err();
        let is_expected = match (&error, expected) {
            (Some(error), Some(expected)) => error.contains(expected),
            (error, expected) => error.is_none() && expected.is_none(),
        };
        assert!(is_expected, "{choice:?}: {error:?} instead of {expected:?}");
    }
}

fn values(name: &str) -> Option<ReadValue> {
    match name {
        "one" => Some(ReadValue::Whole(1)),
        "ago" => Some(ReadValue::Whole(-46)),
        "part" => Some(ReadValue::Number(-200.0 / 3.0)),
        "half" => Some(ReadValue::Number(50.0)),
        "word" => Some(ReadValue::Text("po{or}".into())),
        "none" => Some(ReadValue::Null),
        _ => None,
    }
}

#[test]
fn values_are_written_with_their_units() {
    let cases = [
        ("in {one:day}, {ago:day}", Some("in 1 day, 46 days")),
        ("{part} {part:%} {half:%} {half} {half:seat}", Some("-66.7 -66.7 % +50.0 % 50 50 seats")),
        (
            "{one:new person/new people}, {ago:new person/new people}",
            Some("1 new person, 46 new people"),
        ),
        ("{none|word}, {none|ago:day}, {none:day}", Some("po{or}, 46 days, unknown")),
        ("a[, b {none}][, c {word}] d", Some("a, c po{or} d")),
        ("a {other}", None),
        ("a[ {other}]", None),
        ("{none|other}", None),
    ];
    for (text, expected) in cases {
        assert_eq!(told(text, &values).as_deref(), expected, "{text}");
    }
}

#[test]
fn the_text_of_a_signal_has_its_key_event_and_metric() {
    let reading = |name: &str| ConditionEvidence {
        key: Some("2026-05-15".into()),
        values: BTreeMap::from([
            (name.to_owned(), ReadValue::Whole(2)),
            ("other".into(), ReadValue::Null),
        ]),
    };
    let event = Some("Report: é");
    let preset = condition();
    assert_eq!(preset.told(event, None, &reading("p_Report___")), None, "'every' was not read");
    let told = preset.told(event, Some("every"), &reading("p_Report___"));
    assert_eq!(told.as_deref(), Some("2 times Report: é, every 2026-05-15"));
    assert_eq!(preset.told(event, Some("every"), &reading("another")), None);
    assert_eq!(preset.told(None, Some("every"), &reading("p_Report___")), None);
}

#[test]
fn shipped_presets_are_valid() {
    let presets = shipped();
    let names: HashSet<&str> = presets.iter().map(|preset| preset.name.as_str()).collect();
    assert_eq!(names.len(), presets.len(), "names are unique");
    assert_eq!(
        presets.iter().filter(|preset| preset.usual).count(),
        16,
        "the usual presets are the four measured ones and twelve others"
    );
    for preset in presets {
        let name = &preset.name;
        assert!(
            playbook::shipped().iter().any(|playbook| playbook.name == preset.playbook),
            "{name}"
        );
        assert!(
            (20..=90).contains(&preset.purpose.len()) && !preset.purpose.contains('\n'),
            "{name}"
        );
        assert!(!preset.usual || preset.event == EventUse::None, "{name}");
    }
}

/// A condition preset: name, type, condition, key, number of consecutive days.
type Row = (&'static str, SignalType, &'static str, Option<&'static str>, u16);

/// The table of the specification, row by row.
#[test]
fn the_conditions_are_those_of_the_specification() {
    use SignalType::{Bad, Good, Info};
    let rows: [Row; 30] = [
        ("health-drop", Bad, "health_change_7d <= -10", None, 1),
        ("nps-promoter", Good, "nps_promoters_7d > 0", Some("nps_promoters"), 1),
        ("nps-passive", Info, "nps_passives_7d > 0", Some("nps_passives"), 1),
        ("nps-detractor", Bad, "nps_detractors_7d > 0", Some("nps_detractors"), 1),
        ("nps-fall", Bad, "nps_change <= -2 AND days_since_nps <= 7", Some("nps_responses"), 1),
        (
            "renewal-90",
            Info,
            "days_to_renewal BETWEEN 61 AND 90 AND coalesce(renewal_term_days, 365) > 31",
            Some("renewal_on"),
            1,
        ),
        (
            "renewal-60",
            Info,
            "days_to_renewal BETWEEN 31 AND 60 AND coalesce(renewal_term_days, 365) > 31",
            Some("renewal_on"),
            1,
        ),
        (
            "renewal-30",
            Info,
            "days_to_renewal BETWEEN 15 AND 30 AND coalesce(renewal_term_days, 365) > 31",
            Some("renewal_on"),
            1,
        ),
        (
            "renewal-14",
            Info,
            "days_to_renewal BETWEEN 8 AND 14 AND coalesce(renewal_term_days, 365) > 31",
            Some("renewal_on"),
            1,
        ),
        (
            "renewal-7",
            Info,
            "days_to_renewal BETWEEN 0 AND 7 AND coalesce(renewal_term_days, 365) > 31",
            Some("renewal_on"),
            1,
        ),
        (
            "payment-30",
            Info,
            "days_to_payment_expiry BETWEEN 15 AND 30",
            Some("payment_expires_on"),
            1,
        ),
        (
            "payment-14",
            Info,
            "days_to_payment_expiry BETWEEN 8 AND 14",
            Some("payment_expires_on"),
            1,
        ),
        (
            "payment-7",
            Info,
            "days_to_payment_expiry BETWEEN 0 AND 7",
            Some("payment_expires_on"),
            1,
        ),
        ("payment-expired", Bad, "days_to_payment_expiry < 0", Some("payment_expires_on"), 1),
        ("renewal-overdue", Bad, "days_to_renewal < 0", None, 1),
        ("invoice-overdue", Bad, "overdue_invoices > 0", None, 1),
        ("unresponsive", Bad, "unanswered_touches >= 3 OR days_unanswered >= 30", None, 1),
        ("gone-silent", Bad, "days_since_last_event >= 14", None, 1),
        ("seat-limit", Good, "seats >= 5 AND seat_usage_pct >= 90", None, 1),
        (
            "seat-underuse",
            Bad,
            "seats >= 5 AND days_since_created >= 60 AND seat_usage_pct < 40",
            None,
            1,
        ),
        ("health-poor", Bad, "health_band = 'poor'", None, 3),
        (
            "ticket-surge",
            Bad,
            "tickets_28d >= 5 AND coalesce(tickets_change_28d_pct, 100) >= 50",
            None,
            1,
        ),
        (
            "no-executive-contact",
            Info,
            "coalesce(days_since_executive_touch, days_since_created) >= 90",
            None,
            1,
        ),
        ("pulse-stale", Info, "coalesce(days_since_pulse, days_since_created) > 21", None, 1),
        ("pulse-low", Bad, "pulse <= 3", Some("pulse_set_on"), 1),
        ("new-users", Good, "new_people_7d >= 10", None, 1),
        ("low-use", Bad, "low_use_E <= 2 AND days_since_created >= 60", None, 1),
        (
            "active-users-drop",
            Bad,
            "active_people_previous_28d >= 10 AND active_people_change_28d_pct <= -20",
            None,
            1,
        ),
        ("review-due", Info, "coalesce(days_since_review, days_since_created) >= 90", None, 1),
        (
            "renewal-risk",
            Bad,
            "days_to_renewal BETWEEN 0 AND 90 AND (health_band = 'poor' OR pulse <= 3)",
            Some("renewal_on"),
            1,
        ),
    ];
    let upsell: Row = (
        "upsell-at-renewal",
        Good,
        "days_to_renewal BETWEEN 0 AND 90 AND health_band = 'good' AND seat_usage_pct >= 80",
        Some("renewal_on"),
        1,
    );
    let rows = rows.into_iter().chain([upsell]);
    let expected: Vec<(&str, ConditionRule)> = rows
        .map(|(name, signal_type, when, key, for_days)| {
            let key = key.map(str::to_owned);
            (name, ConditionRule { key, for_days, ..ConditionRule::new(when, signal_type) })
        })
        .collect();
    let measured = [
        ("silent", "days_since_last_event >= 35"),
        ("hardly-used", "active_days_84d <= 2 AND days_as_customer >= 56"),
        (
            "unusually-silent",
            "days_since_last_event >= 14 AND days_since_last_event > coalesce(longest_gap_365d, 0) + 14",
        ),
    ]
    .map(|(name, when)| {
        (name, ConditionRule { cooldown: 28, ..ConditionRule::new(when, Bad) })
    });
    let expected: Vec<_> = measured.into_iter().chain(expected).collect();
    let found: Vec<(&str, ConditionRule)> = shipped()
        .iter()
        .filter_map(|preset| {
            let event = (preset.event == EventUse::Needed).then_some("E");
            let rule = preset.rule(&Choice { event, within: Some(1), every: None }).unwrap();
            Some((preset.name.as_str(), rule.logic.condition()?.clone()))
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn fading_is_that_of_the_specification() {
    let fading = shipped().iter().find(|preset| preset.name == "fading").unwrap();
    let rule = fading.rule(&Choice::default()).unwrap();
    let expected = TrendRule {
        timeframe: 28,
        baseline: 6,
        against: Against::Portfolio,
        threshold: 50,
        direction: Direction::Down,
        for_days: 28,
        repeat: Some(28),
        ..TrendRule::new(Watch::new("*", Measured::Days))
    };
    assert_eq!((rule.name.as_str(), rule.logic.trend()), ("fading", Some(&expected)));
    assert_eq!(fading.signal_type(), Some(SignalType::Bad));
}

#[test]
fn managers_and_executives_are_notified_as_in_the_specification() {
    let told: Vec<(&str, bool, bool)> = shipped()
        .iter()
        .filter(|preset| preset.managers || preset.executives)
        .map(|preset| (preset.name.as_str(), preset.managers, preset.executives))
        .collect();
    assert_eq!(told, [("pulse-stale", true, true), ("pulse-low", false, true)]);
}

#[test]
fn a_rule_of_a_preset_has_its_playbook_and_those_it_tells() {
    let pulse_low = shipped().iter().find(|preset| preset.name == "pulse-low").unwrap();
    let rule = pulse_low.rule(&Choice::default()).unwrap();
    assert_eq!(rule.playbook.as_deref(), Some("relationship"));
    assert_eq!((rule.managers, rule.executives), (false, true));
}

#[test]
fn the_preset_of_a_rule_is_found_by_the_name_of_the_rule() {
    let of = |rule| of_rule(rule).map(|(preset, event)| (preset.name.as_str(), event));
    assert_eq!(of("renewal-60"), Some(("renewal-60", None)));
    assert_eq!(of("low-use:a:b"), Some(("low-use", Some("a:b"))));
    assert_eq!(of("login"), None);
}
