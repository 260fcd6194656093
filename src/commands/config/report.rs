//! `[report]`: the letterhead of reports, and the currency of their amounts.

use std::path::{Path, absolute};

use anyhow::Result;

use super::section::{Definition, Section};
use crate::configuration::{Block, ConfigTable};
use crate::render::report::Logo;
use crate::store::{ReportSettings, Store};

pub(super) const SECTION: Section = Section {
    path: &["report"],
    heading: "[report]",
    is_list: false,
    read,
    own: |store| {
        let settings = store.report_settings()?;
        let is_usual = settings == ReportSettings::default();
        Ok(if is_usual { Vec::new() } else { vec![block(&settings)] })
    },
};

/// The longest currency, in characters.
const LONGEST_CURRENCY: usize = 5;

/// Pages embed the logo, so its size is limited.
const LARGEST_LOGO: u64 = 1 << 20;

fn read(table: &ConfigTable<'_>) -> Option<Box<dyn Definition>> {
    table.allow(&["title", "currency", "logo"]);
    let currency = table.filled("currency");
    if currency.is_some_and(|currency| currency.chars().count() > LONGEST_CURRENCY) {
        table.error(
            "currency",
            format!("a currency has at most {LONGEST_CURRENCY} characters"),
            Some("write a code such as EUR, or a sign"),
        );
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
    table.error("logo", format!("{mistake}: {path}"), None);
    None
}

fn block(settings: &ReportSettings) -> Block {
    let ReportSettings { title, currency, logo } = settings;
    let block = Block { is_list: false, ..Block::new("report", settings.title()) };
    block
        .with_some("title", title.as_ref())
        .with_some("currency", currency.as_ref())
        .with_some("logo", logo.as_ref())
}

impl Definition for ReportSettings {
    fn title(&self) -> String {
        "report settings".to_owned()
    }

    fn present(&self, store: &Store) -> Result<Option<Block>> {
        Ok(Some(block(&store.report_settings()?)))
    }

    fn wanted(&self, _store: &Store) -> Result<Block> {
        Ok(block(self))
    }

    fn save(&self, store: &Store, _table: &ConfigTable<'_>) -> Result<()> {
        store.save_report_settings(self)
    }
}
