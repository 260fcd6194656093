//! The list of health profiles, and one profile in detail.

use serde_json::json;

use super::{Listing, or_dash, plain};
use crate::domain::health::{DEFAULT_PROFILE, Profile};
use crate::render::{Align, Screen, TextTable, Tone, Value};

/// The list of health profiles, in the order in which they are tried.
pub(crate) const PROFILES: Listing<Profile> = Listing {
    fields: &["name", "where", "priority", "good", "average", "measures"],
    values,
    columns: &[
        ("profile", Align::Left),
        ("priority", Align::Right),
        ("good", Align::Right),
        ("average", Align::Right),
        ("measures", Align::Right),
        ("where", Align::Left),
    ],
    cells,
    when_empty: "",
};

fn priority(profile: &Profile) -> Option<i64> {
    // The default profile is always last.
    (profile.name() != DEFAULT_PROFILE).then_some(profile.priority)
}

fn values(profile: &Profile) -> Vec<Value<'_>> {
    let bands = profile.scoring.bands;
    vec![
        profile.name().into(),
        profile.condition.as_ref().into(),
        priority(profile).into(),
        bands.good.into(),
        bands.average.into(),
        Value::Nested(json!(profile.scoring.measures)),
    ]
}

fn cells(profile: &Profile) -> Vec<(String, Tone)> {
    vec![
        plain(profile.name()),
        plain(priority(profile).map_or_else(|| "last".to_owned(), |priority| priority.to_string())),
        plain(profile.scoring.bands.good),
        plain(profile.scoring.bands.average),
        plain(profile.scoring.measures.len()),
        plain(or_dash(profile.condition.as_ref())),
    ]
}

/// The screen of one profile.
pub(crate) fn draw(profile: &Profile, screen: &mut Screen) {
    screen.heading(profile.name());
    let bands = profile.scoring.bands;
    screen.pairs([
        (
            "where",
            profile
                .condition
                .clone()
                .unwrap_or_else(|| "all that no profile before it fits".to_owned()),
        ),
        (
            "priority",
            priority(profile).map_or_else(|| "last".to_owned(), |priority| priority.to_string()),
        ),
        ("bands", format!("good from {}, average from {}, poor below", bands.good, bands.average)),
    ]);
    screen.gap();
    let mut table = TextTable::new([
        ("measure", Align::Left),
        ("kind", Align::Left),
        ("weight", Align::Right),
        ("0 to 100", Align::Left),
    ]);
    for measure in &profile.scoring.measures {
        table.row([
            measure.name.clone(),
            measure.kind.to_string(),
            measure.weight.to_string(),
            measure.scale.to_string(),
        ]);
    }
    screen.table(&table);
    screen.gap();
    screen.pairs(
        profile
            .scoring
            .measures
            .iter()
            .map(|measure| (measure.name.as_str(), measure.value.clone())),
    );
}
