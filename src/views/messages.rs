//! The list of messages, delivered or pending.

use super::{Column, Field, Listing, RecordFields, or_dash, plain};
use crate::domain::notify::MessageState;
use crate::render::Tone;
use crate::store::Delivery;

pub(crate) const MESSAGES: Listing<Delivery> = Listing {
    fields: RecordFields::Each(&[
        Field::new("channel", |delivery| delivery.message.channel.as_str().into()),
        Field::new("purpose", |delivery| delivery.message.purpose.as_str().into()),
        Field::new("person", |delivery| delivery.message.person.as_ref().into()),
        Field::new("signals", |delivery| delivery.message.signals.into()),
        Field::new("state", |delivery| delivery.state.as_str().into()),
        Field::new("tries", |delivery| {
            (u64::from(delivery.message.tries) + u64::from(is_sent(delivery))).into()
        }),
        Field::new("next_try_at", |delivery| {
            delivery.message.next_try_at.filter(|_| !is_sent(delivery)).into()
        }),
        Field::new("error", |delivery| error(delivery).into()),
        Field::new("message_id", |delivery| (&delivery.message.message_id).into()),
    ]),
    columns: &[
        Column::left("channel", |delivery| plain(delivery.message.channel)),
        Column::left("for", |delivery| plain(delivery.message.person.as_deref().unwrap_or("all"))),
        Column::left("purpose", |delivery| plain(delivery.message.purpose)),
        Column::right("signals", |delivery| plain(delivery.message.signals)),
        Column::left("state", |delivery| (delivery.state.to_string(), tone(delivery.state))),
        Column::left("error", |delivery| plain(or_dash(error(delivery)))),
    ],
    when_empty: "nothing is to be delivered",
};

fn is_sent(delivery: &Delivery) -> bool {
    delivery.state == MessageState::Sent
}

fn error(delivery: &Delivery) -> Option<&String> {
    delivery.message.last_error.as_ref().filter(|_| !is_sent(delivery))
}

fn tone(state: MessageState) -> Tone {
    match state {
        MessageState::Failed | MessageState::Dead => Tone::Bad,
        _ => Tone::Plain,
    }
}
