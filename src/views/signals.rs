//! The list of signals.

use super::{Column, Field, Listing, headings, names, or_dash, plain};
use crate::domain::finding::Evidence;
use crate::domain::rule::RuleLogic;
use crate::domain::signal::{Comparison, SignalState, SignalType};
use crate::render::{self, Align, Tone, Value};
use crate::store::SignalRecord;

/// The fields for other programs. They are a stable interface: new ones are added at the end.
const FIELDS: [Field<SignalRecord>; 32] = [
    Field { name: "id", value: |signal| signal.id.0.into() },
    Field { name: "company_id", value: |signal| (&signal.company_id).into() },
    Field { name: "company_name", value: |signal| signal.company_name.as_ref().into() },
    Field { name: "csm", value: |signal| signal.csm.as_ref().into() },
    Field { name: "rule", value: |signal| (&signal.rule).into() },
    Field { name: "kind", value: |signal| signal.definition.logic.kind().as_str().into() },
    Field { name: "event", value: |signal| signal.event().into() },
    Field { name: "type", value: |signal| signal.signal_type.as_str().into() },
    Field { name: "state", value: |signal| signal.state().as_str().into() },
    Field { name: "raised_on", value: |signal| signal.raised_on.into() },
    Field {
        name: "timeframe_days",
        value: |signal| signal.definition.logic.trend().map(|trend| trend.timeframe).into(),
    },
    Field {
        name: "threshold_pct",
        value: |signal| signal.definition.logic.trend().map(|trend| trend.threshold).into(),
    },
    Field {
        name: "observation_from",
        value: |signal| {
            signal.evidence.comparison().map(|comparison| comparison.observation.from).into()
        },
    },
    Field {
        name: "observation_to",
        value: |signal| {
            signal.evidence.comparison().map(|comparison| comparison.observation.to).into()
        },
    },
    Field {
        name: "observation_count",
        value: |signal| signal.evidence.comparison().map(|comparison| comparison.previous).into(),
    },
    Field {
        name: "decision_from",
        value: |signal| {
            signal.evidence.comparison().map(|comparison| comparison.decision.from).into()
        },
    },
    Field {
        name: "decision_to",
        value: |signal| {
            signal.evidence.comparison().map(|comparison| comparison.decision.to).into()
        },
    },
    Field {
        name: "decision_count",
        value: |signal| signal.evidence.comparison().map(|comparison| comparison.current).into(),
    },
    Field { name: "change_pct", value: |signal| signal.change_pct.into() },
    Field { name: "chance", value: |signal| signal.evidence.chance().into() },
    Field { name: "detail", value: |signal| (&signal.detail).into() },
    Field {
        name: "acknowledged_by",
        value: |signal| {
            signal.acknowledgement.as_ref().map(|acknowledgement| &acknowledgement.by).into()
        },
    },
    Field {
        name: "acknowledged_at",
        value: |signal| {
            signal.acknowledgement.as_ref().map(|acknowledgement| acknowledgement.at).into()
        },
    },
    Field {
        name: "reason",
        value: |signal| {
            signal.acknowledgement.as_ref().map(|acknowledgement| &acknowledgement.reason).into()
        },
    },
    Field {
        name: "outcome",
        value: |signal| {
            signal
                .acknowledgement
                .as_ref()
                .and_then(|it| it.outcome)
                .map(|outcome| outcome.as_str())
                .into()
        },
    },
    Field { name: "holds", value: |signal| signal.holds.map_or(Value::Null, Value::Answer) },
    Field { name: "renewed_on", value: |signal| signal.renewed_on.into() },
    Field {
        name: "measure",
        value: |signal| signal.definition.logic.trend().map(|trend| trend.measure.as_str()).into(),
    },
    Field { name: "expected", value: |signal| signal.evidence.expected().into() },
    Field { name: "spread", value: |signal| signal.evidence.spread().into() },
    Field { name: "snoozed_until", value: |signal| signal.snoozed_until.into() },
    Field { name: "assigned_to", value: |signal| signal.assigned_to.as_ref().into() },
];

