//! What ships with the program: the presets, which are rules that most teams want sooner or later,
//! and the playbooks for what is to be done about their signals. Both are data, in one file each.

use std::sync::OnceLock;

use serde::Deserialize;

use crate::domain::playbook::Playbook;
use crate::domain::preset::Preset;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "playbook")]
    playbooks: Vec<Playbook>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PresetFile {
    #[serde(rename = "preset")]
    presets: Vec<Preset>,
}

/// The playbooks that ship with the program, in the order of their file. One that a user has
/// changed is kept in the database and takes the place of its namesake here.
pub fn shipped_playbooks() -> &'static [Playbook] {
    static PLAYBOOKS: OnceLock<Vec<Playbook>> = OnceLock::new();
    // A test reads the file, so that nothing can be wrong with it here.
    PLAYBOOKS.get_or_init(|| read().map_or_else(|_| Vec::new(), |file| file.playbooks))
}

fn read() -> Result<File, toml::de::Error> {
    toml::from_str(include_str!("playbooks.toml"))
}

/// The presets, in the order of their file.
pub fn shipped_presets() -> &'static [Preset] {
    static PRESETS: OnceLock<Vec<Preset>> = OnceLock::new();
    // A test reads the file, so that nothing can be wrong with it here.
    PRESETS.get_or_init(|| read_presets().map_or_else(|_| Vec::new(), |file| file.presets))
}

/// The preset that a rule of this name was made of, and the event that it is about.
pub fn preset_of_rule(rule: &str) -> Option<(&'static Preset, Option<&str>)> {
    let (name, event) =
        rule.split_once(':').map_or((rule, None), |(name, event)| (name, Some(event)));
    shipped_presets().iter().find(|preset| preset.name == name).map(|preset| (preset, event))
}

fn read_presets() -> Result<PresetFile, toml::de::Error> {
    toml::from_str(include_str!("presets.toml"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::domain::preset::{Choice, EventUse};
    use crate::domain::rule::{Against, ConditionRule, Direction, Measure, TrendRule, Watch};
    use crate::domain::signal::SignalType;

    #[test]
    fn the_file_is_sound() {
        let playbooks = read().map(|file| file.playbooks).unwrap();
        let names: HashSet<&str> =
            playbooks.iter().map(|playbook| playbook.name.as_str()).collect();
        assert_eq!(names.len(), playbooks.len(), "no name stands twice");
        for playbook in &playbooks {
            assert_eq!(playbook.problem(), None);
            assert!(
                !playbook.purpose.is_empty() && (2..=5).contains(&playbook.steps.len()),
                "{}",
                playbook.name
            );
        }
    }

    /// The kinds of risk and chance that the contract names.
    #[test]
    fn there_is_one_for_each_kind_of_risk_or_chance() {
        let names: Vec<&str> =
            shipped_playbooks().iter().map(|playbook| playbook.name.as_str()).collect();
        let expected = [
            "re-engage",
            "support-escalation",
            "relationship",
            "renewal",
            "payment",
            "training",
            "adoption",
            "low-use",
            "win-back",
            "expansion",
            "business-review",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn the_presets_are_sound() {
        let presets = read_presets().map(|file| file.presets).unwrap();
        let names: HashSet<&str> = presets.iter().map(|preset| preset.name.as_str()).collect();
        assert_eq!(names.len(), presets.len(), "no name stands twice");
        assert_eq!(
            presets.iter().filter(|preset| preset.usual).count(),
            16,
            "the usual ones are four that were measured and a dozen"
        );
        for preset in &presets {
            let name = &preset.name;
            assert!(
                shipped_playbooks().iter().any(|playbook| playbook.name == preset.playbook),
                "{name}"
            );
            assert!(
                (20..=90).contains(&preset.purpose.len()) && !preset.purpose.contains('\n'),
                "{name}"
            );
            assert!(!preset.usual || preset.event == EventUse::None, "{name}");
        }
    }

    /// A condition preset: name, type, condition, key, days running.
    type Row = (&'static str, SignalType, &'static str, Option<&'static str>, u16);

    /// The contract's table, row by row.
    #[test]
    fn the_conditions_are_those_of_the_contract() {
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
        let found: Vec<(&str, ConditionRule)> = shipped_presets()
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
    fn fading_is_that_of_the_contract() {
        let fading = shipped_presets().iter().find(|preset| preset.name == "fading").unwrap();
        let rule = fading.rule(&Choice::default()).unwrap();
        let expected = TrendRule {
            timeframe: 28,
            baseline: 6,
            against: Against::Portfolio,
            threshold: 50,
            direction: Direction::Down,
            for_days: 28,
            repeat: Some(28),
            ..TrendRule::new(Watch::new("*", Measure::Days))
        };
        assert_eq!((rule.name.as_str(), rule.logic.trend()), ("fading", Some(&expected)));
        assert_eq!(fading.signal_type(), Some(SignalType::Bad));
    }

    #[test]
    fn those_who_are_told_too_are_those_of_the_contract() {
        let told: Vec<(&str, bool, bool)> = shipped_presets()
            .iter()
            .filter(|preset| preset.managers || preset.executives)
            .map(|preset| (preset.name.as_str(), preset.managers, preset.executives))
            .collect();
        assert_eq!(told, [("pulse-stale", true, true), ("pulse-low", false, true)]);
    }

    #[test]
    fn a_rule_knows_its_preset_by_its_name() {
        let of = |rule| preset_of_rule(rule).map(|(preset, event)| (preset.name.as_str(), event));
        assert_eq!(of("renewal-60"), Some(("renewal-60", None)));
        assert_eq!(of("low-use:a:b"), Some(("low-use", Some("a:b"))));
        assert_eq!(of("login"), None);
    }
}
