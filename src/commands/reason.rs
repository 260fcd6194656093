//! `signals reason`: reason codes.

use anyhow::Result;
use clap::{Args, Subcommand};

use super::options::FormatOption;
use crate::context::Context;
use crate::domain::reason::{Library, Reason, ReasonCode, ReasonKind};
use crate::error::{CommandError, not_allowed, usage};
use crate::store::{Finish, Store};
use crate::views::reasons::REASONS;

/// Manage the reason codes of pulses, downsells and churns.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  signals reason list --kind pulse
  signals reason add support/weekend-cover --description \"Nobody answers then\"
  signals reason rename support/response-time support/slow-answers
  signals reason retire competition/building-own")]
pub(crate) enum ReasonCommand {
    /// List the reason codes, including retired ones
    #[command(
        after_help = "Examples:\n  signals reason list --kind churn\n  signals reason list --active --format json"
    )]
    List {
        /// Only those of this kind: pulse, downsell or churn
        #[arg(long, value_name = "KIND")]
        kind: Option<ReasonKind>,
        /// Only those that can still be given
        #[arg(long)]
        active: bool,
        #[command(flatten)]
        format: FormatOption,
    },
    /// Add a reason code, or bring back a retired one
    Add(AddReason),
    /// Rename a reason code, also where it is used already
    #[command(
        after_help = "Example:\n  signals reason rename support/response-time support/slow-answers"
    )]
    Rename {
        /// The present code
        old: String,
        /// The new code
        new: ReasonCode,
        /// Its kind, if several kinds have a code of this name
        #[arg(long, value_name = "KIND")]
        kind: Option<ReasonKind>,
    },
    /// Retire a reason code; records that use it stay as they are
    #[command(after_help = "Example:\n  signals reason retire competition/building-own")]
    Retire {
        /// The code
        code: String,
        /// Its kind, if several kinds have a code of this name
        #[arg(long, value_name = "KIND")]
        kind: Option<ReasonKind>,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  signals reason add support/weekend-cover --description \"Nobody answers then\"
  signals reason add need/season-over --kind churn")]
pub(crate) struct AddReason {
    /// A category and a sub-category, such as support/response-time
    code: ReasonCode,
    /// What it is a reason for: pulse, downsell or churn
    #[arg(long, value_name = "KIND", default_value = "pulse")]
    kind: ReasonKind,
    /// What it means, in one line
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    description: Option<String>,
}

impl ReasonCommand {
    /// # Errors
    /// A code that is unknown, exists already, or is already retired (exit 9).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        match self {
            ReasonCommand::List { kind, active, format } => list(context, kind, active, format),
            ReasonCommand::Add(args) => args.run(context),
            ReasonCommand::Rename { old, new, kind } => {
                context.make(|store| rename(context, store, &old, &new, kind))
            }
            ReasonCommand::Retire { code, kind } => {
                context.make(|store| retire(context, store, &code, kind))
            }
        }
    }
}

fn list(
    context: &Context,
    kind: Option<ReasonKind>,
    only_active: bool,
    format: FormatOption,
) -> Result<()> {
    let library = context.reader()?.reason_library()?;
    let is_asked = |reason: &&Reason| {
        kind.is_none_or(|kind| reason.kind == kind) && (reason.is_active || !only_active)
    };
    let asked: Vec<Reason> = library.reasons().iter().filter(is_asked).cloned().collect();
    format.print(context, &REASONS, &asked)?;
    context.ui.flush()?;
    remark(context, &library);
    Ok(())
}

impl AddReason {
    fn run(self, context: &Context) -> Result<()> {
        context.make(|store| self.add(context, store))
    }