const COLUMNS: [Column<SignalRecord>; 12] = [
    Column { title: "id", align: Align::Right, cell: |signal| plain(signal.id) },
    Column { title: "day", align: Align::Left, cell: |signal| plain(signal.raised_on) },
    Column { title: "company", align: Align::Left, cell: |signal| plain(marked_company(signal)) },
    Column {
        title: "type",
        align: Align::Left,
        cell: |signal| (signal.signal_type.to_string(), tone(signal.signal_type)),
    },
    Column {
        title: "state",
        align: Align::Left,
        cell: |signal| (signal.state().to_string(), state_tone(signal.state())),
    },
    Column {
        title: "holds",
        align: Align::Left,
        cell: |signal| plain(signal.holds.map_or("", render::yes_or_no)),
    },
    Column { title: "event", align: Align::Left, cell: |signal| plain(about(signal)) },
    Column {
        title: "before",
        align: Align::Right,
        cell: |signal| plain(count(signal, |windows| windows.previous)),
    },
    Column {
        title: "now",
        align: Align::Right,
        cell: |signal| plain(count(signal, |windows| windows.current)),
    },
    Column { title: "change", align: Align::Right, cell: |signal| plain(change(signal)) },
    Column {
        title: "chance",
        align: Align::Right,
        cell: |signal| plain(or_dash(signal.evidence.chance().map(render::chance))),
    },
    Column { title: "csm", align: Align::Left, cell: |signal| plain(or_dash(signal.csm.as_ref())) },
];

/// The list of signals.
pub(crate) const SIGNALS: Listing<SignalRecord> = Listing {
    fields: &names(&FIELDS),
    values: |signal| FIELDS.iter().map(|field| (field.value)(signal)).collect(),
    columns: &headings(&COLUMNS),
    cells: |signal| COLUMNS.iter().map(|column| (column.cell)(signal)).collect(),
    when_empty: "no signals",
};

/// The newest open bad signals: what happened, in words, because a narrow terminal hides numbers.
pub(crate) const NEWEST: Listing<SignalRecord> =
    Listing { columns: &headings(&NEWEST_COLUMNS), cells: newest_cells, ..SIGNALS };

const NEWEST_COLUMNS: [Column<SignalRecord>; 7] = [
    Column { title: "id", align: Align::Right, cell: |signal| plain(signal.id) },
    Column { title: "day", align: Align::Left, cell: |signal| plain(signal.raised_on) },
    Column { title: "company", align: Align::Left, cell: |signal| plain(marked_company(signal)) },
    Column { title: "what", align: Align::Left, cell: |signal| plain(&signal.detail) },
    Column {
        title: "holds",
        align: Align::Left,
        cell: |signal| plain(signal.holds.map_or("", render::yes_or_no)),
    },
    Column {
        title: "chance",
        align: Align::Right,
        cell: |signal| plain(or_dash(signal.evidence.chance().map(render::chance))),
    },
    Column { title: "csm", align: Align::Left, cell: |signal| plain(or_dash(signal.csm.as_ref())) },
];

fn newest_cells(signal: &SignalRecord) -> Vec<(String, Tone)> {
    NEWEST_COLUMNS.iter().map(|column| (column.cell)(signal)).collect()
}

fn state_tone(state: SignalState) -> Tone {
    if state == SignalState::Open { Tone::Plain } else { Tone::Faint }
}

fn count(signal: &SignalRecord, of: fn(&Comparison) -> u64) -> String {
    or_dash(signal.evidence.comparison().map(|windows| render::thousands(of(windows))))
}

/// What a signal is about: the event or the goal, or the text of a condition.
fn about(signal: &SignalRecord) -> String {
    match &signal.definition.logic {
        RuleLogic::Trend(trend) => trend.watch().to_string(),
        RuleLogic::Adoption(_) => signal.event().unwrap_or_default().to_owned(),
        RuleLogic::Condition(_) => signal.detail.clone(),
    }
}

/// The change of the counts, or whether the goal was reached.
fn change(signal: &SignalRecord) -> String {
    match &signal.evidence {
        Evidence::Trend(evidence) => evidence.change_text(),
        Evidence::Adoption(_) if signal.signal_type == SignalType::Good => "done".to_owned(),
        Evidence::Adoption(_) => "not done".to_owned(),
        Evidence::Condition(_) => "-".to_owned(),
    }
}

/// The company's name, else its id.
pub(crate) fn company(signal: &SignalRecord) -> &str {
    signal.company_name.as_deref().unwrap_or(&signal.company_id)
}

/// The same, marked if the company has churned or will.
fn marked_company(signal: &SignalRecord) -> String {
    let name = company(signal);
    match signal.churned_on {
        Some(day) => format!("{name} (churned {day})"),
        None => name.to_owned(),
    }
}

pub(crate) fn tone(signal_type: SignalType) -> Tone {
    match signal_type {
        SignalType::Bad => Tone::Bad,
        SignalType::Good => Tone::Good,
        SignalType::Info => Tone::Plain,
    }
}
