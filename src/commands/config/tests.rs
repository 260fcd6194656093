//! Exporting and applying is lossless.

use proptest::prelude::*;
use proptest::sample::select;
use tempfile::TempDir;

use super::*;
use crate::domain::health::{
    Bands, Measure as HealthMeasure, MeasureKind, Profile, Scale, Scoring,
};
use crate::domain::metric::{Metric, MetricDefinition, MetricMeasure};
use crate::domain::notify::{GRACE_HOURS, NotifySettings, SecretSource};
use crate::domain::playbook::{MOST_DAYS, Playbook, PlaybookStep};
use crate::domain::pulse::Level;
use crate::domain::reason::{Reason, ReasonKind, shipped};
use crate::domain::rule::{
    AdoptionRule, Aim, COOLDOWNS, ConditionRule, Direction, FOR_DAYS, Rule, RuleLogic, THRESHOLDS,
    TIMEFRAMES, TrendRule, WITHINS,
};
use crate::domain::signal::SignalType;
use crate::domain::task::Owner;
use crate::store::Segment;

/// Everything that a team may have created.
#[derive(Debug, Clone)]
struct Made {
    rules: Vec<Rule>,
    metrics: Vec<Metric>,
    segments: Vec<Segment>,
    profiles: Vec<Profile>,
    playbooks: Vec<Playbook>,
    guidelines: Vec<(Level, String)>,
    /// The kinds for which there is a code of the team's own, and whether it is active.
    own_reasons: Vec<(ReasonKind, bool)>,
    /// Which shipped reasons are changed, and how.
    changed_reasons: Vec<(usize, Changed)>,
    settings: NotifySettings,
}

#[derive(Debug, Clone, Copy)]
enum Changed {
    Retired,
    Described,
    Renamed,
}

/// A text that is not blank, with characters that are hard to write in TOML.
fn text() -> impl Strategy<Value = String> {
    "[ -~äß株\\t\\n\\r\"'\\\\\u{1b}\u{9b}\u{202e}]{0,20}[a-z\"'\\\\#=]"
}

/// A text of one line, without control characters.
fn line() -> impl Strategy<Value = String> {
    "[ -~äß株\u{202e}]{0,20}[a-z\"'\\\\#=]"
}

/// An expression over attributes that every database has.
fn expression() -> impl Strategy<Value = String> {
    let literal = || line().prop_map(|text| text.replace('\'', "''"));
    let part = || {
        (select(&["plan", "csm", "name"][..]), select(&["=", "<>", "LIKE"][..]), literal())
            .prop_map(|(name, sign, literal)| format!("{name} {sign} '{literal}'"))
    };
    let glue = select(&[" AND ", " OR ", "\n  AND ", "  or "][..]);
    (part(), prop::collection::vec((glue, part()), 0..6)).prop_map(|(first, more)| {
        more.into_iter().fold(first, |text, (glue, part)| text + glue + &part)
    })
}

fn logic(number: usize) -> impl Strategy<Value = RuleLogic> {
    // Each rule has its own event, or two of them might compare the same.
    let event = || text().prop_map(move |text| format!("{text}{number}"));
    let trend = (event(), TIMEFRAMES, THRESHOLDS, select(Direction::ALL), any::<bool>())
        .prop_flat_map(|(event, timeframe, threshold, direction, inverse)| {
            (prop::option::of(0..=i64::MAX as u64), prop::option::of(1e-9..1.0)).prop_map(
                move |(least, chance)| {
                    let trend = TrendRule {
                        timeframe,
                        threshold,
                        direction,
                        inverse,
                        ..TrendRule::of_event(&event)
                    };
                    RuleLogic::Trend(TrendRule { min_events: least, max_chance: chance, ..trend })
                },
            )
        });
    let aim = prop_oneof![
        (event(), prop::option::of(WITHINS))
            .prop_map(|(event, within)| Aim::Event { event, within }),
        prop::option::of(text()).prop_map(|event| Aim::Goals { event }),
    ];
    let adoption = (aim, any::<bool>())
        .prop_map(|(aim, retroactive)| RuleLogic::Adoption(AdoptionRule { aim, retroactive }));
    let key = prop::option::of(select(&["renewal_on", "nps_responses"][..]));
    let condition = (expression(), select(SignalType::ALL), COOLDOWNS, key, FOR_DAYS).prop_map(
        |(when, signal_type, cooldown, key, for_days)| {
            let rule = ConditionRule::new(&when, signal_type);
            RuleLogic::Condition(ConditionRule {
                cooldown,
                key: key.map(str::to_owned),
                for_days,
                ..rule
            })
        },
    );
    prop_oneof![trend, adoption, condition]
}