    fn add(&self, context: &Context, store: &mut Store) -> Result<()> {
        let reason = store.transaction(Finish::Commit, |store| {
            let library = store.reason_library()?;
            let reason = match with_code(&library, self.kind, &self.code) {
                Some(reason) if reason.is_active => return Err(already_there(reason).into()),
                Some(reason) => {
                    let description =
                        self.description.clone().or_else(|| reason.description.clone());
                    Reason { is_active: true, description, ..reason.clone() }
                }
                None => Reason::own(self.kind, self.code.clone(), self.description.clone()),
            };
            store.save_reason(&reason)?;
            Ok(reason)
        })?;
        context.ui.note(format!("'{}' is a reason code of kind {}", reason.code, reason.kind));
        remark_on_change(context, store, reason.kind)
    }
}

fn rename(
    context: &Context,
    store: &mut Store,
    old: &str,
    new: &ReasonCode,
    kind: Option<ReasonKind>,
) -> Result<()> {
    let reason = store.transaction(Finish::Commit, |store| {
        let library = store.reason_library()?;
        let reason = locate(&library, kind, old)?;
        if let Some(other) = with_code(&library, reason.kind, new) {
            return Err(already_there(other).into());
        }
        store.rename_reason(reason, new)?;
        Ok(reason.clone())
    })?;
    let Reason { code, kind, .. } = reason;
    context
        .ui
        .note(format!("'{code}' of kind {kind} is '{new}' now, also where it was said before"));
    Ok(())
}

fn retire(
    context: &Context,
    store: &mut Store,
    code: &str,
    kind: Option<ReasonKind>,
) -> Result<()> {
    let Reason { code, kind, .. } = store.transaction(Finish::Commit, |store| {
        let library = store.reason_library()?;
        let reason = locate(&library, kind, code)?;
        if !reason.is_active {
            let message = format!("the reason code '{}' is retired already", reason.code);
            return Err(not_allowed(message).into());
        }
        store.save_reason(&Reason { is_active: false, ..reason.clone() })?;
        Ok(reason.clone())
    })?;
    context.ui.note(format!(
        "'{code}' of kind {kind} is retired: it cannot be given any more, and what was said with it stays"
    ));
    remark_on_change(context, store, kind)
}

pub(crate) fn with_code<'l>(
    library: &'l Library,
    kind: ReasonKind,
    code: &ReasonCode,
) -> Option<&'l Reason> {
    library.reasons().iter().find(|reason| reason.kind == kind && reason.code == *code)
}

/// The reason with that code, of the given kind or of the only kind that has it.
fn locate<'l>(
    library: &'l Library,
    kind: Option<ReasonKind>,
    code: &str,
) -> Result<&'l Reason, CommandError> {
    let kinds =
        || ReasonKind::ALL.iter().copied().filter(|other| kind.is_none_or(|kind| kind == *other));
    let found: Vec<&Reason> = kinds().filter_map(|kind| library.find(kind, code)).collect();
    match found.as_slice() {
        [reason] => Ok(reason),
        [] => {
            let suggestion =
                kinds().find_map(|kind| library.usable(kind, code).err()?.suggestion());
            let all = "`signals reason list` shows all";
            let hint = suggestion.map_or_else(|| all.to_owned(), |meant| format!("{meant} {all}"));
            Err(not_allowed(format!("there is no reason code '{}'", code.trim())).hint(hint))
        }
        several => {
            let kinds: Vec<&str> = several.iter().map(|reason| reason.kind.as_str()).collect();
            let kinds = kinds.join(" and of kind ");
            Err(usage(format!("there is a reason code '{code}' of kind {kinds}"))
                .hint("--kind says which is meant"))
        }
    }
}

fn already_there(reason: &Reason) -> CommandError {
    let state = if reason.is_active { "" } else { ", a retired one" };
    let Reason { code, kind, .. } = reason;
    not_allowed(format!("there is a reason code '{code}' of kind {kind} already{state}"))
        .hint(format!("`signals reason list --kind {kind}` shows all"))
}

fn remark_on_change(context: &Context, store: &Store, kind: ReasonKind) -> Result<()> {
    if kind == ReasonKind::Pulse {
        remark(context, &store.reason_library()?);
    }
    Ok(())
}

fn remark(context: &Context, library: &Library) {
    library.remark().iter().for_each(|remark| context.ui.hint(remark));
}
