//! The list of health profiles, and one profile in detail.

use serde_json::json;

use super::{Column, Field, Listing, RecordFields, or_dash, plain};
use crate::domain::health::{DEFAULT_PROFILE, Profile};
use crate::render::{Align, Screen, TextTable, Value};

/// The list of health profiles, in the order in which they are tried.
pub(crate) const PROFILES: Listing<Profile> = Listing {
    fields: RecordFields::Each(&[
        Field::new("name", |profile| profile.name().into()),
        Field::new("where", |profile| profile.condition.as_ref().into()),
        Field::new("priority", |profile| priority(profile).into()),
        Field::new("good", |profile| profile.scoring.bands.good.into()),
        Field::new("average", |profile| profile.scoring.bands.average.into()),
        Field::new("measures", |profile| Value::Nested(json!(profile.scoring.measures))),
    ]),
    columns: &[
        Column::left("profile", |profile| plain(profile.name())),
        Column::right("priority", |profile| {
            plain(
                priority(profile)
                    .map_or_else(|| "last".to_owned(), |priority| priority.to_string()),
            )
        }),
        Column::right("good", |profile| plain(profile.scoring.bands.good)),
        Column::right("average", |profile| plain(profile.scoring.bands.average)),
        Column::right("measures", |profile| plain(profile.scoring.measures.len())),
        Column::left("where", |profile| plain(or_dash(profile.condition.as_ref()))),
    ],
    when_empty: "",
};

fn priority(profile: &Profile) -> Option<i64> {
    // The default profile is always last.
    (profile.name() != DEFAULT_PROFILE).then_some(profile.priority)
}

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
