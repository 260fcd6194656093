//! `signals health profile`: health profiles.

use anyhow::Result;
use clap::{Args, Subcommand};
use serde::Deserialize;

use crate::commands::options::FormatOption;
use crate::context::Context;
use crate::domain::health::{DEFAULT_PROFILE, Measure, Profile};
use crate::error::not_allowed;
use crate::query::{of_the_command_line, unknown};
use crate::store::{Finish, Store};
use crate::views::health_profiles::{self, PROFILES};

/// Show and change health profiles: how the health of which companies is scored.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  signals health profile list
  signals health profile show default
  signals health profile add large --where \"mrr >= 1000\" --priority 1 --good 80")]
pub(crate) enum ProfileCommand {
    /// Create a profile, or change an existing one
    Add(AddProfile),
    /// List the profiles, in the order in which they are tried
    #[command(after_help = "Example:\n  signals health profile list")]
    List(FormatOption),
    /// Show the measures of a profile
    #[command(after_help = "Example:\n  signals health profile show default")]
    Show {
        /// The profile's name
        name: String,
        #[command(flatten)]
        format: FormatOption,
    },
    /// Remove a profile; past scores are kept
    #[command(after_help = "Example:\n  signals health profile remove enterprise")]
    Remove {
        /// The profile's name
        name: String,
    },
}

/// Options not given keep their values. A new profile without measures begins with those of the
/// default one. Days that were scored stay as they are until they are recomputed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  signals health profile add large --where \"mrr >= 1000\" --priority 1 --good 80
  signals health profile add large --where \"mrr >= 1000\" --average 50")]
pub(crate) struct AddProfile {
    /// The profile's name
    name: String,
    /// Which companies it fits: an expression over attributes; all unless set
    #[arg(long = "where", value_name = "EXPRESSION")]
    condition: Option<String>,
    /// Profiles are tried in this order, the lowest number first; 100 unless set
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    priority: Option<i64>,
    /// The lowest good score; 70 unless set
    #[arg(long, value_name = "SCORE")]
    good: Option<f64>,
    /// The lowest average score; 40 unless set
    #[arg(long, value_name = "SCORE")]
    average: Option<f64>,
    /// A measure, written as in the configuration file; replaces all measures of the profile
    ///
    /// For example "name = 'seats', kind = 'proactive', value = 'seat_usage_pct', from = 0, to =
    /// 90, weight = 2", or with map = { promoter = 100, passive = 60, detractor = 0 } instead of
    /// from and to.
    #[arg(long = "measure", value_name = "MEASURE", value_parser = measure)]
    measures: Vec<Measure>,
}

/// Parses the inside of an inline table of the configuration.
fn measure(text: &str) -> Result<Measure, String> {
    #[derive(Deserialize)]
    struct Given {
        measure: Measure,
    }
    let inside = text.trim();
    let inside = inside.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(inside);
    let given = toml::from_str::<Given>(&format!("measure = {{ {inside} }}"));
    given.map(|given| given.measure).map_err(|error| error.message().to_owned())
}

impl ProfileCommand {
    /// # Errors
    /// An invalid profile (exit 2); an unknown one (exit 9).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        match self {
            ProfileCommand::Add(args) => args.run(context),
            ProfileCommand::List(format) => {
                format.print(context, &PROFILES, &context.reader()?.all_profiles()?)
            }
            ProfileCommand::Show { name, format } => show(context, &name, format),
            ProfileCommand::Remove { name } => remove(context, &name),
        }
    }
}

impl AddProfile {
    fn run(self, context: &Context) -> Result<()> {
        let (old, new) =
            context.make(|store| store.transaction(Finish::Commit, |store| self.save(store)))?;
        let name = new.name();
        match old {
            Some(old) if old == new => context.ui.note(format!("the health profile '{name}' stays as it was")),
            Some(_) => context.ui.note(format!(
                "the health profile '{name}' is changed; `signals health recompute` scores past days by it"
            )),
            None => context.ui.note(format!("new health profile: {name}")),
        }
        if let Some(advice) = new.advice() {
            context.ui.hint(advice);
        }
        Ok(())
    }

    /// Creates the profile, or changes an existing one. Returns the previous one and the new one.
    fn save(self, store: &Store) -> Result<(Option<Profile>, Profile)> {
        let old = store.all_profiles()?.into_iter().find(|profile| profile.name() == self.name);
        let new = self.changed(old.clone());
        if old.as_ref() != Some(&new) {
            store.save_profile(&new).map_err(of_the_command_line)?;
        }
        Ok((old, new))
    }

    /// The profile with that name, or a new one, with the given values.
    fn changed(self, old: Option<Profile>) -> Profile {
        let mut profile = old.unwrap_or_else(|| {
            let mut new = Profile::shipped_default().clone();
            new.scoring.name = self.name;
            new
        });
        profile.condition = self.condition.or(profile.condition);
        profile.priority = self.priority.unwrap_or(profile.priority);
        profile.scoring.bands.good = self.good.unwrap_or(profile.scoring.bands.good);
        profile.scoring.bands.average = self.average.unwrap_or(profile.scoring.bands.average);
        if !self.measures.is_empty() {
            profile.scoring.measures = self.measures;
        }
        profile
    }
}

fn show(context: &Context, name: &str, format: FormatOption) -> Result<()> {
    let profile = existing(&context.reader()?, name)?;
    match format.is_table() {
        true => context.ui.page(|screen| health_profiles::draw(&profile, screen)),
        false => format.print(context, &PROFILES, &[profile]),
    }
}

fn existing(store: &Store, name: &str) -> Result<Profile> {
    let profiles = store.all_profiles()?;
    if let Some(profile) = profiles.iter().find(|profile| profile.name() == name) {
        return Ok(profile.clone());
    }
    let names = profiles.iter().map(|profile| profile.name().to_owned());
    Err(unknown("health profile", name, names, "health profile list").into())
}

fn remove(context: &Context, name: &str) -> Result<()> {
    let mut store = context.writer()?;
    store.transaction(Finish::Commit, |store| {
        existing(store, name)?;
        if !store.remove_profile(name)? {
            let message =
                format!("the health profile '{name}' is as it was shipped and cannot be removed");
            return Err(not_allowed(message).hint("a profile of your own comes before it").into());
        }
        Ok(())
    })?;
    context.ui.note(match name {
        DEFAULT_PROFILE => "the health profile 'default' is as it was shipped again".to_owned(),
        name => format!("the health profile '{name}' is removed"),
    });
    Ok(())
}
