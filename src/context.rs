//! What every command needs, resolved once from the options and the environment.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use directories::ProjectDirs;

use crate::clock::Clock;
use crate::domain::day::{Day, GivenDay, Instant};
use crate::error::{CommandError, ErrorKind, usage};
use crate::store::{Permissions, Store};
use crate::ui::{ColorChoice, Terminal, Ui};

/// The environment, as far as the program looks at it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    /// SIGNALS_DB.
    pub database: Option<OsString>,
    /// SIGNALS_USER, else LOGNAME, else USER.
    pub user: Option<String>,
    /// SIGNALS_NOW.
    pub now: Option<String>,
    /// NO_COLOR is set and not empty, or TERM is dumb.
    pub wants_no_colour: bool,
    /// CLICOLOR_FORCE is set and not 0.
    pub forces_colour: bool,
    /// COLUMNS.
    pub columns: Option<u16>,
    /// PAGER, with the usual options of `less` unless LESS is set: stay in colour, end at once where
    /// all fits, leave the screen as it is.
    pub pager: Option<String>,
}

impl Environment {
    /// Reads the environment of the process.
    #[expect(clippy::disallowed_methods, reason = "this is the place that reads the environment")]
    pub(crate) fn of_the_process() -> Self {
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        Environment {
            database: std::env::var_os("SIGNALS_DB").filter(|value| !value.is_empty()),
            user: text("SIGNALS_USER").or_else(|| text("LOGNAME")).or_else(|| text("USER")),
            now: text("SIGNALS_NOW"),
            wants_no_colour: text("NO_COLOR").is_some() || text("TERM").as_deref() == Some("dumb"),
            forces_colour: text("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
            columns: text("COLUMNS").and_then(|value| value.parse().ok()),
            pager: text("PAGER").map(|pager| match text("LESS") {
                Some(_) => pager,
                None => format!("LESS=FRX; export LESS; {pager}"),
            }),
        }
    }
}

/// The options that every command has.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct GlobalOptions {
    /// The database [env: SIGNALS_DB] [default: the platform's data directory]
    #[arg(long, global = true, value_name = "PATH", hide_short_help = true)]
    pub db: Option<PathBuf>,
    /// Who does it, for the history of signals [env: SIGNALS_USER] [default: the login name]
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    pub by: Option<String>,
    /// Print only errors
    #[arg(long, short, global = true, hide_short_help = true)]
    pub quiet: bool,
    /// When to use colours
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_short_help = true
    )]
    pub color: ColorChoice,
    /// Never send a list that is longer than the screen through $PAGER
    #[arg(long, global = true, hide_short_help = true)]
    pub no_pager: bool,
}

/// What every command needs.
pub(crate) struct Context {
    /// Where words go.
    pub ui: Ui,
    /// What time it is.
    pub clock: Clock,
    database: Option<PathBuf>,
    user: Option<String>,
}

impl Context {
    /// Resolves the options and the environment.
    ///
    /// # Errors
    /// A SIGNALS_NOW that is not an instant (exit 2).
    pub(crate) fn new(options: &GlobalOptions, environment: &Environment) -> Result<Self> {
        let terminal = Terminal {
            wants_no_colour: environment.wants_no_colour,
            forces_colour: environment.forces_colour,
            columns: environment.columns,
            pager: environment.pager.clone().filter(|_| !options.no_pager),
        };
        let database =
            options.db.clone().or_else(|| environment.database.clone().map(PathBuf::from));
        Ok(Context {
            ui: Ui::new(options.color, options.quiet, terminal),
            clock: clock(environment)?,
            database: database.or_else(default_database),
            user: user(options, environment)?,
        })
    }

    /// The context of a command that runs within this one, as `by` if it says so: other streams,
    /// time and database.
    pub(crate) fn within(
        &self,
        ui: Ui,
        now: Instant,
        database: PathBuf,
        by: Option<String>,
    ) -> Context {
        Context {
            ui,
            clock: Clock::fixed(now),
            database: Some(database),
            user: by.or_else(|| self.user.clone()),
        }
    }

    /// Who does it: `--by`, else SIGNALS_USER, else the login name.
    pub(crate) fn user(&self) -> String {
        self.user
            .clone()
            .or_else(|| whoami::username().ok())
            .unwrap_or_else(|| "unknown".to_owned())
    }

