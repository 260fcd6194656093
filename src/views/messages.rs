//! The list of messages, delivered or pending.

use super::{Listing, or_dash, plain};
use crate::domain::notify::MessageState;
use crate::render::{Align, Tone, Value};
use crate::store::Delivery;

/// The list of messages, as `notify send` prints it.
pub(crate) const MESSAGES: Listing<Delivery> = Listing {
    fields: &[
        "channel",
        "purpose",
        "person",
        "signals",
        "state",
        "tries",
        "next_try_at",
        "error",
        "message_id",
    ],
    values,
    columns: &[
        ("channel", Align::Left),
        ("for", Align::Left),
        ("purpose", Align::Left),
        ("signals", Align::Right),
        ("state", Align::Left),
        ("error", Align::Left),
    ],
    cells,
    when_empty: "nothing is to be delivered",
};

fn values(delivery: &Delivery) -> Vec<Value<'_>> {
    let message = &delivery.message;
    let is_sent = delivery.state == MessageState::Sent;
    vec![
        message.channel.as_str().into(),
        message.purpose.as_str().into(),
        message.person.as_ref().into(),
        message.signals.into(),
        delivery.state.as_str().into(),
        (u64::from(message.tries) + u64::from(is_sent)).into(),
        message.next_try_at.filter(|_| !is_sent).into(),
        message.last_error.as_ref().filter(|_| !is_sent).into(),
        (&message.message_id).into(),
    ]
}

fn cells(delivery: &Delivery) -> Vec<(String, Tone)> {
    let message = &delivery.message;
    let is_sent = delivery.state == MessageState::Sent;
    let tone = match delivery.state {
        MessageState::Failed | MessageState::Dead => Tone::Bad,
        _ => Tone::Plain,
    };
    vec![
        plain(message.channel),
        plain(message.person.as_deref().unwrap_or("all")),
        plain(message.purpose),
        plain(message.signals),
        (delivery.state.to_string(), tone),
        plain(or_dash(message.last_error.as_ref().filter(|_| !is_sent))),
    ]
}
