//! The pulse of a company over time, and the scale of levels.

use serde_json::json;

use super::{Listing, or_dash, plain};
use crate::domain::company::Company;
use crate::domain::pulse::{self, Level, Pulse, PulseMark};
use crate::render::{Align, Tone, Value};

/// A pulse of a company, and the resulting score.
pub(crate) struct HistoryRow {
    company_id: String,
    company_name: Option<String>,
    pulse: Pulse,
    /// The SuccessScore on its day, from the pulses up to this one.
    score: Option<f64>,
    /// The levels up to this one as a line of blocks.
    pub journey: String,
}

impl HistoryRow {
    /// The rows of a history, in order.
    pub(crate) fn all(company: &Company, pulses: Vec<Pulse>) -> Vec<HistoryRow> {
        let marks: Vec<PulseMark> = pulses.iter().map(|pulse| pulse.mark).collect();
        let row = |(place, pulse): (usize, Pulse)| HistoryRow {
            company_id: company.company_id.clone(),
            company_name: company.name.clone(),
            score: pulse::success_score(&marks[..=place], pulse.mark.day)
                .map(pulse::to_one_decimal),
            journey: pulse::sparkline(marks[..=place].iter().map(|mark| mark.level)),
            pulse,
        };
        pulses.into_iter().enumerate().map(row).collect()
    }

    /// A pulse, nested in other JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        let fields = HISTORY.fields.iter().zip(history_values(self));
        let of_pulse = fields.filter(|(field, _)| !field.starts_with("company_"));
        of_pulse
            .map(|(field, value)| ((*field).to_owned(), json!(value)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
}

/// The pulses of a company, oldest first.
pub(crate) const HISTORY: Listing<HistoryRow> = Listing {
    fields: &[
        "company_id",
        "company_name",
        "set_on",
        "pulse",
        "pulse_label",
        "reason_codes",
        "note",
        "set_by",
        "set_at",
        "success_score",
        "journey",
    ],
    values: history_values,
    columns: &[
        ("day", Align::Left),
        ("pulse", Align::Left),
        ("score", Align::Right),
        ("by", Align::Left),
        ("reason codes", Align::Left),
        ("note", Align::Left),
    ],
    cells: history_cells,
    when_empty: "no pulses yet; `signals pulse set COMPANY LEVEL` sets one",
};

fn history_values(row: &HistoryRow) -> Vec<Value<'_>> {
    let PulseMark { day, at, level } = row.pulse.mark;
    vec![
        (&row.company_id).into(),
        row.company_name.as_ref().into(),
        day.into(),
        level.number().into(),
        level.label().into(),
        Value::Nested(row.pulse.reason_codes.iter().cloned().collect()),
        row.pulse.note.as_ref().into(),
        row.pulse.by.as_ref().into(),
        at.into(),
        row.score.into(),
        (&row.journey).into(),
    ]
}

fn history_cells(row: &HistoryRow) -> Vec<(String, Tone)> {
    let PulseMark { day, level, .. } = row.pulse.mark;
    let codes = &row.pulse.reason_codes;
    vec![
        plain(day),
        (named(level), tone(level)),
        plain(or_dash(row.score.map(|score| format!("{score:.1}")))),
        plain(or_dash(row.pulse.by.as_ref())),
        plain(or_dash((!codes.is_empty()).then(|| codes.join(", ")))),
        plain(or_dash(row.pulse.note.as_ref())),
    ]
}

/// A level with its guideline.
pub(crate) struct ScaleRow {
    pub level: Level,
    /// When it applies, in the team's words.
    pub guideline: String,
}

/// The levels of the pulse, worst first.
pub(crate) const SCALE: Listing<ScaleRow> = Listing {
    fields: &["level", "label", "target", "guideline"],
    values: |row| {
        vec![
            row.level.number().into(),
            row.level.label().into(),
            row.level.target().into(),
            (&row.guideline).into(),
        ]
    },
    columns: &[("level", Align::Left), ("target", Align::Right), ("when it applies", Align::Left)],
    cells: |row| {
        vec![(named(row.level), tone(row.level)), plain(row.level.target()), plain(&row.guideline)]
    },
    when_empty: "",
};

fn named(level: Level) -> String {
    format!("{} {level}", level.number())
}

fn tone(level: Level) -> Tone {
    if level.is_at_risk() { Tone::Bad } else { Tone::Plain }
}
