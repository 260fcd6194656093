//! What is in somebody's inbox.

use super::signals::{self, SIGNALS};
use super::{Listing, or_dash, plain};
use crate::render::{self, Align, Tone, Value};
use crate::store::InboxEntry;

/// The list of notices: the fields of the list of signals, and whether and when each was read.
pub const INBOX: Listing<InboxEntry> = Listing {
    fields: &[
        "unread",
        "told_at",
        "read_at",
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
        ("", Align::Left),
        ("id", Align::Right),
        ("day", Align::Left),
        ("company", Align::Left),
        ("type", Align::Left),
        ("what", Align::Left),
        ("chance", Align::Right),
        ("state", Align::Left),
    ],
    cells,
    when_empty: "the inbox is empty",
};

fn values(entry: &InboxEntry) -> Vec<Value<'_>> {
    let mut values = vec![entry.read_at.is_none().into(), entry.told_at.into(), entry.read_at.into()];
    values.extend((SIGNALS.values)(&entry.signal));
    values
}

fn cells(entry: &InboxEntry) -> Vec<(String, Tone)> {
    let signal = &entry.signal;
    let tone = if entry.read_at.is_none() { Tone::Plain } else { Tone::Faint };
    vec![
        plain(if entry.read_at.is_none() { "new" } else { "" }),
        plain(signal.id),
        plain(signal.raised_on),
        (signals::company(signal).to_owned(), tone),
        (signal.signal_type.to_string(), signals::tone(signal.signal_type)),
        (signal.detail.clone(), tone),
        plain(or_dash(signal.evidence.chance().map(render::chance))),
        plain(signal.state()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_are_those_of_signals_and_three_more() {
        assert_eq!(INBOX.fields[3..], *SIGNALS.fields);
    }
}
