//! The inbox of a person.

use super::signals::{self, SIGNALS};
use super::{Listing, or_dash, plain};
use crate::render::{self, Align, Tone, Value};
use crate::store::InboxEntry;

/// The number of a notice's own fields, which precede those of its signal.
const OWN: usize = 3;

const FIELDS: [&str; OWN + SIGNALS.fields.len()] = {
    let mut fields = ["unread"; OWN + SIGNALS.fields.len()];
    (fields[1], fields[2]) = ("told_at", "read_at");
    let mut place = 0;
    while place < SIGNALS.fields.len() {
        fields[OWN + place] = SIGNALS.fields[place];
        place += 1;
    }
    fields
};

/// The list of notices: the fields of the list of signals, and when each was read.
pub(crate) const INBOX: Listing<InboxEntry> = Listing {
    fields: &FIELDS,
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
    let mut values =
        vec![entry.read_at.is_none().into(), entry.told_at.into(), entry.read_at.into()];
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
    fn the_fields_are_three_and_those_of_signals() {
        assert_eq!(INBOX.fields[..4], ["unread", "told_at", "read_at", "id"]);
        assert_eq!((INBOX.fields.len(), INBOX.fields.last()), (35, Some(&"assigned_to")));
    }
}
