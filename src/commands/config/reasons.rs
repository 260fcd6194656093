//! `[[reason]]`: reason codes.

use anyhow::Result;

use super::section::{Advice, Definition, Section};
use crate::commands::reason::with_code;
use crate::configuration::{Block, ConfigTable};
use crate::domain::reason::{Library, Reason, ReasonCode, ReasonKind, shipped};
use crate::store::{Catalogue, Store};

pub(super) const SECTION: Section = Section {
    heading: "[[reason]]",
    read,
    own: |store| {
        let library = store.reason_library()?;
        let mut changed: Vec<&Reason> =
            library.reasons().iter().filter(|reason| !reason.is_as_shipped()).collect();
        // A renamed reason frees its former code for another one.
        changed.sort_by_key(|reason| renamed_from(reason).is_none());
        Ok(changed.into_iter().map(block).collect())
    },
};

/// A reason in a file.
struct WrittenReason {
    kind: ReasonKind,
    code: ReasonCode,
    /// `None`: the default description of a shipped reason.
    description: Option<String>,
    is_active: bool,
    /// Its former code.
    renamed_from: Option<ReasonCode>,
}

fn read(table: &ConfigTable<'_>) -> Option<Box<dyn Definition>> {
    table.allow(&["code", "kind", "description", "active", "renamed_from"]);
    let (kind, is_active) = (table.word("kind"), table.truth("active"));
    let renamed_from = table.word("renamed_from");
    table.required("code")?;
    Some(Box::new(WrittenReason {
        kind: kind.unwrap_or(ReasonKind::Pulse),
        code: table.word("code")?,
        description: table.text("description").map(str::to_owned),
        is_active: is_active.unwrap_or(true),
        renamed_from,
    }))
}

/// The code under which a reason shipped, if it has another now.
fn renamed_from(reason: &Reason) -> Option<&ReasonCode> {
    reason.shipped_as.as_ref().filter(|code| **code != reason.code)
}

fn shipped_description<'r>(kind: ReasonKind, shipped_as: Option<&ReasonCode>) -> Option<&'r str> {
    let code = shipped_as?;
    shipped()
        .iter()
        .find(|reason| reason.kind == kind && reason.code == *code)?
        .description
        .as_deref()
}

fn block(reason: &Reason) -> Block {
    let Reason { kind, code, .. } = reason;
    let usual = shipped_description(*kind, reason.shipped_as.as_ref()).unwrap_or_default();
    Block::new("[[reason]]", format!("reason '{code}' of kind {kind}"))
        .with("code", code.to_string())
        .with("kind", kind.as_str())
        .with_some("renamed_from", renamed_from(reason).map(ToString::to_string))
        .with_unusual("description", reason.description.as_deref().unwrap_or_default(), usual)
        .with_unusual("active", reason.is_active, true)
}

impl WrittenReason {
    /// The reason with that code, else the one to be renamed.
    fn meant<'l>(&self, library: &'l Library) -> Option<&'l Reason> {
        with_code(library, self.kind, &self.code)
            .or_else(|| library.find(self.kind, &self.renamed_from.as_ref()?.to_string()))
    }

    fn reason(&self, library: &Library) -> Reason {
        let shipped_as = self.meant(library).and_then(|reason| reason.shipped_as.clone());
        let usual = || shipped_description(self.kind, shipped_as.as_ref()).map(str::to_owned);
        let description = self.description.clone().or_else(usual).filter(|text| !text.is_empty());
        Reason { shipped_as, description, ..self.as_written() }
    }

    fn as_written(&self) -> Reason {
        let own = Reason::own(self.kind, self.code.clone(), self.description.clone());
        Reason { is_active: self.is_active, ..own }
    }
}

impl Definition for WrittenReason {
    fn block(&self) -> Block {
        block(&self.as_written())
    }

    fn comes_first(&self) -> bool {
        self.renamed_from.is_some()
    }

    fn present(&self, store: &Store) -> Result<Option<Block>> {
        Ok(self.meant(&store.reason_library()?).map(block))
    }

    fn wanted(&self, store: &Store) -> Result<Block> {
        Ok(block(&self.reason(&store.reason_library()?)))
    }

    fn save(&self, store: &Store, _table: &ConfigTable<'_>) -> Result<()> {
        let library = store.reason_library()?;
        let wanted = self.reason(&library);
        if let Some(present) = self.meant(&library).filter(|present| present.code != wanted.code) {
            store.rename_reason(present, &wanted.code)?;
        }
        store.save_reason(&wanted)
    }

    fn check(&self, store: &Store, _catalogue: &Catalogue, table: &ConfigTable<'_>) -> Result<()> {
        let Some(former) = &self.renamed_from else { return Ok(()) };
        let library = store.reason_library()?;
        let (reason, other) = (
            with_code(&library, self.kind, &self.code),
            library.find(self.kind, &former.to_string()),
        );
        if let (Some(reason), Some(other)) = (reason, other)
            && reason != other
            && renamed_from(reason) != Some(former)
        {
            let (code, other) = (&reason.code, &other.code);
            let message = format!("there is a reason code '{code}' already, beside '{other}'");
            table.error("renamed_from", message, Some("retire one of the two with active = false"));
        }
        Ok(())
    }

    fn advise(&self, store: &Store) -> Result<Vec<Advice>> {
        Ok(store.reason_library()?.remark().map(Advice::Hint).into_iter().collect())
    }
}
