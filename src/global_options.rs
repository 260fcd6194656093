//! The options that every command has.

use std::path::PathBuf;

use crate::ui::ColorChoice;

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
