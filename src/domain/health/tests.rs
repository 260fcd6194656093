//! Scores computed by hand from the specification, and properties that hold for all numbers.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::pulse::to_one_decimal;
use super::assessment::MeasureReading;
use super::*;

fn default() -> Arc<Scoring> {
    Arc::new(Profile::shipped_default().scoring.clone())
}

fn whole(number: i64) -> Datum {
    Datum::Whole(number)
}

fn linear(name: &str, from: f64, to: f64, weight: f64) -> Measure {
    let scale = Scale::Linear { from, to };
    Measure {
        name: name.to_owned(),
        kind: MeasureKind::Proactive,
        value: "mrr".to_owned(),
        scale,
        weight,
    }
}

fn scoring(name: &str, measures: Vec<Measure>) -> Arc<Scoring> {
    Arc::new(Scoring { name: name.to_owned(), bands: Bands::default(), measures })
}

#[test]
fn the_default_profile_is_that_of_the_specification() {
    let profile = Profile::shipped_default();
    let expected = [
        ("usage", MeasureKind::Proactive, 3.0, "usage_vs_expected_pct", 30.0, 100.0),
        ("recency", MeasureKind::Proactive, 3.0, "days_since_last_event", 35.0, 0.0),
        ("regularity", MeasureKind::Proactive, 4.0, "active_days_84d", 1.0, 12.0),
        ("satisfaction", MeasureKind::Reactive, 1.0, "nps_mean_90d", 0.0, 10.0),
        ("urgent tickets", MeasureKind::Reactive, 1.0, "open_urgent_tickets", 3.0, 0.0),
    ];
    let expected = expected.map(|(name, kind, weight, value, from, to)| Measure {
        name: name.to_owned(),
        kind,
        value: value.to_owned(),
        scale: Scale::Linear { from, to },
        weight,
    });
    assert_eq!(profile.scoring.measures, expected);
    assert_eq!((profile.name(), &profile.condition), (DEFAULT_PROFILE, &None));
    assert_eq!(profile.scoring.bands, Bands { good: 70.0, average: 40.0 });
    assert_eq!(profile.advice(), None);
}

