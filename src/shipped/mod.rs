//! Data that ships with the program: one file each, compiled in.
//!
//! A malformed file is a bug, which the test below finds. So reading one panics, and nobody handles
//! an error that cannot happen.

use serde::de::DeserializeOwned;

pub(crate) struct DataFile {
    name: &'static str,
    text: &'static str,
}

macro_rules! data_file {
    ($name:literal) => {
        DataFile { name: $name, text: include_str!($name) }
    };
}

/// The kinds of imports, and the names of their columns in other products.
pub(crate) const COLUMNS: DataFile = data_file!("columns.toml");

/// The health profile of companies that no other profile matches.
pub(crate) const DEFAULT_PROFILE: DataFile = data_file!("default_profile.toml");

pub(crate) const PLAYBOOKS: DataFile = data_file!("playbooks.toml");

pub(crate) const PRESETS: DataFile = data_file!("presets.toml");

/// When each level of the pulse applies.
pub(crate) const PULSE_LEVELS: DataFile = data_file!("pulse_levels.toml");

pub(crate) const REASONS: DataFile = data_file!("reasons.toml");

impl DataFile {
    /// Parses the file.
    ///
    /// # Panics
    ///
    /// The file is not a `T` in TOML.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> T {
        toml::from_str(self.text).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}
