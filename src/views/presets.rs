//! The list of presets.

use super::rules::sentence;
use super::signals::tone;
use super::{Column, Field, Listing, RecordFields, plain};
use crate::domain::preset::{Choice, EventUse, Preset};
use crate::domain::rule::Rule;
use crate::render::{Screen, Tone};

pub(crate) const PRESETS: Listing<Preset> = Listing {
    fields: RecordFields::Each(&[
        Field::new("name", |preset| (&preset.name).into()),
        Field::new("options", |preset| options(preset).into()),
        Field::new("source", |preset| (&preset.source).into()),
        Field::new("type", |preset| type_of(preset).into()),
        Field::new("kind", |preset| preset.kind().as_str().into()),
        Field::new("purpose", |preset| (&preset.purpose).into()),
        Field::new("usual", |preset| preset.usual.into()),
        Field::new("playbook", |preset| (&preset.playbook).into()),
        Field::new("rule", |preset| rule(preset).into()),
    ]),
    columns: &[
        Column::left("preset", |preset| plain(&preset.name)),
        Column::left("type", |preset| {
            (type_of(preset).to_owned(), preset.signal_type().map_or(Tone::Plain, tone))
        }),
        Column::left("source", |preset| plain(&preset.source)),
        Column::left("usual", |preset| plain(if preset.usual { "yes" } else { "-" })),
        Column::left("what it is for", |preset| plain(&preset.purpose)),
    ],
    when_empty: "no presets",
};

/// The screen: two lines for each preset, because both its purpose and its rule are sentences.
pub(crate) fn draw(presets: &[Preset], screen: &mut Screen) {
    let mut table = PRESETS.table([]);
    for preset in presets {
        table.toned_row(PRESETS.cells(preset));
        let options = options(preset).map(|options| format!("  {options}")).unwrap_or_default();
        let [first, last] = [options, rule(preset)].map(|text| (text, Tone::Faint));
        let empty = || plain("");
        table.toned_row([first, empty(), empty(), empty(), last]);
    }
    screen.table(&table);
}

/// The type of its signals: good, bad, info, or both good and bad.
pub(crate) fn type_of(preset: &Preset) -> &'static str {
    preset.signal_type().map_or("both", |signal_type| signal_type.as_str())
}

/// Its options and whether they are required; `None` for most.
pub(crate) fn options(preset: &Preset) -> Option<String> {
    let event = match preset.event {
        EventUse::None => None,
        EventUse::Possible => Some("[--event EVENT]"),
        EventUse::Needed => Some("--event EVENT"),
    };
    let within = preset.needs_deadline().then_some("--within DAYS");
    let every = preset.every().map(|_| "[--every DAYS]");
    let options: Vec<&str> = [event, within, every].into_iter().flatten().collect();
    (!options.is_empty()).then(|| options.join(" "))
}

/// A sample deadline for the sentence of a rule; the user chooses the real one.
const SOME_DAYS: u16 = 14;

/// Its rule in one line, without the playbook, with placeholders in capital letters.
pub(crate) fn rule(preset: &Preset) -> String {
    let event = (preset.event == EventUse::Needed).then_some("EVENT");
    let within = preset.needs_deadline().then_some(SOME_DAYS);
    let Some(rule) = preset.rule(&Choice { event, within, every: None }) else {
        return String::new();
    };
    let sentence = sentence(&Rule { playbook: None, ..rule.clone() });
    let sentence = sentence.strip_prefix(&format!("{}: ", rule.name)).unwrap_or(&sentence);
    sentence.replace(&format!("within {SOME_DAYS} days"), "within DAYS")
}
