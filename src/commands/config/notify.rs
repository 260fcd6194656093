//! `[notify]`: notification settings. It says where secrets come from, never what they are.

use anyhow::Result;

use super::section::{Definition, Section, own_settings};
use crate::configuration::{Block, ConfigTable};
use crate::domain::notify::{GRACE_HOURS, NotifySettings};
use crate::notify::check_sender;
use crate::store::Store;

pub(super) const SECTION: Section =
    Section { heading: "[notify]", read, own: |store| Ok(own_settings(&store.notify_settings()?)) };

fn read(table: &ConfigTable<'_>) -> Option<Box<dyn Definition>> {
    table.allow(&["from", "grace_hours", "smtp_url", "slack_webhook"]);
    let usual = NotifySettings::default();
    let from = table.filled("from").map(str::to_owned);
    if let Some(Err(failure)) = from.as_deref().map(check_sender) {
        table.error_of("from", &failure);
    }
    Some(Box::new(NotifySettings {
        from,
        grace_hours: table
            .whole("grace_hours", &GRACE_HOURS, " of hours")
            .unwrap_or(usual.grace_hours),
        smtp_url: table.word("smtp_url").unwrap_or(usual.smtp_url),
        slack_webhook: table.word("slack_webhook").unwrap_or(usual.slack_webhook),
    }))
}

impl Definition for NotifySettings {
    fn block(&self) -> Block {
        let usual = NotifySettings::default();
        let text = ToString::to_string;
        Block::new("[notify]", "notify settings")
            .with_some("from", self.from.as_deref())
            .with("grace_hours", self.grace_hours)
            .with_unusual("smtp_url", text(&self.smtp_url), text(&usual.smtp_url))
            .with_unusual("slack_webhook", text(&self.slack_webhook), text(&usual.slack_webhook))
    }

    fn present(&self, store: &Store) -> Result<Option<Block>> {
        Ok(Some(store.notify_settings()?.block()))
    }

    fn save(&self, store: &Store, _table: &ConfigTable<'_>) -> Result<()> {
        store.save_notify_settings(self)
    }
}