fn rule(number: usize) -> impl Strategy<Value = Rule> {
    let playbook = prop::option::of(select(&["win-back", "renewal", "own 0"][..]));
    let general = (line(), prop::option::of(expression()), playbook, any::<[bool; 4]>());
    (logic(number), general).prop_map(move |(logic, (name, where_expr, playbook, flags))| Rule {
        where_expr,
        playbook: playbook.map(str::to_owned),
        managers: flags[0],
        executives: flags[1],
        enabled: flags[2],
        auto_ack: flags[3],
        ..Rule::new(&format!("{name}{number}"), logic)
    })
}

/// Metrics may use those with a higher number, so creating them A to Z fails.
fn metric(number: usize, count: usize) -> impl Strategy<Value = Metric> {
    let counted = (text(), select(MetricMeasure::ALL), 1..=3650u16)
        .prop_map(|(event, measure, days)| MetricDefinition::Counted { event, measure, days });
    let name = if number + 1 < count { format!("m{} + mrr", number + 1) } else { "mrr".to_owned() };
    let formula =
        select(vec![name.clone(), format!(" {name} ")]).prop_map(MetricDefinition::Formula);
    prop_oneof![counted, formula]
        .prop_map(move |definition| Metric { name: format!("m{number}"), definition })
}

fn playbook(name: &'static str) -> impl Strategy<Value = Playbook> {
    let owner = prop_oneof![
        Just(Owner::Csm),
        Just(Owner::Manager),
        "[a-z]{2}[\"']?[a-z]".prop_map(Owner::Person)
    ];
    let tag = || prop::option::of("[a-z]{1,3}[\"'][a-z]");
    let step =
        (line(), 0..=MOST_DAYS, owner, tag()).prop_map(|(title, due_in_days, owner, tag)| {
            PlaybookStep { title, due_in_days, owner, tag }
        });
    (line(), tag(), prop::collection::vec(step, 1..4)).prop_map(move |(purpose, tag, steps)| {
        Playbook { name: name.to_owned(), purpose, tag, steps }
    })
}

fn profile(name: String) -> impl Strategy<Value = Profile> {
    let line =
        (-1e6..1e6, 1e-9..1e6).prop_map(|(from, length)| Scale::Linear { from, to: from + length });
    let map = prop::collection::btree_map(text(), 0.0..100.0, 1..4).prop_map(Scale::Map);
    let measure = (
        line_or("usage"),
        select(MeasureKind::ALL),
        expression(),
        prop_oneof![line, map],
        1e-9..1e6,
    );
    let measures = prop::collection::vec(measure, 1..4).prop_map(|measures| {
        let all =
            measures.into_iter().enumerate().map(|(place, (name, kind, value, scale, weight))| {
                HealthMeasure { name: format!("{name}{place}"), kind, value, scale, weight }
            });
        all.collect::<Vec<_>>()
    });
    let general = (prop::option::of(expression()), any::<i64>(), 40u8..=100, 0.0..40.0);
    (general, measures).prop_map(move |((condition, priority, good, average), measures)| {
        let bands = Bands { good: f64::from(good), average };
        Profile { condition, priority, scoring: Scoring { name: name.clone(), bands, measures } }
    })
}

fn line_or(usual: &'static str) -> impl Strategy<Value = String> {
    prop_oneof![Just(usual.to_owned()), line()]
}

fn settings() -> impl Strategy<Value = NotifySettings> {
    let from = prop::option::of(Just("Signals \"at work\" <signals@example.com>".to_owned()));
    let variable = "[A-Z_]{1,5}".prop_map(SecretSource::Variable);
    let file = "/[a-z\"']{1,5}".prop_map(|path| SecretSource::File(path.into()));
    let webhook = prop_oneof![Just(NotifySettings::default().slack_webhook), file];
    (prop_oneof![Just(None), from], GRACE_HOURS, variable, webhook).prop_map(
        |(from, grace_hours, smtp_url, slack_webhook)| NotifySettings {
            from,
            grace_hours,
            smtp_url,
            slack_webhook,
        },
    )
}

