//! What every command needs, resolved once from the options and the environment.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use directories::ProjectDirs;

use crate::clock::Clock;
use crate::domain::day::{Day, DayOrOffset, Instant};
use crate::error::{CommandError, ErrorKind, usage};
use crate::global_options::GlobalOptions;
use crate::store::{Permissions, Store};
use crate::ui::{Terminal, Ui};

/// The environment variables that the program reads.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    /// SIGNALS_DB.
    pub database: Option<OsString>,
    /// SIGNALS_USER, else LOGNAME, else USER.
    pub user: Option<String>,
    /// SIGNALS_NOW.
    pub now: Option<String>,
    /// NO_COLOR, TERM, CLICOLOR_FORCE, COLUMNS and PAGER.
    pub terminal: Terminal,
}

impl Environment {
    #[expect(clippy::disallowed_methods, reason = "this is the place that reads the environment")]
    pub(crate) fn of_the_process() -> Self {
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        Environment {
            database: std::env::var_os("SIGNALS_DB").filter(|value| !value.is_empty()),
            user: text("SIGNALS_USER").or_else(|| text("LOGNAME")).or_else(|| text("USER")),
            now: text("SIGNALS_NOW"),
            terminal: Terminal {
                wants_no_colour: text("NO_COLOR").is_some()
                    || text("TERM").as_deref() == Some("dumb"),
                forces_colour: text("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
                columns: text("COLUMNS").and_then(|value| value.parse().ok()),
                // `less` keeps colours, quits if everything fits, and does not clear the screen.
                pager: text("PAGER").map(|pager| match text("LESS") {
                    Some(_) => pager,
                    None => format!("LESS=FRX; export LESS; {pager}"),
                }),
            },
        }
    }
}

pub(crate) struct Context {
    pub ui: Ui,
    pub clock: Clock,
    database: Option<PathBuf>,
    user: Option<String>,
}

impl Context {
    /// Resolves the options and the environment.
    ///
    /// # Errors
    /// SIGNALS_NOW is not an instant (exit 2).
    pub(crate) fn new(options: &GlobalOptions, environment: &Environment) -> Result<Self> {
        let mut terminal = environment.terminal.clone();
        terminal.pager.take_if(|_| options.no_pager);
        let database =
            options.db.clone().or_else(|| environment.database.clone().map(PathBuf::from));
        Ok(Context {
            ui: Ui::new(options.color, options.quiet, terminal),
            clock: clock(environment)?,
            database: database.or_else(default_database),
            user: user(options, environment)?,
        })
    }

    /// The context of a command that runs inside this one, as `by` if given: with other streams,
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

    /// The user: `--by`, else SIGNALS_USER, else the login name.
    pub(crate) fn user(&self) -> String {
        let user = self.user.clone().or_else(|| whoami::username().ok());
        user.unwrap_or_else(|| "unknown".to_owned())
    }

    /// An environment variable that the configuration names, such as a secret; `None` if it is not
    /// set or blank.
    #[expect(clippy::disallowed_methods, reason = "this is the place that reads the environment")]
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.trim().is_empty())
    }

    pub(crate) fn host(&self) -> String {
        whoami::hostname().unwrap_or_else(|_| "localhost".to_owned())
    }

    /// The path of the database.
    ///
    /// # Errors
    /// No path was given and there is no home directory (exit 6).
    pub(crate) fn database(&self) -> Result<PathBuf> {
        self.database.clone().ok_or_else(|| {
            let message = "no home directory, so there is no default place for the database";
            let failure = CommandError::new(ErrorKind::NoDatabase, message);
            failure.hint("--db PATH or SIGNALS_DB names it").into()
        })
    }

    pub(crate) fn reader(&self) -> Result<Store> {
        Store::open_to_read(&self.database()?)
    }

    /// Opens the database for writing; it must exist.
    pub(crate) fn writer(&self) -> Result<Store> {
        Store::open_to_write(&self.database()?)
    }

    /// Opens the database for writing, creates it if it does not exist, and does `work`. A new
    /// database to which nothing was written does not stay: it would make a mistyped path look
    /// healthy.
    pub(crate) fn make<T>(&self, work: impl FnOnce(&mut Store) -> Result<T>) -> Result<T> {
        let mut store = Store::create_or_open(&self.database()?, Permissions::Owner)?;
        if store.is_unused() {
            self.ui.note(format!("created a new database: {}", store.path().display()));
        }
        let result = work(&mut store);
        let removed = store.remove_if_unused();
        if matches!(removed, Ok(true)) {
            self.ui.note("nothing was written to the new database, so it was removed again");
        }
        let value = result?;
        removed.map(|_| value)
    }

    pub(crate) fn day(&self, store: &Store, given: DayOrOffset) -> Day {
        given.on(self.today(store))
    }

    /// Today, in the time zone of the database.
    pub(crate) fn today(&self, store: &Store) -> Day {
        self.clock.now().day_in(store.zone())
    }
}

/// The user: `--by`, else from the environment. Terminals show the name, so it is checked.
fn user(options: &GlobalOptions, environment: &Environment) -> Result<Option<String>> {
    let given = options.by.clone().filter(|name| !name.trim().is_empty());
    let user = given.or_else(|| environment.user.clone());
    if user.as_ref().is_some_and(|user| user.contains(char::is_control)) {
        let failure = usage("the user name contains control characters");
        return Err(failure.hint("set it with --by NAME or SIGNALS_USER").into());
    }
    Ok(user)
}

/// Refuses control characters other than tabs and line breaks in reasons, notes and names: the
/// database stores them, and terminals show files made from it.
pub(crate) fn refuse_control_characters(arguments: &[OsString]) -> Result<()> {
    let is_harmful = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    match arguments.iter().find(|text| text.to_string_lossy().contains(is_harmful)) {
        Some(text) => {
            Err(usage(format!("'{}' contains control characters", text.display())).into())
        }
        None => Ok(()),
    }
}

/// Changes the current folder. Returns the previous one.
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
    let Some(text) = &environment.now else { return Ok(Clock::of_the_machine()) };
    text.parse().map(Clock::fixed).map_err(|_| {
        usage(format!("SIGNALS_NOW is '{text}', which is not a time"))
            .hint("write it like 2026-03-31T09:30:00Z")
            .into()
    })
}

/// The database for completing names in a shell; `None` if there is none.
pub(crate) fn database_to_complete() -> Option<Store> {
    let named = Environment::of_the_process().database.map(PathBuf::from);
    Store::open_to_read(&named.or_else(default_database)?).ok()
}

fn default_database() -> Option<PathBuf> {
    ProjectDirs::from("", "", "signals").map(|folders| folders.data_dir().join("signals.db"))
}
