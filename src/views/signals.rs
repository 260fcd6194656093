//! The list of signals.

use super::{Column, Field, Listing, RecordFields, or_dash, plain};
use crate::domain::evidence::Evidence;
use crate::domain::rule::{RuleLogic, TrendRule};
use crate::domain::signal::{Comparison, SignalState, SignalType};
use crate::render::{self, Tone, Value};
use crate::store::{Acknowledgement, SignalRecord};

/// The fields for other programs. They are a stable interface: new ones are added at the end.
const FIELDS: [Field<SignalRecord>; 32] = [
    Field::new("id", |signal| signal.id.0.into()),
    Field::new("company_id", |signal| (&signal.company_id).into()),
    Field::new("company_name", |signal| signal.company_name.as_ref().into()),
    Field::new("csm", |signal| signal.csm.as_ref().into()),
    Field::new("rule", |signal| (&signal.rule).into()),
    Field::new("kind", |signal| signal.definition.logic.kind().as_str().into()),
    Field::new("event", |signal| signal.event().into()),
    Field::new("type", |signal| signal.signal_type.as_str().into()),
    Field::new("state", |signal| signal.state().as_str().into()),
    Field::new("raised_on", |signal| signal.raised_on.into()),
    Field::new("timeframe_days", |signal| trend(signal).map(|trend| trend.timeframe).into()),
    Field::new("threshold_pct", |signal| trend(signal).map(|trend| trend.threshold).into()),
    Field::new("observation_from", |signal| windows(signal).map(|w| w.observation.from).into()),
    Field::new("observation_to", |signal| windows(signal).map(|w| w.observation.to).into()),
    Field::new("observation_count", |signal| windows(signal).map(|w| w.previous).into()),
    Field::new("decision_from", |signal| windows(signal).map(|w| w.decision.from).into()),
    Field::new("decision_to", |signal| windows(signal).map(|w| w.decision.to).into()),
    Field::new("decision_count", |signal| windows(signal).map(|w| w.current).into()),
    Field::new("change_pct", |signal| signal.change_pct.into()),
    Field::new("chance", |signal| signal.evidence.chance().into()),
    Field::new("detail", |signal| (&signal.detail).into()),
    Field::new("acknowledged_by", |signal| closing(signal).map(|closing| &closing.by).into()),
    Field::new("acknowledged_at", |signal| closing(signal).map(|closing| closing.at).into()),
    Field::new("reason", |signal| closing(signal).map(|closing| &closing.reason).into()),
    Field::new("outcome", |signal| closing(signal).and_then(outcome).into()),
    Field::new("holds", |signal| signal.holds.map_or(Value::Null, Value::Answer)),
    Field::new("renewed_on", |signal| signal.renewed_on.into()),
    Field::new("measure", |signal| trend(signal).map(|trend| trend.measure.as_str()).into()),
    Field::new("expected", |signal| signal.evidence.expected().into()),
    Field::new("spread", |signal| signal.evidence.spread().into()),
    Field::new("snoozed_until", |signal| signal.snoozed_until.into()),
    Field::new("assigned_to", |signal| signal.assigned_to.as_ref().into()),
];

fn trend(signal: &SignalRecord) -> Option<&TrendRule> {
    signal.definition.logic.trend()
}

fn windows(signal: &SignalRecord) -> Option<&Comparison> {
    signal.evidence.comparison()
}

fn closing(signal: &SignalRecord) -> Option<&Acknowledgement> {
    signal.acknowledgement.as_ref()
}

fn outcome(closing: &Acknowledgement) -> Option<&str> {
    closing.outcome.map(|outcome| outcome.as_str())
}

/// The columns that several lists have.
impl Column<SignalRecord> {
    const ID: Self = Column::right("id", |signal| plain(signal.id));
    const DAY: Self = Column::left("day", |signal| plain(signal.raised_on));
    const COMPANY: Self = Column::left("company", |signal| plain(marked_company(signal)));
    const HOLDS: Self =
        Column::left("holds", |signal| plain(signal.holds.map_or("", render::yes_or_no)));
    const CHANCE: Self = Column::right("chance", |signal| plain(chance(signal)));
    const CSM: Self = Column::left("csm", |signal| plain(or_dash(signal.csm.as_ref())));
}

const COLUMNS: [Column<SignalRecord>; 12] = [
    Column::ID,
    Column::DAY,
    Column::COMPANY,
    Column::left("type", |signal| (signal.signal_type.to_string(), tone(signal.signal_type))),
    Column::left("state", |signal| (signal.state().to_string(), state_tone(signal.state()))),
    Column::HOLDS,
    Column::left("event", |signal| plain(about(signal))),
    Column::right("before", |signal| plain(count(signal, |windows| windows.previous))),
    Column::right("now", |signal| plain(count(signal, |windows| windows.current))),
    Column::right("change", |signal| plain(change(signal))),
    Column::CHANCE,
    Column::CSM,
];

pub(crate) const SIGNALS: Listing<SignalRecord> =
    Listing { fields: RecordFields::Each(&FIELDS), columns: &COLUMNS, when_empty: "no signals" };

/// The newest open bad signals: what happened, in words, because a narrow terminal hides numbers.
pub(crate) const NEWEST: Listing<SignalRecord> = Listing { columns: &NEWEST_COLUMNS, ..SIGNALS };

const NEWEST_COLUMNS: [Column<SignalRecord>; 7] = [
    Column::ID,
    Column::DAY,
    Column::COMPANY,
    Column::left("what", |signal| plain(&signal.detail)),
    Column::HOLDS,
    Column::CHANCE,
    Column::CSM,
];

pub(crate) fn chance(signal: &SignalRecord) -> String {
    or_dash(signal.evidence.chance().map(render::chance))
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
