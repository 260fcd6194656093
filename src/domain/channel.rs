//! The channels of notifications.

use super::named::named;

/// How a message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Channel {
    /// To one person, over SMTP.
    Email,
    /// To all, through an incoming webhook.
    Slack,
}
named!(Channel { Email = "email", Slack = "slack" });
