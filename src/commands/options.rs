//! Options that several commands share, defined once, and how their values are read.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::customers::ConditionOptions;
use crate::context::Context;
use crate::domain::company::CompanyKey;
use crate::domain::day::Day;
use crate::domain::facts::TeamMember;
pub use crate::domain::likeness::{nearest, nearest_of_all};
use crate::domain::signal::{SignalType, State};
use crate::error::{Failure, Kind, not_allowed, usage};
use crate::render::Format;
use crate::store::{SignalFilter, Store};

/// The format of what is printed.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct FormatOption {
    /// The format of the output
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: Format,
}

/// Which signals are meant.
#[derive(Debug, Clone, clap::Args)]
pub struct FilterOptions {
    /// Only signals of this type: good, bad or info
    #[arg(long = "type", value_name = "TYPE")]
    pub signal_type: Option<SignalType>,
    /// Only open or only closed signals
    #[arg(long, value_name = "STATE")]
    pub state: Option<State>,
    /// Only signals about this event
    #[arg(long, value_name = "EVENT")]
    pub event: Option<String>,
    /// Only signals of this rule
    #[arg(long, value_name = "RULE")]
    pub rule: Option<String>,
    /// Only signals of this person's companies
    #[arg(long, value_name = "NAME")]
    pub csm: Option<String>,
    #[command(flatten)]
    pub companies: ConditionOptions,
    /// Only signals raised on this day or later
    #[arg(long, value_name = "DAY")]
    pub since: Option<Day>,
    /// Only signals raised on this day or earlier
    #[arg(long, value_name = "DAY")]
    pub until: Option<Day>,
    /// Only signals that chance explains with at most this probability
    #[arg(long, value_name = "P", value_parser = at_most_certain)]
    pub max_chance: Option<f64>,
}

impl FilterOptions {
    /// Whether no filter is given.
    pub fn is_empty(&self) -> bool {
        self.of_signals(None) == SignalFilter::default() && self.companies.is_empty()
    }

    /// The filter for the signals of one company or of all.
    ///
    /// # Errors
    /// An unknown segment (exit 9); an expression that is none (exit 2).
    pub fn filter(
        &self,
        context: &Context,
        store: &Store,
        company: Option<CompanyKey>,
    ) -> Result<SignalFilter> {
        Ok(SignalFilter {
            companies: self.companies.companies(context, store)?,
            ..self.of_signals(company)
        })
    }

    fn of_signals(&self, company: Option<CompanyKey>) -> SignalFilter {
        SignalFilter {
            company,
            companies: None,
            signal_type: self.signal_type,
            state: self.state,
            event: self.event.clone(),
            rule: self.rule.clone(),
            csm: self.csm.clone(),
            since: self.since,
            until: self.until,
            max_chance: self.max_chance,
        }
    }
}

/// Reads a probability between 0 and 1, both excluded.
pub fn probability(text: &str) -> Result<f64, String> {
    let wrong = || format!("'{text}' is no probability between 0 and 1");
    let value: f64 = text.parse().map_err(|_| wrong())?;
    if value > 0.0 && value < 1.0 { Ok(value) } else { Err(wrong()) }
}

/// Reads a probability, 0 and 1 included.
fn at_most_certain(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value| (0.0..=1.0).contains(value));
    value.ok_or_else(|| format!("'{text}' is no probability from 0 to 1"))
}

/// Reads the number of a signal.
pub fn signal_number(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("'{text}' is not the number of a signal"))
}

/// The company that the user means.
///
/// # Errors
/// No such company, or several of that name (exit 9).
pub fn find_company(store: &Store, text: &str) -> Result<CompanyKey> {
    if let Some(company) = store.company_by_text(text)? {
        return Ok(company);
    }
    let names =
        store.company_names()?.into_iter().flat_map(|entry| [entry.id, entry.name]).flatten();
    let failure = not_allowed(format!("there is no company '{text}'"));
    Err(match nearest(text, names) {
        Some(name) => {
            failure.hint(format!("did you mean '{name}'? `signals company list` shows all"))
        }
        None => failure.hint("`signals company list` shows all"),
    }
    .into())
}

/// How many of a team are named to somebody who asked for another.
const MOST_NAMED: usize = 20;

/// The member of the team that the user means.
///
/// # Errors
/// Nobody of that name (exit 9).
pub fn find_member(store: &Store, name: &str) -> Result<TeamMember> {
    if let Some(member) = store.team_member(name)? {
        return Ok(member);
    }
    let failure = not_allowed(format!("nobody of the team is called '{name}'"));
    let all: Vec<String> = store.team()?.into_iter().map(|member| member.name).collect();
    let is_known_team = (1..=MOST_NAMED).contains(&all.len());
    Err(match nearest(name, all.iter().cloned()) {
        Some(name) => failure.hint(format!("did you mean '{name}'?")),
        None if is_known_team => failure.hint(format!("the team: {}", all.join(", "))),
        None => {
            failure.hint("`signals import team.csv` says who is of the team: name, role, email")
        }
    }
    .into())
}

/// Refuses to write over the database or the files beside it.
///
/// # Errors
/// A path that is one of them (exit 2).
pub fn refuse_database(context: &Context, path: &Path) -> Result<()> {
    let database = context.database()?;
    let beside = ["", "-wal", "-shm"].map(|ending| {
        let mut name = database.clone().into_os_string();
        name.push(ending);
        PathBuf::from(name)
    });
    if beside.iter().any(|other| is_same_file(path, other)) {
        return Err(usage(format!("{} is the database itself", path.display()))
            .hint("choose another name")
            .into());
    }
    Ok(())
}

/// What is wrong with a value on the command line is a matter of usage.
pub fn of_the_command_line(error: anyhow::Error) -> anyhow::Error {
    let Some(failure) =
        error.downcast_ref::<Failure>().filter(|failure| failure.kind() == Kind::NotAllowed)
    else {
        return error;
    };
    let usage = Failure::new(Kind::Usage, format!("{error:#}"));
    failure.hints().iter().fold(usage, |usage, hint| usage.hint(hint.clone())).into()
}

/// Whether two paths lead to one file.
pub fn is_same_file(one: &Path, other: &Path) -> bool {
    match (one.metadata(), other.metadata()) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

/// Refuses a day in the future.
///
/// # Errors
/// A day after today (exit 2).
pub fn not_in_the_future(context: &Context, store: &Store, day: Day) -> Result<Day> {
    let today = context.today(store);
    if day > today {
        let message = format!("{day} is in the future; today is {today} in {}", store.zone());
        return Err(usage(message).into());
    }
    Ok(day)
}
