//! The inbox of a person.

use super::signals::{self, SIGNALS};
use super::{Column, Listing, RecordFields, plain};
use crate::render::Tone;
use crate::store::InboxEntry;

/// The list of notices: when each was read, and the fields of the list of signals.
pub(crate) const INBOX: Listing<InboxEntry> = Listing {
    fields: RecordFields::Of(
        || ["unread", "told_at", "read_at"].into_iter().chain(SIGNALS.fields.names()).collect(),
        |entry| {
            let own = [is_unread(entry).into(), entry.told_at.into(), entry.read_at.into()];
            own.into_iter().chain(SIGNALS.fields.values(&entry.signal)).collect()
        },
    ),
    columns: &[
        Column::left("", |entry| plain(if is_unread(entry) { "new" } else { "" })),
        Column::right("id", |entry| plain(entry.signal.id)),
        Column::left("day", |entry| plain(entry.signal.raised_on)),
        Column::left("company", |entry| (signals::company(&entry.signal).to_owned(), tone(entry))),
        Column::left("type", |entry| {
            (entry.signal.signal_type.to_string(), signals::tone(entry.signal.signal_type))
        }),
        Column::left("what", |entry| (entry.signal.detail.clone(), tone(entry))),
        Column::right("chance", |entry| plain(signals::chance(&entry.signal))),
        Column::left("state", |entry| plain(entry.signal.state())),
    ],
    when_empty: "the inbox is empty",
};

fn is_unread(entry: &InboxEntry) -> bool {
    entry.read_at.is_none()
}

fn tone(entry: &InboxEntry) -> Tone {
    if is_unread(entry) { Tone::Plain } else { Tone::Faint }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_are_three_and_those_of_signals() {
        let names = INBOX.fields.names();
        assert_eq!(names[..4], ["unread", "told_at", "read_at", "id"]);
        assert_eq!((names.len(), names.last()), (35, Some(&"assigned_to")));
    }
}
