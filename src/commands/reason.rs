//! `signals reason`: reason codes.

use anyhow::Result;
use clap::{Args, Subcommand};

use super::options::FormatOption;
use super::output;
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
    List(ListReasons),
    /// Add a reason code, or bring back a retired one
    Add(AddReason),
    /// Rename a reason code, also where it is used already
    Rename(RenameReason),
    /// Retire a reason code; records that use it stay as they are
    Retire(RetireReason),
}

/// List the reason codes, by kind and category.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  signals reason list --kind churn\n  signals reason list --active --format json"
)]
pub(crate) struct ListReasons {
    /// Only those of this kind: pulse, downsell or churn
    #[arg(long, value_name = "KIND")]
    kind: Option<ReasonKind>,
    /// Only those that can still be given
    #[arg(long)]
    active: bool,
    #[command(flatten)]
    format: FormatOption,
}

/// Add a reason code, or bring back a retired one.
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

/// Rename a reason code. The old name is still understood.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  signals reason rename support/response-time support/slow-answers"
)]
pub(crate) struct RenameReason {
    /// The present code
    old: String,
    /// The new code
    new: ReasonCode,
    /// Its kind, if several kinds have a code of this name
    #[arg(long, value_name = "KIND")]
    kind: Option<ReasonKind>,
}

/// Retire a reason code.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  signals reason retire competition/building-own")]
pub(crate) struct RetireReason {
    /// The code
    code: String,
    /// Its kind, if several kinds have a code of this name
    #[arg(long, value_name = "KIND")]
    kind: Option<ReasonKind>,
}

impl ReasonCommand {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// A code that is unknown, exists already, or is already retired (exit 9).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        match self {
            ReasonCommand::List(args) => args.run(context),
            ReasonCommand::Add(args) => args.run(context),
            ReasonCommand::Rename(args) => args.run(context),
            ReasonCommand::Retire(args) => args.run(context),
        }
    }
}

impl ListReasons {
    fn run(self, context: &Context) -> Result<()> {
        let library = context.reader()?.reason_library()?;
        let is_asked = |reason: &&Reason| {
            self.kind.is_none_or(|kind| reason.kind == kind) && (reason.is_active || !self.active)
        };
        output::print_list(&context.ui, self.format.format, &REASONS, |each| {
            library.reasons().iter().filter(is_asked).try_for_each(each)
        })?;
        context.ui.flush()?;
        remark(context, &library);
        Ok(())
    }
}

impl AddReason {
    fn run(self, context: &Context) -> Result<()> {
        let mut store = context.maker()?;
        let reason = store.transaction(Finish::Commit, |store| {
            let library = store.reason_library()?;
            let there = library
                .reasons()
                .iter()
                .find(|reason| reason.kind == self.kind && reason.code == self.code);
            let reason = match there {
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
        remark_on_change(context, &store, reason.kind)
    }
}

impl RenameReason {
    fn run(self, context: &Context) -> Result<()> {
        let mut store = context.maker()?;
        let reason = store.transaction(Finish::Commit, |store| {
            let library = store.reason_library()?;
            let reason = locate(&library, self.kind, &self.old)?;
            let is_taken = |other: &&Reason| other.kind == reason.kind && other.code == self.new;
            if let Some(other) = library.reasons().iter().find(is_taken) {
                return Err(already_there(other).into());
            }
            store.rename_reason(reason, &self.new)?;
            Ok(reason.clone())
        })?;
        context.ui.note(format!(
            "'{}' of kind {} is '{}' now, also where it was said before",
            reason.code, reason.kind, self.new
        ));
        Ok(())
    }
}

impl RetireReason {
    fn run(self, context: &Context) -> Result<()> {
        let mut store = context.maker()?;
        let reason = store.transaction(Finish::Commit, |store| {
            let library = store.reason_library()?;
            let reason = locate(&library, self.kind, &self.code)?;
            if !reason.is_active {
                return Err(not_allowed(format!(
                    "the reason code '{}' is retired already",
                    reason.code
                ))
                .into());
            }
            store.save_reason(&Reason { is_active: false, ..reason.clone() })?;
            Ok(reason.clone())
        })?;
        context.ui.note(format!(
            "'{}' of kind {} is retired: it cannot be given any more, and what was said with it stays",
            reason.code, reason.kind
        ));
        remark_on_change(context, &store, reason.kind)
    }
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
    not_allowed(format!(
        "there is a reason code '{}' of kind {} already{state}",
        reason.code, reason.kind
    ))
    .hint(format!("`signals reason list --kind {}` shows all", reason.kind))
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
