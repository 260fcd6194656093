//! Names from the database for shell completion.

use std::ffi::OsStr;

use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use crate::context::database_to_complete;
use crate::store::Store;

/// At most this many candidates are returned.
const MOST: usize = 200;

/// The command line with completers for the names of companies, people, rules, events and segments.
pub(crate) fn with_names(command: Command) -> Command {
    within(command, "")
}

fn within(command: Command, parent: &str) -> Command {
    let name = command.get_name().to_owned();
    command
        .mut_args(|arg| match names_for(parent, &name, &arg) {
            Some(names) => {
                arg.add(ArgValueCompleter::new(move |text: &OsStr| fitting(names, text)))
            }
            None => arg,
        })
        .mut_subcommands(|subcommand| within(subcommand, &name))
}

/// A name with its explanation.
type Name = (String, Option<String>);
type NameSource = fn(&Store) -> anyhow::Result<Vec<Name>>;

/// The names that an argument accepts; `None` if it creates a new one.
fn names_for(parent: &str, command: &str, arg: &Arg) -> Option<NameSource> {
    match (parent, command, arg.get_id().as_str()) {
        (_, "merge", "from" | "into") | (_, _, "company") => Some(companies),
        (_, _, "csm") | ("report", "csm", "name") | ("signals", "assign", "name") => Some(people),
        ("task", "assign", "name") | (_, _, "person") => Some(people),
        (_, _, "rule" | "rules" | "accept") => Some(rules),
        ("rule", "show" | "enable" | "disable" | "remove", "name") => Some(rules),
        (_, _, "event") => Some(events),
        (_, _, "segment") => Some(segments),
        ("segment", "show" | "remove", "name") | ("export", "segment", "name") => Some(segments),
        _ => None,
    }
}

fn plain(names: Vec<String>) -> Vec<Name> {
    names.into_iter().map(|name| (name, None)).collect()
}

fn companies(store: &Store) -> anyhow::Result<Vec<Name>> {
    let entries = store.company_names()?.into_iter();
    Ok(entries.filter_map(|entry| Some((entry.id?, entry.name))).collect())
}

fn people(store: &Store) -> anyhow::Result<Vec<Name>> {
    store.csm_names().map(plain)
}

fn rules(store: &Store) -> anyhow::Result<Vec<Name>> {
    let rules = store.rules()?.into_iter().map(|stored| stored.rule.name);
    Ok(plain(rules.collect()))
}

fn events(store: &Store) -> anyhow::Result<Vec<Name>> {
    store.event_names().map(plain)
}

fn segments(store: &Store) -> anyhow::Result<Vec<Name>> {
    let segments = store.segments()?.into_iter().map(|segment| segment.name);
    Ok(plain(segments.collect()))
}

/// The names that begin with a text, or whose explanation does, ignoring case. Without a database
/// there are none: completion must not print errors.
fn fitting(names: NameSource, text: &OsStr) -> Vec<CompletionCandidate> {
    let wanted = text.to_string_lossy().to_lowercase();
    let begins = |text: &str| text.to_lowercase().starts_with(&wanted);
    let all = database_to_complete().and_then(|store| names(&store).ok()).unwrap_or_default();
    all.into_iter()
        .filter(|(name, help)| begins(name) || help.as_deref().is_some_and(begins))
        .take(MOST)
        .map(|(name, help)| CompletionCandidate::new(name).help(help.map(Into::into)))
        .collect()
}
