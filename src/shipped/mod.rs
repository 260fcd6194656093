//! What ships with the program as data: one file each, compiled in.
//!
//! A file that cannot be read is a bug, which the test below finds; so reading one panics and
//! nobody handles an error that cannot happen.

use serde::de::DeserializeOwned;

/// A data file that was compiled in.
pub(crate) struct DataFile {
    name: &'static str,
    text: &'static str,
}

macro_rules! data_file {
    ($name:literal) => {
        DataFile { name: $name, text: include_str!($name) }
    };
}

/// What can be imported, and what other products call its columns.
pub(crate) const COLUMNS: DataFile = data_file!("columns.toml");

/// The health profile of companies that no other profile fits.
pub(crate) const DEFAULT_PROFILE: DataFile = data_file!("default_profile.toml");

/// The playbooks.
pub(crate) const PLAYBOOKS: DataFile = data_file!("playbooks.toml");

/// The presets.
pub(crate) const PRESETS: DataFile = data_file!("presets.toml");

/// When each level of the pulse applies.
pub(crate) const PULSE_LEVELS: DataFile = data_file!("pulse_levels.toml");

/// The reason codes.
pub(crate) const REASONS: DataFile = data_file!("reasons.toml");

impl DataFile {
    /// What the file says.
    ///
    /// # Panics
    /// When it is not a `T` in TOML.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> T {
        toml::from_str(self.text).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}
