//! The list of signals.

use super::{Listing, or_dash, plain};
use crate::domain::finding::Evidence;
use crate::domain::rule::RuleLogic;
use crate::domain::signal::{SignalType, State};
use crate::render::{self, Align, Tone, Value};
use crate::store::SignalRecord;

/// The list of signals; its fields are the contract with other programs.
pub const SIGNALS: Listing<SignalRecord> = Listing {
    fields: &[
        "id",
        "company_id",
        "company_name",
        "csm",
        "rule",
        "kind",
        "event",
        "type",
        "state",
        "raised_on",
        "timeframe_days",
        "threshold_pct",
        "observation_from",
        "observation_to",
        "observation_count",
        "decision_from",
        "decision_to",
        "decision_count",
        "change_pct",
        "chance",
        "detail",
        "acknowledged_by",
        "acknowledged_at",
        "reason",
    ],
    values,
    columns: &[
        ("id", Align::Right),
        ("day", Align::Left),
        ("company", Align::Left),
        ("type", Align::Left),
        ("state", Align::Left),
        ("event", Align::Left),
        ("before", Align::Right),
        ("now", Align::Right),
        ("change", Align::Right),
        ("chance", Align::Right),
        ("csm", Align::Left),
    ],
    cells,
    when_empty: "no signals",
};

fn values(signal: &SignalRecord) -> Vec<Value<'_>> {
    let acknowledgement = signal.acknowledgement.as_ref();
    let (trend, comparison) = (signal.definition.trend(), signal.evidence.comparison());
    vec![
        signal.id.0.into(),
        (&signal.company_id).into(),
        signal.company_name.as_ref().into(),
        signal.csm.as_ref().into(),
        (&signal.rule).into(),
        signal.definition.kind().as_str().into(),
        signal.event().into(),
        signal.signal_type.as_str().into(),
        signal.state().as_str().into(),
        signal.raised_on.into(),
        trend.map(|trend| trend.timeframe).into(),
        trend.map(|trend| trend.threshold).into(),
        comparison.map(|comparison| comparison.observation.from).into(),
        comparison.map(|comparison| comparison.observation.to).into(),
        comparison.map(|comparison| comparison.previous).into(),
        comparison.map(|comparison| comparison.decision.from).into(),
        comparison.map(|comparison| comparison.decision.to).into(),
        comparison.map(|comparison| comparison.current).into(),
        signal.change_pct.into(),
        signal.evidence.chance().into(),
        (&signal.detail).into(),
        acknowledgement.map(|acknowledgement| &acknowledgement.by).into(),
        acknowledgement.map(|acknowledgement| acknowledgement.at).into(),
        acknowledgement.map(|acknowledgement| &acknowledgement.reason).into(),
    ]
}

fn cells(signal: &SignalRecord) -> Vec<(String, Tone)> {
    let comparison = signal.evidence.comparison();
    let state_tone = if signal.state() == State::Open { Tone::Plain } else { Tone::Faint };
    vec![
        plain(signal.id),
        plain(signal.raised_on),
        plain(company(signal)),
        (signal.signal_type.to_string(), tone(signal.signal_type)),
        (signal.state().to_string(), state_tone),
        plain(about(signal)),
        plain(or_dash(comparison.map(|comparison| render::thousands(comparison.previous)))),
        plain(or_dash(comparison.map(|comparison| render::thousands(comparison.current)))),
        plain(change(signal)),
        plain(or_dash(signal.evidence.chance().map(render::chance))),
        plain(or_dash(signal.csm.as_ref())),
    ]
}

/// What a signal is about: what was counted or meant to be done, and of a condition what it says.
fn about(signal: &SignalRecord) -> String {
    match &signal.definition {
        RuleLogic::Trend(trend) => trend.watch.to_string(),
        RuleLogic::Adoption(_) => signal.event().unwrap_or_default().to_owned(),
        RuleLogic::Condition(_) => signal.detail.clone(),
    }
}

/// How the counts changed, or whether what was meant to be done was.
fn change(signal: &SignalRecord) -> String {
    match &signal.evidence {
        Evidence::Trend { comparison, .. } => comparison.change_text(),
        Evidence::Adoption(_) if signal.signal_type == SignalType::Good => "done".to_owned(),
        Evidence::Adoption(_) => "not done".to_owned(),
        Evidence::Condition(_) => "-".to_owned(),
    }
}

/// How people call the company: by its name, else by its id.
pub fn company(signal: &SignalRecord) -> &str {
    signal.company_name.as_deref().unwrap_or(&signal.company_id)
}

/// The colour of a type.
pub fn tone(signal_type: SignalType) -> Tone {
    match signal_type {
        SignalType::Bad => Tone::Bad,
        SignalType::Good => Tone::Good,
        SignalType::Info => Tone::Plain,
    }
}
