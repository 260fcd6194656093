//! `[report]`: the letterhead of reports, and the currency of their amounts.

use std::path::{Path, absolute};

use anyhow::Result;

use super::section::{Definition, Section, own_settings};
use crate::configuration::{Block, ConfigTable};
use crate::render::report::Logo;
use crate::store::{ReportSettings, Store};

pub(super) const SECTION: Section =
    Section { heading: "[report]", read, own: |store| Ok(own_settings(&store.report_settings()?)) };

/// The longest currency, in characters.
const LONGEST_CURRENCY: usize = 5;

/// Pages embed the logo, so its size is limited.
const LARGEST_LOGO: u64 = 1 << 20;

fn read(table: &ConfigTable<'_>) -> Option<Box<dyn Definition>> {
    table.allow(&["title", "currency", "logo"]);
    let currency = table.filled("currency");
    if currency.is_some_and(|currency| currency.chars().count() > LONGEST_CURRENCY) {
        let message = format!("a currency has at most {LONGEST_CURRENCY} characters");
        table.error("currency", message, Some("write a code such as EUR, or a sign"));
    }
    Some(Box::new(ReportSettings {
        title: table.filled("title").map(str::to_owned),
        currency: currency.map(str::to_owned),
        logo: table.filled("logo").and_then(|path| logo(table, path)),
    }))
}

/// The absolute path of the logo.
fn logo(table: &ConfigTable<'_>, path: &str) -> Option<String> {
    let file = Path::new(path);
    let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let mistake = match std::fs::metadata(file) {
        _ if Logo::media_type(ending).is_none() => "the logo must be a png, jpg, gif, webp or svg",
        Err(_) => "the logo cannot be read",
        Ok(found) if !found.is_file() => "the logo is not a file",
        Ok(found) if found.len() > LARGEST_LOGO => "the logo is larger than 1 MiB",
        Ok(_) => return absolute(file).ok().map(|path| path.display().to_string()),
    };
    table.wrong("logo", format!("{mistake}: {path}"))
}

impl Definition for ReportSettings {
    fn block(&self) -> Block {
        Block::new("[report]", "report settings")
            .with_some("title", self.title.as_deref())
            .with_some("currency", self.currency.as_deref())
            .with_some("logo", self.logo.as_deref())
    }

    fn present(&self, store: &Store) -> Result<Option<Block>> {
        Ok(Some(store.report_settings()?.block()))
    }

    fn save(&self, store: &Store, _table: &ConfigTable<'_>) -> Result<()> {
        store.save_report_settings(self)
    }
}
