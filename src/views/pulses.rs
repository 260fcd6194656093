//! The pulse of a company over time, and the scale of levels.

use super::{Column, Field, Listing, RecordFields, object, or_dash, plain};
use crate::domain::company::Company;
use crate::domain::pulse::{self, Level, Pulse, PulseMark};
use crate::domain::success_score::success_score;
use crate::render::{Tone, Value};

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
    pub(crate) fn all(company: &Company, pulses: Vec<Pulse>) -> Vec<HistoryRow> {
        let marks: Vec<PulseMark> = pulses.iter().map(|pulse| pulse.mark).collect();
        let row = |(place, pulse): (usize, Pulse)| HistoryRow {
            company_id: company.company_id.clone(),
            company_name: company.name.clone(),
            score: success_score(&marks[..=place], pulse.mark.day).map(pulse::to_one_decimal),
            journey: pulse::sparkline(marks[..=place].iter().map(|mark| mark.level)),
            pulse,
        };
        pulses.into_iter().enumerate().map(row).collect()
    }

    /// A pulse, nested in other JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        object(HISTORY.fields.of(self).filter(|(field, _)| !field.starts_with("company_")))
    }
}

/// The pulses of a company, oldest first.
pub(crate) const HISTORY: Listing<HistoryRow> = Listing {
    fields: RecordFields::Each(&[
        Field::new("company_id", |row| (&row.company_id).into()),
        Field::new("company_name", |row| row.company_name.as_ref().into()),
        Field::new("set_on", |row| row.pulse.mark.day.into()),
        Field::new("pulse", |row| row.pulse.mark.level.number().into()),
        Field::new("pulse_label", |row| row.pulse.mark.level.label().into()),
        Field::new("reason_codes", |row| {
            Value::Nested(row.pulse.reason_codes.iter().cloned().collect())
        }),
        Field::new("note", |row| row.pulse.note.as_ref().into()),
        Field::new("set_by", |row| row.pulse.by.as_ref().into()),
        Field::new("set_at", |row| row.pulse.mark.at.into()),
        Field::new("success_score", |row| row.score.into()),
        Field::new("journey", |row| (&row.journey).into()),
    ]),
    columns: &[
        Column::left("day", |row| plain(row.pulse.mark.day)),
        Column::left("pulse", |row| (named(row.pulse.mark.level), tone(row.pulse.mark.level))),
        Column::right("score", |row| plain(or_dash(row.score.map(|score| format!("{score:.1}"))))),
        Column::left("by", |row| plain(or_dash(row.pulse.by.as_ref()))),
        Column::left("reason codes", |row| {
            plain(or_dash(
                (!row.pulse.reason_codes.is_empty()).then(|| row.pulse.reason_codes.join(", ")),
            ))
        }),
        Column::left("note", |row| plain(or_dash(row.pulse.note.as_ref()))),
    ],
    when_empty: "no pulses yet; `signals pulse set COMPANY LEVEL` sets one",
};

pub(crate) struct ScaleRow {
    pub level: Level,
    /// When it applies, in the team's words.
    pub guideline: String,
}

/// The levels of the pulse, worst first.
pub(crate) const SCALE: Listing<ScaleRow> = Listing {
    fields: RecordFields::Each(&[
        Field::new("level", |row| row.level.number().into()),
        Field::new("label", |row| row.level.label().into()),
        Field::new("target", |row| row.level.target().into()),
        Field::new("guideline", |row| (&row.guideline).into()),
    ]),
    columns: &[
        Column::left("level", |row| (named(row.level), tone(row.level))),
        Column::right("target", |row| plain(row.level.target())),
        Column::left("when it applies", |row| plain(&row.guideline)),
    ],
    when_empty: "",
};

fn named(level: Level) -> String {
    format!("{} {level}", level.number())
}

fn tone(level: Level) -> Tone {
    if level.is_at_risk() { Tone::Bad } else { Tone::Plain }
}
