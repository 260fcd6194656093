//! `[notify]`: notification settings. It says where secrets come from, never what they are.

use anyhow::Result;

use super::section::{Definition, Section};
use crate::configuration::{Block, ConfigTable};
use crate::domain::notify::{GRACE_HOURS, NotifySettings};
use crate::notify::check_sender;
use crate::store::Store;

pub(super) const SECTION: Section = Section {
    path: &["notify"],
    heading: "[notify]",
    is_list: false,
    read,
    own: |store| {
        let settings = store.notify_settings()?;
        let is_usual = settings == NotifySettings::default();
        Ok(if is_usual { Vec::new() } else { vec![block(&settings)] })
    },
};

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

fn block(settings: &NotifySettings) -> Block {
    let usual = NotifySettings::default();
    let NotifySettings { from, grace_hours, smtp_url, slack_webhook } = settings;
    let block = Block { is_list: false, ..Block::new("notify", settings.title()) };
    block
        .with_some("from", from.as_ref())
        .with("grace_hours", *grace_hours)
        .with_unusual("smtp_url", &smtp_url.to_string(), &usual.smtp_url.to_string())
        .with_unusual("slack_webhook", &slack_webhook.to_string(), &usual.slack_webhook.to_string())
}

impl Definition for NotifySettings {
    fn title(&self) -> String {
        "notify settings".to_owned()
    }

    fn present(&self, store: &Store) -> Result<Option<Block>> {
        Ok(Some(block(&store.notify_settings()?)))
    }

    fn wanted(&self, _store: &Store) -> Result<Block> {
        Ok(block(self))
    }

    fn save(&self, store: &Store, _table: &ConfigTable<'_>) -> Result<()> {
        store.save_notify_settings(self)
    }
}