fn made() -> impl Strategy<Value = Made> {
    let rules = prop::collection::vec(Just(()), 0..5).prop_flat_map(|places| {
        places.iter().enumerate().map(|(number, ())| rule(number)).collect::<Vec<_>>()
    });
    let metrics = (0..4usize)
        .prop_flat_map(|count| (0..count).map(|number| metric(number, count)).collect::<Vec<_>>());
    let segment = (0..3usize, line(), expression()).prop_map(|(number, name, condition)| Segment {
        name: format!("{name}{number}"),
        condition,
    });
    let playbooks = (
        playbook("own 0"),
        prop::option::of(playbook("win-back")),
        prop::option::of(playbook("mine")),
    )
        .prop_map(|(first, second, third)| {
            [Some(first), second, third].into_iter().flatten().collect()
        });
    let profiles = (0..3usize).prop_flat_map(|count| {
        (0..count).map(|number| profile(format!("p{number}"))).collect::<Vec<_>>()
    });
    let reasons = (
        prop::collection::vec((select(ReasonKind::ALL), any::<bool>()), 0..3),
        prop::collection::vec(
            (
                0..shipped().len(),
                prop_oneof![
                    Just(Changed::Retired),
                    Just(Changed::Described),
                    Just(Changed::Renamed)
                ],
            ),
            0..4,
        ),
    );
    let guidelines = prop::collection::vec((select(&Level::ALL[..]), text()), 0..3);
    let segments = prop::collection::vec(segment, 0..3);
    (rules, metrics, segments, playbooks, guidelines, reasons, (profiles, settings())).prop_map(
        |(
            rules,
            metrics,
            segments,
            playbooks,
            guidelines,
            (own_reasons, changed_reasons),
            (profiles, settings),
        )| {
            Made {
                rules,
                metrics,
                segments,
                playbooks,
                guidelines,
                own_reasons,
                changed_reasons,
                profiles,
                settings,
            }
        },
    )
}

fn database() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create_or_open(&folder.path().join("test.db"), Permissions::Owner).unwrap();
    (folder, store)
}

/// Creates everything without a file.
fn make(store: &Store, made: &Made) {
    made.metrics.iter().for_each(|metric| store.save_metric(metric).unwrap());
    made.segments.iter().for_each(|segment| store.save_segment(segment).unwrap());
    made.playbooks.iter().for_each(|playbook| store.save_playbook(playbook).unwrap());
    made.profiles.iter().for_each(|profile| store.save_profile(profile).unwrap());
    store.save_notify_settings(&made.settings).unwrap();
    made.rules.iter().for_each(|rule| store.save_rule(rule).unwrap());
    made.guidelines.iter().for_each(|(level, text)| store.set_guideline(*level, text).unwrap());
    for (number, (kind, is_active)) in made.own_reasons.iter().enumerate() {
        let code = format!("own/n{number}").parse().unwrap();
        let description = (number > 0).then(|| "it's \"own\"".to_owned());
        store
            .save_reason(&Reason { is_active: *is_active, ..Reason::own(*kind, code, description) })
            .unwrap();
    }
    for (place, changed) in &made.changed_reasons {
        let code = &shipped()[*place].code;
        let library = store.reason_library().unwrap();
        let Some(reason) = library.find(shipped()[*place].kind, &code.to_string()) else {
            continue;
        };
        match changed {
            Changed::Retired => {
                store.save_reason(&Reason { is_active: false, ..reason.clone() }).unwrap()
            }
            Changed::Described => store
                .save_reason(&Reason { description: Some("Own words".into()), ..reason.clone() })
                .unwrap(),
            Changed::Renamed => {
                store.rename_reason(reason, &format!("{code}-{place}").parse().unwrap()).unwrap()
            }
        }
    }
}

fn exported(store: &Store) -> String {
    write(&sections::own(store).unwrap())
}

/// Applies a text. Returns the number of new or changed objects.
fn applied(store: &mut Store, text: &str) -> Result<usize, Vec<ConfigError>> {
    let document = Document::read("signals.toml", text).map_err(|error| vec![error])?;
    let items = sections::items(&document);
    if !document.is_sound() {
        return Err(document.errors());
    }
    let outcome = apply(store, &document, &items, Finish::Commit);
    outcome.map(|outcome| outcome.changes.len()).map_err(|_| document.errors())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn an_export_applied_to_an_empty_database_is_exported_with_the_same_bytes(made in made()) {
        let (_one, first) = database();
        make(&first, &made);
        let text = exported(&first);
        let (_two, mut second) = database();
        prop_assert!(applied(&mut second, &text).is_ok(), "{text}\n{:?}", applied(&mut second, &text));
        prop_assert_eq!(exported(&second), text.clone());
        // Applying its own export changes neither database.
        prop_assert_eq!(applied(&mut second, &text), Ok(0));
        let mut first = first;
        prop_assert_eq!(applied(&mut first, &text), Ok(0));
    }

    #[test]
    fn a_file_applied_twice_changes_nothing_the_second_time(before in made(), named in made()) {
        let (_one, first) = database();
        make(&first, &named);
        let text = exported(&first);
        let (_two, mut second) = database();
        make(&second, &before);
        let untouched = exported(&second);
        match applied(&mut second, &text) {
            Ok(_) => prop_assert_eq!(applied(&mut second, &text), Ok(0)),
            // For example, a rule with that name is of another kind: then nothing changes.
            Err(errors) => {
                prop_assert!(!errors.is_empty());
                prop_assert_eq!(exported(&second), untouched);
            }
        }
    }
}
