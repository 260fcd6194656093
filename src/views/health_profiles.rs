//! The list of health profiles, and one profile in detail.

use serde_json::json;

use super::{Column, Field, Listing, RecordFields, or_dash, plain, table};
use crate::domain::health::{DEFAULT_PROFILE, Measure, Profile};
use crate::render::Screen;

/// The list of health profiles, in the order in which they are tried.
pub(crate) const PROFILES: Listing<Profile> = Listing {
    fields: RecordFields::Each(&[
        Field::new("name", |profile| profile.name().into()),
        Field::new("where", |profile| profile.condition.as_ref().into()),
        Field::new("priority", |profile| priority(profile).into()),
        Field::new("good", |profile| profile.scoring.bands.good.into()),
        Field::new("average", |profile| profile.scoring.bands.average.into()),
        Field::new("measures", |profile| json!(profile.scoring.measures).into()),
    ]),
    columns: &[
        Column::left("profile", |profile| plain(profile.name())),
        Column::right("priority", |profile| plain(priority_text(profile))),
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

fn priority_text(profile: &Profile) -> String {
    priority(profile).map_or_else(|| "last".to_owned(), |priority| priority.to_string())
}

const MEASURES: [Column<Measure>; 4] = [
    Column::left("measure", |measure| plain(&measure.name)),
    Column::left("kind", |measure| plain(measure.kind)),
    Column::right("weight", |measure| plain(measure.weight)),
    Column::left("0 to 100", |measure| plain(&measure.scale)),
];

pub(crate) fn draw(profile: &Profile, screen: &mut Screen) {
    screen.heading(profile.name());
    let (bands, measures) = (profile.scoring.bands, &profile.scoring.measures);
    let condition = profile.condition.as_deref().unwrap_or("all that no profile before it fits");
    screen.pairs([
        ("where", condition.to_owned()),
        ("priority", priority_text(profile)),
        ("bands", format!("good from {}, average from {}, poor below", bands.good, bands.average)),
    ]);
    screen.gap();
    screen.table(&table(&MEASURES, measures));
    screen.gap();
    screen.pairs(measures.iter().map(|measure| (measure.name.as_str(), measure.value.clone())));
}