/// The default profile, with the weights 3, 3, 4, 1, 1.
#[test]
fn scores_match_values_computed_by_hand() {
    let null = || Datum::Null;
    type Case = ([Datum; 5], Option<f64>, f64, Band, Option<&'static str>);
    let cases: [Case; 9] = [
        // 50, 80, 100, 80, 100: (150 + 240 + 400 + 80 + 100) / 12 = 80.833.
        (
            [Datum::Number(65.0), whole(7), whole(12), Datum::Number(8.0), whole(0)],
            Some(80.8),
            1.0,
            Band::Good,
            Some("usage"),
        ),
        // Without survey responses and tickets: (150 + 240 + 400) / 10.
        (
            [Datum::Number(65.0), whole(7), whole(12), null(), null()],
            Some(79.0),
            0.833333333,
            Band::Good,
            Some("usage"),
        ),
        // Exactly half is known: (150 + 240) / 6.
        (
            [Datum::Number(65.0), whole(7), null(), null(), null()],
            Some(65.0),
            0.5,
            Band::Average,
            Some("usage"),
        ),
        (
            [null(), null(), whole(12), Datum::Number(8.0), null()],
            None,
            0.416666667,
            Band::Unknown,
            None,
        ),
        ([null(), null(), null(), null(), null()], None, 0.0, Band::Unknown, None),
        // Silent for 35 days, active on 2 of 84: 0, 0, 100 / 11 = 9.0909: 36.364 / 10 = 3.636.
        (
            [Datum::Number(10.0), whole(35), whole(2), null(), null()],
            Some(3.6),
            0.833333333,
            Band::Poor,
            Some("regularity"),
        ),
        // Nothing lowers the score, and values beyond the end of a scale score 100.
        (
            [whole(300), whole(0), whole(84), whole(10), whole(0)],
            Some(100.0),
            1.0,
            Band::Good,
            None,
        ),
        (
            [whole(0), whole(90), whole(0), whole(0), whole(8)],
            Some(0.0),
            1.0,
            Band::Poor,
            Some("regularity"),
        ),
        // Active once a fortnight, last three weeks ago: 100, 40, 500 / 11 = 45.4545: (300 + 120 +
        // 181.818) / 10.
        (
            [whole(100), whole(21), whole(6), null(), null()],
            Some(60.2),
            0.833333333,
            Band::Average,
            Some("regularity"),
        ),
    ];
    for (values, score, coverage, band, driver) in cases {
        let assessment = Assessment::of(&default(), values.to_vec());
        assert_eq!(assessment.score.map(to_one_decimal), score, "{values:?}");
        assert_eq!((assessment.coverage, assessment.band()), (coverage, band), "{values:?}");
        assert_eq!(assessment.main_driver(), driver, "{values:?}");
    }
}

#[test]
fn without_measures_nothing_is_known() {
    let assessment = Assessment::of(&scoring("empty", Vec::new()), Vec::new());
    assert_eq!((assessment.score, assessment.coverage), (None, 0.0));
}

/// The start of a falling scale, and the coverage without known values, are 0 and not -0.
#[test]
fn zero_has_no_sign() {
    let assessment =
        Assessment::of(&scoring("p", vec![linear("recency", 28.0, 0.0, 1.0)]), vec![whole(28)]);
    let MeasureReading { scaled, contribution, .. } = &assessment.readings[0];
    let unknown = Assessment::of(&default(), vec![Datum::Null; 5]);
    let numbers = [assessment.score, *scaled, *contribution, Some(unknown.coverage)];
    assert_eq!(numbers.map(|number| number.unwrap().to_string()), ["0"; 4]);
}

#[test]
fn contributions_match_values_computed_by_hand() {
    let values = vec![Datum::Number(65.0), whole(7), whole(12), Datum::Null, whole(0)];
    let assessment = Assessment::of(&default(), values);
    let parts: Vec<_> =
        assessment.readings.iter().map(|reading| (reading.scaled, reading.contribution)).collect();
    // (150 + 240 + 400 + 100) / 11.
    let expected = [(50.0, 150.0), (80.0, 240.0), (100.0, 400.0), (0.0, 0.0), (100.0, 100.0)];
    for (place, ((scaled, contribution), (expected_scaled, expected_part))) in
        parts.into_iter().zip(expected).enumerate()
    {
        match place {
            3 => assert_eq!((scaled, contribution), (None, None)),
            _ => assert_eq!(
                (scaled, contribution),
                (Some(expected_scaled), Some(expected_part / 11.0))
            ),
        }
    }
    // With too little known there is no score to contribute to.
    let unknown = Assessment::of(
        &default(),
        vec![Datum::Null, whole(7), Datum::Null, Datum::Null, Datum::Null],
    );
    assert!(unknown.readings.iter().all(|reading| reading.contribution.is_none()));
    assert_eq!(unknown.readings[1].scaled, Some(80.0));
}

#[test]
fn bands_are_decided_by_the_unrounded_score() {
    let cases = [
        (69.96, 70.0, Band::Average),
        (70.0, 70.0, Band::Good),
        (39.95, 40.0, Band::Poor),
        (40.0, 40.0, Band::Average),
    ];
    for (value, shown, band) in cases {
        let assessment = Assessment::of(
            &scoring("x", vec![linear("a", 0.0, 100.0, 2.0)]),
            vec![Datum::Number(value)],
        );
        assert_eq!(
            (assessment.score.map(to_one_decimal), assessment.band()),
            (Some(shown), band),
            "{value}"
        );
    }
    // In floating point, 0.1 × 70 + 0.2 × 70 is 21.000000000000004, and 0.1 + 0.2 is not 0.3.
    let inexact = scoring(
        "x",
        [0.1, 0.2, 0.3].map(|weight| linear(&weight.to_string(), 0.0, 100.0, weight)).into(),
    );
    let assessment = Assessment::of(&inexact, vec![whole(70), whole(70), whole(70)]);
    assert_eq!((assessment.score, assessment.band()), (Some(70.0), Band::Good));
    // 0.1 + 0.2 is half of 0.6.
    assert_eq!(Assessment::of(&inexact, vec![whole(70), whole(70), Datum::Null]).coverage, 0.5);
}

#[test]
fn a_map_scores_only_its_own_texts() {
    let scores = [("promoter", 100.0), ("passive", 60.0), ("detractor", 0.0), ("3", 30.0)];
    let map = Scale::Map(scores.map(|(text, score)| (text.to_owned(), score)).into());
    let cases = [
        (Datum::from("passive"), Some(60.0)),
        (Datum::from("detractor"), Some(0.0)),
        (Datum::from("Passive"), None),
        (Datum::from(""), None),
        (whole(3), Some(30.0)),
        (Datum::Null, None),
    ];
    for (value, expected) in cases {
        assert_eq!(map.score(&value), expected, "{value:?}");
    }
    assert_eq!(
        Scale::Linear { from: 0.0, to: 10.0 }.score(&Datum::from("8")),
        None,
        "a text is not a number"
    );
}

/// Scores of 50, 75 and 80 (weights 4, 3, 1) become 0, 75 and 60, and another profile adds a
/// measure with a score of 90 (weight 2): contributions of 25, 28.125 and 10 become 0, 22.5, 6 and
/// 18.
#[test]
fn a_change_is_explained_measure_by_measure() {
    let before = scoring(
        "before",
        vec![
            linear("a", 0.0, 100.0, 4.0),
            linear("b", 0.0, 100.0, 3.0),
            linear("c", 0.0, 100.0, 1.0),
        ],
    );
    let now = scoring(
        "now",
        vec![
            linear("a", 0.0, 100.0, 4.0),
            linear("b", 0.0, 100.0, 3.0),
            linear("c", 0.0, 100.0, 1.0),
            linear("d", 0.0, 100.0, 2.0),
        ],
    );
    let before = Assessment::of(&before, vec![whole(50), whole(75), whole(80)]);
    let now = Assessment::of(&now, vec![whole(0), whole(75), whole(60), whole(90)]);
    assert_eq!((before.score, now.score), (Some(63.125), Some(46.5)));
    let changes: Vec<(String, f64)> = change::explain(&before, &now)
        .unwrap()
        .into_iter()
        .map(|change| (change.measure, change.change))
        .collect();
    let expected = [("a", -25.0), ("d", 18.0), ("b", -5.625), ("c", -4.0)];
    assert_eq!(changes, expected.map(|(name, change)| (name.to_owned(), change)));
    // In the other direction, the added measure is a removed one.
    let back = change::explain(&now, &before).unwrap();
    assert_eq!((back[1].measure.as_str(), back[1].change, &back[1].now), ("d", -18.0, &None));
    let unknown = Assessment::of(&before.scoring, vec![Datum::Null, Datum::Null, whole(1)]);
    assert_eq!(change::explain(&unknown, &now), None);
}

#[test]
fn the_drivers_of_many_companies_are_mean_changes() {
    let scoring = scoring("x", vec![linear("a", 0.0, 100.0, 1.0), linear("b", 0.0, 100.0, 1.0)]);
    let of = |a: i64, b: i64| Assessment::of(&scoring, vec![whole(a), whole(b)]);
    let none = Assessment::of(&scoring, vec![Datum::Null, Datum::Null]);
    let pairs = [
        (of(80, 60), of(40, 60)),
        (of(50, 20), of(60, 40)),
        (of(0, 0), of(0, 100)),
        (none, of(1, 1)),
    ];
    let movement = Movement::of(pairs.iter().map(|(before, now)| (before, now)));
    // 70, 35, 0 become 50, 50, 50; a: -20, +5, 0; b: 0, +10, +50.
    assert_eq!((movement.companies, movement.before, movement.now), (3, 35.0, 50.0));
    let driver =
        |measure: &str, change, up, down| Driver { measure: measure.to_owned(), change, up, down };
    assert_eq!(movement.drivers, [driver("b", 20.0, 2, 0), driver("a", -5.0, 1, 1)]);
    assert_eq!(Movement::of(std::iter::empty()), Movement::default());
}

const WRITTEN: &str = r#"name = "enterprise-adoption"
where = "segment = 'enterprise' AND lifecycle_stage = 'adoption'"
priority = 1
good = 70
average = 40.5

[[measure]]
name = "usage"
kind = "proactive"
value = "events_change_28d_pct"
from = -50
to = 20
weight = 3

[[measure]]
name = "mood"
kind = "reactive"
value = "nps_category"
weight = 0.5

[measure.map]
detractor = 0
promoter = 100
"#;

#[test]
fn a_profile_is_written_as_in_the_configuration() {
    let profile: Profile = toml::from_str(WRITTEN).unwrap();
    assert_eq!(profile.priority, 1);
    assert_eq!(profile.scoring.bands, Bands { good: 70.0, average: 40.5 });
    assert_eq!(profile.scoring.measures[0].scale, Scale::Linear { from: -50.0, to: 20.0 });
    assert_eq!(profile.validate(), Ok(()));
    assert!(profile.advice().unwrap().contains("1 proactive and 1 reactive"));
    assert_eq!(toml::to_string(&profile).unwrap(), WRITTEN);
    let inline = "name = 'x'\n[[measure]]\nname = 'm'\nkind = 'reactive'\nvalue = 'nps_category'\n\
                  map = { promoter = 100, passive = 60, detractor = 0 }\nweight = 1\n";
    let profile: Profile = toml::from_str(inline).unwrap();
    assert_eq!((profile.condition.as_ref(), profile.priority), (None, USUAL_PRIORITY));
    assert_eq!(profile.scoring.bands, Bands::default());
    for wrong in [
        WRITTEN.replace("priority", "prio"),
        WRITTEN.replace("weight = 3", "wait = 3"),
        WRITTEN.replace("to = 20\n", ""),
        WRITTEN.replace("to = 20\n", "to = 20\nmap = { a = 1 }\n"),
        WRITTEN.replace("\"proactive\"", "\"active\""),
    ] {
        assert!(toml::from_str::<Profile>(&wrong).is_err(), "{wrong}");
    }
}

type Spoil = fn(&mut Profile);

#[test]
fn invalid_values_are_reported() {
    let cases: [(Spoil, &str); 17] = [
        (|p| p.scoring.name = " ".to_owned(), "the name of a health profile is blank"),
        (
            |p| {
                p.scoring.name = DEFAULT_PROFILE.to_owned();
                p.condition = Some("mrr > 1".to_owned());
            },
            "takes no condition",
        ),
        (|p| p.condition = Some(String::new()), "condition is blank"),
        (|p| p.scoring.bands.good = 100.5, "a score is 0 to 100"),
        (|p| p.scoring.bands.average = f64::NAN, "a score is 0 to 100"),
        (|p| p.scoring.bands.average = 71.0, "is above"),
        (|p| p.scoring.measures.clear(), "no measures"),
        (|p| p.scoring.measures[1].name = "usage".to_owned(), "two measures 'usage'"),
        (|p| p.scoring.measures[1].name = "a\nb".to_owned(), "measure 2 has control"),
        (|p| p.scoring.measures[0].value = " ".to_owned(), "value is blank"),
        (|p| p.scoring.measures[0].weight = 0.0, "the weight 0 "),
        (|p| p.scoring.measures[0].weight = f64::INFINITY, "the weight inf "),
        (|p| p.scoring.measures[0].scale = Scale::Linear { from: 1.0, to: 1.0 }, "no length"),
        (|p| p.scoring.measures[0].scale = Scale::Linear { from: 0.0, to: 2e15 }, "out of range"),
        (|p| p.scoring.measures[0].scale = Scale::Linear { from: -2e15, to: 0.0 }, "out of range"),
        (
            |p| p.scoring.measures[0].scale = Scale::Map([("a".to_owned(), 101.0)].into()),
            "'a' scores 101",
        ),
        (|p| p.scoring.measures[0].scale = Scale::Map([].into()), "empty"),
    ];
    for (spoil, expected) in cases {
        let mut profile: Profile = toml::from_str(WRITTEN).unwrap();
        spoil(&mut profile);
        let error = profile.validate().unwrap_err();
        assert!(error.contains(expected), "{error} lacks {expected}");
    }
}

#[test]
fn the_ends_of_what_is_valid_are_valid() {
    let mut profile: Profile = toml::from_str(WRITTEN).unwrap();
    profile.scoring.bands = Bands { good: 50.0, average: 50.0 };
    profile.scoring.measures[0].scale = Scale::Linear { from: 1e15, to: -1e15 };
    assert_eq!(profile.validate(), Ok(()));
}

#[test]
fn profiles_are_tried_by_priority_and_then_by_name() {
    let profile = |name: &str, priority| Profile {
        condition: None,
        priority,
        scoring: Scoring { name: name.to_owned(), bands: Bands::default(), measures: Vec::new() },
    };
    let ordered =
        in_order(vec![profile("c", 1), profile("a", 2), profile("b", 1), profile("d", -1)]);
    assert_eq!(ordered.iter().map(Profile::name).collect::<Vec<_>>(), ["d", "b", "c", "a"]);
    // The default one comes last, whatever its priority.
    let ordered = in_order(vec![profile(DEFAULT_PROFILE, 1), profile("a", 2)]);
    assert_eq!(ordered.iter().map(Profile::name).collect::<Vec<_>>(), ["a", DEFAULT_PROFILE]);
}

/// A profile of up to six measures, with a value for each.
fn assessed() -> impl Strategy<Value = Assessment> {
    let ends = (-100.0..100.0, 1.0..200.0, any::<bool>()).prop_map(
        |(from, length, is_falling): (f64, f64, bool)| {
            if is_falling { (from + length, from) } else { (from, from + length) }
        },
    );
    let value = prop_oneof![
        1 => Just(Datum::Null),
        2 => (-150_i64..150).prop_map(Datum::Whole),
        2 => (-150.0..150.0).prop_map(Datum::Number),
    ];
    let measure = (0_u8..8, ends, 0.01..10.0, value);
    proptest::collection::vec(measure, 1..6).prop_map(|measures| {
        let (mut all, mut values): (Vec<Measure>, Vec<Datum>) = (Vec::new(), Vec::new());
        for (name, (from, to), weight, value) in measures {
            if all.iter().all(|measure: &Measure| measure.name != name.to_string()) {
                all.push(linear(&name.to_string(), from, to, weight));
                values.push(value);
            }
        }
        Assessment::of(&scoring("random", all), values)
    })
}

fn with_value(assessment: &Assessment, place: usize, value: Datum) -> Assessment {
    let mut values: Vec<Datum> =
        assessment.readings.iter().map(|reading| reading.raw.clone()).collect();
    values[place] = value;
    Assessment::of(&assessment.scoring, values)
}

proptest! {
    #[test]
    fn contributions_add_up_to_the_score(assessment in assessed()) {
        let sum: f64 = assessment.readings.iter().filter_map(|reading| reading.contribution).sum();
        prop_assert!((sum - assessment.score.unwrap_or_default()).abs() < 1e-8);
        prop_assert!(assessment.score.is_none_or(|score| (0.0..=100.0).contains(&score)));
        prop_assert_eq!(assessment.score.is_some(), assessment.coverage >= 0.5);
    }

    #[test]
    fn changes_add_up_to_the_change_of_the_score(before in assessed(), now in assessed()) {
        match change::explain(&before, &now) {
            Some(changes) => {
                let sum: f64 = changes.iter().map(|change| change.change).sum();
                prop_assert!((sum - (now.score.unwrap() - before.score.unwrap())).abs() < 1e-8);
                prop_assert!(changes.windows(2).all(|pair| pair[0].change.abs() >= pair[1].change.abs()));
            }
            None => prop_assert!(before.score.is_none() || now.score.is_none()),
        }
    }

    /// Without the value of one measure, the score is the weighted mean of the others, and not
    /// lower than with the worst value.
    #[test]
    fn missing_values_are_excluded(assessment in assessed(), place in 0_usize..6) {
        let place = place % assessment.readings.len();
        let without = with_value(&assessment, place, Datum::Null);
        let Scale::Linear { from, .. } = assessment.scoring.measures[place].scale else { unreachable!() };
        let worst = with_value(&assessment, place, Datum::Number(from));
        if let (Some(score), Some(lowest)) = (without.score, worst.score) {
            prop_assert!(score >= lowest - 1e-8);
            let known = || without.measures().filter_map(|(measure, reading)| Some((measure.weight, reading.scaled?)));
            let mean = known().map(|(w, s)| w * s).sum::<f64>() / known().map(|(w, _)| w).sum::<f64>();
            prop_assert!((score - mean).abs() < 1e-8);
        }
    }
}