    /// A variable of the environment that the configuration names, such as one that holds a secret;
    /// `None` when it is not set or blank.
    #[expect(clippy::disallowed_methods, reason = "this is the place that reads the environment")]
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.trim().is_empty())
    }

    /// The name of this machine.
    pub(crate) fn host(&self) -> String {
        whoami::hostname().unwrap_or_else(|_| "localhost".to_owned())
    }

    /// The path of the database.
    ///
    /// # Errors
    /// No path given and no home directory to put one in (exit 6).
    pub(crate) fn database(&self) -> Result<PathBuf> {
        self.database.clone().ok_or_else(|| {
            CommandError::new(
                ErrorKind::NoDatabase,
                "no home directory, so there is no default place for the database",
            )
            .hint("--db PATH or SIGNALS_DB names it")
            .into()
        })
    }

    /// The database, to read.
    pub(crate) fn reader(&self) -> Result<Store> {
        Store::open_to_read(&self.database()?)
    }

    /// The database, to write; there must be one.
    pub(crate) fn writer(&self) -> Result<Store> {
        Store::open_to_write(&self.database()?)
    }

    /// The database, to write; made when there is none.
    pub(crate) fn maker(&self) -> Result<Store> {
        let path = self.database()?;
        let is_new = !path.exists();
        let store = Store::create_or_open(&path, Permissions::Owner)?;
        if is_new {
            self.ui.note(format!("created a new database: {}", store.path().display()));
        }
        Ok(store)
    }

    /// The day that the user means.
    pub(crate) fn day(&self, store: &Store, given: GivenDay) -> Day {
        given.on(self.today(store))
    }

    /// Today, in the time zone of the database.
    pub(crate) fn today(&self, store: &Store) -> Day {
        self.clock.now().day_in(store.zone())
    }
}

/// Who runs the command: `--by`, else the environment. Terminals show the name, so it is checked.
fn user(options: &GlobalOptions, environment: &Environment) -> Result<Option<String>> {
    let given = options.by.clone().filter(|name| !name.trim().is_empty());
    let user = given.or_else(|| environment.user.clone());
    match user {
        Some(user) if user.contains(char::is_control) => {
            Err(usage("the user name contains control characters")
                .hint("set it with --by NAME or SIGNALS_USER")
                .into())
        }
        user => Ok(user),
    }
}

/// Refuses control characters other than tabs and line breaks in reasons, notes and names alike:
/// the database keeps them, and files made from it are shown on terminals.
pub(crate) fn refuse_control_characters(arguments: &[OsString]) -> Result<()> {
    let is_harmful = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    let harmful = arguments.iter().find(|text| text.to_string_lossy().contains(is_harmful));
    match harmful {
        Some(text) => {
            Err(usage(format!("'{}' contains control characters", text.display())).into())
        }
        None => Ok(()),
    }
}

/// Makes `folder` the current one, as `cd` does, and returns the one that was.
///
/// # Errors
/// A folder that cannot be entered (exit 8).
pub(crate) fn enter(folder: &Path) -> Result<PathBuf> {
    let before = std::env::current_dir().context("cannot tell the current folder")?;
    std::env::set_current_dir(folder)
        .with_context(|| format!("cannot enter the folder {}", folder.display()))?;
    Ok(before)
}

fn clock(environment: &Environment) -> Result<Clock> {
    match &environment.now {
        Some(text) => match text.parse() {
            Ok(now) => Ok(Clock::fixed(now)),
            Err(_) => Err(usage(format!("SIGNALS_NOW is '{text}', which is not a time"))
                .hint("write it like 2026-03-31T09:30:00Z")
                .into()),
        },
        None => Ok(Clock::of_the_machine()),
    }
}

/// The database that a shell completes names from; `None` where there is none to read.
pub(crate) fn database_to_complete() -> Option<Store> {
    let named = Environment::of_the_process().database.map(PathBuf::from);
    Store::open_to_read(&named.or_else(default_database)?).ok()
}

fn default_database() -> Option<PathBuf> {
    ProjectDirs::from("", "", "signals").map(|folders| folders.data_dir().join("signals.db"))
}
