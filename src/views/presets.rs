//! The list of presets.

use super::Listing;
use super::plain;
use super::rules::sentence;
use super::signals::tone;
use crate::domain::preset::{Choice, EventUse, Preset};
use crate::domain::rule::Rule;
use crate::render::{Align, Screen, TextTable, Tone, Value};

/// The list of presets.
pub(crate) const PRESETS: Listing<Preset> = Listing {
    fields: &["name", "options", "source", "type", "kind", "purpose", "usual", "playbook", "rule"],
    values,
    columns: &[
        ("preset", Align::Left),
        ("type", Align::Left),
        ("source", Align::Left),
        ("usual", Align::Left),
        ("what it is for", Align::Left),
    ],
    cells,
    when_empty: "no presets",
};

fn values(preset: &Preset) -> Vec<Value<'_>> {
    vec![
        (&preset.name).into(),
        options(preset).into(),
        (&preset.source).into(),
        type_of(preset).into(),
        preset.kind().as_str().into(),
        (&preset.purpose).into(),
        preset.usual.into(),
        (&preset.playbook).into(),
        rule(preset).into(),
    ]
}

fn cells(preset: &Preset) -> Vec<(String, Tone)> {
    let tone = preset.signal_type().map_or(Tone::Plain, tone);
    vec![
        plain(&preset.name),
        (type_of(preset).to_owned(), tone),
        plain(&preset.source),
        plain(if preset.usual { "yes" } else { "-" }),
        plain(&preset.purpose),
    ]
}

/// The screen: two lines for each preset, because both its purpose and its rule are sentences.
pub(crate) fn draw(presets: &[Preset], screen: &mut Screen) {
    let mut table = TextTable::new(PRESETS.columns.iter().copied());
    for preset in presets {
        table.toned_row(cells(preset));
        let below = [
            options(preset).map_or_else(String::new, |options| format!("  {options}")),
            rule(preset),
        ];
        let [first, last] = below.map(|text| (text, Tone::Faint));
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
